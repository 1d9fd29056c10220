//! What one scenario costs the fund: step by step, and by whom.

use super::exposure::Exposure;

/// Largest `n` of Cover-n that is counted.
pub const COVER_MAX: usize = 5;

/// What one scenario comes to, in quote units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What the fund needs: the largest total at the end of any step, not the last one.
    pub need: f64,
    /// The total at the end; below zero when the fund has gained.
    pub end: f64,
    /// Deficits of all accounts, each at zero or above: nothing is netted. At the same two moments, the larger.
    pub shortfall: f64,
    /// Sums of the deficits of the one, two, … owner groups that have most: after the step at which the need is largest, or
    /// at the end where that is more. What the fund has regained by the end it lacked on the way.
    pub cover: [f64; COVER_MAX],
    /// The owner group with the largest deficit at either, if there is one.
    pub largest_group: Option<u32>,
    /// The step, from zero, after which the need is largest, if it is above zero.
    pub peak: Option<u32>,
    /// Accounts that fell below maintenance.
    pub fell: u32,
    /// Accounts that ended with a deficit.
    pub short: u32,
    /// Notional that was closed.
    pub closed: f64,
    /// Most rounds that a step took.
    pub rounds: u32,
    /// Whether rounds were cut off.
    pub capped: bool,
    /// The need by market whose positions or pledged assets lost it.
    pub by_market: Vec<f64>,
    /// The need by collateral: cash first, then the pledged assets, by what the accounts in deficit had posted.
    pub by_asset: Vec<f64>,
}

/// What an account cost the fund, above zero, or brought it, in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// By its place in the exposure.
    pub(super) account: u32,
    pub(super) step: u32,
    /// The market that lost most of it.
    pub(super) market: u32,
    pub(super) amount: f64,
}

/// A loss on a market while an account is closed.
#[derive(Clone, Copy, Debug)]
struct Part {
    market: usize,
    loss: f64,
    size: f64,
}

/// Adds up one scenario after the other.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) costs: Vec<Cost>,
    /// The total after each step.
    pub(super) totals: Vec<f64>,
    pub(super) outcome: Outcome,
    parts: Vec<Part>,
    account: u32,
    step: u32,
    total: f64,
    by_market: Vec<f64>,
    assets: usize,
    of_account: Sums,
    of_group: Sums,
}

/// Sums by dense keys, of which few are used.
#[derive(Debug)]
struct Sums {
    amounts: Vec<f64>,
    used: Vec<u32>,
    is_used: Vec<bool>,
}

impl Sums {
    fn new(keys: usize) -> Self {
        Self { amounts: vec![0.0; keys], used: Vec::new(), is_used: vec![false; keys] }
    }

    fn add(&mut self, key: u32, amount: f64) {
        let at = key as usize;
        if !self.is_used[at] {
            self.is_used[at] = true;
            self.used.push(key);
        }
        self.amounts[at] += amount;
    }

    fn clear(&mut self) {
        for key in self.used.drain(..) {
            self.amounts[key as usize] = 0.0;
            self.is_used[key as usize] = false;
        }
    }

    /// Keys in the order in which they were first used.
    fn each(&self) -> impl Iterator<Item = (u32, f64)> {
        self.used.iter().map(|key| (*key, self.amounts[*key as usize]))
    }
}

impl Tally {
    pub(super) fn new(book: &Exposure) -> Self {
        Self {
            costs: Vec::new(),
            totals: Vec::new(),
            outcome: Outcome::default(),
            parts: Vec::new(),
            account: 0,
            step: 0,
            total: 0.0,
            by_market: vec![0.0; book.markets.len()],
            assets: book.assets.len(),
            of_account: Sums::new(book.len()),
            of_group: Sums::new(book.groups as usize),
        }
    }

    pub(super) fn begin(&mut self) {
        self.costs.clear();
        self.totals.clear();
        self.by_market.fill(0.0);
        (self.step, self.total) = (0, 0.0);
        self.outcome = Outcome {
            by_market: vec![0.0; self.by_market.len()],
            by_asset: vec![0.0; self.assets + 1],
            ..Outcome::default()
        };
    }

