//! One liquidation, settled in one command.

use super::{charge, offline, split::Parts};
use crate::{
    command::SettleLiquidation,
    event::{Event, ParkedLoss},
    fund::{
        reserve::free_reserve,
        surplus::{self, first_staked},
    },
    governance::Context,
    hosted::book::attached,
    ledger::LedgerAccount,
    loss::{
        conversion::waits_for_price,
        deposits::{dead, is_dead},
        lifecycle::not_full,
        place::{Assessed, place},
    },
    oracle::mark::{self, Checked},
    policy::{Cause, Overflow, Underwater},
    reject::{Halt, Reject, RejectCode},
    state::{Fund, MarkCheck, State},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, FundId, Hash, MarketId, Price};

/// Who and what a settlement is about, by handle.
#[derive(Clone, Copy)]
struct Parties {
    market: MarketId,
    fund: FundId,
    account: AccountId,
    liquidator: AccountId,
    underwater: Underwater,
    mark: Option<MarkCheck>,
    /// Whether a loss has taken all that lenders had there, before this one.
    dead: bool,
}

/// A settlement that has been looked at: whom it is about, and what is missing.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    parties: Parties,
    /// What is owed beyond the collateral, with the fee on top of it.
    gross: Amount,
    fee: Amount,
}

impl Measured {
    /// On which market.
    pub(crate) const fn market(&self) -> MarketId {
        self.parties.market
    }
}

/// What is missing, and what it takes to place it.
struct Deficit {
    below: Amount,
    gross: Amount,
    fee: Amount,
    evidence: Hash,
}

/// Shares what is left, or sends the deficit through the waterfall if its mark is sound. With nothing
/// left nothing moves and nothing fails.
pub(crate) fn settle(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SettleLiquidation,
) -> Result<(), Halt> {
    let measured = measured(txn.state(), command)?;
    carry_out(txn, context, command, &measured)
}

/// As [`settle`], for what has been measured.
pub(crate) fn carry_out(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SettleLiquidation,
    measured: &Measured,
) -> Result<(), Halt> {
    let parties = measured.parties;
    let late = offline::draw(txn.state(), context, parties.market, measured.gross)?;
    let deficit = deficit(measured, command)?;
    late.map_or(Ok(()), |event| txn.emit(event))?;
    if let Some(base) = command.open_interest {
        txn.emit(Event::OpenInterestReported { market: parties.market, base })?;
    }
    let settled = match deficit {
        None => solvent(txn.state(), context, &parties, command)?,
        Some(deficit) => match mark::check(txn.state(), parties.mark, command.mark, context.now) {
            Checked::Sound => match underwater(txn, context, &parties, command, &deficit) {
                Err(Halt::Reject(reject)) if waits_for_price(reject.code) => {
                    let (market, code) = (parties.market, reject.code.number());
                    txn.emit(Event::ConversionUnpriced { market, code })?;
                    park(txn, context, &parties, (command.mark, None), &deficit)?
                }
                settled => settled?,
            },
            Checked::Unsound(price) => {
                park(txn, context, &parties, (command.mark, price), &deficit)?
            }
        },
    };
    if parties.dead {
        return Err(dead(command.market).into());
    }
    txn.emit(settled)
}

/// Looks up whom a settlement is about, and adds up what is missing.
pub(crate) fn measured(state: &State, command: &SettleLiquidation) -> Result<Measured, Halt> {
    let parties = parties(state, command)?;
    let below = command.outcome.negative();
    let fee = match parties.underwater {
        Underwater::FullFee { fee } if !below.is_zero() && !within_group(state, &parties)? => {
            fee.of_floor(command.notional)?
        }
        Underwater::DeficitFee { fee } if !within_group(state, &parties)? => fee.of_ceil(below)?,
        _ => Amount::ZERO,
    };
    let gross = below.checked_add(fee).ok_or(Reject::overflow())?;
    Ok(Measured { parties, gross, fee })
}

fn parties(state: &State, command: &SettleLiquidation) -> Result<Parties, Halt> {
    let account = state.account_id(command.account)?;
    let liquidator = state.account_id(command.liquidator)?;
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    attached(state, id)?;
    Ok(Parties {
        market: id,
        fund: market.fund,
        account,
        liquidator,
        underwater: market.underwater,
        mark: market.mark,
        dead: is_dead(market),
    })
}

/// Whether the liquidator is of the liquidated account's own group, which no fund pays for a bankruptcy.
fn within_group(state: &State, parties: &Parties) -> Result<bool, Halt> {
    let group = |account| state.accounts.expect(account).map(|account| account.group);
    Ok(group(parties.account)? == group(parties.liquidator)?)
}

