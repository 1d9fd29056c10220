//! Prices: the median against a naive sort, what one family can do, and that nothing is paid on a
//! price that is not fresh.

use crate::run::{each, property};
use backstop_core::{
    Event, RejectCode,
    command::{
        AssessLoss, LapseDeclaration, PlaceLoss, RetireFeed, SetIndexPolicy, SetMarketRules,
        SettleLiquidation,
    },
    ledger::LedgerAccount,
    oracle::{FEEDS_MAX, Verdict, median, near, price},
    policy::{Cause, IndexPolicy, Underwater},
    state::LossStatus,
};
use backstop_testkit::{
    Setup, World, label, script,
    world::{INDEX, report},
};
use backstop_units::{
    Amount, Bps, FundId, Hash, IndexId, Label, LossId, MarketId, Ppm, Price, Signed, Span,
    Timestamp,
};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

const MARK: IndexId = IndexId::new(0);
const EVIDENCE: Hash = Hash::new([1; 32]);

fn seconds(seconds: u64) -> Span {
    Span::from_ms(seconds * 1_000)
}

/// A world with an index, whose market `sol` checks its marks against it with a band of 2 %.
fn world(policy: IndexPolicy) -> World {
    let mut setup = Setup { index: Some(policy), reserve: Amount::new(5_000), ..Setup::default() };
    setup.markets[0].mark = Some(label(INDEX));
    setup.markets[0].underwater = Underwater::Bounty { fee: Bps::WHOLE, cap: Amount::new(50) };
    World::of(&setup)
}

fn say(world: &mut World, feed: &str, price: u128) -> Verdict {
    let (ledger, at) = (world.state.meta.ledger, world.now);
    let sender = if feed == "own" { "venue" } else { "keeper" };
    let events = world.must(sender, report(ledger, feed, Price::new(price), at)).to_vec();
    match events.as_slice() {
        [Event::PriceReported { verdict, .. }] => *verdict,
        other => panic!("{other:?}"),
    }
}

fn now(world: &World) -> Result<u128, RejectCode> {
    let fresh = price(&world.state, MARK, world.now);
    fresh.map(|fresh| fresh.price.get()).map_err(|reject| reject.code)
}

fn settle(outcome: i128, mark: u128) -> SettleLiquidation {
    SettleLiquidation {
        market: label("sol"),
        account: label("dave"),
        liquidator: label("carol"),
        outcome: Signed::new(outcome),
        notional: Amount::new(900),
        mark: Price::new(mark),
        open_interest: None,
        evidence: Some(EVIDENCE),
    }
}

fn reserve(world: &World) -> u128 {
    world.owed(LedgerAccount::Reserve(FundId::new(0))).get()
}

#[test]
fn a_price_needs_quorum_families_and_age() {
    let world = &mut world(IndexPolicy::default());
    assert_eq!(now(world), Err(RejectCode::TooFewFeeds));
    say(world, "north", 1_000);
    say(world, "south", 1_010);
    assert_eq!(now(world), Err(RejectCode::TooFewFeeds));
    world.wait(seconds(30));
    assert_eq!(say(world, "east", 1_015), Verdict::Accepted(Price::new(1_010)));
    // One has one vote with two feeds: 1,005 and 1,015.
    assert_eq!(now(world), Ok(1_010));
    world.wait(seconds(30));
    assert_eq!(now(world), Ok(1_010));
    world.wait(Span::from_ms(1));
    assert_eq!(now(world), Err(RejectCode::StalePrice));
    say(world, "own", 1_020);
    say(world, "west", 1_011);
    // West, own and east: the middle.
    let fresh = price(&world.state, MARK, world.now).unwrap();
    assert_eq!((fresh.price.get(), fresh.feeds, fresh.families, fresh.attested), (1_015, 3, 3, 1));
    assert_eq!(fresh.at, world.now.minus(Span::from_ms(30_001)));
    world.must("guardian", RetireFeed { feed: label("west") });
    // Four feeds are left, two of them stale.
    assert_eq!(now(world), Err(RejectCode::StalePrice));
}

