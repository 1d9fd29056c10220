//! How often what happens, and with which amounts.

use super::{
    Money, Op, Part, Script, Step, Winners,
    adl::{equity_story, stock},
    setup,
    steering::{late_story, reserve_story, steering, steering_story},
};
use backstop_core::policy::Cause;
use backstop_units::Span;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// What a script may contain.
#[derive(Clone, Copy, Debug)]
pub struct Ranges {
    /// Amounts up to the end of 128 bits.
    pub extreme: bool,
    /// A council of three, two of whom must sign; else the operator decides alone.
    pub council: bool,
    /// Most chapters: single commands or stories of several.
    pub chapters: usize,
}

impl Default for Ranges {
    fn default() -> Self {
        Self { extreme: false, council: false, chapters: 50 }
    }
}

/// Scripts of the default ranges, some with a council.
pub fn script() -> impl Strategy<Value = Script> {
    any::<bool>().prop_flat_map(|council| script_of(Ranges { council, ..Ranges::default() }))
}

/// Scripts of these ranges.
pub fn script_of(ranges: Ranges) -> impl Strategy<Value = Script> {
    let chapters = vec(chapter(ranges), 1..ranges.chapters);
    (setup(ranges.council), chapters)
        .prop_map(|(setup, chapters)| Script { setup, steps: chapters.concat() })
}

/// Scripts in which losses are mostly put on winners.
pub fn adl_script() -> impl Strategy<Value = Script> {
    let single = step(Ranges::default()).prop_map(|step| vec![step]);
    let chapters = vec(prop_oneof![4 => adl_story(), 4 => equity_story(), 2 => single], 1..14);
    let stock = prop_oneof![1 => Just(Vec::new()), 3 => stock()];
    (setup::winners_first(), stock, chapters).prop_map(|(setup, stock, chapters)| Script {
        setup,
        steps: [stock, chapters.concat()].concat(),
    })
}

/// Scripts in which funds are mostly steered: fee control, reservations, late settlements, idle cash.
pub fn steering_script() -> impl Strategy<Value = Script> {
    let single = step(Ranges::default()).prop_map(|step| vec![step]);
    let stories = prop_oneof![
        4 => steering_story(false),
        1 => late_story(false),
        3 => reserve_story(false),
        2 => single,
    ];
    (setup(false), vec(stories, 1..12))
        .prop_map(|(setup, chapters)| Script { setup, steps: chapters.concat() })
}

/// One command, or a story: commands that follow from each other, with others in between.
fn chapter(ranges: Ranges) -> BoxedStrategy<Vec<Step>> {
    let single = || step(ranges).prop_map(|step| vec![step]);
    let stories = prop_oneof![
        6 => loss_story(ranges.extreme),
        6 => exit_story(ranges.extreme),
        2 => adl_story(),
        1 => equity_story(),
        1 => alert_story(),
        2 => price_story(ranges.extreme),
        3 => steering_story(ranges.extreme),
        2 => late_story(ranges.extreme),
        2 => reserve_story(ranges.extreme),
    ];
    let interrupted = (stories, option::weighted(0.5, (any::<u8>(), step(ranges)))).prop_map(
        |(mut story, other)| {
            if let Some((at, step)) = other {
                story.insert(usize::from(at) % story.len(), step);
            }
            story
        },
    );
    prop_oneof![6 => single(), 2 => interrupted].boxed()
}

pub(super) fn then(wait: Span, op: Op) -> Step {
    Step { wait, stranger: None, late: None, op }
}

/// Stakes, a loss that is declared, assessed, placed and in part recovered, and claims of it.
fn loss_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let stakes = vec((0u8..5, amount(extreme)), 0..4);
    let loss = (0u8..3, amount(extreme), amount(extreme), select(vec![0u64, 0, 30, 90]));
    let after = (part(extreme), part(extreme), money(), 1usize..5, 0u8..6);
    (0u8..3, stakes, loss, after)
        .prop_map(|(tranche, stakes, (market, gross, base, minutes), after)| {
            let (first, second, from, claims, end) = after;
            let wait = Span::from_ms(minutes * 60_000);
            let stake = |(who, amount)| Op::Stake { tranche, who, amount, min: false };
            let mut ops: Vec<Op> = stakes.into_iter().map(stake).collect();
            ops.push(Op::OpenInterest { market, base });
            ops.push(Op::Declare { market, cause: Cause::BadDebt, amount: gross });
            ops.push(Op::Assess { loss: 0, amount: gross, evidence: true });
            ops.push(Op::Place { loss: 0 });
            if end == 0 {
                ops.push(Op::Close { loss: 0 });
            }
            let claim = |who| Op::ClaimRecovery { loss: 0, who };
            let who = 0..u8::try_from(claims).unwrap_or(4);
            ops.push(Op::Recover { loss: 0, from, part: first });
            ops.extend(who.clone().map(claim));
            ops.push(if end == 1 {
                Op::Void { loss: 0 }
            } else {
                Op::Recover { loss: 0, from, part: second }
            });
            ops.extend(who.map(claim));
            ops.into_iter().map(|op| then(wait, op)).collect()
        })
        .boxed()
}

