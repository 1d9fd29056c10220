//! `server.db`: what the service keeps for itself, apart from every ledger. Keys are here as hashes; other parts of the
//! service have tables of their own here.

use super::key::{KeyError, MadeKey, Role, same};
use backstop_units::{Label, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use std::{
    collections::HashMap,
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The format of the file.
const FORMAT: i64 = 1;
const SCHEMA: &str = "
    CREATE TABLE api_key (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL, role TEXT NOT NULL, accounts TEXT NOT NULL,
        name TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER,
        used_at INTEGER
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
";
/// Keys looked up lately; more are looked up in the file.
const KNOWN_MAX: usize = 4_096;
/// How often the use of a key is written down.
const USED_EVERY_MS: u64 = 60_000;

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerDbError {
    /// `SQLite` refused.
    #[error("the file of API keys could not be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made for its owner alone.
    #[error("the file of API keys could not be made: {0}")]
    Io(#[from] io::Error),
    /// It is of a newer program.
    #[error("the file of API keys has format {got}, newer than {FORMAT}: use a newer program")]
    Newer {
        /// Its format.
        got: i64,
    },
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What a new key is for.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The accounts that a sender's key is bound to.
    pub accounts: Vec<Label>,
    /// Not valid from then on.
    pub expires_at: Option<Timestamp>,
}

/// A key as it is kept: everything but its secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// What it is listed and revoked by.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The accounts that a sender's key is bound to.
    pub accounts: Vec<Label>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from then on.
    pub expires_at: Option<Timestamp>,
    /// Not valid since then.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    hash: [u8; 32],
}

impl ApiKey {
    /// Whether it counts at a moment.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may send commands as an account.
    pub fn sends_as(&self, actor: Label) -> bool {
        match self.role {
            Role::Operator => true,
            Role::Sender => self.accounts.contains(&actor),
            Role::Reader | Role::Auditor => false,
        }
    }
}

/// The file, open.
pub struct ServerDb {
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    /// Keys as they were when the file last changed under us.
    known: HashMap<String, Arc<ApiKey>>,
    version: i64,
}

impl fmt::Debug for ServerDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerDb").finish_non_exhaustive()
    }
}

impl ServerDb {
    /// Opens the file, or makes it: readable by its owner only.
    ///
    /// # Errors
    /// [`ServerDbError`].
    pub fn open(path: &Path) -> Result<Self, ServerDbError> {
        private(path)?;
        Self::on(Connection::open(path)?)
    }

    /// Copies a file of keys that may be in use into a new one, readable by its owner only.
    ///
    /// # Errors
    /// [`ServerDbError`], also when the new one is there already.
    pub fn copy(from: &Path, to: &Path) -> Result<(), ServerDbError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(to)?;
        let name = to.to_string_lossy();
        // An empty file may be written into; it keeps who may read it.
        Connection::open(from)?.execute("VACUUM INTO ?1", [&*name])?;
        Ok(file.sync_all()?)
    }

    /// A store that ends with the process: for a service without keys.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn memory() -> Result<Self, ServerDbError> {
        Self::on(Connection::open_in_memory()?)
    }

    fn on(connection: Connection) -> Result<Self, ServerDbError> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match format {
            0 => connection.execute_batch(SCHEMA)?,
            FORMAT => {}
            got => return Err(ServerDbError::Newer { got }),
        }
        connection.execute_batch(crate::approvals::SCHEMA)?;
        connection.execute_batch(crate::webhooks::SCHEMA)?;
        let inner = Inner { connection, known: HashMap::new(), version: -1 };
        Ok(Self { inner: Mutex::new(inner) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on tables of others in the same file.
    ///
    /// # Errors
    /// What the work gives.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        work(&self.lock().connection)
    }

    /// Makes a key; its secret is in what is returned and nowhere else.
    ///
    /// # Errors
    /// [`ServerDbError`].
    pub fn create(&self, new: &NewKey, now: Timestamp) -> Result<MadeKey, ServerDbError> {
        let made = MadeKey::random()?;
        let accounts: Vec<String> = new.accounts.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO api_key (id, hash, role, accounts, name, created_at, expires_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let expires = new.expires_at.map(to_sql);
        let hash = made.hash();
        let row =
            (&made.id, &hash, new.role.word(), accounts.join(" "), &new.name, to_sql(now), expires);
        self.lock().connection.execute(sql, row)?;
        Ok(made)
    }

    /// Every key, the oldest first.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn list(&self) -> Result<Vec<ApiKey>, ServerDbError> {
        let inner = self.lock();
        let sql = format!("{SELECT} ORDER BY created_at, id");
        let mut statement = inner.connection.prepare(&sql)?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends a key; whether there was one that counted.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn revoke(&self, id: &str, now: Timestamp) -> Result<bool, ServerDbError> {
        let mut inner = self.lock();
        inner.known.clear();
        let sql = "UPDATE api_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        Ok(inner.connection.execute(sql, (id, to_sql(now)))? > 0)
    }

    /// The key that a text is, if it counts now.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub(crate) fn check(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<ApiKey>>, ServerDbError> {
        let Ok(given) = MadeKey::parse(text) else { return Ok(None) };
        let found = self.find(&given.id, now)?;
        Ok(found.filter(|key| same(&key.hash, &given.hash())))
    }

    /// A key by its id, if it counts now.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub(crate) fn find(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<ApiKey>>, ServerDbError> {
        let mut inner = self.lock();
        let version = inner
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if version != inner.version {
            inner.known.clear();
            inner.version = version;
        }
        let known = inner.known.get(id).cloned();
        let key = if let Some(key) = known {
            key
        } else {
            let sql = format!("{SELECT} WHERE id = ?1");
            let found = inner.connection.prepare_cached(&sql)?.query_row([id], read).optional()?;
            let Some(key) = found.map(Arc::new) else { return Ok(None) };
            if inner.known.len() >= KNOWN_MAX {
                inner.known.clear();
            }
            inner.known.insert(id.to_owned(), Arc::clone(&key));
            key
        };
        if !key.is_valid(now) {
            return Ok(None);
        }
        let stale = key.used_at.is_none_or(|at| now.since(at).ms() >= USED_EVERY_MS);
        if stale {
            inner.known.remove(id);
            let sql = "UPDATE api_key SET used_at = ?2 WHERE id = ?1";
            inner.connection.execute(sql, (id, to_sql(now)))?;
        }
        Ok(Some(key))
    }
}

