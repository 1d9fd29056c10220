//! The fee controller: what share of fees a fund should get, from how well it is covered.
//!
//! ```text
//!   coverage ──▶ law (curve, or P + I) ──┐
//!   open interest ──▶ gain × (x − 1)⁺ ───┼──▶ clip ──▶ slew ──▶ rate ──▶ + spikes ──▶ ≤ headroom
//!   volatility ─────▶ gain × (x − 1)⁺ ───┘ [min, max]           kept      now          charged
//! ```
//!
//! Pure: knows neither funds nor ledgers. **Units** inside it counts in trillionths (10⁻¹²) of the
//! whole, so that a thousand runs lose less than one part per million; what is charged is [`Ppm`],
//! rounded down. **Rounding** each product is rounded toward zero.
//!
//! **Time** is real: what a run adds grows with the time since the last one, so n runs under the same
//! reading end where one run does, within n trillionths.
//!
//! **Anti-windup** by conditional integration in continuous time: the integral stops growing at the
//! moment where base + P + I meets the rail. So a fund that was short for a year winds up no further
//! than one that was short for a week, and its integral never exceeds `rate_max` − `rate_min`.
//! **Source** the usual position form of a PI controller with a clamped integrator (Åström and
//! Hägglund, Advanced PID Control, 3.5).

use super::coverage::ratio;
use crate::policy::{ControlPolicy, CurvePoint, Law, PiLaw, Slew};
use backstop_units::{Amount, MathError, Ppm, Signed, Span, Timestamp, mul_div_floor};
use borsh::{BorshDeserialize, BorshSerialize};

/// The whole in trillionths.
pub const WHOLE: u128 = 1_000_000_000_000;
/// One part per million in trillionths, and parts per million in the whole.
const MILLION: u128 = 1_000_000;
/// Coverage counts up to ten times the target; a target of nothing counts as that.
pub const COVERAGE_MAX: u128 = 10_000_000_000_000;

/// What the controller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The counted balance as a part of the target, in trillionths; see [`coverage_of`].
    pub coverage: u128,
    /// Open interest as a part of its reference; zero when nothing is known.
    pub open_interest: Ppm,
    /// Volatility as a part of its reference; zero when nothing is known.
    pub volatility: Ppm,
}

/// What the controller remembers, in trillionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Controller {
    /// The rate after the last run, without spikes.
    pub rate: Signed,
    /// What the integral adds to the rate.
    pub integral: Signed,
    /// When it ran last.
    pub at: Timestamp,
}

/// The parts of one run, in trillionths: anyone can add them up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What the law says without its integral: the curve's rate, or base + `kp` × error.
    pub proportional: Signed,
    /// The integral after this run; zero under a curve.
    pub integral: Signed,
    /// What open interest adds.
    pub open_interest: Signed,
    /// What volatility adds.
    pub volatility: Signed,
    /// The sum of the four, clipped to the rails.
    pub target: Signed,
    /// How far the rate might move since the last run.
    pub reach: Signed,
}

/// [`ratio`] as the controller counts it: at most [`COVERAGE_MAX`], which is also a target of nothing.
pub fn coverage_of(counted: Amount, target: Amount) -> u128 {
    ratio(counted, target).map_or(COVERAGE_MAX, |ratio| ratio.min(COVERAGE_MAX))
}

/// A portion in trillionths.
pub fn fine(portion: Ppm) -> u128 {
    u128::from(portion.get()).saturating_mul(MILLION)
}

/// Trillionths in parts per million, rounded down: who pays a fee keeps the dust.
pub fn coarse(rate: Signed) -> Ppm {
    parts(rate.positive().get())
}

fn parts(trillionths: u128) -> Ppm {
    let parts = mul_div_floor(trillionths, 1, MILLION).unwrap_or(u128::MAX);
    Ppm::new(u32::try_from(parts).unwrap_or(u32::MAX))
}

