//! Value at risk and expected shortfall of very many losses, without sorting them.

use crate::{
    float::{count, to_count},
    models::{
        ModelError,
        error::checked,
        tail::{Beyond, Risk},
    },
};
use rayon::prelude::*;

/// Losses that are looked at for a first guess of the threshold.
const SAMPLE: usize = 8192;
/// Losses of one piece of work.
const PIECE: usize = 1 << 16;

/// Risk of a sample of losses: the same bits as [`of_sample`](crate::models::tail::of_sample), on all threads.
///
/// A threshold from every so-manieth loss is likely to leave a few more than those beyond the level; these are
/// sorted. Where it leaves too few, all are.
///
/// # Errors
/// As [`of_sample`](crate::models::tail::of_sample).
pub fn risk_of(losses: &[f64], level: f64) -> Result<Risk, ModelError> {
    let beyond = Beyond::new(losses.len(), level)?;
    let threshold = guess(losses, beyond.number);
    let piece = |(at, piece): (usize, &[f64])| {
        if let Some(bad) = piece.iter().position(|loss| !loss.is_finite()) {
            return Err(ModelError::NotFinite { at: at * PIECE + bad, got: piece[bad] });
        }
        Ok(piece.iter().copied().filter(|loss| *loss >= threshold).collect::<Vec<f64>>())
    };
    let pieces: Result<Vec<Vec<f64>>, ModelError> =
        losses.par_chunks(PIECE).enumerate().map(piece).collect();
    let mut largest = pieces?.concat();
    if largest.len() < beyond.number {
        checked(losses, ("a quantile", 1, "give at least one loss"))?;
        largest = losses.to_vec();
    }
    Ok(beyond.largest(&mut largest))
}

/// A loss that likely has a few more than so many at or above it; none is above minus infinity.
fn guess(losses: &[f64], needed: usize) -> f64 {
    let step = losses.len() / SAMPLE;
    if step < 2 {
        return f64::NEG_INFINITY;
    }
    let mut sample: Vec<f64> = losses.iter().step_by(step).copied().collect();
    let expected = count(needed) * count(sample.len()) / count(losses.len());
    let rank = to_count(expected + 5.0 * expected.sqrt() + 5.0);
    if rank >= sample.len() {
        return f64::NEG_INFINITY;
    }
    let (_, threshold, _) = sample.select_nth_unstable_by(rank, |a, b| b.total_cmp(a));
    // What is no number is found by the pieces.
    if threshold.is_nan() { f64::NEG_INFINITY } else { *threshold }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{models::tail::of_sample, random::Random};

    #[test]
    fn it_is_what_a_sorted_sample_says_to_the_bit() {
        let mut random = Random::new(3);
        for number in [1, 2, 500, 16_383, 16_384, 100_003, 300_000] {
            let losses: Vec<f64> = (0..number).map(|_| random.normal()).collect();
            let rising: Vec<f64> = (0..number).map(count).collect();
            let alike = vec![1.0; number];
            for losses in [losses, rising, alike] {
                for level in [0.5, 0.9, 0.99, 0.995, 0.9999] {
                    let wanted = of_sample(&mut losses.clone(), level).unwrap();
                    let got = risk_of(&losses, level).unwrap();
                    assert_eq!(got.value_at_risk.to_bits(), wanted.value_at_risk.to_bits());
                    let shortfalls = (got.expected_shortfall, wanted.expected_shortfall);
                    assert_eq!(shortfalls.0.to_bits(), shortfalls.1.to_bits(), "{number} {level}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_loss_is_refused() {
        assert!(matches!(risk_of(&[], 0.99), Err(ModelError::TooFew { .. })));
        assert!(matches!(risk_of(&[1.0], 1.0), Err(ModelError::Range { .. })));
        let mut losses = vec![1.0; 200_000];
        losses[70_001] = f64::NAN;
        assert!(matches!(risk_of(&losses, 0.99), Err(ModelError::NotFinite { at: 70_001, .. })));
    }
}
