//! A pool in first-loss mode: what a loss takes is burned of its shares in the same step, so that no other share falls
//! while the pool has any.
//!
//! ```text
//!   before   price = (net + lost) ÷ shares
//!   burned   shares × lost ÷ (net + lost), rounded up, at most what the pool has
//!   after    price = net ÷ (shares − burned): as before, while the pool sufficed
//! ```

use super::{
    book::InsurancePool,
    liable::{answering, hit, losses},
};
use crate::{
    event::{Event, LossAbsorbed, PoolEvent},
    lending::vault::{book::Vault, loss::coming},
    policy::PoolMode,
    reject::{Halt, Reject},
    state::{State, VaultLoss},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Fixed60, MathError, Shares, Timestamp, VaultId, VaultLossId};

/// The pool of a vault, if it is of this mode and has shares.
fn first_loss<'a>(state: &'a State, vault: &Vault) -> Option<(u32, &'a InsurancePool)> {
    let id = vault.pool.filter(|_| !vault.held.pooled.is_zero())?;
    let pool = state.insurance_pools.get(id)?;
    (pool.policy.mode == PoolMode::FirstLoss).then_some((id, pool))
}

/// What of each loss is certain, that the pool answers for and did not bear yet.
fn unborne(
    state: &State,
    pool: &InsurancePool,
    found: impl IntoIterator<Item = (VaultLossId, VaultLoss)>,
) -> Result<Vec<(VaultLossId, VaultLoss, Fixed60)>, Halt> {
    let mut all = Vec::new();
    for (id, loss) in found {
        if answering(pool, &loss) == (Shares::ZERO, Shares::ZERO) {
            continue;
        }
        let lost = loss.amounts(state)?.socialised;
        let lost = lost.saturating_sub(loss.cushioned).saturating_sub(loss.absorbed);
        if !lost.is_zero() {
            all.push((id, loss, lost));
        }
    }
    Ok(all)
}

fn sum(parts: impl Iterator<Item = Fixed60>) -> Result<Fixed60, MathError> {
    parts.into_iter().try_fold(Fixed60::ZERO, Fixed60::checked_add).ok_or(MathError::Overflow)
}

/// What one loss takes of a pool: shares of the stakers' tranche, of the matched one, and what of it they bear.
type Burn = (Shares, Shares, Fixed60);

/// What losses take of a pool one after the other, at the vault's net assets after all of them. **Rounding** shares up.
fn burns(
    pool: &InsurancePool,
    (net, mut shares): (Fixed60, Shares),
    losses: &[(VaultLossId, VaultLoss, Fixed60)],
) -> Result<Vec<Burn>, Halt> {
    let mut rest = sum(losses.iter().map(|(_, _, lost)| *lost))?;
    let mut taken = (Shares::ZERO, Shares::ZERO);
    let mut burns = Vec::with_capacity(losses.len());
    for (_, record, lost) in losses {
        // As if the losses behind this one were still to come.
        let before = net.checked_add(rest).ok_or(Reject::overflow())?;
        rest = rest.saturating_sub(*lost);
        let (own, matched) = answering(pool, record);
        let there = (own.saturating_sub(taken.0), matched.saturating_sub(taken.1));
        let due = shares.mul_div_ceil(lost.get(), before.get())?;
        let (own, matched) = hit(due, there);
        let burned = own.saturating_add(matched);
        let amount = if burned < due {
            before.mul_div_floor(burned.get(), shares.get())?.min(*lost)
        } else {
            *lost
        };
        taken = (taken.0.saturating_add(own), taken.1.saturating_add(matched));
        shares = shares.saturating_sub(burned);
        burns.push((own, matched, amount));
    }
    Ok(burns)
}

/// Burns what the losses of a vault take of its pool, once fees have borne their part.
pub(crate) fn absorb(txn: &mut Txn<'_>, vault: VaultId, net: Fixed60) -> Result<(), Halt> {
    let state = txn.state();
    let held = state.vaults.expect(vault)?;
    let Some((pool, found)) = first_loss(state, held) else { return Ok(()) };
    let all = unborne(state, found, losses(state, vault))?;
    let burns = burns(found, (net, held.held.shares), &all)?;
    for ((loss, _, _), (own, matched, amount)) in all.into_iter().zip(burns) {
        if own.is_zero() && matched.is_zero() {
            continue;
        }
        let absorbed = Box::new(LossAbsorbed { pool, vault, loss, own, matched, amount });
        txn.emit(Event::Pool(PoolEvent::LossAbsorbed(absorbed)))?;
    }
    Ok(())
}

/// What the next command will burn for losses that no command has seen yet, once fees have borne so much of them: the
/// newest first.
pub(crate) fn foreseen(
    state: &State,
    (id, vault): (VaultId, &Vault),
    (net, mut cushion): (Fixed60, Fixed60),
    now: Timestamp,
) -> Result<(Shares, Shares), Halt> {
    let Some((_, pool)) = first_loss(state, vault) else { return Ok(Default::default()) };
    let next = state.vault_losses.next_id();
    let new = coming(state, (id, vault), now)?.into_iter().map(|loss| (next, loss));
    let mut all = unborne(state, pool, new.chain(losses(state, id)))?;
    for (_, _, lost) in &mut all {
        let part = cushion.min(*lost);
        (*lost, cushion) = (lost.saturating_sub(part), cushion.saturating_sub(part));
    }
    let burns = burns(pool, (net, vault.held.shares), &all)?;
    Ok(burns.into_iter().fold(Default::default(), |sum: (Shares, Shares), (own, matched, _)| {
        (sum.0.saturating_add(own), sum.1.saturating_add(matched))
    }))
}

/// The shares that bear what a vault's reserves are known to lack, as who leaves sees it: without those of the pool
/// that would be burned for it.
pub(crate) fn bearing(
    state: &State,
    vault: &Vault,
    (marked, sound): (Fixed60, Fixed60),
) -> Result<Shares, Halt> {
    let all = vault.held.shares;
    let Some((_, pool)) = first_loss(state, vault).filter(|_| sound < marked) else {
        return Ok(all);
    };
    let mut lacking = Fixed60::ZERO;
    let mut there = (pool.own.shares, pool.matched.shares);
    for (_, loss) in losses(state, pool.vault) {
        let provisional = loss.amounts(state)?.provisional;
        let (own, matched) = answering(pool, &loss);
        if provisional.is_zero() || (own, matched) == (Shares::ZERO, Shares::ZERO) {
            continue;
        }
        // Who can't be hit by one of them is counted for none.
        there = (there.0.min(own), there.1.min(matched));
        lacking = sum([lacking, provisional].into_iter())?;
    }
    let lacking = lacking.min(marked.saturating_sub(sound));
    let due = all.mul_div_ceil(lacking.get(), marked.get())?;
    let (own, matched) = hit(due, there);
    Ok(all.saturating_sub(own).saturating_sub(matched))
}
