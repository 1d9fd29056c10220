//! Opening state and forced balances: what exists in scenarios only, so that a case can begin anywhere.

use crate::{
    command::{Opening, OpeningAccount, OpeningShares, SetVault},
    event::Event,
    fund::rescale::assets_of,
    ledger::LedgerAccount,
    reject::{Halt, Reject, RejectCode},
    state::State,
};

pub(crate) fn opening(state: &State, command: &Opening) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let held = |account: LedgerAccount, holds| -> Result<_, Halt> {
        if holds == asset {
            return Ok(account);
        }
        let holds = state.assets.expect(holds)?.label;
        Err(Reject::new(RejectCode::WrongAsset, command.asset, holds).into())
    };
    let account = match command.account {
        OpeningAccount::Account(label) => LedgerAccount::Balance(state.account_id(label)?),
        OpeningAccount::Reserve(label) => {
            let fund = state.fund_id(label)?;
            held(LedgerAccount::Reserve(fund), state.funds.expect(fund)?.asset)?
        }
        OpeningAccount::Contributions(label) => {
            let fund = state.fund_id(label)?;
            held(LedgerAccount::Contributions(fund), state.funds.expect(fund)?.asset)?
        }
        OpeningAccount::Revenue(label) => {
            let fund = state.fund_id(label)?;
            held(LedgerAccount::Revenue(fund), state.funds.expect(fund)?.asset)?
        }
        OpeningAccount::Tranche(label) => {
            let tranche = state.tranche_id(label)?;
            let fund = state.tranches.expect(tranche)?.fund;
            held(LedgerAccount::Tranche(tranche), state.funds.expect(fund)?.asset)?
        }
        OpeningAccount::FeePool(label) => {
            let market = state.market_id(label)?;
            let fund = state.markets.expect(market)?.fund;
            held(LedgerAccount::FeePool(market), state.funds.expect(fund)?.asset)?
        }
    };
    let sum = state.ledger.owed(account, asset).checked_add(command.amount);
    sum.ok_or(Reject::overflow())?;
    Ok(Event::Opened { account, asset, amount: command.amount })
}

pub(crate) fn opening_shares(state: &State, command: &OpeningShares) -> Result<Event, Halt> {
    let account = command.account.map(|label| state.account_id(label)).transpose()?;
    let tranche = state.tranche_id(command.tranche)?;
    let sum = state.tranches.expect(tranche)?.shares.checked_add(command.shares);
    sum.ok_or(Reject::overflow())?;
    let next = state.positions.next_id();
    let position =
        account.map(|account| state.position(tranche, account).map_or(next, |(at, _)| at));
    Ok(Event::SharesOpened { tranche, position, account, shares: command.shares })
}

pub(crate) fn set_vault(state: &State, command: &SetVault) -> Result<Event, Halt> {
    let tranche = state.tranche_id(command.tranche)?;
    let asset = state.funds.expect(state.tranches.expect(tranche)?.fund)?.asset;
    let before = assets_of(state, tranche)?;
    let gain = command.amount.saturating_sub(before);
    let loss = before.saturating_sub(command.amount);
    Ok(Event::VaultForced { tranche, asset, gain, loss })
}
