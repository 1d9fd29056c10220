//! The whole desk on the example's files.

use backstop_risk::desk::{
    Inputs, Report, Setup, Silent,
    inputs::{Text, Texts},
    run::{Maker, Parts, run},
    setup::Generator,
    threads,
};
use std::{fs, path::PathBuf};

fn text(path: &str) -> Text {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(path);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    Text { file: path.to_owned(), text }
}

pub(crate) fn texts() -> Texts {
    Texts {
        prices: vec![text("data/ohlcv_1d_btc_eth_sol.csv")],
        venue: Some(text("examples/risk/venue.toml")),
        accounts: Some(text("examples/risk/accounts.csv")),
        positions: Some(text("examples/risk/positions.csv")),
        shocks: Some(text("examples/risk/shocks.toml")),
        outcomes: None,
    }
}

pub(crate) fn setup() -> Setup {
    let file = text("examples/risk/risk.toml");
    let mut setup = Setup::parse(&file.file, &file.text).unwrap();
    setup.scenarios.number = 3_000;
    setup.costs.draws = 100;
    setup.ruin.paths = 3_000;
    setup.fee.paths = 100;
    setup.back_test.refit = 250;
    setup.reference_venue.seeds = 0;
    setup
}

pub(crate) fn report(setup: &Setup, parts: Parts) -> Report {
    let inputs = Inputs::read(setup, &texts()).unwrap();
    run(setup, &inputs, (parts, &Maker::default()), &Silent).unwrap()
}

const SIZE: Parts = Parts {
    size: true,
    sensitivity: false,
    stress: false,
    back_test: false,
    forecast: false,
    fee: true,
    tranches: true,
};

#[test]
fn the_same_settings_give_the_same_bytes_on_any_number_of_threads() {
    let setup = setup();
    let on = |number| {
        let parts = Parts { sensitivity: true, ..SIZE };
        let report = threads::on(Some(number), || report(&setup, parts));
        serde_json::to_string(&report).unwrap()
    };
    let one = on(1);
    assert!(one == on(2), "two threads give another report");
    // What is no number becomes null in JSON, which no figure can be read from.
    let again: Report = serde_json::from_str(&one).unwrap();
    assert!(serde_json::to_string(&again).unwrap() == one, "it does not come back as it was");
}

#[test]
fn another_seed_stays_within_the_stated_interval() {
    let found = report(&setup(), SIZE);
    let size = found.size.expect("a size");
    let need = found.need.expect("a need");
    assert_eq!(size.other_seeds.len(), 3);
    // Seeds that the interval was not made of.
    for seed in [20, 21] {
        let other = report(&Setup { seed, ..setup() }, SIZE).size.expect("a size");
        let inside = size.recommended.low..=size.recommended.high;
        let other = other.recommended.estimate;
        assert!(inside.contains(&other), "seed {seed}: {other} is outside {inside:?}");
    }
    // Whether a seed lies outside of what history leaves open is seen before the interval is made wider for it.
    let alone = size.of_history.expect("an interval");
    let outside = |of: &&(u64, f64)| !(alone.low..=alone.high).contains(&of.1);
    let told = found.notes.iter().filter(|note| note.contains("further off than another history"));
    assert_eq!(told.count(), size.other_seeds.iter().filter(outside).count());
    assert!(alone.low >= size.recommended.low && alone.high <= size.recommended.high);
    assert!(size.recommended.estimate >= need.cover[1].amount, "never below Cover-2");
    assert!(need.cover.windows(2).all(|pair| pair[0].amount <= pair[1].amount));
    assert!(need.cover[4].amount <= need.shortfall.0 * (1.0 + 1e-12));
    for level in &need.levels {
        assert!(level.expected_shortfall.estimate >= level.value_at_risk.estimate);
        assert!(level.value_at_risk.low <= level.value_at_risk.estimate);
    }
    // Shares add up to the expected shortfall of the first level.
    let whole = need.levels[0].expected_shortfall.estimate;
    for of in ["market", "asset", "group"] {
        let sum: f64 =
            need.shares.iter().filter(|share| share.of == of).map(|share| share.amount).sum();
        assert!((sum - whole).abs() <= 1e-9 * whole, "{of}: {sum}, not {whole}");
    }
    let expected: f64 = found.tranches.iter().map(|slice| slice.expected).sum();
    assert!(expected > 0.0);
}

#[test]
fn a_report_of_everything() {
    let mut setup = setup();
    setup.scenarios.generator = Generator::Historical;
    setup.levels = vec![0.95, 0.99];
    let found = report(&setup, Parts::ALL);
    let bitcoin = found.back_tests.iter().find(|page| page.market == "BTC").expect("BTC");
    assert!(bitcoin.verdict.0, "{:?}", bitcoin.verdict);
    assert!(found.stress.len() >= 2);
    assert!(found.forecast.is_some() && found.tails.len() >= 3);
    let need = found.need.expect("a need");
    assert!(!need.over_time.is_empty(), "historical scenarios lie in time");
    assert!(need.path_and_end.0 >= need.path_and_end.1);
}

#[test]
fn a_crisis_that_must_be_survived_is_a_floor() {
    let mut setup = setup();
    let free = report(&setup, SIZE).size.expect("a size");
    setup.costs.survive = Some("2020-03-12".to_owned());
    let bound = report(&setup, SIZE).size.expect("a size");
    assert!(bound.floors.1 > free.recommended.estimate, "{:?}", bound.floors);
    assert_eq!(bound.recommended.estimate.to_bits(), bound.floors.1.to_bits());
    assert_eq!(bound.binding, "the crisis that must be survived");
    setup.costs.survive = Some("the flood".to_owned());
    let refused = Inputs::read(&setup, &texts()).unwrap_err().to_string();
    assert!(refused.contains("\"the flood\"") && refused.contains("2025-10-10"), "{refused}");
}
