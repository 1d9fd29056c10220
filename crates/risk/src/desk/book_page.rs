//! What stands at risk, as the report has it.

use super::{
    inputs::Book,
    outcome::{BookPage, MarketLine},
};
use crate::need::concentration;

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
        markets: all.iter().filter(|found| found.holders > 0).map(line).collect(),
    }
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
