//! Signed heads of the log: taken while it grows, stored in the journal, so that every record has a proof.
//!
//! The service's own key signs them; who sits at the council or at a pool is asked for nothing here. How a
//! head is signed is given from outside: this crate knows no format of the journal.

use crate::app::{App, WeakApp};
use backstop_engine::Head;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How often the head is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// From a head to a signed note.
type Sign = dyn Fn(&Head) -> Result<String, String> + Send + Sync;

/// Signs heads of one ledger's log.
#[derive(Clone)]
pub struct Signer(Arc<Sign>);

impl Signer {
    /// A signer out of a function from a head to a signed note.
    pub fn new(sign: impl Fn(&Head) -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(sign))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// How far the log is signed.
#[derive(Debug, Default)]
pub(crate) struct Signed(AtomicU64);

/// Signs what the log has grown by, if it has. Blocks until that is stored.
pub(crate) fn take(app: &App) {
    let Some(signer) = app.signer() else { return };
    let head = app.engine().head();
    let before = app.signed().0.swap(head.size, Ordering::AcqRel);
    if before >= head.size {
        return;
    }
    let stored = (signer.0)(&head).and_then(|note| {
        app.engine().put_checkpoint(head.size, note).map_err(|error| error.to_string())
    });
    if let Err(error) = stored {
        app.signed().0.store(before, Ordering::Release);
        tracing::error!(error, size = head.size, "a checkpoint could not be taken");
    }
}

/// Takes checkpoints until the service ends, and a last one then.
pub(crate) async fn keep(app: WeakApp, mut stopping: watch::Receiver<bool>) {
    let mut told = false;
    loop {
        let Some(app) = app.upgrade() else { return };
        if let Some(failure) = app.engine().failed().filter(|_| !told) {
            tracing::error!(%failure, "the writer has stopped: reads go on, commands are refused until a restart");
            told = true;
        }
        // A checkpoint that panics is one that is missing.
        let _ = tokio::task::spawn_blocking(move || take(&app)).await;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
