//! Where a tail begins: what a fitted tail says over many thresholds, and the mean excess.
//!
//! A threshold is good where the shape, and the scale set back to zero, stop moving as it rises, and where the mean
//! excess is a straight line. **Source** Coles, "An Introduction to Statistical Modeling of Extreme Values", section
//! 4.3; Davison and Smith (1990).

use super::{
    error::{ModelError, between, checked},
    gpd::{EXCESSES_LEAST, Gpd, Tail},
};
use crate::{
    desk::{Cancelled, Progress},
    float::{count, to_count, wide},
    random::Random,
};
use rayon::prelude::*;
use serde::Serialize;

/// What the random numbers of [`goodness`] are for: see [`Random::of_block`].
const PURPOSE: u64 = 0x0000_6F0D;
/// Draws behind a p-value of [`goodness`] that decides between thresholds.
pub const GOODNESS_DRAWS: usize = 99;

/// Shares of the losses beyond the thresholds of a table, the lowest threshold first.
pub const SHARES: [f64; 9] = [0.2, 0.175, 0.15, 0.125, 0.1, 0.075, 0.05, 0.035, 0.025];
/// Standard errors on each side of an estimate at 95 %.
const WIDE: f64 = 1.959_963_984_540_054;

/// What a tail fitted beyond one threshold says. Shortfall and value at risk are of all losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The threshold, as a loss.
    pub threshold: f64,
    /// How many losses exceed it.
    pub excesses: usize,
    /// Mean of the excesses.
    pub mean_excess: f64,
    /// The shape.
    pub shape: f64,
    /// Its bounds at 95 %; none where the likelihood is not regular.
    pub shape_interval: Option<(f64, f64)>,
    /// The scale.
    pub scale: f64,
    /// The scale less shape times threshold: the same for every threshold in the tail.
    pub modified_scale: f64,
    /// Value at risk at the asked level.
    pub value_at_risk: f64,
    /// Expected shortfall at that level; none for a tail whose mean is infinite: state a cap on the loss instead.
    pub shortfall: Option<f64>,
}

/// Fits the tail beyond the threshold of each share that leaves enough excesses and a likelihood with a maximum, lowest
/// threshold first.
///
/// # Errors
/// [`ModelError::TooFew`] where no share leaves [`EXCESSES_LEAST`]; [`ModelError::NoMaximum`] where none of those that do
/// has a fit; [`ModelError::NotFinite`], [`ModelError::Range`] for
/// a level that is not above all thresholds' own; as [`Tail::fit`].
pub fn stability(losses: &[f64], shares: &[f64], level: f64) -> Result<Vec<Threshold>, ModelError> {
    checked(losses, ("a table of thresholds", EXCESSES_LEAST + 1, "give a longer history"))?;
    between(("a level", "between 0 and 1"), level, (0.0, 1.0))?;
    let mut sorted = losses.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut rows, mut refused) = (Vec::new(), None);
    for share in shares {
        let beyond = to_count(libm::floor(count(sorted.len()) * share + 1e-9));
        let Some(threshold) = sorted.get(beyond).copied() else { continue };
        // Ties at the threshold are not beyond it.
        if sorted.partition_point(|loss| *loss > threshold) < EXCESSES_LEAST {
            continue;
        }
        match row(losses, threshold, level) {
            Ok(row) => rows.push(row),
            Err(error @ ModelError::NoMaximum { .. }) => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if rows.is_empty() {
        if let Some(error) = refused {
            return Err(error);
        }
        let most = shares.iter().fold(0.0, |most: f64, share| most.max(*share));
        return Err(ModelError::TooFew {
            what: "the excesses of every threshold",
            got: to_count(libm::floor(count(losses.len()) * most)),
            least: EXCESSES_LEAST,
            hint: "give a longer history or a larger share",
        });
    }
    Ok(rows)
}

fn row(losses: &[f64], threshold: f64, level: f64) -> Result<Threshold, ModelError> {
    let (tail, fit) = Tail::fit(losses, threshold)?;
    let Gpd { shape, scale } = tail.gpd;
    let excesses = losses.iter().filter(|loss| **loss > threshold).map(|loss| loss - threshold);
    let shortfall = match tail.expected_shortfall(level) {
        Ok(shortfall) => Some(shortfall),
        Err(ModelError::InfiniteMean { .. }) => None,
        Err(error) => return Err(error),
    };
    let reach = |(error, _): (f64, f64)| (shape - WIDE * error, shape + WIDE * error);
    Ok(Threshold {
        threshold,
        excesses: fit.excesses,
        mean_excess: excesses.sum::<f64>() / count(fit.excesses),
        shape,
        shape_interval: fit.standard_errors.map(reach),
        scale,
        modified_scale: scale - shape * threshold,
        value_at_risk: tail.value_at_risk(level)?,
        shortfall,
    })
}

/// One point of the mean excess: threshold, mean of the losses beyond it less it, and the bounds of that at 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanExcess {
    /// The threshold: a loss that was seen.
    pub threshold: f64,
    /// How many losses exceed it.
    pub beyond: usize,
    /// Their mean excess.
    pub mean: f64,
    /// Bounds at 95 % by the normal; wide where few are left.
    pub interval: (f64, f64),
}

