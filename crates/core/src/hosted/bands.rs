//! What the coverage band of a pool's fund allows on its hosted markets: so much leverage, and a part of
//! their open interest.
//!
//! A band binds what makes risk grow: trades that enlarge a position, and collateral that leaves. It
//! touches no maintenance margin, so it liquidates nobody; and no liquidation, whose taker makes risk
//! smaller.

use super::{
    account::load,
    book::{both, size_on},
};
use crate::{
    fund::limits_at,
    liquidation::{leverage, limits::check_open_interest, open_interest::granted},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, Base, FundId, MarketId, Ppm, Signed, Timestamp};

/// Refuses a trade that enlarged a position, or turned it, beyond the leverage that the band of the pool's
/// fund allows. One that closes passes: a band liquidates nobody and holds nobody in.
pub(crate) fn may_enlarge(
    state: &State,
    (fund, market): (FundId, MarketId),
    (margin, delta): (u32, Signed),
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(band) = limits_at(state, fund, now)? else { return Ok(()) };
    let after = size_on(state, margin, market)?;
    let before = after.checked_sub(delta).ok_or(Reject::overflow())?;
    let turns = !after.is_zero() && before.is_negative() != after.is_negative();
    if after.size() <= before.size() && !turns {
        return Ok(());
    }
    levered(state, margin, (band.leverage, Amount::ZERO), now)
}

/// Refuses to let `amount` go where what is left would carry more than the band's leverage: margin that
/// a position had to have may not leave once it is open.
pub(crate) fn may_leave(
    state: &State,
    fund: FundId,
    (margin, amount): (u32, Amount),
    now: Timestamp,
) -> Result<(), Halt> {
    match limits_at(state, fund, now)? {
        Some(band) => levered(state, margin, (band.leverage, amount), now),
        None => Ok(()),
    }
}

/// Refuses open interest that a trade made grow past the part of the market's maximum that the band
/// grants.
pub(crate) fn may_grow(
    state: &State,
    (fund, market): (FundId, MarketId),
    before: Base,
    now: Timestamp,
) -> Result<(), Halt> {
    let (item, hosted) = both(state, market)?;
    let Some(max) = hosted.policy.open_interest_max else { return Ok(()) };
    let Some(band) = limits_at(state, fund, now)? else { return Ok(()) };
    Ok(check_open_interest(before, item.open_interest, granted(max, band.open_interest)?)?)
}

fn levered(
    state: &State,
    margin: u32,
    (most, leaving): (Ppm, Amount),
    now: Timestamp,
) -> Result<(), Halt> {
    let loaded = load(state, margin, now)?;
    let need = leverage::initial(&loaded.account, most)?.saturating_add(loaded.counted.gap());
    let left = loaded.standing()?.equity.positive().saturating_sub(leaving);
    if left < need {
        return Err(Reject::new(RejectCode::LeverageLimit, left, need).into());
    }
    Ok(())
}
