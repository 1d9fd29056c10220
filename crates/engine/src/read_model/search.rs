//! Finds records by the parties they concern: chunk by chunk from the end that is asked for, until enough
//! are found.

use rusqlite::Connection;

use super::touched;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    /// Records that concern all of these; without any, all records.
    pub(super) parties: &'a [u64],
    /// From this record on.
    pub(super) low: u64,
    /// Before this one.
    pub(super) high: u64,
    /// Oldest first.
    pub(super) rising: bool,
    /// How many.
    pub(super) wanted: usize,
}

/// The records, in the order that is asked for.
pub(super) fn run(connection: &Connection, search: &Search<'_>) -> rusqlite::Result<Vec<u64>> {
    let Search { parties, low, high, rising, wanted } = *search;
    if parties.is_empty() {
        let range = low..high;
        return Ok(if rising {
            range.take(wanted).collect()
        } else {
            range.rev().take(wanted).collect()
        });
    }
    let mut found = Vec::new();
    let Some(last) = high.checked_sub(1).filter(|last| *last >= low) else { return Ok(found) };
    let (first, last) = (touched::chunk_of(low), touched::chunk_of(last));
    let mut chunks = first..last.saturating_add(1);
    while found.len() < wanted {
        let Some(chunk) = (if rising { chunks.next() } else { chunks.next_back() }) else { break };
        let mut some = in_chunk(connection, chunk, parties)?;
        some.retain(|seq| (low..high).contains(seq));
        if !rising {
            some.reverse();
        }
        found.extend(some);
    }
    found.truncate(wanted);
    Ok(found)
}

/// The records of one chunk that concern all parties. Only the open chunk has records in the tail.
fn in_chunk(connection: &Connection, chunk: u64, parties: &[u64]) -> rusqlite::Result<Vec<u64>> {
    if touched::is_open(connection, chunk)? {
        return touched::in_tail(connection, parties);
    }
    let mut common: Option<Vec<u64>> = None;
    for party in parties {
        let some = touched::in_chunk(connection, chunk, *party)?;
        common = Some(match common {
            None => some,
            Some(known) => {
                known.into_iter().filter(|seq| some.binary_search(seq).is_ok()).collect()
            }
        });
        if common.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
    }
    Ok(common.unwrap_or_default())
}
