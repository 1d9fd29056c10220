//! Accounts by the core's own margin code, in integers: the judge where floats can't decide, and the oracle of tests.
//!
//! Sizes count 10⁻¹² base units, prices and money are those of the ledger. A float of the files becomes an integer
//! once, here: sizes, prices and their ratios to the nearest, money down, rates to the nearest millionth.

use super::{cascade::Judge, error::NeedError};
use crate::float::{to_float, to_units};
use backstop_core::liquidation::{
    margin::{self, Margin, Standing},
    tiers::{Bracket, brackets},
};
use backstop_units::{Amount, MathError, Ppm, Price, Signed, mul_div_floor};

/// Decimals of a size in base units.
pub(super) const SIZE_DECIMALS: u8 = 12;

/// Decimals of the quote asset in risk numbers; a ledger's own may differ.
pub const QUOTE_DECIMALS: u8 = 6;

pub(super) const QUOTE_ATOMS: f64 = 1e6;
const SIZE_ATOMS: f64 = 1e12;
/// Quote units → a [`Price`]: atoms × 10⁹.
const PRICE_UNITS: f64 = 1e15;

/// What a price of now and a later one may be off together, in quote for each whole unit.
pub(super) const PRICE_QUANTUM: f64 = 2.0 / PRICE_UNITS;

/// A ratio of prices is counted in 10⁻¹².
const RATIO_PARTS: f64 = 1e12;
const RATIO_WHOLE: u128 = 1_000_000_000_000;

/// A market in integers.
#[derive(Clone, Debug)]
struct Market {
    price: Price,
    maintenance: Vec<Bracket>,
}

/// An asset in integers.
#[derive(Clone, Copy, Debug)]
struct Asset {
    haircut: Ppm,
    market: usize,
}

/// A place and a size.
#[derive(Clone, Copy, Debug)]
struct Sized {
    of: usize,
    size: Signed,
}

/// An account in integers.
#[derive(Clone, Debug)]
struct Account {
    /// Cash less what the positions are worth now: equity is this and what they are worth then.
    free: Signed,
    positions: Vec<Sized>,
    pledges: Vec<Sized>,
}

/// All accounts in integers, in the order in which they were put in.
#[derive(Clone, Debug, Default)]
pub struct Margins {
    markets: Vec<Market>,
    assets: Vec<Asset>,
    accounts: Vec<Account>,
}

/// An account on the way in: quote units, and sizes in base units and in units of assets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Draft {
    pub(super) cash: f64,
    pub(super) positions: Vec<(usize, f64)>,
    pub(super) pledges: Vec<(usize, f64)>,
}

/// A rate to the nearest millionth.
pub(super) fn ppm(rate: f64) -> Ppm {
    let parts = u32::try_from(to_units(rate * 1e6)).unwrap_or(u32::MAX);
    Ppm::new(parts)
}

/// Whole units nearest to a float of any sign.
fn signed(units: f64) -> Option<Signed> {
    let size = i128::try_from(to_units(units.abs())).ok()?;
    Some(Signed::new(if units < 0.0 { -size } else { size }))
}

impl Margins {
    /// A market with this price now, in quote units, and these rates from the smallest notional up.
    pub(super) fn market(&mut self, price: f64, steps: &[(f64, f64)]) -> Result<(), NeedError> {
        let atoms =
            |(above, rate): &(f64, f64)| (Amount::new(to_units(above * QUOTE_ATOMS)), ppm(*rate));
        let steps: Vec<(Amount, Ppm)> = steps.iter().map(atoms).collect();
        let price = Price::new(to_units(price * PRICE_UNITS));
        self.markets.push(Market { price, maintenance: brackets(&steps)? });
        Ok(())
    }

    /// An asset that follows a market.
    pub(super) fn asset(&mut self, haircut: f64, market: usize) {
        self.assets.push(Asset { haircut: ppm(haircut), market });
    }

    /// An account; its margins are computed once, so that later ones can't fail.
    pub(super) fn account(&mut self, draft: &Draft) -> Result<(), NeedError> {
        let overflow = || NeedError::Math(MathError::Overflow);
        let cash = libm::floor(draft.cash * QUOTE_ATOMS);
        let mut free = signed(cash).ok_or_else(overflow)?;
        let sized =
            |(of, size): &(usize, f64)| Some(Sized { of: *of, size: signed(size * SIZE_ATOMS)? });
        let all = |list: &[(usize, f64)]| list.iter().map(sized).collect::<Option<Vec<_>>>();
        let positions = all(&draft.positions).ok_or_else(overflow)?;
        let pledges = all(&draft.pledges).ok_or_else(overflow)?;
        for position in &positions {
            let price = self.price(position.of, 1.0);
            let worth = margin::notional(position.size, SIZE_DECIMALS, price)?;
            free = free.checked_sub(worth).ok_or_else(overflow)?;
        }
        self.accounts.push(Account { free, positions, pledges });
        let place = self.accounts.len() - 1;
        self.standing(place, &|_| 1.0)?;
        Ok(())
    }

