//! Golden scenarios: every file under `scenarios/` and `examples/` runs, and its expectations hold.

use backstop_api::{Format, MemoryHost, Scenario, run};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Runs a scenario whose expectations must hold; its results, step by step.
pub(crate) fn play(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let scenario = Scenario::parse(&text, Format::of(file))
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut host = MemoryHost::new(scenario.genesis(), scenario.start)
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let outcome = run(&scenario, &mut host).unwrap();
    assert_eq!(outcome.unmet, [], "{}", file.display());
    assert_eq!(outcome.books["trial_balance"]["balanced"], true);
    let claims = scenario.steps.iter().filter(|step| step.expect.is_some()).count();
    assert!(claims > 0, "{} expects nothing, so it can't fail", file.display());
    outcome.steps
}

fn scenarios_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "toml" || ext == "json"));
    files.sort();
    files
}

#[test]
fn every_scenario_meets_its_expectations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (folder, least) in [("scenarios", 10), ("scenarios/incidents", 22), ("examples", 1)] {
        let files = scenarios_in(&root.join(folder));
        assert!(files.len() >= least, "only {} scenarios in {folder}", files.len());
        for file in files {
            play(&file);
        }
    }
}
