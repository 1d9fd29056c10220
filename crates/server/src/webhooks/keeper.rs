//! The workers of one ledger: one for each subscription that is not disabled.

use super::{
    client::Client,
    store::{Progress, Subscription, Subscriptions},
    worker::Worker,
};
use crate::{
    app::{App, WeakApp},
    identity::ServerDbError,
    problem::Problem,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

/// How often it is written down how far each has come, and looked what is subscribed.
const SAVE: Duration = Duration::from_secs(1);
/// How often workers are told of new records.
const PACE: Duration = Duration::from_millis(100);

/// How deliveries went since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) delivered: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// How far a worker has come, for itself and its keeper.
#[derive(Debug)]
pub(super) struct Shared {
    progress: Mutex<Progress>,
    unsaved: AtomicBool,
}

impl Shared {
    pub(super) fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
        self.unsaved.store(true, Ordering::Release);
    }
}

/// One subscription with its worker.
#[derive(Debug)]
struct Running {
    subscription: Subscription,
    shared: Arc<Shared>,
    /// None while it is disabled.
    task: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The webhooks of one ledger.
#[derive(Debug)]
pub(crate) struct Webhooks {
    pub(super) client: Arc<Client>,
    counts: Arc<Counts>,
    running: Mutex<BTreeMap<String, Running>>,
    /// Somebody changed what is subscribed.
    changed: Notify,
    heads: watch::Sender<u64>,
}

/// How webhooks stand, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) active: u64,
    pub(crate) failing: u64,
    pub(crate) disabled: u64,
    /// Records that the one furthest behind, of those not disabled, has not been told of.
    pub(crate) lag: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
}

impl Webhooks {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        let (counts, running, changed) = Default::default();
        Self { client, counts, running, changed, heads: watch::Sender::new(0) }
    }

    /// All subscriptions, as far as they have come by now. Blocks for the file.
    ///
    /// # Errors
    /// Our fault, or the disk's.
    pub(crate) fn list(&self, app: &App) -> Result<Vec<Subscription>, Problem> {
        let all = self.save(app).and_then(|()| of(app).list());
        all.map_err(|error| unwritten(&error))
    }

    /// Has what is subscribed looked at now.
    pub(super) fn touch(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn standing(&self, applied: u64) -> Standing {
        let mut standing = Standing {
            delivered: self.counts.delivered.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            ..Standing::default()
        };
        for running in self.running().values() {
            let progress = running.shared.progress();
            let count = match progress.status() {
                "active" => &mut standing.active,
                "failing" => &mut standing.failing,
                _ => &mut standing.disabled,
            };
            *count = count.saturating_add(1);
            if progress.disabled_at.is_none() {
                standing.lag = standing.lag.max(applied.saturating_sub(progress.next_seq));
            }
        }
        standing
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down how far each has come. Blocks.
    pub(super) fn save(&self, app: &App) -> Result<(), ServerDbError> {
        let mut all = Vec::new();
        for (id, running) in self.running().iter() {
            if running.shared.unsaved.swap(false, Ordering::AcqRel) {
                let progress = running.shared.progress();
                all.push((id.clone(), running.subscription.generation, progress));
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        of(app).save(&all).inspect_err(|_| {
            for running in self.running().values() {
                running.shared.unsaved.store(true, Ordering::Release);
            }
        })
    }

    /// Starts and ends workers, so that there is one for each of these subscriptions.
    fn fit(&self, app: &App, wanted: Vec<Subscription>) {
        let mut running = self.running();
        running.retain(|id, _| wanted.iter().any(|it| it.id == *id));
        for subscription in wanted {
            let there = running.get(&subscription.id);
            if there.is_some_and(|it| it.subscription.is_as(&subscription)) {
                continue;
            }
            let id = subscription.id.clone();
            let before = running.remove(&id);
            // The file may be behind the worker by what was delivered since it was last written.
            let before = before.filter(|it| it.subscription.generation == subscription.generation);
            let mut progress = match &before {
                Some(before) => before.shared.progress(),
                None => subscription.progress.clone(),
            };
            // A journal that was restored may end before it: what comes in its place is new.
            progress.next_seq = progress.next_seq.min(app.engine().head().size);
            let disabled = progress.disabled_at.is_some();
            let unsaved = AtomicBool::new(before.is_some());
            let shared = Arc::new(Shared { progress: Mutex::new(progress), unsaved });
            let worker = Worker {
                app: app.weak(),
                ledger: app.engine().ledger(),
                subscription: subscription.clone(),
                shared: Arc::clone(&shared),
                client: Arc::clone(&self.client),
                counts: Arc::clone(&self.counts),
                head: self.heads.subscribe(),
            };
            let task = (!disabled).then(|| tokio::spawn(worker.run()));
            running.insert(id, Running { subscription, shared, task });
        }
    }
}

/// The subscriptions of a ledger.
pub(super) fn of(app: &App) -> Subscriptions<'_> {
    Subscriptions { db: &app.identity().db, ledger: app.engine().ledger() }
}

/// A file that can't be used is our fault.
pub(super) fn unwritten(error: &ServerDbError) -> Problem {
    tracing::error!(%error, "subscriptions can't be read or written");
    Problem::internal()
}

/// Keeps the workers of a ledger until the service ends; then writes down how far each has come.
pub(crate) async fn keep(weak: WeakApp, mut stopping: watch::Receiver<bool>) {
    let mut saved: Option<Instant> = None;
    loop {
        let Some(app) = weak.upgrade() else { return };
        if saved.is_none_or(|at| at.elapsed() >= SAVE) {
            look(&app).await;
            saved = Some(Instant::now());
        }
        let webhooks = app.webhooks();
        let applied = app.engine().applied_seq().get();
        webhooks.heads.send_if_modified(|head| std::mem::replace(head, applied) != applied);
        let pace = if webhooks.running().is_empty() { SAVE } else { PACE };
        let stops = tokio::select! {
            () = tokio::time::sleep(pace) => false,
            () = webhooks.changed.notified() => {
                saved = None;
                false
            }
            _ = stopping.wait_for(|stop| *stop) => true,
        };
        if stops {
            end(&app).await;
            return;
        }
    }
}

async fn look(app: &App) {
    let own = app.clone();
    let read = tokio::task::spawn_blocking(move || own.webhooks().list(&own)).await;
    // A failure is in the log; the next look may go better.
    if let Ok(Ok(wanted)) = read {
        app.webhooks().fit(app, wanted);
    }
}

async fn end(app: &App) {
    for running in app.webhooks().running().values() {
        if let Some(task) = &running.task {
            task.abort();
        }
    }
    let own = app.clone();
    let saved = tokio::task::spawn_blocking(move || own.webhooks().save(&own)).await;
    if let Ok(Err(error)) = saved {
        tracing::error!(%error, "how far webhooks have come was not written down: some deliveries come again");
    }
}
