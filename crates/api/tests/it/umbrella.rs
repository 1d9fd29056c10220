//! The cases of staked cover: seized, joined and left under the preset; rates and shares compared with what the engine
//! holds.

use crate::cases::{ask, code, same, scaled, scenario as of_steps};
use serde_json::{Value, json};

/// Every case of the file.
pub(crate) fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/umbrella.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// For each case its scenario, and what of the answers its `expected` names.
type Adapter = (&'static [&'static str], fn(&Value) -> Value, fn(&Value, &[Value]) -> Value);

const ADAPTERS: &[Adapter] = &[
    (&["A01"], slashed, rate_after_slash),
    (&["A03"], left, paid_out),
    (&["A04"], joined, shares_bought),
    (&["A05"], returned, rate_after_return),
    (&["B01", "B02", "B06", "B07"], seized, seizure),
    (&["B10"], with_tickets, tickets),
    (&["B11"], of_rewards, emission),
    (&["B12"], paid_in, covered),
    (&["I02", "I03"], donated, shares_of_victims),
    (&["I04"], exchanged, rounding),
    (&["I05"], exchanged, round_trips),
];

/// Cases whose answer here is another one, for the reason in `classes.toml`.
const REFUSED: &[&str] = &["B10", "I02"];

fn adapter(case: &Value) -> &'static Adapter {
    let id = case["id"].as_str().unwrap();
    ADAPTERS.iter().find(|(ids, ..)| ids.contains(&id)).unwrap_or_else(|| panic!("{id}"))
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let (_, scenario, _) = adapter(case);
    scenario(&case["inputs"])
}

/// Compares the results with every field that the case expects; a refused one must not come out.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let (_, _, result) = adapter(case);
    let (got, expected) = (result(&case["inputs"], steps), &case["expected"]);
    if REFUSED.contains(&case["id"].as_str().unwrap()) {
        assert_ne!(&got, expected, "{}", case["id"]);
        return;
    }
    let fields: Vec<_> = got.as_object().unwrap().keys().collect();
    assert_eq!(fields, expected.as_object().unwrap().keys().collect::<Vec<_>>(), "{}", case["id"]);
    same(case, "expected", expected, &got);
}

const EVIDENCE: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fn number(value: &Value) -> u128 {
    scaled(value, 0).unsigned_abs()
}

fn command(actor: &str, word: &str, fields: &Value) -> Value {
    json!({ "actor": actor, "command": { word: fields } })
}

fn later(after: &str, mut step: Value) -> Value {
    step["after"] = json!(after);
    step
}

/// Prices in 10⁻⁸ dollars of the debt's asset and of what is staked.
fn prices(debt: u128, stake: u128) -> Vec<Value> {
    let report = |feed: &str, price: u128| {
        let price = (price * 10_000_000).to_string();
        command(
            "venue",
            "report_price",
            &json!({ "feed": feed, "price": price, "at": "2025-01-01T00:00:00Z" }),
        )
    };
    vec![report("usdc-own", debt), report("stata-usdc-own", stake)]
}

/// A ledger of the preset with accounts, and what they hold of what is staked.
fn ledger(holders: &[(&str, u128)], offset: u128, more: &[Value], steps: &[Value]) -> Value {
    let mut setup: Vec<Value> =
        holders.iter().map(|(name, _)| json!({ "open_account": { "label": name } })).collect();
    setup.push(json!({ "open_account": { "label": "borrower" } }));
    setup.extend_from_slice(more);
    let mut opening: Vec<Value> = holders
        .iter()
        .filter(|(_, amount)| *amount > 0)
        .map(|(name, amount)| {
            json!({ "account": { "account": name }, "asset": "stata-usdc", "amount": amount.to_string() })
        })
        .collect();
    if offset > 0 {
        opening.push(json!({ "account": { "reserve": "offset" }, "asset": "usdc", "amount": offset.to_string() }));
    }
    json!({ "preset": "umbrella", "setup": setup, "opening": opening, "steps": steps })
}

