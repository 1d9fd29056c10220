//! One value of every command and every event, with no two fields alike.

#[path = "samples/compensation.rs"]
mod compensation;
#[path = "samples/farm.rs"]
mod farm;
#[path = "samples/hosted.rs"]
mod hosted;
#[path = "samples/lending.rs"]
mod lending;
#[path = "samples/pool.rs"]
mod pool;
#[path = "samples/vault.rs"]
mod vault;

use backstop_core::{
    Body, Event,
    command::{
        ActivateRules, AddSpike, Approve, AssessLoss, BalancePools, BeginTransfer, BidAuction,
        BookConversion, CancelProposal, CancelUnstake, CheckDrawdown, ClaimRecovery, ClaimUnstake,
        CloseAdl, CloseEquity, CloseLoss, CommitReservation, Contribute, CoverDeficit, CreateFund,
        CreateMarket, CreateTranche, DeclareLoss, DeleverageInventory, Direction,
        DistributeSurplus, EndAlert, EndSpike, Execute, FillInventory, FundPnlPool,
        GrantProtocolShares, LapseDeclaration, LapseTicket, Linked, MarkInventory, MoveIdle,
        OpenAccount, OpenAdl, OpenEquity, Opening, OpeningAccount, OpeningShares, Outcome, Party,
        PauseEntries, PayFees, PayRevenue, PlaceLoss, Propose, RaiseAlert, Reconcile, RecoverLoss,
        RedeemProtocolShares, RegisterAsset, RegisterFeed, RegisterIndex, ReleaseReservation,
        RepayHouse, ReportConditions, ReportDeposits, ReportHouse, ReportLiquidity,
        ReportOpenInterest, ReportPrice, ReportResults, ReportRisk, Reporter, RequestUnstake,
        Reserve, ResolveTransfer, RetireFeed, RunAdl, RunControl, RunEquity, SetControl,
        SetCouncil, SetCovers, SetDrawdown, SetHouse, SetIndexPolicy, SetInventory, SetMarketRules,
        SetMarketTier, SetOfflineBudget, SetOpenInterestMax, SetPools, SetRevenue, SetRoles,
        SetSplit, SetTarget, SetThreshold, SetTier, SetVault, SetWaterfall, SettleBadDebt,
        SettleBasis, SettleLiquidation, SettleRevenue, Stake, StakeProtocol, StartAuction,
        SubmitAdlPart, SubmitEquityPart, TakeOver, VoidLoss, WithdrawExcess,
    },
    event::{
        Cohort, ControlRun, Converted, Home, HouseTerms, LineMove, MarketRules, ParkedLoss,
        Placement, PoolFlow, Reallocation, RevenuePart, RiskMessage, Row, RowPart, Sale, Settled,
    },
    ledger::LedgerAccount,
    loss::{
        adl::{Candidate, Cut, Sealed},
        claim::{Seal, Tally},
        deposit_index::Deposits,
        equity::{EquityShare, Holder},
    },
    oracle::Verdict,
    policy::{
        AdlPolicy, AdlRank, AdlSelect, AlertCause, AuctionPolicy, BadDebtPolicy, Band, CancelTerms,
        Cause, Causes, ControlPolicy, CurvePoint, DrawdownPolicy, EntryPrice, EquityPolicy,
        ExitValue, FundKind, FundPolicy, HouseCounts, HousePolicy, IdlePolicy, IndexPolicy,
        InventoryEnd, InventoryPolicy, Law, LayerPolicy, LayerSource, MarketPolicy, Overflow,
        Payout, PiLaw, PoolPolicy, PositionSide, ProtocolHolding, PublicKey, ReservationPolicy,
        RevenuePolicy, RiskMessagePolicy, Role, Roles, Routes, SignatureBytes, Slew, SpikeCause,
        SplitPolicy, SplitRate, SplitRounding, SurplusRoute, TierPolicy, TranchePolicy, Underwater,
    },
    state::FeedSource,
};
use backstop_testkit::label;
use backstop_units::{
    AccountId, Amount, AssetId, Base, Bps, FarmId, FeedId, Fixed60, FundId, Hash, IndexId, Label,
    LossId, MarketId, Measure, Ppm, Price, ProposalId, ReserveId, ShareIndex, Shares, Signed, Span,
    TicketId, Timestamp, TrancheId, TransferId, VaultId, VaultLossId,
};

pub(crate) const DRAWDOWN: DrawdownPolicy = DrawdownPolicy {
    start: Ppm::new(300_000),
    stop: Ppm::new(250_000),
    min_balance: Amount::new(5),
    spares: true,
};

pub(crate) fn fund_policy() -> FundPolicy {
    FundPolicy {
        split: SplitPolicy {
            fund: Bps::new(1),
            liquidator: Bps::new(2),
            user: Bps::new(3),
            rounding: SplitRounding::FloorRestToUser,
            overflow: Overflow::Stakers,
            rate: SplitRate::Notional,
        },
        counts_stake: true,
        covers: Causes::of(&[Cause::BadDebt, Cause::SoftwareFault]),
        coverage_min: Bps::new(4),
        threshold_delay: Span::from_ms(5),
        withdraw_delay: Span::from_ms(6),
        declaration_lapse: Span::from_ms(7),
        hold_max: Span::from_ms(8),
        revenue: revenue_policy(),
    }
}

pub(crate) fn revenue_policy() -> RevenuePolicy {
    RevenuePolicy {
        period: Span::from_ms(9),
        pool_share: Ppm::new(10),
        apr_max: Ppm::new(11),
        liquid_share: Ppm::new(12),
        total_factor: Ppm::new(13),
        staker_factor: Ppm::new(14),
        entry: EntryPrice::WithPending,
    }
}

