//! What fee control of one fund remembers: settings, controller, band, reports, spikes.

use super::{
    bands::Standing,
    control::{self, Controller, Reading, fine},
};
use crate::{
    event::{Event, RiskMessage},
    policy::{ControlPolicy, RiskMessagePolicy, SpikeCause},
    reject::Corrupt,
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Ppm, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// What was reported of a fund's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Conditions {
    /// Open interest as a part of its reference.
    pub open_interest: Ppm,
    /// Volatility as a part of its reference.
    pub volatility: Ppm,
    /// As of when.
    pub at: Timestamp,
}

/// A rise of the fee that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Spike {
    /// Which of this fund's, counted from zero.
    pub number: u32,
    /// What it adds to the rate.
    pub size: Ppm,
    /// Why.
    pub cause: SpikeCause,
    /// It ends then.
    pub until: Timestamp,
}

/// Fee control of one fund.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Control {
    /// Its rules; none until the council sets some.
    pub policy: Option<Box<ControlPolicy>>,
    /// Rate, integral, last run.
    pub controller: Controller,
    /// Its band.
    pub standing: Standing,
    /// The last report of conditions.
    pub conditions: Option<Conditions>,
    /// The coverage that the risk desk forecast, and when.
    pub forecast: Option<(Ppm, Timestamp)>,
    /// What the margin leaves for a fee, as last stated.
    pub headroom: Option<Ppm>,
    /// Spikes; those that have ended are dropped when another one comes.
    pub spikes: Vec<Spike>,
    /// How many spikes there were ever.
    pub spikes_made: u32,
    /// The last message of the risk model.
    pub message: Option<Box<RiskMessage>>,
}

impl Control {
    /// The spikes that are on at `now`.
    pub fn spikes_on(&self, now: Timestamp) -> impl Iterator<Item = &Spike> {
        self.spikes.iter().filter(move |spike| now < spike.until)
    }

    /// What all spikes and the risk message in force add at `now`, before their cap.
    pub fn spikes_sum(&self, now: Timestamp) -> Ppm {
        let fee =
            self.in_force(now).map_or(Ppm::ZERO, |(policy, told)| told.fee.least(policy.fee_max));
        self.spikes_on(now).fold(fee, |sum, spike| sum.saturating_add(spike.size))
    }

    /// The risk message that holds at `now`, with its caps: none of another key, and none that has lapsed.
    pub fn in_force(&self, now: Timestamp) -> Option<(&RiskMessagePolicy, &RiskMessage)> {
        let policy = self.policy.as_deref()?.messages.as_ref()?;
        let told = self.message.as_deref()?;
        (told.key == policy.key && now < told.until).then_some((policy, told))
    }

    /// The target that counts at `now`: the fund's own, or what the message in force asks for, or the safe default
    /// without one, whichever is higher.
    pub fn target_at(&self, own: Amount, now: Timestamp) -> Amount {
        let asked = self.in_force(now).map(|(policy, told)| told.target.min(policy.target_max));
        let safe = || self.policy.as_deref()?.messages.map(|policy| policy.target_default);
        own.max(asked.or_else(safe).unwrap_or_default())
    }

    /// What the risk message in force holds back from what may leave the fund.
    pub fn held_back(&self, now: Timestamp) -> Amount {
        self.in_force(now).map_or(Amount::ZERO, |(policy, told)| told.hold.min(policy.hold_max))
    }

    /// The rate that is charged at `now`; none without fee control. Spikes end without a command.
    pub fn rate_at(&self, now: Timestamp) -> Option<Ppm> {
        let policy = self.policy.as_deref()?;
        let spikes = self.spikes_sum(now);
        Some(control::charged(policy, self.controller.rate, spikes, self.headroom))
    }

    /// What the controller sees of a coverage (in trillionths) at `now`: a fresh forecast may only
    /// lower it, and reports too old count as none.
    pub fn reading(&self, policy: &ControlPolicy, coverage: u128, now: Timestamp) -> Reading {
        let fresh = |at: Timestamp| now <= at.plus(policy.report_age_max);
        let forecast = self.forecast.filter(|(_, at)| fresh(*at));
        let reported = self.conditions.filter(|conditions| fresh(conditions.at));
        let (open_interest, volatility) =
            reported.map_or((Ppm::ZERO, Ppm::ZERO), |r| (r.open_interest, r.volatility));
        Reading {
            coverage: forecast.map_or(coverage, |(forecast, _)| coverage.min(fine(forecast))),
            open_interest,
            volatility,
        }
    }
}

/// What commands of fee control leave in the state.
pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::ControlSet { fund, policy, rate, integral, band } => {
            let control = state.controls.change(*fund)?;
            control.policy = Some(policy.clone());
            control.controller = Controller { rate: *rate, integral: *integral, at: now };
            control.standing = Standing { band: *band, rising: None };
        }
        Event::ControlRan(run) => {
            let control = state.controls.change(run.fund)?;
            control.controller = Controller { rate: run.rate, integral: run.integral, at: now };
            control.standing = Standing { band: run.band, rising: run.rising };
        }
        Event::ConditionsReported { fund, open_interest, volatility, headroom, forecast, at } => {
            let control = state.controls.change(*fund)?;
            let (open_interest, volatility, at) = (*open_interest, *volatility, *at);
            control.conditions = Some(Conditions { open_interest, volatility, at });
            control.headroom = headroom.or(control.headroom);
            control.forecast = forecast.map(|forecast| (forecast, at)).or(control.forecast);
        }
        Event::SpikeAdded { fund, spike, size, cause, until } => {
            let control = state.controls.change(*fund)?;
            control.spikes.retain(|spike| now < spike.until);
            let (number, size, cause, until) = (*spike, *size, *cause, *until);
            control.spikes.push(Spike { number, size, cause, until });
            control.spikes_made = number.checked_add(1).ok_or(Corrupt::Overflow)?;
        }
        Event::SpikeEnded { fund, spike } => {
            state.controls.change(*fund)?.spikes.retain(|other| other.number != *spike);
        }
        Event::RiskReported { fund, message } => {
            state.controls.change(*fund)?.message = Some(message.clone());
        }
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}
