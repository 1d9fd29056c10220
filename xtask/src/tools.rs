//! The programs of others that referee our books, open our pages, ask our API and run our documents: found, or installed
//! where that is allowed.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Outcome, no_arguments};
use crate::process::{answers, capture, stream, succeeds};
use crate::repo::Repo;
use crate::steps::Skipped;

/// An accounting program, also the name of its Debian package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Referee {
    /// Program and package.
    pub(crate) name: &'static str,
    /// Arguments that make it read a file named by `-f` and complain about what is wrong.
    pub(crate) check: &'static [&'static str],
    /// The same for books of many megabytes: hledger compares each posting's account with all that are
    /// declared, which Ledger's own check of them does in a tenth of the time.
    pub(crate) large: &'static [&'static str],
}

/// Every referee.
pub(crate) const REFEREES: &[Referee] = &[
    Referee { name: "hledger", check: &["check", "--strict"], large: &["check"] },
    Referee {
        name: "ledger",
        check: &["--pedantic", "balance"],
        large: &["--pedantic", "balance"],
    },
];

/// How often a download is tried before the run goes on without it.
const ATTEMPTS: usize = 3;

impl Referee {
    /// Whether the program is on the path.
    pub(crate) fn is_here(self) -> bool {
        answers(self.name, "--version")
    }
}

/// `cargo xtask tools`.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("tools", arguments)?;
    install(repo, &mut Skipped::new())
}

/// The step of the suite: installs the referees that are absent, when we may; otherwise says what
/// will be left out.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
pub(crate) fn install(_: &Repo, skipped: &mut Skipped) -> Outcome {
    let absent = absent();
    let mut packages: Vec<&str> = absent.iter().map(|referee| referee.name).collect();
    packages.extend(chromium().is_none().then_some(BROWSERS[0]));
    packages.extend(SESSIONS.iter().filter(|program| !answers(program, "--version")));
    packages.extend((!has_venv()).then_some("python3-venv"));
    if packages.is_empty() {
        println!(
            "hledger, ledger, a browser, Python and what the documents' sessions use are here"
        );
        return Ok(());
    }
    match obstacle() {
        Some(why) => println!("cannot install: {why}"),
        None => fetch(&packages),
    }
    for referee in self::absent() {
        let what = format!("books under {0}: {0} is not installed", referee.name);
        println!("WILL BE SKIPPED: {what}");
        skipped.push(what);
    }
    Ok(())
}

/// What sessions in the documents use beside the binary and a shell; also the names of their Debian packages.
pub(crate) const SESSIONS: [&str; 4] = ["curl", "jq", "sqlite3", "python3"];

/// Names of the browser that pages are opened with; the first is its Debian package.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Where a browser for the pages lies, if there is one.
pub(crate) fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = BROWSERS.iter().flat_map(|name| {
        std::env::split_paths(&folders).map(|folder| folder.join(name)).collect::<Vec<_>>()
    });
    places.find(|path| path.is_file())
}

/// Whether Python is here and can make environments of its own; Debian has that in a package apart.
pub(crate) fn has_venv() -> bool {
    succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
}

fn absent() -> Vec<Referee> {
    REFEREES.iter().copied().filter(|referee| !referee.is_here()).collect()
}

/// Why we may not install packages, if so.
fn obstacle() -> Option<&'static str> {
    if !answers("apt-get", "--version") {
        return Some("there is no apt-get");
    }
    let user = capture(Command::new("id").arg("-u")).unwrap_or_default();
    (user.trim() != "0").then_some("not root")
}

/// Installs with what the package lists know; refreshes the lists and tries again, a few times.
fn fetch(names: &[&str]) {
    for attempt in 1..=ATTEMPTS {
        if stream(apt(&["install", "--yes", "--no-install-recommends"]).args(names)).is_ok() {
            return;
        }
        println!("attempt {attempt} of {ATTEMPTS} failed");
        if attempt < ATTEMPTS && !succeeds(&mut apt(&["update"])) {
            println!("the package lists could not be refreshed");
        }
    }
}

fn apt(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["-q", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"]).args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_never_asks_a_question() {
        let command = apt(&["update"]);
        let noninteractive = command.get_envs().any(|(key, value)| {
            key == "DEBIAN_FRONTEND" && value.is_some_and(|value| value == "noninteractive")
        });
        assert!(noninteractive);
    }

    #[test]
    fn a_referee_that_is_not_there_is_not_here() {
        assert!(!Referee { name: "backstop-no-such-referee", check: &[], large: &[] }.is_here());
    }
}
