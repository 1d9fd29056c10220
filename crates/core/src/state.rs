//! The state of one ledger: typed slabs, the books, and indexes for outside names.

mod bytes;
mod lookups;

pub use crate::compensation::book::{Compensation, PaidClaim};
pub use crate::entity::{
    Account, Asset, Claim, ClaimShare, Contribution, Conversion, Council, Feed, FeedSource, Fund,
    House, Layer, LayerClaim, Lent, ListPart, Loss, LossRow, LossStatus, MarkCheck, Market,
    PastShares, Position, PriceIndex, Proposal, Results, Source, Ticket, Tier, Tranche, Transfer,
};
use crate::event::ClaimCount;
pub use crate::farm::book::{Farm, Staker};
pub use crate::hosted::{
    bearers::{Bearer, SizeRun},
    book::{HostedMarket, HostedPosition, MarginAccount, MarginPool},
    collateral::{Pledge, PoolCollateral},
    haircut::{Haircut, HaircutShare},
};
pub use crate::lending::book::{LendingReserve, Loan, Supply};
pub use crate::lending::occurrence::Occurrence;
pub use crate::lending::vault::book::{Holding, Round, Vault, Waiting};
use crate::lending::vault::yields::Trail;
pub use crate::lending::vault::{loss::VaultLoss, snapshot::ShareRun};
pub use crate::pool::book::{
    InsurancePool, PoolBreach, PoolPayment, PoolRelease, PoolStake, PoolTicket,
};
use crate::{
    fund::{
        controls::Control,
        drawdown::Watch,
        gauge::{Gauge, Peaks},
        holds::Holds,
        inventory::{Inventory, Takeover},
        reservations::Reservations,
    },
    hosted::book::MarginLabels,
    index::Index,
    ledger::{Entry, Ledger},
    liquidation::offline::Offline,
    loss::window::Window,
    policy::Limits,
    reject::{Reject, RejectCode},
    slab::Slab,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, AssetId, Base, FarmId, FeedId, FundId, Hash, IndexId, Label, LossId, MarketId,
    ProposalId, ReserveId, Seq, TicketId, Timestamp, TrancheId, TransferId, VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize, io};

/// What holds for the whole ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Meta {
    /// Which ledger this is; signatures and hashes are bound to it.
    pub ledger: Label,
    /// The rules that `decide` follows.
    pub rules: u16,
    /// The sequence number of the next record.
    pub next: Seq,
    /// The time of the last record.
    pub now: Timestamp,
    /// The ledger's limits.
    pub limits: Limits,
    /// The highest approval nonce used.
    pub nonce: u64,
}

macro_rules! state {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),* $(,)?) => {
        /// Everything a ledger knows. Fields are public to read; they change by events only.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each slab is documented by its item's type")]
        pub struct State {
            pub meta: Meta,
            pub council: Council,
            pub ledger: Ledger,
            $($(#[$doc])* pub $field: $kind,)*
            pub(crate) labels: Labels,
            council_before: Option<Council>,
            meta_before: Meta,
        }

        impl State {
            fn empty(meta: Meta) -> Self {
                let seed = meta.ledger.get();
                Self {
                    meta,
                    council: Council { keys: Vec::new(), threshold: 0 },
                    ledger: Ledger::new(seed),
                    $($field: Slab::default(),)*
                    labels: Labels::new(seed),
                    council_before: None,
                    meta_before: meta,
                }
            }

            fn commit_slabs(&mut self) {
                $(self.$field.commit();)*
            }

            fn rollback_slabs(&mut self) {
                $(self.$field.rollback();)*
            }

            fn write<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
                self.meta.serialize(writer)?;
                self.council.serialize(writer)?;
                self.ledger.entries().serialize(writer)?;
                $(self.$field.serialize(writer)?;)*
                Ok(())
            }

            fn read<R: io::Read>(reader: &mut R) -> io::Result<Self> {
                let meta = Meta::deserialize_reader(reader)?;
                let mut state = Self::empty(meta);
                state.council = Council::deserialize_reader(reader)?;
                let entries: Slab<u32, Entry> = Slab::deserialize_reader(reader)?;
                state.ledger = Ledger::from_entries(entries, meta.ledger.get());
                $(state.$field = <$kind>::deserialize_reader(reader)?;)*
                Ok(state)
            }
        }
    };
}

