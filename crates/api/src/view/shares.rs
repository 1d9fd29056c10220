//! What of a loss that is thought of one account would bear, layer by layer.

use super::{asset_label, source_name};
use backstop_core::{
    Halt, Reject, State,
    fund::{rescale::shares_now, shares::worth},
    hosted::{
        account::load,
        haircut::Holdings,
        ranks::{lights, side},
    },
    loss::capacity::capacities,
    policy::Cause,
    state::{HostedPosition, Market, Source},
    waterfall::allocate,
};
use backstop_units::{AccountId, Amount, Base, Label, MarketId, Timestamp};
use serde_json::{Value, json};

/// What an account is on a market: its margin account in the pool of the market's fund, its position there.
struct Standing<'a> {
    account: AccountId,
    margin: Option<u32>,
    position: Option<&'a HostedPosition>,
}

/// Its part of a layer's: an amount where the ledger can say it, lights where only the venue's list can.
#[derive(Default)]
struct Part {
    mine: Option<Amount>,
    lights: Option<u8>,
}

/// What of a loss that is thought of one account would bear now: a row for each layer that would pay and that it stands
/// in with a stake, a position or a margin account.
///
/// - a staked layer: its part by shares, rounded down, as their worth falls;
/// - socialised: by the size of its position over all open interest, rounded up;
/// - withdrawal haircut: by its claim on the pool over all claims, rounded up: what it leaves there if it withdraws;
/// - deleveraging and sharing by equity: no amount, the venue's list decides; of a position, how many of five lights.
///
/// # Errors
/// A reject when the account or market is unknown.
pub fn loss_shares_view(
    state: &State,
    (account, market): (Label, Label),
    loss: Amount,
    now: Timestamp,
) -> Result<Vec<Value>, Halt> {
    let (account, id) = (state.account_id(account)?, state.market_id(market)?);
    let market = state.markets.expect(id)?;
    let mine = standing(state, account, (id, market));
    let asset = state.funds.expect(market.fund)?.asset;
    let decimals = state.assets.expect(asset)?.decimals;
    let paid = allocate(loss, &capacities(state, id, market, Cause::Bankruptcy, now)?);
    let mut rows = Vec::new();
    for ((_, layer), draw) in state.layers_of(market).zip(&paid.draws) {
        if draw.is_zero() {
            continue;
        }
        if let Some(part) = part(state, (market, &mine), (layer.source, *draw), now)? {
            rows.push(json!({
                "layer": source_name(state, layer.source),
                "pays": draw,
                "mine": part.mine,
                "lights": part.lights,
                "asset": asset_label(state, asset),
                "decimals": decimals,
            }));
        }
    }
    Ok(rows)
}

fn standing<'a>(
    state: &'a State,
    account: AccountId,
    (id, market): (MarketId, &Market),
) -> Standing<'a> {
    let margin = state.margin(account, market.fund);
    let position = margin.and_then(|(_, margin)| {
        let mut open = state.positions_of(margin).map(|(_, held)| held);
        open.find(|held| held.market == id && !held.size.is_zero())
    });
    Standing { account, margin: margin.map(|(id, _)| id), position }
}

/// The account's part of one layer; nothing where it does not stand in it.
fn part(
    state: &State,
    (market, mine): (&Market, &Standing<'_>),
    (source, draw): (Source, Amount),
    now: Timestamp,
) -> Result<Option<Part>, Halt> {
    let amount = |mine: Amount| Some(Part { mine: Some(mine), lights: None });
    Ok(match source {
        Source::Staked(id) => {
            let Some((_, held)) = state.position(id, mine.account) else { return Ok(None) };
            let tranche = state.tranches.expect(id)?;
            let (shares, _) = shares_now(held, tranche);
            let part = worth(shares, draw, tranche.shares).map_err(Reject::from)?;
            (!shares.is_zero()).then(|| amount(part)).flatten()
        }
        Source::Socialised => match mine.position {
            None => None,
            Some(held) => amount(by_size(draw, held, market.open_interest)?),
        },
        Source::Haircut => match mine.margin {
            None => None,
            Some(margin) => by_claim(state, (market, margin), draw, now)?.and_then(amount),
        },
        Source::Adl => match (mine.position, mine.margin) {
            (Some(held), Some(margin)) => {
                let ranks = lights(state, (held.market, side(held.size)), now)?;
                let lights = ranks.and_then(|ranks| ranks.get(&margin).copied());
                Some(Part { lights, ..Part::default() })
            }
            _ => None,
        },
        Source::Equity => mine.margin.map(|_| Part::default()),
        Source::FeePool | Source::Reserve(_) | Source::Depositors => None,
    })
}

/// A position's part by its size; of no open interest nothing.
fn by_size(draw: Amount, held: &HostedPosition, all: Base) -> Result<Amount, Halt> {
    if all.is_zero() {
        return Ok(Amount::ZERO);
    }
    let part = draw.mul_div_ceil(held.size.size().get(), all.get());
    Ok(part.map_err(Reject::from)?)
}

/// What a margin account would leave behind of all it can claim, were the pool short by the draw alone. Nothing is
/// said without fresh marks.
fn by_claim(
    state: &State,
    (market, margin): (&Market, u32),
    draw: Amount,
    now: Timestamp,
) -> Result<Option<Amount>, Halt> {
    let asset = state.funds.expect(market.fund)?.asset;
    let pool = Holdings::of(state, market.fund, asset)?;
    let claim = match load(state, margin, now).and_then(|loaded| Ok(loaded.own()?.positive())) {
        Ok(claim) => claim.min(pool.claims),
        Err(Halt::Reject(_)) => return Ok(None),
        Err(corrupt) => return Err(corrupt),
    };
    if claim.is_zero() {
        return Ok(Some(Amount::ZERO));
    }
    let short = Holdings { short: draw, ..pool };
    Ok(Some(short.cut(claim).map_err(Reject::from)?))
}
