//! What positions are worth, what margin they need, and at which mark that fails. Integers only.

use crate::{float::PRICE_SCALE, path::Side};
use backstop_units::{Bps, MathError, Price, mul_div_ceil, mul_div_floor};

/// Base atoms of a whole unit × the scale of a [`Price`].
const VALUE_SCALE: u128 = PRICE_SCALE * PRICE_SCALE;

/// A position of one account: base atoms, positive when long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) market: usize,
    pub(crate) base: i128,
}

impl Position {
    pub(crate) const fn side(&self) -> Side {
        if self.base < 0 { Side::Short } else { Side::Long }
    }
}

/// A count as a signed number.
pub(crate) fn signed(count: u128) -> Result<i128, MathError> {
    i128::try_from(count).map_err(|_| MathError::Overflow)
}

/// What a position could be sold for, in quote atoms; negative for a short.
///
/// **Rounding** down: a long is worth the floor, a short owes the ceiling. The account bears the dust.
pub(crate) fn value(base: i128, price: Price) -> Result<i128, MathError> {
    let size = base.unsigned_abs();
    if base < 0 {
        Ok(-signed(mul_div_ceil(size, price.get(), VALUE_SCALE)?)?)
    } else {
        signed(mul_div_floor(size, price.get(), VALUE_SCALE)?)
    }
}

/// The size of a position in quote atoms, whatever its side. **Rounding** up.
pub(crate) fn notional(base: i128, price: Price) -> Result<u128, MathError> {
    mul_div_ceil(base.unsigned_abs(), price.get(), VALUE_SCALE)
}

/// Equity of an account and the margin it needs, in quote atoms.
///
/// **Rounding** equity down, margin up.
pub(crate) fn standing(
    cash: i128,
    positions: &[Position],
    marks: &[Price],
    maintenance: Bps,
) -> Result<(i128, i128), MathError> {
    let (mut equity, mut total) = (cash, 0u128);
    for position in positions {
        let mark = marks.get(position.market).copied().unwrap_or_default();
        equity += value(position.base, mark)?;
        total += notional(position.base, mark)?;
    }
    let needed = mul_div_ceil(total, u128::from(maintenance.get()), 10_000)?;
    Ok((equity, signed(needed)?))
}

/// The mark at or beyond which an account with one position is below maintenance: at most for a
/// long, at least for a short. Errs by an atom toward asking too early; [`standing`] then decides.
/// `None`: never.
///
/// From `cash + base × p < maintenance × |base| × p`.
pub(crate) fn trigger(
    cash: i128,
    base: i128,
    maintenance: Bps,
) -> Result<Option<Price>, MathError> {
    let whole = u128::from(Bps::WHOLE.get());
    let rate = u128::from(maintenance.get());
    let size = base.unsigned_abs();
    let per_price = |owed: u128, weight: u128| -> Result<u128, MathError> {
        // owed × scale ÷ (size × weight ÷ whole), in two steps that each round outward.
        let at_weight = mul_div_ceil(owed, whole, weight)?;
        mul_div_ceil(at_weight, VALUE_SCALE, size)
    };
    if base > 0 {
        if cash >= 0 || rate >= whole {
            return Ok(None);
        }
        let outward = mul_div_ceil(VALUE_SCALE, 2, size)?;
        let at = per_price(cash.unsigned_abs(), whole - rate)?;
        return Ok(Some(Price::new(at.checked_add(outward).ok_or(MathError::Overflow)?)));
    }
    if cash <= 0 {
        return Ok(Some(Price::ZERO));
    }
    let outward = mul_div_ceil(VALUE_SCALE, 2, size.max(1))?;
    if size == 0 {
        return Ok(None);
    }
    let at = mul_div_floor(cash.unsigned_abs(), whole, whole + rate)?;
    let at = mul_div_floor(at, VALUE_SCALE, size)?;
    Ok(Some(Price::new(at.saturating_sub(outward))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: u128 = 1_000_000 * PRICE_SCALE;

    #[test]
    fn values_round_against_the_account() {
        let third = Price::new(USD / 3);
        assert_eq!(value(1_000_000_000, Price::new(USD)), Ok(1_000_000));
        assert_eq!(value(1_000_000_000, third), Ok(333_333));
        assert_eq!(value(-1_000_000_000, third), Ok(-333_334));
        assert_eq!(notional(-1_000_000_000, third), Ok(333_334));
    }

    #[test]
    fn trigger_is_where_standing_turns() {
        let maintenance = Bps::new(250);
        let below = |cash, base, price| {
            let position = [Position { market: 0, base }];
            let (equity, needed) =
                standing(cash, &position, &[Price::new(price)], maintenance).unwrap();
            equity < needed
        };
        // Ten units long at 100 with 10-fold leverage: equity 100 = cash + 1000.
        for (cash, base) in [(-900_000_000, 10_000_000_000), (1_100_000_000, -10_000_000_000)] {
            let at = trigger(cash, base, maintenance).unwrap().unwrap().get();
            let tick = USD / 1_000_000;
            let (inside, outside) =
                if base > 0 { (at - tick, at + tick) } else { (at + tick, at - tick) };
            assert!(below(cash, base, inside), "{base} at {at}");
            assert!(!below(cash, base, outside), "{base} at {at}");
        }
        assert_eq!(trigger(5, 10, maintenance), Ok(None));
        assert_eq!(trigger(0, -10, maintenance), Ok(Some(Price::ZERO)));
    }

    #[test]
    fn cross_margin_adds_up() {
        let positions = [Position { market: 0, base: 10 }, Position { market: 1, base: -20 }];
        let marks = [Price::new(VALUE_SCALE), Price::new(2 * VALUE_SCALE)];
        // Equity 100 + 10 - 40, margin 2.5 % of 50 rounded up.
        assert_eq!(standing(100, &positions, &marks, Bps::new(250)), Ok((70, 2)));
    }
}
