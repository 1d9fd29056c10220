//! Compensation: who gets what of a loss, once each, and where the rest goes.

use crate::run::property;
use backstop_core::{
    Body, RejectCode as C, State,
    command::{
        AssessVaultLoss, ClaimCompensation, CloseClaims, DisputeVaultLoss, OpenClaims, PayClaims,
        PayCompensation, RecogniseLoss,
    },
    invariants,
    ledger::LedgerAccount,
    policy::VaultPolicy,
    state::Compensation,
};
use backstop_testkit::{
    World,
    compensation::Witness,
    label,
    lending::{CASH, borrow, impair, liquidate, pledge, price, socialise},
    vault::{SAFE, deposit, invest, policy, withdraw, world},
};
use backstop_units::{Amount, Hash, Shares, Span, VaultId, VaultLossId};
use proptest::{collection::vec, prelude::*};

const VAULT: VaultId = VaultId::new(0);
const LOSS: VaultLossId = VaultLossId::new(0);
const EVIDENCE: Hash = Hash::new([7; 32]);

pub(crate) fn assess(amount: Option<u128>, excluded: &[&str]) -> AssessVaultLoss {
    AssessVaultLoss {
        loss: LOSS,
        amount: amount.map(Amount::new),
        evidence: EVIDENCE,
        excluded: excluded.iter().map(|name| label(name)).collect(),
    }
}

pub(crate) fn pay_in(account: &str, amount: u128) -> PayCompensation {
    PayCompensation { account: label(account), loss: LOSS, amount: Amount::new(amount) }
}

pub(crate) fn claim(account: &str) -> ClaimCompensation {
    ClaimCompensation { account: label(account), loss: LOSS }
}

pub(crate) fn batch(accounts: &[&str]) -> PayClaims {
    PayClaims { loss: LOSS, accounts: accounts.iter().map(|name| label(name)).collect() }
}

pub(crate) fn dispute() -> DisputeVaultLoss {
    DisputeVaultLoss { loss: LOSS, evidence: EVIDENCE }
}

/// A vault whose holders lost 250 of 1,000: alice has 500, dave 300, carol, its curator, 200.
pub(crate) fn lost(rules: VaultPolicy) -> World {
    let mut world = world(rules);
    for (name, amount) in [("alice", 500), ("dave", 300), ("carol", 200)] {
        world.must(name, deposit(name, amount));
    }
    world.must("erin", invest(CASH));
    fall(&mut world);
    world
}

/// Bob owes 500 and has nothing that is worth anything; what he owes is lost, but for an atom.
fn fall(world: &mut World) {
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 500));
    price(world, 250);
    world.must("keeper", impair("bob"));
    world.must("keeper", RecogniseLoss { vault: label(SAFE) });
}

fn realised(world: &mut World) {
    price(world, 250);
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", None));
}

fn held(state: &State) -> &Compensation {
    state.compensation(LOSS).unwrap()
}

/// The loss of the story of [`crate::vault_loss`], made good in part.
pub(crate) fn story(world: &mut World) {
    world.must("op", assess(None, &["bob"]));
    world.must("guardian", dispute());
    world.must("op", assess(Some(100), &[]));
    world.must("erin", pay_in("erin", 99));
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
    world.must("keeper", claim("alice"));
    world.wait(Span::days(180));
    world.must("keeper", CloseClaims { loss: LOSS });
}

#[test]
fn a_loss_is_made_good() {
    let world = &mut lost(policy());
    // Alice runs before it is certain, and has no less of a claim for it; who comes later has none.
    world.must("alice", withdraw("alice", 500, None));
    world.must("erin", deposit("erin", 1_000));
    realised(world);
    world.must("op", assess(None, &[]));
    // 262 socialised and what alice gave up of the 38 that came right: 800 of the 1,000 shares have a claim.
    let assessed = held(&world.state).assessment.clone();
    assert_eq!((assessed.eligible, assessed.amount), (Shares::new(800), Amount::new(240)));
    world.must("bob", pay_in("bob", 101));
    world.must("erin", pay_in("erin", 100));
    let before =
        world.state.ledger.owed(LedgerAccount::VaultIdle(VAULT), backstop_units::AssetId::new(0));
    assert_eq!(held(&world.state).shortfall(&world.state), Ok(Amount::new(39)));
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
    let had = ["alice", "dave", "bob", "erin"].map(|name| world.balance(name).get());
    world.must("alice", claim("alice"));
    // 201 × 500 / 800 = 125.6, 201 × 300 / 800 = 75.4.
    world.must("keeper", batch(&["alice", "dave", "carol", "erin"]));
    let claims = held(&world.state).claims.unwrap();
    assert_eq!((claims.paid, claims.claimed), (Amount::new(200), Shares::new(800)));
    assert_eq!(
        world.send("keeper", batch(&["alice", "dave"])).unwrap_err().code,
        C::AlreadyClaimed
    );
    world.wait(Span::days(180));
    world.must("keeper", CloseClaims { loss: LOSS });
    let has = ["alice", "dave", "bob", "erin"].map(|name| world.balance(name).get());
    // The atom that rounding left goes back to who gave most.
    assert_eq!([0, 1, 2, 3].map(|at| has[at] - had[at]), [125, 75, 1, 0]);
    let after =
        world.state.ledger.owed(LedgerAccount::VaultIdle(VAULT), backstop_units::AssetId::new(0));
    assert_eq!(before, after);
    assert_eq!(world.owed(LedgerAccount::Compensation(LOSS)), Amount::ZERO);
    invariants::check(&world.state).unwrap();
}

