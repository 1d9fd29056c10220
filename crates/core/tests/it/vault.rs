//! Vaults: worked numbers, what a dead reserve does, and properties over random lives.

use crate::{
    queue::{claim, conditional, fill, leave, pledge_spare, queue, when_borrowed},
    run::property,
};
use backstop_core::{
    Body, RejectCode as C, State,
    command::{
        ApplyAllocation, ChargeFees, FundRewards, GiveUpFees, OpeningReserve, OpeningVault,
        RemoveAllocation, SetVaultPolicy, TakeFees, VetoAllocation,
    },
    invariants,
    lending::{
        exchange::Holdings,
        vault::{
            book::{Stream, Vault},
            touch::preview,
        },
    },
    policy::{ReserveStatus, VaultPolicy},
};
use backstop_testkit::{
    World, label,
    lending::{CASH, borrow, liquidate, pledge, price, repay, socialise},
    vault::{SAFE, SPARE, allocate, bodies, deposit, invest, policy, redeem, withdraw, world},
};
use backstop_units::{
    AccountId, Amount, Bps, Fixed60, Shares, Span, Timestamp, VaultId, compare_products,
};
use proptest::{collection::vec, prelude::*};

const VAULT: VaultId = VaultId::new(0);
const YEAR: Span = Span::days(365);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn vault(state: &State) -> &Vault {
    state.vaults.get(VAULT).unwrap()
}

fn account(state: &State, name: &str) -> AccountId {
    state.account_id(label(name)).unwrap()
}

fn shares(state: &State, name: &str) -> u128 {
    state.holding(VAULT, account(state, name)).map_or(0, |(_, holding)| holding.shares.get())
}

/// Net assets now, in whole atoms.
fn net(world: &World) -> u128 {
    let (vault, valued) = preview(&world.state, VAULT, world.now).unwrap();
    valued.net(vault.held.pending).floor().get()
}

fn refused(world: &mut World, actor: &str, body: impl Into<Body>) -> C {
    world.send(actor, body).unwrap_err().code
}

/// Every event of vaults, on the reserve of [`crate::lending::story`]. `council` sends what needs one.
pub(crate) fn story(world: &mut World, council: impl Fn(&mut World, Body)) {
    let rules = VaultPolicy {
        performance: Bps::new(1_000),
        crank_fee: atoms(1),
        cap_delay: Span::hours(1),
        ..policy()
    };
    for body in bodies(backstop_testkit::lending::policy(), rules.clone()) {
        match body {
            Body::CreateVault(_) => drop(world.must("carol", body)),
            _ => council(world, body),
        }
    }
    let (safe, spare) = (label(SAFE), label(SPARE));
    let held = Holdings { available: atoms(9), shares: Shares::new(9), ..Holdings::default() };
    world.must("op", OpeningReserve { reserve: spare, holder: label("dave"), held });
    world.must(
        "op",
        OpeningVault {
            vault: safe,
            holder: label("dave"),
            idle: atoms(1_000),
            shares: Shares::new(1_000),
            basis: Fixed60::from_atoms(atoms(1_000)).unwrap(),
            pending: Fixed60::ZERO,
            charged_at: None,
            rewards: Stream { per_second: atoms(0), left: atoms(0), at: world.now },
            allocations: Vec::new(),
        },
    );
    world.must("carol", allocate(CASH, 1, 100_000));
    world.must("guardian", VetoAllocation { vault: safe, reserve: label(CASH) });
    world.must("carol", allocate(CASH, 1, 100_000));
    world.must("carol", allocate(SPARE, 1, 100_000));
    world.wait(Span::hours(1));
    world.must("keeper", ApplyAllocation { vault: safe, reserve: label(CASH) });
    world.must("keeper", ApplyAllocation { vault: safe, reserve: spare });
    world.must("carol", SetVaultPolicy { vault: safe, policy: Box::new(rules) });
    world.must("alice", deposit("alice", 50_000));
    let (account, amount, per_second) = (label("alice"), atoms(10_000), Some(atoms(2)));
    world.must("alice", FundRewards { account, vault: safe, amount, per_second });
    world.must("erin", invest(CASH));
    world.must("erin", invest(SPARE));
    world.wait(Span::hours(1));
    world.must("keeper", ChargeFees { vault: safe });
    world.must("carol", GiveUpFees { vault: safe, max: Some(atoms(100)) });
    world.must("carol", TakeFees { vault: safe, reserve: Some(spare) });
    world.must("alice", redeem("alice", 1_000, SPARE));
    world.must("alice", withdraw("alice", 10_000, Some(SPARE)));
    world.must("carol", allocate(SPARE, 0, 0));
    world.must("erin", invest(SPARE));
    world.must("carol", RemoveAllocation { vault: safe, reserve: spare });
    world.must("alice", queue("alice", 10_000));
    world.must("keeper", fill(None));
    world.must("keeper", claim("alice"));
}

