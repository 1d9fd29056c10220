//! Each way to damage a journal, and the finding that names the place.

use std::fs;

use backstop_journal::checkpoint::Checkpoint;
use backstop_journal::integrity::FindingKind::{
    self, Checkpoint as BadCheckpoint, Count, Framing, Misplaced, Missing, Overlap, Record, Root,
    Row, Tag, Tile, TileMissing, TileUnexpected, Unverifiable,
};
use backstop_journal::integrity::{Checker, Verdict, check};
use backstop_journal::merkle::leaf_hash;
use backstop_journal::{Access, BatchBuilder, SqliteJournal};
use ed25519_dalek::SigningKey;

use crate::support::{Disk, GENESIS, record, root};

/// Batches 0..100, 100..300, 300..700, 700..710 and 710..720; tiles hold records below 512.
const SIZES: [u64; 5] = [100, 200, 400, 10, 10];

/// Where a record's length begins in the blob of its batch.
fn offset(first: u64, seq: u64) -> usize {
    (first..seq).map(|seq| 4 + record(seq).len()).sum()
}

/// Flips a bit of a blob in a row of `batch`.
fn flip(disk: &Disk, column: &str, first: u64, at: usize) {
    let connection = rusqlite::Connection::open(&disk.path).unwrap();
    let select = format!("SELECT {column} FROM batch WHERE first_seq = ?1");
    let first = i64::try_from(first).unwrap();
    let mut blob: Vec<u8> = connection.query_row(&select, [first], |row| row.get(0)).unwrap();
    blob[at] ^= 0x04;
    let update = format!("UPDATE batch SET {column} = ?1 WHERE first_seq = ?2");
    connection.execute(&update, (blob, first)).unwrap();
}

#[test]
fn a_changed_record_is_named_exactly() {
    for (first, seq) in [(0, 0), (0, 57), (100, 255), (100, 256), (300, 511)] {
        let disk = Disk::with(&SIZES);
        flip(&disk, "records", first, offset(first, seq) + 4);
        assert_eq!(disk.findings(), [(Record, seq, seq)]);
    }
}

#[test]
fn a_changed_record_on_the_right_edge_is_named_exactly() {
    for (first, seq) in [(300, 512), (300, 699), (700, 703), (710, 719)] {
        let disk = Disk::with(&SIZES);
        flip(&disk, "records", first, offset(first, seq) + 4);
        assert_eq!(disk.findings(), [(Record, seq, seq), (Unverifiable, seq, 719)]);
    }
}

#[test]
fn several_changed_records_are_all_named() {
    let disk = Disk::with(&SIZES);
    for seq in [3, 4, 99] {
        flip(&disk, "records", 0, offset(0, seq) + 4);
    }
    flip(&disk, "records", 300, offset(300, 400) + 4);
    let expected = [3, 4, 99, 400].map(|seq| (Record, seq, seq));
    assert_eq!(disk.findings(), expected);
}

#[test]
fn a_broken_length_is_named_with_its_offset() {
    let disk = Disk::with(&SIZES);
    flip(&disk, "records", 0, offset(0, 57) + 2);
    let report = disk.check();
    assert_eq!(disk.findings(), [(Framing, 57, 99)]);
    let offset = format!("byte {}", offset(0, 57));
    assert!(report.findings[0].detail.contains(&offset), "{}", report.findings[0]);
    assert_eq!(report.root, root(720));

    let disk = Disk::with(&SIZES);
    flip(&disk, "records", 700, self::offset(700, 705) + 3);
    assert_eq!(disk.findings(), [(Framing, 705, 709), (Unverifiable, 705, 719)]);
}

#[test]
fn a_changed_root_is_named_by_its_batch() {
    for (first, last) in [(0, 99), (300, 699), (710, 719)] {
        let disk = Disk::with(&SIZES);
        flip(&disk, "root", first, 31);
        assert_eq!(disk.findings(), [(Root, first, last)]);
    }
}

#[test]
fn a_changed_tag_does_not_condemn_its_record() {
    for (first, seq) in [(0, 57), (300, 400), (300, 600), (710, 719)] {
        let disk = Disk::with(&SIZES);
        flip(&disk, "tags", first, usize::try_from(8 * (seq - first) + 7).unwrap());
        assert_eq!(disk.findings(), [(Tag, seq, seq)]);
    }
}

