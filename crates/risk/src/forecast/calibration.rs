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
    /// Rising steps (isotonic regression), straight lines between their middles.
    Isotonic {
        /// Model's probabilities, rising.
        from: Vec<f64>,
        /// Calibrated ones.
        to: Vec<f64>,
    },
}

/// The logarithm of the odds.
pub fn log_odds(share: f64) -> f64 {
    let share = share.clamp(EDGE, 1.0 - EDGE);
    libm::log(share) - libm::log1p(-share)
}

impl Calibration {
    /// Fits Platt's line.
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
        // A touch of ridge keeps the line finite where the model tells all events apart.
        let fit = Logistic::fit(&x, happened, 1e-6)?;
        let (shift, slope) = (fit.coefficients[0], fit.coefficients[1]);
        if slope < 0.0 {
            let what = "the slope of the calibration";
            return Err(ModelError::Range { what, got: slope, range: "at or above 0" });
        }
        Ok(Self::Platt { shift, slope })
    }

    /// Fits rising steps by pooling adjacent violators (Ayer and others 1955).
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`ROWS_LEAST`] rows or without events and others, [`ModelError::NotFinite`],
    /// [`ModelError::Unequal`].
    pub fn isotonic(probabilities: &[f64], happened: &[bool]) -> Result<Self, ModelError> {
        check(probabilities, happened)?;
        let mut rows: Vec<(f64, f64)> =
            probabilities.iter().copied().zip(happened.iter().map(|h| f64::from(*h))).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Each pool: sum of probabilities, sum of events, rows.
        let mut pools: Vec<(f64, f64, f64)> = Vec::new();
        for alike in rows.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let number = count(alike.len());
            let events = alike.iter().map(|row| row.1).sum::<f64>();
            let mut pool = (alike[0].0 * number, events, number);
            while let Some(last) = pools.last().copied() {
                if last.1 / last.2 < pool.1 / pool.2 {
                    break;
                }
                pool = (pool.0 + last.0, pool.1 + last.1, pool.2 + last.2);
                pools.pop();
            }
            pools.push(pool);
        }
        Ok(Self::Isotonic {
            from: pools.iter().map(|pool| pool.0 / pool.2).collect(),
            to: pools.iter().map(|pool| pool.1 / pool.2).collect(),
        })
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
        let Calibration::Isotonic { from, to } = Calibration::isotonic(&told, &happened).unwrap()
        else {
            panic!("isotonic")
        };
        assert_eq!((from, to), (vec![0.0, 0.375, 0.75], vec![0.0, 0.5, 1.0]));
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
