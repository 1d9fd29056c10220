//! Tables of the arithmetic: worth, trades, shortfalls, auction prices.

use super::{
    Traded,
    auction::{discount, price},
    shortfall, trade, worth,
};
use crate::policy::AuctionPolicy;
use backstop_units::{Amount, Base, MathError, Ppm, Price, Signed, Span};

const SCALE: u128 = 1_000_000_000;

fn at(atoms: u128) -> Price {
    Price::new(atoms * SCALE)
}

fn line(base: i128, cost: i128) -> (Signed, Signed) {
    (Signed::new(base), Signed::new(cost))
}

#[test]
fn worth_is_rounded_down_on_both_sides() {
    for (size, price, unit, want) in
        [(10, 100, 1, 1_000), (-10, 100, 1, -1_000), (10, 5, 7, 7), (-10, 5, 7, -8), (0, 100, 1, 0)]
    {
        let got = worth(Signed::new(size), at(price), Base::new(unit));
        assert_eq!(got, Ok(Signed::new(want)), "{size} at {price}");
    }
    let over = Err(MathError::Overflow);
    assert_eq!(worth(Signed::new(i128::MAX), at(2), Base::new(1)), over);
    assert_eq!(worth(Signed::new(1), at(2), Base::new(u128::MAX)), over);
    let zero = worth(Signed::new(1), at(2), Base::ZERO);
    assert_eq!(zero, Err(MathError::DivisionByZero));
}

#[test]
fn trades() {
    for (before, size, price, unit, after, result) in [
        // Opening and adding: the cost is rounded up, of a short toward zero.
        ((0, 0), 40, 95, 1, (40, 3_800), 0),
        ((40, 3_800), 10, 90, 1, (50, 4_700), 0),
        ((0, 0), 10, 5, 7, (10, 8), 0),
        ((0, 0), -10, 5, 7, (-10, -7), 0),
        // Closing: a share of the cost, rounded up, and the rest with the rest.
        ((40, 3_800), -10, 91, 1, (30, 2_850), -40),
        ((30, 2_850), -30, 101, 1, (0, 0), 180),
        ((-30, -2_850), 10, 91, 1, (-20, -1_900), 40),
        ((3, 10), -1, 4, 1, (2, 6), 0),
        ((2, 6), -1, 4, 1, (1, 3), 1),
        ((1, 3), -1, 4, 1, (0, 0), 1),
        ((-3, -10), 1, 4, 1, (-2, -7), -1),
        // Through flat to the other side: all is closed, the rest opens at the price.
        ((10, 900), -25, 100, 1, (-15, -1_500), 100),
        ((-10, -900), 11, 100, 1, (1, 100), -100),
    ] {
        let got = trade(line(before.0, before.1), Signed::new(size), at(price), Base::new(unit));
        let (base, cost) = line(after.0, after.1);
        let want = Traded { base, cost, result: Signed::new(result) };
        assert_eq!(got, Ok(want), "{before:?} and {size} at {price}");
    }
    let full = trade(line(i128::MAX, 0), Signed::new(1), at(1), Base::new(1));
    assert_eq!(full, Err(MathError::Overflow));
}

#[test]
fn a_shortfall_is_what_the_margin_does_not_bear() {
    for (held, mark, margin, want) in [
        ((40, 3_800), 98, 20, 0),
        ((40, 3_800), 95, 0, 0),
        ((40, 3_800), 90, 20, 180),
        ((40, 3_800), 90, 200, 0),
        ((-40, -3_800), 100, 20, 180),
        ((-40, -3_800), 90, 0, 0),
        ((0, 0), 90, 5, 0),
    ] {
        let got = shortfall(line(held.0, held.1), at(mark), Amount::new(margin), Base::new(1));
        assert_eq!(got, Ok(Amount::new(want)), "{held:?} at {mark}");
    }
}

#[test]
fn the_discount_rises_in_steps_to_the_most() {
    let policy = AuctionPolicy {
        start: Ppm::new(10_000),
        step: Ppm::new(10_000),
        interval: Span::from_ms(10_000),
        most: Ppm::new(45_000),
        ..AuctionPolicy::default()
    };
    for (ms, want) in
        [(0, 10_000), (9_999, 10_000), (10_000, 20_000), (39_999, 40_000), (40_000, 45_000)]
    {
        assert_eq!(discount(&policy, Span::from_ms(ms)).get(), want, "after {ms} ms");
    }
    assert_eq!(discount(&policy, Span::from_ms(u64::MAX)).get(), 45_000);
    let steep = AuctionPolicy { step: Ppm::new(u32::MAX), ..policy };
    assert_eq!(discount(&steep, Span::from_ms(10_000)).get(), 45_000);
}

#[test]
fn a_long_is_sold_below_the_mark_and_a_short_above_it() {
    for (mark, short, off, want) in [
        (90 * SCALE, false, 30_000, 87_300_000_000),
        (90 * SCALE, true, 30_000, 92_700_000_000),
        (1, false, 1, 1),
        (1, true, 1, 1),
        (7, false, 500_000, 4),
        (7, true, 500_000, 10),
        (90, false, 1_000_000, 0),
    ] {
        let got = price(Price::new(mark), short, Ppm::new(off));
        assert_eq!(got, Ok(Price::new(want)), "{mark} less {off}");
    }
}
