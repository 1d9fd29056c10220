//! What people see of a fund, market, loss and account: the same numbers on every face.

mod closing;
mod compensation;
mod control;
mod farm;
mod gauge;
mod holders;
mod house;

pub(crate) use compensation::compensation_view;
pub(crate) use farm::{farm_view, staker_view};
pub(crate) use holders::{holders_view, vault_losses_view};
pub(crate) use house::house_view;
mod hosted;
mod lending;
mod lists;
mod payouts;
mod pool;
mod shares;
mod yields;

pub use closing::closing_view;
pub use lists::{
    adl_state_view, asset_view, exit_queue_view, positions_view, proposal_view, staker_row,
    tranche_holders_view,
};
pub use payouts::{concerns_fund, payout_view};
pub use shares::loss_shares_view;
pub use yields::{YIELD_DAYS, yield_view};

pub(crate) use hosted::{margin_view, pool_view};
pub(crate) use lending::{holding_view, lending_view, reserve_view, vault_view};
pub(crate) use pool::insurance_view;

use crate::json::named;
use backstop_core::{
    Halt, Reject, RejectCode, State,
    event::Cohort,
    fund::{
        Coverage,
        coverage::{ratio_bps, target_at},
        coverage_at,
        holds::Holds,
        rescale::{shares_now, ticket_now},
        revenue::{due_at, settlement},
        shares::worth,
    },
    ledger::LedgerAccount,
    liquidation::{open_interest::limit_at, pools::standing},
    loss::{
        capacity::capacities, claim::Kind, claimable, conversion::rate, deposit_index::Deposits,
    },
    policy::Cause,
    state::{Lent, LossStatus, Source},
    waterfall::allocate,
};
use backstop_units::{
    AccountId, Amount, AssetId, FundId, Hash, Label, LossId, MarketId, Timestamp,
};
use serde_json::{Value, json};

fn asset_label(state: &State, asset: AssetId) -> Label {
    state.assets.get(asset).map_or(Label::NONE, |item| item.label)
}

/// What counts over the target in basis points, as a view has it; nothing without a target.
fn coverage_bps(counted: Amount, target: Amount) -> Option<Amount> {
    ratio_bps(counted, target).map(Amount::new)
}

/// How a fund stands, in one word: the first of these that holds. `gated` while a loss closes it to stakers, `alert`
/// while exits are held, `depleted` without money, `under_target` while less counts than its target, `healthy`.
fn word_of(target: Amount, holds: &Holds, parts: &Coverage, now: Timestamp) -> &'static str {
    match (holds.gated_by(now).is_some(), holds.on_alert(now), parts.total().is_zero()) {
        (true, ..) => "gated",
        (_, true, _) => "alert",
        (.., true) => "depleted",
        _ if parts.counted < target => "under_target",
        _ => "healthy",
    }
}

/// A fund: its parts, what counts, its tranches, what holds it.
///
/// # Errors
/// Only what a broken invariant says.
pub fn fund_view(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let fund = state.funds.expect(id)?;
    let parts = coverage_at(state, id, fund, now)?;
    let target = target_at(state, id, fund, now)?;
    let holds = state.holds.expect(id)?;
    let tranches = state.tranches_of(fund).map(|(tranche_id, tranche)| {
        let assets = state.ledger.owed(LedgerAccount::Tranche(tranche_id), fund.asset);
        json!({
            "label": tranche.label, "assets": assets, "shares": tranche.shares, "queued_shares": tranche.queued,
            "protocol_shares": tranche.protocol, "base": tranche.base,
            "series": tranche.series, "losses": tranche.epoch,
        })
    });
    Ok(json!({
        "id": id.to_string(),
        "label": fund.label,
        "asset": asset_label(state, fund.asset),
        "decimals": state.assets.expect(fund.asset)?.decimals,
        "kind": fund.kind,
        "balance": parts.total(),
        "reserve": parts.reserve,
        "contributions": parts.contributions,
        "staked": parts.staked,
        "queued": parts.queued,
        "idle": parts.idle,
        "reserved": parts.reserved,
        "house": fund.house.as_deref().map(|house| house_view(state, house)),
        "shortfall": parts.shortfall,
        "counted": parts.counted,
        "threshold": fund.threshold,
        "target": fund.target,
        "target_now": target,
        "coverage_bps": coverage_bps(parts.counted, target),
        "standing": word_of(target, holds, &parts, now),
        "peaks": gauge::peaks(state, id, now)?,
        "drawdown": gauge::drawdown(state, id, now)?,
        "gated_by": holds.gated_by(now).map(|loss| loss.to_string()),
        "alert_until": holds.on_alert(now).then_some(holds.alert_until),
        "paused_until": holds.is_paused(now).then_some(holds.paused_until),
        "revenue": revenue_view(state, id, now)?,
        "tranches": tranches.collect::<Vec<_>>(),
        "control": control::control(state, id, now)?,
        "reservations": control::reservations(state, id, now)?,
    }))
}

