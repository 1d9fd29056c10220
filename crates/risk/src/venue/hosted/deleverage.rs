//! Deleveraging without a ranking: from some account on, whoever holds the other side, until all of the
//! position is closed at its bankruptcy price. The maker, hedged elsewhere, is not asked.

use super::super::{Status, Venue};
use crate::{
    error::RiskError,
    ledger::Ledger,
    margin::{Position, size},
    random::Random,
};
use backstop_core::{Event, command::Deleverage, event::Fill};
use backstop_units::{Amount, Label, MathError, Price};

/// Most counterparties of one command.
const LIST: usize = 64;

/// Most accounts that are asked in a block. **Source** the limit of an order-book venue on chain.
const VISITS: usize = 500;

impl Venue {
    /// Closes an account's first position against others. Returns whether anything was closed.
    pub(super) fn close_against(
        &mut self,
        index: usize,
        marks: &[Price],
        ledger: &mut impl Ledger,
    ) -> Result<bool, RiskError> {
        let Some(position) = self.first(index) else { return Ok(false) };
        let list = self.others(index, position);
        let mut list = list.as_slice();
        let mut moved = false;
        while let Some(held) = self.first(index).filter(|held| held.market == position.market) {
            let (against, rest) = list.split_at(enough(list, held.base.unsigned_abs()));
            if against.is_empty() {
                break;
            }
            list = rest;
            moved |= self.close_with(index, held, (against, marks), ledger)?;
        }
        if moved {
            self.begin(index);
        }
        Ok(moved)
    }

    fn first(&self, index: usize) -> Option<Position> {
        self.traders.get(index)?.positions.first().copied()
    }

    /// Who holds the other side, each with his size, from some account on and all around.
    fn others(&self, index: usize, closed: Position) -> Vec<(Label, u128)> {
        let count = self.traders.len();
        let seed = self.now.ms() ^ u64::try_from(index).unwrap_or_default().rotate_left(40);
        let start = Random::new(seed).below(count);
        let (before, after) = self.traders.split_at(start);
        let all = after.iter().chain(before);
        let other =
            |held: &&Position| held.market == closed.market && (held.base < 0) != (closed.base < 0);
        let with = all.filter_map(|trader| {
            let held = trader.positions.iter().find(other)?;
            Some((trader.label, held.base.unsigned_abs()))
        });
        with.take(VISITS).collect()
    }

    /// One command, and what it did.
    fn close_with(
        &mut self,
        index: usize,
        held: Position,
        (against, marks): (&[(Label, u128)], &[Price]),
        ledger: &mut impl Ledger,
    ) -> Result<bool, RiskError> {
        let market = self.markets.get(held.market).ok_or(MathError::Overflow)?.label;
        let account = self.traders.get(index).ok_or(MathError::Overflow)?.label;
        let against = against.iter().map(|(label, _)| *label).collect();
        let body = Deleverage { market, account, size: None, against };
        let events = ledger.send(self.now, self.names.venue, body.into())?;
        self.follow(&events)?;
        let mark = marks.get(held.market).copied().unwrap_or_default();
        let mut moved = false;
        for event in &events {
            let Event::Traded(fill) = event else { continue };
            self.forgone(fill, held.base > 0, mark)?;
            moved = true;
        }
        Ok(moved)
    }

    /// Counts what the counterparty of a fill gave up, against closing at the mark; arms him anew.
    fn forgone(&mut self, fill: &Fill, sold: bool, mark: Price) -> Result<(), RiskError> {
        let (closed, other) =
            if sold { (fill.seller, fill.buyer) } else { (fill.buyer, fill.seller) };
        let base = i128::try_from(fill.size.get()).map_err(|_| MathError::Overflow)?;
        let worth = size(base, mark)?;
        let paid = fill.quote.get();
        let at_mark = i128::try_from(worth).map_err(|_| MathError::Overflow)?;
        let forgone = if sold { paid - at_mark } else { at_mark - paid };
        let (index, _) = self.owner(other)?;
        let (_, owes) = self.owner(closed)?;
        self.tally.owing(owes);
        self.tally.given_up(Amount::new(u128::try_from(forgone).unwrap_or(0)));
        self.tally.cut(index, Amount::new(worth));
        let armed = |trader: &super::super::Trader| trader.status == Status::Open;
        if self.traders.get(index).is_some_and(armed) {
            let marks = self.marks();
            self.arm_one(index, &marks)?;
        }
        Ok(())
    }
}

/// How many of the first hold as much as is to be closed, as far as one command takes them.
fn enough(list: &[(Label, u128)], base: u128) -> usize {
    let mut held = 0u128;
    let mut count = 0;
    for (_, size) in list.iter().take(LIST) {
        if held >= base {
            break;
        }
        held = held.saturating_add(*size);
        count += 1;
    }
    count
}