/// One run of the controller at `now`: its new memory, and how that came about.
///
/// **Monotone** under one memory a lower coverage never gives a lower target.
///
/// # Errors
/// [`MathError::Overflow`] for settings that [`super::rails::check`] refuses.
pub fn step(
    policy: &ControlPolicy,
    before: &Controller,
    reading: &Reading,
    now: Timestamp,
) -> Result<(Controller, Terms), MathError> {
    let elapsed = now.since(before.at);
    let (proportional, integral) = match &policy.law {
        Law::Curve(points) => (signed(curve(points, reading.coverage)?)?, Signed::ZERO),
        Law::Pi(law) => pi(law, policy, before.integral, reading.coverage, elapsed)?,
    };
    let open_interest = ahead(policy.open_interest_gain, reading.open_interest)?;
    let volatility = ahead(policy.volatility_gain, reading.volatility)?;
    let sum = [integral, open_interest, volatility]
        .into_iter()
        .try_fold(proportional, Signed::checked_add)
        .ok_or(MathError::Overflow)?;
    let (low, high) = rails(policy)?;
    let target = sum.max(low).min(high);
    let reach = policy.slew.map_or(Ok(signed(WHOLE)?), |slew| reach(slew, elapsed))?;
    let floor = before.rate.checked_sub(reach).ok_or(MathError::Overflow)?;
    let ceiling = before.rate.checked_add(reach).ok_or(MathError::Overflow)?;
    let rate = target.max(floor).min(ceiling);
    let terms = Terms { proportional, integral, open_interest, volatility, target, reach };
    Ok((Controller { rate, integral, at: now }, terms))
}

/// Lowest and highest rate, in trillionths.
fn rails(policy: &ControlPolicy) -> Result<(Signed, Signed), MathError> {
    Ok((signed(fine(policy.rate_min))?, signed(fine(policy.rate_max))?))
}

/// A memory under new rules: rate and integral within their rails, as if it had run at `now`.
///
/// # Errors
/// As [`step`].
pub fn within(
    policy: &ControlPolicy,
    before: &Controller,
    now: Timestamp,
) -> Result<Controller, MathError> {
    let (low, high) = rails(policy)?;
    let range = high.checked_sub(low).ok_or(MathError::Overflow)?;
    let other = Signed::ZERO.checked_sub(range).ok_or(MathError::Overflow)?;
    let rate = before.rate.max(low).min(high);
    Ok(Controller { rate, integral: before.integral.max(other).min(range), at: now })
}

/// What is charged: the rate and the spikes together, and never more than the margin leaves.
///
/// A fee above the headroom would take an account below zero that was above it, so the headroom comes
/// before the lower rail too. **Rounding** down to parts per million.
pub fn charged(policy: &ControlPolicy, rate: Signed, spikes: Ppm, headroom: Option<Ppm>) -> Ppm {
    parts(charged_fine(policy, rate, spikes, headroom))
}

/// [`charged`] in trillionths, before it is rounded.
pub fn charged_fine(
    policy: &ControlPolicy,
    rate: Signed,
    spikes: Ppm,
    headroom: Option<Ppm>,
) -> u128 {
    let rate = rate.positive().get().saturating_add(fine(spikes.least(policy.spike_max)));
    headroom.map_or(rate, |headroom| rate.min(fine(headroom)))
}

fn signed(value: u128) -> Result<Signed, MathError> {
    Signed::gain(Amount::new(value)).ok_or(MathError::Overflow)
}

/// `value × by ÷ of`, rounded toward zero.
fn part(value: Signed, by: u128, of: u128) -> Result<Signed, MathError> {
    let size = value.size().mul_div_floor(by, of)?;
    let part = if value.is_negative() { Signed::loss(size) } else { Signed::gain(size) };
    part.ok_or(MathError::Overflow)
}

/// The curve's rate at a coverage, in trillionths: a straight line between two points, flat outside.
///
/// **Rounding** the fall from the left point down, so the rate up.
fn curve(points: &[CurvePoint], coverage: u128) -> Result<u128, MathError> {
    let mut last: Option<CurvePoint> = None;
    for point in points {
        if coverage <= fine(point.coverage) {
            let Some(left) = last else { return Ok(fine(point.rate)) };
            let fall = fine(left.rate.saturating_sub(point.rate));
            let along = coverage.saturating_sub(fine(left.coverage));
            let width = fine(point.coverage.saturating_sub(left.coverage));
            let fallen = mul_div_floor(fall, along, width)?;
            return Ok(fine(left.rate).saturating_sub(fallen));
        }
        last = Some(*point);
    }
    Ok(last.map_or(0, |point| fine(point.rate)))
}

