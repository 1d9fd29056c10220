//! The ledger, its records and their proofs, checkpoints; the description of this API.

use super::{
    Handler,
    history::{asked, not_there},
    page::Listed,
    params::Params,
    state::known_loss,
    tied,
};
use crate::{app::App, checkpoints as heads, problem::Problem};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use backstop_api::{
    closing_view, event_json,
    http::{openapi, problem_codes},
};
use backstop_core::{Record, State};
use backstop_engine::{proof::ProofError, prove};
use backstop_export::loss::{History, loss_svg};
use backstop_units::{LossId, Seq};
use serde_json::{Value, json};
use std::{fmt, sync::OnceLock};

type Own = Result<Response, Problem>;

pub(super) const HANDLERS: &[(&str, Handler)] = &[
    ("get_ledger", Handler::Own(ledger)),
    ("get_record", Handler::Own(record)),
    ("get_record_proof", Handler::Own(proof)),
    ("list_checkpoints", Handler::Past(checkpoints)),
    ("get_latest_checkpoint", Handler::Own(latest)),
    ("get_loss_closing", Handler::Own(closing)),
    ("draw_loss", Handler::Own(picture)),
    ("list_rejects", Handler::Own(rejects)),
    ("get_openapi", Handler::Own(description)),
];

/// A journal that can't be read is our fault.
pub(super) fn unreadable(error: impl fmt::Display) -> Problem {
    tracing::error!(%error, "the journal can't be read");
    Problem::internal()
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
fn ledger(app: &App, _: &Params) -> Own {
    let (head, seen) = (app.engine().head(), tied::seen(app));
    let data = app.engine().read(|state| {
        json!({
            "ledger": state.meta.ledger, "rules": state.meta.rules,
            "records": head.size, "root": head.root, "applied": state.meta.next, "now": state.meta.now,
            "limits": state.meta.limits,
            "council": {
                "keys": state.council.keys, "threshold": state.council.threshold,
                "nonce": state.meta.nonce,
            },
            "accounts": state.accounts.len(), "funds": state.funds.len(),
            "markets": state.markets.len(), "losses": state.losses.len(),
        })
    });
    Ok(super::page::one(&data, seen))
}

fn record(app: &App, params: &Params) -> Own {
    let seq = there(app, params)?;
    let journal = app.engine().journal().map_err(unreadable)?;
    let bytes = journal.record(seq.get()).map_err(unreadable)?.unwrap_or_default();
    let record = Record::decode(&bytes)?;
    let data = app.engine().read(|state| told(state, &record));
    Ok(super::page::one(&data, tied::seen(app)))
}

/// A record that reads have.
fn there(app: &App, params: &Params) -> Result<Seq, Problem> {
    let (seq, applied) = (params.seq("seq").unwrap_or_default(), app.engine().applied_seq());
    if seq < applied {
        return Ok(seq);
    }
    let last = applied.get().saturating_sub(1);
    Err(not_there(&seq.to_string(), &format!("record {last}, the last one")))
}

fn told(state: &State, record: &Record) -> Value {
    let (id, actor, word) = asked(&record.entry);
    let events: Vec<Value> = record.events.iter().map(|event| event_json(event, state)).collect();
    json!({
        "seq": record.seq, "time": record.time, "rules": record.rules, "id": id, "actor": actor,
        "command": word, "entry": record.entry, "events": events,
    })
}

fn proof(app: &App, params: &Params) -> Own {
    let seq = there(app, params)?;
    let journal = app.engine().journal().map_err(unreadable)?;
    let mut found = prove(&journal, seq);
    if matches!(found, Err(ProofError::NoCheckpoint(_))) {
        heads::take(app);
        found = prove(&journal, seq);
    }
    let proof = match found {
        Ok(proof) => proof,
        Err(ProofError::NoRecord(_) | ProofError::NoCheckpoint(_)) => {
            return Err(not_there(&seq.to_string(), "records that a signed checkpoint covers"));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let body = json!({
        "schema": "backstop.proof.v1", "seq": seq, "record": hex::encode(&proof.record),
        "path": proof.path, "checkpoint": proof.checkpoint,
    });
    Ok(Json(body).into_response())
}

fn checkpoints(app: &App, params: &Params) -> Result<Listed, Problem> {
    let journal = app.engine().journal().map_err(unreadable)?;
    let after: Option<u64> = params.after()?;
    let mut from = after.map_or(0, |after| after.saturating_add(1));
    let mut listed = Listed::default();
    let mut last = None;
    while let Some((size, note)) = journal.checkpoint_from(from).map_err(unreadable)? {
        if listed.rows.len() >= params.limit() {
            listed.next = last.map(|last: u64| last.to_string());
            break;
        }
        listed.rows.push(json!({ "size": size, "note": note }));
        (last, from) = (Some(size), size.saturating_add(1));
    }
    Ok(listed)
}

fn latest(app: &App, _: &Params) -> Own {
    let journal = app.engine().journal().map_err(unreadable)?;
    Ok(match journal.latest_checkpoint().map_err(unreadable)? {
        Some((_, note)) => note.into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

fn closing(app: &App, params: &Params) -> Own {
    let data = closing_of(app, params.loss())?;
    Ok(super::page::one(&data, tied::seen(app)))
}

/// How the account of a loss was closed, out of the record that placed it. Reads the journal: for a thread that may
/// wait.
pub(crate) fn closing_of(app: &App, id: LossId) -> Result<Value, Problem> {
    let placed = app.engine().read(|state| {
        known_loss(state, id)?;
        Ok::<_, Problem>(state.losses.get(id).and_then(|loss| loss.placed_in))
    })?;
    let record = match placed {
        Some(seq) => {
            let journal = app.engine().journal().map_err(unreadable)?;
            let bytes = journal.record(seq.get()).map_err(unreadable)?;
            bytes.map(|bytes| Record::decode(&bytes)).transpose()?
        }
        None => None,
    };
    Ok(app.engine().read(|state| closing_view(state, id, record.as_ref()))?)
}

fn picture(app: &App, params: &Params) -> Own {
    let id = params.loss();
    let drawn = app.engine().read(|state| {
        known_loss(state, id)?;
        loss_svg(state, id, &History::default()).map_err(|error| {
            tracing::error!(%error, "a loss can't be drawn");
            Problem::internal()
        })
    });
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], drawn?).into_response())
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
fn rejects(_: &App, _: &Params) -> Own {
    Ok(Json(json!({ "data": problem_codes() })).into_response())
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
fn description(_: &App, _: &Params) -> Own {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| openapi().to_string());
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, document.as_str()).into_response())
}
