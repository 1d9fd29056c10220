//! Insurance pools: worked numbers, who may do what, and properties over random lives.

use crate::run::property;
use backstop_core::{
    RejectCode as C, State,
    command::{
        CancelPoolExit, CarryRelease, ChargeFees, DepositVault, DisputeRelease, Execute, Invest,
        OpenAccount, Propose, RecogniseLoss, ReleasePool, SetPoolSigner, SetRoles, StakePool,
    },
    event::{Event, PoolEvent},
    invariants,
    ledger::LedgerAccount,
    lending::vault::touch::preview,
    policy::{
        BreachCause, InsurancePolicy, MatchExit, MatchPolicy, MatchYield, PoolMode, PoolSigner,
        Role, Roles, VaultPolicy,
    },
    pool::{book::InsurancePool, coverage::coverage, liable::releasable},
};
use backstop_testkit::{
    World, keys, label,
    lending::{self, CASH, borrow, impair, liquidate, pledge, socialise},
    pool::{
        COUNCIL, GUARD, MATCHER, NOMINEE, accept, announce, claim, create, exit, exit_matched,
        matching, offer, release, second, signed, stake, world,
    },
    vault::{SAFE, deposit, invest, policy as vault_policy, withdraw},
};
use backstop_units::{AccountId, Amount, Ppm, Shares, Span, VaultId, VaultLossId};
use proptest::{collection::vec, prelude::*};

pub(crate) const VAULT: VaultId = VaultId::new(0);
const MONTH: Span = Span::days(30);

fn policy(cap: u128) -> InsurancePolicy {
    backstop_testkit::pool::policy(cap)
}

pub(crate) fn pool(world: &World) -> &InsurancePool {
    world.state.insurance_pool(label(SAFE)).unwrap().1
}

pub(crate) fn account(state: &State, name: &str) -> AccountId {
    state.account_id(label(name)).unwrap()
}

/// Shares that an account holds outside of the pool.
pub(crate) fn held(world: &World, name: &str) -> u128 {
    let state = &world.state;
    state.holding(VAULT, account(state, name)).map_or(0, |(_, holding)| holding.shares.get())
}

/// Shares of the stakers' tranche and of the matched one.
pub(crate) fn locked(world: &World) -> (u128, u128) {
    (pool(world).own.shares.get(), pool(world).matched.shares.get())
}

/// Everybody deposits, a share an atom.
fn begun(cap: u128) -> World {
    with(InsurancePolicy { ..policy(cap) })
}

fn with(rules: InsurancePolicy) -> World {
    let mut world = world(vault_policy(), rules);
    for (name, amount) in [("alice", 500_000), ("carol", 300_000), (MATCHER, 300_000)] {
        world.must(name, deposit(name, amount));
    }
    world
}

fn refused(world: &mut World, actor: &str, body: impl Into<backstop_core::Body>) -> C {
    let before = world.state.hash();
    let code = world.send(actor, body).unwrap_err().code;
    assert_eq!(world.state.hash(), before);
    code
}

/// Every event of pools, on the vault of [`crate::vault::story`], of which carol is the curator.
pub(crate) fn story(world: &mut World) {
    let rules = InsurancePolicy { exit_delay: Span::days(1), ..policy(1_000) };
    world.must("carol", create(rules));
    for name in ["carol", MATCHER] {
        world.must(name, deposit(name, 2_000));
    }
    world.must("carol", stake("carol", 500));
    world.must(MATCHER, matching(None));
    world.must("carol", exit("carol", Some(100)));
    world.must("carol", CancelPoolExit { ticket: 0 });
    world.must("carol", exit("carol", Some(100)));
    world.wait(Span::days(1));
    world.must("carol", claim(1));
    world.must("carol", offer(&[COUNCIL, NOMINEE], 2));
    signed(world, "carol", accept(&[COUNCIL, NOMINEE], 2), (1, &[COUNCIL, NOMINEE])).unwrap();
    let (vault, signer) = (label(SAFE), PoolSigner::Nominee);
    let set = SetPoolSigner { vault, signer, key: keys::public(51) };
    signed(world, "carol", set, (2, &[COUNCIL])).unwrap();
    lost(world);
}

