//! The need of the fund: by hand, by a naive oracle, and properties.

use backstop_risk::{
    data::{Accounts, Source, Venue, read_accounts, read_venue},
    desk::Silent,
    need::{
        Closing, Conditions, Covers, Curve, Market0, Outcome, Portfolio, Pressure, Rules, Stressed,
        Tail, Thinning, concentration, crude_losses, in_atoms, opening, outcomes, reverse, trace,
    },
    random::Random,
    scenarios::{Draft, Origin, Scenarios},
};
use backstop_units::Span;
use std::fmt::Write as _;

/// Everything at once, nothing moves the mark.
pub(crate) const PLAIN: Rules = Rules {
    closing: Closing {
        latency: 0.0,
        crash_latency: 1.0,
        jump_share: 0.0,
        unwind: 0.0,
        surplus_share: 0.0,
    },
    pressure: Pressure {
        curve: Curve::Linear,
        thinning: Thinning { full_move: 1.0, floor: 1.0 },
        permanent: 0.0,
        band: 0.9,
        rounds_max: 50,
    },
};

/// The rules of a run, with impact by depth.
fn linear() -> Rules {
    let pressure = Pressure { curve: Curve::Linear, ..Rules::DEFAULT.pressure };
    Rules { pressure, ..Rules::DEFAULT }
}

pub(crate) fn scenarios(markets: &[&str], step: Span, paths: &[&[&[f64]]]) -> Scenarios {
    let steps = paths[0][0].len();
    let cells = (0..markets.len())
        .flat_map(|market| paths.iter().flat_map(move |path| path[market].iter().copied()))
        .collect();
    Scenarios::new(Draft {
        markets: markets.iter().map(|market| (*market).to_owned()).collect(),
        labels: (0..paths.len()).map(|at| format!("s{at}")).collect(),
        steps,
        step,
        origin: Origin {
            generator: "file".to_owned(),
            settings: Vec::new(),
            window: None,
            seed: None,
            observations: None,
        },
        cells,
    })
    .unwrap()
}

/// A venue of these settings with accounts and positions as in the files.
pub(crate) fn venue(settings: &str, accounts: &str, positions: &str) -> (Venue, Accounts) {
    let venue = read_venue("markets.toml", settings).unwrap();
    let markets: Vec<String> = venue.markets.iter().map(|market| market.name.clone()).collect();
    let mut assets = vec![venue.quote.clone()];
    assets.extend(venue.assets.iter().map(|asset| asset.name.clone()));
    let accounts = Source { file: "accounts.csv", text: accounts };
    let positions = Source { file: "positions.csv", text: positions };
    let accounts = read_accounts(accounts, positions, (&markets, &assets)).unwrap();
    (venue, accounts)
}

fn portfolio(settings: &str, accounts: &str, positions: &str, rules: &Rules) -> Portfolio {
    let (venue, accounts) = venue(settings, accounts, positions);
    let now = opening(&venue, None).unwrap();
    Portfolio::new(&venue, &accounts, &now, rules).unwrap()
}

fn run(portfolio: &Portfolio, scenarios: &Scenarios, rules: &Rules) -> Vec<Outcome> {
    let stressed = Stressed { scenarios, conditions: &[] };
    outcomes(portfolio, &stressed, rules, &Silent).unwrap()
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{got} is not {want}");
}

const BTC: &str = "[market.BTC]\nmaintenance = 0.05\nprice = 100.0\ndepth_per_percent = inf\n";

