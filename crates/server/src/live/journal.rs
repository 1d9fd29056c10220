//! What a reader missed, from the journal.

use super::{
    encode::{FULL_MAX, Frame, frame},
    filter::View,
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
