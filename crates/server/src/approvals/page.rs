//! The page of what waits for signatures.

use super::drafts::{Draft, Drafts, pasted};
use crate::{
    app::App,
    commands::{fresh_id, rehearse, send},
    extract::{Asked, Named, Text},
    identity::Caller,
    pages::{Page, Shell, View, page},
    problem::{HttpProblem, Problem},
};
use askama::Template;
use axum::{
    Router,
    extract::State as Of,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use backstop_api::{command_body, event_json, http, named};
use backstop_core::{
    Body, Command, State,
    command::{Approvals, Approve, Execute, Signature},
    governance::{
        approval_bytes,
        authority::{Authority, authority},
    },
    policy::{PoolSigner, PublicKey},
    state::Proposal,
};
use backstop_units::{Label, ProposalId, Timestamp};
use rusqlite::Connection;
use serde_json::json;

/// How long a draft's signatures are good for, if nobody says otherwise.
const GOOD_FOR_MS: u64 = 7 * 86_400_000;

/// What waits for signatures, and what is done to it.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/approvals", get(list))
        .route("/approvals/drafts", post(add))
        .route("/approvals/drafts/{id}", get(one).post(sign))
        .route("/approvals/drafts/{id}/send", post(carry_out))
        .route("/approvals/proposals/{id}", post(approve))
        .route("/approvals/proposals/{id}/execute", post(execute))
}

/// Whose signature is asked for, and whether it is there.
struct Signer {
    whose: String,
    key: String,
    signed: bool,
}

/// A proposal of the ledger.
struct Waiting {
    proposal: View,
    id: String,
    body: String,
    bytes: String,
    sign: String,
    signers: Vec<Signer>,
    needed: u8,
    is_ready: bool,
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct List {
    shell: Shell,
    waiting: Vec<Waiting>,
    drafts: Vec<Draft>,
    csrf: String,
    body: String,
    actor: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    body: Option<String>,
    actor: Option<String>,
}

async fn list(Of(app): Of<App>, caller: Caller, Asked(filled): Asked<Filled>) -> Page {
    let ledger = app.engine().ledger();
    let waiting = app.look(move |state, now| proposals(state, ledger, now)).await?;
    let drafts = stored(&app, Drafts::open).await?;
    Ok(page(&List {
        shell: Shell::new(&app, "Approvals", "approvals"),
        waiting,
        drafts,
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        body: filled.body.unwrap_or_default(),
        actor: filled.actor.unwrap_or_else(|| "operator".to_owned()),
    }))
}

fn proposals(state: &State, ledger: Label, now: Timestamp) -> Vec<Waiting> {
    let open = state.proposals.iter().filter(|(_, item)| !item.closed && now < item.expires_at);
    open.map(|(id, item)| waiting(state, ledger, (id, item), now)).collect()
}

fn waiting(
    state: &State,
    ledger: Label,
    (id, item): (ProposalId, &Proposal),
    now: Timestamp,
) -> Waiting {
    let bytes = approval_bytes(ledger, item.nonce, item.expires_at, &item.digest);
    let by = state.accounts.get(item.by).map(|account| account.label);
    let body = named(json!(item.body), state);
    Waiting {
        id: id.to_string(),
        proposal: View(json!({
            "by": by, "nonce": item.nonce, "expires_at": item.expires_at, "digest": item.digest,
            "ready_at": item.ready_at, "command": item.body.word(),
        })),
        body: format!("{body:#}"),
        bytes: hex::encode(bytes),
        sign: sign_line(ledger, item.nonce, item.expires_at),
        signers: council(state, &item.keys),
        needed: state.council.threshold,
        is_ready: item.ready_at.is_some_and(|ready| now >= ready),
    }
}

fn council(state: &State, signed: &[PublicKey]) -> Vec<Signer> {
    let member = |(at, key): (usize, &PublicKey)| Signer {
        whose: format!("council member {}", at.saturating_add(1)),
        key: hex::encode(key.0),
        signed: signed.contains(key),
    };
    state.council.keys.iter().enumerate().map(member).collect()
}

/// What a signer runs on a machine of his own, with the body in `body.json`.
fn sign_line(ledger: Label, nonce: u64, expires_at: Timestamp) -> String {
    format!(
        "backstop --json keys sign --key KEYFILE --ledger {ledger} --nonce {nonce} --expires {expires_at} body.json"
    )
}

/// Works on the drafts, off the threads that serve requests.
async fn stored<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(Drafts, &Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let drafts = Drafts { ledger: app.engine().ledger() };
    let app = app.clone();
    let done = tokio::task::spawn_blocking(move || app.identity().db.with(|db| work(drafts, db)));
    let done = done.await.map_err(|_| Problem::internal())?;
    done.map_err(|error| {
        tracing::error!(%error, "drafts can't be kept");
        Problem::internal()
    })
}

#[derive(serde::Deserialize)]
struct New {
    actor: String,
    body: String,
    nonce: Option<String>,
    csrf: Option<String>,
}

fn form<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, Problem> {
    serde_urlencoded::from_str(body)
        .map_err(|error| Problem::parameter("body", "something else", &error.to_string()))
}

async fn add(Of(app): Of<App>, caller: Caller, Text(body): Text) -> Page {
    let new: New = form(&body)?;
    let actor = Label::parse(new.actor.trim())
        .map_err(|_| Problem::parameter("actor", &new.actor, "an account's name"))?;
    caller.proving(new.csrf.as_deref()).sends_as(actor)?;
    let text = new.body.clone();
    let read = command_body(&text).map_err(|fault| Problem::malformed(&fault, &text))?;
    let now = app.engine().now();
    let suggested = app.look(move |state, now| nonce_above(state, &read, now)).await?;
    let nonce = match new.nonce.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => suggested,
        Some(text) => text.parse().map_err(|_| Problem::parameter("nonce", text, "a number"))?,
    };
    let expires_at = Timestamp::from_ms(now.ms().saturating_add(GOOD_FOR_MS));
    let id =
        stored(&app, move |drafts, db| drafts.add(db, (actor, &text), nonce, expires_at)).await?;
    Ok(to(&app, &format!("/approvals/drafts/{id}")))
}

