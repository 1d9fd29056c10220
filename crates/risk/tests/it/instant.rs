//! Everybody closed at once: by the kernel, by the need engine told to do the same, and by the integer margin code.

use crate::need::{PLAIN, random_paths, random_venue, venue};
use backstop_risk::{
    data::Accounts,
    desk::{Cancelled, Progress, Silent, threads},
    need::{Closing, Instant, NeedError, Portfolio, Rules, Stressed, instant, opening, outcomes},
    random::Random,
    scenarios::Scenarios,
};

/// At once, and nothing moves the mark: what the need engine then finds is what accounts owe at the end.
const AT_ONCE: Rules = Rules { closing: Closing { jump_share: 1.0, ..PLAIN.closing }, ..PLAIN };

fn book(seed: u64, haircut: &str, change: impl FnOnce(&Portfolio, &mut Accounts)) -> Portfolio {
    let (settings, accounts, positions) = random_venue(seed, false, f64::INFINITY);
    let settings = settings.replace("haircut = 0.15", &format!("haircut = {haircut}"));
    let (venue, mut accounts) = venue(&settings, &accounts, &positions);
    let now = opening(&venue, None).unwrap();
    let laid_out = |accounts: &Accounts| Portfolio::new(&venue, accounts, &now, &AT_ONCE).unwrap();
    change(&laid_out(&accounts), &mut accounts);
    laid_out(&accounts)
}

fn found(book: &Portfolio, paths: &Scenarios) -> Instant {
    instant(book, paths, &Silent).unwrap()
}

/// Sum and number of what accounts with positions owe at one look, in atoms by the integer code.
fn exact(book: &Portfolio, paths: &Scenarios, (scenario, step): (usize, usize)) -> (f64, u64) {
    let ratio = |market: usize| 1.0 + paths.path(market, scenario)[step];
    let deficits = (0..book.margins.len()).map(|at| book.margins.deficit(at, &ratio).unwrap());
    let (mut atoms, mut short) = (0, 0);
    for deficit in deficits.filter(|deficit| !deficit.is_zero()) {
        (atoms, short) = (atoms + u64::try_from(deficit.get()).unwrap(), short + 1);
    }
    let units = f64::from(u32::try_from(atoms / 1_000_000).unwrap());
    (units + f64::from(u32::try_from(atoms % 1_000_000).unwrap()) / 1e6, short)
}

#[test]
fn the_need_engine_told_to_close_at_once_says_the_same() {
    let mut losses = 0;
    for (seed, haircut) in (0..10).zip(["0.15", "0.0"].into_iter().cycle()) {
        let book = book(seed, haircut, |_, _| ());
        let paths = random_paths(seed + 500, 60, 1, 0.15);
        let stressed = Stressed { scenarios: &paths, conditions: &[] };
        let needs = outcomes(&book, &stressed, &AT_ONCE, &Silent).unwrap();
        let found = found(&book, &paths);
        assert_eq!(found.end, found.worst, "one step");
        for (at, need) in needs.iter().enumerate() {
            let sum = found.end[at];
            let off = (sum - need.shortfall).abs();
            assert!(off <= 1e-9 * sum + 1e-4, "{seed} {at}: {sum}, {need:?}");
            assert_eq!(found.short[at], u64::from(need.short), "{seed} {at}");
            losses += need.short;
        }
    }
    assert!(losses > 3_000, "{losses}");
}

#[test]
fn every_step_is_what_the_integer_code_says() {
    for seed in 20..24 {
        let book = book(seed, "0.15", |_, _| ());
        let paths = random_paths(seed + 500, 30, 4, 0.1);
        let found = found(&book, &paths);
        for scenario in 0..30 {
            let steps: Vec<_> = (0..4).map(|step| exact(&book, &paths, (scenario, step))).collect();
            let (end, short) = steps[3];
            let worst = steps.iter().fold(0.0, |most: f64, step| most.max(step.0));
            // Each account's deficit is rounded against it, by some atoms for each position.
            assert!((found.end[scenario] - end).abs() < 0.01, "{seed} {scenario}: {end}");
            assert!((found.worst[scenario] - worst).abs() < 0.01, "{seed} {scenario}: {worst}");
            assert_eq!(found.short[scenario], short, "{seed} {scenario}");
        }
        assert!(found.worst.iter().zip(&found.end).any(|(worst, end)| worst > end));
    }
}

/// Every account with positions within two atoms of nothing at the scenario's end.
#[test]
fn on_the_edge_of_nothing_the_integer_code_decides() {
    let (mut random, mut near) = (Random::new(31), [0; 2]);
    for seed in 40..48 {
        let paths = random_paths(seed, 3, 1, 0.2);
        let ratio = |market: usize| 1.0 + paths.path(market, 1)[0];
        // Without a haircut, standing has the whole equity.
        let book = book(seed, "0.0", |book, accounts| {
            let all = accounts.accounts.iter_mut().enumerate();
            for (at, account) in all.filter(|(_, account)| !account.positions.is_empty()) {
                let equity = book.margins.standing(at, &ratio).unwrap().equity.get();
                let edge = i32::try_from(random.below(5)).unwrap() - 2;
                let spare = i32::try_from(equity / 1_000_000).unwrap();
                let rest = i32::try_from(equity % 1_000_000).unwrap() - edge;
                account.collateral[0].amount -= f64::from(spare) + f64::from(rest) / 1e6;
            }
        });
        let (_, short) = exact(&book, &paths, (1, 0));
        assert_eq!(found(&book, &paths).short[1], short, "{seed}");
        for at in 0..book.margins.len() {
            let equity = book.margins.standing(at, &ratio).unwrap().equity.get();
            near[usize::from(equity < 0)] += u32::from(equity.abs() <= 4);
        }
    }
    assert!(near.iter().all(|near| *near > 300), "{near:?}");
}

#[test]
fn the_same_bytes_on_one_thread_and_two() {
    let book = book(60, "0.15", |_, _| ());
    // More looks than are worked together, and a last part that is not whole.
    let paths = random_paths(61, 70_000 / 7, 7, 0.1);
    let on = |number| threads::on(Some(number), || found(&book, &paths));
    let one = on(1);
    assert_eq!(one.end.len(), paths.number());
    assert_eq!(one, on(2));
}

#[test]
fn it_can_be_stopped_and_a_price_out_of_reach_is_refused() {
    struct Stop;
    impl Progress for Stop {
        fn at(&self, _: &'static str, _: u64, _: u64) -> bool {
            false
        }
    }
    let book = book(70, "0.15", |_, _| ());
    let paths = random_paths(71, 10, 1, 0.1);
    let stopped = instant(&book, &paths, &Stop);
    assert!(matches!(stopped, Err(NeedError::Cancelled(Cancelled))), "{stopped:?}");
    let far = crate::need::scenarios(
        &["AA", "BB", "CC"],
        backstop_units::Span::hours(1),
        &[&[&[2e6], &[0.0], &[0.0]]],
    );
    let error = instant(&book, &far, &Silent).unwrap_err().to_string();
    assert_eq!(error, "return 0 is 2000000, it must be between -1 and 1e6");
}
