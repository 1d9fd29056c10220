//! The RFC 6962 SHA-256 tree: hashes, the compact right edge, proofs.
//!
//! ```text
//! leaf = SHA-256(0x00 || record)      node = SHA-256(0x01 || left || right)
//!
//! level 2            n(2,0)                 a subtree is named (level, index); it covers the
//! level 1      n(1,0)      n(1,1)           leaves index * 2^level up to (index + 1) * 2^level
//! level 0     0     1     2     3     4     <- the frontier of 5 leaves is n(2,0) and leaf 4
//! ```
//!
//! Nothing here allocates except the two functions that return a proof.

mod proof;
#[cfg(test)]
mod tests;

pub use proof::{
    HashSource, ProofError, RangeError, consistency_proof, inclusion_proof, root_at,
    verify_consistency, verify_inclusion,
};

use sha2::{Digest, Sha256};

/// A SHA-256 digest: a leaf, an inner node or a root.
pub type Hash = [u8; 32];

/// Levels that a tree of at most `u64::MAX` leaves can have.
const LEVELS: usize = 64;

const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// The hash of a record as a leaf: SHA-256(0x00 || `record`).
///
/// **Source** RFC 6962, section 2.1.
pub fn leaf_hash(record: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(LEAF_PREFIX);
    hasher.update(record);
    hasher.finalize().into()
}

/// The hash of an inner node: SHA-256(0x01 || `left` || `right`).
///
/// **Source** RFC 6962, section 2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(NODE_PREFIX);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// SHA-256 of plain bytes, without a prefix.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The root of a tree without leaves: SHA-256 of the empty string.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The complete subtrees along the right edge of a tree: all that is needed to append to it.
///
/// It holds at most one hash for each level, 2 KiB in all, whatever the size of the tree.
///
/// **Complexity** [`push`](Self::push) is amortised O(1) hashes and never allocates;
/// [`root`](Self::root) is O(log n) hashes.
///
/// **Example**
/// ```
/// use backstop_journal::merkle::{Frontier, leaf_hash, node_hash};
/// let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
/// let mut frontier = Frontier::new();
/// frontier.push(a);
/// frontier.push(b);
/// assert_eq!(frontier.root(), node_hash(&a, &b));
/// ```
#[derive(Clone, Debug)]
pub struct Frontier {
    size: u64,
    /// The slot of a level means something only where the bit of that level is set in `size`.
    nodes: [Hash; LEVELS],
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Frontier {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.present().eq(other.present())
    }
}

impl Eq for Frontier {}

impl Frontier {
    /// A tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, nodes: [[0; 32]; LEVELS] }
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_visit(leaf, |_, _| ());
    }

    /// Appends one leaf hash and shows each subtree that it completes, lowest level first: the
    /// leaf itself at level 0, then its ancestors as far as they are complete.
    pub fn push_visit(&mut self, leaf: Hash, visit: impl FnMut(u32, &Hash)) {
        self.carry(0, leaf, visit);
    }

    /// Appends a complete subtree of 2^`level` leaves whose hash is known.
    ///
    /// # Errors
    ///
    /// [`RangeError`] if the size is not a multiple of 2^`level`, or would pass
    /// `u64::MAX`.
    pub fn push_subtree(&mut self, level: u32, hash: Hash) -> Result<(), RangeError> {
        let refused = RangeError { got: u64::from(level), limit: self.size };
        let leaves = 1u64.checked_shl(level).ok_or(refused)?;
        if self.size & leaves.wrapping_sub(1) != 0 || self.size.checked_add(leaves).is_none() {
            return Err(refused);
        }
        self.carry(level, hash, |_, _| ());
        Ok(())
    }

    /// The root over all leaves; [`empty_root`] if there are none.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for node in self.present() {
            root = Some(match root {
                None => *node,
                Some(right) => node_hash(node, &right),
            });
        }
        root.unwrap_or_else(empty_root)
    }

    /// The subtrees of the right edge, smallest (rightmost) first.
    fn present(&self) -> impl Iterator<Item = &Hash> {
        let size = self.size;
        self.nodes
            .iter()
            .zip(0u32..)
            .filter(move |(_, level)| size.wrapping_shr(*level) & 1 == 1)
            .map(|(node, _)| node)
    }

    fn carry(&mut self, level: u32, hash: Hash, mut visit: impl FnMut(u32, &Hash)) {
        let mut hash = hash;
        visit(level, &hash);
        let size = self.size;
        let skipped = usize::try_from(level).unwrap_or(LEVELS);
        for (node, at) in self.nodes.iter_mut().zip(0u32..).skip(skipped) {
            if size.wrapping_shr(at) & 1 == 0 {
                *node = hash;
                break;
            }
            hash = node_hash(node, &hash);
            visit(at.wrapping_add(1), &hash);
        }
        // A tree of 2^64 leaves can't be stored, so this doesn't wrap.
        self.size = size.wrapping_add(1u64.wrapping_shl(level));
    }
}

/// The hash of a complete subtree from its lower hashes; `None` unless their number is a power
/// of two.
///
/// **Shape** `hashes` is consecutive 32-byte hashes of one level, left to right.
///
/// **Complexity** one node hash less than there are hashes; no allocation.
pub(crate) fn fold(hashes: &[u8]) -> Option<Hash> {
    let (hashes, rest) = hashes.as_chunks::<32>();
    if !rest.is_empty() || !hashes.len().is_power_of_two() {
        return None;
    }
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    Some(frontier.root())
}
