//! The tables, and the numbers by which SQLite files are told apart.

/// SQLite's `application_id` of a journal: "BKST".
pub const APPLICATION_ID: u32 = 0x424B_5354;

/// The newest format that this crate reads and the one it writes (SQLite's `user_version`).
pub const FORMAT_VERSION: u32 = 1;

/// Bytes of a page.
pub const PAGE_BYTES: u64 = 65_536;

/// The statements that make the tables, exactly as SQLite keeps them. A file whose list differs is
/// refused: a foreign trigger or view could change what a statement does.
///
/// - `tile` has rowids in the order of completion, so its pages fill up; keyed by (level, idx) they
///   would be split in half whenever a tile of level 0 is added.
/// - In `batch` the blobs come last, so the short columns are read without them.
pub(super) const TABLES: [&str; 4] = [
    "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), ledger_id BLOB NOT NULL) STRICT",
    "CREATE TABLE batch (first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, \
     root BLOB NOT NULL, tags BLOB NOT NULL, records BLOB NOT NULL) STRICT",
    "CREATE TABLE tile (level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL, \
     UNIQUE (level, idx)) STRICT",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
];
