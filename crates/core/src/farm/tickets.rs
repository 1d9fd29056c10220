//! Deposits and exits that wait: called off, or paid.

use super::{
    book::{FarmTicket, place},
    stake::unit,
    touch::settle,
};
use crate::{
    command::{CancelFarmTicket, WithdrawFarm},
    event::{CancelledTicket, Event, FarmEvent, StakePaid},
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::Amount;

/// An exit is stake again at today's price and begins to earn; a deposit is free again. A penalty stays paid.
pub(crate) fn cancel(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CancelFarmTicket,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let farm = state.farm_id(command.farm)?;
    let (staker, _) = place(state, farm, (account, command.account))?;
    settle(txn, context, (farm, staker))?;
    let state = txn.state();
    let (found, item) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let ticket = item.tickets.iter().find(|ticket| ticket.number == command.ticket);
    let Some(FarmTicket { cooling, amount, .. }) = ticket.copied() else {
        let number = u128::from(command.ticket);
        return Err(Reject::got(RejectCode::UnknownTicket, number).into());
    };
    let shares = if cooling { Some(found.held.bought(amount, &found.policy)?) } else { None };
    if shares.is_some_and(backstop_units::Shares::is_zero) {
        return Err(Reject::none(RejectCode::SharesRoundToZero).into());
    }
    let unit = unit(state, found, account)?;
    let ticket = command.ticket;
    let called_off = CancelledTicket { farm, staker, account, unit, ticket, amount, shares };
    txn.emit(Event::Farm(FarmEvent::FarmTicketCancelled(Box::new(called_off))))
}

/// All exits whose wait is over.
pub(crate) fn withdraw(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &WithdrawFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let farm = state.farm_id(command.farm)?;
    let (staker, item) = place(state, farm, (account, command.account))?;
    let Some(first) = item.waiting(true).map(|ticket| ticket.ready_at).min() else {
        return Err(Reject::got(RejectCode::NoExit, command.account).into());
    };
    if context.now < first {
        return Err(Reject::new(RejectCode::CooldownNotOver, context.now, first).into());
    }
    settle(txn, context, (farm, staker))?;
    let state = txn.state();
    let (found, item) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let due: Vec<_> = item.waiting(true).filter(|it| it.ready_at <= context.now).collect();
    let amount = due.iter().try_fold(Amount::ZERO, |sum, ticket| sum.checked_add(ticket.amount));
    let amount = amount.ok_or(Reject::overflow())?;
    let tickets = due.iter().map(|ticket| ticket.number).collect();
    let unit = unit(state, found, account)?;
    let paid = StakePaid { farm, staker, account, unit, tickets, amount };
    txn.emit(Event::Farm(FarmEvent::FarmWithdrawn(Box::new(paid))))
}
