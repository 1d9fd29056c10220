//! Refusals as RFC 9457: `application/problem+json` with a stable code.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use backstop_api::{Fault, problem};
use backstop_core::{Halt, Reject, RejectCode};
use backstop_units::Seq;
use serde_json::{Value, json};

/// Why a request was not served.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// `title`, `code`, `detail` and what else the kind has.
    pub(crate) body: Value,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("refused");
        let body = json!({ "code": code, "title": title, "detail": detail.into() });
        Self { status, body, retry_after: None }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", what)
    }

    /// Our fault; nothing of the cause is told.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the service failed; its log says more",
        )
    }

    pub(crate) fn lagging(wanted: Seq, applied: Seq) -> Self {
        let detail = format!("reads see {applied} records, not yet record {wanted}: try again");
        let mut lagging = Self::new(StatusCode::SERVICE_UNAVAILABLE, "LAGGING", detail);
        lagging.retry_after = Some(1);
        lagging
    }

    pub(crate) fn fault(fault: &Fault) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "MALFORMED", fault.to_string());
        if let Some(fields) = problem.body.as_object_mut() {
            fields.insert("got".into(), json!(fault.got));
            fields.insert("limit".into(), json!(fault.expected));
            fields.insert("hint".into(), json!(fault.hint));
            fields.insert("line".into(), json!(fault.place.line));
            fields.insert("column".into(), json!(fault.place.column));
        }
        problem
    }

    /// With the place in the request's body that it is about.
    pub(crate) fn at(mut self, pointer: &str) -> Self {
        if let Some(fields) = self.body.as_object_mut() {
            let detail = fields.get("detail").cloned();
            fields.insert("errors".into(), json!([{ "pointer": pointer, "detail": detail }]));
        }
        self
    }
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        let status = match reject.code {
            RejectCode::QueueFull => StatusCode::TOO_MANY_REQUESTS,
            RejectCode::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut body = problem(&reject);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("detail".into(), json!(reject.to_string()));
        }
        Self { status, body, retry_after: None }
    }
}

impl From<Halt> for Problem {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Reject(reject) => reject.into(),
            Halt::Corrupt(corrupt) => {
                tracing::error!(%corrupt, "a read met a broken state");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        if let Some(fields) = self.body.as_object_mut() {
            fields.insert("status".into(), json!(self.status.as_u16()));
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, self.body.to_string()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
