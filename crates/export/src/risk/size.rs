//! How big the fund should be, how fees get it there, what slices of the loss would cost.

use super::{
    in_quote,
    part::{Mood, Part, Sheet, Value},
    sensitivity,
};
use crate::picture::{
    Tone,
    chart::{Axis, Bar, Bars, Grid, Numbers, Plot, Series, Trace, whole},
};
use backstop_risk::desk::{
    Report,
    outcome::{ControlPage, FeePage, SizePage},
};

pub(super) fn parts(report: &Report) -> Vec<Part> {
    vec![size(report), sensitivity::part(report), fee(report), tranches(report)]
}

fn size(report: &Report) -> Part {
    let mut part = Part::new("size", "How big the fund should be");
    let Some(page) = &report.size else {
        part.words("Not asked for.");
        return part;
    };
    part.words(
        "Holding a unit costs something each year, and so does a unit that is missing when it is needed. The size at \
         which both balance is the starting point; floors may raise it, the cap may lower it.",
    );
    part.facts(decided(report, page));
    part.facts(ruin(report, page));
    if page.pays_for_itself == Some(false) {
        let words =
            "Income is below the expected losses: no size lasts without money from outside.";
        part.note(Mood::Bad, words);
    }
    part.chart("size-grid", &grid(report, page));
    let points = page.funds.iter().copied().zip(page.exceeds.iter().copied()).collect();
    let axes = (
        Axis::linear(in_quote(report, "fund"), Numbers::Money),
        Axis::log("probability that it is too small", Numbers::Chance),
    );
    let plot = Plot::new("risk-too-small", "How often each fund is too small", axes)
        .with(Series::new("", Tone::Pay, Trace::Line(points)))
        .rule("recommended", page.recommended.estimate, true);
    part.chart("size-too-small", &plot);
    if !page.other_seeds.is_empty() {
        part.chart("size-seeds", &seeds(report, page));
    }
    let mut sheet = Sheet::new(
        "size-other-seeds",
        "The same with other seeds",
        ["seed", "size", "no further than another history"],
    );
    // The recommended interval is made wide enough for them, so it could not tell.
    let known = page.of_history.unwrap_or(page.recommended);
    for (seed, size) in &page.other_seeds {
        let is_within = (known.low..=known.high).contains(size);
        let word = if is_within { "yes" } else { "no" };
        sheet.row([Value::text(seed.to_string()), Value::money(*size), Value::text(word)]);
    }
    part.sheet(sheet);
    let mut sheet =
        Sheet::new("size-needs", "Loss of a year at each level", ["level", "loss of a year"]);
    for (level, need) in page.confidences.iter().zip(&page.needs) {
        sheet.row([Value::percent(*level), Value::money(*need)]);
    }
    part.sheet(sheet);
    part
}

fn decided(report: &Report, page: &SizePage) -> Sheet {
    let quote = &report.book.quote;
    let mut facts = Sheet::facts("size", "Size");
    facts.fact(
        "Recommended size",
        Value::Interval(Numbers::Money, page.recommended),
        quote.clone(),
    );
    let atoms = Value::text(page.atoms.clone());
    facts.fact(
        "The same for the ledger",
        atoms,
        format!("atoms, rounded up; {} decimals", page.decimals),
    );
    facts.fact("Decimals", Value::count(page.decimals.into()), "");
    facts.fact("What decides it", Value::text(page.binding.clone()), "");
    facts.fact(
        "Critical fractile",
        Value::percent(page.fractile),
        "1 \u{2212} holding cost \u{f7} uncovered cost",
    );
    if let Some((rarity, seen)) = page.beyond_history {
        let words = "scenarios; no tail reaches there, so the worst that was seen decides";
        facts.fact(
            "The costs ask for what comes once in",
            Value::Figure(Numbers::Count, rarity),
            words,
        );
        facts.fact("Seen", Value::count(seen), "scenarios' lengths of history that share no day");
    }
    let alone = page
        .of_history
        .map_or(Value::None("not told"), |known| Value::Interval(Numbers::Money, known));
    facts.fact("Without other seeds", alone, "the interval by what history leaves open alone");
    facts.fact("By the sample alone", Value::maybe(Numbers::Money, page.by_sample), quote.clone());
    let tail =
        page.by_tail.map_or(Value::None("none"), |tail| Value::Interval(Numbers::Money, tail));
    facts.fact("By the fitted tail", tail, quote.clone());
    facts.fact("Floor: Cover-2", Value::Interval(Numbers::Money, page.cover_two), quote.clone());
    facts.fact("Floor: reverse stress", Value::money(page.floors.1), "that must be survived");
    let cap = page.cap.map_or(Value::None("no cap"), Value::money);
    facts.fact("Cap", cap, quote.clone());
    facts
}

/// What stands for figures that are made day by day.
const OF_DAYS: Value = Value::None("only of scenarios of one day");

