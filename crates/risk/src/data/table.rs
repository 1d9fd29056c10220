//! Lines of comma-separated fields, each with its place in the text.
//!
//! Columns are found by name, so their order is free and further ones are ignored. Lines that begin with `#` and
//! empty lines are skipped. A field may stand in quotes, which have no meaning of their own.

use super::error::{DataError, DataFault, Place, line_and_column};
use crate::prices::Fault;
use backstop_units::{Timestamp, parse_decimal};

/// Most lines of a file: a hundred thousand accounts with twenty positions, and as much again.
pub(crate) const LINES_MAX: usize = 5_000_000;

/// Last second of the year 9999.
const LAST_SECOND: u128 = 253_402_300_799;

/// Units that moments come in where they are no seconds: how many of one, and their name.
const FINER: [(u64, &str); 3] =
    [(1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")];

/// Largest amount of an asset, a position or money, in whole units. What it makes with the largest price fits the 128 bits
/// of the core's money with room for many of them.
const AMOUNT_MAX: f64 = 1e18;
/// Smallest and largest price, in quote; the smallest is a thousand of the core's smallest.
pub(super) const PRICES: (f64, f64) = (1e-12, 1e12);
/// These in words.
pub(super) const PRICE_RANGE: &str =
    "a price lies from 1e-12 to 1e12: count the asset or the quote in other units";

/// The lines of a text that say something, with their numbers from one.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1usize..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// One field: its text without blanks and quotes, and its first character, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    pub(crate) text: &'a str,
    pub(crate) column: usize,
}

/// Splits a line at its commas; `None` stands for a quote that does not fit.
pub(crate) fn cells(line: &str) -> impl Iterator<Item = Result<Cell<'_>, usize>> {
    let (mut rest, mut column) = (Some(line), 1);
    core::iter::from_fn(move || {
        let text = rest?;
        let quoted = text.trim_start().starts_with('"');
        let open = text.find('"').unwrap_or(0) + 1;
        let close = text.get(open..).and_then(|inner| inner.find('"')).map(|at| open + at + 1);
        let from = if quoted { close.unwrap_or(text.len()) } else { 0 };
        let comma = text.get(from..).and_then(|inner| inner.find(',')).map(|at| from + at);
        let raw = text.get(..comma.unwrap_or(text.len())).unwrap_or(text);
        rest = comma.and_then(|at| text.get(at + 1..));
        let at = column;
        column += raw.chars().count() + 1;
        let blanks = raw.chars().take_while(|c| c.is_whitespace()).count();
        let trimmed = raw.trim();
        let inner = if quoted {
            trimmed.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'))
        } else {
            Some(trimmed)
        };
        let column = if trimmed.is_empty() { at } else { at + blanks };
        match inner {
            Some(text) if !text.contains('"') => Some(Ok(Cell { text: text.trim(), column })),
            _ => Some(Err(column)),
        }
    })
}

/// A file's header, and how to read its lines.
#[derive(Clone, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) file: &'a str,
    line: usize,
    names: Vec<Cell<'a>>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Row<'h, 'a> {
    header: &'h Header<'a>,
    pub(crate) line: usize,
    cells: Vec<Cell<'a>>,
    /// Just behind the last character.
    end: usize,
}

impl<'a> Header<'a> {
    /// Reads the header of a file and hands over the lines behind it.
    pub(crate) fn read(
        file: &'a str,
        text: &'a str,
    ) -> Result<(Self, impl Iterator<Item = (usize, &'a str)>), DataError> {
        let mut lines = lines(text);
        let empty = || DataError::file(file, DataFault::Empty);
        let ended = text.trim_end();
        if let Some(at) = ended.find('\r').filter(|_| !ended.contains('\n')) {
            let (line, column) = line_and_column(ended, at);
            let place = Place { line, column, name: "line end".to_owned() };
            return Err(DataError::field(file, place, DataFault::BareReturn));
        }
        let (line, content) = lines.next().ok_or_else(empty)?;
        let mut header = Self { file, line, names: Vec::new() };
        for cell in cells(content) {
            let cell =
                cell.map_err(|column| header.fault((line, column), "header", DataFault::Quote))?;
            if header.names.iter().any(|name| name.text == cell.text && !cell.text.is_empty()) {
                return Err(header.fault((line, cell.column), cell.text, DataFault::ColumnTwice));
            }
            header.names.push(cell);
        }
        if header.names.len() == 1 && content.contains([';', '\t']) {
            return Err(header.fault((line, 1), "header", DataFault::Separator));
        }
        Ok((header, lines))
    }

    /// An error at a place of this file.
    pub(crate) fn fault(
        &self,
        (line, column): (usize, usize),
        name: &str,
        fault: DataFault,
    ) -> DataError {
        DataError::field(self.file, Place { line, column, name: name.to_owned() }, fault)
    }

    /// Where a column stands, if there is one of that name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|cell| cell.text == name)
    }

