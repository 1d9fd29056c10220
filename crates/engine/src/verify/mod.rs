//! Re-runs a whole log and reports, separately, whether it is whole, balanced and by the rules.
//!
//! ```text
//!   rows of the file ──▶ integrity: tree, tiles, roots, checkpoints, snapshots
//!        │
//!        └─▶ records ──▶ rules: decide again, compare events
//!                │
//!                └─────▶ books: turnover of every record, trial balance, invariants
//! ```
//!
//! One pass, one batch in memory. A wrong finding would be as bad as a missed one, so each names the
//! records it is about. Where the rules give other events than the log holds, the log's own events
//! are followed from there on, so that one difference is one finding.

mod books;
mod findings;
mod replay;

use std::path::Path;

use backstop_journal::{
    Access, JournalError, SqliteJournal,
    checkpoint::{Checkpoint, CheckpointError},
    integrity::Checker,
};
use backstop_units::{Hash, Label, Seq};
use ed25519_dalek::VerifyingKey;

pub use findings::{FINDINGS_MAX, Finding, Findings};
use replay::Replay;

/// What to verify, and against what.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Check every approval's signatures again.
    pub signatures: bool,
    /// Let `SQLite` check the structure of its pages as well, which reads the file once more. Damage
    /// that changes what a record, root or tile reads as is found without it.
    pub pages: bool,
    /// A checkpoint that was kept outside the journal.
    pub checkpoint: Option<KeptCheckpoint>,
}

/// A checkpoint from elsewhere. Only such a one shows a log that was cut or rewritten.
#[derive(Clone, Debug)]
pub struct KeptCheckpoint {
    /// Its text.
    pub text: String,
    /// The name and key that must have signed it; without them its root is taken on trust.
    pub signer: Option<(String, VerifyingKey)>,
}

/// Records that were decided by one version of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesRange {
    /// Which version.
    pub rules: u16,
    /// The first record.
    pub first: Seq,
    /// The last record.
    pub last: Seq,
    /// This program knows the version and has decided its records again.
    pub checked: bool,
}

/// What a verification went through and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many records the journal holds.
    pub size: u64,
    /// The recomputed root over them.
    pub root: Hash,
    /// The hash of the state after the last record that could be followed.
    pub state_hash: Hash,
    /// Records that are not what was committed, or contradict roots, tiles, checkpoints, snapshots.
    pub integrity: Findings,
    /// Records after which the books don't balance or an invariant is broken.
    pub books: Findings,
    /// Records whose events are not what the rules give.
    pub rules: Findings,
    /// The versions of the rules, in the order of the log.
    pub ranges: Vec<RulesRange>,
}

impl VerifyReport {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.integrity.is_empty() && self.books.is_empty() && self.rules.is_empty()
    }
}

/// Why a journal can't be verified at all; in contrast to a finding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file can't be opened or read, or its format is newer.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The checkpoint to compare with is none.
    #[error("the checkpoint to compare with: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// A record was decided by newer rules and can't be read.
    #[error("record {seq} needs rules {got}, the newest known are {limit}: use a newer program")]
    NewerRules {
        /// Which record.
        seq: Seq,
        /// Its rules.
        got: u16,
        /// The newest that this program knows.
        limit: u16,
    },
}

/// Verifies the journal at `path`. It may be in use by a writer; what is appended during the pass
/// may or may not be included.
///
/// **Complexity** one pass over the file; memory for the state and one batch.
///
/// # Errors
/// [`VerifyError`] where there is nothing to verify; everything else is a finding.
pub fn verify(
    path: impl AsRef<Path>,
    options: &VerifyOptions,
) -> Result<VerifyReport, VerifyError> {
    verify_journal(&SqliteJournal::open(path, Access::ReadOnly)?, options)
}

/// Verifies a journal that is open already.
///
/// # Errors
/// As [`verify`].
pub fn verify_journal(
    journal: &SqliteJournal,
    options: &VerifyOptions,
) -> Result<VerifyReport, VerifyError> {
    let mut integrity = Findings::default();
    let mut replay =
        Replay::new(Label::from_bytes(journal.genesis().ledger_id), options.signatures);
    let mut checker = Checker::with_snapshots(journal, |snapshot| replay.expect(snapshot))?;
    if let Some(kept) = &options.checkpoint {
        expect(&mut checker, kept, &mut integrity)?;
    }
    if options.pages {
        checker.check_structure()?;
    }
    for row in journal.raw_batches() {
        match row {
            Ok(batch) => {
                checker.feed(&batch)?;
                replay.feed(&batch)?;
            }
            Err(error) => checker.feed_unreadable(error)?,
        }
    }
    let report = checker.finish()?;
    let mut followed = replay.finish(report.records);
    for found in report.findings {
        let detail = format!("{}: {}", found.kind, found.detail);
        integrity.add(Seq::new(found.first_seq), Seq::new(found.last_seq), detail);
    }
    integrity.omit(report.findings_omitted);
    integrity.append(&mut followed.integrity);
    Ok(VerifyReport {
        size: report.records,
        root: Hash::new(report.root),
        state_hash: followed.state_hash,
        integrity,
        books: followed.books,
        rules: followed.rules,
        ranges: followed.ranges,
    })
}

/// Takes in a checkpoint from elsewhere. One that its key did not sign is a finding; one that is no
/// checkpoint is an error.
fn expect(
    checker: &mut Checker<'_>,
    kept: &KeptCheckpoint,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let checkpoint = Checkpoint::parse_unverified(&kept.text).map_err(VerifyError::Checkpoint)?;
    checker.expect(&checkpoint);
    let Some((name, key)) = &kept.signer else { return Ok(()) };
    if let Err(error) = Checkpoint::open(&kept.text, name, key) {
        let last = Seq::new(checkpoint.size.saturating_sub(1));
        findings.add(Seq::default(), last, format!("the checkpoint to compare with: {error}"));
    }
    Ok(())
}
