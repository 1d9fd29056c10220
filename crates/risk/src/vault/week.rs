//! The weeks that a vault is taken through: real prices, and the terms of the loans that meet them.

use crate::{
    error::RiskError,
    prices::{Bars, Closes, closes},
};
use backstop_units::{Bps, Price, Span, Timestamp, mul_div_floor};
use serde::Serialize;

/// How a vault's loss is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// There is no insurance pool.
    #[serde(rename = "no-pool")]
    None,
    /// Depositors bear the loss and are made good for out of the pool.
    Reimburse,
    /// The pool's shares are burned first.
    FirstLoss,
}

impl Cover {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::None, Self::Reimburse, Self::FirstLoss];

    /// Its name, as in names of folders.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no-pool",
            Self::Reimburse => "reimburse",
            Self::FirstLoss => "first-loss",
        }
    }
}

/// On which terms is lent against one kind of collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What of its worth can be borrowed.
    pub borrow: Bps,
    /// Below which part of its worth a loan is liquidated.
    pub liquidation: Bps,
    /// What a liquidator gets on top.
    pub bonus: Bps,
}

impl Terms {
    /// **Source** preset `kamino`.
    pub const COIN: Self =
        Self { borrow: Bps::new(7_400), liquidation: Bps::new(7_500), bonus: Bps::new(500) };
    /// **Source** Aave's efficiency mode for stablecoins: 97 %, 97.5 % and 1 %.
    pub const STABLECOIN: Self =
        Self { borrow: Bps::new(9_700), liquidation: Bps::new(9_750), bonus: Bps::new(100) };
    /// The treasury's part of the bonus. **Source** preset `kamino`.
    pub const BONUS_TAKE: Bps = Bps::new(1_000);
    /// What of a debt is repaid at once. **Source** preset `kamino`.
    pub const CLOSE: Bps = Bps::new(2_000);
}

