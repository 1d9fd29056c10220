//! Documents that still tell the truth: their links lead somewhere, their commands exist.

use std::fs;
use std::process::Command;

use crate::failure::{Failure, Outcome, no_arguments};
use crate::process::{cargo, stream, succeeds};
use crate::repo::{Repo, at};
use crate::steps::Skipped;

/// `cargo xtask readme`: builds the binary, then checks the documents.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("readme", arguments)?;
    stream(&mut cargo(&repo.root, &["build", "--release"]))?;
    step(repo, &mut Skipped::new())
}

/// The step of the suite: the binary is built already.
pub(crate) fn step(repo: &Repo, _: &mut Skipped) -> Outcome {
    let mut broken = Vec::new();
    let files = repo.files()?;
    for file in files.iter().filter(|file| has_extension(file, "md")) {
        let path = repo.root.join(file);
        let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
        let folder = path.parent().unwrap_or(&repo.root);
        let lost = links(&text).filter(|(_, link)| !folder.join(link).exists());
        broken
            .extend(lost.map(|(line, link)| format!("{file}:{line}: link: `{link}` is not there")));
        let unknown = commands(&text).filter(|(_, verb)| !knows(repo, verb));
        broken.extend(
            unknown.map(|(line, verb)| format!("{file}:{line}: command: no `backstop {verb}`")),
        );
    }
    for finding in &broken {
        println!("{finding}");
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("{} drifted", broken.len()))) }
}

fn has_extension(file: &str, extension: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|found| found == extension)
}

fn knows(repo: &Repo, verb: &str) -> bool {
    succeeds(Command::new(repo.binary()).args([verb, "--help"]))
}

/// Targets of relative links, with their line numbers and without the part after `#`.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    outside_fences(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ', '#']).next()?;
            let foreign = target.is_empty() || target.contains(':');
            (!foreign).then_some((number, target))
        })
    })
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

fn outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    fenced(text, false)
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
    fn links_are_relative_and_outside_of_code() {
        let found: Vec<_> = links(SAMPLE).collect();
        assert_eq!(found, [(1, "docs/map.md"), (8, "logo.svg")]);
    }

    #[test]
    fn commands_are_the_verbs_of_our_binary_in_code() {
        let found: Vec<_> = commands(SAMPLE).collect();
        assert_eq!(found, [(3, "verify"), (4, "demo")]);
    }
}
