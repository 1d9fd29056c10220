//! Who is on the way out of a fund: open tickets by the day on which they can be paid, and what stays.

use super::{
    rescale::{assets_of, ticket_now},
    shares::worth,
};
use crate::{
    reject::{Halt, Reject},
    state::State,
};
use alloc::{collections::BTreeMap, vec::Vec};
use backstop_units::{Amount, FundId, Span, Timestamp};

/// Tickets that can first be paid on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitDay {
    /// The day's first moment, in UTC; today for those whose cooldown is over.
    pub day: Timestamp,
    /// How many they are.
    pub tickets: u32,
    /// What they would take at today's value, each rounded down.
    pub amount: Amount,
    /// What stakers have in the fund once all up to this day have gone.
    pub left: Amount,
}

/// A fund's exits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    /// What stakers have in the fund now, those on their way out too: it bears losses until it is paid.
    pub staked: Amount,
    /// What all tickets would take: the sum of the days.
    pub queued: Amount,
    /// Days with exits, the soonest first.
    pub days: Vec<ExitDay>,
}

/// Looks up who is on the way out of a fund. Tickets of an earlier series are worth nothing and not counted.
///
/// **Rounding** values down, each ticket by itself, as they are paid. **Complexity** a step for each ticket of the
/// ledger.
///
/// # Errors
/// [`crate::Corrupt`] when there is no such fund, or a ticket names a tranche that is not there;
/// [`RejectCode::Overflow`](crate::RejectCode::Overflow) when a ticket has more shares than its tranche.
pub fn exits(state: &State, id: FundId, now: Timestamp) -> Result<Exits, Halt> {
    let fund = state.funds.expect(id)?;
    let mut found = Exits::default();
    for (tranche, _) in state.tranches_of(fund) {
        found.staked = found.staked.saturating_add(assets_of(state, tranche)?);
    }
    let mut days: BTreeMap<Timestamp, (u32, Amount)> = BTreeMap::new();
    for (_, ticket) in state.tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        let tranche = state.tranches.expect(ticket.tranche)?;
        if tranche.fund != id || tranche.series != ticket.series {
            continue;
        }
        let assets = assets_of(state, ticket.tranche)?;
        let value = worth(ticket_now(ticket, tranche), assets, tranche.shares);
        let ready = ticket.ready_at.max(now);
        let day = ready.minus(ready.into_period(Span::days(1)));
        let (tickets, amount) = days.entry(day).or_default();
        *tickets = tickets.saturating_add(1);
        *amount = amount.saturating_add(value.map_err(Reject::from)?);
    }
    let mut left = found.staked;
    for (day, (tickets, amount)) in days {
        left = left.saturating_sub(amount);
        found.queued = found.queued.saturating_add(amount);
        found.days.push(ExitDay { day, tickets, amount, left });
    }
    Ok(found)
}