fn ruin(report: &Report, page: &SizePage) -> Sheet {
    let quote = &report.book.quote;
    let mut facts = Sheet::facts("size-risk", "What is left at the recommended size");
    let chance = Value::Figure(Numbers::Chance, page.exceed);
    facts.fact("More is needed", chance, "probability over the horizon");
    facts.fact(
        "Expected uncovered loss",
        Value::maybe(Numbers::Money, page.uncovered),
        quote.clone(),
    );
    facts.fact(
        "Yearly cost",
        Value::maybe(Numbers::Money, page.cost),
        "of holding it and of what stays uncovered",
    );
    let ruin = page.ruin.map_or(OF_DAYS, |ruin| Value::Interval(Numbers::Chance, ruin));
    let days = report.setup.ruin.days;
    facts.fact(
        &format!("Ruin within {days} days"),
        ruin,
        "probability, with fees coming in; ends by the days that history has",
    );
    let smallest = Value::maybe(Numbers::Money, page.smallest.map(|(_, size)| size));
    facts.fact("Smallest fund that lasts", smallest, quote.clone());
    let chance = Value::maybe(Numbers::Chance, page.smallest.map(|(chance, _)| chance));
    facts.fact("Ruin that is borne", chance, format!("probability within {days} days"));
    let pays = match page.pays_for_itself {
        Some(true) => Value::text("yes"),
        Some(false) => Value::text("no"),
        None => OF_DAYS,
    };
    facts.fact("Income above expected losses", pays, "");
    facts
}

fn grid(report: &Report, page: &SizePage) -> Grid {
    let row = |(fund, values): (&f64, &Vec<f64>)| (Numbers::Money.words(*fund), values.clone());
    Grid {
        id: "risk-grid".to_owned(),
        title: "What each fund covers".to_owned(),
        facts: vec!["part of the need at each level, the more the darker".to_owned()],
        names: (in_quote(report, "fund"), "need at a level".to_owned()),
        columns: page.confidences.iter().map(|level| Numbers::Percent.words(*level)).collect(),
        rows: page.funds.iter().zip(&page.covered).map(row).collect(),
    }
}

fn seeds(report: &Report, page: &SizePage) -> Plot {
    let labels: Vec<String> = page.other_seeds.iter().map(|(seed, _)| seed.to_string()).collect();
    let last = whole(labels.len().saturating_sub(1).max(1));
    let known = page.of_history.unwrap_or(page.recommended);
    let (low, high) = (known.low, known.high);
    let points = page.other_seeds.iter().enumerate().map(|(at, (_, size))| (whole(at), *size));
    let axes =
        (Axis::labelled("seed", labels), Axis::linear(in_quote(report, "size"), Numbers::Money));
    Plot::new("risk-seeds", "The size with other seeds", axes)
        .with(Series::new(
            "what history leaves open",
            Tone::Pay,
            Trace::Band(vec![(0.0, low, high), (last, low, high)]),
        ))
        .with(Series::new("another seed", Tone::Ink, Trace::Points(points.collect())))
        .rule("recommended", page.recommended.estimate, false)
}

fn fee(report: &Report) -> Part {
    let mut part = Part::new("fees", "How fees get it there");
    let Some(page) = &report.fee else {
        part.words("Not asked for.");
        return part;
    };
    let quote = &report.book.quote;
    let mut facts = Sheet::facts("fees", "Fee path");
    facts.fact("Target", Value::money(page.target), quote.clone());
    facts.fact("Fund at the start", Value::money(page.start), quote.clone());
    facts.fact("Fee income a day", Value::money(page.income), "of which the rate is a part");
    let until = |step| Value::Figure(Numbers::Plain, page.ends(step));
    let covered = page.covered.map_or(Value::None("not within the path"), until);
    facts.fact("Half of the paths covered", covered, "days from now");
    let (short, paths) = page.short;
    facts.fact("Paths that ran dry", Value::count(short), "");
    facts.fact("Paths", Value::count(paths), "");
    part.facts(facts);
    part.words(
        "The rate is set by the ledger's own fee control, with its rails and slew limit, once in each scenario's length.",
    );
    if let Some(page) = &page.control {
        control(page, &mut part);
    }
    let rate = fan(
        ("risk-fee-rate", "Rate of the fund ahead", "part of fees to the fund"),
        page,
        &page.rates,
    );
    part.chart("fees-rate", &rate);
    let coverage =
        fan(("risk-fee-coverage", "Coverage ahead", "fund \u{f7} target"), page, &page.coverages);
    part.chart("fees-coverage", &coverage.rule("target", 1.0, false));
    part.file(days(page));
    part
}