const SELECT: &str = "SELECT id, hash, role, accounts, name, created_at, expires_at, revoked_at, \
                      used_at FROM api_key";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ApiKey> {
    let (role, accounts): (String, String) = (row.get(2)?, row.get(3)?);
    let time = |at: usize| -> rusqlite::Result<Option<Timestamp>> {
        let ms: Option<i64> = row.get(at)?;
        Ok(ms.map(|ms| Timestamp::from_ms(u64::try_from(ms).unwrap_or_default())))
    };
    Ok(ApiKey {
        id: row.get(0)?,
        hash: row.get(1)?,
        // A word of a newer program gives the least right.
        role: role.parse().unwrap_or(Role::Reader),
        accounts: accounts.split_whitespace().filter_map(|name| Label::parse(name).ok()).collect(),
        name: row.get(4)?,
        created_at: time(5)?.unwrap_or_default(),
        expires_at: time(6)?,
        revoked_at: time(7)?,
        used_at: time(8)?,
    })
}

fn to_sql(time: Timestamp) -> i64 {
    i64::try_from(time.ms()).unwrap_or(i64::MAX)
}

/// Makes the file for its owner alone, where the system knows owners.
fn private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    fn sender() -> NewKey {
        let accounts = vec![Label::parse("venue").unwrap()];
        NewKey { name: "the venue".into(), role: Role::Sender, accounts, expires_at: Some(at(100)) }
    }

    #[test]
    fn keys_count_until_they_expire_or_are_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let db = ServerDb::open(&path).unwrap();
        let made = db.create(&sender(), at(1)).unwrap();
        let text = made.reveal();
        let key = db.check(&text, at(2)).unwrap().unwrap();
        assert!(key.sends_as(Label::parse("venue").unwrap()));
        assert!(!key.sends_as(Label::parse("operator").unwrap()));
        let mut other = text.clone();
        other.replace_range(text.len() - 1.., if text.ends_with('0') { "1" } else { "0" });
        assert!(db.check(&other, at(2)).unwrap().is_none());
        assert!(db.check("bsk_nothing", at(2)).unwrap().is_none());
        assert!(db.check(&text, at(100)).unwrap().is_none(), "expired");
        // Another process revokes it; this one notices at once.
        assert!(ServerDb::open(&path).unwrap().revoke(&made.id, at(3)).unwrap());
        assert!(db.check(&text, at(4)).unwrap().is_none());
        assert!(!db.revoke(&made.id, at(5)).unwrap(), "twice");
        let listed = db.list().unwrap();
        assert_eq!((listed[0].used_at, listed[0].revoked_at), (Some(at(2)), Some(at(3))));
    }

    #[test]
    fn the_file_holds_no_secret_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let db = ServerDb::open(&path).unwrap();
        let text = db.create(&sender(), at(1)).unwrap().reveal();
        drop(db);
        let bytes = std::fs::read(&path).unwrap();
        let secret = text.rsplit('_').next().unwrap();
        let raw = hex::decode(secret).unwrap();
        assert!(!bytes.windows(raw.len()).any(|window| window == raw));
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
