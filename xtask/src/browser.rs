//! Every page in a real browser: the built binary's dashboard, opened by Chromium, looked at and clicked through.
//!
//! The scripts lie in `crates/server/tests/browser`; what they need comes from npm by the lock file beside them. Without
//! Node.js or Chromium the step is left out, and says so.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome, no_arguments};
use crate::process::{answers, cargo, stream, succeeds};
use crate::repo::{Repo, at};
use crate::steps::Skipped;
use crate::tools;

/// Where the scripts lie.
const SCRIPTS: &str = "crates/server/tests/browser";
/// How often a download is tried.
const ATTEMPTS: usize = 3;

/// `cargo xtask browser`: builds the binary, then looks at its pages.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("browser", arguments)?;
    stream(&mut cargo(&repo.root, &["build"]))?;
    let mut skipped = Skipped::new();
    step(repo, &mut skipped)?;
    for what in &skipped {
        println!("skipped: {what}");
    }
    Ok(())
}

/// The step of the suite, with the binary that the tests built; pictures of all pages stay in the build folder.
pub(crate) fn step(repo: &Repo, skipped: &mut Skipped) -> Outcome {
    let missing = ["node", "npm"].into_iter().find(|program| !answers(program, "--version"));
    if let Some(program) = missing {
        skipped.push(format!("pages in a browser: {program} is not installed"));
        return Ok(());
    }
    let Some(chromium) = tools::chromium() else {
        skipped.push("pages in a browser: Chromium is not installed".to_owned());
        return Ok(());
    };
    let folder = repo.scratch("browser")?;
    let scripts = folder.join("scripts");
    copy(&repo.root.join(SCRIPTS), &scripts)?;
    packages(&scripts)?;
    let out = folder.join("run");
    let mut node = Command::new("node");
    node.current_dir(&scripts).env("BACKSTOP_CHROMIUM", chromium).arg("run.mjs");
    node.args([repo.development(), repo.root.join("examples"), out.clone()]);
    stream(&mut node)?;
    println!("pictures: {}", out.join("pictures").display());
    Ok(())
}

/// Copies the scripts to where their packages may lie: nothing is installed into the repository.
fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).map_err(|error| at(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| at(from, &error))? {
        let path = entry.map_err(|error| at(from, &error))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_file() {
            fs::copy(&path, to.join(name)).map_err(|error| at(&path, &error))?;
        }
    }
    Ok(())
}

/// Installs exactly what the lock file says.
fn packages(folder: &Path) -> Outcome {
    for attempt in 1..=ATTEMPTS {
        let mut npm = Command::new("npm");
        npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        if succeeds(&mut npm) {
            return Ok(());
        }
        println!("attempt {attempt} of {ATTEMPTS} to get the npm packages failed");
    }
    Err(Failure::new("`npm ci` failed: look at it in the build folder under xtask/browser/scripts"))
}
