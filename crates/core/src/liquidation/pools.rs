//! A market's pools: fees, money for winners, and what flows to and from the fund.
//!
//! ```text
//!   clearing ──▶ fee pool ◀──▶ pool for winners ◀── fund (deficit beyond the imbalance that may stand)
//!                   ▲ │
//!    market in need │ ▼ surplus above its buffer
//!               revenue pool ──by the clock──▶ fund
//! ```

use super::{market::pools_rails, risk_tier::pools_within};
use crate::{
    command::{BalancePools, CoverDeficit, FundPnlPool, ReportResults, SetPools},
    event::{Event, PoolFlow},
    governance::Context,
    ledger::{LedgerAccount, party::cleared_asset},
    loss::{
        capacity::capacities,
        place::{Assessed, place},
        waterfall::allocate,
    },
    policy::{Cause, PoolPolicy},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Market, Results, Source, State, Tier},
    txn::Txn,
};
use backstop_units::{Amount, Hash, MarketId, MathError, Price, Signed};

/// What a market has, was told and may move, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its reported results and what it has moved.
    pub results: Results,
    /// Its fee pool, in atoms.
    pub fee_pool: Amount,
    /// Its money for winners, in atoms.
    pub pnl_pool: Amount,
    /// The fund's revenue pool, in atoms.
    pub revenue: Amount,
    /// What its insured layer may pay and has paid ever: beyond it liquidation fees stay in the market.
    pub insured: Amount,
    /// What was socialised on it: its fee pool grows back by that much before anything is passed on.
    pub socialised: Amount,
}

fn sum(parts: &[Option<Signed>]) -> Result<Signed, MathError> {
    let add = |sum: Signed, part: &Option<Signed>| part.and_then(|part| sum.checked_add(part));
    parts.iter().try_fold(Signed::ZERO, add).ok_or(MathError::Overflow)
}

/// What passes between a market and the revenue pool: a gain flows from the market, a loss to it.
///
/// With a surplus above the buffer the least of: the passable part of its fees not yet passed on; its
/// fee pool above buffer and socialised losses; what limit and net revenue of the period leave. Below
/// the buffer the least of: what is missing; the limit; what is left of it; the revenue pool.
/// **Units** atoms. **Rounding** floor of the share of fees. **Source** the published transfer between a
/// perpetual market and a revenue pool, with its constants as settings.
///
/// # Errors
/// [`MathError::Overflow`].
pub fn passes(policy: &PoolPolicy, standing: &Standing) -> Result<Signed, MathError> {
    let results = &standing.results;
    let passed_on = Signed::loss(results.passed_on);
    let above = sum(&[Some(results.surplus), passed_on, Signed::loss(policy.buffer)])?;
    if above.is_negative() {
        let left = sum(&[Signed::gain(policy.period_max), results.received.checked_neg()])?;
        let most = policy.period_max.min(left.positive()).min(standing.revenue);
        return Signed::loss(above.negative().min(most)).ok_or(MathError::Overflow);
    }
    if above == Signed::ZERO {
        return Ok(Signed::ZERO);
    }
    let fees = passable(policy, results, results.liquidation_fees.min(standing.insured))?;
    let kept = policy.buffer.saturating_add(standing.socialised);
    let pool = standing.fee_pool.saturating_sub(kept);
    let limit = sum(&[Some(results.received), Signed::gain(policy.period_max)])?;
    let period = limit.min(results.net_revenue).positive();
    Signed::gain(fees.positive().min(pool).min(period)).ok_or(MathError::Overflow)
}

/// The share of trading fees and these liquidation fees, less what was passed on.
fn passable(policy: &PoolPolicy, results: &Results, fees: Amount) -> Result<Signed, MathError> {
    let share = policy.fee_share.of_floor(results.exchange_fees)?;
    sum(&[Signed::gain(share), Signed::gain(fees), Signed::loss(results.passed_on)])
}

/// What moves when a market's pools are balanced: the fee pool gives up what it has beyond the market's
/// surplus, is refilled to what it may pass on, then trades with the revenue pool.
///
/// # Errors
/// As [`passes`].
pub fn balanced(policy: &PoolPolicy, standing: &Standing) -> Result<PoolFlow, MathError> {
    let mut standing = *standing;
    let results = standing.results;
    let (fees, passed_on) = (results.liquidation_fees, Signed::loss(results.passed_on));
    let most = sum(&[Some(results.surplus), Signed::gain(fees), passed_on])?.positive();
    let mut flow =
        PoolFlow { to_pnl: standing.fee_pool.saturating_sub(most), ..PoolFlow::default() };
    standing.fee_pool = standing.fee_pool.saturating_sub(flow.to_pnl);
    standing.pnl_pool = standing.pnl_pool.saturating_add(flow.to_pnl);
    let wanted = passable(policy, &results, fees)?.positive();
    flow.from_pnl = wanted.saturating_sub(standing.fee_pool).min(standing.pnl_pool);
    standing.fee_pool = standing.fee_pool.saturating_add(flow.from_pnl);
    let passes = passes(policy, &standing)?;
    (flow.to_revenue, flow.from_revenue) = (passes.positive(), passes.negative());
    Ok(flow)
}

