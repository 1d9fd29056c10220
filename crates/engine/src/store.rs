//! What the committer needs of a journal. Tests put a failing one in its place.

use std::fmt;

use backstop_journal::{Batch, JournalError, SqliteJournal, StoredBatch};

/// A durable log of batches.
pub trait Store: Send + fmt::Debug {
    /// Appends a batch; when this returns, the batch is durable.
    ///
    /// # Errors
    /// Whatever stood in the way. Nothing more is appended then.
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError>;

    /// The batch that holds record `seq`.
    ///
    /// # Errors
    /// Errors of reading.
    fn batch_with(&self, seq: u64) -> Result<Option<StoredBatch>, JournalError>;

    /// Stores a signed checkpoint.
    ///
    /// # Errors
    /// See [`SqliteJournal::put_checkpoint`].
    fn put_checkpoint(&mut self, size: u64, text: &str) -> Result<(), JournalError>;

    /// Bytes by which the log can still grow; none without a limit.
    ///
    /// # Errors
    /// Errors of reading.
    fn bytes_left(&self) -> Result<Option<u64>, JournalError>;
}

impl Store for SqliteJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        Self::append(self, batch)
    }
    fn batch_with(&self, seq: u64) -> Result<Option<StoredBatch>, JournalError> {
        self.batches_from(seq).next().transpose()
    }
    fn put_checkpoint(&mut self, size: u64, text: &str) -> Result<(), JournalError> {
        Self::put_checkpoint(self, size, text)
    }
    fn bytes_left(&self) -> Result<Option<u64>, JournalError> {
        Self::bytes_left(self)
    }
}