/// A bankruptcy that winners are asked for: a list, its parts, its steps, its end, and what comes back.
fn adl_story() -> BoxedStrategy<Vec<Step>> {
    let list = || (any::<u32>(), 0u8..7).prop_map(|(seed, count)| Winners { seed, count });
    let parts = (0u8..7, option::weighted(0.1, list()), 1usize..5);
    let after = (part(false), money(), 0u8..4, select(vec![0u64, 0, 0, 2, 61]));
    (0u8..2, 1i128..400, list(), parts, after)
        .prop_map(|(market, deficit, list, (cut, other, runs), (back, from, end, minutes))| {
            let outcome = -deficit;
            let (who, by, notional, base, evidence) = (0, 1, 0, None, true);
            let mut ops = vec![Op::Settle { market, who, by, outcome, notional, base, evidence }];
            ops.push(Op::OpenAdl { loss: 0, list });
            let part = |from, count| Op::SubmitAdl { loss: 0, list, from, count };
            ops.push(part(0, cut));
            ops.extend(other.map(|other| Op::OpenAdl { loss: 0, list: other }));
            ops.push(part(cut, 9));
            ops.extend((0..runs).map(|_| Op::RunAdl { loss: 0 }));
            let mut steps: Vec<Step> = ops.into_iter().map(|op| then(Span::ZERO, op)).collect();
            let wait = Span::from_ms(minutes * 60_000);
            steps.push(then(wait, Op::CloseAdl { loss: 0 }));
            let last = if end == 0 {
                Op::Void { loss: 0 }
            } else {
                Op::Recover { loss: 0, from, part: back }
            };
            steps.push(then(Span::ZERO, last));
            let claim = |who| then(Span::ZERO, Op::ClaimRecovery { loss: 0, who });
            steps.extend((0..5).map(claim));
            steps
        })
        .boxed()
}

/// An alert that is ended early.
fn alert_story() -> BoxedStrategy<Vec<Step>> {
    (0u8..2, 1u64..30, 0u64..40)
        .prop_map(|(fund, hours, after)| {
            let alert = Op::Alert { fund, span: Span::hours(hours) };
            let end = then(Span::hours(after), Op::EndAlert { fund });
            vec![then(Span::ZERO, alert), end]
        })
        .boxed()
}

/// Most feeds report much the same, more than once, and then somebody is bankrupt on a market that
/// checks its marks.
fn price_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let report = (0u8..5, -4_000i32..4_000, 0i64..600_000);
    let round = (off(), vec(report, 2..7), select(vec![0u64, 20, 70, 300]));
    (vec(round, 1..4), 1u8..3, 0u8..5, amount(extreme))
        .prop_map(|(rounds, market, who, amount)| {
            let mut steps = Vec::new();
            for (off, reports, minutes) in rounds {
                steps.extend(reports.into_iter().map(|(feed, more, age)| {
                    let off = off + more;
                    then(Span::ZERO, Op::Report { feed, off, age, signature: 9 })
                }));
                let outcome = -i128::try_from(amount).unwrap_or(i128::MAX);
                let (by, notional, base, evidence) = (who + 1, 0, None, true);
                let settle = Op::Settle { market, who, by, outcome, notional, base, evidence };
                steps.push(then(Span::from_ms(minutes * 60_000), settle));
            }
            steps
        })
        .boxed()
}

/// How far a report lies from the marks, in millionths.
fn off() -> impl Strategy<Value = i32> {
    prop_oneof![
        4 => -30_000i32..30_000,
        2 => -150_000i32..200_000,
        1 => select(vec![-1_000_000, 900_000, 0]),
    ]
}

