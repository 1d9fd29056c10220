//! The mark at which an account falls under maintenance, all else unmoved.

use super::margin::{Account, Margin, scale};
use crate::reject::{Reject, RejectCode};
use alloc::{vec, vec::Vec};
use backstop_units::{Amount, Ppm, Price, Ratio, Signed};
use core::cmp::Ordering;

/// A stretch of notionals on which margin is a straight line: `notional × rate ÷ of − deduction`.
struct Line {
    above: Amount,
    up_to: Option<Amount>,
    rate: u128,
    of: u128,
    deduction: Amount,
}

/// The worst mark of the position at `at` at which the account still meets maintenance, in quote
/// atoms for each whole base unit × 10⁹; marks, funding and margins of the other positions stay.
///
/// ```text
///   notional = (others' maintenance − deduction − equity without this position) ÷ (side − rate)
///   price    = notional ÷ |size|,  side = +1 for a long, −1 for a short
/// ```
///
/// None when no mark above zero makes the account fail: a long that others pay for, or whose rate is
/// the whole. A short that fails at every mark has zero. **Rounding** up for a long, down for a short:
/// the account is told too early, by less than a step of the price. Notional and margin round to atoms
/// where they are charged, so an account may fail up to two atoms' worth of price before.
///
/// # Errors
/// [`RejectCode::BadClose`] without a position at `at`; [`RejectCode::Overflow`].
pub fn liquidation_price(account: &Account<'_>, at: usize) -> Result<Option<Price>, Reject> {
    let position = account.position(at)?;
    if position.size.is_zero() {
        return Err(Reject::none(RejectCode::BadClose));
    }
    let mut others = account.clone();
    others.positions.remove(at);
    let others = others.standing()?;
    let own = others.equity.checked_add(position.funding).ok_or(Reject::overflow())?;
    let needed = Signed::gain(others.maintenance).ok_or(Reject::overflow())?;
    let short_of = needed.checked_sub(own).ok_or(Reject::overflow())?;
    let short = position.size.is_negative();
    for line in lines(&position.maintenance)? {
        let Some(notional) = line.meets(short_of, short)? else { continue };
        let each = notional.times(scale(position.decimals)?)?.over(position.size.size().get())?;
        let rounded = if short { each.floor()? } else { each.ceil()? };
        return Ok(Some(Price::new(rounded.positive().get())));
    }
    // A short that fails on no line above zero fails already at zero, or meets every line.
    let fails = short && !short_of.is_negative() && !short_of.is_zero();
    Ok(fails.then_some(Price::ZERO))
}

impl Line {
    /// The notional at which equity is exactly the margin, if it lies on this stretch and above zero.
    fn meets(&self, short_of: Signed, short: bool) -> Result<Option<Ratio>, Reject> {
        let deduction = Signed::gain(self.deduction).ok_or(Reject::overflow())?;
        let missing = Ratio::whole(short_of).minus(Ratio::whole(deduction))?;
        let notional = if short {
            let over = self.of.checked_add(self.rate).ok_or(Reject::overflow())?;
            Ratio::whole(Signed::ZERO).minus(missing)?.times(self.of)?.over(over)?
        } else {
            let over = self.of.saturating_sub(self.rate);
            if over == 0 {
                return Ok(None);
            }
            missing.times(self.of)?.over(over)?
        };
        let beyond = |edge: Amount| -> Result<Ordering, Reject> {
            let edge = Ratio::whole(Signed::gain(edge).ok_or(Reject::overflow())?);
            Ok(notional.compare(&edge)?)
        };
        let past = match self.up_to {
            Some(edge) => beyond(edge)? == Ordering::Greater,
            None => false,
        };
        let positive = beyond(Amount::ZERO)? == Ordering::Greater;
        let inside = positive && beyond(self.above)? != Ordering::Less && !past;
        Ok(inside.then_some(notional))
    }
}

