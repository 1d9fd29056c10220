//! How long the reference venue takes for a cascade: marks, liquidations, fund, losses, in memory.
//!
//! ```text
//! cargo run --profile dist -p backstop-risk --example cascade -- [ACCOUNTS] [RUNS] [--json]
//! ```
//!
//! Two crashes of the demo under preset `backstop`, three days or 12,960 steps each: the main one, and the one in
//! which most accounts fall. Measured is everything from the book's drawing to the counting of all money; the
//! median of the runs is printed.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use backstop_core::{Body, Genesis, RULES_VERSION, policy::Limits};
use backstop_risk::{BookParams, CRASHES, Crash, DemoSetup, Memory, run};
use backstop_testkit::bench::{Row, medians, print};
use backstop_units::Label;
use std::{error::Error, time::Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Each crash with the names of its rows.
const WORKS: [(&str, [&str; 3]); 2] = [
    (
        "sol-2025-10-10",
        ["cascade of 100,000 accounts, SOL 2025-10-10", "  closed", "  with a deficit"],
    ),
    (
        "sol-2021-05-19",
        ["cascade of 100,000 accounts, SOL 2021-05-19", "  closed", "  with a deficit"],
    ),
];
/// Seconds that a cascade may take.
const BAR: f64 = 5.0;

/// The part of a preset file that a genesis needs.
#[derive(serde::Deserialize)]
struct Preset {
    name: Label,
    limits: Option<Limits>,
    setup: Vec<Body>,
}

fn main() -> Outcome<()> {
    let (words, numbers): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let number = |at: usize, default: u32| numbers.get(at).map_or(Ok(default), |text| text.parse());
    let (accounts, runs) = (number(0, 100_000)?, number(1, 3)?);
    let measured = (0..runs).map(|_| {
        let mut rows = Vec::new();
        for (name, works) in WORKS {
            let crash =
                CRASHES.iter().find(|crash| crash.name == name).ok_or("an unknown crash")?;
            rows.extend(cascade(crash, works, accounts)?);
        }
        Ok(rows)
    });
    let measured = measured.collect::<Outcome<Vec<_>>>()?;
    print(&medians(&measured), words.iter().any(|word| word == "--json"));
    Ok(())
}

fn genesis() -> Outcome<Genesis> {
    let preset: Preset = toml::from_str(include_str!("../../../presets/backstop.toml"))?;
    Ok(Genesis {
        ledger: Label::parse("cascade")?,
        rules: RULES_VERSION,
        preset: preset.name,
        limits: preset.limits.unwrap_or_default(),
        setup: preset.setup,
    })
}

/// One run of a crash over a book of so many accounts.
fn cascade(crash: &Crash, works: [&'static str; 3], accounts: u32) -> Outcome<Vec<Row>> {
    let (genesis, feeds) = (genesis()?, crash.feeds(6)?);
    let book = BookParams { accounts, ..BookParams::DEMO };
    let setup = DemoSetup { book: &book, ..DemoSetup::new(7, &genesis, &feeds) };
    let mut ledger = Memory::begin(&genesis, setup.begins_at())?;
    let start = Instant::now();
    let report = run(&setup, &mut ledger, &mut |_| {})?;
    let took = start.elapsed().as_secs_f64();
    let [work, closed, deficits] = works;
    Ok(vec![
        Row::new(work, took, "s", Some(BAR)),
        Row::new(closed, report.liquidations as f64, "accounts", None),
        Row::new(deficits, report.deficits as f64, "accounts", None),
    ])
}
