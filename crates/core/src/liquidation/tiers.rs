//! Margin that is no flat rate: brackets by the size of a position, or a rate that rises with the
//! open interest of the market.

use crate::reject::Reject;
use alloc::vec::Vec;
use backstop_units::{Amount, Ppm};
use borsh::{BorshDeserialize, BorshSerialize};

/// One bracket of a margin table, as exchanges publish it.
///
/// A notional in this bracket needs `notional × rate − deduction`. The deduction (published as
/// "maintenance amount") makes the margin continuous where brackets meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bracket {
    /// Notional above which this bracket holds, in quote atoms; exactly here the one below does.
    pub above: Amount,
    /// Portion of the whole notional.
    pub rate: Ppm,
    /// Taken off, in quote atoms.
    pub deduction: Amount,
}

/// Margin by brackets: `⌈notional × rate⌉ − deduction` of the last bracket that the notional is above.
///
/// **Shape** `brackets` rise by `above`; the first also holds for what is at or below its own `above`.
/// Without brackets no margin is needed. **Rounding** up.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn bracketed(brackets: &[Bracket], notional: Amount) -> Result<Amount, Reject> {
    let reached = brackets.iter().rev().find(|bracket| bracket.above < notional);
    let Some(bracket) = reached.or(brackets.first()) else { return Ok(Amount::ZERO) };
    Ok(bracket.rate.of_ceil(notional)?.saturating_sub(bracket.deduction))
}

/// The brackets of a list of rates, with the deductions that make the margin continuous: each adds
/// `⌊above × (rate − rate before)⌋` to the one before.
///
/// **Shape** `steps` rise by notional and by rate. **Rounding** down: the margin is an atom larger.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn brackets(steps: &[(Amount, Ppm)]) -> Result<Vec<Bracket>, Reject> {
    let (mut before, mut deduction) = (Ppm::ZERO, Amount::ZERO);
    let mut list = Vec::with_capacity(steps.len());
    for (above, rate) in steps.iter().copied() {
        let more = rate.saturating_sub(before).of_floor(above)?;
        deduction = deduction.checked_add(more).ok_or(Reject::overflow())?;
        list.push(Bracket { above, rate, deduction });
        before = rate;
    }
    Ok(list)
}

/// The tables of a market whose margin has tiers; empty ones stand for its flat rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tables {
    /// Margin below which an account can't take on more.
    pub initial: Vec<Bracket>,
    /// Margin below which it is liquidated.
    pub maintenance: Vec<Bracket>,
}

/// A rate that rises in a straight line from `base` at the lower cap to the whole at the upper.
///
/// All three amounts count the market's open interest in quote atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenInterestScale {
    /// Rate as long as open interest is at or below the lower cap.
    pub base: Ppm,
    /// Where the rate begins to rise.
    pub lower: Amount,
    /// Where it reaches the whole; at or below `lower` the rate jumps there.
    pub upper: Amount,
    /// Open interest now.
    pub open: Amount,
}

impl OpenInterestScale {
    /// The rate now as an exact fraction: parts, and of how many.
    ///
    /// `base + (1 − base) × (open − lower) ÷ (upper − lower)`, between base and the whole.
    ///
    /// # Errors
    /// [`crate::RejectCode::Overflow`].
    pub fn rate(&self) -> Result<(u128, u128), Reject> {
        let (base, whole) = (u128::from(self.base.get()), u128::from(Ppm::WHOLE.get()));
        if self.open <= self.lower || base >= whole {
            return Ok((base, whole));
        }
        if self.open >= self.upper {
            return Ok((whole, whole));
        }
        let range = self.upper.saturating_sub(self.lower).get();
        let risen = self.open.saturating_sub(self.lower).get();
        let parts = |rate: u128, of: u128| rate.checked_mul(of).ok_or(Reject::overflow());
        let more = parts(whole.saturating_sub(base), risen)?;
        let sum = parts(base, range)?.checked_add(more).ok_or(Reject::overflow())?;
        Ok((sum, parts(whole, range)?))
    }

    /// Margin of a notional in quote atoms. **Rounding** up.
    ///
    /// # Errors
    /// [`crate::RejectCode::Overflow`].
    pub fn requirement(&self, notional: Amount) -> Result<Amount, Reject> {
        let (rate, whole) = self.rate()?;
        Ok(notional.mul_div_ceil(rate, whole)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_meet() {
        let steps = [(0, 4_000), (50_000, 5_000), (600_000, 10_000), (3_000_000, 25_000)];
        let list =
            brackets(&steps.map(|(above, rate)| (Amount::new(above), Ppm::new(rate)))).unwrap();
        let deductions: Vec<u128> = list.iter().map(|bracket| bracket.deduction.get()).collect();
        assert_eq!(deductions, [0, 50, 3_050, 48_050]);
        for (notional, want) in [
            (0, 0),
            (1, 1),
            (50_000, 200),
            (50_001, 201),
            (600_000, 2_950),
            (600_100, 2_951),
            (3_000_000, 26_950),
            (4_000_000, 51_950),
        ] {
            assert_eq!(
                bracketed(&list, Amount::new(notional)),
                Ok(Amount::new(want)),
                "{notional}"
            );
        }
        assert_eq!(bracketed(&[], Amount::MAX), Ok(Amount::ZERO));
        let above = Bracket { above: Amount::new(9), rate: Ppm::WHOLE, deduction: Amount::new(5) };
        assert_eq!(bracketed(&[above], Amount::new(3)), Ok(Amount::ZERO));
    }

    #[test]
    fn margin_rises_with_open_interest() {
        for (open, lower, upper, want) in [
            (0, 100, 200, 50),
            (100, 100, 200, 50),
            (101, 100, 200, 60), // 5 % + 95 % × 1 % = 5.95 %, rounded up
            (150, 100, 200, 525),
            (200, 100, 200, 1_000),
            (u128::MAX, 100, 200, 1_000),
            (100, 100, 100, 50),
            (101, 100, 50, 1_000),
        ] {
            let [lower, upper, open] = [lower, upper, open].map(Amount::new);
            let scale = OpenInterestScale { base: Ppm::new(50_000), lower, upper, open };
            assert_eq!(scale.requirement(Amount::new(1_000)), Ok(Amount::new(want)), "{scale:?}");
        }
        let whole = OpenInterestScale {
            base: Ppm::new(2_000_000),
            lower: Amount::ZERO,
            upper: Amount::MAX,
            open: Amount::new(5),
        };
        assert_eq!(whole.requirement(Amount::new(10)), Ok(Amount::new(20)));
        let wide = OpenInterestScale { base: Ppm::ZERO, ..whole };
        assert!(wide.requirement(Amount::new(10)).is_err());
    }
}
