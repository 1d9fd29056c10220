//! A fill that closes a part of an account under maintenance.
//!
//! ```text
//!   residual = fill − bankruptcy quote
//!     above zero   the liquidator and the fund get it up to their fees, the account keeps the rest
//!     below zero   what the account still has, its owner group, then the waterfall
//! ```
//!
//! Money that a layer pays enters the pool before any collateral leaves it: whoever's last position on
//! an isolated market is closed takes his collateral home after that.

use super::{
    account::{Loaded, load, standing},
    book::{Venue, both, venue},
    collateral::{exhausted, pledges},
    fees::{Filled, charges},
    fill::{after, book, cost, plain, side, signed, stands, trader, trades},
    gate,
    money::holds,
    places::{affordable, cover, net, worth},
    throttle::{Step, step, within},
};
use crate::{
    command::FillLiquidation,
    event::{Event, Liquidated, LiquidatorPaid},
    fund::coverage::room,
    governance::Context,
    liquidation::{
        bankruptcy,
        fund_delta::{FundDelta, fund_delta},
        liquidation_fee::Charged,
    },
    policy::{BeyondBankruptcy, Netting, Overflow},
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Base, FundId, Price, Signed};

/// A fill that has been looked at.
struct Measured {
    /// What is closed of the position.
    delta: Signed,
    /// At the mark, in quote atoms.
    notional: Amount,
    mark: Price,
    settled: FundDelta,
    charged: Charged,
    step: Step,
}

