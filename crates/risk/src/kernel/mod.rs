//! The fast kernels of the risk desk: every account under every scenario, simulated paths, quantiles of many books.
//!
//! ```text
//!   Book (accounts) ──┐
//!                     ├──▶ shortfall   sums, counts, largest for each scenario
//!   Panel (scenarios) ┤    below       who is below a line in which scenario
//!                     └──▶ portfolios  value at risk of each account
//!   StudentT ─────────────▶ simulate   variates row by row, losses of a portfolio
//!   losses ───────────────▶ select     value at risk of very many
//! ```
//!
//! What uses them: [`instant`](crate::need::instant) adds up what accounts owe if everybody is closed at once (`shortfall`,
//! then `select`), the book's page lists the owners who risk most (`portfolios`), [`TCopula`](crate::models::copula::TCopula)
//! draws its variates from `simulate`, and so do simulated scenarios. The need engine ([`need`](crate::need)) has paths,
//! latency and impact, which no kernel here knows; it has its own screen.
//!
//! # Invariants
//!
//! - **K1** The same input gives the same bytes on every instruction set and on any number of threads. Lanes lie along
//!   scenarios or paths, never along what is summed; work is cut into blocks of fixed size and their sums are
//!   added in their order. A product and a sum are always fused and rounded once (IEEE 754 `fusedMultiplyAdd`),
//!   also where the processor has no such instruction.
//! - **K2** What a 32-bit screen leaves out is proven to be without effect; what it lets through is computed in 64 bits, and
//!   what 64 bits can't decide is asked of [`Exact`]. The bounds are in [`screen`](self::shortfall).
//! - **K3** Random numbers are a function of seed, path and draw ([`philox`]), never of what was drawn before.
//!
//! Kernels run on the pool of threads that the caller is on (`rayon::ThreadPool::install` chooses it).

pub mod book;
pub mod error;
pub mod lanes;
pub mod normals;
pub mod panel;
pub mod philox;
pub mod portfolios;
pub mod select;
pub mod shortfall;
pub mod simulate;

mod screen;

pub use book::Book;
pub use error::KernelError;
pub use lanes::{Lanes, Run};
pub use panel::Panel;
pub use shortfall::{Exact, Pruning, Stress};
