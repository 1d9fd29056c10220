//! The committer thread: makes batches durable, then gives the answers.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use backstop_core::{Command, Corrupt, Entry, Record, Reject, RejectCode};
use backstop_journal::{Batch, JournalError, StoredBatch};
use backstop_units::Hash;
use crossbeam_channel::{Receiver, Sender};

use crate::{
    answer::{Answer, Receipt, STOPPED},
    error::Failure,
    follower,
    shared::{Head, Shared},
    store::Store,
    writer::{Outcome, Sealed, Work},
};

/// What the committer is asked for.
pub(crate) enum Job {
    /// Make a batch durable and answer.
    Commit(Box<Sealed>),
    /// Store a signed checkpoint.
    Checkpoint { size: u64, text: String, reply: Sender<Result<(), JournalError>> },
}

/// All that the committer owns.
pub(crate) struct Committer {
    pub(crate) store: Box<dyn Store>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) follower: Sender<follower::Job>,
    /// The last batch that was read for a repeated command.
    pub(crate) cached: Option<StoredBatch>,
}

impl Committer {
    /// Works until the jobs end. After a failure it answers every job, and appends nothing.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>, done: &Sender<()>) {
        for job in jobs {
            match job {
                Job::Commit(sealed) => self.commit(*sealed, done),
                Job::Checkpoint { size, text, reply } => {
                    let stored = self.checkpoint(size, &text);
                    // Whoever asked may have gone.
                    let _ = reply.send(stored);
                }
            }
        }
    }

    fn commit(&mut self, sealed: Sealed, done: &Sender<()>) {
        let Sealed { batch, finished } = sealed;
        let committed = self.append(&batch);
        // The writer may have ended; then nobody waits for the next batch.
        let _ = done.send(());
        if !committed {
            let durable = self.shared.head().size;
            for work in finished {
                answer_durable(work, durable);
            }
            return;
        }
        for work in finished {
            self.answer(work, &batch);
        }
        if !batch.is_empty() {
            self.shared.lag.add(batch.records.bytes().len());
            if self.follower.send(follower::Job::Follow(Box::new(batch))).is_err() {
                self.shared.stop(Failure::ThreadGone("follower"));
            }
        }
    }

    /// Whether the batch is durable now.
    fn append(&mut self, batch: &Batch) -> bool {
        if self.shared.stopped() {
            return false;
        }
        if batch.is_empty() {
            return true;
        }
        let begun = Instant::now();
        if let Err(error) = self.store.append(batch) {
            self.shared.stop(Failure::Append(error));
            return false;
        }
        self.shared.appends.add(begun.elapsed());
        self.shared.set_head(Head { size: batch.next_seq(), root: Hash::new(batch.root) });
        if let Ok(Some(left)) = self.store.bytes_left() {
            self.shared.bytes_left.store(left, Ordering::Release);
        }
        true
    }

    fn checkpoint(&mut self, size: u64, text: &str) -> Result<(), JournalError> {
        if self.shared.stopped() {
            return Err(JournalError::Poisoned);
        }
        self.store.put_checkpoint(size, text)
    }

    fn answer(&mut self, work: Work, batch: &Batch) {
        let Work { outcomes, reply, .. } = work;
        let answers = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Done(answer) => answer,
            Outcome::Repeat { seq, command } => self.repeat(seq, &command, batch),
        });
        reply.send(answers.collect());
    }

    /// The first answer again if the command is the same.
    fn repeat(&mut self, seq: u64, command: &Command, batch: &Batch) -> Answer {
        let record = match self.recorded(seq, batch) {
            Ok(Some(record)) => record,
            Ok(None) => return self.lost(seq, Corrupt::OutOfOrder),
            Err(error) => {
                self.shared.stop(Failure::Append(error));
                return Err(STOPPED);
            }
        };
        let Ok(Record { seq, time, entry: Entry::Command(first), events, .. }) =
            Record::decode(&record)
        else {
            return self.lost(seq, Corrupt::Undecodable);
        };
        if !same(&first, command) {
            return Err(Reject::got(RejectCode::IdReused, command.id));
        }
        Ok(Receipt { seq, time, events, replayed: true })
    }

    /// A record that must be there and is not.
    fn lost(&self, seq: u64, corrupt: Corrupt) -> Answer {
        self.shared.stop(Failure::Follow { seq: backstop_units::Seq::new(seq), corrupt });
        Err(STOPPED)
    }

    /// A durable record: of this batch, of the batch read last, or of the store.
    fn recorded(&mut self, seq: u64, batch: &Batch) -> Result<Option<Vec<u8>>, JournalError> {
        if let Some(place) = seq.checked_sub(batch.first_seq) {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let found = batch.records.iter().nth(place).and_then(Result::ok);
            return Ok(found.map(<[u8]>::to_vec));
        }
        let holds = |cached: &StoredBatch| cached.first_seq <= seq && seq < cached.next_seq();
        if !self.cached.as_ref().is_some_and(holds) {
            self.cached = self.store.batch_with(seq)?;
        }
        let Some(cached) = &self.cached else { return Ok(None) };
        let found = cached.records().find(|record| !matches!(record, Ok((at, _)) if *at != seq));
        found.transpose().map(|found| found.map(|(_, bytes)| bytes.to_vec()))
    }
}

/// Whether a command asks what the recorded one asked. Signatures may have been collected anew.
fn same(first: &Command, again: &Command) -> bool {
    first.actor == again.actor && first.body == again.body && first.occurred_at == again.occurred_at
}

/// The answers of a request whose last part did not become durable: only earlier parts stand.
fn answer_durable(work: Work, durable: u64) {
    let stands = |outcome: Outcome| match outcome {
        Outcome::Done(Ok(receipt)) if receipt.seq.get() < durable => Ok(receipt),
        _ => Err(STOPPED),
    };
    let answers = work.outcomes.into_iter().map(stands).collect();
    work.reply.send(answers);
}