/// A loss that a second vault's pool bears at once, and that the first one's is released for.
fn lost(world: &mut World) {
    for body in second(PoolMode::FirstLoss) {
        world.must("carol", body);
    }
    let (vault, account) = (label(GUARD), label("carol"));
    let amount = Amount::new(5_000);
    world.must("carol", DepositVault { account, vault, amount, min_shares: Shares::ZERO });
    world.must("carol", StakePool { vault, ..stake("carol", 4_000) });
    world.must("erin", Invest { vault, ..invest(CASH) });
    world.wait(Span::hours(2));
    world.must("erin", invest(CASH));
    lending::price(world, 1_000);
    world.must("bob", pledge("bob", 10_000));
    world.must("bob", borrow("bob", 2_000));
    lending::price(world, 10);
    world.must("keeper", impair("bob"));
    let loss = u32::try_from(world.state.vault_losses.len()).unwrap();
    world.must("carol", exit("carol", Some(1)));
    world.must("carol", liquidate("bob", "carol", 100_000));
    world.must("risk", socialise("bob", None));
    world.must("keeper", ChargeFees { vault });
    let nominee = Some(PoolSigner::Nominee);
    signed(world, "alice", announce(loss, 1, nominee), (3, &[51])).unwrap();
    let dispute = DisputeRelease { release: 0, signer: PoolSigner::Council };
    signed(world, "alice", dispute, (4, &[COUNCIL])).unwrap();
    signed(world, "alice", release(loss, 1), (5, &[COUNCIL, 51])).unwrap();
}

/// 200,000 gives 400,000; 300,000 against a cap of 250,000 gives 550,000.
#[test]
fn one_for_one_up_to_the_cap() {
    let world = &mut begun(250_000);
    world.must("carol", stake("carol", 200_000));
    world.must(MATCHER, matching(None));
    assert_eq!(locked(world), (200_000, 200_000));
    assert_eq!(refused(world, MATCHER, matching(Some(1))), C::AboveStake);
    world.must("carol", stake("carol", 100_000));
    assert_eq!(refused(world, MATCHER, matching(Some(50_001))), C::AboveMatchCap);
    world.must(MATCHER, matching(None));
    assert_eq!(locked(world), (300_000, 250_000));
    assert_eq!(refused(world, MATCHER, matching(None)), C::AboveMatchCap);
    assert_eq!(pool(world).used, Amount::new(250_000));
    assert_eq!((held(world, "carol"), held(world, MATCHER)), (0, 50_000));
}

/// A year of interest raises what a share is worth: fewer fit under the cap, and what is in the pool has earned as
/// all have.
#[test]
fn valued_when_matched() {
    let world = &mut begun(250_000);
    let vault = label(SAFE);
    let (account, per_second) = (label("alice"), Some(Amount::new(1_000_000)));
    let amount = Amount::new(275_000);
    world.must("carol", stake("carol", 300_000));
    world.must("alice", backstop_core::command::FundRewards { account, vault, amount, per_second });
    world.wait(Span::hours(1));
    // 1,100,000 shares are worth 1,375,000.
    world.must(MATCHER, matching(None));
    assert_eq!(locked(world), (300_000, 200_000));
    assert_eq!(
        (pool(world).used, pool(world).principal),
        (Amount::new(250_000), Amount::new(250_000))
    );
}

/// The whole of an exit: signal, day 30, claim by its owner; what is matched leaves beside it.
#[test]
fn an_exit() {
    let world = &mut begun(250_000);
    world.must("carol", stake("carol", 200_000));
    world.must(MATCHER, matching(None));
    let due = world.now.plus(MONTH);
    let events = world.must("carol", exit("carol", Some(50_000))).to_vec();
    let Event::Pool(PoolEvent::PoolExitSignalled { shares, due: day, .. }) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((*shares, *day), (Shares::new(50_000), due));
    world.wait(Span::from_ms(MONTH.ms() - 1));
    assert_eq!(refused(world, "carol", claim(0)), C::CooldownNotOver);
    world.wait(Span::from_ms(1));
    assert_eq!(refused(world, "alice", claim(0)), C::NotOwner);
    world.must("carol", claim(0));
    assert_eq!(locked(world), (150_000, 150_000));
    assert_eq!((held(world, "carol"), held(world, MATCHER)), (150_000, 150_000));
    assert_eq!(pool(world).used, Amount::new(150_000));
    assert_eq!(refused(world, "carol", claim(0)), C::TicketClosed);
    // The rest in two exits with timers of their own; one is taken back.
    world.must("carol", exit("carol", Some(100_000)));
    world.wait(Span::days(10));
    world.must("carol", exit("carol", None));
    assert_eq!(refused(world, "carol", exit("carol", Some(1))), C::InsufficientShares);
    assert_eq!(refused(world, MATCHER, exit_matched(None)), C::MatchStays);
    world.wait(Span::days(20));
    world.must("carol", claim(1));
    assert_eq!(refused(world, "carol", claim(2)), C::CooldownNotOver);
    world.must("carol", CancelPoolExit { ticket: 2 });
    world.wait(MONTH);
    assert_eq!(refused(world, "carol", claim(2)), C::TicketClosed);
    assert_eq!(locked(world), (50_000, 50_000));
    world.must("carol", exit("carol", None));
    world.wait(MONTH);
    world.must("carol", claim(3));
    assert_eq!(locked(world), (0, 0));
    assert_eq!((held(world, "carol"), held(world, MATCHER)), (300_000, 300_000));
    assert_eq!((pool(world).used, pool(world).principal), (Amount::ZERO, Amount::ZERO));
}

