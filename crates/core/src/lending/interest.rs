//! How a debt grows, and whose its interest is.

use crate::policy::{Growth, InterestPolicy};
use backstop_units::{Fixed60, MathError, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Milliseconds of a year of 365 days, by which yearly rates accrue.
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

/// What one accrual adds, in fractions of atoms.
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
pub struct Interest {
    /// By how much all debts grow.
    pub debt: Fixed60,
    /// The protocol's part of it.
    pub protocol: Fixed60,
    /// Its referrers' part. The rest is the lenders'.
    pub referrers: Fixed60,
}

/// By which factor a debt grows in so many periods.
///
/// **Rounding** every product down, so never above true compounding. **Source** the growth of published
/// lending markets: exact to four periods, then by policy all of the power or its first four terms.
///
/// # Errors
/// [`MathError::Overflow`] from 2⁶⁸ on; [`MathError::DivisionByZero`] for a period of nothing.
pub fn factor(
    yearly: Fixed60,
    period: Span,
    periods: u64,
    growth: Growth,
) -> Result<Fixed60, MathError> {
    let base = yearly.mul_div_floor(period.ms().into(), YEAR_MS.into())?;
    let step = Fixed60::UNIT.checked_add(base).ok_or(MathError::Overflow)?;
    match growth {
        Growth::Series if periods > 4 => series(base, periods.into()),
        Growth::Series => (0..periods).try_fold(Fixed60::UNIT, |power, _| power.times(step)),
        Growth::Compound => power(step, periods),
    }
}

/// `1 + b·n + b²·n(n−1)/2 + b³·n(n−1)(n−2)/6`.
fn series(base: Fixed60, periods: u128) -> Result<Fixed60, MathError> {
    let (less, least) = (periods.saturating_sub(1), periods.saturating_sub(2));
    let pairs = periods.checked_mul(less).ok_or(MathError::Overflow)?;
    let triples = pairs.checked_mul(least).ok_or(MathError::Overflow)?;
    let square = base.times(base)?;
    let cube = square.times(base)?;
    let terms = [
        base.mul_div_floor(periods, 1)?,
        square.mul_div_floor(pairs, 2)?,
        cube.mul_div_floor(triples, 6)?,
    ];
    let add = |sum: Fixed60, term: Fixed60| sum.checked_add(term).ok_or(MathError::Overflow);
    terms.into_iter().try_fold(Fixed60::UNIT, add)
}

/// `stepⁿ` by squaring: one or two products for each bit of `n`.
fn power(step: Fixed60, mut periods: u64) -> Result<Fixed60, MathError> {
    let (mut power, mut square) = (Fixed60::UNIT, step);
    loop {
        if periods & 1 == 1 {
            power = power.times(square)?;
        }
        periods >>= 1;
        if periods == 0 {
            return Ok(power);
        }
        square = square.times(square)?;
    }
}

/// Whole periods in a span.
pub const fn periods(policy: &InterestPolicy, passed: Span) -> u64 {
    match passed.ms().checked_div(policy.period.ms()) {
        Some(periods) => periods,
        None => 0,
    }
}

/// What so many periods add to a debt at a yearly rate by the curve.
///
/// The protocol takes all of its own rate, and its part of the rest; who referred gets a part of that part.
/// **Rounding** down at each product; what is cut stays with lenders.
///
/// # Errors
/// As [`factor`].
pub fn accrue(
    policy: &InterestPolicy,
    debt: Fixed60,
    rate: Fixed60,
    periods: u64,
) -> Result<Interest, MathError> {
    let grown = |rate| factor(rate, policy.period, periods, policy.growth);
    let host = Fixed60::from_bps(policy.host_rate);
    let all = rate.checked_add(host).ok_or(MathError::Overflow)?;
    let added = debt.times(grown(all)?)?.saturating_sub(debt);
    let hosted = debt.times(grown(host)?.saturating_sub(Fixed60::UNIT))?;
    let net = added.saturating_sub(hosted);
    let take = Fixed60::from_bps(policy.take);
    let referrers = net.times(take.times(Fixed60::from_bps(policy.referral))?)?;
    let taken = net.times(take)?.saturating_sub(referrers);
    let protocol = hosted.checked_add(taken).ok_or(MathError::Overflow)?;
    Ok(Interest { debt: added, protocol, referrers })
}

/// What lenders earn in a year for each atom, not compounded: `rate × utilization × (1 − take)`.
///
/// **Rounding** down. **Source** the curators' documentation: 10 % at 75 % with a take of 15 % is 6.375 %.
///
/// # Errors
/// [`MathError::Overflow`] past any rate that a curve can hold.
pub fn supply_apr(
    policy: &InterestPolicy,
    rate: Fixed60,
    utilization: Fixed60,
) -> Result<Fixed60, MathError> {
    let kept = Fixed60::UNIT.saturating_sub(Fixed60::from_bps(policy.take));
    rate.times(utilization)?.times(kept)
}

/// What a yearly rate comes to when it is compounded once for each period of a year.
///
/// # Errors
/// As [`factor`].
pub fn apy(apr: Fixed60, period: Span) -> Result<Fixed60, MathError> {
    let periods = YEAR_MS.checked_div(period.ms()).ok_or(MathError::DivisionByZero)?;
    let grown = factor(apr, period, periods, Growth::Compound)?;
    Ok(grown.saturating_sub(Fixed60::UNIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Bps;

    const HALF_SECOND: Span = Span::from_ms(500);
    const TEN_PERCENT: Fixed60 = Fixed60::new(115_292_150_460_684_697);

    #[test]
    fn published_factors() {
        for (periods, expected) in [
            (0, Fixed60::ONE),
            (1, 1_152_921_506_434_792_030),
            (172_800, 1_153_237_403_371_845_376),
            (63_072_000, 1_272_191_732_173_662_976),
        ] {
            let got = factor(TEN_PERCENT, HALF_SECOND, periods, Growth::Series);
            assert_eq!(got.map(Fixed60::get), Ok(expected), "{periods}");
        }
    }

    /// e^0.1 = 1.105170918; compounded by the half second a little less.
    #[test]
    fn the_whole_power() {
        let year = factor(TEN_PERCENT, HALF_SECOND, 63_072_000, Growth::Compound).unwrap();
        let millionths = year.mul_div_floor(1_000_000, Fixed60::ONE).unwrap();
        assert_eq!(millionths.get(), 1_105_170);
        let series = factor(TEN_PERCENT, HALF_SECOND, 63_072_000, Growth::Series).unwrap();
        assert!(series < year);
        // Eighty percent for an idle year: 2.2255 compounded, 2.1386 by four terms of it.
        let eighty = Fixed60::from_bps(Bps::new(8_000));
        let year = |growth| factor(eighty, HALF_SECOND, 63_072_000, growth).unwrap();
        let thousandths =
            |factor: Fixed60| factor.mul_div_floor(1_000, Fixed60::ONE).unwrap().get();
        assert_eq!(thousandths(year(Growth::Compound)), 2_225);
        assert!(thousandths(year(Growth::Series)) < 2_206);
    }

    #[test]
    fn published_accrual() {
        let policy = InterestPolicy {
            take: Bps::new(1_500),
            referral: Bps::new(2_000),
            host_rate: Bps::new(100),
            period: HALF_SECOND,
            growth: Growth::Series,
            ..InterestPolicy::default()
        };
        let debt = Fixed60::new(864_691_128_455_135_232_000_000_000_000);
        let got = accrue(&policy, debt, TEN_PERCENT, 172_800).unwrap();
        assert_eq!(
            debt.checked_add(got.debt).unwrap().get(),
            864_951_753_894_107_232_000_000_000_000
        );
        assert_eq!(got.referrers.get(), 7_108_058_133_719_999_942_457_595);
        assert_eq!(got.protocol.get(), 52_122_400_382_879_999_975_338_969);
    }

    #[test]
    fn documented_yields() {
        let policy = InterestPolicy { take: Bps::new(1_500), ..InterestPolicy::default() };
        let part = |bps| Fixed60::from_bps(Bps::new(bps));
        let apr = supply_apr(&policy, part(1_000), part(7_500)).unwrap();
        let parts = |number: Fixed60, of| number.mul_div_ceil(of, Fixed60::ONE).unwrap().get();
        assert_eq!(parts(apr, 100_000), 6_375);
        let yearly = apy(apr, HALF_SECOND).unwrap();
        assert_eq!(parts(yearly, 1_000_000_000), 65_825_909);
    }
}
