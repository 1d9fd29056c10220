//! The buyer of last resort: takeovers within their limits, closes, auctions, and what they cost.

use crate::{
    adl::{price, winners_second},
    run::property,
};
use backstop_core::{
    Body, Event, Reject, RejectCode as C,
    command::{
        BidAuction, DeleverageInventory, FillInventory, MarkInventory, OpenAccount, SetInventory,
        StartAuction, TakeOver,
    },
    event::Cohort,
    fund::{coverage_at, excess, inventory::Inventory},
    invariants,
    ledger::LedgerAccount,
    policy::{AuctionPolicy, InventoryEnd, InventoryPolicy, MarketPolicy},
};
use backstop_testkit::{
    Setup, World, label,
    world::{INDEX, report},
};
use backstop_units::{Amount, Base, FundId, Hash, MarketId, Ppm, Price, Signed, Span};
use proptest::{collection::vec, prelude::*};

const MAIN: FundId = FundId::new(0);
const SOL: MarketId = MarketId::new(0);
pub(crate) const TAKEN: Hash = Hash::new([7; 32]);

pub(crate) fn seconds(seconds: u64) -> Span {
    Span::from_ms(seconds * 1_000)
}

/// A lot is a whole unit; 10,000 at most, half of the reserve at risk in a move of 10 %.
pub(crate) fn rules() -> InventoryPolicy {
    InventoryPolicy {
        base_unit: Base::new(1),
        position_max: Amount::new(5_000),
        loss_max: Amount::new(400),
        hold_max: Span::hours(1),
        shock: Ppm::new(100_000),
        reserve_part: Ppm::new(500_000),
        cooldown: Span::days(1),
        mark_age: seconds(60),
        slip_max: Ppm::new(50_000),
        auction: AuctionPolicy {
            start: Ppm::new(10_000),
            step: Ppm::new(10_000),
            interval: seconds(10),
            most: Ppm::new(50_000),
            lifetime: seconds(600),
            margin: Ppm::new(100_000),
        },
        end: InventoryEnd::Waterfall,
    }
}

pub(crate) fn set(policy: InventoryPolicy) -> SetInventory {
    SetInventory { market: label("sol"), policy: Box::new(policy) }
}

/// 1,000 in reserve, winners behind it, and these rules on `sol`.
pub(crate) fn world(policy: InventoryPolicy) -> World {
    let mut setup = Setup { reserve: Amount::new(1_000), ..Setup::default() };
    (setup.threshold, setup.target) = (Amount::ZERO, Amount::ZERO);
    setup.markets[0] = winners_second();
    let mut world = World::of(&setup);
    world.must("op", set(policy));
    world
}

pub(crate) fn take(account: &str, size: i128, at: u128, mark: u128, rest: i128) -> TakeOver {
    TakeOver {
        market: label("sol"),
        account: label(account),
        size: Signed::new(size),
        price: price(at),
        mark: price(mark),
        collateral: Signed::new(rest),
        evidence: TAKEN,
    }
}

pub(crate) fn mark(at: u128) -> MarkInventory {
    MarkInventory { market: label("sol"), mark: Some(price(at)) }
}

pub(crate) fn fill(size: i128, at: u128) -> FillInventory {
    let (market, evidence) = (label("sol"), Some(TAKEN));
    FillInventory { market, size: Signed::new(size), price: price(at), evidence }
}

pub(crate) fn auction() -> StartAuction {
    StartAuction { market: label("sol") }
}

pub(crate) fn bid(bidder: &str, size: i128, worst: u128) -> BidAuction {
    let (market, bidder) = (label("sol"), label(bidder));
    BidAuction { market, bidder, size: Signed::new(size), price: price(worst) }
}

pub(crate) fn deleverage() -> DeleverageInventory {
    DeleverageInventory { market: label("sol") }
}

fn line(world: &World) -> &Inventory {
    world.state.inventories.get(SOL).unwrap()
}

