//! What accounts are worth and need, by the core's margin formulas, and how far the marks may move
//! before anybody has to look again.

use crate::{book::BASE_DECIMALS, float::PRICE_SCALE};
use backstop_core::{
    Reject,
    liquidation::margin::{self, Margin, Standing},
    policy::PositionSide,
};
use backstop_units::{MathError, Ppm, Price, Signed, mul_div_ceil, mul_div_floor};

/// Base atoms of a whole unit × the scale of a [`Price`].
const VALUE_SCALE: u128 = PRICE_SCALE * PRICE_SCALE;

/// What roundings of equity and margin can come to between two looks, in quote atoms a position.
const DUST: u128 = 4;

/// A whole way on the odometer of [`travelled`].
const WHOLE_WAY: u128 = 1_000_000_000_000;

/// A position of one account: base atoms, positive when long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) market: usize,
    pub(crate) base: i128,
}

impl Position {
    pub(crate) const fn side(&self) -> PositionSide {
        if self.base < 0 { PositionSide::Short } else { PositionSide::Long }
    }
}

/// A count as a signed number.
pub(crate) fn signed(count: u128) -> Result<i128, MathError> {
    i128::try_from(count).map_err(|_| MathError::Overflow)
}

/// What a position could be sold for, in quote atoms; negative for a short. Rounded as
/// [`margin::notional`] does.
pub(crate) fn value(base: i128, price: Price) -> Result<i128, Reject> {
    margin::notional(Signed::new(base), BASE_DECIMALS, price).map(Signed::get)
}

/// The size of a position in quote atoms, whatever its side.
pub(crate) fn size(base: i128, price: Price) -> Result<u128, Reject> {
    value(base, price).map(i128::unsigned_abs)
}

/// Equity and maintenance margin of an account, in quote atoms. `maintenance` is its initial margin too.
pub(crate) fn standing(
    cash: i128,
    positions: &[Position],
    marks: &[Price],
    maintenance: Ppm,
) -> Result<Standing, Reject> {
    let mut total = Standing { equity: Signed::new(cash), ..Standing::default() };
    for position in positions {
        let position = margin::Position {
            size: Signed::new(position.base),
            decimals: BASE_DECIMALS,
            mark: marks.get(position.market).copied().unwrap_or_default(),
            funding: Signed::ZERO,
            maintenance: Margin::Rate(maintenance),
            initial: Margin::Rate(Ppm::ZERO),
        };
        total = total.plus(&position.standing()?)?;
    }
    Ok(total)
}

/// What an account has above its maintenance margin, less what roundings may take; nothing below it.
fn spare(standing: &Standing, positions: usize) -> u128 {
    let dust = DUST.saturating_mul(u128::try_from(positions).unwrap_or(u128::MAX));
    let spare = standing.equity.positive().saturating_sub(standing.maintenance);
    spare.get().saturating_sub(dust)
}

/// How far the mark may move before an account with one position can fall below maintenance.
///
/// A bound, not a rule: each atom of price moves what the account has to spare by at most its size and
/// the margin on it. **Rounding** down.
pub(crate) fn reach(standing: &Standing, base: i128, maintenance: Ppm) -> Result<Price, MathError> {
    let whole = u128::from(Ppm::WHOLE.get());
    let per_price =
        mul_div_ceil(base.unsigned_abs().max(1), whole + u128::from(maintenance.get()), whole)?;
    // What does not fit is farther than any price.
    let reach = mul_div_floor(spare(standing, 1), VALUE_SCALE, per_price);
    Ok(reach.map_or(Price::new(u128::MAX), Price::new))
}

/// How far the marks may travel together before an account with several positions can fall below
/// maintenance, on the odometer of [`travelled`].
///
/// A way of `x` moves no mark by more than the factor `e^x`, and `e^x − 1 <= r` while
/// `x <= r ÷ (1 + r)`, with `r` what there is to spare ÷ (notionals and margin on them). **Rounding** down.
pub(crate) fn way(
    standing: &Standing,
    positions: &[Position],
    marks: &[Price],
    maintenance: Ppm,
) -> Result<u128, Reject> {
    let mut notional = 0u128;
    for position in positions {
        let mark = marks.get(position.market).copied().unwrap_or_default();
        notional = notional.saturating_add(size(position.base, mark)?).saturating_add(1);
    }
    let whole = u128::from(Ppm::WHOLE.get());
    let moved = mul_div_ceil(notional, whole + u128::from(maintenance.get()), whole)?;
    let spare = spare(standing, positions.len());
    Ok(mul_div_floor(spare, WHOLE_WAY, spare.saturating_add(moved).max(1))?)
}

