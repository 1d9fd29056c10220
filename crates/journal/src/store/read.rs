//! Reading: batches as a stream, single records, stored tiles and checkpoints.

use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::SqliteJournal;
use crate::batch::TAG_BYTES;
use crate::error::JournalError;
use crate::frame::{RecordIter, as_u64};
use crate::merkle::{Hash, RangeError, empty_root, leaf_hash};

const COLUMNS: &str = "SELECT first_seq, count, root, tags, records FROM batch";

/// A batch as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The sequence number of the first record.
    pub first_seq: u64,
    /// The number of records that the row says it has.
    pub count: u64,
    /// The root of the tree after the last record.
    pub root: Hash,
    /// The first [`TAG_BYTES`] of each record's leaf hash.
    pub tags: Vec<u8>,
    /// The records, each behind its length (see [`crate::frame`]).
    pub bytes: Vec<u8>,
}

impl StoredBatch {
    /// The sequence number after the last record.
    pub const fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(self.count)
    }

    /// Goes through the records; ends after the first error.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] with the sequence number at which the blob can't be
    /// read on, or ends too early or too late. Contents are not checked, see [`crate::integrity`].
    pub fn records(&self) -> StoredRecords<'_> {
        StoredRecords { records: RecordIter::new(&self.bytes), seq: self.first_seq, batch: self }
    }
}

/// The records of a batch with their sequence numbers.
#[derive(Clone, Debug)]
pub struct StoredRecords<'a> {
    records: RecordIter<'a>,
    seq: u64,
    batch: &'a StoredBatch,
}

impl StoredRecords<'_> {
    /// Ends the iteration and names the record at which it ended.
    fn fail(&mut self, what: &'static str) -> JournalError {
        let seq = std::mem::replace(&mut self.seq, u64::MAX);
        self.records = RecordIter::new(&[]);
        JournalError::Damaged { what, seq }
    }
}

impl<'a> Iterator for StoredRecords<'a> {
    type Item = Result<(u64, &'a [u8]), JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.batch.next_seq();
        let what = match self.records.next() {
            Some(Ok(record)) if self.seq < end => {
                let seq = self.seq;
                self.seq = seq.saturating_add(1);
                return Some(Ok((seq, record)));
            }
            Some(Ok(_)) => "the batch holds more records than it says",
            Some(Err(_)) => "the length of a record is broken",
            None if self.seq < end => "the batch holds fewer records than it says",
            None => return None,
        };
        Some(Err(self.fail(what)))
    }
}

/// Streams batches in order, one row at a time, and insists that they follow each other.
///
/// Ends with the last committed batch; call [`SqliteJournal::batches_from`] again later for what
/// has been appended since. Ends after the first error.
#[derive(Debug)]
pub struct Batches<'a> {
    journal: &'a SqliteJournal,
    next: Option<u64>,
}

impl Iterator for Batches<'_> {
    type Item = Result<StoredBatch, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let expected = self.next?;
        let row = match self.journal.batch_at_or_after(expected) {
            Ok(None) => return None,
            Ok(Some(row)) => row,
            Err(error) => {
                self.next = None;
                return Some(Err(error));
            }
        };
        if row.first_seq != expected {
            self.next = None;
            return Some(Err(JournalError::GapOrOverlap { expected, got: row.first_seq }));
        }
        if row.count == 0 || as_u64(row.tags.len()) != row.count.saturating_mul(as_u64(TAG_BYTES)) {
            self.next = None;
            let what = "the batch's count does not fit its tags";
            return Some(Err(JournalError::Damaged { what, seq: expected }));
        }
        self.next = Some(row.next_seq());
        Some(Ok(row))
    }
}

/// Streams the rows as they are, whether or not they follow each other; for
/// [`crate::integrity`]. A row that can't be read is an error and the stream goes on; an error in
/// the structure of the file ends it.
#[derive(Debug)]
pub struct RawBatches<'a> {
    journal: &'a SqliteJournal,
    after: Option<i64>,
}

