//! Claims: opened once an assessment stood, paid one by one or in parts, each once, closed at their end.

use super::{
    assess::of,
    book::{Claims, Compensation, assessed, find, in_kind, money},
    publish::proven,
    root::Leaf,
};
use crate::{
    command::{ClaimCompensation, PayClaims},
    event::{ClaimsClosed, CompensationClaimed, CompensationEvent},
    governance::Context,
    lending::vault::{
        book::Holding,
        snapshot::shares_at,
        touch::{leaving, touch},
    },
    pool::{liable::owing, refund::refunded},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{State, VaultLoss},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Label, Shares, VaultLossId, split::largest_remainder_of_many,
};

/// Claims in one command at most.
pub const PART_MAX: usize = 4_096;

/// Whether anyone may open claims: once nothing is short, or for as long after the assessment as claims would run.
/// Before that it is for who assesses, so that nobody shuts out money that is still to come.
pub(crate) fn anyone_opens(state: &State, loss: VaultLossId) -> Result<bool, Halt> {
    let Some(held) = state.compensation(loss) else { return Ok(true) };
    let policy = &state.vaults.expect(find(state, loss)?.vault)?.policy;
    let long = held.assessment.at.plus(policy.dispute_window).plus(policy.claim_window);
    Ok(state.meta.now >= long || held.shortfall(state)?.is_zero())
}

/// What is there then is shared, at most what was assessed. Nothing can come later: the loss is certain, and its pool
/// has paid what it can.
pub(crate) fn open(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    loss: VaultLossId,
) -> Result<(), Halt> {
    let state = txn.state();
    assessed(state, loss)?;
    let vault = find(state, loss)?.vault;
    let net = leaving(txn, context, vault)?.net;
    let state = txn.state();
    let (compensation, held) = assessed(state, loss)?;
    let policy = &state.vaults.expect(vault)?.policy;
    certain(state, held)?;
    let from = held.assessment.at.plus(policy.dispute_window);
    if context.now < from {
        return Err(Reject::new(RejectCode::ClaimsWait, context.now, from).into());
    }
    let until = context.now.plus(policy.claim_window);
    let (money, shares) = shared_out(state, held)?;
    if money.is_zero() && shares.is_zero() {
        return Err(Reject::none(RejectCode::NothingReleased).into());
    }
    let owing = owing(state, loss, net)?;
    if !owing.is_zero() {
        return Err(Reject::new(RejectCode::PoolOwes, owing, Amount::ZERO).into());
    }
    let opened = CompensationEvent::ClaimsOpened { compensation, loss, money, shares, until };
    txn.emit(of(opened))
}

/// Refuses claims that are open, and a loss that is in dispute or may still become larger.
fn certain(state: &State, held: &Compensation) -> Result<(), Halt> {
    let provisional = find(state, held.assessment.loss)?.amounts(state)?.provisional;
    let got = match (&held.claims, held.disputed, provisional.is_zero()) {
        (Some(_), _, _) => "open",
        (None, true, _) => "disputed",
        (None, false, false) => "provisional",
        (None, false, true) => return Ok(()),
    };
    Err(Reject::new(RejectCode::CompensationState, got, "assessed").into())
}

/// Money and released shares that are shared: all, or of each the part that the assessed amount is of all. **Rounding**
/// down.
fn shared_out(state: &State, held: &Compensation) -> Result<(Amount, Shares), Halt> {
    let loss = held.assessment.loss;
    let ((_, there), (shares, worth)) = (money(state, loss)?, in_kind(state, loss));
    let all = there.checked_add(worth).ok_or(Reject::overflow())?;
    let most = held.assessment.amount;
    if all <= most {
        return Ok((there, shares));
    }
    let part = (most.get(), all.get());
    Ok((there.mul_div_floor(part.0, part.1)?, shares.mul_div_floor(part.0, part.1)?))
}

/// Open claims of a loss.
pub(super) fn running(
    state: &State,
    loss: VaultLossId,
) -> Result<(u32, &Compensation, &Claims), Reject> {
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

/// What an account's claim comes to that was not paid.
///
/// # Errors
/// As [`entitled`], and [`RejectCode::AlreadyClaimed`].
pub fn due(
    state: &State,
    loss: VaultLossId,
    account: AccountId,
) -> Result<CompensationClaimed, Halt> {
    running(state, loss)?;
    let claimed = entitled(state, loss, account)?;
    if state.is_claimed(loss, claimed.holding) {
        let label = state.accounts.expect(account)?.label;
        return Err(Reject::got(RejectCode::AlreadyClaimed, label).into());
    }
    Ok(claimed)
}

/// What an account's claim comes to, paid or not: the same from the moment when claims opened, for ever.
///
/// # Errors
/// [`RejectCode::ClaimExcluded`] for the curator's owner group and who was named with it,
/// [`RejectCode::HeldNothing`].
pub fn entitled(
    state: &State,
    loss: VaultLossId,
    account: AccountId,
) -> Result<CompensationClaimed, Halt> {
    let share = Sharing::of(state, loss)?;
    share.may_claim(state, account)?;
    match state.holding(share.record.vault, account) {
        Some(place) => share.part(state, place),
        None => Err(Reject::got(RejectCode::HeldNothing, name(state, account)?).into()),
    }
}

fn name(state: &State, account: AccountId) -> Result<Label, Corrupt> {
    Ok(state.accounts.expect(account)?.label)
}

/// Claims on a loss that were opened, with what they hang on.
struct Sharing<'a> {
    loss: VaultLossId,
    record: &'a VaultLoss,
    compensation: u32,
    held: &'a Compensation,
    claims: &'a Claims,
    asset: AssetId,
    /// The curator's owner group.
    group: Label,
}

