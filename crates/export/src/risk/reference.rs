//! The reference venue over many seeds of its book: how much of a crisis is luck of the book.

use super::part::{Mood, Part, Sheet, Value};
use crate::picture::chart::Numbers;
use backstop_risk::desk::{
    Report,
    outcome::{Counted, ReferenceLine, ReferencePage},
};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("reference", "The reference venue");
    let Some(page) = &report.reference else {
        part.words("Not asked for: reference_venue.seeds of the settings asks for it.");
        return part;
    };
    part.words(
        "Not this venue's accounts: 20,000 drawn ones, anew for each seed, on the real prices of one crash, settled by the \
         preset's own ledger. What differs from seed to seed is luck of the book.",
    );
    let mut facts = Sheet::facts("reference-venue-run", "What was run");
    facts.fact("Crash", Value::text(page.crash.clone()), page.about.clone());
    facts.fact("Preset", Value::text(page.preset.clone()), page.asset.clone());
    let seeds = usize::try_from(page.seeds).unwrap_or(usize::MAX);
    facts.fact("Seeds", Value::count(seeds), "from zero on");
    part.facts(facts);
    match &page.why {
        Some(why) => {
            let preset = &page.preset;
            part.note(Mood::Warn, format!("It can't run with preset {preset}: {why}"));
        }
        None => part.sheet(sheet(page)),
    }
    part
}

/// How a figure is written.
pub(super) const fn numbers(unit: Counted) -> Numbers {
    match unit {
        Counted::Money => Numbers::Money,
        Counted::Number => Numbers::Count,
        Counted::Part => Numbers::Percent,
    }
}

fn sheet(page: &ReferencePage) -> Sheet {
    let columns = ["figure", "in", "smallest", "5%", "25%", "half", "75%", "95%", "largest"];
    let mut sheet = Sheet::new("reference-venue", "Over the seeds", columns);
    let row = |line: &ReferenceLine| {
        let unit = match line.unit {
            Counted::Money => page.asset.clone(),
            Counted::Number => "number".to_owned(),
            Counted::Part => "part".to_owned(),
        };
        let texts = [line.name.clone(), unit].map(Value::text);
        let points = line.points.map(|point| Value::Figure(numbers(line.unit), point));
        texts.into_iter().chain(points).collect()
    };
    sheet.rows = page.lines.iter().map(row).collect();
    sheet
}
