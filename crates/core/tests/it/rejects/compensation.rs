//! Bad input to compensation.

use super::{C, Table, atoms, done, got, no, none};
use crate::compensation::{assess, batch, claim, dispute, lost, pay_in};
use backstop_core::command::{CloseClaims, OpenClaims};
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
