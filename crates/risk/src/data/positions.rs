//! Accounts and positions of a venue, as two files.
//!
//! ```text
//!   account,owner,asset,collateral            owner and asset may be left out; one line for each asset of an account
//!   alice,fund-7,usd,12000.50
//!   account,market,size                       or notional instead of size; below zero for a short
//!   alice,BTC,-0.75
//! ```
//!
//! Collateral of the quote asset is what the account is worth beside other assets: gains of its positions so far are
//! in it, so no entry price is needed. It may be below zero, a debt; no other asset may. Who has no owner is his own.

use super::{
    error::{DataError, DataFault},
    table::{Header, LINES_MAX, Row},
};
use std::collections::HashMap;

/// How large a position is, below zero for a short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// Base units.
    Base(f64),
    /// Quote units, at the prices of now.
    Notional(f64),
}

/// One position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Its market, by the place in [`Accounts::markets`].
    pub market: usize,
    /// How large it is.
    pub size: Size,
}

/// What an account has posted of one asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Collateral {
    /// Its asset, by the place in [`Accounts::assets`]; the quote asset is 0.
    pub asset: usize,
    /// Units of that asset.
    pub amount: f64,
}

/// One account.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its owner group, by the place in [`Accounts::owners`].
    pub owner: usize,
    /// One for each asset at most.
    pub collateral: Vec<Collateral>,
    /// One for each market at most.
    pub positions: Vec<Position>,
}

/// All accounts of a venue, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Accounts {
    /// Names of the assets; the first is the quote asset.
    pub assets: Vec<String>,
    /// Names of the markets.
    pub markets: Vec<String>,
    /// Names of the owners, in the order in which they first appear.
    pub owners: Vec<String>,
    /// The accounts.
    pub accounts: Vec<Account>,
}

/// A file's name and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// For errors and the report.
    pub file: &'a str,
    /// What it holds.
    pub text: &'a str,
}

/// Reads both files. `markets` and `assets` are the names that the settings know, the quote asset first.
///
/// # Errors
/// [`DataError`] with file, line and column: no number, a collateral below zero that is not quote, a name that is
/// unknown or there twice, a missing column or field.
pub fn read_accounts(
    accounts: Source<'_>,
    positions: Source<'_>,
    (markets, assets): (&[String], &[String]),
) -> Result<Accounts, DataError> {
    let mut all = Accounts {
        assets: assets.to_vec(),
        markets: markets.to_vec(),
        owners: Vec::new(),
        accounts: Vec::new(),
    };
    let places = all.read_collateral(accounts)?;
    all.read_positions(positions, &places)?;
    Ok(all)
}

/// The names of accounts and their places.
type Places<'a> = HashMap<&'a str, usize>;

