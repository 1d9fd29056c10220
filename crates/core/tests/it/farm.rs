//! Farms: worked numbers, who earns and who doesn't, and properties over random lives.

use crate::run::property;
use backstop_core::{
    Body, RejectCode as C, State,
    command::{
        AttachFarm, CancelFarmTicket, CompoundFarm, CreateFarm, DefundFarm, FarmStake,
        GiveFarmStake, OfferFarm, Opening, OpeningAccount, PayPenalties, RefreshFarm, RewardOnce,
        SetFarmPolicy, SetFarmStake, TakeFarm, TransferFarmStake,
    },
    farm::{
        book::{Farm, Staker},
        touch::preview,
    },
    invariants,
    policy::{FarmDust, FarmKind, FarmLock, FarmPolicy, FarmTimers, RewardPoint, RewardTerms},
};
use backstop_testkit::{
    World,
    farm::{
        BARN, CROP, Model, barn, create, crop, fund, harvest, rate, refresh, reward, stake,
        unstake, withdraw, world,
    },
    label, vault,
};
use backstop_units::{AccountId, Amount, Bps, FarmId, Shares, Span, Timestamp, VaultId};
use proptest::{collection::vec, prelude::*};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn seconds(count: u64) -> Span {
    Span::from_ms(count * 1_000)
}

fn account(state: &State, name: &str) -> AccountId {
    state.account_id(label(name)).unwrap()
}

fn id(state: &State, farm: &str) -> FarmId {
    state.farm_id(label(farm)).unwrap()
}

fn farm<'a>(state: &'a State, name: &str) -> &'a Farm {
    state.farms.get(id(state, name)).unwrap()
}

fn place<'a>(state: &'a State, farm: &str, name: &str) -> &'a Staker {
    state.staker(id(state, farm), account(state, name)).unwrap().1
}

/// What somebody could claim at this moment.
fn earned(world: &World, farm: &str, name: &str) -> u128 {
    let state = &world.state;
    let staker = state.staker(id(state, farm), account(state, name));
    let staker = staker.map(|(staker, _)| staker);
    let (_, earned) = preview(state, id(state, farm), staker, world.now).unwrap();
    earned.first().map_or(0, |earned| earned.unclaimed.get())
}

fn refused(world: &mut World, actor: &str, body: impl Into<Body>) -> C {
    world.send(actor, body).unwrap_err().code
}

/// Shares of the vault that somebody has at hand and in farms.
fn holds(world: &World, name: &str) -> (u128, u128) {
    let found = world.state.holding(VaultId::new(0), account(&world.state, name));
    found.map_or((0, 0), |(_, place)| (place.shares.get(), place.staked.get()))
}

