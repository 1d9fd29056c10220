//! The bankruptcy price: what closing must bring so that the closed part's share of the equity is
//! exactly used up.
//!
//! Equity is shared among positions by their maintenance margin. Closing `delta` at this price takes
//! that share to zero and leaves the rest of the account as safe as it was; what a fill brings above
//! it is a residual, what it lacks is the fund's loss.

use super::margin::{Account, scale};
use crate::reject::{Reject, RejectCode};
use backstop_units::{Price, Ratio, Signed};

/// Quote atoms that closing `delta` base atoms of the position at `at` must bring, below zero when the
/// account may pay as much.
///
/// ```text
///   −Δnotional − ⌊equity × |Δmaintenance| ÷ maintenance⌋
/// ```
///
/// Both changes are differences of whole values (after − before), not computed from `delta`, so parts
/// add up. **Rounding** toward plus infinity: closing exactly here never costs the fund an atom; the
/// account keeps the dust. **Source** the bankruptcy price of cross-margin venues on chain.
///
/// # Errors
/// [`RejectCode::BadClose`] for a `delta` of the wrong side, of zero, or larger than the position;
/// [`RejectCode::BadPolicy`] when a smaller position needs more margin; [`RejectCode::NoMaintenance`]
/// when the account needs none, so nothing says how to share; [`RejectCode::Overflow`].
pub fn quote(account: &Account<'_>, at: usize, delta: Signed) -> Result<Signed, Reject> {
    let position = account.position(at)?;
    let closed = position.closed_by(delta)?;
    let total = account.standing()?;
    let (before, after) = (position.standing()?, closed.standing()?);
    let freed = before.maintenance.checked_sub(after.maintenance).ok_or(Reject::new(
        RejectCode::BadPolicy,
        after.maintenance,
        before.maintenance,
    ))?;
    if total.maintenance.is_zero() {
        return Err(Reject::none(RejectCode::NoMaintenance));
    }
    let share = total.equity.mul_div_floor(freed.get(), total.maintenance.get())?;
    let released = before.equity.checked_sub(after.equity).ok_or(Reject::overflow())?;
    released.checked_sub(share).ok_or(Reject::overflow())
}

/// The price of a quote amount for `delta` base atoms; none if it would be below zero, which means
/// that no price makes this part bankrupt.
///
/// **Rounding** up when selling, down when buying: toward what never costs the fund.
///
/// # Errors
/// [`RejectCode::BadClose`] for no size; [`RejectCode::Overflow`].
pub fn price(delta: Signed, decimals: u8, quote: Signed) -> Result<Option<Price>, Reject> {
    if delta.is_zero() {
        return Err(Reject::none(RejectCode::BadClose));
    }
    let each = Ratio::whole(quote).times(scale(decimals)?)?.over(delta.size().get())?;
    let each = if delta.is_negative() { each.ceil()? } else { negated(each)?.floor()? };
    Ok((!each.is_negative()).then(|| Price::new(each.positive().get())))
}

