//! The worst price at which a liquidation order may rest.
//!
//! The further an account is under maintenance, the wider the spread from the mark that its order
//! may give away, up to a portion of the position's own maintenance margin. It may lie beyond the
//! bankruptcy price: that is how a fund comes to pay for a fill in the book.

use super::margin::{Account, scale};
use crate::reject::{Reject, RejectCode};
use backstop_units::{Ppm, Price, Ratio, Signed};
use core::cmp::Ordering;

/// How wide the spread may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpreadPolicy {
    /// Steepness: how fast the spread opens as equity falls from maintenance to zero. At 1 it is fully
    /// open at zero equity, at 2 half way there.
    pub steepness: Ppm,
    /// Spread when fully open, as a portion of the position's maintenance margin.
    pub of_maintenance: Ppm,
}

/// Limit price of an order that closes the position at `at`, in quote atoms for each whole base
/// unit × 10⁹.
///
/// ```text
///   (notional − opening × of_maintenance × position's maintenance) ÷ size
///   opening = clamp(steepness × (1 − equity ÷ maintenance), 0, 1)
/// ```
///
/// Computed as one exact fraction. **Rounding** up for a long, which sells, and down for a short, which
/// buys: the account never gives away more than the formula says. **Source** liquidation orders of
/// order-book venues on chain.
///
/// # Errors
/// [`RejectCode::BadClose`] without a position at `at`; [`RejectCode::NoMaintenance`] when the account
/// needs none; [`RejectCode::BadPolicy`] when the spread is more than a long is worth, so that the
/// price would be below zero; [`RejectCode::Overflow`].
pub fn limit_price(
    account: &Account<'_>,
    at: usize,
    policy: &SpreadPolicy,
) -> Result<Price, Reject> {
    let position = account.position(at)?;
    if position.size.is_zero() {
        return Err(Reject::none(RejectCode::BadClose));
    }
    let total = account.standing()?;
    if total.maintenance.is_zero() {
        return Err(Reject::none(RejectCode::NoMaintenance));
    }
    let notional = position.notional()?;
    let own = position.maintenance.requirement(notional.size())?;
    let opening = opening(total.equity, total.maintenance.get(), policy.steepness)?;
    let spread = part(opening.times(own.get())?, policy.of_maintenance)?;
    let size = Ratio::whole(Signed::gain(notional.size()).ok_or(Reject::overflow())?);
    let short = position.size.is_negative();
    let worth = if short { size.plus(spread)? } else { size.minus(spread)? };
    if worth.is_negative() {
        let widest = policy.of_maintenance.of_ceil(own)?;
        return Err(Reject::new(RejectCode::BadPolicy, widest, notional.size()));
    }
    let each = worth.times(scale(position.decimals)?)?.over(position.size.size().get())?;
    let rounded = if short { each.floor()? } else { each.ceil()? };
    Ok(Price::new(rounded.positive().get()))
}

/// How far the spread is open, from zero to one.
fn opening(equity: Signed, maintenance: u128, steepness: Ppm) -> Result<Ratio, Reject> {
    let (zero, one) = (Ratio::whole(Signed::ZERO), Ratio::whole(Signed::new(1)));
    let short_of = one.minus(Ratio::whole(equity).over(maintenance)?)?;
    let opening = part(short_of, steepness)?;
    if opening.is_negative() {
        return Ok(zero);
    }
    Ok(if opening.compare(&one)? == Ordering::Greater { one } else { opening })
}

