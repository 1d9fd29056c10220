//! The published cases of marginfi: bankrupts and lenders' losses settled under its preset, the split of
//! a liquidation asked and its part paid into the fund.

use crate::cases::{ask, code, same, scaled, text};
use backstop_core::liquidation::seizure::{Legs, Seizure};
use backstop_units::{Amount, Ppm, Price};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/marginfi.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// For each group its steps, and what of the answers its `expected` names.
type Adapter = (&'static str, fn(&Value) -> Steps, fn(&Value, &[Value]) -> Value);

/// What the vault begins with, and what happens.
struct Steps {
    vault: String,
    steps: Vec<Value>,
}

const ADAPTERS: &[Adapter] = &[
    ("marginfi_bankruptcy", bankruptcy, bankruptcy_result),
    ("marginfi_socialize_loss", socialise, socialise_result),
    ("marginfi_liquidation_split", split, split_result),
];

fn adapter(case: &Value) -> &'static Adapter {
    let group = case["group"].as_str().unwrap();
    ADAPTERS.iter().find(|(known, _, _)| *known == group).unwrap_or_else(|| panic!("{group}"))
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let (_, steps, _) = adapter(case);
    let Steps { vault, steps } = steps(&case["inputs"]);
    let opening = json!([{ "account": { "reserve": "main" }, "asset": "usdc", "amount": vault }]);
    json!({
        "preset": "marginfi",
        "setup": [
            { "open_account": { "label": "borrower" } },
            { "open_account": { "label": "other" } },
        ],
        "opening": if vault == "0" { json!([]) } else { opening },
        "steps": steps,
    })
}

/// Compares the results of a case's steps with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let (_, _, result) = adapter(case);
    let expected = &case["expected"];
    if let Some(error) = expected["error"].as_str() {
        let wanted = match error {
            "AccountNotBankrupt" => "NOT_BANKRUPT",
            "BalanceNotBadDebt" => "ZERO_AMOUNT",
            "Unauthorized" => "ROLE_MISSING",
            other => panic!("{other} has no code of ours"),
        };
        let settled: Vec<_> = steps.iter().filter(|step| step["command"] == DEBT).collect();
        assert!(!settled.is_empty(), "{}: {steps:?}", case["id"]);
        for step in settled {
            assert_eq!(code(step), Some(wanted), "{}: {step}", case["id"]);
        }
        return;
    }
    assert!(steps.iter().all(|step| code(step).is_none()), "{}: {steps:?}", case["id"]);
    same(case, "expected", expected, &result(&case["inputs"], steps));
}

/// Decimals of the bank's asset.
const USDC: usize = 6;
const DEBT: &str = "settle_bad_debt";

fn atoms(tokens: &Value) -> u128 {
    scaled(tokens, USDC).unsigned_abs()
}

/// Whole tokens, rounded down as the cases' own tolerance does.
fn tokens(atoms: u128) -> Value {
    json!(atoms / 10u128.pow(6))
}

/// What lenders hold: shares, and what one is worth as a fraction. The index counts in millionths of all
/// shares' worth, so that what a loss leaves is exact.
fn report(shares: u128, (above, below): (u128, u128)) -> Value {
    let unit = shares.max(1) * 1_000_000;
    let [index, unit] = [above * unit, below * unit].map(|index| index.to_string());
    let fields = json!({ "market": "usdc-bank", "shares": shares.to_string(), "index": index, "unit": unit });
    json!({ "actor": "venue", "command": { "report_deposits": fields } })
}

/// A debt in atoms of an account with these values, in millionths of a dollar.
fn settle(actor: &str, owed: u128, assets: u128, debts: u128) -> Value {
    let fields = json!({
        "market": "usdc-bank", "account": "borrower", "amount": owed.to_string(),
        "assets": assets.to_string(), "debts": debts.to_string(), "evidence": "11".repeat(32),
    });
    json!({ "actor": actor, "command": { DEBT: fields } })
}

/// What a case does not tell is as in its function's other cases: a debt of 10,000 at a dollar each, by an
/// account that has nothing, 20,000 on deposit and no vault.
fn bankruptcy(inputs: &Value) -> Steps {
    let or = |field: &str, usual: u128| inputs.get(field).map_or(usual * 10u128.pow(6), atoms);
    let owed = or("bad_debt_tokens", 10_000);
    let actor = if inputs["caller"] == "other" { "other" } else { "venue" };
    let mut steps = vec![report(or("total_deposits_tokens", 20_000), (1, 1))];
    match inputs["assets_usd"].as_str() {
        // Told in words: as much as is owed, more, and too much to be dust.
        Some(_) => steps.extend([
            settle(actor, owed, owed, owed),
            settle(actor, 50_000, 50_000, 50_000),
            settle(actor, 50_000, 60_000, 50_000),
            settle(actor, owed, 100_000, owed),
        ]),
        None => steps.push(settle(actor, owed, or("assets_usd", 0), owed)),
    }
    steps.push(ask("market", &json!({ "market": "usdc-bank" })));
    steps.push(ask("fund", &json!({ "fund": "main" })));
    Steps { vault: or("insurance_vault_tokens", 0).to_string(), steps }
}

/// The debt's rows: by the vault, by lenders, by nobody.
fn rows(step: &Value) -> [u128; 3] {
    let placed =
        step["events"].as_array().unwrap().iter().find(|event| event["type"] == "loss_placed");
    let mut parts = [0; 3];
    for row in placed.unwrap()["rows"].as_array().unwrap() {
        let cohort = &row["cohort"];
        let at = if cohort["reserve"] == "main" {
            0
        } else if cohort.get("depositors").is_some() {
            1
        } else {
            assert_eq!(cohort, "residual");
            2
        };
        parts[at] += scaled(&row["amount"], 0).unsigned_abs();
    }
    parts
}

