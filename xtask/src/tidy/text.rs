//! What no text of ours may contain: names of presets in core, places of one machine, notes to nobody.

use super::vocabulary::normal;
use super::{File, Finding, Tree};

/// The preset that is ours; its name is the product's and may stand anywhere.
const OUR_PRESET: &str = "backstop";
/// First folders of absolute paths that exist on one machine only.
const PRIVATE_ROOTS: &[&str] = &["home", "root", "work", "Users", "mnt", "media"];
/// Hosts of package registries, in two halves so that this file passes its own rule.
const REGISTRIES: &[(&str, &str)] = &[
    ("crates", "io"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("proxy.golang", "org"),
];
/// Written by a tool, which names the registry.
const GENERATED: &[&str] = &["Cargo.lock"];

/// A preset is configuration: core must not know any by name.
pub(crate) fn no_preset_names(tree: &Tree) -> Vec<Finding> {
    let presets: Vec<String> = tree.files.iter().filter_map(|file| preset(&file.path)).collect();
    let mut findings = Vec::new();
    for file in tree.rust_under(&["crates/core/src/"]) {
        for (number, line) in numbered(&file.text) {
            let words = normal(line);
            let named = presets.iter().filter(|name| words.contains(&normal(name)));
            findings.extend(named.map(|name| {
                file.finding(number, "preset-name", format!("core names the preset `{name}`"))
            }));
        }
    }
    findings
}

fn preset(path: &str) -> Option<String> {
    let stem = path.strip_prefix("presets/")?.strip_suffix(".toml")?;
    (stem != OUR_PRESET && !stem.contains('/')).then(|| stem.to_owned())
}

/// Absolute paths of somebody's machine.
pub(crate) fn no_machine_paths(tree: &Tree) -> Vec<Finding> {
    lines(tree, "machine-path", |line| {
        let root = PRIVATE_ROOTS.iter().find(|root| has_path(line, root))?;
        Some(format!("a path under `{root}` of one machine"))
    })
}

/// Whether an absolute path in `line` begins with the folder `root`.
fn has_path(line: &str, root: &str) -> bool {
    let pattern = format!("/{root}/");
    line.match_indices(&pattern).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "_-./}>*~$".contains(c)))
    })
}

/// Hosts of package registries: how packages are fetched is the machine's business.
pub(crate) fn no_registry_hosts(tree: &Tree) -> Vec<Finding> {
    let hosts: Vec<String> = REGISTRIES.iter().map(|(name, end)| format!("{name}.{end}")).collect();
    lines(tree, "registry-host", |line| {
        hosts.iter().find(|host| line.contains(*host)).map(|host| format!("`{host}`"))
    })
}

/// A note that something is to be done names its issue, or nobody will do it.
pub(crate) fn numbered_notes(tree: &Tree) -> Vec<Finding> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    lines(tree, "note", |line| {
        let mark =
            marks.iter().find(|mark| line.split(**mark).skip(1).any(|rest| !is_numbered(rest)))?;
        Some(format!("`{mark}` without an issue number, as in `{mark}(#12)`"))
    })
}

fn is_numbered(rest: &str) -> bool {
    let number = rest.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
    number.is_some_and(|(digits, _)| digits.parse::<u32>().is_ok())
}

/// Findings of `look` over every line that a person wrote.
fn lines(tree: &Tree, rule: &'static str, look: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let written = tree.files.iter().filter(|file| !GENERATED.contains(&file.path.as_str()));
    written.flat_map(|file| found_in(file, rule, &look)).collect()
}

fn found_in(
    file: &File,
    rule: &'static str,
    look: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    numbered(&file.text)
        .filter_map(|(number, line)| Some(file.finding(number, rule, look(line)?)))
        .collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    #[test]
    fn preset_names_are_found_in_words_of_any_shape() {
        let core = "// as Delta does\nfn perp_v2() {}\nstruct DeltaFee;\nlet deltas = backstop;\n";
        let files = [
            ("presets/delta.toml", ""),
            ("presets/perp-v2.toml", ""),
            ("presets/backstop.toml", ""),
            ("crates/core/src/a.rs", core),
            ("crates/risk/src/a.rs", core),
        ];
        let found = places(&no_preset_names(&tree(&files)));
        let expected = [
            "crates/core/src/a.rs:1: core names the preset `delta`",
            "crates/core/src/a.rs:2: core names the preset `perp-v2`",
            "crates/core/src/a.rs:3: core names the preset `delta`",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn paths_of_one_machine_are_found_and_routes_are_not() {
        let root = PRIVATE_ROOTS[0];
        let bad = format!("see `/{root}/me/notes`\n");
        let good = format!("GET /v1/{root}/x, ../{root}/y, https://example.org/{root}/z\n");
        let found = no_machine_paths(&tree(&[("README.md", &(good + &bad))]));
        assert_eq!(places(&found).len(), 1);
        assert_eq!(found[0].line, 2);
    }

    #[test]
    fn registry_hosts_are_found_except_in_generated_files() {
        let (name, end) = REGISTRIES[0];
        let text = format!("from https://static.{name}.{end}/x");
        let files = [("docs/a.md", text.as_str()), ("Cargo.lock", text.as_str())];
        assert_eq!(no_registry_hosts(&tree(&files)).len(), 1);
    }

    #[test]
    fn notes_carry_their_issue() {
        let mark = concat!("TO", "DO");
        let text = format!("// {mark}(#12): later\n// {mark}: never\n// {mark}(me)\n");
        let found = numbered_notes(&tree(&[("crates/core/src/a.rs", &text)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 3]);
    }
}
