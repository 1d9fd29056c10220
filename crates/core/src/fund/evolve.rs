//! What contributions, stakes, tickets and revenue leave in the state.

use super::{
    rescale::{rescale, ticket_now},
    stake::touch,
};
use crate::{
    event::Event,
    reject::Corrupt,
    state::{Contribution, Position, State, Ticket},
};
use backstop_units::{AccountId, Amount, FundId, Shares, Signed, TicketId, TrancheId};

pub(crate) fn stake(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::Contributed { fund, account, amount, .. } => {
            contributed(state, *fund, *account, *amount)
        }
        Event::Staked { tranche, position, account, amount, shares, .. } => {
            hold(state, *tranche, *position, *account)?;
            let held = add_shares(state, *tranche, *position, *shares)?;
            held.cost = change(held.cost, Signed::gain(*amount))?;
            Ok(())
        }
        Event::UnstakeRequested { ticket, tranche, position, shares, value } => {
            touch(state, *position)?;
            let (series, base, policy) = {
                let tranche = state.tranches.expect(*tranche)?;
                (tranche.series, tranche.base, tranche.policy)
            };
            let ready_at = state.meta.now.plus(policy.cooldown);
            let item = Ticket {
                tranche: *tranche,
                position: *position,
                series,
                base,
                shares: *shares,
                value: *value,
                ready_at,
                window: policy.claim_window,
                closed: false,
            };
            state.tickets.insert(*ticket, item)?;
            let held = state.positions.change(*position)?;
            held.queued = held.queued.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            held.tickets = held.tickets.checked_add(1).ok_or(Corrupt::Overflow)?;
            let all = state.tranches.change(*tranche)?;
            all.queued = all.queued.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            Ok(())
        }
        Event::UnstakeEnded { ticket, forfeited, .. } => {
            end_ticket(state, *ticket, Some(*forfeited)).map(drop)
        }
        Event::Unstaked { ticket, amount, .. } => {
            let position = end_ticket(state, *ticket, None)?;
            let held = state.positions.change(position)?;
            held.cost = change(held.cost, Signed::loss(*amount))?;
            Ok(())
        }
        Event::SeriesStarted { tranche, series } => {
            let tranche = state.tranches.change(*tranche)?;
            tranche.series = *series;
            tranche.base = 0;
            tranche.protocol = Shares::ZERO;
            tranche.shares = Shares::ZERO;
            tranche.queued = Shares::ZERO;
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn contributed(
    state: &mut State,
    fund: FundId,
    account: AccountId,
    amount: Amount,
) -> Result<(), Corrupt> {
    if let Some(id) = state.labels.contributions.get((fund, account)) {
        let given = state.contributions.change(id)?;
        given.total = given.total.checked_add(amount).ok_or(Corrupt::Overflow)?;
        return Ok(());
    }
    let id = state.contributions.next_id();
    state.contributions.insert(id, Contribution { fund, account, total: amount })?;
    state.labels.contributions.insert((fund, account), id);
    Ok(())
}

/// The position under its handle; a new one if its handle is the next.
fn hold(
    state: &mut State,
    tranche: TrancheId,
    position: u32,
    account: AccountId,
) -> Result<(), Corrupt> {
    if state.positions.get(position).is_none() {
        let (series, epoch, base) = {
            let tranche = state.tranches.expect(tranche)?;
            (tranche.series, tranche.epoch, tranche.base)
        };
        let item = Position {
            account,
            tranche,
            series,
            epoch,
            base,
            shares: Shares::ZERO,
            queued: Shares::ZERO,
            tickets: 0,
            past: None,
            cost: Signed::ZERO,
        };
        state.positions.insert(position, item)?;
        state.labels.positions.insert((tranche, account), position);
    }
    touch(state, position)
}

/// New shares of a position; one that held none begins to count its cost anew.
fn add_shares(
    state: &mut State,
    tranche: TrancheId,
    position: u32,
    shares: Shares,
) -> Result<&mut Position, Corrupt> {
    let all = state.tranches.change(tranche)?;
    all.shares = all.shares.checked_add(shares).ok_or(Corrupt::Overflow)?;
    let held = state.positions.change(position)?;
    if held.shares.is_zero() {
        held.cost = Signed::ZERO;
    }
    held.shares = held.shares.checked_add(shares).ok_or(Corrupt::Overflow)?;
    Ok(held)
}

fn change(cost: Signed, by: Option<Signed>) -> Result<Signed, Corrupt> {
    by.and_then(|by| cost.checked_add(by)).ok_or(Corrupt::Overflow)
}

/// Closes a ticket; its shares become free but for those forfeited, or are all burned with it. Shares
/// of a wiped series are gone. What a rescaling rounded away from tickets is freed with the last one.
fn end_ticket(state: &mut State, id: TicketId, forfeited: Option<Shares>) -> Result<u32, Corrupt> {
    let ticket = state.tickets.change(id)?;
    ticket.closed = true;
    let (position, tranche) = (ticket.position, ticket.tranche);
    let shares = {
        let ticket = state.tickets.expect(id)?;
        ticket_now(ticket, state.tranches.expect(tranche)?)
    };
    touch(state, position)?;
    let burned = forfeited.unwrap_or(shares);
    let held = state.positions.change(position)?;
    held.tickets = held.tickets.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    held.queued = held.queued.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    held.shares = held.shares.checked_sub(burned).ok_or(Corrupt::CounterRange)?;
    let dust = if held.tickets == 0 { core::mem::take(&mut held.queued) } else { Shares::ZERO };
    let all = state.tranches.change(tranche)?;
    let freed = shares.checked_add(dust).ok_or(Corrupt::CounterRange)?;
    all.queued = all.queued.saturating_sub(freed);
    all.shares = all.shares.checked_sub(burned).ok_or(Corrupt::CounterRange)?;
    Ok(position)
}

/// What revenue, and shares without a staker, leave in the state.
pub(crate) fn revenue(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::RevenuePaid { .. } | Event::VaultForced { .. } => Ok(()),
        Event::RevenueSettled { fund, to_reserve: own, parts, .. }
        | Event::RevenueRouted { fund, amount: own, parts, .. } => {
            let mut moved = *own;
            for part in parts {
                moved = moved.checked_add(part.amount).ok_or(Corrupt::Overflow)?;
                add_protocol(state, part.tranche, part.minted)?;
            }
            let now = state.meta.now;
            let fund = state.funds.change(*fund)?;
            fund.settled_at = now;
            fund.free = match fund.free {
                Some(free) => Some(change(free, Signed::loss(moved))?),
                None => None,
            };
            Ok(())
        }
        Event::LiquidityReported { fund, free } => {
            state.funds.change(*fund)?.free = *free;
            Ok(())
        }
        Event::RevenueSet { fund, revenue } => {
            state.funds.change(*fund)?.policy.revenue = *revenue;
            Ok(())
        }
        Event::SharesOpened { tranche, position, account, shares } => match (position, account) {
            (Some(position), Some(account)) => {
                hold(state, *tranche, *position, *account)?;
                add_shares(state, *tranche, *position, *shares).map(drop)
            }
            _ => add_protocol(state, *tranche, *shares),
        },
        Event::OrphansTaken { tranche, shares } | Event::ProtocolStaked { tranche, shares, .. } => {
            add_protocol(state, *tranche, *shares)
        }
        Event::ProtocolSharesGranted { tranche, position, account, shares, .. } => {
            take_protocol(state, *tranche, *shares)?;
            hold(state, *tranche, *position, *account)?;
            add_shares(state, *tranche, *position, *shares).map(drop)
        }
        Event::ProtocolSharesRedeemed { tranche, shares, .. } => {
            take_protocol(state, *tranche, *shares)
        }
        Event::Rescaled { tranche, digits } => rescale(state.tranches.change(*tranche)?, *digits),
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn add_protocol(state: &mut State, id: TrancheId, shares: Shares) -> Result<(), Corrupt> {
    let tranche = state.tranches.change(id)?;
    tranche.shares = tranche.shares.checked_add(shares).ok_or(Corrupt::Overflow)?;
    tranche.protocol = tranche.protocol.checked_add(shares).ok_or(Corrupt::Overflow)?;
    Ok(())
}

fn take_protocol(state: &mut State, id: TrancheId, shares: Shares) -> Result<(), Corrupt> {
    let tranche = state.tranches.change(id)?;
    tranche.shares = tranche.shares.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    tranche.protocol = tranche.protocol.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    Ok(())
}
