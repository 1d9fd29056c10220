//! Bad input to vaults.

use super::{C, Table, atoms, done, got, no, none};
use crate::queue::{claim, conditional, fill, pledge_spare, queue, when_borrowed};
use backstop_core::{
    command::{
        ApplyAllocation, BorrowConditional, ChargeFees, CreateVault, ListReserve, OpeningReserve,
        RecogniseLoss, RemoveAllocation, SetVaultPolicy, TakeFees,
    },
    lending::exchange::Holdings,
    policy::{QueueKind, VaultPolicy},
};
use backstop_testkit::{
    label,
    lending::{CASH, price},
    vault::{SAFE, SPARE, allocate, deposit, invest, policy, redeem, withdraw, world},
};
use backstop_units::{Bps, Shares, Span};

#[test]
fn vaults() {
    let mut table = Table::default();
    let rules = VaultPolicy {
        min_deposit: atoms(5),
        min_withdraw: atoms(7),
        deposit_max: Some(atoms(2_000)),
        penalty_min: atoms(3),
        invest_delay: Span::hours(1),
        ..policy()
    };
    let world = &mut world(rules);
    let (safe, spare) = (label(SAFE), label(SPARE));
    let unknown = ChargeFees { vault: label("none") };
    table.case(world, "keeper", unknown, got(C::UnknownVault, label("none")));
    table.case(world, "alice", deposit("alice", 4), no(C::BelowMinimum, 4u32, 5u32));
    let over = deposit("alice", 2_001);
    table.case(world, "alice", over, no(C::SupplyAboveMax, 2_001u32, 2_000u32));
    let mut guarded = deposit("alice", 1_000);
    guarded.min_shares = Shares::new(1_001);
    table.case(world, "alice", guarded, no(C::Slippage, 1_000u32, 1_001u32));
    let none_held = withdraw("alice", 1, None);
    table.case(world, "alice", none_held, no(C::SharesShort, 1u32, 0u32));
    world.must("alice", deposit("alice", 1_000));
    let little = withdraw("alice", 3, None);
    table.case(world, "alice", little, no(C::PenaltyTakesAll, 3u32, 3u32));
    let little = withdraw("alice", 10, None);
    table.case(world, "alice", little, no(C::BelowMinimum, 7u32, 7u32));
    table.case(world, "alice", redeem("alice", 10, SPARE), none(C::NothingDelivered));
    table.case(world, "keeper", RecogniseLoss { vault: safe }, got(C::NothingLost, safe));
    let take = TakeFees { vault: safe, reserve: None };
    table.case(world, "carol", take, none(C::NothingDelivered));
    world.must("erin", invest(CASH));
    let soon = world.now.plus(Span::hours(1));
    let at = world.now;
    table.case(world, "erin", invest(CASH), no(C::InvestTooSoon, at, soon));
    let used = RemoveAllocation { vault: safe, reserve: spare };
    table.case(world, "carol", used, no(C::AllocationUsed, 1_000_000_000u32, 0u32));
    world.must("op", ListReserve { reserve: spare, listed: false });
    table.case(world, "erin", invest(SPARE), got(C::NotListed, spare));
    world.must("carol", allocate(SPARE, 0, 0));
    world.must("carol", RemoveAllocation { vault: safe, reserve: spare });
    table.case(world, "erin", invest(SPARE), got(C::NotAllocated, spare));
    // All that was lent is gone, and nothing was kept idle.
    let world = &mut backstop_testkit::vault::world(VaultPolicy { idle_weight: 0, ..policy() });
    world.must("carol", allocate(SPARE, 0, 0));
    world.must("alice", deposit("alice", 600));
    world.must("erin", invest(CASH));
    let held = Holdings { shares: Shares::new(600), ..Holdings::default() };
    world.must("op", OpeningReserve { reserve: label(CASH), holder: label("dave"), held });
    table.case(world, "alice", deposit("alice", 50), none(C::VaultEmpty));
    done(&table);
}

#[test]
fn rules_of_vaults() {
    let mut table = Table::default();
    let world = &mut world(VaultPolicy { cap_delay: Span::days(3), ..policy() });
    let (safe, cash) = (label(SAFE), label(CASH));
    let ready = world.now;
    let early = ApplyAllocation { vault: safe, reserve: cash };
    let reject = world.send("keeper", early.clone()).unwrap_err();
    assert_eq!(reject.code, C::AllocationWaits);
    assert_eq!(reject.got, ready.into());
    table.case(world, "keeper", early, reject);
    let mut create = |change: fn(&mut VaultPolicy), reject| {
        let mut rules = policy();
        change(&mut rules);
        let body = CreateVault {
            label: label("other"),
            asset: label("usdt"),
            curator: label("carol"),
            policy: Box::new(rules),
        };
        table.case(world, "carol", body, reject);
    };
    let bad = |got: u32, limit: u32| no(C::BadPolicy, got, limit);
    create(|rules| rules.performance = Bps::new(10_001), bad(10_001, 10_000));
    create(|rules| rules.management = Bps::new(1_001), bad(1_001, 1_000));
    create(|rules| rules.penalty = Bps::new(1_001), bad(1_001, 1_000));
    create(|rules| rules.penalty_min = atoms(10_001), bad(10_001, 10_000));
    let year = no(C::BadPolicy, Span::ZERO, Span::days(365));
    create(|rules| rules.year = Span::ZERO, year);
    let wait = no(C::BadPolicy, Span::days(31), Span::days(30));
    create(|rules| rules.cap_delay = Span::days(31), wait);
    let again = CreateVault {
        label: safe,
        asset: label("usdt"),
        curator: label("carol"),
        policy: Box::new(policy()),
    };
    table.case(world, "carol", again, got(C::DuplicateLabel, safe));
    done(&table);
}

#[test]
fn lines_of_vaults() {
    let mut table = Table::default();
    let world = &mut world(VaultPolicy { queue: QueueKind::None, idle_weight: 0, ..policy() });
    let safe = label(SAFE);
    world.must("alice", deposit("alice", 1_000));
    table.case(world, "alice", queue("alice", 600), got(C::NoQueue, safe));
    let rules = VaultPolicy { idle_weight: 0, ..policy() };
    world.must("carol", SetVaultPolicy { vault: safe, policy: Box::new(rules) });
    table.case(world, "keeper", fill(None), got(C::NotQueued, safe));
    table.case(world, "keeper", claim("alice"), got(C::NotQueued, label("alice")));
    world.must("carol", when_borrowed(300));
    world.must("erin", invest(CASH));
    price(world, 1_000);
    world.must("bob", pledge_spare("bob", 100_000));
    let cash = BorrowConditional { reserve: label(CASH), ..conditional("bob", 1, None) };
    table.case(world, "bob", cash, got(C::NotConditional, label(CASH)));
    let much = conditional("bob", 301, Some(CASH));
    table.case(world, "bob", much, no(C::AboveCap, 301u32, 300u32));
    world.must("alice", queue("alice", 600));
    let first = withdraw("alice", 10, None);
    table.case(world, "alice", first, no(C::QueueWaits, 600u32, 0u32));
    done(&table);
}
