//! What the journal reads against junk and damage: frames, checkpoints, snapshot files, proofs, whole
//! files.
//!
//! Each target takes raw bytes and mutations of true ones; `backstop_testkit::fuzz` says how long.

#[path = "it/support.rs"]
#[expect(dead_code, reason = "the tests of damage need more of it")]
mod support;

use std::fs;
use std::path::Path;

use backstop_journal::checkpoint::{Checkpoint, CheckpointError};
use backstop_journal::frame::{LENGTH_BYTES, RecordIter};
use backstop_journal::integrity::check;
use backstop_journal::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use backstop_journal::snapshot::{self, SnapshotHeader};
use backstop_journal::{Access, SqliteJournal};
use backstop_testkit::fuzz::{Input, target};
use ed25519_dalek::SigningKey;
use support::{Disk, GENESIS, append, record, root};

/// Records, each behind its length.
fn framed<'a>(records: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(&u32::try_from(record.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(record);
    }
    bytes
}

#[test]
fn frames() {
    let records: Vec<Vec<u8>> = (0..12).map(record).collect();
    let seeds = [framed(records.iter().map(Vec::as_slice)), framed([&b"one"[..], b""].into_iter())];
    target("frame", 50_000, |bytes| {
        let bytes = Input(bytes).near(&seeds);
        let records: Vec<_> = RecordIter::new(&bytes).collect();
        let whole = records.iter().map_while(|record| record.ok());
        let again = framed(whole.clone());
        assert!(bytes.starts_with(&again), "records that are not in the bytes: {records:?}");
        assert!(again.len() >= LENGTH_BYTES * whole.count());
        match records.last() {
            Some(Err(error)) => assert_eq!(error.offset, again.len(), "{bytes:?}"),
            _ => assert_eq!(again, bytes, "two encodings of {records:?}"),
        }
        records.iter().all(Result::is_ok)
    });
}

#[test]
fn checkpoints() {
    let [key, other] = [3, 4].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let truth = Checkpoint { origin: "example.org/log".to_owned(), size: 2300, root: root(7) };
    let mine = truth.sign(&key, "log").unwrap();
    let theirs = truth.sign(&other, "witness").unwrap();
    let (_, signature) = theirs.rsplit_once("\n\n").unwrap();
    let seeds = [mine.clone(), format!("{mine}{signature}"), theirs];
    let alphabet = b"abcXYZ0123456789+/= \n-.";
    target("checkpoint", 50_000, |bytes| {
        let text = Input(bytes).text(&seeds, alphabet);
        let public = key.verifying_key();
        let parsed = Checkpoint::parse_unverified(&text);
        match Checkpoint::open(&text, "log", &public) {
            Ok(opened) => assert_eq!(opened, truth, "a forged checkpoint: {text:?}"),
            Err(CheckpointError::Malformed { line }) => {
                assert!(parsed.is_err() && line <= text.lines().count() + 1, "{line} of {text:?}");
            }
            Err(_) => {}
        }
        let Ok(parsed) = parsed else { return false };
        let signed = parsed.sign(&key, "log").unwrap();
        assert_eq!(Checkpoint::open(&signed, "log", &public), Ok(parsed), "{text:?}");
        true
    });
}

#[test]
fn snapshots() {
    let disk = Disk::with(&[10]);
    let header = SnapshotHeader { ledger_id: GENESIS.ledger_id, seq: 10, root: root(10) };
    snapshot::write(&disk.path, &header, &record(119), b"rest").unwrap();
    let file = &snapshot::files(&disk.path)[0];
    let whole = fs::read(file).unwrap();
    target("snapshot file", 2_000, |bytes| {
        let bytes = Input(bytes).near(std::slice::from_ref(&whole));
        fs::write(file, &bytes).unwrap();
        let read = snapshot::read(file).unwrap().expect("the file is there");
        assert_eq!(read.is_ok(), bytes == whole, "a damaged snapshot was read: {bytes:?}");
        let Ok(read) = read else { return false };
        assert_eq!((read.header, read.state, &read.rest[..]), (header, record(119), &b"rest"[..]));
        true
    });
}

/// Hashes out of bytes; what is over is left out.
fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks::<32>().0.to_vec()
}

