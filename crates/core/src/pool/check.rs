//! Invariant P1, counted over all insurance pools.

use crate::{reject::Corrupt, state::State};
use alloc::collections::BTreeMap;
use backstop_units::{Shares, VaultId};

/// What the stakes and exits of a tranche add up to.
#[derive(Default)]
struct Sums {
    units: Shares,
    exiting: Shares,
    tickets: Shares,
}

/// Counts all pools.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut sums: BTreeMap<(u32, bool), Sums> = BTreeMap::new();
    let current = |pool: u32, matched: bool| -> Result<u32, Corrupt> {
        Ok(state.insurance_pools.expect(pool)?.tranche(matched).series)
    };
    let add = |a: &mut Shares, b: Shares| -> Result<(), Corrupt> {
        *a = a.checked_add(b).ok_or(Corrupt::Overflow)?;
        Ok(())
    };
    for (_, stake) in state.pool_stakes.iter() {
        if stake.series == current(stake.pool, stake.matched)? {
            let sum = sums.entry((stake.pool, stake.matched)).or_default();
            add(&mut sum.units, stake.units)?;
            add(&mut sum.exiting, stake.exiting)?;
        }
    }
    for (_, ticket) in state.pool_tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        let stake = state.pool_stakes.expect(ticket.stake)?;
        if ticket.series == current(stake.pool, stake.matched)? {
            add(&mut sums.entry((stake.pool, stake.matched)).or_default().tickets, ticket.units)?;
        }
    }
    for (id, pool) in state.insurance_pools.iter() {
        for matched in [false, true] {
            let (tranche, sum) =
                (pool.tranche(matched), sums.remove(&(id, matched)).unwrap_or_default());
            let sound = sum.units == tranche.units
                && sum.exiting == tranche.exiting
                && sum.tickets == tranche.exiting
                && tranche.exiting <= tranche.units
                && (!tranche.units.is_zero() || tranche.shares.is_zero());
            if !sound {
                return Err(Corrupt::Invariant("P1"));
            }
        }
        let vault = state.vaults.expect(pool.vault)?;
        let shares = pool.own.shares.checked_add(pool.matched.shares);
        if vault.pool != Some(id) || shares != Some(vault.held.pooled) {
            return Err(Corrupt::Invariant("P1"));
        }
    }
    if !sums.is_empty() {
        return Err(Corrupt::DanglingHandle);
    }
    escrow(state)
}

/// What was released in shares and nobody has claimed is what its vault keeps for that.
fn escrow(state: &State) -> Result<(), Corrupt> {
    let mut kept: BTreeMap<VaultId, Shares> = BTreeMap::new();
    for (_, payment) in state.pool_payments.iter() {
        let claims = state.compensation(payment.loss).and_then(|held| held.claims.as_ref());
        let handed = match claims {
            Some(claims) if claims.closed => payment.shares,
            Some(claims) => claims.handed,
            None => Shares::ZERO,
        };
        let left = payment.shares.checked_sub(handed).ok_or(Corrupt::Invariant("P1"))?;
        let sum = kept.entry(state.vault_losses.expect(payment.loss)?.vault).or_default();
        *sum = sum.checked_add(left).ok_or(Corrupt::Overflow)?;
    }
    let sound = state
        .vaults
        .iter()
        .all(|(id, vault)| vault.held.escrowed == kept.remove(&id).unwrap_or_default());
    if sound { Ok(()) } else { Err(Corrupt::Invariant("P1")) }
}
