//! What prices may do: scenarios as short paths of every market at once.
//!
//! ```text
//!                        scenario 0          scenario 1
//!                     step 0  step 1      step 0  step 1
//!   market 0  BTC  │  -0.04   -0.09    │   0.01    0.02   │
//!   market 1  SOL  │  -0.10   -0.21    │   0.02    0.05   │
//! ```
//!
//! A cell is the price at the end of a step ÷ the price before the scenario − 1, so it never lies below −1. Rows lie
//! one after the other (market by market), since kernels go through one market's scenarios at a time. A market that
//! is absent from a scenario's origin stands still in it and is named in the origin's holes, never guessed.

mod filtered;
mod generate;
mod historical;
pub mod library;
mod marginal;
mod simulated;

pub use filtered::{filtered, filtered_runs};
pub use generate::{Drawing, GenerateError, Source};
pub use historical::{BAR_STEPS, BarPath, bars, historical};
pub use marginal::Marginal;
pub use simulated::{Crash, MarginalKind, Simulated, simulated};

use crate::float::count;
use backstop_units::Span;
use serde::{Deserialize, Serialize};

/// How scenarios came about, for the report: enough to make them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The generator: `historical`, `filtered`, `simulated`, `library`, `file`.
    pub generator: String,
    /// Its settings in words, one line each.
    pub settings: Vec<String>,
    /// First and last day of the data behind it, as `YYYY-MM-DD`; none for made-up shocks.
    pub window: Option<(String, String)>,
    /// Seed of its random numbers; none where it draws none.
    pub seed: Option<u64>,
    /// Observations of history that do not share a day, at most as many as there are scenarios: what an interval may count
    /// as evidence, however often each is drawn. None for made-up shocks.
    pub observations: Option<usize>,
}

impl Origin {
    /// Of what nobody drew from a history.
    pub fn made_up(generator: &str, settings: Vec<String>) -> Self {
        let generator = generator.to_owned();
        Self { generator, settings, window: None, seed: None, observations: None }
    }
}

/// Scenarios of several markets. **Invariant** each cell is finite and at least −1; all rows have the same length.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenarios {
    markets: Vec<String>,
    labels: Vec<String>,
    steps: usize,
    step: Span,
    origin: Origin,
    cells: Vec<f64>,
}

/// Why numbers are no scenarios.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// No market, no scenario or no step.
    #[error(
        "scenarios need a market, a scenario and a step: got {markets}, {scenarios} and {steps}"
    )]
    Empty {
        /// Markets given.
        markets: usize,
        /// Scenarios given.
        scenarios: usize,
        /// Steps given.
        steps: usize,
    },
    /// The number of cells is not markets × scenarios × steps.
    #[error("{got} cells given, {wanted} needed: one for each market, scenario and step")]
    Cells {
        /// Cells given.
        got: usize,
        /// Cells needed.
        wanted: usize,
    },
    /// A cell that no price can reach.
    #[error(
        "market {market}, scenario {scenario}, step {step}: a change of {got} is no change of a price; it is a number \
         of at least -1, where -0.25 means a quarter less"
    )]
    Cell {
        /// Which market.
        market: String,
        /// Which scenario.
        scenario: String,
        /// Which step, from zero.
        step: usize,
        /// What it held.
        got: f64,
    },
}

/// Scenarios before they are checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Names of the markets, in the order of the rows.
    pub markets: Vec<String>,
    /// A name for each scenario.
    pub labels: Vec<String>,
    /// Steps of each scenario.
    pub steps: usize,
    /// Time that a step takes.
    pub step: Span,
    /// How they came about.
    pub origin: Origin,
    /// Market by market; in each, scenario by scenario; in each, step by step: change since before the scenario.
    pub cells: Vec<f64>,
}

