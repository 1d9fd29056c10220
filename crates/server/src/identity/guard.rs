//! Every request: whose it is, and whether it may pass.

use super::{
    key::Role,
    sessions::fits,
    store::{ApiKey, ServerDbError},
};
use crate::{
    app::App,
    config::{Commands, Reads},
    extract::header_text,
    problem::{HttpProblem, Problem},
};
use axum::{
    extract::{FromRequestParts, Request, State as Of},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backstop_api::http::{self, Who, routes};
use backstop_units::{Label, Timestamp};
use std::{
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The header that carries a session's token.
const TOKEN: &str = "x-csrf-token";

/// Whoever sent a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    key: Option<Arc<ApiKey>>,
    /// The token of the session that the request came with.
    csrf: Option<String>,
    /// Whether the token came with it.
    proved: bool,
    /// Whether commands need no key here.
    open: bool,
}

impl Caller {
    /// Whether it may send a command as an account.
    ///
    /// # Errors
    /// 401 without a key, 403 for another role or account, or a browser without its session's token.
    pub(crate) fn sends_as(&self, actor: Label) -> Result<(), Problem> {
        let Some(key) = &self.key else {
            return if self.open { Ok(()) } else { Err(Problem::http(HttpProblem::NoKey)) };
        };
        self.proves()?;
        if key.role < Role::Sender {
            return Err(role_needed(key.role, "sender or operator"));
        }
        if key.sends_as(actor) {
            return Ok(());
        }
        let bound: Vec<String> = key.accounts.iter().map(ToString::to_string).collect();
        let problem = http::Problem::http(HttpProblem::ActorNotBound).got(actor.to_string());
        Err(problem.limit(bound.join(", ")).into())
    }

    /// Whether it may do what the operator does beside the ledger, and not by a cookie alone.
    ///
    /// # Errors
    /// As [`Self::operates`], and 403 for a browser without its session's token.
    pub(crate) fn operates_for_sure(&self) -> Result<(), Problem> {
        self.proves()?;
        self.operates()
    }

    /// Whether it may see what the operator sees.
    ///
    /// # Errors
    /// 401 without a key, 403 for another role.
    pub(crate) fn operates(&self) -> Result<(), Problem> {
        match &self.key {
            Some(key) if key.role == Role::Operator => Ok(()),
            Some(key) => Err(role_needed(key.role, "operator")),
            None if self.open => Ok(()),
            None => Err(Problem::http(HttpProblem::NoKey)),
        }
    }

    /// The same caller with the token that came in a form's field.
    pub(crate) fn proving(&self, token: Option<&str>) -> Self {
        let fitting = self.csrf.as_deref().zip(token);
        let proved = self.proved || fitting.is_some_and(|(csrf, token)| fits(token, csrf));
        Self { proved, ..self.clone() }
    }

    /// A browser's request that changes something has to carry the session's token.
    fn proves(&self) -> Result<(), Problem> {
        if self.csrf.is_none() || self.proved {
            return Ok(());
        }
        Err(Problem::http(HttpProblem::BadCsrf))
    }

    /// The session's token, for forms; none without a session.
    pub(crate) fn csrf(&self) -> Option<&str> {
        self.csrf.as_deref()
    }

    /// What people know the key by.
    pub(crate) fn name(&self) -> Option<&str> {
        self.key.as_deref().map(|key| key.name.as_str())
    }
}

fn role_needed(got: Role, limit: &str) -> Problem {
    http::Problem::http(HttpProblem::RoleNeeded).got(got.word()).limit(limit).into()
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The clock on the wall: keys and sessions end by it, whatever time a ledger tells.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The cookie's name; browsers send one with the prefix over TLS only.
pub(super) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-backstop_session" } else { "backstop_session" }
}

/// The value of the session's cookie.
pub(super) fn cookie(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = cookie_name(secure);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Finds out who is asking, and stops who may not read.
pub(crate) async fn guard(Of(app): Of<App>, mut request: Request, next: Next) -> Response {
    let caller = match identify(&app, request.headers()) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let needs_key = app.settings().reads == Reads::Key && !is_for_anyone(request.uri().path());
    if needs_key && caller.key.is_none() {
        return Problem::http(HttpProblem::NoKey).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// What everybody may see, even where reads need a key.
fn is_for_anyone(path: &str) -> bool {
    let declared = |path: &str| routes().any(|it| it.who == Who::Anyone && it.path == path);
    matches!(path, "/sign-in" | "/sign-out" | "/docs/problems" | "/docs/api") || declared(path)
}

fn identify(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let (identity, settings) = (app.identity(), app.settings());
    let open = settings.commands == Commands::Open && is_same_origin(headers);
    let broken = |error: ServerDbError| {
        tracing::error!(%error, "keys can't be looked up");
        Problem::internal()
    };
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let refused = || Problem::http(HttpProblem::KeyRefused);
        let text = given.to_str().map_err(|_| refused())?;
        let text = text.strip_prefix("Bearer ").ok_or_else(refused)?;
        let key = identity.db.check(text.trim(), wall()).map_err(broken)?.ok_or_else(refused)?;
        return Ok(Caller { key: Some(key), csrf: None, proved: false, open });
    }
    let anybody = Caller { open, ..Caller::default() };
    let Some(cookie) = cookie(headers, settings.is_secure()) else { return Ok(anybody) };
    let Some((id, csrf)) = identity.sessions.find(cookie, Instant::now()) else {
        return Ok(anybody);
    };
    let Some(key) = identity.db.find(&id, wall()).map_err(broken)? else { return Ok(anybody) };
    let proved = header_text(headers, TOKEN).is_some_and(|token| fits(token, &csrf));
    Ok(Caller { key: Some(key), csrf: Some(csrf), proved, open })
}

/// Whether a browser says that the page which asks is one of ours. Programs say nothing.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let host = header_text(headers, header::HOST);
    let origin = header_text(headers, header::ORIGIN);
    let of = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned());
    origin.is_none_or(|origin| of(origin).as_deref() == host)
}
