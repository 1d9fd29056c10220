//! One scenario: who falls, what their closing does to the mark, who falls of that.
//!
//! ```text
//!   step k:  p = path × (1 + basis)  ──▶  below maintenance?  ──▶  closed within the step?
//!                     ▲                                                   │ sells and buys
//!                     └──────── basis = before + permanent × impact ◀─────┘
//! ```
//!
//! The set of those who fall in a step only grows and has an end, so the rounds do; their number is capped and counted.
//! Fills are priced on the path without this step's own forced trades, less a slip for all of them together. Every
//! scenario is worked by one thread in a fixed order, so the bits do not depend on how many there are.

mod step;

use super::{
    error::NeedError,
    exposure::Exposure,
    gap::{Closing, Leg},
    impact::{Curve, Thinning},
    tally::{Outcome, Tally},
};

/// What forced trades do to prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// How slip grows with size.
    pub curve: Curve,
    /// How depth thins.
    pub thinning: Thinning,
    /// Part of a move by forced trades that stays in the mark: 0 to 1.
    pub permanent: f64,
    /// Furthest that forced trades can bring a mark from its path, and a fill from the mark, as a fraction.
    pub band: f64,
    /// Most rounds of a step.
    pub rounds_max: u32,
}

/// Everything but the accounts and the scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How accounts are closed.
    pub closing: Closing,
    /// What that does to prices.
    pub pressure: Pressure,
}

impl Rules {
    /// What a run has unless its settings say otherwise, with the sources that stand there:
    /// [`Close`](crate::desk::setup::Close) and [`Impact`](crate::desk::setup::Impact).
    pub const DEFAULT: Self = Self {
        closing: Closing {
            latency: 60.0,
            crash_latency: 3.0,
            jump_share: 0.25,
            unwind: 0.0,
            surplus_share: 0.0,
        },
        pressure: Pressure {
            curve: Curve::SquareRoot { factor: 1.0 },
            thinning: Thinning { full_move: 0.14, floor: 0.10 },
            permanent: 0.5,
            band: 0.5,
            rounds_max: 50,
        },
    };

    /// Checks every setting.
    ///
    /// # Errors
    /// [`NeedError::Setting`] that names the first outside its range.
    pub fn check(&self) -> Result<(), NeedError> {
        let Self { closing, pressure } = self;
        let factor = match pressure.curve {
            Curve::Linear => 1.0,
            Curve::SquareRoot { factor } => factor,
        };
        let most = f64::MAX;
        for (name, got, low, high, range) in [
            ("latency", closing.latency, 0.0, most, "at or above 0 seconds"),
            ("the crash's latency factor", closing.crash_latency, 1.0, most, "at or above 1"),
            ("the jump share", closing.jump_share, 0.0, 1.0, "from 0 to 1"),
            ("the time to work positions off", closing.unwind, 0.0, most, "at or above 0 seconds"),
            ("the fund's share of a surplus", closing.surplus_share, 0.0, 1.0, "from 0 to 1"),
            ("the factor of impact", factor, 0.0, most, "at or above 0"),
            ("the full move of thinning", pressure.thinning.full_move, 1e-9, most, "above 0"),
            ("the floor of depth", pressure.thinning.floor, 1e-9, 1.0, "above 0, at most 1"),
            ("the permanent part of impact", pressure.permanent, 0.0, 1.0, "from 0 to 1"),
            ("the band", pressure.band, 0.0, 0.99, "from 0 to 0.99"),
            ("the most rounds", f64::from(pressure.rounds_max), 1.0, most, "at or above 1"),
        ] {
            if !(low..=high).contains(&got) {
                return Err(NeedError::Setting { name, got, range });
            }
        }
        Ok(())
    }
}

/// What is out of order in a scenario beside prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Depth ÷ what the settings give.
    pub depth: f64,
    /// Latency ÷ what the settings give.
    pub latency: f64,
    /// Seconds by which the price that margin is computed from lags.
    pub stall: f64,
    /// Nobody closes anything until the scenario ends.
    pub liquidators_absent: bool,
}

impl Conditions {
    /// Nothing is out of order.
    pub const NORMAL: Self =
        Self { depth: 1.0, latency: 1.0, stall: 0.0, liquidators_absent: false };
}

