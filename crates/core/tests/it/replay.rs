//! The log alone gives the state back, and what is refused or tried leaves no trace.

use crate::run::{each, property};
use backstop_core::{
    Asked, Body, Checked, Command, Corrupt, Halt, Record, RejectCode, State,
    command::{
        CreateFund, CreateMarket, CreateTranche, Linked, OpenAccount, PlaceLoss, RegisterAsset,
        SetCouncil, SetRoles, SetWaterfall,
    },
    dry_run,
    policy::{LayerSource, Role, Roles, TranchePolicy},
    recheck, replay, replay_genesis,
};
use backstop_testkit::{
    Script, World,
    generator::{Ranges, op},
    keys, label, script,
    world::{layer, market},
};
use backstop_units::{Amount, LossId};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

/// Every record through its encoding, into a fresh state.
fn replayed(log: &[Vec<u8>]) -> Result<State, String> {
    let mut state: Option<State> = None;
    for bytes in log {
        let record = Record::decode(bytes).map_err(|corrupt| corrupt.to_string())?;
        if record.encode() != *bytes {
            return Err(format!("another encoding of {record:?}"));
        }
        match &mut state {
            None => state = Some(replay_genesis(&record).map_err(|corrupt| corrupt.to_string())?),
            Some(state) => replay(state, &record).map_err(|corrupt| corrupt.to_string())?,
        }
    }
    state.ok_or_else(|| "an empty log".into())
}

/// Decides every record again, from the genesis on.
fn rechecked(log: &[Vec<u8>], signatures: bool) -> Result<State, String> {
    let first = Record::decode(&log[0]).map_err(|corrupt| corrupt.to_string())?;
    let backstop_core::Entry::Genesis(genesis) = &first.entry else {
        return Err("no genesis".into());
    };
    let mut state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, first.time);
    let mut scratch = Vec::new();
    for bytes in log {
        let asked = Asked::decode(bytes).map_err(|corrupt| corrupt.to_string())?;
        recheck(&mut state, &asked, signatures, &mut scratch)
            .map_err(|corrupt| format!("{corrupt}: {asked:?}"))?;
    }
    Ok(state)
}

#[test]
fn replay_and_recheck_give_the_live_state() {
    property(script(), |script| {
        let world = each(&script, |_, _| Ok(()))?;
        let live = world.state.hash();
        for (what, hash) in [
            ("replay", replayed(&world.log)?.hash()),
            ("recheck", rechecked(&world.log, false)?.hash()),
            ("recheck with signatures", rechecked(&world.log, true)?.hash()),
        ] {
            if hash != live {
                return Err(format!("{what} gives another state"));
            }
        }
        Ok(())
    });
}

#[test]
fn a_record_with_other_events_fails_the_recheck() {
    let found = Cell::new(0u32);
    property((script(), any::<prop::sample::Index>()), |(script, at)| {
        let world = each(&script, |_, _| Ok(()))?;
        let mut log = world.log.clone();
        let at = at.index(log.len());
        let mut record = Record::decode(&log[at]).map_err(|corrupt| corrupt.to_string())?;
        record.events.push(backstop_core::Event::NonceUsed { nonce: 1 });
        log[at] = record.encode();
        found.set(found.get() + 1);
        match rechecked(&log, false) {
            Err(_) => Ok(()),
            Ok(_) => Err(format!("the change of record {at} was not seen")),
        }
    });
    assert!(found.get() > 0);
}

/// Whoever finds a difference goes on from the state before it, by the record's own events or not at all.
#[test]
fn a_record_that_differs_leaves_the_state_as_it_was() {
    let mut world = World::new();
    world.must("op", OpenAccount { label: label("new"), group: None, venue: None });
    let [first, second] = [0, 1].map(|at| Record::decode(&world.log[at]).unwrap());
    let again = |state: &mut State, record: &Record| {
        let bytes = record.encode();
        recheck(state, &Asked::decode(&bytes)?, true, &mut Vec::new())
    };
    let backstop_core::Entry::Genesis(genesis) = &first.entry else { panic!("no genesis") };
    let mut state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, first.time);

    let fewer = |record: &Record, keep| {
        let events = record.events.iter().take(keep).cloned().collect();
        Record { events, ..record.clone() }
    };
    let empty = state.hash();
    let differs = again(&mut state, &fewer(&first, 3));
    assert_eq!((differs, state.hash()), (Err(Corrupt::RulesDiffer), empty), "a genesis");
    again(&mut state, &first).expect("the genesis as it is");
    let begun = state.hash();
    let differs = again(&mut state, &fewer(&second, 0));
    assert_eq!((differs, state.hash()), (Err(Corrupt::RulesDiffer), begun), "a command");
    again(&mut state, &second).expect("the command as it is");
    assert_eq!(state.hash(), world.state.hash());
}

#[test]
fn a_snapshot_goes_on_like_the_live_state() {
    property((script(), any::<prop::sample::Index>()), |(script, cut)| {
        let cut = cut.index(script.steps.len() + 1);
        let (before, after) = script.steps.split_at(cut);
        let first = Script { steps: before.to_vec(), ..script.clone() };
        let mut live = each(&first, |_, _| Ok(()))?;
        let bytes = live.state.to_bytes();
        let state = State::from_bytes(&bytes).map_err(|corrupt| corrupt.to_string())?;
        if state.to_bytes() != bytes || state.hash() != live.state.hash() {
            return Err("the bytes don't come back".into());
        }
        let mut loaded = live.clone();
        loaded.state = state;
        for step in after {
            live.wait(step.wait);
            loaded.wait(step.wait);
            let command = step.command(&mut live);
            if live.try_command(&command) != loaded.try_command(&command) {
                return Err(format!("another answer to {command:?}"));
            }
        }
        let same = live.state.hash() == loaded.state.hash() && live.log == loaded.log;
        if same { Ok(()) } else { Err("the loaded state went another way".into()) }
    });
}