#[test]
fn a_clock_ahead_does_not_make_a_report_young() {
    let world = &mut world(IndexPolicy { quorum: 1, families: 1, ..IndexPolicy::default() });
    let (ledger, ahead) = (world.state.meta.ledger, world.now.plus(seconds(300)));
    world.must("alice", report(ledger, "north", Price::new(7), ahead));
    world.wait(seconds(60));
    assert_eq!(now(world), Ok(7));
    world.wait(Span::from_ms(1));
    assert_eq!(now(world), Err(RejectCode::StalePrice));
}

#[test]
fn stricter_rules_are_immediate_and_others_wait() {
    let mut setup = Setup { index: Some(IndexPolicy::default()), ..Setup::default() };
    setup.limits.config_delay = Span::days(3);
    let world = &mut World::of(&setup);
    let old = IndexPolicy::default();
    let set = |policy| SetIndexPolicy { index: label(INDEX), policy };
    for (stricter, policy) in [
        (true, IndexPolicy { quorum: 4, families: 3, ..old }),
        (true, IndexPolicy { max_age: seconds(59), max_deviation: Ppm::new(19_999), ..old }),
        (true, IndexPolicy { band: Ppm::new(1), confirm_after: Span::hours(9), ..old }),
        (true, IndexPolicy { max_jump: Ppm::new(100_000), ..old }),
        (false, IndexPolicy { quorum: 2, ..old }),
        (false, IndexPolicy { families: 1, ..old }),
        (false, IndexPolicy { max_age: seconds(61), ..old }),
        (false, IndexPolicy { max_deviation: Ppm::new(20_001), ..old }),
        (false, IndexPolicy { band: Ppm::new(100_001), ..old }),
        (false, IndexPolicy { band_span: seconds(601), ..old }),
        (false, IndexPolicy { band_span: seconds(599), ..old }),
        (false, IndexPolicy { confirm_after: seconds(119), ..old }),
        (false, IndexPolicy { max_jump: Ppm::new(500_001), ..old }),
    ] {
        let mut world = world.clone();
        let (by_risk, by_op) =
            (world.clone().send("risk", set(policy)).is_ok(), world.send("op", set(policy)));
        assert_eq!(by_risk, stricter, "{policy:?}");
        let told = by_op.map(drop).map_err(|reject| reject.code);
        assert_eq!(told, if stricter { Ok(()) } else { Err(RejectCode::Timelocked) }, "{policy:?}");
    }
}

/// What a deficit does on a mark: paid, or parked with the price that it was compared with.
#[test]
fn marks() {
    for (reports, mark, parked) in [
        (&[1_000u128, 1_000, 1_000][..], 1_000u128, None),
        (&[1_000, 1_000, 1_000], 1_020, None),
        (&[1_000, 1_000, 1_000], 980, None),
        (&[1_000, 1_000, 1_000], 1_021, Some(Some(1_000u128))),
        (&[1_000, 1_000, 1_000], 979, Some(Some(1_000))),
        (&[1_000, 1_000, 1_000], 0, Some(Some(1_000))),
        (&[1_000, 1_000], 1_000, Some(None)),
        (&[1_000, 1_100, 1_200], 1_100, Some(None)),
    ] {
        let world = &mut world(IndexPolicy::default());
        for (feed, price) in ["north", "east", "west"].iter().zip(reports) {
            say(world, feed, *price);
        }
        let carol = world.balance("carol");
        let events = world.must("venue", settle(-700, mark)).to_vec();
        let settled = events.iter().any(|event| matches!(event, Event::LiquidationSettled { .. }));
        assert!(settled, "who was closed is on record");
        let shown = events.iter().find_map(|event| match event {
            Event::LossParked(it) => {
                assert_eq!((it.mark.get(), it.evidence, it.deficit.get()), (mark, EVIDENCE, 700));
                Some(it.price.map(Price::get))
            }
            _ => None,
        });
        assert_eq!(shown, parked, "{mark} on {reports:?}");
        let loss = world.state.losses.get(LossId::new(0)).unwrap();
        let earned = world.balance("carol").get() - carol.get();
        if parked.is_some() {
            assert_eq!((loss.status, loss.rows.len()), (LossStatus::Declared, 0));
            assert_eq!((reserve(world), earned), (5_000, 0), "nobody pays and nobody earns");
        } else {
            assert_eq!((loss.status, loss.rows.len()), (LossStatus::Closed, 1));
            assert_eq!((reserve(world), earned), (5_000 - 700 - 50, 50));
        }
    }
}

