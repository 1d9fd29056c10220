//! The index by party: which records concern whom.
//!
//! ```text
//!   touched_tail   one row for each record of the open chunk: its parties
//!   touched        closed chunks of 16,384 records, cut into blocks of about 4 KiB:
//!                  party, how many, their places in the chunk; all as differences
//! ```
//!
//! A closed chunk takes some 15 bytes for each settlement, and is written once, at the end of its table,
//! however many accounts there are. A search asks each chunk for one block.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    number::{from_sql, put_varint, take_varint, to_sql},
    party::KEY_BITS,
};

/// Records of a chunk, as a power of two.
pub(super) const CHUNK_BITS: u32 = 14;
/// Bytes of a block, about.
const BLOCK_BYTES: usize = 3_900;

/// The chunk that holds a record.
pub(super) const fn chunk_of(seq: u64) -> u64 {
    seq >> CHUNK_BITS
}

/// The first record of a chunk.
pub(super) const fn first_of(chunk: u64) -> u64 {
    chunk << CHUNK_BITS
}

/// The key of a block by its chunk and first party. Chunks fit 25 bits: 5 × 10¹¹ records.
fn block_key(chunk: u64, party: u64) -> i64 {
    to_sql(chunk << KEY_BITS | party)
}

/// Writes down whom a record concerns; `parties` are sorted and each stands once.
pub(super) fn add(connection: &Connection, seq: u64, parties: &[u64]) -> rusqlite::Result<()> {
    let mut bytes = Vec::with_capacity(parties.len().saturating_mul(6));
    put_sorted(&mut bytes, parties.iter().copied());
    let sql = "INSERT INTO touched_tail VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute((to_sql(seq), bytes))?;
    Ok(())
}

/// Turns the tail's records into the blocks of a chunk.
pub(super) fn close(connection: &Connection, chunk: u64) -> rusqlite::Result<()> {
    let mut places: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut rows =
        connection.prepare_cached("SELECT seq, parties FROM touched_tail ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let seq = from_sql(row.get(0)?);
        let place = seq.saturating_sub(first_of(chunk));
        for party in sorted(row.get_ref(1)?.as_blob()?) {
            places.entry(party).or_default().push(place);
        }
    }
    let mut insert = connection.prepare_cached("INSERT INTO touched VALUES (?1, ?2)")?;
    let mut block: Option<(u64, u64, Vec<u8>)> = None;
    for (party, places) in places {
        let (first, last, mut body) = block.take().unwrap_or((party, party, Vec::new()));
        put_varint(&mut body, party.saturating_sub(last));
        put_varint(&mut body, u64::try_from(places.len()).unwrap_or(u64::MAX));
        put_sorted(&mut body, places);
        if body.len() < BLOCK_BYTES {
            block = Some((first, party, body));
        } else {
            insert.execute((block_key(chunk, first), body))?;
        }
    }
    if let Some((first, _, body)) = block {
        insert.execute((block_key(chunk, first), body))?;
    }
    connection.execute("DELETE FROM touched_tail", [])?;
    Ok(())
}

/// Whether a chunk's records are in the tail still.
pub(super) fn is_open(connection: &Connection, chunk: u64) -> rusqlite::Result<bool> {
    let sql = "SELECT seq FROM touched_tail ORDER BY seq LIMIT 1";
    let first = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(first.is_some_and(|seq| chunk_of(from_sql(seq)) == chunk))
}

/// The records of a closed chunk that concern a party, in their order.
pub(super) fn in_chunk(
    connection: &Connection,
    chunk: u64,
    party: u64,
) -> rusqlite::Result<Vec<u64>> {
    let sql = "SELECT key, body FROM touched WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let bounds = (block_key(chunk, 0), block_key(chunk, party));
    let found = statement.query_row(bounds, |row| {
        let first = from_sql(row.get(0)?) & (1u64 << KEY_BITS).saturating_sub(1);
        Ok(in_block(first, row.get_ref(1)?.as_blob()?, party))
    });
    let places = found.optional()?.flatten().unwrap_or_default();
    Ok(places.into_iter().map(|place| first_of(chunk).saturating_add(place)).collect())
}

fn in_block(first: u64, mut body: &[u8], party: u64) -> Option<Vec<u64>> {
    let mut at = first;
    while !body.is_empty() {
        at = at.saturating_add(take_varint(&mut body)?);
        let count = take_varint(&mut body)?;
        if at > party {
            return None;
        }
        let mut last = 0;
        let mut places = Vec::new();
        for _ in 0..count {
            last = take_varint(&mut body)?.saturating_add(last);
            if at == party {
                places.push(last);
            }
        }
        if at == party {
            return Some(places);
        }
    }
    None
}

/// The records of the open chunk that concern all of `parties`, in their order.
pub(super) fn in_tail(connection: &Connection, parties: &[u64]) -> rusqlite::Result<Vec<u64>> {
    let mut found = Vec::new();
    let mut rows =
        connection.prepare_cached("SELECT seq, parties FROM touched_tail ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let blob = row.get_ref(1)?.as_blob()?;
        if parties.iter().all(|party| sorted(blob).any(|one| one == *party)) {
            found.push(from_sql(row.get(0)?));
        }
    }
    Ok(found)
}

/// Appends rising numbers as differences.
fn put_sorted(to: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    let mut last = 0;
    for number in numbers {
        put_varint(to, number.saturating_sub(last));
        last = number;
    }
}

/// The numbers of [`put_sorted`].
fn sorted(mut bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let mut last: u64 = 0;
    std::iter::from_fn(move || {
        last = take_varint(&mut bytes)?.saturating_add(last);
        Some(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_model::schema::TABLES;

    #[test]
    fn closed_chunks_answer_as_the_tail_did() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let mut naive: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut random = 7u64;
        for seq in first_of(3)..first_of(4) {
            let mut parties = vec![4 << 32, (6 << 32) | (seq & 3)];
            for _ in 0..2 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                parties.push((3 << 32) | ((random >> 40) % 50_000));
            }
            parties.sort_unstable();
            parties.dedup();
            for party in &parties {
                naive.entry(*party).or_default().push(seq);
            }
            add(&connection, seq, &parties).unwrap();
        }
        let probes: Vec<u64> = naive.keys().copied().step_by(97).collect();
        for party in &probes {
            assert_eq!(in_tail(&connection, &[*party]).unwrap(), naive[party]);
        }
        close(&connection, 3).unwrap();
        for (party, want) in &naive {
            assert_eq!(&in_chunk(&connection, 3, *party).unwrap(), want, "{party}");
        }
        for absent in [0, 1 << 32, (3 << 32) | 0xffff, (9 << 32) | 1] {
            assert_eq!(in_chunk(&connection, 3, absent).unwrap(), Vec::<u64>::new());
        }
        assert_eq!(in_chunk(&connection, 2, probes[0]).unwrap(), Vec::<u64>::new());
        assert_eq!(in_tail(&connection, &[probes[0]]).unwrap(), Vec::<u64>::new());
        let bytes: i64 = connection
            .query_row("SELECT sum(length(body)) FROM touched", [], |r| r.get(0))
            .unwrap();
        assert!(bytes < 16 * (1 << CHUNK_BITS), "{bytes}");
    }
}
