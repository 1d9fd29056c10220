//! Which accounts will be liquidated within a horizon: a few features of each account, a logistic regression, and the
//! probability recalibrated on a later time.
//!
//! Features are of the moment before the horizon begins, the outcome of the time after it: a feature that looks into the
//! horizon would forecast nothing. The baseline is a formula without a fit, [`touch`].

use super::{
    calibration::Calibration,
    registry::{Entry, Measured, RegistryError},
    walk::Walk,
};
use crate::{
    float::{count, is_positive},
    models::{
        ModelError,
        error::between,
        logistic::Logistic,
        scores::{auc, brier},
    },
    stats::{linear::Matrix, special::normal_cdf},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Features of an account, the constant first.
pub const FEATURES: usize = 6;
/// Their names.
pub const NAMES: [&str; FEATURES] =
    ["constant", "distance", "leverage", "concentration", "volatile collateral", "funding"];
/// Names of the calibration's line in a registry.
const SHIFT: &str = "calibration shift";
const SLOPE: &str = "calibration slope";
/// Distance from which on an account counts as safe: ten standard deviations.
pub const DISTANCE_MOST: f64 = 10.0;
/// Penalty on squared coefficients; far below what a row weighs.
const RIDGE: f64 = 1e-4;
/// Share of a training time, its last part, on which probabilities are calibrated.
const CALIBRATED: f64 = 0.25;

/// An account at one moment, all in the quote asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// Collateral at its value after haircuts, and what positions have won or lost: what margin is compared with.
    pub equity: f64,
    /// Maintenance margin: below it the account is liquidated.
    pub maintenance: f64,
    /// Sum of the sizes of positions at their prices.
    pub gross: f64,
    /// Standard deviation of the change of its positions' value over one day, as a share of `gross`.
    pub volatility: f64,
    /// Sum of the squared shares of positions in `gross`: one for a single position.
    pub concentration: f64,
    /// Share of the collateral whose price moves.
    pub volatile_collateral: f64,
    /// Funding that it pays in a day as a share of `gross`; below zero if it gets it.
    pub funding: f64,
}

impl Account {
    /// Standard deviations over `days` between the account and its liquidation, at most [`DISTANCE_MOST`]: the main
    /// feature.
    ///
    /// # Errors
    /// [`ModelError::Range`].
    pub fn distance(&self, days: f64) -> Result<f64, ModelError> {
        between(("the horizon in days", "above 0"), days, (0.0, f64::INFINITY))?;
        let any = (f64::NEG_INFINITY, f64::INFINITY);
        let some = (0.0_f64.next_down(), f64::INFINITY);
        between(("an account's equity", "among the finite numbers"), self.equity, any)?;
        between(("an account's maintenance margin", "at or above 0"), self.maintenance, some)?;
        between(("an account's positions", "at or above 0"), self.gross, some)?;
        between(("an account's volatility", "at or above 0"), self.volatility, some)?;
        let reach = self.gross * self.volatility * days.sqrt();
        let left = self.equity - self.maintenance;
        if left <= 0.0 {
            return Ok(0.0);
        }
        Ok(if is_positive(reach) { (left / reach).min(DISTANCE_MOST) } else { DISTANCE_MOST })
    }

    /// The features, in the order of [`NAMES`]. Leverage is the logarithm of positions over equity, at most a thousandfold;
    /// funding is in basis points of the positions over the horizon, at most a hundred either way.
    ///
    /// # Errors
    /// [`ModelError::Range`].
    pub fn features(&self, days: f64) -> Result<[f64; FEATURES], ModelError> {
        let distance = self.distance(days)?;
        let share = (0.0_f64.next_down(), 1.0_f64.next_up());
        between(("an account's concentration", "from 0 to 1"), self.concentration, share)?;
        let what = ("the share of volatile collateral", "from 0 to 1");
        between(what, self.volatile_collateral, share)?;
        let any = (f64::NEG_INFINITY, f64::INFINITY);
        between(("an account's funding", "among the finite numbers"), self.funding, any)?;
        let leverage = if is_positive(self.equity) { self.gross / self.equity } else { 1_000.0 };
        Ok([
            1.0,
            distance,
            libm::log1p(leverage.min(1_000.0)),
            self.concentration,
            self.volatile_collateral,
            (self.funding * 10_000.0 * days).clamp(-100.0, 100.0),
        ])
    }
}