/// Position, cost, margin, shortfall.
fn stands(world: &World) -> (i128, i128, u128, u128) {
    let line = line(world);
    let margin = world.owed(LedgerAccount::Inventory(SOL)).get();
    (line.base.get(), line.cost.get(), margin, line.shortfall.get())
}

/// Reserve, and what counts.
fn fund(world: &World) -> (u128, u128) {
    let fund = world.state.funds.get(MAIN).unwrap();
    let parts = coverage_at(&world.state, MAIN, fund, world.now).unwrap();
    (parts.reserve.get(), parts.counted.get())
}

fn send(world: &mut World, actor: &str, body: impl Into<Body>) {
    world.must(actor, body);
    invariants::check(&world.state).unwrap();
}

fn refused(world: &mut World, actor: &str, body: impl Into<Body>) -> C {
    world.send(actor, body).unwrap_err().code
}

/// Who bore the losses of the last command, and how much.
fn rows(world: &World) -> Vec<(Cohort, u128)> {
    let placed = world.events.iter().filter_map(|event| match event {
        Event::LossPlaced(placement) => Some(&placement.rows),
        _ => None,
    });
    placed.flatten().map(|row| (row.cohort, row.amount.get())).collect()
}

#[test]
fn from_the_takeover_to_the_last_lot() {
    let mut world = world(rules());
    send(&mut world, "venue", take("alice", 40, 95, 98, 20));
    assert_eq!(stands(&world), (40, 3_800, 20, 0));
    // A gain on paper counts for nothing, a loss beyond the margin at once.
    assert_eq!(fund(&world), (1_000, 1_000));
    send(&mut world, "venue", mark(90));
    assert_eq!((stands(&world), fund(&world)), ((40, 3_800, 20, 180), (1_000, 820)));
    // 10 sold at 91 lose 40: the margin bears 20 of it, the reserve the rest.
    send(&mut world, "venue", fill(-10, 91));
    assert_eq!(rows(&world), [(Cohort::Reserve(MAIN), 20)]);
    assert_eq!((stands(&world), fund(&world)), ((30, 2_850, 0, 150), (980, 830)));

    send(&mut world, "risk", auction());
    world.wait(seconds(25));
    // Three percent off 90: 87.30. Bob's margin is a tenth of 873, rounded up.
    assert_eq!(refused(&mut world, "bob", bid("bob", 10, 87)), C::AuctionPrice);
    send(&mut world, "bob", bid("bob", 10, 88));
    assert_eq!(world.balance("bob").get(), 1_000_000 - 88);
    assert_eq!((stands(&world), fund(&world)), ((20, 1_900, 0, 100), (903, 803)));

    // Nobody wants the rest. Closed at a mark of 101 it gains 120, which is the fund's.
    world.wait(seconds(600));
    send(&mut world, "venue", mark(101));
    send(&mut world, "risk", deleverage());
    assert_eq!(rows(&world), []);
    assert_eq!((stands(&world), fund(&world)), ((0, 0, 0, 0), (1_023, 1_023)));
    // The venue has margin of 20 and a gain of 120 less, and got 40 + 77 + 88.
    let clearing = world.state.ledger.entry(LedgerAccount::Clearing(SOL), line_asset(&world));
    assert_eq!(clearing.credits.get(), 40 + 77 + 88);
    assert_eq!(clearing.debits.get(), 20 + 120);
}

fn line_asset(world: &World) -> backstop_units::AssetId {
    world.state.asset_id(label("usdt")).unwrap()
}

#[test]
fn a_deficit_is_a_loss_at_once_and_a_short_is_no_other() {
    let mut world = world(rules());
    send(&mut world, "venue", take("alice", -40, 95, 96, -50));
    assert_eq!(rows(&world), [(Cohort::Reserve(MAIN), 50)]);
    assert_eq!((stands(&world), fund(&world)), ((-40, -3_800, 0, 40), (950, 910)));
    // A long taken over closes ten of it at 93: a gain of 20, which is margin from then on.
    send(&mut world, "venue", take("bob", 10, 93, 96, 0));
    assert_eq!(stands(&world), (-30, -2_850, 20, 10));
    // And one larger than the rest turns the line over: a loss of 60, 20 of it the margin's.
    send(&mut world, "venue", take("carol", 35, 97, 96, 0));
    assert_eq!(rows(&world), [(Cohort::Reserve(MAIN), 40)]);
    assert_eq!((stands(&world), fund(&world)), ((5, 485, 0, 5), (910, 905)));
}

