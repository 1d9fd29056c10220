//! Making probabilities mean what they say: after a change of regime a model may still rank well and be off in level.

use crate::{
    float::count,
    models::{
        ModelError,
        error::checked,
        logistic::{Logistic, probability},
    },
    stats::linear::Matrix,
};
use serde::{Deserialize, Serialize};

/// Rows that a calibration needs.
pub const ROWS_LEAST: usize = 100;
/// Probabilities are kept this far from 0 and 1, so that their odds exist.
const EDGE: f64 = 1e-9;

/// A way from a model's probability to a calibrated one; it never turns a ranking round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// As it is.
    None,
    /// A straight line over the logarithm of the odds (Platt 1999).
    Platt {
        /// What is added.
        shift: f64,
        /// What it is multiplied by, at or above zero.
        slope: f64,
    },
    /// Rising steps (isotonic regression), straight lines from the end of one to the beginning of the next.
    Isotonic {
        /// Model's probabilities, rising: both ends of each step, once where they are one.
        from: Vec<f64>,
        /// Calibrated ones, for each of them.
        to: Vec<f64>,
    },
}

/// The logarithm of the odds.
pub fn log_odds(share: f64) -> f64 {
    let share = share.clamp(EDGE, 1.0 - EDGE);
    libm::log(share) - libm::log1p(-share)
}

impl Calibration {
    /// Fits Platt's line, with his targets: of `N₊` events and `N₋` others, `(N₊ + 1) / (N₊ + 2)` for an event and
    /// `1 / (N₋ + 2)` for none, so that a few rows that a model tells apart without error don't make it sure of all.
    ///
    /// **Source** Platt (1999); Lin, Lin and Weng (2007), "A note on Platt's probabilistic outputs".
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`ROWS_LEAST`] rows or without events and others, [`ModelError::NotFinite`],
    /// [`ModelError::Unequal`]; [`ModelError::Range`] where the line falls: the model ranks the wrong way round.
    pub fn platt(probabilities: &[f64], happened: &[bool]) -> Result<Self, ModelError> {
        check(probabilities, happened)?;
        let cell = |row: usize, column: usize| match column {
            0 => 1.0,
            _ => log_odds(probabilities[row]),
        };
        let x = Matrix::from_fn(probabilities.len(), 2, cell);
        let events = count(happened.iter().filter(|event| **event).count());
        let others = count(happened.len()) - events;
        let (high, low) = ((events + 1.0) / (events + 2.0), 1.0 / (others + 2.0));
        let targets: Vec<f64> =
            happened.iter().map(|event| if *event { high } else { low }).collect();
        // A touch of ridge for probabilities that are all alike.
        let fit = Logistic::fit_shares(&x, &targets, 1e-6)?;
        let (shift, slope) = (fit.coefficients[0], fit.coefficients[1]);
        if slope < 0.0 {
            let what = "the slope of the calibration";
            return Err(ModelError::Range { what, got: slope, range: "at or above 0" });
        }
        Ok(Self::Platt { shift, slope })
    }

    /// Fits rising steps by pooling adjacent violators (Ayer and others 1955). Within a step the calibrated probability is
    /// the step's own.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`ROWS_LEAST`] rows or without events and others, [`ModelError::NotFinite`],
    /// [`ModelError::Unequal`].
    pub fn isotonic(probabilities: &[f64], happened: &[bool]) -> Result<Self, ModelError> {
        check(probabilities, happened)?;
        // Plus zero, so that zeros tie whatever their sign.
        let told = probabilities.iter().map(|share| share + 0.0);
        let mut rows: Vec<(f64, f64)> = told.zip(happened.iter().map(|h| f64::from(*h))).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Each pool: its first and last probability, sum of events, rows.
        let mut pools: Vec<([f64; 2], f64, f64)> = Vec::new();
        for alike in rows.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let number = count(alike.len());
            let events = alike.iter().map(|row| row.1).sum::<f64>();
            let mut pool = ([alike[0].0; 2], events, number);
            while let Some(last) = pools.last().copied() {
                if last.1 / last.2 < pool.1 / pool.2 {
                    break;
                }
                pool = ([last.0[0], pool.0[1]], pool.1 + last.1, pool.2 + last.2);
                pools.pop();
            }
            pools.push(pool);
        }
        let mut ends: Vec<(f64, f64)> = pools
            .into_iter()
            .flat_map(|([first, last], events, number)| {
                [(first, events / number), (last, events / number)]
            })
            .collect();
        ends.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
        let (from, to) = ends.into_iter().unzip();
        Ok(Self::Isotonic { from, to })
    }

    /// The calibrated probability.
    pub fn apply(&self, share: f64) -> f64 {
        match self {
            Self::None => share,
            Self::Platt { shift, slope } => probability(shift + slope * log_odds(share)),
            Self::Isotonic { from, to } => {
                let above = from.partition_point(|place| *place <= share);
                match (
                    above.checked_sub(1).and_then(|at| Some((*from.get(at)?, *to.get(at)?))),
                    from.get(above).zip(to.get(above)),
                ) {
                    (Some((left, low)), Some((right, high))) => {
                        low + (share - left) / (right - left) * (high - low)
                    }
                    (Some((_, edge)), None) => edge,
                    (None, Some((_, edge))) => *edge,
                    (None, None) => share,
                }
            }
        }
    }
}

