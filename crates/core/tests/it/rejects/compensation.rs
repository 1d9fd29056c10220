//! Bad input to compensation.

use super::{C, Table, atoms, done, got, no, none};
use crate::compensation::{
    assess, batch, challenge, claim, count_claims, dispute, leaves, lost, pay_in, prove, publish,
};
use backstop_core::command::{
    ClaimCompensation, CloseClaims, CountClaims, OpenClaims, PublishClaimsRoot, TakeFees,
};
use backstop_testkit::{
    label,
    lending::{liquidate, socialise},
    vault::{deposit, policy},
};
use backstop_units::{Hash, Span, VaultLossId};

#[test]
fn compensation() {
    let mut table = Table::default();
    let world = &mut lost(policy());
    let loss = VaultLossId::new(0);
    let unknown = OpenClaims { loss: VaultLossId::new(1) };
    table.case(world, "keeper", unknown, got(C::UnknownVaultLoss, 1u32));
    let open = OpenClaims { loss };
    let state = |got, limit| no(C::CompensationState, got, limit);
    table.case(world, "risk", open.clone(), state("recorded", "assessed"));
    // Nothing is lost for good yet.
    table.case(world, "op", assess(None, &[]), no(C::AboveBorne, 0u32, 0u32));
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", None));
    let mut bare = assess(None, &[]);
    bare.evidence = Hash::ZERO;
    table.case(world, "op", bare, none(C::NoEvidence));
    table.case(world, "op", assess(Some(300), &[]), no(C::AboveBorne, 300u32, 208u32));
    table.case(world, "op", assess(None, &["alice"; 17]), no(C::BatchTooLarge, 17u32, 16u32));
    assert_eq!(world.send("alice", assess(None, &[])).unwrap_err().code, C::RoleMissing);
    world.must("op", assess(Some(100), &["dave"]));
    table.case(world, "bob", pay_in("bob", 101), no(C::AboveBorne, 101u32, 100u32));
    let (now, from) = (world.now, world.now.plus(Span::days(3)));
    table.case(world, "risk", open.clone(), no(C::ClaimsWait, now, from));
    world.wait(Span::days(3));
    table.case(world, "risk", open.clone(), none(C::NothingReleased));
    world.must("guardian", dispute());
    world.must("bob", pay_in("bob", 100));
    table.case(world, "risk", open.clone(), state("disputed", "assessed"));
    world.must("op", assess(Some(100), &["dave"]));
    world.wait(Span::days(3));
    let close = CloseClaims { loss };
    table.case(world, "keeper", claim("alice"), state("assessed", "open"));
    world.must("keeper", open.clone());
    table.case(world, "risk", open, state("open", "assessed"));
    table.case(world, "op", assess(None, &[]), state("open", "assessed"));
    table.case(world, "bob", pay_in("bob", 1), state("open", "assessed"));
    world.must("erin", deposit("erin", 100));
    table.case(world, "keeper", claim("erin"), got(C::HeldNothing, label("erin")));
    table.case(world, "keeper", claim("carol"), got(C::ClaimExcluded, label("carol")));
    table.case(world, "keeper", claim("dave"), got(C::ClaimExcluded, label("dave")));
    table.case(world, "keeper", batch(&["dave"]), got(C::ClaimExcluded, label("dave")));
    table.case(world, "keeper", batch(&[]), no(C::BatchTooLarge, 0u32, 4_096u32));
    let had = world.balance("alice");
    world.must("keeper", batch(&["dave", "alice", "alice"]));
    assert_eq!(world.balance("alice").checked_sub(had), Some(atoms(100)));
    table.case(world, "alice", claim("alice"), got(C::AlreadyClaimed, label("alice")));
    let until = from.plus(Span::days(183));
    let now = world.now;
    table.case(world, "keeper", close.clone(), no(C::ClaimsRunning, now, until));
    world.wait(Span::days(180));
    let now = world.now;
    table.case(world, "alice", claim("alice"), no(C::ClaimsOver, now, until));
    world.must("keeper", close.clone());
    table.case(world, "keeper", close, state("closed", "open"));
    done(&table);
}

