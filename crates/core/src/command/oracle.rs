//! Prices: indexes, their feeds and what these report.

use crate::{
    policy::{IndexPolicy, PublicKey, SignatureBytes},
    table::commands,
};
use backstop_units::{Label, Price, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Who reports for a feed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Reporter {
    /// Whoever holds this key: anyone may carry its signed reports.
    Key(PublicKey) = 0,
    /// An office of the venue, unsigned: operator-attested.
    Account(Label) = 1,
}

commands! {
    /// Registers a price index, without feeds.
    RegisterIndex {
        /// Its name.
        label: Label,
        /// The asset that it prices, if it prices one; each has at most one index.
        @default asset: Option<Label>,
        /// In which asset it is priced: quote atoms for a whole unit × 10⁹.
        quote: Label,
        /// Its rules.
        @default policy: IndexPolicy,
    }
    /// Adds a feed to an index. Needs the council.
    RegisterFeed {
        /// Its name.
        label: Label,
        /// Of which index.
        index: Label,
        /// Feeds that may fail together share a family and count once.
        family: Label,
        /// Whose reports it takes.
        reporter: Reporter,
    }
    /// Reports a price.
    ReportPrice {
        /// By which feed.
        feed: Label,
        /// Quote atoms for a whole unit × 10⁹.
        price: Price,
        /// When the feed saw it; later than its last report.
        at: Timestamp,
        /// The feed's signature over ledger id, index, feed, price and time; none from an account.
        @default signature: Option<SignatureBytes>,
    }
    /// Replaces the rules of an index. Stricter ones are immediate for the risk desk; others need the council.
    SetIndexPolicy {
        /// Which index.
        index: Label,
        /// The new rules.
        policy: IndexPolicy,
    }
    /// Takes a feed out of its index for good.
    RetireFeed {
        /// Which feed.
        feed: Label,
    }
}
