//! The demo's summary for a terminal.

mod weeks;

pub(super) use weeks::vault_page;

use super::{Run, Swept, VaultRun, pages::picture, referees::Verdict};
use crate::printer::table;
use backstop_core::policy::LayerSource;
use backstop_export::picture::waterfall_text;
use backstop_risk::{DemoReport, demo::Payers, sweep::Unit as SweepUnit};
use backstop_units::{Amount, Bps, format_decimal, grouped, mul_div_floor};
use std::{path::Path, time::Duration};

/// Whole units of an asset with thousands separated.
fn money(amount: Amount, decimals: u8) -> String {
    let text = format_decimal(amount.get(), decimals);
    let whole = text.split('.').next().unwrap_or_default();
    grouped(whole)
}

/// All that was done.
pub(super) struct Done<'a> {
    pub(super) folder: &'a Path,
    pub(super) runs: &'a [Run],
    pub(super) vaults: &'a [VaultRun],
}

pub(super) fn summary(
    done: &Done<'_>,
    left_out: &[(&str, String)],
    verdicts: &[Verdict],
    took: Duration,
) -> String {
    let Done { runs, vaults, .. } = *done;
    let mut text = String::new();
    if let Some(first) = runs.first() {
        text.push_str(&story(first));
    }
    if runs.len() > 1 {
        text.push_str(&who_paid(runs));
    }
    for (preset, why) in left_out {
        text.push_str(&format!("not here: preset {preset}: {why}\n"));
    }
    if !vaults.is_empty() {
        text.push_str(&weeks::weeks(vaults));
    }
    text.push_str(&checks(done, verdicts));
    let took = (took.as_secs(), took.subsec_millis() / 100);
    let count = runs.len() + vaults.len();
    let word = if count == 1 { "run" } else { "runs" };
    text.push_str(&format!("\n{count} {word} took {}.{} s.\n", took.0, took.1));
    text
}

/// The first run: what happened, and who paid.
fn story(run: &Run) -> String {
    let Run { crash, report, .. } = run;
    let head = format!("whole {}", report.asset.to_string().to_uppercase());
    let preset = report.preset.to_string();
    let rows: Vec<Vec<String>> =
        ROWS.iter().map(|(name, cell)| vec![(*name).to_owned(), cell(report)]).collect();
    format!(
        "{}, {} to {}: real prices, a SYNTHETIC book of {} accounts\n\n{}\n{}",
        crash.title,
        crash.from,
        crash.until,
        grouped(&report.accounts.to_string()),
        table(&[&head, &preset], &rows),
        waterfall_text(&picture(report)),
    )
}

/// A payer's column: its head, what it means where that needs a word, what he paid, and his layers.
struct Column {
    name: &'static str,
    meaning: &'static str,
    paid: fn(&Payers) -> Amount,
    pays: fn(&LayerSource) -> bool,
}

const PAYERS: [Column; 7] = [
    Column {
        name: "fee pool",
        meaning: "",
        paid: |paid| paid.fee_pool,
        pays: |source| matches!(source, LayerSource::FeePool),
    },
    Column {
        name: "reserve",
        meaning: "",
        paid: |paid| paid.reserve,
        pays: |source| matches!(source, LayerSource::Reserve(_)),
    },
    Column {
        name: "stakers",
        meaning: "",
        paid: |paid| paid.staked,
        pays: |source| matches!(source, LayerSource::Staked(_)),
    },
    Column {
        name: "winners",
        meaning: "gains given up by deleveraging",
        paid: |paid| paid.deleveraged,
        pays: |source| matches!(source, LayerSource::Adl),
    },
    Column {
        name: "positions",
        meaning: "socialised over all that are open",
        paid: |paid| paid.socialised,
        pays: |source| matches!(source, LayerSource::Socialised),
    },
    Column {
        name: "lenders",
        meaning: "through the index of their deposits",
        paid: |paid| paid.depositors,
        pays: |source| matches!(source, LayerSource::Depositors),
    },
    Column {
        name: "nobody",
        meaning: "residual, missing at the venue",
        paid: |paid| paid.residual,
        pays: |_| false,
    },
];

