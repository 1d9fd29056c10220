//! Fee control, reservations, late settlements and idle cash, as commands.

use super::{
    Op,
    resolve::{self, fund_label, market_label},
};
use crate::{
    keys,
    world::{FUNDS, label},
};
use backstop_core::{
    Body, State,
    command::{
        AddSpike, CommitReservation, Direction, EndSpike, MoveIdle, ReleaseReservation,
        ReportConditions, ReportRisk, Reserve, RunControl, SetControl, SetOfflineBudget,
        SetOpenInterestMax,
    },
    fund::{controls::Control, rails::widens, reservations::Reservation},
    ledger::LedgerAccount,
    policy::{ControlPolicy, IdlePolicy, SignatureBytes, SpikeCause},
};
use backstop_units::{Amount, Base, FundId, Hash, Label, Ppm, Span, Timestamp};

/// A risk model's message, most of whose parts keep to the caps.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// By how much its number lies above the last one.
    pub ahead: u8,
    /// How long ago it was made, in minutes.
    pub age: u64,
    /// How long it lasts, in minutes.
    pub life: u64,
    /// Target, as a part of the cap, in percent.
    pub target: u8,
    /// Cover-2, as a part of the target, in percent.
    pub cover: u8,
    /// What it adds to the rate, as a part of the cap, in percent.
    pub fee: u8,
    /// What it holds back, as a part of the cap, in percent.
    pub hold: u8,
    /// Whether it is signed by the model's key.
    pub signed: bool,
}

fn told(state: &State, number: u8, told: &Told, now: Timestamp) -> ReportRisk {
    let control = control(state, number).map(|(_, control)| control);
    let caps = control.and_then(|control| control.policy.as_deref()?.messages);
    let last = control.and_then(|control| control.message.as_deref()).map_or(0, |m| m.sequence);
    let part = |of: Option<Amount>, percent: u8| {
        Amount::new(of.map_or(1_000, Amount::get) / 100 * u128::from(percent))
    };
    let target = part(caps.map(|caps| caps.target_max), told.target);
    let minutes = |count: u64| Span::from_ms(count * 60_000);
    let made_at = now.minus(minutes(told.age));
    let message = ReportRisk {
        fund: fund_label(number),
        sequence: last + u64::from(told.ahead),
        made_at,
        until: made_at.plus(minutes(told.life)),
        target,
        cover_two: part(Some(target), told.cover),
        fee: Ppm::new(caps.map_or(0, |caps| caps.fee_max.get()) / 100 * u32::from(told.fee)),
        hold: part(caps.map(|caps| caps.hold_max), told.hold),
        evidence: Hash::new([told.ahead; 32]),
        signature: SignatureBytes([0; 64]),
    };
    if told.signed { keys::risk(state.meta.ledger, message) } else { message }
}

fn control(state: &State, number: u8) -> Option<(FundId, &Control)> {
    let id = state.fund_id(fund_label(number)).ok()?;
    Some((id, state.controls.get(id)?))
}

/// Sent by the risk desk if it may, else by the operator.
fn set(state: &State, number: u8, policy: ControlPolicy) -> (&'static str, Body) {
    let old = control(state, number).and_then(|(_, control)| control.policy.as_deref());
    let within = old.is_some_and(|old| !widens(old, &policy));
    let set = SetControl { fund: fund_label(number), policy: Box::new(policy) };
    (if within { "risk" } else { "op" }, set.into())
}

/// The rules that a fund has, or the default ones, but for one setting.
fn tweaked(state: &State, number: u8, what: u8, value: u32) -> ControlPolicy {
    let old = control(state, number).and_then(|(_, control)| control.policy.as_deref());
    let mut policy = old.cloned().unwrap_or_default();
    let span = Span::from_ms(u64::from(value) * 60);
    match what % 12 {
        0 => policy.rate_max = Ppm::new(value),
        1 => policy.rate_min = Ppm::new(value / 8),
        2 => policy.slew = None,
        3 => policy.open_interest_gain = Ppm::new(value),
        4 => policy.spike_max = Ppm::new(value),
        5 => policy.spikes_max = u8::try_from(value % 18).unwrap_or(0),
        6 => policy.band_margin = Ppm::new(value / 4),
        7 => policy.loosen_delay = span,
        8 => policy.bands.truncate(usize::try_from(value % 6).unwrap_or(1)),
        9 => policy.reservations.count_max = u8::try_from(value % 66).unwrap_or(0),
        10 => policy.interval_min = span,
        _ => {
            let part_max = Ppm::new(value.saturating_mul(2));
            let (venue, notice) = (label("yield"), Span::hours(u64::from(value % 3)));
            policy.idle = Some(IdlePolicy { venue, part_max, notice, reach: Span::hours(1) });
        }
    }
    policy
}