state! {
    assets: Slab<AssetId, Asset>,
    accounts: Slab<AccountId, Account>,
    funds: Slab<FundId, Fund>,
    holds: Slab<FundId, Holds>,
    controls: Slab<FundId, Control>,
    reservations: Slab<FundId, Reservations>,
    gauges: Slab<FundId, Gauge>,
    peaks: Slab<FundId, Peaks>,
    watches: Slab<FundId, Watch>,
    offline: Slab<MarketId, Offline>,
    open_interest_max: Slab<MarketId, Option<Base>>,
    tranches: Slab<TrancheId, Tranche>,
    positions: Slab<u32, Position>,
    past_shares: Slab<u32, PastShares>,
    tickets: Slab<TicketId, Ticket>,
    contributions: Slab<u32, Contribution>,
    tiers: Slab<u32, Tier>,
    markets: Slab<MarketId, Market>,
    layers: Slab<u32, Layer>,
    windows: Slab<u32, Window>,
    conversions: Slab<u32, Conversion>,
    losses: Slab<LossId, Loss>,
    claims: Slab<u32, Claim>,
    layer_claims: Slab<u32, LayerClaim>,
    list_parts: Slab<u32, ListPart>,
    claim_shares: Slab<u32, ClaimShare>,
    transfers: Slab<TransferId, Transfer>,
    proposals: Slab<ProposalId, Proposal>,
    indexes: Slab<IndexId, PriceIndex>,
    feeds: Slab<FeedId, Feed>,
    inventories: Slab<MarketId, Inventory>,
    takeovers: Slab<u32, Takeover>,
    margin_pools: Slab<FundId, MarginPool>,
    hosted_markets: Slab<MarketId, Option<Box<HostedMarket>>>,
    margins: Slab<u32, MarginAccount>,
    hosted_positions: Slab<u32, HostedPosition>,
    bearers: Slab<u32, Bearer>,
    size_runs: Slab<u32, SizeRun>,
    collaterals: Slab<u32, PoolCollateral>,
    pledges: Slab<u32, Pledge>,
    haircuts: Slab<u32, Haircut>,
    haircut_shares: Slab<u32, HaircutShare>,
    reserves: Slab<ReserveId, LendingReserve>,
    supplies: Slab<u32, Supply>,
    loans: Slab<u32, Loan>,
    vaults: Slab<VaultId, Vault>,
    holdings: Slab<u32, Holding>,
    farms: Slab<FarmId, Farm>,
    stakers: Slab<u32, Staker>,
    occurrences: Slab<u32, Occurrence>,
    vault_losses: Slab<VaultLossId, VaultLoss>,
    share_runs: Slab<u32, ShareRun>,
    insurance_pools: Slab<u32, InsurancePool>,
    pool_stakes: Slab<u32, PoolStake>,
    pool_tickets: Slab<u32, PoolTicket>,
    pool_releases: Slab<u32, PoolRelease>,
    pool_payments: Slab<u32, PoolPayment>,
    pool_breaches: Slab<u32, PoolBreach>,
    trails: Slab<VaultId, Trail>,
    rounds: Slab<u32, Round>,
    queued: Slab<u32, Waiting>,
    compensations: Slab<u32, Compensation>,
    paid_claims: Slab<u32, PaidClaim>,
    claim_counts: Slab<u32, ClaimCount>,
}

