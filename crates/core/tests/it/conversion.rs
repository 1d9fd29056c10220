//! Layers in another asset: what they give at fresh prices, what is sold, what is missing, what comes back.

use crate::{adl::winners_second, run::property};
use RejectCode as C;
use backstop_core::{
    Event, Reject, RejectCode,
    command::{
        AssessLoss, BeginTransfer, BookConversion, ClaimRecovery, Contribute, CreateFund,
        CreateMarket, CreateTranche, Direction, Opening, OpeningAccount, Party, PlaceLoss,
        RecoverLoss, RegisterAsset, RegisterFeed, RegisterIndex, ReportHouse, ReportPrice,
        Reporter, SetDrawdown, SetHouse, SetMarketRules, SetThreshold, SettleBasis,
        SettleLiquidation, Stake, VoidLoss,
    },
    event::{Cohort, Converted, Home, Placement},
    fund::coverage::excess,
    invariants,
    ledger::LedgerAccount,
    policy::{
        Cause, DrawdownPolicy, FundKind, FundPolicy, HousePolicy, IndexPolicy, LayerPolicy,
        LayerSource, TranchePolicy, Underwater,
    },
    state::LossStatus,
};
use backstop_testkit::{
    Setup, World, keys, label,
    world::{layer, market},
};
use backstop_units::{
    Amount, AssetId, FundId, Hash, LossId, MarketId, Ppm, Price, Shares, Signed, Span, TrancheId,
};
use proptest::prelude::*;
use std::cell::Cell;

/// The feeds of an index, each with its family.
const FEEDS: [(&str, &str); 3] = [("a", "one"), ("b", "one"), ("c", "two")];
const EVIDENCE: Hash = Hash::new([1; 32]);
const LOSS: LossId = LossId::new(0);
const GEMS: FundId = FundId::new(2);
const GEMSTAKE: TrancheId = TrancheId::new(3);
/// A dollar, as the price of a whole unit in a quote of six decimals.
const USD: u128 = 1_000_000 * 1_000_000_000;

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// A layer whose holdings count less.
pub(crate) fn cut(source: LayerSource, haircut: u32) -> LayerPolicy {
    LayerPolicy { haircut: Some(Ppm::new(haircut)), ..layer(source) }
}

pub(crate) fn gems() -> LayerSource {
    LayerSource::Reserve(label("gems"))
}

fn staked() -> LayerSource {
    LayerSource::Staked(label("gemstake"))
}

/// Says what a whole gem is worth, by all feeds but the last so many.
pub(crate) fn say(world: &mut World, price: u128, silent: usize) {
    let (ledger, at) = (world.state.meta.ledger, world.now);
    for (seed, (feed, _)) in (110u8..).zip(FEEDS).take(FEEDS.len() - silent) {
        let (feed, price) = (label(feed), Price::new(price));
        let signature = Some(keys::report(seed, ledger, (label("gem-usd"), feed), price, at));
        world.must("keeper", ReportPrice { feed, price, at, signature });
    }
}

/// The usual world with a fund of gems, their index, and 100 dollars in the reserve of `main`. Market
/// `mix` asks that reserve first, then `layers`; a gem has this many decimals.
pub(crate) fn world(decimals: u8, policy: IndexPolicy, layers: &[LayerPolicy]) -> World {
    let mut world = World::of(&Setup { reserve: atoms(100), ..Setup::default() });
    let gem = label("gem");
    world.must("op", RegisterAsset { label: gem, decimals, custodian: None });
    let index = label("gem-usd");
    let quote = label("usdt");
    world.must("op", RegisterIndex { label: index, asset: Some(gem), quote, policy });
    for (seed, (feed, family)) in (110u8..).zip(FEEDS) {
        let reporter = Reporter::Key(keys::public(seed));
        let (label, family) = (label(feed), label(family));
        world.must("op", RegisterFeed { label, index, family, reporter });
    }
    let fund = CreateFund {
        label: label("gems"),
        asset: gem,
        kind: FundKind::Shared,
        treasury: label("treasury"),
        threshold: Amount::ZERO,
        target: Amount::ZERO,
        policy: Box::new(FundPolicy { withdraw_delay: Span::ZERO, ..FundPolicy::default() }),
    };
    world.must("op", fund);
    let policy = TranchePolicy { cooldown: Span::ZERO, ..TranchePolicy::default() };
    world.must("op", CreateTranche { label: label("gemstake"), fund: label("gems"), policy });
    let mut waterfall = vec![layer(LayerSource::Reserve(label("main")))];
    waterfall.extend(layers);
    let (fund, venue) = (label("main"), label("venue"));
    let policy = Box::new(market(waterfall));
    world.must("op", CreateMarket { label: label("mix"), fund, venue, policy });
    world
}

fn open(world: &mut World, account: OpeningAccount, amount: u128) {
    let (asset, amount) = (label("gem"), atoms(amount));
    world.must("op", Opening { account, asset, amount });
}

