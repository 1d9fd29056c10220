//! How much of a market is in few hands, and how long it would take to close.

use super::{error::NeedError, portfolio::Portfolio, run::Rows, run::Stressed};
use std::collections::BTreeMap;

/// Herfindahl and Hirschman's index: the sum of squared shares, 0 where there is nothing.
pub fn hhi(sizes: &[f64]) -> f64 {
    let total: f64 = sizes.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    sizes.iter().map(|size| (size / total) * (size / total)).sum()
}

/// How many equal holders would be as concentrated: `1 ÷ HHI`, 0 where there is nothing.
pub fn effective_number(sizes: &[f64]) -> f64 {
    let index = hhi(sizes);
    if index > 0.0 { 1.0 / index } else { 0.0 }
}

/// Share of the `k` largest.
pub fn top_share(sizes: &[f64], k: usize) -> f64 {
    let mut sorted = sizes.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = sorted.iter().sum();
    if total > 0.0 { sorted.iter().take(k).sum::<f64>() / total } else { 0.0 }
}

/// Days to close a notional at a part of a day's volume.
pub fn days_to_liquidate(notional: f64, volume: f64, participation: f64) -> f64 {
    notional / (volume * participation)
}

/// Margin of a large position ÷ the usual one, less one: risk by diffusion grows with the square root of the days it
/// takes to close it, and what takes no longer than `usual` days needs none on top.
pub fn add_on(days: f64, usual: f64) -> f64 {
    if days <= usual { 0.0 } else { (days / usual).sqrt() - 1.0 }
}

/// One market's concentration, by owner groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentration {
    /// The market, by its place.
    pub market: usize,
    /// Open interest, long and short together, in quote units.
    pub open_interest: f64,
    /// Owner groups that hold some.
    pub holders: usize,
    /// [`hhi`] of their sizes.
    pub hhi: f64,
    /// [`effective_number`].
    pub effective_number: f64,
    /// Share of the largest.
    pub top1: f64,
    /// Share of the five largest.
    pub top5: f64,
    /// The largest group and its notional.
    pub largest: (u32, f64),
    /// Days to close the largest at the given part of a day's volume; zero where no trade moves the mark.
    pub days: f64,
    /// [`add_on`] of the largest, beyond one day.
    pub add_on: f64,
}

/// Concentration of every market with positions, in their order. `participation` is the part of a day's volume that a
/// close may take.
pub fn concentration(portfolio: &Portfolio, participation: f64) -> Vec<Concentration> {
    let book = &portfolio.exposure;
    let mut sizes: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); portfolio.markets.len()];
    for account in 0..book.len() {
        for held in book.held(account) {
            let size = sizes[held.market as usize].entry(book.group[account]).or_default();
            *size += held.notional.abs();
        }
    }
    let mut found = Vec::new();
    for (market, groups) in sizes.iter().enumerate().filter(|(_, groups)| !groups.is_empty()) {
        let all: Vec<f64> = groups.values().copied().collect();
        let mut largest = (0, 0.0);
        for (group, size) in groups {
            if *size > largest.1 {
                largest = (*group, *size);
            }
        }
        let volume = book.markets[market].liquidity.volume;
        let days = days_to_liquidate(largest.1, volume, participation);
        found.push(Concentration {
            market,
            open_interest: all.iter().sum(),
            holders: all.len(),
            hhi: hhi(&all),
            effective_number: effective_number(&all),
            top1: top_share(&all, 1),
            top5: top_share(&all, 5),
            largest,
            days,
            add_on: add_on(days, 1.0),
        });
    }
    found
}

/// The crude figure beside the need: what one side of all open interest loses in each scenario at its end, every market
/// moving against it, with no margin counted. Its value at risk is the "value at risk of open interest".
///
/// # Errors
/// [`NeedError::NoPath`].
pub fn crude_losses(portfolio: &Portfolio, stressed: &Stressed<'_>) -> Result<Vec<f64>, NeedError> {
    let rows = Rows::find(portfolio, stressed)?;
    let interest = portfolio.open_interest();
    let mut ratios = Vec::new();
    let mut losses = Vec::with_capacity(stressed.scenarios.number());
    for scenario in 0..stressed.scenarios.number() {
        rows.fill(stressed.scenarios, scenario, &mut ratios);
        let ends = ratios.len().saturating_sub(interest.len());
        let moved = ratios[ends..].iter().zip(&interest);
        losses.push(moved.map(|(ratio, size)| 0.5 * size * (ratio - 1.0).abs()).sum());
    }
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_by_hand() {
        // Shares 50 %, 30 %, 20 %: 0.25 + 0.09 + 0.04.
        let sizes = [30.0, 50.0, 20.0];
        assert!((hhi(&sizes) - 0.38).abs() < 1e-15);
        assert!((effective_number(&sizes) - 1.0 / 0.38).abs() < 1e-12);
        assert!((effective_number(&[2.0; 8]) - 8.0).abs() < 1e-12);
        assert!((top_share(&sizes, 2) - 0.8).abs() < 1e-15);
        assert_eq!((hhi(&[]), effective_number(&[0.0]), top_share(&[], 3)), (0.0, 0.0, 0.0));
        assert!((days_to_liquidate(4e6, 1e7, 0.1) - 4.0).abs() < 1e-12);
        assert!((add_on(4.0, 1.0) - 1.0).abs() < 1e-15 && add_on(0.5, 1.0).abs() < 1e-300);
    }
}
