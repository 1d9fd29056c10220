//! The reference venue: cross-margined accounts, an oracle, a liquidation engine with latency.
//!
//! ```text
//!  oracle ─▶ mark = oracle × (1 + basis) ─▶ below maintenance? ─▶ queue ─ latency ─▶ still below?
//!                         ▲                                                              │ close
//!                         └───────────── the fill moves the basis ◀──────────────────────┤
//!                                                                                        ▼
//!            survivors pay the socialised part ◀── SettleLiquidation through the core ◀─ outcome
//! ```
//!
//! One step ([`Venue::step`]) moves the oracle, lets impact decay, asks which accounts fell below
//! maintenance, and closes those whose latency is over; what that does to the mark is asked again
//! until nothing more is due. Each closed account is settled by exactly one command, only through
//! the core. Whoever takes the other side is the maker: one account for all market makers, hedged
//! elsewhere, never liquidated, and charged its part of socialised losses like everybody.
//!
//! Money is exact: the sum of all accounts' cash changes only by what goes through the core.
//!
//! Deliberately not here: order books, funding, partial liquidation, new orders after the start.

mod adl;
mod arm;
mod books;
mod close;
mod hosted;
mod lending;
mod settle;
mod tally;

pub use books::Conservation;
pub use tally::{BiggestLoss, Tally};

use crate::{
    book::Book,
    error::RiskError,
    evidence::Evidence,
    float::to_bps,
    impact::Impact,
    ledger::Ledger,
    margin::{Position, signed, size, travelled, value},
    params::VenueParams,
};
use arm::{Odometer, Triggers};
use backstop_core::{policy::PositionSide, state::State};
use backstop_units::{Amount, AssetId, Base, Label, MarketId, MathError, Price, Timestamp};
use books::Books;
use hosted::Hosted;
use lending::Bank;
use std::collections::VecDeque;

/// Who acts for the venue in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The account that settles.
    pub venue: Label,
    /// The account that moves money in and out.
    pub custodian: Label,
    /// The accounts that close positions, in turns; at least one.
    pub liquidators: Vec<Label>,
    /// The maker. It has an account in the ledger only where the positions are kept there.
    pub maker: Label,
    /// The asset of all margins.
    pub asset: Label,
}

/// Where an account stands in the liquidation engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Armed: its trigger or the scan watches it.
    Open,
    /// Below maintenance when last asked; waits out the latency.
    Queued,
    /// Closed for good.
    Closed,
}

/// An account as the venue keeps it. Its equity is cash plus what its positions are worth.
#[derive(Clone, Debug)]
struct Trader {
    label: Label,
    cash: i128,
    positions: Vec<Position>,
    status: Status,
    /// How often it has been armed.
    armed: u32,
}

/// A market as the venue keeps it.
#[derive(Clone, Debug)]
struct Market {
    label: Label,
    id: MarketId,
    /// The first oracle price: what positions were opened at.
    opened: Price,
    oracle: Price,
    mark: Price,
    impact: Impact,
    triggers: Triggers,
    /// Long and short together, the maker too, in base atoms.
    open_interest: u128,
    /// Fees taken and not yet paid into the fee pool, in quote atoms.
    fees: u128,
    /// Its lenders, where losses fall on them.
    bank: Option<Bank>,
}

/// The venue.
#[derive(Clone, Debug)]
pub struct Venue {
    params: VenueParams,
    names: Names,
    asset: AssetId,
    quote_atoms: f64,
    markets: Vec<Market>,
    traders: Vec<Trader>,
    maker: Trader,
    odometer: Odometer,
    queue: VecDeque<(Timestamp, usize)>,
    books: Books,
    tally: Tally,
    evidence: Vec<Evidence>,
    now: Timestamp,
    /// When the oracles last moved.
    moved: Timestamp,
    /// Where the ledger keeps the positions.
    hosted: Option<Hosted>,
}

/// One market of a venue as it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its name in the ledger.
    pub market: Label,
    /// Its first oracle price.
    pub price: Price,
}

/// How a venue opens.
#[derive(Clone, Debug)]
pub struct VenueSetup<'a> {
    /// How it works.
    pub params: &'a VenueParams,
    /// Its trading accounts.
    pub book: &'a Book,
    /// Its markets; positions name them by their place here.
    pub listings: &'a [Listing],
    /// Who acts for it.
    pub names: Names,
    /// When it opens.
    pub at: Timestamp,
    /// Atoms of one whole quote unit, in which depth is counted.
    pub quote_atoms: Amount,
}

/// The listed markets in the ledger.
struct Found {
    /// The one asset they share.
    asset: AssetId,
    /// Each with its lenders.
    markets: Vec<(MarketId, Option<Bank>)>,
    /// What the ledger keeps of their positions.
    hosted: Option<Hosted>,
}

