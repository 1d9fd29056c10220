//! Contributions, excess, holds, settings, fees.

use super::{
    Answer, Call, No,
    math::ceil,
    model::{Fund, Hold, Model, entry},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::{Contribute, SetWaterfall, WithdrawExcess},
    policy::LayerSource,
};
use backstop_units::{Amount, Span, Timestamp};

impl Model {
    pub(super) fn fund_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::Contribute(c) => self.contribute(call, c),
            Body::WithdrawExcess(c) => self.withdraw(call, c),
            Body::RaiseAlert(c) => {
                let fund = self.fund(c.fund)?;
                let limit = self.funds[fund].policy.hold_max;
                let fits = hold(&mut self.funds[fund].alerts, call.now, c.until, limit)?;
                self.unsure = self.unsure.or(fits);
                Ok(())
            }
            Body::PauseEntries(c) => {
                let fund = self.fund(c.fund)?;
                let limit = self.funds[fund].policy.hold_max;
                let fits = hold(&mut self.funds[fund].pauses, call.now, c.until, limit)?;
                self.unsure = self.unsure.or(fits);
                Ok(())
            }
            Body::EndAlert(c) => {
                let fund = self.fund(c.fund)?;
                let fund = &mut self.funds[fund];
                need(fund.on_alert(call.now), "no alert")?;
                fund.alerts.iter_mut().for_each(|hold| hold.until = hold.until.min(call.now));
                Ok(())
            }
            Body::SetThreshold(c) => {
                let fund = self.fund(c.fund)?;
                self.funds[fund].threshold = c.threshold.get();
                Ok(())
            }
            Body::SetTarget(c) => {
                let fund = self.fund(c.fund)?;
                self.funds[fund].target = c.target.get();
                Ok(())
            }
            Body::SetCovers(c) => {
                let fund = self.fund(c.fund)?;
                self.funds[fund].policy.covers = c.covers;
                Ok(())
            }
            Body::SetWaterfall(c) => self.set_waterfall(c),
            Body::ReportOpenInterest(c) => self.report_open_interest(call, c),
            Body::ReportDeposits(c) => self.report_deposits(c),
            Body::PayFees(c) => {
                let market = self.market(c.market)?;
                need(!c.amount.is_zero(), "nothing to pay")?;
                let market = &mut self.markets[market];
                let sum = market.fee_pool.checked_add(c.amount.get());
                market.fee_pool = sum.ok_or(No::Refused("overflow"))?;
                market.clearing.sub(c.amount.get());
                Ok(())
            }
            _ => refuse("not about funds"),
        }
    }

    fn contribute(&mut self, call: &Call<'_>, c: &Contribute) -> Answer {
        let fund = self.fund(c.fund)?;
        self.account(c.account)?;
        let money = label(ASSETS[0]);
        need(c.asset == money, "another asset")?;
        let amount = c.amount.get();
        need(amount > 0, "nothing to give")?;
        need(amount <= *self.balance(c.account, money), "not that rich")?;
        need(!self.funds[fund].paused(call.now), "entries are paused")?;
        *self.balance(c.account, money) -= amount;
        let fund = &mut self.funds[fund];
        fund.contributions += amount;
        *entry(&mut fund.gifts, c.account) += amount;
        Ok(())
    }

    /// What counts toward threshold and target: not what is held for liquidations in flight.
    pub(super) fn counted(&self, at: usize, now: Timestamp) -> u128 {
        self.behind(at).saturating_sub(self.held(at, now))
    }

    /// What stands behind a fund's markets, held or not: stakers' money only by policy, and never that
    /// of leavers; idle cash only if it is back in time.
    pub(super) fn behind(&self, at: usize) -> u128 {
        let fund = &self.funds[at];
        let own = fund.reserve.saturating_add(fund.contributions);
        let own = own.saturating_add(self.idle_counted(at));
        if !fund.policy.counts_stake {
            return own;
        }
        let staying = self.tranches_of(at).map(|(_, tranche)| {
            let queued = tranche.queued_all;
            // Rounded against the fund: it must not count an atom that may leave.
            (tranche.assets, ceil(tranche.assets, queued, tranche.shares()).unwrap_or(0))
        });
        let (staked, queued) =
            staying.fold((0u128, 0u128), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        own.saturating_add(staked - queued)
    }

    /// Protocol reserve above the threshold, and nothing while something is wrong.
    fn excess(&self, at: usize, now: Timestamp) -> u128 {
        let fund = &self.funds[at];
        let money = label(ASSETS[0]);
        let suspense = self.custody.iter().find(|c| c.asset == money).map(|c| c.suspense);
        let disagree = suspense.is_some_and(|net| net.plus != net.minus);
        let counted = self.counted(at, now);
        let (target, kept) = (self.target_now(at, now), self.kept(at, now));
        let band = ceil(target, u128::from(fund.policy.coverage_min.get()), 10_000);
        if fund.gated(now) || disagree || band.is_none_or(|band| counted < band) {
            return 0;
        }
        let free = fund.reserve.min(self.not_held(at, now));
        counted.saturating_sub(fund.threshold).min(free).saturating_sub(kept)
    }

    fn withdraw(&mut self, call: &Call<'_>, c: &WithdrawExcess) -> Answer {
        let fund = self.fund(c.fund)?;
        let amount = c.amount.get();
        need(amount > 0, "nothing to withdraw")?;
        need(amount <= self.excess(fund, call.now), "more than the excess")?;
        self.funds[fund].reserve -= amount;
        *self.balance(label("treasury"), label(ASSETS[0])) += amount;
        Ok(())
    }

    fn set_waterfall(&mut self, c: &SetWaterfall) -> Answer {
        let market = self.market(c.market)?;
        need(!c.layers.is_empty(), "no layers")?;
        need(c.layers.len() <= usize::from(self.limits.layers_max), "too many layers")?;
        let own = self.markets[market].fund;
        for (at, layer) in c.layers.iter().enumerate() {
            let twice = c.layers[..at].iter().any(|other| other.source == layer.source);
            need(!twice, "a layer twice")?;
            let payer = match layer.source {
                LayerSource::Reserve(fund) => self.fund(fund)?,
                LayerSource::Staked(tranche) => self.tranches[self.tranche(tranche)?].fund,
                LayerSource::FeePool
                | LayerSource::Socialised
                | LayerSource::Adl
                | LayerSource::Depositors
                | LayerSource::Equity
                | LayerSource::Haircut(_) => own,
            };
            need(payer == own || (payer != 1 && own != 1), "shared and isolated")?;
            let used = self.used_ever(market, layer.source);
            need(layer.lifetime.is_none_or(|limit| limit.get() >= used), "limit below used")?;
        }
        for fund in self.touched(market) {
            need(self.funds[fund].gates.iter().all(|gate| gate.over), "a loss is open")?;
        }
        need(!self.has_claims(market), "somebody has yet to pay")?;
        self.markets[market].layers.clone_from(&c.layers);
        Ok(())
    }
}

