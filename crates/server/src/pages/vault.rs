//! A vault: what it earns and from what, what it costs, who insures it, who leaves, what was not kept.

use super::{
    chart::Charts,
    flat,
    fund::{csv_of, drawn},
    shell::{Page, Shell, page},
    view::View,
};
use crate::{
    app::App,
    extract::{Asked, Named},
    problem::Problem,
};
use askama::Template;
use axum::extract::State as Of;
use backstop_api::{FEES, Query, answer};
use backstop_core::State;
use backstop_export::{
    names::Unit,
    picture::{Cell, Part, Stack, Tone},
    standing::claims,
};
use backstop_units::{Amount, Label, Timestamp};
use serde::Deserialize;
use serde_json::json;

/// Names of the pictures of what is made good: so many are drawn.
const CLAIMS: [&str; 4] = ["claims-1", "claims-2", "claims-3", "claims-4"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "vault.html")]
struct Whole {
    shell: Shell,
    seen: Seen,
}

struct Seen {
    vault: View,
    pool: Option<View>,
    losses: Vec<View>,
    holders: View,
    fees: Vec<View>,
    charts: Charts,
    /// Pictures of what is made good, the newest loss first.
    claims: Vec<&'static str>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(label): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let name = label.clone();
    let seen = app.look(move |state, now| gather(state, &name, now)).await??;
    match asked.csv {
        None => {
            Ok(page(&Whole { shell: Shell::new(&app, format!("Vault {label}"), "overview"), seen }))
        }
        Some(name) => csv_of(&seen.charts, &name),
    }
}

fn gather(state: &State, label: &str, now: Timestamp) -> Result<Seen, Problem> {
    let missing = || Problem::not_found(format!("there is no vault `{label}`"));
    let vault = Label::parse(label).map_err(|_| missing())?;
    let id = state.vault_id(vault).map_err(|_| missing())?;
    let policy = state.vaults.get(id).map(|item| flat::rows(&item.policy, state));
    let ask = |query: &Query| answer(state, query, now).map(View);
    let seen = ask(&Query::Vault { vault })?;
    let pool = if seen.has("insured") { Some(ask(&Query::InsurancePool { vault })?) } else { None };
    let unit = Unit { symbol: seen.text("asset"), decimals: seen.decimals() };
    let mut charts = Charts::default();
    charts.add("yield", &yields(&seen));
    if let Some(pool) = &pool {
        charts.add("cover", &cover(pool, &unit));
    }
    charts.add("stack", &capital(&seen, &unit));
    let ours = state.vault_losses.iter().rev().filter(|(_, loss)| loss.vault == id);
    let assessed = ours.filter(|(loss, _)| state.compensation(*loss).is_some());
    let mut pictures = Vec::new();
    for ((loss, _), name) in assessed.zip(CLAIMS) {
        if let Some(made_good) = claims(state, loss).map_err(drawn)? {
            charts.add(name, &made_good);
            pictures.push(name);
        }
    }
    Ok(Seen {
        losses: ask(&Query::VaultLosses { vault })?.list("losses"),
        holders: ask(&Query::Holders { vault, limit: 10 })?,
        fees: fees(&policy.unwrap_or_default()),
        vault: seen,
        pool,
        charts,
        claims: pictures,
    })
}

/// The vault's fees as its settings are.
fn fees(policy: &[(String, String)]) -> Vec<View> {
    let rows = FEES.iter().filter(|fee| fee.of == "vault").map(|fee| {
        let set = policy.iter().find(|(name, _)| name == fee.setting);
        View(json!({
            "fee": fee.name, "setting": fee.setting, "value": set.map(|(_, value)| value),
            "recipient": fee.recipient, "basis": fee.basis, "purpose": fee.purpose,
        }))
    });
    rows.collect()
}

/// A percentage as the view has it, in ten-thousandths of a percent; what is below zero is nothing to draw.
fn size(percent: &str) -> u128 {
    let digits: String = percent.chars().filter(char::is_ascii_digit).collect();
    if percent.starts_with('-') { 0 } else { digits.parse().unwrap_or(0) }
}

