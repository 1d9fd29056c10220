//! `POST /v1/commands`: the one way to change anything.

use crate::{app::App, problem::Problem};
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use backstop_api::{commands, event_json};
use backstop_core::Command;
use backstop_engine::{Answer, ids::uuid7};
use backstop_units::Label;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

const JSON: &str = "application/json";
const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotent-replayed";

/// What may stand behind the path.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    #[serde(default)]
    dry_run: bool,
}

/// Takes one command, or tries it.
pub(crate) async fn post(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let command = read(&app, &headers, &body)?;
    let (id, word) = (command.id, command.body.word());
    if asked.dry_run {
        let answer = try_out(&app, command).await?;
        let told = tell(&app, &answer, (id, word), true);
        return Ok(Json(told).into_response());
    }
    let receipt = send(&app, command).await?;
    app.wait_for(receipt.seq).await?;
    let mut response = Json(tell(&app, &receipt, (id, word), false)).into_response();
    if receipt.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn read(app: &App, headers: &HeaderMap, body: &Bytes) -> Result<Command, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.split(';').next().is_none_or(|kind| kind.trim() != JSON)) {
        let detail =
            format!("the body is {}, expected {JSON}", kind.unwrap_or("of no stated type"));
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", detail));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {}", error.valid_up_to());
        Problem::new(StatusCode::BAD_REQUEST, "MALFORMED", detail)
    })?;
    let key = headers.get(KEY).map(|key| {
        let label = key.to_str().ok().and_then(|key| Label::parse(key).ok());
        label.ok_or_else(|| {
            let detail = "`Idempotency-Key` is no label: it must equal the command's `id`";
            Problem::new(StatusCode::BAD_REQUEST, "IDEMPOTENCY_KEY", detail)
        })
    });
    let key = key.transpose()?;
    let made = key.unwrap_or_else(|| fresh_id(app));
    let mut list = commands(text, |_| made).map_err(|fault| Problem::fault(&fault))?;
    let (Some(command), true) = (list.pop(), list.is_empty()) else {
        let detail = "the body holds no command or several; several that belong together are one `linked` command";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "MALFORMED", detail));
    };
    match key {
        Some(key) if key != command.id => {
            let detail = format!(
                "`Idempotency-Key` is {key}, the command's `id` is {}: make them equal",
                command.id
            );
            Err(Problem::new(StatusCode::BAD_REQUEST, "IDEMPOTENCY_KEY", detail).at("/id"))
        }
        _ => Ok(command),
    }
}

/// An id for a command that came without one: such a command can't be told from a second one like it.
pub(crate) fn fresh_id(app: &App) -> Label {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let random = std::collections::hash_map::RandomState::new();
    let noise = std::hash::BuildHasher::hash_one(&random, COUNTER.fetch_add(1, Ordering::Relaxed));
    uuid7(app.engine().now(), noise)
}

/// Sends a command; the answer comes once it is durable.
///
/// # Errors
/// The reject as a problem.
pub(crate) async fn send(app: &App, command: Command) -> Result<backstop_engine::Receipt, Problem> {
    let (to, answer) = tokio::sync::oneshot::channel::<Answer>();
    // A caller who has gone misses the answer; what is recorded stays.
    app.engine().submit_then(command, move |answer| drop(to.send(answer)))?;
    match answer.await {
        Ok(answer) => Ok(answer?),
        Err(_) => {
            Err(Problem::from(backstop_core::Reject::bare(backstop_core::RejectCode::Stopped)))
        }
    }
}

/// Answers as a command would be answered now.
///
/// # Errors
/// The reject as a problem.
pub(crate) async fn try_out(
    app: &App,
    command: Command,
) -> Result<backstop_engine::Receipt, Problem> {
    let app = app.clone();
    let tried = tokio::task::spawn_blocking(move || app.engine().dry_run(&command)).await;
    Ok(tried.map_err(|_| Problem::internal())??)
}

fn tell(
    app: &App,
    receipt: &backstop_engine::Receipt,
    (id, word): (Label, &str),
    dry_run: bool,
) -> Value {
    let events: Vec<Value> = app
        .engine()
        .read(|state| receipt.events.iter().map(|event| event_json(event, state)).collect());
    json!({
        "id": id, "command": word, "seq": receipt.seq, "time": receipt.time,
        "replayed": receipt.replayed, "dry_run": dry_run, "events": events,
    })
}