/// Probability that a driftless walk comes down by so many standard deviations within its time: twice the normal's tail
/// (the reflection principle). The baseline.
pub fn touch(distance: f64) -> f64 {
    (2.0 * normal_cdf(-distance)).min(1.0)
}

/// One account at one moment and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// When, in the units of the walk.
    pub time: u64,
    /// Its features.
    pub features: [f64; FEATURES],
    /// Whether it was liquidated within the horizon after that.
    pub liquidated: bool,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidationModel {
    /// One for each feature.
    pub coefficients: [f64; FEATURES],
    /// Standard error of each.
    pub standard_errors: [f64; FEATURES],
    /// What the regression's probability goes through.
    pub calibration: Calibration,
    /// Rows given: fitted, calibrated on, or left out between the two.
    pub rows: usize,
    /// Liquidations among them.
    pub events: usize,
}

fn outcomes(rows: &[Row]) -> Vec<bool> {
    rows.iter().map(|row| row.liquidated).collect()
}

/// The regression alone. Features that never move are left out: their coefficient is zero.
fn regression(rows: &[Row]) -> Result<([f64; FEATURES], [f64; FEATURES]), ModelError> {
    let moves = |at: &usize| {
        let first = rows.first().map_or(0.0, |row| row.features[*at]);
        *at == 0 || rows.iter().any(|row| (row.features[*at] - first).abs() > 1e-12)
    };
    let used: Vec<usize> = (0..FEATURES).filter(moves).collect();
    let x = Matrix::from_fn(rows.len(), used.len(), |row, column| rows[row].features[used[column]]);
    let fit = Logistic::fit(&x, &outcomes(rows), RIDGE)?;
    let (mut coefficients, mut errors) = ([0.0; FEATURES], [0.0; FEATURES]);
    for (at, feature) in used.into_iter().enumerate() {
        coefficients[feature] = fit.coefficients[at];
        errors[feature] = fit.standard_errors[at];
    }
    Ok((coefficients, errors))
}

impl LiquidationModel {
    /// Fits to rows in the order of time: the regression on the first three quarters, the calibration on the rest. An
    /// outcome reaches `horizon` ahead of its row, in the units of the rows' times: rows of the first part whose outcome
    /// reaches into the rest are left out, as [`Walk`] leaves them out before a test. With too few rows or liquidations in
    /// the rest for a line there is no calibration; nor where the first part has no fit and all rows are fitted instead, for
    /// then the rest has been seen.
    ///
    /// # Errors
    /// Those of [`Logistic::fit`]; [`ModelError::TooFew`] for fewer than ten liquidations a feature.
    pub fn fit(rows: &[Row], horizon: u64) -> Result<Self, ModelError> {
        let events = rows.iter().filter(|row| row.liquidated).count();
        let (what, hint) = ("liquidations to learn from", "give a longer or wilder history");
        let least = 10 * (FEATURES - 1);
        if events < least {
            return Err(ModelError::TooFew { what, got: events, least, hint });
        }
        let cut = crate::float::to_count(count(rows.len()) * (1.0 - CALIBRATED));
        // Rows of one moment stay together.
        let begins = rows[cut.min(rows.len() - 1)].time;
        let rest = &rows[rows.partition_point(|row| row.time < begins)..];
        let known = |row: &Row| row.time.saturating_add(horizon) < begins;
        let first = &rows[..rows.partition_point(known)];
        let (found, rest) = match regression(first) {
            Ok(found) if outcomes(first).contains(&true) => (found, rest),
            _ => (regression(rows)?, &rows[..0]),
        };
        let mut model = Self {
            coefficients: found.0,
            standard_errors: found.1,
            calibration: Calibration::None,
            rows: rows.len(),
            events,
        };
        let told: Vec<f64> = rest.iter().map(|row| model.probability(&row.features)).collect();
        match Calibration::platt(&told, &outcomes(rest)) {
            Ok(calibration) => model.calibration = calibration,
            Err(
                ModelError::TooFew { .. } | ModelError::Range { .. } | ModelError::Unsettled { .. },
            ) => {}
            Err(error) => return Err(error),
        }
        Ok(model)
    }