#[test]
fn a_changed_count_is_found() {
    let disk = Disk::with(&SIZES);
    disk.sql("UPDATE batch SET count = 9 WHERE first_seq = 700");
    assert_eq!(disk.findings(), [(Count, 700, 709)]);
    let disk = Disk::with(&SIZES);
    disk.sql("UPDATE batch SET count = 1 << 60 WHERE first_seq = 0");
    assert_eq!(disk.findings(), [(Count, 0, 99)]);
}

#[test]
fn a_changed_tile_is_named_by_its_entry() {
    let disk = Disk::with(&SIZES);
    let connection = rusqlite::Connection::open(&disk.path).unwrap();
    let mut hashes: Vec<u8> = connection
        .query_row("SELECT hashes FROM tile WHERE idx = 1", [], |row| row.get(0))
        .unwrap();
    hashes[32 * 40] ^= 1;
    connection.execute("UPDATE tile SET hashes = ?1 WHERE idx = 1", [&hashes]).unwrap();
    drop(connection);
    assert_eq!(disk.findings(), [(Tile, 296, 296)]);
    // A changed record beside it: each is named for what it is.
    flip(&disk, "records", 100, offset(100, 200) + 4);
    assert_eq!(disk.findings(), [(Record, 200, 200), (Tile, 296, 296)]);
}

#[test]
fn missing_and_surplus_tiles_are_found() {
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM tile WHERE idx = 0");
    assert_eq!(disk.findings(), [(TileMissing, 0, 255)]);
    let disk = Disk::with(&SIZES);
    disk.sql("INSERT INTO tile VALUES (0, 2, zeroblob(8192))");
    assert_eq!(disk.findings(), [(TileUnexpected, 512, 767)]);
    let disk = Disk::with(&SIZES);
    disk.sql("UPDATE tile SET hashes = zeroblob(100) WHERE idx = 1");
    assert_eq!(disk.findings().len(), 256);
}

#[test]
fn a_missing_row_is_named() {
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM batch WHERE first_seq = 100");
    assert_eq!(disk.findings(), [(Missing, 100, 299)]);
    assert_eq!(disk.check().root, root(720));
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM batch WHERE first_seq = 0");
    assert_eq!(disk.findings(), [(Missing, 0, 99)]);
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM batch WHERE first_seq = 700");
    assert_eq!(disk.findings(), [(Missing, 700, 709), (Unverifiable, 700, 719)]);
}

#[test]
fn a_reader_stops_at_a_missing_row() {
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM batch WHERE first_seq = 100");
    let journal = disk.open(Access::ReadOnly);
    assert!(journal.batches_from(0).nth(1).unwrap().is_err());
    assert!(journal.batches_from(150).next().unwrap().is_err());
    assert!(journal.record(150).is_err());
}

#[test]
fn swapped_rows_name_where_each_record_belongs() {
    let disk = Disk::with(&[10; 30]);
    disk.sql(
        "UPDATE batch SET first_seq = -1 WHERE first_seq = 20; \
         UPDATE batch SET first_seq = 20 WHERE first_seq = 50; \
         UPDATE batch SET first_seq = 50 WHERE first_seq = -1",
    );
    let report = disk.check();
    let misplaced: Vec<_> =
        report.findings.iter().filter(|finding| finding.kind == Misplaced).collect();
    let seqs: Vec<u64> = misplaced.iter().map(|finding| finding.first_seq).collect();
    assert_eq!(seqs, (20..30).chain(50..60).collect::<Vec<_>>());
    assert!(misplaced[0].detail.contains("belongs at 50"), "{}", misplaced[0]);
    assert!(report.findings.iter().all(|finding| matches!(finding.kind, Misplaced | Root)));
    assert_eq!(report.root, root(300));
}

#[test]
fn swapped_rows_on_the_right_edge_are_found() {
    let disk = Disk::with(&SIZES);
    disk.sql(
        "UPDATE batch SET first_seq = -1 WHERE first_seq = 700; \
         UPDATE batch SET first_seq = 700 WHERE first_seq = 710; \
         UPDATE batch SET first_seq = 710 WHERE first_seq = -1",
    );
    assert_eq!(disk.findings(), [(Root, 700, 719)]);
}