pub(crate) fn tranche_policy() -> TranchePolicy {
    TranchePolicy {
        cooldown: Span::from_ms(1),
        claim_window: Span::from_ms(2),
        exit_value: ExitValue::LowerOfRequestAndClaim,
        stake_min: Amount::new(3),
        tickets_max: 4,
        covers: Causes::of(&[Cause::Bankruptcy]),
        new_series_after_wipe: true,
        keeps: Amount::new(5),
        cancel: CancelTerms::ForfeitGains,
        stake_while_leaving: true,
        protocol: ProtocolHolding::Shares,
        revenue_weight: 6,
        spare_decimals: 7,
    }
}

pub(crate) fn curve() -> Law {
    let point = |coverage, rate| CurvePoint { coverage: Ppm::new(coverage), rate: Ppm::new(rate) };
    Law::Curve(vec![point(1, 4), point(2, 3)])
}

pub(crate) fn control_policy() -> ControlPolicy {
    let band = |from, surplus| Band {
        from: Ppm::new(from),
        open_interest: Ppm::new(from + 21),
        leverage: Ppm::new(from + 22),
        listings: true,
        surplus,
    };
    ControlPolicy {
        law: Law::Pi(PiLaw {
            base: Ppm::new(6),
            kp: Ppm::new(2),
            ki: Ppm::new(3),
            ki_period: Span::from_ms(4),
            dead_from: Ppm::new(5),
            dead_to: Ppm::new(1_000_006),
        }),
        rate_min: Ppm::new(1),
        rate_max: Ppm::new(8),
        slew: Some(Slew { by: Ppm::new(9), per: Span::from_ms(10) }),
        interval_min: Span::from_ms(11),
        open_interest_gain: Ppm::new(12),
        volatility_gain: Ppm::new(13),
        report_age_max: Span::from_ms(14),
        spike_max: Ppm::new(15),
        spikes_max: 16,
        spike_span_max: Span::hours(17),
        bands: vec![band(0, SurplusRoute::Reserve), band(18, SurplusRoute::Lps)],
        band_margin: Ppm::new(19),
        loosen_delay: Span::from_ms(20),
        reservations: ReservationPolicy {
            part_max: Ppm::new(41),
            span_max: Span::from_ms(42),
            count_max: 43,
        },
        idle: Some(IdlePolicy {
            venue: label("yield"),
            part_max: Ppm::new(44),
            notice: Span::from_ms(45),
            reach: Span::from_ms(46),
        }),
        routes: Some(Routes { lps: Some(label("alice")), token_holders: None }),
        messages: Some(RiskMessagePolicy {
            key: PublicKey([47; 32]),
            age_max: Span::from_ms(48),
            span_max: Span::from_ms(49),
            target_max: Amount::new(50),
            target_default: Amount::new(51),
            fee_max: Ppm::new(52),
            hold_max: Amount::new(53),
        }),
    }
}

fn report_risk(fund: Label) -> ReportRisk {
    ReportRisk {
        fund,
        sequence: 1,
        made_at: ms(2),
        until: ms(3),
        target: Amount::new(4),
        cover_two: Amount::new(5),
        fee: Ppm::new(6),
        hold: Amount::new(7),
        evidence: Hash::new([8; 32]),
        signature: SignatureBytes([9; 64]),
    }
}

const RISK_MESSAGE: RiskMessage = RiskMessage {
    sequence: 1,
    made_at: Timestamp::from_ms(2),
    until: Timestamp::from_ms(3),
    target: Amount::new(4),
    cover_two: Amount::new(5),
    fee: Ppm::new(6),
    hold: Amount::new(7),
    evidence: Hash::new([8; 32]),
    key: PublicKey([9; 32]),
};

fn layers() -> Vec<LayerPolicy> {
    let layer = |source| LayerPolicy {
        source,
        payout: Payout::Whole,
        per_event: Some(Amount::new(1)),
        per_1h: None,
        per_8h: Some(Amount::new(2)),
        per_24h: None,
        lifetime: Some(Amount::new(3)),
        haircut: Some(backstop_units::Ppm::new(50_000)),
    };
    vec![
        layer(LayerSource::FeePool),
        layer(LayerSource::Reserve(label("main"))),
        layer(LayerSource::Staked(label("jun"))),
        layer(LayerSource::Socialised),
        layer(LayerSource::Adl),
        layer(LayerSource::Depositors),
        layer(LayerSource::Haircut(Ppm::new(13))),
        layer(LayerSource::Equity),
    ]
}

fn candidate() -> Candidate {
    Candidate {
        account: label("alice"),
        side: PositionSide::Short,
        size: Base::new(21),
        hedged: Base::new(22),
        entry: Price::new(23),
        equity: Amount::new(24),
        collateral: Amount::new(25),
        maintenance: Amount::new(26),
    }
}

const ADL: AdlPolicy = AdlPolicy {
    rank: AdlRank::LeveragedPnl,
    select: AdlSelect::ProRataGains,
    hedge_aware: true,
    gains_only: false,
    base_unit: Base::new(12),
    batch: 13,
    candidates_max: 14,
    deadline: Span::from_ms(15),
};

const EQUITY: EquityPolicy =
    EquityPolicy { cap: Ppm::new(16), batch: 17, accounts_max: 18, deadline: Span::from_ms(19) };

fn holder() -> Holder {
    Holder { account: label("bob"), equity: Amount::new(27) }
}

fn market_rules() -> MarketRules {
    let underwater = Underwater::FullFee { fee: Bps::new(9) };
    MarketRules {
        underwater,
        mark: Some(label("mark")),
        mark_band: Ppm::new(12),
        adl: Some(ADL),
        equity: Some(EQUITY),
    }
}

fn set_market_rules() -> SetMarketRules {
    let MarketRules { underwater, mark, mark_band, adl, equity } = market_rules();
    SetMarketRules { market: label("sol"), underwater, mark, mark_band, adl, equity }
}