/// The deficit, nothing if there is none; and what any liquidation needs.
fn deficit(measured: &Measured, command: &SettleLiquidation) -> Result<Option<Deficit>, Reject> {
    let Measured { parties, gross, fee } = *measured;
    if parties.account == parties.liquidator {
        return Err(Reject::got(RejectCode::SelfLiquidation, command.account));
    }
    let below = command.outcome.negative();
    if below.is_zero() {
        return Ok(None);
    }
    let evidence = command.evidence.filter(|root| *root != Hash::ZERO);
    let evidence = evidence.ok_or(Reject::none(RejectCode::NoEvidence))?;
    Ok(Some(Deficit { below, gross, fee, evidence }))
}

fn solvent(
    state: &State,
    context: &Context<'_>,
    parties: &Parties,
    command: &SettleLiquidation,
) -> Result<Event, Halt> {
    let fund = state.funds.expect(parties.fund)?;
    let sums = (command.outcome.positive(), command.notional);
    let parts = charge::parts(state, parties.fund, fund, sums, context.now)?;
    let routed = match parts.overflow {
        Amount::ZERO => None,
        _ => surplus::account(state, parties.fund, fund, context.now)?,
    };
    let to = routed.unwrap_or_else(|| overflow_account(state, fund, parties));
    Ok(event(parties, fund, &parts, to, Amount::ZERO))
}

/// Where the fund's share goes as far as it does not fit under the threshold.
fn overflow_account(state: &State, fund: &Fund, parties: &Parties) -> LedgerAccount {
    match fund.policy.split.overflow {
        Overflow::Treasury => LedgerAccount::Balance(fund.treasury),
        Overflow::User => LedgerAccount::Balance(parties.account),
        Overflow::Liquidator => LedgerAccount::Balance(parties.liquidator),
        Overflow::Stakers => first_staked(state, fund)
            .map_or(LedgerAccount::Balance(fund.treasury), LedgerAccount::Tranche),
    }
}

/// The fund pays before anybody earns; then the liquidator gets what the market's policy grants.
fn underwater(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    parties: &Parties,
    command: &SettleLiquidation,
    deficit: &Deficit,
) -> Result<Event, Halt> {
    let loss = Assessed {
        loss: txn.state().losses.next_id(),
        market: parties.market,
        cause: Cause::Bankruptcy,
        account: Some(parties.account),
        evidence: deficit.evidence,
        mark: command.mark,
        gross: deficit.gross,
        occurred_at: context.occurred_at,
        closed: true,
    };
    place(txn, context, &loss)?;
    let state = txn.state();
    let fund = state.funds.expect(parties.fund)?;
    let bounty = bounty(state, context, parties, command.notional)?;
    let parts = Parts { liquidator: deficit.fee, ..Parts::default() };
    Ok(event(parties, fund, &parts, LedgerAccount::Balance(fund.treasury), bounty))
}

/// Keeps a deficit for the risk desk to assess: nobody pays and nobody earns on a mark that the index
/// does not bear out, or from a layer in another asset that has no price. It lapses like any declaration.
fn park(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    parties: &Parties,
    (mark, price): (Price, Option<Price>),
    deficit: &Deficit,
) -> Result<Event, Halt> {
    let state = txn.state();
    not_full(state, state.markets.expect(parties.market)?)?;
    let lapse = state.funds.expect(parties.fund)?.policy.declaration_lapse;
    txn.emit(Event::LossParked(Box::new(ParkedLoss {
        loss: state.losses.next_id(),
        market: parties.market,
        cause: Cause::Bankruptcy,
        account: parties.account,
        deficit: deficit.below,
        evidence: deficit.evidence,
        mark,
        price,
        occurred_at: context.occurred_at,
        lapses_at: context.now.plus(lapse),
    })))?;
    let fund = txn.state().funds.expect(parties.fund)?;
    let treasury = LedgerAccount::Balance(fund.treasury);
    Ok(event(parties, fund, &Parts::default(), treasury, Amount::ZERO))
}

/// A capped bounty out of the protocol's own reserve as far as it is not reserved, never to the bankrupt's own group.
fn bounty(
    state: &State,
    context: &Context<'_>,
    parties: &Parties,
    notional: Amount,
) -> Result<Amount, Halt> {
    let Underwater::Bounty { fee, cap } = parties.underwater else { return Ok(Amount::ZERO) };
    if within_group(state, parties)? {
        return Ok(Amount::ZERO);
    }
    let free = free_reserve(state, parties.fund, context.now)?;
    Ok(fee.of_floor(notional)?.min(cap).min(free))
}

fn event(
    parties: &Parties,
    fund: &Fund,
    parts: &Parts,
    overflow_to: LedgerAccount,
    bounty: Amount,
) -> Event {
    Event::LiquidationSettled {
        market: parties.market,
        account: parties.account,
        liquidator: parties.liquidator,
        asset: fund.asset,
        fund: parties.fund,
        to_fund: parts.fund,
        to_liquidator: parts.liquidator,
        to_user: parts.user,
        overflow: parts.overflow,
        overflow_to,
        bounty,
    }
}
