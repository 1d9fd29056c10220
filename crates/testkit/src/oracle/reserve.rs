//! Capacity held for liquidations in flight, late settlements, idle cash.

use super::{Answer, Call, No, math::floor, model::Model, need, refuse};
use backstop_core::{
    Body,
    command::{CommitReservation, Direction, MoveIdle, Reserve},
};
use backstop_units::{Base, Label, Span, Timestamp};

/// Capacity of a fund that one market holds, or held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    market: usize,
    id: Label,
    amount: u128,
    until: Timestamp,
    /// Committed or released.
    over: bool,
}

/// What one market may settle late: in all, what is left of it, and how late.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offline {
    pub(super) budget: u128,
    pub(super) left: u128,
    pub(super) span: Span,
}

impl Model {
    pub(super) fn reserve_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::Reserve(c) => self.hold(call, c),
            Body::CommitReservation(c) => self.commit(call, c),
            Body::ReleaseReservation(c) => {
                let market = self.market(c.market)?;
                self.free(market, c.id, call.now)
            }
            Body::SetOfflineBudget(c) => {
                let market = self.market(c.market)?;
                need(c.span <= Span::days(7), "too long")?;
                let (budget, span) = (c.budget.get(), c.span);
                self.markets[market].offline = Offline { budget, left: budget, span };
                Ok(())
            }
            Body::SetOpenInterestMax(c) => {
                let market = self.market(c.market)?;
                self.markets[market].open_interest_max = c.max.map(Base::get);
                Ok(())
            }
            Body::MoveIdle(c) => self.move_idle(call, c),
            _ => refuse("not about reservations"),
        }
    }

    /// What a fund's reservations hold.
    pub(super) fn held(&self, fund: usize, now: Timestamp) -> u128 {
        let open = self.funds[fund].held.iter().filter(|held| !held.over && now < held.until);
        open.map(|held| held.amount).sum()
    }

    /// What a fund's reserve and contributions have that nobody holds.
    pub(super) fn not_held(&self, fund: usize, now: Timestamp) -> u128 {
        let item = &self.funds[fund];
        item.reserve.saturating_add(item.contributions).saturating_sub(self.held(fund, now))
    }

    fn hold(&mut self, call: &Call<'_>, c: &Reserve) -> Answer {
        let market = self.market(c.market)?;
        let at = self.markets[market].fund;
        let limits = self.control(at)?.policy.reservations;
        let (amount, now) = (c.amount.get(), call.now);
        need(amount > 0 && c.until > now, "nothing, or over already")?;
        need(c.until.since(now) <= limits.span_max, "too long")?;
        let fund = &self.funds[at];
        let open: Vec<&Held> =
            fund.held.iter().filter(|held| !held.over && now < held.until).collect();
        need(!open.iter().any(|h| h.market == market && h.id == c.id), "a name twice")?;
        need(open.len() < usize::from(limits.count_max), "too many")?;
        let all = fund.reserve.saturating_add(fund.contributions);
        let most = floor(all, u128::from(limits.part_max.get()), 1_000_000);
        let held = self.held(at, now).checked_add(amount).ok_or(No::Refused("overflow"))?;
        need(most.is_some_and(|most| held <= most), "more than may be held")?;
        let held = Held { market, id: c.id, amount, until: c.until, over: false };
        self.funds[at].held.push(held);
        Ok(())
    }

    /// Frees what a market holds under a name, if it still does.
    fn free(&mut self, market: usize, id: Label, now: Timestamp) -> Answer {
        let held = &mut self.funds[self.markets[market].fund].held;
        let open = |held: &&mut Held| !held.over && now < held.until;
        let mine = held.iter_mut().filter(|held| held.market == market && held.id == id);
        mine.filter(open).last().ok_or(No::Refused("nothing held"))?.over = true;
        Ok(())
    }

    /// The settlement finds what was held for it, and so does everybody after it.
    fn commit(&mut self, call: &mut Call<'_>, c: &CommitReservation) -> Answer {
        let market = self.market(c.settlement.market)?;
        self.free(market, c.id, call.now)?;
        self.settle(call, &c.settlement)
    }

    /// A settlement older than the ledger's skew draws what it costs on the market's budget.
    pub(super) fn draw_late(&mut self, call: &Call<'_>, market: usize, cost: u128) -> Answer {
        let skew = self.limits.skew_past;
        if call.occurred_at >= call.now.minus(skew) {
            return Ok(());
        }
        let offline = &mut self.markets[market].offline;
        let left = offline.left.checked_sub(cost);
        offline.left = left.ok_or(No::Refused("the offline budget is spent"))?;
        Ok(())
    }

    /// How old a command may be.
    pub(super) fn oldest(&self, body: &Body) -> Span {
        let span = |body: &Body| {
            let market = match body {
                Body::SettleLiquidation(c) => self.market(c.market).ok(),
                Body::CommitReservation(c) => self.market(c.settlement.market).ok(),
                _ => None,
            };
            market.map_or(Span::ZERO, |market| self.markets[market].offline.span)
        };
        // A batch is as old as the oldest that each of its steps may be.
        let longest = match body {
            Body::Linked(batch) => batch.steps.iter().map(span).min().unwrap_or(Span::ZERO),
            single => span(single),
        };
        longest.max(self.limits.skew_past)
    }

    /// What of idle cash counts: what is back before the policy's reach is over.
    pub(super) fn idle_counted(&self, fund: usize) -> u128 {
        let fund = &self.funds[fund];
        let idle = fund.control.as_ref().and_then(|control| control.policy.idle);
        if idle.is_some_and(|idle| idle.notice <= idle.reach) { fund.idle } else { 0 }
    }

    fn move_idle(&mut self, call: &Call<'_>, c: &MoveIdle) -> Answer {
        let at = self.fund(c.fund)?;
        let (amount, free) = (c.amount.get(), self.not_held(at, call.now));
        let kept = self.kept(at, call.now);
        let fund = &mut self.funds[at];
        need(amount > 0, "nothing to move")?;
        if c.direction == Direction::In {
            need(amount <= fund.idle, "not that much is placed")?;
            let reserve = fund.reserve.checked_add(amount);
            fund.reserve = reserve.ok_or(No::Refused("overflow"))?;
            fund.idle -= amount;
            return Ok(());
        }
        let free = free.min(fund.reserve).saturating_sub(kept);
        need(amount <= free, "not that much is free")?;
        need(!fund.gated(call.now), "a loss is open")?;
        let control = fund.control.as_ref().ok_or(No::Refused("no fee control"))?;
        let part = control.policy.idle.map_or(0, |idle| u128::from(idle.part_max.get()));
        let own = fund.reserve.saturating_add(fund.idle);
        let most = floor(own, part, 1_000_000).ok_or(No::Refused("overflow"))?;
        need(fund.idle + amount <= most, "more than may be placed")?;
        fund.reserve -= amount;
        fund.idle += amount;
        Ok(())
    }
}
