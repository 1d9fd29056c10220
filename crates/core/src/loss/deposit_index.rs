//! A loss that lenders bear: the index that turns their shares into money falls, for all alike.
//!
//! Deposits are kept as shares that never change; what they are worth is shares × index ÷ unit. So a loss
//! is one step of the index, whatever the number of lenders.

use backstop_units::{Amount, MathError, ShareIndex, Shares, mul_div_ceil, mul_div_floor};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What lenders hold of one asset.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deposits {
    /// Their shares.
    pub shares: Shares,
    /// What a share is worth, in parts of `unit`.
    pub index: ShareIndex,
    /// Index at which a share is worth one atom; above zero.
    pub unit: ShareIndex,
}

/// What a loss leaves of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// How far it fell.
    pub step: ShareIndex,
    /// What it is now.
    pub index: ShareIndex,
    /// What lenders bear, in atoms.
    pub socialised: Amount,
    /// What nobody could bear, in atoms: more was lost than was there.
    pub residual: Amount,
}

impl Lowered {
    /// Whether shares are worth nothing any more.
    pub const fn is_exhausted(&self) -> bool {
        self.index.is_zero()
    }
}

impl Deposits {
    /// What all shares are worth. **Rounding** floor.
    ///
    /// # Errors
    /// [`MathError`] for a unit of zero, or past 128 bits.
    pub fn worth(&self) -> Result<Amount, MathError> {
        mul_div_floor(self.shares.get(), self.index.get(), self.unit.get()).map(Amount::new)
    }

    /// Lets lenders bear `loss`: the index falls by `⌈index × loss ÷ worth⌉`, at most to nothing.
    ///
    /// **Rounding** up: lenders bear up to one step too much; it stays among the deposits, whose shares are
    /// then worth less than what is there. What exceeds all deposits is the residual, never an error.
    /// **Source** the deposit index of published lending markets, their share value in others.
    ///
    /// # Errors
    /// As [`Deposits::worth`].
    pub fn bear(&self, loss: Amount) -> Result<Lowered, MathError> {
        let worth = self.worth()?;
        let socialised = loss.min(worth);
        let residual = loss.saturating_sub(socialised);
        let step = if socialised == worth {
            // Nothing is left, or nothing was there.
            if worth.is_zero() { ShareIndex::ZERO } else { self.index }
        } else {
            ShareIndex::new(mul_div_ceil(self.index.get(), socialised.get(), worth.get())?)
        };
        let index = self.index.saturating_sub(step);
        Ok(Lowered { step, index, socialised, residual })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposits(shares: u128, index: u128, unit: u128) -> Deposits {
        let [index, unit] = [index, unit].map(ShareIndex::new);
        Deposits { shares: Shares::new(shares), index, unit }
    }

    #[test]
    fn table() {
        let unit = 10u128.pow(13);
        for (shares, index, unit, loss, step, after, residual) in [
            (120_000_000_000, 10_000_000_000, unit, 11_000_000, 916_666_667, 9_083_333_333, 0),
            (700_000_000_000, 10_000_000_000, unit, 30_000_000, 428_571_429, 9_571_428_571, 0),
            (1_000, 1, 1, 1_000, 1, 0, 0),
            (1_000, 1, 1, 1_500, 1, 0, 500),
            (0, 7, 1, 9, 0, 7, 9),
            (300_000, 30, 30, 10_000, 1, 29, 0),
            (5, 9, 1, 0, 0, 9, 0),
        ] {
            let lowered = deposits(shares, index, unit).bear(Amount::new(loss)).unwrap();
            let got = (lowered.step.get(), lowered.index.get(), lowered.residual.get());
            assert_eq!(got, (step, after, residual), "{loss} of {shares} at {index}/{unit}");
            assert_eq!(lowered.is_exhausted(), after == 0);
        }
        let broken = deposits(1, 1, 0);
        assert_eq!(broken.bear(Amount::new(1)), Err(MathError::DivisionByZero));
    }

    #[test]
    fn lenders_bear_the_loss_and_less_than_a_step_more() {
        for shares in [1u128, 7, 1_000, 999_983] {
            for index in [1u128, 3, 1_000, 123_457] {
                for loss in [0u128, 1, 2, 50, 1_000_000] {
                    let deposits = deposits(shares, index, 10);
                    let before = deposits.worth().unwrap().get();
                    let lowered = deposits.bear(Amount::new(loss)).unwrap();
                    let after =
                        Deposits { index: lowered.index, ..deposits }.worth().unwrap().get();
                    let borne = lowered.socialised.get();
                    assert_eq!(borne + lowered.residual.get(), loss);
                    assert!(before - after >= borne, "{shares} at {index}: {loss}");
                    assert!(
                        before - after <= borne + shares / 10 + 2,
                        "{shares} at {index}: {loss}"
                    );
                }
            }
        }
    }
}