/// base + `kp` × error, and the integral `elapsed` later.
fn pi(
    law: &PiLaw,
    policy: &ControlPolicy,
    integral: Signed,
    coverage: u128,
    elapsed: Span,
) -> Result<(Signed, Signed), MathError> {
    let error = error(law, coverage)?;
    let kp = u128::from(law.kp.get());
    let base = signed(fine(law.base))?;
    let proportional = base.checked_add(part(error, kp, MILLION)?).ok_or(MathError::Overflow)?;
    let by = u128::from(law.ki.get()).saturating_mul(u128::from(elapsed.ms()));
    let of = MILLION.saturating_mul(u128::from(law.ki_period.ms()));
    let grown = integral.checked_add(part(error, by, of)?).ok_or(MathError::Overflow)?;
    // It stops where the sum meets the rail that it moves toward; a sum beyond it already stays put.
    let (low, high) = rails(policy)?;
    let rail = if error.is_negative() { low } else { high };
    let stop = rail.checked_sub(proportional).ok_or(MathError::Overflow)?;
    let integral = if error.is_negative() {
        grown.max(stop.min(integral))
    } else {
        grown.min(stop.max(integral))
    };
    Ok((proportional, integral))
}

/// How far coverage lies below the dead band, negative above it; at most the whole either way.
fn error(law: &PiLaw, coverage: u128) -> Result<Signed, MathError> {
    let short = fine(law.dead_from).saturating_sub(coverage).min(WHOLE);
    let over = coverage.saturating_sub(fine(law.dead_to)).min(WHOLE);
    signed(short)?.checked_sub(signed(over)?).ok_or(MathError::Overflow)
}

/// What is fed forward: gain × (reading − 1)⁺. Parts per million times parts per million are
/// trillionths, so nothing is rounded.
fn ahead(gain: Ppm, reading: Ppm) -> Result<Signed, MathError> {
    let over = reading.saturating_sub(Ppm::WHOLE);
    signed(u128::from(gain.get()).saturating_mul(u128::from(over.get())))
}