/// The way of a mark from one price to another: at least the logarithm of their ratio, in parts of
/// 10¹². **Rounding** up.
pub(crate) fn travelled(from: Price, to: Price) -> Result<u128, MathError> {
    let least = from.min(to).get().max(1);
    mul_div_ceil(from.get().abs_diff(to.get()), WHOLE_WAY, least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const USD: u128 = 1_000_000 * PRICE_SCALE;
    const MAINTENANCE: Ppm = Ppm::new(25_000);

    fn below(cash: i128, positions: &[Position], marks: &[Price]) -> bool {
        standing(cash, positions, marks, MAINTENANCE).unwrap().is_liquidatable()
    }

    #[test]
    fn within_its_reach_nobody_falls_and_beyond_it_he_does() {
        // Ten units at 100 with 10-fold leverage: equity 100.
        for (cash, base) in [(-900_000_000, 10_000_000_000), (1_100_000_000, -10_000_000_000)] {
            let (at, mark) = ([Position { market: 0, base }], Price::new(100 * USD));
            let now = standing(cash, &at, &[mark], MAINTENANCE).unwrap();
            let reach = reach(&now, base, MAINTENANCE).unwrap();
            let moved = |by: Price| {
                if base > 0 { mark.saturating_sub(by) } else { mark.saturating_add(by) }
            };
            assert!(!below(cash, &at, &[moved(reach)]), "{base}");
            // A bound may be too near by the margin on the way, here 2 × 2.5 %.
            let farther = Price::new(reach.get() / 100 * 106);
            assert!(below(cash, &at, &[moved(farther)]), "{base}");
        }
        let rich = standing(5, &[], &[], MAINTENANCE).unwrap();
        assert_eq!(
            reach(&rich, 1, MAINTENANCE),
            Ok(Price::new(VALUE_SCALE / 2)),
            "spare 1, size 2"
        );
    }

    #[test]
    fn on_its_way_a_hedged_account_never_falls() {
        let mut random = Random::new(11);
        let positions = [
            Position { market: 0, base: 10_000_000_000 },
            Position { market: 1, base: -30_000_000_000 },
        ];
        let mut ends = 0;
        for _ in 0..300 {
            let mut marks = [Price::new(100 * USD), Price::new(40 * USD)];
            let now = standing(700_000_000, &positions, &marks, MAINTENANCE).unwrap();
            let limit = way(&now, &positions, &marks, MAINTENANCE).unwrap();
            let mut gone = 0;
            while gone <= limit {
                assert!(!below(700_000_000, &positions, &marks), "{gone} of {limit}");
                let mut farthest = 0;
                for mark in &mut marks {
                    let to = crate::float::scaled(*mark, random.uniform().mul_add(0.04, 0.98));
                    farthest = farthest.max(travelled(*mark, to).unwrap());
                    *mark = to;
                }
                gone += farthest;
            }
            ends += 1;
        }
        assert_eq!(ends, 300);
        // The worst way there is, both marks straight against the account, ends it soon after.
        let marks = [Price::new(50 * USD), Price::new(60 * USD)];
        assert!(below(700_000_000, &positions, &marks));
    }

    #[test]
    fn cross_margin_adds_up() {
        let positions = [Position { market: 0, base: 10 }, Position { market: 1, base: -20 }];
        let marks = [Price::new(VALUE_SCALE), Price::new(2 * VALUE_SCALE)];
        // Equity 100 + 10 - 40, margins 2.5 % of 10 and of 40, each rounded up.
        let got = standing(100, &positions, &marks, MAINTENANCE).unwrap();
        assert_eq!((got.equity.get(), got.maintenance.get()), (70, 2));
    }
}
