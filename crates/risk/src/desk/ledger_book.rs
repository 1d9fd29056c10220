//! A ledger's hosted markets as the desk's files: accounts, pledges, positions and terms as they stand at its head.
//!
//! An account's equity at the marks, by the core's own margin code, is its collateral: what it has won or lost so far is in
//! it. A pledge of another asset is one in the desk's book too where a market is known that it follows. Attached markets keep
//! their positions at the venue: those come from files.

mod notes;

use self::notes::{Found, Lacks};
use super::{error::DeskError, setup::Shape};
use crate::{
    data::{MarketSpec, Venue},
    float::{PRICE_SCALE, signed_to_float, to_float},
};
use backstop_core::{
    Halt, State,
    hosted::{
        account::{load, mark},
        collateral::Pledge,
    },
    liquidation::collateral::{Collateral, counted},
    oracle,
    policy::{CollateralPolicy, MarginTier},
    state::{HostedMarket, HostedPosition, MarginAccount},
};
use backstop_units::{Amount, FundId, Label, MarketId, Ppm, Price, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// A day's deviation where there is neither a price history nor a setting.
const BLIND: f64 = 0.05;

/// The market that a pledged asset follows.
#[derive(Clone, Copy, Debug)]
enum Followed<'a> {
    /// One of the ledger's, at its mark.
    Own(MarketId, f64),
    /// One that only a file knows; its price is that of the first asset that follows it.
    File(&'a MarketSpec),
}

/// An asset that the fund's pool takes and somebody has pledged.
#[derive(Clone, Copy, Debug)]
struct Taken<'a> {
    label: Label,
    decimals: u8,
    policy: CollateralPolicy,
    /// Its price by the ledger's index; none: it counts for nothing.
    price: Option<Price>,
    /// Of when that price is, where none is fresh.
    stale: Option<Timestamp>,
    follows: Option<Followed<'a>>,
}

#[derive(Debug)]
struct Book<'a> {
    state: &'a State,
    fund: FundId,
    /// Atoms of the quote asset in a whole unit, and its name.
    quote: (f64, Label),
    beside: Option<&'a Venue>,
    accounts: String,
    positions: String,
    /// Markets that somebody has a position on, or whose price a pledge follows.
    markets: BTreeSet<MarketId>,
    taken: BTreeMap<u32, Taken<'a>>,
    /// Markets that only a file knows and a pledge follows: the file's row, and the price.
    rows: BTreeMap<&'a str, (&'a MarketSpec, f64)>,
    /// Names of pledged assets of the texts: haircut, and the market's name.
    assets: BTreeMap<String, (f64, String)>,
    found: Found,
}

/// The files' texts, and what a reader must know of them.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) venue: String,
    pub(super) accounts: String,
    pub(super) positions: String,
    pub(super) notes: Vec<String>,
}

/// Writes the book of a fund's hosted markets, with what a file `beside` says of them. With `blind` there is no price
/// history. `name` is the ledger's, for refusals.
///
/// # Errors
/// [`DeskError::Ledger`] when the core can't value a margin account.
pub(super) fn written(
    (state, name): (&State, &str),
    fund: FundId,
    beside: Option<&Venue>,
    (blind, shape): (bool, Shape),
) -> Result<Written, DeskError> {
    let mut book = Book::new(state, fund, beside);
    for (place, margin) in state.margins.iter().filter(|(_, margin)| margin.fund == fund) {
        book.account(place, margin).map_err(|halt| {
            let whose = state.accounts.get(margin.account).map(|account| account.label);
            let whose = whose.unwrap_or_default();
            DeskError::Ledger {
                place: name.to_owned(),
                fault: format!(
                    "the margin account of {whose} can't be valued at the ledger's last record: {halt}\n\nhint: report fresh \
                     prices first"
                ),
            }
        })?;
    }
    let (venue, notes) = book.venue(blind, shape);
    Ok(Written { venue, accounts: book.accounts, positions: book.positions, notes })
}