/// What a market has and may move now. Revenue that was settled since its last move starts a new period.
///
/// # Errors
/// [`Corrupt`] when the market names what does not exist.
pub fn standing(state: &State, id: MarketId, market: &Market) -> Result<Standing, Corrupt> {
    let fund = state.funds.expect(market.fund)?;
    let owed = |account| state.ledger.owed(account, fund.asset);
    let mut results = market.results;
    if fund.settled_at > results.moved_at {
        results.received = Signed::ZERO;
    }
    let insured = |source: Source| matches!(source, Source::Reserve(_) | Source::Staked(_));
    let layer = state.layers_of(market).map(|(_, layer)| layer).find(|l| insured(l.source));
    Ok(Standing {
        results,
        fee_pool: owed(LedgerAccount::FeePool(id)),
        pnl_pool: owed(LedgerAccount::PnlPool(id)),
        revenue: owed(LedgerAccount::Revenue(market.fund)),
        insured: layer.map_or(Amount::ZERO, |layer| {
            layer.policy.lifetime.unwrap_or(Amount::MAX).saturating_add(layer.used)
        }),
        socialised: state.ledger.held(LedgerAccount::Socialised(id), fund.asset),
    })
}

fn rules(market: &Market) -> Result<PoolPolicy, Reject> {
    market.pools.ok_or(Reject::got(RejectCode::PoolsOff, market.label))
}

pub(crate) fn set_pools(state: &State, command: &SetPools) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    if let Some(pools) = &command.pools {
        pools_rails(pools)?;
    }
    let tier = state.markets.expect(market)?.tier;
    pools_within(state, tier, command.pools.as_ref())?;
    Ok(Event::PoolsSet { market, pools: command.pools })
}

pub(crate) fn report_results(state: &State, command: &ReportResults) -> Result<Event, Halt> {
    Ok(Event::ResultsReported {
        market: state.market_id(command.market)?,
        exchange_fees: command.exchange_fees,
        liquidation_fees: command.liquidation_fees,
        surplus: command.surplus,
        net_revenue: command.net_revenue,
    })
}

pub(crate) fn balance(state: &State, command: &BalancePools) -> Result<Event, Halt> {
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    let flow = balanced(&rules(market)?, &standing(state, id, market)?)?;
    let asset = cleared_asset(state, id)?;
    Ok(Event::PoolsBalanced { market: id, fund: market.fund, asset, flow })
}

pub(crate) fn fund_pnl_pool(state: &State, command: &FundPnlPool) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let asset = cleared_asset(state, market)?;
    Ok(Event::PnlPoolFunded { market, asset, amount: command.amount })
}

