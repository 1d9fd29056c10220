//! Books of accounts. What [`Book::synthetic`] makes is drawn from a seed and belongs to nobody: it
//! must be labelled synthetic wherever it is shown.

use crate::{
    float::{PRICE_SCALE, to_float, to_units},
    params::BookParams,
    random::Random,
};
use backstop_core::policy::PositionSide;
use backstop_units::{Amount, Base, Label, LabelError, Price};

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
    /// Draws a book on one market: heavy-tailed sizes, lognormal leverage, both sides.
    ///
    /// Sizes are a lognormal body below `tail_from` and a Pareto tail between it and `size_max`;
    /// leverage is independent of size and side. `price` is the first oracle price, and
    /// `quote_atoms` the atoms of one whole quote unit. The same seed gives the same book.
    ///
    /// **Rounding** sizes and collateral to the nearest atom, at least one.
    ///
    /// # Errors
    /// [`LabelError`] with more than 99,999,999 accounts.
    pub fn synthetic(
        seed: u64,
        params: &BookParams,
        price: Price,
        quote_atoms: Amount,
    ) -> Result<Self, LabelError> {
        let mut random = Random::new(seed);
        let atoms = to_float(quote_atoms.get());
        // Quote atoms of one base atom.
        let unit = to_float(price.get()) / to_float(PRICE_SCALE) / to_float(PRICE_SCALE);
        let accounts = (1..=params.accounts).map(|number| {
            let notional = size(&mut random, params) * atoms;
            let equity = notional / leverage(&mut random, params);
            let side = side(&mut random, params);
            let base = Base::new(to_units(notional / unit).max(1));
            Ok(Account {
                label: numbered("trader", number)?,
                collateral: Amount::new(to_units(equity).max(1)),
                positions: vec![Opening { market: 0, side, base }],
            })
        });
        Ok(Self { accounts: accounts.collect::<Result<_, _>>()? })
    }
}

fn size(random: &mut Random, params: &BookParams) -> f64 {
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
        Book::synthetic(seed, &BookParams::DEMO, price, Amount::new(1_000_000)).unwrap()
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
}
