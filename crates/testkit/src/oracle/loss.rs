//! Losses: who pays in which order, and who gets what comes back.

use super::{
    Answer, Call, No,
    fund::room,
    math::{floor, hamilton, shares_of},
    model::{Adl, Bearer, Gate, Loss, Model, Row, Use},
    need, refuse,
};
use crate::world::{ASSETS, label};
use backstop_core::{
    Body,
    command::SettleLiquidation,
    event::{Cohort, Placement},
    policy::{Cause, LayerPolicy, LayerSource, Overflow, Payout, SplitRounding, Underwater},
    state::LossStatus,
};
use backstop_units::{Hash, Label, Timestamp};
use ruint::aliases::U256;

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
                self.place(call, at)?;
                self.losses[at].status = LossStatus::Placed;
                self.release(at, call.now);
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
        let market = &self.markets[market];
        let mut funds = vec![market.fund];
        for layer in &market.layers {
            let fund = match layer.source {
                LayerSource::Reserve(fund) => self.fund(fund),
                LayerSource::Staked(tranche) => {
                    self.tranche(tranche).map(|tranche| self.tranches[tranche].fund)
                }
                LayerSource::FeePool
                | LayerSource::Socialised
                | LayerSource::Adl
                | LayerSource::Depositors => continue,
            };
            if let Ok(fund) = fund
                && !funds.contains(&fund)
            {
                funds.push(fund);
            }
        }
        funds
    }

    fn each_gate(&mut self, loss: usize, change: impl Fn(&mut Gate)) {
        let gates = self.funds.iter_mut().flat_map(|fund| &mut fund.gates);
        gates.filter(|gate| gate.loss == loss).for_each(change);
    }

    fn release(&mut self, loss: usize, now: Timestamp) {
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
            adl: None,
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

    pub(super) fn available(
        &self,
        at: usize,
        layer: &LayerPolicy,
        cause: Cause,
        now: Timestamp,
    ) -> Result<u128, No> {
        let market = &self.markets[at];
        Ok(match layer.source {
            LayerSource::FeePool => market.fee_pool,
            LayerSource::Reserve(label) => {
                let at = self.fund(label)?;
                let (fund, all) = (&self.funds[at], self.not_held(at, now));
                if fund.policy.covers.has(cause) { all } else { 0 }
            }
            LayerSource::Staked(label) => {
                let tranche = &self.tranches[self.tranche(label)?];
                let most = tranche.assets.saturating_sub(tranche.policy.keeps.get());
                if tranche.policy.covers.has(cause) { most } else { 0 }
            }
            LayerSource::Socialised if market.open_interest > 0 => u128::MAX,
            // What winners turn out to lack becomes residual later.
            LayerSource::Adl if market.adl.is_some() => u128::MAX,
            LayerSource::Depositors => market.lent.map_or(0, |lent| lent.worth()),
            LayerSource::Socialised | LayerSource::Adl => 0,
        })
    }

    /// Sends a loss through the layers, each of which pays all that is needed and that it can.
    pub(super) fn place(&mut self, call: &mut Call<'_>, at: usize) -> Answer {
        let loss = self.losses[at].clone();
        let seen = call.placements.pop_front();
        if call.observed && seen.is_none() {
            return Err(No::Wrong("no loss was placed".to_owned()));
        }
        // Limits count by the time of payment.
        let when = call.now;
        // Revenue that is due is there to pay with.
        for fund in self.touched(loss.market) {
            self.settle_before_loss(fund, call.now)?;
        }
        let layers = self.markets[loss.market].layers.clone();
        for layer in &layers {
            if let LayerSource::Staked(tranche) = layer.source {
                self.prepare(self.tranche(tranche)?);
            }
        }
        let mut need = loss.gross;
        for (number, layer) in layers.iter().enumerate() {
            let available = self.available(loss.market, layer, loss.cause, when)?;
            let room = self.headroom(loss.market, layer, loss.cause, when);
            let [least, most] = room.map(|room| room.min(available).min(need));
            let draw = match seen {
                Some(seen) => drawn(seen, number),
                None if layer.payout == Payout::Whole && most < need => 0,
                None => most,
            };
            // All or nothing, on either side of what the limits may leave.
            let whole = layer.payout == Payout::Whole;
            let [least, most] =
                [least, most].map(|most| if whole && most < need { 0 } else { most });
            if draw < least || draw > most || (whole && draw > 0 && draw < need) {
                return Err(No::Wrong(format!(
                    "layer {number} ({:?}) paid {draw}, must pay {least} to {most} of {need}",
                    layer.source
                )));
            }
            need -= draw;
            if draw > 0 {
                self.draw(at, layer.source, draw, (when, seen))?;
            }
        }
        if need > 0 {
            self.row(at, Bearer::Nobody, need);
            self.markets[loss.market].residual += need;
        }
        self.markets[loss.market].clearing.add(loss.gross);
        seen.map_or(Ok(()), |seen| self.same_rows(at, seen))
    }

    pub(super) fn row(&mut self, loss: usize, bearer: Bearer, amount: u128) {
        let row = Row { bearer, amount, recovered: 0, paid: Vec::new() };
        self.losses[loss].rows.push(row);
    }

    /// Takes a draw from those who stand behind a layer.
    fn draw(
        &mut self,
        loss: usize,
        source: LayerSource,
        amount: u128,
        (at, seen): (Timestamp, Option<&Placement>),
    ) -> Answer {
        let (market, cause) = (self.losses[loss].market, self.losses[loss].cause);
        let used = Use { source, cause, at, amount, returned: 0, loss };
        self.markets[market].uses.push(used);
        match source {
            LayerSource::FeePool => {
                self.markets[market].fee_pool -= amount;
                self.row(loss, Bearer::FeePool, amount);
            }
            LayerSource::Reserve(label) => {
                let fund = self.fund(label)?;
                let own = amount.min(self.funds[fund].reserve);
                self.funds[fund].reserve -= own;
                self.funds[fund].contributions -= amount - own;
                if own > 0 {
                    self.row(loss, Bearer::Reserve(fund), own);
                }
                if amount > own {
                    self.row(loss, Bearer::Contributions(fund), amount - own);
                }
            }
            LayerSource::Staked(label) => {
                let at = self.tranche(label)?;
                let bearers = self.bearers(at);
                self.row(loss, Bearer::Stakers(at, bearers), amount);
                let tranche = &mut self.tranches[at];
                tranche.assets -= amount;
                if tranche.assets == 0 && tranche.policy.new_series_after_wipe {
                    tranche.series += 1;
                    tranche.clear();
                }
            }
            LayerSource::Socialised => {
                self.markets[market].socialised += amount;
                self.row(loss, Bearer::Positions, amount);
                if let Some(seen) = seen {
                    self.move_index(market, amount, seen)?;
                }
            }
            LayerSource::Depositors => self.lenders_bear(loss, amount)?,
            LayerSource::Adl => {
                self.markets[market].deleveraged += amount;
                self.row(loss, Bearer::Winners, amount);
                self.losses[loss].adl = Some(Adl {
                    claim: amount,
                    placed_at: at,
                    open: None,
                    entries: Vec::new(),
                    cuts: 0,
                    taken: Vec::new(),
                    done: false,
                    closed: false,
                });
            }
        }
        Ok(())
    }

    /// Each base atom bears the same, and what that can't express is carried: nothing is lost.
    fn move_index(&mut self, at: usize, amount: u128, seen: &Placement) -> Answer {
        let market = &mut self.markets[at];
        let wrong = |why: &str| Err(No::Wrong(format!("index: {why}")));
        let delta = seen.rows.iter().find_map(|row| match row.cohort {
            Cohort::Positions { delta, base, .. } => Some((delta.get(), base.get())),
            _ => None,
        });
        let Some((delta, base)) = delta else { return wrong("no positions in the rows") };
        let carry = seen.index_carry.get();
        let before = U256::from(amount) * U256::from(1u128 << 60) + U256::from(market.index_carry);
        let after = U256::from(delta) * U256::from(base) + U256::from(carry);
        if base != market.open_interest || before != after || carry >= base {
            return wrong("what positions bear and the carry don't add up to the draw");
        }
        market.index += delta;
        market.index_carry = carry;
        Ok(())
    }

    fn same_rows(&self, at: usize, seen: &Placement) -> Answer {
        let rows = &self.losses[at].rows;
        let same = |(row, seen): (&Row, &backstop_core::event::Row)| {
            let kind = match (&row.bearer, &seen.cohort) {
                (Bearer::Reserve(fund), Cohort::Reserve(id))
                | (Bearer::Contributions(fund), Cohort::Contributions(id)) => {
                    usize::try_from(id.get()).ok() == Some(*fund)
                }
                (Bearer::Stakers(at, holders), Cohort::Stakers { tranche, shares, .. }) => {
                    usize::try_from(tranche.get()).ok() == Some(*at)
                        && holders.iter().map(|h| h.1).sum::<u128>() == shares.get()
                }
                (Bearer::FeePool, Cohort::FeePool)
                | (Bearer::Positions, Cohort::Positions { .. })
                | (Bearer::Winners, Cohort::Adl { .. })
                | (Bearer::Lenders, Cohort::Depositors { .. })
                | (Bearer::Nobody, Cohort::Residual) => true,
                _ => false,
            };
            kind && row.amount == seen.amount.get()
        };
        let equal = rows.len() == seen.rows.len() && rows.iter().zip(&seen.rows).all(same);
        if equal { Ok(()) } else { Err(No::Wrong(format!("rows {:?}, not {rows:?}", seen.rows))) }
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
            Bearer::Stakers(..) | Bearer::Winners => {}
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
        let bearer = self.losses[loss].rows[row].bearer.clone();
        let funds: Vec<Label> = self.funds.iter().map(|fund| fund.label).collect();
        let tranches: Vec<Label> = self.tranches.iter().map(|tranche| tranche.label).collect();
        let fits = |source| match (&bearer, source) {
            (Bearer::FeePool, LayerSource::FeePool)
            | (Bearer::Positions, LayerSource::Socialised)
            | (Bearer::Winners, LayerSource::Adl)
            | (Bearer::Lenders, LayerSource::Depositors) => true,
            (Bearer::Stakers(at, _), LayerSource::Staked(label)) => tranches[*at] == label,
            (Bearer::Reserve(f) | Bearer::Contributions(f), LayerSource::Reserve(label)) => {
                funds[*f] == label
            }
            _ => false,
        };
        let mut left = amount;
        let uses = &mut self.markets[self.losses[loss].market].uses;
        for used in uses.iter_mut().filter(|used| used.loss == loss && fits(used.source)) {
            let part = left.min(used.amount - used.returned);
            used.returned += part;
            left -= part;
        }
    }
}

/// What the core says a layer paid.
fn drawn(seen: &Placement, layer: usize) -> u128 {
    let rows = seen.rows.iter().filter(|row| usize::from(row.layer) == layer);
    rows.filter(|row| row.cohort != Cohort::Residual).map(|row| row.amount.get()).sum()
}
