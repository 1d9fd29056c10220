//! When a reserve's lenders lost something, and what came of it.
//!
//! ```text
//!   collateral lacks more ──▶ provisional ── repaid, or it lacks less ──▶ released
//!                                  │
//!   a debt is socialised ──────────┴──▶ socialised       what no mark foresaw is an occurrence of its own
//! ```
//!
//! Amounts are for one share that the reserve had at that moment, so what a vault lost is a product with the
//! shares it held. Who leaves before the end is paid the price without what is impaired, and so takes his part
//! of the loss along: a run changes nobody's part of it. What falls on several loans is one occurrence until
//! a vault has looked at it, since until then the same people held that vault.
//!
//! The parts of a run of occurrences are found in as many steps as the count has bits: each row holds the sum
//! over those up to it whose number differs in the lowest bits (**Source** Fenwick, "A new data structure for
//! cumulative frequency tables", 1994). **Invariant D3** a loan's impairment is that of its occurrences, and what
//! is socialised and released of an occurrence is no more than was marked.

use crate::{
    reject::Corrupt,
    state::{Loan, State},
};
use alloc::vec::Vec;
use backstop_units::{Fixed60, ReserveId, Seq, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Occurrences that one loan is part of at most. Past it, what it lacks more counts to the last of them.
pub const LACKS_MAX: usize = 16;

/// A moment at which lenders of a reserve lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Occurrence {
    /// Of which reserve.
    pub reserve: ReserveId,
    /// Its number there, from one.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// In which record.
    pub seq: Seq,
    /// What came of this one and those before it whose numbers differ from its own in the lowest bits only.
    sums: Toll,
}

/// What a share of a reserve lost, in atoms.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Toll {
    /// What was first thought to be lost.
    pub marked: Fixed60,
    /// What is lost.
    pub socialised: Fixed60,
    /// What was not lost in the end.
    pub released: Fixed60,
}

/// What a loan lacks since one occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lack {
    /// The occurrence's number.
    pub number: u32,
    /// How much, in atoms.
    pub amount: Fixed60,
    /// For each share of the reserve that there was.
    pub each: Fixed60,
}

/// What a change is measured from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    sound: Fixed60,
    impaired: Fixed60,
}

impl Toll {
    fn marked(marked: Fixed60) -> Self {
        Self { marked, ..Self::default() }
    }
    fn socialised(socialised: Fixed60) -> Self {
        Self { socialised, ..Self::default() }
    }
    fn released(released: Fixed60) -> Self {
        Self { released, ..Self::default() }
    }

    /// What may still come right.
    pub fn open(&self) -> Fixed60 {
        self.marked.saturating_sub(self.socialised).saturating_sub(self.released)
    }

    fn plus(&self, more: &Self) -> Result<Self, Corrupt> {
        let sum = |a: Fixed60, b| a.checked_add(b).ok_or(Corrupt::Overflow);
        Ok(Self {
            marked: sum(self.marked, more.marked)?,
            socialised: sum(self.socialised, more.socialised)?,
            released: sum(self.released, more.released)?,
        })
    }

    fn minus(&self, less: &Self) -> Result<Self, Corrupt> {
        let rest = |a: Fixed60, b| a.checked_sub(b).ok_or(Corrupt::CounterRange);
        Ok(Self {
            marked: rest(self.marked, less.marked)?,
            socialised: rest(self.socialised, less.socialised)?,
            released: rest(self.released, less.released)?,
        })
    }
}

/// What lenders could count on, and what the loan lacks.
pub(crate) fn look(state: &State, reserve: ReserveId, loan: u32) -> Result<Before, Corrupt> {
    let sound = state.reserves.expect(reserve)?.sound().supply().map_err(|_| Corrupt::Overflow)?;
    Ok(Before { sound, impaired: state.loans.expect(loan)?.impaired })
}

/// Notes that a loan's collateral lacks more than before, or less: what came last comes right first.
pub(crate) fn marked(
    state: &mut State,
    (reserve, loan): (ReserveId, u32),
    before: Before,
) -> Result<(), Corrupt> {
    let after = look(state, reserve, loan)?;
    if let Some(less) = before.impaired.checked_sub(after.impaired) {
        let parts = resolved(state.loans.change(loan)?, less, Vec::pop)?;
        return count(state, reserve, &parts, Toll::released);
    }
    let each = each(state, reserve, before.sound.saturating_sub(after.sound))?;
    let more = after.impaired.saturating_sub(before.impaired);
    let full = state.loans.expect(loan)?.lacks.get(LACKS_MAX.saturating_sub(1));
    let number = match full {
        Some(last) => last.number,
        None => current(state, reserve)?,
    };
    let lacks = &mut state.loans.change(loan)?.lacks;
    match lacks.last_mut() {
        Some(last) if last.number == number => {
            last.amount = last.amount.checked_add(more).ok_or(Corrupt::Overflow)?;
            last.each = last.each.checked_add(each).ok_or(Corrupt::Overflow)?;
        }
        _ => lacks.push(Lack { number, amount: more, each }),
    }
    add(state, reserve, number, &Toll::marked(each))
}

