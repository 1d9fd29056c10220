//! The chart of accounts.

use backstop_units::{
    AccountId, AssetId, FarmId, FundId, LossId, MarketId, ReserveId, TrancheId, VaultId,
    VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Which column an account's balance must stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It holds: debits at least credits.
    Debit,
    /// It is owed: credits at least debits.
    Credit,
    /// It settles both ways.
    Either,
}

/// An account of the ledger. Each holds one asset for one owner and one purpose.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum LedgerAccount {
    /// Money at the custodian.
    Custody(AssetId) = 0,
    /// Money announced and not yet moved: incoming is held here, outgoing is owed here.
    InTransit(AssetId) = 1,
    /// What the books and the custodian disagree on.
    Suspense(AssetId) = 2,
    /// Where a scenario's opening balances come from.
    Opening(AssetId) = 3,
    /// A sum too small to divide, kept for the next split. No rule leaves one so far and none posts
    /// here; its number stays, as that of every variant does.
    Carry(AssetId) = 4,
    /// What a scenario forces from outside.
    External(AssetId) = 5,
    /// What an account can freely use.
    Balance(AccountId) = 10,
    /// A fund's own money.
    Reserve(FundId) = 20,
    /// What contributors gave to a fund.
    Contributions(FundId) = 21,
    /// A staked tranche's assets.
    Tranche(TrancheId) = 22,
    /// Income of a fund that is not settled yet.
    Revenue(FundId) = 23,
    /// A fund's own money at a yield venue.
    Idle(FundId) = 24,
    /// What the margin accounts of a fund's hosted markets claim together.
    Collateral(FundId) = 27,
    /// A market's fees, first to pay.
    FeePool(MarketId) = 30,
    /// What is owed to a market's venue, or by it.
    Clearing(MarketId) = 31,
    /// Part of clearing: what positions bore through the index, collected by the venue.
    Socialised(MarketId) = 32,
    /// Part of clearing: what nobody could bear.
    Residual(MarketId) = 33,
    /// A market's money for its winners.
    PnlPool(MarketId) = 36,
    /// What was taken of layers in another asset and is not sold yet, and what it is to bring: the
    /// layers' atoms on the credit side, the market's on the debit side.
    Conversion(MarketId) = 38,
    /// The gap between what a fund's converted layers were drawn at and what they were sold for.
    Basis(FundId) = 26,
    /// Recovered money that waits for those who bore a loss.
    Recoveries(LossId) = 40,
    /// Money for those who bore a loss of a vault.
    Compensation(VaultLossId) = 43,
    /// The margin of what a market's fund has taken over, with what that gained so far.
    Inventory(MarketId) = 42,
    /// Incoming money that its owner can't use yet.
    Pending(AccountId) = 11,
    /// Incoming money for a market's clearing that is not there yet.
    PendingClearing(MarketId) = 34,
    /// Part of clearing: what winners gave up by deleveraging, collected by the venue.
    Deleveraged(MarketId) = 35,
    /// Part of clearing: what funds paid out of their own accounts at the venue, collected by it there.
    HouseDrawn(MarketId) = 45,
    /// Part of clearing: what lenders bore through the index of their deposits, collected by the venue.
    Depositors(MarketId) = 39,
    /// What a collateral pool is short of its members' claims.
    Haircut(FundId) = 58,
    /// What a reserve's lenders are owed: what they paid in, and their interest.
    Lenders(ReserveId) = 46,
    /// What a reserve's borrowers owe, in whole atoms.
    Loans(ReserveId) = 47,
    /// Interest of a reserve that is the protocol's and was not collected yet, in whole atoms.
    Interest(ReserveId) = 48,
    /// What borrowers of a reserve have pledged.
    Pledged(ReserveId) = 49,
    /// Money of a vault that is in no reserve.
    VaultIdle(VaultId) = 61,
    /// What pays for roundings when a vault's money is invested.
    VaultCrank(VaultId) = 62,
    /// Rewards that come to a vault second by second.
    VaultRewards(VaultId) = 63,
    /// What is staked in a farm, or waits there, or is a penalty it holds.
    FarmStake(FarmId) = 50,
    /// Rewards of a farm, issued or not.
    FarmRewards(FarmId) = 51,
    /// Money that came for those in the queue at a vault, until they claim it.
    VaultQueue(VaultId) = 59,
    /// Part of clearing: what accounts bore by their equity, collected by the venue.
    ByEquity(MarketId) = 55,
}

