//! A ledger with hosted markets: one on a shared fund, one alone on an isolated one.
//!
//! ```text
//!   fund main (shared)    pool    market perp
//!   fund pen (isolated)   pool    market alt
//! ```
//!
//! Base atoms are whole units and prices whole quote atoms, so that nothing is rounded but losses that
//! positions share.

use crate::{
    label,
    world::{Setup, World, layer, market},
};
use backstop_core::{
    Body,
    command::{
        CreateFund, CreateMarket, Deleverage, DepositCollateral, DepositMargin, FillLiquidation,
        FlagLiquidation, OpeningMargin, OpeningPosition, PayFunding, RegisterAsset, RegisterFeed,
        RegisterIndex, ReportMark, ReportPrice, Reporter, SeizeCollateral, SetCollateral,
        SetMarginPool, SettleBankrupt, Trade, WithdrawCollateral, WithdrawMargin,
    },
    policy::{
        BeyondBankruptcy, CollateralPolicy, FundKind, FundPolicy, HostedPolicy, IndexPolicy,
        LayerSource, MarginPoolPolicy, MarketPolicy, Netting, Throttle,
    },
};
use backstop_units::{Amount, Base, Ppm, Price, Signed, Span, Timestamp};

/// Hosted markets and their funds.
pub const HOSTED: [(&str, &str); 2] = [("perp", "main"), ("alt", "pen")];

/// 20 % initial and 10 % maintenance margin, a fee of 5 %, no limits.
pub fn policy() -> HostedPolicy {
    HostedPolicy {
        decimals: 0,
        initial: Ppm::new(200_000),
        maintenance: Ppm::new(100_000),
        max_fee: Ppm::new(50_000),
        beyond_bankruptcy: BeyondBankruptcy::Refuse,
        mark_age: Span::ZERO,
        min_notional: Amount::ZERO,
        portion: Ppm::WHOLE,
        step: Span::ZERO,
        throttle: Throttle::default(),
        position_max: None,
        open_interest_max: None,
        home: None,
        tiers: Vec::new(),
        scale: None,
        fees: None,
    }
}

/// A pool whose gate is shut for a minute and whose venue never stalls.
pub fn pool(netting: Netting) -> MarginPoolPolicy {
    MarginPoolPolicy { stall: Span::ZERO, netting, ..MarginPoolPolicy::default() }
}

/// What builds the funds, pools and markets; `sources` are the layers behind each fund's reserve.
pub fn bodies(
    hosted: [HostedPolicy; 2],
    pool: MarginPoolPolicy,
    sources: &[LayerSource],
) -> Vec<Body> {
    let pen = CreateFund {
        label: label("pen"),
        asset: label("usdt"),
        kind: FundKind::Isolated,
        treasury: label("treasury"),
        threshold: Amount::MAX,
        target: Amount::ZERO,
        policy: Box::new(FundPolicy::default()),
    };
    let mut bodies: Vec<Body> = vec![pen.into()];
    for fund in ["main", "pen"] {
        bodies.push(SetMarginPool { fund: label(fund), policy: Box::new(pool) }.into());
    }
    for ((name, fund), hosted) in HOSTED.into_iter().zip(hosted) {
        let reserve = [LayerSource::Reserve(label(fund))];
        let layers = reserve.iter().chain(sources).map(|source| layer(*source)).collect();
        let policy = MarketPolicy { hosted: Some(Box::new(hosted)), ..market(layers) };
        let (label, fund, venue) = (label(name), label(fund), label("venue"));
        bodies.push(CreateMarket { label, fund, venue, policy: Box::new(policy) }.into());
    }
    bodies
}

/// A world with these markets, reserves of `reserve` and traders with a million each.
pub fn world(
    hosted: [HostedPolicy; 2],
    pool: MarginPoolPolicy,
    sources: &[LayerSource],
    reserve: u128,
) -> World {
    use backstop_core::command::{Opening, OpeningAccount};
    let setup = Setup { threshold: Amount::MAX, ..Setup::default() };
    let mut genesis = setup.genesis();
    genesis.setup.extend(bodies(hosted, pool, sources));
    for fund in ["main", "pen"].iter().filter(|_| reserve > 0) {
        let (account, asset) = (OpeningAccount::Reserve(label(fund)), label("usdt"));
        genesis.setup.push(Opening { account, asset, amount: Amount::new(reserve) }.into());
    }
    World::begin(&genesis)
}

/// 10 % off for maintenance and 20 % for initial margin; seized at 5 % off, 2 % of it the fund's.
pub fn haircuts() -> CollateralPolicy {
    CollateralPolicy {
        maintenance_haircut: Ppm::new(100_000),
        initial_haircut: Ppm::new(200_000),
        cap: None,
        beyond: Ppm::new(500_000),
        pool_max: None,
        liquidator_fee: Ppm::new(30_000),
        fund_fee: Ppm::new(20_000),
    }
}

