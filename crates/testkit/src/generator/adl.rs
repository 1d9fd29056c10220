//! Lists of candidates out of small numbers, and the commands that bring them.

use super::{Money, Op, Part, Step, Winners, resolve::fitting, strategy::then};
use crate::world::{TRADERS, label};
use backstop_core::{
    Body, State,
    command::{
        CloseAdl, CloseEquity, OpenAdl, OpenEquity, RunAdl, RunEquity, SubmitAdlPart,
        SubmitEquityPart,
    },
    loss::{
        adl::Candidate,
        claim::{Kind, Tally},
        equity::Holder,
    },
    policy::PositionSide,
    state::Loss,
};
use backstop_units::{Amount, Base, LossId, Price, Span};
use proptest::{collection::vec, option, prelude::*, sample::select};

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
        let (count, lots) = (tally.count, Base::new(tally.sum.get()));
        OpenAdl { loss, side: self.side(), price, mark, count, lots, root: tally.root() }
    }
}

impl Winners {
    /// The same as accounts with their equity. Names may occur twice, and now and then one has none.
    pub fn holders(self) -> Vec<Holder> {
        let of = |one: Candidate| Holder { account: one.account, equity: one.equity };
        self.candidates().into_iter().map(of).collect()
    }

    fn open_equity(self, loss: LossId) -> OpenEquity {
        let mut tally = Tally::default();
        for holder in self.holders() {
            tally.push(&holder).expect("small numbers");
        }
        let equity = Amount::new(tally.sum.get());
        OpenEquity { loss, count: tally.count, equity, root: tally.root() }
    }
}

/// A loss with an open claim on such a layer, if there is one.
fn asked(state: &State, number: u8, kind: Kind) -> LossId {
    let get = |id| state.losses.get(LossId::new(id));
    let waits = |loss: &Loss| {
        let mut claims = loss.rows.iter().filter_map(|row| row.row.cohort.claim_on(kind));
        claims.any(|claim| state.layer_claims.get(claim).is_some_and(|claim| !claim.closed))
    };
    LossId::new(fitting(number, state.losses.len(), get, waits))
}

pub(super) fn resolve(op: &Op, state: &State) -> Option<(&'static str, Body)> {
    let adl = |number: &u8| asked(state, *number, Kind::Adl);
    let equity = |number: &u8| asked(state, *number, Kind::Equity);
    Some(match op {
        Op::OpenAdl { loss, list } => ("venue", list.open(adl(loss)).into()),
        Op::SubmitAdl { loss, list, from, count } => {
            let entries = part(list.candidates(), *from, *count);
            ("venue", SubmitAdlPart { loss: adl(loss), entries }.into())
        }
        Op::RunAdl { loss } => ("keeper", RunAdl { loss: adl(loss) }.into()),
        Op::CloseAdl { loss } => ("keeper", CloseAdl { loss: adl(loss) }.into()),
        Op::OpenEquity { loss, list } => ("venue", list.open_equity(equity(loss)).into()),
        Op::SubmitEquity { loss, list, from, count } => {
            let entries = part(list.holders(), *from, *count);
            ("venue", SubmitEquityPart { loss: equity(loss), entries }.into())
        }
        Op::RunEquity { loss } => ("keeper", RunEquity { loss: equity(loss) }.into()),
        Op::CloseEquity { loss } => ("keeper", CloseEquity { loss: equity(loss) }.into()),
        _ => return None,
    })
}

fn part<T>(list: Vec<T>, from: u8, count: u8) -> Vec<T> {
    list.into_iter().skip(usize::from(from)).take(usize::from(count)).collect()
}

/// A bankruptcy, or one that is there already, that accounts share by equity: a list, its parts, its steps,
/// its end, and what comes back.
pub(super) fn equity_story() -> BoxedStrategy<Vec<Step>> {
    let list = (any::<u32>(), 0u8..7).prop_map(|(seed, count)| Winners { seed, count });
    let parts = (0u8..7, 1usize..5, select(vec![0u64, 0, 0, 2, 61]));
    let after = (select(vec![80u8, 160, 255]), 0u8..5, 0u8..3);
    (option::weighted(0.6, (0u8..2, 1i128..400)), list, parts, after)
        .prop_map(|(loss, list, (cut, runs, minutes), (part, end, other))| {
            let settle = loss.map(|(market, deficit)| Op::Settle {
                market,
                who: 0,
                by: 1,
                outcome: -deficit,
                notional: 0,
                base: None,
                evidence: true,
            });
            let mut ops: Vec<Op> = settle.into_iter().collect();
            ops.push(Op::OpenEquity { loss: 0, list });
            ops.push(Op::SubmitEquity { loss: 0, list, from: 0, count: cut });
            ops.push(Op::SubmitEquity { loss: 0, list, from: cut, count: 9 });
            ops.extend((0..runs).map(|_| Op::RunEquity { loss: 0 }));
            let mut steps: Vec<Step> = ops.into_iter().map(|op| then(Span::ZERO, op)).collect();
            let wait = Span::from_ms(minutes * 60_000);
            steps.push(then(wait, Op::CloseEquity { loss: 0 }));
            let from = Money::Clearing(other);
            let last = match end {
                0 => Op::Void { loss: other },
                _ => Op::Recover { loss: 0, from, part: Part::Of(part) },
            };
            steps.push(then(Span::ZERO, last));
            let claim = |who| then(Span::ZERO, Op::ClaimRecovery { loss: 0, who });
            steps.extend((0..5).map(claim));
            steps
        })
        .boxed()
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
