//! Limits of a ledger, and the keys that its council signs with.

use alloc::string::String;
use backstop_units::Span;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Limits of a ledger, fixed at its genesis.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
