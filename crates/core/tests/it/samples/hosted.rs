//! Samples of hosted markets.

use backstop_core::{
    Body, Event,
    command::{
        Deleverage, MergeIsolated, SeizeCollateral, SetHostedRules, SetMarginPool, SetMarketStatus,
        Trade,
    },
    event::{
        Fill, GateCause, HaircutPart, HaircutTaken, IndexSettlement, Liquidated, LiquidatorPaid,
        MarginChange, MarginMove, MarkReport, Merge, MoveCause, PledgeMove, PoolCovered, Seized,
        StatusChange,
    },
    policy::{
        BeyondBankruptcy, CollateralPolicy, FeeRamp, HostedPolicy, LiquidationFees,
        MarginPoolPolicy, MarginScale, MarginTier, MarketStatus, Netting, SizeFee, Throttle,
    },
};
use backstop_testkit::{
    hosted::{
        bankrupt, deleverage, deposit, fill, flag, funding, haircuts, mark, opening, pledge, pool,
        positions, recapitalise, redeem, seize, takes, trade, withdraw,
    },
    label,
};
use backstop_units::{
    AccountId, Amount, AssetId, Base, FundId, IndexId, LossId, MarketId, Ppm, Price, Signed, Span,
    Timestamp,
};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// No two settings alike.
pub(super) fn policy_sample() -> HostedPolicy {
    HostedPolicy {
        decimals: 1,
        initial: Ppm::new(3),
        maintenance: Ppm::new(2),
        max_fee: Ppm::new(4),
        beyond_bankruptcy: BeyondBankruptcy::Place,
        mark_age: Span::from_ms(5),
        min_notional: atoms(6),
        portion: Ppm::new(7),
        step: Span::from_ms(8),
        throttle: throttle_sample(),
        position_max: Some(Base::new(12)),
        open_interest_max: Some(Base::new(13)),
        home: Some(label("main")),
        tiers: vec![MarginTier {
            above: atoms(14),
            initial: Ppm::new(15),
            maintenance: Ppm::new(16),
        }],
        scale: Some(MarginScale { lower: atoms(17), upper: atoms(18) }),
        fees: Some(Box::new(fees_sample())),
    }
}

fn fees_sample() -> LiquidationFees {
    let ramp = FeeRamp {
        base: Ppm::new(19),
        grace: Span::from_ms(20),
        step: Ppm::new(21),
        every: Span::from_ms(22),
        max: Ppm::new(23),
    };
    LiquidationFees {
        liquidator: Some(ramp),
        headroom_share: Some(Ppm::new(24)),
        size: vec![SizeFee { above: Ppm::new(25), rate: Ppm::new(26) }],
        cap: Some(atoms(27)),
    }
}

fn throttle_sample() -> Throttle {
    Throttle {
        window: Span::from_ms(9),
        notional_max: Some(atoms(10)),
        insurance_max: Some(atoms(11)),
    }
}

pub(super) fn command_samples() -> Vec<Body> {
    let policy = MarginPoolPolicy {
        gate: Span::from_ms(1),
        stall: Span::from_ms(2),
        netting: Netting::Pool,
        positions_max: 3,
        throttle: throttle_sample(),
        debt_max: atoms(4),
    };
    let trade =
        Trade { buyer_fee: atoms(3), seller_fee: atoms(4), ..trade("sol", ("alice", "bob"), 5, 6) };
    vec![
        SetMarginPool { fund: label("main"), policy: Box::new(policy) }.into(),
        deposit("alice", "main", 1).into(),
        withdraw("alice", "main", 2).into(),
        mark("sol", 2).into(),
        trade.into(),
        funding("sol", -7).into(),
        fill("sol", ("alice", "bob"), 8, 9).into(),
        Deleverage { size: Some(Base::new(10)), ..deleverage("sol", "alice", &["bob", "carol"]) }
            .into(),
        bankrupt("alice", "main").into(),
        flag("alice", "main").into(),
        SetMarketStatus { market: label("sol"), status: MarketStatus::FinalSettlement }.into(),
        MergeIsolated { market: label("sol"), fund: label("main") }.into(),
        opening("alice", "main", -11).into(),
        positions("sol", ("alice", "bob"), 12).into(),
    ]
}

/// Rules of hosted markets.
pub(super) fn later_samples() -> Vec<Body> {
    let policy = CollateralPolicy {
        maintenance_haircut: Ppm::new(1),
        initial_haircut: Ppm::new(2),
        cap: Some(atoms(3)),
        beyond: Ppm::new(4),
        pool_max: Some(atoms(5)),
        liquidator_fee: Ppm::new(6),
        fund_fee: Ppm::new(7),
    };
    let seize = SeizeCollateral { amount: Some(atoms(8)), ..seize("alice", "main", "bob") };
    vec![
        SetHostedRules { market: label("sol"), rules: Box::new(policy_sample()) }.into(),
        takes("main", policy).into(),
        pledge("alice", "main", 9).into(),
        redeem("alice", "main", 10).into(),
        seize.into(),
        recapitalise("alice", "main", 13).into(),
    ]
}

