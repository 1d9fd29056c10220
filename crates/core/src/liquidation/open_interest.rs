//! A market's open interest: reported by its venue, and stopped where the fund behind it is too small.

use super::limits::check_open_interest;
use crate::{
    command::{ReportOpenInterest, SetOpenInterestMax},
    event::Event,
    fund::limits_at,
    governance::Context,
    hosted::book::attached,
    reject::{Corrupt, Halt, Reject},
    state::State,
};
use backstop_units::{Base, MarketId, Ppm, Timestamp, mul_div_floor};

/// The most open interest that a market may be reported to grow to at `now`: the part of its maximum
/// that the fund's coverage band grants. None without a maximum.
///
/// **Rounding** down. **Source** a band's part of the market's configured maximum, at most all of it.
///
/// # Errors
/// As [`crate::fund::covered`].
pub fn limit_at(state: &State, id: MarketId, now: Timestamp) -> Result<Option<Base>, Halt> {
    let Some(max) = *state.open_interest_max.expect(id)? else { return Ok(None) };
    let fund = state.markets.expect(id)?.fund;
    let part = limits_at(state, fund, now)?.map_or(Ppm::WHOLE, |band| band.open_interest);
    Ok(Some(granted(max, part)?))
}

/// A part of a maximum, at most all of it. **Rounding** down.
pub(crate) fn granted(max: Base, part: Ppm) -> Result<Base, Reject> {
    let (part, whole) = (part.least(Ppm::WHOLE), u128::from(Ppm::WHOLE.get()));
    Ok(Base::new(mul_div_floor(max.get(), u128::from(part.get()), whole)?))
}

/// A report that lowers open interest is always taken. What a settlement says of it is taken too: a
/// liquidation is never refused for what was traded before it.
pub(crate) fn report(
    state: &State,
    context: &Context<'_>,
    command: &ReportOpenInterest,
) -> Result<Event, Halt> {
    let (market, base) = (state.market_id(command.market)?, command.base);
    attached(state, market)?;
    if let Some(limit) = limit_at(state, market, context.now)? {
        check_open_interest(state.markets.expect(market)?.open_interest, base, limit)?;
    }
    Ok(Event::OpenInterestReported { market, base })
}

/// Whether a change lets a market grow more: that is the council's to decide.
pub(crate) fn widens(state: &State, command: &SetOpenInterestMax) -> Result<bool, Halt> {
    let old = *state.open_interest_max.expect(state.market_id(command.market)?)?;
    Ok(old.is_some_and(|old| command.max.is_none_or(|max| max > old)))
}

/// A hosted market has its own limit, among its rules.
pub(crate) fn set_max(state: &State, command: &SetOpenInterestMax) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    attached(state, market)?;
    Ok(Event::OpenInterestMaxSet { market, max: command.max })
}

pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let Event::OpenInterestMaxSet { market, max } = event else {
        return Err(Corrupt::DanglingHandle);
    };
    *state.open_interest_max.change(*market)? = *max;
    Ok(())
}