/// Covers a deficit of the pool for winners through the waterfall: no more than exceeds the imbalance
/// that may stand, than the period's limit leaves, and than those who insure the market can pay.
pub(crate) fn cover(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CoverDeficit,
) -> Result<(), Halt> {
    let state = txn.state();
    let id = state.market_id(command.market)?;
    if command.evidence == Hash::ZERO {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    let amount = coverable(state, context, id, command.net_pnl)?;
    let loss = Assessed {
        loss: state.losses.next_id(),
        market: id,
        cause: Cause::PnlDeficit,
        account: None,
        evidence: command.evidence,
        mark: Price::ZERO,
        gross: amount,
        occurred_at: context.occurred_at,
        closed: true,
    };
    let asset = cleared_asset(state, id)?;
    let handle = loss.loss;
    place(txn, context, &loss)?;
    txn.emit(Event::DeficitCovered { market: id, loss: handle, asset, amount })
}

/// How much of a deficit may be covered now.
fn coverable(
    state: &State,
    context: &Context<'_>,
    id: MarketId,
    net_pnl: Amount,
) -> Result<Amount, Halt> {
    let market = state.markets.expect(id)?;
    let policy = rules(market)?;
    let standing = standing(state, id, market)?;
    let excess = net_pnl.saturating_sub(policy.imbalance_max);
    let off = policy.imbalance_max.is_zero() || !standing.results.surplus.is_negative();
    if off || net_pnl <= standing.pnl_pool || excess.is_zero() {
        let stands = policy.imbalance_max.max(standing.pnl_pool);
        return Err(Reject::new(RejectCode::NoDeficit, net_pnl, stands).into());
    }
    let received = standing.results.received.checked_neg();
    let period = sum(&[Signed::gain(policy.period_max), received])?.positive();
    let layers = state.layers_of(market).map(|(_, layer)| layer.source);
    let capacities = capacities(state, id, market, Cause::PnlDeficit, context.now)?;
    // Who bears and has nothing to give can't pay what winners are owed.
    let funded = layers.take_while(|source| source.is_funded()).count();
    let funded = capacities.get(..funded).unwrap_or_default();
    let wanted = excess.min(period);
    // What they pay of it they also pay when asked for no more than that.
    let amount = wanted.saturating_sub(allocate(wanted, funded).residual);
    if amount.is_zero() {
        return Err(Reject::new(RejectCode::NoCover, excess, amount).into());
    }
    Ok(amount)
}

/// What pools and tiers leave in the state.
pub(crate) fn pools(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::PoolsSet { market, pools } => state.markets.change(*market)?.pools = *pools,
        Event::ResultsReported {
            market,
            exchange_fees,
            liquidation_fees,
            surplus,
            net_revenue,
        } => {
            let results = &mut state.markets.change(*market)?.results;
            (results.exchange_fees, results.liquidation_fees) = (*exchange_fees, *liquidation_fees);
            (results.surplus, results.net_revenue) = (*surplus, *net_revenue);
        }
        Event::PoolsBalanced { market, flow, .. } => {
            let passed = Signed::gain(flow.to_revenue)
                .and_then(|out| out.checked_sub(Signed::gain(flow.from_revenue)?));
            moved(state, *market, passed.ok_or(Corrupt::Overflow)?, flow.to_revenue)?;
        }
        Event::DeficitCovered { market, amount, .. } => {
            let got = Signed::loss(*amount).ok_or(Corrupt::Overflow)?;
            moved(state, *market, got, Amount::ZERO)?;
        }
        Event::TierSet { tier, label, policy } => {
            let item = Tier { label: *label, policy: *policy };
            if state.tiers.get(*tier).is_some() {
                *state.tiers.change(*tier)? = item;
            } else {
                state.tiers.insert(*tier, item)?;
                state.labels.tiers.insert(*label, *tier);
            }
        }
        Event::MarketTierSet { market, tier } => state.markets.change(*market)?.tier = *tier,
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}

/// Counts what a market gave up or got.
fn moved(state: &mut State, id: MarketId, out: Signed, passed_on: Amount) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let mut results = standing(state, id, state.markets.expect(id)?)?.results;
    results.surplus = results.surplus.checked_sub(out).ok_or(Corrupt::Overflow)?;
    results.received = results.received.checked_sub(out).ok_or(Corrupt::Overflow)?;
    results.passed_on = results.passed_on.checked_add(passed_on).ok_or(Corrupt::Overflow)?;
    results.moved_at = now;
    state.markets.change(id)?.results = results;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Ppm;

    const POLICY: PoolPolicy = PoolPolicy {
        buffer: Amount::new(250),
        fee_share: Ppm::new(500_000),
        period_max: Amount::new(1_000),
        imbalance_max: Amount::new(1),
    };

    fn rich() -> Standing {
        let results = Results {
            exchange_fees: Amount::new(3_000),
            liquidation_fees: Amount::new(300),
            surplus: Signed::new(1_500),
            net_revenue: Signed::new(1_000),
            passed_on: Amount::new(500),
            ..Results::default()
        };
        let (fee_pool, insured) = (Amount::new(500), Amount::new(150));
        Standing { results, fee_pool, insured, revenue: Amount::new(100), ..Standing::default() }
    }

    #[test]
    fn the_tightest_limit_binds() {
        for (change, want) in [
            ((|_| {}) as fn(&mut Standing), 250),
            (|s| s.socialised = Amount::new(100), 150),
            (|s| s.results.net_revenue = Signed::new(70), 70),
            (|s| s.results.received = Signed::new(-900), 100),
            (|s| s.results.exchange_fees = Amount::new(800), 50),
            (|s| s.results.surplus = Signed::new(750), 0),
            (|s| s.results.surplus = Signed::new(700), -50),
            (|s| s.results.surplus = Signed::new(-5_000), -100),
        ] {
            let mut standing = rich();
            change(&mut standing);
            assert_eq!(passes(&POLICY, &standing), Ok(Signed::new(want)), "{standing:?}");
        }
    }

    #[test]
    fn the_fee_pool_gives_up_what_is_not_earned_and_is_refilled() {
        let mut standing = rich();
        standing.results.surplus = Signed::new(-100);
        standing.results.passed_on = Amount::ZERO;
        let flow = balanced(&POLICY, &standing).unwrap();
        // Surplus and liquidation fees are 200; but half the trading fees and 300 may be passed on.
        assert_eq!((flow.to_pnl, flow.from_pnl), (Amount::new(300), Amount::new(300)));
        assert_eq!((flow.to_revenue, flow.from_revenue), (Amount::ZERO, Amount::new(100)));
    }
}
