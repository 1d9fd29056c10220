//! Published cases that need positions in the ledger: each as a scenario under the preset `dydx`, with
//! a market of the margins that the source's tests use.

use crate::cases::{code, same, scaled, text};
use serde_json::{Value, json};

type Adapter = (&'static str, fn(&Value) -> Value, fn(&Value, &[Value]) -> Value);

const ADAPTERS: &[Adapter] = &[
    ("dydx_liquidation_waterfall", waterfall, waterfall_result),
    ("dydx_insurance_transfer", transfer, transfer_result),
    ("dydx_fund_selection", selection, selection_result),
    ("dydx_isolated_match", isolated, isolated_result),
];

fn adapter(case: &Value) -> Option<&'static Adapter> {
    ADAPTERS.iter().find(|(known, _, _)| case["group"] == *known)
}

/// Whether a case is one of these.
pub(crate) fn knows(case: &Value) -> bool {
    adapter(case).is_some()
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    adapter(case).unwrap().1(&case["inputs"])
}

/// Compares what came out with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let mut expected = case["expected"].clone();
    let (_, _, result) = adapter(case).unwrap();
    if let Some(error) = expected["error"].as_str() {
        let wanted: &[&str] = match error {
            "InsufficientFunds" => &["POOL_SHORT", "BEYOND_BANKRUPTCY"],
            "invalid authority" => &["ROLE_MISSING"],
            "perpetual is not isolated" => &["NOT_ISOLATED"],
            other => panic!("{other:?} has no code of ours"),
        };
        let codes: Vec<_> = steps.iter().filter_map(code).collect();
        assert!(codes.iter().any(|code| wanted.contains(code)), "{}: {codes:?}", case["id"]);
        expected.as_object_mut().unwrap().remove("error");
    }
    same(case, "expected", &expected, &result(&case["inputs"], steps));
}

/// USD as the price of a whole base unit, in billionths of a quote atom.
fn price(usd: &Value) -> String {
    scaled(usd, 15).to_string()
}

fn sent(actor: &str, word: &str, fields: &Value) -> Value {
    json!({ "actor": actor, "command": { word: fields } })
}

/// What an account holds in a pool at the beginning.
fn holds(account: &str, fund: &str, quote: i128) -> Value {
    let amount = quote.to_string();
    sent(
        "operator",
        "opening_margin",
        &json!({ "account": account, "fund": fund, "amount": amount }),
    )
}

/// Two opposite positions; a third holder has what one of the two lacks.
fn position(market: &str, long: &str, short: &str, size: i128) -> Option<Value> {
    let fields =
        json!({ "market": market, "long": long, "short": short, "size": size.to_string() });
    (size > 0).then(|| sent("operator", "opening_position", &fields))
}

/// Gives `account` a position of `size` against the bystander.
fn against_all(market: &str, account: &str, size: i128) -> Option<Value> {
    if size < 0 {
        position(market, "bystander", account, -size)
    } else {
        position(market, account, "bystander", size)
    }
}

/// A scenario with a market of its own: 20 % initial and 10 % maintenance margin, steps of the whole
/// position, no limits for a block, as the source's tests set them.
fn built(
    fund: &str,
    (decimals, max_fee, home): (u8, &Value, Option<&str>),
    reserve: &Value,
    steps: &[Value],
) -> Value {
    let hosted = json!({
        "decimals": decimals, "initial": 200_000, "maintenance": 100_000, "max_fee": max_fee,
        "step": "1s", "home": home,
    });
    let create = json!({
        "label": "m", "fund": fund, "venue": "venue",
        "policy": { "waterfall": [{ "source": { "reserve": fund } }], "hosted": hosted },
    });
    let pool =
        json!({ "fund": fund, "policy": { "gate": "50s", "stall": "5m", "netting": "none" } });
    let open = |label: &str| json!({ "open_account": { "label": label } });
    let mut opening = vec![];
    if text(reserve) != "0" {
        opening.push(
            json!({ "account": { "reserve": fund }, "asset": "usdc", "amount": text(reserve) }),
        );
    }
    json!({
        "preset": "dydx",
        "setup": [open("liquidated"), open("counterparty"), open("bystander"),
                  { "set_margin_pool": pool }, { "create_market": create }],
        "opening": opening,
        "steps": steps,
    })
}