/// Notes that lenders bear a debt. What was marked of it is lost, the oldest mark first, but for what they
/// don't bear; what was not marked is lost now.
pub(crate) fn socialised(
    state: &mut State,
    (reserve, loan): (ReserveId, u32),
    before: Before,
) -> Result<(), Corrupt> {
    let after = look(state, reserve, loan)?;
    let marked = before.impaired.saturating_sub(after.impaired);
    let right = after.sound.saturating_sub(before.sound).min(marked);
    let lost = resolved(state.loans.change(loan)?, marked.saturating_sub(right), oldest)?;
    count(state, reserve, &lost, Toll::socialised)?;
    let spared = resolved(state.loans.change(loan)?, right, oldest)?;
    count(state, reserve, &spared, Toll::released)?;
    let unmarked = each(state, reserve, before.sound.saturating_sub(after.sound))?;
    if unmarked.is_zero() {
        return Ok(());
    }
    let number = current(state, reserve)?;
    add(state, reserve, number, &Toll { socialised: unmarked, ..Toll::marked(unmarked) })
}

/// What came of the occurrences after one number up to another.
///
/// # Errors
/// [`Corrupt::DanglingHandle`].
pub fn between(state: &State, reserve: ReserveId, after: u32, until: u32) -> Result<Toll, Corrupt> {
    up_to(state, reserve, until)?.minus(&up_to(state, reserve, after)?)
}

/// One occurrence of a reserve.
///
/// # Errors
/// [`Corrupt::DanglingHandle`].
pub fn find(state: &State, reserve: ReserveId, number: u32) -> Result<&Occurrence, Corrupt> {
    state.occurrences.expect(row(state, reserve, number)?)
}

fn row(state: &State, reserve: ReserveId, number: u32) -> Result<u32, Corrupt> {
    state.labels.occurrences.get((reserve, number)).ok_or(Corrupt::DanglingHandle)
}

/// An amount for each share. **Rounding** down: nobody is said to have lost what he has not.
fn each(state: &State, reserve: ReserveId, amount: Fixed60) -> Result<Fixed60, Corrupt> {
    let shares = state.reserves.expect(reserve)?.held.shares;
    if shares.is_zero() {
        return Ok(Fixed60::ZERO);
    }
    amount.mul_div_floor(1, shares.get()).map_err(|_| Corrupt::Overflow)
}

/// The occurrence that a loss belongs to now: a new one if a vault has looked at the last.
fn current(state: &mut State, id: ReserveId) -> Result<u32, Corrupt> {
    let reserve = state.reserves.expect(id)?;
    if reserve.occurrences > reserve.seen {
        return Ok(reserve.occurrences);
    }
    let number = reserve.occurrences.checked_add(1).ok_or(Corrupt::Overflow)?;
    let below = up_to(state, id, number.saturating_sub(1))?;
    let sums = below.minus(&up_to(state, id, number & number.saturating_sub(1))?)?;
    let (at, seq) = (state.meta.now, state.meta.next);
    let row = state.occurrences.next_id();
    state.labels.occurrences.insert((id, number), row);
    state.occurrences.insert(row, Occurrence { reserve: id, number, at, seq, sums })?;
    state.reserves.change(id)?.occurrences = number;
    Ok(number)
}

/// The sum over all occurrences up to one.
fn up_to(state: &State, reserve: ReserveId, mut number: u32) -> Result<Toll, Corrupt> {
    let mut sum = Toll::default();
    while number > 0 {
        sum = sum.plus(&find(state, reserve, number)?.sums)?;
        number &= number.saturating_sub(1);
    }
    Ok(sum)
}