/// Finds the listed markets in the ledger.
fn find(state: &State, asset: Label, listings: &[Listing]) -> Result<Found, RiskError> {
    let unknown = |label| move |_| RiskError::Market(label);
    let asset = state.asset_id(asset).map_err(unknown(asset))?;
    let (mut ids, mut markets) = (Vec::new(), Vec::new());
    for listing in listings {
        let error = RiskError::Market(listing.market);
        let id = state.market_id(listing.market).map_err(unknown(listing.market))?;
        let fund = state.markets.get(id).and_then(|market| state.funds.get(market.fund));
        if fund.is_none_or(|fund| fund.asset != asset) {
            return Err(error);
        }
        ids.push(id);
        markets.push((id, lending::bank(state, id)));
    }
    let hosted = Hosted::find(state, &ids);
    Ok(Found { asset, markets, hosted })
}

impl Venue {
    /// Opens the venue's books: everybody pays in, positions are opened at the first oracle price,
    /// and the maker takes the other side.
    ///
    /// # Errors
    /// [`RiskError::Market`] when a market is not on the ledger, [`RiskError::Rule`] when a position
    /// exceeds 128 bits.
    pub fn open(setup: VenueSetup<'_>, ledger: &mut impl Ledger) -> Result<Self, RiskError> {
        let VenueSetup { params, book, listings, names, at, quote_atoms } = setup;
        let found = ledger.read(|state| find(state, names.asset, listings))??;
        let Found { asset, markets, hosted } = found;
        let market = |(listing, (id, bank)): (&Listing, &(MarketId, Option<Bank>))| Market {
            label: listing.market,
            id: *id,
            bank: *bank,
            opened: listing.price,
            oracle: listing.price,
            mark: listing.price,
            impact: Impact::new(params),
            triggers: Triggers::default(),
            open_interest: 0,
            fees: 0,
        };
        let maker = Trader {
            label: names.maker,
            cash: 0,
            positions: match hosted {
                Some(_) => Vec::new(),
                None => (0..markets.len()).map(|market| Position { market, base: 0 }).collect(),
            },
            status: Status::Open,
            armed: 0,
        };
        let mut venue = Self {
            params: *params,
            asset,
            quote_atoms: crate::float::to_float(quote_atoms.get()),
            markets: listings.iter().zip(&markets).map(market).collect(),
            traders: Vec::with_capacity(book.accounts.len()),
            maker,
            odometer: Odometer::default(),
            queue: VecDeque::new(),
            books: Books::default(),
            tally: Tally::default(),
            evidence: Vec::new(),
            now: at,
            moved: at,
            hosted,
            names,
        };
        if venue.hosted.is_some() {
            venue.enter(book, ledger)?;
        } else {
            venue.admit(book)?;
            venue.fund_maker()?;
            venue.open_banks(ledger)?;
        }
        venue.arm()?;
        Ok(venue)
    }

    /// Takes in the book's accounts and opens their positions against the maker.
    fn admit(&mut self, book: &Book) -> Result<(), RiskError> {
        for account in &book.accounts {
            let cash = signed(account.collateral.get())?;
            self.books.deposit(cash)?;
            let index = self.traders.len();
            self.traders.push(Trader {
                label: account.label,
                cash,
                positions: Vec::new(),
                status: Status::Open,
                armed: 0,
            });
            for opening in &account.positions {
                let size = signed(opening.base.get())?;
                let base = if opening.side == PositionSide::Long { size } else { -size };
                let price = self.markets.get(opening.market).map(|market| market.oracle);
                let price = price.ok_or(RiskError::Missing("market for a position"))?;
                self.trade(index, Position { market: opening.market, base }, price)?;
            }
        }
        Ok(())
    }

    /// Gives the maker its collateral: one whole open interest, so that it outlives any path.
    fn fund_maker(&mut self) -> Result<(), RiskError> {
        let mut collateral = 0i128;
        for market in &self.markets {
            collateral += signed(size(signed(market.open_interest)?, market.oracle)?)?;
        }
        self.books.deposit(collateral)?;
        self.maker.cash += collateral;
        Ok(())
    }

    /// Moves a position between an account and the maker at a price. Returns the quote atoms that
    /// the account paid, negative when it received. Both book the same number.
    fn trade(&mut self, index: usize, change: Position, price: Price) -> Result<i128, RiskError> {
        let paid = value(change.base, price)?;
        let (Some(trader), Some(market), Some(taken)) = (
            self.traders.get_mut(index),
            self.markets.get_mut(change.market),
            self.maker.positions.get_mut(change.market),
        ) else {
            return Err(MathError::Overflow.into());
        };
        if trader.positions.iter().all(|position| position.market != change.market) {
            trader.positions.push(Position { market: change.market, base: 0 });
        }
        let position = trader.positions.iter_mut().find(|p| p.market == change.market);
        let Some(position) = position else { return Err(MathError::Overflow.into()) };
        let before = position.base.unsigned_abs() + taken.base.unsigned_abs();
        position.base += change.base;
        taken.base -= change.base;
        let after = position.base.unsigned_abs() + taken.base.unsigned_abs();
        market.open_interest =
            (market.open_interest + after).checked_sub(before).ok_or(MathError::Overflow)?;
        trader.cash -= paid;
        self.maker.cash += paid;
        Ok(paid)
    }

