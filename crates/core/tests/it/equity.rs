//! Sharing by equity on a ledger: from a loss over a sealed list to shares, the layers behind, and recovery.

use crate::{agreement::bearer, run::lose};
use RejectCode as C;
use backstop_core::{
    Body, Event, Reject, RejectCode,
    command::{
        BeginTransfer, ClaimRecovery, CloseAdl, CloseEquity, Direction, OpenAccount, OpenEquity,
        Party, RecoverLoss, ReportOpenInterest, RunAdl, RunEquity, SetMarketRules,
        SubmitEquityPart, VoidLoss,
    },
    invariants,
    ledger::LedgerAccount,
    loss::{
        claim::{Kind, Tally, gauge},
        equity::{EquityShare, Holder, shares},
    },
    policy::{Cause, EquityPolicy, LayerPolicy, LayerSource, MarketPolicy, Underwater},
    state::LayerClaim,
};
use backstop_testkit::{
    Setup, World, label,
    world::{layer, market},
};
use backstop_units::{Amount, Base, Label, LossId, MarketId, Ppm, Span};

const LOSS: LossId = LossId::new(0);
const SOL: MarketId = MarketId::new(0);

/// At most half of what an account has, two accounts a step.
pub(crate) const RULES: EquityPolicy =
    EquityPolicy { cap: Ppm::new(500_000), batch: 2, accounts_max: 100, deadline: Span::hours(1) };

/// A market whose reserve pays first, then accounts by equity, then these layers.
pub(crate) fn equity_second(behind: &[LayerPolicy]) -> MarketPolicy {
    let mut layers = vec![layer(LayerSource::Reserve(label("main"))), layer(LayerSource::Equity)];
    layers.extend(behind);
    MarketPolicy { equity: Some(RULES), ..market(layers) }
}

/// A world with 1,000 in reserve and a loss of 1,600: 600 of it is put on accounts by equity.
pub(crate) fn asked(behind: &[LayerPolicy]) -> World {
    let mut setup = Setup { reserve: Amount::new(1_000), ..Setup::default() };
    setup.markets[0] = equity_second(behind);
    let mut world = World::of(&setup);
    world.must("venue", ReportOpenInterest { market: label("sol"), base: Base::new(10) });
    lose(&mut world, 1_600);
    world
}

pub(crate) fn holder(name: &str, equity: u128) -> Holder {
    Holder { account: label(name), equity: Amount::new(equity) }
}

/// Three accounts with 3,000 in all.
pub(crate) fn three() -> Vec<Holder> {
    vec![holder("alice", 1_500), holder("bob", 1_000), holder("carol", 500)]
}

pub(crate) fn open(list: &[Holder]) -> OpenEquity {
    let mut tally = Tally::default();
    for holder in list {
        tally.push(holder).unwrap();
    }
    let (count, equity) = (tally.count, Amount::new(tally.sum.get()));
    OpenEquity { loss: LOSS, count, equity, root: tally.root() }
}

pub(crate) fn submit(list: &[Holder]) -> SubmitEquityPart {
    SubmitEquityPart { loss: LOSS, entries: list.to_vec() }
}

fn claim(world: &World) -> &LayerClaim {
    world.state.layer_claims.get(0).unwrap()
}

fn send(world: &mut World, actor: &str, body: impl Into<Body>) {
    world.must(actor, body);
    invariants::check(&world.state).unwrap();
}

fn rows(world: &World) -> Vec<(&'static str, u128, u128)> {
    let rows = &world.state.losses.get(LOSS).unwrap().rows;
    rows.iter().map(|r| (bearer(&r.row.cohort), r.row.amount.get(), r.recovered.get())).collect()
}

fn held(world: &World, account: LedgerAccount) -> u128 {
    let asset = world.state.asset_id(label("usdt")).unwrap();
    world.state.ledger.held(account, asset).get()
}

