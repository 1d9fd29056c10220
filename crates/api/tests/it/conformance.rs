//! Published cases of other systems, carried out under their preset.

use backstop_api::{Format, MemoryHost, Outcome, Scenario, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CASES: &str = include_str!("../../../../conformance/kana.json");
const CLASSES: &str = include_str!("../../../../conformance/classes.toml");

fn cases() -> Vec<Value> {
    let file: Value = serde_json::from_str(CASES).unwrap();
    file["cases"].as_array().unwrap().clone()
}

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
        cases().iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(unique.len(), listed.len(), "an id stands twice");
    assert_eq!(unique, ids);
}

/// Carries out a scenario under the `kana` preset.
fn carry_out(threshold: &Value, opening: &Value, steps: &Value) -> Outcome {
    let scenario = json!({
        "preset": "kana",
        "setup": [
            { "open_account": { "label": "user" } },
            { "open_account": { "label": "liquidator" } },
            { "set_threshold": { "fund": "main", "threshold": threshold.to_string() } },
        ],
        "opening": opening,
        "steps": steps,
    });
    let scenario = Scenario::parse(&scenario.to_string(), Format::Json).unwrap();
    let mut host = MemoryHost::new(&scenario.genesis().unwrap(), scenario.start).unwrap();
    run(&scenario, &mut host).unwrap()
}

fn atoms(value: &Value) -> i128 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Number(number) => number.as_i64().unwrap().into(),
        Value::Null => 0,
        other => panic!("not a count of atoms: {other}"),
    }
}

#[test]
fn liquidation_split() {
    let cases = cases();
    let cases = cases.iter().filter(|case| case["group"] == "kana_liquidation_split");
    let mut seen = 0;
    for case in cases {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let opening = json!([{ "account": { "reserve": "main" }, "asset": "kusdt", "amount": inputs["fund_balance_units"].to_string() }]);
        let steps = json!([
            { "actor": "venue", "command": { "settle_liquidation": {
                "market": "sol-perp", "account": "user", "liquidator": "liquidator",
                "outcome": inputs["remaining_collateral_units"].to_string(), "evidence": "11".repeat(32) } } },
            { "query": { "fund": { "fund": "main" } } },
        ]);
        let outcome = carry_out(&inputs["threshold_units"], &opening, &steps);
        let events = outcome.steps[0]["events"].as_array().unwrap();
        let event =
            |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap_or(&Value::Null);
        let (settled, placed) = (event("liquidation_settled"), event("loss_placed"));
        let rows = placed["rows"].as_array().cloned().unwrap_or_default();
        let sum = |residual: bool| -> i128 {
            let of_kind = rows.iter().filter(|row| (row["cohort"] == "residual") == residual);
            of_kind.map(|row| atoms(&row["amount"])).sum()
        };
        // What does not fit under the threshold goes to the user under this preset.
        assert_eq!(
            settled["overflow_to"]["balance"],
            if placed.is_null() { "user" } else { "treasury" }
        );
        let got = [
            ("to_fund", atoms(&settled["to_fund"])),
            ("to_liquidator", atoms(&settled["to_liquidator"])),
            ("to_user", atoms(&settled["to_user"]) + atoms(&settled["overflow"])),
            ("fund_after", atoms(&outcome.steps[1]["result"]["balance"])),
            ("shortfall_paid", sum(false)),
            ("uncovered", sum(true)),
        ];
        for (field, value) in got {
            assert_eq!(value, atoms(&expected[field]), "{}: {field}", case["id"]);
        }
        assert_eq!(
            expected.as_object().unwrap().len(),
            got.len(),
            "{}: a field is not compared",
            case["id"]
        );
        seen += 1;
    }
    assert!(seen >= 7);
}

#[test]
fn admin_withdrawal() {
    let codes = [
        ("BelowThreshold", "BELOW_THRESHOLD"),
        ("NoExcess", "NO_EXCESS"),
        ("NoProtocolExcess", "NO_PROTOCOL_EXCESS"),
    ];
    let cases = cases();
    let cases = cases.iter().filter(|case| case["group"] == "kana_admin_withdrawal");
    let mut seen = 0;
    for case in cases {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let given = atoms(&inputs["voluntary_principal_units"]);
        let own = atoms(&inputs["fund_balance_units"]) - given;
        let opening = json!([
            { "account": { "reserve": "main" }, "asset": "kusdt", "amount": own.to_string() },
            { "account": { "contributions": "main" }, "asset": "kusdt", "amount": given.to_string() },
        ]);
        let steps = json!([
            { "query": { "excess": { "fund": "main" } } },
            { "actor": "operator", "command": { "withdraw_excess": { "fund": "main", "amount": inputs["requested_units"].to_string() } } },
        ]);
        let outcome = carry_out(&inputs["threshold_units"], &opening, &steps);
        let id = &case["id"];
        assert_eq!(
            atoms(&outcome.steps[0]["result"]["allowed_max"]),
            atoms(&expected["allowed_max"]),
            "{id}"
        );
        match expected["error"].as_str() {
            Some(error) => {
                let (_, code) = codes.iter().find(|(theirs, _)| *theirs == error).unwrap();
                assert_eq!(outcome.steps[1]["reject"]["code"], *code, "{id}");
            }
            None => {
                assert_eq!(
                    atoms(&outcome.steps[1]["events"][0]["amount"]),
                    atoms(&expected["paid"]),
                    "{id}"
                );
            }
        }
        seen += 1;
    }
    assert!(seen >= 4);
}
