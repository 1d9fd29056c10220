//! The follower thread: a second state, made of committed records only. All reads are its reads.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use backstop_core::{Corrupt, Record, State, invariants, warm};
use backstop_journal::{
    Batch, JournalError,
    snapshot::{self as file, SnapshotHeader},
};
use backstop_units::{Hash, Seq};
use crossbeam_channel::{Receiver, Sender};

use crate::{
    error::{EngineError, Failure},
    recovery::Recovered,
    shared::{Shared, lock},
    snapshot,
    tail::Feed,
    window::IdLog,
};

/// Records that are applied under one lock, so that readers never wait long.
const LOCK_RECORDS: usize = 256;

/// What the follower is asked for.
pub(crate) enum Job {
    /// Apply a committed batch.
    Follow(Box<Batch>),
    /// Take a snapshot now and say at which sequence number.
    Snapshot(Sender<Result<Seq, EngineError>>),
}

/// What is called once readers see enough; true unless the follower ended first.
pub(crate) type Seen = Box<dyn FnOnce(bool) + Send>;

/// The state that readers see.
pub(crate) struct Replica {
    state: RwLock<State>,
    progress: Mutex<Progress>,
    moved: Condvar,
}

/// How far the follower came, and who wants to hear of it.
struct Progress {
    /// How many records readers see.
    applied: u64,
    /// Who waits for how many, in no order: few wait, and most for the batch that comes next.
    waiting: Vec<(u64, Seen)>,
    /// The follower ended: nobody waits any more.
    ended: bool,
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("applied", &self.applied()).finish_non_exhaustive()
    }
}

impl Replica {
    pub(crate) fn new(state: State) -> Self {
        let applied = state.meta.next.get();
        let progress = Mutex::new(Progress { applied, waiting: Vec::new(), ended: false });
        Self { state: RwLock::new(state), progress, moved: Condvar::new() }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For dry runs, which leave the state as it was, and for the follower itself.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many records readers see.
    pub(crate) fn applied(&self) -> u64 {
        lock(&self.progress).applied
    }

    /// Waits until readers see `wanted` records; whether they do.
    pub(crate) fn wait_for(&self, wanted: u64, timeout: Duration) -> Result<(), EngineError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut progress = lock(&self.progress);
        while progress.applied < wanted {
            let left = deadline.map_or(timeout, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(EngineError::Lagging { applied: progress.applied, wanted });
            }
            let waited = self.moved.wait_timeout(progress, left);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Calls `seen` once readers see `wanted` records: here if they do already, else on the follower's
    /// thread.
    pub(crate) fn when(&self, wanted: u64, seen: Seen) {
        let mut progress = lock(&self.progress);
        if progress.applied < wanted && !progress.ended {
            progress.waiting.push((wanted, seen));
            return;
        }
        let there = progress.applied >= wanted;
        drop(progress);
        seen(there);
    }

    fn advance(&self, applied: u64) {
        let mut progress = lock(&self.progress);
        progress.applied = applied;
        let ready: Vec<Seen> = progress
            .waiting
            .extract_if(.., |(wanted, _)| *wanted <= applied)
            .map(|(_, seen)| seen)
            .collect();
        drop(progress);
        self.moved.notify_all();
        for seen in ready {
            seen(true);
        }
    }

    fn end(&self) {
        let mut progress = lock(&self.progress);
        progress.ended = true;
        let left = std::mem::take(&mut progress.waiting);
        drop(progress);
        for (_, seen) in left {
            seen(false);
        }
    }
}

/// All that the follower owns.
pub(crate) struct Follower {
    pub(crate) replica: Arc<Replica>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) ids: IdLog,
    pub(crate) root: Hash,
    pub(crate) shared: Arc<Shared>,
    /// The journal's file; none in memory, where no snapshots are taken.
    pub(crate) path: Option<PathBuf>,
    pub(crate) every: u64,
    /// The sequence number of the last snapshot that was begun.
    pub(crate) taken: u64,
    pub(crate) storing: Option<JoinHandle<Result<(), JournalError>>>,
}

/// Ends the tails of all readers and lets go who waits, however the thread ends.
struct Closing(Arc<Feed>, Arc<Replica>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
        self.1.end();
    }
}