#[test]
fn what_winners_bear_they_alone_bear() {
    let mut world = world(InventoryPolicy { end: InventoryEnd::Winners, ..rules() });
    send(&mut world, "venue", take("alice", 40, 95, 95, 20));
    send(&mut world, "venue", mark(90));
    send(&mut world, "risk", deleverage());
    // 40 lots lose 5 each; the margin bears 20. The fund's money is not asked.
    assert_eq!(rows(&world), [(Cohort::Adl { adl: 0 }, 180)]);
    assert_eq!((stands(&world), fund(&world)), ((0, 0, 0, 0), (1_000, 1_000)));
    assert_eq!(world.state.losses.get(backstop_units::LossId::new(0)).unwrap().evidence, TAKEN);
}

#[test]
fn many_small_takeovers_come_no_further_than_one_large() {
    let open = InventoryPolicy { cooldown: Span::ZERO, ..rules() };
    for policy in [
        open,
        InventoryPolicy { position_max: Amount::MAX, ..open },
        InventoryPolicy { position_max: Amount::MAX, reserve_part: Ppm::WHOLE, ..open },
        InventoryPolicy { loss_max: Amount::new(60), ..open },
    ] {
        let start = world(policy);
        // Taken at 96 with a mark of 95, each lot is a loss of one on paper.
        let most = (1..=200)
            .take_while(|lots| start.clone().send("venue", take("alice", *lots, 96, 95, 0)).is_ok())
            .last()
            .unwrap();
        let mut split = start.clone();
        let mut taken = 0;
        while split.send("venue", take("alice", 3, 96, 95, 0)).is_ok() {
            taken += 3;
        }
        while split.send("venue", take("alice", 1, 96, 95, 0)).is_ok() {
            taken += 1;
        }
        assert_eq!((taken, most < 200), (most, true), "{policy:?}");
    }
}

#[test]
fn a_lost_day_is_not_forgotten_with_the_line() {
    let reserve_part = Ppm::WHOLE;
    let policy = InventoryPolicy { cooldown: Span::ZERO, reserve_part, ..rules() };
    let mut world = world(policy);
    for _ in 0..3 {
        send(&mut world, "venue", take("alice", 20, 95, 95, 0));
        send(&mut world, "venue", fill(-20, 91));
    }
    // 240 were lost; 41 lots under water by 4 would make it 404.
    assert_eq!(refused(&mut world, "venue", take("alice", 41, 95, 91, 0)), C::InventoryLoss);
    world.wait(Span::hours(26));
    send(&mut world, "venue", take("alice", 41, 95, 91, 0));
}

#[test]
fn nobody_hands_over_twice_nor_buys_back() {
    let mut world = world(rules());
    let second = OpenAccount { label: label("alice-2"), group: Some(label("alice")), venue: None };
    world.must("op", second);
    send(&mut world, "venue", take("alice", 10, 95, 95, 0));
    for account in ["alice", "alice-2"] {
        assert_eq!(
            refused(&mut world, "venue", take(account, 10, 95, 95, 0)),
            C::InventoryCooldown
        );
    }
    send(&mut world, "risk", auction());
    let rich = backstop_core::command::Opening {
        account: backstop_core::command::OpeningAccount::Account(label("alice-2")),
        asset: label("usdt"),
        amount: Amount::new(10_000),
    };
    world.must("op", rich);
    for account in ["alice", "alice-2"] {
        let own = Reject::got(C::AuctionGroup, label("alice"));
        assert_eq!(world.send(account, bid(account, 10, 95)).unwrap_err(), own);
    }
    send(&mut world, "bob", bid("bob", 10, 95));
    // After the cooldown the fund may take from her again, and she may bid for what is not hers.
    world.wait(Span::days(1));
    send(&mut world, "venue", take("bob", 10, 95, 95, 0));
    send(&mut world, "risk", auction());
    send(&mut world, "alice-2", bid("alice-2", 10, 95));
    send(&mut world, "venue", take("alice-2", 10, 95, 95, 0));
}

