//! Price bars: a strict reader.
//!
//! ```text
//! open_time_unix,open,high,low,close
//! 1760130000,196.84,199.15,168.79,193.41
//! ```
//!
//! Columns are found by name, so their order is free and further ones are ignored. Lines that begin
//! with `#` and empty lines are skipped. Numbers are read exactly, without floats.

use crate::data::table::{Cell, cells, lines};
use backstop_units::{DecimalError, Price, Span, Timestamp, parse_decimal, price_decimals};

/// Most decimals of a quote asset: with more, sums over a book could overflow.
pub const QUOTE_DECIMALS_MAX: u8 = 9;

/// Smallest and largest price that is read, in whole quote units: outside it sums could overflow.
pub const PRICE_RANGE: (&str, &str) = ("0.000001", "1000000000");

/// Prices at moments, in rising order of time.
pub type Closes = Vec<(Timestamp, Price)>;

/// Longest file that is read, in bars: 30 years of hours.
pub const BARS_MAX: usize = 262_800;

/// One bar. **Invariant** `low <= open, close <= high`, and none is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it opens.
    pub open_time: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
}

/// Bars in rising order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// Length of each bar: the smallest distance between two; one hour if there is only one.
    pub span: Span,
    /// Decimals of the quote asset in which the prices are counted.
    pub quote_decimals: u8,
    /// The bars; at least one as parsed. A gap in time is a missing bar.
    pub bars: Vec<Bar>,
}

/// What is wrong with a field of a price file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line has fewer fields than the header names.
    #[error("the field is missing")]
    Missing,
    /// A field is no number.
    #[error(transparent)]
    NotANumber(#[from] DecimalError),
    /// A price outside [`PRICE_RANGE`].
    #[error("a price lies between {} and {}", PRICE_RANGE.0, PRICE_RANGE.1)]
    PriceRange,
    /// The high lies below the low.
    #[error("the high is below the low")]
    HighBelowLow,
    /// Open or close lies outside high and low.
    #[error("open and close lie between low and high")]
    OutsideRange,
    /// A time that is not after the one before.
    #[error("times must rise from line to line")]
    Unordered,
    /// A time past the year 9999.
    #[error("a time is in whole seconds since 1970, before the year 10000")]
    TimeRange,
}

/// Why a text is no price history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// No line with a header, or no bar after it.
    #[error("no bars: the file needs a header and at least one line of prices")]
    Empty,
    /// The header lacks a column.
    #[error("line {line}: the header has no column {column:?}")]
    NoColumn {
        /// Line of the header, counted from one.
        line: usize,
        /// The missing name.
        column: &'static str,
    },
    /// A field is wrong.
    #[error("line {line}, column {column} ({name}): {fault}")]
    Field {
        /// Line, counted from one.
        line: usize,
        /// First character of the field, counted from one.
        column: usize,
        /// The field's name.
        name: &'static str,
        /// What is wrong with it.
        fault: Fault,
    },
    /// More decimals than [`QUOTE_DECIMALS_MAX`].
    #[error("a quote asset of {got} decimals: at most {QUOTE_DECIMALS_MAX} are read")]
    Decimals {
        /// Of the quote asset.
        got: u8,
    },
    /// More bars than [`BARS_MAX`].
    #[error("line {line}: more than {BARS_MAX} bars")]
    TooLong {
        /// The first line too many.
        line: usize,
    },
}

/// The columns that a file needs, in the order of [`Bar`].
const COLUMNS: [&str; 5] = ["open_time_unix", "open", "high", "low", "close"];

/// The column of times of a file of closing prices.
const CLOSED: &str = "close_time_unix";

/// Last second of the year 9999.
const LAST_SECOND: u128 = 253_402_300_799;

/// Where the needed columns stand in a line.
type Places = [usize; 5];

/// One field's place in the text, for errors.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
    name: &'static str,
}

impl Place {
    fn error(self, fault: Fault) -> PriceError {
        PriceError::Field { line: self.line, column: self.column, name: self.name, fault }
    }
}