    /// The parameters for a registry's entry.
    pub fn parameters(&self) -> BTreeMap<String, Measured> {
        let pairs = NAMES.into_iter().zip(self.coefficients.into_iter().zip(self.standard_errors));
        let mut all: BTreeMap<String, Measured> = pairs
            .map(|(name, (value, error))| (name.to_owned(), Measured::of_error(value, error)))
            .collect();
        if let Calibration::Platt { shift, slope } = &self.calibration {
            all.insert(SHIFT.to_owned(), Measured::exact(*shift));
            all.insert(SLOPE.to_owned(), Measured::exact(*slope));
        }
        all
    }

    /// The model of an entry, as [`LiquidationModel::parameters`] wrote it.
    ///
    /// # Errors
    /// [`RegistryError::Lacks`].
    pub fn of(entry: &Entry) -> Result<Self, RegistryError> {
        let mut model = Self {
            coefficients: [0.0; FEATURES],
            standard_errors: [0.0; FEATURES],
            calibration: Calibration::None,
            rows: usize::try_from(entry.rows).unwrap_or(usize::MAX),
            events: 0,
        };
        for (at, name) in NAMES.into_iter().enumerate() {
            let found = entry.parameter(name)?;
            (model.coefficients[at], model.standard_errors[at]) = (found.value, found.error());
        }
        if let Ok(shift) = entry.parameter(SHIFT) {
            let slope = entry.parameter(SLOPE)?.value;
            model.calibration = Calibration::Platt { shift: shift.value, slope };
        }
        Ok(model)
    }

    /// Probability of a liquidation within the horizon.
    pub fn probability(&self, features: &[f64; FEATURES]) -> f64 {
        let score: f64 = self.coefficients.iter().zip(features).map(|(w, cell)| w * cell).sum();
        self.calibration.apply(crate::models::logistic::probability(score))
    }
}

/// Probabilities for rows that no fit had seen, beside those of [`touch`].
#[derive(Clone, Debug, PartialEq)]
pub struct WalkedForward {
    /// Squared error of the model's probability on each row: its mean is the Brier score.
    pub model: Vec<f64>,
    /// The same of the baseline.
    pub baseline: Vec<f64>,
    /// Brier scores of both.
    pub brier: (f64, f64),
    /// Area under the ROC curve of both.
    pub auc: (f64, f64),
    /// Average precision of both: what rare events are judged by.
    pub precision: (f64, f64),
    /// Share of rows that were liquidated.
    pub rate: f64,
    /// The moment of each row.
    pub times: Vec<u64>,
    /// Fits made.
    pub fits: usize,
}

impl WalkedForward {
    /// The mean of scores over the rows of each moment.
    pub fn by_time(&self, scores: &[f64]) -> Vec<f64> {
        let rows: Vec<(u64, f64)> =
            self.times.iter().copied().zip(scores.iter().copied()).collect();
        rows.chunk_by(|a, b| a.0 == b.0)
            .map(|rows| rows.iter().map(|row| row.1).sum::<f64>() / count(rows.len()))
            .collect()
    }
}