/// What nobody claims goes back to those who gave it, as much of each as of the whole.
#[test]
fn unclaimed_money_goes_back() {
    let world = &mut lost(policy());
    realised(world);
    world.must("op", assess(None, &[]));
    world.must("bob", pay_in("bob", 150));
    world.must("erin", pay_in("erin", 50));
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
    world.must("dave", claim("dave"));
    world.wait(Span::days(180));
    let had = ["bob", "erin"].map(|name| world.balance(name).get());
    world.must("keeper", CloseClaims { loss: LOSS });
    let has = ["bob", "erin"].map(|name| world.balance(name).get());
    assert_eq!([has[0] - had[0], has[1] - had[1]], [94, 31]);
    assert_eq!(world.owed(LedgerAccount::Compensation(LOSS)), Amount::ZERO);
    let restored = State::from_bytes(&world.state.to_bytes()).unwrap();
    assert_eq!(restored.hash(), world.state.hash());
    assert!(restored.is_claimed(LOSS, 1) && !restored.is_claimed(LOSS, 0));
}

proptest::prop_compose! {
    fn moves()(all in vec((0usize..4, 1u128..400, any::<bool>()), 0..12)) -> Vec<(usize, u128, bool)> { all }
}

const NAMES: [&str; 4] = ["alice", "dave", "erin", "carol"];

/// Sends a command under the witness's eyes.
fn act(world: &mut World, witness: &mut Witness, name: &str, body: impl Into<Body>) {
    let state = world.state.clone();
    if world.send(name, body).is_ok() {
        witness.see(&state, &world.state, &world.events);
    }
}

/// A vault that loses most of 400, with moves before the occurrence and after it.
fn lived(before: &[(usize, u128, bool)], after: &[(usize, u128, bool)]) -> (World, Witness) {
    let mut world = world(VaultPolicy { dead_shares: Shares::new(10), ..policy() });
    let mut seen = Witness::new(&world.state);
    let (world_, witness) = (&mut world, &mut seen);
    act(world_, witness, "alice", deposit("alice", 700));
    act(world_, witness, "dave", deposit("dave", 311));
    for (who, some, _) in before {
        act(world_, witness, NAMES[*who], deposit(NAMES[*who], *some));
    }
    act(world_, witness, "erin", invest(CASH));
    act(world_, witness, "bob", pledge("bob", 1_000));
    act(world_, witness, "bob", borrow("bob", 400));
    let state = world_.state.clone();
    price(world_, 100);
    witness.see(&state, &world_.state, &[]);
    act(world_, witness, "keeper", impair("bob"));
    for (who, some, leaves) in after {
        let name = NAMES[*who];
        if *leaves {
            act(world_, witness, name, withdraw(name, *some, None));
        } else {
            act(world_, witness, name, deposit(name, *some));
        }
    }
    act(world_, witness, "erin", liquidate("bob", "erin", 500));
    act(world_, witness, "risk", socialise("bob", None));
    let _ = world_.send("keeper", RecogniseLoss { vault: label(SAFE) });
    (world, seen)
}

/// Whoever moves between the occurrence and the end, whatever is paid in, and in whatever order claims are paid: each
/// gets his shares' part by the witness's copy of all holders, once, and claims and what goes back are what
/// was there.
#[test]
fn claims_and_the_rest_are_what_was_there() {
    property((moves(), moves(), 1u128..200, 0usize..4), |(before, after, paid, order)| {
        let (mut world, witness) = lived(&before, &after);
        let world = &mut world;
        world.must("risk", assess(None, &[]));
        let paid = paid.min(held(&world.state).assessment.amount.get());
        world.must("bob", pay_in("bob", paid));
        world.wait(Span::days(3));
        world.must("risk", OpenClaims { loss: LOSS });
        let seen = witness.held(world.state.vault_losses.get(LOSS).unwrap());
        let eligible = held(&world.state).assessment.eligible.get();
        let mut queue = NAMES.to_vec();
        queue.rotate_left(order);
        let mut sum = 0;
        for (place, name) in queue.iter().enumerate() {
            let had = world.balance(name).get();
            let sent = if place % 2 == 0 {
                world.send("keeper", claim(name)).is_ok()
            } else {
                world.send("keeper", batch(&[name, name])).is_ok()
            };
            let got = world.balance(name).get() - had;
            let account = world.state.account_id(label(name)).unwrap();
            let shares = seen.get(&account).map_or(0, |shares| shares.get());
            let due = if *name == "carol" { 0 } else { paid * shares / eligible };
            if got != due || sent != (shares > 0 && *name != "carol") {
                return Err(format!("{name} got {got} of {due} for {shares} of {eligible}"));
            }
            sum += got;
        }
        world.wait(Span::days(180));
        let had = world.balance("bob").get();
        world.must("keeper", CloseClaims { loss: LOSS });
        let back = world.balance("bob").get() - had;
        invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
        if sum + back != paid || back > 3 {
            return Err(format!("{sum} claimed, {back} back of {paid}"));
        }
        Ok(())
    });
}
