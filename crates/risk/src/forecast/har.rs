//! Realised variance from hourly prices, and its forecast: the logarithmic HAR model.
//!
//! ```text
//! ln RVₜ = a + d·ln RVₜ₋₁ + w·mean(ln RVₜ₋₁ … ln RVₜ₋₅) + m·mean(ln RVₜ₋₁ … ln RVₜ₋₂₂) + e
//! ```
//!
//! **Source** Corsi (2009). Together with residuals of daily returns it gives quantiles, as filtered history does.

use super::{
    registry::{Entry, Measured, RegistryError},
    walk::Walk,
};
use crate::{
    desk::Silent,
    float::{count, is_positive, wide},
    models::{
        ModelError,
        error::{alike, between, checked},
        scores::qlikes,
        tail::{Interval, Resampling, intervals, long_enough, of_sample},
    },
    stats::linear::{Matrix, least_squares},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that a week and a month of the model have.
pub const LAGS: (usize, usize) = (5, 22);
/// Days of realised variance that a fit needs.
pub const DAYS_LEAST: usize = 250;
/// Seconds of a day.
const DAY: u64 = 86_400;
/// Standard errors on each side at 95 %.
const WIDE: f64 = 1.959_963_984_540_054;
/// Weight of the past of the baseline's average.
const BASELINE: f64 = 0.94;

/// Realised variance of one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Realised {
    /// The day, counted from 1970-01-01.
    pub day: u64,
    /// Sum of the squared logarithmic returns of its bars.
    pub variance: f64,
    /// Sum of the returns.
    pub value: f64,
}

/// Realised variance of each whole day from closes at regular times, the first bar's return from the close before it.
/// `ends` are when the bars end, in seconds since 1970-01-01: one that ends at midnight belongs to the day before. A return
/// over more than one step of a day's `per_day` is left out, and so is a day with fewer than `per_day` returns: what moved in
/// a hole, or over a day's whole absence, is no sum of that many squares.
///
/// # Errors
/// [`ModelError::Unequal`], [`ModelError::TooFew`] for fewer than two bars, [`ModelError::Range`] for a price that is not
/// above zero, or times that do not rise.
pub fn realised(ends: &[u64], closes: &[f64], per_day: usize) -> Result<Vec<Realised>, ModelError> {
    checked(closes, ("realised variance", 2, "give at least two bars"))?;
    if ends.len() != closes.len() {
        let (got, want) = (ends.len(), closes.len());
        return Err(ModelError::Unequal { what: "times for the closes", got, want });
    }
    if let Some(bad) = closes.iter().find(|close| !is_positive(**close)) {
        return Err(ModelError::Range { what: "a price", got: *bad, range: "above 0" });
    }
    if let Some(at) = ends.windows(2).position(|pair| pair[1] <= pair[0]) {
        let (what, range) =
            ("the first bar that is not after the one before", "nowhere: sort bars");
        return Err(ModelError::Range { what, got: count(at + 1), range });
    }
    // Up to a second more, for a day that so many bars don't divide evenly.
    let parts = wide(per_day);
    let is_step = |times: &[u64]| (times[1] - times[0] - 1).saturating_mul(parts) < DAY;
    let returns: Vec<(u64, f64)> = ends
        .windows(2)
        .zip(closes.windows(2))
        .filter(|(times, _)| is_step(times))
        .map(|(times, pair)| ((times[1] - 1) / DAY, libm::log(pair[1] / pair[0])))
        .collect();
    Ok(returns
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|bars| bars.len() >= per_day)
        .map(|bars| Realised {
            day: bars[0].0,
            variance: bars.iter().map(|(_, value)| value * value).sum(),
            value: bars.iter().map(|(_, value)| value).sum(),
        })
        .collect())
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Har {
    /// Constant, day, week, month.
    pub coefficients: [f64; 4],
    /// Standard error of each, for residuals of equal variance.
    pub standard_errors: [f64; 4],
    /// Share of the variance of logarithms that is explained.
    pub r_squared: f64,
    /// Standard deviation of what is not.
    pub deviation: f64,
    /// Rows fitted.
    pub rows: usize,
}

/// Regressors of the day after these logarithms: one, yesterday, mean of a week, mean of a month.
fn row(logs: &[f64]) -> [f64; 4] {
    let mean = |days: usize| logs[logs.len() - days..].iter().sum::<f64>() / count(days);
    [1.0, mean(1), mean(LAGS.0), mean(LAGS.1)]
}

