//! The macro behind the command table: types, codes, words and field docs from one declaration.

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
    /// The stable discriminant.
    pub code: u8,
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
        /// What a command asks for. Discriminants are append-only.
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum Body {
            $( #[doc = concat!("See [`", stringify!($name), "`].")] #[serde(rename = $word)] $name($name) = $code, )*
        }

        $(impl From<$name> for Body {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*

        impl Body {
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