fn stake(who: &str, tranche: &str, amount: u128) -> Value {
    let fields = json!({ "tranche": tranche, "account": who, "asset": "stata-usdc", "amount": amount.to_string() });
    command(who, "stake", &fields)
}

fn bad_debt(market: &str, amount: u128) -> Value {
    let fields = json!({
        "market": market, "account": "borrower", "amount": amount.to_string(), "assets": "0",
        "debts": amount.max(1).to_string(), "evidence": EVIDENCE,
    });
    command("venue", "settle_bad_debt", &fields)
}

/// The event of a type in a step.
fn event<'a>(step: &'a Value, kind: &str) -> &'a Value {
    let events = step["events"].as_array().unwrap_or_else(|| panic!("{step}"));
    events.iter().find(|event| event["type"] == kind).unwrap_or(&Value::Null)
}

/// Shares of a tranche for an asset, rounded up, in 10⁻¹⁸: the source's exchange rate.
fn rate(fund: &Value) -> String {
    let tranche = &fund["result"]["tranches"][0];
    let (shares, assets) = (number(&tranche["shares"]), number(&tranche["assets"]));
    let (whole, rest) = (shares / assets, shares % assets);
    let mut digits = whole.to_string();
    let mut rest = rest;
    for _ in 0..18 {
        digits.push_str(&(rest * 10 / assets).to_string());
        rest = rest * 10 % assets;
    }
    (digits.parse::<u128>().unwrap() + u128::from(rest > 0)).to_string()
}

// A: the older module, one tranche whose stake may be taken in part.

/// A tranche of its own that keeps nothing, with a cap on what one event takes, and 100 staked in it.
fn module(inputs: &Value, steps: Vec<Value>) -> Value {
    let begins = 100 * 10u128.pow(18);
    let cap = begins / 10_000
        * inputs["max_slash_bps"].as_str().map_or(3_000, |_| number(&inputs["max_slash_bps"]));
    let more = [
        json!({ "create_fund": {
            "label": "module", "asset": "stata-usdc", "kind": "shared", "treasury": "treasury", "threshold": "0",
            "policy": { "counts_stake": true, "covers": ["bad_debt"], "revenue": {
                "period": "365d", "pool_share": 1_000_000, "apr_max": 1_000_000, "staker_factor": 1_000_000,
            } },
        } }),
        json!({ "create_tranche": {
            "label": "stk-module", "fund": "module",
            "policy": { "cooldown": "10d", "claim_window": "2d", "covers": ["bad_debt"] },
        } }),
        json!({ "create_market": {
            "label": "module-bank", "fund": "offset", "venue": "venue",
            "policy": { "waterfall": [{ "source": { "staked": "stk-module" }, "haircut": 0, "per_event": cap.to_string() }] },
        } }),
    ];
    let mut all = prices(100_000_000, 100_000_000);
    all.push(stake("staker", "stk-module", begins));
    all.extend(steps);
    all.push(ask("fund", &json!({ "fund": "module" })));
    ledger(&[("staker", 2 * begins), ("other", begins)], 0, &more, &all)
}

const SLASH: u128 = 20 * 10u128.pow(18);

fn slashed(inputs: &Value) -> Value {
    module(inputs, vec![bad_debt("module-bank", number(&inputs["request"]))])
}

fn rate_after_slash(_: &Value, steps: &[Value]) -> Value {
    let [.., slash, fund] = steps else { panic!("{steps:?}") };
    json!({ "slashed": event(slash, "layer_converted")["taken"], "rate_after": rate(fund) })
}

fn left(inputs: &Value) -> Value {
    let asked = json!({ "tranche": "stk-module", "account": "staker", "shares": inputs["shares"] });
    let steps = vec![
        bad_debt("module-bank", SLASH),
        command("staker", "request_unstake", &asked),
        later("10d", command("staker", "claim_unstake", &json!({ "ticket": "ticket_0" }))),
    ];
    module(inputs, steps)
}

