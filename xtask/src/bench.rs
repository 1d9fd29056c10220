//! Our benches and the peers', side by side in one run on one machine.
//!
//! A bench prints one JSON array of flat objects on its last line of standard output; each object is one
//! row, each key one column. A peer is an executable `peers/NAME/run` with the same output.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::process::{answers, cargo, succeeds, tee};
use crate::repo::Repo;
use crate::table::Table;

/// The bench binary; arguments of the verb come after it.
const BENCH: &[&str] =
    &["run", "--profile", "dist", "--package", "backstop-testkit", "--bin", "bench", "--"];
/// What one engine does: runs are long, so three of them.
const ENGINE: &[&str] = &[
    "run",
    "--profile",
    "dist",
    "--package",
    "backstop-engine",
    "--example",
    "throughput",
    "--",
    "2000000",
    "1000000",
    "3",
    "--json",
];
/// What the reference venue does: a cascade of 100,000 accounts.
const VENUE: &[&str] = &[
    "run",
    "--profile",
    "dist",
    "--package",
    "backstop-risk",
    "--example",
    "cascade",
    "--",
    "100000",
    "5",
    "--json",
];
/// What the kernels of the risk desk do, each in a process of its own.
const KERNELS: &[&str] = &[
    "run",
    "--profile",
    "dist",
    "--package",
    "backstop-risk",
    "--example",
    "bench_kernels",
    "--",
    "--json",
];
/// What the service does with single commands: a second process sends them.
const SERVICE: &[&str] = &[
    "run",
    "--profile",
    "dist",
    "--package",
    "backstop-server",
    "--example",
    "http",
    "--",
    "5",
    "5",
    "200",
    "--json",
];
/// Columns that come first, in this order; others follow by name.
const FIRST: &[&str] = &["who", "work", "value", "unit", "bar"];
/// Who measured a row, when the row does not say.
const US: &str = "backstop";

type Row = Map<String, Value>;

/// `cargo xtask bench [ARGUMENTS]`: the arguments go to the bench binary; without any, all is measured.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    let mut command = cargo(&repo.root, BENCH);
    if arguments.is_empty() {
        command.arg("all");
    }
    let mut rows = measured(US, command.args(arguments).arg("--json"))?;
    if arguments.is_empty() {
        for bench in [ENGINE, SERVICE, VENUE, KERNELS] {
            rows.extend(measured(US, &mut cargo(&repo.root, bench))?);
        }
    }
    for (name, script) in peers(&repo.root) {
        match lacking(&name) {
            Some(what) => println!("SKIPPED: peers/{name}: {what}"),
            None => rows.extend(measured(&name, Command::new(script).current_dir(&repo.root))?),
        }
    }
    println!("\n{}", table(&rows).render());
    Ok(())
}

fn measured(who: &str, command: &mut Command) -> Outcome<Vec<Row>> {
    let mut last = String::new();
    tee(command, |line| {
        if !line.trim().is_empty() {
            line.clone_into(&mut last);
        }
    })?;
    parse(who, &last)
}

fn parse(who: &str, line: &str) -> Outcome<Vec<Row>> {
    let mut rows: Vec<Row> = serde_json::from_str(line).map_err(|error| {
        Failure::new(format!("{who}: last line is no JSON array of rows: {error}"))
    })?;
    for row in &mut rows {
        row.entry("who").or_insert_with(|| who.into());
    }
    Ok(rows)
}

/// What a peer needs and this machine does not have.
fn lacking(peer: &str) -> Option<&'static str> {
    match peer {
        "postgres" if !has_postgres() => {
            Some("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
        }
        "risk" if !has_python() => {
            Some("there is no Python with numpy, numba, scipy and arch (BACKSTOP_PEER_PYTHON)")
        }
        _ => None,
    }
}

fn has_python() -> bool {
    let python = std::env::var_os("BACKSTOP_PEER_PYTHON").unwrap_or_else(|| "python3".into());
    succeeds(Command::new(python).args(["-c", "import numpy, numba, scipy, arch"]))
}

/// Debian keeps the server's programs off the path, one folder per version.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    answers("initdb", "--version")
        || versions.into_iter().any(|version| version.path().join("bin/initdb").is_file())
}

/// Names and scripts of the peers, sorted.
fn peers(root: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root.join("peers")).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path().join("run")))
        .filter(|(_, script)| script.is_file())
        .collect();
    if found.is_empty() {
        println!("SKIPPED: peers/: there is no peers/NAME/run");
    }
    found.sort();
    found
}

fn table(rows: &[Row]) -> Table {
    let named: BTreeSet<&str> = rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let first = FIRST.iter().copied().filter(|name| named.contains(name));
    let others = named.iter().copied().filter(|name| !FIRST.contains(name));
    let columns: Vec<&str> = first.chain(others).collect();
    let mut table = Table::new(columns.iter().copied());
    for row in rows {
        table.row(columns.iter().map(|name| cell(row.get(*name))).collect());
    }
    table
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_different_benches_share_one_table() {
        let mut rows =
            parse(US, r#"[{"work":"settle","value":1200000,"unit":"/s","p99":3}]"#).unwrap();
        rows.extend(parse("postgres", r#"[{"work":"settle","value":2600,"unit":"/s"}]"#).unwrap());
        let expected = "\
| who      | work   | value   | unit | p99 |
| -------- | ------ | ------- | ---- | --- |
| backstop | settle | 1200000 | /s   | 3   |
| postgres | settle | 2600    | /s   |     |
";
        assert_eq!(table(&rows).render(), expected);
    }

    #[test]
    fn a_bench_without_rows_is_a_failure() {
        assert!(parse(US, "done").is_err());
    }
}
