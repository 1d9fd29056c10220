//! Price indexes and their feeds.

use crate::{
    oracle::{Band, Report},
    policy::{IndexPolicy, PublicKey},
};
use alloc::vec::Vec;
use backstop_units::{AccountId, AssetId, FeedId, IndexId, Label, Ppm};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

entity! {
    /// A price that several feeds report.
    PriceIndex {
        /// Its name.
        label: Label,
        /// The asset that it prices, if it prices one.
        asset: Option<AssetId>,
        /// In which asset it is priced.
        quote: AssetId,
        /// Its rules.
        policy: IndexPolicy,
        /// Its feeds that are not retired.
        feeds: Vec<FeedId>,
        /// What it accepted lately.
        band: Band,
    }
    /// One feed of an index.
    Feed {
        /// Its name.
        label: Label,
        /// Of which index.
        index: IndexId,
        /// Feeds that may fail together share a family.
        family: Label,
        /// Whose reports it takes.
        source: FeedSource,
        /// Its last report.
        report: Option<Report>,
        /// Taken out of its index for good.
        retired: bool,
    }
}

/// Who reports for a feed, by handle.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum FeedSource {
    /// Whoever holds this key.
    Key(PublicKey) = 0,
    /// An office of the venue, unsigned.
    Account(AccountId) = 1,
}

/// What a market compares a deficit's mark with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarkCheck {
    /// The index.
    pub index: IndexId,
    /// How far a mark may lie from its price, as a portion of it.
    pub band: Ppm,
}
