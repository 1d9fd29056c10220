//! How models of prices did in the past.

use super::part::{Mood, Part, Sheet, Value};
use crate::picture::{
    Tone,
    chart::{Axis, Numbers, Plot, Series, Trace, whole},
};
use backstop_risk::desk::{
    Report,
    outcome::{BackTestLine, BackTestPage},
};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("backtests", "Back tests");
    if report.back_tests.is_empty() {
        part.words("Not asked for.");
        return part;
    }
    part.words(
        "Each day was forecast from days before it only. A hit is a loss beyond the forecast. A test fails where its \
         p-value is below the stated significance.",
    );
    for (at, page) in report.back_tests.iter().enumerate() {
        market(&mut part, (at, page));
    }
    part
}

fn market(part: &mut Part, (at, page): (usize, &BackTestPage)) {
    part.under(format!("Models of {}", page.market));
    let (passes, why) = &page.verdict;
    let (mood, word) = if *passes { (Mood::Good, "passes") } else { (Mood::Bad, "fails") };
    let (mood, words) = match &page.recommended {
        Some(model) if why.starts_with(model.as_str()) => {
            (mood, format!("The best model {word}: {why}"))
        }
        Some(model) => (mood, format!("{model} {word}: {why}")),
        None => (Mood::Bad, format!("No model may be used: {why}")),
    };
    part.note(mood, words);
    let mut facts = Sheet::facts("", "Back test");
    facts.file = format!("backtest-{at}");
    facts.caption = format!("Back test of {}", page.market);
    facts.fact("Market", Value::text(page.market.clone()), "");
    facts.fact(
        "Days forecast",
        Value::count(page.days.0),
        format!("{} to {}", page.window.0, page.window.1),
    );
    facts.fact("Days looked back on", Value::count(page.days.1), "before each forecast");
    facts.fact("Level", Value::percent(page.level), "of the value at risk");
    let model = page.recommended.clone();
    facts.fact("Recommended model", model.map_or(Value::None("none"), Value::Text), "");
    part.facts(facts);
    if !page.points.is_empty() {
        part.chart(format!("backtest-{at}-hits"), &hits(at, page));
    }
    part.sheet(models(at, page));
    failures(part, (at, page));
    part.sheet(scores(at, page));
}

fn hits(at: usize, page: &BackTestPage) -> Plot {
    let labels = page.points.iter().map(|(day, _, _)| day.clone()).collect();
    let points =
        || page.points.iter().enumerate().map(|(at, (_, loss, risk))| (whole(at), *loss, *risk));
    let losses = points().map(|(x, loss, _)| (x, loss)).collect();
    let limit = points().map(|(x, _, risk)| (x, risk)).collect();
    let hits = points().filter(|(_, loss, risk)| loss > risk).map(|(x, loss, _)| (x, loss));
    let axes = (Axis::labelled("day", labels), Axis::linear("loss", Numbers::Percent));
    let id = format!("risk-backtest-{at}");
    let level = Numbers::Percent.words(page.level);
    Plot::new(&id, format!("Losses of {} beyond the forecast", page.market), axes)
        .with(Series::new("loss of a day; gains are not drawn", Tone::Room, Trace::Sticks(losses)))
        .with(Series::new(format!("value at risk {level}"), Tone::Ink, Trace::Line(limit)))
        .with(Series::new("a hit: the loss is larger", Tone::Gone, Trace::Crosses(hits.collect())))
}

/// What the tests say of each model.
fn models(at: usize, page: &BackTestPage) -> Sheet {
    let columns = [
        "model",
        "passes",
        "hits",
        "expected",
        "rate of hits",
        "Kupiec",
        "independence",
        "both together",
        "zone",
    ];
    let caption = format!("Models of {}: tests as p-values", page.market);
    let mut sheet = Sheet::new(format!("backtest-{at}-models"), caption, columns);
    for line in &page.models {
        sheet.row(model(line));
    }
    sheet
}

/// Why models fail, a line for each.
fn failures(part: &mut Part, (at, page): (usize, &BackTestPage)) {
    let caption = format!("Why models of {} fail", page.market);
    let mut sheet = Sheet::new(format!("backtest-{at}-failures"), caption, ["model", "why not"]);
    let mut lines = Vec::new();
    for line in &page.models {
        for why in &line.failures {
            lines.push(format!("{}: {why}", line.model));
            sheet.row([Value::text(line.model.clone()), Value::text(why.clone())]);
        }
    }
    if !lines.is_empty() {
        part.words("Why models fail:");
        part.blocks.push(super::Block::List(lines));
    }
    part.file(sheet);
}

/// A model that could not be fitted has no rate of hits.
const fn verdict(line: &BackTestLine) -> &'static str {
    match (line.passes, line.rate) {
        (true, _) => "passes",
        (false, Some(_)) => "fails",
        (false, None) => "refused",
    }
}

fn model(line: &BackTestLine) -> [Value; 9] {
    let plain = |value| Value::maybe(Numbers::Plain, value);
    let rate =
        line.rate.map_or(Value::None("none"), |rate| Value::Interval(Numbers::Percent, rate));
    [
        Value::text(line.model.clone()),
        Value::text(verdict(line)),
        Value::count(line.hits.0),
        Value::plain(line.hits.1),
        rate,
        plain(line.kupiec),
        plain(line.independence),
        plain(line.conditional),
        Value::text(line.zone.clone()),
    ]
}

/// Figures that rank models.
fn scores(at: usize, page: &BackTestPage) -> Sheet {
    let columns = ["model", "Z2 of Acerbi and Szekely", "pinball loss", "Fissler-Ziegel loss"];
    let caption = format!(
        "Models of {}: scores, a lower loss is better; Z2 far below zero is bad",
        page.market
    );
    let mut sheet = Sheet::new(format!("backtest-{at}-scores"), caption, columns);
    let plain = |value| Value::maybe(Numbers::Plain, value);
    for line in &page.models {
        let [z2, pinball, score] = [line.z2, line.pinball, line.score].map(plain);
        sheet.row([Value::text(line.model.clone()), z2, pinball, score]);
    }
    sheet
}
