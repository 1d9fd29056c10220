//! Invariant V1, counted over all vaults.

use super::snapshot::own_shares;
use crate::{ledger::LedgerAccount, reject::Corrupt, state::State};
use alloc::collections::BTreeMap;
use backstop_units::{Shares, VaultId};

/// Counts all vaults.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut held: BTreeMap<VaultId, Shares> = BTreeMap::new();
    for (_, holding) in state.holdings.iter() {
        let sum = held.entry(holding.vault).or_default();
        *sum = sum.checked_add(own_shares(holding)?).ok_or(Corrupt::Overflow)?;
    }
    for (_, round) in state.rounds.iter() {
        let sum = held.entry(round.vault).or_default();
        *sum = sum.checked_add(round.shares).ok_or(Corrupt::Overflow)?;
    }
    for (id, vault) in state.vaults.iter() {
        let owed = |account| state.ledger.owed(account, vault.asset);
        let nobodys = vault.held.nobodys().map_err(|_| Corrupt::Overflow)?;
        let holders = held.remove(&id).unwrap_or_default();
        let sound = owed(LedgerAccount::VaultIdle(id)) == vault.held.idle
            && owed(LedgerAccount::VaultCrank(id)) == vault.held.crank
            && owed(LedgerAccount::VaultRewards(id)) == vault.held.rewards.left
            && owed(LedgerAccount::VaultQueue(id)) == vault.queue.owed
            && holders.checked_add(nobodys) == Some(vault.held.shares);
        if !sound {
            return Err(Corrupt::Invariant("V1"));
        }
    }
    if !held.is_empty() {
        return Err(Corrupt::DanglingHandle);
    }
    super::kin::check(state)?;
    super::snapshot::check(state)
}