#[test]
fn roots_of_claims() {
    let mut table = Table::default();
    let world = &mut lost(policy());
    let loss = VaultLossId::new(0);
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", None));
    world.must("op", assess(Some(200), &["bob"]));
    world.must("bob", pay_in("bob", 200));
    world.wait(Span::days(3));
    let root = PublishClaimsRoot { loss, root: Hash::new([1; 32]), count: 2, total: atoms(200) };
    let state = |got, limit| no(C::CompensationState, got, limit);
    table.case(world, "risk", root.clone(), state("assessed", "open"));
    world.must("risk", OpenClaims { loss });
    assert_eq!(world.send("alice", root.clone()).unwrap_err().code, C::RoleMissing);
    let right = leaves(world);
    let by_proof = |name, at| ClaimCompensation { proof: Some(prove(&right, at)), ..claim(name) };
    table.case(world, "alice", challenge(&right, 0), got(C::NoRoot, 0u32));
    table.case(world, "alice", by_proof("alice", 0), got(C::NoRoot, 0u32));
    let none = PublishClaimsRoot { count: 0, ..root.clone() };
    table.case(world, "risk", none, no(C::BadRoot, 200u32, 200u32));
    let more = PublishClaimsRoot { total: atoms(201), ..root.clone() };
    table.case(world, "risk", more, no(C::BadRoot, 201u32, 200u32));
    world.must("risk", publish(&right));
    let stands = publish(&right).root;
    table.case(world, "risk", root, got(C::RootStands, stands));
    let mut bent = challenge(&right, 0);
    bent.amount = atoms(7);
    table.case(world, "dave", bent, got(C::BadProof, right[0].account));
    table.case(world, "dave", challenge(&right, 1), got(C::LeafRight, right[1].account));
    let (now, from) = (world.now, world.now.plus(Span::days(3)));
    table.case(world, "alice", by_proof("alice", 0), no(C::RootWaits, now, from));
    world.wait(Span::days(3));
    table.case(world, "dave", challenge(&right, 1), no(C::RootStands, world.now, from));
    table.case(world, "alice", by_proof("alice", 1), got(C::BadProof, label("alice")));
    world.must("alice", by_proof("alice", 0));
    table.case(world, "alice", by_proof("alice", 0), got(C::AlreadyClaimed, label("alice")));
    let all = count_claims(world, 0, 2);
    let of = |holders: &[&str]| holders.iter().map(|name| label(name)).collect();
    let with = |holders| CountClaims { holders, ..all.clone() };
    table.case(world, "keeper", with(of(&[])), no(C::BatchTooLarge, 0u32, 4_096u32));
    table.case(world, "keeper", with(of(&["carol"])), got(C::ClaimExcluded, label("carol")));
    table.case(world, "keeper", with(of(&["erin"])), got(C::HeldNothing, label("erin")));
    let later = CountClaims { from: 1, ..all.clone() };
    table.case(world, "keeper", later.clone(), no(C::CountOrder, 1u32, 0u32));
    let (first, last) = (all.holders[0], all.holders[1]);
    table.case(world, "keeper", with(vec![last, first]), no(C::LeavesFall, first, 2u32));
    table.case(world, "keeper", with(vec![first, first]), no(C::LeavesFall, first, 2u32));
    let short = CountClaims { count: 1, ..with(vec![first]) };
    let held = if first == label("alice") { 500u32 } else { 300u32 };
    table.case(world, "keeper", short, no(C::HoldersMissing, held, 800u32));
    world.must("keeper", with(vec![first]));
    let other = CountClaims { count: 3, ..with(vec![last]) };
    table.case(world, "keeper", CountClaims { from: 1, ..other }, no(C::CountOrder, 1u32, 0u32));
    world.must("keeper", CountClaims { from: 1, ..with(vec![last]) });
    table.case(world, "keeper", all, got(C::RootStands, stands));
    done(&table);
}

#[test]
fn affiliates() {
    let mut table = Table::default();
    let world = &mut crate::compensation::crowd();
    let name = "kin-64";
    world.must("kin-0", deposit("kin-0", 10));
    table.case(world, name, deposit(name, 10), no(C::AffiliatesFull, 65u32, 64u32));
    let world = &mut crate::compensation::earning(true);
    let take = TakeFees { vault: label(backstop_testkit::vault::SAFE), reserve: None };
    let sound = world.send("carol", take.clone()).unwrap_err();
    assert!(sound.got != sound.limit);
    table.case(world, "carol", take, no(C::FeesWait, sound.got, sound.limit));
    done(&table);
}
