//! Share arithmetic of a tranche. **Rounding** both ways against the one who acts; the dust stays with
//! those who stay. **Source** Drift's and ERC-4626's share maths with the ledger as the only truth, so a
//! stray deposit can't move a price.

use backstop_units::{Amount, MathError, Shares};

/// Shares minted for a stake: one for each atom into an empty tranche, else `⌊amount × shares ÷ assets⌋`.
///
/// # Errors
/// [`MathError::DivisionByZero`] when there are shares and no assets (wiped), [`MathError::Overflow`].
pub fn minted(amount: Amount, assets: Amount, shares: Shares) -> Result<Shares, MathError> {
    if shares.is_zero() {
        return Ok(Shares::new(amount.get()));
    }
    shares.mul_div_floor(amount.get(), assets.get())
}

/// What shares are worth: `⌊assets × part ÷ shares⌋`, nothing when there are none.
///
/// # Errors
/// [`MathError::Overflow`] when `part` is more than all shares.
pub fn worth(part: Shares, assets: Amount, shares: Shares) -> Result<Amount, MathError> {
    if shares.is_zero() {
        return Ok(Amount::ZERO);
    }
    assets.mul_div_floor(part.get(), shares.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_never_gains() {
        for assets in 1..40u128 {
            for shares in 1..40u128 {
                for amount in 1..20u128 {
                    let new = minted(Amount::new(amount), Amount::new(assets), Shares::new(shares))
                        .unwrap();
                    let (all, total) =
                        (Amount::new(assets + amount), Shares::new(shares + new.get()));
                    let back = worth(new, all, total).unwrap();
                    assert!(back.get() <= amount, "{amount} into {assets}/{shares} gives {back}");
                }
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!(minted(Amount::new(7), Amount::ZERO, Shares::ZERO), Ok(Shares::new(7)));
        assert_eq!(
            minted(Amount::new(7), Amount::ZERO, Shares::new(1)),
            Err(MathError::DivisionByZero)
        );
        assert_eq!(worth(Shares::new(7), Amount::new(9), Shares::ZERO), Ok(Amount::ZERO));
    }
}
