//! What handlers take out of a request, with refusals in our own words.

use crate::{
    app::App,
    problem::{HttpProblem, Problem},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::QueryRejection},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;

/// A whole body as text, no longer and no slower than the settings allow.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);

impl FromRequest<App> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let settings = app.settings();
        let limit = settings.body_bytes;
        let stated = header_text(request.headers(), &header::CONTENT_LENGTH);
        if stated.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > limit) {
            return Err(too_large(stated.unwrap_or_default(), limit));
        }
        let read = axum::body::to_bytes(request.into_body(), limit);
        let read = tokio::time::timeout(settings.request_time, read).await;
        let bytes: Bytes = match read {
            Err(_) => return Err(Problem::http(HttpProblem::TooSlow)),
            Ok(Err(error)) if is_too_large(&error) => {
                return Err(too_large(&format!("more than {limit}"), limit));
            }
            Ok(Err(_)) => {
                let problem = backstop_api::http::Problem::http(HttpProblem::Malformed);
                let got = "a body that broke off, or chunks that can't be told apart";
                return Err(problem.got(got).limit("a whole body").into());
            }
            Ok(Ok(bytes)) => bytes,
        };
        String::from_utf8(bytes.into()).map(Self).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            let problem = backstop_api::http::Problem::http(HttpProblem::Malformed);
            problem
                .got(format!("a byte that is no UTF-8 after {place} bytes"))
                .limit("UTF-8")
                .into()
        })
    }
}

/// Whether reading a body ended at its limit, and not because the body is broken.
fn is_too_large(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_large(got: &str, limit: usize) -> Problem {
    let problem = backstop_api::http::Problem::http(HttpProblem::BodyTooLarge);
    problem.got(got).limit(limit.to_string()).into()
}

/// Whether a body is said to be JSON as it is.
///
/// # Errors
/// 415 for everything else, and for a compressed body.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let problem = backstop_api::http::Problem::http(HttpProblem::WrongMedia);
    let kind = header_text(headers, header::CONTENT_TYPE).unwrap_or("none");
    if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case(JSON)) {
        return Err(problem.got(kind).limit(JSON).into());
    }
    match headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        None => Ok(()),
        Some(coding) => {
            let got = format!("Content-Encoding: {}", coding.to_str().unwrap_or("no text"));
            Err(problem.got(got).limit("a body that is not compressed").into())
        }
    }
}

/// The media type of JSON.
const JSON: &str = "application/json";

/// A header as text; none where it is absent or no text.
pub(crate) fn header_text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What stands behind the question mark.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let found = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        found.map(|query| Self(query.0)).map_err(|rejection: QueryRejection| {
            let query = parts.uri.query().unwrap_or_default();
            Problem::parameter(query, query, &rejection.body_text())
        })
    }
}

/// The named parts of the path.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        found.map(|path| Self(path.0)).map_err(|rejection| {
            let path = parts.uri.path();
            Problem::parameter("path", path, &rejection.body_text())
        })
    }
}
