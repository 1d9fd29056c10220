//! Who stands first: exact scores, and the lights that a trader sees.

use super::{Candidate, Terms};
use crate::policy::{AdlRank, PositionSide};
use alloc::vec::Vec;
use backstop_units::{Base, MathError, Quotient, largest_first, mul_div_ceil};

/// How many quantiles a trader is told of.
const QUANTILES: u128 = 5;

/// A score as a fraction of products. What is the same for all candidates of one list (the mark, the
/// base unit) is left out.
struct Score {
    /// Above zero unless a factor is zero; otherwise below.
    positive: bool,
    over: [u128; 3],
    under: [u128; 3],
}

/// The score of one candidate.
///
/// **Source** published formulas of derivatives venues, in the product's notes. With P = profit ÷ entry
/// and L = notional ÷ equity: P × L for winners and P ÷ L for losers; (profit ÷ collateral) ×
/// (maintenance ÷ equity); (mark ÷ entry, for shorts entry ÷ mark) × L.
fn score(rank: AdlRank, terms: &Terms, candidate: &Candidate) -> Score {
    let (positive, moved) = terms.moved(candidate.entry);
    let [size, entry] = [candidate.size.get(), candidate.entry.get()];
    let [equity, collateral] = [candidate.equity.get(), candidate.collateral.get()];
    match rank {
        AdlRank::Given => Score { positive: true, over: [1; 3], under: [1; 3] },
        AdlRank::ProfitTimesLeverage if positive => {
            Score { positive, over: [moved, size, 1], under: [entry, equity, 1] }
        }
        AdlRank::ProfitTimesLeverage => {
            Score { positive, over: [moved, equity, 1], under: [entry, size, 1] }
        }
        AdlRank::LeveragedPnl => {
            let over = [moved, size, candidate.maintenance.get()];
            Score { positive, over, under: [collateral, equity, 1] }
        }
        AdlRank::MoveTimesLeverage => {
            let (over, under) = match terms.side {
                PositionSide::Long => ([size, 1, 1], [entry, equity, 1]),
                PositionSide::Short => ([entry, size, 1], [equity, 1, 1]),
            };
            Score { positive: true, over, under }
        }
    }
}

/// Positions of the candidates in the order in which they are cut; equal scores as listed.
///
/// **Rounding** none: scores are compared as exact fractions. **Complexity** O(n log n).
///
/// # Errors
/// [`MathError::DivisionByZero`] for a candidate without entry, equity, size or collateral where its
/// rank divides by it.
pub fn order(
    rank: AdlRank,
    terms: &Terms,
    candidates: &[Candidate],
) -> Result<Vec<usize>, MathError> {
    let (mut winners, mut losers, mut flat) = (Group::default(), Group::default(), Vec::new());
    if rank == AdlRank::Given {
        return Ok((0..candidates.len()).collect());
    }
    for (at, candidate) in candidates.iter().enumerate() {
        let Score { positive, over, under } = score(rank, terms, candidate);
        let quotient = Quotient::new(over, under)?;
        match (over.contains(&0), positive) {
            (true, _) => flat.push(at),
            (false, true) => winners.push(at, quotient),
            // The smallest loss stands first, so its fraction is turned over.
            (false, false) => losers.push(at, Quotient::new(under, over)?),
        }
    }
    Ok(winners.into_order().chain(flat).chain(losers.into_order()).collect())
}

/// Candidates with scores of one sign.
#[derive(Default)]
struct Group {
    places: Vec<usize>,
    scores: Vec<Quotient<3>>,
}

impl Group {
    fn push(&mut self, at: usize, score: Quotient<3>) {
        self.places.push(at);
        self.scores.push(score);
    }

    fn into_order(self) -> impl Iterator<Item = usize> {
        let Self { places, scores } = self;
        largest_first(&scores).into_iter().filter_map(move |at| places.get(at).copied())
    }
}