/// Where a collateral's prices come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// Daily closes in US dollars, divided by those of the tether.
    Dollars(&'static str),
    /// Closes of hourly bars.
    Hours(&'static str),
    /// Closes of daily bars.
    Days(&'static str),
}

/// One kind of collateral.
#[derive(Clone, Copy, Debug)]
pub struct Collateral {
    /// Its asset's name.
    pub name: &'static str,
    /// On which terms is lent against it.
    pub terms: Terms,
    source: Source,
}

/// A week that a vault can be taken through.
#[derive(Clone, Copy, Debug)]
pub struct Week {
    /// Its name, as in names of folders.
    pub name: &'static str,
    /// What happened in it, as a heading.
    pub crisis: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// When it begins; it lasts seven days.
    pub from: Timestamp,
    /// What the vault's two reserves lend against, each against one: first that which the week is about.
    pub collateral: [Collateral; 2],
}

macro_rules! data {
    ($file:literal) => {
        include_str!(concat!("../../../../data/", $file))
    };
}

const LUNA: &str = data!("closes_1d_2022-05.csv");
const DEPEG: &str = data!("closes_1d_2023-03.csv");

const fn coin(name: &'static str, source: Source) -> Collateral {
    Collateral { name, terms: Terms::COIN, source }
}

const fn days(count: u64) -> Timestamp {
    Timestamp::from_ms(count * 86_400_000)
}

/// All of them, in order of time.
pub const WEEKS: &[Week] = &[
    Week {
        name: "vault-luna-2022-05",
        crisis: "the collapse of LUNA, May 2022",
        title: "LUNA and BTC, daily closes",
        from: days(19_120), // 2022-05-08
        collateral: [coin("luna", Source::Dollars(LUNA)), coin("btc", Source::Dollars(LUNA))],
    },
    Week {
        name: "vault-ftx-2022-11",
        crisis: "the failure of FTX, November 2022",
        title: "SOL, hourly closes, and BTC, daily closes",
        from: days(19_302), // 2022-11-06
        collateral: [
            coin("sol", Source::Hours(data!("solusdt_1h_2022-11.csv"))),
            coin("btc", Source::Days(data!("btcusd_1d_2022-11.csv"))),
        ],
    },
    Week {
        name: "vault-usdc-2023-03",
        crisis: "USDC off its peg, March 2023",
        title: "USDC and BTC, daily closes",
        from: days(19_426), // 2023-03-10
        collateral: [
            Collateral { name: "usdc", terms: Terms::STABLECOIN, source: Source::Dollars(DEPEG) },
            coin("btc", Source::Dollars(DEPEG)),
        ],
    },
];

impl Week {
    /// How long it lasts.
    pub const LENGTH: Span = Span::days(7);

    /// When it ends.
    pub const fn until(&self) -> Timestamp {
        self.from.plus(Self::LENGTH)
    }

    /// When a ledger has to begin, at the latest: an hour before.
    pub const fn begins_at(&self) -> Timestamp {
        self.from.minus(Span::hours(1))
    }

    /// The closing prices of both kinds of collateral in a quote asset of so many decimals, the last one before the
    /// week among them. Between two of them prices go in a straight line.
    ///
    /// **Rounding** down, where dollars are divided by the tether's price.
    ///
    /// # Errors
    /// [`RiskError::Price`] when the decimals can't hold the prices; the files are whole, a test reads them.
    pub fn prices(&self, quote_decimals: u8) -> Result<[Closes; 2], RiskError> {
        let [one, other] = &self.collateral;
        Ok([self.closes(one, quote_decimals)?, self.closes(other, quote_decimals)?])
    }

    fn closes(&self, collateral: &Collateral, decimals: u8) -> Result<Closes, RiskError> {
        let all = match collateral.source {
            Source::Dollars(text) => in_tether(text, collateral.name, decimals)?,
            Source::Hours(text) => of_bars(text, Span::hours(1), decimals)?,
            Source::Days(text) => of_bars(text, Span::days(1), decimals)?,
        };
        let inside = |close: &(Timestamp, Price)| close.0 >= self.from && close.0 <= self.until();
        Ok(all.into_iter().filter(inside).collect())
    }
}

fn in_tether(text: &str, name: &'static str, decimals: u8) -> Result<Closes, RiskError> {
    let (dollars, tether) = (closes(text, name, decimals)?, closes(text, "usdt", decimals)?);
    let par = 10u128.pow(u32::from(decimals) + 9);
    let quoted = |((at, price), (_, tether)): ((Timestamp, Price), (Timestamp, Price))| {
        Ok((at, Price::new(mul_div_floor(price.get(), par, tether.get())?)))
    };
    dollars.into_iter().zip(tether).map(quoted).collect()
}

fn of_bars(text: &str, span: Span, decimals: u8) -> Result<Closes, RiskError> {
    let bars = Bars::parse(text, decimals)?.bars;
    Ok(bars.iter().map(|bar| (bar.open_time.plus(span), bar.close)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_whole_and_holds_its_week() {
        // First, lowest and last close, in millionths.
        let want = [
            (8, [68_254_513, 102, 459], [35_504_757_165, 29_056_298_820, 30_138_034_100]),
            (
                169,
                [36_900_000, 12_490_000, 14_580_000],
                [21_282_691_000, 15_880_780_000, 16_799_186_000],
            ),
            (8, [1_000_022, 964_086, 997_831], [20_363_306_289, 20_125_920_320, 24_999_440_194]),
        ];
        assert_eq!(WEEKS.len(), want.len());
        for (week, (count, first, second)) in WEEKS.iter().zip(want) {
            let prices = week.prices(6).unwrap();
            for (closes, want) in prices.iter().zip([first, second]) {
                let (begin, end) = (closes[0], closes[closes.len() - 1]);
                assert_eq!((begin.0, end.0), (week.from, week.until()), "{}", week.name);
                let step = closes[1].0.since(closes[0].0);
                let even = |pair: &[(Timestamp, Price)]| pair[1].0.since(pair[0].0) == step;
                assert!(closes.windows(2).all(even), "{}", week.name);
                let low = closes.iter().map(|close| close.1.get()).min().unwrap();
                let micros = [begin.1.get(), low, end.1.get()].map(|atoms| atoms / 1_000_000_000);
                assert_eq!(micros, want, "{}", week.name);
            }
            assert_eq!((prices[0].len(), prices[1].len()), (count, 8), "{}", week.name);
        }
    }
}
