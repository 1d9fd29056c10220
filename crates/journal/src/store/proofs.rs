//! The tree over the file: its state for a writer, and proofs for anyone.

use std::cell::OnceCell;

use super::SqliteJournal;
use crate::error::JournalError;
use crate::merkle::{self, Hash, HashSource, RangeError, fold, leaf_hash};
use crate::tile::{TreeState, entries, full_tiles, hash_at, locate};

/// Bytes of one hash.
const HASH_BYTES: usize = 32;

/// Tile roots that a handle remembers. The edges of all tile levels need at most 255 each.
const TILE_ROOTS_MAX: usize = 4096;

/// Serves complete subtrees from stored tiles, and from the records after the last full one.
struct TreeSource<'a> {
    journal: &'a SqliteJournal,
    /// The size of the journal when the source was made.
    size: u64,
    /// Leaf hashes after the last full tile, hashed when they are first asked for.
    edge: OnceCell<Vec<u8>>,
}

impl SqliteJournal {
    /// The tree over all committed records, for a [`BatchBuilder`](crate::BatchBuilder).
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] if a tile is missing or the tree does not lead to the
    /// stored root; errors of reading.
    ///
    /// **Complexity** hashes at most 255 records, and 255 tiles for each tile level above the
    /// lowest: milliseconds.
    pub fn tree(&self) -> Result<TreeState, JournalError> {
        let source = self.source()?;
        let size = source.size;
        let mut edges = Vec::new();
        for level in 0u8.. {
            let count = entries(size, level);
            if count == 0 {
                break;
            }
            edges.push(source.edge_of(level, count)?);
        }
        let mismatch = JournalError::Damaged {
            what: "the tree does not lead to the stored root",
            seq: size.saturating_sub(1),
        };
        match TreeState::from_edges(size, edges) {
            Some(tree) if tree.root() == self.root()? || self.size()? != size => Ok(tree),
            _ => Err(mismatch),
        }
    }

    /// The root of the first `size` records, computed from tiles and records.
    ///
    /// # Errors
    ///
    /// [`JournalError::OutOfRange`] if the journal has fewer; [`JournalError::Damaged`]
    /// if a tile is missing; errors of reading.
    pub fn root_at(&self, size: u64) -> Result<Hash, JournalError> {
        merkle::root_at(size, &self.source_for(size)?)
    }

    /// The proof that record `seq` is in the tree of the first `size` records, for
    /// [`merkle::verify_inclusion`].
    ///
    /// # Errors
    ///
    /// As for [`root_at`](Self::root_at).
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<Hash>, JournalError> {
        merkle::inclusion_proof(seq, size, &self.source_for(size)?)
    }

    /// The proof that the tree of the first `old` records is a prefix of that of the first `new`,
    /// for [`merkle::verify_consistency`].
    ///
    /// # Errors
    ///
    /// As for [`root_at`](Self::root_at).
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, JournalError> {
        merkle::consistency_proof(old, new, &self.source_for(new)?)
    }

    fn source(&self) -> Result<TreeSource<'_>, JournalError> {
        Ok(TreeSource { journal: self, size: self.size()?, edge: OnceCell::new() })
    }

    fn source_for(&self, size: u64) -> Result<TreeSource<'_>, JournalError> {
        let source = self.source()?;
        if size > source.size {
            return Err(RangeError { got: size, limit: source.size }.into());
        }
        Ok(source)
    }

    /// The root of a full tile; remembered, since a full tile never changes.
    fn tile_root(&self, level: u8, index: u64) -> Result<Hash, JournalError> {
        if let Some(root) = self.tile_roots.borrow().get(&(level, index)) {
            return Ok(*root);
        }
        let root = fold(&self.full_tile(level, index)?).ok_or_else(|| damaged(level, index))?;
        let mut roots = self.tile_roots.borrow_mut();
        if roots.len() >= TILE_ROOTS_MAX {
            roots.clear();
        }
        roots.insert((level, index), root);
        Ok(root)
    }

    fn full_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, JournalError> {
        self.tile(level, index)?.ok_or_else(|| damaged(level, index))
    }
}

impl TreeSource<'_> {
    /// The hashes of a tile level after its last full tile, where the level has `count` hashes.
    fn edge_of(&self, level: u8, count: u64) -> Result<Vec<u8>, JournalError> {
        let Some(below) = level.checked_sub(1) else { return self.edge().cloned() };
        let (full, rest) = locate(count);
        let start = full.wrapping_shl(8);
        let mut edge = Vec::with_capacity(rest.saturating_mul(HASH_BYTES));
        for entry in start..count {
            edge.extend_from_slice(&self.journal.tile_root(below, entry)?);
        }
        Ok(edge)
    }

    /// The leaf hashes after the last full tile of level 0.
    fn edge(&self) -> Result<&Vec<u8>, JournalError> {
        if let Some(edge) = self.edge.get() {
            return Ok(edge);
        }
        let start = full_tiles(self.size, 0).wrapping_shl(8);
        let mut leaves = Vec::new();
        if start < self.size {
            for batch in self.journal.batches_from(start) {
                let batch = batch?;
                if batch.first_seq >= self.size {
                    break;
                }
                for record in batch.records() {
                    let (seq, bytes) = record?;
                    if seq >= start {
                        leaves.extend_from_slice(&leaf_hash(bytes));
                    }
                }
            }
        }
        Ok(self.edge.get_or_init(|| leaves))
    }

    /// One hash of a tile level that lies after the level's last full tile.
    fn edge_entry(&self, level: u8, entry: u64) -> Result<Hash, JournalError> {
        if let Some(below) = level.checked_sub(1) {
            return self.journal.tile_root(below, entry);
        }
        let (_, at) = locate(entry);
        let what = "records on the right edge are missing";
        hash_at(self.edge()?, at).ok_or(JournalError::Damaged { what, seq: entry })
    }
}

impl HashSource for TreeSource<'_> {
    type Error = JournalError;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, JournalError> {
        let outside = RangeError { got: index, limit: self.size };
        let tile_level = u8::try_from(level >> 3).map_err(|_| outside)?;
        let leaves_before = index.checked_shl(level).ok_or(outside)?;
        if leaves_before >= self.size {
            return Err(outside.into());
        }
        let within = level & 7;
        let first = index.wrapping_shl(within);
        let (tile, at) = locate(first);
        let count = 1usize.wrapping_shl(within);
        let hashes = if tile < full_tiles(self.size, tile_level) {
            self.journal.full_tile(tile_level, tile)?
        } else if count == 1 {
            return self.edge_entry(tile_level, first);
        } else {
            self.edge_of(tile_level, entries(self.size, tile_level))?
        };
        let start = at.saturating_mul(HASH_BYTES);
        let end = start.saturating_add(count.saturating_mul(HASH_BYTES));
        hashes.get(start..end).and_then(fold).ok_or_else(|| damaged(tile_level, tile))
    }
}

/// A tile that is missing or has the wrong length.
fn damaged(level: u8, index: u64) -> JournalError {
    let height = u32::from(level).saturating_add(1).saturating_mul(8);
    let seq = index.checked_shl(height).unwrap_or(u64::MAX);
    JournalError::Damaged { what: "a tile is missing or too short", seq }
}
