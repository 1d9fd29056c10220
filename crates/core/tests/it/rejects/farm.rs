//! Bad input to farms.

use super::{C, Table, atoms, done, got, no, none};
use backstop_core::{
    command::{
        AttachFarm, CancelFarmTicket, CompoundFarm, CreateFarm, DefundFarm, FarmStake,
        GiveFarmStake, PayPenalties, RewardOnce, SetFarmPolicy, SetFarmStake, TakeFarm,
        TransferFarmStake,
    },
    policy::{FarmKind, FarmLock, FarmPolicy, FarmTimers, RewardPoint, RewardTerms},
};
use backstop_testkit::{
    farm::{BARN, CROP, barn, crop, fund, harvest, rate, reward, stake, unstake, withdraw, world},
    label,
    vault::{SAFE, deposit},
};
use backstop_units::{Amount, Shares, Span, Timestamp};

#[test]
fn farms() {
    let mut table = Table::default();
    let rules = FarmPolicy {
        cooldown: Span::hours(1),
        timers: FarmTimers::One,
        tickets_max: 1,
        cap: Some(atoms(2_000)),
        transferable: true,
        lock: FarmLock::Continuous,
        lock_span: Span::hours(2),
        ..FarmPolicy::default()
    };
    let world = &mut world(rules.clone());
    let (farm, usdt, alice, bob) = (label(BARN), label("usdt"), label("alice"), label("bob"));
    table.case(world, "alice", fund("alice", "none", 1), got(C::UnknownFarm, label("none")));
    table.case(world, "alice", stake("alice", BARN, 0), none(C::ZeroAmount));
    let much = stake("alice", BARN, 1_000_001);
    table.case(world, "alice", much, no(C::InsufficientBalance, 1_000_001u32, 1_000_000u32));
    let over = stake("alice", BARN, 2_001);
    table.case(world, "alice", over, no(C::FarmFull, 2_001u32, 2_000u32));
    table.case(world, "alice", fund("alice", BARN, 1), got(C::UnknownReward, usdt));
    table.case(world, "alice", TakeFarm { farm }, got(C::FarmNotOffered, farm));
    table.case(world, "alice", unstake("alice", BARN, 1), got(C::UnknownStaker, alice));
    let start = world.now;
    let terms = RewardTerms { claim_wait: Span::hours(1), ..rate(start, 1) };
    world.must("alice", reward(BARN, terms));
    let defund = DefundFarm { farm, asset: usdt, account: alice, amount: atoms(1) };
    table.case(world, "alice", defund.clone(), got(C::RewardsRun, usdt));
    world.must("alice", stake("alice", BARN, 1_000));
    let until = start.plus(Span::hours(2));
    table.case(world, "alice", unstake("alice", BARN, 9), no(C::StakeLocked, start, until));
    let early = start.plus(Span::hours(1));
    table.case(world, "alice", harvest("alice", BARN), no(C::ClaimTooEarly, start, early));
    world.wait(Span::hours(2));
    table.case(world, "alice", harvest("alice", BARN), none(C::NothingEarned));
    table.case(world, "alice", withdraw("alice", BARN), got(C::NoExit, alice));
    let cancel = CancelFarmTicket { account: alice, farm, ticket: 0 };
    table.case(world, "alice", cancel, got(C::UnknownTicket, 0u32));
    let to_self = TransferFarmStake { account: alice, to: alice, farm, shares: Shares::new(1) };
    table.case(world, "alice", to_self, got(C::SameAccount, alice));
    let over = TransferFarmStake { account: alice, to: bob, farm, shares: Shares::new(1_001) };
    table.case(world, "alice", over, no(C::InsufficientShares, 1_001u32, 1_000u32));
    world.must("alice", unstake("alice", BARN, 400));
    let ready = world.now.plus(Span::hours(1));
    let now = world.now;
    table.case(world, "alice", withdraw("alice", BARN), no(C::CooldownNotOver, now, ready));
    world.wait(Span::hours(1));
    table.case(world, "alice", unstake("alice", BARN, 1), no(C::ExitWaits, 400u32, 0u32));
    let compound = CompoundFarm { account: alice, farm };
    table.case(world, "keeper", compound, no(C::FarmKind, "open", "autocompound"));
    table.case(world, "keeper", PayPenalties { farm }, none(C::NoPenalties));
    world.must("alice", reward(BARN, RewardTerms::default()));
    table.case(world, "alice", defund, no(C::AboveUnissued, 1u32, 0u32));

    let world = &mut backstop_testkit::farm::world(FarmPolicy {
        timers: FarmTimers::Each,
        lock: FarmLock::None,
        stake_decimals: 9,
        ..rules
    });
    let give = GiveFarmStake { account: alice, farm, amount: atoms(1) };
    table.case(world, "alice", give, none(C::NobodyStakes));
    world.must("alice", stake("alice", BARN, 10));
    let less = unstake("alice", BARN, 999_999_999);
    table.case(world, "alice", less, none(C::NothingDelivered));
    world.must("alice", unstake("alice", BARN, 1_000_000_000));
    let again = unstake("alice", BARN, 1_000_000_000);
    table.case(world, "alice", again, no(C::TooManyTickets, 2u32, 1u32));
    done(&table);
}

