//! Value at risk and expected shortfall: of a sample, and of distributions with a closed form.
//!
//! A level is a probability such as 0.99. Of a sorted sample the value at risk is the order statistic `⌈n·level⌉`,
//! never a point between two losses; the expected shortfall is the mean of the worst `n·(1 − level)` losses, the last
//! of them counted in part (Acerbi and Tasche 2002).

use super::error::{ModelError, between, checked};
use crate::{
    desk::Progress,
    float::{count, to_count},
    random::Random,
    stats::special::{normal_density, normal_quantile, student_density, student_quantile},
};
use serde::{Deserialize, Serialize};

/// Value at risk and expected shortfall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risk {
    /// What is exceeded with probability `1 − level`.
    pub value_at_risk: f64,
    /// The mean beyond it.
    pub expected_shortfall: f64,
}

/// An estimate with an interval of stated confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How an interval is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// How many samples are drawn.
    pub draws: usize,
    /// Steps that stay together, so that calm and storm do; one for independent losses.
    pub block: usize,
    /// Probability that the interval holds the truth.
    pub confidence: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// The place of the order statistic, from 1.
fn place(number: usize, level: f64) -> usize {
    // n·level is meant exactly: 500 · 0.99 is 495, whatever a double makes of it.
    let exact = count(number) * level;
    let near = libm::round(exact);
    let whole = if (exact - near).abs() < 1e-9 * exact { near } else { libm::ceil(exact) };
    to_count(whole).clamp(1, number)
}

fn level_is_one(level: f64) -> Result<(), ModelError> {
    between(("a level", "between 0 and 1"), level, (0.0, 1.0))
}

/// Losses that must be expected beyond a level for history to say anything about it: 250 days have two and a half
/// beyond 99 %.
const BEYOND_LEAST: f64 = 2.5;

/// Checks that a sample is long enough for a level.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::Range`].
pub fn long_enough(number: usize, level: f64) -> Result<(), ModelError> {
    let hint = "use a longer history, a lower level, or the tail model";
    many_enough(number, level, ("a quantile of history", hint))
}

/// Checks that a sample is large enough for a level; what is wanted of it, and what makes it larger.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::Range`].
pub fn many_enough(
    number: usize,
    level: f64,
    (what, hint): (&'static str, &'static str),
) -> Result<(), ModelError> {
    level_is_one(level)?;
    let least = to_count(libm::ceil(BEYOND_LEAST / (1.0 - level) - 1e-6));
    if number >= least {
        return Ok(());
    }
    Err(ModelError::TooFew { what, got: number, least, hint })
}

/// Risk of a sample of losses; the sample is put into another order.
///
/// # Errors
/// [`ModelError::TooFew`] without a loss, [`ModelError::NotFinite`], [`ModelError::Range`].
pub fn of_sample(losses: &mut [f64], level: f64) -> Result<Risk, ModelError> {
    checked(losses, ("a quantile", 1, "give at least one loss"))?;
    level_is_one(level)?;
    Ok(selected(losses, level))
}

fn selected(losses: &mut [f64], level: f64) -> Risk {
    Beyond::of(losses.len(), level).largest(losses)
}

/// What lies at or beyond the value at risk of so many losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Beyond {
    /// How many losses.
    pub(crate) number: usize,
    /// Share of the value at risk in the expected shortfall's sum.
    part: f64,
    /// How many losses the expected shortfall is the mean of.
    over: f64,
}

impl Beyond {
    /// Of a sample's size.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] without a loss, [`ModelError::Range`].
    pub(crate) fn new(number: usize, level: f64) -> Result<Self, ModelError> {
        checked(&[0.0][..number.min(1)], ("a quantile", 1, "give at least one loss"))?;
        level_is_one(level)?;
        Ok(Self::of(number, level))
    }

    fn of(number: usize, level: f64) -> Self {
        let place = place(number, level);
        let part = count(place) - count(number) * level;
        Self { number: number - place + 1, part, over: count(number) * (1.0 - level) }
    }

    /// Risk, given the losses that lie there, and others below them or none.
    pub(crate) fn largest(&self, losses: &mut [f64]) -> Risk {
        let below = losses.len() - self.number;
        let (_, _, worse) = losses.select_nth_unstable_by(below, f64::total_cmp);
        worse.sort_unstable_by(f64::total_cmp);
        self.rising(&losses[below..])
    }

    /// Risk, given the losses that lie there in rising order.
    pub(crate) fn rising(&self, losses: &[f64]) -> Risk {
        let (value_at_risk, worse) = (losses[0], &losses[1..]);
        // Summed in rising order, so that the bits do not depend on how the sample lay before.
        let whole: f64 = worse.iter().sum();
        Risk { value_at_risk, expected_shortfall: (whole + self.part * value_at_risk) / self.over }
    }
}

/// Intervals of both by resampling blocks of a series, ends joined (circular block bootstrap, Politis and Romano
/// 1992). Percentiles of the draws.
///
/// # Errors
/// As [`of_sample`].
pub fn intervals(
    losses: &[f64],
    level: f64,
    how: &Resampling,
    progress: &dyn Progress,
) -> Result<(Interval, Interval), ModelError> {
    intervals_of((losses, losses.len()), level, how, progress)
}