/// 1,000,000 deposited, a fifth idle, three fifths lent out at 10 %, of which three quarters are borrowed.
#[test]
fn a_year_with_fees() {
    let rules = VaultPolicy {
        performance: Bps::new(1_500),
        management: Bps::new(200),
        crank_fee: atoms(1),
        ..policy()
    };
    let world = &mut world(rules);
    world.must("alice", deposit("alice", 1_000_000));
    // Two reserves, one atom each.
    assert_eq!(
        (vault(&world.state).held.crank, shares(&world.state, "alice")),
        (atoms(2), 999_998)
    );
    world.must("erin", invest(CASH));
    world.must("erin", invest(SPARE));
    let held = &vault(&world.state).held;
    assert_eq!(held.idle, atoms(200_001));
    price(world, 2_000);
    world.must("bob", pledge("bob", 1_000_000));
    world.must("bob", borrow("bob", 450_000));
    world.wait(YEAR);
    // Interest 47,327, of which lenders get 85 %: 40,228. Management 2 % of a million, performance 15 % of profit.
    world.must("keeper", ChargeFees { vault: label(SAFE) });
    let held = &vault(&world.state).held;
    assert_eq!(held.earned.floor(), atoms(40_227));
    assert_eq!(held.pending.floor(), atoms(26_034));
    assert_eq!(net(world), 999_998 + 40_227 - 26_034);
    world.must("carol", TakeFees { vault: label(SAFE), reserve: None });
    assert_eq!(world.balance("carol"), atoms(1_000_000 + 26_034));
}

/// A recovery up to the old high is no profit; without a high-water mark it is.
#[test]
fn a_loss_and_its_recovery() {
    for (high_water, taxed) in [(true, 0), (false, 8)] {
        let rules = VaultPolicy { performance: Bps::new(1_500), high_water, ..policy() };
        let world = &mut world(rules);
        world.must("alice", deposit("alice", 1_000));
        world.must("erin", invest(CASH));
        world.must("bob", pledge("bob", 1_000));
        world.must("bob", borrow("bob", 60));
        price(world, 1);
        world.must("dave", liquidate("bob", "dave", 60));
        world.must("risk", socialise("bob", None));
        world.must("keeper", ChargeFees { vault: label(SAFE) });
        assert_eq!(net(world), 941);
        // The loss comes back as rewards.
        let (account, vaulted) = (label("dave"), label(SAFE));
        let (amount, per_second) = (atoms(59), Some(atoms(59)));
        world.must("dave", FundRewards { account, vault: vaulted, amount, per_second });
        world.wait(Span::from_ms(1_000));
        world.must("keeper", ChargeFees { vault: label(SAFE) });
        assert_eq!(vault(&world.state).held.pending.floor(), atoms(taxed), "{high_water}");
    }
}

