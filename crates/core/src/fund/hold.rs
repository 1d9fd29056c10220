//! Alerts and pauses: objective, time-boxed, and capped over 90 days.

use crate::{
    command::{EndAlert, PauseEntries, RaiseAlert},
    event::Event,
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, Span, Timestamp};

/// Whether a hold until `until` still fits into what 90 days allow.
fn fits(
    now: Timestamp,
    until: Timestamp,
    end: Timestamp,
    used: Amount,
    limit: Span,
) -> Result<(), Reject> {
    let more = u128::from(until.since(end.max(now)).ms());
    let total = used.saturating_add(Amount::new(more));
    if total.get() > u128::from(limit.ms()) {
        return Err(Reject::new(RejectCode::AlertTooLong, total, limit));
    }
    if until <= now {
        return Err(Reject::new(RejectCode::TimeRunsBack, until, now));
    }
    Ok(())
}

pub(crate) fn raise_alert(
    state: &State,
    context: &Context<'_>,
    command: &RaiseAlert,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    let (holds, limit) = (state.holds.expect(fund)?, state.funds.expect(fund)?.policy.hold_max);
    fits(context.now, command.until, holds.alert_until, holds.alert_used(context.now), limit)?;
    Ok(Event::AlertRaised { fund, cause: command.cause, until: command.until })
}

pub(crate) fn end_alert(
    state: &State,
    context: &Context<'_>,
    command: &EndAlert,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    if !state.holds.expect(fund)?.on_alert(context.now) {
        return Err(Reject::got(RejectCode::NotOnAlert, command.fund).into());
    }
    Ok(Event::AlertEnded { fund })
}

pub(crate) fn pause_entries(
    state: &State,
    context: &Context<'_>,
    command: &PauseEntries,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    let (holds, limit) = (state.holds.expect(fund)?, state.funds.expect(fund)?.policy.hold_max);
    fits(context.now, command.until, holds.paused_until, holds.pause_used(context.now), limit)?;
    Ok(Event::EntriesPaused { fund, until: command.until })
}
