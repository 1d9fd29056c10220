//! The tail beyond a threshold: the generalised Pareto distribution, fitted to excesses.
//!
//! **Source** Pickands (1975); the one-number profile of Grimshaw (1993): with `θ = ξ/β` the best shape is
//! `ξ(θ) = mean ln(1 + θy)`, and what is left to maximise is `−ln(ξ(θ)/θ) − ξ(θ) − 1`. Value at risk and expected
//! shortfall as in `McNeil`, Frey and Embrechts, "Quantitative Risk Management", section 5.2.

use super::error::{ModelError, between, checked};
use crate::{
    float::{count, is_positive},
    stats::linear::{Matrix, inverse},
};

/// Excesses that a fit needs.
pub const EXCESSES_LEAST: usize = 100;
/// Shape below which the likelihood is not regular: standard errors mean nothing there.
pub const SHAPE_LEAST: f64 = -0.5;
/// Shape at or below which there is no fit: from minus one on the likelihood has no bound, and what a search finds near
/// there is the end of what it may look at, not a maximum.
pub const SHAPE_EDGE: f64 = -0.95;
/// Shape around zero where the formulas of the exponential distribution stand in.
const EXPONENTIAL: f64 = 1e-8;
/// Steps of the search at most.
const STEPS_MAX: usize = 200;
/// Points of the first, coarse search on each side of zero.
const COARSE: i32 = 8;
/// Shape around zero where standard errors are summed term by term: farther out what cancels leaves ten digits.
const SMALL: f64 = 0.01;
/// Share of an excess up to which a logarithm is summed as a series: see [`beyond_square`].
const NEAR: f64 = 0.1;
/// Terms of that series: the next is below 10⁻¹⁷.
const TERMS: i32 = 16;

/// A generalised Pareto distribution of excesses over a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gpd {
    /// Shape: above zero the tail is a power's, with exponent `1/ξ`.
    pub shape: f64,
    /// Scale, in units of the excesses.
    pub scale: f64,
}

/// A fitted tail.
#[derive(Clone, Debug, PartialEq)]
pub struct GpdFit {
    /// The distribution.
    pub gpd: Gpd,
    /// Sum of negative log-likelihoods.
    pub loss: f64,
    /// Standard errors of shape and scale from the second derivatives, the scale's in units of the excesses; none for a
    /// shape at or below [`SHAPE_LEAST`].
    pub standard_errors: Option<(f64, f64)>,
    /// How many excesses.
    pub excesses: usize,
}

/// A loss distribution beyond its threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Excesses over the threshold.
    pub gpd: Gpd,
    /// The threshold, as a loss.
    pub threshold: f64,
    /// Probability that a loss exceeds the threshold.
    pub exceed: f64,
}

impl Gpd {
    /// Fits to excesses, all above zero, however few: for those who know what they do. [`Gpd::fit`] asks for enough.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`], [`ModelError::Range`] for an excess that is not above zero,
    /// [`ModelError::Constant`]; [`ModelError::NoMaximum`] for excesses that end abruptly, as those of a uniform
    /// distribution do; [`ModelError::Unsettled`] where the likelihood still rises at the end of the search.
    pub fn fit_any(excesses: &[f64]) -> Result<GpdFit, ModelError> {
        checked(excesses, ("a tail fit", 2, "lower the threshold"))?;
        if let Some(bad) = excesses.iter().find(|excess| !is_positive(**excess)) {
            return Err(ModelError::Range { what: "an excess", got: *bad, range: "above 0" });
        }
        let most = excesses.iter().fold(0.0, |most: f64, excess| most.max(*excess));
        if excesses.iter().all(|excess| (excess - most).abs() < f64::EPSILON * most) {
            return Err(ModelError::Constant { got: excesses.len() });
        }
        let number = count(excesses.len());
        let mean = excesses.iter().sum::<f64>() / number;
        let theta = profile_minimum(excesses, mean, most)?;
        let shape = shape_at(excesses, theta);
        if shape <= SHAPE_EDGE {
            return Err(ModelError::NoMaximum { shape });
        }
        let gpd = if shape.abs() < EXPONENTIAL {
            Self { shape: 0.0, scale: mean }
        } else {
            Self { shape, scale: shape / theta }
        };
        let standard_errors = (gpd.shape > SHAPE_LEAST).then(|| gpd.errors(excesses)).flatten();
        Ok(GpdFit { gpd, loss: gpd.loss(excesses), standard_errors, excesses: excesses.len() })
    }

