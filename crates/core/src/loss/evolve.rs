//! What losses leave in the state: status, gates, rows, limits used, claims paid.

use super::{
    capacity::{ROLLING, event_window},
    claim::{Rules, evolve::pending},
    lifecycle::{behind, funds_from, funds_of},
};
use crate::{
    event::{Cohort, Event, Placement, Reallocation, Row, RowPart},
    fund::house::drawn,
    hosted::{
        bearers,
        haircut::evolve::{opened, returned},
    },
    liquidation::market::latest_layer,
    policy::Cause,
    reject::Corrupt,
    state::{Claim, Loss, LossRow, LossStatus, State},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Fixed60, Hash, LossId, MarketId, Price, Timestamp};

pub(crate) fn loss(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::LossDeclared { .. } | Event::LossParked(_) => declared(state, event),
        Event::LossAssessed { loss, amount, evidence } => {
            let item = state.losses.change(*loss)?;
            item.status = LossStatus::Open;
            item.gross = *amount;
            item.evidence = *evidence;
            let market = item.market;
            gate(state, market, *loss, Some(Timestamp::MAX))
        }
        Event::LossPlaced(placement) => placed(state, placement),
        Event::LossReallocated(more) => reallocated(state, more),
        Event::LossClosed { loss } => {
            state.losses.change(*loss)?.status = LossStatus::Closed;
            Ok(())
        }
        Event::LossVoided { loss, market, parts, .. } => {
            recovered(state, *loss, parts, true)?;
            state.losses.change(*loss)?.status = LossStatus::Void;
            gate(state, *market, *loss, None)
        }
        Event::LossRecovered { loss, parts, .. } => recovered(state, *loss, parts, false),
        Event::RecoveryClaimed { loss, row, position, amount, .. } => {
            claimed(state, (*loss, *row, *position), *amount)
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// A loss that waits for its assessment: declared, or parked with a venue's evidence and mark.
fn declared(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let mut item = Loss {
        market: MarketId::default(),
        cause: Cause::Bankruptcy,
        status: LossStatus::Declared,
        account: None,
        gross: Amount::ZERO,
        evidence: Hash::ZERO,
        mark: Price::ZERO,
        occurred_at: Timestamp::ZERO,
        declared_at: state.meta.now,
        lapses_at: Timestamp::MAX,
        placed_in: None,
        rows: Vec::new(),
    };
    let id = match event {
        Event::LossDeclared { loss, market, cause, account, estimate, occurred_at, lapses_at } => {
            (item.market, item.cause, item.account) = (*market, *cause, *account);
            (item.gross, item.occurred_at, item.lapses_at) = (*estimate, *occurred_at, *lapses_at);
            *loss
        }
        Event::LossParked(it) => {
            (item.market, item.cause, item.account) = (it.market, it.cause, Some(it.account));
            (item.gross, item.occurred_at, item.lapses_at) =
                (it.deficit, it.occurred_at, it.lapses_at);
            (item.evidence, item.mark) = (it.evidence, it.mark);
            it.loss
        }
        _ => return Err(Corrupt::DanglingHandle),
    };
    let (market, until) = (item.market, item.lapses_at);
    state.losses.insert(id, item)?;
    gate(state, market, id, Some(until))
}

/// Shuts the gates of a market's funds for a loss until a moment, or opens them.
fn gate(
    state: &mut State,
    market: MarketId,
    loss: LossId,
    until: Option<Timestamp>,
) -> Result<(), Corrupt> {
    let now = state.meta.now;
    for fund in funds_of(state, state.markets.expect(market)?)? {
        let holds = state.holds.change(fund)?;
        match until {
            Some(until) => holds.shut(now, loss, until),
            None => holds.open(now, loss),
        }
    }
    Ok(())
}

fn placed(state: &mut State, placement: &Placement) -> Result<(), Corrupt> {
    let rows = placement.rows.iter().map(|row| kept(state, row)).collect();
    let status = if placement.closed { LossStatus::Closed } else { LossStatus::Placed };
    let next = state.meta.next;
    if state.losses.get(placement.loss).is_some() {
        let item = state.losses.change(placement.loss)?;
        (item.status, item.rows, item.placed_in) = (status, rows, Some(next));
        gate(state, placement.market, placement.loss, None)?;
    } else {
        let item = Loss {
            market: placement.market,
            cause: placement.cause,
            status,
            account: placement.account,
            gross: placement.gross,
            evidence: placement.evidence,
            mark: placement.mark,
            occurred_at: placement.occurred_at,
            declared_at: state.meta.now,
            lapses_at: Timestamp::MAX,
            placed_in: Some(next),
            rows,
        };
        state.losses.insert(placement.loss, item)?;
    }
    let of = Of { loss: placement.loss, market: placement.market, cause: placement.cause };
    bear(state, of, (0, &placement.rows), placement.index_carry)
}

/// A row of a loss to which nothing has come back.
fn kept(state: &State, row: &Row) -> LossRow {
    LossRow { row: *row, placed_at: state.meta.now, recovered: Amount::ZERO }
}

/// The rows join those of the loss; there is one residual.
fn reallocated(state: &mut State, more: &Reallocation) -> Result<(), Corrupt> {
    let new: Vec<LossRow> = more.rows.iter().map(|row| kept(state, row)).collect();
    let loss = state.losses.change(more.loss)?;
    let first = u8::try_from(loss.rows.len()).map_err(|_| Corrupt::CounterRange)?;
    for row in new {
        let residual = |kept: &&mut LossRow| kept.row.cohort == Cohort::Residual;
        match loss.rows.iter_mut().find(residual) {
            Some(LossRow { row: kept, .. }) if row.row.cohort == Cohort::Residual => {
                let sum = kept.amount.checked_add(row.row.amount);
                kept.amount = sum.ok_or(Corrupt::Overflow)?;
            }
            _ => loss.rows.push(row),
        }
    }
    let of = Of { loss: more.loss, market: more.market, cause: more.cause };
    bear(state, of, (first, &more.rows), more.index_carry)
}

/// Whose rows are placed.
#[derive(Clone, Copy)]
struct Of {
    loss: LossId,
    market: MarketId,
    cause: Cause,
}

/// What rows do to those who bear them, and to what their layers have used; `first` is the place of the
/// first one among the loss's.
fn bear(
    state: &mut State,
    of: Of,
    (first, rows): (u8, &[Row]),
    index_carry: Fixed60,
) -> Result<(), Corrupt> {
    let at = state.meta.now;
    for (place, row) in (first..).zip(rows) {
        match row.cohort {
            Cohort::Stakers { tranche, epoch, .. } => state.tranches.change(tranche)?.epoch = epoch,
            Cohort::Positions { delta, epoch, .. } => {
                let market = state.markets.change(of.market)?;
                market.index = market.index.checked_add(delta).ok_or(Corrupt::Overflow)?;
                market.index_carry = index_carry;
                bearers::counted(state, of.market, epoch)?;
            }
            Cohort::Adl { .. } | Cohort::Equity { .. } => claimed_of(state, of, (place, row))?,
            Cohort::Depositors { to, .. } => {
                let market = state.markets.change(of.market)?;
                let lent = market.deposits.as_deref_mut().ok_or(Corrupt::DanglingHandle)?;
                lent.deposits.index = to;
                lent.losses = lent.losses.checked_add(1).ok_or(Corrupt::Overflow)?;
            }
            Cohort::House(fund) => drawn(state, fund, row.amount)?,
            Cohort::Haircut { fund, haircut } => {
                opened(state, (of.loss, place), (fund, haircut), row.amount)?;
            }
            Cohort::FeePool | Cohort::Reserve(_) | Cohort::Contributions(_) | Cohort::Residual => {}
        }
        let used = Use::Draw(row.amount, at);
        use_layer(state, of.market, &row.cohort, of.cause, used)?;
    }
    Ok(())
}

/// A layer is to pay later: until it has, the waterfall stays, and the funds behind it are held, as they
/// may have to pay.
fn claimed_of(state: &mut State, of: Of, (place, row): (u8, &Row)) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let market = state.markets.change(of.market)?;
    market.claims = market.claims.checked_add(1).ok_or(Corrupt::CounterRange)?;
    // Without rules nothing is ever placed on such a layer.
    let (id, rules) = match row.cohort {
        Cohort::Adl { adl } => (adl, market.adl.map(Rules::Adl)),
        Cohort::Equity { claim } => (claim, market.equity.map(Rules::Equity)),
        _ => return Err(Corrupt::DanglingHandle),
    };
    let rules = rules.ok_or(Corrupt::DanglingHandle)?;
    state.layer_claims.insert(id, pending((of.loss, place), (row.amount, rules), now))?;
    for fund in funds_from(state, state.markets.expect(of.market)?, behind(row.layer))? {
        state.holds.change(fund)?.shut(now, of.loss, Timestamp::MAX);
    }
    Ok(())
}

/// A claim is closed: the row shrinks to what was brought, and the layer has used no more than that. What
/// it leaves goes to the layers behind, whose funds are free again unless another claim of the loss stands
/// before them.
pub(super) fn claim_closed(
    state: &mut State,
    (id, row): (LossId, u8),
    brought: Amount,
    rest: Amount,
) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let loss = state.losses.change(id)?;
    let (market, cause) = (loss.market, loss.cause);
    let shrunk = loss.rows.get_mut(usize::from(row)).ok_or(Corrupt::DanglingHandle)?;
    shrunk.row.amount = brought;
    let LossRow { row: Row { cohort, layer, .. }, placed_at, .. } = *shrunk;
    let item = state.markets.change(market)?;
    item.claims = item.claims.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    let rows = state.losses.expect(id)?.rows.iter();
    let open = rows.filter(|row| is_open(state, &row.row.cohort));
    // The first open claim has the most behind it.
    let still = open.map(|row| behind(row.row.layer)).min().unwrap_or(usize::MAX);
    let market_now = state.markets.expect(market)?;
    let kept = funds_from(state, market_now, still)?;
    for fund in funds_from(state, market_now, behind(layer))? {
        if !kept.contains(&fund) {
            state.holds.change(fund)?.open(now, id);
        }
    }
    use_layer(state, market, &cohort, cause, Use::GiveBack(rest, placed_at))
}

