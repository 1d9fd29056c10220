//! Formulas of lending reserves, with every number given.

use backstop_core::{
    Halt, Reject,
    lending::{bad_debt, curve, exchange::Holdings, interest, vault::yields::net_of_fees},
    policy::{Growth, InterestPolicy, RatePoint, VaultPolicy},
};
use backstop_units::{Amount, Bps, Fixed60, Shares, Span};
use serde::Deserialize;
use serde_json::{Value, json};

/// The yearly rate at a utilization.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BorrowRate {
    /// Corners of the curve.
    curve: Vec<RatePoint>,
    /// In steps of 2⁻⁶⁰.
    utilization: Fixed60,
}

impl BorrowRate {
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        curve::check(&self.curve)?;
        let rate = curve::yearly_rate(&self.curve, self.utilization).map_err(Reject::from)?;
        Ok(json!({ "rate": rate }))
    }
}

/// By which factor a debt grows over whole periods.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthFactor {
    /// For a year, in steps of 2⁻⁶⁰.
    rate: Fixed60,
    /// How long a period is.
    period: Span,
    /// How many have passed.
    periods: u64,
    /// How they are compounded.
    growth: Growth,
}

impl GrowthFactor {
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let Self { rate, period, periods, growth } = self;
        let factor = interest::factor(rate, period, periods, growth).map_err(Reject::from)?;
        Ok(json!({ "factor": factor }))
    }
}

/// Supply, utilization, and what shares and atoms stand for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReserveExchange {
    held: Holdings,
    /// So many shares, or atoms.
    amount: Amount,
}

impl ReserveExchange {
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let Self { held, amount } = self;
        let shares = Shares::new(amount.get());
        let answer = || {
            Ok(json!({
                "supply": held.supply()?,
                "utilization": held.utilization()?,
                "worth": held.worth(shares)?.floor(),
                "price": held.price(shares)?,
                "minted": held.minted(amount)?,
                "burned": held.burned(amount)?,
            }))
        };
        answer().map_err(|error: backstop_units::MathError| Reject::from(error).into())
    }
}

/// Interest of whole periods on a reserve.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accrual {
    held: Holdings,
    /// For a year, by the curve, in steps of 2⁻⁶⁰.
    rate: Fixed60,
    /// How many periods have passed.
    periods: u64,
    /// Who gets what; its curve is not asked.
    policy: InterestPolicy,
}

impl Accrual {
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        let Self { held, rate, periods, policy } = self;
        let added = interest::accrue(policy, held.borrowed, *rate, *periods);
        let added = added.map_err(Reject::from)?;
        let sum = |a: Fixed60, b| a.checked_add(b).ok_or(backstop_units::MathError::Overflow);
        let after = || {
            let fees = sum(sum(held.fees, added.protocol)?, added.referrers)?;
            Ok(Holdings { borrowed: sum(held.borrowed, added.debt)?, fees, ..*held })
        };
        let after = after().map_err(|error: backstop_units::MathError| Reject::from(error))?;
        Ok(json!({
            "borrowed": after.borrowed,
            "protocol": added.protocol,
            "referrers": added.referrers,
            "supply": after.supply().map_err(Reject::from)?,
        }))
    }
}

/// A debt that lenders bear.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossOfReserve {
    held: Holdings,
    /// What one loan owes.
    debt: Fixed60,
    /// At most so much of it is taken off.
    amount: Amount,
    /// Whether uncollected interest bears it first.
    fees_first: bool,
    /// What these shares are worth before and after.
    shares: Shares,
}

impl LossOfReserve {
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let answer = || {
            let Self { held, debt, amount, fees_first, shares } = self;
            let asked = Fixed60::from_atoms(amount).unwrap_or(Fixed60::MAX);
            let borne = bad_debt::borne(&held, fees_first, asked.min(debt))?;
            let after = Holdings {
                borrowed: held.borrowed.saturating_sub(borne.amount),
                fees: held.fees.saturating_sub(borne.fees),
                ..held
            };
            Ok(json!({
                "forgiven": borne.amount,
                "borrowed": after.borrowed,
                "fees": after.fees,
                "supply": after.supply()?,
                "dead": borne.dead,
                "worth_before": held.worth(shares)?.floor(),
                "worth_after": after.worth(shares)?.floor(),
            }))
        };
        answer().map_err(|error: backstop_units::MathError| Reject::from(error).into())
    }
}

/// What a vault's fees leave of a yield.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetYield {
    /// For a year, in steps of 2⁻⁶⁰.
    gross: Fixed60,
    /// Of profit.
    performance: Bps,
    /// Of net assets.
    management: Bps,
}

impl NetYield {
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let Self { gross, performance, management } = self;
        let policy = VaultPolicy { performance, management, ..VaultPolicy::default() };
        Ok(json!({ "net": net_of_fees(&policy, gross).map_err(Reject::from)? }))
    }
}