    /// An account has fallen.
    pub(super) const fn fell(&mut self) {
        self.outcome.fell += 1;
    }

    /// The account that the following losses are of.
    pub(super) fn open_account(&mut self, account: u32) {
        self.account = account;
        self.parts.clear();
    }

    /// A market lost an account so much, below zero if it gained, on a position of so much quote.
    pub(super) fn lost(&mut self, market: usize, loss: f64, size: f64) {
        self.parts.push(Part { market, loss, size });
        self.outcome.closed += size;
    }

    /// The account is closed with this equity: what it lacks is a cost, of the rest the fund gets a share.
    ///
    /// A deficit is laid on what lost, in proportion; what came in on positions by their sizes.
    pub(super) fn close_account(&mut self, equity: f64, surplus_share: f64) {
        if equity < 0.0 {
            let weigh = |part: &Part| part.loss.max(0.0);
            let lost: f64 = self.parts.iter().map(weigh).sum();
            if lost > 0.0 { self.lay(-equity / lost, weigh) } else { self.lay_by_size(-equity) }
        } else if surplus_share > 0.0 {
            self.lay_by_size(-equity * surplus_share);
        }
    }

    fn lay_by_size(&mut self, amount: f64) {
        let sizes: f64 = self.parts.iter().map(|part| part.size).sum();
        if sizes > 0.0 {
            self.lay(amount / sizes, |part| part.size);
        }
    }

    fn lay(&mut self, rate: f64, weigh: impl Fn(&Part) -> f64) {
        let (mut amount, mut most, mut market) = (0.0, f64::NEG_INFINITY, 0);
        for part in &self.parts {
            let weight = weigh(part);
            let laid = rate * weight;
            self.by_market[part.market] += laid;
            amount += laid;
            if weight > most {
                (most, market) = (weight, part.market);
            }
        }
        self.cost(self.account, market, amount);
    }

    fn cost(&mut self, account: u32, market: usize, amount: f64) {
        self.total += amount;
        let market = u32::try_from(market).unwrap_or(u32::MAX);
        self.costs.push(Cost { account, step: self.step, market, amount });
    }

    /// What a position that was taken over has lost in this step, below zero if it gained.
    pub(super) fn revalued(&mut self, account: u32, market: usize, loss: f64) {
        self.by_market[market] += loss;
        self.cost(account, market, loss);
    }

    pub(super) fn end_step(&mut self) {
        self.totals.push(self.total);
        if self.total > self.outcome.need {
            self.outcome.need = self.total;
            self.outcome.peak = Some(self.step);
            self.outcome.by_market.copy_from_slice(&self.by_market);
        }
        self.step += 1;
    }

    /// The last step is done.
    pub(super) fn finish(&mut self, book: &Exposure) {
        self.outcome.end = self.total;
        self.of_account.clear();
        // Costs lie in the order of steps.
        let peak = self.outcome.peak;
        let until = self.costs.partition_point(|cost| peak.is_some_and(|peak| cost.step <= peak));
        for cost in &self.costs[..until] {
            self.of_account.add(cost.account, cost.amount);
            lay_on_assets(book, cost, &mut self.outcome.by_asset);
        }
        if until > 0 && until < self.costs.len() {
            self.look(book);
        }
        for cost in &self.costs[until..] {
            self.of_account.add(cost.account, cost.amount);
        }
        self.outcome.short = self.look(book);
    }

    /// Deficits of accounts and owner groups as they now stand, where they are more than before; how many accounts have one.
    fn look(&mut self, book: &Exposure) -> u32 {
        self.of_group.clear();
        let (mut short, mut shortfall) = (0, 0.0);
        for (account, amount) in self.of_account.each() {
            if amount > 0.0 {
                short += 1;
                shortfall += amount;
                self.of_group.add(book.group[account as usize], amount);
            }
        }
        let (mut most, mut largest) = ([0.0; COVER_MAX], None);
        for (group, amount) in self.of_group.each() {
            let beats = |leader: &u32| self.of_group.amounts[*leader as usize] < amount;
            if largest.as_ref().is_none_or(beats) {
                largest = Some(group);
            }
            insert(&mut most, amount);
        }
        if most[0] > self.outcome.cover[0] {
            self.outcome.largest_group = largest;
        }
        self.outcome.shortfall = shortfall.max(self.outcome.shortfall);
        let mut sum = 0.0;
        for (cover, amount) in self.outcome.cover.iter_mut().zip(most) {
            sum += amount;
            *cover = sum.max(*cover);
        }
        short
    }

