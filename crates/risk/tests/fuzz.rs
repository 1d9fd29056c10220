//! Files of prices and of the risk desk against junk; `backstop_testkit::fuzz` says how long.

use backstop_risk::{
    Bars,
    data::{Source, read_accounts, read_prices, read_shocks, read_venue},
};
use backstop_testkit::fuzz::{Input, target};
use backstop_units::{Price, format_decimal};
use std::fmt::Write;

const SHIPPED: &str = include_str!("../../../data/solusdt_1h_2025-10.csv");

/// The bars as a file in the one order of columns.
fn csv(bars: &Bars) -> String {
    let price = |price: Price| format_decimal(price.get(), bars.quote_decimals + 9);
    let mut text = "open_time_unix,open,high,low,close\n".to_owned();
    for bar in &bars.bars {
        let prices = [bar.open, bar.high, bar.low, bar.close].map(price);
        writeln!(text, "{},{}", bar.open_time.ms() / 1_000, prices.join(",")).unwrap();
    }
    text
}

#[test]
fn prices() {
    let head: String =
        SHIPPED.lines().take(20).fold(String::new(), |text, line| text + line + "\n");
    let odd = "\u{feff}# made up\r\nclose, volume,low,high,open,open_time_unix\r\n\r\n 2,x,1,3, 1.5 ,60\r\n";
    let seeds =
        [head.as_str(), odd, "open_time_unix,open,high,low,close\n60,2,3,1,2\n61,2,3,1,2\n"];
    target("price file", 20_000, |bytes| {
        let mut input = Input(bytes);
        let decimals = input.byte() % 11;
        let text = input.text(&seeds, b"0123456789.,\n# ");
        let Ok(bars) = Bars::parse(&text, decimals) else { return false };
        assert!(!bars.bars.is_empty() && bars.bars.len() < text.lines().count(), "{text:?}");
        for bar in &bars.bars {
            assert!(Price::default() < bar.low && bar.low <= bar.high, "{bar:?} of {text:?}");
            let inside = |price| bar.low <= price && price <= bar.high;
            assert!(inside(bar.open) && inside(bar.close), "{bar:?} of {text:?}");
        }
        let rising = bars.bars.windows(2).all(|pair| {
            pair[1].open_time.since(pair[0].open_time) >= bars.span && !bars.span.is_zero()
        });
        assert!(rising, "{bars:?} of {text:?}");
        assert_eq!(Bars::parse(&csv(&bars), decimals), Ok(bars), "{text:?}");
        true
    });
}

/// Whatever is read keeps what its type promises; whatever is not is refused by the file's name.
#[test]
fn desk_prices() {
    let seeds = [
        "open_time_unix,open,high,low,close,volume\n0,1,2,0.5,1.5,7\n3600,1.5,2,1,2,0\n14400,2,4,2,4,1\n",
        "date,btc,luna\n2022-05-01,1,\n2022-05-02,2,80\n2022-05-03,3,60\n2022-05-05,5,1\n",
        "date,symbol,open,high,low,close\n2020-01-01,\"A\",1,1,1,1\n2020-01-02,A,1,1,1,1\n",
    ];
    target("price file of the desk", 20_000, |bytes| {
        let text = Input(bytes).text(&seeds, b"0123456789.,-\n# \"e");
        let file = match read_prices("p.csv", &text, ("A", "")) {
            Ok(file) => file,
            Err(error) => {
                assert!(error.to_string().starts_with("p.csv"), "{error}");
                return false;
            }
        };
        for series in &file.series {
            assert!(series.candles.len() >= 2 && !series.step.is_zero(), "{text:?}");
            for pair in series.candles.windows(2) {
                let distance = pair[1].at.since(pair[0].at);
                let times = distance.times(series.step);
                assert!(times > 0 && distance.ms() == times * series.step.ms(), "{text:?}");
            }
            for candle in &series.candles {
                let all = [candle.open, candle.high, candle.low, candle.close];
                assert!(all.iter().all(|price| price.is_finite() && *price > 0.0), "{text:?}");
                assert!(candle.low <= candle.open.min(candle.close), "{text:?}");
                assert!(candle.high >= candle.open.max(candle.close), "{text:?}");
            }
        }
        true
    });
}

#[test]
fn desk_settings() {
    let markets = "[market.A]\nmaintenance = 0.005\nprice = 6\ndepth_per_percent = 1e6\n\
                   [market.B]\ntiers = [{ above = 0, rate = 0.01 }, { above = 1e5, rate = 0.05 }]\nadv = 1e9\n\
                   [asset.B]\nhaircut = 0.1\nmarket = \"B\"\n";
    let shocks = "[[scenario]]\nname = \"a\"\nshock = { A = \"-30%\", B = -0.45 }\ndepth = 0.1\n";
    let accounts = "account,owner,asset,collateral\na,x,usd,-5\na,x,B,2\nb,x,,7\n";
    let positions = "account,market,size,notional\na,A,-1.5,\nb,B,,1e4\n";
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    target("files of the desk", 20_000, |bytes| {
        let mut input = Input(bytes);
        let which = input.byte() % 4;
        let seeds = [markets, shocks, accounts, positions];
        let text = input.text(&[seeds[usize::from(which)]], b"0123456789.,-\n=[]{}\"e%ab");
        let (known, assets) = (names(&["A", "B"]), names(&["usd", "B"]));
        match which {
            0 => read_venue("m.toml", &text).is_ok_and(|venue| {
                assert!(!venue.markets.is_empty(), "{text:?}");
                for market in &venue.markets {
                    assert!(market.maintenance.iter().all(|step| (0.0..1.0).contains(&step.rate)));
                }
                assert!(venue.assets.iter().all(|asset| asset.market < venue.markets.len()));
                true
            }),
            1 => read_shocks("s.toml", &text, &known).is_ok_and(|shocks| {
                let moves = shocks.iter().flat_map(|shock| shock.path.iter().flatten());
                assert!(moves.into_iter().all(|(_, moved)| *moved >= -1.0 && moved.is_finite()));
                true
            }),
            2 | 3 => {
                let of = |seed: &'static str, mine: bool| if mine { text.as_str() } else { seed };
                let accounts = Source { file: "a.csv", text: of(accounts, which == 2) };
                let positions = Source { file: "p.csv", text: of(positions, which == 3) };
                read_accounts(accounts, positions, (&known, &assets)).is_ok_and(|all| {
                    for account in &all.accounts {
                        assert!(account.owner < all.owners.len() && !account.collateral.is_empty());
                        assert!(account.collateral.iter().all(|one| one.amount.is_finite()));
                    }
                    true
                })
            }
            _ => false,
        }
    });
}