fn stake(world: &mut World, who: &str, amount: u128) {
    open(world, OpeningAccount::Account(label(who)), amount);
    let (account, asset) = (label(who), label("gem"));
    let (tranche, min_shares) = (label("gemstake"), Shares::ZERO);
    world.must(who, Stake { tranche, account, asset, amount: atoms(amount), min_shares });
}

pub(crate) fn settle(outcome: i128) -> SettleLiquidation {
    SettleLiquidation {
        market: label("mix"),
        account: label("dave"),
        liquidator: label("carol"),
        outcome: Signed::new(outcome),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(EVIDENCE),
    }
}

pub(crate) fn sale(layer: LayerSource, sold: u128, received: u128) -> BookConversion {
    let (sold, received) = (atoms(sold), atoms(received));
    BookConversion { market: label("mix"), layer, sold, received, any_price: false }
}

fn basis(layer: LayerSource) -> SettleBasis {
    SettleBasis { market: label("mix"), layer }
}

fn mix(world: &World) -> MarketId {
    world.state.market_id(label("mix")).unwrap()
}

fn gem(world: &World) -> AssetId {
    world.state.asset_id(label("gem")).unwrap()
}

/// What an account is owed less what it holds, in gems and in dollars.
fn both(world: &World, account: LedgerAccount) -> (i128, i128) {
    let balance = |asset| {
        let entry = world.state.ledger.entry(account, asset);
        i128::try_from(entry.credits.get()).unwrap() - i128::try_from(entry.debits.get()).unwrap()
    };
    (balance(gem(world)), balance(world.state.asset_id(label("usdt")).unwrap()))
}

fn drawn(events: &[Event]) -> Vec<Converted> {
    let drawn = |event: &Event| match event {
        Event::LayerConverted(drawn) => Some(**drawn),
        _ => None,
    };
    events.iter().filter_map(drawn).collect()
}

fn placed(events: &[Event]) -> Placement {
    let placed = events.iter().find_map(|event| match event {
        Event::LossPlaced(placement) => Some((**placement).clone()),
        _ => None,
    });
    placed.expect("a placement")
}

fn rows(placement: &Placement) -> Vec<(u8, u128)> {
    placement.rows.iter().map(|row| (row.layer, row.amount.get())).collect()
}

fn code(result: Result<&[Event], Reject>) -> Option<C> {
    result.err().map(|reject| reject.code)
}

/// 900 dollars of need at 150 dollars a gem and a haircut of a fifth: 7.5 gems are taken, 6 are sold at the
/// same price, and the rest goes home, contributions first.
#[test]
fn drawn_sold_and_home() {
    let mut world = world(9, IndexPolicy::default(), &[cut(gems(), 200_000)]);
    let gem_atoms = 1_000_000_000u128;
    open(&mut world, OpeningAccount::Reserve(label("gems")), 7 * gem_atoms);
    open(&mut world, OpeningAccount::Account(label("erin")), 5 * gem_atoms);
    let (fund, account, asset) = (label("gems"), label("erin"), label("gem"));
    let given = Contribute { fund, account, asset, amount: atoms(5 * gem_atoms) };
    world.must("erin", given);
    say(&mut world, 150 * USD, 0);

    let events = world.must("venue", settle(-900_000_100)).to_vec();
    let drawn = drawn(&events);
    let taken: Vec<_> = drawn.iter().map(|d| (d.from, d.taken.get(), d.owed.get())).collect();
    assert_eq!(
        taken,
        [
            (LedgerAccount::Reserve(GEMS), 7_000_000_000, 840_000_000),
            (LedgerAccount::Contributions(GEMS), 500_000_000, 60_000_000),
        ]
    );
    // What is taken stands before the rows that it pays for, and these are in the market's asset.
    let order: Vec<bool> =
        events.iter().map(|event| matches!(event, Event::LossPlaced(_))).collect();
    assert_eq!(order, [false, false, true, false]);
    let placement = placed(&events);
    assert_eq!(rows(&placement), [(0, 100), (1, 840_000_000), (1, 60_000_000)]);
    let (market, conversion) = (mix(&world), LedgerAccount::Conversion(mix(&world)));
    assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (0, 0));
    assert_eq!(both(&world, LedgerAccount::Contributions(GEMS)), (4_500_000_000, 0));
    assert_eq!(both(&world, conversion), (7_500_000_000, -900_000_000));
    assert_eq!(both(&world, LedgerAccount::Clearing(market)), (0, 900_000_100));

    // The venue can be paid what was there in dollars, and no more.
    let out = |amount| BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("mix")),
        asset: label("usdt"),
        amount: atoms(amount),
        reference: label("out"),
    };
    let refused = world.send("venue", out(101)).map(drop);
    assert_eq!(refused, Err(Reject::new(C::NothingOwed, atoms(101), atoms(100))));

    // A third, at the full price; then a lot that brings the rest.
    world.must("venue", sale(gems(), 2_000_000_000, 300_000_000));
    assert_eq!(both(&world, conversion), (5_500_000_000, -600_000_000));
    let events = world.must("venue", sale(gems(), 4_000_000_000, 600_000_000)).to_vec();
    let Event::ConversionBooked(booked) = &events[0] else { panic!("{events:?}") };
    let home = Home {
        to: LedgerAccount::Reserve(GEMS),
        amount: atoms(1_000_000_000),
        contributed: atoms(500_000_000),
    };
    assert_eq!((booked.home, booked.shortfall), (home, Amount::ZERO));
    assert_eq!(both(&world, conversion), (0, 0));
    assert_eq!(both(&world, LedgerAccount::Contributions(GEMS)), (5_000_000_000, 0));
    assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (1_000_000_000, 0));
    assert_eq!(both(&world, LedgerAccount::Basis(GEMS)), (0, 0));
    let venue = LedgerAccount::Balance(world.state.account_id(label("venue")).unwrap());
    assert_eq!(both(&world, venue), (6_000_000_000, 0));
    assert_eq!(both(&world, LedgerAccount::Clearing(market)), (0, 100));
    let nothing = world.send("venue", sale(gems(), 1, 0)).map(drop);
    assert_eq!(nothing, Err(Reject::new(C::AboveConversion, atoms(1), Amount::ZERO)));
}

