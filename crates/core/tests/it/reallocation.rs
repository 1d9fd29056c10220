//! What a layer that pays later could not bring: placed over the layers behind it, by the same rows.

use crate::{
    adl::{QUEUE, open, submit, winner},
    agreement::bearer,
    conversion::{cut, gems, say},
    inventory::{deleverage, mark, rules, set, take},
    run::lose,
};
use RejectCode as C;
use backstop_core::{
    Body, Reject, RejectCode,
    command::{
        ClaimRecovery, CloseAdl, Contribute, Opening, OpeningAccount, Party, PayFees, RecoverLoss,
        ReportOpenInterest, RunAdl, SetMarketRules, Stake, VoidLoss,
    },
    invariants,
    loss::capacity::capacities,
    policy::{
        AdlPolicy, Cause, IndexPolicy, InventoryEnd, InventoryPolicy, LayerPolicy, LayerSource,
        MarketPolicy, TranchePolicy, Underwater,
    },
};
use backstop_testkit::{
    Setup, World, label,
    world::{layer, market},
};
use backstop_units::{Amount, Base, FundId, LossId, MarketId, Ppm, Shares, Span};

const LOSS: LossId = LossId::new(0);
const SOL: MarketId = MarketId::new(0);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn limited(source: LayerSource, per_event: u128) -> LayerPolicy {
    LayerPolicy { per_event: Some(atoms(per_event)), ..layer(source) }
}

fn jun() -> LayerSource {
    LayerSource::Staked(label("jun"))
}

fn main_reserve() -> LayerSource {
    LayerSource::Reserve(label("main"))
}

/// `sol` with these layers, 100 in reserve, 300 staked by alice and 100 by bob, and ten base atoms open.
fn world(layers: Vec<LayerPolicy>) -> World {
    let mut setup = Setup { reserve: atoms(100), ..Setup::default() };
    setup.tranches = [TranchePolicy { stake_min: atoms(1), ..TranchePolicy::default() }; 3];
    setup.markets[0] = MarketPolicy { adl: Some(QUEUE), ..market(layers) };
    let mut world = World::of(&setup);
    for (who, amount) in [("alice", 300), ("bob", 100)] {
        world.must(who, stake(who, amount));
    }
    world.must("venue", ReportOpenInterest { market: label("sol"), base: Base::new(10) });
    world
}

fn stake(who: &str, amount: u128) -> Stake {
    let (tranche, account, asset) = (label("jun"), label(who), label("usdt"));
    Stake { tranche, account, asset, amount: atoms(amount), min_shares: Shares::ZERO }
}

/// Who bore how much, and what came back to him; in the order of the rows.
fn rows(world: &World) -> Vec<(&'static str, u128, u128)> {
    let rows = &world.state.losses.get(LOSS).unwrap().rows;
    let row = |r: &backstop_core::state::LossRow| {
        (bearer(&r.row.cohort), r.row.amount.get(), r.recovered.get())
    };
    rows.iter().map(row).collect()
}

fn send(world: &mut World, actor: &str, body: impl Into<Body>) {
    world.must(actor, body);
    invariants::check(&world.state).unwrap();
}

/// Alice is cut of so many lots, each of which forgoes ten, and the deleveraging is closed.
fn bring(world: &mut World, lots: u128) {
    let list = if lots == 0 { Vec::new() } else { vec![winner("alice", lots, 5)] };
    send(world, "venue", open(&list));
    if lots > 0 {
        send(world, "venue", submit(&list));
    }
    send(world, "keeper", RunAdl { loss: LOSS });
    send(world, "keeper", CloseAdl { loss: LOSS });
}

fn recover(world: &mut World, amount: u128) {
    let from = Party::Clearing(label("sol"));
    send(world, "venue", RecoverLoss { loss: LOSS, from, amount: atoms(amount) });
}

/// What `sol`'s layers could pay now.
fn headroom(world: &World) -> Vec<u128> {
    let sol = world.state.markets.get(SOL).unwrap();
    let found = capacities(&world.state, SOL, sol, Cause::Bankruptcy, world.now).unwrap();
    found.iter().map(|layer| layer.headroom.get()).collect()
}

/// A reserve, winners, then stakers up to 250 an event, fees, and positions.
fn long_way() -> World {
    let mut world = world(vec![
        layer(main_reserve()),
        layer(LayerSource::Adl),
        limited(jun(), 250),
        layer(LayerSource::FeePool),
        layer(LayerSource::Socialised),
    ]);
    send(&mut world, "venue", PayFees { market: label("sol"), amount: atoms(40) });
    lose(&mut world, 1_000);
    world
}

