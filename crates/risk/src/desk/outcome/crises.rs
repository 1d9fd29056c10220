//! Crises and what would empty the fund.

use serde::{Deserialize, Serialize};

/// One crisis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StressLine {
    /// Its name.
    pub name: String,
    /// `history`, `hypothetical` or `yours`.
    pub kind: String,
    /// What happens, in words.
    pub about: String,
    /// The path maximum of the need.
    pub need: f64,
    /// The need at its end.
    pub end: f64,
    /// Cover-2 in it.
    pub cover_two: f64,
    /// Accounts closed, and of them bankrupt.
    pub accounts: (usize, usize),
    /// Notional closed.
    pub notional: f64,
    /// Rounds of its cascade.
    pub rounds: usize,
    /// Who pays by the production waterfall: layer and amount, in order.
    pub pays: Vec<(String, f64)>,
    /// Part of it that traders and lenders bear, and nobody: what a larger fund would have paid.
    pub left: f64,
    /// What nobody pays: with the layers it adds up to all losses.
    #[serde(default)]
    pub unpaid: f64,
}

/// How far a direction must go until the fund is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReverseLine {
    /// The direction.
    pub direction: String,
    /// The smallest multiple of it; none: not within reach.
    pub multiple: Option<f64>,
    /// The need there.
    pub need: f64,
    /// The market changes there.
    pub changes: Vec<(String, f64)>,
}
