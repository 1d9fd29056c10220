//! Lending reserves: what is refused first.

use super::{C, Ladder, NOTHING, atoms};
use backstop_core::{
    command::{CreateReserve, SetReserve, SetReserveStatus, Supply},
    policy::ReserveStatus,
};
use backstop_testkit::{
    label,
    lending::{CASH, borrow, liquidate, pledge, policy, price, supply, unpledge, withdraw, world},
};
use backstop_units::{Bps, Shares};

#[test]
fn supplying() {
    let mut ladder = Ladder::default();
    let mut rules = policy();
    rules.supply_max = Some(atoms(10));
    let world = &mut world(rules);
    world
        .must("guardian", SetReserveStatus { reserve: label(CASH), status: ReserveStatus::Paused });
    let mut bad = Supply {
        account: label(NOTHING),
        reserve: label(NOTHING),
        amount: atoms(0),
        min_shares: Shares::new(u128::MAX),
    };
    ladder.rung(world, "bob", bad.clone(), C::UnknownAccount);
    bad.account = label("alice");
    ladder.rung(world, "alice", bad.clone(), C::ZeroAmount);
    bad.amount = atoms(2_000_000);
    ladder.rung(world, "alice", bad.clone(), C::UnknownReserve);
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    bad.reserve = label(CASH);
    ladder.rung(world, "alice", bad.clone(), C::InsufficientBalance);
    bad.amount = atoms(20);
    ladder.rung(world, "alice", bad.clone(), C::Slippage);
    bad.min_shares = Shares::ZERO;
    ladder.rung(world, "alice", bad.clone(), C::ReserveClosed);
    world.must("op", SetReserveStatus { reserve: label(CASH), status: ReserveStatus::Active });
    ladder.rung(world, "alice", bad.clone(), C::SupplyAboveMax);
    bad.amount = atoms(10);
    world.must("alice", bad);
}

#[test]
fn withdrawing() {
    let mut ladder = Ladder::default();
    let world = &mut world(policy());
    let mut bad = withdraw(NOTHING, 0);
    bad.min_amount = atoms(900);
    ladder.rung(world, "alice", bad.clone(), C::UnknownAccount);
    bad.account = label("alice");
    ladder.rung(world, "alice", bad.clone(), C::ZeroAmount);
    bad.shares = Shares::new(800);
    ladder.rung(world, "alice", bad.clone(), C::SharesShort);
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 700));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::Slippage);
    bad.min_amount = atoms(800);
    ladder.rung(world, "alice", bad.clone(), C::ReserveIlliquid);
    bad = withdraw("alice", 300);
    world.must("alice", bad);
}

#[test]
fn borrowing() {
    let mut ladder = Ladder::default();
    let mut rules = policy();
    rules.borrow_max = Some(atoms(900));
    rules.utilization_max = Bps::new(8_000);
    let world = &mut world(rules);
    world.must("alice", supply("alice", 1_000));
    let status = |status| SetReserveStatus { reserve: label(CASH), status };
    world.must("guardian", status(ReserveStatus::Paused));
    ladder.rung(world, "bob", borrow("bob", 0), C::ZeroAmount);
    ladder.rung(world, "bob", borrow("bob", 1_001), C::ReserveClosed);
    world.must("op", status(ReserveStatus::Active));
    ladder.rung(world, "bob", borrow("bob", 1_001), C::UnknownLoan);
    let many = pledge("bob", 2_000_000);
    world.must("bob", pledge("bob", 1));
    ladder.rung(world, "bob", borrow("bob", 1_001), C::ReserveIlliquid);
    ladder.rung(world, "bob", borrow("bob", 901), C::BorrowAboveMax);
    ladder.rung(world, "bob", borrow("bob", 801), C::UtilizationAboveMax);
    ladder.rung(world, "bob", borrow("bob", 800), C::LoanUncovered);
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", many, C::InsufficientBalance);
    let mut other = pledge("bob", 1);
    other.asset = label("usdt");
    ladder.rung(world, "bob", other, C::NotCollateral);
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", unpledge("bob", 0), C::ZeroAmount);
    ladder.rung(world, "bob", unpledge("bob", 2), C::CollateralShort);
}

#[test]
fn liquidating() {
    let mut ladder = Ladder::default();
    let world = &mut world(policy());
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 700));
    ladder.rung(world, "bob", liquidate("bob", "bob", 0), C::ZeroAmount);
    ladder.rung(world, "bob", liquidate("bob", "bob", 1), C::OwnGroup);
    let mut other = liquidate("dave", "carol", 1);
    other.asset = label("usdt");
    ladder.rung(world, "carol", other, C::NotCollateral);
    ladder.rung(world, "carol", liquidate("dave", "carol", 1), C::UnknownLoan);
    let mut guarded = liquidate("bob", "carol", 1);
    guarded.min_seized = atoms(5);
    ladder.rung(world, "carol", guarded.clone(), C::LoanCovered);
    price(world, 800);
    let mut ladder = Ladder::default();
    ladder.rung(world, "carol", guarded, C::Slippage);
}

#[test]
fn creating_a_reserve() {
    let mut ladder = Ladder::default();
    let world = &mut world(policy());
    let mut rules = policy();
    rules.interest.curve.clear();
    rules.close = Bps::ZERO;
    let mut bad = CreateReserve {
        label: label(CASH),
        asset: label(NOTHING),
        treasury: label(NOTHING),
        policy: Box::new(rules),
    };
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAsset);
    bad.asset = label("usdt");
    ladder.rung(world, "op", bad.clone(), C::UnknownAccount);
    bad.treasury = label("treasury");
    ladder.rung(world, "op", bad.clone(), C::DuplicateLabel);
    bad.label = label("other");
    ladder.rung(world, "op", bad.clone(), C::BadPolicy);
    bad.policy.close = Bps::WHOLE;
    ladder.rung(world, "op", bad.clone(), C::BadCurve);
    let mut ladder = Ladder::default();
    let change = SetReserve { reserve: label(NOTHING), policy: bad.policy };
    ladder.rung(world, "alice", change.clone(), C::RoleMissing);
    ladder.rung(world, "op", change, C::UnknownReserve);
}
