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
    lending::vault::book::Vault,
    policy::PoolMode,
    reject::{Halt, Reject},
    state::{State, VaultLoss},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Fixed60, MathError, Shares, VaultId, VaultLossId};

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
) -> Result<Vec<(VaultLossId, VaultLoss, Fixed60)>, Halt> {
    let mut found = Vec::new();
    for (id, loss) in losses(state, pool.vault) {
        if answering(pool, &loss) == (Shares::ZERO, Shares::ZERO) {
            continue;
        }
        let lost = loss.amounts(state)?.socialised;
        let lost = lost.saturating_sub(loss.cushioned).saturating_sub(loss.absorbed);
        if !lost.is_zero() {
            found.push((id, loss, lost));
        }
    }
    Ok(found)
}

fn sum(parts: impl Iterator<Item = Fixed60>) -> Result<Fixed60, MathError> {
    parts.into_iter().try_fold(Fixed60::ZERO, Fixed60::checked_add).ok_or(MathError::Overflow)
}

/// Burns what the losses of a vault take of its pool, once fees have borne their part.
pub(crate) fn absorb(txn: &mut Txn<'_>, vault: VaultId, net: Fixed60) -> Result<(), Halt> {
    let state = txn.state();
    let Some((id, pool)) = first_loss(state, state.vaults.expect(vault)?) else { return Ok(()) };
    let all = unborne(state, pool)?;
    let mut rest = sum(all.iter().map(|(_, _, lost)| *lost))?;
    for (loss, record, lost) in all {
        // As if the losses behind this one were still to come.
        let before = net.checked_add(rest).ok_or(Reject::overflow())?;
        rest = rest.saturating_sub(lost);
        let state = txn.state();
        let shares = state.vaults.expect(vault)?.held.shares;
        let there = answering(state.insurance_pools.expect(id)?, &record);
        let due = shares.mul_div_ceil(lost.get(), before.get())?;
        let (own, matched) = hit(due, there);
        let burned = own.saturating_add(matched);
        if burned.is_zero() {
            continue;
        }
        let amount = if burned < due {
            before.mul_div_floor(burned.get(), shares.get())?.min(lost)
        } else {
            lost
        };
        let absorbed = Box::new(LossAbsorbed { pool: id, vault, loss, own, matched, amount });
        txn.emit(Event::Pool(PoolEvent::LossAbsorbed(absorbed)))?;
    }
    Ok(())
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
