//! What lenders hold on a market, and what a loss leaves of it.

use super::{
    Answer, No,
    math::{ceil, floor},
    model::{Bearer, Model},
    need,
};
use backstop_core::command::ReportDeposits;

/// Shares, what one is worth in parts of a unit, and how many losses they have borne.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lent {
    pub(super) shares: u128,
    pub(super) index: u128,
    pub(super) unit: u128,
    pub(super) losses: u32,
}

impl Lent {
    pub(super) fn worth(&self) -> u128 {
        floor(self.shares, self.index, self.unit).unwrap_or(0)
    }
}

impl Model {
    pub(super) fn report_deposits(&mut self, c: &ReportDeposits) -> Answer {
        let at = self.market(c.market)?;
        let (shares, index, unit) = (c.shares.get(), c.index.get(), c.unit.get());
        need(unit > 0 && index >= 1_000_000, "an index that can't express a loss")?;
        need(floor(shares, index, unit).is_some(), "overflow")?;
        let old = self.markets[at].lent;
        need(old.is_none_or(|old| old.index > 0), "lenders lost all on this market")?;
        let losses = old.map_or(0, |old| old.losses);
        need(c.losses == losses, "reported before a loss")?;
        self.markets[at].lent = Some(Lent { shares, index, unit, losses });
        Ok(())
    }

    /// Lenders bear a part of a loss: the fewest steps of the index that are worth it.
    pub(super) fn lenders_bear(&mut self, loss: usize, layer: usize, amount: u128) -> Answer {
        self.row(loss, layer, Bearer::Lenders, amount);
        let market = &mut self.markets[self.losses[loss].market];
        market.depositors += amount;
        let lent = market.lent.as_mut().ok_or(No::Refused("nobody lends"))?;
        let fall = ceil(lent.index, amount, lent.worth()).ok_or(No::Refused("overflow"))?;
        lent.index -= fall;
        lent.losses += 1;
        Ok(())
    }
}
