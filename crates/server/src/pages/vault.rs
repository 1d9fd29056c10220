//! A vault: what it earns and from what, what it costs, who insures it, who leaves, what was not kept.

use super::{
    chart::Charts,
    flat,
    fund::csv_of,
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
};
use backstop_units::{Amount, Label, Timestamp};
use serde::Deserialize;
use serde_json::json;

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
    charts.add("stack", &capital(&seen, pool.as_ref(), &unit));
    Ok(Seen {
        losses: ask(&Query::VaultLosses { vault })?.list("losses"),
        holders: ask(&Query::Holders { vault, limit: 10 })?,
        fees: fees(&policy.unwrap_or_default()),
        vault: seen,
        pool,
        charts,
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
    let amount = |view: &View, field: &str| Amount::new(view.number(field));
    let (own, matched) = (pool.at("own"), pool.at("matched"));
    let leaving = [&own, &matched]
        .map(|tranche| amount(tranche, "worth").saturating_sub(amount(tranche, "live_worth")));
    let leaving = leaving.into_iter().fold(Amount::ZERO, Amount::saturating_add);
    let covered = Cell::amount(unit, amount(pool, "covered_worth"));
    Stack {
        id: "cover".to_owned(),
        title: "What the insurance pool holds".to_owned(),
        facts: Vec::new(),
        parts: vec![
            money("the curator's own", Tone::Pay, (unit, amount(&own, "live_worth")), "hit first"),
            money(
                "matched",
                Tone::Match,
                (unit, amount(&matched, "live_worth")),
                "hit after the curator's",
            ),
            money("exit queued", Tone::Leaving, (unit, leaving), "still liable until it is paid"),
        ],
        less: Vec::new(),
        total: Some(("depositors behind it".to_owned(), covered)),
    }
}

/// Who bears a loss of the vault, the first one first.
fn capital(vault: &View, pool: Option<&View>, unit: &Unit) -> Stack {
    let amount = |view: &View, field: &str| Amount::new(view.number(field));
    let mut parts = vec![money(
        "pending fees",
        Tone::Share,
        (unit, amount(vault, "pending_fees")),
        "written down before depositors",
    )];
    let mut before = Amount::ZERO;
    if let Some(pool) = pool {
        for (name, tone, field) in [
            ("insurance pool, own", Tone::Pay, "own"),
            ("insurance pool, matched", Tone::Match, "matched"),
        ] {
            let worth = amount(&pool.at(field), "worth");
            before = before.saturating_add(worth);
            parts.push(money(name, tone, (unit, worth), ""));
        }
    }
    let rest = amount(vault, "net_assets").saturating_sub(before);
    parts.push(money(
        "depositors",
        Tone::Room,
        (unit, rest),
        "bear what is left, or are made whole",
    ));
    let net = Cell::amount(unit, amount(vault, "net_assets"));
    Stack {
        id: "stack".to_owned(),
        title: "Who bears a loss, the first one first".to_owned(),
        facts: Vec::new(),
        parts,
        less: Vec::new(),
        total: Some(("net assets".to_owned(), net)),
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
