//! Markets: creation, waterfall, fees.

use super::risk_tier::{layers_within, pools_within};
use super::rules::{checks, within};
use crate::{
    command::{CreateMarket, PayFees, SetWaterfall},
    event::{Event, MarketRules},
    fund::{crank::listed, setup::free_label},
    governance::Context,
    hosted::setup,
    loss::{conversion, waterfall::LAYERS_MAX},
    policy::{FundKind, LayerPolicy, LayerSource, MarketPolicy, Payout, PoolPolicy},
    reject::{Halt, Reject, RejectCode},
    state::{Fund, Layer, Source, State},
};
use alloc::vec::Vec;
use backstop_units::{FundId, MarketId, Ppm, Span};

/// A layer's payer by handle.
pub(crate) fn resolve(state: &State, source: LayerSource) -> Result<Source, Reject> {
    Ok(match source {
        LayerSource::FeePool => Source::FeePool,
        LayerSource::Reserve(label) => Source::Reserve(state.fund_id(label)?),
        LayerSource::Staked(label) => Source::Staked(state.tranche_id(label)?),
        LayerSource::Socialised => Source::Socialised,
        LayerSource::Adl => Source::Adl,
        LayerSource::Depositors => Source::Depositors,
        LayerSource::Haircut(_) => Source::Haircut,
        LayerSource::Equity => Source::Equity,
    })
}

/// The payers of a waterfall by handle; a fund that is missing comes before a tranche that is.
fn payers(state: &State, layers: &[LayerPolicy]) -> Result<Vec<Source>, Reject> {
    for layer in layers {
        if let LayerSource::Reserve(label) = layer.source {
            state.fund_id(label)?;
        }
    }
    layers.iter().map(|layer| resolve(state, layer.source)).collect()
}

/// A waterfall that can be paid: not empty, each layer once, of one asset or convertible, isolated or shared.
fn check(state: &State, id: FundId, layers: &[LayerPolicy], payers: &[Source]) -> Result<(), Halt> {
    let most = LAYERS_MAX.min(usize::from(state.meta.limits.layers_max));
    if payers.is_empty() {
        return Err(Reject::none(RejectCode::NoWaterfall).into());
    }
    if payers.len() > most {
        return Err(Reject::new(RejectCode::TooManyLayers, payers.len(), most).into());
    }
    for (at, payer) in payers.iter().enumerate() {
        if payers.iter().take(at).any(|earlier| earlier == payer) {
            return Err(Reject::new(RejectCode::DuplicateLayer, at, most).into());
        }
    }
    let fund = state.funds.expect(id)?;
    let mut others: Vec<&Fund> = Vec::with_capacity(payers.len());
    for (payer, layer) in payers.iter().zip(layers) {
        let payer = match *payer {
            Source::Reserve(fund) => fund,
            Source::Staked(tranche) => state.tranches.expect(tranche)?.fund,
            Source::FeePool
            | Source::Socialised
            | Source::Adl
            | Source::Depositors
            | Source::Equity
            | Source::Haircut => continue,
        };
        let payer_fund = state.funds.expect(payer)?;
        conversion::check(state, fund, payer_fund, layer)?;
        if payer != id {
            others.push(payer_fund);
        }
    }
    let alone = |other: &&&Fund| [other.kind, fund.kind].contains(&FundKind::Isolated);
    match others.iter().find(alone) {
        Some(other) => Err(Reject::new(RejectCode::IsolatedFund, other.label, fund.label).into()),
        None => Ok(()),
    }
}

/// Who pays later can't promise to pay all, and a pool is short of at most all its claims.
fn payouts(layers: &[LayerPolicy]) -> Result<(), Reject> {
    let later = |source| matches!(source, LayerSource::Adl | LayerSource::Equity);
    let promised = |layer: &LayerPolicy| later(layer.source) && layer.payout == Payout::Whole;
    if layers.iter().any(promised) {
        let [got, limit] = [Payout::Whole, Payout::Partial].map(Payout::word);
        return Err(Reject::new(RejectCode::BadPolicy, got, limit));
    }
    let over = layers.iter().find_map(|layer| match layer.source {
        LayerSource::Haircut(max) if max > Ppm::WHOLE => Some(max),
        _ => None,
    });
    match over {
        Some(max) => Err(Reject::new(RejectCode::BadPolicy, max.get(), Ppm::WHOLE.get())),
        None => Ok(()),
    }
}

