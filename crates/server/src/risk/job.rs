//! One run under way: where it is, and how to stop it.

use super::kept::Kept;
use backstop_api::Preset;
use backstop_risk::desk::{
    Inputs, LedgerFund, Progress, Report, Setup,
    error::DeskError,
    inputs::Texts,
    run::{Maker, Parts, run},
};
use backstop_units::Label;
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) stage: String,
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Since the run began.
    pub(crate) since: Duration,
    /// Until this stage is done, by its rate so far.
    pub(crate) left: Option<Duration>,
}

#[derive(Debug)]
struct At {
    stage: &'static str,
    done: u64,
    total: u64,
    began: Instant,
}

/// What a run is made from.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) setup: Setup,
    pub(super) texts: Texts,
    /// The ledger's fund, whose fee control the fee path has; none in a ledger without one.
    pub(super) fund: Option<LedgerFund>,
}

/// One run under way, or one that failed.
#[derive(Debug)]
pub(crate) struct Job {
    id: u64,
    began: Instant,
    at: Mutex<At>,
    stop: AtomicBool,
    running: AtomicBool,
    failed: Mutex<Option<String>>,
}

impl Job {
    /// Begins a run on a thread of its own.
    ///
    /// # Errors
    /// When the machine has no thread.
    pub(super) fn begin(id: u64, order: Order, kept: Kept, now: String) -> io::Result<Arc<Self>> {
        let began = Instant::now();
        let job = Arc::new(Self {
            id,
            began,
            at: Mutex::new(At { stage: "files", done: 0, total: 1, began }),
            stop: AtomicBool::new(false),
            running: AtomicBool::new(true),
            failed: Mutex::new(None),
        });
        let mine = Arc::clone(&job);
        let work = move || {
            let made = mine.work(order, now);
            let outcome = made.map_err(|error| error.to_string()).and_then(|report| {
                kept.write(id, &report).map_err(|error| format!("the run can't be kept: {error}"))
            });
            if let Err(why) = outcome {
                tracing::warn!(run = id, why, "a run of the risk desk failed");
                *mine.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            }
            mine.running.store(false, Ordering::Release);
        };
        std::thread::Builder::new().name("backstop-risk".to_owned()).spawn(work)?;
        Ok(job)
    }

    fn work(&self, order: Order, now: String) -> Result<Report, DeskError> {
        let setup = &order.setup;
        let mut inputs = Inputs::read(setup, &order.texts)?;
        inputs.fund = order.fund;
        // A preset that is not there leaves the fund as the only layer; the settings were checked when the run began.
        let name = Label::parse("risk-desk").unwrap_or(Label::NONE);
        let preset = Preset::named(&setup.fund.preset).ok();
        inputs.waterfall = preset.map(|preset| preset.genesis(name));
        let program = format!("backstop {}", env!("CARGO_PKG_VERSION"));
        let maker = Maker { program, made_at: now };
        run(setup, &inputs, (inputs.possible(Parts::ALL), &maker), self)
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    /// Why it failed, if it has.
    pub(crate) fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells it to stop; it does at its next block of work.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Where it is.
    pub(crate) fn seen(&self) -> Seen {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = at.began.elapsed();
        let rest = at.total.saturating_sub(at.done);
        let left = (at.done > 0).then(|| {
            let each = spent.as_millis() / u128::from(at.done);
            let left = each.saturating_mul(u128::from(rest));
            Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX))
        });
        Seen {
            stage: at.stage.to_owned(),
            done: at.done,
            total: at.total,
            since: self.began.elapsed(),
            left,
        }
    }
}

impl Progress for Job {
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if at.stage != stage {
            *at = At { stage, done, total, began: Instant::now() };
        }
        // Blocks end out of order: a bar never goes back.
        (at.done, at.total) = (at.done.max(done), total);
        !self.stop.load(Ordering::Relaxed)
    }
}
