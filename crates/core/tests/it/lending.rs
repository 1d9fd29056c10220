//! Lending reserves: a story with worked numbers, tables of what is refused, and properties over random
//! lives of a reserve.

use crate::run::property;
use backstop_core::{
    Body, Event, RejectCode as C, State,
    command::{
        AccrueInterest, CollectInterest, Opening, OpeningAccount, SetReserve, SetReserveStatus,
    },
    event::LendingEvent,
    invariants,
    ledger::LedgerAccount,
    policy::{ReservePolicy, ReserveStatus},
    state::{LendingReserve, Loan},
};
use backstop_testkit::{
    World, label,
    lending::{
        CASH, bodies, borrow, impair, liquidate, pledge, policy, price, repay, socialise, supply,
        unpledge, withdraw, world,
    },
};
use backstop_units::{AccountId, Amount, AssetId, Bps, Fixed60, ReserveId, Span};
use proptest::{collection::vec, prelude::*};

const RESERVE: ReserveId = ReserveId::new(0);
const YEAR: Span = Span::days(365);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn reserve(state: &State) -> &LendingReserve {
    state.reserves.get(RESERVE).unwrap()
}

fn account(state: &State, name: &str) -> AccountId {
    state.account_id(label(name)).unwrap()
}

fn loan<'a>(state: &'a State, name: &str) -> &'a Loan {
    state.loan(RESERVE, account(state, name)).unwrap().1
}

fn shares(state: &State, name: &str) -> u128 {
    state.supply(RESERVE, account(state, name)).map_or(0, |(_, supply)| supply.shares.get())
}

fn ore(world: &World, name: &str) -> u128 {
    let of = LedgerAccount::Balance(account(&world.state, name));
    let asset: AssetId = world.state.asset_id(label("ore")).unwrap();
    world.state.ledger.owed(of, asset).get()
}

fn crank() -> AccrueInterest {
    AccrueInterest { reserve: label(CASH) }
}

fn refused(world: &mut World, actor: &str, body: impl Into<Body>) -> C {
    world.send(actor, body).unwrap_err().code
}

/// Every event of lending. `council` sends what needs one.
pub(crate) fn story(world: &mut World, council: impl Fn(&mut World, Body)) {
    for body in bodies(policy()) {
        if matches!(body, Body::RegisterAsset(_) | Body::RegisterIndex(_)) {
            world.must("op", body);
        } else {
            council(world, body);
        }
    }
    for (name, asset) in [("alice", "usdt"), ("bob", "ore"), ("carol", "usdt")] {
        let (account, asset) = (OpeningAccount::Account(label(name)), label(asset));
        world.must("op", Opening { account, asset, amount: atoms(1_000_000) });
    }
    let reserve = label(CASH);
    council(world, SetReserve { reserve, policy: Box::new(policy()) }.into());
    world.must("guardian", SetReserveStatus { reserve, status: ReserveStatus::Paused });
    council(world, SetReserveStatus { reserve, status: ReserveStatus::Active }.into());
    price(world, 1_000);
    world.must("alice", supply("alice", 100_000));
    world.must("bob", pledge("bob", 100_000));
    world.must("bob", borrow("bob", 60_000));
    world.wait(Span::hours(100));
    world.must("bob", unpledge("bob", 10_000));
    world.must("bob", repay("bob", 10_000));
    world.must("keeper", CollectInterest { reserve });
    world.must("alice", withdraw("alice", 1_000));
    price(world, 400);
    world.must("keeper", impair("bob"));
    world.must("carol", liquidate("bob", "carol", 100_000));
    world.must("risk", socialise("bob", None));
}

