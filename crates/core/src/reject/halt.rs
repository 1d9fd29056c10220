//! Why a step stops: refused, or something is broken.

use super::Reject;
use backstop_units::MathError;
use core::fmt;

/// A broken log or a broken invariant: not the sender's fault. The writer stops; reads go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// A handle in an event leads nowhere.
    #[error("an event names a handle that does not exist")]
    DanglingHandle,
    /// A posting would overdraw an account that can't go below zero.
    #[error("a posting would overdraw an account")]
    Overdrawn,
    /// A column of the ledger or a counter would exceed its width. While a command is decided this is
    /// a refusal ([`RejectCode::Overflow`](super::RejectCode::Overflow)); in a log it can't happen.
    #[error("a column or counter would exceed its width")]
    Overflow,
    /// A counter would go below zero.
    #[error("a counter would go below zero")]
    CounterRange,
    /// Debits and credits of an asset differ.
    #[error("the trial balance of an asset is not zero")]
    TrialBalance,
    /// A record's sequence number or time does not follow the state's.
    #[error("a record does not follow the one before it")]
    OutOfOrder,
    /// `decide` gives other events than the log holds.
    #[error("the rules give other events than the log holds")]
    RulesDiffer,
    /// Bytes that are no record or state of this format.
    #[error("bytes can't be decoded")]
    Undecodable,
    /// A numbered invariant is broken; see the essay on top of `core`.
    #[error("invariant {0} is broken")]
    Invariant(&'static str),
}

/// Why a step inside a transaction stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The command is refused; the transaction is rolled back.
    Reject(Reject),
    /// Something is broken; the transaction is rolled back and the writer stops.
    Corrupt(Corrupt),
}

impl From<Reject> for Halt {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}
impl From<Corrupt> for Halt {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}
impl From<MathError> for Halt {
    fn from(error: MathError) -> Self {
        Self::Reject(error.into())
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reject(reject) => reject.fmt(f),
            Self::Corrupt(corrupt) => corrupt.fmt(f),
        }
    }
}

impl core::error::Error for Halt {}
