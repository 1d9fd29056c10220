//! Creating, opening and locking a journal.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{APPLICATION_ID, FORMAT_VERSION, PAGE_BYTES, TABLES};
use super::{Access, GenesisMeta, SqliteJournal};
use crate::error::JournalError;

/// The shortest SQLite file: one page of the smallest size.
const FILE_BYTES_MIN: u64 = 512;

/// WAL pages after which SQLite moves them into the file: 32 MiB.
const WAL_PAGES: u32 = 512;

/// Settings of every connection. `cell_size_check` and `trusted_schema` make SQLite stricter with
/// a damaged or forged file; the cache holds a batch of the largest usual size.
const SETTINGS: &str = "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; \
                        PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;";

/// The lock that the appending handle holds: an advisory lock of the operating system on a file
/// beside the journal, released by the system when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    fn acquire(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        let io = |source| JournalError::Io { doing: "lock", path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: journal.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

impl SqliteJournal {
    /// Makes a new journal and opens it for appending.
    ///
    /// The file is built under another name, synced and renamed, so a journal that exists is
    /// whole.
    ///
    /// # Errors
    ///
    /// [`JournalError::AlreadyExists`], [`JournalError::Locked`],
    /// [`JournalError::Io`], [`JournalError::Sqlite`].
    pub fn create(path: impl AsRef<Path>, genesis: &GenesisMeta) -> Result<Self, JournalError> {
        let path = path.as_ref();
        refuse_existing(path)?;
        let lock = WriterLock::acquire(path)?;
        refuse_existing(path)?;
        let draft = beside(path, ".new");
        remove_if_there(&draft)?;
        let built = build(&draft, genesis).and_then(|()| sync(&draft)).and_then(|()| {
            fs::rename(&draft, path).map_err(|source| io("rename to", path, source))
        });
        if let Err(error) = built {
            // Half a file is of no use; that it could not be made is what there is to tell.
            let _ = remove_if_there(&draft);
            return Err(error);
        }
        sync_folder(path)?;
        Self::open_locked(path, Some(lock))
    }

    /// Opens a journal.
    ///
    /// # Errors
    ///
    /// In this order: [`JournalError::NotFound`], [`JournalError::NotADatabase`],
    /// [`JournalError::Locked`], [`JournalError::WrongApplication`],
    /// [`JournalError::NewerFormat`], [`JournalError::Truncated`], [`JournalError::Damaged`]; or
    /// [`JournalError::Io`], [`JournalError::Sqlite`] where the machine is at fault.
    pub fn open(path: impl AsRef<Path>, access: Access) -> Result<Self, JournalError> {
        let path = path.as_ref();
        if file_bytes(path)? < FILE_BYTES_MIN {
            return Err(JournalError::NotADatabase { path: path.to_owned() });
        }
        let lock = match access {
            Access::ReadOnly => None,
            Access::Append => Some(WriterLock::acquire(path)?),
        };
        Self::open_locked(path, lock)
    }

    /// Makes a journal in memory, which never touches a disk and ends with its handle.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`] if memory runs out.
    pub fn memory(genesis: &GenesisMeta) -> Result<Self, JournalError> {
        let failed = |source| JournalError::sqlite("make a journal in memory", 0, source);
        let connection = Connection::open_in_memory().map_err(failed)?;
        fill(&connection, genesis).map_err(failed)?;
        Ok(Self::assemble(connection, None, None, *genesis, Access::Append))
    }

