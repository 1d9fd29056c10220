//! The queue of those whom a vault can't pay at once, and money that waits for a borrower.

use crate::run::property;
use backstop_core::{
    Body, RejectCode as C, State,
    command::{
        BorrowConditional, ClaimQueued, FillQueue, LeaveQueue, QueueWithdrawal, RecogniseLoss,
        SetAllocation, SetVaultPolicy, TakeFees,
    },
    invariants,
    ledger::LedgerAccount,
    lending::vault::{snapshot::shares_at, touch::preview},
    policy::{AllocationKind, QueueKind, VaultPolicy},
    state::Round,
};
use backstop_testkit::{
    World, label,
    lending::{CASH, borrow, liquidate, pledge, price, repay, socialise},
    vault::{SAFE, SPARE, allocate, deposit, invest, policy, redeem, withdraw, world},
};
use backstop_units::{Amount, Bps, Shares, Span, VaultId};
use proptest::{collection::vec, prelude::*};

const VAULT: VaultId = VaultId::new(0);

pub(crate) fn queue(account: &str, shares: u128) -> QueueWithdrawal {
    QueueWithdrawal { account: label(account), vault: label(SAFE), shares: Shares::new(shares) }
}

pub(crate) fn fill(reserve: Option<&str>) -> FillQueue {
    FillQueue { vault: label(SAFE), reserve: reserve.map(label) }
}

pub(crate) fn claim(account: &str) -> ClaimQueued {
    ClaimQueued { account: label(account), vault: label(SAFE) }
}

pub(crate) fn leave(account: &str) -> LeaveQueue {
    LeaveQueue { account: label(account), vault: label(SAFE) }
}

/// Out of [`SPARE`], which the vault fills when it is asked to.
pub(crate) fn conditional(account: &str, amount: u128, from: Option<&str>) -> BorrowConditional {
    BorrowConditional {
        account: label(account),
        reserve: label(SPARE),
        amount: Amount::new(amount),
        vault: label(SAFE),
        from: from.map(label),
    }
}

/// [`SPARE`] filled when it is borrowed.
pub(crate) fn when_borrowed(cap: u128) -> SetAllocation {
    SetAllocation { kind: AllocationKind::Conditional, ..allocate(SPARE, 1, cap) }
}

/// Collateral for loans of [`SPARE`].
pub(crate) fn pledge_spare(account: &str, amount: u128) -> backstop_core::command::Pledge {
    backstop_core::command::Pledge { reserve: label(SPARE), ..pledge(account, amount) }
}

fn held(state: &State, name: &str) -> u128 {
    let account = state.account_id(label(name)).unwrap();
    state.holding(VAULT, account).map_or(0, |(_, holding)| holding.shares.get())
}

/// Shares that still wait, and whole atoms that have come.
fn waits(state: &State, name: &str) -> (u128, u128) {
    let account = state.account_id(label(name)).unwrap();
    let Some((_, waiting)) = state.waiting(VAULT, account) else { return (0, 0) };
    let round: &Round = state.rounds.get(waiting.round).unwrap();
    (waiting.shares(round).unwrap().get(), waiting.due(round).unwrap().floor().get())
}

/// With how many shares somebody met the vault's first loss.
fn met(state: &State, name: &str) -> u128 {
    let holder = state.account_id(label(name)).unwrap();
    let (_, holding) = state.holding(VAULT, holder).unwrap();
    shares_at(state, holding, 0).unwrap().get()
}

fn code(world: &mut World, actor: &str, body: impl Into<Body>) -> C {
    world.send(actor, body).unwrap_err().code
}

/// Everything that 600 of alice and 400 of dave brought is lent.
fn lent(rules: &VaultPolicy) -> World {
    let mut world = world(VaultPolicy { idle_weight: 0, ..rules.clone() });
    world.must("carol", allocate(SPARE, 0, 0));
    world.must("alice", deposit("alice", 600));
    world.must("dave", deposit("dave", 400));
    world.must("erin", invest(CASH));
    price(&mut world, 1_000);
    world.must("bob", pledge("bob", 100_000));
    world.must("bob", borrow("bob", 1_000));
    world
}

