//! What the engine reads against junk and damage: proofs of records, snapshots, whole journals.
//!
//! Each target takes raw bytes and mutations of true ones; `backstop_testkit::fuzz` says how long.

#[path = "it/support.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support;

use std::{fs, path::Path};

use backstop_core::{Command, State};
use backstop_engine::{
    Engine, RecordProof, VerifyOptions, load, prove,
    verify::{KeptCheckpoint, verify_journal},
    verify_proof,
};
use backstop_journal::{Access, SqliteJournal, checkpoint::Checkpoint, snapshot};
use backstop_testkit::fuzz::{Input, target};
use backstop_units::{Hash, Seq};
use ed25519_dalek::SigningKey;
use support::{Maker, SECOND, genesis, open, settle_down};
use tempfile::TempDir;

/// A journal with 40 records, the last command in it, a key, and what it signed: the first 30 records.
fn ledger() -> (TempDir, Command, SigningKey, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(1);
    let engine = Engine::create(folder.path().join("j.db"), &genesis(), maker.options()).unwrap();
    for _ in 0..29 {
        engine.call(maker.any()).unwrap();
    }
    let (key, head) = (SigningKey::from_bytes(&[5; 32]), engine.head());
    let note = Checkpoint { origin: "test".into(), size: head.size, root: *head.root.bytes() };
    let note = note.sign(&key, "log").unwrap();
    engine.put_checkpoint(head.size, note.clone()).unwrap();
    let mut last = maker.any();
    for _ in 0..10 {
        last = maker.any();
        engine.call(last.clone()).unwrap();
    }
    settle_down(&engine);
    (folder, last, key, note)
}

fn read(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path, Access::ReadOnly).unwrap()
}

#[test]
fn proofs() {
    let (folder, _, key, note) = ledger();
    let journal = read(&folder.path().join("j.db"));
    let seeds: Vec<RecordProof> =
        (0..30).map(|seq| prove(&journal, Seq::new(seq)).unwrap()).collect();
    let public = key.verifying_key();
    target("proof of a record", 3_000, |bytes| {
        let mut input = Input(bytes);
        let truth = input.one_of(&seeds);
        let mut proof = truth.clone();
        match input.byte() % 4 {
            0 => proof.seq = Seq::new(u64::from(input.byte() % 40)),
            1 => proof.record = input.mutation(&truth.record),
            2 => {
                let path = truth.path.iter().flat_map(|hash| *hash.bytes()).collect::<Vec<u8>>();
                let path = input.mutation(&path);
                proof.path = path.as_chunks().0.iter().copied().map(Hash::new).collect();
            }
            _ => proof.checkpoint = input.text(&[&note], b"0123456789abcXYZ+/=\n "),
        }
        let Ok(record) = verify_proof(&proof, Some(("log", &public))) else { return false };
        assert_eq!((record.seq, &proof.path), (truth.seq, &truth.path), "{proof:?}");
        assert_eq!(record.encode(), truth.record, "another record was proven");
        assert!(verify_proof(&proof, None).is_ok());
        true
    });
}

/// A snapshot is a shortcut: whatever stands for the id window under a right seal, the state is that
/// of the log, and the engine answers.
#[test]
fn id_windows() {
    let (folder, used, ..) = ledger();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(2);
    maker.wait(SECOND);
    let engine = open(&path, &maker);
    engine.snapshot().unwrap();
    let truth = engine.read(State::hash);
    drop(engine);
    let whole = fs::read(&path).unwrap();
    let taken = snapshot::read(&snapshot::files(&path)[0]).unwrap().unwrap().unwrap();
    let next = maker.settlement();
    target("id window of a snapshot", 200, |bytes| {
        let rest = Input(bytes).near(std::slice::from_ref(&taken.rest));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        fs::write(&path, &whole).unwrap();
        snapshot::write(&path, &taken.header, &taken.state, &rest).unwrap();
        assert_eq!(load(&read(&path)).unwrap().hash(), truth, "another state from the same log");
        let engine = open(&path, &maker);
        let again = engine.call(used.clone()).is_ok_and(|receipt| receipt.replayed);
        assert!(again || rest != taken.rest, "a used id was free again");
        let fresh = engine.call(next.clone()).is_ok();
        assert!(fresh || rest != taken.rest, "a fresh id was refused");
        assert!(engine.failed().is_none(), "{:?} with {rest:?}", engine.failed());
        // Junk is passed over for the log; where the answers differ from the log's, it was read.
        rest == taken.rest || !again || !fresh
    });
}

/// Damage anywhere in a file: it is not opened, or something is found, or all is as it was. So it is
/// with a damaged checkpoint to compare with.
#[test]
fn verified() {
    let (folder, _, key, note) = ledger();
    let path = folder.path().join("j.db");
    let whole = fs::read(&path).unwrap();
    let signer = Some(("log".to_owned(), key.verifying_key()));
    let options = |text| VerifyOptions {
        signatures: true,
        pages: true,
        checkpoint: Some(KeptCheckpoint { text, signer: signer.clone() }),
    };
    let truth = verify_journal(&read(&path), &options(note.clone())).unwrap();
    assert!(truth.is_clean() && truth.size == 40, "{truth:?}");
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    target("verification", 300, |bytes| {
        let mut input = Input(bytes);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("j.db");
        let mut bytes = whole.clone();
        for _ in 0..input.byte() % 4 {
            bytes[*input.one_of(&used)] = input.byte();
        }
        fs::write(&copy, bytes).unwrap();
        let text = match input.byte() % 4 {
            0 => input.text(&[&note], b"0123456789abcXYZ+/=\n "),
            _ => note.clone(),
        };
        let Ok(journal) = SqliteJournal::open(&copy, Access::ReadOnly) else { return false };
        let Ok(report) = verify_journal(&journal, &options(text.clone())) else { return false };
        if !report.is_clean() {
            return false;
        }
        assert_eq!((report.size, report.root), (truth.size, truth.root));
        assert_eq!(report.state_hash, truth.state_hash);
        assert!(text.starts_with(note.split("\n\n").next().unwrap()), "forged: {text:?}");
        true
    });
}
