//! How near the front of the deleveraging queue a hosted position stands.
//!
//! A margin account has one quote balance for all its positions, so the ledger knows no entry price and no profit of
//! one position. What every ranking multiplies a profit with, it knows: leverage. So positions are ranked as
//! [`AdlRank::ProfitTimesLeverage`] ranks them with the same profit for all. The venue's list, which has entries,
//! decides in the end.

use super::account::load;
use crate::{
    loss::{
        adl::{Candidate, Terms, order, quantiles},
        claim::LIGHTS,
    },
    policy::{AdlRank, PositionSide},
    reject::{Halt, Reject},
    state::State,
};
use alloc::{collections::BTreeMap, vec::Vec};
use backstop_units::{Amount, Base, Label, MarketId, Price, Signed, Timestamp};

/// With more positions in the ledger nobody is ranked: it would take too long for a question.
pub const RANKED_MAX: usize = 10_000;

/// Which side a position is on.
pub const fn side(size: Signed) -> PositionSide {
    if size.is_negative() { PositionSide::Short } else { PositionSide::Long }
}

/// Lights of the open positions of one side of a hosted market by margin account: five for those in the first fifth of
/// all lots, one for the last. Accounts without equity are in no queue. None where nobody can say: with more positions
/// than [`RANKED_MAX`], or a mark that is missing or stale.
///
/// **Rounding** as [`quantiles`]. **Complexity** O(n log n) in the positions of the ledger.
///
/// # Errors
/// [`crate::Corrupt`] when a position names what does not exist.
pub fn lights(
    state: &State,
    (market, side): (MarketId, PositionSide),
    now: Timestamp,
) -> Result<Option<BTreeMap<u32, u8>>, Halt> {
    if state.hosted_positions.len() > RANKED_MAX {
        return Ok(None);
    }
    match ranked(state, (market, side), now) {
        Ok(ranked) => Ok(Some(ranked)),
        Err(Halt::Reject(_)) => Ok(None),
        Err(corrupt) => Err(corrupt),
    }
}

fn ranked(
    state: &State,
    (market, wanted): (MarketId, PositionSide),
    now: Timestamp,
) -> Result<BTreeMap<u32, u8>, Halt> {
    let mut margins = Vec::new();
    let mut candidates = Vec::new();
    let open = state.hosted_positions.iter().map(|(_, held)| held);
    let open = open.filter(|held| held.market == market && !held.size.is_zero());
    for held in open.filter(|held| side(held.size) == wanted) {
        let equity = load(state, held.owner, now)?.standing()?.equity.positive();
        if !equity.is_zero() {
            margins.push(held.owner);
            candidates.push(alike(Base::new(held.size.size().get()), equity));
        }
    }
    // Twice the entry for everybody: the profit is the same, what differs is size ÷ equity.
    let (side, mark, price) = (PositionSide::Long, Price::new(2), Price::new(1));
    let terms = Terms { side, mark, price, base_unit: Base::new(1) };
    let order = order(AdlRank::ProfitTimesLeverage, &terms, &candidates).map_err(Reject::from)?;
    let fifths = quantiles(&order, &candidates).map_err(Reject::from)?;
    let lit = |fifth: u8| LIGHTS.saturating_add(1).saturating_sub(fifth);
    Ok(margins.into_iter().zip(fifths.into_iter().map(lit)).collect())
}

fn alike(size: Base, equity: Amount) -> Candidate {
    Candidate {
        account: Label::NONE,
        side: PositionSide::Long,
        size,
        hedged: Base::ZERO,
        entry: Price::new(1),
        equity,
        collateral: equity,
        maintenance: Amount::ZERO,
    }
}
