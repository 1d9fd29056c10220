//! The published cases of perpetual-futures venues: each as queries, and what must come
//! out. Units as the case file states them: quote atoms of six decimals, base atoms by market.

use crate::{
    cases::{ask, code, same, scaled, scenario as of_steps, text},
    hosted,
};
use serde_json::{Map, Value, json};

/// Every case whose group begins with `prefix`.
pub(crate) fn cases(prefix: &str) -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/perps.json")).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let of_group = |case: &&Value| case["group"].as_str().unwrap().starts_with(prefix);
    cases.filter(of_group).cloned().collect()
}

type Adapter = (&'static str, fn(&Value) -> Vec<Value>, fn(&Value, &[Value]) -> Value);

/// For each group how its inputs are asked, and what of the answers its `expected` names.
const ADAPTERS: &[Adapter] = &[
    (
        "dydx_bankruptcy_price",
        |i| vec![close("bankruptcy_price", i, json!({}))],
        |_, steps| json!({ "quote_delta_uusd": steps[0]["result"]["quote"] }),
    ),
    (
        "dydx_insurance_fund_delta",
        fund_delta,
        |_, steps| json!({ "insurance_fund_delta_uusd": steps[0]["result"]["fund"] }),
    ),
    (
        "dydx_delta_affordable",
        payout,
        |_, steps| json!({ "valid": steps[0]["result"]["accepted"] }),
    ),
    ("dydx_can_deleverage", can_deleverage, can_deleverage_result),
    (
        "dydx_fillable_price",
        limit_price,
        |_, steps| json!({ "limit_price_usd": steps[0]["result"]["price"] }),
    ),
    ("dydx_subaccount_block_limits", block_limits, block_limits_result),
    ("dydx_position_block_limits", position_limits, |_, steps| {
        let result = &steps[0]["result"];
        json!({ "min_notional_uusd": result["min"], "max_notional_uusd": result["max"] })
    }),
    ("dydx_docs_examples", documents, documents_result),
    ("dydx_process_deleveraging", |i| vec![trade(i, "bankruptcy")], trade_result),
    ("dydx_deleverage_iteration", walk, walk_result),
    ("dydx_final_settlement", |i| vec![trade(i, "oracle")], trade_result),
    ("dydx_withdrawal_gate", gate, |_, steps| json!({ "allowed": steps[0]["result"]["open"] })),
    (
        "bybit_bankruptcy_price",
        isolated,
        |_, steps| json!({ "bankruptcy_price_usd": steps[0]["result"]["bankruptcy"] }),
    ),
    ("bybit_pool_drawdown_adl", drawdown, drawdown_result),
];

fn adapter(case: &Value) -> &'static Adapter {
    let group = case["group"].as_str().unwrap();
    ADAPTERS.iter().find(|(known, _, _)| *known == group).unwrap_or_else(|| panic!("{group}"))
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    if hosted::knows(case) {
        return hosted::scenario(case);
    }
    let (_, steps, _) = adapter(case);
    of_steps(&steps(&case["inputs"]))
}

/// Compares the results of a case's steps with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    if hosted::knows(case) {
        return hosted::check(case, steps);
    }
    let (_, _, result) = adapter(case);
    let expected = &case["expected"];
    if let Some(error) = expected["error"].as_str() {
        let wanted = match error.split_whitespace().next() {
            Some("InvalidPerpetualPositionSizeDelta") => "BAD_CLOSE",
            Some("FailedToUpdateSubaccounts") => "WORSE_STANDING",
            other => panic!("{other:?} has no code of ours"),
        };
        assert_eq!(code(&steps[0]), Some(wanted), "{}: {}", case["id"], steps[0]);
        return;
    }
    // A part that panics in the source is a refusal of its own here, so some steps may be refused.
    let partial = expected.as_object().unwrap().values().any(|value| value == "panic");
    assert!(partial || steps.iter().all(|step| code(step).is_none()), "{}: {steps:?}", case["id"]);
    same(case, "expected", expected, &result(&case["inputs"], steps));
}

