//! Back-pressure and size limits: refused with numbers, and good again later.

use backstop_core::{RejectCode, reject::Value};
use backstop_engine::Engine;
use backstop_testkit::world::label;

use crate::support::{Flaky, Maker, Switch, genesis, open};

#[test]
fn a_full_queue_refuses_and_recovers() {
    let mut maker = Maker::new(1);
    let genesis = genesis();
    let switch = Switch::default();
    let mut options = maker.options();
    options.queue_commands = 8;
    options.batch_commands = 2;
    let store = Flaky::boxed(genesis.ledger, switch.clone());
    let engine = Engine::create_on(store, &genesis, options).unwrap();
    let many = (0..9).map(|_| maker.settlement()).collect();
    let refused = engine.submit_many(many).unwrap_err();
    assert_eq!(refused.code, RejectCode::QueueFull);
    assert_eq!((refused.got, refused.limit), (Value::Count(9), Value::Count(8)));
    switch.set_hold(true);
    let mut tickets = Vec::new();
    let refused = loop {
        match engine.submit(maker.settlement()) {
            Ok(ticket) => tickets.push(ticket),
            Err(reject) => break reject,
        }
        assert!(tickets.len() < 10_000, "the queue has no limit");
    };
    assert_eq!(refused.code, RejectCode::QueueFull);
    switch.set_hold(false);
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(engine.status().queued, 0);
    assert!(engine.call(maker.settlement()).is_ok());
}

#[test]
fn bytes_are_limited_too() {
    let mut maker = Maker::new(2);
    let mut options = maker.options();
    options.queue_bytes = 2_000;
    options.command_bytes = 1_000;
    let engine = Engine::memory(&genesis(), options).unwrap();
    let many = (0..50).map(|_| maker.settlement()).collect();
    assert_eq!(engine.submit_many(many).unwrap_err().code, RejectCode::QueueFull);
    let steps = (0..20).map(|_| maker.settlement().body).collect();
    let long = maker.command("venue", backstop_core::command::Linked { steps });
    let refused = engine.call(long).unwrap_err();
    assert_eq!((refused.code, refused.limit), (RejectCode::BatchTooLarge, Value::Count(1_000)));
    assert!(engine.call(maker.settlement()).is_ok());
    assert_eq!((engine.status().queued, engine.status().queued_bytes), (0, 0));
}

#[test]
fn a_journal_at_its_limit_refuses_and_does_not_break() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(3);
    let mut options = maker.options();
    options.batch_bytes = 32 << 10;
    options.journal_bytes = Some(4 << 20);
    let path = folder.path().join("j.db");
    let engine = Engine::create(&path, &genesis(), options).unwrap();
    let mut sent = 0u64;
    let refused = loop {
        let answers = engine.call_many((0..256).map(|_| maker.settlement()).collect());
        sent += answers.iter().flatten().count() as u64;
        if let Some(Err(reject)) = answers.into_iter().find(Result::is_err) {
            break reject;
        }
        assert!(sent < 1_000_000, "the journal has no limit");
    };
    assert_eq!(refused.code, RejectCode::JournalFull);
    assert!(engine.failed().is_none(), "full is no failure");
    assert_eq!(engine.head().size, sent + 1);
    drop(engine);
    // With more room it goes on.
    let engine = open(&path, &maker);
    assert!(engine.call(maker.settlement()).is_ok());
    assert!(engine.read(|state| state.account_id(label("alice")).is_ok()));
}
