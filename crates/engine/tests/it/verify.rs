//! What a verification finds, and what it must not find.

use std::path::Path;

use backstop_core::{Entry, Event, Record};
use backstop_engine::{
    Engine, VerifyError, VerifyOptions, VerifyReport, verify, verify::KeptCheckpoint,
};
use backstop_journal::{Access, BatchBuilder, GenesisMeta, SqliteJournal, checkpoint::Checkpoint};
use backstop_units::{Amount, Seq};
use ed25519_dalek::SigningKey;

use crate::support::{Maker, SECOND, genesis, settle_down, state_hash};

/// Writes a journal of `count` commands and returns its state hash.
fn write(path: &Path, count: u64) -> backstop_units::Hash {
    let mut maker = Maker::new(count);
    let engine = Engine::create(path, &genesis(), maker.options()).unwrap();
    for n in 0..count {
        maker.wait(SECOND);
        engine.call(maker.any()).unwrap();
        if n == count / 2 {
            settle_down(&engine);
            engine.snapshot().unwrap();
        }
    }
    state_hash(&engine)
}

fn check(path: &Path) -> VerifyReport {
    verify(path, &VerifyOptions { signatures: true, pages: true, checkpoint: None }).unwrap()
}

/// Writes a journal anew with some records changed, tree and all.
fn forge(from: &Path, to: &Path, mut change: impl FnMut(&mut Record)) {
    let source = SqliteJournal::open(from, Access::ReadOnly).unwrap();
    let meta = GenesisMeta { ledger_id: source.genesis().ledger_id };
    let mut forged = SqliteJournal::create(to, &meta).unwrap();
    let mut builder = BatchBuilder::new(forged.tree().unwrap());
    for batch in source.batches_from(0) {
        for record in batch.unwrap().records() {
            let mut record = Record::decode(record.unwrap().1).unwrap();
            change(&mut record);
            builder.push(&record.encode()).unwrap();
        }
    }
    forged.append(&builder.finish()).unwrap();
}

#[test]
fn a_whole_log_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let hash = write(&path, 400);
    let report = check(&path);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.size, report.state_hash), (401, hash));
    let range = report.ranges[0];
    assert_eq!((range.first, range.last, range.checked), (Seq::new(0), Seq::new(400), true));
    assert_eq!(report.ranges.len(), 1);
}

#[test]
fn a_flipped_bit_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    write(&path, 50);
    let source = SqliteJournal::open(&path, Access::ReadOnly).unwrap();
    let record = source.record(20).unwrap().unwrap();
    drop(source);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(record.len()).position(|found| found == record).expect("the record");
    bytes[at + record.len() - 3] ^= 0x10;
    std::fs::write(&path, &bytes).unwrap();
    let report = check(&path);
    let named = |found: &backstop_engine::verify::Finding| found.first == Seq::new(20);
    assert!(report.integrity.list().iter().any(named), "{report:?}");
}

#[test]
fn other_amounts_under_a_sound_tree_break_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let [path, forged] = ["j.db", "f.db"].map(|name| folder.path().join(name));
    write(&path, 100);
    let mut changed = Vec::new();
    forge(&path, &forged, |record| {
        for event in &mut record.events {
            let Event::LiquidationSettled { to_user, to_liquidator, .. } = event else { continue };
            if to_user.get() > 10 && changed.len() < 2 && record.seq.get() > 30 {
                // The liquidator gets one atom of the user's: the sum is the same.
                *to_user = Amount::new(to_user.get() - 1);
                *to_liquidator = Amount::new(to_liquidator.get() + 1);
                changed.push(record.seq);
                break;
            }
        }
    });
    let report = check(&forged);
    assert!(report.integrity.is_empty() && report.books.is_empty(), "{report:?}");
    let found: Vec<Seq> = report.rules.list().iter().map(|finding| finding.first).collect();
    assert_eq!(found, changed, "each difference is one finding");
    assert!(report.rules.list()[0].detail.contains("to_liquidator"), "{report:?}");
}

