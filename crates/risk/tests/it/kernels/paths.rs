//! Simulated paths and historical risk of many portfolios.

#![expect(clippy::cast_precision_loss, reason = "small counts")]

use super::{between, on};
use backstop_risk::{
    kernel::{
        Book, KernelError, Lanes, Panel, Run,
        portfolios::{PortfolioError, historical},
        select::risk_of,
        simulate::StudentT,
    },
    models::{ModelError, tail::of_sample},
    random::Random,
    stats::{
        linear::{Matrix, cholesky},
        special::student_cdf,
    },
};

fn root(size: usize) -> Matrix {
    let cell = |a: usize, b: usize| if a == b { 4e-4 * (1.0 + a as f64) } else { 1.5e-4 };
    cholesky(&Matrix::from_fn(size, size, cell)).unwrap()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn paths_are_the_same_bits_everywhere() {
    for (assets, paths, nu) in [(1, 100, Some(4.0)), (7, 9001, Some(2.5)), (10, 5000, None)] {
        let means: Vec<f64> = (0..assets).map(|at| 1e-4 * at as f64).collect();
        let weights: Vec<f64> = (0..assets).map(|at| 1e6 - 3e5 * at as f64).collect();
        let model = StudentT::new(&means, &root(assets), nu, 99).unwrap();
        let first = model.losses(&weights, paths, &Run::default()).unwrap();
        for lanes in Lanes::all() {
            let run = Run { lanes, ..Run::default() };
            for threads in [1, 2, 7] {
                let again = on(threads, || model.losses(&weights, paths, &run)).unwrap();
                assert!(bits(&again) == bits(&first), "{}, {threads} threads", lanes.name());
            }
        }
        // A longer run begins with the shorter one, and another seed is another run.
        let longer = model.losses(&weights, paths + 777, &Run::default()).unwrap();
        assert_eq!(bits(&longer[..paths]), bits(&first));
        let other = StudentT::new(&means, &root(assets), nu, 100).unwrap();
        assert_ne!(other.losses(&weights, paths, &Run::default()).unwrap(), first);
    }
}

#[test]
fn losses_are_those_of_the_returns() {
    let (assets, paths) = (5, 4500);
    let model = StudentT::new(&[1e-3; 5], &root(assets), Some(5.0), 3).unwrap();
    let weights = [1.0, -2.0, 0.5, 3.0, -1.0];
    let losses = model.losses(&weights, paths, &Run::default()).unwrap();
    let returns = model.rows(0..paths, Lanes::best());
    // A part of the paths, whole tiles or not, has the same bits on any lanes.
    for part in [0..64, 100..300, 63..65, 4499..4500, 70..70] {
        for lanes in Lanes::all() {
            let some = model.rows(part.clone(), lanes);
            for asset in 0..assets {
                let from = &returns[asset * paths..][part.clone()];
                assert_eq!(bits(&some[asset * part.len()..][..part.len()]), bits(from), "{part:?}");
            }
        }
    }
    for (path, loss) in losses.iter().enumerate() {
        let profit: f64 =
            weights.iter().enumerate().map(|(at, w)| w * returns[at * paths + path]).sum();
        assert!((loss + profit).abs() < 1e-15, "{loss} {profit}");
    }
    assert_eq!(Panel::new(assets, &returns).unwrap().scenarios(), paths);
}

#[test]
fn returns_have_the_distribution_that_was_asked_for() {
    let (paths, nu) = (200_000, 3.5);
    let model = StudentT::new(&[0.0; 2], &root(2), Some(nu), 5).unwrap();
    let losses = model.losses(&[0.0, 1.0], paths, &Run::default()).unwrap();
    let scale = 8e-4_f64.sqrt();
    let mut sorted = losses;
    sorted.sort_by(f64::total_cmp);
    let number = paths as f64;
    // Kolmogorov's distance of a true sample passes 1.95/√n once in a thousand.
    let distance = sorted.iter().enumerate().fold(0.0, |most: f64, (at, loss)| {
        most.max((student_cdf(loss / scale, nu) - (at as f64 + 0.5) / number).abs())
    });
    assert!(distance < 1.95 / number.sqrt(), "{distance}");
    // Both assets fall together more often than normals of the same correlation would.
    let returns = model.rows(0..paths, Lanes::best());
    let (a, b) = returns.split_at(paths);
    let correlation = {
        let sum =
            |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| f(*a, *b)).sum::<f64>();
        sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
    };
    // 1.5e-4 / √(4e-4 · 8e-4); heavy tails make the estimate rough.
    assert!((correlation - 0.265).abs() < 0.03, "{correlation}");
    let far = |value: &f64| value.abs() > 4.0 * 4e-4_f64.sqrt();
    let both = a.iter().zip(b).filter(|(a, b)| far(a) && b.abs() > 4.0 * scale).count();
    let one = a.iter().filter(|a| far(a)).count();
    assert!(both * 6 > one, "{both} of {one}");
}