/// 750,000 of 1,000,000 lent for a year at 10 %: 78,876 with interest by the second, 15 % of it the
/// protocol's. The supply grows by 67,045: 6.70 %, which is 6.375 % compounded at a price of a tenth on
/// what is lent.
#[test]
fn a_year_of_interest() {
    let world = &mut world(policy());
    world.must("alice", supply("alice", 1_000_000));
    world.must("bob", pledge("bob", 1_000_000));
    price(world, 2_000);
    world.must("bob", borrow("bob", 750_000));
    assert_eq!(world.balance("bob"), atoms(1_750_000));
    world.wait(YEAR);
    world.must("keeper", crank());
    let held = &reserve(&world.state).held;
    assert_eq!(held.borrowed.floor(), atoms(828_878));
    assert_eq!(held.fees.floor(), atoms(11_831));
    assert_eq!(held.supply().unwrap().floor(), atoms(1_067_046));
    assert_eq!(
        loan(&world.state, "bob").grown(reserve(&world.state)).unwrap().floor(),
        atoms(828_878)
    );
    // Its fraction is rounded up; the dust is the lenders'.
    world.must("bob", repay("bob", 2_000_000));
    assert_eq!(world.balance("bob"), atoms(1_750_000 - 828_879));
    assert!(loan(&world.state, "bob").debt.is_zero());
    world.must("keeper", CollectInterest { reserve: label(CASH) });
    assert_eq!(world.balance("treasury"), atoms(11_831));
    world.must("alice", withdraw("alice", 1_000_000));
    assert_eq!(world.balance("alice"), atoms(1_067_047));
    world.must("bob", unpledge("bob", 1_000_000));
    invariants::check(&world.state).unwrap();
}

/// Debt 700 against 1,000 of ore; at 0.85 what counts is 680, so half may be repaid: 350 for 431 of
/// ore, of which a fifth of the bonus of 20 goes to the treasury.
#[test]
fn a_liquidation_and_what_it_leaves() {
    let world = &mut world(policy());
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 700));
    assert_eq!(refused(world, "carol", liquidate("bob", "carol", 700)), C::LoanCovered);
    price(world, 850);
    world.must("carol", liquidate("bob", "carol", 700));
    assert_eq!(world.balance("carol"), atoms(1_000_000 - 350));
    assert_eq!(ore(world, "carol"), 1_000_000 + 427);
    assert_eq!(ore(world, "treasury"), 4);
    assert_eq!(loan(&world.state, "bob").debt.floor(), atoms(350));
    // At half the price what is left is worth less than the debt: all of it goes.
    price(world, 425);
    world.must("carol", liquidate("bob", "carol", 350));
    let left = loan(&world.state, "bob");
    assert!(left.is_bare());
    // 569 of ore over 1.05 are 542, worth 230.35, rounded up.
    assert_eq!(left.debt.floor(), atoms(119));
    assert_eq!(world.balance("carol"), atoms(1_000_000 - 350 - 231));
    world.must("keeper", impair("bob"));
    assert_eq!(reserve(&world.state).impaired.floor(), atoms(119));
    // Who leaves now bears his part; who enters pays as if nothing lacked.
    world.must("dave", supply("dave", 1_000));
    assert_eq!(shares(&world.state, "dave"), 1_000);
    world.must("dave", withdraw("dave", 500));
    assert_eq!(world.balance("dave"), atoms(1_000_000 - 1_000 + 470));
    world.must("risk", socialise("bob", Some(20)));
    assert_eq!(reserve(&world.state).impaired.floor(), atoms(99));
    world.must("risk", socialise("bob", None));
    assert!(reserve(&world.state).impaired.is_zero());
    assert_eq!(reserve(&world.state).held.supply().unwrap().floor(), atoms(1_411));
    world.must("alice", withdraw("alice", 1_000));
    world.must("dave", withdraw("dave", 500));
    assert_eq!(world.balance("alice"), atoms(1_000_000 - 1_000 + 940));
    assert_eq!(world.balance("dave"), atoms(1_000_000 - 1_000 + 470 + 471));
}

/// A reserve that has lost all its lenders' money is worth nothing and takes nothing more.
#[test]
fn a_dead_reserve() {
    let mut rules = policy();
    rules.fees_first = false;
    let world = &mut world(rules);
    world.must("alice", supply("alice", 700));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 700));
    price(world, 1);
    world.must("carol", liquidate("bob", "carol", 700));
    world.must("risk", socialise("bob", None));
    // What the last atom of collateral repaid is there.
    assert_eq!(reserve(&world.state).status, ReserveStatus::Active);
    assert_eq!(reserve(&world.state).held.available, atoms(1));
    world.must("alice", withdraw("alice", 700));
    assert_eq!(world.balance("alice"), atoms(1_000_000 - 699));
}