fn logs(variances: &[f64], least: usize) -> Result<Vec<f64>, ModelError> {
    checked(variances, ("the HAR model's days", least, "give a longer history of bars"))?;
    match variances.iter().find(|variance| !is_positive(**variance)) {
        Some(bad) => {
            Err(ModelError::Range { what: "a realised variance", got: *bad, range: "above 0" })
        }
        None => Ok(variances.iter().map(|variance| libm::log(*variance)).collect()),
    }
}

impl Har {
    /// Fits to realised variances of days in order.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`DAYS_LEAST`], [`ModelError::NotFinite`], [`ModelError::Range`] for a variance that is
    /// not above zero, [`ModelError::Linear`] where all are alike.
    pub fn fit(variances: &[f64]) -> Result<Self, ModelError> {
        let logs = logs(variances, DAYS_LEAST)?;
        Self::of_logs(&logs)
    }

    fn of_logs(logs: &[f64]) -> Result<Self, ModelError> {
        let month = LAGS.1;
        let rows: Vec<[f64; 4]> = (month..logs.len()).map(|day| row(&logs[..day])).collect();
        let x = Matrix::from_fn(rows.len(), 4, |at, column| rows[at][column]);
        let fit = least_squares(&x, &logs[month..])?;
        let four = |values: &[f64]| core::array::from_fn(|at| values[at]);
        Ok(Self {
            coefficients: four(&fit.coefficients),
            standard_errors: four(&fit.standard_errors),
            r_squared: fit.r_squared,
            deviation: fit.residual_deviation,
            rows: rows.len(),
        })
    }

    fn log_forecast(&self, logs: &[f64]) -> f64 {
        self.coefficients.iter().zip(row(logs)).map(|(weight, cell)| weight * cell).sum()
    }

    /// The variance of the next day: its mean, if what is not explained is normal, and where 95 % of realised variances
    /// would lie.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] for fewer days than a month has; as [`Har::fit`].
    pub fn forecast(&self, variances: &[f64]) -> Result<Interval, ModelError> {
        let log = self.log_forecast(&logs(variances, LAGS.1)?);
        let reach = WIDE * self.deviation;
        Ok(Interval {
            estimate: self.mean_of(log),
            low: libm::exp(log - reach),
            high: libm::exp(log + reach),
        })
    }

    /// The mean of a lognormal variance.
    fn mean_of(&self, log: f64) -> f64 {
        libm::exp(log + self.deviation * self.deviation / 2.0)
    }

    /// Forecast of each day from a month on, from the days before it; parameters are those of the whole fit.
    fn forecasts(&self, logs: &[f64]) -> Vec<f64> {
        (LAGS.1..logs.len()).map(|day| self.mean_of(self.log_forecast(&logs[..day]))).collect()
    }
}

/// Value at risk and expected shortfall of the next day, with intervals by the bootstrap of residuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextDay {
    /// The variance that is forecast.
    pub variance: Interval,
    /// Value at risk, as a loss in logarithms.
    pub at_risk: Interval,
    /// Expected shortfall.
    pub shortfall: Interval,
}

/// Names of the coefficients in a registry.
const NAMES: [&str; 4] = ["constant", "day", "week", "month"];

impl Har {
    /// The parameters for a registry's entry.
    pub fn parameters(&self) -> BTreeMap<String, Measured> {
        let pairs = NAMES.into_iter().zip(self.coefficients.into_iter().zip(self.standard_errors));
        let mut all: BTreeMap<String, Measured> = pairs
            .map(|(name, (value, error))| (name.to_owned(), Measured::of_error(value, error)))
            .collect();
        all.insert("deviation".to_owned(), Measured::exact(self.deviation));
        all.insert("r squared".to_owned(), Measured::exact(self.r_squared));
        all
    }

    /// The model of an entry, as [`Har::parameters`] wrote it.
    ///
    /// # Errors
    /// [`RegistryError::Lacks`].
    pub fn of(entry: &Entry) -> Result<Self, RegistryError> {
        let mut fit = Self {
            coefficients: [0.0; 4],
            standard_errors: [0.0; 4],
            r_squared: entry.parameter("r squared")?.value,
            deviation: entry.parameter("deviation")?.value,
            rows: usize::try_from(entry.rows).unwrap_or(usize::MAX),
        };
        for (at, name) in NAMES.into_iter().enumerate() {
            let found = entry.parameter(name)?;
            (fit.coefficients[at], fit.standard_errors[at]) = (found.value, found.error());
        }
        Ok(fit)
    }
}