/// Every event of farms, on the vault of [`crate::vault::story`]. `council` sends what needs one.
pub(crate) fn story(world: &mut World, council: impl Fn(&mut World, Body)) {
    let (usdt, hay, alice, bob) = (label("usdt"), label(BARN), label("alice"), label("bob"));
    for (name, asset) in [("alice", "ore"), ("alice", "usdt"), ("bob", "ore")] {
        let (account, asset) = (OpeningAccount::Account(label(name)), label(asset));
        world.must("op", Opening { account, asset, amount: atoms(1_000_000) });
    }
    let rules = FarmPolicy {
        warmup: seconds(10),
        cooldown: seconds(20),
        lock: FarmLock::Continuous,
        lock_span: seconds(1_000),
        penalty: Bps::new(1_000),
        transferable: true,
        stake_decimals: 9,
        ..FarmPolicy::default()
    };
    create(world, barn(rules.clone()));
    world.must("alice", SetFarmPolicy { farm: hay, policy: Box::new(rules) });
    world.must("alice", OfferFarm { farm: hay, owner: bob });
    world.must("bob", TakeFarm { farm: hay });
    world.must("bob", reward(BARN, rate(world.now, 10)));
    world.must("alice", fund("alice", BARN, 100_000));
    world.must("alice", stake("alice", BARN, 1_000));
    world.must("bob", stake("bob", BARN, 500));
    world.must("bob", CancelFarmTicket { account: bob, farm: hay, ticket: 0 });
    world.wait(seconds(10));
    world.must("keeper", refresh("alice", BARN));
    world.wait(seconds(10));
    world.must("alice", harvest("alice", BARN));
    world.must("bob", GiveFarmStake { account: bob, farm: hay, amount: atoms(77) });
    world.must("alice", unstake("alice", BARN, 500_000_000_000));
    world.must("alice", CancelFarmTicket { account: alice, farm: hay, ticket: 1 });
    world.must("alice", unstake("alice", BARN, 500_000_000_000));
    world.must("keeper", PayPenalties { farm: hay });
    world.wait(seconds(1_000));
    world.must("alice", withdraw("alice", BARN));
    let shares = Shares::new(100_000_000_000);
    world.must("alice", TransferFarmStake { account: alice, to: bob, farm: hay, shares });
    world.must("bob", reward(BARN, RewardTerms::default()));
    let left = farm(&world.state, BARN).rewards[0].left;
    world.must("bob", DefundFarm { farm: hay, asset: usdt, account: bob, amount: left });

    create(world, crop(FarmKind::Vault, FarmPolicy::default()));
    world.must("carol", AttachFarm { vault: label(vault::SAFE), farm: label(CROP) });
    world.must("alice", stake("alice", CROP, 1_000));
    council(world, reward(CROP, rate(world.now, 1)).into());

    let toll = CreateFarm {
        label: label("toll"),
        kind: FarmKind::Delegated,
        stake: FarmStake::Nothing,
        ..barn(FarmPolicy::default())
    };
    create(world, toll);
    let toll = label("toll");
    world.must("alice", reward("toll", RewardTerms::default()));
    world.must("alice", fund("alice", "toll", 100));
    world.must("alice", SetFarmStake { farm: toll, account: bob, stake: Shares::new(3) });
    let (amount, expected) = (atoms(7), Amount::ZERO);
    let once = RewardOnce { farm: toll, account: bob, asset: usdt, amount, expected };
    world.must("alice", once.clone());
    assert_eq!(refused(world, "alice", once), C::ExpectedDiffers);
}

/// Ten a second over stakes of 100, 200 and 700; who comes later earns from then on only.
#[test]
fn by_stake_and_time() {
    let world = &mut world(FarmPolicy::default());
    world.must("alice", reward(BARN, rate(world.now, 10)));
    world.must("alice", fund("alice", BARN, 1_000_000 / 2));
    for (name, amount) in [("alice", 100), ("bob", 200), ("carol", 700)] {
        world.must(name, stake(name, BARN, amount));
    }
    world.wait(seconds(100));
    let all = ["alice", "bob", "carol", "dave"].map(|name| earned(world, BARN, name));
    assert_eq!(all, [100, 200, 700, 0]);
    world.must("dave", stake("dave", BARN, 1_000));
    assert_eq!(earned(world, BARN, "dave"), 0);
    world.wait(seconds(100));
    let all = ["alice", "bob", "carol", "dave"].map(|name| earned(world, BARN, name));
    assert_eq!(all, [150, 300, 1_050, 500]);
    let before = world.balance("carol");
    world.must("carol", harvest("carol", BARN));
    assert_eq!(world.balance("carol"), before.saturating_add(atoms(1_050)));
    assert_eq!(refused(world, "carol", harvest("carol", BARN)), C::NothingEarned);
    assert_eq!(refused(world, "bob", harvest("carol", BARN)), C::NotOwner);
}

