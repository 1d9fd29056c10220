//! Tail risk of the need, and who it comes from.
//!
//! The expected shortfall is the weighted mean of the worst scenarios (Acerbi and Tasche 2002: the last of them counts
//! in part). A share is the same mean of a part of the need, `ES_i = E[N_i | N ≥ VaR]` (Euler), so shares add up. As
//! money they are cut so that they add up to the atom.

use super::{error::NeedError, tally::Outcome};
use crate::{
    float::count,
    models::tail::{Risk, many_enough, of_sample},
};

/// What a level of the need lacks when scenarios are too few for it.
pub(crate) const FEW: (&str, &str) = (
    "a quantile of the need",
    "raise scenarios.number (with historical scenarios: give a longer history), or lower the level",
);

/// The worst scenarios of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// The level, such as 0.99.
    pub level: f64,
    /// Value at risk and expected shortfall of the need, in quote units.
    pub risk: Risk,
    /// Places of the scenarios and their weights, which add up to one; the worst first, ties by place.
    pub scenarios: Vec<(usize, f64)>,
}

impl Tail {
    /// The tail of the need at a level.
    ///
    /// # Errors
    /// [`NeedError::Model`] when the level is none, or has too few scenarios beyond it.
    pub fn of(outcomes: &[Outcome], level: f64) -> Result<Self, NeedError> {
        many_enough(outcomes.len(), level, FEW)?;
        let mut needs: Vec<f64> = outcomes.iter().map(|outcome| outcome.need).collect();
        let mut order: Vec<usize> = (0..needs.len()).collect();
        order.sort_by(|a, b| needs[*b].total_cmp(&needs[*a]).then(a.cmp(b)));
        let beyond = count(needs.len()) * (1.0 - level);
        // n·(1 − level) is meant exactly: 1000 · 0.01 is ten, whatever a double makes of it.
        let near = libm::round(beyond);
        let beyond = if (beyond - near).abs() < 1e-9 * near.max(1.0) { near } else { beyond };
        let mut scenarios = Vec::new();
        let mut left = beyond;
        for place in order {
            if left <= 0.0 {
                break;
            }
            scenarios.push((place, left.min(1.0) / beyond));
            left -= 1.0;
        }
        let risk = of_sample(&mut needs, level)?;
        Ok(Self { level, risk, scenarios })
    }

    /// The weighted mean over the tail of a part of the need.
    pub fn mean(&self, part: impl Fn(usize) -> f64) -> f64 {
        self.scenarios.iter().map(|(place, weight)| weight * part(*place)).sum()
    }

    /// Shares of each market in the expected shortfall.
    pub fn by_market(&self, outcomes: &[Outcome]) -> Vec<f64> {
        self.shares(outcomes, |outcome| &outcome.by_market)
    }

    /// Shares of each kind of collateral: cash first.
    pub fn by_asset(&self, outcomes: &[Outcome]) -> Vec<f64> {
        self.shares(outcomes, |outcome| &outcome.by_asset)
    }

    fn shares(&self, outcomes: &[Outcome], parts: impl Fn(&Outcome) -> &Vec<f64>) -> Vec<f64> {
        let number = outcomes.first().map_or(0, |outcome| parts(outcome).len());
        let part = |at: usize, place: usize| {
            outcomes.get(place).and_then(|outcome| parts(outcome).get(at)).copied().unwrap_or(0.0)
        };
        (0..number).map(|at| self.mean(|place| part(at, place))).collect()
    }

    /// Shares of owner groups, from the traces of this tail's scenarios in their order; the largest first.
    pub fn by_group(&self, groups: &[Vec<(u32, f64)>]) -> Vec<(u32, f64)> {
        let weighed = self.scenarios.iter().zip(groups).flat_map(|((_, weight), groups)| {
            groups.iter().map(move |(group, amount)| (*group, weight * amount))
        });
        let mut all: Vec<(u32, f64)> = weighed.collect();
        all.sort_by_key(|(group, _)| *group);
        let same = all.chunk_by(|a, b| a.0 == b.0);
        let mut sums: Vec<(u32, f64)> = same
            .filter_map(|same| Some((same.first()?.0, same.iter().map(|(_, part)| part).sum())))
            .collect();
        sums.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        sums
    }
}

