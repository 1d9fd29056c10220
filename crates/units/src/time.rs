//! Moments and spans in whole milliseconds, read and printed without floats or a clock.

use alloc::{format, string::String};
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Timestamp(u64);

/// A length of time in milliseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Span(u64);

/// Why a text is no moment or span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339 in UTC.
    #[error("not a time: write it as 2025-10-10T21:00:00Z, with milliseconds if need be")]
    Moment,
    /// Not a number with a unit.
    #[error("not a span: write a whole number with ms, s, m, h or d, such as 13d")]
    Span,
}

const DAY_MS: u64 = 86_400_000;
/// Units in which a span is written, largest first.
const UNITS: [(&str, u64); 5] =
    [("d", DAY_MS), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Timestamp {
    /// The beginning of time.
    pub const ZERO: Self = Self(0);
    /// The end of time: a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// Wraps milliseconds since 1970.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }
    /// Milliseconds since 1970.
    pub const fn ms(self) -> u64 {
        self.0
    }
    /// This moment and a span; stays at the end of time.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
    /// This moment less a span; stays at the beginning of time.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
    /// The span from `earlier` to here, zero when it is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// How long after the last multiple of `period` since 1970; no time for no period.
    pub fn into_period(self, period: Span) -> Span {
        Span(self.0.checked_rem(period.0).unwrap_or(0))
    }
    /// Reads RFC 3339 in UTC: `2025-10-10T21:00:00Z` or `…00.250Z`. RFC 3339 ends with the year 9999;
    /// a later year has as many digits as it needs, so whatever is printed reads back, and
    /// [`MAX`](Self::MAX) is the last text that does.
    ///
    /// # Errors
    /// [`TimeError::Moment`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        parse_moment(text).map(Self).ok_or(TimeError::Moment)
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// Wraps milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }
    /// Whole days; stays at the end of the range.
    pub const fn days(days: u64) -> Self {
        Self(days.saturating_mul(DAY_MS))
    }
    /// Whole hours; stays at the end of the range.
    pub const fn hours(hours: u64) -> Self {
        Self(hours.saturating_mul(3_600_000))
    }
    /// Milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }
    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// Sum; stays at the end of the range.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    /// Difference, or no time.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    /// How often `part` fits into it, rounded down; never for no time.
    pub fn times(self, part: Self) -> u64 {
        self.0.checked_div(part.0).unwrap_or(0)
    }
    /// Reads `13d`, `8h`, `90s`, `250ms`.
    ///
    /// # Errors
    /// [`TimeError::Span`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or(TimeError::Span)?;
        let (count, unit) = text.split_at_checked(end).ok_or(TimeError::Span)?;
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(TimeError::Span)?;
        let count: u64 = count.parse().map_err(|_| TimeError::Span)?;
        count.checked_mul(*ms).map(Self).ok_or(TimeError::Span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |ms: u64| self.0.checked_rem(ms) == Some(0);
        let (name, ms) = UNITS.iter().find(|(_, ms)| fits(*ms)).copied().unwrap_or(("ms", 1));
        if self.0 == 0 {
            return f.write_str("0s");
        }
        write!(f, "{}{name}", self.0.checked_div(ms).unwrap_or(self.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, in_day) = div_rem(self.0, DAY_MS);
        let (year, month, day) = civil_from_days(days);
        let (hours, rest) = div_rem(in_day, 3_600_000);
        let (minutes, rest) = div_rem(rest, 60_000);
        let (seconds, ms) = div_rem(rest, 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}")?;
        if ms > 0 {
            write!(f, ".{ms:03}")?;
        }
        f.write_str("Z")
    }
}

fn div_rem(a: u64, d: u64) -> (u64, u64) {
    (a.checked_div(d).unwrap_or(0), a.checked_rem(d).unwrap_or(0))
}

/// Gregorian date of a day count since 1970-01-01 (Hinnant's civil-from-days, eras of 400 years
/// that begin on March 1).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let (era, day_of_era) = div_rem(days.saturating_add(719_468), 146_097);
    let leap = |n| div_rem(day_of_era, n).0;
    let year_days = day_of_era
        .saturating_sub(leap(1_460))
        .saturating_add(leap(36_524))
        .saturating_sub(leap(146_096));
    let year_of_era = div_rem(year_days, 365).0;
    let before = days_before_year(year_of_era);
    let day_of_year = day_of_era.saturating_sub(before);
    let shifted = div_rem(day_of_year.saturating_mul(5).saturating_add(2), 153).0;
    let month_start = div_rem(shifted.saturating_mul(153).saturating_add(2), 5).0;
    let day = day_of_year.saturating_sub(month_start).saturating_add(1);
    let month = if shifted < 10 { shifted.saturating_add(3) } else { shifted.saturating_sub(9) };
    let year =
        year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(u64::from(month <= 2));
    (year, month, day)
}

/// Days of an era before its year `year_of_era`.
fn days_before_year(year_of_era: u64) -> u64 {
    let leap = |n| div_rem(year_of_era, n).0;
    year_of_era.saturating_mul(365).saturating_add(leap(4)).saturating_sub(leap(100))
}

/// Day count since 1970-01-01 of a date, `None` before it.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, year_of_era) = div_rem(year, 400);
    let shifted = if month > 2 { month.checked_sub(3)? } else { month.checked_add(9)? };
    let month_start = div_rem(shifted.saturating_mul(153).saturating_add(2), 5).0;
    let day_of_year = month_start.checked_add(day)?.checked_sub(1)?;
    era.checked_mul(146_097)?
        .checked_add(days_before_year(year_of_era))?
        .checked_add(day_of_year)?
        .checked_sub(719_468)
}

