//! A margin account as the formulas see it, and the indexes that its positions settle to.

use super::{
    book::{HostedPosition, both},
    collateral::{Counted, weigh},
    margins,
};
use crate::{
    event::{Event, IndexSettlement},
    liquidation::margin::{Account, Position, Standing, funding},
    oracle,
    policy::MarketStatus,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Fixed60, MarketId, Price, Signed, Timestamp};

/// A margin account with its open positions.
#[derive(Clone, Debug)]
pub struct Loaded<'a> {
    /// As the formulas take it.
    pub account: Account<'a>,
    /// The handle and market of each position, in the same order.
    pub places: Vec<(u32, MarketId)>,
    /// What its pledges count for, of which equity has what counts toward maintenance.
    pub counted: Counted,
}

impl Loaded<'_> {
    /// Where the position on a market stands; past the end when there is none.
    pub fn at(&self, market: MarketId) -> usize {
        let place = self.places.iter().position(|(_, on)| *on == market);
        place.unwrap_or(self.places.len())
    }

    /// What the account is worth and needs. What its pledges count less toward initial margin, that
    /// margin asks for besides.
    ///
    /// # Errors
    /// As [`Account::standing`].
    pub fn standing(&self) -> Result<Standing, Reject> {
        let total = self.account.standing()?;
        let initial = total.initial.checked_add(self.counted.gap()).ok_or(Reject::overflow())?;
        Ok(Standing { initial, ..total })
    }

    /// Equity without pledges: below zero what they have to bear.
    ///
    /// # Errors
    /// As [`Account::standing`].
    pub fn own(&self) -> Result<Signed, Reject> {
        let pledged = Signed::gain(self.counted.maintenance).ok_or(Reject::overflow())?;
        let equity = self.account.standing()?.equity;
        equity.checked_sub(pledged).ok_or(Reject::overflow())
    }

    /// Quote that initial margin does not need; none on credit of pledges.
    ///
    /// # Errors
    /// As [`Account::standing`].
    pub fn free(&self) -> Result<Amount, Reject> {
        let standing = self.standing()?;
        let spare = standing.equity.positive().saturating_sub(standing.initial);
        Ok(spare.min(self.own()?.positive()))
    }

    /// Refuses to judge an account of whose pledges one has no fresh price.
    ///
    /// # Errors
    /// What the pledge's index says.
    pub fn priced(&self) -> Result<(), Reject> {
        self.counted.unpriced.map_or(Ok(()), Err)
    }
}

/// The mark of a hosted market at `now`: its index's price, or what the venue reported.
///
/// # Errors
/// [`RejectCode::NoMark`], [`RejectCode::MarkStale`], or what the index says.
pub fn mark(state: &State, id: MarketId, now: Timestamp) -> Result<Price, Halt> {
    let (market, hosted) = both(state, id)?;
    if let Some(check) = market.mark {
        return Ok(oracle::price(state, check.index, now)?.price);
    }
    let none = || Reject::got(RejectCode::NoMark, market.label);
    let (price, at) = hosted.mark.ok_or_else(none)?;
    let age = hosted.policy.mark_age;
    if !age.is_zero() && now.since(at) > age && hosted.status != MarketStatus::Closed {
        return Err(Reject::new(RejectCode::MarkStale, now.since(at), age).into());
    }
    Ok(price)
}

/// What a position has yet to settle of its market's indexes: funding that it is owed, and its part of
/// socialised losses.
///
/// **Rounding** funding toward minus infinity, losses up: the position bears the dust of both, which
/// waits in the market's pool for the fund's reserve.
fn unsettled(state: &State, position: &HostedPosition) -> Result<(Signed, Amount), Halt> {
    let (market, hosted) = both(state, position.market)?;
    let owed = funding(position.size, hosted.policy.decimals, position.funding, hosted.funding)?;
    let rise = market.index.get().saturating_sub(position.loss.get());
    let loss = position.size.size().mul_div_ceil(rise, Fixed60::ONE)?;
    Ok((owed, loss))
}

/// A margin account with its open positions, at their marks.
///
/// **Complexity** one step for each of its positions.
///
/// # Errors
/// As [`mark`]; [`RejectCode::Overflow`].
pub fn load(state: &State, margin: u32, now: Timestamp) -> Result<Loaded<'_>, Halt> {
    let owner = state.margins.expect(margin)?;
    let counted = weigh(state, owner, now)?;
    let pledged = Signed::gain(counted.maintenance).ok_or(Reject::overflow())?;
    let collateral = owner.quote.checked_add(pledged).ok_or(Reject::overflow())?;
    let account = Account { collateral, positions: Vec::new() };
    let mut loaded = Loaded { account, places: Vec::new(), counted };
    for (place, held) in state.positions_of(owner).filter(|(_, held)| !held.size.is_zero()) {
        let (market, hosted) = both(state, held.market)?;
        let (owed, loss) = unsettled(state, held)?;
        let loss = Signed::loss(loss).ok_or(Reject::overflow())?;
        let mark = mark(state, held.market, now)?;
        loaded.places.push((place, held.market));
        loaded.account.positions.push(Position {
            size: held.size,
            decimals: hosted.policy.decimals,
            mark,
            funding: owed.checked_add(loss).ok_or(Reject::overflow())?,
            maintenance: margins::maintenance(hosted),
            initial: margins::initial(market, hosted, mark)?,
        });
    }
    Ok(loaded)
}

/// What a margin account is worth and needs.
///
/// # Errors
/// As [`load`].
pub fn standing(state: &State, margin: u32, now: Timestamp) -> Result<Standing, Halt> {
    Ok(load(state, margin, now)?.standing()?)
}

/// Settles every position of a margin account to its market's indexes.
pub(crate) fn settle(txn: &mut Txn<'_>, margin: u32) -> Result<(), Halt> {
    let state = txn.state();
    let owner = state.margins.expect(margin)?;
    let mut due = Vec::new();
    for (place, held) in state.positions_of(owner).filter(|(_, held)| !held.size.is_zero()) {
        let (market, hosted) = both(state, held.market)?;
        let behind = held.loss != market.index || held.epoch != hosted.losses;
        if behind || held.funding != hosted.funding {
            let (funding, loss) = unsettled(state, held)?;
            due.push(IndexSettlement { position: place, market: held.market, funding, loss });
        }
    }
    due.into_iter().try_for_each(|settlement| txn.emit(Event::IndexesSettled(settlement)))
}