/// Settings within their rails: an event lasts a minute or more, a fee or band is at most all of it.
fn check_rails(policy: &MarketPolicy) -> Result<(), Reject> {
    let shortest = Span::from_ms(60_000);
    if policy.event_window < shortest {
        return Err(Reject::new(RejectCode::BadPolicy, policy.event_window, shortest));
    }
    if let Some(pools) = policy.pools {
        pools_rails(&pools)?;
    }
    payouts(&policy.waterfall)?;
    let MarketPolicy { underwater, mark, mark_band, adl, equity, .. } = *policy;
    within(&MarketRules { underwater, mark, mark_band, adl, equity })
}

/// A market passes on at most all of its fees.
pub(crate) fn pools_rails(pools: &PoolPolicy) -> Result<(), Reject> {
    let (got, most) = (pools.fee_share, Ppm::WHOLE);
    if got <= most {
        Ok(())
    } else {
        Err(Reject::new(RejectCode::BadPolicy, got.get(), most.get()))
    }
}

pub(crate) fn create(
    state: &State,
    context: &Context<'_>,
    command: &CreateMarket,
) -> Result<Event, Halt> {
    let venue = state.account_id(command.venue)?;
    let fund = state.fund_id(command.fund)?;
    let payers = payers(state, &command.policy.waterfall)?;
    free_label(command.label, state.market_id(command.label).is_ok())?;
    let known = checks(state, fund, command.policy.mark)?;
    let tier = command.policy.tier.map(|label| state.tier_id(label)).transpose()?;
    check_rails(&command.policy)?;
    if let Some(hosted) = &command.policy.hosted {
        setup::rails(hosted)?;
    }
    conversion::rails(&command.policy.waterfall, &payers)?;
    setup::layers(command.policy.hosted.is_some(), &payers)?;
    setup::home(state, fund, &command.policy)?;
    check(state, fund, &command.policy.waterfall, &payers)?;
    known?;
    layers_within(state, tier, &command.policy.waterfall)?;
    pools_within(state, tier, command.policy.pools.as_ref())?;
    setup::attached_only(command.policy.hosted.is_some(), command.label, &payers)?;
    listed(state, fund, context.now)?;
    Ok(Event::MarketCreated {
        market: state.markets.next_id(),
        label: command.label,
        fund,
        venue,
        policy: command.policy.clone(),
    })
}

/// The newest layer of a market that has this payer: of its present waterfall, or of one it had.
pub(crate) fn latest_layer(state: &State, id: MarketId, source: Source) -> Option<(u32, &Layer)> {
    let is_it = |layer: &Layer| layer.market == id && layer.source == source;
    let present = state
        .markets
        .get(id)
        .and_then(|market| state.layers_of(market).find(|(_, layer)| is_it(layer)));
    present.or_else(|| state.layers.iter().rev().find(|(_, layer)| is_it(layer)))
}

pub(crate) fn set_waterfall(state: &State, command: &SetWaterfall) -> Result<Event, Halt> {
    let payers = payers(state, &command.layers)?;
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    // An open loss has shut gates by the old layers; they must be the ones that open them.
    for fund in crate::loss::lifecycle::funds_of(state, market)? {
        if let Some((loss, _)) = state.holds.expect(fund)?.open.first() {
            return Err(Reject::got(RejectCode::LossOpen, *loss).into());
        }
    }
    payouts(&command.layers)?;
    conversion::rails(&command.layers, &payers)?;
    setup::layers(state.hosted(id).is_ok(), &payers)?;
    check(state, market.fund, &command.layers, &payers)?;
    for (layer, payer) in command.layers.iter().zip(&payers) {
        let old = latest_layer(state, id, *payer);
        let (Some((_, old)), Some(limit)) = (old, layer.lifetime) else { continue };
        if limit < old.used {
            return Err(Reject::new(RejectCode::LimitBelowUsed, limit, old.used).into());
        }
    }
    layers_within(state, market.tier, &command.layers)?;
    setup::attached_only(state.hosted(id).is_ok(), command.market, &payers)?;
    if market.claims > 0 {
        return Err(Reject::new(RejectCode::ClaimOpen, market.claims, 0u32).into());
    }
    Ok(Event::WaterfallSet { market: id, layers: command.layers.clone() })
}

pub(crate) fn pay_fees(state: &State, command: &PayFees) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let asset = state.funds.expect(state.markets.expect(market)?.fund)?.asset;
    Ok(Event::FeesPaid { market, asset, amount: command.amount })
}
