//! The published cases of bankrupts, and of what is above a threshold: as scenarios under the preset of
//! their system, and what must come out.

use crate::cases::{ask, code, decimal, same, scaled, text};
use backstop_core::{
    liquidation::debt_takeover::{Takeover, Terms},
    loss::{adl::Candidate, claim::Tally},
};
use backstop_units::{Amount, Ppm, Price};
use serde_json::{Map, Value, json};

/// Every case whose group begins with `prefix`.
pub(crate) fn cases(prefix: &str) -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../../../conformance/bankruptcy.json")).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let of_group = |case: &&Value| case["group"].as_str().unwrap().starts_with(prefix);
    cases.filter(of_group).cloned().collect()
}

/// For each group its scenario, and what of the answers its `expected` names.
type Adapter = (&'static str, fn(&Value) -> Value, fn(&Value, &[Value]) -> Value);

const ADAPTERS: &[Adapter] = &[
    ("mango_perp_negative_pnl", negative_pnl, negative_pnl_result),
    ("mango_perp_bankruptcy_integration", bankrupt_perp, bankrupt_perp_result),
    ("mango_token_bankruptcy", token, token_result),
    ("bitmex_adl_queue", queue, queue_result),
];

fn adapter(case: &Value) -> &'static Adapter {
    let group = case["group"].as_str().unwrap();
    ADAPTERS.iter().find(|(known, _, _)| *known == group).unwrap_or_else(|| panic!("{group}"))
}

/// A case as a scenario file in JSON.
pub(crate) fn scenario(case: &Value) -> Value {
    let (_, scenario, _) = adapter(case);
    scenario(&case["inputs"])
}

/// Compares the results of a case's steps with every field that the case expects.
pub(crate) fn check(case: &Value, steps: &[Value]) {
    let (_, _, result) = adapter(case);
    for step in steps {
        assert_eq!(code(step), None, "{}: {step}", case["id"]);
    }
    same(case, "expected", &case["expected"], &result(&case["inputs"], steps));
}

/// Whole native units are kept with six decimals, since the source counts fractions of them.
const FINE: usize = 6;

fn fine(value: &Value) -> String {
    scaled(value, FINE).to_string()
}

/// A signed count of millionths as a decimal text.
fn coarse(value: &Value) -> Value {
    let atoms = scaled(value, 0);
    let size = decimal(&json!(atoms.unsigned_abs().to_string()), FINE);
    let size = size.trim_end_matches('0').trim_end_matches('.');
    json!(format!("{}{size}", if atoms < 0 { "-" } else { "" }))
}

fn asks(preset: &str, word: &str, fields: &Value) -> Value {
    json!({ "preset": preset, "steps": [ask(word, fields)] })
}

fn negative_pnl(inputs: &Value) -> Value {
    let fields = json!({
        "balance": fine(&inputs["liqee_settle_balance"]),
        "pnl": fine(&inputs["liqee_perp_pnl"]),
        "other_health": fine(&inputs["liqee_other_health"]),
        "price": text(&inputs["settle_price"]),
        "asset_weight": scaled(&inputs["settle_asset_weight"], 6),
        "debt_weight": scaled(&inputs["settle_liab_weight"], 6),
        "settle_limit": fine(&inputs["settle_limit"]),
        "max_transfer": fine(&inputs["max_liab_transfer"]),
        "vault": text(&inputs["insurance_vault"]),
        // The vault pays whole native units.
        "fund_decimals": 0,
        "fund_price": text(&inputs["insurance_token_price"]),
        "fee": scaled(&inputs["perp_liquidation_fee"], 6),
        "open_interest": text(&inputs["open_interest"]),
    });
    asks("mango", "pnl_settlement", &fields)
}

fn negative_pnl_result(inputs: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    // The index of open positions moves by what is socialised, for each unit of open interest.
    let open = scaled(&inputs["open_interest"], 0).unsigned_abs();
    let step = scaled(&result["index_step"], 0).unsigned_abs();
    let borne = (step * open).div_ceil(1 << 60).to_string();
    assert_eq!(borne, text(&result["socialised"]));
    json!({
        "liqee_settle_balance": coarse(&result["balance"]),
        "liqee_perp_pnl": coarse(&result["pnl"]),
        "liqor_settle_balance": coarse(&result["settled"]),
        "liqor_perp_pnl": coarse(&result["liquidator_pnl"]),
        "liqor_insurance_received": result["paid"],
        "socialized_loss": coarse(&result["socialised"]),
    })
}

/// The cases tell an account by its health with the loss in it: all else it holds is the rest of that.
fn bankrupt_perp(inputs: &Value) -> Value {
    let weight = scaled(&inputs["weights"], 6);
    let (pnl, price) = (scaled(&inputs["liqee_perp_pnl"], FINE), &inputs["settle_price"]);
    let worth = pnl * scaled(price, FINE) * weight / 10i128.pow(12);
    let others = scaled(&inputs["liqee_init_health"], FINE) - worth;
    let fields = json!({
        "balance": "0",
        "pnl": pnl.to_string(),
        "other_health": others.to_string(),
        "price": text(price),
        "asset_weight": weight,
        "debt_weight": weight,
        "settle_limit": fine(&inputs["settle_limit"]),
        "max_transfer": fine(&inputs["max_liab_transfer"]),
        "vault": text(&inputs["insurance_vault"]),
        "fund_decimals": 0,
        "fund_price": text(&inputs["insurance_token_price"]),
        "fee": scaled(&inputs["perp_liquidation_fee"], 6),
        "open_interest": "1",
    });
    asks("mango", "pnl_settlement", &fields)
}

