//! What takeovers and closes leave in the state.

use super::{Inventory, Takeover};
use crate::{
    event::{Event, LineMove},
    reject::Corrupt,
    state::State,
};
use backstop_units::{Amount, FundId, Label, MarketId};

pub(crate) fn inventory(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::PositionTaken { group, evidence, moved: after, .. } => {
            moved(state, after)?;
            let line = state.inventories.change(after.market)?;
            (line.mark, line.marked_at, line.evidence) = (after.mark, now, *evidence);
            took(state, after.fund, *group)
        }
        Event::InventoryMarked { market, fund, mark, shortfall } => {
            let line = state.inventories.change(*market)?;
            (line.mark, line.marked_at) = (*mark, now);
            let before = core::mem::replace(&mut line.shortfall, *shortfall);
            lacks(state, *fund, before, *shortfall)
        }
        Event::InventoryFilled(after)
        | Event::InventoryDeleveraged(after)
        | Event::AuctionWon { moved: after, .. } => moved(state, after),
        Event::AuctionStarted { market, .. } => {
            state.inventories.change(*market)?.auction = Some(now);
            Ok(())
        }
        Event::InventorySet { market, policy } => {
            state.inventories.change(*market)?.policy = Some(**policy);
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn moved(state: &mut State, after: &LineMove) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let line: &mut Inventory = state.inventories.change(after.market)?;
    let was_flat = line.base.is_zero();
    let flat = after.base.is_zero();
    if was_flat || flat || line.base.is_negative() != after.base.is_negative() {
        line.opened_at = now;
        line.auction = None;
    }
    (line.base, line.cost) = (after.base, after.cost);
    line.paid.add(now, after.paid);
    let before = core::mem::replace(&mut line.shortfall, after.shortfall);
    lacks(state, after.fund, before, after.shortfall)?;
    if was_flat != flat {
        listed(state, after.fund, after.market, !flat)?;
    }
    Ok(())
}

/// Moves a fund's shortfall by what one of its lines now lacks.
fn lacks(state: &mut State, fund: FundId, before: Amount, after: Amount) -> Result<(), Corrupt> {
    if before == after {
        return Ok(());
    }
    let sum = &mut state.funds.change(fund)?.inventory.shortfall;
    let others = sum.checked_sub(before).ok_or(Corrupt::CounterRange)?;
    *sum = others.checked_add(after).ok_or(Corrupt::Overflow)?;
    Ok(())
}

fn listed(state: &mut State, fund: FundId, market: MarketId, open: bool) -> Result<(), Corrupt> {
    let lines = &mut state.funds.change(fund)?.inventory.lines;
    if open {
        lines.push(market);
    } else {
        lines.retain(|line| *line != market);
    }
    Ok(())
}

/// Remembers when a fund last took something over from a group.
fn took(state: &mut State, fund: FundId, group: Label) -> Result<(), Corrupt> {
    let at = state.meta.now;
    if let Some(id) = state.labels.takeovers.get((fund, group)) {
        state.takeovers.change(id)?.at = at;
        return Ok(());
    }
    let id = state.takeovers.next_id();
    state.takeovers.insert(id, Takeover { fund, group, at })?;
    state.labels.takeovers.insert((fund, group), id);
    Ok(())
}
