//! Places of the curator's owner group among a vault's holders: they have no claim on what others lost, so a loss has
//! to tell them apart, however they came by their shares.
//!
//! Each is linked when its place is made, to the one before, the last one by the vault. So nobody lists all holders,
//! and no other holder's command looks at them. **Invariant V3** the linked places of a vault are those of that group.

use super::book::{Holding, Vault};
use crate::{
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use alloc::collections::BTreeMap;
use backstop_units::{AccountId, VaultId};
use borsh::{BorshDeserialize, BorshSerialize};

/// So many accounts of the curator's owner group enter a vault at most: what a loss has to look at.
pub const KIN_MAX: u32 = 64;

/// The places of the curator's owner group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Kin {
    /// How many.
    pub count: u32,
    /// The last one.
    pub last: Option<u32>,
}

/// Whether an account is of the owner group of a vault's curator.
pub(crate) fn is(state: &State, vault: &Vault, account: AccountId) -> Result<bool, Corrupt> {
    let group = |account| state.accounts.expect(account).map(|account| account.group);
    Ok(account == vault.curator || group(account)? == group(vault.curator)?)
}

/// The curator's places, the last one first.
pub(crate) fn of(state: &State, vault: VaultId) -> impl Iterator<Item = (u32, &Holding)> {
    let found = |id: u32| state.holdings.get(id).map(|holding| (id, holding));
    let last = state.vaults.get(vault).and_then(|vault| vault.kin.last);
    core::iter::successors(last.and_then(found), move |(_, place)| place.kin.and_then(found))
}

/// Refuses one account of the curator's owner group too many.
pub(crate) fn enters(state: &State, vault: &Vault, account: AccountId) -> Result<(), Halt> {
    if vault.kin.count >= KIN_MAX && is(state, vault, account)? {
        let got = vault.kin.count.saturating_add(1);
        return Err(Reject::new(RejectCode::AffiliatesFull, got, KIN_MAX).into());
    }
    Ok(())
}

/// Links a new place; returns the one before it.
pub(crate) fn link(
    state: &mut State,
    holding: u32,
    (id, account): (VaultId, AccountId),
) -> Result<Option<u32>, Corrupt> {
    let vault = state.vaults.expect(id)?;
    if !is(state, vault, account)? {
        return Ok(None);
    }
    let kin = &mut state.vaults.change(id)?.kin;
    kin.count = kin.count.checked_add(1).ok_or(Corrupt::Overflow)?;
    Ok(kin.last.replace(holding))
}

/// Counts the links of all vaults: **V3**.
///
/// # Errors
/// Where one is missing.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut there: BTreeMap<VaultId, u32> = BTreeMap::new();
    for (_, place) in state.holdings.iter() {
        if is(state, state.vaults.expect(place.vault)?, place.account)? {
            let count = there.entry(place.vault).or_default();
            *count = count.saturating_add(1);
        }
    }
    for (id, vault) in state.vaults.iter() {
        let linked = of(state, id).filter(|(_, place)| place.vault == id).count();
        let there = there.get(&id).copied().unwrap_or_default();
        if there != vault.kin.count || u32::try_from(linked) != Ok(there) {
            return Err(Corrupt::Invariant("V3"));
        }
    }
    Ok(())
}