fn bankrupt_perp_result(_: &Value, steps: &[Value]) -> Value {
    let result = &steps[0]["result"];
    json!({
        "settlement": coarse(&result["settled"]),
        "insurance_transfer": result["paid"],
        "socialized_loss": coarse(&result["socialised"]),
    })
}

/// A debt of a token case, in millionths of a native unit, and on which terms it is taken over.
struct Debt {
    terms: Terms,
    owed: u128,
    max: u128,
    vault: u128,
}

impl Debt {
    /// What the case does not tell is as in the one that it goes on from: a debt of 100 at 20, a vault
    /// whose token is worth 2, a fee of 2 %. The vault's own token costs what it is worth.
    fn of(inputs: &Value) -> Self {
        let fine = |field: &str| inputs.get(field).map(|value| scaled(value, FINE).unsigned_abs());
        let own = inputs["debt_is_insurance_token"] == true;
        let [price, fund_price, fee] =
            if own { [1, 1, 0] } else { [20_000_000, 2_000_000, 20_000] };
        // Told in words: a number and a little more.
        let words = inputs["debt_native"].as_str().map(|words| {
            let number = words.split(' ').next().unwrap();
            scaled(&json!(number), FINE).unsigned_abs() + 1
        });
        let terms = Terms {
            debt_decimals: 6,
            debt_price: Price::new(fine("liab_price").unwrap_or(price)),
            fund_decimals: 0,
            fund_price: Price::new(fine("insurance_token_price").unwrap_or(fund_price)),
            fee: Ppm::new(u32::try_from(fine("liquidation_fee").unwrap_or(fee)).unwrap()),
        };
        Self {
            terms,
            owed: words.or(fine("debt_tokens")).unwrap_or(100_000_000),
            max: fine("liab_transfer_tokens").or(fine("max_liab_transfer")).unwrap_or(u128::MAX),
            vault: text(&inputs["insurance_vault"]).parse().unwrap(),
        }
    }

    fn taken(&self) -> Takeover {
        let willing = Amount::new(self.owed.min(self.max));
        self.terms.take(willing, Amount::new(self.vault)).unwrap()
    }
}

/// The formula, the vault's payment by a settlement, and what lenders bear by their index.
fn token(inputs: &Value) -> Value {
    let debt = Debt::of(inputs);
    let price = |price: Price| decimal(&json!(price.get().to_string()), FINE);
    let taken = debt.taken();
    let mut steps = vec![ask(
        "debt_takeover",
        &json!({
            "debt": debt.owed.to_string(),
            "debt_decimals": debt.terms.debt_decimals,
            "debt_price": price(debt.terms.debt_price),
            "fund_decimals": debt.terms.fund_decimals,
            "fund_price": price(debt.terms.fund_price),
            "fee": debt.terms.fee,
            "vault": debt.vault.to_string(),
            "max_transfer": debt.max.to_string(),
        }),
    )];
    let deposits = inputs.get("depositor_before").map_or(1_000, |before| scaled(before, 0));
    let shares = (deposits * 1_000_000).to_string();
    let spread = if taken.emptied { debt.owed - taken.taken.get() } else { 0 };
    steps.push(ask(
        "deposit_index",
        &json!({ "shares": shares, "index": shares, "unit": shares, "loss": spread.to_string() }),
    ));
    steps.push(ask("fund", &json!({ "fund": "main" })));
    steps.push(ask("account", &json!({ "account": "liquidator" })));
    if !taken.paid.is_zero() {
        let settle = json!({
            "market": "usdc-debts", "account": "borrower", "liquidator": "liquidator",
            "outcome": format!("-{}", taken.paid), "evidence": "11".repeat(32),
        });
        let command = json!({ "settle_liquidation": settle });
        steps.insert(2, json!({ "actor": "venue", "command": command }));
    }
    json!({
        "preset": "mango",
        "setup": [
            { "open_account": { "label": "borrower" } },
            { "open_account": { "label": "liquidator" } },
        ],
        "opening": [{ "account": { "reserve": "main" }, "asset": "usdc", "amount": debt.vault.to_string() }],
        "steps": steps,
    })
}

