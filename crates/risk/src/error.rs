//! Why a run of the venue ended early.

use crate::{
    desk::Cancelled, ledger::LedgerError, prices::PriceError, vault::Unbalanced,
    venue::Conservation,
};
use backstop_core::{Halt, Reject, policy::Role};
use backstop_units::{Label, LabelError, MathError};

/// Why a run of the venue ended early. Nothing here is a normal outcome of a crash.
#[derive(Debug, thiserror::Error)]
pub enum RiskError {
    /// The ledger refused or failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A formula of the core refused its input.
    #[error(transparent)]
    Rule(#[from] Reject),
    /// A quantity left 128 bits.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A price file can't be read.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// A vault's money does not add up.
    #[error("the vault's money doesn't add up: {0:?}")]
    Unbalanced(Unbalanced),
    /// An account's name is no label.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The genesis lacks something the venue needs.
    #[error("the genesis creates no {0}: the venue needs an asset, a fund and a market")]
    Missing(&'static str),
    /// No account of the genesis has a role.
    #[error("the genesis gives nobody the role {}", .0.word())]
    NoRole(Role),
    /// A market of the venue is unknown to the ledger, or its fund holds another asset.
    #[error("market {0} is not on this ledger, or not in the venue's asset")]
    Market(Label),
    /// Prices are counted in other atoms than the asset's.
    #[error("prices have {got} decimals of the quote asset, the asset has {want}")]
    Decimals {
        /// Of the prices.
        got: u8,
        /// Of the asset.
        want: u8,
    },
    /// There is no bar or no step to run.
    #[error("nothing to run: at least one bar and one step for each leg are needed")]
    NothingToRun,
    /// The ledger's answer lacks an event that its command always has.
    #[error("the ledger's answer lacks the event {0}")]
    Answer(&'static str),
    /// The ledger keeps positions and lets losses be spread over all of them: who bears how much is not
    /// known before he is touched.
    #[error("losses on market {0}, whose positions are kept here, are spread over all of them")]
    Spread(Label),
    /// An account or market in the ledger is not what the venue takes it for.
    #[error("{0} in the ledger differs from the venue's copy")]
    Copy(Label),
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Money appeared or vanished.
    #[error("the books don't add up: {0:?}")]
    NotConserved(Box<Conservation>),
}

impl RiskError {
    /// Whether a ledger or its genesis is merely not for this venue, rather than broken.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Ledger(LedgerError::Halt { halt, .. }) => matches!(**halt, Halt::Reject(_)),
            Self::Missing(_)
            | Self::NoRole(_)
            | Self::Market(_)
            | Self::Decimals { .. }
            | Self::Label(_)
            | Self::Spread(_) => true,
            _ => false,
        }
    }

    /// Why a preset does not fit the venue: of a refusal what was refused, not by which command.
    pub fn reason(&self) -> String {
        match self {
            Self::Ledger(LedgerError::Halt { halt, .. }) => halt.to_string(),
            other => other.to_string(),
        }
    }
}