fn mark(usd: &Value) -> Value {
    sent("venue", "report_mark", &json!({ "market": "m", "price": price(usd) }))
}

fn fill(size: &str, at: &str) -> Value {
    let fields = json!({
        "market": "m", "account": "liquidated", "counterparty": "counterparty", "size": size, "price": at,
    });
    sent("venue", "fill_liquidation", &fields)
}

fn look(account: &str, fund: &str) -> Value {
    json!({ "query": { "margin_account": { "account": account, "fund": fund } } })
}

fn fund(label: &str) -> Value {
    json!({ "query": { "fund": { "fund": label } } })
}

fn pool(label: &str) -> Value {
    json!({ "query": { "margin_pool": { "fund": label } } })
}

/// The last step of the scenario that asks this.
fn answer<'a>(steps: &'a [Value], field: &str, label: &str) -> &'a Value {
    let asked = |step: &&Value| step["result"][field] == label;
    steps.iter().rev().find(asked).map_or(&Value::Null, |step| &step["result"])
}

/// All events of one kind.
fn events<'a>(steps: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = steps.iter().filter_map(|step| step["events"].as_array()).flatten();
    all.filter(move |event| event["type"] == kind)
}

fn sum<'a>(events: impl Iterator<Item = &'a Value>, field: &str) -> i128 {
    events.map(|event| scaled(&event[field], 0)).sum()
}

/// A large account that nothing of the case touches: a pool never holds less than nothing, though its
/// two accounts together may.
const BYSTANDER: i128 = 1_000_000_000_000_000_000;

/// The book is walked ask by ask; the position is deleveraged if the book took no part.
fn waterfall(inputs: &Value) -> Value {
    let quote = |side: &str| scaled(&inputs[side]["usdc_balance_uusd"], 0);
    let size = |side: &str| scaled(&inputs[side]["btc_size_base_quantums"], 0);
    let (short, long) = (-size("liquidated"), size("counterparty"));
    let (seller, buyer) = ("liquidated", "counterparty");
    let common = short.min(long).max(0);
    let mut steps = vec![
        holds("bystander", "cross", BYSTANDER),
        holds(seller, "cross", quote(seller)),
        holds(buyer, "cross", quote(buyer)),
        mark(&inputs["oracle_price_usd"]),
    ];
    steps.extend(position("m", buyer, seller, common));
    steps.extend(against_all("m", seller, common - short));
    steps.extend(against_all("m", buyer, long - common));
    for ask in inputs["resting_asks_in_order"].as_array().into_iter().flatten() {
        steps.push(fill(&text(&ask["size"]), &price(&ask["price_usd"])));
    }
    let fields = json!({ "market": "m", "account": seller, "against": [buyer] });
    steps.push(sent("venue", "deleverage", &fields));
    steps.extend([look(seller, "cross"), look(buyer, "cross"), fund("cross")]);
    let (fee, reserve) =
        (&inputs["max_liquidation_fee_ppm"], &inputs["insurance_fund_balance_uusd"]);
    built("cross", (8, fee, None), reserve, &steps)
}

