//! Farms: what is staked earns rewards, by shares and time.
//!
//! ```text
//!   staker ── stake ──▶ warming ──▶ active ── unstake ──▶ cooling ── withdraw ──▶ staker
//!              by shares of the farm  │  ▲ ◀── cancel ──────┘
//!                                     │  └ compound: a vault's shares for rewards in what it holds
//!   funder ── fund ──▶ left ── rate × time ──▶ owed ── harvest ──▶ staker, treasury
//!                             index += issued ÷ active shares
//! ```
//!
//! Each reward has one index: what a share has earned ever. A staker's part is what the index grew by since his
//! place was settled, times his shares; so no command looks at more than one staker. What is staked of a vault's
//! shares stays in its holder's place there, in a column of its own: whoever asks who holds a vault's shares sees stakers
//! without looking at farms. Every change of that column passes `bind` or `hand_over` in `lending/vault/holders.rs`.
//!
//! **Invariant F2** the active shares of a farm are its stakers', what waits their tickets', and all of it with the
//! penalties is what the farm's account holds, or what is bound in holders' places. **F3** what a farm's account
//! holds of a reward is what is left and owed, and what is owed is what stakers have and carry, to the fraction; where
//! the rules leave fractions behind, at least that.

pub mod accrual;
pub mod book;
pub(crate) mod check;
pub(crate) mod compound;
pub(crate) mod delegated;
pub(crate) mod evolve;
pub(crate) mod gift;
pub(crate) mod harvest;
pub mod lock;
pub(crate) mod rewards;
pub(crate) mod rights;
pub mod schedule;
pub(crate) mod setup;
pub(crate) mod stake;
pub(crate) mod tickets;
pub mod touch;
pub(crate) mod transfer;
pub(crate) mod unstake;
