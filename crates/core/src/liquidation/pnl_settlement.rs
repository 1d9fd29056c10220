//! A losing account that can't pay: its `PnL` is settled with the liquidator as far as its own money goes,
//! then a fund buys off what brings its health back, then the rest is spread over open interest.
//!
//! ```text
//!   −pnl ─▶ 1 settled     liquidator gets the account's money and bears the loss in its place
//!        ─▶ 2 taken over  liquidator bears more of it, the fund pays him for it with a fee
//!        ─▶ 3 spread      only once the fund is empty, over longs and shorts alike
//!        ─▶ stays         what neither bankruptcy nor a limit lets go
//! ```

use super::debt_takeover::{Terms, power};
use crate::{
    loss::place::index_step,
    reject::{Halt, Reject, RejectCode},
};
use backstop_units::{Amount, Base, Fixed60, MathError, Ppm, Price, Ratio, Signed};

/// A price counts quote atoms for each whole unit in parts of 10⁻⁹.
const PRICE_SCALE: u128 = 1_000_000_000;

/// The asset that `PnL` is settled in, and what it counts for in an account's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleAsset {
    /// Its decimals.
    pub decimals: u8,
    /// Price of a whole unit.
    pub price: Price,
    /// What a holding counts for.
    pub asset_weight: Ppm,
    /// What a debt counts for.
    pub debt_weight: Ppm,
}

/// An account whose positions are closed and whose `PnL` is below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loser {
    /// What it holds of the settle asset, below zero: owes.
    pub balance: Signed,
    /// Unsettled, in atoms of the settle asset.
    pub pnl: Signed,
    /// Weighted worth of all else it holds, in quote atoms.
    pub other_health: Signed,
}

/// What bounds each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of `PnL` that may be settled now, in settle atoms.
    pub settle_limit: Amount,
    /// Of losses that the liquidator is willing to take, in settle atoms.
    pub max_transfer: Amount,
    /// What the fund has, in its own atoms.
    pub vault: Amount,
}

/// What became of the loss. In settle atoms but for `paid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Settled with the liquidator against the account's money.
    pub settled: Amount,
    /// Taken over by the liquidator for the fund's money.
    pub taken: Amount,
    /// What the fund paid him, in its own atoms.
    pub paid: Amount,
    /// What others bear.
    pub spread: Amount,
    /// What the account still owes.
    pub left: Signed,
    /// Its balance after settling.
    pub balance: Signed,
    /// Whether the fund has nothing left.
    pub emptied: bool,
}

impl Settled {
    /// How far the index of open positions moves to spread it over `open`, longs and shorts together.
    /// Without any nobody can bear it.
    ///
    /// **Rounding** floor, in 2⁻⁶⁰ atom for each base atom; in a market's books the rest is carried.
    ///
    /// # Errors
    /// [`RejectCode::Overflow`].
    pub fn index_step(&self, open: Base) -> Result<Option<Fixed60>, Halt> {
        if open.is_zero() {
            return Ok(None);
        }
        let (step, _) = index_step(self.spread, open, Fixed60::ZERO)?;
        Ok(Some(step))
    }
}

impl SettleAsset {
    /// Settles what can be settled, then resolves the bankruptcy.
    ///
    /// ```text
    ///   settled = min(−pnl, settle limit, max transfer, what leaves health at zero without the loss)
    ///   owed    = min(−pnl left, what brings health up to zero)
    ///   taken   = min(owed, max transfer left), as far as the fund pays for it
    ///   spread  = owed − taken if the fund is empty, else nothing
    /// ```
    ///
    /// A liquidator's own bound never makes others pay: while the fund has money the loss waits for the next
    /// one. **Rounding** settling down, what is owed up, each by less than an atom to the account's good; the
    /// fund's part as [`Terms::take`]. **Source** perpetual markets on chain that settle losses with liquidators.
    ///
    /// # Errors
    /// [`RejectCode::NotBankrupt`] for a gain; [`RejectCode::BadPolicy`] for prices or a debt's weight of
    /// zero; [`RejectCode::TooManyDecimals`]; [`RejectCode::Overflow`].
    pub fn settle(&self, of: &Loser, by: &Bounds, terms: &Terms) -> Result<Settled, Reject> {
        if !of.pnl.is_negative() {
            return Err(Reject::new(RejectCode::NotBankrupt, of.pnl.size(), Amount::ZERO));
        }
        if self.price == Price::ZERO || self.debt_weight == Ppm::ZERO {
            return Err(Reject::none(RejectCode::BadPolicy));
        }
        let loss = of.pnl.negative();
        let settled = loss.min(by.settle_limit).min(by.max_transfer).min(self.free(of)?.positive());
        let rest = loss.saturating_sub(settled);
        let owed = rest.min(self.missing(of)?);
        let willing = by.max_transfer.saturating_sub(settled);
        let takeover = terms.take(owed.min(willing), by.vault)?;
        let beyond = owed.saturating_sub(takeover.taken);
        let spread = if takeover.emptied { beyond } else { Amount::ZERO };
        let gone = takeover.taken.checked_add(spread).ok_or(Reject::overflow())?;
        let left = Signed::loss(rest.saturating_sub(gone)).ok_or(Reject::overflow())?;
        Ok(Settled {
            settled,
            taken: takeover.taken,
            paid: takeover.paid,
            spread,
            left,
            balance: less(of.balance, settled)?,
            emptied: takeover.emptied,
        })
    }

