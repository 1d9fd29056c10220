//! What stands at risk, as the report has it.

use super::{
    inputs::Book,
    outcome::{BookPage, MarketLine},
};
use crate::need::concentration;
use backstop_units::Signed;

/// Part of a day's volume that a patient seller takes. **Source** a usual rule of execution desks: a tenth moves little.
const PARTICIPATION: f64 = 0.1;

/// The page.
pub(super) fn page(book: &Book) -> BookPage {
    let portfolio = &book.portfolio;
    let all = concentration(portfolio, PARTICIPATION);
    let line = |found: &crate::need::Concentration| MarketLine {
        market: portfolio.markets.get(found.market).cloned().unwrap_or_default(),
        price: portfolio.prices.get(found.market).copied().unwrap_or_default(),
        open_interest: 0.5 * found.open_interest,
        holders: found.holders,
        hhi: found.hhi,
        effective_number: found.effective_number,
        largest: (super::need_page::owner(book, found.largest.0), found.largest.1),
        days: found.days,
        add_on: found.add_on,
    };
    BookPage {
        accounts: portfolio.accounts.len(),
        groups: portfolio.owners.len(),
        quote: portfolio.quote.clone(),
        collateral: collateral(book),
        under_water: book.under_water,
        below_maintenance: below_maintenance(book),
        markets: all.iter().filter(|found| found.holders > 0).map(line).collect(),
    }
}

/// Accounts with positions that are below maintenance at the prices of now, by the core's margin code.
fn below_maintenance(book: &Book) -> usize {
    let accounts = book.accounts.accounts.iter().enumerate();
    let open = accounts.filter(|(_, account)| !account.positions.is_empty());
    let below = |place: usize| {
        let found = book.portfolio.margins.standing(place, &|_| 1.0);
        found.is_ok_and(|found| {
            found.equity < Signed::new(i128::try_from(found.maintenance.get()).unwrap_or(i128::MAX))
        })
    };
    open.filter(|(place, _)| below(*place)).count()
}

/// All collateral at the prices of now, before haircuts.
fn collateral(book: &Book) -> f64 {
    let price = |asset: usize| match asset.checked_sub(1) {
        None => 1.0,
        Some(place) => {
            let market = book.venue.assets.get(place).map(|asset| asset.market);
            market.and_then(|market| book.now.prices.get(market)).copied().unwrap_or(0.0)
        }
    };
    let accounts = book.accounts.accounts.iter().flat_map(|account| &account.collateral);
    accounts.map(|held| held.amount * price(held.asset)).sum()
}
