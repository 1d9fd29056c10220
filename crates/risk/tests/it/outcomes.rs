//! A model of liquidations that learns from a file of outcomes, as the desk uses it.

use super::desk::{setup, texts};
use backstop_risk::{
    desk::{
        Inputs, Silent,
        inputs::Text,
        outcome::ForecastPage,
        registered::entries,
        run::{Maker, Parts, run},
    },
    forecast::liquidation::{Account, LiquidationModel, touch},
    models::logistic::probability,
    random::Random,
};
use std::fmt::Write as _;

/// Outcomes of twenty accounts a day for two years, drawn by a chance for each account.
fn outcomes(chance: impl Fn(f64, f64) -> f64) -> Text {
    let mut random = Random::new(11);
    let mut text =
        "time,account,equity,maintenance,gross,volatility,concentration,liquidated\n".to_owned();
    for day in 0..730_u64 {
        for account in 0..20 {
            let (equity, gross) = (500.0 + 1_000.0 * random.uniform(), 10_000.0);
            let (volatility, concentration) = (0.02 + 0.05 * random.uniform(), random.uniform());
            let distance = (equity - 400.0) / (gross * volatility);
            let fell = u8::from(random.chance(chance(distance, concentration)));
            let time = 1_672_531_200 + 86_400 * day;
            writeln!(
                text,
                "{time},a{account},{equity},400,{gross},{volatility},{concentration},{fell}"
            )
            .unwrap();
        }
    }
    Text { file: "outcomes.csv".to_owned(), text }
}

/// Atoms of a small sum.
fn signed(atoms: i128) -> f64 {
    let atoms = i64::try_from(atoms).unwrap();
    f64::from(i32::try_from(atoms / 1_000_000).unwrap()) * 1e6
        + f64::from(i32::try_from(atoms % 1_000_000).unwrap())
}

fn forecast(outcomes: Option<Text>) -> ForecastPage {
    let inputs =
        Inputs::read(&setup(), &backstop_risk::desk::inputs::Texts { outcomes, ..texts() });
    let parts = Parts { forecast: true, ..Parts::default() };
    let report = run(&setup(), &inputs.unwrap(), (parts, &Maker::default()), &Silent).unwrap();
    report.forecast.unwrap()
}

#[test]
fn a_model_that_is_better_than_the_formula_is_used() {
    // One position alone falls far more often than the formula says, many hardly ever.
    let file = outcomes(|distance, alone| probability(-4.0 - distance + 5.0 * alone));
    let page = forecast(Some(file.clone()));
    let line = page.liquidation.as_ref().unwrap();
    assert!(line.failures.is_empty() && line.brier.0 < line.brier.1, "{line:?}");
    assert!(line.auc.0 > line.auc.1 && line.p_value < 0.01, "{line:?}");
    assert_eq!(line.window, ("2023-01-01".to_owned(), "2024-12-30".to_owned()));
    // The list is the model's: that of an account is the fit's own probability, by the registry's entry.
    let texts = backstop_risk::desk::inputs::Texts { outcomes: Some(file), ..texts() };
    let inputs = Inputs::read(&setup(), &texts).unwrap();
    let found = entries(&inputs, &texts).unwrap();
    assert_eq!((found.len(), found[0].0.as_str()), (1, "outcomes.csv"));
    let entry = found[0].1.as_ref().unwrap();
    assert!(entry.accepted && entry.model == "liquidation", "{entry:?}");
    let model = LiquidationModel::of(entry).unwrap();
    let book = inputs.book.as_ref().unwrap();
    let (name, chance) = &page.accounts[0];
    let place = book.accounts.accounts.iter().position(|one| one.name == *name).unwrap();
    let account = &book.accounts.accounts[place];
    let standing = book.portfolio.margins.standing(place, &|_| 1.0).unwrap();
    let sizes: Vec<(usize, f64)> = account
        .positions
        .iter()
        .map(|one| match one.size {
            backstop_risk::data::Size::Base(size) => {
                (one.market, (size * book.now.prices[one.market]).abs())
            }
            backstop_risk::data::Size::Notional(size) => (one.market, size.abs()),
        })
        .collect();
    let gross: f64 = sizes.iter().map(|one| one.1).sum();
    let spread = |one: &(usize, f64)| one.1 * book.now.sigmas[one.0].unwrap_or(0.0);
    let worth = |moving: bool| -> f64 {
        let held = account.collateral.iter().filter(|held| !moving || held.asset > 0);
        held.map(|held| match held.asset {
            0 => held.amount.max(0.0),
            asset => held.amount * book.now.prices[book.venue.assets[asset - 1].market],
        })
        .sum()
    };
    let state = Account {
        equity: signed(standing.equity.get()) / 1e6,
        maintenance: signed(i128::try_from(standing.maintenance.get()).unwrap()) / 1e6,
        gross,
        volatility: sizes.iter().map(spread).sum::<f64>() / gross,
        concentration: sizes.iter().map(|one| (one.1 / gross).powi(2)).sum(),
        volatile_collateral: if worth(false) > 0.0 { worth(true) / worth(false) } else { 0.0 },
        funding: 0.0,
    };
    let want = model.probability(&state.features(1.0).unwrap());
    assert!((chance - want).abs() < 1e-9, "{name}: {chance} {want}");
    assert!(page.gate.iter().any(|line| line.contains("outcomes.csv is let in")));
}

#[test]
fn a_model_with_nothing_to_learn_is_shown_and_not_used() {
    let plain = forecast(None);
    assert!(plain.liquidation.is_none());
    let page = forecast(Some(outcomes(|distance, _| touch(distance))));
    let line = page.liquidation.as_ref().unwrap();
    assert!(!line.failures.is_empty(), "{line:?}");
    assert_eq!(page.accounts, plain.accounts);
    assert!(page.gate.iter().any(|line| line.contains("outcomes.csv is not let in")));
    // Nobody fell: there is nothing to fit, and the gate says so.
    let page = forecast(Some(outcomes(|_, _| 0.0)));
    assert!(page.liquidation.is_none() && page.accounts == plain.accounts);
    let told = page.gate.iter().find(|line| line.contains("no model of outcomes.csv")).unwrap();
    assert!(told.contains("liquidations to learn from"), "{told}");
}