    /// Where a column stands.
    pub(crate) fn need(&self, name: &str) -> Result<usize, DataError> {
        let fault = || self.fault((self.line, 1), name, DataFault::NoColumn(format!("{name:?}")));
        self.find(name).ok_or_else(fault)
    }

    /// The header lacks all of these.
    pub(crate) fn lacks(&self, names: &str) -> DataError {
        self.fault((self.line, 1), "header", DataFault::NoColumn(names.to_owned()))
    }

    /// The column of a name's own text, for errors about the header.
    pub(crate) fn at(&self, index: usize) -> (usize, usize) {
        (self.line, self.names.get(index).map_or(1, |cell| cell.column))
    }

    /// All names in the order of the file.
    pub(crate) fn names(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.names.iter().map(|cell| cell.text).enumerate()
    }

    /// One line's fields.
    pub(crate) fn row(&self, (line, content): (usize, &'a str)) -> Result<Row<'_, 'a>, DataError> {
        let mut found = Vec::with_capacity(self.names.len());
        for cell in cells(content) {
            let cell =
                cell.map_err(|column| self.fault((line, column), "field", DataFault::Quote))?;
            if found.len() == self.names.len() && !cell.text.is_empty() {
                let fault = DataFault::TooManyFields { header: self.names.len() };
                return Err(self.fault((line, cell.column), "field", fault));
            }
            found.push(cell);
        }
        Ok(Row { header: self, line, cells: found, end: content.chars().count() + 1 })
    }
}

impl<'a> Row<'_, 'a> {
    fn name(&self, index: usize) -> &'a str {
        self.header.names.get(index).map_or("field", |cell| cell.text)
    }

    /// An error at a field.
    pub(crate) fn fault(&self, index: usize, fault: DataFault) -> DataError {
        let column = self.cells.get(index).map_or(self.end, |cell| cell.column);
        self.header.fault((self.line, column), self.name(index), fault)
    }

    /// A field's text, which may be empty.
    pub(crate) fn text(&self, index: usize) -> Result<&'a str, DataError> {
        let cell = self.cells.get(index);
        cell.map(|cell| cell.text).ok_or_else(|| self.fault(index, Fault::Missing.into()))
    }

    /// A field's text, which may not be empty.
    pub(crate) fn filled(&self, index: usize) -> Result<&'a str, DataError> {
        let text = self.text(index)?;
        if text.is_empty() { Err(self.fault(index, DataFault::Blank)) } else { Ok(text) }
    }

    /// A finite number.
    pub(crate) fn number(&self, index: usize) -> Result<f64, DataError> {
        number(self.filled(index)?).map_err(|fault| self.fault(index, fault))
    }

    /// A price: finite and above zero.
    pub(crate) fn price(&self, index: usize) -> Result<f64, DataError> {
        let price = self.number(index)?;
        if price <= 0.0 {
            return Err(self.fault(index, DataFault::PriceNotPositive(price)));
        }
        if (PRICES.0..=PRICES.1).contains(&price) {
            return Ok(price);
        }
        Err(self.fault(index, DataFault::Range { got: price, range: PRICE_RANGE }))
    }

    /// An amount of an asset, of a position or of money, below zero or above.
    pub(crate) fn amount(&self, index: usize) -> Result<f64, DataError> {
        let amount = self.number(index)?;
        if amount.abs() <= AMOUNT_MAX {
            return Ok(amount);
        }
        let range = "an amount lies from -1e18 to 1e18: write whole units, not atoms";
        Err(self.fault(index, DataFault::Range { got: amount, range }))
    }

    /// Whole seconds since 1970.
    pub(crate) fn unix(&self, index: usize) -> Result<Timestamp, DataError> {
        let text = self.filled(index)?;
        let seconds = parse_decimal(text, 0);
        let seconds = seconds.map_err(|_| self.fault(index, DataFault::Time(text.to_owned())))?;
        let held = u64::try_from(seconds).ok().filter(|s| u128::from(*s) <= LAST_SECOND);
        let seconds = held.ok_or_else(|| {
            let finer = FINER.iter().find(|(by, _)| seconds / u128::from(*by) <= LAST_SECOND);
            let (by, unit) = *finer.unwrap_or(&FINER[2]);
            self.fault(index, DataFault::NotSeconds { text: text.to_owned(), by, unit })
        })?;
        Ok(Timestamp::from_ms(seconds * 1_000))
    }

    /// The beginning of a day, `2025-10-10`.
    pub(crate) fn day(&self, index: usize) -> Result<Timestamp, DataError> {
        let text = self.filled(index)?;
        let moment = Timestamp::parse(&format!("{text}T00:00:00Z"));
        let plain = text.len() == 10;
        let fault = || self.fault(index, DataFault::Day(text.to_owned()));
        moment.ok().filter(|_| plain).ok_or_else(fault)
    }

    /// A moment, `2025-10-10 21:00:00`, with a `T` or a blank, in UTC.
    pub(crate) fn moment(&self, index: usize) -> Result<Timestamp, DataError> {
        let text = self.filled(index)?;
        let plain = text.trim_end_matches('Z').replacen(' ', "T", 1);
        let moment = Timestamp::parse(&format!("{plain}Z"));
        moment.map_err(|_| self.fault(index, DataFault::Time(text.to_owned())))
    }

    /// A time in any of these three ways.
    pub(crate) fn time(&self, index: usize) -> Result<Timestamp, DataError> {
        let text = self.filled(index)?;
        if text.len() == 10 && text.contains('-') {
            self.day(index)
        } else if text.contains(':') {
            self.moment(index)
        } else {
            self.unix(index)
        }
    }
}