/// A nonce above all that were used: the time, unless the ledger or the pool is ahead of it.
fn nonce_above(state: &State, body: &Body, now: Timestamp) -> u64 {
    let vault = match body {
        Body::ReleasePool(release) => Some(release.vault),
        _ => None,
    };
    let vault = vault.and_then(|label| state.vault_id(label).ok());
    let pool = vault.and_then(|id| state.vaults.get(id)?.pool);
    let last = pool.and_then(|id| state.insurance_pools.get(id)).map_or(0, |pool| pool.nonce);
    now.ms().max(state.meta.nonce.max(last).saturating_add(1))
}

#[derive(Template)]
#[template(path = "draft.html")]
struct One {
    shell: Shell,
    draft: Draft,
    command: &'static str,
    digest: String,
    bytes: String,
    sign: String,
    signers: Vec<Signer>,
    /// What would happen now: the events, or why it is refused.
    tried: Result<Vec<View>, Problem>,
    wrong: Option<String>,
    csrf: String,
}

async fn one(Of(app): Of<App>, Named(id): Named<i64>, caller: Caller) -> Page {
    shown(&app, id, &caller, None).await
}

async fn shown(app: &App, id: i64, caller: &Caller, wrong: Option<String>) -> Page {
    let found = stored(app, move |drafts, db| drafts.find(db, id)).await?;
    let draft = found.ok_or_else(|| Problem::not_found(format!("there is no draft {id}")))?;
    let ledger = app.engine().ledger();
    let signers = app.look({
        let draft = draft.clone();
        move |state, _| asked(state, &draft)
    });
    let tried = rehearse(app, draft.command(fresh_id(app)), |state, receipt| {
        receipt.events.iter().map(|event| View(event_json(event, state))).collect()
    });
    let (signers, tried) = (signers.await?, tried.await);
    Ok(page(&One {
        shell: Shell::new(app, format!("Draft {id}"), "approvals"),
        command: draft.body.word(),
        digest: draft.digest().to_string(),
        bytes: hex::encode(draft.bytes(ledger)),
        sign: sign_line(ledger, draft.nonce, draft.expires_at),
        signers,
        tried,
        wrong,
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        draft,
    }))
}

/// Whose signatures a draft needs: a pool's two, or the council's.
fn asked(state: &State, draft: &Draft) -> Vec<Signer> {
    let signed: Vec<PublicKey> = draft.signatures.iter().map(|by| by.key).collect();
    if let Body::ReleasePool(release) = &draft.body {
        let vault = state.vault_id(release.vault).ok().and_then(|id| state.vaults.get(id));
        let pool = vault.and_then(|vault| state.insurance_pools.get(vault.pool?));
        let both =
            [(PoolSigner::Council, "the council"), (PoolSigner::Nominee, "the curator's wallet")];
        return pool.map_or_else(Vec::new, |pool| {
            let signer = |(signer, whose): (PoolSigner, &str)| {
                let key = pool.key(signer);
                Signer {
                    whose: whose.to_owned(),
                    key: hex::encode(key.0),
                    signed: signed.contains(&key),
                }
            };
            both.map(signer).into()
        });
    }
    match authority(state, &draft.body) {
        Ok(Authority::Council(_)) => council(state, &signed),
        _ => Vec::new(),
    }
}

#[derive(serde::Deserialize)]
struct Pasted {
    signatures: String,
    actor: Option<String>,
    csrf: Option<String>,
}

