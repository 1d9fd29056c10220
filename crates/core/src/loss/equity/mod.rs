//! Sharing by equity: accounts give up the same part of what they have, up to a cap.
//!
//! ```text
//!   holders ──▶ shares: who pays how much        Σ pays = min(claim, Σ caps), to the last atom
//!                 pays ∝ equity, none above ⌊equity × cap⌋
//! ```
//!
//! It is the last resort of a market that would rather take a little of everybody than all of a few. The list is
//! the venue's: accounts with their equity at the loss's mark. This file is pure; `steps` carries it
//! out as a [claim](super::claim).

pub(crate) mod steps;

use super::{
    adl::pro_rata,
    claim::{Listed, Rules},
};
use crate::{
    policy::EquityPolicy,
    reject::{Reject, RejectCode},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Label, MathError, Measure, Ppm, mul_div_floor};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One account on a list.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Whose; need not have an account here.
    pub account: Label,
    /// What it is worth at the loss's mark, unrealised results included.
    pub equity: Amount,
}

impl Listed for Holder {
    fn measure(&self) -> Measure {
        Measure::new(self.equity.get())
    }
}

/// One account's part of a claim.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EquityShare {
    /// Its place in the list.
    pub at: u32,
    /// Whose.
    pub account: Label,
    /// What it was worth.
    pub equity: Amount,
    /// What it pays.
    pub pays: Amount,
}

/// Settings within their rails: a cap that takes something and no more than all, and what bounds any claim.
pub(crate) fn rails(policy: &EquityPolicy) -> Result<(), Reject> {
    if policy.cap == Ppm::ZERO || policy.cap > Ppm::WHOLE {
        return Err(Reject::new(RejectCode::BadPolicy, policy.cap.get(), Ppm::WHOLE.get()));
    }
    Rules::Equity(*policy).bounds().rails()
}

/// Who pays how much of a claim: all in proportion to their equity, none above his cap; what a cap holds back is
/// shared by the others. One share for each who pays, in the order of the list; they add up to the
/// claim, or to all caps where these are less.
///
/// **Rounding** a cap down: the account keeps the dust. Shares are exact: of those below their cap the
/// largest remainders pay the odd atoms, ties in the order of the list. **Complexity** O(n log n).
/// **Source** the design's socialisation by equity: a cap for each account, largest remainder, exact
/// conservation.
///
/// # Errors
/// [`MathError::Overflow`] when equities don't add up within 128 bits.
pub fn shares(cap: Ppm, claim: Amount, holders: &[Holder]) -> Result<Vec<EquityShare>, MathError> {
    let (part, whole) = (u128::from(cap.get()), u128::from(Ppm::WHOLE.get()));
    let weights: Vec<u128> = holders.iter().map(|holder| holder.equity.get()).collect();
    let caps = weights.iter().map(|equity| mul_div_floor(*equity, part, whole));
    let caps = caps.collect::<Result<Vec<u128>, MathError>>()?;
    let parts = pro_rata(claim.get(), &weights, &caps)?;
    let paying = (0u32..).zip(holders).zip(parts).filter(|(_, pays)| *pays > 0);
    Ok(paying
        .map(|((at, holder), pays)| EquityShare {
            at,
            account: holder.account,
            equity: holder.equity,
            pays: Amount::new(pays),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn holders(equities: &[u128]) -> Vec<Holder> {
        let one = |equity: &u128| Holder { account: Label::NONE, equity: Amount::new(*equity) };
        equities.iter().map(one).collect()
    }

    #[test]
    fn by_hand() {
        let max = u128::MAX;
        for (cap, claim, equities, pays) in [
            // A tenth of each; the odd atom goes to the largest remainder, of equal ones to the first.
            (1_000_000, 100, vec![500, 300, 200], vec![(0, 50), (1, 30), (2, 20)]),
            (1_000_000, 101, vec![500, 300, 200], vec![(0, 51), (1, 30), (2, 20)]),
            (1_000_000, 10, vec![7, 7, 7], vec![(0, 4), (1, 3), (2, 3)]),
            // At most a tenth: the caps are 50, 30, 20; the rest stays open.
            (100_000, 100, vec![500, 300, 200], vec![(0, 50), (1, 30), (2, 20)]),
            (100_000, 250, vec![500, 300, 200], vec![(0, 50), (1, 30), (2, 20)]),
            // A cap rounds down: of 9 a tenth is nothing, and what it holds back others pay.
            (100_000, 20, vec![9, 199, 100], vec![(1, 13), (2, 7)]),
            (100_000, 29, vec![9, 199, 100], vec![(1, 19), (2, 10)]),
            (1, 5, vec![999_999, 1_000_000], vec![(1, 1)]),
            // More is claimed than there is: all of it, and no more.
            (1_000_000, max, vec![3, 4], vec![(0, 3), (1, 4)]),
            (1_000_000, 0, vec![3, 4], vec![]),
            (1_000_000, 5, vec![], vec![]),
            (1_000_000, 5, vec![0, 8], vec![(1, 5)]),
            // Past 128 bits in between, exact all the same.
            (500_000, max, vec![max - 2, 2], vec![(0, (max - 2) / 2), (1, 1)]),
        ] {
            let got = shares(Ppm::new(cap), Amount::new(claim), &holders(&equities)).unwrap();
            let got: Vec<_> = got.iter().map(|one| (one.at, one.pays.get())).collect();
            assert_eq!(got, pays, "{claim} of {equities:?} up to {cap}");
        }
        let huge = shares(Ppm::WHOLE, Amount::new(1), &holders(&[max, 1]));
        assert_eq!(huge, Err(MathError::Overflow));
    }
}
