//! Losses of a whole year out of losses of one horizon, and how sure a quantile of them is.
//!
//! The cost of holding a fund counts by the year, so the loss it is weighed against must too. A year is as many
//! horizons as fit into it, each drawn on its own from the sample, or from the fitted tail beyond its threshold;
//! nothing is refilled in between, which errs on the side of more. The interval is a bootstrap: as many scenarios as
//! history has days are drawn anew from the sample, the tail is fitted anew, and a year is simulated again.

use super::progress::{Cancelled, Progress, Stage, Within};
use crate::{
    float::{count, to_count, wide},
    models::{ModelError, tail::Interval},
    random::Random,
    sizing::{YEAR, losses::Losses},
    stats::special::student_quantile,
};
use rayon::prelude::*;

/// What the random numbers of years and of the bootstrap are for: see [`Random::of_block`].
const YEARS: u64 = 0x5945_4152;
const AGAIN: u64 = 0x4147_4149;
/// Years that each draw of the bootstrap simulates.
pub(super) const YEARS_EACH: usize = 4_000;
/// Years of a block of work.
const BLOCK: usize = 512;
/// Least excesses of a tail.
const LEAST: usize = crate::models::gpd::EXCESSES_LEAST;

/// Parts of the largest share that thresholds are tried at.
const PARTS: [f64; 6] = [1.0, 0.8, 0.6, 0.45, 0.3, 0.2];

