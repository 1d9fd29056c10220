//! One run under way: where it is, and how to stop it.

use super::{
    kept::{End, Kept, Line},
    order::Order,
};
use backstop_risk::desk::{
    Inputs, Progress, Report,
    error::DeskError,
    run::{Maker, Parts, run},
};
use std::{
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) stage: String,
    /// Hundredths of the stage that are done, rounded down.
    pub(crate) percent: u64,
    /// Since the run began.
    pub(crate) since: Duration,
    /// Until this stage is done, by its rate so far.
    pub(crate) left: Option<Duration>,
    /// Whether it was told to stop.
    pub(crate) stopping: bool,
}

impl Seen {
    /// The time left in words, rounded up: a stage that is not done is not "0 s" away from it.
    pub(crate) fn left_in_words(&self) -> Option<String> {
        let seconds = self.left?.as_millis().div_ceil(1_000).max(1);
        Some(if seconds < 90 {
            format!("{seconds} s")
        } else {
            format!("{} min", seconds.div_ceil(60))
        })
    }
}

#[derive(Debug)]
struct At {
    stage: &'static str,
    done: u64,
    total: u64,
    began: Instant,
}

/// Why a run failed that a panic ended.
const PANICKED: &str =
    "a fault of the program ended the run; the service's log names the place: please report it";

/// Frees the desk however the thread ends, and keeps a panic as the run's end.
struct Ending {
    job: Arc<Job>,
    line: Line,
    kept: Kept,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let line = Line { end: End::Failed(PANICKED.to_owned()), ..self.line.clone() };
            let written = self.kept.end(&line);
            tracing::error!(run = line.id, ?written, "a run of the risk desk panicked");
        }
        self.job.running.store(false, Ordering::Release);
    }
}

/// One run under way, or the last one.
#[derive(Debug)]
pub(crate) struct Job {
    id: u64,
    began: Instant,
    at: Mutex<At>,
    /// Who told it to stop.
    stop: OnceLock<&'static str>,
    running: AtomicBool,
    /// Its thread, until somebody waits for it.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Job {
    /// Begins the run of a line on a thread of its own.
    ///
    /// # Errors
    /// When the machine has no thread.
    pub(super) fn begin(line: Line, order: Order, kept: Kept) -> io::Result<Arc<Self>> {
        let (mine, to) = (line.clone(), kept.clone());
        Self::on_thread((line, kept), move |job| job.kept(mine, order, &to))
    }

    /// Begins some work as the run of a line.
    ///
    /// # Errors
    /// When the machine has no thread.
    pub(super) fn on_thread(
        (line, kept): (Line, Kept),
        work: impl FnOnce(&Self) + Send + 'static,
    ) -> io::Result<Arc<Self>> {
        let began = Instant::now();
        let job = Arc::new(Self {
            id: line.id,
            began,
            at: Mutex::new(At { stage: "files", done: 0, total: 1, began }),
            stop: OnceLock::new(),
            running: AtomicBool::new(true),
            thread: Mutex::new(None),
        });
        let ending = Ending { job: Arc::clone(&job), line, kept };
        let work = move || {
            let ending = ending;
            work(&ending.job);
        };
        let thread = std::thread::Builder::new().name("backstop-risk".to_owned()).spawn(work)?;
        *job.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(job)
    }

    /// Works, and keeps what came out or why nothing did.
    fn kept(&self, line: Line, order: Order, kept: &Kept) {
        let (id, made_at) = (line.id, line.made_at.clone());
        let made = self.work(order, made_at);
        let written = match made {
            Ok(report) => kept.write(line.clone(), &report),
            Err(error) => {
                let end = match self.stop.get() {
                    Some(who) => End::Stopped((*who).to_owned()),
                    None => End::Failed(error.to_string()),
                };
                tracing::warn!(run = id, ?end, "a run of the risk desk came to no report");
                kept.end(&Line { end, ..line.clone() })
            }
        };
        if let Err(error) = written {
            let why = format!("the run can't be kept: {error}");
            tracing::error!(run = id, why, "a run of the risk desk is lost");
            // If this can't be written either, the line says that the program ended: no more is known on the disk.
            let _ = kept.end(&Line { end: End::Failed(why), ..line });
        }
    }

