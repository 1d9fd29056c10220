//! What each layer of a market's waterfall has and may pay at a moment.

use super::{
    conversion,
    waterfall::{Capacity, LAYERS_MAX},
};
use crate::{
    fund::{
        drawdown::spared,
        house::{reachable, with},
        reservations::unreserved,
    },
    hosted::haircut,
    ledger::LedgerAccount,
    policy::{Cause, LayerPolicy, LayerSource},
    reject::{Corrupt, Halt},
    state::{Layer, Market, Source, State},
};
use arrayvec::ArrayVec;
use backstop_units::{
    Amount, AssetId, Fixed60, FundId, MarketId, Signed, Span, Timestamp, mul_div_floor,
};

/// Where a limit is configured.
type LimitOf = fn(&LayerPolicy) -> Option<Amount>;

/// Rolling limits that a layer can have besides those for each event: their place among its windows,
/// their span, and where their limit is configured.
pub(crate) const ROLLING: [(usize, Span, LimitOf); 3] = [
    (0, Span::hours(1), |policy| policy.per_1h),
    (1, Span::hours(8), |policy| policy.per_8h),
    (2, Span::hours(24), |policy| policy.per_24h),
];

/// The place of a cause's event window among a layer's windows.
pub(crate) fn event_window(cause: Cause) -> usize {
    let at = Cause::ALL.iter().position(|other| *other == cause).unwrap_or(0);
    at.saturating_add(ROLLING.len())
}

/// What every layer of `market` could pay toward a loss of this cause, in waterfall order. A layer in
/// another asset that has no price now can pay nothing; a placement that reaches one waits for a price.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when the waterfall names what does not exist.
pub fn capacities(
    state: &State,
    id: MarketId,
    market: &Market,
    cause: Cause,
    at: Timestamp,
) -> Result<ArrayVec<Capacity, LAYERS_MAX>, Corrupt> {
    let asset = state.funds.expect(market.fund)?.asset;
    let layers = state.layers_of(market).take(LAYERS_MAX);
    layers
        .map(|(_, layer)| {
            Ok(Capacity {
                available: available(state, (id, market, asset), layer, (cause, at))?,
                headroom: headroom(state, layer, cause, at),
                payout: layer.policy.payout,
            })
        })
        .collect()
}

/// What a fund behind a layer has, in its own asset.
pub(super) struct Holdings {
    /// Whose it is.
    pub(super) fund: FundId,
    /// In reserve or tranche, in atoms.
    pub(super) own: Amount,
    /// In the fund's house account, for a layer that is its reserve; below zero: what that owes.
    pub(super) house: Signed,
}

/// What the fund behind a layer has for this cause: nothing of what is reserved in it or what a tranche
/// keeps, and nothing at all of a fund that is spared. None for a layer with no fund behind it.
pub(super) fn holdings(
    state: &State,
    market: &Market,
    source: Source,
    (cause, at): (Cause, Timestamp),
) -> Result<Option<Holdings>, Corrupt> {
    let (id, tranche) = match source {
        Source::Reserve(fund) => (fund, None),
        Source::Staked(tranche) => (state.tranches.expect(tranche)?.fund, Some(tranche)),
        Source::FeePool
        | Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => return Ok(None),
    };
    let fund = state.funds.expect(id)?;
    let covers = match tranche {
        None => fund.policy.covers,
        Some(tranche) => state.tranches.expect(tranche)?.policy.covers,
    };
    let (own, house) = match tranche {
        _ if !covers.has(cause) || spared(state, id, (market, source))? => {
            (Amount::ZERO, Signed::ZERO)
        }
        None => (unreserved(state, id, fund, at)?, reachable(state, fund, market)?),
        Some(tranche) => {
            let staked = state.ledger.owed(LedgerAccount::Tranche(tranche), fund.asset);
            let keeps = state.tranches.expect(tranche)?.policy.keeps;
            (staked.saturating_sub(keeps), Signed::ZERO)
        }
    };
    Ok(Some(Holdings { fund: id, own, house }))
}

/// What a layer has for this cause, before its limits; what is reserved in a fund is not there.
fn available(
    state: &State,
    (id, market, asset): (MarketId, &Market, AssetId),
    layer: &Layer,
    (cause, at): (Cause, Timestamp),
) -> Result<Amount, Corrupt> {
    if let Some(haircut) = layer.policy.haircut {
        let to = (market, asset);
        return match conversion::draw::available(state, to, (layer, haircut), (cause, at)) {
            Ok(amount) => Ok(amount),
            Err(Halt::Reject(_)) => Ok(Amount::ZERO),
            Err(Halt::Corrupt(corrupt)) => Err(corrupt),
        };
    }
    if let Some(Holdings { own, house, .. }) = holdings(state, market, layer.source, (cause, at))? {
        return Ok(with(own, house));
    }
    Ok(match layer.source {
        Source::FeePool => state.ledger.owed(LedgerAccount::FeePool(id), asset),
        // Positions bear what is left, as long as there are some and their index can express it.
        Source::Socialised => {
            let base = market.open_interest.get();
            // An old carry comes out as whole steps first, should open interest have shrunk below it.
            let owed = mul_div_floor(market.index_carry.get(), 1, base).unwrap_or(0);
            let steps =
                u128::MAX.saturating_sub(market.index.get()).saturating_sub(1).saturating_sub(owed);
            let most = mul_div_floor(steps, base, Fixed60::ONE);
            Amount::new(most.unwrap_or(u128::MAX))
        }
        Source::Haircut => match layer.policy.source {
            LayerSource::Haircut(max) => haircut::capacity(state, (market.fund, asset), max)?,
            _ => Amount::ZERO,
        },
        Source::Depositors => match market.deposits.as_deref() {
            Some(lent) => lent.deposits.worth().map_err(|_| Corrupt::Overflow)?,
            None => Amount::ZERO,
        },
        // What a claim is found to lack goes to the layers behind when it is closed.
        Source::Adl if market.adl.is_some() => Amount::MAX,
        Source::Equity if market.equity.is_some() => Amount::MAX,
        _ => Amount::ZERO,
    })
}

/// What the tightest limit of a layer leaves for this cause at a moment.
fn headroom(state: &State, layer: &Layer, cause: Cause, at: Timestamp) -> Amount {
    let used = |place: usize| {
        let window =
            layer.windows.get(place).copied().flatten().and_then(|id| state.windows.get(id));
        window.map_or(Amount::ZERO, |window| window.used(at))
    };
    let left = |limit: Option<Amount>, used: Amount| {
        limit.map_or(Amount::MAX, |limit| limit.saturating_sub(used))
    };
    let policy = &layer.policy;
    let lifetime = left(policy.lifetime, layer.used);
    let event = left(policy.per_event, used(event_window(cause)));
    ROLLING.iter().fold(lifetime.min(event), |least, (place, _, limit)| {
        least.min(left(limit(policy), used(*place)))
    })
}