/// The same for losses of which only so many are evidence, the others being the same days drawn again: each resample has
/// that many.
///
/// # Errors
/// As [`of_sample`].
pub fn intervals_of(
    (losses, observations): (&[f64], usize),
    level: f64,
    how: &Resampling,
    progress: &dyn Progress,
) -> Result<(Interval, Interval), ModelError> {
    let number = observations.clamp(1, losses.len().max(1));
    let found = of_sample(&mut losses.to_vec(), level)?;
    let mut random = Random::new(how.seed);
    let mut drawn = Vec::with_capacity(number);
    let (mut at_risk, mut shortfall) = (Vec::new(), Vec::new());
    for _ in 0..how.draws {
        progress.ask()?;
        drawn.clear();
        while drawn.len() < number {
            let from = random.below(losses.len());
            let block = losses.iter().cycle().skip(from).take(how.block.max(1));
            drawn.extend(block.take(number - drawn.len()));
        }
        let risk = selected(&mut drawn, level);
        at_risk.push(risk.value_at_risk);
        shortfall.push(risk.expected_shortfall);
    }
    let ends = |estimate, mut draws: Vec<f64>| {
        draws.sort_by(f64::total_cmp);
        let tail = (1.0 - how.confidence) / 2.0;
        let end = |share| draws.get(place(draws.len(), share) - 1).copied().unwrap_or(estimate);
        let (low, high) = (end(tail), end(1.0 - tail));
        // A resample of fewer has a mean lower tail on average; the estimate is of all.
        Interval { estimate, low: low.min(estimate), high: high.max(estimate) }
    };
    Ok((ends(found.value_at_risk, at_risk), ends(found.expected_shortfall, shortfall)))
}

/// Risk of a standard normal loss: `z`, and `φ(z)/(1 − level)`.
///
/// # Errors
/// [`ModelError::Range`].
pub fn of_normal(level: f64) -> Result<Risk, ModelError> {
    level_is_one(level)?;
    let z = normal_quantile(level);
    Ok(Risk { value_at_risk: z, expected_shortfall: normal_density(z) / (1.0 - level) })
}

/// Risk of a Student loss with `nu` degrees of freedom: `t`, and `f(t)/(1 − level) · (ν + t²)/(ν − 1)`. With
/// `unit_variance` the loss is scaled to variance one.
///
/// # Errors
/// [`ModelError::Range`] for a level outside 0 to 1, or `nu` at or below one (two with `unit_variance`).
pub fn of_student(nu: f64, level: f64, unit_variance: bool) -> Result<Risk, ModelError> {
    level_is_one(level)?;
    let (least, range) = if unit_variance { (2.0, "above 2") } else { (1.0, "above 1") };
    between(("the degrees of freedom", range), nu, (least, f64::INFINITY))?;
    let scale = if unit_variance { ((nu - 2.0) / nu).sqrt() } else { 1.0 };
    let t = student_quantile(level, nu);
    let beyond = student_density(t, nu) / (1.0 - level) * (nu + t * t) / (nu - 1.0);
    Ok(Risk { value_at_risk: scale * t, expected_shortfall: scale * beyond })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Silent;

    #[test]
    fn the_order_statistic_is_the_stated_one() {
        assert_eq!(place(500, 0.99), 495);
        assert_eq!(place(20, 0.95), 19);
        assert_eq!(place(21, 0.95), 20);
        assert_eq!(place(1, 0.5), 1);
    }

    #[test]
    fn the_last_loss_counts_in_part() {
        let mut losses: Vec<f64> = (1..=10).map(f64::from).collect();
        let risk = of_sample(&mut losses, 0.75).unwrap();
        // ⌈7.5⌉ = 8; the worst 2.5 losses are 10, 9 and half of 8.
        assert!((risk.value_at_risk - 8.0).abs() < 1e-15);
        assert!((risk.expected_shortfall - (10.0 + 9.0 + 4.0) / 2.5).abs() < 1e-12);
    }

    #[test]
    fn short_histories_are_refused_for_high_levels() {
        assert!(long_enough(250, 0.99).is_ok());
        let refused = long_enough(250, 0.999).unwrap_err();
        assert!(matches!(refused, ModelError::TooFew { got: 250, least: 2_500, .. }), "{refused}");
        assert!(long_enough(500, 0.0).is_err() && long_enough(500, f64::NAN).is_err());
    }

    #[test]
    fn an_interval_of_independent_losses_holds_the_truth_as_often_as_it_says() {
        let (mut random, mut held) = (Random::new(3), 0);
        let truth = of_normal(0.9).unwrap().value_at_risk;
        for seed in 0..200 {
            let losses: Vec<f64> = (0..400).map(|_| random.normal()).collect();
            let how = Resampling { draws: 200, block: 1, confidence: 0.9, seed };
            let (at_risk, shortfall) = intervals(&losses, 0.9, &how, &Silent).unwrap();
            assert!(at_risk.low <= at_risk.high && shortfall.low <= shortfall.high);
            held += usize::from((at_risk.low..=at_risk.high).contains(&truth));
        }
        // 180 expected; three standard deviations are 13.
        assert!((163..=196).contains(&held), "{held}");
    }
}
