//! What the fund needs: every account under every scenario, closed as a venue closes accounts.
//!
//! ```text
//!   files ──▶ Portfolio ──┐
//!                         ├──▶ outcomes: need, cover, shares of each scenario ──▶ VaR, ES, covers, reverse stress
//!   Scenarios ────────────┘         └── trace: one scenario at length ──▶ who pays, by the waterfall
//! ```
//!
//! One scenario is a short path of prices. Accounts that fall below maintenance on it are closed after a latency, at
//! the price there, worsened by what all forced trades of the step do to it; that brings more accounts down, until
//! nobody else falls. What an account then owes beyond all it has is a deficit; deficits add up to the need, which is
//! the largest total on the path and not the last one.

mod account;
mod cascade;
mod concentration;
mod cover;
mod error;
mod euler;
mod exposure;
mod gap;
mod impact;
mod instant;
mod payers;
mod portfolio;
mod reverse;
mod run;
mod stress;
mod tally;

pub use account::{Margins, QUOTE_DECIMALS};
pub use cascade::{Conditions, Pressure, Rules};
pub use concentration::{
    Concentration, add_on, concentration, crude_losses, days_to_liquidate, effective_number, hhi,
    top_share,
};
pub use cover::{Covers, Uncovered, Worst, days_to_refill};
pub use error::NeedError;
pub(crate) use euler::FEW;
pub use euler::{Tail, in_atoms, up};
pub use gap::{Closing, expected_deficit};
pub use impact::{Curve, Impact, Liquidity, Thinning};
pub use instant::{Instant, instant};
pub use payers::{Paid, Payers, payers};
pub use portfolio::{Market0, Portfolio, no_price, opening, unpriced};
pub use reverse::{Reverse, reverse};
pub use run::{Deficit, Stressed, Trace, outcomes, trace};
pub use stress::{Crisis, Inputs, in_crisis, with_whale};
pub use tally::{COVER_MAX, Outcome};
