//! What events about compensation change, and what they post.

use super::book::{Claims, Compensation, PaidClaim};
use crate::{
    event::{ClaimsClosed, ClaimsCounted, CompensationClaimed, CompensationEvent},
    ledger::LedgerAccount,
    lending::vault::evolve::holder,
    pool::refund,
    reject::Corrupt,
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, Shares, VaultLossId};

pub(crate) fn evolve(state: &mut State, event: &CompensationEvent) -> Result<(), Corrupt> {
    match event {
        CompensationEvent::VaultLossAssessed { compensation, assessment } => {
            let assessment = (**assessment).clone();
            if *compensation == state.compensations.next_id() {
                state.labels.compensations.insert(assessment.loss, *compensation);
                let (disputed, paid_in) = (false, Vec::new());
                let new = Compensation { assessment, disputed, paid_in, claims: None, root: None };
                return state.compensations.insert(*compensation, new);
            }
            let held = state.compensations.change(*compensation)?;
            (held.assessment, held.disputed) = (assessment, false);
            Ok(())
        }
        CompensationEvent::VaultLossDisputed { compensation, .. } => {
            state.compensations.change(*compensation)?.disputed = true;
            Ok(())
        }
        CompensationEvent::CompensationPaidIn { compensation, account, amount, .. } => {
            let paid_in = &mut state.compensations.change(*compensation)?.paid_in;
            match paid_in.iter_mut().find(|(other, _)| other == account) {
                Some((_, sum)) => *sum = sum.checked_add(*amount).ok_or(Corrupt::Overflow)?,
                None => paid_in.push((*account, *amount)),
            }
            Ok(())
        }
        CompensationEvent::ClaimsOpened { compensation, money, shares, until, .. } => {
            let claims = Claims {
                money: *money,
                shares: *shares,
                until: *until,
                paid: Amount::ZERO,
                handed: Shares::ZERO,
                claimed: Shares::ZERO,
                closed: false,
            };
            state.compensations.change(*compensation)?.claims = Some(claims);
            Ok(())
        }
        CompensationEvent::CompensationClaimed(it) => claimed(state, it),
        CompensationEvent::ClaimsClosed(it) => closed(state, it),
        CompensationEvent::ClaimsRootPublished { compensation, root } => {
            state.compensations.change(*compensation)?.root = Some(**root);
            Ok(())
        }
        CompensationEvent::ClaimsRootStruck { compensation, .. } => {
            state.compensations.change(*compensation)?.root = None;
            Ok(())
        }
        CompensationEvent::ClaimsCounted(it) => counted(state, it),
    }
}

fn counted(state: &mut State, it: &ClaimsCounted) -> Result<(), Corrupt> {
    if let Some(root) = it.root {
        state.compensations.change(it.compensation)?.root = Some(root);
    }
    if it.id == state.claim_counts.next_id() {
        state.labels.claim_counts.insert((it.count.loss, it.count.account), it.id);
        return state.claim_counts.insert(it.id, it.count.clone());
    }
    *state.claim_counts.change(it.id)? = it.count.clone();
    Ok(())
}

fn claimed(state: &mut State, it: &CompensationClaimed) -> Result<(), Corrupt> {
    let id = state.paid_claims.next_id();
    state.labels.paid_claims.insert((it.loss, it.holding), id);
    state.paid_claims.insert(id, PaidClaim { loss: it.loss, holding: it.holding })?;
    let claims = open(state, it.compensation)?;
    claims.paid = claims.paid.checked_add(it.amount).ok_or(Corrupt::Overflow)?;
    claims.handed = plus(claims.handed, it.shares)?;
    claims.claimed = plus(claims.claimed, it.held)?;
    handed(state, (it.loss, it.holding, it.account), it.shares)
}

fn closed(state: &mut State, it: &ClaimsClosed) -> Result<(), Corrupt> {
    open(state, it.compensation)?.closed = true;
    it.refund.as_ref().map_or(Ok(()), |refund| refund::evolve(state, refund))
}

fn open(state: &mut State, compensation: u32) -> Result<&mut Claims, Corrupt> {
    let held = state.compensations.change(compensation)?;
    held.claims.as_mut().ok_or(Corrupt::DanglingHandle)
}

/// Shares that leave the account for a holder.
fn handed(
    state: &mut State,
    (loss, holding, account): (VaultLossId, u32, AccountId),
    shares: Shares,
) -> Result<(), Corrupt> {
    if shares.is_zero() {
        return Ok(());
    }
    let vault = state.vault_losses.expect(loss)?.vault;
    let own = holder(state, holding, (vault, account))?;
    own.shares = plus(own.shares, shares)?;
    let held = &mut state.vaults.change(vault)?.held;
    held.escrowed = held.escrowed.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    Ok(())
}

fn plus(a: Shares, b: Shares) -> Result<Shares, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}

/// Money of compensation.
pub(crate) fn postings<E>(
    event: &CompensationEvent,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        CompensationEvent::CompensationPaidIn { loss, account, asset, amount, .. } => {
            one(*asset, L::Balance(*account), L::Compensation(*loss), *amount)
        }
        CompensationEvent::CompensationClaimed(it) => {
            one(it.asset, L::Compensation(it.loss), L::Balance(it.account), it.amount)
        }
        CompensationEvent::ClaimsClosed(it) => {
            let from = L::Compensation(it.loss);
            for (to, amount) in &it.returned {
                one(it.asset, from, L::Balance(*to), *amount)?;
            }
            it.refund.as_ref().map_or(Ok(()), |refund| {
                one(it.asset, from, L::VaultIdle(refund.vault), refund.money)
            })
        }
        _ => Ok(()),
    }
}
