//! Units from outside: exact arithmetic against 512 bits, and texts and bytes that read back.
//!
//! `BACKSTOP_CASES` sets the number of random cases for each property (500 without it).

mod exact;
mod text;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};

/// Tries a property on random cases; prints the smallest counterexample that shrinking finds.
pub(crate) fn property<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), String>) {
    let cases = std::env::var("BACKSTOP_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result =
        TestRunner::new(config).run(&strategy, |value| test(value).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nsmallest case: {value:?}"),
        Err(TestError::Abort(why)) => panic!("too few cases: {why}"),
    }
}

/// Numbers of every width, the edges often.
pub(crate) fn wide() -> impl Strategy<Value = u128> {
    use proptest::prelude::*;
    prop_oneof![
        2 => 0u128..20,
        2 => any::<u64>().prop_map(u128::from),
        3 => (any::<u128>(), 0u32..128).prop_map(|(number, shift)| number >> shift),
        1 => (0u32..128).prop_map(|shift| 1 << shift),
        1 => (0u128..3).prop_map(|less| u128::MAX - less),
    ]
}
