//! Turning a loss into rows: the waterfall's answer, with who bore each part.

use super::{
    capacity::capacities,
    conversion::{self, draw::available},
    deposit_index::Deposits,
    lifecycle::funds_of,
    waterfall,
};
use crate::{
    event::{Cohort, Event, Placement, Row},
    fund::{drawdown::turn_due, house::reachable, rescale::prepare, revenue::settle_before_loss},
    governance::Context,
    ledger::LedgerAccount,
    policy::Cause,
    reject::Halt,
    state::{Layer, Market, Source, State},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use arrayvec::ArrayVec;
use backstop_units::{
    AccountId, Amount, Base, Fixed60, Hash, LossId, MarketId, Price, Timestamp, TrancheId,
    mul_div_floor, split::with_carry,
};

/// A loss whose amount and evidence are fixed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assessed {
    pub(crate) loss: LossId,
    pub(crate) market: MarketId,
    pub(crate) cause: Cause,
    pub(crate) account: Option<AccountId>,
    pub(crate) evidence: Hash,
    pub(crate) mark: Price,
    pub(crate) gross: Amount,
    pub(crate) occurred_at: Timestamp,
    /// Settled in one command: no further step follows.
    pub(crate) closed: bool,
}

/// What a placement comes to: its rows, and what layers in another asset must give first.
struct Plan {
    placement: Placement,
    converted: Vec<Event>,
}

/// Places a loss at once and in one step, and starts a new share series where it wiped a tranche. When a
/// layer in another asset is needed and has no price, nothing is placed.
pub(crate) fn place(txn: &mut Txn<'_>, context: &Context<'_>, loss: &Assessed) -> Result<(), Halt> {
    // Revenue that is due is there to pay with.
    let market = txn.state().markets.expect(loss.market)?;
    for fund in funds_of(txn.state(), market)? {
        settle_before_loss(txn, context, fund)?;
        turn_due(txn, fund, context.now)?;
    }
    // Whoever owns a tranche bears its part, be it the protocol alone.
    for tranche in staked_layers(txn.state(), loss.market)? {
        prepare(txn, tranche)?;
    }
    let Plan { placement, converted } = plan(txn.state(), context, loss, |_| true)?;
    let wiped = wiped(txn.state(), &placement, &converted)?;
    converted.into_iter().try_for_each(|event| txn.emit(event))?;
    txn.emit(Event::LossPlaced(Box::new(placement)))?;
    wiped.into_iter().try_for_each(|event| txn.emit(event))
}

/// Places a loss on winners alone, as far as their layer's limits reach; the rest is residual.
pub(crate) fn place_on_winners(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    loss: &Assessed,
) -> Result<(), Halt> {
    let plan = plan(txn.state(), context, loss, |source| source == Source::Adl)?;
    txn.emit(Event::LossPlaced(Box::new(plan.placement)))
}

/// The tranches that stand in a market's waterfall.
fn staked_layers(
    state: &State,
    market: MarketId,
) -> Result<ArrayVec<TrancheId, { waterfall::LAYERS_MAX }>, Halt> {
    let market = state.markets.expect(market)?;
    let staked = |layer: &Layer| match layer.source {
        Source::Staked(tranche) => Some(tranche),
        _ => None,
    };
    Ok(state.layers_of(market).filter_map(|(_, layer)| staked(layer)).collect())
}

/// The rows of a loss as they would stand now, over those layers only that `asked` names.
fn plan(
    state: &State,
    context: &Context<'_>,
    loss: &Assessed,
    asked: impl Fn(Source) -> bool,
) -> Result<Plan, Halt> {
    let market = state.markets.expect(loss.market)?;
    let asset = state.funds.expect(market.fund)?.asset;
    // Limits count by the time of payment: a late or back-dated report can't dodge them.
    let mut capacities = capacities(state, loss.market, market, loss.cause, context.now)?;
    for (capacity, (_, layer)) in capacities.iter_mut().zip(state.layers_of(market)) {
        if !asked(layer.source) {
            (capacity.available, capacity.headroom) = (Amount::ZERO, Amount::ZERO);
        }
    }
    let paid = waterfall::allocate(loss.gross, &capacities);

    let placement = Placement {
        loss: loss.loss,
        market: loss.market,
        asset,
        cause: loss.cause,
        account: loss.account,
        occurred_at: loss.occurred_at,
        evidence: loss.evidence,
        mark: loss.mark,
        gross: loss.gross,
        rows: Vec::with_capacity(4),
        index_carry: market.index_carry,
        closed: loss.closed,
    };
    let mut plan = Plan { placement, converted: Vec::new() };
    let mut need = loss.gross;
    let layers = (0u8..).zip(state.layers_of(market)).zip(&paid.draws).zip(&capacities);
    for (((at, (_, layer)), draw), capacity) in layers {
        if !draw.is_zero() {
            add_rows(state, (market, context.now), (at, layer), *draw, &mut plan)?;
        } else if let Some(haircut) = layer.policy.haircut
            && !need.is_zero()
            && !capacity.headroom.is_zero()
        {
            // It is asked and gives nothing: it is empty, or has no price.
            available(state, (market, asset), (layer, haircut), (loss.cause, context.now))?;
        }
        need = need.saturating_sub(*draw);
    }
    if !paid.residual.is_zero() {
        plan.placement.rows.push(Row {
            layer: market.layers,
            cohort: Cohort::Residual,
            amount: paid.residual,
        });
    }
    Ok(plan)
}

