//! Crises by name: days from the shipped data, made-up shocks, and the user's own.
//!
//! A historical one is the path of its days in small steps: each bar from its open to its low, its high, its close,
//! each leg in a straight line; daily closes in a straight line from one to the next. The price before is that of the
//! first bar's open. Origins of the files stand in `data/README.md`.
//!
//! A market of the venue takes the prices of the coin it is named after. One that the days have no prices for follows
//! the coin that led them, one for one, and the origin says so: that is an assumption, and standing still would be a
//! kinder one.

use super::{Draft, Origin, ScenarioError, Scenarios};
use crate::{
    data::{DataError, PriceFile, Shock, read_prices},
    need::Conditions,
};
use backstop_units::{Span, Timestamp};

/// Where a crisis comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Real days.
    History,
    /// Made up here.
    Hypothetical,
    /// The user's file.
    Yours,
}

/// One crisis.
#[derive(Clone, Debug, PartialEq)]
pub struct Stress {
    /// Its name, as in names of files.
    pub name: String,
    /// What happens, in words.
    pub about: String,
    /// Where it comes from.
    pub kind: Kind,
    /// What prices do: one scenario.
    pub scenarios: Scenarios,
    /// What else is out of order.
    pub conditions: Conditions,
    /// Part of the largest market's open interest that one more account holds with as little margin as it may;
    /// zero: there is none.
    pub whale: f64,
}

/// What the library must know of a market of the venue.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its price of now: one near 1 that hardly moves is a stablecoin's.
    pub price: f64,
    /// Standard deviation of a day's return, where it is known.
    pub sigma: Option<f64>,
}

/// A shipped file of prices.
struct File {
    /// The coin, or none where each column is one.
    coin: &'static str,
    name: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($coin:literal, $name:literal) => {
        File { coin: $coin, name: $name, text: include_str!(concat!("../../../../data/", $name)) }
    };
}

/// Days that are run again.
struct Days {
    name: &'static str,
    about: &'static str,
    /// Seconds since 1970.
    from: u64,
    until: u64,
    /// Steps of so many seconds.
    step: u64,
    /// Whom markets follow that have no prices of their own.
    leader: &'static str,
    files: &'static [File],
}

const DAY: u64 = 86_400;

/// All of them, in order of time.
const HISTORY: &[Days] = &[
    Days {
        name: "2020-03-12",
        about: "Black Thursday: BTC falls by half within two days",
        from: 18_333 * DAY,
        until: 18_335 * DAY,
        step: 28_800,
        leader: "btc",
        files: &[file!("btc", "btcusd_1d_2020-03.csv"), file!("eth", "ethusd_1d_2020-03.csv")],
    },
    Days {
        name: "2021-05-19",
        about: "the leverage of the spring unwinds; SOL, hour by hour",
        from: 18_766 * DAY,
        until: 18_767 * DAY,
        step: 1_200,
        leader: "sol",
        files: &[file!("sol", "solusdt_1h_2021-05.csv")],
    },
    Days {
        name: "luna-2022-05",
        about: "UST leaves its peg and LUNA goes to nothing; daily closes",
        from: 19_120 * DAY,
        until: 19_126 * DAY,
        step: DAY,
        leader: "btc",
        files: &[file!("", "closes_1d_2022-05.csv")],
    },
    Days {
        name: "ftx-2022-11",
        about: "the failure of FTX; SOL hour by hour, BTC day by day",
        from: 19_304 * DAY,
        until: 19_306 * DAY,
        step: 1_200,
        leader: "btc",
        files: &[file!("sol", "solusdt_1h_2022-11.csv"), file!("btc", "btcusd_1d_2022-11.csv")],
    },
    Days {
        name: "usdc-2023-03",
        about: "USDC leaves its peg over a weekend; daily closes",
        from: 19_427 * DAY,
        until: 19_430 * DAY,
        step: DAY,
        leader: "btc",
        files: &[file!("", "closes_1d_2023-03.csv")],
    },
    Days {
        name: "2025-10-10",
        about: "the tariff evening; SOL, hour by hour",
        from: 20_371 * DAY,
        until: 20_372 * DAY,
        step: 1_200,
        leader: "sol",
        files: &[file!("sol", "solusdt_1h_2025-10.csv")],
    },
];

