//! The core from outside: properties against the naive oracle, tables, pinned bytes, frozen logs.
//!
//! `BACKSTOP_CASES` sets the number of random scripts for each property (500 without it).

mod adl;
mod agreement;
mod bad_debt;
mod bearers;
mod compensation;
mod control;
mod conversion;
mod encoding;
mod equity;
mod excess;
mod extreme;
mod farm;
mod formulas;
mod gauge;
mod golden;
mod groups;
mod haircut;
mod holds;
mod hosted;
mod house;
mod inventory;
mod lenders;
mod lending;
mod limits;
mod margin;
mod pledges;
mod pool;
mod precedence;
mod prices;
mod queue;
mod reallocation;
mod recovery;
mod regression;
mod rejects;
mod replay;
mod reservations;
mod round_trip;
mod run;
mod samples;
mod stakes;
mod steering;
mod vault;
mod vault_loss;
mod venues;
