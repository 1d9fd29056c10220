//! Fee control as commands: set it, run it, report to it, raise it for a time.

use super::{
    bands::{self, Standing},
    control::{self, coverage_of, fine},
    controls::Control,
    coverage, rails,
};
use crate::{
    command::{AddSpike, EndSpike, ReportConditions, RunControl, SetControl},
    event::{ControlRun, Event},
    governance::Context,
    policy::{Band, ControlPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::boxed::Box;
use backstop_units::{FundId, Label, Ppm, Signed, Timestamp};

/// A fund's control and its rules.
fn controlled(state: &State, label: Label) -> Result<(FundId, &Control, &ControlPolicy), Halt> {
    let fund = state.fund_id(label)?;
    let control = state.controls.expect(fund)?;
    let policy = policy_of(control, label)?;
    Ok((fund, control, policy))
}

/// The rules, or the refusal for a fund that has none.
pub(crate) fn policy_of(control: &Control, fund: Label) -> Result<&ControlPolicy, Reject> {
    control.policy.as_deref().ok_or_else(|| Reject::got(RejectCode::NoControl, fund))
}

/// A fund's coverage in trillionths of the target that counts at `now`.
///
/// # Errors
/// As [`coverage`].
pub fn covered(state: &State, id: FundId, now: Timestamp) -> Result<u128, Halt> {
    let fund = state.funds.expect(id)?;
    let target = coverage::target_at(state, id, fund, now)?;
    Ok(coverage_of(coverage::coverage_at(state, id, fund, now)?.counted, target))
}

/// The band that holds for a fund at `now`, none without fee control: it tightens with coverage and
/// with forecasts at once, whether or not anybody runs the control.
///
/// # Errors
/// As [`covered`].
pub fn band_at(state: &State, id: FundId, now: Timestamp) -> Result<Option<u8>, Halt> {
    let control = state.controls.expect(id)?;
    let Some(policy) = control.policy.as_deref() else { return Ok(None) };
    let reading = control.reading(policy, covered(state, id, now)?, now);
    Ok(Some(bands::holds(policy, control.standing, reading.coverage)))
}

/// What the band that holds for a fund at `now` allows; none without fee control.
///
/// # Errors
/// As [`covered`].
pub fn limits_at(state: &State, id: FundId, now: Timestamp) -> Result<Option<Band>, Halt> {
    let Some(policy) = state.controls.expect(id)?.policy.as_deref() else { return Ok(None) };
    let band = band_at(state, id, now)?;
    Ok(band.and_then(|band| bands::limits(policy, band)).copied())
}

/// Refuses a new market on a fund whose band has none listed.
pub(crate) fn listed(state: &State, id: FundId, now: Timestamp) -> Result<(), Halt> {
    let Some(band) = limits_at(state, id, now)?.filter(|band| !band.listings) else {
        return Ok(());
    };
    let policy = state.controls.expect(id)?.policy.as_deref();
    let from = policy.and_then(|policy| policy.bands.iter().find(|band| band.listings));
    let from = from.map_or(u32::MAX, |band| band.from.get());
    Err(Reject::new(RejectCode::ListingsStopped, band.from.get(), from).into())
}

/// A fund that had no control begins at its lowest rate and in the band that its coverage lies in.
/// Under new rules the rate stays within the new rails, and the band is no looser than before.
pub(crate) fn set_control(
    state: &State,
    context: &Context<'_>,
    command: &SetControl,
) -> Result<Event, Halt> {
    let new = &command.policy;
    let routes = new.routes.unwrap_or_default();
    for account in [routes.lps, routes.token_holders].into_iter().flatten() {
        state.account_id(account)?;
    }
    let fund = state.fund_id(command.fund)?;
    rails::check(new)?;
    let control = state.controls.expect(fund)?;
    let mut coverage = covered(state, fund, context.now)?;
    if let Some(old) = control.policy.as_deref() {
        let edge = bands::limits(old, control.standing.band).map_or(Ppm::ZERO, |band| band.from);
        coverage = coverage.min(fine(edge));
    }
    let after = control::within(new, &control.controller, context.now)?;
    Ok(Event::ControlSet {
        fund,
        policy: new.clone(),
        rate: after.rate,
        integral: after.integral,
        band: bands::band_of(&new.bands, coverage),
    })
}

pub(crate) fn run_control(
    state: &State,
    context: &Context<'_>,
    command: &RunControl,
) -> Result<Event, Halt> {
    let (fund, control, policy) = controlled(state, command.fund)?;
    let now = context.now;
    let due = control.controller.at.plus(policy.interval_min);
    if now < due {
        return Err(Reject::new(RejectCode::ControlTooEarly, now, due).into());
    }
    let reading = control.reading(policy, covered(state, fund, now)?, now);
    let (after, terms) = control::step(policy, &control.controller, &reading, now)?;
    let Standing { band, rising } = bands::moved(policy, control.standing, reading.coverage, now);
    let spikes = control.spikes_sum(now);
    let charged = |rate| control::charged(policy, rate, spikes, control.headroom);
    let coverage = i128::try_from(reading.coverage).map_err(|_| Reject::overflow())?;
    Ok(Event::ControlRan(Box::new(ControlRun {
        fund,
        coverage: Signed::new(coverage),
        proportional: terms.proportional,
        integral: terms.integral,
        open_interest: terms.open_interest,
        volatility: terms.volatility,
        target: terms.target,
        reach: terms.reach,
        rate_before: control.controller.rate,
        rate: after.rate,
        spikes: spikes.least(policy.spike_max),
        headroom: control.headroom,
        charged_before: charged(control.controller.rate),
        charged: charged(after.rate),
        band_before: control.standing.band,
        band,
        rising,
        message: control.in_force(now).map(|(_, told)| told.sequence),
    })))
}

/// A report is as old as what it reports; one that is older than the last known is refused.
pub(crate) fn report_conditions(
    state: &State,
    context: &Context<'_>,
    command: &ReportConditions,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    let at = context.occurred_at.min(context.now);
    let control = state.controls.expect(fund)?;
    let forecast_at = control.forecast.filter(|_| command.forecast.is_some()).map(|(_, at)| at);
    let last = control.conditions.map(|conditions| conditions.at).max(forecast_at);
    if let Some(last) = last.filter(|last| at < *last) {
        return Err(Reject::new(RejectCode::TimeRunsBack, at, last).into());
    }
    policy_of(control, command.fund)?;
    Ok(Event::ConditionsReported {
        fund,
        open_interest: command.open_interest,
        volatility: command.volatility,
        headroom: command.headroom,
        forecast: command.forecast,
        at,
    })
}

pub(crate) fn add_spike(
    state: &State,
    context: &Context<'_>,
    command: &AddSpike,
) -> Result<Event, Halt> {
    let (now, until) = (context.now, command.until);
    let control = state.controls.expect(state.fund_id(command.fund)?)?;
    if command.size == Ppm::ZERO {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if until <= now {
        return Err(Reject::new(RejectCode::TimeRunsBack, until, now).into());
    }
    let (fund, _, policy) = controlled(state, command.fund)?;
    let span = until.since(now);
    if span > policy.spike_span_max {
        return Err(Reject::new(RejectCode::SpikeTooLong, span, policy.spike_span_max).into());
    }
    let on = control.spikes_on(now).count();
    if on >= usize::from(policy.spikes_max) {
        let limit = usize::from(policy.spikes_max);
        return Err(Reject::new(RejectCode::TooManySpikes, on, limit).into());
    }
    let spike = control.spikes_made;
    let (size, cause) = (command.size, command.cause);
    Ok(Event::SpikeAdded { fund, spike, size, cause, until })
}

pub(crate) fn end_spike(
    state: &State,
    context: &Context<'_>,
    command: &EndSpike,
) -> Result<Event, Halt> {
    let (fund, control, _) = controlled(state, command.fund)?;
    if !control.spikes_on(context.now).any(|spike| spike.number == command.spike) {
        return Err(Reject::got(RejectCode::UnknownSpike, command.spike).into());
    }
    Ok(Event::SpikeEnded { fund, spike: command.spike })
}
