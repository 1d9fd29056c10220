//! What became of accounts: who was liquidated within a day, for a model of it to learn from.
//!
//! ```text
//!   time,equity,maintenance,gross,volatility,concentration,volatile_collateral,funding,liquidated
//!   2025-10-09,1200.5,400,8000,0.035,1,0,0.0001,0
//! ```
//!
//! One line for each account at each moment, in the order of time; further columns, such as the account's name, are
//! ignored. What the numbers are is said at [`Account`]; the last three before `liquidated` may be left out, and then are
//! one, zero and zero. `liquidated` is 1 if the account was liquidated within the day after `time`, else 0.

use super::{
    error::{DataError, DataFault},
    positions::Source,
    table::{Header, LINES_MAX, Row as Line},
};
use crate::forecast::liquidation::{Account, Row};
use backstop_units::{Span, Timestamp};

/// The horizon of outcomes, in days.
pub const HORIZON: f64 = 1.0;

/// Rows of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    /// The file's name.
    pub file: String,
    /// Its rows, with days since 1970 as times.
    pub rows: Vec<Row>,
    /// The first and the last day.
    pub window: (String, String),
}

/// Reads a file of outcomes.
///
/// # Errors
/// [`DataError`] with file, line and column: no number, a number that no account can have, times that fall, an outcome that
/// is neither 0 nor 1, a missing column or field.
pub fn read_outcomes(source: Source<'_>) -> Result<Outcomes, DataError> {
    let (header, lines) = Header::read(source.file, source.text)?;
    let columns = Columns::find(&header)?;
    let (mut rows, mut last, mut first) = (Vec::new(), Timestamp::ZERO, None);
    for (number, content) in lines.enumerate() {
        let line = header.row(content)?;
        if number == LINES_MAX {
            return Err(line.fault(0, DataFault::TooLong(LINES_MAX)));
        }
        let at = line.time(columns.time)?;
        if at < last {
            return Err(line.fault(columns.time, DataFault::Falls));
        }
        first.get_or_insert(at);
        last = at;
        rows.push(columns.row(&line, at)?);
    }
    let first = first.ok_or_else(|| DataError::file(source.file, DataFault::Empty))?;
    let day = |at: Timestamp| at.to_string().chars().take(10).collect();
    Ok(Outcomes { file: source.file.to_owned(), rows, window: (day(first), day(last)) })
}

/// Where everything stands.
struct Columns {
    time: usize,
    equity: usize,
    maintenance: usize,
    gross: usize,
    volatility: usize,
    concentration: Option<usize>,
    volatile_collateral: Option<usize>,
    funding: Option<usize>,
    liquidated: usize,
}

impl Columns {
    fn find(header: &Header<'_>) -> Result<Self, DataError> {
        Ok(Self {
            time: header.need("time")?,
            equity: header.need("equity")?,
            maintenance: header.need("maintenance")?,
            gross: header.need("gross")?,
            volatility: header.need("volatility")?,
            concentration: header.find("concentration"),
            volatile_collateral: header.find("volatile_collateral"),
            funding: header.find("funding"),
            liquidated: header.need("liquidated")?,
        })
    }

    fn row(&self, line: &Line<'_, '_>, at: Timestamp) -> Result<Row, DataError> {
        let any = |column: usize| within(line, column, (f64::INFINITY, "at or above 0"));
        let share = |column: Option<usize>, other: f64| {
            column.map_or(Ok(other), |column| within(line, column, (1.0, "from 0 to 1")))
        };
        let account = Account {
            equity: line.number(self.equity)?,
            maintenance: any(self.maintenance)?,
            gross: any(self.gross)?,
            volatility: any(self.volatility)?,
            concentration: share(self.concentration, 1.0)?,
            volatile_collateral: share(self.volatile_collateral, 0.0)?,
            funding: self.funding.map_or(Ok(0.0), |column| line.number(column))?,
        };
        let features = account.features(HORIZON);
        let features = features
            .map_err(|error| line.fault(self.time, DataFault::NoAccount(error.to_string())))?;
        let liquidated = match line.filled(self.liquidated)? {
            "0" => false,
            "1" => true,
            text => {
                let fault = DataFault::Outcome(text.to_owned());
                return Err(line.fault(self.liquidated, fault));
            }
        };
        Ok(Row { time: at.ms() / Span::days(1).ms(), features, liquidated })
    }
}

/// A number from zero to `most`.
fn within(
    line: &Line<'_, '_>,
    column: usize,
    (most, range): (f64, &'static str),
) -> Result<f64, DataError> {
    let got = line.number(column)?;
    if (0.0..=most).contains(&got) {
        return Ok(got);
    }
    Err(line.fault(column, DataFault::Range { got, range }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Outcomes, String> {
        read_outcomes(Source { file: "o.csv", text }).map_err(|error| error.to_string())
    }

    const HEAD: &str =
        "account,time,equity,maintenance,gross,volatility,concentration,liquidated\n";

    #[test]
    fn rows_carry_the_features_of_their_accounts() {
        let text =
            format!("{HEAD}a,2025-10-09,1000,400,6000,0.05,0.5,1\nb,1760140800,9,1,0,0,1,0\n");
        let found = read(&text).unwrap();
        assert_eq!(found.window, ("2025-10-09".to_owned(), "2025-10-11".to_owned()));
        let row = &found.rows[0];
        assert_eq!((row.time, row.liquidated), (20_370, true));
        // Six hundred above maintenance, three hundred a deviation.
        assert!((row.features[1] - 2.0).abs() < 1e-12 && (row.features[3] - 0.5).abs() < 1e-12);
        assert!((row.features[2] - 7.0_f64.ln()).abs() < 1e-12);
        assert_eq!((found.rows[1].time, found.rows[1].liquidated), (20_372, false));
    }

    #[test]
    fn what_can_not_be_is_named_by_its_place() {
        let first = "a,2025-10-09,1000,400,6000,0.05,0.5,1";
        for (text, want) in [
            ("b,2025-10-08,1,1,1,1,1,0", "line 3, column 3 (time): "),
            ("b,2025-10-10,1,1,1,1,1,yes", "line 3, column 24 (liquidated): \"yes\""),
            (
                "b,2025-10-10,1,1,1,1,1.5,0",
                "line 3, column 22 (concentration): 1.5 is out of range",
            ),
            ("b,2025-10-10,1,-1,1,1,1,0", "line 3, column 16 (maintenance): -1 is out of range"),
            ("b,2025-10-10,1,1,1,nan,1,0", "line 3, column 20 (volatility): \"nan\" is no number"),
            ("b,2025-10-10,1,1,1,1,1,", "line 3, column 24 (liquidated): the field is empty"),
        ] {
            let got = read(&format!("{HEAD}{first}\n{text}\n")).unwrap_err();
            assert!(got.starts_with(&format!("o.csv, {want}")), "{got}");
        }
        assert!(read(HEAD).unwrap_err().contains("nothing to read"));
        assert!(read("time,equity\n1,2\n").unwrap_err().contains("maintenance"));
    }
}
