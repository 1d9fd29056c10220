//! Money for those whom a loss has hurt: only against a recorded loss, never more than it, only into its compensation
//! account.
//!
//! ```text
//!   council + nominee ── at once ─────────────────────────▶┐
//!   curator ──────────── announced, release_delay ────────▶┤ pool ──▶ compensation account of the loss
//!   one of the two ───── announced, silence of the other ─▶┤
//!   anyone ───────────── nobody has moved for `silence` ──▶┘
//! ```
//!
//! There is no penalty. What the vault has in idle money is paid in money, and the shares are burned; otherwise the
//! shares themselves are handed over.

use super::{
    book::InsurancePool,
    liable::{answering, hit, loss_of, releasable},
    signers,
};
use crate::{
    command::{AnnounceRelease, CarryRelease, DisputeRelease, ReleasePool},
    event::{Event, PoolEvent, Released},
    governance::Context,
    lending::{
        supply::some,
        vault::{
            touch::{leaving, marks, touch},
            worth::{burned, stands_for},
        },
    },
    policy::{BreachCause, PoolSigner, ReleaseBy, ReleaseStatus},
    reject::{Halt, Reject, RejectCode},
    state::{PoolBreach, PoolRelease, State},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Fixed60, Shares, VaultLossId};

/// By what right and under which announcement it is paid.
#[derive(Clone, Copy)]
struct Title {
    nonce: Option<u64>,
    release: Option<u32>,
}

/// At once, by both signatures over the exact command.
pub(crate) fn at_once(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ReleasePool,
) -> Result<(), Halt> {
    let state = txn.state();
    let (id, pool) = state.insurance_pool(command.vault)?;
    let nonce = signers::both(pool).verified(context)?.nonce;
    some(command.amount)?;
    loss_of(state, pool.vault, command.loss)?;
    let title = Title { nonce: Some(nonce), release: None };
    pay(txn, context, (id, command.loss), (command.amount, title))
}

/// Pays what was asked for, at most what the pool has that answers for the loss.
fn pay(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (id, loss): (u32, VaultLossId),
    (amount, title): (Amount, Title),
) -> Result<(), Halt> {
    let vault = txn.state().insurance_pools.expect(id)?.vault;
    let marked = touch(txn, context, vault)?.net;
    let net = leaving(txn, context, vault)?.net;
    let state = txn.state();
    let (pool, item) = (state.insurance_pools.expect(id)?, state.vaults.expect(vault)?);
    within(state, (loss, pool), amount)?;
    let there = answering(pool, loss_of(state, vault, loss)?);
    let (shares, value) = priced((net, item.held.shares), there, amount)?;
    let (own, matched) = hit(shares, there);
    let disputed = state.compensation(loss).is_some_and(|held| held.disputed);
    if disputed && title.release.is_some() {
        return Err(Reject::new(RejectCode::CompensationState, "disputed", "assessed").into());
    }
    let money = if item.held.idle >= value { value } else { Amount::ZERO };
    let out = Fixed60::from_atoms(money).ok_or(Reject::overflow())?;
    let payments = &state.labels.pool_payments;
    let released = Released {
        pool: id,
        vault,
        asset: item.asset,
        loss,
        own,
        matched,
        value,
        money,
        payment: payments.get(loss).unwrap_or(state.pool_payments.next_id()),
        release: title.release,
        nonce: title.nonce,
        marks: marks(item, marked.saturating_sub(out)),
    };
    txn.emit(Event::Pool(PoolEvent::PoolReleased(Box::new(released))))
}

/// Never more than what depositors lost and did not get back.
fn within(
    state: &State,
    (loss, pool): (VaultLossId, &InsurancePool),
    amount: Amount,
) -> Result<(), Halt> {
    let most = releasable(state, loss, loss_of(state, pool.vault, loss)?)?;
    if amount > most {
        return Err(Reject::new(RejectCode::AboveLoss, amount, most).into());
    }
    Ok(())
}

/// The shares that an amount costs and what they are worth: no more than there are. **Rounding** shares up.
fn priced(
    (net, all): (Fixed60, Shares),
    (own, matched): (Shares, Shares),
    amount: Amount,
) -> Result<(Shares, Amount), Halt> {
    let there = own.saturating_add(matched);
    let most = stands_for(net, all, there)?;
    if most.is_zero() {
        return Err(Reject::new(RejectCode::InsurancePoolEmpty, amount, most).into());
    }
    if amount >= most {
        return Ok((there, most));
    }
    let value = Fixed60::from_atoms(amount).ok_or(Reject::overflow())?;
    Ok((burned(net, all, value)?.min(there), amount))
}

/// Whether nobody has released for a loss since it was recorded, for as long as the pool's rules let signers be
/// silent.
pub(crate) fn overdue(state: &State, command: &AnnounceRelease) -> Result<bool, Halt> {
    let (_, pool) = state.insurance_pool(command.vault)?;
    let loss = loss_of(state, pool.vault, command.loss)?;
    Ok(state.meta.now >= loss.noticed_at.plus(pool.policy.silence))
}