/// What waits in a fund's revenue pool, what the next settlement would move, and when it is due.
///
/// # Errors
/// Only what a broken invariant says.
pub(crate) fn revenue_view(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let fund = state.funds.expect(id)?;
    let next = settlement(state, id, fund, None)?;
    let period = fund.policy.revenue.period;
    let due = (!period.is_zero()).then(|| due_at(fund.settled_at, period));
    let parts = next.parts.iter().map(|part| {
        let label = state.tranches.get(part.tranche).map(|tranche| tranche.label);
        json!({ "tranche": label, "amount": part.amount, "protocol_shares": part.minted })
    });
    Ok(json!({
        "pool": state.ledger.owed(LedgerAccount::Revenue(id), fund.asset),
        "free": fund.free,
        "settled_at": fund.settled_at,
        "due_at": due,
        "due_in_seconds": due.map(|due| due.since(now).ms().div_ceil(1_000)),
        "moves": next.moved,
        "to_reserve": if next.routed.is_some() { Amount::ZERO } else { next.to_reserve },
        "routed": if next.routed.is_some() { next.to_reserve } else { Amount::ZERO },
        "to_tranches": parts.collect::<Vec<_>>(),
    }))
}

/// A market: open interest, index, pools, layers and what each could pay now.
///
/// # Errors
/// Only what a broken invariant says.
pub fn market_view(state: &State, id: MarketId, now: Timestamp) -> Result<Value, Halt> {
    let market = state.markets.expect(id)?;
    let fund = state.funds.expect(market.fund)?;
    let owed = |account| state.ledger.owed(account, fund.asset);
    let held = |account| state.ledger.held(account, fund.asset);
    Ok(json!({
        "id": id.to_string(),
        "label": market.label,
        "fund": fund.label,
        "open_interest": market.open_interest,
        "mark": market.mark.and_then(|mark| state.indexes.get(mark.index)).map(|index| index.label),
        "mark_band": market.mark.map(|mark| mark.band),
        "index": market.index,
        "tier": market.tier.and_then(|tier| state.tiers.get(tier)).map(|tier| tier.label),
        "pools": market.pools,
        "results": results_view(state, id)?,
        "fee_pool": owed(LedgerAccount::FeePool(id)),
        "pnl_pool": owed(LedgerAccount::PnlPool(id)),
        "clearing": owed(LedgerAccount::Clearing(id)),
        "socialised": held(LedgerAccount::Socialised(id)),
        "deleveraged": held(LedgerAccount::Deleveraged(id)),
        "depositors": held(LedgerAccount::Depositors(id)),
        "by_equity": held(LedgerAccount::ByEquity(id)),
        "house_drawn": held(LedgerAccount::HouseDrawn(id)),
        "deposits": deposits(market.deposits.as_deref())?,
        "residual": held(LedgerAccount::Residual(id)),
        "offline_budget": control::offline(state, id)?,
        "open_interest_max": state.open_interest_max.expect(id)?,
        "open_interest_limit": limit_at(state, id, now)?,
        "adl_gauge": gauge::claim(state, id, Kind::Adl, now)?,
        "equity_gauge": gauge::claim(state, id, Kind::Equity, now)?,
        "hosted": hosted::market(state, id, now),
        "layers": layers(state, id, Amount::ZERO, Cause::Bankruptcy, now)?,
    }))
}

/// What lenders hold on a market, and how many losses they have borne; nothing until it is reported.
fn deposits(lent: Option<&Lent>) -> Result<Value, Halt> {
    let Some(lent) = lent else { return Ok(Value::Null) };
    let Deposits { shares, index, unit } = lent.deposits;
    Ok(json!({
        "shares": shares,
        "index": index,
        "unit": unit,
        "worth": lent.deposits.worth().map_err(Reject::from)?,
        "losses": lent.losses,
        "dead": lent.is_dead(),
    }))
}

