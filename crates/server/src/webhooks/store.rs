//! Subscriptions, in `server.db`.

use super::{
    address::{Forbidden, Target},
    sign::Secret,
};
use crate::{
    identity::{KeyError, ServerDb, ServerDbError, random},
    live::{A_WORD, Kinds},
};
use backstop_api::http::{WEBHOOK_KINDS_MAX, WebhookRequest};
use backstop_units::{Label, Seq, Timestamp};
use rusqlite::{Connection, Row};
use serde_json::{Value, json};

/// Their table. `generation` counts how often somebody stepped in: what a worker says of an older one is dropped.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS webhook (
        id TEXT PRIMARY KEY, ledger BLOB NOT NULL, url TEXT NOT NULL, kinds TEXT NOT NULL,
        created_at INTEGER NOT NULL, secret BLOB NOT NULL, previous BLOB, previous_until INTEGER,
        generation INTEGER NOT NULL DEFAULT 0, next_seq INTEGER NOT NULL,
        delivered INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER,
        failures INTEGER NOT NULL DEFAULT 0, error TEXT, retry_at INTEGER, disabled_at INTEGER
    ) WITHOUT ROWID;
";
const COLUMNS: &str = "id, url, kinds, created_at, secret, previous, previous_until, generation, next_seq, delivered, \
                       delivered_at, failures, error, retry_at, disabled_at";

/// Subscriptions to one ledger, at most. Each has a task and a connection.
const SUBSCRIPTIONS_MAX: usize = 64;
/// How long the secret before counts beside a new one.
const BOTH_MS: u64 = 24 * 3_600 * 1_000;
const PREFIX: &str = "wh_";
const ID_BYTES: usize = 6;

/// Whether a text is spelled like a subscription's id.
pub(crate) fn is_id(text: &str) -> bool {
    let mut bytes = [0; ID_BYTES];
    text.strip_prefix(PREFIX).is_some_and(|hex| hex::decode_to_slice(hex, &mut bytes).is_ok())
}

/// How far a subscription has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The first record that it has not been told of, or that it does not want.
    pub next_seq: u64,
    /// Deliveries that went well.
    pub delivered: u64,
    /// When the last one did.
    pub delivered_at: Option<Timestamp>,
    /// Attempts that failed since then.
    pub failures: u32,
    /// Why the last one failed; none once one has gone well.
    pub error: Option<String>,
    /// When the next attempt is made, after one that failed.
    pub retry_at: Option<Timestamp>,
    /// Since when no attempt is made.
    pub disabled_at: Option<Timestamp>,
}

impl Progress {
    /// `active`, `failing` or `disabled`.
    pub const fn status(&self) -> &'static str {
        match (self.disabled_at.is_some(), self.failures) {
            (true, _) => "disabled",
            (false, 0) => "active",
            (false, _) => "failing",
        }
    }
}

/// Who is told of each record.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// What it is listed and ended by.
    pub id: String,
    /// Where deliveries go.
    pub url: String,
    /// Words of the commands it hears of; all if empty.
    pub kinds: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// How far it has come.
    pub progress: Progress,
    pub(super) secret: Secret,
    /// The secret before, and until when it counts too.
    pub(super) previous: Option<(Secret, Timestamp)>,
    pub(super) generation: i64,
}

impl Subscription {
    /// What everybody who may see it is shown of it: all but its secrets.
    pub fn view(&self) -> Value {
        let progress = &self.progress;
        json!({
            "id": self.id, "url": self.url, "kinds": self.kinds, "created_at": self.created_at,
            "status": progress.status(), "next_seq": progress.next_seq,
            "delivered": progress.delivered, "delivered_at": progress.delivered_at,
            "failures": progress.failures, "last_error": progress.error,
            "retry_at": progress.retry_at, "disabled_at": progress.disabled_at,
        })
    }

    /// Whether a worker for the one is a worker for the other.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let told = |it: &Self| (it.generation, it.secret.clone(), it.previous.clone());
        told(self) == told(other)
    }

    /// The signatures of a delivery: one for each secret that counts.
    pub(super) fn signatures(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let seconds = now.ms() / 1_000;
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        let secrets = [Some(&self.secret), previous.map(|(secret, _)| secret)];
        let signatures = secrets.into_iter().flatten().map(|it| it.sign(id, seconds, body));
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// Why no subscription is made of something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {got}; expected {limit}")]
pub struct Refusal {
    /// The place in a [`WebhookRequest`], as a JSON pointer.
    pub pointer: String,
    /// What was got.
    pub got: String,
    /// What would do.
    pub limit: String,
}

impl Refusal {
    pub(super) fn new(pointer: &str, got: impl Into<String>, limit: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), got: got.into(), limit: limit.into() }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        Self::new("/url", forbidden.got, forbidden.limit)
    }
}

