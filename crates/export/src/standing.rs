//! How things stand, as pictures out of a state: a fund's coverage, who is about to leave it, how far a loss is.

use crate::{
    error::ExportError,
    names::{Unit, fund_label},
    picture::{Band, Gauge, Lights, Queue, QueueDay, Step, StepState, Timeline},
};
use backstop_core::{
    Halt,
    fund::{coverage::Coverage, coverage_at, rescale::ticket_now, shares::worth},
    ledger::LedgerAccount,
    loss::claim::{Kind, gauge},
    policy::Cause,
    state::{Loss, LossStatus, State},
};
use backstop_units::{Amount, FundId, LossId, MarketId, TicketId, Timestamp};
use std::collections::BTreeMap;

pub(crate) fn halted(halt: Halt) -> ExportError {
    match halt {
        Halt::Reject(reject) => ExportError::Refused(reject),
        Halt::Corrupt(corrupt) => corrupt.into(),
    }
}

fn parts(state: &State, id: FundId, now: Timestamp) -> Result<(Unit, Coverage), ExportError> {
    let fund = state.funds.expect(id)?;
    Ok((Unit::of(state, fund.asset), coverage_at(state, id, fund, now).map_err(halted)?))
}

/// What counts as a part of the target, in words. **Rounding** down, to a hundredth of a percent.
pub(crate) fn ratio_words(counted: Amount, target: Amount) -> String {
    match counted.mul_div_floor(10_000, target.get()) {
        Ok(bps) => format!("{}%", backstop_units::format_decimal(bps.get(), 2)),
        Err(_) => "no target is set".to_owned(),
    }
}

/// What counts of a fund against threshold, target and bands.
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub fn fund_gauge(state: &State, id: FundId, now: Timestamp) -> Result<Gauge, ExportError> {
    let fund = state.funds.expect(id)?;
    let (unit, parts) = parts(state, id, now)?;
    let control = state.controls.get(id).and_then(|control| control.policy.as_deref());
    let bands = control.map_or(&[][..], |policy| &policy.bands);
    let edge = |ppm: u128| fund.target.mul_div_floor(ppm, 1_000_000).unwrap_or(fund.target);
    let bands = (0u32..).zip(bands).map(|(number, band)| Band {
        name: number.to_string(),
        from: edge(u128::from(band.from.get())),
    });
    Ok(Gauge {
        id: format!("{id}-gauge"),
        title: format!("Coverage of {}", fund_label(state, id)),
        unit,
        counted: parts.counted,
        queued: parts.queued,
        threshold: fund.threshold,
        target: fund.target,
        ratio: ratio_words(parts.counted, fund.target),
        bands: bands.collect(),
    })
}

/// What may leave a fund, by the day on which its tickets are ready, and what counts after all of it.
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub fn exit_queue(state: &State, id: FundId, now: Timestamp) -> Result<Queue, ExportError> {
    let fund = state.funds.expect(id)?;
    let (unit, parts) = parts(state, id, now)?;
    let mut days: BTreeMap<String, Amount> = BTreeMap::new();
    for (_, ticket) in state.tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        let tranche = state.tranches.expect(ticket.tranche)?;
        if tranche.fund != id || tranche.series != ticket.series {
            continue;
        }
        let assets = state.ledger.owed(LedgerAccount::Tranche(ticket.tranche), fund.asset);
        let shares = ticket_now(ticket, tranche);
        let amount = worth(shares, assets, tranche.shares)
            .map_err(|error| ExportError::Refused(error.into()))?;
        let day: String = ticket.ready_at.max(now).to_string().chars().take(10).collect();
        let sum = days.entry(day).or_default();
        *sum = sum.saturating_add(amount);
    }
    Ok(Queue {
        id: format!("{id}-queue"),
        title: format!("Exits from {} by day", fund_label(state, id)),
        unit,
        counted: parts.counted,
        target: fund.target,
        days: days.into_iter().map(|(day, amount)| QueueDay { day, amount }).collect(),
    })
}