/// Who paid in the last command.
fn paid(world: &World) -> Vec<EquityShare> {
    let ran = world.events.iter().filter_map(|event| match event {
        Event::EquityRan { shares, .. } => Some(shares.clone()),
        _ => None,
    });
    ran.flatten().collect()
}

fn share(at: u32, name: &str, equity: u128, pays: u128) -> EquityShare {
    let [equity, pays] = [equity, pays].map(Amount::new);
    EquityShare { at, account: label(name), equity, pays }
}

fn recover(world: &mut World, amount: u128) {
    let from = Party::Clearing(label("sol"));
    send(world, "venue", RecoverLoss { loss: LOSS, from, amount: Amount::new(amount) });
}

fn take(world: &mut World, name: &str) -> u128 {
    let before = world.balance(name).get();
    send(world, name, ClaimRecovery { loss: LOSS, account: label(name) });
    world.balance(name).get() - before
}

fn carry_out(world: &mut World, list: &[Holder]) -> Vec<EquityShare> {
    send(world, "venue", open(list));
    send(world, "venue", submit(list));
    let mut all = Vec::new();
    while !claim(world).done {
        send(world, "keeper", RunEquity { loss: LOSS });
        all.extend(paid(world));
    }
    send(world, "keeper", CloseEquity { loss: LOSS });
    all
}

#[test]
fn from_the_loss_to_the_last_claim() {
    let mut world = asked(&[]);
    // The row is placed at once and the venue is owed the whole loss, before anybody is named.
    assert_eq!(rows(&world), [("reserve", 1_000, 0), ("equity", 600, 0)]);
    assert_eq!(held(&world, LedgerAccount::ByEquity(SOL)), 600);
    assert_eq!(world.owed(LedgerAccount::Clearing(SOL)).get(), 1_600);

    let list = three();
    send(&mut world, "venue", open(&list));
    send(&mut world, "venue", submit(&list[..1]));
    send(&mut world, "venue", submit(&list[1..]));
    // A fifth of each; two accounts fit a step.
    send(&mut world, "keeper", RunEquity { loss: LOSS });
    assert_eq!(paid(&world), [share(0, "alice", 1_500, 300), share(1, "bob", 1_000, 200)]);
    assert!(!claim(&world).done);
    send(&mut world, "keeper", RunEquity { loss: LOSS });
    assert_eq!(paid(&world), [share(2, "carol", 500, 100)]);
    assert!(claim(&world).done);
    send(&mut world, "keeper", CloseEquity { loss: LOSS });
    assert_eq!(rows(&world), [("reserve", 1_000, 0), ("equity", 600, 0)]);
    // Of the 1,600 the ledger has paid 1,000; the venue collects the rest from the accounts.
    let pay = |amount| BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("sol")),
        asset: label("usdt"),
        amount: Amount::new(amount),
        reference: Label::NONE,
    };
    let refused = Reject::new(C::NothingOwed, Amount::new(1_001), Amount::new(1_000));
    assert_eq!(world.clone().send("venue", pay(1_001)).unwrap_err(), refused);

    // What comes back goes to exactly those who paid, in proportion to that.
    recover(&mut world, 300);
    assert_eq!(["alice", "bob", "carol"].map(|name| take(&mut world, name)), [150, 100, 50]);
    let nothing = Reject::got(C::NothingToClaim, label("dave"));
    let claim = ClaimRecovery { loss: LOSS, account: label("dave") };
    assert_eq!(world.send("dave", claim).unwrap_err(), nothing);
    recover(&mut world, 301);
    assert_eq!(["alice", "bob", "carol"].map(|name| take(&mut world, name)), [150, 100, 50]);
    assert_eq!(rows(&world), [("reserve", 1_000, 1), ("equity", 600, 600)]);
}

