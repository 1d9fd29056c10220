//! How amounts, times and names are spelled in JSON, as JSON Schema: for the description of the HTTP
//! API. Each says what its `Serialize` writes; a reader may be kinder.

use crate::{
    AccountId, Amount, AssetId, Base, Bps, FarmId, FeedId, Fixed60, FundId, Hash, IndexId, Label,
    LossId, MarketId, Measure, Ppm, Price, ProposalId, ReserveId, Seq, ShareIndex, Shares, Signed,
    Span, TicketId, Timestamp, TrancheId, TransferId, VaultId, VaultLossId,
};
use alloc::borrow::Cow;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! spelled {
    ($($name:ident = { $($schema:tt)* };)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ $($schema)* })
            }
        }
    )*};
}

spelled! {
    Amount = { "type": "string", "pattern": "^[0-9]{1,39}$", "examples": ["1000000"],
        "description": "Atoms of one asset, its smallest unit, as decimal digits: never a number, which would lose some." };
    Shares = { "type": "string", "pattern": "^[0-9]{1,39}$", "description": "Shares, as decimal digits." };
    Base = { "type": "string", "pattern": "^[0-9]{1,39}$", "description": "Lots of a market, as decimal digits." };
    Price = { "type": "string", "pattern": "^[0-9]{1,39}$",
        "description": "A price: 10^9 times the quote atoms for one whole unit of the base, as decimal digits." };
    Fixed60 = { "type": "string", "pattern": "^[0-9]{1,39}$",
        "description": "A number with 60 bits behind the point: its steps of 1/2^60, as decimal digits." };
    ShareIndex = { "type": "string", "pattern": "^[0-9]{1,39}$", "description": "An index for each share, as decimal digits." };
    Measure = { "type": "string", "pattern": "^[0-9]{1,39}$", "description": "A measure, as decimal digits." };
    Signed = { "type": "string", "pattern": "^-?[0-9]{1,39}$", "description": "A signed count of atoms or lots, as decimal digits." };
    Bps = { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32, "description": "Hundredths of a percent." };
    Ppm = { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32, "description": "Parts of a million." };
    Seq = { "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64,
        "description": "The position of a record in the log, from 0." };
    Timestamp = { "type": "string", "format": "date-time",
        "pattern": "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z$",
        "examples": ["2025-10-10T21:19:00Z"], "description": "A moment in UTC, to the millisecond." };
    Span = { "type": "string", "pattern": "^[0-9]{1,20}(ms|s|m|h|d)$", "examples": ["14d"],
        "description": "A length of time: a whole number and its unit." };
    Hash = { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256 digest in hex digits." };
    Label = { "type": "string", "maxLength": 36, "examples": ["alice", "018f2f6e-7b3a-7c11-9d5e-2f0a6c1b4d3e"],
        "pattern": "^([a-z0-9._:-]{1,16}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$",
        "description": "A name that a client chose: up to 16 characters of a-z 0-9 . _ : -, or a UUID." };
}

/// Handles that stay handles in JSON: nothing outside has a name for these.
macro_rules! numbered {
    ($($name:ident $pattern:literal $what:literal;)*) => {
        spelled! { $($name = { "type": "string", "pattern": $pattern, "description": $what };)* }
    };
}
numbered! {
    LossId "^loss_[0-9]{1,10}$" "A loss.";
    VaultLossId "^vloss_[0-9]{1,10}$" "A vault's loss.";
    TicketId "^ticket_[0-9]{1,10}$" "A request to unstake.";
    ProposalId "^proposal_[0-9]{1,10}$" "A proposal.";
    TransferId "^transfer_[0-9]{1,10}$" "A transfer between custody and the books.";
}

/// Handles that JSON for people replaces by names.
macro_rules! named {
    ($($name:ident $what:literal;)*) => {
        spelled! { $($name = { "type": "string", "maxLength": 36, "description": $what };)* }
    };
}
named! {
    AccountId "The name of an account.";
    AssetId "The name of an asset.";
    FarmId "The name of a farm.";
    FeedId "The name of a feed.";
    FundId "The name of a fund.";
    IndexId "The name of a price index.";
    MarketId "The name of a market.";
    ReserveId "The name of a lending reserve.";
    TrancheId "The name of a tranche.";
    VaultId "The name of a vault.";
}