/// Adds to one occurrence, in each row whose sum it is part of.
fn add(state: &mut State, id: ReserveId, mut number: u32, toll: &Toll) -> Result<(), Corrupt> {
    let last = state.reserves.expect(id)?.occurrences;
    while number <= last {
        let row = row(state, id, number)?;
        let sums = &mut state.occurrences.change(row)?.sums;
        *sums = sums.plus(toll)?;
        number = number.saturating_add(number & number.wrapping_neg());
    }
    Ok(())
}

fn count(
    state: &mut State,
    reserve: ReserveId,
    parts: &[(u32, Fixed60)],
    toll: fn(Fixed60) -> Toll,
) -> Result<(), Corrupt> {
    parts.iter().try_for_each(|(number, each)| add(state, reserve, *number, &toll(*each)))
}

/// Takes an amount off what a loan lacks, and says for each occurrence what that is for a share. **Rounding** down
/// where it is a part of one.
fn resolved(
    loan: &mut Loan,
    amount: Fixed60,
    next: fn(&mut Vec<Lack>) -> Option<Lack>,
) -> Result<Vec<(u32, Fixed60)>, Corrupt> {
    let (mut parts, mut rest) = (Vec::new(), amount);
    while !rest.is_zero() {
        let lack = next(&mut loan.lacks).ok_or(Corrupt::CounterRange)?;
        let Some(left) = lack.amount.checked_sub(rest).filter(|left| !left.is_zero()) else {
            rest = rest.saturating_sub(lack.amount);
            parts.push((lack.number, lack.each));
            continue;
        };
        let part = lack.each.mul_div_floor(rest.get(), lack.amount.get());
        let part = part.map_err(|_| Corrupt::Overflow)?;
        let kept = Lack { amount: left, each: lack.each.saturating_sub(part), ..lack };
        let at = loan.lacks.partition_point(|other| other.number < lack.number);
        loan.lacks.insert(at, kept);
        parts.push((lack.number, part));
        rest = Fixed60::ZERO;
    }
    Ok(parts)
}

fn oldest(lacks: &mut Vec<Lack>) -> Option<Lack> {
    if lacks.is_empty() { None } else { Some(lacks.remove(0)) }
}

/// Counts what loans lack, and what came of each occurrence: **D3**.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    for (_, loan) in state.loans.iter() {
        let add = |sum: Fixed60, lack: &Lack| sum.checked_add(lack.amount);
        let sum = loan.lacks.iter().try_fold(Fixed60::ZERO, add);
        if sum != Some(loan.impaired) || loan.lacks.len() > LACKS_MAX {
            return Err(Corrupt::Invariant("D3"));
        }
    }
    for (_, occurrence) in state.occurrences.iter() {
        let before = occurrence.number.saturating_sub(1);
        let toll = between(state, occurrence.reserve, before, occurrence.number)?;
        let gone = toll.socialised.checked_add(toll.released).ok_or(Corrupt::Overflow)?;
        if gone > toll.marked {
            return Err(Corrupt::Invariant("D3"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn fixed(steps: u128) -> Fixed60 {
        Fixed60::new(steps)
    }

    fn lack(number: u32, amount: u128, each: u128) -> Lack {
        Lack { number, amount: fixed(amount), each: fixed(each) }
    }

    fn loan(lacks: Vec<Lack>) -> Loan {
        Loan {
            account: backstop_units::AccountId::default(),
            reserve: ReserveId::default(),
            debt: Fixed60::ZERO,
            index: Fixed60::UNIT,
            pledges: Vec::new(),
            impaired: Fixed60::ZERO,
            lacks,
        }
    }

    #[test]
    fn last_marks_come_right_first_and_first_ones_are_lost_first() {
        let three = vec![lack(1, 10, 100), lack(3, 20, 300), lack(4, 30, 700)];
        let mut newest = loan(three.clone());
        let parts = resolved(&mut newest, fixed(41), Vec::pop).unwrap();
        assert_eq!(parts, [(4, fixed(700)), (3, fixed(165))]);
        assert_eq!(newest.lacks, [lack(1, 10, 100), lack(3, 9, 135)]);
        let mut first = loan(three);
        let parts = resolved(&mut first, fixed(41), oldest).unwrap();
        assert_eq!(parts, [(1, fixed(100)), (3, fixed(300)), (4, fixed(256))]);
        assert_eq!(first.lacks, [lack(4, 19, 444)]);
        // The whole of the last one, to the last step; and never more than there is.
        assert_eq!(resolved(&mut first, fixed(19), oldest).unwrap(), [(4, fixed(444))]);
        assert_eq!(resolved(&mut first, fixed(1), oldest), Err(Corrupt::CounterRange));
    }
}
