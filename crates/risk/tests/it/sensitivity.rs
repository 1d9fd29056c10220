//! One assumption changed at a time, and the reference venue among the crises.

use super::{
    desk::{report, setup, texts},
    fixture,
};
use backstop_risk::{
    Crash, DemoSetup, VenueParams,
    demo::stage,
    desk::{
        Inputs, Progress, Report, Setup, Silent,
        inputs::Texts,
        outcome::{Counted, Figures, SensitivityLine, SensitivityPage},
        run::{Maker, Parts, run},
        setup::Generator,
    },
    sweep,
};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

fn only() -> Parts {
    Parts { sensitivity: true, ..Parts::default() }
}

fn of(texts: &Texts, setup: &Setup) -> Report {
    let inputs = Inputs::read(setup, texts).unwrap();
    run(setup, &inputs, (only(), &Maker::default()), &Silent).unwrap()
}

/// The figures of a row, or why there are none.
fn row<'a>(page: &'a SensitivityPage, assumption: &str, change: &str) -> Result<Figures, &'a str> {
    let found =
        page.lines.iter().find(|line| line.assumption == assumption && line.change == change);
    let found = found.unwrap_or_else(|| panic!("no row {assumption}, {change}"));
    found.figures.ok_or_else(|| found.why.as_deref().expect("figures or why not"))
}

#[test]
fn the_base_is_the_report_and_every_row_says_something() {
    let found = report(&setup(), only());
    let page = found.sensitivity.expect("a table");
    let (need, size) = (found.need.expect("a need"), found.size.expect("a size"));
    let level = &need.levels[0];
    assert_eq!(page.level.to_bits(), level.level.to_bits());
    for (got, want) in [
        (page.base.value_at_risk, level.value_at_risk.estimate),
        (page.base.expected_shortfall, level.expected_shortfall.estimate),
        (page.base.cover_two, need.cover[1].amount),
        (page.base.size, size.recommended.estimate),
    ] {
        assert_eq!(got.to_bits(), want.to_bits());
    }
    let names: BTreeSet<_> =
        page.lines.iter().map(|line| (&line.assumption, &line.change)).collect();
    assert_eq!(names.len(), page.lines.len(), "two rows have one name");
    for line in &page.lines {
        assert!(line.figures.is_some() != line.why.is_some(), "{line:?}");
        assert!(line.figures.is_some() != line.value.is_empty(), "{line:?}");
    }
    assert_eq!(row(&page, "scenarios", "filtered"), Err("it is the report's own"));
    assert_eq!(row(&page, "volatility filter", "GARCH"), Err("it is the report's own"));
    let moved = |line: &&SensitivityLine| line.figures.is_some_and(|found| found != page.base);
    assert!(page.lines.iter().filter(moved).count() >= 18, "{page:#?}");
}

#[test]
fn a_row_that_cannot_be_computed_says_why() {
    let mut setup = setup();
    setup.scenarios.generator = Generator::Historical;
    setup.levels = vec![0.99];
    setup.closing.latency_seconds = 0.0;
    // Fourteen months of prices: enough for history's 99%, too few for the tails of simulated markets.
    let mut texts = texts();
    let recent = |line: &&str| !line.starts_with("20") || *line >= "2023-11";
    let lines = texts.prices[0].text.lines().filter(recent);
    texts.prices[0].text = lines.collect::<Vec<_>>().join("\n");
    texts.venue = texts.venue.map(|mut venue| {
        venue.text = venue.text.replace("haircut = 0.2", "haircut = 0.0");
        venue
    });
    let page = of(&texts, &setup).sensitivity.expect("a table");
    assert_eq!(row(&page, "latency", "double"), Err("it stands there in the report"));
    assert_eq!(row(&page, "haircut of collateral", "half"), Err("no asset has a haircut"));
    assert_eq!(row(&page, "volatility filter", "EWMA"), Err("historical scenarios have no filter"));
    let refused = row(&page, "scenarios", "simulated").unwrap_err();
    assert!(refused.contains("at least"), "{refused}");
}

/// SOL alone, everybody long, dollars as collateral: what hurts one helps nobody.
fn one_sided() -> Texts {
    let mut texts = texts();
    let accounts = &texts.accounts.as_ref().unwrap().text;
    let pledgers: BTreeSet<String> = accounts
        .lines()
        .filter(|line| line.contains(",SOL,"))
        .filter_map(|line| line.split(',').next().map(str::to_owned))
        .collect();
    let positions = texts.positions.as_mut().unwrap();
    let long = |line: &str| -> Option<String> {
        let (account, size) = line.split_once(",SOL,")?;
        let size = size.trim_start_matches('-');
        (!pledgers.contains(account)).then(|| format!("{account},SOL,{size}\n"))
    };
    let rows: String = positions.text.lines().filter_map(long).collect();
    positions.text = format!("account,market,size\n{rows}");
    texts
}