fn label(name: &Value) -> String {
    name.as_str().unwrap().to_lowercase()
}

fn position(market: &Value, size: &Value, decimals: &Value, mark: &Value, rate: &Value) -> Value {
    json!({ "market": label(market), "size": text(size), "decimals": decimals, "mark": text(mark), "maintenance": rate })
}

/// An account as the cases write it.
fn account(inputs: &Value) -> Value {
    let positions = inputs["positions"].as_array().unwrap().iter().map(|p| {
        let (market, size) = (&p["market"], &p["size_base_quantums"]);
        let (mark, rate) = (&p["oracle_price_usd"], &p["maintenance_margin_ppm"]);
        position(market, size, &p["base_decimals"], mark, rate)
    });
    json!({ "collateral": text(&inputs["usdc_balance_uusd"]), "positions": positions.collect::<Vec<_>>() })
}

/// An account of a case with one market of eight decimals, whose mark and margin stand beside it.
fn single(inputs: &Value, side: &Value) -> Value {
    if side.get("positions").is_some() {
        return account(side);
    }
    let rate = inputs.get("maintenance_margin_ppm").cloned().unwrap_or(json!(100_000));
    let size = &side["btc_size_base_quantums"];
    let at = position(&inputs["market"], size, &json!(8), &inputs["oracle_price_usd"], &rate);
    json!({ "collateral": text(&side["usdc_balance_uusd"]), "positions": [at] })
}

fn close(word: &str, inputs: &Value, more: Value) -> Value {
    let mut fields = json!({
        "account": account(inputs),
        "market": label(&inputs["close_market"]),
        "delta": text(&inputs["delta_base_quantums"]),
    });
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    ask(word, &fields)
}

fn fund_delta(inputs: &Value) -> Vec<Value> {
    let more = json!({ "fill": text(&inputs["fill_quote_delta_uusd"]), "max_fee": inputs["max_liquidation_fee_ppm"] });
    vec![close("fund_delta", inputs, more)]
}

fn payout(inputs: &Value) -> Vec<Value> {
    let (balance, delta) =
        (text(&inputs["fund_balance_uusd"]), text(&inputs["insurance_fund_delta_uusd"]));
    vec![ask("fund_payout", &json!({ "balance": balance, "delta": delta, "payout": "whole" }))]
}

fn can_deleverage(inputs: &Value) -> Vec<Value> {
    let settling = inputs["market_status"] == "final_settlement";
    let fields = json!({ "account": account(inputs), "final_settlement": settling });
    vec![ask("deleverage_allowed", &fields)]
}

fn can_deleverage_result(inputs: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    assert_eq!(text(&result["equity"]), text(&inputs["equity_uusd"]));
    json!({
        "deleverage_at_bankruptcy_price": result["price"] == "bankruptcy",
        "deleverage_at_oracle_price": result["price"] == "oracle",
    })
}

fn limit_price(inputs: &Value) -> Vec<Value> {
    let fields = json!({
        "account": account(inputs),
        "market": label(&inputs["market"]),
        "steepness": inputs["bankruptcy_adjustment_ppm"],
        "of_maintenance": inputs["spread_to_maintenance_margin_ratio_ppm"],
    });
    vec![ask("limit_price", &fields)]
}

/// One question for each limit; the block is the window.
fn block_limits(inputs: &Value) -> Vec<Value> {
    let repeated = inputs["same_market_already_liquidated_this_block"] == true;
    let limit = |limit: &str, used: &str| {
        let mut fields = json!({
            "now": 7,
            "windows": [{ "length": 1, "limit": text(&inputs[limit]) }],
            "uses": [{ "at": 7, "amount": text(&inputs[used]) }],
        });
        if repeated {
            fields["last"] = json!(7);
        }
        ask("liquidation_allowance", &fields)
    };
    vec![
        limit("max_notional_liquidated_per_block", "notional_already_liquidated"),
        limit("max_insurance_lost_per_block", "insurance_already_lost"),
    ]
}

