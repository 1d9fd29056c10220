//! Runs of the risk desk beside a ledger: one at a time in the background, each kept as a file.
//!
//! ```text
//!   settings file ──▶ what-if form ──▶ job (a thread of its own) ──▶ <runs>/000007.report.json ──▶ pages
//!                                       └── 000007.line.json from its beginning: number, changes, how it ended
//! ```
//!
//! The figures are the desk's; nothing here computes one. A run reads its files when it begins, so whoever changes
//! them gets the change with the next run; the report has the hashes of what it read. Where the settings name neither
//! accounts nor positions, both are those of the ledger's hosted markets.

pub mod files;
mod job;
mod kept;
mod order;

pub(crate) use job::{Job, Seen};
pub(crate) use kept::{End, Kept, Line, NoReport};
pub(crate) use order::{Order, settled};

use crate::app::WeakApp;
use backstop_risk::desk::{Report, Setup};
use order::read;
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
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    /// The run under way, or the last one.
    job: Option<Arc<Job>>,
    /// The service ends: no run begins any more.
    closed: bool,
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
    /// The service ends.
    #[error("the service is ending: begin the run when it is back")]
    Closed,
    /// Settings out of range, or files that can't be read.
    #[error("{0}")]
    Files(String),
    /// The ledger has no such fund, or several and none is named.
    #[error("{0}")]
    Fund(String),
}

