//! Price files: bars of one market or several, or closes side by side.
//!
//! ```text
//!   open_time_unix,open,high,low,close[,volume…]           bars; or with `date` (a day) or `datetime_utc`
//!   date,symbol,open,high,low,close                        bars of several markets
//!   date,btc,eth,luna                                      closes; or with `close_time_unix` or `datetime_utc`
//! ```
//!
//! A `date` or `datetime_utc` is when a bar opens; `open_time_unix` too; `close_time_unix` is when it ends. A blank
//! close means that the market was not listed then, or that nobody traded.

use super::{
    error::{DataError, DataFault},
    history::{Candle, DataPage, PriceFile, Series},
    table::{Header, LINES_MAX, Row},
};
use crate::prices::Fault;
use backstop_units::{Hash, Span, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Columns that say when, and how.
const OPENS: [(&str, Moment); 3] =
    [("open_time_unix", Moment::Unix), ("date", Moment::Day), ("datetime_utc", Moment::Text)];
const CLOSES: &str = "close_time_unix";

/// The four prices of a bar.
const PRICES: [&str; 4] = ["open", "high", "low", "close"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Unix,
    Day,
    Text,
}

/// The column of times.
struct Clock {
    at: usize,
    kind: Moment,
    /// Whether it says when a bar ends.
    ends: bool,
}

impl Clock {
    fn find(header: &Header<'_>) -> Result<Self, DataError> {
        if let Some(at) = header.find(CLOSES) {
            return Ok(Self { at, kind: Moment::Unix, ends: true });
        }
        let open = OPENS.iter().find_map(|(name, kind)| Some((header.find(name)?, *kind)));
        let (at, kind) = open.ok_or_else(|| {
            header.lacks("of times: open_time_unix, close_time_unix, date or datetime_utc")
        })?;
        Ok(Self { at, kind, ends: false })
    }

    fn read(&self, row: &Row<'_, '_>) -> Result<Timestamp, DataError> {
        match self.kind {
            Moment::Unix => row.unix(self.at),
            Moment::Day => row.day(self.at),
            Moment::Text => row.moment(self.at),
        }
    }
}

/// A series as it is read, with the line of each bar for errors.
#[derive(Default)]
struct Draft {
    candles: Vec<Candle>,
    lines: Vec<usize>,
}

/// Distances in a row that are all longer than the step and alike: single holes never are, another bar length is.
#[derive(Default)]
struct Run {
    first: Option<(usize, Span)>,
    length: usize,
}

impl Run {
    /// So many are another bar length.
    const LONG: usize = 10;

    /// Counts one more distance; tells the line and the distance at which a long run began. Months are alike, too:
    /// an eighth is let pass.
    fn after(&mut self, distance: Span, line: usize, step: Span) -> Option<(usize, Span)> {
        let alike = |first: Span| distance.ms().abs_diff(first.ms()) <= first.ms() / 8;
        if distance <= step {
            *self = Self::default();
        } else if self.first.is_some_and(|(_, first)| alike(first)) {
            self.length += 1;
        } else {
            *self = Self { first: Some((line, distance)), length: 1 };
        }
        self.first.filter(|_| self.length >= Self::LONG)
    }
}

impl Draft {
    /// Adds a bar; its time is as the file has it.
    fn push(&mut self, row: &Row<'_, '_>, time: usize, candle: Candle) -> Result<(), DataError> {
        if let Some(last) = self.candles.last() {
            if candle.at == last.at {
                return Err(row.fault(time, DataFault::TimeTwice));
            }
            if candle.at < last.at {
                return Err(row.fault(time, DataFault::Unsorted));
            }
        }
        self.candles.push(candle);
        self.lines.push(row.line);
        Ok(())
    }

    /// The distance from bar to bar that is most frequent, the shortest of these.
    fn step(&self) -> Span {
        let mut numbers: BTreeMap<Span, usize> = BTreeMap::new();
        for pair in self.candles.windows(2) {
            if let [a, b] = pair {
                *numbers.entry(b.at.since(a.at)).or_default() += 1;
            }
        }
        let most = numbers.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        most.map_or(Span::ZERO, |(step, _)| *step)
    }

    /// Checks the grid and turns opening times into closing times.
    fn finish(
        mut self,
        header: &Header<'_>,
        clock: &Clock,
        (market, ranges): (&str, bool),
    ) -> Result<Series, DataError> {
        let name = header.names().nth(clock.at).map_or("time", |(_, name)| name);
        let refuse = |line, fault| Err(header.fault((line, 1), name, fault));
        if self.candles.len() < 2 {
            let fault = DataFault::TooShort { what: "bars", got: self.candles.len(), least: 2 };
            return refuse(self.lines.first().copied().unwrap_or(1), fault);
        }
        let step = self.step();
        let (mut missing, mut run) = (0, Run::default());
        for (pair, line) in self.candles.windows(2).zip(self.lines.iter().skip(1)) {
            let [a, b] = pair else { continue };
            let distance = b.at.since(a.at);
            missing += distance.times(step).saturating_sub(1);
            // More missing than there: a coarser file pasted to a finer one.
            let sparse = missing > u64::try_from(self.candles.len()).unwrap_or(u64::MAX);
            let other = !b.at.into_period(step).eq(&a.at.into_period(step)) || distance < step;
            if other || sparse {
                return refuse(*line, DataFault::Mixed { distance, step });
            }
            if let Some((line, distance)) = run.after(distance, *line, step) {
                return refuse(line, DataFault::Mixed { distance, step });
            }
        }
        if !clock.ends {
            for candle in &mut self.candles {
                candle.at = candle.at.plus(step);
            }
        }
        Ok(Series { market: market.to_owned(), step, ranges, candles: self.candles })
    }
}

/// Reads a price file. `market` names the market of a file of bars without symbols; `origin` is said in the report
/// where the file's own first comment lines say nothing.
///
/// # Errors
/// [`DataError`] with file, line and column: unsorted or duplicate times, mixed frequencies, prices at or below zero,
/// no numbers, a high below the low, missing columns and fields.
pub fn read_prices(
    file: &str,
    text: &str,
    (market, origin): (&str, &str),
) -> Result<PriceFile, DataError> {
    let (header, lines) = Header::read(file, text)?;
    let clock = Clock::find(&header)?;
    let bars = PRICES.iter().filter(|name| header.find(name).is_some()).count() >= 2;
    let series = if bars {
        read_bars(&header, lines, &clock, market)?
    } else {
        read_closes(&header, lines, &clock)?
    };
    if series.is_empty() {
        return Err(DataError::file(file, DataFault::Empty));
    }
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    let comments: Vec<&str> = comments.map(|line| line.trim_start_matches('#').trim()).collect();
    let said = comments.join(" ");
    let step = series.first().map_or(Span::ZERO, |series| series.step);
    if let Some(other) = series.iter().find(|one| one.step != step) {
        let fault = DataFault::Step { market: other.market.clone(), got: other.step, want: step };
        return Err(DataError::file(file, fault));
    }
    let page = DataPage {
        file: file.to_owned(),
        sha256: digest(text),
        origin: if said.is_empty() { origin.to_owned() } else { said },
        step: step.to_string(),
        markets: series.iter().map(Series::page).collect(),
        holes: series.iter().flat_map(Series::holes).collect(),
    };
    Ok(PriceFile { series, page })
}

/// SHA-256 of a text's bytes, in hex.
pub fn digest(text: &str) -> String {
    Hash::new(Sha256::digest(text).into()).to_string()
}

fn read_bars<'a>(
    header: &Header<'a>,
    lines: impl Iterator<Item = (usize, &'a str)>,
    clock: &Clock,
    market: &str,
) -> Result<Vec<Series>, DataError> {
    let mut places = [0; 4];
    for (place, name) in places.iter_mut().zip(PRICES) {
        *place = header.need(name)?;
    }
    let volume = header.find("volume").or(header.find("volume_usd"));
    let symbol = header.find("symbol");
    let mut drafts: Vec<(String, Draft)> = Vec::new();
    for (number, content) in lines.enumerate() {
        let row = header.row(content)?;
        if number == LINES_MAX {
            return Err(row.fault(0, DataFault::TooLong(LINES_MAX)));
        }
        let name = symbol.map_or(Ok(market), |at| row.filled(at))?;
        let candle = read_bar(&row, clock, (places, volume))?;
        let place = drafts.iter().position(|(known, _)| known == name);
        let place = place.unwrap_or_else(|| {
            drafts.push((name.to_owned(), Draft::default()));
            drafts.len() - 1
        });
        if let Some((_, draft)) = drafts.get_mut(place) {
            draft.push(&row, clock.at, candle)?;
        }
    }
    let finish = |(name, draft): (String, Draft)| draft.finish(header, clock, (&name, true));
    drafts.into_iter().map(finish).collect()
}

fn read_bar(
    row: &Row<'_, '_>,
    clock: &Clock,
    ([open_at, high_at, low_at, close_at], volume): ([usize; 4], Option<usize>),
) -> Result<Candle, DataError> {
    let at = clock.read(row)?;
    let (open, high) = (row.price(open_at)?, row.price(high_at)?);
    let (low, close) = (row.price(low_at)?, row.price(close_at)?);
    if high < low {
        return Err(row.fault(high_at, Fault::HighBelowLow.into()));
    }
    for (price, place) in [(open, open_at), (close, close_at)] {
        if !(low..=high).contains(&price) {
            return Err(row.fault(place, Fault::OutsideRange.into()));
        }
    }
    let traded = |at: usize| {
        let traded = row.number(at)?;
        let range = "volume is zero or above";
        let fault = DataFault::Range { got: traded, range };
        if traded < 0.0 { Err(row.fault(at, fault)) } else { Ok(traded) }
    };
    Ok(Candle { at, open, high, low, close, volume: volume.map(traded).transpose()? })
}

fn read_closes<'a>(
    header: &Header<'a>,
    lines: impl Iterator<Item = (usize, &'a str)>,
    clock: &Clock,
) -> Result<Vec<Series>, DataError> {
    let mut drafts: Vec<(usize, &str, Draft)> = Vec::new();
    for (at, name) in header.names().filter(|(at, _)| *at != clock.at) {
        if name.is_empty() {
            return Err(header.fault(header.at(at), "header", DataFault::Blank));
        }
        drafts.push((at, name, Draft::default()));
    }
    if drafts.is_empty() {
        return Err(header.lacks("of prices: open, high, low, close; or one for each market"));
    }
    let mut last = None;
    for (number, content) in lines.enumerate() {
        let row = header.row(content)?;
        if number == LINES_MAX {
            return Err(row.fault(0, DataFault::TooLong(LINES_MAX)));
        }
        let at = clock.read(&row)?;
        if last.is_some_and(|last| at <= last) {
            let fault = if last == Some(at) { DataFault::TimeTwice } else { DataFault::Unsorted };
            return Err(row.fault(clock.at, fault));
        }
        last = Some(at);
        for (place, _, draft) in &mut drafts {
            if row.text(*place)?.is_empty() {
                continue;
            }
            let close = row.price(*place)?;
            let candle = Candle { at, open: close, high: close, low: close, close, volume: None };
            draft.push(&row, clock.at, candle)?;
        }
    }
    if last.is_none() {
        return Err(DataError::file(header.file, DataFault::Empty));
    }
    let finish = |(at, name, draft): (usize, &str, Draft)| {
        if draft.candles.is_empty() {
            return Err(header.fault(header.at(at), name, DataFault::Blank));
        }
        draft.finish(header, clock, (name, false))
    };
    drafts.into_iter().map(finish).collect()
}
