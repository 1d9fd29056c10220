//! The Merkle tree over claims, as contracts on EVM chains check it.
//!
//! ```text
//!   leaf  keccak(keccak(index ‖ account ‖ amount))     three words of 32 bytes: uint256, bytes32, uint256
//!   node  keccak(smaller ‖ larger)                     the pair in rising order, so a proof needs no sides
//!   tree  leaves in rising order, a line: the two at its front are joined, their node goes to its end
//! ```
//!
//! This is the layout of the standard Merkle tree of the `OpenZeppelin` libraries with these types; their proofs pass
//! here and ours pass there. A leaf is hashed twice, so that no node can be shown as one. **Source** published
//! documentation and test vectors of that library.

use alloc::vec::Vec;
use backstop_units::{Amount, Hash, Label};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

/// What the tree says of one holder.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The number of the holder's place: of this ledger one and the same for ever.
    pub index: u32,
    /// Whose claim: the label's sixteen bytes are the first of the word, as a `bytes16` or a short text would be.
    pub account: Label,
    /// Atoms of the vault's asset.
    pub amount: Amount,
}

impl Leaf {
    /// Its hash.
    pub fn hash(&self) -> Hash {
        let (index, amount) = (self.index.to_be_bytes(), self.amount.get().to_be_bytes());
        leaf_of(&[&[0; 28], &index, self.account.bytes(), &[0; 16], &[0; 16], &amount])
    }
}

/// The leaf of some bytes.
pub fn leaf_of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash::new(Keccak256::digest(hasher.finalize()).into())
}

/// The parent of two subtrees.
fn node(one: &Hash, other: &Hash) -> Hash {
    let hasher = Keccak256::new_with_prefix(one.min(other).bytes());
    Hash::new(hasher.chain_update(one.max(other).bytes()).finalize().into())
}

/// Whether the sister hashes, from the leaf up, lead to a root.
pub fn includes(leaf: Hash, proof: &[Hash], root: Hash) -> bool {
    proof.iter().fold(leaf, |hash, sister| node(&hash, sister)) == root
}

/// All nodes of a tree: its leaves in rising order, then their parents, the root last.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Hash>,
    leaves: usize,
}

impl Tree {
    /// The tree over some leaves, in whatever order.
    pub fn new(mut leaves: Vec<Hash>) -> Self {
        leaves.sort_unstable();
        let count = leaves.len();
        let mut nodes = leaves;
        nodes.reserve(count);
        for parent in 0..count.saturating_sub(1) {
            let left = parent << 1;
            let pair = nodes.get(left).zip(nodes.get(left | 1));
            let joined = pair.map(|(one, other)| node(one, other));
            nodes.extend(joined);
        }
        Self { nodes, leaves: count }
    }

    /// Its root; none of nothing.
    pub fn root(&self) -> Option<Hash> {
        self.nodes.last().copied()
    }

    /// The sister hashes of a leaf, from the leaf up; none for what is no leaf of it.
    pub fn proof(&self, leaf: Hash) -> Option<Vec<Hash>> {
        let mut at = self.nodes.get(..self.leaves)?.binary_search(&leaf).ok()?;
        let mut proof = Vec::new();
        while at < self.nodes.len().saturating_sub(1) {
            proof.push(*self.nodes.get(at ^ 1)?);
            at = self.leaves.saturating_add(at >> 1);
        }
        Some(proof)
    }
}

/// A tree whose leaves come one after the other in rising order, and whose number is known: no more is kept than two
/// hashes for each of its levels.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LeafStream"))]
pub struct Stream {
    /// How many leaves it will have.
    pub count: u32,
    /// How many came.
    pub taken: u32,
    /// The last of them.
    pub last: Hash,
    /// Nodes whose sister has not come, each with its place in the line.
    waiting: Vec<(u64, Hash)>,
}

impl Stream {
    /// A tree that will have so many leaves.
    pub const fn new(count: u32) -> Self {
        Self { count, taken: 0, last: Hash::ZERO, waiting: Vec::new() }
    }