impl<'a> Book<'a> {
    fn new(state: &'a State, fund: FundId, beside: Option<&'a Venue>) -> Self {
        let asset = state.funds.get(fund).and_then(|fund| state.assets.get(fund.asset));
        let (decimals, label) =
            asset.map_or((0, Label::NONE), |asset| (asset.decimals, asset.label));
        let mut book = Self {
            state,
            fund,
            quote: (whole(decimals), label),
            beside,
            accounts: "account,owner,asset,collateral\n".to_owned(),
            positions: "account,market,size\n".to_owned(),
            markets: BTreeSet::new(),
            taken: BTreeMap::new(),
            rows: BTreeMap::new(),
            assets: BTreeMap::new(),
            found: Found::default(),
        };
        let pledged = pledged(state, fund);
        for (id, item) in state.collaterals_of(fund).filter(|(id, _)| pledged.contains(id)) {
            let Some(asset) = state.assets.get(item.asset) else { continue };
            let priced = oracle::price(state, item.index, state.meta.now).ok();
            // Nobody is liquidated for want of a fresh price, so the last one that was believed stands in.
            let last = state.indexes.get(item.index).and_then(|index| index.band.last());
            let stale = last.filter(|_| priced.is_none());
            let taken = Taken {
                label: asset.label,
                decimals: asset.decimals,
                policy: item.policy,
                price: priced.map(|agreed| agreed.price).or(stale.map(|(price, _)| price)),
                stale: stale.map(|(_, at)| at),
                follows: book.follows(asset.label),
            };
            book.taken.insert(id, taken);
        }
        // The ledger has no price of such a market: the asset that the pool took first gives it one, and the others are so
        // many units of it.
        for taken in book.taken.values() {
            if let (Some(Followed::File(row)), Some(price)) = (taken.follows, taken.price) {
                let price = book.quoted(price);
                book.rows.entry(&row.name).or_insert((row, price));
            }
        }
        book
    }

