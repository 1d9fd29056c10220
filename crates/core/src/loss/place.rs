//! Turning a loss into rows: the waterfall's answer, with who bore each part.

use super::{
    capacity::capacities,
    conversion::{self, draw::available},
    deposit_index::Deposits,
    lifecycle::{behind, funds_from, funds_of, room_for},
    waterfall,
};
use crate::{
    event::{Cohort, Event, Placement, Reallocation, Row},
    fund::{drawdown::turn_due, house::reachable, rescale::prepare, revenue::settle_before_loss},
    governance::Context,
    ledger::LedgerAccount,
    policy::Cause,
    reject::Halt,
    state::{Layer, Loss, Market, Source, State},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use arrayvec::ArrayVec;
use backstop_units::{
    AccountId, Amount, AssetId, Base, Fixed60, Hash, LossId, MarketId, Price, Timestamp, TrancheId,
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

/// A part of a loss that is to be placed now, and how many layers stand before those that are asked.
#[derive(Clone, Copy)]
struct Part {
    loss: LossId,
    market: MarketId,
    cause: Cause,
    amount: Amount,
    from: usize,
}

/// What placing a part comes to: its rows, and what layers in another asset must give first.
struct Plan {
    market: MarketId,
    asset: AssetId,
    rows: Vec<Row>,
    index_carry: Fixed60,
    converted: Vec<Event>,
}

impl Assessed {
    /// All of it, to be placed over the layers from one on.
    fn part(&self, from: usize) -> Part {
        let Self { loss, market, cause, gross, .. } = *self;
        Part { loss, market, cause, amount: gross, from }
    }

    fn placed(&self, plan: Plan) -> Event {
        Event::LossPlaced(Box::new(Placement {
            loss: self.loss,
            market: self.market,
            asset: plan.asset,
            cause: self.cause,
            account: self.account,
            occurred_at: self.occurred_at,
            evidence: self.evidence,
            mark: self.mark,
            gross: self.gross,
            rows: plan.rows,
            index_carry: plan.index_carry,
            closed: self.closed,
        }))
    }
}

/// Places a loss at once and in one step, and starts a new share series where it wiped a tranche. When a
/// layer in another asset is needed and has no price, nothing is placed.
pub(crate) fn place(txn: &mut Txn<'_>, context: &Context<'_>, loss: &Assessed) -> Result<(), Halt> {
    spread(txn, context, &loss.part(0), |plan| loss.placed(plan))
}

/// Places a loss on winners, and what their layer's limits leave on the layers behind it; where no winners
/// stand in the waterfall all of it is residual.
pub(crate) fn place_on_winners(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    loss: &Assessed,
) -> Result<(), Halt> {
    let state = txn.state();
    let market = state.markets.expect(loss.market)?;
    let winners = state.layers_of(market).position(|(_, layer)| layer.source == Source::Adl);
    let from = winners.unwrap_or(usize::from(market.layers));
    spread(txn, context, &loss.part(from), |plan| loss.placed(plan))
}

/// Places what a layer that pays later could not bring over the layers behind it: as the loss itself was
/// placed, with what they have and what their limits leave now. Its rows join those of the loss.
pub(crate) fn reallocate(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (loss, layer): (LossId, u8),
    amount: Amount,
) -> Result<(), Halt> {
    if amount.is_zero() {
        return Ok(());
    }
    let Loss { market, cause, .. } = *txn.state().losses.expect(loss)?;
    let part = Part { loss, market, cause, amount, from: behind(layer) };
    spread(txn, context, &part, |plan| {
        Event::LossReallocated(Box::new(Reallocation {
            loss,
            market,
            asset: plan.asset,
            cause,
            amount,
            rows: plan.rows,
            index_carry: plan.index_carry,
        }))
    })
}

/// Places a part of a loss and records it.
fn spread(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    part: &Part,
    record: impl FnOnce(Plan) -> Event,
) -> Result<(), Halt> {
    // Revenue that is due is there to pay with.
    let market = txn.state().markets.expect(part.market)?;
    let funds = match part.from {
        0 => funds_of(txn.state(), market)?,
        from => funds_from(txn.state(), market, from)?,
    };
    for fund in funds {
        settle_before_loss(txn, context, fund)?;
        turn_due(txn, fund, context.now)?;
    }
    // Whoever owns a tranche bears its part, be it the protocol alone.
    for tranche in staked_layers(txn.state(), part)? {
        prepare(txn, tranche)?;
    }
    let mut plan = plan(txn.state(), context, part)?;
    can_hold(txn.state(), part, &plan)?;
    let wiped = wiped(txn.state(), &plan)?;
    core::mem::take(&mut plan.converted).into_iter().try_for_each(|event| txn.emit(event))?;
    txn.emit(record(plan))?;
    wiped.into_iter().try_for_each(|event| txn.emit(event))
}

/// The tranches among the layers that a part is placed over.
fn staked_layers(
    state: &State,
    part: &Part,
) -> Result<ArrayVec<TrancheId, { waterfall::LAYERS_MAX }>, Halt> {
    let market = state.markets.expect(part.market)?;
    let staked = |layer: &Layer| match layer.source {
        Source::Staked(tranche) => Some(tranche),
        _ => None,
    };
    let layers = state.layers_of(market).skip(part.from);
    Ok(layers.filter_map(|(_, layer)| staked(layer)).collect())
}

/// Refuses a claim that no fund behind it could be held for: as many losses hold one as can.
fn can_hold(state: &State, part: &Part, plan: &Plan) -> Result<(), Halt> {
    // The first has the most behind it.
    let claim = plan.rows.iter().find(|row| row.cohort.claim().is_some());
    let Some(claim) = claim else { return Ok(()) };
    let market = state.markets.expect(part.market)?;
    for fund in funds_from(state, market, behind(claim.layer))? {
        room_for(state, fund, part.loss)?;
    }
    Ok(())
}

/// The rows of a part as they would stand now.
fn plan(state: &State, context: &Context<'_>, part: &Part) -> Result<Plan, Halt> {
    let market = state.markets.expect(part.market)?;
    let asset = state.funds.expect(market.fund)?.asset;
    // Limits count by the time of payment: a late or back-dated report can't dodge them.
    let mut capacities = capacities(state, part.market, market, part.cause, context.now)?;
    for ahead in capacities.iter_mut().take(part.from) {
        (ahead.available, ahead.headroom) = (Amount::ZERO, Amount::ZERO);
    }
    let paid = waterfall::allocate(part.amount, &capacities);
    let mut plan = Plan {
        market: part.market,
        asset,
        rows: Vec::with_capacity(4),
        index_carry: market.index_carry,
        converted: Vec::new(),
    };
    let mut need = part.amount;
    let layers = (0u8..).zip(state.layers_of(market)).zip(&paid.draws).zip(&capacities);
    for (((at, (_, layer)), draw), capacity) in layers {
        if !draw.is_zero() {
            add_rows(state, (market, context.now), (at, layer), *draw, &mut plan)?;
        } else if let Some(haircut) = layer.policy.haircut
            && !need.is_zero()
            && !capacity.headroom.is_zero()
        {
            // It is asked and gives nothing: it is empty, or has no price.
            available(state, (market, asset), (layer, haircut), (part.cause, context.now))?;
        }
        need = need.saturating_sub(*draw);
    }
    if !paid.residual.is_zero() {
        let (layer, amount) = (market.layers, paid.residual);
        plan.rows.push(Row { layer, cohort: Cohort::Residual, amount });
    }
    Ok(plan)
}

/// The rows of one layer: up to three for a reserve, of a house account, its own money and contributions.
fn add_rows(
    state: &State,
    (market, now): (&Market, Timestamp),
    (at, layer): (u8, &Layer),
    draw: Amount,
    plan: &mut Plan,
) -> Result<(), Halt> {
    let asset = plan.asset;
    let first = match layer.policy.haircut {
        Some(haircut) => {
            let (to, layer) = ((plan.market, asset), (layer, haircut));
            Some(conversion::draw::draw(state, to, layer, (draw, now), &mut plan.converted)?)
        }
        None => None,
    };
    let claim = next_claim(state, plan);
    let mut push = |cohort, amount| plan.rows.push(Row { layer: at, cohort, amount });
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
            let hosted = state.hosted_markets.expect(plan.market)?.as_deref();
            let epoch = hosted.map(|hosted| hosted.losses);
            push(Cohort::Positions { delta, base: market.open_interest, epoch }, draw);
            plan.index_carry = carry;
        }
        Source::Depositors => {
            let Some(lent) = market.deposits.as_deref() else { return Ok(()) };
            let Deposits { shares, index: from, .. } = lent.deposits;
            let to = lent.deposits.bear(draw)?.index;
            push(Cohort::Depositors { shares, from, to }, draw);
        }
        Source::Adl => push(Cohort::Adl { adl: claim }, draw),
        Source::Equity => push(Cohort::Equity { claim }, draw),
        Source::Haircut => {
            let haircut = state.haircuts.next_id();
            push(Cohort::Haircut { fund: market.fund, haircut }, draw);
        }
    }
    Ok(())
}

/// The handle of a further claim; two layers of a waterfall may pay later.
fn next_claim(state: &State, plan: &Plan) -> u32 {
    let placed = plan.rows.iter().filter(|row| row.cohort.claim().is_some());
    placed.fold(state.layer_claims.next_id(), |next, _| next.saturating_add(1))
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
fn wiped(state: &State, plan: &Plan) -> Result<Vec<Event>, Halt> {
    let mut events = Vec::new();
    for row in &plan.rows {
        let Cohort::Stakers { tranche, series, .. } = row.cohort else { continue };
        let from = LedgerAccount::Tranche(tranche);
        let taken = plan.converted.iter().find_map(|event| match event {
            Event::LayerConverted(drawn) if drawn.from == from => Some((drawn.asset, drawn.taken)),
            _ => None,
        });
        let (asset, amount) = taken.unwrap_or((plan.asset, row.amount));
        let left = state.ledger.owed(from, asset).saturating_sub(amount);
        if left.is_zero() && state.tranches.expect(tranche)?.policy.new_series_after_wipe {
            events.push(Event::SeriesStarted { tranche, series: series.saturating_add(1) });
        }
    }
    Ok(events)
}
