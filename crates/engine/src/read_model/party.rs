//! Whom and what a record concerns.

use std::fmt::{self, Write as _};

use backstop_core::Event;
use backstop_units::{
    AccountId, FarmId, FeedId, FundId, IndexId, LossId, MarketId, ProposalId, ReserveId, TicketId,
    TrancheId, TransferId, VaultId, VaultLossId,
};
use serde::ser::{self, Serialize};

/// What a record can be looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Records of one command, by its number; the genesis is 0.
    Kind(u16),
    /// Records that an account sent.
    Actor(AccountId),
    /// An account that a record changes or names.
    Account(AccountId),
    /// A fund, also where only a tranche of it is named.
    Fund(FundId),
    /// A staked tranche.
    Tranche(TrancheId),
    /// A market, also where only a loss on it is named.
    Market(MarketId),
    /// A loss.
    Loss(LossId),
    /// A lending reserve.
    Reserve(ReserveId),
    /// A vault, also where only its insurance pool is named.
    Vault(VaultId),
    /// A farm.
    Farm(FarmId),
    /// An insurance pool.
    Pool(u32),
    /// What a vault lost at once.
    VaultLoss(VaultLossId),
    /// A price index.
    Index(IndexId),
    /// A feed of prices.
    Feed(FeedId),
    /// A proposal.
    Proposal(ProposalId),
    /// A transfer between custody and the books.
    Transfer(TransferId),
    /// A request to unstake.
    Ticket(TicketId),
}

/// What only the fold itself looks up: handles without a type of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Margin(u32),
    Position(u32),
    Loan(u32),
    Staker(u32),
    PoolExit(u32),
}

const fn key(tag: u64, id: u32) -> u64 {
    // A handle is below 2^32, a tag below 2^6.
    tag << 32 | widen(id)
}

#[expect(clippy::as_conversions, reason = "u32 to u64 is lossless, and From is not const")]
const fn widen(id: u32) -> u64 {
    id as u64
}

/// The bits that a key has at most.
pub(super) const KEY_BITS: u32 = 38;

impl Party {
    /// Kind and handle as one number, below 2^38.
    pub(super) fn key(self) -> u64 {
        match self {
            Self::Kind(code) => key(1, code.into()),
            Self::Actor(id) => key(2, id.get()),
            Self::Account(id) => key(3, id.get()),
            Self::Fund(id) => key(4, id.get()),
            Self::Tranche(id) => key(5, id.get()),
            Self::Market(id) => key(6, id.get()),
            Self::Loss(id) => key(7, id.get()),
            Self::Reserve(id) => key(8, id.get()),
            Self::Vault(id) => key(9, id.get()),
            Self::Farm(id) => key(10, id.get()),
            Self::Pool(id) => key(11, id),
            Self::VaultLoss(id) => key(12, id.get()),
            Self::Index(id) => key(13, id.get()),
            Self::Feed(id) => key(14, id.get()),
            Self::Proposal(id) => key(15, id.get()),
            Self::Transfer(id) => key(16, id.get()),
            Self::Ticket(id) => key(17, id.get()),
        }
    }

    /// The party that a number of [`Party::key`] stands for; none for what only the fold looks up.
    pub(super) fn of_key(key: u64) -> Option<Self> {
        let id = u32::try_from(key & u64::from(u32::MAX)).ok()?;
        Some(match key >> 32 {
            1 => Self::Kind(u16::try_from(id).ok()?),
            2 => Self::Actor(AccountId::new(id)),
            3 => Self::Account(AccountId::new(id)),
            4 => Self::Fund(FundId::new(id)),
            5 => Self::Tranche(TrancheId::new(id)),
            6 => Self::Market(MarketId::new(id)),
            7 => Self::Loss(LossId::new(id)),
            8 => Self::Reserve(ReserveId::new(id)),
            9 => Self::Vault(VaultId::new(id)),
            10 => Self::Farm(FarmId::new(id)),
            11 => Self::Pool(id),
            12 => Self::VaultLoss(VaultLossId::new(id)),
            13 => Self::Index(IndexId::new(id)),
            14 => Self::Feed(FeedId::new(id)),
            15 => Self::Proposal(ProposalId::new(id)),
            16 => Self::Transfer(TransferId::new(id)),
            17 => Self::Ticket(TicketId::new(id)),
            _ => return None,
        })
    }

    /// Whom and what an event names, each as often as it does; assets are left out.
    pub fn of_event(event: &Event) -> Vec<Self> {
        let mut found = Vec::new();
        Self::add_named(event, &mut |party| found.push(party));
        found
    }

    /// As [`Party::of_event`], into a function.
    pub fn add_named(event: &Event, add: &mut impl FnMut(Self)) {
        let mut keys = Vec::with_capacity(8);
        named(event, &mut keys);
        keys.into_iter().filter_map(Self::of_key).for_each(add);
    }

