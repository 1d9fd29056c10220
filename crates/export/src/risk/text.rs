//! The headline figures for a terminal.

use super::{
    lists::lists,
    summary::{headline, worst},
};
use crate::picture::chart::Numbers;
use backstop_risk::{desk::Report, models::tail::Interval};
use std::fmt::Write as _;

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Of them for names.
const NAMES: usize = 32;

/// Headline figures in 80 columns; an empty line apart: what is worst, and what to mind.
pub fn summary_text(report: &Report) -> String {
    let mut out = String::new();
    if report.size.is_some() || report.need.is_some() {
        put(&mut out, "", &headline(report));
        out.push('\n');
    }
    for (name, value) in rows(report) {
        let name: String = clean(&name).chars().take(NAMES - 2).collect();
        put(&mut out, &format!("{name:<NAMES$}"), &value);
    }
    out.push_str(&lists(report));
    let lists = [("worst", worst(report)), ("mind", report.notes.clone())];
    for (name, lines) in lists {
        if !lines.is_empty() {
            out.push('\n');
        }
        for line in lines {
            put(&mut out, &format!("{name:<7}"), &line);
        }
    }
    out
}

fn rows(report: &Report) -> Vec<(String, String)> {
    let money = |value: Interval| Numbers::Money.interval([value.estimate, value.low, value.high]);
    let chance =
        |value: Interval| Numbers::Chance.interval([value.estimate, value.low, value.high]);
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| rows.push((name.to_owned(), value));
    if let Some(size) = &report.size {
        put("recommended size", money(size.recommended));
        put("in atoms, rounded up", size.atoms.clone());
        put("decided by", size.binding.clone());
    }
    if let Some(need) = &report.need {
        put("fund now", Numbers::Money.words(need.fund));
        put("fund too small", chance(need.adl_probability));
        put("then on winners", Numbers::Money.words(need.adl_size));
        for line in &need.levels {
            let level = Numbers::Percent.words(line.level);
            put(&format!("value at risk {level}"), money(line.value_at_risk));
            put(&format!("expected shortfall {level}"), money(line.expected_shortfall));
        }
        if let Some(line) = need.instant.last() {
            let level = Numbers::Percent.words(line.level);
            put(&format!("all closed at once, ES {level}"), Numbers::Money.words(line.end.1));
        }
        for line in &need.cover {
            put(&format!("Cover-{}", line.groups), Numbers::Money.words(line.amount));
        }
    }
    if let Some(ruin) = report.size.as_ref().and_then(|size| size.ruin) {
        put(&format!("ruin within {} days", report.setup.ruin.days), chance(ruin));
    }
    if let Some(fee) = &report.fee {
        let days = |step| format!("in {} days", Numbers::Plain.words(fee.ends(step)));
        let covered = fee.covered.map_or("not within the path".to_owned(), days);
        put("half of fee paths covered", covered);
        if let Some(control) = &fee.control {
            put("fee control", control.whose.clone());
            let percent = |part: f64| Numbers::Percent.words(part);
            let (floor, ceiling) = control.rails;
            put("rate, floor to ceiling", format!("{} to {}", percent(floor), percent(ceiling)));
        }
    }
    for page in &report.back_tests {
        let word = if page.verdict.0 && page.recommended.is_some() { "passes" } else { "fails" };
        let model = page.recommended.as_deref().unwrap_or("no model");
        put(&format!("back test {}", page.market), format!("{model}: {word}"));
    }
    rows
}

/// Text without line breaks and without what steers a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A line behind a name, broken at blanks and set in under itself.
fn put(out: &mut String, name: &str, text: &str) {
    let set_in = name.chars().count();
    let room = WIDTH.saturating_sub(set_in).max(1);
    let mut line = String::new();
    let mut lead = name.to_owned();
    for word in clean(text).split_whitespace() {
        let letters = word.chars().count().saturating_add(1);
        if !line.is_empty() && line.chars().count().saturating_add(letters) > room {
            let _ = writeln!(out, "{lead}{line}");
            (lead, line) = (" ".repeat(set_in), String::new());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{lead}{line}");
}
