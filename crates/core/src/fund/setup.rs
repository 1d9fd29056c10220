//! Creating funds and tranches, and changing their settings.

use crate::{
    command::{CreateFund, CreateTranche, SetCovers, SetSplit, SetTarget, SetThreshold},
    event::Event,
    policy::{FundPolicy, SplitPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::Label;

/// A label that nothing of this kind has yet.
pub(crate) fn free_label(label: Label, taken: bool) -> Result<(), Reject> {
    if label == Label::NONE || taken {
        return Err(Reject::got(RejectCode::DuplicateLabel, label));
    }
    Ok(())
}

/// A sharing whose parts add up to the whole.
pub(crate) fn check_split(split: &SplitPolicy) -> Result<(), Reject> {
    let parts = [split.fund, split.liquidator, split.user];
    let sum = parts.iter().fold(0u64, |sum, part| sum.saturating_add(u64::from(part.get())));
    if sum == 10_000 { Ok(()) } else { Err(Reject::new(RejectCode::BadSplit, sum, 10_000u64)) }
}

/// A coverage band above ten times the target is a slip of the pen.
const COVERAGE_MAX: u32 = 100_000;

fn check_policy(policy: &FundPolicy) -> Result<(), Reject> {
    check_split(&policy.split)?;
    super::revenue::check(&policy.revenue)?;
    let day = backstop_units::Span::days(1);
    if policy.declaration_lapse.is_zero() {
        return Err(Reject::new(RejectCode::BadPolicy, "declaration_lapse of no time", day));
    }
    if policy.coverage_min.get() > COVERAGE_MAX {
        return Err(Reject::new(RejectCode::BadPolicy, policy.coverage_min.get(), COVERAGE_MAX));
    }
    if policy.hold_max > backstop_units::Span::days(90) {
        return Err(Reject::new(
            RejectCode::BadPolicy,
            policy.hold_max,
            backstop_units::Span::days(90),
        ));
    }
    Ok(())
}

pub(crate) fn create_fund(state: &State, command: &CreateFund) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let treasury = state.account_id(command.treasury)?;
    free_label(command.label, state.fund_id(command.label).is_ok())?;
    check_policy(&command.policy)?;
    Ok(Event::FundCreated {
        fund: state.funds.next_id(),
        label: command.label,
        asset,
        kind: command.kind,
        treasury,
        threshold: command.threshold,
        target: command.target,
        policy: *command.policy,
    })
}

pub(crate) fn create_tranche(state: &State, command: &CreateTranche) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    free_label(command.label, state.tranche_id(command.label).is_ok())?;
    let (tranche, label) = (state.tranches.next_id(), command.label);
    Ok(Event::TrancheCreated { tranche, label, fund, policy: command.policy })
}

pub(crate) fn set_threshold(state: &State, command: &SetThreshold) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    // Without a threshold all that is free in a house account would leave by itself.
    if command.threshold.is_zero() && state.funds.expect(fund)?.house.is_some() {
        let least = backstop_units::Amount::new(1);
        return Err(Reject::new(RejectCode::BadPolicy, command.threshold, least).into());
    }
    Ok(Event::ThresholdSet { fund, threshold: command.threshold })
}

pub(crate) fn set_target(state: &State, command: &SetTarget) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    Ok(Event::TargetSet { fund, target: command.target })
}

pub(crate) fn set_split(state: &State, command: &SetSplit) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    check_split(&command.split)?;
    Ok(Event::SplitSet { fund, split: command.split })
}

pub(crate) fn set_covers(state: &State, command: &SetCovers) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    Ok(Event::CoversSet { fund, covers: command.covers })
}
