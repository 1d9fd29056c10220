//! Why a run can't be made.

use super::progress::Cancelled;
use crate::{
    data::DataError,
    kernel::portfolios::PortfolioError,
    models::ModelError,
    need::NeedError,
    scenarios::{GenerateError, ScenarioError, library::LibraryError},
    sizing::ruin::RuinError,
};

/// Why a run can't be made.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file is not what it should be.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A model can't be fitted.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The need can't be computed.
    #[error(transparent)]
    Need(#[from] NeedError),
    /// Scenarios can't be drawn.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A crisis of the library can't be laid out.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// What came out is no scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Ruin can't be simulated.
    #[error(transparent)]
    Ruin(#[from] RuinError),
    /// The settings file can't be read.
    #[error("{file}:{line}:{column}: {fault}")]
    Setup {
        /// Its name.
        file: String,
        /// Line, from one.
        line: usize,
        /// Column, from one.
        column: usize,
        /// What is wrong.
        fault: String,
    },
    /// A setting is out of range, or does not fit the others. By a flag or a form it came without a place in a file.
    #[error("{said}")]
    Setting {
        /// Its name, as `costs.holding`.
        key: String,
        /// What it is, where it must lie and what to do; begins with the name.
        said: String,
    },
    /// Back tests were all that was asked for, and there is none.
    #[error("not one market could be back tested\n{why}")]
    NoBackTest {
        /// Market by market.
        why: String,
    },
    /// Something that was asked for needs a file that was not given.
    #[error("{what} needs {missing}: give {give}")]
    Lacks {
        /// What was asked for.
        what: &'static str,
        /// What is missing.
        missing: &'static str,
        /// How to give it.
        give: &'static str,
    },
    /// There is no such crisis.
    #[error("costs.survive names the crisis {name:?}, and there is none: there are {known}")]
    NoCrisis {
        /// What was named.
        name: String,
        /// What there is.
        known: String,
    },
    /// A ledger with several funds, and none is named.
    #[error(
        "the ledger has several funds in question, {known}, and no setting says which: name one as fund.name (or --fund-name)"
    )]
    WhichFund {
        /// What there is.
        known: String,
    },
    /// There is no such fund.
    #[error("fund.name names {name:?}, and there is no such fund in question: there are {known}")]
    NoFund {
        /// What was named.
        name: String,
        /// What there is.
        known: String,
    },
    /// A ledger's fund can't be read.
    #[error("{place}: {fault}")]
    Ledger {
        /// Which one.
        place: String,
        /// What the core says.
        fault: String,
    },
    /// Fee control that the core would refuse.
    #[error(
        "fee.control: {fault}\n\nhint: the settings stand in for the fund's own, so both together must be a policy"
    )]
    Control {
        /// What the core says.
        fault: String,
    },
    /// There is no such crash.
    #[error("reference_venue.crash names {name:?}, and there is none: there are {known}")]
    NoCrash {
        /// What was named.
        name: String,
        /// What there is.
        known: String,
    },
    /// Money past what the ledger counts.
    #[error(
        "a figure of {got} does not fit the ledger's money: use a quote asset with fewer decimals"
    )]
    Money {
        /// What it was.
        got: f64,
    },
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<PortfolioError> for DeskError {
    fn from(error: PortfolioError) -> Self {
        match error {
            PortfolioError::Kernel(error) => NeedError::from(error).into(),
            PortfolioError::Model(error) => error.into(),
        }
    }
}
