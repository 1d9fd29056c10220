//! Settings: what makes one venue differ from another. Presets are values of these types, no code.

use alloc::{string::String, vec::Vec};
use backstop_units::{Amount, Bps, Label, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
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

/// How the collateral left after a liquidation is shared. **Shape** the three parts add up to 100%.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct SplitPolicy {
    /// To the fund, until its threshold.
    pub fund: Bps,
    /// To the liquidator.
    pub liquidator: Bps,
    /// Back to the user.
    pub user: Bps,
    /// Who keeps the dust.
    pub rounding: SplitRounding,
    /// Where the fund's part goes past the threshold.
    pub overflow: Overflow,
}

impl Default for SplitPolicy {
    fn default() -> Self {
        Self {
            fund: Bps::new(2_000),
            liquidator: Bps::new(3_000),
            user: Bps::new(5_000),
            rounding: SplitRounding::LargestRemainder,
            overflow: Overflow::Treasury,
        }
    }
}

/// Rules of one fund.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct FundPolicy {
    /// Sharing of remaining collateral.
    pub split: SplitPolicy,
    /// Whether stakers' money counts toward threshold and coverage.
    pub counts_stake: bool,
    /// What losses the fund's reserve covers.
    pub covers: Causes,
    /// Below this part of its target the fund releases no excess.
    pub coverage_min: Bps,
    /// How long a lower threshold waits.
    pub threshold_delay: Span,
    /// How long a withdrawal of excess waits.
    pub withdraw_delay: Span,
    /// How long a declared loss may wait for its assessment before it lapses.
    pub declaration_lapse: Span,
    /// How much of 90 days alerts may hold exits, and pauses entries, each.
    pub hold_max: Span,
}

impl Default for FundPolicy {
    fn default() -> Self {
        Self {
            split: SplitPolicy::default(),
            counts_stake: false,
            covers: Causes::INSURED,
            coverage_min: Bps::WHOLE,
            threshold_delay: Span::days(14),
            withdraw_delay: Span::days(3),
            declaration_lapse: Span::days(1),
            hold_max: Span::days(7),
        }
    }
}

/// Rules of one staked tranche.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct TranchePolicy {
    /// From request to claim.
    pub cooldown: Span,
    /// From the end of the cooldown until the ticket lapses; no time means never.
    pub claim_window: Span,
    /// What a ticket pays.
    pub exit_value: ExitValue,
    /// Smallest stake.
    pub stake_min: Amount,
    /// Open tickets for each staker.
    pub tickets_max: u16,
    /// What losses the tranche covers.
    pub covers: Causes,
    /// Whether a wiped tranche starts a new share series, so that newcomers inherit nothing.
    pub new_series_after_wipe: bool,
}

impl Default for TranchePolicy {
    fn default() -> Self {
        Self {
            cooldown: Span::days(14),
            claim_window: Span::days(3),
            exit_value: ExitValue::AtClaim,
            stake_min: Amount::new(1),
            tickets_max: 16,
            covers: Causes::INSURED,
            new_series_after_wipe: true,
        }
    }
}

/// One layer of a waterfall, as configured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum LayerSource {
    /// The market's own fee pool.
    FeePool = 0,
    /// A fund's reserve: the protocol's own money, then contributions.
    Reserve(Label) = 1,
    /// A staked tranche, by its label.
    Staked(Label) = 2,
    /// Open positions, by base amount, through an index.
    Socialised = 3,
}

/// A layer and its limits, each in atoms; without a limit the layer gives all it has.
///
/// An event is (market, cause, window): losses of one cause on one market within the market's
/// `event_window` count together, so splitting a loss does not dodge `per_event`. Limits count by the
/// time of payment; an event's window is longer by the ledger's `skew_past`, for reports that come late.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct LayerPolicy {
    /// Who pays.
    pub source: LayerSource,
    /// At most for one event.
    #[serde(default)]
    pub per_event: Option<Amount>,
    /// At most within any hour.
    #[serde(default)]
    pub per_1h: Option<Amount>,
    /// At most within any eight hours.
    #[serde(default)]
    pub per_8h: Option<Amount>,
    /// At most within any 24 hours.
    #[serde(default)]
    pub per_24h: Option<Amount>,
    /// At most ever.
    #[serde(default)]
    pub lifetime: Option<Amount>,
}

/// What a liquidator earns who closes an account that is already under water.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Underwater {
    /// Nothing.
    Nothing = 0,
    /// The whole liquidation fee, a portion of the closed notional; it enlarges the loss.
    FullFee {
        /// Portion of the closed notional.
        fee: Bps,
    } = 1,
    /// A bounty out of the fund's reserve, never to the bankrupt's own group.
    Bounty {
        /// Portion of the closed notional.
        fee: Bps,
        /// At most.
        cap: Amount,
    } = 2,
}

/// Rules of one market.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketPolicy {
    /// Layers in the order in which they pay.
    pub waterfall: Vec<LayerPolicy>,
    /// Pay of a liquidator who closes under water.
    #[serde(default = "nothing")]
    pub underwater: Underwater,
    /// Within this span losses of one cause are one event.
    #[serde(default = "one_hour")]
    pub event_window: Span,
}

const fn nothing() -> Underwater {
    Underwater::Nothing
}
const fn one_hour() -> Span {
    Span::hours(1)
}

/// Limits of a ledger, fixed at its genesis.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Ids older than this are refused.
    pub id_window: Span,
    /// At most so many ids are remembered; the oldest fall out first.
    pub id_count: u64,
    /// `occurred_at` may lie this far in the past.
    pub skew_past: Span,
    /// `occurred_at` may lie this far ahead.
    pub skew_ahead: Span,
    /// How long a change of roles, council, split or waterfall waits.
    pub config_delay: Span,
    /// Open accounts.
    pub accounts_max: u32,
    /// Layers of a waterfall.
    pub layers_max: u8,
    /// Steps of a linked batch.
    pub steps_max: u16,
    /// Opening balances are allowed: a scenario, not a venue.
    pub sandbox: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            id_window: Span::hours(24),
            id_count: 16_000_000,
            skew_past: Span::hours(1),
            skew_ahead: Span::from_ms(5 * 60 * 1_000),
            config_delay: Span::days(3),
            accounts_max: 16_000_000,
            layers_max: 12,
            steps_max: 256,
            sandbox: false,
        }
    }
}

/// A public ed25519 key, as 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

/// An ed25519 signature, as 128 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignatureBytes(pub [u8; 64]);

macro_rules! hex_text {
    ($name:ident, $length:literal, $what:literal) => {
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as Deserialize>::deserialize(from)?;
                let mut bytes = [0; $length];
                if !backstop_units::parse_hex(&text, &mut bytes) {
                    return Err(serde::de::Error::custom(concat!("expected ", $what)));
                }
                Ok(Self(bytes))
            }
        }
    };
}
hex_text!(PublicKey, 32, "a public key of 64 hex digits");
hex_text!(SignatureBytes, 64, "a signature of 128 hex digits");