impl Accounts {
    fn read_collateral<'a>(&mut self, source: Source<'a>) -> Result<Places<'a>, DataError> {
        let (header, lines) = Header::read(source.file, source.text)?;
        let (name_at, amount_at) = (header.need("account")?, header.need("collateral")?);
        let (owner_at, asset_at) = (header.find("owner"), header.find("asset"));
        let (mut places, mut owners): (Places<'a>, Places<'a>) = (HashMap::new(), HashMap::new());
        for (number, content) in lines.enumerate() {
            let row = header.row(content)?;
            if number == LINES_MAX {
                return Err(row.fault(0, DataFault::TooLong(LINES_MAX)));
            }
            let name = row.filled(name_at)?;
            let asset = match asset_at {
                Some(at) => self.asset(&row, at)?,
                None => 0,
            };
            let amount = row.amount(amount_at)?;
            if amount < 0.0 && asset != 0 {
                let range = "only the quote asset can be owed";
                return Err(row.fault(amount_at, DataFault::Range { got: amount, range }));
            }
            // Who names no owner is his own, and nobody else's: a blank can't meet an owner's name.
            let owner = owner_at.map_or(Ok(""), |at| row.text(at))?;
            let owned = if owner.is_empty() { None } else { owners.get(owner).copied() };
            let place = places.get(name).copied();
            let owner_place = match (owned, place) {
                (Some(known), _) => known,
                (None, Some(place)) if owner.is_empty() => self.accounts[place].owner,
                (None, _) => {
                    self.owners.push(if owner.is_empty() { name } else { owner }.to_owned());
                    if !owner.is_empty() {
                        owners.insert(owner, self.owners.len() - 1);
                    }
                    self.owners.len() - 1
                }
            };
            let place = place.unwrap_or_else(|| {
                let (collateral, positions) = (Vec::new(), Vec::new());
                let (name, owner) = (name.to_owned(), owner_place);
                self.accounts.push(Account { name, owner, collateral, positions });
                self.accounts.len() - 1
            });
            places.insert(name, place);
            let account = &mut self.accounts[place];
            if account.owner != owner_place {
                let hint = "an account has one owner: give the same on each of its lines";
                let (what, name) = ("account with two owners", name.to_owned());
                let fault = DataFault::Twice { what, name, hint };
                return Err(row.fault(owner_at.unwrap_or(name_at), fault));
            }
            if account.collateral.iter().any(|known| known.asset == asset) {
                let hint = "add the amounts up in one line of each asset";
                let (what, name) = ("collateral of account", name.to_owned());
                return Err(row.fault(name_at, DataFault::Twice { what, name, hint }));
            }
            account.collateral.push(Collateral { asset, amount });
        }
        if self.accounts.is_empty() {
            return Err(DataError::file(source.file, DataFault::Empty));
        }
        Ok(places)
    }

    fn asset(&self, row: &Row<'_, '_>, at: usize) -> Result<usize, DataError> {
        let name = row.text(at)?;
        if name.is_empty() {
            return Ok(0);
        }
        let hint = "give it a section [asset.NAME] in the markets file";
        let unknown = || DataFault::Unknown { what: "asset", name: name.to_owned(), hint };
        let found = self.assets.iter().position(|known| known == name);
        found.ok_or_else(|| row.fault(at, unknown()))
    }

    fn read_positions(&mut self, source: Source<'_>, places: &Places<'_>) -> Result<(), DataError> {
        let (header, lines) = Header::read(source.file, source.text)?;
        let (name_at, market_at) = (header.need("account")?, header.need("market")?);
        let (size_at, notional_at) = (header.find("size"), header.find("notional"));
        if size_at.is_none() && notional_at.is_none() {
            return Err(header.lacks("\"size\" (base units) or \"notional\" (quote units)"));
        }
        for (number, content) in lines.enumerate() {
            let row = header.row(content)?;
            if number == LINES_MAX {
                return Err(row.fault(0, DataFault::TooLong(LINES_MAX)));
            }
            let (name, market) = (row.filled(name_at)?, row.filled(market_at)?);
            let size = size(&row, size_at, notional_at)?;
            let hint = "add it to the accounts file, or remove the position";
            let unknown = DataFault::Unknown { what: "account", name: name.to_owned(), hint };
            let place = places.get(name).ok_or_else(|| row.fault(name_at, unknown))?;
            let hint =
                "give it a section [market.NAME] in the markets file, or remove the position";
            let unknown = DataFault::Unknown { what: "market", name: market.to_owned(), hint };
            let found = self.markets.iter().position(|known| known == market);
            let market = found.ok_or_else(|| row.fault(market_at, unknown))?;
            let positions = &mut self.accounts[*place].positions;
            if positions.iter().any(|known| known.market == market) {
                let hint = "add its sizes up: an account has one position in a market";
                let (what, name) = ("position of account", name.to_owned());
                return Err(row.fault(market_at, DataFault::Twice { what, name, hint }));
            }
            positions.push(Position { market, size });
        }
        Ok(())
    }
}

/// The one of two fields that is filled.
fn size(
    row: &Row<'_, '_>,
    base: Option<usize>,
    notional: Option<usize>,
) -> Result<Size, DataError> {
    let filled = |at: Option<usize>| {
        Ok(match at {
            Some(at) => Some(at).filter(|_| row.text(at).is_ok_and(|text| !text.is_empty())),
            None => None,
        })
    };
    match (filled(base)?, filled(notional)?) {
        (Some(at), None) => Ok(Size::Base(row.amount(at)?)),
        (None, Some(at)) => Ok(Size::Notional(row.amount(at)?)),
        (Some(_), Some(at)) => Err(row.fault(at, DataFault::Either("size", "notional"))),
        (None, None) => {
            let at = base.or(notional).unwrap_or_default();
            row.filled(at)?;
            Err(row.fault(at, DataFault::Blank))
        }
    }
}
