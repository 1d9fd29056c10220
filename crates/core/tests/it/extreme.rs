//! Amounts up to the end of 128 bits: refused or carried out, never broken.

use crate::run::{each, property};
use backstop_core::invariants;
use backstop_testkit::generator::{Ranges, script_of};
use proptest::prelude::*;
use std::cell::Cell;

#[test]
fn extreme_amounts_never_break_an_invariant() {
    let accepted = Cell::new(0u64);
    let ranges = |council| Ranges { extreme: true, council, ..Ranges::default() };
    property(any::<bool>().prop_flat_map(move |council| script_of(ranges(council))), |script| {
        each(&script, |world, sent| {
            accepted.set(accepted.get() + u64::from(sent));
            invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())
        })
        .map(drop)
    });
    assert!(accepted.get() > 0, "no command of any script was accepted");
}