/// Walks forward over rows in the order of time. What `walk` purges before a test each fit leaves out before its
/// calibration.
///
/// # Errors
/// As [`LiquidationModel::fit`] and [`Walk::folds`]; [`ModelError::TooFew`] where the tests have no liquidation.
pub fn walk_forward(rows: &[Row], walk: &Walk) -> Result<WalkedForward, ModelError> {
    let times: Vec<u64> = rows.iter().map(|row| row.time).collect();
    let (mut model, mut baseline, mut happened) = (Vec::new(), Vec::new(), Vec::new());
    let (folds, mut seen) = (walk.folds(&times)?, Vec::new());
    let fits = folds.len();
    for fold in folds {
        let fitted = LiquidationModel::fit(&rows[fold.train], walk.purge)?;
        for row in &rows[fold.test] {
            model.push(fitted.probability(&row.features));
            baseline.push(touch(row.features[1]));
            happened.push(row.liquidated);
            seen.push(row.time);
        }
    }
    let errors = |told: &[f64]| -> Vec<f64> {
        let pairs = told.iter().zip(&happened);
        pairs.map(|(share, event)| (share - f64::from(*event)).powi(2)).collect()
    };
    let events = happened.iter().filter(|event| **event).count();
    Ok(WalkedForward {
        brier: (brier(&model, &happened)?, brier(&baseline, &happened)?),
        auc: (auc(&model, &happened)?, auc(&baseline, &happened)?),
        precision: (average_precision(&model, &happened), average_precision(&baseline, &happened)),
        rate: count(events) / count(happened.len()),
        model: errors(&model),
        baseline: errors(&baseline),
        times: seen,
        fits,
    })
}