/// Corners of a coin's way: moments and prices, rising in time.
type Way = Vec<(Timestamp, f64)>;

/// Why a crisis can't be made.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A shipped file is wrong; a test reads all of them.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The venue has no market.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// The coin that a market is named after: the letters and digits of its name before any sign, without a quote
/// currency at its end. `BTC-PERP`, `btcusdt` and `BTC/USD` are all `btc`.
pub fn coin(market: &str) -> String {
    let lower = market.to_lowercase();
    let first = lower.split(|c: char| !c.is_alphanumeric()).find(|part| !part.is_empty());
    let mut name = first.unwrap_or_default();
    for quote in ["usdt", "usdc", "usd", "perp"] {
        // `usdt` itself is a coin.
        if name.len() > quote.len() {
            name = name.strip_suffix(quote).unwrap_or(name);
        }
    }
    name.to_owned()
}

/// Corners of the bars of a file: open, low, high and close at thirds of a bar, or closes alone.
fn ways(file: &File) -> Result<Vec<(String, Way)>, DataError> {
    let PriceFile { series, .. } = read_prices(file.name, file.text, (file.coin, ""))?;
    let way = |one: crate::data::Series| {
        let mut way: Way = Vec::with_capacity(one.candles.len() * 4);
        for candle in &one.candles {
            if one.ranges {
                let opens = candle.at.minus(one.step);
                let third = Span::from_ms(one.step.ms() / 3);
                if way.last().is_none_or(|(at, _)| *at < opens) {
                    way.push((opens, candle.open));
                }
                way.push((opens.plus(third), candle.low));
                way.push((opens.plus(third).plus(third), candle.high));
            }
            way.push((candle.at, candle.close));
        }
        (one.market, way)
    };
    Ok(series.into_iter().map(way).collect())
}

/// The price at a moment, in a straight line between corners; none outside them.
fn price_at(way: &Way, at: Timestamp) -> Option<f64> {
    let after = way.partition_point(|(moment, _)| *moment < at);
    let (late, to) = way.get(after)?;
    if *late == at {
        return Some(*to);
    }
    let (early, from) = way.get(after.checked_sub(1)?)?;
    let ms = crate::float::ms_to_float;
    let part = ms(at.since(*early).ms()) / ms(late.since(*early).ms());
    Some(from + (to - from) * part)
}

/// Names of all that is shipped: real days, then made-up shocks.
pub fn names() -> impl Iterator<Item = &'static str> {
    HISTORY.iter().map(|days| days.name).chain(MADE_UP.iter().map(|made| made.name))
}

/// Historical crises for these markets, in order of time.
///
/// # Errors
/// [`LibraryError::Scenario`] without a market.
pub fn history(markets: &[Listed]) -> Result<Vec<Stress>, LibraryError> {
    HISTORY.iter().map(|days| replay(days, markets)).collect()
}

