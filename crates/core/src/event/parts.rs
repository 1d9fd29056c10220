//! What events are made of where one fact has several parts.

use crate::{
    entity::Source,
    ledger::LedgerAccount,
    loss::claim::Kind,
    policy::{AdlPolicy, Cause, EquityPolicy, HouseCounts, Underwater},
};
use alloc::vec::Vec;
use backstop_units::{
    AccountId, Amount, AssetId, Base, Fixed60, FundId, Hash, Label, LossId, MarketId, Ppm, Price,
    ShareIndex, Shares, Signed, Timestamp, TrancheId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Who bore a row of a loss, so that a recovery finds them again.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        /// On a hosted market, how many losses its positions had borne before this one; finds each
        /// holder's size as it was. None where the venue keeps positions.
        epoch: Option<u32>,
    } = 4,
    /// Nobody could be found to bear it: the named residual, unpaid to the venue.
    Residual = 5,
    /// Winners of the market, cut step by step after the placement.
    Adl {
        /// Which claim; its shares find them again.
        adl: u32,
    } = 6,
    /// The holders of deposits just before the loss, by their shares.
    Depositors {
        /// All shares.
        shares: Shares,
        /// The index before.
        from: ShareIndex,
        /// The index after: what a share bore is the difference.
        to: ShareIndex,
    } = 7,
    /// A fund's own account at the market's venue.
    House(FundId) = 8,
    /// The members of a collateral pool, when they leave it.
    Haircut {
        /// Of which fund's pool.
        fund: FundId,
        /// What it is short of; finds who took parts of it over.
        haircut: u32,
    } = 12,
    /// Accounts of the market, who pay by their equity step by step after the placement.
    Equity {
        /// Which claim; its shares find them again.
        claim: u32,
    } = 10,
}

impl Cohort {
    /// The layer that bore it; the residual belongs to none.
    pub const fn source(&self) -> Option<Source> {
        Some(match self {
            Self::FeePool => Source::FeePool,
            Self::House(fund) | Self::Reserve(fund) | Self::Contributions(fund) => {
                Source::Reserve(*fund)
            }
            Self::Stakers { tranche, .. } => Source::Staked(*tranche),
            Self::Positions { .. } => Source::Socialised,
            Self::Adl { .. } => Source::Adl,
            Self::Equity { .. } => Source::Equity,
            Self::Depositors { .. } => Source::Depositors,
            Self::Haircut { .. } => Source::Haircut,
            Self::Residual => return None,
        })
    }

    /// Whether what comes back waits for its bearers to claim it.
    pub const fn is_claimed(&self) -> bool {
        matches!(
            self,
            Self::Stakers { .. }
                | Self::Adl { .. }
                | Self::Equity { .. }
                | Self::Positions { epoch: Some(_), .. }
        )
    }

    /// The claim that a row on a layer that pays later stands for.
    pub const fn claim(&self) -> Option<u32> {
        match self {
            Self::Adl { adl: claim } | Self::Equity { claim } => Some(*claim),
            _ => None,
        }
    }

    /// The claim on a layer of one kind.
    pub const fn claim_on(&self, kind: Kind) -> Option<u32> {
        match (kind, self) {
            (Kind::Adl, Self::Adl { adl: claim }) | (Kind::Equity, Self::Equity { claim }) => {
                Some(*claim)
            }
            _ => None,
        }
    }
}

/// The rules of a fund's house account, by handle.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HouseTerms {
    /// Of which market's venue.
    pub market: MarketId,
    /// How much of it counts.
    pub counts: HouseCounts,
    /// Who gets the surplus.
    pub beneficiary: Option<AccountId>,
    /// Whether anyone may have the fund repay what it owes.
    pub anyone_repays: bool,
}

/// One row of a loss: who bore how much.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What a market does with marks, winners and liquidators of the bankrupt.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarketRules {
    /// What liquidators of a bankrupt earn.
    pub underwater: Underwater,
    /// The index that bears out marks.
    pub mark: Option<Label>,
    /// How far a mark may be from it.
    pub mark_band: Ppm,
    /// How winners are deleveraged.
    pub adl: Option<AdlPolicy>,
    /// How accounts share a loss by equity.
    pub equity: Option<EquityPolicy>,
}

