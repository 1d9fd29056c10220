//! The live tail: `GET /v1/events`.
//!
//! ```text
//!   follower ──▶ hub, ten times a second ──▶ one frame for each view ──▶ all readers of that view
//!   journal  ──▶ a reader that resumes, or fell between two frames
//! ```
//!
//! A view is a detail and a filter; its frame is encoded once, however many read it. Nothing is kept for a
//! slow reader beyond the frames that all share: who is further behind than these is cut off, and comes back
//! with the last id that he saw.

mod encode;
mod filter;
mod hub;
mod journal;
mod stream;

pub(crate) use encode::record_json;
pub(crate) use filter::{A_WORD, Kinds};
pub(crate) use hub::{Hub, run};
pub(crate) use journal::of_kinds;
pub(crate) use stream::get;
