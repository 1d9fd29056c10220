//! Leaving an insurance pool: a signal that everybody sees, the pool's delay, then the claim. Until it is paid a loss
//! hits an exit as hard as a stake, and while one is open nothing is paid.

use super::{
    book::{InsurancePool, PoolTicket, find_ticket, open_ticket},
    liable::open_loss,
    matching::unmatched,
    release::broken,
    stake::{free, no_open_loss},
};
use crate::{
    command::ExitPool,
    event::{Event, PoolEvent, PoolExit},
    governance::Context,
    lending::vault::touch::{Touched, touch},
    policy::{BreachCause, MatchExit},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{PoolStake, State},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Shares};

/// Who signals while a loss is open may do so; it is recorded as what it is.
pub(crate) fn signal(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ExitPool,
) -> Result<(), Halt> {
    let event = signalled(txn.state(), context, command)?;
    let (id, pool) = txn.state().insurance_pool(command.vault)?;
    let (vault, account) = (pool.vault, txn.state().account_id(command.account)?);
    touch(txn, context, vault)?;
    txn.emit(event)?;
    let state = txn.state();
    match open_loss(state, state.insurance_pools.expect(id)?)? {
        Some(loss) => broken(txn, context, (id, Some(account)), (BreachCause::ExitInLoss, loss)),
        None => Ok(()),
    }
}

fn signalled(state: &State, context: &Context<'_>, command: &ExitPool) -> Result<Event, Halt> {
    let account = state.account_id(command.account)?;
    if command.units.is_some_and(Shares::is_zero) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let (id, pool) = state.insurance_pool(command.vault)?;
    let found = state.pool_stake(id, (account, command.matched));
    let most = found.map_or(Shares::ZERO, |(_, held)| free(pool, held));
    let units = command.units.unwrap_or(most);
    let (stake, held) = match found {
        Some(found) if units <= most && !units.is_zero() => found,
        _ => return Err(Reject::new(RejectCode::InsufficientShares, units, most).into()),
    };
    let limit = pool.policy.tickets_max;
    if held.tickets >= limit {
        let (got, limit) = (u32::from(held.tickets), u32::from(limit));
        return Err(Reject::new(RejectCode::TooManyTickets, got, limit).into());
    }
    notice(pool, command.matched)?;
    Ok(Event::Pool(PoolEvent::PoolExitSignalled {
        ticket: state.pool_tickets.next_id(),
        pool: id,
        stake,
        account,
        units,
        shares: pool.tranche(command.matched).worth(units)?,
        due: context.now.plus(pool.policy.exit_delay),
    }))
}

/// Matched money leaves with stakers; on the matcher's own notice only where the rules let it, or once no staker is
/// left.
fn notice(pool: &InsurancePool, matched: bool) -> Result<(), Reject> {
    let exits = pool.policy.matching.map(|matching| matching.exits);
    if matched && exits == Some(MatchExit::WithStakers) && !pool.own.shares.is_zero() {
        return Err(Reject::new(RejectCode::MatchStays, pool.own.shares, Amount::ZERO));
    }
    Ok(())
}

pub(crate) fn cancel(state: &State, ticket: u32) -> Result<Event, Halt> {
    open_ticket(state, ticket)?;
    Ok(Event::Pool(PoolEvent::PoolExitCancelled { ticket }))
}

/// The owner of an exit.
pub(crate) fn owner(state: &State, ticket: u32) -> Result<AccountId, Halt> {
    Ok(state.pool_stakes.expect(find_ticket(state, ticket)?.stake)?.account)
}

pub(crate) fn claim(txn: &mut Txn<'_>, context: &Context<'_>, id: u32) -> Result<(), Halt> {
    let state = txn.state();
    let ticket = *open_ticket(state, id)?;
    if context.now < ticket.due {
        return Err(Reject::new(RejectCode::CooldownNotOver, context.now, ticket.due).into());
    }
    let stake = *state.pool_stakes.expect(ticket.stake)?;
    let vault = state.insurance_pools.expect(stake.pool)?.vault;
    let touched = touch(txn, context, vault)?;
    let state = txn.state();
    no_open_loss(state, state.insurance_pools.expect(stake.pool)?)?;
    let exit = paid(txn.state(), (id, &ticket), &stake, &touched)?;
    txn.emit(Event::Pool(PoolEvent::PoolExitPaid(Box::new(exit))))
}

/// What an exit pays now. One of a series that a loss has ended pays nothing.
fn paid(
    state: &State,
    (id, ticket): (u32, &PoolTicket),
    stake: &PoolStake,
    touched: &Touched,
) -> Result<PoolExit, Halt> {
    let pool = state.insurance_pools.expect(stake.pool)?;
    let tranche = pool.tranche(stake.matched);
    let units = if ticket.series == tranche.series { ticket.units } else { Shares::ZERO };
    let shares = tranche.worth(units)?;
    let vault = state.vaults.expect(pool.vault)?;
    let price = (touched.net, vault.held.shares);
    let unmatched = unmatched(state, (stake.pool, pool), (stake.matched, units), price)?;
    let found = state.holding(pool.vault, stake.account);
    let (holding, _) = found.ok_or(Corrupt::DanglingHandle)?;
    let (account, pool) = (stake.account, stake.pool);
    let shares = if stake.matched { Shares::ZERO } else { shares };
    Ok(PoolExit { ticket: id, pool, account, holding, units, shares, unmatched })
}
