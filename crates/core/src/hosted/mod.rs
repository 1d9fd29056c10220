//! Hosted markets: positions and collateral are kept in the ledger, so that margin, liquidation and
//! deleveraging are decided here and not reported.
//!
//! ```text
//!   balance ⇄ collateral pool of a fund          shared fund: the cross pool; isolated fund: its own
//!               │  one margin account for each holder: quote atoms and a list of positions
//!               │
//!   pledges ⇄   │  and of other assets, at a haircut, until a liquidator seizes them
//!               │
//!   trade, funding ──▶ equity < maintenance ──▶ backlog ──▶ fill_liquidation
//!                                                              │ better than bankruptcy: fee to the fund
//!                                                              │ worse: owner group, then the waterfall
//!                                               equity < 0 ──▶ deleverage, at the bankruptcy price
//!                               no position and debt left ──▶ settle_bankrupt
//! ```
//!
//! The formulas are those of [`liquidation`](crate::liquidation); nothing here computes margin or a
//! price. **Invariant H1** the claims on a pool are what its margin accounts hold and what waits between
//! the indexes of its markets. **H2** the positions of a market add up to zero, their sizes to its open
//! interest, and its backlog is as long as it says. **H3** what positions held when a loss fell adds up
//! to the open interest that bore it. **H4** a pool's account holds of each other asset what its margin
//! accounts have pledged.
//! **H5** what a pool is short of its claims is what is open of the
//! losses that its members bear when they leave, and never more than the claims.

pub mod account;
pub(crate) mod backlog;
pub(crate) mod bands;
pub(crate) mod bankrupt;
pub mod bearers;
pub mod book;
pub mod closing;
pub mod collateral;
pub(crate) mod deleverage;
pub(crate) mod evolve;
pub(crate) mod fees;
pub(crate) mod fill;
pub mod gate;
pub mod haircut;
pub(crate) mod liquidate;
pub(crate) mod margins;
pub(crate) mod merge;
pub(crate) mod money;
pub(crate) mod places;
pub(crate) mod pledge;
pub mod ranks;
pub(crate) mod rules;
pub(crate) mod setup;
pub(crate) mod throttle;
pub(crate) mod trade;
pub(crate) mod wind_down;
