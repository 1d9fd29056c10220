//! After a restart everything is as it was, however the log is cut into batches and snapshots.

use backstop_engine::{Engine, EngineError, Options};
use backstop_journal::{Access, GenesisMeta, SqliteJournal};

use crate::support::{Maker, SECOND, genesis, open, settle_down, state_hash, try_open};

#[test]
fn the_same_state_at_many_sizes_with_and_without_snapshots() {
    for (size, every) in [(0, 0), (1, 1), (2, 1), (7, 3), (100, 0), (255, 64), (600, 250)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut maker = Maker::new(size + 1);
        let options = Options { snapshot_every: every, batch_commands: 16, ..maker.options() };
        let engine = Engine::create(&path, &genesis(), options).unwrap();
        for _ in 0..size {
            maker.wait(SECOND);
            engine.call(maker.any()).unwrap();
        }
        let (hash, head) = (state_hash(&engine), engine.head());
        drop(engine);
        let snapshot = folder.path().join("j.db.snapshot");
        assert_eq!(snapshot.exists(), every > 0, "size {size}");
        let engine = open(&path, &maker);
        assert_eq!((state_hash(&engine), engine.head()), (hash, head), "size {size}");
        // The writer's state is the follower's: the next commands fit both.
        engine.call(maker.any()).unwrap();
        let (hash, head) = (state_hash(&engine), engine.head());
        drop(engine);
        for file in ["j.db.snapshot", "j.db.snapshot.old"] {
            let _ = std::fs::remove_file(folder.path().join(file));
        }
        let engine = open(&path, &maker);
        assert_eq!((state_hash(&engine), engine.head()), (hash, head), "size {size}");
    }
}

#[test]
fn a_broken_snapshot_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(1);
    let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
    for _ in 0..40 {
        engine.call(maker.any()).unwrap();
    }
    settle_down(&engine);
    assert_eq!(engine.snapshot().unwrap().get(), 41);
    engine.call(maker.any()).unwrap();
    let hash = state_hash(&engine);
    drop(engine);
    let snapshot = folder.path().join("j.db.snapshot");
    let whole = std::fs::read(&snapshot).unwrap();
    let mut flipped = whole.clone();
    flipped[300] ^= 1;
    for bytes in [&flipped[..], &whole[..100], b"", &whole[..whole.len() - 1]] {
        std::fs::write(&snapshot, bytes).unwrap();
        assert_eq!(state_hash(&open(&path, &maker)), hash);
    }
}

#[test]
fn a_snapshot_of_another_history_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seed| {
        let mut maker = Maker::new(seed);
        let path = folder.path().join(name);
        let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
        for _ in 0..30 {
            engine.call(maker.any()).unwrap();
        }
        settle_down(&engine);
        engine.snapshot().unwrap();
        (state_hash(&engine), maker)
    };
    let (hash, maker) = write("a.db", 1);
    let (other, _) = write("b.db", 99);
    assert_ne!(hash, other);
    let [from, to] = ["b.db.snapshot", "a.db.snapshot"].map(|name| folder.path().join(name));
    std::fs::copy(from, to).unwrap();
    assert_eq!(state_hash(&open(&folder.path().join("a.db"), &maker)), hash);
}

#[test]
fn what_was_never_begun_or_changed_on_disk_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let meta = GenesisMeta { ledger_id: [7; 16] };
    drop(SqliteJournal::create(&path, &meta).unwrap());
    let maker = Maker::new(1);
    assert!(matches!(try_open(&path, &maker), Err(EngineError::NotBegun)));
    let missing = Engine::open(folder.path().join("none.db"), maker.options());
    assert!(matches!(missing, Err(EngineError::Journal(_))));
    let mut bad = genesis();
    bad.setup.push(bad.setup[0].clone());
    let refused = Engine::create(folder.path().join("k.db"), &bad, maker.options());
    let step = bad.setup.len() - 1;
    assert!(matches!(refused, Err(EngineError::Genesis { step: at, .. }) if at == step));
    assert!(!folder.path().join("k.db").exists(), "nothing is created");
}

#[test]
fn two_writers_are_refused_and_readers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let maker = Maker::new(1);
    let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
    assert!(matches!(Engine::open(&path, maker.options()), Err(EngineError::Journal(_))));
    let reader = SqliteJournal::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(reader.size().unwrap(), engine.head().size);
}
