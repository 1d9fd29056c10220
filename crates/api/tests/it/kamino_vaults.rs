//! The published cases of Kamino's vaults, carried out by commands on a vault and reserves that begin as the
//! case says, under the rules of that program: no high-water mark, fees senior to shares, a penalty on what was
//! asked for.

use crate::cases::{code, same, text};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file = include_str!("../../../../conformance/kamino-vaults.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// What the cases call a reject, and what we do.
const ERRORS: [(&str, &str); 7] = [
    ("DepositAmountsZeroShares", "SHARES_ROUND_TO_ZERO"),
    ("VaultAUMZero", "VAULT_EMPTY"),
    ("WithdrawAmountLessThanWithdrawalPenalty", "PENALTY_TAKES_ALL"),
    ("WithdrawAmountBelowMinimum", "BELOW_MINIMUM"),
    ("CannotWithdrawZeroShares", "ZERO_AMOUNT"),
    ("CannotWithdrawZeroLamports", "NOTHING_DELIVERED"),
    ("InvestTooSoon", "INVEST_TOO_SOON"),
];

/// Unix seconds at which every case's clock begins.
const START: u64 = 1_700_000_000;
/// Half seconds in which slots count from there.
const SLOT_MS: u64 = 500;
/// The cap of an allocation without one.
const NO_CAP: u64 = u64::MAX;

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or(0)
}

/// When a step happens, in milliseconds after the start: money is moved by slots, all else by seconds.
fn moment(step: &Value) -> u64 {
    if step["op"] == "invest" {
        number(step, "slot") * SLOT_MS
    } else {
        (number(step, "now") - START) * 1_000
    }
}

fn time(ms: u64) -> String {
    backstop_units::Timestamp::from_ms(START * 1_000 + ms).to_string()
}

fn held(reserve: &Value) -> Value {
    json!({
        "available": text(&reserve["available"]),
        "borrowed": text(&reserve["borrowed_sf"]),
        "fees": text(&reserve["protocol_fees_sf"]),
        "shares": text(&reserve["ctoken_supply"]),
    })
}

fn allocations(case: &Value) -> &[Value] {
    case["vault"]["allocations"].as_array().map_or(&[], Vec::as_slice)
}

fn name(at: usize) -> String {
    format!("lend-{at}")
}

fn policy(case: &Value) -> Value {
    let (vault, first) = (&case["vault"], &case["steps"][0]);
    json!({
        "performance": number(vault, "performance_fee_bps"),
        "management": number(vault, "management_fee_bps"),
        "year": "31556926s",
        "high_water": false,
        "fees_bear_losses": false,
        "penalty": number(vault, "withdrawal_penalty_bps"),
        "penalty_min": text(&vault["withdrawal_penalty_lamports"]),
        "penalty_floor": number(first, "global_penalty_bps"),
        "penalty_min_floor": text(&first["global_penalty_lamports"]),
        "penalty_of": "requested",
        "min_withdraw": text(&vault["min_withdraw_amount"]),
        "min_invest": text(&vault["min_invest_amount"]),
        "invest_delay": format!("{}ms", number(vault, "min_invest_delay_slots") * SLOT_MS),
        "crank_fee": "0",
        "dead_shares": "0",
        "listed_only": false,
        "cap_delay": "0s",
    })
}

fn setup(case: &Value) -> Vec<Value> {
    let flat = json!([{ "utilization": 0, "rate": 0 }, { "utilization": 10_000, "rate": 0 }]);
    let mut setup = vec![
        json!({ "open_account": { "label": "holder" } }),
        json!({ "open_account": { "label": "curator" } }),
    ];
    for at in 0..allocations(case).len() {
        setup.push(json!({ "create_reserve": {
            "label": name(at), "asset": "usdt", "treasury": "treasury",
            "policy": { "interest": { "curve": flat } },
        } }));
    }
    setup.push(json!({ "create_vault": {
        "label": "vault", "asset": "usdt", "curator": "curator", "policy": policy(case),
    } }));
    setup
}

fn force(at: usize, reserve: &Value) -> Value {
    let fields = json!({ "reserve": name(at), "holder": "holder", "held": held(reserve) });
    json!({ "actor": "operator", "command": { "opening_reserve": fields } })
}

