//! A list that comes in parts and must be the one that was announced: count, sum and root.

use crate::merkle;
use alloc::vec::Vec;
use backstop_units::{Hash, MathError, Measure};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What a list is made of.
pub trait Listed: BorshSerialize {
    /// What it counts for in the sum of its list.
    fn measure(&self) -> Measure;
}

/// What a list must add up to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seal {
    /// How many entries.
    pub count: u32,
    /// What they count for in all.
    pub sum: Measure,
    /// The root over them.
    pub root: Hash,
}

/// What has come in of a list. The root is that of RFC 6962 over the entries' encodings, so whoever
/// is on it can prove his place with a few hashes; kept are the roots of the complete subtrees only.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// How many entries.
    pub count: u32,
    /// What they count for in all.
    pub sum: Measure,
    /// Roots of complete subtrees, the largest first: one for each bit of the count.
    pub peaks: Vec<Hash>,
}

impl Tally {
    /// Takes in the next entry.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when sum or count no longer fit.
    pub fn push(&mut self, entry: &impl Listed) -> Result<(), MathError> {
        merkle::append(&mut self.peaks, self.count, merkle::leaf_of(entry));
        self.sum = self.sum.checked_add(entry.measure()).ok_or(MathError::Overflow)?;
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
    use super::*;
    use crate::loss::equity::Holder;
    use backstop_units::{Amount, Label};

    fn holder(number: u128, equity: u128) -> Holder {
        Holder { account: Label::from_bytes(number.to_be_bytes()), equity: Amount::new(equity) }
    }

    #[test]
    fn the_root_is_over_the_encodings() {
        let mut tally = Tally::default();
        let list = [1, 2, 3].map(|number| holder(number, number * 10));
        for next in &list {
            tally.push(next).unwrap();
        }
        let leaves = list.map(|one| merkle::leaf(&borsh::to_vec(&one).unwrap()));
        assert_eq!(tally.root(), merkle::root_of(&leaves));
        assert_eq!((tally.count, tally.sum.get(), tally.peaks.len()), (3, 60, 2));
    }

    #[test]
    fn sums_that_do_not_fit_are_errors() {
        let mut tally = Tally { sum: Measure::MAX, ..Tally::default() };
        assert_eq!(tally.push(&holder(1, 7)), Err(MathError::Overflow));
    }
}
