//! Insurance pools and compensation: what is refused first.

use super::{C, EVIDENCE, Ladder, NOTHING, atoms};
use crate::{
    compensation::{
        assess, batch, challenge, claim, count_claims, dispute, leaves, opened, pay_in, publish,
    },
    pool::{lent, lose},
};
use backstop_core::{
    Command,
    command::{CarryRelease, ClaimCompensation, OpenClaims, PublishClaimsRoot, ReleasePool},
    compensation::root::Leaf,
    policy::{InsurancePolicy, PoolMode, PoolSigner},
};
use backstop_testkit::{
    World, keys, label,
    pool::{COUNCIL, GUARD, MATCHER, NOMINEE, announce, create, policy, release, second, stake},
    vault::{self, deposit},
};
use backstop_units::{Hash, Shares, Span, VaultLossId};

const VLOSS: VaultLossId = VaultLossId::new(0);

/// A release that these keys have signed under this nonce.
fn signed(world: &mut World, (body, nonce): (ReleasePool, u64), seeds: &[u8]) -> Command {
    let (body, until) = (body.into(), world.now.plus(Span::days(1)));
    let approvals = Some(keys::approve(world.state.meta.ledger, &body, nonce, until, seeds));
    Command { approvals, ..world.command("carol", body) }
}

#[test]
fn creating_an_insurance_pool() {
    let mut ladder = Ladder::default();
    let world = &mut vault::world(vault::policy());
    let rules = InsurancePolicy { exit_delay: Span::ZERO, ..policy(0) };
    let mut bad = create(rules);
    bad.nominee = bad.council;
    bad.vault = label(NOTHING);
    ladder.rung(world, "alice", bad.clone(), C::UnknownVault);
    bad.vault = label(vault::SAFE);
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::NotOwner);
    ladder.rung(world, "carol", bad.clone(), C::BadPolicy);
    bad.policy.exit_delay = Span::days(30);
    ladder.rung(world, "carol", bad.clone(), C::OneSigner);
    bad.nominee = keys::public(NOMINEE);
    world.must("carol", bad.clone());
    ladder.last = None;
    ladder.rung(world, "carol", bad, C::InsurancePoolExists);
}

#[test]
fn staking() {
    let mut ladder = Ladder::default();
    let world = &mut vault::world(vault::policy());
    let mut bad = stake(NOTHING, 0);
    bad.vault = label(NOTHING);
    ladder.rung(world, "carol", bad.clone(), C::UnknownAccount);
    bad.account = label("carol");
    ladder.rung(world, "carol", bad.clone(), C::ZeroAmount);
    bad.shares = Shares::new(10);
    ladder.rung(world, "carol", bad.clone(), C::UnknownVault);
    bad.vault = label(vault::SAFE);
    ladder.last = None;
    ladder.rung(world, "carol", bad.clone(), C::UnknownInsurancePool);
    world.must("carol", create(policy(0)));
    let mut ladder = Ladder::default();
    ladder.rung(world, "carol", bad.clone(), C::SharesShort);
    world.must("carol", deposit("carol", 10));
    world.must("carol", bad);
}

#[test]
fn releasing() {
    let world = &mut lent(PoolMode::Reimburse);
    for body in second(PoolMode::Reimburse) {
        world.must("carol", body);
    }
    lose(world, 300);
    let mut ladder = Ladder::default();
    let mut bad = ReleasePool { vault: label(GUARD), ..release(1, 0) };
    let one = signed(world, (bad.clone(), 1), &[COUNCIL]);
    ladder.command(world, &one, C::TooFewSignatures);
    let both: &[u8] = &[COUNCIL, NOMINEE];
    let none = signed(world, (bad.clone(), 1), both);
    ladder.command(world, &none, C::ZeroAmount);
    bad.amount = atoms(1_000_000);
    let unknown = signed(world, (bad.clone(), 1), both);
    ladder.command(world, &unknown, C::UnknownVaultLoss);
    bad.loss = VLOSS;
    let other = signed(world, (bad.clone(), 1), both);
    ladder.command(world, &other, C::OtherVaultsLoss);
    bad.vault = label(vault::SAFE);
    let above = signed(world, (bad.clone(), 1), both);
    ladder.command(world, &above, C::AboveLoss);
    bad.amount = atoms(128_570);
    let right = signed(world, (bad, 1), both);
    world.send_command(&right).unwrap();
}

#[test]
fn carrying_a_release_out() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    let mut ladder = Ladder::default();
    let carry = |release| CarryRelease { release };
    ladder.rung(world, "alice", carry(0), C::UnknownRelease);
    world.must("carol", announce(0, 1_000, None));
    world.must("risk", assess(None, &[]));
    world.must("guardian", dispute());
    let rest = signed(world, (release(0, 128_570), 1), &[COUNCIL, NOMINEE]);
    world.send_command(&rest).unwrap();
    ladder.rung(world, "alice", carry(0), C::ReleaseWaits);
    world.wait(Span::days(3));
    ladder.rung(world, "alice", carry(0), C::AboveLoss);
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    world.must("carol", announce(0, 1_000, None));
    world.must("risk", assess(None, &[]));
    world.must("guardian", dispute());
    world.wait(Span::days(3));
    ladder.rung(world, "alice", carry(0), C::CompensationState);
    world.must("risk", assess(None, &[]));
    world.must("alice", carry(0));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", carry(0), C::ReleaseClosed);
    ladder.rung(world, "carol", announce(0, 1_000_000, None), C::AboveLoss);
    let own = announce(0, 1_000_000, Some(PoolSigner::Council));
    assert_eq!(world.send("carol", own).unwrap_err().code, C::TooFewSignatures);
}

