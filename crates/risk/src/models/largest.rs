//! How far the largest of a sample may lie from the largest of another sample of the same kind.
//!
//! ```text
//!   ξ  Hill's shape of the k largest        u = X₍k+1₎ · k^ξ        P(M ≤ x) = exp(−(x ÷ u)^(−1/ξ))
//! ```
//!
//! The largest of many losses with a power tail has Fréchet's law (Fisher and Tippett 1928); `u` is the loss that one of
//! the sample's exceeds on average (Weissman 1978). A maximum has no bootstrap: no resample can go beyond what was seen.

use super::{gpd::hill, tail::Interval};
use crate::float::count;

/// Largest values that the shape is taken from.
const KEPT: usize = 20;
/// Fewest; below it the shape is [`ASSUMED`].
const LEAST: usize = 10;
/// Shape where the values tell none, being too few, or of one that has no mean: that of prices' tails with an index of two,
/// heavier than most markets' three.
const ASSUMED: f64 = 0.5;

/// The largest value, and between which two the largest of another sample lies. Equal values count once: the same
/// day drawn again is no further evidence. All zero if no value is above zero.
pub fn largest(values: &[f64], confidence: f64) -> Interval {
    let mut found: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
    found.sort_by(|a, b| b.total_cmp(a));
    found.dedup();
    let Some(estimate) = found.first().copied() else { return Interval::default() };
    let kept = KEPT.min(found.len() - 1);
    let (shape, scale) = match hill(&found, kept) {
        Ok(shape) if kept >= LEAST && shape < 1.0 => {
            (shape, found[kept] * libm::pow(count(kept), shape))
        }
        // The largest is then taken for the median of its own law.
        _ => (ASSUMED, estimate * libm::pow(core::f64::consts::LN_2, ASSUMED)),
    };
    let at = |chance: f64| scale * libm::pow(-libm::log(chance), -shape);
    let tail = (1.0 - confidence) / 2.0;
    Interval { estimate, low: at(tail).min(estimate), high: at(1.0 - tail).max(estimate) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_largest_of_another_sample_lies_between() {
        // Pareto losses with shape 0.4: how often is the next sample's largest within the first one's bounds?
        let mut random = Random::new(5);
        let mut sample = || -> Vec<f64> {
            (0..2_000).map(|_| libm::pow(random.uniform().max(1e-12), -0.4)).collect()
        };
        let mut within = 0;
        for _ in 0..400 {
            let found = largest(&sample(), 0.95);
            let next = sample().into_iter().fold(0.0, f64::max);
            within += usize::from((found.low..=found.high).contains(&next));
        }
        // The shape is an estimate from twenty values, so somewhat fewer than 95 %.
        assert!((350..=392).contains(&within), "{within}");
    }

    #[test]
    fn few_values_have_wide_bounds() {
        let found = largest(&[0.0, 3.0, 3.0, 1.0], 0.95);
        assert!((found.estimate - 3.0).abs() < 1e-12);
        // 3 · √(ln 2 ÷ ln 40), 3 · √(ln 2 ÷ −ln 0.975)
        assert!((found.low - 1.300_4).abs() < 1e-3, "{found:?}");
        assert!((found.high - 15.697).abs() < 1e-2, "{found:?}");
        assert_eq!(largest(&[0.0, -1.0], 0.95), Interval::default());
        assert_eq!(largest(&[], 0.95), Interval::default());
    }
}
