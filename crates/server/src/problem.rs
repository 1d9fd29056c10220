//! Refusals on their way out: RFC 9457 for programs, a page for people.
//!
//! What is refused is decided where it happens; how it is told is decided once, in [`tell`], which knows
//! the path and what the caller reads.

use crate::{app::App, pages};
use axum::{
    extract::{Request, State as Of},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backstop_api::{Fault, http};
use backstop_core::{Corrupt, Halt, Reject};
use backstop_units::Seq;

pub(crate) use backstop_api::http::HttpProblem;

/// The media type of a refusal.
const PROBLEM_JSON: &str = "application/problem+json";
/// The header that ties an answer to lines of the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(crate) struct Problem(pub(crate) Box<http::Problem>);

impl Problem {
    pub(crate) fn http(problem: HttpProblem) -> Self {
        Self(Box::new(http::Problem::http(problem)))
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        let mut problem = http::Problem::http(HttpProblem::NotThere);
        problem.detail = what.into();
        Self(Box::new(problem))
    }

    /// Our fault; the log says more than the caller is told.
    pub(crate) fn internal() -> Self {
        Self::http(HttpProblem::Internal)
    }

    pub(crate) fn lagging(wanted: Seq, applied: Seq) -> Self {
        let problem = http::Problem::http(HttpProblem::NotReady);
        Self(Box::new(problem.got(applied.to_string()).limit(wanted.next().to_string())))
    }

    /// A record that is asked for is not there yet, of `size` that are.
    pub(crate) fn ahead(seq: Seq, size: u64) -> Self {
        let problem = http::Problem::http(HttpProblem::SeqAhead).got(seq.to_string());
        problem.limit(size.saturating_sub(1).to_string()).into()
    }

    /// A body that can't be read.
    pub(crate) fn malformed(fault: &Fault, body: &str) -> Self {
        Self(Box::new(http::Problem::malformed(fault, body)))
    }

    /// A parameter that can't be read.
    pub(crate) fn parameter(name: &str, got: &str, expected: &str) -> Self {
        Self(Box::new(http::Problem::parameter(name, got, expected)))
    }

    /// A command that a rule refuses.
    pub(crate) fn of_command(reject: &Reject) -> Self {
        Self(Box::new(http::Problem::of_command(reject)))
    }

    /// A read that asks for what is not there.
    pub(crate) fn of_read(reject: &Reject) -> Self {
        Self(Box::new(http::Problem::of_read(reject)))
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<http::Problem> for Problem {
    fn from(problem: http::Problem) -> Self {
        Self(Box::new(problem))
    }
}

/// What stops a read.
impl From<Halt> for Problem {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Reject(reject) => Self::of_read(&reject),
            Halt::Corrupt(corrupt) => corrupt.into(),
        }
    }
}

impl From<Corrupt> for Problem {
    fn from(corrupt: Corrupt) -> Self {
        tracing::error!(%corrupt, "a read met a broken state");
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives a refusal its form: a page for who reads HTML outside the API, a problem for everybody else.
pub(crate) async fn tell(Of(app): Of<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let reads_html = reads_html(request.headers()) && !path.starts_with("/v1/");
    let id = HeaderValue::from_str(&crate::commands::fresh_id(&app).to_string());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log(&path, &problem, &id);
        response = if reads_html {
            (problem.status(), pages::refused(&app, &problem)).into_response()
        } else {
            let body = problem.0.clone().on(&path).json().to_string();
            (problem.status(), [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
        };
        if let Some(seconds) = problem.0.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if problem.0.status == 401 {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
    }
    if let Ok(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// One line for a refusal: no body, no key, nothing that the caller sent but the path.
fn log(path: &str, problem: &Problem, id: &Result<HeaderValue, impl Sized>) {
    let id = id.as_ref().ok().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (code, status) = (problem.0.code, problem.0.status);
    if status == 500 {
        tracing::error!(path, code, status, request = id, "a request failed");
    } else {
        tracing::debug!(path, code, status, request = id, "a request was refused");
    }
}

fn reads_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
