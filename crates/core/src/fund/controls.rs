//! What fee control of one fund remembers: settings, controller, band, reports, spikes.

use super::{
    bands::Standing,
    control::{self, Controller, Reading, fine},
};
use crate::{
    event::Event,
    policy::{ControlPolicy, SpikeCause},
    reject::Corrupt,
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Ppm, Timestamp};
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
}

impl Control {
    /// The spikes that are on at `now`.
    pub fn spikes_on(&self, now: Timestamp) -> impl Iterator<Item = &Spike> {
        self.spikes.iter().filter(move |spike| now < spike.until)
    }

    /// What all spikes add at `now`, before their cap.
    pub fn spikes_sum(&self, now: Timestamp) -> Ppm {
        self.spikes_on(now).fold(Ppm::ZERO, |sum, spike| sum.saturating_add(spike.size))
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
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}
