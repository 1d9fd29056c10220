//! Under every preset a group that is liquidated account, liquidator, staker and contributor at once
//! gains by none of it; and what liquidating oneself costs is the preset's overflow policy.

use backstop_api::{Format, MemoryHost, Preset, Scenario, run};
use backstop_core::Body;
use serde_json::{Value, json};
use std::{fs, path::Path};

const FAMILY: [&str; 2] = ["dave", "erin"];
const MONEY: i128 = 10_000_000_000_000;

/// A small generator, so that the same cases come every time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// What a preset's first market, and the funds and tranches behind it, are called.
struct Names {
    market: String,
    fund: String,
    asset: String,
    venue: String,
    threshold: i128,
    tranches: Vec<String>,
}

fn names(preset: &str) -> Option<Names> {
    let setup = Preset::named(preset).unwrap().setup;
    let mut markets = setup.iter().filter_map(|body| match body {
        Body::CreateMarket(market) => Some(market.clone()),
        _ => None,
    });
    let market = markets.next()?;
    let fund = setup.iter().find_map(|body| match body {
        Body::CreateFund(fund) if fund.label == market.fund => Some(fund.clone()),
        _ => None,
    })?;
    let tranches = setup.iter().filter_map(|body| match body {
        Body::CreateTranche(tranche) if tranche.fund == market.fund => {
            Some(tranche.label.to_string())
        }
        _ => None,
    });
    Some(Names {
        market: market.label.to_string(),
        fund: fund.label.to_string(),
        asset: fund.asset.to_string(),
        venue: market.venue.to_string(),
        threshold: i128::try_from(fund.threshold.get()).unwrap_or(i128::MAX),
        tranches: tranches.collect(),
    })
}

/// Liquidations inside the family as (outcome, notional), and the scenario that settles them.
fn story(preset: &str, names: &Names, seed: u64) -> (Vec<i128>, String) {
    let mut random = Random(seed);
    let open = |name: &&str| json!({ "open_account": { "label": name, "group": "family" } });
    let balance = |name: &&str| json!({ "account": { "account": name }, "asset": names.asset, "amount": MONEY.to_string() });
    let mut opening: Vec<Value> = FAMILY.iter().map(balance).collect();
    // Under the threshold, within the last million below it, or past it.
    let threshold = names.threshold.min(MONEY);
    let full = (threshold - 1_000_000 * i128::from(random.below(3))).max(0);
    if full > 0 {
        let reserve = json!({ "account": { "reserve": names.fund }, "asset": names.asset, "amount": full.to_string() });
        opening.push(reserve);
    }
    let mut steps = Vec::new();
    let mut give = |actor: &str, word: &str, fields: Value| {
        steps.push(json!({ "actor": actor, "command": { word: fields } }));
    };
    let gift = 1 + random.below(1_000_000);
    give(
        "erin",
        "contribute",
        json!({ "fund": names.fund, "account": "erin", "asset": names.asset, "amount": gift.to_string() }),
    );
    for tranche in &names.tranches {
        let stake = 1_000_000 + random.below(2_000_000_000);
        give(
            "dave",
            "stake",
            json!({ "tranche": tranche, "account": "dave", "asset": names.asset, "amount": stake.to_string() }),
        );
    }
    let mut outcomes = vec![0];
    for turn in 0..6_usize {
        let size = i128::from(random.below(3_000_000));
        let outcome = if random.below(2) == 0 { size } else { -size };
        let (account, liquidator) = (FAMILY[turn % 2], FAMILY[(turn + 1) % 2]);
        outcomes.push(outcome);
        give(
            &names.venue,
            "settle_liquidation",
            json!({
                "market": names.market, "account": account, "liquidator": liquidator,
                "outcome": outcome.to_string(), "notional": (random.below(1_000_000_000)).to_string(),
                "open_interest": random.below(1_000).to_string(), "evidence": "77".repeat(32),
            }),
        );
    }
    // Before the first and after each: what the family has.
    let asked = FAMILY.map(|name| json!({ "query": { "account": { "account": name } } }));
    let first = steps.len() - 6;
    let tail = steps.split_off(first);
    steps.extend(asked.clone());
    for step in tail {
        steps.push(step);
        steps.extend(asked.clone());
    }
    let setup: Vec<Value> = FAMILY.iter().map(open).collect();
    let scenario = json!({ "preset": preset, "setup": setup, "opening": opening, "steps": steps });
    (outcomes, scenario.to_string())
}

/// What an account has free, and what its shares are worth.
fn wealth(result: &Value) -> i128 {
    let sum = |list: &str, field: &str| -> i128 {
        let items = result[list].as_array().unwrap();
        items.iter().map(|item| item[field].as_str().unwrap().parse::<i128>().unwrap()).sum()
    };
    sum("balances", "free") + sum("stakes", "value")
}

/// What each liquidation of a story brought the family beside the margin that it handed in, and what of
/// the fund's share went to the fund and over its threshold.
fn changes(preset: &str, names: &Names, seed: u64) -> Vec<(i128, i128, i128)> {
    let (outcomes, text) = story(preset, names, seed);
    let scenario = Scenario::parse(&text, Format::Json).unwrap_or_else(|e| panic!("{preset}: {e}"));
    let mut host = MemoryHost::new(scenario.genesis(), scenario.start).unwrap();
    let steps = run(&scenario, &mut host).unwrap().steps;
    let mut seen = Vec::new();
    let (mut shares, mut money) = ((0, 0), 0);
    let mut asked = 0;
    for step in &steps {
        for event in step["events"].as_array().into_iter().flatten() {
            if event["type"] == "liquidation_settled" {
                let number = |field: &str| event[field].as_str().unwrap().parse::<i128>().unwrap();
                shares = (number("to_fund"), number("overflow"));
            }
        }
        if step["result"]["stakes"].is_array() {
            money += wealth(&step["result"]);
            asked += 1;
            if asked % FAMILY.len() == 0 {
                seen.push((money, shares));
                (shares, money) = ((0, 0), 0);
            }
        }
    }
    assert_eq!(seen.len(), outcomes.len(), "{preset}: {text}");
    let pairs = seen.iter().zip(seen.iter().skip(1)).zip(outcomes.iter().skip(1));
    pairs
        .map(|((before, (after, (fund, overflow))), outcome)| {
            (after - before.0 - (*outcome).max(0), *fund, *overflow)
        })
        .collect()
}

#[test]
fn no_group_gains_under_any_preset() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../presets");
    let mut tried = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let preset = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Some(names) = names(&preset) else { continue };
        let (mut free, mut charged) = (0, 0);
        for seed in 0..60 {
            for (gain, fund, overflow) in changes(&preset, &names, seed) {
                assert!(gain <= 0, "{preset}, seed {seed}: gained {gain}");
                free += u32::from(overflow > 0 && -gain == fund);
                charged += u32::from(overflow > 0 && -gain > fund);
                if preset == "backstop" && fund + overflow > 0 {
                    assert_eq!(-gain, fund + overflow, "seed {seed}");
                }
            }
        }
        tried.push((preset, free > 0, charged > 0));
    }
    for expected in [("backstop", false, true), ("kana", true, false)] {
        let expected = (expected.0.to_owned(), expected.1, expected.2);
        assert!(tried.contains(&expected), "{expected:?} not in {tried:?}");
    }
    assert!(tried.len() >= 3, "{tried:?}");
}
