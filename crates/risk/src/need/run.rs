//! All scenarios, on all threads, and one scenario at length.

use super::{
    cascade::{Conditions, Path, Rules, Worker},
    error::NeedError,
    portfolio::Portfolio,
    tally::Outcome,
};
use crate::{
    desk::{Progress, Stage},
    float::ms_to_float,
    scenarios::Scenarios,
};
use rayon::prelude::*;

/// Lowest price ÷ price now that a path is worked with: a price of nothing has no ratio to anything.
const LEAST: f64 = 1e-9;

/// What one account cost the fund in a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deficit {
    /// The account, by its place in [`Portfolio::accounts`].
    pub account: usize,
    /// The market that lost most of it.
    pub market: usize,
    /// The step in which it was closed.
    pub step: usize,
    /// Quote units; below zero: the fund gained.
    pub amount: f64,
}

/// One scenario at length.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What it came to.
    pub outcome: Outcome,
    /// What the fund has lost in all after each step.
    pub totals: Vec<f64>,
    /// The need by owner group, in rising order of groups.
    pub by_group: Vec<(u32, f64)>,
    /// What accounts cost, in the order in which they were closed.
    pub deficits: Vec<Deficit>,
}

/// Scenarios and what else is out of order in them.
#[derive(Clone, Copy, Debug)]
pub struct Stressed<'a> {
    /// What prices do.
    pub scenarios: &'a Scenarios,
    /// One for each scenario; none: nothing is out of order in any.
    pub conditions: &'a [Conditions],
}

impl Stressed<'_> {
    pub(super) fn conditions(&self, scenario: usize) -> Conditions {
        self.conditions.get(scenario).copied().unwrap_or(Conditions::NORMAL)
    }
}

/// Where each market of a portfolio stands among the scenarios' rows.
pub(super) struct Rows(Vec<Option<usize>>);

impl Rows {
    pub(super) fn find(portfolio: &Portfolio, stressed: &Stressed<'_>) -> Result<Self, NeedError> {
        let (got, wanted) = (stressed.conditions.len(), stressed.scenarios.number());
        if got != 0 && got != wanted {
            return Err(NeedError::Conditions { got, wanted });
        }
        let place = |(name, used): (&String, Option<&'static str>)| {
            let place = stressed.scenarios.place(name);
            match (place, used) {
                (None, Some(what)) => Err(NeedError::NoPath { market: name.clone(), what }),
                _ => Ok(place),
            }
        };
        let all = portfolio.markets.iter().zip(portfolio.used.iter().copied()).map(place);
        Ok(Self(all.collect::<Result<_, _>>()?))
    }

    /// Lays out one scenario's prices, step by step.
    pub(super) fn fill(&self, scenarios: &Scenarios, scenario: usize, ratios: &mut Vec<f64>) {
        let markets = self.0.len();
        ratios.clear();
        ratios.resize(markets * scenarios.steps(), 1.0);
        for (market, place) in self.0.iter().enumerate() {
            let Some(place) = place else { continue };
            for (step, change) in scenarios.path(*place, scenario).iter().enumerate() {
                ratios[step * markets + market] = (1.0 + change).max(LEAST);
            }
        }
    }
}

/// What every scenario comes to, in their order: the same bytes on any number of threads of the current pool.
///
/// # Errors
/// [`NeedError::NoPath`], [`NeedError::Conditions`], [`NeedError::Cancelled`].
pub fn outcomes(
    portfolio: &Portfolio,
    stressed: &Stressed<'_>,
    rules: &Rules,
    progress: &dyn Progress,
) -> Result<Vec<Outcome>, NeedError> {
    rules.check()?;
    let rows = Rows::find(portfolio, stressed)?;
    let scenarios = stressed.scenarios;
    let step_seconds = ms_to_float(scenarios.step().ms()) / 1_000.0;
    let stage = Stage::begin(progress, "need", scenarios.number())?;
    let begin = || {
        let Portfolio { exposure, margins, weights, .. } = portfolio;
        (Worker::new(exposure, rules, margins, weights), Vec::new())
    };
    let one = |(worker, ratios): &mut (Worker<'_>, Vec<f64>), scenario: usize| {
        stage.part(|| {
            rows.fill(scenarios, scenario, ratios);
            let conditions = stressed.conditions(scenario);
            Ok(worker.run(&Path { ratios, step_seconds, conditions }))
        })
    };
    (0..scenarios.number()).into_par_iter().with_min_len(4).map_init(begin, one).collect()
}

/// One scenario at length.
///
/// # Errors
/// As [`outcomes`].
pub fn trace(
    portfolio: &Portfolio,
    stressed: &Stressed<'_>,
    rules: &Rules,
    scenario: usize,
) -> Result<Trace, NeedError> {
    rules.check()?;
    let rows = Rows::find(portfolio, stressed)?;
    let Portfolio { exposure, margins, weights, .. } = portfolio;
    let mut worker = Worker::new(exposure, rules, margins, weights);
    let mut ratios = Vec::new();
    rows.fill(stressed.scenarios, scenario, &mut ratios);
    let step_seconds = ms_to_float(stressed.scenarios.step().ms()) / 1_000.0;
    let conditions = stressed.conditions(scenario);
    let outcome = worker.run(&Path { ratios: &ratios, step_seconds, conditions });
    let tally = &worker.tally;
    let deficit = |cost: &super::tally::Cost| Deficit {
        account: exposure.origin[cost.account as usize] as usize,
        market: cost.market as usize,
        step: cost.step as usize,
        amount: cost.amount,
    };
    Ok(Trace {
        totals: tally.totals.clone(),
        by_group: tally.by_group(exposure, outcome.peak),
        deficits: tally.costs.iter().map(deficit).collect(),
        outcome,
    })
}
