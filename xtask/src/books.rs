//! The books, judged from outside: the built binary writes them, hledger and Ledger must accept them.
//!
//! Two more things are seen on the way: a journal verifies, and the same seed gives the same records.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Failure, Outcome, no_arguments};
use crate::process::{capture, stream};
use crate::repo::{Repo, at};
use crate::steps::Skipped;
use crate::tools::{REFEREES, Referee};

/// Folders of scenario files whose closing books are checked.
const SCENARIOS: &[&str] = &["examples", "scenarios"];

/// Books past this size are large: a run whose positions are kept in the ledger has an account and a
/// balance for each of 20,000 traders.
const LARGE: u64 = 20_000_000;

/// What `verify --json` says about the records and about the state that they give.
const FINGERPRINTS: &[&str] = &["root", "state_hash"];

/// `cargo xtask books`: builds the binary, then checks the books.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("books", arguments)?;
    stream(&mut crate::process::cargo(&repo.root, &["build", "--release"]))?;
    let mut skipped = Skipped::new();
    whole(repo, &mut skipped)?;
    for what in &skipped {
        println!("skipped: {what}");
    }
    Ok(())
}

/// What a change must pass, with the binary that the tests built: the demo's main crash under every preset, and all scenarios.
pub(crate) fn step(repo: &Repo, skipped: &mut Skipped) -> Outcome {
    of_crashes(repo, repo.development(), skipped, &["--crash", "sol-2025-10-10"])
}

/// What a release must pass, with its own binary: every crash under every preset, and all scenarios.
pub(crate) fn whole(repo: &Repo, skipped: &mut Skipped) -> Outcome {
    of_crashes(repo, repo.binary(), skipped, &[])
}

fn of_crashes(repo: &Repo, binary: PathBuf, skipped: &mut Skipped, only: &[&str]) -> Outcome {
    let check = Check { binary, referees: referees(skipped) };
    let folder = repo.scratch("books")?;
    check.demo(&folder, only)?;
    let scenarios = scenarios(repo);
    if scenarios.is_empty() {
        skipped.push(format!("books of scenarios: no .toml file in {}", SCENARIOS.join(" or ")));
    }
    for scenario in &scenarios {
        check.scenario(scenario, &folder)?;
    }
    println!("{} scenario files, each with books that balance", scenarios.len());
    Ok(())
}

/// The programs that a check uses.
#[derive(Debug)]
struct Check {
    binary: PathBuf,
    referees: Vec<Referee>,
}

impl Check {
    /// Runs the demo twice with one seed: the journals verify, agree, and the books are accepted.
    fn demo(&self, folder: &Path, only: &[&str]) -> Outcome {
        let (first, second) = (folder.join("demo"), folder.join("demo-again"));
        for out in [&first, &second] {
            self.backstop(
                Command::new(&self.binary)
                    .args(["demo", "--seed", "7", "--no-serve"])
                    .args(only)
                    .arg("--out")
                    .arg(out),
            )?;
        }
        let report = self.verify(&first)?;
        same_fingerprints(&report, &self.verify(&second)?)?;
        let mut books = vec![first.join("books.ledger")];
        let runs = first.join("runs");
        for run in fs::read_dir(&runs).map_err(|error| at(&runs, &error))? {
            books.push(run.map_err(|error| at(&runs, &error))?.path().join("books.ledger"));
        }
        books.sort();
        for path in &books {
            self.accept(path)?;
        }
        let names = self.names();
        println!(
            "demo: verified, the same twice, books of {} runs accepted by {names}",
            books.len()
        );
        Ok(())
    }

    fn scenario(&self, file: &Path, folder: &Path) -> Outcome {
        let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
        let parent = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let books = folder.join(format!("{parent}-{stem}.ledger"));
        let mut command = Command::new(&self.binary);
        command.arg("run").arg(file).arg("--json").arg("--books").arg(&books);
        self.backstop(&mut command)?;
        self.accept(&books)
    }

    fn verify(&self, out: &Path) -> Outcome<Value> {
        let mut command = Command::new(&self.binary);
        let text =
            self.backstop(command.arg("verify").arg(out.join("journal.db")).arg("--json"))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("verify --json printed no JSON: {error}")))
    }

    /// Runs our binary; only a failure is worth showing.
    fn backstop(&self, command: &mut Command) -> Outcome<String> {
        if !self.binary.is_file() {
            return Err(Failure::new(format!("{} is not built", self.binary.display())));
        }
        capture(command)
    }

    /// Every referee that is here reads `books` without complaint.
    fn accept(&self, books: &Path) -> Outcome {
        let size = fs::metadata(books).map_err(|error| at(books, &error))?.len();
        if size == 0 {
            return Err(Failure::new(format!("{}: empty books", books.display())));
        }
        for referee in &self.referees {
            let check = if size > LARGE { referee.large } else { referee.check };
            capture(Command::new(referee.name).arg("-f").arg(books).args(check))?;
        }
        Ok(())
    }

    fn names(&self) -> String {
        match self.referees.as_slice() {
            [] => "nobody (no referee is installed)".into(),
            some => some.iter().map(|referee| referee.name).collect::<Vec<_>>().join(" and "),
        }
    }
}

fn referees(skipped: &mut Skipped) -> Vec<Referee> {
    let (here, absent): (Vec<Referee>, Vec<Referee>) =
        REFEREES.iter().copied().partition(|referee| referee.is_here());
    for referee in absent {
        let what = format!("books under {0}: {0} is not installed", referee.name);
        if !skipped.contains(&what) {
            skipped.push(what);
        }
    }
    here
}

fn scenarios(repo: &Repo) -> Vec<PathBuf> {
    SCENARIOS.iter().flat_map(|folder| repo.list(folder, "toml")).collect()
}

/// Two journals hold the same records byte for byte when their Merkle roots are equal.
fn same_fingerprints(first: &Value, second: &Value) -> Outcome {
    for key in FINGERPRINTS {
        let (one, other) = (find(first, key)?, find(second, key)?);
        if one != other {
            return Err(Failure::new(format!("same seed, different {key}: {one} and {other}")));
        }
    }
    Ok(())
}

/// The value under `key`, at the top or in an object below.
fn find<'a>(value: &'a Value, key: &str) -> Outcome<&'a str> {
    search(value, key).ok_or_else(|| Failure::new(format!("verify --json has no text `{key}`")))
}

fn search<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    let object = value.as_object()?;
    let here = object.get(key).and_then(Value::as_str);
    here.or_else(|| object.values().find_map(|inner| search(inner, key)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fingerprints_are_found_at_any_depth() {
        let report = json!({"integrity": {"root": "ab"}, "rules": {"state_hash": "cd"}});
        assert_eq!(search(&report, "root"), Some("ab"));
        assert_eq!(search(&report, "state_hash"), Some("cd"));
        assert_eq!(search(&report, "head"), None);
    }

    #[test]
    fn journals_that_differ_are_told_apart() {
        let report = |root: &str| json!({"root": root, "state_hash": "cd"});
        assert!(same_fingerprints(&report("ab"), &report("ab")).is_ok());
        let failure = same_fingerprints(&report("ab"), &report("ef")).unwrap_err().to_string();
        assert_eq!(failure, "same seed, different root: ab and ef");
        assert!(same_fingerprints(&json!({}), &json!({})).is_err(), "nothing was compared");
    }

    #[test]
    fn books_that_are_absent_or_empty_are_not_accepted() {
        let check = Check { binary: PathBuf::new(), referees: Vec::new() };
        assert!(check.accept(Path::new("no-such.ledger")).is_err());
        assert_eq!(check.names(), "nobody (no referee is installed)");
    }
}