/// The mean excess over at most `points` thresholds, evenly spread over the ranks of the losses above `from`, the lowest
/// first. At least ten losses lie beyond each.
///
/// # Errors
/// [`ModelError::TooFew`] for fewer than twenty losses above `from`, [`ModelError::NotFinite`].
pub fn mean_excess(
    losses: &[f64],
    from: f64,
    points: usize,
) -> Result<Vec<MeanExcess>, ModelError> {
    checked(losses, ("a mean excess", 20, "give a longer history"))?;
    let mut above: Vec<f64> = losses.iter().copied().filter(|loss| *loss > from).collect();
    checked(&above, ("a mean excess", 20, "begin at a lower loss"))?;
    above.sort_by(f64::total_cmp);
    let last = above.len() - 10;
    let points = points.clamp(2, last);
    let mut table: Vec<MeanExcess> = Vec::with_capacity(points);
    for point in 0..points {
        let threshold = above[point * (last - 1) / (points - 1)];
        if table.last().is_some_and(|row| row.threshold >= threshold) {
            continue;
        }
        let beyond = &above[above.partition_point(|loss| *loss <= threshold)..];
        if beyond.len() < 2 {
            break;
        }
        let number = count(beyond.len());
        let mean = beyond.iter().map(|loss| loss - threshold).sum::<f64>() / number;
        let square: f64 = beyond.iter().map(|loss| (loss - threshold - mean).powi(2)).sum();
        let error = (square / (number - 1.0) / number).sqrt();
        let interval = (mean - WIDE * error, mean + WIDE * error);
        table.push(MeanExcess { threshold, beyond: beyond.len(), mean, interval });
    }
    Ok(table)
}

/// Anderson and Darling's distance of excesses from a distribution, which weighs the far end: the larger, the further.
fn distance(sorted: &[f64], gpd: &Gpd) -> f64 {
    let number = count(sorted.len());
    let tail = |excess: f64| gpd.exceeds(excess).clamp(1e-300, 1.0 - 1e-16);
    let sum: f64 = sorted
        .iter()
        .zip(sorted.iter().rev())
        .enumerate()
        .map(|(at, (low, high))| {
            (2.0 * count(at) + 1.0) * (libm::log1p(-tail(*low)) + libm::log(tail(*high)))
        })
        .sum();
    -number - sum / number
}

