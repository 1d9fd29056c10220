//! Intervals of a tail by profile likelihood, and how much its extremes cluster.
//!
//! Bounds from a standard error lie even on both sides of an estimate; those of a heavy tail do not. So each figure is
//! made a parameter of the likelihood, the other parameter is set to its best at each of its values, and the interval is
//! where twice the fall of the likelihood stays below chi squared's quantile. **Source** `McNeil`, Frey and Embrechts,
//! "Quantitative Risk Management", section 5.2; Coles, section 4.3.3; the extremal index by runs: Coles, section 5.3.

use super::{
    error::{ModelError, between, checked},
    gpd::{Gpd, GpdFit, SHAPE_EDGE, Tail, decluster},
    tail::Interval,
};
use crate::{
    float::count,
    stats::{golden, special::chi_squared_quantile_above},
};

/// Shape up to which is looked at least; twice that of a heavier tail.
const SHAPE_MOST: f64 = 3.0;
/// Steps of the first, coarse search over shapes.
const COARSE: u32 = 32;
/// Logarithms of the scale over the mean excess between which the best one mostly lies, and how far the search goes on where
/// it lies below: a few huge excesses lift the mean.
const SCALES: (f64, f64) = (-8.0, 3.0);
const FURTHER: f64 = 8.0;
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
    /// Shapes between which is looked.
    shapes: (f64, f64),
}