impl Iterator for RawBatches<'_> {
    type Item = Result<StoredBatch, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let after = self.after?;
        let connection = &self.journal.connection;
        let sql = "SELECT min(first_seq) FROM batch WHERE first_seq > ?1";
        let key = one(connection, sql, [after], |row| row.get::<_, Option<i64>>(0));
        match key {
            // Pages that contradict each other can lead back; going on would never end.
            Ok(Some(Some(key))) if key <= after => {
                self.after = None;
                let what = "the rows are not in order";
                Some(Err(JournalError::Damaged { what, seq: after.unsigned_abs() }))
            }
            Ok(Some(Some(key))) => {
                self.after = Some(key);
                let sql = format!("{COLUMNS} WHERE first_seq = ?1");
                one(connection, &sql, [key], stored).and_then(Option::transpose).transpose()
            }
            Ok(_) => {
                self.after = None;
                None
            }
            Err(error) => {
                self.after = None;
                Some(Err(error))
            }
        }
    }
}

impl SqliteJournal {
    /// The number of committed records, which is the next sequence number.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`], [`JournalError::Sqlite`].
    pub fn size(&self) -> Result<u64, JournalError> {
        size_of(&self.connection)
    }

    /// The root after the last committed batch, as stored.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`], [`JournalError::Sqlite`].
    pub fn root(&self) -> Result<Hash, JournalError> {
        let sql = "SELECT root FROM batch ORDER BY first_seq DESC LIMIT 1";
        let root = one(&self.connection, sql, [], |row| row.get(0))?;
        Ok(root.unwrap_or_else(empty_root))
    }

