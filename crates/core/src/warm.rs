//! Looks up, a few dozen commands ahead, what the rules are about to look up. Whoever has many
//! commands or records at hand calls it before each [`AHEAD`] of them.
//!
//! With a million accounts nearly every lookup waits for main memory. The rules need one after the
//! other; here they do not depend on each other, so the processor waits for several at once, and the
//! rules then find them in its cache. Nothing is changed and nothing is returned.

use crate::{
    Asked, Body, Command, Entry, Event, Record, State,
    command::{DepositVault, SettleLiquidation},
    ledger::LedgerAccount,
};
use arrayvec::ArrayVec;
use backstop_units::{AccountId, AssetId, Label, VaultId};
use core::hint::black_box;

/// How many commands are looked at ahead: enough to overlap, few enough to stay in the cache.
pub const AHEAD: usize = 32;

/// Looks at what deciding these commands will need.
pub fn commands<'a>(state: &State, commands: impl Iterator<Item = &'a Command> + Clone) {
    deposits(state, commands.clone());
    let settlements = commands.filter_map(|command| match &command.body {
        Body::SettleLiquidation(settlement) => Some(settlement),
        _ => None,
    });
    let both = |settlement: &SettleLiquidation| {
        let asset = asset_of(state, settlement)?;
        Some([(settlement.account, asset), (settlement.liquidator, asset)])
    };
    let asked: ArrayVec<(Label, AssetId), { AHEAD * 2 }> =
        settlements.take(AHEAD).filter_map(both).flatten().collect();
    let found: ArrayVec<(AccountId, AssetId), { AHEAD * 2 }> =
        asked.iter().filter_map(|(label, asset)| Some((account(state, *label)?, *asset))).collect();
    balances(state, found.into_iter());
}

/// As [`commands`], for deposits into vaults: the depositors, their places and their balances.
fn deposits<'a>(state: &State, commands: impl Iterator<Item = &'a Command>) {
    let sent = commands.filter_map(|command| match &command.body {
        Body::DepositVault(deposit) => Some(deposit),
        _ => None,
    });
    let who = |deposit: &DepositVault| {
        let vault = state.vault_id(deposit.vault).ok()?;
        let asset = state.vaults.get(vault)?.asset;
        Some((vault, account(state, deposit.account)?, asset))
    };
    let found: ArrayVec<(VaultId, AccountId, AssetId), AHEAD> =
        sent.take(AHEAD).filter_map(who).collect();
    if found.is_empty() {
        return;
    }
    let place = |(vault, account, _): &(VaultId, AccountId, AssetId)| {
        state.labels.holdings.get((*vault, *account))
    };
    let places: ArrayVec<u32, AHEAD> = found.iter().filter_map(place).collect();
    balances(state, found.iter().map(|(_, account, asset)| (*account, *asset)));
    let accounts = found.iter().filter_map(|(_, account, _)| state.accounts.get(*account));
    accounts.for_each(|account| _ = black_box(account.group));
    let holdings = places.iter().filter_map(|place| state.holdings.get(*place));
    holdings.for_each(|holding| _ = black_box(holding.shares));
}

/// Looks at what replaying these records will need.
pub fn records(state: &State, records: &[Record]) {
    let settled =
        records.iter().flat_map(|record| &record.events).filter_map(|event| match event {
            Event::LiquidationSettled { account, liquidator, asset, .. } => {
                Some([(*account, *asset), (*liquidator, *asset)])
            }
            _ => None,
        });
    balances(state, settled.flatten());
}

/// Looks at what deciding these records again will need.
pub fn decided(state: &State, records: &[Asked<'_>]) {
    let sent = records.iter().filter_map(|record| match &record.entry {
        Entry::Command(command) => Some(command),
        Entry::Genesis(_) => None,
    });
    commands(state, sent);
}

fn asset_of(state: &State, settlement: &SettleLiquidation) -> Option<AssetId> {
    let market = state.markets.get(state.market_id(settlement.market).ok()?)?;
    state.funds.get(market.fund).map(|fund| fund.asset)
}

fn account(state: &State, label: Label) -> Option<AccountId> {
    state.account_id(label).ok()
}

/// First where some entries lie, then those entries: two rounds of lookups that do not depend on each
/// other.
fn balances(state: &State, accounts: impl Iterator<Item = (AccountId, AssetId)>) {
    let place = |(account, asset)| state.ledger.slot(LedgerAccount::Balance(account), asset);
    let mut places = accounts.filter_map(place).fuse();
    loop {
        let some: ArrayVec<u32, { AHEAD * 2 }> = places.by_ref().take(AHEAD * 2).collect();
        if some.is_empty() {
            return;
        }
        let entries = some.iter().filter_map(|slot| state.ledger.entries().get(*slot));
        entries.for_each(|entry| _ = black_box(*entry));
    }
}
