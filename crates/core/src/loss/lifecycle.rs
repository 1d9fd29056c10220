//! Declare, assess, place, close, void: the states of a loss that takes its time.

use super::{
    place::{Assessed, place},
    recovery::{self, settled},
};
use crate::{
    command::{AssessLoss, CloseLoss, DeclareLoss, LapseDeclaration, PlaceLoss, VoidLoss},
    event::Event,
    fund::holds::OPEN_LOSSES_MAX,
    governance::Context,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Loss, LossStatus, Market, Source, State},
    txn::Txn,
};
use arrayvec::ArrayVec;
use backstop_units::{FundId, Hash, LossId};

/// The funds that a market's losses may touch: their gates shut and open together.
pub(crate) fn funds_of(state: &State, market: &Market) -> Result<ArrayVec<FundId, 17>, Corrupt> {
    let own = ArrayVec::from_iter([market.fund]);
    with_funds(state, market, 0, own)
}

/// The position behind a layer.
pub(crate) fn behind(layer: u8) -> usize {
    usize::from(layer).saturating_add(1)
}

/// The funds behind a market's layers from one on.
pub(crate) fn funds_from(
    state: &State,
    market: &Market,
    from: usize,
) -> Result<ArrayVec<FundId, 17>, Corrupt> {
    with_funds(state, market, from, ArrayVec::new())
}

fn with_funds(
    state: &State,
    market: &Market,
    from: usize,
    mut funds: ArrayVec<FundId, 17>,
) -> Result<ArrayVec<FundId, 17>, Corrupt> {
    for (_, layer) in state.layers_of(market).skip(from) {
        let fund = match layer.source {
            Source::Reserve(fund) => fund,
            Source::Staked(tranche) => state.tranches.expect(tranche)?.fund,
            Source::FeePool
            | Source::Socialised
            | Source::Adl
            | Source::Depositors
            | Source::Equity
            | Source::Haircut => continue,
        };
        if !funds.contains(&fund) {
            funds.push(fund);
        }
    }
    Ok(funds)
}

/// Refuses one more open loss where a fund it may touch has as many as can hold it.
pub(crate) fn not_full(state: &State, market: &Market) -> Result<(), Halt> {
    let new = state.losses.next_id();
    funds_of(state, market)?.into_iter().try_for_each(|fund| room_for(state, fund, new))
}

/// Refuses to hold a fund for a loss that does not hold it yet, where as many do as can.
pub(crate) fn room_for(state: &State, fund: FundId, loss: LossId) -> Result<(), Halt> {
    let (open, most) = (&state.holds.expect(fund)?.open, OPEN_LOSSES_MAX);
    if open.len() >= most && !open.iter().any(|(other, _)| *other == loss) {
        return Err(Reject::new(RejectCode::TooManyOpenLosses, most, most).into());
    }
    Ok(())
}

/// A loss under its handle.
pub(crate) fn find(state: &State, loss: LossId) -> Result<&Loss, Reject> {
    state.losses.get(loss).ok_or_else(|| Reject::got(RejectCode::UnknownLoss, loss))
}

fn wrong_state(loss: &Loss, needed: &'static str) -> Reject {
    let word = match loss.status {
        LossStatus::Declared => "declared",
        LossStatus::Open => "open",
        LossStatus::Placed => "placed",
        LossStatus::Closed => "closed",
        LossStatus::Void => "void",
    };
    Reject::new(RejectCode::LossState, word, needed)
}

pub(crate) fn declare(
    state: &State,
    context: &Context<'_>,
    command: &DeclareLoss,
) -> Result<Event, Halt> {
    let account = command.account.map(|label| state.account_id(label)).transpose()?;
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    if command.estimate.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    not_full(state, market)?;
    let lapse = state.funds.expect(market.fund)?.policy.declaration_lapse;
    Ok(Event::LossDeclared {
        loss: state.losses.next_id(),
        market: id,
        cause: command.cause,
        account,
        estimate: command.estimate,
        occurred_at: context.occurred_at,
        lapses_at: context.now.plus(lapse),
    })
}

pub(crate) fn assess(
    state: &State,
    context: &Context<'_>,
    command: &AssessLoss,
) -> Result<Event, Halt> {
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if command.evidence == Hash::ZERO {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    let loss = find(state, command.loss)?;
    match loss.status {
        LossStatus::Declared if context.now < loss.lapses_at => {}
        LossStatus::Declared => {
            return Err(Reject::new(RejectCode::LossState, "lapsed", "declared").into());
        }
        LossStatus::Open => {}
        _ => return Err(wrong_state(loss, "declared or open").into()),
    }
    Ok(Event::LossAssessed {
        loss: command.loss,
        amount: command.amount,
        evidence: command.evidence,
    })
}

pub(crate) fn place_assessed(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &PlaceLoss,
) -> Result<(), Halt> {
    let loss = find(txn.state(), command.loss)?;
    if loss.status != LossStatus::Open {
        return Err(wrong_state(loss, "open").into());
    }
    let assessed = Assessed {
        loss: command.loss,
        market: loss.market,
        cause: loss.cause,
        account: loss.account,
        evidence: loss.evidence,
        mark: loss.mark,
        gross: loss.gross,
        occurred_at: loss.occurred_at,
        closed: false,
    };
    place(txn, context, &assessed)
}

pub(crate) fn close(state: &State, command: &CloseLoss) -> Result<Event, Halt> {
    let loss = find(state, command.loss)?;
    if loss.status != LossStatus::Placed {
        return Err(wrong_state(loss, "placed").into());
    }
    Ok(Event::LossClosed { loss: command.loss })
}

pub(crate) fn lapse(
    state: &State,
    context: &Context<'_>,
    command: &LapseDeclaration,
) -> Result<Event, Halt> {
    let loss = find(state, command.loss)?;
    if loss.status != LossStatus::Declared {
        return Err(wrong_state(loss, "declared").into());
    }
    if context.now < loss.lapses_at {
        return Err(
            Reject::new(RejectCode::DeclarationNotLapsed, context.now, loss.lapses_at).into()
        );
    }
    voided(state, command.loss, loss, true)
}

pub(crate) fn void(state: &State, command: &VoidLoss) -> Result<Event, Halt> {
    let loss = find(state, command.loss)?;
    if loss.status == LossStatus::Void {
        return Err(wrong_state(loss, "any but void").into());
    }
    for row in 0..loss.rows.len() {
        settled(state, loss, row)?;
    }
    voided(state, command.loss, loss, false)
}

/// What is placed and not yet recovered goes back row by row; nothing is placed before that.
fn voided(state: &State, id: LossId, loss: &Loss, lapsed: bool) -> Result<Event, Halt> {
    let market = state.markets.expect(loss.market)?;
    let asset = state.funds.expect(market.fund)?.asset;
    let parts = recovery::shared(state, (id, loss), recovery::unrecovered(id, loss).collect())?;
    Ok(Event::LossVoided { loss: id, lapsed, market: loss.market, asset, parts })
}
