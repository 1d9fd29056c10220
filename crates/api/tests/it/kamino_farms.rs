//! The published cases of Kamino's farms, carried out by commands on a farm under the rules of that program: shares of
//! eighteen decimals, one timer for all waits, fractions left behind, the wait before a claim from the opening on.
//!
//! One case is refused: there a single key takes everybody's stake out of the farm, with no loss recorded and into
//! an account of its choice. No command here does that; what a loss takes is an insurance pool's, bound to that loss.

use crate::cases::{code, same, text};
use backstop_units::{Timestamp, mul_div_floor};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file = include_str!("../../../../conformance/kamino-farms.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// What the cases call a reject, and what we do.
const ERRORS: [(&str, &str); 4] = [
    ("MinClaimDurationNotReached", "CLAIM_TOO_EARLY"),
    ("UnstakeNotElapsed", "COOLDOWN_NOT_OVER"),
    ("PendingWithdrawalNotWithdrawnYet", "EXIT_WAITS"),
    ("EarlyWithdrawalNotAllowed", "STAKE_LOCKED"),
];

/// What one key may take there and nobody here.
const LEVER: &str = "withdraw_from_farm_vault";
/// Unix seconds at which every case's clock begins; those of many cases begin at zero.
const START: u64 = 1_700_000_000;
/// Steps of a whole share, and of the index.
const WAD: u128 = 1_000_000_000_000_000_000;

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or(0)
}

/// Seconds after the start.
fn after(seconds: u64) -> u64 {
    seconds.checked_sub(START).unwrap_or(seconds)
}

fn time(seconds: u64) -> String {
    Timestamp::from_ms((START + after(seconds)) * 1_000).to_string()
}

/// The case's clock at one of our moments.
fn clock(case: &Value, at: &str) -> u64 {
    let seconds = Timestamp::parse(at).unwrap().ms() / 1_000;
    let last = case["steps"].as_array().unwrap().iter().map(|step| number(step, "ts")).max();
    if last.unwrap_or(0) < START { seconds - START } else { seconds }
}

fn delegated(case: &Value) -> bool {
    number(&case["farm"], "delegated") == 1
}

/// Raw shares of one atom.
fn share(case: &Value) -> u128 {
    if delegated(case) { 1 } else { WAD }
}

fn rewarded(case: &Value) -> Option<&Value> {
    case["farm"].get("reward")
}

fn policy(case: &Value) -> Value {
    let farm = &case["farm"];
    let steps = case["steps"].as_array().unwrap();
    let lock = match number(farm, "locking_mode") {
        0 => "none",
        1 => "continuous",
        _ => "expiry",
    };
    json!({
        "warmup": format!("{}s", number(farm, "deposit_warmup_period")),
        "cooldown": format!("{}s", number(farm, "withdrawal_cooldown_period")),
        "timers": "one",
        "lock": lock,
        "lock_span": format!("{}s", number(farm, "locking_duration")),
        "lock_start": time(number(farm, "locking_start_timestamp")),
        "penalty": number(farm, "locking_early_withdrawal_penalty_bps"),
        "claim_clock": "opening",
        "fee": steps.iter().map(|step| number(step, "treasury_fee_bps")).max(),
        "dust": "left",
        "stake_decimals": if delegated(case) { 0 } else { 18 },
        "index_decimals": 18,
    })
}

fn setup(case: &Value) -> Vec<Value> {
    let mut setup = vec![
        json!({ "register_asset": { "label": "token", "decimals": 6 } }),
        json!({ "open_account": { "label": "admin" } }),
        json!({ "open_account": { "label": "penalties" } }),
    ];
    setup.extend((0..3).map(|at| json!({ "open_account": { "label": format!("user-{at}") } })));
    let (kind, stake) = if delegated(case) {
        ("delegated", json!("nothing"))
    } else {
        ("open", json!({ "asset": "token" }))
    };
    setup.push(json!({ "create_farm": {
        "label": "farm", "kind": kind, "stake": stake, "owner": "admin", "treasury": "treasury",
        "penalties_to": "penalties", "policy": policy(case),
    } }));
    setup
}