fn waterfall_result(inputs: &Value, steps: &[Value]) -> Value {
    let of = |word: &str| -> Vec<&Value> {
        steps.iter().filter(|step| step["command"] == word).collect()
    };
    let filled: Vec<_> = of("fill_liquidation");
    let refused = filled.iter().any(|step| code(step).is_some());
    let sizes = |steps: &[&Value]| -> i128 {
        steps.iter().map(|step| sum(events(std::slice::from_ref(step), "traded"), "size")).sum()
    };
    let delta = |step: &Value| {
        let all = || events(std::slice::from_ref(step), "margin_liquidated");
        sum(all(), "to_fund") - sum(all(), "insured")
    };
    let after = |account: &str| answer(steps, "account", account);
    let size = |account: &str| {
        after(account)["positions"]
            .as_array()
            .and_then(|all| all.first())
            .map_or(json!("0"), |p| p["size"].clone())
    };
    let deleveraged = of("deleverage");
    let lowered: i128 = sizes(&deleveraged);
    let paid: i128 = sum(
        deleveraged.iter().flat_map(|step| events(std::slice::from_ref(*step), "traded")),
        "quote",
    );
    json!({
        "status": if refused { "requires_deleveraging" } else { "success" },
        "filled": sizes(&filled).to_string(),
        "deleveraged": lowered.to_string(),
        // One whole coin is deleveraged where a case tells the price.
        "deleverage_price_usd": if lowered == 100_000_000 { (paid / 1_000_000).to_string() } else { String::new() },
        "insurance_fund_delta_uusd": filled.iter().map(|step| delta(step)).sum::<i128>().to_string(),
        "first_fill_insurance_fund_delta_uusd": filled.first().map_or(0, |step| delta(step)).to_string(),
        "insurance_lost_uusd": sum(events(steps, "margin_liquidated"), "insured").to_string(),
        "insurance_fund_after_uusd": answer(steps, "label", "cross")["reserve"],
        "insurance_fund_before_uusd": text(&inputs["insurance_fund_balance_uusd"]),
        "liquidated_usdc_after_uusd": after("liquidated")["quote"],
        "liquidated_btc_after": size("liquidated"),
        "counterparty_usdc_after_uusd": after("counterparty")["quote"],
        "counterparty_btc_after": size("counterparty"),
    })
}

/// A fill of exactly this delta: an account without equity closes its one unit that much above or
/// below what it owes; the other holds what the pool has besides.
fn transfer(inputs: &Value) -> Value {
    let label = if inputs["market_type"] == "isolated" { "isolated" } else { "cross" };
    let delta = scaled(&inputs["insurance_fund_delta_uusd"], 0);
    let held = scaled(&inputs["collateral_pool_balance_uusd"], 0);
    let worth = delta.abs() * 10 + 1_000;
    let atoms = |value: i128| (value * 1_000_000_000).to_string();
    let steps = vec![
        holds("liquidated", label, worth),
        holds("counterparty", label, held - worth),
        sent("venue", "report_mark", &json!({ "market": "m", "price": atoms(worth) })),
        position("m", "counterparty", "liquidated", 1).unwrap(),
        fill("1", &atoms(worth - delta)),
        fund(label),
        pool(label),
        fund("cross"),
    ];
    let mut scenario =
        built(label, (0, &json!(1_000_000), None), &inputs["fund_balance_uusd"], &steps);
    if label == "isolated" {
        // Money that must not be touched.
        let aside =
            json!({ "account": { "reserve": "cross" }, "asset": "usdc", "amount": "777777" });
        scenario["opening"].as_array_mut().unwrap().push(aside);
    }
    scenario
}

fn transfer_result(inputs: &Value, steps: &[Value]) -> Value {
    let isolated = inputs["market_type"] == "isolated";
    let label = if isolated { "isolated" } else { "cross" };
    if isolated {
        assert_eq!(answer(steps, "label", "cross")["reserve"], "777777");
    }
    json!({
        "fund_balance_uusd": answer(steps, "label", label)["reserve"],
        "collateral_pool_balance_uusd": answer(steps, "fund", label)["balance"],
    })
}

fn selection(inputs: &Value) -> Value {
    let atoms = |field: &str| inputs.get(field).map_or(0, |value| scaled(value, 0));
    let mut steps = vec![];
    for (label, held) in
        [("isolated", atoms("isolated_pool_uusd")), ("cross", atoms("cross_pool_uusd"))]
    {
        if held != 0 {
            steps.push(holds("bystander", label, held));
        }
    }
    let market = if inputs["market_type"] == "cross" { "btc-usd" } else { "iso-usd" };
    let actor = if inputs["authority"] == "invalid" { "venue" } else { "operator" };
    steps.push(sent(actor, "merge_isolated", &json!({ "market": market, "fund": "cross" })));
    steps.extend([fund("isolated"), pool("isolated"), fund("cross"), pool("cross")]);
    let opening = [("isolated", "isolated_fund_uusd"), ("cross", "cross_fund_uusd")]
        .into_iter()
        .filter(|(_, field)| atoms(field) != 0)
        .map(|(label, field)| {
            json!({ "account": { "reserve": label }, "asset": "usdc", "amount": text(&inputs[field]) })
        });
    json!({
        "preset": "dydx",
        "setup": [{ "open_account": { "label": "bystander" } }],
        "opening": opening.collect::<Vec<_>>(),
        "steps": steps,
    })
}