/// Probability that excesses of a generalised Pareto distribution lie as far from their own fit as these do from theirs,
/// by drawing from the fit and fitting anew (Stute, Gonzáles Manteiga and Presedo Quindimil 1993). On all threads of the
/// current pool. Draws that have no fit are left out: the excesses have one, so they are compared with those that do.
///
/// # Errors
/// As [`Gpd::fit`]; [`ModelError::Cancelled`].
pub fn goodness(
    excesses: &[f64],
    draws: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<f64, ModelError> {
    let apart = |mut drawn: Vec<f64>| {
        let gpd = Gpd::fit_any(&drawn)?.gpd;
        drawn.sort_by(f64::total_cmp);
        Ok::<_, ModelError>(distance(&drawn, &gpd))
    };
    let gpd = Gpd::fit(excesses)?.gpd;
    let seen = apart(excesses.to_vec())?;
    let one = |draw: u64| {
        progress.ask()?;
        let mut random = Random::of_block(seed, PURPOSE, draw);
        let drawn = (0..excesses.len()).map(|_| gpd.quantile_above(random.uniform()));
        Ok::<_, Cancelled>(apart(drawn.collect()))
    };
    let draws = draws.max(1);
    // A stop ends it at once; of draws that fail the first one is told, whatever the threads.
    let all: Vec<Result<f64, ModelError>> =
        (0..wide(draws)).into_par_iter().map(one).collect::<Result<_, Cancelled>>()?;
    let (mut further, mut fitted) = (1, 1);
    for drawn in all {
        let drawn = match drawn {
            Err(ModelError::NoMaximum { .. }) => continue,
            drawn => drawn?,
        };
        (further, fitted) = (further + usize::from(drawn >= seen), fitted + 1);
    }
    Ok(count(further) / count(fitted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desk::Silent, random::Random};

    fn tail(shape: f64, number: usize) -> Vec<f64> {
        let (gpd, mut random) = (Gpd { shape, scale: 2.0 }, Random::new(6));
        (0..number).map(|_| gpd.quantile_above(random.uniform())).collect()
    }

    #[test]
    fn in_the_tail_nothing_moves() {
        // A generalised Pareto beyond a threshold is one with the same shape and modified scale.
        for row in stability(&tail(0.2, 20_000), &SHARES, 0.99).unwrap() {
            let (low, high) = row.shape_interval.unwrap();
            assert!(low - 0.03 < 0.2 && 0.2 < high + 0.03, "{row:?}");
            assert!((row.modified_scale - 2.0).abs() < 0.7, "{row:?}");
            // The exact quantile at 99 %.
            let wanted = Gpd { shape: 0.2, scale: 2.0 }.quantile_above(0.01);
            assert!((row.value_at_risk / wanted - 1.0).abs() < 0.05, "{row:?}");
        }
    }

    #[test]
    fn a_tail_without_a_mean_gives_no_shortfall() {
        let rows = stability(&tail(1.4, 5_000), &[0.1, 0.05], 0.99).unwrap();
        assert!(rows.iter().all(|row| row.shortfall.is_none() && row.value_at_risk > 0.0));
    }

    #[test]
    fn the_mean_excess_is_the_line_of_the_formula() {
        // e(u) = (scale + shape · u) / (1 − shape).
        let table = mean_excess(&tail(0.2, 20_000), 0.0, 40).unwrap();
        assert!(table.len() > 30);
        assert!(table.windows(2).all(|pair| pair[0].threshold < pair[1].threshold));
        for row in table.iter().filter(|row| row.beyond > 200) {
            let wanted = (2.0 + 0.2 * row.threshold) / 0.8;
            let reach = row.interval.1 - row.mean;
            assert!((row.mean - wanted).abs() < 2.0 * reach, "{row:?} {wanted}");
        }
    }

    #[test]
    fn a_tail_of_two_kinds_is_told_from_one() {
        let mut held = 0;
        for seed in 0..40 {
            let mut random = Random::new(seed);
            let gpd = Gpd { shape: 0.3, scale: 1.0 };
            let drawn: Vec<f64> = (0..200).map(|_| gpd.quantile_above(random.uniform())).collect();
            held += usize::from(goodness(&drawn, 39, seed, &Silent).unwrap() > 0.1);
        }
        // 36 expected, standard deviation 1.9.
        assert!((30..=40).contains(&held), "{held}");
        // Two thirds small excesses, a third around five.
        let mut random = Random::new(1);
        let mixed: Vec<f64> = (0..300)
            .map(|at| if at % 3 == 0 { 5.0 + 0.3 * random.normal() } else { random.uniform() })
            .collect();
        assert!(goodness(&mixed, 39, 1, &Silent).unwrap() < 0.03);
    }

    #[test]
    fn short_histories_are_refused() {
        assert!(matches!(stability(&tail(0.2, 90), &SHARES, 0.99), Err(ModelError::TooFew { .. })));
        let refused = stability(&tail(0.2, 400), &SHARES, 0.99);
        assert!(matches!(refused, Err(ModelError::TooFew { got: 80, .. })), "{refused:?}");
        assert!(mean_excess(&tail(0.2, 100), 1e9, 10).is_err());
    }
}
