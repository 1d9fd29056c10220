//! From a pool's release to the last claim: who gets what of it, and what goes back to the pool.

use crate::{
    compensation::{assess, batch, claim, dispute, pay_in},
    pool::{VAULT, account, held, left, lent, locked, lose, worth},
    run::property,
};
use backstop_core::{
    RejectCode as C, State,
    command::{CarryRelease, ClaimPoolExit, CloseClaims, OpenClaims},
    invariants,
    ledger::LedgerAccount,
    policy::PoolMode,
    state::Compensation,
};
use backstop_testkit::{
    World,
    compensation::Witness,
    pool::{COUNCIL, MATCHER, NOMINEE, announce, exit, matching, release, signed, stake},
    vault::{deposit, withdraw},
};
use backstop_units::{Amount, Span, VaultLossId};
use proptest::prelude::*;

const LOSS: VaultLossId = VaultLossId::new(0);

fn both(world: &mut World, amount: u128, nonce: u64) {
    signed(world, "alice", release(0, amount), (nonce, &[COUNCIL, NOMINEE])).unwrap();
}

fn compensation(world: &World) -> &Compensation {
    world.state.compensation(LOSS).unwrap()
}

fn there(world: &World) -> u128 {
    world.owed(LedgerAccount::Compensation(LOSS)).get()
}

fn shortfall(world: &World) -> u128 {
    compensation(world).shortfall(&world.state).unwrap().get()
}

fn escrowed(world: &World) -> u128 {
    world.state.vaults.get(VAULT).unwrap().held.escrowed.get()
}

/// Claims are opened by who may do it.
fn open(world: &mut World) {
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
}

fn close(world: &mut World) {
    world.wait(Span::days(180));
    world.must("keeper", CloseClaims { loss: LOSS });
    invariants::check(&world.state).unwrap();
}

/// Six sevenths of what the pool could release are assessed, since the curator's own 100,000 of 700,000 shares claim nothing:
/// 128,570. The pool pays that, alice her five sixths of it, and dave's part goes back.
#[test]
fn what_is_released_is_claimed_and_the_rest_goes_back() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    world.must("risk", assess(None, &[]));
    // 214,285 × 600,000 / 1,000,000, rounded down twice.
    assert_eq!((left(world), shortfall(world)), (128_570, 128_570));
    let more = signed(world, "alice", release(0, 128_571), (1, &[COUNCIL, NOMINEE])).unwrap_err();
    assert_eq!(more.code, C::AboveLoss);
    both(world, 100_000, 1);
    world.wait(Span::days(3));
    let early = world.send("keeper", OpenClaims { loss: LOSS }).unwrap_err();
    assert_eq!(early.code, C::RoleMissing);
    let owes = world.send("risk", OpenClaims { loss: LOSS }).unwrap_err();
    assert_eq!((owes.code, owes.got), (C::PoolOwes, 28_570u32.into()));
    both(world, 28_570, 2);
    // Nothing is short, so anyone opens them; then nothing more can come.
    world.must("keeper", OpenClaims { loss: LOSS });
    assert_eq!((left(world), shortfall(world)), (0, 0));
    let late = signed(world, "alice", release(0, 1), (3, &[COUNCIL, NOMINEE])).unwrap_err();
    assert_eq!(late.code, C::AboveLoss);
    let before = world.balance("alice").get();
    world.must("bob", batch(&["alice", "carol"]));
    assert_eq!(world.balance("alice").get() - before, 107_141);
    assert_eq!(world.send("carol", claim("carol")).unwrap_err().code, C::ClaimExcluded);
    let (locked_before, others) = (locked(world), worth(world, 500_000));
    close(world);
    // 21,429 atoms buy shares of the vault again; all of them are the stakers', who were hit first and alone.
    assert_eq!(there(world), 0);
    assert_eq!(locked(world).1, locked_before.1);
    let back = locked(world).0 - locked_before.0;
    assert!(worth(world, back).abs_diff(21_429) <= 1, "{back} shares");
    assert!((others..=others + 1).contains(&worth(world, 500_000)));
}