/// Outside names and pairs of handles, each to its one item.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) assets: Index<Label, AssetId>,
    pub(crate) accounts: Index<Label, AccountId>,
    pub(crate) funds: Index<Label, FundId>,
    pub(crate) tranches: Index<Label, TrancheId>,
    pub(crate) markets: Index<Label, MarketId>,
    pub(crate) tiers: Index<Label, u32>,
    pub(crate) indexes: Index<Label, IndexId>,
    pub(crate) feeds: Index<Label, FeedId>,
    pub(crate) positions: Index<(TrancheId, AccountId), u32>,
    pub(crate) contributions: Index<(FundId, AccountId), u32>,
    pub(crate) claims: Index<(LossId, u8, u32), u32>,
    pub(crate) claim_shares: Index<(u32, Label), u32>,
    pub(crate) takeovers: Index<(FundId, Label), u32>,
    pub(crate) margins: MarginLabels,
    pub(crate) bearers: Index<(AccountId, MarketId), u32>,
    pub(crate) haircut_shares: Index<(u32, AccountId), u32>,
    pub(crate) reserves: Index<Label, ReserveId>,
    pub(crate) supplies: Index<(ReserveId, AccountId), u32>,
    pub(crate) loans: Index<(ReserveId, AccountId), u32>,
    pub(crate) vaults: Index<Label, VaultId>,
    pub(crate) holdings: Index<(VaultId, AccountId), u32>,
    pub(crate) farms: Index<Label, FarmId>,
    pub(crate) stakers: Index<(FarmId, AccountId), u32>,
    pub(crate) occurrences: Index<(ReserveId, u32), u32>,
    pub(crate) compensations: Index<VaultLossId, u32>,
    pub(crate) paid_claims: Index<(VaultLossId, u32), u32>,
    pub(crate) claim_counts: Index<(VaultLossId, AccountId), u32>,
    pub(crate) pool_stakes: Index<(u32, AccountId, bool), u32>,
    pub(crate) pool_payments: Index<VaultLossId, u32>,
    pub(crate) queued: Index<(VaultId, AccountId), u32>,
    /// What was signed on a closed proposal: the digest of its body, its nonce, its expiry.
    pub(crate) closed: Index<(Hash, u64, Timestamp), ()>,
}

impl Labels {
    fn new(seed: u128) -> Self {
        Self {
            assets: Index::new(seed),
            accounts: Index::new(seed),
            funds: Index::new(seed),
            tranches: Index::new(seed),
            markets: Index::new(seed),
            tiers: Index::new(seed),
            indexes: Index::new(seed),
            feeds: Index::new(seed),
            positions: Index::new(seed),
            contributions: Index::new(seed),
            claims: Index::new(seed),
            claim_shares: Index::new(seed),
            takeovers: Index::new(seed),
            margins: MarginLabels::new(seed),
            bearers: Index::new(seed),
            haircut_shares: Index::new(seed),
            reserves: Index::new(seed),
            supplies: Index::new(seed),
            loans: Index::new(seed),
            vaults: Index::new(seed),
            holdings: Index::new(seed),
            farms: Index::new(seed),
            stakers: Index::new(seed),
            occurrences: Index::new(seed),
            compensations: Index::new(seed),
            paid_claims: Index::new(seed),
            claim_counts: Index::new(seed),
            pool_stakes: Index::new(seed),
            pool_payments: Index::new(seed),
            queued: Index::new(seed),
            closed: Index::new(seed),
        }
    }

    /// Remembers what was signed on a proposal that closes; several may be alike.
    pub(crate) fn close(&mut self, proposal: &Proposal) {
        let signed = (proposal.digest, proposal.nonce, proposal.expires_at);
        if self.closed.get(signed).is_none() {
            self.closed.insert(signed, ());
        }
    }

    fn commit(&mut self) {
        self.assets.commit();
        self.accounts.commit();
        self.funds.commit();
        self.tranches.commit();
        self.markets.commit();
        self.tiers.commit();
        self.indexes.commit();
        self.feeds.commit();
        self.positions.commit();
        self.contributions.commit();
        self.claims.commit();
        self.claim_shares.commit();
        self.takeovers.commit();
        self.margins.commit();
        self.bearers.commit();
        self.haircut_shares.commit();
        self.reserves.commit();
        self.supplies.commit();
        self.loans.commit();
        self.vaults.commit();
        self.holdings.commit();
        self.farms.commit();
        self.stakers.commit();
        self.occurrences.commit();
        self.compensations.commit();
        self.paid_claims.commit();
        self.claim_counts.commit();
        self.pool_stakes.commit();
        self.pool_payments.commit();
        self.queued.commit();
        self.closed.commit();
    }