/// The asset `coin`, whose atoms are whole, with an index of one feed that is good for an hour.
pub fn coin() -> [Body; 3] {
    let (asset, index, quote) = (label("coin"), label("coin-usdt"), label("usdt"));
    let policy = IndexPolicy {
        quorum: 1,
        families: 1,
        max_age: Span::hours(1),
        band: Ppm::WHOLE,
        max_jump: Ppm::new(10_000_000),
        ..IndexPolicy::default()
    };
    let (feed, family, reporter) = (label("coin-feed"), quote, Reporter::Account(label("venue")));
    [
        RegisterAsset { label: asset, decimals: 0, custodian: None }.into(),
        RegisterIndex { label: index, asset: Some(asset), quote, policy }.into(),
        RegisterFeed { label: feed, index, family, reporter }.into(),
    ]
}

/// What a pool's coins count for.
pub fn takes(fund: &str, policy: CollateralPolicy) -> SetCollateral {
    SetCollateral { fund: label(fund), asset: label("coin"), policy }
}

/// A report of what a coin is worth, in whole quote atoms.
pub fn worth(atoms: u128, at: Timestamp) -> ReportPrice {
    ReportPrice { feed: label("coin-feed"), price: price(atoms), at, signature: None }
}

/// A pledge of coins.
pub fn pledge(account: &str, fund: &str, amount: u128) -> DepositCollateral {
    let (account, fund, asset) = (label(account), label(fund), label("coin"));
    DepositCollateral { account, fund, asset, amount: Amount::new(amount) }
}

/// A part of it back.
pub fn redeem(account: &str, fund: &str, amount: u128) -> WithdrawCollateral {
    let (account, fund, asset) = (label(account), label(fund), label("coin"));
    WithdrawCollateral { account, fund, asset, amount: Amount::new(amount) }
}

/// A seizure of as many coins as the debt needs.
pub fn seize(account: &str, fund: &str, liquidator: &str) -> SeizeCollateral {
    let (account, fund, asset) = (label(account), label(fund), label("coin"));
    SeizeCollateral { account, fund, asset, liquidator: label(liquidator), amount: None }
}

/// A price of whole quote atoms for a base unit.
pub fn price(atoms: u128) -> Price {
    Price::new(atoms * 1_000_000_000)
}

/// A report of the mark.
pub fn mark(market: &str, atoms: u128) -> ReportMark {
    ReportMark { market: label(market), price: price(atoms) }
}

/// A deposit.
pub fn deposit(account: &str, fund: &str, amount: u128) -> DepositMargin {
    DepositMargin { account: label(account), fund: label(fund), amount: Amount::new(amount) }
}

/// A withdrawal.
pub fn withdraw(account: &str, fund: &str, amount: u128) -> WithdrawMargin {
    WithdrawMargin { account: label(account), fund: label(fund), amount: Amount::new(amount) }
}

/// A fill between two accounts, without fees.
pub fn trade(market: &str, (buyer, seller): (&str, &str), size: u128, at: u128) -> Trade {
    Trade {
        market: label(market),
        buyer: label(buyer),
        seller: label(seller),
        size: Base::new(size),
        price: price(at),
        buyer_fee: Amount::ZERO,
        seller_fee: Amount::ZERO,
    }
}

/// A step of a funding index, in quote atoms for each base unit.
pub fn funding(market: &str, atoms: i128) -> PayFunding {
    PayFunding { market: label(market), step: Signed::new(atoms * 1_000_000_000) }
}

/// A liquidation fill.
pub fn fill(market: &str, (account, other): (&str, &str), size: u128, at: u128) -> FillLiquidation {
    FillLiquidation {
        market: label(market),
        account: label(account),
        counterparty: label(other),
        size: Base::new(size),
        price: price(at),
    }
}

/// A walk over counterparties, for the whole position.
pub fn deleverage(market: &str, account: &str, against: &[&str]) -> Deleverage {
    let against = against.iter().map(|name| label(name)).collect();
    Deleverage { market: label(market), account: label(account), size: None, against }
}

/// What settles an account without positions.
pub fn bankrupt(account: &str, fund: &str) -> SettleBankrupt {
    SettleBankrupt { account: label(account), fund: label(fund) }
}

/// A look at an account.
pub fn flag(account: &str, fund: &str) -> FlagLiquidation {
    FlagLiquidation { account: label(account), fund: label(fund) }
}

/// What a scenario's account holds in a pool.
pub fn opening(account: &str, fund: &str, amount: i128) -> OpeningMargin {
    OpeningMargin { account: label(account), fund: label(fund), amount: Signed::new(amount) }
}

/// Two opposite positions of a scenario.
pub fn positions(market: &str, (long, short): (&str, &str), size: u128) -> OpeningPosition {
    OpeningPosition {
        market: label(market),
        long: label(long),
        short: label(short),
        size: Base::new(size),
    }
}
