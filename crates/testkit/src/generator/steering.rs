//! How often a fund is steered, and by which rules.

use super::{
    Money, Op, Step,
    control::Told,
    strategy::{amount, part, settle, then},
};
use crate::{keys, world::label};
use backstop_core::{
    fund::rails,
    policy::{
        Band, ControlPolicy, CurvePoint, IdlePolicy, Law, PiLaw, ReservationPolicy,
        RiskMessagePolicy, Routes, Slew, SurplusRoute,
    },
};
use backstop_units::{Amount, Ppm, Span};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Rules of fee control and bands, nearly all of which can be carried out.
pub(super) fn rules() -> BoxedStrategy<ControlPolicy> {
    let rates = (0u32..=400_000, 0u32..=400_000, option::weighted(0.7, slew()));
    let fed = (0u32..200_000, 0u32..200_000, select(vec![0u64, 1, 20]));
    let spikes = (0u32..120_000, select(vec![0u8, 1, 3, 16]), select(vec![1u64, 30, 30]), 0u8..40);
    let holds = (100_000u32..=1_000_000, select(vec![20u64, 90, 90]), select(vec![0u8, 1, 3, 64]));
    let bands = (bands(), select(vec![0u32, 20_000, 90_000]), select(vec![0u64, 1, 24]));
    let routes = option::weighted(0.6, routes());
    let rest = (
        select(vec![0u64, 0, 1]),
        option::weighted(0.7, idle()),
        routes,
        option::weighted(0.7, messages()),
    );
    ((law(), rates), fed, spikes, holds, bands, rest)
        .prop_map(|((law, (a, b, slew)), fed, spikes, holds, bands, rest)| {
            let (rate_min, rate_max) = (Ppm::new(a.min(b)), Ppm::new(a.max(b)));
            let mut policy = ControlPolicy {
                law: within(law, rate_min, rate_max),
                rate_min,
                rate_max,
                slew,
                interval_min: Span::hours(rest.0),
                open_interest_gain: Ppm::new(fed.0),
                volatility_gain: Ppm::new(fed.1),
                report_age_max: Span::hours(fed.2),
                spike_max: Ppm::new(spikes.0),
                spikes_max: spikes.1,
                spike_span_max: Span::hours(spikes.2),
                bands: bands.0,
                band_margin: Ppm::new(bands.1),
                loosen_delay: Span::hours(bands.2),
                reservations: ReservationPolicy {
                    part_max: Ppm::new(holds.0),
                    span_max: Span::from_ms(holds.1 * 60_000),
                    count_max: holds.2,
                },
                idle: rest.1,
                routes: rest.2,
                messages: rest.3,
            };
            if rails::check(&policy).is_err() {
                // The integral would outrun the slew limit.
                policy.slew = None;
            }
            if spikes.3 == 0 {
                policy.rate_min = Ppm::new(rate_max.get() + 1);
            }
            policy
        })
        .boxed()
}

fn slew() -> impl Strategy<Value = Slew> {
    (0u32..100_000, select(vec![1u64, 24]))
        .prop_map(|(by, hours)| Slew { by: Ppm::new(by), per: Span::hours(hours) })
}

fn law() -> BoxedStrategy<Law> {
    let points = vec((1u32..400_000, 0u32..400_000), 2..7).prop_map(|points| {
        let mut rates: Vec<u32> = points.iter().map(|point| point.1).collect();
        rates.sort_unstable_by(|a, b| b.cmp(a));
        let coverages = points.iter().scan(0, |sum, point| {
            *sum += point.0;
            Some(*sum)
        });
        let point =
            |(coverage, rate)| CurvePoint { coverage: Ppm::new(coverage), rate: Ppm::new(rate) };
        Law::Curve(coverages.zip(rates).map(point).collect())
    });
    let gains = (0u32..400_000, 0u32..2_000_000, 0u32..90_000, select(vec![1u64, 24]));
    let pi = (gains, 700_000u32..=1_000_000, 1_000_000u32..1_500_000).prop_map(
        |((base, kp, ki, hours), from, to)| {
            Law::Pi(PiLaw {
                base: Ppm::new(base),
                kp: Ppm::new(kp),
                ki: Ppm::new(ki),
                ki_period: Span::hours(hours),
                dead_from: Ppm::new(from),
                dead_to: Ppm::new(to),
            })
        },
    );
    prop_oneof![1 => points, 2 => pi].boxed()
}

/// With a base between the rails.
fn within(law: Law, low: Ppm, high: Ppm) -> Law {
    match law {
        Law::Pi(law) => Law::Pi(PiLaw { base: law.base.max(low).min(high), ..law }),
        curve @ Law::Curve(_) => curve,
    }
}

