//! Money into and out of a fund's reserve: contributions and excess.

use super::coverage::excess;
use crate::{
    command::{Contribute, WithdrawExcess},
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    reject::{Halt, Reject, RejectCode},
    state::{Fund, State},
};
use backstop_units::{AccountId, Amount, AssetId, FundId, Timestamp};

/// What a payment into a fund out of a free balance has to be: something, of the fund's asset, there.
pub(crate) fn payable(
    state: &State,
    fund: &Fund,
    account: AccountId,
    (asset, amount): (AssetId, Amount),
) -> Result<(), Halt> {
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if asset != fund.asset {
        let [got, held] = [state.assets.expect(asset)?, state.assets.expect(fund.asset)?];
        return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
    }
    let free = state.ledger.owed(LedgerAccount::Balance(account), fund.asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
    }
    Ok(())
}

/// Whether entries into a fund are open now.
pub(crate) fn enterable(state: &State, now: Timestamp, fund: FundId) -> Result<(), Halt> {
    let holds = state.holds.expect(fund)?;
    if holds.is_paused(now) {
        return Err(Reject::new(RejectCode::EntriesPaused, now, holds.paused_until).into());
    }
    Ok(())
}

/// A gift: never withdrawable, above the threshold too, and welcome while a loss is open.
pub(crate) fn contribute(
    state: &State,
    context: &Context<'_>,
    command: &Contribute,
) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let id = state.fund_id(command.fund)?;
    payable(state, state.funds.expect(id)?, account, (asset, command.amount))?;
    enterable(state, context.now, id)?;
    Ok(Event::Contributed { fund: id, account, asset, amount: command.amount })
}

pub(crate) fn withdraw_excess(
    state: &State,
    context: &Context<'_>,
    command: &WithdrawExcess,
) -> Result<Event, Halt> {
    let id = state.fund_id(command.fund)?;
    let fund = state.funds.expect(id)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let limit = excess(state, id, fund, context.now)?;
    if command.amount > limit {
        return Err(Reject::new(RejectCode::AboveExcess, command.amount, limit).into());
    }
    let (asset, treasury) = (fund.asset, fund.treasury);
    Ok(Event::ExcessWithdrawn { fund: id, asset, treasury, amount: command.amount })
}