/// How far the rate may move in this time; the whole at most.
fn reach(slew: Slew, elapsed: Span) -> Result<Signed, MathError> {
    let reach = mul_div_floor(fine(slew.by), u128::from(elapsed.ms()), u128::from(slew.per.ms()))?;
    signed(reach.min(WHOLE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fund::rails::check;
    use std::vec::Vec;

    const DAY: Span = Span::days(1);

    fn at(span: Span) -> Timestamp {
        Timestamp::from_ms(1_000_000).plus(span)
    }

    fn ppm(parts: u32) -> Ppm {
        Ppm::new(parts)
    }

    fn pi() -> PiLaw {
        PiLaw {
            base: ppm(100_000),
            kp: ppm(500_000),
            ki: ppm(50_000),
            ki_period: DAY,
            dead_from: Ppm::WHOLE,
            dead_to: Ppm::WHOLE,
        }
    }

    fn policy(law: Law) -> ControlPolicy {
        let policy = ControlPolicy { law, slew: None, ..ControlPolicy::default() };
        check(&policy).expect("a policy within its rails");
        policy
    }

    fn reading(coverage_ppm: u32) -> Reading {
        let coverage = fine(ppm(coverage_ppm));
        Reading { coverage, open_interest: Ppm::ZERO, volatility: Ppm::ZERO }
    }

    fn from(rate_ppm: u32) -> Controller {
        let rate = Signed::new(i128::try_from(fine(ppm(rate_ppm))).unwrap());
        Controller { rate, integral: Signed::ZERO, at: at(Span::ZERO) }
    }

    /// The case `pi_fee_controller` of the risk notes: 60 of a target of 100, 40 of income and 2 of
    /// losses in each step. The case's rates and balances are written out here to the last digit.
    #[test]
    fn pi_fee_controller() {
        let policy = policy(Law::Pi(pi()));
        let (mut balance, target) = (60_000_000_000_000_u128, Amount::new(100_000_000_000_000));
        let mut controller = from(0);
        let expected = [
            (250_000_000_000, 68_000_000_000_000),
            (250_000_000_000, 76_000_000_000_000),
            (232_000_000_000, 83_280_000_000_000),
            (203_960_000_000, 89_438_400_000_000),
            (178_448_800_000, 94_576_352_000_000),
            (155_470_864_000, 98_795_186_560_000),
        ];
        for (steps, (rate, after)) in (1..).zip(expected) {
            let coverage = coverage_of(Amount::new(balance), target);
            let reading = Reading { coverage, ..reading(0) };
            controller = step(&policy, &controller, &reading, at(Span::days(steps))).unwrap().0;
            assert_eq!(controller.rate, Signed::new(rate), "step {steps}");
            balance += 40 * u128::try_from(rate).unwrap() - 2_000_000_000_000;
            assert_eq!(balance, after, "step {steps}");
        }
    }

    #[test]
    fn curves() {
        let point = |coverage, rate| CurvePoint { coverage: ppm(coverage), rate: ppm(rate) };
        let points = [point(200_000, 250_000), point(800_000, 100_000), point(1_100_000, 0)];
        let policy = policy(Law::Curve(points.to_vec()));
        for (coverage, rate) in [
            (0, 250_000),
            (200_000, 250_000),
            (500_000, 175_000),
            (800_000, 100_000),
            // 100,000 × 1 ÷ 3 of the way is 33,333.3…: the fall is rounded down.
            (900_000, 66_666),
            (1_099_999, 0),
            (1_100_000, 0),
            (4_000_000, 0),
        ] {
            let (after, terms) =
                step(&policy, &from(77), &reading(coverage), at(DAY)).expect("a rate");
            assert_eq!(coarse(after.rate), ppm(rate), "{coverage}");
            assert_eq!((terms.integral, terms.target), (Signed::ZERO, after.rate));
        }
        assert_eq!(coverage_of(Amount::new(5), Amount::ZERO), COVERAGE_MAX);
        assert_eq!(coverage_of(Amount::new(2), Amount::new(3)), 666_666_666_666);
        assert_eq!(coverage_of(Amount::MAX, Amount::new(1)), COVERAGE_MAX);
    }

    #[test]
    fn the_dead_band_and_what_is_fed_forward() {
        let law = PiLaw { dead_from: ppm(950_000), dead_to: ppm(1_100_000), ..pi() };
        let policy = policy(Law::Pi(law));
        let now = at(Span::ZERO);
        for (coverage, open_interest, volatility, want) in [
            (1_000_000, 0, 0, 100_000),
            (950_000, 0, 0, 100_000),
            (1_100_000, 0, 0, 100_000),
            // 5 % below the band at a gain of a half.
            (900_000, 0, 0, 125_000),
            (1_200_000, 0, 0, 50_000),
            (1_300_000, 0, 0, 0),
            (1_000_000, 1_000_000, 1_000_000, 100_000),
            // 40 % above its reference at a gain of 5 %.
            (1_000_000, 1_400_000, 0, 120_000),
            (1_000_000, 1_400_000, 1_200_000, 130_000),
            (1_000_000, u32::MAX, u32::MAX, 250_000),
        ] {
            let (open_interest, volatility) = (ppm(open_interest), ppm(volatility));
            let reading = Reading { open_interest, volatility, ..reading(coverage) };
            let rate = step(&policy, &from(0), &reading, now).unwrap().0.rate;
            assert_eq!(coarse(rate), ppm(want), "{reading:?}");
        }
    }

    #[test]
    fn slew() {
        let slew = Some(Slew { by: ppm(50_000), per: DAY });
        let policy = ControlPolicy { slew, ..policy(Law::Pi(pi())) };
        let (after, terms) =
            step(&policy, &from(100_000), &reading(0), at(Span::hours(12))).unwrap();
        assert_eq!(coarse(terms.target), ppm(250_000));
        assert_eq!((coarse(terms.reach), coarse(after.rate)), (ppm(25_000), ppm(125_000)));
        let (after, _) =
            step(&policy, &from(100_000), &reading(2_000_000), at(Span::hours(12))).unwrap();
        assert_eq!(coarse(after.rate), ppm(75_000));
        let (after, _) = step(&policy, &from(100_000), &reading(0), at(Span::ZERO)).unwrap();
        assert_eq!(after.rate, from(100_000).rate);
    }

    #[test]
    fn what_is_charged() {
        let policy = policy(Law::Pi(pi()));
        for (rate, spikes, headroom, want) in [
            (100_000, 0, None, 100_000),
            (100_000, 30_000, None, 130_000),
            (100_000, 70_000, None, 150_000),
            (100_000, 30_000, Some(120_000), 120_000),
            (100_000, 30_000, Some(0), 0),
            (100_000, 0, Some(500_000), 100_000),
        ] {
            let got = charged(&policy, from(rate).rate, ppm(spikes), headroom.map(ppm));
            assert_eq!(got, ppm(want), "{rate} {spikes} {headroom:?}");
        }
        assert_eq!(coarse(Signed::new(1_999_999)), ppm(1));
        assert_eq!(coarse(Signed::new(-5)), Ppm::ZERO);
    }

    /// A year or ten of saturation leave the same memory, and the way back takes no longer than the
    /// documented time: rails ÷ (`ki` × error).
    #[test]
    fn nothing_winds_up() {
        let policy = policy(Law::Pi(pi()));
        let after =
            |days| step(&policy, &from(0), &reading(800_000), at(Span::days(days))).unwrap().0;
        // base + P is 20 %; the integral grows by 1 % a day and stops at 5 %.
        assert_eq!(coarse(after(2).rate), ppm(220_000));
        for days in [5, 400, 4_000] {
            let short = after(days);
            assert_eq!(coarse(short.integral), ppm(50_000), "{days} days");
            let mut back = Controller { at: at(Span::ZERO), ..short };
            let mut days_back = 0;
            while !back.rate.is_negative() && back.rate != Signed::ZERO {
                days_back += 1;
                back =
                    step(&policy, &back, &reading(1_100_000), at(Span::days(days_back))).unwrap().0;
            }
            // 10 % over: base + P is 5 %, the integral falls by half a percent a day from 5 %.
            assert_eq!(days_back, 20, "{days} days");
        }
    }

    #[test]
    fn a_long_step_is_many_short_ones() {
        let slew = Some(Slew { by: ppm(60_000), per: DAY });
        for (coverage, start) in [(700_000, 0), (990_000, 90_000), (1_050_000, 250_000)] {
            let policy = ControlPolicy { slew, ..policy(Law::Pi(pi())) };
            let once = step(&policy, &from(start), &reading(coverage), at(DAY)).unwrap().0;
            let mut many = from(start);
            let moments: Vec<u64> = (0..24).map(|hour| hour * 3_600_000 + hour * 7_777).collect();
            for ms in moments.into_iter().chain([DAY.ms()]) {
                many = step(&policy, &many, &reading(coverage), at(Span::from_ms(ms))).unwrap().0;
            }
            let apart = once.rate.checked_sub(many.rate).unwrap().size();
            assert!(apart <= Amount::new(26), "{coverage}: {once:?} {many:?}");
        }
    }

    /// Why [`check`] refuses an integral that outruns the slew limit: a rate that falls toward a
    /// target which comes up to meet it would depend on when it was looked at.
    #[test]
    fn an_integral_no_faster_than_the_slew_limit() {
        let slew = Some(Slew { by: ppm(50_000), per: DAY });
        let meets = Span::from_ms(DAY.ms() / 11 * 10);
        for (ki, apart) in [(50_000, 0), (60_000, 909)] {
            let law = PiLaw { base: Ppm::ZERO, kp: Ppm::ZERO, ki: ppm(ki), ..pi() };
            let policy = ControlPolicy { law: Law::Pi(law), slew, ..ControlPolicy::default() };
            assert_eq!(check(&policy).is_ok(), apart == 0);
            let run = |from: &Controller, span| {
                step(&policy, from, &reading(0), at(span)).expect("a rate").0
            };
            let once = run(&from(100_000), DAY);
            let twice = run(&run(&from(100_000), meets), DAY);
            let gap = once.rate.checked_sub(twice.rate).expect("a gap");
            assert_eq!(coarse(gap), ppm(apart), "{ki}");
        }
    }
}
