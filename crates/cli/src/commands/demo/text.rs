//! The demo's summary for a terminal.

use super::{Run, pages::picture, referees::Verdict};
use crate::printer::table;
use backstop_export::{loss::waterfall_text, names::Unit};
use backstop_risk::{
    Bars, DemoReport,
    sweep::{Line, Unit as SweepUnit, grouped},
};
use backstop_units::{Amount, Bps, format_decimal};
use std::{path::Path, time::Duration};

/// Decimals of both presets' assets.
const DECIMALS: u8 = 6;

/// Whole units of the asset with thousands separated.
fn money(amount: Amount) -> String {
    let text = format_decimal(amount.get(), DECIMALS);
    let whole = text.split('.').next().unwrap_or_default();
    grouped(whole)
}

pub(super) fn summary(
    folder: &Path,
    bars: &Bars,
    runs: &[Run],
    verdicts: &[Verdict],
    took: Duration,
) -> String {
    let from = bars.bars.first().map(|bar| bar.open_time.to_string()).unwrap_or_default();
    let until =
        bars.bars.last().map(|bar| bar.open_time.plus(bars.span).to_string()).unwrap_or_default();
    let mut text = format!(
        "SOL, {from} to {until}: real hourly prices, a SYNTHETIC book of {} accounts\n\n",
        runs.first().map_or(0, |run| run.report.accounts)
    );
    text.push_str(&comparison(runs));
    for run in runs {
        text.push_str(&format!(
            "\n{}",
            waterfall_text(&picture(
                &run.report,
                Unit { symbol: "USDT".to_owned(), decimals: DECIMALS }
            ))
        ));
    }
    text.push_str(&checks(folder, runs, verdicts));
    text.push_str(&format!(
        "\nThe run took {}.{} s.\n",
        took.as_secs(),
        took.subsec_millis() / 100
    ));
    text
}

/// One row of the comparison: its name, and the cell of a run.
type Row = (&'static str, fn(&DemoReport) -> String);

const ROWS: &[Row] = &[
    ("open interest before, one side", |r| money(r.notional_before)),
    ("open interest after", |r| money(r.notional_after)),
    ("liquidations", |r| grouped(&r.liquidations.to_string())),
    ("  remaining collateral to fund", |r| money(r.to_fund)),
    ("  to liquidators", |r| money(r.to_liquidators)),
    ("  back to users", |r| money(r.to_users)),
    ("  overflow past the threshold", |r| money(r.overflow)),
    ("deficits", |r| grouped(&r.deficits.to_string())),
    ("  loss in all", |r| money(r.gross_loss)),
    ("  largest", |r| {
        r.biggest_loss.as_ref().map_or_else(|| "-".to_owned(), |loss| money(loss.gross))
    }),
    ("  paid by layers before positions", |r| money(funded(r))),
    ("  socialised", |r| money(r.socialised)),
    ("  residual, paid by nobody", |r| money(r.residual)),
    ("fund before", |r| money(r.fund_before.total())),
    ("fund after", |r| money(r.fund_after.total())),
    ("coverage before", |r| coverage(r.fund_before.coverage, r.fund_before.target)),
    ("coverage after", |r| coverage(r.fund_after.coverage, r.fund_after.target)),
    ("mark from oracle, at worst", |r| format!("{}%", signed_percent(r.worst_basis.bps))),
];

fn funded(report: &DemoReport) -> Amount {
    report.gross_loss.saturating_sub(report.socialised).saturating_sub(report.residual)
}

fn coverage(bps: Bps, target: Amount) -> String {
    if target.is_zero() { "no target".to_owned() } else { bps.to_string() }
}

fn signed_percent(bps: i64) -> String {
    let sign = if bps < 0 { "-" } else { "" };
    format!("{sign}{}", format_decimal(u128::from(bps.unsigned_abs()), 2))
}

fn comparison(runs: &[Run]) -> String {
    let presets: Vec<String> = runs.iter().map(|run| run.report.preset.to_string()).collect();
    let head: Vec<&str> =
        ["whole USDT"].into_iter().chain(presets.iter().map(String::as_str)).collect();
    let rows: Vec<Vec<String>> = ROWS
        .iter()
        .map(|(name, cell)| {
            [(*name).to_owned()]
                .into_iter()
                .chain(runs.iter().map(|run| cell(&run.report)))
                .collect()
        })
        .collect();
    table(&head, &rows)
}

fn checks(folder: &Path, runs: &[Run], verdicts: &[Verdict]) -> String {
    let mut text = String::from("\n");
    for run in runs {
        let word = if run.verified.is_clean() { "sound" } else { "NOT SOUND" };
        text.push_str(&format!(
            "log of   {:8} {} records, {word}, root {}\n",
            run.report.preset.to_string(),
            grouped(&run.verified.size.to_string()),
            run.verified.root
        ));
    }
    for Verdict { program, preset, command, answer } in verdicts {
        text.push_str(&match answer {
            Some(Ok(())) => format!("books of {preset:8} accepted by `{command}`\n"),
            Some(Err(said)) => format!("books of {preset:8} REFUSED by `{command}`\n{said}\n"),
            None => format!(
                "books of {preset:8} not checked: {program} is not installed; with it: {command}\n"
            ),
        });
    }
    let pages = runs.first().map_or(0, |run| run.pages);
    let at = folder.display();
    text.push_str(&format!(
        "\n{at}/journal.db     the log; check it: backstop verify {at}/journal.db --checkpoint {at}/checkpoint\n\
         {at}/books.ledger   the books\n\
         {at}/losses/        {pages} losses, a page and a picture each\n\
         {at}/waterfall.svg  who paid\n\
         {at}/runs/          the other preset\n"
    ));
    text
}

pub(super) fn sweep(sweeps: &[(&str, Vec<Line>)]) -> String {
    let head = ["", "min", "p5", "p25", "median", "p75", "p95", "max"];
    let mut text = String::new();
    for (preset, lines) in sweeps {
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let cell = |value: u128| match line.unit {
                    SweepUnit::Atoms => money(Amount::new(value)),
                    SweepUnit::Bps => format!("{}%", format_decimal(value, 2)),
                    SweepUnit::Count => grouped(&value.to_string()),
                };
                [line.name.clone()].into_iter().chain(line.percentiles.points().map(cell)).collect()
            })
            .collect();
        text.push_str(&format!("preset {preset}\n{}\n", table(&head, &rows)));
    }
    text
}