#[test]
fn past_its_time_anyone_may_end_it_and_no_excess_leaves() {
    let mut world = world(rules());
    send(&mut world, "venue", take("alice", 10, 95, 95, 0));
    send(&mut world, "venue", mark(90));
    let fund = |world: &World| world.state.funds.get(MAIN).unwrap().clone();
    // 50 are lost on paper: they stay.
    assert_eq!(excess(&world.state, MAIN, &fund(&world), world.now), Ok(Amount::new(950)));
    assert_eq!(refused(&mut world, "bob", auction()), C::RoleMissing);
    assert_eq!(refused(&mut world, "bob", deleverage()), C::RoleMissing);
    world.wait(Span::hours(1));
    let due = line(&world).due_at().unwrap();
    let held = Reject::new(C::InventoryOverdue, world.now, due);
    assert_eq!(excess(&world.state, MAIN, &fund(&world), world.now), Err(held.into()));
    assert_eq!(refused(&mut world, "venue", take("bob", 1, 90, 90, 0)), C::InventoryOverdue);
    send(&mut world, "bob", auction());
    send(&mut world, "venue", mark(90));
    assert_eq!(refused(&mut world, "bob", deleverage()), C::AuctionOpen);
    world.wait(seconds(600));
    assert_eq!(refused(&mut world, "bob", deleverage()), C::InventoryStale);
    send(&mut world, "venue", mark(90));
    send(&mut world, "bob", deleverage());
    assert_eq!(excess(&world.state, MAIN, &fund(&world), world.now), Ok(Amount::new(950)));
}

#[test]
fn an_index_marks_and_refuses_what_it_does_not_bear_out() {
    let mut setup = Setup { reserve: Amount::new(1_000), ..Setup::default() };
    let policy =
        backstop_core::policy::IndexPolicy { quorum: 1, families: 1, ..Default::default() };
    setup.index = Some(policy);
    setup.markets[0] = MarketPolicy { mark: Some(label(INDEX)), ..winners_second() };
    let mut world = World::of(&setup);
    world.must("op", set(rules()));
    assert_eq!(refused(&mut world, "venue", take("alice", 10, 95, 95, 0)), C::InventoryMark);
    let now = world.now;
    world.must("keeper", report(world.state.meta.ledger, "north", price(95), now));
    let far = Reject::new(C::InventoryMark, price(90), price(95));
    assert_eq!(world.send("venue", take("alice", 10, 95, 90, 0)).unwrap_err(), far);
    send(&mut world, "venue", take("alice", 10, 95, 95, 0));
    assert_eq!(refused(&mut world, "venue", mark(90)), C::InventoryMark);
    assert_eq!(refused(&mut world, "bob", mark(95)), C::RoleMissing);
    world.wait(seconds(5));
    let now = world.now;
    world.must("keeper", report(world.state.meta.ledger, "north", price(94), now));
    // Anyone may have it marked at the index's own price.
    send(&mut world, "bob", MarkInventory { market: label("sol"), mark: None });
    assert_eq!(stands(&world).3, 10);
}

/// What one step of a random life asks for.
#[derive(Clone, Copy, Debug)]
enum Step {
    Take(i128, u128, i128),
    Fill(u128, u128),
    Bid(u128),
    Mark(u128),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (-40i128..40, 80u128..120, -30i128..60).prop_map(|(s, p, c)| Step::Take(s, p, c)),
        4 => (1u128..30, 80u128..120).prop_map(|(s, p)| Step::Fill(s, p)),
        2 => (1u128..30).prop_map(Step::Bid),
        2 => (80u128..120).prop_map(Step::Mark),
        1 => Just(Step::Close),
    ]
}

