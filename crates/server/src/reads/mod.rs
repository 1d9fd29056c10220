//! `GET /v1/…`: JSON out of what the follower has applied and what the read model keeps of the past.
//!
//! ```text
//!  request ─▶ params.rs ─▶ tied.rs ────────▶ a view of `api` ─▶ envelope
//!             the table's   min_seq, at_seq   state.rs, lending.rs, history.rs, log.rs
//! ```
//!
//! What a route is called, takes and answers stands in `backstop_api::http::routes`; here stands only what
//! answers it. A test compares the two.

mod history;
mod lending;
mod log;
mod page;
pub(crate) mod params;
mod state;
mod tied;
mod webhooks;

pub(crate) use log::closing_of;

use crate::{app::App, identity::Caller, problem::Problem};
use axum::{
    Router,
    extract::{RawPathParams, State as Of, rejection::RawPathParamsRejection},
    http::Uri,
    response::Response,
    routing::get,
};
use backstop_api::http::{Method, Route, Who, routes};
use backstop_core::State;
use backstop_units::Timestamp;
use page::Listed;
use params::Params;
use serde_json::Value;

/// What answers a route.
#[derive(Clone, Copy)]
enum Handler {
    /// One view of a state.
    One(fn(&State, Timestamp, &Params) -> Result<Value, Problem>),
    /// A page of views of a state.
    List(fn(&State, Timestamp, &Params) -> Result<Listed, Problem>),
    /// What the past holds: the journal or the read model, on a thread that may wait for files.
    Past(fn(&App, &Params) -> Result<Listed, Problem>),
    /// An answer of a form of its own, on such a thread.
    Own(fn(&App, &Params) -> Result<Response, Problem>),
}

/// Which handler answers which operation.
const HANDLERS: &[&[(&str, Handler)]] =
    &[state::HANDLERS, lending::HANDLERS, history::HANDLERS, log::HANDLERS, webhooks::HANDLERS];

fn handler(id: &str) -> Option<Handler> {
    let mut all = HANDLERS.iter().copied().flatten();
    all.find(|(name, _)| *name == id).map(|(_, handler)| *handler)
}

/// Every read of the table that is answered here.
pub(crate) fn routes_of_reads() -> Router<App> {
    let mut router = Router::new();
    for route in routes().filter(|route| route.method == Method::Get) {
        if let Some(handler) = handler(route.id) {
            let answer = move |Of(app): Of<App>, caller: Caller, path: Path, uri: Uri| {
                respond(app, caller, (route, handler), (path, uri))
            };
            router = router.route(route.path, get(answer));
        }
    }
    router
}

/// The named parts of the path; a refusal where their bytes are no text.
type Path = Result<RawPathParams, RawPathParamsRejection>;

async fn respond(
    app: App,
    caller: Caller,
    (route, handler): (&'static Route, Handler),
    (path, uri): (Path, Uri),
) -> Result<Response, Problem> {
    if route.who == Who::Operator {
        caller.operates()?;
    }
    let path = path.map_err(|rejection| {
        Problem::parameter("path", uri.path(), &rejection.body_text().replace('`', ""))
    })?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let params = Params::read(route, path, uri.query().unwrap_or_default())?;
    tied::after(&app, &params).await?;
    match handler {
        Handler::One(view) => {
            let (data, seen) = tied::look(&app, params, view).await?;
            Ok(page::one(&data, seen))
        }
        Handler::List(view) => {
            let (listed, seen) = tied::look(&app, params, view).await?;
            Ok(page::list(listed, seen))
        }
        Handler::Past(read) => {
            let seen = tied::seen(&app);
            let listed = tied::blocking(&app, params, read).await?;
            Ok(page::list(listed, seen))
        }
        Handler::Own(read) => tied::blocking(&app, params, read).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Operations that other parts of the service answer.
    const ELSEWHERE: &[&str] = &[
        "send_command",
        "stream_events",
        "get_liveness",
        "get_readiness",
        "get_metrics",
        "create_webhook",
        "delete_webhook",
        "test_webhook",
        "rotate_webhook_secret",
        "resume_webhook",
    ];

    #[test]
    fn every_route_is_answered_and_nothing_else() {
        let declared: BTreeSet<&str> = routes().map(|route| route.id).collect();
        let here = HANDLERS.iter().copied().flatten().map(|(id, _)| *id);
        let answered: Vec<&str> = here.chain(ELSEWHERE.iter().copied()).collect();
        assert_eq!(answered.iter().copied().collect::<BTreeSet<_>>(), declared);
        assert_eq!(answered.len(), declared.len(), "an operation has two handlers");
    }
}
