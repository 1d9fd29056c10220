//! Winding a hosted market down: reduce only, final settlement, closed.

use super::{
    book::{both, venue},
    gate,
    haircut::Holdings,
};
use crate::{
    command::SetMarketStatus,
    event::{Event, StatusChange},
    governance::Context,
    policy::MarketStatus,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use backstop_units::{Amount, Base};

/// Changes the status; a market closes with no position open, and what rounding of funding and losses
/// left of it goes to the fund's reserve.
pub(crate) fn set_status(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetMarketStatus,
) -> Result<(), Halt> {
    let at = venue(txn.state(), command.market)?;
    let (market, hosted) = both(txn.state(), at.market)?;
    if hosted.status == command.status {
        let word = command.status.word();
        return Err(Reject::new(RejectCode::WrongStatus, word, word).into());
    }
    let closes = command.status == MarketStatus::Closed;
    if closes && market.open_interest != Base::ZERO {
        let got = market.open_interest.get();
        return Err(Reject::new(RejectCode::OpenInterestLeft, got, Amount::ZERO).into());
    }
    let held = Holdings::of(txn.state(), at.fund, at.asset)?.money();
    let dust = if closes { hosted.waiting.positive().min(held) } else { Amount::ZERO };
    gate::heard(txn, context, at.fund)?;
    txn.emit(Event::MarketStatusSet(StatusChange {
        market: at.market,
        fund: at.fund,
        asset: at.asset,
        status: command.status,
        dust,
    }))
}