impl Follower {
    /// Works until the jobs end. After a record that does not fit it applies nothing more.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        let _closing = Closing(Arc::clone(&self.feed), Arc::clone(&self.replica));
        let mut broken = false;
        for job in jobs {
            match job {
                Job::Follow(batch) => {
                    let bytes = batch.records.bytes().len();
                    broken = broken || self.follow(&batch).is_none();
                    self.shared.lag.sub(bytes);
                }
                Job::Snapshot(reply) => {
                    let taken = self.snapshot_now();
                    // Whoever asked may have gone.
                    let _ = reply.send(taken);
                }
            }
        }
        self.finish_storing();
    }

    /// Applies a batch; none when it does not fit.
    fn follow(&mut self, batch: &Batch) -> Option<()> {
        let mut records = Vec::with_capacity(LOCK_RECORDS);
        let mut seq = batch.first_seq;
        for bytes in &batch.records {
            let decoded = bytes.map_err(|_| Corrupt::Undecodable).and_then(Record::decode);
            records.push(self.fits(seq, decoded)?);
            seq = seq.saturating_add(1);
            if records.len() == LOCK_RECORDS {
                self.apply(&mut records)?;
            }
        }
        self.apply(&mut records)?;
        self.root = Hash::new(batch.root);
        let due = self.every > 0 && seq.saturating_sub(self.taken) >= self.every;
        let busy = self.storing.as_ref().is_some_and(|storing| !storing.is_finished());
        if due && !busy && self.path.is_some() {
            self.finish_storing();
            self.begin_snapshot();
        }
        Some(())
    }

    /// Stops the engine unless it is `Ok`.
    fn fits<T>(&self, seq: u64, result: Result<T, Corrupt>) -> Option<T> {
        let stop = |corrupt| self.shared.stop(Failure::Follow { seq: Seq::new(seq), corrupt });
        result.map_err(stop).ok()
    }

    fn apply(&mut self, records: &mut Vec<Record>) -> Option<()> {
        let Some(last) = records.last() else { return Some(()) };
        let next = last.seq.next().get();
        let mut state = self.replica.write();
        for ahead in records.chunks(warm::AHEAD) {
            warm::records(&state, ahead);
            for record in ahead {
                let applied = Recovered::follow(&mut state, &mut self.ids, record);
                self.fits(record.seq.get(), applied)?;
            }
        }
        drop(state);
        self.replica.advance(next);
        self.feed.publish(records);
        records.clear();
        Some(())
    }

    /// Counts everything, then encodes the state; hashing and writing happen on a thread of its own.
    fn begin_snapshot(&mut self) -> Option<Seq> {
        let path = self.path.clone()?;
        let state = self.replica.read();
        let seq = state.meta.next;
        self.taken = seq.get();
        if let Err(corrupt) = invariants::check(&state) {
            self.shared.stop(Failure::Invariant { seq, corrupt });
            return None;
        }
        let (bytes, ids) = snapshot::encode(&state, &self.ids);
        let ledger_id = *state.meta.ledger.bytes();
        drop(state);
        let header = SnapshotHeader { ledger_id, seq: seq.get(), root: *self.root.bytes() };
        let store = move || file::write(&path, &header, &bytes, &ids);
        let started = std::thread::Builder::new().name("backstop-snapshot".into()).spawn(store);
        // Without a thread there is no snapshot, which only makes the next start slower.
        self.storing = started.ok();
        Some(seq)
    }

    fn snapshot_now(&mut self) -> Result<Seq, EngineError> {
        if self.path.is_none() {
            return Err(EngineError::InMemory);
        }
        self.finish_storing();
        let seq = self.begin_snapshot().ok_or(EngineError::Stopped)?;
        let stored = self.storing.take().ok_or(EngineError::Stopped)?.join();
        stored.map_err(|_| EngineError::Stopped)??;
        Ok(seq)
    }

    /// Waits for the snapshot under way. One that failed is no harm: the journal can be replayed.
    fn finish_storing(&mut self) {
        if let Some(storing) = self.storing.take() {
            let _ = storing.join();
        }
    }
}
