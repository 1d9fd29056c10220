//! Samples of vaults.

use backstop_core::{
    Body, Event,
    command::{
        ApplyAllocation, BorrowConditional, ChargeFees, ClaimQueued, CreateVault, DepositVault,
        FillQueue, FundRewards, GiveUpFees, Invest, LeaveQueue, ListReserve, OpeningAllocation,
        OpeningReserve, OpeningVault, QueueWithdrawal, RedeemInKind, RemoveAllocation,
        SetAllocation, SetVaultPolicy, TakeFees, VetoAllocation, WithdrawVault,
    },
    event::{
        FeesTaken, ForcedReserve, InKindRedemption, Investment, Marks, OpenedVault, QueueFill,
        QueueMove, VaultDeposit, VaultEvent, VaultWithdrawal,
    },
    lending::{
        exchange::Holdings,
        vault::{
            book::{Allocation, Funds, Stream},
            fees::Charged,
            in_kind::InKind,
            loss::VaultLoss,
            withdraw::Withdrawal,
        },
    },
    policy::{AllocationKind, PenaltyBase, QueueKind, VaultPolicy},
};
use backstop_testkit::label;
use backstop_units::{
    AccountId, Amount, AssetId, Bps, Fixed60, ReserveId, Seq, Shares, Span, Timestamp, VaultId,
    VaultLossId,
};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}
fn fixed(steps: u128) -> Fixed60 {
    Fixed60::new(steps)
}
fn shares(count: u128) -> Shares {
    Shares::new(count)
}

/// No two settings alike.
fn policy() -> Box<VaultPolicy> {
    Box::new(VaultPolicy {
        performance: Bps::new(1),
        management: Bps::new(2),
        year: Span::from_ms(3),
        high_water: false,
        fees_bear_losses: true,
        penalty: Bps::new(4),
        penalty_min: atoms(5),
        penalty_floor: Bps::new(6),
        penalty_min_floor: atoms(7),
        penalty_of: PenaltyBase::Requested,
        min_deposit: atoms(8),
        min_withdraw: atoms(9),
        deposit_max: Some(atoms(10)),
        min_invest: atoms(11),
        invest_delay: Span::from_ms(12),
        crank_fee: atoms(13),
        idle_weight: 14,
        idle_max: Some(atoms(15)),
        listed_only: true,
        dead_shares: shares(16),
        queue: QueueKind::None,
        cap_delay: Span::from_ms(17),
        dispute_window: Span::from_ms(18),
        claim_window: Span::from_ms(19),
    })
}

fn held() -> Holdings {
    Holdings { available: atoms(1), borrowed: fixed(2), fees: fixed(3), shares: shares(4) }
}

fn stream() -> Stream {
    Stream { per_second: atoms(5), left: atoms(6), at: Timestamp::from_ms(7) }
}

pub(super) fn command_samples() -> Vec<Body> {
    let (account, vault, reserve) = (label("alice"), label("safe"), label("cash"));
    vec![
        CreateVault { label: vault, asset: label("usdt"), curator: account, policy: policy() }
            .into(),
        SetVaultPolicy { vault, policy: policy() }.into(),
        ListReserve { reserve, listed: true }.into(),
        SetAllocation {
            vault,
            reserve,
            kind: AllocationKind::Conditional,
            weight: 1,
            cap: atoms(2),
        }
        .into(),
        ApplyAllocation { vault, reserve }.into(),
        VetoAllocation { vault, reserve }.into(),
        RemoveAllocation { vault, reserve }.into(),
        DepositVault { account, vault, amount: atoms(1), min_shares: shares(2) }.into(),
        WithdrawVault {
            account,
            vault,
            shares: shares(1),
            reserve: Some(reserve),
            min_amount: atoms(2),
        }
        .into(),
        RedeemInKind { account, vault, shares: shares(1), reserve, min_shares: shares(2) }.into(),
        Invest { vault, reserve, payer: account, max: Some(atoms(1)) }.into(),
        ChargeFees { vault }.into(),
        TakeFees { vault, reserve: Some(reserve) }.into(),
        GiveUpFees { vault, max: Some(atoms(1)) }.into(),
        FundRewards { account, vault, amount: atoms(1), per_second: Some(atoms(2)) }.into(),
        OpeningReserve { reserve, holder: account, held: held() }.into(),
        OpeningVault {
            vault,
            holder: account,
            idle: atoms(1),
            shares: shares(2),
            basis: fixed(3),
            pending: fixed(4),
            charged_at: Some(Timestamp::from_ms(8)),
            rewards: stream(),
            allocations: vec![OpeningAllocation {
                reserve,
                weight: 9,
                cap: atoms(10),
                shares: shares(11),
                moved_at: Some(Timestamp::from_ms(12)),
            }],
        }
        .into(),
        QueueWithdrawal { account, vault, shares: shares(1) }.into(),
        FillQueue { vault, reserve: Some(reserve) }.into(),
        ClaimQueued { account, vault }.into(),
        LeaveQueue { account, vault }.into(),
        BorrowConditional { account, reserve, amount: atoms(1), vault, from: Some(reserve) }.into(),
    ]
}

fn allocation() -> Allocation {
    Allocation {
        reserve: ReserveId::new(1),
        kind: AllocationKind::Standard,
        weight: 2,
        cap: atoms(3),
        shares: shares(4),
        moved_at: Some(Timestamp::from_ms(5)),
        seen: 6,
        loss: Some(VaultLossId::new(7)),
    }
}

const MARKS: Marks = Marks { basis: Fixed60::new(31), high: (Fixed60::new(32), Shares::new(33)) };

