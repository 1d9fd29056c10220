//! Who plays which part, read from a genesis: the preset decides the names.

use crate::{
    book::BASE_DECIMALS,
    crash::Feed,
    error::RiskError,
    ledger::{Ledger, Memory},
    params::VenueParams,
};
use backstop_core::{
    Body, Genesis,
    command::{CreateMarket, OpenAccount, ReportMark, SettleLiquidation},
    policy::{LayerSource, Role, Roles},
};
use backstop_units::{Amount, Hash, Label, Price, Signed, Timestamp};

/// The accounts and places of a genesis that the demo needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The preset.
    pub preset: Label,
    /// The first asset.
    pub asset: Label,
    /// Its decimals.
    pub decimals: u8,
    /// All markets, each with its layers in the order in which they pay; the first gives its fund, venue
    /// and tranche.
    pub waterfalls: Vec<(Label, Vec<LayerSource>)>,
    /// The fund of the first market.
    pub fund: Label,
    /// The fund's first staked tranche, if the market's waterfall draws on it.
    pub tranche: Option<Label>,
    /// Whether the market's waterfall draws on the fund's reserve.
    pub reserve: bool,
    /// Whether the ledger keeps the positions of the first market.
    pub hosted: bool,
    /// The first market's venue.
    pub venue: Label,
    /// Who opens accounts and gives to the fund.
    pub operator: Label,
    /// Who moves money in and out: the custodian, or the operator.
    pub custodian: Label,
}

impl Cast {
    /// Reads a genesis, inside linked batches too.
    ///
    /// # Errors
    /// [`RiskError::Missing`] without an asset, fund or market, [`RiskError::NoRole`] without an
    /// operator.
    pub fn of(genesis: &Genesis) -> Result<Self, RiskError> {
        let bodies = flat(&genesis.setup);
        let find = |what, pick: &dyn Fn(&Body) -> bool| {
            bodies.iter().copied().find(|body| pick(body)).ok_or(RiskError::Missing(what))
        };
        let Body::CreateMarket(market) = find("market", &|b| matches!(b, Body::CreateMarket(_)))?
        else {
            return Err(RiskError::Missing("market"));
        };
        let Body::CreateFund(fund) =
            find("fund", &|b| matches!(b, Body::CreateFund(f) if f.label == market.fund))?
        else {
            return Err(RiskError::Missing("fund"));
        };
        let Body::RegisterAsset(asset) =
            find("asset", &|b| matches!(b, Body::RegisterAsset(a) if a.label == fund.asset))?
        else {
            return Err(RiskError::Missing("asset"));
        };
        let draws = |source| market.policy.waterfall.iter().any(|layer| layer.source == source);
        let tranche = bodies.iter().find_map(|body| match body {
            Body::CreateTranche(tranche) if tranche.fund == fund.label => Some(tranche.label),
            _ => None,
        });
        let operator = holder(&bodies, Role::Operator).ok_or(RiskError::NoRole(Role::Operator))?;
        Ok(Self {
            preset: genesis.preset,
            asset: asset.label,
            decimals: asset.decimals,
            waterfalls: bodies.iter().filter_map(|body| waterfall(body)).collect(),
            fund: fund.label,
            tranche: tranche.filter(|label| draws(LayerSource::Staked(*label))),
            reserve: draws(LayerSource::Reserve(fund.label)),
            hosted: market.policy.hosted.is_some(),
            venue: market.venue,
            operator,
            custodian: holder(&bodies, Role::Custodian).unwrap_or(operator),
        })
    }
}

/// A genesis with a market for each feed: one that the preset lacks has the rules of its first market. If
/// the ledger keeps its positions, it counts them as the book does and asks for the margins of the venue:
/// all presets meet the same accounts.
///
/// # Errors
/// [`RiskError::Missing`] without any market.
pub fn stage(
    mut genesis: Genesis,
    feeds: &[Feed],
    params: &VenueParams,
) -> Result<Genesis, RiskError> {
    for feed in feeds {
        let markets: Vec<&CreateMarket> =
            flat(&genesis.setup).into_iter().filter_map(market).collect();
        let first = *markets.first().ok_or(RiskError::Missing("market"))?;
        if markets.iter().all(|market| market.label != feed.market) {
            let mut added = CreateMarket { label: feed.market, ..first.clone() };
            if let Some(hosted) = &mut added.policy.hosted {
                hosted.decimals = BASE_DECIMALS;
                (hosted.initial, hosted.maintenance) = (params.initial, params.maintenance);
            }
            genesis.setup.push(added.into());
        }
    }
    Ok(genesis)
}

/// Whether the venue can run with a genesis: asks a ledger in memory to settle a liquidation of nothing,
/// or where it keeps the positions to take a mark.
///
/// # Errors
/// [`RiskError`] that says why not.
pub fn fits(genesis: &Genesis) -> Result<Cast, RiskError> {
    let cast = Cast::of(genesis)?;
    let (market, layers) = cast.waterfalls.first().ok_or(RiskError::Missing("market"))?;
    if cast.hosted && layers.contains(&LayerSource::Socialised) {
        return Err(RiskError::Spread(*market));
    }
    if layers.contains(&LayerSource::Equity) {
        return Err(RiskError::Missing("list of accounts by equity"));
    }
    let mut ledger = Memory::begin(genesis, Timestamp::ZERO)?;
    if cast.hosted {
        let mark = ReportMark { market: *market, price: Price::new(1) };
        ledger.send(Timestamp::ZERO, cast.venue, mark.into())?;
        return Ok(cast);
    }
    let (account, liquidator) = (Label::parse("somebody")?, Label::parse("another")?);
    let open = |label| OpenAccount { label, group: None, venue: None }.into();
    let settle = SettleLiquidation {
        market: *market,
        account,
        liquidator,
        outcome: Signed::ZERO,
        notional: Amount::ZERO,
        mark: Price::new(1),
        open_interest: None,
        evidence: Some(Hash::ZERO),
    };
    let bodies = vec![open(account), open(liquidator), settle.into()];
    ledger.send_all(Timestamp::ZERO, cast.venue, bodies)?;
    Ok(cast)
}

const fn market(body: &Body) -> Option<&CreateMarket> {
    match body {
        Body::CreateMarket(market) => Some(market),
        _ => None,
    }
}

fn waterfall(body: &Body) -> Option<(Label, Vec<LayerSource>)> {
    let market = market(body)?;
    Some((market.label, market.policy.waterfall.iter().map(|layer| layer.source).collect()))
}

fn flat(bodies: &[Body]) -> Vec<&Body> {
    let mut all = Vec::new();
    for body in bodies {
        match body {
            Body::Linked(linked) => all.extend(&linked.steps),
            _ => all.push(body),
        }
    }
    all
}

/// The first account that holds a role when a genesis is done.
///
/// # Errors
/// [`RiskError::NoRole`].
pub(crate) fn in_role(genesis: &Genesis, role: Role) -> Result<Label, RiskError> {
    holder(&flat(&genesis.setup), role).ok_or(RiskError::NoRole(role))
}

/// The first account that holds a role when the genesis is done.
fn holder(bodies: &[&Body], role: Role) -> Option<Label> {
    let mut roles: Vec<(Label, Roles)> = Vec::new();
    for body in bodies {
        let Body::SetRoles(set) = body else { continue };
        match roles.iter_mut().find(|(account, _)| *account == set.account) {
            Some((_, held)) => *held = set.roles,
            None => roles.push((set.account, set.roles)),
        }
    }
    roles.iter().find(|(_, held)| held.has(role)).map(|(account, _)| *account)
}
