//! The published cases of Kana: each as a scenario, and what its results must be. Also used by the
//! tests of the binary, so that both hosts answer to the same expectations.

use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/kana.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let inputs = &case["inputs"];
    let (opening, steps) = match case["group"].as_str().unwrap() {
        "kana_liquidation_split" => split(inputs),
        "kana_admin_withdrawal" => withdrawal(inputs),
        other => panic!("no scenario for group {other}"),
    };
    json!({
        "preset": "kana",
        "setup": [
            { "open_account": { "label": "user" } },
            { "open_account": { "label": "liquidator" } },
            { "set_threshold": { "fund": "main", "threshold": inputs["threshold_units"].to_string() } },
        ],
        "opening": opening,
        "steps": steps,
    })
}

/// Compares the results of a case's steps with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let got = match case["group"].as_str().unwrap() {
        "kana_liquidation_split" => split_result(steps),
        _ => withdrawal_result(steps),
    };
    let expected = case["expected"].as_object().unwrap();
    for (field, wanted) in expected {
        let (_, value) = got
            .iter()
            .find(|(known, _)| known == field)
            .unwrap_or_else(|| panic!("{}: {field} is not compared", case["id"]));
        assert_eq!(*value, spelled(wanted), "{}: {field}", case["id"]);
    }
}

fn split(inputs: &Value) -> (Value, Value) {
    let opening = json!([{ "account": { "reserve": "main" }, "asset": "kusdt", "amount": inputs["fund_balance_units"].to_string() }]);
    let steps = json!([
        { "actor": "venue", "command": { "settle_liquidation": {
            "market": "sol-perp", "account": "user", "liquidator": "liquidator",
            "outcome": inputs["remaining_collateral_units"].to_string(), "evidence": "11".repeat(32) } } },
        { "query": { "fund": { "fund": "main" } } },
    ]);
    (opening, steps)
}

fn split_result(steps: &[Value]) -> Vec<(&'static str, String)> {
    let events = steps[0]["events"].as_array().unwrap();
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
    vec![
        ("to_fund", spelled(&settled["to_fund"])),
        ("to_liquidator", spelled(&settled["to_liquidator"])),
        ("to_user", (atoms(&settled["to_user"]) + atoms(&settled["overflow"])).to_string()),
        ("fund_after", spelled(&steps[1]["result"]["balance"])),
        ("shortfall_paid", sum(false).to_string()),
        ("uncovered", sum(true).to_string()),
    ]
}

fn withdrawal(inputs: &Value) -> (Value, Value) {
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
    (opening, steps)
}

fn withdrawal_result(steps: &[Value]) -> Vec<(&'static str, String)> {
    let error = match steps[1]["reject"]["code"].as_str() {
        None => "null",
        Some("BELOW_THRESHOLD") => "BelowThreshold",
        Some("NO_EXCESS") => "NoExcess",
        Some("NO_PROTOCOL_EXCESS") => "NoProtocolExcess",
        Some(other) => other,
    };
    vec![
        ("allowed_max", spelled(&steps[0]["result"]["allowed_max"])),
        ("paid", spelled(&steps[1]["events"][0]["amount"])),
        ("error", error.to_owned()),
    ]
}

/// A count as digits, whether written as a number or in quotes; nothing is zero, other texts stay.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(
        || if value.is_null() { "0".to_owned() } else { value.to_string() },
        ToOwned::to_owned,
    )
}

fn atoms(value: &Value) -> i128 {
    spelled(value).parse().unwrap()
}