    /// Fits to at least [`EXCESSES_LEAST`] excesses.
    ///
    /// # Errors
    /// [`ModelError::TooFew`]; as [`Gpd::fit_any`].
    pub fn fit(excesses: &[f64]) -> Result<GpdFit, ModelError> {
        let hint = "lower the threshold or give a longer history";
        checked(excesses, ("a tail fit", EXCESSES_LEAST, hint))?;
        Self::fit_any(excesses)
    }

    /// Sum of negative log-likelihoods of excesses.
    pub fn loss(&self, excesses: &[f64]) -> f64 {
        let number = count(excesses.len());
        if self.shape.abs() < EXPONENTIAL {
            return number * libm::log(self.scale) + excesses.iter().sum::<f64>() / self.scale;
        }
        let theta = self.shape / self.scale;
        let logs: f64 = excesses.iter().map(|excess| libm::log1p(theta * excess)).sum();
        number * libm::log(self.scale) + (1.0 + 1.0 / self.shape) * logs
    }

    /// Probability that an excess is larger than `y`.
    pub fn exceeds(&self, y: f64) -> f64 {
        if self.shape.abs() < EXPONENTIAL {
            return libm::exp(-y / self.scale);
        }
        let inner = 1.0 + self.shape * y / self.scale;
        if inner <= 0.0 { 0.0 } else { libm::pow(inner, -1.0 / self.shape) }
    }

    /// The excess that is exceeded with probability `p`.
    pub fn quantile_above(&self, p: f64) -> f64 {
        if self.shape.abs() < EXPONENTIAL {
            return -self.scale * libm::log(p);
        }
        self.scale / self.shape * libm::expm1(-self.shape * libm::log(p))
    }

    /// Standard errors from exact second derivatives of the likelihood.
    fn errors(&self, excesses: &[f64]) -> Option<(f64, f64)> {
        let (xi, beta) = (self.shape, self.scale);
        let (mut beyond, mut parts, mut squares) = (0.0, 0.0, 0.0);
        for excess in excesses {
            let growth = xi * excess / beta;
            let part = (excess / beta) / (1.0 + growth);
            parts += part;
            squares += part * part;
            beyond += if xi.abs() < SMALL {
                part.powi(3) * beyond_square(growth, xi * part)
            } else {
                libm::log(1.0 + growth)
            };
        }
        if xi.abs() >= SMALL {
            beyond = (beyond - xi * parts - xi * xi * squares / 2.0) / xi.powi(3);
        }
        let of_shape = 2.0 * beyond - squares;
        // The loss is n ln β + (1 + 1/ξ) Σ ln(1 + ξy/β), its part p = (y/β) / (1 + ξy/β). Terms that cancel near a shape of
        // zero are taken out by hand.
        let of_scale =
            ((1.0 + xi) * (2.0 * parts - xi * squares) - count(excesses.len())) / (beta * beta);
        let of_both = ((1.0 + xi) * squares - parts) / beta;
        let bend = Matrix::from_fn(2, 2, |a, b| [[of_shape, of_both], [of_both, of_scale]][a][b]);
        let inverse = inverse(&bend).ok()?;
        Some((inverse.at(0, 0).sqrt(), inverse.at(1, 1).sqrt()))
            .filter(|(of_shape, of_scale)| of_shape.is_finite() && of_scale.is_finite())
    }
}

/// `(ln(1 + x) − q − q²/2) / q³` with `q = x / (1 + x)`, where the logarithm is `−ln(1 − q)`: a third at zero.
fn beyond_square(x: f64, q: f64) -> f64 {
    if q.abs() < NEAR {
        return (0..TERMS).rev().fold(0.0, |sum, term| sum * q + 1.0 / f64::from(term + 3));
    }
    (libm::log1p(x) - q - q * q / 2.0) / q.powi(3)
}