/// What is on its way out counts zero, and so does what of the matched money stands beside it. The curator's group
/// is no part of what is covered.
#[test]
fn live_coverage() {
    let world = &mut begun(250_000);
    let live = |world: &World| coverage(&world.state, VAULT, pool(world)).unwrap();
    assert_eq!(live(world).live, Some(Ppm::ZERO));
    world.must("carol", stake("carol", 200_000));
    world.must(MATCHER, matching(None));
    let seen = live(world);
    // Of 1,100,000 shares the pool has 400,000, the curator 100,000 beside it.
    let counted = (seen.affiliated.get(), seen.others.get());
    assert_eq!(counted, (100_000, 600_000));
    assert_eq!(seen.live, Some(Ppm::new(666_666)));
    // What the curator waits with in the vault's queue is his as well.
    world.must("carol", crate::queue::queue("carol", 60_000));
    assert_eq!(live(world), seen);
    world.must("carol", exit("carol", Some(50_000)));
    let seen = live(world);
    assert_eq!((seen.own.1.get(), seen.matched.1.get()), (150_000, 150_000));
    assert_eq!(seen.live, Some(Ppm::new(500_000)));
    world.must("carol", exit("carol", None));
    assert_eq!(live(world).live, Some(Ppm::ZERO));
    assert_eq!(live(world).own.0.get(), 200_000);
}

fn yields(yields: MatchYield, exits: MatchExit) -> InsurancePolicy {
    let matching = policy(250_000).matching.map(|rules| MatchPolicy { yields, exits, ..rules });
    InsurancePolicy { matching, ..policy(250_000) }
}

/// A quarter more in the vault: the matcher's shares with their yield, or what he put in and the rest the stakers'.
#[test]
fn whose_the_yield_is() {
    for (whose, back, stays) in
        [(MatchYield::Matcher, 100_000, 200_000), (MatchYield::Stakers, 80_000, 220_000)]
    {
        let world = &mut with(yields(whose, MatchExit::Notice));
        world.must("carol", stake("carol", 200_000));
        world.must(MATCHER, matching(Some(100_000)));
        let (vault, account) = (label(SAFE), label("alice"));
        let (amount, per_second) = (Amount::new(275_000), Some(Amount::new(1_000_000)));
        world.must(
            "alice",
            backstop_core::command::FundRewards { account, vault, amount, per_second },
        );
        world.must(MATCHER, exit_matched(None));
        world.wait(MONTH);
        world.must(MATCHER, claim(0));
        assert_eq!(locked(world), (stays, 0), "{whose:?}");
        assert_eq!(held(world, MATCHER), 200_000 + back, "{whose:?}");
    }
}

/// Two steps to a multisig with the council; then its signatures and not the curator decide.
#[test]
fn ownership() {
    let world = &mut begun(0);
    assert_eq!(refused(world, "alice", offer(&[COUNCIL, 60], 2)), C::NotOwner);
    assert_eq!(refused(world, "carol", offer(&[60, 61], 2)), C::OwnerWithoutCouncil);
    for (seeds, threshold) in
        [(&[COUNCIL][..], 1), (&[COUNCIL, 60], 1), (&[COUNCIL, COUNCIL], 2), (&[COUNCIL, 60], 3)]
    {
        assert_eq!(refused(world, "carol", offer(seeds, threshold)), C::BadOwner, "{seeds:?}");
    }
    let both: &[u8] = &[COUNCIL, 60];
    let take = accept(both, 2);
    assert_eq!(signed(world, "alice", take.clone(), (1, both)).unwrap_err().code, C::NotOffered);
    world.must("carol", offer(both, 2));
    for (by, code) in [
        (&[60][..], C::TooFewSignatures),
        (&[COUNCIL], C::TooFewSignatures),
        (&[60, 61], C::UnknownSigner),
        (&[60, 60], C::DuplicateSigner),
    ] {
        assert_eq!(signed(world, "alice", take.clone(), (1, by)).unwrap_err().code, code, "{by:?}");
    }
    // Three of whom two sign: not without the council.
    let three: &[u8] = &[COUNCIL, 60, 61];
    world.must("carol", offer(three, 2));
    let other = accept(three, 2);
    let without = signed(world, "alice", other, (1, &[60, 61])).unwrap_err().code;
    assert_eq!(without, C::TooFewSignatures);
    assert_eq!(signed(world, "alice", take.clone(), (1, both)).unwrap_err().code, C::NotOffered);
    world.must("carol", offer(both, 2));
    signed(world, "alice", take.clone(), (1, both)).unwrap();
    assert_eq!(signed(world, "alice", take, (1, both)).unwrap_err().code, C::NonceUsed);
    // Carol alone no longer.
    assert_eq!(refused(world, "carol", offer(three, 2)), C::TooFewSignatures);
    signed(world, "alice", offer(three, 2), (2, both)).unwrap();
    signed(world, "alice", accept(three, 2), (3, &[COUNCIL, 61])).unwrap();
    assert_eq!(pool(world).owner.as_ref().unwrap().keys.len(), 3);
}

