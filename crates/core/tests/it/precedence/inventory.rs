//! What a fund takes over.

use super::*;
use crate::{
    adl::price,
    inventory::{self, auction, bid, fill, mark, rules, set, take},
};
use backstop_core::{
    command::{BidAuction, FillInventory, TakeOver},
    policy::InventoryPolicy,
};
use backstop_units::Ppm;

/// Each command about what was taken over, from the sender's right to the last limit.
#[test]
fn taking_over() {
    let world = &mut inventory::world(rules());
    let mut policy = InventoryPolicy { loss_max: atoms(100), ..rules() };
    let bad = TakeOver {
        market: label(NOTHING),
        account: label(NOTHING),
        size: Signed::ZERO,
        evidence: Hash::ZERO,
        ..take("alice", 1, 200, 100, 0)
    };
    let mut ladder = Ladder::default();
    let known = TakeOver { market: label("btc"), ..bad.clone() };
    ladder.rung(world, "bob", known.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad, C::UnknownAccount);
    let known = TakeOver { account: label("alice"), ..known };
    let unknown = TakeOver { market: label(NOTHING), ..known.clone() };
    ladder.rung(world, "op", unknown, C::UnknownMarket);
    ladder.rung(world, "op", known.clone(), C::ZeroAmount);
    let huge = TakeOver { market: label("sol"), size: Signed::new(i128::MAX), ..known.clone() };
    ladder.rung(world, "op", huge, C::Overflow);
    let sized = TakeOver { size: Signed::new(51), ..known };
    ladder.rung(world, "op", sized.clone(), C::NoEvidence);
    let proven = TakeOver { evidence: EVIDENCE, ..sized };
    ladder.rung(world, "op", proven.clone(), C::InventoryOff);
    let here = TakeOver { market: label("sol"), ..proven };
    world.must("venue", take("alice", 1, 100, 100, 0));
    world.must("risk", set(policy));
    world.wait(Span::hours(2));
    ladder.rung(world, "op", here.clone(), C::InventoryCooldown);
    let here = TakeOver { account: label("bob"), ..here };
    ladder.rung(world, "op", here.clone(), C::InventoryPosition);
    let small = TakeOver { size: Signed::new(40), ..here };
    ladder.rung(world, "op", small.clone(), C::InventoryLoss);
    policy.reserve_part = Ppm::new(1);
    world.must("risk", set(policy));
    let fair = TakeOver { price: price(100), ..small };
    ladder.rung(world, "op", fair, C::InventoryRisk);
    policy.reserve_part = Ppm::new(500_000);
    world.must("op", set(policy));
    ladder.rung(world, "op", take("bob", 1, 100, 100, 0), C::InventoryOverdue);
}

#[test]
fn closing_what_was_taken_over() {
    let world = &mut inventory::world(rules());
    let nowhere = FillInventory { market: label(NOTHING), evidence: None, ..fill(0, 1) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", nowhere.clone(), C::UnknownMarket);
    let zero = FillInventory { market: label("sol"), ..nowhere };
    ladder.rung(world, "op", zero.clone(), C::ZeroAmount);
    world.must("venue", take("alice", -10, 100, 100, 0));
    world.wait(Span::hours(2));
    let huge = FillInventory { size: Signed::new(i128::MAX), price: price(2), ..zero };
    ladder.rung(world, "op", huge.clone(), C::Overflow);
    let dear = FillInventory { size: Signed::new(11), price: price(200), ..huge };
    ladder.rung(world, "op", dear.clone(), C::NoEvidence);
    let proven = FillInventory { evidence: Some(EVIDENCE), ..dear };
    ladder.rung(world, "op", proven.clone(), C::BadClose);
    let fitting = FillInventory { size: Signed::new(10), ..proven };
    ladder.rung(world, "op", fitting.clone(), C::InventoryStale);
    world.must("venue", mark(100));
    ladder.rung(world, "op", fitting, C::InventoryPrice);

    let bad = BidAuction { market: label(NOTHING), ..bid("treasury", 0, 200) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", bad.clone(), C::NotOwner);
    ladder.rung(world, "treasury", bad.clone(), C::UnknownMarket);
    let zero = BidAuction { market: label("sol"), ..bad };
    ladder.rung(world, "treasury", zero, C::ZeroAmount);
    let mut held = world.clone();
    held.must("risk", auction());
    held.wait(Span::from_ms(61_000));
    let large = |who| bid(who, 11, 200);
    ladder.rung(&mut held, "treasury", large("treasury"), C::InsufficientBalance);
    ladder.rung(&mut held, "alice", large("alice"), C::InventoryStale);
    let mut over = world.clone();
    ladder.rung(&mut over, "alice", large("alice"), C::AuctionOver);
    held.must("venue", mark(100));
    ladder.rung(&mut held, "alice", large("alice"), C::AuctionSize);
    ladder.rung(&mut held, "alice", bid("alice", -10, 200), C::AuctionPrice);
    ladder.rung(&mut held, "alice", bid("alice", -10, 100), C::AuctionGroup);
}
