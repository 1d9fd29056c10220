//! Lenders' deposits on a market: what its venue reports, and the end of a market that lost them all.

use crate::{
    command::ReportDeposits,
    event::Event,
    loss::deposit_index::Deposits,
    reject::{Halt, Reject, RejectCode},
    state::{Lent, Market, State},
};
use backstop_units::{Label, ShareIndex};

/// The lowest index that is taken: a step of it is then at most a millionth of what lenders have.
const INDEX_MIN: ShareIndex = ShareIndex::new(1_000_000);

/// Whether a loss has taken all that lenders had on a market. It stays so: who lends there afterwards
/// would pay those who left before.
pub(crate) fn is_dead(market: &Market) -> bool {
    market.deposits.as_deref().is_some_and(Lent::is_dead)
}

/// The refusal of a market that is over.
pub(crate) fn dead(label: Label) -> Reject {
    Reject::got(RejectCode::MarketDead, label)
}

pub(crate) fn report(state: &State, command: &ReportDeposits) -> Result<Event, Halt> {
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    let ReportDeposits { shares, index, unit, losses, .. } = *command;
    let deposits = Deposits { shares, index, unit };
    if !unit.is_zero() {
        deposits.worth()?;
    }
    let borne = market.deposits.as_deref().map_or(0, |lent| lent.losses);
    if is_dead(market) {
        return Err(dead(command.market).into());
    }
    if unit.is_zero() || index < INDEX_MIN {
        let (got, least) =
            if unit.is_zero() { (unit, ShareIndex::new(1)) } else { (index, INDEX_MIN) };
        return Err(Reject::new(RejectCode::DepositIndex, got.get(), least.get()).into());
    }
    if losses != borne {
        return Err(Reject::new(RejectCode::DepositsLate, losses, borne).into());
    }
    Ok(Event::DepositsReported { market: id, deposits, losses })
}
