//! Claims: opened once an assessment stood, paid one by one or in parts, each once, closed at their end.

use super::{
    assess::of,
    book::{Claims, Compensation, assessed, find, money},
};
use crate::{
    command::{ClaimCompensation, PayClaims},
    event::{ClaimsClosed, CompensationClaimed, CompensationEvent},
    governance::Context,
    lending::vault::{snapshot::shares_at, touch::touch},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, Shares, VaultLossId, split::largest_remainder_of_many};

/// Claims in one command at most.
pub const PART_MAX: usize = 4_096;

/// What is there then is shared; what comes later is not.
pub(crate) fn open(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    loss: VaultLossId,
) -> Result<(), Halt> {
    let state = txn.state();
    let (compensation, held) = assessed(state, loss)?;
    let policy = &state.vaults.expect(find(state, loss)?.vault)?.policy;
    if held.claims.is_some() || held.disputed {
        let got = if held.disputed { "disputed" } else { "open" };
        return Err(Reject::new(RejectCode::CompensationState, got, "assessed").into());
    }
    let from = held.assessment.at.plus(policy.dispute_window);
    if context.now < from {
        return Err(Reject::new(RejectCode::ClaimsWait, context.now, from).into());
    }
    let (_, money) = money(state, loss)?;
    let shares = escrowed(state, loss);
    if money.is_zero() && shares.is_zero() {
        return Err(Reject::none(RejectCode::NothingReleased).into());
    }
    let until = context.now.plus(policy.claim_window);
    let opened = CompensationEvent::ClaimsOpened { compensation, loss, money, shares, until };
    txn.emit(of(opened))
}

/// Shares of the vault that were released for a loss.
fn escrowed(_state: &State, _loss: VaultLossId) -> Shares {
    Shares::ZERO
}

/// Open claims of a loss.
fn running(state: &State, loss: VaultLossId) -> Result<(u32, &Compensation, &Claims), Reject> {
    let (id, held) = assessed(state, loss)?;
    match &held.claims {
        Some(claims) if !claims.closed => Ok((id, held, claims)),
        other => {
            let got = if other.is_some() { "closed" } else { "assessed" };
            Err(Reject::new(RejectCode::CompensationState, got, "open"))
        }
    }
}

/// Claims of a loss whose time is not over, the vault looked at.
fn in_time(txn: &mut Txn<'_>, context: &Context<'_>, loss: VaultLossId) -> Result<(), Halt> {
    let state = txn.state();
    let (_, _, claims) = running(state, loss)?;
    let (until, shares) = (claims.until, claims.shares);
    if context.now >= until {
        return Err(Reject::new(RejectCode::ClaimsOver, context.now, until).into());
    }
    if !shares.is_zero() {
        touch(txn, context, find(txn.state(), loss)?.vault)?;
    }
    Ok(())
}

/// What an account's claim comes to.
///
/// # Errors
/// [`RejectCode::ClaimExcluded`] for the curator's owner group and who was named with it,
/// [`RejectCode::HeldNothing`], [`RejectCode::AlreadyClaimed`].
pub fn due(
    state: &State,
    loss: VaultLossId,
    account: AccountId,
) -> Result<CompensationClaimed, Halt> {
    let record = find(state, loss)?;
    let (compensation, paying, claims) = running(state, loss)?;
    let vault = state.vaults.expect(record.vault)?;
    let owner = state.accounts.expect(account)?;
    let affiliated = owner.group == state.accounts.expect(vault.curator)?.group;
    if affiliated || paying.assessment.excluded.contains(&account) {
        return Err(Reject::got(RejectCode::ClaimExcluded, owner.label).into());
    }
    let nothing = || Reject::got(RejectCode::HeldNothing, owner.label);
    let (holding, place) = state.holding(record.vault, account).ok_or_else(nothing)?;
    let held = shares_at(state, place, record.count)?;
    if held.is_zero() {
        return Err(nothing().into());
    }
    if state.is_claimed(loss, holding) {
        return Err(Reject::got(RejectCode::AlreadyClaimed, owner.label).into());
    }
    let (amount, shares) = paying.due(claims, held)?;
    let asset = vault.asset;
    Ok(CompensationClaimed { compensation, loss, holding, account, held, asset, amount, shares })
}

