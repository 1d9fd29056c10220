//! The yearly rate that borrowers pay, as a function of how much of a reserve is lent.

use crate::{
    policy::{InterestPolicy, RatePoint},
    reject::{Reject, RejectCode},
};
use backstop_units::{Bps, Fixed60, MathError, mul_div_floor};

/// Refuses corners that are no curve: it begins at no utilization and ends at all of it, utilization rises
/// from corner to corner, and rates never fall.
///
/// # Errors
/// [`RejectCode::BadCurve`] with the first corner that is wrong, or their number.
pub fn check(points: &[RatePoint]) -> Result<(), Reject> {
    let (least, most) = InterestPolicy::POINTS;
    if points.len() < least || points.len() > most {
        return Err(Reject::new(RejectCode::BadCurve, points.len(), most));
    }
    let ends = [(points.first(), Bps::ZERO), (points.last(), Bps::WHOLE)];
    for (point, end) in ends {
        let got = point.map_or(Bps::ZERO, |point| point.utilization);
        if got != end {
            return Err(Reject::new(RejectCode::BadCurve, got.get(), end.get()));
        }
    }
    for (low, high) in points.iter().zip(points.iter().skip(1)) {
        if high.utilization <= low.utilization {
            let (got, limit) = (high.utilization.get(), low.utilization.get());
            return Err(Reject::new(RejectCode::BadCurve, got, limit));
        }
        if high.rate < low.rate {
            return Err(Reject::new(RejectCode::BadCurve, high.rate.get(), low.rate.get()));
        }
    }
    Ok(())
}

/// The yearly rate at a utilization, as a number; above all of it that at all of it.
///
/// A utilization within half a basis point of a corner gets the corner's rate; others lie on the straight
/// line between two corners. **Rounding** down at each step, in favour of borrowers. **Source** the
/// piecewise-linear curves of published lending markets.
///
/// # Errors
/// [`MathError`] for points that [`check`] refuses.
pub fn yearly_rate(points: &[RatePoint], utilization: Fixed60) -> Result<Fixed60, MathError> {
    let utilization = utilization.min(Fixed60::UNIT);
    let whole = u128::from(Bps::WHOLE.get());
    // To the nearest basis point, half of one up.
    let twice = mul_div_floor(utilization.get(), whole.saturating_mul(2), Fixed60::ONE)?;
    let nearest = mul_div_floor(twice.saturating_add(1), 1, 2)?;
    let place = |point: &RatePoint| u128::from(point.utilization.get());
    if let Some(corner) = points.iter().find(|point| place(point) == nearest) {
        return Ok(Fixed60::from_bps(corner.rate));
    }
    let mut pairs = points.iter().zip(points.iter().skip(1));
    let found = pairs.find(|(low, high)| place(low) < nearest && nearest < place(high));
    let (low, high) = found.ok_or(MathError::DivisionByZero)?;
    let along = utilization.saturating_sub(Fixed60::from_bps(low.utilization));
    let rise = high.rate.saturating_sub(low.rate).get();
    let run = high.utilization.saturating_sub(low.utilization).get();
    let above = along.mul_div_floor(rise.into(), run.into())?;
    above.checked_add(Fixed60::from_bps(low.rate)).ok_or(MathError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString, vec::Vec};

    fn curve(points: &[(u32, u32)]) -> Vec<RatePoint> {
        let point = |(utilization, rate)| RatePoint {
            utilization: Bps::new(utilization),
            rate: Bps::new(rate),
        };
        points.iter().copied().map(point).collect()
    }

    /// Computed from the published formula with two programs that agree.
    #[test]
    fn published_rates() {
        let points = curve(&[
            (0, 1),
            (7_000, 400),
            (9_100, 600),
            (9_300, 1_000),
            (9_500, 2_000),
            (9_700, 4_000),
            (10_000, 8_000),
        ]);
        assert_eq!(check(&points), Ok(()));
        for (utilization, rate) in [
            (807_045_053_224_792_883, 46_116_860_184_273_879),
            (922_337_203_685_477_580, 57_097_064_990_053_373),
            (1_066_452_391_761_333_452, 103_762_935_414_616_226),
            (1_141_392_289_560_778_506, 768_614_336_404_564_656),
            (1_383_505_805_528_216_371, 922_337_203_685_477_580),
            (0, 115_292_150_460_684),
        ] {
            let got = yearly_rate(&points, Fixed60::new(utilization)).map(Fixed60::get);
            assert_eq!(got, Ok(rate), "{utilization}");
        }
    }

    #[test]
    fn what_is_no_curve() {
        for (points, got, limit) in [
            (vec![(0, 1)], "1", "11"),
            (vec![(1, 1), (10_000, 1)], "1", "0"),
            (vec![(0, 1), (9_999, 1)], "9999", "10000"),
            (vec![(0, 1), (0, 1), (10_000, 1)], "0", "0"),
            (vec![(0, 100), (5_000, 50), (10_000, 200)], "50", "100"),
        ] {
            let reject = check(&curve(&points)).unwrap_err();
            assert_eq!(
                (reject.got.to_string(), reject.limit.to_string()),
                (got.into(), limit.into())
            );
        }
        assert!(check(&curve(&[(0, 5), (10_000, 5)])).is_ok());
    }
}