    /// What a file says that an asset follows; else the hosted market of this fund whose base is that asset.
    fn follows(&self, asset: Label) -> Option<Followed<'a>> {
        let own = |id: MarketId| Some(Followed::Own(id, self.price(id)?));
        let said = self.beside.and_then(|venue| {
            let row = venue.assets.iter().find(|row| same(&row.name, asset))?;
            venue.markets.get(row.market)
        });
        if let Some(row) = said {
            let known = self.hosted().find(|(_, label)| same(&row.name, *label));
            return known.map_or(Some(Followed::File(row)), |(id, _)| own(id));
        }
        let base = |id: MarketId| {
            let index = self.state.indexes.get(self.state.markets.get(id)?.mark?.index)?;
            Some(self.state.assets.get(index.asset?)?.label)
        };
        self.hosted().find(|(id, _)| base(*id) == Some(asset)).and_then(|(id, _)| own(id))
    }

    /// The fund's hosted markets.
    fn hosted(&self) -> impl Iterator<Item = (MarketId, Label)> + use<'a> {
        let (state, fund) = (self.state, self.fund);
        let mine = state.markets.iter().filter(move |(_, market)| market.fund == fund);
        mine.filter(move |(id, _)| hosted(state, *id).is_some())
            .map(|(id, market)| (id, market.label))
    }

    /// Price of a whole base unit in whole quote units, at the mark.
    fn price(&self, id: MarketId) -> Option<f64> {
        let mark = mark(self.state, id, self.state.meta.now).ok()?;
        Some(self.quoted(mark))
    }

    /// A price in whole quote units.
    fn quoted(&self, price: Price) -> f64 {
        to_float(price.get()) / to_float(PRICE_SCALE) / self.quote.0
    }

    /// Adds a margin account.
    ///
    /// # Errors
    /// What the core says when it can't be valued.
    fn account(&mut self, place: u32, margin: &MarginAccount) -> Result<(), Halt> {
        let Some(account) = self.state.accounts.get(margin.account) else { return Ok(()) };
        // One trader may have an account in several pools: each is an account of its own here, of one owner.
        let name = format!("{}/{place}", account.label);
        let owner = if account.group == Label::NONE { account.label } else { account.group };
        let state = self.state;
        for (_, position) in state.positions_of(margin) {
            self.position(&name, position);
        }
        let own = load(state, place, state.meta.now)?.own()?;
        let mut cash = signed_to_float(own.get());
        let mut lines = String::new();
        for (_, pledge) in state.pledges_of(margin).filter(|(_, pledge)| !pledge.amount.is_zero()) {
            cash += self.pledge(pledge, (&name, owner), &mut lines)?;
        }
        let (atoms, quote) = self.quote;
        let _ = writeln!(self.accounts, "{name},{owner},{quote},{:.9}", cash / atoms);
        self.accounts.push_str(&lines);
        Ok(())
    }

    fn position(&mut self, name: &str, position: &HostedPosition) {
        let open = hosted(self.state, position.market).filter(|_| position.size.get() != 0);
        let Some(market) = open else { return };
        let size = signed_to_float(position.size.get()) / whole(market.policy.decimals);
        let label = self.state.markets.get(position.market).map_or(Label::NONE, |it| it.label);
        let _ = writeln!(self.positions, "{name},{label},{size:.12}");
        self.markets.insert(position.market);
    }

    /// Adds a pledge as one of the desk's book, in units of the market that it follows: worth what the ledger's index says
    /// now, and moving with that market. Returns what counts as cash instead, in atoms, where no market is known.
    fn pledge(
        &mut self,
        pledge: &Pledge,
        (name, owner): (&str, Label),
        lines: &mut String,
    ) -> Result<f64, Halt> {
        let Some(taken) = self.taken.get(&pledge.collateral).copied() else { return Ok(0.0) };
        let CollateralPolicy { maintenance_haircut: haircut, cap, beyond, .. } = taken.policy;
        let (amount, decimals) = (pledge.amount, taken.decimals);
        let Some(price) = taken.price else {
            self.found.unpriced.insert(taken.label);
            return Ok(0.0);
        };
        if let Some(at) = taken.stale {
            self.found.stale.insert(taken.label, at);
        }
        let units = match taken.follows {
            None => {
                self.found.unknown.insert(taken.label);
                let all = Collateral { amount, decimals, price, haircut, cap, beyond };
                return Ok(to_float(counted(&all)?.get()));
            }
            Some(Followed::File(row)) => {
                let first = self.rows.get(row.name.as_str());
                first.map_or(1.0, |(_, first)| self.quoted(price) / first)
            }
            Some(Followed::Own(_, market)) => self.quoted(price) / market,
        };
        let market = self.following(taken.follows);
        // What lies beyond the cap of one account has a haircut of its own: an asset of its own to the desk.
        let within = cap.map_or(amount, |cap| amount.min(cap));
        let parts = [
            (taken.label.to_string(), within, haircut),
            (format!("{} beyond its cap", taken.label), amount.saturating_sub(within), beyond),
        ];
        for (asset, amount, haircut) in parts {
            if amount > Amount::ZERO {
                let amount = to_float(amount.get()) / whole(decimals) * units;
                let _ = writeln!(lines, "{name},{owner},{asset},{amount:.12}");
                // The desk takes a haircut below the whole only.
                let haircut = part(haircut.least(Ppm::new(999_999)));
                self.assets.insert(asset, (haircut, market.clone()));
            }
        }
        Ok(0.0)
    }

    /// The name of a market that is followed; one of the ledger's gets a section of its own.
    fn following(&mut self, market: Option<Followed<'_>>) -> String {
        match market {
            Some(Followed::Own(id, _)) => {
                self.markets.insert(id);
                self.state.markets.get(id).map_or(Label::NONE, |market| market.label).to_string()
            }
            Some(Followed::File(row)) => row.name.clone(),
            None => String::new(),
        }
    }

    /// A file's row for a market of the ledger.
    fn row(&self, market: Label) -> Option<&'a MarketSpec> {
        self.beside?.markets.iter().find(|row| same(&row.name, market))
    }

    /// The terms of the markets, and what a reader must know of them. Depth and volume are the venue's to know: they are the
    /// file's, and without them nothing moves a mark. With `blind` there is no price history.
    fn venue(&self, blind: bool, shape: Shape) -> (String, Vec<String>) {
        let mut text = format!("quote = \"{}\"\n", self.quote.1);
        let mut lacks = Lacks::new(shape);
        for id in &self.markets {
            let (Some(market), Some(price)) = (hosted(self.state, *id), self.price(*id)) else {
                continue;
            };
            let Some(label) = self.state.markets.get(*id).map(|market| market.label) else {
                continue;
            };
            let (row, name) = (self.row(label), label.to_string());
            section(&mut text, (&name, row, price), blind);
            self.margin(&mut text, market);
            lacks.look(&name, row, blind);
        }
        for (name, (row, price)) in &self.rows {
            section(&mut text, (name, Some(row), *price), blind);
            // Nobody has a position on it.
            text.push_str("maintenance = 0.0\n");
            lacks.look(name, Some(row), blind);
        }
        for (asset, (haircut, market)) in &self.assets {
            let _ =
                write!(text, "\n[asset.{asset:?}]\nhaircut = {haircut:?}\nmarket = {market:?}\n");
        }
        let rows = self.beside.iter().flat_map(|venue| &venue.markets);
        let is_used = |row: &&MarketSpec| {
            let known = self.markets.iter().filter_map(|id| self.state.markets.get(*id));
            self.rows.contains_key(row.name.as_str()) || { known }
                .any(|market| same(&row.name, market.label))
        };
        let unused: Vec<&str> =
            rows.filter(|row| !is_used(row)).map(|row| row.name.as_str()).collect();
        let mut notes = self.found.notes();
        notes.extend(lacks.notes());
        if !unused.is_empty() {
            notes.push(format!(
                "the ledger's book has no market {}: rows of that name in the markets file are not used",
                unused.join(", ")
            ));
        }
        (text, notes)
    }

    /// Margin by the ledger's own rules.
    fn margin(&self, text: &mut String, market: &HostedMarket) {
        let policy = &market.policy;
        if policy.tiers.is_empty() {
            let (maintenance, initial) = (part(policy.maintenance), part(policy.initial));
            let _ = write!(text, "maintenance = {maintenance:?}\ninitial = {initial:?}\n");
            return;
        }
        // Below the first tier the market's own rate holds.
        let first = policy.tiers.first().is_some_and(|tier| !tier.above.is_zero());
        let table = |name: &str, own: Ppm, rate: fn(&MarginTier) -> Ppm| {
            let step =
                |above: f64, rate: Ppm| format!("{{ above = {above:?}, rate = {:?} }}", part(rate));
            let own = first.then(|| step(0.0, own));
            let tiers = policy.tiers.iter();
            let steps =
                tiers.map(|tier| step(to_float(tier.above.get()) / self.quote.0, rate(tier)));
            let steps: Vec<String> = own.into_iter().chain(steps).collect();
            format!("{name} = [{}]\n", steps.join(", "))
        };
        text.push_str(&table("tiers", policy.maintenance, |tier| tier.maintenance));
        text.push_str(&table("initial_tiers", policy.initial, |tier| tier.initial));
    }
}

