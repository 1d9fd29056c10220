//! Money between the books and the custodian: pending, confirmed or failed, and reconciled.

use super::{Context, approvals::check_signature};
use crate::{
    command::{BeginTransfer, Direction, Outcome, Reconcile, ResolveTransfer},
    event::Event,
    ledger::{LedgerAccount, party::party_account},
    policy::Role,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{Amount, AssetId, Hash, Label, MarketId, Timestamp};

const PREFIX: &[u8] = b"backstop balance v1\n";

/// The exact bytes that a custodian signs for an external balance.
pub fn balance_bytes(ledger: Label, asset: Label, balance: Amount, as_of: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX.len().saturating_add(56));
    bytes.extend_from_slice(PREFIX);
    bytes.extend_from_slice(ledger.bytes());
    bytes.extend_from_slice(asset.bytes());
    bytes.extend_from_slice(&balance.get().to_le_bytes());
    bytes.extend_from_slice(&as_of.ms().to_le_bytes());
    bytes
}

/// What a market's venue can have paid out: its clearing less what positions, winners, lenders, accounts by
/// equity, funds' accounts there and nobody bore, and less what layers in another asset have not brought yet.
pub(crate) fn owed_to_venue(state: &State, market: MarketId, asset: AssetId) -> Amount {
    let clearing = state.ledger.owed(LedgerAccount::Clearing(market), asset);
    let borne = [
        LedgerAccount::Socialised,
        LedgerAccount::Residual,
        LedgerAccount::Deleveraged,
        LedgerAccount::Depositors,
        LedgerAccount::ByEquity,
        LedgerAccount::HouseDrawn,
        LedgerAccount::Conversion,
    ];
    let short = state.markets.get(market).map_or(Amount::ZERO, |market| market.short);
    borne.into_iter().fold(clearing.saturating_sub(short), |owed, account| {
        owed.saturating_sub(state.ledger.held(account(market), asset))
    })
}

fn suspense(state: &State, asset: AssetId) -> Amount {
    let entry = state.ledger.entry(LedgerAccount::Suspense(asset), asset);
    entry.credit_balance().saturating_add(entry.debit_balance())
}

pub(crate) fn begin(state: &State, command: &BeginTransfer) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let party = party_account(state, command.party)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if let LedgerAccount::Clearing(market) = party {
        let fund = state.funds.expect(state.markets.expect(market)?.fund)?;
        if fund.asset != asset {
            let held = state.assets.expect(fund.asset)?.label;
            return Err(Reject::new(RejectCode::WrongAsset, command.asset, held).into());
        }
    }
    if command.direction == Direction::Out {
        check_out(state, party, asset, command.amount)?;
    }
    Ok(Event::TransferBegun {
        transfer: state.transfers.next_id(),
        direction: command.direction,
        party,
        asset,
        amount: command.amount,
        reference: command.reference,
    })
}

/// Money that is there; and while books and custodian disagree, none of the operator's.
fn check_out(
    state: &State,
    party: LedgerAccount,
    asset: AssetId,
    amount: Amount,
) -> Result<(), Halt> {
    match party {
        LedgerAccount::Balance(account) => {
            let free = state.ledger.owed(party, asset);
            if amount > free {
                return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
            }
            let open = suspense(state, asset);
            let treasury = state.funds.iter().any(|(_, fund)| fund.treasury == account);
            let operator = treasury || state.accounts.expect(account)?.roles.has(Role::Operator);
            if operator && !open.is_zero() {
                return Err(Reject::new(RejectCode::SuspenseOpen, open, Amount::ZERO).into());
            }
        }
        LedgerAccount::Clearing(market) => {
            let owed = owed_to_venue(state, market, asset);
            if amount > owed {
                return Err(Reject::new(RejectCode::NothingOwed, amount, owed).into());
            }
        }
        _ => {}
    }
    Ok(())
}

pub(crate) fn resolve(state: &State, command: &ResolveTransfer) -> Result<Event, Halt> {
    let id = command.transfer;
    let transfer =
        state.transfers.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownTransfer, id))?;
    if transfer.outcome.is_some() {
        return Err(Reject::got(RejectCode::TransferClosed, id).into());
    }
    if transfer.direction == Direction::Out && command.outcome == Outcome::Confirmed {
        let held = state.ledger.held(LedgerAccount::Custody(transfer.asset), transfer.asset);
        if transfer.amount > held {
            return Err(Reject::new(RejectCode::CustodyShort, transfer.amount, held).into());
        }
    }
    Ok(Event::TransferResolved {
        transfer: id,
        direction: transfer.direction,
        party: transfer.party,
        asset: transfer.asset,
        amount: transfer.amount,
        outcome: command.outcome,
    })
}

/// A figure of a moment that is not too far ahead.
pub(crate) fn dated(state: &State, now: Timestamp, command: &Reconcile) -> Result<(), Reject> {
    let limit = now.plus(state.meta.limits.skew_ahead);
    if command.as_of > limit {
        return Err(Reject::new(RejectCode::OccurredAtSkew, command.as_of, limit));
    }
    Ok(())
}

/// Moves the difference between custody and the custodian's figure to or from suspense; an agreeing
/// figure brings suspense back to zero.
pub(crate) fn reconcile(
    state: &State,
    context: &Context<'_>,
    command: &Reconcile,
) -> Result<Event, Halt> {
    let id = state.asset_id(command.asset)?;
    let asset = state.assets.expect(id)?;
    if let (Some(key), Some(signature), true) =
        (asset.custodian, command.signature, context.check_signatures)
    {
        let bytes = balance_bytes(state.meta.ledger, command.asset, command.balance, command.as_of);
        check_signature(&key, &bytes, &signature.0)?;
    }
    if command.as_of < asset.reconciled {
        return Err(Reject::new(RejectCode::TimeRunsBack, command.as_of, asset.reconciled).into());
    }
    if let (Some(key), None) = (asset.custodian, command.signature) {
        let key = Hash::new(key.0);
        return Err(Reject::new(RejectCode::UnsignedBalance, "none", key).into());
    }
    let held = state.ledger.held(LedgerAccount::Custody(id), id);
    Ok(Event::Reconciled {
        asset: id,
        balance: command.balance,
        as_of: command.as_of,
        surplus: command.balance.saturating_sub(held),
        shortfall: held.saturating_sub(command.balance),
    })
}
