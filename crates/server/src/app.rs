//! What a handler can reach.

use crate::{
    assets::Assets,
    checkpoints::{Signed, Signer},
    config::Settings,
    identity::Identity,
    kept::Kept,
    limits::Seconds,
    live::{self, Hub},
    metrics::Requests,
    problem::Problem,
    risk::Desk,
    webhooks::{Client, Webhooks},
};
use backstop_core::State;
use backstop_engine::Engine;
use backstop_units::{Seq, Timestamp};
use std::{
    fmt,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// How long a request waits for the follower before it says so.
const PATIENCE: Duration = Duration::from_secs(5);

/// A ledger to be served.
#[derive(Debug)]
pub struct Mounted {
    /// Its name in the address; empty for the main one, which is served at the root.
    pub name: String,
    /// What people read on top of its pages.
    pub title: String,
    /// The ledger.
    pub engine: Engine,
    /// What signs its heads; without it nobody gets proofs but against checkpoints that are there already.
    pub signer: Option<Signer>,
}

/// One ledger in its service; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    inner: Arc<Inner>,
}

struct Inner {
    mounted: Mounted,
    /// What stands before every path of this ledger: nothing, or `/runs/<name>`.
    base: String,
    /// Name and title of every ledger that is served.
    ledgers: Arc<[(String, String)]>,
    settings: Arc<Settings>,
    assets: Arc<Assets>,
    identity: Arc<Identity>,
    started: Instant,
    requests: Requests,
    seconds: Seconds,
    signed: Signed,
    live: Hub,
    webhooks: Webhooks,
    desk: Desk,
    /// Turns true when the service ends.
    stopping: watch::Receiver<bool>,
}

/// A handle that does not keep a ledger open.
#[derive(Clone, Debug)]
pub(crate) struct WeakApp(Weak<Inner>);

impl WeakApp {
    pub(crate) fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(|inner| App { inner })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("base", &self.base).finish_non_exhaustive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("base", &self.inner.base).finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn new(
        mounted: Mounted,
        ledgers: Arc<[(String, String)]>,
        settings: Arc<Settings>,
        (assets, identity, client): (Arc<Assets>, Arc<Identity>, Arc<Client>),
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (live, woken) = Hub::new(settings.sse_readers);
        let base =
            if mounted.name.is_empty() { String::new() } else { format!("/runs/{}", mounted.name) };
        // Runs are of the main ledger's venue; others served beside it have none.
        let is_main = mounted.name.is_empty();
        let setup = settings.risk_setup.clone().filter(|_| is_main);
        let runs = settings.risk_runs.clone().filter(|_| is_main).unwrap_or_default();
        let inner = Inner {
            mounted,
            base,
            ledgers,
            settings,
            assets,
            identity,
            started: Instant::now(),
            requests: Requests::default(),
            seconds: Seconds::default(),
            signed: Signed::default(),
            live,
            webhooks: Webhooks::new(client),
            desk: Desk::new(setup, runs),
            stopping,
        };
        let inner = Arc::new(inner);
        let weak = WeakApp(Arc::downgrade(&inner));
        let started = std::thread::Builder::new()
            .name("backstop-live".to_owned())
            .spawn(move || live::run(&weak, &woken));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for live readers: they get nothing but heartbeats");
        }
        Self { inner }
    }

    /// A handle that does not keep the ledger open.
    pub(crate) fn weak(&self) -> WeakApp {
        WeakApp(Arc::downgrade(&self.inner))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.mounted.engine
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Keys and sessions of the whole service.
    pub(crate) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    pub(crate) fn assets(&self) -> &Assets {
        &self.inner.assets
    }

    /// What stands before every path of this ledger.
    pub(crate) fn base(&self) -> &str {
        &self.inner.base
    }

    pub(crate) fn title(&self) -> &str {
        &self.inner.mounted.title
    }

    /// Path and title of every ledger that is served here.
    pub(crate) fn ledgers(&self) -> impl Iterator<Item = (String, &str)> {
        self.inner.ledgers.iter().map(|(name, title)| {
            let path = if name.is_empty() { "/".to_owned() } else { format!("/runs/{name}") };
            (path, title.as_str())
        })
    }

    /// Who reads live.
    pub(crate) fn live(&self) -> &Hub {
        &self.inner.live
    }

    /// Who is told of each record.
    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// Runs of the risk desk.
    pub(crate) fn desk(&self) -> &Desk {
        &self.inner.desk
    }

    /// Turns true when the service ends: streams end then.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.inner.stopping.clone()
    }

    pub(crate) fn seconds(&self) -> &Seconds {
        &self.inner.seconds
    }

    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.inner.mounted.signer.as_ref()
    }

    pub(crate) fn signed(&self) -> &Signed {
        &self.inner.signed
    }

    pub(crate) fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    /// How long this process has served it.
    pub(crate) fn uptime(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// Looks at the state on a thread that may take its time; `look` also gets the time that a command
    /// sent now would have.
    ///
    /// # Errors
    /// A problem when `look` panics, which is our fault.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let now = app.engine().now();
            app.engine().read(|state| look(state, now))
        });
        looked.await.map_err(|_| Problem::internal())
    }

    /// Looks at what history keeps on a thread that may wait for files. The state is asked where it is needed,
    /// by [`Engine::read`], and never while history is: the follower waits for nobody.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub(crate) async fn look_back<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine, &Kept) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        let looked =
            tokio::task::spawn_blocking(move || look(app.engine(), &Kept::of(app.engine())));
        looked.await.map_err(|_| Problem::internal())
    }

    /// Waits until reads see record `seq`.
    ///
    /// # Errors
    /// 412 for a record that is not durable yet, 503 when the follower does not come that far in time.
    pub(crate) async fn wait_for(&self, seq: Seq) -> Result<(), Problem> {
        if self.engine().applied_seq() > seq {
            return Ok(());
        }
        let size = self.engine().head().size;
        if seq.get() >= size {
            return Err(Problem::ahead(seq, size));
        }
        let (to, seen) = oneshot::channel();
        // Who waited may have gone.
        self.engine().when_read(seq, move |there| {
            let _ = to.send(there);
        });
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Problem::lagging(seq, self.engine().applied_seq())),
        }
    }
}
