//! Lending reserves, and what one account has in them.

use super::{
    asset_label,
    holders::{lost, share_price},
    pool::bearers,
};
use backstop_core::{
    Halt, Reject, State,
    lending::{
        accrue::preview,
        curve,
        interest::{apy, supply_apr},
        loan::worth,
        vault::{
            allocation::weighed,
            touch,
            worth::{Valued, stands_for},
            yields::{blended, net_of_fees, trailing},
        },
    },
    state::{LendingReserve, Loan, Vault},
};
use backstop_units::{
    Amount, Fixed60, Label, MathError, ReserveId, Signed, Span, Timestamp, VaultId,
};
use serde_json::{Value, json};

/// A portion as a percentage with four decimals, the nearest one.
fn percent(portion: Fixed60) -> Result<String, MathError> {
    let halves = portion.mul_div_floor(2_000_000, Fixed60::ONE)?;
    let parts = halves.saturating_add(Fixed60::new(1)).mul_div_floor(1, 2)?;
    Ok(format!("{}%", backstop_units::format_decimal(parts.get(), 4)))
}

/// A reserve's money, rates and rules, interest of whole periods added.
///
/// # Errors
/// A reject when a rate does not fit.
pub(crate) fn reserve_view(state: &State, id: ReserveId, now: Timestamp) -> Result<Value, Halt> {
    let reserve = preview(state, id, now)?;
    let policy = &reserve.policy.interest;
    let held = &reserve.held;
    let rates = || -> Result<Value, MathError> {
        let utilization = held.utilization()?;
        let borrow = curve::yearly_rate(&policy.curve, utilization)?;
        let supply = supply_apr(policy, borrow, utilization)?;
        Ok(json!({
            "utilization": percent(utilization)?,
            "borrow_apr": percent(borrow)?,
            "supply_apr": percent(supply)?,
            "supply_apy": percent(apy(supply, policy.period)?)?,
            "supply": held.supply()?.floor(),
        }))
    };
    let rates = rates().map_err(Reject::from)?;
    Ok(json!({
        "reserve": reserve.label,
        "asset": asset_label(state, reserve.asset),
        "decimals": state.assets.expect(reserve.asset)?.decimals,
        "treasury": state.accounts.expect(reserve.treasury)?.label,
        "status": reserve.status,
        "listed": reserve.listed,
        "available": held.available,
        "borrowed": held.borrowed.ceil(),
        "shares": held.shares,
        "uncollected_interest": held.fees.floor(),
        "of_it_referrers": reserve.referrers.floor(),
        "impaired": reserve.impaired.ceil(),
        "impaired_loans": impaired_loans(state, id, &reserve)?,
        "occurrences": reserve.occurrences,
        "rates": rates,
        "accrued_at": reserve.accrued_at,
        "policy": reserve.policy,
    }))
}

/// Loans whose collateral is known to lack something. Where nothing lacks, no loan is looked at.
fn impaired_loans(
    state: &State,
    id: ReserveId,
    reserve: &LendingReserve,
) -> Result<Vec<Value>, Halt> {
    let mut rows = Vec::new();
    if reserve.impaired.is_zero() {
        return Ok(rows);
    }
    let lacking = |loan: &Loan| loan.reserve == id && !loan.impaired.is_zero();
    for (_, loan) in state.loans.iter().filter(|(_, loan)| lacking(loan)) {
        rows.push(json!({
            "account": state.accounts.expect(loan.account)?.label,
            "debt": loan.grown(reserve).map_err(Reject::from)?.ceil(),
            "lacks": loan.impaired.ceil(),
        }));
    }
    Ok(rows)
}

/// What an account supplied to a reserve, and its loan.
///
/// # Errors
/// A reject when a label is unknown.
pub(crate) fn lending_view(
    state: &State,
    (account, reserve): (Label, Label),
    now: Timestamp,
) -> Result<Value, Halt> {
    let (who, id) = (state.account_id(account)?, state.reserve_id(reserve)?);
    let held = preview(state, id, now)?;
    let shares = state.supply(id, who).map_or_else(Default::default, |(_, supply)| supply.shares);
    let (worth, leaves) = (held.held.worth(shares), held.exit(shares));
    Ok(json!({
        "account": account,
        "reserve": reserve,
        "shares": shares,
        "worth": worth.map_err(Reject::from)?.floor(),
        "paid_now": leaves.map_err(Reject::from)?.floor(),
        "loan": loan(state, &held, (who, id), now)?,
    }))
}

