//! Deleveraging one position against others, in the order that is given: the market closes a position
//! without a book, at the bankrupt account's own price or at the oracle's.
//!
//! Who stands where in the order is somebody else's question; this file only asks whether two may
//! trade, and how much.

use super::{
    bankruptcy::quote,
    margin::{Account, Standing, notional},
};
use crate::reject::{Reject, RejectCode};
use alloc::vec::Vec;
use backstop_units::{Amount, Ratio, Signed};
use core::cmp::Ordering;

/// At which price positions are closed against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosePrice {
    /// The bankruptcy price of the account that is deleveraged.
    Bankruptcy,
    /// The position's mark.
    Oracle,
}

/// At which price an account may be deleveraged now, if at all: below zero equity at its bankruptcy
/// price; otherwise only in a market's final settlement, and then at the oracle's.
pub fn allowed(equity: Signed, final_settlement: bool) -> Option<ClosePrice> {
    if equity.is_negative() {
        Some(ClosePrice::Bankruptcy)
    } else {
        final_settlement.then_some(ClosePrice::Oracle)
    }
}

/// Whether an account may go from one standing to another.
///
/// It may if it meets initial margin afterwards. Else it must be no worse off: its maintenance margin
/// does not rise, and its equity for each unit of it does not fall; where none is needed before and
/// after, its equity rises. **Rounding** none: ratios are compared crosswise.
///
/// # Errors
/// [`RejectCode::Overflow`].
pub fn may_become(before: &Standing, after: &Standing) -> Result<bool, Reject> {
    if after.meets(after.initial) {
        return Ok(true);
    }
    if after.maintenance > before.maintenance {
        return Ok(false);
    }
    if before.maintenance.is_zero() {
        return Ok(after.equity > before.equity);
    }
    if after.maintenance.is_zero() {
        return Ok(false);
    }
    let now = Ratio::whole(after.equity).times(before.maintenance.get())?;
    let then = Ratio::whole(before.equity).times(after.maintenance.get())?;
    Ok(now.compare(&then)? != Ordering::Less)
}

/// A trade between two accounts outside the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade<'a> {
    /// Quote atoms to the account that is deleveraged; below zero it pays them.
    pub quote: Signed,
    /// That account afterwards.
    pub closed: Account<'a>,
    /// The counterparty afterwards.
    pub counterparty: Account<'a>,
}

/// Closes `delta` base atoms of `closing` at index `at` against the position of `counterparty` at
/// index `against`, which is in the same market and on the other side.
///
/// **Rounding** the price as [`quote`], the mark's quote toward plus infinity: the account that is
/// deleveraged keeps the dust. What one receives the other pays, to the atom. **Source** deleveraging
/// of order-book venues on chain.
///
/// # Errors
/// [`RejectCode::BadClose`] when either has no such position to close; [`RejectCode::WorseStanding`]
/// when either would be left worse than [`may_become`] lets it; those of [`quote`].
pub fn trade<'a>(
    closing: (&Account<'a>, usize),
    counterparty: (&Account<'a>, usize),
    delta: Signed,
    at: ClosePrice,
) -> Result<Trade<'a>, Reject> {
    let position = *closing.0.position(closing.1)?;
    let opposite = delta.checked_neg().ok_or(Reject::overflow())?;
    position.closed_by(delta)?;
    counterparty.0.position(counterparty.1)?.closed_by(opposite)?;
    let received = match at {
        ClosePrice::Bankruptcy => quote(closing.0, closing.1, delta)?,
        ClosePrice::Oracle => {
            let worth = notional(delta, position.decimals, position.mark)?;
            worth.checked_neg().ok_or(Reject::overflow())?
        }
    };
    let paid = received.checked_neg().ok_or(Reject::overflow())?;
    let closed = closing.0.closed_by(closing.1, delta, received)?;
    let other = counterparty.0.closed_by(counterparty.1, opposite, paid)?;
    for (before, after) in [(closing.0, &closed), (counterparty.0, &other)] {
        let (before, after) = (before.standing()?, after.standing()?);
        if !may_become(&before, &after)? {
            let need = after.initial;
            return Err(Reject::new(RejectCode::WorseStanding, after.equity.positive(), need));
        }
    }
    Ok(Trade { quote: received, closed, counterparty: other })
}

/// What a walk over counterparties has closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk<'a> {
    /// Base atoms closed against each candidate, in their order; zero for one that was skipped.
    pub fills: Vec<Amount>,
    /// What is still to be closed, with the sign of the size that was asked for.
    pub remaining: Signed,
    /// The account that is deleveraged, afterwards.
    pub closed: Account<'a>,
    /// The candidates afterwards.
    pub candidates: Vec<Account<'a>>,
}

