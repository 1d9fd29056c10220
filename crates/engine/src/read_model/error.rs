//! What can go wrong with a read model. None of it stops the writer.

use std::path::PathBuf;

use backstop_journal::JournalError;
use backstop_units::Seq;

use crate::error::EngineError;

/// Why a read model could not be opened, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadModelError {
    /// The file belongs to another ledger.
    #[error(
        "the read model `{}` belongs to another ledger: choose another path, or delete it",
        path.display()
    )]
    OtherLedger {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer program.
    #[error("read model format {got} is newer than {limit}, the newest known: use a newer program, or delete `{}`", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format found.
        got: i64,
        /// The newest that this program writes.
        limit: i64,
    },
    /// The file is something else.
    #[error("`{}` is no read model: choose another path", path.display())]
    NotAReadModel {
        /// The file.
        path: PathBuf,
    },
    /// A record does not fit what came before it.
    #[error("record {seq} does not fit the read model, {what}: delete the file, it is built anew")]
    Misfit {
        /// Which record.
        seq: Seq,
        /// What does not fit.
        what: Misfit,
    },
    /// SQLite refused an operation.
    #[error("the read model could not be read or written, {0}: check the disk")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be removed to be built anew.
    #[error("could not remove `{}`: check its permissions", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The journal could not be read to catch up from.
    #[error("could not catch up from the journal: {0}")]
    Journal(#[from] JournalError),
    /// A record of the journal can't be read.
    #[error("could not catch up from the journal: {0}")]
    Record(Box<EngineError>),
    /// Not yet there.
    #[error("the read model is at record {applied}, not yet at {wanted}: try again")]
    Lagging {
        /// Records that are in it.
        applied: u64,
        /// Records that were asked for.
        wanted: u64,
    },
    /// It has stopped.
    #[error("the read model has stopped, {why}: restart the service")]
    Stopped {
        /// Why, in words.
        why: String,
    },
}

/// What of a record does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// A handle or label that nothing has created.
    #[error("it names something unknown")]
    Handle,
    /// A balance would leave its range.
    #[error("it moves more than is there")]
    Balance,
    /// Shares would leave their range.
    #[error("it burns more shares than there are")]
    Shares,
    /// Records are not in order.
    #[error("it does not follow the last one")]
    Order,
}

/// Why a record could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

impl Fault {
    pub(super) fn at(self, seq: Seq) -> ReadModelError {
        match self {
            Self::Sqlite(error) => error.into(),
            Self::Misfit(what) => ReadModelError::Misfit { seq, what },
        }
    }
}
