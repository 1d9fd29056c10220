//! What settings of fee control must keep to, and which changes of them wait for the council.

use super::{bands::loosens, reservations::RESERVATIONS_MAX};
use crate::{
    policy::{
        Band, ControlPolicy, CurvePoint, IdlePolicy, Law, PiLaw, RiskMessagePolicy, SurplusRoute,
    },
    reject::{Reject, RejectCode, Value},
};
use backstop_units::{Ppm, Span};

/// Points of a curve.
const POINTS: core::ops::RangeInclusive<usize> = 2..=11;
/// Most bands.
const BANDS_MAX: usize = 8;
/// Most spikes at one time.
const SPIKES_MAX: u8 = 16;

fn bad(got: impl Into<Value>, limit: impl Into<Value>) -> Reject {
    Reject::new(RejectCode::BadPolicy, got, limit)
}

/// Refuses unless a setting is at most its limit.
fn at_most(got: Ppm, limit: Ppm) -> Result<(), Reject> {
    if got > limit { Err(bad(got.get(), limit.get())) } else { Ok(()) }
}

/// Whether a policy can be carried out.
///
/// # Errors
/// [`RejectCode::BadPolicy`] with the setting that is outside its rails.
pub fn check(policy: &ControlPolicy) -> Result<(), Reject> {
    at_most(policy.rate_max, Ppm::WHOLE)?;
    at_most(policy.rate_min, policy.rate_max)?;
    at_most(policy.spike_max, Ppm::WHOLE)?;
    if policy.spikes_max > SPIKES_MAX {
        return Err(bad(u32::from(policy.spikes_max), u32::from(SPIKES_MAX)));
    }
    at_most(policy.reservations.part_max, Ppm::WHOLE)?;
    if policy.reservations.count_max > RESERVATIONS_MAX {
        let limit = u32::from(RESERVATIONS_MAX);
        return Err(bad(u32::from(policy.reservations.count_max), limit));
    }
    at_most(policy.idle.map_or(Ppm::ZERO, |idle| idle.part_max), Ppm::WHOLE)?;
    if policy.slew.is_some_and(|slew| slew.per.is_zero()) {
        return Err(bad("slew in no time", Span::from_ms(1)));
    }
    match &policy.law {
        Law::Curve(points) => check_curve(points)?,
        Law::Pi(law) => check_pi(law, policy)?,
    }
    check_bands(&policy.bands)?;
    policy.messages.as_ref().map_or(Ok(()), check_messages)?;
    check_routes(policy)
}

/// A message lives for some time, and the safe default is none that a message could not ask for.
fn check_messages(messages: &RiskMessagePolicy) -> Result<(), Reject> {
    at_most(messages.fee_max, Ppm::WHOLE)?;
    if messages.span_max.is_zero() {
        return Err(bad("messages of no time", Span::from_ms(1)));
    }
    if messages.target_default > messages.target_max {
        return Err(bad(messages.target_default, messages.target_max));
    }
    Ok(())
}

fn check_curve(points: &[CurvePoint]) -> Result<(), Reject> {
    if !POINTS.contains(&points.len()) {
        let limit = if points.len() < *POINTS.start() { POINTS.start() } else { POINTS.end() };
        return Err(bad(points.len(), *limit));
    }
    pairs(points).try_for_each(|(left, right)| {
        if right.coverage <= left.coverage {
            return Err(bad(right.coverage.get(), left.coverage.get()));
        }
        at_most(right.rate, left.rate)
    })
}

/// The integral may not outrun the slew limit: the rate could not follow it, and runs at other
/// moments would end elsewhere.
fn check_pi(law: &PiLaw, policy: &ControlPolicy) -> Result<(), Reject> {
    at_most(law.base, policy.rate_max)?;
    at_most(policy.rate_min, law.base)?;
    at_most(law.dead_from, Ppm::WHOLE)?;
    at_most(Ppm::WHOLE, law.dead_to)?;
    if law.ki_period.is_zero() {
        return Err(bad("ki_period of no time", Span::from_ms(1)));
    }
    let Some(slew) = policy.slew else { return Ok(()) };
    let speed = |by: Ppm, other: Span| u128::from(by.get()).saturating_mul(u128::from(other.ms()));
    if speed(law.ki, slew.per) > speed(slew.by, law.ki_period) {
        return Err(bad(law.ki.get(), slew.by.get()));
    }
    Ok(())
}