impl Bars {
    /// Reads a price file; prices become integers of a quote asset with `quote_decimals` decimals.
    ///
    /// **Rounding** none: a price with more decimals than the scale holds is refused.
    ///
    /// # Errors
    /// The first [`PriceError`] in the order of the text.
    pub fn parse(text: &str, quote_decimals: u8) -> Result<Self, PriceError> {
        if quote_decimals > QUOTE_DECIMALS_MAX {
            return Err(PriceError::Decimals { got: quote_decimals });
        }
        let mut lines = lines(text);
        let (number, header) = lines.next().ok_or(PriceError::Empty)?;
        let places = columns(number, header, COLUMNS)?;
        let scale = Scale::new(quote_decimals);
        let mut bars: Vec<Bar> = Vec::new();
        for (line, content) in lines {
            if bars.len() == BARS_MAX {
                return Err(PriceError::TooLong { line });
            }
            bars.push(bar(line, content, &places, &scale, bars.last())?);
        }
        if bars.is_empty() {
            return Err(PriceError::Empty);
        }
        let steps = bars.windows(2).map(|pair| match pair {
            [a, b] => b.open_time.since(a.open_time),
            _ => Span::hours(1),
        });
        Ok(Self { span: steps.min().unwrap_or(Span::hours(1)), quote_decimals, bars })
    }

    /// The bars that open within a stretch of time, its end left out.
    #[must_use]
    pub fn between(&self, from: Timestamp, until: Timestamp) -> Self {
        let inside = |bar: &&Bar| bar.open_time >= from && bar.open_time < until;
        let bars = self.bars.iter().filter(inside).copied().collect();
        Self { span: self.span, quote_decimals: self.quote_decimals, bars }
    }
}

/// Decimals of a price and its allowed range at that scale.
struct Scale {
    decimals: u8,
    least: u128,
    most: u128,
}

impl Scale {
    fn new(quote_decimals: u8) -> Self {
        let decimals = price_decimals(quote_decimals);
        let bound = |text| parse_decimal(text, decimals);
        Self {
            decimals,
            least: bound(PRICE_RANGE.0).unwrap_or(1),
            most: bound(PRICE_RANGE.1).unwrap_or(u128::MAX),
        }
    }

