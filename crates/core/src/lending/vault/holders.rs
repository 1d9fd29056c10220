//! Vault shares that are staked in farms. Whoever stakes them goes on holding them: they leave his hand for another
//! column of the same place, so who held how much at some moment is told by places alone, and no farm is asked.
//!
//! Every change of what is staked of a vault's shares passes [`bind`], which changes nobody's sum, or [`hand_over`],
//! which does. Beside deposits and withdrawals nothing else changes what somebody holds.

use super::{evolve::holder, snapshot};
use crate::{event::Bound, reject::Corrupt, state::State};
use backstop_units::Shares;

/// Stakes shares of a place, or gives them back to its hand.
pub(crate) fn bind(
    state: &mut State,
    holding: u32,
    (staked, freed): (Shares, Shares),
) -> Result<(), Corrupt> {
    let place = state.holdings.change(holding)?;
    let over = |from: Shares, to: Shares, count: Shares| {
        let left = from.checked_sub(count).ok_or(Corrupt::CounterRange)?;
        Ok::<_, Corrupt>((left, to.checked_add(count).ok_or(Corrupt::Overflow)?))
    };
    (place.shares, place.staked) = over(place.shares, place.staked, staked)?;
    (place.staked, place.shares) = over(place.staked, place.shares, freed)?;
    Ok(())
}

/// Gives staked shares of one place to another, where they stay staked.
pub(crate) fn hand_over(state: &mut State, over: &Bound, shares: Shares) -> Result<(), Corrupt> {
    snapshot::before_change(state, over.from)?;
    let from = state.holdings.change(over.from)?;
    from.staked = from.staked.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
    let to = holder(state, over.to, (over.vault, over.account))?;
    to.staked = to.staked.checked_add(shares).ok_or(Corrupt::Overflow)?;
    Ok(())
}
