//! The service: an HTTP API, pages for people, metrics, in front of engines.
//!
//! ```text
//!  TCP ──▶ listener.rs ──▶ router.rs ──┬─▶ commands.rs   one write path
//!          limits, drain    guards     ├─▶ reads/        JSON out of what the follower has applied
//!                                      ├─▶ pages/        HTML out of the same views
//!                                      └─▶ health.rs, metrics.rs
//! ```
//!
//! One [`Site`] serves one or more ledgers: the first at `/`, each further one below `/runs/<name>`.
//!
//! # Where is what
//!
//! | file | what |
//! | --- | --- |
//! | [`config`] | every setting: name, variable, default, meaning; where a value came from |
//! | `app.rs` | what a handler can reach: the engine, the settings, the clock |
//! | `live/` | the live tail: `/v1/events` |
//! | `listener.rs` | sockets: how many, how slow, how they end |
//! | `kept.rs` | what the read model keeps of the past, in the forms that pages show |
//! | [`identity`] | API keys, sessions, who may do what |
//! | [`webhooks`] | each record to whoever subscribed, signed, in order, until it is taken |
//! | `tls.rs` | certificates: our own, and whom webhooks trust |
//! | `problem.rs` | refusals as RFC 9457 |
//! | `assets.rs` | stylesheet and scripts, compiled in, named by their hash |
//!
//! # Invariants
//!
//! - **S1** Nothing is shown that is not durable: all reads are the follower's.
//! - **S2** The server decides nothing: every number comes out of `core` through `api` or `export`.
//! - **S3** No secret reaches a log or a page.
//! - **S4** Without TLS and without a stated proxy it listens on loopback only.

mod app;
mod approvals;
mod assets;
mod checkpoints;
mod commands;
pub mod config;
mod extract;
mod health;
pub mod identity;
mod kept;
mod limits;
mod listener;
mod live;
mod log;
mod metrics;
mod pages;
mod problem;
mod reads;
pub mod risk;
mod router;
mod site;
mod tls;
pub mod webhooks;

pub use app::Mounted;
pub use checkpoints::Signer;
pub use config::Settings;
pub use identity::ServerDb;
pub use log::init as init_log;
pub use site::{Running, ServeError, Site, Stopper};
pub use tls::FileError;