/// What a market's pools were told and have moved; a new period begins when revenue is settled.
fn results_view(state: &State, id: MarketId) -> Result<Value, Halt> {
    let results = standing(state, id, state.markets.expect(id)?)?.results;
    Ok(json!({
        "exchange_fees": results.exchange_fees,
        "liquidation_fees": results.liquidation_fees,
        "surplus": results.surplus,
        "net_revenue": results.net_revenue,
        "passed_on": results.passed_on,
        "received": results.received,
    }))
}

/// A risk tier's ceilings.
///
/// # Errors
/// A reject when the tier is unknown.
pub(crate) fn tier_view(state: &State, label: Label) -> Result<Value, Halt> {
    let tier = state.tiers.expect(state.tier_id(label)?)?;
    Ok(json!({
        "label": tier.label,
        "insurance_max": tier.policy.insurance_max,
        "imbalance_max": tier.policy.imbalance_max,
        "period_max": tier.policy.period_max,
    }))
}

/// Who would pay how much of a loss now: the waterfall explained.
///
/// # Errors
/// A reject when the market is unknown.
pub fn waterfall_view(
    state: &State,
    label: Label,
    loss: Amount,
    cause: Cause,
    now: Timestamp,
) -> Result<Value, Halt> {
    let id = state.market_id(label)?;
    let market = state.markets.expect(id)?;
    let paid = allocate(loss, &capacities(state, id, market, cause, now)?);
    Ok(json!({
        "market": label,
        "cause": cause,
        "loss": loss,
        "layers": layers(state, id, loss, cause, now)?,
        "residual": paid.residual,
    }))
}

fn layers(
    state: &State,
    id: MarketId,
    loss: Amount,
    cause: Cause,
    now: Timestamp,
) -> Result<Vec<Value>, Halt> {
    let market = state.markets.expect(id)?;
    let capacities = capacities(state, id, market, cause, now)?;
    let paid = allocate(loss, &capacities);
    let rows = state.layers_of(market).zip(&capacities).zip(&paid.draws);
    Ok(rows
        .map(|(((_, layer), capacity), draw)| {
            let unlimited = |amount: Amount| (amount != Amount::MAX).then_some(amount);
            json!({
                "layer": source_name(state, layer.source),
                "available": unlimited(capacity.available),
                "limits_leave": unlimited(capacity.headroom),
                "used": layer.used,
                "pays": draw,
                "haircut": layer.policy.haircut,
                "conversion": layer.conversion.map(|id| conversion(state, id, now)),
            })
        })
        .collect())
}

/// What was taken of a layer in another asset and is not settled: atoms of its asset that are unsold, atoms
/// of the market's that they are to bring or fell short of; and why it can give nothing now.
fn conversion(state: &State, id: u32, now: Timestamp) -> Value {
    let Some(item) = state.conversions.get(id) else { return Value::Null };
    let asset = state.funds.get(item.fund).map(|fund| fund.asset);
    let into = state.markets.get(item.market).and_then(|market| state.funds.get(market.fund));
    let assets = asset.zip(into.map(|fund| fund.asset));
    let code = assets.and_then(|assets| match rate(state, assets, item.haircut, now) {
        Err(Halt::Reject(reject)) => Some(reject.code.name()),
        _ => None,
    });
    json!({
        "asset": asset.map(|asset| asset_label(state, asset)),
        "unsold": item.unsold,
        "owed": item.owed,
        "basis": item.short,
        "code": code,
    })
}

/// A layer's name: what it is, and whose.
fn source_name(state: &State, source: Source) -> String {
    match source {
        Source::FeePool => "fee_pool".into(),
        Source::Reserve(fund) => {
            format!("reserve {}", state.funds.get(fund).map_or(Label::NONE, |f| f.label))
        }
        Source::Staked(id) => {
            format!("staked {}", state.tranches.get(id).map_or(Label::NONE, |t| t.label))
        }
        Source::Socialised => "socialised".into(),
        Source::Adl => "adl".into(),
        Source::Depositors => "depositors".into(),
        Source::Haircut => "withdrawal_haircut".into(),
        Source::Equity => "equity".into(),
    }
}

/// Whether a row was paid with money that was there.
const fn is_funded(cohort: &Cohort) -> bool {
    match cohort {
        Cohort::FeePool
        | Cohort::Reserve(_)
        | Cohort::Contributions(_)
        | Cohort::House(_)
        | Cohort::Stakers { .. } => true,
        Cohort::Positions { .. }
        | Cohort::Adl { .. }
        | Cohort::Equity { .. }
        | Cohort::Depositors { .. }
        | Cohort::Haircut { .. }
        | Cohort::Residual => false,
    }
}

