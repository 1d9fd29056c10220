//! Intervals of a tail by profile likelihood, and how much its extremes cluster.
//!
//! Bounds from a standard error lie even on both sides of an estimate; those of a heavy tail do not. So each figure is
//! made a parameter of the likelihood, the other parameter is set to its best at each of its values, and the interval is
//! where twice the fall of the likelihood stays below chi squared's quantile. **Source** `McNeil`, Frey and Embrechts,
//! "Quantitative Risk Management", section 5.2; Coles, section 4.3.3; the extremal index by runs: Coles, section 5.3.

use super::{
    error::{ModelError, between, checked},
    gpd::{Gpd, GpdFit, Tail, decluster},
    tail::Interval,
};
use crate::{
    float::count,
    stats::{golden, special::chi_squared_quantile_above},
};

/// Shapes between which the other parameter is looked for.
const SHAPES: (f64, f64) = (-0.95, 3.0);
/// Steps of the first, coarse search over shapes.
const COARSE: u32 = 32;
/// Halvings of an interval's end.
const HALVINGS: usize = 40;

/// Standard errors on each side at 95 %.
const WIDE: f64 = 1.959_963_984_540_054;

/// Intervals of a tail's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intervals {
    /// The shape.
    pub shape: Interval,
    /// Value at risk at the level asked for.
    pub at_risk: Interval,
    /// Expected shortfall at it; none for a tail without a mean. Its upper end is infinite where the likelihood does not
    /// rule out a tail without one.
    pub shortfall: Option<Interval>,
}

/// The likelihood of excesses, seen from one figure.
struct Profile<'a> {
    excesses: &'a [f64],
    /// Loss at which the interval ends.
    least: f64,
}

impl Profile<'_> {
    fn loss(&self, shape: f64, scale: f64) -> f64 {
        if !(scale > 0.0 && scale.is_finite()) {
            return f64::INFINITY;
        }
        let most = self.excesses.iter().fold(0.0, |most: f64, excess| most.max(*excess));
        if 1.0 + shape * most / scale <= 0.0 {
            return f64::INFINITY;
        }
        Gpd { shape, scale }.loss(self.excesses)
    }

    /// The lowest loss over scales, for each shape.
    fn of_shape(&self) -> impl Fn(f64) -> f64 {
        let mean = self.excesses.iter().sum::<f64>() / count(self.excesses.len());
        // The best scale lies within these powers of the mean excess.
        move |shape| {
            golden::lowest((-8.0, 3.0), |log| self.loss(shape, mean * libm::exp(log))).value
        }
    }

    /// The lowest loss over shapes, the scale following from each.
    fn over_shapes(&self, highest: f64, scale: impl Fn(f64) -> f64) -> f64 {
        let at = |shape: f64| self.loss(shape, scale(shape));
        let width = (highest - SHAPES.0) / f64::from(COARSE);
        let place = |step: u32| SHAPES.0 + width * f64::from(step);
        let best = (0..=COARSE).min_by(|a, b| at(place(*a)).total_cmp(&at(place(*b))));
        let best = place(best.unwrap_or(0));
        golden::lowest(((best - width).max(SHAPES.0), (best + width).min(highest)), at).value
    }

    /// The ends around an estimate of what lies above `floor`, by a function that gives the lowest loss at each value.
    /// An end beyond `ceiling` is infinite.
    fn ends(
        &self,
        estimate: f64,
        (floor, ceiling): (f64, f64),
        at: impl Fn(f64) -> f64,
    ) -> Interval {
        let reach = (estimate - floor).abs().max(1e-9);
        let end = |sign: f64, limit: f64| {
            let (mut inside, mut step) = (estimate, reach / 8.0);
            let mut outside = loop {
                let next = inside + sign * step;
                if (limit - next) * sign <= 0.0 {
                    if at(limit) <= self.least {
                        return if sign > 0.0 { f64::INFINITY } else { limit };
                    }
                    break limit;
                }
                if at(next) > self.least {
                    break next;
                }
                (inside, step) = (next, step * 2.0);
            };
            for _ in 0..HALVINGS {
                let middle = f64::midpoint(inside, outside);
                if at(middle) > self.least {
                    outside = middle;
                } else {
                    inside = middle;
                }
            }
            outside
        };
        Interval { estimate, low: end(-1.0, floor), high: end(1.0, ceiling) }
    }
}

