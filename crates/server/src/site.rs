//! The whole service: starts, runs, ends.

use crate::{
    app::{App, Mounted},
    assets::Assets,
    checkpoints,
    config::Settings,
    identity::{Identity, ServerDb, ServerDbError},
    listener, risk, router, tls,
    webhooks::{self, Client},
};
use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The file of API keys can't be used.
    #[error(transparent)]
    Keys(#[from] ServerDbError),
    /// A file of certificates can't be used.
    #[error(transparent)]
    File(#[from] tls::FileError),
    /// The system has no thread left.
    #[error("can't start threads: {0}")]
    Threads(#[source] io::Error),
}

/// What is to be served, and how.
#[derive(Debug)]
pub struct Site {
    /// The ledgers; the first one without a name is the main one.
    pub ledgers: Vec<Mounted>,
    /// How.
    pub settings: Settings,
}

/// A service that runs. Dropping it ends it.
pub struct Running {
    address: SocketAddr,
    stop: Arc<watch::Sender<bool>>,
    serving: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Site {
    /// Binds and begins to serve on threads of its own.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start(self) -> Result<Running, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("backstop-http")
            .build()
            .map_err(ServeError::Threads)?;
        let settings = Arc::new(self.settings);
        let address = settings.listen;
        let bound = runtime.block_on(TcpListener::bind(address));
        let listener = bound.map_err(|source| ServeError::Listen { address, source })?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        let names: Arc<[(String, String)]> =
            self.ledgers.iter().map(|ledger| (ledger.name.clone(), ledger.title.clone())).collect();
        let assets = Arc::new(Assets::new());
        let keys = match settings.server_db.as_deref() {
            Some(path) => ServerDb::open(path)?,
            None => ServerDb::memory()?,
        };
        let identity = Arc::new(Identity::new(keys));
        let client = Arc::new(Client::new(&settings)?);
        let own = tls::Own::read(&settings)?;
        let (stop, stopped) = watch::channel(false);
        let app = |mounted| {
            let shared = (Arc::clone(&assets), Arc::clone(&identity), Arc::clone(&client));
            let settings = Arc::clone(&settings);
            App::new(mounted, Arc::clone(&names), settings, shared, stopped.clone())
        };
        let apps: Vec<App> = self.ledgers.into_iter().map(app).collect();
        let mut keepers = Vec::new();
        for app in &apps {
            runtime.spawn(checkpoints::keep(app.weak(), stopped.clone()));
            keepers.push(runtime.spawn(webhooks::keep(app.weak(), stopped.clone())));
            keepers.push(runtime.spawn(risk::keep(app.weak(), stopped.clone())));
        }
        let router = router::site(&apps);
        if let Some(own) = &own {
            runtime.spawn(Arc::clone(own).keep(stopped.clone()));
        }
        let listening = listener::run((listener, own), router, settings, stopped);
        let serving = runtime.spawn(async move {
            listening.await;
            for keeper in keepers {
                // One that panicked has ended too.
                let _ = keeper.await;
            }
        });
        let stop = Arc::new(stop);
        Ok(Running { address, stop, serving: Some(serving), runtime: Some(runtime) })
    }
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it from another thread, such as one that got a signal.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Waits until it is stopped and requests under way are answered.
    pub fn wait(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) {
            // A listener that panicked has ended too.
            let _ = runtime.block_on(serving);
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}

/// How long work that no request waits for may still take.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Ends a service: no new request is taken, those under way are answered.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Ends it; a second time changes nothing.
    pub fn stop(&self) {
        if !self.0.send_replace(true) {
            tracing::info!("stopping: requests under way are answered, no new ones are taken");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.join();
    }
}
