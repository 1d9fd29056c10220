//! Commands that collect signatures before they are sent: a release of an insurance pool, a command of the council.

use backstop_api::command_body;
use backstop_core::{
    Body, Command,
    command::{Approvals, Signature},
    governance::signed_bytes,
    policy::{PublicKey, SignatureBytes},
};
use backstop_units::{Hash, Label, Timestamp, parse_hex};
use rusqlite::{Connection, OptionalExtension as _, Row};

/// Their tables in `server.db`.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS draft (
        id INTEGER PRIMARY KEY, ledger BLOB NOT NULL, actor BLOB NOT NULL, body TEXT NOT NULL,
        nonce INTEGER NOT NULL, expires_at INTEGER NOT NULL, seq INTEGER
    );
    CREATE TABLE IF NOT EXISTS draft_signature (
        draft INTEGER NOT NULL REFERENCES draft, key BLOB NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (draft, key)
    ) WITHOUT ROWID;
";

/// Drafts that are kept; a new one past it takes the place of the oldest.
const KEPT: i64 = 1_000;

/// A command on its way to its signatures.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: i64,
    pub(crate) actor: Label,
    /// The body as it was written.
    pub(crate) text: String,
    pub(crate) body: Body,
    pub(crate) nonce: u64,
    pub(crate) expires_at: Timestamp,
    pub(crate) signatures: Vec<Signature>,
    /// The record that it became.
    pub(crate) seq: Option<u64>,
}

impl Draft {
    /// What each signer signs: a digest, and the exact bytes.
    pub(crate) fn signed(&self, ledger: Label) -> (Hash, Vec<u8>) {
        signed_bytes(ledger, &self.body, self.nonce, self.expires_at)
    }

    /// The command with the signatures that are there.
    pub(crate) fn command(&self, id: Label) -> Command {
        let approvals = Approvals {
            nonce: self.nonce,
            expires_at: self.expires_at,
            signatures: self.signatures.clone(),
        };
        let approvals = (!self.signatures.is_empty()).then_some(approvals);
        Command { id, actor: self.actor, occurred_at: None, body: self.body.clone(), approvals }
    }
}

/// The drafts of one ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drafts {
    pub(crate) ledger: Label,
}

impl Drafts {
    /// Keeps a new one; its body must have been read already.
    pub(crate) fn add(
        self,
        db: &Connection,
        (actor, text): (Label, &str),
        nonce: u64,
        expires_at: Timestamp,
    ) -> rusqlite::Result<i64> {
        let sql = "INSERT INTO draft (ledger, actor, body, nonce, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let expires = i64::try_from(expires_at.ms()).unwrap_or(i64::MAX);
        let nonce = i64::try_from(nonce).unwrap_or(i64::MAX);
        db.execute(sql, (self.ledger.bytes(), actor.bytes(), text, nonce, expires))?;
        let id = db.last_insert_rowid();
        for table in
            ["DELETE FROM draft_signature WHERE draft <= ?1", "DELETE FROM draft WHERE id <= ?1"]
        {
            db.execute(table, [id.saturating_sub(KEPT)])?;
        }
        Ok(id)
    }

    /// All that were not sent, the newest first.
    pub(crate) fn open(self, db: &Connection) -> rusqlite::Result<Vec<Draft>> {
        let sql = "SELECT id, actor, body, nonce, expires_at, seq FROM draft \
                   WHERE ledger = ?1 AND seq IS NULL ORDER BY id DESC LIMIT 50";
        let mut statement = db.prepare(sql)?;
        let rows = statement.query_map([self.ledger.bytes()], read)?;
        let mut drafts: Vec<Draft> =
            rows.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        for draft in &mut drafts {
            draft.signatures = signatures(db, draft.id)?;
        }
        Ok(drafts)
    }

    pub(crate) fn find(self, db: &Connection, id: i64) -> rusqlite::Result<Option<Draft>> {
        let sql = "SELECT id, actor, body, nonce, expires_at, seq FROM draft WHERE ledger = ?1 AND id = ?2";
        let found = db.query_row(sql, (self.ledger.bytes(), id), read).optional()?.flatten();
        let Some(mut draft) = found else { return Ok(None) };
        draft.signatures = signatures(db, id)?;
        Ok(Some(draft))
    }