/// Whether a row stands for a claim that is not closed.
fn is_open(state: &State, cohort: &Cohort) -> bool {
    let claim = cohort.claim().and_then(|claim| state.layer_claims.get(claim));
    claim.is_some_and(|claim| !claim.closed)
}

/// A change of what a layer has used.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// It paid at a moment.
    Draw(Amount, Timestamp),
    /// A reversal: it paid nothing.
    GiveBack(Amount, Timestamp),
}

/// Changes what the layer behind a cohort has used: ever, and in each of its windows.
pub(super) fn use_layer(
    state: &mut State,
    market: MarketId,
    cohort: &Cohort,
    cause: Cause,
    used: Use,
) -> Result<(), Corrupt> {
    let Some(source) = cohort.source() else { return Ok(()) };
    let Some((id, layer)) = latest_layer(state, market, source) else { return Ok(()) };
    let windows = layer.windows;
    let ever = &mut state.layers.change(id)?.used;
    *ever = match used {
        Use::Draw(amount, _) => ever.saturating_add(amount),
        Use::GiveBack(amount, _) => ever.saturating_sub(amount),
    };
    let places = ROLLING.iter().map(|(at, ..)| *at).chain([event_window(cause)]);
    for window in places.filter_map(|at| windows.get(at).copied().flatten()) {
        let window = state.windows.change(window)?;
        match used {
            Use::Draw(amount, at) => window.add(at, amount),
            Use::GiveBack(amount, at) => window.give_back(at, amount),
        }
    }
    Ok(())
}