#[test]
fn one_account_falls_and_is_closed_a_minute_later() {
    // Excess is 600 − 10,000·d − 500·(1 − d), zero at a fall of d = 1/95. Two minutes take it down by 20 %: it
    // falls 6.3 s after the start and is closed 60 s later, half of the way down from there: at d = 1/95 + 0.1.
    let rules = Rules { closing: Closing { latency: 60.0, ..PLAIN.closing }, ..PLAIN };
    let book =
        portfolio(BTC, "account,collateral\na,600\n", "account,market,size\na,BTC,100\n", &rules);
    let path = scenarios(&["BTC"], Span::from_ms(120_000), &[&[&[-0.2]]]);
    let found = &run(&book, &path, &rules)[0];
    near(found.need, 10_000.0 * (1.0 / 95.0 + 0.1) - 600.0);
    assert_eq!((found.fell, found.short, found.rounds, found.capped), (1, 1, 2, false));
    near(found.by_market[0], found.need);
    near(found.by_asset[0], found.need);
    near(found.cover[0], found.need);
    // The close falls into the next step, which stands still; then into one that comes back.
    let late = Rules { closing: Closing { latency: 180.0, ..rules.closing }, ..rules };
    let still = scenarios(&["BTC"], Span::from_ms(120_000), &[&[&[-0.2, -0.2]], &[&[-0.2, 0.0]]]);
    let found = run(&book, &still, &late);
    near(found[0].need, 1_400.0);
    // Closed 186.3 s after the start: 66.3 of 120 s on the way back from −20 %.
    let back: f64 = (120.0 / 19.0 + 60.0) / 120.0;
    near(found[1].need, 10_000.0 * 0.2 * (1.0 - back) - 600.0);
    // Half of the move at once: excess is gone at once too, at a fall of 10 %; then 60 of 120 s of the rest.
    let jump = Rules { closing: Closing { jump_share: 0.5, ..rules.closing }, ..rules };
    near(run(&book, &path, &jump)[0].need, 10_000.0 * 0.15 - 600.0);
}

#[test]
fn one_close_brings_down_the_next() {
    // 10,000 of depth a percent: each close of 9,800 moves the mark by 0.98 %. `a` is under its margin from the
    // start; the path falls by 2 %, which `b` survives (it falls at 2.5 %) and `c` too (5 %).
    let settings = BTC.replace("inf", "10000.0");
    let accounts = "account,owner,collateral\na,x,250\nb,x,737.5\nc,y,975\n";
    let positions = "account,market,size\na,BTC,100\nb,BTC,100\nc,BTC,100\n";
    let rules = Rules { pressure: Pressure { permanent: 1.0, ..PLAIN.pressure }, ..PLAIN };
    let path = scenarios(&["BTC"], Span::hours(1), &[&[&[-0.02]]]);
    let absent = [Conditions { liquidators_absent: true, ..Conditions::NORMAL }];
    let of = |rules: &Rules| {
        let book = portfolio(&settings, accounts, positions, rules);
        let stressed = Stressed { scenarios: &path, conditions: &absent };
        outcomes(&book, &stressed, rules, &Silent).unwrap().remove(0)
    };
    // Closed at the end, at 98 less half of the two closes' 1.96 %: 250 − 200 − 9,800 · 0.98 %.
    let found = of(&rules);
    assert_eq!((found.fell, found.short, found.rounds), (2, 1, 3));
    near(found.need, 9_800.0 * 0.0098 - 50.0);
    near(found.closed, 2.0 * 9_800.0);
    // Without the permanent part only `a` falls, and half the slip leaves it whole.
    let found = of(&PLAIN);
    assert_eq!((found.fell, found.short), (1, 0));
    near(found.need, 0.0);
    // One round is not enough: that is said.
    let short = Rules { pressure: Pressure { rounds_max: 1, ..rules.pressure }, ..rules };
    assert!(of(&short).capped);
}

