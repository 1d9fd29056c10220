//! Monte Carlo: a t copula (drawn by [`StudentT`](crate::kernel::simulate::StudentT)), a volatility and a distribution of residuals for each market, jumps that all make together.
//!
//! ```text
//!   t copula ──▶ variate ──▶ residual of each market ──┐
//!   Poisson clock ──▶ common jumps ────────────────────┼──▶ μ + s·(residual + jump) ──▶ s goes on ──▶ next step
//!   at a jump: the copula of a crash ──────────────────┘
//! ```

use super::{
    Origin, Scenarios,
    filtered::{fitted, in_words},
    generate::{Drawing, GenerateError, Page, Source, drawn},
    marginal::{Marginal, Transform},
};
use crate::{
    desk::Progress,
    kernel::{Lanes, simulate::StudentT},
    models::{
        ModelError,
        copula::{CopulaFit, TCopula},
        error::between,
        filtered::{Filter, Filtered, Series},
        garch::{Garch, Innovation, Spec, Start},
        jumps::CommonJumps,
    },
    random::Random,
    stats::linear::Matrix,
};
use core::ops::Range;

/// What the random numbers are for: see [`Random::of_block`].
const PURPOSE: u64 = 0x0000_514D;
/// The same for the copulas' variates.
const VARIATES: u64 = 0x0051_4D54;

/// Which distribution the residuals of a market get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarginalKind {
    /// Student's t, its degrees of freedom by likelihood.
    Student,
    /// As they were.
    Empirical,
    /// As they were, with generalised Pareto tails: needs a thousand days.
    Tailed,
}

/// What is different in a crash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    /// No correlation is lower in it.
    pub floor: f64,
    /// Probability of one at a step, whether or not anything jumps in it. Where jumps are fitted, every step with one is a
    /// crash besides.
    pub probability: f64,
}

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulated {
    /// How volatility is measured and goes on.
    pub filter: Filter,
    /// Distribution of residuals.
    pub marginal: MarginalKind,
    /// Robust deviations beyond which all markets jumped; none for no jumps. Residuals of days with a jump then count as
    /// jumps and not as residuals.
    pub jumps: Option<f64>,
    /// The correlations of a crash; none for the same as always.
    pub crash: Option<Crash>,
}

impl Default for Simulated {
    fn default() -> Self {
        let spec =
            Spec { asymmetric: false, innovation: Innovation::Student, start: Start::Backcast };
        Self {
            filter: Filter::Garch(spec),
            marginal: MarginalKind::Tailed,
            jumps: Some(crate::models::jumps::THRESHOLD),
            crash: Some(Crash { floor: 0.9, probability: 0.0 }),
        }
    }
}

/// All that is fitted before the first draw.
struct Engine {
    filtered: Filtered,
    jumps: Option<CommonJumps>,
    calm: StudentT,
    crash: Option<StudentT>,
    crash_probability: f64,
    transforms: Vec<Transform>,
}

/// A copula's variates of some steps, market by market, and those of a crash.
struct Variates {
    /// Which, counted over all scenarios.
    steps: Range<usize>,
    calm: Vec<f64>,
    crash: Option<Vec<f64>>,
}

/// Simulates scenarios of all markets of a source.
///
/// # Errors
/// [`GenerateError`]; a market whose model can't be fitted is named.
pub fn simulated(
    source: &Source<'_>,
    what: &Simulated,
    drawing: &Drawing,
    progress: &dyn Progress,
) -> Result<Scenarios, GenerateError> {
    drawing.check()?;
    let seed = Random::of_block(drawing.seed, VARIATES, 0).next_u64();
    let (engine, settings) = Engine::fit(source, what, seed, progress)?;
    let origin = Origin {
        generator: "simulated".into(),
        settings,
        window: source.window(),
        seed: Some(drawing.seed),
        observations: Some(drawing.observations(engine.filtered.days())),
    };
    let steps = drawing.steps;
    let begin = |block: Range<usize>| engine.variates(block.start * steps..block.end * steps);
    let draw = |(variates, number): (&Variates, usize), random: &mut Random, page: &mut Page| {
        let mut variances: Vec<f64> = engine.filtered.series().iter().map(Series::start).collect();
        let mut row = vec![0.0; variances.len()];
        for step in number * steps..(number + 1) * steps {
            engine.step(random, (variates, step), &mut variances, &mut row);
            page.push(&row);
        }
    };
    drawn(source, drawing, (origin, PURPOSE), progress, (begin, draw))
}

