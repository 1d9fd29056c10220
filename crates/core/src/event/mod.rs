//! Domain facts: what a command turned out to mean. State follows from events alone.

mod hosted;
mod lending;
mod parts;
mod steering;

pub use hosted::*;
pub use lending::*;
pub use parts::*;
pub use steering::{ControlRun, RiskMessage};

use crate::{
    command::{Body, Direction, Outcome},
    entity::FeedSource,
    ledger::LedgerAccount,
    loss::{
        adl::{Candidate, Cut, Sealed},
        claim::{Seal, Tally},
        deposit_index::Deposits,
        equity::{EquityShare, Holder},
    },
    oracle::Verdict,
    policy::{
        AlertCause, Cause, Causes, CollateralPolicy, ControlPolicy, DrawdownPolicy, FundKind,
        FundPolicy, HostedPolicy, IndexPolicy, InventoryPolicy, LayerPolicy, MarginPoolPolicy,
        MarketPolicy, PoolPolicy, PublicKey, RevenuePolicy, Roles, SpikeCause, SplitPolicy,
        TierPolicy, TranchePolicy,
    },
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Base, FeedId, FundId, Hash, IndexId, Label, LossId, MarketId, Ppm,
    Price, ProposalId, Shares, Signed, Span, TicketId, Timestamp, TrancheId, TransferId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One fact. Discriminants are append-only; a changed shape is a new variant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Revenue was settled; the protocol's part went where the band's route led.
    RevenueRouted {
        fund: FundId,
        asset: AssetId,
        amount: Amount,
        to: LedgerAccount,
        parts: Vec<RevenuePart>,
    } = 206,
    /// What is free behind a revenue pool was reported.
    LiquidityReported { fund: FundId, free: Option<Signed> } = 38,
    /// The rules of revenue changed.
    RevenueSet { fund: FundId, revenue: RevenuePolicy } = 39,
    /// Fee control has new rules; rate and integral in trillionths.
    ControlSet {
        fund: FundId,
        policy: Box<ControlPolicy>,
        rate: Signed,
        integral: Signed,
        band: u8,
    } = 40,
    /// Fee control ran.
    ControlRan(Box<ControlRun>) = 41,
    /// Conditions were reported.
    ConditionsReported {
        fund: FundId,
        open_interest: Ppm,
        volatility: Ppm,
        headroom: Option<Ppm>,
        forecast: Option<Ppm>,
        at: Timestamp,
    } = 42,
    /// A fund's rate is raised for a time.
    SpikeAdded { fund: FundId, spike: u32, size: Ppm, cause: SpikeCause, until: Timestamp } = 43,
    /// A spike was ended early.
    SpikeEnded { fund: FundId, spike: u32 } = 44,
    /// Reserve went to the yield venue, or came back.
    IdleMoved { fund: FundId, asset: AssetId, direction: Direction, amount: Amount } = 45,
    /// Capacity is held.
    Reserved { fund: FundId, market: MarketId, id: Label, amount: Amount, until: Timestamp } = 46,
    /// Held capacity is free for the settlement that follows in the same record.
    ReservationCommitted { fund: FundId, market: MarketId, id: Label, amount: Amount } = 47,
    /// Held capacity is free.
    ReservationReleased { fund: FundId, market: MarketId, id: Label, amount: Amount } = 48,
    /// An offline budget was set, or a late settlement drew on it.
    OfflineBudgetMoved { market: MarketId, budget: Amount, left: Amount, span: Span } = 49,
    /// When a fund counts as fallen.
    DrawdownSet { fund: FundId, policy: Option<DrawdownPolicy> } = 94,
    /// A fund has fallen far from its peak, or no longer.
    DrawdownTurned { fund: FundId, on: bool, holdings: Amount, peak: Amount } = 95,
    /// What a risk model asks of a fund holds until it lapses.
    RiskReported { fund: FundId, message: Box<RiskMessage> } = 96,
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
    /// The most open interest of a market changed.
    OpenInterestMaxSet { market: MarketId, max: Option<Base> } = 205,
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
    /// Deleveraging ended: the row is what was forgone, and the rest of it is reallocated.
    AdlClosed {
        loss: LossId,
        row: u8,
        market: MarketId,
        asset: AssetId,
        forgone: Amount,
        rest: Amount,
    } = 83,
    /// A list of accounts was announced: what it adds up to.
    EquityOpened { loss: LossId, seal: Seal } = 221,
    /// A part of the list came in; `tally` is what has come in with it.
    EquityPartAdded { loss: LossId, entries: Vec<Holder>, tally: Tally } = 222,
    /// Accounts paid: the next of the list.
    EquityRan { loss: LossId, from: u32, shares: Vec<EquityShare>, done: bool } = 223,
    /// A claim by equity ended: the row is what was paid, and the rest of it is reallocated.
    EquityClosed {
        loss: LossId,
        row: u8,
        market: MarketId,
        asset: AssetId,
        paid: Amount,
        rest: Amount,
    } = 224,
    /// What a layer that pays later could not bring was placed over the layers behind it.
    LossReallocated(Box<Reallocation>) = 220,
    /// What lenders hold was reported, after so many losses that they bore.
    DepositsReported { market: MarketId, deposits: Deposits, losses: u32 } = 84,
    /// What a market does with marks, winners and liquidators of the bankrupt changed.
    MarketRulesSet { market: MarketId, rules: MarketRules } = 85,
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
    /// A price index exists.
    IndexRegistered {
        index: IndexId,
        label: Label,
        asset: Option<AssetId>,
        quote: AssetId,
        policy: IndexPolicy,
    } = 130,
    /// A feed exists.
    FeedRegistered { feed: FeedId, label: Label, index: IndexId, family: Label, source: FeedSource } =
        131,
    /// A feed reported, and what the index makes of it.
    PriceReported { feed: FeedId, index: IndexId, price: Price, at: Timestamp, verdict: Verdict } =
        132,
    /// The rules of an index changed.
    IndexPolicySet { index: IndexId, policy: IndexPolicy } = 133,
    /// A feed left its index.
    FeedRetired { feed: FeedId, index: IndexId } = 134,
    /// A deficit waits for its assessment: its mark failed the check against `price`, or there was
    /// no fresh price to check it with.
    LossParked(Box<ParkedLoss>) = 136,
    /// A sale of what was taken of a layer in another asset was booked.
    ConversionBooked(Box<Sale>) = 135,
    /// What came back to a fund in a market's asset paid what its conversion was short of.
    BasisSettled(Box<Settled>) = 137,
    /// The deficit that is parked next needs a layer in another asset that has no price now; `code` is
    /// the number of the reject that says why.
    ConversionUnpriced { market: MarketId, code: u16 } = 138,
    /// Atoms of a layer in another asset were taken, to be sold for the market's.
    LayerConverted(Box<Converted>) = 139,
    /// A fund took a position over.
    PositionTaken { account: AccountId, group: Label, evidence: Hash, moved: Box<LineMove> } = 190,
    /// A position that was taken over was valued.
    InventoryMarked { market: MarketId, fund: FundId, mark: Price, shortfall: Amount } = 191,
    /// A fill closed a part of it.
    InventoryFilled(Box<LineMove>) = 192,
    /// It is auctioned.
    AuctionStarted { market: MarketId, until: Timestamp } = 193,
    /// A bidder took a part of it, and paid his margin to the venue.
    AuctionWon { bidder: AccountId, margin: Amount, discount: Ppm, moved: Box<LineMove> } = 194,
    /// It was closed against the other side of the market.
    InventoryDeleveraged(Box<LineMove>) = 195,
    /// The rules of what a market's fund may take over changed.
    InventorySet { market: MarketId, policy: Box<InventoryPolicy> } = 196,
    /// A collateral pool has rules.
    MarginPoolSet { fund: FundId, policy: Box<MarginPoolPolicy> } = 160,
    /// Free balance became collateral.
    MarginDeposited(MarginChange) = 161,
    /// Collateral became free balance.
    MarginWithdrawn(MarginChange) = 162,
    /// A mark was reported.
    MarkReported(MarkReport) = 163,
    /// A position settled its market's indexes.
    IndexesSettled(IndexSettlement) = 164,
    /// Two margin accounts traded.
    Traded(Fill) = 165,
    /// A funding index moved by `step`.
    FundingPaid { market: MarketId, fund: FundId, step: Signed } = 166,
    /// A fill of an account under maintenance was settled with the fund.
    MarginLiquidated(Box<Liquidated>) = 167,
    /// A placed loss made an account whole that owed its pool.
    PoolPaid(PoolCovered) = 168,
    /// Collateral went from one margin account to another.
    MarginMoved(MarginMove) = 169,
    /// A position waits to be liquidated since a moment, or waits no longer.
    BacklogSet { position: u32, since: Option<Timestamp> } = 170,
    /// A hosted market's status changed.
    MarketStatusSet(StatusChange) = 171,
    /// An isolated market became one of a shared fund.
    IsolatedMerged(Merge) = 172,
    /// What holds withdrawals was seen in a pool.
    GateSeen { fund: FundId, cause: GateCause } = 173,
    /// A margin account moved into the pool that took its own pool over.
    MarginAbsorbed { from: u32, to: u32, account: AccountId, fund: FundId } = 174,
    /// A margin account of a scenario.
    MarginOpened { margin: u32, account: AccountId, fund: FundId, asset: AssetId, amount: Signed } =
        175,
    /// The rules of a hosted market changed.
    HostedRulesSet { market: MarketId, policy: Box<HostedPolicy> } = 210,
    /// Whoever took a position over got the liquidator's fee.
    LiquidatorPaid(LiquidatorPaid) = 211,
    /// A pool takes an asset beside its own, by these rules.
    CollateralSet {
        collateral: u32,
        fund: FundId,
        asset: AssetId,
        index: IndexId,
        policy: CollateralPolicy,
    } = 212,
    /// Free balance was pledged.
    CollateralDeposited(PledgeMove) = 213,
    /// A pledge, or a part of it, is free balance again.
    CollateralWithdrawn(PledgeMove) = 214,
    /// A pledge, or a part of it, was sold for what its account owes.
    CollateralSeized(Box<Seized>) = 215,
    /// A margin account left a pool that is short, and bears its part of that.
    HaircutTaken(Box<HaircutTaken>) = 230,
    /// Money was paid into a pool that is short.
    PoolRecapitalised(Box<HaircutTaken>) = 231,
    /// A fund has an account at a venue, other rules for it, or none.
    HouseSet { fund: FundId, terms: Option<HouseTerms> } = 200,
    /// A house account was reported, after so many movements.
    HouseReported { fund: FundId, value: Signed, free: Amount, moves: u32, evidence: Hash } = 201,
    /// A fund paid what its house account owed.
    HouseRepaid { fund: FundId, market: MarketId, asset: AssetId, amount: Amount } = 202,
    /// What counted above a fund's threshold left its house account.
    SurplusDistributed {
        fund: FundId,
        market: MarketId,
        asset: AssetId,
        beneficiary: AccountId,
        amount: Amount,
    } = 203,
    // Parts with events of their own: in JSON each stands as if it were one of these.
    #[serde(untagged)]
    Lending(LendingEvent) = 240,
    #[serde(untagged)]
    Vault(VaultEvent) = 241,
    #[serde(untagged)]
    Farm(FarmEvent) = 242,
    #[serde(untagged)]
    Pool(PoolEvent) = 243,
    #[serde(untagged)]
    Compensation(CompensationEvent) = 244,
}
