//! Fee control and coverage bands: properties of the controller, and the commands around it.

use crate::run::property;
use backstop_core::{
    Event,
    command::{
        AddSpike, Contribute, EndSpike, ReportConditions, RunControl, SetControl, SetTarget,
    },
    event::ControlRun,
    fund::{
        band_at,
        bands::{Standing, holds, moved},
        control::{COVERAGE_MAX, Controller, Reading, charged, coarse, fine, step},
        rails,
    },
    policy::{Band, ControlPolicy, CurvePoint, Law, PiLaw, Slew, SpikeCause, SurplusRoute},
};
use backstop_testkit::{Setup, World, label};
use backstop_units::{Amount, FundId, Ppm, Signed, Span, Timestamp};
use proptest::{collection::vec, option, prelude::*};

const START: Timestamp = Timestamp::from_ms(1_000_000_000);

fn ppm(parts: u32) -> Ppm {
    Ppm::new(parts)
}

fn law(max: u32) -> impl Strategy<Value = Law> {
    let curve = vec((1u32..400_000, 0..=max), 2..=11).prop_map(|mut points| {
        points.sort_by_key(|(_, rate)| std::cmp::Reverse(*rate));
        let mut coverage = 0;
        let point = |(width, rate): (u32, u32)| {
            coverage += width;
            CurvePoint { coverage: ppm(coverage), rate: ppm(rate) }
        };
        Law::Curve(points.into_iter().map(point).collect())
    });
    let ki = prop_oneof![0u32..40_000, 0u32..1_000_000];
    let pi = (0..=max, 0u32..3_000_000, ki, 1u64..48, 0u32..=1_000_000, 0u32..500_000);
    let pi = pi.prop_map(|(base, kp, ki, hours, dead_from, over)| {
        Law::Pi(PiLaw {
            base: ppm(base),
            kp: ppm(kp),
            ki: ppm(ki),
            ki_period: Span::hours(hours),
            dead_from: ppm(dead_from),
            dead_to: ppm(1_000_000 + over),
        })
    });
    prop_oneof![1 => curve, 3 => pi]
}

/// Policies that the rails let through.
fn policy() -> impl Strategy<Value = ControlPolicy> {
    let slew = option::of((1u32..500_000, 1u64..48));
    let gains = (0u32..200_000, 0u32..200_000, 0u32..100_000);
    (0u32..=1_000_000, slew, gains)
        .prop_flat_map(|(max, slew, gains)| (law(max), 0..=max, Just((max, slew, gains))))
        .prop_map(|(law, min, (max, slew, gains))| {
            let min = if let Law::Pi(law) = &law { law.base.get().min(min) } else { min };
            let slew = slew.map(|(by, hours)| Slew { by: ppm(by), per: Span::hours(hours) });
            let mut policy = ControlPolicy {
                law,
                rate_min: ppm(min),
                rate_max: ppm(max),
                slew,
                open_interest_gain: ppm(gains.0),
                volatility_gain: ppm(gains.1),
                spike_max: ppm(gains.2),
                ..ControlPolicy::default()
            };
            if rails::check(&policy).is_err() {
                // The integral would outrun the slew limit.
                policy.slew = None;
            }
            rails::check(&policy).expect("a policy within its rails");
            policy
        })
}

fn reading() -> impl Strategy<Value = Reading> {
    let coverage = prop_oneof![0..COVERAGE_MAX, 0..2_000_000_000_000u128, Just(COVERAGE_MAX)];
    let fed = || prop_oneof![Just(0u32), 0..4_000_000u32, Just(u32::MAX)];
    (coverage, fed(), fed()).prop_map(|(coverage, open_interest, volatility)| Reading {
        coverage,
        open_interest: ppm(open_interest),
        volatility: ppm(volatility),
    })
}

fn start(policy: &ControlPolicy) -> Controller {
    let rate = Signed::gain(Amount::new(fine(policy.rate_min))).expect("a rate");
    Controller { rate, integral: Signed::ZERO, at: START }
}

/// Where a fund is after a history of readings.
fn lived(policy: &ControlPolicy, history: &[(u64, Reading)]) -> Result<Controller, String> {
    let mut controller = start(policy);
    for (minutes, reading) in history {
        let now = controller.at.plus(Span::from_ms(minutes * 60_000));
        controller = step(policy, &controller, reading, now).map_err(|why| why.to_string())?.0;
    }
    Ok(controller)
}

fn history() -> impl Strategy<Value = Vec<(u64, Reading)>> {
    vec((prop_oneof![0u64..600, 0u64..500_000], reading()), 0..12)
}

