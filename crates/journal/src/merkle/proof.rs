//! Proofs: building them from stored subtrees and checking them against a root.
//!
//! **Source** RFC 6962, sections 2.1.1 and 2.1.2, for what a proof is; RFC 9162, sections 2.1.3.2
//! and 2.1.4.2, for the loops that check one.

use super::{Hash, empty_root, node_hash};

/// Where the hashes of complete subtrees come from when a proof is built.
pub trait HashSource {
    /// Why a hash could not be had.
    type Error: From<RangeError>;

    /// The hash of the complete subtree that covers the leaves from `index * 2^level` up to
    /// `(index + 1) * 2^level`.
    ///
    /// # Errors
    ///
    /// [`RangeError`] if the subtree is not complete, or what keeps the source from reading.
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// A leaf, size or level that lies outside the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got} is outside the tree, the limit is {limit}: ask for a leaf or size inside it")]
pub struct RangeError {
    /// What was asked for.
    pub got: u64,
    /// The size or position that it must not pass.
    pub limit: u64,
}

/// Why a proof does not convince.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf or the older size is outside the tree that the root stands for.
    #[error("{got} is outside a tree of size {limit}: use the checkpoint that the proof is for")]
    OutOfRange {
        /// The leaf index or older size.
        got: u64,
        /// The size of the tree.
        limit: u64,
    },
    /// The proof has fewer or more hashes than the sizes require.
    #[error("a proof of {got} hashes does not fit the tree: fetch the proof again")]
    WrongLength {
        /// The number of hashes in the proof.
        got: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to another root: the record or the root is not the genuine one")]
    RootMismatch,
}

/// The proof that the leaf `index` is in the tree of the first `size` leaves: the sibling hashes
/// from the leaf up.
///
/// # Errors
///
/// [`RangeError`] if `index >= size`; whatever the source returns.
pub fn inclusion_proof<S: HashSource>(
    index: u64,
    size: u64,
    source: &S,
) -> Result<Vec<Hash>, S::Error> {
    if index >= size {
        return Err(RangeError { got: index, limit: size }.into());
    }
    let mut proof = Vec::new();
    let (mut start, mut len) = (0u64, size);
    while len > 1 {
        let left = split(len);
        let right = len.wrapping_sub(left);
        let middle = start.wrapping_add(left);
        if index < middle {
            proof.push(range_root(middle, right, source)?);
            len = left;
        } else {
            proof.push(range_root(start, left, source)?);
            start = middle;
            len = right;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves.
///
/// It is empty if `old` is 0 or equals `new`.
///
/// # Errors
///
/// [`RangeError`] if `old > new`; whatever the source returns.
pub fn consistency_proof<S: HashSource>(
    old: u64,
    new: u64,
    source: &S,
) -> Result<Vec<Hash>, S::Error> {
    if old > new {
        return Err(RangeError { got: old, limit: new }.into());
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut start, mut len) = (0u64, new);
    let end = |start: u64, len: u64| start.wrapping_add(len);
    while end(start, len) != old {
        let left = split(len);
        let right = len.wrapping_sub(left);
        let middle = start.wrapping_add(left);
        if old <= middle {
            proof.push(range_root(middle, right, source)?);
            len = left;
        } else {
            proof.push(range_root(start, left, source)?);
            start = middle;
            len = right;
        }
    }
    if start > 0 {
        proof.push(range_root(start, len, source)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the first `size` leaves.
///
/// # Errors
///
/// Whatever the source returns.
pub fn root_at<S: HashSource>(size: u64, source: &S) -> Result<Hash, S::Error> {
    if size == 0 {
        return Ok(empty_root());
    }
    range_root(0, size, source)
}

/// Checks that `leaf` is number `index` of the `size` leaves under `root`.
///
/// # Errors
///
/// In this order: [`ProofError::OutOfRange`], [`ProofError::WrongLength`],
/// [`ProofError::RootMismatch`].
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { got: index, limit: size });
    }
    let too_long = ProofError::WrongLength { got: proof.len() };
    let (mut node, mut last) = (index, size.wrapping_sub(1));
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(too_long);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            skip_lone_ancestors(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(too_long);
    }
    same_root(&hash, root)
}

/// Checks that the tree with `old_root` and `old_size` leaves is a prefix of the tree with
/// `new_root` and `new_size` leaves.
///
/// # Errors
///
/// In this order: [`ProofError::OutOfRange`], [`ProofError::WrongLength`],
/// [`ProofError::RootMismatch`].
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange { got: old_size, limit: new_size });
    }
    let wrong_length = ProofError::WrongLength { got: proof.len() };
    if old_size == 0 || old_size == new_size {
        let expected = if old_size == 0 { empty_root() } else { *new_root };
        return match proof {
            [] => same_root(old_root, &expected),
            _ => Err(wrong_length),
        };
    }
    // An old tree that is one complete subtree is its own first hash, which the proof leaves out.
    let (seed, rest) = match proof {
        rest if old_size.is_power_of_two() => (*old_root, rest),
        [seed, rest @ ..] => (*seed, rest),
        [] => return Err(wrong_length),
    };
    let shift = old_size.trailing_zeros();
    let mut node = old_size.wrapping_shr(shift).wrapping_sub(1);
    let mut last = new_size.wrapping_sub(1).wrapping_shr(shift);
    let (mut old_hash, mut new_hash) = (seed, seed);
    for sibling in rest {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            skip_lone_ancestors(&mut node, &mut last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    same_root(&old_hash, old_root)?;
    same_root(&new_hash, new_root)
}

/// Climbs past the levels where the node on the right edge has no left sibling.
fn skip_lone_ancestors(node: &mut u64, last: &mut u64) {
    if *node & 1 == 1 || *node == 0 {
        return;
    }
    let lone = node.trailing_zeros();
    *node = node.wrapping_shr(lone);
    *last = last.wrapping_shr(lone);
}

fn same_root(got: &Hash, expected: &Hash) -> Result<(), ProofError> {
    if got == expected { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// The largest power of two below `len`, for `len >= 2`: the size of the left subtree.
fn split(len: u64) -> u64 {
    1u64.wrapping_shl(len.wrapping_sub(1).checked_ilog2().unwrap_or(0))
}

/// The root of `len >= 1` leaves from `start`, which is a multiple of a power of two >= `len`.
fn range_root<S: HashSource>(start: u64, len: u64, source: &S) -> Result<Hash, S::Error> {
    let mut end = start.wrapping_add(len);
    let mut rest = len;
    let mut root: Option<Hash> = None;
    while rest > 0 {
        let level = rest.trailing_zeros();
        let leaves = 1u64.wrapping_shl(level);
        end = end.wrapping_sub(leaves);
        rest = rest.wrapping_sub(leaves);
        let left = source.subtree(level, end.wrapping_shr(level))?;
        root = Some(match root {
            None => left,
            Some(right) => node_hash(&left, &right),
        });
    }
    Ok(root.unwrap_or_else(empty_root))
}
