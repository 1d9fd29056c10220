//! Who steers a fund, and what the model knows of it beside what the core does.

use super::{
    Answer, Call, No,
    model::{Fund, Model},
    rails::needs_council,
    refuse,
    rights::Right,
};
use backstop_core::{
    Body, State,
    command::Direction,
    fund::{band_at, controls},
    ledger::LedgerAccount,
    policy::Role,
};
use backstop_units::{AssetId, Base, FundId, MarketId, Timestamp};
use std::fmt::Debug;

impl Model {
    pub(super) fn steering_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::SetControl(_)
            | Body::RunControl(_)
            | Body::ReportConditions(_)
            | Body::AddSpike(_)
            | Body::EndSpike(_)
            | Body::ReportRisk(_) => self.control_command(call, body),
            Body::Reserve(_)
            | Body::CommitReservation(_)
            | Body::ReleaseReservation(_)
            | Body::SetOfflineBudget(_)
            | Body::SetOpenInterestMax(_)
            | Body::MoveIdle(_) => self.reserve_command(call, body),
            // Scripts send the others only with labels that are taken or unknown.
            _ => refuse("nonsense"),
        }
    }

    /// Within what the council allowed the risk desk moves at once; more, and the first setting, are
    /// the council's.
    pub(super) fn steers(&self, body: &Body) -> Result<Right, No> {
        use Role::{Guardian, Operator, Risk, Venue};
        let (desk, config) = (Right::Roles(&[Risk]), self.limits.config_delay);
        Ok(match body {
            Body::SetControl(c) => {
                let old = self.funds[self.fund(c.fund)?].control.as_ref();
                let within = old.is_some_and(|old| !needs_council(&old.policy, &c.policy));
                if within { desk } else { Right::Council(config) }
            }
            Body::SetOfflineBudget(c) => {
                let old = self.markets[self.market(c.market)?].offline;
                let within = c.budget.get() <= old.budget && c.span <= old.span;
                if within { desk } else { Right::Council(config) }
            }
            Body::SetOpenInterestMax(c) => {
                let old = self.markets[self.market(c.market)?].open_interest_max;
                let max = c.max.map(Base::get);
                let grows = old.is_some_and(|old| max.is_none_or(|max| max > old));
                if grows { Right::Council(config) } else { desk }
            }
            Body::ReportConditions(c) if c.forecast.is_none() => {
                Right::Roles(&[Venue, Risk, Operator])
            }
            Body::MoveIdle(c) if c.direction == Direction::In => {
                Right::Roles(&[Operator, Risk, Guardian])
            }
            Body::MoveIdle(_) => Right::Roles(&[Operator]),
            Body::ReportRisk(_) => Right::Anyone,
            Body::ReportConditions(_) | Body::AddSpike(_) | Body::EndSpike(_) => desk,
            _ => self.price_right(body)?,
        })
    }

    pub(super) fn same_steering(&self, state: &State) -> Result<(), String> {
        let now = state.meta.now;
        for (at, fund) in self.funds.iter().enumerate() {
            let id = FundId::new(u32::try_from(at).expect("a small world"));
            let idle = state.ledger.owed(LedgerAccount::Idle(id), AssetId::new(0)).get();
            same("idle cash", fund, idle, fund.idle)?;
            let held = state.reservations.get(id).ok_or("no reservations")?.held(now).get();
            same("what is held", fund, held, self.held(at, now))?;
            let core = state.controls.get(id).ok_or("no control")?;
            self.same_control(state, (at, id), core, now)?;
        }
        for (at, market) in self.markets.iter().enumerate() {
            let id = MarketId::new(u32::try_from(at).expect("a small world"));
            let core = state.offline.get(id).ok_or("no offline budget")?;
            let core = (core.budget.get(), core.left.get(), core.span);
            let model = (market.offline.budget, market.offline.left, market.offline.span);
            if core != model {
                return Err(format!("offline budget of {}: {core:?}, not {model:?}", market.label));
            }
            let max = state.open_interest_max.get(id).copied().flatten();
            if max.map(Base::get) != market.open_interest_max {
                return Err(format!("most open interest of {}: {max:?}", market.label));
            }
        }
        Ok(())
    }

    fn same_control(
        &self,
        state: &State,
        (at, id): (usize, FundId),
        core: &controls::Control,
        now: Timestamp,
    ) -> Result<(), String> {
        let fund = &self.funds[at];
        let Some(model) = &fund.control else {
            return same("fee control", fund, core.policy.is_some(), false);
        };
        same("rules", fund, core.policy.as_deref(), Some(&model.policy))?;
        let steered = (core.controller.rate.get(), core.controller.integral.get());
        same("rate and integral", fund, steered, (model.rate, model.integral))?;
        same("last run", fund, core.controller.at, model.ran_at)?;
        let rising = core.standing.rising.map(|(band, since)| (usize::from(band), since));
        let rises = model.rises_to().zip(model.good_for.first().map(|run| run.0));
        let standing = (usize::from(core.standing.band), rising);
        same("standing", fund, standing, (model.band, rises))?;
        let reported = core.conditions.map(|c| (c.open_interest.get(), c.volatility.get(), c.at));
        same("conditions", fund, reported, model.conditions)?;
        let feared = core.forecast.map(|(coverage, at)| (coverage.get(), at));
        same("forecast", fund, feared, model.forecast)?;
        same("headroom", fund, core.headroom.map(backstop_units::Ppm::get), model.headroom)?;
        let charged = core.rate_at(now).map(backstop_units::Ppm::get);
        same("what is charged", fund, charged, Some(model.charged(now)))?;
        let band = band_at(state, id, now).map_err(|halt| format!("{halt}"))?;
        let model = model.band_now(self.covered(at, now), now);
        same("band", fund, band.map(usize::from), Some(model))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "numbers made for the comparison")]
fn same<T: PartialEq + Debug>(what: &str, fund: &Fund, core: T, model: T) -> Result<(), String> {
    if core == model {
        return Ok(());
    }
    Err(format!("{what} of {}: {core:?}, should be {model:?}", fund.label))
}