pub(super) fn steers(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    Some(match op {
        Op::Control { fund, policy } => set(state, *fund, (**policy).clone()),
        Op::Tweak { fund, what, value } => set(state, *fund, tweaked(state, *fund, *what, *value)),
        Op::RunControl { fund } => ("alice", RunControl { fund: fund_label(*fund) }.into()),
        Op::Conditions { fund, open_interest, volatility, headroom, forecast } => {
            let report = ReportConditions {
                fund: fund_label(*fund),
                open_interest: Ppm::new(*open_interest),
                volatility: Ppm::new(*volatility),
                headroom: headroom.map(Ppm::new),
                forecast: forecast.map(Ppm::new),
            };
            (if forecast.is_some() { "risk" } else { "venue" }, report.into())
        }
        Op::Spike { fund, size, span } => {
            let (fund, size, until) = (fund_label(*fund), Ppm::new(*size), now.plus(*span));
            ("risk", AddSpike { fund, size, cause: SpikeCause::Volatility, until }.into())
        }
        Op::EndSpike { fund, spike } => {
            let spikes = control(state, *fund);
            let on: Vec<u32> = spikes.map_or_else(Vec::new, |(_, control)| {
                control.spikes_on(now).map(|spike| spike.number).collect()
            });
            let spike = match on.get(usize::from(*spike) % on.len().max(1)) {
                Some(number) if *spike < 7 => *number,
                _ => u32::from(*spike),
            };
            ("risk", EndSpike { fund: fund_label(*fund), spike }.into())
        }
        Op::Risk { fund, told: parts } => ("alice", told(state, *fund, parts, now).into()),
        Op::Idle { fund, out, part } => {
            let [left, placed] = placeable(state, *fund).unwrap_or_default();
            let (actor, direction, all) =
                if *out { ("op", Direction::Out, left) } else { ("risk", Direction::In, placed) };
            let amount = Amount::new(part.take(all));
            (actor, MoveIdle { fund: fund_label(*fund), direction, amount }.into())
        }
        _ => return None,
    })
}

/// What may still be placed at a yield venue, and what is there.
fn placeable(state: &State, number: u8) -> Option<[u128; 2]> {
    let (id, control) = control(state, number)?;
    let asset = state.funds.get(id)?.asset;
    let [reserve, placed] = [LedgerAccount::Reserve(id), LedgerAccount::Idle(id)]
        .map(|account| state.ledger.owed(account, asset));
    let idle = control.policy.as_deref().and_then(|policy| policy.idle);
    let most = idle.and_then(|idle| idle.part_max.of_floor(reserve.saturating_add(placed)).ok());
    Some([most.unwrap_or_default().saturating_sub(placed), placed].map(Amount::get))
}

/// What a market may still reserve of its fund.
fn capacity(state: &State, market: Label, now: Timestamp) -> Option<u128> {
    let id = state.markets.get(state.market_id(market).ok()?)?.fund;
    let fund = state.funds.get(id)?;
    let owed = |account| state.ledger.owed(account, fund.asset);
    let own = owed(LedgerAccount::Reserve(id)).checked_add(owed(LedgerAccount::Contributions(id)));
    let part = state.controls.get(id)?.policy.as_deref()?.reservations.part_max;
    let held = state.reservations.get(id)?.held(now);
    Some(part.of_floor(own?).ok()?.saturating_sub(held).get())
}

/// An open reservation and the number of its market; now and then one that is not there.
fn reservation(state: &State, number: u8, now: Timestamp) -> (u8, Label) {
    let funds = FUNDS.iter().filter_map(|name| state.fund_id(label(name)).ok());
    let of_funds = funds.filter_map(|id| state.reservations.get(id));
    let open: Vec<&Reservation> = of_funds.flat_map(|held| held.open(now)).collect();
    match open.get(usize::from(number) % open.len().max(1)) {
        Some(found) if number < 240 => (u8::try_from(found.market.get()).unwrap_or(0), found.id),
        _ => (number % 4, name(number)),
    }
}

/// What a venue calls its reservations: few names, so that it uses them again.
fn name(number: u8) -> Label {
    label(["a", "b", "c", "d", "e"][usize::from(number) % 5])
}

pub(super) fn holds(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    Some(match op {
        Op::Reserve { market, id, part, span } => {
            let (market, id, until) = (market_label(*market), name(*id), now.plus(*span));
            let amount = Amount::new(part.take(capacity(state, market, now).unwrap_or(0)));
            ("venue", Reserve { market, id, amount, until }.into())
        }
        Op::Commit { reservation: number, settlement } => {
            let (at, id) = reservation(state, *number, now);
            let mut settle = (**settlement).clone();
            if let Op::Settle { market, .. } = &mut settle {
                *market = at;
            }
            let Body::SettleLiquidation(settlement) = resolve::settle(&settle)?.1 else {
                return None;
            };
            ("venue", CommitReservation { id, settlement: Box::new(settlement) }.into())
        }
        Op::Release { reservation: number } => {
            let (market, id) = reservation(state, *number, now);
            ("venue", ReleaseReservation { market: market_label(market), id }.into())
        }
        Op::OpenInterestMax { market, max } => {
            let (market, max) = (market_label(*market), max.map(Base::new));
            let id = state.market_id(market).ok();
            let old = id.and_then(|id| *state.open_interest_max.get(id)?);
            let within = old.is_none_or(|old| max.is_some_and(|max| max <= old));
            (if within { "risk" } else { "op" }, SetOpenInterestMax { market, max }.into())
        }
        Op::Offline { market, budget, span } => {
            let (label, budget, span) = (market_label(*market), Amount::new(*budget), *span);
            let old = state.market_id(label).ok().and_then(|id| state.offline.get(id));
            let within = old.is_some_and(|old| budget <= old.budget && span <= old.span);
            let actor = if within { "risk" } else { "op" };
            (actor, SetOfflineBudget { market: label, budget, span }.into())
        }
        _ => return None,
    })
}
