//! For which losses a pool stands, and how much of them is left to make good.
//!
//! A tranche answers for losses that occurred after its series began: who stakes after one never pays for it.

use super::book::{InsurancePool, Tranche};
use crate::{
    compensation::assess::eligible,
    lending::vault::worth::stands_for,
    reject::{Halt, Reject, RejectCode},
    state::{PoolPayment, State, VaultLoss},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Fixed60, Shares, VaultId, VaultLossId};

/// How many losses of one reserve are looked at, the newest first.
const DEPTH: usize = 16;

/// A loss of this vault.
pub(crate) fn loss_of(
    state: &State,
    vault: VaultId,
    loss: VaultLossId,
) -> Result<&VaultLoss, Halt> {
    let unknown = || Reject::got(RejectCode::UnknownVaultLoss, loss.get());
    let record = state.vault_losses.get(loss).ok_or_else(unknown)?;
    if record.vault != vault {
        let [got, limit] = [record.vault, vault].map(|id| state.vaults.expect(id));
        return Err(Reject::new(RejectCode::OtherVaultsLoss, got?.label, limit?.label).into());
    }
    Ok(record)
}

impl Tranche {
    /// Whether it answers for a loss.
    pub fn answers(&self, loss: &VaultLoss) -> bool {
        !self.shares.is_zero() && self.began < loss.seq
    }
}

/// The shares of each tranche, the stakers' first, that answer for a loss.
pub fn answering(pool: &InsurancePool, loss: &VaultLoss) -> (Shares, Shares) {
    let of = |tranche: &Tranche| if tranche.answers(loss) { tranche.shares } else { Shares::ZERO };
    (of(&pool.own), of(&pool.matched))
}

/// Splits shares that a loss takes: the stakers' tranche is hit first.
pub(crate) fn hit(shares: Shares, (own, matched): (Shares, Shares)) -> (Shares, Shares) {
    let first = shares.min(own);
    (first, shares.saturating_sub(first).min(matched))
}

/// What depositors outside of the curator's owner group have lost for good and nobody made good yet, in atoms: at most what was assessed, and nothing more once
/// claims are open. **Rounding** down.
///
/// # Errors
/// [`RejectCode::Overflow`] from 2⁶⁸ atoms on.
pub fn releasable(state: &State, id: VaultLossId, loss: &VaultLoss) -> Result<Amount, Halt> {
    let borne = loss.borne_of(state, eligible(state, loss, &[])?)?.floor();
    let released = payment(state, id).map_or(Amount::ZERO, |payment| payment.value);
    let Some(compensation) = state.compensation(id) else {
        return Ok(borne.saturating_sub(released));
    };
    if compensation.claims.is_some() {
        return Ok(Amount::ZERO);
    }
    let given = compensation.given()?.checked_add(released).ok_or(Reject::overflow())?;
    Ok(borne.min(compensation.assessment.amount).saturating_sub(given))
}

/// What was released for a loss.
pub fn payment(state: &State, id: VaultLossId) -> Option<&PoolPayment> {
    state.pool_payments.get(state.labels.pool_payments.get(id)?)
}

/// What the vault's pool could still release for a loss at these net assets: nothing once the loss is made good, or
/// the pool has nothing that answers for it. **Rounding** down.
///
/// # Errors
/// [`RejectCode::Overflow`] from 2⁶⁸ atoms on.
pub(crate) fn owing(state: &State, id: VaultLossId, net: Fixed60) -> Result<Amount, Halt> {
    let loss = state.vault_losses.expect(id)?;
    let vault = state.vaults.expect(loss.vault)?;
    let Some(pool) = vault.pool.and_then(|pool| state.insurance_pools.get(pool)) else {
        return Ok(Amount::ZERO);
    };
    let (own, matched) = answering(pool, loss);
    let there = own.saturating_add(matched);
    Ok(stands_for(net, vault.held.shares, there)?.min(releasable(state, id, loss)?))
}

/// The losses of a vault, of each reserve the newest first. **Complexity** 16 for each of at most 25 reserves.
pub(crate) fn losses(state: &State, vault: VaultId) -> Vec<(VaultLossId, VaultLoss)> {
    let allocations = state.vaults.get(vault).map_or(&[][..], |vault| &vault.allocations);
    let mut found = Vec::new();
    for allocation in allocations {
        let mut next = allocation.loss;
        for _ in 0..DEPTH {
            let Some((id, loss)) = next.and_then(|id| state.vault_losses.get(id).map(|l| (id, l)))
            else {
                break;
            };
            found.push((id, *loss));
            next = loss.earlier;
        }
    }
    found
}

/// A loss that the pool answers for and that is not over: it may still be lost, or is not made good.
pub(crate) fn open_loss(state: &State, pool: &InsurancePool) -> Result<Option<VaultLossId>, Halt> {
    for (id, loss) in losses(state, pool.vault) {
        if answering(pool, &loss) == (Shares::ZERO, Shares::ZERO) {
            continue;
        }
        let amounts = loss.amounts(state)?;
        let lost = !amounts.socialised.is_zero() && !releasable(state, id, &loss)?.is_zero();
        if lost || !amounts.provisional.is_zero() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
