//! The engine from outside: one binary for all its tests.

mod apply;
mod clock;
mod failing;
mod ids;
mod kill;
mod limits;
mod proofs;
mod read_model;
mod restart;
mod support;
mod upgrade;
mod verify;