fn lines(margin: &Margin<'_>) -> Result<Vec<Line>, Reject> {
    let flat = |rate, of| {
        vec![Line { above: Amount::ZERO, up_to: None, rate, of, deduction: Amount::ZERO }]
    };
    let whole = u128::from(Ppm::WHOLE.get());
    match margin {
        Margin::Rate(rate) => Ok(flat(u128::from(rate.get()), whole)),
        Margin::Scaled(scale) => scale.rate().map(|(rate, of)| flat(rate, of)),
        Margin::Brackets([]) => Ok(flat(0, whole)),
        Margin::Brackets(brackets) => {
            let ends = brackets.iter().skip(1).map(|next| Some(next.above)).chain([None]);
            let list =
                brackets.iter().zip(ends).enumerate().map(|(index, (bracket, up_to))| Line {
                    above: if index == 0 { Amount::ZERO } else { bracket.above },
                    up_to,
                    rate: u128::from(bracket.rate.get()),
                    of: whole,
                    deduction: bracket.deduction,
                });
            Ok(list.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquidation::{
        margin::Position,
        tiers::{OpenInterestScale, brackets},
    };
    use proptest::prelude::*;

    const USD: u128 = 1_000_000_000_000_000;

    fn position(size: i128, usd: u128, maintenance: Margin<'_>) -> Position<'_> {
        Position {
            size: Signed::new(size),
            decimals: 9,
            mark: Price::new(usd * USD),
            funding: Signed::ZERO,
            maintenance,
            initial: maintenance,
        }
    }

    fn ask(collateral: i128, positions: Vec<Position<'_>>) -> Option<u128> {
        let account = Account { collateral: Signed::new(collateral), positions };
        liquidation_price(&account, 0).unwrap().map(Price::get)
    }

    #[test]
    fn single_positions() {
        let five = Margin::Rate(Ppm::new(50_000));
        for (collateral, size, want) in [
            // Short of three at 3,000 with equity of 1,000: 10,000 / 3.15.
            (10_000_000_000, -3_000_000_000, Some(10_000 * USD * 100 / 315)),
            // Long of three at 3,000 with equity of 1,000: 8,000 / 2.85, up.
            (-8_000_000_000, 3_000_000_000, Some(8_000 * USD * 100 / 285 + 1)),
            (0, 3_000_000_000, None),
            (5, 3_000_000_000, None),
            (-1, -3_000_000_000, Some(0)),
            (0, -3_000_000_000, None),
        ] {
            assert_eq!(
                ask(collateral, vec![position(size, 3_000, five)]),
                want,
                "{collateral}, {size}"
            );
        }
        let whole = Margin::Rate(Ppm::WHOLE);
        assert_eq!(ask(-5, vec![position(1, 1, whole)]), None);
        assert_eq!(
            ask(-1_000_000, vec![position(1_000_000_000, 9, Margin::Brackets(&[]))]),
            Some(USD)
        );
    }

    #[test]
    fn others_stay() {
        // 110 with a long of 4 at 50 and a short of 100 at 3: what does the long bear?
        let ten = Margin::Rate(Ppm::new(100_000));
        let pair = vec![position(4_000_000_000, 50, ten), position(-100_000_000_000, 3, ten)];
        // 110 − 300 + 4 p = 30 + 0.4 p, so p = 220 / 3.6.
        assert_eq!(ask(110_000_000, pair), Some(220 * USD * 10 / 36 + 1));
        let scaled = Margin::Scaled(OpenInterestScale {
            base: Ppm::new(100_000),
            lower: Amount::ZERO,
            upper: Amount::new(10),
            open: Amount::new(5),
        });
        // The rate is 55 %: 10 = p − 0.55 p.
        assert_eq!(ask(-9_000_000, vec![position(1_000_000_000, 50, scaled)]), Some(20 * USD));
    }

    #[test]
    fn brackets_are_looked_through() {
        let list = [(0u128, 10_000u32), (100_000_000, 20_000), (500_000_000, 50_000)];
        let table =
            brackets(&list.map(|(above, rate)| (Amount::new(above), Ppm::new(rate)))).unwrap();
        let margin = Margin::Brackets(&table);
        for (collateral, size, want) in [
            // One unit: p − 49.5 = 1 % p, so 50.
            (-49_500_000, 1_000_000_000, Some(50 * USD)),
            // p − 196 = 2 % p − 1, so 195 / 0.98.
            (-196_000_000, 1_000_000_000, Some(195 * USD * 100 / 98 + 1)),
            // p − 969 = 5 % p − 16, so 953 / 0.95.
            (-969_000_000, 1_000_000_000, Some(953 * USD * 100 / 95 + 1)),
            // 1,000 − p = 5 % p − 16.
            (1_000_000_000, -1_000_000_000, Some(1_016 * USD * 100 / 105)),
        ] {
            let at = position(size, 100, margin);
            assert_eq!(ask(collateral, vec![at]), want, "{collateral}, {size}");
        }
    }

    #[test]
    fn refusals() {
        let rate = Margin::Rate(Ppm::new(50_000));
        let code = |size, collateral, at| {
            let account = Account {
                collateral: Signed::new(collateral),
                positions: vec![position(size, 3, rate)],
            };
            liquidation_price(&account, at).map_err(|reject| reject.code)
        };
        assert_eq!(code(0, 5, 0), Err(RejectCode::BadClose));
        assert_eq!(code(7, 5, 1), Err(RejectCode::BadClose));
        assert_eq!(code(1, i128::MIN, 0), Err(RejectCode::Overflow));
        assert!(code(i128::MIN, i128::MAX, 0).is_ok());
    }

    proptest! {
        #[test]
        fn on_the_right_side(
            collateral in 1i128..10_000_000_000_000, size in 1_000_000i128..1_000_000_000_000,
            short: bool, rate in 0u32..900_000, other in -1_000_000_000i128..1_000_000_000,
        ) {
            let rate = Margin::Rate(Ppm::new(rate));
            let (size, collateral) = if short { (-size, collateral) } else { (size, -collateral) };
            let mut account = Account {
                collateral: Signed::new(collateral),
                positions: vec![position(size, 1, rate), position(other, 7, rate)],
            };
            let Some(at) = liquidation_price(&account, 0).unwrap() else { return Ok(()) };
            let mut spare = |price: u128| {
                account.positions[0].mark = Price::new(price);
                let standing = account.standing().unwrap();
                standing.equity.get() - i128::try_from(standing.maintenance.get()).unwrap()
            };
            // Two atoms of notional and margin are rounded away; three are what ten percent of 30 weigh.
            prop_assert!(spare(at.get()) >= -2);
            let step = 1_000_000_000_000_000_000 * 40 / u128::try_from(size.abs()).unwrap() + 1;
            let worse = if short { at.get() + step } else { at.get().saturating_sub(step) };
            prop_assert!(worse == 0 || spare(worse) < 0, "{at} and {worse}");
        }
    }
}
