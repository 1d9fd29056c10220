//! What a market does with marks, winners and liquidators of the bankrupt: its rules beside the waterfall, the
//! pools and the tier.

use crate::{
    command::SetMarketRules,
    event::{Event, MarketRules},
    loss::{adl, equity, lifecycle::funds_of},
    policy::Underwater,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Bps, FundId, Label, Ppm};

/// A fee or band is at most all of it, claims within their own rails.
pub(crate) fn within(rules: &MarketRules) -> Result<(), Reject> {
    if rules.mark_band > Ppm::WHOLE {
        return Err(Reject::new(RejectCode::BadPolicy, rules.mark_band.get(), Ppm::WHOLE.get()));
    }
    rules.adl.as_ref().map_or(Ok(()), adl::rails)?;
    rules.equity.as_ref().map_or(Ok(()), equity::rails)?;
    match rules.underwater {
        Underwater::FullFee { fee }
        | Underwater::DeficitFee { fee }
        | Underwater::Bounty { fee, .. }
            if fee > Bps::WHOLE =>
        {
            Err(Reject::new(RejectCode::BadPolicy, fee.get(), Bps::WHOLE.get()))
        }
        _ => Ok(()),
    }
}

/// Refuses to check marks against an index of another asset than the fund's. That an index is unknown is
/// told after everything else, so it is handed back.
pub(crate) fn checks(
    state: &State,
    fund: FundId,
    mark: Option<Label>,
) -> Result<Result<(), Reject>, Halt> {
    let index = match mark.map(|label| state.index_id(label)) {
        None => return Ok(Ok(())),
        Some(Err(unknown)) => return Ok(Err(unknown)),
        Some(Ok(index)) => index,
    };
    let (quote, held) = (state.indexes.expect(index)?.quote, state.funds.expect(fund)?.asset);
    if quote != held {
        let [quote, held] = [state.assets.expect(quote)?, state.assets.expect(held)?];
        return Err(Reject::new(RejectCode::WrongAsset, quote.label, held.label).into());
    }
    Ok(Ok(()))
}

/// Replaces these rules. A loss that is open ends by those that it began with.
pub(crate) fn set(state: &State, command: &SetMarketRules) -> Result<Event, Halt> {
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    let known = checks(state, market.fund, command.mark)?;
    for fund in funds_of(state, market)? {
        if let Some((loss, _)) = state.holds.expect(fund)?.open.first() {
            return Err(Reject::got(RejectCode::LossOpen, *loss).into());
        }
    }
    let SetMarketRules { underwater, mark, mark_band, adl, equity, .. } = *command;
    let rules = MarketRules { underwater, mark, mark_band, adl, equity };
    within(&rules)?;
    known?;
    Ok(Event::MarketRulesSet { market: id, rules })
}
