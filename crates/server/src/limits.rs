//! How many requests one caller may make in a second.

use crate::{
    app::App,
    extract::header_text,
    problem::{HttpProblem, Problem},
};
use axum::{
    extract::{ConnectInfo, Request, State as Of},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Requests of this second, by caller. A new second begins with an empty table, so it holds no more callers
/// than there were requests in one second.
#[derive(Debug)]
pub(crate) struct Seconds {
    started: Instant,
    counts: Mutex<(u64, HashMap<u64, u32>)>,
}

impl Default for Seconds {
    fn default() -> Self {
        Self { started: Instant::now(), counts: Mutex::default() }
    }
}

impl Seconds {
    /// How many whole seconds it has counted.
    fn now(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Counts one request of a second; whether it is within the limit.
    fn admit(&self, second: u64, caller: u64, limit: u32) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != second {
            *counts = (second, HashMap::new());
        }
        let count = counts.1.entry(caller).or_default();
        *count = count.saturating_add(1);
        *count <= limit
    }
}

/// Refuses what is past the limit, before anything else is done for it. Whether the process lives is always told.
pub(crate) async fn admit(Of(app): Of<App>, request: Request, next: Next) -> Response {
    let limit = app.settings().requests_per_second;
    let asks_for_health = matches!(request.uri().path(), "/livez" | "/readyz");
    let seconds = app.seconds();
    let is_admitted =
        limit == 0 || asks_for_health || seconds.admit(seconds.now(), caller(&request), limit);
    if is_admitted {
        return next.run(request).await;
    }
    let problem = backstop_api::http::Problem::http(HttpProblem::TooMany);
    Problem::from(problem.limit(format!("{limit} requests a second"))).into_response()
}

/// Who asks: the holder of a key, or else an address.
fn caller(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    match header_text(request.headers(), header::AUTHORIZATION) {
        Some(key) => key.hash(&mut hasher),
        None => request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|from| from.0.ip())
            .hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_limit_of_its_own() {
        let seconds = Seconds::default();
        for second in [0, 1, 7] {
            let admitted: Vec<bool> = (0..6).map(|_| seconds.admit(second, 1, 4)).collect();
            assert_eq!(admitted, [true, true, true, true, false, false], "second {second}");
            assert!(seconds.admit(second, 2, 4), "another caller in second {second}");
            assert!(!seconds.admit(second, 3, 0));
        }
    }
}