#[test]
fn pledges_fall_with_their_market_and_are_sold_into_it() {
    // 10 SOL at 100 behind a long of 10,000 in BTC; both fall by 20 %.
    let settings = "quote = \"usdt\"\n[market.BTC]\nmaintenance = 0.05\nprice = 100\ndepth_per_percent = inf\n\
                    [market.SOL]\nmaintenance = 0.05\nprice = 100\ndepth_per_percent = 1000\n\
                    [asset.SOL]\nhaircut = 0.1\nmarket = \"SOL\"\n";
    let accounts = "account,asset,collateral\na,usdt,100\na,SOL,10\n";
    let rules = Rules { closing: Closing { jump_share: 1.0, ..PLAIN.closing }, ..PLAIN };
    let book = portfolio(settings, accounts, "account,market,notional\na,BTC,10000\n", &rules);
    let path =
        scenarios(&["BTC", "SOL"], Span::days(1), &[&[&[-0.2], &[-0.2]], &[&[-0.2], &[0.0]]]);
    let found = run(&book, &path, &rules);
    // 100 − 2,000 + 800 · (1 − slip); the 800 sold move SOL by 0.8 %, half of it is slip.
    near(found[0].need, 1_900.0 - 800.0 * 0.996);
    near(found[1].need, 1_900.0 - 1_000.0 * 0.995);
    // What was lost: 2,000 on BTC, 203.2 on SOL.
    near(found[0].by_market[1] / found[0].need, 203.2 / 2_203.2);
    // Who lost it had posted 100 of cash and 1,000 of SOL.
    near(found[0].by_asset[1] / found[0].need, 10.0 / 11.0);
}

#[test]
fn a_fund_that_works_positions_off_needs_most_on_the_way() {
    // Taken over at −20 %, worked off in a day while the price comes back: the peak is not the end.
    let closing =
        Closing { jump_share: 1.0, unwind: 86_400.0, surplus_share: 1.0, ..PLAIN.closing };
    let rules = Rules { closing, ..PLAIN };
    let book =
        portfolio(BTC, "account,collateral\na,600\n", "account,market,size\na,BTC,100\n", &rules);
    let path = scenarios(&["BTC"], Span::hours(12), &[&[&[-0.2, -0.3, 0.0]]]);
    let stressed = Stressed { scenarios: &path, conditions: &[] };
    let found = trace(&book, &stressed, &rules, 0).unwrap();
    // At −20 % at once: 2,000 − 600. Half of it is left after 12 hours and meets the next 10 % at once; after a day
    // all is gone, and the price comes back without it.
    for (total, want) in found.totals.iter().zip([1_400.0, 1_900.0, 1_900.0]) {
        near(*total, want);
    }
    // Back in a straight line instead: three quarters of it meet half of the way on average.
    let slow = Rules { closing: Closing { jump_share: 0.0, ..closing }, ..rules };
    let path = scenarios(&["BTC"], Span::hours(12), &[&[&[-0.2, 0.0, 0.0]]]);
    let stressed = Stressed { scenarios: &path, conditions: &[] };
    let found = trace(&book, &stressed, &slow, 0).unwrap();
    assert!(found.totals[0] > 0.0 && found.outcome.end < 0.5 * found.outcome.need, "{found:?}");
    near(found.outcome.need, found.totals[0]);
    assert!(found.outcome.end <= found.outcome.need);
    near(found.by_group[0].1, found.outcome.need);
    near(found.outcome.by_market.iter().sum(), found.outcome.need);
    // One owner has all of it, at the peak, whatever came back.
    near(found.outcome.cover[0], found.outcome.need);
    near(found.outcome.shortfall, found.outcome.need);
}

