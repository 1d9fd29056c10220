//! Where each account's entry lies: a table for each kind of account and asset, as handles are dense; a hash
//! for what does not fit the tables.

use super::LedgerAccount;
use crate::index::Index;
use alloc::vec::Vec;
use backstop_units::AssetId;

/// No slot.
const NONE: u32 = u32::MAX;
/// Assets that have tables; further ones use the hash.
const ASSETS_MAX: u32 = 64;
/// Kinds of accounts, by the code in their key, that have tables.
const KINDS_MAX: u64 = 64;
/// How far past twice its length a table may grow at once.
const STEP: usize = 65_536;

/// Finds an account's slot. A slot may be stale after a rollback; the caller compares the entry found
/// with the account asked for.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    index: Index<(u64, u32), u32>,
    /// By asset and kind, then by handle: the slot, or [`NONE`].
    tables: Vec<Vec<u32>>,
}

impl Slots {
    pub(super) fn new(seed: u128) -> Self {
        Self { index: Index::new(seed), tables: Vec::new() }
    }

    #[inline]
    pub(super) fn get(&self, account: LedgerAccount, asset: AssetId) -> Option<u32> {
        let key = account.key();
        let dense = match place(key, asset) {
            Some((table, at)) => self.tables.get(table).and_then(|table| table.get(at)).copied(),
            None => None,
        };
        match dense {
            Some(slot) if slot != NONE => Some(slot),
            _ => self.index.get((key, asset.get())),
        }
    }

    pub(super) fn insert(&mut self, account: LedgerAccount, asset: AssetId, slot: u32) {
        let key = account.key();
        match self.dense(key, asset) {
            Some(place) => *place = slot,
            None => self.index.insert((key, asset.get()), slot),
        }
    }

    /// An account's place in its table. None for handles so far out that they are no dense ones: bytes
    /// from elsewhere must not make the table huge.
    fn dense(&mut self, key: u64, asset: AssetId) -> Option<&mut u32> {
        let (table, at) = place(key, asset)?;
        if self.tables.len() <= table {
            self.tables.resize(table.saturating_add(1), Vec::new());
        }
        let row = self.tables.get_mut(table)?;
        if at >= row.len().saturating_mul(2).saturating_add(STEP) {
            return None;
        }
        if row.len() <= at {
            row.resize(at.saturating_add(1), NONE);
        }
        row.get_mut(at)
    }

    pub(super) fn commit(&mut self) {
        self.index.commit();
    }

    pub(super) fn rollback(&mut self) {
        self.index.rollback();
    }
}

/// The table of a kind and asset, and the place in it.
#[inline]
fn place(key: u64, asset: AssetId) -> Option<(usize, usize)> {
    let (kind, handle) = (key >> 32, key & u64::from(u32::MAX));
    if kind >= KINDS_MAX || asset.get() >= ASSETS_MAX {
        return None;
    }
    let table = u64::from(asset.get()).saturating_mul(KINDS_MAX).saturating_add(kind);
    Some((usize::try_from(table).ok()?, usize::try_from(handle).ok()?))
}
