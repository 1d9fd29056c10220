//! Models on real prices. The files may not lie in this repository: they are read below `BACKSTOP_EXTERNAL_DATA` and
//! skipped, loudly, without it.

use backstop_risk::models::backtest::{BackTest, Model, Rolling, back_test, recommended};
use std::{fs, path::PathBuf};

/// A file below the folder of external data.
fn external(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BACKSTOP_EXTERNAL_DATA");
    if folder.is_none() {
        println!("SKIPPED: {name}: BACKSTOP_EXTERNAL_DATA is not set");
    }
    folder.map(|folder| PathBuf::from(folder).join(name))
}

/// Daily logarithmic returns of one coin.
fn daily(symbol: &str) -> Option<Vec<f64>> {
    let path = external("prices/daily_ohlcv_btc_eth_bnb_sol_2014_2024.csv")?;
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let closes: Vec<f64> = text
        .lines()
        .filter(|line| line.split(',').nth(1) == Some(symbol))
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap())
        .collect();
    Some(closes.windows(2).map(|pair| f64::ln(pair[1] / pair[0])).collect())
}

fn show(name: &str, tests: &[BackTest]) {
    for test in tests {
        match &test.outcome {
            Ok(found) => println!(
                "{name} {:?}: {} of {} days, Kupiec p {:.3}, independence p {:.3}, both p {:.3}, Z2 {:.3}, score {:.5}, {:?}",
                test.model,
                found.hits.len(),
                found.at_risk.len(),
                found.coverage.p_value,
                found.independence.p_value,
                found.conditional.p_value,
                found.z2,
                found.score,
                found.failures,
            ),
            Err(error) => println!("{name} {:?}: {error}", test.model),
        }
    }
}

#[test]
fn daily_value_at_risk_of_two_coins_stands() {
    for (symbol, window) in [("BTC", 1_000), ("BTC", 500), ("SOL", 1_000), ("SOL", 500)] {
        let Some(returns) = daily(symbol) else { return };
        let rolling = Rolling { window, ..Rolling::default() };
        let tests = back_test(&returns, &rolling, &Model::ALL).unwrap();
        show(symbol, &tests);
        let told = recommended(&tests).unwrap();
        println!("{symbol}: {}", told.why);
        assert!(told.passes, "{symbol} over {window} days: {}", told.why);
        // The tail model says what it lacks over 500 days.
        let tail = tests.last().unwrap();
        assert_eq!(tail.outcome.is_ok(), window == 1_000);
    }
}
