//! The facts of one loss as text and as Markdown.

use super::view::{LossView, RowView, row_words};
use crate::{names::tranche_label, picture::waterfall_text};
use backstop_core::{
    event::Cohort,
    ledger::LedgerAccount,
    loss::claim::Rules,
    state::{LayerClaim, LossStatus},
};
use backstop_units::{Amount, Hash, Shares, format_decimal, mul_div_floor};
use std::fmt::Write as _;

/// Decimals of a printed share price.
const PRICE_DECIMALS: u8 = 12;

/// One loss for a terminal.
pub(super) fn text(view: &LossView<'_>) -> String {
    let mut out = String::new();
    let picture = view.picture();
    let _ = writeln!(out, "{}, {}", picture.title, view.unit.short(view.loss.gross));
    for fact in &picture.facts {
        let _ = writeln!(out, "  {fact}");
    }
    if !view.loss.rows.is_empty() {
        let _ = writeln!(out, "\n{}", waterfall_text(&picture).trim_end());
        let _ = writeln!(out, "\n  residual   {}", view.unit.short(view.residual()));
        let back = if view.loss.status == LossStatus::Void { "reversed " } else { "recovered" };
        let _ = writeln!(out, "  {back}  {}", view.unit.short(view.recovered()));
    }
    for (name, words) in view.rows().iter().filter_map(|row| share_price(view, row)) {
        let _ = writeln!(out, "  staked in {name}: {words}");
    }
    if view.loss.evidence != Hash::ZERO {
        let _ = writeln!(out, "  evidence   {}", view.loss.evidence);
    }
    out
}

/// One loss as a page.
pub(super) fn markdown(view: &LossView<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {} on `{}`\n", view.id, view.cause(), view.market());
    if !view.notice().is_empty() {
        let _ = writeln!(out, "**{}**\n", view.notice());
    }
    facts(&mut out, view);
    if !view.loss.rows.is_empty() {
        let _ = writeln!(out, "\n## Waterfall\n\n![waterfall of {0}]({0}.svg)\n", view.id);
        let _ = writeln!(out, "```text\n{}```\n", waterfall_text(&view.picture()));
        payers(&mut out, view);
        share_prices(&mut out, view);
        recoveries(&mut out, view);
    }
    check(&mut out, view);
    out
}

fn facts(out: &mut String, view: &LossView<'_>) {
    let loss = view.loss;
    let _ = writeln!(out, "| fact | value |\n| --- | --- |");
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(out, "| {name} | {value} |");
    };
    let gross = view.unit.digits(loss.gross);
    fact("gross loss", format!("{gross} `{}` ({} atoms)", view.unit.symbol, loss.gross));
    fact("status", view.status().to_owned());
    fact("cause", view.cause());
    fact("market", format!("`{}`", view.market()));
    let account = view.account().map(|account| format!("`{account}`"));
    fact("account", account.unwrap_or_else(|| "none alone".to_owned()));
    fact("occurred at", loss.occurred_at.to_string());
    fact("declared at", loss.declared_at.to_string());
    let seq = view.placed_in().map(|seq| seq.to_string());
    fact("placed by record", seq.unwrap_or_else(|| "not placed".to_owned()));
    fact("mark", view.mark().unwrap_or_else(|| "not reported".to_owned()));
    let evidence = (loss.evidence != Hash::ZERO).then(|| format!("`{}`", loss.evidence));
    fact("evidence root", evidence.unwrap_or_else(|| "none yet".to_owned()));
}

