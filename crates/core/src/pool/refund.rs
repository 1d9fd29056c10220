//! What was released and nobody claimed goes back to the pool, to the matched tranche first, since it was hit last.
//!
//! ```text
//!   money  ──▶ idle money of the vault, and shares made for it ─┐
//!   shares ─────────────────────────────────────────────────────┴▶ matched tranche, at most what it gave
//!                                                                └▶ stakers' tranche
//! ```
//!
//! A tranche whose stakers have all left, or whose series has ended, has nobody to give to: the matcher or the curator gets
//! the shares then.

use super::liable::payment;
use crate::{
    event::PoolRefund,
    lending::vault::{evolve::holder, touch::marks, worth::bought},
    reject::{Corrupt, Halt, Reject},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, Fixed60, Shares, VaultId, VaultLossId};

/// What goes back of these atoms and shares at these net assets; money only if it buys a share.
pub(crate) fn refunded(
    state: &State,
    (loss, id): (VaultLossId, VaultId),
    (money, shares): (Amount, Shares),
    net: Fixed60,
) -> Result<Option<PoolRefund>, Halt> {
    let vault = state.vaults.expect(id)?;
    let (Some(paid), Some(pool_id)) = (payment(state, loss), vault.pool) else { return Ok(None) };
    let pool = state.insurance_pools.expect(pool_id)?;
    let priced = !net.is_zero() && !vault.held.shares.is_zero();
    let minted = if priced { bought(net, vault.held.shares, money)?.0 } else { Shares::ZERO };
    let money = if minted.is_zero() { Amount::ZERO } else { money };
    let all = shares.checked_add(minted).ok_or(Reject::overflow())?;
    if all.is_zero() {
        return Ok(None);
    }
    let matched = all.min(paid.matched);
    let own = all.saturating_sub(matched);
    let next = state.holdings.next_id();
    let place = |account: AccountId| state.holding(id, account).map_or(next, |(place, _)| place);
    let mut handed = Vec::new();
    let mut to = |stays: bool, account: Option<AccountId>, shares: Shares| match account {
        Some(account) if !stays && !shares.is_zero() => {
            handed.push((place(account), account, shares));
            Shares::ZERO
        }
        _ => shares,
    };
    let matcher = pool.matcher.map(|(account, _)| account);
    let matched = to(!pool.matched.units.is_zero(), matcher, matched);
    let lives = !pool.own.units.is_zero() && pool.own.series == paid.own.1;
    let own = to(lives, Some(vault.curator), own);
    let paid_in = Fixed60::from_atoms(money).ok_or(Reject::overflow())?;
    let marks = marks(vault, net.checked_add(paid_in).ok_or(Reject::overflow())?);
    Ok(Some(PoolRefund { pool: pool_id, vault: id, money, minted, own, matched, handed, marks }))
}

pub(crate) fn evolve(state: &mut State, it: &PoolRefund) -> Result<(), Corrupt> {
    let plus = |a: Shares, b: Shares| a.checked_add(b).ok_or(Corrupt::Overflow);
    let pool = state.insurance_pools.change(it.pool)?;
    pool.own.shares = plus(pool.own.shares, it.own)?;
    pool.matched.shares = plus(pool.matched.shares, it.matched)?;
    let pooled = plus(it.own, it.matched)?;
    let mut all = pooled;
    for (place, account, shares) in &it.handed {
        let own = holder(state, *place, (it.vault, *account))?;
        own.shares = plus(own.shares, *shares)?;
        all = plus(all, *shares)?;
    }
    let held = &mut state.vaults.change(it.vault)?.held;
    held.pooled = plus(held.pooled, pooled)?;
    held.shares = plus(held.shares, it.minted)?;
    let there = plus(held.escrowed, it.minted)?;
    held.escrowed = there.checked_sub(all).ok_or(Corrupt::CounterRange)?;
    held.idle = held.idle.checked_add(it.money).ok_or(Corrupt::Overflow)?;
    (held.basis, held.high) = (it.marks.basis, it.marks.high);
    Ok(())
}
