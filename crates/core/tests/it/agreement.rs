//! The core and the naive oracle agree, and the books balance after every command.

use crate::run::{Count, property, with_oracle};
use backstop_core::{
    Event, Record, State,
    event::{Cohort, Row},
    replay, replay_genesis,
};
use backstop_testkit::{
    World,
    generator::{adl_script, steering_script},
    script,
};
use std::{cell::RefCell, collections::BTreeMap};

/// The same where winners are asked first: whole deleveragings, of every rank and rule.
#[test]
fn core_agrees_with_the_oracle_on_deleveraging() {
    let all = RefCell::new(Count::default());
    let reallocated = RefCell::new(BTreeMap::new());
    property(adl_script(), |script| {
        let (world, count) = with_oracle(&script)?;
        all.borrow_mut().merge(&count);
        for row in &reallocations(&world) {
            *reallocated.borrow_mut().entry(bearer(&row.cohort)).or_insert(0u64) += 1;
        }
        replays(&world)
    });
    println!("rows of what was reallocated: {:?}", reallocated.borrow());
    let kinds =
        ["fee pool", "reserve", "stakers", "positions", "lenders", "residual", "winners", "equity"];
    for kind in kinds.into_iter().filter(|_| crate::run::cases() >= 500) {
        assert!(reallocated.borrow().contains_key(kind), "nothing reallocated to {kind}");
    }
    for (word, (accepted, refused)) in &all.borrow().0 {
        println!("{word:22} {accepted:8} accepted {refused:8} refused");
    }
    for word in [
        "open_adl",
        "submit_adl_part",
        "run_adl",
        "close_adl",
        "open_equity",
        "submit_equity_part",
        "run_equity",
        "close_equity",
        "claim_recovery",
    ] {
        let accepted = all.borrow().0.get(word).map_or(0, |count| count.0);
        // About a quarter of the scripts share by equity.
        assert!(accepted >= u64::from(crate::run::cases() / 8), "{accepted} of {word}");
    }
}

/// The same where funds are steered: whole stories of fee control, reservations, late settlements and
/// idle cash.
#[test]
fn core_agrees_with_the_oracle_on_steering() {
    let all = RefCell::new(Count::default());
    property(steering_script(), |script| {
        let (world, count) = with_oracle(&script)?;
        all.borrow_mut().merge(&count);
        replays(&world)
    });
    for (word, (accepted, refused)) in &all.borrow().0 {
        println!("{word:22} {accepted:8} accepted {refused:8} refused");
    }
    for word in STEERING {
        let accepted = all.borrow().0.get(word).map_or(0, |count| count.0);
        assert!(accepted >= u64::from(crate::run::cases() / 20), "{accepted} of {word}");
    }
}

const STEERING: [&str; 11] = [
    "set_control",
    "run_control",
    "report_conditions",
    "add_spike",
    "end_spike",
    "report_risk",
    "move_idle",
    "reserve",
    "commit_reservation",
    "release_reservation",
    "set_offline_budget",
];

/// The rows of all that claims could not bring.
fn reallocations(world: &World) -> Vec<Row> {
    let records = world.log.iter().map(|bytes| Record::decode(bytes).expect("a record"));
    let events = records.flat_map(|record| record.events);
    let rows = events.filter_map(|event| match event {
        Event::LossReallocated(more) => Some(more.rows),
        _ => None,
    });
    rows.flatten().collect()
}

/// Who bore a row, in a word.
pub(crate) fn bearer(cohort: &Cohort) -> &'static str {
    match cohort {
        Cohort::FeePool => "fee pool",
        Cohort::Reserve(_) => "reserve",
        Cohort::Contributions(_) => "gifts",
        Cohort::Stakers { .. } => "stakers",
        Cohort::Positions { .. } => "positions",
        Cohort::Residual => "residual",
        Cohort::Adl { .. } => "winners",
        Cohort::Depositors { .. } => "lenders",
        Cohort::House(_) => "house",
        Cohort::Haircut { .. } => "members",
        Cohort::Equity { .. } => "equity",
    }
}

/// The log alone gives the same state, which reads back from its own bytes.
fn replays(world: &World) -> Result<(), String> {
    let records: Vec<Record> =
        world.log.iter().map(|bytes| Record::decode(bytes).expect("a record")).collect();
    let mut state = replay_genesis(&records[0]).map_err(|corrupt| corrupt.to_string())?;
    for record in &records[1..] {
        replay(&mut state, record).map_err(|corrupt| corrupt.to_string())?;
    }
    let bytes = state.to_bytes();
    let read = State::from_bytes(&bytes).map_err(|corrupt| corrupt.to_string())?;
    let same = bytes == world.state.to_bytes() && read.hash() == world.state.hash();
    if same { Ok(()) } else { Err("replay gives another state".to_owned()) }
}

/// Conservation, numbered invariants and every balance, after every command of every script. That the
/// scripts reach what they should is counted: each kind of command is accepted often.
#[test]
fn core_agrees_with_the_oracle() {
    let all = RefCell::new(Count::default());
    property(script(), |script| {
        let (_, count) = with_oracle(&script)?;
        all.borrow_mut().merge(&count);
        Ok(())
    });
    for (word, (accepted, refused)) in &all.borrow().0 {
        println!("{word:22} {accepted:8} accepted {refused:8} refused");
    }
    if crate::run::cases() < 500 {
        return;
    }
    let reached = |word: &str| all.borrow().0.get(word).is_some_and(|count| count.0 > 0);
    for word in STEERING.into_iter().chain([
        "contribute",
        "withdraw_excess",
        "stake",
        "request_unstake",
        "cancel_unstake",
        "claim_unstake",
        "lapse_ticket",
        "raise_alert",
        "end_alert",
        "pause_entries",
        "set_threshold",
        "set_covers",
        "set_waterfall",
        "report_open_interest",
        "pay_fees",
        "settle_liquidation",
        "declare_loss",
        "assess_loss",
        "place_loss",
        "close_loss",
        "void_loss",
        "lapse_declaration",
        "recover_loss",
        "claim_recovery",
        "begin_transfer",
        "resolve_transfer",
        "reconcile",
        "propose",
        "approve",
        "execute",
        "cancel_proposal",
        "linked",
        "report_price",
        "set_index_policy",
        "retire_feed",
    ]) {
        assert!(reached(word), "no script got as far as a {word} that is accepted");
    }
}
