//! Losses of vaults: what is recorded, who held then, and what came of it.

use crate::run::property;
use backstop_core::{
    Body, RejectCode as C, State,
    command::{ChargeFees, MarkImpairment, RecogniseLoss, SocialiseLoan},
    invariants,
    lending::vault::{loss::Standing, snapshot::shares_at},
    policy::VaultPolicy,
    state::VaultLoss,
};
use backstop_testkit::{
    World,
    compensation::Witness,
    label,
    lending::{CASH, borrow, impair, liquidate, pledge, price, repay, socialise, supply},
    vault::{SAFE, SPARE, deposit, invest, policy, redeem, withdraw, world},
};
use backstop_units::{Amount, Bps, Fixed60, Seq, Shares, Span, VaultId};
use proptest::{collection::vec, prelude::*};

const VAULT: VaultId = VaultId::new(0);

fn recognise() -> RecogniseLoss {
    RecogniseLoss { vault: label(SAFE) }
}

fn losses(state: &State) -> Vec<VaultLoss> {
    state.vault_losses.iter().map(|(_, loss)| *loss).collect()
}

/// Provisional, lost and come right, in whole atoms.
fn amounts(world: &World, loss: usize) -> [u128; 3] {
    let amounts = losses(&world.state)[loss].amounts(&world.state).unwrap();
    [amounts.provisional, amounts.socialised, amounts.released].map(|one| one.ceil().get())
}

fn standing(world: &World, loss: usize) -> Standing {
    losses(&world.state)[loss].amounts(&world.state).unwrap().standing()
}

fn held(world: &World, name: &str, loss: u32) -> u128 {
    let account = world.state.account_id(label(name)).unwrap();
    let (_, holding) = world.state.holding(VAULT, account).unwrap();
    shares_at(&world.state, holding, loss).unwrap().get()
}

/// A vault of alice's 600 and dave's 400, of which 600 are in the reserve that lends to bob 500 and to erin.
fn lent(rules: VaultPolicy) -> World {
    let mut world = world(rules);
    world.must("alice", deposit("alice", 600));
    world.must("dave", deposit("dave", 400));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 500));
    world
}

/// Records and cushioned losses, at the end of the story of vaults.
pub(crate) fn story(world: &mut World) {
    price(world, 1_000);
    world.must("bob", pledge("bob", 100_000));
    world.must("bob", borrow("bob", 20_000));
    price(world, 100);
    world.wait(Span::hours(1));
    world.must("keeper", impair("bob"));
    world.must("keeper", recognise());
    world.must("carol", liquidate("bob", "carol", 100_000));
    world.must("risk", socialise("bob", None));
    world.must("keeper", ChargeFees { vault: label(SAFE) });
}

/// 200 of bob's 500 count: 300 of the 600 there are lacking. Alice leaves in between with half of what she has; it
/// changes nothing for anybody.
#[test]
fn a_run_changes_nobodys_part() {
    for run in [false, true] {
        let world = &mut lent(policy());
        price(world, 250);
        world.must("keeper", impair("bob"));
        let at = world.now;
        world.wait(Span::from_ms(5));
        if run {
            world.must("alice", withdraw("alice", 300, None));
        } else {
            world.must("keeper", recognise());
        }
        let loss = losses(&world.state)[0];
        assert_eq!(
            (loss.at, loss.count, loss.held, loss.shares),
            (at, 0, Shares::new(600), Shares::new(1_000))
        );
        assert_eq!(loss.net.floor(), Amount::new(700));
        assert_eq!((amounts(world, 0), standing(world, 0)), ([300, 0, 0], Standing::Provisional));
        world.must("erin", deposit("erin", 1_000));
        assert_eq!(
            [held(world, "alice", 0), held(world, "dave", 0), held(world, "erin", 0)],
            [600, 400, 0]
        );
        // All of bob's ore goes for 238; 262 of his debt are lost, and 38 of the mark come right.
        world.must("erin", liquidate("bob", "erin", 500));
        world.must("risk", socialise("bob", None));
        assert_eq!((amounts(world, 0), standing(world, 0)), ([0, 262, 39], Standing::Recognised));
        // What alice gave up of what came right is with those who stayed: no more was lost for it.
        let borne = losses(&world.state)[0].borne(&world.state).unwrap();
        assert_eq!(borne.ceil(), Amount::new(262), "{run}");
        // Nothing is recorded twice.
        assert_eq!(world.send("keeper", recognise()).unwrap_err().code, C::NothingLost);
        invariants::check(&world.state).unwrap();
    }
}