fn prices() -> BoxedStrategy<Op> {
    let age =
        prop_oneof![6 => 0i64..3_000_000, 1 => select(vec![-300_000i64, -300_001, 90_000_000])];
    let signature = prop_oneof![1 => 0u8..3, 20 => Just(9u8)];
    let count = || prop_oneof![1 => Just(0u8), 12 => 1u8..4];
    let policy = (count(), count(), 5_000u32..150_000, select(vec![0u64, 1, 2, 3]));
    prop_oneof![
        12 => (0u8..5, off(), age, signature)
            .prop_map(|(feed, off, age, signature)| Op::Report { feed, off, age, signature }),
        5 => policy.prop_map(|(quorum, families, band, hours)| Op::IndexPolicy {
            quorum,
            families,
            band,
            confirm: Span::hours(hours),
        }),
        1 => (0u8..5).prop_map(|feed| Op::Retire { feed }),
    ]
    .boxed()
}

/// A stake, a request, a wait, a claim.
fn exit_story(extreme: bool) -> BoxedStrategy<Vec<Step>> {
    let wait = prop_oneof![
        4 => select(vec![0u64, 1, 48, 336]).prop_map(Span::hours),
        1 => (0u64..700).prop_map(Span::hours),
    ];
    let end = prop_oneof![5 => Just(Op::Claim { ticket: 0 }), 1 => Just(Op::Lapse { ticket: 0 })];
    let who = (0u8..3, 0u8..5, amount(extreme));
    let revenue = option::weighted(0.4, (0u8..3, 1u128..5_000));
    (who, any::<bool>(), part(extreme), (wait, revenue), end)
        .prop_map(|((tranche, who, amount), stake, part, (wait, revenue), end)| {
            let mut steps =
                vec![then(Span::ZERO, Op::Request { tranche, who, part, amount: false })];
            if stake {
                steps.insert(0, then(Span::ZERO, Op::Stake { tranche, who, amount, min: false }));
            }
            if let Some((market, amount)) = revenue {
                // Past the threshold it may go to the stakers and raise their price.
                let outcome = i128::try_from(amount).unwrap_or(i128::MAX);
                let (by, notional, base, evidence) = (who + 1, 0, None, false);
                let settle = Op::Settle { market, who, by, outcome, notional, base, evidence };
                steps.push(then(Span::ZERO, settle));
            }
            steps.push(then(wait, end));
            steps
        })
        .boxed()
}

fn step(ranges: Ranges) -> impl Strategy<Value = Step> {
    let stranger = option::weighted(0.03, any::<u8>());
    let late = option::weighted(
        0.3,
        prop_oneof![
            8 => -200_000i64..3_500_000,
            1 => select(vec![-300_001i64, -300_000, 3_600_000, 3_600_001]),
        ],
    );
    (wait(), stranger, late, op(ranges)).prop_map(|(wait, stranger, late, op)| Step {
        wait,
        stranger,
        late,
        op,
    })
}

fn wait() -> impl Strategy<Value = Span> {
    let minutes = |count: u64| Span::from_ms(count * 60_000);
    prop_oneof![
        6 => Just(Span::ZERO),
        2 => Just(Span::from_ms(1)),
        6 => (1u64..90).prop_map(minutes),
        4 => (1u64..30).prop_map(Span::hours),
        2 => (1u64..20).prop_map(Span::days),
        1 => select(vec![Span::hours(1), Span::hours(48), Span::days(14), Span::days(400)]),
    ]
}

pub(super) fn amount(extreme: bool) -> BoxedStrategy<u128> {
    let usual = prop_oneof![
        1 => Just(0u128),
        2 => 1u128..20,
        9 => 1u128..3_000,
        3 => 1u128..100_000,
    ];
    if extreme {
        let edge = select(vec![u128::MAX, u128::MAX - 1, 1 << 127, (1 << 127) - 1, 1 << 64]);
        prop_oneof![3 => usual, 2 => edge, 1 => any::<u128>()].boxed()
    } else {
        usual.boxed()
    }
}

pub(super) fn part(extreme: bool) -> impl Strategy<Value = Part> {
    prop_oneof![
        2 => amount(extreme).prop_map(Part::Exact),
        4 => any::<u8>().prop_map(Part::Of),
        3 => (-1i8..=1).prop_map(Part::AllAnd),
    ]
}

fn outcome(extreme: bool) -> impl Strategy<Value = i128> {
    let signed = |amount: u128| i128::try_from(amount).unwrap_or(i128::MAX);
    prop_oneof![
        4 => amount(extreme).prop_map(signed),
        5 => amount(extreme).prop_map(move |amount| -signed(amount)),
        1 => Just(if extreme { i128::MIN } else { -1 }),
    ]
}

fn money() -> impl Strategy<Value = Money> {
    prop_oneof![
        3 => (0u8..8).prop_map(Money::Account),
        2 => (0u8..3).prop_map(Money::Clearing),
    ]
}

