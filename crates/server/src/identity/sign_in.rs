//! Signing in with an API key, and out again.

use super::guard::{Caller, cookie, cookie_name, wall};
use crate::{
    app::App,
    extract::Text,
    pages::{Shell, page},
    problem::{HttpProblem, Problem},
};
use askama::Template;
use axum::{
    Router,
    extract::{ConnectInfo, State as Of},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::{net::SocketAddr, time::Instant};

/// The pages of signing in and out.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/sign-in", get(form).post(enter)).route("/sign-out", post(leave))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    shell: Shell,
    name: Option<String>,
    csrf: String,
    refused: bool,
}

#[derive(Deserialize)]
struct Entered {
    key: String,
}

#[derive(Deserialize)]
struct Left {
    csrf: String,
}

async fn form(Of(app): Of<App>, caller: Caller) -> Response {
    shown(&app, &caller, false)
}

fn shown(app: &App, caller: &Caller, refused: bool) -> Response {
    page(&SignIn {
        shell: Shell::new(app, "Sign in", "sign-in"),
        name: caller.csrf().and(caller.name()).map(str::to_owned),
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        refused,
    })
}

async fn enter(
    Of(app): Of<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    caller: Caller,
    Text(body): Text,
) -> Result<Response, Problem> {
    let (identity, now) = (app.identity(), Instant::now());
    if !identity.sessions.may_try(from.ip(), now) {
        return Err(Problem::http(HttpProblem::TooMany));
    }
    let entered: Entered = serde_urlencoded::from_str(&body)
        .map_err(|_| Problem::parameter("key", "nothing", "an API key"))?;
    let found = identity.db.check(entered.key.trim(), wall()).map_err(|error| {
        tracing::error!(%error, "keys can't be looked up");
        Problem::internal()
    })?;
    let Some(key) = found else {
        identity.sessions.failed(from.ip(), now);
        return Ok((StatusCode::UNAUTHORIZED, shown(&app, &caller, true)).into_response());
    };
    let opened = identity.sessions.open(&key.id, now).map_err(|_| Problem::internal())?;
    let secure = app.settings().is_secure();
    let set = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict{}",
        cookie_name(secure),
        opened.cookie,
        if secure { "; Secure" } else { "" }
    );
    tracing::info!(key = key.id, "a browser has signed in");
    Ok(see_other(&app, &set))
}

async fn leave(
    Of(app): Of<App>,
    headers: HeaderMap,
    caller: Caller,
    Text(body): Text,
) -> Result<Response, Problem> {
    let left: Option<Left> = serde_urlencoded::from_str(&body).ok();
    let proved =
        caller.csrf().zip(left).is_some_and(|(csrf, left)| super::sessions::fits(&left.csrf, csrf));
    if !proved {
        return Err(Problem::http(HttpProblem::BadCsrf));
    }
    let secure = app.settings().is_secure();
    if let Some(cookie) = cookie(&headers, secure) {
        app.identity().sessions.close(cookie);
    }
    let set = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", cookie_name(secure));
    Ok(see_other(&app, &set))
}

/// Back to the overview, with a cookie.
fn see_other(app: &App, set: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = format!("{}/", app.base());
    for (name, value) in [(header::LOCATION, to.as_str()), (header::SET_COOKIE, set)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
