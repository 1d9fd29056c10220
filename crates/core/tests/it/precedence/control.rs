//! Fee control.

use super::*;
use crate::risk_message;
use backstop_core::{
    command::{
        AddSpike, CommitReservation, EndSpike, MoveIdle, ReportConditions, ReportRisk, Reserve,
        RunControl, SetControl, SetOfflineBudget,
    },
    policy::{ControlPolicy, ReservationPolicy, Routes, SpikeCause},
};
use backstop_units::Ppm;

#[test]
fn setting_and_running() {
    let world = &mut of(|setup| setup.limits.config_delay = Span::days(3));
    let high = ControlPolicy { rate_max: Ppm::new(1_000_001), ..ControlPolicy::default() };
    let set = |fund, policy: &ControlPolicy| SetControl {
        fund: label(fund),
        policy: Box::new(policy.clone()),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", set("main", &high), C::RoleMissing);
    ladder.rung(world, "op", set("main", &high), C::Timelocked);
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", set(NOTHING, &high), C::UnknownFund);
    let world = &mut World::new();
    ladder.rung(world, "op", set("main", &high), C::BadPolicy);
    let routes = Some(Routes { lps: Some(label(NOTHING)), token_holders: None });
    let nobody = ControlPolicy { routes, ..high };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", set(NOTHING, &nobody), C::UnknownAccount);
    let somebody = Some(Routes { lps: Some(label("alice")), token_holders: None });
    let known = ControlPolicy { routes: somebody, ..nobody };
    ladder.rung(world, "op", set(NOTHING, &known), C::UnknownFund);
    ladder.rung(world, "op", set("main", &known), C::BadPolicy);

    let run = |fund| RunControl { fund: label(fund) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", run(NOTHING), C::UnknownFund);
    ladder.rung(world, "alice", run("main"), C::NoControl);
    world.must("op", set("main", &ControlPolicy::default()));
    ladder.rung(world, "alice", run("main"), C::ControlTooEarly);
}

#[test]
fn reports_and_spikes() {
    let world = &mut World::new();
    let report = |fund, forecast| ReportConditions {
        fund: label(fund),
        open_interest: Ppm::ZERO,
        volatility: Ppm::ZERO,
        headroom: None,
        forecast,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", report(NOTHING, Some(Ppm::ZERO)), C::RoleMissing);
    ladder.rung(world, "venue", report(NOTHING, None), C::UnknownFund);
    ladder.rung(world, "venue", report("main", None), C::NoControl);

    let spike = |fund, size, until| AddSpike {
        fund: label(fund),
        size: Ppm::new(size),
        cause: SpikeCause::Loss,
        until,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", spike(NOTHING, 0, START), C::RoleMissing);
    ladder.rung(world, "risk", spike(NOTHING, 0, START), C::UnknownFund);
    ladder.rung(world, "risk", spike("main", 0, START), C::ZeroAmount);
    ladder.rung(world, "risk", spike("main", 1, START), C::TimeRunsBack);
    ladder.rung(world, "risk", spike("main", 1, days(8)), C::NoControl);
    let policy = ControlPolicy { spikes_max: 0, ..ControlPolicy::default() };
    world.must("op", SetControl { fund: label("main"), policy: Box::new(policy) });
    ladder.rung(world, "risk", spike("main", 1, days(8)), C::SpikeTooLong);
    ladder.rung(world, "risk", spike("main", 1, days(7)), C::TooManySpikes);

    let end = |fund| EndSpike { fund: label(fund), spike: 0 };
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", end(NOTHING), C::RoleMissing);
    ladder.rung(world, "risk", end(NOTHING), C::UnknownFund);
    ladder.rung(world, "risk", end("iso"), C::NoControl);
    ladder.rung(world, "risk", end("main"), C::UnknownSpike);
}

#[test]
fn risk_messages() {
    let world = &mut World::new();
    let ledger = world.state.meta.ledger;
    // Everything is wrong with it; each rung mends one thing.
    let worst = ReportRisk {
        fund: label(NOTHING),
        sequence: 0,
        made_at: days(9),
        until: START,
        target: atoms(30_000),
        cover_two: atoms(40_000),
        ..risk_message::message(1, START)
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", worst.clone(), C::UnknownFund);
    let known = ReportRisk { fund: label("main"), ..worst };
    ladder.rung(world, "alice", known.clone(), C::NoRiskModel);
    let messages = Some(risk_message::caps());
    let policy = Box::new(ControlPolicy { messages, ..ControlPolicy::default() });
    world.must("op", SetControl { fund: label("main"), policy });
    world.must("alice", keys::risk(ledger, risk_message::message(1, START)));
    ladder.rung(world, "alice", known.clone(), C::BadRiskSignature);
    let signed = |message: &ReportRisk| keys::risk(ledger, message.clone());
    ladder.rung(world, "alice", signed(&known), C::RiskMessageOrder);
    let next = ReportRisk { sequence: 2, ..known };
    ladder.rung(world, "alice", signed(&next), C::RiskMessageStale);
    let lasting = ReportRisk { made_at: START, until: START.plus(Span::hours(1)), ..next };
    ladder.rung(world, "alice", signed(&lasting), C::RiskMessageCaps);
    let capped = ReportRisk { target: atoms(20_000), ..lasting };
    ladder.rung(world, "alice", signed(&capped), C::TargetBelowCover);
}

#[test]
fn reservations() {
    let world = &mut World::new();
    let reserve = |market, amount, until| Reserve {
        market: label(market),
        id: label("a"),
        amount: atoms(amount),
        until,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", reserve(NOTHING, 0, START), C::UnknownMarket);
    Ladder::default().rung(world, "alice", reserve("sol", 0, START), C::RoleMissing);
    ladder.rung(world, "venue", reserve("sol", 0, START), C::ZeroAmount);
    ladder.rung(world, "venue", reserve("sol", 9, START), C::TimeRunsBack);
    ladder.rung(world, "venue", reserve("sol", 9, days(1)), C::NoControl);
    let (span_max, until) = (Span::hours(1), START.plus(Span::hours(1)));
    let limits = ReservationPolicy { part_max: Ppm::WHOLE, span_max, count_max: 1 };
    let policy = ControlPolicy { reservations: limits, ..ControlPolicy::default() };
    let fund = label("main");
    world.must("op", SetControl { fund, policy: Box::new(policy.clone()) });
    let (account, asset) = (label("alice"), label("usdt"));
    world.must("alice", Contribute { fund, account, asset, amount: atoms(5) });
    let mut held = world.clone();
    held.must("venue", reserve("sol", 1, until));
    ladder.rung(&mut held, "venue", reserve("sol", 9, days(1)), C::DuplicateReservation);
    let other = |until| Reserve { id: label("b"), ..reserve("sol", 9, until) };
    ladder.rung(&mut held, "venue", other(days(1)), C::ReservationTooLong);
    ladder.rung(&mut held, "venue", other(until), C::TooManyReservations);
    ladder.rung(world, "venue", other(until), C::ReservationAboveCapacity);

    let commit = |market, account, evidence| CommitReservation {
        id: label("a"),
        settlement: Box::new(SettleLiquidation {
            market: label(market),
            account: label(account),
            evidence,
            ..settle(-5)
        }),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", commit(NOTHING, NOTHING, None), C::UnknownAccount);
    ladder.rung(world, "venue", commit(NOTHING, "bob", None), C::UnknownMarket);
    Ladder::default().rung(world, "alice", commit("sol", NOTHING, None), C::RoleMissing);
    ladder.rung(world, "venue", commit("sol", "bob", None), C::UnknownReservation);
    let mut late = held.clone();
    late.now = until;
    ladder.rung(&mut late, "venue", commit("sol", "bob", None), C::ReservationExpired);
    ladder.rung(&mut held, "venue", commit("sol", "bob", None), C::SelfLiquidation);
    ladder.rung(&mut held, "venue", commit("sol", "alice", None), C::NoEvidence);
}

#[test]
fn late_settlements() {
    let world = &mut World::new();
    let market = label("sol");
    let budget = SetOfflineBudget { market, budget: atoms(5), span: Span::days(1) };
    world.must("op", budget.clone());
    world.wait(Span::days(5));
    let late = |world: &mut World, days, settlement| Command {
        occurred_at: Some(world.now.minus(Span::days(days))),
        ..world.command("venue", settlement)
    };
    let own = SettleLiquidation { liquidator: label("alice"), ..settle(-6) };
    let mut ladder = Ladder::default();
    let command = late(world, 2, own.clone());
    ladder.command(world, &command, C::OccurredAtSkew);
    let command = late(world, 1, own.clone());
    ladder.command(world, &command, C::OfflineBudgetSpent);
    let command = late(world, 1, SettleLiquidation { outcome: Signed::new(-5), ..own });
    ladder.command(world, &command, C::SelfLiquidation);

    let long = SetOfflineBudget { span: Span::days(8), ..budget };
    let unknown = SetOfflineBudget { market: label(NOTHING), ..long.clone() };
    Ladder::default().rung(world, "alice", long.clone(), C::RoleMissing);
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", unknown, C::UnknownMarket);
    ladder.rung(world, "op", long, C::BadPolicy);
}

#[test]
fn idle_cash() {
    let world = &mut of(|setup| setup.reserve = atoms(100));
    world.must("risk", declare(5));
    let moved =
        |fund, direction, amount| MoveIdle { fund: label(fund), direction, amount: atoms(amount) };
    let (into, out) = (Direction::In, Direction::Out);
    let mut ladder = Ladder::default();
    ladder.rung(world, "risk", moved(NOTHING, out, 0), C::RoleMissing);
    ladder.rung(world, "op", moved(NOTHING, out, 0), C::UnknownFund);
    ladder.rung(world, "op", moved("main", out, 0), C::ZeroAmount);
    ladder.rung(world, "op", moved("main", out, 101), C::InsufficientBalance);
    ladder.rung(world, "op", moved("main", out, 100), C::LossOpen);
    world.must("op", SetControl { fund: label("iso"), policy: Box::default() });
    ladder.rung(world, "op", moved("iso", out, 100), C::IdleAboveLimit);
    ladder.rung(world, "op", moved("main", into, 1), C::AboveIdle);
}
