//! The handle: create, open, submit, read.

mod reads;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use backstop_core::{Checked, Command, Genesis, Halt, Record, Reject, RejectCode, State, rehearse};
use backstop_journal::{Access, Batch, BatchBuilder, GenesisMeta, SqliteJournal, TreeState};
use backstop_units::{Hash, Label};
use crossbeam_channel::{Sender, bounded, unbounded};

use crate::{
    answer::{Answer, BatchTicket, Receipt, Reply, STOPPED, Ticket},
    clock::{Clock, JumpGuard},
    committer::{self, Committer},
    error::{EngineError, Failure},
    follower::{self, Follower, Replica},
    options::Options,
    read_model::{Ground, ReadModel},
    recovery::{Recovered, recover},
    setup::{configure, genesis_record, weight},
    shared::{Head, QueueLimits, Shared},
    store::Store,
    tail::Feed,
    window::{IdLog, IdWindow},
    writer::{BatchLimits, Desk, Request, WAITING_MAX, Writer},
};

/// One ledger in one process: the only writer of its journal, and all of its readers.
///
/// It can be shared between threads. Dropping it makes durable what is queued and answers it.
///
/// **Example**
/// ```
/// use backstop_core::{Genesis, RULES_VERSION, policy::Limits};
/// use backstop_engine::{Engine, Options};
/// use backstop_units::Label;
/// let genesis = Genesis {
///     ledger: Label::parse("demo").unwrap(),
///     rules: RULES_VERSION,
///     preset: Label::parse("backstop").unwrap(),
///     limits: Limits::default(),
///     setup: vec![],
/// };
/// let engine = Engine::memory(&genesis, Options::default())?;
/// assert_eq!(engine.head().size, 1);
/// assert_eq!(engine.read(|state| state.accounts.len()), 0);
/// # Ok::<(), backstop_engine::EngineError>(())
/// ```
pub struct Engine {
    /// The channels; none once the engine is being dropped.
    doors: Option<Doors>,
    shared: Arc<Shared>,
    replica: Arc<Replica>,
    feed: Arc<Feed>,
    read_model: Option<ReadModel>,
    clock: Arc<dyn Clock>,
    path: Option<PathBuf>,
    ledger: Label,
    command_bytes: usize,
    threads: Vec<JoinHandle<()>>,
}

/// Tells that a thread ended by a panic.
struct Watch {
    shared: Arc<Shared>,
    name: &'static str,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.stop(Failure::ThreadGone(self.name));
        }
    }
}

struct Doors {
    requests: Sender<Request>,
    committer: Sender<committer::Job>,
    follower: Sender<follower::Job>,
}

/// A state, the log behind it, and where both are kept.
struct Start {
    recovered: Recovered,
    tree: TreeState,
    store: Box<dyn Store>,
    path: Option<PathBuf>,
}

impl Engine {
    /// Begins a ledger in a new file.
    ///
    /// # Errors
    /// [`EngineError::Genesis`] when its setup is refused; nothing is created then. Otherwise
    /// [`EngineError::Journal`], [`EngineError::Thread`].
    pub fn create(
        path: impl AsRef<Path>,
        genesis: &Genesis,
        options: Options,
    ) -> Result<Self, EngineError> {
        let path = path.as_ref();
        let record = genesis_record(genesis, options.clock.now())?;
        let meta = GenesisMeta { ledger_id: *genesis.ledger.bytes() };
        let mut journal = SqliteJournal::create(path, &meta)?;
        configure(&mut journal, &options)?;
        Self::begin(Box::new(journal), Some(path.to_owned()), &record, options)
    }

    /// Begins a ledger in memory: for scenarios and tests.
    ///
    /// # Errors
    /// As [`Engine::create`].
    pub fn memory(genesis: &Genesis, options: Options) -> Result<Self, EngineError> {
        let meta = GenesisMeta { ledger_id: *genesis.ledger.bytes() };
        let mut journal = SqliteJournal::memory(&meta)?;
        configure(&mut journal, &options)?;
        Self::create_on(Box::new(journal), genesis, options)
    }

    /// Begins a ledger on an empty store of the caller's own.
    ///
    /// # Errors
    /// As [`Engine::create`].
    pub fn create_on(
        store: Box<dyn Store>,
        genesis: &Genesis,
        options: Options,
    ) -> Result<Self, EngineError> {
        let record = genesis_record(genesis, options.clock.now())?;
        Self::begin(store, None, &record, options)
    }

    /// Opens a ledger: the latest snapshot, then the records after it.
    ///
    /// # Errors
    /// [`EngineError::Journal`], [`EngineError::NotBegun`], [`EngineError::Replay`],
    /// [`EngineError::Thread`].
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, EngineError> {
        let path = path.as_ref();
        let mut journal = SqliteJournal::open(path, Access::Append)?;
        configure(&mut journal, &options)?;
        let tree = journal.tree()?;
        let recovered = recover(&journal)?;
        let path = Some(path.to_owned());
        Self::start(Start { recovered, tree, store: Box::new(journal), path }, options)
    }