fn check_bands(bands: &[Band]) -> Result<(), Reject> {
    let Some(first) = bands.first().filter(|_| bands.len() <= BANDS_MAX) else {
        return Err(bad(bands.len(), BANDS_MAX));
    };
    at_most(first.from, Ppm::ZERO)?;
    pairs(bands).try_for_each(|(low, high)| {
        if high.from <= low.from {
            return Err(bad(high.from.get(), low.from.get()));
        }
        at_most(low.open_interest, high.open_interest)?;
        at_most(low.leverage, high.leverage)?;
        if low.listings && !high.listings {
            return Err(bad("listings", "none above a band that has them"));
        }
        Ok(())
    })
}

/// Whoever a band's surplus goes to has an account, where routes bind.
fn check_routes(policy: &ControlPolicy) -> Result<(), Reject> {
    let Some(routes) = policy.routes else { return Ok(()) };
    for (route, account) in
        [(SurplusRoute::Lps, routes.lps), (SurplusRoute::TokenHolders, routes.token_holders)]
    {
        if account.is_none() && policy.bands.iter().any(|band| band.surplus == route) {
            return Err(bad(route.word(), "a route with an account"));
        }
    }
    Ok(())
}

/// Each item with the next one.
fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items.iter().zip(items.iter().skip(1))
}

/// Whether `new` goes past the rails of `old`: a wider range of rates, larger or longer spikes, looser
/// bands, more or longer reservations, more idle cash, other routes of surplus, risk messages that reach farther. Within the rails the risk desk may move at once.
pub fn widens(old: &ControlPolicy, new: &ControlPolicy) -> bool {
    new.rate_max > old.rate_max
        || new.rate_min < old.rate_min
        || new.spike_max > old.spike_max
        || new.spikes_max > old.spikes_max
        || new.spike_span_max > old.spike_span_max
        || new.band_margin < old.band_margin
        || new.loosen_delay < old.loosen_delay
        || loosens(&old.bands, &new.bands)
        || new.reservations.part_max > old.reservations.part_max
        || new.reservations.span_max > old.reservations.span_max
        || new.reservations.count_max > old.reservations.count_max
        || frees(old.idle, new.idle)
        || new.routes != old.routes
        || reaches(old.messages, new.messages)
}

/// Whether another key may ask, messages reach farther or count longer, or the safe default falls.
fn reaches(old: Option<RiskMessagePolicy>, new: Option<RiskMessagePolicy>) -> bool {
    match (old, new) {
        (None, None) => false,
        (Some(old), Some(new)) => {
            new.key != old.key
                || new.age_max > old.age_max
                || new.span_max > old.span_max
                || new.target_max > old.target_max
                || new.target_default < old.target_default
                || new.fee_max > old.fee_max
                || new.hold_max > old.hold_max
        }
        _ => true,
    }
}

