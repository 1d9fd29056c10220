//! What one market's residuals look like alone, and the way from a copula's variate to them.

use crate::{
    float::{count, to_count},
    models::{
        ModelError,
        backtest::{TAIL_SHARE, excesses_of},
        error::checked,
        gpd::{EXCESSES_LEAST, Gpd},
    },
    stats::student,
};
use core::cmp::Ordering;

/// Places of the table from variates to residuals.
const PLACES: u32 = 4_096;
/// The table's end, as the inverse hyperbolic sine of a variate: 4·10⁸.
const END: f64 = 20.5;

/// The distribution of one market's residuals.
#[derive(Clone, Debug, PartialEq)]
pub enum Marginal {
    /// Student's t scaled to this deviation.
    Student {
        /// Degrees of freedom, above two.
        nu: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Residuals as they were, straight lines between them; nothing beyond the worst.
    Empirical(Vec<f64>),
    /// Residuals as they were in the middle, a generalised Pareto tail on either side.
    Tailed {
        /// All residuals in rising order.
        sorted: Vec<f64>,
        /// Excesses of falls below the residual at the tail's edge.
        falls: Gpd,
        /// Excesses of rises above the residual at the other edge.
        rises: Gpd,
    },
}

impl Marginal {
    /// Residuals as they were.
    ///
    /// # Errors
    /// [`ModelError::TooFew`], [`ModelError::NotFinite`].
    pub fn empirical(residuals: &[f64]) -> Result<Self, ModelError> {
        checked(residuals, ("residuals of a market", EXCESSES_LEAST, "give a longer history"))?;
        let mut sorted = residuals.to_vec();
        sorted.sort_by(f64::total_cmp);
        Ok(Self::Empirical(sorted))
    }

    /// Residuals with a tail fitted to the outer tenth on either side.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] for fewer than [`EXCESSES_LEAST`] on a side, [`ModelError::InfiniteMean`] for a tail
    /// without a mean, those of the fit.
    pub fn tailed(residuals: &[f64]) -> Result<Self, ModelError> {
        let beyond = excesses_of(residuals.len());
        if beyond < EXCESSES_LEAST {
            let (what, hint) = ("a market's tail", "give 1000 days or take residuals as they were");
            return Err(ModelError::TooFew { what, got: beyond, least: EXCESSES_LEAST, hint });
        }
        let Self::Empirical(sorted) = Self::empirical(residuals)? else {
            return Self::empirical(residuals);
        };
        let low = sorted[beyond];
        let high = sorted[sorted.len() - 1 - beyond];
        let falls: Vec<f64> =
            sorted.iter().map(|residual| low - residual).filter(|excess| *excess > 0.0).collect();
        let rises: Vec<f64> =
            sorted.iter().map(|residual| residual - high).filter(|excess| *excess > 0.0).collect();
        let fit = |excesses: &[f64]| {
            let gpd = Gpd::fit(excesses)?.gpd;
            if gpd.shape < 1.0 {
                Ok(gpd)
            } else {
                Err(ModelError::InfiniteMean { shape: gpd.shape })
            }
        };
        Ok(Self::Tailed { falls: fit(&falls)?, rises: fit(&rises)?, sorted })
    }

    /// The residual that lies above a share `p` of all, for `p` up to a half; with `upper`, below that share.
    fn quantile(&self, p: f64, upper: bool) -> f64 {
        match self {
            Self::Student { nu, deviation } => {
                let scale = deviation * ((nu - 2.0) / nu).sqrt();
                let below = scale * student::quantile_below(p, *nu);
                if upper { -below } else { below }
            }
            Self::Empirical(sorted) => between_residuals(sorted, p, upper),
            Self::Tailed { sorted, falls, rises } => {
                if p >= TAIL_SHARE {
                    return between_residuals(sorted, p, upper);
                }
                // Where the tails begin the middle ends, so that the quantile does not jump.
                let edge = between_residuals(sorted, TAIL_SHARE, upper);
                let gpd = if upper { rises } else { falls };
                let beyond = gpd.quantile_above(p / TAIL_SHARE);
                if upper { edge + beyond } else { edge - beyond }
            }
        }
    }
}

/// A quantile by straight lines between residuals, the worst of them at `1/(2n)`.
fn between_residuals(sorted: &[f64], p: f64, upper: bool) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = (p * count(sorted.len()) - 0.5).clamp(0.0, count(last));
    let below = to_count(libm::floor(place)).min(last);
    let share = place - count(below);
    let at = |rank: usize| sorted[if upper { last - rank.min(last) } else { rank.min(last) }];
    at(below) + share * (at(below + 1) - at(below))
}