fn loan(
    state: &State,
    reserve: &LendingReserve,
    (who, id): (backstop_units::AccountId, ReserveId),
    now: Timestamp,
) -> Result<Value, Halt> {
    let Some((_, loan)) = state.loan(id, who) else { return Ok(Value::Null) };
    let counted = |counts| match worth(state, reserve, loan, (counts, now)) {
        Ok(worth) => Ok(Some(worth)),
        // Without a fresh price nobody can say.
        Err(Halt::Reject(_)) => Ok(None),
        Err(corrupt) => Err(corrupt),
    };
    let mut pledges = Vec::new();
    for pledge in &loan.pledges {
        let asset = state.assets.expect(pledge.asset)?.label;
        pledges.push(json!({ "asset": asset, "amount": pledge.amount }));
    }
    Ok(json!({
        "debt": loan.grown(reserve).map_err(Reject::from)?.ceil(),
        "pledges": pledges,
        "carries": counted(|rules| rules.borrow)?,
        "liquidated_above": counted(|rules| rules.liquidation)?,
        "impaired": loan.impaired.ceil(),
    }))
}

/// A vault: what it held when it was last touched, and what it is worth at this moment.
///
/// # Errors
/// A reject when it does not fit.
pub(crate) fn vault_view(state: &State, id: VaultId, now: Timestamp) -> Result<Value, Halt> {
    let item = state.vaults.expect(id)?;
    let (vault, valued) = touch::preview(state, id, now)?;
    let net = valued.net(vault.held.pending);
    let targets = weighed(&vault, &valued, net).map_err(Reject::from)?;
    let mut allocations = Vec::new();
    let places = vault.allocations.iter().zip(&valued.invested).zip(&targets);
    for ((allocation, worth), target) in places {
        let reserve = state.reserves.expect(allocation.reserve)?;
        allocations.push(json!({
            "reserve": reserve.label,
            "status": reserve.status,
            "kind": allocation.kind,
            "weight": allocation.weight,
            "cap": allocation.cap,
            "shares": allocation.shares,
            "worth": worth.floor(),
            "part": part(*worth, valued.holdings)?,
            "target": target,
            "target_atoms": target.floor(),
        }));
    }
    let waiting = item.waiting.iter().map(|(allocation, ready_at)| {
        let reserve = state.reserves.get(allocation.reserve).map(|reserve| reserve.label);
        let (weight, cap) = (allocation.weight, allocation.cap);
        json!({ "reserve": reserve, "weight": weight, "cap": cap, "ready_at": ready_at })
    });
    Ok(json!({
        "vault": item.label,
        "asset": asset_label(state, item.asset),
        "decimals": state.assets.expect(item.asset)?.decimals,
        "curator": state.accounts.expect(item.curator)?.label,
        "held": item.held,
        "holdings": valued.holdings,
        "net": net,
        "net_assets": net.floor(),
        "share_price": share_price(net, vault.held.shares)?,
        "idle": vault.held.idle,
        "idle_part": part(idle(vault.held.idle)?, valued.holdings)?,
        "pending_fees": vault.held.pending.floor(),
        "queue": {
            "shares": item.queue.round.and_then(|round| state.rounds.get(round)).map(|r| r.shares),
            "owed": item.queue.owed,
        },
        "losses": lost(state, id)?,
        "farm": item.farm.and_then(|farm| state.farms.get(farm)).map(|farm| farm.label),
        "insured": item.pool.is_some(),
        "bears": bearers(state, &vault, net)?,
        "yields": yields(state, (id, &vault, &valued), now)?,
        "allocations": allocations,
        "waiting": waiting.collect::<Vec<_>>(),
        "policy": item.policy,
    }))
}

