//! How the venue reaches the core: one trait, and a plain implementation in memory.

use backstop_core::{
    Body, Checked, Command, Event, Genesis, Halt, State, apply, begin, command::Approvals,
    invariants,
};
use backstop_units::{Label, Timestamp};
use std::error::Error;

/// Why a ledger did not take a command.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The core stopped: a refusal, or an invariant.
    #[error("command {at} of the batch: {halt}")]
    Halt {
        /// Position in the batch, counted from zero; of a genesis: in its setup.
        at: usize,
        /// Why.
        halt: Box<Halt>,
    },
    /// The machinery behind it failed: a disk, a queue, a lock.
    #[error("the ledger failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// A ledger that takes commands. Ids are made by the implementation, in the order of the commands.
pub trait Ledger {
    /// Sends commands of one actor at one time; each stands or falls alone, in order, and the first
    /// that is refused ends the call. Returns all their events in order. Without commands nothing happens.
    ///
    /// # Errors
    /// [`LedgerError`]; what came before the failed command stands.
    fn send_all(
        &mut self,
        at: Timestamp,
        actor: Label,
        bodies: Vec<Body>,
    ) -> Result<Vec<Event>, LedgerError>;

    /// Sends one command with signatures.
    ///
    /// # Errors
    /// As [`Ledger::send_all`].
    fn send_signed(
        &mut self,
        at: Timestamp,
        actor: Label,
        body: Body,
        approvals: Approvals,
    ) -> Result<Vec<Event>, LedgerError>;

    /// Looks at the state after everything sent so far.
    ///
    /// # Errors
    /// [`LedgerError::Failed`] when the state can't be reached.
    fn read<R>(&mut self, look: impl FnOnce(&State) -> R) -> Result<R, LedgerError>;

    /// Sends one command.
    ///
    /// # Errors
    /// As [`Ledger::send_all`].
    fn send(&mut self, at: Timestamp, actor: Label, body: Body) -> Result<Vec<Event>, LedgerError> {
        self.send_all(at, actor, vec![body])
    }
}

/// A ledger in memory, without a log: for tests and sweeps.
#[derive(Debug)]
pub struct Memory {
    state: State,
    scratch: Vec<Event>,
    commands: u64,
}

impl Memory {
    /// Begins a ledger.
    ///
    /// # Errors
    /// [`LedgerError::Halt`] with the position of the refused setup command.
    pub fn begin(genesis: &Genesis, at: Timestamp) -> Result<Self, LedgerError> {
        let (state, _) = begin(genesis, at)
            .map_err(|(at, halt)| LedgerError::Halt { at, halt: Box::new(halt) })?;
        Ok(Self { state, scratch: Vec::new(), commands: 0 })
    }

    /// The state after everything sent so far.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// How many commands were taken.
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Counts the core's numbered invariants.
    ///
    /// # Errors
    /// [`LedgerError::Halt`] with the first that is broken.
    pub fn check(&self) -> Result<(), LedgerError> {
        invariants::check(&self.state)
            .map_err(|corrupt| LedgerError::Halt { at: 0, halt: Box::new(corrupt.into()) })
    }
}

impl Memory {
    /// Takes one command, the `place`th of its call.
    fn take(
        &mut self,
        (place, at): (usize, Timestamp),
        actor: Label,
        body: Body,
        approvals: Option<Approvals>,
    ) -> Result<(), LedgerError> {
        let id = Label::from_bytes((u128::from(self.commands) + 1).to_be_bytes());
        let command = Command { id, actor, occurred_at: None, body, approvals };
        let halted = |halt| LedgerError::Halt { at: place, halt: Box::new(halt) };
        let checked = match &command.approvals {
            Some(_) => Checked::new(self.state.meta.ledger, &command),
            None => Checked::trusting(&command),
        };
        let checked = checked.map_err(|reject| halted(reject.into()))?;
        apply(&mut self.state, &checked, at, &mut self.scratch).map_err(halted)?;
        self.commands += 1;
        Ok(())
    }
}

impl Ledger for Memory {
    fn send_all(
        &mut self,
        at: Timestamp,
        actor: Label,
        bodies: Vec<Body>,
    ) -> Result<Vec<Event>, LedgerError> {
        let mut events = Vec::with_capacity(bodies.len());
        for (place, body) in bodies.into_iter().enumerate() {
            self.take((place, at), actor, body, None)?;
            events.append(&mut self.scratch);
        }
        Ok(events)
    }

    fn send_signed(
        &mut self,
        at: Timestamp,
        actor: Label,
        body: Body,
        approvals: Approvals,
    ) -> Result<Vec<Event>, LedgerError> {
        self.take((0, at), actor, body, Some(approvals))?;
        Ok(core::mem::take(&mut self.scratch))
    }

    fn read<R>(&mut self, look: impl FnOnce(&State) -> R) -> Result<R, LedgerError> {
        Ok(look(&self.state))
    }
}
