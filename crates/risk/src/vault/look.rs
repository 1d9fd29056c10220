//! What people do twice a day: bad debts are taken off, what collateral lacks is marked and recorded, and depositors
//! come, ask to leave, wait and are paid.

use super::{
    stage::deposit,
    told,
    walk::{Walk, loans},
};
use crate::{error::RiskError, ledger::Ledger};
use backstop_core::{
    Body, Event, Halt, State,
    command::{
        ChargeFees, ClaimQueued, FillQueue, LeaveQueue, MarkImpairment, QueueWithdrawal,
        RecogniseLoss, SocialiseLoan,
    },
    event::LendingEvent,
    lending::bad_debt::lacking,
};
use backstop_units::{Amount, Fixed60, Label, Shares, VaultId};

/// Fewer shares than this are not worth a place in the queue: less than a hundredth of a unit.
const DUST: Shares = Shares::new(10_000);

/// The least that is paid to the queue, in atoms: a whole unit.
const LEAST_FILL: Amount = Amount::new(1_000_000);

/// A loan by whose it is and its reserve.
type Whose = (Label, Label);

/// One depositor in the queue.
#[derive(Clone, Copy, Debug)]
struct Place {
    account: Label,
    /// Shares that he has, in the queue and at hand.
    shares: Shares,
    /// Money that came for him.
    due: Amount,
}

impl Walk<'_> {
    /// One look.
    pub(super) fn look(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        self.looks += 1;
        self.take_off(ledger)?;
        self.mark(ledger)?;
        self.rejoin(ledger)?;
        self.come_and_go(ledger)?;
        self.fill(ledger)
    }

    /// The risk desk takes off what has no collateral any more.
    fn take_off(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let reserves = self.names.reserves;
        let bare = ledger.read(|state| {
            of_loans(state, reserves, |_, loan| Ok(loan.is_bare() && !loan.debt.is_zero()))
        })?;
        let socialise = |(account, reserve): Whose| -> Body {
            SocialiseLoan { account, reserve, amount: None }.into()
        };
        let bodies = bare.map_err(told)?.into_iter().map(socialise).collect();
        let events = ledger.send_all(self.now, self.names.risk, bodies)?;
        for event in &events {
            let Event::Lending(LendingEvent::LoanSocialised(taken)) = event else { continue };
            self.tally.bad_loans += 1;
            self.tally.bad_debt = self.tally.bad_debt.saturating_add(taken.amount.floor());
        }
        Ok(())
    }

    /// The keeper marks what collateral lacks, or lacks no longer, and has losses recorded.
    fn mark(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let (reserves, now, vault) = (self.names.reserves, self.now, self.names.vault);
        let changed = ledger.read(|state| {
            of_loans(state, reserves, |number, loan| {
                Ok(lacking(state, loan.reserve, number, now)? != loan.impaired)
            })
        })?;
        let mark =
            |(account, reserve): Whose| -> Body { MarkImpairment { account, reserve }.into() };
        let bodies = changed.map_err(told)?.into_iter().map(mark).collect();
        ledger.send_all(now, self.names.keeper, bodies)?;
        let (unseen, impaired) = ledger.read(|state| standing(state, (vault, reserves)))?;
        self.tally.impaired = self.tally.impaired.max(impaired);
        let body =
            if unseen { RecogniseLoss { vault }.into() } else { ChargeFees { vault }.into() };
        ledger.send(now, self.names.keeper, body)?;
        Ok(())
    }

    /// A loss ends the queue's round: who waits gets his money and his shares back, and asks anew.
    fn rejoin(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        if self.waiting.is_empty() || self.queue_runs(ledger)? {
            return Ok(());
        }
        let places = self.places(ledger)?;
        let vault = self.names.vault;
        let body = |place: &Place| -> Option<Body> {
            let Place { account, shares, due } = *place;
            if shares > DUST {
                return Some(QueueWithdrawal { account, vault, shares }.into());
            }
            (!due.is_zero()).then(|| ClaimQueued { account, vault }.into())
        };
        let bodies = places.iter().filter_map(body).collect();
        self.waiting =
            places.iter().filter(|place| place.shares > DUST).map(|place| place.account).collect();
        ledger.send_all(self.now, self.names.venue, bodies)?;
        Ok(())
    }

    /// New depositors come; those whose time has come ask for all they have.
    fn come_and_go(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let (names, look) = (self.names, Some(self.looks));
        let coming = self.book.depositors.iter().filter(|one| one.comes == look);
        let mut bodies: Vec<Body> =
            coming.map(|one| deposit(names, one.label, one.amount)).collect();
        let leaving: Vec<Label> = self
            .book
            .depositors
            .iter()
            .filter(|one| one.leaves == look)
            .map(|one| one.label)
            .collect();
        let (vault, shares) = (names.vault, Shares::new(u128::MAX));
        let ask = |account: &Label| QueueWithdrawal { account: *account, vault, shares }.into();
        bodies.extend(leaving.iter().map(ask));
        ledger.send_all(self.now, names.venue, bodies)?;
        self.waiting.extend(leaving);
        Ok(())
    }

    /// The keeper pays the queue out of both reserves, as far as they have money.
    fn fill(&self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let vault = self.names.vault;
        for reserve in self.names.reserves {
            let there = ledger.read(|state| {
                let id = state.reserve_id(reserve).ok()?;
                let idle = state.vaults.get(state.vault_id(vault).ok()?)?.held.idle;
                Some(idle.saturating_add(state.reserves.get(id)?.held.available))
            })?;
            if there.is_none_or(|there| there < LEAST_FILL) || !self.queue_runs(ledger)? {
                continue;
            }
            let fill = FillQueue { vault, reserve: Some(reserve) };
            ledger.send(self.now, self.names.keeper, fill.into())?;
        }
        Ok(())
    }

    /// After the week who still waits takes his shares back, and what came for him.
    pub(super) fn give_up_waiting(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let vault = self.names.vault;
        let places = self.places(ledger)?;
        let owed = places.iter().filter(|place| !place.due.is_zero() || place.shares > DUST);
        let bodies = owed.map(|place| LeaveQueue { account: place.account, vault }.into());
        ledger.send_all(self.now, self.names.venue, bodies.collect())?;
        self.waiting.clear();
        Ok(())
    }

    fn queue_runs(&self, ledger: &mut impl Ledger) -> Result<bool, RiskError> {
        let vault = self.names.vault;
        let round = ledger.read(|state| {
            let id = state.vault_id(vault).ok()?;
            state.vaults.get(id)?.queue.round
        })?;
        Ok(round.is_some())
    }

    /// What those who asked to leave have in the queue and beside it.
    fn places(&self, ledger: &mut impl Ledger) -> Result<Vec<Place>, RiskError> {
        let (vault, waiting) = (self.names.vault, &self.waiting);
        let places = ledger.read(|state| {
            let id = state.vault_id(vault)?;
            let each = waiting.iter().map(|account| place(state, (id, *account)));
            each.collect::<Result<Vec<Place>, Halt>>()
        })?;
        places.map_err(told)
    }
}

