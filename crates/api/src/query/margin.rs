//! Questions about margin: standing, gains, haircuts, limits.

use super::input::{AccountInput, Decimal, six};
use backstop_core::{
    Reject,
    liquidation::{
        collateral::{self, Collateral},
        limits::{self, SizeBracket},
        margin::{funding, pnl},
        pnl_weight,
    },
};
use backstop_units::{Amount, Base, Ppm, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

/// What an account is worth and needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginQuery {
    account: AccountInput,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl MarginQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let tables = self.account.tables()?;
        let account = self.account.account(&tables, self.quote_decimals)?;
        let standing = account.standing()?;
        let mut positions = Vec::new();
        for (input, position) in self.account.positions.iter().zip(&account.positions) {
            let alone = position.standing()?;
            positions.push(json!({
                "market": input.market,
                "notional": position.notional()?,
                "maintenance": alone.maintenance,
                "initial": alone.initial,
            }));
        }
        Ok(json!({
            "equity": standing.equity,
            "maintenance": standing.maintenance,
            "initial": standing.initial,
            "liquidatable": standing.is_liquidatable(),
            "positions": positions,
        }))
    }
}

/// What a position has gained between two prices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PnlQuery {
    size: Signed,
    decimals: u8,
    from: Decimal,
    to: Decimal,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl PnlQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let price = |at: Decimal| at.price(self.quote_decimals);
        Ok(json!({ "pnl": pnl(self.size, self.decimals, price(self.from)?, price(self.to)?)? }))
    }
}

/// What a position is owed between two readings of a funding index.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundingQuery {
    size: Signed,
    decimals: u8,
    /// Quote atoms for each whole base unit × 10⁹, at the last settlement.
    then: Signed,
    /// The same, now.
    now: Signed,
}

impl FundingQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        Ok(json!({ "funding": funding(self.size, self.decimals, self.then, self.now)? }))
    }
}

/// What collateral of several assets counts for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralQuery {
    assets: Vec<CollateralInput>,
    #[serde(default = "six")]
    quote_decimals: u8,
}

/// Collateral of one asset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollateralInput {
    amount: Amount,
    decimals: u8,
    price: Decimal,
    #[serde(default)]
    haircut: Ppm,
    #[serde(default)]
    cap: Option<Amount>,
    /// Haircut beyond the cap; the whole if left out.
    #[serde(default = "whole")]
    beyond: Ppm,
}

const fn whole() -> Ppm {
    Ppm::WHOLE
}

impl CollateralQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let mut sum = Amount::ZERO;
        let mut counted = Vec::new();
        for asset in &self.assets {
            let value = collateral::counted(&Collateral {
                amount: asset.amount,
                decimals: asset.decimals,
                price: asset.price.price(self.quote_decimals)?,
                haircut: asset.haircut,
                cap: asset.cap,
                beyond: asset.beyond,
            })?;
            sum = sum.saturating_add(value);
            counted.push(value);
        }
        Ok(json!({ "counted": sum, "assets": counted }))
    }
}

/// What an unrealised gain counts for in a market that owes its winners much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PnlWeightQuery {
    weight: Ppm,
    /// Net gain of all positions of the market.
    net: Signed,
    #[serde(default)]
    max_imbalance: Option<Amount>,
    /// Gain of one position.
    #[serde(default)]
    pnl: Signed,
}

impl PnlWeightQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let weight = pnl_weight::weight(self.weight, self.net, self.max_imbalance)?;
        Ok(json!({ "weight": weight, "counted": pnl_weight::counted(self.pnl, weight)? }))
    }
}

/// Whether a trade stays within the limits of a market.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsQuery {
    #[serde(default)]
    position: Option<Change<Signed>>,
    #[serde(default)]
    open_interest: Option<Change<Base>>,
}

/// Base atoms before and after a trade, and what they may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change<T> {
    before: T,
    after: T,
    max: Base,
}

impl LimitsQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        if let Some(Change { before, after, max }) = self.position {
            limits::check_position(before, after, max)?;
        }
        if let Some(Change { before, after, max }) = self.open_interest {
            limits::check_open_interest(before, after, max)?;
        }
        Ok(json!({ "within": true }))
    }
}

/// What a position pays for its size.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeFeeQuery {
    notional: Amount,
    open_interest: Amount,
    brackets: Vec<SizeBracketInput>,
}

/// A rate above a share of open interest, both in parts per million.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SizeBracketInput {
    above: Ppm,
    rate: Ppm,
}

impl SizeFeeQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let brackets = self.brackets.iter().map(|b| SizeBracket { above: b.above, rate: b.rate });
        let brackets: Vec<_> = brackets.collect();
        Ok(json!({ "fee": limits::size_fee(self.notional, self.open_interest, &brackets)? }))
    }
}
