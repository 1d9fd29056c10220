//! The fold itself: one committed record after the other, into the tables.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use backstop_core::{Entry, Event, Record, oracle::Verdict};
use backstop_journal::{SqliteJournal, merkle::leaf_hash};
use backstop_units::{Amount, Label, Seq};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    books::{Books, Place},
    error::{Fault, Misfit, ReadModelError},
    frames::Frames,
    history,
    links::{Link, follows, links},
    names::name,
    number::{from_sql, handle, to_sql},
    party::{Party, named},
    schema::{APPLICATION_ID, FORMAT_VERSION, SETTINGS, TABLES},
    series::{Samples, Series},
    touched,
};

/// Labels of senders that are kept in memory.
const SENDERS: usize = 65_536;

/// Why a file was thrown away and built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// An older program wrote it.
    Older,
    /// It was ahead of the journal, or knew another record where it ended: the journal is not the one that
    /// it was made of.
    OtherHistory,
    /// It could not be read.
    Damaged,
}

/// Everything that the writing side owns.
#[derive(Debug)]
pub(super) struct Fold {
    connection: Connection,
    next: u64,
    books: Books,
    samples: Samples,
    frames: Frames,
    senders: HashMap<Label, u32>,
    parties: Vec<u64>,
}

impl Fold {
    /// Opens a file or begins one; what does not belong to the journal's past is built anew.
    pub(super) fn open(
        path: &Path,
        ledger: Label,
        journal: &SqliteJournal,
    ) -> Result<(Self, Option<Rebuilt>), ReadModelError> {
        let rebuilt = match Self::opened(path, ledger, journal) {
            Ok(Ok(fold)) => return Ok((fold, None)),
            Ok(Err(why)) => why,
            Err(ReadModelError::Sqlite(error)) if is_damage(&error) => Rebuilt::Damaged,
            Err(error) => return Err(error),
        };
        remove(path)?;
        match Self::opened(path, ledger, journal)? {
            Ok(fold) => Ok((fold, Some(rebuilt))),
            Err(_) => Err(ReadModelError::NotAReadModel { path: path.to_owned() }),
        }
    }

