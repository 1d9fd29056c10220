//! Books of accounts. What [`Book::synthetic`] makes is drawn from a seed and belongs to nobody: it
//! must be labelled synthetic wherever it is shown.

use crate::{
    float::{PRICE_SCALE, to_float, to_units},
    params::BookParams,
    random::Random,
};
use backstop_core::policy::PositionSide;
use backstop_units::{Amount, Base, Label, LabelError, Price};
use std::ops::Range;

/// Decimals of a market's base unit: sizes are counted in 10⁻⁹.
pub const BASE_DECIMALS: u8 = 9;

/// One position as an account opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Which market, by its place in the venue.
    pub market: usize,
    /// Which side.
    pub side: PositionSide,
    /// How much, in base atoms.
    pub base: Base,
}

/// One trading account: its money and its positions, which share that money as margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub label: Label,
    /// What it has paid in, in quote atoms: its equity when the book begins.
    pub collateral: Amount,
    /// Its positions, at most one for each market, opened at the first oracle price.
    pub positions: Vec<Opening>,
}

/// All trading accounts of a venue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The accounts.
    pub accounts: Vec<Account>,
}

/// The name of the `number`th of a kind of account, such as `trader-00042`.
///
/// # Errors
/// [`LabelError`] when kind and number are longer than a label.
pub fn numbered(kind: &str, number: u32) -> Result<Label, LabelError> {
    Label::parse(&format!("{kind}-{number:05}"))
}

impl Book {
    /// Draws a book: heavy-tailed sizes, lognormal leverage, both sides.
    ///
    /// Sizes are a lognormal body below `tail_from` and a Pareto tail between it and `size_max`;
    /// leverage is independent of size and side. `prices` are the first oracle prices, one for each
    /// market, and `quote_atoms` the atoms of one whole quote unit. With several markets a part of the
    /// accounts, `crossed_part`, holds an equal notional in each, on sides drawn one by one; the others
    /// hold one, any of them. The same seed gives the same book.
    ///
    /// **Rounding** sizes and collateral to the nearest atom, at least one.
    ///
    /// # Errors
    /// [`LabelError`] with more than 99,999,999 accounts.
    pub fn synthetic(
        seed: u64,
        params: &BookParams,
        prices: &[Price],
        quote_atoms: Amount,
    ) -> Result<Self, LabelError> {
        let mut random = Random::new(seed);
        let atoms = to_float(quote_atoms.get());
        let accounts = (1..=params.accounts).map(|number| {
            let notional = size(&mut random, params) * atoms;
            let equity = notional / leverage(&mut random, params);
            Ok(Account {
                label: numbered("trader", number)?,
                collateral: Amount::new(to_units(equity).max(1)),
                positions: positions(&mut random, params, prices, notional),
            })
        });
        Ok(Self { accounts: accounts.collect::<Result<_, _>>()? })
    }
}

/// The positions of an account whose notionals add up to `notional` quote atoms.
fn positions(
    random: &mut Random,
    params: &BookParams,
    prices: &[Price],
    notional: f64,
) -> Vec<Opening> {
    let first = side(random, params);
    let all = prices.len() < 2 || random.chance(params.crossed_part);
    let chosen = if all { 0..prices.len() } else { one_of(random, prices.len()) };
    let parts = to_float(u128::try_from(chosen.len()).unwrap_or(1));
    let opening = |(place, market): (usize, usize)| {
        // Quote atoms of one base atom.
        let price: Price = prices.get(market).copied().unwrap_or_default();
        let unit = to_float(price.get()) / to_float(PRICE_SCALE) / to_float(PRICE_SCALE);
        let side = if place == 0 { first } else { side(random, params) };
        Opening { market, side, base: Base::new(to_units(notional / parts / unit).max(1)) }
    };
    chosen.enumerate().map(opening).collect()
}

/// One place out of so many, each as likely.
fn one_of(random: &mut Random, count: usize) -> Range<usize> {
    let count_float = to_float(u128::try_from(count).unwrap_or(1));
    let place = libm::floor(random.uniform() * count_float);
    let place = usize::try_from(to_units(place)).unwrap_or(0).min(count.saturating_sub(1));
    place..place + 1
}