/// A finite number in plain or scientific notation; what else a double can be read from is refused.
pub(crate) fn number(text: &str) -> Result<f64, DataFault> {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let value = text.parse::<f64>().ok().filter(|_| text.chars().all(digits));
    let value = value.ok_or_else(|| DataFault::NotANumber(text.to_owned()))?;
    if value.is_finite() { Ok(value) } else { Err(DataFault::NotFinite(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<Result<(&str, usize), usize>> {
        cells(line).map(|cell| cell.map(|cell| (cell.text, cell.column))).collect()
    }

    #[test]
    fn fields_know_their_columns() {
        assert_eq!(split("a, b ,,d"), [Ok(("a", 1)), Ok(("b", 4)), Ok(("", 7)), Ok(("d", 8))]);
        assert_eq!(split("\"a,b\", \"c\""), [Ok(("a,b", 1)), Ok(("c", 8))]);
        assert_eq!(split("é,x"), [Ok(("é", 1)), Ok(("x", 3))]);
        assert_eq!(split("\"a,b"), [Err(1)]);
        assert_eq!(split("a\"b"), [Err(1)]);
        assert_eq!(split("\"a\"b,c"), [Err(1), Ok(("c", 6))]);
        assert_eq!(split(""), [Ok(("", 1))]);
    }

    #[test]
    fn numbers_are_plain() {
        for (text, want) in [("1.5", 1.5), ("-2", -2.0), ("1e-5", 1e-5), ("+3E2", 300.0)] {
            assert_eq!(number(text).map(f64::to_bits), Ok(f64::to_bits(want)), "{text}");
        }
        for text in ["NaN", "inf", "-Infinity", "1,5", "0x10", "", "1_000", "e", "1e", "--1"] {
            assert_eq!(number(text), Err(DataFault::NotANumber(text.to_owned())), "{text}");
        }
        assert_eq!(number("1e999"), Err(DataFault::NotFinite("1e999".to_owned())));
    }

    #[test]
    fn times_of_all_three_kinds() {
        let (header, mut lines) =
            Header::read("f", "unix,day,moment\n60,1970-01-02,1970-01-01 00:01:00\n").unwrap();
        let row = header.row(lines.next().unwrap()).unwrap();
        assert_eq!(row.unix(0).unwrap(), Timestamp::from_ms(60_000));
        assert_eq!(row.day(1).unwrap(), Timestamp::from_ms(86_400_000));
        assert_eq!(row.moment(2).unwrap(), Timestamp::from_ms(60_000));
        for column in 0..3 {
            assert_eq!(row.time(column).unwrap().ms(), [60_000, 86_400_000, 60_000][column]);
        }
        let text = "unix,day,moment\n1.5,2025-2-1,yesterday\n";
        let (header, mut lines) = Header::read("f", text).unwrap();
        let row = header.row(lines.next().unwrap()).unwrap();
        let say = |error: DataError| error.to_string();
        assert_eq!(
            say(row.unix(0).unwrap_err()),
            "f, line 2, column 1 (unix): \"1.5\" is no time: write whole seconds since 1970, or \
             2025-10-10 21:00:00 in UTC"
        );
        assert_eq!(
            say(row.day(1).unwrap_err()),
            "f, line 2, column 5 (day): \"2025-2-1\" is no day: write it as 2025-10-10"
        );
        assert!(row.moment(2).is_err());
    }
}