fn opening(case: &Value) -> Vec<Value> {
    let vault = &case["vault"];
    let mut steps: Vec<Value> = allocations(case)
        .iter()
        .enumerate()
        .map(|(at, allocation)| force(at, &allocation["reserve"]))
        .collect();
    let places = allocations(case).iter().enumerate().map(|(at, allocation)| {
        json!({
            "reserve": name(at),
            "weight": number(allocation, "weight"),
            "cap": allocation["cap"].as_u64().unwrap_or(NO_CAP).to_string(),
            "shares": text(&allocation["ctokens"]),
            "moved_at": time(0),
        })
    });
    let charged = number(vault, "last_fee_ts");
    let fields = json!({
        "vault": "vault",
        "holder": "holder",
        "idle": text(&vault["token_available"]),
        "shares": text(&vault["shares_issued"]),
        "basis": text(&vault["prev_aum_sf"]),
        "pending": text(&vault["pending_fees_sf"]),
        "charged_at": (charged > 0).then(|| time((charged.max(START) - START) * 1_000)),
        "rewards": {
            "per_second": text(&vault["reward_per_second"]),
            "left": text(&vault["reward_available"]),
            "at": time((number(vault, "reward_last_ts").max(START) - START) * 1_000),
        },
        "allocations": places.collect::<Vec<_>>(),
    });
    steps.push(json!({ "actor": "operator", "command": { "opening_vault": fields } }));
    steps
}

/// The command or question of one step.
fn action(step: &Value) -> Value {
    let from =
        step.get("reserve_index").map(|at| name(usize::try_from(at.as_u64().unwrap()).unwrap()));
    let command = |actor: &str, word: &str, fields: Value| json!({ "actor": actor, "command": { word: fields } });
    let vault = "vault";
    match step["op"].as_str().unwrap() {
        "deposit" => command(
            "holder",
            "deposit_vault",
            json!({
                "account": "holder", "vault": vault, "amount": text(&step["max_amount"]),
            }),
        ),
        "withdraw" => command(
            "holder",
            "withdraw_vault",
            json!({
                "account": "holder", "vault": vault, "shares": text(&step["shares"]), "reserve": from,
            }),
        ),
        "redeem_in_kind" => command(
            "holder",
            "redeem_in_kind",
            json!({
                "account": "holder", "vault": vault, "shares": text(&step["shares"]), "reserve": from,
            }),
        ),
        "charge_fees" => command("keeper", "charge_fees", json!({ "vault": vault })),
        "withdraw_pending_fees" => {
            command("curator", "take_fees", json!({ "vault": vault, "reserve": from }))
        }
        "invest" => command(
            "holder",
            "invest",
            json!({
                "vault": vault, "reserve": from, "payer": "holder",
            }),
        ),
        "aum" | "targets" => json!({ "query": { "vault": { "vault": vault } } }),
        other => panic!("{other}"),
    }
}

/// A case as a scenario file in JSON: each step's action, then a look at the vault.
pub(crate) fn scenario(case: &Value) -> Value {
    let mut steps = opening(case);
    let mut clock = 0;
    for step in case["steps"].as_array().unwrap() {
        if let Some(forced) = step.get("set_reserve") {
            let at = usize::try_from(forced["index"].as_u64().unwrap()).unwrap();
            steps.push(force(at, &forced["reserve"]));
        }
        let (at, mut action) = (moment(step).max(clock), action(step));
        action["after"] = json!(format!("{}ms", at - clock));
        clock = at;
        steps.push(action);
        steps.push(json!({ "query": { "vault": { "vault": "vault" } } }));
    }
    json!({
        "preset": "backstop",
        "start": time(0),
        "setup": setup(case),
        "opening": [{
            "account": { "account": "holder" }, "asset": "usdt", "amount": "1000000000000000",
        }],
        "steps": steps,
    })
}

/// The event of a kind among a step's.
fn event<'a>(step: &'a Value, kind: &str) -> &'a Value {
    let events = step["events"].as_array().unwrap();
    events.iter().find(|event| event["type"] == kind).unwrap_or(&Value::Null)
}

