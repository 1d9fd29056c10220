//! Samples of farms.

use backstop_core::{
    Body, Event,
    command::{
        AttachFarm, CancelFarmTicket, CompoundFarm, CreateFarm, DefundFarm, FarmStake, FundFarm,
        GiveFarmStake, HarvestFarm, OfferFarm, PayPenalties, RefreshFarm, RewardOnce,
        SetFarmPolicy, SetFarmStake, SetReward, StakeFarm, TakeFarm, TransferFarmStake,
        UnstakeFarm, WithdrawFarm,
    },
    event::{
        Bound, CancelledTicket, CreatedFarm, FarmEvent, StakeIn, StakeMove, StakeOut, StakePaid,
        StakeSet, StakeUnit,
    },
    farm::{
        accrual::{Earned, Issued},
        book::{FarmTicket, Staked},
    },
    policy::{
        ClaimClock, FarmDust, FarmKind, FarmLock, FarmPolicy, FarmTimers, RewardKind, RewardPoint,
        RewardTerms,
    },
};
use backstop_testkit::label;
use backstop_units::{
    AccountId, Amount, AssetId, Bps, FarmId, ShareIndex, Shares, Span, Timestamp, VaultId,
};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}
fn shares(count: u128) -> Shares {
    Shares::new(count)
}
fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(ms)
}

/// No two settings alike.
fn policy() -> FarmPolicy {
    FarmPolicy {
        warmup: Span::from_ms(1),
        cooldown: Span::from_ms(2),
        timers: FarmTimers::One,
        tickets_max: 3,
        lock: FarmLock::Expiry,
        lock_span: Span::from_ms(4),
        lock_start: at(5),
        penalty: Bps::new(6),
        claim_clock: ClaimClock::Opening,
        open_harvest: true,
        transferable: false,
        fee: Bps::new(7),
        cap: Some(atoms(8)),
        dust: FarmDust::Left,
        stake_decimals: 9,
        index_decimals: 10,
    }
}

fn terms() -> RewardTerms {
    RewardTerms {
        kind: RewardKind::Constant,
        decimals: 1,
        target: atoms(5),
        claim_wait: Span::from_ms(2),
        points: vec![RewardPoint { at: at(3), rate: atoms(4) }],
    }
}

pub(super) fn command_samples() -> Vec<Body> {
    let (farm, account, asset) = (label("barn"), label("alice"), label("usdt"));
    let (to, vault) = (label("bob"), label("safe"));
    let create = CreateFarm {
        label: farm,
        kind: FarmKind::Autocompound,
        stake: FarmStake::Vault(vault),
        owner: account,
        treasury: to,
        penalties_to: label("carol"),
        policy: Box::new(policy()),
    };
    vec![
        create.into(),
        AttachFarm { vault, farm }.into(),
        SetFarmPolicy { farm, policy: Box::new(policy()) }.into(),
        OfferFarm { farm, owner: to }.into(),
        TakeFarm { farm }.into(),
        SetReward { farm, asset, terms: Box::new(terms()) }.into(),
        FundFarm { account, farm, asset, amount: atoms(1) }.into(),
        DefundFarm { farm, asset, account, amount: atoms(2) }.into(),
        StakeFarm { account, farm, amount: atoms(3) }.into(),
        UnstakeFarm { account, farm, shares: shares(4) }.into(),
        CancelFarmTicket { account, farm, ticket: 5 }.into(),
        WithdrawFarm { account, farm }.into(),
        HarvestFarm { account, farm, asset }.into(),
        CompoundFarm { account, farm }.into(),
        TransferFarmStake { account, to, farm, shares: shares(6) }.into(),
        SetFarmStake { farm, account, stake: shares(7) }.into(),
        RewardOnce { farm, account, asset, amount: atoms(8), expected: atoms(9) }.into(),
        GiveFarmStake { account, farm, amount: atoms(10) }.into(),
        RefreshFarm { farm, account: Some(account) }.into(),
        PayPenalties { farm }.into(),
    ]
}

/// What can be staked, and where it is kept.
pub(crate) type Stakes = ([FarmStake; 3], [Staked; 3], [StakeUnit; 2]);

/// One of each.
pub(super) fn stakes() -> Stakes {
    let (asset, vault) = (AssetId::new(1), VaultId::new(2));
    (
        [FarmStake::Asset(label("usdt")), FarmStake::Vault(label("safe")), FarmStake::Nothing],
        [Staked::Asset(asset), Staked::Vault(vault), Staked::Nothing],
        [StakeUnit::Asset(asset), StakeUnit::Holding(3)],
    )
}

