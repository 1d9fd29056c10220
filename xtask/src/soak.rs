//! Long fuzzing of every decoder, one target at a time, with its results written to `docs/soak.md`.
//!
//! A fuzz target is a normal test in `crates/*/tests/fuzz.rs`. It reads its time from
//! `BACKSTOP_FUZZ_SECONDS` and prints one line when done: `fuzz <target>: <n> inputs in <s> s`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::process::{capture, cargo, stream, tee};
use crate::repo::{Repo, at};
use crate::table::Table;

/// Minutes for each target when `--minutes` is not given.
const MINUTES: u64 = 10;
/// Where the table of results goes.
const RESULTS: &str = "docs/soak.md";
/// Where the demo's summary over many seeds goes.
const SWEEP: &str = "docs/demo-sweep.json";
/// How many seeds the demo runs with.
const SWEEP_RUNS: &str = "100";

/// What one target did.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    target: String,
    inputs: u64,
    seconds: String,
}

/// `cargo xtask soak [--minutes N]`.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    let minutes = minutes(arguments)?;
    let mut results = Vec::new();
    for package in fuzzed(repo) {
        for target in targets(repo, package)? {
            println!("\n== {package}: {target}, {minutes} min ==");
            results.push(fuzz(repo, package, &target, minutes * 60)?);
        }
    }
    if results.is_empty() {
        return Err(Failure::new("no crate has a tests/fuzz.rs; nothing was fuzzed"));
    }
    let page = page(&results, &today()?, &commit(repo));
    write(&repo.root.join(RESULTS), &page)?;
    println!("\n{page}");
    sweep(repo)
}

fn minutes(arguments: &[String]) -> Outcome<u64> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(MINUTES),
        ["--minutes", number] => match number.parse() {
            Ok(minutes) if minutes > 0 => Ok(minutes),
            _ => {
                Err(Failure::new(format!("--minutes wants a whole number over 0, got `{number}`")))
            }
        },
        _ => Err(Failure::new(format!("soak takes [--minutes N], got `{}`", words.join(" ")))),
    }
}

/// Names of the packages that have a fuzz test.
fn fuzzed(repo: &Repo) -> impl Iterator<Item = &str> {
    repo.packages.iter().filter_map(|package| {
        let targets = package["targets"].as_array()?;
        let is_fuzz = |target: &Value| target["name"] == "fuzz" && target["kind"][0] == "test";
        targets.iter().any(is_fuzz).then_some(package["name"].as_str()?)
    })
}

fn targets(repo: &Repo, package: &str) -> Outcome<Vec<String>> {
    let args = ["test", "--release", "--quiet", "-p", package, "--test", "fuzz", "--", "--list"];
    let list = capture(&mut cargo(&repo.root, &args))?;
    Ok(list.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect())
}

fn fuzz(repo: &Repo, package: &str, target: &str, seconds: u64) -> Outcome<Done> {
    let args = [
        "test",
        "--release",
        "-p",
        package,
        "--test",
        "fuzz",
        "--",
        "--exact",
        target,
        "--nocapture",
    ];
    let mut command = cargo(&repo.root, &args);
    let mut done = None;
    tee(command.env("BACKSTOP_FUZZ_SECONDS", seconds.to_string()), |line| {
        done = parse(line).or(done.take());
    })?;
    done.ok_or_else(|| {
        Failure::new(format!("`{target}` did not print `fuzz ...: N inputs in S s`"))
    })
}

/// Reads `fuzz <target>: <n> inputs in <s> s` wherever it stands in a line.
fn parse(line: &str) -> Option<Done> {
    let (_, rest) = line.split_once("fuzz ")?;
    let (target, rest) = rest.split_once(": ")?;
    let (inputs, rest) = rest.split_once(" inputs in ")?;
    let seconds = rest.trim_end().strip_suffix(" s")?;
    Some(Done { target: target.into(), inputs: inputs.parse().ok()?, seconds: seconds.into() })
}

fn page(results: &[Done], date: &str, commit: &str) -> String {
    let mut table = Table::new(["target", "inputs", "seconds", "date", "commit"]);
    for done in results {
        let Done { target, inputs, seconds } = done;
        table.row(vec![
            target.clone(),
            inputs.to_string(),
            seconds.clone(),
            date.into(),
            commit.into(),
        ]);
    }
    format!(
        "# Long runs\n\nThe last `cargo xtask soak`. A target is a decoder that was fed generated and \
         damaged bytes;\nit must answer with a value or an error, and never panic.\n\n{}",
        table.render()
    )
}

fn today() -> Outcome<String> {
    Ok(capture(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned())
}

fn commit(repo: &Repo) -> String {
    let mut command = Command::new("git");
    command.current_dir(&repo.root).args(["describe", "--always", "--dirty", "--abbrev=12"]);
    capture(&mut command).map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}

/// Stores the demo's summary over many seeds, when this version of the binary can make one.
fn sweep(repo: &Repo) -> Outcome {
    stream(&mut cargo(&repo.root, &["build", "--release"]))?;
    let help = capture(Command::new(repo.binary()).args(["demo", "--help"]))?;
    if !help.contains("--sweep") {
        println!("SKIPPED: {SWEEP}: this `backstop demo` has no --sweep");
        return Ok(());
    }
    let mut command = Command::new(repo.binary());
    let summary = capture(command.args(["demo", "--sweep", SWEEP_RUNS, "--json"]))?;
    write(&repo.root.join(SWEEP), &summary)
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| at(path, &error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_of_a_target_is_read() {
        let done = parse("test x ... fuzz record decoder: 1200345 inputs in 600.1 s").unwrap();
        let expected =
            Done { target: "record decoder".into(), inputs: 1_200_345, seconds: "600.1".into() };
        assert_eq!(done, expected);
        assert_eq!(parse("fuzz record: many inputs in 3 s"), None);
        assert_eq!(parse("running 1 test"), None);
    }

    #[test]
    fn minutes_are_a_positive_number() {
        let given =
            |words: &[&str]| minutes(&words.iter().map(|w| (*w).into()).collect::<Vec<_>>());
        assert_eq!(given(&[]).unwrap(), MINUTES);
        assert_eq!(given(&["--minutes", "3"]).unwrap(), 3);
        assert!(given(&["--minutes", "0"]).is_err());
        assert!(given(&["--hours", "3"]).is_err());
    }

    #[test]
    fn packages_with_a_fuzz_test_are_found() {
        let targets = json!([{"name": "fuzz", "kind": ["test"]}]);
        let packages =
            vec![json!({"name": "a", "targets": []}), json!({"name": "b", "targets": targets})];
        let repo = Repo { root: ".".into(), target: "target".into(), packages };
        assert_eq!(fuzzed(&repo).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn the_page_holds_a_row_per_target() {
        let done = Done { target: "tile".into(), inputs: 9, seconds: "1".into() };
        let text = page(&[done], "2026-01-31", "abc");
        assert!(text.ends_with("| tile   | 9      | 1       | 2026-01-31 | abc    |\n"), "{text}");
    }
}
