//! How much of a position may be liquidated now.

use super::margin::scale;
use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, Ppm, Price, Signed};

/// Bounds of one step for one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPolicy {
    /// At least this much notional is closed at once, in quote atoms, so that dust is not left behind.
    pub min_notional: Amount,
    /// Otherwise at most this portion of the position.
    pub portion: Ppm,
}

/// What one step may close, as notional in quote atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBounds {
    /// No less.
    pub min: Amount,
    /// No more.
    pub max: Amount,
}

impl StepPolicy {
    /// Bounds for a position of `notional` quote atoms: `min = min(min_notional, notional)`,
    /// `max = max(min, ⌊notional × portion⌋)`.
    ///
    /// A portion over the whole is bounded by the position. **Rounding** down: the account keeps an atom
    /// more of its position. **Source** block limits of order-book venues on chain.
    ///
    /// # Errors
    /// [`RejectCode::Overflow`].
    pub fn bounds(&self, notional: Amount) -> Result<StepBounds, Reject> {
        let min = self.min_notional.min(notional);
        let most = self.portion.least(Ppm::WHOLE).of_floor(notional)?;
        Ok(StepBounds { min, max: most.max(min) })
    }
}

/// A step that begins with a part and goes on to all of it after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GentleStart {
    /// Positions above this notional are closed in two steps, in quote atoms.
    pub above: Amount,
    /// Portion closed first.
    pub first: Ppm,
    /// Wait before the rest, in the caller's unit of time.
    pub wait: u64,
}

impl GentleStart {
    /// How much notional may be closed at `now`, if the first step was at `first_at`: all of it when the
    /// position is no larger than the bound or the wait is over, the first portion when there was no
    /// step yet, nothing in between.
    ///
    /// **Rounding** up: a position of one atom has a first step. **Source** staged liquidation as
    /// exchanges on chain publish it (20 % first, all of it 30 s later).
    ///
    /// # Errors
    /// [`RejectCode::Overflow`].
    pub fn step(
        &self,
        notional: Amount,
        first_at: Option<u64>,
        now: u64,
    ) -> Result<Amount, Reject> {
        match first_at {
            _ if notional <= self.above => Ok(notional),
            None => Ok(self.first.of_ceil(notional)?.min(notional)),
            Some(first) if now.saturating_sub(first) < self.wait => Ok(Amount::ZERO),
            Some(_) => Ok(notional),
        }
    }
}

/// Base atoms of a position that a notional of `most` quote atoms allows, in whole lots but for a last
/// part: all of it when it is worth no more, or is no larger than one lot; never less than one lot.
///
/// **Rounding** down to the lot. A lot of zero counts as one atom.
///
/// # Errors
/// [`RejectCode::Overflow`]; [`RejectCode::TooManyDecimals`].
pub fn closable(
    size: Signed,
    decimals: u8,
    mark: Price,
    most: Amount,
    lot: Amount,
) -> Result<Amount, Reject> {
    let held = size.size();
    let lot = lot.max(Amount::new(1));
    let worth = held.mul_div_ceil(mark.get(), scale(decimals)?)?;
    if worth <= most || held <= lot {
        return Ok(held);
    }
    // A position worth more than nothing has a mark, so this divides by more than zero.
    let allowed = most.mul_div_floor(scale(decimals)?, mark.get())?;
    let lots = allowed.mul_div_floor(1, lot.get())?;
    Ok(lots.mul_div_floor(lot.get(), 1)?.max(lot).min(held))
}

/// What is left of a limit: `limit − used`.
///
/// # Errors
/// [`RejectCode::LimitSpent`] when more is used than the limit allows, which a limit that was lowered
/// in between can bring about.
pub fn remaining(limit: Amount, used: Amount) -> Result<Amount, Reject> {
    limit.checked_sub(used).ok_or(Reject::new(RejectCode::LimitSpent, used, limit))
}

/// Refuses to liquidate a position twice within `apart` blocks or milliseconds.
///
/// # Errors
/// [`RejectCode::AlreadyLiquidated`], with the moment from which it is allowed.
pub fn once(last: Option<u64>, now: u64, apart: u64) -> Result<(), Reject> {
    let next = last.map_or(0, |last| last.saturating_add(apart));
    if now < next { Err(Reject::new(RejectCode::AlreadyLiquidated, now, next)) } else { Ok(()) }
}

/// A limit over a stretch of time, in the caller's unit: 1 is this block alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLimit {
    /// How far back uses count: those after `now − length`.
    pub length: u64,
    /// At most within it, in quote atoms.
    pub limit: Amount,
}