/// The prices of one scenario after each step: steps × markets, each divided by the price of now.
#[derive(Clone, Copy, Debug)]
pub(in crate::need) struct Path<'a> {
    /// One step after the other, all markets of each.
    pub(in crate::need) ratios: &'a [f64],
    /// Length of a step.
    pub(in crate::need) step_seconds: f64,
    /// What else is out of order.
    pub(in crate::need) conditions: Conditions,
}

/// The production margin code, asked where floats can't decide.
pub(in crate::need) trait Judge: Sync + core::fmt::Debug {
    /// Whether an account, by the place in which it was put in, is to be liquidated at these prices of markets, each
    /// divided by the price of now.
    fn is_liquidatable(&self, account: u32, price: &dyn Fn(usize) -> f64) -> bool;
}

/// An account that fell in this step.
#[derive(Clone, Copy, Debug)]
struct Fallen {
    account: u32,
    /// Where in the step; below zero: before it began.
    theta: f64,
    /// Its excess at the step's end.
    after: f64,
    /// Whether its trades fall into this step.
    within: bool,
}

/// An account that waits for its close.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    account: u32,
    /// Seconds from the scenario's beginning.
    at: f64,
}

/// Works scenarios, one after the other; its memory is used again.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    book: &'a Exposure,
    rules: &'a Rules,
    judge: &'a dyn Judge,
    weights: &'a [f64],
    leg: Leg,
    /// Where each market's marks may go before more accounts have to be looked at.
    box_low: Vec<f64>,
    box_high: Vec<f64>,
    /// The highest of them, for error bounds.
    highest_ratio: f64,
    /// Accounts that could fall, and how far marks may move from this step's first end before each is asked again.
    candidates: Vec<u32>,
    slack: Vec<f64>,
    open: Vec<bool>,
    seen: Vec<u32>,
    scenario: u32,
    first_end: Vec<f64>,
    /// Extremes of the path so far, forced trades left out.
    lowest: Vec<f64>,
    highest: Vec<f64>,
    left: Vec<f64>,
    basis: Vec<f64>,
    before: Vec<f64>,
    sells: Vec<f64>,
    buys: Vec<f64>,
    slips: Vec<[f64; 2]>,
    fallen: Vec<Fallen>,
    waiting: Vec<Waiting>,
    working: Vec<Waiting>,
    pub(super) tally: Tally,
    /// Whether accounts that can't fall are left out; tests look at all.
    pruned: bool,
    /// Most rounds of any step.
    rounds: u32,
    capped: bool,
}

/// One step's time.
#[derive(Clone, Copy, Debug)]
struct Clock {
    from: f64,
    until: f64,
    latency: f64,
    last: bool,
}

impl Clock {
    /// Where in the step a moment lies, 0 to 1.
    fn theta(&self, at: f64) -> f64 {
        ((at - self.from) / (self.until - self.from)).clamp(0.0, 1.0)
    }

    /// When an account that falls there is closed.
    fn closes(&self, theta: f64) -> f64 {
        self.from + theta.max(0.0) * (self.until - self.from) + self.latency
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        book: &'a Exposure,
        rules: &'a Rules,
        judge: &'a dyn Judge,
        weights: &'a [f64],
    ) -> Self {
        let markets = book.markets.len();
        let zeros = || vec![0.0; markets];
        Self {
            book,
            rules,
            judge,
            weights,
            leg: Leg::new(markets, rules.closing.jump_share),
            box_low: zeros(),
            box_high: zeros(),
            highest_ratio: 1.0,
            candidates: Vec::new(),
            slack: Vec::new(),
            open: Vec::new(),
            seen: vec![0; book.len()],
            scenario: 0,
            first_end: zeros(),
            lowest: zeros(),
            highest: zeros(),
            left: zeros(),
            basis: zeros(),
            before: zeros(),
            sells: zeros(),
            buys: zeros(),
            slips: vec![[0.0; 2]; markets],
            fallen: Vec::new(),
            waiting: Vec::new(),
            working: Vec::new(),
            tally: Tally::new(book),
            pruned: true,
            rounds: 0,
            capped: false,
        }
    }

