//! Rewards by share and time: one index for all, and what one place has of it.
//!
//! Formulas, with `s` the farm's active shares and `u` the steps of an atom in the index (a power of ten):
//!
//! ```text
//!   due    = rate × time [× staked atoms] ÷ decimals        the rest is carried to the next time; see [`bent`]
//!   issued = min(due, left)                                 what is missing is not owed later
//!   index += (issued × u + carry) ÷ s                       the rest is the carry
//!   earned = ((index − seen) × shares + carry) ÷ u          the rest is the place's carry
//! ```
//!
//! So every issued atom is in somebody's place or in a carry, to the last step. By [`FarmDust::Left`] both rests of
//! the farm are dropped, and the clock stands while less than an atom is due.

use super::{
    book::{Stakes, power},
    schedule,
};
use crate::policy::{FarmDust, FarmPolicy, RewardKind, RewardTerms};
use backstop_units::{
    Amount, AssetId, MathError, ShareIndex, Shares, Timestamp, mul_div_floor, split::with_carry,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One reward of a farm.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reward {
    /// Paid in.
    pub asset: AssetId,
    /// How it comes.
    pub terms: RewardTerms,
    /// Atoms that are not issued.
    pub left: Amount,
    /// Atoms that were issued and not claimed.
    pub owed: Amount,
    /// What a share has earned ever, in steps.
    pub index: ShareIndex,
    /// Steps that the index could not express yet.
    pub carry: ShareIndex,
    /// What of the next atom is due, in parts of the rate.
    pub rest: ShareIndex,
    /// Up to when it was issued.
    pub at: Timestamp,
}

/// What a reward is after it was brought up to a moment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issued {
    /// Atoms that were left and are owed.
    pub amount: Amount,
    /// The index.
    pub index: ShareIndex,
    /// Steps that it can't express yet.
    pub carry: ShareIndex,
    /// What of the next atom is due.
    pub rest: ShareIndex,
    /// The moment.
    pub at: Timestamp,
}

/// One place's part of one reward.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Earned {
    /// The index up to which it was settled.
    pub seen: ShareIndex,
    /// Steps of an atom that is not whole yet.
    pub carry: ShareIndex,
    /// Atoms to claim.
    pub unclaimed: Amount,
    /// When it last claimed.
    pub claimed_at: Option<Timestamp>,
}

/// Steps of an atom in the index.
pub fn unit(policy: &FarmPolicy) -> u128 {
    power(policy.index_decimals.saturating_add(policy.stake_decimals))
}

/// Milliseconds and parts of an atom that a rate counts in.
fn rate_unit(terms: &RewardTerms) -> u128 {
    power(terms.decimals).saturating_mul(1_000)
}

/// What a targeted rate comes to with so much stake: `s × (2t − s) ÷ t²` up to the target, then along a line
/// `(2t − s) ÷ t` down to four fifths, and no less.
///
/// **Rounding** down, by less than two parts of the rate for a millisecond. **Source** the emission of published
/// staked cover.
pub fn bent(rate: u128, staked: u128, target: u128) -> u128 {
    let of = |rate, by, whole| mul_div_floor(rate, by, whole).unwrap_or(u128::MAX);
    let over = target.saturating_mul(2).saturating_sub(staked);
    if staked <= target {
        return of(of(rate, staked, target), over, target);
    }
    of(rate, over, target).max(of(rate, 4, 5))
}

/// What is due, in whole atoms, and the rest. More than fits is more than anybody pays in.
fn due(reward: &Reward, policy: &FarmPolicy, held: &Stakes, now: Timestamp) -> (u128, u128) {
    let terms = &reward.terms;
    let sum = schedule::due(&terms.points, reward.at, now);
    let staked = held.amount.get();
    let (sum, by) = match terms.kind {
        RewardKind::Proportional => (sum, 1),
        RewardKind::Constant => (sum, staked),
        RewardKind::Targeted => (bent(sum, staked, terms.target.get()), 1),
    };
    let kept = match policy.dust {
        FarmDust::Carried => reward.rest.get(),
        FarmDust::Left => 0,
    };
    with_carry(sum, by, rate_unit(terms), kept).unwrap_or((u128::MAX, 0))
}

