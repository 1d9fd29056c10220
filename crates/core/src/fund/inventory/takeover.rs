//! Taking a position over: the fund receives it at a price, with what is left of the account's margin.

use super::{Booked, booked, limits};
use crate::{
    command::TakeOver,
    event::{Event, LineMove},
    governance::Context,
    loss::place::{Assessed, place},
    oracle::mark::{self, Checked},
    policy::Cause,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Hash, MarketId, Price};

/// Takes a position over within every limit. A deficit goes through the waterfall at once; a mark that
/// the index does not bear out is refused, so that the venue deleverages or waits instead.
pub(crate) fn take_over(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &TakeOver,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let market = state.market_id(command.market)?;
    let TakeOver { size, price, mark, collateral, evidence, .. } = *command;
    if size.is_zero() || price.is_zero() || mark.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let taken = booked(state, market, (size, price, mark), collateral.positive());
    // What can be told without the market's rules comes before that it has none.
    let taken = match taken {
        Err(Halt::Reject(off)) if off.code == RejectCode::InventoryOff => Err(off),
        other => Ok(other?),
    };
    if evidence == Hash::ZERO {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    let Booked { mut moved, policy, gross } = taken?;
    let gross = gross.checked_add(collateral.negative()).ok_or(Reject::overflow())?;
    moved.paid = gross;
    borne_out(state, context, market, mark)?;
    let group = state.accounts.expect(account)?.group;
    limits::within(state, context.now, &policy, &moved, group)?;
    lose(txn, context, &moved, Some(account), evidence)?;
    txn.emit(Event::PositionTaken { account, group, evidence, moved: Box::new(moved) })
}

/// Refuses a mark that the market's index does not bear out.
pub(crate) fn borne_out(
    state: &State,
    context: &Context<'_>,
    market: MarketId,
    mark: Price,
) -> Result<(), Halt> {
    let found = mark::check(state, state.markets.expect(market)?.mark, mark, context.now);
    match found {
        Checked::Sound => Ok(()),
        Checked::Unsound(Some(price)) => {
            Err(Reject::new(RejectCode::InventoryMark, mark, price).into())
        }
        Checked::Unsound(None) => Err(Reject::got(RejectCode::InventoryMark, mark).into()),
    }
}

/// Sends what the line's margin does not bear through the market's waterfall.
pub(crate) fn lose(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    moved: &LineMove,
    account: Option<AccountId>,
    evidence: Hash,
) -> Result<(), Halt> {
    match assessed(txn.state(), context, moved, account, evidence) {
        Some(loss) => place(txn, context, &loss),
        None => Ok(()),
    }
}

/// The loss behind a move, if it costs anything.
pub(crate) fn assessed(
    state: &State,
    context: &Context<'_>,
    moved: &LineMove,
    account: Option<AccountId>,
    evidence: Hash,
) -> Option<Assessed> {
    if moved.paid == Amount::ZERO {
        return None;
    }
    Some(Assessed {
        loss: state.losses.next_id(),
        market: moved.market,
        cause: Cause::Bankruptcy,
        account,
        evidence,
        mark: moved.mark,
        gross: moved.paid,
        occurred_at: context.occurred_at,
        closed: true,
    })
}
