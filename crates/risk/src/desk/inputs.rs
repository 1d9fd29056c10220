//! Files of a run, read and held against each other.

use super::{
    error::DeskError, fund::LedgerFund, outcome::FilePage, rules::rules, run::Parts, setup::Setup,
};
use crate::{
    data::{
        Accounts, DataError, DataPage, History, Outcomes, Shock, Source, Venue, at_market,
        read_accounts, read_outcomes, read_prices, read_shocks, read_venue,
    },
    need::{Market0, Portfolio, no_price, opening, unpriced},
    scenarios::library,
};
use backstop_core::Genesis;

/// A file's name and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// For errors and the report.
    pub file: String,
    /// What it holds.
    pub text: String,
}

impl Text {
    fn source(&self) -> Source<'_> {
        Source { file: &self.file, text: &self.text }
    }
}

/// The files' texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Price history.
    pub prices: Vec<Text>,
    /// The venue's terms.
    pub venue: Option<Text>,
    /// Accounts.
    pub accounts: Option<Text>,
    /// Positions.
    pub positions: Option<Text>,
    /// Crises of one's own.
    pub shocks: Option<Text>,
    /// What became of accounts.
    pub outcomes: Option<Text>,
}

/// What stands at risk.
#[derive(Clone, Debug)]
pub struct Book {
    /// The venue's terms.
    pub venue: Venue,
    /// Accounts and positions as they were read.
    pub accounts: Accounts,
    /// Prices of now.
    pub now: Market0,
    /// Both, ready for scenarios.
    pub portfolio: Portfolio,
    /// Accounts that owe more than they have at the prices of now, and all they owe: they are in none of the above.
    pub under_water: (usize, f64),
}

/// All that a run works on.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Prices; none for a run of shocks alone.
    pub history: Option<History>,
    /// Positions; none for a run about prices alone.
    pub book: Option<Book>,
    /// Crises of one's own.
    pub shocks: Vec<Shock>,
    /// What became of accounts; none: no model learns.
    pub outcomes: Option<Outcomes>,
    /// The ledger whose waterfall says who pays in a crisis; none: the fund alone.
    pub waterfall: Option<Genesis>,
    /// The ledger's fund, whose fee control the fee path has; none: that of the genesis above.
    pub fund: Option<LedgerFund>,
    /// What a reader must know of where all this comes from.
    pub notes: Vec<String>,
}

impl Inputs {
    /// Reads the files.
    ///
    /// # Errors
    /// [`DeskError::Setting`]; [`DeskError::Data`] with file, line and column; [`DeskError::Lacks`] when positions come without accounts or terms.
    pub fn read(setup: &Setup, texts: &Texts) -> Result<Self, DeskError> {
        setup.check()?;
        let history = history(&texts.prices)?;
        let book = book(setup, texts, history.as_ref())?;
        let shocks = match (&texts.shocks, &book) {
            (None, _) => Vec::new(),
            (Some(_), None) => {
                return Err(lacks("crises of one's own", "positions", "--positions"));
            }
            (Some(text), Some(book)) => {
                read_shocks(&text.file, &text.text, &book.portfolio.markets)?
            }
        };
        survivable(setup, &shocks)?;
        let outcomes = texts.outcomes.as_ref().map(|text| read_outcomes(text.source()));
        let outcomes = outcomes.transpose()?;
        let (waterfall, fund, notes) = (None, None, Vec::new());
        Ok(Self { history, book, shocks, outcomes, waterfall, fund, notes })
    }

    /// The positions, for what can't do without.
    ///
    /// # Errors
    /// [`DeskError::Lacks`].
    pub fn need_book(&self, what: &'static str) -> Result<&Book, DeskError> {
        let hint = "--venue, --accounts and --positions, or --from-ledger";
        self.book.as_ref().ok_or_else(|| lacks(what, "positions", hint))
    }

    /// The prices, for what can't do without.
    ///
    /// # Errors
    /// [`DeskError::Lacks`].
    pub fn need_history(&self, what: &'static str) -> Result<&History, DeskError> {
        self.history.as_ref().ok_or_else(|| lacks(what, "price history", "--prices"))
    }

    /// The parts of a run that its files allow.
    pub fn possible(&self, parts: Parts) -> Parts {
        let (book, history) = (self.book.is_some(), self.history.is_some());
        Parts {
            size: parts.size && book && history,
            sensitivity: parts.sensitivity && book && history,
            stress: parts.stress && book,
            back_test: parts.back_test && history,
            forecast: parts.forecast && history,
            fee: parts.fee && book && history,
            tranches: parts.tranches && book && history,
        }
    }

