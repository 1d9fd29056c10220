//! What a reserve's shares are worth.

use backstop_units::{Amount, Fixed60, MathError, Shares};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The money of a reserve at a moment, interest added.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holdings {
    /// Atoms that nobody has borrowed.
    pub available: Amount,
    /// What borrowers owe.
    pub borrowed: Fixed60,
    /// What of both belongs to protocol and referrers and not to lenders.
    pub fees: Fixed60,
    /// Shares of all lenders.
    pub shares: Shares,
}

/// Atoms and fractions for one share, as what they are the quotient of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    supply: Fixed60,
    shares: Fixed60,
}

impl Holdings {
    /// What belongs to lenders: available + borrowed − fees, nothing where fees are more.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub fn supply(&self) -> Result<Fixed60, MathError> {
        let available = Fixed60::from_atoms(self.available).ok_or(MathError::Overflow)?;
        let all = available.checked_add(self.borrowed).ok_or(MathError::Overflow)?;
        Ok(all.saturating_sub(self.fees))
    }

    /// Which part of the supply is lent; nothing where there is none. **Rounding** down.
    ///
    /// # Errors
    /// As [`Holdings::supply`].
    pub fn utilization(&self) -> Result<Fixed60, MathError> {
        let supply = self.supply()?;
        if supply.is_zero() { Ok(Fixed60::ZERO) } else { self.borrowed.over(supply) }
    }

    /// One for one where there are no shares or nothing is behind them.
    fn rate(&self) -> Result<Rate, MathError> {
        let supply = self.supply()?;
        let shares =
            Fixed60::from_atoms(Amount::new(self.shares.get())).ok_or(MathError::Overflow)?;
        let rate = Rate { supply, shares };
        let one = Rate { supply: Fixed60::UNIT, shares: Fixed60::UNIT };
        Ok(if supply.is_zero() || shares.is_zero() { one } else { rate })
    }

    /// What shares are worth, with its fraction. **Rounding** down, below a step of 2⁻⁶⁰.
    ///
    /// # Errors
    /// As [`Holdings::supply`].
    pub fn worth(&self, shares: Shares) -> Result<Fixed60, MathError> {
        let rate = self.rate()?;
        let shares = Fixed60::from_atoms(Amount::new(shares.get())).ok_or(MathError::Overflow)?;
        shares.mul_div_floor(rate.supply.get(), rate.shares.get())
    }

    /// Shares for whole atoms paid in. **Rounding** down, for those who are in.
    ///
    /// # Errors
    /// As [`Holdings::supply`].
    pub fn minted(&self, paid: Amount) -> Result<Shares, MathError> {
        let rate = self.rate()?;
        paid.mul_div_floor(rate.shares.get(), rate.supply.get()).map(|got| Shares::new(got.get()))
    }

    /// Shares that whole atoms cost. **Rounding** up, for those who stay.
    ///
    /// # Errors
    /// As [`Holdings::supply`].
    pub fn burned(&self, taken: Amount) -> Result<Shares, MathError> {
        let rate = self.rate()?;
        taken.mul_div_ceil(rate.shares.get(), rate.supply.get()).map(|got| Shares::new(got.get()))
    }

    /// Atoms that pay for shares in full. **Rounding** up.
    ///
    /// # Errors
    /// As [`Holdings::supply`].
    pub fn price(&self, shares: Shares) -> Result<Amount, MathError> {
        let rate = self.rate()?;
        Amount::new(shares.get()).mul_div_ceil(rate.supply.get(), rate.shares.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holdings(available: u128, borrowed: u128, fees: u128, shares: u128) -> Holdings {
        Holdings {
            available: Amount::new(available),
            borrowed: Fixed60::new(borrowed),
            fees: Fixed60::new(fees),
            shares: Shares::new(shares),
        }
    }

    #[test]
    fn published_utilization() {
        let held = holdings(
            250_000,
            864_691_128_455_135_232_000_000,
            11_529_215_046_068_469_760_000,
            900_000,
        );
        assert_eq!(held.supply().map(Fixed60::get), Ok(1_141_392_289_560_778_506_240_000));
        assert_eq!(held.utilization().map(Fixed60::get), Ok(873_425_382_277_914_375));
        assert_eq!(Holdings::default().utilization(), Ok(Fixed60::ZERO));
    }

    #[test]
    fn published_exchange() {
        let held = holdings(40_000, 1_106_804_644_422_573_096_960_000, 0, 900_000);
        let shares = Shares::new(1_001);
        assert_eq!(held.worth(shares).unwrap().floor(), Amount::new(1_112));
        assert_eq!(held.price(shares), Ok(Amount::new(1_113)));
        assert_eq!(held.minted(Amount::new(1_001)), Ok(Shares::new(900)));
        assert_eq!(held.burned(Amount::new(1_001)), Ok(Shares::new(901)));
        // Nothing behind the shares, or no shares: one for one.
        assert_eq!(holdings(0, 0, 0, 1_000).price(Shares::new(500)), Ok(Amount::new(500)));
        assert_eq!(Holdings::default().minted(Amount::new(7)), Ok(Shares::new(7)));
    }
}
