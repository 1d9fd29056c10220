//! Rewards in what a vault holds, deposited there for their staker: he has more shares at stake instead of money.

use super::{
    book::{Staked, kind, place},
    harvest::pay,
    stake::reinvest,
};
use crate::{
    command::{CompoundFarm, DepositVault},
    governance::Context,
    lending::vault::deposit::deposit,
    policy::FarmKind,
    reject::{Corrupt, Halt},
    state::State,
    txn::Txn,
};
use backstop_units::{AccountId, Amount, Shares, VaultId};

fn shares(state: &State, vault: VaultId, account: AccountId) -> Shares {
    state.holding(vault, account).map_or(Shares::ZERO, |(_, holding)| holding.shares)
}

/// Anyone may send it: it takes what a claim would pay, no more often than a claim, and what buys no whole share of the
/// vault stays the staker's free balance.
pub(crate) fn compound(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CompoundFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    kind(found, found.kind == FarmKind::Autocompound, FarmKind::Autocompound.word())?;
    let Staked::Vault(id) = found.staked else { return Err(Corrupt::DanglingHandle.into()) };
    let (staker, _) = place(state, farm, (account, command.account))?;
    let vault = state.vaults.expect(id)?;
    let (label, asset) = (vault.label, state.assets.expect(vault.asset)?.label);
    let amount = pay(txn, context, (farm, staker), asset)?;
    let had = shares(txn.state(), id, account);
    let into =
        DepositVault { account: command.account, vault: label, amount, min_shares: Shares::ZERO };
    deposit(txn, context, &into)?;
    let more = shares(txn.state(), id, account).saturating_sub(had);
    reinvest(txn, (farm, staker), Amount::new(more.get()))
}
