//! Money between the books and the custodian.

use super::{
    Answer, Call, No,
    model::{Model, Transfer, entry},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::{BeginTransfer, Direction, Outcome, Party, Reconcile, ResolveTransfer},
};
use backstop_units::Label;
use ruint::aliases::U256;

impl Model {
    pub(super) fn custody_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::BeginTransfer(c) => self.begin(c),
            Body::ResolveTransfer(c) => self.resolve(c),
            Body::Reconcile(c) => self.reconcile(call, c),
            _ => refuse("not about custody"),
        }
    }

    fn custody_of(&self, asset: Label) -> Result<usize, No> {
        let found = self.custody.iter().position(|custody| custody.asset == asset);
        found.ok_or(No::Refused("unknown asset"))
    }

    fn begin(&mut self, c: &BeginTransfer) -> Answer {
        let custody = self.custody_of(c.asset)?;
        let amount = c.amount.get();
        need(amount > 0, "nothing to transfer")?;
        match c.party {
            Party::Account(account) => self.account(account)?,
            Party::Clearing(market) => {
                self.market(market)?;
                need(c.asset == label(ASSETS[0]), "a market of another asset")?;
            }
        }
        match c.direction {
            Direction::In => {
                let waiting = entry(&mut self.pending, (c.party, c.asset));
                *waiting = waiting.checked_add(amount).ok_or(No::Refused("overflow"))?;
                self.custody[custody].transit.sub(amount);
            }
            Direction::Out => {
                self.set_aside(c.party, c.asset, amount)?;
                self.custody[custody].transit.add(amount);
            }
        }
        self.transfers.push(Transfer {
            direction: c.direction,
            party: c.party,
            asset: c.asset,
            amount,
            outcome: None,
        });
        Ok(())
    }

    /// Takes money from its owner; none of the operator's while the books and the custodian disagree.
    fn set_aside(&mut self, party: Party, asset: Label, amount: u128) -> Answer {
        match party {
            Party::Account(account) => {
                let custody = &self.custody[self.custody_of(asset)?];
                let disagree = custody.suspense.plus != custody.suspense.minus;
                let operator = account == label("treasury") || account == label("op");
                need(!(operator && disagree), "suspense is open")?;
                let free = self.balance(account, asset);
                *free = free.checked_sub(amount).ok_or(No::Refused("not that rich"))?;
            }
            Party::Clearing(name) => {
                let at = self.market(name)?;
                let market = &mut self.markets[at];
                let unpaid = [
                    market.socialised,
                    market.residual,
                    market.deleveraged,
                    market.by_equity,
                    market.depositors,
                ];
                let borne =
                    unpaid.into_iter().map(U256::from).fold(U256::ZERO, |sum, one| sum + one);
                let owed = market.clearing.plus.saturating_sub(market.clearing.minus);
                need(U256::from(amount) <= owed.saturating_sub(borne), "not owed to the venue")?;
                market.clearing.sub(amount);
            }
        }
        Ok(())
    }

    fn give(&mut self, party: Party, asset: Label, amount: u128) -> Answer {
        match party {
            Party::Account(account) => {
                let free = self.balance(account, asset);
                *free = free.checked_add(amount).ok_or(No::Refused("overflow"))?;
            }
            Party::Clearing(name) => {
                let market = self.market(name)?;
                self.markets[market].clearing.add(amount);
            }
        }
        Ok(())
    }

    fn resolve(&mut self, c: &ResolveTransfer) -> Answer {
        let at = usize::try_from(c.transfer.get()).map_err(|_| No::Refused("unknown transfer"))?;
        let transfer = self.transfers.get(at).cloned().ok_or(No::Refused("unknown transfer"))?;
        need(transfer.outcome.is_none(), "it has ended")?;
        let custody = self.custody_of(transfer.asset)?;
        let (party, asset, amount) = (transfer.party, transfer.asset, transfer.amount);
        match (transfer.direction, c.outcome) {
            (Direction::In, outcome) => {
                *entry(&mut self.pending, (party, asset)) -= amount;
                self.custody[custody].transit.add(amount);
                if outcome == Outcome::Confirmed {
                    let held = &mut self.custody[custody].held;
                    *held = held.checked_add(amount).ok_or(No::Refused("overflow"))?;
                    self.give(party, asset, amount)?;
                }
            }
            (Direction::Out, Outcome::Confirmed) => {
                let custody = &mut self.custody[custody];
                let left = custody.held.checked_sub(amount);
                custody.held = left.ok_or(No::Refused("custody is short"))?;
                custody.transit.sub(amount);
            }
            (Direction::Out, Outcome::Failed) => {
                self.custody[custody].transit.sub(amount);
                self.give(party, asset, amount)?;
            }
        }
        self.transfers[at].outcome = Some(c.outcome);
        Ok(())
    }

    fn reconcile(&mut self, call: &Call<'_>, c: &Reconcile) -> Answer {
        let custody = self.custody_of(c.asset)?;
        need(c.as_of <= call.now.plus(self.limits.skew_ahead), "from the future")?;
        let custody = &mut self.custody[custody];
        need(c.as_of >= custody.as_of, "older than the last statement")?;
        custody.as_of = c.as_of;
        need(!custody.signed || c.signature.is_some(), "unsigned")?;
        let balance = c.balance.get();
        custody.suspense.add(balance.saturating_sub(custody.held));
        custody.suspense.sub(custody.held.saturating_sub(balance));
        custody.held = balance;
        Ok(())
    }
}