pub(super) fn event_samples() -> Vec<Event> {
    let (account, asset, fund, market) =
        (AccountId::new(1), AssetId::new(2), FundId::new(3), MarketId::new(5));
    let (margin, amount) = (6, atoms(300));
    let policy = Box::new(pool(Netting::Pool));
    let change = MarginChange { margin, account, fund, asset, amount };
    let mut events = vec![
        Event::MarginPoolSet { fund, policy },
        Event::MarginDeposited(change),
        Event::MarginWithdrawn(change),
        Event::MarkReported(MarkReport { market, fund, price: Price::new(7) }),
        Event::FundingPaid { market, fund, step: Signed::new(-8) },
        Event::BacklogSet { position: 9, since: Some(Timestamp::from_ms(10)) },
        Event::GateSeen { fund, cause: GateCause::Stall },
        Event::MarginAbsorbed { from: 11, to: 12, account, fund },
        Event::MarginOpened { margin, account, fund, asset, amount: Signed::new(-13) },
    ];
    let (status, dust) = (MarketStatus::Closed, atoms(34));
    events.push(Event::HostedRulesSet { market, policy: Box::new(policy_sample()) });
    events.push(Event::LiquidatorPaid(LiquidatorPaid { market, margin, liquidator: 35, amount }));
    events.extend(pledge_samples());
    events.push(Event::MarketStatusSet(StatusChange { market, fund, asset, status, dust }));
    events.extend(large_samples());
    events.extend(haircut_samples());
    events
}

fn pledge_samples() -> Vec<Event> {
    let (account, asset, fund) = (AccountId::new(1), AssetId::new(2), FundId::new(3));
    let (margin, collateral, amount) = (6, 7, atoms(38));
    let moved = PledgeMove { margin, account, fund, asset, collateral, amount };
    let seized = Seized {
        fund,
        asset,
        margin,
        collateral,
        seized: AssetId::new(4),
        liquidator: account,
        amount,
        paid: atoms(39),
        to_fund: atoms(40),
        overflow: atoms(41),
        treasury: AccountId::new(5),
    };
    vec![
        Event::CollateralSet {
            collateral,
            fund,
            asset,
            index: IndexId::new(8),
            policy: haircuts(),
        },
        Event::CollateralDeposited(moved),
        Event::CollateralWithdrawn(moved),
        Event::CollateralSeized(Box::new(seized)),
    ]
}

fn haircut_samples() -> [Event; 2] {
    let (fund, asset, account) = (FundId::new(3), AssetId::new(2), AccountId::new(1));
    let part = |haircut, amount| HaircutPart { haircut, amount: atoms(amount) };
    let (margin, amount, parts) = (Some(35), atoms(36), vec![part(37, 38), part(39, 40)]);
    let taken = HaircutTaken { fund, asset, account, margin, amount, parts };
    let paid = HaircutTaken { margin: None, ..taken.clone() };
    [Event::HaircutTaken(Box::new(taken)), Event::PoolRecapitalised(Box::new(paid))]
}

fn large_samples() -> Vec<Event> {
    let (account, asset, fund, market) =
        (AccountId::new(1), AssetId::new(2), FundId::new(3), MarketId::new(5));
    let margin = 6;
    vec![
        Event::IndexesSettled(IndexSettlement {
            position: 9,
            market,
            funding: Signed::new(-14),
            loss: atoms(15),
        }),
        Event::Traded(Fill {
            market,
            fund,
            asset,
            buyer: 16,
            seller: 17,
            size: Base::new(18),
            quote: Signed::new(-19),
            buyer_fee: atoms(20),
            seller_fee: atoms(21),
        }),
        Event::MarginLiquidated(Box::new(Liquidated {
            market,
            fund,
            asset,
            margin,
            notional: atoms(22),
            residual: Signed::new(-23),
            to_fund: atoms(24),
            overflow: atoms(25),
            treasury: account,
            insured: atoms(26),
            step_left: atoms(27),
            step_begins: true,
        })),
        Event::PoolPaid(PoolCovered {
            market,
            fund,
            asset,
            margin,
            loss: LossId::new(28),
            paid: atoms(29),
            owed: atoms(30),
        }),
        Event::MarginMoved(MarginMove {
            from: 31,
            to: 32,
            account,
            from_fund: fund,
            to_fund: FundId::new(4),
            asset,
            amount: atoms(33),
            why: MoveCause::Home,
        }),
        Event::IsolatedMerged(Merge {
            market,
            from: fund,
            to: FundId::new(4),
            asset,
            reserve: atoms(35),
            contributions: atoms(36),
            collateral: atoms(37),
        }),
    ]
}
