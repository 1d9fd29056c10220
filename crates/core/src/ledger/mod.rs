//! The double-entry ledger: a chart of accounts, and balances that change by postings only.
//!
//! ```text
//!   what is held            what it is owed to
//!   custody, in transit  =  balances + reserves + contributions + tranches + fee pools
//!                           + clearing + recoveries + inventory + suspense
//! ```
//!
//! A posting debits one account and credits another with the same amount, so the sum over all
//! accounts of an asset is zero by construction; [`Ledger::check`] proves it by counting.

mod account;
pub(crate) mod party;
pub(crate) mod posting;
mod slots;

pub use account::{LedgerAccount, Side};
pub use posting::{Posting, postings};
use slots::Slots;

use crate::{reject::Corrupt, slab::Slab};
use alloc::vec::Vec;
use backstop_units::{Amount, AssetId};
use borsh::{BorshDeserialize, BorshSerialize};

/// One account of the ledger. Both columns only grow; the balance is their difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Which account.
    pub account: LedgerAccount,
    /// Of which asset.
    pub asset: AssetId,
    /// All debits ever, in atoms.
    pub debits: Amount,
    /// All credits ever, in atoms.
    pub credits: Amount,
}

impl Entry {
    /// Credits less debits, for an account that is owed; zero when it is overdrawn.
    pub fn credit_balance(&self) -> Amount {
        self.credits.saturating_sub(self.debits)
    }
    /// Debits less credits, for an account that holds; zero when it is overdrawn.
    pub fn debit_balance(&self) -> Amount {
        self.debits.saturating_sub(self.credits)
    }
}

/// Debits and credits of one asset over all accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Which asset.
    pub asset: AssetId,
    /// All debits.
    pub debits: Sum,
    /// All credits.
    pub credits: Sum,
}

impl Total {
    const fn new(asset: AssetId) -> Self {
        let none = Sum::ZERO;
        Self { asset, debits: none, credits: none }
    }
    /// Whether debits equal credits.
    pub fn balances(&self) -> bool {
        self.debits == self.credits
    }
}

/// A sum of columns; each fits 128 bits, all together may not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    carries: u64,
    rest: u128,
}

impl Sum {
    /// Nothing.
    pub const ZERO: Self = Self { carries: 0, rest: 0 };

    /// Takes in one more amount.
    pub fn add(&mut self, amount: Amount) {
        let (rest, carry) = self.rest.overflowing_add(amount.get());
        self.rest = rest;
        self.carries = self.carries.saturating_add(u64::from(carry));
    }
    /// The sum in atoms, [`Amount::MAX`] past 128 bits.
    pub const fn amount(self) -> Amount {
        if self.carries == 0 { Amount::new(self.rest) } else { Amount::MAX }
    }
}

/// All accounts. **Invariant L1** debits equal credits for each asset. **L2** an account with a side
/// never leaves it.
#[derive(Clone, Debug)]
pub struct Ledger {
    entries: Slab<u32, Entry>,
    slots: Slots,
}

impl Ledger {
    pub(crate) fn new(seed: u128) -> Self {
        Self { entries: Slab::default(), slots: Slots::new(seed) }
    }

    /// Rebuilds the index over entries read from a snapshot.
    pub(crate) fn from_entries(entries: Slab<u32, Entry>, seed: u128) -> Self {
        let mut slots = Slots::new(seed);
        for (slot, entry) in entries.iter() {
            slots.insert(entry.account, entry.asset, slot);
        }
        slots.commit();
        Self { entries, slots }
    }

    pub(crate) const fn entries(&self) -> &Slab<u32, Entry> {
        &self.entries
    }

    /// Every account that was ever posted to, in the order of first use.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// One account, empty if it was never posted to.
    #[inline]
    pub fn entry(&self, account: LedgerAccount, asset: AssetId) -> Entry {
        let empty = Entry { account, asset, debits: Amount::ZERO, credits: Amount::ZERO };
        self.find(account, asset).and_then(|slot| self.entries.get(slot)).copied().unwrap_or(empty)
    }