/// What the tightest of several windows leaves of what was used when; nothing bounds it without
/// windows.
///
/// Uses ahead of `now` count. **Complexity** windows × uses.
///
/// # Errors
/// [`RejectCode::LimitSpent`] as [`remaining`]; [`RejectCode::Overflow`].
pub fn remaining_within(
    windows: &[WindowLimit],
    uses: &[(u64, Amount)],
    now: u64,
) -> Result<Amount, Reject> {
    let mut least = Amount::MAX;
    for window in windows {
        let counts = |at: u64| now.saturating_sub(at) < window.length;
        let counted = uses.iter().filter(|(at, _)| counts(*at));
        let used = counted
            .clone()
            .try_fold(Amount::ZERO, |sum, (_, used)| sum.checked_add(*used))
            .ok_or(Reject::overflow())?;
        least = least.min(remaining(window.limit, used)?);
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds() {
        for (min, portion, notional, want) in [
            (100, 1_000_000, 50_000_000_000, (100, 50_000_000_000)),
            (10_000_000, 1_000_000, 5_000_000, (5_000_000, 5_000_000)),
            (1_000, 100_000, 50_000, (1_000, 5_000)),
            (6_000, 100_000, 50_000, (6_000, 6_000)),
            (0, 333_333, 100, (0, 33)),
            (7, 0, 100, (7, 7)),
            (0, u32::MAX, u128::MAX, (0, u128::MAX)),
            (5, 1, 0, (0, 0)),
        ] {
            let policy = StepPolicy { min_notional: Amount::new(min), portion: Ppm::new(portion) };
            let got = policy.bounds(Amount::new(notional)).unwrap();
            assert_eq!((got.min.get(), got.max.get()), want, "{policy:?} of {notional}");
        }
    }

    #[test]
    fn a_large_position_starts_gently() {
        let policy =
            GentleStart { above: Amount::new(100_000), first: Ppm::new(200_000), wait: 30 };
        for (notional, first, now, want) in [
            (100_000, None, 0, 100_000),
            (100_001, None, 0, 20_001),
            (80_001, Some(5), 5, 80_001),
            (200_000, Some(5), 34, 0),
            (200_000, Some(5), 35, 200_000),
            (200_000, Some(5), 0, 0),
        ] {
            let got = policy.step(Amount::new(notional), first, now);
            assert_eq!(got, Ok(Amount::new(want)), "{notional} at {now}");
        }
    }

    #[test]
    fn sizes_in_lots() {
        let usd = 1_000_000_000u128; // one quote atom for each base atom
        for (size, most, lot, want) in [
            (100, 100, 1, 100),
            (100, 99, 1, 99),
            (-100, 57, 10, 50),
            (100, 7, 10, 10),
            (9, 1, 10, 9),
            (100, 0, 0, 1),
            (0, 0, 5, 0),
        ] {
            let (most, lot) = (Amount::new(most), Amount::new(lot));
            let got = closable(Signed::new(size), 0, Price::new(usd), most, lot);
            assert_eq!(got, Ok(Amount::new(want)), "{size} up to {most:?} by {lot:?}");
        }
        let free = closable(Signed::new(5), 0, Price::ZERO, Amount::ZERO, Amount::ZERO);
        assert_eq!(free, Ok(Amount::new(5)));
    }

    #[test]
    fn limits() {
        let left = |limit, used| remaining(Amount::new(limit), Amount::new(used));
        assert_eq!(left(150, 100), Ok(Amount::new(50)));
        assert_eq!(left(100, 100), Ok(Amount::ZERO));
        assert_eq!(left(50, 100), Err(Reject::new(RejectCode::LimitSpent, 100u32, 50u32)));
        assert_eq!(once(None, 0, 1), Ok(()));
        assert_eq!(once(Some(7), 8, 1), Ok(()));
        let again = Reject::new(RejectCode::AlreadyLiquidated, 7u32, 8u32);
        assert_eq!(once(Some(7), 7, 1), Err(again));
        let window = |length, limit| WindowLimit { length, limit: Amount::new(limit) };
        let uses = [(1, Amount::new(60)), (9, Amount::new(30)), (10, Amount::new(5))];
        for (windows, want) in [
            (&[][..], Ok(Amount::MAX)),
            (&[window(1, 10)], Ok(Amount::new(5))),
            (&[window(1, 10), window(10, 96)], Ok(Amount::new(1))),
            (&[window(2, 34)], Err(Reject::new(RejectCode::LimitSpent, 35u32, 34u32))),
            (&[window(9, 40)], Ok(Amount::new(5))),
        ] {
            assert_eq!(remaining_within(windows, &uses, 10), want, "{windows:?}");
        }
        let wide = [(1, Amount::MAX), (1, Amount::MAX)];
        assert_eq!(remaining_within(&[window(5, 1)], &wide, 1), Err(Reject::overflow()));
    }

    proptest! {
        #[test]
        fn a_step_stays_within_the_position_and_its_limit(
            size: i64, mark in 0u128..1 << 70, most: u64, lot in 0u128..1_000, decimals in 0u8..12,
        ) {
            let (held, most) = (u128::from(size.unsigned_abs()), Amount::new(most.into()));
            let got = closable(Signed::new(size.into()), decimals, Price::new(mark), most, Amount::new(lot));
            let got = got.unwrap().get();
            prop_assert!(got <= held);
            let scale = 10u128.pow(u32::from(decimals) + 9);
            let worth = Amount::new(got).mul_div_floor(mark, scale).unwrap();
            prop_assert!(worth <= most || got == held.min(lot.max(1)), "{got} of {held}");
        }
    }
}
