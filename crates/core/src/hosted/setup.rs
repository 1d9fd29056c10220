//! Pools and hosted markets: their rules, within rails.

use super::{book::POSITIONS_MAX, fees::ramp, margins};
use crate::{
    command::SetMarginPool,
    event::Event,
    liquidation::{fee::check_fees, margin::scale},
    loss::waterfall::LAYERS_MAX,
    policy::{FundKind, HostedPolicy, LiquidationFees, MarketPolicy, Throttle},
    reject::{Halt, Reject, RejectCode},
    state::{Source, State},
};
use backstop_units::{Amount, FundId, Label, Ppm, Span};

/// Longest hold of withdrawals, and longest span that counts as a stall.
const HOLD_MAX: Span = Span::days(7);
/// Most tiers of a market's margin, and most stretches of its fee for large positions.
pub(crate) const TIERS_MAX: usize = 16;
/// Shortest rolling window.
const WINDOW_MIN: Span = Span::from_ms(1);

fn bad(got: impl Into<crate::reject::Value>, limit: impl Into<crate::reject::Value>) -> Reject {
    Reject::new(RejectCode::BadPolicy, got, limit)
}

fn throttled(throttle: &Throttle) -> Result<(), Reject> {
    if throttle.window < WINDOW_MIN { Err(bad(throttle.window, WINDOW_MIN)) } else { Ok(()) }
}

pub(crate) fn set_pool(state: &State, command: &SetMarginPool) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    let policy = &command.policy;
    let count = policy.positions_max;
    if count == 0 || count > POSITIONS_MAX {
        return Err(bad(u32::from(count), u32::from(POSITIONS_MAX)).into());
    }
    for span in [policy.gate, policy.stall] {
        if span > HOLD_MAX {
            return Err(bad(span, HOLD_MAX).into());
        }
    }
    throttled(&policy.throttle)?;
    if let Some(to) = state.margin_pools.expect(fund)?.merged {
        let (got, to) = (command.fund, state.funds.expect(to)?.label);
        return Err(Reject::new(RejectCode::NoMarginPool, got, to).into());
    }
    Ok(Event::MarginPoolSet { fund, policy: command.policy.clone() })
}

/// A hosted market's settings: margins that can be asked for, portions that are portions.
pub(crate) fn rails(policy: &HostedPolicy) -> Result<(), Reject> {
    scale(policy.decimals)?;
    if policy.maintenance == Ppm::new(0) {
        return Err(bad(0u32, 1u32));
    }
    for (got, most) in [
        (policy.maintenance, policy.initial),
        (policy.initial, Ppm::WHOLE),
        (policy.max_fee, Ppm::WHOLE),
        (policy.portion, Ppm::WHOLE),
    ] {
        at_most(got, most)?;
    }
    tiered(policy)?;
    if let Some(fees) = policy.fees.as_deref() {
        charged(policy.max_fee, fees)?;
    }
    throttled(&policy.throttle)
}

/// Tiers rise by notional, their rates never fall and stay within the whole; a market has tiers or a
/// margin that rises with open interest.
fn tiered(policy: &HostedPolicy) -> Result<(), Reject> {
    counted(policy.tiers.len())?;
    let (mut above, mut rates) = (Amount::ZERO, (policy.initial, policy.maintenance));
    for tier in &policy.tiers {
        if tier.above <= above {
            return Err(bad(tier.above, above));
        }
        for (low, high) in [
            (rates.0, tier.initial),
            (rates.1, tier.maintenance),
            (tier.maintenance, tier.initial),
            (tier.initial, Ppm::WHOLE),
        ] {
            at_most(low, high)?;
        }
        (above, rates) = (tier.above, (tier.initial, tier.maintenance));
    }
    if policy.scale.is_some() && !policy.tiers.is_empty() {
        return Err(bad("tiers", "scale"));
    }
    margins::tables(policy).map(drop)
}

/// Fees that leave something of a fill, at most the whole of the headroom; stretches that rise.
fn charged(max_fee: Ppm, fees: &LiquidationFees) -> Result<(), Reject> {
    let liquidator = fees.liquidator.map_or(Ppm::ZERO, |fee| ramp(&fee).max);
    if let Some(fee) = fees.liquidator {
        at_most(fee.base, fee.max)?;
    }
    check_fees(liquidator, max_fee)?;
    at_most(fees.headroom_share.unwrap_or(Ppm::ZERO), Ppm::WHOLE)?;
    counted(fees.size.len())?;
    let mut before = None;
    for fee in &fees.size {
        at_most(fee.rate, Ppm::WHOLE)?;
        if before.is_some_and(|before| fee.above <= before) {
            let limit = before.unwrap_or(Ppm::ZERO);
            return Err(bad(fee.above.get(), limit.get()));
        }
        before = Some(fee.above);
    }
    Ok(())
}

fn at_most(got: Ppm, most: Ppm) -> Result<(), Reject> {
    if got > most { Err(bad(got.get(), most.get())) } else { Ok(()) }
}

fn counted(count: usize) -> Result<(), Reject> {
    if count > TIERS_MAX { Err(bad(count, TIERS_MAX)) } else { Ok(()) }
}

/// The fund where collateral goes that no position on this one needs: a shared one of the same asset.
pub(crate) fn home(
    state: &State,
    fund: FundId,
    policy: &MarketPolicy,
) -> Result<Option<FundId>, Halt> {
    let Some(label) = policy.hosted.as_ref().and_then(|hosted| hosted.home) else {
        return Ok(None);
    };
    let id = state.fund_id(label)?;
    let (home, own) = (state.funds.expect(id)?, state.funds.expect(fund)?);
    if home.asset != own.asset {
        let [got, held] = [state.assets.expect(home.asset)?, state.assets.expect(own.asset)?];
        return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
    }
    if home.kind != FundKind::Shared {
        return Err(bad(home.kind.word(), FundKind::Shared.word()).into());
    }
    Ok(Some(id))
}

/// Refuses a layer by equity on a hosted market: its list says what accounts are worth, and on a hosted one that is the
/// ledger's to say.
pub(crate) fn attached_only(hosted: bool, market: Label, payers: &[Source]) -> Result<(), Reject> {
    let lists = payers.contains(&Source::Equity);
    if hosted && lists { Err(Reject::got(RejectCode::Hosted, market)) } else { Ok(()) }
}

/// A hosted market deleverages two accounts at a time; a list of winners stands for positions that are
/// kept elsewhere. Only a hosted market has a pool that its members can leave.
pub(crate) fn layers(hosted: bool, payers: &[Source]) -> Result<(), Reject> {
    let has = |source| payers.iter().take(LAYERS_MAX).any(|payer| *payer == source);
    if hosted && has(Source::Adl) {
        return Err(bad("adl", "deleverage"));
    }
    if !hosted && has(Source::Haircut) {
        return Err(bad("withdrawal_haircut", "hosted"));
    }
    Ok(())
}
