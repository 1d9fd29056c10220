//! Numbers that models are made of: distributions, small linear algebra, a minimiser.
//!
//! Everything runs in one order on one thread, so the same input gives the same bits.

pub mod golden;
pub mod linear;
pub mod minimise;
pub mod special;
pub mod student;
