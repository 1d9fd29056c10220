//! What the log holds: one record for each command, and the genesis before them all.

use crate::{
    command::{Body, Command},
    event::Event,
    policy::Limits,
    reject::Corrupt,
};
use alloc::vec::Vec;
use backstop_units::{Label, Seq, Timestamp};
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, ErrorKind, Write},
};
use serde::{Deserialize, Serialize};

/// How a ledger begins: its name, its limits, and a preset resolved into commands.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Which ledger this is.
    pub ledger: Label,
    /// Rules that hold from the start.
    pub rules: u16,
    /// Where the setup came from; not read at replay.
    pub preset: Label,
    /// Limits, fixed for ever.
    pub limits: Limits,
    /// What is carried out at the start, by nobody's right but the genesis.
    pub setup: Vec<Body>,
}

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Entry {
    /// The beginning.
    Genesis(Genesis) = 0,
    /// A command.
    Command(Command) = 1,
}

/// One record: what was asked, under which rules, and what it turned out to mean.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Its position in the log.
    pub seq: Seq,
    /// When the writer stamped it.
    pub time: Timestamp,
    /// The rules it was decided by.
    pub rules: u16,
    /// What was asked.
    pub entry: Entry,
    /// The facts.
    pub events: Vec<Event>,
}

impl Record {
    /// Reads exactly one record.
    ///
    /// # Errors
    /// [`Corrupt::Undecodable`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        borsh::from_slice(bytes).map_err(|_| Corrupt::Undecodable)
    }

    /// The record's one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&mut bytes, (self.seq, self.time, self.rules), &self.entry, &self.events);
        bytes
    }
}

/// A record whose events are still bytes. One value has one encoding, so deciding it again can compare
/// bytes, and the events need not be read.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Its position in the log.
    pub seq: Seq,
    /// When the writer stamped it.
    pub time: Timestamp,
    /// The rules it was decided by.
    pub rules: u16,
    /// What was asked.
    pub entry: Entry,
    /// The facts, encoded as a list.
    pub events: &'a [u8],
}

impl<'a> Asked<'a> {
    /// Reads a record up to its events.
    ///
    /// # Errors
    /// [`Corrupt::Undecodable`].
    pub fn decode(mut bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let rest = &mut bytes;
        let (seq, time, rules) = field(rest)?;
        Ok(Self { seq, time, rules, entry: field(rest)?, events: rest })
    }

    /// Reads the events as well.
    ///
    /// # Errors
    /// [`Corrupt::Undecodable`].
    pub fn record(self) -> Result<Record, Corrupt> {
        let Self { seq, time, rules, entry, events } = self;
        let events = borsh::from_slice(events).map_err(|_| Corrupt::Undecodable)?;
        Ok(Record { seq, time, rules, entry, events })
    }

    /// Whether these are its events, to the byte.
    pub fn holds(&self, events: &[Event]) -> bool {
        let mut expected = Expected(self.events);
        BorshSerialize::serialize(events, &mut expected).is_ok() && expected.0.is_empty()
    }
}

fn field<T: BorshDeserialize>(bytes: &mut &[u8]) -> Result<T, Corrupt> {
    T::deserialize(bytes).map_err(|_| Corrupt::Undecodable)
}

/// Takes only the bytes that it expects.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest = self.0.strip_prefix(bytes).ok_or(ErrorKind::InvalidData)?;
        self.0 = rest;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Write::write(self, bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a record's encoding without owning its parts.
pub fn encode(bytes: &mut Vec<u8>, head: (Seq, Timestamp, u16), entry: &Entry, events: &[Event]) {
    // Writing into memory can't fail; the tuple encodes like the struct, field by field.
    let _ = BorshSerialize::serialize(&(head.0, head.1, head.2, entry, events), bytes);
}

/// Appends the encoding of a command's record, borrowing the command.
pub fn encode_command(
    bytes: &mut Vec<u8>,
    head: (Seq, Timestamp, u16),
    command: &Command,
    events: &[Event],
) {
    let _ = BorshSerialize::serialize(&(head.0, head.1, head.2, 1u8, command, events), bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Body, OpenAccount};

    #[test]
    fn borrowed_and_owned_encodings_agree() {
        let label = Label::parse("alice").unwrap();
        let command = Command {
            id: Label::from_bytes([7; 16]),
            actor: label,
            occurred_at: Some(Timestamp::from_ms(5)),
            body: Body::OpenAccount(OpenAccount { label, group: None, venue: None }),
            approvals: None,
        };
        let events = vec![Event::NonceUsed { nonce: 3 }];
        let head = (Seq::new(9), Timestamp::from_ms(6), 1);
        let record = Record {
            seq: head.0,
            time: head.1,
            rules: head.2,
            entry: Entry::Command(command.clone()),
            events,
        };
        let mut bytes = Vec::new();
        encode_command(&mut bytes, head, &command, &record.events);
        assert_eq!(bytes, record.encode());
        assert_eq!(bytes, borsh::to_vec(&record).unwrap());
        let asked = Asked::decode(&bytes).unwrap();
        assert!(asked.holds(&record.events));
        for other in [vec![], vec![Event::NonceUsed { nonce: 4 }], [&record.events[..]; 2].concat()]
        {
            assert!(!asked.holds(&other), "{other:?}");
        }
        assert_eq!(asked.record(), Ok(record.clone()));
        assert_eq!(Record::decode(&bytes), Ok(record));
        bytes.push(0);
        assert_eq!(Asked::decode(&bytes).unwrap().record(), Err(Corrupt::Undecodable));
        assert_eq!(Record::decode(&bytes), Err(Corrupt::Undecodable));
    }
}