/// The price comes back: nothing was lost, and what who left gave up is with the others.
#[test]
fn what_comes_right_is_void() {
    let world = &mut lent(policy());
    price(world, 250);
    world.must("keeper", impair("bob"));
    let before = world.balance("alice");
    world.must("alice", withdraw("alice", 300, None));
    assert_eq!(world.balance("alice").get() - before.get(), 210);
    price(world, 1_000);
    world.must("keeper", impair("bob"));
    assert_eq!((amounts(world, 0), standing(world, 0)), ([0, 0, 300], Standing::Void));
    let borne = losses(&world.state)[0].borne(&world.state).unwrap();
    assert_eq!(borne, Fixed60::ZERO);
    assert_eq!(world.send("keeper", recognise()).unwrap_err().code, C::NothingLost);
}

/// Parts of one impairment are one loss; more than was marked is another, of who holds then.
#[test]
fn a_debt_in_parts() {
    let world = &mut lent(policy());
    price(world, 1);
    world.must("keeper", impair("bob"));
    world.must("keeper", recognise());
    assert_eq!(amounts(world, 0), [500, 0, 0]);
    world.must("alice", withdraw("alice", 600, None));
    assert_eq!(held(world, "alice", 0), 600);
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", Some(100)));
    assert_eq!((amounts(world, 0), standing(world, 0)), ([400, 100, 1], Standing::Recognised));
    world.must("risk", socialise("bob", None));
    assert_eq!(amounts(world, 0), [0, 500, 1]);
    assert_eq!(losses(&world.state).len(), 1);
    // Bob borrows again, and nobody marks it before it is lost.
    price(world, 1_000);
    world.must("dave", deposit("dave", 200));
    world.must("erin", invest(SPARE));
    world.must("bob", pledge("bob", 100));
    world.must("bob", borrow("bob", 10));
    price(world, 1);
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", None));
    world.must("keeper", recognise());
    assert_eq!((amounts(world, 1), standing(world, 1)), ([0, 9, 0], Standing::Recognised));
    let all = losses(&world.state);
    assert_eq!((all[1].count, all[1].earlier), (1, Some(backstop_units::VaultLossId::new(0))));
    assert_eq!((held(world, "alice", 0), held(world, "alice", 1)), (600, 0));
    assert!(held(world, "dave", 1) > held(world, "dave", 0));
    invariants::check(&world.state).unwrap();
}

/// Two borrowers fall one after the other; the first comes right, the second is lost: the loss is of who
/// held when the second fell.
#[test]
fn each_loan_has_its_own_moment() {
    let world = &mut lent(policy());
    world.must("carol", pledge("carol", 10_000));
    world.must("carol", borrow("carol", 50));
    price(world, 250);
    world.must("keeper", impair("bob"));
    world.must("erin", deposit("erin", 1_000));
    price(world, 1);
    world.must("keeper", impair("carol"));
    world.must("dave", withdraw("dave", 400, None));
    assert_eq!((amounts(world, 0), amounts(world, 1)), ([300, 0, 0], [42, 0, 0]));
    price(world, 1_000);
    world.must("keeper", impair("bob"));
    assert_eq!((amounts(world, 0), amounts(world, 1)), ([0, 0, 300], [42, 0, 0]));
    price(world, 1);
    world.must("alice", liquidate("carol", "alice", 50));
    world.must("risk", socialise("carol", None));
    assert_eq!(standing(world, 0), Standing::Void);
    assert_eq!(standing(world, 1), Standing::Recognised);
    assert_eq!(
        [held(world, "erin", 0), held(world, "dave", 0), held(world, "dave", 1)],
        [0, 400, 400]
    );
    assert!(held(world, "erin", 1) > 0);
}

/// Every fall of the price is a moment of its own while somebody looks, up to as many as are kept.
#[test]
fn a_long_fall() {
    let world = &mut lent(policy());
    for (count, thousand) in (200..600).rev().step_by(20).enumerate() {
        price(world, thousand);
        world.must("keeper", impair("bob"));
        // From the seventeenth on it counts to the sixteenth.
        let noticed = world.send("keeper", recognise()).is_ok();
        assert_eq!(noticed, count < 16, "{thousand}");
        invariants::check(&world.state).unwrap();
    }
    let loan = world.state.loans.get(0).unwrap();
    assert_eq!((loan.lacks.len(), losses(&world.state).len()), (16, 16));
    let sum: u128 = (0..16).map(|loss| amounts(world, loss)[0]).sum();
    assert!((325..=345).contains(&sum), "{sum}");
    // Halfway back: the last marks come right first.
    price(world, 500);
    world.must("keeper", impair("bob"));
    assert_eq!(
        (amounts(world, 0)[1..].to_vec(), standing(world, 15)),
        (vec![0, 0], Standing::Void)
    );
    assert_eq!(standing(world, 0), Standing::Provisional);
    price(world, 1_000);
    world.must("bob", repay("bob", 1_000));
    assert!((0..16).all(|loss| standing(world, loss) == Standing::Void));
    invariants::check(&world.state).unwrap();
}