/// Each key is replaced by whose it is, with the other's signature.
#[test]
fn signers() {
    let world = &mut begun(0);
    let set = |signer, seed| SetPoolSigner { vault: label(SAFE), signer, key: keys::public(seed) };
    let mut code = |actor: &str, body: SetPoolSigner, by: (u64, &[u8])| {
        signed(world, actor, body, by).map_err(|reject| reject.code)
    };
    let nominee = set(PoolSigner::Nominee, 51);
    for (by, wanted) in [
        (&[NOMINEE][..], C::UnknownSigner),
        (&[COUNCIL, NOMINEE], C::UnknownSigner),
        (&[], C::TooFewSignatures),
    ] {
        assert_eq!(code("carol", nominee.clone(), (1, by)), Err(wanted), "{by:?}");
    }
    assert_eq!(code("alice", nominee.clone(), (1, &[COUNCIL])), Err(C::NotOwner));
    let same = set(PoolSigner::Nominee, COUNCIL);
    assert_eq!(code("carol", same, (1, &[COUNCIL])), Err(C::OneSigner));
    assert_eq!(code("carol", nominee.clone(), (1, &[COUNCIL])), Ok(()));
    assert_eq!(code("carol", nominee, (1, &[COUNCIL])), Err(C::NonceUsed));
    let council = set(PoolSigner::Council, 2);
    assert_eq!(code("carol", council.clone(), (2, &[51])), Err(C::RoleMissing));
    world.must("op", OpenAccount { label: label("sec"), group: None, venue: None });
    let roles = Roles::of(&[Role::Council]);
    world.must("op", SetRoles { account: label("sec"), roles });
    let by_old = signed(world, "sec", council.clone(), (2, &[NOMINEE]));
    assert_eq!(by_old.unwrap_err().code, C::UnknownSigner);
    signed(world, "sec", council, (2, &[51])).unwrap();
    let keys = [PoolSigner::Council, PoolSigner::Nominee].map(|signer| pool(world).key(signer));
    assert_eq!(keys, [2, 51].map(keys::public));
}

/// The rules of a pool are for ever: there is no command for them, and a proposal finds nothing to propose.
#[test]
fn rules_are_for_ever() {
    let world = &mut begun(0);
    assert_eq!(refused(world, "carol", create(policy(0))), C::InsurancePoolExists);
    let body = Box::new(create(policy(0)).into());
    let expires_at = world.now.plus(MONTH);
    let propose = Propose { body, nonce: 1, expires_at };
    assert_eq!(refused(world, "op", propose), C::NotProposable);
    let execute = Execute { proposal: backstop_units::ProposalId::new(0) };
    assert_eq!(refused(world, "op", execute), C::UnknownProposal);
    assert_eq!(pool(world).policy.exit_delay, MONTH);
}

/// A loan of half a million whose collateral falls: a pool of 300,000 stands before 700,000 of others.
pub(crate) fn lent(mode: PoolMode) -> World {
    let mut world = world(vault_policy(), InsurancePolicy { mode, ..policy(100_000) });
    for (name, amount) in [("alice", 500_000), ("carol", 300_000), (MATCHER, 200_000)] {
        world.must(name, deposit(name, amount));
    }
    world.must("carol", stake("carol", 200_000));
    world.must(MATCHER, matching(None));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 1_000_000));
    world.must("bob", borrow("bob", 500_000));
    world
}

