use super::*;
use crate::sizing::{
    Losses,
    losses::TAIL_SHARES,
    optimum::{Bounds, Certainty, Costs, size},
};
use crate::{
    desk::{Cancelled, Silent},
    float::{count, to_count},
    models::copula::kendall,
    scenarios::{filtered, filtered_runs},
};
use backstop_units::Span;

const EWMA: Filter = Filter::Ewma(0.94);
const PLAIN: Simulated =
    Simulated { filter: EWMA, marginal: MarginalKind::Empirical, jumps: None, crash: None };

/// A watcher who stops all work.
struct Stop;

impl Progress for Stop {
    fn at(&self, _: &'static str, _: u64, _: u64) -> bool {
        false
    }
}

/// Returns of three markets from a t copula, with a common crash now and then.
struct History {
    markets: Vec<String>,
    days: Vec<String>,
    returns: Vec<Vec<f64>>,
}

fn history(days: usize, crash_each: usize) -> History {
    let correlation = Matrix::from_fn(3, 3, |a, b| if a == b { 1.0 } else { 0.6 });
    let copula = TCopula::new(correlation, 5.0).unwrap();
    let rows = copula.variates(21).unwrap().rows(0..days, Lanes::best());
    let crash = |day: usize| if day % crash_each == crash_each - 1 { -0.3 } else { 0.0 };
    let day = |(day, cell): (usize, &f64)| 0.02 * cell + crash(day);
    let returns = rows.chunks_exact(days).map(|row| row.iter().enumerate().map(day).collect());
    let returns = returns.collect();
    let markets = ["BTC", "ETH", "SOL"].map(str::to_owned).to_vec();
    History { markets, days: (0..days).map(|day| format!("day {day}")).collect(), returns }
}

fn with<T>(history: &History, see: impl FnOnce(&Source<'_>) -> T) -> T {
    let returns: Vec<&[f64]> = history.returns.iter().map(Vec::as_slice).collect();
    let (markets, days) = (&history.markets, &history.days);
    see(&Source { markets, days, returns: &returns, step: Span::days(1) })
}

fn logs(row: &[f64]) -> Vec<f64> {
    row.iter().map(|cell| libm::log1p(*cell)).collect()
}

#[test]
fn dependence_and_margins_are_those_of_history() {
    let history = history(1_500, usize::MAX);
    with(&history, |source| {
        for marginal in [MarginalKind::Student, MarginalKind::Empirical, MarginalKind::Tailed] {
            let what = Simulated { marginal, ..PLAIN };
            let drawing = Drawing { number: 6_000, ..Drawing::default() };
            let found = simulated(source, &what, &drawing, &Silent).unwrap();
            let wanted = fitted(source, EWMA, &Silent).unwrap();
            let (first, second) = (logs(found.row(0)), logs(found.row(1)));
            let of = |market: usize| wanted.series()[market].residuals();
            let (got, tau) = (kendall(&first, &second).unwrap(), kendall(of(0), of(1)).unwrap());
            assert!((got - tau).abs() < 0.03, "{marginal:?}: {got} {tau}");
            // Quantiles are today's volatility times those of the residuals.
            let series = &wanted.series()[0];
            let (mut drawn, mut seen) = (first, series.residuals().to_vec());
            drawn.sort_by(f64::total_cmp);
            seen.sort_by(f64::total_cmp);
            for level in [0.02, 0.1, 0.9, 0.98] {
                let at = |sorted: &[f64]| sorted[to_count(level * count(sorted.len()))];
                let (got, wanted) = (at(&drawn), series.volatility() * at(&seen));
                assert!((got / wanted - 1.0).abs() < 0.2, "{marginal:?} {level}: {got} {wanted}");
            }
        }
    });
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let history = history(1_100, 100);
    with(&history, |source| {
        let drawing = Drawing { number: 700, steps: 3, ..Drawing::default() };
        let what = Simulated { filter: EWMA, ..Simulated::default() };
        let on = |threads: usize, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let drawing = Drawing { seed, ..drawing };
            pool.install(|| {
                let one = simulated(source, &what, &drawing, &Silent).unwrap();
                (one, filtered(source, EWMA, &drawing, &Silent).unwrap())
            })
        };
        let first = on(1, 5);
        assert_eq!(first, on(2, 5));
        assert_eq!(first, on(7, 5));
        assert_ne!(first.0.row(0), on(1, 6).0.row(0));
        assert_ne!(first.1.row(0), on(1, 6).1.row(0));
        // More scenarios begin with the same whole blocks.
        let more = simulated(source, &what, &Drawing { number: 512, seed: 5, ..drawing }, &Silent);
        assert_eq!(more.unwrap().row(1), &first.0.row(1)[..512 * 3]);
    });
}

