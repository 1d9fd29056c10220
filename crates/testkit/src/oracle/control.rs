//! Fee control and coverage bands, from the page about them: numbers are recomputed from what happened,
//! and a band is looked up in the list of all runs.

use super::{Answer, Call, No, math::floor, model::Model, need, rails::sound, refuse};
use crate::world::label;
use backstop_core::{
    Body,
    command::{AddSpike, ReportConditions, ReportRisk, SetControl},
    policy::{Band, ControlPolicy, CurvePoint, Law, PiLaw, PublicKey},
};
use backstop_units::{Label, Ppm, Span, Timestamp};

/// The whole, counted in trillionths; and how many of them make one part per million.
const WHOLE: i128 = 1_000_000_000_000;
const PART: i128 = 1_000_000;

/// Fee control of a fund that has some. Rates in trillionths, what was reported in millionths.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub(super) policy: ControlPolicy,
    pub(super) rate: i128,
    pub(super) integral: i128,
    pub(super) ran_at: Timestamp,
    pub(super) band: usize,
    /// The bands that coverage was good for at each run, since it began to be good for a higher one
    /// than the one held.
    pub(super) good_for: Vec<(Timestamp, usize)>,
    /// Open interest, volatility, and as of when.
    pub(super) conditions: Option<(u32, u32, Timestamp)>,
    pub(super) forecast: Option<(u32, Timestamp)>,
    pub(super) headroom: Option<u32>,
    /// All there ever were: size, end, ended early.
    pub(super) spikes: Vec<(u32, Timestamp, bool)>,
    /// The last message of a risk model, and who had signed it.
    pub(super) told: Option<(ReportRisk, PublicKey)>,
}

/// Millionths in trillionths.
fn fine(parts: Ppm) -> i128 {
    i128::from(parts.get()) * PART
}

/// `value × by ÷ of` without what is behind the point.
fn scaled(value: i128, by: u128, of: u128) -> i128 {
    let size = floor(value.unsigned_abs(), by, of).expect("small numbers");
    let size = i128::try_from(size).expect("small numbers");
    if value < 0 { -size } else { size }
}

/// The last band that coverage has reached, if each edge but the first lies `margin` higher.
fn last_reached(bands: &[Band], coverage: i128, margin: Ppm) -> usize {
    let reached = |(at, band): &(usize, &Band)| {
        coverage >= fine(band.from) + if *at > 0 { fine(margin) } else { 0 }
    };
    bands.iter().enumerate().filter(reached).map(|(at, _)| at).max().unwrap_or(0)
}

/// The rate of a curve: straight between two points, what falls is rounded down.
fn on_curve(points: &[CurvePoint], coverage: i128) -> i128 {
    let beyond = points.iter().rposition(|point| fine(point.coverage) < coverage);
    let Some(left) = beyond else { return fine(points[0].rate) };
    let Some(to) = points.get(left + 1) else { return fine(points[left].rate) };
    let from = points[left];
    let [fall, along, width] = [
        fine(from.rate) - fine(to.rate),
        coverage - fine(from.coverage),
        fine(to.coverage) - fine(from.coverage),
    ];
    fine(from.rate) - scaled(fall, along.unsigned_abs(), width.unsigned_abs())
}

/// How far coverage is below the dead band, or above it; the whole at most.
fn error(law: &PiLaw, coverage: i128) -> i128 {
    if coverage < fine(law.dead_from) {
        (fine(law.dead_from) - coverage).min(WHOLE)
    } else if coverage > fine(law.dead_to) {
        -(coverage - fine(law.dead_to)).min(WHOLE)
    } else {
        0
    }
}

impl Control {
    /// A control that begins now, at its lowest rate.
    pub(super) fn begin(policy: ControlPolicy, coverage: i128, now: Timestamp) -> Self {
        Self {
            rate: fine(policy.rate_min),
            integral: 0,
            ran_at: now,
            band: last_reached(&policy.bands, coverage, Ppm::ZERO),
            good_for: Vec::new(),
            conditions: None,
            forecast: None,
            headroom: None,
            spikes: Vec::new(),
            told: None,
            policy,
        }
    }