fn place(state: &State, (vault, label): (VaultId, Label)) -> Result<Place, Halt> {
    let account = state.account_id(label)?;
    let held = state.holding(vault, account).map_or(Shares::ZERO, |(_, held)| held.shares);
    let mut place = Place { account: label, shares: held, due: Amount::ZERO };
    let Some((_, waiting)) = state.waiting(vault, account) else { return Ok(place) };
    let Some(round) = state.rounds.get(waiting.round) else { return Ok(place) };
    place.shares = held.saturating_add(waiting.shares(round)?);
    place.due = waiting.due(round)?.floor();
    Ok(place)
}

/// The loans of both reserves that `picks` wants.
fn of_loans(
    state: &State,
    reserves: [Label; 2],
    picks: impl Fn(u32, &backstop_core::lending::book::Loan) -> Result<bool, Halt>,
) -> Result<Vec<Whose>, Halt> {
    let mut found = Vec::new();
    for reserve in reserves {
        for (number, account, loan) in loans(state, reserve)? {
            if picks(number, loan)? {
                found.push((account, reserve));
            }
        }
    }
    Ok(found)
}

/// Whether a reserve of the vault lost something that the vault has not looked at, and what all loans are marked with.
fn standing(state: &State, (vault, reserves): (Label, [Label; 2])) -> (bool, Amount) {
    let seen = |reserve| {
        let held = state.vaults.get(state.vault_id(vault).ok()?)?;
        let allocation = held.allocations.iter().find(|one| one.reserve == reserve)?;
        Some(allocation.seen)
    };
    let mut unseen = false;
    let mut impaired = Fixed60::ZERO;
    for reserve in reserves {
        let Ok(id) = state.reserve_id(reserve) else { continue };
        let Some(held) = state.reserves.get(id) else { continue };
        unseen |= seen(id) != Some(held.occurrences);
        impaired = impaired.saturating_add(held.impaired);
    }
    (unseen, impaired.floor())
}
