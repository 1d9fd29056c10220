//! The canonical bytes of a state, and their hash.

use super::State;
use crate::reject::Corrupt;
use alloc::vec::Vec;
use backstop_units::Hash;
use borsh::io;
use sha2::Digest;

impl State {
    /// The canonical bytes: slabs in order, without indexes. Equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing into memory can't fail; sizes stay below borsh's 32-bit lengths by the handles' width.
        let _ = self.write(&mut bytes);
        bytes
    }

    /// Reads canonical bytes and rebuilds the indexes.
    ///
    /// # Errors
    /// [`Corrupt::Undecodable`] when the bytes are not exactly one state.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut state = Self::read(&mut bytes).map_err(|_| Corrupt::Undecodable)?;
        if !bytes.is_empty() {
            return Err(Corrupt::Undecodable);
        }
        state.rebuild_labels();
        state.commit();
        Ok(state)
    }

    /// SHA-256 of the canonical bytes: the same in every run, on every machine.
    pub fn hash(&self) -> Hash {
        let mut hasher = HashWriter(sha2::Sha256::new());
        // Hashing can't fail; see `to_bytes`.
        let _ = self.write(&mut hasher);
        Hash::new(hasher.0.finalize().into())
    }
}

/// Feeds written bytes to a digest without keeping them.
struct HashWriter(sha2::Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
