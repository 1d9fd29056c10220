//! Evidence of a step's liquidations: a Merkle tree over what each one was computed from.
//!
//! Hashing is RFC 6962's: a leaf is `SHA-256(0x00 ‖ row)`, a node `SHA-256(0x01 ‖ left ‖ right)`, and
//! a tree splits at the largest power of two below its size. Every account that a step closed has
//! its rows in that step's tree; the root goes into the settlement, and whoever was closed can prove
//! his own rows with [`prove`] against it.

use backstop_units::{Base, Hash, Label, Price, Signed, Timestamp};
use sha2::{Digest, Sha256};

/// What one position of a liquidated account was closed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceRow {
    /// When it was closed.
    pub at: Timestamp,
    /// On which market.
    pub market: Label,
    /// Whose position.
    pub account: Label,
    /// Whether it was long.
    pub long: bool,
    /// Its size, in base atoms.
    pub base: Base,
    /// The oracle's price.
    pub oracle: Price,
    /// The venue's mark just before the fill.
    pub mark: Price,
    /// The average price of the fill.
    pub fill: Price,
    /// What the whole account was left with after all its fills, in quote atoms.
    pub outcome: Signed,
}

impl EvidenceRow {
    /// The row's one encoding: fields in order, numbers in little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(121);
        bytes.extend_from_slice(&self.at.ms().to_le_bytes());
        bytes.extend_from_slice(self.market.bytes());
        bytes.extend_from_slice(self.account.bytes());
        bytes.push(u8::from(self.long));
        for number in [self.base.get(), self.oracle.get(), self.mark.get(), self.fill.get()] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.outcome.get().to_le_bytes());
        bytes
    }
}

/// All rows of one step and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What the settlements of this step name as evidence.
    pub root: Hash,
    /// The rows, in the order of their leaves.
    pub rows: Vec<EvidenceRow>,
}

impl Evidence {
    /// Hashes the rows of a step.
    pub fn new(rows: Vec<EvidenceRow>) -> Self {
        let leaves: Vec<[u8; 32]> = rows.iter().map(leaf).collect();
        Self { root: Hash::new(subtree(&leaves)), rows }
    }

    /// The sister hashes of row `index`, from the leaf up; `None` past the last row.
    pub fn prove(&self, index: usize) -> Option<Vec<Hash>> {
        let leaves: Vec<[u8; 32]> = self.rows.iter().map(leaf).collect();
        (index < leaves.len()).then(|| {
            let mut path = Vec::new();
            walk(&leaves, index, &mut path);
            path
        })
    }
}

/// Whether `row` is leaf `index` of a tree with `size` leaves under `root`.
pub fn prove(row: &EvidenceRow, index: usize, size: usize, path: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut hash, mut index, mut last) = (leaf(row), index, size - 1);
    let mut path = path.iter();
    while last > 0 {
        if index % 2 == 1 || index < last {
            let Some(sister) = path.next() else { return false };
            hash = if index % 2 == 1 {
                node(sister.bytes(), &hash)
            } else {
                node(&hash, sister.bytes())
            };
        }
        index >>= 1;
        last >>= 1;
    }
    path.next().is_none() && Hash::new(hash) == root
}

fn leaf(row: &EvidenceRow) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(row.bytes()).finalize().into()
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `size`, for two leaves or more.
const fn split(size: usize) -> usize {
    size.next_power_of_two() >> 1
}

fn subtree(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::new().finalize().into(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(split(many.len()));
            node(&subtree(left), &subtree(right))
        }
    }
}

fn walk(leaves: &[[u8; 32]], index: usize, path: &mut Vec<Hash>) {
    if leaves.len() < 2 {
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if index < at {
        walk(left, index, path);
        path.push(Hash::new(subtree(right)));
    } else {
        walk(right, index - at, path);
        path.push(Hash::new(subtree(left)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u128) -> Vec<EvidenceRow> {
        (0..count)
            .map(|n| EvidenceRow {
                at: Timestamp::from_ms(7),
                market: Label::parse("sol-perp").unwrap(),
                account: Label::parse("trader-00001").unwrap(),
                long: n % 2 == 0,
                base: Base::new(n),
                oracle: Price::new(9),
                mark: Price::new(8),
                fill: Price::new(7),
                outcome: Signed::new(-5),
            })
            .collect()
    }

    #[test]
    fn every_row_of_every_size_proves_and_no_other() {
        for size in 1..=17 {
            let evidence = Evidence::new(rows(size));
            let size = evidence.rows.len();
            for (index, row) in evidence.rows.iter().enumerate() {
                let path = evidence.prove(index).unwrap();
                assert!(prove(row, index, size, &path, evidence.root), "{index} of {size}");
                let forged = EvidenceRow { fill: Price::new(6), ..*row };
                assert!(!prove(&forged, index, size, &path, evidence.root));
                assert!(!prove(row, size, size, &path, evidence.root));
                let longer = [path.as_slice(), &[Hash::ZERO]].concat();
                assert!(!prove(row, index, size, &longer, evidence.root));
                assert!(size == 1 || !prove(row, (index + 1) % size, size, &path, evidence.root));
            }
            assert_eq!(evidence.prove(size), None);
        }
    }
}