fn block_limits_result(_: &Value, steps: &[Value]) -> Value {
    let left = |step: &Value| match code(step) {
        Some("LIMIT_SPENT") => json!("panic"),
        Some(other) => panic!("{other}"),
        None => step["result"]["remaining"].clone(),
    };
    json!({ "remaining_notional": left(&steps[0]), "remaining_insurance_lost": left(&steps[1]) })
}

fn position_limits(inputs: &Value) -> Vec<Value> {
    let fields = json!({
        "size": text(&inputs["position_size_base_quantums"]),
        "decimals": inputs["base_decimals"],
        "mark": inputs["oracle_price_usd"],
        "min_notional": text(&inputs["min_position_notional_liquidated_uusd"]),
        "portion": inputs["max_position_portion_liquidated_ppm"],
    });
    vec![ask("liquidation_step", &fields)]
}

/// Worked examples: one tells a fill, the other a liquidation price.
fn documents(inputs: &Value) -> Vec<Value> {
    const BASE: usize = 6;
    let rate = scaled(&inputs["mmf"], 6);
    let at = |size: i128, price: &Value| json!({ "market": "m", "size": size.to_string(), "decimals": BASE, "mark": text(price), "maintenance": rate });
    if inputs.get("fill").is_none() {
        let (size, price) = (scaled(&inputs["size"], BASE), scaled(&inputs["price"], 6));
        let collateral = scaled(&inputs["equity"], 6) - size * price / 1_000_000;
        let account = json!({ "collateral": collateral.to_string(), "positions": [at(size, &inputs["price"])] });
        return vec![ask("liquidation_price", &json!({ "account": account, "market": "m" }))];
    }
    let size = scaled(&inputs["contracts"], BASE);
    let quote = |price: &Value| size * scaled(price, 6) / 1_000_000;
    let collateral = scaled(&inputs["deposit"], 6) - quote(&inputs["entry"]);
    let account =
        json!({ "collateral": collateral.to_string(), "positions": [at(size, &inputs["price"])] });
    vec![
        ask("margin", &json!({ "account": account })),
        ask(
            "pnl",
            &json!({ "size": size.to_string(), "decimals": BASE, "from": text(&inputs["entry"]), "to": text(&inputs["fill"]) }),
        ),
        ask(
            "fund_delta",
            &json!({
                "account": account, "market": "m", "delta": (-size).to_string(),
                "fill": quote(&inputs["fill"]).to_string(), "max_fee": 0,
            }),
        ),
    ]
}

fn documents_result(_: &Value, steps: &[Value]) -> Value {
    if let Some(price) = steps[0]["result"].get("price") {
        return json!({ "liquidation_price": price });
    }
    let whole = |atoms: &Value, sign: i128| {
        let atoms = sign * scaled(atoms, 0);
        let units = format!(
            "{}{}.{:06}",
            if atoms < 0 { "-" } else { "" },
            atoms.abs() / 1_000_000,
            atoms.abs() % 1_000_000
        );
        json!(units.trim_end_matches('0').trim_end_matches('.'))
    };
    json!({
        "equity_at_price": whole(&steps[0]["result"]["equity"], 1),
        "pnl_at_fill": whole(&steps[1]["result"]["pnl"], 1),
        "fund_contribution": whole(&steps[2]["result"]["fund"], -1),
    })
}

fn trade(inputs: &Value, price: &str) -> Value {
    ask(
        "deleverage_trade",
        &json!({
            "account": single(inputs, &inputs["liquidated"]),
            "counterparty": single(inputs, &inputs["offsetting"]),
            "market": label(&inputs["market"]),
            "delta": text(&inputs["delta_base_quantums"]),
            "price": price,
        }),
    )
}

