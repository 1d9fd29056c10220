//! Named and made-up crises with who pays, and how far prices must go until the fund is empty.

use super::{
    in_quote,
    part::{Part, Sheet, Value},
    reference,
};
use crate::picture::{
    Picture, Tone,
    chart::{Bar, Bars, Numbers, PARTS, Stacked},
};
use backstop_risk::desk::Report;

pub(super) fn parts(report: &Report) -> Vec<Part> {
    vec![stress(report), reference::part(report), reverse(report)]
}

fn stress(report: &Report) -> Part {
    let mut part = Part::new("stress", "Stress");
    if report.stress.is_empty() {
        part.words("Not asked for.");
        return part;
    }
    part.words("Each crisis goes through the production waterfall: what each layer pays, in order, adds up to all losses; what traders bear of it stands as left for winners.");
    if let Some(words) = one_fund(report) {
        part.words(words);
    }
    let chart = waterfalls(report);
    part.chart("stress-pays-chart", &chart);
    part.sheet(abouts(report));
    part.blocks.push(super::Block::Values(chart.table()));
    part.sheet(figures(report));
    let mut pays = Sheet::new("stress-pays", "Who pays", ["crisis", "layer", "pays"]);
    for line in &report.stress {
        for (layer, amount) in &line.pays {
            let [name, layer] = [&line.name, layer].map(|text| Value::text(text.clone()));
            pays.row([name, layer, Value::money(*amount)]);
        }
    }
    part.file(pays);
    part
}

/// A fund that stands as two layers of a ledger is one figure in the settings: said, so that nobody misses a half of it.
fn one_fund(report: &Report) -> Option<String> {
    let layers = || report.stress.iter().flat_map(|line| &line.pays).map(|(layer, _)| layer);
    let is_there = |kind: &str| layers().any(|layer| layer.starts_with(kind));
    let fund = report.setup.fund.size;
    (is_there("reserve of ") && is_there("stakers of ")).then(|| {
        let fund = format!("{} {}", Numbers::Money.words(fund), report.book.quote);
        format!(
            "The fund of {fund} is one figure in the settings and two layers of the waterfall, its reserve and what its \
             stakers hold: both together are the fund."
        )
    })
}

fn abouts(report: &Report) -> Sheet {
    let mut sheet = Sheet::new("stress-about", "Crises", ["crisis", "kind", "what happens"]);
    for line in &report.stress {
        let texts = [&line.name, &line.kind, &line.about];
        sheet.row(texts.map(|text| Value::text(text.clone())));
    }
    sheet
}

fn figures(report: &Report) -> Sheet {
    let columns = [
        "crisis",
        "path maximum of the need",
        "need at its end",
        "Cover-2",
        "accounts closed",
        "bankrupt",
        "notional closed",
        "rounds",
        "left for winners",
    ];
    let mut sheet = Sheet::new("stress", "What happens in each crisis", columns);
    for line in &report.stress {
        sheet.row([
            Value::text(line.name.clone()),
            Value::money(line.need),
            Value::money(line.end),
            Value::money(line.cover_two),
            Value::count(line.accounts.0),
            Value::count(line.accounts.1),
            Value::money(line.notional),
            Value::count(line.rounds),
            Value::money(line.left),
        ]);
    }
    sheet
}

fn waterfalls(report: &Report) -> Stacked {
    let mut layers: Vec<&String> = Vec::new();
    for (layer, _) in report.stress.iter().flat_map(|line| &line.pays) {
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    let tones = PARTS.iter().copied().cycle();
    let parts = layers.iter().map(|layer| (*layer).clone()).zip(tones);
    let rows = report.stress.iter().map(|line| {
        let paid = |layer: &&String| {
            let amounts = line.pays.iter().filter(|(name, _)| name == *layer);
            amounts.map(|(_, amount)| *amount).sum()
        };
        (line.name.clone(), layers.iter().map(paid).chain([line.unpaid]).collect())
    });
    Stacked {
        id: "risk-stress".to_owned(),
        title: "Who pays in each crisis".to_owned(),
        columns: ("crisis".to_owned(), in_quote(report, "paid, layer by layer")),
        numbers: Numbers::Money,
        rows: rows.collect(),
        parts: parts.chain([("nobody".to_owned(), Tone::Gone)]).collect(),
    }
}

fn reverse(report: &Report) -> Part {
    let mut part = Part::new("reverse", "Reverse stress");
    if report.reverse.is_empty() {
        part.words("Not asked for.");
        return part;
    }
    part.words("How many times each direction must happen until the fund is empty; the smaller, the nearer.");
    let reached = report.reverse.iter().filter_map(|line| Some((line, line.multiple?)));
    let bars =
        reached.map(|(line, value)| Bar { name: line.direction.clone(), value, range: None });
    let chart = Bars {
        id: "risk-reverse".to_owned(),
        title: "How far it is to an empty fund".to_owned(),
        columns: ("direction".to_owned(), "multiple of the direction".to_owned()),
        numbers: Numbers::Times,
        bars: bars.collect(),
    };
    part.chart("reverse-chart", &chart);
    let columns = ["direction", "multiple", "need there", "markets there"];
    let mut sheet = Sheet::new("reverse", "Directions", columns);
    let columns = ["direction", "market", "its change"];
    let mut changes = Sheet::new("reverse-changes", "Markets there", columns);
    for line in &report.reverse {
        let reached = |value| Value::Figure(Numbers::Times, value);
        let multiple = line.multiple.map_or(Value::None("not within reach"), reached);
        let one = |(market, change): &(String, f64)| {
            format!("{market} {}", Numbers::Percent.words(*change))
        };
        let all: Vec<String> = line.changes.iter().map(one).collect();
        let (direction, all) = (Value::text(line.direction.clone()), Value::text(all.join(", ")));
        sheet.row([direction, multiple, Value::money(line.need), all]);
        for (market, change) in &line.changes {
            let texts = [&line.direction, market].map(|text| Value::text(text.clone()));
            let [direction, market] = texts;
            changes.row([direction, market, Value::percent(*change)]);
        }
    }
    part.sheet(sheet);
    part.file(changes);
    part
}