#[test]
fn interest_bears_a_loss_first() {
    for (fees_first, fees, supply_left) in [(true, 0, 1_001), (false, 11, 989)] {
        let mut rules = policy();
        rules.fees_first = fees_first;
        let world = &mut world(rules);
        world.must("alice", supply("alice", 1_000));
        world.must("bob", pledge("bob", 1_000));
        world.must("bob", borrow("bob", 700));
        world.wait(YEAR);
        price(world, 1_000_000);
        world.must("bob", repay("bob", 700));
        world.must("bob", unpledge("bob", 999));
        price(world, 1);
        world.must("carol", liquidate("bob", "carol", 700));
        world.must("risk", socialise("bob", None));
        let held = &reserve(&world.state).held;
        assert_eq!(held.fees.floor(), atoms(fees), "{fees_first}");
        assert_eq!(held.supply().unwrap().floor(), atoms(supply_left), "{fees_first}");
    }
}

/// A paused reserve lets money only come back.
#[test]
fn a_pause() {
    let world = &mut world(policy());
    world.must("alice", supply("alice", 1_000));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 500));
    let status = |status| SetReserveStatus { reserve: label(CASH), status };
    world.must("guardian", status(ReserveStatus::Paused));
    assert_eq!(refused(world, "alice", supply("alice", 5)), C::ReserveClosed);
    assert_eq!(refused(world, "bob", borrow("bob", 5)), C::ReserveClosed);
    assert_eq!(refused(world, "guardian", status(ReserveStatus::Active)), C::RoleMissing);
    world.must("alice", withdraw("alice", 5));
    world.must("bob", repay("bob", 5));
    world.must("op", status(ReserveStatus::Active));
    world.must("bob", borrow("bob", 5));
}

#[test]
fn rules_within_rails() {
    let change = |edit: fn(&mut ReservePolicy)| {
        let mut rules = policy();
        edit(&mut rules);
        SetReserve { reserve: label(CASH), policy: Box::new(rules) }
    };
    let world = &mut world(policy());
    for (edit, code) in [
        ((|rules| rules.interest.curve[1].rate = Bps::ZERO) as fn(&mut ReservePolicy), C::BadCurve),
        (|rules| rules.interest.period = Span::ZERO, C::BadPolicy),
        (|rules| rules.interest.take = Bps::new(10_001), C::BadPolicy),
        (|rules| rules.close = Bps::ZERO, C::BadPolicy),
        (|rules| rules.collateral[0].borrow = Bps::new(8_001), C::BadPolicy),
        (|rules| rules.collateral[0].bonus = Bps::new(2_501), C::BadPolicy),
        (|rules| rules.collateral.push(rules.collateral[0]), C::BadPolicy),
        (|rules| rules.collateral[0].asset = label("none"), C::UnknownAsset),
    ] {
        assert_eq!(refused(world, "op", change(edit)), code);
    }
    world.must("op", change(|rules| rules.collateral[0].bonus = Bps::new(2_500)));
}

/// One step in the life of a reserve.
#[derive(Clone, Debug)]
enum Step {
    Supply(usize, u128),
    Withdraw(usize, u128),
    Pledge(usize, u128),
    Unpledge(usize, u128),
    Borrow(usize, u128),
    Repay(usize, u128),
    Liquidate(usize, u128),
    Impair(usize),
    Socialise(usize, Option<u128>),
    Price(u128),
    Collect,
    Wait(u64),
}

