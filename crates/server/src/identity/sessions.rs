//! Browsers that have signed in. They are kept in memory: a restart signs everybody out.

use super::key::{KeyError, digest, random, same};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a session lasts.
const LASTS: Duration = Duration::from_secs(12 * 3_600);
/// Sessions at once; the oldest end when more come.
const SESSIONS_MAX: usize = 10_000;
/// Failed attempts from one address before it has to wait.
const FAILURES_MAX: u32 = 10;
/// How long they count.
const FAILURES_FOR: Duration = Duration::from_secs(60);
/// Addresses whose failures are counted at once.
const ADDRESSES_MAX: usize = 4_096;

/// What a browser gets when it signs in.
#[derive(Debug)]
pub(super) struct Opened {
    /// The cookie's value.
    pub(super) cookie: String,
}

#[derive(Debug)]
struct Session {
    key: String,
    csrf: String,
    ends: Instant,
}

/// All sessions, and attempts that failed.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By the digest of the cookie: who reads memory does not have the cookies.
    open: HashMap<[u8; 32], Session>,
    failures: HashMap<IpAddr, (u32, Instant)>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session for a key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub(super) fn open(&self, key: &str, now: Instant) -> Result<Opened, KeyError> {
        let (cookie, csrf) = (hex::encode(random::<32>()?), hex::encode(random::<32>()?));
        let mut inner = self.lock();
        inner.open.retain(|_, session| session.ends > now);
        if inner.open.len() >= SESSIONS_MAX {
            let oldest = inner.open.iter().min_by_key(|(_, session)| session.ends);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                inner.open.remove(&oldest);
            }
        }
        let ends = now.checked_add(LASTS).unwrap_or(now);
        inner.open.insert(digest(cookie.as_bytes()), Session { key: key.to_owned(), csrf, ends });
        Ok(Opened { cookie })
    }

    /// The id of a session's key, and its token; none once it is over.
    pub(super) fn find(&self, cookie: &str, now: Instant) -> Option<(String, String)> {
        let inner = self.lock();
        let session = inner.open.get(&digest(cookie.as_bytes()))?;
        (session.ends > now).then(|| (session.key.clone(), session.csrf.clone()))
    }

    /// Ends a session.
    pub(super) fn close(&self, cookie: &str) {
        self.lock().open.remove(&digest(cookie.as_bytes()));
    }

    /// Whether an address may try to sign in, after all its failures.
    pub(super) fn may_try(&self, from: IpAddr, now: Instant) -> bool {
        let inner = self.lock();
        let failed = inner.failures.get(&from).filter(|(_, until)| *until > now);
        failed.is_none_or(|(count, _)| *count < FAILURES_MAX)
    }

    /// Counts a failure.
    pub(super) fn failed(&self, from: IpAddr, now: Instant) {
        let mut inner = self.lock();
        inner.failures.retain(|_, (_, until)| *until > now);
        if inner.failures.len() >= ADDRESSES_MAX {
            inner.failures.clear();
        }
        let until = now.checked_add(FAILURES_FOR).unwrap_or(now);
        let (count, _) = inner.failures.entry(from).or_insert((0, until));
        *count = count.saturating_add(1);
    }
}

/// Whether a token is the session's.
pub(super) fn fits(token: &str, csrf: &str) -> bool {
    same(token.as_bytes(), csrf.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_time_and_by_signing_out() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.open("k1", now).unwrap().cookie;
        let second = sessions.open("k2", now).unwrap().cookie;
        let (key, csrf) = sessions.find(&first, now).unwrap();
        assert_eq!(key, "k1");
        assert!(fits(&csrf, &csrf) && !fits("", &csrf));
        assert!(sessions.find("nothing", now).is_none());
        sessions.close(&first);
        assert!(sessions.find(&first, now).is_none());
        assert!(sessions.find(&second, now + Duration::from_secs(LASTS.as_secs() - 1)).is_some());
        assert!(sessions.find(&second, now + LASTS).is_none());
    }

    #[test]
    fn who_fails_often_waits() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let from = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..FAILURES_MAX {
            assert!(sessions.may_try(from, now));
            sessions.failed(from, now);
        }
        assert!(!sessions.may_try(from, now));
        assert!(sessions.may_try(IpAddr::from([127, 0, 0, 2]), now));
        assert!(sessions.may_try(from, now + FAILURES_FOR));
    }
}