/// Sums of a naive book that knows neither lines nor margins: plain integers, one division each.
#[derive(Default)]
struct Naive {
    base: i128,
    /// What was paid for what was opened, rounded up, and got for what was closed, rounded down.
    paid: i128,
    got: i128,
    collateral: i128,
    bids: i128,
}

const UNIT: i128 = 7;

impl Naive {
    fn trade(&mut self, size: i128, price: Price) {
        let price = i128::try_from(price.get()).unwrap();
        let scale = UNIT * 1_000_000_000;
        let down = |lots: i128| (lots * price).div_euclid(scale);
        let up = |lots: i128| -(-lots * price).div_euclid(scale);
        let opposite = self.base.signum() * size.signum() < 0;
        let closed = if opposite { self.base.abs().min(size.abs()) } else { 0 };
        self.got += down(self.base.signum() * closed);
        let opened = size + self.base.signum() * closed;
        self.paid += up(opened);
        self.base += size;
    }
}

/// Realised results and open cost add up to what was paid and got; the venue's clearing has all of it;
/// no accepted takeover passes a limit; N1 holds.
#[test]
fn every_atom_is_accounted_for() {
    let policy = InventoryPolicy {
        base_unit: Base::new(UNIT.unsigned_abs()),
        position_max: Amount::new(900),
        loss_max: Amount::new(120),
        cooldown: Span::ZERO,
        slip_max: Ppm::WHOLE,
        ..rules()
    };
    property(vec(step(), 1..40), |steps| {
        let mut world = world(policy);
        let mut naive = Naive::default();
        for step in steps {
            one(&mut world, &mut naive, &policy, step)?;
            invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
            let line = line(&world);
            let asset = line_asset(&world);
            let clearing = world.state.ledger.entry(LedgerAccount::Clearing(SOL), asset);
            let clearing = i128::try_from(clearing.credits.get()).unwrap()
                - i128::try_from(clearing.debits.get()).unwrap();
            let realised = naive.bids - naive.collateral - clearing;
            let expected = naive.got - naive.paid + line.cost.get();
            if (line.base.get(), realised) != (naive.base, expected) {
                return Err(format!("{step:?}: {realised} for {expected}, {line:?}"));
            }
        }
        Ok(())
    });
}

fn one(
    world: &mut World,
    naive: &mut Naive,
    policy: &InventoryPolicy,
    step: Step,
) -> Result<(), String> {
    let held = line(world).base.get();
    let side = held.signum();
    match step {
        Step::Take(size, at, rest) => {
            if world.send("venue", take("alice", size, at, 100, rest)).is_ok() {
                naive.trade(size, price(at));
                naive.collateral += rest;
                let line = line(world);
                let notional = line.base.size().get() * 100 / UNIT.unsigned_abs();
                let grown = line.base.get().abs() > held.abs();
                let lost = line.cost_lately(world.now);
                if (grown && notional > policy.position_max.get()) || lost > policy.loss_max {
                    return Err(format!("{notional}, {lost}: a limit is passed"));
                }
            }
        }
        Step::Fill(lots, at) => {
            let size = -side * i128::try_from(lots).unwrap();
            if world.send("venue", fill(size, at)).is_ok() {
                naive.trade(size, price(at));
            }
        }
        Step::Bid(lots) => {
            let _ = world.send("risk", auction());
            let size = side * i128::try_from(lots).unwrap();
            let before = world.balance("bob").get();
            let worst = if side < 0 { 1 } else { 1_000 };
            if world.send("bob", bid("bob", size, worst)).is_ok() {
                let won = world.events.iter().find_map(|event| match event {
                    Event::AuctionWon { moved, .. } => Some(moved.price),
                    _ => None,
                });
                naive.trade(-size, won.unwrap());
                naive.bids += i128::try_from(before - world.balance("bob").get()).unwrap();
            }
            world.wait(seconds(601));
        }
        Step::Mark(at) => drop(world.send("venue", mark(at)).map(drop)),
        Step::Close => {
            let at = line(world).mark;
            if world.send("risk", deleverage()).is_ok() {
                naive.trade(-held, at);
            }
        }
    }
    Ok(())
}