/// The rows with their formulas.
fn payers(out: &mut String, view: &LossView<'_>) {
    let symbol = &view.unit.symbol;
    let _ = writeln!(out, "## Who bore it\n");
    let _ = writeln!(out, "Amounts in `{symbol}`.\n");
    let _ = writeln!(out, "| row | layer | who | bore | formula | rounding |");
    let _ = writeln!(out, "| ---: | ---: | --- | ---: | --- | --- |");
    for row in view.rows() {
        let at = row.at;
        let cohort = &row.row.row.cohort;
        let who = row_words(view.state, view.loss.market, cohort);
        let amount = view.unit.digits(row.row.row.amount);
        let (formula, rounding) = (formula(view, &row), rounding(cohort));
        let layer = match cohort {
            Cohort::Residual => "–".to_owned(),
            _ => row.row.row.layer.to_string(),
        };
        let _ = writeln!(out, "| {at} | {layer} | `{who}` | {amount} | {formula} | {rounding} |");
    }
    let total = view.unit.digits(view.loss.gross);
    let _ = writeln!(out, "| | | **sum = gross loss** | **{total}** | | |\n");
}

/// How a row's amount came about, with its numbers.
pub(super) fn formula(view: &LossView<'_>, row: &RowView<'_>) -> String {
    let (needed, amount) = (view.unit.digits(row.needed), row.row.row.amount);
    match (&row.row.row.cohort, row.had) {
        (Cohort::Residual, _) => "gross loss less all rows above".to_owned(),
        (Cohort::Positions { delta, base, .. }, _) => format!(
            "min(needed {needed}, limits); each of {base} base atoms bears {delta} / 2^60 atom"
        ),
        (Cohort::Depositors { shares, from, to }, _) => {
            format!(
                "min(needed {needed}, deposits, limits); the index of {shares} shares falls from {from} to {to}"
            )
        }
        (Cohort::Adl { adl: claim } | Cohort::Equity { claim }, _) => {
            match view.state.layer_claims.get(*claim) {
                Some(claim) => claimed(view, claim),
                None => format!("min(needed {needed}, limits)"),
            }
        }
        (Cohort::Haircut { haircut, .. }, _) => match view.state.haircuts.get(*haircut) {
            Some(haircut) => format!(
                "min(needed {needed}, portion of claims, limits); {} open, {} taken over",
                view.unit.digits(haircut.open),
                view.unit.digits(haircut.taken)
            ),
            None => format!("min(needed {needed}, portion of claims, limits)"),
        },
        (_, Some(had)) if amount == row.needed.min(had) => {
            format!("min(needed {needed}, had {})", view.unit.digits(had))
        }
        (_, Some(had)) => {
            let limit = view.unit.digits(amount);
            format!("min(needed {needed}, had {}, limit left {limit})", view.unit.digits(had))
        }
        (_, None) => format!("min(needed {needed}, what it had, what its limits left)"),
    }
}

/// What a claim brought, and how.
fn claimed(view: &LossView<'_>, claim: &LayerClaim) -> String {
    let [placed, brought] = [claim.claim, claim.brought].map(|amount| view.unit.digits(amount));
    let (payers, measure) = (claim.payers, claim.measure);
    match claim.rules {
        Rules::Adl(_) => format!(
            "of {placed} placed on winners, {payers} cuts of {measure} base atoms forgo {brought}"
        ),
        Rules::Equity(policy) => {
            let equity = view.unit.digits(Amount::new(measure.get()));
            format!(
                "of {placed} placed by equity, {payers} accounts with {equity} pay {brought}, none above {} ppm of his equity",
                policy.cap
            )
        }
    }
}

pub(super) const fn rounding(cohort: &Cohort) -> &'static str {
    match cohort {
        Cohort::Positions { epoch: None, .. } => {
            "money exact; the index rounds down, its rest waits for the next step"
        }
        Cohort::Positions { .. } => {
            "money exact; the index rounds down, its rest waits for the next step; a claim on a recovery rounds down"
        }
        Cohort::Depositors { .. } => {
            "money exact; the index rounds up, what lenders bear beyond stays among deposits"
        }
        Cohort::Stakers { .. } => "exact; a staker's claim on a recovery rounds down",
        Cohort::Adl { .. } => {
            "cuts add up exactly, each to less than an atom; a claim on a recovery rounds down"
        }
        Cohort::Haircut { .. } => {
            "exact; what a leaver bears rounds up, a claim on a recovery rounds down"
        }
        Cohort::Equity { .. } => {
            "shares add up exactly, by largest remainder; a claim on a recovery rounds down"
        }
        Cohort::FeePool
        | Cohort::Reserve(_)
        | Cohort::Contributions(_)
        | Cohort::House(_)
        | Cohort::Residual => "exact",
    }
}

