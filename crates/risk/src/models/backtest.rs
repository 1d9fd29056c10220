//! Rolling back tests: value at risk and expected shortfall forecast for each day from the days before it, by several
//! models, judged by one set of tests and ranked by one score.
//!
//! No forecast sees its own day or a later one. A model's parameters are fitted anew every so many days; its volatility
//! is carried on each day. A loss above the forecast is a hit; one equal to it is none.

mod rolling;

use self::rolling::forecasts;
use super::{
    error::{ModelError, checked},
    gpd::EXCESSES_LEAST,
    scores::{fissler_ziegel, pinball},
    tail::{Interval, long_enough},
    verdict::{Forecasts, Ratio, TrafficLight, Transitions, kupiec, traffic_light, z2_p_value},
};
use crate::{
    desk::{Progress, Stage},
    float::{count, to_count},
    stats::special::beta_quantile,
};
use rayon::prelude::*;
use serde::Serialize;

/// Days that the traffic light looks at.
const LIGHT: usize = 250;
/// Degrees of freedom of the losses that a shortfall is judged by: those of daily returns of coins, about.
const Z2_NU: f64 = 4.0;
/// Draws behind its probability, and their seed.
const Z2_DRAWS: usize = 10_000;
const Z2_SEED: u64 = 1;
/// Share of residuals beyond the threshold of the tail model.
pub const TAIL_SHARE: f64 = 0.1;

/// A model that forecasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Days of history as they were.
    Historical,
    /// History filtered by an average of squared returns.
    FilteredEwma,
    /// History filtered by GARCH(1,1) with normal likelihood.
    FilteredGarch,
    /// History filtered by GJR-GARCH with Student innovations.
    FilteredGjr,
    /// GARCH(1,1) with Student innovations, its quantile by formula.
    Student,
    /// History filtered by GARCH(1,1), its tail a generalised Pareto distribution (`McNeil` and Frey 2000).
    Tail,
}

impl Model {
    /// All of them, the simplest first.
    pub const ALL: [Self; 6] = [
        Self::Historical,
        Self::FilteredEwma,
        Self::FilteredGarch,
        Self::FilteredGjr,
        Self::Student,
        Self::Tail,
    ];

    /// Its name as a page shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Historical => "historical simulation",
            Self::FilteredEwma => "filtered history, EWMA",
            Self::FilteredGarch => "filtered history, GARCH",
            Self::FilteredGjr => "filtered history, GJR with Student innovations",
            Self::Student => "GARCH with Student innovations",
            Self::Tail => "extreme values of GARCH residuals",
        }
    }
}

/// How a back test rolls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rolling {
    /// Days that each forecast looks back on.
    pub window: usize,
    /// Days from one fit to the next.
    pub refit: usize,
    /// The level of value at risk and expected shortfall.
    pub level: f64,
    /// The level at which a test rejects.
    pub significance: f64,
}

impl Default for Rolling {
    /// A thousand days back, fitted monthly, 99 %, tests at 5 %.
    fn default() -> Self {
        Self { window: 1_000, refit: 25, level: 0.99, significance: 0.05 }
    }
}

/// How one model did.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The first day forecast; its place among the returns.
    pub first: usize,
    /// Value at risk of each day, as a loss in logarithms.
    pub at_risk: Vec<f64>,
    /// Expected shortfall of each day.
    pub shortfall: Vec<f64>,
    /// Days on which the loss was larger than the value at risk, counted from `first`.
    pub hits: Vec<usize>,
    /// Share of such days, with the bounds of Clopper and Pearson at 95 %.
    pub rate: Interval,
    /// Kupiec's test.
    pub coverage: Ratio,
    /// Christoffersen's test of independence.
    pub independence: Ratio,
    /// Christoffersen's test of both.
    pub conditional: Ratio,
    /// Acerbi and Szekely's second statistic.
    pub z2: f64,
    /// Probability of one as low or lower if the model is right.
    pub z2_p: f64,
    /// The traffic light over the last 250 days, or all if there are fewer.
    pub light: TrafficLight,
    /// Pinball score of the value at risk.
    pub pinball: f64,
    /// Score of both together; the lower the better.
    pub score: f64,
    /// What speaks against the model, in words; empty if it passes.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Whether all tests stand.
    pub fn passes(&self) -> bool {
        self.failures.is_empty()
    }
}

