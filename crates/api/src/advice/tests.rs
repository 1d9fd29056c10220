//! Each check finds what it is for, and nothing where all is as advised.

use super::{CHECKS, warnings};
use crate::Preset;
use backstop_core::{State, begin};
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Keys of a council of two, the first of them the pool's.
const KEYS: [&str; 2] = [
    "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
    "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394",
];

/// Settings of which no check complains, by what they are.
fn good() -> Value {
    let curve = json!([{ "utilization": 0, "rate": 0 }, { "utilization": 10_000, "rate": 8_000 }]);
    let pledge = json!([{ "asset": "eth", "borrow": 7_000, "liquidation": 8_000, "bonus": 500, "max": "1000000" }]);
    let reserve = |label: &str| {
        json!({ "label": label, "asset": "usdt", "treasury": "operator",
                "policy": { "collateral": pledge, "interest": { "curve": curve } } })
    };
    json!({
        "limits": { "config_delay": "3d" },
        "usdt": { "register_asset": { "label": "usdt", "decimals": 6 } },
        "eth": { "register_asset": { "label": "eth", "decimals": 6 } },
        "operator": { "open_account": { "label": "operator" } },
        "role": { "set_roles": { "account": "operator", "roles": ["operator", "venue"] } },
        "curator": { "open_account": { "label": "curator" } },
        "council": { "set_council": { "keys": KEYS, "threshold": 2 } },
        "index": { "register_index": { "label": "eth-usdt", "asset": "eth", "quote": "usdt" } },
        "fund": { "create_fund": {
            "label": "main", "asset": "usdt", "kind": "shared", "treasury": "operator", "threshold": "5", "target": "5",
        } },
        "tranche": { "create_tranche": { "label": "stakers", "fund": "main" } },
        "market": { "create_market": { "label": "perp", "fund": "main", "venue": "operator", "policy": {
            "mark": "eth-usdt",
            "waterfall": [{ "source": { "staked": "stakers" }, "per_event": "5" }, { "source": "socialised" }],
        } } },
        "one": { "create_reserve": reserve("one") },
        "two": { "create_reserve": reserve("two") },
        "list-one": { "list_reserve": { "reserve": "one", "listed": true } },
        "list-two": { "list_reserve": { "reserve": "two", "listed": true } },
        "vault": { "create_vault": { "label": "safe", "asset": "usdt", "curator": "curator", "policy": { "performance": 1_500 } } },
        "allocation": { "set_allocation": { "vault": "safe", "reserve": "one", "weight": 1, "cap": "5" } },
        "other": { "set_allocation": { "vault": "safe", "reserve": "two", "weight": 1, "cap": "5" } },
        "farm": { "create_farm": {
            "label": "extra", "kind": "vault", "stake": { "vault": "safe" }, "owner": "curator", "treasury": "operator",
            "penalties_to": "operator",
        } },
        "reward": { "set_reward": { "farm": "extra", "asset": "eth", "terms": { "claim_wait": "1d" } } },
        "pool": { "create_insurance_pool": { "vault": "safe", "council": KEYS[0], "nominee": "02".repeat(32) } },
    })
}

/// The order in which they are carried out.
const ORDER: &[&str] = &[
    "usdt",
    "eth",
    "operator",
    "role",
    "curator",
    "index",
    "fund",
    "tranche",
    "market",
    "one",
    "two",
    "list-one",
    "list-two",
    "vault",
    "allocation",
    "other",
    "farm",
    "reward",
    "council",
    "pool",
];

fn state(parts: &Value) -> State {
    let setup: Vec<&Value> =
        ORDER.iter().map(|part| &parts[*part]).filter(|it| !it.is_null()).collect();
    let text = json!({ "name": "test", "limits": parts["limits"], "setup": setup });
    let preset: Preset = serde_json::from_value(text).unwrap();
    let genesis = preset.genesis(Label::parse("test").unwrap());
    begin(&genesis, Timestamp::from_ms(1_735_689_600_000))
        .unwrap_or_else(|(at, halt)| panic!("{at}: {halt}"))
        .0
}

fn names(parts: &Value) -> BTreeSet<String> {
    let rows = warnings(&state(parts));
    rows.iter().map(|row| row["check"].as_str().unwrap().to_owned()).collect()
}

/// Puts a value at a JSON pointer, with the tables on the way.
fn put(parts: &mut Value, pointer: &str, value: Value) {
    let mut place = parts;
    for key in pointer.split('/').skip(1) {
        place = match key.parse::<usize>() {
            Ok(at) => &mut place[at],
            Err(_) => &mut place[key],
        };
    }
    *place = value;
}

const VAULT: &str = "/vault/create_vault/policy";

