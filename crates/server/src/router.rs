//! Which address leads where, and what holds for every answer.

use crate::{
    app::App,
    approvals, assets, commands, health, identity, limits, live, metrics, pages,
    problem::{self, HttpProblem, Problem},
    reads, webhooks,
};
use axum::{
    Router,
    extract::{Request, State as Of},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};

/// What a browser may do with our pages: nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The addresses of one ledger.
pub(crate) fn ledger(app: &App) -> Router {
    let api = Router::new()
        .route("/v1/commands", post(commands::post))
        .route("/v1/events", get(live::get));
    let health = Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::get));
    api.merge(health)
        .merge(reads::routes_of_reads())
        .merge(pages::routes())
        .merge(identity::routes())
        .merge(approvals::routes())
        .merge(webhooks::routes())
        .fallback(async || Problem::http(HttpProblem::NoRoute))
        .method_not_allowed_fallback(async || Problem::http(HttpProblem::WrongMethod))
        .layer(middleware::from_fn_with_state(app.clone(), in_time))
        .layer(middleware::from_fn_with_state(app.clone(), identity::guard))
        .layer(middleware::from_fn_with_state(app.clone(), limits::admit))
        .layer(middleware::from_fn_with_state(app.clone(), problem::tell))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::measure))
        .with_state(app.clone())
}

/// All ledgers, with what holds for every answer.
pub(crate) fn site(apps: &[App]) -> Router {
    let mut router = Router::new().route("/assets/{name}", get(assets::get));
    for app in apps {
        router = match app.base() {
            "" => router.merge(ledger(app)),
            base => {
                let home = base.to_owned();
                let slash = format!("{base}/");
                let home = get(async move || Redirect::permanent(&home));
                router.nest(base, ledger(app)).route(&slash, home)
            }
        };
    }
    router.layer(middleware::from_fn(harden))
}

/// Cuts off what takes longer than a request may. Streams have answered by then: only their head counts.
async fn in_time(Of(app): Of<App>, request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(app.settings().request_time, next.run(request)).await;
    answered.unwrap_or_else(|_| Problem::http(HttpProblem::TooBusy).into_response())
}

/// Headers that every answer has.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}
