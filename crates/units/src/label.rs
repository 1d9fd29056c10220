//! Outside names: sixteen bytes that a client chose.

use crate::hash::parse_hex;
use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize, io};
use core::{
    fmt,
    hash::{Hash, Hasher},
};

/// The name by which the outside knows an asset, account, fund or market, and the id of a command.
///
/// Sixteen bytes with two spellings that can't be confused: up to sixteen characters out of
/// `a-z 0-9 . _ : -` (`sol-perp`, `alice`), or 32 hex digits with or without the dashes of a UUID.
/// A text label is padded with zero bytes, so each value has exactly one text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Label([u8; 16]);

// One number instead of a list with its length: labels are looked up several times for each command.
impl Hash for Label {
    #[inline]
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl BorshDeserialize for Label {
    #[inline]
    fn deserialize_reader<R: io::Read>(from: &mut R) -> io::Result<Self> {
        let mut bytes = [0; 16];
        from.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Why a text is no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a label: up to 16 characters of a-z 0-9 . _ : - or a UUID")]
pub struct LabelError;

impl Label {
    /// The empty label: nobody.
    pub const NONE: Self = Self([0; 16]);

    /// Wraps sixteen bytes, such as a UUID's.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The sixteen bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
    /// The bytes as a number, big end first.
    pub const fn get(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
    /// Reads either spelling.
    ///
    /// # Errors
    /// [`LabelError`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        if text.len() > 16 {
            return Self::parse_uuid(text);
        }
        let fits = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'-');
        if text.is_empty() || !text.bytes().all(fits) || is_handle(text) {
            return Err(LabelError);
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Ok(Self(bytes))
    }

    fn parse_uuid(text: &str) -> Result<Self, LabelError> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let dashed = text.len() == 36
            && [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        let mut bytes = [0; 16];
        let right = (text.len() == 32 || dashed) && parse_hex(&digits, &mut bytes);
        right.then_some(Self(bytes)).ok_or(LabelError)
    }

    /// The text spelling, when there is one.
    pub fn text(&self) -> Option<&str> {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(16);
        let (text, rest) = self.0.split_at_checked(end)?;
        let text = core::str::from_utf8(text).ok()?;
        (rest.iter().all(|b| *b == 0) && Self::parse(text) == Ok(*self)).then_some(text)
    }
}

/// Whether a text is spelled like one of the core's own handles: a label like it would pass for what
/// the handle stands for.
fn is_handle(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, index)| {
        crate::ids::PREFIXES.contains(&kind) && index.bytes().all(|b| b.is_ascii_digit())
    })
}

impl core::str::FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::parse(text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.pad(text),
            None => self.0.iter().enumerate().try_for_each(|(at, byte)| {
                let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
                write!(f, "{dash}{byte:02x}")
            }),
        }
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({self})")
    }
}

impl serde::Serialize for Label {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Label {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn both_spellings_read_back() {
        for text in
            ["alice", "sol-perp", "a", "0123456789abcdef", "018f2d9a-7b1c-7000-8000-0000000000aa"]
        {
            let label = Label::parse(text).unwrap();
            assert_eq!(label.to_string(), text);
            assert_eq!(Label::parse(&label.to_string()), Ok(label));
        }
        assert_eq!(Label::parse("").err(), Some(LabelError));
        for wrong in
            ["Alice", "a b", "seventeen-letters", "018f2d9a-7b1c-7000-8000-0000000000a", "ä"]
        {
            assert!(Label::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// Every handle, as it is spelled.
    #[test]
    fn no_label_is_spelled_like_a_handle() {
        use crate::ids::*;
        let handles = [
            AccountId::new(7).to_string(),
            AssetId::new(7).to_string(),
            FarmId::new(7).to_string(),
            FeedId::new(7).to_string(),
            FundId::new(7).to_string(),
            IndexId::new(7).to_string(),
            LossId::new(7).to_string(),
            MarketId::new(7).to_string(),
            ProposalId::new(7).to_string(),
            ReserveId::new(7).to_string(),
            TicketId::new(7).to_string(),
            TrancheId::new(7).to_string(),
            TransferId::new(7).to_string(),
            VaultId::new(7).to_string(),
            VaultLossId::new(7).to_string(),
        ];
        assert_eq!(handles.len(), PREFIXES.len(), "a handle is not listed");
        for handle in handles {
            assert!(Label::parse(&handle).is_err(), "{handle}");
        }
    }
}
