//! The published cases of Kamino's insurance pools, carried out by commands: the curator deposits and stakes, the
//! matcher matches what he may.

use crate::cases::{code, same, scaled};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file = include_str!("../../../../conformance/kamino-pools.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// Decimals of the dollar.
const DECIMALS: usize = 6;
const KEYS: [&str; 2] = [
    "0101010101010101010101010101010101010101010101010101010101010101",
    "0202020202020202020202020202020202020202020202020202020202020202",
];

fn atoms(case: &Value, field: &str) -> String {
    scaled(&case["inputs"][field], DECIMALS).to_string()
}

fn setup(case: &Value) -> Value {
    let rules = json!({ "crank_fee": "0", "dead_shares": "0", "penalty": 0, "penalty_min": "0" });
    let matching = json!({
        "matcher": "matcher", "quote": "usdt", "cap": atoms(case, "match_cap_usd"),
        "yields": "matcher", "exits": "with_stakers",
    });
    let pool = json!({
        "vault": "vault", "council": KEYS[0], "nominee": KEYS[1], "policy": { "matching": matching },
    });
    let vault = json!({ "label": "vault", "asset": "usdt", "curator": "curator", "policy": rules });
    json!([
        { "open_account": { "label": "curator" } },
        { "open_account": { "label": "matcher" } },
        { "create_vault": vault },
        { "create_insurance_pool": pool },
    ])
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let step = |actor: &str, word: &str, fields: Value| json!({ "actor": actor, "command": { word: fields } });
    let staked = atoms(case, "curator_deposit_usd");
    let deposit = |name: &str| {
        let fields =
            json!({ "account": name, "vault": "vault", "amount": atoms(case, "match_cap_usd") });
        step(name, "deposit_vault", fields)
    };
    let mut own = deposit("curator");
    own["command"]["deposit_vault"]["amount"] = json!(staked);
    let stake = json!({ "account": "curator", "vault": "vault", "shares": staked });
    let opening = |name: &str| json!({ "account": { "account": name }, "asset": "usdt", "amount": "1000000000000" });
    json!({
        "preset": "backstop",
        "setup": setup(case),
        "opening": [opening("curator"), opening("matcher")],
        "steps": [
            own,
            deposit("matcher"),
            step("curator", "stake_pool", stake),
            step("matcher", "match_pool", json!({ "vault": "vault" })),
            { "query": { "insurance_pool": { "vault": "vault" } } },
        ],
    })
}

/// Compares what the pool is worth with what the case expects. Where nothing is staked, nothing can be matched.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let refused: Vec<_> = steps.iter().map(code).collect();
    let nothing = scaled(&case["inputs"]["curator_deposit_usd"], DECIMALS) == 0;
    let none = [Some("ZERO_AMOUNT"), None, Some("ZERO_AMOUNT"), Some("ABOVE_STAKE"), None];
    assert_eq!(refused, if nothing { none } else { [None; 5] }, "{}", case["id"]);
    let seen = &steps[4]["result"];
    let worth = |tranche: &str| scaled(&seen[tranche]["worth"], 0);
    let total = (worth("own") + worth("matched")) / 10i128.pow(6);
    let expected = case["expected"].as_object().unwrap();
    assert_eq!(expected.len(), 1, "{}", case["id"]);
    same(case, "pool_total_usd", &expected["pool_total_usd"], &json!(total.to_string()));
}
