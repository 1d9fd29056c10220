//! What of a loss is to be made good, disputes of that, and money toward it.

use super::book::{Compensation, assessed, find, money};
use crate::{
    command::{AssessVaultLoss, DisputeVaultLoss, PayCompensation},
    event::{Assessment, CompensationEvent, Event},
    governance::Context,
    lending::{
        supply::payable,
        vault::{kin, snapshot::shares_at, touch::touch},
    },
    reject::{Halt, Reject, RejectCode},
    state::{State, VaultLoss},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Hash, Shares};

/// Accounts that are named to have no claim, and accounts that pay toward one loss, at most.
pub const NAMED_MAX: usize = 16;

/// Says how much, at most what those with a claim have lost for good.
pub(crate) fn assess(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &AssessVaultLoss,
) -> Result<(), Halt> {
    let state = txn.state();
    let mut excluded = Vec::new();
    for label in &command.excluded {
        let account = state.account_id(*label)?;
        if !excluded.contains(&account) {
            excluded.push(account);
        }
    }
    let vault = find(state, command.loss)?.vault;
    evidenced(command.evidence)?;
    touch(txn, context, vault)?;
    let state = txn.state();
    let record = find(state, command.loss)?;
    let curator = state.vaults.expect(vault)?.curator;
    if !excluded.contains(&curator) {
        excluded.push(curator);
    }
    let eligible = eligible(state, record, &excluded)?;
    let most = record.borne_of(state, eligible)?.floor();
    let amount = command.amount.unwrap_or(most);
    let old = state.labels.compensations.get(command.loss);
    let held = old.and_then(|id| state.compensations.get(id));
    if held.is_some_and(|held| held.claims.is_some()) {
        return Err(Reject::new(RejectCode::CompensationState, "open", "assessed").into());
    }
    if amount > most || amount.is_zero() {
        return Err(Reject::new(RejectCode::AboveBorne, amount, most).into());
    }
    let assessment = Assessment {
        loss: command.loss,
        amount,
        eligible,
        excluded,
        evidence: command.evidence,
        revision: held.map_or(0, |held| held.assessment.revision.saturating_add(1)),
        at: context.now,
    };
    let compensation = old.unwrap_or(state.compensations.next_id());
    let assessment = Box::new(assessment);
    txn.emit(of(CompensationEvent::VaultLossAssessed { compensation, assessment }))
}

pub(crate) const fn of(event: CompensationEvent) -> Event {
    Event::Compensation(event)
}

fn evidenced(evidence: Hash) -> Result<(), Reject> {
    if evidence == Hash::ZERO { Err(Reject::none(RejectCode::NoEvidence)) } else { Ok(()) }
}

/// Shares whose holders have a claim: all that bore it but for those of accounts without one, the curator's owner
/// group and who is named.
pub(crate) fn eligible(
    state: &State,
    record: &VaultLoss,
    excluded: &[AccountId],
) -> Result<Shares, Halt> {
    let vault = state.vaults.expect(record.vault)?;
    let mut left = record.borne_by();
    for (_, holding) in kin::of(state, record.vault) {
        left = left.saturating_sub(shares_at(state, holding, record.count)?);
    }
    for account in excluded {
        if kin::is(state, vault, *account)? {
            continue;
        }
        if let Some((_, holding)) = state.holding(record.vault, *account) {
            left = left.saturating_sub(shares_at(state, holding, record.count)?);
        }
    }
    Ok(left)
}

/// Stops claims until it is assessed anew.
pub(crate) fn dispute(txn: &mut Txn<'_>, command: &DisputeVaultLoss) -> Result<(), Halt> {
    let (compensation, held) = assessed(txn.state(), command.loss)?;
    evidenced(command.evidence)?;
    not_open(held)?;
    let (loss, evidence) = (command.loss, command.evidence);
    txn.emit(of(CompensationEvent::VaultLossDisputed { compensation, loss, evidence }))
}

fn not_open(held: &Compensation) -> Result<(), Reject> {
    if held.claims.is_some() {
        return Err(Reject::new(RejectCode::CompensationState, "open", "assessed"));
    }
    Ok(())
}

/// Money from anybody, no more than was assessed.
pub(crate) fn pay(txn: &mut Txn<'_>, command: &PayCompensation) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let (compensation, held) = assessed(state, command.loss)?;
    let (asset, _) = money(state, command.loss)?;
    payable(state, account, (asset, command.amount))?;
    let known = held.paid_in.iter().any(|(other, _)| *other == account);
    if !known && held.paid_in.len() >= NAMED_MAX {
        let (got, most) = (held.paid_in.len().saturating_add(1), NAMED_MAX);
        return Err(Reject::new(RejectCode::CapacityReached, got, most).into());
    }
    not_open(held)?;
    let room = held.shortfall(state)?;
    if command.amount > room {
        return Err(Reject::new(RejectCode::AboveBorne, command.amount, room).into());
    }
    let (loss, amount) = (command.loss, command.amount);
    let paid = CompensationEvent::CompensationPaidIn { compensation, loss, account, asset, amount };
    txn.emit(of(paid))
}
