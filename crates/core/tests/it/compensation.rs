//! Compensation: who gets what of a loss, once each, and where the rest goes.

use crate::run::property;
use backstop_core::{
    Body, RejectCode as C, State,
    command::{
        AssessVaultLoss, ChallengeClaimsRoot, ClaimCompensation, ClaimQueued, CloseClaims,
        CountClaims, DisputeVaultLoss, FillQueue, LeaveQueue, OpenAccount, OpenClaims, Opening,
        OpeningAccount, PayClaims, PayCompensation, PublishClaimsRoot, QueueWithdrawal,
        RecogniseLoss, TakeFees,
    },
    compensation::{
        claims,
        root::{Leaf, Tree},
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
use proptest::collection::vec;

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
    ClaimCompensation { account: label(account), loss: LOSS, proof: None }
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
    let mut wrong = leaves(world);
    wrong[0].index += 1;
    world.must("risk", publish(&wrong));
    world.must("keeper", challenge(&wrong, 0));
    world.must("keeper", count_claims(world, 0, 1));
    world.must("risk", publish(&leaves(world)));
    world.must("keeper", claim("alice"));
    world.wait(Span::days(180));
    world.must("keeper", CloseClaims { loss: LOSS });
}

/// What the ledger says of all claims.
pub(crate) fn leaves(world: &World) -> Vec<Leaf> {
    claims::leaves(&world.state, LOSS).unwrap()
}

fn tree(leaves: &[Leaf]) -> Tree {
    Tree::new(leaves.iter().map(Leaf::hash).collect())
}

pub(crate) fn publish(leaves: &[Leaf]) -> PublishClaimsRoot {
    let total = leaves.iter().map(|leaf| leaf.amount.get()).sum();
    let (root, count) = (tree(leaves).root().unwrap(), u32::try_from(leaves.len()).unwrap());
    PublishClaimsRoot { loss: LOSS, root, count, total: Amount::new(total) }
}

pub(crate) fn prove(leaves: &[Leaf], at: usize) -> Vec<Hash> {
    tree(leaves).proof(leaves[at].hash()).unwrap()
}

pub(crate) fn challenge(leaves: &[Leaf], at: usize) -> ChallengeClaimsRoot {
    let Leaf { index, account, amount } = leaves[at];
    ChallengeClaimsRoot { loss: LOSS, index, account, amount, proof: prove(leaves, at) }
}

/// The next part of the keeper's count.
pub(crate) fn count_claims(world: &World, from: usize, many: usize) -> CountClaims {
    let mut leaves = leaves(world);
    leaves.sort_by_key(Leaf::hash);
    let holders = leaves.iter().map(|leaf| leaf.account).skip(from).take(many).collect();
    let [count, from] = [leaves.len(), from].map(|number| u32::try_from(number).unwrap());
    CountClaims { account: label("keeper"), loss: LOSS, count, from, holders }
}

#[test]
fn a_loss_is_made_good() {
    let world = &mut lost(policy());
    // Alice runs before it is certain, and has no less of a claim for it; who comes later has none.
    world.must("alice", withdraw("alice", 500, None));
    world.must("erin", deposit("erin", 1_000));
    realised(world);
    world.must("op", assess(None, &[]));
    // 262 are socialised: 800 of the 1,000 shares have a claim. What alice gave up of the 38 that came right is no loss.
    let assessed = held(&world.state).assessment.clone();
    assert_eq!((assessed.eligible, assessed.amount), (Shares::new(800), Amount::new(208)));
    world.must("bob", pay_in("bob", 101));
    world.must("erin", pay_in("erin", 100));
    let before =
        world.state.ledger.owed(LedgerAccount::VaultIdle(VAULT), backstop_units::AssetId::new(0));
    assert_eq!(held(&world.state).shortfall(&world.state), Ok(Amount::new(7)));
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
    fn moves()(all in vec((0usize..4, 1u128..400, 0usize..6), 0..12)) -> Vec<Move> { all }
}

/// Who moves how much, and how.
type Move = (usize, u128, usize);

const NAMES: [&str; 4] = ["alice", "dave", "erin", "carol"];

fn queue(name: &str, shares: u128) -> QueueWithdrawal {
    QueueWithdrawal { account: label(name), vault: label(SAFE), shares: Shares::new(shares) }
}

/// Sends a command under the witness's eyes.
fn act(world: &mut World, witness: &mut Witness, name: &str, body: impl Into<Body>) {
    let state = world.state.clone();
    if world.send(name, body).is_ok() {
        witness.see(&state, &world.state, &world.events);
    }
}

/// A vault that loses most of 400, with moves before the occurrence and after it.
fn lived(before: &[Move], after: &[Move]) -> (World, Witness) {
    let mut world = world(VaultPolicy { dead_shares: Shares::new(10), ..policy() });
    let mut seen = Witness::new(&world.state);
    let (world_, witness) = (&mut world, &mut seen);
    act(world_, witness, "alice", deposit("alice", 700));
    act(world_, witness, "dave", deposit("dave", 311));
    for (who, some, _) in before {
        act(world_, witness, NAMES[*who], deposit(NAMES[*who], *some));
    }
    act(world_, witness, "erin", invest(CASH));
    act(world_, witness, "dave", queue("dave", 97));
    act(world_, witness, "bob", pledge("bob", 1_000));
    act(world_, witness, "bob", borrow("bob", 400));
    let state = world_.state.clone();
    price(world_, 100);
    witness.see(&state, &world_.state, &[]);
    act(world_, witness, "keeper", impair("bob"));
    for (who, some, how) in after {
        let (name, vault) = (NAMES[*who], label(SAFE));
        let body: Body = match how {
            0 => deposit(name, *some).into(),
            1 => withdraw(name, *some, None).into(),
            2 => queue(name, *some).into(),
            3 => FillQueue { vault, reserve: None }.into(),
            4 => LeaveQueue { account: label(name), vault }.into(),
            _ => ClaimQueued { account: label(name), vault }.into(),
        };
        act(world_, witness, name, body);
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
        roots(world).map_err(|what| format!("roots: {what}"))?;
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
        if sum + back != paid || back > 4 {
            return Err(format!("{sum} claimed, {back} back of {paid}"));
        }
        Ok(())
    });
}

