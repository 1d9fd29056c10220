//! A suite is a table of steps; this file runs such a table and prints what came of it.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::process::{cargo, stream, succeeds, tee};
use crate::repo::Repo;
use crate::table::Table;

/// Parts of cargo that a minimal toolchain may lack; their steps are skipped, and said to be.
const OPTIONAL: &[&str] = &["fmt", "clippy"];

/// Things left out, each with its reason; printed at the end of a suite.
pub(crate) type Skipped = Vec<String>;

/// One step of a suite.
#[derive(Debug)]
pub(crate) struct Step {
    /// Heading, and the name in the summary.
    pub(crate) name: &'static str,
    /// A step that must have passed for this one to make sense.
    pub(crate) after: Option<&'static str>,
    /// What the step does.
    pub(crate) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    /// A cargo call.
    Cargo(&'static [&'static str]),
    /// A `cargo test` call, whose counts go into the last line of the suite.
    Tests { args: &'static [&'static str], envs: &'static [(&'static str, &'static str)] },
    /// A function of this crate.
    Inner(fn(&Repo, &mut Skipped) -> Outcome),
}

/// Counts of test cases over all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// What came of one step.
#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(String),
    Skipped,
}

/// Everything a suite has to tell at its end.
#[derive(Debug, Default)]
struct Report {
    rows: Vec<(&'static str, Verdict, Duration)>,
    skipped: Skipped,
    counts: Counts,
}

/// Runs every step of every table, whatever becomes of the others, and prints one summary.
///
/// The last line is `N passed, N failed`: the test cases of all `cargo test` steps.
pub(crate) fn run(repo: &Repo, tables: &[&[Step]], limit: Duration) -> Outcome {
    let started = Instant::now();
    let mut report = Report::default();
    for step in tables.iter().flat_map(|steps| steps.iter()) {
        println!("\n== {} ==", step.name);
        let begun = Instant::now();
        let verdict = report.perform(repo, step);
        println!("-- {}: {}, {}", step.name, verdict.word(), took(begun.elapsed()));
        report.rows.push((step.name, verdict, begun.elapsed()));
    }
    report.print(started.elapsed(), limit);
    if report.failed() { Err(Failure::Reported) } else { Ok(()) }
}

impl Report {
    fn perform(&mut self, repo: &Repo, step: &Step) -> Verdict {
        if let Some(before) = step.after.filter(|before| !self.has_passed(before)) {
            return self.skip(step.name, &format!("`{before}` did not pass"));
        }
        let outcome = match &step.action {
            Action::Cargo(args) if is_missing(repo, args) => {
                return self.skip(step.name, &format!("`cargo {}` is not installed", args[0]));
            }
            Action::Cargo(args) => stream(&mut cargo(&repo.root, args)),
            Action::Tests { args, envs } => {
                let mut command = cargo(&repo.root, args);
                tee(command.envs(envs.iter().copied()), |line| self.counts.add(line))
            }
            Action::Inner(function) => function(repo, &mut self.skipped),
        };
        match outcome {
            Ok(()) => Verdict::Passed,
            Err(failure) => {
                println!("{failure}");
                Verdict::Failed(failure.to_string())
            }
        }
    }

    fn skip(&mut self, name: &str, why: &str) -> Verdict {
        self.skipped.push(format!("{name}: {why}"));
        Verdict::Skipped
    }

    fn has_passed(&self, name: &str) -> bool {
        self.rows.iter().any(|(row, verdict, _)| *row == name && matches!(verdict, Verdict::Passed))
    }

    fn failed(&self) -> bool {
        self.rows.iter().any(|(_, verdict, _)| matches!(verdict, Verdict::Failed(_)))
            || self.counts.failed > 0
    }

    fn print(&self, elapsed: Duration, limit: Duration) {
        let mut table = Table::new(["step", "result", "time"]);
        for (name, verdict, time) in &self.rows {
            table.row(vec![(*name).into(), verdict.word().into(), took(*time)]);
        }
        println!("\n== summary ==\n{}", table.render());
        println!("total: {}, limit {}", took(elapsed), took(limit));
        if elapsed > limit {
            println!("warning: over the limit; find what grew before adding more");
        }
        for (name, verdict, _) in &self.rows {
            if let Verdict::Failed(why) = verdict {
                println!("failed: {name}: {}", why.lines().next().unwrap_or_default());
            }
        }
        match self.skipped.as_slice() {
            [] => println!("skipped: nothing"),
            list => list.iter().for_each(|what| println!("skipped: {what}")),
        }
        println!("{} passed, {} failed", self.counts.passed, self.counts.failed);
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "pass",
            Self::Failed(_) => "FAIL",
            Self::Skipped => "skipped",
        }
    }
}

impl Counts {
    /// Adds the closing line of one test binary; any other line changes nothing.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        let number_before = |word: &str| {
            let words: Vec<&str> = rest.split([' ', ';', '.']).filter(|w| !w.is_empty()).collect();
            let pair = words.windows(2).find(|pair| pair[1] == word)?;
            pair[0].parse::<u64>().ok()
        };
        self.passed += number_before("passed").unwrap_or(0);
        self.failed += number_before("failed").unwrap_or(0);
    }
}

fn is_missing(repo: &Repo, args: &[&str]) -> bool {
    args.first().is_some_and(|name| {
        OPTIONAL.contains(name) && !succeeds(&mut cargo(&repo.root, &[name, "--version"]))
    })
}

/// A duration for people: `7.5 s`, `3 min 05 s`.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{}.{} s", seconds, time.subsec_millis() / 100);
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
    fn good(_: &Repo, _: &mut Skipped) -> Outcome {
        Ok(())
    }

    fn bad(_: &Repo, skipped: &mut Skipped) -> Outcome {
        skipped.push("half of it: no tool".into());
        Err(Failure::new("broken"))
    }

    fn step(
        name: &'static str,
        after: Option<&'static str>,
        inner: fn(&Repo, &mut Skipped) -> Outcome,
    ) -> Step {
        Step { name, after, action: Action::Inner(inner) }
    }

    fn nowhere() -> Repo {
        Repo { root: ".".into(), target: "target".into(), packages: Vec::new() }
    }

    #[test]
    fn counts_add_up_over_test_binaries() {
        let mut counts = Counts::default();
        counts
            .add("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; finished in 0.01s");
        counts.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured");
        counts.add("test some::case ... ok");
        assert_eq!(counts, Counts { passed: 15, failed: 2 });
    }

    #[test]
    fn a_failed_step_fails_the_suite_and_skips_what_needs_it() {
        let mut report = Report::default();
        for step in
            [step("build", None, bad), step("books", Some("build"), good), step("last", None, good)]
        {
            let verdict = report.perform(&nowhere(), &step);
            report.rows.push((step.name, verdict, Duration::ZERO));
        }
        let words: Vec<&str> = report.rows.iter().map(|(_, verdict, _)| verdict.word()).collect();
        assert_eq!(words, ["FAIL", "skipped", "pass"]);
        assert_eq!(report.skipped, ["half of it: no tool", "books: `build` did not pass"]);
        assert!(report.failed());
    }

    #[test]
    fn the_result_of_a_suite_is_the_result_of_its_steps() {
        let limit = Duration::from_secs(1);
        assert!(run(&nowhere(), &[&[step("a", None, good)]], limit).is_ok());
        assert!(
            run(&nowhere(), &[&[step("a", None, good)], &[step("b", None, bad)]], limit).is_err()
        );
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(took(Duration::from_millis(7_560)), "7.5 s");
        assert_eq!(took(Duration::from_secs(185)), "3 min 05 s");
    }
}