/// Closes `delta` of `account` against one candidate after the other: each gives the less of what
/// remains and what it holds on the other side. Who can't trade at this price is skipped; what was
/// closed stays closed.
///
/// **Shape** a candidate is an account and the index of its position in this market. The price is found
/// anew for each, so parts add up. **Complexity** one trade for each candidate until nothing remains.
///
/// # Errors
/// [`RejectCode::BadClose`] when `account` has no such position to close; [`RejectCode::Overflow`].
pub fn walk<'a>(
    account: (&Account<'a>, usize),
    candidates: &[(Account<'a>, usize)],
    delta: Signed,
    at: ClosePrice,
) -> Result<Walk<'a>, Reject> {
    account.0.position(account.1)?.closed_by(delta)?;
    let mut walk = Walk {
        fills: Vec::with_capacity(candidates.len()),
        remaining: delta,
        closed: account.0.clone(),
        candidates: Vec::with_capacity(candidates.len()),
    };
    for (candidate, against) in candidates {
        let step = step(&walk, account.1, (candidate, *against), at)?;
        let (fill, after) = step.map_or((Signed::ZERO, candidate.clone()), |(fill, trade)| {
            walk.closed = trade.closed;
            (fill, trade.counterparty)
        });
        walk.remaining = walk.remaining.checked_sub(fill).ok_or(Reject::overflow())?;
        walk.fills.push(fill.size());
        walk.candidates.push(after);
    }
    Ok(walk)
}

/// The trade with one candidate, if there is one.
fn step<'a>(
    walk: &Walk<'a>,
    at: usize,
    candidate: (&Account<'a>, usize),
    price: ClosePrice,
) -> Result<Option<(Signed, Trade<'a>)>, Reject> {
    let held = candidate.0.positions.get(candidate.1).map_or(Signed::ZERO, |held| held.size);
    let most = walk.remaining.size().min(held.size());
    let fill = if walk.remaining.is_negative() { Signed::loss(most) } else { Signed::gain(most) };
    let fill = fill.ok_or(Reject::overflow())?;
    match trade((&walk.closed, at), candidate, fill, price) {
        Ok(trade) => Ok(Some((fill, trade))),
        Err(reject) if reject.code == RejectCode::Overflow => Err(reject),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquidation::margin::{Margin, Position};
    use backstop_units::{Ppm, Price};
    use proptest::prelude::*;

    const USD: u128 = 1_000_000_000_000_000;

    fn account(collateral: i128, size: i128) -> Account<'static> {
        let position = Position {
            size: Signed::new(size),
            decimals: 8,
            mark: Price::new(50_000 * USD),
            funding: Signed::ZERO,
            maintenance: Margin::Rate(Ppm::new(100_000)),
            initial: Margin::Rate(Ppm::new(200_000)),
        };
        Account { collateral: Signed::new(collateral), positions: vec![position] }
    }

    fn pair(
        closing: (i128, i128),
        other: (i128, i128),
        delta: i128,
        at: ClosePrice,
    ) -> Result<(i128, i128), RejectCode> {
        let (closing, other) = (account(closing.0, closing.1), account(other.0, other.1));
        trade((&closing, 0), (&other, 0), Signed::new(delta), at)
            .map(|trade| (trade.closed.collateral.get(), trade.counterparty.collateral.get()))
            .map_err(|reject| reject.code)
    }

    const COIN: i128 = 100_000_000;
    const K: i128 = 1_000_000_000;

    #[test]
    fn who_may_be_deleveraged() {
        for (equity, settlement, want) in [
            (1, false, None),
            (0, false, None),
            (-1, false, Some(ClosePrice::Bankruptcy)),
            (-1, true, Some(ClosePrice::Bankruptcy)),
            (0, true, Some(ClosePrice::Oracle)),
            (1, true, Some(ClosePrice::Oracle)),
        ] {
            assert_eq!(allowed(Signed::new(equity), settlement), want, "{equity} {settlement}");
        }
    }

    #[test]
    fn trades() {
        use ClosePrice::{Bankruptcy, Oracle};
        let worse = Err(RejectCode::WorseStanding);
        let bad = Err(RejectCode::BadClose);
        for (closing, other, delta, at, want) in [
            (
                (55 * K - 1_000_000, -COIN),
                (50 * K, COIN),
                COIN,
                Bankruptcy,
                Ok((0, 105 * K - 1_000_000)),
            ),
            ((50 * K, -COIN), (-50 * K, COIN), COIN, Bankruptcy, Ok((0, 0))),
            ((50 * K - 1, -COIN), (-45 * K - 1, COIN), COIN, Bankruptcy, Ok((0, 5 * K - 2))),
            ((50 * K - 1, -COIN), (-50 * K, COIN), COIN, Bankruptcy, worse),
            ((50 * K - 1, -COIN), (-50 * K - 1, COIN), COIN, Bankruptcy, worse),
            ((-50 * K - 1, COIN), (100 * K, -COIN), -COIN, Bankruptcy, Ok((0, 50 * K - 1))),
            // Half of it, against a counterparty under water: no worse than before is enough.
            ((50 * K, -COIN), (-50 * K - 8, COIN), COIN / 2, Bankruptcy, worse),
            (
                (50 * K + 8, -COIN),
                (-50 * K - 8, COIN),
                COIN / 2,
                Bankruptcy,
                Ok((25 * K + 4, -25 * K - 4)),
            ),
            ((55 * K, -COIN), (50 * K, COIN), -COIN, Bankruptcy, bad),
            ((55 * K, -COIN), (50 * K, COIN), 5 * COIN, Bankruptcy, bad),
            ((55 * K, -COIN), (50 * K, COIN / 2), COIN, Bankruptcy, bad),
            ((55 * K, -COIN), (50 * K, -COIN), COIN, Bankruptcy, bad),
            ((100 * K, -COIN), (50 * K, COIN), COIN, Oracle, Ok((50 * K, 100 * K))),
            ((100 * K, -COIN), (-50 * K, COIN), COIN, Oracle, Ok((50 * K, 0))),
            ((100 * K, -COIN), (-50 * K - 1, COIN), COIN, Oracle, worse),
            ((50 * K - 1, -COIN), (50 * K, COIN), COIN, Oracle, worse),
        ] {
            assert_eq!(
                pair(closing, other, delta, at),
                want,
                "{closing:?} {other:?} {delta} {at:?}"
            );
        }
        assert_eq!(pair((0, 1), (0, -1), i128::MIN, Oracle), Err(RejectCode::Overflow));
    }

    #[test]
    fn a_walk_skips_and_keeps() {
        let short = account(50 * K, -COIN);
        let walked = |candidates: &[(i128, i128)], delta: i128| {
            let list: Vec<_> = candidates.iter().map(|&(c, size)| (account(c, size), 0)).collect();
            let walk =
                walk((&short, 0), &list, Signed::new(delta), ClosePrice::Bankruptcy).unwrap();
            let fills: Vec<u128> = walk.fills.iter().map(|fill| fill.get()).collect();
            let after: Vec<i128> = walk.candidates.iter().map(|c| c.collateral.get()).collect();
            (fills, walk.remaining.get(), after, walk.closed.collateral.get())
        };
        let half = COIN / 2;
        assert_eq!(
            walked(&[(-50 * K - 1, COIN), (50 * K, COIN)], COIN),
            (vec![0, 100_000_000], 0, vec![-50 * K - 1, 100 * K], 0)
        );
        assert_eq!(
            walked(&[(0, half), (0, -COIN), (0, 0), (0, half / 2), (7, half)], COIN),
            (
                vec![50_000_000, 0, 0, 25_000_000, 25_000_000],
                0,
                vec![25 * K, 0, 0, 25 * K / 2, 25 * K / 2 + 7],
                0
            )
        );
        assert_eq!(walked(&[(0, half)], COIN), (vec![50_000_000], half, vec![25 * K], 25 * K));
        assert_eq!(walked(&[], half), (vec![], half, vec![], 50 * K));
        let nothing = walk((&short, 0), &[], Signed::new(-1), ClosePrice::Oracle);
        assert_eq!(nothing.unwrap_err().code, RejectCode::BadClose);
    }

    proptest! {
        #[test]
        fn nothing_appears_and_nothing_vanishes(
            equity in -100i128 * K..100 * K, short: bool, at_oracle: bool, part in 1i128..=100,
            others in prop::collection::vec((-60i128 * K..60 * K, -2 * COIN..2 * COIN), 0..6),
        ) {
            let size = if short { -COIN } else { COIN };
            let closing = account(equity - size * 500, size);
            let list: Vec<_> = others.iter().map(|&(e, size)| (account(e - size * 500, size), 0)).collect();
            let at = if at_oracle { ClosePrice::Oracle } else { ClosePrice::Bankruptcy };
            let asked = -size / 100 * part;
            let walk = walk((&closing, 0), &list, Signed::new(asked), at).unwrap();
            let money = |closed: &Account<'_>, rest: &[Account<'_>]| -> i128 {
                closed.collateral.get() + rest.iter().map(|other| other.collateral.get()).sum::<i128>()
            };
            let before: Vec<_> = list.iter().map(|(other, _)| other.clone()).collect();
            prop_assert_eq!(money(&walk.closed, &walk.candidates), money(&closing, &before));
            let filled: u128 = walk.fills.iter().map(|fill| fill.get()).sum();
            prop_assert_eq!(filled + walk.remaining.size().get(), asked.unsigned_abs());
            for (old, new) in before.iter().zip(&walk.candidates) {
                let (old, new) = (old.standing().unwrap(), new.standing().unwrap());
                prop_assert!(old == new || may_become(&old, &new).unwrap());
            }
        }
    }
}