    fn begin(
        mut store: Box<dyn Store>,
        path: Option<PathBuf>,
        record: &Record,
        options: Options,
    ) -> Result<Self, EngineError> {
        let mut builder = BatchBuilder::new(TreeState::new());
        builder.push(&record.encode())?;
        let batch: Batch = builder.finish();
        store.append(&batch)?;
        let recovered = Recovered::begin(record)
            .map_err(|corrupt| EngineError::Replay { seq: record.seq, corrupt })?;
        Self::start(Start { recovered, tree: builder.tree().clone(), store, path }, options)
    }

    fn start(start: Start, options: Options) -> Result<Self, EngineError> {
        let Start { recovered: Recovered { state, ids, snapshot }, tree, store, path } = start;
        let head = Head { size: tree.size(), root: Hash::new(tree.root()) };
        if head.size != state.meta.next.get() {
            let corrupt = backstop_core::Corrupt::OutOfOrder;
            return Err(EngineError::Replay { seq: state.meta.next, corrupt });
        }
        let queue = QueueLimits {
            commands: options.queue_commands,
            bytes: options.queue_bytes,
            lag_bytes: options.lag_bytes,
        };
        let shared = Arc::new(Shared::new(head, queue));
        if let Some(left) = store.bytes_left()? {
            shared.bytes_left.store(left, Ordering::Release);
        }
        let clock: Arc<dyn Clock> = Arc::from(options.clock);
        let mut engine = Self {
            doors: None,
            replica: Arc::new(Replica::new(state.clone())),
            feed: Arc::default(),
            read_model: None,
            clock: Arc::clone(&clock),
            path,
            ledger: state.meta.ledger,
            command_bytes: options.command_bytes,
            threads: Vec::with_capacity(3),
            shared: Arc::clone(&shared),
        };
        let writer = Writer {
            ids: IdWindow::new(ids.clone(), &state.meta.limits, options.ids_expected),
            state,
            builder: BatchBuilder::new(tree),
            guard: JumpGuard::new(&*clock, options.confirm_clock),
            clock,
            shared,
            limits: BatchLimits { commands: options.batch_commands, bytes: options.batch_bytes },
            desk: Desk::default(),
        };
        engine.spawn(writer, store, ids, (options.snapshot_every, snapshot))?;
        if let Some(path) = options.read_model {
            engine.keep_read_model(path)?;
        }
        Ok(engine)
    }

    fn keep_read_model(&mut self, path: PathBuf) -> Result<(), EngineError> {
        let journal = self.path.clone().ok_or(EngineError::InMemory)?;
        let (feed, engine) = (Arc::clone(&self.feed), Arc::clone(&self.shared));
        let ground = Ground { path, ledger: self.ledger, journal, feed, engine };
        let (read_model, thread) = ReadModel::start(ground)?;
        self.read_model = Some(read_model);
        self.threads.push(thread);
        Ok(())
    }

    /// Starts the three threads, the last one in line first.
    fn spawn(
        &mut self,
        writer: Writer,
        store: Box<dyn Store>,
        ids: IdLog,
        (every, taken): (u64, u64),
    ) -> Result<(), EngineError> {
        let (to_writer, requests) = unbounded();
        let (to_committer, commits) = bounded(WAITING_MAX.saturating_add(2));
        let (to_follower, follows) = unbounded();
        let (done, committed) = unbounded();
        let head = self.shared.head();
        let follower = Follower {
            replica: Arc::clone(&self.replica),
            feed: Arc::clone(&self.feed),
            ids,
            root: head.root,
            shared: Arc::clone(&self.shared),
            path: self.path.clone(),
            every,
            taken,
            storing: None,
        };
        let committer = Committer {
            store,
            shared: Arc::clone(&self.shared),
            follower: to_follower.clone(),
            cached: None,
        };
        let to_commit = to_committer.clone();
        self.thread("backstop-follower", move || follower.run(&follows))?;
        self.thread("backstop-committer", move || committer.run(&commits, &done))?;
        self.thread("backstop-writer", move || writer.run(&requests, &to_commit, &committed))?;
        self.doors =
            Some(Doors { requests: to_writer, committer: to_committer, follower: to_follower });
        Ok(())
    }

    fn thread(
        &mut self,
        name: &'static str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), EngineError> {
        let watch = Watch { shared: Arc::clone(&self.shared), name };
        let watched = move || {
            body();
            drop(watch);
        };
        let started = std::thread::Builder::new().name(name.into()).spawn(watched);
        self.threads.push(started.map_err(|source| EngineError::Thread { name, source })?);
        Ok(())
    }
}

