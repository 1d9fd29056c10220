//! What can go wrong with a journal.

use std::path::PathBuf;

use crate::merkle::RangeError;

/// Why a journal could not be made, opened, read or appended to.
///
/// Each message says what was found, what the limit was and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no file at the path.
    #[error("no journal at `{}`: check the path or create one", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is a file already where a journal was to be created.
    #[error("`{}` already exists: open it, or choose another path", path.display())]
    AlreadyExists {
        /// The file in the way.
        path: PathBuf,
    },
    /// The file is not a SQLite database, or so little is left of it that it no longer is one.
    #[error("`{}` is not a database: check the path or restore a copy", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is shorter than its own header says.
    #[error(
        "`{}` was cut short, {got} of {expected} bytes are left: restore a copy",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        got: u64,
        /// The length in bytes that it should have.
        expected: u64,
    },
    /// The file is a SQLite database of another program.
    #[error("the file belongs to application {got:#010x}, not to a journal: check the path")]
    WrongApplication {
        /// The `application_id` found.
        got: u32,
    },
    /// The file was written by a newer version of this crate.
    #[error("format {got} is newer than {limit}, the newest known: use a newer program")]
    NewerFormat {
        /// The format version found.
        got: u32,
        /// The newest version that this crate reads.
        limit: u32,
    },
    /// Another handle, here or in another process, is appending to the journal.
    #[error("`{}` has a writer already: stop it first, or open read-only", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Something in the file contradicts something else in it.
    #[error("damaged at record {seq}, {what}: run `verify` and restore a copy")]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// The first sequence number concerned.
        seq: u64,
    },
    /// A batch does not begin where the journal ends.
    #[error("record {got} does not follow, expected {expected}: read the journal's size again")]
    GapOrOverlap {
        /// The sequence number that must come next.
        expected: u64,
        /// The sequence number found or offered.
        got: u64,
    },
    /// A record, leaf or size that the journal does not have.
    #[error(transparent)]
    OutOfRange(#[from] RangeError),
    /// A record or batch is longer than the format allows.
    #[error("{got} bytes are too many, the limit is {limit}: split it")]
    TooLong {
        /// Length in bytes.
        got: u64,
        /// Longest allowed, in bytes.
        limit: u64,
    },
    /// A batch whose parts do not fit each other was offered; nothing was written.
    #[error("the batch at record {seq} contradicts itself: build it with `BatchBuilder`")]
    BadBatch {
        /// Its first sequence number.
        seq: u64,
    },
    /// A checkpoint that the journal does not support was offered; nothing was written.
    #[error("the checkpoint for size {size} does not match the journal: sign the journal's root")]
    BadCheckpoint {
        /// The size that it was offered for.
        size: u64,
    },
    /// The disk or the configured size limit is used up.
    #[error("the journal is full: raise its limit or free disk space, then open it again")]
    Full {
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A commit did not become durable; the handle takes no more batches.
    #[error("the commit at record {seq} failed: stop, check the disk, then open the journal again")]
    Sync {
        /// First sequence number of the batch.
        seq: u64,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// An earlier commit through this handle failed.
    #[error("an earlier commit failed: open the journal again before appending")]
    Poisoned,
    /// The handle was opened for reading only.
    #[error("the journal is open for reading only: open it for appending")]
    ReadOnly,
    /// SQLite refused another operation.
    #[error("could not {doing}: check the disk, then open the journal again")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The operating system refused an operation on a file.
    #[error("could not {doing} `{}`: check the disk and its permissions", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl JournalError {
    /// Sorts an error of SQLite by what the caller can do about it.
    pub(crate) fn sqlite(doing: &'static str, seq: u64, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { source },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { what: "the structure of the database", seq }
            }
            _ => Self::Sqlite { doing, source },
        }
    }

    /// Whether the file itself is at fault, in contrast to the call or the machine.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::NotADatabase { .. }
                | Self::Truncated { .. }
                | Self::Damaged { .. }
                | Self::GapOrOverlap { .. }
        )
    }
}
