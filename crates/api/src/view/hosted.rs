//! Hosted markets: pools, their gates, margin accounts, the backlog.

use backstop_core::{
    Halt, RejectCode, State,
    hosted::{
        account::{load, mark},
        gate::opens,
        haircut::{Holdings, open},
        ranks::{lights, side},
    },
    ledger::LedgerAccount,
    state::{Haircut, HostedPosition},
};
use backstop_units::{Amount, FundId, Label, MarketId, Timestamp};
use serde_json::{Value, json};

/// A collateral pool: what it holds, and whether money may leave it.
///
/// # Errors
/// A reject when the fund has none.
pub(crate) fn pool_view(state: &State, fund: FundId, now: Timestamp) -> Result<Value, Halt> {
    let item = state.funds.expect(fund)?;
    let pool = state.margin_pools.expect(fund)?;
    let merged = pool.merged.and_then(|to| state.funds.get(to)).map(|to| to.label);
    let mut collaterals = Vec::new();
    for (_, taken) in state.collaterals_of(fund) {
        let held = state.ledger.owed(LedgerAccount::Collateral(fund), taken.asset);
        let asset = state.assets.expect(taken.asset)?.label;
        collaterals.push(json!({ "asset": asset, "held": held, "policy": taken.policy }));
    }
    let holdings = Holdings::of(state, fund, item.asset)?;
    let haircuts = open(state, pool)?.into_iter().map(|(_, haircut)| {
        let Haircut { loss, row, open, taken, returned, .. } = haircut;
        let loss = loss.to_string();
        json!({ "loss": loss, "row": row, "open": open, "taken": taken, "returned": returned })
    });
    let opens = match opens(state, fund, now) {
        Err(Halt::Reject(reject)) if reject.code == RejectCode::NoMarginPool => None,
        opens => Some(opens?),
    };
    Ok(json!({
        "fund": item.label,
        "balance": holdings.money(),
        "claims": holdings.claims,
        "haircut": holdings.short,
        "haircuts": haircuts.collect::<Vec<_>>(),
        "policy": pool.policy,
        "collaterals": collaterals,
        "merged_into": merged,
        "negative_at": pool.negative_at,
        "stalled_at": pool.stalled_at,
        "withdrawals_open": opens.map(|opens| opens <= now),
        "opens_at": opens,
    }))
}

/// A margin account: what it holds, is worth and needs, with its positions.
///
/// # Errors
/// A reject when there is none, or a mark is missing.
pub(crate) fn margin_view(
    state: &State,
    (account, fund): (Label, Label),
    now: Timestamp,
) -> Result<Value, Halt> {
    let (id, pool) = (state.account_id(account)?, state.fund_id(fund)?);
    let unknown = || backstop_core::Reject::got(RejectCode::UnknownMargin, account);
    let (margin, owner) = state.margin(id, pool).ok_or_else(unknown)?;
    let loaded = load(state, margin, now)?;
    let standing = loaded.standing()?;
    let mut positions = Vec::new();
    for ((place, market), seen) in loaded.places.iter().zip(&loaded.account.positions) {
        let held = state.hosted_positions.expect(*place)?;
        let ranks = lights(state, (*market, side(held.size)), now)?;
        positions.push(json!({
            "market": state.markets.expect(*market)?.label,
            "size": held.size,
            "mark": seen.mark,
            "notional": seen.notional()?,
            "unsettled": seen.funding,
            "maintenance": seen.standing()?.maintenance,
            "initial": seen.standing()?.initial,
            "waiting_since": held.waiting,
            "adl_lights": ranks.and_then(|ranks| ranks.get(&margin).copied()),
        }));
    }
    let mut pledges = Vec::new();
    for (_, pledge) in state.pledges_of(owner).filter(|(_, pledge)| !pledge.amount.is_zero()) {
        let asset = state.collaterals.expect(pledge.collateral)?.asset;
        let asset = state.assets.expect(asset)?.label;
        pledges.push(json!({ "asset": asset, "amount": pledge.amount }));
    }
    Ok(json!({
        "account": account,
        "fund": fund,
        "quote": owner.quote,
        "equity": standing.equity,
        "maintenance": standing.maintenance,
        "initial": standing.initial,
        "free": loaded.free()?,
        "free_pays": pays(state, pool, loaded.free()?)?,
        "debt": loaded.own()?.negative(),
        "pledges": pledges,
        "counted": loaded.counted.maintenance,
        "liquidatable": standing.is_liquidatable(),
        "positions": positions,
    }))
}

/// What a withdrawal of a claim on a pool would pay; nothing of what the pool does not have.
fn pays(state: &State, fund: FundId, claim: Amount) -> Result<Amount, Halt> {
    let holdings = Holdings::of(state, fund, state.funds.expect(fund)?.asset)?;
    let claim = claim.min(holdings.claims);
    if claim.is_zero() {
        return Ok(Amount::ZERO);
    }
    Ok(claim.saturating_sub(holdings.cut(claim)?))
}

/// What is kept of a hosted market, and what of its liquidations nobody has taken yet.
pub(super) fn market(state: &State, id: MarketId, now: Timestamp) -> Value {
    let Ok(hosted) = state.hosted(id) else { return Value::Null };
    let oldest = hosted.first.and_then(|first| state.hosted_positions.get(first));
    let since = oldest.and_then(|position: &HostedPosition| position.waiting);
    json!({
        "status": hosted.status,
        "mark": mark(state, id, now).ok(),
        "funding": hosted.funding,
        "waiting": hosted.waiting,
        "backlog": hosted.backlog,
        "oldest_since": since,
        "oldest_age_seconds": since.map(|since| now.since(since).ms().div_euclid(1_000)),
        "policy": hosted.policy,
    })
}
