//! `/livez` and `/readyz`: whether the process runs, and whether it can be sent commands.

use crate::app::App;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use backstop_engine::ReadModel;
use serde_json::json;

/// The process runs.
pub(crate) async fn live(State(app): State<App>) -> Response {
    Json(json!({ "status": "ok", "uptime_seconds": app.uptime().as_secs() })).into_response()
}

/// Commands are taken and reads are up to date.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let status = app.engine().status();
    let lag = status.head.size.saturating_sub(status.applied);
    let history = app.engine().read_model().map(ReadModel::status);
    let room = status.journal_bytes_left.is_none_or(|left| left > 0);
    let checks = [
        ("writer", !status.stopped),
        ("clock", !status.clock_jumped),
        ("journal_room", room),
        ("follower", lag <= LAG_MAX),
        ("read_model", history.as_ref().is_none_or(|history| history.failure.is_none())),
    ];
    let ready = checks.iter().all(|(_, fine)| *fine);
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let words: serde_json::Map<_, _> = checks
        .iter()
        .map(|(name, fine)| ((*name).to_owned(), json!(if *fine { "ok" } else { "failed" })))
        .collect();
    let body = json!({
        "status": if ready { "ok" } else { "failed" }, "checks": words,
        "journal_seq": status.head.size, "applied_seq": status.applied, "lag": lag,
        "read_model_seq": history.as_ref().map(|history| history.applied),
    });
    (code, Json(body)).into_response()
}

/// Records by which reads may be behind and still count as up to date.
const LAG_MAX: u64 = 100_000;