fn paid_out(_: &Value, steps: &[Value]) -> Value {
    let [.., claim, _] = steps else { panic!("{steps:?}") };
    json!({ "assets_out": event(claim, "unstaked")["amount"] })
}

fn joined(inputs: &Value) -> Value {
    let amount = number(&inputs["assets"]);
    module(inputs, vec![bad_debt("module-bank", SLASH), stake("other", "stk-module", amount)])
}

fn shares_bought(_: &Value, steps: &[Value]) -> Value {
    let [.., joined, _] = steps else { panic!("{steps:?}") };
    json!({ "shares": event(joined, "staked")["shares"] })
}

/// Funds that come back are revenue of the tranche alone.
fn returned(inputs: &Value) -> Value {
    let paid =
        json!({ "fund": "module", "from": { "account": "staker" }, "amount": inputs["returned"] });
    let steps = vec![
        command("staker", "pay_revenue", &paid),
        later("730d", command("keeper", "settle_revenue", &json!({ "fund": "module" }))),
    ];
    module(inputs, steps)
}

fn rate_after_return(_: &Value, steps: &[Value]) -> Value {
    json!({ "rate_after": rate(steps.last().unwrap()) })
}

// B: cover of bad debt under the preset.

/// What was seized before is a first bad debt; the protocol's offset is the fund's reserve.
fn seized(inputs: &Value) -> Value {
    let of = |field: &str| number(&inputs[field]);
    let before = of("offset") + of("pending");
    let mut steps = prices(of("price_reserve"), of("price_stake"));
    steps.push(stake("staker", "stk-usdc", of("stake_assets")));
    if before > 0 {
        steps.push(bad_debt("usdc-bank", before));
    }
    steps.push(bad_debt("usdc-bank", of("pool_deficit") - before));
    steps.push(ask("fund", &json!({ "fund": "stake" })));
    steps.push(ask("market", &json!({ "market": "usdc-bank" })));
    ledger(&[("staker", of("stake_assets"))], of("offset"), &[], &steps)
}

fn seizure(inputs: &Value, steps: &[Value]) -> Value {
    let [.., settled, fund, market] = steps else { panic!("{steps:?}") };
    assert_eq!(inputs["fee_bps"], "0", "a fee on top of a debt has no place here");
    if code(settled).is_some() {
        assert_eq!(code(settled), Some("ZERO_AMOUNT"));
        return json!({ "slashable": false });
    }
    let (drawn, placed) = (event(settled, "layer_converted"), event(settled, "loss_placed"));
    let rows = placed["rows"].as_array().unwrap();
    let nobodys: u128 = rows
        .iter()
        .filter(|row| row["cohort"] == "residual")
        .map(|row| number(&row["amount"]))
        .sum();
    let covered = number(&drawn["owed"]);
    json!({
        "slashable": true,
        "new_deficit": placed["gross"],
        // What nobody bore would have been asked for too, at the same price in every case that has some.
        "requested": (number(&drawn["taken"]) + nobodys).to_string(),
        "slashed": drawn["taken"],
        "covered": covered.to_string(),
        "fee_part": (number(&placed["gross"]) - covered - nobodys).to_string(),
        "pending_after": market["result"]["layers"][1]["conversion"]["owed"],
        "stake_after": fund["result"]["staked"],
    })
}

fn paid_in(inputs: &Value) -> Value {
    let deficit = number(&inputs["pool_deficit"]);
    assert_eq!(inputs["pending"], inputs["pool_deficit"]);
    let book = |amount: u128| {
        let amount = amount.to_string();
        let layer = json!({ "staked": "stk-usdc" });
        command(
            "venue",
            "book_conversion",
            &json!({ "market": "usdc-bank", "layer": layer, "sold": amount, "received": amount }),
        )
    };
    let seen = || ask("market", &json!({ "market": "usdc-bank" }));
    let requests: Vec<u128> = inputs["requests"].as_array().unwrap().iter().map(number).collect();
    let rest = deficit - requests[0];
    let mut steps = prices(100_000_000, 100_000_000);
    steps.push(stake("staker", "stk-usdc", 10 * deficit));
    steps.push(bad_debt("usdc-bank", deficit));
    steps.extend([book(requests[0]), seen(), book(requests[1]), book(rest), seen()]);
    ledger(&[("staker", 10 * deficit)], 0, &[], &steps)
}

