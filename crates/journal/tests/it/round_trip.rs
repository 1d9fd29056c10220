//! What goes in comes out, at every size, with the same tree.

use backstop_journal::checkpoint::Checkpoint;
use backstop_journal::integrity::check;
use backstop_journal::merkle::{empty_root, leaf_hash};
use backstop_journal::merkle::{verify_consistency, verify_inclusion};
use backstop_journal::{Access, BatchBuilder, JournalError, SqliteJournal, TreeState};
use ed25519_dalek::SigningKey;

use crate::support::{Disk, GENESIS, append, record, root};

#[test]
fn an_empty_journal() {
    let disk = Disk::with(&[]);
    let journal = disk.open(Access::Append);
    assert_eq!(journal.size().unwrap(), 0);
    assert_eq!(journal.root().unwrap(), empty_root());
    assert_eq!(journal.tree().unwrap(), TreeState::new());
    assert_eq!(*journal.genesis(), GENESIS);
    assert_eq!(journal.record(0).unwrap(), None);
    assert_eq!(journal.batches_from(0).count(), 0);
    assert!(check(&journal).unwrap().is_sound());
}

#[test]
fn records_come_back_after_reopening() {
    let disk = Disk::with(&[1, 7, 300, 2, 255, 1, 256]);
    let journal = disk.open(Access::ReadOnly);
    assert_eq!(journal.size().unwrap(), 822);
    assert_eq!(journal.root().unwrap(), root(822));
    for from in [0, 1, 7, 8, 307, 308, 565, 821] {
        let mut last = None;
        for batch in journal.batches_from(from) {
            let batch = batch.unwrap();
            assert_eq!(batch.root, root(batch.next_seq()));
            for item in batch.records() {
                let (seq, bytes) = item.unwrap();
                assert_eq!(bytes, record(seq));
                last = Some(seq);
            }
        }
        assert_eq!(last, Some(821));
        assert!(journal.batches_from(from).next().unwrap().unwrap().first_seq <= from);
        assert_eq!(journal.record(from).unwrap(), Some(record(from)));
    }
    assert_eq!(journal.batches_from(822).count(), 0);
    assert_eq!(journal.batches_from(u64::MAX).count(), 0);
    assert_eq!(journal.record(822).unwrap(), None);
    let report = check(&journal).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.batches, report.tiles), (822, 7, 3));
    assert_eq!(report.root, root(822));
}

#[test]
fn the_tree_after_reopening_is_the_builders_at_every_size() {
    let mut journal = SqliteJournal::memory(&GENESIS).unwrap();
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    for size in 1..=600u64 {
        builder.push(&record(size - 1)).unwrap();
        journal.append(&builder.finish()).unwrap();
        assert_eq!(&journal.tree().unwrap(), builder.tree(), "size {size}");
    }
}

#[test]
fn the_tree_spans_two_tile_levels() {
    let disk = Disk::with(&[65_536 - 100, 99, 1, 1, 300, 8191]);
    let mut journal = disk.open(Access::Append);
    let mut builder = BatchBuilder::new(TreeState::new());
    let size = journal.size().unwrap();
    (0..size).for_each(|seq| {
        builder.push(&record(seq)).unwrap();
    });
    assert_eq!(&journal.tree().unwrap(), builder.tree());
    append(&mut journal, &[3]);
    for (seq, at) in [(0, size), (65_535, 65_536), (65_536, 65_537), (70_000, size + 3)] {
        let proof = journal.inclusion_proof(seq, at).unwrap();
        let root = journal.root_at(at).unwrap();
        verify_inclusion(&leaf_hash(&record(seq)), seq, at, &proof, &root).unwrap();
    }
    assert!(check(&journal).unwrap().is_sound());
}

