//! How things stand, as pictures out of a state: a fund's coverage, who is about to leave it, how far a loss is.

use crate::{
    error::ExportError,
    names::{Unit, fund_label},
    picture::{
        Band, Cell, Gauge, Lights, Part, Queue, QueueDay, Stack, Step, StepState, Timeline,
        Timelock, Timelocks, Tone,
    },
};
use backstop_core::{
    Halt,
    fund::{
        coverage::{Coverage, ratio_bps, target_at},
        coverage_at,
        exits::exits,
    },
    loss::claim::{Kind, gauge},
    policy::Cause,
    state::{Loss, LossStatus, Proposal, State},
};
use backstop_units::{Amount, FundId, LossId, MarketId, TicketId, Timestamp, VaultLossId};

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
    ratio_bps(counted, target).map_or_else(
        || "no target is set".to_owned(),
        |bps| format!("{}%", backstop_units::format_decimal(bps, 2)),
    )
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
    let target = target_at(state, id, fund, now)?;
    let edge = |ppm: u128| target.mul_div_floor(ppm, 1_000_000).unwrap_or(target);
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
        target,
        ratio: ratio_words(parts.counted, target),
        bands: bands.collect(),
    })
}

/// What may leave a fund, by the day on which it can be paid, and what stays; see [`backstop_core::fund::exits`].
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub fn exit_queue(state: &State, id: FundId, now: Timestamp) -> Result<Queue, ExportError> {
    let fund = state.funds.expect(id)?;
    let (unit, parts) = parts(state, id, now)?;
    let found = exits(state, id, now).map_err(halted)?;
    let days = found.days.iter().map(|it| QueueDay {
        day: it.day.to_string().chars().take(10).collect(),
        amount: it.amount,
        left: it.left,
    });
    Ok(Queue {
        id: format!("{id}-queue"),
        title: format!("Exits from {} by day", fund_label(state, id)),
        unit,
        staked: found.staked,
        counted: parts.counted,
        ratio: ratio_words(parts.counted, target_at(state, id, fund, now)?),
        days: days.collect(),
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

/// Changes that wait for signatures or for their time, the first to be carried out first: those that `wanted` picks.
pub fn timelocks(
    state: &State,
    (id, title): (&str, &str),
    wanted: impl Fn(&Proposal) -> bool,
    now: Timestamp,
) -> Timelocks {
    let open = state.proposals.iter();
    let open = open.filter(|(_, it)| !it.closed && now < it.expires_at && wanted(it));
    let mut waiting: Vec<Timelock> = open
        .map(|(id, it)| Timelock {
            name: format!("{id}: {}", it.body.word().replace('_', " ")),
            ready_at: it.ready_at,
            expires_at: it.expires_at,
            signed: (it.keys.len(), usize::from(state.council.threshold)),
        })
        .collect();
    waiting.sort_by_key(|it| (it.ready_at.is_none(), it.ready_at, it.expires_at));
    Timelocks { id: id.to_owned(), title: title.to_owned(), now, waiting }
}

/// What was assessed of a vault's loss: what claimants were paid, what waits for them, what is missing. None for a loss
/// that was not assessed.
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub fn claims(state: &State, id: VaultLossId) -> Result<Option<Stack>, ExportError> {
    let Some(held) = state.compensation(id) else { return Ok(None) };
    let record = state.vault_losses.expect(id)?;
    let unit = Unit::of(state, state.vaults.expect(record.vault)?.asset);
    let made = held.made_good(state).map_err(halted)?;
    let part = |name: &str, tone: Tone, amount: Amount, note: &str| Part {
        name: name.to_owned(),
        tone,
        size: amount.get(),
        value: Cell::amount(&unit, amount),
        note: note.to_owned(),
    };
    let waits = match held.claims {
        Some(claims) if claims.closed => part("unclaimed", Tone::Dim, made.waits, "went back"),
        Some(claims) => {
            let note = format!("can be claimed until {}", moment(claims.until));
            part("waits for claimants", Tone::Room, made.waits, &note)
        }
        None => part("waits for claims to open", Tone::Room, made.waits, ""),
    };
    Ok(Some(Stack {
        id: format!("{id}-claims"),
        title: format!("What of {id} is made good"),
        facts: if held.disputed {
            vec!["in dispute: nothing is paid".to_owned()]
        } else {
            Vec::new()
        },
        parts: vec![
            part("paid to claimants", Tone::Pay, made.paid, ""),
            waits,
            part("missing", Tone::Gone, made.missing, "nobody paid or released it"),
        ],
        less: Vec::new(),
        total: Some(("assessed".to_owned(), Cell::amount(&unit, held.assessment.amount))),
    }))
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
