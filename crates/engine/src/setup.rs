//! What an engine does before and beside its threads: the genesis record, settings of a journal, what a
//! command weighs.

use backstop_core::{Body, Command, Entry, Genesis, Record, begin};
use backstop_journal::SqliteJournal;
use backstop_units::{Seq, Timestamp};

use crate::{error::EngineError, options::Options};

/// Carries the setup out and writes down what it meant.
pub(crate) fn genesis_record(genesis: &Genesis, time: Timestamp) -> Result<Record, EngineError> {
    let (_, events) = begin(genesis, time)
        .map_err(|(step, halt)| EngineError::Genesis { step, halt: Box::new(halt) })?;
    let entry = Entry::Genesis(genesis.clone());
    Ok(Record { seq: Seq::default(), time, rules: genesis.rules, entry, events })
}

/// Sets a journal as the options say.
pub(crate) fn configure(journal: &mut SqliteJournal, options: &Options) -> Result<(), EngineError> {
    if let Some(bytes) = options.journal_bytes {
        journal.set_bytes_max(bytes)?;
    }
    if options.sync_at_end {
        journal.sync_at_end()?;
    }
    Ok(())
}

/// Bytes that a command takes up in the queue and the log, about.
pub(crate) fn weight(command: &Command) -> usize {
    let own = size_of::<Command>();
    match &command.body {
        // The command that comes by the million has a fixed size.
        Body::SettleLiquidation(_) if command.approvals.is_none() => own,
        _ => borsh::object_length(command).unwrap_or(usize::MAX).max(own),
    }
}
