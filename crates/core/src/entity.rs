//! What a ledger keeps: one type for each kind of item in its slabs.

use crate::{
    command::{Body, Direction, Outcome},
    event::HouseTerms,
    fund::inventory::Stock,
    ledger::LedgerAccount,
    loss::deposit_index::Deposits,
    policy::{
        AdlPolicy, BadDebtPolicy, EquityPolicy, FundKind, FundPolicy, LayerPolicy, PoolPolicy,
        PublicKey, Roles, TierPolicy, TranchePolicy, Underwater,
    },
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Base, Fixed60, FundId, Hash, IndexId, Label, MarketId, Shares,
    Signed, Span, Timestamp, TrancheId,
};
use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! entity {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind),* }
    )*};
}

mod loss;
mod prices;

pub use loss::*;
pub use prices::*;

entity! {
    /// An asset.
    Asset {
        /// Its name.
        label: Label,
        /// Decimals of a whole unit, for print and for what stands for how much of another asset.
        decimals: u8,
        /// Whose signature an external balance needs.
        custodian: Option<PublicKey>,
        /// As of when custody was last compared.
        reconciled: Timestamp,
        /// The index that prices it.
        index: Option<IndexId>,
    }
    /// An account.
    Account {
        /// Its name.
        label: Label,
        /// Its owner group.
        group: Label,
        /// The venue that acts for its holder, while it has the role.
        venue: Option<AccountId>,
        /// What it may do.
        roles: Roles,
    }
    /// Who must sign sensitive commands. No keys: the operator alone decides.
    Council {
        /// The members' keys.
        keys: Vec<PublicKey>,
        /// How many must sign.
        threshold: u8,
    }
    /// A fund.
    Fund {
        /// Its name.
        label: Label,
        /// The asset it holds.
        asset: AssetId,
        /// Whom it serves.
        kind: FundKind,
        /// Who gets excess and overflow.
        treasury: AccountId,
        /// Where automatic allocations stop.
        threshold: Amount,
        /// What risk says it should hold.
        target: Amount,
        /// Its rules.
        policy: FundPolicy,
        /// Its first staked tranche.
        first_tranche: Option<TrancheId>,
        /// When revenue was last settled.
        settled_at: Timestamp,
        /// What of the money behind its revenue pool is free, if that was reported.
        free: Option<Signed>,
        /// Its own account at a venue, if it has one.
        house: Option<Box<House>>,
        /// What it has taken over.
        inventory: Stock,
    }
    /// A staked tranche. Its assets are a ledger account.
    Tranche {
        /// Its name.
        label: Label,
        /// Its fund.
        fund: FundId,
        /// Its rules.
        policy: TranchePolicy,
        /// Which share series is on; a wiped one is over.
        series: u32,
        /// How many losses it has borne; dates the shares of each holder.
        epoch: u32,
        /// By how many powers of ten this series was rescaled.
        base: u16,
        /// Shares outstanding in this series.
        shares: Shares,
        /// Shares of the protocol, part of `shares`.
        protocol: Shares,
        /// Shares on open tickets, part of `shares`.
        queued: Shares,
        /// The fund's next tranche.
        sibling: Option<TrancheId>,
    }
    /// One account's stake in one tranche.
    Position {
        /// Whose.
        account: AccountId,
        /// In which tranche.
        tranche: TrancheId,
        /// Of which series its shares are.
        series: u32,
        /// The tranche's loss count when its shares last changed.
        epoch: u32,
        /// The tranche's powers of ten when its shares were last written.
        base: u16,
        /// All its shares, those on tickets too.
        shares: Shares,
        /// Shares on open tickets.
        queued: Shares,
        /// Open tickets.
        tickets: u16,
        /// Its shares before the last change that followed a loss.
        past: Option<u32>,
        /// Paid in less paid out since it last held nothing, for statements.
        cost: Signed,
    }
    /// A position's shares as they were over a run of losses: written on the first change after one.
    PastShares {
        /// After the loss with this count, exclusive.
        after: u32,
        /// Up to the loss with this count, inclusive.
        until: u32,
        /// Of which series they were.
        series: u32,
        /// The tranche's powers of ten when they were written.
        base: u16,
        /// How many.
        shares: Shares,
        /// The run before.
        earlier: Option<u32>,
    }
    /// A request to unstake.
    Ticket {
        /// Out of which tranche.
        tranche: TrancheId,
        /// Of which position.
        position: u32,
        /// Of which series its shares are.
        series: u32,
        /// The tranche's powers of ten at the request.
        base: u16,
        /// How many.
        shares: Shares,
        /// Their value at the request.
        value: Amount,
        /// When the cooldown is over.
        ready_at: Timestamp,
        /// How long it can then be claimed; no time means for ever.
        window: Span,
        /// Claimed, cancelled or lapsed.
        closed: bool,
    }
    /// What one contributor gave to one fund.
    Contribution {
        /// To which fund.
        fund: FundId,
        /// Who.
        account: AccountId,
        /// How much in all, whatever losses took since.
        total: Amount,
    }
    /// A market.
    Market {
        /// Its name.
        label: Label,
        /// The fund that its allocations feed.
        fund: FundId,
        /// The venue's account.
        venue: AccountId,
        /// Pay of a liquidator who closes under water.
        underwater: Underwater,
        /// Within this span losses of one cause are one event.
        event_window: Span,
        /// What a deficit's mark is compared with.
        mark: Option<MarkCheck>,
        /// First layer of its waterfall.
        layers_from: u32,
        /// How many layers.
        layers: u8,
        /// Open interest, in base atoms.
        open_interest: Base,
        /// What each base atom has borne of socialised losses, in 1/2⁶⁰ atom.
        index: Fixed60,
        /// What the index could not express yet, in 1/2⁶⁰ atom.
        index_carry: Fixed60,
        /// How winners are deleveraged.
        adl: Option<AdlPolicy>,
        /// How accounts share a loss by equity.
        equity: Option<EquityPolicy>,
        /// Its risk tier.
        tier: Option<u32>,
        /// How its pools feed each other.
        pools: Option<PoolPolicy>,
        /// What its pools were told and have moved.
        results: Results,
        /// Which debts are bad.
        bad_debt: BadDebtPolicy,
        /// What lenders hold on it, once that was reported.
        deposits: Option<Box<Lent>>,
        /// What layers in another asset fell short of: its venue has not got it yet.
        short: Amount,
        /// How many claims on layers that pay later are open; its waterfall stays as it is until then.
        claims: u32,
    }
    /// A risk tier.
    Tier {
        /// Its name.
        label: Label,
        /// Its ceilings.
        policy: TierPolicy,
    }
    /// One layer of a market's waterfall; layers of replaced waterfalls stay, so use is never forgotten.
    Layer {
        /// Whose waterfall.
        market: MarketId,
        /// Its settings.
        policy: LayerPolicy,
        /// Who pays, by handle.
        source: Source,
        /// What it has paid ever.
        used: Amount,
        /// What it paid lately: for each limit that is set, its rolling window.
        windows: [Option<u32>; 9],
        /// Of a layer in another asset: what was taken of it and is not settled.
        conversion: Option<u32>,
    }
    /// A transfer between the books and the custodian.
    Transfer {
        /// Which way.
        direction: Direction,
        /// Whose money.
        party: LedgerAccount,
        /// Of which asset.
        asset: AssetId,
        /// How many atoms.
        amount: Amount,
        /// The custodian's reference.
        reference: Label,
        /// How it ended, once it has.
        outcome: Option<Outcome>,
    }
    /// A proposal.
    Proposal {
        /// Who filed it.
        by: AccountId,
        /// What is proposed.
        body: Box<Body>,
        /// Digest of the body.
        digest: Hash,
        /// Its nonce.
        nonce: u64,
        /// When it lapses.
        expires_at: Timestamp,
        /// How long it waits once signed.
        delay: Span,
        /// Who has signed.
        keys: Vec<PublicKey>,
        /// From when on it can be carried out.
        ready_at: Option<Timestamp>,
        /// Carried out or withdrawn.
        closed: bool,
    }
}