impl<'a> Sharing<'a> {
    fn of(state: &'a State, loss: VaultLossId) -> Result<Self, Halt> {
        let record = find(state, loss)?;
        let (compensation, held) = assessed(state, loss)?;
        let waits = || Reject::new(RejectCode::CompensationState, "assessed", "open");
        let claims = held.claims.as_ref().ok_or_else(waits)?;
        let vault = state.vaults.expect(record.vault)?;
        let group = state.accounts.expect(vault.curator)?.group;
        Ok(Self { loss, record, compensation, held, claims, asset: vault.asset, group })
    }

    fn may_claim(&self, state: &State, account: AccountId) -> Result<(), Halt> {
        let owner = state.accounts.expect(account)?;
        if owner.group == self.group || self.held.assessment.excluded.contains(&account) {
            return Err(Reject::got(RejectCode::ClaimExcluded, owner.label).into());
        }
        Ok(())
    }

    /// The part of one holder's place.
    fn part(
        &self,
        state: &State,
        (holding, place): (u32, &Holding),
    ) -> Result<CompensationClaimed, Halt> {
        let (account, held) = (place.account, shares_at(state, place, self.record.count)?);
        if held.is_zero() {
            return Err(Reject::got(RejectCode::HeldNothing, name(state, account)?).into());
        }
        let (amount, shares) = self.held.due(self.claims, held)?;
        let Self { loss, compensation, asset, .. } = *self;
        Ok(CompensationClaimed {
            compensation,
            loss,
            holding,
            account,
            held,
            asset,
            amount,
            shares,
        })
    }
}

/// The leaves of all claims on a loss, in the order in which holders came: what a root is over.
///
/// **Complexity** one step for each holder of any vault: it is a question, no rule asks it.
///
/// # Errors
/// Where claims were not opened.
pub fn leaves(state: &State, loss: VaultLossId) -> Result<Vec<Leaf>, Halt> {
    let share = Sharing::of(state, loss)?;
    let mut leaves = Vec::new();
    for place in state.holdings.iter().filter(|(_, place)| place.vault == share.record.vault) {
        let claim = share.may_claim(state, place.1.account).and_then(|()| share.part(state, place));
        match claim {
            Ok(claim) => leaves.push(leaf(state, &claim)?),
            Err(Halt::Reject(_)) => {}
            Err(corrupt) => return Err(corrupt),
        }
    }
    Ok(leaves)
}

/// The leaf of one claim.
pub(crate) fn leaf(state: &State, claim: &CompensationClaimed) -> Result<Leaf, Corrupt> {
    let account = name(state, claim.account)?;
    Ok(Leaf { index: claim.holding, account, amount: claim.amount })
}

pub(crate) fn claim(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ClaimCompensation,
) -> Result<(), Halt> {
    let account = txn.state().account_id(command.account)?;
    in_time(txn, context, command.loss)?;
    let claimed = due(txn.state(), command.loss, account)?;
    if let Some(proof) = &command.proof {
        proven(txn.state(), context.now, (&claimed, proof))?;
    }
    txn.emit(of(CompensationEvent::CompensationClaimed(Box::new(claimed))))
}

/// Refuses a list of none, or of more claims than one command may name.
pub(super) fn part(count: usize) -> Result<(), Reject> {
    if count == 0 || count > PART_MAX {
        return Err(Reject::new(RejectCode::BatchTooLarge, count, PART_MAX));
    }
    Ok(())
}

/// Who was paid in the meantime, or has no claim, is passed over; if that is everybody, it is refused.
pub(crate) fn pay(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &PayClaims,
) -> Result<(), Halt> {
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

pub(super) const fn passed_over(code: RejectCode) -> bool {
    matches!(code, RejectCode::ClaimExcluded | RejectCode::HeldNothing | RejectCode::AlreadyClaimed)
}

/// Gives back what nobody claimed: to those who paid in as much of each as of the whole, to the insurance pool what came
/// from it.
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
    let net = touch(txn, context, vault)?.net;
    let state = txn.state();
    let (compensation, held, claims) = running(state, loss)?;
    let (asset, left) = money(state, loss)?;
    let (mut returned, pooled) = shared(held, (claims, left))?;
    let shares = in_kind(state, loss).0.saturating_sub(claims.handed);
    let refund = refunded(state, (loss, vault), (pooled, shares), net)?;
    let put_back = refund.as_ref().map_or(Amount::ZERO, |refund| refund.money);
    // What buys no share of the vault anymore.
    returned.push((state.vaults.expect(vault)?.curator, pooled.saturating_sub(put_back)));
    returned.retain(|(_, part)| !part.is_zero());
    let closed = ClaimsClosed { compensation, loss, asset, returned, refund };
    txn.emit(of(CompensationEvent::ClaimsClosed(Box::new(closed))))
}

/// What is left, to those who paid in and to the pool. What was above the assessed amount is the pool's.
fn shared(
    held: &Compensation,
    (claims, left): (&Claims, Amount),
) -> Result<(Vec<(AccountId, Amount)>, Amount), Halt> {
    let released = claims.money.checked_sub(held.given()?).unwrap_or_default();
    let unclaimed = claims.money.saturating_sub(claims.paid).min(left);
    if unclaimed.is_zero() {
        return Ok((Vec::new(), left));
    }
    let mut weights: Vec<u128> = held.paid_in.iter().map(|(_, paid)| paid.get()).collect();
    weights.push(released.get());
    let parts = largest_remainder_of_many(unclaimed.get(), &weights)?;
    let back = held.paid_in.iter().zip(&parts);
    let back: Vec<_> = back.map(|((to, _), part)| (*to, Amount::new(*part))).collect();
    let given = back.iter().fold(Amount::ZERO, |sum, (_, part)| sum.saturating_add(*part));
    Ok((back, left.saturating_sub(given)))
}
