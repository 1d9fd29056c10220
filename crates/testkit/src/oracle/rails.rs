//! What settings of fee control must keep to, and which of them are the council's to change.

use backstop_core::policy::{Band, ControlPolicy, CurvePoint, Law, PiLaw, SurplusRoute};
use backstop_units::{Ppm, Span};

const WHOLE: u32 = 1_000_000;

/// Whether settings can be carried out.
pub(super) fn sound(p: &ControlPolicy) -> bool {
    let parts = [p.rate_max, p.spike_max, p.reservations.part_max];
    let idle = p.idle.map_or(Ppm::ZERO, |idle| idle.part_max);
    parts.iter().chain([&idle]).all(|part| part.get() <= WHOLE)
        && p.rate_min <= p.rate_max
        && p.spikes_max <= 16
        && p.reservations.count_max <= 64
        && p.slew.is_none_or(|slew| slew.per > Span::ZERO)
        && match &p.law {
            Law::Curve(points) => sound_curve(points),
            Law::Pi(law) => sound_pi(law, p),
        }
        && sound_bands(&p.bands)
        && p.messages.is_none_or(|messages| {
            messages.fee_max.get() <= WHOLE
                && messages.span_max > Span::ZERO
                && messages.target_max >= messages.target_default
        })
        && sound_routes(p)
}

/// Two to eleven points, coverage rises and the rate doesn't.
fn sound_curve(points: &[CurvePoint]) -> bool {
    let falls = |w: &[CurvePoint]| w[0].coverage < w[1].coverage && w[0].rate >= w[1].rate;
    (2..=11).contains(&points.len()) && points.windows(2).all(falls)
}

/// The base within the rails, the dead band around the whole, the integral no faster than the rate.
fn sound_pi(law: &PiLaw, p: &ControlPolicy) -> bool {
    let speed = |by: Ppm, of: Span| u128::from(by.get()) * u128::from(of.ms());
    (p.rate_min..=p.rate_max).contains(&law.base)
        && law.dead_from.get() <= WHOLE
        && law.dead_to.get() >= WHOLE
        && law.ki_period > Span::ZERO
        && p.slew.is_none_or(|slew| speed(law.ki, slew.per) <= speed(slew.by, law.ki_period))
}

/// One to eight bands from zero up, none of them tighter than a lower one.
fn sound_bands(bands: &[Band]) -> bool {
    let rises = |w: &[Band]| {
        w[0].from < w[1].from
            && w[0].open_interest <= w[1].open_interest
            && w[0].leverage <= w[1].leverage
            && (w[1].listings || !w[0].listings)
    };
    (1..=8).contains(&bands.len()) && bands[0].from == Ppm::ZERO && bands.windows(2).all(rises)
}

/// Nobody is sent surplus who has no account.
fn sound_routes(p: &ControlPolicy) -> bool {
    let leads = |route| p.bands.iter().any(|band| band.surplus == route);
    p.routes.is_none_or(|routes| {
        (routes.lps.is_some() || !leads(SurplusRoute::Lps))
            && (routes.token_holders.is_some() || !leads(SurplusRoute::TokenHolders))
    })
}

/// The band at a coverage; none of an empty table.
fn at(bands: &[Band], coverage: Ppm) -> Option<Band> {
    bands.iter().rfind(|band| band.from <= coverage).or(bands.first()).copied()
}

/// Whether something is allowed at some coverage that was not, or surplus goes elsewhere.
fn looser(old: &[Band], new: &[Band]) -> bool {
    let mut edges = old.iter().chain(new).map(|band| band.from);
    edges.any(|edge| {
        at(old, edge).zip(at(new, edge)).is_none_or(|(old, new)| {
            new.open_interest > old.open_interest
                || new.leverage > old.leverage
                || (new.listings && !old.listings)
                || new.surplus != old.surplus
        })
    })
}

/// Whether only the council may set this: it allows what was not allowed.
pub(super) fn needs_council(old: &ControlPolicy, new: &ControlPolicy) -> bool {
    let more = [
        (old.rate_max, new.rate_max),
        (new.rate_min, old.rate_min),
        (old.spike_max, new.spike_max),
        (new.band_margin, old.band_margin),
        (old.reservations.part_max, new.reservations.part_max),
    ];
    let longer = [
        (old.spike_span_max, new.spike_span_max),
        (new.loosen_delay, old.loosen_delay),
        (old.reservations.span_max, new.reservations.span_max),
    ];
    let idle = match (old.idle, new.idle) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => {
            old.venue != new.venue
                || old.part_max < new.part_max
                || old.notice > new.notice
                || old.reach < new.reach
        }
    };
    more.iter().any(|(old, new)| new > old)
        || longer.iter().any(|(old, new)| new > old)
        || new.spikes_max > old.spikes_max
        || new.reservations.count_max > old.reservations.count_max
        || idle
        || further(old, new)
        || new.routes != old.routes
        || looser(&old.bands, &new.bands)
}

/// Whether a model may ask for more than it might, or less is kept when it is silent.
fn further(old: &ControlPolicy, new: &ControlPolicy) -> bool {
    let (Some(old), Some(new)) = (old.messages, new.messages) else {
        return old.messages.is_some() || new.messages.is_some();
    };
    let amounts = [
        (old.target_max, new.target_max),
        (old.hold_max, new.hold_max),
        (new.target_default, old.target_default),
    ];
    amounts.iter().any(|(old, new)| new > old)
        || [(old.age_max, new.age_max), (old.span_max, new.span_max)].iter().any(|(a, b)| b > a)
        || new.fee_max > old.fee_max
        || new.key != old.key
}
