//! What fee control promises, asked of every run in scripts that steer funds.

use crate::run::{each, property};
use backstop_core::{
    Event,
    event::ControlRun,
    fund::{
        bands::band_of,
        control::{charged, fine},
    },
    policy::{ControlPolicy, Law, PiLaw},
};
use backstop_testkit::generator::steering_script;
use backstop_units::{FundId, Ppm, Signed, Timestamp};
use std::cell::Cell;

/// What a fund's control was before a run.
#[derive(Clone)]
struct Before {
    policy: ControlPolicy,
    rate: Signed,
    integral: Signed,
    at: Timestamp,
}

fn need(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn whole(ppm: Ppm) -> i128 {
    i128::try_from(fine(ppm)).expect("a small number")
}

/// Rails, slew and caps, whatever the law.
fn within(before: &Before, run: &ControlRun, now: Timestamp) -> Result<(), String> {
    let policy = &before.policy;
    let (low, high) = (whole(policy.rate_min), whole(policy.rate_max));
    need((low..=high).contains(&run.rate.get()), "the rate left its rails")?;
    need(run.rate_before == before.rate, "it began elsewhere")?;
    if let Some(slew) = policy.slew {
        let moved = run.rate.get().abs_diff(before.rate.get());
        let allowed = fine(slew.by) * u128::from(now.since(before.at).ms());
        need(moved * u128::from(slew.per.ms()) <= allowed, "faster than the slew limit")?;
    }
    need(run.headroom.is_none_or(|most| run.charged <= most), "more than the margin leaves")?;
    need(run.spikes <= policy.spike_max, "higher spikes than allowed")?;
    let most = policy.rate_max.saturating_add(policy.spike_max);
    need(run.charged <= most, "more than rails and spikes")?;
    let again = charged(policy, run.rate, run.spikes, run.headroom);
    need(run.charged == again, "the terms don't add up to what is charged")?;
    let coverage = run.coverage.positive().get();
    need(run.band <= band_of(&policy.bands, coverage), "a looser band than coverage allows")
}

/// Within the dead band the law adds nothing; and the integral neither leaves its range nor moves on
/// when base + P + I is past the rail that it would move toward.
fn steady(before: &Before, law: &PiLaw, run: &ControlRun) -> Result<bool, String> {
    let policy = &before.policy;
    let (low, high) = (whole(policy.rate_min), whole(policy.rate_max));
    need(run.integral.get().abs() <= high - low, "wound up past the range of rates")?;
    let coverage = run.coverage.get();
    if (whole(law.dead_from)..=whole(law.dead_to)).contains(&coverage) {
        let still = (run.proportional.get(), run.integral) == (whole(law.base), before.integral);
        need(still, "it moved within the dead band")?;
        return Ok(true);
    }
    let (grown, sum) = (
        run.integral.get() - before.integral.get(),
        run.proportional.get() + before.integral.get(),
    );
    need(!(grown > 0 && sum >= high || grown < 0 && sum <= low), "it wound up at the rail")?;
    let past = run.proportional.get() + run.integral.get();
    need(grown <= 0 || past <= high, "it wound up past the upper rail")?;
    need(grown >= 0 || past >= low, "it wound up past the lower rail")?;
    Ok(false)
}

#[test]
fn every_run_keeps_to_rails_slew_dead_band_and_memory() {
    let (runs, dead, arrived) = (Cell::new(0u32), Cell::new(0u32), Cell::new(0u32));
    property(steering_script(), |script| {
        let mut known: Vec<Option<Before>> = Vec::new();
        let first = script.setup.controls.iter().map(|policy| {
            policy.clone().map(|policy| Before {
                rate: Signed::new(whole(policy.rate_min)),
                integral: Signed::ZERO,
                at: backstop_testkit::world::START,
                policy,
            })
        });
        known.extend(first);
        let slot = |fund: FundId| usize::try_from(fund.get()).expect("a small world");
        each(&script, |world, accepted| {
            for event in world.events.iter().filter(|_| accepted) {
                match event {
                    Event::ControlSet { fund, policy, rate, integral, .. } => {
                        let (policy, at) = ((**policy).clone(), world.now);
                        let set = Before { policy, rate: *rate, integral: *integral, at };
                        known[slot(*fund)] = Some(set);
                    }
                    Event::ControlRan(run) => {
                        let before = known[slot(run.fund)].as_mut().ok_or("no control")?;
                        within(before, run, world.now)?;
                        if let Law::Pi(law) = before.policy.law
                            && steady(before, &law, run)?
                        {
                            dead.set(dead.get() + 1);
                        }
                        if world.now > before.at && run.rate == run.target {
                            arrived.set(arrived.get() + 1);
                        }
                        (before.rate, before.integral) = (run.rate, run.integral);
                        before.at = world.now;
                        runs.set(runs.get() + 1);
                    }
                    _ => {}
                }
            }
            Ok(())
        })
        .map(drop)
    });
    // Scripts reach what is asked about.
    let all = crate::run::cases();
    assert!(runs.get() >= all && dead.get() >= all / 50 && arrived.get() >= all / 10);
}
