//! Hosted markets: collateral, trades, funding, liquidation, wind-down.

use crate::{
    policy::{CollateralPolicy, HostedPolicy, MarginPoolPolicy, MarketStatus},
    table::commands,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Base, Label, Price, Signed};

commands! {
    /// Opens a fund's collateral pool, or changes its rules. Needs the council.
    SetMarginPool {
        /// Which fund.
        fund: Label,
        /// Its rules.
        @default policy: Box<MarginPoolPolicy>,
    }
    /// Replaces the rules of a hosted market. Needs the council, but for lower caps.
    SetHostedRules {
        /// Which market.
        market: Label,
        /// Its rules; decimals and home stay as they are.
        rules: Box<HostedPolicy>,
    }
    /// Lets a collateral pool take an asset beside its own, or changes what it counts for. Needs the
    /// council, and a price index of the asset in the pool's own.
    SetCollateral {
        /// Which fund's pool.
        fund: Label,
        /// Which asset.
        asset: Label,
        /// Its rules.
        policy: CollateralPolicy,
    }
    /// Pledges free balance of an asset that a pool takes beside its own.
    DepositCollateral {
        /// Whose.
        account: Label,
        /// Into which fund's pool.
        fund: Label,
        /// Which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Takes back of a pledge what initial margin does not need.
    WithdrawCollateral {
        /// Whose.
        account: Label,
        /// Out of which fund's pool.
        fund: Label,
        /// Which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Buys what an account that owes has pledged, at a discount: as much as its debt needs.
    SeizeCollateral {
        /// Whose pledge.
        account: Label,
        /// In which fund's pool.
        fund: Label,
        /// Which asset.
        asset: Label,
        /// Who buys, out of his free balance.
        liquidator: Label,
        /// At most so many atoms; all that the debt needs if left out.
        @default amount: Option<Amount>,
    }
    /// Moves free balance into a collateral pool.
    DepositMargin {
        /// Whose.
        account: Label,
        /// Into which fund's pool.
        fund: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Moves collateral that initial margin does not need into the free balance.
    WithdrawMargin {
        /// Whose.
        account: Label,
        /// Out of which fund's pool.
        fund: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Reports the mark of a hosted market that has no price index.
    ReportMark {
        /// Which market.
        market: Label,
        /// Quote atoms for a whole base unit × 10⁹.
        price: Price,
    }
    /// Books a fill between two accounts.
    Trade {
        /// On which market.
        market: Label,
        /// Who buys.
        buyer: Label,
        /// Who sells.
        seller: Label,
        /// How many base atoms.
        size: Base,
        /// Quote atoms for a whole base unit × 10⁹.
        price: Price,
        /// What the buyer pays into the market's fee pool, in atoms.
        @default buyer_fee: Amount,
        /// What the seller pays into the market's fee pool, in atoms.
        @default seller_fee: Amount,
    }
    /// Moves a market's funding index; longs pay when it rises.
    PayFunding {
        /// On which market.
        market: Label,
        /// Quote atoms for a whole base unit × 10⁹, below zero when shorts pay.
        step: Signed,
    }
    /// Books a fill that closes a part of an account under maintenance.
    FillLiquidation {
        /// On which market.
        market: Label,
        /// Whose position is closed.
        account: Label,
        /// Who takes it.
        counterparty: Label,
        /// How many base atoms.
        size: Base,
        /// Quote atoms for a whole base unit × 10⁹.
        price: Price,
    }
    /// Closes a position against others without a book, one after the other.
    Deleverage {
        /// On which market.
        market: Label,
        /// Whose position is closed.
        account: Label,
        /// How many base atoms; all of it if left out.
        @default size: Option<Base>,
        /// Against whom, in this order; who can't trade at the price is skipped.
        against: Vec<Label>,
    }
    /// Settles an account without positions that owes the pool: its owner group pays, then the waterfall.
    SettleBankrupt {
        /// Whose.
        account: Label,
        /// In which fund's pool.
        fund: Label,
    }
    /// Looks at an account: puts it on the backlog if it is under maintenance, takes it off if not.
    FlagLiquidation {
        /// Whose.
        account: Label,
        /// In which fund's pool.
        fund: Label,
    }
    /// Winds a hosted market down. Closing it needs zero open interest; final settlement and any step
    /// back need the council.
    SetMarketStatus {
        /// Which market.
        market: Label,
        /// What it becomes.
        status: MarketStatus,
    }
    /// Moves an isolated market to a shared fund, with the isolated fund's money and pool. Needs the council.
    MergeIsolated {
        /// Which market.
        market: Label,
        /// To which shared fund.
        fund: Label,
    }
    /// Sets what an account of a pool holds, below zero what it owes; exists in scenarios only.
    OpeningMargin {
        /// Whose.
        account: Label,
        /// In which fund's pool.
        fund: Label,
        /// In atoms, added to what it holds.
        amount: Signed,
    }
    /// Sets two opposite positions, at no price and no margin; exists in scenarios only.
    OpeningPosition {
        /// On which market.
        market: Label,
        /// Who is long.
        long: Label,
        /// Who is short.
        short: Label,
        /// How many base atoms.
        size: Base,
    }
}
