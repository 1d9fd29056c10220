//! The payload of a snapshot: the state's canonical bytes, then the id window.
//!
//! | bytes | what |
//! | --- | --- |
//! | n | state, as `State::to_bytes` gives it |
//! | m | the id window |
//! | 8 | n, little endian |
//! | 4 | version of this layout, little endian |
//!
//! The lengths stand at the end so that 250 MiB of state need not be moved.

use backstop_core::State;

use crate::window::IdLog;

/// The layout that this program writes and reads.
const VERSION: u32 = 1;

/// What a snapshot holds.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) state: State,
    pub(crate) ids: IdLog,
}

/// The payload and the length of the state at its front.
pub(crate) fn encode(state: &State, ids: &IdLog) -> (Vec<u8>, usize) {
    let mut bytes = state.to_bytes();
    let length = bytes.len();
    // Writing into memory can't fail.
    let _ = borsh::to_writer(&mut bytes, ids);
    bytes.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    (bytes, length)
}

/// The state's bytes and the window's.
pub(crate) fn split(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, version) = payload.split_last_chunk::<4>()?;
    let (rest, length) = rest.split_last_chunk::<8>()?;
    if u32::from_le_bytes(*version) != VERSION {
        return None;
    }
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// Reads a payload; none for another layout or bytes that don't fit.
pub(crate) fn decode(payload: &[u8]) -> Option<Payload> {
    let (state, ids) = split(payload)?;
    let state = State::from_bytes(state).ok()?;
    let ids: IdLog = borsh::from_slice(ids).ok()?;
    (ids.next_seq() == state.meta.next.get()).then_some(Payload { state, ids })
}