/// Rewrites the records of a row.
fn rewrite(disk: &Disk, first: u64, seqs: &[u64], count: u64) {
    let mut blob = Vec::new();
    for seq in seqs {
        let bytes = record(*seq);
        blob.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        blob.extend_from_slice(&bytes);
    }
    let connection = rusqlite::Connection::open(&disk.path).unwrap();
    let numbers = (blob, i64::try_from(count).unwrap(), i64::try_from(first).unwrap());
    let sql = "UPDATE batch SET records = ?1, count = ?2 WHERE first_seq = ?3";
    connection.execute(sql, numbers).unwrap();
}

#[test]
fn swapped_records_inside_a_row() {
    let disk = Disk::with(&SIZES);
    rewrite(&disk, 700, &[700, 701, 705, 703, 704, 702, 706, 707, 708, 709], 10);
    let expected = [(Misplaced, 702, 702), (Unverifiable, 702, 719), (Misplaced, 705, 705)];
    assert_eq!(disk.findings(), expected);
}

#[test]
fn a_record_removed_from_a_row() {
    let disk = Disk::with(&[10; 30]);
    rewrite(&disk, 20, &[20, 21, 22, 24, 25, 26, 27, 28, 29], 10);
    let mut expected = vec![(Count, 20, 29)];
    expected.extend((23..29).map(|seq| (Misplaced, seq, seq)));
    expected.push((Missing, 29, 29));
    assert_eq!(disk.findings(), expected);
    assert_eq!(disk.check().root, root(300));
}

#[test]
fn a_record_inserted_in_a_row() {
    let disk = Disk::with(&[10; 30]);
    rewrite(&disk, 20, &[20, 21, 999, 22, 23, 24, 25, 26, 27, 28, 29], 10);
    let mut expected = vec![(Count, 20, 29), (Record, 22, 22)];
    expected.extend((23..30).map(|seq| (Misplaced, seq, seq)));
    assert_eq!(disk.findings(), expected);
}

#[test]
fn an_inserted_row_is_named() {
    let disk = Disk::with(&SIZES);
    disk.sql(
        "INSERT INTO batch SELECT 50, count, root, tags, records FROM batch WHERE first_seq = 700",
    );
    assert_eq!(disk.findings(), [(Overlap, 50, 59)]);
    // One at the end that the tree does not lead to.
    let disk = Disk::with(&SIZES);
    disk.sql(
        "INSERT INTO batch SELECT 720, count, root, tags, records FROM batch WHERE first_seq = 700",
    );
    assert_eq!(disk.findings(), [(Root, 720, 729)]);
}

#[test]
fn a_row_that_can_not_be_read_is_named() {
    let disk = Disk::with(&SIZES);
    disk.sql("UPDATE batch SET root = x'00' WHERE first_seq = 100");
    assert_eq!(disk.findings(), [(Missing, 100, 299), (Row, 100, 100)]);
    let disk = Disk::with(&SIZES);
    disk.sql("UPDATE batch SET first_seq = -5 WHERE first_seq = 0");
    assert_eq!(disk.findings(), [(Missing, 0, 99), (Row, 0, 0)]);
}

