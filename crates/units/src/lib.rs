//! Money, time and identifiers, and the only division in the product.
//!
//! Everything that Backstop counts is one of these types: integer atoms of one asset ([`Amount`]),
//! claims on a pool ([`Shares`]), position sizes ([`Base`]), signed results ([`Signed`]), portions
//! ([`Bps`]), prices ([`Price`]), index fractions ([`Fixed60`]), moments ([`Timestamp`]) and spans
//! ([`Span`]). They have private fields and checked operations only, so a unit can't be mixed up
//! and an overflow can't pass unseen.
//!
//! # Invariants
//!
//! - **U1** No float and no panic. Division happens in [`mul_div_floor`], [`mul_div_ceil`], [`split`]
//!   and [`Ratio`], nowhere else, and the direction of rounding is in the name.
//! - **U2** Each value has one encoding (borsh, quantities without their leading zeros) and one spelling (decimal text).
//! - **U3** The parts of a [`split`] add up to the whole.
//!
//! What is deliberately not here: assets, accounts, rules. An [`Amount`] does not know its asset;
//! [`Money`] does, and meets the rules at the edge of `core`.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod amount;
mod decimal;
mod fixed;
mod hash;
mod ids;
mod label;
mod math;
mod portion;
mod quotient;
mod ratio;
#[cfg(feature = "schema")]
mod schema;
mod signed;
pub mod split;
mod time;
mod wire;

pub use amount::{Amount, Base, Fixed60, Measure, Money, Price, ShareIndex, Shares, Signed};
pub use decimal::{DecimalError, format_decimal, grouped, parse_decimal, price_decimals};
pub use hash::{Hash, parse_hex};
pub use ids::{
    AccountId, AssetId, FarmId, FeedId, FundId, IndexId, LossId, MarketId, ProposalId, ReserveId,
    Seq, TicketId, TrancheId, TransferId, VaultId, VaultLossId,
};
pub use label::{Label, LabelError};
pub use math::{MathError, mul_div_ceil, mul_div_floor};
pub use portion::{Bps, Ppm};
pub use quotient::{Quotient, compare_products, largest_first};
pub use ratio::Ratio;
pub use time::{Span, TimeError, Timestamp};