pub(crate) fn market_policy() -> MarketPolicy {
    let underwater = Underwater::Bounty { fee: Bps::new(9), cap: Amount::new(10) };
    MarketPolicy {
        waterfall: layers(),
        underwater,
        event_window: Span::from_ms(11),
        pools: Some(pool_policy()),
        tier: Some(label("b")),
        adl: Some(ADL),
        equity: Some(EQUITY),
        hosted: Some(Box::new(hosted::policy_sample())),
        mark: Some(label("mark")),
        mark_band: Ppm::new(12),
        bad_debt: BadDebtPolicy {
            assets_below: Some(Amount::new(13)),
            debts_above: Amount::new(14),
        },
    }
}

pub(crate) fn index_policy() -> IndexPolicy {
    IndexPolicy {
        quorum: 1,
        families: 2,
        max_age: Span::from_ms(3),
        max_deviation: Ppm::new(4),
        band: Ppm::new(5),
        band_span: Span::from_ms(6),
        confirm_after: Span::from_ms(7),
        max_jump: Ppm::new(8),
    }
}

fn pool_policy() -> PoolPolicy {
    PoolPolicy {
        buffer: Amount::new(12),
        fee_share: Ppm::new(13),
        period_max: Amount::new(14),
        imbalance_max: Amount::new(15),
    }
}

const TIER: TierPolicy = TierPolicy {
    insurance_max: Amount::new(16),
    imbalance_max: Amount::new(17),
    period_max: Amount::new(18),
};

fn house_policy() -> HousePolicy {
    HousePolicy {
        market: label("sol"),
        counts: HouseCounts::Value,
        beneficiary: Some(label("alice")),
        anyone_repays: true,
    }
}

fn house_terms() -> HouseTerms {
    HouseTerms {
        market: MarketId::new(20),
        counts: HouseCounts::Free,
        beneficiary: Some(AccountId::new(21)),
        anyone_repays: true,
    }
}

/// The policies that no other sample holds.
pub(crate) fn underwater() -> [Underwater; 3] {
    let fee = Bps::new(12);
    [Underwater::Nothing, Underwater::FullFee { fee }, Underwater::DeficitFee { fee }]
}

fn key(byte: u8) -> PublicKey {
    PublicKey([byte; 32])
}
fn hash(byte: u8) -> Hash {
    Hash::new([byte; 32])
}
fn ms(ms: u64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn settlement() -> SettleLiquidation {
    SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-9),
        notional: Amount::new(10),
        mark: Price::new(11),
        open_interest: Some(Base::new(12)),
        evidence: Some(hash(4)),
    }
}

