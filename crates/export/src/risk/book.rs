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
        "Holders are owner groups; the effective number is as if so many equal ones shared the market. Days are those to sell the largest \
         position at a tenth of a day's volume; the add-on is what comes on top of its margin for that time.",
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
    part.words(
        "What an owner may lose over a scenario's length with all accounts together: positions netted, collateral at \
         market prices. An owner who may lose more than the collateral brings the fund its need.",
    );
    part.sheet(owners(report));
    part
}

fn owners(report: &Report) -> Sheet {
    let mut sheet = Sheet::new(
        "book-owners",
        "Owners who risk most",
        [
            "owner",
            "accounts",
            "value at risk 99%",
            "expected shortfall 99%",
            "collateral",
            "value at risk \u{f7} collateral",
        ],
    );
    for line in &report.book.owners {
        let part = (line.collateral > 0.0).then(|| line.value_at_risk / line.collateral);
        sheet.row([
            Value::text(line.owner.clone()),
            Value::count(line.accounts),
            Value::money(line.value_at_risk),
            Value::money(line.expected_shortfall),
            Value::money(line.collateral),
            Value::maybe(Numbers::Percent, part),
        ]);
    }
    sheet
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