/// A loss: cause, rows, who bore them, what came back.
///
/// # Errors
/// A reject when there is no such loss.
pub fn loss_view(state: &State, id: LossId) -> Result<Value, Halt> {
    let loss = state.losses.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownLoss, id))?;
    let market = state.markets.expect(loss.market)?;
    let mut funded = Amount::ZERO;
    let rows: Vec<Value> = loss
        .rows
        .iter()
        .map(|row| {
            if is_funded(&row.row.cohort) {
                funded = funded.saturating_add(row.row.amount);
            }
            json!({
                "layer": row.row.layer, "cohort": row.row.cohort, "amount": row.row.amount,
                "recovered": row.recovered,
            })
        })
        .collect();
    let asset = state.funds.expect(market.fund)?.asset;
    let value = json!({
        "id": id.to_string(),
        "market": market.label,
        "asset": asset_label(state, asset),
        "decimals": state.assets.expect(asset)?.decimals,
        "cause": loss.cause,
        "status": loss.status,
        // Only a settlement brings evidence before the assessment.
        "parked": loss.status == LossStatus::Declared && loss.evidence != Hash::ZERO,
        "account": loss.account.and_then(|account| state.accounts.get(account)).map(|account| account.label),
        "gross": loss.gross,
        "funded": funded,
        "evidence": loss.evidence,
        "mark": loss.mark,
        "occurred_at": loss.occurred_at,
        "declared_at": loss.declared_at,
        "placed_in": loss.placed_in,
        "rows": rows,
    });
    Ok(named(value, state))
}

/// An account: free balances, stakes, open tickets, gifts, claims.
///
/// # Errors
/// A reject when there is no such account.
pub fn account_view(state: &State, label: Label, now: Timestamp) -> Result<Value, Halt> {
    let id = state.account_id(label)?;
    let account = state.accounts.expect(id)?;
    let balances = state.assets.iter().map(|(asset, item)| {
        json!({ "asset": item.label, "free": state.ledger.owed(LedgerAccount::Balance(id), asset),
                "pending": state.ledger.owed(LedgerAccount::Pending(id), asset) })
    });
    let gifts = state.funds.iter().map(|(fund, item)| (item.label, state.contribution(fund, id)));
    let gifts = gifts.filter(|(_, total)| !total.is_zero());
    Ok(json!({
        "id": id.to_string(),
        "label": account.label,
        "group": account.group,
        "roles": account.roles,
        "balances": balances.collect::<Vec<_>>(),
        "stakes": stakes(state, id, now)?,
        "contributions": gifts.map(|(fund, total)| json!({ "fund": fund, "total": total })).collect::<Vec<_>>(),
        "claims": claims(state, id)?,
    }))
}

fn stakes(state: &State, account: AccountId, now: Timestamp) -> Result<Vec<Value>, Halt> {
    let mut stakes = Vec::new();
    for (tranche_id, tranche) in state.tranches.iter() {
        let Some((position_id, position)) = state.position(tranche_id, account) else { continue };
        let asset = state.funds.expect(tranche.fund)?.asset;
        let assets = state.ledger.owed(LedgerAccount::Tranche(tranche_id), asset);
        let (shares, _) = shares_now(position, tranche);
        let tickets = state.tickets.iter().filter(|(_, t)| t.position == position_id && !t.closed);
        let tickets = tickets.map(|(id, ticket)| {
            json!({ "ticket": id.to_string(), "shares": ticket_now(ticket, tranche), "value": ticket.value, "ready_at": ticket.ready_at,
                    "ready": now >= ticket.ready_at })
        });
        stakes.push(json!({
            "tranche": tranche.label,
            "shares": shares,
            "base": tranche.base,
            "cost": position.cost,
            "value": worth(shares, assets, tranche.shares).map_err(Reject::from)?,
            "tickets": tickets.collect::<Vec<_>>(),
        }));
    }
    Ok(stakes)
}

fn claims(state: &State, account: AccountId) -> Result<Vec<Value>, Halt> {
    let mut claims = Vec::new();
    for (loss, _) in state.losses.iter() {
        let parts = claimable(state, loss, account)?;
        let sum = parts.iter().fold(Amount::ZERO, |sum, (_, _, part)| sum.saturating_add(*part));
        if !sum.is_zero() {
            claims.push(json!({ "loss": loss.to_string(), "amount": sum }));
        }
    }
    Ok(claims)
}