/// Why a subscription could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// It is none that we make.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The file failed.
    #[error(transparent)]
    Db(#[from] ServerDbError),
}

impl From<rusqlite::Error> for SubscriptionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Db(error.into())
    }
}

impl From<KeyError> for SubscriptionError {
    fn from(error: KeyError) -> Self {
        Self::Db(error.into())
    }
}

/// A subscription to be made, as far as that can be said without looking its name up.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub(super) target: Target,
    url: String,
    kinds: Vec<String>,
    next_seq: u64,
}

impl NewWebhook {
    /// Checks a request for a ledger of `records` records.
    ///
    /// # Errors
    /// [`Refusal`]: an address that deliveries may not go to, a word that is no command's, a record that is not there yet.
    pub fn check(
        request: WebhookRequest,
        allow_private: bool,
        records: u64,
    ) -> Result<Self, Refusal> {
        let WebhookRequest { url, kinds, after_seq } = request;
        let target = Target::parse(&url, allow_private)?;
        if kinds.len() > WEBHOOK_KINDS_MAX {
            let limit = format!("at most {WEBHOOK_KINDS_MAX} words");
            return Err(Refusal::new("/kinds", format!("{} words", kinds.len()), limit));
        }
        if let Err(word) = Kinds::of(kinds.iter().map(String::as_str)) {
            let at = kinds.iter().position(|kind| kind == word).unwrap_or_default();
            let got: String = word.chars().take(100).collect();
            return Err(Refusal::new(&format!("/kinds/{at}"), got, A_WORD));
        }
        let next_seq = after_seq.map_or(records, |after| after.next().get());
        if next_seq > records {
            let last = Seq::new(records.saturating_sub(1));
            let got = after_seq.unwrap_or_default().to_string();
            return Err(Refusal::new(
                "/after_seq",
                got,
                format!("at most {last}, the last record"),
            ));
        }
        Ok(Self { target, url, kinds, next_seq })
    }
}

/// A subscription that was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Where deliveries go.
    pub url: String,
    /// Words of the commands it hears of; all if empty.
    pub kinds: Vec<String>,
    /// The first record that it will hear of, if it wants it.
    pub next_seq: u64,
    /// To be shown once.
    pub secret: Secret,
}

/// A secret that took another's place.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// To be shown once.
    pub secret: Secret,
    /// Until when the one before counts too.
    pub previous_until: Timestamp,
}

/// The subscriptions to one ledger.
#[derive(Clone, Copy, Debug)]
pub struct Subscriptions<'a> {
    /// The file.
    pub db: &'a ServerDb,
    /// The ledger.
    pub ledger: Label,
}

