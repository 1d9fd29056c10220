//! What stands at risk, before any scenario but the owners' own.

use serde::{Deserialize, Serialize};

/// Positions and their concentration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookPage {
    /// Accounts.
    pub accounts: usize,
    /// Owner groups.
    pub groups: usize,
    /// Name of the quote asset.
    pub quote: String,
    /// Collateral before haircuts, in quote.
    pub collateral: f64,
    /// Accounts that owe more than they have at the prices of now, and all they owe: a loss already, not a need. They are
    /// left out of the scenarios.
    #[serde(default)]
    pub under_water: (usize, f64),
    /// Accounts below their maintenance margin at the prices of now: they are closed in every scenario.
    #[serde(default)]
    pub below_maintenance: usize,
    /// Market by market.
    pub markets: Vec<MarketLine>,
    /// The owners who risk most, the riskiest first; none where no scenarios were drawn.
    #[serde(default)]
    pub owners: Vec<OwnerLine>,
}

/// What one owner risks with all accounts together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnerLine {
    /// The owner group.
    pub owner: String,
    /// Accounts.
    pub accounts: usize,
    /// Value at risk at 99 % over a scenario's length, in quote: positions and collateral at market prices, netted.
    pub value_at_risk: f64,
    /// Expected shortfall at the same level.
    pub expected_shortfall: f64,
    /// Collateral before haircuts, in quote; the gains of positions so far are in it, so it is the equity of now.
    pub collateral: f64,
}

/// One market of the book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketLine {
    /// Its name.
    pub market: String,
    /// Price that positions are valued at.
    pub price: f64,
    /// Half of the notional of longs and shorts together: one side's, where both are as large.
    pub open_interest: f64,
    /// Owner groups that hold it.
    pub holders: usize,
    /// Herfindahl index of what groups hold, long and short together.
    pub hhi: f64,
    /// 1 ÷ the index: as if so many groups held as much each.
    pub effective_number: f64,
    /// The largest holding: owner group and notional.
    pub largest: (String, f64),
    /// Days to sell the largest at a tenth of a day's volume.
    pub days: f64,
    /// What that time adds to the margin of the largest, as a part of it; zero: nothing.
    pub add_on: f64,
}