/// Who may announce without a signature: the curator, and anyone once nobody has moved.
pub(crate) fn curator(state: &State, command: &AnnounceRelease) -> Result<AccountId, Halt> {
    let (_, pool) = state.insurance_pool(command.vault)?;
    Ok(state.vaults.expect(pool.vault)?.curator)
}

/// A release that can be paid later: the curator's after its public delay, one signer's once the other has been
/// silent for long.
pub(crate) fn announce(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &AnnounceRelease,
) -> Result<(), Halt> {
    let (id, pool) = txn.state().insurance_pool(command.vault)?;
    let nonce = match command.signer {
        Some(signer) => Some(signers::one(pool, signer).verified(context)?.nonce),
        None => None,
    };
    some(command.amount)?;
    let vault = pool.vault;
    loss_of(txn.state(), vault, command.loss)?;
    touch(txn, context, vault)?;
    let state = txn.state();
    let pool = state.insurance_pools.expect(id)?;
    within(state, (command.loss, pool), command.amount)?;
    let by = match command.signer {
        Some(PoolSigner::Council) => ReleaseBy::Council,
        Some(PoolSigner::Nominee) => ReleaseBy::Nominee,
        None if context.actor.is_none_or(|actor| Ok(actor) == curator(state, command)) => {
            ReleaseBy::Curator
        }
        None => ReleaseBy::Anyone,
    };
    let wait = match by {
        ReleaseBy::Council | ReleaseBy::Nominee => pool.policy.silence,
        ReleaseBy::Curator | ReleaseBy::Anyone => pool.policy.release_delay,
    };
    let announced = PoolRelease {
        pool: id,
        loss: command.loss,
        amount: command.amount,
        by,
        ready_at: context.now.plus(wait),
        status: ReleaseStatus::Announced,
    };
    let release = state.pool_releases.next_id();
    txn.emit(Event::Pool(PoolEvent::ReleaseAnnounced {
        release,
        announced: Box::new(announced),
        nonce,
    }))
}

/// A release that is neither paid nor disputed.
fn announced(state: &State, id: u32) -> Result<&PoolRelease, Reject> {
    let unknown = || Reject::got(RejectCode::UnknownRelease, id);
    let release = state.pool_releases.get(id).ok_or_else(unknown)?;
    if release.status != ReleaseStatus::Announced {
        return Err(Reject::new(RejectCode::ReleaseClosed, release.status.word(), "announced"));
    }
    Ok(release)
}

/// The signer who did not announce it says no: from then on both must sign.
pub(crate) fn dispute(
    state: &State,
    context: &Context<'_>,
    command: &DisputeRelease,
) -> Result<Event, Halt> {
    let (id, signer) = (command.release, command.signer);
    let release = announced(state, id)?;
    let pool = state.insurance_pools.expect(release.pool)?;
    let nonce = signers::one(pool, signer).verified(context)?.nonce;
    let other = match release.by {
        ReleaseBy::Council => signer == PoolSigner::Nominee,
        ReleaseBy::Nominee => signer == PoolSigner::Council,
        ReleaseBy::Anyone => true,
        ReleaseBy::Curator => false,
    };
    if !other {
        let (got, limit) = (signer.word(), "a signer who was silent");
        return Err(Reject::new(RejectCode::NotDisputable, got, limit).into());
    }
    Ok(Event::Pool(PoolEvent::ReleaseDisputed { release: id, pool: release.pool, signer, nonce }))
}

/// Pays an announced release, as far as the loss is not made good already and not in dispute; who was silent is
/// recorded.
pub(crate) fn carry(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CarryRelease,
) -> Result<(), Halt> {
    let id = command.release;
    let release = *announced(txn.state(), id)?;
    if context.now < release.ready_at {
        return Err(Reject::new(RejectCode::ReleaseWaits, context.now, release.ready_at).into());
    }
    let state = txn.state();
    let pool = state.insurance_pools.expect(release.pool)?;
    let most = releasable(state, release.loss, loss_of(state, pool.vault, release.loss)?)?;
    // Where nothing is left to make good, one atom tells.
    let amount = release.amount.min(most).max(Amount::new(1));
    let title = Title { nonce: None, release: Some(id) };
    pay(txn, context, (release.pool, release.loss), (amount, title))?;
    let silent: &[BreachCause] = match release.by {
        ReleaseBy::Curator => &[],
        ReleaseBy::Council => &[BreachCause::NomineeSilent],
        ReleaseBy::Nominee => &[BreachCause::CouncilSilent],
        ReleaseBy::Anyone => &[BreachCause::CouncilSilent, BreachCause::NomineeSilent],
    };
    silent
        .iter()
        .try_for_each(|cause| broken(txn, context, (release.pool, None), (*cause, release.loss)))
}

/// Records a commitment that was not kept, for everybody to see.
pub(crate) fn broken(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (pool, account): (u32, Option<AccountId>),
    (cause, loss): (BreachCause, VaultLossId),
) -> Result<(), Halt> {
    let breach = txn.state().pool_breaches.next_id();
    let broken = PoolBreach { pool, account, cause, loss, at: context.now };
    txn.emit(Event::Pool(PoolEvent::CommitmentBroken { breach, broken: Box::new(broken) }))
}