#[test]
fn crashes_come_to_all_markets_at_once() {
    let history = history(1_240, 60);
    with(&history, |source| {
        // Weight near one: volatility hardly reacts to the crash itself.
        let filter = Filter::Ewma(0.99);
        let drawing = Drawing { number: 20_000, ..Drawing::default() };
        let joint = |jumps, crash| {
            let what = Simulated { filter, jumps, crash, ..PLAIN };
            let found = simulated(source, &what, &drawing, &Silent).unwrap();
            let falls = |market: usize, at: usize| found.path(market, at)[0] < -0.15;
            let all = (0..found.number()).filter(|at| (0..3).all(|market| falls(market, *at)));
            (count(all.count()) / 20_000.0, found.origin().settings.join("\n"))
        };
        let (with_jumps, told) = joint(Some(6.0), Some(Crash { floor: 0.9, probability: 0.0 }));
        // One day in sixty was a crash of all three; some further days lie beyond the threshold by chance.
        assert!((0.8..1.6).contains(&(with_jumps * 60.0)), "{with_jumps} {told}");
        assert!(told.contains("common jumps beyond 6 deviations"), "{told}");
    });
}

#[test]
fn in_a_crash_markets_move_as_one() {
    let history = history(600, usize::MAX);
    with(&history, |source| {
        let crash = Some(Crash { floor: 0.95, probability: 0.5 });
        let drawing = Drawing { number: 4_000, ..Drawing::default() };
        let tau = |crash| {
            let what = Simulated { crash, ..PLAIN };
            let found = simulated(source, &what, &drawing, &Silent).unwrap();
            kendall(found.row(0), found.row(2)).unwrap()
        };
        assert!(tau(crash) > tau(None) + 0.1);
        let odd = Simulated { crash: Some(Crash { floor: 2.0, probability: 0.0 }), ..PLAIN };
        assert!(simulated(source, &odd, &drawing, &Silent).is_err());
    });
}

#[test]
fn crashes_may_come_beside_the_jumps_of_history() {
    let history = history(600, usize::MAX);
    with(&history, |source| {
        let drawing = Drawing { number: 4_000, ..Drawing::default() };
        let found = |probability| {
            let crash = Some(Crash { floor: 0.95, probability });
            let what = Simulated { jumps: Some(8.0), crash, ..PLAIN };
            simulated(source, &what, &drawing, &Silent).unwrap()
        };
        let tau = |found: &Scenarios| kendall(found.row(0), found.row(2)).unwrap();
        let (rare, often) = (found(0.0), found(0.5));
        assert!(tau(&often) > tau(&rare) + 0.1, "{} {}", tau(&often), tau(&rare));
        let told = |found: &Scenarios| found.origin().settings.join("\n");
        assert!(told(&rare).contains("at least 0.95 at a jump\n"), "{}", told(&rare));
        assert!(told(&often).contains("at a jump and with probability 0.5 a step"));
    });
}

#[test]
fn a_scenario_of_several_days_is_evidence_of_as_many() {
    let history = history(600, usize::MAX);
    with(&history, |source| {
        let days = |steps, number| {
            let drawing = Drawing { number, steps, ..Drawing::default() };
            let drawn = simulated(source, &PLAIN, &drawing, &Silent).unwrap();
            let filtered = filtered(source, EWMA, &drawing, &Silent).unwrap();
            assert_eq!(drawn.origin().observations, filtered.origin().observations);
            drawn.origin().observations.unwrap()
        };
        let all = days(1, 4_000);
        assert_eq!(days(5, 4_000), all / 5);
        assert_eq!((days(1, 50), days(1_000, 50)), (50, 1));
    });
}

#[test]
fn runs_of_residuals_have_todays_volatility() {
    let history = history(300, usize::MAX);
    with(&history, |source| {
        let runs = filtered_runs(source, EWMA, 2).unwrap();
        let fits = fitted(source, EWMA, &Silent).unwrap();
        assert_eq!(runs.number(), fits.days() - 1);
        let first = &fits.series()[1];
        let (value, variance) = first.step(first.residuals()[7], first.start());
        let (next, _) = first.step(first.residuals()[8], variance);
        let path = runs.path(1, 7);
        assert!((path[0] - libm::expm1(value)).abs() < 1e-12);
        assert!((path[1] - libm::expm1(value + next)).abs() < 1e-12);
        assert_eq!(runs.labels()[7], format!("day {}", 300 - fits.days() + 7));
    });
}

