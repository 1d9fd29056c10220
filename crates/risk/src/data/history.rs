//! Prices of several markets over time, and where they came from.

use super::error::{DataError, DataFault};
use backstop_units::{Span, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// One bar. **Invariant** all prices are finite and above zero, `low ≤ open, close ≤ high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// When it ends.
    pub at: Timestamp,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// What was traded, in the file's own unit; none where the file has no such column.
    pub volume: Option<f64>,
}

/// Bars of one market in rising order of time. **Invariant** distances are whole multiples of the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name, as the file has it.
    pub market: String,
    /// Time from bar to bar.
    pub step: Span,
    /// Whether the file gave opens, highs and lows; else they equal the close.
    pub ranges: bool,
    /// At least two.
    pub candles: Vec<Candle>,
}

/// Bars that are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Of which market.
    pub market: String,
    /// End of the last bar before it, `YYYY-MM-DDThh:mm:ssZ`.
    pub from: String,
    /// End of the first bar after it.
    pub to: String,
    /// How many bars are missing.
    pub bars: u64,
}

/// One market of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarketPage {
    /// Its name.
    pub market: String,
    /// End of its first bar.
    pub from: String,
    /// End of its last bar.
    pub to: String,
    /// Bars.
    pub bars: usize,
}

/// What a report says about a price file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataPage {
    /// The file's name.
    pub file: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Where it comes from: what its comment lines say, or what the caller knows.
    pub origin: String,
    /// Time from bar to bar, such as `1d`.
    pub step: String,
    /// Its markets, in the order of the file.
    pub markets: Vec<MarketPage>,
    /// Missing bars, market by market.
    pub holes: Vec<Hole>,
}

/// What one file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceFile {
    /// Its markets.
    pub series: Vec<Series>,
    /// For the report.
    pub page: DataPage,
}

/// Prices of several markets. **Invariant** one step for all, no market twice.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    step: Span,
    series: Vec<Series>,
    pages: Vec<DataPage>,
}

/// Bars of several markets at the same times. **Invariant** every market has a bar at every time.
#[derive(Clone, Debug, PartialEq)]
pub struct Aligned {
    /// Their names, in the order asked for.
    pub markets: Vec<String>,
    /// Ends of the bars, rising.
    pub times: Vec<Timestamp>,
    /// Time from bar to bar.
    pub step: Span,
    /// Market by market, a bar for each time.
    pub candles: Vec<Vec<Candle>>,
}

/// How a return is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `ln(price ÷ price before)`.
    Log,
    /// `price ÷ price before − 1`.
    Simple,
}

impl Series {
    /// The market's last close.
    pub fn last(&self) -> f64 {
        self.candles.last().map_or(f64::NAN, |candle| candle.close)
    }

    /// Stretches without bars.
    pub fn holes(&self) -> Vec<Hole> {
        let hole = |pair: &[Candle]| match pair {
            [a, b] if b.at.since(a.at) > self.step => Some(Hole {
                market: self.market.clone(),
                from: a.at.to_string(),
                to: b.at.to_string(),
                bars: b.at.since(a.at).times(self.step).saturating_sub(1),
            }),
            _ => None,
        };
        self.candles.windows(2).filter_map(hole).collect()
    }

    /// The bar whose high or low is furthest from the close before it: when it ends, and that move as a part of the
    /// close. Not over a hole; none without a bar after another.
    pub fn furthest(&self) -> Option<(Timestamp, f64)> {
        let moved = |pair: &[Candle]| match pair {
            [a, b] if b.at.since(a.at) == self.step => {
                let ratios = [b.high / a.close, b.low / a.close];
                let far = |ratio: &f64| libm::log(*ratio).abs();
                let ratio = ratios.into_iter().max_by(|a, b| far(a).total_cmp(&far(b)))?;
                Some((b.at, ratio, far(&ratio)))
            }
            _ => None,
        };
        let all = self.candles.windows(2).filter_map(moved);
        all.max_by(|a, b| a.2.total_cmp(&b.2)).map(|(at, ratio, _)| (at, ratio - 1.0))
    }

    pub(super) fn page(&self) -> MarketPage {
        let at = |candle: Option<&Candle>| candle.map_or_else(String::new, |c| c.at.to_string());
        MarketPage {
            market: self.market.clone(),
            from: at(self.candles.first()),
            to: at(self.candles.last()),
            bars: self.candles.len(),
        }
    }
}

impl History {
    /// Joins files.
    ///
    /// # Errors
    /// [`DataFault::Twice`] for a market that two files have, [`DataFault::Step`] for files of different steps, both
    /// by the later file's name; [`DataFault::Empty`] without a file.
    pub fn join(files: Vec<PriceFile>) -> Result<Self, DataError> {
        let mut all = Self { step: Span::ZERO, series: Vec::new(), pages: Vec::new() };
        for file in files {
            let refuse = |fault| Err(DataError::file(&file.page.file, fault));
            for series in file.series {
                if all.series.iter().any(|known| known.market == series.market) {
                    let hint = "leave one of the files or columns out";
                    return refuse(DataFault::Twice { what: "market", name: series.market, hint });
                }
                if !all.series.is_empty() && series.step != all.step {
                    let (market, got, want) = (series.market, series.step, all.step);
                    return refuse(DataFault::Step { market, got, want });
                }
                all.step = series.step;
                all.series.push(series);
            }
            all.pages.push(file.page);
        }
        if all.series.is_empty() {
            return Err(DataError::file("price history", DataFault::Empty));
        }
        Ok(all)
    }

