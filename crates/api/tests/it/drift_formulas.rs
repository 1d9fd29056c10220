//! The published cases of Drift's liquidation fees, each as a query. Prices and quote have six
//! decimals there, margins four.

use crate::cases::{ask, code, decimal, same, scaled, scenario as of_steps, text};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/drift-formulas.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let inputs = &case["inputs"];
    of_steps(&[match case["group"].as_str().unwrap() {
        "perp_if_fee" => position_fee(inputs),
        "spot_if_fee" => debt_fee(inputs),
        "liquidator_fee_ramp" => ramp(inputs),
        other => panic!("no scenario for group {other}"),
    }])
}

/// Compares the result of a case's step with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    assert_eq!(code(&steps[0]), None, "{}", case["id"]);
    let fee = &steps[0]["result"]["fee"];
    let got = json!({ "if_fee_1e6": fee, "fee_1e6": fee });
    same(case, "expected", &case["expected"], &got);
}

/// Margins of four decimals in parts per million.
fn margin(value: &Value) -> i128 {
    scaled(value, 0) * 100
}

fn position_fee(inputs: &Value) -> Value {
    ask(
        "position_fee",
        &json!({
            "margin": margin(&inputs["margin_ratio_1e4"]),
            "liquidator_fee": inputs["liquidator_fee_1e6"],
            "shortage": {
                "missing": text(&inputs["margin_shortage"]),
                "size": text(&inputs["base_amount"]),
                "decimals": 9,
                "price": decimal(&inputs["oracle_price"], 6),
                "quote_price": decimal(&inputs["quote_price"], 6),
            },
            "max": inputs["max_if_fee_1e6"],
            "headroom_share": 950_000,
        }),
    )
}

fn debt_fee(inputs: &Value) -> Value {
    ask(
        "debt_fee",
        &json!({
            "asset_weight": margin(&inputs["asset_weight_1e4"]),
            "asset_multiplier": inputs["asset_liq_multiplier_1e6"],
            "debt_weight": margin(&inputs["liability_weight_1e4"]),
            "debt_multiplier": inputs["liability_liq_multiplier_1e6"],
            "shortage": {
                "missing": text(&inputs["margin_shortage"]),
                "size": text(&inputs["liability_tokens"]),
                "decimals": inputs["liability_decimals"],
                "price": decimal(&inputs["liability_price"], 6),
            },
            "max": inputs["max_if_fee_1e6"],
        }),
    )
}

fn ramp(inputs: &Value) -> Value {
    let elapsed = scaled(&inputs["current_slot"], 0) - scaled(&inputs["user_last_active_slot"], 0);
    ask(
        "liquidator_fee",
        &json!({
            "base": inputs["base_fee_1e6"],
            "max": inputs["max_fee_1e6"],
            "grace": 1_500,
            "step": 1,
            "elapsed": elapsed,
        }),
    )
}
