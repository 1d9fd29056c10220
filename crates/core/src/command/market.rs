//! Markets and liquidations.

use crate::{
    policy::{LayerPolicy, MarketPolicy},
    table::commands,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Base, Hash, Label, Price, Signed};

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
        policy: MarketPolicy,
    }
    /// Replaces a market's waterfall; what layers have used stays used. Needs the council.
    SetWaterfall {
        /// Which market.
        market: Label,
        /// The new layers, in the order in which they pay.
        layers: Vec<LayerPolicy>,
    }
    /// Reports a market's open interest, long and short together.
    ReportOpenInterest {
        /// Which market.
        market: Label,
        /// In base atoms.
        base: Base,
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
}
