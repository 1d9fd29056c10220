//! Depositors and borrowers. Drawn from a seed, they belong to nobody: synthetic wherever they are shown.

use super::params::LendingParams;
use crate::{
    book::{numbered, size},
    error::RiskError,
    float::{PRICE_SCALE, to_float, to_units},
    random::Random,
    vault::week::Week,
};
use backstop_units::{Amount, Label, MathError, Price};

/// Decimals of every kind of collateral.
pub const COIN_DECIMALS: u8 = 9;

/// Sets these people apart from the demo's other books: another stream of the same seed.
const STREAM: u64 = 0x5641_554C_5453;

/// One depositor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depositor {
    /// His name.
    pub label: Label,
    /// What he puts in, in atoms.
    pub amount: Amount,
    /// At which look of the week he comes; none: before it.
    pub comes: Option<u32>,
    /// At which look of the week he wants to leave, if he does.
    pub leaves: Option<u32>,
}

/// One borrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrower {
    /// His name.
    pub label: Label,
    /// Against which kind of collateral.
    pub market: usize,
    /// What he borrows, in atoms.
    pub debt: Amount,
    /// What he pledges, in atoms of the collateral.
    pub pledged: Amount,
}

/// Everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LendingBook {
    /// Depositors, those who come later behind the others.
    pub depositors: Vec<Depositor>,
    /// Borrowers.
    pub borrowers: Vec<Borrower>,
    /// The curator's money, which he stakes where there is a pool.
    pub own: Amount,
    /// The matcher's, the same.
    pub matched: Amount,
}

impl LendingBook {
    /// Draws everybody; the same seed gives the same. Half of the vault's money is lent against each kind of collateral:
    /// loans are drawn until the part that is lent is reached, the last one is cut.
    ///
    /// **Rounding** to the nearest atom, at least a whole unit for a deposit; pledges up.
    ///
    /// # Errors
    /// [`RiskError::Label`] with more than 99,999,999 people, [`RiskError::Math`] beyond 128 bits.
    pub fn draw(
        seed: u64,
        params: &LendingParams,
        (week, prices): (&Week, [Price; 2]),
        quote_atoms: Amount,
    ) -> Result<Self, RiskError> {
        let mut random = Random::new(seed ^ STREAM);
        let looks = Week::LENGTH.ms().div_euclid(params.look.ms().max(1));
        let depositors = depositors(&mut random, params, looks, quote_atoms)?;
        let before = depositors.iter().filter(|one| one.comes.is_none()).map(|one| one.amount);
        let put_in = before.fold(Amount::ZERO, Amount::saturating_add);
        let own = params.pool_of_loans.of_floor(params.lent.of_floor(put_in)?)?;
        let most = Amount::new(params.match_max).mul_div_floor(quote_atoms.get(), 1)?;
        let matched = own.min(most);
        let all = put_in.saturating_add(own).saturating_add(matched);
        let half = params.lent.of_floor(all)?.mul_div_floor(1, 2)?;
        let mut borrowers = Vec::new();
        for (market, (collateral, price)) in week.collateral.iter().zip(prices).enumerate() {
            let limit = to_float(collateral.terms.borrow.get().into()) / 10_000.0;
            let mut left = half;
            while !left.is_zero() {
                let drawn = random.pareto(
                    params.book.tail_exponent,
                    params.book.tail_from,
                    params.book.size_max,
                );
                let debt = atoms(drawn, quote_atoms).min(left);
                left = left.saturating_sub(debt);
                let part = random.uniform() * (params.loan_most - params.loan_least);
                let worth = to_float(debt.get()) / (limit * (params.loan_least + part));
                let number = u32::try_from(borrowers.len()).map_err(|_| MathError::Overflow)? + 1;
                borrowers.push(Borrower {
                    label: numbered("borrower", number)?,
                    market,
                    debt,
                    pledged: coins(worth, price),
                });
            }
        }
        Ok(Self { depositors, borrowers, own, matched })
    }