/// The best shape for a given `θ`. Logarithms of eight factors are taken at once.
fn shape_at(excesses: &[f64], theta: f64) -> f64 {
    let batches = excesses.chunks_exact(8);
    let rest: f64 = batches.remainder().iter().map(|excess| libm::log1p(theta * excess)).sum();
    // Near zero a product of factors would lose what one_plus keeps.
    let logs: f64 = batches
        .map(|batch| {
            let product: f64 = batch.iter().map(|excess| 1.0 + theta * excess).product();
            if product.is_normal() && (product - 1.0).abs() > 1e-3 {
                libm::log(product)
            } else {
                batch.iter().map(|excess| libm::log1p(theta * excess)).sum()
            }
        })
        .sum();
    (logs + rest) / count(excesses.len())
}

/// The profile's loss for one excess; none outside where the likelihood exists.
fn profile(excesses: &[f64], theta: f64) -> f64 {
    let shape = shape_at(excesses, theta);
    let scale = shape / theta;
    // Shapes at or below minus one have an unbounded likelihood, which is no maximum.
    if scale > 0.0 && shape > -1.0 { libm::log(scale) + shape + 1.0 } else { f64::INFINITY }
}

/// Where the profile is lowest: a coarse look over both sides of zero, further up while it still falls, then golden
/// sections.
fn profile_minimum(excesses: &[f64], mean: f64, most: f64) -> Result<f64, ModelError> {
    // θ lies above −1/most; in units of 1/mean the tails of most fits lie within these powers.
    let least = -(1.0 - 1e-9) / most;
    let positive = (-COARSE..=COARSE).map(|power| libm::exp(f64::from(power)) / mean);
    let negative = (1..=COARSE).map(|part| least * f64::from(part) / f64::from(COARSE));
    let mut places: Vec<f64> = negative.chain(positive).collect();
    places.sort_by(f64::total_cmp);
    let mut losses: Vec<f64> = places.iter().map(|theta| profile(excesses, *theta)).collect();
    widen(excesses, mean, (&mut places, &mut losses))?;
    let best = (0..places.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
    let low = places[best.saturating_sub(1)];
    let high = places[(best + 1).min(places.len() - 1)];
    Ok(golden(low, high, |theta| profile(excesses, theta)))
}

/// Goes on upward from the last place, in the same steps, until the loss has risen: one huge excess lifts the mean, and the
/// best `θ` then lies far above its inverse. Beyond `2 (mean − least) / least²` the loss only rises (Grimshaw 1993).
///
/// # Errors
/// [`ModelError::Unsettled`] where it does not, which only rounding can bring about.
fn widen(
    excesses: &[f64],
    mean: f64,
    (places, losses): (&mut Vec<f64>, &mut Vec<f64>),
) -> Result<(), ModelError> {
    let mut limit = None;
    while let ([.., before, last], [.., of_before, of_last]) = (&places[..], &losses[..])
        && of_last < of_before
    {
        let limit = *limit.get_or_insert_with(|| {
            let least = excesses.iter().fold(mean, |least: f64, excess| least.min(*excess));
            2.0 * (mean - least) / (least * least)
        });
        if *before > limit {
            return Err(ModelError::Unsettled { what: "the tail fit", steps: places.len() });
        }
        let next = last * core::f64::consts::E;
        places.push(next);
        losses.push(profile(excesses, next));
    }
    Ok(())
}

/// The lowest point between two places, by golden sections and then parabolas (Brent).
fn golden(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let golden = (3.0 - 5.0_f64.sqrt()) / 2.0;
    let mut best = low + golden * (high - low);
    let (mut second, mut third) = (best, best);
    let mut at_best = value(best);
    let (mut at_second, mut at_third) = (at_best, at_best);
    let (mut step, mut before): (f64, f64) = (0.0, 0.0);
    for _ in 0..STEPS_MAX {
        let middle = f64::midpoint(low, high);
        let near = 1e-10 * best.abs() + 1e-300;
        if (best - middle).abs() <= 2.0 * near - (high - low) / 2.0 {
            break;
        }
        // A parabola through the three best places, if its step shrinks.
        let r = (best - second) * (at_best - at_third);
        let q = (best - third) * (at_best - at_second);
        let (over, under) = ((best - third) * q - (best - second) * r, 2.0 * (q - r));
        let (over, under) = if under > 0.0 { (-over, under) } else { (over, -under) };
        let fits = over.abs() < (under * before / 2.0).abs()
            && over > under * (low - best)
            && over < under * (high - best);
        before = step;
        if fits {
            step = over / under;
        } else {
            before = if best < middle { high - best } else { low - best };
            step = golden * before;
        }
        let next = if step.abs() >= near { best + step } else { best + near.copysign(step) };
        let at_next = value(next);
        if at_next <= at_best {
            if next < best {
                high = best;
            } else {
                low = best;
            }
            (third, second, best) = (second, best, next);
            (at_third, at_second, at_best) = (at_second, at_best, at_next);
            continue;
        }
        if next < best {
            low = next;
        } else {
            high = next;
        }
        if at_next <= at_second {
            (third, second) = (second, next);
            (at_third, at_second) = (at_second, at_next);
        } else if at_next <= at_third {
            (third, at_third) = (next, at_next);
        }
    }
    best
}

impl Tail {
    /// Fits the losses above a threshold.
    ///
    /// # Errors
    /// As [`Gpd::fit`].
    pub fn fit(losses: &[f64], threshold: f64) -> Result<(Self, GpdFit), ModelError> {
        let above = losses.iter().filter(|loss| **loss > threshold);
        let excesses: Vec<f64> = above.map(|loss| loss - threshold).collect();
        let fit = Gpd::fit(&excesses)?;
        let exceed = count(excesses.len()) / count(losses.len());
        Ok((Self { gpd: fit.gpd, threshold, exceed }, fit))
    }

    /// The loss that is exceeded with probability `1 − level`.
    ///
    /// # Errors
    /// [`ModelError::Range`] for a level at or above one, or below that of the threshold.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, ModelError> {
        let what = ("the level of a tail", "above that of its threshold, below 1");
        between(what, level, (1.0 - self.exceed - 1e-12, 1.0))?;
        Ok(self.threshold + self.gpd.quantile_above(((1.0 - level) / self.exceed).min(1.0)))
    }

    /// The mean of the losses beyond the value at risk.
    ///
    /// # Errors
    /// As [`Tail::value_at_risk`]; [`ModelError::InfiniteMean`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, ModelError> {
        let Gpd { shape, scale } = self.gpd;
        let at_risk = self.value_at_risk(level)?;
        self.has_mean()?;
        Ok((at_risk + scale - shape * self.threshold) / (1.0 - shape))
    }

    /// What is expected beyond `fund`: `E[(L − fund)⁺]`, for a fund at or above the threshold.
    ///
    /// # Errors
    /// [`ModelError::InfiniteMean`]; [`ModelError::Range`] for a fund below the threshold.
    pub fn stop_loss(&self, fund: f64) -> Result<f64, ModelError> {
        let what = ("a fund for the tail", "at or above the threshold");
        between(what, fund, (self.threshold.next_down(), f64::INFINITY))?;
        self.has_mean()?;
        let Gpd { shape, scale } = self.gpd;
        let beyond = fund - self.threshold;
        let left = self.gpd.exceeds(beyond);
        // (1 + ξx/β)^(1 − 1/ξ) is the probability beyond times what one atom more is worth.
        Ok(self.exceed * left * (scale + shape * beyond).max(0.0) / (1.0 - shape))
    }

    fn has_mean(&self) -> Result<(), ModelError> {
        let shape = self.gpd.shape;
        if shape < 1.0 { Ok(()) } else { Err(ModelError::InfiniteMean { shape }) }
    }
}