/// Where the vault has no money its shares are handed over, to each his part, and back to the pool what nobody claims.
#[test]
fn released_shares_are_claimed() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    let all = held(world, "alice");
    world.must("alice", withdraw("alice", all, None));
    world.must("risk", assess(None, &[]));
    let due = left(world);
    both(world, due, 1);
    let (released, before) = (escrowed(world), locked(world));
    assert!((there(world), shortfall(world)) == (0, 0) && released > due);
    open(world);
    let (alice, dave) = (held(world, "alice"), held(world, MATCHER));
    world.must("alice", claim("alice"));
    // 500,000 of the 600,000 shares that have a claim; she has left, and is a holder again by it.
    assert_eq!(held(world, "alice") - alice, released * 5 / 6);
    close(world);
    assert_eq!((escrowed(world), held(world, MATCHER)), (0, dave));
    assert_eq!(locked(world).0 - before.0, released - released * 5 / 6);
    assert_eq!(locked(world).1, before.1);
}

/// Nobody gets more than was assessed, though more was released before.
#[test]
fn an_assessment_below_what_was_released() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    both(world, 128_570, 1);
    world.must("risk", assess(Some(60_000), &[]));
    assert_eq!(world.send("bob", pay_in("bob", 1)).unwrap_err().code, C::AboveBorne);
    open(world);
    let before = world.balance("alice").get();
    world.must("alice", claim("alice"));
    world.must("alice", claim(MATCHER));
    assert_eq!(world.balance("alice").get() - before, 50_000);
    let stakers = locked(world).0;
    close(world);
    assert!(worth(world, locked(world).0 - stakers).abs_diff(68_570) <= 1);
}

/// While an assessment is in dispute no announced release is paid; both signatures still can.
#[test]
fn a_dispute_holds_announced_releases() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    world.must("risk", assess(None, &[]));
    world.must("carol", announce(0, 1_000, None));
    world.must("guardian", dispute());
    world.wait(Span::days(3));
    let held = world.send("alice", CarryRelease { release: 0 }).unwrap_err();
    assert_eq!((held.code, held.got), (C::CompensationState, "disputed".into()));
    both(world, 500, 1);
    world.must("risk", assess(None, &[]));
    world.must("alice", CarryRelease { release: 0 });
    assert_eq!(there(world), 1_500);
}

/// Somebody who pays an atom does not open claims before others could pay; after long enough anyone does.
#[test]
fn nobody_shuts_out_money_that_is_to_come() {
    let world = &mut lent(PoolMode::FirstLoss);
    lose(world, 100);
    world.must("risk", assess(None, &[]));
    // 404,761 are lost, 300,000 of it the pool's: of the rest six sevenths are theirs who have a claim.
    assert_eq!(compensation(world).assessment.amount, Amount::new(89_795));
    world.must("bob", pay_in("bob", 1));
    world.wait(Span::days(3));
    let early = world.send("bob", OpenClaims { loss: LOSS }).unwrap_err();
    assert_eq!(early.code, C::RoleMissing);
    world.wait(Span::days(180));
    world.must("bob", OpenClaims { loss: LOSS });
    invariants::check(&world.state).unwrap();
}

/// Claims wait for what is still uncertain.
#[test]
fn claims_wait_for_the_whole_loss() {
    let world = &mut crate::compensation::lost(backstop_testkit::vault::policy());
    backstop_testkit::lending::price(world, 250);
    world.must("erin", backstop_testkit::lending::liquidate("bob", "erin", 500));
    world.must("risk", backstop_testkit::lending::socialise("bob", Some(100)));
    world.must("risk", assess(None, &[]));
    let paid = compensation(world).assessment.amount.get();
    world.must("erin", pay_in("erin", paid));
    world.wait(Span::days(3));
    let early = world.send("risk", OpenClaims { loss: LOSS }).unwrap_err();
    assert_eq!((early.code, early.got), (C::CompensationState, "provisional".into()));
    world.must("risk", backstop_testkit::lending::socialise("bob", None));
    world.must("risk", OpenClaims { loss: LOSS });
}

