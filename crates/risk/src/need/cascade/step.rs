//! One step of a scenario: rounds until nobody else falls, then the closes.

use super::{Clock, Fallen, Waiting, Worker};
use crate::need::impact::Impact;

/// Which side of a market's forced trades a slip is for.
const SELL: usize = 0;
const BUY: usize = 1;

impl Worker<'_> {
    /// Moves prices by a step and closes whom that brings down.
    pub(super) fn step(&mut self, ratios: &[f64], clock: &Clock) {
        self.before.copy_from_slice(&self.basis);
        let basis = &self.before;
        let to = |market: usize| ratios[market] * (1.0 + basis[market]);
        self.leg.advance(to);
        self.first_end.copy_from_slice(&self.leg.end);
        self.fallen.clear();
        self.sells.fill(0.0);
        self.buys.fill(0.0);
        self.slack.fill(f64::NEG_INFINITY);
        if clock.from <= 0.0 {
            self.fell_before();
        }
        self.carried_over(ratios, clock);
        self.settle_marks(ratios);
        self.widen();
        let mut round = 0;
        loop {
            round += 1;
            self.ask();
            let more = self.flows(ratios, clock);
            if !more {
                break;
            }
            self.settle_marks(ratios);
            self.widen();
            if round == self.rules.pressure.rounds_max {
                self.capped = true;
                break;
            }
        }
        self.rounds = self.rounds.max(round);
        self.price_slips();
        self.close(clock);
        self.tally.end_step();
    }

    /// Accounts that are below maintenance before anything moves fall at the beginning.
    fn fell_before(&mut self) {
        for slot in 0..self.candidates.len() {
            let account = self.candidates[slot];
            let place = account as usize;
            if self.book.reach[place] <= 0.0
                && self.is_below(account, self.book.excess(place, |_| 1.0), None)
            {
                self.open[slot] = false;
                self.fallen.push(Fallen { account, theta: -1.0, after: 0.0, within: false });
            }
        }
    }

    /// Whether an account is below maintenance, by the core's code where floats can't tell. `theta`: at that place of
    /// the step; none: at the prices of now.
    fn is_below(&self, account: u32, excess: f64, theta: Option<f64>) -> bool {
        let place = account as usize;
        let error = self.book.error(place, self.highest_ratio);
        if excess.abs() > error {
            return excess < 0.0;
        }
        let price = |market: usize| theta.map_or(1.0, |theta| self.leg.mark_at(market, theta));
        self.judge.is_liquidatable(self.book.origin[place], &price)
    }

    /// Forced trades of accounts that fell in earlier steps.
    fn carried_over(&mut self, ratios: &[f64], clock: &Clock) {
        for at in 0..self.waiting.len() {
            let waiting = self.waiting[at];
            if waiting.at <= clock.until || clock.last {
                self.trade(waiting.account, self.worked(waiting.at, clock), ratios);
            }
        }
        for at in 0..self.working.len() {
            let working = self.working[at];
            self.trade(working.account, self.worked(working.at, clock), ratios);
        }
    }

    /// Part of an account's positions that is traded in this step, if its close begins then.
    fn worked(&self, at: f64, clock: &Clock) -> f64 {
        if self.rules.closing.unwind <= 0.0 {
            return 1.0;
        }
        let at = at.min(clock.until);
        self.weight(at, clock.from) - self.weight(at, clock.until)
    }

    /// Part of positions taken over at `at` that is still there at a moment.
    fn weight(&self, at: f64, now: f64) -> f64 {
        (1.0 - (now - at) / self.rules.closing.unwind).clamp(0.0, 1.0)
    }

    /// Adds an account's forced trades, valued on the path without forced trades.
    fn trade(&mut self, account: u32, part: f64, ratios: &[f64]) {
        let place = account as usize;
        for held in self.book.held(place) {
            let market = held.market as usize;
            let quote = held.notional.abs() * ratios[market] * part;
            let side = if held.notional > 0.0 { &mut self.sells } else { &mut self.buys };
            side[market] += quote;
        }
        let pledged = self.book.pledged(place);
        if pledged.is_empty() {
            return;
        }
        let sold = if self.rules.closing.unwind > 0.0 { 1.0 } else { self.sold(place) };
        for pledge in pledged {
            let market = self.book.followed(pledge);
            self.sells[market] += pledge.value * ratios[market] * sold * part;
        }
    }

    /// Part of its pledges that an account has to sell: what cash and positions lack at the step's end.
    fn sold(&self, place: usize) -> f64 {
        let mut cash = self.book.cash[place];
        for held in self.book.held(place) {
            cash += held.notional * (self.leg.plain[held.market as usize] - 1.0);
        }
        let worth: f64 = self
            .book
            .pledged(place)
            .iter()
            .map(|pledge| pledge.value * self.leg.plain[self.book.followed(pledge)])
            .sum();
        if worth > 0.0 { (-cash / worth).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Marks at the step's end under all forced trades so far.
    fn settle_marks(&mut self, ratios: &[f64]) {
        let pressure = &self.rules.pressure;
        for (market, ratio) in ratios.iter().enumerate() {
            let net = self.buys[market] - self.sells[market];
            let moved = self.impact(market, net.abs()).moved;
            let moved = if net < 0.0 { -moved } else { moved };
            let basis = self.before[market] + pressure.permanent * moved;
            self.basis[market] = basis.clamp(-pressure.band, pressure.band);
            self.leg.end[market] = ratio * (1.0 + self.basis[market]);
        }
    }

    fn impact(&self, market: usize, quote: f64) -> Impact {
        let pressure = &self.rules.pressure;
        let liquidity = &self.book.markets[market].liquidity;
        liquidity.impact(pressure.curve, quote, (self.left[market], pressure.band))
    }

    /// Asks every candidate that the marks' move since the first round could have brought down.
    fn ask(&mut self) {
        let moved = self.leg.end.iter().zip(&self.first_end);
        let moved = moved.fold(0.0, |most: f64, (end, first)| most.max((end - first).abs()));
        let known = self.fallen.len();
        for slot in 0..self.candidates.len() {
            if !self.open[slot] || (self.slack[slot] > moved && self.pruned) {
                continue;
            }
            let account = self.candidates[slot];
            let place = account as usize;
            let after = self.book.excess(place, |market| self.leg.end[market]);
            if self.is_below(account, after, Some(1.0)) {
                self.open[slot] = false;
                let theta = self.leg.crossing(self.book, place, after.min(0.0));
                self.fallen.push(Fallen { account, theta, after, within: false });
            } else {
                let error = self.book.error(place, self.highest_ratio);
                self.slack[slot] = (after - error) / self.book.slope[place] - moved;
            }
        }
        // In the order of accounts, whenever they came to be looked at: sums are the same for any box.
        self.fallen[known..].sort_unstable_by_key(|one| one.account);
    }

    /// Adds the trades of those who fell and are closed within this step; whether there are any new ones.
    fn flows(&mut self, ratios: &[f64], clock: &Clock) -> bool {
        let mut more = false;
        for at in 0..self.fallen.len() {
            let fallen = self.fallen[at];
            if fallen.within {
                continue;
            }
            let theta = self.fell_at(&fallen);
            let closes = clock.closes(theta);
            if closes <= clock.until || clock.last {
                self.fallen[at].within = true;
                self.trade(fallen.account, self.worked(closes, clock), ratios);
                more = true;
            }
        }
        more
    }

    /// Where in the step an account fell, with the marks as they are now.
    fn fell_at(&self, fallen: &Fallen) -> f64 {
        if fallen.theta <= 0.0 {
            return fallen.theta;
        }
        let place = fallen.account as usize;
        let after = self.book.excess(place, |market| self.leg.end[market]);
        self.leg.crossing(self.book, place, after.min(fallen.after).min(0.0))
    }

    /// What a fill costs on each side of each market, for all forced trades of the step together.
    fn price_slips(&mut self) {
        for market in 0..self.slips.len() {
            let sell = self.impact(market, self.sells[market]).slip;
            let buy = self.impact(market, self.buys[market]).slip;
            self.slips[market] = [sell, buy];
        }
    }

    /// Closes, or takes over, whoever's time has come; carries the others over.
    fn close(&mut self, clock: &Clock) {
        let working = std::mem::take(&mut self.working);
        for one in &working {
            self.work_off(one, (clock.from, false), clock);
        }
        self.working = working;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|one| {
            let due = one.at <= clock.until || clock.last;
            if due {
                self.close_one(one.account, one.at.min(clock.until), clock);
            }
            !due
        });
        let fallen = std::mem::take(&mut self.fallen);
        for one in &fallen {
            let at = clock.closes(self.fell_at(one));
            self.tally.fell();
            if one.within {
                self.close_one(one.account, at.min(clock.until), clock);
            } else {
                waiting.push(Waiting { account: one.account, at });
            }
        }
        (self.waiting, self.fallen) = (waiting, fallen);
        self.working.retain(|one| self.rules.closing.unwind > clock.until - one.at);
    }

    /// Closes an account at a moment of this step, or takes it over.
    fn close_one(&mut self, account: u32, at: f64, clock: &Clock) {
        let theta = clock.theta(at);
        let place = account as usize;
        let at_once = self.rules.closing.unwind <= 0.0;
        let mut equity = self.book.cash[place];
        self.tally.open_account(account);
        for held in self.book.held(place) {
            let market = held.market as usize;
            let price = self.leg.plain_at(market, theta);
            let side = if held.notional > 0.0 { SELL } else { BUY };
            let slip = if at_once { self.slips[market][side] } else { 0.0 };
            let gain = held.notional * (price - 1.0) - held.notional.abs() * price * slip;
            equity += gain;
            self.tally.lost(market, -gain, held.notional.abs() * price);
        }
        for pledge in self.book.pledged(place) {
            let market = self.book.followed(pledge);
            let slip = if at_once { self.slips[market][SELL] } else { 0.0 };
            let price = self.leg.plain_at(market, theta) * (1.0 - slip);
            equity += pledge.value * price;
            self.tally.lost(market, pledge.value * (1.0 - price), 0.0);
        }
        self.tally.close_account(equity, self.rules.closing.surplus_share);
        if !at_once {
            let one = Waiting { account, at };
            self.work_off(&one, (at, true), clock);
            self.working.push(one);
        }
    }

    /// What positions taken over gain and cost between a moment of the step and its end; `fresh` ones were valued
    /// without this step's forced trades when they were taken over.
    fn work_off(&mut self, one: &Waiting, (from, fresh): (f64, bool), clock: &Clock) {
        let until = clock.until.min(one.at + self.rules.closing.unwind);
        let (first, last) = (self.weight(one.at, from), self.weight(one.at, until));
        if first <= 0.0 {
            return;
        }
        let (open, close) = (clock.theta(from), clock.theta(until));
        let place = one.account as usize;
        let book = self.book;
        let held = book.held(place).iter().map(|held| (held.market as usize, held.notional));
        let pledged = book.pledged(place).iter();
        let pledged = pledged.map(|pledge| (book.followed(pledge), pledge.value));
        for (market, size) in held.chain(pledged) {
            let leg = &self.leg;
            // What comes at once meets all that is held then; the rest of the way meets less and less.
            let open = if fresh { leg.plain_at(market, open) } else { leg.mark_at(market, 0.0) };
            let at_once = if fresh { 0.0 } else { open - leg.start[market] };
            let price = leg.mark_at(market, close);
            let side = if size > 0.0 { SELL } else { BUY };
            let slip = (first - last) * size.abs() * price * self.slips[market][side];
            let gain = size * (first * at_once + 0.5 * (first + last) * (price - open));
            let loss = slip - gain;
            self.tally.revalued(one.account, market, loss);
        }
    }
}
