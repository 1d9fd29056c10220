//! The ledger behind a verb: read-only from its journal, in memory, or through the durable engine.

use crate::{
    commands::show::halted,
    exit::{Failure, chain},
};
use backstop_api::{Host, HostError};
use backstop_core::{
    Body, Command, Corrupt, Event, Genesis, Halt, Record, Reject, State, command::Approvals,
};
use backstop_engine::{
    Engine, EngineError, Options, ScenarioClock, check_rules, decode_record, ids::uuid7,
};
use backstop_journal::{Access, JournalError, SqliteJournal};
use backstop_risk::{Ledger, LedgerError};
use backstop_units::{Label, Seq, Timestamp};
use std::{ops::ControlFlow, path::Path, time::Duration};

/// How long a reader waits for the follower before it says so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A journal's failure, with the file's name.
pub(crate) fn journal_failure(path: &Path, error: &JournalError) -> Failure {
    Failure::file(path, error)
}

/// Opens a journal to read.
///
/// # Errors
/// [`Failure::Environment`] when it is missing, foreign, newer or damaged.
pub(crate) fn open(path: &Path) -> Result<SqliteJournal, Failure> {
    SqliteJournal::open(path, Access::ReadOnly).map_err(|error| journal_failure(path, &error))
}

/// The state at the journal's end.
///
/// # Errors
/// As [`open`]; [`Failure::Unverified`] when a record does not fit.
pub(crate) fn load(path: &Path) -> Result<State, Failure> {
    let journal = open(path)?;
    backstop_engine::load(&journal).map_err(|error| Failure::file(path, &error))
}

/// Walks every record in order, with the state after it; returns the last one.
///
/// # Errors
/// As [`load`], and what `visit` returns.
pub(crate) fn walk(
    path: &Path,
    mut visit: impl FnMut(&State, &Record) -> Result<(), Failure>,
) -> Result<State, Failure> {
    steps(path, |step| match step {
        Step::Before(..) => Ok(ControlFlow::Continue(())),
        Step::After(state, record) => visit(state, record).map(ControlFlow::Continue),
    })
}

/// One of two looks at a record.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// With the state right before it; there is none before the genesis.
    Before(Option<&'a State>, &'a Record),
    /// With the state right after it.
    After(&'a State, &'a Record),
}

