//! Staking: shares at the current price, tickets, cooldown, claim window.

use super::{
    Answer, Call, No,
    math::floor,
    model::{Model, Ticket, entry},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::{RequestUnstake, Stake},
    policy::ExitValue,
};
use backstop_units::{Label, Timestamp};

impl Model {
    pub(super) fn stake_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::Stake(c) => self.stake(call, c),
            Body::RequestUnstake(c) => self.request(call, c),
            Body::CancelUnstake(c) => {
                let at = self.open_ticket(c.ticket.get())?;
                self.tickets[at].closed = true;
                Ok(())
            }
            Body::LapseTicket(c) => {
                let at = self.open_ticket(c.ticket.get())?;
                need(call.now >= self.claim_until(at, call.now), "the window is still open")?;
                self.tickets[at].closed = true;
                Ok(())
            }
            Body::ClaimUnstake(c) => self.claim(call, c.ticket.get()),
            _ => refuse("not about stake"),
        }
    }

    fn stake(&mut self, call: &Call<'_>, c: &Stake) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.account(c.account)?;
        let money = label(ASSETS[0]);
        need(c.asset == money, "another asset")?;
        let amount = c.amount.get();
        need(amount > 0, "nothing to stake")?;
        need(amount <= *self.balance(c.account, money), "not that rich")?;
        let tranche = &self.tranches[at];
        let fund = &self.funds[tranche.fund];
        need(!fund.paused(call.now), "entries are paused")?;
        need(!fund.gated(call.now), "a loss is open")?;
        need(amount >= tranche.policy.stake_min.get(), "below the minimum")?;
        let all = tranche.shares();
        need(all == 0 || tranche.assets > 0, "wiped")?;
        let shares = if all == 0 { Some(amount) } else { floor(all, amount, tranche.assets) };
        let shares = shares.ok_or(No::Refused("too many shares"))?;
        need(all.checked_add(shares).is_some(), "too many shares in all")?;
        need(shares > 0, "less than one share")?;
        need(shares >= c.min_shares.get(), "fewer shares than asked for")?;
        *self.balance(c.account, money) -= amount;
        let tranche = &mut self.tranches[at];
        tranche.assets += amount;
        *entry(&mut tranche.holders, c.account) += shares;
        Ok(())
    }

    /// Shares of an account that are on open tickets of the current series.
    pub(super) fn queued(&self, tranche: usize, account: Label) -> u128 {
        let series = self.tranches[tranche].series;
        let mine = |t: &&Ticket| t.tranche == tranche && t.account == account && !t.closed;
        let open = self.tickets.iter().filter(mine);
        open.filter(|t| t.series == series).map(|t| t.shares).sum()
    }

    fn request(&mut self, call: &Call<'_>, c: &RequestUnstake) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.account(c.account)?;
        let shares = c.shares.get();
        need(shares > 0, "nothing to unstake")?;
        let queued = self.queued(at, c.account);
        let open = |t: &&Ticket| t.tranche == at && t.account == c.account && !t.closed;
        let open = self.tickets.iter().filter(open).count();
        let tranche = &mut self.tranches[at];
        let held = *entry(&mut tranche.holders, c.account);
        need(shares <= held - queued, "more than is free")?;
        need(open < usize::from(tranche.policy.tickets_max), "too many tickets")?;
        let ticket = Ticket {
            tranche: at,
            account: c.account,
            series: tranche.series,
            shares,
            value: tranche.worth(shares),
            ready_at: call.now.plus(tranche.policy.cooldown),
            window: tranche.policy.claim_window,
            closed: false,
        };
        self.tickets.push(ticket);
        Ok(())
    }

    pub(super) fn open_ticket(&self, ticket: u32) -> Result<usize, No> {
        let at = usize::try_from(ticket).map_err(|_| No::Refused("unknown ticket"))?;
        let found = self.tickets.get(at).filter(|ticket| !ticket.closed);
        found.map(|_| at).ok_or(No::Refused("no open ticket"))
    }

    /// The window begins when the cooldown ends and stands still while exits are held.
    fn claim_until(&self, at: usize, now: Timestamp) -> Timestamp {
        let ticket = &self.tickets[at];
        if ticket.window.is_zero() {
            return Timestamp::MAX;
        }
        let held = self.funds[self.tranches[ticket.tranche].fund].held(ticket.ready_at, now);
        ticket.ready_at.plus(ticket.window).plus(held)
    }

    fn claim(&mut self, call: &Call<'_>, ticket: u32) -> Answer {
        let at = self.open_ticket(ticket)?;
        let ticket = self.tickets[at].clone();
        let fund = self.tranches[ticket.tranche].fund;
        need(!self.funds[fund].gated(call.now), "a loss is open")?;
        need(!self.funds[fund].on_alert(call.now), "an alert holds exits")?;
        need(call.now >= ticket.ready_at, "the cooldown is not over")?;
        need(call.now < self.claim_until(at, call.now), "the window is over")?;
        self.tickets[at].closed = true;
        let tranche = &mut self.tranches[ticket.tranche];
        if ticket.series != tranche.series {
            // A loss took everything these shares stood for.
            return Ok(());
        }
        let value = tranche.worth(ticket.shares);
        let amount = match tranche.policy.exit_value {
            ExitValue::AtClaim => value,
            ExitValue::LowerOfRequestAndClaim => value.min(ticket.value),
        };
        tranche.assets -= amount;
        *entry(&mut tranche.holders, ticket.account) -= ticket.shares;
        if tranche.shares() == 0 {
            // Nobody is left to own the rest.
            self.funds[fund].reserve += std::mem::take(&mut tranche.assets);
        }
        *self.balance(ticket.account, label(ASSETS[0])) += amount;
        Ok(())
    }
}
