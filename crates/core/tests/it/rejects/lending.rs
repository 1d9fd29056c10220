//! Bad input to lending reserves.

use super::{C, Table, done, got, no, none};
use backstop_core::{
    command::{
        AccrueInterest, CollectInterest, CreateReserve, SetReserve, SetReserveStatus, Supply,
    },
    policy::{ReservePolicy, ReserveStatus},
};
use backstop_testkit::{
    World, label,
    lending::{
        CASH, borrow, liquidate, pledge, policy, price, repay, socialise, supply, unpledge,
        withdraw, world,
    },
};
use backstop_units::{Amount, Bps, Shares, Span};

/// Alice has supplied 1,000, bob pledged 1,200 and borrowed 700; little more fits.
fn lent() -> World {
    let mut rules = policy();
    rules.supply_max = Some(Amount::new(1_500));
    rules.borrow_max = Some(Amount::new(800));
    rules.collateral[0].max = Some(Amount::new(2_000));
    let mut world = world(rules);
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 1_200));
    world.must("bob", borrow("bob", 700));
    world
}

#[test]
fn lending() {
    let mut table = Table::default();
    let world = &mut lent();
    let cash = label(CASH);
    let none_such = AccrueInterest { reserve: label("none") };
    table.case(world, "keeper", none_such, got(C::UnknownReserve, label("none")));
    table.case(world, "alice", supply("alice", 0), none(C::ZeroAmount));
    let most = supply("alice", 999_001);
    table.case(world, "alice", most, no(C::InsufficientBalance, 999_001u32, 999_000u32));
    let guarded = Supply { min_shares: Shares::new(501), ..supply("alice", 500) };
    table.case(world, "alice", guarded, no(C::Slippage, 500u32, 501u32));
    let over = supply("alice", 501);
    table.case(world, "alice", over, no(C::SupplyAboveMax, 1_501u32, 1_500u32));
    let over = withdraw("alice", 1_001);
    table.case(world, "alice", over, no(C::SharesShort, 1_001u32, 1_000u32));
    let lent_out = withdraw("alice", 301);
    table.case(world, "alice", lent_out, no(C::ReserveIlliquid, 301u32, 300u32));
    let over = pledge("bob", 801);
    table.case(world, "bob", over, no(C::CollateralCap, 2_001u32, 2_000u32));
    let mut other = pledge("bob", 1);
    other.asset = label("usdt");
    table.case(world, "bob", other, got(C::NotCollateral, label("usdt")));
    let over = unpledge("bob", 1_201);
    table.case(world, "bob", over, no(C::CollateralShort, 1_201u32, 1_200u32));
    // 999 of ore carry 699.
    table.case(world, "bob", unpledge("bob", 201), no(C::LoanUncovered, 700u32, 699u32));
    table.case(world, "bob", borrow("bob", 101), no(C::BorrowAboveMax, 801u32, 800u32));
    table.case(world, "carol", borrow("carol", 1), got(C::UnknownLoan, label("carol")));
    let own = liquidate("bob", "bob", 1);
    table.case(world, "bob", own, no(C::OwnGroup, label("bob"), label("bob")));
    // 80 % of 1,200 is 960.
    let sound = liquidate("bob", "carol", 1);
    table.case(world, "carol", sound, no(C::LoanCovered, 700u32, 960u32));
    table.case(world, "risk", socialise("bob", None), no(C::CollateralLeft, 1u32, 0u32));
    price(world, 1);
    world.must("carol", liquidate("bob", "carol", 700));
    table.case(world, "risk", socialise("bob", Some(700)), no(C::AboveDebt, 700u32, 698u32));
    world.must("risk", socialise("bob", None));
    table.case(world, "risk", socialise("bob", None), got(C::NoDebt, label("bob")));
    let fees = CollectInterest { reserve: cash };
    table.case(world, "keeper", fees, none(C::ReserveIlliquid));
    let pause = SetReserveStatus { reserve: cash, status: ReserveStatus::Paused };
    world.must("guardian", pause);
    table.case(world, "bob", borrow("bob", 1), no(C::ReserveClosed, "paused", "active"));
    let dead = SetReserveStatus { reserve: cash, status: ReserveStatus::Dead };
    table.case(world, "risk", dead, no(C::BadPolicy, "dead", "paused"));
    done(&table);
}

#[test]
fn rules_of_lending() {
    let mut table = Table::default();
    let mut rules = policy();
    rules.utilization_max = Bps::new(7_000);
    let world = &mut world(rules);
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 2_000));
    table.case(world, "bob", borrow("bob", 701), no(C::UtilizationAboveMax, 7_010u32, 7_000u32));
    table.case(world, "bob", borrow("bob", 1_001), no(C::ReserveIlliquid, 1_001u32, 1_000u32));
    table.case(world, "bob", repay("bob", 1), got(C::NoDebt, label("bob")));
    let mut change = |edit: fn(&mut ReservePolicy), reject| {
        let mut rules = policy();
        edit(&mut rules);
        let body = SetReserve { reserve: label(CASH), policy: Box::new(rules) };
        table.case(world, "op", body, reject);
    };
    let bad = |got: u32, limit: u32| no(C::BadPolicy, got, limit);
    change(|rules| rules.interest.curve[1].rate = Bps::ZERO, no(C::BadCurve, 0u32, 1_000u32));
    let day = Span::days(1);
    change(|rules| rules.interest.period = Span::ZERO, no(C::BadPolicy, Span::ZERO, day));
    change(|rules| rules.interest.take = Bps::new(10_001), bad(10_001, 10_000));
    change(|rules| rules.close = Bps::ZERO, bad(0, 1));
    change(|rules| rules.collateral[0].borrow = Bps::new(8_001), bad(8_001, 8_000));
    let most = "liquidation × (1 + bonus) of at most all";
    change(|rules| rules.collateral[0].bonus = Bps::new(2_501), no(C::BadPolicy, 2_501u32, most));
    let once = no(C::BadPolicy, label("ore"), "each asset once");
    change(|rules| rules.collateral.push(rules.collateral[0]), once);
    let none = got(C::UnknownAsset, label("none"));
    change(|rules| rules.collateral[0].asset = label("none"), none);
    let again = CreateReserve {
        label: label(CASH),
        asset: label("usdt"),
        treasury: label("treasury"),
        policy: Box::new(policy()),
    };
    table.case(world, "op", again, got(C::DuplicateLabel, label(CASH)));
    done(&table);
}

/// A share that is worth more than what is paid is not bought; a reserve that lost all is dead.
#[test]
fn ends_of_lending() {
    let mut table = Table::default();
    let mut rules = policy();
    rules.interest.curve[0].rate = Bps::new(1_000_000);
    rules.interest.curve[1].rate = Bps::new(1_000_000);
    let world = &mut world(rules);
    world.must("alice", supply("alice", 700));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 700));
    world.wait(Span::hours(100));
    let held = world.send("carol", supply("carol", 1)).map(<[_]>::to_vec);
    let reject = held.unwrap_err();
    assert_eq!((reject.code, reject.got), (C::SharesRoundToZero, 1u32.into()));
    table.case(world, "carol", supply("carol", 1), reject);
    done(&table);
}