#[test]
fn what_comes_is_shared_by_what_each_waits_with() {
    let world = &mut lent(&policy());
    world.must("alice", queue("alice", 600));
    world.must("dave", queue("dave", 200));
    assert_eq!((held(&world.state, "alice"), held(&world.state, "dave")), (0, 200));
    assert_eq!(code(world, "erin", fill(Some(CASH))), C::BelowMinimum);
    // Nobody passes, not even the curator with his fees or a crank that would lend the money again.
    world.must("bob", repay("bob", 100));
    assert_eq!(code(world, "dave", withdraw("dave", 200, Some(CASH))), C::QueueWaits);
    let take = TakeFees { vault: label(SAFE), reserve: Some(label(CASH)) };
    assert_eq!(code(world, "carol", take), C::QueueWaits);
    world.must("bob", repay("bob", 300));
    world.must("erin", fill(Some(CASH)));
    assert_eq!(waits(&world.state, "alice"), (300, 300));
    assert_eq!(waits(&world.state, "dave"), (100, 100));
    // Who comes later gets nothing of what came before.
    world.must("dave", queue("dave", 200));
    assert_eq!(waits(&world.state, "dave"), (300, 100));
    world.must("bob", repay("bob", 300));
    world.must("erin", fill(Some(CASH)));
    assert_eq!(waits(&world.state, "alice"), (150, 450));
    assert_eq!(waits(&world.state, "dave"), (150, 250));
    let before = world.balance("alice").get();
    world.must("keeper", claim("alice"));
    assert_eq!(world.balance("alice").get() - before, 450);
    assert_eq!(code(world, "keeper", claim("alice")), C::NothingDelivered);
    assert_eq!(code(world, "keeper", claim("erin")), C::NotQueued);
    let before = world.balance("dave").get();
    world.must("dave", leave("dave"));
    assert_eq!((world.balance("dave").get() - before, held(&world.state, "dave")), (250, 150));
    // A withdrawal pays the queue first, and itself when nobody waits any more.
    world.must("bob", repay("bob", 300));
    world.must("dave", withdraw("dave", 150, Some(CASH)));
    assert_eq!(waits(&world.state, "alice"), (0, 150));
    world.must("alice", claim("alice"));
    assert_eq!(world.owed(LedgerAccount::VaultQueue(VAULT)).get(), 0);
    assert_eq!(code(world, "erin", fill(None)), C::NotQueued);
    invariants::check(&world.state).unwrap();
}

/// Who waits bears a loss as others do, and who leaves the queue for shares of a reserve goes.
#[test]
fn who_waits_still_bears_losses() {
    let world = &mut lent(&policy());
    world.must("alice", queue("alice", 600));
    price(world, 1);
    world.must("erin", liquidate("bob", "erin", 1_000_000));
    world.must("risk", socialise("bob", None));
    let (vault, valued) = preview(&world.state, VAULT, world.now).unwrap();
    let left = valued.net(vault.held.pending).floor().get();
    assert!((80..100).contains(&left), "{left} of 1,000 are left");
    // The loss is recorded first, and ends the round: who bore it is known, and may join again.
    world.must("erin", fill(Some(CASH)));
    assert_eq!(waits(&world.state, "alice"), (600, 0));
    assert_eq!((met(&world.state, "alice"), met(&world.state, "dave")), (600, 400));
    world.must("alice", queue("alice", 600));
    world.must("erin", fill(Some(CASH)));
    assert_eq!(met(&world.state, "alice"), 600, "whoever was paid since bore it all the same");
    // Six tenths of that, less what is rounded when a reserve pays and when the queue shares it.
    let (shares, came) = waits(&world.state, "alice");
    assert!(shares < 12 && (left * 6 / 10 - 2..=left * 6 / 10).contains(&came), "{came}");
    world.must("dave", redeem("dave", 400, CASH));
    world.must("alice", claim("alice"));
}

/// A round that can't be paid any further ends, and its dust goes back with the claim.
#[test]
fn a_round_ends_with_what_can_not_be_paid() {
    let rules = VaultPolicy { min_withdraw: Amount::new(10), ..policy() };
    let world = &mut lent(&rules);
    assert_eq!(code(world, "alice", queue("alice", 10)), C::BelowMinimum);
    world.must("alice", queue("alice", 600));
    world.must("bob", repay("bob", 595));
    world.must("erin", fill(Some(CASH)));
    // An atom waits in the carry: whoever leaves the queue last has it.
    assert_eq!(waits(&world.state, "alice"), (5, 594));
    world.must("bob", repay("bob", 100));
    world.must("dave", withdraw("dave", 50, Some(CASH)));
    let before = world.balance("alice").get();
    world.must("alice", claim("alice"));
    assert_eq!(world.balance("alice").get() - before, 595);
    assert_eq!((held(&world.state, "alice"), waits(&world.state, "alice")), (5, (0, 0)));
    invariants::check(&world.state).unwrap();
}

