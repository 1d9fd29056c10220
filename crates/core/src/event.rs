//! Domain facts: what a command turned out to mean. State follows from events alone.

use crate::{
    command::{Body, Direction, Outcome},
    ledger::LedgerAccount,
    loss::adl::{Candidate, Cut, Sealed, Tally},
    policy::{
        AlertCause, Cause, Causes, FundKind, FundPolicy, LayerPolicy, MarketPolicy, PoolPolicy,
        PublicKey, RevenuePolicy, Roles, SplitPolicy, TierPolicy, TranchePolicy,
    },
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Base, Fixed60, FundId, Hash, Label, LossId, MarketId, Price,
    ProposalId, Shares, Signed, TicketId, Timestamp, TrancheId, TransferId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Who bore a row of a loss, so that a recovery finds them again.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Cohort {
    /// The market's fee pool.
    FeePool = 0,
    /// A fund's own reserve.
    Reserve(FundId) = 1,
    /// A fund's contributions.
    Contributions(FundId) = 2,
    /// The holders of a tranche's shares just before the loss.
    Stakers {
        /// Which tranche.
        tranche: TrancheId,
        /// Which share series.
        series: u32,
        /// The tranche's loss count after this loss; finds each holder's shares as they were.
        epoch: u32,
        /// The tranche's powers of ten just before the loss.
        base: u16,
        /// Shares outstanding just before the loss.
        shares: Shares,
        /// Of them, the protocol's.
        protocol: Shares,
    } = 3,
    /// The positions open just before the loss, by base amount.
    Positions {
        /// What each base atom bore, in 1/2⁶⁰ atom.
        delta: Fixed60,
        /// Open interest, in base atoms.
        base: Base,
    } = 4,
    /// Nobody could be found to bear it: the named residual, unpaid to the venue.
    Residual = 5,
    /// Winners of the market, cut step by step after the placement.
    Adl {
        /// Which deleveraging; its cuts find them again.
        adl: u32,
    } = 6,
}

/// One row of a loss: who bore how much.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct Row {
    /// Position of the layer in the waterfall; the residual stands behind the last one.
    pub layer: u8,
    /// Who bore it.
    pub cohort: Cohort,
    /// How many atoms.
    pub amount: Amount,
}

/// A part of a recovery or reversal that goes to one row.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct RowPart {
    /// Position of the row in the loss.
    pub row: u8,
    /// Where the money goes.
    pub to: LedgerAccount,
    /// How many atoms.
    pub amount: Amount,
}

/// What one tranche gets of a settlement of revenue.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct RevenuePart {
    /// Which tranche.
    pub tranche: TrancheId,
    /// How many atoms.
    pub amount: Amount,
    /// The protocol's new shares, at the price before the settlement.
    pub minted: Shares,
}

/// What moves between a market's pools and the fund's revenue pool, in atoms.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
pub struct PoolFlow {
    /// From the fee pool to the pool for winners.
    pub to_pnl: Amount,
    /// From the pool for winners to the fee pool.
    pub from_pnl: Amount,
    /// From the fee pool to the revenue pool.
    pub to_revenue: Amount,
    /// From the revenue pool to the fee pool.
    pub from_revenue: Amount,
}

/// The placement of a loss: its rows add up to its gross amount.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Placement {
    /// Which loss; a new one if its handle is the next.
    pub loss: LossId,
    /// On which market.
    pub market: MarketId,
    /// Of which asset.
    pub asset: AssetId,
    /// Why.
    pub cause: Cause,
    /// Whose account caused it.
    pub account: Option<AccountId>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Merkle root of what it was computed from.
    pub evidence: Hash,
    /// The mark, where a venue reported one.
    pub mark: Price,
    /// How many atoms.
    pub gross: Amount,
    /// Who bore how much, in the order of the waterfall.
    pub rows: Vec<Row>,
    /// The market's index carry after it, in 1/2⁶⁰ atom.
    pub index_carry: Fixed60,
    /// Whether it was settled in one command and needs no further step.
    pub closed: bool,
}

