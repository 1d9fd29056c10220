//! The same id twice: once recorded, the first answer again, also after a restart.

use backstop_core::{RejectCode, policy::Limits};
use backstop_engine::{Engine, Receipt, ids};
use backstop_testkit::world::label;
use backstop_units::{Span, Timestamp};

use crate::support::{Maker, SECOND, genesis, genesis_with, open, state_hash};

#[test]
fn the_first_answer_again_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(1);
    let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
    let commands: Vec<_> = (0..50).map(|_| maker.any()).collect();
    let first: Vec<_> =
        engine.call_many(commands.clone()).into_iter().map(Result::unwrap).collect();
    let again = |engine: &Engine| {
        for (command, receipt) in commands.iter().zip(&first) {
            let expected = Receipt { replayed: true, ..receipt.clone() };
            assert_eq!(engine.call(command.clone()), Ok(expected));
            let mut other = command.clone();
            other.occurred_at = Some(maker.now);
            let refused = engine.call(other).map_err(|reject| reject.code);
            assert_eq!(refused, Err(RejectCode::IdReused));
        }
    };
    again(&engine);
    let (hash, size) = (state_hash(&engine), engine.head().size);
    drop(engine);
    let engine = open(&path, &maker);
    again(&engine);
    engine.snapshot().unwrap();
    drop(engine);
    let engine = open(&path, &maker);
    again(&engine);
    assert_eq!((state_hash(&engine), engine.head().size), (hash, size));
}

#[test]
fn twice_in_one_batch_is_recorded_once() {
    let mut maker = Maker::new(2);
    let engine = Engine::memory(&genesis(), maker.options()).unwrap();
    let command = maker.settlement();
    let mut other = command.clone();
    other.actor = label("op");
    let answers = engine.call_many(vec![command.clone(), command, other]);
    let first = answers[0].clone().unwrap();
    assert_eq!(answers[1], Ok(Receipt { replayed: true, ..first }));
    let refused = answers[2].as_ref().map_err(|reject| reject.code);
    assert_eq!(refused, Err(RejectCode::IdReused));
    assert_eq!(engine.head().size, 2);
}

#[test]
fn the_window_ends_on_both_sides() {
    let mut maker = Maker::new(3);
    let limits = Limits { id_window: Span::hours(1), ..Limits::default() };
    let engine = Engine::memory(&genesis_with(limits), maker.options()).unwrap();
    let five_minutes = Span::from_ms(300_000);
    let made_at = |maker: &mut Maker, time: Timestamp| {
        let mut command = maker.settlement();
        command.id = ids::uuid7(time, maker.below(1 << 40));
        engine.call(command).map(|_| ()).map_err(|reject| reject.code)
    };
    let now = maker.now;
    assert_eq!(made_at(&mut maker, now.plus(five_minutes)), Ok(()));
    let ahead = now.plus(five_minutes).plus(Span::from_ms(1));
    assert_eq!(made_at(&mut maker, ahead), Err(RejectCode::IdInFuture));
    assert_eq!(made_at(&mut maker, now.minus(Span::hours(1))), Ok(()));
    let old = now.minus(Span::hours(1)).minus(Span::from_ms(1));
    assert_eq!(made_at(&mut maker, old), Err(RejectCode::IdTooOld));
}

#[test]
fn an_id_that_fell_out_is_refused_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(4);
    let limits = Limits { id_count: 20, ..Limits::default() };
    let engine = Engine::create(&path, &genesis_with(limits), maker.options()).unwrap();
    let mut commands = Vec::new();
    for _ in 0..60 {
        maker.wait(SECOND);
        commands.push(maker.settlement());
        engine.call(commands[commands.len() - 1].clone()).unwrap();
    }
    let check = |engine: &Engine| {
        let size = engine.head().size;
        for (at, command) in commands.iter().enumerate() {
            let answer = engine.call(command.clone());
            let expected = if at < 40 { Err(RejectCode::IdTooOld) } else { Ok(true) };
            let got = answer.map(|receipt| receipt.replayed).map_err(|reject| reject.code);
            assert_eq!(got, expected, "command {at}");
        }
        assert_eq!(engine.head().size, size);
    };
    check(&engine);
    engine.snapshot().unwrap();
    drop(engine);
    let engine = open(&path, &maker);
    check(&engine);
    drop(engine);
    std::fs::remove_file(folder.path().join("j.db.snapshot")).unwrap();
    check(&open(&path, &maker));
}
