//! How far the figures move when one assumption is changed at a time.

use super::{
    in_quote,
    part::{Part, Sheet, Value},
};
use crate::picture::chart::{Numbers, Swing, Tornado};
use backstop_risk::desk::{
    Report,
    outcome::{Figures, SensitivityLine, SensitivityPage},
};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("sensitivity", "What it rests on");
    let Some(page) = &report.sensitivity else {
        part.words("Not asked for.");
        return part;
    };
    part.words(
        "One assumption is changed at a time; all others stay, and so do the scenarios, unless the row is about them: what \
         differs is the assumption's. Rows about scenarios draw others, so luck is in their difference too: compare it \
         with what other seeds recommend.",
    );
    part.chart("sensitivity-chart", &tornado(report, page));
    part.sheet(sheet(page));
    part
}

/// Rows with figures whose size is another than the report's, the furthest from it first.
pub(super) fn movers(page: &SensitivityPage) -> Vec<(&SensitivityLine, f64)> {
    let moved = |line| -> Option<(&SensitivityLine, f64)> {
        let line: &SensitivityLine = line;
        let size = line.figures.as_ref()?.size;
        size.total_cmp(&page.base.size).is_ne().then_some((line, size))
    };
    let mut all: Vec<_> = page.lines.iter().filter_map(moved).collect();
    let far = |size: f64| (size - page.base.size).abs();
    all.sort_by(|one, other| far(other.1).total_cmp(&far(one.1)));
    all
}

fn tornado(report: &Report, page: &SensitivityPage) -> Tornado {
    let mut swings: Vec<Swing> = Vec::new();
    // The first of an assumption among the movers is its furthest: that is the order of the assumptions.
    for (line, _) in movers(page) {
        if swings.iter().all(|swing| swing.name != line.assumption) {
            let ends = page.lines.iter().filter(|other| other.assumption == line.assumption);
            let end = |line: &SensitivityLine| Some((line.change.clone(), line.figures?.size));
            let ends = ends.filter_map(end).collect();
            swings.push(Swing { name: line.assumption.clone(), ends });
        }
    }
    Tornado {
        id: "risk-sensitivity".to_owned(),
        title: "The size, with one assumption changed".to_owned(),
        columns: ("assumption".to_owned(), in_quote(report, "recommended size")),
        numbers: Numbers::Money,
        base: page.base.size,
        swings,
    }
}

fn sheet(page: &SensitivityPage) -> Sheet {
    let level = Numbers::Percent.words(page.level);
    let (at_risk, shortfall) =
        (format!("value at risk {level}"), format!("expected shortfall {level}"));
    let columns = [
        "assumption",
        "change",
        "what it then is",
        &at_risk,
        &shortfall,
        "Cover-2",
        "recommended size",
        "times the report's",
        "rests on",
    ];
    let mut sheet = Sheet::new("sensitivity", "One assumption at a time", columns);
    let texts = |line: &SensitivityLine| {
        [&line.assumption, &line.change, &line.value].map(|text| Value::text(text.clone()))
    };
    let own = ["as it is", "none", ""].map(Value::text);
    let rows = page.lines.iter().map(|line| (texts(line), line.figures, line.why.clone()));
    for (texts, found, why) in [(own, Some(page.base), None)].into_iter().chain(rows) {
        let last = match found {
            Some(found) => Value::text(if found.by_tail { "fitted tail" } else { "sample" }),
            None => Value::text(why.unwrap_or_default()),
        };
        let figures = found.map_or([const { Value::None("–") }; 5], |found| figures(page, found));
        sheet.rows.push(texts.into_iter().chain(figures).chain([last]).collect());
    }
    sheet
}

fn figures(page: &SensitivityPage, found: Figures) -> [Value; 5] {
    let of = found.size / page.base.size;
    let of = if of.is_finite() { Value::Figure(Numbers::Times, of) } else { Value::None("–") };
    [
        Value::money(found.value_at_risk),
        Value::money(found.expected_shortfall),
        Value::money(found.cover_two),
        Value::money(found.size),
        of,
    ]
}
