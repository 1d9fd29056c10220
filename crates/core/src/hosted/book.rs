//! What is kept of hosted markets: pools, margin accounts, positions. How to find them.

use crate::{
    index::Index,
    liquidation::tiers::Tables,
    policy::{HostedPolicy, MarginPoolPolicy, MarketStatus},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Market, State},
};
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, FundId, Label, MarketId, Price, Signed, Timestamp,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most positions of one account, and most accounts of one owner group that are asked to pay.
pub const POSITIONS_MAX: u8 = 32;

/// A fund's collateral pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarginPool {
    /// Its rules; none before it is opened.
    pub policy: Option<MarginPoolPolicy>,
    /// When an account below zero equity was last seen in it.
    pub negative_at: Option<Timestamp>,
    /// When a stall of the venue was last seen.
    pub stalled_at: Option<Timestamp>,
    /// When the venue last sent a command for it.
    pub heard_at: Option<Timestamp>,
    /// The pool that took its money over.
    pub merged: Option<FundId>,
    /// The asset beside its own that it began to take last.
    pub collateral: Option<u32>,
}

/// What is kept of a hosted market besides what every market has.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HostedMarket {
    /// Its rules.
    pub policy: HostedPolicy,
    /// Its margin tables, if it has tiers.
    pub tables: Tables,
    /// Where collateral goes that no position needs.
    pub home: Option<FundId>,
    /// How far it is wound down.
    pub status: MarketStatus,
    /// The venue's last mark.
    pub mark: Option<(Price, Timestamp)>,
    /// Funding ever, in quote atoms for a whole base unit × 10⁹.
    pub funding: Signed,
    /// What positions paid through the indexes less what they received, in quote atoms: funding that
    /// waits for those it is owed to, with the atoms that rounding left. Below zero while positions
    /// have not yet paid their part of a socialised loss, and by what nobody could bear.
    pub waiting: Signed,
    /// Positions of accounts under maintenance that wait to be liquidated.
    pub backlog: u32,
    /// The one that has waited longest.
    pub first: Option<u32>,
    /// The one that has waited shortest.
    pub last: Option<u32>,
    /// Rolling windows: notional, then insurance.
    pub windows: [Option<u32>; 2],
    /// The fund that it was merged from; margin accounts there move over when they are touched.
    pub former: Option<FundId>,
    /// How many losses its positions have borne through the index.
    pub losses: u32,
}

/// What one account holds in one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarginAccount {
    /// Whose.
    pub account: AccountId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Quote atoms; below zero when entries cost more than was paid in.
    pub quote: Signed,
    /// Its first position.
    pub first: Option<u32>,
    /// How many of its positions are open.
    pub open: u8,
    /// On which market a position of it was last closed or made smaller.
    pub reduced: Option<MarketId>,
    /// Rolling windows of its liquidations: notional, then insurance.
    pub windows: [Option<u32>; 2],
    /// The next margin account of its owner group.
    pub kin: Option<u32>,
    /// What it holds beside quote atoms.
    pub pledge: Option<u32>,
}

/// One position; with no size the place is free for another market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HostedPosition {
    /// Of which margin account.
    pub owner: u32,
    /// On which market.
    pub market: MarketId,
    /// Base atoms, below zero for a short.
    pub size: Signed,
    /// The market's funding index that it has settled to.
    pub funding: Signed,
    /// The market's index of socialised losses that it has settled to.
    pub loss: Fixed60,
    /// The market's count of them that it has settled to.
    pub epoch: u32,
    /// When its present step of liquidation began.
    pub step_at: Option<Timestamp>,
    /// What that step may still close, in quote atoms.
    pub step_left: Amount,
    /// Since when it waits to be liquidated.
    pub waiting: Option<Timestamp>,
    /// The one that waits before it on its market.
    pub before: Option<u32>,
    /// The one that waits after it.
    pub after: Option<u32>,
    /// The account's next position.
    pub next: Option<u32>,
}

/// Finds margin accounts.
#[derive(Clone, Debug)]
pub(crate) struct MarginLabels {
    accounts: Index<(AccountId, FundId), u32>,
    /// The first margin account of an owner group.
    groups: Index<Label, u32>,
}