/// `(cˣ − 1) / x`, which is `ln c` at zero.
fn growth(c: f64, x: f64) -> f64 {
    let log = libm::log(c);
    if (x * log).abs() < 1e-9 { log } else { libm::expm1(x * log) / x }
}

/// Excesses up to which a shape's interval is by profile; with more the standard error says the same.
const PROFILED: usize = 2_000;

/// The interval of a fitted tail's shape alone, at 95 %: by profile likelihood, or with very many excesses by the standard
/// error.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`].
pub fn shape(tail: &Tail, fit: &GpdFit, excesses: &[f64]) -> Result<Interval, ModelError> {
    checked(excesses, ("a profile likelihood", 2, "lower the threshold"))?;
    let estimate = tail.gpd.shape;
    if let Some((error, _)) = fit.standard_errors.filter(|_| excesses.len() > PROFILED) {
        let reach = WIDE * error;
        return Ok(Interval { estimate, low: estimate - reach, high: estimate + reach });
    }
    let fall = chi_squared_quantile_above(0.05, 1.0) / 2.0;
    let profile = Profile { excesses, least: tail.gpd.loss(excesses) + fall };
    Ok(profile.ends(estimate, SHAPES, profile.of_shape()))
}

/// Intervals of a fitted tail at a level, from the excesses that it was fitted to.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`]; [`ModelError::Range`] for a level below the threshold's or a
/// confidence outside 0 to 1.
pub fn intervals(
    tail: &Tail,
    excesses: &[f64],
    (level, confidence): (f64, f64),
) -> Result<Intervals, ModelError> {
    checked(excesses, ("a profile likelihood", 2, "lower the threshold"))?;
    between(("the confidence of an interval", "between 0 and 1"), confidence, (0.0, 1.0))?;
    let at_risk = tail.value_at_risk(level)?;
    let Gpd { shape: of_tail, scale } = tail.gpd;
    let fall = chi_squared_quantile_above(1.0 - confidence, 1.0) / 2.0;
    let profile = Profile { excesses, least: tail.gpd.loss(excesses) + fall };
    let of_shape = profile.of_shape();
    let c = tail.exceed / (1.0 - level);
    let u = tail.threshold;
    let of_risk =
        |value: f64| profile.over_shapes(SHAPES.1, |shape| (value - u) / growth(c, shape));
    let far = u + 1e9 * scale;
    let shortfall = match tail.expected_shortfall(level) {
        Ok(estimate) => {
            // Shapes below one only: others have no shortfall.
            let of_shortfall = |value: f64| {
                profile.over_shapes(1.0 - 1e-9, |shape| {
                    (value - u) * (1.0 - shape) / (growth(c, shape) + 1.0)
                })
            };
            let mut found = profile.ends(estimate, (u, far), of_shortfall);
            if of_shape(1.0) <= profile.least {
                found.high = f64::INFINITY;
            }
            Some(found)
        }
        Err(ModelError::InfiniteMean { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(Intervals {
        shape: profile.ends(of_tail, SHAPES, &of_shape),
        at_risk: profile.ends(at_risk, (u, far), of_risk),
        shortfall,
    })
}

/// How losses beyond a threshold come together.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The largest loss of each cluster, in the order of time.
    pub peaks: Vec<f64>,
    /// Losses beyond the threshold.
    pub beyond: usize,
    /// Clusters for each such loss: one where they come alone, a half where they come in pairs. The extremal index.
    pub index: f64,
}

impl Clusters {
    /// Of losses in the order of time: those beyond the threshold with fewer than `run` steps at or below it between them
    /// belong to one cluster. None beyond it counts as an index of one.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] without a loss, [`ModelError::NotFinite`].
    pub fn of(losses: &[f64], threshold: f64, run: usize) -> Result<Self, ModelError> {
        checked(losses, ("clusters of losses", 1, "give at least one loss"))?;
        let peaks = decluster(losses, threshold, run);
        let beyond = losses.iter().filter(|loss| **loss > threshold).count();
        let index = if beyond == 0 { 1.0 } else { count(peaks.len()) / count(beyond) };
        Ok(Self { peaks, beyond, index })
    }

    /// The tail fitted to the peaks alone, which are nearly independent; how often the threshold is exceeded stays that
    /// of all losses.
    ///
    /// # Errors
    /// As [`Gpd::fit`].
    pub fn fit(&self, losses: &[f64], threshold: f64) -> Result<(Tail, GpdFit), ModelError> {
        let excesses: Vec<f64> = self.peaks.iter().map(|peak| peak - threshold).collect();
        let fit = Gpd::fit(&excesses)?;
        let exceed = count(self.beyond) / count(losses.len());
        Ok((Tail { gpd: fit.gpd, threshold, exceed }, fit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn drawn(shape: f64, number: usize, seed: u64) -> (Tail, Vec<f64>) {
        let mut random = Random::new(seed);
        let gpd = Gpd { shape, scale: 2.0 };
        let excesses: Vec<f64> =
            (0..number).map(|_| gpd.quantile_above(random.uniform())).collect();
        let gpd = Gpd::fit(&excesses).unwrap().gpd;
        (Tail { gpd, threshold: 5.0, exceed: 0.1 }, excesses)
    }

    #[test]
    fn with_many_excesses_it_is_the_standard_error() {
        let (tail, excesses) = drawn(0.2, 20_000, 1);
        let fit = Gpd::fit(&excesses).unwrap();
        let found = intervals(&tail, &excesses, (0.99, 0.95)).unwrap();
        let reach = 1.96 * fit.standard_errors.unwrap().0;
        let alone = shape(&tail, &fit, &excesses).unwrap();
        assert!((alone.high - alone.low - 2.0 * reach).abs() < 1e-3 * reach);
        let Interval { estimate, low, high } = found.shape;
        assert!((estimate - low - reach).abs() < 0.05 * reach, "{found:?} {reach}");
        assert!((high - estimate - reach).abs() < 0.05 * reach, "{found:?} {reach}");
    }

    #[test]
    fn the_truth_is_held_as_often_as_is_said_and_the_upper_side_is_wider() {
        let truth = Tail { gpd: Gpd { shape: 0.4, scale: 2.0 }, threshold: 5.0, exceed: 0.1 };
        let (mut of_shape, mut at_risk, mut shortfall) = (0, 0, 0);
        for seed in 0..50 {
            let (tail, excesses) = drawn(0.4, 150, seed);
            let found = intervals(&tail, &excesses, (0.999, 0.9)).unwrap();
            let holds = |interval: Interval, truth: f64| {
                usize::from((interval.low..=interval.high).contains(&truth))
            };
            of_shape += holds(found.shape, 0.4);
            at_risk += holds(found.at_risk, truth.value_at_risk(0.999).unwrap());
            let Interval { estimate, low, high } = found.at_risk;
            assert!(high - estimate > estimate - low && low > 5.0, "{found:?}");
            if let Some(interval) = found.shortfall {
                shortfall += holds(interval, truth.expected_shortfall(0.999).unwrap());
            } else {
                shortfall += 1;
            }
        }
        // 45 expected, standard deviation 2.1.
        for held in [of_shape, at_risk, shortfall] {
            assert!((39..=50).contains(&held), "{of_shape} {at_risk} {shortfall}");
        }
    }

    #[test]
    fn extremes_that_come_in_pairs_have_an_index_of_a_half() {
        let mut random = Random::new(2);
        let mut losses = Vec::new();
        while losses.len() < 20_000 {
            let loss = random.pareto(3.0, 1.0, 1e6);
            losses.extend([loss, loss * 0.999]);
        }
        let found = Clusters::of(&losses, 3.0, 2).unwrap();
        assert!((found.index - 0.5).abs() < 0.05, "{}", found.index);
        let (tail, fit) = found.fit(&losses, 3.0).unwrap();
        assert_eq!(fit.excesses, found.peaks.len());
        // Beyond 3 a Pareto with exponent 3 has shape 1/3 and scale 1.
        assert!((tail.gpd.shape - 1.0 / 3.0).abs() < 0.15, "{tail:?}");
        let alone = Clusters::of(&[1.0, 9.0, 1.0, 1.0, 8.0], 5.0, 2).unwrap();
        assert!((alone.index - 1.0).abs() < 1e-12 && alone.peaks == [9.0, 8.0]);
        assert!(Clusters::of(&[], 1.0, 2).is_err());
    }

    #[test]
    fn odd_questions_are_refused() {
        let (tail, excesses) = drawn(0.2, 200, 3);
        assert!(intervals(&tail, &excesses, (0.5, 0.95)).is_err());
        assert!(intervals(&tail, &excesses, (0.99, 1.0)).is_err());
        assert!(intervals(&tail, &[f64::NAN, 1.0], (0.99, 0.95)).is_err());
    }
}
