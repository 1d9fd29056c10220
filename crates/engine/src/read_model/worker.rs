//! The thread that feeds a read model, and what it tells the readers.

use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use backstop_core::Record;
use backstop_journal::{Access, SqliteJournal};

use super::{
    error::ReadModelError,
    fold::{Fold, Rebuilt},
};
use crate::{
    recovery::decoded,
    shared::{Shared, lock},
    tail::{Chunk, Feed, Tail, Tailed},
};

/// Chunks that may wait. A read model that is further behind lets go and catches up from the journal.
const QUEUE: usize = 128;
/// Records of one transaction, about.
const AT_ONCE: usize = 8_192;
/// How long it waits for records before it looks around.
const LOOK: Duration = Duration::from_millis(500);
/// The longest rest that it takes for the writer's sake.
const REST_MAX: Duration = Duration::from_secs(2);

/// How a read model is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadModelStatus {
    /// Records that are in it.
    pub applied: u64,
    /// Why it stopped, in words, if it did. The writer goes on.
    pub failure: Option<String>,
    /// Why it was built anew when it was opened, if it was.
    pub rebuilt: Option<Rebuilt>,
    /// How many times it let go of the follower's records and caught up from the journal.
    pub fell_behind: u64,
}

/// What the thread tells.
#[derive(Debug, Default)]
pub(super) struct Progress {
    applied: Mutex<u64>,
    moved: Condvar,
    failure: OnceLock<String>,
    fell_behind: AtomicU64,
    pub(super) rebuilt: Option<Rebuilt>,
}

impl Progress {
    pub(super) fn new(applied: u64, rebuilt: Option<Rebuilt>) -> Self {
        Self { applied: Mutex::new(applied), rebuilt, ..Self::default() }
    }

    pub(super) fn status(&self) -> ReadModelStatus {
        ReadModelStatus {
            applied: *lock(&self.applied),
            failure: self.failure.get().cloned(),
            rebuilt: self.rebuilt,
            fell_behind: self.fell_behind.load(Ordering::Acquire),
        }
    }

    fn advance(&self, applied: u64) {
        *lock(&self.applied) = applied;
        self.moved.notify_all();
    }

    fn stop(&self, why: String) {
        // A later failure follows from the first one.
        let _ = self.failure.set(why);
        self.moved.notify_all();
    }

    /// Waits until `wanted` records are in it.
    pub(super) fn wait_for(&self, wanted: u64, timeout: Duration) -> Result<(), ReadModelError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut applied = lock(&self.applied);
        while *applied < wanted {
            if let Some(why) = self.failure.get() {
                return Err(ReadModelError::Stopped { why: why.clone() });
            }
            let left = deadline.map_or(timeout, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(ReadModelError::Lagging { applied: *applied, wanted });
            }
            let waited = self.moved.wait_timeout(applied, left);
            applied = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// Tells that the thread ended by a panic.
struct Watch(Arc<Progress>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop("its thread has ended".to_owned());
        }
    }
}

/// All that the thread owns.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) fold: Fold,
    pub(super) journal: PathBuf,
    pub(super) feed: Arc<Feed>,
    pub(super) engine: Arc<Shared>,
    pub(super) progress: Arc<Progress>,
    /// When the work began that the next rest is for; reading and decoding count.
    pub(super) begun: Instant,
}

/// How following ended.
enum Followed {
    /// The engine ends.
    Closed,
    /// Records are missing.
    Behind,
}

impl Worker {
    /// Works until the engine ends, or something is wrong.
    pub(super) fn run(mut self) {
        let watch = Watch(Arc::clone(&self.progress));
        if let Err(error) = self.work() {
            self.progress.stop(error.to_string());
        }
        drop(watch);
    }

    fn work(&mut self) -> Result<(), ReadModelError> {
        loop {
            // First the place in line, then what was before it: nothing falls between the two.
            let tail = self.feed.subscribe(QUEUE);
            self.catch_up()?;
            match self.follow(&tail)? {
                Followed::Closed => return Ok(()),
                Followed::Behind => {
                    self.progress.fell_behind.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
    }

    /// Takes what the follower hands on.
    fn follow(&mut self, tail: &Tail) -> Result<Followed, ReadModelError> {
        loop {
            let first = match tail.next(LOOK) {
                Tailed::Records(chunk) => chunk,
                Tailed::Quiet => continue,
                Tailed::Ended if self.feed.is_closed() => return Ok(Followed::Closed),
                Tailed::Ended => return Ok(Followed::Behind),
            };
            self.begun = Instant::now();
            let mut chunks = vec![first];
            let mut count = chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
            while count < AT_ONCE {
                let Some(chunk) = tail.poll() else { break };
                count = count.saturating_add(chunk.len());
                chunks.push(chunk);
            }
            let starts = chunks.first().and_then(|chunk: &Chunk| chunk.first());
            if starts.is_some_and(|record| record.seq.get() > self.fold.next()) {
                return Ok(Followed::Behind);
            }
            self.take(chunks.iter().flat_map(|chunk| chunk.iter()))?;
        }
    }

    /// Reads the journal up to its end.
    fn catch_up(&mut self) -> Result<(), ReadModelError> {
        let journal = SqliteJournal::open(&self.journal, Access::ReadOnly)?;
        self.begun = Instant::now();
        let from = self.fold.next();
        let mut records = Vec::new();
        for batch in journal.batches_from(from) {
            for record in decoded(&batch?, from) {
                records.push(record.map_err(|error| ReadModelError::Record(Box::new(error)))?);
            }
            if records.len() >= AT_ONCE {
                self.take(&records)?;
                records.clear();
            }
            if self.feed.is_closed() {
                break;
            }
        }
        self.take(&records)
    }

    fn take<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<(), ReadModelError> {
        self.fold.take(records)?;
        self.progress.advance(self.fold.next());
        self.give_way(self.begun.elapsed());
        self.begun = Instant::now();
        Ok(())
    }

    /// Rests while commands wait for the writer, ten times as long as the work took: history may come
    /// later, answers may not.
    fn give_way(&self, took: Duration) {
        let until = Instant::now().checked_add(took.saturating_mul(10).min(REST_MAX));
        let Some(until) = until else { return };
        while self.engine.queued.get() > 0 && !self.feed.is_closed() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
