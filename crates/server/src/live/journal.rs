//! What a reader missed, from the journal.

use super::{
    encode::{FULL_MAX, Frame, frame},
    filter::{Kinds, View},
};
use crate::{app::App, problem::Problem};
use backstop_core::Record;

/// The frame that begins at `from` and ends before `until`, or earlier.
///
/// # Errors
/// Our fault, or the disk's.
pub(crate) async fn missed(
    app: &App,
    view: &View,
    from: u64,
    until: u64,
) -> Result<Option<Frame>, Problem> {
    let (app, view) = (app.clone(), view.clone());
    let at_once = u64::try_from(FULL_MAX).unwrap_or(u64::MAX);
    let until = until.min(from.saturating_add(at_once));
    let read = move || {
        let records = records(&app, from, until).map_err(|error| {
            tracing::error!(error, "the journal can't be read");
            Problem::internal()
        })?;
        let records: Vec<&Record> = records.iter().collect();
        Ok(app.engine().read(|state| frame(&view, &records, state)))
    };
    tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?
}

/// Records that one search hands over, at most.
const FOUND_MAX: usize = 32;
/// Bytes of records that one search hands over; a record past them is the last one.
const FOUND_BYTES: usize = 1 << 20;
/// Records that one search looks at.
const LOOKED_MAX: u64 = 1 << 16;

/// Records of these kinds from `from` on and before `until`, in order, and the first record that was not looked at.
///
/// # Errors
/// What the journal says.
pub(crate) fn of_kinds(
    app: &App,
    kinds: &Kinds,
    from: u64,
    until: u64,
) -> Result<(Vec<Record>, u64), String> {
    let until = until.min(from.saturating_add(LOOKED_MAX));
    let journal = app.engine().journal().map_err(|error| error.to_string())?;
    let (mut found, mut bytes_found) = (Vec::new(), 0usize);
    for batch in journal.batches_from(from) {
        let batch = batch.map_err(|error| error.to_string())?;
        for record in batch.records() {
            let (seq, bytes) = record.map_err(|error| error.to_string())?;
            let full = found.len() >= FOUND_MAX || bytes_found >= FOUND_BYTES;
            if seq >= until || full {
                return Ok((found, seq));
            }
            if seq < from {
                continue;
            }
            let record = Record::decode(bytes).map_err(|error| error.to_string())?;
            if kinds.hold(&record) {
                bytes_found = bytes_found.saturating_add(bytes.len());
                found.push(record);
            }
        }
    }
    Ok((found, until))
}

fn records(app: &App, from: u64, until: u64) -> Result<Vec<Record>, String> {
    let journal = app.engine().journal().map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    for batch in journal.batches_from(from) {
        let batch = batch.map_err(|error| error.to_string())?;
        for record in batch.records() {
            let (seq, bytes) = record.map_err(|error| error.to_string())?;
            if seq >= until {
                return Ok(records);
            }
            if seq >= from {
                records.push(Record::decode(bytes).map_err(|error| error.to_string())?);
            }
        }
    }
    Ok(records)
}