#[test]
fn farms_of_vaults_and_others() {
    let mut table = Table::default();
    let world = &mut world(FarmPolicy::default());
    let (alice, bob, usdt) = (label("alice"), label("bob"), label("usdt"));
    world.must("alice", deposit("alice", 1_000));
    world.must("carol", crop(FarmKind::Vault, FarmPolicy::default()));
    let over = stake("alice", CROP, 1_001);
    table.case(world, "alice", over, no(C::SharesShort, 1_001u32, 1_000u32));
    let attach = |farm| AttachFarm { vault: label(SAFE), farm: label(farm) };
    table.case(world, "carol", attach(BARN), no(C::FarmKind, "open", "vault"));
    world.must("carol", attach(CROP));
    world.must("alice", stake("alice", CROP, 10));
    let second =
        CreateFarm { label: label("second"), ..crop(FarmKind::Vault, FarmPolicy::default()) };
    world.must("carol", second);
    table.case(world, "carol", attach("second"), no(C::VaultFarmUsed, 10u32, 0u32));
    let toll = CreateFarm {
        label: label("toll"),
        kind: FarmKind::Delegated,
        stake: FarmStake::Nothing,
        ..barn(FarmPolicy::default())
    };
    world.must("alice", toll);
    world.must("alice", reward("toll", RewardTerms::default()));
    world.must("alice", fund("alice", "toll", 10));
    let farm = label("toll");
    world.must("alice", SetFarmStake { farm, account: bob, stake: Shares::new(1) });
    let once = |amount, expected| RewardOnce {
        farm,
        account: bob,
        asset: usdt,
        amount: atoms(amount),
        expected: atoms(expected),
    };
    table.case(world, "alice", once(11, 0), no(C::AboveUnissued, 11u32, 10u32));
    table.case(world, "alice", once(5, 1), no(C::ExpectedDiffers, 1u32, 0u32));
    table.case(
        world,
        "alice",
        stake("alice", "toll", 1),
        no(C::FarmKind, "delegated", "a farm that takes stake"),
    );
    let _ = alice;
    done(&table);
}

#[test]
fn rules_of_farms() {
    let mut table = Table::default();
    let world = &mut world(FarmPolicy::default());
    let long = Span::days(366);
    let wait = |got: Span| no(C::BadPolicy, got, Span::days(365));
    let mut create = |change: fn(&mut CreateFarm), reject| {
        let mut command = CreateFarm { label: label("other"), ..barn(FarmPolicy::default()) };
        change(&mut command);
        table.case(world, "alice", command, reject);
    };
    create(|c| c.policy.warmup = Span::days(366), wait(long));
    create(|c| c.policy.cooldown = Span::days(366), wait(long));
    create(|c| c.policy.lock = FarmLock::Expiry, wait(Span::ZERO));
    create(|c| c.policy.tickets_max = 33, no(C::BadPolicy, 33u32, 32u32));
    create(|c| c.policy.index_decimals = 19, no(C::BadPolicy, 19u32, 18u32));
    create(
        |c| c.policy.penalty = backstop_units::Bps::new(10_001),
        no(C::BadPolicy, 10_001u32, 10_000u32),
    );
    create(|c| c.label = label(BARN), got(C::DuplicateLabel, label(BARN)));
    create(|c| c.kind = FarmKind::Vault, no(C::FarmKind, "an asset", "vault"));
    let fixed = FarmPolicy { index_decimals: 11, ..FarmPolicy::default() };
    let set = SetFarmPolicy { farm: label(BARN), policy: Box::new(fixed) };
    table.case(world, "alice", set, no(C::BadPolicy, 11u32, 12u32));
    let (at, rate) = (Timestamp::from_ms(5), Amount::new(1));
    let twice = RewardTerms {
        points: vec![RewardPoint { at, rate }, RewardPoint { at, rate }],
        ..RewardTerms::default()
    };
    table.case(world, "alice", reward(BARN, twice), no(C::BadSchedule, at, at));
    done(&table);
}
