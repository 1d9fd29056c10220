//! Draws the accounts and positions of `examples/risk/` out of the reference venue's documented sizes and leverage.
//!
//! `cargo run -p backstop-risk --example book -- examples/risk`

use backstop_risk::{BookParams, random::Random};
use std::{fmt::Write as _, fs, path::PathBuf};

const ACCOUNTS: usize = 3_000;
/// Markets and their last close in `data/ohlcv_1d_btc_eth_sol.csv`.
const MARKETS: [(&str, f64); 3] = [("BTC", 93_429.2), ("ETH", 3_332.53), ("SOL", 189.26)];

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "examples/risk".into()));
    let mut random = Random::new(20_251_010);
    let params = BookParams::DEMO;
    let mut accounts = String::from("account,owner,asset,collateral\n");
    let mut positions = String::from("account,market,size\n");
    for number in 0..ACCOUNTS {
        let name = format!("a{number:04}");
        // One owner in fifty has several accounts.
        let owner = if number % 50 < 3 { format!("group{}", number / 50) } else { name.clone() };
        let tail = random.chance(params.tail_part);
        let drawn = if tail {
            random.pareto(params.tail_exponent, params.tail_from, params.size_max)
        } else {
            random.lognormal(params.size_median, params.size_sigma).min(params.tail_from)
        };
        let leverage = random.lognormal(params.leverage_median, params.leverage_sigma);
        let leverage = leverage.clamp(params.leverage_min, params.leverage_max);
        let side = if random.chance(0.6) { 1.0 } else { -1.0 };
        let held = if random.chance(params.crossed_part) { 3u8 } else { 1 };
        let first = random.uniform();
        let from = usize::from(first > 0.5) + usize::from(first > 0.8);
        for at in from..from + usize::from(held) {
            let (market, price) = MARKETS[at % 3];
            let size = side * drawn / f64::from(held) / price;
            let _ = writeln!(positions, "{name},{market},{size:.9}");
        }
        let equity = drawn / leverage;
        // A tenth of the accounts post SOL beside dollars: wrong-way risk for who is long.
        if random.chance(0.1) {
            let sol = 0.5 * equity / MARKETS[2].1;
            let _ = writeln!(accounts, "{name},{owner},SOL,{sol:.9}");
            let _ = writeln!(accounts, "{name},{owner},usd,{:.6}", 0.5 * equity);
        } else {
            let _ = writeln!(accounts, "{name},{owner},usd,{equity:.6}");
        }
    }
    fs::write(folder.join("accounts.csv"), accounts)?;
    fs::write(folder.join("positions.csv"), positions)
}