#[test]
fn a_drawn_scenario_names_its_days() {
    let history = history(300, usize::MAX);
    with(&history, |source| {
        let drawing = Drawing { number: 600, steps: 4, ..Drawing::default() };
        let found = filtered(source, EWMA, &drawing, &Silent).unwrap();
        let runs = filtered_runs(source, EWMA, 1).unwrap();
        for at in [0, 255, 256, 599] {
            let (number, days) = found.labels()[at].split_once(": ").unwrap();
            assert_eq!(number, (at + 1).to_string());
            let days: Vec<&str> = days.split(", ").collect();
            assert_eq!((days.len(), days[3]), (4, "…"));
            // The first step begins at today's volatility, as the run of the day that is named does.
            let day = runs.labels().iter().position(|label| label == days[0]).unwrap();
            for market in 0..3 {
                assert_eq!(
                    found.path(market, at)[0].to_bits(),
                    runs.path(market, day)[0].to_bits()
                );
            }
        }
    });
}

#[test]
fn what_can_not_be_made_is_said() {
    let short = history(400, usize::MAX);
    with(&short, |source| {
        let tailed = Simulated { marginal: MarginalKind::Tailed, ..PLAIN };
        let refused = simulated(source, &tailed, &Drawing::default(), &Silent).unwrap_err();
        assert!(refused.to_string().starts_with("market BTC: a market's tail: 37"), "{refused}");
        let none = Drawing { number: 0, ..Drawing::default() };
        assert!(simulated(source, &PLAIN, &none, &Silent).is_err());
        // A cut is counted in the origin.
        let cut = Drawing { number: 300, most: 0.001, ..Drawing::default() };
        let found = simulated(source, &PLAIN, &cut, &Silent).unwrap();
        let lines = &found.origin().settings;
        assert!(lines.last().unwrap().starts_with("moves of a step cut at 0.001"), "{lines:?}");
        assert!(found.row(0).iter().all(|cell| cell.abs() < 0.0011));
    });
    with(&short, |source| {
        let stopped = filtered(source, EWMA, &Drawing::default(), &Stop);
        assert_eq!(stopped, Err(GenerateError::Cancelled(Cancelled)));
    });
}

#[test]
fn one_market_alone_needs_no_copula() {
    let mut history = history(1_100, usize::MAX);
    history.markets.truncate(1);
    history.returns.truncate(1);
    with(&history, |source| {
        let drawing = Drawing { number: 2_000, ..Drawing::default() };
        let found = simulated(
            source,
            &Simulated { jumps: None, ..Simulated::default() },
            &drawing,
            &Silent,
        );
        let found = found.unwrap();
        assert_eq!((found.markets().len(), found.number()), (1, 2_000));
        assert!(found.origin().settings.iter().any(|line| line.contains("tails of shape")));
    });
}

/// What longs of these markets fall short of when each has a margin of so much.
fn shortfall(found: &Scenarios, scenario: usize) -> f64 {
    let mut sum = 0.0;
    for market in 0..3 {
        let end = found.path(market, scenario).last().copied().unwrap_or(0.0);
        for margin in [0.02, 0.04, 0.07, 0.1, 0.15] {
            sum += 1e6 * (-end - margin).max(0.0);
        }
    }
    sum
}

#[test]
fn another_seed_moves_a_size_from_scenarios_by_less_than_its_interval() {
    let history = history(1_240, 60);
    with(&history, |source| {
        let of_seed = |seed| {
            let drawing = Drawing { number: 10_000, seed, ..Drawing::default() };
            let what = Simulated { filter: EWMA, ..Simulated::default() };
            let found = simulated(source, &what, &drawing, &Silent).unwrap();
            let losses: Vec<f64> = (0..found.number()).map(|at| shortfall(&found, at)).collect();
            // Where no tail fits the sample decides.
            let plain = Losses::new(&losses, 1.0).unwrap();
            let losses = plain.clone().with_best_tail(&TAIL_SHARES, 1, &Silent).unwrap_or(plain);
            let costs = Costs { holding: 0.08, uncovered: 0.5 };
            let certainty = Certainty { draws: 200, seed, ..Certainty::default() };
            size(&losses, &costs, &Bounds::default(), &certainty).unwrap().recommended
        };
        let first = of_seed(1);
        assert!(first.low > 0.0 && first.low < first.high, "{first:?}");
        for seed in 2..8 {
            let other = of_seed(seed);
            let moved = (other.estimate - first.estimate).abs();
            assert!(moved < first.high - first.low, "{seed}: {other:?} {first:?}");
        }
    });
}