fn need(holds: bool, why: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

#[test]
fn rates_stay_within_rails_slew_and_headroom() {
    let more = (0u32..300_000, option::of(0u32..1_200_000));
    property((policy(), history(), more), |(policy, history, (spikes, headroom))| {
        let mut before = start(&policy);
        for (minutes, reading) in history {
            let span = Span::from_ms(minutes * 60_000);
            let (after, terms) = step(&policy, &before, &reading, before.at.plus(span))
                .map_err(|why| why.to_string())?;
            let rate = coarse(after.rate);
            need(rate >= policy.rate_min && rate <= policy.rate_max, || format!("rate {rate}"))?;
            let range = fine(policy.rate_max) - fine(policy.rate_min);
            need(after.integral.size().get() <= range, || format!("wound up: {after:?}"))?;
            let change = after.rate.checked_sub(before.rate).ok_or("overflow")?.size();
            if let Some(slew) = policy.slew {
                // Exact in 10^-12: change × period ≤ by × elapsed.
                let (by, per) = (fine(slew.by), u128::from(slew.per.ms()));
                let allowed = by * u128::from(span.ms());
                need(change.get() * per <= allowed, || format!("{change} in {span}: {terms:?}"))?;
            }
            let fee = charged(&policy, after.rate, ppm(spikes), headroom.map(ppm));
            let most = policy.rate_max.saturating_add(policy.spike_max);
            need(fee <= most && headroom.is_none_or(|h| fee.get() <= h), || format!("fee {fee}"))?;
            before = after;
        }
        Ok(())
    });
}

#[test]
fn a_lower_coverage_never_has_a_lower_target() {
    let case = (policy(), history(), reading(), 0..COVERAGE_MAX, 0u64..50_000);
    property(case, |(policy, history, reading, fall, minutes)| {
        let controller = lived(&policy, &history)?;
        let now = controller.at.plus(Span::from_ms(minutes * 60_000));
        let lower = Reading { coverage: reading.coverage.saturating_sub(fall), ..reading };
        let at = |reading| step(&policy, &controller, reading, now).map_err(|why| why.to_string());
        let ((high, high_terms), (low, low_terms)) = (at(&reading)?, at(&lower)?);
        need(low_terms.target >= high_terms.target && low.rate >= high.rate, || {
            format!("{high_terms:?} at {reading:?}, {low_terms:?} at {lower:?}")
        })
    });
}

/// However a stretch of time is cut into runs, it ends at the same rate, within one trillionth for
/// each product that was rounded.
#[test]
fn runs_may_come_at_any_moment() {
    let case = (policy(), history(), reading(), vec(0u64..100_000_000, 1..30));
    property(case, |(policy, history, reading, cuts)| {
        let begin = lived(&policy, &history)?;
        let end = begin.at.plus(Span::from_ms(cuts.iter().sum()));
        let once = step(&policy, &begin, &reading, end).map_err(|why| why.to_string())?.0;
        let mut many = begin;
        for cut in &cuts {
            let now = many.at.plus(Span::from_ms(*cut));
            many = step(&policy, &many, &reading, now).map_err(|why| why.to_string())?.0;
        }
        let apart = |a: Signed, b: Signed| a.checked_sub(b).map_or(u128::MAX, |d| d.size().get());
        let limit = 2 * cuts.len() as u128;
        let gap = apart(once.rate, many.rate).max(apart(once.integral, many.integral));
        need(gap <= limit, || format!("{gap} apart: {once:?} {many:?}"))
    });
}

/// After any history the integral is back at nothing within (max − min) ÷ (ki × error), and the
/// rate then follows within the time that the slew limit takes for the whole range.
#[test]
fn whatever_was_wound_up_unwinds_in_time() {
    property((policy(), history()), |(policy, history)| {
        let Law::Pi(law) = policy.law else { return Ok(()) };
        if law.ki == Ppm::ZERO || law.dead_to.get() > 1_400_000 {
            return Ok(());
        }
        let begin = lived(&policy, &history)?;
        // Half the target above the dead band: an error of a half.
        let coverage = fine(law.dead_to) + 500_000_000_000;
        let (open_interest, volatility) = (Ppm::ZERO, Ppm::ZERO);
        let over = Reading { coverage, open_interest, volatility };
        let range = u64::from(policy.rate_max.get() - policy.rate_min.get());
        let unwind = range * 2 * law.ki_period.ms() / u64::from(law.ki.get()) + 1_000;
        let follow = policy
            .slew
            .map_or(0, |slew| range * slew.per.ms() / u64::from(slew.by.get()) + slew.per.ms());
        let now = begin.at.plus(Span::from_ms(unwind + follow));
        let after = step(&policy, &begin, &over, now).map_err(|why| why.to_string())?.0;
        let free = u128::from(law.kp.get()) * 500_000;
        let plain = fine(law.base).saturating_sub(free).max(fine(policy.rate_min));
        let rate = after.rate.positive().get();
        need(rate <= plain + 2, || format!("{rate}, without an integral {plain}"))
    });
}

fn standings() -> impl Strategy<Value = Vec<(u64, u128)>> {
    vec((0u64..40, 0..1_500_000_000_000u128), 1..40)
}

/// At every moment the band that holds is no higher than coverage allows, one is entered upward only
/// after a whole delay above its edge and margin, and a forecast never loosens anything.
#[test]
fn bands_tighten_at_once_and_loosen_late() {
    property((standings(), option::of(0..1_500_000_000_000u128)), |(steps, forecast)| {
        let policy = ControlPolicy::default();
        let (mut plain, mut seen) = (Standing::default(), Standing::default());
        let mut now = START;
        let mut past: Vec<(Timestamp, u128)> = Vec::new();
        for (hours, coverage) in steps {
            now = now.plus(Span::hours(hours));
            past.push((now, coverage));
            let next = moved(&policy, plain, coverage, now);
            let edge = |band: u8| fine(policy.bands[usize::from(band)].from);
            need(edge(next.band) <= coverage || next.band == 0, || format!("{next:?}"))?;
            if next.band > plain.band {
                let margin = fine(policy.band_margin);
                let since = now.minus(policy.loosen_delay);
                let first = past.iter().rposition(|(at, _)| *at <= since);
                let stretch = first.map(|first| &past[first..]).ok_or("no delay")?;
                let high = stretch.iter().all(|(_, c)| *c >= edge(next.band) + margin);
                need(high, || format!("{next:?} after {stretch:?}"))?;
            }
            plain = next;
            let lower = forecast.map_or(coverage, |forecast| coverage.min(forecast));
            seen = moved(&policy, seen, lower, now);
            let (loose, tight) = (holds(&policy, plain, coverage), holds(&policy, seen, lower));
            need(tight <= loose, || format!("a forecast loosened {loose} to {tight}"))?;
        }
        Ok(())
    });
}

const MAIN: FundId = FundId::new(0);

fn fund() -> World {
    let setup =
        Setup { target: Amount::new(10_000), reserve: Amount::new(6_000), ..Setup::default() };
    let mut world = World::of(&setup);
    world.must("op", SetControl { fund: label("main"), policy: Box::default() });
    world
}

fn run(world: &mut World, wait: Span) -> ControlRun {
    world.wait(wait);
    match world.must("keeper", RunControl { fund: label("main") }) {
        [Event::ControlRan(run)] => **run,
        other => panic!("{other:?}"),
    }
}

fn report(forecast: Option<u32>, headroom: Option<u32>) -> ReportConditions {
    ReportConditions {
        fund: label("main"),
        open_interest: ppm(1_400_000),
        volatility: ppm(1_000_000),
        headroom: headroom.map(ppm),
        forecast: forecast.map(ppm),
    }
}

fn rate(world: &World) -> u32 {
    let control = world.state.controls.get(MAIN).expect("a fund");
    control.rate_at(world.now).map_or(0, Ppm::get)
}

#[test]
fn a_fund_that_is_short_gets_more_by_and_by() {
    let mut world = fund();
    assert_eq!(rate(&world), 0);
    let first = run(&mut world, Span::hours(12));
    // 35 % below the dead band: 10 % + 17.5 % is past the rail; the slew limit allows 2.5 %.
    assert_eq!(coarse(first.target), ppm(250_000));
    assert_eq!((first.charged_before, first.charged), (ppm(0), ppm(25_000)));
    assert_eq!((first.integral, first.band), (Signed::ZERO, 1));
    // Every term is in the event.
    let sum = first.proportional.checked_add(first.integral).expect("a sum");
    assert_eq!(sum, Signed::new(275_000_000_000));
    let (fund, account, asset) = (label("main"), label("alice"), label("usdt"));
    world.must("alice", Contribute { fund, account, asset, amount: Amount::new(7_000) });
    let over = run(&mut world, Span::days(1));
    assert_eq!((coarse(over.target), over.charged), (ppm(0), ppm(0)));
    assert_eq!(over.band, 1);
    assert_eq!(over.rising, Some((4, world.now)));
    assert_eq!(run(&mut world, Span::hours(23)).band, 1);
    assert_eq!(run(&mut world, Span::hours(1)).band, 4);
    // A higher target tightens at once, without a run.
    world.must("risk", SetTarget { fund, target: Amount::new(30_000) });
    assert_eq!(band_at(&world.state, MAIN, world.now), Ok(Some(0)));
    assert_eq!(world.state.controls.get(MAIN).map(|control| control.standing.band), Some(4));
}

#[test]
fn reports_are_fed_forward_while_they_are_fresh() {
    let mut world = fund();
    let target = Amount::new(6_000);
    world.must("op", SetTarget { fund: label("main"), target });
    world.must("venue", report(None, None));
    assert_eq!(coarse(run(&mut world, Span::hours(1)).target), ppm(120_000));
    assert_eq!(coarse(run(&mut world, Span::hours(1)).target), ppm(100_000));
    // A forecast is the desk's, and ages like any report.
    world.must("risk", report(Some(450_000), None));
    world.must("venue", report(None, None));
    assert_eq!(band_at(&world.state, MAIN, world.now), Ok(Some(0)));
    let feared = run(&mut world, Span::hours(1));
    assert_eq!((feared.coverage, feared.band), (Signed::new(450_000_000_000), 0));
    assert_eq!(coarse(feared.target), ppm(250_000));
    assert_eq!(run(&mut world, Span::hours(1)).coverage, Signed::new(1_000_000_000_000));
    // One that is better than the fund changes nothing.
    world.must("risk", report(Some(2_000_000), None));
    assert_eq!(run(&mut world, Span::hours(1)).coverage, Signed::new(1_000_000_000_000));
}

#[test]
fn headroom_stands_until_another_is_stated() {
    let mut world = fund();
    run(&mut world, Span::days(3));
    assert_eq!(rate(&world), 150_000);
    world.must("venue", report(None, Some(90_000)));
    assert_eq!(rate(&world), 90_000);
    let late = run(&mut world, Span::days(1));
    assert_eq!((late.headroom, late.charged), (Some(ppm(90_000)), ppm(90_000)));
    assert_eq!(coarse(late.rate), ppm(200_000));
    world.must("venue", report(None, None));
    assert_eq!(rate(&world), 90_000);
    world.must("venue", report(None, Some(500_000)));
    assert_eq!(rate(&world), 200_000);
}

#[test]
fn spikes_end_by_themselves() {
    let mut world = fund();
    run(&mut world, Span::days(1));
    assert_eq!(rate(&world), 50_000);
    let spike = |world: &World, size, hours| AddSpike {
        fund: label("main"),
        size: ppm(size),
        cause: SpikeCause::Volatility,
        until: world.now.plus(Span::hours(hours)),
    };
    let body = spike(&world, 20_000, 2);
    world.must("risk", body);
    let body = spike(&world, 40_000, 4);
    world.must("risk", body);
    // 60,000 together, capped at 50,000.
    assert_eq!(rate(&world), 100_000);
    world.wait(Span::hours(2));
    assert_eq!(rate(&world), 90_000);
    let body = spike(&world, 10_000, 1);
    world.must("risk", body);
    assert_eq!(world.state.controls.get(MAIN).map(|control| control.spikes.len()), Some(2));
    world.must("risk", EndSpike { fund: label("main"), spike: 1 });
    assert_eq!(rate(&world), 60_000);
    world.wait(Span::hours(1));
    assert_eq!(rate(&world), 50_000);
}

#[test]
fn new_rules_keep_what_was_reached() {
    let mut world = fund();
    run(&mut world, Span::days(4));
    assert_eq!(rate(&world), 200_000);
    let tight = ControlPolicy {
        rate_max: ppm(80_000),
        law: Law::Curve(vec![
            CurvePoint { coverage: ppm(0), rate: ppm(80_000) },
            CurvePoint { coverage: ppm(1_000_000), rate: ppm(10_000) },
        ]),
        ..ControlPolicy::default()
    };
    world.must("risk", SetControl { fund: label("main"), policy: Box::new(tight.clone()) });
    assert_eq!(rate(&world), 80_000);
    assert_eq!(coarse(run(&mut world, Span::hours(1)).target), ppm(38_000));
    // The council's looser table does not lift the fund out of the band it is in.
    let band = Band {
        from: Ppm::ZERO,
        open_interest: Ppm::WHOLE,
        leverage: ppm(50_000_000),
        listings: true,
        surplus: SurplusRoute::Stakers,
    };
    let higher = Band { from: ppm(100_000), ..band };
    let highest = Band { from: ppm(550_000), ..band };
    let loose = ControlPolicy { bands: vec![band, higher, highest], ..tight };
    world.must("op", SetControl { fund: label("main"), policy: Box::new(loose) });
    assert_eq!(band_at(&world.state, MAIN, world.now), Ok(Some(1)));
}
