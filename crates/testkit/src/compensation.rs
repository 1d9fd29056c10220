//! A witness of losses that keeps everything: all holders at every moment, every mark of every loan.
//!
//! It was written from the design's text: a loss belongs to who held when it occurred; who leaves before the end
//! takes his part along; what comes right is the last mark's first, what is socialised the first one's.

use backstop_core::{
    Event, State,
    event::LendingEvent,
    lending::vault::snapshot::shares_of,
    state::{Loan, VaultLoss},
};
use backstop_units::{AccountId, Fixed60, Seq, Shares, VaultId};
use std::collections::BTreeMap;

/// Steps of an amount that the witness leaves out, so that products fit.
const COARSE: u32 = 30;

/// All that was ever seen.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Who held how much before the record with this number, farms and all.
    holders: BTreeMap<Seq, BTreeMap<(VaultId, AccountId), Shares>>,
    marks: Vec<Mark>,
}

/// One moment at which lenders could count on less, in coarse steps of atoms.
#[derive(Clone, Copy, Debug)]
struct Mark {
    seq: Seq,
    reserve: u32,
    loan: u32,
    /// What the loan lacked more, and what of it is still open.
    amount: u128,
    open: u128,
    lost: u128,
    right: u128,
    /// What lenders could count on less, and the reserve's shares.
    fall: u128,
    shares: u128,
}

/// What a loss comes to by the witness, in atoms: provisional, lost, come right.
pub type Told = [u128; 3];

fn coarse(amount: Fixed60) -> u128 {
    amount.get() >> COARSE
}

impl Witness {
    /// Sees a world before its first command.
    pub fn new(state: &State) -> Self {
        let mut witness = Self::default();
        witness.copy(state);
        witness
    }

    /// The first moment that was seen.
    ///
    /// # Panics
    /// When none was.
    pub fn first(&self) -> Seq {
        *self.holders.keys().next().expect("a moment that was seen")
    }

    fn copy(&mut self, state: &State) {
        let all = state.holdings.iter();
        let held =
            all.map(|(_, one)| ((one.vault, one.account), shares_of(state, one).expect("shares")));
        self.holders.insert(state.meta.next, held.collect());
    }

    /// Sees one command that was carried out.
    ///
    /// # Panics
    /// When the world is not one of the tests'.
    pub fn see(&mut self, before: &State, after: &State, events: &[Event]) {
        let borne = events.iter().find_map(|event| match event {
            Event::Lending(LendingEvent::LoanSocialised(it)) => Some(**it),
            _ => None,
        });
        for (id, loan) in after.loans.iter() {
            let was = before.loans.get(id).map_or(Fixed60::ZERO, |loan| loan.impaired);
            let seq = before.meta.next;
            match borne.filter(|borne| borne.loan == id) {
                Some(it) => {
                    let (lost, fees) = (coarse(it.amount), coarse(it.fees));
                    let resolved = coarse(was).saturating_sub(coarse(loan.impaired));
                    let lenders = lost.saturating_sub(fees);
                    let sure = lenders.min(resolved);
                    self.resolve(id, sure, true, false);
                    self.resolve(id, resolved - sure, false, false);
                    self.mark(after, (seq, id, loan), lenders - sure);
                    self.resolve(id, lenders - sure, true, true);
                }
                None if loan.impaired < was => {
                    self.resolve(id, coarse(was) - coarse(loan.impaired), false, true);
                }
                None => self.mark(after, (seq, id, loan), coarse(loan.impaired) - coarse(was)),
            }
        }
        self.copy(after);
    }

    fn mark(&mut self, after: &State, (seq, id, loan): (Seq, u32, &Loan), amount: u128) {
        if amount == 0 {
            return;
        }
        let shares = after.reserves.get(loan.reserve).expect("a reserve").held.shares.get();
        self.marks.push(Mark {
            seq,
            reserve: loan.reserve.get(),
            loan: id,
            amount,
            open: amount,
            lost: 0,
            right: 0,
            fall: amount,
            shares,
        });
    }

    fn resolve(&mut self, loan: u32, mut rest: u128, lost: bool, newest: bool) {
        let mut own: Vec<&mut Mark> = self.marks.iter_mut().filter(|m| m.loan == loan).collect();
        if newest {
            own.reverse();
        }
        for mark in own {
            let part = mark.open.min(rest);
            mark.open -= part;
            rest -= part;
            *if lost { &mut mark.lost } else { &mut mark.right } += part;
        }
    }

    /// What a recorded loss comes to: all marks of the reserve from its occurrence until it was noticed.
    pub fn told(&self, loss: &VaultLoss, noticed: Seq) -> Told {
        let marks = self.marks.iter().filter(|mark| {
            mark.reserve == loss.reserve.get() && mark.seq >= loss.seq && mark.seq < noticed
        });
        let mut told = [0; 3];
        for mark in marks {
            for (sum, part) in told.iter_mut().zip([mark.open, mark.lost, mark.right]) {
                let each = |part: u128| part * loss.held.get() / mark.shares.max(1);
                *sum += each(mark.fall * part / mark.amount);
            }
        }
        told.map(|sum| sum >> (60 - COARSE))
    }

    /// Who held a vault when it lost something: as it was before that record of the log.
    ///
    /// # Panics
    /// When the moment was not seen.
    pub fn held(&self, loss: &VaultLoss) -> BTreeMap<AccountId, Shares> {
        let all = self.holders.get(&loss.seq).expect("a moment that was seen");
        let own =
            all.iter().filter(|((vault, _), shares)| *vault == loss.vault && !shares.is_zero());
        own.map(|((_, account), shares)| (*account, *shares)).collect()
    }
}