/// One body of every command, in the order of the table.
#[expect(clippy::too_many_lines, reason = "a table: one command after the other")]
pub(crate) fn bodies() -> Vec<Body> {
    let (main, jun, sol, alice, usdt) =
        (label("main"), label("jun"), label("sol"), label("alice"), label("usdt"));
    let (amount, ticket, loss) = (Amount::new(300), TicketId::new(11), LossId::new(12));
    let proposal = ProposalId::new(13);
    let withdraw = Body::from(WithdrawExcess { fund: main, amount });
    vec![
        RegisterAsset { label: usdt, decimals: 6, custodian: Some(key(1)) }.into(),
        OpenAccount { label: alice, group: Some(label("family")), venue: None }.into(),
        SetRoles { account: alice, roles: Roles::of(&[Role::Operator, Role::Custodian]) }.into(),
        SetCouncil { keys: vec![key(2), key(3)], threshold: 2 }.into(),
        ActivateRules { version: 2 }.into(),
        CreateFund {
            label: main,
            asset: usdt,
            kind: FundKind::Isolated,
            treasury: alice,
            threshold: Amount::new(1),
            target: Amount::new(2),
            policy: Box::new(fund_policy()),
        }
        .into(),
        CreateTranche { label: jun, fund: main, policy: tranche_policy() }.into(),
        SetThreshold { fund: main, threshold: amount }.into(),
        SetTarget { fund: main, target: amount }.into(),
        SetSplit { fund: main, split: fund_policy().split }.into(),
        SetCovers { fund: main, covers: Causes::INSURED }.into(),
        Contribute { fund: main, account: alice, asset: usdt, amount }.into(),
        withdraw.clone(),
        Stake { tranche: jun, account: alice, asset: usdt, amount, min_shares: Shares::new(4) }
            .into(),
        RequestUnstake {
            tranche: jun,
            account: alice,
            shares: Shares::new(5),
            amount: Some(Amount::new(6)),
        }
        .into(),
        CancelUnstake { ticket }.into(),
        ClaimUnstake { ticket }.into(),
        LapseTicket { ticket }.into(),
        RaiseAlert { fund: main, cause: AlertCause::Custody, until: ms(6) }.into(),
        EndAlert { fund: main }.into(),
        PauseEntries { fund: main, until: ms(7) }.into(),
        PayRevenue { fund: main, from: Party::Clearing(sol), amount }.into(),
        SettleRevenue { fund: main }.into(),
        ReportLiquidity { fund: main, free: Some(Signed::new(-8)) }.into(),
        SetRevenue { fund: main, revenue: revenue_policy() }.into(),
        SetControl { fund: main, policy: Box::new(control_policy()) }.into(),
        RunControl { fund: main }.into(),
        ReportConditions {
            fund: main,
            open_interest: Ppm::new(1),
            volatility: Ppm::new(2),
            headroom: Some(Ppm::new(3)),
            forecast: None,
        }
        .into(),
        AddSpike { fund: main, size: Ppm::new(4), cause: SpikeCause::Loss, until: ms(5) }.into(),
        EndSpike { fund: main, spike: 6 }.into(),
        MoveIdle { fund: main, direction: Direction::Out, amount }.into(),
        Reserve { market: sol, id: label("r1"), amount, until: ms(7) }.into(),
        CommitReservation { id: label("r1"), settlement: Box::new(settlement()) }.into(),
        ReleaseReservation { market: sol, id: label("r1") }.into(),
        SetOfflineBudget { market: sol, budget: amount, span: Span::from_ms(8) }.into(),
        SetDrawdown { fund: main, policy: Some(DRAWDOWN) }.into(),
        CheckDrawdown { fund: main }.into(),
        report_risk(main).into(),
        CreateMarket { label: sol, fund: main, venue: alice, policy: Box::new(market_policy()) }
            .into(),
        SetWaterfall { market: sol, layers: layers() }.into(),
        ReportOpenInterest { market: sol, base: Base::new(8) }.into(),
        PayFees { market: sol, amount }.into(),
        settlement().into(),
        SetPools { market: sol, pools: Some(pool_policy()) }.into(),
        ReportResults {
            market: sol,
            exchange_fees: Amount::new(19),
            liquidation_fees: Amount::new(20),
            surplus: Signed::new(-21),
            net_revenue: Signed::new(22),
        }
        .into(),
        BalancePools { market: sol }.into(),
        FundPnlPool { market: sol, amount }.into(),
        CoverDeficit { market: sol, net_pnl: amount, evidence: hash(8) }.into(),
        SetTier { label: label("b"), tier: TIER }.into(),
        SetMarketTier { market: sol, tier: Some(label("b")) }.into(),
        TakeOver {
            market: sol,
            account: alice,
            size: Signed::new(-31),
            price: Price::new(32),
            mark: Price::new(33),
            collateral: Signed::new(-34),
            evidence: hash(35),
        }
        .into(),
        MarkInventory { market: sol, mark: Some(Price::new(36)) }.into(),
        FillInventory {
            market: sol,
            size: Signed::new(-37),
            price: Price::new(38),
            evidence: Some(hash(39)),
        }
        .into(),
        StartAuction { market: sol }.into(),
        BidAuction { market: sol, bidder: alice, size: Signed::new(-40), price: Price::new(41) }
            .into(),
        DeleverageInventory { market: sol }.into(),
        SetInventory { market: sol, policy: Box::new(inventory_policy()) }.into(),
        DeclareLoss {
            market: sol,
            cause: Cause::PnlDeficit,
            account: Some(alice),
            estimate: amount,
        }
        .into(),
        AssessLoss { loss, amount, evidence: hash(5) }.into(),
        PlaceLoss { loss }.into(),
        CloseLoss { loss }.into(),
        VoidLoss { loss }.into(),
        LapseDeclaration { loss }.into(),
        RecoverLoss { loss, from: Party::Clearing(sol), amount }.into(),
        ClaimRecovery { loss, account: alice }.into(),
        OpenAdl {
            loss,
            side: PositionSide::Short,
            price: Price::new(16),
            mark: Price::new(17),
            count: 18,
            lots: Base::new(19),
            root: hash(20),
        }
        .into(),
        SubmitAdlPart { loss, entries: vec![candidate()] }.into(),
        RunAdl { loss }.into(),
        CloseAdl { loss }.into(),
        OpenEquity { loss, count: 18, equity: Amount::new(19), root: hash(20) }.into(),
        SubmitEquityPart { loss, entries: vec![holder()] }.into(),
        RunEquity { loss }.into(),
        CloseEquity { loss }.into(),
        ReportDeposits {
            market: sol,
            shares: Shares::new(19),
            index: ShareIndex::new(20),
            unit: ShareIndex::new(21),
            losses: 22,
        }
        .into(),
        set_market_rules().into(),
        BeginTransfer {
            direction: Direction::Out,
            party: Party::Account(alice),
            asset: usdt,
            amount,
            reference: label("ref"),
        }
        .into(),
        ResolveTransfer { transfer: TransferId::new(14), outcome: Outcome::Failed }.into(),
        Reconcile {
            asset: usdt,
            balance: amount,
            as_of: ms(13),
            signature: Some(SignatureBytes([6; 64])),
        }
        .into(),
        Propose { body: Box::new(withdraw), nonce: 14, expires_at: ms(15) }.into(),
        Approve { proposal, digest: hash(7) }.into(),
        Execute { proposal }.into(),
        CancelProposal { proposal }.into(),
        Linked { steps: vec![PlaceLoss { loss }.into(), CloseLoss { loss }.into()] }.into(),
        Opening { account: OpeningAccount::FeePool(sol), asset: usdt, amount }.into(),
        OpeningShares { tranche: jun, account: Some(alice), shares: Shares::new(16) }.into(),
        SetVault { tranche: jun, amount }.into(),
        RegisterIndex { label: sol, asset: Some(alice), quote: usdt, policy: index_policy() }
            .into(),
        RegisterFeed { label: sol, index: main, family: alice, reporter: Reporter::Key(key(16)) }
            .into(),
        ReportPrice {
            feed: sol,
            price: Price::new(17),
            at: ms(18),
            signature: Some(SignatureBytes([19; 64])),
        }
        .into(),
        SetIndexPolicy { index: main, policy: index_policy() }.into(),
        RetireFeed { feed: sol }.into(),
        BookConversion {
            market: sol,
            layer: LayerSource::Staked(jun),
            sold: amount,
            received: Amount::new(17),
            any_price: true,
        }
        .into(),
        SettleBasis { market: sol, layer: LayerSource::Reserve(main) }.into(),
        GrantProtocolShares { tranche: jun, account: alice, shares: Shares::new(17) }.into(),
        RedeemProtocolShares { tranche: jun, shares: Shares::new(18), amount: Some(amount) }.into(),
        StakeProtocol { tranche: jun, account: alice, amount }.into(),
    ]
    .into_iter()
    .chain(hosted::command_samples())
    .chain(later_bodies())
    .chain(hosted::later_samples())
    .chain(lending::command_samples())
    .chain(vault::command_samples())
    .chain(farm::command_samples())
    .chain(pool::command_samples())
    .chain(compensation::command_samples())
    .collect()
}

