//! A debt that a liquidator takes over for a fund's money: what the fund pays him, and how much debt
//! that buys off a bankrupt.

use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, MathError, Ppm, Price, Ratio, Signed};

/// At which prices and for which fee debt is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Decimals of the debt.
    pub debt_decimals: u8,
    /// Price of a whole unit of debt.
    pub debt_price: Price,
    /// Decimals of the fund's asset.
    pub fund_decimals: u8,
    /// Price of a whole unit of it, in the same quote.
    pub fund_price: Price,
    /// What the liquidator gets on top, as a portion of the debt's value. None where the debt is in the
    /// fund's own asset: then the fund pays it without him.
    pub fee: Ppm,
}

/// What changes hands. **Invariant** `taken` is at most what was asked, `paid` at most what the fund has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// By the fund, in atoms of its asset.
    pub paid: Amount,
    /// Off the bankrupt, in atoms of the debt.
    pub taken: Amount,
    /// Whether the fund has nothing left. Only then may what remains be spread over others.
    pub emptied: bool,
}

impl Terms {
    /// What a fund that has `vault` pays for `debt`.
    ///
    /// ```text
    ///   paid  = min(⌈debt × p_debt × (1 + fee) ÷ p_fund⌉, vault)
    ///   taken = debt, or ⌊vault × p_fund ÷ (p_debt × (1 + fee))⌋ where the vault is too small
    /// ```
    ///
    /// **Rounding** the fund pays up, the debt that a short vault buys off is rounded down: the liquidator
    /// keeps the dust, for he takes a risk that nobody else wants. **Source** bankruptcy in margin venues
    /// on chain whose fund pays liquidators.
    ///
    /// # Errors
    /// [`RejectCode::BadPolicy`] when debt or the fund's asset has no price;
    /// [`RejectCode::TooManyDecimals`]; [`RejectCode::Overflow`].
    pub fn take(&self, debt: Amount, vault: Amount) -> Result<Takeover, Reject> {
        if self.debt_price == Price::ZERO || self.fund_price == Price::ZERO {
            return Err(Reject::none(RejectCode::BadPolicy));
        }
        let whole = self.paid_for(debt)?;
        let paid = whole.min(vault);
        let taken = if paid == whole { debt } else { self.bought_by(paid)?.min(debt) };
        Ok(Takeover { paid, taken, emptied: paid == vault })
    }

    fn paid_for(&self, debt: Amount) -> Result<Amount, Reject> {
        let (above, below) = self.fee_ratio();
        let value = amount(debt)?.times(self.debt_price.get())?.times(above)?;
        let value = value.times(power(self.fund_decimals)?)?;
        let atoms = value.over(self.fund_price.get())?.over(below)?;
        Ok(atoms.over(power(self.debt_decimals)?)?.ceil()?.positive())
    }

    fn bought_by(&self, paid: Amount) -> Result<Amount, Reject> {
        let (above, below) = self.fee_ratio();
        let value = amount(paid)?.times(self.fund_price.get())?.times(below)?;
        let value = value.times(power(self.debt_decimals)?)?;
        let atoms = value.over(self.debt_price.get())?.over(above)?;
        Ok(atoms.over(power(self.fund_decimals)?)?.floor()?.positive())
    }

    /// One and the fee, as a fraction.
    fn fee_ratio(&self) -> (u128, u128) {
        let whole = u128::from(Ppm::WHOLE.get());
        (whole.saturating_add(u128::from(self.fee.get())), whole)
    }
}

fn amount(atoms: Amount) -> Result<Ratio, Reject> {
    let atoms = Signed::gain(atoms).ok_or(MathError::Overflow)?;
    Ok(Ratio::whole(atoms))
}

/// Atoms in a whole unit.
pub(super) fn power(decimals: u8) -> Result<u128, Reject> {
    let too_many = Reject::new(RejectCode::TooManyDecimals, u32::from(decimals), 38u32);
    10u128.checked_pow(u32::from(decimals)).ok_or(too_many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(prices: (u128, u128), decimals: (u8, u8), fee: u32) -> Terms {
        Terms {
            debt_decimals: decimals.0,
            debt_price: Price::new(prices.0),
            fund_decimals: decimals.1,
            fund_price: Price::new(prices.1),
            fee: Ppm::new(fee),
        }
    }

    #[test]
    fn table() {
        for (debt, vault, prices, decimals, fee, want) in [
            // Paid whole, with the fee; the fund keeps the rest.
            (50, 1_000, (20, 2), (0, 0), 20_000, (510, 50, false)),
            // Paid whole with the last atom: empty, and nothing remains.
            (50, 510, (20, 2), (0, 0), 20_000, (510, 50, true)),
            // The vault is short: 490 × 2 ÷ 20.4 = 48.03.
            (50, 490, (20, 2), (0, 0), 20_000, (490, 48, true)),
            // In the fund's own asset: a fraction of an atom costs a whole one.
            (50_000_001, 1_051, (1, 1), (6, 0), 0, (51, 50_000_001, false)),
            // An empty vault buys nothing and is empty.
            (28, 0, (1, 1), (0, 0), 50_000, (0, 0, true)),
            // Nothing is asked: nothing moves, and a fund with money is not empty.
            (0, 9, (1, 1), (0, 0), 50_000, (0, 0, false)),
            // Another asset at 1.6: ⌈42 ÷ 1.6⌉.
            (40, 42, (10, 16), (0, 0), 50_000, (27, 40, false)),
        ] {
            let got = terms(prices, decimals, fee).take(Amount::new(debt), Amount::new(vault));
            let got = got.map(|t| (t.paid.get(), t.taken.get(), t.emptied));
            assert_eq!(got, Ok(want), "{debt} from {vault} at {prices:?}");
        }
    }

    #[test]
    fn refusals() {
        let code = |terms: Terms| terms.take(Amount::new(5), Amount::new(5)).unwrap_err().code;
        assert_eq!(code(terms((0, 1), (0, 0), 0)), RejectCode::BadPolicy);
        assert_eq!(code(terms((1, 0), (0, 0), 0)), RejectCode::BadPolicy);
        assert_eq!(code(terms((1, 1), (39, 0), 0)), RejectCode::TooManyDecimals);
        assert_eq!(code(terms((u128::MAX, 1), (0, 30), 0)), RejectCode::Overflow);
    }

    proptest! {
        #[test]
        fn a_short_vault_buys_no_more_than_it_pays_for(
            debt: u64, vault: u64, prices in (1u128..1 << 60, 1u128..1 << 60),
            decimals in (0u8..18, 0u8..18), fee in 0u32..500_000,
        ) {
            let terms = terms(prices, decimals, fee);
            let (debt, vault) = (Amount::new(debt.into()), Amount::new(vault.into()));
            let Ok(got) = terms.take(debt, vault) else { return Ok(()) };
            prop_assert!(got.paid <= vault && got.taken <= debt);
            prop_assert_eq!(got.emptied, got.paid == vault);
            // Whatever was taken costs no more than what was paid.
            prop_assert!(terms.paid_for(got.taken).unwrap() <= got.paid);
            prop_assert!(got.taken == debt || got.emptied);
        }
    }
}