    /// Limits the file to `bytes`, rounded down to whole pages; a batch that would pass the limit
    /// is answered with [`JournalError::Full`]. The limit belongs to this handle. A limit below
    /// the present size leaves no room to grow.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn set_bytes_max(&mut self, bytes: u64) -> Result<(), JournalError> {
        let pages = (bytes >> PAGE_BYTES.trailing_zeros()).clamp(1, u64::from(u32::MAX >> 1));
        let set =
            self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| {
                row.get::<_, i64>(0)
            });
        let pages = set.map_err(|source| JournalError::sqlite("limit the size", 0, source))?;
        self.pages_max = Some(pages.unsigned_abs());
        Ok(())
    }

    /// Leaves the disk to itself until this handle is dropped: a batch is answered before it would survive a
    /// loss of power. Only for a file that is thrown away unless it is finished. The file stays sound at
    /// any moment, and with the drop all of it is on the disk.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn sync_at_end(&mut self) -> Result<(), JournalError> {
        let set = self.connection.execute_batch("PRAGMA synchronous = NORMAL;");
        set.map_err(|source| JournalError::sqlite("put syncing off", 0, source))
    }

    /// Bytes that the file can still grow by under the limit of this handle, or `None` without a
    /// limit. A batch needs about its own length and two pages.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn bytes_left(&self) -> Result<Option<u64>, JournalError> {
        let Some(limit) = self.pages_max else { return Ok(None) };
        let failed = |source| JournalError::sqlite("measure the file", 0, source);
        let used = pragma(&self.connection, "page_count").map_err(failed)?;
        let free = pragma(&self.connection, "freelist_count").map_err(failed)?;
        let pages = limit.saturating_sub(used.saturating_sub(free));
        Ok(Some(pages.saturating_mul(PAGE_BYTES)))
    }

    fn open_locked(path: &Path, lock: Option<WriterLock>) -> Result<Self, JournalError> {
        let wal_at_start = wal_bytes(path);
        let (mode, access) = match lock {
            None => (OpenFlags::SQLITE_OPEN_READ_ONLY, Access::ReadOnly),
            Some(_) => (OpenFlags::SQLITE_OPEN_READ_WRITE, Access::Append),
        };
        let failed = |source| opening(path, source);
        let mode = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, mode).map_err(failed)?;
        connection.execute_batch(SETTINGS).map_err(failed)?;
        if access == Access::ReadOnly && wal_at_start == 0 && cannot_share(&connection) {
            connection = open_alone(path, mode).map_err(failed)?;
            connection.execute_batch(SETTINGS).map_err(failed)?;
        }
        identify(&connection, path)?;
        if wal_at_start == 0 {
            check_length(&connection, path)?;
        }
        check_schema(&connection).map_err(failed)?.ok_or(JournalError::Damaged {
            what: "the tables are not those of a journal",
            seq: 0,
        })?;
        if access == Access::Append {
            let durable =
                format!("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {WAL_PAGES};");
            connection.execute_batch(&durable).map_err(failed)?;
        }
        let ledger_id = connection
            .query_row("SELECT ledger_id FROM meta WHERE id = 1", [], |row| row.get(0))
            .map_err(failed)?;
        let genesis = GenesisMeta { ledger_id };
        Ok(Self::assemble(connection, lock, Some(path.to_owned()), genesis, access))
    }

    fn assemble(
        connection: Connection,
        lock: Option<WriterLock>,
        path: Option<PathBuf>,
        genesis: GenesisMeta,
        access: Access,
    ) -> Self {
        Self {
            connection,
            _lock: lock,
            path,
            access,
            genesis,
            poisoned: false,
            pages_max: None,
            tile_roots: RefCell::new(BTreeMap::new()),
        }
    }
}

/// The path with a suffix after its file name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the contents of a file durable.
pub(crate) fn sync(path: &Path) -> Result<(), JournalError> {
    let file = File::options().read(true).write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(|source| io("sync", path, source))
}

/// Makes the name of a file durable: syncs the folder that it lies in.
pub(crate) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| io("sync the folder of", path, source))?;
    }
    Ok(())
}

pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { doing, path: path.to_owned(), source }
}

pub(crate) fn refuse_existing(path: &Path) -> Result<(), JournalError> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(JournalError::AlreadyExists { path: path.to_owned() }),
        Err(source) => Err(io("look for", path, source)),
    }
}

pub(crate) fn remove_if_there(path: &Path) -> Result<(), JournalError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Builds an empty journal at `path` and closes it.
fn build(path: &Path, genesis: &GenesisMeta) -> Result<(), JournalError> {
    let failed = |source| JournalError::sqlite("create the journal", 0, source);
    let connection = Connection::open(path).map_err(failed)?;
    fill(&connection, genesis).map_err(failed)?;
    connection.execute_batch("PRAGMA journal_mode = WAL").map_err(failed)?;
    connection.close().map_err(|(_, source)| failed(source))
}