/// A random venue of three markets: flat and tiered margins, collateral that follows a market.
pub(crate) fn random_venue(seed: u64, long_only: bool, depth: f64) -> (String, String, String) {
    let mut random = Random::new(seed);
    let mut settings = String::new();
    for (market, price) in [("AA", 20_000.0), ("BB", 1.5), ("CC", 0.000_02)] {
        let margin = if market == "BB" {
            "tiers = [{ above = 0, rate = 0.01 }, { above = 5000, rate = 0.04 }, { above = 20000, rate = 0.125 }]"
        } else {
            "maintenance = 0.025"
        };
        writeln!(
            settings,
            "[market.{market}]\n{margin}\nprice = {price}\ndepth_per_percent = {depth:?}"
        )
        .unwrap();
    }
    settings.push_str("[asset.BB]\nhaircut = 0.15\nmarket = \"BB\"\n");
    let (mut accounts, mut positions) =
        ("account,owner,asset,collateral\n".to_owned(), "account,market,notional\n".to_owned());
    for at in 0..200 {
        let mut size = 0.0;
        for market in ["AA", "BB", "CC"] {
            if random.chance(0.6) {
                let notional = random.lognormal(5_000.0, 1.5);
                let side = if long_only || random.chance(0.6) { 1.0 } else { -1.0 };
                writeln!(positions, "t{at},{market},{:.2}", side * notional).unwrap();
                size += notional;
            }
        }
        let collateral = (size + 10.0) * random.lognormal(0.15, 0.5);
        writeln!(accounts, "t{at},o{},usd,{:.2}", at % 70, 0.7 * collateral).unwrap();
        if random.chance(0.5) {
            writeln!(accounts, "t{at},o{},BB,{:.2}", at % 70, 0.3 * collateral / 1.5).unwrap();
        }
    }
    (settings, accounts, positions)
}

pub(crate) fn random_paths(seed: u64, number: usize, steps: usize, sigma: f64) -> Scenarios {
    let mut random = Random::new(seed);
    let mut paths = Vec::new();
    for _ in 0..number {
        let common = random.normal();
        let mut markets = Vec::new();
        for _ in 0..3 {
            let mut price = 1.0f64;
            let walk = |_| {
                price *= (sigma * (0.8 * common + 0.6 * random.normal())).exp();
                price - 1.0
            };
            markets.push((0..steps).map(walk).collect::<Vec<f64>>());
        }
        paths.push(markets);
    }
    let slices: Vec<Vec<&[f64]>> =
        paths.iter().map(|path| path.iter().map(Vec::as_slice).collect()).collect();
    let slices: Vec<&[&[f64]]> = slices.iter().map(Vec::as_slice).collect();
    scenarios(&["AA", "BB", "CC"], Span::hours(8), &slices)
}

#[test]
fn at_once_and_without_impact_the_integer_code_says_the_same() {
    let rules = Rules { closing: Closing { jump_share: 1.0, ..PLAIN.closing }, ..PLAIN };
    let (mut losses, mut falls) = (0, 0);
    for seed in 0..10 {
        let (settings, accounts, positions) = random_venue(seed, false, f64::INFINITY);
        let book = portfolio(&settings, &accounts, &positions, &rules);
        let paths = random_paths(seed + 100, 40, 1, 0.12);
        let found = run(&book, &paths, &rules);
        for (at, outcome) in found.iter().enumerate() {
            let ratio = |market: usize| 1.0 + paths.path(market, at)[0];
            let (mut short, mut fell) = (0u128, 0);
            for account in 0..book.margins.len() {
                let now = book.margins.standing(account, &|_| 1.0).unwrap();
                let then = book.margins.standing(account, &ratio).unwrap();
                if now.is_liquidatable() || then.is_liquidatable() {
                    fell += 1;
                    short += book.margins.deficit(account, &ratio).unwrap().get();
                }
            }
            let exact = u32::try_from(short / 1_000_000).unwrap();
            let rest = u32::try_from(short % 1_000_000).unwrap();
            let want = f64::from(exact) + f64::from(rest) / 1e6;
            assert!((outcome.need - want).abs() < 0.01, "{seed} {at}: {} {want}", outcome.need);
            assert_eq!(outcome.fell, fell, "{seed} {at}");
            near(outcome.shortfall, outcome.need);
            losses += u32::from(want > 0.0);
            falls += fell;
        }
    }
    assert!(losses > 100 && falls > 5_000, "{losses} {falls}");
}