/// Every holder's leaf is proved, a wrong one strikes the root whichever it is, and a count in parts comes to the same
/// root.
fn roots(world: &mut World) -> Result<(), String> {
    let right = leaves(world);
    let sum: u128 = right.iter().map(|leaf| leaf.amount.get()).sum();
    let money = held(&world.state).claims.unwrap().money;
    if sum > money.get() || money.get() - sum > 4 {
        return Err(format!("{sum} of {money}"));
    }
    for at in 0..right.len() {
        let mut wrong = right.clone();
        match at % 3 {
            0 => wrong[at].index += 1_000,
            1 => wrong[at].account = label("carol"),
            _ => wrong[at].amount = Amount::new(wrong[at].amount.get() ^ 1),
        }
        let bent = publish(&wrong);
        if bent.total > money {
            continue;
        }
        world.must("risk", bent);
        for shown in 0..wrong.len() {
            let sent = world.send("dave", challenge(&wrong, shown)).map_err(|reject| reject.code);
            match (sent, shown == at) {
                (Ok(_), true) => break,
                (Err(C::LeafRight), false) => {}
                (sent, _) => return Err(format!("leaf {shown} of a root wrong at {at}: {sent:?}")),
            }
        }
        if held(&world.state).root.is_some() {
            return Err(format!("a root wrong at {at} stands"));
        }
    }
    for from in 0..right.len() {
        let count = count_claims(world, from, 1);
        world.must("keeper", count);
    }
    let own = held(&world.state).root.ok_or("no root")?;
    let want = publish(&right);
    if (own.root, own.count, own.total, own.counted) != (want.root, want.count, want.total, true) {
        return Err(format!("{own:?}, not {want:?}"));
    }
    Ok(())
}

/// Open claims of alice, 125, and dave, 75.
pub(crate) fn opened() -> World {
    let mut world = lost(policy());
    realised(&mut world);
    world.must("op", assess(None, &[]));
    world.must("bob", pay_in("bob", 200));
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
    world
}

/// Claims need no root, and one of their own with a proof waits until the root stands.
#[test]
fn a_root_stands_and_is_overruled() {
    let world = &mut opened();
    let right = leaves(world);
    let names: Vec<_> = right.iter().map(|leaf| (leaf.account, leaf.amount.get())).collect();
    assert_eq!(names, [(label("alice"), 125), (label("dave"), 75)]);
    // Dave is left out, and alice put in twice: no leaf is wrong, so no challenge finds it.
    let unfair = [right[0], right[0]];
    let lie = PublishClaimsRoot { total: Amount::new(200), ..publish(&unfair) };
    world.must("risk", lie);
    assert_eq!(world.send("dave", challenge(&unfair, 0)).unwrap_err().code, C::LeafRight);
    let by_alice = ClaimCompensation { proof: Some(prove(&right, 0)), ..claim("alice") };
    assert_eq!(world.send("alice", by_alice.clone()).unwrap_err().code, C::RootWaits);
    world.wait(Span::days(3));
    assert_eq!(world.send("dave", challenge(&unfair, 0)).unwrap_err().code, C::RootStands);
    // Only a count does, and the right proof is right from then on.
    let short = CountClaims { count: 1, ..count_claims(world, 0, 1) };
    assert_eq!(world.send("keeper", short).unwrap_err().code, C::HoldersMissing);
    world.must("keeper", count_claims(world, 0, 1));
    let first = world.state.claim_counts.get(0).unwrap().clone();
    assert_eq!((first.stream.taken, first.stream.count, world.state.claim_counts.len()), (1, 2, 1));
    world.must("keeper", count_claims(world, 1, 1));
    let root = held(&world.state).root.unwrap();
    assert_eq!((root.root, root.counted, root.stands_at), (publish(&right).root, true, world.now));
    world.must("alice", by_alice);
    // The root is over all claims, those that were paid too.
    world.must("dave", claim("dave"));
    assert_eq!(leaves(world), right);
    let restored = State::from_bytes(&world.state.to_bytes()).unwrap();
    let keeper = world.state.account_id(label("keeper")).unwrap();
    assert_eq!(restored.hash(), world.state.hash());
    assert_eq!(restored.claim_count(LOSS, keeper), world.state.claim_count(LOSS, keeper));
    invariants::check(&world.state).unwrap();
}

