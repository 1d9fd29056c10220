//! Shortfalls of every account under every scenario.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "whole numbers below 2⁵³"
)]

use super::{between, on};
use backstop_risk::{
    kernel::{
        Book, Exact, KernelError, Lanes, Panel, Pruning, Run, Stress,
        shortfall::{Exposure, Slack},
    },
    random::Random,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// Positions of an account.
type Positions = Vec<(u16, f64)>;

struct Given {
    accounts: Vec<(f64, Positions)>,
    markets: usize,
    scenarios: usize,
    returns: Vec<f64>,
}

impl Given {
    /// Leverages around those at which a third of the accounts falls short somewhere.
    fn drawn(seed: u64, accounts: usize, (markets, scenarios): (usize, usize)) -> Self {
        let mut random = Random::new(seed);
        let accounts = (0..accounts).map(|_| account(&mut random, markets)).collect();
        let common: Vec<f64> = (0..scenarios).map(|_| 0.05 * random.normal()).collect();
        let returns = (0..markets)
            .flat_map(|_| common.iter().map(|c| c + 0.03 * random.normal()).collect::<Vec<_>>())
            .map(|value| value.clamp(-0.9, 2.0))
            .collect();
        Self { accounts, markets, scenarios, returns }
    }

    fn book(&self) -> Book {
        let mut book = Book::default();
        self.accounts.iter().for_each(|(held, positions)| book.push(*held, positions).unwrap());
        book
    }

    fn panel(&self) -> Panel {
        Panel::new(self.markets, &self.returns).unwrap()
    }

    fn equity(&self, account: usize, scenario: usize) -> f64 {
        let (held, positions) = &self.accounts[account];
        let one = |(market, size): &(u16, f64)| {
            size * self.returns[usize::from(*market) * self.scenarios + scenario]
        };
        held + positions.iter().map(one).sum::<f64>()
    }
}

fn account(random: &mut Random, markets: usize) -> (f64, Positions) {
    let number = random.below(8);
    let positions: Positions = (0..number)
        .map(|_| {
            let size = random.lognormal(1000.0, 2.0);
            let market = u16::try_from(random.below(markets)).unwrap();
            (market, if random.chance(0.6) { size } else { -size })
        })
        .collect();
    let gross: f64 = positions.iter().map(|(_, size)| size.abs()).sum();
    (gross * between(random, -0.01, 0.4), positions)
}

/// All of an answer but what it cost.
fn bits(stress: &Stress) -> Vec<u64> {
    let amounts = stress.sums.iter().chain(&stress.largest).map(|amount| amount.to_bits());
    let whose = stress.whose.iter().map(|whose| whose.map_or(u64::MAX, |at| at as u64));
    amounts.chain(stress.short.iter().copied()).chain(whose).collect()
}

#[test]
fn every_way_to_compute_gives_the_same_bits() {
    for (seed, accounts, shape) in [(1, 20_000, (5, 70)), (2, 600, (20, 1100)), (3, 40, (3, 5000))]
    {
        let given = Given::drawn(seed, accounts, shape);
        let (book, panel) = (given.book(), given.panel());
        let exposure = Exposure::new(&book, &panel);
        let first = exposure.shortfall(&Run::default()).unwrap();
        assert!(first.short.iter().sum::<u64>() > 100, "the case tests something");
        for lanes in Lanes::all() {
            for (threads, pruning) in
                [(1, Pruning::None), (2, Pruning::Exact), (7, Pruning::Exact), (7, Pruning::None)]
            {
                let exposure = Exposure { pruning, ..exposure };
                let run = Run { lanes, ..Run::default() };
                let other = on(threads, || exposure.shortfall(&run)).unwrap();
                let name = lanes.name();
                assert!(bits(&other) == bits(&first), "{name}, {threads} threads, {pruning:?}");
            }
        }
    }
}

#[test]
fn sums_counts_and_the_largest_are_those_of_a_naive_loop() {
    for (seed, shape) in [(4, (1, 1)), (5, (4, 63)), (6, (7, 64)), (7, (20, 65)), (8, (50, 1100))] {
        let given = Given::drawn(seed, 500, shape);
        let (book, panel) = (given.book(), given.panel());
        let stress = Exposure::new(&book, &panel).shortfall(&Run::default()).unwrap();
        for scenario in 0..given.scenarios {
            let short = |at: &usize| given.equity(*at, scenario) < 0.0;
            let who: Vec<usize> = (0..500).filter(short).collect();
            let amounts = || who.iter().map(|at| -given.equity(*at, scenario));
            assert_eq!(stress.short[scenario], who.len() as u64);
            let (sum, largest) = (amounts().sum::<f64>(), amounts().fold(0.0, f64::max));
            assert!((stress.sums[scenario] - sum).abs() <= 1e-12 * sum, "{sum}");
            assert!((stress.largest[scenario] - largest).abs() <= 1e-12 * largest);
            let whose =
                who.iter().find(|at| -given.equity(**at, scenario) >= largest * (1.0 - 1e-13));
            assert_eq!(stress.whose[scenario].is_some(), whose.is_some());
        }
    }
}

/// Equity in whole parts of 2⁻²⁰: notionals are whole, returns multiples of it.
struct Whole<'a> {
    given: &'a Given,
    asked: AtomicU64,
}

