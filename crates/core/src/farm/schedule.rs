//! Schedules of rewards: rates that hold from moments on.

use crate::{
    policy::{RewardKind, RewardPoint, RewardTerms},
    reject::{Reject, RejectCode},
};
use backstop_units::{Span, Timestamp};

/// Refuses terms that are no schedule: too many points, moments that don't rise, or a target of nothing.
///
/// # Errors
/// [`RejectCode::BadSchedule`].
pub fn check(terms: &RewardTerms) -> Result<(), Reject> {
    let bad = |got: u128, limit: u128| Reject::new(RejectCode::BadSchedule, got, limit);
    let (count, most) = (terms.points.len(), RewardTerms::POINTS_MAX);
    if count > most {
        return Err(Reject::new(RejectCode::BadSchedule, count, most));
    }
    if terms.decimals > RewardTerms::DECIMALS_MAX {
        return Err(bad(terms.decimals.into(), RewardTerms::DECIMALS_MAX.into()));
    }
    if terms.kind == RewardKind::Targeted && terms.target.is_zero() {
        return Err(bad(0, 1));
    }
    for (first, next) in terms.points.iter().zip(terms.points.iter().skip(1)) {
        if next.at <= first.at {
            return Err(Reject::new(RejectCode::BadSchedule, next.at, first.at));
        }
    }
    Ok(())
}

/// How long a point's rate holds within a stretch of time.
fn overlap(
    (from, until): (Timestamp, Timestamp),
    point: &RewardPoint,
    next: Option<&RewardPoint>,
) -> Span {
    let begins = point.at.max(from);
    let ends = next.map_or(until, |next| next.at.min(until));
    ends.since(begins)
}

/// Rate × milliseconds over a stretch of time; the most that fits where it is more than that.
pub fn due(points: &[RewardPoint], from: Timestamp, until: Timestamp) -> u128 {
    let next = points.iter().skip(1).map(Some).chain([None]);
    points.iter().zip(next).fold(0, |sum: u128, (point, next)| {
        let span = overlap((from, until), point, next).ms();
        sum.saturating_add(point.rate.get().saturating_mul(span.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Amount;
    use std::vec::Vec;

    fn points(points: &[(u64, u128)]) -> Vec<RewardPoint> {
        let point = |(at, rate): &(u64, u128)| RewardPoint {
            at: Timestamp::from_ms(*at),
            rate: Amount::new(*rate),
        };
        points.iter().map(point).collect()
    }

    #[test]
    fn stretches() {
        let steps = points(&[(100, 3), (200, 0), (300, 7)]);
        for (from, until, want) in [
            (0, 100, 0),
            (0, 101, 3),
            (100, 200, 300),
            (150, 250, 150),
            (199, 301, 10),
            (0, 1_000, 300 + 4_900),
            (400, 400, 0),
            (500, 400, 0),
        ] {
            let [from_at, until_at] = [from, until].map(Timestamp::from_ms);
            assert_eq!(due(&steps, from_at, until_at), want, "{from} to {until}");
        }
        assert_eq!(due(&[], Timestamp::from_ms(0), Timestamp::from_ms(9)), 0);
        let most = points(&[(0, u128::MAX)]);
        assert_eq!(due(&most, Timestamp::from_ms(0), Timestamp::from_ms(9)), u128::MAX);
    }

    #[test]
    fn what_is_no_schedule() {
        let terms = |steps: &[(u64, u128)], decimals| RewardTerms {
            points: points(steps),
            decimals,
            ..RewardTerms::default()
        };
        let long: Vec<(u64, u128)> = (0..21).map(|at| (at, 1)).collect();
        for (steps, decimals, good) in [
            (&[][..], 0, true),
            (&long[..20], 18, true),
            (&long, 0, false),
            (&[(5, 1), (5, 2)], 0, false),
            (&[(5, 1), (4, 2)], 0, false),
            (&[(5, 1)], 19, false),
        ] {
            assert_eq!(check(&terms(steps, decimals)).is_ok(), good, "{steps:?} {decimals}");
        }
    }

    #[test]
    fn over_is_no_rate_now_or_later() {
        for (steps, now, over) in [
            (&[][..], 9, true),
            (&[(0, 0)], 9, true),
            (&[(0, 1)], 9, false),
            (&[(0, 1), (5, 0)], 9, true),
            (&[(0, 1), (5, 0)], 4, false),
            (&[(0, 0), (20, 1)], 9, false),
        ] {
            let terms = RewardTerms { points: points(steps), ..RewardTerms::default() };
            assert_eq!(terms.is_over(Timestamp::from_ms(now)), over, "{steps:?} at {now}");
        }
    }
}