fn bankruptcy_result(inputs: &Value, steps: &[Value]) -> Value {
    let [_, settled, market, fund] = steps else { panic!("{steps:?}") };
    let [vault, lenders, nobody] = rows(settled);
    let owed = inputs.get("bad_debt_tokens").map_or(10_000_000_000, atoms);
    let left = scaled(&market["result"]["deposits"]["worth"], 0).unsigned_abs();
    let depositors = scaled(&inputs["depositors"], 0).unsigned_abs().max(1);
    json!({
        "covered_by_insurance": tokens(vault),
        // The source spreads more than there is, and ends the bank.
        "socialized": tokens(lenders + nobody),
        "lender_value_after": tokens(left),
        "each_lender_value_after": tokens(left / depositors),
        "debt_after": tokens(owed - vault - lenders - nobody),
        "insurance_vault_after": tokens(scaled(&fund["result"]["reserve"], 0).unsigned_abs()),
        "bank_killed": market["result"]["deposits"]["dead"],
    })
}

/// A share's value as a fraction, `a/b` or whole.
fn fraction(value: &Value) -> (u128, u128) {
    let text = text(value);
    let (above, below) = text.split_once('/').unwrap_or((text.as_str(), "1"));
    (above.parse().unwrap(), below.parse().unwrap())
}

/// The formula, and the same loss placed in the bank's books.
fn socialise(inputs: &Value) -> Steps {
    let shares = scaled(&inputs["total_asset_shares"], 0).unsigned_abs();
    let loss = scaled(&inputs["loss"], 0).unsigned_abs();
    let report = report(shares, fraction(&inputs["asset_share_value"]));
    let mut asked = report["command"]["report_deposits"].clone();
    asked.as_object_mut().unwrap().remove("market");
    asked["loss"] = json!(loss.to_string());
    let mut steps = vec![ask("deposit_index", &asked), report];
    if loss > 0 {
        steps.push(settle("venue", loss, 0, loss.max(1_000)));
    }
    steps.push(ask("market", &json!({ "market": "usdc-bank" })));
    Steps { vault: "0".to_owned(), steps }
}

fn socialise_result(_: &Value, steps: &[Value]) -> Value {
    let [formula, .., market] = steps else { panic!("{steps:?}") };
    let (formula, booked) = (&formula["result"], &market["result"]["deposits"]);
    assert_eq!(formula["index"], booked["index"]);
    assert_eq!(formula["exhausted"], booked["dead"]);
    let [index, unit] = ["index", "unit"].map(|field| scaled(&booked[field], 0).unsigned_abs());
    let (mut a, mut b) = (unit, index);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let (above, below) = (index / a, unit / a);
    let value = if below == 1 { above.to_string() } else { format!("{above}/{below}") };
    json!({ "asset_share_value_after": value, "bank_killed": booked["dead"] })
}

/// Decimals that are enough for every quantity of a split.
const NATIVE: usize = 9;

fn legs(inputs: &Value) -> Legs {
    let price = |field: &str| Price::new(scaled(&inputs[field], 15).unsigned_abs());
    let fee = |field: &str| Ppm::new(u32::try_from(scaled(&inputs[field], 6)).unwrap());
    let seizure = Seizure {
        collateral: Amount::new(scaled(&inputs["collateral_amount"], NATIVE).unsigned_abs()),
        collateral_decimals: 9,
        collateral_price: price("collateral_price"),
        debt_decimals: 9,
        debt_price: price("debt_price"),
        liquidator_fee: fee("liquidator_fee"),
        fund_fee: fee("insurance_fee"),
    };
    seizure.legs().unwrap()
}

/// The formula, and its part for the fund paid in and collected.
fn split(inputs: &Value) -> Steps {
    let fields = json!({
        "collateral": scaled(&inputs["collateral_amount"], NATIVE).to_string(),
        "collateral_decimals": NATIVE,
        "collateral_price": text(&inputs["collateral_price"]),
        "debt_decimals": NATIVE,
        "debt_price": text(&inputs["debt_price"]),
        "liquidator_fee": scaled(&inputs["liquidator_fee"], 6),
        "fund_fee": scaled(&inputs["insurance_fee"], 6),
    });
    let pay =
        json!({ "fund": "main", "from": { "clearing": "usdc-bank" }, "amount": legs(inputs).fund });
    let collect = json!({ "settle_revenue": { "fund": "main" } });
    let steps = vec![
        ask("seizure", &fields),
        json!({ "actor": "venue", "command": { "pay_revenue": pay } }),
        json!({ "after": "1s", "actor": "other", "command": collect }),
        ask("fund", &json!({ "fund": "main" })),
    ];
    Steps { vault: "0".to_owned(), steps }
}

fn split_result(_: &Value, steps: &[Value]) -> Value {
    let [asked, .., fund] = steps else { panic!("{steps:?}") };
    let asked = &asked["result"];
    assert_eq!(asked["fund"], fund["result"]["reserve"]);
    // Exact here, though the source leaves a tolerance of one native unit.
    let tokens = |atoms: &Value| {
        let atoms = scaled(atoms, 0);
        let (whole, rest) = (atoms / 10i128.pow(9), format!("{:09}", atoms % 10i128.pow(9)));
        let rest = rest.trim_end_matches('0');
        json!(format!("{whole}.{}", if rest.is_empty() { "0" } else { rest }))
    };
    json!({
        "liquidator_pays_debt_tokens": tokens(&asked["paid"]),
        "liquidatee_debt_reduced": tokens(&asked["relieved"]),
        "insurance_receives": tokens(&asked["fund"]),
    })
}