/// Parts of one.
const PARTS: f64 = 1_048_576.0;

impl Whole<'_> {
    fn equity(&self, account: usize, scenario: usize) -> i128 {
        let (held, positions) = &self.given.accounts[account];
        let whole = |value: f64| {
            assert!(value.fract() == 0.0 && value.abs() < 9e15, "{value}");
            value as i128
        };
        let one = |(market, size): &(u16, f64)| {
            let at = usize::from(*market) * self.given.scenarios + scenario;
            whole(*size) * whole(self.given.returns[at] * PARTS)
        };
        whole(*held * PARTS) + positions.iter().map(one).sum::<i128>()
    }
}

impl Exact for Whole<'_> {
    fn shortfall(&self, account: usize, scenario: usize) -> f64 {
        self.asked.fetch_add(1, Ordering::Relaxed);
        (-self.equity(account, scenario)).max(0) as f64 / PARTS
    }
}

/// Accounts whose equity in one scenario is nothing, or the smallest amount above or below it, out of huge positions that all
/// but cancel: 64 bits round each product by far more.
fn on_the_edge(seed: u64) -> Given {
    let mut random = Random::new(seed);
    let (markets, scenarios, accounts) = (6, 130, 3000);
    let steps = |random: &mut Random| (random.below(1_800_000) as f64 - 900_000.0) / PARTS;
    let returns: Vec<f64> = (0..markets * scenarios).map(|_| steps(&mut random)).collect();
    let mut given = Given { accounts: Vec::new(), markets, scenarios, returns };
    for at in 0..accounts {
        let (mut positions, mut others) = (Positions::new(), Positions::new());
        for _ in 0..=random.below(2) {
            let market = u16::try_from(random.below(markets)).unwrap();
            let size = libm::round(random.lognormal(1e14, 1.0)).min(1e15);
            positions.push((market, size));
            others.push((market, libm::round(random.lognormal(1e6, 1.0)) - size));
        }
        positions.extend(others);
        if random.chance(0.5) {
            positions.push((0, libm::round(random.lognormal(1e6, 1.0))));
        }
        given.accounts.push((0.0, positions));
        let scenario = random.below(scenarios);
        let lacking = -Whole { given: &given, asked: AtomicU64::new(0) }.equity(at, scenario);
        let edge = lacking + random.below(3) as i128 - 1;
        given.accounts[at].0 = edge as f64 / PARTS;
    }
    given
}

#[test]
fn what_floats_do_not_decide_is_decided_exactly() {
    let given = on_the_edge(9);
    let (book, panel) = (given.book(), given.panel());
    let whole = Whole { given: &given, asked: AtomicU64::new(0) };
    for (exact, pruning) in [
        (Some(&whole as &dyn Exact), Pruning::Exact),
        (Some(&whole as &dyn Exact), Pruning::None),
        (None, Pruning::Exact),
    ] {
        let exposure = Exposure { exact, pruning, ..Exposure::new(&book, &panel) };
        let stress = exposure.shortfall(&Run::default()).unwrap();
        for scenario in 0..given.scenarios {
            let short = |at: &usize| whole.equity(*at, scenario) < 0;
            let number = (0..given.accounts.len()).filter(short).count();
            assert_eq!(stress.short[scenario], number as u64, "scenario {scenario}");
        }
        assert!(stress.effort.exact >= 2000, "{:?}", stress.effort);
    }
    let plain = |at: usize, scenario| {
        (given.equity(at, scenario) < 0.0) == (whole.equity(at, scenario) < 0)
    };
    let wrong = (0..3000).filter(|at| (0..130).any(|scenario| !plain(*at, scenario))).count();
    assert!(wrong > 200, "plain floats err in {wrong} accounts only: the case tests little");
    let asked = whole.asked.load(Ordering::Relaxed);
    assert!(asked < 20_000, "{asked} of 780,000 pairs went through the exact code");
}