pub(crate) fn claim(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ClaimCompensation,
) -> Result<(), Halt> {
    let account = txn.state().account_id(command.account)?;
    in_time(txn, context, command.loss)?;
    let claimed = due(txn.state(), command.loss, account)?;
    txn.emit(of(CompensationEvent::CompensationClaimed(Box::new(claimed))))
}

/// Who was paid in the meantime, or has no claim, is passed over; if that is everybody, it is refused.
pub(crate) fn pay(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &PayClaims,
) -> Result<(), Halt> {
    let count = command.accounts.len();
    if count == 0 || count > PART_MAX {
        return Err(Reject::new(RejectCode::BatchTooLarge, count, PART_MAX).into());
    }
    for label in &command.accounts {
        txn.state().account_id(*label)?;
    }
    in_time(txn, context, command.loss)?;
    let mut refused = None;
    let mut paid = false;
    for label in &command.accounts {
        let account = txn.state().account_id(*label)?;
        match due(txn.state(), command.loss, account) {
            Ok(claimed) => {
                txn.emit(of(CompensationEvent::CompensationClaimed(Box::new(claimed))))?;
                paid = true;
            }
            Err(Halt::Reject(reject)) if passed_over(reject.code) => {
                refused = refused.or(Some(reject));
            }
            Err(halt) => return Err(halt),
        }
    }
    match refused {
        Some(reject) if !paid => Err(reject.into()),
        _ => Ok(()),
    }
}

const fn passed_over(code: RejectCode) -> bool {
    matches!(code, RejectCode::ClaimExcluded | RejectCode::HeldNothing | RejectCode::AlreadyClaimed)
}

/// Gives back what nobody claimed: money to those who paid in, as much of each as of the whole, what came from the
/// insurance pool to its vault's curator, and shares to him.
pub(crate) fn close(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    loss: VaultLossId,
) -> Result<(), Halt> {
    let (_, _, claims) = running(txn.state(), loss)?;
    if context.now < claims.until {
        return Err(Reject::new(RejectCode::ClaimsRunning, context.now, claims.until).into());
    }
    let vault = find(txn.state(), loss)?.vault;
    touch(txn, context, vault)?;
    let state = txn.state();
    let (compensation, held, claims) = running(state, loss)?;
    let (asset, left) = money(state, loss)?;
    let curator = state.vaults.expect(vault)?.curator;
    let holding = state.holding(vault, curator).map_or(state.holdings.next_id(), |(id, _)| id);
    let shares = claims.shares.saturating_sub(claims.handed);
    let returned = shared(held, (curator, left))?;
    let closed = ClaimsClosed { compensation, loss, asset, returned, holding, curator, shares };
    txn.emit(of(CompensationEvent::ClaimsClosed(Box::new(closed))))
}

/// What is left, to those it came from.
fn shared(
    held: &Compensation,
    (curator, left): (AccountId, Amount),
) -> Result<Vec<(AccountId, Amount)>, Halt> {
    let (all, paid) = held.claims.as_ref().map_or_else(Default::default, |c| (c.money, c.paid));
    let given = held.paid_in.iter().try_fold(Amount::ZERO, |sum, (_, paid)| sum.checked_add(*paid));
    let pooled = all.checked_sub(given.ok_or(Reject::overflow())?).ok_or(Corrupt::CounterRange)?;
    let mut sources = held.paid_in.clone();
    sources.push((curator, pooled));
    let unclaimed = all.saturating_sub(paid).min(left);
    let mut returned = Vec::new();
    if !unclaimed.is_zero() {
        let weights: Vec<u128> = sources.iter().map(|(_, paid)| paid.get()).collect();
        let parts = largest_remainder_of_many(unclaimed.get(), &weights)?;
        returned.extend(sources.iter().zip(parts).map(|((to, _), part)| (*to, Amount::new(part))));
    }
    // What was released after claims opened is shared by nobody.
    returned.push((curator, left.saturating_sub(unclaimed)));
    returned.retain(|(_, part)| !part.is_zero());
    Ok(returned)
}
