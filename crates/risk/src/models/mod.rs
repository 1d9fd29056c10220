//! Models of returns and of their tail, each fitted by likelihood, and the tests that a forecast must pass.
//!
//! Losses are positive, returns are natural logarithms unless a name says otherwise. Every fit is deterministic:
//! same data, same bits.

pub mod backtest;
pub mod copula;
pub mod error;
pub mod ewma;
pub mod filtered;
pub mod garch;
pub mod gpd;
pub mod jumps;
pub mod largest;
pub mod logistic;
pub mod profile;
pub mod scores;
pub mod tail;
pub mod thresholds;
pub mod verdict;

pub use error::ModelError;
