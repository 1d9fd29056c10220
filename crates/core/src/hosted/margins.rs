//! What margin a position on a hosted market needs: flat rates, tiers by its notional, or a rate that
//! rises with open interest.

use super::book::HostedMarket;
use crate::{
    liquidation::{
        margin::{Margin, notional},
        tiers::{OpenInterestScale, Tables, brackets},
    },
    policy::{HostedPolicy, MarginTier},
    reject::Reject,
    state::Market,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Ppm, Price, Signed};

/// The margin tables of a market; empty where its rates hold for every size.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub(crate) fn tables(policy: &HostedPolicy) -> Result<Tables, Reject> {
    if policy.tiers.is_empty() {
        return Ok(Tables::default());
    }
    let (initial, maintenance) = (policy.initial, policy.maintenance);
    let first = MarginTier { above: Amount::ZERO, initial, maintenance };
    let table = |rate: fn(&MarginTier) -> Ppm| {
        let tiers = core::iter::once(&first).chain(&policy.tiers);
        brackets(&tiers.map(|tier| (tier.above, rate(tier))).collect::<Vec<_>>())
    };
    Ok(Tables {
        initial: table(|tier| tier.initial)?,
        maintenance: table(|tier| tier.maintenance)?,
    })
}

/// Below which margin a position on the market is liquidated.
pub(crate) fn maintenance(hosted: &HostedMarket) -> Margin<'_> {
    match hosted.tables.maintenance.as_slice() {
        [] => Margin::Rate(hosted.policy.maintenance),
        table => Margin::Brackets(table),
    }
}

/// Below which margin an account can't enlarge a position on the market.
pub(crate) fn initial<'a>(
    market: &Market,
    hosted: &'a HostedMarket,
    mark: Price,
) -> Result<Margin<'a>, Reject> {
    let base = hosted.policy.initial;
    if let Some(scale) = hosted.policy.scale {
        let open = open_notional(market, hosted, mark)?;
        let (lower, upper) = (scale.lower, scale.upper);
        return Ok(Margin::Scaled(OpenInterestScale { base, lower, upper, open }));
    }
    Ok(match hosted.tables.initial.as_slice() {
        [] => Margin::Rate(base),
        table => Margin::Brackets(table),
    })
}

/// What all positions of a market are worth at a mark, long and short together, in quote atoms.
///
/// # Errors
/// As [`notional`].
pub(crate) fn open_notional(
    market: &Market,
    hosted: &HostedMarket,
    mark: Price,
) -> Result<Amount, Reject> {
    let open = Signed::gain(Amount::new(market.open_interest.get())).ok_or(Reject::overflow())?;
    Ok(notional(open, hosted.policy.decimals, mark)?.size())
}
