//! `POST /v1/commands`: the one way to change anything.

use crate::{
    app::App,
    extract::{Text, is_json},
    identity::Caller,
    problem::{HttpProblem, Problem},
    reads::params::Params,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri},
    response::{IntoResponse, Response},
};
use backstop_api::{command, event_json, http};
use backstop_core::{Command, Reject, RejectCode, State as Ledger};
use backstop_engine::{Answer, Receipt, ids::uuid7};
use backstop_units::Label;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotent-replayed";

/// Takes one command, or tries it.
pub(crate) async fn post(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Text(body): Text,
) -> Result<Response, Problem> {
    let is_dry = Params::of("send_command", &uri)?.text("dry_run") == Some("true");
    let command = read(&app, &headers, &body)?;
    caller.sends_as(command.actor)?;
    let (id, word) = (command.id, command.body.word());
    if is_dry {
        let told =
            rehearse(&app, command, move |state, receipt| tell(state, &receipt, (id, word), true));
        return Ok(Json(told.await?).into_response());
    }
    let receipt = send(&app, command).await?;
    let told = app.engine().read(|state| tell(state, &receipt, (id, word), false));
    let mut response = Json(told).into_response();
    if receipt.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn read(app: &App, headers: &HeaderMap, body: &str) -> Result<Command, Problem> {
    is_json(headers)?;
    let key = headers.get(KEY).map(|key| {
        let label = key.to_str().ok().and_then(|key| Label::parse(key).ok());
        label.ok_or_else(|| {
            let problem = http::Problem::http(HttpProblem::BadHeader);
            Problem::from(problem.got(KEY).limit("the command's id, which is a label"))
        })
    });
    let key = key.transpose()?;
    let made = key.unwrap_or_else(|| fresh_id(app));
    let read = command(body, Some(made));
    let command = read.map_err(|fault| Problem::malformed(&fault, body))?;
    match key {
        Some(key) if key != command.id => {
            let problem = http::Problem::http(HttpProblem::KeyDiffers);
            let problem = problem.got(key.to_string()).limit(command.id.to_string());
            Err(problem.at("/id", "differs from `Idempotency-Key`").into())
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

/// Sends a command; the answer comes once it is durable and reads see it.
///
/// # Errors
/// The reject as a problem; 503 when the service ends before reads see what is recorded.
pub(crate) async fn send(app: &App, command: Command) -> Result<Receipt, Problem> {
    let (to, answer) = oneshot::channel::<(Answer, bool)>();
    let refused = |reject: Reject| Problem::of_command(&reject);
    // A caller who has gone misses the answer; what is recorded stays.
    let then = move |answer, seen| drop(to.send((answer, seen)));
    app.engine().submit_until_read(command, then).map_err(refused)?;
    // Without an answer the writer ended with the command in its hands.
    let stopped = || (Err(Reject::bare(RejectCode::Stopped)), false);
    let (answer, seen) = answer.await.unwrap_or_else(|_| stopped());
    let receipt = answer.map_err(refused)?;
    if !seen {
        return Err(Problem::lagging(receipt.seq, app.engine().applied_seq()));
    }
    Ok(receipt)
}

/// What a command would be answered now, and what `look` sees of the state as it would be then.
///
/// # Errors
/// The reject as a problem.
pub(crate) async fn rehearse<T: Send + 'static>(
    app: &App,
    command: Command,
    look: impl FnOnce(&Ledger, Receipt) -> T + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    let tried = tokio::task::spawn_blocking(move || app.engine().rehearse(&command, look)).await;
    tried.map_err(|_| Problem::internal())?.map_err(|reject| Problem::of_command(&reject))
}

fn tell(state: &Ledger, receipt: &Receipt, (id, word): (Label, &str), dry_run: bool) -> Value {
    let events: Vec<Value> = receipt.events.iter().map(|event| event_json(event, state)).collect();
    json!({
        "id": id, "command": word, "seq": receipt.seq, "time": receipt.time,
        "replayed": receipt.replayed, "dry_run": dry_run, "events": events,
    })
}
