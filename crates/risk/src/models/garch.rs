//! Variance that remembers: GARCH(1,1), with or without asymmetry, with normal or Student innovations.
//!
//! ```text
//! rₜ = μ + eₜ      hₜ = ω + (α + γ·[eₜ₋₁ < 0]) e²ₜ₋₁ + β hₜ₋₁
//! ```
//!
//! **Source** Bollerslev (1986); Glosten, Jagannathan and Runkle (1993) for `γ`. The likelihood is climbed with exact
//! gradients over free numbers that keep `ω > 0`, `α ≥ 0`, `α + γ ≥ 0`, `β ≥ 0` and `α + γ/2 + β < 1`.

mod likelihood;

use self::likelihood::{Data, Free, NAMES, NU_LEAST};
use super::error::{ModelError, checked};
use crate::{
    float::{count, is_positive},
    stats::{
        linear::{Matrix, inverse},
        minimise::minimise,
    },
};

/// Returns that a fit needs: with fewer the parameters say nothing.
pub const RETURNS_LEAST: usize = 250;
/// Persistence that a fit may reach: that of an integrated process. From [`NO_LEVEL`] on there is no variance to return to
/// that is worth printing.
pub const PERSISTENCE_MOST: f64 = 1.0 - 1e-9;
/// Persistence from which on no long-run variance is given.
pub const NO_LEVEL: f64 = 0.9995;
/// Degrees of freedom from which on Student's t is a normal for every purpose here.
pub const NU_MOST: f64 = 500.0;

/// Distribution of what variance does not explain, scaled to variance one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Innovation {
    /// Normal.
    Normal,
    /// Student's t, its degrees of freedom fitted.
    Student,
}

/// What stands for the variance and the squared residual before the first return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The mean of all squared residuals, as Fiorentini, Calzolari and Panattoni (1996) have it.
    MeanSquare,
    /// The first 75 squared residuals around the sample's mean with weights falling by 0.94, as Python's `arch` has
    /// it.
    Backcast,
}

/// Which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Whether falls may move variance more than rises do.
    pub asymmetric: bool,
    /// Of what variance does not explain.
    pub innovation: Innovation,
    /// Before the first return.
    pub start: Start,
}

/// Parameters of a fitted model, in units of the returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Mean return.
    pub mu: f64,
    /// Constant part of the variance.
    pub omega: f64,
    /// Weight of the last squared residual.
    pub alpha: f64,
    /// Further weight of the last squared residual if it was a fall; zero in a symmetric model.
    pub gamma: f64,
    /// Weight of the last variance.
    pub beta: f64,
    /// Degrees of freedom; none for normal innovations.
    pub nu: Option<f64>,
}

impl Params {
    /// How much of a shock to variance is left a step later.
    pub fn persistence(&self) -> f64 {
        self.alpha + self.gamma / 2.0 + self.beta
    }

    /// The variance that forecasts tend to; none where persistence is [`NO_LEVEL`] or above.
    pub fn long_run_variance(&self) -> Option<f64> {
        let persistence = self.persistence();
        (persistence < NO_LEVEL).then(|| self.omega / (1.0 - persistence))
    }

    /// Expected variance of each of the next steps, given that of the next one.
    pub fn forecast(&self, next: f64, steps: usize) -> Vec<f64> {
        let (mut variance, persistence) = (next, self.persistence());
        (0..steps)
            .map(|_| {
                let now = variance;
                variance = self.omega + persistence * variance;
                now
            })
            .collect()
    }

    /// The variance after one more return.
    pub fn after(&self, residual: f64, variance: f64) -> f64 {
        let fall = if residual < 0.0 { self.gamma } else { 0.0 };
        self.omega + (self.alpha + fall) * residual * residual + self.beta * variance
    }
}

/// A standard error of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamError {
    /// The parameter's name.
    pub name: &'static str,
    /// From the second derivatives of the likelihood.
    pub hessian: f64,
    /// Of Bollerslev and Wooldridge (1992): right also where the innovations are not as assumed.
    pub robust: f64,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Garch {
    /// Which model.
    pub spec: Spec,
    /// Its parameters.
    pub params: Params,
    /// Of all returns.
    pub log_likelihood: f64,
    /// Variance of each return, from those before it.
    pub variances: Vec<f64>,
    /// Variance of the next return.
    pub next_variance: f64,
    /// Steps of the search.
    pub steps: usize,
}

