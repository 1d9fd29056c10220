//! How long the need takes: 20 markets × 100,000 accounts × 1,000 scenarios, with the cascade.
//!
//! ```text
//! cargo run --profile dist -p backstop-risk --example bench_need -- [accounts] [scenarios] [steps]
//! ```
//!
//! Prints one row for one thread and one for two: median and best of three, peak memory, and a hash of every figure
//! of every scenario, which must not depend on the threads.

use backstop_risk::{
    data::{Account, Accounts, Collateral, MarketSpec, Position, Size, Step, Venue},
    desk::Silent,
    need::{Market0, Outcome, Portfolio, Rules, Stressed, Tail, outcomes},
    params::BookParams,
    random::Random,
    scenarios::{Draft, Origin, Scenarios},
};
use backstop_units::Span;
use sha2::{Digest, Sha256};
use std::{error::Error, time::Instant};

const MARKETS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |usual: usize| arguments.next().map_or(Ok(usual), |text| text.parse());
    let (accounts, number, steps) = (next(100_000)?, next(1_000)?, next(1)?);
    let venue = venue();
    let now = Market0 { prices: vec![1.0; MARKETS], sigmas: vec![Some(0.05); MARKETS] };
    let rules = Rules::DEFAULT;
    let portfolio = Portfolio::new(&venue, &book(accounts), &now, &rules)?;
    let scenarios = scenarios(number, steps)?;
    println!("{MARKETS} markets, {accounts} accounts, {number} scenarios of {steps} steps");
    let mut hashes = Vec::new();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let mut seconds = Vec::new();
        let mut found = Vec::new();
        for _ in 0..3 {
            let begun = Instant::now();
            let stressed = Stressed { scenarios: &scenarios, conditions: &[] };
            found = pool.install(|| outcomes(&portfolio, &stressed, &rules, &Silent))?;
            seconds.push(begun.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let hash = hash(&found);
        println!(
            "threads {threads}: median {:.3} s, best {:.3} s, peak {} MiB, sha256 {}",
            seconds[1],
            seconds[0],
            peak_mib(),
            &hash[..16]
        );
        if threads == 1 {
            describe(&found)?;
        }
        hashes.push(hash);
    }
    println!("same bytes on one and two threads: {}", hashes[0] == hashes[1]);
    Ok(())
}

fn describe(found: &[Outcome]) -> Result<(), Box<dyn Error>> {
    let tail = Tail::of(found, 0.99)?;
    let sum =
        |figure: fn(&Outcome) -> u32| found.iter().map(|one| u64::from(figure(one))).sum::<u64>();
    println!(
        "  value at risk 99 %: {:.0}, expected shortfall {:.0}; accounts closed {}, short {}; most rounds {}, cut off {}",
        tail.risk.value_at_risk,
        tail.risk.expected_shortfall,
        sum(|one| one.fell),
        sum(|one| one.short),
        found.iter().map(|one| one.rounds).max().unwrap_or(0),
        found.iter().filter(|one| one.capped).count(),
    );
    Ok(())
}

fn hash(found: &[Outcome]) -> String {
    let mut hasher = Sha256::new();
    for one in found {
        let figures = [one.need, one.end, one.shortfall, one.closed];
        for figure in figures.iter().chain(&one.cover).chain(&one.by_market).chain(&one.by_asset) {
            hasher.update(figure.to_bits().to_le_bytes());
        }
        hasher.update(one.fell.to_le_bytes());
        hasher.update(one.rounds.to_le_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Most memory that the process had, where the system says so.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// Maintenance in three tiers, depth and volume as of a middling coin.
fn venue() -> Venue {
    let market = |at: usize| MarketSpec {
        name: format!("m{at:02}"),
        history: format!("m{at:02}"),
        price: Some(1.0),
        maintenance: vec![
            Step { above: 0.0, rate: 0.02 },
            Step { above: 250_000.0, rate: 0.03 },
            Step { above: 2_000_000.0, rate: 0.05 },
        ],
        initial: vec![Step { above: 0.0, rate: 0.05 }],
        adv: Some(1e9),
        depth_per_percent: Some(5.4e6),
        half_spread: 0.0002,
        fee: 0.00045,
        sigma: Some(0.05),
    };
    Venue { quote: "usd".into(), markets: (0..MARKETS).map(market).collect(), assets: Vec::new() }
}

/// Three positions an account, sizes and leverage as in the demo's book.
fn book(number: usize) -> Accounts {
    let params = BookParams::DEMO;
    let mut random = Random::new(7);
    let account = |at: usize, random: &mut Random| {
        let mut positions: Vec<Position> = Vec::new();
        let mut total = 0.0;
        while positions.len() < 3 {
            let market = random.below(MARKETS);
            if positions.iter().any(|known| known.market == market) {
                continue;
            }
            let size = random.lognormal(params.size_median, params.size_sigma).min(params.size_max);
            let side = if random.chance(params.long_part) { 1.0 } else { -1.0 };
            total += size;
            positions.push(Position { market, size: Size::Notional(side * size) });
        }
        let leverage = random.lognormal(params.leverage_median, params.leverage_sigma);
        let leverage = leverage.clamp(params.leverage_min, params.leverage_max);
        let collateral = vec![Collateral { asset: 0, amount: total / leverage }];
        Account { name: format!("a{at}"), owner: at, collateral, positions }
    };
    Accounts {
        assets: vec!["usd".into()],
        markets: (0..MARKETS).map(|at| format!("m{at:02}")).collect(),
        owners: (0..number).map(|at| format!("a{at}")).collect(),
        accounts: (0..number).map(|at| account(at, &mut random)).collect(),
    }
}

/// Student returns with four degrees of freedom, correlation 0.7, 5 % a day; a day is cut into steps.
fn scenarios(number: usize, steps: usize) -> Result<Scenarios, Box<dyn Error>> {
    let mut random = Random::new(11);
    let parts = f64::from(u32::try_from(steps)?);
    let sigma = 0.05 / 2.0_f64.sqrt() / parts.sqrt();
    let mut paths = vec![vec![0.0; number * steps]; MARKETS];
    for scenario in 0..number {
        let chi: f64 = (0..4).map(|_| random.normal().powi(2)).sum();
        let scale = sigma * (4.0 / chi).sqrt();
        let mut logs = [0.0f64; MARKETS];
        for step in 0..steps {
            let common = random.normal();
            for (log, path) in logs.iter_mut().zip(&mut paths) {
                *log += scale * (0.7f64.sqrt() * common + 0.3f64.sqrt() * random.normal());
                path[scenario * steps + step] = log.exp() - 1.0;
            }
        }
    }
    Ok(Scenarios::new(Draft {
        markets: (0..MARKETS).map(|at| format!("m{at:02}")).collect(),
        labels: (0..number).map(|at| at.to_string()).collect(),
        steps,
        step: Span::from_ms(86_400_000 / u64::try_from(steps)?),
        origin: Origin {
            generator: "bench".into(),
            settings: Vec::new(),
            window: None,
            seed: Some(11),
            observations: None,
        },
        cells: paths.concat(),
    })?)
}
