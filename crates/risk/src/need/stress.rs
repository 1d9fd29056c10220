//! A crisis of the library on a venue's accounts.

use super::{
    cascade::Rules,
    error::NeedError,
    portfolio::{Market0, Portfolio},
    run::{Stressed, Trace, trace},
};
use crate::{
    data::{Account, Accounts, Collateral, Position, Size, Venue, margin},
    scenarios::library::{Listed, Stress},
};
use std::borrow::Cow;

/// What a portfolio is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Markets and collateral.
    pub venue: &'a Venue,
    /// Accounts and positions.
    pub accounts: &'a Accounts,
    /// Prices of now.
    pub now: &'a Market0,
}

impl Inputs<'_> {
    /// What the library must know of the markets.
    pub fn listed(&self) -> Vec<Listed> {
        let markets = self.venue.markets.iter().zip(&self.now.prices).zip(&self.now.sigmas);
        markets
            .map(|((market, price), sigma)| Listed {
                name: market.name.clone(),
                price: *price,
                sigma: *sigma,
            })
            .collect()
    }
}

/// A crisis that was run.
#[derive(Clone, Debug)]
pub struct Crisis<'a> {
    /// The accounts, with one more where the crisis has a whale.
    pub portfolio: Cow<'a, Portfolio>,
    /// What it came to.
    pub trace: Trace,
}

/// Runs a crisis.
///
/// # Errors
/// As [`outcomes`](super::outcomes); as [`Portfolio::new`] where the crisis has a whale.
pub fn in_crisis<'a>(
    portfolio: &'a Portfolio,
    inputs: &Inputs<'_>,
    stress: &Stress,
    rules: &Rules,
) -> Result<Crisis<'a>, NeedError> {
    let portfolio = if stress.whale > 0.0 {
        let accounts = with_whale(inputs, portfolio, stress.whale);
        Cow::Owned(Portfolio::new(inputs.venue, &accounts, inputs.now, rules)?)
    } else {
        Cow::Borrowed(portfolio)
    };
    let stressed = Stressed {
        scenarios: &stress.scenarios,
        conditions: std::slice::from_ref(&stress.conditions),
    };
    let trace = trace(&portfolio, &stressed, rules, 0)?;
    Ok(Crisis { portfolio, trace })
}

/// The accounts and one more: long `share` of the largest market's open interest, with its initial margin as all its
/// collateral. It is an owner of its own.
pub fn with_whale(inputs: &Inputs<'_>, portfolio: &Portfolio, share: f64) -> Accounts {
    let (mut market, mut most) = (0, 0.0);
    for (at, size) in portfolio.open_interest().into_iter().enumerate() {
        if size > most {
            (market, most) = (at, size);
        }
    }
    let notional = share * most;
    let initial = inputs.venue.markets.get(market).map_or(&[][..], |spec| &spec.initial[..]);
    let mut accounts = inputs.accounts.clone();
    let mut name = "whale".to_owned();
    while accounts.accounts.iter().any(|account| account.name == name) {
        name.push('+');
    }
    accounts.owners.push(name.clone());
    accounts.accounts.push(Account {
        name,
        owner: accounts.owners.len() - 1,
        collateral: vec![Collateral { asset: 0, amount: margin(initial, notional) }],
        positions: vec![Position { market, size: Size::Notional(notional) }],
    });
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Step;

    #[test]
    fn margin_of_steps() {
        let steps = [Step { above: 0.0, rate: 0.01 }, Step { above: 1_000.0, rate: 0.1 }];
        for (notional, want) in [(0.0, 0.0), (500.0, 5.0), (1_000.0, 10.0), (3_000.0, 210.0)] {
            assert!((margin(&steps, notional) - want).abs() < 1e-12, "{notional}");
        }
        assert!(margin(&[], 5.0).abs() < 1e-300);
    }
}
