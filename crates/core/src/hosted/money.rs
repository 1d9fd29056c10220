//! Collateral in and out of a pool.

use super::{
    account::{load, settle},
    backlog::watch,
    bands::may_leave,
    book::{find, pool},
    gate,
    haircut::{Holdings, leave::leave, whole},
    merge::seat,
};
use crate::{
    command::{DepositMargin, OpeningMargin, WithdrawMargin},
    event::{Event, MarginChange},
    fund::money::payable,
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{AccountId, Amount, AssetId, FundId};

/// Refuses a payment that a pool does not hold.
pub(crate) fn holds(
    state: &State,
    fund: FundId,
    asset: AssetId,
    amount: Amount,
) -> Result<(), Halt> {
    let held = Holdings::of(state, fund, asset)?.money();
    if amount > held {
        return Err(Reject::new(RejectCode::PoolShort, amount, held).into());
    }
    Ok(())
}

/// The margin account of a holder in a pool, or the one that would be his.
pub(crate) fn place(state: &State, account: AccountId, fund: FundId) -> u32 {
    state.margin(account, fund).map_or(state.margins.next_id(), |(id, _)| id)
}

/// Deposits pass every gate; only a pool that is short takes none.
pub(crate) fn deposit(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &DepositMargin,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    let item = state.funds.expect(fund)?;
    let asset = item.asset;
    payable(state, item, account, (asset, command.amount))?;
    let fund = seat(txn, command.account, fund)?;
    let state = txn.state();
    pool(state, fund)?;
    whole(state, fund)?;
    let margin = place(state, account, fund);
    let amount = command.amount;
    txn.emit(Event::MarginDeposited(MarginChange { margin, account, fund, asset, amount }))?;
    settle(txn, margin)?;
    // A deposit helps an account whose marks are not there too.
    match watch(txn, context, margin) {
        Err(Halt::Reject(_)) => Ok(()),
        watched => watched,
    }
}

/// What is left must meet initial margin, and the pool's gate must be open. A pool that is short pays
/// less than the claim.
pub(crate) fn withdraw(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &WithdrawMargin,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    let asset = state.funds.expect(fund)?.asset;
    let amount = command.amount;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let fund = seat(txn, command.account, fund)?;
    pool(txn.state(), fund)?;
    let margin = find(txn.state(), command.account, fund)?;
    gate::leave(txn.state(), fund, context.now)?;
    settle(txn, margin)?;
    let free = load(txn.state(), margin, context.now)?.free()?;
    if amount > free {
        return Err(Reject::new(RejectCode::MarginShort, amount, free).into());
    }
    let amount = leave(txn, margin, amount)?;
    may_leave(txn.state(), fund, (margin, amount), context.now)?;
    txn.emit(Event::MarginWithdrawn(MarginChange { margin, account, fund, asset, amount }))
}

/// What an account of a scenario holds; what it owes comes out of what others have put in.
pub(crate) fn opening(state: &State, command: &OpeningMargin) -> Result<Event, Halt> {
    let account = state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    pool(state, fund)?;
    let asset = state.funds.expect(fund)?.asset;
    holds(state, fund, asset, command.amount.negative())?;
    let margin = place(state, account, fund);
    Ok(Event::MarginOpened { margin, account, fund, asset, amount: command.amount })
}