fn part(of: Ratio, portion: Ppm) -> Result<Ratio, Reject> {
    Ok(of.times(u128::from(portion.get()))?.over(u128::from(Ppm::WHOLE.get()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquidation::margin::{Margin, Position};
    use proptest::prelude::*;

    const USD: u128 = 1_000_000_000_000_000;

    fn account(collateral: i128, size: i128, price: u128) -> Account<'static> {
        let position = Position {
            size: Signed::new(size),
            decimals: 8,
            mark: Price::new(price),
            funding: Signed::ZERO,
            maintenance: Margin::Rate(Ppm::new(100_000)),
            initial: Margin::Rate(Ppm::new(200_000)),
        };
        Account { collateral: Signed::new(collateral), positions: vec![position] }
    }

    fn policy(steepness: u32, of_maintenance: u32) -> SpreadPolicy {
        SpreadPolicy { steepness: Ppm::new(steepness), of_maintenance: Ppm::new(of_maintenance) }
    }

    #[test]
    fn table() {
        // A tenth of a coin at 50,000: notional 5,000, maintenance 500.
        for (collateral, size, steepness, of_maintenance, want) in [
            (-4_501_000_000, 10_000_000, 1_000_000, 100_000, 49_999 * USD),
            (-4_501_000_000, 10_000_000, 2_000_000, 100_000, 49_998 * USD),
            (5_499_000_000, -10_000_000, 1_000_000, 100_000, 50_001 * USD),
            (5_000_000_000, -10_000_000, 1_000_000, 100_000, 50_500 * USD),
            (4_500_000_000, -10_000_000, 1_000_000, 100_000, 50_500 * USD),
            (-4_501_000_000, 10_000_000, u32::MAX, 100_000, 49_500 * USD),
            (-4_501_000_000, 10_000_000, 1_000_000, 1_000_000, 49_990 * USD),
            // Far above maintenance: at the mark.
            (5_000_000_000, 10_000_000, 1_000_000, 100_000, 50_000 * USD),
            (-4_501_000_000, 10_000_000, 0, 100_000, 50_000 * USD),
        ] {
            let got = limit_price(
                &account(collateral, size, 50_000 * USD),
                0,
                &policy(steepness, of_maintenance),
            );
            assert_eq!(
                got,
                Ok(Price::new(want)),
                "{collateral} {size} {steepness} {of_maintenance}"
            );
        }
    }

    #[test]
    fn rounds_for_the_account() {
        // Seven atoms: notional 3,500, maintenance 350, equity 1, so a spread of 34.9.
        let ten = policy(1_000_000, 100_000);
        let long = limit_price(&account(-3_499, 7, 50_000 * USD), 0, &ten);
        let short = limit_price(&account(3_501, -7, 50_000 * USD), 0, &ten);
        assert_eq!(long, Ok(Price::new(346_510_000_000_000_000_000 / 7 + 1)));
        assert_eq!(short, Ok(Price::new(353_490_000_000_000_000_000 / 7)));
    }

    #[test]
    fn refusals() {
        let code = |account: &Account<'_>, at, policy: &SpreadPolicy| {
            limit_price(account, at, policy).unwrap_err().code
        };
        let normal = policy(1_000_000, 100_000);
        assert_eq!(code(&account(5, 1, USD), 1, &normal), RejectCode::BadClose);
        assert_eq!(code(&account(5, 0, USD), 0, &normal), RejectCode::BadClose);
        assert_eq!(code(&account(5, 1, 0), 0, &normal), RejectCode::NoMaintenance);
        let wide = policy(1_000_000, 11_000_000);
        assert_eq!(
            code(&account(-5_000_000_000, 10_000_000, 50_000 * USD), 0, &wide),
            RejectCode::BadPolicy
        );
        assert!(limit_price(&account(5_000_000_000, -10_000_000, 50_000 * USD), 0, &wide).is_ok());
        assert_eq!(
            code(&account(i128::MIN, i128::MIN, u128::MAX), 0, &normal),
            RejectCode::Overflow
        );
    }

    proptest! {
        #[test]
        fn on_the_worse_side_of_the_mark_and_within_the_spread(
            equity in -1_000_000_000i128..2_000_000_000, size in 1i128..1_000_000_000_000,
            short: bool, usd in 1u128..100_000, steepness in 0u32..5_000_000, of in 0u32..=1_000_000,
        ) {
            let size = if short { -size } else { size };
            let mut account = account(0, size, usd * USD);
            let notional = account.positions[0].notional().unwrap();
            account.collateral = Signed::new(equity).checked_sub(notional).unwrap();
            prop_assume!(!notional.is_zero());
            let price = limit_price(&account, 0, &policy(steepness, of)).unwrap().get();
            // The mark by the rounded notional, which is what the formula starts from.
            let mark = notional.size().mul_div_floor(100_000_000_000_000_000, size.unsigned_abs()).unwrap().get();
            let widest = (notional.size().get().div_ceil(10) + 1) * 100_000_000_000_000_000 / size.unsigned_abs() + 1;
            let (near, far) = if short { (price, mark) } else { (mark + 1, price) };
            prop_assert!(near >= far, "{price} at {mark}");
            prop_assert!(near - far <= widest + 1, "{price} at {mark}, at most {widest}");
        }
    }
}