/// Cuts a total into whole atoms in proportion to parts that add up to it but for float rounding: each part down, then
/// the atoms that are left to the largest remainders, ties to the lower place. The sum is exact.
///
/// `atoms` is how many a unit of the parts has.
pub fn in_atoms(total: i128, parts: &[f64], atoms: f64) -> Vec<i128> {
    let mut cut: Vec<i128> = Vec::with_capacity(parts.len());
    let mut remainders: Vec<(f64, usize)> = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let exact = part * atoms;
        let down = libm::floor(exact);
        remainders.push((exact - down, at));
        cut.push(whole(down));
    }
    remainders.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = total - cut.iter().sum::<i128>();
    let number = i128::try_from(cut.len()).unwrap_or(i128::MAX).max(1);
    let (each, more) = (left.div_euclid(number), left.rem_euclid(number));
    for (rank, (_, at)) in (0i128..).zip(remainders) {
        if let Some(part) = cut.get_mut(at) {
            *part += each + i128::from(rank < more);
        }
    }
    cut
}

/// The whole number that a float is.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and the value is whole")]
const fn whole(value: f64) -> i128 {
    value as i128
}

/// A risk number as money, in atoms: up, against the payer of risk.
pub fn up(units: f64, atoms: f64) -> i128 {
    whole(libm::ceil(units * atoms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(needs: &[f64]) -> Vec<Outcome> {
        let one = |need: &f64| Outcome {
            need: *need,
            by_market: vec![0.25 * need, 0.75 * need],
            by_asset: vec![*need],
            ..Outcome::default()
        };
        needs.iter().map(one).collect()
    }

    #[test]
    fn shares_of_the_tail_add_up_to_its_mean() {
        let needs: Vec<f64> = (0..1000).map(f64::from).collect();
        let outcomes = outcomes(&needs);
        let tail = Tail::of(&outcomes, 0.99).unwrap();
        assert_eq!(tail.scenarios.len(), 10);
        assert_eq!(tail.scenarios[0].0, 999);
        assert!((tail.risk.expected_shortfall - 994.5).abs() < 1e-9);
        let shares = tail.by_market(&outcomes);
        assert!((shares.iter().sum::<f64>() - tail.risk.expected_shortfall).abs() < 1e-9);
        assert!((shares[0] / tail.risk.expected_shortfall - 0.25).abs() < 1e-12);
        // 250 scenarios beyond 99 %: two and a half count.
        let few = Tail::of(&outcomes[..250], 0.99).unwrap();
        let weights: Vec<f64> = few.scenarios.iter().map(|(_, weight)| *weight).collect();
        assert_eq!(weights.len(), 3);
        assert!((weights[2] - 0.2).abs() < 1e-12);
        assert!((few.mean(|at| needs[at]) - few.risk.expected_shortfall).abs() < 1e-9);
        assert!(Tail::of(&outcomes[..100], 0.99).is_err());
    }

    #[test]
    fn money_adds_up_to_the_atom() {
        assert_eq!(in_atoms(10, &[3.3, 3.3, 3.4], 1.0), [3, 3, 4]);
        assert_eq!(in_atoms(100, &[1.0 / 3.0; 3], 100.0), [34, 33, 33]);
        // Twelve atoms more than the floats know of, and a part below zero.
        assert_eq!(in_atoms(1_012, &[600.5, -99.5, 499.0], 1.0), [605, -96, 503]);
        assert_eq!(in_atoms(7, &[], 1.0), Vec::<i128>::new());
        assert_eq!((up(1.000_000_1, 1e6), up(0.0, 1e6)), (1_000_001, 0));
    }

    #[test]
    fn groups_are_added_over_the_tail() {
        let tail = Tail {
            level: 0.5,
            risk: Risk { value_at_risk: 0.0, expected_shortfall: 0.0 },
            scenarios: vec![(0, 0.5), (1, 0.5)],
        };
        let groups = [vec![(1, 10.0), (7, 2.0)], vec![(7, 20.0)]];
        assert_eq!(tail.by_group(&groups), [(7, 11.0), (1, 5.0)]);
    }
}
