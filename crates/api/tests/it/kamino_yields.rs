//! The published cases of Kamino's yields. A vault's net yield has two answers there: what a client shows and what
//! the fees leave; ours is the second.

use crate::cases::{ask, code, scaled, scenario as of_steps};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file = include_str!("../../../../conformance/kamino-yields.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// A decimal number in steps of 2⁻⁶⁰, rounded down.
fn fixed(value: &Value) -> String {
    ((scaled(value, 12) << 60) / 1_000_000_000_000).to_string()
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let inputs = &case["inputs"];
    let asked = if inputs["gross"].is_null() {
        let rate = fixed(&inputs["apr"]);
        let fields = json!({
            "rate": rate, "period": "500ms", "periods": inputs["periods"], "growth": "compound",
        });
        ask("growth_factor", &fields)
    } else {
        let fields = json!({
            "gross": fixed(&inputs["gross"]),
            "performance": inputs["performance_bps"],
            "management": inputs["management_bps"],
        });
        ask("net_yield", &fields)
    };
    of_steps(&[asked])
}

/// Compares the answer within the case's tolerance, 10⁻⁹.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    assert_eq!(code(&steps[0]), None, "{}", case["id"]);
    let (answer, expected) = (&steps[0]["result"], &case["expected"]);
    let steps_of = |value: &Value| value.as_str().unwrap().parse::<i128>().unwrap();
    let (got, wanted) = if answer["net"].is_null() {
        (steps_of(&answer["factor"]) - (1 << 60), &expected["apy"])
    } else {
        (steps_of(&answer["net"]), &expected["economic_net"])
    };
    let off = ((got * 1_000_000_000_000) >> 60) - scaled(wanted, 12);
    assert!(off.abs() <= 1_000, "{}: off by {off} of 10¹²", case["id"]);
    let shown = &expected["sdk_display_net"];
    if !shown.is_null() {
        let off = ((got * 1_000_000_000_000) >> 60) - scaled(shown, 12);
        assert!(off.abs() > 1_000_000, "{}: the product of factors is another number", case["id"]);
    }
}
