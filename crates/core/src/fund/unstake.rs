//! Leaving a tranche: a ticket, a cooldown, a claim window. The shares stay slashable until claimed.

use super::shares::worth;
use crate::{
    command::RequestUnstake,
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    policy::ExitValue,
    reject::{Halt, Reject, RejectCode},
    state::{State, Ticket},
};
use backstop_units::{Amount, Shares, TicketId, Timestamp};

/// A ticket under its handle, open or not.
pub(crate) fn find_ticket(state: &State, id: TicketId) -> Result<&Ticket, Reject> {
    state.tickets.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownTicket, id))
}

/// An open ticket under its handle.
fn open_ticket(state: &State, id: TicketId) -> Result<&Ticket, Reject> {
    let ticket = find_ticket(state, id)?;
    if ticket.closed { Err(Reject::got(RejectCode::TicketClosed, id)) } else { Ok(ticket) }
}

pub(crate) fn request(state: &State, command: &RequestUnstake) -> Result<Event, Halt> {
    let account = state.account_id(command.account)?;
    let id = state.tranche_id(command.tranche)?;
    let tranche = state.tranches.expect(id)?;
    let asset = state.funds.expect(tranche.fund)?.asset;
    let found = state.position(id, account);
    let (position, free, tickets) = match found {
        Some((position, p)) if p.series == tranche.series => {
            (position, p.shares.saturating_sub(p.queued), p.tickets)
        }
        Some((position, p)) => (position, Shares::ZERO, p.tickets),
        None => (0, Shares::ZERO, 0),
    };
    if command.shares.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if command.shares > free {
        return Err(Reject::new(RejectCode::InsufficientShares, command.shares, free).into());
    }
    if tickets >= tranche.policy.tickets_max {
        let limit = u32::from(tranche.policy.tickets_max);
        return Err(Reject::new(RejectCode::TooManyTickets, u32::from(tickets), limit).into());
    }
    let assets = state.ledger.owed(LedgerAccount::Tranche(id), asset);
    let value = worth(command.shares, assets, tranche.shares)?;
    Ok(Event::UnstakeRequested {
        ticket: state.tickets.next_id(),
        tranche: id,
        position,
        shares: command.shares,
        value,
    })
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

pub(crate) fn cancel(state: &State, ticket: TicketId) -> Result<Event, Halt> {
    open_ticket(state, ticket)?;
    Ok(Event::UnstakeEnded { ticket, lapsed: false })
}

pub(crate) fn lapse(state: &State, context: &Context<'_>, id: TicketId) -> Result<Event, Halt> {
    let ticket = open_ticket(state, id)?;
    let until = claim_until(state, ticket, context.now)?;
    if context.now < until {
        return Err(Reject::new(RejectCode::TicketNotLapsed, context.now, until).into());
    }
    Ok(Event::UnstakeEnded { ticket: id, lapsed: true })
}

pub(crate) fn claim(state: &State, context: &Context<'_>, id: TicketId) -> Result<Event, Halt> {
    let tranche = state.tranches.expect(find_ticket(state, id)?.tranche)?;
    let holds = state.holds.expect(tranche.fund)?;
    if let Some(loss) = holds.gated_by(context.now) {
        return Err(Reject::got(RejectCode::FundGated, loss).into());
    }
    if holds.on_alert(context.now) {
        return Err(Reject::new(RejectCode::FundOnAlert, context.now, holds.alert_until).into());
    }
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

/// What a ticket pays now, and what the last leaver leaves behind without an owner.
fn payout(state: &State, ticket: &Ticket) -> Result<(Amount, Amount), Halt> {
    let tranche = state.tranches.expect(ticket.tranche)?;
    if ticket.series != tranche.series {
        return Ok((Amount::ZERO, Amount::ZERO));
    }
    let asset = state.funds.expect(tranche.fund)?.asset;
    let assets = state.ledger.owed(LedgerAccount::Tranche(ticket.tranche), asset);
    let value = worth(ticket.shares, assets, tranche.shares)?;
    let amount = match tranche.policy.exit_value {
        ExitValue::AtClaim => value,
        ExitValue::LowerOfRequestAndClaim => value.min(ticket.value),
    };
    let last = ticket.shares == tranche.shares;
    let orphaned = if last { assets.saturating_sub(amount) } else { Amount::ZERO };
    Ok((amount, orphaned))
}