impl Desk {
    pub(crate) fn new(setup: Option<PathBuf>, runs: PathBuf) -> Self {
        Self { setup, kept: Kept::new(runs), current: Mutex::default() }
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

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that is under way.
    pub(crate) fn running(&self) -> Option<Arc<Job>> {
        self.current().job.clone().filter(|job| job.is_running())
    }

    /// What is read of the runs that are kept, and which of them were under way before that or are after it: whatever
    /// was read of those may be older than how they ended, or than their beginning.
    pub(crate) fn look<T>(&self, read: impl FnOnce(&Kept) -> T) -> (T, Vec<Arc<Job>>) {
        let before = self.running();
        let found = read(&self.kept);
        (found, before.into_iter().chain(self.running()).collect())
    }

    /// Refuses a run while there can't be one.
    fn free(current: &Current) -> Result<(), DeskRefusal> {
        if current.closed {
            return Err(DeskRefusal::Closed);
        }
        match current.job.as_ref().filter(|job| job.is_running()) {
            Some(job) => Err(DeskRefusal::Busy(job.id())),
            None => Ok(()),
        }
    }

    /// Reads what a run of settings is made from. Nobody who asks for the run under way waits for that.
    ///
    /// # Errors
    /// [`DeskRefusal`].
    pub(crate) fn order(&self, setup: Setup) -> Result<Order, DeskRefusal> {
        Self::free(&self.current())?;
        Order::read(setup)
    }

    /// Begins a run and gives its number. `changes` are what it changes of the settings file, in words.
    ///
    /// # Errors
    /// [`DeskRefusal`].
    pub(crate) fn begin(
        &self,
        order: Order,
        changes: Vec<String>,
        now: String,
    ) -> Result<u64, DeskRefusal> {
        let line = Line::begun(&order.setup, changes, now);
        self.start(line, |line| Job::begin(line, order, self.kept.clone()))
    }

    fn start(
        &self,
        line: Line,
        begin: impl FnOnce(Line) -> io::Result<Arc<Job>>,
    ) -> Result<u64, DeskRefusal> {
        let mut current = self.current();
        Self::free(&current)?;
        let told = |error: io::Error| DeskRefusal::Files(format!("no run can be kept: {error}"));
        let line = self.kept.begin(line).map_err(told)?;
        let id = line.id;
        let job = begin(line.clone()).map_err(|error| {
            let why = format!("no thread to run on: {error}");
            let _ = self.kept.end(&Line { end: End::Failed(why.clone()), ..line });
            DeskRefusal::Files(why)
        })?;
        current.job = Some(job);
        Ok(id)
    }

    /// Stops the run under way and waits until it has kept how it ended; from now on none begins.
    fn end(&self) {
        let job = {
            let mut current = self.current();
            current.closed = true;
            current.job.clone().filter(|job| job.is_running())
        };
        if let Some(job) = job {
            job.stop("with the service");
            job.join();
        }
    }

    /// The report of a run.
    ///
    /// # Errors
    /// [`NoReport`].
    pub(crate) fn report(&self, id: u64) -> Result<Report, NoReport> {
        self.asked(id, Kept::report)
    }

    /// The report of a run as it was written, in whatever form.
    ///
    /// # Errors
    /// [`NoReport`].
    pub(crate) fn text(&self, id: u64) -> Result<String, NoReport> {
        self.asked(id, Kept::text)
    }

    fn asked<T>(
        &self,
        id: u64,
        read: fn(&Kept, u64) -> Result<T, NoReport>,
    ) -> Result<T, NoReport> {
        let (found, under_way) = self.look(|kept| read(kept, id));
        match found {
            Err(NoReport::Begun(_)) if under_way.iter().any(|job| job.id() == id) => {
                Err(NoReport::UnderWay(id))
            }
            found => found,
        }
    }

    /// The newest run whose report can be read.
    pub(crate) fn last(&self) -> Option<(u64, Report)> {
        let mut ids = self.kept.reported().into_iter();
        ids.find_map(|id| Some((id, self.kept.report(id).ok()?)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_risk::desk::{
        Inputs, Silent,
        inputs::Texts,
        outcome::VERSION,
        run::{Maker, Parts, run},
    };
    use std::sync::mpsc;

    fn desk() -> (tempfile::TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::new(None, folder.path().join("runs"));
        (folder, desk)
    }

    fn line() -> Line {
        Line::begun(&Setup::default(), Vec::new(), "now".to_owned())
    }

    /// A run that ends, as failed, when it is told to.
    fn begun(desk: &Desk) -> (u64, mpsc::Sender<()>) {
        let (tell, told) = mpsc::channel();
        let begin = |line: Line| {
            let (mine, to) = (line.clone(), desk.kept.clone());
            Job::on_thread((line, desk.kept.clone()), move |_| {
                let _ = told.recv();
                to.end(&Line { end: End::Failed("told to".into()), ..mine }).unwrap();
            })
        };
        (desk.start(line(), begin).unwrap(), tell)
    }

    #[test]
    fn a_run_that_ends_or_begins_while_the_list_is_read_is_not_broken_off() {
        let (_folder, desk) = desk();
        let (first, tell) = begun(&desk);
        assert!(matches!(desk.text(first), Err(NoReport::UnderWay(_))));
        let (lines, under_way) = desk.look(|kept| {
            let lines = kept.lines();
            tell.send(()).unwrap();
            desk.running().unwrap().join();
            lines
        });
        assert_eq!(lines[0].end, End::Begun, "read before it ended");
        assert!(under_way.iter().any(|job| job.id() == first));
        let ((second, _tell), under_way) = desk.look(|_| begun(&desk));
        assert_eq!(under_way.iter().map(|job| job.id()).collect::<Vec<_>>(), [second]);
    }

    #[test]
    fn no_run_begins_after_the_end() {
        let (_folder, desk) = desk();
        let (_, tell) = begun(&desk);
        drop(tell);
        desk.end();
        let none = |_| unreachable!("it began");
        let refused = desk.start(line(), none).unwrap_err();
        assert!(matches!(refused, DeskRefusal::Closed), "{refused}");
        let refused = desk.order(Setup::default()).unwrap_err();
        assert!(matches!(refused, DeskRefusal::Closed), "{refused}");
        assert_eq!(desk.kept.lines().len(), 1, "it has no number either");
    }

    #[test]
    fn the_last_report_is_the_newest_that_can_be_read() {
        let (_folder, desk) = desk();
        let setup = Setup::default();
        let inputs = Inputs::read(&setup, &Texts::default()).unwrap();
        let nothing = (Parts::default(), &Maker::default());
        let report = run(&setup, &inputs, nothing, &Silent).unwrap();
        for version in [0, VERSION + 1] {
            let line = desk.kept.begin(line()).unwrap();
            desk.kept.write(line, &Report { version, ..report.clone() }).unwrap();
        }
        // One from before a part that reports have now.
        let line = desk.kept.begin(line()).unwrap();
        desk.kept.write(line, &report).unwrap();
        let mut older = serde_json::to_value(&report).unwrap();
        older.as_object_mut().unwrap().remove("tails").unwrap();
        std::fs::write(desk.kept.report_file(3), older.to_string()).unwrap();
        assert_eq!(desk.last().unwrap().0, 1);
        for id in [2, 3] {
            assert!(matches!(desk.report(id), Err(NoReport::Foreign(_))), "{id}");
            assert!(desk.text(id).is_ok(), "its file is still there");
        }
        std::fs::remove_file(desk.kept.report_file(3)).unwrap();
        assert!(matches!(desk.report(3), Err(NoReport::Unreadable(..))));
    }

    #[test]
    fn a_preset_that_is_not_there_is_refused_before_the_run() {
        let (_folder, desk) = desk();
        let mut setup = Setup::default();
        setup.fund.preset = "nobody".to_owned();
        let refused = desk.order(setup).unwrap_err().to_string();
        assert!(refused.starts_with("fund.preset: ") && refused.contains("nobody"), "{refused}");
    }
}