/// One operation.
pub fn op(ranges: Ranges) -> BoxedStrategy<Op> {
    let simple = simple(ranges.extreme);
    let linked = vec(simple.clone(), 1..5).prop_map(Op::Linked);
    let governance_weight = if ranges.council { 8 } else { 2 };
    prop_oneof![20 => simple, 1 => linked, governance_weight => governance(ranges.extreme)].boxed()
}

fn simple(extreme: bool) -> BoxedStrategy<Op> {
    prop_oneof![
        12 => stakes(extreme),
        12 => losses(extreme),
        4 => revenue(extreme),
        3 => pools(extreme),
        5 => funds(extreme),
        5 => custody(extreme),
        2 => prices(),
        4 => steering(extreme),
    ]
    .boxed()
}

fn stakes(extreme: bool) -> BoxedStrategy<Op> {
    let stake = (0u8..3, 0u8..5, amount(extreme), prop::bool::weighted(0.05));
    prop_oneof![
        1 => (0u8..3, 0u8..5, amount(extreme))
            .prop_map(|(fund, who, amount)| Op::Contribute { fund, who, amount }),
        5 => stake.prop_map(|(tranche, who, amount, min)| Op::Stake { tranche, who, amount, min }),
        4 => (0u8..3, 0u8..5, part(extreme), prop::bool::weighted(0.2))
            .prop_map(|(tranche, who, part, amount)| Op::Request { tranche, who, part, amount }),
        1 => any::<u8>().prop_map(|ticket| Op::Cancel { ticket }),
        4 => any::<u8>().prop_map(|ticket| Op::Claim { ticket }),
        1 => any::<u8>().prop_map(|ticket| Op::Lapse { ticket }),
    ]
    .boxed()
}

fn revenue(extreme: bool) -> BoxedStrategy<Op> {
    prop_oneof![
        6 => (0u8..2, money(), amount(extreme))
            .prop_map(|(fund, from, amount)| Op::Revenue { fund, from, amount }),
        6 => (0u8..2).prop_map(|fund| Op::SettleRevenue { fund }),
        1 => (0u8..2, option::weighted(0.7, -50i64..2_000))
            .prop_map(|(fund, free)| Op::Liquidity { fund, free }),
        2 => (0u8..3, 0u8..5, part(extreme))
            .prop_map(|(tranche, who, part)| Op::Grant { tranche, who, part }),
        2 => (0u8..3, part(extreme), any::<bool>())
            .prop_map(|(tranche, part, amount)| Op::Redeem { tranche, part, amount }),
        3 => (0u8..3, 0u8..5, amount(extreme))
            .prop_map(|(tranche, who, amount)| Op::StakeProtocol { tranche, who, amount }),
    ]
    .boxed()
}

fn pools(extreme: bool) -> BoxedStrategy<Op> {
    let fees = || amount(extreme);
    prop_oneof![
        3 => (0u8..3, fees(), fees(), -2_000i64..5_000, -500i64..5_000).prop_map(
            |(market, exchange_fees, liquidation_fees, surplus, net_revenue)| Op::Results {
                market, exchange_fees, liquidation_fees, surplus, net_revenue,
            }
        ),
        4 => (0u8..3).prop_map(|market| Op::Balance { market }),
        1 => (0u8..3, amount(extreme)).prop_map(|(market, amount)| Op::FundPnl { market, amount }),
        4 => (0u8..3, amount(extreme)).prop_map(|(market, net_pnl)| Op::Cover { market, net_pnl }),
    ]
    .boxed()
}

pub(super) fn settle(extreme: bool) -> impl Strategy<Value = Op> {
    let base = option::weighted(0.3, amount(extreme));
    let who = (0u8..3, 0u8..5, 0u8..5);
    let rest = (amount(extreme), base, prop::bool::weighted(0.95));
    (who, outcome(extreme), rest).prop_map(|((market, who, by), outcome, rest)| {
        let (notional, base, evidence) = rest;
        Op::Settle { market, who, by, outcome, notional, base, evidence }
    })
}