/// Three stake an atom each of an atom a second. Carried fractions make every atom somebody's; left ones stay with
/// the farm.
#[test]
fn dust() {
    for (dust, want) in [(FarmDust::Carried, [33, 33, 33]), (FarmDust::Left, [33, 33, 33])] {
        let world = &mut world(FarmPolicy { dust, ..FarmPolicy::default() });
        world.must("alice", reward(BARN, rate(world.now, 1)));
        world.must("alice", fund("alice", BARN, 1_000));
        for name in ["alice", "bob", "carol"] {
            world.must(name, stake(name, BARN, 1));
        }
        for _ in 0..99 {
            world.wait(seconds(1));
            world.must("keeper", RefreshFarm { farm: label(BARN), account: None });
        }
        let all = ["alice", "bob", "carol"].map(|name| earned(world, BARN, name));
        // An index of twelve decimals loses a billionth of a billionth of an atom each second if rests are left.
        let left = dust == FarmDust::Left;
        assert_eq!(all, want.map(|most| most - u128::from(left)), "{dust:?}");
        world.wait(seconds(1));
        for name in ["alice", "bob", "carol"] {
            world.must(name, unstake(name, BARN, 1));
        }
        let carried: u128 = ["alice", "bob", "carol"]
            .map(|name| place(&world.state, BARN, name).earned[0].carry.get())
            .iter()
            .sum();
        let reward = &farm(&world.state, BARN).rewards[0];
        let steps = carried + reward.carry.get();
        let expected = if left { 0 } else { 1_000_000_000_000 };
        assert_eq!((reward.owed, steps), (atoms(100), expected));
    }
}

/// What was not funded in time is not owed later, and what comes while nobody stakes is nobody's.
#[test]
fn what_is_missing_is_not_owed() {
    let world = &mut world(FarmPolicy::default());
    world.must("alice", reward(BARN, rate(world.now, 10)));
    world.must("alice", fund("alice", BARN, 300));
    world.wait(seconds(50));
    world.must("bob", stake("bob", BARN, 5));
    world.wait(seconds(100));
    assert_eq!(earned(world, BARN, "bob"), 300);
    world.must("alice", fund("alice", BARN, 1_000));
    assert_eq!(earned(world, BARN, "bob"), 300);
    world.wait(seconds(10));
    assert_eq!(earned(world, BARN, "bob"), 400);
    let body = DefundFarm {
        farm: label(BARN),
        asset: label("usdt"),
        account: label("alice"),
        amount: atoms(900),
    };
    assert_eq!(refused(world, "alice", body.clone()), C::RewardsRun);
    world.must("alice", reward(BARN, RewardTerms::default()));
    world.wait(seconds(10));
    assert_eq!(earned(world, BARN, "bob"), 400);
    world.must("alice", body);
    assert_eq!(farm(&world.state, BARN).rewards[0].left, Amount::ZERO);
}

/// Deposits earn once their wait is over and somebody has looked; each wait is its own, or one for all.
#[test]
fn warm_up() {
    for (timers, first) in [(FarmTimers::Each, 100), (FarmTimers::One, 0)] {
        let world = &mut world(FarmPolicy { warmup: seconds(60), timers, ..FarmPolicy::default() });
        world.must("alice", reward(BARN, rate(world.now, 10)));
        world.must("alice", fund("alice", BARN, 100_000));
        world.must("bob", stake("bob", BARN, 40));
        world.wait(seconds(30));
        world.must("bob", stake("bob", BARN, 60));
        world.wait(seconds(30));
        // Only the place's first minute is over.
        world.must("keeper", refresh("bob", BARN));
        world.wait(seconds(10));
        assert_eq!(earned(world, BARN, "bob"), first, "{timers:?}");
        world.wait(seconds(20));
        world.must("keeper", refresh("bob", BARN));
        assert_eq!(place(&world.state, BARN, "bob").shares, Shares::new(100));
    }
}