fn replay(days: &Days, markets: &[Listed]) -> Result<Stress, LibraryError> {
    let mut known: Vec<(String, Way)> = Vec::new();
    for file in days.files {
        known.extend(ways(file)?);
    }
    let moment = |second: u64| Timestamp::from_ms(second * 1_000);
    let steps = usize::try_from((days.until - days.from) / days.step).unwrap_or(0);
    let find = |coin: &str| known.iter().find(|(name, _)| name == coin).map(|(_, way)| way);
    let (mut cells, mut settings) = (Vec::new(), vec![days.about.to_owned()]);
    for market in markets {
        let coin = coin(&market.name);
        let own = find(&coin);
        if own.is_none() && !is_stable(market) {
            settings.push(format!("{} follows {}: no prices of its own", market.name, days.leader));
        }
        // A stablecoin without prices of its own stands still.
        let way = own.or_else(|| find(days.leader).filter(|_| !is_stable(market)));
        let before = way.and_then(|way| price_at(way, moment(days.from)));
        for step in 1..=steps {
            let at = moment(days.from + days.step * u64::try_from(step).unwrap_or(0));
            let price = way.and_then(|way| price_at(way, at));
            cells.push(price.zip(before).map_or(0.0, |(price, before)| price / before - 1.0));
        }
    }
    let day = |second: u64| moment(second).to_string().chars().take(10).collect::<String>();
    let origin = Origin {
        generator: "library".to_owned(),
        settings,
        window: Some((day(days.from), day(days.until - DAY))),
        seed: None,
        observations: None,
    };
    let step = Span::from_ms(days.step * 1_000);
    Ok(Stress {
        name: days.name.to_owned(),
        about: days.about.to_owned(),
        kind: Kind::History,
        scenarios: scenario(days.name, markets, (steps, step), (origin, cells))?,
        conditions: Conditions::NORMAL,
        whale: 0.0,
    })
}

/// Whether a market is a stablecoin's: it is worth about one, and hardly moves where that is known.
fn is_stable(market: &Listed) -> bool {
    (market.price - 1.0).abs() < 0.03 && market.sigma.is_none_or(|sigma| sigma < 0.02)
}

fn scenario(
    name: &str,
    markets: &[Listed],
    (steps, step): (usize, Span),
    (origin, cells): (Origin, Vec<f64>),
) -> Result<Scenarios, ScenarioError> {
    Scenarios::new(Draft {
        markets: markets.iter().map(|market| market.name.clone()).collect(),
        labels: vec![name.to_owned()],
        steps,
        step,
        origin,
        cells,
    })
}

/// Standard deviations of a day that a market moves by where no sigma is known: five percent.
const USUAL_SIGMA: f64 = 0.05;

/// How far prices fall in made-up shocks, in standard deviations of a day, and at least and at most by how much.
const DEVIATIONS: f64 = 6.0;
const LEAST: f64 = 0.20;
const MOST: f64 = 0.80;

fn fall(market: &Listed) -> f64 {
    if is_stable(market) {
        return 0.0;
    }
    (DEVIATIONS * market.sigma.unwrap_or(USUAL_SIGMA)).clamp(LEAST, MOST)
}

/// A shock of one made-up crisis: what it changes beside a common fall.
struct MadeUp {
    name: &'static str,
    about: &'static str,
    conditions: Conditions,
    whale: f64,
    /// Change of a market at the end.
    moved: fn(&Listed) -> f64,
}

const MADE_UP: &[MadeUp] = &[
    MadeUp {
        name: "correlation-one",
        about: "every market falls by six standard deviations of a day within the same hour",
        conditions: Conditions::NORMAL,
        whale: 0.0,
        moved: |market| -fall(market),
    },
    MadeUp {
        name: "squeeze",
        about: "every market rises by six standard deviations of a day within the same hour",
        conditions: Conditions::NORMAL,
        whale: 0.0,
        moved: fall,
    },
    MadeUp {
        name: "depth-90",
        about: "half of that fall with a tenth of the depth",
        conditions: Conditions { depth: 0.1, ..Conditions::NORMAL },
        whale: 0.0,
        moved: |market| -0.5 * fall(market),
    },
    MadeUp {
        name: "oracle-stall",
        about: "half of that fall while the price that margins are computed from stands still for half an hour",
        conditions: Conditions { stall: 1_800.0, ..Conditions::NORMAL },
        whale: 0.0,
        moved: |market| -0.5 * fall(market),
    },
    MadeUp {
        name: "depeg",
        about: "stablecoins lose an eighth, everything else a quarter of that fall",
        conditions: Conditions::NORMAL,
        whale: 0.0,
        moved: |market| if is_stable(market) { -0.125 } else { -0.25 * fall(market) },
    },
    MadeUp {
        name: "whale",
        about: "half of that fall, and one account more that holds a fifth of the largest market at the least margin",
        conditions: Conditions::NORMAL,
        whale: 0.2,
        moved: |market| -0.5 * fall(market),
    },
    MadeUp {
        name: "liquidators-absent",
        about: "half of that fall, and nobody closes anything until it is over",
        conditions: Conditions { liquidators_absent: true, ..Conditions::NORMAL },
        whale: 0.0,
        moved: |market| -0.5 * fall(market),
    },
];