/// A fall after the draw: all is sold, a part is missing, and the fund makes it good at the new price.
#[test]
fn a_shortfall_is_basis_and_is_made_good() {
    let mut world = world(6, IndexPolicy::default(), &[cut(gems(), 100_000)]);
    open(&mut world, OpeningAccount::Reserve(label("gems")), 1_200);
    say(&mut world, USD, 0);
    world.must("venue", settle(-1_000));
    let (market, conversion) = (mix(&world), LedgerAccount::Conversion(mix(&world)));
    assert_eq!(both(&world, conversion), (1_000, -900));
    world.wait(Span::hours(1));
    // Within the band, but for the haircut of a tenth the 1,000 gems bring 720.
    say(&mut world, USD * 8 / 10, 0);
    world.wait(Span::from_ms(60_000));
    say(&mut world, USD * 8 / 10, 0);
    world.wait(Span::from_ms(60_000));
    say(&mut world, USD * 8 / 10, 0);
    let cheap = world.send("venue", sale(gems(), 1_000, 719)).map(drop);
    assert_eq!(cheap, Err(Reject::new(C::SaleBelowPrice, atoms(719), atoms(720))));
    world.must("venue", sale(gems(), 1_000, 720));
    assert_eq!(both(&world, conversion), (0, 0));
    assert_eq!(both(&world, LedgerAccount::Basis(GEMS)), (0, -180));
    // 1,000 of need, 100 paid in dollars, 720 taken in gems: the venue can have the first only.
    assert_eq!(both(&world, LedgerAccount::Clearing(market)), (0, 280));
    assert_eq!(world.state.markets.get(market).unwrap().short, atoms(180));
    let out = BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("mix")),
        asset: label("usdt"),
        amount: atoms(101),
        reference: label("out"),
    };
    let refused = world.send("venue", out).map(drop);
    assert_eq!(refused, Err(Reject::new(C::NothingOwed, atoms(101), atoms(100))));

    // 200 gems are left: at 0.8 less a tenth they stand for 144.
    let events = world.must("keeper", basis(gems())).to_vec();
    let again = drawn(&events);
    assert_eq!((again[0].taken, again[0].owed), (atoms(200), atoms(144)));
    assert_eq!(again[0].pays, LedgerAccount::Basis(GEMS));
    assert_eq!(both(&world, LedgerAccount::Basis(GEMS)), (0, -36));
    assert_eq!(both(&world, conversion), (200, -144));
    assert_eq!(code(world.send("keeper", basis(gems()))), Some(C::AboveConversion));
    world.must("venue", sale(gems(), 180, 144));
    assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (20, 0));
    assert_eq!(both(&world, LedgerAccount::Basis(GEMS)), (0, -36));
}

