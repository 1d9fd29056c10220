//! One command, one transaction: emit events, and all of them stand or none.

use crate::{
    event::Event,
    evolve,
    reject::{Corrupt, Halt, Reject},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::Timestamp;

/// A state in the middle of a command. Dropped without [`Txn::commit`], it leaves no trace.
#[derive(Debug)]
pub(crate) struct Txn<'a> {
    state: &'a mut State,
    events: &'a mut Vec<Event>,
    done: bool,
}

impl<'a> Txn<'a> {
    /// Begins on a committed state; `events` is emptied and collects what is emitted.
    pub(crate) fn begin(state: &'a mut State, events: &'a mut Vec<Event>) -> Self {
        events.clear();
        Self { state, events, done: false }
    }

    /// The state as the events so far have made it.
    #[inline]
    pub(crate) fn state(&self) -> &State {
        self.state
    }

    /// What was emitted so far.
    pub(crate) fn events(&self) -> &[Event] {
        self.events
    }

    /// Applies one event and records it.
    ///
    /// # Errors
    /// [`Corrupt`]; or an overflow as a reject, since nothing is a fact before the commit.
    #[inline]
    pub(crate) fn emit(&mut self, event: Event) -> Result<(), Halt> {
        match evolve::evolve(self.state, &event) {
            Ok(()) => {
                self.events.push(event);
                Ok(())
            }
            // What would not fit the books is refused before it is a fact.
            Err(Corrupt::Overflow) => Err(Reject::overflow().into()),
            Err(corrupt) => Err(corrupt.into()),
        }
    }

    /// Moves the ledger's clock; rolled back with the rest.
    pub(crate) fn set_time(&mut self, now: Timestamp) {
        self.state.meta.now = now;
    }

    /// Moves the ledger's clock and sequence number; rolled back with the rest.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.state.meta.now = now;
        self.state.meta.next = self.state.meta.next.next();
    }

    /// Lets the changes stand.
    pub(crate) fn commit(mut self) {
        self.state.commit();
        self.done = true;
    }
}

impl Drop for Txn<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.state.rollback();
        }
    }
}

/// Applies the events of a committed record: replay needs nothing else.
///
/// # Errors
/// [`Corrupt`] when an event does not fit the state; the state is then as before.
pub(crate) fn replay(state: &mut State, now: Timestamp, events: &[Event]) -> Result<(), Corrupt> {
    state.meta.now = now;
    let applied = events.iter().try_for_each(|event| evolve::evolve(state, event));
    if let Err(corrupt) = applied {
        state.rollback();
        return Err(corrupt);
    }
    state.meta.next = state.meta.next.next();
    state.commit();
    Ok(())
}