fn covered(_: &Value, steps: &[Value]) -> Value {
    let [.., first, after, more, rest, end] = steps else { panic!("{steps:?}") };
    assert_eq!(code(more), Some("ABOVE_CONVERSION"), "{more}");
    let owed = |step: &Value| step["result"]["layers"][1]["conversion"]["owed"].clone();
    let left = [owed(after), owed(end)];
    let booked = |step: &Value| event(step, "conversion_booked")["received"].clone();
    json!({ "covered": [booked(first), booked(rest)], "pool_deficit": left, "pending": left })
}

/// A share of the case is a million of ours.
const UNIT: u128 = 1_000_000;

/// Who asked to leave has a ticket; what he adds is not on it. He can pass nothing on.
fn with_tickets(inputs: &Value) -> Value {
    let begins = number(&inputs["initial_balance"]) * UNIT;
    let asked = json!({ "tranche": "stk-usdc", "account": "staker", "shares": begins.to_string() });
    let steps = vec![
        stake("staker", "stk-usdc", begins),
        command("staker", "request_unstake", &asked),
        stake("staker", "stk-usdc", 50 * UNIT),
        ask("account", &json!({ "account": "staker" })),
    ];
    ledger(&[("staker", 2 * begins)], 0, &[], &steps)
}

fn tickets(_: &Value, steps: &[Value]) -> Value {
    assert!(steps.iter().all(|step| code(step).is_none()), "{steps:?}");
    let held = &steps.last().unwrap()["result"]["stakes"][0];
    let (balance, asked) = (&held["shares"], &held["tickets"][0]["shares"]);
    assert_eq!((balance, asked), (&json!("150000000"), &json!("100000000")), "{held}");
    json!({ "balance": balance, "snapshot": asked })
}

/// A farm for each stake, all at the same rate and target; what each issued in its first second.
fn of_rewards(inputs: &Value) -> Value {
    let staked: Vec<u128> = inputs["total_assets"].as_array().unwrap().iter().map(number).collect();
    let most = number(&inputs["max_emission_per_s"]);
    let point = json!([{ "at": "2025-01-01T00:00:00Z", "rate": most.to_string() }]);
    let terms = json!({ "kind": "targeted", "target": inputs["target"], "points": point });
    let (mut farms, mut steps) = (Vec::new(), Vec::new());
    for (at, amount) in staked.iter().enumerate() {
        let farm = format!("rewards-{at}");
        farms.push(json!({ "create_farm": {
            "label": farm, "kind": "open", "stake": { "asset": "stata-usdc" }, "owner": "operator",
            "treasury": "treasury", "penalties_to": "treasury",
        } }));
        let set = json!({ "farm": farm, "asset": "stata-usdc", "terms": terms });
        steps.push(command("operator", "set_reward", &set));
        let of = |amount: u128, word: &str| {
            let mut fields =
                json!({ "account": "staker", "farm": farm, "amount": amount.to_string() });
            if word == "fund_farm" {
                fields["asset"] = json!("stata-usdc");
            }
            command("staker", word, &fields)
        };
        steps.push(of(most, "fund_farm"));
        steps.extend((*amount > 0).then(|| of(*amount, "stake_farm")));
    }
    let mut asked =
        (0..staked.len()).map(|at| ask("farm", &json!({ "farm": format!("rewards-{at}") })));
    steps.push(later("1s", asked.next().unwrap()));
    steps.extend(asked);
    let has = staked.iter().sum::<u128>() + most * staked.len() as u128;
    ledger(&[("staker", has)], 0, &farms, &steps)
}

