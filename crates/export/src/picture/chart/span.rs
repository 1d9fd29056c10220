//! From figures to places: bounds and ticks at 1, 2 or 5 times a power of ten, on a plain or a logarithmic axis.

use super::axis::Scale;
use crate::picture::sketch::{Px, px};

/// What an axis reaches over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    low: f64,
    high: f64,
    scale: Scale,
    /// Where lines and numbers stand, from low to high.
    pub(super) ticks: Vec<f64>,
}

impl Span {
    /// The least round span that holds all values, with at most so many ticks. Values without a place on the axis are
    /// passed over; of none it is zero to one, or 1 to 10.
    pub(super) fn over(values: impl Iterator<Item = f64>, scale: Scale, most: usize) -> Self {
        let has_place = |value: &f64| has_place(*value, scale);
        let ends = values.filter(has_place).fold(None, |ends: Option<(f64, f64)>, value| {
            ends.map_or(Some((value, value)), |(low, high)| Some((low.min(value), high.max(value))))
        });
        match scale {
            Scale::Linear => linear(ends.unwrap_or((0.0, 1.0)), most),
            Scale::Log => log(ends.unwrap_or((1.0, 10.0)), most),
        }
    }

    /// All whole places from zero to the last of so many; ticks are for the caller.
    pub(super) fn places(number: usize) -> Self {
        let last = number.saturating_sub(1).max(1);
        Self { low: 0.0, high: whole(last), scale: Scale::Linear, ticks: Vec::new() }
    }

    /// How far along a length a value stands, in tenths of a pixel; none where it has no place.
    pub(super) fn along(&self, value: f64, length: Px) -> Option<Px> {
        let on = |value: f64| if self.scale == Scale::Log { libm::log10(value) } else { value };
        if !has_place(value, self.scale) {
            return None;
        }
        let part = (on(value) - on(self.low)) / (on(self.high) - on(self.low));
        (-1e-9..=1.0 + 1e-9).contains(&part).then(|| tenths(part, length))
    }
}

/// Whether an axis can show a value; figures beyond all sense would leave no room for others.
fn has_place(value: f64, scale: Scale) -> bool {
    match scale {
        Scale::Linear => value.abs() <= 1e60,
        Scale::Log => (1e-60..=1e60).contains(&value),
    }
}

/// A part of a length in tenths of a pixel, to the nearest.
#[allow(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(super) fn tenths(part: f64, length: Px) -> Px {
    // `as` saturates; lengths are a few hundred.
    px((part * 10.0 * length.0 as f64).round() as i64)
}

/// A count for an axis.
#[allow(clippy::as_conversions, clippy::cast_precision_loss)]
pub(crate) const fn whole(count: usize) -> f64 {
    count as f64
}

/// The power of ten of a number above zero, and the next of 1, 2, 5, 10 that is not below its head.
fn head(value: f64) -> (i64, i32) {
    let text = format!("{value:e}");
    let (mantissa, power) = text.split_once('e').unwrap_or(("1", "0"));
    let (mantissa, power) = (mantissa.parse().unwrap_or(1.0), power.parse().unwrap_or(0));
    let steps = [1_i64, 2, 5, 10];
    let fits = |step: &&i64| round(**step, 0) >= mantissa * (1.0 - 1e-9);
    (*steps.iter().find(fits).unwrap_or(&10), power)
}

/// A whole number times a power of ten, as exact as a double is.
fn round(number: i64, power: i32) -> f64 {
    format!("{number}e{power}").parse().unwrap_or(0.0)
}

fn linear((low, high): (f64, f64), most: usize) -> Span {
    let flat = (high - low) <= low.abs().max(high.abs()) * 1e-12;
    let widen = if low.abs() > 0.0 { low.abs() * 0.1 } else { 1.0 };
    let (low, high) = match (flat, low < 0.0) {
        (false, _) => (low, high),
        (true, false) => ((low - widen).max(0.0), high + widen),
        (true, true) => (low - widen, high + widen),
    };
    let steps = whole(most.saturating_sub(1).max(1));
    let (head, power) = head(((high - low) / steps).clamp(1e-300, 1e300));
    let step = round(head, power);
    let (first, last) = (index((low / step + 1e-9).floor()), index((high / step - 1e-9).ceil()));
    let ticks = (first..=last).take(64).map(|at| round(at.saturating_mul(head), power));
    let (low, high) = (
        round(first.saturating_mul(head), power),
        round(last.max(first.saturating_add(1)).saturating_mul(head), power),
    );
    Span { low, high, scale: Scale::Linear, ticks: ticks.collect() }
}