/// Two exits with waits of their own; one is called off and earns again, the other is paid.
#[test]
fn exits() {
    let world = &mut world(FarmPolicy { cooldown: Span::days(1), ..FarmPolicy::default() });
    let ore = world.state.asset_id(label("ore")).unwrap();
    let bob = backstop_core::ledger::LedgerAccount::Balance(account(&world.state, "bob"));
    world.must("alice", reward(BARN, rate(world.now, 10)));
    world.must("alice", fund("alice", BARN, 10_000));
    world.must("bob", stake("bob", BARN, 1_000));
    world.must("bob", unstake("bob", BARN, 300));
    world.wait(Span::hours(12));
    world.must("bob", unstake("bob", BARN, 200));
    assert_eq!(refused(world, "bob", withdraw("bob", BARN)), C::CooldownNotOver);
    let cancel = CancelFarmTicket { account: label("bob"), farm: label(BARN), ticket: 1 };
    world.must("bob", cancel.clone());
    assert_eq!(refused(world, "bob", cancel), C::UnknownTicket);
    assert_eq!(place(&world.state, BARN, "bob").shares, Shares::new(700));
    world.wait(Span::hours(12));
    world.must("bob", withdraw("bob", BARN));
    assert_eq!(world.state.ledger.owed(bob, ore), atoms(999_300));
    assert_eq!(refused(world, "bob", withdraw("bob", BARN)), C::NoExit);
    // More than is there is all of it.
    world.must("bob", unstake("bob", BARN, u128::MAX));
    assert_eq!(refused(world, "bob", unstake("bob", BARN, 1)), C::InsufficientShares);
    // What left earns nothing.
    let before = earned(world, BARN, "bob");
    world.wait(Span::days(2));
    assert_eq!(earned(world, BARN, "bob"), before);
    world.must("bob", withdraw("bob", BARN));
    assert_eq!(world.state.ledger.owed(bob, ore), atoms(1_000_000));
}

/// The wait before a claim is the stake's: a place that was opened long before defeats nothing, and a large deposit on
/// top of a small old one waits nearly all of it.
#[test]
fn claims_wait_from_the_stake() {
    let world = &mut world(FarmPolicy::default());
    let terms = RewardTerms { claim_wait: seconds(3_600), ..rate(world.now, 10) };
    world.must("alice", reward(BARN, terms));
    world.must("alice", fund("alice", BARN, 500_000));
    world.must("bob", refresh("bob", BARN));
    world.wait(seconds(10_000));
    world.must("bob", stake("bob", BARN, 1));
    world.wait(seconds(3_599));
    assert_eq!(refused(world, "bob", harvest("bob", BARN)), C::ClaimTooEarly);
    world.must("bob", stake("bob", BARN, 99));
    world.wait(seconds(3_500));
    assert_eq!(refused(world, "bob", harvest("bob", BARN)), C::ClaimTooEarly);
    // A hundredth of the 3,599 seconds counts.
    world.wait(seconds(65));
    world.must("bob", harvest("bob", BARN));
    world.wait(seconds(3_599));
    assert_eq!(refused(world, "bob", harvest("bob", BARN)), C::ClaimTooEarly);
    world.wait(seconds(1));
    world.must("bob", harvest("bob", BARN));
}

/// Shares of a vault that are staked stay their holder's: he can't withdraw them, and whoever counts holders sees them.
#[test]
fn shares_of_a_vault() {
    let world = &mut vault::world(vault::policy());
    let rules = FarmPolicy {
        cooldown: seconds(60),
        lock: FarmLock::Continuous,
        lock_span: seconds(100),
        penalty: Bps::new(1_000),
        transferable: true,
        ..FarmPolicy::default()
    };
    world.must("carol", crop(FarmKind::Vault, rules));
    world.must("alice", vault::deposit("alice", 1_000));
    world.must("alice", stake("alice", CROP, 600));
    assert_eq!(holds(world, "alice"), (400, 600));
    assert_eq!(refused(world, "alice", stake("alice", CROP, 401)), C::SharesShort);
    world.must("alice", vault::withdraw("alice", 1_000, None));
    assert_eq!(holds(world, "alice"), (0, 600));
    // Half of the lock is over: 5 % of 100.
    world.wait(seconds(50));
    world.must("alice", unstake("alice", CROP, 100));
    assert_eq!((holds(world, "alice"), holds(world, "dave")), ((0, 595), (0, 5)));
    let shares = Shares::new(200);
    let (from, to) = (label("alice"), label("bob"));
    let over = TransferFarmStake { account: from, to, farm: label(CROP), shares };
    assert_eq!(refused(world, "alice", over.clone()), C::StakeLocked);
    world.wait(seconds(50));
    world.must("alice", over);
    assert_eq!((holds(world, "alice"), holds(world, "bob")), ((0, 395), (0, 200)));
    world.wait(seconds(10));
    world.must("alice", withdraw("alice", CROP));
    assert_eq!(holds(world, "alice"), (95, 300));
    world.must("keeper", PayPenalties { farm: label(CROP) });
    assert_eq!(holds(world, "dave"), (5, 0));
    invariants::check(&world.state).unwrap();
}