fn emission(inputs: &Value, steps: &[Value]) -> Value {
    assert!(steps.iter().all(|step| code(step).is_none()), "{steps:?}");
    let first = steps.len() - inputs["total_assets"].as_array().unwrap().len();
    let owed = steps[first..].iter().map(|farm| farm["result"]["rewards"][0]["owed"].clone());
    json!({ "emission_per_s": owed.collect::<Vec<_>>() })
}

// I: shares against a donation, and their rounding.

/// A gift goes to the fund, and no price of shares looks at it.
fn donated(inputs: &Value) -> Value {
    let of = |field: &str| number(&inputs[field]);
    let (first, gift, deposit) = (of("attacker_deposit"), of("donation"), of("victim_deposit"));
    let times = u32::try_from(of("victim_times")).unwrap();
    let gives = json!({ "fund": "stake", "account": "attacker", "asset": "stata-usdc", "amount": gift.to_string() });
    let asked =
        json!({ "tranche": "stk-usdc", "account": "attacker", "shares": first.to_string() });
    let mut steps =
        vec![stake("attacker", "stk-usdc", first), command("attacker", "contribute", &gives)];
    steps.extend((0..times).map(|_| stake("victim", "stk-usdc", deposit)));
    steps.push(command("attacker", "request_unstake", &asked));
    steps
        .push(later("20d", command("attacker", "claim_unstake", &json!({ "ticket": "ticket_0" }))));
    ledger(&[("attacker", first + gift), ("victim", deposit * u128::from(times))], 0, &[], &steps)
}

fn shares_of_victims(inputs: &Value, steps: &[Value]) -> Value {
    let [_, _, joined @ .., _, claim] = steps else { panic!("{steps:?}") };
    let shares: Vec<_> =
        joined.iter().map(|step| event(step, "staked")["shares"].clone()).collect();
    let out = number(&event(claim, "unstaked")["amount"]);
    let profit = i128::try_from(out).unwrap() - scaled(&inputs["attacker_deposit"], 0);
    json!({ "victim_shares": shares, "attacker_out": out.to_string(), "attacker_profit": profit.to_string() })
}

/// One virtual share and one virtual atom are a dead share with an atom behind it.
fn exchanged(inputs: &Value) -> Value {
    let steps = inputs["cases"].as_array().unwrap().iter().flat_map(|case| {
        let [assets, shares, x] = [0, 1, 2].map(|at| number(&case[at]));
        let query = |amount: u128| {
            ask("reserve_exchange", &json!({ "held": {
                "available": (assets + 1).to_string(), "borrowed": "0", "fees": "0", "shares": (shares + 1).to_string(),
            }, "amount": amount.to_string() }))
        };
        // What the deposit's shares would bring back, too.
        let minted = x * (shares + 1) / (assets + 1);
        let after = ask("reserve_exchange", &json!({ "held": {
            "available": (assets + x + 1).to_string(), "borrowed": "0", "fees": "0",
            "shares": (shares + minted + 1).to_string(),
        }, "amount": minted.to_string() }));
        let back = ask("reserve_exchange", &json!({ "held": {
            "available": (assets + x + 1).to_string(), "borrowed": "0", "fees": "0",
            "shares": (shares + minted + 1).to_string(),
        }, "amount": x.to_string() }));
        [query(x), after, back]
    });
    of_steps(&steps.collect::<Vec<_>>())
}

fn all(steps: &[Value], place: usize, field: &str) -> Vec<Value> {
    steps.chunks(3).map(|asked| asked[place]["result"][field].clone()).collect()
}

fn rounding(_: &Value, steps: &[Value]) -> Value {
    json!({
        "deposit_shares": all(steps, 0, "minted"), "mint_assets": all(steps, 0, "price"),
        "withdraw_shares": all(steps, 0, "burned"), "redeem_assets": all(steps, 0, "worth"),
    })
}

fn round_trips(_: &Value, steps: &[Value]) -> Value {
    json!({
        "shares": all(steps, 0, "minted"), "redeemed": all(steps, 1, "worth"),
        "withdraw_shares": all(steps, 2, "burned"),
    })
}
