//! Pledges in and out of a pool, and what is seized of them.
//!
//! ```text
//!   equity without pledges < 0                  debt: what the account's pledges have to bear
//!     above the pool's debt_max, or margin short      anyone may seize: he pays quote at the median
//!                                                     price less a discount, as much as the debt
//!                                                     part of the discount goes to the fund
//! ```
//!
//! Before a fund, winners or anyone else pays for an account, nothing may be left to seize.

use super::{
    account::{load, settle},
    backlog::watch,
    bands::may_leave,
    book::{find, pool},
    collateral::{pledged, taken},
    gate,
    liquidate::to_fund,
    merge::seat,
    money::place,
};
use crate::{
    command::{DepositCollateral, SeizeCollateral, WithdrawCollateral},
    event::{Event, PledgeMove, Seized},
    governance::Context,
    ledger::LedgerAccount,
    liquidation::seizure::{Seizure, par},
    oracle,
    reject::{Halt, Reject, RejectCode},
    state::{PoolCollateral, State},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, AssetId, FundId, Label};

/// The asset, account and fund that a command names.
fn named(
    state: &State,
    (asset, account, fund): (Label, Label, Label),
) -> Result<(AssetId, AccountId, FundId), Reject> {
    let asset = state.asset_id(asset)?;
    Ok((asset, state.account_id(account)?, state.fund_id(fund)?))
}

/// Refuses what an account can't pay out of its free balance.
fn pays(state: &State, account: AccountId, asset: AssetId, amount: Amount) -> Result<(), Reject> {
    let free = state.ledger.owed(LedgerAccount::Balance(account), asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free));
    }
    Ok(())
}

/// Always open, as deposits of quote are, up to what the pool takes of the asset.
pub(crate) fn deposit(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &DepositCollateral,
) -> Result<(), Halt> {
    let state = txn.state();
    let names = (command.asset, command.account, command.fund);
    let (asset, account, fund) = named(state, names)?;
    let amount = command.amount;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    pays(state, account, asset, amount)?;
    let fund = seat(txn, command.account, fund)?;
    let state = txn.state();
    pool(state, fund)?;
    let (collateral, item) = taken(state, fund, asset)?;
    let held = state.ledger.owed(LedgerAccount::Collateral(fund), asset);
    let room = item.policy.pool_max.map_or(Amount::MAX, |max| max.saturating_sub(held));
    if amount > room {
        return Err(Reject::new(RejectCode::CollateralCap, amount, room).into());
    }
    let margin = place(state, account, fund);
    let moved = PledgeMove { margin, account, fund, asset, collateral, amount };
    txn.emit(Event::CollateralDeposited(moved))?;
    settle(txn, margin)?;
    // A deposit helps an account whose marks are not there too.
    match watch(txn, context, margin) {
        Err(Halt::Reject(_)) => Ok(()),
        watched => watched,
    }
}

/// What is left must meet initial margin, and the pool's gate must be open.
pub(crate) fn withdraw(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &WithdrawCollateral,
) -> Result<(), Halt> {
    let state = txn.state();
    let names = (command.asset, command.account, command.fund);
    let (asset, account, fund) = named(state, names)?;
    let amount = command.amount;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let fund = seat(txn, command.account, fund)?;
    pool(txn.state(), fund)?;
    let margin = find(txn.state(), command.account, fund)?;
    gate::leave(txn.state(), fund, context.now)?;
    settle(txn, margin)?;
    let state = txn.state();
    let (collateral, _) = taken(state, fund, asset)?;
    holds(state, (margin, collateral), amount)?;
    let moved = PledgeMove { margin, account, fund, asset, collateral, amount };
    txn.emit(Event::CollateralWithdrawn(moved))?;
    let standing = load(txn.state(), margin, context.now)?.standing()?;
    if !standing.meets(standing.initial) {
        let (got, need) = (standing.equity.positive(), standing.initial);
        return Err(Reject::new(RejectCode::MarginShort, got, need).into());
    }
    may_leave(txn.state(), fund, (margin, Amount::ZERO), context.now)
}