#[test]
fn slower_closes_and_thinner_books_never_cost_a_one_sided_book_less() {
    let mut setup = setup();
    setup.closing.jump_share = 0.5;
    let page = of(&one_sided(), &setup).sensitivity.expect("a table");
    assert!(page.base.value_at_risk > 0.0, "{:?}", page.base);
    for (assumption, less, more) in [
        ("latency", "half", "double"),
        ("latency in a crash", "as in calm times", "double"),
        ("depth and volume", "double", "half"),
        ("depth left in a crash", "double", "half"),
    ] {
        let [less, more] = [less, more].map(|change| row(&page, assumption, change).unwrap());
        for figure in [
            |found: &Figures| found.value_at_risk,
            |found: &Figures| found.expected_shortfall,
            |found: &Figures| found.cover_two,
        ] {
            let (low, base, high) = (figure(&less), figure(&page.base), figure(&more));
            assert!(low <= base && base <= high, "{assumption}: {low}, {base}, {high}");
        }
        assert!(less.expected_shortfall < more.expected_shortfall, "{assumption} moves nothing");
    }
    // Twice the size at the same leverage: twice the loss before impact, and more with it.
    let larger = row(&page, "largest owner", "double").unwrap();
    assert!(larger.cover_two > page.base.cover_two && larger.cover_two > 0.0);
}

/// Stops at the first row it hears of.
#[derive(Default)]
struct Stop(AtomicU64);

impl Progress for Stop {
    fn at(&self, stage: &'static str, _: u64, total: u64) -> bool {
        if stage == "sensitivity" {
            self.0.store(total, Ordering::Relaxed);
        }
        stage != "sensitivity"
    }
}

#[test]
fn a_run_that_is_stopped_in_the_table_is_no_row() {
    let (setup, stop) = (setup(), Stop::default());
    let inputs = Inputs::read(&setup, &texts()).unwrap();
    let refused = run(&setup, &inputs, (only(), &Maker::default()), &stop).unwrap_err();
    assert!(refused.to_string().contains("stopped before the end"), "{refused}");
    assert!(stop.0.load(Ordering::Relaxed) > 20, "rows are its measure");
    let without = Setup { sensitivity: false, ..setup };
    let found = run(&without, &inputs, (only(), &Maker::default()), &stop).unwrap();
    assert!(found.sensitivity.is_none() && found.size.is_some());
}

#[test]
fn the_reference_venue_is_the_sweep_in_whole_units() {
    let mut setup = setup();
    let inputs = Inputs::read(&setup, &texts()).unwrap();
    let parts = Parts { stress: true, ..Parts::default() };
    let mut with = |seeds: u32, genesis| {
        setup.reference_venue.seeds = seeds;
        let inputs = Inputs { waterfall: genesis, ..inputs.clone() };
        run(&setup, &inputs, (parts, &Maker::default()), &Silent).unwrap().reference
    };
    assert_eq!(with(0, Some(fixture::backstop())), None);
    let found = with(2, Some(fixture::backstop())).expect("a page");
    let feeds = Crash::MAIN.feeds(6).unwrap();
    let genesis = stage(fixture::backstop(), &feeds, &VenueParams::DEMO).unwrap();
    let wanted = sweep(&DemoSetup::new(0, &genesis, &feeds), 2).unwrap().lines();
    assert_eq!(found.lines.len(), wanted.len());
    for (got, want) in found.lines.iter().zip(&wanted) {
        assert_eq!(got.name, want.name);
        let whole = match got.unit {
            Counted::Number => 1.0,
            Counted::Money => 1e6,
            Counted::Part => 1e4,
        };
        for (got, want) in got.points.iter().zip(want.percentiles.points()) {
            assert_eq!((got * whole).round().to_string(), want.to_string());
        }
    }
    assert_eq!((found.seeds, found.why, found.asset.as_str()), (2, None, "usdt"));
    let mut bare = fixture::backstop();
    bare.setup.clear();
    let refused = with(2, Some(bare)).and_then(|page| page.why).expect("why not");
    assert!(refused.contains("creates no market"), "{refused}");
    assert!(with(2, None).and_then(|page| page.why).is_some());
}

#[test]
fn a_crash_that_there_is_not_is_refused_with_those_there_are() {
    let mut setup = setup();
    (setup.reference_venue.seeds, setup.reference_venue.crash) = (1, "tulips".to_owned());
    let inputs = Inputs::read(&setup, &texts()).unwrap();
    let parts = Parts { stress: true, ..Parts::default() };
    let refused =
        run(&setup, &inputs, (parts, &Maker::default()), &Silent).unwrap_err().to_string();
    assert!(refused.contains("\"tulips\"") && refused.contains("ftx-2022-11"), "{refused}");
}
