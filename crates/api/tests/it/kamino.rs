//! The published cases of Kamino's reserves, each asked as one query.

use crate::cases::{code, same, scenario as of_steps, text};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file = include_str!("../../../../conformance/kamino-reserves.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// For each kind of question the query, and what of its answer `expected` names.
type Adapter = (&'static str, fn(&Value) -> Value, &'static [(&'static str, &'static str)]);

const ADAPTERS: &[Adapter] = &[
    ("borrow_rate", borrow_rate, &[("borrow_rate_sf", "rate")]),
    ("compound_factor", factor, &[("factor_sf", "factor")]),
    (
        "utilization",
        |case| exchange(case, "0"),
        &[("total_supply_sf", "supply"), ("utilization_sf", "utilization")],
    ),
    (
        "ctoken_convert",
        |case| exchange(case, &text(&case["amount"])),
        &[
            ("ctoken_to_liquidity_ceil", "price"),
            ("ctoken_to_liquidity_floor", "worth"),
            ("liquidity_to_ctoken_ceil", "burned"),
            ("liquidity_to_ctoken_floor", "minted"),
        ],
    ),
    (
        "accrue",
        accrue,
        &[
            ("borrowed_sf", "borrowed"),
            ("pending_referrer_fees_sf", "referrers"),
            ("protocol_fees_sf", "protocol"),
            ("total_supply_sf", "supply"),
        ],
    ),
    (
        "socialize",
        socialise,
        &[
            ("borrowed_sf_after", "borrowed"),
            ("forgiven_sf", "forgiven"),
            ("holder_liquidity_after", "worth_after"),
            ("holder_liquidity_before", "worth_before"),
            ("reserve_deprecated", "dead"),
            ("total_supply_sf_after", "supply"),
        ],
    ),
];

fn adapter(case: &Value) -> &'static Adapter {
    let op = case["op"].as_str().unwrap();
    ADAPTERS.iter().find(|(known, _, _)| *known == op).unwrap_or_else(|| panic!("{op}"))
}

fn exchange(case: &Value, amount: &str) -> Value {
    json!({ "reserve_exchange": { "held": held(case), "amount": amount } })
}

fn held(case: &Value) -> Value {
    let reserve = &case["reserve"];
    json!({
        "available": text(&reserve["available"]),
        "borrowed": text(&reserve["borrowed_sf"]),
        "fees": text(&reserve["protocol_fees_sf"]),
        "shares": text(&reserve["ctoken_supply"]),
    })
}

fn borrow_rate(case: &Value) -> Value {
    let points = case["points"].as_array().unwrap().iter();
    let points = points.map(|point| json!({ "utilization": point[0], "rate": point[1] }));
    let curve = points.collect::<Vec<_>>();
    json!({ "borrow_rate": { "curve": curve, "utilization": text(&case["utilization_sf"]) } })
}

fn factor(case: &Value) -> Value {
    json!({ "growth_factor": {
        "rate": text(&case["rate_sf"]),
        "period": "500ms",
        "periods": case["slots"],
        "growth": "series",
    } })
}

fn accrue(case: &Value) -> Value {
    let percent = case["take_rate_pct"].as_u64().unwrap();
    json!({ "accrual": {
        "held": held(case),
        "rate": text(&case["borrow_rate_sf"]),
        "periods": case["slots"],
        "policy": {
            "take": percent * 100,
            "referral": case["referral_bps"],
            "host_rate": case["host_fixed_bps"],
            "period": "500ms",
            "growth": "series",
        },
    } })
}

fn socialise(case: &Value) -> Value {
    json!({ "loss_of_reserve": {
        "held": held(case),
        "debt": text(&case["obligation_borrowed_sf"]),
        "amount": text(&case["amount"]),
        "fees_first": false,
        "shares": text(&case["ctokens_held"]),
    } })
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let (_, query, _) = adapter(case);
    of_steps(&[json!({ "query": query(case) })])
}

/// Compares the answer with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let (_, _, fields) = adapter(case);
    let expected = case["expected"].as_object().unwrap();
    if expected.contains_key("err") {
        assert_eq!(code(&steps[0]), Some("BAD_CURVE"), "{}", case["id"]);
        return;
    }
    assert_eq!(code(&steps[0]), None, "{}", case["id"]);
    assert_eq!(expected.len(), fields.len(), "{}", case["id"]);
    for (theirs, ours) in *fields {
        same(case, theirs, &expected[*theirs], &steps[0]["result"][ours]);
    }
}
