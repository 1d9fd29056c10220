//! Documents that still tell the truth: their commands exist, their sessions run and print what is quoted, and the
//! pictures that they make are those in `docs/pictures`.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome};
use crate::process::{answers, cargo, stream, succeeds};
use crate::repo::{Repo, at};
use crate::steps::Skipped;
use crate::tools::SESSIONS;
use crate::transcript;

/// Folders of the checkout that a session finds where it begins.
const GIVEN: &[&str] = &["examples", "scenarios", "presets", "etc"];
/// Where the documents' pictures lie; a session writes them to `pictures`.
const PICTURES: &str = "docs/pictures";
/// Seconds that the sessions of one page may take: the demo in README takes twenty on a quiet machine, all others ten.
const PATIENCE: &str = "400";

/// `cargo xtask readme [BINARY [PAGES]]`: builds the binary unless one is named, then checks the documents, all or those
/// whose path contains a word.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    let mut skipped = Skipped::new();
    match arguments {
        [] => {
            stream(&mut cargo(&repo.root, &["build", "--release"]))?;
            step(repo, &mut skipped)?;
        }
        [binary, pages @ ..] if pages.len() < 2 => {
            let path = Path::new(binary);
            let binary = path.canonicalize().map_err(|error| at(path, &error))?;
            check(repo, &binary, pages.first().map(String::as_str), &mut skipped)?;
        }
        _ => return Err(Failure::new("`readme` takes a built binary and a part of pages' paths")),
    }
    for what in &skipped {
        println!("skipped: {what}");
    }
    Ok(())
}

/// The step of the suite: the binary is built already.
pub(crate) fn step(repo: &Repo, skipped: &mut Skipped) -> Outcome {
    check(repo, &repo.binary(), None, skipped)
}

fn check(repo: &Repo, binary: &Path, pages: Option<&str>, skipped: &mut Skipped) -> Outcome {
    let mut broken = Vec::new();
    let mut files = repo.files()?;
    files.retain(|file| pages.is_none_or(|word| file.contains(word)));
    for file in files.iter().filter(|file| has_extension(file, "md")) {
        let path = repo.root.join(file);
        let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
        let unknown = commands(&text).filter(|(_, verb)| !knows(binary, verb));
        broken.extend(
            unknown.map(|(line, verb)| format!("{file}:{line}: command: no `backstop {verb}`")),
        );
    }
    let used = SESSIONS.into_iter().chain(["bash", "hledger"]);
    let missing = used.into_iter().find(|program| !answers(program, "--version"));
    match missing {
        Some(program) => {
            skipped.push(format!("sessions of the documents: {program} is not installed"));
        }
        None => broken.extend(sessions(repo, binary, &files, pages.is_none())?),
    }
    for finding in &broken {
        println!("{finding}");
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("{} drifted", broken.len()))) }
}

fn has_extension(file: &str, extension: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|found| found == extension)
}

fn knows(binary: &Path, verb: &str) -> bool {
    succeeds(Command::new(binary).args([verb, "--help"]))
}

/// Runs the sessions of pages, each in an empty folder of its own; returns what differs, and with `all` pictures that no
/// page makes.
fn sessions(repo: &Repo, binary: &Path, files: &[String], all: bool) -> Outcome<Vec<String>> {
    let scratch = repo.scratch("documents")?;
    let mut broken = Vec::new();
    let mut drawn = BTreeSet::new();
    for file in files.iter().filter(|file| is_document(file)) {
        let path = repo.root.join(file);
        let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
        let commands = transcript::commands(&text);
        if commands.is_empty() {
            continue;
        }
        let folder = scratch.join(file.replace(['/', '.'], "-"));
        let listens = free()?;
        let printed = session(repo, (binary, &folder), &transcript::script(&commands, &listens))?;
        let differ = transcript::differences(&commands, &printed, &listens);
        println!("{file}: {} commands, {} differ", commands.len(), differ.len());
        broken.extend(differ.iter().map(|(line, what)| format!("{file}:{line}: session: {what}")));
        broken.extend(pictures(repo, &folder, &mut drawn)?);
    }
    let kept = repo.list(PICTURES, "svg");
    let lost = kept.iter().filter(|path| all && !drawn.contains(path.as_path()));
    broken.extend(lost.map(|path| format!("{}: no page says how it is made", path.display())));
    Ok(broken)
}

