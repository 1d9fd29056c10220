//! Runs of the risk desk beside a ledger: one at a time in the background, each kept as a file.
//!
//! ```text
//!   settings file ──▶ what-if form ──▶ job (a thread of its own) ──▶ <runs>/000007.report.json ──▶ pages
//!                                       └── 000007.line.json from its beginning: number, changes, how it ended
//! ```
//!
//! The figures are the desk's; nothing here computes one. A run reads its files when it begins, so whoever changes
//! them gets the change with the next run; the report has the hashes of what it read.

pub mod files;
mod job;
mod kept;

use job::Order;
pub(crate) use job::{Job, Seen};
pub(crate) use kept::{End, Kept, Line};

use crate::app::WeakApp;
use backstop_core::State;
use backstop_risk::desk::{LedgerFund, Report, Setup};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Runs of one ledger.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The settings file; none: the page says how to name one.
    setup: Option<PathBuf>,
    kept: Kept,
    /// The run under way, or the last one.
    current: Mutex<Option<Arc<Job>>>,
}

/// Why a run does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskRefusal {
    /// No settings file is named.
    #[error("no settings file is named: set `risk_setup` to one, and restart")]
    NoSetup,
    /// Another run is under way.
    #[error("run {0} is under way: wait for it, or stop it")]
    Busy(u64),
    /// Settings out of range, or files that can't be read.
    #[error("{0}")]
    Files(String),
    /// The ledger has no such fund, or several and none is named.
    #[error("{0}")]
    Fund(String),
}

/// The fund of the ledger that settings name, or its only one. Settings get from it what they leave to the ledger.
///
/// # Errors
/// [`DeskRefusal::Fund`].
pub(crate) fn settled(
    mut setup: Setup,
    state: &State,
) -> Result<(Setup, Option<LedgerFund>), DeskRefusal> {
    let found = LedgerFund::of(state, setup.fund.name.as_deref());
    let fund = found.map_err(|error| DeskRefusal::Fund(error.to_string()))?;
    if let Some(fund) = &fund {
        fund.settle(&mut setup);
    }
    Ok((setup, fund))
}

impl Desk {
    pub(crate) fn new(setup: Option<PathBuf>, runs: PathBuf) -> Self {
        Self { setup, kept: Kept::new(runs), current: Mutex::new(None) }
    }

    pub(crate) const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The settings file as it is now.
    ///
    /// # Errors
    /// [`DeskRefusal`].
    pub(crate) fn setup(&self) -> Result<Setup, DeskRefusal> {
        let file = self.setup.as_deref().ok_or(DeskRefusal::NoSetup)?;
        let text = read(file).map_err(DeskRefusal::Files)?;
        let name = file.display().to_string();
        let setup = Setup::parse(&name, &text);
        let mut setup = setup.map_err(|error| DeskRefusal::Files(error.to_string()))?;
        files::from_folder(&mut setup, file.parent().unwrap_or(Path::new("")));
        Ok(setup)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Job>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that is under way.
    pub(crate) fn running(&self) -> Option<Arc<Job>> {
        self.current().clone().filter(|job| job.is_running())
    }

    /// Begins a run and gives its number. `changes` are what it changes of the settings file, in words.
    ///
    /// # Errors
    /// [`DeskRefusal`].
    pub(crate) fn begin(
        &self,
        (setup, fund): (Setup, Option<LedgerFund>),
        changes: Vec<String>,
        now: String,
    ) -> Result<u64, DeskRefusal> {
        let mut current = self.current();
        if let Some(job) = current.as_ref().filter(|job| job.is_running()) {
            return Err(DeskRefusal::Busy(job.id()));
        }
        setup.check().map_err(|error| DeskRefusal::Files(error.to_string()))?;
        let texts = files::texts(&setup, &|path| read(path)).map_err(DeskRefusal::Files)?;
        let told = |error: io::Error| DeskRefusal::Files(format!("no run can be kept: {error}"));
        let line = self.kept.begin(Line::begun(&setup, changes, now)).map_err(told)?;
        let order = Order { setup, texts, fund };
        let job = Job::begin(line.clone(), order, self.kept.clone()).map_err(|error| {
            let why = format!("no thread to run on: {error}");
            let _ = self.kept.end(&Line { end: End::Failed(why.clone()), ..line.clone() });
            DeskRefusal::Files(why)
        })?;
        *current = Some(job);
        Ok(line.id)
    }

    /// Stops the run under way and waits until it has kept how it ended.
    fn end(&self) {
        let job = self.running();
        if let Some(job) = job {
            job.stop("with the service");
            job.join();
        }
    }

    /// The newest run that came to a report.
    pub(crate) fn last(&self) -> Option<(u64, Report)> {
        let id = self.kept.last()?;
        Some((id, self.kept.read(id)?))
    }
}

/// Stops the run of a ledger when the service ends: it would hold a processor until the program is gone, and nobody could
/// tell what became of it.
pub(crate) async fn keep(app: WeakApp, mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    let Some(app) = app.upgrade() else { return };
    // A thread that panicked has nothing more to keep.
    let _ = tokio::task::spawn_blocking(move || app.desk().end()).await;
}

/// Reads a file, unzipped if its name ends in `.gz`.
fn read(path: &Path) -> Result<String, String> {
    files::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
