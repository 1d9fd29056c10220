use super::*;
use crate::{desk::Silent, random::Random};

/// Returns whose volatility clusters.
fn clustered(days: usize, seed: u64) -> Vec<f64> {
    let (mut random, mut variance, mut last) = (Random::new(seed), 9.0, 0.0_f64);
    (0..days)
        .map(|_| {
            variance = 0.2 + 0.15 * last * last + 0.83 * variance;
            last = f64::sqrt(variance) * random.normal();
            last / 100.0
        })
        .collect()
}

const FAST: Rolling = Rolling { window: 500, refit: 100, level: 0.99, significance: 0.05 };

#[test]
fn no_forecast_sees_its_own_day_or_a_later_one() {
    let returns = clustered(900, 1);
    let models = [Model::Historical, Model::FilteredEwma, Model::FilteredGjr, Model::Student];
    let whole = back_test(&returns, &FAST, &models, &Silent).unwrap();
    // The same history with another future from day 850 on.
    let mut other = returns.clone();
    for value in &mut other[850..] {
        *value = -2.0 * *value - 0.01;
    }
    let changed = back_test(&other, &FAST, &models, &Silent).unwrap();
    for (a, b) in whole.iter().zip(&changed) {
        let (a, b) = (a.outcome.as_ref().unwrap(), b.outcome.as_ref().unwrap());
        assert_eq!(a.at_risk[..=350], b.at_risk[..=350]);
        assert_eq!(a.shortfall[..=350], b.shortfall[..=350]);
        assert_ne!(a.at_risk[351..], b.at_risk[351..]);
    }
}

#[test]
fn a_right_model_passes_and_clusters_are_seen() {
    let returns = clustered(3_500, 3);
    let tests =
        back_test(&returns, &FAST, &[Model::Historical, Model::FilteredGarch], &Silent).unwrap();
    let right = tests[1].outcome.as_ref().unwrap();
    assert!(right.passes(), "{:?}", right.failures);
    assert!(right.rate.low < 0.01 && 0.01 < right.rate.high);
    let plain = tests[0].outcome.as_ref().unwrap();
    assert!(plain.score > right.score && !plain.passes(), "{:?}", plain.failures);
    let told = recommended(&tests).unwrap();
    assert!(told.passes && told.model == Model::FilteredGarch, "{told:?}");
    let none = recommended(&tests[..1]).unwrap();
    assert!(!none.passes && none.why.contains("fails: "), "{none:?}");
    assert!(recommended(&[]).is_none());
}

#[test]
fn what_a_model_lacks_is_told() {
    let returns = clustered(900, 2);
    let tests = back_test(&returns, &FAST, &[Model::Tail, Model::Historical], &Silent).unwrap();
    let short = tests[0].outcome.as_ref().unwrap_err();
    assert!(matches!(short, ModelError::TooFew { got: 50, least: 100, .. }), "{short}");
    assert!(tests[1].outcome.is_ok());
    let high = Rolling { level: 0.999, ..FAST };
    let refused = back_test(&returns, &high, &[Model::Historical], &Silent);
    assert!(matches!(refused, Err(ModelError::TooFew { .. })));
    assert!(matches!(
        back_test(&returns[..600], &FAST, &[], &Silent),
        Err(ModelError::TooFew { .. })
    ));
}

#[test]
fn a_first_day_without_a_move_is_no_reason_to_refuse() {
    let mut returns = clustered(900, 1);
    let models = [Model::FilteredEwma];
    let whole = back_test(&returns, &FAST, &models, &Silent).unwrap();
    returns[0] = 0.0;
    let still = back_test(&returns, &FAST, &models, &Silent).unwrap();
    let (a, b) = (whole[0].outcome.as_ref().unwrap(), still[0].outcome.as_ref().unwrap());
    // How the average began is forgotten soon.
    for (a, b) in a.at_risk.iter().zip(&b.at_risk) {
        assert!((a / b - 1.0).abs() < 0.05, "{a} {b}");
    }
    // A window in which nothing moved has no variance but that of later days.
    returns[..500].fill(0.0);
    let none = back_test(&returns, &FAST, &models, &Silent).unwrap();
    assert!(matches!(none[0].outcome, Err(ModelError::Constant { got: 500 })), "{none:?}");
}

#[test]
fn hits_that_keep_apart_are_not_said_to_cluster() {
    let hits: Vec<bool> = (0..1_000).map(|day| day % 8 == 0).collect();
    let transitions = Transitions::of(&hits);
    let rolling = Rolling { level: 0.875, ..FAST };
    let ratio = Ratio { statistic: 0.0, p_value: 1.0 };
    let outcome = |transitions: &Transitions| Outcome {
        first: 0,
        at_risk: vec![1.0; 1_000],
        shortfall: vec![1.0; 1_000],
        hits: (0..1_000).step_by(8).collect(),
        rate: Interval::default(),
        coverage: ratio,
        independence: transitions.independence(),
        conditional: ratio,
        z2: 0.0,
        z2_p: 1.0,
        light: traffic_light(250, 2, 0.01),
        pinball: 0.0,
        score: 0.0,
        failures: Vec::new(),
    };
    let told = failures(&outcome(&transitions), &transitions, &rolling);
    assert!(told.len() == 1 && told[0].contains("0 hits came the day after"), "{told:?}");
    assert!(told[0].contains("hits keep apart") && !told[0].contains("cluster"), "{told:?}");
    let pairs: Vec<bool> = (0..1_000).map(|day| day % 16 < 2).collect();
    let transitions = Transitions::of(&pairs);
    let told = failures(&outcome(&transitions), &transitions, &rolling);
    assert!(told[0].contains("hits cluster"), "{told:?}");
}

#[test]
fn threads_change_nothing() {
    let returns = clustered(800, 4);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| back_test(&returns, &FAST, &Model::ALL, &Silent).unwrap())
    };
    assert_eq!(on(1), on(3));
}
