//! What the desk itself reports on the example's files, as a page.

use backstop_export::risk::{page, summary_text, tables};
use backstop_risk::desk::{
    Inputs, Report, Setup, Silent,
    inputs::{Text, Texts},
    run::{Maker, Parts, run},
};
use std::{fs, path::PathBuf};

fn text(path: &str) -> Text {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text =
        fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Text { file: path.to_owned(), text }
}

fn report() -> Report {
    let file = text("examples/risk/risk.toml");
    let mut setup = Setup::parse(&file.file, &file.text).unwrap();
    setup.scenarios.number = 3_000;
    setup.costs.draws = 50;
    setup.ruin.paths = 3_000;
    setup.fee.paths = 50;
    setup.back_test.refit = 500;
    setup.reference_venue.seeds = 1;
    let texts = Texts {
        prices: vec![text("data/ohlcv_1d_btc_eth_sol.csv")],
        venue: Some(text("examples/risk/venue.toml")),
        accounts: Some(text("examples/risk/accounts.csv")),
        positions: Some(text("examples/risk/positions.csv")),
        shocks: Some(text("examples/risk/shocks.toml")),
        outcomes: None,
    };
    let inputs = Inputs::read(&setup, &texts).unwrap();
    let maker =
        Maker { program: "backstop".to_owned(), made_at: "2026-11-22T12:00:00Z".to_owned() };
    run(&setup, &inputs, (Parts::ALL, &maker), &Silent).unwrap()
}

#[test]
fn the_example_makes_a_page_without_a_hole() {
    let report = report();
    let html = page(&report);
    assert!(!html.contains("NaN") && !html.contains(">unknown"), "a figure is no number");
    assert!(!html.contains("Not asked for"));
    assert!(html.len() < 2_000_000, "{}", html.len());
    assert!(tables(&report).len() > 30);
    assert!(summary_text(&report).lines().all(|line| line.chars().count() <= 80));
}