fn is_document(file: &str) -> bool {
    has_extension(file, "md") && (file.starts_with("docs/") || file == "README.md")
}

/// A free address of this machine, as long as the documents' own, which stands in tables. Somebody may take it before
/// the session does; then the session says so.
fn free() -> Outcome<String> {
    let mut addresses = (8788..=9999).map(|port| format!("127.0.0.1:{port}"));
    addresses
        .find(|address| TcpListener::bind(address).is_ok())
        .ok_or_else(|| Failure::new("no free port from 8788 to 9999 on this machine"))
}

/// Runs a script in an empty folder; returns all that it printed.
fn session(repo: &Repo, (binary, folder): (&Path, &Path), script: &str) -> Outcome<String> {
    let failed = |error| at(folder, &error);
    fs::create_dir_all(folder.join("pictures")).map_err(failed)?;
    for name in GIVEN {
        symlink(repo.root.join(name), folder.join(name)).map_err(failed)?;
    }
    let (source, transcript) = (folder.join("session.sh"), folder.join("session.txt"));
    fs::write(&source, script).map_err(failed)?;
    let output = fs::File::create(&transcript).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    let mut path =
        binary.parent().map_or_else(Default::default, Path::to_path_buf).into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut shell = Command::new("timeout");
    shell.args([PATIENCE, "bash"]).arg(&source).current_dir(folder);
    shell.env("PATH", path).env("TRANSCRIPT", &transcript).env("LC_ALL", "C.UTF-8");
    // How it ended stands in the transcript: a command whose mark is missing was not come to.
    shell.stdin(Stdio::null()).stdout(output).stderr(errors).status().map_err(failed)?;
    let printed = fs::read(&transcript).map_err(failed)?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Compares the pictures that a session made with those that are kept; a path of each goes to `drawn`.
fn pictures(repo: &Repo, folder: &Path, drawn: &mut BTreeSet<PathBuf>) -> Outcome<Vec<String>> {
    let made = folder.join("pictures");
    let mut broken = Vec::new();
    for entry in fs::read_dir(&made).map_err(|error| at(&made, &error))? {
        let made = entry.map_err(|error| at(&made, &error))?.path();
        let kept = repo.root.join(PICTURES).join(made.file_name().unwrap_or_default());
        let same =
            fs::read(&kept).ok() == Some(fs::read(&made).map_err(|error| at(&made, &error))?);
        if !same {
            broken.push(format!("{}: differs from {}", kept.display(), made.display()));
        }
        drawn.insert(kept);
    }
    broken.sort();
    Ok(broken)
}

/// Verbs of our binary in fenced blocks, with their line numbers.
fn commands(text: &str) -> impl Iterator<Item = (usize, &str)> {
    fenced(text, true).filter_map(|(number, line)| {
        let mut words = line.trim_start_matches("$ ").split_whitespace();
        let program = words.next()?;
        let verb = words.next()?;
        let ours = program == "backstop" || program.ends_with("/backstop");
        (ours && verb.starts_with(char::is_alphabetic)).then_some((number, verb))
    })
}

/// Numbered lines inside (or outside) of fenced blocks.
fn fenced(text: &str, wanted: bool) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        (!fence && inside == wanted).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
See [the map](docs/map.md#top) and [them](https://example.org).
```sh
$ backstop verify journal.db   # [not](a-link)
target/release/backstop demo
backstop --help
cargo xtask test
```
In prose, backstop pays last. ![logo](logo.svg)
";

    #[test]
    fn commands_are_the_verbs_of_our_binary_in_code() {
        let found: Vec<_> = commands(SAMPLE).collect();
        assert_eq!(found, [(3, "verify"), (4, "demo")]);
    }
}
