//! Performance and management fees: they accrue with time and profit, and are taken when the curator says.

use super::book::Funds;
use crate::policy::VaultPolicy;
use backstop_units::{Amount, Bps, Fixed60, MathError, Shares, Span, Timestamp, compare_products};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What charging fees comes to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Charged {
    /// Added to the pending fees.
    pub fee: Fixed60,
    /// Taken off the pending fees because of a loss.
    pub written_down: Fixed60,
    /// Profit since the last time.
    pub earned: Fixed60,
    /// Net assets after it.
    pub basis: Fixed60,
}

/// Charges fees at a moment, with what the vault holds then. The first time nothing is charged.
///
/// ```text
///   management = basis × rate × time ÷ year          on what was there before
///   profit     = net assets − basis, by policy less what only makes up for a loss since the high
///   fee        = min(management + performance × profit, net assets)
/// ```
///
/// By policy a loss takes pending fees first: what net assets fell by, at most what is pending. **Rounding** down
/// at each step, in favour of depositors. **Source** the vault program of the curators' documentation;
/// high-water mark and write-down are ours.
///
/// # Errors
/// [`MathError::Overflow`] from 2⁶⁸ on.
pub fn charge(
    policy: &VaultPolicy,
    held: &Funds,
    holdings: Fixed60,
    now: Timestamp,
) -> Result<Charged, MathError> {
    let net = holdings.saturating_sub(held.pending);
    let Some(last) = held.charged_at else {
        let none = Fixed60::ZERO;
        return Ok(Charged { fee: none, written_down: none, earned: none, basis: held.basis });
    };
    let written_down = if policy.fees_bear_losses {
        held.pending.min(held.basis.saturating_sub(net))
    } else {
        Fixed60::ZERO
    };
    let net = net.checked_add(written_down).ok_or(MathError::Overflow)?;
    let management = held.basis.times(rate(policy, now.since(last))?)?;
    let earned = net.saturating_sub(held.basis);
    let above =
        if policy.high_water { earned.min(net.saturating_sub(high(held)?)) } else { earned };
    let performance = Fixed60::from_bps(policy.performance).times(above)?;
    let fee = management.checked_add(performance).ok_or(MathError::Overflow)?.min(net);
    Ok(Charged { fee, written_down, earned, basis: net.saturating_sub(fee) })
}

/// The management fee for a span, as a portion.
fn rate(policy: &VaultPolicy, passed: Span) -> Result<Fixed60, MathError> {
    let yearly = Fixed60::from_bps(policy.management);
    yearly.mul_div_floor(passed.ms().into(), policy.year.ms().into())
}

/// What all shares together would be worth at the high. **Rounding** up.
fn high(held: &Funds) -> Result<Fixed60, MathError> {
    let (assets, shares) = held.high;
    if shares.is_zero() {
        return Ok(Fixed60::ZERO);
    }
    assets.mul_div_ceil(held.shares.get(), shares.get())
}

/// The high after net assets were looked at: they stand for it if a share is worth more than ever.
pub fn raised(held: &Funds, net: Fixed60) -> (Fixed60, Shares) {
    let (assets, shares) = held.high;
    let more = compare_products(net.get(), shares.get(), assets.get(), held.shares.get());
    if shares.is_zero() || more.is_gt() { (net, held.shares) } else { held.high }
}

/// What a withdrawal is charged: the larger of a portion and an amount, each at least the protocol's.
///
/// **Rounding** up, for those who stay.
///
/// # Errors
/// [`MathError::Overflow`] past 128 bits.
pub fn penalty(policy: &VaultPolicy, of: Amount) -> Result<Amount, MathError> {
    let portion: Bps = policy.penalty.max(policy.penalty_floor);
    let least = policy.penalty_min.max(policy.penalty_min_floor);
    Ok(portion.of_ceil(of)?.max(least))
}