/// The price at which bob's collateral pays most of his debt falls, and he is liquidated: what is left is lost.
pub(crate) fn lose(world: &mut World, thousand: u128) {
    lending::price(world, thousand);
    world.must("keeper", impair("bob"));
    world.must("keeper", RecogniseLoss { vault: label(SAFE) });
    world.must("erin", liquidate("bob", "erin", 1_000_000));
    world.must("risk", socialise("bob", None));
    world.must("keeper", ChargeFees { vault: label(SAFE) });
}

/// What so many shares of the vault are worth, in whole atoms.
pub(crate) fn worth(world: &World, shares: u128) -> u128 {
    let (vault, valued) = preview(&world.state, VAULT, world.now).unwrap();
    let net = valued.net(vault.held.pending);
    net.mul_div_floor(shares, vault.held.shares.get()).unwrap().floor().get()
}

pub(crate) fn left(world: &World) -> u128 {
    let (id, loss) = world.state.vault_losses.iter().next().unwrap();
    releasable(&world.state, id, loss).unwrap().get()
}

fn breaches(world: &World) -> Vec<BreachCause> {
    world.state.pool_breaches.iter().map(|(_, breach)| breach.cause).collect()
}

/// 300,000 of collateral bring 285,715 after the bonus: 214,285 are lost. The stakers' 200,000 are burned, the rest is
/// the matcher's, and nobody else's shares fall.
#[test]
fn first_loss_burns_the_pool() {
    let world = &mut lent(PoolMode::FirstLoss);
    lose(world, 300);
    let lost = 500_000 - 285_715;
    assert_eq!(locked(world), (0, 300_000 - lost));
    assert_eq!(worth(world, 500_000), 500_000);
    assert_eq!(left(world), 0);
    assert_eq!(breaches(world), []);
    // Who stakes again begins anew and answers for what comes.
    world.must("carol", stake("carol", 50_000));
    assert_eq!(
        (locked(world).0, pool(world).own.units.get(), pool(world).own.series),
        (50_000, 50_000, 1)
    );
}

/// A read sees what the next command will burn, also for a loss that no command has looked at.
#[test]
fn a_read_foresees_what_is_burned() {
    for thousand in [100, 300, 450] {
        let world = &mut lent(PoolMode::FirstLoss);
        lending::price(world, thousand);
        world.must("keeper", impair("bob"));
        world.must("erin", liquidate("bob", "erin", 1_000_000));
        world.must("risk", socialise("bob", None));
        let foreseen = preview(&world.state, VAULT, world.now).unwrap().0.held;
        world.must("keeper", ChargeFees { vault: label(SAFE) });
        let held = &world.state.vaults.get(VAULT).unwrap().held;
        assert_eq!((foreseen.shares, foreseen.pooled), (held.shares, held.pooled));
        assert!(held.pooled < Shares::new(300_000), "{thousand}");
    }
}

/// While nothing is certain who leaves gets what he would get after it: the pool stands before him too.
#[test]
fn first_loss_stands_before_who_leaves() {
    let world = &mut lent(PoolMode::FirstLoss);
    // 240,000 are counted of 300,000: 260,000 are lacking.
    lending::price(world, 300);
    world.must("keeper", impair("bob"));
    let before = world.balance("alice");
    world.must("alice", withdraw("alice", 100_000, None));
    assert_eq!(world.balance("alice").get() - before.get(), 100_000);
    world.must("erin", liquidate("bob", "erin", 1_000_000));
    world.must("risk", socialise("bob", None));
    world.must("keeper", ChargeFees { vault: label(SAFE) });
    assert_eq!(worth(world, 400_000), 400_000);
}

/// A loss of more than the pool: it is empty, and the others bear the rest.
#[test]
fn a_loss_beyond_the_pool() {
    let world = &mut lent(PoolMode::FirstLoss);
    lose(world, 100);
    // 95,239 are repaid of 500,000.
    assert_eq!(locked(world), (0, 0));
    assert_eq!(worth(world, 700_000), 700_000 - (500_000 - 95_239 - 300_000));
    let body = release(0, 1);
    let refused = signed(world, "alice", body, (1, &[COUNCIL, NOMINEE])).unwrap_err();
    assert_eq!(refused.code, C::InsurancePoolEmpty);
}

