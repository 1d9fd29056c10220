//! Envelopes: presets, scenario files, queries, and JSON for people.
//!
//! Everything a person writes or reads passes here, so that the command line, the HTTP API and the
//! tests speak one language: amounts as decimal strings of atoms, times in RFC 3339, names instead
//! of handles, refusals with number, code, value, limit and hint. No rule is here; every answer comes
//! out of `core`.

mod advice;
mod commands;
mod fees;
pub mod http;
mod json;
mod preset;
mod query;
mod run;
mod scenario;
mod source;
mod view;

pub use advice::{CHECKS, Check, warnings};
pub use commands::{command, command_body, commands};
pub use fees::{FEES, Fee, Rate, fees};
pub use json::{event_json, named, problem};
pub use preset::{PRESETS, Preset, PresetError};
pub use query::{Deleveraging, EquityShares, Query, answer};
pub use run::{Host, HostError, MemoryHost, Outcome, books, run};
pub use scenario::{Expect, Scenario, Step};
pub use source::{Fault, Format, Place};
pub use view::{
    YIELD_DAYS, account_view, adl_state_view, asset_view, closing_view, concerns_fund,
    exit_queue_view, fund_view, loss_shares_view, loss_view, market_view, payout_view,
    positions_view, proposal_view, staker_row, tranche_holders_view, waterfall_view, yield_view,
};
