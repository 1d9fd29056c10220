//! Who pays in which order: a loss through all layers, what a claim could not bring through those behind.

use super::{
    Answer, Call, No, Seen,
    model::{Bearer, Gate, Model, Row, Use},
    need, refuse,
};
use backstop_core::{
    event::{self, Cohort},
    loss::claim::Kind,
    policy::{Cause, LayerPolicy, LayerSource, Payout},
};
use backstop_units::Timestamp;
use ruint::aliases::U256;

impl Model {
    /// The funds behind the layers of a market from one on.
    pub(super) fn behind_layers(&self, market: usize, from: usize) -> Vec<usize> {
        let mut funds = Vec::new();
        for layer in self.markets[market].layers.iter().skip(from) {
            let fund = match layer.source {
                LayerSource::Reserve(fund) => self.fund(fund),
                LayerSource::Staked(tranche) => {
                    self.tranche(tranche).map(|tranche| self.tranches[tranche].fund)
                }
                LayerSource::FeePool
                | LayerSource::Socialised
                | LayerSource::Adl
                | LayerSource::Depositors
                | LayerSource::Equity
                | LayerSource::Haircut(_) => continue,
            };
            if let Ok(fund) = fund
                && !funds.contains(&fund)
            {
                funds.push(fund);
            }
        }
        funds
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
            LayerSource::Equity if market.equity.is_some() => u128::MAX,
            // The oracle keeps no hosted markets, whose layer the last is.
            LayerSource::Socialised
            | LayerSource::Adl
            | LayerSource::Equity
            | LayerSource::Haircut(_) => 0,
        })
    }

    /// Sends a loss through the layers, each of which pays all that is needed and that it can.
    pub(super) fn place(&mut self, call: &mut Call<'_>, at: usize) -> Answer {
        let loss = &self.losses[at];
        let (market, gross) = (loss.market, loss.gross);
        // Revenue that is due is there to pay with.
        for fund in self.touched(market) {
            self.settle_before_loss(fund, call.now)?;
        }
        self.markets[market].clearing.add(gross);
        self.spread(call, at, gross, 0)
    }

    /// What a layer could not bring goes to those behind it, as the loss itself did.
    pub(super) fn reallocate(
        &mut self,
        call: &mut Call<'_>,
        at: usize,
        amount: u128,
        from: usize,
    ) -> Answer {
        for fund in self.behind_layers(self.losses[at].market, from) {
            self.settle_before_loss(fund, call.now)?;
        }
        self.spread(call, at, amount, from)
    }

    fn spread(&mut self, call: &mut Call<'_>, at: usize, amount: u128, from: usize) -> Answer {
        let loss = self.losses[at].clone();
        let seen = call.placements.pop_front();
        if call.observed && seen.is_none() {
            return Err(No::Wrong("no loss was placed".to_owned()));
        }
        // Limits count by the time of payment.
        let when = call.now;
        let layers = self.markets[loss.market].layers.clone();
        for layer in &layers[from..] {
            if let LayerSource::Staked(tranche) = layer.source {
                self.prepare(self.tranche(tranche)?);
            }
        }
        let mut need = amount;
        for (number, layer) in layers.iter().enumerate().skip(from) {
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
                self.draw(at, (number, layer.source), draw, (when, seen))?;
            }
        }
        let new = self.losses[at].rows[loss.rows.len()..].to_vec();
        self.rest(at, need);
        seen.map_or(Ok(()), |seen| same_rows(&new, need, seen))
    }

    /// What no layer took: one row of the loss, however often something is left.
    fn rest(&mut self, at: usize, rest: u128) {
        let market = self.losses[at].market;
        self.markets[market].residual += rest;
        let rows = &mut self.losses[at].rows;
        match rows.iter_mut().find(|row| matches!(row.bearer, Bearer::Nobody)) {
            Some(row) => row.amount += rest,
            None if rest > 0 => self.row(at, usize::MAX, Bearer::Nobody, rest),
            None => {}
        }
    }

    /// Who may have to pay for a claim that fails is held until it is closed.
    pub(super) fn hold_behind(&mut self, loss: usize, layer: usize, now: Timestamp) -> Answer {
        for fund in self.behind_layers(self.losses[loss].market, layer + 1) {
            let gates = &mut self.funds[fund].gates;
            if gates.iter().any(|gate| gate.loss == loss && !gate.over) {
                continue;
            }
            need(gates.iter().filter(|gate| !gate.over).count() < 64, "too many open losses")?;
            gates.push(Gate { loss, from: now, until: Timestamp::MAX, over: false });
        }
        Ok(())
    }

    pub(super) fn row(&mut self, loss: usize, layer: usize, bearer: Bearer, amount: u128) {
        let row = Row { layer, bearer, amount, recovered: 0, paid: Vec::new() };
        self.losses[loss].rows.push(row);
    }

    /// Takes a draw from those who stand behind a layer.
    fn draw(
        &mut self,
        loss: usize,
        (layer, source): (usize, LayerSource),
        amount: u128,
        (at, seen): (Timestamp, Option<Seen<'_>>),
    ) -> Answer {
        let (market, cause) = (self.losses[loss].market, self.losses[loss].cause);
        let first = self.losses[loss].rows.len();
        self.bear(loss, (layer, source), amount, (at, seen))?;
        let rows = first..self.losses[loss].rows.len();
        let used = Use { source, cause, at, amount, returned: 0, loss, rows };
        self.markets[market].uses.push(used);
        Ok(())
    }

    fn bear(
        &mut self,
        loss: usize,
        (layer, source): (usize, LayerSource),
        amount: u128,
        (at, seen): (Timestamp, Option<Seen<'_>>),
    ) -> Answer {
        let market = self.losses[loss].market;
        match source {
            LayerSource::FeePool => {
                self.markets[market].fee_pool -= amount;
                self.row(loss, layer, Bearer::FeePool, amount);
            }
            LayerSource::Reserve(label) => {
                let fund = self.fund(label)?;
                let own = amount.min(self.funds[fund].reserve);
                self.funds[fund].reserve -= own;
                self.funds[fund].contributions -= amount - own;
                if own > 0 {
                    self.row(loss, layer, Bearer::Reserve(fund), own);
                }
                if amount > own {
                    self.row(loss, layer, Bearer::Contributions(fund), amount - own);
                }
            }
            LayerSource::Staked(label) => {
                let at = self.tranche(label)?;
                let bearers = self.bearers(at);
                self.row(loss, layer, Bearer::Stakers(at, bearers), amount);
                let tranche = &mut self.tranches[at];
                tranche.assets -= amount;
                if tranche.assets == 0 && tranche.policy.new_series_after_wipe {
                    tranche.series += 1;
                    tranche.clear();
                }
            }
            LayerSource::Socialised => {
                self.markets[market].socialised += amount;
                self.row(loss, layer, Bearer::Positions, amount);
                if let Some(seen) = seen {
                    self.move_index(market, amount, seen)?;
                }
            }
            LayerSource::Depositors => self.lenders_bear(loss, layer, amount)?,
            LayerSource::Haircut(_) => return refuse("a haircut off a hosted market"),
            LayerSource::Adl => self.ask_later(loss, (layer, Kind::Adl), amount, at)?,
            LayerSource::Equity => self.ask_later(loss, (layer, Kind::Equity), amount, at)?,
        }
        Ok(())
    }

    /// Each base atom bears the same, and what that can't express is carried: nothing is lost.
    fn move_index(&mut self, at: usize, amount: u128, seen: Seen<'_>) -> Answer {
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
}

/// Whether the core's rows are these, and what is left the residual.
fn same_rows(rows: &[Row], rest: u128, seen: Seen<'_>) -> Answer {
    let same = |(row, seen): (&Row, &event::Row)| {
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
            | (Bearer::Claim(_), Cohort::Adl { .. } | Cohort::Equity { .. })
            | (Bearer::Lenders, Cohort::Depositors { .. }) => true,
            _ => false,
        };
        kind && row.amount == seen.amount.get() && row.layer == usize::from(seen.layer)
    };
    let residual = |row: &&event::Row| row.cohort == Cohort::Residual;
    let left: Vec<u128> = seen.rows.iter().filter(residual).map(|row| row.amount.get()).collect();
    let taken = || seen.rows.iter().filter(|row| !residual(row));
    let sum = seen.rows.iter().map(|row| row.amount.get()).fold(0u128, u128::wrapping_add);
    let equal = rows.len() == taken().count() && rows.iter().zip(taken()).all(same);
    let rest = if rest > 0 { vec![rest] } else { Vec::new() };
    if equal && left == rest && sum == seen.amount.get() {
        return Ok(());
    }
    Err(No::Wrong(format!("rows {:?}, not {rows:?} and {rest:?}", seen.rows)))
}

/// What the core says a layer paid.
fn drawn(seen: Seen<'_>, layer: usize) -> u128 {
    let rows = seen.rows.iter().filter(|row| usize::from(row.layer) == layer);
    rows.filter(|row| row.cohort != Cohort::Residual).map(|row| row.amount.get()).sum()
}
