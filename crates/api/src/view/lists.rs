//! Rows of lists: what stands beside a fund, a market or an account when all of its kind are listed.

use super::{asset_label, gauge, hosted::margin_view};
use backstop_core::{
    Body, Halt, Reject, RejectCode, State,
    fund::{
        coverage_at,
        rescale::{shares_now, ticket_now},
        shares::worth,
    },
    governance::approval_bytes,
    ledger::LedgerAccount,
    loss::claim::Kind,
    state::{Proposal, Tranche},
};
use backstop_units::{Amount, AssetId, FundId, Label, MarketId, ProposalId, Shares, Timestamp};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};

/// An asset, with what the books hold of it: all debits of it.
///
/// # Errors
/// A reject when there is no such asset.
pub fn asset_view(state: &State, id: AssetId) -> Result<Value, Halt> {
    let item = state.assets.expect(id)?;
    let held = state.ledger.held(LedgerAccount::Custody(id), id);
    Ok(
        json!({ "id": id.to_string(), "label": item.label, "decimals": item.decimals, "held": held }),
    )
}

/// A proposal with the exact bytes that a member of the council signs.
///
/// # Errors
/// A reject when there is no such proposal.
pub fn proposal_view(state: &State, id: ProposalId) -> Result<Value, Halt> {
    let unknown = || Reject::got(RejectCode::UnknownProposal, id);
    let proposal: &Proposal = state.proposals.get(id).ok_or_else(unknown)?;
    let (ledger, digest) = (state.meta.ledger, proposal.digest);
    let bytes = approval_bytes(ledger, proposal.nonce, proposal.expires_at, &digest);
    let bytes = bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let missing = state.council.keys.iter().filter(|key| !proposal.keys.contains(key));
    let body: &Body = &proposal.body;
    Ok(json!({
        "id": id,
        "proposer": state.accounts.get(proposal.by).map_or(Label::NONE, |account| account.label),
        "command": body.word(),
        "body": body,
        "nonce": proposal.nonce,
        "expires_at": proposal.expires_at,
        "digest": digest,
        "bytes": bytes,
        "signed": proposal.keys,
        "missing": missing.collect::<Vec<_>>(),
        "threshold": state.council.threshold,
        "ready_at": proposal.ready_at,
        "closed": proposal.closed,
    }))
}

/// A stake as its fund lists it; nothing where no share is left.
///
/// # Errors
/// Only what a broken invariant says.
pub fn staker_row(state: &State, position: u32) -> Result<Option<Value>, Halt> {
    let held = state.positions.expect(position)?;
    let tranche = state.tranches.expect(held.tranche)?;
    let (shares, _) = shares_now(held, tranche);
    if shares.is_zero() {
        return Ok(None);
    }
    let asset = state.funds.expect(tranche.fund)?.asset;
    let assets = state.ledger.owed(LedgerAccount::Tranche(held.tranche), asset);
    Ok(Some(json!({
        "account": state.accounts.expect(held.account)?.label,
        "tranche": tranche.label,
        "shares": shares,
        "value": worth(shares, assets, tranche.shares).map_err(Reject::from)?,
        "cost": held.cost,
        "tickets": held.tickets,
    })))
}

/// Stakers of a fund on their way out: by the day on which they can first be claimed, with what stakers
/// have left once all up to that day have gone, and coverage, in which queued exits count zero.
///
/// **Rounding** values down, each ticket by itself. **Complexity** a step for each ticket of the ledger.
///
/// # Errors
/// A reject when the fund is unknown.
pub fn exit_queue_view(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let fund = state.funds.expect(id)?;
    let parts = coverage_at(state, id, fund, now)?;
    let mut days: BTreeMap<String, (u32, Amount)> = BTreeMap::new();
    for (_, ticket) in state.tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        let tranche = state.tranches.expect(ticket.tranche)?;
        if tranche.fund != id {
            continue;
        }
        let assets = state.ledger.owed(LedgerAccount::Tranche(ticket.tranche), fund.asset);
        let value = value_of(ticket_now(ticket, tranche), assets, tranche)?;
        let day: String = ticket.ready_at.to_string().chars().take_while(|c| *c != 'T').collect();
        let (count, sum) = days.entry(day).or_default();
        (*count, *sum) = (count.saturating_add(1), sum.saturating_add(value));
    }
    let (mut queued, mut left) = (Amount::ZERO, parts.staked);
    let mut rows = Vec::new();
    for (day, (tickets, amount)) in days {
        queued = queued.saturating_add(amount);
        left = left.saturating_sub(amount);
        rows.push(json!({ "day": day, "tickets": tickets, "amount": amount, "left": left }));
    }
    Ok(json!({
        "queued": queued,
        "counted": parts.counted,
        "target": fund.target,
        "coverage_bps": parts.counted.mul_div_floor(10_000, fund.target.get()).ok(),
        "days": rows,
    }))
}

fn value_of(shares: Shares, assets: Amount, tranche: &Tranche) -> Result<Amount, Halt> {
    Ok(worth(shares, assets, tranche.shares).map_err(Reject::from)?)
}

/// How near a market's late layers are, and every claim on those who pay later that is not closed.
///
/// # Errors
/// A reject when the market is unknown.
pub fn adl_state_view(state: &State, id: MarketId, now: Timestamp) -> Result<Value, Halt> {
    let open = state.layer_claims.iter().filter(|(_, claim)| {
        let of = state.losses.get(claim.loss).is_some_and(|loss| loss.market == id);
        of && !claim.closed
    });
    let claims = open.map(|(_, it)| {
        json!({
            "loss": it.loss, "row": it.row, "claim": it.claim, "brought": it.brought,
            "payers": it.payers, "placed_at": it.placed_at, "announced": it.announced.is_some(),
            "done": it.done,
        })
    });
    Ok(json!({
        "adl_gauge": gauge::claim(state, id, Kind::Adl, now)?,
        "equity_gauge": gauge::claim(state, id, Kind::Equity, now)?,
        "claims": claims.collect::<Vec<_>>(),
    }))
}

/// An account's positions on hosted markets, pool by pool; a pool whose marks are missing is left out.
///
/// # Errors
/// A reject when the account is unknown.
pub fn positions_view(state: &State, account: Label, now: Timestamp) -> Result<Vec<Value>, Halt> {
    let id = state.account_id(account)?;
    let mut rows = Vec::new();
    for (fund, item) in state.funds.iter() {
        if state.margin(id, fund).is_none() {
            continue;
        }
        let pool = match margin_view(state, (account, item.label), now) {
            Ok(pool) => pool,
            Err(Halt::Reject(_)) => continue,
            Err(corrupt) => return Err(corrupt),
        };
        let positions = pool.get("positions").and_then(Value::as_array).cloned();
        for mut position in positions.unwrap_or_default() {
            if let Value::Object(fields) = &mut position {
                fields.insert("fund".into(), json!(item.label));
                fields.insert("asset".into(), json!(asset_label(state, item.asset)));
                for field in ["equity", "liquidatable"] {
                    fields.insert(field.into(), pool.get(field).cloned().unwrap_or_default());
                }
            }
            rows.push(position);
        }
    }
    Ok(rows)
}