/// Too old, of too few, of one family, beyond the band: the deficit waits with the reason, `place_loss` is
/// refused with it, and once there is a price the loss is placed.
#[test]
fn without_a_price_the_loss_waits() {
    let one_family = IndexPolicy { quorum: 2, families: 2, ..IndexPolicy::default() };
    for (policy, silent, later, second, want) in [
        (IndexPolicy::default(), 3, 0, None, C::ConversionUnpriced),
        (IndexPolicy::default(), 1, 0, None, C::ConversionUnpriced),
        (IndexPolicy::default(), 0, 60_001, None, C::ConversionUnpriced),
        (one_family, 1, 0, None, C::ConversionDisputed),
        (IndexPolicy::default(), 0, 1, Some(USD * 5 / 4), C::ConversionSuspect),
        (IndexPolicy::default(), 0, 1, Some(USD * 2), C::ConversionSuspect),
    ] {
        let mut world = world(6, policy, &[cut(gems(), 0)]);
        open(&mut world, OpeningAccount::Reserve(label("gems")), 1_000);
        say(&mut world, USD, silent);
        world.wait(Span::from_ms(later));
        if let Some(price) = second {
            say(&mut world, price, 0);
        }
        // The layers before it cover this: no price is asked for.
        let events = world.must("venue", settle(-60)).to_vec();
        assert_eq!(rows(&placed(&events)), [(0, 60)], "{want:?}");
        let events = world.must("venue", settle(-41)).to_vec();
        let [Event::ConversionUnpriced { code, .. }, Event::LossParked(parked), _] =
            events.as_slice()
        else {
            panic!("{events:?}")
        };
        assert_eq!((*code, parked.deficit, parked.price), (want.number(), atoms(41), None));
        assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (1_000, 0));
        assert_eq!(world.owed(LedgerAccount::Reserve(FundId::new(0))), atoms(40));

        let loss = LossId::new(1);
        let assess = AssessLoss { loss, amount: atoms(41), evidence: EVIDENCE };
        world.must("risk", assess);
        let before = world.state.hash();
        let refused = world.send("keeper", PlaceLoss { loss }).unwrap_err();
        assert_eq!(refused.code, want);
        assert_eq!(world.state.hash(), before);
        if want == C::ConversionSuspect {
            continue;
        }
        world.wait(Span::from_ms(1));
        say(&mut world, USD, 0);
        let events = world.must("keeper", PlaceLoss { loss }).to_vec();
        assert_eq!(rows(&placed(&events)), [(0, 40), (1, 1)]);
        assert_eq!(world.state.losses.get(loss).unwrap().status, LossStatus::Placed);
    }
}

/// An empty layer, or one whose limit is used up, needs no price; what it does not have flows on.
#[test]
fn a_layer_that_can_give_nothing_needs_no_price() {
    let mut empty = world(6, IndexPolicy::default(), &[cut(gems(), 0)]);
    let events = empty.must("venue", settle(-150)).to_vec();
    assert_eq!(rows(&placed(&events)), [(0, 100), (2, 50)]);
    let spent = LayerPolicy { lifetime: Some(atoms(0)), ..cut(gems(), 0) };
    let mut spent = world(6, IndexPolicy::default(), &[spent]);
    open(&mut spent, OpeningAccount::Reserve(label("gems")), 1_000);
    let events = spent.must("venue", settle(-150)).to_vec();
    assert_eq!(rows(&placed(&events)), [(0, 100), (2, 50)]);
}

/// Holdings that are short give all they have; the next layer in another asset pays on, and limits count
/// in the market's asset.
#[test]
fn two_layers_after_each_other() {
    let limited = LayerPolicy { per_event: Some(atoms(120)), ..cut(staked(), 500_000) };
    let mut world = world(6, IndexPolicy::default(), &[cut(gems(), 100_000), limited]);
    open(&mut world, OpeningAccount::Reserve(label("gems")), 101);
    stake(&mut world, "alice", 1_000);
    say(&mut world, 2 * USD, 0);
    let events = world.must("venue", settle(-500)).to_vec();
    // 101 gems at 2 less a tenth are 181.8; half a dollar off each of 2 leaves 1 a gem.
    assert_eq!(rows(&placed(&events)), [(0, 100), (1, 181), (2, 120), (3, 99)]);
    let taken: Vec<_> = drawn(&events).iter().map(|d| (d.from, d.taken.get())).collect();
    let tranche = LedgerAccount::Tranche(GEMSTAKE);
    assert_eq!(taken, [(LedgerAccount::Reserve(GEMS), 101), (tranche, 120)]);
    assert_eq!(both(&world, tranche), (880, 0));
    assert_eq!(both(&world, LedgerAccount::Conversion(mix(&world))), (221, -301));
    // Each layer is sold by itself, and its own gets the rest.
    world.must("venue", sale(staked(), 60, 120));
    assert_eq!(both(&world, tranche), (940, 0));
    assert_eq!(both(&world, LedgerAccount::Conversion(mix(&world))), (101, -181));
}

/// Stakers are paid in the market's asset what comes back to their row, by their shares at the loss.
#[test]
fn stakers_recover_in_the_markets_asset() {
    let mut world = world(9, IndexPolicy::default(), &[cut(staked(), 100_000)]);
    stake(&mut world, "alice", 3_000_000_000);
    stake(&mut world, "bob", 1_000_000_000);
    say(&mut world, 2 * USD, 0);
    world.must("venue", settle(-1_000_100));
    let Cohort::Stakers { shares, .. } = world.state.losses.get(LOSS).unwrap().rows[1].row.cohort
    else {
        panic!("no stakers")
    };
    assert_eq!(shares.get(), 4_000_000_000);
    // Who comes later bore nothing.
    stake(&mut world, "erin", 9_000_000_000);
    let from = Party::Clearing(label("mix"));
    world.must("venue", RecoverLoss { loss: LOSS, from, amount: atoms(400_000) });
    for (who, paid) in [("alice", 300_000), ("bob", 100_000), ("erin", 0)] {
        let before = world.balance(who).get();
        let claim = ClaimRecovery { loss: LOSS, account: label(who) };
        assert_eq!(world.send(who, claim).is_ok(), paid > 0);
        assert_eq!(world.balance(who).get() - before, paid, "{who}");
    }
    // The gems are still to be sold: that the market got something back is the stakers' gain.
    let conversion = LedgerAccount::Conversion(mix(&world));
    assert_eq!(both(&world, conversion), (555_555_556, -1_000_000));
}

