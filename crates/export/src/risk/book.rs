//! What stands at risk, and how much of it is in few hands.

use super::{
    in_quote,
    part::{Part, Sheet, Value},
};
use crate::picture::{
    Tone,
    chart::{Numbers, Stacked},
};
use backstop_risk::desk::Report;

pub(super) fn part(report: &Report) -> Part {
    let book = &report.book;
    let mut part = Part::new("book", "Book and concentration");
    let mut facts = Sheet::facts("book", "Book");
    facts.fact("Accounts", Value::count(book.accounts), "");
    facts.fact("Owner groups", Value::count(book.groups), "accounts of one owner count once");
    let collateral = Value::money(book.collateral);
    facts.fact("Collateral", collateral, in_quote(report, "before haircuts"));
    let (debtors, owed) = book.under_water;
    facts.fact("Accounts that owe more than they have", Value::count(debtors), "in no scenario");
    facts.fact("All they owe", Value::money(owed), "lost already, before any scenario");
    let below = Value::count(book.below_maintenance);
    facts.fact("Accounts below maintenance now", below, "closed in every scenario");
    facts.fact("Quote asset", Value::text(book.quote.clone()), "money in this report is in it");
    part.facts(facts);
    part.words(
        "The effective number is as if so many equal holders shared the market. Days are those to sell the largest \
         position at the stated part of a day's volume; the add-on is what comes on top of its margin for that time.",
    );
    part.chart("book-largest", &largest(report));
    let mut sheet = Sheet::new(
        "book-markets",
        "Markets of the book",
        [
            "market",
            "price",
            "open interest",
            "holders",
            "Herfindahl index",
            "effective number",
            "largest position",
            "its notional",
            "days to sell it",
            "margin add-on",
        ],
    );
    for line in &book.markets {
        let (account, notional) = &line.largest;
        sheet.row([
            Value::text(line.market.clone()),
            Value::money(line.price),
            Value::money(line.open_interest),
            Value::count(line.holders),
            Value::plain(line.hhi),
            Value::plain(line.effective_number),
            Value::text(account.clone()),
            Value::money(*notional),
            Value::plain(line.days),
            Value::percent(line.add_on),
        ]);
    }
    part.sheet(sheet);
    part
}

fn largest(report: &Report) -> Stacked {
    let row = |line: &backstop_risk::desk::outcome::MarketLine| {
        let largest = line.largest.1.clamp(0.0, line.open_interest.max(0.0));
        (line.market.clone(), vec![largest, line.open_interest - largest])
    };
    Stacked {
        id: "risk-largest".to_owned(),
        title: "The largest position of each market".to_owned(),
        columns: ("market".to_owned(), in_quote(report, "open interest of one side")),
        numbers: Numbers::Money,
        parts: vec![
            ("the largest position".to_owned(), Tone::Share),
            ("all others".to_owned(), Tone::Room),
        ],
        rows: report.book.markets.iter().map(row).collect(),
    }
}
