//! What all generators share: where returns come from, blocks of work, and cells from paths.

use super::{Draft, Origin, ScenarioError, Scenarios};
use crate::{
    desk::{Progress, Stage},
    float::wide,
    kernel::KernelError,
    models::{
        ModelError,
        error::{alike, between, checked},
    },
    random::Random,
};
use backstop_units::Span;
use core::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};
use rayon::prelude::*;

/// Scenarios of one block of work: what is drawn depends on it, so it never changes.
const BLOCK: usize = 256;

/// Returns that scenarios are made of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Names of the markets.
    pub markets: &'a [String],
    /// A day for each return, the oldest first: `YYYY-MM-DD`.
    pub days: &'a [String],
    /// Logarithmic returns of each market, one for each day.
    pub returns: &'a [&'a [f64]],
    /// Time of a return.
    pub step: Span,
}

/// Why scenarios can't be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// A model can't be fitted, or a setting is out of range.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model of one market can't be fitted.
    #[error("market {market}: {error}")]
    Market {
        /// Which market.
        market: String,
        /// Why.
        error: ModelError,
    },
    /// Variates of a copula can't be drawn.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// What came out is no scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] crate::desk::Cancelled),
}

/// How many scenarios are drawn, how long and from which seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    /// Scenarios.
    pub number: usize,
    /// Steps of each.
    pub steps: usize,
    /// Seed.
    pub seed: u64,
    /// The largest move of a step, up or down, as a logarithm; what a model makes of it beyond is cut and counted in
    /// the origin. Three is a fall by 95 %.
    pub most: f64,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { number: 10_000, steps: 1, seed: 1, most: 3.0 }
    }
}

impl Drawing {
    /// How many of the scenarios are evidence where history has so many days: a scenario of several steps needs as many, and
    /// no day counts twice.
    pub(super) fn observations(&self, days: usize) -> usize {
        (days / self.steps.max(1)).max(1).min(self.number)
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        for (what, got) in [("scenarios", self.number), ("steps of a scenario", self.steps)] {
            if got == 0 {
                return Err(ModelError::TooFew { what, got, least: 1, hint: "ask for some" });
            }
        }
        between(("the largest move of a step", "above 0, below 700"), self.most, (0.0, 700.0))
    }
}

impl Source<'_> {
    /// Checks shape and numbers.
    ///
    /// # Errors
    /// [`ModelError`].
    pub(super) fn check(&self) -> Result<usize, ModelError> {
        let days = alike(self.returns, "the returns of a market")?;
        if self.returns.len() != self.markets.len() {
            let (got, want) = (self.returns.len(), self.markets.len());
            return Err(ModelError::Unequal {
                what: "series of returns for the markets",
                got,
                want,
            });
        }
        if self.days.len() != days {
            let (got, want) = (self.days.len(), days);
            return Err(ModelError::Unequal { what: "names of days for the returns", got, want });
        }
        for series in self.returns {
            checked(series, ("returns of a market", 1, "give a price history"))?;
        }
        Ok(days)
    }

    /// First and last day.
    pub(super) fn window(&self) -> Option<(String, String)> {
        Some((self.days.first()?.clone(), self.days.last()?.clone()))
    }
}

/// Days that a label names at most.
const NAMED: usize = 3;

/// A scenario's number, from 1, and the days of history that were drawn for it, if any were.
fn label(number: usize, drawn: &[usize], days: &[String]) -> String {
    if drawn.is_empty() {
        return number.to_string();
    }
    let named: Vec<&str> =
        drawn.iter().take(NAMED).filter_map(|day| Some(days.get(*day)?.as_str())).collect();
    let more = if drawn.len() > NAMED { ", …" } else { "" };
    format!("{number}: {}{more}", named.join(", "))
}

/// Sets a path of changes since before the scenario from logarithmic returns of each step.
pub(super) fn accumulate(returns: impl Iterator<Item = f64>, path: &mut [f64]) {
    let mut sum = 0.0;
    for (cell, value) in path.iter_mut().zip(returns) {
        sum += value;
        *cell = libm::expm1(sum);
    }
}

/// A scenario that is being drawn: the logarithmic return of each market at each step.
pub(super) struct Page {
    markets: usize,
    most: f64,
    cut: u64,
    cells: Vec<f64>,
    days: Vec<usize>,
}

impl Page {
    /// Says that the next step is this day of the source's; a label names it.
    pub(super) fn name(&mut self, day: usize) {
        self.days.push(day);
    }

    /// Writes a step's returns, one for each market.
    pub(super) fn push(&mut self, row: &[f64]) {
        for value in row.iter().take(self.markets) {
            let held = value.clamp(-self.most, self.most);
            // What is no number stays one and is refused with its place when the scenarios are checked.
            self.cut += u64::from((held - value).abs() > 0.0);
            self.cells.push(held);
        }
    }
}

/// Draws scenarios block by block and puts them together in order, whatever the threads. `begin` makes what a block of
/// scenarios has in common; `draw` gets it and the scenario's number. Both count scenarios from zero.
pub(super) fn drawn<T>(
    source: &Source<'_>,
    drawing: &Drawing,
    (mut origin, purpose): (Origin, u64),
    progress: &dyn Progress,
    (begin, draw): (
        impl Fn(Range<usize>) -> T + Sync,
        impl Fn((&T, usize), &mut Random, &mut Page) + Sync,
    ),
) -> Result<Scenarios, GenerateError> {
    let Drawing { number, steps, seed, most } = *drawing;
    let (markets, blocks) = (source.markets.len(), number.div_ceil(BLOCK));
    let (stage, cut) = (Stage::begin(progress, "scenarios", blocks)?, AtomicU64::new(0));
    let one = |block: usize| {
        let mut random = Random::of_block(seed, purpose, wide(block));
        let here = BLOCK.min(number - block * BLOCK);
        let common = begin(block * BLOCK..block * BLOCK + here);
        let mut rows = vec![0.0; markets * here * steps];
        let cells = Vec::with_capacity(markets * steps);
        let mut page = Page { markets, most, cut: 0, cells, days: Vec::new() };
        let mut labels = Vec::with_capacity(here);
        for scenario in 0..here {
            progress.ask()?;
            page.cells.clear();
            page.days.clear();
            let number = block * BLOCK + scenario;
            draw((&common, number), &mut random, &mut page);
            labels.push(label(number + 1, &page.days, source.days));
            for market in 0..markets {
                let from = (market * here + scenario) * steps;
                let returns = page.cells.iter().skip(market).step_by(markets).copied();
                accumulate(returns, &mut rows[from..from + steps]);
            }
        }
        cut.fetch_add(page.cut, Ordering::Relaxed);
        Ok::<_, GenerateError>((rows, labels))
    };
    let parts = (0..blocks).into_par_iter().map(|block| stage.part(|| one(block)));
    let parts: Vec<(Vec<f64>, Vec<String>)> = parts.collect::<Result<_, _>>()?;
    let mut cells = Vec::with_capacity(markets * number * steps);
    for market in 0..markets {
        for (part, _) in &parts {
            let width = part.len() / markets;
            cells.extend_from_slice(&part[market * width..(market + 1) * width]);
        }
    }
    let cut = cut.into_inner();
    if cut > 0 {
        origin.settings.push(format!("moves of a step cut at {most} in logarithms: {cut}"));
    }
    Ok(Scenarios::new(Draft {
        markets: source.markets.to_vec(),
        labels: parts.into_iter().flat_map(|(_, labels)| labels).collect(),
        steps,
        step: source.step,
        origin,
        cells,
    })?)
}
