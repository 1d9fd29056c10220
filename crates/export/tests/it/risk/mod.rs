//! The risk report: all of it is there, nothing breaks out of its place, the same report gives the same bytes.

mod desk;
mod fixture;
mod varied;

use backstop_export::risk::{page, sections, summary_text, tables};
use backstop_risk::desk::{Report, Setup, outcome::BackTestPage};
use serde_json::Value;
use std::collections::BTreeSet;

/// Texts and numbers at the ends of a document, with where they stand.
fn leaves(value: &Value, place: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                leaves(item, &format!("{place}[{at}]"), out);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                leaves(item, &format!("{place}.{name}"), out);
            }
        }
        Value::Null => {}
        leaf => out.push((place.to_owned(), leaf.clone())),
    }
}

fn cells(report: &Report) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (name, text) in tables(report) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        for row in reader.records() {
            let row = row.unwrap_or_else(|error| panic!("{name}: {error}"));
            out.extend(row.iter().map(str::to_owned));
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

#[test]
fn every_field_is_on_the_page_or_in_a_table() {
    let report = fixture::report();
    let (html, cells) = (page(&report), cells(&report));
    let mut all = Vec::new();
    leaves(&serde_json::to_value(&report).unwrap(), "", &mut all);
    assert!(all.len() > 4_000, "{}", all.len());
    let mut missing = Vec::new();
    for (place, leaf) in all {
        let found = match &leaf {
            _ if place.starts_with(".setup") => true,
            Value::String(text) => html.contains(&escaped(text)) || cells.contains(text),
            Value::Bool(_) => true,
            Value::Number(number) => {
                let text = number.as_f64().unwrap().to_string();
                cells.contains(&text) || html.contains(&format!("form {text} "))
            }
            other => panic!("{place}: {other}"),
        };
        if !found {
            missing.push(format!("{place} {leaf}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_settings_on_the_page_are_the_settings() {
    let report = fixture::report();
    let html = page(&report);
    let from = html.rfind("<pre>").unwrap() + "<pre>".len();
    let text = &html[from..from + html[from..].find("</pre>").unwrap()];
    let text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<");
    assert_eq!(toml::from_str::<Setup>(&text).unwrap(), report.setup, "{text}");
    assert!(html.contains(backstop_export::risk::AGAIN));
}

#[test]
fn a_page_stands_alone_prints_and_fits_a_phone() {
    for report in [fixture::report(), fixture::empty()] {
        let html = page(&report);
        for word in ["<script", "http://", "https://", "src=", "@import", "url("] {
            let found = html.replace("http://www.w3.org/2000/svg", "").contains(word);
            assert!(!found, "{word}");
        }
        for word in
            ["@media print", "size: A4", "table-header-group", "break-inside: avoid", "viewport"]
        {
            assert!(html.contains(word), "{word}");
        }
        // Each table stands in a box that scrolls, or is the one to sign, which has no width of its own.
        let boxes = html.matches("class=\"scroll\"").count();
        assert_eq!(html.matches("<table").count(), boxes + 1);
        let ids: Vec<&str> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), different.len(), "two things have one name: {ids:?}");
        for link in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(different.contains(link), "{link}");
        }
        for section in sections(&report) {
            assert!(
                html.contains(&section.html) && !section.html.contains("style="),
                "{}",
                section.id
            );
        }
        assert!(html.contains("Signature</th>"));
    }
}

#[test]
fn what_was_not_asked_for_is_named() {
    let report = fixture::empty();
    let html = page(&report);
    assert_eq!(html.matches("<p>Not asked for.</p>").count(), 9, "{html}");
    assert!(html.contains("Neither a need nor a size"));
    assert_eq!(summary_text(&report), "");
}

#[test]
fn a_name_is_no_markup() {
    let attack = "<script>alert('1')</script>\"&";
    let mut report = fixture::report();
    let text = serde_json::to_string(&report).unwrap();
    let written = serde_json::to_string(attack).unwrap();
    let marked = [
        "\"btc-perp\"",
        "\"2020-03-12\"",
        "\"usdc\"",
        "\"reserve\"",
        "\"backstop 0.1.0\"",
        "\"whale-2\"",
    ];
    let text = marked.iter().fold(text, |text, name| text.replace(name, &written));
    report = serde_json::from_str(&text).unwrap();
    report.notes.push(attack.to_owned());
    report.made_at = attack.to_owned();
    report.setup.files.venue = Some(attack.to_owned());
    report.tails[0].of = attack.to_owned();
    let html = page(&report);
    assert!(!html.contains("<script") && html.matches("&lt;script&gt;").count() > 40);
    let (_, body) = html.split_once("</style>").unwrap();
    assert_eq!(
        body.matches('<').count(),
        body.matches('>').count(),
        "a bracket is not one of ours"
    );
    report.notes.push("\u{1b}[2J\r\n\u{7}end".to_owned());
    let text = summary_text(&report);
    assert!(!text.contains(['\u{1b}', '\r', '\u{7}']), "{text:?}");
}

#[test]
fn what_is_no_number_is_a_word() {
    let mut report = fixture::report();
    report.tranches[2].detach = f64::INFINITY;
    let need = report.need.as_mut().unwrap();
    need.adl_size = f64::NAN;
    need.worst[0].need = f64::NAN;
    need.exceedance[3] = (f64::NAN, 0.5);
    need.over_time[5].1 = f64::INFINITY;
    need.fund = f64::NAN;
    need.levels[0].value_at_risk.high = f64::INFINITY;
    let size = report.size.as_mut().unwrap();
    size.covered[0][0] = f64::NAN;
    size.recommended.low = f64::NAN;
    let moved = report.sensitivity.as_mut().unwrap();
    moved.base.size = 0.0;
    moved.lines[0].figures.as_mut().unwrap().size = f64::INFINITY;
    let everything = [page(&report), summary_text(&report)].into_iter();
    let everything = everything.chain(tables(&report).into_iter().map(|(_, csv)| csv));
    for text in everything {
        assert!(
            !text.contains("NaN") && !text.contains(">inf") && !text.contains(" inf"),
            "{text}"
        );
    }
    assert!(page(&report).contains("no limit"));
}

#[test]
fn a_venue_that_cannot_run_says_why() {
    let mut report = fixture::report();
    let venue = report.reference.as_mut().unwrap();
    (venue.lines, venue.why) = (Vec::new(), Some("it takes no marks".to_owned()));
    assert!(page(&report).contains("It can&#39;t run with preset backstop: it takes no marks"));
}

#[test]
fn a_fund_of_two_layers_is_said_to_be_one() {
    let mut report = fixture::report();
    let words = "both together are the fund";
    assert!(!page(&report).contains(words));
    report.setup.fund.size = 250_000.0;
    let quote = report.book.quote.clone();
    let halves = [("reserve of main", 125_000.0), ("stakers of main", 125_000.0)];
    report.stress[0].pays = halves.map(|(name, paid)| (name.to_owned(), paid)).to_vec();
    let page = page(&report);
    assert!(page.contains(words) && page.contains(&format!("The fund of 250,000 {quote} is one")));
}

#[test]
fn tables_have_names_of_their_own() {
    let all = tables(&fixture::report());
    let names: BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.len(),
        all.len(),
        "{:?}",
        all.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let plain = |name: &String| {
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    assert!(
        names.iter().all(|name| plain(name) && name.strip_suffix(".csv").is_some()),
        "{names:?}"
    );
}

#[test]
fn a_long_history_is_a_small_page() {
    let mut report = fixture::report();
    let points = (0..20_000).map(|at| (format!("bar {at}"), fixture::noise(at) * 0.1 - 0.05, 0.04));
    let points: Vec<_> = points.collect();
    let page_of = |page: &mut BackTestPage| page.points.clone_from(&points);
    report.back_tests.iter_mut().for_each(page_of);
    let html = page(&report);
    assert!(html.len() < 1_500_000, "{}", html.len());
    assert!(html.contains("more rows are in <code>backtest-0-hits.csv"));
}

#[test]
fn a_terminal_gets_80_columns() {
    let text = summary_text(&fixture::report());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    crate::world::golden("risk/summary.txt", &text);
}

#[test]
fn the_report_is_as_it_was() {
    let report = fixture::report();
    assert_eq!(page(&report), page(&report));
    crate::world::golden("risk/report.html", &page(&report));
    for name in ["need-levels.csv", "size.csv", "stress-pays-chart.csv"] {
        let all = tables(&report);
        let (_, csv) = all.iter().find(|(file, _)| file == name).unwrap();
        crate::world::golden(&format!("risk/{name}"), csv);
    }
}
