//! Markets and liquidations.

use crate::{
    policy::{
        AdlPolicy, EquityPolicy, LayerPolicy, MarketPolicy, PoolPolicy, TierPolicy, Underwater,
    },
    table::commands,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Base, Hash, Label, Ppm, Price, ShareIndex, Shares, Signed};

commands! {
    /// Creates a market on a fund.
    CreateMarket {
        /// Its name.
        label: Label,
        /// The fund that its allocations feed.
        fund: Label,
        /// The venue's account.
        venue: Label,
        /// Its rules.
        policy: Box<MarketPolicy>,
    }
    /// Replaces a market's waterfall; what layers have used stays used. Needs the council.
    SetWaterfall {
        /// Which market.
        market: Label,
        /// The new layers, in the order in which they pay.
        layers: Vec<LayerPolicy>,
    }
    /// Sets the most open interest that a market may be reported to have: lower, or for the first time,
    /// by the risk desk at once; higher or none by the council after its delay. The fund's coverage
    /// band leaves a part of it.
    SetOpenInterestMax {
        /// Which market.
        market: Label,
        /// In base atoms; none: there is no limit.
        @default max: Option<Base>,
    }
    /// Reports a market's open interest, long and short together. Past the limit it can only fall.
    ReportOpenInterest {
        /// Which market.
        market: Label,
        /// In base atoms.
        base: Base,
    }
    /// Reports what lenders hold on a market. Not after a loss that took all of it.
    ReportDeposits {
        /// Which market.
        market: Label,
        /// Their shares.
        shares: Shares,
        /// What a share is worth, in parts of `unit`; at least a million, so that it can express a loss.
        index: ShareIndex,
        /// Index at which a share is worth one atom.
        unit: ShareIndex,
        /// How many losses this index has borne: the market's own count, or the report is late.
        @default losses: u32,
    }
    /// Moves fees from a market's clearing into its fee pool.
    PayFees {
        /// Which market.
        market: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Settles one liquidation: shares what is left, or places the deficit.
    SettleLiquidation {
        /// On which market.
        market: Label,
        /// Whose position was closed.
        account: Label,
        /// Who closed it.
        liquidator: Label,
        /// Collateral left after `PnL`, funding and fees; below zero: what is owed beyond it.
        outcome: Signed,
        /// Closed notional at the mark, in quote atoms.
        @default notional: Amount,
        /// The mark it was closed at, for the loss page.
        @default mark: Price,
        /// Open interest after it, in base atoms; without it the last report stands.
        @default open_interest: Option<Base>,
        /// Merkle root of marks, fills and positions; a deficit needs it.
        @default evidence: Option<Hash>,
    }
    /// Settles what a bankrupt borrower still owes on a market, without a liquidator: nothing is left to take.
    SettleBadDebt {
        /// On which market.
        market: Label,
        /// Whose debt it is.
        account: Label,
        /// What all that the account has is worth, in the unit of the market's `bad_debt` bounds.
        assets: Amount,
        /// What all that it owes is worth, in the same unit.
        debts: Amount,
        /// What it owes on this market, in atoms.
        amount: Amount,
        /// The mark it was valued at, for the loss page.
        @default mark: Price,
        /// Merkle root of what it was computed from.
        evidence: Hash,
    }
    /// Changes how a market's pools feed each other. Needs the council.
    SetPools {
        /// Which market.
        market: Label,
        /// The new rules; none: they don't.
        @default pools: Option<PoolPolicy>,
    }
    /// Reports a market's running results, for its pools.
    ReportResults {
        /// Which market.
        market: Label,
        /// Trading fees earned ever, in atoms.
        exchange_fees: Amount,
        /// Liquidation fees earned ever, in atoms.
        liquidation_fees: Amount,
        /// What it earned less what it distributed, in atoms.
        surplus: Signed,
        /// Net revenue since funding was last paid, in atoms.
        net_revenue: Signed,
    }
    /// Lets a market's pools and the fund's revenue pool feed each other; anyone may.
    BalancePools {
        /// Which market.
        market: Label,
    }
    /// Moves money from a market's clearing into its pool for winners.
    FundPnlPool {
        /// Which market.
        market: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Covers what a market can't pay its winners, as far as it exceeds the imbalance that may stand.
    CoverDeficit {
        /// Which market.
        market: Label,
        /// Winners' net `PnL` over losers', unsettled, in atoms.
        net_pnl: Amount,
        /// Merkle root of what it was computed from.
        evidence: Hash,
    }
    /// Defines a risk tier, or changes one. Needs the council.
    SetTier {
        /// Its name.
        label: Label,
        /// Its ceilings.
        tier: TierPolicy,
    }
    /// Replaces what a market does with marks, winners and liquidators of the bankrupt. Needs the council.
    SetMarketRules {
        /// Which market.
        market: Label,
        /// What liquidators of a bankrupt earn.
        underwater: Underwater,
        /// The index that bears out marks; none: they are not checked.
        @default mark: Option<Label>,
        /// How far a mark may be from it.
        @default mark_band: Ppm,
        /// How winners are deleveraged; none: they are not.
        @default adl: Option<AdlPolicy>,
        /// How accounts share a loss by equity; none: they do not.
        @default equity: Option<EquityPolicy>,
    }
    /// Moves a market to a tier. Needs the council.
    SetMarketTier {
        /// Which market.
        market: Label,
        /// Which tier; none: it has no ceilings.
        @default tier: Option<Label>,
    }
}