/// Risk of the next day: daily returns measured by the variance forecast for each, set to that of the next day.
///
/// # Errors
/// [`ModelError::TooFew`] for a history too short for fit or level; as [`Har::fit`] and [`intervals`].
pub fn next_day(days: &[Realised], level: f64, how: &Resampling) -> Result<NextDay, ModelError> {
    let variances: Vec<f64> = days.iter().map(|day| day.variance).collect();
    let har = Har::fit(&variances)?;
    let past = har.forecasts(&logs(&variances, DAYS_LEAST)?);
    let variance = har.forecast(&variances)?;
    measured((&days[LAGS.1..], &past), variance, level, how)
}

/// The same by the baseline, an average of realised variances. The variance's bounds are those between which 95 % of
/// realised variances lay, as parts of what the average had said of them.
///
/// # Errors
/// As [`next_day`].
pub fn next_day_by_average(
    days: &[Realised],
    level: f64,
    how: &Resampling,
) -> Result<NextDay, ModelError> {
    let variances: Vec<f64> = days.iter().map(|day| day.variance).collect();
    logs(&variances, DAYS_LEAST)?;
    let (expected, next) = averages(&variances);
    let (past, lived) = (&expected[LAGS.1..], &days[LAGS.1..]);
    let mut parts: Vec<f64> =
        lived.iter().zip(past).map(|(day, average)| day.variance / average).collect();
    let high = of_sample(&mut parts, 0.975)?.value_at_risk;
    let low = of_sample(&mut parts, 0.025)?.value_at_risk;
    let variance = Interval { estimate: next, low: next * low, high: next * high };
    measured((lived, past), variance, level, how)
}

/// Losses as parts of the deviation that was forecast for their day, set to the next day's.
fn measured(
    (days, forecasts): (&[Realised], &[f64]),
    variance: Interval,
    level: f64,
    how: &Resampling,
) -> Result<NextDay, ModelError> {
    let residuals: Vec<f64> =
        days.iter().zip(forecasts).map(|(day, f)| -day.value / f.sqrt()).collect();
    long_enough(residuals.len(), level)?;
    let (at_risk, shortfall) = intervals(&residuals, level, how, &Silent)?;
    let scale = variance.estimate.sqrt();
    let scaled = |interval: Interval| Interval {
        estimate: scale * interval.estimate,
        low: scale * interval.low,
        high: scale * interval.high,
    };
    Ok(NextDay { variance, at_risk: scaled(at_risk), shortfall: scaled(shortfall) })
}

/// What the baseline expects of each day, from the days before it, and of the day after all of them.
fn averages(variances: &[f64]) -> (Vec<f64>, f64) {
    let mut average = variances.first().copied().unwrap_or(0.0);
    let mut step = |variance: &f64| {
        let before = average;
        average = BASELINE * average + (1.0 - BASELINE) * variance;
        before
    };
    let expected = variances.iter().map(&mut step).collect();
    (expected, average)
}

/// Variance forecasts of days that no fit had seen, beside those of a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct WalkedForward {
    /// Days judged, counted from 1970-01-01.
    pub days: Vec<u64>,
    /// QLIKE of the model on each.
    pub model: Vec<f64>,
    /// QLIKE of the baseline on each: an average of realised variances whose weights fall by 0.94, which needs no fit.
    pub baseline: Vec<f64>,
    /// Fits made.
    pub fits: usize,
}