impl Engine {
    fn fit(
        source: &Source<'_>,
        what: &Simulated,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<String>), GenerateError> {
        let filtered = fitted(source, what.filter, progress)?;
        let residuals: Vec<&[f64]> = filtered.series().iter().map(Series::residuals).collect();
        let jumps = match what.jumps {
            Some(threshold) => Some(CommonJumps::fit(&residuals, threshold)?),
            None => None,
        };
        let kept = without_jumps(&residuals, jumps.as_ref());
        let slices: Vec<&[f64]> = kept.iter().map(Vec::as_slice).collect();
        let (calm, fit) = copula(&slices)?;
        let crash = match what.crash {
            Some(crash) => {
                between(
                    ("the floor of correlations", "between -1 and 1"),
                    crash.floor,
                    (-1.0, 1.0),
                )?;
                let range = ("the probability of a crash", "from 0, below 1");
                between(range, crash.probability, (0.0_f64.next_down(), 1.0))?;
                Some(calm.crashed(crash.floor)?.variates(seed)?)
            }
            None => None,
        };
        let mut transforms = Vec::with_capacity(slices.len());
        let mut marginals = Vec::with_capacity(slices.len());
        for (residuals, market) in slices.iter().zip(source.markets) {
            progress.ask()?;
            let named = |error| GenerateError::Market { market: market.clone(), error };
            let marginal = marginal(residuals, what.marginal).map_err(named)?;
            transforms.push(Transform::new(&marginal, calm.nu()));
            marginals.push(marginal);
        }
        let settings = in_full(source, what, (jumps.as_ref(), fit.as_ref()), &marginals);
        let crash_probability = what.crash.map_or(0.0, |crash| crash.probability);
        let calm = calm.variates(seed)?;
        let engine = Self { filtered, jumps, calm, crash, crash_probability, transforms };
        Ok((engine, settings))
    }

    /// Variates of some steps, counted over all scenarios.
    fn variates(&self, steps: Range<usize>) -> Variates {
        let draw = |copula: &StudentT| copula.rows(steps.clone(), Lanes::best());
        let (calm, crash) = (draw(&self.calm), self.crash.as_ref().map(draw));
        Variates { steps, calm, crash }
    }

    /// One step: the logarithmic return of each market, and the variances after it.
    fn step(
        &self,
        random: &mut Random,
        (variates, step): (&Variates, usize),
        variances: &mut [f64],
        row: &mut [f64],
    ) {
        // Jumps are drawn first, since they decide how the rest hangs together.
        let mut jumps = vec![0.0; row.len()];
        let jumped =
            self.jumps.as_ref().is_some_and(|common| common.add(random, 1.0, &mut jumps) > 0);
        let crashes =
            jumped || self.crash_probability > 0.0 && random.chance(self.crash_probability);
        let drawn = variates.crash.as_ref().filter(|_| crashes).unwrap_or(&variates.calm);
        for (cell, of_market) in row.iter_mut().zip(drawn.chunks_exact(variates.steps.len())) {
            *cell = of_market[step - variates.steps.start];
        }
        let parts = row.iter_mut().zip(variances).zip(&self.transforms);
        for (((cell, variance), transform), (series, jump)) in
            parts.zip(self.filtered.series().iter().zip(&jumps))
        {
            let residual = transform.residual(*cell) + jump;
            (*cell, *variance) = series.step(residual, *variance);
        }
    }
}

