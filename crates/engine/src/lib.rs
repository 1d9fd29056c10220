//! One writer: what is queued becomes one batch, one durable commit, then the answers.
//!
//! [`Engine`] runs the rules of `backstop-core` over a journal of `backstop-journal`. Three threads
//! share the work, and each owns what it changes:
//!
//! ```text
//!  callers ──▶ queue ──▶ writer ──▶ batch ──▶ committer ──▶ committed batch ──▶ follower
//!                        state,               the file       │                  its own state:
//!                        id window            (fsync)        └──▶ answers       reads, dry runs,
//!                                                                               snapshots
//! ```
//!
//! While one batch commits, the writer builds the next. An answer is given only after the batch that
//! holds its record is durable, and so is everything that reads can see.
//!
//! # Where is what
//!
//! | file | what |
//! | --- | --- |
//! | [`Engine`] (`engine.rs`) | the handle: create, open, submit, read, dry run |
//! | `writer.rs`, `committer.rs`, `follower.rs` | the three threads |
//! | `window.rs`, [`ids`] | which command ids are known; ids made from a time |
//! | [`clock`] | where time comes from, and when a clock has jumped |
//! | `recovery.rs`, `snapshot.rs` | from a file back to a state |
//! | [`tail`](mod@tail) | committed records, live, for who wants them |
//! | [`read_model`] | history for readers, in a file of its own |
//! | [`verify`](mod@verify), [`proof`] | what an outsider can check |
//!
//! # Invariants
//!
//! - **E1** Nothing that is not durable is answered or read.
//! - **E2** A command id is recorded at most once; the same id with the same command gets the first
//!   answer, also after a restart.
//! - **E3** After a failed append or a broken invariant nothing more is written; nothing is retried.
//! - **E4** The writer's state after a restart is the state that the log gives, whether it came from a
//!   snapshot or not.
//! - **E5** Sequence numbers have no gaps and time never runs back.
//!
//! What is deliberately not here: rules, formats, HTTP, async, signing of checkpoints.

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

mod answer;
pub mod clock;
mod committer;
mod engine;
mod error;
mod follower;
pub mod ids;
mod options;
pub mod proof;
pub mod read_model;
mod recovery;
mod rules;
mod setup;
mod shared;
mod snapshot;
mod store;
pub mod tail;
mod timing;
pub mod verify;
mod window;
mod writer;

pub use answer::{Answer, BatchTicket, Receipt, Ticket};
pub use clock::{Clock, ScenarioClock, StoryClock, SystemClock};
pub use engine::Engine;
pub use error::{EngineError, Failure};
pub use options::Options;
pub use proof::{RecordProof, prove, verify_proof};
pub use read_model::ReadModel;
pub use recovery::load;
pub use rules::{check_rules, decode_record};
pub use shared::{Head, Status};
pub use store::Store;
pub use tail::{Tail, Tailed};
pub use timing::{BUCKETS, Histogram, Timings};
pub use verify::{VerifyError, VerifyOptions, VerifyReport, verify};
