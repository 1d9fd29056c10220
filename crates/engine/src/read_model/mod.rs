//! The read model: the history that the state forgets, in a SQLite file of its own beside the journal.
//!
//! ```text
//!   follower ──records──▶ queue ──▶ thread ──▶ fold ──▶ journal.read.db ──▶ readers
//!                           │ full?              ▲
//!                           └── let go ── journal ┘  caught up by itself
//! ```
//!
//! It is a fold over committed records alone: events, and the postings that follow from them. Building it
//! anew gives the same tables. Current values come from the state in memory, not from here.
//!
//! The writer never waits for it. A read model that falls behind lets go of the follower's records and reads
//! the journal instead; while commands wait for the writer it rests between its transactions. When it fails,
//! it stops alone, and [`ReadModel::status`] says why.
//!
//! | file | what |
//! | --- | --- |
//! | `worker.rs` | the thread: follow, fall behind, catch up, give way |
//! | `fold.rs` | one record into the tables; opening, refusing and rebuilding a file |
//! | `party.rs`, `links.rs`, `touched.rs`, `search.rs` | which records concern whom |
//! | `books.rs`, `names.rs`, `moves.rs` | each move of a fund's money, and why |
//! | `series.rs` | values over time, by minute, hour and day |
//! | `frames.rs`, `frame_rows.rs` | how markets went, in steps that hold more and more |
//! | `history.rs` | steps of losses with what layers had; settings as they were |
//! | `reader.rs`, `curves.rs` | what can be asked: lists; charts |

#![expect(clippy::doc_markdown, reason = "SQLite is a name, not an item")]

mod books;
mod curves;
mod error;
mod fold;
mod frame_rows;
mod frames;
mod history;
mod links;
mod moves;
mod names;
mod number;
mod party;
mod reader;
mod schema;
mod search;
mod series;
mod touched;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use backstop_journal::{Access, SqliteJournal};
use backstop_units::{Label, Seq};
use rusqlite::{Connection, OpenFlags};

pub use curves::{Frame, POINTS_MAX};
pub use error::{Misfit, ReadModelError};
pub use fold::Rebuilt;
pub use frame_rows::LayerThen;
pub use history::is_setting;
pub use moves::{FundPart, Reason};
pub use party::Party;
pub use reader::{
    At, FundMove, LIMIT_MAX, LossStep, MoveFilter, Page, RecordFilter, RecordRow, Sample,
    SettingChange,
};
pub use schema::TABLE_NAMES;
pub use series::{Level, Series};
pub use worker::ReadModelStatus;

use crate::{
    error::EngineError,
    shared::{Shared, lock},
    tail::Feed,
};
use fold::Fold;
use worker::{Progress, Worker};

/// Connections that wait for the next question.
const IDLE_MAX: usize = 8;

/// The usual place of a journal's read model: `journal.db` has `journal.read.db` beside it.
pub fn beside(journal: &Path) -> PathBuf {
    journal.with_extension("read.db")
}

/// A handle on a read model; clones ask the same one. Safe from many threads.
#[derive(Clone, Debug)]
pub struct ReadModel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    progress: Arc<Progress>,
    idle: Mutex<Vec<Connection>>,
}

/// What an engine gives a read model to live on.
pub(crate) struct Ground {
    pub(crate) path: PathBuf,
    pub(crate) ledger: Label,
    pub(crate) journal: PathBuf,
    pub(crate) feed: Arc<Feed>,
    pub(crate) engine: Arc<Shared>,
}

impl ReadModel {
    /// Opens the file or begins it, and starts the thread that feeds it.
    pub(crate) fn start(ground: Ground) -> Result<(Self, JoinHandle<()>), EngineError> {
        let Ground { path, ledger, journal, feed, engine } = ground;
        let past = SqliteJournal::open(&journal, Access::ReadOnly)?;
        let (fold, rebuilt) = Fold::open(&path, ledger, &past)?;
        let progress = Arc::new(Progress::new(fold.next(), rebuilt));
        let (progress_of, begun) = (Arc::clone(&progress), Instant::now());
        let worker = Worker { fold, journal, feed, engine, progress: progress_of, begun };
        let name = "backstop-read-model";
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || worker.run());
        let thread = thread.map_err(|source| EngineError::Thread { name, source })?;
        let inner = Inner { path, progress, idle: Mutex::default() };
        Ok((Self { inner: Arc::new(inner) }, thread))
    }

    /// How it is doing.
    pub fn status(&self) -> ReadModelStatus {
        self.inner.progress.status()
    }

    /// How many records are in it.
    pub fn applied_seq(&self) -> Seq {
        Seq::new(self.status().applied)
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Waits until record `seq` is in it.
    ///
    /// # Errors
    /// [`ReadModelError::Lagging`] after `timeout`, [`ReadModelError::Stopped`].
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> Result<(), ReadModelError> {
        self.inner.progress.wait_for(seq.next().get(), timeout)
    }

    /// Asks within one transaction, so that an answer fits the number of records that it names.
    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection, u64) -> Result<T, ReadModelError>,
    ) -> Result<At<T>, ReadModelError> {
        let idle = lock(&self.inner.idle).pop();
        let connection = idle.map_or_else(|| self.connect(), Ok)?;
        let transaction = connection.unchecked_transaction()?;
        let sql = "SELECT applied FROM meta";
        let applied: i64 = transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        let applied = number::from_sql(applied);
        let value = question(&transaction, applied)?;
        transaction.finish()?;
        let mut idle = lock(&self.inner.idle);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(At { applied, value })
    }

    fn connect(&self) -> Result<Connection, ReadModelError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.inner.path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA trusted_schema = OFF;")?;
        Ok(connection)
    }
}
