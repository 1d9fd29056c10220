//! A quasi-Newton minimiser for smooth functions of a few numbers.

use super::linear::{Matrix, dot};
use crate::float::is_positive;

/// Steps that are taken at most.
const STEPS_MAX: usize = 400;
/// Halvings of one step at most.
const HALVINGS_MAX: usize = 60;
/// Largest part of the gradient at which the search ends.
const FLAT: f64 = 1e-9;
/// Share of the slope by which a step must lower the value (Armijo).
const ENOUGH: f64 = 1e-4;

/// Where the search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The place.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Steps taken.
    pub steps: usize,
    /// Whether the gradient is flat there or no step lowers the value any more; false only when steps ran out.
    pub settled: bool,
}

/// Looks for a minimum by Broyden, Fletcher, Goldfarb and Shanno's update with halved steps.
///
/// `value` gives the function at a place and writes its gradient; where it is no number a step is halved. `curved`
/// is a first guess of the inverse of the second derivatives: the better it is, the fewer steps are needed.
pub fn minimise(
    start: &[f64],
    curved: Option<Matrix>,
    mut value: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Minimum {
    let size = start.len();
    let mut inverse = curved.unwrap_or_else(|| Matrix::identity(size));
    let (mut at, mut slope) = (start.to_vec(), vec![0.0; size]);
    let mut lowest = value(&at, &mut slope);
    for steps in 0..STEPS_MAX {
        if slope.iter().all(|part| part.abs() < FLAT) {
            return Minimum { at, value: lowest, steps, settled: true };
        }
        let mut way: Vec<f64> = inverse.times(&slope).iter().map(|part| -part).collect();
        let mut falls = dot(&way, &slope);
        if !is_positive(-falls) {
            // What was learnt about the curvature misleads here: begin again along the slope.
            inverse = Matrix::identity(size);
            way = slope.iter().map(|part| -part).collect();
            falls = -dot(&slope, &slope);
        }
        let Some(next) = search(&at, &way, (lowest, falls), &mut value) else {
            return Minimum { at, value: lowest, steps, settled: true };
        };
        update(&mut inverse, &next.moved, &difference(&next.slope, &slope));
        let gained = lowest - next.value;
        (at, slope, lowest) = (next.at, next.slope, next.value);
        if gained <= lowest.abs() * f64::EPSILON {
            return Minimum { at, value: lowest, steps, settled: true };
        }
    }
    Minimum { at, value: lowest, steps: STEPS_MAX, settled: false }
}

struct Step {
    at: Vec<f64>,
    moved: Vec<f64>,
    slope: Vec<f64>,
    value: f64,
}

/// Halves a step until it lowers the value enough.
fn search(
    at: &[f64],
    way: &[f64],
    (lowest, falls): (f64, f64),
    value: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Step> {
    let (mut length, mut slope) = (1.0, vec![0.0; at.len()]);
    for _ in 0..HALVINGS_MAX {
        let moved: Vec<f64> = way.iter().map(|part| part * length).collect();
        let there: Vec<f64> = at.iter().zip(&moved).map(|(at, moved)| at + moved).collect();
        let found = value(&there, &mut slope);
        if found <= lowest + ENOUGH * length * falls && slope.iter().all(|part| part.is_finite()) {
            return Some(Step { at: there, moved, slope, value: found });
        }
        length /= 2.0;
    }
    None
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The update of the inverse after a step and the change of slope it brought.
fn update(inverse: &mut Matrix, moved: &[f64], bent: &[f64]) {
    let along = dot(moved, bent);
    // Where the function bends down nothing is to be learnt.
    let least = 1e-14 * dot(moved, moved).sqrt() * dot(bent, bent).sqrt();
    if !is_positive(along - least) {
        return;
    }
    let image = inverse.times(bent);
    let scale = 1.0 + dot(bent, &image) / along;
    for a in 0..moved.len() {
        for b in 0..moved.len() {
            let pull = image[a] * moved[b] + moved[a] * image[b];
            *inverse.at_mut(a, b) += (scale * moved[a] * moved[b] - pull) / along;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let found = minimise(&[-1.2, 1.0], None, |at, slope| {
            let (x, y) = (at[0], at[1]);
            slope[0] = -400.0 * x * (y - x * x) - 2.0 * (1.0 - x);
            slope[1] = 200.0 * (y - x * x);
            100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
        });
        assert!(found.settled && found.steps < 60, "{found:?}");
        assert!(found.at.iter().all(|part| (part - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn places_without_a_value_are_stepped_around() {
        // The minimum of x - ln x is at 1; beyond 0 there is none.
        let found = minimise(&[30.0], None, |at, slope| {
            slope[0] = 1.0 - 1.0 / at[0];
            at[0] - at[0].ln()
        });
        assert!((found.at[0] - 1.0).abs() < 1e-6, "{found:?}");
    }
}