fn earned() -> Earned {
    Earned {
        seen: ShareIndex::new(1),
        carry: ShareIndex::new(2),
        unclaimed: atoms(3),
        claimed_at: Some(at(4)),
    }
}

fn moves() -> Vec<FarmEvent> {
    let (farm, account, asset) = (FarmId::new(1), AccountId::new(2), AssetId::new(3));
    let ticket = FarmTicket { number: 4, cooling: true, amount: atoms(5), ready_at: at(6) };
    let over = Bound { vault: VaultId::new(7), from: 8, to: 9, account };
    let (unit, clock) = (StakeUnit::Asset(asset), (at(10), at(11)));
    vec![
        FarmEvent::FarmStaked(Box::new(StakeIn {
            farm,
            staker: 12,
            account,
            unit,
            amount: atoms(13),
            shares: shares(14),
            ticket: Some(ticket),
            clock,
        })),
        FarmEvent::FarmUnstaked(Box::new(StakeOut {
            farm,
            staker: 12,
            shares: shares(13),
            amount: atoms(14),
            penalty: atoms(15),
            ticket,
            carried: vec![earned()],
            holdings: Some(over.clone()),
        })),
        FarmEvent::FarmTicketCancelled(Box::new(CancelledTicket {
            farm,
            staker: 12,
            account,
            unit: StakeUnit::Holding(13),
            ticket: 14,
            amount: atoms(15),
            shares: Some(shares(16)),
        })),
        FarmEvent::FarmWithdrawn(Box::new(StakePaid {
            farm,
            staker: 12,
            account,
            unit,
            tickets: vec![13, 14],
            amount: atoms(15),
        })),
        FarmEvent::FarmStakeMoved(Box::new(StakeMove {
            farm,
            from: 12,
            to: 13,
            shares: shares(14),
            amount: atoms(15),
            carried: vec![earned()],
            clock,
            holdings: Some(over),
        })),
        FarmEvent::FarmStakeSet(Box::new(StakeSet {
            farm,
            staker: 12,
            stake: shares(13),
            carried: vec![earned()],
            clock,
        })),
        FarmEvent::FarmStakeGiven { farm, account, asset, amount: atoms(12) },
        FarmEvent::PenaltiesPaid { farm, account, unit, amount: atoms(12) },
    ]
}

pub(super) fn event_samples() -> Vec<Event> {
    let (farm, account, asset) = (FarmId::new(1), AccountId::new(2), AssetId::new(3));
    let (vault, reward, staker) = (VaultId::new(4), 5, 6);
    let amount = atoms(7);
    let created = CreatedFarm {
        farm,
        label: label("barn"),
        kind: FarmKind::Vault,
        staked: Staked::Vault(vault),
        owner: account,
        treasury: AccountId::new(8),
        penalties_to: AccountId::new(9),
        policy: policy(),
    };
    let issued = Issued {
        amount,
        index: ShareIndex::new(8),
        carry: ShareIndex::new(9),
        rest: ShareIndex::new(10),
        at: at(11),
    };
    let harvested = FarmEvent::RewardHarvested {
        farm,
        staker,
        reward,
        account,
        treasury: AccountId::new(8),
        asset,
        amount,
        fee: atoms(9),
    };
    let mut events = vec![
        FarmEvent::FarmCreated(Box::new(created)),
        FarmEvent::FarmAttached { vault, farm },
        FarmEvent::FarmPolicySet { farm, policy: Box::new(policy()) },
        FarmEvent::FarmOffered { farm, owner: account },
        FarmEvent::FarmTaken { farm, owner: account },
        FarmEvent::RewardSet { farm, asset, terms: Box::new(terms()), at: at(8) },
        FarmEvent::FarmFunded { farm, reward, account, asset, amount },
        FarmEvent::FarmDefunded { farm, reward, account, asset, amount },
        FarmEvent::RewardIssued { farm, reward, issued },
        FarmEvent::StakerOpened { staker, farm, account },
        FarmEvent::StakerSettled { staker, earned: vec![earned()] },
        FarmEvent::StakeWarmed { staker, farm, tickets: vec![8], amount, shares: shares(9) },
        harvested,
        FarmEvent::RewardGiven { farm, staker, reward, amount },
    ];
    events.extend(moves());
    events.into_iter().map(Event::Farm).collect()
}
