//! Logistic regression: the probability of an event from a few numbers.

use super::error::{ModelError, checked};
use crate::stats::linear::{LinearError, Matrix, cholesky, dot, inverse};

/// Steps at most; a fit that exists takes fewer than twenty.
const STEPS_MAX: usize = 50;
/// Change of the likelihood, relative, below which it has settled.
const SETTLED: f64 = 1e-14;

/// A fitted regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// One for each column.
    pub coefficients: Vec<f64>,
    /// Standard error of each.
    pub standard_errors: Vec<f64>,
    /// Of all rows, the penalty left out.
    pub log_likelihood: f64,
}

fn log_one_plus_exp(x: f64) -> f64 {
    if x > 0.0 { x + libm::log1p(libm::exp(-x)) } else { libm::log1p(libm::exp(x)) }
}

/// The probability that belongs to a score.
pub fn probability(score: f64) -> f64 {
    if score >= 0.0 {
        1.0 / (1.0 + libm::exp(-score))
    } else {
        libm::exp(score) / (1.0 + libm::exp(score))
    }
}

impl Logistic {
    /// Fits by Newton's steps. `ridge` is a penalty on squared coefficients, zero for none; it keeps a fit finite
    /// where columns tell events from others without error.
    ///
    /// # Errors
    /// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Linear`] for columns that depend on each
    /// other, [`ModelError::Unsettled`] where columns tell all events apart and there is no ridge.
    pub fn fit(x: &Matrix, happened: &[bool], ridge: f64) -> Result<Self, ModelError> {
        let shares: Vec<f64> = happened.iter().map(|event| f64::from(*event)).collect();
        Self::fit_shares(x, &shares, ridge)
    }

    /// The same to shares between 0 and 1 in place of events that happened or did not.
    ///
    /// # Errors
    /// As [`Logistic::fit`]; [`ModelError::Range`] for what is no share.
    pub fn fit_shares(x: &Matrix, happened: &[f64], ridge: f64) -> Result<Self, ModelError> {
        let (rows, columns) = (x.rows(), x.columns());
        if rows <= columns || happened.len() != rows {
            return Err(LinearError::Shape { rows, columns }.into());
        }
        if let Some(bad) = happened.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(ModelError::Range { what: "a share", got: *bad, range: "from 0 to 1" });
        }
        for row in 0..rows {
            checked(x.row(row), ("a logistic regression", columns, "fill every column"))?;
        }
        let mut at = vec![0.0; columns];
        let mut best = penalised(x, happened, &at, ridge);
        for _ in 0..STEPS_MAX {
            let (slope, bend) = derivatives(x, happened, &at, ridge);
            cholesky(&bend)?;
            let way = inverse(&bend)?.times(&slope);
            let mut length = 1.0;
            let (next, value) = loop {
                let next: Vec<f64> =
                    at.iter().zip(&way).map(|(at, way)| at + length * way).collect();
                let value = penalised(x, happened, &next, ridge);
                if value >= best || length < 1e-10 {
                    break (next, value);
                }
                length /= 2.0;
            };
            let gained = value - best;
            (at, best) = (next, value);
            if gained <= SETTLED * best.abs() {
                return Self::at(x, happened, at, ridge);
            }
        }
        Err(ModelError::Unsettled { what: "the logistic regression", steps: STEPS_MAX })
    }

    fn at(x: &Matrix, happened: &[f64], at: Vec<f64>, ridge: f64) -> Result<Self, ModelError> {
        // Without a ridge, scores that grow without end mean that no maximum exists.
        let scores = x.times(&at);
        if ridge == 0.0 && scores.iter().any(|score| score.abs() > 500.0) {
            return Err(ModelError::Unsettled {
                what: "the logistic regression",
                steps: STEPS_MAX,
            });
        }
        let (_, bend) = derivatives(x, happened, &at, ridge);
        let covariance = inverse(&bend)?;
        let standard_errors =
            (0..at.len()).map(|place| covariance.at(place, place).sqrt()).collect();
        let log_likelihood = penalised(x, happened, &at, 0.0);
        Ok(Self { coefficients: at, standard_errors, log_likelihood })
    }

    /// Probability of the event for a row.
    pub fn probability(&self, row: &[f64]) -> f64 {
        probability(dot(&self.coefficients, row))
    }
}

fn penalised(x: &Matrix, happened: &[f64], at: &[f64], ridge: f64) -> f64 {
    let likely = happened.iter().enumerate().map(|(row, share)| {
        let score = dot(x.row(row), at);
        // An event or none is one term alone, which keeps its bits.
        let of_event = if *share > 0.0 { share * log_one_plus_exp(-score) } else { 0.0 };
        let of_none = if *share < 1.0 { (1.0 - share) * log_one_plus_exp(score) } else { 0.0 };
        -(of_event + of_none)
    });
    likely.sum::<f64>() - ridge / 2.0 * dot(at, at)
}

fn derivatives(x: &Matrix, happened: &[f64], at: &[f64], ridge: f64) -> (Vec<f64>, Matrix) {
    let columns = x.columns();
    let mut slope: Vec<f64> = at.iter().map(|coefficient| -ridge * coefficient).collect();
    let mut bend = Matrix::from_fn(columns, columns, |a, b| if a == b { ridge } else { 0.0 });
    for (row, share) in happened.iter().enumerate() {
        let cells = x.row(row);
        let likely = probability(dot(cells, at));
        let missed = share - likely;
        let weight = likely * (1.0 - likely);
        for a in 0..columns {
            slope[a] += missed * cells[a];
            for b in 0..columns {
                *bend.at_mut(a, b) += weight * cells[a] * cells[b];
            }
        }
    }
    (slope, bend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_a_column_tells_apart_have_no_fit_without_a_ridge() {
        let x =
            Matrix::from_fn(
                6,
                2,
                |row, column| if column == 0 { 1.0 } else { [0., 1., 2., 3., 4., 5.][row] },
            );
        let happened = [false, false, false, true, true, true];
        assert!(Logistic::fit(&x, &happened, 0.0).is_err());
        let fit = Logistic::fit(&x, &happened, 0.1).unwrap();
        assert!(fit.probability(&[1.0, 0.0]) < 0.1 && fit.probability(&[1.0, 5.0]) > 0.9);
    }
}