    fn fresh(&self, at: Timestamp, now: Timestamp) -> bool {
        now.since(at) <= self.policy.report_age_max
    }

    /// Coverage as it is, or as it is feared to become.
    pub(super) fn seen(&self, coverage: i128, now: Timestamp) -> i128 {
        match self.forecast {
            Some((feared, at)) if self.fresh(at, now) => coverage.min(fine(Ppm::new(feared))),
            _ => coverage,
        }
    }

    /// What the model that is trusted now asks for, as long as it lasts.
    fn asked(&self, now: Timestamp) -> Option<&ReportRisk> {
        let trusted = self.policy.messages?.key;
        let (told, by) = self.told.as_ref()?;
        (*by == trusted && told.until > now).then_some(told)
    }

    /// The lowest target that counts whatever the fund's own is.
    pub(super) fn least_target(&self, now: Timestamp) -> u128 {
        let Some(caps) = self.policy.messages else { return 0 };
        let asked = self.asked(now).map(|told| told.target.get().min(caps.target_max.get()));
        asked.unwrap_or(caps.target_default.get())
    }

    /// What may not leave.
    pub(super) fn kept(&self, now: Timestamp) -> u128 {
        let most = self.policy.messages.map_or(0, |caps| caps.hold_max.get());
        self.asked(now).map_or(0, |told| told.hold.get().min(most))
    }

    /// Takes a message, if all about it is right.
    fn take(&mut self, told: &ReportRisk, ledger: Label, now: Timestamp, ahead: Span) -> Answer {
        let caps = self.policy.messages.ok_or(No::Refused("no model is trusted"))?;
        let right = crate::keys::risk(ledger, told.clone()) == *told;
        need(right && caps.key == crate::keys::public(crate::keys::MODEL), "not signed")?;
        need(self.told.as_ref().is_none_or(|last| told.sequence > last.0.sequence), "an old one")?;
        need(told.made_at <= now.plus(ahead), "from the future")?;
        need(told.made_at.plus(caps.age_max) >= now && told.until > now, "stale")?;
        need(told.until.since(told.made_at) <= caps.span_max, "for too long")?;
        need(told.target <= caps.target_max && told.hold <= caps.hold_max, "too much")?;
        need(told.fee <= caps.fee_max, "too high a fee")?;
        need(told.target >= told.cover_two, "less than the two largest can lose")?;
        self.told = Some((told.clone(), caps.key));
        Ok(())
    }

    /// The band that holds: never higher than coverage allows now.
    pub(super) fn band_now(&self, coverage: i128, now: Timestamp) -> usize {
        let lies_in = last_reached(&self.policy.bands, self.seen(coverage, now), Ppm::ZERO);
        self.band.min(lies_in)
    }