fn rules_of(mark: Option<Label>, underwater: Underwater) -> SetMarketRules {
    let (market, mark_band) = (label("sol"), Ppm::new(30_000));
    SetMarketRules { market, underwater, mark, mark_band, adl: None, equity: None }
}

/// Rules of a market hold from the next liquidation on, each of them by itself, and don't change while a
/// loss is open.
#[test]
fn a_markets_rules_hold_from_the_next_liquidation() {
    let old = &mut world(IndexPolicy::default());
    for feed in ["north", "east", "west"] {
        say(old, feed, 1_000);
    }
    let bounty = Underwater::Bounty { fee: Bps::WHOLE, cap: Amount::new(20) };
    let checked = rules_of(Some(label(INDEX)), bounty);
    for (rules, mark, paid, earned) in [
        (None, 1_000, true, 50),
        (None, 1_030, false, 0),
        (Some(checked.clone()), 1_030, true, 20),
        (Some(checked), 1_031, false, 0),
        (Some(rules_of(None, Underwater::Nothing)), 1, true, 0),
    ] {
        let world = &mut old.clone();
        if let Some(rules) = rules {
            world.must("op", rules);
        }
        let carol = world.balance("carol").get();
        world.must("venue", settle(-700, mark));
        let left = 5_000 - earned - if paid { 700 } else { 0 };
        let got = (reserve(world), world.balance("carol").get() - carol);
        assert_eq!(got, (left, earned), "{mark}");
        let again = world.send("op", rules_of(None, bounty)).err();
        assert_eq!(again.map(|reject| reject.code), (!paid).then_some(RejectCode::LossOpen));
    }
}

#[test]
fn a_parked_loss_is_assessed_and_placed_or_lapses() {
    let parked = &mut world(IndexPolicy::default());
    parked.must("venue", settle(-700, 1_000));
    let fund = FundId::new(0);
    let gated = |world: &World| world.state.holds.get(fund).unwrap().gated_by(world.now).is_some();
    assert!(gated(parked));
    let loss = LossId::new(0);

    let world = &mut parked.clone();
    world.must("risk", AssessLoss { loss, amount: Amount::new(600), evidence: Hash::new([2; 32]) });
    world.must("keeper", PlaceLoss { loss });
    let item = world.state.losses.get(loss).unwrap();
    assert_eq!((item.status, item.gross.get(), item.mark.get()), (LossStatus::Placed, 600, 1_000));
    assert_eq!((reserve(world), gated(world)), (4_400, false));

    let world = &mut parked.clone();
    world.wait(Span::days(1));
    assert!(!gated(world));
    world.must("alice", LapseDeclaration { loss });
    assert_eq!(world.state.losses.get(loss).unwrap().status, LossStatus::Void);
    assert_eq!(reserve(world), 5_000);

    // What is left is shared whatever the price, and a market without a check pays as before.
    let world = parked;
    world.must("venue", settle(1_000, 1));
    assert_eq!(reserve(world), 5_200);
    world.must("venue", SettleLiquidation { market: label("btc"), ..settle(-200, 1) });
    assert_eq!(reserve(world), 5_000);
    for _ in 1..64 {
        world.must("venue", settle(-700, 1_000));
    }
    let full = world.send("venue", settle(-700, 1_000)).map(drop).map_err(|reject| reject.code);
    assert_eq!(full, Err(RejectCode::TooManyOpenLosses));
}

/// The middle of a sorted list, by the book.
fn naive(mut prices: Vec<u128>) -> Option<u128> {
    prices.sort_unstable();
    let (len, half) = (prices.len(), prices.len() / 2);
    match len {
        0 => None,
        _ if len % 2 == 1 => Some(prices[half]),
        _ => {
            let sum = ruint::aliases::U256::from(prices[half - 1])
                + ruint::aliases::U256::from(prices[half]);
            u128::try_from(sum / ruint::aliases::U256::from(2u8)).ok()
        }
    }
}

