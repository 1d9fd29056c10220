//! What passes between a market's pools and the revenue pool, with every number given.

use backstop_core::{
    Halt, Reject,
    liquidation::pools::{Standing, balanced, passes},
    policy::PoolPolicy,
    state::Results,
};
use backstop_units::{Amount, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

/// A market's pools at one moment.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFlow {
    /// How they feed each other.
    policy: PoolPolicy,
    /// Trading fees earned ever.
    #[serde(default)]
    exchange_fees: Amount,
    /// Liquidation fees earned ever.
    #[serde(default)]
    liquidation_fees: Amount,
    /// What it earned less what it distributed.
    #[serde(default)]
    surplus: Signed,
    /// Net revenue since funding was last paid.
    #[serde(default)]
    net_revenue: Signed,
    /// What it passed on ever.
    #[serde(default)]
    passed_on: Amount,
    /// What it got less what it passed on in this period.
    #[serde(default)]
    received: Signed,
    /// Its fee pool.
    #[serde(default)]
    fee_pool: Amount,
    /// Its money for winners.
    #[serde(default)]
    pnl_pool: Amount,
    /// The fund's revenue pool.
    #[serde(default)]
    revenue: Amount,
    /// What its insured layer may pay and has paid ever.
    #[serde(default)]
    insured: Amount,
    /// What was socialised on it.
    #[serde(default)]
    socialised: Amount,
}

impl PoolFlow {
    /// What would pass to the revenue pool as things stand, and all that balancing would move.
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        let results = Results {
            exchange_fees: self.exchange_fees,
            liquidation_fees: self.liquidation_fees,
            surplus: self.surplus,
            net_revenue: self.net_revenue,
            passed_on: self.passed_on,
            received: self.received,
            ..Results::default()
        };
        let standing = Standing {
            results,
            fee_pool: self.fee_pool,
            pnl_pool: self.pnl_pool,
            revenue: self.revenue,
            insured: self.insured,
            socialised: self.socialised,
        };
        let passes = passes(&self.policy, &standing).map_err(Reject::from)?;
        let flow = balanced(&self.policy, &standing).map_err(Reject::from)?;
        Ok(json!({ "passes": passes, "balanced": flow }))
    }
}