/// The rows of one layer: up to three for a reserve, of a house account, its own money and contributions.
fn add_rows(
    state: &State,
    (market, now): (&Market, Timestamp),
    (at, layer): (u8, &Layer),
    draw: Amount,
    Plan { placement, converted }: &mut Plan,
) -> Result<(), Halt> {
    let asset = placement.asset;
    let first = match layer.policy.haircut {
        Some(haircut) => {
            let (to, layer) = ((placement.market, asset), (layer, haircut));
            Some(conversion::draw::draw(state, to, layer, (draw, now), converted)?)
        }
        None => None,
    };
    let mut push = |cohort, amount| placement.rows.push(Row { layer: at, cohort, amount });
    match layer.source {
        Source::FeePool => push(Cohort::FeePool, draw),
        Source::Reserve(fund) => {
            // What the venue can take where it is goes first; contributions are consumed last.
            let house = match first {
                Some(_) => Amount::ZERO,
                None => reachable(state, state.funds.expect(fund)?, market)?.positive().min(draw),
            };
            let rest = draw.saturating_sub(house);
            let own = match first {
                Some(own) => own,
                None => state.ledger.owed(LedgerAccount::Reserve(fund), asset).min(rest),
            };
            let given = rest.saturating_sub(own);
            [
                (Cohort::House(fund), house),
                (Cohort::Reserve(fund), own),
                (Cohort::Contributions(fund), given),
            ]
            .into_iter()
            .filter(|(_, amount)| !amount.is_zero())
            .for_each(|(cohort, amount)| push(cohort, amount));
        }
        Source::Staked(id) => {
            let tranche = state.tranches.expect(id)?;
            let epoch = tranche.epoch.saturating_add(1);
            let (series, base) = (tranche.series, tranche.base);
            let (shares, protocol) = (tranche.shares, tranche.protocol);
            push(Cohort::Stakers { tranche: id, series, epoch, base, shares, protocol }, draw);
        }
        Source::Socialised => {
            let (delta, carry) = index_step(draw, market.open_interest, market.index_carry)?;
            let hosted = state.hosted_markets.expect(placement.market)?.as_deref();
            let epoch = hosted.map(|hosted| hosted.losses);
            push(Cohort::Positions { delta, base: market.open_interest, epoch }, draw);
            placement.index_carry = carry;
        }
        Source::Depositors => {
            let Some(lent) = market.deposits.as_deref() else { return Ok(()) };
            let Deposits { shares, index: from, .. } = lent.deposits;
            let to = lent.deposits.bear(draw)?.index;
            push(Cohort::Depositors { shares, from, to }, draw);
        }
        Source::Adl => push(Cohort::Adl { adl: state.adls.next_id() }, draw),
    }
    Ok(())
}

/// How far the index moves so that every base atom bears the same, and what it can't express yet.
///
/// **Units** 1/2⁶⁰ atom for each base atom. **Rounding** floor; the rest is carried to the next step,
/// so over time positions bear exactly what was socialised. The money is posted whole at once.
pub(crate) fn index_step(
    amount: Amount,
    base: Base,
    carry: Fixed60,
) -> Result<(Fixed60, Fixed60), Halt> {
    // Open interest may have shrunk below an old carry: whole steps come out of it first.
    let whole = mul_div_floor(carry.get(), 1, base.get())?;
    let rest = carry.get().saturating_sub(whole.saturating_mul(base.get()));
    let (step, carry) = with_carry(amount.get(), Fixed60::ONE, base.get(), rest)?;
    Ok((Fixed60::new(step.saturating_add(whole)), Fixed60::new(carry)))
}

/// New share series for tranches that this placement empties, where the tranche's policy wants them.
fn wiped(state: &State, placement: &Placement, converted: &[Event]) -> Result<Vec<Event>, Halt> {
    let mut events = Vec::new();
    for row in &placement.rows {
        let Cohort::Stakers { tranche, series, .. } = row.cohort else { continue };
        let from = LedgerAccount::Tranche(tranche);
        let taken = converted.iter().find_map(|event| match event {
            Event::LayerConverted(drawn) if drawn.from == from => Some((drawn.asset, drawn.taken)),
            _ => None,
        });
        let (asset, amount) = taken.unwrap_or((placement.asset, row.amount));
        let left = state.ledger.owed(from, asset).saturating_sub(amount);
        if left.is_zero() && state.tranches.expect(tranche)?.policy.new_series_after_wipe {
            events.push(Event::SeriesStarted { tranche, series: series.saturating_add(1) });
        }
    }
    Ok(events)
}