    /// How much the account can pay before its health, without the loss, is zero: from its holding first,
    /// then by owing.
    fn free(&self, of: &Loser) -> Result<Signed, Reject> {
        let others = Ratio::whole(of.other_health);
        let health = others.plus(self.worth(of.balance)?)?;
        if health.is_negative() {
            return Ok(Signed::ZERO);
        }
        // Past the holding an atom costs the weight of a debt.
        let (from, value, weight) = match (of.balance.is_negative(), of.other_health.is_negative())
        {
            (false, false) => (of.balance, others, self.debt_weight),
            (false, true) => (Signed::ZERO, health, self.asset_weight),
            (true, _) => (Signed::ZERO, health, self.debt_weight),
        };
        if weight == Ppm::ZERO {
            return Ok(Signed::ZERO);
        }
        let atoms = self.atoms(value, weight)?;
        Ok(Ratio::whole(from).plus(atoms)?.floor()?)
    }

    /// How much of the loss has to go for health to be zero: what it owes net first, then as a holding.
    fn missing(&self, of: &Loser) -> Result<Amount, Reject> {
        let net = of.balance.get().checked_add(of.pnl.get()).ok_or(Reject::overflow())?;
        let net = Signed::new(net);
        let others = Ratio::whole(of.other_health);
        let health = others.plus(self.worth(net)?)?;
        if !health.is_negative() {
            return Ok(Amount::ZERO);
        }
        let lacking = Ratio::whole(Signed::ZERO).minus(health)?;
        let (from, value, weight) = match (net.is_negative(), of.other_health.is_negative()) {
            (true, false) => (Amount::ZERO, lacking, self.debt_weight),
            (true, true) => {
                let debts = Ratio::whole(Signed::ZERO).minus(others)?;
                (net.negative(), debts, self.asset_weight)
            }
            (false, _) => (Amount::ZERO, lacking, self.asset_weight),
        };
        if weight == Ppm::ZERO {
            // No holding of this asset helps: all of the loss has to go.
            return Ok(Amount::MAX);
        }
        let from = Ratio::whole(Signed::gain(from).ok_or(MathError::Overflow)?);
        Ok(from.plus(self.atoms(value, weight)?)?.ceil()?.positive())
    }

    /// What a holding or debt counts for, in quote atoms.
    fn worth(&self, atoms: Signed) -> Result<Ratio, Reject> {
        let weight = if atoms.is_negative() { self.debt_weight } else { self.asset_weight };
        let value = Ratio::whole(atoms).times(self.price.get())?;
        let value = value.times(u128::from(weight.get()))?.over(power(self.decimals)?)?;
        Ok(value.over(PRICE_SCALE)?.over(u128::from(Ppm::WHOLE.get()))?)
    }

    /// How many atoms count for `value` quote atoms at a weight above zero.
    fn atoms(&self, value: Ratio, weight: Ppm) -> Result<Ratio, Reject> {
        let atoms = value.times(power(self.decimals)?)?.times(PRICE_SCALE)?;
        let atoms = atoms.times(u128::from(Ppm::WHOLE.get()))?;
        Ok(atoms.over(self.price.get())?.over(u128::from(weight.get()))?)
    }
}

