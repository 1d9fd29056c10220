//! Golden scenarios: every file under `scenarios/` and `examples/` runs, and its expectations hold.

use backstop_api::{Format, MemoryHost, Scenario, run};
use std::{fs, path::Path};

#[test]
fn every_scenario_meets_its_expectations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for folder in ["scenarios", "examples"] {
        let mut files: Vec<_> =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|ext| ext == "toml" || ext == "json"))
        {
            let text = fs::read_to_string(file).unwrap();
            let scenario = Scenario::parse(&text, Format::of(file))
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let genesis = scenario.genesis();
            let mut host = MemoryHost::new(genesis, scenario.start)
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let outcome = run(&scenario, &mut host).unwrap();
            assert_eq!(outcome.unmet, [], "{}", file.display());
            assert_eq!(outcome.books["trial_balance"]["balanced"], true);
            let claims = scenario.steps.iter().filter(|step| step.expect.is_some()).count();
            assert!(claims > 0, "{} expects nothing, so it can't fail", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} scenarios");
}