#[test]
fn proofs_at_every_size() {
    let disk = Disk::with(&[5, 250, 1, 44, 233, 67]);
    let journal = disk.open(Access::ReadOnly);
    let roots: Vec<_> = (0..=600).map(root).collect();
    for size in (1..=600u64).step_by(7).chain([255, 256, 257, 511, 512, 513]) {
        let now = roots[usize::try_from(size).unwrap()];
        assert_eq!(journal.root_at(size).unwrap(), now);
        for seq in (0..size).step_by(41).chain([size - 1]) {
            let proof = journal.inclusion_proof(seq, size).unwrap();
            verify_inclusion(&leaf_hash(&record(seq)), seq, size, &proof, &now).unwrap();
            let then = roots[usize::try_from(seq).unwrap()];
            let proof = journal.consistency_proof(seq, size).unwrap();
            verify_consistency(seq, &then, size, &now, &proof).unwrap();
        }
    }
    assert!(matches!(journal.inclusion_proof(600, 600), Err(JournalError::OutOfRange(_))));
    assert!(matches!(journal.inclusion_proof(0, 601), Err(JournalError::OutOfRange(_))));
    assert!(matches!(journal.consistency_proof(2, 1), Err(JournalError::OutOfRange(_))));
}

#[test]
fn checkpoints_ride_with_a_batch_or_come_later() {
    let disk = Disk::with(&[10]);
    let mut journal = disk.open(Access::Append);
    let key = SigningKey::from_bytes(&[3; 32]);
    let sign =
        |size, root| Checkpoint { origin: "log".to_owned(), size, root }.sign(&key, "log").unwrap();
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    builder.push(&record(10)).unwrap();
    let mut batch = builder.finish();
    batch.checkpoint = Some(sign(11, batch.root));
    journal.append(&batch).unwrap();
    assert_eq!(journal.latest_checkpoint().unwrap(), Some((11, sign(11, root(11)))));
    journal.put_checkpoint(4, &sign(4, root(4))).unwrap();
    assert_eq!(journal.checkpoint_from(0).unwrap().unwrap().0, 4);
    assert_eq!(journal.checkpoint_from(12).unwrap(), None);
    for (size, text) in [(4, sign(4, root(5))), (5, sign(4, root(4))), (4, "x".to_owned())] {
        let refused = journal.put_checkpoint(size, &text);
        assert!(matches!(refused, Err(JournalError::BadCheckpoint { .. })));
    }
    let report = check(&journal).unwrap();
    assert!(report.is_sound());
    assert_eq!(report.anchors, 2);
}

#[test]
fn only_what_follows_is_appended() {
    let mut journal = SqliteJournal::memory(&GENESIS).unwrap();
    let mut builder = BatchBuilder::new(TreeState::new());
    builder.push(b"zero").unwrap();
    let first = builder.finish();
    builder.push(b"one").unwrap();
    let second = builder.finish();
    let refused = journal.append(&second);
    assert!(matches!(refused, Err(JournalError::GapOrOverlap { expected: 0, got: 1 })));
    journal.append(&first).unwrap();
    let refused = journal.append(&first);
    assert!(matches!(refused, Err(JournalError::GapOrOverlap { expected: 1, got: 0 })));
    let mut bad = second.clone();
    bad.tags.pop();
    assert!(matches!(journal.append(&bad), Err(JournalError::BadBatch { seq: 1 })));
    journal.append(&second).unwrap();
    journal.append(&builder.finish()).unwrap();
    assert_eq!(journal.size().unwrap(), 2);
}

#[test]
fn a_reader_sees_what_a_writer_commits() {
    let disk = Disk::with(&[2]);
    let mut writer = disk.open(Access::Append);
    let mut reader = disk.open(Access::ReadOnly);
    let mut stream = reader.batches_from(0);
    assert_eq!(stream.next().unwrap().unwrap().count, 2);
    assert!(stream.next().is_none());
    append(&mut writer, &[5]);
    assert_eq!(stream.next().unwrap().unwrap().first_seq, 2);
    assert!(stream.next().is_none());
    let batch = BatchBuilder::new(writer.tree().unwrap()).finish();
    assert!(matches!(reader.append(&batch), Err(JournalError::ReadOnly)));
}

#[test]
fn bytes_on_disk_for_each_record() {
    let disk = Disk::empty();
    let mut journal = SqliteJournal::create(&disk.path, &GENESIS).unwrap();
    let mut builder = BatchBuilder::new(TreeState::new());
    for n in 0..16 * 8192u64 {
        let mut bytes = [7; 230];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        builder.push(&bytes).unwrap();
        if builder.count() == 8192 {
            journal.append(&builder.finish()).unwrap();
        }
    }
    drop(journal);
    let bytes = std::fs::metadata(&disk.path).unwrap().len() / (16 * 8192);
    // 230 + length 4 + tag 8 + tile 32, and what SQLite needs.
    assert!((274..300).contains(&bytes), "{bytes} bytes a record");
}
