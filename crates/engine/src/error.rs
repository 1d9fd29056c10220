//! What can go wrong around the rules: files, threads, and a log that does not fit.

use backstop_core::{Corrupt, Halt};
use backstop_journal::JournalError;
use backstop_units::Seq;

use crate::read_model::ReadModelError;

/// Why an engine could not begin, open or do what is no command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The journal could not be made, opened or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The read model could not be opened.
    #[error(transparent)]
    ReadModel(#[from] ReadModelError),
    /// The setup of a genesis was refused.
    #[error("setup command {}: {halt}", step.saturating_add(1))]
    Genesis {
        /// Which setup command, counted from 0.
        step: usize,
        /// Why.
        halt: Box<Halt>,
    },
    /// The journal holds no genesis: its creation was cut short.
    #[error("the journal was never begun: delete it and create it again")]
    NotBegun,
    /// A record can't be replayed.
    #[error("record {seq} can't be replayed, {corrupt}: run `verify` and restore a copy")]
    Replay {
        /// Which record.
        seq: Seq,
        /// Why.
        corrupt: Corrupt,
    },
    /// The ledger follows newer rules than this program knows.
    #[error(
        "record {seq}: the ledger follows rules {got}, this program knows them up to {limit}: use a newer program, or go back to a backup from before the change"
    )]
    NewerRules {
        /// The record that shows it.
        seq: Seq,
        /// Its rules.
        got: u16,
        /// The newest that this program knows.
        limit: u16,
    },
    /// The system has no thread left.
    #[error("could not start the {name} thread")]
    Thread {
        /// Which one.
        name: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The journal lies in memory, where this can't be done.
    #[error("the journal lies in memory: create it in a file")]
    InMemory,
    /// A thread of the engine has ended.
    #[error("the engine has stopped: look at its failure, then open the journal again")]
    Stopped,
    /// The follower has not come that far in time.
    #[error("the follower is at record {applied}, not yet at {wanted}: try again")]
    Lagging {
        /// Records that it has applied.
        applied: u64,
        /// Records that were asked for.
        wanted: u64,
    },
}

/// Why the writer has stopped. Reads go on; a restart recovers from the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A batch did not become durable.
    #[error("a batch could not be made durable: {0}")]
    Append(#[source] JournalError),
    /// The rules met a broken state while deciding.
    #[error("deciding record {seq}: {corrupt}")]
    Decide {
        /// The record that would have been next.
        seq: Seq,
        /// What broke.
        corrupt: Corrupt,
    },
    /// A committed record does not fit the follower's state.
    #[error("following record {seq}: {corrupt}")]
    Follow {
        /// Which record.
        seq: Seq,
        /// What broke.
        corrupt: Corrupt,
    },
    /// A scan of the whole state found a broken invariant.
    #[error("after record {seq}: {corrupt}")]
    Invariant {
        /// The number of records in the state.
        seq: Seq,
        /// What broke.
        corrupt: Corrupt,
    },
    /// A record that was decided can't be put into a batch.
    #[error("record {seq} can't be stored: {source}")]
    Build {
        /// Which record.
        seq: Seq,
        /// Why.
        source: JournalError,
    },
    /// A thread ended that should not have.
    #[error("the {0} thread has ended")]
    ThreadGone(&'static str),
}
