//! What is wrong with a file: which one, where in it, and what to do.

use crate::{float::shown, prices::Fault};

/// A position of this notional, in words.
fn position(notional: f64) -> String {
    if notional.is_finite() {
        format!("a position of {}", shown(notional))
    } else {
        "any large position".to_owned()
    }
}
use backstop_units::{DecimalError, Span};
use core::fmt;

/// A refused file.
#[derive(Clone, Debug, PartialEq)]
pub struct DataError(Box<Refusal>);

/// What is refused, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The file's name.
    pub file: String,
    /// Where in it; none: the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub fault: DataFault,
}

/// A field of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from one.
    pub line: usize,
    /// First character of the field, counted from one.
    pub column: usize,
    /// The field's name.
    pub name: String,
}

/// Line and column of a byte of a text, counted from one.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

impl DataError {
    /// A file is wrong at a place.
    pub fn field(file: &str, place: Place, fault: DataFault) -> Self {
        Self(Box::new(Refusal { file: file.to_owned(), place: Some(place), fault }))
    }

    /// A file as a whole is wrong.
    pub fn file(file: &str, fault: DataFault) -> Self {
        Self(Box::new(Refusal { file: file.to_owned(), place: None, fault }))
    }

    /// What is refused, and where it stands.
    pub const fn refusal(&self) -> &Refusal {
        &self.0
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { file, place, fault } = self.refusal();
        match place {
            Some(Place { line, column, name }) => {
                write!(f, "{file}, line {line}, column {column} ({name}): {fault}")
            }
            None => write!(f, "{file}: {fault}"),
        }
    }
}

impl std::error::Error for DataError {}

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DataFault {
    /// What the price files of the venue refuse too.
    #[error(transparent)]
    Bar(#[from] Fault),
    /// Nothing to read.
    #[error("nothing to read: the file needs a header and at least one line")]
    Empty,
    /// The header lacks a column.
    #[error("the header has no column {0}")]
    NoColumn(String),
    /// The header names a column twice.
    #[error("the header names this column twice: rename or remove one")]
    ColumnTwice,
    /// Columns are told apart by commas.
    #[error("fields are separated by commas: write the file with commas")]
    Separator,
    /// A line with more fields than the header.
    #[error("the header has {header} columns, this field is one more: remove it or name it")]
    TooManyFields {
        /// Columns of the header.
        header: usize,
    },
    /// A quote that does not end, or stands inside a field.
    #[error("a quote is open or doubled: write the field without quotes")]
    Quote,
    /// A field that must not be empty is.
    #[error("the field is empty: fill it in, or remove the line")]
    Blank,
    /// No number.
    #[error("{0:?} is no number: write digits with one point, such as 12.5")]
    NotANumber(String),
    /// A number that is infinite, or no double can hold.
    #[error("{0:?} is not finite: write a number")]
    NotFinite(String),
    /// A price at or below zero.
    #[error("a price of {0}: prices are above zero; remove the line if there was no trade")]
    PriceNotPositive(f64),
    /// A number outside its range.
    #[error("{} is out of range: {range}", shown(*.got))]
    Range {
        /// What it is.
        got: f64,
        /// Where it must lie.
        range: &'static str,
    },
    /// No amount of money.
    #[error(transparent)]
    Amount(#[from] DecimalError),
    /// No day.
    #[error("{0:?} is no day: write it as 2025-10-10")]
    Day(String),
    /// No moment.
    #[error("{0:?} is no time: write whole seconds since 1970, or 2025-10-10 21:00:00 in UTC")]
    Time(String),
    /// A moment past the year 9999: in other units than seconds, as a rule.
    #[error(
        "{text} is past the year 9999 as seconds since 1970: divide by {by}, if it is in {unit}"
    )]
    NotSeconds {
        /// What it is.
        text: String,
        /// What makes seconds of it.
        by: u64,
        /// What it may be in.
        unit: &'static str,
    },
    /// Lines that end in a carriage return alone.
    #[error(
        "lines end in CR alone, so all of it is one line: save the file with line ends LF or CR LF"
    )]
    BareReturn,
    /// Initial margin below maintenance margin.
    #[error(
        "initial margin of {} is below the maintenance margin of {} on {}: raise initial, or give initial_tiers",
        shown(*.initial),
        shown(*.maintenance),
        position(*.notional)
    )]
    Initial {
        /// Part of the notional.
        initial: f64,
        /// The same.
        maintenance: f64,
        /// At which notional; infinite: of any large one.
        notional: f64,
    },
    /// A time that was there before.
    #[error("this time is there twice: keep one line of each time (and symbol)")]
    TimeTwice,
    /// A time before the last one.
    #[error("times must rise from line to line: sort the file by time (each symbol by itself)")]
    Unsorted,
    /// A time before that of the line above.
    #[error("times must not fall from line to line: sort the file by time")]
    Falls,
    /// An outcome that is none.
    #[error("{0:?} is no outcome: 1 for an account that was liquidated within a day, else 0")]
    Outcome(String),
    /// Numbers that no account has.
    #[error("no account is like that: {0}")]
    NoAccount(String),
    /// Times that lie on no common grid.
    #[error(
        "mixed frequencies: {distance} after the line before, with a step of {step}; keep one bar length in a file"
    )]
    Mixed {
        /// To the line before.
        distance: Span,
        /// The file's step.
        step: Span,
    },
    /// Times of two markets that lie on different grids.
    #[error("market {market} has a step of {got}, the history has {want}: resample one of them")]
    Step {
        /// Which market.
        market: String,
        /// Its step.
        got: Span,
        /// Everybody else's.
        want: Span,
    },
    /// Too little to take a return of.
    #[error("{got} {what}, at least {least} are needed: give a longer history")]
    TooShort {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many are needed.
        least: usize,
    },
    /// Markets that never trade at the same time.
    #[error("markets {0} and {1} have no time in common: give overlapping files, or leave one out")]
    Disjoint(String, String),
    /// A name that is there twice.
    #[error("{what} {name:?} is there twice: {hint}")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// A name that nothing has.
    #[error("unknown {what} {name:?}: {hint}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// A setting that is missing and has no default.
    #[error("{what} has no {missing}: {hint}")]
    Lacks {
        /// What kind of thing, with its name.
        what: String,
        /// What it lacks.
        missing: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// Both of two fields that exclude each other, or neither.
    #[error("give either {0} or {1}, and not both")]
    Either(&'static str, &'static str),
    /// A settings file that does not parse.
    #[error("{0}")]
    Toml(String),
    /// More lines than are read.
    #[error("more than {0} lines are not read: split the file")]
    TooLong(usize),
}