/// Lengthens a hold to `until`. What the last 90 days have used limits it; use is dated by the command
/// that began it and ages up to a 24th late, so between 83 and 98 days either answer is right. So it is
/// as to what was given back by an early end.
fn hold(
    holds: &mut Vec<Hold>,
    now: Timestamp,
    until: Timestamp,
    limit: Span,
) -> Result<Option<&'static str>, No> {
    need(until > now, "it is over already")?;
    let from = holds.iter().map(|hold| hold.until).max().unwrap_or(now).max(now);
    let more = until.since(from);
    let used = |days: u64, end: fn(&Hold) -> Timestamp| {
        let since = now.minus(Span::days(days));
        let recent = holds.iter().filter(|hold| hold.from > since);
        recent.fold(more, |sum, hold| sum.plus(end(hold).since(hold.from)))
    };
    need(used(83, |hold| hold.until) <= limit, "too long")?;
    let unsure = used(98, |hold| hold.asked) > limit;
    if !more.is_zero() {
        // Kept as disjoint stretches; the part that is new begins where the old one ends.
        holds.push(Hold { from, until, asked: until });
    }
    Ok(unsure.then_some("how use ages"))
}

/// A settlement's room under the threshold.
pub(super) fn room(fund: &Fund, behind: u128) -> u128 {
    Amount::new(fund.threshold).saturating_sub(Amount::new(behind)).get()
}
