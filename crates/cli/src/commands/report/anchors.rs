//! What ties a report to the log: roots of the tree at both ends of the period, the hash of the state, a signed head.

use crate::{
    exit::Failure,
    ledger::{self, journal_failure},
};
use backstop_core::Record;
use backstop_export::{
    picture::{Cell, Table},
    report::Sheet,
};
use backstop_journal::{JournalError, SqliteJournal};
use backstop_units::{Hash, Seq, Timestamp};
use std::path::{Path, PathBuf};

/// A journal, asked for what anchors it.
#[derive(Debug)]
pub(super) struct Anchors {
    journal: SqliteJournal,
    path: PathBuf,
}

impl Anchors {
    /// Opens the journal to read.
    ///
    /// # Errors
    /// [`Failure`] of the journal.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self { journal: ledger::open(path)?, path: path.to_owned() })
    }

    /// When the ledger began.
    ///
    /// # Errors
    /// [`Failure`] of the journal.
    pub(super) fn began(&self) -> Result<Timestamp, Failure> {
        self.time_of(0)
    }

    /// When the last record was written.
    ///
    /// # Errors
    /// [`Failure`] of the journal.
    pub(super) fn clock(&self) -> Result<Timestamp, Failure> {
        let size = self.journal.size().map_err(|error| self.told(&error))?;
        self.time_of(size.saturating_sub(1))
    }

    fn time_of(&self, seq: u64) -> Result<Timestamp, Failure> {
        let bytes = self.journal.record(seq).map_err(|error| self.told(&error))?;
        let bytes = bytes.ok_or_else(|| {
            Failure::Environment(format!("{}: the journal is empty", self.path.display()))
        })?;
        let record = Record::decode(&bytes)
            .map_err(|corrupt| Failure::Environment(format!("record {seq}: {corrupt}")))?;
        Ok(record.time)
    }

    /// The signed head that covers the last record of the period, and the table of all anchors.
    ///
    /// # Errors
    /// [`Failure`] of the journal.
    pub(super) fn sheet(
        &self,
        (first, next): (Seq, Seq),
        (state, invariants): (Hash, &str),
    ) -> Result<(Option<String>, Sheet), Failure> {
        let mut table = Table::new("Anchors", ["what", "records", "value"]);
        let mut put = |what: &str, records: u64, value: String| {
            table.row([Cell::text(what), Cell::number(&records), Cell::text(value)]);
        };
        for (what, size) in
            [("root before the period", first.get()), ("root after the period", next.get())]
        {
            let value = match size {
                0 => "the log had no record".to_owned(),
                size => Hash::new(self.journal.root_at(size).map_err(|error| self.told(&error))?)
                    .to_string(),
            };
            put(what, size, value);
        }
        put("hash of the state after the period", next.get(), state.to_string());
        put("invariants in that state", next.get(), invariants.to_owned());
        let found = self.journal.checkpoint_from(next.get()).map_err(|error| self.told(&error))?;
        match &found {
            Some((size, text)) => put("signed head that covers it", *size, signers(text)),
            None => put("signed head that covers it", next.get(), "none in the journal".to_owned()),
        }
        let note = "Whoever keeps these can tell later that the log, and so this report, is the same: `backstop verify` \
                    with the signed head finds a cut or rewritten log, and any replay of so many records gives this hash.";
        let sheet = Sheet { name: "anchors", note, shown: usize::MAX, table };
        Ok((found.map(|(_, text)| text), sheet))
    }

    fn told(&self, error: &JournalError) -> Failure {
        journal_failure(&self.path, error)
    }
}

/// Who signed a head.
fn signers(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("\u{2014} "));
    let names = lines.filter_map(|line| line.split(' ').next());
    format!("signed by {}", names.collect::<Vec<_>>().join(", "))
}