/// Bad debts, house accounts and ceilings of open interest.
fn later_bodies() -> Vec<Body> {
    let (main, sol, alice) = (label("main"), label("sol"), label("alice"));
    let amount = Amount::new(7);
    vec![
        SettleBadDebt {
            market: sol,
            account: alice,
            assets: Amount::new(23),
            debts: Amount::new(24),
            amount,
            mark: Price::new(25),
            evidence: hash(26),
        }
        .into(),
        SetHouse { fund: main, house: Some(house_policy()) }.into(),
        ReportHouse {
            fund: main,
            value: Signed::new(-27),
            free: Amount::new(28),
            moves: 29,
            evidence: hash(30),
        }
        .into(),
        RepayHouse { fund: main }.into(),
        DistributeSurplus { fund: main }.into(),
        SetOpenInterestMax { market: sol, max: Some(Base::new(9)) }.into(),
    ]
}

/// One event of every kind, in the order of its discriminant.
pub(crate) fn events() -> Vec<Event> {
    let mut events = registry();
    events.extend(funds());
    events.extend(control());
    events.extend(markets());
    events.extend(pools());
    events.extend(losses());
    events.extend(deleveraging());
    events.extend(inventory_events());
    events.extend(governance());
    events.extend(prices());
    events.extend(conversions());
    events.extend(protocol());
    events.extend(hosted::event_samples());
    events.extend(lending::event_samples());
    events.extend(vault::event_samples());
    events.extend(farm::event_samples());
    events.extend(pool::event_samples());
    events.extend(compensation::event_samples());
    events
}

fn registry() -> Vec<Event> {
    let (account, asset, alice) = (AccountId::new(1), AssetId::new(2), label("alice"));
    vec![
        Event::AssetRegistered {
            asset,
            label: label("usdt"),
            decimals: 6,
            custodian: Some(key(1)),
        },
        Event::AccountOpened {
            account,
            label: alice,
            group: label("family"),
            venue: Some(account),
        },
        Event::RolesSet { account, roles: Roles::of(&[Role::Operator, Role::Custodian]) },
        Event::CouncilSet { keys: vec![key(2), key(3)], threshold: 2 },
        Event::RulesActivated { version: 2 },
        Event::NonceUsed { nonce: 3 },
    ]
}

fn funds() -> Vec<Event> {
    let (account, asset, fund) = (AccountId::new(1), AssetId::new(2), FundId::new(3));
    let (tranche, ticket) = (TrancheId::new(4), TicketId::new(6));
    let (amount, shares, position) = (Amount::new(300), Shares::new(400), 7);
    vec![
        Event::FundCreated {
            fund,
            label: label("main"),
            asset,
            kind: FundKind::Isolated,
            treasury: account,
            threshold: Amount::new(1),
            target: Amount::new(2),
            policy: fund_policy(),
        },
        Event::TrancheCreated { tranche, label: label("jun"), fund, policy: tranche_policy() },
        Event::ThresholdSet { fund, threshold: amount },
        Event::TargetSet { fund, target: amount },
        Event::SplitSet { fund, split: fund_policy().split },
        Event::CoversSet { fund, covers: Causes::INSURED },
        Event::Contributed { fund, account, asset, amount },
        Event::ExcessWithdrawn { fund, asset, treasury: account, amount },
        Event::Staked { tranche, position, account, asset, amount, shares },
        Event::UnstakeRequested { ticket, tranche, position, shares, value: amount },
        Event::UnstakeEnded { ticket, lapsed: true, forfeited: Shares::new(19) },
        Event::Unstaked { ticket, tranche, fund, account, asset, amount, orphaned: Amount::new(8) },
        Event::SeriesStarted { tranche, series: 9 },
        Event::AlertRaised { fund, cause: AlertCause::Custody, until: ms(10) },
        Event::AlertEnded { fund },
        Event::EntriesPaused { fund, until: ms(11) },
        Event::RevenuePaid { fund, from: LedgerAccount::Clearing(MarketId::new(5)), asset, amount },
        Event::RevenueSettled {
            fund,
            asset,
            to_reserve: Amount::new(20),
            parts: vec![RevenuePart { tranche, amount, minted: shares }],
        },
        Event::RevenueRouted {
            fund,
            asset,
            amount: Amount::new(22),
            to: LedgerAccount::Balance(AccountId::new(23)),
            parts: vec![RevenuePart { tranche, amount, minted: shares }],
        },
        Event::LiquidityReported { fund, free: Some(Signed::new(-21)) },
        Event::RevenueSet { fund, revenue: revenue_policy() },
    ]
}

fn markets() -> Vec<Event> {
    let (account, asset, fund) = (AccountId::new(1), AssetId::new(2), FundId::new(3));
    let (market, amount) = (MarketId::new(5), Amount::new(300));
    vec![
        Event::MarketCreated {
            market,
            label: label("sol"),
            fund,
            venue: account,
            policy: Box::new(market_policy()),
        },
        Event::WaterfallSet { market, layers: layers() },
        Event::MarketRulesSet { market, rules: market_rules() },
        Event::OpenInterestReported { market, base: Base::new(12) },
        Event::FeesPaid { market, asset, amount },
        Event::LiquidationSettled {
            market,
            account,
            liquidator: AccountId::new(13),
            asset,
            fund,
            to_fund: Amount::new(14),
            to_liquidator: Amount::new(15),
            to_user: Amount::new(16),
            overflow: Amount::new(17),
            overflow_to: LedgerAccount::Balance(account),
            bounty: Amount::new(18),
        },
    ]
}