/// Walks a path in very small steps: who is under his margin is closed a latency later at the price there.
fn naive(book: &Portfolio, path: &Scenarios, scenario: usize, rules: &Rules) -> f64 {
    const PARTS: usize = 20_000;
    let parts = f64::from(u32::try_from(PARTS).unwrap());
    let seconds = 8.0 * 3_600.0;
    let steps = path.steps();
    let price = |market: usize, at: f64| {
        let at = at.min(f64::from(u32::try_from(steps).unwrap()));
        let step = (0..steps).rfind(|step| f64::from(u32::try_from(*step).unwrap()) <= at).unwrap();
        let step = step.min(steps - 1);
        let ends = path.path(market, scenario);
        let from = if step == 0 { 0.0 } else { ends[step - 1] };
        let part = at - f64::from(u32::try_from(step).unwrap());
        1.0 + from + (ends[step] - from) * part
    };
    let mut need = 0.0;
    for account in 0..book.margins.len() {
        for part in 0..=PARTS * steps {
            let at = f64::from(u32::try_from(part).unwrap()) / parts;
            let standing = book.margins.standing(account, &|market| price(market, at)).unwrap();
            if standing.is_liquidatable() {
                let closed = at + rules.closing.latency / seconds;
                let short = book.margins.deficit(account, &|market| price(market, closed)).unwrap();
                need += f64::from(u32::try_from(short.get()).unwrap()) / 1e6;
                break;
            }
        }
    }
    need
}

#[test]
fn a_walk_in_small_steps_finds_the_same_falls_and_closes() {
    let rules = Rules { closing: Closing { latency: 5_000.0, ..PLAIN.closing }, ..PLAIN };
    let (settings, accounts, positions) = random_venue(5, false, f64::INFINITY);
    // Twelve accounts are enough for so slow a walk.
    let few = |text: &str| -> String {
        let keep = |line: &&str| {
            let name = line.split(',').next().unwrap();
            name.strip_prefix('t').and_then(|n| n.parse().ok()).is_none_or(|n: u32| n < 12)
        };
        text.lines().filter(keep).fold(String::new(), |all, line| all + line + "\n")
    };
    let book = portfolio(&settings, &few(&accounts), &few(&positions), &rules);
    let paths = random_paths(77, 3, 2, 0.25);
    for (at, outcome) in run(&book, &paths, &rules).iter().enumerate() {
        let want = naive(&book, &paths, at, &rules);
        assert!(
            (outcome.need - want).abs() < 1e-3 * want.max(1.0),
            "{at}: {} {want}",
            outcome.need
        );
        assert!(at > 0 || want > 0.0);
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let (settings, accounts, positions) = random_venue(3, false, 20_000.0);
    let rules = linear();
    let book = portfolio(&settings, &accounts, &positions, &rules);
    let paths = random_paths(9, 100, 3, 0.1);
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| run(&book, &paths, &rules));
        found
            .iter()
            .flat_map(|one| {
                let figures = [one.need, one.end, one.shortfall, one.closed];
                figures.into_iter().chain(one.cover).chain(one.by_market.clone())
            })
            .map(f64::to_bits)
            .collect::<Vec<u64>>()
    };
    let one = bytes(1);
    assert!(one.iter().any(|bits| *bits != 0));
    assert_eq!(one, bytes(2));
    assert_eq!(one, bytes(7));
}