fn share_prices(out: &mut String, view: &LossView<'_>) {
    let rows = view.rows();
    let prices = rows.iter().filter_map(|row| {
        let Cohort::Stakers { series, shares, .. } = row.row.row.cohort else { return None };
        share_price(view, row).map(|(name, words)| (name, words, series, shares))
    });
    let mut lines = String::new();
    for (name, words, series, shares) in prices {
        let _ = writeln!(lines, "- `{name}`, series {series}, {shares} shares: {words}");
    }
    if !lines.is_empty() {
        let _ = writeln!(out, "## Share price\n\nAtoms for each share, rounded down.\n\n{lines}");
    }
}

/// What a loss did to the share price of the tranche behind a row: its name, and words.
pub(super) fn share_price(view: &LossView<'_>, row: &RowView<'_>) -> Option<(String, String)> {
    let Cohort::Stakers { tranche, shares, .. } = row.row.row.cohort else { return None };
    let amount = row.row.row.amount;
    let words = match row.had {
        Some(had) => {
            let (before, after) = (
                share_price_text(had, shares),
                share_price_text(had.saturating_sub(amount), shares),
            );
            format!("share price {before} before, {after} after")
        }
        None => format!("each share lost {}", share_price_text(amount, shares)),
    };
    Some((tranche_label(view.state, tranche), words))
}

/// Assets ÷ shares in atoms. **Rounding** down, to twelve decimals.
pub fn share_price_text(assets: Amount, shares: Shares) -> String {
    let one = 10u128.pow(u32::from(PRICE_DECIMALS));
    mul_div_floor(assets.get(), one, shares.get())
        .map_or_else(|_| "undefined".to_owned(), |price| format_decimal(price, PRICE_DECIMALS))
}

fn recoveries(out: &mut String, view: &LossView<'_>) {
    let _ = writeln!(out, "## What came back\n");
    if view.recovered().is_zero() {
        let _ = writeln!(out, "Nothing so far.\n");
        return;
    }
    let _ = writeln!(out, "| row | who | bore | came back | still missing |");
    let _ = writeln!(out, "| ---: | --- | ---: | ---: | ---: |");
    for (at, row) in (0u64..).zip(&view.loss.rows) {
        let who = row_words(view.state, view.loss.market, &row.row.cohort);
        let [bore, back, missing] =
            [row.row.amount, row.recovered, row.row.amount.saturating_sub(row.recovered)]
                .map(|amount| view.unit.digits(amount));
        let _ = writeln!(out, "| {at} | `{who}` | {bore} | {back} | {missing} |");
    }
    let claims: Vec<_> =
        view.state.claims.iter().filter(|(_, claim)| claim.loss == view.id).collect();
    let paid = claims.iter().fold(Amount::ZERO, |sum, (_, claim)| sum.saturating_add(claim.paid));
    let waiting = view.state.ledger.owed(LedgerAccount::Recoveries(view.id), view.asset);
    let _ = writeln!(
        out,
        "\nOf the stakers' part {} is paid out (claims: {}); {} waits to be claimed.\n",
        view.unit.short(paid),
        claims.len(),
        view.unit.short(waiting),
    );
}

fn check(out: &mut String, view: &LossView<'_>) {
    let Some(seq) = view.placed_in() else { return };
    let _ = writeln!(
        out,
        "## Check it\n\nRecord {seq} of ledger `{}` placed this loss. `backstop verify` decides it \
         again and compares; the exported journal shows its postings as transaction ({seq}).",
        view.state.meta.ledger
    );
}