fn pools() -> Vec<Event> {
    let (market, asset, amount) = (MarketId::new(5), AssetId::new(2), Amount::new(300));
    let flow = PoolFlow {
        to_pnl: Amount::new(1),
        from_pnl: Amount::new(2),
        to_revenue: Amount::new(3),
        from_revenue: Amount::new(4),
    };
    vec![
        Event::PoolsSet { market, pools: Some(pool_policy()) },
        Event::ResultsReported {
            market,
            exchange_fees: Amount::new(5),
            liquidation_fees: Amount::new(6),
            surplus: Signed::new(-7),
            net_revenue: Signed::new(8),
        },
        Event::PoolsBalanced { market, fund: FundId::new(3), asset, flow },
        Event::PnlPoolFunded { market, asset, amount },
        Event::DeficitCovered { market, loss: LossId::new(9), asset, amount },
        Event::TierSet { tier: 10, label: label("b"), policy: TIER },
        Event::MarketTierSet { market, tier: Some(11) },
    ]
}

fn control() -> Vec<Event> {
    let (asset, fund, market) = (AssetId::new(2), FundId::new(3), MarketId::new(5));
    let (amount, id) = (Amount::new(300), label("r1"));
    vec![
        Event::ControlSet {
            fund,
            policy: Box::new(control_policy()),
            rate: Signed::new(21),
            integral: Signed::new(-22),
            band: 1,
        },
        Event::ControlRan(Box::new(ControlRun {
            fund,
            coverage: Signed::new(1),
            proportional: Signed::new(-2),
            integral: Signed::new(-3),
            open_interest: Signed::new(4),
            volatility: Signed::new(5),
            target: Signed::new(6),
            reach: Signed::new(7),
            rate_before: Signed::new(8),
            rate: Signed::new(9),
            spikes: Ppm::new(10),
            headroom: Some(Ppm::new(11)),
            charged_before: Ppm::new(12),
            charged: Ppm::new(13),
            band_before: 14,
            band: 15,
            rising: Some((16, ms(17))),
            message: Some(18),
        })),
        Event::ConditionsReported {
            fund,
            open_interest: Ppm::new(1),
            volatility: Ppm::new(2),
            headroom: Some(Ppm::new(3)),
            forecast: Some(Ppm::new(4)),
            at: ms(5),
        },
        Event::SpikeAdded {
            fund,
            spike: 6,
            size: Ppm::new(7),
            cause: SpikeCause::Event,
            until: ms(8),
        },
        Event::SpikeEnded { fund, spike: 9 },
        Event::RiskReported { fund, message: Box::new(RISK_MESSAGE) },
        Event::IdleMoved { fund, asset, direction: Direction::In, amount },
        Event::Reserved { fund, market, id, amount, until: ms(10) },
        Event::ReservationCommitted { fund, market, id, amount },
        Event::ReservationReleased { fund, market, id, amount },
        Event::OfflineBudgetMoved {
            market,
            budget: amount,
            left: Amount::new(11),
            span: Span::from_ms(12),
        },
        Event::OpenInterestMaxSet { market, max: Some(Base::new(13)) },
        Event::DrawdownSet { fund, policy: Some(DRAWDOWN) },
        Event::DrawdownTurned { fund, on: true, holdings: Amount::new(7), peak: Amount::new(11) },
    ]
}

/// Every cohort in one placement.
fn rows() -> Vec<Row> {
    let fund = FundId::new(3);
    let stakers = Cohort::Stakers {
        tranche: TrancheId::new(4),
        series: 5,
        epoch: 6,
        base: 7,
        shares: Shares::new(8),
        protocol: Shares::new(9),
    };
    let positions =
        Cohort::Positions { delta: Fixed60::new(8), base: Base::new(9), epoch: Some(7) };
    let cohorts = [
        Cohort::FeePool,
        Cohort::Reserve(fund),
        Cohort::Contributions(fund),
        stakers,
        positions,
        Cohort::Residual,
        Cohort::Adl { adl: 27 },
        Cohort::Haircut { fund: FundId::new(28), haircut: 29 },
        Cohort::Depositors {
            shares: Shares::new(38),
            from: ShareIndex::new(39),
            to: ShareIndex::new(40),
        },
        Cohort::House(fund),
        Cohort::Equity { claim: 28 },
    ];
    let row = |(layer, cohort)| Row { layer, cohort, amount: Amount::new(u128::from(layer) + 100) };
    (0u8..).zip(cohorts).map(row).collect()
}

fn losses() -> Vec<Event> {
    let (account, asset, market) = (AccountId::new(1), AssetId::new(2), MarketId::new(5));
    let (loss, amount) = (LossId::new(10), Amount::new(300));
    let to = LedgerAccount::Recoveries(loss);
    let parts = vec![RowPart { row: 1, to, amount }];
    vec![
        Event::LossDeclared {
            loss,
            market,
            cause: Cause::PnlDeficit,
            account: Some(account),
            estimate: amount,
            occurred_at: ms(11),
            lapses_at: ms(12),
        },
        Event::LossAssessed { loss, amount, evidence: hash(5) },
        Event::LossPlaced(Box::new(Placement {
            loss,
            market,
            asset,
            cause: Cause::Bankruptcy,
            account: Some(account),
            occurred_at: ms(13),
            evidence: hash(6),
            mark: Price::new(14),
            gross: amount,
            rows: rows(),
            index_carry: Fixed60::new(15),
            closed: true,
        })),
        Event::LossClosed { loss },
        Event::LossVoided { loss, lapsed: true, market, asset, parts: parts.clone() },
        Event::LossRecovered { loss, asset, from: LedgerAccount::Clearing(market), parts },
        Event::RecoveryClaimed { loss, row: 2, position: 7, account, asset, amount },
    ]
}