/// Stake changes hands once its waits are over, and sets nobody's clocks back: neither can a wait be dodged through
/// an old place, nor somebody be kept from his claim by what he is given.
#[test]
fn gifts_of_stake_move_no_clock() {
    let world = &mut world(FarmPolicy { transferable: true, ..FarmPolicy::default() });
    let terms = RewardTerms { claim_wait: seconds(100), ..rate(world.now, 10) };
    world.must("alice", reward(BARN, terms));
    world.must("alice", fund("alice", BARN, 100_000));
    let (account, to, farm) = (label("alice"), label("bob"), label(BARN));
    let over = TransferFarmStake { account, to, farm, shares: Shares::new(1) };
    world.must("bob", stake("bob", BARN, 10));
    world.wait(seconds(100));
    world.must("alice", stake("alice", BARN, 10));
    assert_eq!(refused(world, "alice", over.clone()), C::ClaimTooEarly);
    world.wait(seconds(100));
    let before = place(&world.state, BARN, "bob").clone();
    world.must("bob", unstake("bob", BARN, 10));
    world.must("alice", over);
    let after = place(&world.state, BARN, "bob");
    assert_eq!((after.since, after.staked_at), (before.since, before.staked_at));
    assert_eq!(
        (after.shares, place(&world.state, BARN, "alice").shares),
        (Shares::new(1), Shares::new(9))
    );
    world.must("bob", harvest("bob", BARN));
}

/// One farm for each vault; the council keeps it, and it is not replaced while anything is in it.
#[test]
fn the_farm_of_a_vault() {
    let world = &mut vault::world(vault::policy());
    world.must("carol", crop(FarmKind::Vault, FarmPolicy::default()));
    let second = CreateFarm {
        label: label("second"),
        ..crop(FarmKind::Vault, FarmPolicy { cooldown: seconds(9), ..FarmPolicy::default() })
    };
    world.must("carol", second);
    let attach = |farm| AttachFarm { vault: label(vault::SAFE), farm: label(farm) };
    assert_eq!(refused(world, "alice", attach(CROP)), C::NotOwner);
    world.must("carol", attach(CROP));
    // The curator no longer runs it; a ledger without council keys leaves that to the operator.
    assert_eq!(refused(world, "carol", reward(CROP, rate(world.now, 1))), C::RoleMissing);
    world.must("op", reward(CROP, rate(world.now, 1)));
    let offer = OfferFarm { farm: label(CROP), owner: label("carol") };
    assert_eq!(refused(world, "op", offer), C::FarmKind);
    world.must("alice", vault::deposit("alice", 1_000));
    world.must("alice", stake("alice", CROP, 10));
    assert_eq!(refused(world, "carol", attach("second")), C::VaultFarmUsed);
    world.must("alice", unstake("alice", CROP, 10));
    assert_eq!(refused(world, "carol", attach("second")), C::VaultFarmUsed);
    world.must("alice", withdraw("alice", CROP));
    world.must("carol", attach("second"));
    assert_eq!(refused(world, "carol", attach("second")), C::FarmKind);
}