/// One account's size, in whole quote units.
pub(crate) fn size(random: &mut Random, params: &BookParams) -> f64 {
    if random.chance(params.tail_part) {
        return random.pareto(params.tail_exponent, params.tail_from, params.size_max);
    }
    within(|| random.lognormal(params.size_median, params.size_sigma), 1.0, params.tail_from)
}

fn side(random: &mut Random, params: &BookParams) -> PositionSide {
    if random.chance(params.long_part) { PositionSide::Long } else { PositionSide::Short }
}

fn leverage(random: &mut Random, params: &BookParams) -> f64 {
    let draw = || random.lognormal(params.leverage_median, params.leverage_sigma);
    within(draw, params.leverage_min, params.leverage_max)
}

/// Draws until the value lies between two bounds; after a thousand misses, the bound.
fn within(mut draw: impl FnMut() -> f64, least: f64, most: f64) -> f64 {
    let hit = (0..1_000).map(|_| draw()).find(|value| (least..=most).contains(value));
    hit.unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(seed: u64) -> Book {
        let price = Price::new(220_000_000 * PRICE_SCALE);
        Book::synthetic(seed, &BookParams::DEMO, &[price], Amount::new(1_000_000)).unwrap()
    }

    #[test]
    fn same_seed_same_book() {
        assert_eq!(demo(5), demo(5));
        assert_ne!(demo(5), demo(6));
        assert_eq!(demo(1).accounts[41].label.to_string(), "trader-00042");
    }

    #[test]
    fn draws_follow_the_published_shape() {
        let book = demo(1);
        let mut leverage: Vec<f64> = Vec::new();
        let mut size: Vec<f64> = Vec::new();
        for account in &book.accounts {
            let notional = to_float(account.positions[0].base.get()) * 220e6 / 1e9;
            leverage.push(notional / to_float(account.collateral.get()));
            size.push(notional / 1e6);
        }
        let part = |values: &[f64], below: f64| {
            let count = values.iter().filter(|value| **value < below).count();
            f64::from(u32::try_from(count).unwrap()) / f64::from(BookParams::DEMO.accounts)
        };
        assert!((part(&leverage, 3.0) - 0.363).abs() < 0.02, "{}", part(&leverage, 3.0));
        assert!((part(&leverage, 7.0) - 0.848).abs() < 0.02, "{}", part(&leverage, 7.0));
        assert!((part(&size, 114_394.0) - 0.95).abs() < 0.01);
        assert!(size.iter().all(|s| *s <= 8_000_001.0));
        assert!(leverage.iter().all(|l| *l < 20.5));
    }

    #[test]
    fn several_markets_are_held_alone_or_all_together() {
        let prices = [8_000, 200].map(|usd: u128| Price::new(usd * 1_000_000 * PRICE_SCALE));
        let book = Book::synthetic(1, &BookParams::DEMO, &prices, Amount::new(1_000_000)).unwrap();
        let count = |pick: &dyn Fn(&Account) -> bool| {
            let count = book.accounts.iter().filter(|account| pick(account)).count();
            f64::from(u32::try_from(count).unwrap()) / f64::from(BookParams::DEMO.accounts)
        };
        let both = |account: &Account| account.positions.len() == 2;
        assert!((count(&both) - BookParams::DEMO.crossed_part).abs() < 0.01);
        let first = count(&|account| !both(account) && account.positions[0].market == 0);
        assert!((first - (1.0 - BookParams::DEMO.crossed_part) / 2.0).abs() < 0.01, "{first}");
        let hedged = count(&|account| {
            both(account) && account.positions[0].side != account.positions[1].side
        });
        assert!((hedged - BookParams::DEMO.crossed_part / 2.0).abs() < 0.01, "{hedged}");
        for account in book.accounts.iter().filter(|account| both(account)) {
            let worth = |at: usize| account.positions[at].base.get() * prices[at].get();
            let (one, other) = (to_float(worth(0)), to_float(worth(1)));
            assert!((one / other - 1.0).abs() < 0.001, "{account:?}");
        }
    }
}
