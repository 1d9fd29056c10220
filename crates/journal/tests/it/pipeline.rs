//! Building the next batch while the last one is being committed on another thread.

use std::sync::mpsc;
use std::thread;

use backstop_journal::integrity::check;
use backstop_journal::{Access, Batch, BatchBuilder, JournalError};

use crate::support::{Disk, record, root};

#[test]
fn the_builder_runs_ahead_of_the_commits() {
    let disk = Disk::with(&[]);
    let mut journal = disk.open(Access::Append);
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    let (batches, inbox) = mpsc::sync_channel::<Batch>(1);
    let committer = thread::spawn(move || {
        for batch in inbox {
            journal.append(&batch).unwrap();
        }
        journal
    });
    for size in [1u64, 500, 3, 256, 700, 1, 40] {
        for _ in 0..size {
            builder.push(&record(builder.next_seq())).unwrap();
        }
        batches.send(builder.finish()).unwrap();
    }
    drop(batches);
    let journal = committer.join().unwrap();
    assert_eq!(journal.size().unwrap(), 1501);
    assert_eq!(journal.root().unwrap(), root(1501));
    assert_eq!(&journal.tree().unwrap(), builder.tree());
    assert!(check(&journal).unwrap().is_sound());
}

#[test]
fn a_failed_commit_stops_the_handle() {
    let disk = Disk::with(&[3]);
    let mut journal = disk.open(Access::Append);
    let room = 3 * 65_536;
    journal.set_bytes_max(std::fs::metadata(&disk.path).unwrap().len() + room).unwrap();
    let left = journal.bytes_left().unwrap().unwrap();
    assert!((room - 65_536..=room + 65_536).contains(&left), "{left}");
    let mut builder = BatchBuilder::new(journal.tree().unwrap());
    builder.push(&vec![1; 1 << 20]).unwrap();
    let batch = builder.finish();
    assert!(matches!(journal.append(&batch), Err(JournalError::Full { .. })));
    assert!(matches!(journal.append(&batch), Err(JournalError::Poisoned)));
    assert_eq!(journal.size().unwrap(), 3);
    drop(journal);
    let mut journal = disk.open(Access::Append);
    assert_eq!(journal.bytes_left().unwrap(), None);
    journal.append(&batch).unwrap();
    assert!(check(&journal).unwrap().is_sound());
}