/// The placement of a loss: its rows add up to its gross amount.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What a layer that pays later could not bring, over the layers behind it: its rows add up to it and join
/// those of the loss.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reallocation {
    /// Which loss.
    pub loss: LossId,
    /// On which market.
    pub market: MarketId,
    /// Of which asset.
    pub asset: AssetId,
    /// Why the loss is there.
    pub cause: Cause,
    /// How many atoms.
    pub amount: Amount,
    /// Who bore how much, in the order of the waterfall; a residual joins that of the loss.
    pub rows: Vec<Row>,
    /// The market's index carry after it, in 1/2⁶⁰ atom.
    pub index_carry: Fixed60,
}

/// What is taken of a layer in another asset, and what it is to bring.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Converted {
    /// Of which layer.
    pub conversion: u32,
    /// For which market.
    pub market: MarketId,
    /// Of which fund.
    pub fund: FundId,
    /// Who gives.
    pub from: LedgerAccount,
    /// The fund's asset.
    pub asset: AssetId,
    /// How many atoms of it.
    pub taken: Amount,
    /// What gets the market's atoms to pay with: who gives, for a row of a loss; the fund's basis, when
    /// that is made good.
    pub pays: LedgerAccount,
    /// The market's asset.
    pub into: AssetId,
    /// How many atoms of it the sale is to bring.
    pub owed: Amount,
    /// What was taken off the price.
    pub haircut: Ppm,
}

/// A sale of what was taken of a layer in another asset.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sale {
    /// Of which layer.
    pub conversion: u32,
    /// For which market.
    pub market: MarketId,
    /// Of which fund.
    pub fund: FundId,
    /// Who takes the atoms and owes what they brought.
    pub venue: AccountId,
    /// The fund's asset.
    pub asset: AssetId,
    /// How many atoms of it.
    pub sold: Amount,
    /// The market's asset.
    pub into: AssetId,
    /// How many atoms of it they brought.
    pub received: Amount,
    /// What all that was taken fell short of: the fund's basis.
    pub shortfall: Amount,
    /// What need not be sold.
    pub home: Home,
}

/// Where atoms go that need not be sold.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Home {
    /// The layer that gave them.
    pub to: LedgerAccount,
    /// How many atoms.
    pub amount: Amount,
    /// How many go to the fund's contributions.
    pub contributed: Amount,
}

impl Home {
    /// All of them.
    pub fn all(&self) -> Amount {
        self.amount.saturating_add(self.contributed)
    }
}

/// What came back to a fund in a market's asset, paid to what its conversion is short of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settled {
    /// Of which layer.
    pub conversion: u32,
    /// For which market.
    pub market: MarketId,
    /// Of which fund.
    pub fund: FundId,
    /// The market's asset.
    pub into: AssetId,
    /// Of what had come back to the reserve.
    pub from_reserve: Amount,
    /// Of what had come back to contributions.
    pub from_contributions: Amount,
    /// How much of both makes good the basis.
    pub basis: Amount,
    /// How much of both stands in for a sale.
    pub owed: Amount,
    /// The fund's asset.
    pub asset: AssetId,
    /// What need not be sold any more.
    pub home: Home,
}

/// What one trade does to a position that a fund has taken over: to position, margin and reserve.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LineMove {
    /// On which market.
    pub market: MarketId,
    /// Of which fund.
    pub fund: FundId,
    /// Of which asset its money is.
    pub asset: AssetId,
    /// What the fund received, in base atoms; below zero: what it gave away.
    pub size: Signed,
    /// At which price.
    pub price: Price,
    /// The mark that it is valued at.
    pub mark: Price,
    /// The position after it, in base atoms.
    pub base: Signed,
    /// What the position cost.
    pub cost: Signed,
    /// What the trade realised.
    pub result: Signed,
    /// Margin that came with it.
    pub margin_in: Amount,
    /// What of a loss the line's margin bore.
    pub from_margin: Amount,
    /// What the market's waterfall was asked for.
    pub paid: Amount,
    /// What of the margin went to the fund's reserve, once nothing was left of the position.
    pub released: Amount,
    /// The unrealised loss after it, beyond the margin.
    pub shortfall: Amount,
}

/// A deficit that waits for its assessment.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParkedLoss {
    /// The loss that was declared of it.
    pub loss: LossId,
    /// On which market.
    pub market: MarketId,
    /// Why.
    pub cause: Cause,
    /// Whose.
    pub account: AccountId,
    /// In atoms of the market's asset.
    pub deficit: Amount,
    /// The venue's.
    pub evidence: Hash,
    /// The venue's mark.
    pub mark: Price,
    /// What it was checked against; none: nothing fresh was there.
    pub price: Option<Price>,
    /// When it came to be.
    pub occurred_at: Timestamp,
    /// When the declaration ends unless it is assessed.
    pub lapses_at: Timestamp,
}
