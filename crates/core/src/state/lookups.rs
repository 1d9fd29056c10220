//! Items of a state by what they belong to.

use super::{Layer, Market, Position, State, Tranche};
use crate::entity::Fund;
use backstop_units::{AccountId, Amount, FundId, TrancheId};

impl State {
    /// One account's stake in one tranche.
    pub fn position(&self, tranche: TrancheId, account: AccountId) -> Option<(u32, &Position)> {
        let id = self.labels.positions.get((tranche, account))?;
        self.positions.get(id).map(|position| (id, position))
    }

    /// What one account has given to one fund.
    pub fn contribution(&self, fund: FundId, account: AccountId) -> Amount {
        let id = self.labels.contributions.get((fund, account));
        id.and_then(|id| self.contributions.get(id)).map_or(Amount::ZERO, |given| given.total)
    }

    /// The layers of a market's waterfall with their handles, in the order in which they pay.
    pub fn layers_of(&self, market: &Market) -> impl Iterator<Item = (u32, &Layer)> {
        let from = market.layers_from;
        let until = from.saturating_add(u32::from(market.layers));
        (from..until).filter_map(|id| self.layers.get(id).map(|layer| (id, layer)))
    }

    /// The staked tranches of a fund, oldest first.
    pub fn tranches_of(&self, fund: &Fund) -> impl Iterator<Item = (TrancheId, &Tranche)> {
        let found = |id: TrancheId| self.tranches.get(id).map(|tranche| (id, tranche));
        core::iter::successors(fund.first_tranche.and_then(found), move |(_, t)| {
            t.sibling.and_then(found)
        })
    }
}