    fn rollback(&mut self) {
        self.assets.rollback();
        self.accounts.rollback();
        self.funds.rollback();
        self.tranches.rollback();
        self.markets.rollback();
        self.tiers.rollback();
        self.indexes.rollback();
        self.feeds.rollback();
        self.positions.rollback();
        self.contributions.rollback();
        self.claims.rollback();
        self.claim_shares.rollback();
        self.takeovers.rollback();
        self.margins.rollback();
        self.bearers.rollback();
        self.haircut_shares.rollback();
        self.reserves.rollback();
        self.supplies.rollback();
        self.loans.rollback();
        self.vaults.rollback();
        self.holdings.rollback();
        self.farms.rollback();
        self.stakers.rollback();
        self.occurrences.rollback();
        self.compensations.rollback();
        self.paid_claims.rollback();
        self.claim_counts.rollback();
        self.pool_stakes.rollback();
        self.pool_payments.rollback();
        self.queued.rollback();
        self.closed.rollback();
    }
}

macro_rules! find {
    ($($(#[$doc:meta])* $name:ident -> $id:ty, $code:ident;)*) => {
        impl State {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// A reject that names the label when it is unknown.
                #[inline]
                pub fn $name(&self, label: Label) -> Result<$id, Reject> {
                    find!(@index self, $name).get(label).ok_or_else(|| Reject::got(RejectCode::$code, label))
                }
            )*
        }
    };
    (@index $self:ident, asset_id) => { $self.labels.assets };
    (@index $self:ident, account_id) => { $self.labels.accounts };
    (@index $self:ident, fund_id) => { $self.labels.funds };
    (@index $self:ident, tranche_id) => { $self.labels.tranches };
    (@index $self:ident, market_id) => { $self.labels.markets };
    (@index $self:ident, tier_id) => { $self.labels.tiers };
    (@index $self:ident, index_id) => { $self.labels.indexes };
    (@index $self:ident, feed_id) => { $self.labels.feeds };
    (@index $self:ident, reserve_id) => { $self.labels.reserves };
    (@index $self:ident, vault_id) => { $self.labels.vaults };
    (@index $self:ident, farm_id) => { $self.labels.farms };
}
find! {
    /// The asset under a label.
    asset_id -> AssetId, UnknownAsset;
    /// The account under a label.
    account_id -> AccountId, UnknownAccount;
    /// The fund under a label.
    fund_id -> FundId, UnknownFund;
    /// The tranche under a label.
    tranche_id -> TrancheId, UnknownTranche;
    /// The market under a label.
    market_id -> MarketId, UnknownMarket;
    /// The tier under a label.
    tier_id -> u32, UnknownTier;
    /// The price index under a label.
    index_id -> IndexId, UnknownIndex;
    /// The feed under a label.
    feed_id -> FeedId, UnknownFeed;
    /// The lending reserve under a label.
    reserve_id -> ReserveId, UnknownReserve;
    /// The vault under a label.
    vault_id -> VaultId, UnknownVault;
    /// The farm under a label.
    farm_id -> FarmId, UnknownFarm;
}

impl State {
    /// The state before the genesis record.
    pub fn genesis(ledger: Label, rules: u16, limits: Limits, now: Timestamp) -> Self {
        Self::empty(Meta { ledger, rules, next: Seq::default(), now, limits, nonce: 0 })
    }

    /// The saved council, for the rollback of a change to it.
    pub(crate) fn change_council(&mut self) -> &mut Council {
        if self.council_before.is_none() {
            self.council_before = Some(self.council.clone());
        }
        &mut self.council
    }

    pub(crate) fn commit(&mut self) {
        self.commit_slabs();
        self.ledger.commit();
        self.labels.commit();
        self.council_before = None;
        self.meta_before = self.meta;
    }

    pub(crate) fn rollback(&mut self) {
        self.rollback_slabs();
        self.ledger.rollback();
        self.labels.rollback();
        self.meta = self.meta_before;
        if let Some(council) = self.council_before.take() {
            self.council = council;
        }
    }

    fn rebuild_labels(&mut self) {
        let labels = &mut self.labels;
        labels.accounts.reserve(self.accounts.len());
        labels.positions.reserve(self.positions.len());
        self.assets.iter().for_each(|(id, item)| labels.assets.insert(item.label, id));
        self.accounts.iter().for_each(|(id, item)| labels.accounts.insert(item.label, id));
        self.funds.iter().for_each(|(id, item)| labels.funds.insert(item.label, id));
        self.tranches.iter().for_each(|(id, item)| labels.tranches.insert(item.label, id));
        self.markets.iter().for_each(|(id, item)| labels.markets.insert(item.label, id));
        self.tiers.iter().for_each(|(id, item)| labels.tiers.insert(item.label, id));
        self.indexes.iter().for_each(|(id, item)| labels.indexes.insert(item.label, id));
        self.feeds.iter().for_each(|(id, item)| labels.feeds.insert(item.label, id));
        self.positions
            .iter()
            .for_each(|(id, p)| labels.positions.insert((p.tranche, p.account), id));
        self.contributions
            .iter()
            .for_each(|(id, c)| labels.contributions.insert((c.fund, c.account), id));
        self.claims
            .iter()
            .for_each(|(id, c)| labels.claims.insert((c.loss, c.row, c.position), id));
        self.claim_shares
            .iter()
            .for_each(|(id, share)| labels.claim_shares.insert((share.claim, share.account), id));
        let takeovers = self.takeovers.iter();
        takeovers.for_each(|(id, t)| labels.takeovers.insert((t.fund, t.group), id));
        for (id, margin) in self.margins.iter() {
            let group = self.accounts.get(margin.account).map_or(Label::NONE, |owner| owner.group);
            labels.margins.add(id, (margin.account, margin.fund), group);
        }
        let bearers = self.bearers.iter();
        bearers.for_each(|(id, bearer)| labels.bearers.insert((bearer.account, bearer.market), id));
        let shares = self.haircut_shares.iter();
        shares.for_each(|(id, s)| labels.haircut_shares.insert((s.haircut, s.account), id));
        self.reserves.iter().for_each(|(id, item)| labels.reserves.insert(item.label, id));
        self.vaults.iter().for_each(|(id, item)| labels.vaults.insert(item.label, id));
        let supplies = self.supplies.iter();
        supplies.for_each(|(id, s)| labels.supplies.insert((s.reserve, s.account), id));
        let loans = self.loans.iter();
        loans.for_each(|(id, loan)| labels.loans.insert((loan.reserve, loan.account), id));
        let holdings = self.holdings.iter();
        holdings.for_each(|(id, h)| labels.holdings.insert((h.vault, h.account), id));
        self.farms.iter().for_each(|(id, item)| labels.farms.insert(item.label, id));
        let stakers = self.stakers.iter();
        stakers.for_each(|(id, s)| labels.stakers.insert((s.farm, s.account), id));
        let paid = self.compensations.iter();
        paid.for_each(|(id, one)| labels.compensations.insert(one.assessment.loss, id));
        let claims = self.paid_claims.iter();
        claims.for_each(|(id, one)| labels.paid_claims.insert((one.loss, one.holding), id));
        let counts = self.claim_counts.iter();
        counts.for_each(|(id, one)| labels.claim_counts.insert((one.loss, one.account), id));
        let occurrences = self.occurrences.iter();
        occurrences.for_each(|(id, o)| labels.occurrences.insert((o.reserve, o.number), id));
        let stakes = self.pool_stakes.iter();
        stakes.for_each(|(id, s)| labels.pool_stakes.insert((s.pool, s.account, s.matched), id));
        let payments = self.pool_payments.iter();
        payments.for_each(|(id, payment)| labels.pool_payments.insert(payment.loss, id));
        let queued = self.queued.iter();
        queued.for_each(|(id, w)| labels.queued.insert((w.vault, w.account), id));
        let closed = self.proposals.iter().filter(|(_, proposal)| proposal.closed);
        closed.for_each(|(_, proposal)| labels.close(proposal));
    }
}