fn less(balance: Signed, paid: Amount) -> Result<Signed, Reject> {
    let paid = Signed::gain(paid).ok_or(Reject::overflow())?;
    balance.get().checked_sub(paid.get()).map(Signed::new).ok_or(Reject::overflow())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whole units, a quote of six decimals.
    fn asset(price: u128, asset: u32, debt: u32) -> SettleAsset {
        SettleAsset {
            decimals: 0,
            price: Price::new(price * 1_000_000 * PRICE_SCALE),
            asset_weight: Ppm::new(asset),
            debt_weight: Ppm::new(debt),
        }
    }

    fn terms(of: &SettleAsset, fund_price: u128, fee: u32) -> Terms {
        Terms {
            debt_decimals: of.decimals,
            debt_price: of.price,
            fund_decimals: 0,
            fund_price: Price::new(fund_price * 1_000_000 * PRICE_SCALE),
            fee: Ppm::new(fee),
        }
    }

    fn loser(balance: i128, pnl: i128, other: i128) -> Loser {
        Loser {
            balance: Signed::new(balance),
            pnl: Signed::new(pnl),
            other_health: Signed::new(other * 1_000_000),
        }
    }

    fn bounds(limit: u128, max: u128, vault: u128) -> Bounds {
        Bounds {
            settle_limit: Amount::new(limit),
            max_transfer: Amount::new(max),
            vault: Amount::new(vault),
        }
    }

    #[test]
    fn table() {
        let two = asset(2, 900_000, 1_100_000);
        for (of, by, want) in [
            // Only settled: the liquidator wants no more, and the fund has money.
            ((40, -50, -36), (100, 10, 6), (10, 0, 0, 0, -40)),
            // Settled down to the account's health, then taken over.
            ((40, -50, -36), (100, 29, 100), (20, 9, 6, 0, -21)),
            ((40, -50, -36), (0, 3, 6), (0, 3, 2, 0, -47)),
            ((40, -50, -36), (0, 100, 1_000), (0, 30, 20, 0, -20)),
            // All three.
            ((40, -50, -36), (100, 40, 6), (20, 9, 6, 21, 0)),
            // Nobody takes it over and the fund is empty: spread at once.
            ((40, -50, -36), (0, 0, 0), (0, 0, 0, 30, -20)),
            // A healthy account keeps what it owes beyond what it may settle.
            ((40, -20, 0), (5, 100, 0), (5, 0, 0, 0, -15)),
            // It may pay by owing, where other holdings carry that: 40, then 22 ÷ 2.2.
            ((40, -90, 22), (100, 100, 9), (50, 13, 9, 27, 0)),
            // A debt beforehand; ⌈(4 × 2.2 + 5 × 2.2 − 11) ÷ 2.2⌉ is owed.
            ((-4, -5, 11), (9, 9, 9), (1, 4, 3, 0, 0)),
        ] {
            let of = loser(of.0, of.1, of.2);
            let got = two.settle(&of, &bounds(by.0, by.1, by.2), &terms(&two, 3, 0)).unwrap();
            let got = (
                got.settled.get(),
                got.taken.get(),
                got.paid.get(),
                got.spread.get(),
                got.left.get(),
            );
            assert_eq!(got, want, "{of:?} within {by:?}");
        }
    }

    #[test]
    fn refusals() {
        let good = asset(2, 900_000, 1_100_000);
        let code = |asset: SettleAsset, pnl| {
            let terms = terms(&good, 1, 0);
            asset.settle(&loser(1, pnl, 0), &bounds(1, 1, 1), &terms).unwrap_err().code
        };
        assert_eq!(code(good, 0), RejectCode::NotBankrupt);
        assert_eq!(code(good, 7), RejectCode::NotBankrupt);
        assert_eq!(code(SettleAsset { price: Price::ZERO, ..good }, -7), RejectCode::BadPolicy);
        assert_eq!(code(SettleAsset { debt_weight: Ppm::ZERO, ..good }, -7), RejectCode::BadPolicy);
        assert_eq!(code(SettleAsset { decimals: 39, ..good }, -7), RejectCode::TooManyDecimals);
    }

    /// Weighted worth in millionths of a quote atom, for prices of whole quote atoms.
    fn health(asset: &SettleAsset, balance: i128, other: i128) -> i128 {
        let weight = if balance < 0 { asset.debt_weight } else { asset.asset_weight };
        let price = i128::try_from(asset.price.get() / PRICE_SCALE).unwrap();
        other * 1_000_000 + balance * price * i128::from(weight.get())
    }

    proptest! {
        #[test]
        fn parts_add_up_and_health_ends_at_zero(
            balance in -1_000i128..1_000, pnl in -2_000i128..0, other in -2_000i128..2_000,
            limit in 0u128..2_000, max in 0u128..2_000, vault in 0u128..2_000,
            weights in (500_000u32..1_000_000, 1_000_000u32..2_000_000), prices in (1u128..9, 1u128..9),
            fee in 0u32..100_000,
        ) {
            let asset = asset(prices.0, weights.0, weights.1);
            let of = loser(balance, pnl, other);
            let by = bounds(limit, max, vault);
            let got = asset.settle(&of, &by, &terms(&asset, prices.1, fee)).unwrap();
            let [settled, taken, spread] =
                [got.settled, got.taken, got.spread].map(|a| i128::try_from(a.get()).unwrap());
            prop_assert_eq!(settled + taken + spread - got.left.get(), -pnl);
            prop_assert_eq!(got.balance.get(), balance - settled);
            prop_assert!(got.settled <= by.settle_limit && settled + taken <= max.cast_signed());
            prop_assert!(got.paid <= by.vault);
            // Settling alone never makes an account unhealthy that was not.
            let scaled = other * 1_000_000;
            if settled > 0 {
                prop_assert!(health(&asset, balance - settled, scaled) >= 0);
            }
            // Nothing is spread while the fund has money, and no more goes than health needs.
            prop_assert!(spread == 0 || got.emptied);
            let net = balance + pnl + taken + spread;
            if taken + spread > 0 {
                prop_assert!(health(&asset, net - 1, scaled) < 0);
            }
            if got.emptied {
                prop_assert!(got.left.is_zero() || health(&asset, net, scaled) >= 0);
            }
        }
    }
}