#[allow(clippy::as_conversions, clippy::cast_possible_truncation)]
fn index(value: f64) -> i64 {
    // `as` saturates.
    value as i64
}

fn log((low, high): (f64, f64), most: usize) -> Span {
    let powers = |value: f64| format!("{value:e}").split_once('e').map_or(0, power_of);
    let (from, to) = (powers(low), powers(high).saturating_add(1));
    let near = 1.0 + 1e-9;
    let all: Vec<f64> =
        (from..=to).flat_map(|power| [1, 2, 5].map(|step| round(step, power))).collect();
    let bottom = all.iter().copied().rfind(|tick| *tick <= low * near).unwrap_or(low);
    let top = all.iter().copied().find(|tick| *tick >= high / near && *tick > bottom);
    let top = top.unwrap_or(high * 10.0);
    let inside = |tick: &f64| *tick >= bottom && *tick <= top;
    let mut ticks: Vec<f64> = all.into_iter().filter(inside).collect();
    let mut every = 1_usize;
    while ticks.len() > most && every < 400 {
        let decades = (from..=to).step_by(every).map(|power| round(1, power));
        ticks = decades.filter(inside).collect();
        every = every.saturating_add(1);
    }
    Span { low: bottom, high: top, scale: Scale::Log, ticks }
}

fn power_of((_, power): (&str, &str)) -> i32 {
    power.parse().unwrap_or(0)
}

/// Evenly spread places out of so many, the first and the last among them.
pub(super) fn picked(number: usize, most: usize) -> Vec<usize> {
    if number <= most || most < 2 {
        return (0..number.min(most.max(1))).collect();
    }
    let (last, steps) = (number.saturating_sub(1), most.saturating_sub(1));
    let place = |at: usize| at.saturating_mul(last).checked_div(steps).unwrap_or(0);
    (0..most).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        for (low, high, want) in [
            (0.0, 9.7, vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
            (0.0, 0.31, vec![0.0, 0.1, 0.2, 0.3, 0.4]),
            (-3.0, 11.0, vec![-5.0, 0.0, 5.0, 10.0, 15.0]),
            (5.0, 5.0, vec![4.4, 4.6, 4.8, 5.0, 5.2, 5.4, 5.6]),
            (0.0, 0.0, vec![0.0, 0.5, 1.0]),
        ] {
            let span = Span::over([low, high].into_iter(), Scale::Linear, 6);
            assert!(span.ticks.len() <= 7, "{span:?}");
            assert!(span.low <= low && span.high >= high, "{span:?}");
            if low < high {
                assert_eq!(span.ticks, want);
            }
        }
        let log = |low, high, most| Span::over([low, high].into_iter(), Scale::Log, most).ticks;
        assert_eq!(log(0.001, 1.0, 6), [0.001, 0.01, 0.1, 1.0]);
        assert_eq!(log(3.0, 40.0, 6), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(log(1e-9, 1.0, 4), [1e-9, 1e-6, 1e-3, 1.0]);
        assert_eq!(log(7.0, 7.0, 6), [5.0, 10.0]);
        assert_eq!(log(f64::NAN, -1.0, 6), [1.0, 2.0, 5.0, 10.0]);
    }

    #[test]
    fn places_are_in_tenths_and_what_has_none_is_left_out() {
        let span = Span::over([0.0, 10.0].into_iter(), Scale::Linear, 6);
        assert_eq!(span.along(2.5, px(200)), Some(px(500)));
        assert_eq!(span.along(11.0, px(200)), None);
        assert_eq!(span.along(f64::NAN, px(200)), None);
        let span = Span::over([0.01, 1.0].into_iter(), Scale::Log, 6);
        assert_eq!(span.along(0.1, px(200)), Some(px(1000)));
        assert_eq!(span.along(0.0, px(200)), None);
        assert_eq!(picked(5, 9), [0, 1, 2, 3, 4]);
        assert_eq!(picked(101, 3), [0, 50, 100]);
        assert!(picked(0, 3).is_empty());
    }
}
