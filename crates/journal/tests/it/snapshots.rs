//! Snapshot files: the newest that is whole and belongs to the journal is used.

use std::fs;

use backstop_journal::Access;
use backstop_journal::integrity::FindingKind;
use backstop_journal::snapshot::{SnapshotHeader, files, write};

use crate::support::{Disk, GENESIS, root};

fn header(seq: u64) -> SnapshotHeader {
    SnapshotHeader { ledger_id: GENESIS.ledger_id, seq, root: root(seq) }
}

fn put(disk: &Disk, seq: u64, state: &[u8]) {
    write(&disk.path, &header(seq), state, b"rest").unwrap();
}

fn latest(disk: &Disk) -> Option<(u64, Vec<u8>)> {
    let found = disk.open(Access::ReadOnly).latest_snapshot().unwrap();
    found.map(|snapshot| (snapshot.header.seq, snapshot.state))
}

#[test]
fn two_are_kept_and_the_newest_is_read() {
    let disk = Disk::with(&[5, 5]);
    assert_eq!(latest(&disk), None);
    let journal = disk.open(Access::ReadOnly);
    for seq in [3, 5, 10] {
        put(&disk, seq, &seq.to_le_bytes());
    }
    let snapshot = journal.latest_snapshot().unwrap().unwrap();
    assert_eq!(snapshot.header, header(10));
    assert_eq!(snapshot.rest, b"rest");
    let report = disk.check();
    assert!(report.is_sound());
    assert_eq!(report.anchors, 2);
    fs::remove_file(&files(&disk.path)[0]).unwrap();
    assert_eq!(latest(&disk), Some((5, 5u64.to_le_bytes().to_vec())));
}

#[test]
fn a_damaged_one_is_passed_over_and_found() {
    let disk = Disk::with(&[10]);
    put(&disk, 4, b"older");
    put(&disk, 10, b"newer");
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
    let good = header(10);
    for header in [
        SnapshotHeader { root: root(9), ..good },
        SnapshotHeader { seq: 11, ..good },
        SnapshotHeader { ledger_id: [0; 16], ..good },
    ] {
        write(&disk.path, &header, b"state", b"").unwrap();
        assert_eq!(latest(&disk), None);
        assert_eq!(disk.findings()[0].0, FindingKind::Snapshot);
    }
    write(&disk.path, &good, b"state", b"").unwrap();
    assert_eq!(latest(&disk), Some((10, b"state".to_vec())));
}
