//! Which rules this program knows, and what it says of a ledger that follows newer ones.
//!
//! A ledger moves to newer rules by a record of its own, `activate_rules`. A program that does not know them must not
//! decide a command of that ledger, and could misread its events, so it refuses the journal as a whole.

use backstop_core::{Corrupt, Event, RULES_VERSION, Record, State};
use backstop_units::Seq;

use crate::error::EngineError;

/// Whether this program can decide by these rules.
pub(crate) const fn is_known(rules: u16) -> bool {
    rules >= 1 && rules <= RULES_VERSION
}

/// The rules version at the front of a record, if this program does not know it.
pub(crate) fn newer_rules(bytes: &[u8]) -> Option<u16> {
    let (_, rest) = bytes.split_at_checked(16)?;
    let (rules, _) = rest.split_first_chunk::<2>()?;
    let rules = u16::from_le_bytes(*rules);
    (rules > RULES_VERSION).then_some(rules)
}

/// Whether some events switch a ledger to rules that this program does not know.
pub(crate) fn leads_beyond(events: &[Event]) -> bool {
    let newer = |event: &Event| matches!(event, Event::RulesActivated { version } if *version > RULES_VERSION);
    events.iter().any(newer)
}

/// Refuses a state that follows newer rules than this program knows.
///
/// # Errors
/// [`EngineError::NewerRules`] with the last record of the state.
pub fn check_rules(state: &State) -> Result<(), EngineError> {
    let (got, next) = (state.meta.rules, state.meta.next.get());
    if got <= RULES_VERSION {
        return Ok(());
    }
    let seq = Seq::new(next.saturating_sub(1));
    Err(EngineError::NewerRules { seq, got, limit: RULES_VERSION })
}

/// Reads a record of a journal.
///
/// # Errors
/// [`EngineError::NewerRules`] for one that newer rules have made, [`EngineError::Replay`] for one that can't be read.
pub fn decode_record(seq: Seq, bytes: &[u8]) -> Result<Record, EngineError> {
    Record::decode(bytes).map_err(|corrupt: Corrupt| match newer_rules(bytes) {
        Some(got) => EngineError::NewerRules { seq, got, limit: RULES_VERSION },
        None => EngineError::Replay { seq, corrupt },
    })
}