impl MarginLabels {
    pub(crate) fn new(seed: u128) -> Self {
        Self { accounts: Index::new(seed), groups: Index::new(seed) }
    }
    pub(crate) fn get(&self, account: AccountId, fund: FundId) -> Option<u32> {
        self.accounts.get((account, fund))
    }
    pub(crate) fn group(&self, group: Label) -> Option<u32> {
        self.groups.get(group)
    }
    /// Adds a margin account; the first one of its group stands for the group.
    pub(crate) fn add(&mut self, id: u32, (account, fund): (AccountId, FundId), group: Label) {
        self.accounts.insert((account, fund), id);
        if self.groups.get(group).is_none() {
            self.groups.insert(group, id);
        }
    }
    pub(crate) fn commit(&mut self) {
        self.accounts.commit();
        self.groups.commit();
    }
    pub(crate) fn rollback(&mut self) {
        self.accounts.rollback();
        self.groups.rollback();
    }
}

/// A hosted market as a command names it, by handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Venue {
    pub(crate) market: MarketId,
    pub(crate) fund: FundId,
    pub(crate) asset: AssetId,
}

impl State {
    /// One account's margin account in one fund's pool.
    pub fn margin(&self, account: AccountId, fund: FundId) -> Option<(u32, &MarginAccount)> {
        let id = self.labels.margins.get(account, fund)?;
        self.margins.get(id).map(|margin| (id, margin))
    }

    /// All places of a margin account's list, open and free. **Complexity** bounded by the positions
    /// that were ever open at once.
    pub fn positions_of(
        &self,
        margin: &MarginAccount,
    ) -> impl Iterator<Item = (u32, &HostedPosition)> {
        let found = |id: u32| self.hosted_positions.get(id).map(|position| (id, position));
        core::iter::successors(margin.first.and_then(found), move |(_, position)| {
            position.next.and_then(found)
        })
    }

    /// What is kept of a hosted market.
    ///
    /// # Errors
    /// [`RejectCode::NotHosted`].
    pub fn hosted(&self, id: MarketId) -> Result<&HostedMarket, Reject> {
        let hosted = self.hosted_markets.get(id).and_then(|market| market.as_deref());
        hosted.ok_or_else(|| Reject::got(RejectCode::NotHosted, self.market_label(id)))
    }

    fn market_label(&self, id: MarketId) -> Label {
        self.markets.get(id).map_or(Label::NONE, |market| market.label)
    }
}

/// Looks a hosted market up.
pub(crate) fn venue(state: &State, label: Label) -> Result<Venue, Halt> {
    let market = state.market_id(label)?;
    state.hosted(market)?;
    let fund = state.markets.expect(market)?.fund;
    Ok(Venue { market, fund, asset: state.funds.expect(fund)?.asset })
}

/// Refuses what only attached markets know.
pub(crate) fn attached(state: &State, market: MarketId) -> Result<(), Reject> {
    match state.hosted(market) {
        Ok(_) => Err(Reject::got(RejectCode::Hosted, state.market_label(market))),
        Err(_) => Ok(()),
    }
}

/// The rules of a fund's pool.
pub(crate) fn pool(state: &State, fund: FundId) -> Result<(&MarginPool, MarginPoolPolicy), Halt> {
    let pool = state.margin_pools.expect(fund)?;
    let label = state.funds.expect(fund)?.label;
    let policy = pool.policy.ok_or_else(|| Reject::got(RejectCode::NoMarginPool, label))?;
    Ok((pool, policy))
}

/// An account's margin account in the pool of a fund.
pub(crate) fn find(state: &State, account: Label, fund: FundId) -> Result<u32, Halt> {
    let id = state.account_id(account)?;
    let found = state.margin(id, fund).map(|(id, _)| id);
    Ok(found.ok_or_else(|| Reject::got(RejectCode::UnknownMargin, account))?)
}

/// The position of a margin account on a market, open or not.
pub(crate) fn position_on(
    state: &State,
    margin: u32,
    market: MarketId,
) -> Result<Option<(u32, &HostedPosition)>, Corrupt> {
    let owner = state.margins.expect(margin)?;
    let open = |position: &HostedPosition| position.market == market && !position.size.is_zero();
    Ok(state.positions_of(owner).find(|(_, position)| open(position)))
}

/// The size that a margin account holds on a market.
pub(crate) fn size_on(state: &State, margin: u32, market: MarketId) -> Result<Signed, Corrupt> {
    Ok(position_on(state, margin, market)?.map_or(Signed::ZERO, |(_, position)| position.size))
}

/// A market, and what is kept of it.
pub(crate) fn both(state: &State, id: MarketId) -> Result<(&Market, &HostedMarket), Halt> {
    Ok((state.markets.expect(id)?, state.hosted(id)?))
}
