//! The venue and the demo on a ledger in memory.

mod crises;
mod data;
mod deleveraging;
mod demo;
mod desk;
mod fee_path;
mod fixture;
mod gate;
mod hosted;
mod instant;
mod kernels;
mod lending;
mod need;
mod outcomes;
mod real;
mod sensitivity;
mod sizes;
mod stop;
mod vault;
mod vectors;
mod venue;