/// A check, where something is changed, and to what.
fn rows() -> Vec<(&'static str, String, Value)> {
    let vault = |field: &str| format!("{VAULT}/{field}");
    let of = |place: &str| place.to_owned();
    let flat = json!([{ "utilization": 0, "rate": 5 }, { "utilization": 10_000, "rate": 5 }]);
    let open = json!([{ "source": { "staked": "stakers" } }, { "source": "socialised" }]);
    let (one, fund) = ("/one/create_reserve/policy", "/fund/create_fund");
    let (pledge, index) = (format!("{one}/collateral/0"), "/index/register_index/policy");
    vec![
        ("no-withdrawal-penalty", vault("penalty"), json!(0)),
        ("no-least-penalty", vault("penalty_min"), json!("0")),
        ("no-crank-fee", vault("crank_fee"), json!("0")),
        ("high-performance-fee", vault("performance"), json!(1_501)),
        ("high-management-fee", vault("management"), json!(201)),
        ("recovery-is-profit", vault("high_water"), json!(false)),
        ("fees-before-depositors", vault("fees_bear_losses"), json!(false)),
        ("penalty-on-what-was-asked", vault("penalty_of"), json!("requested")),
        ("no-dead-shares", vault("dead_shares"), json!("0")),
        ("any-reserve", vault("listed_only"), json!(false)),
        ("no-veto-time", vault("cap_delay"), json!("2d")),
        ("no-dispute-window", vault("dispute_window"), json!("1h")),
        ("no-queue", vault("queue"), json!("none")),
        ("cap-zero", of("/other/set_allocation/cap"), json!("0")),
        ("one-reserve", of("/other/set_allocation/weight"), json!(0)),
        ("nothing-allocated", of("/allocation"), Value::Null),
        ("no-insurance-pool", of("/pool"), Value::Null),
        ("pool-key-not-the-councils", of("/council"), Value::Null),
        ("short-pool-notice", of("/pool/create_insurance_pool/policy/exit_delay"), json!("29d")),
        (
            "unannounced-release",
            of("/pool/create_insurance_pool/policy/release_delay"),
            json!("0s"),
        ),
        ("loss-before-fees", format!("{one}/fees_first"), json!(false)),
        ("all-can-be-lent", format!("{one}/utilization_max"), json!(10_000)),
        ("flat-curve", format!("{one}/interest/curve"), flat),
        ("liquidation-leaves-debt", format!("{pledge}/bonus"), json!(2_500)),
        ("collateral-without-limit", format!("{pledge}/max"), Value::Null),
        ("claim-at-once", of("/reward/set_reward/terms/claim_wait"), json!("0s")),
        ("claim-clock-from-opening", of("/farm/create_farm/policy/claim_clock"), json!("opening")),
        ("no-council", of("/council"), Value::Null),
        ("council-of-one", of("/council/set_council/threshold"), json!(1)),
        ("no-config-delay", of("/limits/config_delay"), json!("0s")),
        ("one-feed", format!("{index}/families"), json!(1)),
        ("old-prices", format!("{index}/max_age"), json!("1d")),
        ("price-without-band", format!("{index}/max_jump"), json!(1_000_000)),
        ("overflow-to-user", format!("{fund}/policy/split/overflow"), json!("user")),
        ("no-threshold", format!("{fund}/threshold"), json!("0")),
        ("no-target", format!("{fund}/target"), json!("0")),
        ("stake-frees-excess", format!("{fund}/policy/counts_stake"), json!(true)),
        ("sudden-threshold", format!("{fund}/policy/threshold_delay"), json!("1d")),
        ("sudden-withdrawal", format!("{fund}/policy/withdraw_delay"), json!("1h")),
        ("spot-entry", format!("{fund}/policy/revenue/entry"), json!("spot")),
        ("short-cooldown", of("/tranche/create_tranche/policy/cooldown"), json!("1d")),
        ("endless-claim", of("/tranche/create_tranche/policy/claim_window"), json!("0s")),
        ("stake-without-limit", of("/market/create_market/policy/waterfall"), open),
        (
            "nobody-behind-the-fund",
            of("/market/create_market/policy/waterfall/1/source"),
            json!("fee_pool"),
        ),
        ("mark-unchecked", of("/market/create_market/policy/mark"), Value::Null),
    ]
}

/// What no setting of a genesis can mend: it takes the new owner's signatures.
const ALWAYS: &[&str] = &["pool-of-the-curator"];

/// What else a change shows.
const ALSO: &[(&str, &[&str])] = &[
    ("cap-zero", &["one-reserve"]),
    ("no-council", &["pool-key-not-the-councils"]),
    ("pool-key-not-the-councils", &["no-council"]),
];

#[test]
fn each_check_finds_what_it_is_for() {
    let always: BTreeSet<String> = ALWAYS.iter().map(ToString::to_string).collect();
    assert_eq!(names(&good()), always);
    for (check, pointer, value) in rows() {
        let mut parts = good();
        put(&mut parts, &pointer, value);
        if check == "nothing-allocated" {
            put(&mut parts, "/other", Value::Null);
        }
        let also = ALSO.iter().find(|(name, _)| *name == check).map_or(&[][..], |(_, also)| also);
        let mut want: BTreeSet<String> = also.iter().map(ToString::to_string).collect();
        want.insert(check.to_owned());
        if check != "no-insurance-pool" {
            want.extend(always.clone());
        }
        assert_eq!(names(&parts), want, "{check}");
    }
}

#[test]
fn every_check_has_a_row() {
    let tried: BTreeSet<&str> =
        rows().iter().map(|(check, ..)| *check).chain(ALWAYS.iter().copied()).collect();
    let all: Vec<&str> = CHECKS.iter().copied().flatten().map(|check| check.name).collect();
    assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), tried);
    assert_eq!(all.len(), tried.len(), "a name stands twice");
}
