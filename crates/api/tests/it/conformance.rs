//! Published cases of other systems: under their preset, or asked of the formulas they state.

use crate::{
    bankruptcy, drift, drift_formulas, kamino, kamino_farms, kamino_pools, kamino_vaults,
    kamino_yields, kana, marginfi, perp_v2, perps, umbrella,
};
use backstop_api::{Format, MemoryHost, Scenario, run};
use serde_json::Value;
use std::collections::BTreeSet;

const CLASSES: &str = include_str!("../../../../conformance/classes.toml");

/// The ids of all that was collected, one a line.
const PUBLISHED: &str = include_str!("../../../../conformance/published.txt");

/// A table of the classes, the cases it classes, and how they are asked and compared.
struct Suite {
    table: &'static str,
    cases: fn() -> Vec<Value>,
    scenario: fn(&Value) -> Value,
    check: fn(&Value, &[Value]),
    /// Fewer would mean that the file was not read.
    least: usize,
}

const SUITES: &[Suite] = &[
    Suite {
        table: "kana",
        cases: kana::cases,
        scenario: kana::scenario,
        check: kana::check,
        least: 11,
    },
    Suite {
        table: "dydx",
        cases: || perps::cases("dydx_"),
        scenario: perps::scenario,
        check: perps::check,
        least: 69,
    },
    Suite {
        table: "bybit",
        cases: || perps::cases("bybit_"),
        scenario: perps::scenario,
        check: perps::check,
        least: 3,
    },
    Suite {
        table: "marginfi",
        cases: marginfi::cases,
        scenario: marginfi::scenario,
        check: marginfi::check,
        least: 10,
    },
    Suite {
        table: "perp_v2",
        cases: perp_v2::cases,
        scenario: perp_v2::scenario,
        check: perp_v2::check,
        least: 7,
    },
    Suite {
        table: "mango",
        cases: || bankruptcy::cases("mango_"),
        scenario: bankruptcy::scenario,
        check: bankruptcy::check,
        least: 15,
    },
    Suite {
        table: "bitmex",
        cases: || bankruptcy::cases("bitmex_"),
        scenario: bankruptcy::scenario,
        check: bankruptcy::check,
        least: 1,
    },
    Suite {
        table: "drift_fund",
        cases: drift::cases,
        scenario: drift::scenario,
        check: drift::check,
        least: 48,
    },
    Suite {
        table: "kamino_vaults",
        cases: kamino_vaults::cases,
        scenario: kamino_vaults::scenario,
        check: kamino_vaults::check,
        least: 24,
    },
    Suite {
        table: "kamino_farms",
        cases: kamino_farms::cases,
        scenario: kamino_farms::scenario,
        check: kamino_farms::check,
        least: 11,
    },
    Suite {
        table: "kamino_yields",
        cases: kamino_yields::cases,
        scenario: kamino_yields::scenario,
        check: kamino_yields::check,
        least: 2,
    },
    Suite {
        table: "kamino_pools",
        cases: kamino_pools::cases,
        scenario: kamino_pools::scenario,
        check: kamino_pools::check,
        least: 2,
    },
    Suite {
        table: "kamino_reserves",
        cases: kamino::cases,
        scenario: kamino::scenario,
        check: kamino::check,
        least: 13,
    },
    Suite {
        table: "umbrella",
        cases: umbrella::cases,
        scenario: umbrella::scenario,
        check: umbrella::check,
        least: 15,
    },
    Suite {
        table: "drift_formulas",
        cases: drift_formulas::cases,
        scenario: drift_formulas::scenario,
        check: drift_formulas::check,
        least: 7,
    },
];

fn ids(suite: &Suite) -> Vec<String> {
    (suite.cases)().iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_case_stands_in_one_class() {
    let classes: toml::Table = toml::from_str(CLASSES).unwrap();
    let tables: BTreeSet<_> = classes.keys().map(String::as_str).collect();
    assert_eq!(tables, SUITES.iter().map(|suite| suite.table).collect());
    for suite in SUITES {
        let table = classes[suite.table].as_table().unwrap();
        let words: BTreeSet<_> = table.keys().map(String::as_str).collect();
        assert_eq!(words, BTreeSet::from(["exact", "one_atom", "refused"]), "{}", suite.table);
        let listed: Vec<String> = table
            .values()
            .flat_map(|ids| {
                ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned())
            })
            .collect();
        let unique: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(unique.len(), listed.len(), "an id of {} stands twice", suite.table);
        let ids = ids(suite);
        assert!(ids.len() >= suite.least, "only {} cases of {}", ids.len(), suite.table);
        assert_eq!(unique, ids.into_iter().collect(), "{}", suite.table);
    }
}

/// Every collected case is classed, once; and no case is made up.
#[test]
fn every_published_case_is_classed() {
    let classes: toml::Table = toml::from_str(CLASSES).unwrap();
    let lists = classes.values().flat_map(|table| table.as_table().unwrap().values());
    let ids = lists.flat_map(|list| list.as_array().unwrap().iter());
    let mut classed: Vec<&str> = ids.map(|id| id.as_str().unwrap()).collect();
    classed.sort_unstable();
    let published: BTreeSet<_> = PUBLISHED.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(published.len() >= 155, "only {} ids", published.len());
    for pair in classed.windows(2) {
        assert_ne!(pair[0], pair[1], "classed twice");
    }
    let made_up: Vec<_> = classed.iter().filter(|id| !published.contains(*id)).collect();
    assert!(made_up.is_empty(), "in no collection: {made_up:?}");
    let missing: Vec<_> =
        published.iter().filter(|id| classed.binary_search(id).is_err()).collect();
    assert!(missing.is_empty(), "in no class: {missing:?}");
}

/// Every case of a file belongs to a suite: none is left out by a prefix.
#[test]
fn no_case_is_left_out() {
    let of = |tables: &[&str]| {
        let suites = SUITES.iter().filter(|suite| tables.contains(&suite.table));
        suites.map(|suite| ids(suite).len()).sum::<usize>()
    };
    assert_eq!(of(&["dydx", "bybit"]), perps::cases("").len());
    assert_eq!(of(&["mango", "bitmex"]), bankruptcy::cases("").len());
}

#[test]
fn cases_in_memory() {
    for suite in SUITES {
        for case in (suite.cases)() {
            let text = (suite.scenario)(&case).to_string();
            let scenario = Scenario::parse(&text, Format::Json)
                .unwrap_or_else(|fault| panic!("{}: {fault}", case["id"]));
            let mut host = MemoryHost::new(scenario.genesis(), scenario.start).unwrap();
            (suite.check)(&case, &run(&scenario, &mut host).unwrap().steps);
        }
    }
}
