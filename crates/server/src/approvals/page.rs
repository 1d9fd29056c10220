//! The page of what waits for signatures.

use super::drafts::{Draft, Drafts, pasted};
use crate::{
    app::App,
    commands::{fresh_id, rehearse, send},
    extract::{Asked, Named, Text},
    identity::Caller,
    pages::{Charts, Page, Shell, View, page},
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
    governance::{Signatories, Stamp, approval_bytes, signing},
    policy::{PoolSigner, PublicKey},
    state::Proposal,
};
use backstop_export::standing::timelocks;
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
    charts: Charts,
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
    csv: Option<String>,
}

async fn list(Of(app): Of<App>, caller: Caller, Asked(filled): Asked<Filled>) -> Page {
    let ledger = app.engine().ledger();
    let seen = app.look(move |state, now| {
        let title = ("timelocks", "Changes that wait");
        (proposals(state, ledger, now), timelocks(state, title, |_| true, now))
    });
    let (waiting, locks) = seen.await?;
    let mut charts = Charts::default();
    if !waiting.is_empty() {
        charts.add("timelocks", &locks);
    }
    if let Some(name) = filled.csv {
        let missing = || Problem::not_found(format!("this page has no picture `{name}`"));
        return charts.csv(Some(&name)).ok_or_else(missing);
    }
    let drafts = stored(&app, Drafts::open).await?;
    Ok(page(&List {
        shell: Shell::new(&app, "Approvals", "approvals"),
        waiting,
        charts,
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
    let good_for = Timestamp::from_ms(now.ms().saturating_add(GOOD_FOR_MS));
    let stamp = app.look(move |state, _| signing(state, &read)).await?;
    let stamp = stamp.ok().flatten().map(|asked| asked.stamp);
    let (nonce, expires_at) = stamped(stamp, new.nonce.as_deref(), (now, good_for))?;
    let id =
        stored(&app, move |drafts, db| drafts.add(db, (actor, &text), nonce, expires_at)).await?;
    Ok(to(&app, &format!("/approvals/drafts/{id}")))
}

/// Nonce and expiry of a draft: those that its command states, otherwise a nonce that was wished for, or the time,
/// unless what was used last is ahead of it.
fn stamped(
    stamp: Option<Stamp>,
    wished: Option<&str>,
    (now, good_for): (Timestamp, Timestamp),
) -> Result<(u64, Timestamp), Problem> {
    let wished = wished.map(str::trim).filter(|text| !text.is_empty());
    let read = |text: &str| {
        text.parse::<u64>().map_err(|_| Problem::parameter("nonce", text, "a number, or nothing"))
    };
    let wished = wished.map(read).transpose()?;
    match (stamp, wished) {
        (Some(Stamp::Exactly(nonce, _)), Some(other)) if nonce != other => {
            let states = format!("{nonce}, which the command states");
            Err(Problem::parameter("nonce", &other.to_string(), &states))
        }
        (Some(Stamp::Exactly(nonce, expires_at)), _) => Ok((nonce, expires_at)),
        (_, Some(nonce)) => Ok((nonce, good_for)),
        (Some(Stamp::Above(last)), None) => Ok((now.ms().max(last.saturating_add(1)), good_for)),
        (None, None) => Ok((now.ms(), good_for)),
    }
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
    let (digest, bytes) = draft.signed(ledger);
    Ok(page(&One {
        shell: Shell::new(app, format!("Draft {id}"), "approvals"),
        command: draft.body.word(),
        digest: digest.to_string(),
        bytes: hex::encode(bytes),
        sign: sign_line(ledger, draft.nonce, draft.expires_at),
        signers,
        tried,
        wrong,
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        draft,
    }))
}

/// Whose signatures a draft asks for, by the core's own table; nobody's while what it names is not there.
fn asked(state: &State, draft: &Draft) -> Vec<Signer> {
    let signed: Vec<PublicKey> = draft.signatures.iter().map(|by| by.key).collect();
    let Ok(Some(asked)) = signing(state, &draft.body) else { return Vec::new() };
    match asked.of {
        Signatories::Council => council(state, &signed),
        Signatories::Pool => {
            let one = |(at, key): (usize, &PublicKey)| Signer {
                whose: holder(state, draft, key)
                    .unwrap_or_else(|| format!("key {} of the owner", at.saturating_add(1))),
                key: hex::encode(key.0),
                signed: signed.contains(key),
            };
            asked.keys.iter().enumerate().map(one).collect()
        }
    }
}

/// Who holds one of the two keys of the pool that a draft is about; none for another key.
fn holder(state: &State, draft: &Draft, key: &PublicKey) -> Option<String> {
    let vault = match &draft.body {
        Body::ReleasePool(c) => c.vault,
        Body::AnnounceRelease(c) => c.vault,
        Body::SetPoolSigner(c) => c.vault,
        Body::OfferPool(c) => c.vault,
        Body::AcceptPool(c) => c.vault,
        Body::DisputeRelease(c) => {
            let pool = state.pool_releases.get(c.release)?.pool;
            state.vaults.get(state.insurance_pools.get(pool)?.vault)?.label
        }
        _ => return None,
    };
    let (_, pool) = state.insurance_pool(vault).ok()?;
    let both =
        [(PoolSigner::Council, "the council"), (PoolSigner::Nominee, "the curator's wallet")];
    let found = both.iter().find(|(signer, _)| pool.key(*signer) == *key);
    found.map(|(_, whose)| (*whose).to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_gets_a_nonce_above_the_last_one_or_the_one_that_its_command_states() {
        let at = Timestamp::from_ms;
        let stated = Some(Stamp::Exactly(7, at(90)));
        for (stamp, wished, expected) in [
            (None, None, Some((50, at(99)))),
            (None, Some(" 8 "), Some((8, at(99)))),
            (Some(Stamp::Above(3)), None, Some((50, at(99)))),
            (Some(Stamp::Above(50)), Some(""), Some((51, at(99)))),
            (Some(Stamp::Above(70)), None, Some((71, at(99)))),
            (Some(Stamp::Above(70)), Some("80"), Some((80, at(99)))),
            (stated, None, Some((7, at(90)))),
            (stated, Some("7"), Some((7, at(90)))),
            (stated, Some("8"), None),
            (None, Some("eight"), None),
        ] {
            let found = stamped(stamp, wished, (at(50), at(99))).ok();
            assert_eq!(found, expected, "{stamp:?} {wished:?}");
        }
    }
}