    fn opened(
        path: &Path,
        ledger: Label,
        journal: &SqliteJournal,
    ) -> Result<Result<Self, Rebuilt>, ReadModelError> {
        let connection = Connection::open(path)?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            begin(&connection, ledger)?;
        }
        if let Some(older) = identify(&connection, path)? {
            return Ok(Err(older));
        }
        let sql = "SELECT ledger, applied, leaf FROM meta";
        let (owner, applied, leaf): ([u8; 16], i64, Vec<u8>) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if owner != *ledger.bytes() {
            return Err(ReadModelError::OtherLedger { path: path.to_owned() });
        }
        let next = from_sql(applied);
        if let Some(last) = next.checked_sub(1) {
            let known = journal.record(last)?;
            if known.is_none_or(|bytes| leaf_hash(&bytes).as_slice() != leaf) {
                return Ok(Err(Rebuilt::OtherHistory));
            }
        }
        connection.execute_batch(SETTINGS)?;
        connection.set_prepared_statement_cache_capacity(96);
        let books = Books::load(&connection).map_err(|fault| fault.at(Seq::new(next)))?;
        let (samples, frames) = (Samples::default(), Frames::default());
        let (senders, parties) = (HashMap::new(), Vec::new());
        Ok(Ok(Self { connection, next, books, samples, frames, senders, parties }))
    }

    /// How many records are in it.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Takes records in, in one transaction; those that are in it already are left out. After an error the
    /// fold is of no use any more; the file is as it was.
    pub(super) fn take<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<(), ReadModelError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut last = None;
        for record in records {
            if record.seq.get() < self.next {
                continue;
            }
            self.record(record).map_err(|fault| fault.at(record.seq))?;
            last = Some(record);
        }
        let at = last.map_or(Seq::new(self.next), |record| record.seq);
        self.books.flush(&self.connection).map_err(|fault| fault.at(at))?;
        self.samples.flush(&self.connection)?;
        self.frames.flush(&self.connection).map_err(|fault| fault.at(at))?;
        if let Some(record) = last {
            let leaf = leaf_hash(&record.encode());
            let sql = "UPDATE meta SET applied = ?1, leaf = ?2";
            self.connection.prepare_cached(sql)?.execute((to_sql(self.next), leaf.as_slice()))?;
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }

    fn record(&mut self, record: &Record) -> Result<(), Fault> {
        if record.seq.get() != self.next {
            return Err(Misfit::Order.into());
        }
        let (seq, time) = (to_sql(self.next), to_sql(record.time.ms()));
        self.parties.clear();
        let mut place = Place::begin(seq);
        let mut proposal = None;
        for (event, at) in record.events.iter().zip(0..) {
            place.event = at;
            if let Event::Executed { proposal: found } = event {
                proposal = Some(*found);
            }
            named(event, &mut self.parties);
            self.link(event)?;
            history::loss_step(&self.connection, &self.books, &place, event)?;
            self.books.take(&self.connection, &mut self.samples, &mut place, event)?;
            history::setting(&self.connection, &place, proposal, event)?;
            sample(&mut self.samples, event);
        }
        let (kind, actor) = match &record.entry {
            Entry::Genesis(_) => (0, None),
            Entry::Command(command) => (command.body.code(), Some(self.sender(command.actor)?)),
        };
        self.parties.push(Party::Kind(kind).key());
        self.parties.extend(actor.map(|id| Party::Actor(backstop_units::AccountId::new(id)).key()));
        self.touch()?;
        let sql = "INSERT INTO record VALUES (?1, ?2, ?3, ?4)";
        self.connection.prepare_cached(sql)?.execute((seq, time, kind, actor))?;
        self.samples.end_record(&self.connection, record.time.ms())?;
        let known = (&self.books, &self.samples);
        self.frames.take(&self.connection, known, record, &self.parties)?;
        let chunk = touched::chunk_of(self.next);
        self.next = self.next.saturating_add(1);
        if touched::chunk_of(self.next) != chunk {
            touched::close(&self.connection, chunk)?;
        }
        Ok(())
    }

    /// Remembers what belongs to what, and names what only belongs.
    fn link(&mut self, event: &Event) -> Result<(), Fault> {
        if let Event::AccountOpened { account, label, .. } = event {
            name(&self.connection, *label, 0, account.get())?;
        }
        let (connection, parties) = (&self.connection, &mut self.parties);
        let mut failed = Ok(());
        links(event, |link| match link {
            Link::Concerns(part) => parties.push(part),
            Link::Belongs(part, whole) => {
                parties.push(part);
                if failed.is_ok() {
                    failed = belongs(connection, part, whole);
                }
            }
        });
        Ok(failed?)
    }

    /// Follows what the parties belong to, and writes all of them down.
    fn touch(&mut self) -> Result<(), Fault> {
        self.parties.sort_unstable();
        self.parties.dedup();
        let mut at = 0;
        while let Some(party) = self.parties.get(at).copied() {
            at = at.saturating_add(1);
            if !follows(party) {
                continue;
            }
            let sql = "SELECT whole FROM link WHERE part = ?1";
            let mut rows = self.connection.prepare_cached(sql)?;
            let mut rows = rows.query([to_sql(party)])?;
            while let Some(row) = rows.next()? {
                let whole = from_sql(row.get(0)?);
                if !self.parties.contains(&whole) {
                    self.parties.push(whole);
                }
            }
        }
        self.parties.retain(|party| Party::of_key(*party).is_some());
        self.parties.sort_unstable();
        touched::add(&self.connection, self.next, &self.parties)?;
        Ok(())
    }

    fn sender(&mut self, label: Label) -> Result<u32, Fault> {
        if let Some(known) = self.senders.get(&label) {
            return Ok(*known);
        }
        let sql = "SELECT id FROM name WHERE label = ?1 AND kind = 0";
        let found =
            self.connection.prepare_cached(sql)?.query_row([label.bytes()], |row| row.get(0));
        let id = handle(found.optional()?.ok_or(Misfit::Handle)?);
        if self.senders.len() >= SENDERS {
            self.senders.clear();
        }
        self.senders.insert(label, id);
        Ok(id)
    }
}

fn belongs(connection: &Connection, part: u64, whole: u64) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO link VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute((to_sql(part), to_sql(whole)))?;
    Ok(())
}

/// Values that events report, besides balances.
fn sample(samples: &mut Samples, event: &Event) {
    match event {
        Event::OpenInterestReported { market, base } => {
            samples.set(Series::OpenInterest(*market), Amount::new(base.get()));
        }
        Event::MarkReported(it) => {
            samples.set(Series::Mark(it.market), Amount::new(it.price.get()));
        }
        Event::PriceReported {
            index,
            verdict: Verdict::Accepted(price) | Verdict::Confirmed(price),
            ..
        } => samples.set(Series::Index(*index), Amount::new(price.get())),
        _ => {}
    }
}

fn begin(connection: &Connection, ledger: Label) -> rusqlite::Result<()> {
    // Pages as long as a few blocks; a block is never cut in two.
    connection.execute_batch("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;")?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION};"
    ))?;
    let sql = "INSERT INTO meta VALUES (1, ?1, 0, x'')";
    connection.execute(sql, [ledger.bytes()])?;
    connection.execute_batch("COMMIT")
}

/// Tells a read model from other files; says so if an older program wrote it.
fn identify(connection: &Connection, path: &Path) -> Result<Option<Rebuilt>, ReadModelError> {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let path = || -> PathBuf { path.to_owned() };
    if read("application_id")? != APPLICATION_ID {
        return Err(ReadModelError::NotAReadModel { path: path() });
    }
    let got = read("user_version")?;
    if got > FORMAT_VERSION {
        return Err(ReadModelError::Newer { path: path(), got, limit: FORMAT_VERSION });
    }
    Ok((got < FORMAT_VERSION).then_some(Rebuilt::Older))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt))
}

/// Removes a file with its write-ahead log.
fn remove(path: &Path) -> Result<(), ReadModelError> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(ReadModelError::Io { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}
