//! What an account is worth and what margin it needs.
//!
//! ```text
//!   notional     ⌊size × mark⌋                      signed: below zero for a short
//!   equity       collateral + Σ (notional + funding)
//!   maintenance  Σ ⌈|notional| × rate⌉              or by brackets, or by open interest
//!   to liquidate equity < maintenance, and some maintenance is needed
//! ```
//!
//! An account is pure input here: its collateral carries what entries cost, so a position needs no
//! entry price. **Source** net collateral and margin requirements as order-book venues on chain
//! compute them; rates and brackets as exchanges publish them.

use super::tiers::{Bracket, OpenInterestScale, bracketed};
use crate::reject::{Reject, RejectCode};
use alloc::vec::Vec;
use backstop_units::{Amount, Ppm, Price, Signed};

/// A [`Price`] counts billionths of a quote atom.
const PRICE_DECIMALS: u32 = 9;
/// With more decimals the scale of a price would not fit 128 bits.
const DECIMALS_MAX: u8 = 29;

/// How much margin a notional needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin<'a> {
    /// The same portion of every notional.
    Rate(Ppm),
    /// A portion that rises by the size of the position, from the smallest bracket up.
    Brackets(&'a [Bracket]),
    /// A portion that rises with the open interest of the market.
    Scaled(OpenInterestScale),
}

impl Margin<'_> {
    /// Margin for a notional of `size` quote atoms. **Rounding** up: the account keeps an atom more.
    ///
    /// # Errors
    /// [`RejectCode::Overflow`].
    pub fn requirement(&self, size: Amount) -> Result<Amount, Reject> {
        match self {
            Self::Rate(rate) => Ok(rate.of_ceil(size)?),
            Self::Brackets(brackets) => bracketed(brackets, size),
            Self::Scaled(scale) => scale.requirement(size),
        }
    }
}

/// One position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// Base atoms, below zero for a short.
    pub size: Signed,
    /// Decimals of the base asset.
    pub decimals: u8,
    /// Quote atoms for each whole base unit × 10⁹.
    pub mark: Price,
    /// Funding not yet settled, in quote atoms: above zero when the account is owed it.
    pub funding: Signed,
    /// Margin below which the account is liquidated.
    pub maintenance: Margin<'a>,
    /// Margin below which it can't take on more.
    pub initial: Margin<'a>,
}

/// An account: its free collateral and its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// Quote atoms; below zero when entries cost more than was paid in.
    pub collateral: Signed,
    /// In any order; one for each market.
    pub positions: Vec<Position<'a>>,
}

/// What an account is worth and needs, in quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Collateral, notionals and funding.
    pub equity: Signed,
    /// Total maintenance margin.
    pub maintenance: Amount,
    /// Total initial margin.
    pub initial: Amount,
}

/// Base atoms of a whole unit × the scale of a price: divides size × price into quote atoms.
pub(crate) fn scale(decimals: u8) -> Result<u128, Reject> {
    let too_many =
        || Reject::new(RejectCode::TooManyDecimals, u32::from(decimals), u32::from(DECIMALS_MAX));
    10u128.checked_pow(u32::from(decimals).saturating_add(PRICE_DECIMALS)).ok_or_else(too_many)
}

/// `⌊size × price⌋` in quote atoms, below zero for a short.
///
/// **Rounding** toward minus infinity: a long is worth the floor, a short owes the ceiling; the
/// account bears the dust.
///
/// # Errors
/// [`RejectCode::Overflow`]; [`RejectCode::TooManyDecimals`] past 29.
pub fn notional(size: Signed, decimals: u8, price: Price) -> Result<Signed, Reject> {
    Ok(size.mul_div_floor(price.get(), scale(decimals)?)?)
}

/// What a position has gained between two prices, in quote atoms: the difference of its notionals.
///
/// **Rounding** each notional down, so the sum over any way of prices is the same. Off by less than
/// one atom.
///
/// # Errors
/// As [`notional`].
pub fn pnl(size: Signed, decimals: u8, from: Price, to: Price) -> Result<Signed, Reject> {
    let (before, after) = (notional(size, decimals, from)?, notional(size, decimals, to)?);
    after.checked_sub(before).ok_or(Reject::overflow())
}

