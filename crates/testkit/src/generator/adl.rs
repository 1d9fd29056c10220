//! Lists of candidates out of small numbers, and the commands that bring them.

use super::{Op, Step, Winners, resolve::fitting, strategy::then};
use crate::world::{TRADERS, label};
use backstop_core::{
    Body, State,
    command::{CloseAdl, OpenAdl, RunAdl, SubmitAdlPart},
    event::Cohort,
    loss::adl::{Candidate, Tally},
    policy::PositionSide,
    state::Loss,
};
use backstop_units::{Amount, Base, LossId, Price, Span};
use proptest::{collection::vec, prelude::*};

/// Digits of a seed, one after the other.
struct Digits(u64);

impl Digits {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % most
    }
    fn amount(&mut self, most: u64) -> u128 {
        u128::from(self.below(most))
    }
}

impl Winners {
    /// The side of the list.
    fn side(self) -> PositionSide {
        if self.seed.is_multiple_of(2) { PositionSide::Long } else { PositionSide::Short }
    }

    /// The candidates. Names may occur twice, and one of them has no account. Now and then one is bad.
    pub fn candidates(self) -> Vec<Candidate> {
        let mut digits = Digits(u64::from(self.seed));
        let mut one = || {
            let (size, who) = (digits.amount(60) + 1, digits.below(6));
            let name =
                TRADERS.iter().zip(0..).find(|(_, at)| *at == who).map_or("zoe", |(name, _)| name);
            let bad = digits.below(60) == 0;
            Candidate {
                account: label(name),
                side: self.side(),
                size: Base::new(size),
                hedged: Base::new(digits.amount(80).min(size)),
                entry: Price::new((digits.amount(12) + 1) * 1_000_000_000),
                equity: Amount::new(if bad { 0 } else { digits.amount(200) + 1 }),
                collateral: Amount::new(digits.amount(100) + 1),
                maintenance: Amount::new(digits.amount(20)),
            }
        };
        (0..self.count).map(|_| one()).collect()
    }

    fn open(self, loss: LossId) -> OpenAdl {
        let mut digits = Digits(u64::from(!self.seed));
        let mut tally = Tally::default();
        for candidate in self.candidates() {
            tally.push(&candidate).expect("small numbers");
        }
        // Seldom on the wrong side of the mark, where nobody would give up anything.
        let away = Price::new((digits.amount(40) + u128::from(digits.below(20) > 0)) * 100_000_000);
        let mark = Price::new(6_000_000_000);
        let price = match self.side() {
            PositionSide::Long => mark.saturating_sub(away),
            PositionSide::Short => mark.saturating_add(away),
        };
        let Tally { count, lots, .. } = tally;
        OpenAdl { loss, side: self.side(), price, mark, count, lots, root: tally.root() }
    }
}

/// A loss with a row of deleveraging that is not closed, if there is one.
fn asked(state: &State, number: u8) -> LossId {
    let get = |id| state.losses.get(LossId::new(id));
    let waits = |loss: &Loss| {
        let mut rows = loss.rows.iter().map(|row| row.row.cohort);
        rows.any(|cohort| match cohort {
            Cohort::Adl { adl } => state.adls.get(adl).is_some_and(|adl| !adl.closed),
            _ => false,
        })
    };
    LossId::new(fitting(number, state.losses.len(), get, waits))
}

pub(super) fn resolve(op: &Op, state: &State) -> Option<(&'static str, Body)> {
    Some(match op {
        Op::OpenAdl { loss, list } => ("venue", list.open(asked(state, *loss)).into()),
        Op::SubmitAdl { loss, list, from, count } => {
            let entries = list.candidates().into_iter().skip(usize::from(*from));
            let entries = entries.take(usize::from(*count)).collect();
            ("venue", SubmitAdlPart { loss: asked(state, *loss), entries }.into())
        }
        Op::RunAdl { loss } => ("keeper", RunAdl { loss: asked(state, *loss) }.into()),
        Op::CloseAdl { loss } => ("keeper", CloseAdl { loss: asked(state, *loss) }.into()),
        _ => return None,
    })
}

/// Money behind every layer of the first two markets: stakes, fees, open interest, deposits.
pub(super) fn stock() -> BoxedStrategy<Vec<Step>> {
    let stake = (0u8..3, 0u8..5, 1u128..400).prop_map(|(tranche, who, amount)| Op::Stake {
        tranche,
        who,
        amount,
        min: false,
    });
    let sums = ((1u128..300, 1u128..90), (1u128..300, 1u128..90));
    (vec(stake, 2..6), sums, 1u128..400)
        .prop_map(|(mut ops, (sol, btc), shares)| {
            for (market, (amount, base)) in [(0, sol), (1, btc)] {
                ops.push(Op::Fees { market, amount });
                ops.push(Op::OpenInterest { market, base });
                ops.push(Op::Deposits { market, shares, index: 1_000_000, late: false });
            }
            ops.into_iter().map(|op| then(Span::ZERO, op)).collect()
        })
        .boxed()
}