/// What the cases call the parts of an answer.
fn answer(op: &str, step: &Value) -> Value {
    match op {
        "deposit" => {
            let it = event(step, "vault_deposited");
            json!({
                "crank_funds": it["crank"],
                "shares_to_mint": it["shares"],
                "token_to_deposit": it["amount"],
            })
        }
        "withdraw" => {
            let it = &event(step, "vault_withdrawn")["withdrawal"];
            json!({
                "ctokens_redeemed": it["redeemed"],
                "from_available": it["from_idle"],
                "from_invested": it["from_reserve"],
                "liquidity_disinvested": it["received"],
                "shares_to_burn": it["burned"],
            })
        }
        "redeem_in_kind" => {
            let it = &event(step, "redeemed_in_kind")["redeemed"];
            json!({
                "ctokens_to_user": it["handed"],
                "liquidity_value_sf": it["value"],
                "shares_to_burn": it["burned"],
            })
        }
        "withdraw_pending_fees" => {
            let it = event(step, "fees_taken");
            json!({
                "ctokens_redeemed": it["redeemed"],
                "from_available": it["from_idle"],
                "from_invested": it["from_reserve"],
                "liquidity_disinvested": it["received"],
            })
        }
        "invest" => {
            let it = event(step, "invested");
            json!({
                "collateral_amount": it["shares"],
                "direction": if it["adds"] == true { "Add" } else { "Subtract" },
                "liquidity_amount": it["amount"],
                "rounding_loss_paid_by_caller": it["rounding"],
            })
        }
        "aum" => {
            json!({ "aum_sf": step["result"]["net"], "holdings_sf": step["result"]["holdings"] })
        }
        "targets" => {
            let places = step["result"]["allocations"].as_array().unwrap().iter();
            json!({ "targets_sf": places.map(|place| place["target"].clone()).collect::<Vec<_>>() })
        }
        _ => json!({}),
    }
}

/// The vault as the cases show it. They have two clocks, seconds and slots; where a step is timed by its slot,
/// that moment is its second.
fn state(asked: &Value, step: &Value) -> Value {
    let (held, places) = (&step["result"]["held"], &step["result"]["allocations"]);
    let shares = places.as_array().unwrap().iter().map(|place| place["shares"].clone());
    let charged = held["charged_at"].as_str().map_or(0, |at| {
        let ms = backstop_units::Timestamp::parse(at).unwrap().ms() - START * 1_000;
        if ms == moment(asked) { number(asked, "now") } else { START + ms / 1_000 }
    });
    json!({
        "crank_funds": held["crank"],
        "ctokens": shares.collect::<Vec<_>>(),
        "cum_interest_sf": held["earned"],
        "last_fee_ts": charged,
        "pending_fees_sf": held["pending"],
        "prev_aum_sf": held["basis"],
        "reward_available": held["rewards"]["left"],
        "shares_issued": held["shares"],
        "token_available": held["idle"],
    })
}

/// Compares every step's answer and the vault after it with what the case expects.
pub(crate) fn check(case: &Value, results: &[Value]) {
    let (opened, results) = results.split_at(allocations(case).len() + 1);
    assert!(opened.iter().all(|step| code(step).is_none()), "{}: {opened:?}", case["id"]);
    let mut results = results.iter();
    let (steps, expected) =
        (case["steps"].as_array().unwrap(), case["expected"].as_array().unwrap());
    assert_eq!(steps.len(), expected.len());
    for (step, expected) in steps.iter().zip(expected) {
        if step.get("set_reserve").is_some() {
            assert_eq!(code(results.next().unwrap()), None, "{}", case["id"]);
        }
        let (done, seen) = (results.next().unwrap(), results.next().unwrap());
        if let Some(error) = expected["err"].as_str() {
            let ours = ERRORS.iter().find(|(theirs, _)| *theirs == error).map(|(_, ours)| *ours);
            assert_eq!(code(done), ours, "{}: {done}", case["id"]);
            continue;
        }
        assert_eq!(code(done), None, "{}: {done}", case["id"]);
        same(case, "ok", &expected["ok"], &answer(step["op"].as_str().unwrap(), done));
        same(case, "state", &expected["state"], &state(step, seen));
    }
}
