//! Why the need can't be computed.

use crate::{
    data::DataError, desk::Cancelled, error::RiskError, kernel::KernelError, ledger::LedgerError,
    models::error::ModelError, scenarios::ScenarioError,
};
use backstop_core::Reject;
use backstop_units::MathError;

/// Why the need can't be computed.
#[derive(Debug, thiserror::Error)]
pub enum NeedError {
    /// A formula of the core refused its input.
    #[error(transparent)]
    Rule(Box<Reject>),
    /// A quantity left 128 bits.
    #[error(transparent)]
    Math(#[from] MathError),
    /// An account's margin can't be computed.
    #[error("account {account}: {error}; its positions or its collateral are too large together")]
    Account {
        /// Its name.
        account: String,
        /// What the core says.
        error: Box<NeedError>,
    },
    /// A file is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Scenarios are wrong.
    #[error(transparent)]
    Scenario(Box<ScenarioError>),
    /// A statistic can't be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The ledger refused a settlement, or the books went wrong.
    #[error(transparent)]
    Ledger(Box<RiskError>),
    /// The kernels refused prices or accounts.
    #[error(transparent)]
    Kernel(Box<KernelError>),
    /// Whoever watched said stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A market's settings lack what the model needs.
    #[error("market {market} has no {missing}: {hint}")]
    Lacks {
        /// Which market.
        market: String,
        /// What it lacks.
        missing: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// Scenarios do not say what a market with positions does.
    #[error(
        "the scenarios have no market {market}, in which accounts have {what}: generate scenarios for it"
    )]
    NoPath {
        /// Which market.
        market: String,
        /// Positions or collateral.
        what: &'static str,
    },
    /// A setting outside its range.
    #[error("{name} is {got}, it must lie {range}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it is.
        got: f64,
        /// Where it may lie.
        range: &'static str,
    },
    /// Conditions for another number of scenarios.
    #[error("{got} conditions for {wanted} scenarios: give one for each, or none")]
    Conditions {
        /// How many there are.
        got: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// Nobody has a position.
    #[error("no account has a position: there is nothing that a fund could need to cover")]
    NoPosition,
}

impl From<Reject> for NeedError {
    fn from(reject: Reject) -> Self {
        Self::Rule(Box::new(reject))
    }
}

impl From<ScenarioError> for NeedError {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(Box::new(error))
    }
}

impl From<LedgerError> for NeedError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(Box::new(error.into()))
    }
}

impl From<KernelError> for NeedError {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Stopped { .. } => Self::Cancelled(Cancelled),
            other => Self::Kernel(Box::new(other)),
        }
    }
}

impl From<RiskError> for NeedError {
    fn from(error: RiskError) -> Self {
        Self::Ledger(Box::new(error))
    }
}