    /// What the report says about the price files.
    pub fn pages(&self) -> Vec<FilePage> {
        let pages = self.history.as_ref().map(History::pages).unwrap_or_default();
        pages.iter().map(page).collect()
    }
}

/// The crisis that settings want survived must be one.
fn survivable(setup: &Setup, shocks: &[Shock]) -> Result<(), DeskError> {
    let Some(name) = &setup.costs.survive else { return Ok(()) };
    let yours = shocks.iter().map(|shock| shock.name.as_str());
    let all: Vec<&str> = library::names().map(|name: &str| name).chain(yours).collect();
    if all.contains(&name.as_str()) {
        return Ok(());
    }
    let known = all.join(", ");
    Err(DeskError::NoCrisis { name: name.clone(), known })
}

fn lacks(what: &'static str, missing: &'static str, give: &'static str) -> DeskError {
    DeskError::Lacks { what, missing, give }
}

/// The market of a file of bars that names none: the file's name up to its first mark.
fn market_of(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let end = name.find(['_', '.', '-']).unwrap_or(name.len());
    name[..end].to_uppercase()
}

fn history(files: &[Text]) -> Result<Option<History>, DataError> {
    if files.is_empty() {
        return Ok(None);
    }
    let read = |text: &Text| {
        read_prices(&text.file, &text.text, (&market_of(&text.file), "not said in the file"))
    };
    History::join(files.iter().map(read).collect::<Result<_, _>>()?).map(Some)
}

fn book(
    setup: &Setup,
    texts: &Texts,
    history: Option<&History>,
) -> Result<Option<Book>, DeskError> {
    let (Some(venue), Some(accounts), Some(positions)) =
        (&texts.venue, &texts.accounts, &texts.positions)
    else {
        let (terms, money) = (texts.venue.is_some(), texts.accounts.is_some());
        return match (terms, money, texts.positions.is_some()) {
            (.., true) if !terms => Err(lacks("positions", "the venue's terms", "--venue")),
            (_, false, true) => Err(lacks("positions", "accounts", "--accounts")),
            (_, true, false) => Err(lacks("accounts", "positions", "--positions")),
            _ => Ok(None),
        };
    };
    let terms = venue;
    let venue = read_venue(&terms.file, &terms.text)?;
    if let Some(market) = unpriced(&venue, history) {
        return Err(at_market(&terms.file, &terms.text, market, no_price(market)).into());
    }
    let markets: Vec<String> = venue.markets.iter().map(|market| market.name.clone()).collect();
    let others = venue.assets.iter().map(|asset| asset.name.clone());
    let assets: Vec<String> = [venue.quote.clone()].into_iter().chain(others).collect();
    let mut accounts = read_accounts(accounts.source(), positions.source(), (&markets, &assets))?;
    let now = opening(&venue, history)?;
    let under_water = without_debtors(&mut accounts, &venue, &now);
    let portfolio = Portfolio::new(&venue, &accounts, &now, &rules(setup))?;
    Ok(Some(Book { venue, accounts, now, portfolio, under_water }))
}

/// Takes out the accounts that owe more than they have at the prices of now: how many, and all they owe. That is lost
/// already, once; scenarios would lose it again on each of their days.
fn without_debtors(accounts: &mut Accounts, venue: &Venue, now: &Market0) -> (usize, f64) {
    let before = accounts.accounts.len();
    let mut owed = 0.0;
    accounts.accounts.retain(|account| {
        let equity: f64 = account.collateral.iter().map(|held| now.worth(held, venue)).sum();
        owed += (-equity).max(0.0);
        equity >= 0.0
    });
    (before - accounts.accounts.len(), owed)
}

fn page(page: &DataPage) -> FilePage {
    let market =
        |m: &crate::data::MarketPage| (m.market.clone(), m.from.clone(), m.to.clone(), m.bars);
    let hole = |h: &crate::data::Hole| (h.market.clone(), h.from.clone(), h.to.clone(), h.bars);
    FilePage {
        file: page.file.clone(),
        digest: page.sha256.clone(),
        origin: page.origin.clone(),
        step: page.step.clone(),
        markets: page.markets.iter().map(market).collect(),
        holes: page.holes.iter().map(hole).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_bars_is_of_the_market_that_its_name_begins_with() {
        assert_eq!(market_of("prices/solusdt_1h_2021.csv"), "SOLUSDT");
        assert_eq!(market_of("btc.csv"), "BTC");
        assert_eq!(market_of("eth"), "ETH");
    }
}