fn selection_result(_: &Value, steps: &[Value]) -> Value {
    json!({
        "isolated_fund_uusd": answer(steps, "label", "isolated")["reserve"],
        "isolated_pool_uusd": answer(steps, "fund", "isolated")["balance"],
        "cross_fund_uusd": answer(steps, "label", "cross")["reserve"],
        "cross_pool_uusd": answer(steps, "fund", "cross")["balance"],
    })
}

fn isolated(inputs: &Value) -> Value {
    let quote = |side: &str| scaled(&inputs[side]["usdc_balance_uusd"], 0);
    let size = |side: &str| scaled(&inputs[side]["iso_size_base_quantums"], 0);
    let held = scaled(&inputs["isolated_pool_uusd"], 0);
    let rest = held - quote("liquidated") - quote("counterparty");
    let mut steps = vec![
        holds("liquidated", "isolated", quote("liquidated")),
        holds("counterparty", "isolated", quote("counterparty")),
        mark(&inputs["oracle_price_usd"]),
    ];
    if rest != 0 {
        steps.insert(0, holds("bystander", "isolated", rest));
    }
    let (liquidated, counterparty) = (size("liquidated"), size("counterparty"));
    assert_eq!(liquidated, -counterparty);
    let (long, short) = if liquidated < 0 {
        ("counterparty", "liquidated")
    } else {
        ("liquidated", "counterparty")
    };
    steps.extend(position("m", long, short, liquidated.abs()));
    steps.push(fill(&liquidated.abs().to_string(), &price(&inputs["match_price_usd"])));
    steps.extend([look("liquidated", "isolated"), look("counterparty", "isolated")]);
    steps.extend([look("liquidated", "cross"), look("counterparty", "cross")]);
    steps.extend([fund("isolated"), pool("isolated"), pool("cross")]);
    let decimals = u8::try_from(inputs["base_decimals"].as_u64().unwrap()).unwrap();
    built(
        "isolated",
        (decimals, &json!(15_000), Some("cross")),
        &inputs["isolated_fund_uusd"],
        &steps,
    )
}

fn isolated_result(_: &Value, steps: &[Value]) -> Value {
    let fills: Vec<_> = steps.iter().filter(|step| step["command"] == "fill_liquidation").collect();
    let kinds: Vec<&str> = fills[0]["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e["type"].as_str())
        .collect();
    let at = |kind: &str| kinds.iter().position(|known| *known == kind);
    let order = at("pool_paid").zip(at("margin_moved")).is_none_or(|(paid, moved)| paid < moved);
    let quotes = |account: &str| -> i128 {
        let of = |step: &&Value| step["result"]["account"] == account;
        steps.iter().filter(of).map(|step| scaled(&step["result"]["quote"], 0)).sum()
    };
    let liquidated = || events(steps, "margin_liquidated");
    json!({
        "succeeds": fills.iter().all(|step| code(step).is_none()),
        "insurance_fund_delta_uusd": (sum(liquidated(), "to_fund") - sum(liquidated(), "insured")).to_string(),
        "isolated_fund_after_uusd": answer(steps, "label", "isolated")["reserve"],
        "liquidated_usdc_after_uusd": quotes("liquidated").to_string(),
        "counterparty_usdc_after_uusd": quotes("counterparty").to_string(),
        "moved_from_isolated_pool_to_cross_pool_uusd": sum(events(steps, "margin_moved"), "amount").to_string(),
        "order_of_operations": if order { "insurance payment enters the isolated pool BEFORE collateral leaves it" } else { "wrong" },
    })
}
