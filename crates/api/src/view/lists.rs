//! Rows of lists: what stands beside a fund, a market or an account when all of its kind are listed.

use super::{asset_label, coverage_bps, gauge, hosted::margin_view};
use backstop_core::{
    Body, Halt, Reject, RejectCode, State,
    fund::{coverage::target_at, coverage_at, exits::exits, rescale::shares_now, shares::worth},
    governance::approval_bytes,
    ledger::LedgerAccount,
    loss::claim::Kind,
    state::Proposal,
};
use backstop_units::{AssetId, FundId, Label, MarketId, ProposalId, Timestamp, TrancheId};
use serde_json::{Value, json};
use std::fmt::Write;

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

/// The largest holders of a tranche, the largest first, each with his part of all shares in basis points.
///
/// **Rounding** parts down. **Complexity** a step for each stake of the ledger.
///
/// # Errors
/// Only what a broken invariant says.
pub fn tranche_holders_view(
    state: &State,
    id: TrancheId,
    limit: usize,
) -> Result<Vec<Value>, Halt> {
    let tranche = state.tranches.expect(id)?;
    let ours = state.positions.iter().map(|(_, held)| held).filter(|held| held.tranche == id);
    let ours = ours.map(|held| (shares_now(held, tranche).0, held.account));
    let mut holders: Vec<_> = ours.filter(|(shares, _)| !shares.is_zero()).collect();
    holders.sort_unstable_by(|one, other| other.cmp(one));
    let rows = holders.into_iter().take(limit).map(|(shares, account)| {
        let part = shares.mul_div_floor(10_000, tranche.shares.get()).map_err(Reject::from)?;
        let account = state.accounts.expect(account)?.label;
        Ok(json!({ "account": account, "shares": shares, "part_bps": part }))
    });
    rows.collect()
}

/// Stakers of a fund on their way out, day by day, and coverage, in which queued exits count zero; see
/// [`backstop_core::fund::exits`].
///
/// # Errors
/// A reject when the fund is unknown.
pub fn exit_queue_view(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let fund = state.funds.expect(id)?;
    let parts = coverage_at(state, id, fund, now)?;
    let target = target_at(state, id, fund, now)?;
    let found = exits(state, id, now)?;
    let rows = found.days.iter().map(|it| {
        let day: String = it.day.to_string().chars().take_while(|c| *c != 'T').collect();
        json!({ "day": day, "tickets": it.tickets, "amount": it.amount, "left": it.left })
    });
    Ok(json!({
        "staked": found.staked,
        "queued": found.queued,
        "counted": parts.counted,
        "target": target,
        "coverage_bps": coverage_bps(parts.counted, target),
        "days": rows.collect::<Vec<_>>(),
    }))
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
