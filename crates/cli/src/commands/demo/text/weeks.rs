//! A vault's weeks, for a terminal and as a page.

use super::money;
use crate::{commands::demo::VaultRun, printer::table};
use backstop_risk::{Cover, WeekReport, vault::Group};
use backstop_units::{Amount, format_decimal, grouped, mul_div_floor};

/// One column: its head, and the cell of a run.
type Column = (&'static str, fn(&WeekReport) -> String);

const COLUMNS: &[Column] = &[
    ("pool", |r| r.cover.name().to_owned()),
    ("bad debt", |r| money(r.bad_debt, r.decimals)),
    ("depositors lost", |r| money(r.depositors().lost(), r.decimals)),
    ("stayed", |r| change(&r.stayed)),
    ("left", |r| change(&r.leaving)),
    ("pool paid", |r| money(r.pool.paid, r.decimals)),
    ("pool left", |r| money(r.pool.left, r.decimals)),
    ("shortfall", |r| money(r.shortfall, r.decimals)),
    ("share after loss", |r| price(r.price_lost)),
    ("made whole", whole),
];

/// What a group has gained or lost, as a part of what it put in.
fn change(group: &Group) -> String {
    let (gained, sign) = match group.have.checked_sub(group.put_in) {
        Some(gained) => (gained, ""),
        None => (group.lost(), "-"),
    };
    let bps = mul_div_floor(gained.get(), 10_000, group.put_in.get().max(1)).unwrap_or(u128::MAX);
    let sign = if bps == 0 { "" } else { sign };
    format!("{sign}{}%", format_decimal(bps, 2))
}

/// What a share is worth; before the week it is one.
fn price(million: Amount) -> String {
    let text = format_decimal(million.get(), 6);
    text.get(..6).unwrap_or(&text).to_owned()
}

fn whole(report: &WeekReport) -> String {
    match report.whole_after {
        Some(after) if after.is_zero() => "at once".to_owned(),
        Some(after) => format!("after {} days", after.ms().div_ceil(86_400_000)),
        None if report.bad_debt.is_zero() => "-".to_owned(),
        None => "never".to_owned(),
    }
}

/// One table of all runs: the same people and prices in each week, and who bore what of its loss.
pub(super) fn weeks(runs: &[VaultRun]) -> String {
    let mut head = vec!["vault"];
    head.extend(COLUMNS.iter().map(|(name, _)| *name));
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let first = run.report.cover == Cover::ALL[0];
            let name = if first { run.report.week } else { "" };
            let cells = COLUMNS.iter().map(|(_, cell)| cell(&run.report));
            [name.to_owned()].into_iter().chain(cells).collect()
        })
        .collect();
    let size = runs.first().map_or_else(String::new, |run| {
        let report = &run.report;
        format!(
            "{} {} from {} depositors, {} lent to {} borrowers",
            money(report.deposits, report.decimals),
            report.asset.to_string().to_uppercase(),
            grouped(&report.depositors().people.to_string()),
            money(report.lent, report.decimals),
            grouped(&report.borrowers.to_string()),
        )
    });
    format!(
        "\nA lending vault through three real weeks, a SYNTHETIC book: {size}; the same people and prices in each week:\n\n{}\
         stayed, left: what depositors have in the end against what they put in, who asked to leave during the week apart; \
         share: it began at 1\n",
        table(&head, &rows),
    )
}

/// One row of a run's page.
type Row = (&'static str, fn(&WeekReport) -> String);

const ROWS: &[Row] = &[
    ("deposits, with curator's and matcher's", |r| money(r.deposits, r.decimals)),
    ("lent", |r| money(r.lent, r.decimals)),
    ("borrowers", |r| grouped(&r.borrowers.to_string())),
    ("liquidations", |r| grouped(&r.liquidations.to_string())),
    ("repaid by liquidators", |r| money(r.repaid, r.decimals)),
    ("marked as lacking, at most", |r| money(r.impaired, r.decimals)),
    ("loans not repaid in full", |r| grouped(&r.bad_loans.to_string())),
    ("bad debt", |r| money(r.bad_debt, r.decimals)),
    ("losses recorded", |r| r.recorded.to_string()),
    ("  of them assessed", |r| r.assessed.to_string()),
    ("pool before", |r| money(r.pool.before, r.decimals)),
    ("pool paid", |r| money(r.pool.paid, r.decimals)),
    ("pool left", |r| money(r.pool.left, r.decimals)),
    ("claims paid", |r| grouped(&r.claims.to_string())),
    ("shortfall, borne by depositors", |r| money(r.shortfall, r.decimals)),
    ("a share before", |r| price(r.price_before)),
    ("a share after the loss", |r| price(r.price_lost)),
    ("a share in the end", |r| price(r.price_after)),
    ("made whole", whole),
];

/// The page of one run.
pub(in crate::commands::demo) fn vault_page(title: &str, report: &WeekReport) -> String {
    let unit = report.asset.to_string().to_uppercase();
    let mut text = format!(
        "# {}, {}\n\nA vault of {unit} that lends against {title}: real prices, a SYNTHETIC book of seed {}. \
         Amounts are whole {unit}.\n\n| | |\n| --- | ---: |\n",
        report.week,
        report.cover.name(),
        report.seed,
    );
    for (name, cell) in ROWS {
        text.push_str(&format!("| {name} | {} |\n", cell(report)));
    }
    text.push_str("\n| depositors | people | put in | have | of it in the vault | |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    let groups = [
        ("stayed", report.stayed),
        ("asked to leave", report.leaving),
        ("came during the week", report.came),
        ("curator and matcher", report.backers),
    ];
    for (name, group) in groups {
        let amounts = [group.put_in, group.have, group.in_vault];
        let amounts = amounts.map(|amount| money(amount, report.decimals)).join(" | ");
        let people = grouped(&group.people.to_string());
        text.push_str(&format!("| {name} | {people} | {amounts} | {} |\n", change(&group)));
    }
    text
}
