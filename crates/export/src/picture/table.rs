//! The values of a picture as a table: for readers who do not see it, for copy and paste, for spreadsheets.

use super::sketch::escaped;
use crate::{
    csv::{guarded, inner, writer},
    names::Unit,
};
use backstop_units::Amount;
use std::{borrow::Cow, fmt::Write as _};

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// An amount as people read it, and its atoms.
    Amount {
        /// With its asset, at most to the cent.
        shown: String,
        /// All of it, in atoms.
        atoms: String,
    },
    /// A number with its sign for a portion, as `12.50%`.
    Number(String),
    /// A figure of the risk desk: rounded for people, all of it for programs.
    Figure {
        /// With its unit, three or four digits.
        shown: String,
        /// The shortest decimal that is the same double; empty for what is no number.
        exact: String,
    },
}

impl Cell {
    /// Words.
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// A number.
    pub fn number(number: &impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    /// An amount of an asset; without a limit, words.
    pub fn amount(unit: &Unit, amount: Amount) -> Self {
        match amount {
            Amount::MAX => Self::text("any amount"),
            _ => Self::Amount { shown: unit.brief(amount), atoms: amount.to_string() },
        }
    }

    /// An amount with all its digits that matter, for a statement that must add up on paper.
    pub fn exact(unit: &Unit, amount: Amount) -> Self {
        Self::Amount { shown: unit.full(amount), atoms: amount.to_string() }
    }

    pub(super) const fn words(&self) -> &String {
        match self {
            Self::Text(words)
            | Self::Number(words)
            | Self::Amount { shown: words, .. }
            | Self::Figure { shown: words, .. } => words,
        }
    }
}

/// A table. **Shape** each row has a cell for each column; the first cell names its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(caption: impl Into<String>, columns: [&str; N]) -> Self {
        let columns = columns.map(str::to_owned).into();
        Self { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// The table as an HTML element: numbers have the class `num`, amounts their atoms as `title` and `data-atoms`.
    pub fn html(&self) -> String {
        let mut out = format!("<table><caption>{}</caption>\n<thead><tr>", escaped(&self.caption));
        for column in &self.columns {
            let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(column));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let words = escaped(cell.words());
                let _ = match cell {
                    _ if at == 0 => write!(out, "<th scope=\"row\">{words}</th>"),
                    Cell::Text(_) => write!(out, "<td>{words}</td>"),
                    Cell::Number(_) => write!(out, "<td class=\"num\">{words}</td>"),
                    Cell::Figure { exact, .. } => {
                        write!(out, "<td class=\"num\" title=\"{exact}\">{words}</td>")
                    }
                    Cell::Amount { atoms, .. } => write!(
                        out,
                        "<td class=\"num\" title=\"{atoms} atoms\" data-atoms=\"{atoms}\">{words}</td>"
                    ),
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table>\n");
        out
    }

    /// The first `most` rows as a Markdown table, with numbers to the right; says how many are left out. A bar in a
    /// text is written as a slash, which ends no cell.
    pub fn markdown(&self, most: usize) -> String {
        let plain = |words: &str| words.replace('|', "/").replace(['\r', '\n'], " ");
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = line(self.columns.iter().map(|name| plain(name)).collect());
        let is_number = |at: usize| {
            let filled = self.rows.iter().filter_map(|row| row.get(at));
            filled.clone().any(|cell| !matches!(cell, Cell::Text(_)))
                && filled
                    .into_iter()
                    .all(|cell| !matches!(cell, Cell::Text(words) if !words.is_empty()))
        };
        let rule = |at| if is_number(at) { "---:" } else { "---" };
        out.push_str(&line((0..self.columns.len()).map(|at| rule(at).to_owned()).collect()));
        for row in self.rows.iter().take(most) {
            out.push_str(&line(row.iter().map(|cell| plain(cell.words())).collect()));
        }
        let left = self.rows.len().saturating_sub(most);
        if left > 0 {
            let _ = writeln!(out, "\nThe first {most} rows; {left} more are in the file.");
        }
        out
    }

    /// The table as CSV: amounts as whole atoms, figures in full, texts guarded as in [`crate::csv`].
    pub fn csv(&self) -> String {
        let mut out = writer(Vec::new());
        // Writing to memory does not fail.
        let _ = out.write_record(&self.columns);
        for row in &self.rows {
            let cells = row.iter().map(|cell| match cell {
                Cell::Amount { atoms: exact, .. } | Cell::Figure { exact, .. } => {
                    Cow::Borrowed(exact.as_str())
                }
                Cell::Text(words) => guarded(words),
                Cell::Number(words) => Cow::Borrowed(words.as_str()),
            });
            let _ = out.write_record(cells.map(Cow::into_owned));
        }
        inner(out).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_for_pages_and_one_for_spreadsheets() {
        let unit = Unit { symbol: "usdt".to_owned(), decimals: 2 };
        let mut table = Table::new("who <pays>", ["layer", "pays", "part"]);
        table.row([
            Cell::text("=reserve, \"main\""),
            Cell::amount(&unit, Amount::new(123_456_789)),
            Cell::number(&"12.50%"),
        ]);
        assert_eq!(
            table.csv(),
            "layer,pays,part\r\n\"'=reserve, \"\"main\"\"\",123456789,12.50%\r\n"
        );
        let html = table.html();
        assert!(html.contains("who &lt;pays&gt;"), "{html}");
        assert!(html.contains("data-atoms=\"123456789\">1,234,567.89 usdt</td>"), "{html}");
        table.row([Cell::text("a | b"), Cell::exact(&unit, Amount::new(101)), Cell::number(&"0%")]);
        assert_eq!(
            table.markdown(9),
            "| layer | pays | part |\n| --- | ---: | ---: |\n| =reserve, \"main\" | 1,234,567.89 usdt | 12.50% |\n| a / b | 1.01 usdt | 0% |\n"
        );
        assert!(table.markdown(1).ends_with("\nThe first 1 rows; 1 more are in the file.\n"));
    }
}
