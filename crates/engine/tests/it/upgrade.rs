//! A ledger moves to newer rules and back.
//!
//! This program knows one version. The next one is played by what it would write: the record that switches to it, as the
//! council's command, and records decided under it. Nothing of the programs that are tested is changed for that.

use backstop_core::{
    Checked, Entry, Event, RULES_VERSION, Record, State, apply, command::ActivateRules, replay,
    replay_genesis,
};
use backstop_engine::{Engine, EngineError, VerifyError, VerifyOptions, check_rules, load, verify};
use backstop_journal::{Access, BatchBuilder, SqliteJournal};
use backstop_units::{Hash, Seq};
use std::path::{Path, PathBuf};

use crate::support::{Maker, SECOND, genesis, open, state_hash, try_open};

const NEXT: u16 = RULES_VERSION + 1;

/// A ledger that was upgraded: its journal, a backup from before, and what both lead to.
struct Upgraded {
    journal: PathBuf,
    backup: PathBuf,
    /// The record that switched.
    switched: Seq,
    before: Hash,
    after: Hash,
    maker: Maker,
}

/// Appends records as they are.
fn append(journal: &mut SqliteJournal, records: &[Vec<u8>]) {
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    for record in records {
        builder.push(record).unwrap();
    }
    journal.append(&builder.finish()).unwrap();
}

/// What the next program writes: the switch, and then settlements under its rules.
fn written_by_the_next(state: &mut State, maker: &mut Maker) -> Vec<Record> {
    maker.wait(SECOND);
    let switch = maker.command("op", ActivateRules { version: NEXT });
    let events = vec![Event::RulesActivated { version: NEXT }];
    let (seq, time) = (state.meta.next, maker.now);
    let entry = Entry::Command(switch);
    let mut records = vec![Record { seq, time, rules: RULES_VERSION, entry, events }];
    replay(state, &records[0]).unwrap();
    for _ in 0..20 {
        maker.wait(SECOND);
        let command = maker.any();
        let (seq, time, mut events) = (state.meta.next, maker.now, Vec::new());
        apply(state, &Checked::trusting(&command).unwrap(), time, &mut events).unwrap();
        records.push(Record { seq, time, rules: NEXT, entry: Entry::Command(command), events });
    }
    records
}

fn upgraded(folder: &Path, snapshots: u64) -> Upgraded {
    let (journal, backup) = (folder.join("j.db"), folder.join("backup.db"));
    let mut maker = Maker::new(7);
    let options = backstop_engine::Options { snapshot_every: snapshots, ..maker.options() };
    let engine = Engine::create(&journal, &genesis(), options).unwrap();
    for _ in 0..40 {
        maker.wait(SECOND);
        engine.call(maker.any()).unwrap();
    }
    let before = state_hash(&engine);
    drop(engine);
    let mut opened = SqliteJournal::open(&journal, Access::Append).unwrap();
    opened.copy_to(&backup).unwrap();
    let mut state = load(&opened).unwrap();
    let switched = state.meta.next;
    let records = written_by_the_next(&mut state, &mut maker);
    append(&mut opened, &records.iter().map(Record::encode).collect::<Vec<_>>());
    Upgraded { journal, backup, switched, before, after: state.hash(), maker }
}

/// Follows every record, whoever decided it.
fn replayed(journal: &Path) -> Hash {
    let journal = SqliteJournal::open(journal, Access::ReadOnly).unwrap();
    let mut state: Option<State> = None;
    for batch in journal.batches_from(0) {
        for item in batch.unwrap().records() {
            let record = Record::decode(item.unwrap().1).unwrap();
            match &mut state {
                None => state = Some(replay_genesis(&record).unwrap()),
                Some(state) => replay(state, &record).unwrap(),
            }
        }
    }
    state.unwrap().hash()
}

fn newer(error: &EngineError) -> (u64, u16, u16) {
    let EngineError::NewerRules { seq, got, limit } = error else { panic!("{error}") };
    (seq.get(), *got, *limit)
}

