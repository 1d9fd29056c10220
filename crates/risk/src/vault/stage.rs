//! A genesis with the vault, its reserves and its insurance pool, and everybody's first steps on it.

use super::{
    WeekSetup,
    book::{COIN_DECIMALS, LendingBook},
    params::LendingParams,
    week::{Collateral, Cover, Terms, Week},
};
use crate::{
    custody::bring_in,
    demo::{Cast, in_role},
    error::RiskError,
    ledger::Ledger,
};
use backstop_core::{
    Body, Genesis,
    command::{
        Borrow, CreateInsurancePool, CreateReserve, CreateVault, DepositVault, Invest, MatchPool,
        OpenAccount, Pledge, RegisterAsset, RegisterFeed, RegisterIndex, ReportPrice, Reporter,
        SetAllocation, StakePool,
    },
    policy::{
        AllocationKind, IndexPolicy, InsurancePolicy, InterestPolicy, MatchExit, MatchPolicy,
        MatchYield, PledgePolicy, PoolMode, PoolSigner, PublicKey, RatePoint, ReservePolicy, Role,
        SignatureBytes, VaultPolicy,
    },
};
use backstop_units::{Amount, Bps, Label, Ppm, Price, Shares, Span, Timestamp};

/// Who signs releases of the pool: keys, and signatures over bytes.
pub trait Signers: Sync {
    /// The public key of one of the two.
    fn key(&self, signer: PoolSigner) -> PublicKey;
    /// His signature.
    fn sign(&self, signer: PoolSigner, bytes: &[u8]) -> SignatureBytes;
}

/// Names on the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) asset: Label,
    pub(super) venue: Label,
    pub(super) custodian: Label,
    pub(super) keeper: Label,
    pub(super) risk: Label,
    pub(super) vault: Label,
    pub(super) curator: Label,
    pub(super) matcher: Label,
    pub(super) liquidator: Label,
    /// The two reserves, named as what they lend against.
    pub(super) reserves: [Label; 2],
    /// The feeds of the collaterals' prices.
    feeds: [Label; 2],
}

impl Names {
    pub(super) fn of(genesis: &Genesis, week: &Week) -> Result<Self, RiskError> {
        let cast = Cast::of(genesis)?;
        let [one, other] = week.collateral.each_ref().map(|collateral| collateral.name);
        let feed = |name: &str| Label::parse(&format!("{name}-feed"));
        Ok(Self {
            asset: cast.asset,
            venue: cast.venue,
            custodian: cast.custodian,
            keeper: in_role(genesis, Role::Keeper)?,
            risk: in_role(genesis, Role::Risk)?,
            vault: Label::parse("vault")?,
            curator: Label::parse("curator")?,
            matcher: Label::parse("matcher")?,
            liquidator: Label::parse("liquidator")?,
            reserves: [Label::parse(one)?, Label::parse(other)?],
            feeds: [feed(one)?, feed(other)?],
        })
    }
}

/// A preset's genesis with a vault of its first asset over two reserves, each of which lends against one of the
/// week's collaterals, and with an insurance pool where there is to be one.
///
/// No interest accrues: a week of it is less than a thousandth, and what a table shows is the loss alone. The vault's
/// rules are the default ones but that it may use its reserves at once; all prices are believed, since whether they
/// may be is another part's business.
///
/// # Errors
/// [`RiskError::Missing`], [`RiskError::NoRole`] when the preset lacks an asset, a market or an office.
pub fn stage(
    mut genesis: Genesis,
    (week, cover): (&Week, Cover),
    params: &LendingParams,
    signers: &impl Signers,
) -> Result<Genesis, RiskError> {
    let names = Names::of(&genesis, week)?;
    let decimals = Cast::of(&genesis)?.decimals;
    let group = Some(in_role(&genesis, Role::Operator)?);
    let open = |label, group| OpenAccount { label, group, venue: None };
    let mut bodies: Vec<Body> =
        vec![open(names.curator, None).into(), open(names.matcher, group).into()];
    for (at, collateral) in week.collateral.iter().enumerate() {
        bodies.extend(lends_against(&names, at, collateral)?);
    }
    let policy =
        VaultPolicy { listed_only: false, cap_delay: Span::ZERO, ..VaultPolicy::default() };
    let create = CreateVault {
        label: names.vault,
        asset: names.asset,
        curator: names.curator,
        policy: Box::new(policy),
    };
    bodies.push(create.into());
    for reserve in names.reserves {
        let allocation = SetAllocation {
            vault: names.vault,
            reserve,
            kind: AllocationKind::Standard,
            weight: 1,
            cap: Amount::new(u128::from(u64::MAX)),
        };
        bodies.push(allocation.into());
    }
    let mode = match cover {
        Cover::None => None,
        Cover::Reimburse => Some(PoolMode::Reimburse),
        Cover::FirstLoss => Some(PoolMode::FirstLoss),
    };
    if let Some(mode) = mode {
        let cap = Amount::new(params.match_max).mul_div_floor(10u128.pow(decimals.into()), 1)?;
        bodies.push(pool(&names, mode, cap, signers).into());
    }
    genesis.setup.extend(bodies);
    Ok(genesis)
}