/// Funding that a position is owed since it last settled: `⌊size × (then − now)⌋`, with the index in
/// quote atoms for each whole base unit × 10⁹. A long pays when the index rises.
///
/// **Rounding** toward minus infinity: the account bears the dust, and what is paid covers what is
/// received.
///
/// # Errors
/// As [`notional`].
pub fn funding(size: Signed, decimals: u8, then: Signed, now: Signed) -> Result<Signed, Reject> {
    let fall = then.checked_sub(now).ok_or(Reject::overflow())?;
    let size =
        if fall.is_negative() { size.checked_neg().ok_or(Reject::overflow())? } else { size };
    Ok(size.mul_div_floor(fall.size().get(), scale(decimals)?)?)
}

impl<'a> Position<'a> {
    /// Its signed notional.
    ///
    /// # Errors
    /// As [`notional`].
    pub fn notional(&self) -> Result<Signed, Reject> {
        notional(self.size, self.decimals, self.mark)
    }

    /// What it adds to the account: notional with funding, and its margins.
    ///
    /// # Errors
    /// As [`notional`].
    pub fn standing(&self) -> Result<Standing, Reject> {
        let notional = self.notional()?;
        Ok(Standing {
            equity: notional.checked_add(self.funding).ok_or(Reject::overflow())?,
            maintenance: self.maintenance.requirement(notional.size())?,
            initial: self.initial.requirement(notional.size())?,
        })
    }

    /// The position after `delta` base atoms have been closed; its funding stays as it is.
    ///
    /// # Errors
    /// [`RejectCode::BadClose`] unless `delta` is on the other side and no larger than the position;
    /// the limit says how much may be closed on that side.
    pub fn closed_by(&self, delta: Signed) -> Result<Position<'a>, Reject> {
        let other_side = self.size.is_negative() != delta.is_negative();
        let closable = if other_side { self.size.size() } else { Amount::ZERO };
        if delta.is_zero() || delta.size() > closable {
            return Err(Reject::new(RejectCode::BadClose, delta.size(), closable));
        }
        let size = self.size.checked_add(delta).ok_or(Reject::overflow())?;
        Ok(Self { size, ..*self })
    }
}

impl<'a> Account<'a> {
    /// Equity and margins over all positions.
    ///
    /// # Errors
    /// As [`notional`].
    pub fn standing(&self) -> Result<Standing, Reject> {
        let mut total = Standing { equity: self.collateral, ..Standing::default() };
        for position in &self.positions {
            total = total.plus(&position.standing()?)?;
        }
        Ok(total)
    }

    /// The position at an index.
    ///
    /// # Errors
    /// [`RejectCode::BadClose`] when there is none: nothing can be closed there.
    pub fn position(&self, at: usize) -> Result<&Position<'a>, Reject> {
        let none = || Reject::new(RejectCode::BadClose, "no position", Amount::ZERO);
        self.positions.get(at).ok_or_else(none)
    }

    /// The account after closing `delta` of the position at `at` for `quote` atoms, below zero when
    /// the account pays them.
    ///
    /// # Errors
    /// As [`Self::position`] and [`Position::closed_by`]; [`RejectCode::Overflow`].
    pub fn closed_by(&self, at: usize, delta: Signed, quote: Signed) -> Result<Self, Reject> {
        let closed = self.position(at)?.closed_by(delta)?;
        let collateral = self.collateral.checked_add(quote).ok_or(Reject::overflow())?;
        let mut positions = self.positions.clone();
        if let Some(position) = positions.get_mut(at) {
            *position = closed;
        }
        Ok(Self { collateral, positions })
    }
}

impl Standing {
    /// Both together.
    ///
    /// # Errors
    /// [`RejectCode::Overflow`].
    pub fn plus(&self, other: &Self) -> Result<Self, Reject> {
        let overflow = Reject::overflow();
        Ok(Self {
            equity: self.equity.checked_add(other.equity).ok_or(overflow)?,
            maintenance: self.maintenance.checked_add(other.maintenance).ok_or(overflow)?,
            initial: self.initial.checked_add(other.initial).ok_or(overflow)?,
        })
    }

    /// Whether equity reaches a requirement.
    pub fn meets(&self, requirement: Amount) -> bool {
        !self.equity.is_negative() && self.equity.positive() >= requirement
    }

    /// What equity lacks of maintenance margin, in quote atoms.
    pub fn missing(&self) -> Amount {
        let lacking = self.maintenance.saturating_sub(self.equity.positive());
        lacking.saturating_add(self.equity.negative())
    }