#[test]
fn nobody_pays_more_than_his_cap_and_the_rest_flows_on() {
    let mut world = asked(&[layer(LayerSource::Socialised)]);
    // Half of 400, 200 and 100 is 350, so 250 are left for positions.
    let list = [holder("alice", 400), holder("bob", 200), holder("carol", 101)];
    let all = carry_out(&mut world, &list);
    let want = [share(0, "alice", 400, 200), share(1, "bob", 200, 100), share(2, "carol", 101, 50)];
    assert_eq!(all, want);
    assert_eq!(rows(&world)[1..], [("equity", 350, 0), ("positions", 250, 0)]);
    assert_eq!(held(&world, LedgerAccount::ByEquity(SOL)), 350);
    assert_eq!(held(&world, LedgerAccount::Socialised(SOL)), 250);
    recover(&mut world, 300);
    assert_eq!(take(&mut world, "alice"), 50 * 200 / 350);
}

#[test]
fn nobody_comes_and_the_deadline_ends_it() {
    let mut world = asked(&[]);
    send(&mut world, "venue", open(&three()));
    send(&mut world, "venue", submit(&three()[..2]));
    world.wait(Span::from_ms(3_599_999));
    let early = world.send("keeper", CloseEquity { loss: LOSS }).unwrap_err();
    assert_eq!(early.code, C::ClaimNotComplete);
    world.wait(Span::from_ms(1));
    send(&mut world, "keeper", CloseEquity { loss: LOSS });
    assert_eq!(rows(&world)[1..], [("equity", 0, 0), ("residual", 600, 0)]);
    assert!(world.state.claim_shares.is_empty());
}

#[test]
fn a_void_loss_gives_back_to_those_who_paid() {
    let mut world = asked(&[layer(LayerSource::FeePool)]);
    let unsettled = world.send("op", VoidLoss { loss: LOSS }).unwrap_err();
    assert_eq!(unsettled, Reject::new(C::ClaimUnsettled, Amount::ZERO, Amount::new(600)));
    // Zoe has no account here, and stands on the list twice.
    carry_out(&mut world, &[holder("zoe", 100), holder("alice", 400), holder("zoe", 300)]);
    assert_eq!(rows(&world)[1..], [("equity", 400, 0), ("residual", 200, 0)]);
    send(&mut world, "op", VoidLoss { loss: LOSS });
    assert_eq!(world.owed(LedgerAccount::Clearing(SOL)).get(), 0);
    send(&mut world, "op", OpenAccount { label: label("zoe"), group: None, venue: None });
    assert_eq!((take(&mut world, "zoe"), take(&mut world, "alice")), (200, 200));
}

/// Two layers that pay later: what winners lack goes to accounts by equity, what these lack to positions; and
/// where both were asked at once, equity is asked again.
#[test]
fn a_claim_may_follow_a_claim() {
    for limit in [None, Some(100)] {
        let winners = LayerPolicy { per_event: limit.map(Amount::new), ..layer(LayerSource::Adl) };
        let layers = vec![winners, layer(LayerSource::Equity), layer(LayerSource::Socialised)];
        let mut setup = Setup::default();
        let adl = crate::adl::winners_second().adl;
        setup.markets[0] = MarketPolicy { adl, equity: Some(RULES), ..market(layers) };
        let mut world = World::of(&setup);
        world.must("venue", ReportOpenInterest { market: label("sol"), base: Base::new(10) });
        lose(&mut world, 600);
        send(&mut world, "venue", crate::adl::open(&[]));
        send(&mut world, "keeper", RunAdl { loss: LOSS });
        let early = world.send("keeper", CloseEquity { loss: LOSS }).unwrap_err().code;
        send(&mut world, "keeper", CloseAdl { loss: LOSS });
        let list = three();
        if limit.is_none() {
            assert_eq!(early, C::ClaimUnknown);
            assert_eq!(rows(&world), [("winners", 0, 0), ("equity", 600, 0)]);
            carry_out_of(&mut world, &list, 1);
            assert_eq!(rows(&world), [("winners", 0, 0), ("equity", 600, 0)]);
            continue;
        }
        assert_eq!(early, C::ClaimNotComplete);
        assert_eq!(rows(&world), [("winners", 0, 0), ("equity", 500, 0), ("equity", 100, 0)]);
        assert_eq!(world.state.markets.get(SOL).unwrap().claims, 2);
        // The older one first, then the other: each with a list of its own.
        carry_out_of(&mut world, &list, 1);
        let small = [holder("alice", 100), holder("dave", 60)];
        carry_out_of(&mut world, &small, 2);
        let placed =
            [("winners", 0, 0), ("equity", 500, 0), ("equity", 80, 0), ("positions", 20, 0)];
        assert_eq!(rows(&world), placed);
        assert_eq!(world.state.markets.get(SOL).unwrap().claims, 0);
        // Alice paid both, 250 and 50; the row that was placed last comes first.
        recover(&mut world, 20 + 80 + 250);
        assert_eq!(take(&mut world, "alice"), 50 + 125);
        assert_eq!(take(&mut world, "dave"), 30);
    }
}

