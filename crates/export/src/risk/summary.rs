//! What a reader must know who reads no further.

use super::{
    in_quote,
    part::{Mood, Part, Sheet, Value},
};
use crate::picture::chart::{Bar, Bars, Numbers};
use backstop_risk::desk::Report;

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("summary", "Summary");
    part.words(headline(report));
    part.facts(facts(report));
    let against = against(report);
    if against.bars.len() > 1 {
        part.chart("summary-chart", &against);
    }
    let worst = worst(report);
    if !worst.is_empty() {
        part.under("What is worst");
        part.blocks.push(super::Block::List(worst));
    }
    part.under("Before trusting a figure");
    for failed in failed_models(report) {
        part.note(Mood::Bad, failed);
    }
    for note in &report.notes {
        part.note(Mood::Warn, format!("Mind: {note}"));
    }
    if report.notes.is_empty() {
        part.words("The run has no warnings of its own.");
    }
    part
}

/// The answer in one or two sentences.
pub(super) fn headline(report: &Report) -> String {
    let money = |value: f64| format!("{} {}", Numbers::Money.words(value), report.book.quote);
    match (&report.size, &report.need) {
        (Some(size), need) => {
            let hold = size.recommended;
            let interval = Numbers::Money.interval([hold.estimate, hold.low, hold.high]);
            let now = need.as_ref().filter(|_| hold.estimate > 0.0).map(|need| {
                let part = Numbers::Percent.words(need.fund / hold.estimate);
                format!(" The fund of {} is {part} of that.", money(need.fund))
            });
            format!(
                "Hold {interval} {}. What decides it: {}.{}",
                report.book.quote,
                size.binding,
                now.unwrap_or_default()
            )
        }
        (None, Some(need)) => format!(
            "A fund of {} is too small with probability {}. No size was asked for.",
            money(need.fund),
            Numbers::Chance.words(need.adl_probability.estimate)
        ),
        (None, None) => "Neither a need nor a size was asked for; what was, is below.".to_owned(),
    }
}

fn facts(report: &Report) -> Sheet {
    let mut facts = Sheet::facts("summary", "Summary");
    if let Some(size) = &report.size {
        let hold = Value::Interval(Numbers::Money, size.recommended);
        facts.fact("Recommended size", hold, in_quote(report, "with its interval"));
        facts.fact(
            "What decides it",
            Value::text(size.binding.clone()),
            "costs, a floor, or the cap",
        );
    }
    if let Some(need) = &report.need {
        facts.fact("Fund now", Value::money(need.fund), report.book.quote.clone());
        if let Some(size) = report.size.as_ref().filter(|size| size.recommended.estimate > 0.0) {
            let coverage = Value::percent(need.fund / size.recommended.estimate);
            facts.fact("Coverage now", coverage, "fund \u{f7} recommended size");
        }
        let chance = Value::Interval(Numbers::Chance, need.adl_probability);
        facts.fact("Fund too small", chance, "probability over one scenario's length");
        if let Some(level) = need.levels.last() {
            let level_words = Numbers::Percent.words(level.level);
            let risk = Value::Interval(Numbers::Money, level.value_at_risk);
            facts.fact(&format!("Value at risk {level_words}"), risk, report.book.quote.clone());
            let mean = Value::Interval(Numbers::Money, level.expected_shortfall);
            facts.fact(
                &format!("Expected shortfall {level_words}"),
                mean,
                report.book.quote.clone(),
            );
        }
    }
    facts
}

/// The fund beside what it should hold and what it may need.
fn against(report: &Report) -> Bars {
    let mut bars = Vec::new();
    let mut put =
        |name: &str, value: f64, range| bars.push(Bar { name: name.to_owned(), value, range });
    if let Some(need) = &report.need {
        put("the fund now", need.fund, None);
    }
    if let Some(size) = &report.size {
        let hold = size.recommended;
        put("recommended size", hold.estimate, Some((hold.low, hold.high)));
    }
    if let Some(need) = &report.need {
        if let Some(line) = need.levels.last() {
            let level = Numbers::Percent.words(line.level);
            for (name, value) in [
                ("value at risk", line.value_at_risk),
                ("expected shortfall", line.expected_shortfall),
            ] {
                put(&format!("{name} {level}"), value.estimate, Some((value.low, value.high)));
            }
        }
        if let Some(line) = need.cover.iter().find(|line| line.groups == 2) {
            put("Cover-2", line.amount, None);
        }
    }
    let crises = report.stress.iter().filter(|line| line.need.is_finite());
    if let Some(line) = crises.max_by(|one, other| one.need.total_cmp(&other.need)) {
        put(&format!("worst crisis: {}", line.name), line.need, None);
    }
    Bars {
        id: "risk-against".to_owned(),
        title: "The fund, and what it may need".to_owned(),
        columns: ("figure".to_owned(), in_quote(report, "amount")),
        numbers: Numbers::Money,
        bars,
    }
}

/// Three facts, each from another part.
pub(super) fn worst(report: &Report) -> Vec<String> {
    let money = |value: f64| format!("{} {}", Numbers::Money.words(value), report.book.quote);
    let mut out = Vec::new();
    if let Some(worst) = report.need.as_ref().and_then(|need| need.worst.first()) {
        let (market, change) = &worst.market;
        out.push(format!(
            "The worst scenario, {}, needs {}: {market} moves by {}, {} accounts are closed, {} of them bankrupt.",
            worst.scenario,
            money(worst.need),
            Numbers::Percent.words(*change),
            Numbers::Count.words(crate::picture::chart::whole(worst.closed)),
            Numbers::Count.words(crate::picture::chart::whole(worst.bankrupt))
        ));
    }
    let stress = report.stress.iter().filter(|line| line.need.is_finite());
    if let Some(line) = stress.max_by(|one, other| one.need.total_cmp(&other.need)) {
        let left = if line.left > 0.0 {
            format!("{} of it is left to winners or to be socialised", money(line.left))
        } else {
            "layers before the winners pay all of it".to_owned()
        };
        out.push(format!("The worst crisis, {}, needs {}; {left}.", line.name, money(line.need)));
    }
    let near = report.reverse.iter().filter_map(|line| Some((line, line.multiple?)));
    if let Some((line, multiple)) = near.min_by(|one, other| one.1.total_cmp(&other.1)) {
        out.push(format!(
            "The nearest way to empty the fund: {} times {}.",
            Numbers::Plain.words(multiple),
            line.direction
        ));
    }
    out
}

/// Markets on which the recommended model fails, and those without any.
fn failed_models(report: &Report) -> Vec<String> {
    let lines =
        report.back_tests.iter().filter_map(|page| match (&page.recommended, &page.verdict) {
            (None, (_, why)) => Some(format!("No model may be used for {}: {why}", page.market)),
            (Some(model), (false, why)) => {
                Some(format!("On {} even the best model, {model}, fails: {why}", page.market))
            }
            (Some(_), (true, _)) => None,
        });
    lines.collect()
}