impl LedgerAccount {
    /// Kind and handle as one number, unique for each account.
    #[inline]
    pub(crate) const fn key(self) -> u64 {
        let (kind, id) = match self {
            Self::Custody(a) => (0, a.get()),
            Self::InTransit(a) => (1, a.get()),
            Self::Suspense(a) => (2, a.get()),
            Self::Opening(a) => (3, a.get()),
            Self::Carry(a) => (4, a.get()),
            Self::External(a) => (5, a.get()),
            Self::Balance(a) => (10, a.get()),
            Self::Pending(a) => (11, a.get()),
            Self::Reserve(f) => (20, f.get()),
            Self::Contributions(f) => (21, f.get()),
            Self::Tranche(t) => (22, t.get()),
            Self::Revenue(f) => (23, f.get()),
            Self::Idle(f) => (24, f.get()),
            Self::Basis(f) => (26, f.get()),
            Self::Collateral(f) => (27, f.get()),
            Self::FeePool(m) => (30, m.get()),
            Self::Clearing(m) => (31, m.get()),
            Self::Socialised(m) => (32, m.get()),
            Self::Residual(m) => (33, m.get()),
            Self::PendingClearing(m) => (34, m.get()),
            Self::Deleveraged(m) => (35, m.get()),
            Self::PnlPool(m) => (36, m.get()),
            Self::Depositors(m) => (39, m.get()),
            Self::Conversion(m) => (38, m.get()),
            Self::HouseDrawn(m) => (45, m.get()),
            Self::Recoveries(l) => (40, l.get()),
            Self::Inventory(m) => (42, m.get()),
            Self::Compensation(l) => (43, l.get()),
            Self::Haircut(f) => (58, f.get()),
            Self::Lenders(r) => (46, r.get()),
            Self::Loans(r) => (47, r.get()),
            Self::Interest(r) => (48, r.get()),
            Self::Pledged(r) => (49, r.get()),
            Self::VaultIdle(v) => (61, v.get()),
            Self::VaultCrank(v) => (62, v.get()),
            Self::VaultRewards(v) => (63, v.get()),
            Self::FarmStake(f) => (50, f.get()),
            Self::FarmRewards(f) => (51, f.get()),
            Self::VaultQueue(v) => (59, v.get()),
            Self::ByEquity(m) => (55, m.get()),
        };
        kind << 32 | widen(id)
    }

    /// The column its balance must stand in.
    pub const fn side(self) -> Side {
        match self {
            Self::Custody(_)
            | Self::Socialised(_)
            | Self::Residual(_)
            | Self::Deleveraged(_)
            | Self::Depositors(_)
            | Self::Haircut(_)
            | Self::Loans(_)
            | Self::ByEquity(_)
            | Self::HouseDrawn(_) => Side::Debit,
            Self::InTransit(_)
            | Self::Suspense(_)
            | Self::Opening(_)
            | Self::External(_)
            | Self::Basis(_)
            | Self::Conversion(_)
            | Self::Clearing(_) => Side::Either,
            _ => Side::Credit,
        }
    }

    /// The word for its kind.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Custody(_) => "custody",
            Self::InTransit(_) => "in_transit",
            Self::Suspense(_) => "suspense",
            Self::Opening(_) => "opening",
            Self::Carry(_) => "carry",
            Self::External(_) => "external",
            Self::Balance(_) => "balance",
            Self::Pending(_) => "pending",
            Self::Reserve(_) => "reserve",
            Self::Contributions(_) => "contributions",
            Self::Tranche(_) => "tranche",
            Self::Revenue(_) => "revenue",
            Self::Idle(_) => "idle",
            Self::Basis(_) => "basis",
            Self::Collateral(_) => "collateral",
            Self::FeePool(_) => "fee_pool",
            Self::Clearing(_) => "clearing",
            Self::Socialised(_) => "socialised",
            Self::Residual(_) => "residual",
            Self::PendingClearing(_) => "pending_clearing",
            Self::Deleveraged(_) => "deleveraged",
            Self::PnlPool(_) => "pnl_pool",
            Self::Depositors(_) => "depositors",
            Self::Conversion(_) => "conversion",
            Self::HouseDrawn(_) => "house_drawn",
            Self::Recoveries(_) => "recoveries",
            Self::Inventory(_) => "inventory",
            Self::Compensation(_) => "compensation",
            Self::Haircut(_) => "haircut",
            Self::Lenders(_) => "lenders",
            Self::Loans(_) => "loans",
            Self::Interest(_) => "interest",
            Self::Pledged(_) => "pledged",
            Self::VaultIdle(_) => "vault_idle",
            Self::VaultCrank(_) => "vault_crank",
            Self::VaultRewards(_) => "vault_rewards",
            Self::FarmStake(_) => "farm_stake",
            Self::FarmRewards(_) => "farm_rewards",
            Self::VaultQueue(_) => "vault_queue",
            Self::ByEquity(_) => "by_equity",
        }
    }
}

/// Widens a handle for the key.
#[expect(clippy::as_conversions, reason = "u32 to u64 is lossless, and From is not const")]
const fn widen(id: u32) -> u64 {
    id as u64
}