#[test]
fn a_command_that_the_rules_refuse_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let [path, forged] = ["j.db", "f.db"].map(|name| folder.path().join(name));
    write(&path, 30);
    forge(&path, &forged, |record| {
        if let (Entry::Command(command), 12) = (&mut record.entry, record.seq.get()) {
            command.actor = backstop_testkit::world::label("keeper");
        }
    });
    let report = check(&forged);
    assert_eq!(report.rules.list().len(), 1, "{report:?}");
    assert_eq!(report.rules.list()[0].first, Seq::new(12));
    assert!(report.books.is_empty());
}

#[test]
fn events_that_overdraw_end_the_books() {
    let folder = tempfile::tempdir().unwrap();
    let [path, forged] = ["j.db", "f.db"].map(|name| folder.path().join(name));
    write(&path, 60);
    let mut first = None;
    forge(&path, &forged, |record| {
        for event in &mut record.events {
            if let (Event::Contributed { amount, .. }, None) = (event, first) {
                *amount = Amount::new(u128::MAX >> 2);
                first = Some(record.seq);
            }
        }
    });
    let report = check(&forged);
    let first = first.expect("a gift among sixty commands");
    let books = report.books.list();
    assert_eq!((books[0].first, books[0].last), (first, Seq::new(60)), "{report:?}");
    assert_eq!(report.rules.list()[0].first, first);
}

#[test]
fn a_cut_or_foreign_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    write(&path, 200);
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 100, 65_536, bytes.len() / 2, bytes.len() - 70_000] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = verify(&path, &VerifyOptions::default());
        assert!(matches!(error, Err(VerifyError::Journal(_))), "{length}: {error:?}");
    }
}

#[test]
fn a_cut_tail_shows_against_a_kept_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let [path, cut] = ["j.db", "cut.db"].map(|name| folder.path().join(name));
    write(&path, 40);
    let key = SigningKey::from_bytes(&[5; 32]);
    let report = check(&path);
    let root = *report.root.bytes();
    let checkpoint = Checkpoint { origin: "test".into(), size: report.size, root };
    let text = checkpoint.sign(&key, "log").unwrap();
    let against = |path: &Path, key: &SigningKey, text: &str| {
        let signer = Some(("log".to_owned(), key.verifying_key()));
        let checkpoint = Some(KeptCheckpoint { text: text.to_owned(), signer });
        verify(path, &VerifyOptions { checkpoint, ..VerifyOptions::default() })
    };
    assert!(against(&path, &key, &text).unwrap().is_clean());
    let stranger = SigningKey::from_bytes(&[6; 32]);
    assert!(!against(&path, &stranger, &text).unwrap().integrity.is_empty());
    assert!(matches!(against(&path, &key, "nothing"), Err(VerifyError::Checkpoint(_))));
    // The last ten records are gone, and the rest is sound by itself.
    let source = SqliteJournal::open(&path, Access::ReadOnly).unwrap();
    let meta = GenesisMeta { ledger_id: source.genesis().ledger_id };
    let mut shorter = SqliteJournal::create(&cut, &meta).unwrap();
    let mut builder = BatchBuilder::new(shorter.tree().unwrap());
    for seq in 0..31 {
        builder.push(&source.record(seq).unwrap().unwrap()).unwrap();
    }
    shorter.append(&builder.finish()).unwrap();
    drop(shorter);
    assert!(check(&cut).is_clean());
    assert!(!against(&cut, &key, &text).unwrap().integrity.is_empty());
}

#[test]
fn newer_rules_that_cannot_be_read_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut journal = SqliteJournal::create(&path, &GenesisMeta { ledger_id: [7; 16] }).unwrap();
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    let mut record = vec![0; 40];
    record[16] = 0xff;
    builder.push(&record).unwrap();
    journal.append(&builder.finish()).unwrap();
    drop(journal);
    let error = verify(&path, &VerifyOptions::default());
    assert!(matches!(error, Err(VerifyError::NewerRules { got: 0xff, .. })), "{error:?}");
}
