//! The writer thread: decides what is queued, and hands one batch after the other to the committer.

use std::sync::{Arc, atomic::Ordering};

use backstop_core::{
    Checked, Command, Event, Halt, Reject, RejectCode, State, apply, record, warm,
};
use backstop_journal::{Batch, BatchBuilder};
use backstop_units::{Seq, Timestamp};
use crossbeam_channel::{Receiver, Sender, select};

use crate::{
    answer::{Answer, Receipt, Reply, STOPPED},
    clock::{Clock, JumpGuard},
    committer::Job,
    error::Failure,
    shared::Shared,
    window::IdWindow,
};

/// Full batches that may wait for the committer beside the one that it commits. A commit now and then
/// takes as long as many others, when the log is moved into the file; the writer works on meanwhile.
pub(crate) const WAITING_MAX: usize = 6;

/// Bytes that a batch may take up in the file beyond its records: four pages.
const PAGES: usize = 4 << 16;

/// Commands of one request that are stamped with one reading of the clock.
const STAMP_EVERY: u32 = 256;

/// One library call: a command or a batch of them, and where the answers go.
pub(crate) struct Request {
    pub(crate) commands: Vec<Command>,
    /// Bytes that it takes up in the queue.
    pub(crate) bytes: usize,
    pub(crate) reply: Reply,
}

/// What became of one command.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Answered as soon as its batch is durable.
    Done(Answer),
    /// The id was used by this record: the committer looks whether the command is the same.
    Repeat { seq: u64, command: Box<Command> },
}

/// A request that is being decided, or is.
pub(crate) struct Work {
    commands: std::vec::IntoIter<Command>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) reply: Reply,
}

impl Work {
    fn new(request: Request) -> Self {
        let outcomes = Vec::with_capacity(request.commands.len());
        Self { commands: request.commands.into_iter(), outcomes, reply: request.reply }
    }

    /// Answers all of it: nothing is known to be durable.
    pub(crate) fn refuse(self) {
        let count = self.outcomes.len().saturating_add(self.commands.len());
        self.reply.send(vec![Err(STOPPED); count]);
    }
}

/// A batch that is decided, with the requests that it completes.
pub(crate) struct Sealed {
    pub(crate) batch: Batch,
    pub(crate) finished: Vec<Work>,
}

/// The limits of one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    pub(crate) commands: usize,
    pub(crate) bytes: usize,
}

/// All that the writer owns.
pub(crate) struct Writer {
    pub(crate) state: State,
    pub(crate) ids: IdWindow,
    pub(crate) builder: BatchBuilder,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) guard: JumpGuard,
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: BatchLimits,
    pub(crate) desk: Desk,
}

/// The request under way, the requests that the batch completes, and buffers.
#[derive(Default)]
pub(crate) struct Desk {
    open: Option<Work>,
    finished: Vec<Work>,
    /// Commands decided for the batch, refused ones included.
    decided: usize,
    /// The last reading of the clock, and how many more commands it serves.
    stamp: Option<(Result<Timestamp, Reject>, u32)>,
    scratch: Vec<u8>,
    events: Vec<Event>,
}

impl Writer {
    /// Works until the requests end or something breaks.
    pub(crate) fn run(
        mut self,
        requests: &Receiver<Request>,
        committer: &Sender<Job>,
        done: &Receiver<()>,
    ) {
        let ended = self.work(requests, committer, done);
        if ended.is_none() && !self.shared.stopped() {
            self.shared.stop(Failure::ThreadGone("committer"));
        }
        self.desk.finished.drain(..).chain(self.desk.open.take()).for_each(Work::refuse);
        for request in requests {
            self.shared.release(request.commands.len(), request.bytes);
            Work::new(request).refuse();
        }
    }

    /// The loop; none when it ends because nothing can be written any more.
    fn work(
        &mut self,
        requests: &Receiver<Request>,
        committer: &Sender<Job>,
        done: &Receiver<()>,
    ) -> Option<()> {
        let mut in_flight = 0usize;
        loop {
            self.fill(requests);
            if self.shared.stopped() {
                return None;
            }
            // What is not full waits for the committer, so that it can still grow.
            let idle = in_flight == 0 && self.desk.decided > 0;
            if idle || (self.is_full() && in_flight <= WAITING_MAX) {
                committer.send(self.seal()).ok()?;
                in_flight = in_flight.saturating_add(1);
                continue;
            }
            if self.is_full() {
                done.recv().ok()?;
                in_flight = in_flight.saturating_sub(1);
                continue;
            }
            select! {
                recv(done) -> committed => {
                    committed.ok()?;
                    in_flight = in_flight.saturating_sub(1);
                }
                recv(requests) -> request => match request {
                    Ok(request) => self.begin(request),
                    Err(_) if self.desk.decided == 0 => return Some(()),
                    Err(_) => return committer.send(self.seal()).ok(),
                },
            }
        }
    }

    /// Decides what is queued until the queue is empty or the batch is full.
    fn fill(&mut self, requests: &Receiver<Request>) {
        loop {
            self.decide_open();
            if self.is_full() || self.shared.stopped() {
                return;
            }
            match requests.try_recv() {
                Ok(request) => self.begin(request),
                Err(_) => return,
            }
        }
    }

