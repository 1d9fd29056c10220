//! Bad input to insurance pools.

use super::{C, Table, atoms, done, got, no, none};
use crate::pool::{lent, lose};
use backstop_core::{
    Body, Command,
    command::{
        AssessVaultLoss, CancelPoolExit, CarryRelease, DisputeRelease, FundRewards, MatchPool,
        OpenClaims, ReleasePool, SetCouncil,
    },
    policy::{InsurancePolicy, MatchPolicy, PoolMode, PoolSigner},
};
use backstop_testkit::{
    World, keys, label,
    pool::{
        COUNCIL, GUARD, MATCHER, NOMINEE, accept, announce, claim, create, exit, exit_matched,
        matching, offer, policy, release, second, stake, world,
    },
    vault::{self, SAFE, deposit},
};
use backstop_units::{Hash, Span, VaultLossId};

#[test]
fn insurance_pools() {
    let mut table = Table::default();
    let rules = InsurancePolicy { tickets_max: 1, ..policy(70) };
    let world = &mut world(vault::policy(), rules);
    for name in ["alice", "carol", MATCHER] {
        world.must(name, deposit(name, 1_000));
    }
    table.case(world, "carol", stake("carol", 0), none(C::ZeroAmount));
    let mut nowhere = stake("carol", 1);
    nowhere.vault = label("none");
    let unknown = got(C::UnknownVault, label("none"));
    assert_eq!(world.send("carol", nowhere).unwrap_err(), unknown);
    let none_held = exit("alice", None);
    table.case(world, "alice", none_held, no(C::InsufficientShares, 0u32, 0u32));
    table.case(world, "carol", stake("carol", 1_001), no(C::SharesShort, 1_001u32, 1_000u32));
    table.case(world, MATCHER, matching(Some(1)), no(C::AboveStake, 1u32, 0u32));
    world.must("carol", stake("carol", 100));
    table.case(world, MATCHER, matching(Some(71)), no(C::AboveMatchCap, 71u32, 70u32));
    world.must(MATCHER, matching(Some(10)));
    table.case(world, MATCHER, exit_matched(None), no(C::MatchStays, 100u32, 0u32));
    let over = exit("carol", Some(101));
    table.case(world, "carol", over, no(C::InsufficientShares, 101u32, 100u32));
    world.must("carol", exit("carol", Some(1)));
    table.case(world, "carol", exit("carol", Some(1)), no(C::TooManyTickets, 1u32, 1u32));
    let (now, due) = (world.now, world.now.plus(Span::days(30)));
    table.case(world, "carol", claim(0), no(C::CooldownNotOver, now, due));
    table.case(world, "carol", claim(1), got(C::UnknownTicket, 1u32));
    assert_eq!(world.send("alice", CancelPoolExit { ticket: 0 }).unwrap_err().code, C::NotOwner);
    no_pool(&mut table);
    one_unit(&mut table);
    done(&table);
}

fn no_pool(table: &mut Table) {
    let world = &mut vault::world(vault::policy());
    world.must("carol", deposit("carol", 1_000));
    let unknown = got(C::UnknownInsurancePool, label(SAFE));
    table.case(world, "carol", stake("carol", 1), unknown);
    table.case(world, MATCHER, matching(None), unknown);
    world.must("carol", create(InsurancePolicy::default()));
    table.case(world, MATCHER, MatchPool { vault: label(SAFE), shares: None }, none(C::NotMatched));
}

/// The last unit holds two shares: the yield of matched money. One share buys none of it.
fn one_unit(table: &mut Table) {
    let matching_rules = policy(1_000).matching.map(|rules| MatchPolicy {
        yields: backstop_core::policy::MatchYield::Stakers,
        exits: backstop_core::policy::MatchExit::Notice,
        ..rules
    });
    let rules = InsurancePolicy { matching: matching_rules, ..policy(1_000) };
    let world = &mut world(vault::policy(), rules);
    for name in ["carol", MATCHER] {
        world.must(name, deposit(name, 10));
    }
    world.must("carol", stake("carol", 2));
    world.must(MATCHER, matching(None));
    let (account, vault, per_second) = (label("alice"), label(SAFE), Some(atoms(1_000)));
    world.must("alice", FundRewards { account, vault, amount: atoms(100), per_second });
    world.must(MATCHER, exit_matched(None));
    world.wait(Span::days(30));
    world.must(MATCHER, claim(0));
    table.case(world, "carol", stake("carol", 1), no(C::ZeroShares, 1u32, 3u32));
}

