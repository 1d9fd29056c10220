//! All accounts laid out for speed: who could fall, and by how much.
//!
//! ```text
//!   equity(p)       cash + Σ pledges · p + Σ notional · (p − 1)            p: price ÷ price now
//!   excess(p)       the same with pledges after their haircuts, less maintenance
//!   reach           excess now ÷ (Σ |notional| · (1 + highest rate) + Σ pledges)
//! ```
//!
//! Accounts lie in rising order of reach: no move of all prices by less than an account's reach, up or down, can bring
//! it below maintenance. So a scenario looks at a prefix only, and there at a bound before it looks closely. Floats
//! screen; what lies within the error bound of zero is decided by the core's integer margin code
//! ([`Margins`](super::account::Margins)).

use super::impact::Liquidity;

/// A stretch of a margin table in quote units: see [`backstop_core::liquidation::tiers::Bracket`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tier {
    /// Notional above which it holds.
    pub(super) above: f64,
    /// Part of the whole notional.
    pub(super) rate: f64,
    /// Taken off.
    pub(super) deduction: f64,
}

/// A market as the need sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MarketTerms {
    /// Maintenance margin, from the smallest notional up; at least one tier.
    pub(super) tiers: Vec<Tier>,
    /// What it can bear.
    pub(super) liquidity: Liquidity,
}

/// An asset that accounts post beside the quote asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PledgeTerms {
    /// Part of its worth that does not count in margin.
    pub(super) haircut: f64,
    /// The market whose price it follows.
    pub(super) market: usize,
}

/// One position, in quote at the prices of now; below zero for a short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// Which market.
    pub(super) market: u32,
    /// Size × price now.
    pub(super) notional: f64,
}

/// What an account has posted of an asset, in quote at the prices of now, before its haircut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pledge {
    /// Which asset, by its place in the terms.
    pub(super) asset: u32,
    /// Its worth now.
    pub(super) value: f64,
}

/// One account as it is put in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// Quote; what positions have gained so far is in it. Below zero for a debt.
    pub(super) cash: f64,
    /// Whose it is: accounts of one owner have one number.
    pub(super) group: u32,
    /// One for each market at most.
    pub(super) positions: Vec<Held>,
    /// One for each asset at most.
    pub(super) pledges: Vec<Pledge>,
    /// What rounding prices of now to the ledger's units may come to, in quote.
    pub(super) quantum: f64,
}

/// Double precision's unit roundoff.
const UNIT: f64 = 1.110_223_024_625_156_5e-16;

/// What rounding a ratio of prices to 10⁻¹² may come to.
const RATIO: f64 = 1e-12;

/// What the integer code's roundings may come to for each position or pledge, in quote units: four atoms of six
/// decimals, as prices and sizes are rounded too.
const DUST: f64 = 4e-6;

/// All accounts, in rising order of reach.
#[derive(Clone, Debug)]
pub(super) struct Exposure {
    pub(super) markets: Vec<MarketTerms>,
    pub(super) assets: Vec<PledgeTerms>,
    /// Whether every market has one rate: then excess is linear in prices.
    pub(super) flat: bool,
    rates: Vec<f64>,
    /// Place of each account in the order in which it was put in.
    pub(super) origin: Vec<u32>,
    pub(super) group: Vec<u32>,
    pub(super) cash: Vec<f64>,
    held_from: Vec<u32>,
    held: Vec<Held>,
    pledged_from: Vec<u32>,
    pledged: Vec<Pledge>,
    pub(super) reach: Vec<f64>,
    /// How much excess moves at most for a move of all prices by one.
    pub(super) slope: Vec<f64>,
    /// Sum of what the excess is made of now, for the error bound.
    scale: Vec<f64>,
    quantum: Vec<f64>,
    /// Number of groups: one more than the highest.
    pub(super) groups: u32,
}

impl Exposure {
    /// Lays out accounts.
    ///
    /// **Shape** positions and pledges name markets and assets by their place; every number is finite, every market
    /// has a tier: whoever reads the files has checked that.
    pub(super) fn new(
        markets: Vec<MarketTerms>,
        assets: Vec<PledgeTerms>,
        entries: &[Entry],
    ) -> Self {
        let rate =
            |market: &MarketTerms| market.tiers.iter().fold(0.0, |most: f64, t| most.max(t.rate));
        let mut all = Self {
            flat: markets.iter().all(|market| market.tiers.len() == 1),
            rates: markets.iter().map(rate).collect(),
            markets,
            assets,
            origin: Vec::with_capacity(entries.len()),
            group: Vec::with_capacity(entries.len()),
            cash: Vec::with_capacity(entries.len()),
            held_from: vec![0],
            held: Vec::new(),
            pledged_from: vec![0],
            pledged: Vec::new(),
            reach: Vec::with_capacity(entries.len()),
            slope: Vec::with_capacity(entries.len()),
            scale: Vec::with_capacity(entries.len()),
            quantum: Vec::with_capacity(entries.len()),
            groups: entries.iter().map(|entry| entry.group + 1).max().unwrap_or(0),
        };
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(entries.len());
        for (place, entry) in (0u32..).zip(entries) {
            // An account without positions needs no margin and is never liquidated.
            if !entry.positions.is_empty() {
                order.push((all.measure(entry).0, place));
            }
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, place) in order {
            all.push(place, &entries[place as usize]);
        }
        all
    }

