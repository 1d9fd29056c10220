//! The log explorer: what was asked, when, by whom, and what it meant.

use super::{
    shell::{Page, Shell, page},
    view::View,
};
use crate::{app::App, problem::Problem};
use askama::Template;
use axum::extract::{Path, Query, State as Of};
use backstop_api::event_json;
use backstop_core::{Entry, Record, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// Records on one page.
const PAGE: u64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    before: Option<u64>,
}

#[derive(Template)]
#[template(path = "records.html")]
struct Records {
    shell: Shell,
    rows: Vec<View>,
    newer: Option<u64>,
    older: Option<u64>,
}

pub(crate) async fn list(Of(app): Of<App>, Query(asked): Query<Asked>) -> Page {
    let head = app.engine().applied_seq().get();
    let end = asked.before.unwrap_or(head).min(head);
    let begin = end.saturating_sub(PAGE);
    let mut records = read(&app, begin, end).await?;
    records.reverse();
    Ok(page(&Records {
        shell: Shell::new(&app, "Log", "records"),
        rows: records,
        newer: (end < head).then(|| end.saturating_add(PAGE).min(head)),
        older: (begin > 0).then_some(begin),
    }))
}

#[derive(Template)]
#[template(path = "record.html")]
struct One {
    shell: Shell,
    record: View,
    json: String,
}

pub(crate) async fn one(Of(app): Of<App>, Path(seq): Path<u64>) -> Page {
    let found = if seq < app.engine().applied_seq().get() {
        read(&app, seq, seq.saturating_add(1)).await?.pop()
    } else {
        None
    };
    let detail =
        || format!("there is no record {seq}; the last one is {}", app.engine().applied_seq());
    let record = found.ok_or_else(|| Problem::not_found(detail()))?;
    let json = format!("{:#}", record.0);
    Ok(page(&One { shell: Shell::new(&app, format!("Record {seq}"), "records"), record, json }))
}

/// Records of the journal from `begin` to before `end`, told with today's names.
async fn read(app: &App, begin: u64, end: u64) -> Result<Vec<View>, Problem> {
    let reader = app.clone();
    let read = tokio::task::spawn_blocking(move || {
        let journal = reader.engine().journal().map_err(|error| {
            tracing::error!(%error, "the journal can't be read");
            Problem::internal()
        })?;
        let broken = |error: String| {
            tracing::error!(error, "a record can't be read");
            Problem::internal()
        };
        let mut views = Vec::new();
        for seq in begin..end {
            let found = journal.record(seq).map_err(|error| broken(error.to_string()))?;
            let bytes = found.ok_or_else(|| broken(format!("record {seq} is missing")))?;
            let record = Record::decode(&bytes).map_err(|error| broken(error.to_string()))?;
            views.push(reader.engine().read(|state| told(state, &record)));
        }
        Ok(views)
    });
    read.await.map_err(|_| Problem::internal())?
}

/// A record as people read it.
fn told(state: &State, record: &Record) -> View {
    let events: Vec<Value> = record.events.iter().map(|event| event_json(event, state)).collect();
    let (id, actor, word, body) = match &record.entry {
        Entry::Genesis(genesis) => (None, None, "genesis", json!(genesis)),
        Entry::Command(command) => {
            (Some(command.id), Some(command.actor), command.body.word(), json!(command))
        }
    };
    View(json!({
        "seq": record.seq.to_string(), "time": record.time, "rules": record.rules,
        "id": id, "actor": actor, "command": word, "body": body, "events": events,
        "summary": events.iter().filter_map(|event| event["type"].as_str()).collect::<Vec<_>>().join(", "),
    }))
}