pub(crate) fn fill(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FillLiquidation,
) -> Result<(), Halt> {
    let state = txn.state();
    let (owner, taker) =
        (state.account_id(command.account)?, state.account_id(command.counterparty)?);
    let at = venue(state, command.market)?;
    if command.size == Base::ZERO {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let margin = trader(txn, &at, command.account)?;
    let other = trader(txn, &at, command.counterparty)?;
    trades(txn.state(), at.market)?;
    if owner == taker {
        return Err(Reject::got(RejectCode::SameAccount, command.account).into());
    }
    let group = |account| txn.state().accounts.expect(account).map(|account| account.group);
    if group(owner)? == group(taker)? {
        return Err(Reject::new(RejectCode::OwnGroup, command.counterparty, group(owner)?).into());
    }
    gate::heard(txn, context, at.fund)?;
    let loaded = load(txn.state(), margin, context.now)?;
    let measured = measure(txn.state(), context, &at, &loaded, command)?;
    let before = standing(txn.state(), other, context.now)?;
    let under_water = loaded.account.standing()?.equity.is_negative();
    if under_water {
        gate::negative(txn, context, at.fund)?;
    }
    let opposite = measured.delta.checked_neg().ok_or(Reject::overflow())?;
    side(txn.state(), at.market, (other, opposite))?;
    let value = cost(txn.state(), at.market, command.size, command.price)?;
    let (buyer, seller) =
        if measured.delta.is_negative() { (other, margin) } else { (margin, other) };
    let quote = Signed::gain(value).ok_or(Reject::overflow())?;
    book(txn, plain(&at, (buyer, seller), command.size, quote))?;
    let insured = lacking(txn, context, &at, margin, &measured)?;
    let liquidated = liquidated(txn.state(), &at, margin, &measured, insured)?;
    txn.emit(Event::MarginLiquidated(alloc::boxed::Box::new(liquidated)))?;
    let (market, amount) = (at.market, measured.charged.liquidator);
    if !amount.is_zero() {
        txn.emit(Event::LiquidatorPaid(LiquidatorPaid {
            market,
            margin,
            liquidator: other,
            amount,
        }))?;
    }
    stands(txn.state(), other, &before, context.now)?;
    after(txn, context, &at, margin)?;
    after(txn, context, &at, other)
}

/// Whether the account may be liquidated by this much, and what the fill brings.
fn measure(
    state: &State,
    context: &Context<'_>,
    at: &Venue,
    loaded: &Loaded<'_>,
    command: &FillLiquidation,
) -> Result<Measured, Halt> {
    let policy = &both(state, at.market)?.1.policy;
    let place = loaded.at(at.market);
    let position = loaded.account.position(place)?;
    let size = signed(command.size)?;
    let sells = !position.size.is_negative();
    let turned = |value: Signed| value.checked_neg().ok_or(Reject::overflow());
    let delta = if sells { turned(size)? } else { size };
    position.closed_by(delta)?;
    loaded.priced()?;
    let standing = loaded.standing()?;
    if !standing.is_liquidatable() {
        let (got, need) = (standing.equity.positive(), standing.maintenance);
        return Err(Reject::new(RejectCode::NotLiquidatable, got, need).into());
    }
    let bankrupt = bankruptcy::quote(&loaded.account, place, delta)?;
    let value = cost(state, at.market, command.size, command.price)?;
    let value = Signed::gain(value).ok_or(Reject::overflow())?;
    let fill = if sells { value } else { turned(value)? };
    let settled = fund_delta(fill, bankrupt, policy.max_fee)?;
    // With the sign of the position, as its own notional is rounded: all of it is never more than it.
    let notional = worth(turned(delta)?, policy.decimals, position.mark)?;
    let whole = worth(position.size, policy.decimals, position.mark)?;
    let held = loaded.places.get(place).and_then(|(id, _)| state.hosted_positions.get(*id));
    let held = held.ok_or(crate::reject::Corrupt::DanglingHandle)?;
    let step = step(policy, held, (whole, notional), context.now)?;
    let filled = Filled { loaded, held, delta, value: fill.size(), settled };
    let charged = charges(state, at, &filled, context.now)?;
    Ok(Measured { delta, notional, mark: position.mark, settled, charged, step })
}

/// Pays what a fill lacks: what the account still has, where groups are netted or something is pledged;
/// its group; then the waterfall, or nobody and the fill is refused. Nobody else pays while something is
/// left to seize. Returns what the waterfall was asked for.
fn lacking(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    at: &Venue,
    margin: u32,
    measured: &Measured,
) -> Result<Amount, Halt> {
    let state = txn.state();
    let lack = measured.settled.fund.negative();
    let netting = super::book::pool(state, at.fund)?.1.netting;
    let pledged = pledges(state, state.margins.expect(margin)?);
    // After the fill: an account that is not below zero has borne what was lacking itself.
    let lack = match netting {
        Netting::None if !pledged => lack,
        _ => lack.min(standing(state, margin, context.now)?.equity.negative()),
    };
    if !lack.is_zero() {
        exhausted(state, state.margins.expect(margin)?)?;
    }
    let need = net(txn, context, margin, lack)?;
    let state = txn.state();
    if both(state, at.market)?.1.policy.beyond_bankruptcy == BeyondBankruptcy::Refuse {
        affordable(state, context, at.market, need)?;
    }
    within(state, at.market, margin, (measured.notional, need), context.now)?;
    if !need.is_zero() {
        cover(txn, context, (at.market, margin), (measured.delta, measured.mark), need)?;
    }
    Ok(need)
}

/// A fee of the fund's: to its reserve as far as its threshold leaves room; the rest to the treasury, or
/// nowhere where its policy leaves it to the user.
pub(crate) fn to_fund(state: &State, id: FundId, fee: Amount) -> Result<(Amount, Amount), Halt> {
    let fund = state.funds.expect(id)?;
    let to_fund = fee.min(room(state, id, fund)?);
    let overflow = match fund.policy.split.overflow {
        Overflow::User => Amount::ZERO,
        _ => fee.saturating_sub(to_fund),
    };
    Ok((to_fund, overflow))
}

/// How the fill was settled with the fund.
fn liquidated(
    state: &State,
    at: &Venue,
    margin: u32,
    measured: &Measured,
    insured: Amount,
) -> Result<Liquidated, Halt> {
    let (to_fund, overflow) = to_fund(state, at.fund, measured.charged.fund)?;
    let all = to_fund.checked_add(overflow).ok_or(Reject::overflow())?;
    holds(state, at.fund, at.asset, all)?;
    Ok(Liquidated {
        market: at.market,
        fund: at.fund,
        asset: at.asset,
        margin,
        notional: measured.notional,
        residual: measured.settled.residual,
        to_fund,
        overflow,
        treasury: state.funds.expect(at.fund)?.treasury,
        insured,
        step_left: measured.step.left,
        step_begins: measured.step.begins,
    })
}