/// Commands.
impl Engine {
    /// Queues a command and returns at once.
    ///
    /// # Errors
    /// [`RejectCode::QueueFull`], [`RejectCode::BatchTooLarge`] or [`RejectCode::Stopped`] at once;
    /// everything else comes with the answer.
    pub fn submit(&self, command: Command) -> Result<Ticket, Reject> {
        let (to, answer) = bounded(1);
        self.queue(vec![command], Reply::One(to))?;
        Ok(Ticket { answers: answer, shared: Arc::clone(&self.shared) })
    }

    /// As [`Engine::submit`], for callers with a runtime of their own: `then` gets the answer, on the
    /// committer's thread, and must not block.
    ///
    /// # Errors
    /// As [`Engine::submit`]; `then` is not called in that case.
    pub fn submit_then(
        &self,
        command: Command,
        then: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<(), Reject> {
        self.queue(vec![command], Reply::Call(Box::new(then)))
    }

    /// As [`Engine::submit_then`], but `then` gets the answer once reads see what was recorded: on the
    /// follower's thread, or on the committer's if they do already or if the command was refused. It also
    /// says whether they do, which is false only when the engine ended in between; the command is durable
    /// all the same.
    ///
    /// # Errors
    /// As [`Engine::submit`]; `then` is not called in that case.
    pub fn submit_until_read(
        &self,
        command: Command,
        then: impl FnOnce(Answer, bool) + Send + 'static,
    ) -> Result<(), Reject> {
        let replica = Arc::clone(&self.replica);
        self.submit_then(command, move |answer| match answer {
            Ok(receipt) => {
                let wanted = receipt.seq.next().get();
                replica.when(wanted, Box::new(move |read| then(Ok(receipt), read)));
            }
            refused @ Err(_) => then(refused, false),
        })
    }

    /// Queues many commands as one message. They are independent of each other: each is recorded or
    /// refused by itself, in this order. (All or nothing is the `linked` command.)
    ///
    /// # Errors
    /// As [`Engine::submit`], for all of them together.
    pub fn submit_many(&self, commands: Vec<Command>) -> Result<BatchTicket, Reject> {
        let (to, answers) = bounded(1);
        let count = commands.len();
        if count == 0 {
            // Nothing to record, so nothing that the committer would ever answer: `to` is dropped and
            // the ticket gives its zero answers.
            return Ok(BatchTicket { answers, count, shared: Arc::clone(&self.shared) });
        }
        self.queue(commands, Reply::Many(to))?;
        Ok(BatchTicket { answers, count, shared: Arc::clone(&self.shared) })
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// The reject.
    pub fn call(&self, command: Command) -> Answer {
        self.submit(command)?.wait()
    }

    /// Sends many commands and waits for all answers, in the order of the commands.
    pub fn call_many(&self, commands: Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        match self.submit_many(commands) {
            Ok(ticket) => ticket.wait(),
            Err(reject) => vec![Err(reject); count],
        }
    }

    fn queue(&self, commands: Vec<Command>, reply: Reply) -> Result<(), Reject> {
        let mut bytes = 0usize;
        for command in &commands {
            let got = weight(command);
            if got > self.command_bytes {
                return Err(Reject::new(RejectCode::BatchTooLarge, got, self.command_bytes));
            }
            bytes = bytes.saturating_add(got);
        }
        let doors = self.doors.as_ref().ok_or(STOPPED)?;
        self.shared.admit(commands.len(), bytes)?;
        let request = Request { commands, bytes, reply };
        doors.requests.send(request).map_err(|_| STOPPED)
    }

    /// Answers as the command would be answered now, and records nothing. Whether its id was used
    /// before is not looked at, only whether the id's time is allowed.
    ///
    /// # Errors
    /// The reject.
    pub fn dry_run(&self, command: &Command) -> Answer {
        self.rehearse(command, |_, receipt| receipt)
    }

    /// As [`Engine::dry_run`], and lets `look` see the state as it would be then.
    ///
    /// # Errors
    /// The reject; `look` is not asked then.
    pub fn rehearse<T>(
        &self,
        command: &Command,
        look: impl FnOnce(&State, Receipt) -> T,
    ) -> Result<T, Reject> {
        let checked = Checked::new(self.ledger, command)?;
        let mut state = self.replica.write();
        let time = self.clock.now().max(state.meta.now);
        IdLog::new(0).check_time(command.id, time, &state.meta.limits)?;
        let seq = state.meta.next;
        let rehearsed = rehearse(&mut state, &checked, time, |state, events| {
            look(state, Receipt { seq, time, events: events.to_vec(), replayed: false })
        });
        rehearsed.map_err(|halt| match halt {
            Halt::Reject(reject) => reject,
            Halt::Corrupt(_) => STOPPED,
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.doors.take());
        for thread in self.threads.drain(..) {
            // A thread that panicked has already stopped the engine for its callers.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("ledger", &self.ledger)
            .field("path", &self.path)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
