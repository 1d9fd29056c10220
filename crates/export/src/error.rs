//! Why an export stops.

use backstop_core::Reject;
use backstop_units::{LossId, Seq};

/// Why an export stops. What was written before is not a complete file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file could not be written.
    #[error("can't write the export: {0}")]
    Io(#[from] std::io::Error),
    /// A CSV line could not be written.
    #[error("can't write the export: {0}")]
    Csv(#[from] ::csv::Error),
    /// Records must come one after the other from the genesis on, or balances would not add up.
    #[error("record {got} given, record {expected} is next: export from the genesis on, in order")]
    OutOfOrder {
        /// The record that came.
        got: Seq,
        /// The record that was due.
        expected: Seq,
    },
    /// The closing state is not the one right after the last record.
    #[error("the state is before record {state}, the export before record {written}")]
    OtherState {
        /// What the state expects next.
        state: Seq,
        /// What the export expects next.
        written: Seq,
    },
    /// The state refers to something it does not have.
    #[error("the state leads nowhere: {0}")]
    Corrupt(#[from] backstop_core::Corrupt),
    /// The core refuses what was asked for.
    #[error("{0}")]
    Refused(Reject),
    /// Movements do not lead from what an account held to what it holds.
    #[error(
        "the movements of {account} do not lead from its opening to its closing balance: run `verify`"
    )]
    Untied {
        /// Which account.
        account: String,
    },
    /// There is no such loss.
    #[error("there is no {0}")]
    UnknownLoss(LossId),
}