    /// An account's reach, slope and scale.
    fn measure(&self, entry: &Entry) -> (f64, f64, f64) {
        let (mut excess, mut slope, mut scale) = (entry.cash, 0.0, entry.cash.abs());
        for held in &entry.positions {
            let size = held.notional.abs();
            let market = held.market as usize;
            excess -= self.maintenance(market, size);
            slope += size * (1.0 + self.rates[market]);
            scale += size * (2.0 + self.rates[market]);
        }
        for pledge in &entry.pledges {
            excess += pledge.value * (1.0 - self.assets[pledge.asset as usize].haircut);
            slope += pledge.value;
            scale += pledge.value;
        }
        let terms = entry.positions.len() + entry.pledges.len();
        let error = bound(terms, scale) + entry.quantum;
        ((excess - error) / slope.max(f64::MIN_POSITIVE) * (1.0 - 1e-12), slope, scale)
    }

    fn push(&mut self, place: u32, entry: &Entry) {
        let (reach, slope, scale) = self.measure(entry);
        self.origin.push(place);
        self.group.push(entry.group);
        self.cash.push(entry.cash);
        self.held.extend(&entry.positions);
        self.held_from.push(u32::try_from(self.held.len()).unwrap_or(u32::MAX));
        self.pledged.extend(&entry.pledges);
        self.pledged_from.push(u32::try_from(self.pledged.len()).unwrap_or(u32::MAX));
        self.reach.push(reach);
        self.slope.push(slope);
        self.scale.push(scale);
        self.quantum.push(entry.quantum);
    }

    /// How many accounts have positions.
    pub(super) fn len(&self) -> usize {
        self.origin.len()
    }

    /// Whether no account has a position.
    pub(super) fn is_empty(&self) -> bool {
        self.origin.is_empty()
    }

    pub(super) fn held(&self, account: usize) -> &[Held] {
        &self.held[self.held_from[account] as usize..self.held_from[account + 1] as usize]
    }

    pub(super) fn pledged(&self, account: usize) -> &[Pledge] {
        let (from, until) = (self.pledged_from[account], self.pledged_from[account + 1]);
        &self.pledged[from as usize..until as usize]
    }

    /// The market that a pledge's price follows.
    pub(super) fn followed(&self, pledge: &Pledge) -> usize {
        self.assets[pledge.asset as usize].market
    }

    fn maintenance(&self, market: usize, size: f64) -> f64 {
        if self.flat {
            return size * self.rates[market];
        }
        let tiers = &self.markets[market].tiers;
        let reached = tiers.iter().rev().find(|tier| tier.above < size).or(tiers.first());
        reached.map_or(0.0, |tier| (size * tier.rate - tier.deduction).max(0.0))
    }

    /// Equity above maintenance at these prices of markets, each divided by the price of now.
    pub(super) fn excess(&self, account: usize, price: impl Fn(usize) -> f64) -> f64 {
        let mut sum = self.cash[account];
        for pledge in self.pledged(account) {
            let terms = self.assets[pledge.asset as usize];
            sum += pledge.value * (1.0 - terms.haircut) * price(terms.market);
        }
        for held in self.held(account) {
            let price = price(held.market as usize);
            sum += held.notional * (price - 1.0);
            sum -= self.maintenance(held.market as usize, held.notional.abs() * price);
        }
        sum
    }

    /// Bound below [`Self::excess`] over all prices between these.
    pub(super) fn least_excess(&self, account: usize, low: &[f64], high: &[f64]) -> f64 {
        let mut sum = self.cash[account];
        for pledge in self.pledged(account) {
            let terms = self.assets[pledge.asset as usize];
            sum += pledge.value * (1.0 - terms.haircut) * low[terms.market];
        }
        for held in self.held(account) {
            let market = held.market as usize;
            // A long is worst at the lowest price although it needs least margin there: its rate is below one.
            let price = if held.notional > 0.0 { low[market] } else { high[market] };
            sum += held.notional * (price - 1.0);
            sum -= self.maintenance(market, held.notional.abs() * price);
        }
        sum
    }

    /// How far the two above may be off what the integer code gives, at prices up to `most`.
    pub(super) fn error(&self, account: usize, most: f64) -> f64 {
        let terms = self.held(account).len() + self.pledged(account).len();
        let most = most.max(1.0);
        bound(terms, self.scale[account] * most) + self.quantum[account] * most
    }

    /// Open interest of each market, long and short together.
    pub(super) fn open_interest(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.markets.len()];
        for held in &self.held {
            sums[held.market as usize] += held.notional.abs();
        }
        sums
    }
}

/// Error of a sum of `terms` positions and pledges, each of at most four roundings, whose parts add up to `scale` in
/// size: `γₙ · scale` with `n = 4·terms + 4` (Higham 2002, section 3.1), twice; and the integer code's own roundings,
/// of ratios to 10⁻¹² and of money to atoms.
fn bound(terms: usize, scale: f64) -> f64 {
    let terms = crate::float::count(terms);
    let n = 4.0 * terms + 4.0;
    (2.0 * n * UNIT / (1.0 - n * UNIT) + RATIO) * scale + DUST * (terms + 1.0)
}
