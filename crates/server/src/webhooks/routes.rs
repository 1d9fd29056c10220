//! `/v1/webhooks`: what the operator does about subscriptions. The list is among the reads.

use super::{
    client::Client,
    keeper::{of, unwritten},
    sign::Secret,
    store::{Created, NewWebhook, Refusal, Subscription, SubscriptionError},
    worker::{body, message_id, send},
};
use crate::{
    app::App,
    config::Settings,
    extract::{Asked, Named, Text, is_json},
    identity::{Caller, random, wall},
    problem::{HttpProblem, Problem},
    site::ServeError,
};
use axum::{
    Json, Router,
    extract::State as Of,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, post},
};
use backstop_api::http::{self, WebhookRequest};
use backstop_units::Label;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Instant;

/// The routes that change something.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/webhooks", post(create))
        .route("/v1/webhooks/{webhook}", delete(end))
        .route("/v1/webhooks/{webhook}/test", post(test))
        .route("/v1/webhooks/{webhook}/secret", post(rotate))
        .route("/v1/webhooks/{webhook}/resume", post(resume))
}

/// Nothing stands behind the path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl From<Refusal> for Problem {
    fn from(Refusal { pointer, got, limit }: Refusal) -> Self {
        let problem = http::Problem::http(HttpProblem::WebhookRefused);
        problem.got(got).limit(limit.clone()).at(&pointer, &format!("expected {limit}")).into()
    }
}

impl From<SubscriptionError> for Problem {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::Refused(refusal) => refusal.into(),
            SubscriptionError::Db(error) => unwritten(&error),
        }
    }
}

/// Works with the file, on a thread that may wait for it.
async fn filed<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&App) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let own = app.clone();
    let done = tokio::task::spawn_blocking(move || work(&own)).await;
    done.map_err(|_| Problem::internal())?
}

fn not_there(id: &str) -> Problem {
    let id: String = id.chars().take(40).collect();
    Problem::not_found(format!("there is no subscription {id}"))
}

async fn create(
    Of(app): Of<App>,
    caller: Caller,
    Asked(Nothing {}): Asked<Nothing>,
    headers: HeaderMap,
    Text(text): Text,
) -> Result<Response, Problem> {
    caller.operates_for_sure()?;
    is_json(&headers)?;
    let request =
        WebhookRequest::parse(&text).map_err(|fault| Problem::malformed(&fault, &text))?;
    let allow_private = app.webhooks().client.allow_private;
    let records = app.engine().applied_seq().get();
    let new = NewWebhook::check(request, allow_private, records)?;
    new.target.resolve(allow_private).await.map_err(Refusal::from)?;
    let made = filed(&app, move |app| Ok(of(app).create(&new, wall())?)).await?;
    app.webhooks().touch();
    let Created { id, url, kinds, next_seq, secret } = made;
    tracing::info!(webhook = id, next_seq, "a subscription was made");
    let told = json!({
        "id": id, "url": url, "kinds": kinds, "next_seq": next_seq, "secret": secret.reveal(),
    });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

async fn end(
    Of(app): Of<App>,
    caller: Caller,
    Named(id): Named<String>,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    caller.operates_for_sure()?;
    let own = id.clone();
    let ended = filed(&app, move |app| of(app).delete(&own).map_err(|error| unwritten(&error)));
    if !ended.await? {
        return Err(not_there(&id));
    }
    app.webhooks().touch();
    tracing::info!(webhook = id, "a subscription was ended");
    Ok(StatusCode::NO_CONTENT)
}

async fn resume(
    Of(app): Of<App>,
    caller: Caller,
    Named(id): Named<String>,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    caller.operates_for_sure()?;
    let own = id.clone();
    let resumed = filed(&app, move |app| {
        let saved = app.webhooks().save(app);
        saved.and_then(|()| of(app).resume(&own)).map_err(|error| unwritten(&error))
    });
    if !resumed.await? {
        return Err(not_there(&id));
    }
    app.webhooks().touch();
    tracing::info!(webhook = id, "a subscription was resumed");
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    Of(app): Of<App>,
    caller: Caller,
    Named(id): Named<String>,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<Json<Value>, Problem> {
    caller.operates_for_sure()?;
    let own = id.clone();
    let rotated =
        filed(&app, move |app| of(app).rotate(&own, wall()).map_err(|error| unwritten(&error)));
    let rotated = rotated.await?.ok_or_else(|| not_there(&id))?;
    app.webhooks().touch();
    tracing::info!(webhook = id, "a subscription has a new secret");
    let secret = Secret::reveal(&rotated.secret);
    Ok(Json(json!({ "id": id, "secret": secret, "previous_until": rotated.previous_until })))
}

async fn test(
    Of(app): Of<App>,
    caller: Caller,
    Named(id): Named<String>,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<Json<Value>, Problem> {
    caller.operates_for_sure()?;
    let own = id.clone();
    let found =
        filed(&app, move |app| of(app).find(&own).map_err(|error| unwritten(&error))).await?;
    let found = found.ok_or_else(|| not_there(&id))?;
    Ok(Json(tried(&app.webhooks().client, &found, app.engine().ledger()).await))
}

/// Makes one delivery on trial and says how it went.
async fn tried(client: &Client, subscription: &Subscription, ledger: Label) -> Value {
    let begun = Instant::now();
    let nonce = random::<8>().map(hex::encode).unwrap_or_default();
    let id = message_id(ledger, &format!("test_{nonce}"));
    let data = json!({ "ledger": ledger, "webhook": subscription.id });
    let body = body(&json!("webhook.test"), wall(), &data);
    let sent = send(client, &mut None, subscription, (&id, body)).await;
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    json!({
        "id": id, "delivered": sent.is_ok(), "error": sent.err().map(|it| it.why), "took_ms": took,
    })
}

/// Makes one delivery on trial from outside of a service, with its settings; says how it went as the HTTP API does.
///
/// # Errors
/// [`ServeError`]: a file of certificates that can't be used, no thread left.
pub fn try_once(
    settings: &Settings,
    subscription: &Subscription,
    ledger: Label,
) -> Result<Value, ServeError> {
    let client = Client::new(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(ServeError::Threads)?;
    Ok(runtime.block_on(tried(&client, subscription, ledger)))
}
