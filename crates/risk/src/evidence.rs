//! Evidence of a step's liquidations: a Merkle tree over what each one was computed from.
//!
//! The tree is the core's ([`merkle`]). Every account that a step closed has its rows in that step's
//! tree; the root goes into the settlement, and whoever was closed can prove his own rows with
//! [`prove`] against it.

use backstop_core::merkle;
use backstop_units::{Base, Hash, Label, Price, Signed, Timestamp};

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
        let leaves: Vec<Hash> = rows.iter().map(leaf).collect();
        Self { root: merkle::root_of(&leaves), rows }
    }

    /// The sister hashes of row `index`, from the leaf up; `None` past the last row.
    pub fn prove(&self, index: usize) -> Option<Vec<Hash>> {
        let leaves: Vec<Hash> = self.rows.iter().map(leaf).collect();
        merkle::path(&leaves, index)
    }
}

/// Whether `row` is leaf `index` of a tree with `size` leaves under `root`.
pub fn prove(row: &EvidenceRow, index: usize, size: usize, path: &[Hash], root: Hash) -> bool {
    merkle::includes(leaf(row), index, size, path, root)
}

fn leaf(row: &EvidenceRow) -> Hash {
    merkle::leaf(&row.bytes())
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