#[test]
fn the_need_rises_with_latency_thin_depth_and_the_size_of_the_shock() {
    let (settings, accounts, positions) = random_venue(11, true, 50_000.0);
    let straight = |fall: f64| {
        let path: Vec<f64> = [0.25, 0.5, 0.75, 1.0].iter().map(|part| -fall * part).collect();
        scenarios(&["AA", "BB", "CC"], Span::hours(1), &[&[&path, &path, &path]])
    };
    // The mark keeps no trace here: with one, an earlier fall may mean a better price.
    let calm = Rules {
        closing: Closing { jump_share: 0.3, ..PLAIN.closing },
        pressure: Pressure { thinning: Thinning { full_move: 0.14, floor: 0.1 }, ..PLAIN.pressure },
    };
    let need = |rules: &Rules, fall: f64, depth: f64| {
        let book = portfolio(&settings, &accounts, &positions, rules);
        let conditions = [Conditions { depth, ..Conditions::NORMAL }];
        let scenarios = straight(fall);
        let stressed = Stressed { scenarios: &scenarios, conditions: &conditions };
        outcomes(&book, &stressed, rules, &Silent).unwrap().remove(0).need
    };
    let rising = |needs: &[f64]| {
        let rises = needs.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9);
        assert!(rises && needs[needs.len() - 1] > needs[0], "{needs:?}");
    };
    let late = |latency: f64| Rules { closing: Closing { latency, ..calm.closing }, ..calm };
    rising(&[0.0, 60.0, 600.0, 3_600.0, 20_000.0].map(|latency| need(&late(latency), 0.3, 1.0)));
    rising(&[1.0, 0.5, 0.2, 0.1, 0.02].map(|depth| need(&late(60.0), 0.3, depth)));
    rising(&[0.02, 0.1, 0.2, 0.3, 0.5, 0.8].map(|fall| need(&late(60.0), fall, 1.0)));
}

