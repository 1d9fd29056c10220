//! Forecasts that sharpen the fund's target for a while: volatility of the next days, accounts that will be liquidated.
//!
//! ```text
//!   hourly prices ──▶ har ──▶ variance, quantiles ──┐
//!   accounts ──▶ liquidation ──▶ probability ───────┼──▶ walk (forward only) ──▶ gate ──▶ registry
//!                                                   └── a baseline that needs no fit
//! ```
//!
//! A model is used only if it beat its baseline on times that it had not seen ([`gate`]), and is found again by what it was
//! fitted to ([`registry`]). No forecast lowers a fund below its Cover-2 floor: floors are applied after it.

pub mod calibration;
pub mod daily;
pub mod fitted;
pub mod gate;
pub mod har;
pub mod liquidation;
pub mod registry;
pub mod walk;
