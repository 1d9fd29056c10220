//! Which crate may know which: arrows point down only, and every crate says what it is for.

use serde_json::Value;

use super::{Finding, Tree};

/// What a crate may depend on, by names without the prefix.
const ALLOWED: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("core", &["units"]),
    ("journal", &[]),
    ("engine", &["core", "journal", "units"]),
    ("risk", &["core", "units"]),
    ("export", &["risk", "core", "units"]),
    ("api", &["core", "units"]),
    ("server", &["engine", "api", "risk", "export", "core", "units"]),
    ("cli", &["server", "engine", "api", "risk", "export", "journal", "core", "units"]),
    ("testkit", &["engine", "api", "risk", "export", "journal", "core", "units"]),
    ("xtask", &[]),
];

/// Crates that may not use the test kit even in tests: it stands on them.
const BELOW_TESTKIT: &[&str] = &["units"];

/// Dependencies that point up or sideways.
pub(crate) fn arrows(tree: &Tree) -> Vec<Finding> {
    tree.packages.iter().flat_map(arrows_of).collect()
}

fn arrows_of(package: &Value) -> Vec<Finding> {
    let name = short(&package["name"]);
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        return vec![finding(
            package,
            "arrows",
            format!("`{name}` has no row in the table of arrows"),
        )];
    };
    let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = dependencies.iter().filter(|dependency| dependency["path"].is_string());
    ours.filter(|dependency| !is_allowed(name, allowed, dependency))
        .map(|dependency| {
            let what = format!("`{name}` may not depend on `{}`", short(&dependency["name"]));
            finding(package, "arrows", what)
        })
        .collect()
}

fn is_allowed(name: &str, allowed: &[&str], dependency: &Value) -> bool {
    let target = short(&dependency["name"]);
    let for_tests = dependency["kind"] == "dev" && target == "testkit";
    allowed.contains(&target) || (for_tests && !BELOW_TESTKIT.contains(&name))
}

/// Crates without a README.
pub(crate) fn readmes(tree: &Tree) -> Vec<Finding> {
    let lacking = tree.packages.iter().filter(|package| {
        let readme = format!("{}README.md", folder(package));
        !tree.files.iter().any(|file| file.path == readme)
    });
    lacking.map(|package| finding(package, "readme", "no README.md beside it".into())).collect()
}

fn short(name: &Value) -> &str {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("backstop-").unwrap_or(name)
}

/// Folder of the package from the root, with a `/` at its end.
fn folder(package: &Value) -> String {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let parts: Vec<&str> = manifest.split('/').collect();
    match parts.as_slice() {
        [.., "crates", name, _] => format!("crates/{name}/"),
        [.., name, _] => format!("{name}/"),
        _ => String::new(),
    }
}

fn finding(package: &Value, rule: &'static str, what: String) -> Finding {
    let file = format!("{}Cargo.toml", folder(package));
    Finding { file, line: 1, rule, what, got: String::new(), limit: String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{places, tree};
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let list: Vec<Value> = dependencies
            .iter()
            .map(|(name, kind)| json!({"name": format!("backstop-{name}"), "kind": kind, "path": "x"}))
            .collect();
        let manifest = format!("anywhere/crates/{name}/Cargo.toml");
        json!({"name": format!("backstop-{name}"), "manifest_path": manifest, "dependencies": list})
    }

    fn found(packages: Vec<Value>) -> Vec<String> {
        places(&arrows(&Tree { packages, ..Tree::default() }))
    }

    #[test]
    fn arrows_down_are_allowed() {
        let engine = package("engine", &[("core", None), ("journal", None), ("units", None)]);
        let core = package("core", &[("units", None), ("testkit", Some("dev"))]);
        assert_eq!(found(vec![engine, core]), Vec::<String>::new());
    }

    #[test]
    fn arrows_up_and_sideways_are_not() {
        let core = package("core", &[("engine", None), ("testkit", None)]);
        let journal = package("journal", &[("units", None)]);
        let units = package("units", &[("testkit", Some("dev"))]);
        let expected = [
            "crates/core/Cargo.toml:1: `core` may not depend on `engine`",
            "crates/core/Cargo.toml:1: `core` may not depend on `testkit`",
            "crates/journal/Cargo.toml:1: `journal` may not depend on `units`",
            "crates/units/Cargo.toml:1: `units` may not depend on `testkit`",
        ];
        assert_eq!(found(vec![core, journal, units]), expected);
    }

    #[test]
    fn crates_of_others_are_not_our_arrows() {
        let mut units = package("units", &[]);
        units["dependencies"] = json!([{"name": "serde", "kind": null, "path": null}]);
        assert_eq!(found(vec![units]), Vec::<String>::new());
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let what = "crates/oracle/Cargo.toml:1: `oracle` has no row in the table of arrows";
        assert_eq!(found(vec![package("oracle", &[])]), [what]);
    }

    #[test]
    fn every_crate_has_a_readme() {
        let mut tree = tree(&[("crates/core/README.md", "# core")]);
        tree.packages = vec![package("core", &[]), package("risk", &[])];
        assert_eq!(places(&readmes(&tree)), ["crates/risk/Cargo.toml:1: no README.md beside it"]);
    }
}
