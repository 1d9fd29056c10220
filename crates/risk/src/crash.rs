//! The crashes that ship with Backstop: real prices of one market or of several, cut to the days
//! around each. Origin and licence of each file stand in `data/README.md`.

use crate::prices::{Bars, PriceError};
use backstop_units::{Label, Span, Timestamp};

/// Prices of one market of the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The market's name in the ledger.
    pub market: Label,
    /// Its bars. Feeds of one run may have bars of different lengths.
    pub bars: Bars,
}

impl Feed {
    /// When the first bar opens.
    pub fn begins(&self) -> Timestamp {
        self.bars.bars.first().map_or(Timestamp::ZERO, |bar| bar.open_time)
    }

    /// When the last bar ends.
    pub fn ends(&self) -> Timestamp {
        self.bars.bars.last().map_or(Timestamp::ZERO, |bar| bar.open_time.plus(self.bars.span))
    }
}

/// Length of the bars of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Hour,
    Day,
}

/// One shipped file: the market it is for, its bars' length, its text.
#[derive(Clone, Copy, Debug)]
struct Source {
    market: &'static str,
    every: Every,
    text: &'static str,
}

macro_rules! source {
    ($market:literal, $every:ident, $file:literal) => {
        Source {
            market: $market,
            every: Every::$every,
            text: include_str!(concat!("../../../data/", $file)),
        }
    };
}

/// A crash that can be run again.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// Its name, as in names of folders.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The first bar opens here.
    pub from: Timestamp,
    /// The last bar ends here.
    pub until: Timestamp,
    sources: &'static [Source],
}

const fn days(count: u64) -> Timestamp {
    Timestamp::from_ms(count * 86_400_000)
}

/// All of them, the demo's main one first.
pub const CRASHES: &[Crash] = &[
    Crash {
        name: "sol-2025-10-10",
        title: "SOL, hourly",
        from: days(20_370), // 2025-10-09
        until: days(20_373),
        sources: &[source!("sol-perp", Hour, "solusdt_1h_2025-10.csv")],
    },
    Crash {
        name: "sol-2021-05-19",
        title: "SOL, hourly",
        from: days(18_765), // 2021-05-18
        until: days(18_768),
        sources: &[source!("sol-perp", Hour, "solusdt_1h_2021-05.csv")],
    },
    Crash {
        name: "btc-eth-2020-03-12",
        title: "BTC and ETH, daily",
        from: days(18_327), // 2020-03-06
        until: days(18_337),
        sources: &[
            source!("btc-perp", Day, "btcusd_1d_2020-03.csv"),
            source!("eth-perp", Day, "ethusd_1d_2020-03.csv"),
        ],
    },
    Crash {
        name: "ftx-2022-11",
        title: "SOL hourly and BTC daily",
        from: days(19_302), // 2022-11-06
        until: days(19_310),
        sources: &[
            source!("sol-perp", Hour, "solusdt_1h_2022-11.csv"),
            source!("btc-perp", Day, "btcusd_1d_2022-11.csv"),
        ],
    },
];

impl Crash {
    /// The demo's main crash: SOL on 10 October 2025.
    pub const MAIN: &'static Self = &CRASHES[0];

    /// Its prices, counted in a quote asset of so many decimals.
    ///
    /// # Errors
    /// [`PriceError`] when an asset's decimals can't hold the prices; the files are whole, a test reads
    /// them.
    pub fn feeds(&self, quote_decimals: u8) -> Result<Vec<Feed>, PriceError> {
        let feed = |source: &Source| {
            let all = Bars::parse(source.text, quote_decimals)?;
            let span = match source.every {
                Every::Hour => Span::hours(1),
                Every::Day => Span::days(1),
            };
            let bars = Bars { span, ..all.between(self.from, self.until) };
            let market = Label::parse(source.market).unwrap_or_default();
            Ok(Feed { market, bars })
        };
        self.sources.iter().map(feed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_whole_and_holds_its_crash() {
        let lows = [
            ("sol-2025-10-10", 72, "168.79"),
            ("sol-2021-05-19", 72, "26.5"),
            ("btc-eth-2020-03-12", 10, "4106.981"),
            ("ftx-2022-11", 192, "12.37"),
        ];
        assert_eq!(CRASHES.len(), lows.len());
        for (crash, (name, count, low)) in CRASHES.iter().zip(lows) {
            assert_eq!(crash.name, name);
            let feeds = crash.feeds(6).unwrap();
            for feed in &feeds {
                let bars = &feed.bars;
                assert_eq!((feed.begins(), feed.ends()), (crash.from, crash.until), "{name}");
                let gapless = |pair: &[crate::prices::Bar]| {
                    pair[1].open_time.since(pair[0].open_time) == bars.span
                };
                assert!(bars.bars.windows(2).all(gapless), "{name}: {}", feed.market);
            }
            let first = &feeds[0].bars.bars;
            assert_eq!(first.len(), count, "{name}");
            let want = backstop_units::parse_decimal(low, 15).unwrap();
            assert_eq!(first.iter().map(|bar| bar.low.get()).min(), Some(want), "{name}");
        }
        assert_eq!(Crash::MAIN.from.to_string(), "2025-10-09T00:00:00Z");
    }
}