#[test]
fn a_vault_may_have_no_line() {
    let world = &mut lent(&VaultPolicy { queue: QueueKind::None, ..policy() });
    assert_eq!(code(world, "alice", queue("alice", 600)), C::NoQueue);
    // The curator may open one; only the council takes it away.
    let rules = |queue| SetVaultPolicy {
        vault: label(SAFE),
        policy: Box::new(VaultPolicy { idle_weight: 0, queue, ..policy() }),
    };
    world.must("carol", rules(QueueKind::ProRata));
    world.must("alice", queue("alice", 600));
    assert_eq!(code(world, "carol", rules(QueueKind::None)), C::RoleMissing);
}

/// 1,000 wait in `cash`, where they earn, until somebody borrows them from `spare`.
#[test]
fn money_waits_elsewhere_until_it_is_borrowed() {
    let world = &mut world(VaultPolicy { invest_delay: Span::hours(1), ..policy() });
    world.must("carol", when_borrowed(600));
    world.must("alice", deposit("alice", 1_000));
    world.must("erin", invest(CASH));
    // Idle by weight 1, cash 3; the conditional one has no target.
    assert_eq!(world.state.vaults.get(VAULT).unwrap().held.idle.get(), 250);
    price(world, 1_000);
    world.must("bob", pledge_spare("bob", 100_000));
    assert_eq!(code(world, "bob", conditional("bob", 300, None)), C::ReserveIlliquid);
    assert_eq!(code(world, "bob", conditional("bob", 601, Some(CASH))), C::AboveCap);
    let other = BorrowConditional { reserve: label(CASH), ..conditional("bob", 1, None) };
    assert_eq!(code(world, "bob", other), C::NotConditional);
    // Without collateral nothing moves.
    let before = world.state.hash();
    assert_eq!(code(world, "dave", conditional("dave", 300, Some(CASH))), C::UnknownLoan);
    assert_eq!(world.state.hash(), before);
    world.must("bob", conditional("bob", 300, Some(CASH)));
    let vault = world.state.vaults.get(VAULT).unwrap();
    assert_eq!((vault.held.idle.get(), vault.allocations[0].shares.get()), (0, 700));
    assert_eq!(vault.allocations[1].shares.get(), 300);
    assert_eq!(vault.allocations[1].moved_at, None, "a fill is no crank");
    // What is paid back is at hand there, and goes back by the crank.
    let repaid = backstop_core::command::Repay { reserve: label(SPARE), ..repay("bob", 100) };
    world.must("bob", repaid);
    world.must("bob", conditional("bob", 40, None));
    world.must("erin", invest(SPARE));
    let vault = world.state.vaults.get(VAULT).unwrap();
    assert_eq!((vault.held.idle.get(), vault.allocations[1].shares.get()), (60, 240));
    world.must("alice", queue("alice", 1_000));
    assert_eq!(code(world, "bob", conditional("bob", 40, None)), C::QueueWaits);
    invariants::check(&world.state).unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize, u128),
    Leave(usize),
    Claim(usize),
    Fill(bool),
    Repay(u128),
    Borrow(u128),
    Deposit(usize, u128),
    Lose,
    Wait(u64),
}

const WHO: [&str; 3] = ["alice", "dave", "erin"];

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..WHO.len(), prop_oneof![1u128..30, 1u128..2_000]);
    prop_oneof![
        4 => (who.clone(), some.clone()).prop_map(|(who, some)| Step::Join(who, some)),
        1 => who.clone().prop_map(Step::Leave),
        2 => who.clone().prop_map(Step::Claim),
        4 => any::<bool>().prop_map(Step::Fill),
        4 => some.clone().prop_map(Step::Repay),
        1 => some.clone().prop_map(Step::Borrow),
        1 => (who, some).prop_map(|(who, some)| Step::Deposit(who, some)),
        1 => Just(Step::Lose),
        1 => (0u64..400).prop_map(Step::Wait),
    ]
}

/// What each waits with and what came for him, counted for each of them at each fill.
#[derive(Clone, Copy, Debug, Default)]
struct Naive {
    shares: f64,
    money: f64,
    in_line: bool,
}

