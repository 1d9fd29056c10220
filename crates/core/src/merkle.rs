//! The Merkle tree of RFC 6962, section 2.1, over lists that stand behind one root.
//!
//! ```text
//!   leaf  SHA-256(0x00 ‖ bytes)      node  SHA-256(0x01 ‖ left ‖ right)      of nothing  SHA-256()
//! ```
//!
//! A tree splits at the largest power of two below its size. A list that grows keeps the roots of its
//! complete subtrees only, its **peaks**: one for each bit of the count.

use alloc::vec::Vec;
use backstop_units::Hash;
use borsh::{BorshSerialize, io};
use sha2::{Digest, Sha256};

/// The leaf of some bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    Hash::new(Sha256::new_with_prefix([0]).chain_update(bytes).finalize().into())
}

/// The leaf of a value's encoding.
pub fn leaf_of(value: &impl BorshSerialize) -> Hash {
    let mut hasher = Hashed(Sha256::new_with_prefix([0]));
    // Hashing can't fail.
    let _ = value.serialize(&mut hasher);
    Hash::new(hasher.0.finalize().into())
}

/// Takes the next leaf into the peaks of a tree of `count` leaves.
///
/// Peaks that are not those of `count` leaves give another tree, never an error.
pub fn append(peaks: &mut Vec<Hash>, count: u32, leaf: Hash) {
    let mut root = leaf;
    for _ in 0..count.trailing_ones() {
        let Some(left) = peaks.pop() else { break };
        root = node(&left, &root);
    }
    peaks.push(root);
}

/// The root over peaks; of nothing, the digest of nothing.
pub fn root(peaks: &[Hash]) -> Hash {
    let roots = peaks.iter().rev().copied();
    let nothing = || Hash::new(Sha256::digest([]).into());
    roots.reduce(|right, left| node(&left, &right)).unwrap_or_else(nothing)
}

/// The root over a whole list of leaves.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut peaks = Vec::new();
    for (count, leaf) in (0..).zip(leaves) {
        append(&mut peaks, count, *leaf);
    }
    root(&peaks)
}

/// The sister hashes of leaf `index`, from the leaf up; none past the last leaf.
pub fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    leaves.get(index)?;
    let (mut rest, mut index, mut path) = (leaves, index, Vec::new());
    while rest.len() > 1 {
        let at = rest.len().checked_next_power_of_two()? >> 1;
        let (left, right) = rest.split_at_checked(at)?;
        if index < at {
            path.push(root_of(right));
            rest = left;
        } else {
            path.push(root_of(left));
            (rest, index) = (right, index.checked_sub(at)?);
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `leaf` is leaf `index` of a tree of `size` leaves under `root`.
pub fn includes(leaf: Hash, index: usize, size: usize, path: &[Hash], root: Hash) -> bool {
    let Some(mut last) = size.checked_sub(1).filter(|last| index <= *last) else { return false };
    let (mut hash, mut index, mut path) = (leaf, index, path.iter());
    while last > 0 {
        let is_right = index & 1 == 1;
        if is_right || index < last {
            let Some(sister) = path.next() else { return false };
            hash = if is_right { node(sister, &hash) } else { node(&hash, sister) };
        }
        index >>= 1;
        last >>= 1;
    }
    path.next().is_none() && hash == root
}

/// The parent of two subtrees.
fn node(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new_with_prefix([1]).chain_update(left.bytes());
    Hash::new(hasher.chain_update(right.bytes()).finalize().into())
}

/// Feeds written bytes to a digest.
struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The definition of RFC 6962, section 2.1, word for word.
    fn tree(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::new(Sha256::digest([]).into()),
            [leaf] => *leaf,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&tree(&many[..split]), &tree(&many[split..]))
            }
        }
    }

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf(&[number])).collect()
    }

    #[test]
    fn roots_are_those_of_the_whole_tree() {
        let leaves = leaves(70);
        let mut peaks = Vec::new();
        for (count, leaf) in (0u32..).zip(&leaves) {
            let before = &leaves[..usize::try_from(count).unwrap()];
            assert_eq!(root(&peaks), tree(before), "{count} leaves");
            assert_eq!(root_of(before), tree(before));
            assert_eq!(peaks.len(), usize::try_from(count.count_ones()).unwrap());
            append(&mut peaks, count, *leaf);
        }
        assert_eq!(leaf_of(&(7u16, 8u8)), leaf(&[7, 0, 8]));
    }

    #[test]
    fn every_leaf_of_every_size_is_included_and_no_other() {
        for size in 1..=17 {
            let leaves = leaves(size);
            let (size, root) = (leaves.len(), root_of(&leaves));
            for (index, one) in leaves.iter().enumerate() {
                let path = path(&leaves, index).unwrap();
                assert!(includes(*one, index, size, &path, root), "{index} of {size}");
                assert!(!includes(leaf(b"other"), index, size, &path, root));
                assert!(!includes(*one, size, size, &path, root));
                let longer = [path.as_slice(), &[Hash::ZERO]].concat();
                assert!(!includes(*one, index, size, &longer, root));
                assert!(path.is_empty() || !includes(*one, index, size, &path[1..], root));
                assert!(size == 1 || !includes(*one, (index + 1) % size, size, &path, root));
            }
            assert_eq!(path(&leaves, size), None);
        }
    }
}