/// Books what came back to rows; a reversal also gives back what the layers had used.
fn recovered(
    state: &mut State,
    id: LossId,
    parts: &[RowPart],
    reversal: bool,
) -> Result<(), Corrupt> {
    for part in parts {
        let loss = state.losses.change(id)?;
        let (market, cause) = (loss.market, loss.cause);
        let row = loss.rows.get_mut(usize::from(part.row)).ok_or(Corrupt::DanglingHandle)?;
        let at = row.placed_at;
        row.recovered = row.recovered.checked_add(part.amount).ok_or(Corrupt::Overflow)?;
        if row.recovered > row.row.amount {
            return Err(Corrupt::CounterRange);
        }
        let cohort = row.row.cohort;
        if let Cohort::Haircut { haircut, .. } = cohort {
            returned(state, haircut, (part.to, part.amount))?;
        }
        if reversal {
            use_layer(state, market, &cohort, cause, Use::GiveBack(part.amount, at))?;
        }
    }
    Ok(())
}

fn claimed(state: &mut State, key: (LossId, u8, u32), amount: Amount) -> Result<(), Corrupt> {
    if let Some(id) = state.labels.claims.get(key) {
        let claim = state.claims.change(id)?;
        claim.paid = claim.paid.checked_add(amount).ok_or(Corrupt::Overflow)?;
        return Ok(());
    }
    let id = state.claims.next_id();
    let (loss, row, position) = key;
    state.claims.insert(id, Claim { loss, row, position, paid: amount })?;
    state.labels.claims.insert(key, id);
    Ok(())
}
