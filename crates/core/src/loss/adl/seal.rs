//! A list that comes in parts and must be the one that was announced: count, sum and root.

use super::Candidate;
use crate::policy::PositionSide;
use alloc::vec::Vec;
use backstop_units::{Base, Hash, MathError, Price};
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a venue says of its list before it comes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct Sealed {
    /// The side that is cut.
    pub side: PositionSide,
    /// What cut lots are closed at.
    pub price: Price,
    /// The mark.
    pub mark: Price,
    /// How many candidates.
    pub count: u32,
    /// All their lots.
    pub lots: Base,
    /// The root over them.
    pub root: Hash,
}

/// What has come in of a list. The root is that of RFC 6962 over the candidates' encodings, so a
/// candidate can prove his place with a few hashes; kept are the roots of the complete subtrees only.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct Tally {
    /// How many candidates.
    pub count: u32,
    /// All their lots.
    pub lots: Base,
    /// Roots of complete subtrees, the largest first: one for each bit of the count.
    pub peaks: Vec<Hash>,
}

impl Tally {
    /// Takes in the next candidate.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when lots or count no longer fit.
    pub fn push(&mut self, candidate: &Candidate) -> Result<(), MathError> {
        let mut hasher = Hashed(Sha256::new_with_prefix([0]));
        // Hashing can't fail.
        let _ = BorshSerialize::serialize(candidate, &mut hasher);
        let mut root = Hash::new(hasher.0.finalize().into());
        for _ in 0..self.count.trailing_ones() {
            root = node(&self.peaks.pop().ok_or(MathError::Overflow)?, &root);
        }
        self.peaks.push(root);
        self.lots = self.lots.checked_add(candidate.size).ok_or(MathError::Overflow)?;
        self.count = self.count.checked_add(1).ok_or(MathError::Overflow)?;
        Ok(())
    }

    /// The root over all that came in; of nothing, the digest of nothing.
    pub fn root(&self) -> Hash {
        let roots = self.peaks.iter().rev().copied();
        roots
            .reduce(|right, left| node(&left, &right))
            .unwrap_or_else(|| Hash::new(Sha256::digest([]).into()))
    }
}

/// The parent of two subtrees.
fn node(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new_with_prefix([1]).chain_update(left.bytes());
    Hash::new(hasher.chain_update(right.bytes()).finalize().into())
}

/// Feeds written bytes to a digest.
struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::candidate;
    use super::*;
    use std::vec::Vec;

    /// The definition of RFC 6962, section 2.1, word for word.
    fn tree(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Hash::new(Sha256::digest([]).into()),
            [leaf] => Hash::new(Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into()),
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&tree(&many[..split]), &tree(&many[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_whole_tree() {
        let (mut tally, mut leaves) = (Tally::default(), Vec::new());
        for number in 0..70 {
            assert_eq!(tally.root(), tree(&leaves), "{number} leaves");
            assert_eq!(tally.peaks.len(), usize::try_from(tally.count.count_ones()).unwrap());
            let next = candidate(number + 1, 7, 9);
            leaves.push(borsh::to_vec(&next).unwrap());
            tally.push(&next).unwrap();
        }
        assert_eq!((tally.count, tally.lots.get()), (70, 70 * 71 / 2));
    }

    #[test]
    fn sums_that_do_not_fit_are_errors() {
        let mut tally = Tally { lots: Base::MAX, ..Tally::default() };
        assert_eq!(tally.push(&candidate(1, 7, 9)), Err(MathError::Overflow));
    }
}
