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
use backstop_units::{AccountId, Amount, FundId, Label};

/// The checks that a payment into a fund out of a free balance has to pass.
pub(crate) fn payable(
    state: &State,
    context: &Context<'_>,
    (id, fund): (FundId, &Fund),
    (account, asset, amount): (AccountId, Label, Amount),
) -> Result<(), Halt> {
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if state.asset_id(asset)? != fund.asset {
        let held = state.assets.expect(fund.asset)?.label;
        return Err(Reject::new(RejectCode::WrongAsset, asset, held).into());
    }
    let free = state.ledger.owed(LedgerAccount::Balance(account), fund.asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
    }
    let holds = state.holds.expect(id)?;
    if holds.is_paused(context.now) {
        return Err(Reject::new(RejectCode::EntriesPaused, context.now, holds.paused_until).into());
    }
    Ok(())
}

/// A gift: never withdrawable, above the threshold too, and welcome while a loss is open.
pub(crate) fn contribute(
    state: &State,
    context: &Context<'_>,
    command: &Contribute,
) -> Result<Event, Halt> {
    let fund_id = state.fund_id(command.fund)?;
    let fund = state.funds.expect(fund_id)?;
    let account = state.account_id(command.account)?;
    payable(state, context, (fund_id, fund), (account, command.asset, command.amount))?;
    Ok(Event::Contributed { fund: fund_id, account, asset: fund.asset, amount: command.amount })
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
