//! What losses leave in the state: status, gates, rows, limits used, claims paid.

use super::{
    adl::evolve::pending,
    capacity::{ROLLING, event_window},
    lifecycle::funds_of,
};
use crate::{
    event::{Cohort, Event, Placement, RowPart},
    fund::house::drawn,
    hosted::bearers,
    liquidation::market::latest_layer,
    policy::Cause,
    reject::Corrupt,
    state::{Claim, Loss, LossRow, LossStatus, Source, State},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Hash, LossId, MarketId, Price, Timestamp};

pub(crate) fn loss(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::LossDeclared { .. } | Event::LossParked { .. } => declared(state, event),
        Event::LossAssessed { loss, amount, evidence } => {
            let item = state.losses.change(*loss)?;
            item.status = LossStatus::Open;
            item.gross = *amount;
            item.evidence = *evidence;
            let market = item.market;
            gate(state, market, *loss, Some(Timestamp::MAX))
        }
        Event::LossPlaced(placement) => placed(state, placement),
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
        placed_at: Timestamp::ZERO,
        rows: Vec::new(),
    };
    let id = match event {
        Event::LossDeclared { loss, market, cause, account, estimate, occurred_at, lapses_at } => {
            (item.market, item.cause, item.account) = (*market, *cause, *account);
            (item.gross, item.occurred_at, item.lapses_at) = (*estimate, *occurred_at, *lapses_at);
            *loss
        }
        Event::LossParked {
            loss,
            market,
            cause,
            account,
            deficit,
            occurred_at,
            lapses_at,
            evidence,
            mark,
            ..
        } => {
            (item.market, item.cause, item.account) = (*market, *cause, Some(*account));
            (item.gross, item.occurred_at, item.lapses_at) = (*deficit, *occurred_at, *lapses_at);
            (item.evidence, item.mark) = (*evidence, *mark);
            *loss
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
    let rows =
        placement.rows.iter().map(|row| LossRow { row: *row, recovered: Amount::ZERO }).collect();
    let status = if placement.closed { LossStatus::Closed } else { LossStatus::Placed };
    let (next, now) = (state.meta.next, state.meta.now);
    if state.losses.get(placement.loss).is_some() {
        let item = state.losses.change(placement.loss)?;
        (item.status, item.rows, item.placed_in) = (status, rows, Some(next));
        item.placed_at = now;
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
            placed_at: now,
            rows,
        };
        state.losses.insert(placement.loss, item)?;
    }
    let at = state.meta.now;
    for (place, row) in (0u8..).zip(&placement.rows) {
        match row.cohort {
            Cohort::Stakers { tranche, epoch, .. } => state.tranches.change(tranche)?.epoch = epoch,
            Cohort::Positions { delta, epoch, .. } => {
                let market = state.markets.change(placement.market)?;
                market.index = market.index.checked_add(delta).ok_or(Corrupt::Overflow)?;
                market.index_carry = placement.index_carry;
                bearers::counted(state, placement.market, epoch)?;
            }
            Cohort::Adl { adl } => {
                let market = state.markets.expect(placement.market)?;
                // Without rules nothing is ever placed on winners.
                let policy = market.adl.ok_or(Corrupt::DanglingHandle)?;
                let (behind, owner) = (market.layers, (placement.loss, place));
                state.adls.insert(adl, pending(owner, behind, (row.amount, policy), now))?;
            }
            Cohort::Depositors { to, .. } => {
                let market = state.markets.change(placement.market)?;
                let lent = market.deposits.as_deref_mut().ok_or(Corrupt::DanglingHandle)?;
                lent.deposits.index = to;
                lent.losses = lent.losses.checked_add(1).ok_or(Corrupt::Overflow)?;
            }
            Cohort::House(fund) => drawn(state, fund, row.amount)?,
            Cohort::FeePool | Cohort::Reserve(_) | Cohort::Contributions(_) | Cohort::Residual => {}
        }
        let used = Use::Draw(row.amount, at);
        use_layer(state, placement.market, &row.cohort, placement.cause, used)?;
    }
    Ok(())
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
    let source = match cohort {
        Cohort::FeePool => Source::FeePool,
        Cohort::House(fund) | Cohort::Reserve(fund) | Cohort::Contributions(fund) => {
            Source::Reserve(*fund)
        }
        Cohort::Stakers { tranche, .. } => Source::Staked(*tranche),
        Cohort::Positions { .. } => Source::Socialised,
        Cohort::Adl { .. } => Source::Adl,
        Cohort::Depositors { .. } => Source::Depositors,
        Cohort::Residual => return Ok(()),
    };
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
        let (market, cause, at) = (loss.market, loss.cause, loss.placed_at);
        let row = loss.rows.get_mut(usize::from(part.row)).ok_or(Corrupt::DanglingHandle)?;
        row.recovered = row.recovered.checked_add(part.amount).ok_or(Corrupt::Overflow)?;
        if row.recovered > row.row.amount {
            return Err(Corrupt::CounterRange);
        }
        let cohort = row.row.cohort;
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
