//! Losses: from the report to the void; `place` beside it says who pays.

use super::{
    Answer, Call, No,
    fund::room,
    math::{floor, hamilton, shares_of},
    model::{Bearer, Gate, Loss, Model},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::SettleLiquidation,
    policy::{Cause, Overflow, SplitRounding, Underwater},
    state::LossStatus,
};
use backstop_units::{Hash, Label, Timestamp};

/// Dave and Erin have one owner, who is paid for none of his own bankruptcies.
fn within_family(c: &SettleLiquidation) -> bool {
    let family = [label("dave"), label("erin")];
    family.contains(&c.account) && family.contains(&c.liquidator)
}

impl Model {
    pub(super) fn loss_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::SettleLiquidation(c) => self.settle(call, c),
            Body::DeclareLoss(c) => self.declare(call, c),
            Body::AssessLoss(c) => {
                let at = self.loss(c.loss.get())?;
                let loss = &self.losses[at];
                let waiting = loss.status == LossStatus::Declared && call.now < loss.lapses_at;
                need(waiting || loss.status == LossStatus::Open, "not to be assessed")?;
                need(!c.amount.is_zero() && c.evidence != Hash::ZERO, "no amount or evidence")?;
                let loss = &mut self.losses[at];
                (loss.status, loss.gross) = (LossStatus::Open, c.amount.get());
                loss.evidence = c.evidence;
                self.each_gate(at, |gate| gate.until = Timestamp::MAX);
                Ok(())
            }
            Body::PlaceLoss(c) => {
                let at = self.loss(c.loss.get())?;
                need(self.losses[at].status == LossStatus::Open, "not assessed")?;
                self.release(at, call.now);
                self.place(call, at)?;
                self.losses[at].status = LossStatus::Placed;
                Ok(())
            }
            Body::CloseLoss(c) => {
                let at = self.loss(c.loss.get())?;
                need(self.losses[at].status == LossStatus::Placed, "not placed")?;
                self.losses[at].status = LossStatus::Closed;
                Ok(())
            }
            Body::LapseDeclaration(c) => {
                let at = self.loss(c.loss.get())?;
                let loss = &self.losses[at];
                need(loss.status == LossStatus::Declared, "not declared")?;
                need(call.now >= loss.lapses_at, "it has time left")?;
                self.void(at, call.now);
                Ok(())
            }
            Body::VoidLoss(c) => {
                let at = self.loss(c.loss.get())?;
                need(self.losses[at].status != LossStatus::Void, "void already")?;
                (0..self.losses[at].rows.len()).try_for_each(|row| self.settled(at, row))?;
                self.void(at, call.now);
                Ok(())
            }
            Body::RecoverLoss(c) => self.recover(c),
            Body::ClaimRecovery(c) => self.claim_recovery(c),
            _ => refuse("not about losses"),
        }
    }

    pub(super) fn loss(&self, loss: u32) -> Result<usize, No> {
        let at = usize::try_from(loss).map_err(|_| No::Refused("unknown loss"))?;
        self.losses.get(at).map(|_| at).ok_or(No::Refused("unknown loss"))
    }

    /// The funds that a market's losses may touch.
    pub(super) fn touched(&self, market: usize) -> Vec<usize> {
        let mut funds = vec![self.markets[market].fund];
        for fund in self.behind_layers(market, 0) {
            if !funds.contains(&fund) {
                funds.push(fund);
            }
        }
        funds
    }

    fn each_gate(&mut self, loss: usize, change: impl Fn(&mut Gate)) {
        let gates = self.funds.iter_mut().flat_map(|fund| &mut fund.gates);
        gates.filter(|gate| gate.loss == loss).for_each(change);
    }

    pub(super) fn release(&mut self, loss: usize, now: Timestamp) {
        self.each_gate(loss, |gate| (gate.until, gate.over) = (gate.until.min(now), true));
    }

    pub(super) fn settle(&mut self, call: &mut Call<'_>, c: &SettleLiquidation) -> Answer {
        let market = self.market(c.market)?;
        self.account(c.account)?;
        self.account(c.liquidator)?;
        need(c.account != c.liquidator, "an account can't liquidate itself")?;
        let dead = self.markets[market].lent.is_some_and(|lent| lent.index == 0);
        need(!dead, "lenders lost all on this market")?;
        if let Some(base) = c.open_interest {
            self.markets[market].open_interest = base.get();
        }
        let outcome = c.outcome.get();
        if outcome >= 0 {
            return self.share(market, c, (outcome.unsigned_abs(), call.now));
        }
        let evidence = c.evidence.unwrap_or_default();
        need(evidence != Hash::ZERO, "a deficit without evidence")?;
        let fee = match self.markets[market].underwater {
            Underwater::FullFee { .. } | Underwater::DeficitFee { .. } if within_family(c) => {
                Some(0)
            }
            Underwater::FullFee { fee } => floor(c.notional.get(), u128::from(fee.get()), 10_000),
            // Rounded up: what is left of the deficit when the rest is rounded down.
            Underwater::DeficitFee { fee } => {
                let deficit = outcome.unsigned_abs();
                let kept = floor(deficit, u128::from(10_000 - fee.get()), 10_000);
                kept.map(|kept| deficit - kept)
            }
            Underwater::Nothing | Underwater::Bounty { .. } => Some(0),
        };
        let fee = fee.ok_or(No::Refused("overflow"))?;
        let gross = outcome.unsigned_abs().checked_add(fee).ok_or(No::Refused("overflow"))?;
        self.draw_late(call, market, gross)?;
        if !self.sound(market, c.mark.get(), call.now) {
            // Nobody pays and nobody earns until it is assessed.
            let (cause, gross) = (Cause::Bankruptcy, outcome.unsigned_abs());
            return self.declared(call, market, cause, (gross, evidence));
        }
        let at = self.losses.len();
        self.losses.push(Loss {
            market,
            cause: Cause::Bankruptcy,
            status: LossStatus::Closed,
            gross,
            evidence,
            lapses_at: Timestamp::MAX,
            rows: Vec::new(),
            claims: Vec::new(),
        });
        self.place(call, at)?;
        self.markets[market].clearing.sub(fee);
        self.gain(c.liquidator, fee)?;
        self.bounty(call, market, c)
    }

    pub(super) fn gain(&mut self, account: Label, amount: u128) -> Answer {
        let balance = self.balance(account, label(ASSETS[0]));
        *balance = balance.checked_add(amount).ok_or(No::Refused("overflow"))?;
        Ok(())
    }

    /// Paid by the fund's own reserve, never within one group of accounts.
    fn bounty(&mut self, call: &Call<'_>, market: usize, c: &SettleLiquidation) -> Answer {
        let Underwater::Bounty { fee, cap } = self.markets[market].underwater else {
            return Ok(());
        };
        if within_family(c) {
            return Ok(());
        }
        let fund = self.markets[market].fund;
        let fee = floor(c.notional.get(), u128::from(fee.get()), 10_000);
        let fee = fee.ok_or(No::Refused("overflow"))?;
        let free = self.funds[fund].reserve.min(self.not_held(fund, call.now));
        // No loss: what a risk message holds back stays.
        let free = free.saturating_sub(self.kept(fund, call.now));
        let bounty = fee.min(cap.get()).min(free);
        self.funds[fund].reserve -= bounty;
        self.gain(c.liquidator, bounty)
    }

    /// Shares what is left among fund, liquidator and user.
    fn share(
        &mut self,
        market: usize,
        c: &SettleLiquidation,
        (collateral, now): (u128, Timestamp),
    ) -> Answer {
        let at = self.markets[market].fund;
        let split = self.funds[at].policy.split;
        let weights = [split.fund, split.liquidator, split.user].map(|w| u128::from(w.get()));
        let [fund, liquidator, user] = match (self.fee(at, c, (collateral, now)), split.rounding) {
            (Some(fee), rounding) => {
                let (rest, whole) = (collateral - fee, weights[1] + weights[2]);
                let liquidator = match rounding {
                    SplitRounding::LargestRemainder => shares_of(rest, &weights[1..])[0],
                    SplitRounding::FloorRestToUser => floor(rest, weights[1], whole).unwrap_or(0),
                };
                [fee, liquidator, rest - liquidator]
            }
            (None, SplitRounding::LargestRemainder) => hamilton(collateral, weights),
            (None, SplitRounding::FloorRestToUser) => {
                let part = |weight| floor(collateral, weight, 10_000).unwrap_or(0);
                let (fund, liquidator) = (part(weights[0]), part(weights[1]));
                [fund, liquidator, collateral - fund - liquidator]
            }
        };
        let route = self.route(at, now);
        let accepted = fund.min(room(&self.funds[at], self.behind(at)));
        self.markets[market].clearing.sub(collateral);
        let reserve = self.funds[at].reserve.checked_add(accepted);
        self.funds[at].reserve = reserve.ok_or(No::Refused("overflow"))?;
        self.gain(c.liquidator, liquidator)?;
        self.gain(c.account, user)?;
        let rest = fund - accepted;
        if let Some(route) = route {
            return self.pay_surplus(at, route, rest);
        }
        match split.overflow {
            Overflow::Treasury => self.gain(label("treasury"), rest),
            Overflow::User => self.gain(c.account, rest),
            Overflow::Liquidator => self.gain(c.liquidator, rest),
            Overflow::Stakers => {
                let staked = self.tranches_of(at).find(|(_, tranche)| tranche.shares() > 0);
                match staked.map(|(index, _)| index) {
                    Some(index) => self.tranches[index].assets += rest,
                    None => self.gain(label("treasury"), rest)?,
                }
                Ok(())
            }
        }
    }

    /// Returns money to a row: to its layer, or to wait for those stakers who bore it.
    pub(super) fn return_to(&mut self, loss: usize, row: usize, amount: u128) {
        let market = self.losses[loss].market;
        let row = &mut self.losses[loss].rows[row];
        row.recovered += amount;
        match row.bearer {
            Bearer::FeePool => self.markets[market].fee_pool += amount,
            Bearer::Reserve(fund) => self.funds[fund].reserve += amount,
            Bearer::Contributions(fund) => self.funds[fund].contributions += amount,
            Bearer::Positions => self.markets[market].socialised -= amount,
            Bearer::Lenders => self.markets[market].depositors -= amount,
            Bearer::Nobody => self.markets[market].residual -= amount,
            Bearer::Stakers(..) | Bearer::Claim(_) => {}
        }
    }

    fn void(&mut self, at: usize, now: Timestamp) {
        let market = self.losses[at].market;
        for row in 0..self.losses[at].rows.len() {
            let open = self.losses[at].rows[row].amount - self.losses[at].rows[row].recovered;
            self.return_to(at, row, open);
            self.markets[market].clearing.sub(open);
            self.give_back(at, row, open);
        }
        self.losses[at].status = LossStatus::Void;
        self.release(at, now);
    }

    /// A void loss has used nothing of its layers' limits.
    fn give_back(&mut self, loss: usize, row: usize, amount: u128) {
        let uses = &mut self.markets[self.losses[loss].market].uses;
        for used in uses.iter_mut().filter(|used| used.loss == loss && used.rows.contains(&row)) {
            used.returned += amount;
        }
    }
}
