//! Share arithmetic of a tranche. **Rounding** both ways against the one who acts; the dust stays with
//! those who stay. **Source** ERC-4626's share maths with the ledger as the only truth, so a
//! stray deposit can't move a price.

use backstop_units::{Amount, MathError, Shares, mul_div_floor};

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

/// By how many powers of ten shares should be divided because they outgrew assets: so many that the
/// share price keeps `spare` to `spare + 1` decimals below one atom. Nothing while assets are at least
/// shares, or are gone.
///
/// `⌊log₁₀ ⌊⌊shares ÷ 10^spare⌋ ÷ assets⌋⌋`, nothing below ten. **Source** the rebase of a
/// published staked fund, whose spare is 1.
pub fn outgrown(assets: Amount, shares: Shares, spare: u8) -> u8 {
    if assets.is_zero() || assets.get() >= shares.get() {
        return 0;
    }
    let over = scaled(shares, u16::from(spare)).mul_div_floor(1, assets.get());
    let log = over.map_or(0, |over| over.get().checked_ilog10().unwrap_or(0));
    u8::try_from(log).unwrap_or(0)
}

/// Shares after a division by ten to the power of `digits`.
///
/// **Rounding** floor: a holder loses less than one new share, and with the spare decimals that
/// [`outgrown`] leaves, less than a part of one atom.
pub fn scaled(shares: Shares, digits: u16) -> Shares {
    match 10u128.checked_pow(u32::from(digits)) {
        Some(by) => Shares::new(mul_div_floor(shares.get(), 1, by).unwrap_or(0)),
        None => Shares::ZERO,
    }
}

/// How many of a ticket's shares are forfeited when it is taken back, so that its holder keeps the
/// losses since the request and none of the gains: as many as leave shares worth `value` beside the
/// others. Nothing when they did not gain, or when there is nobody else to leave it to.
///
/// `ticket − ⌊value × (shares − ticket) ÷ (assets − value)⌋`. **Rounding** against the holder.
/// **Source** cancelled requests of a published staked fund.
///
/// # Errors
/// [`MathError::Overflow`] when the ticket has more than all shares.
pub fn forfeited(
    ticket: Shares,
    value: Amount,
    assets: Amount,
    shares: Shares,
) -> Result<Shares, MathError> {
    let others = shares.checked_sub(ticket).ok_or(MathError::Overflow)?;
    if others.is_zero() || worth(ticket, assets, shares)? <= value {
        return Ok(Shares::ZERO);
    }
    let kept = others.mul_div_floor(value.get(), assets.saturating_sub(value).get())?;
    Ok(ticket.saturating_sub(kept))
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

    #[test]
    fn shares_that_outgrow_assets() {
        for (shares, assets, spare, want) in [
            (20_000, 10_000, 1, 0),
            (60_078, 606, 1, 0),
            (99_999, 100, 1, 1),
            (100_000, 100, 1, 2),
            (1_242_418_900_000, 1, 1, 11),
            (1_242_418_900_000, 1, 9, 3),
            (u128::MAX, 1, 0, 38),
            (5, 0, 0, 0),
            (u128::MAX, 1, 38, 0),
        ] {
            let got = outgrown(Amount::new(assets), Shares::new(shares), spare);
            assert_eq!(got, want, "{shares} over {assets}, {spare} spare");
        }
        assert_eq!(scaled(Shares::new(1_999), 3), Shares::new(1));
        assert_eq!(scaled(Shares::new(u128::MAX), 39), Shares::ZERO);
    }

    #[test]
    fn a_cancelled_ticket_keeps_losses_and_gives_up_gains() {
        for (ticket, value, shares, assets, want) in [
            (100_000_000, 99_999_999, 1_000_000_000, 1_000_000_000, 2),
            (100_000_000, 200_000_000, 1_000_000_000, 1_100_000_000, 0),
            (100_000_000, 99_999_999, 2_000_000_000, 2_100_000_000, 5_000_001),
            (10, 5, 10, 7, 0),
        ] {
            let got = forfeited(
                Shares::new(ticket),
                Amount::new(value),
                Amount::new(assets),
                Shares::new(shares),
            );
            assert_eq!(got, Ok(Shares::new(want)), "{ticket} of {shares} at {value}");
        }
    }
}