/// Money in the queue, and all shares that wait, or nothing when nobody does.
fn line(world: &World) -> (u128, u128) {
    let owed = world.owed(LedgerAccount::VaultQueue(VAULT)).get();
    let vault = world.state.vaults.get(VAULT).unwrap();
    let round = vault.queue.round.and_then(|round| world.state.rounds.get(round));
    (owed, round.map_or(0, |round| round.shares.get()))
}

/// Which part of the shares that waited before a fill waits after it, in a round that ended too.
#[expect(clippy::cast_precision_loss, reason = "small numbers of a naive model")]
fn line_after(world: &World, before: u128) -> f64 {
    let last = world.state.rounds.iter().next_back();
    last.map_or(0.0, |(_, round)| round.shares.get() as f64 / before.max(1) as f64)
}

fn send(world: &mut World, step: &Step, naive: &mut [Naive; 3]) {
    let ((owed, line_of), held_by) = (line(world), WHO.map(|name| held(&world.state, name)));
    match step {
        Step::Join(who, some) => drop(world.send(WHO[*who], queue(WHO[*who], *some))),
        Step::Leave(who) => drop(world.send(WHO[*who], leave(WHO[*who]))),
        Step::Claim(who) => drop(world.send("keeper", claim(WHO[*who]))),
        Step::Fill(reserve) => drop(world.send("keeper", fill(reserve.then_some(CASH)))),
        Step::Repay(some) => drop(world.send("bob", repay("bob", *some))),
        Step::Borrow(some) => drop(world.send("bob", borrow("bob", *some))),
        Step::Deposit(who, some) => drop(world.send(WHO[*who], deposit(WHO[*who], *some))),
        Step::Lose => {
            price(world, 1);
            if world.send("keeper", liquidate("bob", "erin", u128::from(u32::MAX))).is_ok() {
                let _ = world.send("risk", socialise("bob", None));
            }
            let _ = world.send("keeper", RecogniseLoss { vault: label(SAFE) });
            price(world, 1_000);
            let _ = world.send("bob", pledge("bob", 100_000));
        }
        Step::Wait(hours) => world.wait(Span::hours(*hours)),
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers of a naive model")]
    let float = |of: u128| of as f64;
    let (owed_now, line_now) = line(world);
    if let Step::Fill(_) = step {
        let (came, left) = (float(owed_now - owed), line_after(world, line_of));
        let all: f64 = naive.iter().filter(|one| one.in_line).map(|one| one.shares).sum();
        for one in naive.iter_mut().filter(|one| one.in_line && line_of > 0) {
            one.money += came * one.shares / all;
            one.shares *= left;
        }
    }
    if line_now == 0 {
        for one in naive.iter_mut() {
            one.in_line = false;
        }
    }
    for (at, one) in naive.iter_mut().enumerate() {
        let (was, is) = (held_by[at], held(&world.state, WHO[at]));
        match step {
            Step::Join(who, _) if *who == at => {
                one.shares += float(was) - float(is);
                one.in_line |= was > is;
            }
            Step::Leave(who) | Step::Claim(who) if *who == at => {
                one.shares -= float(is) - float(was);
            }
            _ => {}
        }
        if matches!(step, Step::Join(who, _) | Step::Leave(who) | Step::Claim(who) if *who == at) {
            one.money -= float(owed - owed_now);
        }
    }
}

/// Each gets what he would if every one of them was looked at for every fill, but for a share and an atom of rounding for
/// each step; nobody is paid who did not wait, and the books hold.
#[test]
fn a_line_is_as_if_each_was_looked_at() {
    property(vec(step(), 1..60), |steps| {
        let rules = VaultPolicy { penalty: Bps::new(1), ..policy() };
        let world = &mut lent(&rules);
        world.must("erin", deposit("erin", 500));
        let mut naive = [Naive::default(); 3];
        for (count, step) in (1u32..).zip(&steps) {
            send(world, step, &mut naive);
            invariants::check(&world.state).map_err(|corrupt| format!("{step:?}: {corrupt}"))?;
            for (name, one) in WHO.iter().zip(&naive) {
                let (shares, money) = waits(&world.state, name);
                #[expect(clippy::cast_precision_loss, reason = "small numbers of a naive model")]
                let off = [shares as f64 - one.shares, money as f64 - one.money];
                let dust = 1.0 + f64::from(count);
                if off.iter().any(|off| off.is_nan() || off.abs() > dust) {
                    return Err(format!("{step:?}: {name} has {shares}, {money}, not {one:?}"));
                }
            }
        }
        Ok(())
    });
}
