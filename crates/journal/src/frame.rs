//! How the records of a batch lie in one blob: each behind its length.
//!
//! ```text
//! | length: u32, little endian | record | length | record | ...
//! ```

/// Bytes of the length in front of a record.
pub const LENGTH_BYTES: usize = 4;

/// Longest record, in bytes: 16 MiB.
pub const RECORD_BYTES_MAX: u32 = 1 << 24;

/// Longest batch, lengths included, in bytes: 512 MiB (SQLite takes blobs up to 1 GB).
pub const BATCH_BYTES_MAX: u64 = 1 << 29;

/// Records of one batch, each behind its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    bytes: Vec<u8>,
    count: u64,
}

/// A record, or the frames it would join, would be too long: bytes got and the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    pub(crate) got: u64,
    pub(crate) limit: u64,
}

impl Frames {
    /// No records, with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), count: 0 }
    }

    /// The records, each behind its length.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of records.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Goes through the records in order.
    pub fn iter(&self) -> RecordIter<'_> {
        RecordIter::new(&self.bytes)
    }

    pub(crate) fn push(&mut self, record: &[u8]) -> Result<(), TooLong> {
        let got = as_u64(record.len());
        let limit = u64::from(RECORD_BYTES_MAX);
        let length = match u32::try_from(record.len()) {
            Ok(length) if length <= RECORD_BYTES_MAX => length,
            _ => return Err(TooLong { got, limit }),
        };
        let total = as_u64(self.bytes.len().saturating_add(record.len()))
            .saturating_add(as_u64(LENGTH_BYTES));
        if total > BATCH_BYTES_MAX {
            return Err(TooLong { got: total, limit: BATCH_BYTES_MAX });
        }
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(record);
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Frames {
    type Item = Result<&'a [u8], FrameError>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

/// The bytes at an offset are not a whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the length at byte {offset} of the batch reaches past its end: restore a copy")]
pub struct FrameError {
    /// Where in the blob the broken length stands, in bytes.
    pub offset: usize,
}

/// Goes through the records of a blob; ends after the first error.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> RecordIter<'a> {
    /// Reads records from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    fn cut(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (length, rest) = self.rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = u32::from_le_bytes(*length);
        if length > RECORD_BYTES_MAX {
            return None;
        }
        rest.split_at_checked(usize::try_from(length).ok()?)
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<&'a [u8], FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((record, rest)) = self.cut() else {
            self.rest = &[];
            return Some(Err(FrameError { offset: self.offset }));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(LENGTH_BYTES).saturating_add(record.len());
        Some(Ok(record))
    }
}

/// A length as a number of bytes; lengths fit on every platform that Rust has.
pub(crate) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_with_an_empty_record() {
        let mut frames = Frames::default();
        for record in [b"one".as_slice(), b"", b"three"] {
            frames.push(record).unwrap();
        }
        let records: Vec<_> = frames.iter().collect();
        assert_eq!(records, [Ok(b"one".as_slice()), Ok(b""), Ok(b"three")]);
        assert_eq!(frames.count(), 3);
    }

    #[test]
    fn every_cut_is_an_error_or_a_shorter_list() {
        let mut frames = Frames::default();
        frames.push(b"abc").unwrap();
        frames.push(b"de").unwrap();
        for cut in 0..frames.bytes().len() {
            let last = RecordIter::new(&frames.bytes()[..cut]).last();
            let whole = cut == 0 || cut == 7;
            assert_eq!(last.is_none_or(|record| record.is_ok()), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_broken_length_names_its_offset_and_ends() {
        let mut bytes = b"\x02\0\0\0ab\x01\0\0\0c".to_vec();
        bytes[7] = 0xff;
        let mut records = RecordIter::new(&bytes);
        assert_eq!(records.next(), Some(Ok(b"ab".as_slice())));
        assert_eq!(records.next(), Some(Err(FrameError { offset: 6 })));
        assert_eq!(records.next(), None);
    }

    #[test]
    fn a_record_over_the_limit_is_refused() {
        let mut frames = Frames::default();
        let long = vec![0; 1 + RECORD_BYTES_MAX as usize];
        let limit = u64::from(RECORD_BYTES_MAX);
        assert_eq!(frames.push(&long), Err(TooLong { got: limit + 1, limit }));
        assert_eq!(frames.count(), 0);
        assert_eq!(frames.push(&long[1..]), Ok(()));
    }
}