    /// What each owner group has in the need, in rising order of groups.
    pub(super) fn by_group(&self, book: &Exposure, peak: Option<u32>) -> Vec<(u32, f64)> {
        let Some(peak) = peak else { return Vec::new() };
        let until = self.costs.iter().filter(|cost| cost.step <= peak);
        let mut all: Vec<(u32, f64)> =
            until.map(|cost| (book.group[cost.account as usize], cost.amount)).collect();
        all.sort_by_key(|(group, _)| *group);
        all.chunk_by(|a, b| a.0 == b.0)
            .filter_map(|same| Some((same.first()?.0, same.iter().map(|(_, amount)| amount).sum())))
            .collect()
    }
}

/// Lays a cost on what its account had posted.
fn lay_on_assets(book: &Exposure, cost: &Cost, by_asset: &mut [f64]) {
    let place = cost.account as usize;
    let cash = book.cash[place].max(0.0);
    let posted: f64 = cash + book.pledged(place).iter().map(|pledge| pledge.value).sum::<f64>();
    if posted <= 0.0 {
        by_asset[0] += cost.amount;
        return;
    }
    by_asset[0] += cost.amount * (cash / posted);
    for pledge in book.pledged(place) {
        by_asset[pledge.asset as usize + 1] += cost.amount * (pledge.value / posted);
    }
}

/// Keeps the largest, in falling order.
fn insert(most: &mut [f64; COVER_MAX], amount: f64) {
    let mut carried = amount;
    for place in most.iter_mut() {
        if carried > *place {
            core::mem::swap(place, &mut carried);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::need::{
        exposure::{Entry, Held, MarketTerms, Tier},
        impact::Liquidity,
    };

    #[test]
    fn what_the_fund_regains_by_the_end_it_lacked_at_the_peak() {
        let liquidity =
            Liquidity { depth_per_percent: 1e6, volume: 1e7, sigma: 0.05, half_spread: 0.0 };
        let tiers = vec![Tier { above: 0.0, rate: 0.02, deduction: 0.0 }];
        let positions = vec![Held { market: 0, notional: 100.0 }];
        let entries: Vec<Entry> = (0..3)
            .map(|group| Entry { group, positions: positions.clone(), ..Entry::default() })
            .collect();
        let book = Exposure::new(vec![MarketTerms { tiers, liquidity }], Vec::new(), &entries);
        let mut tally = Tally::new(&book);
        let mut run = |steps: &[(u32, f64)]| {
            tally.begin();
            for (account, amount) in steps {
                tally.cost(*account, 0, *amount);
                tally.end_step();
            }
            tally.finish(&book);
            tally.outcome.clone()
        };
        // Worked off, it comes back whole: the fund needed it nonetheless.
        let found = run(&[(1, 100.0), (1, -100.0)]);
        assert_eq!((found.need, found.end, found.short), (100.0, 0.0, 0));
        assert_eq!((found.cover, found.shortfall), ([100.0; COVER_MAX], 100.0));
        assert_eq!(found.largest_group, Some(1));
        // A deficit after the peak, which a gain has paid by then, is one all the same.
        let found = run(&[(0, 10.0), (1, -100.0), (2, 60.0)]);
        assert_eq!((found.need, found.end, found.short), (10.0, -30.0, 2));
        assert_eq!((found.cover[0], found.cover[1], found.shortfall), (60.0, 70.0, 70.0));
        assert_eq!(found.largest_group, Some(2));
        // Nothing is needed where gains come first.
        let found = run(&[(1, -100.0), (2, 60.0)]);
        assert_eq!((found.need, found.peak, found.cover[0]), (0.0, None, 60.0));
    }
}