/// A table from the variates of a t copula to residuals: straight lines over the inverse hyperbolic sine. Its quantiles
/// are off by less than one part in ten thousand.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    cells: Vec<f64>,
}

impl Transform {
    pub(super) fn new(marginal: &Marginal, nu: f64) -> Self {
        let half = PLACES / 2;
        let cells = (0..=PLACES)
            .map(|place| {
                let away = f64::from(place.abs_diff(half)) / f64::from(half) * END;
                let p = student::tail(libm::sinh(away), nu).max(1e-300);
                match place.cmp(&half) {
                    Ordering::Less => marginal.quantile(p, false),
                    Ordering::Equal => {
                        f64::midpoint(marginal.quantile(0.5, false), marginal.quantile(0.5, true))
                    }
                    Ordering::Greater => marginal.quantile(p, true),
                }
            })
            .collect();
        Self { cells }
    }

    pub(super) fn residual(&self, variate: f64) -> f64 {
        let half = f64::from(PLACES / 2);
        let place = ((libm::asinh(variate) / END + 1.0) * half).clamp(0.0, 2.0 * half);
        let below = to_count(libm::floor(place)).min(self.cells.len() - 2);
        let (left, right) = (self.cells[below], self.cells[below + 1]);
        left + (place - count(below)) * (right - left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_table_is_near_the_formula() {
        // From a t with 4 degrees of freedom to one with 4 scaled to variance one it is a straight line.
        let same = Transform::new(&Marginal::Student { nu: 4.0, deviation: 1.0 }, 4.0);
        for x in [-300.0, -20.0, -3.1, -0.7, 0.0, 0.2, 5.0, 1e4] {
            let wanted = x / f64::sqrt(2.0);
            assert!((same.residual(x) - wanted).abs() < 1e-4 * wanted.abs() + 1e-5, "{x}");
        }
        // Another number of degrees: by the quantile itself.
        let other = Transform::new(&Marginal::Student { nu: 3.0, deviation: 2.0 }, 6.0);
        for x in [-50.0, -4.0, -1.0, 2.5] {
            let p = student::tail(x, 6.0);
            let exact = 2.0 / f64::sqrt(3.0) * student::quantile_below(p, 3.0);
            let wanted = if x < 0.0 { exact } else { -exact };
            assert!((other.residual(x) / wanted - 1.0).abs() < 1e-4, "{x}");
        }
    }

    #[test]
    fn tails_begin_where_the_middle_ends() {
        let mut random = Random::new(3);
        let residuals: Vec<f64> = (0..2_000).map(|_| random.normal()).collect();
        let marginal = Marginal::tailed(&residuals).unwrap();
        for upper in [false, true] {
            let (inside, outside) =
                (marginal.quantile(0.1, upper), marginal.quantile(0.1 - 1e-12, upper));
            assert!((inside - outside).abs() < 1e-6);
            let normal = if upper { 2.326 } else { -2.326 };
            assert!((marginal.quantile(0.01, upper) - normal).abs() < 0.15);
            // The tail goes on beyond the worst residual, the plain one does not.
            let plain = Marginal::empirical(&residuals).unwrap();
            let worst = plain.quantile(1e-9, upper).abs();
            assert!(marginal.quantile(1e-9, upper).abs() > worst);
            assert!(residuals.iter().any(|residual| (residual.abs() - worst).abs() < 1e-15));
        }
        let few = Marginal::tailed(&residuals[..900]);
        assert!(matches!(few, Err(ModelError::TooFew { got: 90, .. })));
    }
}
