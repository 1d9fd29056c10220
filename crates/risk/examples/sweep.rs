//! Prints the tables of `docs/demo.md`: both presets over many seeds, and what assumptions do.
//!
//! `cargo run --release -p backstop-risk --example sweep -- [seeds] [steps per leg | assumptions]`

use backstop_core::{Body, Genesis, RULES_VERSION, policy::Limits};
use backstop_risk::{
    Crash, DemoReport, DemoSetup, Feed, VenueParams,
    sweep::{Line, Percentiles, Unit, sweep},
};
use backstop_units::{Label, format_decimal, grouped};
use std::error::Error;

/// The presets of the tables.
const PRESETS: [&str; 2] =
    [include_str!("../../../presets/backstop.toml"), include_str!("../../../presets/kana.toml")];

/// The part of a preset file that a genesis needs.
#[derive(serde::Deserialize)]
struct Preset {
    name: Label,
    #[serde(default)]
    limits: Limits,
    setup: Vec<Body>,
}

fn genesis(text: &str) -> Result<Genesis, Box<dyn Error>> {
    let preset: Preset = toml::from_str(text)?;
    Ok(Genesis {
        ledger: Label::parse("demo")?,
        rules: RULES_VERSION,
        preset: preset.name,
        limits: preset.limits,
        setup: preset.setup,
    })
}

fn cell(unit: Unit, value: u128) -> String {
    match unit {
        Unit::Count => grouped(&value.to_string()),
        // Whole units of the asset, cut.
        Unit::Atoms => grouped(format_decimal(value, 6).split('.').next().unwrap_or_default()),
        Unit::Bps => format!("{} %", format_decimal(value, 2)),
    }
}

fn row(line: &Line) -> String {
    let points = line.percentiles.points();
    let cells: Vec<String> = points.iter().map(|value| cell(line.unit, *value)).collect();
    format!("| {} | {} |", line.name, cells.join(" | "))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seeds: u64 = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let what = arguments.next();
    let feeds = Crash::MAIN.feeds(6)?;
    if what.as_deref() == Some("assumptions") {
        return assumptions(seeds, &feeds);
    }
    let steps: u32 = what.map_or(Ok(60), |text| text.parse())?;
    for text in PRESETS {
        let genesis = genesis(text)?;
        let setup = DemoSetup { steps_per_leg: steps, ..DemoSetup::new(0, &genesis, &feeds) };
        let result = sweep(&setup, seeds)?;
        println!("\nPreset `{}`, {seeds} seeds, {steps} steps a leg:\n", genesis.preset);
        println!("| | min | p5 | p25 | median | p75 | p95 | max |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        result.lines().iter().for_each(|line| println!("{}", row(line)));
        let count = |pick: fn(&DemoReport) -> bool| {
            result.reports.iter().filter(|report| pick(report)).count()
        };
        println!(
            "\nSeeds with a deficit {}, with a draw on stakers {}, with a socialised part {}, with a residual {}.",
            count(|r| r.deficits > 0),
            count(|r| r.fund_after.staked < r.fund_before.staked),
            count(|r| !r.socialised.is_zero()),
            count(|r| !r.residual.is_zero()),
        );
    }
    Ok(())
}

/// One assumption changed at a time, preset `backstop`.
fn assumptions(seeds: u64, feeds: &[Feed]) -> Result<(), Box<dyn Error>> {
    let genesis = genesis(PRESETS[0])?;
    println!(
        "| assumption | liquidations, median | gross loss, p5 | median | p95 | of the fund before, median | seeds with a socialised part | positions left, median |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, venue) in VenueParams::variations() {
        let setup = DemoSetup { venue: &venue, ..DemoSetup::new(0, &genesis, feeds) };
        let reports = sweep(&setup, seeds)?.reports;
        let of = |pick: &dyn Fn(&DemoReport) -> u128| Percentiles::of(reports.iter().map(pick));
        let gross = of(&|r| r.gross_loss.get());
        let part = of(&|r| r.gross_loss.get() * 10_000 / r.fund_before.total().get().max(1));
        let left = of(&|r| {
            let (before, after) = r.markets.first().map_or((1, 1), |market| {
                (market.trader_interest_before.get(), market.trader_interest_after.get())
            });
            after * 10_000 / before.max(1)
        });
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            cell(Unit::Count, of(&|r| r.liquidations.into()).median),
            cell(Unit::Atoms, gross.p5),
            cell(Unit::Atoms, gross.median),
            cell(Unit::Atoms, gross.p95),
            cell(Unit::Bps, part.median),
            reports.iter().filter(|r| !r.socialised.is_zero()).count(),
            cell(Unit::Bps, left.median),
        );
    }
    Ok(())
}
