//! What an interval issues, and what becomes of fractions.

use super::*;
use crate::policy::RewardPoint;
use backstop_units::{AssetId, Span};
use std::vec;

fn reward(rate: u128, decimals: u8, left: u128) -> Reward {
    let points = vec![RewardPoint { at: Timestamp::from_ms(0), rate: Amount::new(rate) }];
    let terms = RewardTerms { decimals, points, ..RewardTerms::default() };
    let start = Reward::new(AssetId::new(0), terms, Timestamp::from_ms(0));
    Reward { left: Amount::new(left), ..start }
}

fn stakes(amount: u128) -> Stakes {
    Stakes { amount: Amount::new(amount), shares: Shares::new(amount), ..Stakes::default() }
}

fn rules(dust: FarmDust) -> FarmPolicy {
    FarmPolicy { dust, ..FarmPolicy::default() }
}

fn seconds(count: u64) -> Timestamp {
    Timestamp::from_ms(0).plus(Span::from_ms(count * 1_000))
}

#[test]
fn issues() {
    use FarmDust::{Carried, Left};
    for (dust, rate, decimals, left, staked, until, want) in [
        // Ten a second for a hundred seconds.
        (Carried, 10, 0, 5_000, 7, 100, Some(1_000)),
        // Never more than there is.
        (Carried, 10, 0, 999, 7, 100, Some(999)),
        (Carried, 10, 0, 0, 7, 100, Some(0)),
        // Nobody stakes: the clock moves, nothing comes.
        (Carried, 10, 0, 5_000, 0, 100, Some(0)),
        (Left, 10, 0, 5_000, 0, 100, Some(0)),
        // Half an atom: the clock moves with it in hand, or stands.
        (Carried, 5, 3, 5_000, 7, 100, Some(0)),
        (Left, 5, 3, 5_000, 7, 100, None),
        (Left, 5, 3, 5_000, 7, 1_000, Some(5)),
        (Left, 5, 3, 0, 7, 1_000, Some(0)),
        (Left, 0, 0, 5_000, 7, 100, None),
        (Carried, 10, 0, 5_000, 7, 0, None),
    ] {
        let got =
            issue(&reward(rate, decimals, left), &rules(dust), &stakes(staked), seconds(until));
        assert_eq!(
            got.map(|issued| issued.amount.get()),
            want,
            "{dust:?} {rate} {decimals} {until}"
        );
        assert!(got.is_none_or(|issued| issued.at == seconds(until)));
    }
    let mut constant = reward(2, 0, 5_000);
    constant.terms.kind = RewardKind::Constant;
    let got = issue(&constant, &rules(FarmDust::Carried), &stakes(50), seconds(10)).unwrap();
    assert_eq!(got.amount, Amount::new(1_000));
}

/// 5 atoms over 7 shares: the rest of the division is used by the next issue, or lost.
#[test]
fn rests() {
    for (dust, per_share) in [(FarmDust::Carried, 10), (FarmDust::Left, 9)] {
        let policy = FarmPolicy { index_decimals: 0, ..rules(dust) };
        let mut item = reward(5, 0, 5_000);
        for second in 1..=14 {
            let issued = issue(&item, &policy, &stakes(7), seconds(second)).unwrap();
            item.apply(&issued).unwrap();
        }
        // 70 atoms over 7 shares; five a second are no whole step for each unless the rest is kept.
        let expected = if dust == FarmDust::Left { 0 } else { per_share };
        assert_eq!((item.owed.get(), item.index.get()), (70, expected), "{dust:?}");
    }
}

/// Fewer shares than the carry was of: it is divided too, and nothing is lost.
#[test]
fn a_carry_of_many_shares_among_few() {
    let policy = FarmPolicy { index_decimals: 0, ..rules(FarmDust::Carried) };
    let mut item = reward(99, 0, 5_000);
    item.apply(&issue(&item, &policy, &stakes(100), seconds(1)).unwrap()).unwrap();
    assert_eq!((item.index.get(), item.carry.get()), (0, 99));
    item.apply(&issue(&item, &policy, &stakes(10), seconds(2)).unwrap()).unwrap();
    assert_eq!((item.index.get(), item.carry.get()), (19, 8));
}

/// An index that can't hold it: nothing is issued, no command is refused, and later stake earns again.
#[test]
fn what_the_index_cannot_express() {
    let policy = rules(FarmDust::Carried);
    let mut item = reward(u128::MAX >> 30, 0, u128::MAX >> 10);
    let issued = issue(&item, &policy, &stakes(1), seconds(1)).unwrap();
    assert_eq!((issued.amount, issued.index, issued.at), (Amount::ZERO, item.index, seconds(1)));
    item.apply(&issued).unwrap();
    let issued = issue(&item, &policy, &stakes(u128::MAX >> 40), seconds(2)).unwrap();
    assert_eq!(issued.amount, Amount::new(u128::MAX >> 30));
}

#[test]
fn parts_of_one_place() {
    let unit = 1_000;
    let mut item = reward(1, 0, 0);
    let mut had = Earned::default();
    // A third of an atom a share, three times: whole again.
    for (index, unclaimed, carry) in [(333, 0, 666), (666, 1, 332), (1_000, 2, 0)] {
        item.index = ShareIndex::new(index);
        had = earn(&item, had, Shares::new(2), unit).unwrap();
        assert_eq!((had.unclaimed.get(), had.carry.get()), (unclaimed, carry));
    }
    had.carry = ShareIndex::new(600);
    assert_eq!(kept(had, &rules(FarmDust::Carried), Shares::ZERO), had);
    assert_eq!(kept(had, &rules(FarmDust::Left), Shares::ZERO).carry, ShareIndex::ZERO);
    assert_eq!(kept(had, &rules(FarmDust::Left), Shares::new(1)).carry, ShareIndex::new(600));
}

#[test]
fn a_rate_that_bends_with_the_stake() {
    for (staked, want) in [
        (0, 0),
        (250, 437_500),
        (500, 750_000),
        (1_000, 1_000_000),
        (1_001, 999_000),
        (1_100, 900_000),
        (1_200, 800_000),
        (1_201, 800_000),
        (5_000, 800_000),
    ] {
        assert_eq!(bent(1_000_000, staked, 1_000), want, "{staked}");
    }
    assert_eq!(bent(7, 1, 3), 3, "seven times five ninths, rounded down twice");
    assert_eq!(bent(u128::MAX, u128::MAX, 1), u128::MAX / 5 * 4);
}
