//! The period of a report, out of what was asked for and what the ledger has.

use crate::{args::ReportArgs, exit::Failure};
use backstop_export::report::Period;
use backstop_units::Timestamp;

/// Years whose months can be named.
const YEARS: std::ops::RangeInclusive<u32> = 1970..=9998;

/// The period asked for; without any, the last full month of the ledger's clock.
///
/// # Errors
/// [`Failure::Input`] for what is no time, an empty period, and one of which the ledger knows nothing.
pub(super) fn of(args: &ReportArgs, began: Timestamp, clock: Timestamp) -> Result<Period, Failure> {
    let period = match (&args.month, &args.from, &args.until) {
        (Some(month), ..) => month_of(month)?,
        (None, Some(from), Some(until)) => {
            Period { from: moment("--from", from)?, until: moment("--until", until)? }
        }
        _ => last_full(began, clock)?,
    };
    if period.from >= period.until {
        let (from, until) = (period.from, period.until);
        return Err(Failure::Input(format!(
            "the period is empty: it begins at {from} and ends at {until}\n\nhint: --until names the first moment after it"
        )));
    }
    if period.from > clock {
        return Err(Failure::Input(format!(
            "the ledger does not go so far: the period begins at {}, the last record is of {clock}\n\n\
             hint: ask for {} or an earlier month",
            period.from,
            name(clock)
        )));
    }
    if period.until <= began {
        return Err(Failure::Input(format!(
            "the ledger had not begun: the period ends at {}, the first record is of {began}\n\n\
             hint: ask for {} or a later month",
            period.until,
            name(began)
        )));
    }
    Ok(period)
}

/// The last month that was over by the ledger's clock, if the ledger was there in it.
fn last_full(began: Timestamp, clock: Timestamp) -> Result<Period, Failure> {
    let (year, month) = year_and_month(clock);
    let last = if month == 1 { (year.saturating_sub(1), 12) } else { (year, month - 1) };
    match whole(last) {
        Some(period) if period.until > began => Ok(period),
        _ => Err(Failure::Input(format!(
            "no month is full yet: the ledger began at {began}, its last record is of {clock}\n\n\
             hint: `--month {}` takes the month so far",
            name(clock)
        ))),
    }
}

fn month_of(text: &str) -> Result<Period, Failure> {
    let wrong = || {
        Failure::Input(format!(
            "`--month {text}` is no month: write the year and two digits, such as 2026-10, from {} to {}",
            YEARS.start(),
            YEARS.end()
        ))
    };
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    let digits = |text: &str, length| {
        let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<u32>().ok()).flatten().ok_or_else(wrong)
    };
    let (year, month) = (digits(year, 4)?, digits(month, 2)?);
    if !YEARS.contains(&year) || !(1..=12).contains(&month) {
        return Err(wrong());
    }
    whole((year, month)).ok_or_else(wrong)
}

/// From the first moment of a month to that of the next.
fn whole((year, month): (u32, u32)) -> Option<Period> {
    let first =
        |year: u32, month: u32| Timestamp::parse(&format!("{year:04}-{month:02}-01T00:00:00Z"));
    let after = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Some(Period { from: first(year, month).ok()?, until: first(after.0, after.1).ok()? })
}

fn moment(flag: &str, text: &str) -> Result<Timestamp, Failure> {
    let day = format!("{text}T00:00:00Z");
    let read = Timestamp::parse(text).or_else(|error| Timestamp::parse(&day).map_err(|_| error));
    read.map_err(|error| {
        Failure::Input(format!("`{flag} {text}`: {error}, or a day as 2025-10-10"))
    })
}

/// Year and month of a moment.
fn year_and_month(at: Timestamp) -> (u32, u32) {
    let text = at.to_string();
    let mut parts = text.split('-').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// The month of a moment, as `--month` takes it.
fn name(at: Timestamp) -> String {
    let (year, month) = year_and_month(at);
    format!("{year:04}-{month:02}")
}
