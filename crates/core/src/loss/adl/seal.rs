//! A list that comes in parts and must be the one that was announced: count, sum and root.

use super::Candidate;
use crate::{merkle, policy::PositionSide};
use alloc::vec::Vec;
use backstop_units::{Base, Hash, MathError, Price};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

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
        merkle::append(&mut self.peaks, self.count, merkle::leaf_of(candidate));
        self.lots = self.lots.checked_add(candidate.size).ok_or(MathError::Overflow)?;
        self.count = self.count.checked_add(1).ok_or(MathError::Overflow)?;
        Ok(())
    }

    /// The root over all that came in; of nothing, the digest of nothing.
    pub fn root(&self) -> Hash {
        merkle::root(&self.peaks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::candidate;
    use super::*;

    #[test]
    fn the_root_is_over_the_encodings() {
        let mut tally = Tally::default();
        let list = [1, 2, 3].map(|number| candidate(number, 7, 9));
        for next in &list {
            tally.push(next).unwrap();
        }
        let leaves = list.map(|one| merkle::leaf(&borsh::to_vec(&one).unwrap()));
        assert_eq!(tally.root(), merkle::root_of(&leaves));
        assert_eq!((tally.count, tally.lots.get(), tally.peaks.len()), (3, 6, 2));
    }

    #[test]
    fn sums_that_do_not_fit_are_errors() {
        let mut tally = Tally { lots: Base::MAX, ..Tally::default() };
        assert_eq!(tally.push(&candidate(1, 7, 9)), Err(MathError::Overflow));
    }
}
