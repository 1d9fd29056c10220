//! Risk tiers: ceilings for what a market may be set to draw. A market that is barely known may not reach
//! deep into a fund that all markets share.

use crate::{
    command::{SetMarketTier, SetTier},
    event::Event,
    policy::{LayerPolicy, LayerSource, PoolPolicy, TierPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, Label};

fn below(got: Amount, limit: Amount) -> Result<(), Reject> {
    if got <= limit { Ok(()) } else { Err(Reject::new(RejectCode::AboveTier, got, limit)) }
}

/// Whether insured layers are capped, ever, within a tier; a layer without a cap reaches beyond every
/// tier.
fn layers_capped<'a>(
    layers: impl IntoIterator<Item = &'a LayerPolicy>,
    tier: &TierPolicy,
) -> Result<(), Reject> {
    let insured = |layer: &&LayerPolicy| {
        matches!(layer.source, LayerSource::Reserve(_) | LayerSource::Staked(_))
    };
    let mut caps =
        layers.into_iter().filter(insured).map(|layer| layer.lifetime.unwrap_or(Amount::MAX));
    caps.try_for_each(|cap| below(cap, tier.insurance_max))
}

fn pools_capped(pools: Option<&PoolPolicy>, tier: &TierPolicy) -> Result<(), Reject> {
    let Some(pools) = pools else { return Ok(()) };
    below(pools.imbalance_max, tier.imbalance_max)?;
    below(pools.period_max, tier.period_max)
}

/// Whether a waterfall stays within a market's tier, if it has one.
pub(crate) fn layers_within(
    state: &State,
    tier: Option<u32>,
    layers: &[LayerPolicy],
) -> Result<(), Halt> {
    match tier {
        Some(tier) => Ok(layers_capped(layers, &state.tiers.expect(tier)?.policy)?),
        None => Ok(()),
    }
}

/// Whether pool rules stay within a market's tier, if it has one.
pub(crate) fn pools_within(
    state: &State,
    tier: Option<u32>,
    pools: Option<&PoolPolicy>,
) -> Result<(), Halt> {
    match tier {
        Some(tier) => Ok(pools_capped(pools, &state.tiers.expect(tier)?.policy)?),
        None => Ok(()),
    }
}

/// A tier may not shrink below what its markets are set to.
pub(crate) fn set_tier(state: &State, command: &SetTier) -> Result<Event, Halt> {
    if command.label == Label::NONE {
        return Err(Reject::got(RejectCode::DuplicateLabel, command.label).into());
    }
    let known = state.tier_id(command.label).ok();
    let tier = known.unwrap_or(state.tiers.next_id());
    for (_, market) in state.markets.iter().filter(|(_, m)| known.is_some() && m.tier == known) {
        let layers = state.layers_of(market).map(|(_, layer)| &layer.policy);
        layers_capped(layers, &command.tier)?;
        pools_capped(market.pools.as_ref(), &command.tier)?;
    }
    Ok(Event::TierSet { tier, label: command.label, policy: command.tier })
}

pub(crate) fn set_market_tier(state: &State, command: &SetMarketTier) -> Result<Event, Halt> {
    let id = state.market_id(command.market)?;
    let tier = command.tier.map(|label| state.tier_id(label)).transpose()?;
    if let Some(tier) = tier {
        let (policy, market) = (&state.tiers.expect(tier)?.policy, state.markets.expect(id)?);
        layers_capped(state.layers_of(market).map(|(_, layer)| &layer.policy), policy)?;
        pools_capped(market.pools.as_ref(), policy)?;
    }
    Ok(Event::MarketTierSet { market: id, tier })
}