impl Subscriptions<'_> {
    fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ServerDbError> {
        Ok(self.db.with(work)?)
    }

    /// All of them, by id.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn list(&self) -> Result<Vec<Subscription>, ServerDbError> {
        let sql = format!("SELECT {COLUMNS} FROM webhook WHERE ledger = ?1 ORDER BY id");
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            statement.query_map([self.ledger.bytes()], read)?.collect()
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn find(&self, id: &str) -> Result<Option<Subscription>, ServerDbError> {
        Ok(self.list()?.into_iter().find(|it| it.id == id))
    }

    /// Makes one; its secret is in what is returned, to be shown once.
    ///
    /// # Errors
    /// [`SubscriptionError`], also when there are as many as there may be.
    pub fn create(&self, new: &NewWebhook, now: Timestamp) -> Result<Created, SubscriptionError> {
        let id = format!("{PREFIX}{}", hex::encode(random::<ID_BYTES>()?));
        let secret = Secret::random()?;
        let sql = "INSERT INTO webhook (id, ledger, url, kinds, created_at, secret, next_seq) \
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
                   WHERE (SELECT COUNT(*) FROM webhook WHERE ledger = ?2) < ?8";
        let most = i64::try_from(SUBSCRIPTIONS_MAX).unwrap_or(i64::MAX);
        let (ledger, kinds) = (self.ledger.bytes(), new.kinds.join(" "));
        let place = to_sql(new.next_seq);
        let row = (&id, ledger, &new.url, kinds, to_sql(now.ms()), secret.bytes(), place, most);
        if self.with(|db| db.execute(sql, row))? == 0 {
            let limit = format!("at most {SUBSCRIPTIONS_MAX} for one ledger");
            return Err(Refusal::new("", "one more subscription", limit).into());
        }
        let (url, kinds) = (new.url.clone(), new.kinds.clone());
        Ok(Created { id, url, kinds, next_seq: new.next_seq, secret })
    }

    /// Ends one; whether it was there.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn delete(&self, id: &str) -> Result<bool, ServerDbError> {
        let sql = "DELETE FROM webhook WHERE id = ?1 AND ledger = ?2";
        self.with(|db| Ok(db.execute(sql, (id, self.ledger.bytes()))? > 0))
    }

    /// Makes the next attempt due now, also of one that was disabled; whether it was there.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub fn resume(&self, id: &str) -> Result<bool, ServerDbError> {
        let sql = "UPDATE webhook SET generation = generation + 1, failures = 0, retry_at = NULL, \
                   disabled_at = NULL WHERE id = ?1 AND ledger = ?2";
        self.with(|db| Ok(db.execute(sql, (id, self.ledger.bytes()))? > 0))
    }

    /// Makes a new secret; the one before counts for a day more. None when there is no such subscription.
    ///
    /// # Errors
    /// [`ServerDbError`].
    pub fn rotate(&self, id: &str, now: Timestamp) -> Result<Option<Rotated>, ServerDbError> {
        let secret = Secret::random()?;
        let previous_until = Timestamp::from_ms(now.ms().saturating_add(BOTH_MS));
        let sql = "UPDATE webhook SET previous = secret, previous_until = ?3, secret = ?4 \
                   WHERE id = ?1 AND ledger = ?2";
        let row = (id, self.ledger.bytes(), to_sql(previous_until.ms()), secret.bytes());
        let found = self.with(|db| Ok(db.execute(sql, row)? > 0))?;
        Ok(found.then_some(Rotated { secret, previous_until }))
    }

    /// Writes down how far some have come, all or none.
    ///
    /// # Errors
    /// [`ServerDbError::Sqlite`].
    pub(super) fn save(&self, all: &[(String, i64, Progress)]) -> Result<(), ServerDbError> {
        let sql = "UPDATE webhook SET next_seq = ?3, delivered = ?4, delivered_at = ?5, failures = ?6, \
                   error = ?7, retry_at = ?8, disabled_at = ?9 WHERE id = ?1 AND generation = ?2";
        let moment = |time: Option<Timestamp>| time.map(|time| to_sql(time.ms()));
        self.with(|db| {
            let transaction = db.unchecked_transaction()?;
            for (id, generation, it) in all {
                transaction.prepare_cached(sql)?.execute((
                    id,
                    generation,
                    to_sql(it.next_seq),
                    to_sql(it.delivered),
                    moment(it.delivered_at),
                    it.failures,
                    &it.error,
                    moment(it.retry_at),
                    moment(it.disabled_at),
                ))?;
            }
            transaction.commit()
        })
    }
}

fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    let count = |at: usize| -> rusqlite::Result<u64> {
        Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or_default())
    };
    let moment = |at: usize| -> rusqlite::Result<Option<Timestamp>> {
        let ms: Option<i64> = row.get(at)?;
        Ok(ms.map(|ms| Timestamp::from_ms(u64::try_from(ms).unwrap_or_default())))
    };
    let kinds: String = row.get(2)?;
    let previous: Option<Vec<u8>> = row.get(5)?;
    Ok(Subscription {
        id: row.get(0)?,
        url: row.get(1)?,
        kinds: kinds.split_whitespace().map(str::to_owned).collect(),
        created_at: moment(3)?.unwrap_or_default(),
        secret: Secret::from_bytes(row.get(4)?),
        previous: previous.map(Secret::from_bytes).zip(moment(6)?),
        generation: row.get(7)?,
        progress: Progress {
            next_seq: count(8)?,
            delivered: count(9)?,
            delivered_at: moment(10)?,
            failures: u32::try_from(count(11)?).unwrap_or(u32::MAX),
            error: row.get(12)?,
            retry_at: moment(13)?,
            disabled_at: moment(14)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> WebhookRequest {
        WebhookRequest { url: url.to_owned(), kinds: Vec::new(), after_seq: None }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    #[test]
    fn requests_are_checked_at_their_places() {
        let good = "https://a.example/x";
        let check = |request| NewWebhook::check(request, false, 10).map(|new| new.next_seq);
        assert_eq!(check(request(good)), Ok(10));
        let after = |seq| WebhookRequest { after_seq: Some(Seq::new(seq)), ..request(good) };
        assert_eq!(check(after(9)), Ok(10));
        assert_eq!(check(after(3)), Ok(4));
        let kinds = |words: &[&str]| {
            let kinds = words.iter().map(|word| (*word).to_owned()).collect();
            WebhookRequest { kinds, ..request(good) }
        };
        let many = vec!["fund"; 65];
        for (request, pointer) in [
            (request("http://a.example"), "/url"),
            (request("https://10.0.0.1/"), "/url"),
            (after(10), "/after_seq"),
            (kinds(&["open_account", "no_such_thing"]), "/kinds/1"),
            (kinds(&many), "/kinds"),
        ] {
            assert_eq!(check(request).unwrap_err().pointer, pointer);
        }
    }

    #[test]
    fn subscriptions_are_kept_apart_by_ledger_and_their_number_is_bounded() {
        let db = ServerDb::memory().unwrap();
        let of = |name: &str| Subscriptions { db: &db, ledger: Label::parse(name).unwrap() };
        let (ours, theirs) = (of("ours"), of("theirs"));
        let new = NewWebhook::check(request("https://a.example/x"), false, 10).unwrap();
        let made = ours.create(&new, at(1)).unwrap();
        assert!(is_id(&made.id) && !is_id("wh_") && !is_id("wh_00000000000g"));
        assert!(theirs.find(&made.id).unwrap().is_none());
        assert!(!theirs.delete(&made.id).unwrap() && !theirs.resume(&made.id).unwrap());
        assert!(theirs.rotate(&made.id, at(2)).unwrap().is_none());
        for _ in 1..SUBSCRIPTIONS_MAX {
            ours.create(&new, at(1)).unwrap();
        }
        let error = ours.create(&new, at(1)).unwrap_err().to_string();
        assert!(error.contains("at most 64"), "{error}");
        theirs.create(&new, at(1)).unwrap();
        assert!(ours.delete(&made.id).unwrap() && !ours.delete(&made.id).unwrap());
        ours.create(&new, at(1)).unwrap();
    }

    #[test]
    fn what_a_worker_says_after_somebody_stepped_in_is_dropped() {
        let db = ServerDb::memory().unwrap();
        let all = Subscriptions { db: &db, ledger: Label::parse("ours").unwrap() };
        let new = NewWebhook::check(request("https://a.example/x"), false, 10).unwrap();
        let id = all.create(&new, at(1)).unwrap().id;
        let failed = Progress {
            next_seq: 12,
            delivered: 2,
            delivered_at: Some(at(3)),
            failures: 8,
            error: Some("no connection".to_owned()),
            retry_at: None,
            disabled_at: Some(at(4)),
        };
        all.save(&[(id.clone(), 0, failed.clone())]).unwrap();
        assert_eq!(all.find(&id).unwrap().unwrap().progress, failed);
        assert!(all.resume(&id).unwrap());
        let resumed = all.find(&id).unwrap().unwrap().progress;
        assert_eq!((resumed.next_seq, resumed.failures, resumed.status()), (12, 0, "active"));
        all.save(&[(id.clone(), 0, failed)]).unwrap();
        assert_eq!(all.find(&id).unwrap().unwrap().progress.status(), "active");
    }

    #[test]
    fn both_secrets_sign_for_a_day_after_a_change() {
        let db = ServerDb::memory().unwrap();
        let all = Subscriptions { db: &db, ledger: Label::parse("ours").unwrap() };
        let new = NewWebhook::check(request("https://a.example/x"), false, 10).unwrap();
        let made = all.create(&new, at(1)).unwrap();
        let rotated = all.rotate(&made.id, at(2)).unwrap().unwrap();
        let now = all.find(&made.id).unwrap().unwrap();
        let both = now.signatures("msg_1", at(3), b"{}");
        let by = |secret: &Secret, seconds| secret.sign("msg_1", seconds, b"{}");
        assert_eq!(both, format!("{} {}", by(&rotated.secret, 3), by(&made.secret, 3)));
        let late = 2 + 24 * 3_600;
        assert_eq!(now.signatures("msg_1", at(late), b"{}"), by(&rotated.secret, late));
        assert!(!now.view().to_string().contains("whsec_"));
    }
}
