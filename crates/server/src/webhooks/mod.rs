//! Webhooks: each record of a ledger is sent to whoever subscribed, signed as Standard Webhooks say.
//!
//! ```text
//!  keeper.rs ── a worker for each subscription ──▶ journal: records that it wants
//!   once a second: what is subscribed (server.db),    │ one after the other
//!   how far each worker has come                      ▼
//!                                              client.rs ──▶ address.rs: may we go there? ──▶ POST
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `address.rs` | which addresses deliveries may go to |
//! | `sign.rs` | secrets and signatures |
//! | `store.rs` | subscriptions and how far each has come, in `server.db` |
//! | `schedule.rs` | when a delivery is tried again |
//! | `client.rs` | one delivery over HTTP |
//! | `worker.rs` | one subscription's deliveries, in order |
//! | `keeper.rs` | the workers of one ledger |
//! | `routes.rs` | `/v1/webhooks` |
//!
//! # Invariants
//!
//! - **H1** No record that is wanted is skipped: a subscription's place moves past one only when the receiver took it. After
//!   a crash the deliveries of the last second may come again, with the same ids.
//! - **H2** A connection goes to an address that was checked itself, not to a name that may mean another one by then.
//! - **H3** A receiver that is slow or broken holds up its own subscription and nothing else: each has a task and a
//!   connection of its own, and none waits for another or makes the writer wait.

mod address;
mod client;
mod keeper;
mod routes;
mod schedule;
mod sign;
mod store;
mod worker;

pub(crate) use client::Client;
pub(crate) use keeper::{Webhooks, keep};
pub(crate) use routes::routes;
pub use routes::try_once;
pub use sign::Secret;
pub use store::{
    Created, NewWebhook, Progress, Refusal, Rotated, Subscription, SubscriptionError, Subscriptions,
};
pub(crate) use store::{SCHEMA, is_id};