fn parse_moment(text: &str) -> Option<u64> {
    let number = |text: &str, from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    // A year has four digits or more; everything behind it has its place.
    let (year, rest) = text.split_at_checked(text.find('-')?)?;
    let [year, month, day] =
        [number(year, 0, year.len())?, number(rest, 1, 3)?, number(rest, 4, 6)?];
    let [hours, minutes, seconds] =
        [number(rest, 7, 9)?, number(rest, 10, 12)?, number(rest, 13, 15)?];
    let ms = match rest.len() {
        16 => 0,
        20 => number(rest, 16, 19)?,
        _ => return None,
    };
    let ms = hours
        .checked_mul(3_600_000)?
        .checked_add(minutes.checked_mul(60_000)?)?
        .checked_add(seconds.checked_mul(1_000)?)?
        .checked_add(ms)?;
    let moment = days_from_civil(year, month, day)?.checked_mul(DAY_MS)?.checked_add(ms)?;
    // Printing again catches a 31st of June, an hour 24, a year 02025 and stray separators in one
    // comparison. Only a spelled-out `.000` is read and never printed.
    let printed = format!("{}", Timestamp(moment));
    let short = text.strip_suffix(".000Z").zip(printed.strip_suffix('Z'));
    (printed == text || short.is_some_and(|(text, printed)| text == printed)).then_some(moment)
}

macro_rules! serde_as_text {
    ($name:ident, $parse:expr, $what:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_text!(Timestamp, Timestamp::parse, "a time");
serde_as_text!(Span, Span::parse, "a span");

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn moments_read_back() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799_000),
            ("2025-10-10T21:00:00Z", 1_760_130_000_000),
            ("2025-10-10T21:00:00.250Z", 1_760_130_000_250),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("10000-01-01T00:00:00Z", 253_402_300_800_000),
            ("584556019-04-03T14:25:51.615Z", u64::MAX),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp::from_ms(ms)), "{text}");
            assert_eq!(Timestamp::from_ms(ms).to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("2025-10-10T21:00:00.000Z"),
            Timestamp::parse("2025-10-10T21:00:00Z")
        );
        for wrong in [
            "",
            "2025-10-10",
            "2025-06-31T00:00:00Z",
            "2025-10-10T24:00:00Z",
            "2025-10-10 21:00:00Z",
            "1969-12-31T23:59:59Z",
            "2025-10-10T21:00:00+02:00",
            "2100-02-29T00:00:00Z",
            "02025-10-10T21:00:00Z",
            "+2025-10-10T21:00:00Z",
            "-2025-10-10T21:00:00Z",
            "2025-10-10T21:00:00.000",
            "2025-10-10T21:00:00.0000Z",
            "584556019-04-03T14:25:51.616Z",
            "99999999999999999999-01-01T00:00:00Z",
        ] {
            assert!(Timestamp::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_read_back() {
        for (text, ms) in
            [("13d", 13 * DAY_MS), ("36h", 129_600_000), ("90s", 90_000), ("1ms", 1), ("0s", 0)]
        {
            assert_eq!(Span::parse(text), Ok(Span::from_ms(ms)), "{text}");
            assert_eq!(Span::from_ms(ms).to_string(), text);
        }
        for wrong in ["", "13", "d", "1.5h", "-1s", "1w", "99999999999999999999d"] {
            assert!(Span::parse(wrong).is_err(), "{wrong}");
        }
    }
}