/// What comes back to a fund's own row pays what its atoms were to bring, so they need not be sold.
#[test]
fn a_reversal_brings_unsold_atoms_home() {
    for sold in [false, true] {
        let mut world = world(6, IndexPolicy::default(), &[cut(gems(), 200_000)]);
        open(&mut world, OpeningAccount::Reserve(label("gems")), 2_000);
        say(&mut world, USD, 0);
        world.must("venue", settle(-1_100));
        let conversion = LedgerAccount::Conversion(mix(&world));
        assert_eq!(both(&world, conversion), (1_250, -1_000));
        if sold {
            world.must("venue", sale(gems(), 400, 400));
        }
        world.must("op", VoidLoss { loss: LOSS });
        assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (750, 1_000));
        // No price is needed for it.
        world.wait(Span::days(1));
        world.must("keeper", basis(gems()));
        assert_eq!(both(&world, conversion), (0, 0));
        // What was sold before stays the fund's, in dollars.
        let (gems_left, dollars) = if sold { (1_600, 400) } else { (2_000, 0) };
        assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (gems_left, dollars));
        assert_eq!(code(world.send("keeper", basis(gems()))), Some(C::AboveConversion));
        assert_eq!(
            both(&world, LedgerAccount::Clearing(mix(&world))).1,
            if sold { -400 } else { 0 }
        );
    }
}

/// A tranche that is emptied begins a new series; atoms that come home to nobody are the reserve's.
#[test]
fn a_wiped_tranche_gets_nothing_back() {
    let mut world = world(6, IndexPolicy::default(), &[cut(staked(), 500_000)]);
    stake(&mut world, "alice", 1_000);
    say(&mut world, USD, 0);
    let events = world.must("venue", settle(-599)).to_vec();
    assert!(!events.iter().any(|event| matches!(event, Event::SeriesStarted { .. })));
    let events = world.must("venue", settle(-1)).to_vec();
    let started = |event: &Event| matches!(event, Event::SeriesStarted { series: 1, .. });
    assert!(events.iter().any(started), "{events:?}");
    world.must("venue", sale(staked(), 600, 500));
    assert_eq!(both(&world, LedgerAccount::Tranche(GEMSTAKE)), (0, 0));
    assert_eq!(both(&world, LedgerAccount::Reserve(GEMS)), (400, 0));
}

/// Only funds pay in another asset, only with a haircut below all, only with prices in one quote, and
/// isolated funds never mix.
#[test]
fn what_a_waterfall_may_hold() {
    let mut world = world(6, IndexPolicy::default(), &[]);
    world.must("op", RegisterAsset { label: label("dust"), decimals: 6, custodian: None });
    for (name, asset, kind) in
        [("dusts", "dust", FundKind::Shared), ("alone", "gem", FundKind::Isolated)]
    {
        let fund = CreateFund {
            label: label(name),
            asset: label(asset),
            kind,
            treasury: label("treasury"),
            threshold: Amount::ZERO,
            target: Amount::ZERO,
            policy: Box::default(),
        };
        world.must("op", fund);
    }
    let reserve = |fund| LayerSource::Reserve(label(fund));
    let mut refused = |fund: &str, policy: LayerPolicy| {
        let policy = Box::new(market(vec![policy]));
        let (fund, venue) = (label(fund), label("venue"));
        code(world.send("op", CreateMarket { label: label("new"), fund, venue, policy }))
    };
    for (fund, policy, want) in [
        ("main", layer(gems()), C::LayerAsset),
        ("main", cut(reserve("dusts"), 0), C::LayerAsset),
        ("main", cut(reserve("main"), 0), C::LayerAsset),
        ("main", cut(LayerSource::FeePool, 0), C::BadPolicy),
        ("main", cut(LayerSource::Socialised, 1), C::BadPolicy),
        ("main", cut(gems(), 1_000_000), C::BadPolicy),
        ("main", cut(reserve("alone"), 0), C::IsolatedFund),
        ("iso", cut(reserve("alone"), 0), C::IsolatedFund),
        ("alone", cut(reserve("iso"), 0), C::IsolatedFund),
        ("alone", cut(reserve("main"), 0), C::IsolatedFund),
    ] {
        assert_eq!(refused(fund, policy), Some(want), "{fund} {policy:?}");
    }
    // The other way round, dollars are the quote of what the market's fund holds.
    assert_eq!(refused("gems", cut(reserve("main"), 999_999)), None);
}

