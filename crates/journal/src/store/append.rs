//! Writing: one batch, one durable commit.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::read::{size_of, to_sql};
use super::{Access, SqliteJournal};
use crate::batch::{Batch, TAG_BYTES};
use crate::checkpoint::Checkpoint;
use crate::error::JournalError;
use crate::frame::as_u64;
use crate::merkle::Hash;
use crate::tile::TILE_BYTES;

impl SqliteJournal {
    /// Appends a batch; when this returns, the batch survives a loss of power.
    ///
    /// An empty batch is checked and writes nothing.
    ///
    /// # Errors
    ///
    /// Nothing was written after [`JournalError::ReadOnly`],
    /// [`JournalError::Poisoned`], [`JournalError::BadBatch`], [`JournalError::BadCheckpoint`] or
    /// [`JournalError::GapOrOverlap`]. After any other error, [`JournalError::Full`] and
    /// [`JournalError::Sync`] above all, the handle is poisoned: whether the batch is in the file
    /// is known only after opening it again.
    pub fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        self.check_writable()?;
        check_batch(batch)?;
        let seq = batch.first_seq;
        let failed = |source| commit_error(seq, source);
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let written = begun.map_err(failed).and_then(|transaction| {
            let expected = size_of(&transaction)?;
            if seq != expected {
                return Err(JournalError::GapOrOverlap { expected, got: seq });
            }
            if batch.is_empty() {
                return Ok(());
            }
            insert(&transaction, batch)?;
            transaction.commit().map_err(failed)
        });
        self.note(written)
    }

    /// Stores a signed checkpoint for a size that the journal has reached. A checkpoint for the
    /// same size is replaced.
    ///
    /// This is a commit of its own; [`Batch::checkpoint`] rides along with its batch.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append); [`JournalError::BadCheckpoint`] if the text is
    /// no checkpoint for `size` and the journal's root there. The signature is not looked at.
    pub fn put_checkpoint(&mut self, size: u64, text: &str) -> Result<(), JournalError> {
        self.check_writable()?;
        let root = self.root_at(size)?;
        check_checkpoint(text, size, &root)?;
        let written = insert_checkpoint(&self.connection, size, text);
        self.note(written)
    }

    fn check_writable(&self) -> Result<(), JournalError> {
        match self.access {
            Access::ReadOnly => Err(JournalError::ReadOnly),
            Access::Append if self.poisoned => Err(JournalError::Poisoned),
            Access::Append => Ok(()),
        }
    }

    /// Poisons the handle if something failed that is not the caller's offer.
    fn note(&mut self, written: Result<(), JournalError>) -> Result<(), JournalError> {
        if let Err(error) = &written {
            self.poisoned = !matches!(error, JournalError::GapOrOverlap { .. });
        }
        written
    }
}

fn check_batch(batch: &Batch) -> Result<(), JournalError> {
    let tags = as_u64(TAG_BYTES).saturating_mul(batch.records.count());
    let whole = as_u64(batch.tags.len()) == tags
        && batch.tiles.iter().all(|tile| tile.hashes.len() == TILE_BYTES);
    if !whole {
        return Err(JournalError::BadBatch { seq: batch.first_seq });
    }
    match &batch.checkpoint {
        Some(text) => check_checkpoint(text, batch.next_seq(), &batch.root),
        None => Ok(()),
    }
}

fn check_checkpoint(text: &str, size: u64, root: &Hash) -> Result<(), JournalError> {
    match Checkpoint::parse_unverified(text) {
        Ok(checkpoint) if checkpoint.size == size && checkpoint.root == *root => Ok(()),
        _ => Err(JournalError::BadCheckpoint { size }),
    }
}

fn insert(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), JournalError> {
    let failed = |source| commit_error(batch.first_seq, source);
    let mut rows = transaction
        .prepare_cached(
            "INSERT INTO batch (first_seq, count, root, tags, records) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .map_err(failed)?;
    rows.execute(params![
        to_sql(batch.first_seq)?,
        to_sql(batch.records.count())?,
        batch.root,
        batch.tags,
        batch.records.bytes(),
    ])
    .map_err(failed)?;
    let mut tiles = transaction
        .prepare_cached("INSERT INTO tile (level, idx, hashes) VALUES (?1, ?2, ?3)")
        .map_err(failed)?;
    for tile in &batch.tiles {
        tiles.execute(params![tile.level, to_sql(tile.index)?, tile.hashes]).map_err(failed)?;
    }
    match &batch.checkpoint {
        Some(text) => insert_checkpoint(transaction, batch.next_seq(), text),
        None => Ok(()),
    }
}

fn insert_checkpoint(connection: &Connection, size: u64, text: &str) -> Result<(), JournalError> {
    let size = to_sql(size)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO checkpoint (size, text) VALUES (?1, ?2)")
        .and_then(|mut statement| statement.execute(params![size, text]))
        .map_err(|source| commit_error(size.unsigned_abs(), source))?;
    Ok(())
}

fn commit_error(seq: u64, source: rusqlite::Error) -> JournalError {
    match JournalError::sqlite("append", seq, source) {
        JournalError::Sqlite { source, .. } => JournalError::Sync { seq, source },
        other => other,
    }
}