#[test]
fn from_an_assessment_to_the_last_claim() {
    let world = &mut lent(PoolMode::Reimburse);
    backstop_testkit::lending::price(world, 300);
    world.must("keeper", backstop_testkit::lending::impair("bob"));
    let notice = backstop_core::command::RecogniseLoss { vault: label(vault::SAFE) };
    world.must("keeper", notice);
    let mut ladder = Ladder::default();
    let mut bad = assess(Some(1_000_000), &[NOTHING]);
    bad.evidence = Hash::ZERO;
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "risk", bad.clone(), C::UnknownAccount);
    bad.excluded.clear();
    ladder.rung(world, "risk", bad.clone(), C::NoEvidence);
    bad.evidence = EVIDENCE;
    ladder.rung(world, "risk", bad, C::AboveBorne);
    let open = OpenClaims { loss: VLOSS };
    let mut ladder = Ladder::default();
    ladder.rung(world, "risk", open.clone(), C::CompensationState);
    world.must("erin", backstop_testkit::lending::liquidate("bob", "erin", 1_000_000));
    world.must("risk", backstop_testkit::lending::socialise("bob", Some(1_000)));
    world.must("risk", assess(None, &[]));
    ladder.last = None;
    ladder.rung(world, "risk", open.clone(), C::CompensationState);
    world.must("risk", backstop_testkit::lending::socialise("bob", None));
    world.must("risk", assess(Some(100_000), &[]));
    ladder.rung(world, "risk", open.clone(), C::ClaimsWait);
    world.wait(Span::days(3));
    ladder.rung(world, "risk", open.clone(), C::NothingReleased);
    world.must("bob", pay_in("bob", 1));
    ladder.rung(world, "risk", open.clone(), C::PoolOwes);
    let rest = signed(world, (release(0, 99_999), 1), &[COUNCIL, NOMINEE]);
    world.send_command(&rest).unwrap();
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", claim("alice"), C::CompensationState);
    world.must("alice", open);
    ladder.rung(world, "carol", claim("carol"), C::ClaimExcluded);
    ladder.rung(world, "erin", claim("erin"), C::HeldNothing);
    world.must("alice", claim("alice"));
    ladder.rung(world, "bob", batch(&["alice"]), C::AlreadyClaimed);
    world.wait(Span::days(180));
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", claim(MATCHER), C::ClaimsOver);
}

#[test]
fn a_root_and_its_count() {
    let world = &mut opened();
    let (right, unknown) = (leaves(world), VaultLossId::new(9));
    let mut bad = PublishClaimsRoot { loss: unknown, total: atoms(201), ..publish(&right) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "risk", bad.clone(), C::UnknownVaultLoss);
    bad.loss = VLOSS;
    let mut shown = challenge(&right, 0);
    (shown.loss, shown.proof) = (unknown, Vec::new());
    let mut other = Ladder::default();
    other.rung(world, "alice", shown.clone(), C::UnknownVaultLoss);
    shown.loss = VLOSS;
    other.rung(world, "alice", shown.clone(), C::NoRoot);
    world.must("risk", publish(&right));
    ladder.rung(world, "risk", bad, C::RootStands);
    other.rung(world, "alice", shown.clone(), C::BadProof);
    let false_proof = ClaimCompensation { proof: Some(Vec::new()), ..claim("alice") };
    let mut claims = Ladder::default();
    claims.rung(world, "alice", false_proof.clone(), C::RootWaits);
    world.wait(Span::days(3));
    Ladder::default().rung(world, "alice", shown, C::RootStands);
    claims.rung(world, "alice", false_proof, C::BadProof);
    let mut sorted = right;
    sorted.sort_by_key(Leaf::hash);
    let (first, last) = (sorted[0].account, sorted[1].account);
    let mut count = count_claims(world, 0, 1);
    (count.account, count.loss, count.count) = (label(NOTHING), unknown, 2);
    (count.from, count.holders) = (1, Vec::new());
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", count.clone(), C::BatchTooLarge);
    count.holders = vec![label(NOTHING)];
    ladder.rung(world, "alice", count.clone(), C::UnknownAccount);
    count.account = label("keeper");
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", count.clone(), C::NotOwner);
    ladder.rung(world, "keeper", count.clone(), C::UnknownAccount);
    count.holders = vec![label("carol")];
    ladder.rung(world, "keeper", count.clone(), C::UnknownVaultLoss);
    count.loss = VLOSS;
    ladder.rung(world, "keeper", count.clone(), C::ClaimExcluded);
    count.holders = vec![last, first];
    ladder.rung(world, "keeper", count.clone(), C::CountOrder);
    count.from = 0;
    ladder.rung(world, "keeper", count.clone(), C::LeavesFall);
    (count.count, count.holders) = (1, vec![first]);
    ladder.rung(world, "keeper", count, C::HoldersMissing);
}
