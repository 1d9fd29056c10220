//! Settling through the core, and what comes back: socialised losses, money in and out.

use super::{Status, Venue, close::Closed};
use crate::{error::RiskError, evidence::Evidence, ledger::Ledger, margin::signed};
use backstop_core::{
    Body, Event,
    command::{
        BeginTransfer, Direction, Outcome, Party, PayFees, ReportOpenInterest, ResolveTransfer,
        SettleLiquidation,
    },
    event::Cohort,
};
use backstop_units::{
    Amount, Base, Fixed60, Hash, Label, MathError, Signed, TransferId, mul_div_floor,
};

impl Venue {
    /// Sends one settlement for each closed account, all with this step's evidence, and lets the
    /// survivors bear what was socialised.
    pub(super) fn settle(
        &mut self,
        closed: &[Closed],
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        if closed.is_empty() {
            return Ok(());
        }
        let rows = closed.iter().flat_map(|closed| closed.rows.iter().copied()).collect();
        let evidence = Evidence::new(rows);
        let mut bodies = self.other_interest(closed);
        for one in closed {
            bodies.push(self.settlement(one, evidence.root));
        }
        self.evidence.push(evidence);
        let events = ledger.send_all(self.now, self.names.venue, bodies)?;
        self.tally.batches += 1;
        self.take(&events)?;
        self.socialise(&events)?;
        self.deleverage(&events, closed, ledger)
    }

    fn settlement(&mut self, closed: &Closed, root: Hash) -> Body {
        let market = self.markets.get(closed.position.market);
        let count = u64::try_from(self.names.liquidators.len()).unwrap_or(u64::MAX).max(1);
        let turn = usize::try_from(self.tally.liquidations % count).unwrap_or(0);
        self.tally.liquidations += 1;
        if let Some(body) = self.bad_debt(closed, root) {
            return body;
        }
        SettleLiquidation {
            market: market.map_or(Label::NONE, |market| market.label),
            account: closed.account,
            liquidator: self.names.liquidators.get(turn).copied().unwrap_or_default(),
            outcome: Signed::new(closed.outcome),
            notional: Amount::new(closed.notional),
            mark: closed.mark,
            // Survivors of the whole step: those who bear what this settlement socialises.
            open_interest: market.map(|market| Base::new(market.open_interest)),
            evidence: Some(root),
        }
        .into()
    }

    /// Reports of markets that lost positions but settle none in this step.
    fn other_interest(&self, closed: &[Closed]) -> Vec<Body> {
        let markets = self.markets.iter().enumerate().filter(|(at, _)| {
            closed.iter().any(|one| one.touched.contains(at))
                && closed.iter().all(|one| one.position.market != *at)
        });
        markets.map(|(_, market)| interest(market.label, market.open_interest)).collect()
    }

    /// Books what events did to clearing and to lenders, and counts them.
    pub(super) fn take(&mut self, events: &[Event]) -> Result<(), RiskError> {
        let markets: Vec<_> = self.markets.iter().map(|market| market.id).collect();
        for event in events {
            self.books.mirror(event, &markets)?;
            self.tally.count(event);
        }
        self.lend(events)
    }

    /// Lets every open position bear its part of the losses that these events socialised.
    ///
    /// **Rounding** down for each position; what is not collected is counted as dust.
    pub(super) fn socialise(&mut self, events: &[Event]) -> Result<(), RiskError> {
        let mut deltas = vec![0u128; self.markets.len()];
        for event in events {
            let (of, rows) = match event {
                Event::LossPlaced(placement) => (placement.market, &placement.rows),
                Event::LossReallocated(more) => (more.market, &more.rows),
                _ => continue,
            };
            let at = self.markets.iter().position(|market| market.id == of);
            let Some(delta) = at.and_then(|at| deltas.get_mut(at)) else { continue };
            for row in rows {
                if let Cohort::Positions { delta: moved, .. } = row.cohort {
                    *delta = delta.checked_add(moved.get()).ok_or(MathError::Overflow)?;
                    self.books.socialised(row.amount)?;
                }
            }
        }
        if deltas.iter().all(|delta| *delta == 0) {
            return Ok(());
        }
        let mut collected = 0i128;
        for trader in self.traders.iter_mut().chain([&mut self.maker]) {
            if trader.status == Status::Closed {
                continue;
            }
            for position in &trader.positions {
                let delta = deltas.get(position.market).copied().unwrap_or(0);
                let part = mul_div_floor(position.base.unsigned_abs(), delta, Fixed60::ONE)?;
                trader.cash -= signed(part)?;
                collected += signed(part)?;
            }
        }
        self.books.collected(collected);
        self.arm()
    }

    /// Ends a bar: charges and pays trading fees, reports open interest, and squares clearing with
    /// the ledger by transfers. Where the ledger keeps the positions there is nothing of that to do.
    ///
    /// # Errors
    /// [`RiskError::Ledger`] when a command is refused.
    pub fn end_bar(&mut self, elapsed_ms: u64, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        if self.hosted.is_some() {
            return Ok(());
        }
        self.charge_fees(elapsed_ms)?;
        let mut bodies = Vec::new();
        for at in 0..self.markets.len() {
            let amount = self.take_fees(at);
            let Some(market) = self.markets.get(at) else { continue };
            if !amount.is_zero() {
                bodies.push(PayFees { market: market.label, amount }.into());
            }
            bodies.push(interest(market.label, market.open_interest));
        }
        let events = ledger.send_all(self.now, self.names.venue, bodies)?;
        self.take(&events)?;
        for at in 0..self.markets.len() {
            self.square(at, ledger)?;
        }
        Ok(())
    }

    /// Pays what the venue owes a market's clearing, or has paid out what it is owed.
    fn square(&mut self, at: usize, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let Some(market) = self.markets.get(at) else { return Ok(()) };
        let due = self.books.due_of(market.id);
        if due == 0 {
            return Ok(());
        }
        let (direction, actor) = if due > 0 {
            (Direction::Out, self.names.venue)
        } else {
            (Direction::In, self.names.custodian)
        };
        let begin = BeginTransfer {
            direction,
            party: Party::Clearing(market.label),
            asset: self.names.asset,
            amount: Amount::new(due.unsigned_abs()),
            reference: market.label,
        };
        let mut events = ledger.send(self.now, actor, begin.into())?;
        let transfer = begun(&events)?;
        let confirm = ResolveTransfer { transfer, outcome: Outcome::Confirmed };
        events.extend(ledger.send(self.now, self.names.custodian, confirm.into())?);
        self.take(&events)?;
        self.books.paid(due);
        Ok(())
    }
}

fn interest(market: Label, open_interest: u128) -> Body {
    ReportOpenInterest { market, base: Base::new(open_interest) }.into()
}

/// The transfer that these events began.
pub(crate) fn begun(events: &[Event]) -> Result<TransferId, RiskError> {
    let found = events.iter().find_map(|event| match event {
        Event::TransferBegun { transfer, .. } => Some(*transfer),
        _ => None,
    });
    found.ok_or(RiskError::Answer("transfer_begun"))
}