/// Hill's estimate of the shape from the `largest` losses: the mean logarithm over that of the next one.
///
/// **Source** Hill (1975).
///
/// # Errors
/// [`ModelError::TooFew`] for no loss to use or not one more than those, [`ModelError::NotFinite`],
/// [`ModelError::Range`] for a loss that is not above zero among those used.
pub fn hill(losses: &[f64], largest: usize) -> Result<f64, ModelError> {
    if largest == 0 {
        let (what, hint) = ("Hill's estimate", "use at least one of the largest losses");
        return Err(ModelError::TooFew { what, got: 0, least: 1, hint });
    }
    checked(losses, ("Hill's estimate", largest + 1, "use fewer of the largest losses"))?;
    let mut sorted = losses.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let base = sorted[largest];
    if !is_positive(base) {
        return Err(ModelError::Range { what: "a loss", got: base, range: "above 0" });
    }
    Ok(sorted[..largest].iter().map(|loss| libm::log(loss / base)).sum::<f64>() / count(largest))
}

/// One loss of each cluster, the largest: losses over the threshold with fewer than `run` steps at or below it between
/// them belong to one.
pub fn decluster(losses: &[f64], threshold: f64, run: usize) -> Vec<f64> {
    let mut peaks: Vec<f64> = Vec::new();
    let mut quiet = run;
    for loss in losses {
        if *loss <= threshold {
            quiet = quiet.saturating_add(1);
            continue;
        }
        match peaks.last_mut() {
            Some(peak) if quiet < run => *peak = peak.max(*loss),
            _ => peaks.push(*loss),
        }
        quiet = 0;
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn drawn(gpd: Gpd, number: usize) -> Vec<f64> {
        let mut random = Random::new(11);
        (0..number).map(|_| gpd.quantile_above(random.uniform())).collect()
    }

    #[test]
    fn fits_find_what_was_drawn() {
        for shape in [-0.3, 0.0, 0.25, 0.7] {
            let gpd = Gpd { shape, scale: 2.5 };
            let fit = Gpd::fit(&drawn(gpd, 20_000)).unwrap();
            let (of_shape, of_scale) = fit.standard_errors.unwrap();
            assert!((fit.gpd.shape - shape).abs() < 4.0 * of_shape, "{fit:?}");
            assert!((fit.gpd.scale - 2.5).abs() < 4.0 * of_scale, "{fit:?}");
        }
    }

    /// Exact quantiles of a distribution, evenly spread over probabilities.
    fn exact(gpd: Gpd, number: u32) -> Vec<f64> {
        let p = |at: u32| (f64::from(at) + 0.5) / f64::from(number);
        (0..number).map(|at| gpd.quantile_above(p(at))).collect()
    }

    #[test]
    fn very_heavy_tails_are_fitted_and_not_cut() {
        // The first search ends at e⁸ over the mean; the mean of these is made by their largest.
        for (shape, number, within) in
            [(1.5, 100, 0.1), (2.0, 10_000, 0.01), (3.0, 1_000, 0.05), (8.0, 500, 0.2)]
        {
            let truth = Gpd { shape, scale: 1.0 };
            let excesses = exact(truth, number);
            let fit = Gpd::fit(&excesses).unwrap();
            assert!((fit.gpd.shape - shape).abs() < within, "{fit:?}");
            assert!((fit.gpd.scale - 1.0).abs() < within, "{fit:?}");
            assert!(fit.loss <= truth.loss(&excesses), "{fit:?}");
        }
        // By a search of another program: shape 1.015, scale .625, loss 154.
        let mut excesses: Vec<f64> =
            (1..100).map(|at| -libm::log1p(-f64::from(at) / 100.0)).collect();
        excesses.push(1e9);
        let fit = Gpd::fit(&excesses).unwrap();
        assert!((fit.gpd.shape - 1.015).abs() < 1e-3, "{fit:?}");
        assert!((fit.gpd.scale - 0.625).abs() < 1e-3 && (fit.loss - 154.0).abs() < 0.5, "{fit:?}");
    }

    #[test]
    fn excesses_that_end_abruptly_have_no_fit() {
        let uniform = exact(Gpd { shape: -1.0, scale: 1.0 }, 100);
        let refused = Gpd::fit(&uniform).unwrap_err();
        assert!(matches!(refused, ModelError::NoMaximum { .. }), "{refused}");
        assert!(Gpd::fit(&exact(Gpd { shape: -1.5, scale: 1.0 }, 1_000)).is_err());
        let near = Gpd::fit(&exact(Gpd { shape: -0.7, scale: 1.0 }, 1_000)).unwrap();
        assert!((near.gpd.shape + 0.7).abs() < 0.02, "{near:?}");
        assert!(near.standard_errors.is_none());
    }

    #[test]
    fn standard_errors_are_smooth_around_a_shape_of_zero() {
        // Of exponential excesses: 1/√n and √2/√n by the expected information, .075 by the seen one of these 200.
        let excesses = exact(Gpd { shape: 0.0, scale: 1.0 }, 200);
        let scale = excesses.iter().sum::<f64>() / 200.0;
        let at = |shape: f64| Gpd { shape, scale }.errors(&excesses).unwrap();
        let (of_shape, of_scale) = at(0.0);
        assert!((of_shape - 0.075).abs() < 5e-4 && (of_scale - 0.1).abs() < 0.01, "{of_shape}");
        for shape in [0.02, 0.010_1, 0.009_9, 1e-3, 1e-4, 3e-6, 1e-6, 1e-9, -1e-9, -3e-6, -1e-3] {
            let (next_shape, next_scale) = at(shape);
            assert!((next_shape / of_shape - 1.0).abs() < 20.0 * shape.abs() + 1e-9, "{shape}");
            assert!((next_scale / of_scale - 1.0).abs() < 20.0 * shape.abs() + 1e-9, "{shape}");
        }
        // Both ways of the series' function agree where they meet.
        let (x, q) = (1.0 / 9.0, 0.1);
        assert!((beyond_square(x, q) / beyond_square(x, q - 1e-15) - 1.0).abs() < 1e-12);
        // The expected information of Smith (1987) is near what many excesses show.
        let many = Gpd::fit(&exact(Gpd { shape: 0.3, scale: 2.0 }, 20_000)).unwrap();
        let (of_shape, of_scale) = many.standard_errors.unwrap();
        assert!((of_shape / (1.3 / f64::sqrt(20_000.0)) - 1.0).abs() < 0.01);
        assert!((of_scale / (2.0 * f64::sqrt(2.6 / 20_000.0)) - 1.0).abs() < 0.01);
    }

    #[test]
    fn no_other_place_is_likelier() {
        let excesses = drawn(Gpd { shape: 0.4, scale: 1.0 }, 500);
        let fit = Gpd::fit(&excesses).unwrap();
        for (by_shape, by_scale) in [(1e-4, 0.0), (-1e-4, 0.0), (0.0, 1e-4), (0.0, -1e-4)] {
            let other = Gpd { shape: fit.gpd.shape + by_shape, scale: fit.gpd.scale + by_scale };
            assert!(other.loss(&excesses) > fit.loss);
        }
    }

    #[test]
    fn what_has_no_answer_is_refused() {
        let few = Gpd::fit(&[1.0; 99]);
        assert!(matches!(few, Err(ModelError::TooFew { got: 99, least: 100, .. })));
        assert!(matches!(Gpd::fit_any(&[2.0; 3]), Err(ModelError::Constant { .. })));
        assert!(matches!(Gpd::fit_any(&[2.0, 0.0]), Err(ModelError::Range { .. })));
        assert!(matches!(hill(&[3.0, 2.0, 1.0], 0), Err(ModelError::TooFew { got: 0, .. })));
        let heavy = Tail { gpd: Gpd { shape: 1.2, scale: 1.0 }, threshold: 1.0, exceed: 0.05 };
        assert!(matches!(heavy.expected_shortfall(0.99), Err(ModelError::InfiniteMean { .. })));
        assert!(matches!(heavy.stop_loss(2.0), Err(ModelError::InfiniteMean { .. })));
        assert!(heavy.value_at_risk(0.99).is_ok());
        assert!(matches!(heavy.value_at_risk(0.9), Err(ModelError::Range { .. })));
        assert!(matches!(heavy.value_at_risk(1.0), Err(ModelError::Range { .. })));
    }

    #[test]
    fn clusters_count_once() {
        let losses = [0.0, 5.0, 7.0, 0.0, 6.0, 0.0, 0.0, 0.0, 9.0, 0.0];
        assert_eq!(decluster(&losses, 4.0, 3), [7.0, 9.0]);
        assert_eq!(decluster(&losses, 4.0, 1), [7.0, 6.0, 9.0]);
    }
}