fn kin(number: u32) -> String {
    format!("kin-{number}")
}

/// A vault that alice, dave and two accounts of the curator's group hold; 63 more of that group have a little money.
fn family() -> World {
    let mut world = world(policy());
    for number in 0..65 {
        let (name, amount) = (label(&kin(number)), Amount::new(50));
        let group = Some(label("carol"));
        world.must("op", OpenAccount { label: name, group, venue: None });
        let (account, asset) = (OpeningAccount::Account(name), label("usdt"));
        world.must("op", Opening { account, asset, amount });
    }
    for (name, amount) in [("alice", 600), (&kin(0), 10), ("dave", 380), (&kin(1), 10)] {
        world.must(name, deposit(name, amount));
    }
    world
}

/// As many accounts of the curator's group hold the vault as may.
pub(crate) fn crowd() -> World {
    let mut world = family();
    for number in 2..64 {
        world.must(&kin(number), deposit(&kin(number), 5));
    }
    world
}

/// Accounts of the curator's owner group claim nothing, and what they held is in nobody's denominator, named or not.
#[test]
fn the_curators_group_is_left_out() {
    let mut world = family();
    world.must("erin", invest(CASH));
    fall(&mut world);
    let world = &mut world;
    // One of them runs, and another comes after the loss.
    world.must(&kin(0), withdraw(&kin(0), 10, None));
    world.must(&kin(2), deposit(&kin(2), 9));
    realised(world);
    world.must("op", assess(None, &[&kin(1)]));
    assert_eq!(held(&world.state).assessment.eligible, Shares::new(980));
    let paid = held(&world.state).assessment.amount.get().min(98);
    world.must("bob", pay_in("bob", paid));
    world.wait(Span::days(3));
    world.must("risk", OpenClaims { loss: LOSS });
    for number in 0..3 {
        let name = kin(number);
        assert_eq!(world.send("keeper", claim(&name)).unwrap_err().code, C::ClaimExcluded);
    }
    let own: Vec<_> = leaves(world).iter().map(|leaf| leaf.amount.get()).collect();
    assert_eq!(own, [60, 38]);
    invariants::check(&world.state).unwrap();
}

/// A loss tells 64 of them apart: the next one finds no place, and those inside may add.
#[test]
fn a_crowd_of_the_curators_is_bounded() {
    let world = &mut crowd();
    assert_eq!(world.send("kin-64", deposit("kin-64", 5)).unwrap_err().code, C::AffiliatesFull);
    world.must("kin-63", deposit("kin-63", 5));
    world.must("erin", deposit("erin", 5));
    assert_eq!(world.state.vaults.get(VAULT).unwrap().kin.count, 64);
    invariants::check(&world.state).unwrap();
}

/// A vault with a year's fees pending and a loss that is not certain.
pub(crate) fn earning(fees_bear_losses: bool) -> World {
    let management = backstop_units::Bps::new(1_000);
    let mut world = world(VaultPolicy { management, fees_bear_losses, ..policy() });
    world.must("alice", deposit("alice", 1_000));
    world.must("erin", invest(CASH));
    world.wait(Span::days(365));
    world.must("carol", deposit("carol", 100));
    fall(&mut world);
    world
}

/// Pending fees bear a loss first, so they stay while one may come.
#[test]
fn fees_wait_for_a_loss_to_end() {
    let take = TakeFees { vault: label(SAFE), reserve: None };
    for (bear, code) in [(true, Some(C::FeesWait)), (false, None)] {
        let mut world = earning(bear);
        let sent = world.send("carol", take.clone());
        assert_eq!(sent.err().map(|reject| reject.code), code);
        realised(&mut world);
        let sent = world.send("carol", take.clone()).map_err(|reject| reject.code);
        assert!(matches!(sent, Ok(_) | Err(C::NothingDelivered)), "{sent:?}");
    }
}
