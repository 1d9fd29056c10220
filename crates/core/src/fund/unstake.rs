//! Leaving a tranche: a ticket, a cooldown, a claim window. The shares stay slashable until claimed.

use super::{
    rescale::{assets_of, prepare, shares_now, ticket_now},
    shares::{forfeited, worth},
};
use crate::{
    command::RequestUnstake,
    event::Event,
    governance::Context,
    policy::{CancelTerms, ExitValue, ProtocolHolding},
    reject::{Halt, Reject, RejectCode},
    state::{State, Ticket, Tranche},
    txn::Txn,
};
use backstop_units::{AccountId, Amount, FundId, Shares, TicketId, Timestamp, TrancheId};

/// A ticket under its handle, open or not.
pub(crate) fn find_ticket(state: &State, id: TicketId) -> Result<&Ticket, Reject> {
    state.tickets.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownTicket, id))
}

/// An open ticket under its handle.
fn open_ticket(state: &State, id: TicketId) -> Result<&Ticket, Reject> {
    let ticket = find_ticket(state, id)?;
    if ticket.closed { Err(Reject::got(RejectCode::TicketClosed, id)) } else { Ok(ticket) }
}

pub(crate) fn request(txn: &mut Txn<'_>, command: &RequestUnstake) -> Result<(), Halt> {
    let account = txn.state().account_id(command.account)?;
    let id = txn.state().tranche_id(command.tranche)?;
    prepare(txn, id)?;
    let event = requested(txn.state(), command, account, id)?;
    txn.emit(event)
}

fn requested(
    state: &State,
    command: &RequestUnstake,
    account: AccountId,
    id: TrancheId,
) -> Result<Event, Halt> {
    let tranche = state.tranches.expect(id)?;
    let assets = assets_of(state, id)?;
    let (position, free, tickets) = match state.position(id, account) {
        Some((position, held)) => {
            let (shares, queued) = shares_now(held, tranche);
            (position, shares.saturating_sub(queued), held.tickets)
        }
        None => (0, Shares::ZERO, 0),
    };
    if command.shares.is_zero() && command.amount.is_none_or(Amount::is_zero) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let shares = asked(command, assets, tranche)?;
    if shares > free {
        return Err(Reject::new(RejectCode::InsufficientShares, shares, free).into());
    }
    if tickets >= tranche.policy.tickets_max {
        let limit = u32::from(tranche.policy.tickets_max);
        return Err(Reject::new(RejectCode::TooManyTickets, u32::from(tickets), limit).into());
    }
    if let (Some(amount), false) = (command.amount, command.shares.is_zero()) {
        return Err(Reject::new(RejectCode::SharesOrAmount, amount, "shares alone").into());
    }
    let most = assets.saturating_sub(tranche.policy.keeps);
    let value = worth(shares, assets, tranche.shares)?.min(most);
    Ok(Event::UnstakeRequested {
        ticket: state.tickets.next_id(),
        tranche: id,
        position,
        shares,
        value,
    })
}

/// The shares that are asked for; an amount is turned into shares at the price of now.
fn asked(command: &RequestUnstake, assets: Amount, tranche: &Tranche) -> Result<Shares, Reject> {
    let Some(amount) = command.amount.filter(|_| command.shares.is_zero()) else {
        return Ok(command.shares);
    };
    let shares = if assets.is_zero() {
        Shares::ZERO
    } else {
        tranche.shares.mul_div_floor(amount.get(), assets.get())?
    };
    if shares.is_zero() {
        return Err(Reject::new(RejectCode::ZeroShares, amount, assets));
    }
    Ok(shares)
}

