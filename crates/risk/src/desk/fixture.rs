//! Books for the desk's own tests, out of the texts that files would have.

use super::inputs::Book;
use crate::{
    data::{Source, read_accounts, read_venue},
    need::{Portfolio, Rules, opening},
};

/// A book of these terms; the others without their header, positions as notionals.
pub(super) fn book(terms: &str, accounts: &str, positions: &str) -> Book {
    let venue = read_venue("venue.toml", terms).unwrap();
    let markets: Vec<String> = venue.markets.iter().map(|market| market.name.clone()).collect();
    let pledged = venue.assets.iter().map(|asset| asset.name.clone());
    let assets: Vec<String> = [venue.quote.clone()].into_iter().chain(pledged).collect();
    let accounts = format!("account,owner,asset,collateral\n{accounts}");
    let positions = format!("account,market,notional\n{positions}");
    let accounts = Source { file: "accounts.csv", text: &accounts };
    let positions = Source { file: "positions.csv", text: &positions };
    let accounts = read_accounts(accounts, positions, (&markets, &assets)).unwrap();
    let now = opening(&venue, None).unwrap();
    let portfolio = Portfolio::new(&venue, &accounts, &now, &Rules::DEFAULT).unwrap();
    Book { venue, accounts, now, portfolio, under_water: (0, 0.0) }
}
