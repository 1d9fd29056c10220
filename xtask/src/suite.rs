//! The two suites, as data: what a change must pass (`test`) and what a release must pass (`ci`).

use std::time::Duration;

use crate::failure::{Outcome, no_arguments};
use crate::repo::Repo;
use crate::steps::{self, Action, Step};
use crate::{books, browser, readme, schemathesis, tidy, tools};

/// Time a change may wait for its answer, on two cores from a clean clone.
const TEST_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Time a release may wait.
const CI_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Steps of `cargo xtask test`.
const TEST: &[Step] = &[
    Step { name: "tools", after: None, action: Action::Inner(tools::install) },
    Step { name: "tidy", after: None, action: Action::Inner(tidy::step) },
    Step { name: "format", after: None, action: Action::Cargo(&["fmt", "--all", "--check"]) },
    Step {
        name: "clippy",
        after: None,
        action: Action::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step {
        name: "tests",
        after: None,
        // Not the examples: clippy checks them, and linking a dozen takes a minute.
        action: Action::Tests {
            args: &["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"],
            envs: &[],
        },
    },
    Step {
        name: "doc tests",
        after: None,
        action: Action::Tests {
            args: &["test", "--workspace", "--no-fail-fast", "--doc"],
            envs: &[],
        },
    },
    Step { name: "books", after: Some("tests"), action: Action::Inner(books::step) },
    Step { name: "browser", after: Some("tests"), action: Action::Inner(browser::step) },
];

/// Steps that `cargo xtask ci` adds.
const LONG: &[Step] = &[
    Step { name: "build", after: None, action: Action::Cargo(&["build", "--release"]) },
    Step {
        name: "long properties",
        after: Some("tests"),
        action: Action::Tests {
            args: &["test", "--release", "--workspace", "--no-fail-fast"],
            envs: &[
                ("BACKSTOP_CASES", "10000"),
                ("BACKSTOP_KILLS", "100"),
                ("PROPTEST_CASES", "10000"),
            ],
        },
    },
    Step { name: "all books", after: Some("build"), action: Action::Inner(books::whole) },
    Step { name: "schemathesis", after: Some("build"), action: Action::Inner(schemathesis::step) },
    Step { name: "readme", after: Some("build"), action: Action::Inner(readme::step) },
];

/// `cargo xtask test`.
pub(crate) fn test(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("test", arguments)?;
    steps::run(repo, &[TEST], TEST_LIMIT)
}

/// `cargo xtask ci`.
pub(crate) fn ci(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("ci", arguments)?;
    steps::run(repo, &[TEST, LONG], CI_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_that_is_waited_for_comes_before() {
        let all: Vec<&Step> = TEST.iter().chain(LONG).collect();
        for (index, step) in all.iter().enumerate() {
            let known = |name: &str| all[..index].iter().any(|earlier| earlier.name == name);
            assert!(step.after.is_none_or(known), "{} waits for nothing", step.name);
        }
    }
}