/// Pending fees bear a loss first; depositors have lost only the rest. Two reserves are two losses.
#[test]
fn fees_and_reserves() {
    let rules = VaultPolicy { management: Bps::new(1_000), ..policy() };
    let world = &mut lent(rules);
    world.must("erin", invest(SPARE));
    let spare = label(SPARE);
    let mut bodies: Vec<Body> = vec![pledge("carol", 1_000).into(), borrow("carol", 100).into()];
    for body in &mut bodies {
        match body {
            Body::Pledge(it) => it.reserve = spare,
            Body::Borrow(it) => it.reserve = spare,
            _ => unreachable!(),
        }
    }
    for body in bodies {
        world.must("carol", body);
    }
    world.wait(Span::days(365));
    world.must("keeper", ChargeFees { vault: label(SAFE) });
    let pending = world.state.vaults.get(VAULT).unwrap().held.pending;
    assert_eq!(pending.ceil(), Amount::new(100));
    price(world, 1);
    let mut seize = liquidate("carol", "dave", 200);
    seize.reserve = spare;
    world.must("dave", seize);
    world.must("dave", liquidate("bob", "dave", 1_000));
    world.must("risk", socialise("bob", None));
    world.must("risk", SocialiseLoan { account: label("carol"), reserve: spare, amount: None });
    world.must("keeper", recognise());
    let all = losses(&world.state);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].seq, Seq::new(all[1].seq.get() - 1));
    let sum = all.iter().fold(Fixed60::ZERO, |sum, loss| sum.saturating_add(loss.cushioned));
    assert!(sum <= pending && sum.ceil() == Amount::new(100), "{sum}");
    for loss in &all {
        let lost = loss.amounts(&world.state).unwrap().socialised;
        assert_eq!(loss.borne(&world.state), Ok(lost.saturating_sub(loss.cushioned)));
    }
    assert!(all[1].cushioned.is_zero());
}

/// One step in the life of a vault that loses.
#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, u128),
    Withdraw(usize, u128, bool),
    Redeem(usize, u128),
    Invest,
    Supply(u128),
    Borrow(usize, u128),
    Repay(usize, u128),
    Pledge(usize, u128),
    Price(u128),
    Mark(usize),
    Liquidate(usize, u128),
    Socialise(usize, Option<u128>),
    Recognise,
    Wait(u64),
}

const HOLDERS: [&str; 3] = ["alice", "dave", "erin"];
const BORROWERS: [&str; 2] = ["bob", "carol"];

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..HOLDERS.len(), prop_oneof![1u128..50, 1u128..5_000]);
    let owes = 0..BORROWERS.len();
    prop_oneof![
        3 => (who.clone(), some.clone()).prop_map(|(who, some)| Step::Deposit(who, some)),
        3 => (who.clone(), some.clone(), any::<bool>())
            .prop_map(|(who, some, from)| Step::Withdraw(who, some, from)),
        1 => (who, some.clone()).prop_map(|(who, some)| Step::Redeem(who, some)),
        2 => Just(Step::Invest),
        1 => some.clone().prop_map(Step::Supply),
        3 => (owes.clone(), some.clone()).prop_map(|(who, some)| Step::Borrow(who, some)),
        1 => (owes.clone(), some.clone()).prop_map(|(who, some)| Step::Repay(who, some)),
        1 => (owes.clone(), some.clone()).prop_map(|(who, some)| Step::Pledge(who, some)),
        3 => (1u128..1_500).prop_map(Step::Price),
        4 => owes.clone().prop_map(Step::Mark),
        1 => (owes.clone(), some.clone()).prop_map(|(who, some)| Step::Liquidate(who, some)),
        2 => (owes, proptest::option::of(some)).prop_map(|(who, some)| Step::Socialise(who, some)),
        2 => Just(Step::Recognise),
        1 => (0u64..200).prop_map(Step::Wait),
    ]
}

