//! The formulas of liquidation at the ends of their numbers: an answer or a reject, never a panic, and
//! an answer keeps its law.

use backstop_core::liquidation::{
    bankruptcy,
    debt_takeover::Terms,
    deleverage,
    deleverage::ClosePrice,
    fee::{self, FeePolicy, Shortage},
    limit_price::{SpreadPolicy, limit_price},
    liquidation_price::liquidation_price,
    margin::{Account, Margin, Position},
    pnl_settlement::{Bounds, Loser, SettleAsset},
    steps,
};
use backstop_units::{Amount, Ppm, Price, Signed};
use proptest::prelude::*;

/// Ends, their neighbours, and anything between.
fn signed() -> impl Strategy<Value = i128> {
    let ends =
        prop::sample::select(vec![i128::MIN, i128::MIN + 1, -1, 0, 1, i128::MAX - 1, i128::MAX]);
    prop_oneof![ends, any::<i128>(), any::<i64>().prop_map(i128::from)]
}

fn unsigned() -> impl Strategy<Value = u128> {
    let ends = prop::sample::select(vec![0, 1, 1 << 127, u128::MAX - 1, u128::MAX]);
    prop_oneof![ends, any::<u128>(), any::<u64>().prop_map(u128::from)]
}

fn account() -> impl Strategy<Value = Account<'static>> {
    let position =
        (signed(), any::<u8>(), 0u8..30, any::<bool>(), unsigned(), signed(), any::<u32>());
    let position = position.prop_map(|(size, any, decimals, deep, mark, funding, rate)| Position {
        size: Signed::new(size),
        decimals: if deep { any } else { decimals },
        mark: Price::new(mark),
        funding: Signed::new(funding),
        maintenance: Margin::Rate(Ppm::new(rate)),
        initial: Margin::Rate(Ppm::new(rate)),
    });
    (signed(), prop::collection::vec(position, 0..3)).prop_map(|(collateral, positions)| Account {
        collateral: Signed::new(collateral),
        positions,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn accounts_at_their_ends(
        account in account(), other in account(), delta in signed(), at in 0usize..3,
        (steepness, of_maintenance) in any::<(u32, u32)>(),
    ) {
        let (delta, policy) = (
            Signed::new(delta),
            SpreadPolicy { steepness: Ppm::new(steepness), of_maintenance: Ppm::new(of_maintenance) },
        );
        if let Ok(quote) = bankruptcy::quote(&account, at, delta) {
            let _ = bankruptcy::price(delta, account.positions[at].decimals, quote);
            if let Ok(closed) = account.closed_by(at, delta, quote) {
                prop_assert!(closed.positions[at].size.size() < account.positions[at].size.size());
            }
        }
        let _ = liquidation_price(&account, at);
        if limit_price(&account, at, &policy).is_ok() {
            prop_assert!(!account.positions[at].size.is_zero());
        }
        for price in [ClosePrice::Bankruptcy, ClosePrice::Oracle] {
            let trade = deleverage::trade((&account, at), (&other, at), delta, price);
            if let Ok(trade) = trade {
                let paid = other.collateral.checked_sub(trade.counterparty.collateral);
                prop_assert_eq!(paid, Some(trade.quote));
            }
            let walk = deleverage::walk((&account, at), &[(other.clone(), at)], delta, price);
            if let Ok(walk) = walk {
                let filled = walk.fills[0].checked_add(walk.remaining.size());
                prop_assert_eq!(filled, Some(delta.size()));
            }
        }
    }

    #[test]
    fn fees_and_steps_at_their_ends(
        (missing, price, quote_price) in (unsigned(), unsigned(), unsigned()), size in signed(),
        decimals in any::<u8>(), (margin, liquidator, max, share) in any::<(u32, u32, u32, u32)>(),
    ) {
        let shortage = Shortage {
            missing: Amount::new(missing),
            size: Signed::new(size),
            decimals,
            price: Price::new(price),
            quote_price,
        };
        let policy = FeePolicy { max: Ppm::new(max), headroom_share: Ppm::new(share) };
        if let Ok(fee) = fee::position_fee(Ppm::new(margin), Ppm::new(liquidator), &shortage, policy) {
            prop_assert!(fee.get() <= max);
        }
        let (mark, most) = (Price::new(price), Amount::new(missing));
        if let Ok(closable) = steps::closable(Signed::new(size), decimals, mark, most, most) {
            prop_assert!(closable <= Signed::new(size).size());
        }
    }

    #[test]
    fn bankrupts_at_their_ends(
        (balance, pnl, other_health) in (signed(), signed(), signed()),
        (settle_limit, max_transfer, vault) in (unsigned(), unsigned(), unsigned()),
        (price, fund_price) in (unsigned(), unsigned()), (decimals, fund_decimals) in any::<(u8, u8)>(),
        (asset_weight, debt_weight, fee) in any::<(u32, u32, u32)>(),
    ) {
        let asset = SettleAsset {
            decimals,
            price: Price::new(price),
            asset_weight: Ppm::new(asset_weight),
            debt_weight: Ppm::new(debt_weight),
        };
        let terms = Terms {
            debt_decimals: decimals,
            debt_price: Price::new(price),
            fund_decimals,
            fund_price: Price::new(fund_price),
            fee: Ppm::new(fee),
        };
        let [balance, pnl, other_health] = [balance, pnl, other_health].map(Signed::new);
        let [settle_limit, max_transfer, vault] =
            [settle_limit, max_transfer, vault].map(Amount::new);
        let loser = Loser { balance, pnl, other_health };
        let bounds = Bounds { settle_limit, max_transfer, vault };
        if let Ok(settled) = asset.settle(&loser, &bounds, &terms) {
            let parts = [settled.settled, settled.taken, settled.spread, settled.left.negative()];
            let sum = parts.into_iter().try_fold(Amount::ZERO, Amount::checked_add);
            prop_assert_eq!(sum, Some(pnl.negative()));
            prop_assert!(settled.paid <= vault);
        }
    }
}
