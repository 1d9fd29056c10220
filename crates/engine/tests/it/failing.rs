//! A store that fails: nobody is told that something is durable which is not.

use backstop_core::RejectCode;
use backstop_engine::{Engine, Failure};

use crate::support::{Flaky, Maker, Switch, genesis, settle_down};
use std::sync::atomic::Ordering;

#[test]
fn a_failed_append_stops_the_writer_and_answers_nobody_falsely() {
    let mut maker = Maker::new(1);
    let genesis = genesis();
    let switch = Switch::default();
    let mut options = maker.options();
    options.batch_commands = 10;
    let store = Flaky::boxed(genesis.ledger, switch.clone());
    let engine = Engine::create_on(store, &genesis, options).unwrap();
    assert!(engine.call(maker.settlement()).is_ok());
    // Requests pile up behind a commit that hangs; then it fails.
    switch.set_hold(true);
    let tickets: Vec<_> = (0..40).map(|_| engine.submit(maker.settlement()).unwrap()).collect();
    let many = engine.submit_many((0..40).map(|_| maker.settlement()).collect()).unwrap();
    switch.set_fail();
    switch.set_hold(false);
    let stopped = Err(RejectCode::Stopped);
    for ticket in tickets {
        assert_eq!(ticket.wait().map(|_| ()).map_err(|reject| reject.code), stopped);
    }
    for answer in many.wait() {
        assert_eq!(answer.map(|_| ()).map_err(|reject| reject.code), stopped);
    }
    assert!(matches!(engine.failed(), Some(Failure::Append(_))));
    assert_eq!(engine.head().size, 2);
    assert_eq!(switch.stored.load(Ordering::SeqCst), 2);
    // Nothing is retried, even if the disk has recovered; reads and dry runs go on.
    switch.fail.store(false, Ordering::SeqCst);
    let later = engine.call(maker.settlement()).map(|_| ()).map_err(|reject| reject.code);
    assert_eq!(later, stopped);
    settle_down(&engine);
    assert_eq!(engine.read(|state| state.meta.next.get()), 2);
    assert!(engine.dry_run(&maker.settlement()).is_ok());
    assert!(engine.put_checkpoint(2, String::new()).is_err());
    assert_eq!(switch.stored.load(Ordering::SeqCst), 2);
}

#[test]
fn nothing_is_answered_or_read_before_it_is_durable() {
    let mut maker = Maker::new(2);
    let genesis = genesis();
    let switch = Switch::default();
    let store = Flaky::boxed(genesis.ledger, switch.clone());
    let engine = Engine::create_on(store, &genesis, maker.options()).unwrap();
    switch.set_hold(true);
    let first = maker.settlement();
    let ticket = engine.submit(first.clone()).unwrap();
    // A refusal and a repetition may rest on what is not durable yet: they wait as well.
    let repeated = engine.submit(first).unwrap();
    let mut refused = maker.settlement();
    refused.actor = backstop_testkit::world::label("nobody");
    let refused = engine.submit(refused).unwrap();
    assert!(ticket.poll().is_none() && repeated.poll().is_none() && refused.poll().is_none());
    assert_eq!(engine.applied_seq().get(), 1);
    switch.set_hold(false);
    assert!(ticket.wait().is_ok());
    assert!(repeated.wait().unwrap().replayed);
    assert!(refused.wait().is_err());
}

#[test]
fn a_dropped_engine_answers_what_was_queued() {
    let mut maker = Maker::new(3);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let tickets: Vec<_> = (0..500).map(|_| engine.submit(maker.settlement()).unwrap()).collect();
    drop(engine);
    for (ticket, seq) in tickets.into_iter().zip(1..) {
        assert_eq!(ticket.wait().unwrap().seq.get(), seq);
    }
}

#[test]
fn a_thread_that_panics_stops_the_engine_and_nobody_waits_for_ever() {
    let mut maker = Maker::new(4);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    engine.submit_then(maker.settlement(), |_| panic!("a caller's own mistake")).unwrap();
    let stopped = Err(RejectCode::Stopped);
    // The first call may still be decided before the panic; it is not answered as durable.
    for _ in 0..3 {
        let answer = engine.call(maker.settlement()).map(|_| ()).map_err(|reject| reject.code);
        assert_eq!(answer, stopped);
    }
    assert!(matches!(engine.failed(), Some(Failure::ThreadGone(_))));
    assert!(engine.read(|state| state.meta.next.get()) >= 1);
}
