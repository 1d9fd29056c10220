//! Questions about bankrupts: what a liquidator takes over, what a fund pays him, what others bear.

use super::input::{Decimal, six};
use backstop_core::{
    Halt,
    liquidation::{
        debt_takeover::Terms,
        pnl_settlement::{Bounds, Loser, SettleAsset},
    },
};
use backstop_units::{Amount, Base, MathError, Ppm, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

const fn whole() -> Ppm {
    Ppm::WHOLE
}
const fn most() -> Amount {
    Amount::MAX
}
const fn par() -> Decimal {
    Decimal::ONE
}

/// A debt that a liquidator takes over for a fund's money.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebtTakeoverQuery {
    /// In its atoms.
    debt: Amount,
    #[serde(default)]
    debt_decimals: u8,
    #[serde(default = "par")]
    debt_price: Decimal,
    #[serde(default)]
    fund_decimals: u8,
    #[serde(default = "par")]
    fund_price: Decimal,
    #[serde(default)]
    fee: Ppm,
    /// What the fund has, in its atoms.
    vault: Amount,
    /// What the liquidator is willing to take, in atoms of the debt.
    #[serde(default = "most")]
    max_transfer: Amount,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl DebtTakeoverQuery {
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        let terms = Terms {
            debt_decimals: self.debt_decimals,
            debt_price: self.debt_price.price(self.quote_decimals)?,
            fund_decimals: self.fund_decimals,
            fund_price: self.fund_price.price(self.quote_decimals)?,
            fee: self.fee,
        };
        let takeover = terms.take(self.debt.min(self.max_transfer), self.vault)?;
        let rest = self.debt.saturating_sub(takeover.taken);
        // A liquidator's own bound never makes others pay.
        let (spread, left) =
            if takeover.emptied { (rest, Amount::ZERO) } else { (Amount::ZERO, rest) };
        Ok(json!({
            "paid": takeover.paid,
            "taken": takeover.taken,
            "vault": self.vault.saturating_sub(takeover.paid),
            "spread": spread,
            "left": left,
        }))
    }
}

/// A losing account, and what bounds its settlement.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PnlSettlementQuery {
    /// In atoms of the settle asset.
    balance: Signed,
    pnl: Signed,
    /// In quote atoms.
    #[serde(default)]
    other_health: Signed,
    #[serde(default = "six")]
    decimals: u8,
    #[serde(default = "par")]
    price: Decimal,
    #[serde(default = "whole")]
    asset_weight: Ppm,
    #[serde(default = "whole")]
    debt_weight: Ppm,
    #[serde(default = "most")]
    settle_limit: Amount,
    #[serde(default = "most")]
    max_transfer: Amount,
    /// In atoms of the fund's asset.
    vault: Amount,
    #[serde(default = "six")]
    fund_decimals: u8,
    #[serde(default = "par")]
    fund_price: Decimal,
    #[serde(default)]
    fee: Ppm,
    /// Base atoms, longs and shorts together.
    open_interest: Base,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl PnlSettlementQuery {
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        let price = self.price.price(self.quote_decimals)?;
        let asset = SettleAsset {
            decimals: self.decimals,
            price,
            asset_weight: self.asset_weight,
            debt_weight: self.debt_weight,
        };
        let terms = Terms {
            debt_decimals: self.decimals,
            debt_price: price,
            fund_decimals: self.fund_decimals,
            fund_price: self.fund_price.price(self.quote_decimals)?,
            fee: self.fee,
        };
        let loser = Loser { balance: self.balance, pnl: self.pnl, other_health: self.other_health };
        let bounds = Bounds {
            settle_limit: self.settle_limit,
            max_transfer: self.max_transfer,
            vault: self.vault,
        };
        let settled = asset.settle(&loser, &bounds, &terms)?;
        let step = settled.index_step(self.open_interest)?;
        let (socialised, residual) = if step.is_some() {
            (settled.spread, Amount::ZERO)
        } else {
            (Amount::ZERO, settled.spread)
        };
        let borne = settled.settled.checked_add(settled.taken).and_then(Signed::loss);
        Ok(json!({
            "settled": settled.settled,
            "taken": settled.taken,
            "paid": settled.paid,
            "vault": self.vault.saturating_sub(settled.paid),
            "socialised": socialised,
            "residual": residual,
            "index_step": step,
            "balance": settled.balance,
            "pnl": settled.left,
            "liquidator_pnl": borne.ok_or(MathError::Overflow)?,
        }))
    }
}
