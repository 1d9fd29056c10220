//! Settings: what makes one venue differ from another. Presets are values of these types, no code.

mod adl;
mod collateral;
mod control;
mod equity;
mod farm;
mod fund;
mod hosted;
mod house;
mod inventory;
mod lending;
mod limits;
mod market;
mod oracle;
mod pool;
mod vault;

pub use adl::*;
pub use collateral::*;
pub use control::*;
pub use equity::*;
pub use farm::*;
pub use fund::*;
pub use hosted::*;
pub use house::*;
pub use inventory::*;
pub use lending::*;
pub use limits::*;
pub use market::*;
pub use oracle::*;
pub use pool::*;
pub use vault::*;

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant = $code),* }

        impl $name {
            /// Every choice, in the order of its discriminant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The word for people and scenario files.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}
pub(crate) use choice;

choice! {
    /// Whom a fund may serve.
    FundKind {
        /// Any market may name it as a layer.
        Shared = 0 "shared",
        /// Only markets that were created on it, and none of them may also use a shared fund.
        Isolated = 1 "isolated",
    }
}
choice! {
    /// How a liquidation's remaining collateral is rounded into its three parts.
    SplitRounding {
        /// Exact: atoms left over go to the largest remainders.
        LargestRemainder = 0 "largest_remainder",
        /// Fund and liquidator are rounded down, the user keeps the rest.
        FloorRestToUser = 1 "floor_rest_to_user",
    }
}
choice! {
    /// Where the fund's part of a liquidation's remaining collateral comes from.
    SplitRate {
        /// From the split itself.
        Fixed = 0 "fixed",
        /// The fund's fee control: its rate on the collateral that is left.
        Collateral = 1 "collateral",
        /// The fund's fee control: its rate on the closed notional, as far as the collateral goes.
        Notional = 2 "notional",
    }
}
choice! {
    /// Where the fund's part of an allocation goes as far as it does not fit under the threshold.
    Overflow {
        /// The fund's treasury account (default: nobody can earn by liquidating himself).
        Treasury = 0 "treasury",
        /// Back to the liquidated user.
        User = 1 "user",
        /// To the liquidator.
        Liquidator = 2 "liquidator",
        /// Into the fund's first staked tranche, raising its share price; the treasury if it has none.
        Stakers = 3 "stakers",
    }
}
choice! {
    /// What a ticket pays.
    ExitValue {
        /// The value of its shares when it is claimed.
        AtClaim = 0 "at_claim",
        /// The lower of the values at request and at claim: a leaver keeps losses and forgoes gains.
        LowerOfRequestAndClaim = 1 "lower_of_request_and_claim",
    }
}
choice! {
    /// What a staker gives up who takes his ticket back.
    CancelTerms {
        /// Nothing.
        Free = 0 "free",
        /// What his shares gained since the request: a ticket is no free option.
        ForfeitGains = 1 "forfeit_gains",
    }
}
choice! {
    /// How the protocol holds what is its own beside the stakers: its part of revenue, and what the
    /// last staker leaves behind.
    ProtocolHolding {
        /// In the fund's reserve, without shares: first to pay, apart from the stakers' money.
        Reserve = 0 "reserve",
        /// As shares of the tranche, which gain and lose with those of the stakers.
        Shares = 1 "shares",
    }
}
choice! {
    /// What a newcomer pays for a share while revenue waits to be settled.
    EntryPrice {
        /// The assets that are there: the next settlement is a gift to him.
        Spot = 0 "spot",
        /// With what a settlement would bring now: he gains nothing that accrued before he came.
        WithPending = 1 "with_pending",
    }
}
choice! {
    /// What caused a loss; each fund and tranche says which it covers.
    Cause {
        /// A bankrupt account owes more than its collateral.
        Bankruptcy = 0 "bankruptcy",
        /// A market can't pay its winners.
        PnlDeficit = 1 "pnl_deficit",
        /// A borrower's debt exceeds its collateral.
        BadDebt = 2 "bad_debt",
        /// A key was stolen.
        KeyCompromise = 3 "key_compromise",
        /// The operator erred.
        OperatorError = 4 "operator_error",
        /// The software failed.
        SoftwareFault = 5 "software_fault",
    }
}
choice! {
    /// Where a lock on exits or entries comes from.
    AlertCause {
        /// The price feed is stale or in dispute.
        Oracle = 0 "oracle",
        /// Liquidations wait longer than they should.
        Backlog = 1 "backlog",
        /// A deficit was seen and is being measured.
        Deficit = 2 "deficit",
        /// The books and the custodian disagree.
        Custody = 3 "custody",
    }
}
choice! {
    /// What an account's holder is allowed to do.
    Role {
        /// Runs the ledger: opens accounts, creates funds and markets.
        Operator = 0 "operator",
        /// A trading or lending venue: settles liquidations, reports open interest, acts for its users.
        Venue = 1 "venue",
        /// The risk desk: targets, declarations, alerts.
        Risk = 2 "risk",
        /// A vault's curator.
        Curator = 3 "curator",
        /// A member of the council.
        Council = 4 "council",
        /// Pauses entries and raises alerts.
        Guardian = 5 "guardian",
        /// Cranks what time has made due.
        Keeper = 6 "keeper",
        /// Reports what the custodian holds and moves.
        Custodian = 7 "custodian",
    }
}

macro_rules! bit_set {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
        pub struct $name(u16);

        impl $name {
            /// None.
            pub const NONE: Self = Self(0);

            #[expect(clippy::as_conversions, reason = "the discriminant of a repr(u8) enum; From is not const")]
            const fn bit(item: $item) -> u16 {
                match 1u16.checked_shl(item as u32) {
                    Some(bit) => bit,
                    None => 0,
                }
            }
            /// The set of these.
            pub const fn of(items: &[$item]) -> Self {
                let mut bits = 0;
                let mut rest = items;
                while let [first, tail @ ..] = rest {
                    bits |= Self::bit(*first);
                    rest = tail;
                }
                Self(bits)
            }
            /// Whether `item` is in the set.
            pub const fn has(self, item: $item) -> bool {
                self.0 & Self::bit(item) != 0
            }
            /// Whether any of `other` is in the set.
            pub const fn meets(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }
            /// Whether all of `other` is in the set.
            pub const fn covers(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }
            /// The items, in order.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.has(*item))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(self.iter())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(Self::of(&<Vec<$item> as Deserialize>::deserialize(from)?))
            }
        }
    };
}

bit_set! {
    /// A set of causes.
    Causes of Cause
}
bit_set! {
    /// A set of roles.
    Roles of Role
}

impl Causes {
    /// What a fund covers unless it says otherwise.
    pub const INSURED: Self = Self::of(&[Cause::Bankruptcy, Cause::PnlDeficit, Cause::BadDebt]);
}