impl Garch {
    /// Fits a model to returns, best given in percent: variances near one keep the search well scaled.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`RETURNS_LEAST`], [`ModelError::NotFinite`], [`ModelError::Constant`],
    /// [`ModelError::Unsettled`].
    pub fn fit(returns: &[f64], spec: Spec) -> Result<Self, ModelError> {
        checked(returns, ("a GARCH fit", RETURNS_LEAST, "use EWMA or a longer history"))?;
        let data = Data::new(returns, spec);
        if !is_positive(data.variance) {
            return Err(ModelError::Constant { got: returns.len() });
        }
        let start = data.first_guess();
        let free = Free::of(&start, spec);
        let guess = data.evaluate(&start, true).curvature(&start, spec);
        let found = minimise(&free.numbers(), guess, |numbers, slope| {
            let params = free.params(numbers);
            let told = data.evaluate(&params, false);
            free.slope(numbers, &told.slope, slope);
            told.loss
        });
        if !found.settled || !found.value.is_finite() {
            return Err(ModelError::Unsettled { what: "the GARCH fit", steps: found.steps });
        }
        let params = free.params(&found.at);
        Ok(Self { steps: found.steps, ..Self::at(returns, spec, params)? })
    }

    /// The model with given parameters: variances and likelihood, no search.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] without two returns, [`ModelError::NotFinite`], [`ModelError::Range`] for parameters
    /// that make a variance negative.
    pub fn at(returns: &[f64], spec: Spec, params: Params) -> Result<Self, ModelError> {
        checked(returns, ("a GARCH recursion", 2, "give at least two returns"))?;
        let data = Data::new(returns, spec);
        let (variances, next_variance) = data.variances(&params);
        if let Some(bad) = variances.iter().find(|variance| !is_positive(**variance)) {
            return Err(ModelError::Range { what: "a variance", got: *bad, range: "above 0" });
        }
        let log_likelihood = -data.evaluate(&params, false).loss * count(returns.len());
        Ok(Self { spec, params, log_likelihood, variances, next_variance, steps: 0 })
    }

    /// Returns less their mean over the root of their variance: what the model leaves unexplained.
    pub fn residuals(&self, returns: &[f64]) -> Vec<f64> {
        let pairs = returns.iter().zip(&self.variances);
        pairs.map(|(value, variance)| (value - self.params.mu) / variance.sqrt()).collect()
    }

    /// Standard errors of the parameters that were fitted.
    ///
    /// # Errors
    /// [`ModelError::Linear`] where the likelihood is flat in a parameter, such as one on its bound.
    pub fn standard_errors(&self, returns: &[f64]) -> Result<Vec<ParamError>, ModelError> {
        let data = Data::new(returns, self.spec);
        let free = Free::of(&self.params, self.spec);
        let (active, natural) = (free.active(), likelihood::natural(&self.params));
        let size = active.len();
        let slope_at = |place: usize, by: f64| {
            let mut moved = natural;
            moved[active[place]] += by;
            data.evaluate(&likelihood::of_natural(&moved, self.spec), false).slope
        };
        let mut bend = Matrix::zeros(size, size);
        for b in 0..size {
            let step = 1e-5 * natural[active[b]].abs().max(1e-2);
            let (up, down) = (slope_at(b, step), slope_at(b, -step));
            for a in 0..size {
                *bend.at_mut(a, b) = (up[active[a]] - down[active[a]]) / (2.0 * step);
            }
        }
        let bend = Matrix::from_fn(size, size, |a, b| f64::midpoint(bend.at(a, b), bend.at(b, a)));
        let bread = inverse(&bend)?;
        let scores = data.evaluate(&self.params, true).products;
        let number = count(returns.len());
        Ok((0..size)
            .map(|a| {
                let row = bread.row(a);
                let meat: f64 = (0..size)
                    .flat_map(|b| (0..size).map(move |c| (b, c)))
                    .map(|(b, c)| row[b] * scores[active[b]][active[c]] * row[c])
                    .sum();
                let (hessian, robust) = ((row[a] / number).sqrt(), (meat / number).sqrt());
                ParamError { name: NAMES[active[a]], hessian, robust }
            })
            .collect())
    }
}

/// Least degrees of freedom that a fit gives: at two there is no variance.
pub const fn nu_least() -> f64 {
    NU_LEAST
}