/// Residuals of the steps at which not all jumped.
fn without_jumps(residuals: &[&[f64]], jumps: Option<&CommonJumps>) -> Vec<Vec<f64>> {
    let steps = jumps.map_or(&[][..], |jumps| &jumps.steps);
    let keep = |(step, value): (usize, &f64)| steps.binary_search(&step).is_err().then_some(*value);
    residuals.iter().map(|one| one.iter().enumerate().filter_map(keep).collect()).collect()
}

/// Degrees of freedom of the variates of a single market, which has no copula: any number serves, since its residuals
/// are found through the distribution function.
const ALONE: f64 = 5.0;

fn copula(residuals: &[&[f64]]) -> Result<(TCopula, Option<CopulaFit>), ModelError> {
    if residuals.len() == 1 {
        return Ok((TCopula::new(Matrix::identity(1), ALONE)?, None));
    }
    let fit = TCopula::fit(residuals)?;
    Ok((fit.copula.clone(), Some(fit)))
}

/// The distribution of one market's residuals.
fn marginal(residuals: &[f64], kind: MarginalKind) -> Result<Marginal, ModelError> {
    match kind {
        MarginalKind::Empirical => Marginal::empirical(residuals),
        MarginalKind::Tailed => Marginal::tailed(residuals),
        MarginalKind::Student => {
            // Residuals have no volatility left that moves: what the fit finds is their level and their tail.
            let spec =
                Spec { asymmetric: false, innovation: Innovation::Student, start: Start::Backcast };
            let fit = Garch::fit(residuals, spec)?;
            let nu = fit.params.nu.unwrap_or(crate::models::garch::NU_MOST);
            let number = crate::float::count(residuals.len());
            let square = residuals.iter().map(|residual| residual * residual).sum::<f64>();
            Ok(Marginal::Student { nu, deviation: (square / number).sqrt() })
        }
    }
}

fn in_full(
    source: &Source<'_>,
    what: &Simulated,
    (jumps, copula): (Option<&CommonJumps>, Option<&CopulaFit>),
    marginals: &[Marginal],
) -> Vec<String> {
    let mut lines = vec![in_words(what.filter)];
    if let Some(fit) = copula {
        let (low, high) = fit.nu_interval;
        let nu = fit.copula.nu();
        let rows = fit.rows;
        lines.push(format!(
            "t copula: {nu:.2} degrees of freedom (95 %: {low:.2} to {high:.2}), {rows} rows"
        ));
    }
    match (jumps, what.jumps) {
        (Some(jumps), Some(threshold)) => {
            let (low, high) = jumps.intensity_interval;
            lines.push(format!(
                "common jumps beyond {threshold} deviations: {:.4} a step (95 %: {low:.4} to {high:.4}), {} seen",
                jumps.intensity,
                jumps.steps.len()
            ));
        }
        _ => lines.push("no jumps".to_owned()),
    }
    if let Some(crash) = what.crash {
        let by_chance = (crash.probability > 0.0)
            .then(|| format!("with probability {} a step", crash.probability));
        let at_jump = what.jumps.map(|_| "at a jump".to_owned());
        let when: Vec<String> = at_jump.into_iter().chain(by_chance).collect();
        let when = if when.is_empty() { "never".to_owned() } else { when.join(" and ") };
        lines.push(format!("correlations of at least {} {when}", crash.floor));
    }
    for (marginal, market) in marginals.iter().zip(source.markets) {
        lines.push(match marginal {
            Marginal::Student { nu, deviation } => {
                format!("{market}: Student residuals, {nu:.2} degrees of freedom, deviation {deviation:.3}")
            }
            Marginal::Empirical(sorted) => format!("{market}: {} residuals as they were", sorted.len()),
            Marginal::Tailed { sorted, falls, rises } => format!(
                "{market}: {} residuals, tails of shape {:.3} below and {:.3} above",
                sorted.len(),
                falls.shape,
                rises.shape
            ),
        });
    }
    lines
}

#[cfg(test)]
mod tests;