/// Walks forward over days; spans of `walk` are days.
///
/// # Errors
/// As [`Har::fit`] and [`Walk::folds`].
pub fn walk_forward(days: &[Realised], walk: &Walk) -> Result<WalkedForward, ModelError> {
    let variances: Vec<f64> = days.iter().map(|day| day.variance).collect();
    let logs = logs(&variances, DAYS_LEAST)?;
    let times: Vec<u64> = days.iter().map(|day| day.day).collect();
    let (expected, _) = averages(&variances);
    let mut found =
        WalkedForward { days: Vec::new(), model: Vec::new(), baseline: Vec::new(), fits: 0 };
    for fold in walk.folds(&times)? {
        let train = &logs[fold.train.clone()];
        checked(train, ("a HAR fit of the walk", DAYS_LEAST, "train on a longer time"))?;
        let har = Har::of_logs(train)?;
        found.fits += 1;
        for day in fold.test.filter(|day| *day >= LAGS.1) {
            let forecast = har.mean_of(har.log_forecast(&logs[..day]));
            let measured = &variances[day..=day];
            found.model.extend(qlikes(measured, &[forecast])?);
            found.baseline.extend(qlikes(measured, &expected[day..=day])?);
            found.days.push(times[day]);
        }
    }
    alike(&[&found.model, &found.baseline], "scores of the walk")?;
    between(("days that were judged", "above 0"), count(found.days.len()), (0.0, f64::INFINITY))?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const TRUTH: [f64; 4] = [-0.8, 0.33, 0.1, 0.46];

    /// Days that follow the model, with hourly closes that have about that variance.
    fn days(number: usize) -> Vec<Realised> {
        let (mut random, mut logs) = (Random::new(14), vec![-7.3; LAGS.1]);
        (0..number)
            .map(|day| {
                let mean: f64 = TRUTH.iter().zip(row(&logs)).map(|(w, cell)| w * cell).sum();
                let log = mean + 0.6 * random.normal();
                logs.push(log);
                let variance = libm::exp(log);
                let value = variance.sqrt() * random.normal();
                Realised { day: u64::try_from(day).unwrap(), variance, value }
            })
            .collect()
    }

    fn variances(days: &[Realised]) -> Vec<f64> {
        days.iter().map(|day| day.variance).collect()
    }

    #[test]
    fn a_fit_finds_what_was_drawn() {
        let fit = Har::fit(&variances(&days(4_000))).unwrap();
        for ((got, wanted), error) in fit.coefficients.iter().zip(TRUTH).zip(fit.standard_errors) {
            assert!((got - wanted).abs() < 4.0 * error, "{fit:?}");
        }
        assert!((fit.deviation - 0.6).abs() < 0.03 && fit.rows == 4_000 - 22);
    }

    #[test]
    fn bars_add_up_to_days() {
        let seconds: Vec<u64> = (1..61).map(|hour| 86_400 * 3 + hour * 3_600).collect();
        let closes: Vec<f64> = (0..60).map(|hour| f64::from(100 + hour % 7)).collect();
        let found = realised(&seconds, &closes, 24).unwrap();
        // The first day lacks its first return, the third its last twelve; the bar that ends at midnight is the last of
        // its day.
        assert_eq!(found.iter().map(|day| day.day).collect::<Vec<_>>(), [4]);
        let naive: f64 = (24..48).map(|at| f64::ln(closes[at] / closes[at - 1]).powi(2)).sum();
        assert!((found[0].variance - naive).abs() < 1e-15);
        assert!((found[0].value - f64::ln(closes[47] / closes[23])).abs() < 1e-12);
        assert!(realised(&seconds[..9], &closes, 24).is_err());
        assert!(realised(&[2, 1], &[1.0, 1.0], 24).is_err());
        assert!(realised(&[1, 2], &[1.0, 0.0], 24).is_err());
    }

    #[test]
    fn a_return_over_a_hole_is_no_bar() {
        let whole: Vec<u64> = (0..97).map(|hour| 86_400 * 3 + hour * 3_600).collect();
        let days = |missing: &[usize]| {
            let (mut seconds, mut closes) = (Vec::new(), Vec::new());
            for (at, second) in whole.iter().enumerate().filter(|(at, _)| !missing.contains(at)) {
                seconds.push(*second);
                closes.push(100.0 + count(at));
            }
            let found = realised(&seconds, &closes, 24).unwrap();
            found.into_iter().map(|day| day.day).collect::<Vec<_>>()
        };
        assert_eq!(days(&[]), [3, 4, 5, 6]);
        // Where the bar at midnight lacks, both days lack a return.
        assert_eq!(days(&[30]), [3, 5, 6]);
        assert_eq!(days(&[48]), [3, 6]);
        // All of a day but its last bar: the return over it is that of no bar, and the days around are whole.
        assert_eq!(days(&(25..48).collect::<Vec<_>>()), [3, 5, 6]);
        assert_eq!(days(&(25..49).collect::<Vec<_>>()), [3, 6]);
        // Every other bar lacks: half-hours of a file that has hours only now and then.
        let ends = [0, 86_400, 2 * 86_400];
        assert_eq!(realised(&ends, &[1.0, 2.0, 3.0], 1).unwrap().len(), 2);
        assert!(realised(&ends, &[1.0, 2.0, 3.0], 2).unwrap().is_empty());
    }

    #[test]
    fn the_next_day_has_the_risk_of_its_law() {
        let days = days(3_000);
        let how = Resampling { draws: 100, block: 1, confidence: 0.9, seed: 1 };
        let found = next_day(&days, 0.99, &how).unwrap();
        // Residuals are a lognormal mixture of normals around one: a quantile somewhat beyond the normal's 2.33.
        let share = found.at_risk.estimate / found.variance.estimate.sqrt();
        assert!((2.2..2.8).contains(&share), "{share}");
        assert!(found.at_risk.low <= found.at_risk.estimate);
        assert!(found.shortfall.estimate > found.at_risk.estimate);
        assert!(found.variance.low < found.variance.estimate);
        assert!(next_day(&days[..400], 0.9999, &how).is_err());
    }

    #[test]
    fn the_average_forecasts_by_its_own_rule() {
        let days = days(900);
        let how = Resampling { draws: 50, block: 1, confidence: 0.9, seed: 1 };
        let found = next_day_by_average(&days, 0.975, &how).unwrap();
        let (mut average, mut losses, mut parts) = (days[0].variance, Vec::new(), Vec::new());
        for (at, day) in days.iter().enumerate() {
            if at >= 22 {
                losses.push(-day.value / average.sqrt());
                parts.push(day.variance / average);
            }
            average = 0.94 * average + 0.06 * day.variance;
        }
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-12, "{got} {want}");
        close(found.variance.estimate, average);
        // 878 days: the loss that at most 2.5 % of them, 21, exceed.
        losses.sort_by(f64::total_cmp);
        close(found.at_risk.estimate, average.sqrt() * losses[878 - 22]);
        let within = parts
            .iter()
            .filter(|part| (found.variance.low..=found.variance.high).contains(&(*part * average)));
        let share = count(within.count()) / count(parts.len());
        assert!((0.945..0.956).contains(&share), "{share}");
    }

    #[test]
    fn the_model_beats_its_baseline_where_it_is_right() {
        let days = days(1_500);
        let walk = Walk { train: 500, test: 100, purge: 1, embargo: 0, all_past: true };
        let found = walk_forward(&days, &walk).unwrap();
        assert_eq!((found.fits, found.days.len()), (10, 999));
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / count(scores.len());
        assert!(mean(&found.model) < mean(&found.baseline));
        // Days after a test change nothing in it.
        let mut other = days.clone();
        for day in &mut other[1_201..] {
            day.variance *= 5.0;
        }
        let changed = walk_forward(&other, &walk).unwrap();
        assert_eq!(found.model[..600], changed.model[..600]);
        assert_ne!(found.model[701..], changed.model[701..]);
    }

    #[test]
    fn a_model_comes_back_from_its_entry() {
        let days = days(600);
        let fit = Har::fit(&variances(&days)).unwrap();
        let verdict = crate::forecast::gate::Verdict { figures: Vec::new() };
        let mut entry = Entry::new("har", b"days", (String::new(), String::new()), &verdict);
        entry.rows = u64::try_from(fit.rows).unwrap();
        entry.parameters = fit.parameters();
        let again = Har::of(&entry).unwrap();
        let (one, two) = (fit.forecast(&variances(&days)), again.forecast(&variances(&days)));
        assert_eq!(one.unwrap(), two.unwrap());
        entry.parameters.remove("week");
        let refused = Har::of(&entry).unwrap_err();
        assert!(matches!(refused, RegistryError::Lacks { .. }), "{refused}");
    }

    #[test]
    fn odd_variances_are_named() {
        let mut bad = variances(&days(300));
        bad[7] = 0.0;
        assert!(matches!(Har::fit(&bad), Err(ModelError::Range { .. })));
        bad[7] = f64::NAN;
        assert!(matches!(Har::fit(&bad), Err(ModelError::NotFinite { at: 7, .. })));
        assert!(matches!(Har::fit(&bad[..100]), Err(ModelError::TooFew { got: 100, .. })));
        assert!(matches!(Har::fit(&[1e-4; 300]), Err(ModelError::Linear(_))));
    }
}