/// Takes signatures; whoever sends them needs no right: each is checked against the exact bytes.
async fn sign(Of(app): Of<App>, Named(id): Named<i64>, caller: Caller, Text(body): Text) -> Page {
    let sent: Pasted = form(&body)?;
    let found = stored(&app, move |drafts, db| drafts.find(db, id)).await?;
    let draft = found.ok_or_else(|| Problem::not_found(format!("there is no draft {id}")))?;
    let taken = match pasted(&sent.signatures) {
        Ok(taken) => taken,
        Err(wrong) => return shown(&app, id, &caller, Some(wrong)).await,
    };
    if let Some(wrong) = misfit(&app, &draft, &taken) {
        return shown(&app, id, &caller, Some(wrong)).await;
    }
    stored(&app, move |_, db| taken.iter().try_for_each(|by| Drafts::sign(db, id, by))).await?;
    Ok(to(&app, &format!("/approvals/drafts/{id}")))
}

/// Why signatures do not fit a draft, if they do not.
fn misfit(app: &App, draft: &Draft, taken: &[Signature]) -> Option<String> {
    let with = Draft { signatures: taken.to_vec(), ..draft.clone() };
    let command = with.command(Label::NONE);
    let checked = backstop_core::governance::verify_approvals(app.engine().ledger(), &command);
    let verified =
        checked.and_then(|signed| signed.map_or(Ok(()), |signed| signed.verified().map(drop)));
    let told = |_| "a signature is not over these bytes: was it made with this ledger, nonce, expiry and body?";
    verified.map_err(told).err().map(str::to_owned)
}

#[derive(serde::Deserialize)]
struct Confirmed {
    actor: Option<String>,
    csrf: Option<String>,
}

async fn carry_out(
    Of(app): Of<App>,
    Named(id): Named<i64>,
    caller: Caller,
    Text(body): Text,
) -> Page {
    let confirmed: Confirmed = form(&body)?;
    let found = stored(&app, move |drafts, db| drafts.find(db, id)).await?;
    let draft = found.ok_or_else(|| Problem::not_found(format!("there is no draft {id}")))?;
    caller.proving(confirmed.csrf.as_deref()).sends_as(draft.actor)?;
    let receipt = send(&app, draft.command(fresh_id(&app))).await?;
    let seq = receipt.seq.get();
    stored(&app, move |_, db| Drafts::sent(db, id, seq)).await?;
    Ok(to(&app, &format!("/records/{seq}")))
}

/// Adds signatures to a proposal of the ledger.
async fn approve(
    Of(app): Of<App>,
    Named(id): Named<String>,
    caller: Caller,
    Text(body): Text,
) -> Page {
    let sent: Pasted = form(&body)?;
    let proposal = proposal_id(&id)?;
    let wanted = app.look(move |state, _| state.proposals.get(proposal).cloned()).await?;
    let item = wanted.ok_or_else(|| Problem::not_found(format!("there is no {id}")))?;
    let signatures = pasted(&sent.signatures).map_err(|wrong| {
        let problem = http::Problem::http(HttpProblem::BadParameter).at("?signatures", &wrong);
        Problem::from(problem.got("something else").limit("what `backstop keys sign` prints"))
    })?;
    let approvals = Approvals { nonce: item.nonce, expires_at: item.expires_at, signatures };
    let body = Body::Approve(Approve { proposal, digest: item.digest });
    act(&app, (sent.actor, sent.csrf), &caller, (body, Some(approvals))).await
}

/// Carries out a proposal that is ready.
async fn execute(
    Of(app): Of<App>,
    Named(id): Named<String>,
    caller: Caller,
    Text(body): Text,
) -> Page {
    let confirmed: Confirmed = form(&body)?;
    let body = Body::Execute(Execute { proposal: proposal_id(&id)? });
    act(&app, (confirmed.actor, confirmed.csrf), &caller, (body, None)).await
}

fn proposal_id(text: &str) -> Result<ProposalId, Problem> {
    let number = text.strip_prefix("proposal_").unwrap_or(text).parse();
    number
        .map(ProposalId::new)
        .map_err(|_| Problem::not_found(format!("there is no proposal `{text}`")))
}

async fn act(
    app: &App,
    (actor, csrf): (Option<String>, Option<String>),
    caller: &Caller,
    (body, approvals): (Body, Option<Approvals>),
) -> Page {
    let actor = actor.unwrap_or_default();
    let actor = Label::parse(actor.trim())
        .map_err(|_| Problem::parameter("actor", &actor, "an account's name"))?;
    caller.proving(csrf.as_deref()).sends_as(actor)?;
    let command = Command { id: fresh_id(app), actor, occurred_at: None, body, approvals };
    let receipt = send(app, command).await?;
    Ok(to(app, &format!("/records/{}", receipt.seq)))
}

fn to(app: &App, path: &str) -> Response {
    Redirect::to(&format!("{}{path}", app.base())).into_response()
}