/// The order of refusals of a sale: price before size.
#[test]
fn a_sale_is_refused_in_order() {
    let mut world = world(6, IndexPolicy::default(), &[cut(gems(), 0)]);
    let nobody = LayerSource::Reserve(label("nothing"));
    assert_eq!(code(world.send("alice", sale(gems(), 0, 0))), Some(C::RoleMissing));
    assert_eq!(code(world.send("venue", sale(nobody, 0, 0))), Some(C::UnknownFund));
    assert_eq!(code(world.send("venue", sale(gems(), 0, 0))), Some(C::ZeroAmount));
    assert_eq!(code(world.send("venue", sale(gems(), 1, 0))), Some(C::AboveConversion));
    let fees = sale(LayerSource::FeePool, 1, 0);
    assert_eq!(code(world.send("venue", fees)), Some(C::AboveConversion));
    open(&mut world, OpeningAccount::Reserve(label("gems")), 2_000);
    say(&mut world, USD, 0);
    world.must("venue", settle(-1_100));
    world.wait(Span::hours(1));
    assert_eq!(code(world.send("venue", sale(gems(), 9_999, 0))), Some(C::ConversionUnpriced));
    say(&mut world, USD, 0);
    assert_eq!(code(world.send("venue", sale(gems(), 9_999, 0))), Some(C::SaleBelowPrice));
    let much = world.send("venue", sale(gems(), 1_001, 1_001)).map(drop);
    assert_eq!(much, Err(Reject::new(C::AboveConversion, atoms(1_001), atoms(1_000))));
    let dear = world.send("venue", sale(gems(), 1_000, 1_001)).map(drop);
    assert_eq!(dear, Err(Reject::new(C::AboveConversion, atoms(1_001), atoms(1_000))));
    // At any price it is the council's; without one the operator's.
    let any = BookConversion { any_price: true, ..sale(gems(), 1_000, 0) };
    assert_eq!(code(world.send("venue", any.clone())), Some(C::RoleMissing));
    world.must("op", any);
    assert_eq!(both(&world, LedgerAccount::Basis(GEMS)), (0, -1_000));
}

/// A price alone changes no excess, and no sale at whatever price leaves more of it than before the loss.
#[test]
fn a_depeg_never_raises_the_excess() {
    let free = |world: &World| {
        let fund = world.state.funds.get(GEMS).unwrap();
        excess(&world.state, GEMS, fund, world.now).map_or(0, Amount::get)
    };
    for (staked_first, price) in
        [(false, USD / 2), (false, USD * 3 / 2), (true, USD / 2), (true, USD * 3 / 2)]
    {
        let (first, then) = if staked_first { (staked(), gems()) } else { (gems(), staked()) };
        let mut world = world(6, IndexPolicy::default(), &[cut(first, 300_000), cut(then, 0)]);
        open(&mut world, OpeningAccount::Reserve(label("gems")), 800);
        stake(&mut world, "alice", 800);
        say(&mut world, USD, 0);
        let before = free(&world);
        assert_eq!(before, 800);
        world.must("venue", settle(-600));
        let after = free(&world);
        for _ in 0..4 {
            world.wait(Span::from_ms(59_000));
            say(&mut world, price, 0);
            assert_eq!(free(&world), after, "{price} moved the excess");
        }
        let (unsold, owed) = (world.state.conversions.get(0).unwrap().unsold, 500);
        let sold = (owed * USD).div_ceil(price).min(unsold.get());
        world.must("venue", sale(first, sold, (sold * price / USD).min(owed)));
        assert!(free(&world) <= before, "a sale at {price} made excess");
        assert!(!staked_first || free(&world) == before, "stakers' atoms became excess");
    }
}

#[derive(Clone, Debug)]
struct Case {
    decimals: u8,
    price: u128,
    haircut: u32,
    own: u128,
    given: u128,
    staked: u128,
    losses: Vec<u128>,
    sales: Vec<(u8, u8)>,
}

fn case() -> impl Strategy<Value = Case> {
    let decimals = prop_oneof![Just(0u8), Just(6), Just(9), Just(18)];
    let haircut = prop_oneof![Just(0u32), Just(1), Just(333_333), Just(999_999), 0u32..1_000_000];
    let holdings = (0u128..2_000_000, 0u128..2_000_000, 0u128..2_000_000);
    let losses = proptest::collection::vec(1u128..3_000_000, 1..4);
    let sales = proptest::collection::vec((prop_oneof![Just(255u8), any::<u8>()], 0u8..128), 0..4);
    (decimals, 1u128..4_000_000_000, haircut, holdings, losses, sales).prop_map(
        |(decimals, price, haircut, (own, given, staked), losses, sales)| {
            // So that an atom of either asset is worth neither all nor nothing of the other's.
            let price = price.saturating_mul(10u128.pow(u32::from(decimals)));
            Case { decimals, price, haircut, own, given, staked, losses, sales }
        },
    )
}

