//! What of a ledger's settings is known to go wrong. Warnings, not rules: the core takes every one of these settings,
//! and some of them are what somebody wants. One table of checks, each with its reason and what to do.

mod funds;
mod lending;

use backstop_core::State;
use serde_json::{Value, json};

/// What a check found: where, and what stands there.
type Found = (String, String);

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, which stays.
    pub name: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to set instead.
    pub advice: &'static str,
    find: fn(&State) -> Vec<Found>,
}

/// Every check, in the order in which findings are told.
pub const CHECKS: &[&[Check]] = &[lending::CHECKS, funds::CHECKS];

/// What is found in a ledger: `check`, `where`, `got`, `why`, `do`.
pub fn warnings(state: &State) -> Vec<Value> {
    let mut rows = Vec::new();
    for check in CHECKS.iter().copied().flatten() {
        for (place, got) in (check.find)(state) {
            rows.push(json!({
                "check": check.name, "where": place, "got": got, "why": check.why, "do": check.advice,
            }));
        }
    }
    rows
}

/// What each item of a kind shows.
fn each<'a, T: 'a>(
    items: impl Iterator<Item = &'a T>,
    kind: &str,
    label: fn(&T) -> backstop_units::Label,
    bad: impl Fn(&T) -> Option<String>,
) -> Vec<Found> {
    let found = items.filter_map(|item| Some((format!("{kind} {}", label(item)), bad(item)?)));
    found.collect()
}

/// A setting where it is bad.
#[expect(clippy::needless_pass_by_value, reason = "a setting is named in one word at each check")]
fn when(bad: bool, got: impl ToString) -> Option<String> {
    bad.then(|| got.to_string())
}

#[cfg(test)]
mod tests;