/// Walks records in order, with the states before and after each, until `visit` breaks off; returns the
/// state that it saw last.
///
/// # Errors
/// As [`load`], and what `visit` returns.
pub(crate) fn steps(
    path: &Path,
    mut visit: impl FnMut(Step<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<State, Failure> {
    let journal = open(path)?;
    let mut state: Option<State> = None;
    let empty = || Failure::Environment(format!("{}: the journal is empty", path.display()));
    for batch in journal.batches_from(0) {
        let batch = batch.map_err(|error| journal_failure(path, &error))?;
        for item in batch.records() {
            let (seq, bytes) = item.map_err(|error| journal_failure(path, &error))?;
            let broken = |corrupt: Corrupt| halted(corrupt.into());
            let unknown = |error: EngineError| Failure::file(path, &error);
            let record = decode_record(Seq::new(seq), bytes).map_err(unknown)?;
            if visit(Step::Before(state.as_ref(), &record))?.is_break() {
                return state.ok_or_else(empty);
            }
            let next = match state.take() {
                None => backstop_core::replay_genesis(&record).map_err(broken)?,
                Some(mut state) => {
                    backstop_core::replay(&mut state, &record).map_err(broken)?;
                    state
                }
            };
            check_rules(&next).map_err(unknown)?;
            let flow = visit(Step::After(&next, &record))?;
            if flow.is_break() {
                return Ok(next);
            }
            state = Some(next);
        }
    }
    state.ok_or_else(empty)
}

/// The durable engine under a scenario's clock.
#[derive(Debug)]
pub(crate) struct Durable {
    engine: Engine,
    clock: ScenarioClock,
    commands: u64,
}

impl Durable {
    /// Begins a ledger in a new journal, or in memory without one.
    ///
    /// # Errors
    /// What the engine says, such as the setup command that was refused.
    pub(crate) fn create(
        path: Option<&Path>,
        genesis: &Genesis,
        start: Timestamp,
    ) -> Result<Self, EngineError> {
        let clock = ScenarioClock::at(start);
        let options = Options::with_clock(clock.clone());
        let engine = match path {
            Some(path) => Engine::create(path, genesis, options),
            None => Engine::memory(genesis, options),
        };
        Ok(Self { engine: engine?, clock, commands: 0 })
    }

    /// Begins a ledger in a journal that is thrown away unless it is finished; on the disk once dropped.
    ///
    /// # Errors
    /// As [`Durable::create`].
    pub(crate) fn unfinished(
        path: &Path,
        genesis: &Genesis,
        start: Timestamp,
    ) -> Result<Self, EngineError> {
        let clock = ScenarioClock::at(start);
        let options = Options { sync_at_end: true, ..Options::with_clock(clock.clone()) };
        Ok(Self { engine: Engine::create(path, genesis, options)?, clock, commands: 0 })
    }

    /// Looks at the state as of the last answer.
    fn state<T>(&self, look: impl FnOnce(&State) -> T) -> Result<T, EngineError> {
        let size = self.engine.head().size;
        self.engine.wait_for(Seq::new(size.saturating_sub(1)), PATIENCE)?;
        Ok(self.engine.read(look))
    }

    /// Why the writer has stopped, if it has: more than the callers were told.
    fn stopped(&self, reject: Reject) -> HostError {
        match self.engine.failed() {
            Some(failure) => HostError::Broken(chain(failure)),
            None => HostError::Reject(reject),
        }
    }
}

/// A failure of the engine on a file.
pub(crate) fn engine_failure(path: &Path, error: &EngineError) -> Failure {
    match error {
        EngineError::Genesis { halt, .. } if matches!(**halt, Halt::Reject(_)) => {
            Failure::Input(error.to_string())
        }
        _ => Failure::file(path, error),
    }
}

impl Host for Durable {
    fn send(
        &mut self,
        at: Timestamp,
        command: &Command,
        dry_run: bool,
    ) -> Result<(Seq, Vec<Event>), HostError> {
        self.clock.set(at);
        let answer =
            if dry_run { self.engine.dry_run(command) } else { self.engine.call(command.clone()) };
        let receipt = answer.map_err(|reject| self.stopped(reject))?;
        Ok((receipt.seq, receipt.events))
    }

    fn look<T>(&mut self, look: impl FnOnce(&State) -> T) -> Result<T, HostError> {
        self.state(look).map_err(|error| HostError::Broken(chain(&error)))
    }
}

impl Durable {
    /// Sends commands of one actor at one moment.
    fn call(
        &mut self,
        at: Timestamp,
        actor: Label,
        bodies: impl Iterator<Item = (Body, Option<Approvals>)>,
    ) -> Result<Vec<Event>, LedgerError> {
        self.clock.set(at);
        let mut commands = Vec::new();
        for (body, approvals) in bodies {
            let id = uuid7(at, self.commands);
            commands.push(Command { id, actor, occurred_at: None, body, approvals });
            self.commands += 1;
        }
        let mut events = Vec::new();
        for (place, answer) in self.engine.call_many(commands).into_iter().enumerate() {
            match answer.map_err(|reject| self.stopped(reject)) {
                Ok(receipt) => events.extend(receipt.events),
                Err(HostError::Reject(reject)) => {
                    return Err(LedgerError::Halt { at: place, halt: Box::new(reject.into()) });
                }
                Err(error) => return Err(LedgerError::Failed(Box::new(error))),
            }
        }
        Ok(events)
    }
}

impl Ledger for Durable {
    fn send_all(
        &mut self,
        at: Timestamp,
        actor: Label,
        bodies: Vec<Body>,
    ) -> Result<Vec<Event>, LedgerError> {
        self.call(at, actor, bodies.into_iter().map(|body| (body, None)))
    }

    fn send_signed(
        &mut self,
        at: Timestamp,
        actor: Label,
        body: Body,
        approvals: Approvals,
    ) -> Result<Vec<Event>, LedgerError> {
        self.call(at, actor, [(body, Some(approvals))].into_iter())
    }

    fn read<R>(&mut self, look: impl FnOnce(&State) -> R) -> Result<R, LedgerError> {
        self.state(look).map_err(|error| LedgerError::Failed(Box::new(error)))
    }
}