impl<'a> Profile<'a> {
    /// Of the excesses that a tail was fitted to, at a confidence.
    ///
    /// # Errors
    /// [`ModelError::NoMaximum`] for a shape at or below [`SHAPE_EDGE`]: around what is no maximum there is no interval.
    fn new(tail: &Tail, excesses: &'a [f64], confidence: f64) -> Result<Self, ModelError> {
        let shape = tail.gpd.shape;
        if shape <= SHAPE_EDGE {
            return Err(ModelError::NoMaximum { shape });
        }
        let fall = chi_squared_quantile_above(1.0 - confidence, 1.0) / 2.0;
        let shapes = (SHAPE_EDGE, SHAPE_MOST.max(2.0 * shape));
        Ok(Self { excesses, least: tail.gpd.loss(excesses) + fall, shapes })
    }

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
        let smallest = self.excesses.iter().fold(mean, |least: f64, excess| least.min(*excess));
        // For a given shape there is one best scale, and it is no smaller than the smallest excess.
        let least = libm::log(smallest / mean) - 1.0;
        move |shape| {
            let at = |log| self.loss(shape, mean * libm::exp(log));
            let (mut low, mut high) = SCALES;
            loop {
                let found = golden::lowest((low, high), at);
                if found.at > low + 1e-3 || low <= least {
                    return found.value;
                }
                (low, high) = (low - FURTHER, low + 1.0);
            }
        }
    }

    /// The lowest loss over shapes, the scale following from each.
    fn over_shapes(&self, highest: f64, scale: impl Fn(f64) -> f64) -> f64 {
        let at = |shape: f64| self.loss(shape, scale(shape));
        let lowest = self.shapes.0;
        let width = (highest - lowest) / f64::from(COARSE);
        let place = |step: u32| lowest + width * f64::from(step);
        let best = (0..=COARSE).min_by(|a, b| at(place(*a)).total_cmp(&at(place(*b))));
        let best = place(best.unwrap_or(0));
        golden::lowest(((best - width).max(lowest), (best + width).min(highest)), at).value
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
/// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::NoMaximum`] for a shape at or below [`SHAPE_EDGE`].
pub fn shape(tail: &Tail, fit: &GpdFit, excesses: &[f64]) -> Result<Interval, ModelError> {
    checked(excesses, ("a profile likelihood", 2, "lower the threshold"))?;
    let estimate = tail.gpd.shape;
    if let Some((error, _)) = fit.standard_errors.filter(|_| excesses.len() > PROFILED) {
        let reach = WIDE * error;
        return Ok(Interval { estimate, low: estimate - reach, high: estimate + reach });
    }
    let profile = Profile::new(tail, excesses, 0.95)?;
    Ok(profile.ends(estimate, profile.shapes, profile.of_shape()))
}

/// Intervals of a fitted tail at a level, from the excesses that it was fitted to.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`]; [`ModelError::Range`] for a level below the threshold's or a
/// confidence outside 0 to 1; [`ModelError::NoMaximum`] for a shape at or below [`SHAPE_EDGE`].
pub fn intervals(
    tail: &Tail,
    excesses: &[f64],
    (level, confidence): (f64, f64),
) -> Result<Intervals, ModelError> {
    checked(excesses, ("a profile likelihood", 2, "lower the threshold"))?;
    between(("the confidence of an interval", "between 0 and 1"), confidence, (0.0, 1.0))?;
    let at_risk = tail.value_at_risk(level)?;
    let Gpd { shape: of_tail, scale } = tail.gpd;
    let profile = Profile::new(tail, excesses, confidence)?;
    let (_, most) = profile.shapes;
    let of_shape = profile.of_shape();
    let c = tail.exceed / (1.0 - level);
    let u = tail.threshold;
    let of_risk = |value: f64| profile.over_shapes(most, |shape| (value - u) / growth(c, shape));
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
        shape: profile.ends(of_tail, profile.shapes, &of_shape),
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
    fn very_heavy_tails_have_intervals_around_their_estimates() {
        for shape_of in [1.5, 2.0, 3.0, 4.5] {
            let gpd = Gpd { shape: shape_of, scale: 1.0 };
            let excesses: Vec<f64> =
                (0..1_000).map(|at| gpd.quantile_above((count(at) + 0.5) / 1_000.0)).collect();
            let fit = Gpd::fit(&excesses).unwrap();
            let tail = Tail { gpd: fit.gpd, threshold: 5.0, exceed: 0.1 };
            let found = shape(&tail, &fit, &excesses).unwrap();
            let Interval { estimate, low, high } = found;
            // By Smith's formula the standard error is (1 + ξ) / √n.
            let reach = WIDE * (1.0 + shape_of) / 1_000.0_f64.sqrt();
            assert!((estimate - low - reach).abs() < 0.1 * reach, "{found:?} {reach}");
            assert!((high - estimate - reach).abs() < 0.1 * reach, "{found:?} {reach}");
            let at_risk = intervals(&tail, &excesses, (0.999, 0.95)).unwrap().at_risk;
            assert!(at_risk.low < at_risk.estimate && at_risk.estimate < at_risk.high);
        }
    }

    #[test]
    fn where_there_is_no_maximum_there_is_no_interval() {
        let (tail, excesses) = drawn(0.2, 200, 3);
        let edge = Tail { gpd: Gpd { shape: -0.97, scale: 20.0 }, ..tail };
        let fit = Gpd::fit(&excesses).unwrap();
        assert!(matches!(shape(&edge, &fit, &excesses), Err(ModelError::NoMaximum { .. })));
        assert!(matches!(
            intervals(&edge, &excesses, (0.99, 0.95)),
            Err(ModelError::NoMaximum { .. })
        ));
        // Excesses like those of a tail that ends: the interval begins at the edge and not above the estimate.
        let gpd = Gpd { shape: -0.9, scale: 1.0 };
        let excesses: Vec<f64> =
            (0..120).map(|at| gpd.quantile_above((count(at) + 0.5) / 120.0)).collect();
        let fit = Gpd::fit(&excesses).unwrap();
        let tail = Tail { gpd: fit.gpd, threshold: 5.0, exceed: 0.1 };
        let found = shape(&tail, &fit, &excesses).unwrap();
        assert!(found.low <= found.estimate && found.estimate <= found.high, "{found:?}");
    }

    #[test]
    fn odd_questions_are_refused() {
        let (tail, excesses) = drawn(0.2, 200, 3);
        assert!(intervals(&tail, &excesses, (0.5, 0.95)).is_err());
        assert!(intervals(&tail, &excesses, (0.99, 1.0)).is_err());
        assert!(intervals(&tail, &[f64::NAN, 1.0], (0.99, 0.95)).is_err());
    }
}