/// Depositors bear the loss first: six tenths of it, since the curator's own 100,000 of shares claim nothing. Both signatures release that, at once, in money.
#[test]
fn an_emergency_release() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    assert_eq!(locked(world), (200_000, 100_000));
    assert_eq!(worth(world, 500_000), 500_000 - 107_143);
    assert_eq!(left(world), 128_570);
    let both: &[u8] = &[COUNCIL, NOMINEE];
    for (amount, by, code) in [
        (128_571, both, C::AboveLoss),
        (128_570, &[COUNCIL], C::TooFewSignatures),
        (128_570, &[NOMINEE], C::TooFewSignatures),
        (128_570, &[COUNCIL, COUNCIL], C::DuplicateSigner),
        (128_570, &[COUNCIL, 60], C::UnknownSigner),
        (0, both, C::ZeroAmount),
    ] {
        let got = signed(world, "alice", release(0, amount), (7, by)).unwrap_err();
        assert_eq!(got.code, code, "{amount} by {by:?}");
    }
    let unknown = signed(world, "alice", release(1, 1), (7, both)).unwrap_err();
    assert_eq!(unknown.code, C::UnknownVaultLoss);
    let before = (worth(world, 500_000), pool(world).own.units);
    signed(world, "alice", release(0, 100_000), (7, both)).unwrap();
    let again = signed(world, "alice", release(0, 1), (7, both)).unwrap_err();
    assert_eq!(again.code, C::NonceUsed);
    signed(world, "alice", release(0, 28_570), (8, both)).unwrap();
    // What rounding burned more is everybody's.
    assert!((before.0..=before.0 + 1).contains(&worth(world, 500_000)));
    assert_eq!(pool(world).own.units, before.1);
    let there = world.owed(LedgerAccount::Compensation(VaultLossId::new(0)));
    assert_eq!(there, Amount::new(128_570));
    // 128,570 at 0.785715 each are 163,635 shares, all of the stakers' tranche.
    assert_eq!(locked(world), (36_365, 100_000));
    assert_eq!(left(world), 0);
    let more = signed(world, "alice", release(0, 1), (9, both)).unwrap_err();
    assert_eq!((more.code, more.limit), (C::AboveLoss, 0u32.into()));
}

/// A vault without idle money hands its shares over.
#[test]
fn an_illiquid_vault_releases_shares() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    let idle = world.state.vaults.get(VAULT).unwrap().held.idle.get();
    let least = |world: &World| world.state.vaults.get(VAULT).unwrap().held.idle.get();
    let all = held(world, "alice");
    world.must("alice", withdraw("alice", all, None));
    assert!(least(world) < 50_000, "{idle}");
    signed(world, "alice", release(0, 100_000), (1, &[COUNCIL, NOMINEE])).unwrap();
    assert_eq!(world.owed(LedgerAccount::Compensation(VaultLossId::new(0))), Amount::ZERO);
    let escrowed = world.state.vaults.get(VAULT).unwrap().held.escrowed.get();
    assert_eq!(worth(world, escrowed), 100_000);
    let payment = world.state.pool_payments.get(0).unwrap();
    assert_eq!((payment.value, payment.shares.get()), (Amount::new(100_000), escrowed));
}

/// The curator alone after the public delay; one signer once the other has been silent; anyone once both have.
#[test]
fn later_releases() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    let council = Some(PoolSigner::Council);
    assert_eq!(refused(world, "alice", announce(0, 1_000, None)), C::NotOwner);
    assert_eq!(refused(world, "carol", announce(0, 150_000, None)), C::AboveLoss);
    assert_eq!(refused(world, "carol", announce(0, 1_000, council)), C::TooFewSignatures);
    world.must("carol", announce(0, 1_000, None));
    assert_eq!(refused(world, "alice", CarryRelease { release: 0 }), C::ReleaseWaits);
    world.wait(Span::days(3));
    world.must("alice", CarryRelease { release: 0 });
    assert_eq!(refused(world, "alice", CarryRelease { release: 0 }), C::ReleaseClosed);
    assert_eq!((left(world), breaches(world)), (127_570, vec![]));
    // The council speaks, the nominee says no: only both can pay.
    signed(world, "alice", announce(0, 2_000, council), (1, &[COUNCIL])).unwrap();
    let dispute = |release, signer| DisputeRelease { release, signer };
    let own = signed(world, "alice", dispute(1, PoolSigner::Council), (2, &[COUNCIL]));
    assert_eq!(own.unwrap_err().code, C::NotDisputable);
    signed(world, "alice", dispute(1, PoolSigner::Nominee), (2, &[NOMINEE])).unwrap();
    world.wait(Span::days(10));
    assert_eq!(refused(world, "alice", CarryRelease { release: 1 }), C::ReleaseClosed);
    // It speaks again, and the nominee is silent.
    signed(world, "alice", announce(0, 2_000, council), (3, &[COUNCIL])).unwrap();
    world.wait(Span::days(13));
    assert_eq!(refused(world, "alice", CarryRelease { release: 2 }), C::ReleaseWaits);
    world.wait(Span::days(1));
    world.must("alice", CarryRelease { release: 2 });
    assert_eq!((left(world), breaches(world)), (125_570, vec![BreachCause::NomineeSilent]));
    // Long after the loss anybody may say so; more than is left is not paid.
    world.must("alice", announce(0, 125_570, None));
    signed(world, "alice", release(0, 7_000), (4, &[COUNCIL, NOMINEE])).unwrap();
    world.wait(Span::days(3));
    world.must("bob", CarryRelease { release: 3 });
    assert_eq!(left(world), 0);
    let both = [BreachCause::NomineeSilent, BreachCause::CouncilSilent, BreachCause::NomineeSilent];
    assert_eq!(breaches(world), both);
    assert_eq!(refused(world, "alice", CarryRelease { release: 4 }), C::UnknownRelease);
}

