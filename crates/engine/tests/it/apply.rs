//! Commands in, answers out, and what can be read back.

use backstop_core::{Entry, Record, RejectCode, command::Contribute};
use backstop_engine::{Engine, ids};
use backstop_testkit::world::{World, label};
use backstop_units::{Amount, Seq};

use crate::support::{Maker, SECOND, genesis, settle_down, state_hash};

#[test]
fn answers_equal_the_cores_and_the_log_holds_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(1);
    let genesis = genesis();
    let engine = Engine::create(folder.path().join("j.db"), &genesis, maker.options()).unwrap();
    let mut world = World::begin(&genesis);
    for n in 1..300u64 {
        maker.wait(SECOND);
        world.now = maker.now;
        let command = maker.any();
        let answer = engine.call(command.clone());
        let expected = world.send_command(&command).map(<[_]>::to_vec);
        assert_eq!(answer.clone().map(|receipt| receipt.events), expected, "command {n}");
        assert_eq!(answer.unwrap().seq, Seq::new(n));
    }
    assert_eq!(state_hash(&engine), world.state.hash());
    let journal = engine.journal().unwrap();
    for (seq, bytes) in world.log.iter().enumerate() {
        assert_eq!(journal.record(seq as u64).unwrap().as_ref(), Some(bytes), "record {seq}");
    }
}

#[test]
fn a_library_batch_is_answered_in_its_order_across_batches() {
    let mut maker = Maker::new(2);
    let mut options = maker.options();
    options.batch_commands = 7;
    let engine = Engine::memory(&genesis(), options).unwrap();
    let mut commands: Vec<_> = (0..100).map(|_| maker.settlement()).collect();
    commands[41].actor = label("nobody");
    let answers = engine.call_many(commands);
    assert_eq!(answers.len(), 100);
    let refused = answers[41].as_ref().map_err(|reject| reject.code);
    assert_eq!(refused, Err(RejectCode::UnknownActor));
    let seqs: Vec<u64> = answers.iter().flatten().map(|receipt| receipt.seq.get()).collect();
    assert_eq!(seqs, (1..100).collect::<Vec<_>>());
    assert_eq!(engine.call_many(Vec::new()), Vec::new());
    assert_eq!(engine.head().size, 100);
}

#[test]
fn answers_come_to_functions_too() {
    let mut maker = Maker::new(3);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let (to, from) = std::sync::mpsc::channel();
    engine.submit_then(maker.settlement(), move |answer| to.send(answer).unwrap()).unwrap();
    assert_eq!(from.recv().unwrap().unwrap().seq, Seq::new(1));
    let ticket = engine.submit(maker.settlement()).unwrap();
    assert_eq!(ticket.wait().unwrap().seq, Seq::new(2));
}

#[test]
fn an_answer_can_wait_until_reads_see_what_was_recorded() {
    let mut maker = Maker::new(5);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let (to, from) = std::sync::mpsc::channel();
    for _ in 0..300 {
        let to = to.clone();
        let then = move |answer, seen| to.send((answer, seen)).unwrap();
        engine.submit_until_read(maker.settlement(), then).unwrap();
    }
    for _ in 0..300 {
        let (answer, seen) = from.recv().unwrap();
        assert!(seen);
        assert!(engine.applied_seq() > answer.unwrap().seq);
    }
    let mut unknown = maker.settlement();
    unknown.actor = label("nobody");
    engine
        .submit_until_read(unknown, move |answer, seen| to.send((answer, seen)).unwrap())
        .unwrap();
    let (answer, seen) = from.recv().unwrap();
    let refused = answer.map_err(|reject| reject.code);
    assert_eq!((refused, seen), (Err(RejectCode::UnknownActor), false));
}

#[test]
fn who_waits_for_a_record_hears_when_it_is_there_or_never_comes() {
    let mut maker = Maker::new(6);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let (to, from) = std::sync::mpsc::channel();
    for seq in [0, 1, 2, 9] {
        let to = to.clone();
        engine.when_read(Seq::new(seq), move |seen| to.send((seq, seen)).unwrap());
    }
    assert_eq!(from.recv().unwrap(), (0, true), "genesis is there already");
    engine.call(maker.settlement()).unwrap();
    assert_eq!(from.recv().unwrap(), (1, true));
    engine.call(maker.settlement()).unwrap();
    assert_eq!(from.recv().unwrap(), (2, true));
    drop(engine);
    assert_eq!(from.recv().unwrap(), (9, false));
}

#[test]
fn a_dry_run_answers_alike_and_leaves_nothing() {
    let mut maker = Maker::new(4);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let before = (state_hash(&engine), engine.head());
    let mut poor = maker.command(
        "alice",
        Contribute {
            fund: label("main"),
            account: label("alice"),
            asset: label("usdt"),
            amount: Amount::new(u128::MAX >> 1),
        },
    );
    let refused = engine.dry_run(&poor);
    assert_eq!(refused, engine.call(poor.clone()));
    assert_eq!(refused.map_err(|reject| reject.code), Err(RejectCode::InsufficientBalance));
    poor.id = ids::uuid7(backstop_units::Timestamp::from_ms(5), 1);
    let old = engine.dry_run(&poor).map_err(|reject| reject.code);
    assert_eq!(old, Err(RejectCode::IdTooOld));
    let command = maker.any();
    let tried = engine.dry_run(&command);
    assert_eq!((state_hash(&engine), engine.head()), before);
    assert!(tried.is_ok());
    assert_eq!(engine.call(command), tried);
}

#[test]
fn a_refused_command_is_not_in_the_log() {
    let mut maker = Maker::new(5);
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::create(folder.path().join("j.db"), &genesis(), maker.options()).unwrap();
    let mut command = maker.settlement();
    command.actor = label("alice");
    let refused = engine.call(command.clone()).map_err(|reject| reject.code);
    assert_eq!(refused, Err(RejectCode::RoleMissing));
    command.actor = label("venue");
    let receipt = engine.call(command.clone()).expect("a refused command does not use its id");
    settle_down(&engine);
    let stored = engine.journal().unwrap().record(receipt.seq.get()).unwrap().unwrap();
    let Entry::Command(recorded) = Record::decode(&stored).unwrap().entry else { panic!() };
    assert_eq!(recorded, command);
    assert_eq!(engine.head().size, 2);
}