/// An asset, its price, and a reserve that lends against it.
fn lends_against(
    names: &Names,
    at: usize,
    collateral: &Collateral,
) -> Result<[Body; 4], RiskError> {
    let (Some(reserve), Some(feed)) = (names.reserves.get(at), names.feeds.get(at)) else {
        return Err(RiskError::Missing("reserve"));
    };
    let asset = Label::parse(collateral.name)?;
    let index = Label::parse(&format!("{}-price", collateral.name))?;
    let policy = IndexPolicy {
        quorum: 1,
        families: 1,
        max_age: Span::days(1),
        band: Ppm::new(1_000_000),
        max_jump: Ppm::new(1_000_000),
        confirm_after: Span::ZERO,
        ..IndexPolicy::default()
    };
    let corner = |utilization| RatePoint { utilization: Bps::new(utilization), rate: Bps::ZERO };
    let Terms { borrow, liquidation, bonus } = collateral.terms;
    let pledge = PledgePolicy {
        asset,
        borrow,
        liquidation,
        bonus,
        bonus_take: Terms::BONUS_TAKE,
        max: None,
    };
    let rules = ReservePolicy {
        interest: InterestPolicy {
            curve: vec![corner(0), corner(10_000)],
            ..InterestPolicy::default()
        },
        collateral: vec![pledge],
        close: Terms::CLOSE,
        ..ReservePolicy::default()
    };
    let create = CreateReserve {
        label: *reserve,
        asset: names.asset,
        treasury: names.curator,
        policy: Box::new(rules),
    };
    let reporter = Reporter::Account(names.venue);
    Ok([
        RegisterAsset { label: asset, decimals: COIN_DECIMALS, custodian: None }.into(),
        RegisterIndex { label: index, asset: Some(asset), quote: names.asset, policy }.into(),
        RegisterFeed { label: *feed, index, family: asset, reporter }.into(),
        create.into(),
    ])
}

fn pool(names: &Names, mode: PoolMode, cap: Amount, signers: &impl Signers) -> CreateInsurancePool {
    let matching = MatchPolicy {
        matcher: names.matcher,
        quote: names.asset,
        cap,
        yields: MatchYield::Matcher,
        exits: MatchExit::WithStakers,
    };
    let policy = InsurancePolicy { mode, matching: Some(matching), ..InsurancePolicy::default() };
    CreateInsurancePool {
        vault: names.vault,
        council: signers.key(PoolSigner::Council),
        nominee: signers.key(PoolSigner::Nominee),
        policy: Box::new(policy),
    }
}

/// Sends the prices of both collaterals.
pub(super) fn report(
    names: &Names,
    prices: [Price; 2],
    at: Timestamp,
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let report = |(feed, price)| ReportPrice { feed, price, at, signature: None }.into();
    let bodies = names.feeds.into_iter().zip(prices).map(report).collect();
    ledger.send_all(at, names.venue, bodies)?;
    Ok(())
}

/// Before the week: everybody's money comes in through custody, deposits are made, the pool is staked and matched, money
/// is invested and lent.
pub(super) fn open(
    setup: &WeekSetup<'_>,
    (names, book): (&Names, &LendingBook),
    prices: [Price; 2],
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let at = setup.week.begins_at();
    let people = book.depositors.iter().map(|one| one.label);
    let people = people.chain(book.borrowers.iter().map(|one| one.label));
    let open = |label| OpenAccount { label, group: None, venue: None }.into();
    let bodies = people.chain([names.liquidator]).map(open).collect();
    ledger.send_all(at, names.venue, bodies)?;
    let mut payments: Vec<_> = book.depositors.iter().map(|one| (one.label, one.amount)).collect();
    // Liquidators act as one account, with the money to repay every loan.
    payments.extend([
        (names.curator, book.own),
        (names.matcher, book.matched),
        (names.liquidator, book.lent()),
    ]);
    bring_in((names.custodian, names.asset), &payments, at, ledger)?;
    for (market, asset) in names.reserves.into_iter().enumerate() {
        let of = book.borrowers.iter().filter(|one| one.market == market);
        let pledges: Vec<_> = of.map(|one| (one.label, one.pledged)).collect();
        bring_in((names.custodian, asset), &pledges, at, ledger)?;
    }
    report(names, prices, at, ledger)?;
    let before = book.depositors.iter().filter(|one| one.comes.is_none());
    let deposits = before.map(|one| deposit(names, one.label, one.amount)).collect();
    ledger.send_all(at, names.venue, deposits)?;
    for (account, amount) in [(names.curator, book.own), (names.matcher, book.matched)] {
        ledger.send(at, account, deposit(names, account, amount))?;
    }
    if setup.cover != Cover::None {
        stake(names, at, ledger)?;
    }
    let (vault, payer) = (names.vault, names.keeper);
    let invest = |reserve| Invest { vault, reserve, payer, max: None }.into();
    ledger.send_all(at, payer, names.reserves.map(invest).into())?;
    let loans = book.borrowers.iter().filter_map(|one| {
        let (account, reserve) = (one.label, *names.reserves.get(one.market)?);
        let pledge = Pledge { account, reserve, asset: reserve, amount: one.pledged };
        Some([pledge.into(), Borrow { account, reserve, amount: one.debt }.into()])
    });
    ledger.send_all(at, names.venue, loans.flatten().collect())?;
    Ok(())
}

/// A deposit of all of it.
pub(super) fn deposit(names: &Names, account: Label, amount: Amount) -> Body {
    DepositVault { account, vault: names.vault, amount, min_shares: Shares::ZERO }.into()
}

/// The curator locks all his shares, the matcher as many of his as the rules let him.
fn stake(names: &Names, at: Timestamp, ledger: &mut impl Ledger) -> Result<(), RiskError> {
    let (vault, account) = (names.vault, names.curator);
    let held = ledger.read(|state| {
        let holder = (state.vault_id(vault).ok()?, state.account_id(account).ok()?);
        state.holding(holder.0, holder.1).map(|(_, holding)| holding.shares)
    })?;
    let shares = held.ok_or(RiskError::Missing("curator's deposit"))?;
    ledger.send(at, account, StakePool { account, vault, shares }.into())?;
    ledger.send(at, names.matcher, MatchPool { vault, shares: None }.into())?;
    Ok(())
}