#[test]
fn rules_of_insurance_pools() {
    let mut table = Table::default();
    let world = &mut vault::world(vault::policy());
    let span = |got, limit| no(C::BadPolicy, got, limit);
    let cases: [(fn(&mut InsurancePolicy), _); 6] = [
        (|rules| rules.exit_delay = Span::hours(23), span(Span::hours(23), Span::days(1))),
        (|rules| rules.exit_delay = Span::days(367), span(Span::days(367), Span::days(366))),
        (|rules| rules.release_delay = Span::days(31), span(Span::days(31), Span::days(30))),
        (|rules| rules.silence = Span::hours(1), span(Span::hours(1), Span::days(1))),
        (|rules| rules.silence = Span::days(91), span(Span::days(91), Span::days(90))),
        (|rules| rules.tickets_max = 65, no(C::BadPolicy, 65u32, 64u32)),
    ];
    for (change, reject) in cases {
        let mut rules = policy(0);
        change(&mut rules);
        table.case(world, "carol", create(rules), reject);
    }
    let quoted = |name: &str| {
        let matching = policy(0).matching.map(|rules| MatchPolicy { quote: label(name), ..rules });
        create(InsurancePolicy { matching, ..policy(0) })
    };
    table.case(world, "carol", quoted("none"), got(C::UnknownAsset, label("none")));
    table.case(world, "carol", quoted("eth"), got(C::MatchUnpriced, label("eth")));
    let mut one = create(policy(0));
    one.nominee = one.council;
    let council = Hash::new(keys::public(COUNCIL).0);
    table.case(world, "carol", one, got(C::OneSigner, council));
    world.must("op", SetCouncil { keys: vec![keys::public(9)], threshold: 1 });
    table.case(world, "carol", create(policy(0)), got(C::NotOfCouncil, council));
    let mut by_member = create(policy(0));
    by_member.council = keys::public(9);
    world.must("carol", by_member.clone());
    table.case(world, "carol", by_member, got(C::InsurancePoolExists, label(SAFE)));
    done(&table);
}

/// A command with what these keys have signed.
fn signed(world: &mut World, body: impl Into<Body>, seeds: &[u8]) -> Command {
    let (body, until) = (body.into(), world.now.plus(Span::days(1)));
    let approvals = Some(keys::approve(world.state.meta.ledger, &body, 1, until, seeds));
    Command { approvals, ..world.command("carol", body) }
}

#[test]
fn owners_of_insurance_pools() {
    let mut table = Table::default();
    let world = &mut world(vault::policy(), policy(0));
    let both = [COUNCIL, NOMINEE];
    table.case(world, "carol", offer(&both, 3), no(C::BadOwner, 3u32, 2u32));
    let council = Hash::new(keys::public(COUNCIL).0);
    table.case(world, "carol", offer(&[60, 61], 2), got(C::OwnerWithoutCouncil, council));
    let early = signed(world, accept(&both, 2), &both);
    table.command(world, &early, got(C::NotOffered, label(SAFE)));
    done(&table);
}

#[test]
fn losses_of_insurance_pools() {
    let mut table = Table::default();
    let world = &mut lent(PoolMode::Reimburse);
    for body in second(PoolMode::Reimburse) {
        world.must("carol", body);
    }
    lose(world, 300);
    let over = announce(0, 150_000, None);
    table.case(world, "carol", over, no(C::AboveLoss, 150_000u32, 128_570u32));
    let unknown = announce(1, 1, Some(PoolSigner::Council));
    let unknown = signed(world, unknown, &[COUNCIL]);
    table.command(world, &unknown, got(C::UnknownVaultLoss, 1u32));
    let other = ReleasePool { vault: label(GUARD), ..release(0, 1) };
    let other = signed(world, other, &[COUNCIL, NOMINEE]);
    table.command(world, &other, no(C::OtherVaultsLoss, label(SAFE), label(GUARD)));
    table.case(world, "carol", stake("carol", 1), got(C::InsurancePoolHeld, 0u32));
    let carry = CarryRelease { release: 0 };
    table.case(world, "carol", carry.clone(), got(C::UnknownRelease, 0u32));
    world.must("carol", announce(0, 1, None));
    let (now, ready) = (world.now, world.now.plus(Span::days(3)));
    table.case(world, "carol", carry.clone(), no(C::ReleaseWaits, now, ready));
    let own = DisputeRelease { release: 0, signer: PoolSigner::Council };
    let own = signed(world, own, &[COUNCIL]);
    table.command(world, &own, no(C::NotDisputable, "council", "a signer who was silent"));
    world.wait(Span::days(3));
    world.must("carol", carry.clone());
    table.case(world, "carol", carry, no(C::ReleaseClosed, "paid", "announced"));
    let evidence = Hash::new([7; 32]);
    let (loss, excluded) = (VaultLossId::new(0), Vec::new());
    world.must("risk", AssessVaultLoss { loss, amount: None, evidence, excluded });
    world.wait(Span::days(3));
    table.case(world, "risk", OpenClaims { loss }, no(C::PoolOwes, 128_569u32, 0u32));
    let world = &mut lent(PoolMode::FirstLoss);
    lose(world, 100);
    let more = signed(world, release(0, 1), &[COUNCIL, NOMINEE]);
    table.command(world, &more, no(C::InsurancePoolEmpty, 1u32, 0u32));
    done(&table);
}