fn negated(value: Ratio) -> Result<Ratio, Reject> {
    Ok(Ratio::whole(Signed::ZERO).minus(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquidation::margin::{Margin, Position};
    use backstop_units::Ppm;
    use proptest::prelude::*;
    use std::vec::Vec;

    const USD: u128 = 1_000_000_000_000_000;

    fn account(collateral: i128, positions: &[(i128, u8, u128, u32)]) -> Account<'static> {
        let position = |&(size, decimals, price, rate): &(i128, u8, u128, u32)| Position {
            size: Signed::new(size),
            decimals,
            mark: Price::new(price),
            funding: Signed::ZERO,
            maintenance: Margin::Rate(Ppm::new(rate)),
            initial: Margin::Rate(Ppm::new(rate)),
        };
        let positions = positions.iter().map(position).collect();
        Account { collateral: Signed::new(collateral), positions }
    }

    fn ask(account: &Account<'_>, at: usize, delta: i128) -> Result<i128, RejectCode> {
        quote(account, at, Signed::new(delta)).map(Signed::get).map_err(|reject| reject.code)
    }

    #[test]
    fn table() {
        let btc = 50_000 * USD;
        for (collateral, size, delta, want) in [
            // A tenth of a coin at 50,000: notional 5,000.
            (-5_000_000_000, 10_000_000, -5_000_000, 2_500_000_000),
            (5_000_000_000, -10_000_000, 5_000_000, -2_500_000_000),
            (-5_100_000_000, 10_000_000, -10_000_000, 5_100_000_000),
            (-4_900_000_000, 10_000_000, -10_000_000, 4_900_000_000),
            (4_900_000_000, -10_000_000, 10_000_000, -4_900_000_000),
            // Equity 49,987 over a whole coin; the part is rounded toward plus infinity.
            (-13_000_000, 100_000_000, -21_347, 2_776),
            // Equity of −1 atom, half of it: the floor of −0.5 is −1.
            (-5_000_000_001, 10_000_000, -5_000_000, 2_500_000_001),
        ] {
            let account = account(collateral, &[(size, 8, btc, 100_000)]);
            assert_eq!(ask(&account, 0, delta), Ok(want), "{collateral} {size} {delta}");
        }
    }

    #[test]
    fn equity_is_shared_by_maintenance() {
        let two = [(400_000, 8, 50_000 * USD, 100_000), (-100_000_000, 9, 3_000 * USD, 100_000)];
        assert_eq!(ask(&account(110_000_000, &two), 1, 100_000_000), Ok(-306_000_000));
        assert_eq!(ask(&account(110_000_000, &two), 0, -400_000), Ok(196_000_000));
        // The same with four times the rate on one side: it takes four parts of the equity of 10.
        let weighted =
            [(400_000, 8, 50_000 * USD, 400_000), (-100_000_000, 9, 3_000 * USD, 100_000)];
        let want = -(300_000_000 + 2_727_272);
        assert_eq!(ask(&account(110_000_000, &weighted), 1, 100_000_000), Ok(want));
    }

    #[test]
    fn refusals() {
        let one = account(-4_501_000_000, &[(100_000_000, 8, 50_000 * USD, 100_000)]);
        for delta in [10_000_000, -100_000_001, 0, i128::MIN, i128::MAX] {
            assert_eq!(ask(&one, 0, delta), Err(RejectCode::BadClose), "{delta}");
        }
        assert_eq!(ask(&one, 1, -1), Err(RejectCode::BadClose));
        assert_eq!(ask(&account(5, &[(0, 8, USD, 100_000)]), 0, -1), Err(RejectCode::BadClose));
        let free = account(5, &[(10, 0, 1_000_000_000, 0)]);
        assert_eq!(ask(&free, 0, -10), Err(RejectCode::NoMaintenance));
        let wide = account(i128::MAX, &[(i128::MAX, 0, 1_000_000_000, 1_000_000)]);
        assert_eq!(ask(&wide, 0, -1), Err(RejectCode::Overflow));
    }

    #[test]
    fn prices() {
        for (delta, quote, want) in [
            (-3, 10, Some(3_333_333_334)),
            (3, -10, Some(3_333_333_333)),
            (-3, -10, None),
            (3, 10, None),
            (-3, 0, Some(0)),
        ] {
            let got = price(Signed::new(delta), 0, Signed::new(quote)).unwrap();
            assert_eq!(got.map(Price::get), want, "{quote} for {delta}");
        }
        assert!(price(Signed::ZERO, 0, Signed::new(1)).is_err());
    }

    /// An account with up to four positions that is not far above water.
    fn accounts() -> impl Strategy<Value = Account<'static>> {
        let position =
            (-1_000_000_000i128..1_000_000_000, 0u8..12, 1u128..1_000_000, 1_000u32..500_000);
        let scaled = position.prop_map(|(size, decimals, price, rate)| {
            (size, decimals, price * 10u128.pow(u32::from(decimals)) * 1_000, rate)
        });
        (prop::collection::vec(scaled, 1..5), -1_000_000i128..1_000_000).prop_map(
            |(list, equity)| {
                let mut account = account(0, &list);
                let worth = account.standing().unwrap().equity;
                account.collateral = Signed::new(equity).checked_sub(worth).unwrap();
                account
            },
        )
    }

    proptest! {
        #[test]
        fn closing_all_that_needs_margin_leaves_nothing(account in accounts()) {
            let mut left = account;
            for at in 0..left.positions.len() {
                let Some(delta) = left.positions[at].size.checked_neg() else { continue };
                let Ok(quote) = quote(&left, at, delta) else { continue };
                left = left.closed_by(at, delta, quote).unwrap();
                let rest = left.standing().unwrap();
                prop_assert!(!rest.maintenance.is_zero() || rest.equity.is_zero());
            }
        }

        #[test]
        fn parts_cost_no_more_than_the_whole(account in accounts(), cuts in prop::collection::vec(1u32..1000, 1..6)) {
            let size = account.positions[0].size;
            prop_assume!(!size.is_zero());
            let Ok(once) = quote(&account, 0, size.checked_neg().unwrap()) else { return Ok(()) };
            let total: u32 = cuts.iter().sum();
            let (mut left, mut sum) = (account, 0i128);
            for (index, cut) in cuts.iter().enumerate() {
                let held = left.positions[0].size;
                let part = if index + 1 == cuts.len() { held } else {
                    size.mul_div_floor(u128::from(*cut), u128::from(total)).unwrap()
                };
                if part.is_zero() || part.size() > held.size() { continue }
                let delta = part.checked_neg().unwrap();
                let Ok(quote) = quote(&left, 0, delta) else { return Ok(()) };
                sum += quote.get();
                left = left.closed_by(0, delta, quote).unwrap();
            }
            prop_assume!(left.positions[0].size.is_zero());
            // Each part rounds its share down by less than an atom, and the margins it weighs with up.
            let weight = 2 + left.standing().unwrap().equity.size().get() / left.standing().unwrap().maintenance.get().max(1);
            let slack = i128::try_from(cuts.len()).unwrap() * i128::try_from(2 * weight).unwrap();
            prop_assert!((sum - once.get()).abs() <= slack, "{sum} against {} within {slack}", once.get());
        }

        #[test]
        fn never_costs_the_fund_and_never_an_atom_more(account in accounts(), part in 1u32..=1000) {
            let size = account.positions[0].size;
            let part = size.mul_div_floor(u128::from(part), 1000).unwrap();
            prop_assume!(!part.is_zero() && part.size() <= size.size());
            let delta = part.checked_neg().unwrap();
            let Ok(got) = quote(&account, 0, delta) else { return Ok(()) };
            // By the exact fraction: got − 1 < −Δnotional − equity × |Δmaintenance| ÷ maintenance ≤ got.
            let (before, after) = (account.positions[0], account.positions[0].closed_by(delta).unwrap());
            let total = account.standing().unwrap();
            let freed = before.standing().unwrap().maintenance.get() - after.standing().unwrap().maintenance.get();
            let released = before.notional().unwrap().get() - after.notional().unwrap().get();
            let over = i128::try_from(total.maintenance.get()).unwrap();
            let exact = released * over - total.equity.get() * i128::try_from(freed).unwrap();
            prop_assert!(exact <= got.get() * over && exact > (got.get() - 1) * over);
        }
    }

    #[test]
    fn several_positions_end_at_zero() {
        let list =
            [(7_000, 3, 31 * USD, 50_000), (-9, 0, 7 * USD, 30_000), (5, 1, 90 * USD, 110_000)];
        let mut left = account(-200_000_000, &list);
        let mut order: Vec<usize> = (0..3).collect();
        order.rotate_left(1);
        for at in order {
            let delta = left.positions[at].size.checked_neg().unwrap();
            let quote = quote(&left, at, delta).unwrap();
            left = left.closed_by(at, delta, quote).unwrap();
        }
        assert_eq!(left.collateral, Signed::ZERO);
    }
}