    /// Time from bar to bar.
    pub const fn step(&self) -> Span {
        self.step
    }

    /// Its markets, in the order of the files.
    pub fn markets(&self) -> impl Iterator<Item = &str> {
        self.series.iter().map(|series| series.market.as_str())
    }

    /// All bars of all markets, in the order of the files.
    pub fn all(&self) -> &[Series] {
        &self.series
    }

    /// All bars of a market.
    pub fn series(&self, market: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.market == market)
    }

    /// What the report says about the files.
    pub fn pages(&self) -> &[DataPage] {
        &self.pages
    }

    /// The times at which all of these markets have bars. Without names: all markets.
    ///
    /// # Errors
    /// [`DataFault::Unknown`] for a market without prices, [`DataFault::Disjoint`] or [`DataFault::TooShort`] when
    /// fewer than two times are left.
    pub fn aligned(&self, markets: &[&str]) -> Result<Aligned, DataError> {
        let refuse = |fault| DataError::file("price history", fault);
        let all: Vec<&str> =
            if markets.is_empty() { self.markets().collect() } else { markets.to_vec() };
        let mut found: Vec<&Series> = Vec::with_capacity(all.len());
        for market in &all {
            let hint = "add its price file, or name the column that has its prices";
            let name = (*market).to_owned();
            let unknown = || refuse(DataFault::Unknown { what: "price history of", name, hint });
            found.push(self.series(market).ok_or_else(unknown)?);
        }
        let mut seen: BTreeMap<Timestamp, usize> = BTreeMap::new();
        for (place, series) in found.iter().enumerate() {
            for candle in &series.candles {
                let so_far = seen.entry(candle.at).or_default();
                if *so_far == place {
                    *so_far += 1;
                }
            }
            if !seen.values().any(|number| *number == place + 1) {
                let first = found.first().map_or_else(String::new, |s| s.market.clone());
                return Err(refuse(DataFault::Disjoint(first, series.market.clone())));
            }
        }
        let shared = |at: &Timestamp| seen.get(at) == Some(&found.len());
        let times: Vec<Timestamp> = seen.keys().copied().filter(shared).collect();
        if times.len() < 2 {
            let what = "times that all markets share";
            return Err(refuse(DataFault::TooShort { what, got: times.len(), least: 2 }));
        }
        let inner = |series: &&Series| {
            series.candles.iter().copied().filter(|candle| shared(&candle.at)).collect()
        };
        let candles = found.iter().map(inner).collect();
        let markets = all.into_iter().map(str::to_owned).collect();
        Ok(Aligned { markets, times, step: self.step, candles })
    }
}

impl Aligned {
    /// The place of a market.
    pub fn place(&self, market: &str) -> Option<usize> {
        self.markets.iter().position(|name| name == market)
    }

    /// Closes of one market, one for each time.
    pub fn closes(&self, market: usize) -> Vec<f64> {
        let candles = self.candles.get(market).map(Vec::as_slice).unwrap_or_default();
        candles.iter().map(|candle| candle.close).collect()
    }

    /// Places of the times whose bar before is just one step earlier: those that have a return. Over a hole there is
    /// none.
    pub fn followers(&self) -> Vec<usize> {
        let next = |(at, pair): (usize, &[Timestamp])| match pair {
            [a, b] if b.since(*a) == self.step => Some(at + 1),
            _ => None,
        };
        self.times.windows(2).enumerate().filter_map(next).collect()
    }

    /// Returns of one market, one for each of [`Self::followers`].
    pub fn returns(&self, market: usize, kind: Return) -> Vec<f64> {
        let closes = self.closes(market);
        let of = |at: usize| {
            let (now, before) = (closes.get(at)?, closes.get(at.checked_sub(1)?)?);
            Some(match kind {
                Return::Log => libm::log(now / before),
                Return::Simple => now / before - 1.0,
            })
        };
        self.followers().into_iter().filter_map(of).collect()
    }

    /// Stretches without a time, at which one market or several had no bar.
    pub fn holes(&self) -> Vec<Hole> {
        let hole = |pair: &[Timestamp]| match pair {
            [a, b] if b.since(*a) > self.step => Some(Hole {
                market: "all together".to_owned(),
                from: a.to_string(),
                to: b.to_string(),
                bars: b.since(*a).times(self.step).saturating_sub(1),
            }),
            _ => None,
        };
        self.times.windows(2).filter_map(hole).collect()
    }
}