#[test]
fn a_log_over_two_versions_replays_to_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let it = upgraded(folder.path(), 0);
    assert_eq!(replayed(&it.journal), it.after);
    assert_eq!(replayed(&it.journal), it.after);
    assert_ne!(it.before, it.after);
}

#[test]
fn an_older_program_refuses_the_journal_and_changes_nothing() {
    // With a snapshot from before the switch, and without.
    for snapshots in [0, 16] {
        let folder = tempfile::tempdir().unwrap();
        let it = upgraded(folder.path(), snapshots);
        let bytes = std::fs::read(&it.journal).unwrap();
        let want = (it.switched.get(), NEXT, RULES_VERSION);
        let refused = try_open(&it.journal, &it.maker).unwrap_err();
        assert_eq!(newer(&refused), want);
        let words = refused.to_string();
        assert!(words.contains("this program knows them up to 1: use a newer program"), "{words}");
        let journal = SqliteJournal::open(&it.journal, Access::ReadOnly).unwrap();
        assert_eq!(newer(&load(&journal).unwrap_err()), want);
        drop(journal);
        assert!(bytes == std::fs::read(&it.journal).unwrap(), "the journal was changed");
        assert_eq!(replayed(&it.journal), it.after);
    }
}

#[test]
fn verify_says_which_records_it_could_not_decide_again() {
    let folder = tempfile::tempdir().unwrap();
    let it = upgraded(folder.path(), 0);
    let report = verify(&it.journal, &VerifyOptions::default()).unwrap();
    // The switch itself is no fault: only the next program can say whether it knows these rules.
    assert!(report.is_clean(), "{:?} {:?}", report.rules, report.books);
    assert_eq!(report.state_hash, it.after);
    let ranges: Vec<_> = report
        .ranges
        .iter()
        .map(|it| (it.rules, it.first.get(), it.last.get(), it.checked))
        .collect();
    let at = it.switched.get();
    assert_eq!(ranges, [(RULES_VERSION, 0, at, true), (NEXT, at + 1, at + 20, false)]);
}

/// The next program may also write what this one can't even read.
#[test]
fn a_record_that_cannot_be_read_is_told_by_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = upgraded(folder.path(), 0);
    let mut journal = SqliteJournal::open(&it.backup, Access::Append).unwrap();
    let mut state = load(&journal).unwrap();
    let mut records = written_by_the_next(&mut state, &mut it.maker);
    // Of the switch nothing is left but that it was decided by newer rules, and of the rest nothing at all.
    records[0].rules = NEXT;
    let mut bytes = records[0].encode();
    bytes.truncate(40);
    bytes.extend([0xff; 9]);
    append(&mut journal, &[bytes]);
    drop(journal);
    let refused = try_open(&it.backup, &it.maker).unwrap_err();
    assert_eq!(newer(&refused), (it.switched.get(), NEXT, RULES_VERSION));
    let refused = verify(&it.backup, &VerifyOptions::default()).unwrap_err();
    assert!(matches!(refused, VerifyError::NewerRules { got: NEXT, .. }), "{refused}");
}

#[test]
fn going_back_is_the_backup_from_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = upgraded(folder.path(), 0);
    let engine = open(&it.backup, &it.maker);
    assert_eq!(state_hash(&engine), it.before);
    // What the next program recorded since is sent again, and the ledger goes on.
    it.maker.wait(SECOND);
    let receipt = engine.call(it.maker.any()).unwrap();
    assert_eq!(receipt.seq, it.switched);
    engine.read(|state| check_rules(state).unwrap());
    drop(engine);
    assert!(verify(&it.backup, &VerifyOptions::default()).unwrap().is_clean());
}

/// Nobody switches a ledger to rules that his own program does not know.
#[test]
fn a_program_switches_to_no_rules_that_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut maker = Maker::new(3);
    let engine = Engine::create(&path, &genesis(), maker.options()).unwrap();
    for version in [0, RULES_VERSION, NEXT] {
        let refused = engine.call(maker.command("op", ActivateRules { version })).unwrap_err();
        assert_eq!(refused.code, backstop_core::RejectCode::UnknownRules, "{version}");
    }
    assert_eq!(engine.head().size, 1);
}
