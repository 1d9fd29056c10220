//! Which part of a batch is wrong, once something in it is.
//!
//! For each place there are up to three witnesses: the leaf hash of the record, the leaf hash in
//! the tile (once that is full) and the tag. The stored root judges whole lists of them. The lists
//! tried, in this order:
//!
//! 1. all records as they are: if the root agrees, only tags or tiles are wrong;
//! 2. for each place the hash that two of the three witnesses support;
//! 3. the tile's hash wherever there is one.
//!
//! If the root agrees with none, list 3 is taken on: tiles stand apart from the batch rows, so
//! rows that were swapped or rewritten don't take the rest of the tree with them.

use super::suspects::{Key, key};
use crate::batch::TAG_BYTES;
use crate::frame::{FrameError, RecordIter, as_u64};
use crate::merkle::{Frontier, Hash, leaf_hash};
use crate::store::StoredBatch;

/// The records of a row, hashed as far as they can be read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) leaves: Vec<Hash>,
    pub(super) error: Option<FrameError>,
}

impl Read {
    pub(super) fn of(batch: &StoredBatch, buffer: Vec<Hash>) -> Self {
        let mut leaves = buffer;
        leaves.clear();
        for record in RecordIter::new(&batch.bytes) {
            match record {
                Ok(record) => leaves.push(leaf_hash(record)),
                Err(error) => return Self { leaves, error: Some(error) },
            }
        }
        Self { leaves, error: None }
    }

    /// Whether the records are as many as the row says and each fits its tag.
    pub(super) fn fits(&self, batch: &StoredBatch) -> bool {
        let (tags, rest) = batch.tags.as_chunks::<TAG_BYTES>();
        self.error.is_none()
            && batch.count > 0
            && rest.is_empty()
            && as_u64(self.leaves.len()) == batch.count
            && tags.len() == self.leaves.len()
            && self.leaves.iter().zip(tags).all(|(leaf, tag)| leaf.starts_with(tag))
    }

    /// How many sequence numbers the row stands for: what two of count, tags and records say.
    pub(super) fn places(&self, batch: &StoredBatch) -> usize {
        let tags = batch.tags.as_chunks::<TAG_BYTES>().0.len();
        let records = self.leaves.len();
        match usize::try_from(batch.count) {
            Ok(count) if count == tags || (count == records && self.error.is_none()) => count,
            _ if self.error.is_none() => records,
            _ => tags,
        }
    }
}

/// One place of a batch: what stands there, what the witnesses say, and what was decided.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) seq: u64,
    /// The leaf hash of the record; `None` if it can't be read.
    pub(super) read: Option<Hash>,
    /// The leaf hash in the stored tile, if that is full.
    pub(super) tile: Option<Hash>,
    pub(super) tag: Option<Key>,
    /// The leaf hash to go on with.
    pub(super) chosen: Option<Hash>,
}

/// What is wrong at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Another record than the chosen hash calls for, or than the tag does.
    Record {
        found: Key,
        expected: Option<Key>,
    },
    /// The record can't be read.
    Unreadable,
    Tag,
}

impl Place {
    fn voted(&self) -> Option<Hash> {
        let supported = |hash: &Hash| self.tag.is_none_or(|tag| hash.starts_with(&tag));
        self.read.filter(supported).or(self.tile).or(self.read)
    }

    pub(super) fn fault(&self) -> Fault {
        let Some(read) = self.read else { return Fault::Unreadable };
        let found = key(&read);
        let tag_agrees = self.tag.is_none_or(|tag| tag == found);
        match self.chosen {
            Some(chosen) if chosen != read => Fault::Record { found, expected: Some(key(&chosen)) },
            Some(_) if tag_agrees => Fault::None,
            // The tile or the root vouches for the record, else `judge` would not have chosen it.
            Some(_) => Fault::Tag,
            None => Fault::Record { found, expected: self.tag },
        }
    }
}

/// Whether the stored root confirmed the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Confirms,
    Disagrees,
}

/// Lays the witnesses of a batch side by side.
pub(super) fn places(batch: &StoredBatch, read: &Read, tiles: &[Option<Hash>]) -> Vec<Place> {
    let (tags, _) = batch.tags.as_chunks::<TAG_BYTES>();
    let mut places = Vec::with_capacity(tiles.len());
    for ((at, tile), seq) in tiles.iter().enumerate().zip(batch.first_seq..) {
        let (read, tag) = (read.leaves.get(at).copied(), tags.get(at).copied());
        places.push(Place { seq, read, tile: *tile, tag, chosen: None });
    }
    places
}

/// Chooses a hash for each place; see the module's documentation.
pub(super) fn judge(before: &Frontier, root: &Hash, places: &mut [Place]) -> Root {
    let lists: [fn(&Place) -> Option<Hash>; 3] =
        [|place| place.read, Place::voted, |place| place.tile.or(place.read)];
    for list in lists {
        for place in &mut *places {
            place.chosen = list(place);
        }
        if root_after(before, places) == Some(*root) {
            return Root::Confirms;
        }
    }
    // Neither a tile nor the root vouches for a record that does not fit its tag.
    for place in places {
        let fits = |leaf: &Hash| place.tag.is_none_or(|tag| leaf.starts_with(&tag));
        if place.tile.is_none() && !place.read.as_ref().is_some_and(fits) {
            place.chosen = None;
        }
    }
    Root::Disagrees
}

fn root_after(before: &Frontier, places: &[Place]) -> Option<Hash> {
    let mut frontier = before.clone();
    for place in places {
        frontier.push(place.chosen?);
    }
    Some(frontier.root())
}