#[test]
fn proofs() {
    let disk = Disk::with(&[5, 250, 1, 44]);
    let journal = disk.open(Access::ReadOnly);
    let roots: Vec<Hash> = (0..=300).map(root).collect();
    let paths = |old: u64, size| {
        let inclusion = journal.inclusion_proof(old, size).unwrap().concat();
        (old, size, inclusion, journal.consistency_proof(old, size).unwrap().concat())
    };
    let sizes = [1, 2, 3, 7, 8, 255, 256, 257, 299, 300];
    let seeds: Vec<_> = sizes.iter().flat_map(|n| [paths(n / 3, *n), paths(n - 1, *n)]).collect();
    let at = |size: u64| roots[usize::try_from(size).unwrap()];
    target("proof", 20_000, |bytes| {
        let mut input = Input(bytes);
        let (old, size, inclusion, consistency) = input.one_of(&seeds);
        let moved = u64::from(input.byte() % 4);
        let old = if input.byte().is_multiple_of(2) { *old } else { old.saturating_sub(moved) };
        let path = hashes(&input.mutation(inclusion));
        let leaf = Hash::try_from(input.mutation(&leaf_hash(&record(old)))).unwrap_or_default();
        let included = verify_inclusion(&leaf, old, *size, &path, &at(*size)).is_ok();
        if included {
            assert_eq!(leaf, leaf_hash(&record(old)), "another record at {old} of {size}");
            assert_eq!(journal.inclusion_proof(old, *size).unwrap(), path);
        }
        let path = hashes(&input.mutation(consistency));
        let then = Hash::try_from(input.mutation(&at(old))).unwrap_or_default();
        let consistent = verify_consistency(old, &then, *size, &at(*size), &path).is_ok();
        if consistent {
            assert_eq!(then, at(old), "another past of {old} in {size}");
            assert_eq!(journal.consistency_proof(old, *size).unwrap(), path);
        }
        included || consistent
    });
}

/// Everything that a journal holds, if all of it can be read.
fn contents(journal: &SqliteJournal) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for batch in journal.batches_from(0) {
        for item in batch.ok()?.records() {
            all.push(item.ok()?.1.to_vec());
        }
    }
    Some(all)
}

/// Changes bytes of a file, most of them where it holds something, and now and then its length.
fn damaged(input: &mut Input<'_>, whole: &[u8], used: &[usize]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..input.byte() % 8 {
        let at = *input.one_of(used);
        bytes[at] = match input.byte() % 4 {
            0 => input.byte(),
            bit => bytes[at] ^ 1 << (bit + input.byte() % 5),
        };
    }
    if input.byte().is_multiple_of(16) {
        bytes.truncate(input.below(bytes.len()));
    }
    bytes
}

/// Where a file holds something other than zeros, with the zeros right behind.
fn used(whole: &[u8]) -> Vec<usize> {
    let near = |at: &usize| whole[at.saturating_sub(4)..=*at].iter().any(|byte| *byte != 0);
    (0..whole.len()).filter(near).collect()
}

/// Opens files in a new folder; whatever is sound holds the first of the true records, whole batches
/// of them. Answers how many records were read, if the journal was sound.
fn sound(files: &[(&str, &[u8])], truth: &[Vec<u8>]) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path: &Path = &folder.path().join("journal.db");
    let journal = SqliteJournal::open(path, Access::Append).ok()?;
    let report = check(&journal).ok()?;
    let read = contents(&journal);
    if !report.is_sound() {
        return None;
    }
    let read = read.expect("a sound journal can be read");
    assert!(truth.starts_with(&read), "a record was changed unseen");
    assert_eq!(report.records, journal.size().unwrap());
    assert_eq!(report.root, journal.root().unwrap());
    Some(read.len())
}

#[test]
fn journals() {
    let disk = Disk::with(&[40, 250, 30]);
    let whole = fs::read(&disk.path).unwrap();
    let truth = contents(&disk.open(Access::ReadOnly)).unwrap();
    let used = used(&whole);
    target("journal file", 300, |bytes| {
        let bytes = damaged(&mut Input(bytes), &whole, &used);
        let read = sound(&[("journal.db", &bytes)], &truth);
        assert!(read.is_none_or(|read| read == truth.len()), "records were lost unseen");
        read.is_some()
    });
}

#[test]
fn logs_ahead() {
    let disk = Disk::with(&[10]);
    let mut writer = disk.open(Access::Append);
    append(&mut writer, &[300, 5, 70, 1]);
    let main = fs::read(&disk.path).unwrap();
    let wal = fs::read(disk.folder.path().join("journal.db-wal")).unwrap();
    let truth = contents(&disk.open(Access::ReadOnly)).unwrap();
    let used = used(&wal);
    target("log ahead of a journal", 200, |bytes| {
        let wal = damaged(&mut Input(bytes), &wal, &used);
        let read = sound(&[("journal.db", &main), ("journal.db-wal", &wal)], &truth);
        let whole = [10, 310, 315, 385, 386];
        assert!(read.is_none_or(|read| whole.contains(&read)), "{read:?} is no whole batch");
        read.is_some()
    });
}
