//! What events about insurance pools change.

use super::book::{InsurancePool, PoolPayment, PoolStake, PoolTicket, Tranche};
use crate::{
    event::{PoolEvent, PoolExit, PoolStaked, Released, Unmatched},
    ledger::LedgerAccount,
    lending::vault::snapshot::before_change,
    policy::{PoolSigner, ReleaseStatus},
    reject::Corrupt,
    state::State,
};
use backstop_units::{Amount, AssetId, Shares, Timestamp, VaultId};

pub(crate) fn evolve(state: &mut State, event: &PoolEvent) -> Result<(), Corrupt> {
    match event {
        PoolEvent::InsurancePoolCreated { pool, vault, council, nominee, matcher, policy } => {
            state.vaults.change(*vault)?.pool = Some(*pool);
            let created = InsurancePool {
                vault: *vault,
                policy: policy.clone(),
                council: *council,
                nominee: *nominee,
                owner: None,
                heir: None,
                nonce: 0,
                matcher: *matcher,
                own: Tranche::default(),
                matched: Tranche::default(),
                used: Amount::ZERO,
                principal: Amount::ZERO,
            };
            state.insurance_pools.insert(*pool, created)
        }
        PoolEvent::PoolStaked(it) => staked(state, it, false),
        PoolEvent::PoolMatched { staked: it, principal, value } => {
            staked(state, it, true)?;
            let pool = state.insurance_pools.change(it.pool)?;
            if it.fresh {
                (pool.principal, pool.used) = (Amount::ZERO, Amount::ZERO);
            }
            pool.principal = more(pool.principal, *principal)?;
            pool.used = more(pool.used, *value)?;
            Ok(())
        }
        PoolEvent::PoolExitSignalled { ticket, stake, units, due, .. } => {
            signalled(state, (*ticket, *stake), *units, *due)
        }
        PoolEvent::PoolExitCancelled { ticket } => closed(state, *ticket).map(drop),
        PoolEvent::PoolExitPaid(it) => paid(state, it),
        PoolEvent::PoolReleased(it) => released(state, it),
        PoolEvent::LossAbsorbed(it) => {
            taken(state, (it.pool, it.vault), (it.own, it.matched))?;
            let held = &mut state.vaults.change(it.vault)?.held;
            held.shares = less(less(held.shares, it.own)?, it.matched)?;
            let record = state.vault_losses.change(it.loss)?;
            let absorbed = record.absorbed.checked_add(it.amount);
            record.absorbed = absorbed.ok_or(Corrupt::Overflow)?;
            record.burned = plus(record.burned, plus(it.own, it.matched)?)?;
            Ok(())
        }
        PoolEvent::CommitmentBroken { breach, broken } => {
            state.pool_breaches.insert(*breach, **broken)
        }
        PoolEvent::ReleaseAnnounced { release, announced, nonce } => {
            signed(state, announced.pool, *nonce)?;
            state.pool_releases.insert(*release, **announced)
        }
        PoolEvent::ReleaseDisputed { release, pool, nonce, .. } => {
            signed(state, *pool, Some(*nonce))?;
            state.pool_releases.change(*release)?.status = ReleaseStatus::Disputed;
            Ok(())
        }
        PoolEvent::PoolOffered { .. }
        | PoolEvent::PoolAccepted { .. }
        | PoolEvent::PoolSignerSet { .. } => owner(state, event),
    }
}

