//! Long fuzzing of every decoder, as many targets at a time as there are processors unless told
//! otherwise, with its results written to `docs/soak.md` as they come in.
//!
//! A fuzz target is a normal test in `crates/*/tests/fuzz.rs`. It reads its time from
//! `BACKSTOP_FUZZ_SECONDS` and prints one line when done:
//! `fuzz <target>: <n> inputs in <s> s (<m> accepted)`.

use std::path::Path;
use std::process::Command;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use std::thread;
use std::{fs, iter};

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
#[derive(Clone, Debug, PartialEq, Eq)]
struct Done {
    target: String,
    inputs: u64,
    /// Inputs that the decoder took as valid; without any a target would test nothing.
    accepted: u64,
    seconds: String,
}

/// How long and how many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    minutes: u64,
    at_once: usize,
}

/// `cargo xtask soak [--minutes N] [--at-once N]`.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    let plan = plan(arguments)?;
    let (minutes, date, commit) = (plan.minutes, today()?, commit(repo));
    let mut all = Vec::new();
    for package in fuzzed(repo) {
        all.extend(targets(repo, package)?.into_iter().map(|target| (package, target)));
    }
    if all.is_empty() {
        return Err(Failure::new("no crate has a tests/fuzz.rs; nothing was fuzzed"));
    }
    let results = Mutex::new(vec![None; all.len()]);
    fuzz_all(&all, plan.at_once, |place, (package, target)| {
        println!("\n== {package}: {target}, {minutes} min ==");
        let done = fuzz(repo, package, target, minutes * 60)?;
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = results.get_mut(place) {
            *result = Some(done);
        }
        write(&repo.root.join(RESULTS), &page(&results, plan, &date, &commit))
    })?;
    sweep(repo)
}

fn plan(arguments: &[String]) -> Outcome<Plan> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let mut plan = Plan { minutes: MINUTES, at_once: processors };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let number = words.next().and_then(|number| number.parse().ok()).filter(|n| *n > 0);
        match (word.as_str(), number) {
            ("--minutes", Some(number)) => plan.minutes = number,
            ("--at-once", Some(number)) => {
                plan.at_once = usize::try_from(number).unwrap_or(usize::MAX);
            }
            _ => {
                let got = arguments.join(" ");
                let expected = "[--minutes N] [--at-once N], whole numbers over 0";
                return Err(Failure::new(format!("soak takes {expected}, got `{got}`")));
            }
        }
    }
    Ok(plan)
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

/// Runs `fuzz` on each of `all`, so many at a time. A failure ends nothing but its own target; the
/// first of them is returned.
fn fuzz_all<T: Sync>(
    all: &[T],
    at_once: usize,
    fuzz: impl Fn(usize, &T) -> Outcome + Sync,
) -> Outcome {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = iter::from_fn(|| {
            let place = next.fetch_add(1, Ordering::Relaxed);
            all.get(place).map(|item| (place, fuzz(place, item)))
        });
        mine.collect::<Vec<_>>()
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic in here")).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().try_for_each(|(_, result)| result)
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
        Failure::new(format!("`{target}` did not print `fuzz ...: N inputs in S s (M accepted)`"))
    })
}

/// Reads `fuzz <target>: <n> inputs in <s> s (<m> accepted)` wherever it stands in a line.
fn parse(line: &str) -> Option<Done> {
    let (_, rest) = line.split_once("fuzz ")?;
    let (target, rest) = rest.split_once(": ")?;
    let (inputs, rest) = rest.split_once(" inputs in ")?;
    let (seconds, rest) = rest.split_once(" s (")?;
    let accepted = rest.trim_end().strip_suffix(" accepted)")?.parse().ok()?;
    let (target, seconds) = (target.into(), seconds.into());
    Some(Done { target, inputs: inputs.parse().ok()?, accepted, seconds })
}

fn page(results: &[Option<Done>], plan: Plan, date: &str, commit: &str) -> String {
    let mut table = Table::new(["target", "inputs", "accepted", "seconds", "date", "commit"]);
    for done in results.iter().flatten() {
        let Done { target, inputs, accepted, seconds } = done;
        table.row(vec![
            target.clone(),
            inputs.to_string(),
            accepted.to_string(),
            seconds.clone(),
            date.into(),
            commit.into(),
        ]);
    }
    let Plan { minutes, at_once } = plan;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let open = results.iter().filter(|result| result.is_none()).count();
    let open =
        if open == 0 { String::new() } else { format!("\n{open} targets have no result.\n") };
    format!(
        "# Long runs\n\nThe last `cargo xtask soak --minutes {minutes} --at-once {at_once}`, on \
         {processors} processors. A target is a decoder\nthat was fed generated and damaged bytes; it \
         must answer with a value or an error, and never panic.\nAccepted are the inputs that were a \
         value all the same.\n\n{}{open}",
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

    fn done(target: &str, inputs: u64) -> Done {
        Done { target: target.into(), inputs, accepted: 34, seconds: "1".into() }
    }

    #[test]
    fn results_stand_in_the_order_of_the_targets() {
        let all: Vec<u64> = (0..40).collect();
        let seen = Mutex::new(vec![0; 40]);
        let fuzz = |place: usize, n: &u64| {
            thread::sleep(std::time::Duration::from_millis(40 - n));
            seen.lock().unwrap()[place] += n;
            if *n == 3 { Err(Failure::new("3")) } else { Ok(()) }
        };
        // The third fails, the others are run all the same.
        assert!(fuzz_all(&all, 4, fuzz).is_err());
        assert_eq!(*seen.lock().unwrap(), all);
        assert!(fuzz_all(&all[4..], 4, |_, _| Ok(())).is_ok());
    }

    #[test]
    fn the_line_of_a_target_is_read() {
        let line = "test x ... fuzz record decoder: 1200345 inputs in 600.1 s (34 accepted)";
        let expected = Done { seconds: "600.1".into(), ..done("record decoder", 1_200_345) };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("fuzz record: many inputs in 3 s (2 accepted)"), None);
        assert_eq!(parse("fuzz record: 9 inputs in 3 s"), None);
        assert_eq!(parse("running 1 test"), None);
    }

    #[test]
    fn a_plan_has_positive_numbers() {
        let given = |words: &[&str]| plan(&words.iter().map(|w| (*w).into()).collect::<Vec<_>>());
        assert_eq!(given(&[]).unwrap().minutes, MINUTES);
        let expected = Plan { minutes: 3, at_once: 5 };
        assert_eq!(given(&["--at-once", "5", "--minutes", "3"]).unwrap(), expected);
        for wrong in [&["--minutes", "0"][..], &["--hours", "3"], &["--at-once"], &["3"]] {
            assert!(given(wrong).is_err(), "{wrong:?}");
        }
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
        let plan = Plan { minutes: 3, at_once: 5 };
        let text = page(&[Some(done("tile", 9)), None], plan, "2026-01-31", "abc");
        let row = "| tile   | 9      | 34       | 1       | 2026-01-31 | abc    |\n";
        assert!(text.ends_with(&format!("{row}\n1 targets have no result.\n")), "{text}");
        assert!(text.contains("soak --minutes 3 --at-once 5`"), "{text}");
    }
}