/// One fact. Discriminants are append-only; a changed shape is a new variant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum Event {
    /// An asset exists.
    AssetRegistered { asset: AssetId, label: Label, decimals: u8, custodian: Option<PublicKey> } =
        1,
    /// An account exists.
    AccountOpened { account: AccountId, label: Label, group: Label, venue: Option<AccountId> } = 2,
    /// An account's roles were set.
    RolesSet { account: AccountId, roles: Roles } = 3,
    /// The council was replaced.
    CouncilSet { keys: Vec<PublicKey>, threshold: u8 } = 4,
    /// A rules version is on.
    RulesActivated { version: u16 } = 5,
    /// An approval's nonce was used.
    NonceUsed { nonce: u64 } = 6,
    /// A fund exists.
    FundCreated {
        fund: FundId,
        label: Label,
        asset: AssetId,
        kind: FundKind,
        treasury: AccountId,
        threshold: Amount,
        target: Amount,
        policy: FundPolicy,
    } = 20,
    /// A tranche exists.
    TrancheCreated { tranche: TrancheId, label: Label, fund: FundId, policy: TranchePolicy } = 21,
    /// The threshold moved.
    ThresholdSet { fund: FundId, threshold: Amount } = 22,
    /// The target moved.
    TargetSet { fund: FundId, target: Amount } = 23,
    /// The sharing changed.
    SplitSet { fund: FundId, split: SplitPolicy } = 24,
    /// The covered causes changed.
    CoversSet { fund: FundId, covers: Causes } = 25,
    /// A gift arrived.
    Contributed { fund: FundId, account: AccountId, asset: AssetId, amount: Amount } = 26,
    /// Excess went to the treasury.
    ExcessWithdrawn { fund: FundId, asset: AssetId, treasury: AccountId, amount: Amount } = 27,
    /// A stake arrived.
    Staked {
        tranche: TrancheId,
        position: u32,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        shares: Shares,
    } = 28,
    /// A ticket was filed.
    UnstakeRequested {
        ticket: TicketId,
        tranche: TrancheId,
        position: u32,
        shares: Shares,
        value: Amount,
    } = 29,
    /// A ticket's shares are free again, but for those that its terms forfeit.
    UnstakeEnded { ticket: TicketId, lapsed: bool, forfeited: Shares } = 30,
    /// A ticket was paid; what the last staker leaves behind goes to the fund's reserve.
    Unstaked {
        ticket: TicketId,
        tranche: TrancheId,
        fund: FundId,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        orphaned: Amount,
    } = 31,
    /// A wiped tranche began a new share series.
    SeriesStarted { tranche: TrancheId, series: u32 } = 32,
    /// Exits are held.
    AlertRaised { fund: FundId, cause: AlertCause, until: Timestamp } = 33,
    /// Exits are free again.
    AlertEnded { fund: FundId } = 34,
    /// Entries are held.
    EntriesPaused { fund: FundId, until: Timestamp } = 35,
    /// Income went to a fund's revenue pool.
    RevenuePaid { fund: FundId, from: LedgerAccount, asset: AssetId, amount: Amount } = 36,
    /// Revenue was settled.
    RevenueSettled { fund: FundId, asset: AssetId, to_reserve: Amount, parts: Vec<RevenuePart> } =
        37,
    /// What is free behind a revenue pool was reported.
    LiquidityReported { fund: FundId, free: Option<Signed> } = 38,
    /// The rules of revenue changed.
    RevenueSet { fund: FundId, revenue: RevenuePolicy } = 39,
    /// A market exists.
    MarketCreated {
        market: MarketId,
        label: Label,
        fund: FundId,
        venue: AccountId,
        policy: Box<MarketPolicy>,
    } = 50,
    /// A market has a new waterfall.
    WaterfallSet { market: MarketId, layers: Vec<LayerPolicy> } = 51,
    /// Open interest was reported.
    OpenInterestReported { market: MarketId, base: Base } = 52,
    /// Fees went to the fee pool.
    FeesPaid { market: MarketId, asset: AssetId, amount: Amount } = 53,
    /// A liquidation was settled. What was left is the sum of the first four amounts.
    LiquidationSettled {
        market: MarketId,
        account: AccountId,
        liquidator: AccountId,
        asset: AssetId,
        fund: FundId,
        to_fund: Amount,
        to_liquidator: Amount,
        to_user: Amount,
        overflow: Amount,
        overflow_to: LedgerAccount,
        bounty: Amount,
    } = 54,
    /// The rules of a market's pools changed.
    PoolsSet { market: MarketId, pools: Option<PoolPolicy> } = 55,
    /// A market's running results were reported.
    ResultsReported {
        market: MarketId,
        exchange_fees: Amount,
        liquidation_fees: Amount,
        surplus: Signed,
        net_revenue: Signed,
    } = 56,
    /// A market's pools and the fund's revenue pool fed each other.
    PoolsBalanced { market: MarketId, fund: FundId, asset: AssetId, flow: PoolFlow } = 57,
    /// Money went to a market's pool for winners.
    PnlPoolFunded { market: MarketId, asset: AssetId, amount: Amount } = 58,
    /// A placed loss was a deficit of the pool for winners, which got the money.
    DeficitCovered { market: MarketId, loss: LossId, asset: AssetId, amount: Amount } = 59,
    /// A tier was defined or changed.
    TierSet { tier: u32, label: Label, policy: TierPolicy } = 60,
    /// A market has another tier.
    MarketTierSet { market: MarketId, tier: Option<u32> } = 61,
    /// A loss was declared.
    LossDeclared {
        loss: LossId,
        market: MarketId,
        cause: Cause,
        account: Option<AccountId>,
        estimate: Amount,
        occurred_at: Timestamp,
        lapses_at: Timestamp,
    } = 70,
    /// A loss was assessed.
    LossAssessed { loss: LossId, amount: Amount, evidence: Hash } = 71,
    /// A loss was placed.
    LossPlaced(Box<Placement>) = 72,
    /// A loss was closed.
    LossClosed { loss: LossId } = 73,
    /// A loss was withdrawn, by its declarer's silence or by the council; what was placed is reversed.
    LossVoided { loss: LossId, lapsed: bool, market: MarketId, asset: AssetId, parts: Vec<RowPart> } =
        74,
    /// Money came back.
    LossRecovered { loss: LossId, asset: AssetId, from: LedgerAccount, parts: Vec<RowPart> } = 76,
    /// One staker's part was paid.
    RecoveryClaimed {
        loss: LossId,
        row: u8,
        position: u32,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    } = 77,
    /// A list of candidates was announced: what it adds up to, and at which prices they are cut.
    AdlOpened { loss: LossId, sealed: Sealed } = 80,
    /// A part of the list came in; `tally` is what has come in with it.
    AdlPartAdded { loss: LossId, entries: Vec<Candidate>, tally: Tally } = 81,
    /// Winners were cut: the next of the order, closed at the price instead of the mark.
    AdlRan { loss: LossId, mark: Price, price: Price, from: u32, cuts: Vec<Cut>, done: bool } = 82,
    /// Deleveraging ended: the row is what was forgone, and the rest of it is residual.
    AdlClosed {
        loss: LossId,
        row: u8,
        market: MarketId,
        asset: AssetId,
        forgone: Amount,
        residual: Amount,
    } = 83,
    /// A transfer was announced.
    TransferBegun {
        transfer: TransferId,
        direction: Direction,
        party: LedgerAccount,
        asset: AssetId,
        amount: Amount,
        reference: Label,
    } = 90,
    /// A transfer ended.
    TransferResolved {
        transfer: TransferId,
        direction: Direction,
        party: LedgerAccount,
        asset: AssetId,
        amount: Amount,
        outcome: Outcome,
    } = 91,
    /// Custody was compared; `surplus` and `shortfall` are what moved to or from suspense.
    Reconciled {
        asset: AssetId,
        balance: Amount,
        as_of: Timestamp,
        surplus: Amount,
        shortfall: Amount,
    } = 92,
    /// A proposal was filed.
    Proposed {
        proposal: ProposalId,
        by: AccountId,
        body: Box<Body>,
        digest: Hash,
        nonce: u64,
        expires_at: Timestamp,
        delay_ms: u64,
    } = 100,
    /// A proposal was signed; `ready_at` is set once enough have.
    Approved { proposal: ProposalId, keys: Vec<PublicKey>, ready_at: Option<Timestamp> } = 101,
    /// A proposal was carried out; its own events follow.
    Executed { proposal: ProposalId } = 102,
    /// A proposal was withdrawn.
    ProposalCancelled { proposal: ProposalId } = 103,
    /// An opening balance of a scenario.
    Opened { account: LedgerAccount, asset: AssetId, amount: Amount } = 120,
    /// Opening shares of a scenario.
    SharesOpened {
        tranche: TrancheId,
        position: Option<u32>,
        account: Option<AccountId>,
        shares: Shares,
    } = 121,
    /// A scenario forced a tranche's assets.
    VaultForced { tranche: TrancheId, asset: AssetId, gain: Amount, loss: Amount } = 122,
    /// Shares of the protocol became a staker's.
    ProtocolSharesGranted {
        tranche: TrancheId,
        position: u32,
        account: AccountId,
        shares: Shares,
        value: Amount,
    } = 140,
    /// Shares of the protocol were paid out.
    ProtocolSharesRedeemed {
        tranche: TrancheId,
        asset: AssetId,
        treasury: AccountId,
        shares: Shares,
        amount: Amount,
    } = 141,
    /// The protocol staked.
    ProtocolStaked {
        tranche: TrancheId,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        shares: Shares,
    } = 142,
    /// Assets without shares became the protocol's.
    OrphansTaken { tranche: TrancheId, shares: Shares } = 143,
    /// Shares outgrew assets and were divided by a power of ten.
    Rescaled { tranche: TrancheId, digits: u8 } = 144,
}