/// Steps for each share, and the rest that stays.
fn spread(
    amount: Amount,
    unit: u128,
    carry: ShareIndex,
    shares: Shares,
) -> Result<(u128, u128), MathError> {
    let (steps, rest) = with_carry(amount.get(), unit, shares.get(), 0)?;
    // The carry may be of a time with more shares, so it is divided too.
    let (more, rest) = with_carry(carry.get(), 1, shares.get(), rest)?;
    Ok((steps.checked_add(more).ok_or(MathError::Overflow)?, rest))
}

/// What a reward is at a moment; nothing if it stands as it is.
///
/// While nobody has active stake nothing is issued. Neither is what the index can't express: what is issued to
/// too few shares stays left, and no command fails for it.
pub fn issue(
    reward: &Reward,
    policy: &FarmPolicy,
    held: &Stakes,
    now: Timestamp,
) -> Option<Issued> {
    if now <= reward.at {
        return None;
    }
    let Reward { index, carry, rest, .. } = *reward;
    let still = Issued { amount: Amount::ZERO, index, carry, rest, at: now };
    if held.shares.is_zero() {
        return Some(still);
    }
    let (whole, part) = due(reward, policy, held, now);
    let left = policy.dust == FarmDust::Left;
    if left && whole == 0 {
        return None;
    }
    let amount = Amount::new(whole).min(reward.left);
    let rest = if left { ShareIndex::ZERO } else { ShareIndex::new(part) };
    let still = Issued { rest, ..still };
    let grown = spread(amount, unit(policy), carry, held.shares).ok().and_then(|(steps, part)| {
        let index = index.checked_add(ShareIndex::new(steps))?;
        let carry = if left { ShareIndex::ZERO } else { ShareIndex::new(part) };
        Some(Issued { amount, index, carry, ..still })
    });
    Some(grown.unwrap_or(still))
}

/// A place's part of a reward, up to the reward's index.
///
/// # Errors
/// [`MathError::Overflow`] when it does not fit.
pub fn earn(reward: &Reward, had: Earned, shares: Shares, unit: u128) -> Result<Earned, MathError> {
    let grown = reward.index.saturating_sub(had.seen).get();
    let (whole, carry) = with_carry(grown, shares.get(), unit, had.carry.get())?;
    let unclaimed = had.unclaimed.checked_add(Amount::new(whole)).ok_or(MathError::Overflow)?;
    Ok(Earned { seen: reward.index, carry: ShareIndex::new(carry), unclaimed, ..had })
}

/// What is left of a place's fractions when shares go: all of them, or, where they are left behind, at most what the
/// index says of the shares that stay.
pub(crate) fn kept(had: Earned, policy: &FarmPolicy, shares: Shares) -> Earned {
    match policy.dust {
        FarmDust::Carried => had,
        FarmDust::Left => {
            let most = ShareIndex::new(had.seen.get().saturating_mul(shares.get()));
            Earned { carry: had.carry.min(most), ..had }
        }
    }
}

impl Reward {
    /// A reward of which nothing came yet.
    pub(crate) const fn new(asset: AssetId, terms: RewardTerms, at: Timestamp) -> Self {
        Self {
            asset,
            terms,
            left: Amount::ZERO,
            owed: Amount::ZERO,
            index: ShareIndex::ZERO,
            carry: ShareIndex::ZERO,
            rest: ShareIndex::ZERO,
            at,
        }
    }

    /// Takes in what was issued.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when it was not left.
    pub(crate) fn apply(&mut self, issued: &Issued) -> Result<(), MathError> {
        self.left = self.left.checked_sub(issued.amount).ok_or(MathError::Overflow)?;
        self.owed = self.owed.checked_add(issued.amount).ok_or(MathError::Overflow)?;
        (self.index, self.carry) = (issued.index, issued.carry);
        (self.rest, self.at) = (issued.rest, issued.at);
        Ok(())
    }
}

#[cfg(test)]
#[path = "accrual/tests.rs"]
mod tests;
