//! The files behind a run.

use super::part::{Part, Sheet, Value};
use backstop_risk::desk::Report;

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("data", "Data");
    part.words(
        "The figures hold for these files only; the digest tells whether a file is the same.",
    );
    let columns = ["file", "where it comes from", "time from bar to bar"];
    let mut files = Sheet::new("data-files", "Files", columns);
    let mut digests = Sheet::new("data-digests", "Digests of the files", ["file", "SHA-256"]);
    let columns = ["file", "market", "first bar", "last bar", "bars"];
    let mut markets = Sheet::new("data-markets", "Windows", columns);
    let columns = ["file", "market", "from", "to", "bars missing"];
    let mut holes = Sheet::new("data-holes", "Holes in the data", columns);
    for page in &report.data {
        let texts = [&page.file, &page.origin, &page.step];
        files.row(texts.map(|text| Value::text(text.clone())));
        digests.row([&page.file, &page.digest].map(|text| Value::text(text.clone())));
        for (market, first, last, bars) in &page.markets {
            let texts = [&page.file, market, first, last].map(|text| Value::text(text.clone()));
            let [file, market, first, last] = texts;
            markets.row([file, market, first, last, Value::count(*bars)]);
        }
        for (market, from, to, missing) in &page.holes {
            let texts = [&page.file, market, from, to].map(|text| Value::text(text.clone()));
            let [file, market, from, to] = texts;
            let missing = usize::try_from(*missing).map_or(Value::None("too many"), Value::count);
            holes.row([file, market, from, to, missing]);
        }
    }
    part.sheet(files);
    part.sheet(markets);
    part.sheet(holes);
    part.sheet(digests);
    part
}