    fn begin(&mut self, request: Request) {
        self.shared.release(request.commands.len(), request.bytes);
        self.desk.open = Some(Work::new(request));
        self.desk.stamp = None;
    }

    /// Decides the open request as far as the batch has room.
    fn decide_open(&mut self) {
        let Some(mut work) = self.desk.open.take() else { return };
        while !self.is_full() && !self.shared.stopped() {
            self.look_ahead(&work, self.desk.decided);
            let Some(command) = work.commands.next() else { break };
            let outcome = self.decide(command);
            work.outcomes.push(outcome);
            self.desk.decided = self.desk.decided.saturating_add(1);
        }
        if work.commands.len() == 0 && !self.shared.stopped() {
            self.desk.finished.push(work);
        } else {
            self.desk.open = Some(work);
        }
    }

    /// Looks up what the next commands will need, every so many commands.
    fn look_ahead(&self, work: &Work, decided: usize) {
        if decided.is_multiple_of(warm::AHEAD) {
            let ahead = work.commands.as_slice().iter().take(warm::AHEAD);
            self.ids.look_at(ahead.clone().map(|command| command.id));
            warm::commands(&self.state, ahead);
        }
    }

    fn is_full(&self) -> bool {
        self.desk.decided >= self.limits.commands || self.builder.bytes() >= self.limits.bytes
    }

    fn seal(&mut self) -> Job {
        self.desk.decided = 0;
        let finished = std::mem::take(&mut self.desk.finished);
        Job::Commit(Box::new(Sealed { batch: self.builder.finish(), finished }))
    }

    fn decide(&mut self, command: Command) -> Outcome {
        match self.try_decide(&command) {
            Ok(Some(seq)) => Outcome::Repeat { seq, command: Box::new(command) },
            Ok(None) => Outcome::Done(Ok(self.receipt(&command))),
            Err(reject) => Outcome::Done(Err(reject)),
        }
    }

    /// Decides a command; the record that used its id before, if there is one.
    fn try_decide(&mut self, command: &Command) -> Result<Option<u64>, Reject> {
        let now = self.time()?;
        if let Some(seq) = self.ids.find(command.id, now)? {
            return Ok(Some(seq));
        }
        self.check_room()?;
        let checked = Checked::new(self.state.meta.ledger, command)?;
        let (seq, rules) = (self.state.meta.next, self.state.meta.rules);
        let mut events = std::mem::take(&mut self.desk.events);
        match apply(&mut self.state, &checked, now, &mut events) {
            Ok(()) => {}
            Err(Halt::Reject(reject)) => return Err(reject),
            Err(Halt::Corrupt(corrupt)) => {
                self.shared.stop(Failure::Decide { seq, corrupt });
                return Err(STOPPED);
            }
        }
        self.desk.scratch.clear();
        record::encode_command(&mut self.desk.scratch, (seq, now, rules), command, &events);
        self.desk.events = events;
        if let Err(source) = self.builder.push(&self.desk.scratch) {
            self.shared.stop(Failure::Build { seq, source });
            return Err(STOPPED);
        }
        Ok(None)
    }

    /// The receipt of the command that was just decided; its id is used from now on.
    fn receipt(&mut self, command: &Command) -> Receipt {
        let time = self.state.meta.now;
        let seq = Seq::new(self.state.meta.next.get().saturating_sub(1));
        self.ids.record(command.id, time);
        let events = std::mem::take(&mut self.desk.events);
        Receipt { seq, time, events, replayed: false }
    }

    /// The next record's time: the clock's, and never before the last record's.
    fn time(&mut self) -> Result<Timestamp, Reject> {
        let read = match self.desk.stamp.take() {
            Some((read, left)) if left > 0 => {
                self.desk.stamp = Some((read, left.saturating_sub(1)));
                read
            }
            _ => self.read_clock(),
        };
        Ok(read?.max(self.state.meta.now))
    }

    fn read_clock(&mut self) -> Result<Timestamp, Reject> {
        if self.shared.confirm_clock.swap(false, Ordering::AcqRel) {
            self.guard.confirm(&*self.clock);
        }
        let read = self.guard.read(&*self.clock);
        self.shared.clock_jumped.store(read.is_err(), Ordering::Release);
        self.desk.stamp = Some((read, STAMP_EVERY));
        read
    }

    /// Refuses while the file might not hold what is built and what may be under way already, with
    /// some pages for each batch.
    fn check_room(&self) -> Result<(), Reject> {
        let left = self.shared.bytes_left.load(Ordering::Acquire);
        if left == u64::MAX {
            return Ok(());
        }
        let batches = WAITING_MAX.saturating_add(2);
        let under_way = self.limits.bytes.saturating_add(PAGES).saturating_mul(batches);
        let needed = u64::try_from(self.builder.bytes().saturating_add(under_way));
        let needed = needed.unwrap_or(u64::MAX);
        if left < needed { Err(Reject::new(RejectCode::JournalFull, left, needed)) } else { Ok(()) }
    }
}
