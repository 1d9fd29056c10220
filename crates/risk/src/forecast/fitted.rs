//! A fit, its judgement and its entry for the registry in one step.

use super::{
    gate::{Figure, SIGNIFICANCE, Verdict, judge},
    har::{self, Har, Realised},
    liquidation::{self, LiquidationModel, Row},
    registry::Entry,
    walk::Walk,
};
use crate::models::ModelError;

/// Names of the models in a registry.
pub const HAR: &str = "har";
/// See [`HAR`].
pub const LIQUIDATION: &str = "liquidation";

/// What a fit was made from: the very bytes of its file, and the first and last day in it.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The bytes.
    pub data: &'a [u8],
    /// First day.
    pub from: &'a str,
    /// Last day.
    pub to: &'a str,
}

impl Origin<'_> {
    fn entry(&self, model: &str, verdict: &Verdict, rows: usize) -> Entry {
        let window = (self.from.to_owned(), self.to.to_owned());
        let mut entry = Entry::new(model, self.data, window, verdict);
        entry.rows = u64::try_from(rows).unwrap_or(u64::MAX);
        entry
    }
}

/// A horizon of one: the gate's test allows for differences that stay alike for days on its own.
fn verdict(name: &'static str, model: &[f64], baseline: &[f64]) -> Result<Verdict, ModelError> {
    let figure = Figure { name, horizon: 1, challenger: model, baseline };
    judge(&[figure], SIGNIFICANCE)
}

/// What the gate says of the HAR model by QLIKE after a walk forward; spans of `walk` are days.
///
/// # Errors
/// As [`har::walk_forward`] and [`judge`].
pub fn judged_har(days: &[Realised], walk: &Walk) -> Result<Verdict, ModelError> {
    let walked = har::walk_forward(days, walk)?;
    verdict("QLIKE", &walked.model, &walked.baseline)
}

/// The HAR model of realised variances, judged by QLIKE; spans of `walk` are days. An entry comes out whether or not the
/// gate lets it in, so that a registry shows what was tried.
///
/// # Errors
/// As [`har::walk_forward`] and [`judge`].
pub fn har(days: &[Realised], walk: &Walk, origin: Origin<'_>) -> Result<Entry, ModelError> {
    let verdict = judged_har(days, walk)?;
    let variances: Vec<f64> = days.iter().map(|day| day.variance).collect();
    let fit = Har::fit(&variances)?;
    let mut entry = origin.entry(HAR, &verdict, fit.rows);
    entry.parameters = fit.parameters();
    Ok(entry)
}

/// The walk forward of the liquidation model over account rows in the order of time, and what the gate says of it by
/// Brier's score. Rows of one moment share its market, so their scores are added up by moment before they are compared: a
/// hundred accounts in one crash are one experience, not a hundred.
///
/// # Errors
/// As [`liquidation::walk_forward`] and [`judge`].
pub fn judged_liquidation(
    rows: &[Row],
    walk: &Walk,
) -> Result<(liquidation::WalkedForward, Verdict), ModelError> {
    let walked = liquidation::walk_forward(rows, walk)?;
    let (model, baseline) = (walked.by_time(&walked.model), walked.by_time(&walked.baseline));
    let verdict = verdict("Brier", &model, &baseline)?;
    Ok((walked, verdict))
}

/// The liquidation model, judged as [`judged_liquidation`] says.
///
/// # Errors
/// As [`judged_liquidation`] and [`LiquidationModel::fit`].
pub fn liquidation(rows: &[Row], walk: &Walk, origin: Origin<'_>) -> Result<Entry, ModelError> {
    let (_, verdict) = judged_liquidation(rows, walk)?;
    let fit = LiquidationModel::fit(rows, walk.purge)?;
    let mut entry = origin.entry(LIQUIDATION, &verdict, fit.rows);
    entry.parameters = fit.parameters();
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{forecast::registry::Registry, models::logistic::probability, random::Random};

    const WALK: Walk = Walk { train: 300, test: 50, purge: 1, embargo: 0, all_past: true };

    #[test]
    fn a_fit_goes_through_the_registry_and_back() {
        let mut random = Random::new(3);
        let mut log = -7.0;
        let days: Vec<Realised> = (0..700)
            .map(|day| {
                log = -0.7 + 0.9 * log + 0.5 * random.normal();
                let variance = libm::exp(log);
                Realised { day, variance, value: variance.sqrt() * random.normal() }
            })
            .collect();
        let origin = Origin { data: b"bars", from: "2020-01-01", to: "2021-12-01" };
        let mut registry = Registry::new();
        registry.add(har(&days, &WALK, origin).unwrap()).unwrap();
        let again = Registry::from_json(&registry.to_json().unwrap()).unwrap();
        let entry = again.usable(HAR, b"bars").unwrap();
        assert!(entry.accepted && entry.scores.contains_key("QLIKE less baseline"));
        let variances: Vec<f64> = days.iter().map(|day| day.variance).collect();
        let (one, two) = (Har::fit(&variances).unwrap(), Har::of(entry).unwrap());
        let (one, two) = (one.forecast(&variances).unwrap(), two.forecast(&variances).unwrap());
        assert!((one.estimate / two.estimate - 1.0).abs() < 1e-12);
        assert!(again.usable(HAR, b"other bars").is_err());
    }

    #[test]
    fn what_is_no_better_is_kept_out_and_shown() {
        // Accounts whose fate follows from the baseline's own formula: nothing is left to learn.
        let mut random = Random::new(6);
        let rows: Vec<Row> = (0..500_u64)
            .flat_map(|time| (0..20).map(move |_| time))
            .map(|time| {
                let distance = 3.0 * random.uniform();
                let features = [1.0, distance, 2.0, 1.0, random.uniform(), 0.0];
                let liquidated = random.chance(liquidation::touch(distance));
                Row { time, features, liquidated }
            })
            .collect();
        let origin = Origin { data: b"rows", from: "2024-01-01", to: "2025-05-01" };
        let entry = super::liquidation(&rows, &WALK, origin).unwrap();
        assert!(!entry.accepted && entry.failures[0].starts_with("Brier: "), "{entry:?}");
        assert!(probability(entry.parameter("constant").unwrap().value) > 0.0);
        let mut registry = Registry::new();
        registry.add(entry).unwrap();
        assert!(registry.newest(LIQUIDATION).is_err());
    }
}
