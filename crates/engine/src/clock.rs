//! Where time comes from, and when a clock has jumped.
//!
//! Wall time minus monotonic time stays where it was as long as nobody sets the wall clock. If it
//! moves by more than five minutes inside one process, commands wait until an operator has confirmed
//! the time. Silence moves both alike, and a restart begins anew; neither is a jump.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use backstop_core::{Reject, RejectCode};
use backstop_units::{Span, Timestamp};

/// A wall clock may move by this much against the monotonic one.
pub const JUMP_MAX: Span = Span::from_ms(5 * 60 * 1_000);

/// Where the writer gets its time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Wall time.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment of this process; none for a clock that can't jump.
    fn monotonic(&self) -> Option<Span>;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
    fn monotonic(&self) -> Option<Span> {
        let since = self.start.elapsed().as_millis();
        Some(Span::from_ms(u64::try_from(since).unwrap_or(u64::MAX)))
    }
}

/// A clock that its owner sets, for scenarios and demos; copies show the same time.
#[derive(Clone, Debug, Default)]
pub struct ScenarioClock {
    ms: Arc<AtomicU64>,
}

impl ScenarioClock {
    /// A clock that stands at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self { ms: Arc::new(AtomicU64::new(time.ms())) }
    }
    /// Sets it. Commands that are already queued may see the new time.
    pub fn set(&self, time: Timestamp) {
        self.ms.store(time.ms(), Ordering::SeqCst);
    }
}

impl Clock for ScenarioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.ms.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Option<Span> {
        None
    }
}

/// A clock that goes on from a given moment at the pace of time: for a ledger whose story lies in the past.
#[derive(Clone, Copy, Debug)]
pub struct StoryClock {
    from: Timestamp,
    start: Instant,
}

impl StoryClock {
    /// A clock that shows `time` now.
    pub fn from(time: Timestamp) -> Self {
        Self { from: time, start: Instant::now() }
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.from.plus(Span::from_ms(since))
    }
    fn monotonic(&self) -> Option<Span> {
        None
    }
}

/// Watches one clock for jumps.
#[derive(Debug)]
pub(crate) struct JumpGuard {
    /// Wall less monotonic time, in milliseconds, when the clock was last trusted.
    trusted: Option<i128>,
    /// Take jumps as confirmed.
    confirmed: bool,
}

impl JumpGuard {
    /// Trusts the clock as it stands now.
    pub(crate) fn new(clock: &dyn Clock, confirmed: bool) -> Self {
        let trusted = clock.monotonic().map(|monotonic| offset(clock.now(), monotonic));
        Self { trusted, confirmed }
    }

    /// The time, unless the clock has jumped.
    ///
    /// # Errors
    /// [`RejectCode::ClockJumped`] with the clock's time and the one that was expected.
    pub(crate) fn read(&mut self, clock: &dyn Clock) -> Result<Timestamp, Reject> {
        let now = clock.now();
        let (Some(trusted), Some(monotonic)) = (self.trusted, clock.monotonic()) else {
            return Ok(now);
        };
        let found = offset(now, monotonic);
        if found.abs_diff(trusted) <= u128::from(JUMP_MAX.ms()) {
            return Ok(now);
        }
        if self.confirmed {
            self.trusted = Some(found);
            return Ok(now);
        }
        let expected = trusted.saturating_add(i128::from(monotonic.ms()));
        let expected = Timestamp::from_ms(u64::try_from(expected).unwrap_or(0));
        Err(Reject::new(RejectCode::ClockJumped, now, expected))
    }

    /// An operator has looked: the clock is right as it stands now.
    pub(crate) fn confirm(&mut self, clock: &dyn Clock) {
        *self = Self::new(clock, self.confirmed);
    }
}

fn offset(wall: Timestamp, monotonic: Span) -> i128 {
    i128::from(wall.ms()).saturating_sub(i128::from(monotonic.ms()))
}