/// The reward and its money.
fn opening(case: &Value) -> Vec<Value> {
    let Some(reward) = rewarded(case) else { return Vec::new() };
    let points = reward["points"].as_array().unwrap().iter();
    let points = points
        .map(|point| json!({ "at": time(point[0].as_u64().unwrap()), "rate": text(&point[1]) }));
    let terms = json!({
        "kind": if number(reward, "reward_type") == 1 { "constant" } else { "proportional" },
        "decimals": number(reward, "rps_decimals"),
        "claim_wait": format!("{}s", number(reward, "min_claim_duration")),
        "points": points.collect::<Vec<_>>(),
    });
    let send = |word: &str, fields: Value| json!({ "actor": "admin", "command": { word: fields } });
    vec![
        send("set_reward", json!({ "farm": "farm", "asset": "usdt", "terms": terms })),
        send(
            "fund_farm",
            json!({
                "account": "admin", "farm": "farm", "asset": "usdt",
                "amount": text(&reward["rewards_available"]),
            }),
        ),
    ]
}

fn user(step: &Value) -> String {
    format!("user-{}", number(step, "user"))
}

fn action(step: &Value) -> Value {
    let (user, farm) = (user(step), "farm");
    let send = |actor: &str, word: &str, fields: Value| json!({ "actor": actor, "command": { word: fields } });
    let own = |word: &str, mut fields: Value| {
        fields["account"] = json!(user);
        fields["farm"] = json!(farm);
        send(&user, word, fields)
    };
    match step["op"].as_str().unwrap() {
        "init_user" | "refresh_user" => own("refresh_farm", json!({})),
        "refresh_farm" => send("keeper", "refresh_farm", json!({ "farm": farm })),
        "stake" => own("stake_farm", json!({ "amount": text(&step["amount"]) })),
        "unstake" => own("unstake_farm", json!({ "shares": text(&step["stake_shares_scaled"]) })),
        "withdraw_unstaked" => own("withdraw_farm", json!({})),
        "harvest" => own("harvest_farm", json!({ "asset": "usdt" })),
        "withdraw_slashed" => send("keeper", "pay_penalties", json!({ "farm": farm })),
        "deposit_to_farm_vault" => send(
            "admin",
            "give_farm_stake",
            json!({ "account": "admin", "farm": farm, "amount": text(&step["amount"]) }),
        ),
        "set_stake" => send(
            "admin",
            "set_farm_stake",
            json!({ "farm": farm, "account": user, "stake": text(&step["new_stake"]) }),
        ),
        LEVER => json!({ "query": { "farm": { "farm": farm } } }),
        other => panic!("{other}"),
    }
}

/// A case as a scenario file in JSON: each step's action, then a look at the farm and at the step's user.
pub(crate) fn scenario(case: &Value) -> Value {
    let mut steps = opening(case);
    let mut clock = 0;
    for step in case["steps"].as_array().unwrap() {
        let (at, mut action) = (after(number(step, "ts")).max(clock), action(step));
        action["after"] = json!(format!("{}s", at - clock));
        clock = at;
        steps.push(action);
        steps.push(json!({ "query": { "farm": { "farm": "farm" } } }));
        steps.push(json!({ "query": { "staker": { "account": user(step), "farm": "farm" } } }));
    }
    let account = |name: &str, asset: &str| json!({ "account": { "account": name }, "asset": asset, "amount": "1000000000000" });
    json!({
        "preset": "backstop",
        "start": time(0),
        "setup": setup(case),
        "opening": [
            account("admin", "usdt"), account("admin", "token"), account("user-0", "token"),
            account("user-1", "token"), account("user-2", "token"),
        ],
        "steps": steps,
    })
}

/// The event of a kind among a step's.
fn event<'a>(step: &'a Value, kind: &str) -> &'a Value {
    let events = step["events"].as_array().unwrap();
    events.iter().find(|event| event["type"] == kind).unwrap_or(&Value::Null)
}

fn count(value: &Value) -> u128 {
    text(value).parse().unwrap()
}

/// What the cases call the parts of an answer.
fn answer(op: &str, step: &Value) -> Value {
    match op {
        "harvest" => {
            let it = event(step, "reward_harvested");
            let to_user = count(&it["amount"]) - count(&it["fee"]);
            json!({ "reward_user": to_user.to_string(), "reward_treasury": it["fee"] })
        }
        "withdraw_unstaked" => json!({ "amount": event(step, "farm_withdrawn")["amount"] }),
        "withdraw_slashed" => json!({ "amount": event(step, "penalties_paid")["amount"] }),
        _ => json!({}),
    }
}