fn part(name: &str, tone: Tone, (view, field): (&View, &str), note: &str) -> Part {
    let text = view.text(field);
    let (name, note) = (name.to_owned(), note.to_owned());
    Part { name, tone, size: size(&text), value: Cell::number(&text), note }
}

/// What the yield comes from: what came in over the window if it is known, else today's rates.
fn yields(vault: &View) -> Stack {
    let all = vault.at("yields");
    let (facts, parts, less, total) = if all.has("headline") {
        let past = all.at("headline");
        let parts = vec![
            part("interest", Tone::Pay, (&past, "interest_apr"), "paid by borrowers"),
            part(
                "rewards",
                Tone::Match,
                (&past, "rewards_apr"),
                "paid in by somebody, until used up",
            ),
        ];
        let less = vec![part("fees", Tone::Share, (&past, "fees_apr"), "see the table of fees")];
        let fact = format!("what came in since {}, for a year; no promise", past.text("since"));
        (fact, parts, less, past.text("net_apr"))
    } else {
        let parts = vec![
            part("interest", Tone::Pay, (&all, "interest_apy"), "at the rates of this moment"),
            part("rewards", Tone::Match, (&all, "rewards_apr"), "at the rates of this moment"),
        ];
        let fact = "too young for a yield that was seen".to_owned();
        (fact, parts, Vec::new(), all.text("net_apy"))
    };
    Stack {
        id: "yield".to_owned(),
        title: "What the yield comes from".to_owned(),
        facts: vec![facts],
        parts,
        less,
        total: Some(("after fees".to_owned(), Cell::number(&total))),
    }
}

fn money(name: &str, tone: Tone, (unit, amount): (&Unit, Amount), note: &str) -> Part {
    let (name, note) = (name.to_owned(), note.to_owned());
    Part { name, tone, size: amount.get(), value: Cell::amount(unit, amount), note }
}

/// What of the pool is there and stays, what is on its way out, and how much it stands before.
fn cover(pool: &View, unit: &Unit) -> Stack {
    let amount = |view: &View, field: &str| (unit, Amount::new(view.number(field)));
    let live = |tranche: &str| amount(&pool.at(tranche), "live_worth");
    let leaving = amount(pool, "leaving_worth");
    Stack {
        id: "cover".to_owned(),
        title: "What the insurance pool holds".to_owned(),
        facts: Vec::new(),
        parts: vec![
            money("the curator's own", Tone::Pay, live("own"), "hit first"),
            money("matched", Tone::Match, live("matched"), "hit after the curator's"),
            money("exit queued", Tone::Leaving, leaving, "still liable until it is paid"),
        ],
        less: Vec::new(),
        total: Some((
            "depositors behind it".to_owned(),
            Cell::amount(unit, amount(pool, "covered_worth").1),
        )),
    }
}

/// Words and colour of those who bear a vault's loss, as the API names them.
const BEARERS: [(&str, &str, Tone, &str); 4] = [
    ("pending_fees", "pending fees", Tone::Share, "written down before depositors"),
    ("pool_own", "insurance pool, own", Tone::Pay, ""),
    ("pool_matched", "insurance pool, matched", Tone::Match, ""),
    ("holders", "depositors", Tone::Room, "bear what is left, or are made whole"),
];

/// Who bears a loss of the vault, the first one first.
fn capital(vault: &View, unit: &Unit) -> Stack {
    let rows = vault.list("bears");
    let parts = rows.iter().filter_map(|row| {
        let who = row.text("who");
        let (_, name, tone, note) = BEARERS.iter().find(|(word, ..)| *word == who)?;
        Some(money(name, *tone, (unit, Amount::new(row.number("amount"))), note))
    });
    Stack {
        id: "stack".to_owned(),
        title: "Who bears a loss, the first one first".to_owned(),
        facts: Vec::new(),
        parts: parts.collect(),
        less: Vec::new(),
        total: Some((
            "net assets".to_owned(),
            Cell::amount(unit, Amount::new(vault.number("net_assets"))),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn percentages_have_a_size() {
        assert_eq!(["4.1250%", "-0.5000%", "–", "0.0001%"].map(size), [41_250, 0, 0, 1]);
    }
}
