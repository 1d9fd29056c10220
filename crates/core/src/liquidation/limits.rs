//! Limits on positions and open interest, and a charge for the largest.

use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, Base, Ppm, Signed};

/// Refuses a position that would grow past `max` base atoms; one that shrinks may pass it.
///
/// A position that turns to the other side shrinks by as much as its size falls.
///
/// # Errors
/// [`RejectCode::PositionLimit`].
pub fn check_position(before: Signed, after: Signed, max: Base) -> Result<(), Reject> {
    let (before, after) = (before.size(), after.size());
    if after.get() <= max.get() || after <= before {
        return Ok(());
    }
    Err(Reject::new(RejectCode::PositionLimit, after, max.get()))
}

/// Refuses open interest that would grow past `max` base atoms; a trade that lowers it passes.
///
/// # Errors
/// [`RejectCode::OpenInterestLimit`].
pub fn check_open_interest(before: Base, after: Base, max: Base) -> Result<(), Reject> {
    if after <= max || after <= before {
        return Ok(());
    }
    Err(Reject::new(RejectCode::OpenInterestLimit, after.get(), max.get()))
}

/// A stretch of the fee table for large positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeBracket {
    /// Share of the market's open interest above which it holds.
    pub above: Ppm,
    /// Charged on what lies above, up to the next bracket.
    pub rate: Ppm,
}

/// What a position of `notional` pays for its size in a market of `open_interest`, both in quote
/// atoms: each bracket's rate on the part of the notional that lies in it.
///
/// **Shape** `brackets` rise by share; below the first nothing is charged. **Rounding** the bounds down
/// and each part up: the pool keeps the dust. Cutting a position in two pays less, so give the sum over
/// an owner group.
///
/// # Errors
/// [`RejectCode::Overflow`].
pub fn size_fee(
    notional: Amount,
    open_interest: Amount,
    brackets: &[SizeBracket],
) -> Result<Amount, Reject> {
    let ends = brackets.iter().skip(1).map(|next| Some(next.above)).chain([None]);
    let mut fee = Amount::ZERO;
    for (bracket, end) in brackets.iter().zip(ends) {
        let from = bracket.above.of_floor(open_interest)?;
        let end = end.map_or(Ok(Amount::MAX), |end| end.of_floor(open_interest))?;
        let part = notional.min(end).saturating_sub(from);
        fee = fee.checked_add(bracket.rate.of_ceil(part)?).ok_or(Reject::overflow())?;
    }
    Ok(fee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_and_open_interest() {
        for (before, after, fits) in [
            (0, 10, true),
            (0, 11, false),
            (0, -11, false),
            (20, 15, true),
            (20, 20, true),
            (20, 21, false),
            (20, -19, true),
            (0, i128::MIN, false),
        ] {
            let got = check_position(Signed::new(before), Signed::new(after), Base::new(10));
            assert_eq!(got.is_ok(), fits, "{before} to {after}");
        }
        let open = |before, after| {
            check_open_interest(Base::new(before), Base::new(after), Base::new(10))
                .map_err(|reject| reject.code)
        };
        assert_eq!(open(5, 10), Ok(()));
        assert_eq!(open(12, 11), Ok(()));
        assert_eq!(open(5, 11), Err(RejectCode::OpenInterestLimit));
    }

    #[test]
    fn large_positions_pay() {
        let list = [(50_000, 1_000), (100_000, 5_000), (250_000, 20_000)]
            .map(|(above, rate)| SizeBracket { above: Ppm::new(above), rate: Ppm::new(rate) });
        for (notional, want) in
            [(0, 0), (50_000, 0), (50_001, 1), (100_000, 50), (250_000, 800), (1_000_000, 15_800)]
        {
            let fee = size_fee(Amount::new(notional), Amount::new(1_000_000), &list);
            assert_eq!(fee, Ok(Amount::new(want)), "{notional}");
        }
        assert_eq!(size_fee(Amount::MAX, Amount::ZERO, &[]), Ok(Amount::ZERO));
        let dear = [SizeBracket { above: Ppm::ZERO, rate: Ppm::new(u32::MAX) }];
        assert_eq!(size_fee(Amount::MAX, Amount::ZERO, &dear), Err(Reject::overflow()));
    }

    proptest! {
        #[test]
        fn a_larger_position_pays_no_less(
            open: u64, notional: u64, more: u32, above in prop::collection::btree_set(0u32..1_000_000, 0..5),
            rate in 0u32..1_000_000,
        ) {
            let list: std::vec::Vec<_> = above.into_iter()
                .map(|above| SizeBracket { above: Ppm::new(above), rate: Ppm::new(rate) })
                .collect();
            let fee = |notional: u128| size_fee(Amount::new(notional), Amount::new(open.into()), &list).unwrap();
            let (small, large) = (u128::from(notional), u128::from(notional) + u128::from(more));
            prop_assert!(fee(small) <= fee(large));
            prop_assert!(fee(large).get() <= large + 5);
        }
    }
}
