//! What a snapshot file holds: the state's canonical bytes, and the id window as the rest.

use backstop_core::State;
use backstop_journal::snapshot::Snapshot;

use crate::window::IdLog;

/// What a snapshot holds.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) state: State,
    pub(crate) ids: IdLog,
}

/// The bytes of the state and of the window.
pub(crate) fn encode(state: &State, ids: &IdLog) -> (Vec<u8>, Vec<u8>) {
    // Writing into memory can't fail.
    (state.to_bytes(), borsh::to_vec(ids).unwrap_or_default())
}

/// Reads a snapshot; none if its bytes don't fit, or are of another layout.
pub(crate) fn decode(snapshot: &Snapshot) -> Option<Payload> {
    let state = State::from_bytes(&snapshot.state).ok()?;
    let ids: IdLog = borsh::from_slice(&snapshot.rest).ok()?;
    (ids.next_seq() == state.meta.next.get()).then_some(Payload { state, ids })
}