/// Of each candidate, as listed, in which fifth of all lots it stands: 1 is cut first, 5 last. A trader
/// sees it as lights: five for the first fifth, one for the last.
///
/// **Rounding** up: whoever reaches into the next fifth is counted to it. **Source** the lights that
/// venues publish, by cumulative size.
///
/// # Errors
/// [`MathError::Overflow`] when the sizes don't add up within 128 bits.
pub fn quantiles(order: &[usize], candidates: &[Candidate]) -> Result<Vec<u8>, MathError> {
    let sum = |sum: Base, size: Base| sum.checked_add(size).ok_or(MathError::Overflow);
    let total = candidates.iter().try_fold(Base::ZERO, |all, c| sum(all, c.size))?;
    let mut quantiles = candidates.iter().map(|_| 0).collect::<Vec<u8>>();
    let mut before = Base::ZERO;
    for at in order {
        let (Some(candidate), Some(quantile)) = (candidates.get(*at), quantiles.get_mut(*at))
        else {
            continue;
        };
        before = sum(before, candidate.size)?;
        let fifth = mul_div_ceil(before.get(), QUANTILES, total.get())?.max(1);
        *quantile = u8::try_from(fifth).map_err(|_| MathError::Overflow)?;
    }
    Ok(quantiles)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{candidate, terms};
    use super::*;
    use std::vec::Vec;

    /// The order of the example that a venue publishes: a short of 20 is liquidated against six longs
    /// of these sizes and scores.
    #[test]
    fn the_published_queue() {
        let terms = terms(PositionSide::Long, 700, 650);
        // Entry 350: profit is 100%, so the score is notional ÷ equity, and that is set by the equity.
        let positions = [(10, 3), (10, 6), (20, 1), (30, 4), (20, 5), (10, 2)];
        let candidates: Vec<Candidate> = positions
            .iter()
            .map(|(size, score)| candidate(*size, 350, size * 700 * 20 / score))
            .collect();
        let order = order(AdlRank::ProfitTimesLeverage, &terms, &candidates).unwrap();
        assert_eq!(order, [1, 4, 3, 0, 5, 2]);
        // 20, 40, 60, 80, 80 and 100 percent.
        assert_eq!(quantiles(&order, &candidates).unwrap(), [4, 1, 5, 3, 2, 4]);
    }

    #[test]
    fn scores_by_hand() {
        use AdlRank::{Given, LeveragedPnl, MoveTimesLeverage, ProfitTimesLeverage};
        // Size, entry, equity; collateral 100 and maintenance 10 for all.
        let rows =
            [(10, 50, 1_000), (10, 100, 1_000), (10, 125, 1_000), (30, 100, 1_000), (10, 125, 500)];
        for (rank, side, want) in [
            (Given, PositionSide::Long, [0, 1, 2, 3, 4]),
            // At a mark of 100: P × L is 1 × 1; 0; −0.2 ÷ 1; 0; −0.2 ÷ 2.
            (ProfitTimesLeverage, PositionSide::Long, [0, 1, 3, 4, 2]),
            // Shorts: −1 ÷ 1; 0; 0.2 × 1; 0; 0.2 × 2.
            (ProfitTimesLeverage, PositionSide::Short, [4, 2, 1, 3, 0]),
            // (500 ÷ 100) × (10 ÷ 1,000); 0; −2.5 × 0.01; 0; −2.5 × 0.02.
            (LeveragedPnl, PositionSide::Long, [0, 1, 3, 2, 4]),
            (LeveragedPnl, PositionSide::Short, [4, 2, 1, 3, 0]),
            // 2 × 1; 1 × 1; 0.8 × 1; 1 × 3; 0.8 × 2.
            (MoveTimesLeverage, PositionSide::Long, [3, 0, 4, 1, 2]),
            // 0.5 × 1; 1 × 1; 1.25 × 1; 1 × 3; 1.25 × 2.
            (MoveTimesLeverage, PositionSide::Short, [3, 4, 2, 1, 0]),
        ] {
            let candidates: Vec<Candidate> = rows
                .iter()
                .map(|(size, entry, equity)| Candidate {
                    side,
                    collateral: backstop_units::Amount::new(100),
                    maintenance: backstop_units::Amount::new(10),
                    ..candidate(*size, *entry, *equity)
                })
                .collect();
            let order = order(rank, &terms(side, 100, 90), &candidates).unwrap();
            assert_eq!(order, want, "{rank:?} {side:?}");
        }
    }

    #[test]
    fn what_can_not_be_divided_is_an_error() {
        let terms = terms(PositionSide::Long, 100, 90);
        let bad = candidate(10, 50, 0);
        for rank in
            [AdlRank::ProfitTimesLeverage, AdlRank::LeveragedPnl, AdlRank::MoveTimesLeverage]
        {
            assert_eq!(order(rank, &terms, &[bad]), Err(MathError::DivisionByZero), "{rank:?}");
        }
    }
}
