//! Typed slabs by dense handle, with an undo log.

use crate::reject::Corrupt;
use alloc::vec::Vec;
use backstop_units::{
    AccountId, AssetId, FarmId, FeedId, FundId, IndexId, LossId, MarketId, ProposalId, ReserveId,
    TicketId, TrancheId, TransferId, VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize, io};
use core::marker::PhantomData;

/// A dense handle: an index into one slab.
pub trait Handle: Copy {
    /// Wraps an index.
    fn new(index: u32) -> Self;
    /// The index.
    fn get(self) -> u32;
}

macro_rules! handles {
    ($($name:ident),*) => {$(
        impl Handle for $name {
            fn new(index: u32) -> Self {
                Self::new(index)
            }
            fn get(self) -> u32 {
                self.get()
            }
        }
    )*};
}
handles!(
    AccountId,
    AssetId,
    FarmId,
    FeedId,
    FundId,
    IndexId,
    LossId,
    MarketId,
    ProposalId,
    ReserveId,
    TicketId,
    TrancheId,
    TransferId,
    VaultId,
    VaultLossId
);

impl Handle for u32 {
    fn new(index: u32) -> Self {
        index
    }
    fn get(self) -> u32 {
        self
    }
}

/// Items of one kind, found by the handle that their insertion returned. Nothing is ever removed.
///
/// Each change first saves the old item, so [`Slab::rollback`] restores the state as of the last
/// [`Slab::commit`]. The saved items are not part of the state: they are neither encoded nor
/// compared.
#[derive(Clone, Debug)]
pub struct Slab<I, T> {
    items: Vec<T>,
    undo: Vec<Undo<T>>,
    handle: PhantomData<fn(I) -> I>,
}

#[derive(Clone, Debug)]
enum Undo<T> {
    Inserted,
    Changed(u32, T),
}

impl<I, T> Default for Slab<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), undo: Vec::new(), handle: PhantomData }
    }
}

impl<I: Handle, T: Clone> Slab<I, T> {
    /// The item, if there is one.
    #[inline]
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(usize::try_from(id.get()).ok()?)
    }

    /// The item that a handle inside the state must lead to.
    ///
    /// # Errors
    /// [`Corrupt::DanglingHandle`]: the log does not fit the state.
    #[inline]
    pub fn expect(&self, id: I) -> Result<&T, Corrupt> {
        self.get(id).ok_or(Corrupt::DanglingHandle)
    }

    /// The handle that the next insertion will return.
    #[inline]
    pub fn next_id(&self) -> I {
        I::new(u32::try_from(self.items.len()).unwrap_or(u32::MAX))
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All items with their handles, in the order of insertion.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (I, &T)> + DoubleEndedIterator {
        self.items
            .iter()
            .enumerate()
            .map(|(i, item)| (I::new(u32::try_from(i).unwrap_or(u32::MAX)), item))
    }

    /// Inserts at `id`, which must be the next one.
    ///
    /// # Errors
    /// [`Corrupt::DanglingHandle`] when `id` is not [`Slab::next_id`].
    pub(crate) fn insert(&mut self, id: I, item: T) -> Result<(), Corrupt> {
        if id.get() != self.next_id().get() || id.get() == u32::MAX {
            return Err(Corrupt::DanglingHandle);
        }
        self.items.push(item);
        self.undo.push(Undo::Inserted);
        Ok(())
    }

    /// The item for a change; the old one is saved first.
    ///
    /// # Errors
    /// As [`Slab::expect`].
    #[inline]
    pub(crate) fn change(&mut self, id: I) -> Result<&mut T, Corrupt> {
        let index = usize::try_from(id.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let item = self.items.get_mut(index).ok_or(Corrupt::DanglingHandle)?;
        self.undo.push(Undo::Changed(id.get(), item.clone()));
        Ok(item)
    }

    /// Forgets what was saved: the changes stand.
    #[inline]
    pub(crate) fn commit(&mut self) {
        if !self.undo.is_empty() {
            self.undo.clear();
        }
    }

    /// Takes back every change since the last commit, newest first.
    pub(crate) fn rollback(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Inserted => drop(self.items.pop()),
                Undo::Changed(index, old) => {
                    if let Some(item) =
                        usize::try_from(index).ok().and_then(|i| self.items.get_mut(i))
                    {
                        *item = old;
                    }
                }
            }
        }
    }
}

impl<I, T: BorshSerialize> BorshSerialize for Slab<I, T> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.items.serialize(writer)
    }
}

impl<I, T: BorshDeserialize> BorshDeserialize for Slab<I, T> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let items = Vec::deserialize_reader(reader)?;
        Ok(Self { items, undo: Vec::new(), handle: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollback_restores_the_last_commit() {
        let mut slab: Slab<u32, u8> = Slab::default();
        slab.insert(0, 10).unwrap();
        slab.commit();
        slab.insert(1, 11).unwrap();
        *slab.change(0).unwrap() = 20;
        *slab.change(0).unwrap() = 30;
        *slab.change(1).unwrap() = 40;
        slab.rollback();
        assert_eq!((slab.len(), slab.get(0), slab.get(1)), (1, Some(&10), None));
        assert_eq!(slab.insert(5, 1), Err(Corrupt::DanglingHandle));
    }
}