    /// What an account is owed.
    #[inline]
    pub fn owed(&self, account: LedgerAccount, asset: AssetId) -> Amount {
        self.entry(account, asset).credit_balance()
    }

    /// What an account holds.
    pub fn held(&self, account: LedgerAccount, asset: AssetId) -> Amount {
        self.entry(account, asset).debit_balance()
    }

    /// Books one posting. A posting of nothing leaves no trace.
    ///
    /// # Errors
    /// [`Corrupt::Overdrawn`] when an account would leave its side or overflow.
    pub(crate) fn post(&mut self, posting: Posting) -> Result<(), Corrupt> {
        if posting.amount.is_zero() {
            return Ok(());
        }
        let debit = self.change(posting.debit, posting.asset)?;
        debit.debits = debit.debits.checked_add(posting.amount).ok_or(Corrupt::Overflow)?;
        within_side(debit)?;
        let credit = self.change(posting.credit, posting.asset)?;
        credit.credits = credit.credits.checked_add(posting.amount).ok_or(Corrupt::Overflow)?;
        within_side(credit)
    }

    /// Where an account's entry lies, if it exists; after a rollback another's may lie there.
    #[inline]
    pub(crate) fn slot(&self, account: LedgerAccount, asset: AssetId) -> Option<u32> {
        self.slots.get(account, asset)
    }

    /// The slot of an account, if its entry exists.
    #[inline]
    fn find(&self, account: LedgerAccount, asset: AssetId) -> Option<u32> {
        let slot = self.slot(account, asset)?;
        let is_it = |entry: &&Entry| entry.account == account && entry.asset == asset;
        self.entries.get(slot).filter(is_it).map(|_| slot)
    }

    fn change(&mut self, account: LedgerAccount, asset: AssetId) -> Result<&mut Entry, Corrupt> {
        if let Some(slot) = self.find(account, asset) {
            return self.entries.change(slot);
        }
        let slot = self.entries.next_id();
        let entry = Entry { account, asset, debits: Amount::ZERO, credits: Amount::ZERO };
        self.entries.insert(slot, entry)?;
        self.slots.insert(account, asset, slot);
        self.entries.change(slot)
    }

    /// Debits and credits of each asset that occurs, in the order of the assets.
    pub fn totals(&self) -> Vec<Total> {
        let mut totals: Vec<Total> = Vec::new();
        for entry in self.iter() {
            let at = totals.binary_search_by_key(&entry.asset, |total| total.asset).unwrap_or_else(
                |at| {
                    totals.insert(at, Total::new(entry.asset));
                    at
                },
            );
            if let Some(total) = totals.get_mut(at) {
                total.debits.add(entry.debits);
                total.credits.add(entry.credits);
            }
        }
        totals
    }

    /// Counts everything: L1 and L2.
    ///
    /// # Errors
    /// [`Corrupt::TrialBalance`] or [`Corrupt::Overdrawn`].
    pub fn check(&self) -> Result<(), Corrupt> {
        if self.totals().iter().all(Total::balances) {
            return self.iter().try_for_each(within_side);
        }
        Err(Corrupt::TrialBalance)
    }

    pub(crate) fn commit(&mut self) {
        self.entries.commit();
        self.slots.commit();
    }

    pub(crate) fn rollback(&mut self) {
        self.entries.rollback();
        self.slots.rollback();
    }
}

#[inline]
fn within_side(entry: &Entry) -> Result<(), Corrupt> {
    let kept = match entry.account.side() {
        Side::Debit => entry.debits >= entry.credits,
        Side::Credit => entry.credits >= entry.debits,
        Side::Either => true,
    };
    if kept { Ok(()) } else { Err(Corrupt::Overdrawn) }
}