fn fill(connection: &Connection, genesis: &GenesisMeta) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {FORMAT_VERSION}; BEGIN; {}; COMMIT;",
        TABLES.join("; ")
    ))?;
    connection.execute("INSERT INTO meta (id, ledger_id) VALUES (1, ?1)", [genesis.ledger_id])?;
    Ok(())
}

fn file_bytes(path: &Path) -> Result<u64, JournalError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(meta.len()),
        Ok(_) => Err(JournalError::NotADatabase { path: path.to_owned() }),
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            Err(JournalError::NotFound { path: path.to_owned() })
        }
        Err(source) => Err(io("look at", path, source)),
    }
}

/// Whether SQLite can't make the files beside the journal by which connections tell each other what
/// they do: in a folder that nobody may write to, as on a read-only medium.
fn cannot_share(connection: &Connection) -> bool {
    let read = pragma(connection, "user_version").map_err(|error| error.sqlite_error_code());
    read == Err(Some(ErrorCode::CannotOpen))
}

/// Opens a journal as a file that nobody changes. There is no write-ahead log beside it, so all of it
/// is in the file.
fn open_alone(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => name.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(*byte)),
            // Writing into a string can't fail.
            _ => write!(name, "%{byte:02X}").unwrap_or_default(),
        }
    }
    name.push_str("?immutable=1");
    Connection::open_with_flags(name, mode | OpenFlags::SQLITE_OPEN_URI)
}

/// The length of the write-ahead log; 0 if there is none.
fn wal_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len())
}

fn opening(path: &Path, source: rusqlite::Error) -> JournalError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => JournalError::NotADatabase { path: path.to_owned() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            JournalError::Locked { path: path.to_owned() }
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            JournalError::Damaged { what: "the file is cut short or its first page is bad", seq: 0 }
        }
        _ if matches!(source, rusqlite::Error::SqliteFailure(..)) => {
            JournalError::Sqlite { doing: "open the journal", source }
        }
        // The value is there and has another type or length.
        _ => JournalError::Damaged { what: "the first page holds impossible values", seq: 0 },
    }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// Tells a journal from other databases and from newer journals.
fn identify(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let failed = |source| opening(path, source);
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = read("application_id").map_err(failed)?.cast_unsigned();
    if application != APPLICATION_ID {
        return Err(JournalError::WrongApplication { got: application });
    }
    let version = read("user_version").map_err(failed)?.cast_unsigned();
    if version > FORMAT_VERSION {
        return Err(JournalError::NewerFormat { got: version, limit: FORMAT_VERSION });
    }
    if version == 0 {
        return Err(JournalError::Damaged { what: "the format version is missing", seq: 0 });
    }
    Ok(())
}

/// Finds a file whose last page was cut: SQLite counts pages rounded up and would read zeros.
/// Holds only without a write-ahead log, which may stand for pages that the file lacks.
fn check_length(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let failed = |source| opening(path, source);
    let pages = pragma(connection, "page_count").map_err(failed)?;
    let expected = pages.saturating_mul(pragma(connection, "page_size").map_err(failed)?);
    let got = file_bytes(path)?;
    if got < expected && wal_bytes(path) == 0 {
        return Err(JournalError::Truncated { path: path.to_owned(), got, expected });
    }
    Ok(())
}

/// `None` if the tables differ from [`TABLES`].
fn check_schema(connection: &Connection) -> rusqlite::Result<Option<()>> {
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    let found: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok((found == TABLES).then_some(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_synced_at_each_commit_unless_asked_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let sync = |journal: &SqliteJournal| pragma(&journal.connection, "synchronous").unwrap();
        let mut journal =
            SqliteJournal::create(&path, &GenesisMeta { ledger_id: [7; 16] }).unwrap();
        assert_eq!(sync(&journal), 2);
        journal.sync_at_end().unwrap();
        assert_eq!(sync(&journal), 1);
        drop(journal);
        assert_eq!(wal_bytes(&path), 0, "nothing waits beside the file");
        assert_eq!(sync(&SqliteJournal::open(&path, Access::Append).unwrap()), 2);
    }
}
