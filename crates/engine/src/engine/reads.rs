//! What can be read of an engine, and what operators do to it.

use super::Engine;
use crate::{
    committer,
    error::{EngineError, Failure},
    follower,
    read_model::ReadModel,
    shared::{Head, Status},
    tail::Tail,
    timing::Timings,
};
use backstop_core::State;
use backstop_journal::{Access, JournalError, SqliteJournal};
use backstop_units::{Label, Seq, Timestamp};
use crossbeam_channel::bounded;
use std::{sync::atomic::Ordering, time::Duration};

/// Reads and operation.
impl Engine {
    /// Looks at the state as committed records have made it.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.replica.read())
    }

    /// The time that a command sent now would have: the clock's, but never before the last record's.
    pub fn now(&self) -> Timestamp {
        self.clock.now().max(self.replica.read().meta.now)
    }

    /// How many records reads see: all with smaller sequence numbers.
    pub fn applied_seq(&self) -> Seq {
        Seq::new(self.replica.applied())
    }

    /// Waits until reads see record `seq`.
    ///
    /// # Errors
    /// [`EngineError::Lagging`] after `timeout`.
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> Result<(), EngineError> {
        self.replica.wait_for(seq.next().get(), timeout)
    }

    /// As [`Engine::wait_for`], for callers with a runtime of their own: `seen` is called once reads see
    /// record `seq`, with true, or when the engine ends before, with false. It must not block: it runs on
    /// the follower's thread, or here if they do already.
    pub fn when_read(&self, seq: Seq, seen: impl FnOnce(bool) + Send + 'static) {
        self.replica.when(seq.next().get(), Box::new(seen));
    }

    /// History, if one is kept: see [`Options::read_model`].
    pub const fn read_model(&self) -> Option<&ReadModel> {
        self.read_model.as_ref()
    }

    /// Every record from now on, as reads begin to see it; a reader that is more than `chunks` chunks of at
    /// most 256 records behind is let go.
    pub fn tail(&self, chunks: usize) -> Tail {
        self.feed.subscribe(chunks)
    }

    /// The durable end of the log.
    pub fn head(&self) -> Head {
        self.shared.head()
    }

    /// Which ledger this is.
    pub const fn ledger(&self) -> Label {
        self.ledger
    }

    /// Another handle on the journal, for records, proofs and checkpoints.
    ///
    /// # Errors
    /// [`EngineError::InMemory`], [`EngineError::Journal`].
    pub fn journal(&self) -> Result<SqliteJournal, EngineError> {
        let path = self.path.as_ref().ok_or(EngineError::InMemory)?;
        Ok(SqliteJournal::open(path, Access::ReadOnly)?)
    }

    /// Stores a checkpoint that the caller signed over [`Engine::head`].
    ///
    /// # Errors
    /// [`JournalError::BadCheckpoint`] when it does not fit the log, [`EngineError::Stopped`].
    pub fn put_checkpoint(&self, size: u64, text: String) -> Result<(), EngineError> {
        let doors = self.doors.as_ref().ok_or(EngineError::Stopped)?;
        let (reply, stored) = bounded(1);
        let job = committer::Job::Checkpoint { size, text, reply };
        doors.committer.send(job).map_err(|_| EngineError::Stopped)?;
        let stored: Result<(), JournalError> = stored.recv().map_err(|_| EngineError::Stopped)?;
        Ok(stored?)
    }

    /// Takes a snapshot of what reads see and waits until it is stored.
    ///
    /// # Errors
    /// [`EngineError::InMemory`], [`EngineError::Journal`], [`EngineError::Stopped`].
    pub fn snapshot(&self) -> Result<Seq, EngineError> {
        let doors = self.doors.as_ref().ok_or(EngineError::Stopped)?;
        let (reply, taken) = bounded(1);
        doors.follower.send(follower::Job::Snapshot(reply)).map_err(|_| EngineError::Stopped)?;
        taken.recv().map_err(|_| EngineError::Stopped)?
    }

    /// An operator has looked at the clock: it is right as it stands.
    pub fn confirm_clock(&self) {
        self.shared.confirm_clock.store(true, Ordering::Release);
    }

    /// Why the writer has stopped, if it has.
    pub fn failed(&self) -> Option<&Failure> {
        self.shared.failure()
    }

    /// How long durable appends took since the start.
    pub fn append_timings(&self) -> Timings {
        self.shared.appends.timings()
    }

    /// How the engine is doing.
    pub fn status(&self) -> Status {
        self.shared.status(self.replica.applied())
    }
}