/// Half of the money is gone with one reserve: who is in the other goes on as before.
#[test]
fn a_dead_reserve_stops_nobody() {
    let world = &mut world(policy());
    world.must("alice", deposit("alice", 1_000));
    world.must("erin", invest(SPARE));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 100_000));
    world.must("bob", borrow("bob", 600));
    // Nothing comes back of what was lent: the whole reserve is lost.
    world.must("bob", repay("bob", 1));
    price(world, 1);
    world.must("dave", liquidate("bob", "dave", 600));
    world.must("risk", socialise("bob", None));
    let cash = world.state.reserve_id(label(CASH)).unwrap();
    let left = world.state.reserves.get(cash).unwrap().held.supply().unwrap().floor();
    assert_eq!(world.state.reserves.get(cash).unwrap().status, ReserveStatus::Active);
    assert_eq!(net(world), 400 + left.get());
    let held = Holdings { shares: Shares::new(600), ..Holdings::default() };
    world.must("op", OpeningReserve { reserve: label(CASH), holder: label("dave"), held });
    assert_eq!(net(world), 400);
    world.must("dave", deposit("dave", 400));
    assert_eq!(shares(&world.state, "dave"), 1_000);
    world.must("alice", withdraw("alice", 500, Some(SPARE)));
    assert_eq!(net(world), 600);
    invariants::check(&world.state).unwrap();
}

/// Nobody leaves a vault at a price that ignores what a reserve's collateral lacks; who enters pays it.
#[test]
fn exits_bear_what_is_impaired() {
    let world = &mut world(policy());
    world.must("alice", deposit("alice", 1_000));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 500));
    price(world, 250);
    // 200 of 250 count: 300 of the 600 there are lacking, 700 of 1,000 are sound.
    world.must("keeper", backstop_testkit::lending::impair("bob"));
    let before = world.balance("alice");
    world.must("alice", withdraw("alice", 100, None));
    assert_eq!(world.balance("alice").get() - before.get(), 70);
    world.must("alice", withdraw("alice", 100, Some(CASH)));
    assert_eq!(world.balance("alice").get() - before.get(), 140);
    world.must("dave", deposit("dave", 100));
    assert!(shares(&world.state, "dave") < 100);
    invariants::check(&world.state).unwrap();
}

/// More waits for a veto; less is at once.
#[test]
fn what_waits() {
    let world = &mut world(VaultPolicy { cap_delay: Span::days(3), ..policy() });
    assert!(vault(&world.state).allocations.is_empty());
    let apply = ApplyAllocation { vault: label(SAFE), reserve: label(CASH) };
    assert_eq!(refused(world, "keeper", apply.clone()), C::AllocationWaits);
    let veto = VetoAllocation { vault: label(SAFE), reserve: label(SPARE) };
    assert_eq!(refused(world, "carol", veto.clone()), C::RoleMissing);
    world.must("guardian", veto.clone());
    world.wait(Span::days(3));
    world.must("keeper", apply);
    assert_eq!(refused(world, "guardian", veto), C::NotAllocated);
    world.must("carol", allocate(CASH, 1, 5));
    assert_eq!(vault(&world.state).allocations[0].cap, atoms(5));
    world.must("carol", allocate(CASH, 1, 6));
    assert_eq!(vault(&world.state).allocations[0].cap, atoms(5));
    // Gentler rules are the curator's; harsher ones are not.
    let rules = |performance| {
        let policy = VaultPolicy {
            performance: Bps::new(performance),
            cap_delay: Span::days(3),
            ..policy()
        };
        SetVaultPolicy { vault: label(SAFE), policy: Box::new(policy) }
    };
    world.must("carol", rules(0));
    assert_eq!(refused(world, "carol", rules(1)), C::RoleMissing);
    world.must("op", rules(1));
}

/// One step in the life of a vault.
#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, u128),
    Withdraw(usize, u128, Option<bool>),
    Redeem(usize, u128, bool),
    Invest(bool),
    Borrow(u128),
    Repay(u128),
    Lose,
    Reward(u128),
    Take(bool),
    GiveUp,
    Weights(u64, u64),
    Queue(usize, u128),
    Fill(Option<bool>),
    LeaveLine(usize),
    WhenBorrowed(u128),
    Conditional(u128, bool),
    Wait(u64),
}