    fn work(&self, order: Order, now: String) -> Result<Report, DeskError> {
        let Order { setup, texts, fund, waterfall, notes } = order;
        let mut inputs = Inputs::read(&setup, &texts)?;
        // Texts of prices are as large as what was read from them.
        drop(texts);
        self.ask()?;
        (inputs.fund, inputs.waterfall, inputs.notes) = (fund, Some(waterfall), notes);
        let program = format!("backstop {}", env!("CARGO_PKG_VERSION"));
        let maker = Maker { program, made_at: now };
        run(&setup, &inputs, (inputs.possible(Parts::ALL), &maker), self)
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    /// Tells it to stop, and who does; it ends within a fraction of a second. A second time changes nothing.
    pub(crate) fn stop(&self, who: &'static str) {
        let _ = self.stop.set(who);
    }

    /// Waits until it has ended.
    pub(super) fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // One that panicked has ended too.
        let _ = thread.map(JoinHandle::join);
    }

    /// Where it is.
    pub(crate) fn seen(&self) -> Seen {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let percent = u128::from(at.done) * 100 / u128::from(at.total.max(1));
        Seen {
            stage: at.stage.to_owned(),
            percent: u64::try_from(percent).unwrap_or(100).min(100),
            since: self.began.elapsed(),
            left: left(at.began.elapsed(), at.done, at.total),
            stopping: self.stop.get().is_some(),
        }
    }
}

/// How long the rest takes at the rate so far; none before anything is done.
fn left(spent: Duration, done: u64, total: u64) -> Option<Duration> {
    let rest = u128::from(total.saturating_sub(done));
    let left = spent.as_millis().checked_mul(rest)?.checked_div(u128::from(done))?;
    Some(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)))
}

impl Progress for Job {
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if at.stage != stage {
            *at = At { stage, done: 0, total, began: Instant::now() };
        }
        (at.done, at.total) = (at.done.max(done), total);
        self.goes_on()
    }

    fn goes_on(&self) -> bool {
        self.stop.get().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_risk::desk::Setup;

    #[test]
    fn a_run_that_panics_frees_the_desk_and_is_told_as_failed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("runs"));
        let line = Line::begun(&Setup::default(), Vec::new(), "now".to_owned());
        let line = kept.begin(line).unwrap();
        let job = Job::on_thread((line.clone(), kept.clone()), |job| {
            let _held = job.at.lock();
            panic!("as a fault of ours would");
        });
        let job = job.unwrap();
        job.join();
        assert!(!job.is_running());
        assert_eq!(kept.line(line.id).unwrap().why_not(false).as_deref(), Some(PANICKED));
        assert_eq!(job.seen().stage, "files", "who asks is answered still");
    }

    #[test]
    fn the_time_left_is_that_of_the_rate_however_small_a_part_is() {
        // 63,000 of 300,000 in 24 s: less than half a millisecond each, and a minute and a half to go.
        let spent = Duration::from_secs(24);
        let seen =
            |left| Seen { stage: "need".into(), percent: 21, since: spent, left, stopping: false };
        let found = left(spent, 63_000, 300_000).unwrap();
        assert_eq!(found, Duration::from_millis(90_285));
        assert_eq!(seen(Some(found)).left_in_words().unwrap(), "2 min");
        assert_eq!(left(spent, 0, 10), None);
        assert_eq!(left(spent, 10, 10), Some(Duration::ZERO));
        assert_eq!(left(Duration::from_millis(1), 999, 1_000), Some(Duration::ZERO));
        assert_eq!(seen(Some(Duration::ZERO)).left_in_words().unwrap(), "1 s");
        assert_eq!(seen(Some(Duration::from_millis(88_001))).left_in_words().unwrap(), "89 s");
    }
}
