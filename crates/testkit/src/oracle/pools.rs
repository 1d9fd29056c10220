//! A market's pools, and what a fund covers of a deficit of theirs.

use super::{
    Answer, Call, No,
    math::floor,
    model::{Loss, Model},
    need, refuse,
};
use backstop_core::{
    Body,
    command::CoverDeficit,
    policy::{Cause, LayerSource, Payout},
    state::LossStatus,
};
use backstop_units::{Hash, Timestamp};

/// Signed numbers of the model: amounts that fit, or a refusal.
fn signed(amount: u128) -> Result<i128, No> {
    i128::try_from(amount).map_err(|_| No::Refused("overflow"))
}

fn positive(number: i128) -> u128 {
    u128::try_from(number).unwrap_or(0)
}

impl Model {
    pub(super) fn pool_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::ReportResults(c) => {
                let at = self.market(c.market)?;
                let results = &mut self.markets[at].results;
                results.exchange_fees = c.exchange_fees.get();
                results.liquidation_fees = c.liquidation_fees.get();
                (results.surplus, results.net_revenue) = (c.surplus.get(), c.net_revenue.get());
                Ok(())
            }
            Body::FundPnlPool(c) => {
                let at = self.market(c.market)?;
                let amount = c.amount.get();
                need(amount > 0, "nothing to pay")?;
                let pool = self.markets[at].pnl_pool.checked_add(amount);
                self.markets[at].pnl_pool = pool.ok_or(No::Refused("overflow"))?;
                self.markets[at].clearing.sub(amount);
                Ok(())
            }
            Body::BalancePools(c) => self.balance_pools(self.market(c.market)?, call.now),
            Body::CoverDeficit(c) => self.cover(call, c),
            _ => refuse("not about pools"),
        }
    }

    /// What a market got of the fund since revenue was last settled.
    fn received(&self, at: usize) -> i128 {
        let market = &self.markets[at];
        let anew = self.funds[market.fund].settled_at > market.results.moved_at;
        if anew { 0 } else { market.results.received }
    }

    /// What those who insure a market may pay and have paid ever.
    fn insured(&self, at: usize) -> u128 {
        let insures = |source| matches!(source, LayerSource::Reserve(_) | LayerSource::Staked(_));
        let layer = self.markets[at].layers.iter().find(|layer| insures(layer.source));
        layer.map_or(0, |layer| {
            let used = self.used_ever(at, layer.source);
            layer.lifetime.map_or(u128::MAX, |limit| limit.get().saturating_add(used))
        })
    }

    fn balance_pools(&mut self, at: usize, now: Timestamp) -> Answer {
        let market = self.markets[at].clone();
        let policy = market.pools.ok_or(No::Refused("no pools"))?;
        let results = market.results;
        let passed_on = signed(results.passed_on)?;
        let (fees, received) = (signed(results.liquidation_fees)?, self.received(at));
        let share = floor(results.exchange_fees, u128::from(policy.fee_share.get()), 1_000_000);
        let share = signed(share.ok_or(No::Refused("overflow"))?)?;
        // First what is not earned goes to the winners, then what may be passed on comes back.
        let overflow = || No::Refused("overflow");
        let earned = results.surplus.checked_add(fees).and_then(|sum| sum.checked_sub(passed_on));
        let to_pnl = market.fee_pool.saturating_sub(positive(earned.ok_or_else(overflow)?));
        let mut fee_pool = market.fee_pool - to_pnl;
        let pnl_pool = market.pnl_pool.saturating_add(to_pnl);
        let wanted = share.checked_add(fees).and_then(|sum| sum.checked_sub(passed_on));
        let wanted = positive(wanted.ok_or_else(overflow)?);
        let from_pnl = wanted.saturating_sub(fee_pool).min(pnl_pool);
        fee_pool = fee_pool.saturating_add(from_pnl);
        // Then the market gives what it has too much of, or gets what it lacks.
        let above = results.surplus - passed_on - signed(policy.buffer.get())?;
        let period = signed(policy.period_max.get())?;
        let out = if above > 0 {
            let insured = signed(results.liquidation_fees.min(self.insured(at)))?;
            let fees = positive(share + insured - passed_on);
            let kept = policy.buffer.get().saturating_add(market.socialised);
            let limit = positive((received + period).min(results.net_revenue));
            signed(fees.min(fee_pool.saturating_sub(kept)).min(limit))?
        } else {
            let left = positive(period - received).min(policy.period_max.get());
            let revenue = self.funds[market.fund].revenue;
            -signed(positive(-above).min(left).min(revenue))?
        };
        let (gives, gets) = (positive(out), positive(-out));
        let fund = &mut self.funds[market.fund];
        fund.revenue = fund.revenue.checked_add(gives).ok_or_else(overflow)? - gets;
        let market = &mut self.markets[at];
        market.fee_pool = fee_pool - gives + gets;
        market.pnl_pool = pnl_pool - from_pnl;
        market.results.passed_on += gives;
        market.results.surplus -= out;
        market.results.received = received - out;
        market.results.moved_at = now;
        Ok(())
    }

    fn cover(&mut self, call: &mut Call<'_>, c: &CoverDeficit) -> Answer {
        let at = self.market(c.market)?;
        need(c.evidence != Hash::ZERO, "no evidence")?;
        let policy = self.markets[at].pools.ok_or(No::Refused("no pools"))?;
        let (market, net_pnl) = (&self.markets[at], c.net_pnl.get());
        need(!policy.imbalance_max.is_zero(), "covering is off")?;
        need(market.results.surplus < 0, "the market has a surplus")?;
        need(net_pnl > market.pnl_pool, "the pool can pay")?;
        let excess = net_pnl.saturating_sub(policy.imbalance_max.get());
        let period = positive(signed(policy.period_max.get())? - self.received(at));
        let wanted = excess.min(period);
        need(wanted > 0, "nothing to cover")?;
        let Some(seen) = call.placements.front().copied() else {
            // How limits refill is the core's to say; whether anything is there at all is not.
            let layers = self.markets[at].layers.clone();
            let money = |source| {
                matches!(
                    source,
                    LayerSource::FeePool | LayerSource::Reserve(_) | LayerSource::Staked(_)
                )
            };
            let funded = layers.iter().take_while(|layer| money(layer.source));
            let mut least = wanted;
            for layer in funded {
                let there = self.available(at, layer, Cause::PnlDeficit, call.now)?;
                let [room, _] = self.headroom(at, layer, Cause::PnlDeficit, call.now);
                let most = room.min(there);
                let whole = layer.payout == Payout::Whole;
                least -= if whole && most < least { 0 } else { most.min(least) };
            }
            return need(least < wanted, "the limits leave nothing");
        };
        let gross = seen.amount.get();
        if gross == 0 || gross > wanted {
            return Err(No::Wrong(format!("covered {gross}, at most {wanted}")));
        }
        let loss = self.losses.len();
        self.losses.push(Loss {
            market: at,
            cause: Cause::PnlDeficit,
            status: LossStatus::Closed,
            gross,
            evidence: c.evidence,
            lapses_at: Timestamp::MAX,
            rows: Vec::new(),
            claims: Vec::new(),
        });
        self.place(call, loss)?;
        let full = self.losses[loss].rows.iter().map(|row| row.amount).sum::<u128>();
        need(full == gross, "rows")?;
        let received = self.received(at);
        let market = &mut self.markets[at];
        market.clearing.sub(gross);
        market.pnl_pool = market.pnl_pool.checked_add(gross).ok_or(No::Refused("overflow"))?;
        let got = signed(gross)?;
        market.results.surplus += got;
        market.results.received = received + got;
        market.results.moved_at = call.now;
        Ok(())
    }
}
