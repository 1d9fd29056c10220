//! What a vault earns a year: now, by its reserves' rates, and of late, by what came in.

use super::{
    book::{Funds, Vault},
    fees::Charged,
    worth::Valued,
};
use crate::{
    lending::{curve, interest},
    policy::VaultPolicy,
    reject::{Halt, Reject},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Fixed60, MathError, Signed, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

const YEAR: Span = Span::days(365);
const DAY: Span = Span::days(1);
/// How far the headline rate looks back; after less than a day there is none.
pub const WINDOW: Span = Span::days(30);

/// Sums of what came in and went to the curator, each as a part of the net assets of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Returns {
    /// Profit without rewards: interest, and what roundings left.
    pub interest: Fixed60,
    /// Rewards that somebody paid in.
    pub rewards: Fixed60,
    /// Performance and management fees.
    pub fees: Fixed60,
}

impl Returns {
    /// Takes in what fees were charged on, with the money before it and the rewards in it.
    ///
    /// **Rounding** down each part. Losses are not taken off: they are shown as what they are.
    pub(crate) fn add(&mut self, before: &Funds, charged: &Charged, rewards: Amount) {
        if before.charged_at.is_none() || before.basis.is_zero() {
            return;
        }
        let rewards = Fixed60::from_atoms(rewards).unwrap_or(Fixed60::MAX).min(charged.earned);
        let part = |of: Fixed60| of.over(before.basis).unwrap_or(Fixed60::MAX);
        let parts = [charged.earned.saturating_sub(rewards), rewards, charged.fee].map(part);
        let sums = [&mut self.interest, &mut self.rewards, &mut self.fees];
        for (sum, part) in sums.into_iter().zip(parts) {
            *sum = sum.checked_add(part).unwrap_or(Fixed60::MAX);
        }
    }
}

/// What a vault's returns were on each of the last days, when the day's first fees were charged.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trail(
    /// Oldest first; as many as the window has, and one before it.
    pub Vec<(Timestamp, Returns)>,
);

impl Trail {
    /// Whether fees charged at a moment are a day's first.
    pub(crate) fn begins(&self, at: Timestamp) -> bool {
        let day = |at: Timestamp| at.ms().checked_div(DAY.ms());
        self.0.last().is_none_or(|(last, _)| day(*last) < day(at))
    }

    /// Notes what returns were at the last charge, before a day's first.
    pub(crate) fn note(&mut self, last: Timestamp, returns: Returns, at: Timestamp) {
        self.0.push((last, returns));
        let oldest = at.minus(WINDOW);
        while self.0.get(1).is_some_and(|(next, _)| *next <= oldest) {
            self.0.remove(0);
        }
    }
}

/// What a vault earned of late, for a year, not compounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailing {
    /// Since when: at most about [`WINDOW`] ago.
    pub since: Timestamp,
    /// Each part.
    pub yearly: Returns,
}

/// The headline rate of a vault that was brought up to a moment; none while it is younger than a day.
///
/// **Rounding** down each part.
///
/// # Errors
/// [`MathError::Overflow`] past 2⁶⁸.
pub fn trailing(
    returns: &Returns,
    trail: &Trail,
    now: Timestamp,
) -> Result<Option<Trailing>, MathError> {
    let Some((since, then)) = trail.0.first() else { return Ok(None) };
    let passed = now.since(*since);
    if passed < DAY {
        return Ok(None);
    }
    let yearly = |now: Fixed60, then: Fixed60| {
        now.saturating_sub(then).mul_div_floor(YEAR.ms().into(), passed.ms().into())
    };
    let yearly = Returns {
        interest: yearly(returns.interest, then.interest)?,
        rewards: yearly(returns.rewards, then.rewards)?,
        fees: yearly(returns.fees, then.fees)?,
    };
    Ok(Some(Trailing { since: *since, yearly }))
}

/// The interest that a vault's money earns at its reserves' rates of this moment, compounded as they do, on all it
/// holds, idle money too.
///
/// **Rounding** down. **Source** the blended yield of the curators' documentation; there without idle money.
///
/// # Errors
/// [`RejectCode::Overflow`](crate::reject::RejectCode::Overflow) past 2⁶⁸.
pub fn blended(state: &State, vault: &Vault, valued: &Valued) -> Result<Fixed60, Halt> {
    if valued.holdings.is_zero() {
        return Ok(Fixed60::ZERO);
    }
    let mut sum = Fixed60::ZERO;
    let places = vault.allocations.iter().zip(&valued.reserves).zip(&valued.invested);
    for ((allocation, held), worth) in places {
        let rules = &state.reserves.expect(allocation.reserve)?.policy.interest;
        let utilization = held.utilization()?;
        let borrow = curve::yearly_rate(&rules.curve, utilization)?;
        let apr = interest::supply_apr(rules, borrow, utilization)?;
        let earns = worth.times(interest::apy(apr, rules.period)?)?;
        sum = sum.checked_add(earns).ok_or(Reject::overflow())?;
    }
    Ok(sum.over(valued.holdings)?)
}

