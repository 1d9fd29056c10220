//! Questions about the fees of a liquidation and the collateral that is taken for debt.

use super::input::{Decimal, six};
use backstop_core::{
    Reject,
    liquidation::{
        fee::{DebtWeights, FeePolicy, Ramp, Shortage, debt_fee, position_fee},
        seizure::Seizure,
    },
};
use backstop_units::{Amount, Ppm, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

/// What is closed, and how much margin is missing.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShortageInput {
    /// Missing margin in quote atoms.
    missing: Amount,
    /// Base atoms of the position, or atoms of the debt.
    size: Signed,
    decimals: u8,
    price: Decimal,
    /// Price of the quote asset itself.
    #[serde(default = "par")]
    quote_price: Decimal,
    #[serde(default = "six")]
    quote_decimals: u8,
}

const fn par() -> Decimal {
    Decimal::ONE
}
const fn whole() -> Ppm {
    Ppm::WHOLE
}

impl ShortageInput {
    fn shortage(&self) -> Result<Shortage, Reject> {
        Ok(Shortage {
            missing: self.missing,
            size: self.size,
            decimals: self.decimals,
            price: self.price.price(self.quote_decimals)?,
            quote_price: self.quote_price.scaled(9)?,
        })
    }
}

/// The fund's fee on closing a position.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionFeeQuery {
    margin: Ppm,
    liquidator_fee: Ppm,
    shortage: ShortageInput,
    max: Ppm,
    #[serde(default = "whole")]
    headroom_share: Ppm,
}

impl PositionFeeQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let policy = FeePolicy { max: self.max, headroom_share: self.headroom_share };
        let shortage = self.shortage.shortage()?;
        Ok(json!({ "fee": position_fee(self.margin, self.liquidator_fee, &shortage, policy)? }))
    }
}

/// The fund's fee on repaying a debt.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebtFeeQuery {
    asset_weight: Ppm,
    #[serde(default = "whole")]
    asset_multiplier: Ppm,
    debt_weight: Ppm,
    #[serde(default = "whole")]
    debt_multiplier: Ppm,
    shortage: ShortageInput,
    max: Ppm,
    #[serde(default = "whole")]
    headroom_share: Ppm,
}

impl DebtFeeQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let weights = DebtWeights {
            asset: self.asset_weight,
            asset_multiplier: self.asset_multiplier,
            debt: self.debt_weight,
            debt_multiplier: self.debt_multiplier,
        };
        let policy = FeePolicy { max: self.max, headroom_share: self.headroom_share };
        Ok(json!({ "fee": debt_fee(&weights, &self.shortage.shortage()?, policy)? }))
    }
}

/// A liquidator's fee that rises while nobody acts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidatorFeeQuery {
    base: Ppm,
    max: Ppm,
    grace: u64,
    step: Ppm,
    #[serde(default = "one")]
    every: u64,
    elapsed: u64,
}

const fn one() -> u64 {
    1
}

impl LiquidatorFeeQuery {
    pub(super) fn answer(&self) -> Value {
        let Self { base, grace, step, every, max, elapsed } = *self;
        json!({ "fee": Ramp { base, grace, step, every, max }.fee(elapsed) })
    }
}

/// Collateral taken for debt at two prices and two fees.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeizureQuery {
    collateral: Amount,
    collateral_decimals: u8,
    collateral_price: Decimal,
    debt_decimals: u8,
    debt_price: Decimal,
    liquidator_fee: Ppm,
    fund_fee: Ppm,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl SeizureQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let seizure = Seizure {
            collateral: self.collateral,
            collateral_decimals: self.collateral_decimals,
            collateral_price: self.collateral_price.price(self.quote_decimals)?,
            debt_decimals: self.debt_decimals,
            debt_price: self.debt_price.price(self.quote_decimals)?,
            liquidator_fee: self.liquidator_fee,
            fund_fee: self.fund_fee,
        };
        let legs = seizure.legs()?;
        Ok(json!({ "paid": legs.paid, "relieved": legs.relieved, "fund": legs.fund }))
    }
}
