//! Hosted markets.

use super::*;
use backstop_core::{
    command::{
        DepositCollateral, SeizeCollateral, SetCollateral, SetControl, SetHostedRules, Trade,
        WithdrawCollateral, WithdrawMargin,
    },
    policy::{CollateralPolicy, HostedPolicy, Netting},
};
use backstop_testkit::hosted;
use backstop_units::Ppm;

fn world() -> World {
    let capped = HostedPolicy { open_interest_max: Some(Base::new(20)), ..hosted::policy() };
    let policies = [capped.clone(), capped];
    let mut world = hosted::world(policies, hosted::pool(Netting::None), &[], 0);
    for name in ["alice", "bob"] {
        world.must(name, hosted::deposit(name, "main", 1_000));
    }
    world.must("venue", hosted::mark("perp", 100));
    world.must("venue", hosted::trade("perp", ("alice", "bob"), 10, 100));
    world.must("op", SetTarget { fund: label("main"), target: atoms(10_000) });
    world
}

/// Rules of a hosted market, from the sender's right to its caps.
#[test]
fn rules() {
    let world = &mut world();
    let mut bad = SetHostedRules { market: label(NOTHING), rules: Box::new(hosted::policy()) };
    let mut ladder = Ladder::default();
    bad.rules.open_interest_max = Some(Base::new(19));
    bad.rules.decimals = 1;
    let known = SetHostedRules { market: label("perp"), ..bad.clone() };
    ladder.rung(world, "venue", known.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownMarket);
    ladder.rung(world, "op", known, C::BadPolicy);
    bad.rules.decimals = 0;
    let attached = SetHostedRules { market: label("sol"), ..bad.clone() };
    ladder.rung(world, "op", attached, C::NotHosted);
    let capped = SetHostedRules { market: label("perp"), ..bad };
    ladder.rung(world, "op", capped, C::CapBelowOpen);
}

/// A band speaks after all that the market and the pool say themselves.
#[test]
fn leverage() {
    let world = &mut world();
    world.must("op", SetControl { fund: label("main"), policy: Box::default() });
    let bad = Trade { size: Base::ZERO, ..hosted::trade(NOTHING, ("alice", "bob"), 1, 100) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", bad.clone(), C::UnknownMarket);
    let known = Trade { market: label("perp"), ..bad };
    ladder.rung(world, "op", known.clone(), C::ZeroAmount);
    let large = Trade { size: Base::new(91), ..known };
    ladder.rung(world, "op", large, C::OpenInterestLimit);
    let mut free = world.clone();
    let rules = SetHostedRules { market: label("perp"), rules: Box::new(hosted::policy()) };
    free.must("op", rules);
    let mut ladder = Ladder::default();
    let size = |size| hosted::trade("perp", ("alice", "bob"), size, 100);
    ladder.rung(&mut free, "op", size(91), C::WorseStanding);
    ladder.rung(&mut free, "op", size(40), C::LeverageLimit);

    let bad = WithdrawMargin { fund: label(NOTHING), ..hosted::withdraw("alice", "main", 0) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    ladder.rung(world, "alice", bad, C::UnknownFund);
    let out = |amount| hosted::withdraw("alice", "main", amount);
    ladder.rung(world, "alice", out(0), C::ZeroAmount);
    ladder.rung(world, "alice", out(801), C::MarginShort);
    ladder.rung(world, "alice", out(700), C::LeverageLimit);
}

/// What is pledged, from its asset to its price.
#[test]
fn pledges() {
    let world = &mut world();
    for body in hosted::coin() {
        world.must("op", body);
    }
    let nothing = label(NOTHING);
    let mut ladder = Ladder::default();
    let mut bad = SetCollateral { asset: nothing, ..hosted::takes(NOTHING, hosted::haircuts()) };
    bad.policy.beyond = Ppm::new(1);
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAsset);
    let known = SetCollateral { asset: label("usdt"), ..bad.clone() };
    ladder.rung(world, "op", known.clone(), C::UnknownFund);
    ladder.rung(world, "op", SetCollateral { fund: label("main"), ..known }, C::WrongAsset);
    let priced = SetCollateral { fund: label("main"), asset: label("coin"), ..bad };
    ladder.rung(world, "op", priced, C::BadPolicy);

    let put = hosted::pledge("alice", "main", 9);
    let bad = DepositCollateral { asset: nothing, amount: atoms(0), fund: nothing, ..put.clone() };
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    ladder.rung(world, "alice", bad.clone(), C::UnknownAsset);
    let known = DepositCollateral { asset: label("coin"), ..bad };
    ladder.rung(world, "alice", known.clone(), C::UnknownFund);
    let known = DepositCollateral { fund: label("main"), ..known };
    ladder.rung(world, "alice", known, C::ZeroAmount);
    ladder.rung(world, "alice", put.clone(), C::InsufficientBalance);
    let (account, asset) = (OpeningAccount::Account(label("alice")), label("coin"));
    world.must("op", Opening { account, asset, amount: atoms(9) });
    ladder.rung(world, "alice", put, C::NotCollateral);
    let few = CollateralPolicy { pool_max: Some(atoms(8)), ..hosted::haircuts() };
    world.must("op", hosted::takes("main", few));
    ladder.rung(world, "alice", hosted::pledge("alice", "main", 9), C::CollateralCap);

    let out = hosted::redeem("alice", "main", 1);
    let bad = WithdrawCollateral { asset: nothing, amount: atoms(0), ..out.clone() };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::UnknownAsset);
    let known = WithdrawCollateral { asset: label("coin"), ..bad };
    ladder.rung(world, "alice", known, C::ZeroAmount);
    ladder.rung(world, "alice", out, C::CollateralShort);

    let bad = SeizeCollateral { amount: Some(atoms(0)), ..hosted::seize("alice", "main", "alice") };
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    ladder.rung(world, "alice", bad, C::ZeroAmount);
    ladder.rung(world, "alice", hosted::seize("alice", "main", "alice"), C::SameAccount);
    let other = hosted::seize("alice", "main", "bob");
    ladder.rung(world, "bob", other.clone(), C::CollateralShort);
    world.must("alice", hosted::pledge("alice", "main", 1));
    ladder.rung(world, "bob", other, C::TooFewFeeds);
}
