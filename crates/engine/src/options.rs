//! Settings of an engine that are no part of a ledger: they may differ from run to run.

use std::path::PathBuf;

use crate::clock::{Clock, SystemClock};

/// How an engine runs.
#[derive(Debug)]
pub struct Options {
    /// Where time comes from.
    pub clock: Box<dyn Clock>,
    /// Commands that may wait for the writer; more are refused.
    pub queue_commands: usize,
    /// Bytes of commands that may wait for the writer.
    pub queue_bytes: usize,
    /// Bytes that one command may have.
    pub command_bytes: usize,
    /// Commands in one batch.
    pub batch_commands: usize,
    /// Bytes of records in one batch.
    pub batch_bytes: usize,
    /// Bytes of committed batches that the follower may lag behind before commands are refused.
    pub lag_bytes: usize,
    /// Command ids to make room for at once; growing later holds the writer up for a moment.
    pub ids_expected: usize,
    /// Records from one snapshot to the next; 0 takes none by itself.
    pub snapshot_every: u64,
    /// Bytes that the journal file may grow to.
    pub journal_bytes: Option<u64>,
    /// The journal is thrown away unless it is finished: batches are answered before they would survive a
    /// loss of power, and all is on the disk when the engine is dropped.
    pub sync_at_end: bool,
    /// Where to keep the read model, usually [`beside`](crate::read_model::beside) the journal; none is
    /// kept without.
    pub read_model: Option<PathBuf>,
    /// An operator has looked at the clock: a jump in this run is taken as confirmed.
    pub confirm_clock: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock::default()),
            queue_commands: 65_536,
            queue_bytes: 64 << 20,
            command_bytes: 1 << 20,
            batch_commands: 8_192,
            batch_bytes: 4 << 20,
            lag_bytes: 256 << 20,
            ids_expected: 1 << 16,
            snapshot_every: 1_000_000,
            journal_bytes: None,
            sync_at_end: false,
            read_model: None,
            confirm_clock: false,
        }
    }
}

impl Options {
    /// The default settings with another clock.
    pub fn with_clock(clock: impl Clock + 'static) -> Self {
        Self { clock: Box::new(clock), ..Self::default() }
    }
}