    /// Streams the committed batches from the one that holds record `seq`; none if `seq` is the
    /// size of the journal or more.
    ///
    /// # Errors
    ///
    /// Each item may be [`JournalError::GapOrOverlap`], [`JournalError::Damaged`] or
    /// [`JournalError::Sqlite`].
    pub fn batches_from(&self, seq: u64) -> Batches<'_> {
        // An error here comes back, or shows as a gap, when the row is read.
        let start = self.batch_start(seq).ok().flatten().unwrap_or(seq);
        Batches { journal: self, next: Some(start) }
    }

    /// Streams all rows without insisting on their order; see [`RawBatches`].
    pub fn raw_batches(&self) -> RawBatches<'_> {
        RawBatches { journal: self, after: Some(i64::MIN) }
    }

    /// One record, or `None` if the journal does not have it yet.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] if the record does not fit its tag;
    /// [`JournalError::GapOrOverlap`], [`JournalError::Sqlite`].
    pub fn record(&self, seq: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let Some(batch) = self.batches_from(seq).next() else { return Ok(None) };
        let batch = batch?;
        let (tags, _) = batch.tags.as_chunks::<TAG_BYTES>();
        for (record, tag) in batch.records().zip(tags) {
            let (at, bytes) = record?;
            if at < seq {
                continue;
            }
            if !leaf_hash(bytes).starts_with(tag) {
                return Err(JournalError::Damaged { what: "the record was changed", seq });
            }
            return Ok(Some(bytes.to_vec()));
        }
        Ok(None)
    }

    /// A stored tile's 256 hashes of 32 bytes, or `None` if the tile is not full yet.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let sql = "SELECT hashes FROM tile WHERE level = ?1 AND idx = ?2";
        one(&self.connection, sql, (level, to_sql(index)?), |row| row.get(0))
    }

    /// The coordinates (level, index) of every stored tile.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`], [`JournalError::Sqlite`].
    pub fn tile_coordinates(&self) -> Result<Vec<(u64, u64)>, JournalError> {
        let failed = |source| JournalError::sqlite("list the tiles", 0, source);
        let mut statement = self
            .connection
            .prepare_cached("SELECT level, idx FROM tile ORDER BY level, idx")
            .map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let coordinate = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        rows.map(|row| row.map(|(level, index)| (coordinate(level), coordinate(index))))
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    /// The checkpoint for the largest size, with that size.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`], [`JournalError::Sqlite`].
    pub fn latest_checkpoint(&self) -> Result<Option<(u64, String)>, JournalError> {
        let sql = "SELECT size, text FROM checkpoint ORDER BY size DESC LIMIT 1";
        let found = one(&self.connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.map(|(size, text)| Ok((from_sql(size)?, text))).transpose()
    }

    /// The checkpoint with the smallest size of at least `size`, with that size.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`], [`JournalError::Sqlite`].
    pub fn checkpoint_from(&self, size: u64) -> Result<Option<(u64, String)>, JournalError> {
        let sql = "SELECT size, text FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1";
        let from = i64::try_from(size).unwrap_or(i64::MAX);
        let found = one(&self.connection, sql, [from], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.map(|(size, text)| Ok((from_sql(size)?, text))).transpose()
    }

    /// Lets SQLite check the structure of its pages: reads the whole file, but not what the
    /// records mean. Returns what it found first, or `None` if all is well.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn structure_fault(&self) -> Result<Option<String>, JournalError> {
        let answer: Option<String> =
            one(&self.connection, "PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(answer.filter(|text| text != "ok"))
    }

    fn batch_at_or_after(&self, seq: u64) -> Result<Option<StoredBatch>, JournalError> {
        let Ok(key) = i64::try_from(seq) else { return Ok(None) };
        let sql = format!("{COLUMNS} WHERE first_seq >= ?1 ORDER BY first_seq LIMIT 1");
        one(&self.connection, &sql, [key], stored)?.transpose()
    }

    /// The first sequence number of the batch that holds `seq`.
    fn batch_start(&self, seq: u64) -> Result<Option<u64>, JournalError> {
        let sql = "SELECT first_seq, count FROM batch WHERE first_seq <= ?1 \
                   ORDER BY first_seq DESC LIMIT 1";
        let key = i64::try_from(seq).unwrap_or(i64::MAX);
        let found = one(&self.connection, sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((first, count)) = found else { return Ok(None) };
        let (first, count) = (from_sql(first)?, from_sql(count)?);
        Ok((seq < first.saturating_add(count)).then_some(first))
    }
}

/// The number of records by the last row.
pub(super) fn size_of(connection: &Connection) -> Result<u64, JournalError> {
    let sql = "SELECT first_seq, count FROM batch ORDER BY first_seq DESC LIMIT 1";
    match one(connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))? {
        None => Ok(0),
        Some((first, count)) => Ok(from_sql(first)?.saturating_add(from_sql(count)?)),
    }
}

/// A number as SQLite stores it: below 2^63.
pub(super) fn to_sql(number: u64) -> Result<i64, JournalError> {
    let limit = i64::MAX.unsigned_abs();
    i64::try_from(number).map_err(|_| RangeError { got: number, limit }.into())
}

fn from_sql(number: i64) -> Result<u64, JournalError> {
    u64::try_from(number)
        .map_err(|_| JournalError::Damaged { what: "a number is negative", seq: 0 })
}

/// Runs a query for at most one row. A value of another type than the query expects is damage.
fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, JournalError> {
    let found =
        connection.prepare_cached(sql).and_then(|mut row| row.query_row(params, read).optional());
    found.map_err(|source| match source {
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => {
            JournalError::Damaged { what: "a value has the wrong type or length", seq: 0 }
        }
        source => JournalError::sqlite("read the journal", 0, source),
    })
}

/// A row of [`COLUMNS`]; the inner result says that the row is there and damaged.
fn stored(row: &Row<'_>) -> rusqlite::Result<Result<StoredBatch, JournalError>> {
    let (first_seq, count): (i64, i64) = (row.get(0)?, row.get(1)?);
    let Ok(first_seq) = u64::try_from(first_seq) else {
        let what = "a sequence number is negative";
        return Ok(Err(JournalError::Damaged { what, seq: 0 }));
    };
    let root = row.get_ref(2)?.as_blob().ok().and_then(|root| Hash::try_from(root).ok());
    let tags = row.get_ref(3)?.as_blob().ok();
    let records = row.get_ref(4)?.as_blob().ok();
    let (Ok(count), Some(root), Some(tags), Some(bytes)) =
        (u64::try_from(count), root, tags, records)
    else {
        let what = "the batch's row is malformed";
        return Ok(Err(JournalError::Damaged { what, seq: first_seq }));
    };
    let (tags, bytes) = (tags.to_vec(), bytes.to_vec());
    Ok(Ok(StoredBatch { first_seq, count, root, tags, bytes }))
}
