//! What the fund may need, how that comes about, and who brings it.

use super::{
    in_quote,
    part::{Part, Sheet, Value},
};
use crate::picture::{
    Tone,
    chart::{Axis, Bar, Bars, Mark, Numbers, Plot, Series, Trace},
};
use backstop_risk::desk::{Report, outcome::NeedPage};

pub(super) fn parts(report: &Report) -> Vec<Part> {
    let Some(need) = &report.need else {
        let mut part = Part::new("need", "Need of the fund");
        part.words("Not asked for.");
        return vec![part];
    };
    vec![distribution(report, need), worst(report, need), shares(report, need)]
}

fn distribution(report: &Report, need: &NeedPage) -> Part {
    let mut part = Part::new("need", "Need of the fund");
    part.words(
        "The need of a scenario is the most that the fund must have paid at any moment of it, not what is missing at \
         its end: money that comes back later cannot pay earlier.",
    );
    part.facts(origin(need));
    if !need.origin.settings.is_empty() {
        part.blocks.push(super::Block::List(need.origin.settings.clone()));
    }
    part.facts(outcome(report, need));
    part.chart("need-exceedance", &exceedance(report, need));
    part.chart("need-levels-chart", &level_bars(report, need));
    if !need.over_time.is_empty() {
        let labels = need.over_time.iter().map(|(label, _)| label.clone()).collect();
        let points = need.over_time.iter().enumerate();
        let points = points.map(|(at, (_, need))| (crate::picture::chart::whole(at), *need));
        let axes = (
            Axis::labelled("scenario", labels),
            Axis::linear(in_quote(report, "need"), Numbers::Money).with_zero(),
        );
        let plot = Plot::new("risk-over-time", "Need of each scenario in order of time", axes)
            .with(Series::new("", Tone::Pay, Trace::Sticks(points.collect())))
            .rule("fund", need.fund, false);
        part.chart("need-over-time", &plot);
    }
    part.words(
        "The crude figure is the value at risk of all open interest, as if no account had margin and none were ever \
         closed; it is no bound for a fund, and stands here because others publish it.",
    );
    part.sheet(levels(need));
    part.words(
        "Prices alone: nobody is closed on the way, then everybody at the scenario's price, without latency, impact or \
         cascade, and what accounts then owe is added up. Where the need is above it, closing costs the difference; \
         where it is below, closing in time saves it.",
    );
    part.sheet(instants(need));
    part
}

fn origin(need: &NeedPage) -> Sheet {
    let mut facts = Sheet::facts("need-origin", "Scenarios");
    facts.fact("Scenarios", Value::count(need.scenarios), "");
    facts.fact("Steps of each", Value::count(need.steps.0), format!("each {}", need.steps.1));
    facts.fact("Generator", Value::text(need.origin.generator.clone()), "");
    let seed = need.origin.seed.map(|seed| Value::text(seed.to_string()));
    facts.fact("Seed", seed.unwrap_or(Value::None("none drawn")), "");
    let window = need.origin.window.as_ref().map(|(from, to)| format!("{from} to {to}"));
    facts.fact("Data window", window.map_or(Value::None("made up"), Value::Text), "");
    let days = need.origin.observations.map_or(Value::None("made up"), Value::count);
    facts.fact("Evidence", days, "days, or runs of days, that share none; what intervals count");
    facts
}

fn outcome(report: &Report, need: &NeedPage) -> Sheet {
    let mut facts = Sheet::facts("need", "Need");
    facts.fact("Compared fund", Value::money(need.fund), report.book.quote.clone());
    let chance = Value::Interval(Numbers::Chance, need.adl_probability);
    facts.fact(
        "Fund too small",
        chance,
        "probability that winners are deleveraged or losses socialised",
    );
    facts.fact("Then on winners", Value::money(need.adl_size), "on average, when it is too small");
    let refill = need.refill_days.map_or(Value::None("never"), Value::plain);
    facts.fact(
        "Days to refill",
        refill,
        "until fees have paid back the expected shortfall at the first level",
    );
    let (path, end) = need.path_and_end;
    facts.fact("Mean path maximum", Value::money(path), "what the fund must have");
    facts.fact("Mean need at the end", Value::money(end), "what a balance at the day's end shows");
    let (shortfall, scenario) = &need.shortfall;
    facts.fact("Largest sum of shortfalls", Value::money(*shortfall), format!("in {scenario}"));
    let (rounds, cut) = need.cascade;
    let cut = if cut { "one was cut off: losses may be larger" } else { "none was cut off" };
    facts.fact("Rounds of the longest cascade", Value::count(rounds), cut);
    facts
}