    /// All that depositors, curator and matcher put in.
    pub fn put_in(&self) -> Amount {
        let money = self.depositors.iter().map(|one| one.amount);
        money.chain([self.own, self.matched]).fold(Amount::ZERO, Amount::saturating_add)
    }

    /// All that is borrowed.
    pub fn lent(&self) -> Amount {
        self.borrowers.iter().map(|one| one.debt).fold(Amount::ZERO, Amount::saturating_add)
    }
}

/// Whole quote units as atoms.
fn atoms(units: f64, quote_atoms: Amount) -> Amount {
    Amount::new(to_units(units * to_float(quote_atoms.get())))
}

/// Atoms of a collateral that are worth so many quote atoms. **Rounding** up.
fn coins(worth: f64, price: Price) -> Amount {
    let each = to_float(price.get()) / to_float(PRICE_SCALE) / 1e9;
    Amount::new(to_units(worth / each) + 1)
}

fn depositors(
    random: &mut Random,
    params: &LendingParams,
    looks: u64,
    quote_atoms: Amount,
) -> Result<Vec<Depositor>, RiskError> {
    let count = usize::try_from(looks).unwrap_or(usize::MAX);
    let coming = to_units(f64::from(params.depositors) * params.coming);
    let late = u32::try_from(coming).map_err(|_| MathError::Overflow)?;
    let look = |random: &mut Random| u32::try_from(random.below(count) + 1).unwrap_or(u32::MAX);
    let depositor = |number: u32| {
        let amount = atoms(size(random, &params.book), quote_atoms).max(quote_atoms);
        let comes = (number > params.depositors).then(|| look(random));
        let leaves = comes.is_none() && random.chance(params.leaving);
        let leaves = leaves.then(|| look(random));
        Ok(Depositor { label: numbered("depositor", number)?, amount, comes, leaves })
    };
    (1..=params.depositors + late).map(depositor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::week::WEEKS;

    fn draw(seed: u64, week: &Week) -> LendingBook {
        let prices = week.prices(6).unwrap().map(|closes| closes[0].1);
        LendingBook::draw(seed, &LendingParams::DEMO, (week, prices), Amount::new(1_000_000))
            .unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let book = draw(7, &WEEKS[0]);
        assert_eq!(book, draw(7, &WEEKS[0]));
        assert_ne!(book.depositors, draw(8, &WEEKS[0]).depositors);
        assert_eq!(book.depositors, draw(7, &WEEKS[2]).depositors);
        assert_eq!(book.depositors.len(), 4_200);
        let leaving = book.depositors.iter().filter(|one| one.leaves.is_some()).count();
        assert!((1_900..2_100).contains(&leaving), "{leaving}");
        let looks = book.depositors.iter().filter_map(|one| one.leaves.or(one.comes));
        assert_eq!((looks.clone().min(), looks.max()), (Some(1), Some(14)));
    }

    #[test]
    fn three_quarters_are_lent_and_every_loan_is_covered() {
        for week in WEEKS {
            let book = draw(3, week);
            let late = book.depositors.iter().filter(|one| one.comes.is_some());
            let late = late.map(|one| one.amount.get()).sum::<u128>();
            let before = book.put_in().get() - late;
            assert_eq!(book.lent().get() / 2, before * 3 / 4 / 2, "{}", week.name);
            let prices = week.prices(6).unwrap().map(|closes| closes[0].1);
            for loan in &book.borrowers {
                let worth = mul(loan.pledged.get(), prices[loan.market].get());
                let part = to_float(loan.debt.get()) / worth;
                let terms = week.collateral[loan.market].terms;
                let limit = f64::from(terms.borrow.get()) / 1e4;
                assert!(part < limit && part > limit * 0.499, "{loan:?} {part}");
            }
        }
    }

    fn mul(coins: u128, price: u128) -> f64 {
        to_float(coins) * to_float(price) / 1e18
    }
}