/// While a loss is open nobody leaves and nobody comes; who signals then is recorded.
#[test]
fn an_open_loss_holds_the_pool() {
    let world = &mut lent(PoolMode::Reimburse);
    world.must("carol", exit("carol", Some(100_000)));
    assert_eq!(breaches(world), []);
    lose(world, 300);
    world.must("carol", exit("carol", Some(1)));
    assert_eq!(breaches(world), [BreachCause::ExitInLoss]);
    assert_eq!(refused(world, "carol", stake("carol", 1)), C::InsurancePoolHeld);
    world.wait(MONTH);
    assert_eq!(refused(world, "carol", claim(0)), C::InsurancePoolHeld);
    signed(world, "alice", release(0, 128_570), (1, &[COUNCIL, NOMINEE])).unwrap();
    let before = held(world, "carol");
    world.must("carol", claim(0));
    // Half of what the loss has left of the stake.
    assert_eq!(held(world, "carol") - before, 18_182);
}

/// A loss of another vault pays nothing.
#[test]
fn a_loss_of_another_vault() {
    let world = &mut lent(PoolMode::Reimburse);
    for body in second(PoolMode::Reimburse) {
        world.must("carol", body);
    }
    lose(world, 300);
    let other = ReleasePool { vault: label(GUARD), ..release(0, 1) };
    let got = signed(world, "alice", other, (1, &[COUNCIL, NOMINEE])).unwrap_err();
    assert_eq!(got.code, C::OtherVaultsLoss);
}

/// What depositors have in the end, with their parts of what was released.
fn outcome(mode: PoolMode, (staked, matched, price): (u128, u128, u128)) -> Option<[u128; 2]> {
    let mut world = world(vault_policy(), InsurancePolicy { mode, ..policy(matched) });
    for (name, amount) in [("alice", 500_000), ("carol", 300_000), (MATCHER, 200_000)] {
        world.must(name, deposit(name, amount));
    }
    world.must("carol", stake("carol", staked));
    world.must(MATCHER, matching(Some(matched.min(staked))));
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 1_000_000));
    world.must("bob", borrow("bob", 500_000));
    // The curator's own shares are made good by nobody.
    let names = ["alice", MATCHER];
    let outside = names.map(|name| held(&world, name));
    lose(&mut world, price);
    let due = left(&world);
    let mut paid = 0;
    if due > 0 {
        signed(&mut world, "alice", release(0, due), (1, &[COUNCIL, NOMINEE])).ok()?;
        paid = world.state.pool_payments.get(0).unwrap().value.get();
        if paid < due {
            return None;
        }
    }
    let all: u128 = outside.iter().sum();
    Some(outside.map(|shares| worth(&world, shares) + paid * shares / all))
}

/// Both modes leave depositors equally well off, to an atom or two, when the pool suffices.
#[test]
fn both_modes_are_as_good() {
    property((1_000u128..300_000, 1u128..200_000, 20u128..500), |sizes| {
        // Burned first, a pool stands for its curator's other shares too, and may not suffice.
        let [Some(made_whole), Some(spared)] =
            [PoolMode::Reimburse, PoolMode::FirstLoss].map(|mode| outcome(mode, sizes))
        else {
            return Ok(());
        };
        let near = made_whole.iter().zip(&spared).all(|(a, b)| a.abs_diff(*b) <= 3);
        if near { Ok(()) } else { Err(format!("{made_whole:?} and {spared:?}")) }
    });
}