    /// The party that a handle's spelling stands for, as `fund_3`; none for assets, which are behind
    /// nearly every record, and for what is no handle.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('_')?;
        let spelled = id.bytes().all(|byte| byte.is_ascii_digit());
        let id = id.parse().ok().filter(|_| spelled)?;
        Some(match kind {
            "acct" => Self::Account(AccountId::new(id)),
            "fund" => Self::Fund(FundId::new(id)),
            "tranche" => Self::Tranche(TrancheId::new(id)),
            "market" => Self::Market(MarketId::new(id)),
            "loss" => Self::Loss(LossId::new(id)),
            "reserve" => Self::Reserve(ReserveId::new(id)),
            "vault" => Self::Vault(VaultId::new(id)),
            "farm" => Self::Farm(FarmId::new(id)),
            "vloss" => Self::VaultLoss(VaultLossId::new(id)),
            "index" => Self::Index(IndexId::new(id)),
            "feed" => Self::Feed(FeedId::new(id)),
            "proposal" => Self::Proposal(ProposalId::new(id)),
            "transfer" => Self::Transfer(TransferId::new(id)),
            "ticket" => Self::Ticket(TicketId::new(id)),
            _ => return None,
        })
    }
}

impl Part {
    /// As [`Party::key`], with tags of their own.
    pub(super) fn key(self) -> u64 {
        match self {
            Self::Margin(id) => key(32, id),
            Self::Position(id) => key(33, id),
            Self::Loan(id) => key(34, id),
            Self::Staker(id) => key(35, id),
            Self::PoolExit(id) => key(36, id),
        }
    }
}

/// Adds every party that an event names by a handle of its own type.
///
/// An event says its handles when it is serialised, whatever its shape, so a new kind of event needs no
/// line here. The event that comes by the million is taken apart by hand.
pub(super) fn named(event: &Event, parties: &mut Vec<u64>) {
    match event {
        Event::OpenInterestReported { market, .. } => parties.push(Party::Market(*market).key()),
        Event::LiquidationSettled {
            market,
            account,
            liquidator,
            fund,
            overflow,
            overflow_to,
            ..
        } => {
            let found = [
                Party::Market(*market),
                Party::Account(*account),
                Party::Account(*liquidator),
                Party::Fund(*fund),
            ];
            parties.extend(found.map(Party::key));
            if !overflow.is_zero() {
                // Nothing is written, so nothing can fail.
                let _ = overflow_to.serialize(&mut Walker { parties });
            }
        }
        _ => {
            let _ = event.serialize(&mut Walker { parties });
        }
    }
}

/// Goes through a value and keeps the handles that it meets.
struct Walker<'a> {
    parties: &'a mut Vec<u64>,
}

/// The longest spelling of a handle.
const SPELLED: usize = 24;

/// A short text; longer ones are no handles and are given up.
#[derive(Default)]
struct Spelling {
    bytes: [u8; SPELLED],
    len: usize,
}

impl fmt::Write for Spelling {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        let to = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        to.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Walker<'_> {
    fn text(&mut self, text: &str) {
        self.parties.extend(Party::parse(text).map(Party::key));
    }
}

/// What a walk can't meet.
#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value can't be walked through")
    }
}
impl std::error::Error for Never {}
impl ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! nothing {
    ($($name:ident($kind:ty);)*) => {
        $(fn $name(self, _: $kind) -> Result<(), Never> { Ok(()) })*
    };
}

impl ser::Serializer for &mut Walker<'_> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    nothing! {
        serialize_bool(bool); serialize_char(char); serialize_bytes(&[u8]);
        serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
        serialize_f32(f32); serialize_f64(f64); serialize_i128(i128); serialize_u128(u128);
        serialize_unit_struct(&'static str);
    }
    fn serialize_str(self, text: &str) -> Result<(), Never> {
        self.text(text);
        Ok(())
    }
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Never> {
        let mut spelling = Spelling::default();
        if write!(spelling, "{value}").is_ok() {
            let text = spelling.bytes.get(..spelling.len).map(std::str::from_utf8);
            if let Some(Ok(text)) = text {
                self.text(text);
            }
        }
        Ok(())
    }
    fn serialize_none(self) -> Result<(), Never> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Never> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Never> {
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        Ok(self)
    }
}

macro_rules! lists {
    ($($list:ident $item:ident;)*) => {$(
        impl ser::$list for &mut Walker<'_> {
            type Ok = ();
            type Error = Never;
            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
                value.serialize(&mut **self)
            }
            fn end(self) -> Result<(), Never> {
                Ok(())
            }
        }
    )*};
}
lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! fields {
    ($($list:ident)*) => {$(
        impl ser::$list for &mut Walker<'_> {
            type Ok = ();
            type Error = Never;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Never> {
                value.serialize(&mut **self)
            }
            fn end(self) -> Result<(), Never> {
                Ok(())
            }
        }
    )*};
}
fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for &mut Walker<'_> {
    type Ok = ();
    type Error = Never;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        key.serialize(&mut **self)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(&mut **self)
    }
    fn end(self) -> Result<(), Never> {
        Ok(())
    }
}