#[test]
fn nobody_who_can_pay_is_a_need_and_covers_are_ordered() {
    let rules = linear();
    let rich = portfolio(
        BTC,
        "account,collateral\na,10000\nb,30000\n",
        "account,market,size\na,BTC,100\nb,BTC,-100\n",
        &rules,
    );
    let paths = scenarios(&["BTC"], Span::days(1), &[&[&[-0.9]], &[&[1.2]], &[&[0.0]]]);
    for outcome in run(&rich, &paths, &rules) {
        assert_eq!((outcome.need.to_bits(), outcome.short, outcome.largest_group), (0, 0, None));
    }
    let (settings, accounts, positions) = random_venue(21, false, 10_000.0);
    let book = portfolio(&settings, &accounts, &positions, &rules);
    let found = run(&book, &random_paths(5, 400, 2, 0.15), &rules);
    for outcome in &found {
        assert!(outcome.cover.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(outcome.cover[4] <= outcome.shortfall + 1e-9);
        assert!(outcome.need >= outcome.end && outcome.need >= 0.0);
    }
    let covers = Covers::of(&found);
    assert!(covers.cover[0].amount > 0.0 && covers.cover[1].amount <= covers.shortfall.amount);
    // Shares of the tail are its mean, and as money to the atom.
    let tail = Tail::of(&found, 0.99).unwrap();
    let shares = tail.by_market(&found);
    let total = backstop_risk::need::up(tail.risk.expected_shortfall, 1e6);
    assert!(total > 0);
    assert_eq!(in_atoms(total, &shares, 1e6).iter().sum::<i128>(), total);
    assert_eq!(in_atoms(total, &tail.by_asset(&found), 1e6).iter().sum::<i128>(), total);
    near(shares.iter().sum(), tail.risk.expected_shortfall);
}

#[test]
fn reverse_stress_finds_where_the_fund_is_empty() {
    // One long of 10,000 with 600: at a fall of d, closed at the end, it lacks 10,000·d − 600.
    let rules = Rules { closing: Closing { jump_share: 1.0, ..PLAIN.closing }, ..PLAIN };
    let book =
        portfolio(BTC, "account,collateral\na,600\n", "account,market,size\na,BTC,100\n", &rules);
    let path = scenarios(&["BTC"], Span::days(1), &[&[&[-0.01]], &[&[0.01]]]);
    let stressed = Stressed { scenarios: &path, conditions: &[] };
    let found = reverse(&book, &stressed, 0, (&rules, 400.0), &Silent).unwrap();
    near(found.change, -0.10);
    near(found.multiple.unwrap(), 10.0);
    near(found.need, 400.0);
    // A rise hurts nobody, a fund larger than everything holds.
    assert_eq!(reverse(&book, &stressed, 1, (&rules, 1.0), &Silent).unwrap().multiple, None);
    assert_eq!(reverse(&book, &stressed, 0, (&rules, 1e9), &Silent).unwrap().multiple, None);
}

#[test]
fn settings_and_paths_that_are_none_are_refused() {
    let (settings, accounts) = venue(
        &BTC.replace("depth_per_percent = inf\n", ""),
        "account,collateral\na,1\n",
        "account,market,size\na,BTC,1\n",
    );
    let now = opening(&settings, None).unwrap();
    let refused = Portfolio::new(&settings, &accounts, &now, &PLAIN).unwrap_err();
    assert!(refused.to_string().starts_with("market BTC has no depth_per_percent: "), "{refused}");
    let root = Rules {
        pressure: Pressure { curve: Curve::SquareRoot { factor: 1.0 }, ..PLAIN.pressure },
        ..PLAIN
    };
    let refused = Portfolio::new(&settings, &accounts, &now, &root).unwrap_err();
    assert!(refused.to_string().starts_with("market BTC has no adv: "), "{refused}");
    let late = Rules { closing: Closing { latency: f64::NAN, ..PLAIN.closing }, ..PLAIN };
    assert!(Portfolio::new(&settings, &accounts, &now, &late).is_err());
    let book =
        portfolio(BTC, "account,collateral\na,1\n", "account,market,size\na,BTC,1\n", &PLAIN);
    let path = scenarios(&["ETH"], Span::days(1), &[&[&[-0.1]]]);
    let stressed = Stressed { scenarios: &path, conditions: &[] };
    let refused = outcomes(&book, &stressed, &PLAIN, &Silent).unwrap_err().to_string();
    assert!(refused.starts_with("the scenarios have no market BTC"), "{refused}");
    let path = scenarios(&["BTC"], Span::days(1), &[&[&[-0.1]]]);
    let stressed = Stressed { scenarios: &path, conditions: &[Conditions::NORMAL; 2] };
    assert!(outcomes(&book, &stressed, &PLAIN, &Silent).is_err());
    let (settings, accounts) = venue(BTC, "account,collateral\na,1\n", "account,market,size\n");
    let empty = Market0 { prices: vec![1.0], sigmas: vec![None] };
    let refused = Portfolio::new(&settings, &accounts, &empty, &PLAIN).unwrap_err().to_string();
    assert!(refused.starts_with("no account has a position"), "{refused}");
}

#[test]
fn concentration_and_the_crude_figure_by_hand() {
    let settings = BTC.replace("depth_per_percent = inf", "depth_per_percent = 1e6\nadv = 1000.0");
    let accounts = "account,owner,collateral\na,x,1000\nb,x,1000\nc,y,1000\n";
    let positions = "account,market,size\na,BTC,40\nb,BTC,-20\nc,BTC,40\n";
    let book = portfolio(&settings, accounts, positions, &PLAIN);
    let found = &concentration(&book, 0.1)[0];
    // Owner x holds 6,000 of 10,000, both sides counted; at a tenth of 1,000 a day that takes 60 days.
    assert_eq!((found.holders, found.largest.0), (2, 0));
    near(found.open_interest, 10_000.0);
    near(found.hhi, 0.52);
    near(found.top1, 0.6);
    near(found.days, 60.0);
    near(found.add_on, 60.0f64.sqrt() - 1.0);
    let path = scenarios(&["BTC"], Span::days(1), &[&[&[-0.5, -0.1]], &[&[0.1, 0.2]]]);
    let crude = crude_losses(&book, &Stressed { scenarios: &path, conditions: &[] }).unwrap();
    // One side is 5,000; what counts is where the path ends.
    near(crude[0], 500.0);
    near(crude[1], 1_000.0);
}
