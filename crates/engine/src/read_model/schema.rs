//! The tables of a read model, and the numbers by which its file is told apart.

/// SQLite's `application_id` of a read model: "BKRM".
pub(super) const APPLICATION_ID: i64 = 0x424B_524D;

/// The format that this program writes (SQLite's `user_version`). An older file is built anew; a newer one
/// is refused.
pub(super) const FORMAT_VERSION: i64 = 2;

/// Settings of the writing connection. What is lost with the power is written again from the journal, so
/// nothing waits for the disk but the moves of the write-ahead log into the file.
pub(super) const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
     PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864; \
     PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";

/// The tables. Names are by handle; an amount is an integer while it fits 63 bits, else sixteen bytes, most
/// significant first, which sorts behind every integer.
///
/// - `record` is one row for each record; `touched_tail` and `touched` are the index by party, see
///   `touched.rs`.
/// - `link`, `name`, `fund`, `tranche`, `ticket`, `market` and `balance` are what the fold itself needs of
///   earlier records.
/// - `frame` is how markets went, in steps that hold more and more, see `frames.rs`.
/// - All else is history for readers.
pub(super) const TABLES: &str = "
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), ledger BLOB NOT NULL,
  applied INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE TABLE record (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind INTEGER NOT NULL,
  actor INTEGER) STRICT;
CREATE TABLE touched_tail (seq INTEGER PRIMARY KEY, parties BLOB NOT NULL) STRICT;
CREATE TABLE touched (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE link (part INTEGER, whole INTEGER, PRIMARY KEY (part, whole)) STRICT, WITHOUT ROWID;
CREATE TABLE name (label BLOB, kind INTEGER, id INTEGER NOT NULL,
  PRIMARY KEY (label, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE fund (id INTEGER PRIMARY KEY, asset INTEGER NOT NULL) STRICT;
CREATE TABLE tranche (id INTEGER PRIMARY KEY, fund INTEGER NOT NULL, shares ANY NOT NULL,
  series INTEGER NOT NULL, base INTEGER NOT NULL) STRICT;
CREATE TABLE ticket (id INTEGER PRIMARY KEY, tranche INTEGER NOT NULL, series INTEGER NOT NULL,
  base INTEGER NOT NULL, shares ANY NOT NULL) STRICT;
CREATE TABLE market (id INTEGER PRIMARY KEY, fund INTEGER NOT NULL, layers BLOB NOT NULL,
  mark INTEGER) STRICT;
CREATE TABLE balance (account INTEGER, asset INTEGER, amount ANY NOT NULL,
  PRIMARY KEY (account, asset)) STRICT, WITHOUT ROWID;
CREATE TABLE move (fund INTEGER, seq INTEGER, at INTEGER, part INTEGER NOT NULL, tranche INTEGER,
  reason INTEGER NOT NULL, out INTEGER NOT NULL, amount ANY NOT NULL, after ANY NOT NULL,
  total ANY NOT NULL, counter INTEGER NOT NULL, PRIMARY KEY (fund, seq, at)) STRICT, WITHOUT ROWID;
CREATE INDEX move_rare ON move (fund, reason, seq, at) WHERE reason > 2;
CREATE TABLE sample (series INTEGER, id INTEGER, level INTEGER, bucket INTEGER, first ANY NOT NULL,
  high ANY NOT NULL, low ANY NOT NULL, last ANY NOT NULL,
  PRIMARY KEY (series, id, level, bucket)) STRICT, WITHOUT ROWID;
CREATE TABLE loss_step (loss INTEGER, seq INTEGER, at INTEGER, event BLOB NOT NULL, layers BLOB,
  PRIMARY KEY (loss, seq, at)) STRICT, WITHOUT ROWID;
CREATE TABLE loss_met (loss INTEGER, seq INTEGER, at INTEGER, account INTEGER, had ANY NOT NULL,
  PRIMARY KEY (loss, seq, at, account)) STRICT, WITHOUT ROWID;
CREATE TABLE setting (subject INTEGER, seq INTEGER, at INTEGER, word INTEGER NOT NULL,
  proposal INTEGER, event BLOB NOT NULL, PRIMARY KEY (subject, seq, at)) STRICT, WITHOUT ROWID;
CREATE TABLE frame (market INTEGER, level INTEGER, first INTEGER, last INTEGER NOT NULL,
  open INTEGER NOT NULL, parts INTEGER NOT NULL, price ANY, high ANY, low ANY, interest ANY,
  liquidations INTEGER NOT NULL, losses INTEGER NOT NULL, lost ANY NOT NULL, worst INTEGER, worst_gross ANY,
  balance ANY NOT NULL, lowest ANY NOT NULL, layers BLOB NOT NULL,
  PRIMARY KEY (market, level, first)) STRICT, WITHOUT ROWID;
CREATE INDEX setting_word ON setting (subject, word, seq, at);
";

/// Every table, for comparisons.
pub const TABLE_NAMES: [&str; 17] = [
    "meta",
    "record",
    "touched_tail",
    "touched",
    "link",
    "name",
    "fund",
    "tranche",
    "ticket",
    "market",
    "balance",
    "move",
    "sample",
    "loss_step",
    "loss_met",
    "setting",
    "frame",
];