const WHO: [&str; 2] = ["alice", "dave"];
const RESERVES: [&str; 2] = [CASH, SPARE];

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..WHO.len(), prop_oneof![1u128..50, 1u128..20_000]);
    prop_oneof![
        3 => (who.clone(), some.clone()).prop_map(|(who, some)| Step::Deposit(who, some)),
        2 => (who.clone(), some.clone(), any::<Option<bool>>())
            .prop_map(|(who, some, from)| Step::Withdraw(who, some, from)),
        1 => (who.clone(), some.clone(), any::<bool>())
            .prop_map(|(who, some, from)| Step::Redeem(who, some, from)),
        1 => (who.clone(), some.clone()).prop_map(|(who, some)| Step::Queue(who, some)),
        1 => any::<Option<bool>>().prop_map(Step::Fill),
        1 => who.prop_map(Step::LeaveLine),
        1 => some.clone().prop_map(Step::WhenBorrowed),
        1 => (some.clone(), any::<bool>()).prop_map(|(some, from)| Step::Conditional(some, from)),
        3 => any::<bool>().prop_map(Step::Invest),
        2 => some.clone().prop_map(Step::Borrow),
        1 => some.clone().prop_map(Step::Repay),
        1 => Just(Step::Lose),
        1 => some.prop_map(Step::Reward),
        1 => any::<bool>().prop_map(Step::Take),
        1 => Just(Step::GiveUp),
        1 => (0u64..4, 0u64..4).prop_map(|(cash, spare)| Step::Weights(cash, spare)),
        2 => (0u64..400).prop_map(Step::Wait),
    ]
}

/// Sends a step; refused ones change nothing. Returns whether it lost money.
fn send(world: &mut World, step: &Step) -> bool {
    let reserve = |second: bool| RESERVES[usize::from(second)];
    let name = |who: &usize| WHO[*who];
    let safe = label(SAFE);
    let (actor, body): (&str, Body) = match step {
        Step::Deposit(who, some) => (name(who), deposit(name(who), *some).into()),
        Step::Withdraw(who, some, from) => {
            (name(who), withdraw(name(who), *some, from.map(reserve)).into())
        }
        Step::Redeem(who, some, from) => {
            (name(who), redeem(name(who), *some, reserve(*from)).into())
        }
        Step::Invest(second) => ("erin", invest(reserve(*second)).into()),
        Step::Borrow(some) => ("bob", borrow("bob", *some).into()),
        Step::Repay(some) => ("bob", repay("bob", *some).into()),
        Step::Lose => {
            price(world, 1);
            let closed = world.send("erin", liquidate("bob", "erin", u128::from(u32::MAX))).is_ok();
            let lost = closed && world.send("risk", socialise("bob", None)).is_ok();
            price(world, 1_000);
            let _ = world.send("bob", pledge("bob", 100_000));
            return lost;
        }
        Step::Reward(some) => {
            let (account, amount, per_second) = (label("erin"), atoms(*some), Some(atoms(1)));
            ("erin", FundRewards { account, vault: safe, amount, per_second }.into())
        }
        Step::Take(second) => {
            ("carol", TakeFees { vault: safe, reserve: Some(label(reserve(*second))) }.into())
        }
        Step::GiveUp => ("carol", GiveUpFees { vault: safe, max: None }.into()),
        Step::Weights(cash, spare) => {
            let _ = world.send("carol", allocate(CASH, *cash, 10_000));
            ("carol", allocate(SPARE, *spare, 10_000).into())
        }
        Step::Queue(who, some) => (name(who), queue(name(who), *some).into()),
        Step::Fill(from) => ("keeper", fill(from.map(reserve)).into()),
        Step::LeaveLine(who) => (name(who), leave(name(who)).into()),
        Step::WhenBorrowed(cap) => ("carol", when_borrowed(*cap).into()),
        Step::Conditional(some, from) => {
            let _ = world.send("bob", pledge_spare("bob", 100_000));
            ("bob", conditional("bob", *some, from.then_some(CASH)).into())
        }
        Step::Wait(hours) => {
            world.wait(Span::hours(*hours));
            return false;
        }
    };
    let _ = world.send(actor, body);
    false
}

