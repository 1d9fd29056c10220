//! Where each account's entry lies: a table for balances, which are many and dense, a hash for the rest.

use super::LedgerAccount;
use crate::index::Index;
use alloc::vec::Vec;
use backstop_units::{AccountId, AssetId};

/// No slot.
const NONE: u32 = u32::MAX;
/// Assets that have a table of balances; further ones use the hash.
const ASSETS_MAX: usize = 64;
/// How far past twice its length a table may grow at once.
const STEP: usize = 65_536;

/// Finds an account's slot. A slot may be stale after a rollback; the caller compares the entry found
/// with the account asked for.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    index: Index<(u64, u32), u32>,
    /// By asset, then by account: the slot of the free balance, or [`NONE`].
    balances: Vec<Vec<u32>>,
}

impl Slots {
    pub(super) fn new(seed: u128) -> Self {
        Self { index: Index::new(seed), balances: Vec::new() }
    }

    #[inline]
    pub(super) fn get(&self, account: LedgerAccount, asset: AssetId) -> Option<u32> {
        let dense = match account {
            LedgerAccount::Balance(id) => self.balance(asset, id),
            _ => None,
        };
        dense.or_else(|| self.index.get((account.key(), asset.get())))
    }

    #[inline]
    fn balance(&self, asset: AssetId, account: AccountId) -> Option<u32> {
        let row = self.balances.get(usize::try_from(asset.get()).ok()?)?;
        row.get(usize::try_from(account.get()).ok()?).copied().filter(|slot| *slot != NONE)
    }

    pub(super) fn insert(&mut self, account: LedgerAccount, asset: AssetId, slot: u32) {
        match self.place(account, asset) {
            Some(place) => *place = slot,
            None => self.index.insert((account.key(), asset.get()), slot),
        }
    }

    /// The place of a balance in its table. None for other accounts, and for handles so far out that
    /// they are no dense ones: bytes from elsewhere must not make the table huge.
    fn place(&mut self, account: LedgerAccount, asset: AssetId) -> Option<&mut u32> {
        let LedgerAccount::Balance(id) = account else { return None };
        let (asset, id) = (usize::try_from(asset.get()).ok()?, usize::try_from(id.get()).ok()?);
        if asset >= ASSETS_MAX {
            return None;
        }
        if self.balances.len() <= asset {
            self.balances.resize(asset.saturating_add(1), Vec::new());
        }
        let row = self.balances.get_mut(asset)?;
        if id >= row.len().saturating_mul(2).saturating_add(STEP) {
            return None;
        }
        if row.len() <= id {
            row.resize(id.saturating_add(1), NONE);
        }
        row.get_mut(id)
    }

    pub(super) fn commit(&mut self) {
        self.index.commit();
    }

    pub(super) fn rollback(&mut self) {
        self.index.rollback();
    }
}