    /// One step: the oracles' new prices, one for each market, at a later moment.
    ///
    /// # Errors
    /// [`RiskError::Ledger`] when a settlement is refused.
    pub fn step(
        &mut self,
        at: Timestamp,
        oracles: &[Price],
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        self.work_until(at, ledger)?;
        self.move_to(at, oracles)?;
        if self.hosted.is_some() {
            return self.work(ledger);
        }
        let mut closed = Vec::new();
        loop {
            self.ask()?;
            if !self.close_due(&mut closed)? {
                break;
            }
        }
        self.settle(&closed, ledger)
    }

    /// Moves the oracles, and the marks with them.
    fn move_to(&mut self, at: Timestamp, oracles: &[Price]) -> Result<(), RiskError> {
        let elapsed = at.since(self.moved);
        (self.now, self.moved) = (at, at);
        let mut farthest = 0;
        for (market, oracle) in self.markets.iter_mut().zip(oracles) {
            market.oracle = *oracle;
            market.impact.advance(at, elapsed, *oracle, &self.params);
            let mark = market.impact.mark(*oracle);
            farthest = farthest.max(travelled(market.mark, mark)?);
            market.mark = mark;
        }
        self.odometer.advance(farthest);
        Ok(())
    }

    /// Positions of a market's trading accounts, without the maker, in base atoms.
    fn sizes(&self, market: usize) -> impl Iterator<Item = i128> {
        let positions = self.traders.iter().flat_map(|trader| &trader.positions);
        positions.filter(move |position| position.market == market).map(|position| position.base)
    }

    /// Which side of a market's traders, without the maker, has more open interest; long if equal.
    pub fn heavier(&self, market: usize) -> PositionSide {
        let net: i128 = self.sizes(market).sum();
        if net < 0 { PositionSide::Short } else { PositionSide::Long }
    }

    /// Open interest of a market's trading accounts, long and short together, without the maker, in
    /// base atoms.
    pub fn trader_interest(&self, market: usize) -> Base {
        Base::new(self.sizes(market).map(i128::unsigned_abs).sum())
    }

    /// Open interest of a market, long and short together, the maker too, in base atoms.
    pub fn open_interest(&self, market: usize) -> Base {
        Base::new(self.markets.get(market).map_or(0, |market| market.open_interest))
    }

    /// Open interest of all markets at their oracle prices, one side, in quote atoms. **Rounding** up.
    ///
    /// # Errors
    /// [`RiskError::Rule`] past 128 bits.
    pub fn one_sided(&self) -> Result<Amount, RiskError> {
        let mut total = 0;
        for market in &self.markets {
            total += size(signed(market.open_interest)?, market.oracle)?.div_ceil(2);
        }
        Ok(Amount::new(total))
    }

    /// The venue's mark of a market.
    pub fn mark(&self, market: usize) -> Price {
        self.markets.get(market).map_or(Price::ZERO, |market| market.mark)
    }

    /// The largest distance of a market's mark from its oracle so far, in basis points, below zero
    /// when the mark lay lower, and when it was reached.
    pub fn worst_basis(&self, market: usize) -> (i64, Timestamp) {
        let worst = self.markets.get(market).map(|market| market.impact.worst());
        worst.map_or((0, Timestamp::ZERO), |(basis, at)| (to_bps(basis), at))
    }

    /// What the settlements have come to so far.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The evidence of each step that closed somebody, in order.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// Names of the accounts closed so far.
    pub fn closed(&self) -> impl Iterator<Item = Label> {
        self.traders.iter().filter(|t| t.status == Status::Closed).map(|t| t.label)
    }

    /// Trading accounts, without the maker.
    pub const fn accounts(&self) -> usize {
        self.traders.len()
    }

    /// What an account would be left with at the marks, in quote atoms; none under that name.
    ///
    /// # Errors
    /// [`RiskError::Rule`] past 128 bits.
    pub fn equity(&self, account: Label) -> Result<Option<i128>, RiskError> {
        let all = self.traders.iter().chain([&self.maker]);
        let Some(trader) = all.into_iter().find(|trader| trader.label == account) else {
            return Ok(None);
        };
        let marks = self.marks();
        let maintenance = self.params.maintenance;
        let standing =
            crate::margin::standing(trader.cash, &trader.positions, &marks, maintenance)?;
        Ok(Some(standing.equity.get()))
    }

    /// What accounts with open positions owe beyond what they have at the marks, in quote atoms: losses that
    /// nobody has borne yet.
    ///
    /// # Errors
    /// [`RiskError::Rule`] past 128 bits.
    pub fn below_zero(&self) -> Result<Amount, RiskError> {
        let marks = self.marks();
        let mut sum = Amount::ZERO;
        for index in 0..self.traders.len() {
            let standing = self.standing(index, &marks)?.unwrap_or_default();
            sum = sum.saturating_add(standing.equity.negative());
        }
        Ok(sum)
    }

    fn marks(&self) -> Vec<Price> {
        self.markets.iter().map(|market| market.mark).collect()
    }
}
