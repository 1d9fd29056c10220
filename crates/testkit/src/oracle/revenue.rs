//! Revenue and the protocol's own shares.

use super::{
    Answer, Call, No,
    charge::Taker,
    math::{ceil, floor, shares_of},
    model::{Model, entry},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::{GrantProtocolShares, Party, PayRevenue, RedeemProtocolShares, StakeProtocol},
    policy::{EntryPrice, ProtocolHolding},
};
use backstop_units::{Amount, Label, Timestamp};

const MILLION: u128 = 1_000_000;

/// What a settlement moves: in all, to the reserve, and to tranches with the protocol's new shares.
#[derive(Default)]
struct Settlement {
    moved: u128,
    to_reserve: u128,
    parts: Vec<(usize, u128, u128)>,
    own: u128,
}

impl Model {
    pub(super) fn revenue_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::PayRevenue(c) => self.pay_revenue(c),
            Body::SettleRevenue(c) => {
                let fund = self.fund(c.fund)?;
                need(self.is_due(fund, call.now), "not due")?;
                let settlement = self.settlement(fund, None, None)?;
                need(settlement.moved > 0, "nothing to settle")?;
                self.settle_due(fund, call.now)
            }
            Body::ReportLiquidity(c) => {
                let fund = self.fund(c.fund)?;
                self.funds[fund].free = c.free.map(backstop_units::Signed::get);
                Ok(())
            }
            Body::GrantProtocolShares(c) => self.grant(c),
            Body::RedeemProtocolShares(c) => self.redeem(call, c),
            Body::StakeProtocol(c) => self.stake_protocol(call, c),
            _ => refuse("not about revenue"),
        }
    }

    fn pay_revenue(&mut self, c: &PayRevenue) -> Answer {
        let fund = self.fund(c.fund)?;
        let amount = c.amount.get();
        need(amount > 0, "nothing to pay")?;
        match c.from {
            Party::Account(account) => {
                self.account(account)?;
                let balance = self.balance(account, label(ASSETS[0]));
                need(amount <= *balance, "not that rich")?;
                *balance -= amount;
            }
            Party::Clearing(market) => {
                let market = self.market(market)?;
                self.markets[market].clearing.sub(amount);
            }
        }
        let revenue = self.funds[fund].revenue.checked_add(amount);
        self.funds[fund].revenue = revenue.ok_or(No::Refused("overflow"))?;
        Ok(())
    }

    /// On the next full hour, day or whatever the period is; a late settlement skips one.
    fn is_due(&self, fund: usize, now: Timestamp) -> bool {
        let fund = &self.funds[fund];
        let period = fund.policy.revenue.period.ms();
        let last = fund.settled_at.ms();
        period > 0 && {
            let into = last % period;
            let next = last - into + period;
            now.ms() >= if 3 * into > period { next + period } else { next }
        }
    }

    pub(super) fn settle_due(&mut self, fund: usize, now: Timestamp) -> Answer {
        let route = self.route(fund, now);
        if self.is_due(fund, now) { self.settle_now(fund, route, now) } else { Ok(()) }
    }

    /// What a loss is about to need stays in the fund.
    pub(super) fn settle_before_loss(&mut self, fund: usize, now: Timestamp) -> Answer {
        if self.is_due(fund, now) { self.settle_now(fund, None, now) } else { Ok(()) }
    }

    /// Before a stake: what is due; and all that waits, while it is the protocol's alone and newcomers
    /// pay for what waits.
    pub(super) fn settle_before_stake(&mut self, fund: usize, now: Timestamp) -> Answer {
        self.settle_due(fund, now)?;
        let staked = self.tranches_of(fund).any(|(_, tranche)| tranche.has_stakers());
        let spot = self.funds[fund].policy.revenue.entry == EntryPrice::Spot;
        let route = self.route(fund, now);
        if staked || spot { Ok(()) } else { self.settle_now(fund, route, now) }
    }

    fn settle_now(&mut self, fund: usize, route: Option<Taker>, now: Timestamp) -> Answer {
        let settlement = self.settlement(fund, None, route)?;
        if settlement.moved == 0 {
            return Ok(());
        }
        let moved = i128::try_from(settlement.moved).map_err(|_| No::Refused("overflow"))?;
        let item = &mut self.funds[fund];
        item.settled_at = now;
        item.free = item.free.map(|free| free - moved);
        item.revenue -= settlement.moved;
        // Stakers have their part already; others get what the reserve would have got.
        let taker = match route {
            Some(Taker::Account(account)) => Taker::Account(account),
            _ => Taker::Reserve,
        };
        self.pay_surplus(fund, taker, settlement.to_reserve)?;
        for (at, amount, minted) in settlement.parts {
            self.tranches[at].assets += amount;
            self.tranches[at].protocol += minted;
        }
        Ok(())
    }

    /// What would move if it were due now.
    fn settlement(
        &self,
        fund: usize,
        joins: Option<(usize, u128)>,
        route: Option<Taker>,
    ) -> Result<Settlement, No> {
        let overflow = No::Refused("overflow");
        let (item, policy) = (&self.funds[fund], &self.funds[fund].policy.revenue);
        if item.revenue == 0 || policy.period.is_zero() {
            return Ok(Settlement::default());
        }
        let part = |portion: backstop_units::Ppm, of| floor(u128::from(portion.get()), of, MILLION);
        let mut moved = Some(item.revenue);
        if let Some(free) = item.free {
            let free = u128::try_from(free).unwrap_or(0);
            if free < item.revenue {
                moved = part(policy.liquid_share, free);
            }
        }
        let mine: Vec<usize> = self.tranches_of(fund).map(|(at, _)| at).collect();
        let staked: Vec<usize> =
            mine.iter().copied().filter(|at| self.staked(*at, joins)).collect();
        if !staked.is_empty() {
            let assets: u128 = staked.iter().map(|at| self.tranches[*at].assets).sum();
            let assets = assets.saturating_add(joins.map_or(0, |(_, amount)| amount));
            let periods = (365 * 24 * 3_600_000 / policy.period.ms()).max(1);
            let yearly = part(policy.apr_max, assets).map(|rate| rate / u128::from(periods));
            let share = moved.and_then(|moved| part(policy.pool_share, moved));
            moved = share.zip(yearly).map(|(share, yearly)| share.min(yearly));
        }
        let moved = moved.ok_or(overflow)?;
        let (total, stakers) = (policy.total_factor.get(), policy.staker_factor.get());
        let by_shares = |at: &usize| self.tranches[*at].policy.protocol == ProtocolHolding::Shares;
        let all_stakers = matches!(route, Some(Taker::Tranche(_))) && !mine.iter().any(by_shares);
        let own = if total > stakers && !all_stakers {
            floor(moved, u128::from(total - stakers), u128::from(total)).unwrap_or(0)
        } else {
            0
        };
        self.shared(moved, own, &mine, joins)
    }

    fn staked(&self, at: usize, joins: Option<(usize, u128)>) -> bool {
        self.tranches[at].has_stakers() || joins.is_some_and(|(tranche, _)| tranche == at)
    }

    fn shared(
        &self,
        moved: u128,
        own: u128,
        mine: &[usize],
        joins: Option<(usize, u128)>,
    ) -> Result<Settlement, No> {
        let by_shares =
            |at: &&usize| self.tranches[**at].policy.protocol == ProtocolHolding::Shares;
        let holder = mine.iter().find(by_shares).copied();
        let weight = |at: &usize| {
            let tranche = &self.tranches[*at];
            if self.staked(*at, joins) { u128::from(tranche.policy.revenue_weight) } else { 0 }
        };
        let mut weights: Vec<u128> = mine.iter().map(weight).collect();
        if weights.iter().all(|weight| *weight == 0) {
            weights = mine.iter().map(|at| u128::from(holder == Some(*at))).collect();
        }
        let nobody = weights.iter().all(|weight| *weight == 0);
        let amounts = shares_of(if nobody { 0 } else { moved - own }, &weights);
        let mut settlement = Settlement {
            moved,
            to_reserve: if nobody { moved } else { own },
            parts: Vec::new(),
            own,
        };
        for (at, mut amount) in mine.iter().copied().zip(amounts) {
            let mut minted = 0;
            if holder == Some(at) {
                amount += own;
                settlement.to_reserve = 0;
                let (assets, all) = (self.tranches[at].assets, self.tranches[at].shares());
                minted = match (assets, all) {
                    (0, 0) => own,
                    (_, 0) | (0, _) => 0,
                    _ => floor(own, all, assets).ok_or(No::Refused("overflow"))?,
                };
            }
            if amount > 0 {
                settlement.parts.push((at, amount, minted));
            }
        }
        Ok(settlement)
    }

    /// How many shares a stake buys: so many that it is worth itself after a settlement that counts it.
    pub(super) fn buys(&self, at: usize, amount: u128, now: Timestamp) -> Result<u128, No> {
        let tranche = &self.tranches[at];
        let (assets, shares) = (tranche.assets, tranche.shares());
        let over = || No::Refused("overflow");
        let spot = self.funds[tranche.fund].policy.revenue.entry == EntryPrice::Spot;
        if spot || assets == 0 {
            return floor(shares, amount, assets).ok_or_else(over);
        }
        let route = self.route(tranche.fund, now);
        let pending = self.settlement(tranche.fund, Some((at, amount)), route)?;
        let part = pending.parts.iter().find(|part| part.0 == at).map_or(0, |part| part.1);
        let by_shares =
            |t: &&(usize, &super::model::Tranche)| t.1.policy.protocol == ProtocolHolding::Shares;
        let holder = self.tranches_of(tranche.fund).find(|t| by_shares(&t)).map(|t| t.0);
        let holds = holder == Some(at);
        let own = if holds && part > 0 { pending.own } else { 0 };
        let joined = assets.checked_add(amount).ok_or_else(over)?;
        // The protocol's part mints shares too, and a part of it is the newcomer's.
        let minted = floor(shares, own, joined).ok_or_else(over)?;
        let his = floor(own, amount, joined).ok_or_else(over)?;
        let price = assets.checked_add(part).ok_or_else(over)? - his;
        floor(shares.checked_add(minted).ok_or_else(over)?, amount, price).ok_or_else(over)
    }

    fn grant(&mut self, c: &GrantProtocolShares) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.account(c.account)?;
        self.prepare(at);
        let shares = c.shares.get();
        let tranche = &mut self.tranches[at];
        need(shares > 0, "nothing to grant")?;
        need(shares <= tranche.protocol, "more than the protocol has")?;
        tranche.protocol -= shares;
        *entry(&mut tranche.holders, c.account) += shares;
        Ok(())
    }

    fn redeem(&mut self, call: &Call<'_>, c: &RedeemProtocolShares) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.prepare(at);
        let tranche = &self.tranches[at];
        let fund = &self.funds[tranche.fund];
        need(!fund.gated(call.now) && !fund.on_alert(call.now), "exits are held")?;
        let (shares, amount) = match c.amount.map(Amount::get) {
            Some(amount) => {
                need(c.shares.get() == 0 && amount > 0, "shares and an amount, or nothing")?;
                let shares = ceil(tranche.shares(), amount, tranche.assets);
                (shares.ok_or(No::Refused("no price"))?, amount)
            }
            None => (c.shares.get(), tranche.worth(c.shares.get())),
        };
        need(shares > 0, "nothing to redeem")?;
        need(shares <= tranche.protocol, "more than the protocol has")?;
        let amount = amount.min(tranche.assets.saturating_sub(tranche.policy.keeps.get()));
        let tranche = &mut self.tranches[at];
        tranche.protocol -= shares;
        tranche.assets -= amount;
        let balance = self.balance(label("treasury"), label(ASSETS[0]));
        *balance = balance.checked_add(amount).ok_or(No::Refused("overflow"))?;
        Ok(())
    }

    fn stake_protocol(&mut self, call: &Call<'_>, c: &StakeProtocol) -> Answer {
        let at = self.tranche(c.tranche)?;
        self.account(c.account)?;
        self.settle_before_stake(self.tranches[at].fund, call.now)?;
        self.prepare(at);
        let amount = c.amount.get();
        let balance = self.balance(c.account, label(ASSETS[0]));
        need(amount > 0 && amount <= *balance, "nothing to stake, or not that rich")?;
        let tranche = &self.tranches[at];
        let fund = &self.funds[tranche.fund];
        need(!fund.paused(call.now) && !fund.gated(call.now), "entries are held")?;
        let all = tranche.shares();
        need(all == 0 || tranche.assets > 0, "wiped")?;
        let shares = if all == 0 { amount } else { self.buys(at, amount, call.now)? };
        need(shares > 0 && all.checked_add(shares).is_some(), "no share, or too many")?;
        *self.balance(c.account, label(ASSETS[0])) -= amount;
        self.tranches[at].assets += amount;
        self.tranches[at].protocol += shares;
        Ok(())
    }

    /// Who holds a tranche's shares just before a loss; the treasury stands for the protocol.
    pub(super) fn bearers(&self, at: usize) -> Vec<(Label, u128)> {
        let tranche = &self.tranches[at];
        let mut bearers = tranche.holders.clone();
        *entry(&mut bearers, label("treasury")) += tranche.protocol;
        *entry(&mut bearers, Label::NONE) += tranche.dust;
        bearers
    }
}