    /// Works one scenario.
    pub(super) fn run(&mut self, path: &Path<'_>) -> Outcome {
        let markets = self.book.markets.len().max(1);
        self.begin(path);
        let steps = path.ratios.len() / markets;
        for (step, ratios) in path.ratios.chunks_exact(markets).enumerate() {
            let from = crate::float::count(step) * path.step_seconds;
            self.thin(ratios, path.conditions.depth);
            let clock = Clock {
                from,
                until: from + path.step_seconds,
                latency: self.latency(&path.conditions),
                last: step + 1 == steps,
            };
            self.step(ratios, &clock);
        }
        self.tally.finish(self.book);
        Outcome {
            rounds: self.rounds,
            capped: self.capped,
            ..core::mem::take(&mut self.tally.outcome)
        }
    }

    fn begin(&mut self, path: &Path<'_>) {
        let markets = self.book.markets.len();
        self.leg.reset();
        for of in [&mut self.box_low, &mut self.box_high, &mut self.lowest, &mut self.highest] {
            of.fill(1.0);
        }
        for (at, ratio) in path.ratios.iter().enumerate() {
            let market = at % markets;
            self.box_low[market] = self.box_low[market].min(*ratio);
            self.box_high[market] = self.box_high[market].max(*ratio);
        }
        self.basis.fill(0.0);
        self.candidates.clear();
        self.slack.clear();
        self.open.clear();
        self.waiting.clear();
        self.working.clear();
        self.tally.begin();
        (self.rounds, self.capped) = (0, false);
        self.scenario = self.scenario.wrapping_add(1);
        if self.scenario == 0 {
            self.seen.fill(0);
            self.scenario = 1;
        }
        self.look();
    }

    /// Depth after the path has come this far.
    fn thin(&mut self, ratios: &[f64], depth: f64) {
        for (market, ratio) in ratios.iter().enumerate() {
            self.lowest[market] = self.lowest[market].min(*ratio);
            self.highest[market] = self.highest[market].max(*ratio);
            let moved = self.moved(market, *ratio);
            self.left[market] = depth * self.rules.pressure.thinning.left(moved);
        }
    }

    /// How far a price is from the extreme of its path.
    fn moved(&self, market: usize, ratio: f64) -> f64 {
        (1.0 - ratio / self.highest[market]).max(1.0 - self.lowest[market] / ratio)
    }

    /// Latency at this step, by the average move of open interest so far.
    fn latency(&self, conditions: &Conditions) -> f64 {
        if conditions.liquidators_absent {
            return f64::INFINITY;
        }
        let closing = &self.rules.closing;
        let farthest =
            |market: usize| (1.0 - self.lowest[market]).max(1.0 - 1.0 / self.highest[market]);
        let moved: f64 =
            self.weights.iter().enumerate().map(|(at, weight)| weight * farthest(at)).sum();
        let part = (moved / self.rules.pressure.thinning.full_move).clamp(0.0, 1.0);
        closing.latency * conditions.latency * (1.0 + part * (closing.crash_latency - 1.0))
            + conditions.stall
    }

    /// Takes in accounts that could fall within the box and were not looked at.
    fn look(&mut self) {
        let mut farthest: f64 = 0.0;
        for (low, high) in self.box_low.iter().zip(&self.box_high) {
            farthest = farthest.max(1.0 - low).max(high - 1.0);
        }
        self.highest_ratio = 1.0 + farthest;
        let within = |reach: &f64| *reach <= farthest || !self.pruned;
        let until = self.book.reach.partition_point(within);
        for account in 0..until {
            if self.seen[account] == self.scenario {
                continue;
            }
            let least = self.book.least_excess(account, &self.box_low, &self.box_high);
            if least <= self.book.error(account, self.highest_ratio) || !self.pruned {
                self.seen[account] = self.scenario;
                self.candidates.push(u32::try_from(account).unwrap_or(u32::MAX));
                self.slack.push(f64::NEG_INFINITY);
                self.open.push(true);
            }
        }
    }

