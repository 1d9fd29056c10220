//! The journal in one SQLite file: one row for each batch, one durable commit for each row.
//!
//! WAL mode, `synchronous=FULL`, pages of 64 KiB. One handle appends, any number of handles, here
//! and in other processes, read what is committed.
//!
//! | file | holds |
//! | --- | --- |
//! | `<journal>` | batches, tiles, checkpoints, the ledger's id |
//! | `<journal>-wal`, `<journal>-shm` | what SQLite has not yet moved into it |
//! | `<journal>.lock` | nothing; the appending handle holds a lock on it |
//! | `<journal>.snapshot`, `<journal>.snapshot.old` | the last two snapshots ([`crate::snapshot`]) |

mod append;
mod copy;
mod open;
mod proofs;
mod read;
mod schema;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::JournalError;
use crate::merkle::Hash;
use crate::snapshot::Snapshot;

pub(crate) use open::{beside, io, sync_folder};
pub use read::{Batches, RawBatches, StoredBatch, StoredRecords};
pub use schema::{APPLICATION_ID, FORMAT_VERSION, PAGE_BYTES};

/// What a handle may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read what is committed, beside a writer.
    ReadOnly,
    /// Read and append; one handle at a time.
    Append,
}

/// What a journal is told once, when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisMeta {
    /// The identity of the ledger; a snapshot of another ledger is refused.
    pub ledger_id: [u8; 16],
}

/// A handle on a journal.
///
/// It can be sent to another thread, but not be shared; open another handle to read from two.
#[derive(Debug)]
pub struct SqliteJournal {
    // Closed before the lock is released: fields are dropped in this order.
    connection: Connection,
    _lock: Option<open::WriterLock>,
    path: Option<PathBuf>,
    access: Access,
    genesis: GenesisMeta,
    poisoned: bool,
    pages_max: Option<u64>,
    /// Roots of full tiles, which never change; see `proofs`.
    tile_roots: RefCell<BTreeMap<(u8, u64), Hash>>,
}

impl SqliteJournal {
    /// The file, or `None` for a journal in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What the journal was created with.
    pub const fn genesis(&self) -> &GenesisMeta {
        &self.genesis
    }

    /// The newest snapshot that is whole and belongs to this journal: its SHA-256 is right, its
    /// ledger is this one and its root is the journal's root at that size. A snapshot that fails
    /// is passed over, since the journal can always be replayed instead.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] if a file exists and can't be read; errors of reading the
    /// journal.
    pub fn latest_snapshot(&self) -> Result<Option<Snapshot>, JournalError> {
        let Some(path) = &self.path else { return Ok(None) };
        let size = self.size()?;
        for file in crate::snapshot::files(path) {
            let Some(Ok(snapshot)) = crate::snapshot::read(&file)? else { continue };
            let header = &snapshot.header;
            if header.ledger_id != self.genesis.ledger_id || header.seq > size {
                continue;
            }
            if self.root_at(header.seq)? == header.root {
                return Ok(Some(snapshot));
            }
        }
        Ok(None)
    }
}