fn moves() -> Vec<VaultEvent> {
    let (vault, asset, account) = (VaultId::new(1), AssetId::new(2), AccountId::new(3));
    let (reserve, holding) = (ReserveId::new(4), 5);
    let withdrawal = Withdrawal {
        burned: shares(6),
        from_idle: atoms(7),
        from_reserve: atoms(8),
        penalty: atoms(9),
        redeemed: shares(10),
        received: atoms(11),
    };
    let redeemed =
        InKind { burned: shares(6), handed: shares(7), value: fixed(8), penalty: fixed(9) };
    vec![
        VaultEvent::VaultDeposited(Box::new(VaultDeposit {
            vault,
            asset,
            holding,
            account,
            amount: atoms(6),
            crank: atoms(7),
            shares: shares(8),
            dead: shares(9),
            marks: MARKS,
        })),
        VaultEvent::VaultWithdrawn(Box::new(VaultWithdrawal {
            vault,
            asset,
            holding,
            account,
            reserve: Some(reserve),
            withdrawal,
            forgone: fixed(12),
            marks: MARKS,
        })),
        VaultEvent::RedeemedInKind(Box::new(InKindRedemption {
            vault,
            holding,
            account,
            reserve,
            supply: 10,
            redeemed,
            forgone: fixed(12),
            marks: MARKS,
        })),
        VaultEvent::Invested(Box::new(Investment {
            vault,
            asset,
            reserve,
            adds: true,
            amount: atoms(6),
            shares: shares(7),
            rounding: atoms(8),
            payer: Some(account),
            cranked: true,
        })),
        VaultEvent::FeesTaken(Box::new(FeesTaken {
            vault,
            asset,
            curator: account,
            reserve: Some(reserve),
            amount: atoms(6),
            from_idle: atoms(7),
            from_reserve: atoms(8),
            redeemed: shares(9),
            received: atoms(10),
        })),
    ]
}

fn queue() -> [VaultEvent; 2] {
    let (vault, asset, account) = (VaultId::new(1), AssetId::new(2), AccountId::new(3));
    let (reserve, holding, withdrawal) = (ReserveId::new(4), 5, Withdrawal::default());
    [
        VaultEvent::QueueMoved(Box::new(QueueMove {
            vault,
            asset,
            holding,
            account,
            ticket: 10,
            round: 11,
            joins: shares(12),
            leaves: shares(13),
            units: shares(14),
            paid: atoms(15),
            due: fixed(16),
        })),
        VaultEvent::QueueFilled(Box::new(QueueFill {
            vault,
            asset,
            round: 10,
            reserve: Some(reserve),
            withdrawal,
            index: fixed(11),
            carry: fixed(12),
            ended: true,
            forgone: fixed(13),
            marks: MARKS,
        })),
    ]
}

fn record() -> VaultLoss {
    VaultLoss {
        vault: VaultId::new(1),
        reserve: ReserveId::new(2),
        count: 3,
        after: 4,
        until: 5,
        at: Timestamp::from_ms(6),
        seq: Seq::new(7),
        noticed_at: Timestamp::from_ms(8),
        held: shares(9),
        shares: shares(10),
        nobodys: shares(11),
        net: fixed(12),
        cushioned: fixed(14),
        absorbed: fixed(15),
        burned: shares(21),
        earlier: Some(VaultLossId::new(16)),
    }
}

pub(super) fn event_samples() -> Vec<Event> {
    let (vault, asset, account) = (VaultId::new(1), AssetId::new(2), AccountId::new(3));
    let (reserve, at) = (ReserveId::new(4), Timestamp::from_ms(5));
    let charged =
        Charged { fee: fixed(6), written_down: fixed(7), earned: fixed(8), basis: fixed(9) };
    let forced = ForcedReserve { reserve, asset, from: held(), to: Holdings::default() };
    let funds = Funds {
        idle: atoms(1),
        shares: shares(2),
        dead: shares(3),
        pooled: shares(13),
        basis: fixed(4),
        high: (fixed(8), shares(9)),
        pending: fixed(10),
        charged_at: Some(at),
        crank: atoms(11),
        earned: fixed(12),
        rewards: stream(),
        losses: 13,
        escrowed: shares(16),
    };
    let opened = OpenedVault {
        vault,
        asset,
        holding: 6,
        account,
        held: funds,
        allocations: vec![(allocation(), 7)],
    };
    let mut events = vec![
        VaultEvent::VaultCreated {
            vault,
            label: label("safe"),
            asset,
            curator: account,
            policy: policy(),
        },
        VaultEvent::VaultPolicySet { vault, policy: policy() },
        VaultEvent::ReserveListed { reserve, listed: true },
        VaultEvent::AllocationProposed { vault, allocation: allocation(), ready_at: at },
        VaultEvent::AllocationSet { vault, allocation: allocation() },
        VaultEvent::AllocationVetoed { vault, reserve },
        VaultEvent::AllocationRemoved { vault, reserve },
        VaultEvent::RewardsStreamed { vault, asset, amount: atoms(6), at },
        VaultEvent::FeesCharged { vault, charged, high: (fixed(10), shares(11)), at },
        VaultEvent::FeesGivenUp { vault, amount: fixed(6), marks: MARKS },
        VaultEvent::RewardsFunded { vault, account, asset, amount: atoms(6), per_second: atoms(7) },
        VaultEvent::ReserveOpened { supply: 6, account, forced: Box::new(forced) },
        VaultEvent::VaultOpened(Box::new(opened)),
        VaultEvent::LossRecorded { loss: VaultLossId::new(6), record: Box::new(record()) },
        VaultEvent::LossCushioned { loss: VaultLossId::new(6), amount: fixed(7) },
    ];
    events.extend(moves());
    events.extend(queue());
    events.into_iter().map(Event::Vault).collect()
}
