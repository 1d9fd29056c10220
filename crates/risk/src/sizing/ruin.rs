//! How likely a fund is used up within a year, and the smallest fund that is not.
//!
//! ```text
//! F after a day = least(F + fees + refill, cap) − D        ruined: F below the floor
//! ```
//!
//! With heavy tails ruin is one large loss, not a slow drift; where fees are less than the expected loss it is certain in
//! the end, which [`Ruin::pays_for_itself`] tells. **Source** the Cramér–Lundberg model in discrete time.

use super::{losses::Losses, order_bounds};
use crate::{
    desk::{Cancelled, Progress, Stage},
    float::{count, to_count, wide},
    models::{
        ModelError,
        error::{between, checked},
        tail::{Interval, many_enough},
    },
    random::Random,
    stats::special::wilson,
};
use rayon::prelude::*;

/// Paths of one block of work: what is drawn depends on it, so it never changes.
const BLOCK: usize = 256;
/// What the random numbers are for: see [`Random::of_block`].
const PURPOSE: u64 = 0x0052_5549;
/// Halvings when the least start of a path is looked for.
const HALVINGS: usize = 48;

/// How a fund lives. Amounts are for each day where they flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fund {
    /// What it begins with.
    pub start: f64,
    /// Fees that it gets each day.
    pub income: f64,
    /// Below this it gets a refill too; zero for none.
    pub target: f64,
    /// The most that a refill brings in a day.
    pub refill: f64,
    /// Beyond this the surplus leaves; none keeps everything.
    pub cap: Option<f64>,
    /// Below this it counts as ruined.
    pub floor: f64,
}

/// Where the losses of a day come from.
#[derive(Clone, Copy, Debug)]
pub enum Days<'a> {
    /// Each day on its own: losses over one day, a tail beyond them if there is one.
    Independent(&'a Losses),
    /// Losses of days one after the other, drawn in runs of so many, so that bad days stay together.
    Runs {
        /// The losses.
        losses: &'a [f64],
        /// Days of a run.
        run: usize,
    },
}

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulation {
    /// Days of a path.
    pub days: usize,
    /// Paths.
    pub paths: usize,
    /// Seed.
    pub seed: u64,
    /// Probability that an interval holds the truth.
    pub confidence: f64,
}

impl Default for Simulation {
    /// A year of 20,000 paths.
    fn default() -> Self {
        Self { days: 365, paths: 20_000, seed: 1, confidence: 0.95 }
    }
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ruin {
    /// Probability of ruin, with Wilson's bounds.
    pub probability: Interval,
    /// Median day of ruin among ruined paths; none without one.
    pub day: Option<usize>,
    /// Mean over all paths of what was missing below zero when ruin came.
    pub missing: f64,
    /// Mean over all paths of what the fund held at the end; nothing where it was ruined.
    pub left: f64,
    /// Expected loss of a day.
    pub mean_loss: f64,
    /// Whether fees are more than the expected loss: if not, ruin is a matter of time.
    pub pays_for_itself: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuinError {
    /// Something about losses or settings.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// No start is enough.
    #[error(
        "no start keeps ruin at or below {wanted}: with its cap the fund is ruined in {got} of {paths} paths whatever it \
         begins with; raise the cap, the fees or the refill"
    )]
    NoStart {
        /// The probability asked for.
        wanted: f64,
        /// Paths that are always ruined.
        got: usize,
        /// Paths simulated.
        paths: usize,
    },
}

impl Fund {
    fn check(&self) -> Result<(), ModelError> {
        let least = 0.0_f64.next_down();
        for (what, got) in [
            ("the fund's start", self.start),
            ("the fund's income", self.income),
            ("the fund's target", self.target),
            ("the fund's refill", self.refill),
            ("the fund's floor", self.floor),
        ] {
            between((what, "at or above 0"), got, (least, f64::INFINITY))?;
        }
        let above = self.floor.next_down();
        let what = ("the fund's cap", "at or above its floor");
        between(what, self.cap.unwrap_or(f64::MAX), (above, f64::INFINITY))
    }

    /// The fund after a day.
    fn after(&self, before: f64, loss: f64) -> f64 {
        let refill = (self.target - before).max(0.0).min(self.refill);
        let before_loss = before + self.income + refill;
        self.cap.map_or(before_loss, |cap| before_loss.min(cap.max(0.0))) - loss
    }

