//! The macro behind the command table: types, codes, words and field docs from one declaration.

use borsh::{BorshDeserialize, BorshSerialize, io};

/// One field of a command, for the reference page and the API description.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// Its type, as written in the core.
    pub kind: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// One command, for the reference page and the API description.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// The stable number. Below 255 it is one byte in the encoding; from 256 on the byte 255 and then what
    /// is above 256.
    pub code: u16,
    /// Its word in JSON and scenario files.
    pub word: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Its fields, in the order of their encoding.
    pub fields: &'static [FieldSpec],
}

/// Declares commands: a struct for each, with its own description as constants.
macro_rules! commands {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident {
            $( $(#[doc = $field_doc:literal])+ $(@$default:ident)? $(!$with:literal)? $field:ident: $kind:ty ),* $(,)?
        }
    )*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $field_doc])+ $(#[serde($default)])? $(#[borsh(deserialize_with = $with)])? pub $field: $kind, )*
        }

        impl $name {
            pub(super) const DOC: &'static str = concat!($($doc),+);
            pub(super) const FIELDS: &'static [$crate::table::FieldSpec] = &[$($crate::table::FieldSpec {
                name: stringify!($field),
                kind: stringify!($kind),
                doc: concat!($($field_doc),+),
            }),*];
        }
    )*};
}
pub(crate) use commands;

/// Gives each command its number and word: the enum of all of them, and the table.
macro_rules! bodies {
    ($($code:literal $name:ident $word:literal,)*) => {
        /// What a command asks for. Numbers are append-only.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Body {
            $( #[doc = concat!("See [`", stringify!($name), "`].")] #[serde(rename = $word)] $name($name), )*
        }

        impl BorshSerialize for Body {
            fn serialize<W: io::Write>(&self, to: &mut W) -> io::Result<()> {
                match self {
                    $(Self::$name(command) => {
                        $crate::table::write_code($code, to)?;
                        BorshSerialize::serialize(command, to)
                    })*
                }
            }
        }

        impl Body {
            /// Reads what follows a command's number.
            fn of_code<R: io::Read>(code: u16, from: &mut R) -> io::Result<Self> {
                match code {
                    $($code => $name::deserialize_reader(from).map(Self::$name),)*
                    _ => Err(io::Error::new(io::ErrorKind::InvalidData, "no such command")),
                }
            }
        }

        impl BorshDeserialize for Body {
            fn deserialize_reader<R: io::Read>(from: &mut R) -> io::Result<Self> {
                Self::of_code($crate::table::read_code(from)?, from)
            }
        }

        $(impl From<$name> for Body {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*

        impl Body {
            /// The command's stable number.
            pub const fn code(&self) -> u16 {
                match self { $(Self::$name(_) => $code),* }
            }

            /// The command's word in JSON and scenario files.
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => $word),* }
            }
        }

        /// Every command.
        pub const COMMANDS: &[CommandSpec] = &[$(CommandSpec {
            code: $code,
            word: $word,
            doc: $name::DOC,
            fields: $name::FIELDS,
        }),*];
    };
}
pub(crate) use bodies;

/// The first byte of a number past one byte.
const PAGED: u8 = u8::MAX;
/// The first number past one byte.
const PAGE: u16 = 256;

/// Writes a command's number: one byte, or [`PAGED`] and what is above [`PAGE`].
pub(crate) fn write_code<W: io::Write>(code: u16, to: &mut W) -> io::Result<()> {
    let above = code.checked_sub(PAGE).and_then(|above| u8::try_from(above).ok());
    match (u8::try_from(code), above) {
        (Ok(short), _) if short != PAGED => short.serialize(to),
        (_, Some(above)) => [PAGED, above].serialize(to),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "no command has this number")),
    }
}

/// Reads a command's number.
pub(crate) fn read_code<R: io::Read>(from: &mut R) -> io::Result<u16> {
    let first = u8::deserialize_reader(from)?;
    if first != PAGED {
        return Ok(first.into());
    }
    Ok(u16::from(u8::deserialize_reader(from)?).saturating_add(PAGE))
}