/// Rewards in what the vault holds become staked shares, for whoever's they are, by whoever sends it.
#[test]
fn autocompound() {
    let world = &mut vault::world(vault::policy());
    world.must("carol", crop(FarmKind::Autocompound, FarmPolicy::default()));
    let terms = RewardTerms { claim_wait: seconds(100), ..rate(world.now, 10) };
    world.must("carol", reward(CROP, terms));
    world.must("carol", fund("carol", CROP, 100_000));
    for name in ["alice", "bob"] {
        world.must(name, vault::deposit(name, 1_000));
        world.must(name, stake(name, CROP, 1_000));
    }
    world.wait(seconds(100));
    assert_eq!(refused(world, "alice", harvest("alice", CROP)), C::FarmKind);
    let (account, farm) = (label("alice"), label(CROP));
    let before = world.balance("alice");
    world.must("keeper", CompoundFarm { account, farm });
    assert_eq!((holds(world, "alice"), world.balance("alice")), ((0, 1_500), before));
    assert_eq!(refused(world, "keeper", CompoundFarm { account, farm }), C::ClaimTooEarly);
    // The reinvested shares earn from now on, and nothing earlier.
    world.wait(seconds(100));
    assert_eq!([earned(world, CROP, "alice"), earned(world, CROP, "bob")], [600, 900]);
    let asset = label("ore");
    let other = backstop_core::command::SetReward { farm, asset, terms: Box::default() };
    assert_eq!(refused(world, "carol", other), C::WrongAsset);
}

/// A gift raises what shares are worth; who stakes next pays for it, and no more than his shares cost.
#[test]
fn gifts() {
    let world = &mut world(FarmPolicy { stake_decimals: 9, ..FarmPolicy::default() });
    let give = GiveFarmStake { account: label("carol"), farm: label(BARN), amount: atoms(150) };
    assert_eq!(refused(world, "carol", give.clone()), C::NobodyStakes);
    world.must("alice", stake("alice", BARN, 300));
    world.must("carol", give);
    world.must("bob", stake("bob", BARN, 100));
    let held = farm(&world.state, BARN).held;
    assert_eq!((held.amount, held.shares.get()), (atoms(550), 366_666_666_666));
    world.must("bob", unstake("bob", BARN, u128::MAX));
    let held = farm(&world.state, BARN).held;
    assert_eq!((held.amount, held.waiting), (atoms(451), atoms(99)));
    // Shares as coarse as atoms take no gift.
    let world = &mut backstop_testkit::farm::world(FarmPolicy::default());
    world.must("alice", stake("alice", BARN, 300));
    let give = GiveFarmStake { account: label("carol"), farm: label(BARN), amount: atoms(150) };
    assert_eq!(refused(world, "carol", give), C::FarmKind);
}

/// Harsher rules wait for the council; an owner may ease them at once.
#[test]
fn rules_that_hurt_stakers() {
    let world = &mut world(FarmPolicy { cooldown: seconds(60), ..FarmPolicy::default() });
    let mut set = |change: fn(&mut FarmPolicy)| {
        let mut policy = FarmPolicy { cooldown: seconds(60), ..FarmPolicy::default() };
        change(&mut policy);
        let policy = Box::new(policy);
        world.send("alice", SetFarmPolicy { farm: label(BARN), policy }).map(drop)
    };
    let harsher: [fn(&mut FarmPolicy); 8] = [
        |rules| rules.cooldown = seconds(61),
        |rules| rules.warmup = seconds(1),
        |rules| rules.fee = Bps::new(1),
        |rules| rules.tickets_max = 7,
        |rules| rules.timers = FarmTimers::One,
        |rules| rules.dust = FarmDust::Left,
        |rules| rules.open_harvest = true,
        |rules| (rules.lock, rules.lock_span) = (FarmLock::Continuous, seconds(1)),
    ];
    for change in harsher {
        assert_eq!(set(change).unwrap_err().code, C::RoleMissing);
    }
    set(|rules| rules.cooldown = seconds(59)).unwrap();
    set(|rules| rules.transferable = true).unwrap_err();
    set(|rules| (rules.cooldown, rules.transferable) = (seconds(59), true)).unwrap();
}