fn losses(extreme: bool) -> BoxedStrategy<Op> {
    let handle = any::<u8>;
    let cause = select(vec![Cause::Bankruptcy, Cause::BadDebt, Cause::OperatorError]);
    prop_oneof![
        6 => settle(extreme),
        2 => (0u8..3, cause, amount(extreme))
            .prop_map(|(market, cause, amount)| Op::Declare { market, cause, amount }),
        2 => (handle(), amount(extreme), prop::bool::weighted(0.9))
            .prop_map(|(loss, amount, evidence)| Op::Assess { loss, amount, evidence }),
        3 => handle().prop_map(|loss| Op::Place { loss }),
        1 => handle().prop_map(|loss| Op::Close { loss }),
        1 => handle().prop_map(|loss| Op::Void { loss }),
        1 => handle().prop_map(|loss| Op::LapseDeclaration { loss }),
        2 => (handle(), money(), part(extreme))
            .prop_map(|(loss, from, part)| Op::Recover { loss, from, part }),
        3 => (handle(), 0u8..6).prop_map(|(loss, who)| Op::ClaimRecovery { loss, who }),
        2 => (0u8..3, amount(extreme)).prop_map(|(market, base)| Op::OpenInterest { market, base }),
        2 => (0u8..3, amount(extreme), 1_200_000u128..2_000_000, prop::bool::weighted(0.1)).prop_map(
            |(market, shares, index, late)| {
                // Mostly more than one loss takes: a market without any is over.
                let shares = shares.saturating_mul(20);
                Op::Deposits { market, shares, index, late }
            },
        ),
    ]
    .boxed()
}

fn funds(extreme: bool) -> BoxedStrategy<Op> {
    let span = || prop_oneof![4 => (0u64..80).prop_map(Span::hours), 1 => Just(Span::days(8))];
    let lifetime = option::weighted(0.3, amount(extreme));
    prop_oneof![
        2 => (0u8..2, span()).prop_map(|(fund, span)| Op::Alert { fund, span }),
        1 => (0u8..2).prop_map(|fund| Op::EndAlert { fund }),
        1 => (0u8..2, span()).prop_map(|(fund, span)| Op::Pause { fund, span }),
        2 => (0u8..2, amount(extreme)).prop_map(|(fund, amount)| Op::Threshold { fund, amount }),
        1 => (0u8..2, amount(extreme)).prop_map(|(fund, amount)| Op::Target { fund, amount }),
        3 => (0u8..2, part(extreme)).prop_map(|(fund, part)| Op::Excess { fund, part }),
        2 => (0u8..2, prop::bool::weighted(0.8)).prop_map(|(fund, all)| Op::Covers { fund, all }),
        1 => (0u8..3, any::<u8>(), lifetime)
            .prop_map(|(market, keep, lifetime)| Op::Waterfall { market, keep, lifetime }),
        1 => (any::<u8>(), amount(extreme)).prop_map(|(kind, amount)| Op::Nonsense { kind, amount }),
    ]
    .boxed()
}

fn custody(extreme: bool) -> BoxedStrategy<Op> {
    let asset = || prop_oneof![5 => Just(0u8), 1 => Just(1u8), 1 => Just(9u8)];
    prop_oneof![
        2 => (0u8..3, amount(extreme)).prop_map(|(market, amount)| Op::Fees { market, amount }),
        3 => (money(), asset(), amount(extreme))
            .prop_map(|(to, asset, amount)| Op::TransferIn { to, asset, amount }),
        2 => (money(), asset(), part(extreme))
            .prop_map(|(from, asset, part)| Op::TransferOut { from, asset, part }),
        4 => (any::<u8>(), prop::bool::weighted(0.7))
            .prop_map(|(transfer, confirmed)| Op::Resolve { transfer, confirmed }),
        1 => (0u8..2, prop_oneof![2 => Just(0i64), 1 => -50i64..50])
            .prop_map(|(asset, surplus)| Op::Reconcile { asset, surplus }),
    ]
    .boxed()
}

fn governance(extreme: bool) -> BoxedStrategy<Op> {
    let sensitive = prop_oneof![
        16 => funds(extreme),
        4 => revenue(extreme),
        4 => any::<u8>().prop_map(|loss| Op::Void { loss }),
        1 => prices(),
        4 => steering(extreme),
    ];
    let expires = prop_oneof![1 => Just(Span::hours(1)), 6 => Just(Span::days(90))];
    let propose = (sensitive, 0u8..16, 0u8..16, expires);
    prop_oneof![
        4 => propose.prop_map(|(op, members, nonce, expires)| Op::Propose {
            op: Box::new(op),
            members: members & if nonce < 14 { 7 } else { 15 },
            nonce,
            expires,
        }),
        3 => (any::<u8>(), 0u8..8).prop_map(|(proposal, members)| Op::Approve { proposal, members }),
        4 => any::<u8>().prop_map(|proposal| Op::Execute { proposal }),
        2 => any::<u8>().prop_map(|proposal| Op::CancelProposal { proposal }),
    ]
    .boxed()
}