fn exceedance(report: &Report, need: &NeedPage) -> Plot {
    let axes = (
        Axis::log(in_quote(report, "need"), Numbers::Money),
        Axis::log("probability that more is needed", Numbers::Chance),
    );
    let mut plot = Plot::new("risk-exceedance", "How often more is needed", axes)
        .fact("round: value at risk; square: expected shortfall")
        .with(Series::new("scenarios", Tone::Pay, Trace::Line(need.exceedance.clone())));
    if need.fund > 0.0 {
        plot = plot.rule("fund", need.fund, true);
    }
    if let Some(size) = report.size.as_ref().filter(|size| size.recommended.estimate > 0.0) {
        plot = plot.rule("recommended", size.recommended.estimate, true);
    }
    for line in &need.levels {
        let level = Numbers::Percent.words(line.level);
        let (risk, mean) = (line.value_at_risk.estimate, line.expected_shortfall.estimate);
        for (name, value, square) in [("VaR", risk, false), ("ES", mean, true)] {
            let at = (value, 1.0 - line.level);
            let label = if square { String::new() } else { level.clone() };
            let name = format!("{name} {level}");
            plot.marks.push(Mark { name, label, at, square, tone: Tone::Ink });
        }
    }
    plot
}

fn level_bars(report: &Report, need: &NeedPage) -> Bars {
    let mut bars = Vec::new();
    for line in &need.levels {
        let level = Numbers::Percent.words(line.level);
        for (name, value) in [("VaR", line.value_at_risk), ("ES", line.expected_shortfall)] {
            let range = Some((value.low, value.high));
            bars.push(Bar { name: format!("{name} {level}"), value: value.estimate, range });
        }
        if let Some((risk, mean)) = line.by_tail {
            for (name, value) in [("VaR", risk), ("ES", mean)] {
                bars.push(Bar { name: format!("{name} {level} by the tail"), value, range: None });
            }
        }
    }
    Bars {
        id: "risk-levels".to_owned(),
        title: "Value at risk and expected shortfall".to_owned(),
        columns: ("figure".to_owned(), in_quote(report, "need")),
        numbers: Numbers::Money,
        bars,
    }
}

/// Whether two levels are one.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

fn levels(need: &NeedPage) -> Sheet {
    let mut sheet = Sheet::new(
        "need-levels",
        "Need of one scenario by level",
        [
            "level",
            "value at risk",
            "expected shortfall",
            "VaR by the tail",
            "ES by the tail",
            "crude VaR of open interest",
        ],
    );
    for line in &need.levels {
        let crude = need.crude.iter().find(|(level, _)| same(*level, line.level));
        sheet.row([
            Value::percent(line.level),
            Value::Interval(Numbers::Money, line.value_at_risk),
            Value::Interval(Numbers::Money, line.expected_shortfall),
            Value::maybe(Numbers::Money, line.by_tail.map(|(risk, _)| risk)),
            Value::maybe(Numbers::Money, line.by_tail.map(|(_, mean)| mean)),
            Value::maybe(Numbers::Money, crude.map(|(_, value)| *value)),
        ]);
    }
    for (level, value) in &need.crude {
        if !need.levels.iter().any(|line| same(line.level, *level)) {
            let none = || Value::None("none");
            let crude = Value::money(*value);
            sheet.row([Value::percent(*level), none(), none(), none(), none(), crude]);
        }
    }
    sheet
}

fn instants(need: &NeedPage) -> Sheet {
    let mut sheet = Sheet::new(
        "need-instant",
        "If everybody were closed at once",
        [
            "level",
            "value at risk at the end",
            "expected shortfall at the end",
            "VaR at the worst step",
            "ES at the worst step",
            "ES of the need less that at the end",
        ],
    );
    for line in &need.instant {
        let level = need.levels.iter().find(|other| same(other.level, line.level));
        let closing = level.map(|level| level.expected_shortfall.estimate - line.end.1);
        sheet.row([
            Value::percent(line.level),
            Value::money(line.end.0),
            Value::money(line.end.1),
            Value::money(line.worst.0),
            Value::money(line.worst.1),
            Value::maybe(Numbers::Money, closing),
        ]);
    }
    sheet
}

