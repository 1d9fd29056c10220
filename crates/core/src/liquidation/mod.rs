//! Liquidations: margin and prices, sharing what is left, placing what is missing.
//!
//! The formulas take accounts as pure input and know no state; the files that settle do.

pub mod bad_debt;
pub mod bankruptcy;
pub mod charge;
pub mod collateral;
pub mod debt_takeover;
pub mod deleverage;
pub mod drawdown;
pub mod fee;
pub mod fund_delta;
pub mod isolated;
pub mod leverage;
pub mod limit_price;
pub mod limits;
pub mod liquidation_fee;
pub mod liquidation_price;
pub mod margin;
pub(crate) mod market;
pub mod offline;
pub mod open_interest;
pub mod pnl_settlement;
pub mod pnl_weight;
pub mod pools;
pub(crate) mod risk_tier;
pub(crate) mod rules;
pub mod seizure;
pub(crate) mod settle;
pub mod split;
pub mod steps;
pub mod tiers;
pub mod withdrawal_gate;