/// Refuses more than a margin account has pledged.
fn holds(state: &State, (margin, collateral): (u32, u32), amount: Amount) -> Result<Amount, Halt> {
    let owner = state.margins.expect(margin)?;
    let held = pledged(state, owner, collateral).map_or(Amount::ZERO, |(_, held)| held);
    if held.is_zero() || amount > held {
        return Err(Reject::new(RejectCode::CollateralShort, amount, held).into());
    }
    Ok(held)
}

/// Sells as much of a pledge as the debt needs, at most what is asked for, to whoever sends this.
pub(crate) fn seize(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SeizeCollateral,
) -> Result<(), Halt> {
    let state = txn.state();
    let names = (command.asset, command.account, command.fund);
    let (asset, account, fund) = named(state, names)?;
    let liquidator = state.account_id(command.liquidator)?;
    if command.amount == Some(Amount::ZERO) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let fund = seat(txn, command.account, fund)?;
    pool(txn.state(), fund)?;
    let margin = find(txn.state(), command.account, fund)?;
    if account == liquidator {
        return Err(Reject::got(RejectCode::SameAccount, command.account).into());
    }
    let group = |account| txn.state().accounts.expect(account).map(|account| account.group);
    if group(account)? == group(liquidator)? {
        return Err(Reject::new(RejectCode::OwnGroup, command.liquidator, group(account)?).into());
    }
    settle(txn, margin)?;
    let state = txn.state();
    let (collateral, item) = taken(state, fund, asset)?;
    let held = holds(state, (margin, collateral), Amount::ZERO)?;
    let most = command.amount.map_or(held, |asked| asked.min(held));
    let debt = owing(txn, context, (fund, margin))?;
    let state = txn.state();
    let seized = seized(state, context, item, (margin, collateral, liquidator), (most, debt))?;
    pays(state, liquidator, seized.asset, seized.paid)?;
    txn.emit(Event::CollateralSeized(Box::new(seized)))?;
    watch(txn, context, margin)
}

/// What an account's pledges have to bear now, if they may be seized for it.
fn owing(
    txn: &Txn<'_>,
    context: &Context<'_>,
    (fund, margin): (FundId, u32),
) -> Result<Amount, Halt> {
    let state = txn.state();
    let loaded = load(state, margin, context.now)?;
    loaded.priced()?;
    let (debt, most) = (loaded.own()?.negative(), pool(state, fund)?.1.debt_max);
    let short = !loaded.standing()?.missing().is_zero();
    if debt.is_zero() || (debt <= most && !short) {
        return Err(Reject::new(RejectCode::NotSeizable, debt, most).into());
    }
    Ok(debt)
}

/// The legs of a seizure; the fund's goes to its reserve as far as its threshold leaves room.
fn seized(
    state: &State,
    context: &Context<'_>,
    item: &PoolCollateral,
    (margin, collateral, liquidator): (u32, u32, AccountId),
    (most, debt): (Amount, Amount),
) -> Result<Seized, Halt> {
    let fund = state.funds.expect(item.fund)?;
    let price = oracle::price(state, item.index, context.now)?.price;
    let debt_decimals = state.assets.expect(fund.asset)?.decimals;
    let seizure = Seizure {
        collateral: most,
        collateral_decimals: state.assets.expect(item.asset)?.decimals,
        collateral_price: price,
        debt_decimals,
        debt_price: par(debt_decimals)?,
        liquidator_fee: item.policy.liquidator_fee,
        fund_fee: item.policy.fund_fee,
    };
    let amount = seizure.needed(debt)?.min(most);
    let legs = Seizure { collateral: amount, ..seizure }.legs()?;
    let (to_fund, overflow) = to_fund(state, item.fund, legs.fund)?;
    Ok(Seized {
        fund: item.fund,
        asset: fund.asset,
        margin,
        collateral,
        seized: item.asset,
        liquidator,
        amount,
        paid: legs.paid,
        to_fund,
        overflow,
        treasury: fund.treasury,
    })
}
