//! A fund's house account: what it holds at a venue in its own name, and what it owes there.
//!
//! ```text
//!   reserve ──repay_house──▶ house account ──distribute_surplus──▶ beneficiary
//!      │                          │
//!      └──────── losses ──────────┘        counted = reserve + contributions + house account
//! ```
//!
//! The account is the venue's to keep and to value; its books are not here. The fund counts what the venue
//! reports, a debt in full. Money moves through the clearing of the market that reports it.

use super::{
    coverage::{above_threshold, none_overdue},
    gauge::{follow_house, repaid},
    reserve::free_reserve,
};
use crate::{
    command::{DistributeSurplus, RepayHouse, ReportHouse, SetHouse},
    event::{Event, HouseTerms},
    governance::Context,
    policy::HouseCounts,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Fund, House, Market, State},
};
use alloc::boxed::Box;
use backstop_units::{Amount, FundId, Hash, Signed, Timestamp};

/// What of a house account counts: all of a debt; of a value what the fund's rules say.
pub fn counted(house: &House) -> Signed {
    match house.terms.counts {
        HouseCounts::Free if !house.value.is_negative() => {
            Signed::gain(house.free.min(house.value.positive())).unwrap_or(house.value)
        }
        _ => house.value,
    }
}

/// An amount with a house account's part added or its debt taken off; nothing where the debt is larger.
pub(crate) fn with(amount: Amount, part: Signed) -> Amount {
    amount.saturating_add(part.positive()).saturating_sub(part.negative())
}

/// What counts of a fund's house account, if it has one.
#[inline]
pub(crate) fn counted_of(fund: &Fund) -> Signed {
    fund.house.as_deref().map_or(Signed::ZERO, counted)
}

/// What of a fund's house account a loss on `market` can be paid with, less what the account owes: money
/// at another venue is not there.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when the account's market does not exist.
#[inline]
pub(crate) fn reachable(state: &State, fund: &Fund, market: &Market) -> Result<Signed, Corrupt> {
    let Some(house) = fund.house.as_deref() else { return Ok(Signed::ZERO) };
    let part = counted(house);
    let here = state.markets.expect(house.terms.market)?.venue == market.venue;
    Ok(if here || part.is_negative() { part } else { Signed::ZERO })
}

fn house_of(fund: &Fund) -> Result<&House, Reject> {
    fund.house.as_deref().ok_or_else(|| Reject::got(RejectCode::HouseOff, fund.label))
}

/// Names a fund's account at a venue, or another beneficiary; what was reported stands unless the venue
/// is another one.
pub(crate) fn set(state: &State, command: &SetHouse) -> Result<Event, Halt> {
    let label = command.house.and_then(|house| house.beneficiary);
    let beneficiary = label.map(|label| state.account_id(label)).transpose()?;
    let id = state.fund_id(command.fund)?;
    let Some(policy) = command.house else {
        return Ok(Event::HouseSet { fund: id, terms: None });
    };
    let market = state.market_id(policy.market)?;
    let (fund, of) = (state.funds.expect(id)?, state.markets.expect(market)?.fund);
    if fund.threshold.is_zero() {
        return Err(Reject::new(RejectCode::BadPolicy, fund.threshold, Amount::new(1)).into());
    }
    if of != id {
        let got = state.funds.expect(of)?.label;
        return Err(Reject::new(RejectCode::BadPolicy, got, fund.label).into());
    }
    let terms = HouseTerms {
        market,
        counts: policy.counts,
        beneficiary,
        anyone_repays: policy.anyone_repays,
    };
    Ok(Event::HouseSet { fund: id, terms: Some(terms) })
}