fn deleveraging() -> Vec<Event> {
    let (loss, market, asset) = (LossId::new(10), MarketId::new(5), AssetId::new(2));
    let (mark, price, lots) = (Price::new(17), Price::new(16), Base::new(19));
    let (side, count, root) = (PositionSide::Short, 18, hash(20));
    let sealed = Sealed { side, price, mark, count, lots, root };
    let tally = Tally { count: 28, sum: Measure::new(29), peaks: vec![hash(30), hash(31)] };
    let seal = Seal { count: 28, sum: Measure::new(29), root: hash(30) };
    let account = label("alice");
    let cut = Cut { at: 32, account, lots: Base::new(33), forgone: Amount::new(34) };
    let (equity, pays) = (Amount::new(33), Amount::new(34));
    let share = EquityShare { at: 32, account, equity, pays };
    vec![
        Event::AdlOpened { loss, sealed },
        Event::AdlPartAdded { loss, entries: vec![candidate()], tally: tally.clone() },
        Event::AdlRan { loss, mark, price, from: 35, cuts: vec![cut], done: true },
        Event::AdlClosed {
            loss,
            row: 4,
            market,
            asset,
            forgone: Amount::new(36),
            rest: Amount::new(37),
        },
        Event::EquityOpened { loss, seal },
        Event::EquityPartAdded { loss, entries: vec![holder()], tally },
        Event::EquityRan { loss, from: 35, shares: vec![share], done: true },
        Event::EquityClosed {
            loss,
            row: 4,
            market,
            asset,
            paid: Amount::new(36),
            rest: Amount::new(37),
        },
        Event::LossReallocated(Box::new(Reallocation {
            loss,
            market,
            asset,
            cause: Cause::BadDebt,
            amount: Amount::new(38),
            rows: rows(),
            index_carry: Fixed60::new(39),
        })),
        Event::DepositsReported { market, deposits: deposits(), losses: 41 },
    ]
}

fn deposits() -> Deposits {
    let (index, unit) = (ShareIndex::new(43), ShareIndex::new(44));
    Deposits { shares: Shares::new(42), index, unit }
}

fn governance() -> Vec<Event> {
    let (account, asset, amount) = (AccountId::new(1), AssetId::new(2), Amount::new(300));
    let (transfer, proposal) = (TransferId::new(16), ProposalId::new(17));
    let party = LedgerAccount::Balance(account);
    let body = Box::new(Body::from(WithdrawExcess { fund: label("main"), amount }));
    let direction = Direction::Out;
    vec![
        Event::TransferBegun { transfer, direction, party, asset, amount, reference: label("ref") },
        Event::TransferResolved {
            transfer,
            direction,
            party,
            asset,
            amount,
            outcome: Outcome::Failed,
        },
        Event::Reconciled {
            asset,
            balance: amount,
            as_of: ms(18),
            surplus: Amount::new(19),
            shortfall: Amount::new(20),
        },
        Event::Proposed {
            proposal,
            by: account,
            body,
            digest: hash(7),
            nonce: 21,
            expires_at: ms(22),
            delay_ms: 23,
        },
        Event::Approved { proposal, keys: vec![key(2)], ready_at: Some(ms(24)) },
        Event::Executed { proposal },
        Event::ProposalCancelled { proposal },
        Event::Opened { account: party, asset, amount },
    ]
}

fn protocol() -> Vec<Event> {
    let (account, asset, tranche) = (AccountId::new(1), AssetId::new(2), TrancheId::new(4));
    let (amount, shares, position) = (Amount::new(300), Shares::new(400), 7);
    let (account_of, position_of) = (Some(account), Some(position));
    vec![
        Event::SharesOpened { tranche, position: position_of, account: account_of, shares },
        Event::VaultForced { tranche, asset, gain: amount, loss: Amount::new(1) },
        Event::ProtocolSharesGranted { tranche, position, account, shares, value: amount },
        Event::ProtocolSharesRedeemed { tranche, asset, treasury: account, shares, amount },
        Event::ProtocolStaked { tranche, account, asset, amount, shares },
        Event::OrphansTaken { tranche, shares },
        Event::Rescaled { tranche, digits: 2 },
    ]
}

fn prices() -> Vec<Event> {
    let (index, feed, sol) = (IndexId::new(1), FeedId::new(2), label("sol"));
    let verdict = Verdict::Suspect { price: Price::new(3), since: ms(4) };
    vec![
        Event::IndexRegistered {
            index,
            label: sol,
            asset: Some(AssetId::new(5)),
            quote: AssetId::new(6),
            policy: index_policy(),
        },
        Event::FeedRegistered {
            feed,
            label: sol,
            index,
            family: label("one"),
            source: FeedSource::Key(key(7)),
        },
        Event::PriceReported { feed, index, price: Price::new(8), at: ms(9), verdict },
        Event::IndexPolicySet { index, policy: index_policy() },
        Event::FeedRetired { feed, index },
        Event::LossParked(Box::new(ParkedLoss {
            loss: LossId::new(10),
            market: MarketId::new(11),
            cause: Cause::BadDebt,
            account: AccountId::new(12),
            deficit: Amount::new(13),
            evidence: hash(14),
            mark: Price::new(15),
            price: Some(Price::new(16)),
            occurred_at: ms(17),
            lapses_at: ms(18),
        })),
        Event::HouseSet { fund: FundId::new(19), terms: Some(house_terms()) },
        Event::HouseReported {
            fund: FundId::new(20),
            value: Signed::new(-21),
            free: Amount::new(22),
            moves: 23,
            evidence: hash(24),
        },
        Event::HouseRepaid {
            fund: FundId::new(25),
            market: MarketId::new(26),
            asset: AssetId::new(27),
            amount: Amount::new(28),
        },
        Event::SurplusDistributed {
            fund: FundId::new(29),
            market: MarketId::new(30),
            asset: AssetId::new(31),
            beneficiary: AccountId::new(32),
            amount: Amount::new(33),
        },
    ]
}