    /// Takes the next leaf; whether it may come: it is above the last one, and not one too many.
    #[must_use]
    pub fn take(&mut self, leaf: Hash) -> bool {
        if leaf <= self.last || self.taken >= self.count {
            return false;
        }
        let (mut at, mut hash) = (u64::from(self.taken), leaf);
        while let Some(found) = self.waiting.iter().position(|(place, _)| *place == at ^ 1) {
            let (_, sister) = self.waiting.swap_remove(found);
            hash = node(&sister, &hash);
            at = u64::from(self.count).saturating_add(at >> 1);
        }
        self.waiting.push((at, hash));
        self.last = leaf;
        self.taken = self.taken.saturating_add(1);
        true
    }

    /// The root, once all leaves came.
    pub fn root(&self) -> Option<Hash> {
        let root = self.waiting.first().filter(|_| self.taken == self.count);
        root.map(|(_, hash)| *hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::String, vec::Vec};

    fn hash(text: &str) -> Hash {
        Hash::parse(text).unwrap()
    }

    fn word(hex: &str) -> Vec<u8> {
        let mut word = [0; 32];
        let text: String = std::format!("{hex:0>64}");
        assert!(backstop_units::parse_hex(&text, &mut word));
        word.to_vec()
    }

    /// The example of the library's documentation: an address and an amount each.
    #[test]
    fn the_published_root() {
        let value = |digit: &str, amount: u128| {
            let account = word(&digit.repeat(40));
            leaf_of(&[&account, &word(&std::format!("{amount:x}"))])
        };
        let leaves = [value("1", 5_000_000_000_000_000_000), value("2", 2_500_000_000_000_000_000)];
        let tree = Tree::new(leaves.to_vec());
        let root = hash("d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77");
        assert_eq!(tree.root(), Some(root));
        let proof = [hash("b92c48e9d7abe27fd8dfd6b5dfdbfb1c9a463f80c712b66f3a5180a090cccafc")];
        assert_eq!(tree.proof(leaves[0]), Some(proof.to_vec()));
        assert!(includes(leaves[0], &proof, root) && !includes(leaves[1], &proof, root));
    }

    /// The heap of the library's code, word for word: the last place is the first leaf's.
    fn heap(leaves: &[Hash]) -> Vec<Hash> {
        let mut tree = std::vec![Hash::ZERO; 2 * leaves.len() - 1];
        let size = tree.len();
        for (at, leaf) in leaves.iter().enumerate() {
            tree[size - 1 - at] = *leaf;
        }
        for at in (0..size - leaves.len()).rev() {
            tree[at] = node(&tree[2 * at + 1], &tree[2 * at + 2]);
        }
        tree
    }

    fn leaves(count: u32) -> Vec<Hash> {
        let leaf = |index| Leaf { index, account: Label::NONE, amount: Amount::new(7) };
        (0..count).map(|index| leaf(index).hash()).collect()
    }

    #[test]
    fn every_size_is_the_librarys_heap_and_every_leaf_is_proved() {
        for count in 1..=40 {
            let mut leaves = leaves(count);
            let tree = Tree::new(leaves.clone());
            leaves.sort_unstable();
            let root = heap(&leaves)[0];
            assert_eq!(tree.root(), Some(root), "{count} leaves");
            let mut stream = Stream::new(count);
            for leaf in &leaves {
                assert_eq!(stream.root(), None);
                assert!(stream.take(*leaf) && !stream.take(*leaf));
                assert!(stream.waiting.len() <= 14);
                let proof = tree.proof(*leaf).unwrap();
                assert!(includes(*leaf, &proof, root));
                let mut bent = proof.clone();
                bent.pop();
                assert!(count == 1 || !includes(*leaf, &bent, root));
                assert!(!includes(leaf_of(&[leaf.bytes()]), &proof, root));
            }
            assert_eq!(stream.root(), Some(root), "{count} leaves");
            assert!(!stream.take(Hash::new([255; 32])));
        }
        assert_eq!(Tree::new(Vec::new()).root(), None);
        assert_eq!(Tree::new(Vec::new()).proof(Hash::ZERO), None);
    }

    /// Words as an encoder of that interface writes them: numbers to the right, the label to the left.
    #[test]
    fn a_leaf_is_three_words() {
        let account = Label::parse("alice").unwrap();
        let leaf = Leaf { index: 258, account, amount: Amount::new(1 << 100) };
        let mut alice = [0; 32];
        alice[..5].copy_from_slice(b"alice");
        let amount = word(&std::format!("{:x}", 1u128 << 100));
        assert_eq!(leaf.hash(), leaf_of(&[&word("102"), &alice, &amount]));
    }
}