/// When a ticket can no longer be claimed: its window after the cooldown, prolonged by every
/// stretch during which exits were held. Never, for a window without end.
pub(crate) fn claim_until(
    state: &State,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Timestamp, Halt> {
    if ticket.window.is_zero() {
        return Ok(Timestamp::MAX);
    }
    let fund = state.tranches.expect(ticket.tranche)?.fund;
    let held = state.holds.expect(fund)?.held_since(ticket.ready_at, now);
    Ok(ticket.ready_at.plus(ticket.window).plus(held))
}

pub(crate) fn cancel(txn: &mut Txn<'_>, id: TicketId) -> Result<(), Halt> {
    let tranche = open_ticket(txn.state(), id)?.tranche;
    prepare(txn, tranche)?;
    let forfeited = forfeits(txn.state(), id)?;
    txn.emit(Event::UnstakeEnded { ticket: id, lapsed: false, forfeited })
}

pub(crate) fn lapse(txn: &mut Txn<'_>, context: &Context<'_>, id: TicketId) -> Result<(), Halt> {
    let state = txn.state();
    let ticket = open_ticket(state, id)?;
    let until = claim_until(state, ticket, context.now)?;
    if context.now < until {
        return Err(Reject::new(RejectCode::TicketNotLapsed, context.now, until).into());
    }
    prepare(txn, ticket.tranche)?;
    let forfeited = forfeits(txn.state(), id)?;
    txn.emit(Event::UnstakeEnded { ticket: id, lapsed: true, forfeited })
}

/// What going back into stake costs under the tranche's terms: a ticket is no free option.
fn forfeits(state: &State, id: TicketId) -> Result<Shares, Halt> {
    let ticket = find_ticket(state, id)?;
    let tranche = state.tranches.expect(ticket.tranche)?;
    let shares = ticket_now(ticket, tranche);
    if tranche.policy.cancel == CancelTerms::Free || shares.is_zero() {
        return Ok(Shares::ZERO);
    }
    Ok(forfeited(shares, ticket.value, assets_of(state, ticket.tranche)?, tranche.shares)?)
}

/// Neither an open loss nor an alert holds exits.
pub(crate) fn exits_open(state: &State, context: &Context<'_>, fund: FundId) -> Result<(), Halt> {
    let holds = state.holds.expect(fund)?;
    if let Some(loss) = holds.gated_by(context.now) {
        return Err(Reject::got(RejectCode::FundGated, loss).into());
    }
    if holds.on_alert(context.now) {
        return Err(Reject::new(RejectCode::FundOnAlert, context.now, holds.alert_until).into());
    }
    Ok(())
}

pub(crate) fn claim(txn: &mut Txn<'_>, context: &Context<'_>, id: TicketId) -> Result<(), Halt> {
    let tranche = find_ticket(txn.state(), id)?.tranche;
    prepare(txn, tranche)?;
    let event = claimed(txn.state(), context, id)?;
    txn.emit(event)
}

fn claimed(state: &State, context: &Context<'_>, id: TicketId) -> Result<Event, Halt> {
    let tranche = state.tranches.expect(find_ticket(state, id)?.tranche)?;
    exits_open(state, context, tranche.fund)?;
    let ticket = open_ticket(state, id)?;
    if context.now < ticket.ready_at {
        return Err(Reject::new(RejectCode::CooldownNotOver, context.now, ticket.ready_at).into());
    }
    let until = claim_until(state, ticket, context.now)?;
    if context.now >= until {
        return Err(Reject::new(RejectCode::ClaimWindowOver, context.now, until).into());
    }
    let (amount, orphaned) = payout(state, ticket)?;
    let account = state.positions.expect(ticket.position)?.account;
    let asset = state.funds.expect(tranche.fund)?.asset;
    let (tranche, fund) = (ticket.tranche, tranche.fund);
    Ok(Event::Unstaked { ticket: id, tranche, fund, account, asset, amount, orphaned })
}

/// What a ticket pays now, and what the last leaver leaves behind for the fund's reserve.
fn payout(state: &State, ticket: &Ticket) -> Result<(Amount, Amount), Halt> {
    let tranche = state.tranches.expect(ticket.tranche)?;
    if ticket.series != tranche.series {
        return Ok((Amount::ZERO, Amount::ZERO));
    }
    let assets = assets_of(state, ticket.tranche)?;
    let policy = &tranche.policy;
    let shares = ticket_now(ticket, tranche);
    let value = worth(shares, assets, tranche.shares)?.min(assets.saturating_sub(policy.keeps));
    let amount = match policy.exit_value {
        ExitValue::AtClaim => value,
        ExitValue::LowerOfRequestAndClaim => value.min(ticket.value),
    };
    let last = shares == tranche.shares && policy.protocol == ProtocolHolding::Reserve;
    let orphaned = if last { assets.saturating_sub(amount) } else { Amount::ZERO };
    Ok((amount, orphaned))
}