fn worst(report: &Report, need: &NeedPage) -> Part {
    let mut part = Part::new("worst", "Worst scenarios and Cover");
    let mut sheet = Sheet::new(
        "need-worst",
        "The worst scenarios",
        [
            "scenario",
            "path maximum of the need",
            "need at its end",
            "all closed at once at its end",
            "accounts closed",
            "bankrupt",
            "notional closed",
            "market that moved most",
            "its change",
        ],
    );
    for line in &need.worst {
        sheet.row([
            Value::text(line.scenario.clone()),
            Value::money(line.need),
            Value::money(line.end),
            Value::maybe(Numbers::Money, line.instant),
            Value::count(line.closed),
            Value::count(line.bankrupt),
            Value::money(line.notional),
            Value::text(line.market.0.clone()),
            Value::percent(line.market.1),
        ]);
    }
    part.sheet(sheet);
    if !need.worst_path.is_empty() {
        let axes = (
            Axis::linear("minutes from its start", Numbers::Count),
            Axis::linear(in_quote(report, "need"), Numbers::Money).with_zero(),
        );
        let mut plot = Plot::new("risk-worst-path", "The worst scenario, step by step", axes)
            .with(Series::new("", Tone::Pay, Trace::Area(need.worst_path.clone())))
            .rule("fund", need.fund, false);
        let finite = need.worst_path.iter().filter(|(_, amount)| amount.is_finite());
        let most = finite.max_by(|one, other| one.1.total_cmp(&other.1));
        for (name, at) in [("most", most), ("end", need.worst_path.last())] {
            let mark = at.map(|at| {
                let [name, label] = [name; 2].map(str::to_owned);
                Mark { square: name == "end", name, label, at: *at, tone: Tone::Ink }
            });
            plot.marks.extend(mark);
        }
        part.chart("need-worst-path", &plot);
    }
    let columns = ["groups", "their losses over margin", "scenario", "who"];
    let mut sheet = Sheet::new("need-cover", "Cover: the largest groups together", columns);
    let mut who = Sheet::new("need-cover-groups", "Who they are", ["groups", "group", "its loss"]);
    for line in &need.cover {
        let scenario = Value::text(line.scenario.clone());
        let one =
            |(group, loss): &(String, f64)| format!("{group} {}", Numbers::Money.words(*loss));
        let all: Vec<String> = line.who.iter().map(one).collect();
        let all = Value::text(all.join(", "));
        sheet.row([Value::count(line.groups), Value::money(line.amount), scenario, all]);
        for (group, loss) in &line.who {
            who.row([Value::count(line.groups), Value::text(group.clone()), Value::money(*loss)]);
        }
    }
    part.sheet(sheet);
    part.file(who);
    part
}

fn shares(report: &Report, need: &NeedPage) -> Part {
    let mut part = Part::new("shares", "Who brings the need");
    part.words("Parts of the expected shortfall; the parts of one kind add up to it. One below zero lowers it.");
    let mut kinds: Vec<&String> = need.shares.iter().map(|line| &line.of).collect();
    let mut seen = Vec::new();
    kinds.retain(|kind| {
        let is_new = !seen.contains(kind);
        seen.push(*kind);
        is_new
    });
    for (at, kind) in kinds.into_iter().enumerate() {
        let lines = need.shares.iter().filter(|line| line.of == *kind);
        let bars =
            lines.map(|line| Bar { name: line.name.clone(), value: line.amount, range: None });
        let chart = Bars {
            id: format!("risk-shares-{at}"),
            title: format!("Expected shortfall by {kind}"),
            columns: (kind.clone(), in_quote(report, "part of the expected shortfall")),
            numbers: Numbers::Money,
            bars: bars.collect(),
        };
        part.chart(format!("need-shares-{at}"), &chart);
    }
    let mut sheet =
        Sheet::new("need-shares", "Parts of the expected shortfall", ["of", "name", "part"]);
    for line in &need.shares {
        let [of, name] = [&line.of, &line.name].map(|text| Value::text(text.clone()));
        sheet.row([of, name, Value::money(line.amount)]);
    }
    part.file(sheet);
    part
}
