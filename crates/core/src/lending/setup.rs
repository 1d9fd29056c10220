//! Reserves: opened, changed, paused.

use super::{accrue::accrue, book::LendingReserve, curve};
use crate::{
    command::{CreateReserve, SetReserve, SetReserveStatus},
    event::{Event, LendingEvent},
    governance::Context,
    policy::{PledgePolicy, ReservePolicy, ReserveStatus},
    reject::{Halt, Reject, RejectCode, Value},
    state::State,
    txn::Txn,
};
use backstop_units::{Bps, ReserveId, Span};

/// Shortest and longest period between two additions of interest.
const PERIOD: (Span, Span) = (Span::from_ms(1), Span::days(1));

fn bad(got: impl Into<Value>, limit: impl Into<Value>) -> Reject {
    Reject::new(RejectCode::BadPolicy, got, limit)
}

pub(crate) fn create(state: &State, command: &CreateReserve) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let treasury = state.account_id(command.treasury)?;
    if state.reserve_id(command.label).is_ok() {
        return Err(Reject::got(RejectCode::DuplicateLabel, command.label).into());
    }
    rails(state, &command.policy)?;
    Ok(Event::Lending(LendingEvent::ReserveCreated {
        reserve: state.reserves.next_id(),
        label: command.label,
        asset,
        treasury,
        policy: command.policy.clone(),
    }))
}

pub(crate) fn set(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetReserve,
) -> Result<(), Halt> {
    let reserve = txn.state().reserve_id(command.reserve)?;
    rails(txn.state(), &command.policy)?;
    accrue(txn, context, reserve)?;
    let policy = command.policy.clone();
    txn.emit(Event::Lending(LendingEvent::ReserveSet { reserve, policy }))
}

/// Dead is what a loss leaves, no setting, and nothing leads back.
pub(crate) fn set_status(state: &State, command: &SetReserveStatus) -> Result<Event, Halt> {
    let reserve = state.reserve_id(command.reserve)?;
    let status = command.status;
    if status == ReserveStatus::Dead {
        return Err(bad(status.word(), ReserveStatus::Paused.word()).into());
    }
    let held = state.reserves.expect(reserve)?.status;
    if held == ReserveStatus::Dead {
        return Err(Reject::new(RejectCode::ReserveClosed, held.word(), status.word()).into());
    }
    Ok(Event::Lending(LendingEvent::ReserveStatusSet { reserve, status }))
}

/// Whether a command only closes what is open.
pub(crate) fn pauses(state: &State, command: &SetReserveStatus) -> Result<bool, Halt> {
    let reserve: ReserveId = state.reserve_id(command.reserve)?;
    let held: &LendingReserve = state.reserves.expect(reserve)?;
    Ok(command.status >= held.status)
}

fn rails(state: &State, policy: &ReservePolicy) -> Result<(), Halt> {
    for rules in &policy.collateral {
        state.asset_id(rules.asset)?;
    }
    let (least, most) = PERIOD;
    let interest = &policy.interest;
    if interest.period < least || interest.period > most {
        return Err(bad(interest.period, most).into());
    }
    for part in [interest.take, interest.referral, policy.utilization_max, policy.close] {
        portion(part)?;
    }
    if policy.close == Bps::ZERO {
        return Err(bad(0u32, 1u32).into());
    }
    let (count, most) = (policy.collateral.len(), ReservePolicy::COLLATERAL_MAX);
    if count > most {
        return Err(bad(count, most).into());
    }
    for (at, rules) in policy.collateral.iter().enumerate() {
        collateral(rules)?;
        if policy.collateral.iter().take(at).any(|other| other.asset == rules.asset) {
            return Err(bad(rules.asset, "each asset once").into());
        }
    }
    Ok(curve::check(&interest.curve)?)
}

/// A position at its liquidation threshold must be worth its debt and the bonus.
fn collateral(rules: &PledgePolicy) -> Result<(), Reject> {
    for part in [rules.liquidation, rules.bonus, rules.bonus_take] {
        portion(part)?;
    }
    if rules.borrow > rules.liquidation {
        return Err(bad(rules.borrow.get(), rules.liquidation.get()));
    }
    let whole = u64::from(Bps::WHOLE.get());
    let with_bonus = whole.saturating_add(rules.bonus.get().into());
    let covered = u64::from(rules.liquidation.get()).saturating_mul(with_bonus);
    if covered > whole.saturating_mul(whole) {
        return Err(bad(rules.bonus.get(), "liquidation × (1 + bonus) of at most all"));
    }
    Ok(())
}

fn portion(part: Bps) -> Result<(), Reject> {
    if part > Bps::WHOLE { Err(bad(part.get(), Bps::WHOLE.get())) } else { Ok(()) }
}
