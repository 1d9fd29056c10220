//! Liquidations that nobody has taken yet: seen under maintenance, and waiting since then.

use super::{
    account::{load, settle},
    book::find,
    gate,
    merge::seat,
};
use crate::{command::FlagLiquidation, event::Event, governance::Context, reject::Halt, txn::Txn};
use alloc::vec::Vec;

/// Looks at an account: each open position waits while it is under maintenance and no longer. An
/// equity below zero shuts the pool's gate. Of an account whose pledges have no fresh price nobody can
/// say either: its open positions wait, or don't, as before.
pub(crate) fn watch(txn: &mut Txn<'_>, context: &Context<'_>, margin: u32) -> Result<(), Halt> {
    let state = txn.state();
    let owner = *state.margins.expect(margin)?;
    let loaded = load(state, margin, context.now)?;
    let standing = loaded.standing()?;
    let (due, known) = (standing.is_liquidatable(), loaded.priced().is_ok());
    let changed: Vec<Event> = state
        .positions_of(&owner)
        .filter(|(_, held)| known || held.size.is_zero())
        .map(|(position, held)| (position, held.waiting, due && !held.size.is_zero()))
        .filter(|(_, waiting, waits)| waiting.is_some() != *waits)
        .map(|(position, _, waits)| {
            let since = waits.then_some(context.now);
            Event::BacklogSet { position, since }
        })
        .collect();
    changed.into_iter().try_for_each(|event| txn.emit(event))?;
    if known && standing.equity.is_negative() {
        gate::negative(txn, context, owner.fund)?;
    }
    Ok(())
}

pub(crate) fn flag(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FlagLiquidation,
) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    let fund = seat(txn, command.account, fund)?;
    let margin = find(txn.state(), command.account, fund)?;
    settle(txn, margin)?;
    load(txn.state(), margin, context.now)?.priced()?;
    watch(txn, context, margin)
}
