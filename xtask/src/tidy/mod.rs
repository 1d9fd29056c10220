//! House rules that no compiler checks.
//!
//! A rule looks at the whole tree and returns findings, printed as
//! `file:line: rule: what, got, limit`. The rules of [`BLOCKING`] fail the run, those of [`WARNING`]
//! only speak. Every rule is a pure function of a [`Tree`], so its tests need no files.

mod arrows;
mod length;
mod links;
mod scan;
mod source;
mod text;
mod vocabulary;

use std::fmt;
use std::fs;

use serde_json::Value;

use crate::failure::{Failure, Outcome, no_arguments};
use crate::repo::Repo;
use crate::steps::Skipped;

/// Larger files are data, not prose or code; no rule reads them.
const LARGEST_BYTES: u64 = 2 * 1024 * 1024;
/// How many warnings are shown before the rest is only counted.
const SHOWN_WARNINGS: usize = 30;

type Rule = fn(&Tree) -> Vec<Finding>;

/// Rules that fail the run.
const BLOCKING: &[Rule] = &[
    arrows::arrows,
    arrows::readmes,
    length::lengths,
    links::dead_links,
    source::no_floats,
    source::no_outside_world,
    source::one_hash_map,
    source::no_unsafe,
    text::no_preset_names,
    text::no_machine_paths,
    text::no_registry_hosts,
    text::numbered_notes,
];

/// Rules that only speak.
const WARNING: &[Rule] = &[vocabulary::words_to_avoid];

/// One text file of the checkout.
#[derive(Debug)]
pub(crate) struct File {
    /// Path from the root, with `/`.
    path: String,
    /// Its content.
    text: String,
    /// For Rust: the content with comments and literals blanked; else empty.
    code: String,
}

/// Everything that the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: Vec<File>,
    /// Every path of the checkout, also of what is no text.
    paths: Vec<String>,
    /// Members of the workspace as `cargo metadata` prints them.
    packages: Vec<Value>,
}

/// A broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    what: String,
    got: String,
    limit: String,
}

/// `cargo xtask tidy`.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    no_arguments("tidy", arguments)?;
    step(repo, &mut Skipped::new())
}

/// The step of the suite.
pub(crate) fn step(repo: &Repo, _: &mut Skipped) -> Outcome {
    let tree = Tree::read(repo)?;
    let warnings = tree.findings(WARNING);
    for warning in warnings.iter().take(SHOWN_WARNINGS) {
        println!("warning: {warning}");
    }
    if warnings.len() > SHOWN_WARNINGS {
        println!("warning: and {} more", warnings.len() - SHOWN_WARNINGS);
    }
    let findings = tree.findings(BLOCKING);
    for finding in &findings {
        println!("{finding}");
    }
    println!(
        "tidy: {} files, {} findings, {} warnings",
        tree.files.len(),
        findings.len(),
        warnings.len()
    );
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("tidy has {count} findings"))),
    }
}

impl Tree {
    /// Reads every text file of the checkout that is not too large to be prose or code.
    fn read(repo: &Repo) -> Outcome<Self> {
        let mut files = Vec::new();
        let paths = repo.files()?;
        for path in &paths {
            let full = repo.root.join(path);
            let small = fs::metadata(&full).is_ok_and(|meta| meta.len() <= LARGEST_BYTES);
            match fs::read_to_string(&full) {
                Ok(text) if small => files.push(File::new(path.clone(), text)),
                _ => {} // binary, vanished meanwhile, or data
            }
        }
        Ok(Self { files, paths, packages: repo.packages.clone() })
    }

    fn findings(&self, rules: &[Rule]) -> Vec<Finding> {
        rules.iter().flat_map(|rule| rule(self)).collect()
    }

    /// Rust sources whose path begins with one of `folders`.
    fn rust_under<'a>(&'a self, folders: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.rust().filter(|file| folders.iter().any(|folder| file.path.starts_with(folder)))
    }

    /// Every Rust source.
    fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is("rs"))
    }
}

impl File {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut file = Self { path: path.into(), text: text.into(), code: String::new() };
        if file.is("rs") {
            file.code = scan::code_only(&file.text);
        }
        file
    }

    fn is(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    }

    fn finding(&self, line: usize, rule: &'static str, what: impl Into<String>) -> Finding {
        Finding {
            file: self.path.clone(),
            line,
            rule,
            what: what.into(),
            got: String::new(),
            limit: String::new(),
        }
    }
}

impl Finding {
    fn with(mut self, got: impl fmt::Display, limit: impl fmt::Display) -> Self {
        self.got = got.to_string();
        self.limit = limit.to_string();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.what)?;
        if !self.got.is_empty() {
            write!(f, ", got {}", self.got)?;
        }
        if !self.limit.is_empty() {
            write!(f, ", limit {}", self.limit)?;
        }
        Ok(())
    }
}

/// A tree of in-memory files, for the tests of the rules.
#[cfg(test)]
fn tree(files: &[(&str, &str)]) -> Tree {
    let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let files = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
    Tree { files, paths, packages: Vec::new() }
}

/// Findings as `file:line: what`, for the tests of the rules.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_what_got_and_limit() {
        let file = File::new("crates/core/src/lib.rs", "");
        let finding = file.finding(3, "file-length", "too long").with(501, 500);
        let line = "crates/core/src/lib.rs:3: file-length: too long, got 501, limit 500";
        assert_eq!(finding.to_string(), line);
        assert_eq!(
            file.finding(1, "floats", "`f64`").to_string(),
            "crates/core/src/lib.rs:1: floats: `f64`"
        );
    }

    #[test]
    fn only_rust_is_scanned_as_code() {
        assert_eq!(File::new("a.rs", "let a = \"b\";").code, "let a =    ;");
        assert_eq!(File::new("a.md", "let a = \"b\";").code, "");
    }
}
