//! What comes back: to rows in reverse order, and from them to those who bore them.

use super::{
    Answer, No,
    math::floor,
    model::{Bearer, Model, entry},
    need,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    command::{ClaimRecovery, Party, RecoverLoss},
    state::LossStatus,
};
use backstop_units::Label;

impl Model {
    pub(super) fn recover(&mut self, c: &RecoverLoss) -> Answer {
        let at = self.loss(c.loss.get())?;
        let status = self.losses[at].status;
        need(matches!(status, LossStatus::Placed | LossStatus::Closed), "not placed")?;
        let amount = c.amount.get();
        need(amount > 0, "nothing recovered")?;
        let open: u128 = self.losses[at].rows.iter().map(|row| row.amount - row.recovered).sum();
        need(amount <= open, "more than the loss")?;
        let mut reach = amount;
        for row in self.last_first(at) {
            let open = self.losses[at].rows[row].amount - self.losses[at].rows[row].recovered;
            if reach.min(open) > 0 {
                self.settled(at, row)?;
            }
            reach -= reach.min(open);
        }
        match c.from {
            Party::Account(account) => {
                self.account(account)?;
                let balance = self.balance(account, label(ASSETS[0]));
                *balance = balance.checked_sub(amount).ok_or(No::Refused("not that rich"))?;
            }
            Party::Clearing(name) => {
                let market = self.market(name)?;
                self.markets[market].clearing.sub(amount);
            }
        }
        let mut left = amount;
        for row in self.last_first(at) {
            let open = self.losses[at].rows[row].amount - self.losses[at].rows[row].recovered;
            let part = left.min(open);
            self.return_to(at, row, part);
            left -= part;
        }
        Ok(())
    }

    /// The rows of a loss, the one of the last layer first, of one layer the one placed last.
    fn last_first(&self, loss: usize) -> Vec<usize> {
        let rows = &self.losses[loss].rows;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| std::cmp::Reverse((rows[*row].layer, *row)));
        order
    }

    pub(super) fn claim_recovery(&mut self, c: &ClaimRecovery) -> Answer {
        let at = self.loss(c.loss.get())?;
        self.account(c.account)?;
        let mut sum = 0;
        let loss = &mut self.losses[at];
        let paid: Vec<Vec<(Label, u128)>> = loss
            .claims
            .iter()
            .map(|claim| claim.taken.iter().map(|t| (t.0, t.1.1)).collect())
            .collect();
        for row in &mut loss.rows {
            let holders = match &row.bearer {
                Bearer::Stakers(_, holders) => holders,
                Bearer::Claim(number) => &paid[*number],
                _ => continue,
            };
            let all: u128 = holders.iter().map(|holder| holder.1).sum();
            let mine: u128 = holders.iter().filter(|h| h.0 == c.account).map(|h| h.1).sum();
            let due = floor(row.recovered, mine, all).unwrap_or(0);
            let paid = entry(&mut row.paid, c.account);
            sum += due - *paid;
            *paid = due;
        }
        need(sum > 0, "nothing to claim")?;
        self.gain(c.account, sum)
    }
}