#[test]
fn rejects_and_dry_runs_change_nothing() {
    let refused = Cell::new(0u64);
    property(script(), |script| {
        let mut world = World::of(&script.setup);
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            let before = world.state.to_bytes();
            let (tried, events) = tried(&mut world, &command);
            if world.state.to_bytes() != before {
                return Err(format!("a dry run changed the state: {command:?}"));
            }
            let answer = world.try_command(&command);
            if tried != answer || (answer.is_ok() && events != world.events) {
                return Err(format!("a dry run answered {tried:?}, then {answer:?}"));
            }
            if answer.is_err() {
                refused.set(refused.get() + 1);
                if world.state.to_bytes() != before {
                    return Err(format!("a reject changed the state: {command:?}"));
                }
            }
        }
        Ok(())
    });
    assert!(refused.get() > 0, "nothing was refused");
}

fn tried(world: &mut World, command: &Command) -> (Result<(), Halt>, Vec<backstop_core::Event>) {
    let mut events = Vec::new();
    let ledger = world.state.meta.ledger;
    let answer = Checked::new(ledger, command)
        .map_err(Halt::from)
        .and_then(|checked| dry_run(&mut world.state, &checked, world.now, &mut events));
    (answer, events)
}

#[test]
fn a_failing_last_step_takes_all_steps_back() {
    let (rolled, stood) = (Cell::new(0u64), Cell::new(0u64));
    let ops = vec(op(Ranges::default()), 1..6);
    property((script(), ops), |(script, ops)| {
        let mut world = each(&script, |_, _| Ok(()))?;
        // Only steps that are accepted one after the other in a copy, sent by who may send them all.
        let mut copy = world.clone();
        let mut steps: Vec<Body> = Vec::new();
        for op in ops {
            let step = backstop_testkit::generator::Step {
                wait: backstop_units::Span::ZERO,
                stranger: None,
                late: None,
                op,
            };
            let command = Command { actor: label("venue"), ..step.command(&mut copy) };
            let composite = matches!(
                command.body,
                Body::Linked(_) | Body::Propose(_) | Body::Approve(_) | Body::Execute(_)
            );
            if !composite && copy.try_command(&command).is_ok() {
                steps.push(command.body);
            }
        }
        if steps.is_empty() {
            return Ok(());
        }
        let before = world.state.to_bytes();
        let failing = PlaceLoss { loss: LossId::new(u32::MAX) };
        let bad = Linked { steps: steps.iter().cloned().chain([failing.into()]).collect() };
        let command = world.command("venue", bad);
        match world.try_command(&command) {
            Err(Halt::Reject(_)) => rolled.set(rolled.get() + 1),
            other => return Err(format!("the failing step gave {other:?}")),
        }
        if world.state.to_bytes() != before {
            return Err(format!("traces are left of {steps:?}"));
        }
        let command = world.command("venue", Linked { steps });
        if let Ok(()) = world.try_command(&command) {
            stood.set(stood.get() + 1);
        }
        Ok(())
    });
    println!(
        "{} batches rolled back, {} of them stood without the failing step",
        rolled.get(),
        stood.get()
    );
    assert!(rolled.get() > 0 && stood.get() > 0);
}

/// Each kind of item that a command can add or change is taken back, its name in the indexes too: the
/// same command is accepted again afterwards, with the same bytes.
#[test]
fn every_kind_of_change_is_rolled_back() {
    let (op, fund, asset) = (label("op"), label("main"), label("usdt"));
    let (treasury, policy) = (op, backstop_core::policy::FundPolicy::default());
    let (threshold, target) = (Amount::ZERO, Amount::ZERO);
    let kind = backstop_core::policy::FundKind::Shared;
    let bodies: Vec<Body> = vec![
        OpenAccount { label: label("new"), group: None, venue: None }.into(),
        RegisterAsset { label: label("new"), decimals: 2, custodian: None }.into(),
        SetRoles { account: op, roles: Roles::of(&[Role::Operator, Role::Keeper]) }.into(),
        SetCouncil { keys: keys::council(2), threshold: 1 }.into(),
        CreateFund {
            label: label("new"),
            asset,
            kind,
            treasury,
            threshold,
            target,
            policy: Box::new(policy),
        }
        .into(),
        CreateTranche { label: label("new"), fund, policy: TranchePolicy::default() }.into(),
        CreateMarket {
            label: label("new"),
            fund,
            venue: op,
            policy: Box::new(market(vec![layer(LayerSource::FeePool)])),
        }
        .into(),
        SetWaterfall { market: label("sol"), layers: vec![layer(LayerSource::FeePool)] }.into(),
    ];
    for body in bodies {
        let mut world = World::new();
        let before = world.state.to_bytes();
        let missing = PlaceLoss { loss: LossId::new(u32::MAX) };
        let batch = Linked { steps: vec![body.clone(), missing.into()] };
        let refused = world.send("op", batch).map(drop);
        assert_eq!(refused.map_err(|reject| reject.code), Err(RejectCode::UnknownLoss));
        assert!(world.state.to_bytes() == before, "traces are left of {body:?}");
        let mut fresh = World::new();
        world.must("op", body.clone());
        fresh.must("op", body.clone());
        assert!(world.state.to_bytes() == fresh.state.to_bytes(), "{body:?}");
    }
}
