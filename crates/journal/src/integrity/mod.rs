//! The whole journal against itself: is each record the one that was committed, in its place?
//!
//! [`check`] reads the file once, front to back, and recomputes the tree. What it compares:
//!
//! | stored | with |
//! | --- | --- |
//! | each record's tag | the record's leaf hash |
//! | each batch's root | the tree over all records so far |
//! | each tile | the hashes of that tree |
//! | each checkpoint and snapshot | the root at its size |
//! | sequence numbers of the rows | each other: no gap, no overlap |
//!
//! Where they disagree it finds out which of them is wrong, so that a finding names the damaged
//! record and not everything after it; `diagnose` says how. [`Checker`] is the same check fed
//! batch by batch, for a caller that wants to look at the records in the same pass.
//!
//! What it can't see: records cut off at the end together with everything that mentions them, or
//! a journal rewritten from some point on. Both are found against a checkpoint that was kept
//! elsewhere: [`Checker::expect`].

mod anchors;
mod checker;
mod diagnose;
mod findings;
mod suspects;

pub use checker::{Checker, Verdict};
pub use findings::{FINDINGS_MAX, Finding, FindingKind};

use crate::error::JournalError;
use crate::merkle::Hash;
use crate::store::SqliteJournal;

/// What a check went through and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityReport {
    /// Records that have a place in the journal, damaged ones included.
    pub records: u64,
    /// Batch rows read.
    pub batches: u64,
    /// Full tiles compared.
    pub tiles: u64,
    /// Checkpoints and snapshots whose root was compared.
    pub anchors: u64,
    /// The recomputed root over all records.
    pub root: Hash,
    /// What is wrong, by sequence number; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond that number.
    pub findings_omitted: u64,
}

impl IntegrityReport {
    /// Whether nothing is wrong.
    pub const fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.findings_omitted == 0
    }
}

/// Checks a whole journal: the structure of the file, then everything in it.
///
/// # Errors
///
/// Only where the machine is at fault ([`JournalError::Sqlite`], [`JournalError::Io`]);
/// damage is a finding.
///
/// **Complexity** one pass over the file for its structure and one for its contents, with about
/// one leaf hash and one node hash for each record; memory for one batch.
pub fn check(journal: &SqliteJournal) -> Result<IntegrityReport, JournalError> {
    let mut checker = Checker::new(journal)?;
    checker.check_structure()?;
    for row in journal.raw_batches() {
        match row {
            Ok(batch) => {
                checker.feed(&batch)?;
            }
            Err(error) => checker.feed_unreadable(error)?,
        }
    }
    checker.finish()
}