fn body(step: &Step) -> (&'static str, Body) {
    let (holder, borrower) = (|who: &usize| HOLDERS[*who], |who: &usize| BORROWERS[*who]);
    match step {
        Step::Deposit(who, some) => (holder(who), deposit(holder(who), *some).into()),
        Step::Withdraw(who, some, from) => {
            (holder(who), withdraw(holder(who), *some, from.then_some(CASH)).into())
        }
        Step::Redeem(who, some) => (holder(who), redeem(holder(who), *some, CASH).into()),
        Step::Invest => ("erin", invest(CASH).into()),
        Step::Supply(some) => ("erin", supply("erin", *some).into()),
        Step::Borrow(who, some) => (borrower(who), borrow(borrower(who), *some).into()),
        Step::Repay(who, some) => (borrower(who), repay(borrower(who), *some).into()),
        Step::Pledge(who, some) => (borrower(who), pledge(borrower(who), *some).into()),
        Step::Mark(who) => {
            let account = label(borrower(who));
            ("keeper", MarkImpairment { account, reserve: label(CASH) }.into())
        }
        Step::Liquidate(who, some) => ("erin", liquidate(borrower(who), "erin", *some).into()),
        Step::Socialise(who, some) => ("risk", socialise(borrower(who), *some).into()),
        Step::Recognise | Step::Price(_) | Step::Wait(_) => ("keeper", recognise().into()),
    }
}

/// Sends a step under the witness's eyes. What is socialised is bare first.
fn send(world: &mut World, witness: &mut Witness, step: &Step) {
    let mut see = |world: &mut World, actor: &str, body: Body| {
        let before = world.state.clone();
        if world.send(actor, body).is_ok() {
            witness.see(&before, &world.state, &world.events);
        }
    };
    match step {
        Step::Wait(hours) => world.wait(Span::hours(*hours)),
        Step::Price(thousand) => {
            let before = world.state.clone();
            price(world, *thousand);
            witness.see(&before, &world.state, &[]);
        }
        Step::Socialise(who, _) => {
            let name = BORROWERS[*who];
            see(world, "erin", liquidate(name, "erin", u128::from(u32::MAX)).into());
            let (actor, body) = body(step);
            see(world, actor, body);
        }
        other => {
            let (actor, body) = body(other);
            see(world, actor, body);
        }
    }
}

/// Whatever happens, a record knows who held when it occurred, and what came of each mark, as the witness does
/// who kept everything.
#[test]
fn records_are_what_a_witness_saw() {
    property(vec(step(), 1..60), |steps| {
        let world = &mut world(VaultPolicy { dead_shares: Shares::new(10), ..policy() });
        let mut witness = Witness::new(&world.state);
        let start =
            [Step::Pledge(0, 5_000), Step::Pledge(1, 5_000), Step::Deposit(0, 4_000), Step::Invest];
        for step in start.iter().chain(&steps) {
            send(world, &mut witness, step);
            invariants::check(&world.state).map_err(|corrupt| format!("{step:?}: {corrupt}"))?;
            let reserve = world.state.reserves.get(backstop_units::ReserveId::new(0)).unwrap();
            if reserve.sound().supply().unwrap().is_zero() && !reserve.impaired.is_zero() {
                // Lenders can't lose more than there is; the witness does not know.
                return Ok(());
            }
        }
        let state = &world.state;
        for loss in losses(state) {
            let amounts = loss.amounts(state).unwrap();
            let got = [amounts.provisional, amounts.socialised, amounts.released];
            let noticed = noticed(world, &loss);
            let told = witness.told(&loss, noticed);
            let got = got.map(|one| one.floor().get());
            if got.iter().zip(told).any(|(got, told)| got.abs_diff(told) > 2) {
                return Err(format!("{loss:?}: {got:?}, told {told:?}"));
            }
            let seen = witness.held(&loss);
            for (_, holding) in state.holdings.iter().filter(|(_, one)| one.vault == loss.vault) {
                let held = shares_at(state, holding, loss.count).unwrap();
                let told = seen.get(&holding.account).copied().unwrap_or_default();
                if held != told {
                    return Err(format!("{holding:?} at {}: {held}, told {told}", loss.count));
                }
            }
        }
        Ok(())
    });
}

/// The record of the log in which a loss was noticed.
fn noticed(world: &World, loss: &VaultLoss) -> Seq {
    let found = (0u64..).zip(&world.log).find_map(|(seq, bytes)| {
        let record = backstop_core::Record::decode(bytes).ok()?;
        let wrote = |event: &backstop_core::Event| match event {
            backstop_core::Event::Vault(backstop_core::event::VaultEvent::LossRecorded {
                record,
                ..
            }) => record.count == loss.count,
            _ => false,
        };
        record.events.iter().any(wrote).then_some(Seq::new(seq))
    });
    found.unwrap()
}
