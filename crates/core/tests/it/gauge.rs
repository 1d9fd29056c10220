//! What a fund held lately, when it counts as fallen, and how near its markets' winners are.

use crate::{
    adl::winners_second,
    run::{each, lose, property},
};
use backstop_core::{
    Event,
    command::{CheckDrawdown, Contribute, SetDrawdown, SetTarget},
    event::Cohort,
    fund::gauge::{Range, WINDOWS, extremes},
    loss::claim::{Kind, gauge},
    policy::{Cause, DrawdownPolicy},
};
use backstop_testkit::{
    Setup, World,
    generator::{Ranges, script_of},
    label,
};
use backstop_units::{Amount, FundId, MarketId, Ppm, Span, Timestamp};
use std::cell::RefCell;

const MAIN: FundId = FundId::new(0);
const SOL: MarketId = MarketId::new(0);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn range(low: u128, high: u128) -> Range {
    Range { low: atoms(low), high: atoms(high) }
}

/// A fund of 1,000 before the winners of `sol`, watched at 30 % and 25 %.
fn watched(spares: bool) -> World {
    let mut setup = Setup { reserve: atoms(1_000), ..Setup::default() };
    setup.markets[0] = winners_second();
    let mut world = World::of(&setup);
    let (start, stop) = (Ppm::new(300_000), Ppm::new(250_000));
    let policy = DrawdownPolicy { start, stop, min_balance: Amount::ZERO, spares };
    world.must("op", SetDrawdown { fund: label("main"), policy: Some(policy) });
    world
}

/// What the reserve and winners were asked for by the last loss.
fn rows(world: &World) -> (u128, u128) {
    let placed = world.events.iter().filter_map(|event| match event {
        Event::LossPlaced(placement) => Some(&placement.rows),
        _ => None,
    });
    placed.flatten().fold((0, 0), |(fund, winners), row| match row.cohort {
        Cohort::Reserve(_) => (fund + row.amount.get(), winners),
        Cohort::Adl { .. } => (fund, winners + row.amount.get()),
        ref other => panic!("{other:?}"),
    })
}

fn is_on(world: &World) -> bool {
    world.state.watches.get(MAIN).unwrap().since.is_some()
}

#[test]
fn peaks_of_a_fund() {
    let mut world = World::of(&Setup { reserve: atoms(1_000), ..Setup::default() });
    let give = |amount| {
        let (account, asset) = (label("alice"), label("usdt"));
        Contribute { fund: label("main"), account, asset, amount: atoms(amount) }
    };
    world.must("alice", give(500));
    world.wait(Span::hours(4));
    lose(&mut world, 700);
    let now = |world: &World| extremes(&world.state, MAIN, world.now).unwrap();
    assert_eq!(now(&world), [range(0, 1_500), range(0, 1_500)]);
    world.wait(Span::hours(5));
    assert_eq!(now(&world), [range(800, 1_500), range(0, 1_500)]);
    world.wait(Span::hours(4));
    assert_eq!(now(&world), [range(800, 800), range(0, 1_500)]);
}

#[test]
fn a_fallen_fund_is_spared_by_policy_only() {
    for (spares, second) in [(false, (100, 0)), (true, (0, 100))] {
        let mut world = watched(spares);
        lose(&mut world, 299);
        assert_eq!((rows(&world), is_on(&world)), ((299, 0), false));
        // The loss that brings the fall is asked of the fund; the next finds it fallen.
        lose(&mut world, 1);
        assert_eq!((rows(&world), is_on(&world)), ((1, 0), false));
        lose(&mut world, 100);
        assert_eq!((rows(&world), is_on(&world)), (second, true));
        // Eight hours on its peak is what it has, and it pays again.
        world.wait(Span::hours(9));
        lose(&mut world, 10);
        assert_eq!((rows(&world), is_on(&world)), ((10, 0), false));
    }
}

#[test]
fn anybody_may_turn_the_trigger() {
    let mut world = watched(true);
    lose(&mut world, 400);
    let check = CheckDrawdown { fund: label("main") };
    world.must("alice", check);
    let turned =
        Event::DrawdownTurned { fund: MAIN, on: true, holdings: atoms(600), peak: atoms(1_000) };
    assert_eq!(world.events, [turned]);
    world.wait(Span::hours(9));
    let check = CheckDrawdown { fund: label("main") };
    world.must("alice", check);
    assert!(!is_on(&world));
    world.must("op", SetDrawdown { fund: label("main"), policy: None });
    lose(&mut world, 600);
    assert!(!is_on(&world));
}

#[test]
fn lights_of_the_gauge() {
    let mut world = watched(true);
    world.must("risk", SetTarget { fund: label("main"), target: atoms(2_000) });
    let lights = |world: &World| {
        let gauge =
            gauge(&world.state, (SOL, Kind::Adl), Cause::Bankruptcy, world.now).unwrap().unwrap();
        (gauge.cushion.get(), gauge.lights)
    };
    assert_eq!(lights(&world), (1_000, 3));
    lose(&mut world, 400);
    assert_eq!(lights(&world), (600, 4));
    world.must("alice", CheckDrawdown { fund: label("main") });
    assert_eq!(lights(&world), (0, 5));
    let btc = MarketId::new(1);
    let none = gauge(&world.state, (btc, Kind::Adl), Cause::Bankruptcy, world.now).unwrap();
    assert_eq!(none, None, "no winners stand in its waterfall");
}

/// After every command of a script the extremes are those of all balances that were seen, within a
/// part of the window.
#[test]
fn extremes_are_those_of_what_was_held() {
    let ranges = Ranges { extreme: false, council: false, chapters: 30 };
    property(script_of(ranges), |script| {
        let seen: RefCell<Vec<(Timestamp, Amount)>> = RefCell::default();
        each(&script, |world, _| {
            let mut seen = seen.borrow_mut();
            let now = world.now;
            let held = world.state.gauges.get(MAIN).ok_or("no gauge")?.holdings;
            seen.push((now, held));
            let extremes = extremes(&world.state, MAIN, now).map_err(|e| e.to_string())?;
            for (range, window) in extremes.into_iter().zip(WINDOWS) {
                let since = now.minus(window);
                let recent = seen.iter().filter(|(at, _)| *at >= since).map(|(_, held)| *held);
                let (low, high) = (recent.clone().min(), recent.max());
                if Some(range.high) < high || Some(range.low) > low {
                    return Err(format!("{range:?} leaves out {low:?} or {high:?}"));
                }
            }
            Ok(())
        })
        .map(drop)
    });
}
