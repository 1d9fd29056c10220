//! What fee control promises, asked of every run in scripts that steer funds.

use crate::run::{each, property};
use backstop_core::{
    Body, Command, Event, RejectCode,
    command::{
        DeclareLoss, Linked, Party, PayRevenue, ReportConditions, ReportOpenInterest, RunControl,
        SetOfflineBudget, SettleLiquidation, SettleRevenue, Stake,
    },
    event::ControlRun,
    fund::{
        bands::band_of,
        control::{charged, fine},
    },
    ledger::LedgerAccount,
    liquidation::{charge::fee, split::share_after},
    policy::{
        Cause, ControlPolicy, Law, PiLaw, Routes, SplitPolicy, SplitRate, SplitRounding,
        SurplusRoute,
    },
};
use backstop_testkit::{Setup, World, generator::steering_script, label};
use backstop_units::{
    Amount, Base, Bps, FundId, Hash, MarketId, Ppm, Price, Shares, Signed, Span, Timestamp,
    TrancheId,
};
use proptest::{option, prelude::*};
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

const MAIN: FundId = FundId::new(0);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// A fund that charges what its control says, three days after it was short: 15 %.
fn charging(rate: SplitRate, change: impl Fn(&mut Setup)) -> World {
    let mut setup = Setup {
        reserve: atoms(6_000),
        target: atoms(10_000),
        threshold: atoms(1_000_000),
        controls: [Some(ControlPolicy::default()), None],
        ..Setup::default()
    };
    setup.fund.split.rate = rate;
    change(&mut setup);
    let mut world = World::of(&setup);
    world.wait(Span::days(3));
    if world.state.controls.get(MAIN).is_some_and(|control| control.policy.is_some()) {
        world.must("keeper", RunControl { fund: label("main") });
    }
    world
}

fn settle(left: i128, notional: u128) -> SettleLiquidation {
    SettleLiquidation {
        market: label("sol"),
        account: label("dave"),
        liquidator: label("carol"),
        outcome: Signed::new(left),
        notional: atoms(notional),
        mark: Price::ZERO,
        open_interest: None,
        evidence: (left < 0).then(|| Hash::new([1; 32])),
    }
}