/// What a draw is worth, and what is owed, as products of whole numbers: no division, so nothing to round.
fn sides(case: &Case, taken: u128, owed: u128) -> (u128, u128) {
    let left = u128::from(1_000_000 - case.haircut);
    // p × (1 − h) × n against m × 10^(6 + d) × 10^9, all of a market of six decimals at par.
    let price = case.price / 10u128.pow(u32::from(case.decimals));
    (taken * price * left, owed * 1_000_000 * 1_000_000_000)
}

/// The accounts behind both layers.
const GIVERS: [LedgerAccount; 3] = [
    LedgerAccount::Reserve(GEMS),
    LedgerAccount::Contributions(GEMS),
    LedgerAccount::Tranche(GEMSTAKE),
];

/// A world with a case's holdings, an atom more of each, and its price.
fn stocked(case: &Case) -> World {
    let policy = IndexPolicy { quorum: 1, families: 1, ..IndexPolicy::default() };
    let layers = [cut(gems(), case.haircut), cut(staked(), case.haircut)];
    let mut world = world(case.decimals, policy, &layers);
    open(&mut world, OpeningAccount::Reserve(label("gems")), case.own + 1);
    open(&mut world, OpeningAccount::Account(label("erin")), case.given + 1);
    let (fund, account, asset) = (label("gems"), label("erin"), label("gem"));
    let amount = atoms(case.given + 1);
    world.must("erin", Contribute { fund, account, asset, amount });
    stake(&mut world, "alice", case.staked + 1);
    say(&mut world, case.price, 0);
    world
}

/// Loses so much and looks at both layers; how many gave something.
fn lost(world: &mut World, case: &Case, loss: u128) -> Result<u32, String> {
    let gem = gem(world);
    let held = GIVERS.map(|account| world.state.ledger.owed(account, gem).get());
    let events = world.must("venue", settle(-i128::try_from(loss).unwrap())).to_vec();
    let (placement, drawn) = (placed(&events), drawn(&events));
    let of = |layer| {
        let row = placement.rows.iter().filter(move |row| row.layer == layer);
        row.map(|row| row.amount.get()).sum::<u128>()
    };
    let all: u128 = placement.rows.iter().map(|row| row.amount.get()).sum();
    if all != loss {
        return Err(format!("{all} of {loss} was placed"));
    }
    let mut gave = 0;
    for (layer, has) in [(1, held[0] + held[1]), (2, held[2])] {
        let is_staked = |d: &&Converted| matches!(d.from, LedgerAccount::Tranche(_));
        let mine = drawn.iter().filter(|d| is_staked(d) == (layer == 2));
        let (taken, owed) =
            mine.fold((0, 0), |sum, d| (sum.0 + d.taken.get(), sum.1 + d.owed.get()));
        if owed != of(layer) {
            return Err(format!("layer {layer} pays {} of {owed}", of(layer)));
        }
        gave += u32::from(taken > 0);
        let (worth, need) = sides(case, taken, owed);
        if worth < need {
            return Err(format!("{taken} atoms for {owed}: too few"));
        }
        if taken > 0 && sides(case, taken - 1, owed).0 >= need {
            return Err(format!("{taken} atoms for {owed}: too many"));
        }
        // Something was left to pay: the layer could not have paid one more.
        let left: u128 = (layer + 1..=3).map(of).sum();
        let (worth, more) = sides(case, has, owed + 1);
        if left > 0 && worth >= more {
            return Err(format!("layer {layer} kept back: {has} atoms, {owed} paid"));
        }
    }
    Ok(gave)
}

/// Sells a part of what a layer gave, below its price by so many 128ths, and settles what is missing;
/// whether something was.
fn sold(
    world: &mut World,
    case: &Case,
    (at, source): (u32, LayerSource),
    (part, off): (u8, u8),
) -> Result<bool, String> {
    let item = world.state.conversions.get(at).unwrap().clone();
    let sold = item.unsold.get() * (u128::from(part) + 1) / 256;
    let price = case.price / 10u128.pow(u32::from(case.decimals));
    let full = sold * price / 1_000_000_000;
    let received = (full * (128 - u128::from(off)) / 128).min(item.owed.get());
    let body = BookConversion { any_price: true, ..sale(source, sold, received) };
    let before = both(world, LedgerAccount::Basis(GEMS)).1;
    let mut short = false;
    if world.send("op", body).is_ok() {
        let after = world.state.conversions.get(at).unwrap();
        short = both(world, LedgerAccount::Basis(GEMS)).1 < before;
        if short && !after.unsold.is_zero() {
            return Err("a basis while atoms are unsold".into());
        }
        if after.owed.is_zero() && !after.unsold.is_zero() {
            return Err("nothing is owed, and atoms have not come home".into());
        }
    }
    let _ = world.send("keeper", basis(source));
    invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
    Ok(short)
}

