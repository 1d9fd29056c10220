//! Files that are not there, not ours, newer, cut short, or in use.

use std::fs;

use backstop_journal::{Access, JournalError, SqliteJournal};

use crate::support::{Disk, GENESIS, append};

fn open(disk: &Disk) -> Result<SqliteJournal, JournalError> {
    SqliteJournal::open(&disk.path, Access::ReadOnly)
}

#[test]
fn not_there() {
    let disk = Disk::empty();
    assert!(matches!(open(&disk), Err(JournalError::NotFound { .. })));
    let append = SqliteJournal::open(&disk.path, Access::Append);
    assert!(matches!(append, Err(JournalError::NotFound { .. })));
    assert_eq!(fs::read_dir(disk.folder.path()).unwrap().count(), 0);
}

#[test]
fn in_the_way() {
    let disk = Disk::with(&[4]);
    let again = SqliteJournal::create(&disk.path, &GENESIS);
    assert!(matches!(again, Err(JournalError::AlreadyExists { .. })));
    assert_eq!(disk.open(Access::ReadOnly).size().unwrap(), 4);
}

#[test]
fn a_draft_left_by_a_crash_is_replaced() {
    let disk = Disk::empty();
    fs::write(disk.folder.path().join("journal.db.new"), b"half written").unwrap();
    append(&mut SqliteJournal::create(&disk.path, &GENESIS).unwrap(), &[2]);
    assert!(disk.check().is_sound());
    assert!(!disk.folder.path().join("journal.db.new").exists());
}

#[test]
fn not_a_database() {
    let disk = Disk::empty();
    for contents in [b"".to_vec(), b"x".to_vec(), vec![0; 511], vec![b'x'; 70_000]] {
        fs::write(&disk.path, contents).unwrap();
        assert!(matches!(open(&disk), Err(JournalError::NotADatabase { .. })));
    }
    let folder = SqliteJournal::open(disk.folder.path(), Access::ReadOnly);
    assert!(matches!(folder, Err(JournalError::NotADatabase { .. })));
}

#[test]
fn of_another_program() {
    let disk = Disk::empty();
    disk.sql("PRAGMA application_id = 7; CREATE TABLE batch (a)");
    assert!(matches!(open(&disk), Err(JournalError::WrongApplication { got: 7 })));
}

#[test]
fn of_a_newer_program() {
    let disk = Disk::with(&[4]);
    disk.sql("PRAGMA user_version = 2");
    assert!(matches!(open(&disk), Err(JournalError::NewerFormat { got: 2, limit: 1 })));
    disk.sql("PRAGMA user_version = 0");
    assert!(matches!(open(&disk), Err(JournalError::Damaged { .. })));
}

#[test]
fn with_foreign_tables_or_triggers() {
    let disk = Disk::with(&[4]);
    disk.sql("CREATE TRIGGER t AFTER INSERT ON batch BEGIN DELETE FROM batch; END");
    assert!(matches!(open(&disk), Err(JournalError::Damaged { .. })));
    let disk = Disk::with(&[4]);
    disk.sql("DROP TABLE checkpoint");
    assert!(matches!(open(&disk), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_second_writer_is_refused() {
    let disk = Disk::with(&[4]);
    let first = disk.open(Access::Append);
    let second = SqliteJournal::open(&disk.path, Access::Append);
    assert!(matches!(second, Err(JournalError::Locked { .. })));
    assert_eq!(disk.open(Access::ReadOnly).size().unwrap(), 4);
    drop(first);
    assert_eq!(disk.open(Access::Append).size().unwrap(), 4);
}

#[test]
fn a_file_cut_short_is_never_opened() {
    let disk = Disk::with(&[300, 4000, 20]);
    let whole = fs::read(&disk.path).unwrap();
    assert!(whole.len() > 4 * 65_536);
    let pages = (0..=whole.len() / 65_536).flat_map(|page| {
        [0, 1, 511, 512, 4096, 30_000, 65_535].map(|offset| page * 65_536 + offset)
    });
    for length in pages.filter(|length| *length < whole.len()).chain([whole.len() - 1]) {
        let copy = Disk::empty();
        fs::write(&copy.path, &whole[..length]).unwrap();
        for access in [Access::ReadOnly, Access::Append] {
            let error = SqliteJournal::open(&copy.path, access).unwrap_err();
            assert!(error.is_damage(), "{length} bytes: {error}");
        }
    }
}

#[test]
fn a_copy_taken_while_the_writer_lives_opens_with_its_wal() {
    let disk = Disk::with(&[10]);
    let mut writer = disk.open(Access::Append);
    append(&mut writer, &[300, 5]);
    let copy = Disk::empty();
    for suffix in ["", "-wal"] {
        let name = format!("journal.db{suffix}");
        fs::copy(disk.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    assert_eq!(copy.open(Access::Append).size().unwrap(), 315);
    assert!(copy.check().is_sound());
}

#[test]
fn a_torn_wal_loses_whole_batches_only() {
    let disk = Disk::with(&[10]);
    let mut writer = disk.open(Access::Append);
    append(&mut writer, &[300, 5, 700, 1]);
    let main = fs::read(&disk.path).unwrap();
    let wal = fs::read(disk.folder.path().join("journal.db-wal")).unwrap();
    let mut sizes = Vec::new();
    for length in (0..wal.len()).step_by(20_000).chain([wal.len()]) {
        let copy = Disk::empty();
        fs::write(&copy.path, &main).unwrap();
        fs::write(copy.folder.path().join("journal.db-wal"), &wal[..length]).unwrap();
        let journal = copy.open(Access::Append);
        sizes.push(journal.size().unwrap());
        drop(journal);
        assert!(copy.check().is_sound(), "{length} bytes");
    }
    sizes.dedup();
    assert_eq!(sizes, [10, 310, 315, 1015, 1016]);
}

#[test]
fn read_where_nothing_can_be_written() {
    let disk = Disk::with(&[4, 3]);
    // In its place SQLite can't make the file by which connections share what they do.
    fs::create_dir(disk.folder.path().join("journal.db-shm")).unwrap();
    assert_eq!(open(&disk).unwrap().size().unwrap(), 7);
    assert!(disk.check().is_sound());
}
