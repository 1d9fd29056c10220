//! What the kernels are measured on, drawn from a fixed seed; a peer can be given the very same.

use backstop_risk::{
    kernel::{Book, KernelError, Panel},
    random::Random,
    stats::linear::{LinearError, Matrix, cholesky},
};
use std::{fs, io, path::Path};

pub(crate) const ACCOUNTS: usize = 1_000_000;
pub(crate) const SCENARIOS: usize = 1_000;
pub(crate) const MARKETS: usize = 20;
pub(crate) const POSITIONS: usize = 3;
pub(crate) const ASSETS: usize = 50;
pub(crate) const PATHS: usize = 1_000_000;
pub(crate) const NU: f64 = 4.0;

/// Student's t with four degrees of freedom: chi squared of an even number is a sum of logarithms.
fn student4(random: &mut Random) -> f64 {
    let chi = -2.0 * libm::log(random.uniform() * random.uniform());
    random.normal() * libm::sqrt(4.0 / chi)
}

/// One account: three different markets, lognormal sizes, six of ten long, leverage lognormal around two.
fn account(random: &mut Random) -> (f64, [(u16, f64); POSITIONS]) {
    let mut positions = [(0, 0.0); POSITIONS];
    for at in 0..POSITIONS {
        let market = loop {
            let market = random.below(MARKETS) as u16;
            if !positions[..at].iter().any(|(other, _)| *other == market) {
                break market;
            }
        };
        let size = libm::exp(7.0 + 2.0 * random.normal());
        positions[at] = (market, if random.chance(0.6) { size } else { -size });
    }
    let leverage = libm::exp(0.7 + 0.8 * random.normal()).clamp(0.2, 50.0);
    let gross: f64 = positions.iter().map(|(_, size)| size.abs()).sum();
    (gross / leverage, positions)
}

/// The accounts.
pub(crate) fn book() -> Result<Book, KernelError> {
    let mut random = Random::new(11);
    let mut book = Book::with_capacity(ACCOUNTS, ACCOUNTS * POSITIONS);
    for _ in 0..ACCOUNTS {
        let (collateral, positions) = account(&mut random);
        book.push(collateral, &positions)?;
    }
    Ok(book)
}

/// Returns, market by market: a common shock and one of each market's own, both with heavy tails.
pub(crate) fn returns() -> Vec<f64> {
    let mut random = Random::new(12);
    let common: Vec<f64> = (0..SCENARIOS).map(|_| 0.032 * student4(&mut random)).collect();
    let one = |common: &f64, random: &mut Random| common + 0.025 * student4(random);
    (0..MARKETS)
        .flat_map(|_| common.iter().map(|c| one(c, &mut random)).collect::<Vec<_>>())
        .map(|value| value.clamp(-0.9, 2.0))
        .collect()
}

/// The scenarios.
pub(crate) fn panel() -> Result<Panel, KernelError> {
    Panel::new(MARKETS, &returns())
}

/// Dispersion's root and weights of a portfolio of 50 assets: three common factors, daily volatility of 3 to 8 %.
pub(crate) fn portfolio() -> Result<(Matrix, Vec<f64>), LinearError> {
    let mut random = Random::new(7);
    let factors = Matrix::from_fn(ASSETS, 3, |_, _| 0.0);
    let mut factors = factors;
    for asset in 0..ASSETS {
        for factor in 0..3 {
            let level = if factor == 0 { 0.8 } else { 0.0 };
            *factors.at_mut(asset, factor) = level + 0.3 * random.normal();
        }
    }
    let own: Vec<f64> = (0..ASSETS).map(|_| 0.3 + random.uniform()).collect();
    let covariance = |a: usize, b: usize| {
        let common: f64 = (0..3).map(|f| factors.at(a, f) * factors.at(b, f)).sum();
        common + if a == b { own[a] } else { 0.0 }
    };
    let volatility: Vec<f64> = (0..ASSETS).map(|_| 0.03 + 0.05 * random.uniform()).collect();
    let dispersion = Matrix::from_fn(ASSETS, ASSETS, |a, b| {
        let scale = (covariance(a, a) * covariance(b, b)).sqrt();
        covariance(a, b) / scale * volatility[a] * volatility[b]
    });
    let weights = (0..ASSETS).map(|_| 1e6 * random.normal()).collect();
    Ok((cholesky(&dispersion)?, weights))
}

/// A GARCH(1,1) series in percent.
pub(crate) fn series() -> Vec<f64> {
    let mut random = Random::new(5);
    let (omega, alpha, beta) = (0.05, 0.08, 0.9);
    let mut variance: f64 = omega / (1.0 - alpha - beta);
    let one = |_| {
        let shock = variance.sqrt() * random.normal();
        variance = omega + alpha * shock * shock + beta * variance;
        0.05 + shock
    };
    (0..3000).map(one).collect()
}

/// Excesses of a generalised Pareto distribution of shape 0.3 and scale 2.
pub(crate) fn excesses() -> Vec<f64> {
    let mut random = Random::new(3);
    (0..5000).map(|_| 2.0 / 0.3 * (libm::pow(random.uniform(), -0.3) - 1.0)).collect()
}

/// Writes everything below a folder as raw numbers in this machine's order, for a peer to read.
pub(crate) fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let floats = |name: &str, values: &mut dyn Iterator<Item = f64>| -> io::Result<()> {
        let bytes: Vec<u8> = values.flat_map(f64::to_ne_bytes).collect();
        fs::write(folder.join(name), bytes)
    };
    let book = book()?;
    let markets: Vec<u8> = (0..book.len())
        .flat_map(|at| book.account(at).markets.iter().flat_map(|m| i32::from(*m).to_ne_bytes()))
        .collect();
    fs::write(folder.join("markets.i32"), markets)?;
    let all = || (0..book.len()).map(|at| book.account(at));
    floats("notionals.f64", &mut all().flat_map(|account| account.notionals.iter().copied()))?;
    floats("collateral.f64", &mut all().map(|account| account.collateral))?;
    floats("returns.f64", &mut returns().into_iter())?;
    let (root, weights) = portfolio()?;
    floats("root.f64", &mut (0..ASSETS).flat_map(|row| root.row(row).iter().copied()))?;
    floats("weights.f64", &mut weights.into_iter())?;
    floats("series.f64", &mut series().into_iter())?;
    floats("excesses.f64", &mut excesses().into_iter())?;
    Ok(())
}
