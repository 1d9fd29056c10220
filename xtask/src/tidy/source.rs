//! What the code of a crate must not contain: floats, clocks, files, unsafe blocks.

use super::scan::{Token, is_name, tokens};
use super::{File, Finding, Tree};

/// Sources that hold money: a float in them is a defect.
const EXACT: &[&str] =
    &["crates/units/src/", "crates/core/src/", "crates/journal/src/", "crates/export/src/"];
/// Of them, those that show figures of the risk desk, which are estimates and no money.
const ESTIMATES: &[&str] = &["crates/export/src/picture/chart/", "crates/export/src/risk/"];
/// Sources whose answers depend on nothing but their input.
const PURE: &[&str] = &["crates/units/src/", "crates/core/src/"];
/// Modules of the standard library that reach outside, or whose maps iterate in a random order.
const OUTSIDE: &[&str] = &["env", "fs", "io", "net", "process", "thread", "collections"];
/// Clocks, by whatever path they were imported.
const CLOCKS: &[&str] = &["SystemTime", "Instant"];

/// `f32`, `f64` and float literals where money is.
pub(crate) fn no_floats(tree: &Tree) -> Vec<Finding> {
    let shows = |file: &&File| ESTIMATES.iter().any(|folder| file.path.starts_with(folder));
    let files = tree.rust_under(EXACT).filter(|file| !shows(file));
    files.flat_map(|file| words(file, "floats", |token| is_float(token.text))).collect()
}

fn is_float(text: &str) -> bool {
    if is_name(text) {
        return text == "f32" || text == "f64";
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let suffixed = text.ends_with("f32") || text.ends_with("f64");
    let based = ["0x", "0b", "0o"].iter().any(|base| text.starts_with(base));
    let exponent =
        text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').starts_with(['e', 'E']);
    is_number && !based && (text.contains('.') || suffixed || exponent)
}

/// Clocks, files, environment and the like where only commands may bring them in.
pub(crate) fn no_outside_world(tree: &Tree) -> Vec<Finding> {
    tree.rust_under(PURE).flat_map(outside_of).collect()
}

fn outside_of(file: &File) -> Vec<Finding> {
    let all = tokens(&file.code);
    let mut findings = words(file, "outside", |token| CLOCKS.contains(&token.text));
    for (at, token) in all.iter().enumerate().filter(|(_, token)| token.text == "std") {
        let paths = std_modules(&all[at + 1..]);
        let bad = paths.into_iter().filter(|name| OUTSIDE.contains(name));
        findings
            .extend(bad.map(|name| file.finding(token.line, "outside", format!("`std::{name}`"))));
    }
    findings
}

/// Modules named right after `std`: one for `std::fs`, several for `std::{env, fs::File}`.
fn std_modules<'a>(after: &[Token<'a>]) -> Vec<&'a str> {
    let texts: Vec<&str> = after.iter().map(|token| token.text).collect();
    match texts.as_slice() {
        [":", ":", "{", group @ ..] => {
            group.iter().copied().take_while(|text| *text != ";").collect()
        }
        [":", ":", name, ..] => vec![name],
        _ => Vec::new(),
    }
}

/// Hash maps are reached through one wrapper that cannot be iterated: one file of core names them.
pub(crate) fn one_hash_map(tree: &Tree) -> Vec<Finding> {
    let core = tree.rust_under(&["crates/core/src/"]);
    let users: Vec<Finding> = core
        .filter_map(|file| {
            let line = tokens(&file.code).iter().find(|token| token.text == "hashbrown")?.line;
            Some(file.finding(line, "hash-map", "`hashbrown` outside of its one wrapper"))
        })
        .collect();
    if users.len() > 1 { users } else { Vec::new() }
}

/// `unsafe` anywhere.
pub(crate) fn no_unsafe(tree: &Tree) -> Vec<Finding> {
    let word = concat!("un", "safe");
    tree.rust().flat_map(|file| words(file, "unsafety", |token| token.text == word)).collect()
}

fn words(file: &File, rule: &'static str, is_bad: impl Fn(&Token<'_>) -> bool) -> Vec<Finding> {
    let all = tokens(&file.code);
    let bad = all.iter().filter(|token| is_bad(token));
    bad.map(|token| file.finding(token.line, rule, format!("`{}`", token.text))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    #[test]
    fn floats_are_found_by_type_suffix_and_literal() {
        let text = "fn a(x: f64) {}\nlet b = 1.5;\nlet c = 1_f32;\nlet d = 1e9;\n";
        let found = places(&no_floats(&tree(&[("crates/core/src/a.rs", text)])));
        let expected = ["1: `f64`", "2: `1.5`", "3: `1_f32`", "4: `1e9`"];
        assert_eq!(found, expected.map(|end| format!("crates/core/src/a.rs:{end}")));
    }

    #[test]
    fn what_only_looks_like_a_float_is_none() {
        let text =
            "// 1.5 of f64\nlet a = pair.0.1; 0..9; 0x1e9; 0xf32; \"2.5\"; 7_u64; f64_like;\n";
        assert!(no_floats(&tree(&[("crates/units/src/a.rs", text)])).is_empty());
        assert!(no_floats(&tree(&[("crates/risk/src/a.rs", "1.5")])).is_empty());
    }

    #[test]
    fn only_the_folders_of_the_risk_report_may_show_estimates() {
        let found = |path: &str| no_floats(&tree(&[(path, "1.5")])).len();
        assert_eq!(found("crates/export/src/risk/size.rs"), 0);
        assert_eq!(found("crates/export/src/picture/chart/plot.rs"), 0);
        assert_eq!(found("crates/export/src/picture/gauge.rs"), 1);
    }

    #[test]
    fn the_outside_world_stays_out_of_core() {
        let text = "use std::{env, time::Instant};\nstd::fs::read(x);\nuse std::fmt;\n";
        let found = places(&no_outside_world(&tree(&[("crates/core/src/a.rs", text)])));
        let expected = ["1: `Instant`", "1: `std::env`", "2: `std::fs`"];
        assert_eq!(found, expected.map(|end| format!("crates/core/src/a.rs:{end}")));
        assert!(no_outside_world(&tree(&[("crates/engine/src/a.rs", text)])).is_empty());
    }

    #[test]
    fn one_file_of_core_may_wrap_hash_maps() {
        let one = ("crates/core/src/map.rs", "use hashbrown::HashMap;");
        let other = ("crates/core/src/fund/b.rs", "use hashbrown::HashSet;");
        assert!(one_hash_map(&tree(&[one])).is_empty());
        assert_eq!(one_hash_map(&tree(&[one, other])).len(), 2);
    }

    #[test]
    fn unsafe_blocks_are_found_and_lint_names_are_not() {
        let word = concat!("un", "safe");
        let text = format!("#![forbid({word}_code)]\nlet a = {word} {{ b }}; // {word}\n");
        let found = places(&no_unsafe(&tree(&[("crates/cli/src/a.rs", &text)])));
        assert_eq!(found, [format!("crates/cli/src/a.rs:2: `{word}`")]);
    }
}
