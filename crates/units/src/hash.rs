//! Digests.

use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// A SHA-256 digest: evidence roots, state hashes, digests of bytes to be signed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Hash([u8; 32]);

impl Hash {
    /// All zero bytes: "no evidence given".
    pub const ZERO: Self = Self([0; 32]);

    /// Wraps 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        parse_hex(text, &mut bytes).then_some(Self(bytes))
    }
}

/// Fills `out` from hex digits; whether the length and every digit were right.
pub fn parse_hex(text: &str, out: &mut [u8]) -> bool {
    let digits = text.as_bytes();
    if Some(digits.len()) != out.len().checked_mul(2) {
        return false;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [Some(high), Some(low)] =
            [pair.first(), pair.last()].map(|d| d.and_then(|b| digit(*b)))
        else {
            return false;
        };
        *byte = high << 4 | low;
    }
    true
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest is 64 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn digests_read_back() {
        let hash = Hash::new(core::array::from_fn(|i| u8::try_from(i * 7).unwrap()));
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(Hash::parse("00"), None);
        assert_eq!(Hash::parse(&"g".repeat(64)), None);
    }
}
