//! What an API key is spelled like, and what it may do.

use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// What the holder of a key may do. Each role may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads, where reads need a key.
    Reader,
    /// Reads all that there is, where reads need a key.
    Auditor,
    /// Sends commands as the accounts that its key is bound to.
    Sender,
    /// Sends commands as any account.
    Operator,
}

impl Role {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Reader, Self::Auditor, Self::Sender, Self::Operator];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Auditor => "auditor",
            Self::Sender => "sender",
            Self::Operator => "operator",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = KeyError;

    fn from_str(word: &str) -> Result<Self, KeyError> {
        let found = Self::ALL.iter().copied().find(|role| role.word() == word);
        found.ok_or(KeyError::Role)
    }
}

/// Why something is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The spelling is another.
    #[error("not an API key: expected bsk_, 12 hex digits, _, 64 hex digits")]
    Spelling,
    /// No such role.
    #[error("not a role: expected reader, auditor, sender or operator")]
    Role,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

const PREFIX: &str = "bsk_";
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;

/// A key as it is shown once: `bsk_<id>_<secret>`.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeKey {
    /// What it is listed and revoked by.
    pub id: String,
    secret: [u8; SECRET_BYTES],
}

impl fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl MadeKey {
    /// A new one out of the system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn random() -> Result<Self, KeyError> {
        let (id, secret) = (random::<ID_BYTES>()?, random()?);
        Ok(Self { id: hex::encode(id), secret })
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyError::Spelling`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(KeyError::Spelling)?;
        let (mut id_bytes, mut bytes) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        let lower = id.bytes().chain(secret.bytes()).all(|byte| !byte.is_ascii_uppercase());
        let read = hex::decode_to_slice(id, &mut id_bytes)
            .and_then(|()| hex::decode_to_slice(secret, &mut bytes));
        match (read, lower) {
            (Ok(()), true) => Ok(Self { id: id.to_owned(), secret: bytes }),
            _ => Err(KeyError::Spelling),
        }
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, hex::encode(self.secret))
    }

    /// What is kept of its secret.
    pub(super) fn hash(&self) -> [u8; 32] {
        digest(&self.secret)
    }
}

/// Bytes nobody can guess.
///
/// # Errors
/// [`KeyError::Random`].
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

/// SHA-256.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Whether two digests are the same, in a time that does not say where they differ.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_do_not_show_themselves() {
        let key = MadeKey::random().unwrap();
        let text = key.reveal();
        assert_eq!(MadeKey::parse(&text), Ok(key.clone()));
        assert_ne!(MadeKey::random().unwrap(), key);
        assert!(!format!("{key:?}").contains(text.rsplit('_').next().unwrap()));
        for wrong in
            ["", "bsk_", "bsk_00_00", &text[1..], &text.to_uppercase(), &format!("{text}0")]
        {
            assert_eq!(MadeKey::parse(wrong), Err(KeyError::Spelling), "{wrong}");
        }
    }

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(*role));
        }
        assert_eq!("king".parse::<Role>(), Err(KeyError::Role));
    }
}
