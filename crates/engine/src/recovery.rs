//! From a file back to a state: the latest good snapshot, then the records after it.
//!
//! One thread reads and decodes, another applies. Each record is compared with its stored tag, so a
//! record that was changed on disk is an error here and not another balance.

use backstop_core::{Corrupt, Entry, Record, State, replay, replay_genesis, warm};
use backstop_journal::{JournalError, SqliteJournal, StoredBatch, TAG_BYTES, merkle::leaf_hash};
use backstop_units::Seq;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::{
    error::EngineError,
    rules::{check_rules, decode_record},
    snapshot::{self, Payload},
    window::IdLog,
};

/// Records that are handed over at once.
const CHUNK: usize = 1_024;
/// Chunks that may wait for the applying thread.
const CHUNKS: usize = 8;

/// A state with everything that a writer needs to go on.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) ids: IdLog,
    /// How many records the snapshot held that this began with; 0 without one.
    pub(crate) snapshot: u64,
}

impl Recovered {
    /// The state right after a genesis record.
    pub(crate) fn begin(record: &Record) -> Result<Self, Corrupt> {
        Ok(Self { state: replay_genesis(record)?, ids: IdLog::new(1), snapshot: 0 })
    }

    /// Applies the next record to a state and its id window.
    pub(crate) fn follow(
        state: &mut State,
        ids: &mut IdLog,
        record: &Record,
    ) -> Result<(), Corrupt> {
        let Entry::Command(command) = &record.entry else { return Err(Corrupt::OutOfOrder) };
        replay(state, record)?;
        ids.record(command.id, record.time, &state.meta.limits);
        Ok(())
    }
}

/// The state at the end of a journal, for reading without an engine.
///
/// # Errors
/// [`EngineError::Journal`], [`EngineError::NotBegun`], [`EngineError::Replay`], [`EngineError::NewerRules`].
pub fn load(journal: &SqliteJournal) -> Result<State, EngineError> {
    recover(journal).map(|recovered| recovered.state)
}

/// Brings a journal's state back.
pub(crate) fn recover(journal: &SqliteJournal) -> Result<Recovered, EngineError> {
    if journal.size()? == 0 {
        return Err(EngineError::NotBegun);
    }
    let start = from_snapshot(journal)?;
    start.as_ref().map_or(Ok(()), |start| check_rules(&start.state))?;
    let from = start.as_ref().map_or(0, |start| start.state.meta.next.get());
    let (send, receive) = bounded(CHUNKS);
    std::thread::scope(|scope| {
        let applying = scope.spawn(move || apply_all(start, &receive));
        let read = read_all(journal, from, &send);
        drop(send);
        let applied = applying.join().unwrap_or(Err(EngineError::Stopped));
        match (read, applied) {
            // Reading ended before the genesis was handed over: the journal was begun, and can't be read.
            (Err(error), Err(EngineError::NotBegun)) => Err(error),
            // What could not be applied explains why reading ended, not the other way round.
            (read, applied) => applied.and_then(|recovered| read.map(|()| recovered)),
        }
    })
}

/// The latest snapshot that is whole, belongs to this journal, and can be read.
fn from_snapshot(journal: &SqliteJournal) -> Result<Option<Recovered>, EngineError> {
    let Some(found) = journal.latest_snapshot()? else { return Ok(None) };
    let header = found.header;
    let fits = |payload: &Payload| {
        payload.state.meta.next.get() == header.seq
            && *payload.state.meta.ledger.bytes() == header.ledger_id
    };
    let payload = snapshot::decode(&found).filter(fits);
    let begin = |Payload { state, ids }| Recovered { state, ids, snapshot: header.seq };
    Ok(payload.map(begin))
}

/// Reads and decodes the records from `from` on; ends early when the applying thread has ended.
fn read_all(
    journal: &SqliteJournal,
    from: u64,
    send: &Sender<Vec<Record>>,
) -> Result<(), EngineError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    for batch in journal.batches_from(from) {
        for record in decoded(&batch?, from) {
            chunk.push(record?);
            if chunk.len() == CHUNK {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                if send.send(full).is_err() {
                    return Ok(());
                }
            }
        }
    }
    // If nobody receives any more, the applying thread has an error of its own.
    let _ = send.send(chunk);
    Ok(())
}

/// The records of a batch from `from` on, each compared with its tag.
pub(crate) fn decoded(
    batch: &StoredBatch,
    from: u64,
) -> impl Iterator<Item = Result<Record, EngineError>> {
    let (tags, _) = batch.tags.as_chunks::<TAG_BYTES>();
    batch.records().zip(tags).filter_map(move |(record, tag)| {
        let (seq, bytes) = match record {
            Ok(found) => found,
            Err(error) => return Some(Err(error.into())),
        };
        (seq >= from).then(|| {
            if !leaf_hash(bytes).starts_with(tag) {
                let what = "the record was changed";
                return Err(JournalError::Damaged { what, seq }.into());
            }
            let seq = Seq::new(seq);
            decode_record(seq, bytes)
        })
    })
}

fn apply_all(
    start: Option<Recovered>,
    receive: &Receiver<Vec<Record>>,
) -> Result<Recovered, EngineError> {
    let mut recovered = start;
    for chunk in receive {
        for ahead in chunk.chunks(warm::AHEAD) {
            if let Some(Recovered { state, .. }) = &recovered {
                warm::records(state, ahead);
            }
            for record in ahead {
                let applied = match &mut recovered {
                    Some(Recovered { state, ids, .. }) => Recovered::follow(state, ids, record),
                    None => Recovered::begin(record).map(|begun| recovered = Some(begun)),
                };
                applied.map_err(|corrupt| EngineError::Replay { seq: record.seq, corrupt })?;
                recovered.as_ref().map_or(Ok(()), |recovered| check_rules(&recovered.state))?;
            }
        }
    }
    recovered.ok_or(EngineError::NotBegun)
}