/// A market's section: name, price, and what a file's row says of its liquidity.
fn section(text: &mut String, (name, row, price): (&str, Option<&MarketSpec>, f64), blind: bool) {
    let named = row.map(|row| row.history.clone()).filter(|history| !history.is_empty());
    let history = named.unwrap_or_else(|| name.to_uppercase());
    let given = |pick: fn(&MarketSpec) -> Option<f64>| row.and_then(pick).unwrap_or(f64::INFINITY);
    let (adv, depth) = (given(|row| row.adv), given(|row| row.depth_per_percent));
    let (spread, fee) = row.map_or((0.0, 0.0), |row| (row.half_spread, row.fee));
    let _ = write!(
        text,
        "\n[market.{name:?}]\nhistory = {history:?}\nprice = {price:?}\nadv = {adv:?}\ndepth_per_percent = {depth:?}\n\
         half_spread = {spread:?}\nfee = {fee:?}\n"
    );
    let sigma = row.and_then(|row| row.sigma).or_else(|| blind.then_some(BLIND));
    if let Some(sigma) = sigma {
        let _ = writeln!(text, "sigma = {sigma:?}");
    }
}

/// Assets of which somebody has pledged something.
fn pledged(state: &State, fund: FundId) -> BTreeSet<u32> {
    let margins = state.margins.iter().filter(|(_, margin)| margin.fund == fund);
    let pledges = margins.flat_map(|(_, margin)| state.pledges_of(margin));
    let some = pledges.filter(|(_, pledge)| !pledge.amount.is_zero());
    some.map(|(_, pledge)| pledge.collateral).collect()
}

fn hosted(state: &State, id: MarketId) -> Option<&HostedMarket> {
    state.hosted_markets.get(id)?.as_deref()
}

/// Whether a file's name is a label's: in capitals or not.
fn same(name: &str, label: Label) -> bool {
    name.eq_ignore_ascii_case(&label.to_string())
}

fn part(ppm: Ppm) -> f64 {
    f64::from(ppm.get()) / 1e6
}

/// Atoms in a whole unit.
fn whole(decimals: u8) -> f64 {
    libm::pow(10.0, f64::from(decimals))
}