/// The farm as the cases show it.
fn farm(case: &Value, step: &Value) -> Value {
    let (held, reward) = (&step["result"]["held"], &step["result"]["rewards"][0]["held"]);
    let issued = reward["at"].as_str().map_or(0, |at| clock(case, at));
    json!({
        "last_issuance_ts": issued,
        "reward_per_share_scaled": reward["index"].as_str().unwrap_or("0"),
        "rewards_available": reward["left"].as_str().unwrap_or("0"),
        "rewards_issued_unclaimed": reward["owed"].as_str().unwrap_or("0"),
        "slashed_amount_current": held["penalties"],
        "total_active_stake_scaled": held["shares"],
        "total_pending_amount": held["waiting"],
        "total_pending_stake_scaled": (count(&held["waiting"]) * share(case)).to_string(),
        "total_staked_amount": held["amount"],
    })
}

/// When the last deposit and the last exit of each user were, or are, due: the events said so.
type Timers = BTreeMap<(u64, bool), u64>;

fn timers(case: &Value, asked: &Value, step: &Value, timers: &mut Timers) {
    for (kind, cooling) in [("farm_staked", false), ("farm_unstaked", true)] {
        if let Some(at) = event(step, kind)["ticket"]["ready_at"].as_str() {
            timers.insert((number(asked, "user"), cooling), clock(case, at));
        }
    }
}

/// A user as the cases show him. Their tally is what his shares have earned ever, less the fraction that he has not
/// got yet.
fn place(case: &Value, asked: &Value, step: &Value, timers: &Timers) -> Value {
    let result = &step["result"];
    let waiting = |cooling: bool| {
        let tickets = result["tickets"].as_array().into_iter().flatten();
        let sum: u128 = tickets
            .filter(|ticket| ticket["cooling"] == cooling)
            .map(|ticket| count(&ticket["amount"]))
            .sum();
        (sum * share(case)).to_string()
    };
    let timer = |cooling| timers.get(&(number(asked, "user"), cooling)).copied().unwrap_or(0);
    let earned = &result["rewards"][0]["held"];
    let field = |name: &str| if earned.is_null() { 0 } else { count(&earned[name]) };
    let ever = mul_div_floor(field("seen"), count(&result["shares"]), share(case)).unwrap();
    let tally = ever - field("carry") / share(case);
    json!({
        "active_stake_scaled": result["shares"],
        "pending_deposit_stake_scaled": waiting(false),
        "pending_deposit_stake_ts": timer(false),
        "pending_withdrawal_unstake_scaled": waiting(true),
        "pending_withdrawal_unstake_ts": timer(true),
        "rewards_issued_unclaimed": field("unclaimed").to_string(),
        "rewards_tally_scaled": tally.to_string(),
    })
}

/// Compares every step's answer, the farm and the user after it with what the case expects.
pub(crate) fn check(case: &Value, results: &[Value]) {
    let (opened, results) = results.split_at(opening(case).len());
    assert!(opened.iter().all(|step| code(step).is_none()), "{}: {opened:?}", case["id"]);
    let (steps, expected) =
        (case["steps"].as_array().unwrap(), case["expected"].as_array().unwrap());
    assert_eq!(results.len(), steps.len() * 3);
    let mut due = Timers::new();
    let mut before = Value::Null;
    for (at, (step, expected)) in steps.iter().zip(expected).enumerate() {
        let [done, seen, own] = &results[at * 3..at * 3 + 3] else { panic!("three results") };
        if step["op"] == LEVER {
            // Nobody takes it: everybody's stake is there as before, and later steps go on with it.
            assert_eq!(seen["result"]["held"], before["held"], "{}", case["id"]);
            let later = &results[at * 3..];
            assert!(later.iter().all(|step| code(step).is_none()), "{}: {later:?}", case["id"]);
            return;
        }
        before = seen["result"].clone();
        if let Some(error) = expected["err"].as_str() {
            let ours = ERRORS.iter().find(|(theirs, _)| *theirs == error).map(|(_, ours)| *ours);
            assert_eq!(code(done), ours, "{}: {done}", case["id"]);
            continue;
        }
        assert_eq!(code(done), None, "{}: {done}", case["id"]);
        timers(case, step, done, &mut due);
        same(case, "ok", &expected["ok"], &answer(step["op"].as_str().unwrap(), done));
        same(case, "farm", &expected["farm"], &farm(case, seen));
        same(case, "user", &expected["user"], &place(case, step, own, &due));
    }
}
