//! What the threads of one engine tell each other without waiting.

use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use backstop_core::{Reject, RejectCode};
use backstop_units::Hash;

use crate::{error::Failure, timing::Histogram};

/// The durable end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many records are durable; the next sequence number.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// How an engine is doing, for a status page and for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The durable end of the log.
    pub head: Head,
    /// Records that reads see.
    pub applied: u64,
    /// Commands that wait for the writer.
    pub queued: usize,
    /// Bytes of commands that wait for the writer.
    pub queued_bytes: usize,
    /// Bytes of committed batches that reads don't see yet.
    pub lag_bytes: usize,
    /// Bytes by which the journal can still grow, if it has a limit.
    pub journal_bytes_left: Option<u64>,
    /// The clock has jumped; commands wait for an operator.
    pub clock_jumped: bool,
    /// Nothing is written any more.
    pub stopped: bool,
}

/// Counts something that has a limit.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

impl Gauge {
    /// Adds `count` unless the limit would be passed.
    fn try_add(&self, count: usize, limit: usize) -> Result<(), Reject> {
        let before = self.0.fetch_add(count, Ordering::AcqRel);
        let got = before.saturating_add(count);
        if got <= limit {
            return Ok(());
        }
        self.sub(count);
        Err(Reject::new(RejectCode::QueueFull, got, limit))
    }
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count, Ordering::AcqRel);
    }
    pub(crate) fn sub(&self, count: usize) {
        self.0.fetch_sub(count, Ordering::AcqRel);
    }
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// The limits of the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    pub(crate) commands: usize,
    pub(crate) bytes: usize,
    pub(crate) lag_bytes: usize,
}

/// Flags and counters of one engine.
#[derive(Debug)]
pub(crate) struct Shared {
    failure: OnceLock<Failure>,
    head: Mutex<Head>,
    queue: QueueLimits,
    /// Commands that wait for the writer.
    pub(crate) queued: Gauge,
    /// Their bytes.
    pub(crate) queued_bytes: Gauge,
    /// Bytes that are committed and not yet followed.
    pub(crate) lag: Gauge,
    /// Bytes by which the journal can still grow.
    pub(crate) bytes_left: AtomicU64,
    /// How long appends took.
    pub(crate) appends: Histogram,
    /// An operator confirms the clock.
    pub(crate) confirm_clock: AtomicBool,
    /// The clock has jumped and nobody has confirmed it.
    pub(crate) clock_jumped: AtomicBool,
}

impl Shared {
    pub(crate) fn new(head: Head, queue: QueueLimits) -> Self {
        Self {
            failure: OnceLock::new(),
            head: Mutex::new(head),
            queue,
            queued: Gauge::default(),
            queued_bytes: Gauge::default(),
            lag: Gauge::default(),
            bytes_left: AtomicU64::new(u64::MAX),
            appends: Histogram::default(),
            confirm_clock: AtomicBool::new(false),
            clock_jumped: AtomicBool::new(false),
        }
    }

    /// Stops acceptance for good; the first failure is the one that is told.
    pub(crate) fn stop(&self, failure: Failure) {
        // A later failure follows from the first one.
        let _ = self.failure.set(failure);
    }
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.get()
    }
    pub(crate) fn stopped(&self) -> bool {
        self.failure.get().is_some()
    }

    pub(crate) fn head(&self) -> Head {
        *lock(&self.head)
    }
    pub(crate) fn set_head(&self, head: Head) {
        *lock(&self.head) = head;
    }

    pub(crate) fn status(&self, applied: u64) -> Status {
        let left = self.bytes_left.load(Ordering::Acquire);
        Status {
            head: self.head(),
            applied,
            queued: self.queued.get(),
            queued_bytes: self.queued_bytes.get(),
            lag_bytes: self.lag.get(),
            journal_bytes_left: (left != u64::MAX).then_some(left),
            clock_jumped: self.clock_jumped.load(Ordering::Acquire),
            stopped: self.stopped(),
        }
    }

    /// Makes room for commands in the queue.
    pub(crate) fn admit(&self, count: usize, bytes: usize) -> Result<(), Reject> {
        if self.stopped() {
            return Err(crate::answer::STOPPED);
        }
        let lag = self.lag.get();
        if lag > self.queue.lag_bytes {
            return Err(Reject::new(RejectCode::QueueFull, lag, self.queue.lag_bytes));
        }
        self.queued.try_add(count, self.queue.commands)?;
        let fits = self.queued_bytes.try_add(bytes, self.queue.bytes);
        fits.inspect_err(|_| self.queued.sub(count))
    }

    /// Takes commands out of the queue.
    pub(crate) fn release(&self, count: usize, bytes: usize) {
        self.queued.sub(count);
        self.queued_bytes.sub(bytes);
    }
}

/// Locks, also after a panic elsewhere: what is behind these locks is written in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