/// A tail beyond the lowest threshold at which one fits, where there are enough scenarios that lose something. Of the losses
/// so many are evidence: a tail has its least number of excesses among those.
///
/// # Errors
/// As [`Losses::with_best_tail`]; [`ModelError::InfiniteMean`] for a tail without a mean.
pub(super) fn tailed(
    (plain, observations): (&Losses, usize),
    share: f64,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Losses, ModelError> {
    let most = largest(plain, share)?;
    let least = (count(LEAST) + 0.5) / count(observations.max(1));
    if most < least {
        let got = to_count(libm::floor(most * count(observations)));
        let hint = "give a longer history, or judge by the sample alone";
        let what = "days of history that lose something, for a tail of the need";
        return Err(ModelError::TooFew { what, got, least: LEAST, hint });
    }
    let shares: Vec<f64> =
        PARTS.iter().map(|part| part * most).filter(|share| *share >= least).collect();
    plain.clone().with_best_tail(&shares, seed, progress)
}

/// The largest share up to the one asked for whose losses are all above zero.
fn largest(plain: &Losses, share: f64) -> Result<f64, ModelError> {
    let number = plain.sorted().len();
    let positive = number - plain.sorted().partition_point(|loss| *loss <= 0.0);
    let most = to_count(libm::floor(count(number) * share + 1e-9));
    let excesses = most.min(positive.saturating_sub(1));
    if excesses < LEAST {
        let hint = "run more scenarios, or judge by the sample alone";
        let what = "scenarios that lose something, for a tail of the need";
        return Err(ModelError::TooFew { what, got: positive, least: LEAST + 1, hint });
    }
    Ok((count(excesses) + 0.5) / count(number))
}

/// Losses of so many years, as a stage of this name.
fn years(
    losses: &Losses,
    number: usize,
    (seed, purpose): (u64, u64),
    (name, progress): (&'static str, &dyn Progress),
) -> Result<Vec<f64>, Cancelled> {
    let periods = to_count(libm::round(YEAR / losses.horizon())).max(1);
    let blocks = number.div_ceil(BLOCK);
    let one = |block: usize| {
        let mut random = Random::of_block(seed, purpose, wide(block));
        let here = BLOCK.min(number - block * BLOCK);
        let year =
            |random: &mut Random| (0..periods).map(|_| losses.drawn(random.uniform())).sum::<f64>();
        let asked = |_| progress.ask().map(|()| year(&mut random));
        (0..here).map(asked).collect::<Result<Vec<f64>, Cancelled>>()
    };
    let stage = Stage::begin(progress, name, blocks)?;
    let parts = (0..blocks).into_par_iter().map(|block| stage.part(|| one(block)));
    Ok(parts.collect::<Result<Vec<_>, Cancelled>>()?.concat())
}

/// Losses of years as a distribution, drawn as a stage of this name.
///
/// # Errors
/// [`ModelError`].
pub(super) fn yearly(
    losses: &Losses,
    number: usize,
    seed: u64,
    stage: (&'static str, &dyn Progress),
) -> Result<Losses, ModelError> {
    Losses::new(&years(losses, number, (seed, YEARS), stage)?, YEAR)
}

/// An estimate's interval, wide enough that another seed's estimate lies within it in 95 % of cases, taking those of a few
/// seeds as draws of one normal law: `t · √2 · s` to each side, with their standard deviation `s`. One seed alone says nothing.
pub(super) fn between_seeds(of: Interval, others: &[(u64, f64)]) -> Interval {
    let all: Vec<f64> = others.iter().map(|(_, other)| *other).chain([of.estimate]).collect();
    let (number, freedom) = (count(all.len()), count(others.len()));
    if others.is_empty() {
        return of;
    }
    let mean = all.iter().sum::<f64>() / number;
    let square: f64 = all.iter().map(|value| (value - mean).powi(2)).sum();
    let reach = student_quantile(0.975, freedom) * (2.0 * square / freedom).sqrt();
    let (low, high) = ((of.estimate - reach).max(0.0), of.estimate + reach);
    Interval { low: of.low.min(low), high: of.high.max(high), ..of }
}

/// A quantile of the year's loss with an interval at 95 %, by percentiles of so many draws. Of the losses so many are
/// evidence; the others are the same days of history drawn again.
///
/// # Errors
/// [`ModelError`].
pub(super) fn quantile(
    (losses, observations, found): (&Losses, usize, f64),
    level: f64,
    (draws, seed): (usize, u64),
    progress: &dyn Progress,
) -> Result<Interval, ModelError> {
    let share = losses.tail().map(|tail| tail.tail.exceed);
    let name = "interval of the size";
    let again = |fit: usize| {
        let within = Within::new(progress, name, (fit, draws), 1);
        progress.ask()?;
        let fitted = refitted((losses, observations), share, (seed, wide(fit)))?;
        let purpose = AGAIN ^ (wide(fit) << 32);
        let drawn = years(&fitted, YEARS_EACH, (seed, purpose), (name, &within))?;
        Ok(Losses::new(&drawn, YEAR)?.risk_in_sample(level)?.value_at_risk)
    };
    let mut all = (0..draws).map(again).collect::<Result<Vec<f64>, ModelError>>()?;
    all.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let place = to_count(libm::floor(part * count(all.len())));
        all.get(place.min(all.len() - 1)).copied().unwrap_or(found)
    };
    let (low, high) = (at(0.025).min(found), at(0.975).max(found));
    Ok(Interval { estimate: found, low, high })
}

/// The sample drawn anew, and its tail fitted anew; one that can't be fitted counts as none, one without a mean as itself,
/// since a quantile needs none. As many losses are drawn as are evidence.
fn refitted(
    (losses, observations): (&Losses, usize),
    share: Option<f64>,
    (seed, fit): (u64, u64),
) -> Result<Losses, ModelError> {
    let mut random = Random::of_block(seed, AGAIN, fit);
    let sorted = losses.sorted();
    let number = observations.clamp(1, sorted.len());
    let drawn: Vec<f64> = (0..number).map(|_| sorted[random.below(sorted.len())]).collect();
    let plain = Losses::new(&drawn, losses.horizon())?;
    Ok(match share {
        None => plain,
        Some(share) => {
            let fitted = |share| plain.clone().with_tail(share);
            largest(&plain, share).and_then(fitted).unwrap_or(plain)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Silent;

    #[test]
    fn seeds_widen_an_interval_by_how_far_they_lie_apart() {
        let of = Interval { estimate: 10.0, low: 9.0, high: 10.5 };
        assert_eq!(between_seeds(of, &[]), of);
        assert_eq!(between_seeds(of, &[(2, 10.0), (3, 10.0)]), of);
        // Three estimates, 10, 11 and 12: s = 1, t of two degrees of freedom = 4.3027.
        let found = between_seeds(of, &[(2, 11.0), (3, 12.0)]);
        let reach = 4.302_652_7 * 2.0_f64.sqrt();
        assert!((found.high - 10.0 - reach).abs() < 1e-6, "{found:?}");
        assert!((found.low - (10.0 - reach)).abs() < 1e-6, "{found:?}");
        assert!(between_seeds(of, &[(2, 90.0)]).low.abs() < 1e-12);
    }

    #[test]
    fn a_tail_has_its_excesses_among_the_evidence() {
        let mut random = Random::new(3);
        let losses: Vec<f64> =
            (0..10_000).map(|_| libm::pow(random.uniform().max(1e-9), -0.2) - 1.0).collect();
        let plain = Losses::new(&losses, 1.0).unwrap();
        let fitted = tailed((&plain, 10_000), 0.1, 1, &Silent).unwrap();
        assert!(fitted.tail().is_some());
        // A tenth of 900 days is 90 excesses, however often each day is drawn.
        let refused = tailed((&plain, 900), 0.1, 1, &Silent).unwrap_err().to_string();
        assert!(refused.contains("days of history") && refused.contains("90"), "{refused}");
    }
}