/// A fund's own account at a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct House {
    /// Its rules.
    pub terms: HouseTerms,
    /// What it is worth, as reported and moved since; below zero: what the fund owes.
    pub value: Signed,
    /// What the venue would pay out.
    pub free: Amount,
    /// How often the fund has moved it.
    pub moves: u32,
}

impl House {
    /// An account of which nothing was reported yet.
    pub const fn new(terms: HouseTerms) -> Self {
        Self { terms, value: Signed::ZERO, free: Amount::ZERO, moves: 0 }
    }
}

/// What lenders hold on a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lent {
    /// Their shares and the index, as reported and lowered since.
    pub deposits: Deposits,
    /// How many losses they have borne.
    pub losses: u32,
}

impl Lent {
    /// Whether a loss has taken all of it: the market is over.
    pub const fn is_dead(&self) -> bool {
        self.deposits.index.is_zero()
    }
}

/// What a market's pools were told by its venue and have moved since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Results {
    /// Trading fees earned ever.
    pub exchange_fees: Amount,
    /// Liquidation fees earned ever.
    pub liquidation_fees: Amount,
    /// What it earned less what it distributed, and less what it passed on.
    pub surplus: Signed,
    /// Net revenue since funding was last paid.
    pub net_revenue: Signed,
    /// What it passed on to the revenue pool ever.
    pub passed_on: Amount,
    /// What it got from fund and revenue pool, less what it passed on, since revenue was last settled.
    pub received: Signed,
    /// When that was last counted.
    pub moved_at: Timestamp,
}

/// Who pays a layer, by handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Source {
    /// The market's own fee pool.
    FeePool = 0,
    /// A fund's reserve, then its contributions.
    Reserve(FundId) = 1,
    /// A staked tranche.
    Staked(TrancheId) = 2,
    /// Open positions.
    Socialised = 3,
    /// Winners, by auto-deleveraging.
    Adl = 4,
    /// Lenders, through the index of their deposits.
    Depositors = 5,
    /// Who leaves the collateral pool of the market's fund.
    Haircut = 8,
    /// Accounts, by equity.
    Equity = 7,
}

impl Source {
    /// Whether it pays with money that is there; others bear a part of the loss.
    pub const fn is_funded(self) -> bool {
        matches!(self, Self::FeePool | Self::Reserve(_) | Self::Staked(_))
    }
}