    /// The price in a field, and where it stands.
    fn price(
        &self,
        (line, content): (usize, &str),
        (at, name): (usize, &'static str),
    ) -> Result<(Price, Place), PriceError> {
        let (text, place) = field(line, content, at, name)?;
        let atoms =
            parse_decimal(text, self.decimals).map_err(|fault| place.error(fault.into()))?;
        if !(self.least..=self.most).contains(&atoms) {
            return Err(place.error(Fault::PriceRange));
        }
        Ok((Price::new(atoms), place))
    }
}

/// Where columns of these names stand.
fn columns<const N: usize>(
    line: usize,
    header: &str,
    wanted: [&'static str; N],
) -> Result<[usize; N], PriceError> {
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(wanted) {
        let found = names.iter().position(|name| *name == column);
        *place = found.ok_or(PriceError::NoColumn { line, column })?;
    }
    Ok(places)
}

/// Reads one column of a file of closing prices, whose first one is `close_time_unix`: for sources that have
/// no more than that. Rules are those of [`Bars::parse`].
///
/// # Errors
/// The first [`PriceError`] in the order of the text.
pub fn closes(text: &str, column: &'static str, quote_decimals: u8) -> Result<Closes, PriceError> {
    if quote_decimals > QUOTE_DECIMALS_MAX {
        return Err(PriceError::Decimals { got: quote_decimals });
    }
    let scale = Scale::new(quote_decimals);
    let mut lines = lines(text);
    let (number, header) = lines.next().ok_or(PriceError::Empty)?;
    let [time_at, at] = columns(number, header, [CLOSED, column])?;
    let mut found: Closes = Vec::new();
    for (line, content) in lines {
        if found.len() == BARS_MAX {
            return Err(PriceError::TooLong { line });
        }
        let moment = moment((line, content), (time_at, CLOSED), found.last().map(|last| last.0))?;
        found.push((moment, scale.price((line, content), (at, column))?.0));
    }
    if found.is_empty() { Err(PriceError::Empty) } else { Ok(found) }
}

/// One field without its blanks, and where it begins.
fn field<'a>(
    line: usize,
    content: &'a str,
    at: usize,
    name: &'static str,
) -> Result<(&'a str, Place), PriceError> {
    match cells(content).nth(at) {
        Some(Ok(Cell { text, column })) => Ok((text, Place { line, column, name })),
        Some(Err(column)) => {
            let quote = DecimalError::NotADigit { got: '"' };
            Err(Place { line, column, name }.error(quote.into()))
        }
        None => {
            // Just behind the last character.
            let column = content.chars().count() + 1;
            Err(Place { line, column, name }.error(Fault::Missing))
        }
    }
}

/// A time later than the last one.
fn moment(
    (line, content): (usize, &str),
    (at, name): (usize, &'static str),
    last: Option<Timestamp>,
) -> Result<Timestamp, PriceError> {
    let (text, place) = field(line, content, at, name)?;
    let seconds = parse_decimal(text, 0).map_err(|fault| place.error(fault.into()))?;
    let seconds = u64::try_from(seconds).ok().filter(|s| u128::from(*s) <= LAST_SECOND);
    let seconds = seconds.ok_or(place.error(Fault::TimeRange))?;
    let found = Timestamp::from_ms(seconds * 1_000);
    if last.is_some_and(|last| found <= last) {
        return Err(place.error(Fault::Unordered));
    }
    Ok(found)
}

fn bar(
    line: usize,
    content: &str,
    places: &Places,
    scale: &Scale,
    last: Option<&Bar>,
) -> Result<Bar, PriceError> {
    let [time_at, open_at, high_at, low_at, close_at] = *places;
    let open_time =
        moment((line, content), (time_at, COLUMNS[0]), last.map(|last| last.open_time))?;
    let price = |at, name| scale.price((line, content), (at, name));
    let (open, open_place) = price(open_at, COLUMNS[1])?;
    let (high, high_place) = price(high_at, COLUMNS[2])?;
    let (low, _) = price(low_at, COLUMNS[3])?;
    let (close, close_place) = price(close_at, COLUMNS[4])?;
    if high < low {
        return Err(high_place.error(Fault::HighBelowLow));
    }
    for (price, place) in [(open, open_place), (close, close_place)] {
        if !(low..=high).contains(&price) {
            return Err(place.error(Fault::OutsideRange));
        }
    }
    Ok(Bar { open_time, open, high, low, close })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "open_time_unix,open,high,low,close\n";

    #[test]
    fn order_of_columns_and_noise_are_free() {
        let text = "\u{feff}# made up\r\nclose, volume,low,high,open,open_time_unix\r\n\r\n 2,x,1,3, 1.5 ,60\r\n";
        let bars = Bars::parse(text, 6).unwrap();
        let price = |micros: u128| Price::new(micros * 1_000_000_000);
        assert_eq!(
            bars.bars,
            [Bar {
                open_time: Timestamp::from_ms(60_000),
                open: price(1_500_000),
                high: price(3_000_000),
                low: price(1_000_000),
                close: price(2_000_000),
            }]
        );
    }

    #[test]
    fn closing_prices_are_one_column_of_a_file() {
        let text = "close_time_unix,a,b\n60,1.5,2\n\n120,3,4\n";
        let micros = |micros: u128| Price::new(micros * 1_000_000_000);
        let at = |seconds: u64| Timestamp::from_ms(seconds * 1_000);
        let want = [(at(60), micros(2_000_000)), (at(120), micros(4_000_000))];
        assert_eq!(closes(text, "b", 6).unwrap(), want);
        let field = |line, column, name, fault| PriceError::Field { line, column, name, fault };
        for (text, column, want) in [
            ("", "a", PriceError::Empty),
            ("close_time_unix,a\n", "a", PriceError::Empty),
            (text, "c", PriceError::NoColumn { line: 1, column: "c" }),
            ("time,a\n60,1\n", "a", PriceError::NoColumn { line: 1, column: CLOSED }),
            ("close_time_unix,a\n60,0\n", "a", field(2, 4, "a", Fault::PriceRange)),
            ("close_time_unix,a\n60\n", "a", field(2, 3, "a", Fault::Missing)),
            ("close_time_unix,a\n60,1\n60,1\n", "a", field(3, 1, CLOSED, Fault::Unordered)),
        ] {
            assert_eq!(closes(text, column, 6), Err(want), "{text:?}");
        }
        assert_eq!(closes(text, "a", 10), Err(PriceError::Decimals { got: 10 }));
    }

    #[test]
    fn junk_is_named_with_line_and_column() {
        let field = |line, column, name, fault| PriceError::Field { line, column, name, fault };
        let digit = |got| Fault::NotANumber(DecimalError::NotADigit { got });
        for (text, want) in [
            (String::new(), PriceError::Empty),
            (HEAD.to_owned(), PriceError::Empty),
            ("open,high\n".to_owned(), PriceError::NoColumn { line: 1, column: "open_time_unix" }),
            (
                "#\nopen_time_unix,open,high,close\n".to_owned(),
                PriceError::NoColumn { line: 2, column: "low" },
            ),
            (format!("{HEAD}60,2,3,1"), field(2, 9, "close", Fault::Missing)),
            (format!("{HEAD}60,2,x3,1,2"), field(2, 6, "high", digit('x'))),
            (format!("{HEAD}60,2,3,1,-2"), field(2, 10, "close", digit('-'))),
            (format!("{HEAD}60,2,3,1,1e3"), field(2, 10, "close", digit('e'))),
            (format!("{HEAD}60,NaN,3,1,2"), field(2, 4, "open", digit('N'))),
            (
                format!("{HEAD}60,,3,1,2"),
                field(2, 4, "open", Fault::NotANumber(DecimalError::Empty)),
            ),
            (format!("{HEAD}60,2,1,3,2"), field(2, 6, "high", Fault::HighBelowLow)),
            (format!("{HEAD}60,4,3,1,2"), field(2, 4, "open", Fault::OutsideRange)),
            (format!("{HEAD}60,2,3,1,0.5"), field(2, 10, "close", Fault::OutsideRange)),
            (format!("{HEAD}60,0,3,0,2"), field(2, 4, "open", Fault::PriceRange)),
            (format!("{HEAD}60,2,3000000000,1,2"), field(2, 6, "high", Fault::PriceRange)),
            (
                format!("{HEAD}60,2,3,1,2\n60,2,3,1,2"),
                field(3, 1, "open_time_unix", Fault::Unordered),
            ),
            (
                format!("{HEAD}60,2,3,1,2\n  59,2,3,1,2"),
                field(3, 3, "open_time_unix", Fault::Unordered),
            ),
            (
                format!("{HEAD}999999999999,2,3,1,2"),
                field(2, 1, "open_time_unix", Fault::TimeRange),
            ),
            (
                format!("{HEAD}60,1.0000000000000001,3,1,2"),
                field(
                    2,
                    4,
                    "open",
                    Fault::NotANumber(DecimalError::TooPrecise { got: 16, limit: 15 }),
                ),
            ),
        ] {
            assert_eq!(Bars::parse(&text, 6), Err(want), "{text:?}");
        }
        assert_eq!(Bars::parse(HEAD, 10), Err(PriceError::Decimals { got: 10 }));
        let error = Bars::parse(&format!("{HEAD}60,2,x3,1,2"), 6).unwrap_err().to_string();
        assert!(error.starts_with("line 2, column 6 (high): character 'x'"), "{error}");
    }
}