fn check(probabilities: &[f64], happened: &[bool]) -> Result<(), ModelError> {
    checked(probabilities, ("a calibration", ROWS_LEAST, "give more rows"))?;
    if happened.len() != probabilities.len() {
        let (got, want) = (happened.len(), probabilities.len());
        return Err(ModelError::Unequal { what: "outcomes for the probabilities", got, want });
    }
    let events = happened.iter().filter(|event| **event).count();
    if events == 0 || events == happened.len() {
        let hint = "give a sample with events and others";
        return Err(ModelError::TooFew { what: "a calibration", got: 0, least: 1, hint });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{models::scores::brier, random::Random};

    /// Probabilities whose odds are three times too low, and what happened.
    fn skewed(number: usize) -> (Vec<f64>, Vec<bool>) {
        let mut random = Random::new(30);
        (0..number)
            .map(|_| {
                let truth = probability(2.0 * random.normal() - 2.0);
                (probability(log_odds(truth) - libm::log(3.0)), random.chance(truth))
            })
            .unzip()
    }

    #[test]
    fn what_was_off_in_level_comes_right() {
        let (told, happened) = skewed(20_000);
        let before = brier(&told, &happened).unwrap();
        for fit in [
            Calibration::platt(&told, &happened).unwrap(),
            Calibration::isotonic(&told, &happened).unwrap(),
        ] {
            let after: Vec<f64> = told.iter().map(|share| fit.apply(*share)).collect();
            assert!(brier(&after, &happened).unwrap() < before, "{fit:?}");
            let wanted = probability(log_odds(0.1) + libm::log(3.0));
            assert!((fit.apply(0.1) - wanted).abs() < 0.03, "{}", fit.apply(0.1));
            // Rankings stay.
            let mut last = 0.0;
            for at in 0..=1_000_u32 {
                let next = fit.apply(f64::from(at) / 1_000.0);
                assert!((last..=1.0).contains(&next));
                last = next;
            }
        }
    }

    #[test]
    fn pools_are_those_of_the_definition() {
        // Outcomes 0, 1, 0, 1 at rising probabilities pool to 0, a half, 1.
        let told: Vec<f64> = (0..100).map(|row| f64::from(row % 4) / 4.0).collect();
        let happened: Vec<bool> = (0..100).map(|row| row % 2 == 1).collect();
        let found = Calibration::isotonic(&told, &happened).unwrap();
        let Calibration::Isotonic { from, to } = &found else { panic!("isotonic") };
        assert_eq!((&from[..], &to[..]), (&[0.0, 0.25, 0.5, 0.75][..], &[0.0, 0.5, 0.5, 1.0][..]));
        for (told, want) in [(0.25, 0.5), (0.4, 0.5), (0.5, 0.5), (0.125, 0.25), (0.9, 1.0)] {
            assert!((found.apply(told) - want).abs() < 1e-15, "{told}: {}", found.apply(told));
        }
    }

    #[test]
    fn a_model_that_tells_all_events_apart_is_not_made_sure_of_them() {
        // 100 rows at 0.2, none an event; 20 at 0.8, all of them: the targets are 1/102 and 21/22.
        let told: Vec<f64> = (0..120).map(|row| if row < 100 { 0.2 } else { 0.8 }).collect();
        let happened: Vec<bool> = (0..120).map(|row| row >= 100).collect();
        let fit = Calibration::platt(&told, &happened).unwrap();
        for (told, want) in [(0.2, 1.0 / 102.0), (0.8, 21.0 / 22.0)] {
            assert!((fit.apply(told) - want).abs() < 1e-5, "{told}: {}", fit.apply(told));
        }
    }

    #[test]
    fn what_can_not_be_calibrated_is_refused() {
        let (told, happened) = skewed(200);
        assert!(Calibration::platt(&told[..99], &happened[..99]).is_err());
        assert!(Calibration::platt(&told, &happened[..199]).is_err());
        assert!(Calibration::isotonic(&told, &[false; 200]).is_err());
        let reversed: Vec<f64> = told.iter().map(|share| 1.0 - share).collect();
        assert!(matches!(Calibration::platt(&reversed, &happened), Err(ModelError::Range { .. })));
    }
}
