//! Time: never backwards, and a jump waits for an operator.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use backstop_core::RejectCode;
use backstop_engine::{Clock, Engine, Options};
use backstop_testkit::world::START;
use backstop_units::{Span, Timestamp};

use crate::support::{Maker, SECOND, genesis, open};

/// A wall clock and a monotonic clock, both set by hand.
#[derive(Clone, Debug, Default)]
struct TwoHands {
    wall: Arc<AtomicU64>,
    monotonic: Arc<AtomicU64>,
}

impl TwoHands {
    fn wall(&self, by: i64) {
        let moved = self.wall.load(Ordering::SeqCst).saturating_add_signed(by);
        self.wall.store(moved, Ordering::SeqCst);
    }
    fn both(&self, by: i64) {
        self.wall(by);
        self.monotonic.fetch_add(by.unsigned_abs(), Ordering::SeqCst);
    }
}

impl Clock for TwoHands {
    fn now(&self) -> Timestamp {
        START.plus(Span::from_ms(self.wall.load(Ordering::SeqCst)))
    }
    fn monotonic(&self) -> Option<Span> {
        Some(Span::from_ms(self.monotonic.load(Ordering::SeqCst)))
    }
}

const MINUTE: i64 = 60_000;

/// A clock that has run for ten days, an engine on it, and a maker of commands at its time.
fn begin(confirm_clock: bool) -> (TwoHands, Engine) {
    let clock = TwoHands::default();
    clock.both(10 * 24 * 60 * MINUTE);
    let options = Options { confirm_clock, ..Options::with_clock(clock.clone()) };
    (clock, Engine::memory(&genesis(), options).unwrap())
}

fn send(engine: &Engine, clock: &TwoHands, maker: &mut Maker) -> Result<Timestamp, RejectCode> {
    maker.now = clock.now();
    engine.call(maker.settlement()).map(|receipt| receipt.time).map_err(|reject| reject.code)
}

#[test]
fn a_jump_stops_acceptance_until_it_is_confirmed() {
    for by in [6 * MINUTE, -6 * MINUTE] {
        let mut maker = Maker::new(1);
        let (clock, engine) = begin(false);
        let before = clock.now();
        assert_eq!(send(&engine, &clock, &mut maker), Ok(before));
        clock.wall(by);
        for _ in 0..2 {
            assert_eq!(send(&engine, &clock, &mut maker), Err(RejectCode::ClockJumped));
        }
        assert!(engine.status().clock_jumped);
        engine.confirm_clock();
        assert_eq!(send(&engine, &clock, &mut maker), Ok(clock.now().max(before)), "{by}");
        assert!(!engine.status().clock_jumped);
    }
}

#[test]
fn silence_and_small_corrections_are_no_jumps() {
    let mut maker = Maker::new(2);
    let (clock, engine) = begin(false);
    clock.both(100 * 60 * MINUTE);
    assert_eq!(send(&engine, &clock, &mut maker), Ok(clock.now()));
    clock.wall(4 * MINUTE);
    assert_eq!(send(&engine, &clock, &mut maker), Ok(clock.now()));
    // Two corrections of four minutes are more than five.
    clock.wall(4 * MINUTE);
    assert_eq!(send(&engine, &clock, &mut maker), Err(RejectCode::ClockJumped));
    // A clock that was set right again is as trusted as before.
    clock.wall(-4 * MINUTE);
    assert!(send(&engine, &clock, &mut maker).is_ok());
}

#[test]
fn a_confirmed_run_takes_jumps() {
    let mut maker = Maker::new(3);
    let (clock, engine) = begin(true);
    clock.wall(60 * MINUTE);
    assert_eq!(send(&engine, &clock, &mut maker), Ok(clock.now()));
}

#[test]
fn time_stands_still_rather_than_run_back_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(4);
    let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
    maker.wait(SECOND);
    let last = maker.now;
    assert_eq!(engine.call(maker.settlement()).unwrap().time, last);
    maker.clock.set(START);
    assert_eq!(engine.call(maker.settlement()).unwrap().time, last);
    drop(engine);
    let engine = open(&path, &maker);
    assert_eq!(engine.call(maker.settlement()).unwrap().time, last);
}
