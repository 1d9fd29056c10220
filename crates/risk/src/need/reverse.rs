//! Reverse stress: how far prices must go in a direction until the fund is empty.

use super::{
    cascade::{Path, Rules, Worker},
    error::NeedError,
    portfolio::Portfolio,
    run::{Rows, Stressed},
};
use crate::{desk::Progress, float::count, float::ms_to_float, scenarios::Scenarios};

/// Where on the way the need is looked at before the place is narrowed down.
const GRID: usize = 32;
/// Halvings of the stretch that was found: it ends within a part of 2⁻³⁰.
const HALVINGS: usize = 30;
/// The deepest fall that is asked for.
const DEEPEST: f64 = 0.999;
/// The highest rise that is asked for, of a direction without falls.
const HIGHEST: f64 = 10.0;

/// How far a direction must go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reverse {
    /// The smallest multiple of the direction that was found to empty the fund; none: not even the largest does.
    pub multiple: Option<f64>,
    /// What the fund needs there, or at the largest multiple; in quote units.
    pub need: f64,
    /// The largest multiple that was looked at.
    pub most: f64,
    /// The change of the direction's worst market at that multiple: −0.3 is thirty percent lower.
    pub change: f64,
}

/// The smallest multiple of a scenario's changes that takes the need to `fund`, looked for on a grid and then by
/// bisection. Below the grid's first such point the need is less than the fund at every point of the grid; between
/// points it rises with the shock but for accounts that hedge each other.
///
/// # Errors
/// As [`outcomes`](super::outcomes).
pub fn reverse(
    portfolio: &Portfolio,
    stressed: &Stressed<'_>,
    scenario: usize,
    (rules, fund): (&Rules, f64),
    progress: &dyn Progress,
) -> Result<Reverse, NeedError> {
    rules.check()?;
    let mut search = Search::new(portfolio, stressed, (scenario, rules))?;
    let most = search.most();
    let at = |step: usize| most * count(step) / count(GRID);
    let mut first = None;
    for step in 1..=GRID {
        progress.ask()?;
        if search.need(at(step)) >= fund {
            first = Some(step);
            break;
        }
    }
    let Some(step) = first else {
        return Ok(search.found(None, most));
    };
    let (mut low, mut high) = (at(step - 1), at(step));
    for _ in 0..HALVINGS {
        progress.ask()?;
        let middle = f64::midpoint(low, high);
        if search.need(middle) >= fund { high = middle } else { low = middle }
    }
    Ok(search.found(Some(high), most))
}

/// A direction and the machinery to ask how much it needs.
struct Search<'a> {
    worker: Worker<'a>,
    scenarios: &'a Scenarios,
    conditions: super::cascade::Conditions,
    /// Changes of each step and market, as the worker wants them.
    changes: Vec<f64>,
    ratios: Vec<f64>,
}

impl<'a> Search<'a> {
    fn new(
        portfolio: &'a Portfolio,
        stressed: &Stressed<'a>,
        (scenario, rules): (usize, &'a Rules),
    ) -> Result<Self, NeedError> {
        let mut changes = Vec::new();
        Rows::find(portfolio, stressed)?.fill(stressed.scenarios, scenario, &mut changes);
        for change in &mut changes {
            *change -= 1.0;
        }
        let Portfolio { exposure, margins, weights, .. } = portfolio;
        Ok(Self {
            worker: Worker::new(exposure, rules, margins, weights),
            scenarios: stressed.scenarios,
            conditions: stressed.conditions(scenario),
            ratios: Vec::with_capacity(changes.len()),
            changes,
        })
    }

    fn extremes(&self) -> (f64, f64) {
        let least = self.changes.iter().fold(0.0, |least: f64, change| least.min(*change));
        let most = self.changes.iter().fold(0.0, |most: f64, change| most.max(*change));
        (least, most)
    }

    /// The multiple at which the deepest fall ends, or the highest rise where nothing falls.
    fn most(&self) -> f64 {
        match self.extremes() {
            (least, _) if least < 0.0 => DEEPEST / -least,
            (_, most) if most > 0.0 => HIGHEST / most,
            _ => 0.0,
        }
    }

    fn need(&mut self, multiple: f64) -> f64 {
        self.ratios.clear();
        let ratio = |change: &f64| (1.0 + multiple * change).max(1.0 - DEEPEST);
        self.ratios.extend(self.changes.iter().map(ratio));
        let step_seconds = ms_to_float(self.scenarios.step().ms()) / 1_000.0;
        let path = Path { ratios: &self.ratios, step_seconds, conditions: self.conditions };
        self.worker.run(&path).need
    }

    fn found(&mut self, multiple: Option<f64>, most: f64) -> Reverse {
        let at = multiple.unwrap_or(most);
        let (least, rise) = self.extremes();
        let change = at * if -least >= rise { least } else { rise };
        Reverse { multiple, need: self.need(at), most, change }
    }
}