/// One step of a random life: seconds, who, what, how much.
type Step = (u64, usize, u8, u128);

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn lived(steps: &[Step], (decimals, warmup): (u8, u64)) -> Result<(), String> {
    let rules = FarmPolicy {
        warmup: seconds(warmup),
        cooldown: seconds(50),
        tickets_max: 32,
        ..FarmPolicy::default()
    };
    let mut world = world(rules);
    let terms = RewardTerms { decimals, ..rate(world.now, 700) };
    world.must("erin", refresh("erin", BARN));
    world.must("alice", reward(BARN, terms));
    let scale = 10_u128.pow(decimals.into());
    let mut model = Model::new(700, scale, warmup);
    let mut paid = [0_u128; 4];
    let mut funded = 0;
    for (wait, who, what, amount) in steps {
        let name = NAMES[*who];
        world.wait(seconds(*wait));
        model.wait(*wait);
        let shows_up = match what {
            0 | 1 => {
                let done = world.send(name, stake(name, BARN, *amount)).is_ok();
                if done {
                    model.touch(name);
                    model.stake(name, *amount);
                }
                false
            }
            2 => world.send(name, unstake(name, BARN, *amount)).is_ok(),
            3 => {
                let before = world.balance(name);
                let done = world.send(name, harvest(name, BARN)).is_ok();
                paid[*who] += world.balance(name).get() - before.get();
                done
            }
            4 => {
                if world.send("erin", fund("erin", BARN, *amount)).is_ok() {
                    (model.left, funded) = (model.left + amount, funded + amount);
                }
                false
            }
            5 => world.send(name, withdraw(name, BARN)).is_ok(),
            _ => world.send("keeper", refresh(name, BARN)).is_ok(),
        };
        if shows_up {
            model.touch(name);
        }
        if *what == 2 && shows_up {
            let left = place(&world.state, BARN, name).shares.get();
            model.active.insert(name.to_owned(), left);
        }
        invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
        for (name, paid) in NAMES.iter().zip(paid) {
            let (least, most) = model.bounds(name);
            let all = paid + earned(&world, BARN, name);
            if all < least || all > most {
                return Err(format!("{name} has {all}, not {least} to {most}"));
            }
        }
        let reward = &farm(&world.state, BARN).rewards[0];
        let sum = reward.left.get() + reward.owed.get() + paid.iter().sum::<u128>();
        if sum != funded {
            return Err(format!("{sum} of {funded} funded"));
        }
    }
    Ok(())
}

/// What everybody ever earns is what a model shares out second by second; what was paid in is paid, owed or left.
#[test]
fn agrees_with_a_model_by_the_second() {
    let step = (0_u64..40, 0_usize..4, 0_u8..8, 1_u128..5_000);
    let lives = (vec(step, 1..40), (0_u8..4, prop_oneof![Just(0_u64), Just(25)]));
    property(lives, |(steps, rules)| lived(&steps, rules));
}

/// Moments of a schedule are the ledger's: a point of the past counts from now on only.
#[test]
fn a_schedule_does_not_reach_back() {
    let world = &mut world(FarmPolicy::default());
    world.must("bob", stake("bob", BARN, 5));
    world.wait(seconds(1_000));
    let at = |seconds_on: u64| world.now.plus(seconds(seconds_on));
    let point = |at: Timestamp, rate| RewardPoint { at, rate: atoms(rate) };
    let points = vec![point(Timestamp::from_ms(0), 1), point(at(10), 100), point(at(20), 0)];
    world.must("alice", reward(BARN, RewardTerms { points, ..RewardTerms::default() }));
    world.must("alice", fund("alice", BARN, 100_000));
    for (wait, want) in [(10, 10), (5, 510), (5, 1_010), (500, 1_010)] {
        world.wait(seconds(wait));
        assert_eq!(earned(world, BARN, "bob"), want);
    }
}