#[test]
fn slack_widens_what_is_decided_exactly() {
    let given = Given::drawn(10, 2000, (5, 100));
    let (book, panel) = (given.book(), given.panel());
    let exposure = Exposure::new(&book, &panel);
    let plain = exposure.shortfall(&Run::default()).unwrap();
    let slack = Slack { relative: 1e-3, absolute: 1.0 };
    let wide = Exposure { slack, ..exposure }.shortfall(&Run::default()).unwrap();
    assert_eq!(wide.short, plain.short);
    assert!(wide.effort.exact > plain.effort.exact + 500, "{:?}", wide.effort);
    let all = Exposure { slack, pruning: Pruning::None, ..exposure };
    assert_eq!(bits(&all.shortfall(&Run::default()).unwrap()), bits(&wide));
}

#[test]
fn lists_hold_who_is_below_the_line() {
    for (seed, accounts, shape) in [(11, 9000, (5, 70)), (12, 300, (20, 1100))] {
        let given = Given::drawn(seed, accounts, shape);
        let ratios: Vec<f64> = (0..given.markets).map(|at| 0.005 * at as f64).collect();
        let (line, panel) = (given.book().above_line(&ratios).unwrap(), given.panel());
        let exposure = Exposure::new(&line, &panel);
        let below = exposure.below(&Run::default()).unwrap();
        assert_eq!(below.scenarios(), given.scenarios);
        for scenario in 0..given.scenarios {
            let above = |at: usize| {
                let one = |(market, size): &(u16, f64)| {
                    let at = usize::from(*market);
                    size.abs() * ratios[at] * (1.0 + given.returns[at * given.scenarios + scenario])
                };
                given.equity(at, scenario) - given.accounts[at].1.iter().map(one).sum::<f64>()
            };
            let listed = below.of(scenario);
            assert!(listed.is_sorted());
            // Nobody is missing, and who is listed without need is at the line to the last bits.
            let mut wanted = (0..accounts).filter(|at| above(*at) < 0.0).peekable();
            for account in listed {
                let account = *account as usize;
                if wanted.next_if_eq(&account).is_none() {
                    assert!(above(account) <= 1e-9, "{} in {scenario}", above(account));
                }
            }
            assert_eq!(wanted.next(), None, "scenario {scenario}");
        }
        for lanes in Lanes::all() {
            let run = Run { lanes, ..Run::default() };
            let exposure = Exposure { pruning: Pruning::None, ..exposure };
            assert_eq!(on(7, || exposure.below(&run)).unwrap(), below, "{}", lanes.name());
        }
    }
}

#[test]
fn a_run_can_be_stopped_and_bad_input_is_refused() {
    let given = Given::drawn(13, 30_000, (2, 64));
    let (book, panel) = (given.book(), given.panel());
    let watch = |done: u64, _: u64| done < 2;
    let run = Run { watch: Some(&watch), ..Run::default() };
    let stopped = on(1, || Exposure::new(&book, &panel).shortfall(&run));
    assert_eq!(stopped, Err(KernelError::Stopped { done: 2, total: 4 }));

    let narrow = Panel::new(1, &[0.1, 0.2]).unwrap();
    let missing = Exposure::new(&book, &narrow).shortfall(&Run::default());
    assert!(matches!(missing, Err(KernelError::Length { got: 1, want: 2, .. })));
    let slack = Slack { relative: f64::NAN, absolute: 0.0 };
    let unsure = Exposure { slack, ..Exposure::new(&book, &panel) }.shortfall(&Run::default());
    assert!(matches!(unsure, Err(KernelError::Range { .. })));

    assert_eq!(Panel::new(0, &[]).unwrap_err(), KernelError::Nothing("scenario"));
    assert!(matches!(Panel::new(2, &[0.1; 3]), Err(KernelError::Length { got: 3, want: 4, .. })));
    for bad in [f64::NAN, f64::INFINITY, -1.1, 2e6] {
        assert!(
            matches!(Panel::new(1, &[0.0, bad]), Err(KernelError::Range { at: 1, .. })),
            "{bad}"
        );
    }
}

#[test]
fn an_empty_book_falls_short_of_nothing() {
    let (book, panel) = (Book::default(), Panel::new(1, &[-0.5; 10]).unwrap());
    let stress = Exposure::new(&book, &panel).shortfall(&Run::default()).unwrap();
    assert_eq!((stress.sums, stress.whose), (vec![0.0; 10], vec![None; 10]));
    assert!(Exposure::new(&book, &panel).below(&Run::default()).unwrap().is_empty());
}