/// Whose fee control it is, and its main figures.
fn control(page: &ControlPage, part: &mut Part) {
    let mut facts = Sheet::facts("fees-control", "Fee control");
    facts.fact("Whose policy", Value::text(page.whose.clone()), "");
    facts.fact("Law", Value::text(page.law.clone()), "how the rate follows from coverage");
    facts.fact("Floor of the rate", Value::percent(page.rails.0), "part of fees to the fund");
    facts.fact("Ceiling of the rate", Value::percent(page.rails.1), "spikes come on top");
    if let Some((from, to)) = page.range {
        facts.fact("Target range from", Value::percent(from), "fund \u{f7} target");
        facts.fact("Target range to", Value::percent(to), "fund \u{f7} target");
    }
    if let Some(base) = page.base {
        facts.fact("Rate within the range", Value::percent(base), "");
    }
    if let Some((at_once, in_time, span)) = &page.gains {
        let words = "added for a fund that lacks all of its target";
        facts.fact("Gain at once", Value::percent(*at_once), words);
        facts.fact("Gain over time", Value::percent(*in_time), format!("{words}, for each span"));
        facts.fact("Span of that gain", Value::text(span.clone()), "");
    }
    match &page.slew {
        None => facts.fact("Slew limit", Value::None("none"), "the rate moves at once"),
        Some((by, span)) => {
            facts.fact("Slew limit", Value::percent(*by), format!("at most so much in {span}"));
            facts.fact("Span of the limit", Value::text(span.clone()), "");
        }
    }
    facts.fact("Rate now", Value::percent(page.rate), "");
    facts.fact(
        "Of it the integral",
        Value::percent(page.integral),
        "what the controller remembers",
    );
    let last = page.last_run.clone().map_or(Value::None("set now"), Value::text);
    facts.fact("Last run of the control", last, "");
    part.facts(facts);
    if !page.points.is_empty() {
        let mut sheet = Sheet::new("fees-curve", "Curve of the rate", ["coverage", "rate"]);
        for (coverage, rate) in &page.points {
            sheet.row([Value::percent(*coverage), Value::percent(*rate)]);
        }
        part.sheet(sheet);
    }
}

/// Half of the paths, and 9 of 10, step by step.
fn fan((id, title, up): (&str, &str, &str), page: &FeePage, days: &[[f64; 3]]) -> Plot {
    let day = |at: usize| page.ends(at);
    let band = days.iter().enumerate().map(|(at, [low, _, high])| (day(at), *low, *high));
    let middle = days.iter().enumerate().map(|(at, [_, half, _])| (day(at), *half));
    let axes = (
        Axis::linear("days from now", Numbers::Count),
        Axis::linear(up, Numbers::Percent).with_zero(),
    );
    Plot::new(id, title, axes)
        .with(Series::new("9 of 10 paths", Tone::Pay, Trace::Band(band.collect())))
        .with(Series::new("half of the paths", Tone::Pay, Trace::Line(middle.collect())))
}

fn days(page: &FeePage) -> Sheet {
    let columns = [
        "days from now",
        "rate, 5%",
        "rate, half",
        "rate, 95%",
        "coverage, 5%",
        "coverage, half",
        "coverage, 95%",
    ];
    let mut sheet = Sheet::new("fees-days", "The fee path", columns);
    let none = [f64::NAN; 3];
    for at in 0..page.rates.len().max(page.coverages.len()) {
        let figures = |days: &[[f64; 3]]| days.get(at).copied().unwrap_or(none).map(Value::percent);
        let values = [figures(&page.rates), figures(&page.coverages)];
        let ends = Value::Figure(Numbers::Plain, page.ends(at));
        sheet.rows.push([ends].into_iter().chain(values.into_iter().flatten()).collect());
    }
    sheet
}

fn tranches(report: &Report) -> Part {
    let mut part = Part::new("tranches", "What slices of the loss would cost");
    if report.tranches.is_empty() {
        part.words("Not asked for.");
        return part;
    }
    let bar = |line: &backstop_risk::desk::outcome::TrancheLine| Bar {
        name: line.name.clone(),
        value: line.yearly_rate,
        range: None,
    };
    let chart = Bars {
        id: "risk-tranches".to_owned(),
        title: "Yearly price of each slice".to_owned(),
        columns: ("slice".to_owned(), "part of the slice a year".to_owned()),
        numbers: Numbers::Percent,
        bars: report.tranches.iter().map(bar).collect(),
    };
    part.chart("tranches-chart", &chart);
    let columns = [
        "slice",
        "attachment",
        "exhaustion",
        "touched",
        "used up",
        "expected loss of a year",
        "price for a year",
        "yearly part of the slice",
    ];
    let mut sheet = Sheet::new("tranches", "Slices of the loss", columns);
    for line in &report.tranches {
        sheet.row([
            Value::text(line.name.clone()),
            Value::money(line.attach),
            Value::money(line.detach),
            Value::Figure(Numbers::Chance, line.attaches),
            Value::Figure(Numbers::Chance, line.exhausts),
            Value::money(line.expected),
            Value::money(line.price),
            Value::percent(line.yearly_rate),
        ]);
    }
    part.sheet(sheet);
    part
}
