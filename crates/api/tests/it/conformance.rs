//! Published cases of other systems, carried out under their preset.

use crate::kana;
use backstop_api::{Format, MemoryHost, Scenario, run};
use std::collections::BTreeSet;

const CLASSES: &str = include_str!("../../../../conformance/classes.toml");

#[test]
fn every_case_stands_in_one_class() {
    let classes: toml::Table = toml::from_str(CLASSES).unwrap();
    let listed: Vec<String> = classes["kana"]
        .as_table()
        .unwrap()
        .values()
        .flat_map(|ids| ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()))
        .collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    let ids: BTreeSet<_> =
        kana::cases().iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(unique.len(), listed.len(), "an id stands twice");
    assert_eq!(unique, ids);
}

#[test]
fn kana_cases_in_memory() {
    let cases = kana::cases();
    assert!(cases.len() >= 11, "only {} cases", cases.len());
    for case in cases {
        let text = kana::scenario(&case).to_string();
        let scenario = Scenario::parse(&text, Format::Json).unwrap();
        let mut host = MemoryHost::new(scenario.genesis(), scenario.start).unwrap();
        kana::check(&case, &run(&scenario, &mut host).unwrap().steps);
    }
}
