//! The published cases of Perp v2: a fund's account reported, its surplus sent on, its debt repaid, under
//! its preset.

use crate::cases::{ask, code, same, scaled};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/perp-v2.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// What a case does not tell is as in its function's other cases: a threshold of 100,000, and an account
/// of 200,000 that is free; nothing else.
struct Inputs {
    wallet: i128,
    value: i128,
    free: i128,
    threshold: i128,
    beneficiary: bool,
}

const USDC: usize = 6;

impl Inputs {
    fn of(case: &Value) -> Self {
        let inputs = &case["inputs"];
        let or = |field: &str, usual: i128| {
            inputs.get(field).map_or(usual * 1_000_000, |told| scaled(told, USDC))
        };
        let repays = case["group"] == "perp_v2_repay";
        let usual = if repays { 0 } else { 200_000 };
        let named = |field: &&str| inputs.get(*field).is_some();
        // Who tells one part of the fund tells all of it.
        let usual =
            if ["fund_wallet_usdc", "fund_vault_value_usdc"].iter().any(named) { 0 } else { usual };
        Self {
            wallet: or("fund_wallet_usdc", 0),
            value: or("fund_vault_value_usdc", usual),
            free: or("fund_free_collateral_usdc", usual),
            threshold: or("distribution_threshold_usdc", 100_000),
            beneficiary: inputs.get("surplus_beneficiary") != Some(&Value::Null),
        }
    }
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let Inputs { wallet, value, free, threshold, beneficiary } = Inputs::of(case);
    let mut house = json!({ "market": "eth-perp", "counts": "value", "anyone_repays": true });
    if beneficiary {
        house["beneficiary"] = json!("beneficiary");
    }
    let opening = json!([
        { "account": { "reserve": "main" }, "asset": "usdc", "amount": wallet.to_string() },
    ]);
    let report = json!({
        "fund": "main", "value": value.to_string(), "free": free.to_string(), "evidence": "11".repeat(32),
    });
    let word = if case["group"] == "perp_v2_repay" { "repay_house" } else { "distribute_surplus" };
    json!({
        "preset": "perp-v2",
        "setup": [
            { "open_account": { "label": "other" } },
            { "set_house": { "fund": "main", "house": house } },
        ],
        "opening": if wallet == 0 { json!([]) } else { opening },
        "steps": [
            { "actor": "operator", "command": { "set_threshold": { "fund": "main", "threshold": threshold.to_string() } } },
            { "actor": "venue", "command": { "report_house": report } },
            ask("house", &json!({ "fund": "main" })),
            // Anyone may.
            { "actor": "other", "command": { word: { "fund": "main" } } },
            ask("fund", &json!({ "fund": "main" })),
            ask("account", &json!({ "account": "beneficiary" })),
        ],
    })
}

/// Compares the results of a case's steps with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let [threshold, reported, house, moved, fund, beneficiary] = steps else { panic!("{steps:?}") };
    let expected = &case["expected"];
    if let Some(error) = expected["error"].as_str() {
        let (step, wanted) = match error {
            "IF_SNS" => (moved, "NO_BENEFICIARY"),
            "IF_RWNN" => (moved, "NOTHING_TO_MOVE"),
            "IF_DTEZ" => (threshold, "BAD_POLICY"),
            other => panic!("{other} has no code of ours"),
        };
        assert_eq!(code(step), Some(wanted), "{}: {step}", case["id"]);
        return;
    }
    for step in [threshold, reported, house, fund, beneficiary] {
        assert_eq!(code(step), None, "{}: {step}", case["id"]);
    }
    // With nothing to move the source succeeds and moves nothing; ours says why.
    let idle = ["BELOW_THRESHOLD", "NO_EXCESS", "NOTHING_TO_MOVE", "INSUFFICIENT_BALANCE"];
    let amount = match code(moved) {
        None => moved["events"][0]["amount"].clone(),
        Some(why) => {
            assert!(idle.contains(&why), "{}: {why}", case["id"]);
            json!("0")
        }
    };
    let before = &house["result"];
    let repays = case["group"] == "perp_v2_repay";
    assert_eq!(before[if repays { "repayable" } else { "surplus" }], amount, "{}", case["id"]);
    let got = json!({
        "capacity_usdc": usdc(&before["capacity"]),
        "surplus_paid_usdc": usdc(&amount),
        "repaid_usdc": usdc(&amount),
        "wallet_after_usdc": usdc(&fund["result"]["reserve"]),
    });
    same(case, "expected", expected, &got);
    let received = &beneficiary["result"]["balances"][0]["free"];
    let paid = if repays { json!("0") } else { amount };
    assert_eq!(scaled(received, 0), scaled(&paid, 0), "{}", case["id"]);
}

/// Whole USDC; more decimals only where there are some.
fn usdc(atoms: &Value) -> Value {
    let atoms = scaled(atoms, 0);
    let (whole, rest) = (atoms / 1_000_000, format!("{:06}", atoms % 1_000_000));
    match rest.trim_end_matches('0') {
        "" => json!(whole),
        rest => json!(format!("{whole}.{rest}")),
    }
}
