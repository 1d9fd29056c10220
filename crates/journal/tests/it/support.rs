//! What the tests share: a journal in a temporary folder and records that all differ.

use std::path::PathBuf;

use backstop_journal::integrity::{Finding, FindingKind, IntegrityReport, check};
use backstop_journal::merkle::{Frontier, Hash, leaf_hash};
use backstop_journal::{Access, BatchBuilder, GenesisMeta, SqliteJournal};
use tempfile::TempDir;

pub(crate) const GENESIS: GenesisMeta = GenesisMeta { ledger_id: *b"ledger of tests!" };

/// A record whose length depends on its number; some are empty but for the number.
pub(crate) fn record(seq: u64) -> Vec<u8> {
    let mut bytes = seq.to_le_bytes().to_vec();
    bytes.resize(8 + usize::try_from(seq * 37 % 120).unwrap(), 0x5a);
    bytes
}

/// The root over the first `size` records, computed from scratch.
pub(crate) fn root(size: u64) -> Hash {
    let mut frontier = Frontier::new();
    (0..size).for_each(|seq| frontier.push(leaf_hash(&record(seq))));
    frontier.root()
}

/// Appends records in batches of `sizes`, on from where the journal ends.
pub(crate) fn append(journal: &mut SqliteJournal, sizes: &[u64]) {
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    for size in sizes {
        for _ in 0..*size {
            builder.push(&record(builder.next_seq())).unwrap();
        }
        journal.append(&builder.finish()).unwrap();
    }
}

/// A journal file in a folder that goes away with it.
pub(crate) struct Disk {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Disk {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        Self { folder, path }
    }

    pub(crate) fn with(sizes: &[u64]) -> Self {
        let disk = Self::empty();
        append(&mut SqliteJournal::create(&disk.path, &GENESIS).unwrap(), sizes);
        disk
    }

    pub(crate) fn open(&self, access: Access) -> SqliteJournal {
        SqliteJournal::open(&self.path, access).unwrap()
    }

    /// Damages the file behind the crate's back.
    pub(crate) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
    }

    pub(crate) fn check(&self) -> IntegrityReport {
        check(&self.open(Access::ReadOnly)).unwrap()
    }

    /// The findings as (kind, first, last).
    pub(crate) fn findings(&self) -> Vec<(FindingKind, u64, u64)> {
        let place = |finding: &Finding| (finding.kind, finding.first_seq, finding.last_seq);
        self.check().findings.iter().map(place).collect()
    }
}
