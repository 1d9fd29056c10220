//! Where losses of a market fall on lenders: every position is a loan that they have given.
//!
//! A long owes the quote that it bought with beyond its own money, a short the base that it sold. What a
//! closed account can't pay back is a bad debt, in quote: a short's base was bought back at the fill. The
//! venue keeps what lenders put in; what they bear is no longer theirs.

use super::{Venue, close::Closed};
use crate::{
    error::RiskError,
    ledger::Ledger,
    margin::{signed, size},
};
use backstop_core::{
    Body, Event,
    command::{ReportDeposits, SettleBadDebt},
    event::Cohort,
    state::{Source, State},
};
use backstop_units::{
    Amount, Bps, Hash, Label, MarketId, MathError, ShareIndex, Shares, mul_div_ceil,
};

/// What a share is worth at first, and the unit it is counted in: one atom.
const UNIT: ShareIndex = ShareIndex::new(1_000_000_000_000);

/// The lenders of one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bank {
    /// Debts of an account up to so many quote atoms are no bad debt.
    debts_above: Amount,
    /// What lenders have put in, in quote atoms.
    deposits: Amount,
    /// What is left of it.
    left: Amount,
}

/// The bank of a market whose waterfall asks its lenders.
pub(super) fn bank(state: &State, id: MarketId) -> Option<Bank> {
    let market = state.markets.get(id)?;
    let lends = state.layers_of(market).any(|(_, layer)| layer.source == Source::Depositors);
    let (deposits, left) = (Amount::ZERO, Amount::ZERO);
    lends.then_some(Bank { debts_above: market.bad_debt.debts_above, deposits, left })
}

impl Venue {
    /// Lets lenders put in what the book has borrowed, and as much more as is never lent.
    pub(super) fn open_banks(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let loans = self.loans()?;
        let (whole, lent) = (Bps::WHOLE.get(), self.params.lent_part.get());
        let mut bodies: Vec<Body> = Vec::new();
        for (market, loan) in self.markets.iter_mut().zip(loans) {
            let Some(bank) = &mut market.bank else { continue };
            let deposits = mul_div_ceil(loan.max(1), whole.into(), lent.max(1).into())?;
            (bank.deposits, bank.left) = (Amount::new(deposits), Amount::new(deposits));
            self.books.deposit(signed(deposits)?)?;
            let (shares, index, unit) = (Shares::new(deposits), UNIT, UNIT);
            let market = market.label;
            bodies.push(ReportDeposits { market, shares, index, unit, losses: 0 }.into());
        }
        ledger.send_all(self.now, self.names.venue, bodies)?;
        Ok(())
    }

    /// What accounts owe on each market, in quote atoms at the oracle's price: a short all that it sold, a
    /// long what its account could not pay, the first market's before the next one's.
    fn loans(&self) -> Result<Vec<u128>, RiskError> {
        let mut loans = vec![0; self.markets.len()];
        for trader in &self.traders {
            let mut missing = trader.cash.min(0).unsigned_abs();
            for position in &trader.positions {
                let market = self.markets.get(position.market).ok_or(MathError::Overflow)?;
                let worth = size(position.base, market.oracle)?;
                let long = position.base > 0;
                let loan = if long { missing.min(worth) } else { worth };
                missing -= if long { loan } else { 0 };
                if let Some(sum) = loans.get_mut(position.market) {
                    *sum += loan;
                }
            }
        }
        Ok(loans)
    }

    /// A closed account's debt as a bad debt; nothing where nobody lends, or for what is too little to count.
    pub(super) fn bad_debt(&self, closed: &Closed, evidence: Hash) -> Option<Body> {
        let market = self.markets.get(closed.position.market)?;
        let bank = market.bank.as_ref()?;
        let debt = Amount::new(closed.outcome.min(0).unsigned_abs());
        let bad = SettleBadDebt {
            market: market.label,
            account: closed.account,
            // All of it has been sold.
            assets: Amount::ZERO,
            debts: debt,
            amount: debt,
            mark: closed.mark,
            evidence,
        };
        (debt > bank.debts_above).then(|| bad.into())
    }

    /// Takes off what lenders bear of the losses among these events.
    pub(super) fn lend(&mut self, events: &[Event]) -> Result<(), RiskError> {
        for event in events {
            let (of, rows) = match event {
                Event::LossPlaced(placement) => (placement.market, &placement.rows),
                Event::LossReallocated(more) => (more.market, &more.rows),
                _ => continue,
            };
            let market = self.markets.iter_mut().find(|market| market.id == of);
            let Some(bank) = market.and_then(|market| market.bank.as_mut()) else { continue };
            for row in rows.iter().filter(|row| matches!(row.cohort, Cohort::Depositors { .. })) {
                bank.left = bank.left.checked_sub(row.amount).ok_or(MathError::Overflow)?;
            }
        }
        Ok(())
    }

    /// What lenders have put in on all markets, and what is left of it, in quote atoms.
    pub fn lenders(&self) -> (Amount, Amount) {
        let banks = self.markets.iter().filter_map(|market| market.bank.as_ref());
        banks.fold((Amount::ZERO, Amount::ZERO), |(put, left), bank| {
            (put.saturating_add(bank.deposits), left.saturating_add(bank.left))
        })
    }

    /// Compares what the ledger's index says that lenders have with what the venue keeps for them.
    ///
    /// **Rounding** the index falls by whole steps, so it may say up to a step less for each loss.
    ///
    /// # Errors
    /// [`RiskError::Copy`] with the first market that differs.
    pub(super) fn compare_banks(&self, state: &State) -> Result<(), RiskError> {
        for market in &self.markets {
            let Some(bank) = &market.bank else { continue };
            let differs = |label: Label| move || RiskError::Copy(label);
            let lent = state.markets.get(market.id).and_then(|found| found.deposits.as_deref());
            let lent = lent.ok_or_else(differs(market.label))?;
            let worth = lent.deposits.worth()?;
            let step = mul_div_ceil(bank.deposits.get(), 1, UNIT.get())?.saturating_add(1);
            let dust = u128::from(lent.losses).saturating_mul(step);
            let less = bank.left.checked_sub(worth).map(Amount::get);
            if less.is_none_or(|less| less > dust) {
                return Err(RiskError::Copy(market.label));
            }
        }
        Ok(())
    }
}
