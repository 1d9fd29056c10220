//! Who is asking: API keys that the operator makes, and browsers that have signed in with one.
//!
//! | file | what |
//! | --- | --- |
//! | `key.rs` | what a key is spelled like, what it may do |
//! | `store.rs` | `server.db`: hashes of keys, never the keys |
//! | `sessions.rs` | browsers that have signed in; they end with the process |
//! | `guard.rs` | every request: whose it is, and whether it may pass |
//! | `sign_in.rs` | the page that turns a key into a cookie |
//!
//! # Invariants
//!
//! - **K1** A key is shown once, when it is made; only its SHA-256 is kept, and compared in constant time. (Secrets that
//!   webhooks are signed with are kept as they are: whoever signs needs them.)
//! - **K2** A session never outlives its key: every request looks the key up.
//! - **K3** A cookie alone changes nothing: the session's token has to come with it.

mod guard;
mod key;
mod sessions;
mod sign_in;
mod store;

pub(crate) use guard::{Caller, guard, wall};
pub(crate) use key::random;
pub use key::{KeyError, MadeKey, Role};
pub(crate) use sign_in::routes;
pub use store::{ApiKey, NewKey, ServerDb, ServerDbError};

use sessions::Sessions;

/// Keys and sessions of one service.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) db: ServerDb,
    pub(crate) sessions: Sessions,
}

impl Identity {
    pub(crate) fn new(db: ServerDb) -> Self {
        Self { db, sessions: Sessions::default() }
    }
}