    /// Widens the box where marks have left it, by half as much again, and looks there.
    fn widen(&mut self) {
        let mut left = false;
        for market in 0..self.box_low.len() {
            let (plain, end) = (self.leg.plain[market], self.leg.end[market]);
            let (low, high) = (plain.min(end), plain.max(end));
            if low < self.box_low[market] {
                self.box_low[market] = (low - 0.5 * (self.box_low[market] - low) - 0.005).max(0.0);
                left = true;
            }
            if high > self.box_high[market] {
                self.box_high[market] = high + 0.5 * (high - self.box_high[market]) + 0.005;
                left = true;
            }
        }
        if left {
            self.look();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        need::exposure::{Entry, Held, MarketTerms, Pledge, PledgeTerms, Tier},
        need::impact::Liquidity,
        random::Random,
    };

    /// Decides by sign: what floats can't tell is not liquidated.
    #[derive(Debug)]
    struct Never;

    impl Judge for Never {
        fn is_liquidatable(&self, _: u32, _: &dyn Fn(usize) -> f64) -> bool {
            false
        }
    }

    fn book(random: &mut Random) -> Exposure {
        let tier = |above, rate, deduction| Tier { above, rate, deduction };
        let tables = [
            vec![tier(0.0, 0.02, 0.0)],
            vec![tier(0.0, 0.01, 0.0), tier(10_000.0, 0.05, 400.0)],
            vec![tier(0.0, 0.1, 0.0)],
        ];
        let liquidity =
            Liquidity { depth_per_percent: 40_000.0, volume: 1e7, sigma: 0.05, half_spread: 1e-4 };
        let markets = tables.map(|tiers| MarketTerms { tiers, liquidity }).to_vec();
        let assets = vec![PledgeTerms { haircut: 0.1, market: 1 }];
        let entries: Vec<Entry> = (0..300u32)
            .map(|at| {
                let mut entry = Entry { group: at % 90, ..Entry::default() };
                for market in 0..3 {
                    if random.chance(0.5) {
                        let side = if random.chance(0.65) { 1.0 } else { -1.0 };
                        let notional = side * random.lognormal(5_000.0, 1.2);
                        entry.positions.push(Held { market, notional });
                        entry.cash += 0.2 * random.uniform() * notional.abs();
                    }
                }
                if random.chance(0.3) {
                    entry.pledges.push(Pledge { asset: 0, value: random.lognormal(500.0, 1.0) });
                }
                entry
            })
            .collect();
        Exposure::new(markets, assets, &entries)
    }

    #[test]
    fn leaving_out_who_cannot_fall_changes_no_bit() {
        let mut random = Random::new(17);
        let mut rules = Rules::DEFAULT;
        let (mut left_out, mut rounds, mut losses) = (0, 0, 0);
        for round in 0..60 {
            let book = book(&mut random);
            rules.closing.jump_share = [0.0, 0.5, 1.0][round % 3];
            rules.closing.latency = [0.0, 900.0, 20_000.0][round / 3 % 3];
            rules.closing.unwind = [0.0, 0.0, 30_000.0][round / 9 % 3];
            rules.pressure.permanent = [0.0, 1.0][round % 2];
            let weights = [0.5, 0.3, 0.2];
            let mut pruned = Worker::new(&book, &rules, &Never, &weights);
            let mut all = Worker::new(&book, &rules, &Never, &weights);
            all.pruned = false;
            for _ in 0..20 {
                let mut price = [1.0; 3];
                let mut ratios = Vec::new();
                for _ in 0..4 {
                    for price in &mut price {
                        *price *= libm::exp(0.06 * random.normal() - 0.01);
                    }
                    ratios.extend(price);
                }
                let conditions = Conditions { depth: random.uniform(), ..Conditions::NORMAL };
                let path = Path { ratios: &ratios, step_seconds: 3_600.0, conditions };
                let (few, every) = (pruned.run(&path), all.run(&path));
                assert_eq!(few.need.to_bits(), every.need.to_bits(), "{round}: {few:?} {every:?}");
                assert_eq!(few, every);
                left_out += all.candidates.len() - pruned.candidates.len();
                rounds = rounds.max(few.rounds);
                losses += u32::from(few.need > 0.0);
            }
        }
        assert!(left_out > 50_000 && rounds > 4 && losses > 200, "{left_out} {rounds} {losses}");
    }
}