fn bands() -> impl Strategy<Value = Vec<Band>> {
    let steps = (1u32..500_000, 0u32..400_000, 0u32..6_000_000, select(SurplusRoute::ALL));
    (vec(steps, 1..6), 0usize..6).prop_map(|(steps, listed)| {
        let mut band = Band {
            from: Ppm::ZERO,
            open_interest: Ppm::ZERO,
            leverage: Ppm::ZERO,
            listings: false,
            surplus: SurplusRoute::Reserve,
        };
        let mut bands = Vec::new();
        for (at, (width, open_interest, leverage, surplus)) in steps.into_iter().enumerate() {
            band = Band {
                from: if at == 0 { Ppm::ZERO } else { Ppm::new(band.from.get() + width) },
                open_interest: Ppm::new(band.open_interest.get() + open_interest),
                leverage: Ppm::new(band.leverage.get() + leverage),
                listings: at >= listed,
                surplus,
            };
            bands.push(band);
        }
        bands
    })
}

fn idle() -> impl Strategy<Value = IdlePolicy> {
    (100_000u32..=1_000_000, 0u64..3, 0u64..3).prop_map(|(part, notice, reach)| IdlePolicy {
        venue: label("yield"),
        part_max: Ppm::new(part),
        notice: Span::hours(notice),
        reach: Span::hours(reach),
    })
}

/// Caps of risk messages; a safe default above them now and then.
fn messages() -> impl Strategy<Value = RiskMessagePolicy> {
    let spans = (select(vec![0u64, 30, 600, 600]), select(vec![60u64, 600, 600, 6_000]));
    let amounts = (0u128..5_000_000, 0u128..6, 0u128..2_000_000);
    let keys = select(vec![keys::MODEL, keys::MODEL, keys::MODEL, keys::CUSTODIAN]);
    (spans, amounts, 0u32..120_000, keys).prop_map(|(spans, amounts, fee, key)| RiskMessagePolicy {
        key: keys::public(key),
        age_max: minutes(spans.0),
        span_max: minutes(spans.1),
        target_max: Amount::new(amounts.0),
        target_default: Amount::new(amounts.0 / 5 * amounts.1),
        fee_max: Ppm::new(fee),
        hold_max: Amount::new(amounts.2),
    })
}

/// A message within the caps, or a little past one of them.
fn told() -> impl Strategy<Value = Told> {
    let times = (0u8..4, select(vec![0u64, 0, 5, 60]), select(vec![5u64, 30, 60, 300]));
    let parts = (0u8..=104, 0u8..=104, 0u8..=104, 0u8..=104);
    (times, parts, any::<u8>()).prop_map(|((ahead, age, life), parts, signed)| Told {
        ahead,
        age,
        life,
        target: parts.0,
        cover: parts.1,
        fee: parts.2,
        hold: parts.3,
        signed: signed > 20,
    })
}

/// Mostly with both accounts; one that there is not now and then.
fn routes() -> impl Strategy<Value = Routes> {
    let mut names = [Some("custodian"), Some("keeper"), Some("treasury")].repeat(6);
    names.extend([None, Some("nothing")]);
    let account = move || select(names.clone()).prop_map(|name| name.map(label));
    (account(), account()).prop_map(|(lps, token_holders)| Routes { lps, token_holders })
}

fn fed() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0u32..3_000_000, 1 => select(vec![0, u32::MAX])]
}

/// What steers a fund.
pub(super) fn steering(extreme: bool) -> BoxedStrategy<Op> {
    let hours = || (0u64..40).prop_map(Span::hours);
    let feared = || option::weighted(0.3, 0u32..1_500_000);
    let held = (0u8..3, any::<u8>(), part(extreme), (0u64..100).prop_map(minutes));
    let late = (0u8..3, amount(extreme), select(vec![0u64, 2, 48, 168, 169]));
    prop_oneof![
        2 => (0u8..2, rules())
            .prop_map(|(fund, policy)| Op::Control { fund, policy: Box::new(policy) }),
        2 => (0u8..2, any::<u8>(), 0u32..500_000)
            .prop_map(|(fund, what, value)| Op::Tweak { fund, what, value }),
        8 => (0u8..3).prop_map(|fund| Op::RunControl { fund }),
        3 => (0u8..2, fed(), fed(), feared(), feared()).prop_map(
            |(fund, open_interest, volatility, headroom, forecast)| Op::Conditions {
                fund, open_interest, volatility, headroom, forecast,
            }
        ),
        4 => (0u8..2, 0u32..90_000, hours())
            .prop_map(|(fund, size, span)| Op::Spike { fund, size, span }),
        3 => (0u8..2, 0u8..8).prop_map(|(fund, spike)| Op::EndSpike { fund, spike }),
        7 => (0u8..2, told()).prop_map(|(fund, told)| Op::Risk { fund, told }),
        3 => (0u8..2, any::<bool>(), part(extreme))
            .prop_map(|(fund, out, part)| Op::Idle { fund, out, part }),
        5 => held.prop_map(|(market, id, part, span)| Op::Reserve { market, id, part, span }),
        3 => (any::<u8>(), settle(extreme)).prop_map(|(reservation, settle)| Op::Commit {
            reservation,
            settlement: Box::new(settle),
        }),
        1 => any::<u8>().prop_map(|reservation| Op::Release { reservation }),
        2 => (0u8..3, option::weighted(0.8, amount(extreme)))
            .prop_map(|(market, max)| Op::OpenInterestMax { market, max }),
        1 => late.prop_map(|(market, budget, hours)| Op::Offline {
            market,
            budget,
            span: Span::hours(hours),
        }),
    ]
    .boxed()
}

