//! What contributions, stakes and tickets leave in the state.

use super::stake::touch;
use crate::{
    event::Event,
    reject::Corrupt,
    state::{Contribution, Position, State, Ticket},
};
use backstop_units::{AccountId, Amount, FundId, Shares, TicketId};

pub(crate) fn stake(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::Contributed { fund, account, amount, .. } => {
            contributed(state, *fund, *account, *amount)
        }
        Event::Staked { tranche, position, account, shares, .. } => {
            if state.positions.get(*position).is_none() {
                let (series, epoch) = {
                    let tranche = state.tranches.expect(*tranche)?;
                    (tranche.series, tranche.epoch)
                };
                let item = Position {
                    account: *account,
                    tranche: *tranche,
                    series,
                    epoch,
                    shares: Shares::ZERO,
                    queued: Shares::ZERO,
                    tickets: 0,
                    past: None,
                };
                state.positions.insert(*position, item)?;
                state.labels.positions.insert((*tranche, *account), *position);
            }
            touch(state, *position)?;
            let held = state.positions.change(*position)?;
            held.shares = held.shares.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            let all = state.tranches.change(*tranche)?;
            all.shares = all.shares.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            Ok(())
        }
        Event::UnstakeRequested { ticket, tranche, position, shares, value } => {
            let (series, policy) = {
                let tranche = state.tranches.expect(*tranche)?;
                (tranche.series, tranche.policy)
            };
            let ready_at = state.meta.now.plus(policy.cooldown);
            let item = Ticket {
                tranche: *tranche,
                position: *position,
                series,
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
        Event::UnstakeEnded { ticket, .. } => end_ticket(state, *ticket, false),
        Event::Unstaked { ticket, .. } => end_ticket(state, *ticket, true),
        Event::SeriesStarted { tranche, series } => {
            let tranche = state.tranches.change(*tranche)?;
            tranche.series = *series;
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

/// Closes a ticket; its shares become free, or are burned with it. Shares of a wiped series are gone.
fn end_ticket(state: &mut State, id: TicketId, burn: bool) -> Result<(), Corrupt> {
    let ticket = state.tickets.change(id)?;
    ticket.closed = true;
    let (position, tranche, series, shares) =
        (ticket.position, ticket.tranche, ticket.series, ticket.shares);
    let current = state.tranches.expect(tranche)?.series == series;
    if burn || !current {
        touch(state, position)?;
    }
    let held = state.positions.change(position)?;
    held.tickets = held.tickets.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    if !current {
        return Ok(());
    }
    held.queued = held.queued.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    let burned = if burn { shares } else { Shares::ZERO };
    held.shares = held.shares.checked_sub(burned).ok_or(Corrupt::CounterRange)?;
    let all = state.tranches.change(tranche)?;
    all.queued = all.queued.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    all.shares = all.shares.checked_sub(burned).ok_or(Corrupt::CounterRange)?;
    Ok(())
}