fn trade_result(inputs: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    let side = |side: &str| {
        let positions = result[side]["positions"].as_array().unwrap();
        let at = positions.iter().find(|p| p["market"] == label(&inputs["market"])).unwrap();
        json!({ "usdc_balance_uusd": result[side]["collateral"], "btc_size_base_quantums": at["size"] })
    };
    json!({
        "quote_delta_to_liquidated_uusd": result["quote"],
        "liquidated": side("account"),
        "offsetting": side("counterparty"),
        "liquidated_usdc_after_uusd": result["account"]["collateral"],
        "offsetting_usdc_after_uusd": result["counterparty"]["collateral"],
    })
}

fn walk(inputs: &Value) -> Vec<Value> {
    let candidates = inputs["candidates_in_iteration_order"].as_array().unwrap().iter();
    let candidates =
        candidates.map(|c| json!({ "label": label(&c["id"]), "account": single(inputs, c) }));
    vec![ask(
        "deleverage_walk",
        &json!({
            "account": single(inputs, &inputs["liquidated"]),
            "candidates": candidates.collect::<Vec<_>>(),
            "market": label(&inputs["market"]),
            "delta": text(&inputs["delta_base_quantums"]),
            "price": "bankruptcy",
            "open_interest": text(&inputs["open_interest_base_quantums"]),
        }),
    )]
}

fn walk_result(inputs: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    let names =
        inputs["candidates_in_iteration_order"].as_array().unwrap().iter().map(|c| &c["id"]);
    let mut fills = Vec::new();
    let mut after = Map::new();
    for (name, candidate) in names.zip(result["candidates"].as_array().unwrap()) {
        if candidate["fill"] != "0" {
            fills.push(json!({ "id": name, "fill": candidate["fill"] }));
        }
        after.insert(text(name), candidate["account"]["collateral"].clone());
    }
    json!({
        "fills": fills,
        "delta_remaining_base_quantums": result["remaining"],
        "candidate_usdc_after_uusd": after,
        "liquidated_usdc_after_uusd": result["account"]["collateral"],
        "open_interest_after_base_quantums": result["open_interest"],
    })
}

fn gate(inputs: &Value) -> Vec<Value> {
    let seen: Vec<_> = inputs["negative_equity_seen_at_block"].as_u64().into_iter().collect();
    let fields = json!({
        "now": inputs["current_block"], "seen": seen,
        "length": inputs["gate_blocks"], "movement": inputs["operation"],
    });
    vec![ask("withdrawal_gate", &fields)]
}

fn isolated(inputs: &Value) -> Vec<Value> {
    let fields = json!({
        "contract": inputs["contract"], "side": inputs["side"],
        "entry": text(&inputs["entry_usd"]), "leverage": text(&inputs["leverage"]),
    });
    vec![ask("isolated_prices", &fields)]
}

fn drawdown(inputs: &Value) -> Vec<Value> {
    let ratio = |field: &str, else_: u32| {
        inputs.get(field).map_or(json!(else_), |ratio| json!(-scaled(ratio, 6)))
    };
    let fields = json!({
        "balance": text(&inputs["pool_balance"]),
        "now": text(&inputs["symbol_pnl_now"]),
        "peak": text(&inputs["symbol_pnl_8h_max"]),
        "base": text(&inputs["pool_8h_max_balance"]),
        "start": ratio("trigger_ratio", 300_000),
        "stop": ratio("stop_ratio", 250_000),
        "min_balance": text(&inputs["trigger_threshold_balance"]),
    });
    vec![ask("drawdown", &fields)]
}

fn drawdown_result(_: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    let ends = if result["cause"] == "empty_pool" { "balance > 0" } else { "fall below stop" };
    json!({
        "pnl_ratio": format!("-{}", text(&result["fall"])),
        "adl_triggered": result["active"],
        "loss_moved_to_adl": result["excess"],
        "stop_when": ends,
    })
}
