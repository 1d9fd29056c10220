//! Filtered historical simulation: days of history, each measured by the volatility of its time and set to today's.
//!
//! ```text
//! zₜ = (rₜ − μ) / sₜ      one day t is drawn for all series at each step:  r = μ + s · zₜ,  then s goes on by its recursion
//! ```
//!
//! **Source** Barone-Adesi, Giannopoulos and Vosper (1999). Drawing one day for all series keeps what they did together.

use super::{
    error::{ModelError, alike, checked},
    ewma,
    garch::{Garch, Params, Spec},
};
use crate::float::is_positive;
use rayon::prelude::*;

/// First residuals that an average of squares is not used for: it has seen too little.
pub const WARM_UP: usize = 25;
/// Returns that an average of squares needs, the warm-up among them.
pub const RETURNS_LEAST: usize = 100;
/// Returns are fitted in percent, which keeps searches well scaled.
const PERCENT: f64 = 100.0;

/// How volatility is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filter {
    /// It isn't: days of history as they were.
    None,
    /// By an average of squared returns with this weight of the past; no mean is taken off.
    Ewma(f64),
    /// By a fitted model.
    Garch(Spec),
}

/// How volatility goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Recursion {
    Flat,
    Ewma(f64),
    Garch(Params),
}

/// One filtered series. Variances and the mean are those of returns in percent.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    residuals: Vec<f64>,
    mean: f64,
    next_variance: f64,
    recursion: Recursion,
}

/// Filtered series of one calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    series: Vec<Series>,
    days: usize,
}

impl Series {
    /// Filters logarithmic returns.
    ///
    /// # Errors
    /// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Constant`]; as [`Garch::fit`].
    pub fn fit(returns: &[f64], filter: Filter) -> Result<Self, ModelError> {
        let hint = "give a longer history";
        checked(returns, ("filtered history", RETURNS_LEAST, hint))?;
        let percent: Vec<f64> = returns.iter().map(|value| PERCENT * value).collect();
        match filter {
            Filter::None => Ok(Self {
                residuals: percent,
                mean: 0.0,
                next_variance: 1.0,
                recursion: Recursion::Flat,
            }),
            Filter::Ewma(weight) => Self::ewma(&percent, weight),
            Filter::Garch(spec) => Ok(Self::of_garch(&Garch::fit(&percent, spec)?, &percent)),
        }
    }

    fn ewma(percent: &[f64], weight: f64) -> Result<Self, ModelError> {
        let variances = ewma::variances(percent, weight)?;
        let next_variance = variances.last().copied().unwrap_or(0.0);
        let used = percent.iter().zip(&variances).skip(WARM_UP);
        if used.clone().any(|(_, variance)| !is_positive(*variance)) || !is_positive(next_variance)
        {
            return Err(ModelError::Constant { got: percent.len() });
        }
        let residuals = used.map(|(value, variance)| value / variance.sqrt()).collect();
        Ok(Self { residuals, mean: 0.0, next_variance, recursion: Recursion::Ewma(weight) })
    }

    fn of_garch(model: &Garch, percent: &[f64]) -> Self {
        Self {
            residuals: model.residuals(percent),
            mean: model.params.mu,
            next_variance: model.next_variance,
            recursion: Recursion::Garch(model.params),
        }
    }

    /// What volatility leaves unexplained, the oldest first.
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// Standard deviation of the next step's logarithmic return, as a fraction.
    pub fn volatility(&self) -> f64 {
        self.next_variance.sqrt() / PERCENT
    }

    /// Mean of a step's logarithmic return, as a fraction.
    pub fn mean(&self) -> f64 {
        self.mean / PERCENT
    }

    /// Where a path begins.
    pub const fn start(&self) -> f64 {
        self.next_variance
    }

    /// The logarithmic return of a residual at a variance, and the variance after it.
    pub fn step(&self, residual: f64, variance: f64) -> (f64, f64) {
        let away = residual * variance.sqrt();
        let after = match self.recursion {
            Recursion::Flat => variance,
            Recursion::Ewma(weight) => weight * variance + (1.0 - weight) * away * away,
            Recursion::Garch(params) => params.after(away, variance),
        };
        ((self.mean + away) / PERCENT, after)
    }
}

impl Filtered {
    /// Filters series of logarithmic returns over one calendar, one slice for each; on all threads of the current
    /// pool.
    ///
    /// # Errors
    /// [`ModelError::Unequal`]; as [`Series::fit`], of the first series that has one.
    pub fn fit(returns: &[&[f64]], filter: Filter) -> Result<Self, ModelError> {
        alike(returns, "a series of returns")?;
        let fitted: Vec<Result<Series, ModelError>> =
            returns.par_iter().map(|one| Series::fit(one, filter)).collect();
        Self::of(fitted.into_iter().collect::<Result<_, _>>()?)
    }