/// How near a market's winners are to being deleveraged; none where its waterfall does not end there.
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub fn market_lights(
    state: &State,
    id: MarketId,
    now: Timestamp,
) -> Result<Option<Lights>, ExportError> {
    let market = state.markets.expect(id)?;
    let unit = Unit::of(state, state.funds.expect(market.fund)?.asset);
    let gauge = gauge(state, (id, Kind::Adl), Cause::Bankruptcy, now)?;
    Ok(gauge.map(|gauge| Lights {
        id: format!("{id}-lights"),
        title: format!("How near deleveraging is on {}", market.label),
        facts: vec![
            format!("{} lie before the winners", unit.brief(gauge.cushion)),
            format!("all lights are off from {} on", unit.brief(gauge.reference)),
        ],
        on: gauge.lights,
        mine: None,
    }))
}

/// A moment to the second, for people.
fn moment(at: Timestamp) -> String {
    at.to_string().chars().take(19).collect::<String>().replace('T', " ")
}

/// The states that a loss went through, and those to come.
///
/// # Errors
/// [`ExportError::UnknownLoss`].
pub fn loss_steps(state: &State, id: LossId) -> Result<Timeline, ExportError> {
    let loss = state.losses.get(id).ok_or(ExportError::UnknownLoss(id))?;
    let step = |name: &str, when: String, state| Step { name: name.to_owned(), when, state };
    let mut steps = vec![step("happened", moment(loss.occurred_at), StepState::Done)];
    // A settlement declares and places at once, unless it is parked.
    if loss.declared_at != Timestamp::ZERO {
        steps.push(step("declared", moment(loss.declared_at), StepState::Done));
    }
    let placed_at = loss.rows.iter().map(|row| row.placed_at).min();
    let when = placed_at.map_or_else(String::new, moment);
    let (assessed, placed, closed) = reached(loss);
    steps.push(step("assessed: amount and evidence are fixed", String::new(), assessed));
    steps.push(step("placed on those who bear it", when, placed));
    if loss.status == LossStatus::Declared {
        let until = format!("unless it is assessed by {}", moment(loss.lapses_at));
        steps.push(step("lapses", until, StepState::Ahead));
    }
    let end = if loss.status == LossStatus::Void { "void: every row reversed" } else { "closed" };
    steps.push(step(end, String::new(), closed));
    Ok(Timeline { id: format!("{id}-steps"), title: format!("States of {id}"), steps })
}

/// How far assessment, placing and closing are.
fn reached(loss: &Loss) -> (StepState, StepState, StepState) {
    use StepState::{Ahead, Done, Missed, Now};
    match loss.status {
        LossStatus::Declared => (Ahead, Ahead, Ahead),
        LossStatus::Open => (Now, Ahead, Ahead),
        LossStatus::Placed => (Done, Now, Ahead),
        LossStatus::Void if loss.rows.is_empty() => (Missed, Missed, Done),
        LossStatus::Closed | LossStatus::Void => (Done, Done, Done),
    }
}

/// An exit: filed, ready, lapsed; none for a ticket that is not there.
pub fn ticket_steps(state: &State, id: TicketId, now: Timestamp) -> Option<Timeline> {
    let ticket = state.tickets.get(id)?;
    let past = |at: Timestamp| if now >= at { StepState::Done } else { StepState::Ahead };
    let ends = ticket.ready_at.plus(ticket.window);
    let lapses = !ticket.window.is_zero();
    let (cooldown, ready) = match (now >= ticket.ready_at, lapses && now >= ends) {
        (false, _) => (StepState::Now, StepState::Ahead),
        (true, false) => (StepState::Done, StepState::Now),
        (true, true) => (StepState::Done, StepState::Missed),
    };
    let step = |name: &str, when: String, state| Step { name: name.to_owned(), when, state };
    let until = format!("until {}, still in reach of losses", moment(ticket.ready_at));
    let mut steps = vec![
        step("filed", String::new(), StepState::Done),
        step("cooldown", until, cooldown),
        step("can be paid", format!("from {}", moment(ticket.ready_at)), ready),
    ];
    if lapses {
        steps.push(step("lapses: the stake stays in", moment(ends), past(ends)));
    }
    Some(Timeline { id: format!("{id}-steps"), title: format!("Exit {id}"), steps })
}