const WHO: [&str; 3] = ["alice", "bob", "carol"];

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..WHO.len(), prop_oneof![1u128..50, 1u128..5_000]);
    prop_oneof![
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Supply(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Withdraw(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Pledge(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Unpledge(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Borrow(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Repay(who, some)),
        (who.clone(), some.clone()).prop_map(|(who, some)| Step::Liquidate(who, some)),
        who.clone().prop_map(Step::Impair),
        (who, proptest::option::of(some)).prop_map(|(who, some)| Step::Socialise(who, some)),
        (1u128..3_000).prop_map(Step::Price),
        Just(Step::Collect),
        (0u64..400).prop_map(Step::Wait),
    ]
}

/// Sends a step; returns whore it was a loss that lenders bear.
fn send(world: &mut World, step: &Step) -> bool {
    let name = |who: &usize| WHO[*who];
    let (actor, body): (&str, Body) = match step {
        Step::Supply(who, some) => (name(who), supply(name(who), *some).into()),
        Step::Withdraw(who, some) => (name(who), withdraw(name(who), *some).into()),
        Step::Pledge(who, some) => (name(who), pledge(name(who), *some).into()),
        Step::Unpledge(who, some) => (name(who), unpledge(name(who), *some).into()),
        Step::Borrow(who, some) => (name(who), borrow(name(who), *some).into()),
        Step::Repay(who, some) => (name(who), repay(name(who), *some).into()),
        Step::Liquidate(who, some) => ("erin", liquidate(name(who), "erin", *some).into()),
        Step::Impair(who) => ("keeper", impair(name(who)).into()),
        Step::Socialise(who, some) => ("risk", socialise(name(who), *some).into()),
        Step::Collect => ("keeper", CollectInterest { reserve: label(CASH) }.into()),
        Step::Price(thousand) => {
            price(world, *thousand);
            return false;
        }
        Step::Wait(hours) => {
            world.wait(Span::hours(*hours));
            return false;
        }
    };
    let events = world.send(actor, body).unwrap_or_default();
    let lost = |event: &Event| matches!(event, Event::Lending(LendingEvent::LoanSocialised(_)));
    events.iter().any(lost)
}

/// Supply for each share, as a fraction; nothing without shares.
fn worth(state: &State) -> Option<(Fixed60, u128)> {
    let held = &reserve(state).held;
    (!held.shares.is_zero()).then(|| (held.supply().unwrap(), held.shares.get()))
}

/// After every command the books hold, and a share is worth less only after a loss. All debts are what
/// the reserve says it has lent, but for a step of 2⁻⁶⁰ for each accrual and loan.
#[test]
fn a_share_loses_only_by_a_loss() {
    property(vec(step(), 1..60), |steps| {
        let (world, mut most) = (&mut world(policy()), 0);
        for (count, step) in (1u128..).zip(&steps) {
            let before = worth(&world.state);
            let lost = send(world, step);
            invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
            if let (Some((was, of)), Some((is, shares)), false) =
                (before, worth(&world.state), lost)
                && backstop_units::compare_products(is.get(), of, was.get(), shares).is_lt()
            {
                return Err(format!("{step:?}: a share fell from {was}/{of} to {is}/{shares}"));
            }
            let state = &world.state;
            let grown = |(_, loan): (u32, &Loan)| loan.grown(reserve(state)).unwrap().get();
            let owed: u128 = state.loans.iter().map(grown).sum();
            let lent = reserve(state).held.borrowed.get();
            // Indexes have 60 bits behind the point: one step of them is a step for each atom owed.
            most = most.max(owed);
            let dust = (count * 3) * (most / Fixed60::ONE + 2) * 2;
            if owed.abs_diff(lent) > dust {
                return Err(format!("{step:?}: {owed} owed, {lent} lent"));
            }
        }
        Ok(())
    });
}

/// Whoever supplies and withdraws at once, whenever that is, has no more than before.
#[test]
fn a_round_trip_gains_nothing() {
    property((vec(step(), 1..40), 1u128..10_000), |(steps, amount)| {
        let world = &mut world(policy());
        for step in &steps {
            send(world, step);
        }
        let before = world.balance("dave");
        if world.send("dave", supply("dave", amount)).is_err() {
            return Ok(());
        }
        let bought = shares(&world.state, "dave");
        world.must("dave", withdraw("dave", bought));
        let after = world.balance("dave");
        if after > before { Err(format!("{before} became {after}")) } else { Ok(()) }
    });
}