fn owner(state: &mut State, event: &PoolEvent) -> Result<(), Corrupt> {
    match event {
        PoolEvent::PoolOffered { pool, owner, nonce } => {
            let pool = state.insurance_pools.change(*pool)?;
            pool.heir = Some(owner.clone());
            pool.nonce = nonce.unwrap_or(pool.nonce);
        }
        PoolEvent::PoolAccepted { pool, nonce } => {
            let pool = state.insurance_pools.change(*pool)?;
            (pool.owner, pool.nonce) = (pool.heir.take(), *nonce);
        }
        PoolEvent::PoolSignerSet { pool, signer, key, nonce } => {
            let pool = state.insurance_pools.change(*pool)?;
            pool.nonce = *nonce;
            match signer {
                PoolSigner::Council => pool.council = *key,
                PoolSigner::Nominee => pool.nominee = *key,
            }
        }
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}

fn staked(state: &mut State, it: &PoolStaked, matched: bool) -> Result<(), Corrupt> {
    let began = state.meta.next;
    before_change(state, it.holding)?;
    let holding = state.holdings.change(it.holding)?;
    holding.shares = less(holding.shares, it.shares)?;
    let vault = holding.vault;
    let held = &mut state.vaults.change(vault)?.held;
    held.pooled = plus(held.pooled, it.shares)?;
    let tranche = state.insurance_pools.change(it.pool)?.tranche_mut(matched);
    if it.fresh {
        let series = tranche.series.checked_add(1).ok_or(Corrupt::Overflow)?;
        *tranche = Tranche { series, ..Tranche::default() };
    }
    if tranche.units.is_zero() {
        tranche.began = began;
    }
    tranche.shares = plus(tranche.shares, it.shares)?;
    tranche.units = plus(tranche.units, it.units)?;
    let series = tranche.series;
    let none = PoolStake {
        account: it.account,
        pool: it.pool,
        matched,
        series,
        units: Shares::ZERO,
        exiting: Shares::ZERO,
        tickets: 0,
    };
    if it.stake == state.pool_stakes.next_id() {
        state.labels.pool_stakes.insert((it.pool, it.account, matched), it.stake);
        state.pool_stakes.insert(it.stake, none)?;
    }
    let stake = state.pool_stakes.change(it.stake)?;
    if stake.series != series {
        *stake = none;
    }
    stake.units = plus(stake.units, it.units)?;
    Ok(())
}

fn signalled(
    state: &mut State,
    (ticket, stake): (u32, u32),
    units: Shares,
    due: Timestamp,
) -> Result<(), Corrupt> {
    let signalled_at = state.meta.now;
    let held = state.pool_stakes.change(stake)?;
    held.exiting = plus(held.exiting, units)?;
    held.tickets = held.tickets.checked_add(1).ok_or(Corrupt::CounterRange)?;
    let (series, pool, matched) = (held.series, held.pool, held.matched);
    let tranche = state.insurance_pools.change(pool)?.tranche_mut(matched);
    tranche.exiting = plus(tranche.exiting, units)?;
    let item = PoolTicket { stake, series, units, signalled_at, due, closed: false };
    state.pool_tickets.insert(ticket, item)
}

/// Closes an exit; its units are free again, unless their series has ended.
fn closed(state: &mut State, id: u32) -> Result<PoolTicket, Corrupt> {
    let ticket = state.pool_tickets.change(id)?;
    ticket.closed = true;
    let ticket = *ticket;
    let stake = state.pool_stakes.expect(ticket.stake)?;
    let (pool, matched) = (stake.pool, stake.matched);
    if stake.series == ticket.series {
        let stake = state.pool_stakes.change(ticket.stake)?;
        stake.exiting = less(stake.exiting, ticket.units)?;
        stake.tickets = stake.tickets.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    }
    if state.insurance_pools.expect(pool)?.tranche(matched).series == ticket.series {
        let tranche = state.insurance_pools.change(pool)?.tranche_mut(matched);
        tranche.exiting = less(tranche.exiting, ticket.units)?;
    }
    Ok(ticket)
}

fn paid(state: &mut State, it: &PoolExit) -> Result<(), Corrupt> {
    let ticket = closed(state, it.ticket)?;
    let matched = state.pool_stakes.expect(ticket.stake)?.matched;
    if !matched && !it.units.is_zero() {
        let stake = state.pool_stakes.change(ticket.stake)?;
        stake.units = less(stake.units, it.units)?;
        let own = &mut state.insurance_pools.change(it.pool)?.own;
        own.units = less(own.units, it.units)?;
        own.shares = less(own.shares, it.shares)?;
        handed(state, it.holding, it.shares)?;
    }
    match &it.unmatched {
        Some(unmatched) => given_back(state, it.pool, unmatched),
        None => Ok(()),
    }
}

fn given_back(state: &mut State, pool: u32, it: &Unmatched) -> Result<(), Corrupt> {
    let stake = state.pool_stakes.change(it.stake)?;
    stake.units = less(stake.units, it.units)?;
    let pool = state.insurance_pools.change(pool)?;
    let matched = &mut pool.matched;
    matched.units = less(matched.units, it.units)?;
    matched.shares = less(less(matched.shares, it.shares)?, it.yielded)?;
    pool.own.shares = plus(pool.own.shares, it.yielded)?;
    pool.principal = fewer(pool.principal, it.principal)?;
    pool.used = fewer(pool.used, it.value)?;
    handed(state, it.holding, it.shares)
}

/// Shares that leave the pool for a holder.
fn handed(state: &mut State, holding: u32, shares: Shares) -> Result<(), Corrupt> {
    before_change(state, holding)?;
    let holding = state.holdings.change(holding)?;
    holding.shares = plus(holding.shares, shares)?;
    let vault = holding.vault;
    let held = &mut state.vaults.change(vault)?.held;
    held.pooled = less(held.pooled, shares)?;
    Ok(())
}

fn signed(state: &mut State, pool: u32, nonce: Option<u64>) -> Result<(), Corrupt> {
    let pool = state.insurance_pools.change(pool)?;
    pool.nonce = nonce.unwrap_or(pool.nonce);
    Ok(())
}

/// Shares that leave both tranches for a loss; no unit ends.
fn taken(
    state: &mut State,
    (pool, vault): (u32, VaultId),
    (own, matched): (Shares, Shares),
) -> Result<(), Corrupt> {
    let pool = state.insurance_pools.change(pool)?;
    pool.own.shares = less(pool.own.shares, own)?;
    pool.matched.shares = less(pool.matched.shares, matched)?;
    let held = &mut state.vaults.change(vault)?.held;
    held.pooled = less(less(held.pooled, own)?, matched)?;
    Ok(())
}

fn released(state: &mut State, it: &Released) -> Result<(), Corrupt> {
    taken(state, (it.pool, it.vault), (it.own, it.matched))?;
    signed(state, it.pool, it.nonce)?;
    let shares = plus(it.own, it.matched)?;
    let held = &mut state.vaults.change(it.vault)?.held;
    (held.basis, held.high) = (it.marks.basis, it.marks.high);
    let handed = if it.money.is_zero() {
        held.escrowed = plus(held.escrowed, shares)?;
        shares
    } else {
        held.shares = less(held.shares, shares)?;
        held.idle = fewer(held.idle, it.money)?;
        Shares::ZERO
    };
    if let Some(release) = it.release {
        state.pool_releases.change(release)?.status = ReleaseStatus::Paid;
    }
    if it.payment == state.pool_payments.next_id() {
        let series = state.insurance_pools.expect(it.pool)?.own.series;
        let (loss, none, shares) = (it.loss, Amount::ZERO, Shares::ZERO);
        let (own, matched) = ((shares, series), shares);
        let payment = PoolPayment { loss, money: none, shares, value: none, own, matched };
        state.labels.pool_payments.insert(loss, it.payment);
        state.pool_payments.insert(it.payment, payment)?;
    }
    let payment = state.pool_payments.change(it.payment)?;
    payment.money = more(payment.money, it.money)?;
    payment.shares = plus(payment.shares, handed)?;
    payment.value = more(payment.value, it.value)?;
    payment.own.0 = plus(payment.own.0, it.own)?;
    payment.matched = plus(payment.matched, it.matched)?;
    Ok(())
}

/// Money of pools.
pub(crate) fn postings<E>(
    event: &PoolEvent,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        PoolEvent::PoolReleased(it) => {
            one(it.asset, L::VaultIdle(it.vault), L::Compensation(it.loss), it.money)
        }
        _ => Ok(()),
    }
}

fn more(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn fewer(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}
fn plus(a: Shares, b: Shares) -> Result<Shares, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn less(a: Shares, b: Shares) -> Result<Shares, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}
