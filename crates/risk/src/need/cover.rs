//! Covers over all scenarios, what a given fund leaves uncovered, and how long it takes to refill.
//!
//! Cover-n is the largest over scenarios of the sum of the `n` largest deficits of owner groups in one scenario (CPMI
//! and IOSCO, Principles for financial market infrastructures, principle 4): sorted scenario by scenario, each account
//! at zero or above before it is added, nothing netted across accounts. A scenario's deficits are those at the peak of its
//! need, or at its end where those are more: see [`Outcome::cover`].

use super::tally::{COVER_MAX, Outcome};
use crate::float::count;

/// A figure and the scenario that set it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Worst {
    /// Quote units.
    pub amount: f64,
    /// The scenario's place, the first of equals; none: it is zero in all.
    pub scenario: Option<usize>,
}

/// Covers over all scenarios.
#[derive(Clone, Debug, PartialEq)]
pub struct Covers {
    /// Cover-1, Cover-2, … Cover-[`COVER_MAX`].
    pub cover: [Worst; COVER_MAX],
    /// All deficits of the worst scenario.
    pub shortfall: Worst,
    /// The largest need.
    pub need: Worst,
}

fn worst(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> Worst {
    let mut found = Worst::default();
    for (place, outcome) in outcomes.iter().enumerate() {
        let amount = figure(outcome);
        if amount > found.amount {
            found = Worst { amount, scenario: Some(place) };
        }
    }
    found
}

impl Covers {
    /// The covers of all scenarios.
    pub fn of(outcomes: &[Outcome]) -> Self {
        Self {
            cover: core::array::from_fn(|n| worst(outcomes, |outcome| outcome.cover[n])),
            shortfall: worst(outcomes, |outcome| outcome.shortfall),
            need: worst(outcomes, |outcome| outcome.need),
        }
    }
}

/// What a fund of some size leaves to auto-deleveraging or socialisation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uncovered {
    /// Part of the scenarios in which the fund is not enough.
    pub probability: f64,
    /// Mean over all scenarios of what it lacks.
    pub expected: f64,
    /// Mean over the scenarios in which it lacks something; zero if there is none.
    pub mean: f64,
    /// The largest lack, and its scenario.
    pub worst: Worst,
}

impl Uncovered {
    /// What a fund of this size leaves, each scenario as likely as any other.
    pub fn of(outcomes: &[Outcome], fund: f64) -> Self {
        let lacks = |outcome: &Outcome| (outcome.need - fund).max(0.0);
        let (mut short, mut total) = (0usize, 0.0);
        for outcome in outcomes {
            let lack = lacks(outcome);
            if lack > 0.0 {
                short += 1;
                total += lack;
            }
        }
        let number = count(outcomes.len().max(1));
        Self {
            probability: count(short) / number,
            expected: total / number,
            mean: if short > 0 { total / count(short) } else { 0.0 },
            worst: worst(outcomes, lacks),
        }
    }
}

/// Days until an income has brought back what was lost; none without income.
pub fn days_to_refill(lost: f64, income_per_day: f64) -> Option<f64> {
    if lost <= 0.0 {
        return Some(0.0);
    }
    (income_per_day > 0.0).then(|| lost / income_per_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_are_sorted_within_a_scenario_and_not_across() {
        // Two groups lose 10 and 9 in one scenario, one group 12 in another.
        let two = Outcome {
            need: 19.0,
            shortfall: 19.0,
            cover: [10.0, 19.0, 19.0, 19.0, 19.0],
            ..Outcome::default()
        };
        let one = Outcome { need: 12.0, shortfall: 12.0, cover: [12.0; 5], ..Outcome::default() };
        let covers = Covers::of(&[Outcome::default(), two, one]);
        assert_eq!(covers.cover[0], Worst { amount: 12.0, scenario: Some(2) });
        assert_eq!(covers.cover[1], Worst { amount: 19.0, scenario: Some(1) });
        assert_eq!(covers.shortfall.scenario, Some(1));
        assert_eq!(Covers::of(&[]).need, Worst::default());
    }

    #[test]
    fn what_a_fund_leaves_uncovered() {
        let outcomes: Vec<Outcome> =
            [0.0, 5.0, 20.0, 40.0].map(|need| Outcome { need, ..Outcome::default() }).to_vec();
        let left = Uncovered::of(&outcomes, 10.0);
        assert_eq!(left.worst, Worst { amount: 30.0, scenario: Some(3) });
        assert!((left.probability - 0.5).abs() < 1e-15);
        assert!((left.expected - 10.0).abs() < 1e-15 && (left.mean - 20.0).abs() < 1e-15);
        assert_eq!(Uncovered::of(&outcomes, 40.0), Uncovered::default());
        assert_eq!(days_to_refill(10.0, 4.0), Some(2.5));
        assert_eq!((days_to_refill(0.0, 0.0), days_to_refill(1.0, 0.0)), (Some(0.0), None));
    }
}
