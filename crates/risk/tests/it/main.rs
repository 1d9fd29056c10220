//! The venue and the demo on a ledger in memory.

mod demo;
mod fixture;
mod venue;