/// One table of all runs: who paid under which rules. Whom no rules ask has no column.
fn who_paid(runs: &[Run]) -> String {
    let paid: Vec<Payers> = runs.iter().map(|run| run.report.payers()).collect();
    let asked = |column: &&Column| {
        let mut layers = runs.iter().flat_map(|run| &run.report.layers);
        layers.any(|layer| (column.pays)(&layer.source))
            || paid.iter().any(|paid| !(column.paid)(paid).is_zero())
    };
    let columns: Vec<&Column> = PAYERS.iter().filter(asked).collect();
    let mut head = vec!["crash", "preset", "deficits", "loss"];
    head.extend(columns.iter().map(|column| column.name));
    head.push("fund left");
    let mut last = "";
    let rows = runs.iter().zip(&paid).map(|(run, paid)| {
        let Run { crash, report, .. } = run;
        let name = if crash.name == last { "" } else { crash.name };
        last = crash.name;
        let amounts = columns.iter().map(|column| (column.paid)(paid));
        let amounts = [report.gross_loss].into_iter().chain(amounts);
        [name.to_owned(), report.preset.to_string(), grouped(&report.deficits.to_string())]
            .into_iter()
            .chain(amounts.map(|amount| money(amount, report.decimals)))
            .chain([fund_left(report)])
            .collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let cuts: Vec<String> =
        runs.iter().filter_map(cut).chain(runs.iter().filter_map(lost)).collect();
    let words: Vec<String> = columns
        .iter()
        .filter(|column| !column.meaning.is_empty())
        .map(|Column { name, meaning, .. }| format!("{name}: {meaning}; "))
        .collect();
    format!(
        "\nWho paid, in whole units of each preset's asset; the same book and prices in each crash:\n\n{}\n\
         {}fund left: reserve, gifts and stake after ÷ before\n{}",
        table(&head, &rows),
        words.concat(),
        cuts.concat(),
    )
}

/// Whom a run deleveraged, if anybody.
fn cut(run: &Run) -> Option<String> {
    let report = &run.report;
    (report.cut_accounts > 0).then(|| {
        format!(
            "winners of {} under {}: {} accounts, {} of their positions closed\n",
            run.crash.name,
            report.preset,
            grouped(&report.cut_accounts.to_string()),
            money(report.cut_notional, report.decimals),
        )
    })
}

/// What the lenders of a run have lost, if anything.
fn lost(run: &Run) -> Option<String> {
    let report = &run.report;
    let lost = report.lent_before.saturating_sub(report.lent_after);
    let part = mul_div_floor(lost.get(), 10_000, report.lent_before.get()).ok();
    let part = part.and_then(|bps| u32::try_from(bps).ok()).map_or(Bps::WHOLE, Bps::new);
    (!lost.is_zero()).then(|| {
        format!(
            "lenders of {} under {}: {} of {} lost, {part}\n",
            run.crash.name,
            report.preset,
            money(lost, report.decimals),
            money(report.lent_before, report.decimals),
        )
    })
}

/// What is left of a fund, in parts of what it held before.
fn fund_left(report: &DemoReport) -> String {
    let before = report.fund_before.total().get();
    let left = mul_div_floor(report.fund_after.total().get(), 10_000, before).ok();
    let left = left.and_then(|bps| u32::try_from(bps).ok()).map(Bps::new);
    left.map_or_else(|| "-".to_owned(), |left| left.to_string())
}

/// One row of the comparison: its name, and the cell of a run.
type Row = (&'static str, fn(&DemoReport) -> String);

const ROWS: &[Row] = &[
    ("open interest before, one side", |r| money(r.notional_before, r.decimals)),
    ("open interest after", |r| money(r.notional_after, r.decimals)),
    ("liquidations", |r| grouped(&r.liquidations.to_string())),
    ("  remaining collateral to fund", |r| money(r.to_fund, r.decimals)),
    ("  to liquidators", |r| money(r.to_liquidators, r.decimals)),
    ("  back to users", |r| money(r.to_users, r.decimals)),
    ("  overflow past the threshold", |r| money(r.overflow, r.decimals)),
    ("deficits", |r| grouped(&r.deficits.to_string())),
    ("  loss in all", |r| money(r.gross_loss, r.decimals)),
    ("  largest", |r| {
        r.biggest_loss.as_ref().map_or_else(|| "-".to_owned(), |loss| money(loss.gross, r.decimals))
    }),
    ("  paid by funds, pools and stakers", |r| money(funded(r), r.decimals)),
    ("  given up by winners", |r| money(r.deleveraged, r.decimals)),
    ("  socialised", |r| money(r.socialised, r.decimals)),
    ("  residual, paid by nobody", |r| money(r.residual, r.decimals)),
    ("fund before", |r| money(r.fund_before.total(), r.decimals)),
    ("fund after", |r| money(r.fund_after.total(), r.decimals)),
    ("coverage before", |r| coverage(r.fund_before.coverage, r.fund_before.target)),
    ("coverage after", |r| coverage(r.fund_after.coverage, r.fund_after.target)),
    ("mark from oracle, at worst", |r| {
        r.worst_basis().map_or_else(String::new, |worst| format!("{}%", signed_percent(worst.bps)))
    }),
];

fn funded(report: &DemoReport) -> Amount {
    let Payers { fee_pool, reserve, staked, .. } = report.payers();
    fee_pool.saturating_add(reserve).saturating_add(staked)
}

fn coverage(bps: Bps, target: Amount) -> String {
    if target.is_zero() { "no target".to_owned() } else { bps.to_string() }
}

fn signed_percent(bps: i64) -> String {
    let sign = if bps < 0 { "-" } else { "" };
    format!("{sign}{}", format_decimal(u128::from(bps.unsigned_abs()), 2))
}

fn checks(done: &Done<'_>, verdicts: &[Verdict]) -> String {
    let Done { folder, runs, vaults } = *done;
    let all = runs.iter().map(|run| (&run.verified, &run.folder));
    let all: Vec<_> = all.chain(vaults.iter().map(|run| (&run.verified, &run.folder))).collect();
    let sound = all.iter().filter(|(verified, _)| verified.is_clean()).count();
    let records: u64 = all.iter().map(|(verified, _)| verified.size).sum();
    let mut text = format!(
        "\n{sound} of {} logs sound, {} records\n",
        all.len(),
        grouped(&records.to_string())
    );
    for (_, folder) in all.iter().filter(|(verified, _)| !verified.is_clean()) {
        text.push_str(&format!("NOT SOUND: {}\n", folder.display()));
    }
    if let Some(first) = runs.first() {
        let Run { report, verified, .. } = first;
        text.push_str(&format!(
            "log of {}: {} records, root {}\n",
            report.preset,
            grouped(&verified.size.to_string()),
            verified.root
        ));
    }
    for Verdict { program, run, command, answer } in verdicts {
        text.push_str(&match answer {
            Some(Ok(())) => format!("books of {run} accepted by `{command}`\n"),
            Some(Err(said)) => format!("books of {run} REFUSED by `{command}`\n{said}\n"),
            None => format!(
                "books of {run} not checked: {program} is not installed; with it: {command}\n"
            ),
        });
    }
    let at = folder.display();
    if let Some(first) = runs.first() {
        text.push_str(&format!(
            "\n{at}/journal.db     the log; check it: backstop verify {at}/journal.db --checkpoint {at}/checkpoint\n\
             {at}/books.ledger   the books\n\
             {at}/losses/        {} losses, a page and a picture each\n\
             {at}/waterfall.svg  who paid\n",
            grouped(&first.pages.to_string())
        ));
    }
    if runs.len() > 1 {
        text.push_str(&format!(
            "{at}/runs/          the other {}, with pages of their largest losses; --full: of all\n",
            runs.len() - 1
        ));
    }
    if !vaults.is_empty() {
        text.push_str(&format!(
            "{at}/runs/vault-*/  {} of a vault: journal, books, vault.md, report.json\n",
            vaults.len()
        ));
    }
    text
}

pub(super) fn sweep(sweeps: &[Swept<'_>]) -> String {
    let head = ["", "min", "p5", "p25", "median", "p75", "p95", "max"];
    let mut text = String::new();
    for Swept { job, lines } in sweeps {
        let decimals = job.feeds.first().map_or(0, |feed| feed.bars.quote_decimals);
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let cell = |value: u128| match line.unit {
                    SweepUnit::Atoms => money(Amount::new(value), decimals),
                    SweepUnit::Bps => format!("{}%", format_decimal(value, 2)),
                    SweepUnit::Count => grouped(&value.to_string()),
                };
                [line.name.clone()].into_iter().chain(line.percentiles.points().map(cell)).collect()
            })
            .collect();
        text.push_str(&format!(
            "{}, preset {}\n{}\n",
            job.crash.name,
            job.preset,
            table(&head, &rows)
        ));
    }
    text
}
