//! Whose money a payment is: a party's account, and whether the money is there.

use super::LedgerAccount;
use crate::{
    command::Party,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, AssetId, MarketId};

/// The account of a party.
///
/// # Errors
/// A reject when its label is unknown.
pub(crate) fn party_account(state: &State, party: Party) -> Result<LedgerAccount, Reject> {
    Ok(match party {
        Party::Account(label) => LedgerAccount::Balance(state.account_id(label)?),
        Party::Clearing(label) => LedgerAccount::Clearing(state.market_id(label)?),
    })
}

/// The asset that a market clears.
pub(crate) fn cleared_asset(state: &State, market: MarketId) -> Result<AssetId, Corrupt> {
    Ok(state.funds.expect(state.markets.expect(market)?.fund)?.asset)
}

/// Money of this asset, and there: a market's clearing may go below zero, a balance may not.
pub(crate) fn payable(
    state: &State,
    from: LedgerAccount,
    asset: AssetId,
    amount: Amount,
) -> Result<(), Halt> {
    if let LedgerAccount::Clearing(market) = from {
        let cleared = cleared_asset(state, market)?;
        if cleared != asset {
            let [got, held] = [state.assets.expect(cleared)?, state.assets.expect(asset)?];
            return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
        }
        return Ok(());
    }
    let free = state.ledger.owed(from, asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
    }
    Ok(())
}