    /// Keeps a signature; one by the same key takes the place of the first.
    pub(crate) fn sign(db: &Connection, id: i64, by: &Signature) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO draft_signature (draft, key, bytes) VALUES (?1, ?2, ?3)";
        db.execute(sql, (id, by.key.0.as_slice(), by.bytes.0.as_slice())).map(drop)
    }

    /// Writes down which record a draft became.
    pub(crate) fn sent(db: &Connection, id: i64, seq: u64) -> rusqlite::Result<()> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        db.execute("UPDATE draft SET seq = ?2 WHERE id = ?1", (id, seq)).map(drop)
    }
}

/// A row; nothing for one whose body this version can't read.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Draft>> {
    let text: String = row.get(2)?;
    let Ok(body) = command_body(&text) else { return Ok(None) };
    let (nonce, expires): (i64, i64) = (row.get(3)?, row.get(4)?);
    let seq: Option<i64> = row.get(5)?;
    Ok(Some(Draft {
        id: row.get(0)?,
        actor: Label::from_bytes(row.get(1)?),
        text,
        body,
        nonce: nonce.unsigned_abs(),
        expires_at: Timestamp::from_ms(expires.unsigned_abs()),
        signatures: Vec::new(),
        seq: seq.map(i64::unsigned_abs),
    }))
}

fn signatures(db: &Connection, draft: i64) -> rusqlite::Result<Vec<Signature>> {
    let mut statement = db.prepare("SELECT key, bytes FROM draft_signature WHERE draft = ?1")?;
    let rows = statement.query_map([draft], |row| {
        Ok(Signature { key: PublicKey(row.get(0)?), bytes: SignatureBytes(row.get(1)?) })
    })?;
    rows.collect()
}

/// Reads what `backstop keys sign` prints: signatures, each with its key.
///
/// # Errors
/// What is wrong, for people.
pub(crate) fn pasted(text: &str) -> Result<Vec<Signature>, String> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| format!("this is not what `backstop keys sign` prints: {error}"))?;
    let list = value["signatures"].as_array().ok_or("there is no `signatures` in it")?;
    let signature = |item: &serde_json::Value| {
        let (mut key, mut bytes) = ([0; 32], [0; 64]);
        let hex = |field: &str| item[field].as_str().unwrap_or_default();
        let fits = parse_hex(hex("key"), &mut key) && parse_hex(hex("bytes"), &mut bytes);
        fits.then_some(Signature { key: PublicKey(key), bytes: SignatureBytes(bytes) })
    };
    let read: Option<Vec<Signature>> = list.iter().map(signature).collect();
    let read = read.ok_or("`key` is not 64 hex digits, or `bytes` not 128")?;
    if read.is_empty() { Err("it holds no signature".to_owned()) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"open_account": {"label": "dora"}}"#;

    #[test]
    fn a_draft_keeps_its_body_and_its_signatures_to_the_byte() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        let [ours, theirs] =
            ["ours", "theirs"].map(|ledger| Drafts { ledger: Label::parse(ledger).unwrap() });
        let actor = Label::parse("operator").unwrap();
        let id = ours.add(&db, (actor, BODY), 7, Timestamp::from_ms(99)).unwrap();
        let by =
            |first: u8| Signature { key: PublicKey([first; 32]), bytes: SignatureBytes([9; 64]) };
        for first in [2, 1, 2] {
            Drafts::sign(&db, id, &by(first)).unwrap();
        }
        let draft = ours.find(&db, id).unwrap().unwrap();
        assert_eq!(
            (draft.nonce, draft.expires_at, draft.actor),
            (7, Timestamp::from_ms(99), actor)
        );
        assert_eq!(draft.signatures, [by(1), by(2)]);
        assert_eq!(draft.body, command_body(BODY).unwrap());
        assert!(theirs.find(&db, id).unwrap().is_none() && theirs.open(&db).unwrap().is_empty());
        assert_eq!(ours.open(&db).unwrap().len(), 1);
        Drafts::sent(&db, id, 5).unwrap();
        assert!(ours.open(&db).unwrap().is_empty());
        assert_eq!(ours.find(&db, id).unwrap().unwrap().seq, Some(5));
    }

    #[test]
    fn what_is_no_signature_is_told() {
        let key = "ab".repeat(32);
        let good = format!(r#"{{"signatures": [{{"key": "{key}", "bytes": "{key}{key}"}}]}}"#);
        assert_eq!(pasted(&good).unwrap().len(), 1);
        for (text, needle) in [
            ("", "keys sign"),
            ("{}", "no `signatures`"),
            (r#"{"signatures": []}"#, "no signature"),
            (r#"{"signatures": [{"key": "ab", "bytes": ""}]}"#, "64 hex"),
        ] {
            assert!(pasted(text).unwrap_err().contains(needle), "{text}");
        }
    }
}
