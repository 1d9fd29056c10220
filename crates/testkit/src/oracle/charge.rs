//! What fee control and bands bind: the fund's fee, where surplus goes, how far open interest may grow.

use super::{Answer, Call, No, math::floor, model::Model, need};
use crate::world::label;
use backstop_core::{
    command::{ReportOpenInterest, SettleLiquidation},
    policy::{Band, SplitRate, SurplusRoute},
};
use backstop_units::{Label, Timestamp};

/// Who gets surplus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taker {
    Reserve,
    Account(Label),
    Tranche(usize),
}

impl Model {
    /// The fund's fee where its control sets one: never more than what is left.
    pub(super) fn fee(
        &self,
        fund: usize,
        c: &SettleLiquidation,
        (left, now): (u128, Timestamp),
    ) -> Option<u128> {
        let base = match self.funds[fund].policy.split.rate {
            SplitRate::Fixed => return None,
            SplitRate::Collateral => left,
            SplitRate::Notional => c.notional.get(),
        };
        let rate = self.funds[fund].control.as_ref()?.charged(now);
        Some(floor(base, u128::from(rate), 1_000_000).map_or(left, |fee| fee.min(left)))
    }

    fn band(&self, fund: usize, now: Timestamp) -> Option<Band> {
        let control = self.funds[fund].control.as_ref()?;
        let band = control.band_now(self.covered(fund, now), now);
        Some(control.policy.bands[band])
    }

    /// Where surplus goes if routes bind: nowhere while a loss is open.
    pub(super) fn route(&self, fund: usize, now: Timestamp) -> Option<Taker> {
        let routes = self.funds[fund].control.as_ref()?.policy.routes?;
        if self.funds[fund].gated(now) {
            return Some(Taker::Reserve);
        }
        let named = |account: Option<Label>| account.map_or(Taker::Reserve, Taker::Account);
        Some(match self.band(fund, now)?.surplus {
            SurplusRoute::Reserve => Taker::Reserve,
            SurplusRoute::Treasury => Taker::Account(label("treasury")),
            SurplusRoute::Stakers => {
                let staked = self.tranches_of(fund).find(|(_, tranche)| tranche.shares() > 0);
                staked.map_or(Taker::Reserve, |(at, _)| Taker::Tranche(at))
            }
            SurplusRoute::Lps => named(routes.lps),
            SurplusRoute::TokenHolders => named(routes.token_holders),
        })
    }

    pub(super) fn pay_surplus(&mut self, fund: usize, taker: Taker, amount: u128) -> Answer {
        match taker {
            Taker::Account(account) => return self.gain(account, amount),
            Taker::Reserve => {
                let reserve = self.funds[fund].reserve.checked_add(amount);
                self.funds[fund].reserve = reserve.ok_or(No::Refused("overflow"))?;
            }
            Taker::Tranche(at) => self.tranches[at].assets += amount,
        }
        Ok(())
    }

    /// Past what the fund's band leaves of a market's maximum, open interest only falls.
    pub(super) fn report_open_interest(
        &mut self,
        call: &Call<'_>,
        c: &ReportOpenInterest,
    ) -> Answer {
        let at = self.market(c.market)?;
        let (before, after) = (self.markets[at].open_interest, c.base.get());
        if let Some(max) = self.markets[at].open_interest_max {
            let band = self.band(self.markets[at].fund, call.now);
            let part = band.map_or(1_000_000, |band| band.open_interest.get().min(1_000_000));
            let limit = floor(max, u128::from(part), 1_000_000);
            let fits = limit.is_some_and(|limit| after <= limit);
            need(fits || after <= before, "open interest grows past its limit")?;
        }
        self.markets[at].open_interest = after;
        Ok(())
    }
}