/// Average precision: the mean, over the events, of the share of events among all that were ranked at least as high. Zero
/// without an event.
pub fn average_precision(scores: &[f64], happened: &[bool]) -> f64 {
    // Plus zero, so that zeros tie whatever their sign.
    let mut order: Vec<(f64, bool)> =
        scores.iter().map(|score| score + 0.0).zip(happened.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut events, mut sum) = (0, 0, 0.0);
    for alike in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let here = alike.iter().filter(|row| row.1).count();
        (seen, events) = (seen + alike.len(), events + here);
        sum += count(here) * count(events) / count(seen);
    }
    if events == 0 { 0.0 } else { sum / count(events) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{forecast::gate, random::Random};

    const ACCOUNT: Account = Account {
        equity: 1_000.0,
        maintenance: 400.0,
        gross: 20_000.0,
        volatility: 0.03,
        concentration: 1.0,
        volatile_collateral: 0.5,
        funding: 0.0003,
    };

    #[test]
    fn features_are_their_formulas() {
        let [one, distance, leverage, concentration, volatile, funding] =
            ACCOUNT.features(4.0).unwrap();
        // 600 left; a standard deviation of two days' roots is 20,000 · 3 % · 2 = 1,200.
        assert!((distance - 0.5).abs() < 1e-12 && (one - 1.0).abs() < 1e-15);
        assert!((leverage - libm::log(21.0)).abs() < 1e-12);
        assert!((concentration - 1.0).abs() + (volatile - 0.5).abs() < 1e-12);
        assert!((funding - 12.0).abs() < 1e-9);
        let safe = Account { gross: 0.0, ..ACCOUNT };
        assert!((safe.distance(1.0).unwrap() - DISTANCE_MOST).abs() < 1e-12);
        let gone = Account { equity: -5.0, ..ACCOUNT };
        assert!(gone.features(1.0).unwrap().iter().all(|cell| cell.is_finite()));
        for bad in [
            Account { equity: f64::NAN, ..ACCOUNT },
            Account { maintenance: -1.0, ..ACCOUNT },
            Account { concentration: 1.1, ..ACCOUNT },
            Account { funding: f64::INFINITY, ..ACCOUNT },
        ] {
            assert!(matches!(bad.features(1.0), Err(ModelError::Range { .. })), "{bad:?}");
        }
        assert!((touch(0.0) - 1.0).abs() < 1e-12 && (touch(1.959_964) - 0.05).abs() < 1e-6);
    }

    #[test]
    fn average_precision_is_the_published_example() {
        // The user guide of scikit-learn: 0.8333… for these four.
        let found = average_precision(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
        let zeros = average_precision(&[0.0, -0.0], &[true, false]);
        assert!((zeros - 0.5).abs() < 1e-12, "zeros tie");
        assert!((found - 5.0 / 6.0).abs() < 1e-12);
        assert!(average_precision(&[0.5], &[false]).abs() < 1e-15);
    }

    /// Accounts whose walks have jumps and depend on collateral too, so that the formula alone is off.
    fn rows(days: u64) -> Vec<Row> {
        let mut random = Random::new(40);
        let mut rows = Vec::new();
        for time in 0..days {
            for _ in 0..30 {
                let account = Account {
                    equity: 400.0 + random.lognormal(400.0, 1.0),
                    volatile_collateral: random.uniform(),
                    concentration: 0.5 + random.uniform() / 2.0,
                    ..ACCOUNT
                };
                let features = account.features(1.0).unwrap();
                let score = 1.0 - 1.6 * features[1] + 2.0 * features[4];
                let liquidated = random.chance(crate::models::logistic::probability(score));
                rows.push(Row { time, features, liquidated });
            }
        }
        rows
    }

    #[test]
    fn the_model_passes_the_gate_where_it_is_right() {
        let rows = rows(200);
        let walk = Walk { train: 80, test: 20, purge: 1, embargo: 1, all_past: true };
        let found = walk_forward(&rows, &walk).unwrap();
        assert!(
            found.auc.0 > found.auc.1 && found.precision.0 > found.precision.1,
            "{:?}",
            found.auc
        );
        let figure = gate::Figure {
            name: "Brier",
            horizon: 1,
            challenger: &found.model,
            baseline: &found.baseline,
        };
        let verdict = gate::judge(&[figure], gate::SIGNIFICANCE).unwrap();
        assert!(verdict.passes(), "{verdict:?}");
        let mean = found.model.iter().sum::<f64>() / count(found.model.len());
        assert!((mean - found.brier.0).abs() < 1e-12);
        let fit = LiquidationModel::fit(&rows, 1).unwrap();
        assert!((fit.coefficients[1] + 1.6).abs() < 4.0 * fit.standard_errors[1], "{fit:?}");
        // Leverage follows from the other features of these accounts only roughly; funding never moves.
        assert!(fit.coefficients[5].abs() < 1e-15);
        let safe = [1.0, 9.0, 3.0, 1.0, 0.0, 3.0];
        assert!(fit.probability(&safe) < 0.01);
        let mut entry = Entry::new("liquidation", b"", (String::new(), String::new()), &verdict);
        entry.parameters = fit.parameters();
        let again = LiquidationModel::of(&entry).unwrap();
        assert!((again.probability(&safe) - fit.probability(&safe)).abs() < 1e-15);
        assert_eq!(again.calibration, fit.calibration);
    }

    #[test]
    fn no_outcome_of_the_regression_reaches_into_the_calibration() {
        let rows = rows(200);
        let fit = LiquidationModel::fit(&rows, 3).unwrap();
        assert!(matches!(fit.calibration, Calibration::Platt { .. }));
        // The calibration begins at 150: an outcome of 147 is known by then or then.
        let mut other = rows.clone();
        for row in other.iter_mut().filter(|row| (147..150).contains(&row.time)) {
            row.liquidated = !row.liquidated;
        }
        let again = LiquidationModel::fit(&other, 3).unwrap();
        assert_eq!((again.coefficients, &again.calibration), (fit.coefficients, &fit.calibration));
        let seen = LiquidationModel::fit(&other, 2).unwrap();
        assert!((seen.coefficients[1] - fit.coefficients[1]).abs() > 1e-6);
    }

    #[test]
    fn what_all_rows_were_fitted_to_is_not_calibrated_on_them() {
        let mut rows = rows(200);
        for row in rows.iter_mut().filter(|row| row.time < 150) {
            row.liquidated = false;
        }
        let fit = LiquidationModel::fit(&rows, 1).unwrap();
        assert_eq!(fit.calibration, Calibration::None);
        assert!(fit.events > 50 && fit.coefficients[1] < 0.0, "{fit:?}");
    }

    #[test]
    fn too_few_liquidations_are_refused() {
        let mut rows = rows(40);
        for row in rows.iter_mut().skip(20) {
            row.liquidated = false;
        }
        let refused = LiquidationModel::fit(&rows, 1).unwrap_err();
        assert!(matches!(refused, ModelError::TooFew { least: 50, .. }), "{refused}");
    }
}
