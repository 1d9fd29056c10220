//! Schemas of what has a spelling of its own in JSON; all else derives its own from its declaration.

use crate::policy::{Cause, Causes, PublicKey, Role, Roles, SignatureBytes};
use alloc::borrow::Cow;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! sets {
    ($($name:ident of $item:ident;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(with: &mut SchemaGenerator) -> Schema {
                let item = with.subschema_for::<$item>();
                json_schema!({ "type": "array", "items": item, "description": "Each at most once; order does not matter." })
            }
        }
    )*};
}
sets! {
    Causes of Cause;
    Roles of Role;
}

macro_rules! hex {
    ($($name:ident $pattern:literal $what:literal;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $what })
            }
        }
    )*};
}
hex! {
    PublicKey "^[0-9a-f]{64}$" "A public ed25519 key in hex digits.";
    SignatureBytes "^[0-9a-f]{128}$" "An ed25519 signature in hex digits.";
}
