//! The week step by step: prices move, and liquidators act as far as limits and the market let them.

use super::{
    WeekSetup,
    book::LendingBook,
    market::Market,
    stage::{Names, report},
    told,
    week::Terms,
};
use crate::{
    error::RiskError,
    float::{to_float, to_units},
    ledger::Ledger,
    prices::Closes,
};
use backstop_core::{
    Body, Event, Halt, State,
    command::LiquidateLoan,
    event::LendingEvent,
    lending::{book::Loan, liquidate::close_max, loan::worth},
};
use backstop_units::{Amount, Bps, Label, ReserveId, Span, Timestamp};

/// How long liquidators go on after the week at most: at its last prices, until nothing is left to liquidate.
const TAIL: Span = Span::days(7);

/// Liquidators rest while the market bears less than this, in whole quote units.
const LEAST: f64 = 1.0;

/// What happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) liquidations: u64,
    pub(super) repaid: Amount,
    pub(super) bad_debt: Amount,
    pub(super) bad_loans: u64,
    /// The most that was marked as lacking at once.
    pub(super) impaired: Amount,
}

/// A vault on its way through a week.
pub(super) struct Walk<'a> {
    pub(super) setup: &'a WeekSetup<'a>,
    pub(super) names: &'a Names,
    pub(super) book: &'a LendingBook,
    pub(super) now: Timestamp,
    /// How many looks there were.
    pub(super) looks: u32,
    /// Who has asked to leave and may still wait, in the order of the book.
    pub(super) waiting: Vec<Label>,
    pub(super) tally: Tally,
    markets: [Market; 2],
    quote_atoms: Amount,
    /// The loan of each reserve that was liquidated last: the next step begins behind it.
    served: [u32; 2],
}

/// A loan that can be liquidated.
struct Due {
    loan: u32,
    account: Label,
    /// How much of it may be repaid now.
    most: Amount,
    /// How much its collateral pays for, if that is less.
    pays: Amount,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        setup: &'a WeekSetup<'a>,
        (names, book): (&'a Names, &'a LendingBook),
        closes: [Closes; 2],
        quote_atoms: Amount,
    ) -> Self {
        let kept = to_float((Bps::WHOLE.get() - Terms::BONUS_TAKE.get()).into()) / 10_000.0;
        let [one, other] = setup
            .week
            .collateral
            .each_ref()
            .map(|collateral| to_float(collateral.terms.bonus.get().into()) / 10_000.0 * kept);
        let [first, second] = closes;
        Self {
            setup,
            names,
            book,
            now: setup.week.from,
            looks: 0,
            waiting: Vec::new(),
            tally: Tally::default(),
            markets: [
                Market::new(first, one, setup.params),
                Market::new(second, other, setup.params),
            ],
            quote_atoms,
            served: [0; 2],
        }
    }

    /// The whole week, and as much time after it as liquidators need.
    pub(super) fn week(
        &mut self,
        ledger: &mut impl Ledger,
        day: &mut dyn FnMut(Timestamp),
    ) -> Result<(), RiskError> {
        let until = self.setup.week.until();
        let (mut next_look, mut next_day) = (self.now.plus(self.setup.params.look), Span::days(1));
        loop {
            let busy = self.step(ledger)?;
            if self.now >= next_look {
                self.look(ledger)?;
                next_look = next_look.plus(self.setup.params.look);
            }
            if self.now.since(self.setup.week.from) >= next_day && self.now <= until {
                day(self.now);
                next_day = Span::from_ms(next_day.ms() + Span::days(1).ms());
            }
            if self.now >= until.plus(TAIL) || (self.now >= until && !busy) {
                break;
            }
        }
        self.look(ledger)?;
        self.give_up_waiting(ledger)
    }

    /// One step: prices, then liquidators. Whether there was, or is, something to liquidate.
    fn step(&mut self, ledger: &mut impl Ledger) -> Result<bool, RiskError> {
        let step = self.setup.params.step;
        self.now = self.now.plus(step);
        for market in &mut self.markets {
            market.go(self.now, step)?;
        }
        report(self.names, self.markets.each_ref().map(Market::price), self.now, ledger)?;
        let (reserves, now) = (self.names.reserves, self.now);
        let due = ledger.read(|state| {
            let [one, other] = reserves;
            Ok::<_, Halt>([due(state, one, now)?, due(state, other, now)?])
        })?;
        let mut busy = false;
        for (at, due) in due.map_err(told)?.into_iter().enumerate() {
            busy |= !due.is_empty();
            self.liquidate(at, due, ledger)?;
        }
        Ok(busy)
    }

    /// Liquidators repay what they can sell the collateral of, one loan after the other, each once a step.
    fn liquidate(
        &mut self,
        at: usize,
        mut due: Vec<Due>,
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        let (Some(market), Some(reserve), Some(served), Some(collateral)) = (
            self.markets.get_mut(at),
            self.names.reserves.get(at),
            self.served.get_mut(at),
            self.setup.week.collateral.get(at),
        ) else {
            return Ok(());
        };
        let gain = 1.0 + to_float(collateral.terms.bonus.get().into()) / 10_000.0;
        let atoms = to_float(self.quote_atoms.get());
        let mut room = market.room(self.setup.params.step) / gain;
        let behind = due.iter().position(|due| due.loan > *served).unwrap_or(0);
        due.rotate_left(behind);
        let mut bodies: Vec<Body> = Vec::new();
        for Due { loan, account, most, pays } in due {
            let wanted = to_float(pays.get()) / atoms;
            if room < LEAST {
                break;
            }
            // Where the market bears it all, nothing is left of collateral that does not cover the debt.
            let repay = if wanted <= room { most } else { Amount::new(to_units(room * atoms)) };
            room -= wanted.min(room);
            bodies.push(self.names.liquidation((account, *reserve), repay));
            *served = loan;
        }
        let events = ledger.send_all(self.now, self.names.liquidator, bodies)?;
        for event in &events {
            let Event::Lending(LendingEvent::LoanLiquidated(done)) = event else { continue };
            let repaid = done.repayment.amount;
            market.sell(to_float(repaid.get()) / atoms * gain);
            self.tally.liquidations += 1;
            self.tally.repaid = self.tally.repaid.saturating_add(repaid);
        }
        Ok(())
    }
}

