//! Hash indexes that can be asked but never walked.
//!
//! The order inside a hash map depends on its hasher; rules must not. So the map sits behind a type
//! without iteration, and a snapshot leaves it out: it is rebuilt from the slabs.

use ahash::RandomState;
use alloc::vec::Vec;
use core::{fmt, hash::Hash};
use hashbrown::HashMap;

/// Finds a handle by an outside key. Keys are only ever added.
#[derive(Clone)]
pub(crate) struct Index<K, V> {
    map: HashMap<K, V, RandomState>,
    undo: Vec<K>,
}

impl<K: Copy + Eq + Hash, V: Copy> Index<K, V> {
    /// An empty index whose hasher is seeded from the ledger id, so that it is the same in every run.
    pub(crate) fn new(seed: u128) -> Self {
        let [a, b] = [seed, seed.rotate_left(64)]
            .map(|s| u64::try_from(s & u128::from(u64::MAX)).unwrap_or(0));
        let hasher = RandomState::with_seeds(a, b, !a, !b);
        Self { map: HashMap::with_hasher(hasher), undo: Vec::new() }
    }

    /// What stands under `key`.
    #[inline]
    pub(crate) fn get(&self, key: K) -> Option<V> {
        self.map.get(&key).copied()
    }

    /// Adds a key; the caller has seen that it is free.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.map.insert(key, value);
        self.undo.push(key);
    }

    /// Makes room for `count` more keys at once, for loading a snapshot.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.map.reserve(count);
    }

    #[inline]
    pub(crate) fn commit(&mut self) {
        if !self.undo.is_empty() {
            self.undo.clear();
        }
    }

    pub(crate) fn rollback(&mut self) {
        while let Some(key) = self.undo.pop() {
            self.map.remove(&key);
        }
    }
}

impl<K, V> fmt::Debug for Index<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({} keys)", self.map.len())
    }
}