    fn price(&self, market: usize, ratio: f64) -> Price {
        let price = self.markets.get(market).map_or(Price::ZERO, |market| market.price);
        if (ratio - 1.0).abs() <= 0.0 {
            return price;
        }
        // As a decimal: 1.12 is meant, not the double next to it.
        let parts = to_units(ratio * RATIO_PARTS);
        let moved = mul_div_floor(price.get(), parts, RATIO_WHOLE);
        moved.map_or(Price::new(u128::MAX), Price::new)
    }

    /// Equity and maintenance of an account, with pledges after their haircuts, at prices that are so many times those
    /// of now.
    ///
    /// **Rounding** the core's: against the account; pledges down.
    ///
    /// # Errors
    /// [`NeedError::Rule`] past 128 bits.
    pub fn standing(
        &self,
        account: usize,
        ratio: &dyn Fn(usize) -> f64,
    ) -> Result<Standing, NeedError> {
        let counted = |asset: &Asset| Ppm::WHOLE.get().saturating_sub(asset.haircut.get());
        self.weighed(account, ratio, counted)
    }

    /// The same with so many millionths of each pledge.
    fn weighed(
        &self,
        account: usize,
        ratio: &dyn Fn(usize) -> f64,
        counted: impl Fn(&Asset) -> u32,
    ) -> Result<Standing, NeedError> {
        let Some(account) = self.accounts.get(account) else { return Ok(Standing::default()) };
        let position = |position: &Sized| margin::Position {
            size: position.size,
            decimals: SIZE_DECIMALS,
            mark: self.price(position.of, ratio(position.of)),
            funding: Signed::ZERO,
            maintenance: Margin::Brackets(self.brackets(position.of)),
            initial: Margin::Rate(Ppm::ZERO),
        };
        let mut collateral = account.free;
        for pledge in &account.pledges {
            let Some(asset) = self.assets.get(pledge.of) else { continue };
            let price = self.price(asset.market, ratio(asset.market));
            let worth = margin::notional(pledge.size, SIZE_DECIMALS, price)?.positive();
            let parts = u128::from(counted(asset));
            let counts = mul_div_floor(worth.get(), parts, Ppm::WHOLE.get().into())?;
            let counts = i128::try_from(counts).map_err(|_| MathError::Overflow)?;
            let sum = collateral.checked_add(Signed::new(counts));
            collateral = sum.ok_or(MathError::Overflow)?;
        }
        let positions = account.positions.iter().map(position).collect();
        Ok(margin::Account { collateral, positions }.standing()?)
    }

    fn brackets(&self, market: usize) -> &[Bracket] {
        self.markets.get(market).map(|market| market.maintenance.as_slice()).unwrap_or_default()
    }

    /// The tiers of a market as floats: the very numbers that the integer code has.
    pub(super) fn tiers(&self, market: usize) -> Vec<super::exposure::Tier> {
        let tier = |bracket: &Bracket| super::exposure::Tier {
            above: to_float(bracket.above.get()) / QUOTE_ATOMS,
            rate: f64::from(bracket.rate.get()) / 1e6,
            deduction: to_float(bracket.deduction.get()) / QUOTE_ATOMS,
        };
        self.brackets(market).iter().map(tier).collect()
    }

    /// What an account owes beyond all it has at these prices, in atoms of six decimals: its positions closed and its
    /// pledges sold at the mark, nothing lost on the way. Haircuts count in margin only.
    ///
    /// # Errors
    /// As [`Self::standing`].
    pub fn deficit(
        &self,
        account: usize,
        ratio: &dyn Fn(usize) -> f64,
    ) -> Result<Amount, NeedError> {
        Ok(self.weighed(account, ratio, |_| Ppm::WHOLE.get())?.equity.negative())
    }

    /// Whether an account is to be liquidated, by the core's rule. What overflows is past any price that could be told; against
    /// the payer of risk it falls.
    pub fn falls(&self, account: usize, ratio: &dyn Fn(usize) -> f64) -> bool {
        self.standing(account, ratio).map_or(true, |standing| standing.is_liquidatable())
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

impl Judge for Margins {
    fn is_liquidatable(&self, account: u32, price: &dyn Fn(usize) -> f64) -> bool {
        self.falls(account as usize, price)
    }
}