#[test]
fn risk_of_portfolios_is_that_of_each_sorted() {
    for (seed, markets, days) in [(1, 5, 1000), (2, 20, 64), (3, 3, 300), (4, 4, 2500), (5, 2, 11)]
    {
        let mut random = Random::new(seed);
        let returns: Vec<f64> =
            (0..markets * days).map(|_| (0.03 * random.normal()).clamp(-0.9, 2.0)).collect();
        let panel = Panel::new(markets, &returns).unwrap();
        let mut book = Book::default();
        for _ in 0..300 {
            let positions: Vec<(u16, f64)> = (0..random.below(7))
                .map(|_| {
                    let market = u16::try_from(random.below(markets)).unwrap();
                    (market, between(&mut random, -1.0, 1.0) * 1e6)
                })
                .collect();
            book.push(between(&mut random, 0.0, 1e6), &positions).unwrap();
        }
        for level in [0.9, 0.95, 0.975, 0.99, 0.999] {
            let risks = historical(&book, &panel, level, &Run::default()).unwrap();
            for at in 0..book.len() {
                let account = book.account(at);
                let loss = |day: usize| {
                    let pairs = account.markets.iter().zip(account.notionals);
                    let one = |sum: f64, (market, size): (&u16, &f64)| {
                        size.mul_add(returns[usize::from(*market) * days + day], sum)
                    };
                    0.0 - pairs.fold(0.0, one)
                };
                let mut losses: Vec<f64> = (0..days).map(loss).collect();
                let wanted = of_sample(&mut losses, level).unwrap();
                let got = [risks.value_at_risk[at], risks.expected_shortfall[at]];
                let wanted = [wanted.value_at_risk, wanted.expected_shortfall];
                assert_eq!(bits(&got), bits(&wanted), "{seed}, {level}, portfolio {at}");
            }
            for lanes in Lanes::all() {
                let run = Run { lanes, ..Run::default() };
                let again = on(7, || historical(&book, &panel, level, &run)).unwrap();
                assert!(again == risks, "{}", lanes.name());
            }
        }
    }
}

#[test]
fn bad_input_is_refused() {
    let root = root(2);
    assert_eq!(StudentT::new(&[], &root, None, 1), Err(KernelError::Nothing("asset")));
    let three = StudentT::new(&[0.0; 3], &root, None, 1);
    assert!(matches!(three, Err(KernelError::Length { got: 2, want: 3, .. })));
    for nu in [1.9, f64::NAN, 1e7] {
        let model = StudentT::new(&[0.0; 2], &root, Some(nu), 1);
        assert!(matches!(model, Err(KernelError::Range { .. })), "{nu}");
    }
    let nothing = StudentT::new(&[0.0, f64::NAN], &root, None, 1);
    assert!(matches!(nothing, Err(KernelError::Range { at: 1, .. })));
    let model = StudentT::new(&[0.0; 2], &root, None, 1).unwrap();
    let weights = model.losses(&[1.0], 10, &Run::default());
    assert!(matches!(weights, Err(KernelError::Length { got: 1, want: 2, .. })));
    assert_eq!(model.losses(&[1.0; 2], 0, &Run::default()), Ok(Vec::new()));

    let (book, panel) = (Book::default(), Panel::new(1, &[0.1; 100]).unwrap());
    let level = historical(&book, &panel, 1.5, &Run::default());
    assert!(matches!(level, Err(PortfolioError::Model(ModelError::Range { .. }))));
    assert!(matches!(
        risk_of(&[1.0, f64::INFINITY], 0.5),
        Err(ModelError::NotFinite { at: 1, .. })
    ));
}
