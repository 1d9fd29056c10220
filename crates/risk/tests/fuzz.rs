//! Price files against junk; `backstop_testkit::fuzz` says how long.

use backstop_risk::Bars;
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
