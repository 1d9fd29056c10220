//! Snapshot files: the newest that is whole and belongs to the journal is used.

use std::fs;

use backstop_journal::integrity::FindingKind;
use backstop_journal::snapshot::{SnapshotHeader, files, write};
use backstop_journal::{Access, JournalError, SqliteJournal};

use crate::support::{Disk, GENESIS, append, root};

fn latest(disk: &Disk) -> Option<(u64, Vec<u8>)> {
    let found = disk.open(Access::ReadOnly).latest_snapshot().unwrap();
    found.map(|snapshot| (snapshot.header.seq, snapshot.bytes))
}

#[test]
fn two_are_kept_and_the_newest_is_read() {
    let disk = Disk::with(&[5, 5]);
    assert_eq!(latest(&disk), None);
    let journal = disk.open(Access::ReadOnly);
    for seq in [3, 5, 10] {
        journal.put_snapshot(seq, [9; 32], &seq.to_le_bytes()).unwrap();
    }
    let snapshot = journal.latest_snapshot().unwrap().unwrap();
    let header = SnapshotHeader {
        ledger_id: GENESIS.ledger_id,
        seq: 10,
        root: root(10),
        state_hash: [9; 32],
    };
    assert_eq!(snapshot.header, header);
    assert!(matches!(journal.put_snapshot(11, [0; 32], b""), Err(JournalError::OutOfRange(_))));
    let report = disk.check();
    assert!(report.is_sound());
    assert_eq!(report.anchors, 2);
    fs::remove_file(&files(&disk.path)[0]).unwrap();
    assert_eq!(latest(&disk), Some((5, 5u64.to_le_bytes().to_vec())));
}

#[test]
fn a_damaged_one_is_passed_over_and_found() {
    let disk = Disk::with(&[10]);
    let journal = disk.open(Access::ReadOnly);
    journal.put_snapshot(4, [9; 32], b"older").unwrap();
    journal.put_snapshot(10, [9; 32], b"newer").unwrap();
    let newest = &files(&disk.path)[0];
    let whole = fs::read(newest).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(newest, &bytes).unwrap();
        assert_eq!(latest(&disk), Some((4, b"older".to_vec())), "byte {at}");
        fs::write(newest, &whole[..at]).unwrap();
        assert_eq!(latest(&disk), Some((4, b"older".to_vec())), "cut at {at}");
    }
    assert_eq!(disk.findings(), [(FindingKind::Snapshot, 0, 0)]);
    fs::write(newest, &whole).unwrap();
    assert_eq!(latest(&disk), Some((10, b"newer".to_vec())));
}

#[test]
fn one_of_another_history_or_ledger_is_passed_over() {
    let disk = Disk::with(&[10]);
    let good = SnapshotHeader {
        ledger_id: GENESIS.ledger_id,
        seq: 10,
        root: root(10),
        state_hash: [0; 32],
    };
    for header in [
        SnapshotHeader { root: root(9), ..good },
        SnapshotHeader { seq: 11, ..good },
        SnapshotHeader { ledger_id: [0; 16], ..good },
    ] {
        write(&disk.path, &header, b"state").unwrap();
        assert_eq!(latest(&disk), None);
        assert_eq!(disk.findings()[0].0, FindingKind::Snapshot);
    }
    write(&disk.path, &good, b"state").unwrap();
    assert_eq!(latest(&disk), Some((10, b"state".to_vec())));
}

#[test]
fn a_journal_in_memory_keeps_one() {
    let mut journal = SqliteJournal::memory(&GENESIS).unwrap();
    append(&mut journal, &[10]);
    journal.put_snapshot(10, [1; 32], b"state").unwrap();
    assert_eq!(journal.latest_snapshot().unwrap().unwrap().bytes, b"state");
}
