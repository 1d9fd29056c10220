//! Accounts, funds, markets, losses, as they are in memory.

use super::{
    Handler,
    page::{Listed, Order, cut},
    params::Params,
};
use crate::problem::Problem;
use backstop_api::{
    account_view, adl_state_view, asset_view, concerns_fund, exit_queue_view, fund_view,
    loss_shares_view, loss_view, market_view, payout_view, positions_view, proposal_view,
    staker_row, waterfall_view,
};
use backstop_core::{Reject, RejectCode, State, policy::Cause};
use backstop_units::{FundId, LossId, MarketId, Timestamp};
use serde_json::{Value, json};

type One = Result<Value, Problem>;
type List = Result<Listed, Problem>;

pub(super) const HANDLERS: &[(&str, Handler)] = &[
    ("list_assets", Handler::List(assets)),
    ("get_account", Handler::One(account)),
    ("list_account_positions", Handler::List(positions)),
    ("list_account_loss_shares", Handler::List(loss_shares)),
    ("list_proposals", Handler::List(proposals)),
    ("list_funds", Handler::List(funds)),
    ("get_fund", Handler::One(fund)),
    ("list_fund_payouts", Handler::List(payouts)),
    ("get_fund_queue", Handler::One(queue)),
    ("list_fund_stakers", Handler::List(stakers)),
    ("list_fund_reservations", Handler::List(reservations)),
    ("list_markets", Handler::List(markets)),
    ("get_market", Handler::One(market)),
    ("explain_waterfall", Handler::One(waterfall)),
    ("get_market_adl", Handler::One(adl)),
    ("list_market_losses", Handler::List(market_losses)),
    ("list_losses", Handler::List(losses)),
    ("get_loss", Handler::One(loss)),
];

/// A refused lookup.
pub(super) fn unknown(reject: Reject) -> Problem {
    Problem::of_read(&reject)
}

fn fund_of(state: &State, params: &Params) -> Result<FundId, Problem> {
    state.fund_id(params.label("fund")).map_err(unknown)
}

fn market_of(state: &State, params: &Params) -> Result<MarketId, Problem> {
    state.market_id(params.label("market")).map_err(unknown)
}

fn assets(state: &State, _: Timestamp, params: &Params) -> List {
    let items = state.assets.iter().map(|(id, _)| (id.get(), id));
    cut(params, items, Order::Rising, |_, id| asset_view(state, id).map(Some))
}

fn account(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(account_view(state, params.label("account"), now)?)
}

fn positions(state: &State, now: Timestamp, params: &Params) -> List {
    let rows = positions_view(state, params.label("account"), now)?;
    cut(params, (0..).zip(rows), Order::Rising, |_, row| Ok(Some(row)))
}

fn loss_shares(state: &State, now: Timestamp, params: &Params) -> List {
    let of = (params.label("account"), params.label("market"));
    // A name in the query is a filter of this path: unknown is 404, as in the path.
    let rows = loss_shares_view(state, of, params.amount("loss").unwrap_or_default(), now)?;
    cut(params, (0..).zip(rows), Order::Rising, |_, row| Ok(Some(row)))
}

fn proposals(state: &State, _: Timestamp, params: &Params) -> List {
    let open: Option<bool> = params.parsed("open");
    let items = state.proposals.iter().rev();
    let items = items.filter(|(_, proposal)| open.is_none_or(|open| open != proposal.closed));
    let items = items.map(|(id, _)| (id.get(), id));
    cut(params, items, Order::Falling, |_, id| proposal_view(state, id).map(Some))
}

fn funds(state: &State, now: Timestamp, params: &Params) -> List {
    let items = state.funds.iter().map(|(id, _)| (id.get(), id));
    cut(params, items, Order::Rising, |_, id| fund_view(state, id, now).map(Some))
}

fn fund(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(fund_view(state, fund_of(state, params)?, now)?)
}

fn payouts(state: &State, _: Timestamp, params: &Params) -> List {
    let fund = fund_of(state, params)?;
    let items = state.losses.iter().rev().filter(|(_, loss)| concerns_fund(state, fund, loss));
    cut(params, items.map(|(id, _)| (id.get(), id)), Order::Falling, |_, id| {
        payout_view(state, id).map(Some)
    })
}

fn queue(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(exit_queue_view(state, fund_of(state, params)?, now)?)
}

fn stakers(state: &State, _: Timestamp, params: &Params) -> List {
    let fund = fund_of(state, params)?;
    let wanted = params.filter("tranche");
    let wanted = wanted.map(|label| state.tranche_id(label)).transpose().map_err(unknown)?;
    let of = |tranche| {
        let fits = wanted.is_none_or(|wanted| wanted == tranche);
        fits && state.tranches.get(tranche).is_some_and(|tranche| tranche.fund == fund)
    };
    let items = state.positions.iter().filter(|(_, position)| of(position.tranche));
    cut(params, items.map(|(id, _)| (id, ())), Order::Rising, |id, ()| staker_row(state, id))
}

fn reservations(state: &State, now: Timestamp, params: &Params) -> List {
    let view = fund_view(state, fund_of(state, params)?, now)?;
    let rows = view.get("reservations").and_then(Value::as_array).cloned().unwrap_or_default();
    cut(params, (0..).zip(rows), Order::Rising, |_, row| Ok(Some(row)))
}

fn markets(state: &State, now: Timestamp, params: &Params) -> List {
    let items = state.markets.iter().map(|(id, _)| (id.get(), id));
    cut(params, items, Order::Rising, |_, id| market_view(state, id, now).map(Some))
}

fn market(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(market_view(state, market_of(state, params)?, now)?)
}

fn waterfall(state: &State, now: Timestamp, params: &Params) -> One {
    let word = params.text("cause").unwrap_or("bankruptcy");
    let cause = Cause::ALL.iter().copied().find(|cause| cause.word() == word);
    let loss = params.amount("loss").unwrap_or_default();
    let cause = cause.unwrap_or(Cause::Bankruptcy);
    Ok(waterfall_view(state, params.label("market"), loss, cause, now)?)
}

fn adl(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(adl_state_view(state, market_of(state, params)?, now)?)
}

fn market_losses(state: &State, _: Timestamp, params: &Params) -> List {
    let market = market_of(state, params)?;
    losses_of(state, params, Some(market))
}

fn losses(state: &State, _: Timestamp, params: &Params) -> List {
    let market = params.filter("market").map(|label| state.market_id(label));
    losses_of(state, params, market.transpose().map_err(unknown)?)
}

fn losses_of(state: &State, params: &Params, market: Option<MarketId>) -> List {
    let account = params.filter("account").map(|label| state.account_id(label));
    let account = account.transpose().map_err(unknown)?;
    let status = params.text("status");
    let items = state.losses.iter().rev().filter(|(_, loss)| {
        market.is_none_or(|market| loss.market == market)
            && account.is_none_or(|account| loss.account == Some(account))
            && status.is_none_or(|status| json!(loss.status) == status)
    });
    let items = items.map(|(id, _)| (id.get(), id));
    cut(params, items, Order::Falling, |_, id| loss_view(state, id).map(Some))
}

/// A loss that is there.
pub(super) fn known_loss(state: &State, id: LossId) -> Result<(), Problem> {
    let known = state.losses.get(id).is_some();
    known.then_some(()).ok_or_else(|| unknown(Reject::got(RejectCode::UnknownLoss, id)))
}

fn loss(state: &State, _: Timestamp, params: &Params) -> One {
    known_loss(state, params.loss())?;
    Ok(loss_view(state, params.loss())?)
}