fn token_result(_: &Value, steps: &[Value]) -> Value {
    let (asked, lenders) = (&steps[0]["result"], &steps[1]["result"]);
    let [.., fund, liquidator] = steps else { panic!("{steps:?}") };
    let events = steps[2]["events"].as_array().cloned().unwrap_or_default();
    let placed = events.iter().find(|event| event["type"] == "loss_placed");
    // The vault paid, nobody else; the venue passes it on to whoever took the debt over.
    let paid = placed.map_or(json!("0"), |placed| {
        let rows = placed["rows"].as_array().unwrap();
        assert!(rows.len() == 1 && rows[0]["cohort"]["reserve"] == "main", "{placed}");
        rows[0]["amount"].clone()
    });
    assert_eq!(paid, asked["paid"]);
    assert_eq!(fund["result"]["reserve"], asked["vault"]);
    assert_eq!(lenders["socialised"], asked["spread"]);
    json!({
        "depositor_after": coarse(&lenders["worth"]),
        "debt_after": coarse(&asked["left"]),
        "account_still_being_liquidated": asked["left"] != "0",
        "insurance_paid": paid,
        "insurance_vault_after": fund["result"]["reserve"],
        "liquidator_change": liquidator["result"]["balances"][0]["free"],
        "liquidator_gain_fund_tokens": paid,
        "remainder_socialised": asked["spread"] != "0",
    })
}

/// The mark lies 50 beyond the price of bankruptcy, every entry at half the mark: all have gained 100 %,
/// and equity makes the score.
fn queue(inputs: &Value) -> Value {
    let price = scaled(&inputs["bankruptcy_price_usd"], 0);
    let size = scaled(&inputs["liquidated_size"], 0);
    let mark = price + 50;
    let atoms = |price: i128| (price * 1_000_000_000).to_string();
    let candidates = inputs["accounts"].as_array().unwrap().iter().map(|account| {
        let (held, score) = (scaled(&account["qty"], 0), scaled(&account["score"], 0));
        json!({
            "account": format!("long-{}", account["id"]), "side": "long", "size": held.to_string(),
            "entry": (mark * 500_000_000).to_string(), "equity": (held * mark * 1_000_000 / score).to_string(),
        })
    });
    let candidates: Vec<_> = candidates.collect();
    let mut tally = Tally::default();
    for candidate in &candidates {
        let candidate: Candidate = serde_json::from_value(candidate.clone()).unwrap();
        tally.push(&candidate).unwrap();
    }
    let claim = (size * (mark - price)).to_string();
    let (count, lots, root) = (tally.count, tally.sum, tally.root());
    let evidence = "11".repeat(32);
    let settle = json!({
        "market": "xbt-perp", "account": "short", "liquidator": "bob", "outcome": format!("-{claim}"),
        "mark": atoms(mark), "evidence": evidence,
    });
    let list = json!({
        "market": "xbt-perp", "side": "long", "price": atoms(price), "mark": atoms(mark),
        "claim": claim, "candidates": candidates,
    });
    let open = json!({
        "loss": "loss_0", "side": "long", "price": atoms(price), "mark": atoms(mark),
        "count": count, "lots": lots, "root": root,
    });
    let policy = json!({
        "waterfall": [{ "source": { "reserve": "main" } }, { "source": "adl" }],
        "adl": { "rank": "profit_times_leverage", "select": "queue", "hedge_aware": false, "base_unit": "1" },
    });
    let market = json!({ "label": "xbt-perp", "fund": "main", "venue": "venue", "policy": policy });
    json!({
        "preset": "backstop",
        "setup": [
            { "open_account": { "label": "short" } },
            { "open_account": { "label": "bob" } },
            { "create_market": market },
        ],
        "steps": [
            ask("deleveraging", &list),
            { "actor": "venue", "command": { "settle_liquidation": settle } },
            { "actor": "venue", "command": { "open_adl": open } },
            { "actor": "venue", "command": { "submit_adl_part": { "loss": "loss_0", "entries": candidates } } },
            { "actor": "keeper", "command": { "run_adl": { "loss": "loss_0" } } },
            { "actor": "keeper", "command": { "close_adl": { "loss": "loss_0" } } },
        ],
    })
}

fn queue_result(inputs: &Value, steps: &[Value]) -> Value {
    let id = |account: &Value| text(account).trim_start_matches("long-").to_owned();
    let order = steps[0]["result"]["order"].as_array().unwrap();
    let quantile = |place: &Value| scaled(&place["quantile"], 0) * 20;
    let (mut closed, mut remaining) = (Map::new(), Map::new());
    let events = steps[4]["events"].as_array().unwrap();
    for cut in events.iter().flat_map(|event| event["cuts"].as_array().unwrap()) {
        let lots = scaled(&cut["lots"], 0);
        let accounts = inputs["accounts"].as_array().unwrap();
        let held = accounts.iter().find(|account| text(&account["id"]) == id(&cut["account"]));
        let rest = scaled(&held.unwrap()["qty"], 0) - lots;
        closed.insert(id(&cut["account"]), json!(lots));
        if rest > 0 {
            remaining.insert(id(&cut["account"]), json!(rest));
        }
    }
    json!({
        "order": order.iter().map(|place| id(&place["account"])).collect::<Vec<_>>(),
        "quintile_pct": order.iter().map(|place| (id(&place["account"]), json!(quantile(place)))).collect::<Map<_, _>>(),
        "closed": closed,
        "remaining": remaining,
    })
}
