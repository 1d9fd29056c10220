//! Sizes: a file and a function that can be read in one sitting. Tests are exempt.

use super::scan::{Span, functions, test_modules, tokens};
use super::{File, Finding, Tree};

/// Lines of a file, tests left out.
const FILE_LINES: usize = 500;
/// Lines of a function, from its name to its closing brace.
const FUNCTION_LINES: usize = 70;
/// Files with a limit of their own.
const SHORTER: &[(&str, usize)] = &[("crates/core/src/loss/waterfall.rs", 299)];
/// Folders of test code.
const TEST_FOLDERS: &[&str] = &["tests", "benches", "fuzz"];

/// Files and functions over their limits.
pub(crate) fn lengths(tree: &Tree) -> Vec<Finding> {
    tree.rust().filter(|file| !is_test(&file.path)).flat_map(too_long).collect()
}

fn too_long(file: &File) -> Vec<Finding> {
    let tokens = tokens(&file.code);
    let exempt = test_modules(&tokens);
    let lines = file.text.lines().count() - exempt.iter().map(Span::lines).sum::<usize>();
    let limit = limit(&file.path);
    let mut findings = Vec::new();
    if lines > limit {
        findings.push(file.finding(1, "file-length", "too many lines").with(lines, limit));
    }
    let counted = functions(&tokens).into_iter().filter(|function| {
        function.lines() > FUNCTION_LINES && !exempt.iter().any(|span| span.holds(function.first))
    });
    findings.extend(counted.map(|function| {
        let what = format!("`{}` has too many lines", function.name);
        file.finding(function.first, "function-length", what).with(function.lines(), FUNCTION_LINES)
    }));
    findings
}

fn limit(path: &str) -> usize {
    SHORTER.iter().find(|(file, _)| *file == path).map_or(FILE_LINES, |(_, lines)| *lines)
}

fn is_test(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    parts.next() == Some("tests.rs") || parts.any(|folder| TEST_FOLDERS.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        places(&lengths(&tree(&[(path, text)])))
    }

    #[test]
    fn a_function_may_have_seventy_lines_and_no_more() {
        assert!(found("crates/core/src/a.rs", &function(70)).is_empty());
        let over = found("crates/core/src/a.rs", &function(71));
        assert_eq!(over, ["crates/core/src/a.rs:1: `long` has too many lines"]);
    }

    #[test]
    fn a_file_may_have_five_hundred_lines_and_no_more() {
        assert!(found("crates/core/src/a.rs", &"//\n".repeat(500)).is_empty());
        let over = found("crates/core/src/a.rs", &"//\n".repeat(501));
        assert_eq!(over, ["crates/core/src/a.rs:1: too many lines"]);
    }

    #[test]
    fn the_waterfall_stays_under_three_hundred() {
        let path = "crates/core/src/loss/waterfall.rs";
        assert!(found(path, &"//\n".repeat(299)).is_empty());
        assert_eq!(found(path, &"//\n".repeat(300)).len(), 1);
    }

    #[test]
    fn tests_are_exempt() {
        let inside =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "//\n".repeat(500), function(90));
        assert!(found("crates/core/src/a.rs", &inside).is_empty());
        for path in
            ["crates/a/tests/it/main.rs", "crates/a/src/b/tests.rs", "crates/a/benches/b.rs"]
        {
            assert!(found(path, &function(600)).is_empty(), "{path}");
        }
        assert!(!found("crates/testkit/src/lib.rs", &function(600)).is_empty());
    }
}