/// To fund, liquidator and user, and what did not fit, with where it went.
fn shared(world: &mut World, left: i128, notional: u128) -> ([u128; 4], LedgerAccount) {
    match world.must("venue", settle(left, notional)) {
        [
            Event::LiquidationSettled {
                to_fund,
                to_liquidator,
                to_user,
                overflow,
                overflow_to,
                ..
            },
        ] => {
            let parts = [to_fund, to_liquidator, to_user, overflow].map(|part| part.get());
            assert_eq!(parts.iter().sum::<u128>(), left.unsigned_abs());
            (parts, *overflow_to)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_settlement_charges_what_control_says() {
    use SplitRate::{Collateral, Fixed, Notional};
    for (rate, left, notional, want) in [
        (Fixed, 1_000, 9_000, [200, 300, 500]),
        // 15 % of what is left; the rest by 3 to 5.
        (Collateral, 1_000, 9_000, [150, 319, 531]),
        (Collateral, 6, 0, [0, 2, 4]),
        (Notional, 1_000, 2_000, [300, 263, 437]),
        (Notional, 1_000, 0, [0, 375, 625]),
        // More than is left: all of that, and nobody is below zero.
        (Notional, 1_000, 9_000, [1_000, 0, 0]),
        (Notional, 1, u128::MAX, [1, 0, 0]),
        (Notional, 0, 9_000, [0, 0, 0]),
    ] {
        let world = &mut charging(rate, |_| ());
        let [fund, liquidator, user, overflow] = shared(world, left, notional).0;
        assert_eq!(([fund, liquidator, user], overflow), (want, 0), "{rate:?} {left} {notional}");
    }
    // Never more than the margin leaves.
    let world = &mut charging(Notional, |_| ());
    let headroom = Some(Ppm::new(90_000));
    let report = ReportConditions {
        fund: label("main"),
        open_interest: Ppm::WHOLE,
        volatility: Ppm::WHOLE,
        headroom,
        forecast: None,
    };
    world.must("venue", report);
    assert_eq!(shared(world, 1_000, 2_000).0, [180, 308, 512, 0]);
    // Without control the split's own part.
    let world = &mut charging(Collateral, |setup| setup.controls = [None, None]);
    assert_eq!(shared(world, 1_000, 9_000).0, [200, 300, 500, 0]);
}

/// Whatever control charges on whatever base, and however the rest is shared: nothing appears, nothing
/// vanishes, and nobody who had something left is below zero.
#[test]
fn no_rate_takes_an_account_below_zero() {
    let split = (0u32..=10_000, 0u32..=10_000, any::<bool>());
    let amount = || prop_oneof![any::<u128>(), 0u128..1_000_000];
    let case = (any::<u32>(), option::of(0u32..1_500_000), amount(), amount(), amount(), split);
    property(case, |(rate, headroom, base, left, room, (a, b, floor))| {
        let (low, high) = (a.min(b), a.max(b));
        let [fund, liquidator, user] = [low, high - low, 10_000 - high].map(Bps::new);
        let rounding = SplitRounding::ALL[usize::from(floor)];
        let split = SplitPolicy { fund, liquidator, user, rounding, ..SplitPolicy::default() };
        let most = ControlPolicy { rate_max: Ppm::WHOLE, ..ControlPolicy::default() };
        let rate =
            charged(&most, Signed::new(whole(Ppm::new(rate))), Ppm::ZERO, headroom.map(Ppm::new));
        let taken = fee(rate, atoms(base), atoms(left));
        need(taken <= atoms(left), "more than there is")?;
        if let (Some(headroom), Some(product)) =
            (headroom, base.checked_mul(u128::from(rate.get())))
        {
            let allowed = product.min(base.saturating_mul(u128::from(headroom))) / 1_000_000;
            need(taken.get() <= allowed, "more than the margin leaves")?;
        }
        let parts =
            share_after(&split, taken, atoms(left), atoms(room)).map_err(|e| e.to_string())?;
        let all = [parts.fund, parts.liquidator, parts.user, parts.overflow];
        let sum = all.iter().try_fold(0u128, |sum, part| sum.checked_add(part.get()));
        need(sum == Some(left) && parts.fund <= atoms(room), "the parts are not the collateral")
    });
}

/// One band, which sends surplus this way.
fn routing(surplus: SurplusRoute) -> ControlPolicy {
    let mut policy = ControlPolicy::default();
    policy.bands.truncate(1);
    policy.bands[0].surplus = surplus;
    let (lps, token_holders) = (Some(label("keeper")), Some(label("custodian")));
    ControlPolicy { routes: Some(Routes { lps, token_holders }), ..policy }
}

/// A full fund whose surplus goes this way, with a stake of a million.
fn full(surplus: SurplusRoute) -> World {
    let mut world = charging(SplitRate::Fixed, |setup| {
        setup.threshold = Amount::ZERO;
        setup.controls = [Some(routing(surplus)), None];
    });
    let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
    let min_shares = Shares::ZERO;
    world.must("alice", Stake { tranche, account, asset, amount: atoms(1_000_000), min_shares });
    world
}

fn account(world: &World, name: &str) -> LedgerAccount {
    LedgerAccount::Balance(world.state.account_id(label(name)).expect("an account"))
}

#[test]
fn surplus_takes_the_route_of_the_band() {
    use SurplusRoute::{Lps, Reserve, Stakers, TokenHolders, Treasury};
    for route in [Reserve, Lps, Stakers, TokenHolders, Treasury] {
        let world = &mut full(route);
        let to = match route {
            Reserve => LedgerAccount::Reserve(MAIN),
            Stakers => LedgerAccount::Tranche(TrancheId::new(0)),
            Lps => account(world, "keeper"),
            TokenHolders => account(world, "custodian"),
            Treasury => account(world, "treasury"),
        };
        let before = world.owed(to);
        assert_eq!(shared(world, 1_000, 0), ([0, 300, 500, 200], to), "{route:?}");
        assert_eq!(world.owed(to), before.saturating_add(atoms(200)), "{route:?}");

        // A settlement moves what a yearly rate on the stake allows; half of it is the protocol's.
        let (fund, from) = (label("main"), Party::Clearing(label("sol")));
        world.must("venue", PayRevenue { fund, from, amount: atoms(1_000_000_000) });
        let before = world.owed(to);
        let stake = world.owed(LedgerAccount::Tranche(TrancheId::new(0)));
        world.wait(Span::days(1));
        world.must("keeper", SettleRevenue { fund });
        let stake = world.owed(LedgerAccount::Tranche(TrancheId::new(0))).saturating_sub(stake);
        let got = world.owed(to).saturating_sub(before);
        match route {
            Stakers => assert!(got == stake && !got.is_zero()),
            _ => assert!(got.max(stake).saturating_sub(got.min(stake)) <= atoms(1)),
        }
        let routed = world.events.iter().any(|event| matches!(event, Event::RevenueRouted { .. }));
        assert_eq!(routed, ![Reserve, Stakers].contains(&route), "{route:?}");

        // What is due before a loss is there to pay with, and while one is open nothing leaves.
        let (held, taken) = (world.owed(LedgerAccount::Reserve(MAIN)), world.owed(to));
        world.wait(Span::days(1));
        world.must("venue", settle(-1, 0));
        if route != Reserve && route != Stakers {
            assert_eq!(world.owed(to), taken, "{route:?}");
            assert!(world.owed(LedgerAccount::Reserve(MAIN)) >= held, "{route:?}");
        }
        let estimate = atoms(5);
        let (market, cause) = (label("sol"), Cause::BadDebt);
        world.must("risk", DeclareLoss { market, cause, account: None, estimate });
        let to = shared(world, 1_000, 0).1;
        assert_eq!(to, LedgerAccount::Reserve(MAIN), "{route:?} while a loss is open");
    }
    // Where routes don't bind, the split says where overflow goes.
    let world = &mut charging(SplitRate::Fixed, |setup| setup.threshold = Amount::ZERO);
    assert_eq!(shared(world, 1_000, 0).1, account(world, "treasury"));
}

/// A venue that was cut off settles a batch, with what was reserved and without.
#[test]
fn a_late_batch_draws_on_the_offline_budget() {
    let world = &mut charging(SplitRate::Fixed, |setup| {
        setup.controls = [Some(ControlPolicy::default()), None];
    });
    let (market, budget, span) = (label("sol"), atoms(100), Span::hours(24));
    world.must("op", SetOfflineBudget { market, budget, span });
    let late = |world: &mut World, steps: Vec<Body>, hours| Command {
        occurred_at: Some(world.now.minus(Span::hours(hours))),
        ..world.command("venue", Linked { steps })
    };
    let two = |a, b| vec![settle(a, 0).into(), settle(b, 0).into()];
    let left = |world: &World| world.state.offline.get(MarketId::new(0)).map(|o| o.left);
    let command = late(world, two(-60, -41), 20);
    let spent = world.send_command(&command).map(drop).map_err(|reject| reject.code);
    assert_eq!(spent, Err(RejectCode::OfflineBudgetSpent));
    assert_eq!(left(world), Some(budget));
    let command = late(world, two(-60, -40), 20);
    world.send_command(&command).expect("within the budget");
    assert_eq!(left(world), Some(Amount::ZERO));
    // Every step has to be a settlement that may be so late.
    for step in [
        ReportOpenInterest { market, base: Base::new(1) }.into(),
        SettleLiquidation { market: label("btc"), ..settle(5, 0) }.into(),
    ] {
        let command = late(world, vec![settle(5, 0).into(), step], 20);
        let skew = world.send_command(&command).map(drop).map_err(|reject| reject.code);
        assert_eq!(skew, Err(RejectCode::OccurredAtSkew));
    }
    let command = late(world, two(5, 7), 20);
    world.send_command(&command).expect("no deficit, no draw");
}
