//! The venue and the demo on a ledger in memory.

mod deleveraging;
mod demo;
mod fixture;
mod hosted;
mod lending;
mod real;
mod vault;
mod vectors;
mod venue;