#[test]
fn layers_behind_pay_what_winners_lack() {
    let mut world = long_way();
    assert_eq!(rows(&world), [("reserve", 100, 0), ("winners", 900, 0)]);
    bring(&mut world, 30);
    let placed = [
        ("reserve", 100, 0),
        ("winners", 300, 0),
        ("stakers", 250, 0),
        ("fee pool", 40, 0),
        ("positions", 310, 0),
    ];
    assert_eq!(rows(&world), placed);
    // The venue was owed the whole loss from the start, and no more than that now.
    let clearing = backstop_core::ledger::LedgerAccount::Clearing(SOL);
    assert_eq!(world.owed(clearing).get(), 1_000 - 40);
    // Its limit counts as if it had been asked first.
    assert_eq!(headroom(&world)[2], 0);

    // What comes back goes up the waterfall: positions, fees, stakers, winners.
    recover(&mut world, 350 + 100);
    assert_eq!(rows(&world).iter().map(|row| row.2).collect::<Vec<_>>(), [0, 0, 100, 40, 310]);
    for (who, part) in [("bob", 25), ("alice", 75)] {
        let before = world.balance(who).get();
        send(&mut world, who, ClaimRecovery { loss: LOSS, account: label(who) });
        assert_eq!(world.balance(who).get() - before, part, "{who}");
    }
    recover(&mut world, 150 + 300 + 1);
    assert_eq!(rows(&world).iter().map(|row| row.2).collect::<Vec<_>>(), [1, 300, 250, 40, 310]);
    // Alice was cut and had staked.
    let before = world.balance("alice").get();
    send(&mut world, "alice", ClaimRecovery { loss: LOSS, account: label("alice") });
    assert_eq!(world.balance("alice").get() - before, 300 + 112);
}

#[test]
fn a_void_gives_back_each_row_as_of_its_own_time() {
    let mut world = long_way();
    world.wait(Span::hours(1));
    bring(&mut world, 0);
    assert_eq!(headroom(&world)[2], 0);
    world.wait(Span::from_ms(2 * 3_600_000 - 600_000));
    // The event's window reaches back two hours: to the reallocation, no more to the loss.
    assert_eq!(headroom(&world)[2], 0);
    send(&mut world, "op", VoidLoss { loss: LOSS });
    assert_eq!(headroom(&world)[2], 250);
    let all: Vec<_> = rows(&world).iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(all, [(100, 100), (0, 0), (250, 250), (40, 40), (610, 610)]);
}

/// The layers behind were asked at once for what winners' limit left, and again for what they lacked.
#[test]
fn a_layer_may_pay_twice() {
    let layers = vec![limited(LayerSource::Adl, 400), layer(jun()), layer(LayerSource::Socialised)];
    let mut world = world(layers);
    lose(&mut world, 900);
    assert_eq!(rows(&world), [("winners", 400, 0), ("stakers", 400, 0), ("positions", 100, 0)]);
    // The tranche is empty and began anew; nobody can stake while it may have to pay again.
    let tranche = world.state.tranches.get(backstop_units::TrancheId::new(0)).unwrap();
    assert_eq!(tranche.series, 1);
    bring(&mut world, 0);
    let placed =
        [("winners", 0, 0), ("stakers", 400, 0), ("positions", 100, 0), ("positions", 400, 0)];
    assert_eq!(rows(&world), placed);
    recover(&mut world, 420);
    assert_eq!(rows(&world).iter().map(|row| row.2).collect::<Vec<_>>(), [0, 0, 20, 400]);
    // Fifty atoms for each of the ten that are open, in two steps.
    let index = world.state.markets.get(SOL).unwrap().index;
    assert_eq!(index.get() >> 60, 50);
}

#[test]
fn what_nobody_behind_has_joins_the_residual() {
    let mut world = world(vec![limited(LayerSource::Adl, 400), layer(main_reserve())]);
    lose(&mut world, 600);
    assert_eq!(rows(&world), [("winners", 400, 0), ("reserve", 100, 0), ("residual", 100, 0)]);
    let (fund, account, asset) = (label("main"), label("carol"), label("usdt"));
    send(&mut world, "carol", Contribute { fund, account, asset, amount: atoms(50) });
    bring(&mut world, 10);
    let placed = [("winners", 100, 0), ("reserve", 100, 0), ("residual", 350, 0), ("gifts", 50, 0)];
    assert_eq!(rows(&world), placed);
    // The residual first, then the row that was placed last.
    recover(&mut world, 390);
    assert_eq!(rows(&world).iter().map(|row| row.2).collect::<Vec<_>>(), [0, 0, 350, 40]);
}

#[test]
fn a_tranche_that_a_reallocation_empties_begins_anew() {
    let mut world = world(vec![layer(LayerSource::Adl), layer(jun())]);
    lose(&mut world, 400);
    bring(&mut world, 0);
    assert_eq!(rows(&world), [("winners", 0, 0), ("stakers", 400, 0)]);
    let tranche = world.state.tranches.get(backstop_units::TrancheId::new(0)).unwrap();
    assert_eq!((tranche.series, tranche.shares), (1, Shares::ZERO));
    send(&mut world, "carol", stake("carol", 50));
    recover(&mut world, 400);
    let nothing = Reject::got(C::NothingToClaim, label("carol"));
    let claim = |who| ClaimRecovery { loss: LOSS, account: label(who) };
    assert_eq!(world.send("carol", claim("carol")).unwrap_err(), nothing);
    send(&mut world, "bob", claim("bob"));
    assert_eq!(world.balance("bob").get(), 1_000_000);
}