/// A life of a pool in a loss: what is deposited and staked, how far the collateral falls, who runs, what is
/// assessed of the whole, in how many releases it comes, and who claims.
#[derive(Clone, Debug)]
struct Life {
    deposits: [u128; 3],
    staked: u128,
    matched: u128,
    price: u128,
    runs: [u128; 2],
    assessed: Option<u128>,
    early: u128,
    releases: u128,
    claimants: [bool; 2],
    exits: bool,
}

prop_compose! {
    fn life()(
        deposits in [400_000u128..900_000, 100_000u128..300_000, 50_000u128..300_000],
        staked in 1_000u128..100_000,
        matched in 0u128..100_000,
        price in 20u128..600,
        runs in [0u128..400_000, 0u128..50_000],
        assessed in proptest::option::of(1u128..100),
        early in 0u128..60_000,
        releases in 1u128..4,
        claimants in any::<[bool; 2]>(),
        exits in any::<bool>(),
    ) -> Life {
        Life { deposits, staked, matched, price, runs, assessed, early, releases, claimants, exits }
    }
}

/// The world of a life up to its loss, and who held when it occurred.
fn lived(life: &Life) -> Option<(World, Witness)> {
    let rules = backstop_testkit::pool::policy(100_000);
    let mut world = backstop_testkit::pool::world(backstop_testkit::vault::policy(), rules);
    for (name, amount) in ["alice", "carol", MATCHER].into_iter().zip(life.deposits) {
        world.must(name, deposit(name, amount));
    }
    world.must("carol", stake("carol", life.staked));
    let _ = world.send(MATCHER, matching(Some(life.matched)));
    world.must("erin", backstop_testkit::vault::invest(backstop_testkit::lending::CASH));
    world.must("bob", backstop_testkit::lending::pledge("bob", 1_000_000));
    world.send("bob", backstop_testkit::lending::borrow("bob", 500_000)).ok()?;
    let witness = Witness::new(&world.state);
    backstop_testkit::lending::price(&mut world, life.price);
    world.must("keeper", backstop_testkit::lending::impair("bob"));
    for (name, amount) in ["alice", MATCHER].into_iter().zip(life.runs) {
        let _ = world.send(name, withdraw(name, amount, None));
    }
    let _ = world.send("erin", backstop_testkit::lending::liquidate("bob", "erin", 1_000_000));
    let _ = world.send("risk", backstop_testkit::lending::socialise("bob", None));
    let label = backstop_testkit::label(backstop_testkit::vault::SAFE);
    let _ = world.send("keeper", backstop_core::command::RecogniseLoss { vault: label });
    world.state.vault_losses.get(LOSS)?;
    Some((world, witness))
}

/// What the pool gives, as atoms and shares, what of it is claimed by whom, and what comes back: by the naive sum.
fn claimed(world: &mut World, witness: &Witness, life: &Life) -> Result<(), String> {
    let loss = *world.state.vault_losses.get(LOSS).unwrap();
    // Before its first command everybody held what he held when the price fell.
    let holders = witness.held(&backstop_core::state::VaultLoss { seq: witness.first(), ..loss });
    let claims = *compensation(world).claims.as_ref().unwrap();
    let eligible: u128 = ["alice", MATCHER]
        .iter()
        .map(|name| holders.get(&account(&world.state, name)).map_or(0, |shares| shares.get()))
        .sum();
    let mut sums = (0, 0);
    for (name, claims_now) in ["alice", MATCHER].into_iter().zip(life.claimants) {
        let had = (world.balance(name).get(), held(world, name));
        if !claims_now {
            continue;
        }
        let sent = world.send("keeper", batch(&[name])).is_ok();
        if world.send(name, claim(name)).is_ok() {
            return Err(format!("{name} was paid twice"));
        }
        let got = (world.balance(name).get() - had.0, held(world, name) - had.1);
        let shares = holders.get(&account(&world.state, name)).map_or(0, |shares| shares.get());
        let due = (claims.money.get() * shares / eligible, claims.shares.get() * shares / eligible);
        if got != due || !(sent || shares == 0) {
            return Err(format!("{name} got {got:?} of {due:?} for {shares} of {eligible}"));
        }
        sums = (sums.0 + got.0, sums.1 + got.1);
    }
    if sums.0 > compensation(world).assessment.amount.get() {
        return Err(format!("{} claimed of {:?}", sums.0, compensation(world).assessment));
    }
    Ok(())
}

