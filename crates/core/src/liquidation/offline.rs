//! The offline budget: a venue goes on liquidating while this ledger is down, and settles after.
//!
//! A settlement that reports an older event than the ledger's skew allows is taken within the
//! market's offline span. What such settlements cost draws on a budget, which the risk desk fills up
//! again once it has looked at them.
//!
//! Only a liquidation or a bad debt can have happened while the ledger was down. A deficit of winners' money is
//! computed from pools that stood still meanwhile, so its report is as old as the skew allows and no older. A loss that is
//! declared and assessed is the risk desk's own word; one that was parked drew on the budget when the venue settled it.

use crate::{
    command::{Body, SetOfflineBudget},
    event::Event,
    governance::Context,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, MarketId, Span};
use borsh::{BorshDeserialize, BorshSerialize};

/// Longest time that a venue may settle afterwards.
const SPAN_MAX: Span = Span::days(7);

/// What one market may settle late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offline {
    /// What deficits may cost in all until the risk desk has looked at them, in atoms.
    pub budget: Amount,
    /// What is left of it.
    pub left: Amount,
    /// How old a settlement may be.
    pub span: Span,
}

/// How far in the past a command may lie: a settlement by its market's span, with a reservation or
/// without; a batch by its shortest step; anything else by the ledger's skew.
pub(crate) fn past(state: &State, body: &Body) -> Span {
    match body {
        Body::Linked(batch) => {
            batch.steps.iter().map(|step| of_one(state, step)).min().unwrap_or(Span::ZERO)
        }
        single => of_one(state, single),
    }
    .max(state.meta.limits.skew_past)
}

/// The span of the market that a command settles on; none for any other.
fn of_one(state: &State, body: &Body) -> Span {
    let market = match body {
        Body::SettleLiquidation(settlement) => settlement.market,
        Body::SettleBadDebt(settlement) => settlement.market,
        Body::CommitReservation(commit) => commit.settlement.market,
        _ => return Span::ZERO,
    };
    let found = state.market_id(market).ok().and_then(|id| state.offline.get(id));
    found.map_or(Span::ZERO, |offline| offline.span)
}

/// Draws a late deficit on its market's budget; nothing for a settlement within the ledger's skew.
pub(crate) fn draw(
    state: &State,
    context: &Context<'_>,
    market: MarketId,
    deficit: Amount,
) -> Result<Option<Event>, Halt> {
    let on_time = context.occurred_at >= context.now.minus(state.meta.limits.skew_past);
    if on_time || deficit.is_zero() {
        return Ok(None);
    }
    let Offline { budget, left, span } = *state.offline.expect(market)?;
    let left = left
        .checked_sub(deficit)
        .ok_or_else(|| Reject::new(RejectCode::OfflineBudgetSpent, deficit, left))?;
    Ok(Some(Event::OfflineBudgetMoved { market, budget, left, span }))
}

/// Whether a change gives a venue more than it has: that is the council's to decide.
pub(crate) fn widens(state: &State, command: &SetOfflineBudget) -> Result<bool, Halt> {
    let offline = state.offline.expect(state.market_id(command.market)?)?;
    Ok(command.budget > offline.budget || command.span > offline.span)
}

/// Sets a budget and fills it up.
pub(crate) fn set_budget(state: &State, command: &SetOfflineBudget) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    let (budget, span) = (command.budget, command.span);
    if span > SPAN_MAX {
        return Err(Reject::new(RejectCode::BadPolicy, span, SPAN_MAX).into());
    }
    Ok(Event::OfflineBudgetMoved { market, budget, left: budget, span })
}

pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let Event::OfflineBudgetMoved { market, budget, left, span } = event else {
        return Err(Corrupt::DanglingHandle);
    };
    let (budget, left, span) = (*budget, *left, *span);
    *state.offline.change(*market)? = Offline { budget, left, span };
    Ok(())
}