fn carry_out_of(world: &mut World, list: &[Holder], number: u32) {
    send(world, "venue", open(list));
    send(world, "venue", submit(list));
    while !world.state.layer_claims.get(number).unwrap().done {
        send(world, "keeper", RunEquity { loss: LOSS });
    }
    send(world, "keeper", CloseEquity { loss: LOSS });
}

/// New rules are for later losses, and the gauge says how near the layer is.
#[test]
fn a_claim_keeps_the_rules_it_began_with() {
    let mut world = asked(&[]);
    let lights = |world: &World| {
        gauge(&world.state, (SOL, Kind::Equity), Cause::Bankruptcy, world.now).unwrap().unwrap()
    };
    assert_eq!((lights(&world).cushion.get(), lights(&world).lights), (0, 5));
    let nowhere = gauge(&world.state, (SOL, Kind::Adl), Cause::Bankruptcy, world.now).unwrap();
    assert_eq!(nowhere, None);
    let rules = SetMarketRules {
        market: label("sol"),
        underwater: Underwater::Nothing,
        mark: None,
        mark_band: Ppm::ZERO,
        adl: None,
        equity: None,
    };
    world.must("op", rules);
    let all = carry_out(&mut world, &three());
    assert_eq!(all.iter().map(|one| one.pays.get()).sum::<u128>(), 600);
    lose(&mut world, 600);
    let later = &world.state.losses.get(LossId::new(1)).unwrap().rows;
    assert_eq!(later.iter().map(|row| bearer(&row.row.cohort)).collect::<Vec<_>>(), ["residual"]);
}

/// A list of ten thousand, in parts of 4,096, paid in steps of 4,096: exactly what the pure rule says.
#[test]
fn a_long_list_comes_in_parts() {
    let mut setup = Setup::default();
    let rules = EquityPolicy { batch: 4_096, accounts_max: 10_000, ..RULES };
    let layers = vec![layer(LayerSource::Equity)];
    setup.markets[0] = MarketPolicy { equity: Some(rules), ..market(layers) };
    let mut world = World::of(&setup);
    lose(&mut world, 777_777);
    let list: Vec<Holder> =
        (0..10_000u128).map(|n| holder(&format!("t{n}"), 1 + n * n % 997)).collect();
    world.must("venue", open(&list));
    for part in list.chunks(4_096) {
        world.must("venue", submit(part));
    }
    let mut all = Vec::new();
    while !claim(&world).done {
        world.must("keeper", RunEquity { loss: LOSS });
        all.extend(paid(&world));
    }
    assert_eq!(all, shares(rules.cap, Amount::new(777_777), &list).unwrap());
    assert_eq!(claim(&world).brought.get(), 777_777);
    send(&mut world, "keeper", CloseEquity { loss: LOSS });
}
