//! Snapshots: a state at a sequence number, in a file of its own beside the journal.
//!
//! A file instead of a table, so that another thread can write 250 MiB while the writer commits.
//! It is written under another name, synced and renamed; the one before is kept.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `BKSTSNAP` |
//! | 4 | format version, little endian, like all numbers here |
//! | 4 | zero |
//! | 16 | ledger id |
//! | 8 | sequence number: the state holds all records below it |
//! | 8 | length of the state in bytes |
//! | 8 | length of the rest in bytes |
//! | 32 | root of the journal at that size |
//! | 32 | SHA-256 of the state |
//! | 32 | seal: SHA-256 of the 120 bytes above, then of the rest |
//! | … | state, not compressed |
//! | … | the rest: what else the caller needs to go on |
//!
//! Each byte is under one hash, so a state of hundreds of MiB is hashed once.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::JournalError;
use crate::frame::as_u64;
use crate::merkle::{Hash, sha256};
use crate::store::{beside, io, sync_folder};

/// The version of the file's layout.
pub const SNAPSHOT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"BKSTSNAP";
const SEALED_BYTES: usize = 120;
const HEADER_BYTES: usize = 152;

/// What a snapshot is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The ledger's identity, as in [`GenesisMeta`](crate::GenesisMeta).
    pub ledger_id: [u8; 16],
    /// The number of records that the state has taken in; the next one to apply.
    pub seq: u64,
    /// The root of the journal at that size.
    pub root: Hash,
}

/// A snapshot that was read and whose hashes are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is of.
    pub header: SnapshotHeader,
    /// SHA-256 of the state.
    pub state_hash: Hash,
    /// The state as the caller encoded it.
    pub state: Vec<u8>,
    /// What else the caller stored with it.
    pub rest: Vec<u8>,
}

/// Why a file is no snapshot to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The file is no snapshot, or was cut inside its header.
    #[error("not a snapshot: delete the file, the journal is replayed instead")]
    NotASnapshot,
    /// The file has another layout.
    #[error("snapshot version {got} is not {limit}: delete the file or use a newer program")]
    WrongVersion {
        /// The version found.
        got: u32,
        /// The version that this crate reads.
        limit: u32,
    },
    /// State and rest are shorter or longer than the header says.
    #[error("{got} bytes after the header instead of {expected}: delete the file")]
    WrongLength {
        /// Bytes found.
        got: u64,
        /// Bytes that the header promises.
        expected: u64,
    },
    /// The contents do not fit the SHA-256.
    #[error("the contents were changed: delete the file, the journal is replayed instead")]
    WrongHash,
}

/// The snapshot files of a journal, newest first; they may or may not exist.
pub fn files(journal: &Path) -> [PathBuf; 2] {
    [beside(journal, ".snapshot"), beside(journal, ".snapshot.old")]
}

/// Writes a snapshot durably and keeps the one before. Needs no handle on the journal. Only one
/// thread may write snapshots of one journal.
///
/// # Errors
///
/// [`JournalError::Io`]; the older snapshots are still there then.
pub fn write(
    journal: &Path,
    header: &SnapshotHeader,
    state: &[u8],
    rest: &[u8],
) -> Result<(), JournalError> {
    let [newest, older] = files(journal);
    let draft = beside(journal, ".snapshot.new");
    let head = encode(header, [state, rest].map(|part| as_u64(part.len())), &sha256(&[state]));
    let seal = sha256(&[&head, rest]);
    let written = File::create(&draft).and_then(|mut file| {
        for part in [&head, &seal[..], state, rest] {
            file.write_all(part)?;
        }
        file.sync_all()
    });
    written.map_err(|source| io("write", &draft, source))?;
    match fs::rename(&newest, &older) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(io("rename", &newest, source));
        }
        _ => {}
    }
    fs::rename(&draft, &newest).map_err(|source| io("rename", &draft, source))?;
    sync_folder(&newest)
}

/// Reads a snapshot file; `None` if there is none.
///
/// # Errors
///
/// The outer one, [`JournalError::Io`], if the file can't be read; the inner one if it
/// can be read and is not to be used.
///
/// **Complexity** one read and one SHA-256 over the file: about 0.2 s for 250 MiB.
pub fn read(file: &Path) -> Result<Option<Result<Snapshot, SnapshotError>>, JournalError> {
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io("open", file, source)),
    };
    let failed = |source| io("read", file, source);
    let length = opened.metadata().map_err(failed)?.len();
    let mut header = [0; HEADER_BYTES];
    match opened.read_exact(&mut header) {
        Err(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Some(Err(SnapshotError::NotASnapshot)));
        }
        other => other.map_err(failed)?,
    }
    let Decoded { header: of, lengths, state_hash, seal } = match decode(&header) {
        Ok(decoded) => decoded,
        Err(error) => return Ok(Some(Err(error))),
    };
    let got = length.saturating_sub(as_u64(HEADER_BYTES));
    let expected = lengths.iter().fold(0, |sum: u64, part| sum.saturating_add(*part));
    if got != expected {
        return Ok(Some(Err(SnapshotError::WrongLength { got, expected })));
    }
    let [state, rest] = lengths.map(|length| read_part(&mut opened, length));
    let (state, rest) = (state.map_err(failed)?, rest.map_err(failed)?);
    let sealed = header.get(..SEALED_BYTES).unwrap_or_default();
    if sha256(&[sealed, &rest]) != seal || sha256(&[&state]) != state_hash {
        return Ok(Some(Err(SnapshotError::WrongHash)));
    }
    Ok(Some(Ok(Snapshot { header: of, state_hash, state, rest })))
}

fn read_part(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is sealed of the header.
fn encode(header: &SnapshotHeader, lengths: [u64; 2], state_hash: &Hash) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEADER_BYTES);
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    head.extend_from_slice(&[0; 4]);
    head.extend_from_slice(&header.ledger_id);
    head.extend_from_slice(&header.seq.to_le_bytes());
    for length in lengths {
        head.extend_from_slice(&length.to_le_bytes());
    }
    head.extend_from_slice(&header.root);
    head.extend_from_slice(state_hash);
    head
}

/// A header as it stands in a file.
struct Decoded {
    header: SnapshotHeader,
    /// Bytes of the state and of the rest.
    lengths: [u64; 2],
    state_hash: Hash,
    seal: Hash,
}

fn decode(header: &[u8; HEADER_BYTES]) -> Result<Decoded, SnapshotError> {
    let mut rest = header.as_slice();
    let magic = take::<8>(&mut rest)?;
    let version = u32::from_le_bytes(take(&mut rest)?);
    let _zero = take::<4>(&mut rest)?;
    if magic != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    if version != SNAPSHOT_VERSION {
        return Err(SnapshotError::WrongVersion { got: version, limit: SNAPSHOT_VERSION });
    }
    let ledger_id = take(&mut rest)?;
    let seq = u64::from_le_bytes(take(&mut rest)?);
    let lengths = [take(&mut rest)?, take(&mut rest)?].map(u64::from_le_bytes);
    let root = take(&mut rest)?;
    let (state_hash, seal) = (take(&mut rest)?, take(&mut rest)?);
    Ok(Decoded { header: SnapshotHeader { ledger_id, seq, root }, lengths, state_hash, seal })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], SnapshotError> {
    let (first, after) = rest.split_first_chunk().ok_or(SnapshotError::NotASnapshot)?;
    *rest = after;
    Ok(*first)
}
