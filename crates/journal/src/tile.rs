//! Tiles: the tree cut into blocks of 256 hashes, and the state that a writer appends to.
//!
//! Coordinates are those of C2SP `tlog-tiles`: tile (level, index) holds the 256 hashes at tree
//! level `8 * level` with the indexes from `256 * index`. Only full tiles are stored. What is
//! right of the last full tile is the *edge*; it is derived from the records when a journal is
//! opened.
//!
//! ```text
//! tile level 1                (1,0): 256 hashes, each the root of a tile of level 0
//! tile level 0   (0,0) (0,1) ... (0,255) | edge: up to 255 leaf hashes
//! ```

use crate::merkle::{Frontier, Hash};

/// Tree levels in one tile.
pub const TILE_HEIGHT: u32 = 8;

/// Hashes in one full tile.
pub const TILE_WIDTH: u64 = 256;

/// Bytes of one full tile.
pub const TILE_BYTES: usize = 8192;

/// Bytes of one hash.
const HASH_BYTES: usize = 32;

/// A tile with all of its 256 hashes; such a tile never changes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Tile level; level 0 holds leaf hashes.
    pub level: u8,
    /// Position within the level, from 0.
    pub index: u64,
    /// 256 hashes of 32 bytes, left to right.
    pub hashes: Vec<u8>,
}

/// The number of full tiles at a tile level of a tree of `size` leaves.
pub fn full_tiles(size: u64, level: u8) -> u64 {
    let height = u32::from(level).saturating_add(1).saturating_mul(TILE_HEIGHT);
    size.checked_shr(height).unwrap_or(0)
}

/// The number of hashes at a tile level, in full tiles and the edge together.
pub(crate) fn entries(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level).saturating_mul(TILE_HEIGHT)).unwrap_or(0)
}

/// The tile and the position within it of entry `entry` of a tile level.
pub(crate) fn locate(entry: u64) -> (u64, usize) {
    let at = usize::try_from(entry & 0xff).unwrap_or(0);
    (entry >> TILE_HEIGHT, at)
}

/// The hash at a position of a tile's bytes.
pub(crate) fn hash_at(hashes: &[u8], at: usize) -> Option<Hash> {
    hashes.as_chunks::<HASH_BYTES>().0.get(at).copied()
}

/// The right edge of the whole tree: the frontier and the unfinished tile of each level.
///
/// Appending to it yields the full tiles to store. It has no handle on the file, so a writer can
/// run ahead of the commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeState {
    frontier: Frontier,
    /// For each tile level, the hashes after its last full tile.
    edges: Vec<Vec<u8>>,
}

impl TreeState {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves, which is the next sequence number.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all leaves.
    ///
    /// **Complexity** O(log n) hashes.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The complete subtrees along the right edge.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends a leaf hash; tiles that it completes are added to `full`, lowest level first.
    ///
    /// **Complexity** amortised O(1); allocates 8 KiB for each 256 leaves.
    pub fn push(&mut self, leaf: Hash, full: &mut Vec<FullTile>) {
        let after = self.frontier.size().wrapping_add(1);
        let edges = &mut self.edges;
        self.frontier.push_visit(leaf, |tree_level, hash| {
            if tree_level.trailing_zeros() >= 3 {
                complete(edges, tree_level >> 3, after, hash, full);
            }
        });
    }

    /// Builds the state from its edges: for each tile level, lowest first, the hashes after the
    /// last full tile. `None` if a level's edge is no list of fewer than 256 hashes.
    pub(crate) fn from_edges(size: u64, edges: Vec<Vec<u8>>) -> Option<Self> {
        let mut frontier = Frontier::new();
        let mut level = u32::try_from(edges.len()).ok()?.checked_mul(TILE_HEIGHT)?;
        for edge in edges.iter().rev() {
            level = level.checked_sub(TILE_HEIGHT)?;
            let (hashes, rest) = edge.as_chunks::<HASH_BYTES>();
            if !rest.is_empty() || edge.len() >= TILE_BYTES {
                return None;
            }
            for hash in hashes {
                frontier.push_subtree(level, *hash).ok()?;
            }
        }
        (frontier.size() == size).then_some(Self { frontier, edges })
    }
}

/// Adds a hash to the edge of a tile level and moves the edge to `full` if that fills it.
fn complete(
    edges: &mut Vec<Vec<u8>>,
    level: u32,
    size: u64,
    hash: &Hash,
    full: &mut Vec<FullTile>,
) {
    let at = usize::try_from(level).unwrap_or(usize::MAX);
    if at >= edges.len() {
        // Levels complete one after the other, so the next one is always the one that's missing.
        edges.push(Vec::new());
    }
    let Some(edge) = edges.get_mut(at) else { return };
    edge.extend_from_slice(hash);
    if edge.len() < TILE_BYTES {
        return;
    }
    let hashes = std::mem::replace(edge, Vec::with_capacity(TILE_BYTES));
    let level = u8::try_from(level).unwrap_or(u8::MAX);
    full.push(FullTile { level, index: full_tiles(size, level).wrapping_sub(1), hashes });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{fold, leaf_hash};

    #[test]
    fn tiles_of_two_levels() {
        let mut tree = TreeState::new();
        let mut frontier = Frontier::new();
        let mut full = Vec::new();
        for n in 0..65_536u32 + 300 {
            let leaf = leaf_hash(&n.to_le_bytes());
            tree.push(leaf, &mut full);
            frontier.push(leaf);
        }
        assert_eq!(tree.root(), frontier.root());
        let (zero, one): (Vec<_>, Vec<_>) = full.iter().partition(|tile| tile.level == 0);
        assert_eq!((zero.len(), one.len()), (257, 1));
        for (tile, index) in zero.iter().zip(0u64..) {
            assert_eq!((tile.index, tile.hashes.len()), (index, TILE_BYTES));
        }
        assert_eq!(hash_at(&one[0].hashes, 3), fold(&zero[3].hashes));
        assert_eq!(full_tiles(tree.size(), 0), 257);
        assert_eq!(full_tiles(tree.size(), 1), 1);
        assert_eq!(full_tiles(u64::MAX, 200), 0);
        assert_eq!(locate(513), (2, 1));
    }

    #[test]
    fn from_edges_gives_the_same_state() {
        let mut tree = TreeState::new();
        let mut full = Vec::new();
        for n in 0..600u32 {
            let rebuilt = TreeState::from_edges(tree.size(), tree.edges.clone()).unwrap();
            assert_eq!(rebuilt, tree);
            tree.push(leaf_hash(&n.to_le_bytes()), &mut full);
        }
        assert_eq!(TreeState::from_edges(599, tree.edges.clone()), None);
        assert_eq!(TreeState::from_edges(256, vec![vec![0; TILE_BYTES]]), None);
        assert_eq!(TreeState::from_edges(0, vec![vec![0; 31]]), None);
    }
}