/// What is left of a gross yield: `gross − management − performance × gross`, in steps of 2⁻⁶⁰; below zero where
/// the management fee is more than what is earned.
///
/// **Rounding** fees up. **Source** our own: the product of two factors that is often shown takes the management
/// fee, which is a part of assets, for a part of the yield.
///
/// # Errors
/// [`MathError::Overflow`] past 2⁶⁷.
pub fn net_of_fees(policy: &VaultPolicy, gross: Fixed60) -> Result<Signed, MathError> {
    let of_gain = gross.mul_div_ceil(policy.performance.get().into(), 10_000)?;
    let fees = Fixed60::from_bps(policy.management).checked_add(of_gain);
    let fees = fees.ok_or(MathError::Overflow)?;
    let signed = |of: Fixed60| i128::try_from(of.get()).map_err(|_| MathError::Overflow);
    Ok(Signed::new(signed(gross)?.saturating_sub(signed(fees)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Bps;

    fn part(bps: u32) -> Fixed60 {
        Fixed60::from_bps(Bps::new(bps))
    }

    #[test]
    fn fees_of_a_yield() {
        let policy = VaultPolicy {
            performance: Bps::new(1_500),
            management: Bps::new(200),
            ..VaultPolicy::default()
        };
        let millionths = |gross| {
            let net = net_of_fees(&policy, gross).unwrap();
            net.mul_div_floor(1_000_000, Fixed60::ONE).unwrap().get()
        };
        // 6 % − 2 % − 15 % of 6 %: 3.1 %, a step of rounding less.
        assert_eq!(millionths(part(600)), 30_999);
        assert_eq!(millionths(part(100)), -11_501);
        assert_eq!(net_of_fees(&policy, Fixed60::MAX), Err(MathError::Overflow));
    }

    #[test]
    fn a_trail_of_days() {
        let hundred = Fixed60::from_atoms(Amount::new(100)).unwrap();
        let day = |days| Timestamp::ZERO.plus(Span::days(days));
        let one = Fixed60::UNIT;
        let earned = Charged { fee: one, written_down: Fixed60::ZERO, earned: one, basis: hundred };
        let (mut returns, mut trail) = (Returns::default(), Trail::default());
        let begun = Funds { basis: hundred, ..Funds::default() };
        returns.add(&begun, &earned, Amount::ZERO);
        assert_eq!(returns, Returns::default(), "the first time nothing was charged");
        let held = Funds { charged_at: Some(day(0)), ..begun };
        for today in 1..=40 {
            assert!(trail.begins(day(today)));
            trail.note(day(today - 1).plus(Span::hours(1)), returns, day(today));
            assert!(today == 1 || !trail.begins(day(today - 1)));
            returns.add(&held, &earned, Amount::new(u128::from(today % 2 == 0)));
        }
        // A day and an hour before the window's begin is left out, an hour after it is the first.
        assert_eq!((trail.0.len(), trail.0.first().unwrap().0), (31, day(9).plus(Span::hours(1))));
        let hundredth = one.over(hundred).unwrap();
        let times = |n| hundredth.mul_div_floor(n, 1).unwrap();
        let sums = Returns { interest: times(20), rewards: times(20), fees: times(40) };
        assert_eq!(returns, sums);
        let late = trailing(&returns, &trail, day(40)).unwrap().unwrap();
        assert_eq!(late.since, day(9).plus(Span::hours(1)));
        // Thirty-one days of a hundredth less an hour; fees are as much as all that came in.
        let yearly = late.yearly;
        let came = yearly.interest.checked_add(yearly.rewards).unwrap();
        assert!(yearly.fees.saturating_sub(came) <= Fixed60::new(1));
        assert_eq!(yearly.fees.mul_div_floor(10_000, Fixed60::ONE).unwrap().get(), 36_549);
        assert_eq!(trailing(&returns, &Trail::default(), day(40)), Ok(None));
    }
}