    /// The day of ruin and what the fund then held, or what it holds at the end.
    fn live(&self, start: f64, losses: &[f64]) -> (Option<usize>, f64) {
        let mut fund = start;
        for (day, loss) in losses.iter().enumerate() {
            fund = self.after(fund, *loss);
            if fund < self.floor {
                return (Some(day), fund);
            }
        }
        (None, fund)
    }

    /// The least start that lives through a path; infinite where none does. A larger start is never worse, since a day
    /// keeps the order of funds.
    fn least_start(&self, losses: &[f64]) -> f64 {
        let lives = |start: f64| self.live(start, losses).0.is_none();
        if lives(self.floor) {
            return self.floor;
        }
        let (mut low, mut high) = (self.floor, self.floor + losses.iter().sum::<f64>());
        if !lives(high) {
            return f64::INFINITY;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if lives(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

impl Days<'_> {
    fn check(&self) -> Result<(), ModelError> {
        match self {
            Self::Independent(losses) => {
                let what = ("the horizon of daily losses in days", "at 1");
                between(what, losses.horizon(), (1.0_f64.next_down(), 1.0_f64.next_up()))
            }
            Self::Runs { losses, .. } => {
                checked(losses, ("a series of daily losses", 1, "give at least one day"))?;
                match losses.iter().find(|loss| **loss < 0.0) {
                    Some(bad) => {
                        Err(ModelError::Range { what: "a loss", got: *bad, range: "at or above 0" })
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn mean(&self) -> Result<f64, ModelError> {
        match self {
            Self::Independent(losses) => losses.mean(),
            Self::Runs { losses, .. } => Ok(losses.iter().sum::<f64>() / count(losses.len())),
        }
    }

    fn draw(&self, random: &mut Random, path: &mut [f64]) {
        match self {
            Self::Independent(losses) => {
                for loss in path {
                    *loss = losses.drawn(random.uniform());
                }
            }
            Self::Runs { losses, run } => {
                for piece in path.chunks_mut((*run).max(1)) {
                    let from = random.below(losses.len());
                    // Ends are joined, so that each day is as likely as any other.
                    let days = losses.iter().cycle().skip(from);
                    for (loss, day) in piece.iter_mut().zip(days) {
                        *loss = *day;
                    }
                }
            }
        }
    }
}

/// Simulates paths block by block and gives what `see` makes of each, in the order of paths whatever the threads.
fn simulate<T: Send>(
    days: Days<'_>,
    how: &Simulation,
    (name, progress): (&'static str, &dyn Progress),
    see: impl Fn(&[f64]) -> T + Sync,
) -> Result<Vec<T>, RuinError> {
    days.check()?;
    between(("the confidence of an interval", "between 0 and 1"), how.confidence, (0.0, 1.0))?;
    for (what, got) in [("days of a path", how.days), ("paths", how.paths)] {
        if got == 0 {
            return Err(ModelError::TooFew { what, got, least: 1, hint: "simulate some" }.into());
        }
    }
    let blocks = how.paths.div_ceil(BLOCK);
    let stage = Stage::begin(progress, name, blocks)?;
    let one = |block: usize| {
        let mut random = Random::of_block(how.seed, PURPOSE, wide(block));
        let mut path = vec![0.0; how.days];
        let number = BLOCK.min(how.paths - block * BLOCK);
        let one = |_| {
            progress.ask()?;
            days.draw(&mut random, &mut path);
            Ok(see(&path))
        };
        (0..number).map(one).collect::<Result<Vec<T>, Cancelled>>()
    };
    let parts = (0..blocks).into_par_iter().map(|block| stage.part(|| one(block)));
    let parts: Vec<Vec<T>> = parts.collect::<Result<_, Cancelled>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// Probability that a fund is ruined.
///
/// # Errors
/// [`RuinError::Model`] for settings or losses out of range, a tail without a mean among them; [`RuinError::Cancelled`].
pub fn ruin(
    fund: &Fund,
    days: Days<'_>,
    how: &Simulation,
    progress: &dyn Progress,
) -> Result<Ruin, RuinError> {
    fund.check()?;
    let mean_loss = days.mean()?;
    let ends = simulate(days, how, ("ruin", progress), |losses| fund.live(fund.start, losses))?;
    let mut ruined: Vec<usize> = ends.iter().filter_map(|(day, _)| *day).collect();
    ruined.sort_unstable();
    let all = count(ends.len());
    let (low, high) = wilson(ruined.len(), ends.len(), how.confidence);
    let missing = ends.iter().filter(|(day, _)| day.is_some()).map(|(_, held)| (-held).max(0.0));
    let left = ends.iter().filter(|(day, _)| day.is_none()).map(|(_, held)| *held);
    Ok(Ruin {
        probability: Interval { estimate: count(ruined.len()) / all, low, high },
        day: ruined.get(ruined.len() / 2).copied(),
        missing: missing.sum::<f64>() / all,
        left: left.sum::<f64>() / all,
        mean_loss,
        pays_for_itself: mean_loss <= 0.0 || fund.income > mean_loss,
    })
}

/// The smallest start at which ruin is at most so likely, with the order statistics that hold it; `fund.start` is not
/// used.
///
/// # Errors
/// As [`ruin`]; [`ModelError::TooFew`] for too few paths for the probability; [`RuinError::NoStart`].
pub fn smallest(
    fund: &Fund,
    days: Days<'_>,
    probability: f64,
    (how, progress): (&Simulation, &dyn Progress),
) -> Result<Interval, RuinError> {
    fund.check()?;
    between(("a probability of ruin", "between 0 and 1"), probability, (0.0, 1.0))?;
    let few = ("a start by simulated ruin", "raise ruin.paths, or ruin.probability");
    many_enough(how.paths, 1.0 - probability, few)?;
    let mut least =
        simulate(days, how, ("smallest start", progress), |losses| fund.least_start(losses))?;
    least.sort_by(f64::total_cmp);
    let paths = least.len();
    let allowed = to_count(libm::floor(probability * count(paths) + 1e-9));
    let at = |place: usize| least[place.min(paths - 1)];
    let estimate = at(paths - 1 - allowed.min(paths - 1));
    if estimate.is_infinite() {
        let got = least.iter().filter(|start| start.is_infinite()).count();
        return Err(RuinError::NoStart { wanted: probability, got, paths });
    }
    let (low, high) = order_bounds(paths, 1.0 - probability, how.confidence);
    // Where the upper bound is a path that nothing outlives, the last start that does is all that is known.
    let last = least.iter().rfind(|start| start.is_finite()).copied().unwrap_or(estimate);
    let high = at(high).min(last).max(estimate);
    Ok(Interval { estimate, low: at(low).min(estimate), high })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Silent;

    /// A watcher who stops all work.
    struct Stop;

    impl Progress for Stop {
        fn at(&self, _: &'static str, _: u64, _: u64) -> bool {
            false
        }
    }

    const PLAIN: Fund =
        Fund { start: 10.0, income: 1.0, target: 0.0, refill: 0.0, cap: None, floor: 0.0 };
    const SMALL: Simulation = Simulation { days: 60, paths: 4_000, seed: 3, confidence: 0.95 };

    /// A loss of 40 with this probability on each day.
    fn rare(probability: f64) -> Losses {
        let number = 10_000;
        let bad = to_count(libm::round(probability * 10_000.0));
        let losses: Vec<f64> = (0..number).map(|at| if at < bad { 40.0 } else { 0.0 }).collect();
        Losses::new(&losses, 1.0).unwrap()
    }

    #[test]
    fn one_large_loss_has_the_formula() {
        // A fund that stays at 30 by its cap is ruined by the first loss of 40: 1 - 0.99^60.
        let fund = Fund { start: 30.0, cap: Some(30.0), ..PLAIN };
        let losses = rare(0.01);
        let found = ruin(&fund, Days::Independent(&losses), &SMALL, &Silent).unwrap();
        let wanted = 1.0 - libm::pow(0.99, 60.0);
        let Interval { estimate, low, high } = found.probability;
        assert!(low < wanted && wanted < high && low < estimate && estimate < high, "{found:?}");
        assert!((found.mean_loss - 0.4).abs() < 1e-12 && found.pays_for_itself);
        assert!((found.missing - 10.0 * estimate).abs() < 1e-9);
        assert!((found.left - 30.0 * (1.0 - estimate)).abs() < 1e-9);
    }

    #[test]
    fn the_smallest_start_is_the_one_with_that_probability() {
        let losses: Vec<f64> =
            (0..2_000).map(|at| -4.0 * libm::log((count(at) + 0.5) / 2_000.0)).collect();
        let losses = Losses::new(&losses, 1.0).unwrap();
        let days = Days::Independent(&losses);
        for (target, refill, cap) in [(0.0, 0.0, None), (60.0, 2.0, None), (60.0, 2.0, Some(90.0))]
        {
            let fund = Fund { income: 4.2, target, refill, cap, ..PLAIN };
            let found = smallest(&fund, days, 0.02, (&SMALL, &Silent)).unwrap();
            assert!(found.low <= found.estimate && found.estimate <= found.high);
            let at = |start: f64| {
                ruin(&Fund { start, ..fund }, days, &SMALL, &Silent).unwrap().probability.estimate
            };
            // The same seed draws the same paths: at the start itself it holds, a hair below it does not.
            assert!(at(found.estimate) <= 0.02 + 1e-12, "{}", at(found.estimate));
            assert!(at(found.estimate * 0.999) > 0.02 - 3e-4);
            // Another seed agrees within the interval.
            let other = Simulation { seed: 77, ..SMALL };
            let other = smallest(&fund, days, 0.02, (&other, &Silent)).unwrap();
            assert!((other.estimate - found.estimate).abs() < found.high - found.low, "{other:?}");
        }
    }

    #[test]
    fn without_refill_and_cap_the_least_start_is_the_deepest_point() {
        let mut random = Random::new(1);
        for _ in 0..50 {
            let losses: Vec<f64> = (0..40).map(|_| random.pareto(1.5, 0.1, 50.0)).collect();
            let (mut sum, mut deepest) = (0.0, 0.0_f64);
            for loss in &losses {
                sum += PLAIN.income - loss;
                deepest = deepest.max(-sum);
            }
            assert!((PLAIN.least_start(&losses) - deepest).abs() < 1e-9);
        }
    }

    #[test]
    fn runs_keep_bad_days_together() {
        // Two bad days in a row, a fund that outlives one of them.
        let losses: Vec<f64> = (0..50).map(|day| if day < 2 { 6.0 } else { 0.0 }).collect();
        let fund =
            Fund { start: 10.0, income: 0.0, cap: Some(10.0), refill: 10.0, target: 10.0, ..PLAIN };
        let fund = Fund { refill: 1.0, ..fund };
        let at = |run| {
            let days = Days::Runs { losses: &losses, run };
            ruin(&fund, days, &SMALL, &Silent).unwrap().probability.estimate
        };
        assert!(at(10) > at(1), "{} {}", at(10), at(1));
    }

    #[test]
    fn threads_and_blocks_change_nothing() {
        let losses = rare(0.02);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let days = Days::Independent(&losses);
                let how = Simulation { paths: 1_000, ..SMALL };
                let found = ruin(&PLAIN, days, &how, &Silent).unwrap();
                (found, smallest(&PLAIN, days, 0.1, (&how, &Silent)).unwrap())
            })
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(7));
    }

    #[test]
    fn what_has_no_answer_is_said() {
        let losses = rare(0.05);
        let days = Days::Independent(&losses);
        let capped = Fund { cap: Some(20.0), ..PLAIN };
        let refused = smallest(&capped, days, 0.01, (&SMALL, &Silent)).unwrap_err();
        assert!(matches!(refused, RuinError::NoStart { .. }), "{refused}");
        let few = Simulation { paths: 100, ..SMALL };
        assert!(matches!(
            smallest(&PLAIN, days, 0.01, (&few, &Silent)),
            Err(RuinError::Model(ModelError::TooFew { .. }))
        ));
        let weekly = Losses::new(&[1.0], 7.0).unwrap();
        assert!(ruin(&PLAIN, Days::Independent(&weekly), &SMALL, &Silent).is_err());
        let bad = Fund { income: f64::NAN, ..PLAIN };
        assert!(ruin(&bad, days, &SMALL, &Silent).is_err());
        let stopped = ruin(&PLAIN, days, &SMALL, &Stop);
        assert!(matches!(stopped, Err(RuinError::Cancelled(Cancelled))));
    }
}
