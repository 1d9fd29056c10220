//! What a reject shows: the value that was got, or the limit it met.

use crate::policy::Roles;
use backstop_units::{Hash, Label, Span, Timestamp};
use core::fmt;

/// A value in a reject: what was got, or the limit it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Value {
    /// Nothing to show.
    #[default]
    None,
    /// A count: atoms, shares, keys, positions.
    Count(u128),
    /// A moment.
    Time(Timestamp),
    /// An outside name.
    Label(Label),
    /// A digest.
    Hash(Hash),
    /// A length of time.
    Span(Span),
    /// A word out of the product's vocabulary.
    Word(&'static str),
    /// Roles, any of which would do.
    Roles(Roles),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("-"),
            Self::Count(count) => fmt::Display::fmt(count, f),
            Self::Time(time) => fmt::Display::fmt(time, f),
            Self::Label(label) => fmt::Display::fmt(label, f),
            Self::Hash(hash) => fmt::Display::fmt(hash, f),
            Self::Span(span) => fmt::Display::fmt(span, f),
            Self::Word(word) => f.write_str(word),
            Self::Roles(roles) => any_of(*roles, f),
        }
    }
}

/// `venue`, `venue or operator`, `venue, risk or guardian`.
fn any_of(roles: Roles, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut left = roles.iter().count();
    for role in roles.iter() {
        f.write_str(role.word())?;
        left = left.saturating_sub(1);
        f.write_str(match left {
            0 => "",
            1 => " or ",
            _ => ", ",
        })?;
    }
    Ok(())
}

macro_rules! value_from {
    ($($from:ty => $variant:ident: $make:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant($make(value))
            }
        }
    )*};
}
value_from! {
    u128 => Count: core::convert::identity,
    u64 => Count: u128::from,
    u32 => Count: u128::from,
    usize => Count: |v| u128::try_from(v).unwrap_or(u128::MAX),
    backstop_units::Amount => Count: backstop_units::Amount::get,
    backstop_units::Price => Count: backstop_units::Price::get,
    backstop_units::Shares => Count: backstop_units::Shares::get,
    backstop_units::LossId => Count: |v: backstop_units::LossId| u128::from(v.get()),
    backstop_units::TicketId => Count: |v: backstop_units::TicketId| u128::from(v.get()),
    backstop_units::TransferId => Count: |v: backstop_units::TransferId| u128::from(v.get()),
    backstop_units::ProposalId => Count: |v: backstop_units::ProposalId| u128::from(v.get()),
    Span => Span: core::convert::identity,
    Timestamp => Time: core::convert::identity,
    Label => Label: core::convert::identity,
    Hash => Hash: core::convert::identity,
    &'static str => Word: core::convert::identity,
    Roles => Roles: core::convert::identity,
}