    pub(super) fn spikes_on(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = &(u32, Timestamp, bool)> {
        self.spikes.iter().filter(move |(_, until, ended)| now < *until && !ended)
    }

    /// What is charged, in millionths: rate and spikes, and never more than the margin leaves.
    pub(super) fn charged(&self, now: Timestamp) -> u32 {
        let rate = u64::try_from(self.rate.max(0) / PART).expect("small numbers");
        let spikes: u64 = self.spikes_on(now).map(|spike| u64::from(spike.0)).sum();
        let caps = self.policy.messages.map_or(0, |caps| u64::from(caps.fee_max.get()));
        let spikes = spikes + self.asked(now).map_or(0, |told| u64::from(told.fee.get()).min(caps));
        let sum = rate + spikes.min(u64::from(self.policy.spike_max.get()));
        let most = u64::from(self.headroom.unwrap_or(u32::MAX));
        u32::try_from(sum.min(most)).expect("small numbers")
    }

    /// What the law wants now, its integral moved on. An integral that would take the sum past the rail
    /// stops there; one that is past it already stays.
    fn law(&mut self, coverage: i128, elapsed: Span) -> i128 {
        let law = match &self.policy.law {
            Law::Curve(points) => {
                self.integral = 0;
                return on_curve(points, coverage);
            }
            Law::Pi(law) => *law,
        };
        let error = error(&law, coverage);
        let base = fine(law.base) + scaled(error, u128::from(law.kp.get()), 1_000_000);
        let by = u128::from(law.ki.get()) * u128::from(elapsed.ms());
        let more = scaled(error, by, 1_000_000 * u128::from(law.ki_period.ms()));
        let (sum, wanted) = (base + self.integral, base + self.integral + more);
        let moved = match (fine(self.policy.rate_min), fine(self.policy.rate_max)) {
            (_, high) if error > 0 => wanted.min(high.max(sum)),
            (low, _) => wanted.max(low.min(sum)),
        };
        self.integral = moved - base;
        moved
    }

    /// One run: the rate goes toward what is wanted, as far as the time since the last run allows.
    fn run(&mut self, coverage: i128, now: Timestamp) {
        let (coverage, elapsed) = (self.seen(coverage, now), now.since(self.ran_at));
        let fed = self.conditions.filter(|(_, _, at)| self.fresh(*at, now));
        let (open_interest, volatility) = fed.map_or((0, 0), |fed| (fed.0, fed.1));
        let over = |gain: Ppm, part: u32| {
            i128::from(gain.get()) * i128::from(part.saturating_sub(1_000_000))
        };
        let ahead = over(self.policy.open_interest_gain, open_interest)
            + over(self.policy.volatility_gain, volatility);
        let wanted = self.law(coverage, elapsed) + ahead;
        let wanted = wanted.clamp(fine(self.policy.rate_min), fine(self.policy.rate_max));
        let reach = self.policy.slew.map_or(WHOLE, |slew| {
            let [elapsed, per] = [elapsed, slew.per].map(|span| u128::from(span.ms()));
            scaled(fine(slew.by), elapsed, per).min(WHOLE)
        });
        self.rate = wanted.clamp(self.rate - reach, self.rate + reach);
        self.ran_at = now;
        self.move_band(coverage, now);
    }

    /// Down at once; up to the lowest band that coverage was good for at every run of a whole delay.
    fn move_band(&mut self, coverage: i128, now: Timestamp) {
        let lies_in = last_reached(&self.policy.bands, coverage, Ppm::ZERO);
        let good_for = last_reached(&self.policy.bands, coverage, self.policy.band_margin);
        if lies_in < self.band || good_for <= self.band {
            self.band = self.band.min(lies_in);
            self.good_for.clear();
            return;
        }
        self.good_for.push((now, good_for));
        if now.since(self.good_for[0].0) >= self.policy.loosen_delay {
            self.band = self.rises_to().unwrap_or(self.band);
            self.good_for.clear();
            if good_for > self.band {
                self.good_for.push((now, good_for));
            }
        }
    }

    /// The band that it will rise to, if coverage stays as good.
    pub(super) fn rises_to(&self) -> Option<usize> {
        self.good_for.iter().map(|run| run.1).min()
    }
}

impl Model {
    pub(super) fn control_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::SetControl(c) => self.set_control(call, c),
            Body::RunControl(c) => {
                let at = self.fund(c.fund)?;
                let coverage = self.covered(at, call.now);
                let control = self.control(at)?;
                let waited = call.now.since(control.ran_at);
                need(waited >= control.policy.interval_min, "too early")?;
                control.run(coverage, call.now);
                Ok(())
            }
            Body::ReportConditions(c) => self.report_conditions(call, c),
            Body::AddSpike(c) => self.add_spike(call, c),
            Body::ReportRisk(c) => {
                let (at, ahead) = (self.fund(c.fund)?, self.limits.skew_ahead);
                self.control(at)?.take(c, label("test-ledger"), call.now, ahead)
            }
            Body::EndSpike(c) => {
                let at = self.fund(c.fund)?;
                let spikes = &mut self.control(at)?.spikes;
                let spike = usize::try_from(c.spike).ok().and_then(|at| spikes.get_mut(at));
                let on = spike.filter(|(_, until, ended)| call.now < *until && !ended);
                on.ok_or(No::Refused("no such spike"))?.2 = true;
                Ok(())
            }
            _ => refuse("not about fee control"),
        }
    }

    pub(super) fn control(&mut self, fund: usize) -> Result<&mut Control, No> {
        self.funds[fund].control.as_mut().ok_or(No::Refused("no fee control"))
    }

    /// What counts as a part of the target, in trillionths: ten times at most, as without any target.
    pub(super) fn covered(&self, fund: usize, now: Timestamp) -> i128 {
        let (most, target) = (10 * WHOLE, self.target_now(fund, now));
        let part = floor(self.counted(fund, now), WHOLE.unsigned_abs(), target);
        part.and_then(|part| i128::try_from(part).ok()).map_or(most, |part| part.min(most))
    }

    /// The target that counts.
    pub(super) fn target_now(&self, fund: usize, now: Timestamp) -> u128 {
        let fund = &self.funds[fund];
        fund.control.as_ref().map_or(0, |control| control.least_target(now)).max(fund.target)
    }

    /// What a risk model lets nobody take out.
    pub(super) fn kept(&self, fund: usize, now: Timestamp) -> u128 {
        self.funds[fund].control.as_ref().map_or(0, |control| control.kept(now))
    }

    fn set_control(&mut self, call: &Call<'_>, c: &SetControl) -> Answer {
        let at = self.fund(c.fund)?;
        need(sound(&c.policy), "outside of the rails")?;
        let routes = c.policy.routes.unwrap_or_default();
        for account in [routes.lps, routes.token_holders].into_iter().flatten() {
            self.account(account)?;
        }
        let coverage = self.covered(at, call.now);
        let new = Control::begin((*c.policy).clone(), coverage, call.now);
        let Some(old) = self.funds[at].control.take() else {
            self.funds[at].control = Some(new);
            return Ok(());
        };
        // It keeps what it has reached, as far as the new rails let it; its band is no looser than before.
        let edge = fine(old.policy.bands[old.band].from);
        let [low, high] = [new.policy.rate_min, new.policy.rate_max].map(fine);
        self.funds[at].control = Some(Control {
            rate: old.rate.clamp(low, high),
            integral: old.integral.clamp(low - high, high - low),
            band: last_reached(&new.policy.bands, coverage.min(edge), Ppm::ZERO),
            conditions: old.conditions,
            forecast: old.forecast,
            headroom: old.headroom,
            spikes: old.spikes,
            told: old.told,
            ..new
        });
        Ok(())
    }

    fn report_conditions(&mut self, call: &Call<'_>, c: &ReportConditions) -> Answer {
        let fund = self.fund(c.fund)?;
        let at = call.occurred_at.min(call.now);
        let control = self.control(fund)?;
        need(control.conditions.is_none_or(|(_, _, last)| last <= at), "an old report")?;
        if let Some(forecast) = c.forecast {
            need(control.forecast.is_none_or(|(_, last)| last <= at), "an old forecast")?;
            control.forecast = Some((forecast.get(), at));
        }
        control.conditions = Some((c.open_interest.get(), c.volatility.get(), at));
        if let Some(headroom) = c.headroom {
            control.headroom = Some(headroom.get());
        }
        Ok(())
    }

    fn add_spike(&mut self, call: &Call<'_>, c: &AddSpike) -> Answer {
        let fund = self.fund(c.fund)?;
        let control = self.control(fund)?;
        need(c.size > Ppm::ZERO && c.until > call.now, "nothing, or over already")?;
        need(c.until.since(call.now) <= control.policy.spike_span_max, "too long")?;
        let on = control.spikes_on(call.now).count();
        need(on < usize::from(control.policy.spikes_max), "too many")?;
        control.spikes.push((c.size.get(), c.until, false));
        Ok(())
    }
}
