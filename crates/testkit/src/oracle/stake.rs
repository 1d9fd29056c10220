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
    policy::{CancelTerms, ExitValue, ProtocolHolding},
};
use backstop_units::{Amount, Label, Timestamp};

impl Model {
    pub(super) fn stake_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::Stake(c) => self.stake(call, c),
            Body::RequestUnstake(c) => self.request(call, c),
            Body::CancelUnstake(c) => {
                let at = self.open_ticket(c.ticket.get())?;
                self.back_into_stake(at);
                Ok(())
            }
            Body::LapseTicket(c) => {
                let at = self.open_ticket(c.ticket.get())?;
                need(call.now >= self.claim_until(at, call.now), "the window is still open")?;
                self.back_into_stake(at);
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
        self.settle_before_stake(self.tranches[at].fund, call.now)?;
        self.prepare(at);
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
        let open = |t: &&Ticket| t.tranche == at && t.account == c.account && !t.closed;
        let leaving = self.tickets.iter().any(|ticket| open(&ticket));
        need(!leaving || tranche.policy.stake_while_leaving, "a ticket is open")?;
        let shares = if all == 0 { amount } else { self.buys(at, amount, call.now)? };
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
        let queued = self.tranches[tranche].queued.iter();
        queued.filter(|(holder, _)| *holder == account).map(|(_, shares)| shares).sum()
    }

    /// Assets without an owner become the protocol's; shares that outgrew assets lose their last digits.
    pub(super) fn prepare(&mut self, at: usize) {
        let tranche = &mut self.tranches[at];
        let by_shares = tranche.policy.protocol == ProtocolHolding::Shares;
        if by_shares && tranche.shares() == 0 {
            tranche.protocol = tranche.assets;
        }
        let all = tranche.shares();
        if tranche.assets == 0 || tranche.assets >= all {
            return;
        }
        let spare = 10u128.pow(u32::from(tranche.policy.spare_decimals));
        let over = all / spare / tranche.assets;
        let digits = over.to_string().len() - 1;
        if digits == 0 || over == 0 {
            return;
        }
        let by = 10u128.pow(u32::try_from(digits).expect("39 digits at most"));
        let stakers = all - tranche.protocol;
        let series = tranche.series;
        tranche.holders.iter_mut().for_each(|holder| holder.1 /= by);
        tranche.queued.iter_mut().for_each(|holder| holder.1 /= by);
        tranche.queued_all /= by;
        tranche.protocol = all / by - stakers / by;
        let held: u128 = tranche.holders.iter().map(|holder| holder.1).sum();
        tranche.dust = stakers / by - held;
        tranche.base += u16::try_from(digits).expect("39 digits at most");
        let mine = |ticket: &&mut Ticket| ticket.tranche == at && ticket.series == series;
        self.tickets.iter_mut().filter(mine).for_each(|ticket| ticket.shares /= by);
    }

    fn request(&mut self, call: &Call<'_>, c: &RequestUnstake) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.account(c.account)?;
        self.prepare(at);
        let queued = self.queued(at, c.account);
        let open = |t: &&Ticket| t.tranche == at && t.account == c.account && !t.closed;
        let open = self.tickets.iter().filter(open).count();
        let tranche = &mut self.tranches[at];
        let shares = match c.amount.map(Amount::get) {
            Some(amount) => {
                need(c.shares.get() == 0, "shares and an amount")?;
                need(tranche.assets > 0, "shares without a price")?;
                floor(tranche.shares(), amount, tranche.assets).ok_or(No::Refused("overflow"))?
            }
            None => c.shares.get(),
        };
        need(shares > 0, "nothing to unstake")?;
        let held = *entry(&mut tranche.holders, c.account);
        need(shares <= held - queued, "more than is free")?;
        need(open < usize::from(tranche.policy.tickets_max), "too many tickets")?;
        let most = tranche.assets.saturating_sub(tranche.policy.keeps.get());
        let ticket = Ticket {
            tranche: at,
            account: c.account,
            series: tranche.series,
            shares,
            value: tranche.worth(shares).min(most),
            ready_at: call.now.plus(tranche.policy.cooldown),
            window: tranche.policy.claim_window,
            closed: false,
        };
        *entry(&mut tranche.queued, c.account) += shares;
        tranche.queued_all += shares;
        self.tickets.push(ticket);
        Ok(())
    }

    /// A ticket's shares of the current series go off the queue; the last ticket takes the dust along.
    fn close(&mut self, at: usize) -> u128 {
        self.tickets[at].closed = true;
        let ticket = self.tickets[at].clone();
        let mine =
            |t: &&Ticket| t.tranche == ticket.tranche && t.account == ticket.account && !t.closed;
        let last = !self.tickets.iter().any(|other| mine(&other));
        let tranche = &mut self.tranches[ticket.tranche];
        let shares = if ticket.series == tranche.series { ticket.shares } else { 0 };
        let queued = entry(&mut tranche.queued, ticket.account);
        let freed = if last { *queued } else { shares };
        *queued -= freed;
        tranche.queued_all = tranche.queued_all.saturating_sub(freed);
        shares
    }

    /// Taken back or lapsed: under some terms without what the shares gained since the request.
    fn back_into_stake(&mut self, at: usize) {
        self.prepare(self.tickets[at].tranche);
        let ticket = self.tickets[at].clone();
        let shares = self.close(at);
        let tranche = &mut self.tranches[ticket.tranche];
        // With nobody else there is nobody to leave a gain to.
        let gained = tranche.worth(shares) > ticket.value && tranche.shares() > shares;
        if tranche.policy.cancel == CancelTerms::ForfeitGains && gained {
            let (others, rest) = (tranche.shares() - shares, tranche.assets - ticket.value);
            let kept = floor(ticket.value, others, rest).unwrap_or(0);
            *entry(&mut tranche.holders, ticket.account) -= shares - kept.min(shares);
        }
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
        self.prepare(ticket.tranche);
        let value = self.tickets[at].value;
        let shares = self.close(at);
        let tranche = &mut self.tranches[ticket.tranche];
        if ticket.series != tranche.series {
            // A loss took everything these shares stood for.
            return Ok(());
        }
        let most = tranche.assets.saturating_sub(tranche.policy.keeps.get());
        let worth = tranche.worth(shares).min(most);
        let amount = match tranche.policy.exit_value {
            ExitValue::AtClaim => worth,
            ExitValue::LowerOfRequestAndClaim => worth.min(value),
        };
        tranche.assets -= amount;
        *entry(&mut tranche.holders, ticket.account) -= shares;
        if tranche.shares() == 0 && tranche.policy.protocol == ProtocolHolding::Reserve {
            // Nobody is left to own the rest.
            self.funds[fund].reserve += std::mem::take(&mut tranche.assets);
        }
        *self.balance(ticket.account, label(ASSETS[0])) += amount;
        Ok(())
    }
}
