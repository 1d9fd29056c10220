//! Lenders' money in and out of a reserve.

use super::{accrue::accrue, book::opens};
use crate::{
    command::{Supply, WithdrawSupply},
    event::{Event, LendingEvent},
    governance::Context,
    ledger::LedgerAccount,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{AccountId, Amount, AssetId, ReserveId, Shares};

/// Refuses nothing.
pub(crate) fn some(amount: Amount) -> Result<(), Reject> {
    if amount.is_zero() { Err(Reject::none(RejectCode::ZeroAmount)) } else { Ok(()) }
}

/// Refuses a payment that a free balance does not hold.
pub(crate) fn payable(
    state: &State,
    account: AccountId,
    (asset, amount): (AssetId, Amount),
) -> Result<(), Reject> {
    some(amount)?;
    let free = state.ledger.owed(LedgerAccount::Balance(account), asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free));
    }
    Ok(())
}

/// Shares at the price without impairments, for as many atoms as these shares cost.
pub(crate) fn supply(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Supply,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let id = state.reserve_id(command.reserve)?;
    let asset = state.reserves.expect(id)?.asset;
    payable(state, account, (asset, command.amount))?;
    accrue(txn, context, id)?;
    let state = txn.state();
    let shares = state.reserves.expect(id)?.held.minted(command.amount)?;
    if shares < command.min_shares {
        return Err(Reject::new(RejectCode::Slippage, shares, command.min_shares).into());
    }
    opens(state.reserves.expect(id)?)?;
    let amount = entry(state, id, (command.amount, shares))?;
    let supply = state.supply(id, account).map_or(state.supplies.next_id(), |(supply, _)| supply);
    let event = LendingEvent::Supplied { reserve: id, asset, supply, account, amount, shares };
    txn.emit(Event::Lending(event))
}

/// What is taken of an amount for shares: their price, rounded up. What does not buy a share is not taken.
pub(crate) fn entry(
    state: &State,
    id: ReserveId,
    (amount, shares): (Amount, Shares),
) -> Result<Amount, Halt> {
    let reserve = state.reserves.expect(id)?;
    if let Some(max) = reserve.policy.supply_max {
        let all = reserve.held.supply()?.ceil().checked_add(amount).ok_or(Reject::overflow())?;
        if all > max {
            return Err(Reject::new(RejectCode::SupplyAboveMax, all, max).into());
        }
    }
    if shares.is_zero() {
        let least = reserve.held.price(Shares::new(1))?;
        return Err(Reject::new(RejectCode::SharesRoundToZero, amount, least).into());
    }
    Ok(reserve.held.price(shares)?)
}

/// Whole atoms for shares, less what is known to be impaired; in full or not at all.
pub(crate) fn withdraw(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &WithdrawSupply,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let shares = command.shares;
    some(Amount::new(shares.get()))?;
    let id = state.reserve_id(command.reserve)?;
    let found = state.supply(id, account);
    let held = found.map_or(Shares::ZERO, |(_, supply)| supply.shares);
    let supply = match found {
        Some((supply, _)) if shares <= held => supply,
        _ => return Err(Reject::new(RejectCode::SharesShort, shares, held).into()),
    };
    accrue(txn, context, id)?;
    let amount = txn.state().reserves.expect(id)?.exit(shares)?.floor();
    if amount < command.min_amount {
        return Err(Reject::new(RejectCode::Slippage, amount, command.min_amount).into());
    }
    let reserve = txn.state().reserves.expect(id)?;
    let (asset, available) = (reserve.asset, reserve.held.available);
    if amount > available {
        return Err(Reject::new(RejectCode::ReserveIlliquid, amount, available).into());
    }
    let event =
        LendingEvent::SupplyWithdrawn { reserve: id, asset, supply, account, amount, shares };
    txn.emit(Event::Lending(event))
}