/// In any life: the pool never gives more than was lost, nobody gets more than his part of what was assessed, each once,
/// what comes back is what nobody claimed, and afterwards stakers leave.
#[test]
fn what_a_pool_gives_is_claimed_or_comes_back() {
    property(life(), |life| {
        let Some((mut world, witness)) = lived(&life) else { return Ok(()) };
        let world = &mut world;
        let most = left(world);
        let _ = signed(world, "bob", release(0, life.early.min(most)), (1, &[COUNCIL, NOMINEE]));
        if world.send("risk", assess(None, &[])).is_err() {
            return Ok(());
        }
        let whole = compensation(world).assessment.amount.get();
        if let Some(part) = life.assessed {
            world.must("risk", assess(Some((whole * part / 100).max(1)), &[]));
        }
        for at in 0..life.releases {
            let due = left(world) / (life.releases - at);
            let nonce = u64::try_from(at).unwrap() + 2;
            let sent = signed(world, "bob", release(0, due), (nonce, &[COUNCIL, NOMINEE]));
            if let Err(refused) = sent
                && !matches!(refused.code, C::ZeroAmount | C::InsurancePoolEmpty)
            {
                return Err(format!("{refused:?}"));
            }
        }
        let ticket = life.exits && world.send("carol", exit("carol", None)).is_ok();
        world.wait(Span::days(3));
        match world.send("risk", OpenClaims { loss: LOSS }) {
            Err(refused) if refused.code == C::NothingReleased => return Ok(()),
            Err(refused) => return Err(format!("{refused:?}")),
            Ok(_) => {}
        }
        let given = (there(world), escrowed(world));
        claimed(world, &witness, &life)?;
        let unclaimed = (there(world), escrowed(world));
        if given.0 < unclaimed.0 || given.1 < unclaimed.1 {
            return Err(format!("{given:?} became {unclaimed:?}"));
        }
        world.wait(Span::days(180));
        let before = (locked(world), held(world, "carol"), held(world, MATCHER));
        let price = worth(world, 1_000_000);
        world.must("keeper", CloseClaims { loss: LOSS });
        invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
        let after = (locked(world), held(world, "carol"), held(world, MATCHER));
        let sum = |((own, matched), a, b): ((u128, u128), u128, u128)| own + matched + a + b;
        let back = worth(world, sum(after) - sum(before));
        let due = unclaimed.0 + worth(world, unclaimed.1);
        if back.abs_diff(due) > 2 || worth(world, 1_000_000).abs_diff(price) > 2 {
            return Err(format!("{back} of {due} came back"));
        }
        if there(world) != 0 || escrowed(world) != 0 {
            return Err("something stays".to_owned());
        }
        if ticket && world.send("carol", ClaimPoolExit { ticket: 0 }).is_err() {
            return Err("the pool is held".to_owned());
        }
        let bytes = world.state.to_bytes();
        let read = State::from_bytes(&bytes).map_err(|corrupt| corrupt.to_string())?;
        if read.hash() == world.state.hash() { Ok(()) } else { Err("read back it differs".into()) }
    });
}