fn minutes(count: u64) -> Span {
    Span::from_ms(count * 60_000)
}

/// A fund is given rules and lives under them: runs, with what moves its coverage in between.
pub(super) fn steering_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let between = prop_oneof![
        4 => steering(extreme).prop_map(|op| vec![op]),
        2 => (0u8..5, amount(extreme))
            .prop_map(|(who, amount)| vec![Op::Contribute { fund: 0, who, amount }]),
        2 => settle(extreme).prop_map(|op| vec![op]),
        2 => told().prop_map(|told| vec![Op::Risk { fund: 0, told }, Op::RunControl { fund: 0 }]),
        1 => amount(extreme).prop_map(|amount| vec![Op::Target { fund: 0, amount }]),
        2 => (1u32..90_000, 0u64..25, 0u8..3).prop_map(|(size, hours, ended)| {
            let spike = Op::Spike { fund: 0, size, span: Span::hours(hours) };
            let ends = (ended < 2).then_some(Op::EndSpike { fund: 0, spike: ended });
            [spike].into_iter().chain(ends).collect()
        }),
        2 => (0u8..3, amount(extreme), amount(extreme)).prop_map(|(market, max, base)| {
            let report = Op::OpenInterest { market, base };
            vec![Op::OpenInterestMax { market, max: Some(max) }, report]
        }),
        2 => (0u8..2, amount(extreme)).prop_map(|(who, amount)| {
            let from = Money::Account(who);
            vec![Op::Revenue { fund: 0, from, amount }, Op::SettleRevenue { fund: 0 }]
        }),
        2 => (part(extreme), option::of(part(extreme))).prop_map(|(part, back)| {
            let back = back.map(|part| Op::Idle { fund: 0, out: false, part });
            [Op::Idle { fund: 0, out: true, part }].into_iter().chain(back).collect()
        }),
        1 => Just(Vec::new()),
    ];
    let wait =
        prop_oneof![3 => (0u64..200).prop_map(minutes), 2 => (1u64..60).prop_map(Span::hours)];
    (rules(), vec((wait, between), 1..9))
        .prop_map(|(policy, turns)| {
            let set = Op::Control { fund: 0, policy: Box::new(policy) };
            let mut steps = vec![then(Span::ZERO, set)];
            for (wait, ops) in turns {
                steps.extend(ops.into_iter().map(|op| then(Span::ZERO, op)));
                steps.push(then(wait, Op::RunControl { fund: 0 }));
            }
            steps
        })
        .boxed()
}

/// A venue holds capacity for what it is about to liquidate, and others settle in between.
pub(super) fn reserve_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let reserve = (any::<u8>(), part(extreme), 1u64..90);
    let turn = prop_oneof![
        2 => settle(extreme),
        4 => (any::<u8>(), settle(extreme)).prop_map(|(reservation, settle)| Op::Commit {
            reservation,
            settlement: Box::new(settle),
        }),
        3 => any::<u8>().prop_map(|reservation| Op::Release { reservation }),
        1 => (0u8..5, 1u128..3_000)
            .prop_map(|(who, amount)| Op::Contribute { fund: 0, who, amount }),
    ];
    let turns = vec((select(vec![0u64, 0, 0, 5, 60]), turn), 1..6);
    (rules(), 0u8..3, vec(reserve, 1..4), turns)
        .prop_map(|(policy, market, reserves, turns)| {
            let fund = u8::from(market == 2);
            let set = Op::Control { fund, policy: Box::new(policy) };
            let mut steps = vec![then(Span::ZERO, set)];
            steps.extend(reserves.into_iter().map(|(id, part, span)| {
                then(Span::ZERO, Op::Reserve { market, id, part, span: minutes(span) })
            }));
            steps.extend(turns.into_iter().map(|(wait, op)| then(minutes(wait), op)));
            steps
        })
        .boxed()
}

/// A venue settles what happened while it could not reach the ledger.
pub(super) fn late_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let late = (settle(extreme), prop_oneof![-10i64..200, Just(60), Just(120)]);
    (0u8..3, amount(extreme), select(vec![2u64, 2, 48]), vec(late, 1..5))
        .prop_map(|(market, budget, hours, settles)| {
            let set = Op::Offline { market, budget, span: Span::hours(hours) };
            let mut steps = vec![then(Span::ZERO, set)];
            let settles = settles.into_iter().map(|(mut op, minutes)| {
                if let Op::Settle { market: at, .. } = &mut op {
                    *at = market;
                }
                (op, minutes)
            });
            let settles: Vec<_> = settles.collect();
            let late =
                |op, minutes| Step { late: Some(minutes * 60_000), ..then(Span::from_ms(1), op) };
            let batch = settles.iter().map(|(op, _)| op.clone()).collect();
            let minutes = settles.iter().map(|settle| settle.1).max().unwrap_or(0);
            steps.extend(settles.into_iter().map(|(op, minutes)| late(op, minutes)));
            steps.push(late(Op::Linked(batch), minutes));
            steps
        })
        .boxed()
}