/// Steps of a made-up shock, of an hour each: a straight line, of which each step's jump comes at once.
const STEPS: u32 = 1;

/// Made-up crises for these markets.
///
/// # Errors
/// [`ScenarioError`] without a market.
pub fn hypothetical(markets: &[Listed]) -> Result<Vec<Stress>, ScenarioError> {
    let one = |made: &MadeUp| {
        let mut cells = Vec::new();
        for market in markets {
            let end = (made.moved)(market);
            cells.extend((1..=STEPS).map(|step| end * f64::from(step) / f64::from(STEPS)));
        }
        let settings = vec![made.about.to_owned()];
        let origin = Origin::made_up("library", settings);
        let span = (usize::try_from(STEPS).unwrap_or(0), Span::hours(1));
        Ok(Stress {
            name: made.name.to_owned(),
            about: made.about.to_owned(),
            kind: Kind::Hypothetical,
            scenarios: scenario(made.name, markets, span, (origin, cells))?,
            conditions: made.conditions,
            whale: made.whale,
        })
    };
    MADE_UP.iter().map(one).collect()
}

/// The user's crises for these markets; `step` is the time of each of their steps.
///
/// # Errors
/// [`ScenarioError`] without a market.
pub fn yours(
    shocks: &[Shock],
    markets: &[Listed],
    step: Span,
) -> Result<Vec<Stress>, ScenarioError> {
    let one = |shock: &Shock| {
        let mut cells = Vec::with_capacity(markets.len() * shock.path.len());
        for market in markets {
            // A step that does not name a market leaves it where it was.
            let mut last = 0.0;
            for moves in &shock.path {
                let moved = moves.iter().find(|(name, _)| *name == market.name);
                last = moved.map_or(last, |(_, change)| *change);
                cells.push(last);
            }
        }
        let still = markets.iter().filter(|market| {
            shock.path.iter().all(|moves| moves.iter().all(|(name, _)| *name != market.name))
        });
        let settings = still.map(|market| format!("{} stands still", market.name)).collect();
        let origin = Origin::made_up("file", settings);
        Ok(Stress {
            name: shock.name.clone(),
            about: "from the file of scenarios".to_owned(),
            kind: Kind::Yours,
            scenarios: scenario(&shock.name, markets, (shock.path.len(), step), (origin, cells))?,
            conditions: shock.conditions,
            whale: 0.0,
        })
    };
    shocks.iter().map(one).collect()
}

/// Directions of the reverse stress: all markets down and up, each with positions down and up; one percent each.
///
/// # Errors
/// [`ScenarioError`] without a market.
pub fn directions(markets: &[Listed]) -> Result<Vec<Stress>, ScenarioError> {
    let direction = |name: String, moved: &dyn Fn(&Listed) -> f64| {
        let cells = markets.iter().map(moved).collect();
        let settings = vec!["one percent".to_owned()];
        let origin = Origin::made_up("library", settings);
        Ok(Stress {
            about: name.clone(),
            kind: Kind::Hypothetical,
            scenarios: scenario(&name, markets, (1, Span::hours(1)), (origin, cells))?,
            conditions: Conditions::NORMAL,
            whale: 0.0,
            name,
        })
    };
    let mut found = Vec::new();
    for (way, moved) in [("down", -0.01), ("up", 0.01)] {
        let all = |market: &Listed| if is_stable(market) { 0.0 } else { moved };
        found.push(direction(format!("all {way}"), &all)?);
        for one in markets {
            let alone = |market: &Listed| if market.name == one.name { moved } else { 0.0 };
            found.push(direction(format!("{} {way}", one.name), &alone)?);
        }
    }
    Ok(found)
}
