//! Insurance pools: all of one is visible to all.

use backstop_core::{
    Halt, Reject, State,
    lending::vault::{touch, worth::stands_for},
    pool::{
        book::InsurancePool,
        coverage::{Coverage, coverage},
        matching::room,
    },
    state::{PoolPayment, PoolRelease, PoolStake, Vault},
};
use backstop_units::{Amount, Fixed60, Label, Shares, Timestamp, VaultId};
use serde_json::{Value, json};

/// The pool of a vault: tranches, coverage, stakes, open exits with their days, owner and signers.
///
/// # Errors
/// A reject where the vault has no pool.
pub(crate) fn insurance_view(state: &State, vault: Label, now: Timestamp) -> Result<Value, Halt> {
    let (id, pool) = state.insurance_pool(vault)?;
    let item = state.vaults.expect(pool.vault)?;
    let worth = worth(state, pool.vault, now)?;
    let cover = coverage(state, pool.vault, pool)?;
    let tranche = |matched: bool, (all, live): (Shares, Shares)| -> Result<Value, Halt> {
        let held = pool.tranche(matched);
        Ok(json!({
            "shares": all, "worth": worth(all)?, "live_shares": live, "live_worth": worth(live)?,
            "units": held.units, "exiting_units": held.exiting, "series": held.series,
            "stakes": stakes(state, id, matched),
        }))
    };
    let owner = pool.owner.as_deref();
    Ok(json!({
        "vault": vault,
        "asset": state.assets.expect(item.asset)?.label,
        "decimals": state.assets.expect(item.asset)?.decimals,
        "curator": state.accounts.expect(item.curator)?.label,
        "own": tranche(false, cover.own)?,
        "matched": tranche(true, cover.matched)?,
        "match_used": pool.used(),
        "match_principal": pool.principal,
        "match_room": room(pool)?,
        "covered_shares": cover.others,
        "covered_worth": worth(cover.others)?,
        "leaving_worth": leaving(&cover, &worth)?,
        "affiliated_shares": cover.affiliated,
        "coverage": cover.live,
        "exits": exits(state, id, pool)?,
        "releases": releases(state, id),
        "released": released(state, pool.vault),
        "breaches": breaches(state, id),
        "owner": owner,
        "offered_to": pool.heir.as_deref(),
        "council": pool.council,
        "nominee": pool.nominee,
        "nonce": pool.nonce,
        "policy": pool.policy,
    }))
}

/// What shares of a vault stand for at a moment, in atoms. **Rounding** down.
fn worth(
    state: &State,
    id: VaultId,
    now: Timestamp,
) -> Result<impl Fn(Shares) -> Result<Amount, Halt> + use<>, Halt> {
    let (vault, valued) = touch::preview(state, id, now)?;
    let (net, all) = (valued.net(vault.held.pending), vault.held.shares);
    Ok(move |shares| Ok(stands_for(net, all, shares).map_err(Reject::from)?))
}

/// What shares of both tranches stand for that are on their way out; still liable until they are paid. **Rounding**
/// down.
fn leaving(
    cover: &Coverage,
    worth: &impl Fn(Shares) -> Result<Amount, Halt>,
) -> Result<Amount, Halt> {
    let out = [cover.own, cover.matched].map(|(all, live)| all.saturating_sub(live));
    worth(out.into_iter().fold(Shares::ZERO, Shares::saturating_add))
}

/// Who bears a loss of a vault, the first one first: fees that are not collected, then the pool's stakers and the
/// matched money, then holders. Without the fees they add up to the vault's net assets.
///
/// **Rounding** the pool's parts down; what is left of net assets is the holders'.
pub(super) fn bearers(state: &State, vault: &Vault, net: Fixed60) -> Result<Vec<Value>, Halt> {
    let row = |who: &str, amount: Amount| json!({ "who": who, "amount": amount });
    let held = &vault.held;
    let mut rows = vec![row("pending_fees", held.pending.floor())];
    let mut left = net.floor();
    if let Some(pool) = vault.pool.filter(|_| !held.shares.is_zero()) {
        let pool = state.insurance_pools.expect(pool)?;
        for (who, matched) in [("pool_own", false), ("pool_matched", true)] {
            let shares = pool.tranche(matched).shares;
            let worth = stands_for(net, held.shares, shares).map_err(Reject::from)?;
            left = left.saturating_sub(worth);
            rows.push(row(who, worth));
        }
    }
    rows.push(row("holders", left));
    Ok(rows)
}

fn name(state: &State, stake: &PoolStake) -> Label {
    state.accounts.get(stake.account).map_or(Label::NONE, |account| account.label)
}

fn stakes(state: &State, pool: u32, matched: bool) -> Vec<Value> {
    let of = |stake: &&PoolStake| stake.pool == pool && stake.matched == matched;
    let stakes = state.pool_stakes.iter().map(|(_, stake)| stake).filter(of);
    stakes
        .map(|stake| {
            let (units, exiting) = (stake.units, stake.exiting);
            json!({ "account": name(state, stake), "units": units, "exiting_units": exiting, "series": stake.series })
        })
        .collect()
}

/// Open exits, with what they would pay now and the day from which they are paid.
fn exits(state: &State, id: u32, pool: &InsurancePool) -> Result<Vec<Value>, Halt> {
    let mut list = Vec::new();
    for (ticket, exit) in state.pool_tickets.iter().filter(|(_, exit)| !exit.closed) {
        let stake = state.pool_stakes.expect(exit.stake)?;
        if stake.pool != id {
            continue;
        }
        let tranche = pool.tranche(stake.matched);
        let current = exit.series == tranche.series;
        let shares =
            if current { tranche.worth(exit.units).map_err(Reject::from)? } else { Shares::ZERO };
        list.push(json!({
            "ticket": ticket, "account": name(state, stake), "matched": stake.matched,
            "units": exit.units, "shares": shares, "signalled_at": exit.signalled_at, "due": exit.due,
        }));
    }
    Ok(list)
}

/// Releases that were announced, and what became of them.
fn releases(state: &State, id: u32) -> Vec<Value> {
    let of = |(_, release): &(u32, &PoolRelease)| release.pool == id;
    let all = state.pool_releases.iter().filter(of);
    all.map(|(release, it)| {
        json!({
            "release": release, "loss": it.loss, "amount": it.amount, "by": it.by,
            "ready_at": it.ready_at, "status": it.status,
        })
    })
    .collect()
}

/// What was released for each loss of a vault.
fn released(state: &State, vault: VaultId) -> Vec<Value> {
    let of = |payment: &&PoolPayment| {
        state.vault_losses.get(payment.loss).is_some_and(|loss| loss.vault == vault)
    };
    let all = state.pool_payments.iter().map(|(_, payment)| payment).filter(of);
    all.map(|it| {
        let (money, shares, value) = (it.money, it.shares, it.value);
        json!({ "loss": it.loss, "money": money, "shares": shares, "value": value })
    })
    .collect()
}

/// Commitments that were not kept.
fn breaches(state: &State, id: u32) -> Vec<Value> {
    let all = state.pool_breaches.iter().map(|(_, breach)| breach);
    all.filter(|breach| breach.pool == id)
        .map(|it| {
            let account = it.account.and_then(|account| state.accounts.get(account));
            let account = account.map(|account| account.label);
            json!({ "cause": it.cause, "account": account, "loss": it.loss, "at": it.at })
        })
        .collect()
}