/// A part of all as a percentage; none of nothing.
fn part(of: Fixed60, all: Fixed60) -> Result<String, Halt> {
    let portion = if all.is_zero() { Ok(Fixed60::ZERO) } else { of.over(all) };
    Ok(portion.and_then(percent).map_err(Reject::from)?)
}

fn idle(atoms: Amount) -> Result<Fixed60, Halt> {
    Ok(Fixed60::from_atoms(atoms).ok_or(MathError::Overflow).map_err(Reject::from)?)
}

/// What an account holds of a vault, waits with in its queue, and could claim.
///
/// # Errors
/// A reject when a label is unknown.
pub(crate) fn holding_view(
    state: &State,
    (account, vault): (Label, Label),
    now: Timestamp,
) -> Result<Value, Halt> {
    let (who, id) = (state.account_id(account)?, state.vault_id(vault)?);
    let shares = state.holding(id, who).map_or_else(Default::default, |(_, held)| held.shares);
    let (seen, valued) = touch::preview(state, id, now)?;
    let net = valued.net(seen.held.pending);
    let worth = if seen.held.shares.is_zero() {
        Ok(Amount::ZERO)
    } else {
        stands_for(net, seen.held.shares, shares)
    };
    let line = match state.waiting(id, who) {
        Some((_, waiting)) => {
            let round = state.rounds.expect(waiting.round)?;
            let waits = Some(waiting.round) == seen.queue.round;
            json!({
                "waits": waits,
                "shares": waiting.shares(round).map_err(Reject::from)?,
                "came": waiting.due(round).map_err(Reject::from)?.floor(),
            })
        }
        None => Value::Null,
    };
    Ok(json!({
        "account": account,
        "vault": vault,
        "shares": shares,
        "worth": worth.map_err(Reject::from)?,
        "queued": line,
    }))
}

/// What a vault earns, each part by itself: interest in its asset, rewards paid in, fees. The headline is what came in
/// over the window that it names, not a promise; the rest is at the rates of this moment.
fn yields(
    state: &State,
    (id, vault, valued): (VaultId, &Vault, &Valued),
    now: Timestamp,
) -> Result<Value, Halt> {
    let trail = state.trails.expect(id)?;
    let gross = blended(state, vault, valued)?;
    let answer = || -> Result<Value, MathError> {
        let rewards = &vault.held.rewards;
        let streams = if rewards.left.is_zero() || valued.holdings.is_zero() {
            Fixed60::ZERO
        } else {
            let yearly = rewards.per_second.mul_div_floor(31_536_000, 1)?;
            Fixed60::from_atoms(yearly).ok_or(MathError::Overflow)?.over(valued.holdings)?
        };
        let headline =
            trailing(&vault.returns, trail, now)?.map(|trailing| -> Result<Value, MathError> {
                let parts = trailing.yearly;
                let apy = apy(parts.interest, Span::days(1))?;
                let came = parts.interest.checked_add(parts.rewards).ok_or(MathError::Overflow)?;
                Ok(json!({
                    "since": trailing.since,
                    "interest_apr": percent(parts.interest)?,
                    "interest_apy": percent(apy)?,
                    "rewards_apr": percent(parts.rewards)?,
                    "fees_apr": percent(parts.fees)?,
                    "net_apr": signed_percent(difference(came, parts.fees)?)?,
                }))
            });
        Ok(json!({
            "interest_apy": percent(gross)?,
            "net_apy": signed_percent(net_of_fees(&vault.policy, gross)?)?,
            "rewards_apr": percent(streams)?,
            "headline": headline.transpose()?,
        }))
    };
    answer().map_err(|error| Reject::from(error).into())
}

fn difference(more: Fixed60, less: Fixed60) -> Result<Signed, MathError> {
    let signed = |of: Fixed60| i128::try_from(of.get()).map_err(|_| MathError::Overflow);
    Ok(Signed::new(signed(more)?.saturating_sub(signed(less)?)))
}

/// As [`percent`], below zero too.
fn signed_percent(portion: Signed) -> Result<String, MathError> {
    let text = percent(Fixed60::new(portion.get().unsigned_abs()))?;
    Ok(if portion.get() < 0 { format!("-{text}") } else { text })
}