/// One model's back test: its outcome, or why it could not be run.
#[derive(Clone, Debug, PartialEq)]
pub struct BackTest {
    /// The model.
    pub model: Model,
    /// What came out.
    pub outcome: Result<Outcome, ModelError>,
}

/// Which model to use.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommended {
    /// The model.
    pub model: Model,
    /// Whether it passes; if not, it is the best score among models that all fail, and the page must say so.
    pub passes: bool,
    /// Why, in words.
    pub why: String,
}

/// Back tests models on the logarithmic returns of a position that gains when they are positive; on all threads of the
/// current pool, the same bytes on any number of them.
///
/// # Errors
/// [`ModelError::TooFew`] for a history not longer than the window by [`LIGHT`] days, or a window too short for the
/// level; [`ModelError::NotFinite`]; [`ModelError::Range`]; [`ModelError::Cancelled`]. What a single model lacks is in its
/// own outcome.
pub fn back_test(
    returns: &[f64],
    rolling: &Rolling,
    models: &[Model],
    progress: &dyn Progress,
) -> Result<Vec<BackTest>, ModelError> {
    let hint = "give a longer history or a shorter window";
    checked(returns, ("a back test", rolling.window + LIGHT, hint))?;
    long_enough(rolling.window, rolling.level)?;
    super::error::between(
        ("the significance of a test", "between 0 and 1"),
        rolling.significance,
        (0.0, 1.0),
    )?;
    let stage = Stage::begin(progress, "back tests", models.len())?;
    let one = |model: &Model| {
        stage.part(|| {
            let outcome = forecasts(returns, rolling, (*model, progress))
                .and_then(|both| judge(returns, rolling, both, progress));
            Ok(BackTest { model: *model, outcome })
        })
    };
    models.par_iter().map(one).collect()
}

/// Excesses that a window has for the tail model.
pub fn excesses_of(window: usize) -> usize {
    to_count(libm::floor(count(window) * TAIL_SHARE + 1e-9))
}

/// Refuses a window whose tail has too few excesses.
///
/// # Errors
/// [`ModelError::TooFew`].
fn enough_excesses(window: usize) -> Result<(), ModelError> {
    let got = excesses_of(window);
    if got >= EXCESSES_LEAST {
        return Ok(());
    }
    let (what, hint) = ("the tail model's excesses", "use a window of 1000 days or more");
    Err(ModelError::TooFew { what, got, least: EXCESSES_LEAST, hint })
}

fn judge(
    returns: &[f64],
    rolling: &Rolling,
    (at_risk, shortfall): (Vec<f64>, Vec<f64>),
    progress: &dyn Progress,
) -> Result<Outcome, ModelError> {
    let (first, level) = (rolling.window, rolling.level);
    let profit = &returns[first..];
    let losses: Vec<f64> = profit.iter().map(|value| -value).collect();
    let is_hit: Vec<bool> = losses.iter().zip(&at_risk).map(|(loss, v)| loss > v).collect();
    let hits: Vec<usize> =
        is_hit.iter().enumerate().filter(|(_, hit)| **hit).map(|(day, _)| day).collect();
    let (days, probability) = (losses.len(), 1.0 - level);
    let coverage = kupiec(days, hits.len(), probability)?;
    let transitions = Transitions::of(&is_hit);
    let independence = transitions.independence();
    let conditional = transitions.conditional_coverage(probability)?;
    let (at, short) = (&at_risk[..], &shortfall[..]);
    let z2 = Forecasts { profit, at_risk: at, shortfall: short, level }.acerbi_szekely()?.z2;
    let z2_p = z2_p_value(z2, (days, level), Z2_NU, (Z2_DRAWS, Z2_SEED), progress)?;
    let recent = days.min(LIGHT);
    let lately = is_hit[days - recent..].iter().filter(|hit| **hit).count();
    let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let mut outcome = Outcome {
        first,
        rate: rate(hits.len(), days),
        coverage,
        independence,
        conditional,
        z2,
        z2_p,
        light: traffic_light(wide(recent), wide(lately), probability),
        pinball: pinball(&losses, &at_risk, level)?,
        score: fissler_ziegel(&losses, (&at_risk, &shortfall), level)?,
        failures: Vec::new(),
        at_risk,
        shortfall,
        hits,
    };
    outcome.failures = failures(&outcome, &transitions, rolling);
    Ok(outcome)
}

