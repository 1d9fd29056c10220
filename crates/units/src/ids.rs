//! Dense handles that the core allocates, counted from zero, never used again.

use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// What handles are spelled with.
pub(crate) const PREFIXES: [&str; 15] = [
    "acct", "asset", "farm", "feed", "fund", "index", "loss", "market", "proposal", "reserve",
    "ticket", "tranche", "transfer", "vault", "vloss",
];

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(u32);

        impl $name {
            /// Wraps a position in the slab.
            pub const fn new(index: u32) -> Self {
                Self(index)
            }
            /// The position in the slab.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|index| index.parse().ok())
                    .map(Self)
                    .ok_or_else(|| serde::de::Error::custom(concat!("expected ", $prefix, "_ and a number")))
            }
        }
    };
}

handle!(
    /// An asset: what a fund holds and atoms count.
    AssetId, "asset"
);
handle!(
    /// A lending reserve.
    ReserveId, "reserve"
);
handle!(
    /// A vault.
    VaultId, "vault"
);
handle!(
    /// A farm.
    FarmId, "farm"
);
handle!(
    /// What a vault lost at once, from the moment that it was noticed on.
    VaultLossId, "vloss"
);
handle!(
    /// An account: a trader, staker, liquidator or an office of the venue.
    AccountId, "acct"
);
handle!(
    /// A fund.
    FundId, "fund"
);
handle!(
    /// A staked tranche of a fund.
    TrancheId, "tranche"
);
handle!(
    /// A market.
    MarketId, "market"
);
handle!(
    /// A loss, from its declaration on.
    LossId, "loss"
);
handle!(
    /// A request to unstake.
    TicketId, "ticket"
);
handle!(
    /// A proposal that waits for signatures or time.
    ProposalId, "proposal"
);
handle!(
    /// A transfer between custody and the books.
    TransferId, "transfer"
);

handle!(
    /// A price index: what several feeds report one price of.
    IndexId, "index"
);
handle!(
    /// One feed of a price index.
    FeedId, "feed"
);

/// Position of a record in the log, counted from zero (the genesis record).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// Wraps a position.
    pub const fn new(position: u64) -> Self {
        Self(position)
    }
    /// The position.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The position after this one; stays at the end of the range.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
