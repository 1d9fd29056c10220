//! From a need to cuts: how many lots each candidate closes, and what he forgoes.

use super::{Candidate, Terms, level::Column, level::level, pro_rata::pro_rata, rank::order};
use crate::policy::{AdlPolicy, AdlSelect};
use alloc::vec::Vec;
use backstop_units::{Amount, Base, Label, MathError};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What deleveraging has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// So many lots are to be closed at the price: those of a position that nobody takes.
    Lots(Base),
    /// So much money is to be forgone: as few lots as bring it are closed at the price.
    Atoms(Amount),
}

/// One candidate's part.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cut {
    /// His place in the list.
    pub at: u32,
    /// Who.
    pub account: Label,
    /// How many lots are closed at the price.
    pub lots: Base,
    /// What that forgoes against the mark, in quote atoms.
    pub forgone: Amount,
}

/// Who is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The cuts, in the order of the ranks; one for each candidate who is cut.
    pub cuts: Vec<Cut>,
    /// Lots in all.
    pub lots: Base,
    /// Forgone in all.
    pub forgone: Amount,
    /// What nobody could give, in the unit of the need.
    pub rest: Need,
}

/// Chooses who is cut. The lots are the least of the need and what the candidates can give, exactly.
///
/// **Rounding** a need in atoms is turned into lots upward. What is forgone adds up to the floor of
/// lots × distance, and to no more than a need in atoms: each cut is the difference of two such sums,
/// so it is off by less than an atom from its own, and the last one keeps what a whole lot brings
/// beyond the need. Under `gains_only` nobody forgoes more than the floor of his gain.
/// **Complexity** O(n log n).
///
/// # Errors
/// [`MathError`] for candidates that can't be ranked, a base unit of zero, or sums past 128 bits.
pub fn select(
    policy: &AdlPolicy,
    terms: &Terms,
    need: Need,
    candidates: &[Candidate],
) -> Result<Selection, MathError> {
    let (lots, most) = match need {
        Need::Lots(lots) => (lots, Amount::MAX),
        Need::Atoms(_) if terms.distance().is_zero() => (Base::ZERO, Amount::ZERO),
        Need::Atoms(atoms) => (terms.lots_for(atoms)?, atoms),
    };
    let mut book = Book::new(policy, terms, candidates)?;
    if policy.hedge_aware {
        book.pass(policy.select, lots, Candidate::unhedged)?;
    }
    book.pass(policy.select, lots.saturating_sub(book.closed), |candidate| candidate.size)?;
    let (cuts, forgone) = book.priced(terms, most)?;
    let rest = match need {
        Need::Lots(lots) => Need::Lots(lots.saturating_sub(book.closed)),
        Need::Atoms(atoms) => Need::Atoms(atoms.saturating_sub(forgone)),
    };
    Ok(Selection { cuts, lots: book.closed, forgone, rest })
}

/// The candidates in the order of cuts, and what was taken of each.
struct Book<'a> {
    candidates: &'a [Candidate],
    order: Vec<usize>,
    /// Unrealised gains, for shares by gain only.
    gains: Vec<u128>,
    /// The most lots each can give.
    caps: Vec<Base>,
    /// Lots taken of each so far, and of all.
    taken: Vec<Base>,
    closed: Base,
}

impl<'a> Book<'a> {
    fn new(
        policy: &AdlPolicy,
        terms: &Terms,
        candidates: &'a [Candidate],
    ) -> Result<Self, MathError> {
        let by_gains = policy.select == AdlSelect::ProRataGains;
        let mut gains = Vec::new();
        let mut caps = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let mut cap = candidate.size;
            if by_gains || policy.gains_only {
                let gain = terms.gain(candidate)?;
                // At the mark itself nothing is forgone, but a loser has still no gain to give.
                let within = if gain.is_zero() { Base::ZERO } else { terms.lots_within(gain)? };
                cap = cap.min(within);
                gains.push(gain.get());
            }
            caps.push(cap);
        }
        let taken = candidates.iter().map(|_| Base::ZERO).collect();
        let order = order(policy.rank, terms, candidates)?;
        Ok(Self { candidates, order, gains, caps, taken, closed: Base::ZERO })
    }

    /// Takes `need` lots from what `part` of each position, and its cap, leave.
    fn pass(
        &mut self,
        rule: AdlSelect,
        need: Base,
        part: impl Fn(&Candidate) -> Base,
    ) -> Result<(), MathError> {
        if need.is_zero() {
            return Ok(());
        }
        let room: Vec<u128> = self
            .candidates
            .iter()
            .zip(&self.caps)
            .zip(&self.taken)
            .map(|((candidate, cap), taken)| part(candidate).min(*cap).saturating_sub(*taken).get())
            .collect();
        let lots = match rule {
            AdlSelect::Queue => queue(need.get(), &self.order, &room),
            AdlSelect::ProRataGains => pro_rata(need.get(), &self.gains, &room)?,
            AdlSelect::WaterFilling => level(need.get(), &self.columns(&room))?,
        };
        for (taken, lots) in self.taken.iter_mut().zip(lots) {
            let lots = Base::new(lots);
            *taken = taken.checked_add(lots).ok_or(MathError::Overflow)?;
            self.closed = self.closed.checked_add(lots).ok_or(MathError::Overflow)?;
        }
        Ok(())
    }

    /// The cuts, and what each forgoes: the step by which the money of all lots so far rises.
    fn priced(&self, terms: &Terms, most: Amount) -> Result<(Vec<Cut>, Amount), MathError> {
        let (mut closed, mut forgone) = (Base::ZERO, Amount::ZERO);
        let mut cuts = Vec::new();
        for at in &self.order {
            let (Some(candidate), Some(lots)) = (self.candidates.get(*at), self.taken.get(*at))
            else {
                continue;
            };
            if lots.is_zero() {
                continue;
            }
            closed = closed.checked_add(*lots).ok_or(MathError::Overflow)?;
            let after = terms.forgone(closed)?.min(most);
            let at = u32::try_from(*at).map_err(|_| MathError::Overflow)?;
            let (account, forgone_here) = (candidate.account, after.saturating_sub(forgone));
            cuts.push(Cut { at, account, lots: *lots, forgone: forgone_here });
            forgone = after;
        }
        Ok((cuts, forgone))
    }

    fn columns(&self, room: &[u128]) -> Vec<Column> {
        let sizes = self.candidates.iter().zip(&self.taken);
        sizes
            .zip(room)
            .map(|((candidate, taken), room)| Column {
                size: candidate.size.saturating_sub(*taken).get(),
                equity: candidate.equity.get(),
                cap: *room,
            })
            .collect()
    }
}

/// The first in the order gives all it can, then the next.
fn queue(need: u128, order: &[usize], room: &[u128]) -> Vec<u128> {
    let mut left = need;
    let mut lots: Vec<u128> = room.iter().map(|_| 0).collect();
    for at in order {
        let (Some(room), Some(lots)) = (room.get(*at), lots.get_mut(*at)) else { continue };
        *lots = left.min(*room);
        left = left.saturating_sub(*lots);
    }
    lots
}