impl Names {
    fn liquidation(&self, (account, reserve): (Label, Label), repay: Amount) -> Body {
        LiquidateLoan {
            account,
            reserve,
            liquidator: self.liquidator,
            asset: reserve,
            repay,
            min_seized: Amount::ZERO,
        }
        .into()
    }
}

/// The loans of a reserve, each with its number and whose it is.
pub(super) fn loans(
    state: &State,
    reserve: Label,
) -> Result<impl Iterator<Item = (u32, Label, &Loan)>, Halt> {
    let id = state.reserve_id(reserve)?;
    let of = state.loans.iter().filter(move |(_, loan)| loan.reserve == id);
    Ok(of.filter_map(|(loan, held)| Some((loan, state.accounts.get(held.account)?.label, held))))
}

/// The loans that can be liquidated, and how much liquidators would repay of each: what the rules let them, and no more
/// than the collateral pays for.
fn due(state: &State, reserve: Label, now: Timestamp) -> Result<Vec<Due>, Halt> {
    let id: ReserveId = state.reserve_id(reserve)?;
    let Some(lends) = state.reserves.get(id) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (number, account, loan) in loans(state, reserve)? {
        if loan.debt.is_zero() || loan.is_bare() {
            continue;
        }
        let most = match close_max(state, id, number, now) {
            Ok(most) => most,
            Err(Halt::Reject(_)) => continue,
            Err(halt) => return Err(halt),
        };
        let there = worth(state, lends, loan, (|_| Bps::WHOLE, now))?;
        let bonus = lends.policy.collateral.first().map_or(Bps::ZERO, |rules| rules.bonus);
        let whole = u128::from(Bps::WHOLE.get());
        let pays = there.mul_div_ceil(whole, whole + u128::from(bonus.get()))?;
        found.push(Due { loan: number, account, most, pays: pays.min(most) });
    }
    Ok(found)
}
