//! The price path inside a bar.
//!
//! ```text
//!   longs are more:  open ──▶ low ──▶ high ──▶ close
//!   shorts are more: open ──▶ high ──▶ low ──▶ close
//! ```
//!
//! A bar says where the price was, not when. The walk goes first to the extreme that hurts the side
//! with more open interest, so a loss is met before the relief; each leg is linear in equal steps.

use crate::prices::Bar;
use backstop_core::policy::PositionSide;
use backstop_units::{MathError, Price, mul_div_floor};

/// Steps of one leg unless a run says otherwise: an hourly bar is 3 × 60 steps of 20 s.
pub const STEPS_PER_LEG: u32 = 60;

/// Legs of one bar.
pub const LEGS: u32 = 3;

/// The prices of one bar after each step: `3 × steps_per_leg` of them, the close last.
///
/// The open itself is not a step: it is where the bar begins. **Rounding** toward the start of the
/// leg; the end of each leg is exact.
///
/// # Errors
/// [`MathError`] when a product exceeds 128 bits; prices within
/// [`PRICE_RANGE`](crate::prices::PRICE_RANGE) never do. With zero steps the walk is empty.
pub fn walk(bar: &Bar, heavier: PositionSide, steps_per_leg: u32) -> Result<Vec<Price>, MathError> {
    let (first, second) = match heavier {
        PositionSide::Long => (bar.low, bar.high),
        PositionSide::Short => (bar.high, bar.low),
    };
    let corners = [bar.open, first, second, bar.close];
    let mut prices = Vec::new();
    for leg in corners.windows(2) {
        let [from, to] = leg else { continue };
        for step in 1..=steps_per_leg {
            prices.push(between((*from, *to), step.into(), steps_per_leg.into())?);
        }
    }
    Ok(prices)
}

/// A price on the straight line from one to another, `step` of so many on. **Rounding** toward the start.
pub(crate) fn between((from, to): (Price, Price), step: u64, of: u64) -> Result<Price, MathError> {
    let (low, high) = (from.min(to), from.max(to));
    let distance = high.saturating_sub(low).get();
    let moved = Price::new(mul_div_floor(distance, u128::from(step), u128::from(of))?);
    Ok(if to >= from { from.saturating_add(moved) } else { from.saturating_sub(moved) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Timestamp;

    fn bar() -> Bar {
        let price = |units: u128| Price::new(units);
        Bar {
            open_time: Timestamp::ZERO,
            open: price(100),
            high: price(110),
            low: price(70),
            close: price(101),
        }
    }

    #[test]
    fn adverse_extreme_comes_first() {
        let got = |side| -> Vec<u128> {
            walk(&bar(), side, 2).unwrap().iter().map(|p| p.get()).collect()
        };
        assert_eq!(got(PositionSide::Long), [85, 70, 90, 110, 106, 101]);
        assert_eq!(got(PositionSide::Short), [105, 110, 90, 70, 85, 101]);
    }

    #[test]
    fn corners_are_exact_at_every_resolution() {
        for steps in [1, 7, 30, 60, 120] {
            let path = walk(&bar(), PositionSide::Long, steps).unwrap();
            let at = |leg: u32| path[usize::try_from(leg * steps - 1).unwrap()].get();
            assert_eq!((at(1), at(2), at(3)), (70, 110, 101), "{steps} steps");
            assert_eq!(path.len(), usize::try_from(3 * steps).unwrap());
        }
        assert_eq!(walk(&bar(), PositionSide::Long, 0), Ok(Vec::new()));
    }
}