#[test]
fn a_rewritten_record_with_tag_and_tile_is_found_by_the_root() {
    let disk = Disk::with(&[100, 100, 100]);
    let forged = record(999_999);
    let leaf = leaf_hash(&forged);
    let connection = rusqlite::Connection::open(&disk.path).unwrap();
    let (mut records, mut tags): (Vec<u8>, Vec<u8>) = connection
        .query_row("SELECT records, tags FROM batch WHERE first_seq = 100", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let at = offset(100, 150);
    let mut frame = u32::try_from(forged.len()).unwrap().to_le_bytes().to_vec();
    frame.extend_from_slice(&forged);
    records.splice(at..at + 4 + record(150).len(), frame);
    tags[400..408].copy_from_slice(&leaf[..8]);
    connection
        .execute("UPDATE batch SET records = ?1, tags = ?2 WHERE first_seq = 100", (records, tags))
        .unwrap();
    let mut tile: Vec<u8> =
        connection.query_row("SELECT hashes FROM tile", [], |row| row.get(0)).unwrap();
    tile[150 * 32..151 * 32].copy_from_slice(&leaf);
    connection.execute("UPDATE tile SET hashes = ?1", [tile]).unwrap();
    drop(connection);
    assert_eq!(disk.findings(), [(Root, 100, 299)]);
}

#[test]
fn a_rewritten_history_is_found_by_a_checkpoint() {
    let disk = Disk::empty();
    let mut journal = SqliteJournal::create(&disk.path, &GENESIS).unwrap();
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    for seq in 0..50u64 {
        builder.push(&record(if seq == 33 { 0 } else { seq })).unwrap();
    }
    journal.append(&builder.finish()).unwrap();
    assert!(check(&journal).unwrap().is_sound());
    let checkpoint = |size| Checkpoint { origin: "log".to_owned(), size, root: root(size) };
    for (size, sound) in [(0, true), (33, true), (34, false), (50, false), (51, false)] {
        let mut checker = Checker::new(&journal).unwrap();
        checker.expect(&checkpoint(size));
        for batch in journal.raw_batches() {
            assert_eq!(checker.feed(&batch.unwrap()).unwrap(), Verdict::Sound);
        }
        assert_eq!(checker.finish().unwrap().is_sound(), sound, "size {size}");
    }
}

#[test]
fn a_cut_tail_is_found_by_what_mentions_it() {
    let disk = Disk::with(&SIZES);
    disk.sql("DELETE FROM batch WHERE first_seq >= 300");
    assert_eq!(disk.findings(), [(TileUnexpected, 256, 511)]);
    let disk = Disk::with(&SIZES);
    let key = SigningKey::from_bytes(&[3; 32]);
    let checkpoint = Checkpoint { origin: "log".to_owned(), size: 720, root: root(720) };
    let text = checkpoint.sign(&key, "log").unwrap();
    disk.open(Access::Append).put_checkpoint(720, &text).unwrap();
    assert!(disk.check().is_sound());
    disk.sql("DELETE FROM batch WHERE first_seq >= 710");
    assert_eq!(disk.findings(), [(BadCheckpoint, 710, 719)]);
    disk.sql("UPDATE checkpoint SET text = 'nothing'");
    assert_eq!(disk.findings(), [(BadCheckpoint, 719, 719)]);
}

#[test]
fn any_flipped_bit_is_found_or_changes_nothing() {
    let disk = Disk::with(&[40, 250, 30]);
    let whole = fs::read(&disk.path).unwrap();
    let journal = disk.open(Access::ReadOnly);
    let contents = |journal: &SqliteJournal| -> Option<Vec<(u64, Vec<u8>)>> {
        let mut all = Vec::new();
        for batch in journal.batches_from(0) {
            let batch = batch.ok()?;
            for item in batch.records() {
                let (seq, bytes) = item.ok()?;
                all.push((seq, bytes.to_vec()));
            }
        }
        Some(all)
    };
    let truth = contents(&journal);
    let (mut found, mut harmless) = (0, 0);
    // Every header byte of each page, and a sample of the rest.
    let header = (0..whole.len()).filter(|at| at % 65_536 < 120);
    for at in header.chain((0..whole.len()).step_by(997)) {
        let copy = Disk::empty();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&copy.path, &bytes).unwrap();
        let Ok(journal) = SqliteJournal::open(&copy.path, Access::ReadOnly) else {
            found += 1;
            continue;
        };
        match check(&journal) {
            Ok(report) if report.is_sound() => {
                assert_eq!(contents(&journal), truth, "byte {at} changed a record unseen");
                harmless += 1;
            }
            _ => found += 1,
        }
    }
    assert!(found > 100 && harmless > 0, "{found} found, {harmless} harmless");
}

#[test]
fn the_verdict_of_a_batch_is_about_its_records() {
    let disk = Disk::with(&SIZES);
    flip(&disk, "records", 100, offset(100, 200) + 4);
    flip(&disk, "tags", 300, 0);
    let journal = disk.open(Access::ReadOnly);
    let mut checker = Checker::new(&journal).unwrap();
    let verdicts: Vec<Verdict> =
        journal.raw_batches().map(|batch| checker.feed(&batch.unwrap()).unwrap()).collect();
    let sound = Verdict::Sound;
    assert_eq!(verdicts, [sound, Verdict::Damaged, sound, sound, sound]);
    let kinds: Vec<FindingKind> =
        checker.finish().unwrap().findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Record, Tag]);
}