/// Draws against the arithmetic of the design: a layer gives at least what it pays at the price after the
/// haircut, and no atom more than that needs; it pays all it is worth before the next one pays anything;
/// books balance for each asset after each sale, and nothing is lost on the way home.
#[test]
fn draws_are_worth_what_they_pay() {
    let (converted, short) = (Cell::new(0u32), Cell::new(0u32));
    property(case(), |case| {
        let mut world = stocked(&case);
        for loss in &case.losses {
            converted.set(converted.get() + lost(&mut world, &case, *loss)?);
        }
        for sale in &case.sales {
            for layer in [(0, gems()), (1, staked())] {
                let was = sold(&mut world, &case, layer, *sale)?;
                short.set(short.get() + u32::from(was));
            }
        }
        // Gems are where they were, on their way, or with the venue.
        let venue = LedgerAccount::Balance(world.state.account_id(label("venue")).unwrap());
        let conversion = LedgerAccount::Conversion(mix(&world));
        let all = GIVERS.into_iter().chain([venue, conversion]);
        let all: i128 = all.map(|account| both(&world, account).0).sum();
        if all != i128::try_from(case.own + case.given + case.staked + 3).unwrap() {
            return Err(format!("{all} gems are left"));
        }
        Ok(())
    });
    let (converted, short) = (converted.get(), short.get());
    assert!(converted > 100 && short > 10, "{converted} drawn, {short} short");
}

/// A layer that does not cover the cause gives nothing and needs no price.
#[test]
fn an_uncovered_cause_needs_no_price() {
    let mut world = world(6, IndexPolicy::default(), &[cut(gems(), 0)]);
    open(&mut world, OpeningAccount::Reserve(label("gems")), 1_000);
    let error = backstop_core::command::DeclareLoss {
        market: label("mix"),
        cause: Cause::OperatorError,
        account: None,
        estimate: atoms(300),
    };
    world.must("risk", error);
    world.must("risk", AssessLoss { loss: LOSS, amount: atoms(300), evidence: EVIDENCE });
    let events = world.must("keeper", PlaceLoss { loss: LOSS }).to_vec();
    assert_eq!(rows(&placed(&events)), [(2, 300)]);
}

/// What is true of a layer in the market's own asset is true of one in another: a fallen fund that is to be
/// spared gives nothing while winners stand behind it, and what its account at a venue owes is not there.
#[test]
fn a_fund_of_another_asset_gives_no_more_than_one_of_the_same() {
    let paid = |world: &mut World| {
        let rows = |event: &Event| match event {
            Event::LossPlaced(placement) => Some(placement.rows.clone()),
            _ => None,
        };
        let rows: Vec<_> = world.events.iter().filter_map(rows).flatten().collect();
        rows.iter().map(|row| (row.cohort, row.amount.get())).collect::<Vec<_>>()
    };
    let of_gems = |amount| (Cohort::Reserve(GEMS), amount);
    for (spares, asked) in [(false, of_gems(50)), (true, (Cohort::Adl { adl: 0 }, 50))] {
        let world =
            &mut world(6, IndexPolicy::default(), &[cut(gems(), 0), layer(LayerSource::Adl)]);
        open(world, OpeningAccount::Reserve(label("gems")), 1_000);
        let (market, underwater) = (label("mix"), Underwater::Nothing);
        let (mark, mark_band, adl) = (None, Ppm::ZERO, winners_second().adl);
        world.must("op", SetMarketRules { market, underwater, mark, mark_band, adl, equity: None });
        let (start, stop) = (Ppm::new(300_000), Ppm::new(250_000));
        let policy = DrawdownPolicy { start, stop, min_balance: Amount::ZERO, spares };
        world.must("op", SetDrawdown { fund: label("gems"), policy: Some(policy) });
        say(world, USD, 0);
        world.must("venue", settle(-500));
        assert_eq!(paid(world)[1], of_gems(400));
        world.must("venue", settle(-50));
        assert_eq!(paid(world), [asked], "spares: {spares}");
    }

    for (value, gives) in [(0, 1_000), (-600, 400), (-2_000, 0), (300, 1_000)] {
        let world = &mut world(6, IndexPolicy::default(), &[cut(gems(), 0)]);
        open(world, OpeningAccount::Reserve(label("gems")), 1_000);
        let (name, fund, venue) = (label("gem-perp"), label("gems"), label("venue"));
        let policy = Box::new(market(vec![layer(gems())]));
        world.must("op", CreateMarket { label: name, fund, venue, policy });
        world.must("op", SetThreshold { fund, threshold: atoms(1) });
        let house = HousePolicy { market: name, ..crate::house::policy() };
        world.must("op", SetHouse { fund, house: Some(house) });
        world.must("venue", ReportHouse { fund, ..crate::house::report(value, 0, 0) });
        say(world, USD, 0);
        world.must("venue", settle(-5_000));
        let from_gems =
            paid(world).into_iter().find(|(cohort, _)| *cohort == Cohort::Reserve(GEMS));
        assert_eq!(from_gems.map_or(0, |(_, amount)| amount), gives, "an account worth {value}");
        invariants::check(&world.state).unwrap();
    }
}