/// Whether idle cash may go where it might not, more of it, or counts although it comes back later.
fn frees(old: Option<IdlePolicy>, new: Option<IdlePolicy>) -> bool {
    let Some(new) = new else { return false };
    old.is_none_or(|old| {
        new.venue != old.venue
            || new.part_max > old.part_max
            || new.notice < old.notice
            || new.reach > old.reach
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Slew;
    use std::{vec, vec::Vec};

    type Change = fn(&mut ControlPolicy);

    fn with(change: Change) -> ControlPolicy {
        let mut policy = ControlPolicy::default();
        change(&mut policy);
        policy
    }

    fn curve(points: &[(u32, u32)]) -> Law {
        let point =
            |&(coverage, rate)| CurvePoint { coverage: Ppm::new(coverage), rate: Ppm::new(rate) };
        Law::Curve(points.iter().map(point).collect())
    }

    fn pi(change: fn(&mut PiLaw)) -> Law {
        let Law::Pi(mut law) = Law::default() else { panic!("the default is a PI law") };
        change(&mut law);
        Law::Pi(law)
    }

    #[test]
    fn settings() {
        let good: [Change; 6] = [
            |_| (),
            |p| p.law = curve(&[(0, 5), (1, 5)]),
            |p| p.law = curve(&(0..11).map(|at| (at, 20 - at)).collect::<Vec<_>>()),
            |p| p.law = pi(|law| law.ki = Ppm::new(50_000)),
            |p| p.bands.truncate(1),
            |p| p.rate_max = Ppm::WHOLE,
        ];
        for (at, change) in good.into_iter().enumerate() {
            assert_eq!(check(&with(change)), Ok(()), "{at}");
        }
        let bad: [Change; 22] = [
            |p| p.rate_max = Ppm::new(1_000_001),
            |p| p.rate_min = Ppm::new(250_001),
            |p| p.spike_max = Ppm::new(1_000_001),
            |p| p.spikes_max = 17,
            |p| p.slew = Some(Slew { by: Ppm::WHOLE, per: Span::ZERO }),
            |p| p.law = curve(&[(0, 5)]),
            |p| p.law = curve(&(0..12).map(|at| (at, 20 - at)).collect::<Vec<_>>()),
            |p| p.law = curve(&[(0, 5), (0, 4)]),
            |p| p.law = curve(&[(0, 5), (1, 6)]),
            |p| p.law = pi(|law| law.base = Ppm::new(250_001)),
            |p| (p.rate_min, p.law) = (Ppm::new(2), pi(|law| law.base = Ppm::new(1))),
            |p| p.law = pi(|law| law.dead_from = Ppm::new(1_000_001)),
            |p| p.law = pi(|law| law.dead_to = Ppm::new(999_999)),
            |p| p.law = pi(|law| law.ki_period = Span::ZERO),
            // Faster than the slew limit of 5 % a day.
            |p| p.law = pi(|law| law.ki = Ppm::new(50_001)),
            |p| p.bands = vec![],
            |p| p.bands = vec![p.bands[0]; 9],
            |p| p.bands.retain(|band| band.from != Ppm::ZERO),
            |p| p.bands[2].from = Ppm::new(500_000),
            |p| p.bands[2].open_interest = Ppm::new(499_999),
            |p| p.bands[2].leverage = Ppm::new(4_999_999),
            |p| p.bands[3].listings = false,
        ];
        for (at, change) in bad.into_iter().enumerate() {
            let code = check(&with(change)).map_err(|reject| reject.code);
            assert_eq!(code, Err(RejectCode::BadPolicy), "{at}");
        }
    }

    #[test]
    fn whose_change_it_is() {
        let old = ControlPolicy::default();
        let within: [Change; 7] = [
            |p| p.law = curve(&[(0, 250_000), (1_000_000, 0)]),
            |p| p.rate_max = Ppm::new(249_999),
            |p| p.rate_min = Ppm::new(1),
            |p| p.slew = None,
            |p| p.spike_max = Ppm::ZERO,
            |p| p.loosen_delay = Span::days(2),
            |p| p.bands[4].leverage = Ppm::new(10_000_000),
        ];
        for (at, change) in within.into_iter().enumerate() {
            assert!(!widens(&old, &with(change)), "{at}");
        }
        let past: [Change; 7] = [
            |p| p.rate_max = Ppm::new(250_001),
            |p| p.spike_max = Ppm::new(50_001),
            |p| p.spikes_max = 5,
            |p| p.spike_span_max = Span::days(8),
            |p| p.band_margin = Ppm::new(19_999),
            |p| p.loosen_delay = Span::hours(23),
            |p| p.bands[0].leverage = Ppm::new(3_000_001),
        ];
        for (at, change) in past.into_iter().enumerate() {
            assert!(widens(&old, &with(change)), "{at}");
        }
        let low = with(|p| p.rate_min = Ppm::new(5));
        assert!(widens(&low, &old));
    }
}