fn rate(hits: usize, days: usize) -> Interval {
    let (k, n) = (count(hits), count(days));
    let low = if hits == 0 { 0.0 } else { beta_quantile(0.025, k, n - k + 1.0) };
    let high = if hits == days { 1.0 } else { beta_quantile(0.975, k + 1.0, n - k) };
    Interval { estimate: k / n, low, high }
}

fn failures(outcome: &Outcome, transitions: &Transitions, rolling: &Rolling) -> Vec<String> {
    let days = outcome.at_risk.len();
    let expected = count(days) * (1.0 - rolling.level);
    let too = if count(outcome.hits.len()) > expected { "too many" } else { "too few" };
    // The test has two sides: hits that keep apart fail it too.
    let order = if transitions.cluster() { "hits cluster" } else { "hits keep apart" };
    let together = transitions.n11;
    let tests = [
        (
            outcome.coverage,
            format!("Kupiec: {} hits where {expected:.1} are due, {too}", outcome.hits.len()),
        ),
        (
            outcome.independence,
            format!("Christoffersen: {together} hits came the day after a hit, {order}"),
        ),
        (outcome.conditional, "Christoffersen: number and order of hits together".to_owned()),
    ];
    let mut failures: Vec<String> = tests
        .into_iter()
        .filter(|(ratio, _)| !ratio.stands(rolling.significance))
        .map(|(ratio, why)| {
            let Ratio { statistic, p_value } = ratio;
            format!("{why} (ratio {statistic:.2}, p {p_value:.4} below {})", rolling.significance)
        })
        .collect();
    if outcome.z2_p < rolling.significance {
        failures.push(format!(
            "Acerbi and Szekely: losses beyond the value at risk were larger than the expected shortfall (Z2 {:.2}, p \
             {:.4} below {})",
            outcome.z2, outcome.z2_p, rolling.significance
        ));
    }
    failures
}

/// The model with the lowest joint score among those that pass; if none does, among all, and then it says why that one
/// fails. None if no model could be run.
pub fn recommended(tests: &[BackTest]) -> Option<Recommended> {
    let run = || tests.iter().filter_map(|test| Some((test.model, test.outcome.as_ref().ok()?)));
    let best = |among: Vec<(Model, &Outcome)>| {
        let mut among = among;
        among.sort_by(|a, b| a.1.score.total_cmp(&b.1.score));
        among.first().map(|(model, outcome)| (*model, (*outcome).clone()))
    };
    let passing: Vec<(Model, &Outcome)> = run().filter(|(_, outcome)| outcome.passes()).collect();
    let number = passing.len();
    if let Some((model, outcome)) = best(passing) {
        let name = model.name();
        let why = format!(
            "{name}: lowest joint score ({:.4}) of {number} models that pass; {} hits in {} days",
            outcome.score,
            outcome.hits.len(),
            outcome.at_risk.len()
        );
        return Some(Recommended { model, passes: true, why });
    }
    let (model, outcome) = best(run().collect())?;
    let why = format!(
        "no model passes; {} has the lowest joint score ({:.4}) and fails: {}",
        model.name(),
        outcome.score,
        outcome.failures.join("; ")
    );
    Some(Recommended { model, passes: false, why })
}

#[cfg(test)]
mod tests;