/// What becomes of a layer in another asset.
fn conversions() -> Vec<Event> {
    let (market, fund, from) = (MarketId::new(2), FundId::new(3), LedgerAccount::Reserve);
    let [asset, into] = [AssetId::new(5), AssetId::new(6)];
    let amount = Amount::new;
    let home = Home {
        to: LedgerAccount::Tranche(TrancheId::new(7)),
        amount: amount(8),
        contributed: amount(9),
    };
    vec![
        Event::LayerConverted(Box::new(Converted {
            conversion: 1,
            market,
            fund,
            from: from(FundId::new(4)),
            asset,
            taken: amount(7),
            pays: LedgerAccount::Basis(FundId::new(8)),
            into,
            owed: amount(9),
            haircut: Ppm::new(10),
        })),
        Event::ConversionBooked(Box::new(Sale {
            conversion: 1,
            market,
            fund,
            venue: AccountId::new(4),
            asset,
            sold: amount(10),
            into,
            received: amount(11),
            shortfall: amount(12),
            home,
        })),
        Event::BasisSettled(Box::new(Settled {
            conversion: 1,
            market,
            fund,
            into,
            from_reserve: amount(13),
            from_contributions: amount(14),
            basis: amount(15),
            owed: amount(16),
            asset,
            home,
        })),
        Event::ConversionUnpriced { market, code: 865 },
    ]
}

/// Takeovers, and how they end.
fn inventory_events() -> Vec<Event> {
    let (market, fund) = (MarketId::new(1), FundId::new(2));
    vec![
        Event::PositionTaken {
            account: AccountId::new(3),
            group: label("carol"),
            evidence: hash(4),
            moved: Box::new(line_move()),
        },
        Event::InventoryMarked { market, fund, mark: Price::new(5), shortfall: Amount::new(6) },
        Event::InventoryFilled(Box::new(line_move())),
        Event::AuctionStarted { market, until: ms(7) },
        Event::AuctionWon {
            bidder: AccountId::new(8),
            margin: Amount::new(9),
            discount: Ppm::new(10),
            moved: Box::new(line_move()),
        },
        Event::InventoryDeleveraged(Box::new(line_move())),
        Event::InventorySet { market, policy: Box::new(inventory_policy()) },
    ]
}

fn line_move() -> LineMove {
    LineMove {
        market: MarketId::new(1),
        fund: FundId::new(2),
        asset: AssetId::new(3),
        size: Signed::new(-4),
        price: Price::new(5),
        mark: Price::new(6),
        base: Signed::new(7),
        cost: Signed::new(-8),
        result: Signed::new(9),
        margin_in: Amount::new(10),
        from_margin: Amount::new(11),
        paid: Amount::new(12),
        released: Amount::new(13),
        shortfall: Amount::new(14),
    }
}

pub(crate) fn inventory_policy() -> InventoryPolicy {
    InventoryPolicy {
        base_unit: Base::new(1),
        position_max: Amount::new(2),
        loss_max: Amount::new(3),
        hold_max: Span::from_ms(4),
        shock: Ppm::new(5),
        reserve_part: Ppm::new(6),
        cooldown: Span::from_ms(7),
        mark_age: Span::from_ms(8),
        slip_max: Ppm::new(9),
        auction: AuctionPolicy {
            start: Ppm::new(10),
            step: Ppm::new(11),
            interval: Span::from_ms(12),
            most: Ppm::new(13),
            lifetime: Span::from_ms(14),
            margin: Ppm::new(15),
        },
        end: InventoryEnd::Winners,
    }
}

/// What an index may make of a median.
pub(crate) fn verdicts() -> [Verdict; 5] {
    let price = Price::new(1);
    [
        Verdict::NoPrice,
        Verdict::Accepted(price),
        Verdict::Suspect { price, since: ms(2) },
        Verdict::Confirmed(price),
        Verdict::Jumped(price),
    ]
}

/// What can be staked in a farm, and where it is kept.
pub(crate) fn farm_stakes() -> farm::Stakes {
    farm::stakes()
}

/// Every account of the ledger's chart.
pub(crate) fn ledger_accounts() -> Vec<LedgerAccount> {
    use LedgerAccount as L;
    let (asset, account, fund) = (AssetId::new(1), AccountId::new(2), FundId::new(3));
    let (tranche, market, loss) = (TrancheId::new(4), MarketId::new(5), LossId::new(6));
    let (reserve, vault, farm) = (ReserveId::new(7), VaultId::new(8), FarmId::new(9));
    vec![
        L::Custody(asset),
        L::InTransit(asset),
        L::Suspense(asset),
        L::Opening(asset),
        L::Carry(asset),
        L::External(asset),
        L::Balance(account),
        L::Pending(account),
        L::Reserve(fund),
        L::Contributions(fund),
        L::Tranche(tranche),
        L::Revenue(fund),
        L::Idle(fund),
        L::Collateral(fund),
        L::FeePool(market),
        L::Clearing(market),
        L::Socialised(market),
        L::Residual(market),
        L::Haircut(fund),
        L::PendingClearing(market),
        L::Deleveraged(market),
        L::Depositors(market),
        L::HouseDrawn(market),
        L::ByEquity(market),
        L::PnlPool(market),
        L::Conversion(market),
        L::Basis(fund),
        L::Recoveries(loss),
        L::Inventory(market),
        L::Lenders(reserve),
        L::Loans(reserve),
        L::Interest(reserve),
        L::Pledged(reserve),
        L::Compensation(VaultLossId::new(9)),
        L::VaultIdle(vault),
        L::VaultCrank(vault),
        L::VaultRewards(vault),
        L::FarmStake(farm),
        L::FarmRewards(farm),
        L::VaultQueue(vault),
    ]
}

/// What a client never made: an id of sixteen bytes.
pub(crate) fn id() -> Label {
    Label::from_bytes([0xab; 16])
}