/// What the venue says that the account is worth and would pay out. A report that was made before the
/// account last moved would undo the movement: it names how many it knows of.
pub(crate) fn report(state: &State, command: &ReportHouse) -> Result<Event, Halt> {
    let id = state.fund_id(command.fund)?;
    if command.evidence == Hash::ZERO {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    let house = house_of(state.funds.expect(id)?)?;
    if command.moves != house.moves {
        return Err(Reject::new(RejectCode::HouseLate, command.moves, house.moves).into());
    }
    let ReportHouse { value, free, moves, evidence, .. } = *command;
    Ok(Event::HouseReported { fund: id, value, free, moves, evidence })
}

/// What the fund would pay now of what its house account owes: its own reserve, never gifts, nor what is
/// reserved.
///
/// `min(−value, free reserve)`. **Source** the repayment of a published fund that trades in its own name.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when there is no such fund.
pub fn repayable(state: &State, id: FundId, now: Timestamp) -> Result<Amount, Halt> {
    let house = state.funds.expect(id)?.house.as_deref();
    let owed = house.map_or(Amount::ZERO, |house| house.value.negative());
    Ok(owed.min(free_reserve(state, id, now)?))
}

pub(crate) fn repay(
    state: &State,
    context: &Context<'_>,
    command: &RepayHouse,
) -> Result<Event, Halt> {
    let id = state.fund_id(command.fund)?;
    let fund = state.funds.expect(id)?;
    let house = house_of(fund)?;
    let owed = house.value.negative();
    if owed.is_zero() {
        return Err(Reject::none(RejectCode::NothingToMove).into());
    }
    let amount = repayable(state, id, context.now)?;
    if amount.is_zero() {
        return Err(Reject::new(RejectCode::InsufficientBalance, owed, amount).into());
    }
    Ok(Event::HouseRepaid { fund: id, market: house.terms.market, asset: fund.asset, amount })
}

/// What leaves the house account for its beneficiary now.
///
/// `min(max(counted − threshold, 0), free)`. **Source** as for repayments; the reserve stays.
///
/// # Errors
/// As for excess, but for what is free of the reserve; then [`RejectCode::HouseOff`] without an account, and
/// [`RejectCode::NothingToMove`] with nothing free.
pub fn surplus(state: &State, id: FundId, now: Timestamp) -> Result<Amount, Halt> {
    let fund = state.funds.expect(id)?;
    let above = above_threshold(state, id, fund, now)?;
    none_overdue(state, fund, now)?;
    Ok(leaving(house_of(fund)?, above)?)
}

fn leaving(house: &House, above: Amount) -> Result<Amount, Reject> {
    if house.free.is_zero() {
        return Err(Reject::new(RejectCode::NothingToMove, house.free, above));
    }
    Ok(above.min(house.free))
}

pub(crate) fn distribute(
    state: &State,
    context: &Context<'_>,
    command: &DistributeSurplus,
) -> Result<Event, Halt> {
    let id = state.fund_id(command.fund)?;
    let fund = state.funds.expect(id)?;
    let above = above_threshold(state, id, fund, context.now)?;
    none_overdue(state, fund, context.now)?;
    let house = house_of(fund)?;
    let nobody = || Reject::got(RejectCode::NoBeneficiary, fund.label);
    let beneficiary = house.terms.beneficiary.ok_or_else(nobody)?;
    let amount = leaving(house, above)?;
    let (market, asset) = (house.terms.market, fund.asset);
    Ok(Event::SurplusDistributed { fund: id, market, asset, beneficiary, amount })
}

/// What commands about house accounts leave in the state.
pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::HouseSet { fund, terms } => {
            let venue = |market| state.markets.expect(market).map(|market| market.venue);
            let old = state.funds.expect(*fund)?.house.as_deref().copied();
            let next = match (old, *terms) {
                (_, None) => None,
                (Some(old), Some(terms)) if venue(old.terms.market)? == venue(terms.market)? => {
                    Some(Box::new(House { terms, ..old }))
                }
                (_, Some(terms)) => Some(Box::new(House::new(terms))),
            };
            state.funds.change(*fund)?.house = next;
            follow_house(state, *fund)
        }
        Event::HouseReported { fund, value, free, .. } => {
            let house = change(state, *fund)?;
            (house.value, house.free) = (*value, *free);
            follow_house(state, *fund)
        }
        Event::HouseRepaid { fund, amount, .. } => {
            moved(state, *fund, Signed::gain(*amount))?;
            repaid(state, *fund, *amount)
        }
        Event::SurplusDistributed { fund, amount, .. } => drawn(state, *fund, *amount),
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// A fund's money left its house account.
pub(crate) fn drawn(state: &mut State, fund: FundId, amount: Amount) -> Result<(), Corrupt> {
    moved(state, fund, Signed::loss(amount))?;
    let house = change(state, fund)?;
    house.free = house.free.saturating_sub(amount);
    follow_house(state, fund)
}

fn moved(state: &mut State, fund: FundId, by: Option<Signed>) -> Result<(), Corrupt> {
    let house = change(state, fund)?;
    house.value = by.and_then(|by| house.value.checked_add(by)).ok_or(Corrupt::Overflow)?;
    house.moves = house.moves.checked_add(1).ok_or(Corrupt::Overflow)?;
    Ok(())
}

fn change(state: &mut State, fund: FundId) -> Result<&mut House, Corrupt> {
    state.funds.change(fund)?.house.as_deref_mut().ok_or(Corrupt::DanglingHandle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::MarketId;

    #[test]
    fn what_counts() {
        use HouseCounts::{Free, Value};
        for (counts, value, free, own, part, all) in [
            (Value, 200i128, 200u128, 50u128, 200i128, 250u128),
            (Value, 200, 0, 50, 200, 250),
            (Value, 0, 0, 200, 0, 200),
            (Value, -100, 0, 50, -100, 0),
            (Value, -100, 0, 150, -100, 50),
            (Free, 200, 120, 50, 120, 170),
            (Free, 200, 300, 50, 200, 250),
            (Free, 0, 300, 50, 0, 50),
            (Free, -30, 300, 50, -30, 20),
            (Free, i128::MIN, 0, u128::MAX, i128::MIN, u128::MAX - (1 << 127)),
        ] {
            let terms = HouseTerms {
                market: MarketId::new(0),
                counts,
                beneficiary: None,
                anyone_repays: false,
            };
            let (value, free) = (Signed::new(value), Amount::new(free));
            let house = House { value, free, ..House::new(terms) };
            assert_eq!(counted(&house).get(), part, "{counts:?} {value:?} {free:?}");
            assert_eq!(with(Amount::new(own), counted(&house)).get(), all);
        }
    }
}