    /// Whether the account is to be liquidated: it needs maintenance margin and has less. An account
    /// that needs none has no position to close, whatever it owes.
    pub fn is_liquidatable(&self) -> bool {
        !self.maintenance.is_zero() && !self.meets(self.maintenance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: u128 = 1_000_000_000_000_000; // one quote unit of six decimals as a price

    fn position(size: i128, decimals: u8, price: u128) -> Position<'static> {
        Position {
            size: Signed::new(size),
            decimals,
            mark: Price::new(price),
            funding: Signed::ZERO,
            maintenance: Margin::Rate(Ppm::new(100_000)),
            initial: Margin::Rate(Ppm::new(200_000)),
        }
    }

    #[test]
    fn notionals_round_against_the_account() {
        for (size, decimals, price, want) in [
            (100_000_000, 8, 50_000 * USD, 50_000_000_000),
            (-100_000_000, 8, 50_000 * USD, -50_000_000_000),
            (1, 8, 50_000 * USD, 500),
            (1, 9, USD / 3, 0),
            (-1, 9, USD / 3, -1),
            (-1_000_000_000, 9, USD / 3, -333_334),
            (0, 0, u128::MAX, 0),
            (i128::MIN, 0, 1_000_000_000, i128::MIN),
        ] {
            let got = notional(Signed::new(size), decimals, Price::new(price));
            assert_eq!(got, Ok(Signed::new(want)), "{size} of {decimals} decimals at {price}");
        }
        let over = notional(Signed::new(i128::MIN), 0, Price::new(u128::MAX));
        assert_eq!(over.unwrap_err().code, RejectCode::Overflow);
        let deep = notional(Signed::new(1), 30, Price::new(1));
        assert_eq!(deep.unwrap_err().code, RejectCode::TooManyDecimals);
    }

    #[test]
    fn several_markets_add_up() {
        // 110 and a long of 200 against a short of 300: 10 of equity for margins of 20 and 30.
        let account = Account {
            collateral: Signed::new(110_000_000),
            positions: vec![
                position(400_000, 8, 50_000 * USD),
                position(-100_000_000, 9, 3_000 * USD),
            ],
        };
        let standing = account.standing().unwrap();
        let want = Standing {
            equity: Signed::new(10_000_000),
            maintenance: Amount::new(50_000_000),
            initial: Amount::new(100_000_000),
        };
        assert_eq!(standing, want);
        assert!(standing.is_liquidatable());
    }

    #[test]
    fn standing_and_liquidation() {
        for (equity, maintenance, liquidatable) in [
            (10, 10, false),
            (9, 10, true),
            (-1, 10, true),
            (-1, 0, false),
            (0, 0, false),
            (0, 1, true),
        ] {
            let standing = Standing {
                equity: Signed::new(equity),
                maintenance: Amount::new(maintenance),
                initial: Amount::ZERO,
            };
            assert_eq!(standing.is_liquidatable(), liquidatable, "{equity} of {maintenance}");
        }
    }

    #[test]
    fn gains_and_funding() {
        let price = |usd| Price::new(usd * USD);
        let gain =
            |size, from, to| pnl(Signed::new(size), 8, price(from), price(to)).unwrap().get();
        assert_eq!(gain(100_000_000, 100, 90), -10_000_000);
        assert_eq!(gain(-100_000_000, 100, 90), 10_000_000);
        // An index that has risen by a third of a unit: a long pays, a short receives less.
        let (then, now) = (Signed::ZERO, Signed::new(i128::try_from(USD / 3).unwrap()));
        let owed = |size| funding(Signed::new(size), 0, then, now).unwrap().get();
        assert_eq!((owed(1), owed(-1), owed(0)), (-333_334, 333_333, 0));
        let extreme = funding(Signed::new(1), 0, Signed::new(i128::MAX), Signed::new(-1));
        assert_eq!(extreme.unwrap_err().code, RejectCode::Overflow);
    }

    #[test]
    fn only_the_other_side_closes() {
        let account = Account { collateral: Signed::ZERO, positions: vec![position(-7, 0, USD)] };
        let close = |at, delta| {
            let closed = account.closed_by(at, Signed::new(delta), Signed::new(5));
            closed.map(|account| (account.collateral.get(), account.positions[at].size.get()))
        };
        assert_eq!(close(0, 7), Ok((5, 0)));
        assert_eq!(close(0, 2), Ok((5, -5)));
        for (delta, got, limit) in
            [(8, 8u128, 7u128), (-1, 1, 0), (0, 0, 7), (i128::MIN, 1 << 127, 0)]
        {
            let want = Reject::new(RejectCode::BadClose, got, limit);
            assert_eq!(close(0, delta), Err(want), "{delta}");
        }
        assert_eq!(close(1, 1).unwrap_err().code, RejectCode::BadClose);
    }
}