impl Scenarios {
    /// Checks a draft.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn new(draft: Draft) -> Result<Self, ScenarioError> {
        let Draft { markets, labels, steps, step, origin, cells } = draft;
        if markets.is_empty() || labels.is_empty() || steps == 0 {
            let (markets, scenarios) = (markets.len(), labels.len());
            return Err(ScenarioError::Empty { markets, scenarios, steps });
        }
        let wanted = markets.len().saturating_mul(labels.len()).saturating_mul(steps);
        if cells.len() != wanted {
            return Err(ScenarioError::Cells { got: cells.len(), wanted });
        }
        let wrong = cells.iter().position(|cell| !(cell.is_finite() && *cell >= -1.0));
        if let Some(place) = wrong {
            let (row, column) = (place / (labels.len() * steps), place % (labels.len() * steps));
            return Err(ScenarioError::Cell {
                market: markets.get(row).cloned().unwrap_or_default(),
                scenario: labels.get(column / steps).cloned().unwrap_or_default(),
                step: column % steps,
                got: cells.get(place).copied().unwrap_or(f64::NAN),
            });
        }
        Ok(Self { markets, labels, steps, step, origin, cells })
    }

    /// Names of the markets, in the order of the rows.
    pub fn markets(&self) -> &[String] {
        &self.markets
    }

    /// A name for each scenario: a day, a shock, or a number.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many scenarios there are.
    pub const fn number(&self) -> usize {
        self.labels.len()
    }

    /// Steps of each scenario.
    pub const fn steps(&self) -> usize {
        self.steps
    }

    /// Time that a step takes.
    pub const fn step(&self) -> Span {
        self.step
    }

    /// Time from before a scenario to its end.
    pub fn horizon(&self) -> Span {
        Span::from_ms(self.step.ms().saturating_mul(u64::try_from(self.steps).unwrap_or(u64::MAX)))
    }

    /// How they came about.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The place of a market among the rows.
    pub fn place(&self, market: &str) -> Option<usize> {
        self.markets.iter().position(|name| name == market)
    }

    /// One market: scenario by scenario, step by step.
    pub fn row(&self, market: usize) -> &[f64] {
        let width = self.number() * self.steps;
        self.cells.get(market * width..(market + 1) * width).unwrap_or_default()
    }

    /// The path of one market in one scenario, a change for each step.
    pub fn path(&self, market: usize, scenario: usize) -> &[f64] {
        let from = scenario * self.steps;
        self.row(market).get(from..from + self.steps).unwrap_or_default()
    }

    /// The mean over scenarios of the change at the end, of one market.
    pub fn mean(&self, market: usize) -> f64 {
        let ends = self.row(market).chunks_exact(self.steps).filter_map(<[f64]>::last);
        ends.sum::<f64>() / count(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(cells: &[f64]) -> Draft {
        Draft {
            markets: vec!["BTC".into(), "SOL".into()],
            labels: vec!["a".into(), "b".into()],
            steps: 2,
            step: Span::hours(1),
            origin: Origin::made_up("file", Vec::new()),
            cells: cells.to_vec(),
        }
    }

    #[test]
    fn rows_and_paths() {
        let cells = [-0.04, -0.09, 0.01, 0.02, -0.10, -0.21, 0.02, 0.05];
        let scenarios = Scenarios::new(draft(&cells)).unwrap();
        assert_eq!(scenarios.row(1), [-0.10, -0.21, 0.02, 0.05]);
        assert_eq!(scenarios.path(0, 1), [0.01, 0.02]);
        assert_eq!((scenarios.place("SOL"), scenarios.place("ETH")), (Some(1), None));
        assert_eq!((scenarios.number(), scenarios.horizon()), (2, Span::hours(2)));
        assert!((scenarios.mean(1) + 0.08).abs() < 1e-15);
    }

    #[test]
    fn what_no_price_can_do_is_refused_by_place() {
        let mut cells = [0.0; 8];
        cells[5] = -1.5;
        let error = Scenarios::new(draft(&cells)).unwrap_err().to_string();
        assert!(error.starts_with("market SOL, scenario a, step 1: a change of -1.5"), "{error}");
        cells[5] = f64::NAN;
        assert!(matches!(Scenarios::new(draft(&cells)), Err(ScenarioError::Cell { .. })));
        let wanted = ScenarioError::Cells { got: 7, wanted: 8 };
        assert_eq!(Scenarios::new(draft(&[0.0; 7])), Err(wanted));
        let none = Draft { labels: Vec::new(), ..draft(&[]) };
        assert!(matches!(Scenarios::new(none), Err(ScenarioError::Empty { .. })));
    }
}
