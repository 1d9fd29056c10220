//! What settlements came to, counted from the events that the ledger answered with.

use backstop_core::{
    Event,
    event::{Cohort, Row},
};
use backstop_units::{AccountId, Amount, LossId, MarketId, Timestamp};
use std::collections::BTreeSet;

/// The largest loss of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BiggestLoss {
    /// Which loss.
    pub loss: LossId,
    /// Whose account caused it.
    pub account: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// How much, in atoms.
    pub gross: Amount,
}

/// Counts and sums over all settlements; sums in atoms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accounts closed; where the ledger keeps the positions, accounts liquidated in part or whole.
    pub liquidations: u64,
    /// Of them, accounts that owed more than they had.
    pub deficits: u64,
    /// Losses placed; a position that is closed in parts may cause several.
    pub losses: u64,
    /// Batches of settlements sent.
    pub batches: u64,
    /// All losses placed; a fee that a policy adds under water is part of it.
    pub gross: Amount,
    /// Paid by each layer of each market, in the order of first payment.
    pub layers: Vec<(MarketId, u8, Amount)>,
    /// Of what reserves paid: contributors' money.
    pub contributions: Amount,
    /// Borne by open positions.
    pub socialised: Amount,
    /// Forgone by winners who were deleveraged.
    pub deleveraged: Amount,
    /// What was closed of their positions, in quote atoms at the mark.
    pub cut_notional: Amount,
    /// How many of them there were.
    pub cut_accounts: u64,
    /// Borne by nobody.
    pub residual: Amount,
    /// Remaining collateral that funds kept.
    pub to_fund: Amount,
    /// Remaining collateral that liquidators earned.
    pub to_liquidators: Amount,
    /// Remaining collateral that went back to users.
    pub to_users: Amount,
    /// Funds' parts that did not fit under their threshold.
    pub overflow: Amount,
    /// Bounties out of funds.
    pub bounties: Amount,
    /// Fees paid into fee pools.
    pub fees: Amount,
    /// The largest loss.
    pub biggest: Option<BiggestLoss>,
    /// Rows of deleveraging that are not closed: which loss, and which layer of which market.
    claims: Vec<(LossId, MarketId, u8)>,
    /// Who owed more than he had.
    owed: BTreeSet<AccountId>,
    /// Who was deleveraged, by his place at the venue.
    cut: BTreeSet<usize>,
}

fn add(sum: &mut Amount, amount: Amount) {
    *sum = sum.saturating_add(amount);
}

impl Tally {
    /// What a layer of a market has paid.
    pub fn layer(&self, market: MarketId, layer: u8) -> Amount {
        let found = self.layers.iter().find(|(at, number, _)| (*at, *number) == (market, layer));
        found.map_or(Amount::ZERO, |(.., amount)| *amount)
    }

    /// Adds one event.
    pub fn count(&mut self, event: &Event) {
        match event {
            Event::LossPlaced(placement) => {
                self.losses += 1;
                self.owing(placement.account.unwrap_or_default());
                add(&mut self.gross, placement.gross);
                if self.biggest.is_none_or(|biggest| placement.gross > biggest.gross) {
                    self.biggest = Some(BiggestLoss {
                        loss: placement.loss,
                        account: placement.account,
                        at: placement.occurred_at,
                        gross: placement.gross,
                    });
                }
                self.rows((placement.loss, placement.market), &placement.rows);
            }
            Event::LossReallocated(more) => self.rows((more.loss, more.market), &more.rows),
            Event::LiquidationSettled {
                to_fund, to_liquidator, to_user, overflow, bounty, ..
            } => {
                add(&mut self.to_fund, *to_fund);
                add(&mut self.to_liquidators, *to_liquidator);
                add(&mut self.to_users, *to_user);
                add(&mut self.overflow, *overflow);
                add(&mut self.bounties, *bounty);
            }
            Event::MarginLiquidated(it) => {
                add(&mut self.to_fund, it.to_fund);
                add(&mut self.overflow, it.overflow);
            }
            Event::FeesPaid { amount, .. } => add(&mut self.fees, *amount),
            Event::AdlClosed { loss, forgone, .. } => {
                add(&mut self.deleveraged, *forgone);
                if let Some(at) = self.claims.iter().position(|(claimed, ..)| claimed == loss) {
                    let (_, market, layer) = self.claims.swap_remove(at);
                    self.pay((market, layer), *forgone);
                }
            }
            _ => {}
        }
    }

    /// Counts an account that owed more than it had, once.
    pub(super) fn owing(&mut self, account: AccountId) {
        self.deficits += u64::from(self.owed.insert(account));
    }

    /// Adds what a liquidated account has left, if it has.
    pub(super) fn returned(&mut self, cash: i128) {
        add(&mut self.to_users, Amount::new(u128::try_from(cash).unwrap_or(0)));
    }

    /// Adds a loss that a winner bore by closing below the mark, without a row in the ledger.
    pub(super) fn given_up(&mut self, amount: Amount) {
        add(&mut self.gross, amount);
        add(&mut self.deleveraged, amount);
    }

    /// Counts a part of a winner's position that was closed.
    pub(super) fn cut(&mut self, trader: usize, notional: Amount) {
        add(&mut self.cut_notional, notional);
        self.cut_accounts += u64::from(self.cut.insert(trader));
    }

    /// Adds who bore what of a loss.
    fn rows(&mut self, (loss, market): (LossId, MarketId), rows: &[Row]) {
        for row in rows {
            match row.cohort {
                Cohort::Residual => add(&mut self.residual, row.amount),
                Cohort::Positions { .. } => add(&mut self.socialised, row.amount),
                Cohort::Contributions(_) => add(&mut self.contributions, row.amount),
                Cohort::FeePool
                | Cohort::Reserve(_)
                | Cohort::House(_)
                | Cohort::Stakers { .. }
                | Cohort::Depositors { .. }
                | Cohort::Haircut { .. }
                | Cohort::Equity { .. } => {}
                // What it comes to is known when it is closed.
                Cohort::Adl { .. } => {
                    self.claims.push((loss, market, row.layer));
                    continue;
                }
            }
            if row.cohort != Cohort::Residual {
                self.pay((market, row.layer), row.amount);
            }
        }
    }

    fn pay(&mut self, (market, layer): (MarketId, u8), amount: Amount) {
        match self.layers.iter_mut().find(|(at, number, _)| (*at, *number) == (market, layer)) {
            Some((.., sum)) => add(sum, amount),
            None => self.layers.push((market, layer, amount)),
        }
    }
}