#[test]
fn the_median_is_the_middle() {
    let price = prop_oneof![2 => 0u128..100, 1 => any::<u128>(), 1 => Just(u128::MAX)];
    property(vec(price, 0..=FEEDS_MAX), |prices| {
        let given: Vec<Price> = prices.iter().copied().map(Price::new).collect();
        let got = median(&given).map(Price::get);
        let want = naive(prices);
        if got == want { Ok(()) } else { Err(format!("{got:?}, should be {want:?}")) }
    });
}

/// Two honest families follow a market, and one says what it likes with two feeds. Every price that is believed
/// stays near an honest one, and leaves the band only after the confirmation.
#[test]
fn no_family_alone_moves_the_price_beyond_the_band() {
    let max_deviation = Ppm::new(40_000);
    let confirm_after = seconds(40);
    let policy = IndexPolicy { max_deviation, confirm_after, ..IndexPolicy::default() };
    let rogue = prop_oneof![1 => 1u128..3_000, 1 => 800u128..1_300, 1 => Just(u128::MAX)];
    let step = (0usize..4, -9i128..=9, rogue, 0u64..12);
    let (believed, confirmed) = (Cell::new(0u64), Cell::new(0u64));
    property((-20i128..=20, vec(step, 1..80)), |(trend, steps)| {
        let world = &mut world(policy);
        let (mut market, mut honest) = (1_000u128, [1_000u128; 2]);
        let mut accepted: Vec<(Timestamp, u128)> = Vec::new();
        for (who, drift, lie, wait) in steps {
            world.wait(seconds(wait).plus(Span::from_ms(1)));
            let verdict = if who < 2 {
                market = market.saturating_add_signed(trend + drift).max(300);
                honest[who] = market;
                say(world, ["east", "west"][who], market)
            } else {
                say(world, ["north", "south"][who - 2], lie)
            };
            let (price, free) = match verdict {
                Verdict::Accepted(price) => (price, false),
                Verdict::Confirmed(price) => (price, true),
                _ => continue,
            };
            believed.set(believed.get() + 1);
            // Kept votes are within 4 % of one median, so within 9 % of each other; one is honest.
            if !honest.iter().any(|honest| near(price, Price::new(*honest), Ppm::new(90_000))) {
                return Err(format!("{price} is far from {honest:?}"));
            }
            if free {
                confirmed.set(confirmed.get() + 1);
                accepted.clear();
            }
            let since = world.now.minus(policy.band_span);
            for (at, other) in accepted.iter().filter(|(at, _)| *at >= since) {
                if !near(price, Price::new(*other), policy.band) {
                    return Err(format!("{price} follows {other} of {at} without confirmation"));
                }
            }
            accepted.push((world.now, price.get()));
        }
        Ok(())
    });
    assert!(believed.get() > 0 && confirmed.get() > 0, "{believed:?} {confirmed:?}");
}

#[test]
fn nothing_is_paid_on_a_mark_without_a_fresh_price() {
    let (paid, parked) = (Cell::new(0u64), Cell::new(0u64));
    property(script(), |script| {
        each(&script, |world, accepted| {
            for event in if accepted { &world.events[..] } else { &[] } {
                let (market, mark, settled) = match event {
                    // What winners are owed has no mark.
                    Event::LossPlaced(placed) => {
                        let settled = placed.closed && placed.cause == Cause::Bankruptcy;
                        (placed.market, placed.mark, settled)
                    }
                    Event::LossParked(it) => (it.market, it.mark, false),
                    _ => continue,
                };
                let Some(check) = check_of(world, market) else { continue };
                let fresh = price(&world.state, check.0, world.now).ok();
                let sound = fresh.is_some_and(|fresh| near(mark, fresh.price, check.1));
                let is_parked = matches!(event, Event::LossParked(_));
                if (settled && !sound) || (is_parked && sound) {
                    return Err(format!("{event:?} with {fresh:?}"));
                }
                paid.set(paid.get() + u64::from(settled));
                parked.set(parked.get() + u64::from(is_parked));
            }
            Ok(())
        })
        .map(drop)
    });
    println!("{} paid on a fresh price, {} parked", paid.get(), parked.get());
    assert!(crate::run::cases() < 500 || (paid.get() > 20 && parked.get() > 20));
}

fn check_of(world: &World, market: MarketId) -> Option<(IndexId, Ppm)> {
    world.state.markets.get(market)?.mark.map(|check| (check.index, check.band))
}
