//! The fitted tails, and whether they fit.

use super::{
    in_quote,
    part::{Mood, Part, Sheet, Value},
};
use crate::picture::{
    Tone,
    chart::{Axis, Numbers, Plot, Series, Trace},
};
use backstop_risk::{
    desk::{
        Report,
        outcome::{TailLine, TailPage},
    },
    models::tail::Interval,
};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("tails", "Tail fit");
    if report.tails.is_empty() {
        part.words("No tail was fitted.");
        return part;
    }
    part.words(
        "Beyond its threshold a loss is taken to follow a generalised Pareto distribution. A good fit has its dots on \
         the dashed line, a shape that stays within its interval as the threshold moves, and a mean excess that runs \
         straight. A shape of one or more has no mean: no size follows from it.",
    );
    for (at, page) in report.tails.iter().enumerate() {
        one(&mut part, report, (at, page));
    }
    part
}

fn one(part: &mut Part, report: &Report, (at, page): (usize, &TailPage)) {
    part.under(format!("Tail of {}", page.of));
    if page.excesses == 0 {
        let why = page.note.as_deref().unwrap_or("there are no losses beyond a threshold");
        part.note(Mood::Warn, format!("No tail was fitted: {why}"));
        return;
    }
    // The need is money; losses of a market are parts of its price.
    let is_money = page.of.contains("need");
    let numbers = if is_money { Numbers::Money } else { Numbers::Percent };
    let mut facts = Sheet::facts("", "Tail");
    facts.file = format!("tail-{at}");
    facts.caption = format!("Tail of {}", page.of);
    facts.fact("Threshold", Value::Figure(numbers, page.threshold), "where the tail begins");
    facts.fact("Excesses", Value::count(page.excesses), "losses beyond it that the fit counts");
    if let Some((beyond, index)) = page.clusters {
        let words = "of which those that came together count once, the largest of them";
        facts.fact("Losses beyond it", Value::count(beyond), words);
        let words = "part of them that began a cluster (extremal index); 100%: none came together";
        facts.fact("Alone", Value::percent(index), words);
    }
    facts.fact("Shape", Value::Interval(Numbers::Plain, page.shape), "with its 95% interval");
    facts.fact("Scale", Value::Figure(numbers, page.scale), "");
    for line in &page.levels {
        let level = Numbers::Percent.words(line.level);
        let at_risk = Value::Interval(numbers, line.value_at_risk);
        facts.fact(&format!("Value at risk {level}"), at_risk, "by the fit");
        let (shortfall, remark) = shortfall(numbers, line);
        facts.fact(&format!("Expected shortfall {level}"), shortfall, remark);
    }
    part.facts(facts);
    if let Some(note) = &page.note {
        part.note(Mood::Warn, format!("Mind: {note}"));
    }
    pictures(part, report, (at, page), (is_money, numbers));
}

/// What tells whether the fit is one.
fn pictures(
    part: &mut Part,
    report: &Report,
    (at, page): (usize, &TailPage),
    (is_money, numbers): (bool, Numbers),
) {
    let unit = if is_money { in_quote(report, "") } else { String::new() };
    let unit = |name: &str| format!("{name}{unit}");
    let axis = |name: &str| Axis::linear(unit(name), numbers);
    let (low, high) =
        page.quantiles.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), (x, y)| {
            (low.min(*x).min(*y), high.max(*x).max(*y))
        });
    let name = |kind: &str| format!("tail-{at}-{kind}");
    let axes = (axis("by the fit"), axis("observed"));
    let plot = Plot::new(&name("fit"), format!("Fit and losses: {}", page.of), axes)
        .with(Series::new(
            "where both agree",
            Tone::Dim,
            Trace::Dashed(vec![(low, low), (high, high)]),
        ))
        .with(Series::new("a loss", Tone::Pay, Trace::Points(page.quantiles.clone())));
    let plot = if page.quantiles.is_empty() { Plot { series: Vec::new(), ..plot } } else { plot };
    part.chart(name("fit"), &plot);
    let shapes = page.stability.iter().map(|(x, _, shape, _, _)| (*x, *shape)).collect();
    let band = page.stability.iter().map(|(x, _, _, low, high)| (*x, *low, *high)).collect();
    let axes = (axis("threshold"), Axis::linear("shape", Numbers::Plain));
    let plot = Plot::new(&name("shapes"), format!("Shape at other thresholds: {}", page.of), axes)
        .with(Series::new("95% interval", Tone::Pay, Trace::Band(band)))
        .with(Series::new("shape", Tone::Pay, Trace::Line(shapes)))
        .rule("threshold", page.threshold, true);
    part.chart(name("shapes"), &plot);
    let axes = (axis("threshold"), axis("mean excess"));
    let plot = Plot::new(&name("excess"), format!("Mean excess: {}", page.of), axes)
        .with(Series::new("", Tone::Pay, Trace::Line(page.mean_excess.clone())))
        .rule("threshold", page.threshold, true);
    part.chart(name("excess"), &plot);
    let columns = ["threshold", "excesses", "shape", "from", "to"];
    let mut sheet = Sheet::new(name("stability"), format!("Shapes: {}", page.of), columns);
    for (threshold, excesses, shape, low, high) in &page.stability {
        let [shape, low, high] = [shape, low, high].map(|value| Value::plain(*value));
        sheet.row([Value::Figure(numbers, *threshold), Value::count(*excesses), shape, low, high]);
    }
    part.sheet(sheet);
}

/// The expected shortfall by a fit, and what is to be said of its upper end.
fn shortfall(numbers: Numbers, line: &TailLine) -> (Value, &'static str) {
    match line.expected_shortfall {
        Some((estimate, low, Some(high))) => {
            (Value::Interval(numbers, Interval { estimate, low, high }), "by the fit")
        }
        Some((estimate, ..)) => (
            Value::Figure(numbers, estimate),
            "by the fit; the losses do not rule out a tail without a mean, so it has no upper end",
        ),
        None => (Value::None("none"), "the fitted tail has no mean"),
    }
}