fn rules() -> VaultPolicy {
    VaultPolicy {
        performance: Bps::new(1_000),
        management: Bps::new(100),
        penalty: Bps::new(1),
        penalty_min: atoms(1),
        crank_fee: atoms(1),
        // Without them whoever comes after the last has left would find what rounding kept.
        dead_shares: Shares::new(10),
        ..policy()
    }
}

fn lived(steps: &[Step], rules: VaultPolicy) -> World {
    let mut world = world(rules);
    world.must("bob", pledge("bob", 100_000));
    for step in steps {
        send(&mut world, step);
    }
    world
}

/// After every step the books hold, and without a management fee a share is worth less only after a loss, but for an
/// atom or two of rounding in all.
#[test]
fn a_share_falls_only_by_a_loss() {
    property(vec(step(), 1..50), |steps| {
        let world = &mut world(VaultPolicy { management: Bps::ZERO, ..rules() });
        world.must("bob", pledge("bob", 100_000));
        for step in &steps {
            let before = preview(&world.state, VAULT, world.now).unwrap();
            let lost = send(world, step);
            invariants::check(&world.state).map_err(|corrupt| format!("{step:?}: {corrupt}"))?;
            let after = preview(&world.state, VAULT, world.now).unwrap();
            let worth = |(vault, valued): &(Vault, _)| -> (u128, u128) {
                let valued: &backstop_core::lending::vault::worth::Valued = valued;
                (valued.net(vault.held.pending).get(), vault.held.shares.get())
            };
            let ((was, of), (is, all)) = (worth(&before), worth(&after));
            let dust = 2 * Fixed60::ONE;
            if !lost && of > 0 && all > 0 && compare_products(is + dust, of, was, all).is_lt() {
                return Err(format!("{step:?}: a share fell from {was}/{of} to {is}/{all}"));
            }
        }
        Ok(())
    });
}

/// Whoever deposits and leaves at once, whenever that is, has no more than before; in kind neither.
#[test]
fn a_round_trip_gains_nothing() {
    property((vec(step(), 1..40), 1u128..10_000), |(steps, amount)| {
        let world = &mut lived(
            &steps,
            VaultPolicy { penalty: Bps::ZERO, penalty_min: atoms(0), ..rules() },
        );
        let before = world.balance("erin");
        if world.send("erin", deposit("erin", amount)).is_err() {
            return Ok(());
        }
        for reserve in [None, Some(CASH), Some(SPARE)] {
            let left = shares(&world.state, "erin");
            let _ = world.send("erin", withdraw("erin", left.max(1), reserve));
        }
        let after = world.balance("erin");
        if after > before { Err(format!("{before} became {after}")) } else { Ok(()) }
    });
}

/// A ledger that was read back from its bytes goes on as the one that was written.
#[test]
fn a_restart_changes_nothing() {
    let world = &mut world(rules());
    world.must("alice", deposit("alice", 10_000));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 100_000));
    world.must("bob", borrow("bob", 1_000));
    world.must("alice", redeem("alice", 500, CASH));
    let mut other = world.clone();
    other.state = State::from_bytes(&world.state.to_bytes()).unwrap();
    for world in [&mut *world, &mut other] {
        world.wait(Span::hours(1));
        world.must("alice", withdraw("alice", 700, Some(CASH)));
        world.must("alice", backstop_testkit::lending::withdraw("alice", 5));
        world.must("bob", repay("bob", 10));
        world.must("carol", allocate(CASH, 1, 5));
    }
    assert_eq!(world.state.hash(), other.state.hash());
}

/// What a case of time needs and no other test.
#[test]
fn rewards_come_second_by_second() {
    let world = &mut world(policy());
    world.must("alice", deposit("alice", 1_000));
    let (account, vaulted) = (label("dave"), label(SAFE));
    let (amount, per_second) = (atoms(25), Some(atoms(10)));
    world.must("dave", FundRewards { account, vault: vaulted, amount, per_second });
    let start: Timestamp = world.now;
    for (ms, net_assets) in [(999, 1_000), (1_000, 1_010), (2_999, 1_020), (9_000, 1_025)] {
        world.now = start.plus(Span::from_ms(ms));
        assert_eq!(net(world), net_assets, "{ms}");
    }
}