#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, u128),
    Stake(usize, u128),
    Match(Option<u128>),
    Exit(usize, Option<u128>),
    ExitMatched(Option<u128>),
    Cancel(u32),
    Claim(u32),
    Reward(u128),
    Wait(u64),
}

const PEOPLE: [&str; 3] = ["alice", "carol", MATCHER];

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE.len();
    let some = || proptest::option::of(1u128..5_000);
    prop_oneof![
        2 => (who(), 1u128..20_000).prop_map(|(who, amount)| Step::Deposit(who, amount)),
        4 => (who(), 1u128..10_000).prop_map(|(who, shares)| Step::Stake(who, shares)),
        3 => some().prop_map(Step::Match),
        3 => (who(), some()).prop_map(|(who, units)| Step::Exit(who, units)),
        1 => some().prop_map(Step::ExitMatched),
        1 => (0u32..20).prop_map(Step::Cancel),
        4 => (0u32..20).prop_map(Step::Claim),
        1 => (1u128..5_000).prop_map(Step::Reward),
        2 => (1u64..40).prop_map(Step::Wait),
    ]
}

fn send(world: &mut World, step: &Step) {
    let _ = match step {
        Step::Deposit(who, amount) => world.send(PEOPLE[*who], deposit(PEOPLE[*who], *amount)),
        Step::Stake(who, shares) => world.send(PEOPLE[*who], stake(PEOPLE[*who], *shares)),
        Step::Match(shares) => world.send(MATCHER, matching(*shares)),
        Step::Exit(who, units) => world.send(PEOPLE[*who], exit(PEOPLE[*who], *units)),
        Step::ExitMatched(units) => world.send(MATCHER, exit_matched(*units)),
        Step::Cancel(ticket) => {
            let owner = owner(world, *ticket);
            world.send(owner, CancelPoolExit { ticket: *ticket })
        }
        Step::Claim(ticket) => {
            let owner = owner(world, *ticket);
            world.send(owner, claim(*ticket))
        }
        Step::Reward(amount) => {
            let (account, vault, per_second) = (label("alice"), label(SAFE), Some(Amount::new(1)));
            let amount = Amount::new(*amount);
            world.send(
                "alice",
                backstop_core::command::FundRewards { account, vault, amount, per_second },
            )
        }
        Step::Wait(days) => {
            world.wait(Span::days(*days));
            Ok(&[][..])
        }
    };
}

fn owner(world: &World, ticket: u32) -> &'static str {
    let found = world.state.pool_tickets.get(ticket).and_then(|ticket| {
        let account = world.state.pool_stakes.get(ticket.stake)?.account;
        PEOPLE.into_iter().find(|name| self::account(&world.state, name) == account)
    });
    found.unwrap_or("alice")
}

fn rules() -> impl Strategy<Value = InsurancePolicy> {
    let one = |a, b| prop_oneof![Just(a), Just(b)];
    (
        one(MatchYield::Matcher, MatchYield::Stakers),
        prop_oneof![Just(MatchExit::WithStakers), Just(MatchExit::Notice)],
    )
        .prop_map(|(yields, exits)| {
            let matching =
                policy(9_000).matching.map(|rules| MatchPolicy { yields, exits, ..rules });
            InsurancePolicy { matching, ..policy(9_000) }
        })
}

/// After every step the invariants hold, matched money is within the cap, and shares of the vault are neither made nor
/// lost by the pool.
#[test]
fn random_lives() {
    property((rules(), vec(step(), 1..60)), |(rules, steps)| {
        let world = &mut world(VaultPolicy { crank_fee: Amount::ZERO, ..vault_policy() }, rules);
        for step in &steps {
            let before: u128 = PEOPLE.iter().map(|name| held(world, name)).sum();
            let pooled = pool(world).own.shares.get() + pool(world).matched.shares.get();
            send(world, step);
            invariants::check(&world.state).map_err(|corrupt| format!("{step:?}: {corrupt}"))?;
            let after: u128 = PEOPLE.iter().map(|name| held(world, name)).sum();
            let now = pool(world).own.shares.get() + pool(world).matched.shares.get();
            if !matches!(step, Step::Deposit(..)) && before + pooled != after + now {
                return Err(format!("{step:?}: {before} + {pooled} became {after} + {now}"));
            }
            if pool(world).used > Amount::new(9_000) {
                return Err(format!("{step:?}: {} is matched", pool(world).used));
            }
        }
        let bytes = world.state.to_bytes();
        let read = State::from_bytes(&bytes).map_err(|corrupt| corrupt.to_string())?;
        if read.to_bytes() == bytes { Ok(()) } else { Err("read back it differs".to_owned()) }
    });
}