    /// Filtered series of one calendar put together.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] without a series, [`ModelError::Unequal`].
    pub fn of(series: Vec<Series>) -> Result<Self, ModelError> {
        let residuals: Vec<&[f64]> = series.iter().map(Series::residuals).collect();
        let days = alike(&residuals, "a series of residuals")?;
        Ok(Self { series, days })
    }

    /// The series, in the order given.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Days that can be drawn, numbered from 0, the oldest first.
    pub const fn days(&self) -> usize {
        self.days
    }

    /// Walks over drawn days; for each step the logarithmic returns of all series are given to `see`. Days out of range
    /// count as the last.
    pub fn walk(&self, days: impl IntoIterator<Item = usize>, mut see: impl FnMut(&[f64])) {
        let mut variances: Vec<f64> = self.series.iter().map(Series::start).collect();
        let mut row = vec![0.0; self.series.len()];
        for day in days {
            let day = day.min(self.days.saturating_sub(1));
            for ((series, variance), cell) in self.series.iter().zip(&mut variances).zip(&mut row) {
                (*cell, *variance) = series.step(series.residuals[day], *variance);
            }
            see(&row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        float::count,
        models::garch::{Innovation, Start},
        random::Random,
    };

    const GJR: Spec =
        Spec { asymmetric: true, innovation: Innovation::Student, start: Start::Backcast };

    fn history(days: usize) -> Vec<f64> {
        let (mut random, mut variance, mut last) = (Random::new(5), 9.0, 0.0_f64);
        (0..days)
            .map(|_| {
                variance = 0.3 + 0.1 * last * last + 0.85 * variance;
                last = f64::sqrt(variance) * random.normal();
                last / 100.0
            })
            .collect()
    }

    #[test]
    fn history_walked_over_again_comes_back() {
        let returns = history(600);
        for filter in [Filter::None, Filter::Ewma(0.94), Filter::Garch(GJR)] {
            let filtered = Filtered::fit(&[&returns], filter).unwrap();
            let skipped = returns.len() - filtered.days();
            let series = &filtered.series()[0];
            // From the variance that stood before the first residual the recursion gives each return again.
            let mut variance = match filter {
                Filter::Ewma(weight) => {
                    let percent: Vec<f64> = returns.iter().map(|r| 100.0 * r).collect();
                    ewma::variances(&percent, weight).unwrap()[skipped]
                }
                Filter::Garch(spec) => {
                    let percent: Vec<f64> = returns.iter().map(|r| 100.0 * r).collect();
                    Garch::fit(&percent, spec).unwrap().variances[0]
                }
                Filter::None => 1.0,
            };
            for (residual, wanted) in series.residuals().iter().zip(&returns[skipped..]) {
                let (got, after) = series.step(*residual, variance);
                assert!((got - wanted).abs() < 1e-12);
                variance = after;
            }
            assert!((variance / series.start() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn one_day_is_drawn_for_all_series() {
        let first = history(400);
        let second: Vec<f64> = first.iter().map(|value| -2.0 * value).collect();
        let filtered = Filtered::fit(&[&first, &second], Filter::Ewma(0.94)).unwrap();
        let mut steps = 0;
        filtered.walk([3, 370, 9, 12], |row| {
            assert!((row[1] + 2.0 * row[0]).abs() < 1e-12);
            steps += 1;
        });
        assert_eq!(steps, 4);
    }

    #[test]
    fn scenarios_have_the_variance_of_the_model() {
        let returns = history(2_000);
        let spec = Spec { asymmetric: false, innovation: Innovation::Normal, ..GJR };
        let filtered = Filtered::fit(&[&returns], Filter::Garch(spec)).unwrap();
        let percent: Vec<f64> = returns.iter().map(|r| 100.0 * r).collect();
        let model = Garch::fit(&percent, spec).unwrap();
        let ahead = model.params.forecast(model.next_variance, 5);
        let (mut random, mut squares) = (Random::new(1), [0.0; 5]);
        for _ in 0..40_000 {
            let days: Vec<usize> = (0..5).map(|_| random.below(filtered.days())).collect();
            let mut step = 0;
            filtered.walk(days, |row| {
                squares[step] += (100.0 * row[0] - model.params.mu).powi(2) / 40_000.0;
                step += 1;
            });
        }
        for (got, wanted) in squares.iter().zip(ahead) {
            assert!((got / wanted - 1.0).abs() < 0.05, "{got} {wanted}");
        }
        assert!(count(filtered.days()) > 1_999.0);
    }

    #[test]
    fn bad_history_is_named() {
        let flat = vec![0.0; 300];
        for filter in [Filter::Ewma(0.94), Filter::Garch(GJR)] {
            assert!(matches!(Series::fit(&flat, filter), Err(ModelError::Constant { .. })));
        }
        assert!(matches!(Series::fit(&flat[..99], Filter::None), Err(ModelError::TooFew { .. })));
        let refused = Filtered::fit(&[&flat, &flat[..299]], Filter::None);
        assert!(matches!(refused, Err(ModelError::Unequal { .. })));
    }
}