/// Nobody leaves or enters a tranche at a price that ignores what it may still have to pay.
#[test]
fn who_stands_behind_a_claim_is_held_until_it_is_closed() {
    let mut world = long_way();
    let gated = |world: &mut World| world.send("carol", stake("carol", 10)).unwrap_err();
    assert_eq!(gated(&mut world), Reject::got(C::FundGated, LOSS));
    world.wait(Span::days(3));
    assert_eq!(gated(&mut world), Reject::got(C::FundGated, LOSS));
    send(&mut world, "keeper", CloseAdl { loss: LOSS });
    send(&mut world, "carol", stake("carol", 10));
    // With nobody behind them, winners hold nobody up.
    let mut world = crate::reallocation::world(vec![layer(jun()), layer(LayerSource::Adl)]);
    lose(&mut world, 500);
    assert_eq!(rows(&world), [("stakers", 400, 0), ("winners", 100, 0)]);
    send(&mut world, "carol", stake("carol", 10));
}

#[test]
fn a_fund_is_behind_no_more_claims_than_can_hold_it() {
    let mut world = world(vec![layer(LayerSource::Adl), layer(jun())]);
    for _ in 0..64 {
        lose(&mut world, 1);
    }
    let settle = crate::conversion::settle(-1);
    let settle = backstop_core::command::SettleLiquidation { market: label("sol"), ..settle };
    let full = Reject::new(C::TooManyOpenLosses, 64usize, 64usize);
    assert_eq!(world.send("venue", settle.clone()).unwrap_err(), full);
    bring(&mut world, 1);
    send(&mut world, "venue", settle);
}

/// A layer in another asset behind winners: without a price the claim stays open.
#[test]
fn a_layer_without_a_price_keeps_the_claim_open() {
    let layers = [layer(LayerSource::Adl), cut(gems(), 100_000), layer(LayerSource::Socialised)];
    let mut world = crate::conversion::world(6, IndexPolicy::default(), &layers);
    let (asset, account) = (label("gem"), OpeningAccount::Reserve(label("gems")));
    world.must("op", Opening { account, asset, amount: atoms(1_000) });
    let (mark, mark_band, underwater) = (None, Ppm::ZERO, Underwater::Nothing);
    let adl = Some(AdlPolicy { deadline: Span::hours(1), ..QUEUE });
    let rules =
        SetMarketRules { market: label("mix"), underwater, mark, mark_band, adl, equity: None };
    world.must("op", rules);
    send(&mut world, "venue", crate::conversion::settle(-500));
    assert_eq!(rows(&world), [("reserve", 100, 0), ("winners", 400, 0)]);
    world.wait(Span::hours(1));
    for _ in 0..2 {
        let refused = world.send("keeper", CloseAdl { loss: LOSS }).unwrap_err();
        assert_eq!(refused.code, C::ConversionUnpriced);
        assert!(!world.state.layer_claims.get(0).unwrap().closed);
        world.wait(Span::days(1));
    }
    // A gem is two dollars, of which nine tenths count: 400 take 223 of them, rounded up.
    say(&mut world, 2_000_000 * 1_000_000_000, 0);
    send(&mut world, "keeper", CloseAdl { loss: LOSS });
    assert_eq!(rows(&world)[1..], [("winners", 0, 0), ("reserve", 400, 0)]);
    let gem = world.state.asset_id(label("gem")).unwrap();
    let reserve = backstop_core::ledger::LedgerAccount::Reserve(FundId::new(2));
    assert_eq!(world.state.ledger.owed(reserve, gem).get(), 1_000 - 223);
}

/// A position that was taken over is handed to winners: what they don't take goes on behind them, and
/// nobody before them is asked.
#[test]
fn what_winners_of_a_taken_position_lack_flows_on() {
    let layers = vec![
        layer(main_reserve()),
        limited(LayerSource::Adl, 150),
        limited(jun(), 50),
        layer(LayerSource::Socialised),
    ];
    let mut world = world(layers);
    let (position_max, loss_max) = (atoms(100_000), atoms(100_000));
    let policy =
        InventoryPolicy { position_max, loss_max, reserve_part: Ppm::new(1_000_000), ..rules() };
    send(
        &mut world,
        "op",
        set(InventoryPolicy { end: InventoryEnd::Winners, shock: Ppm::new(1), ..policy }),
    );
    send(&mut world, "venue", take("dave", 40, 95, 95, 20));
    send(&mut world, "venue", mark(90));
    send(&mut world, "risk", deleverage());
    // 40 lots lose 5 each, 20 of it the margin's.
    assert_eq!(rows(&world), [("winners", 150, 0), ("stakers", 30, 0)]);
    bring(&mut world, 4);
    let placed = [("winners", 40, 0), ("stakers", 30, 0), ("stakers", 20, 0), ("positions", 90, 0)];
    assert_eq!(rows(&world), placed);
    // Two rows of one tranche, each with its own count: bob held a fourth both times.
    recover(&mut world, 90 + 50);
    send(&mut world, "bob", ClaimRecovery { loss: LOSS, account: label("bob") });
    assert_eq!(world.balance("bob").get(), 1_000_000 - 100 + 7 + 5);
}
