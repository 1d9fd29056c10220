//! Hosted markets.

use super::*;
use backstop_core::{
    command::{SetControl, SetHostedRules, Trade, WithdrawMargin},
    policy::{HostedPolicy, Netting},
};
use backstop_testkit::hosted;

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
