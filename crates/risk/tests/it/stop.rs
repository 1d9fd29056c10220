//! Every stage of a run stops soon after it is told to, and its numbers only rise.
//!
//! Soon is counted, not timed: after a stop no more parts may begin than there are threads and a few that ask once each;
//! and stages ask so often that a part is small, however large the run.

use super::desk::{setup, texts};
use backstop_risk::desk::{
    Inputs, Progress, Report, Setup,
    error::DeskError,
    run::{Maker, Parts, run},
    setup::Generator,
    threads,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What a watcher has seen.
#[derive(Default)]
struct Seen {
    told: Vec<(&'static str, u64, u64)>,
    /// The stage of each telling and each question, in their order.
    calls: Vec<&'static str>,
}

/// Says to stop from a number of calls on.
struct Watcher {
    most: usize,
    seen: Mutex<Seen>,
}

impl Watcher {
    fn of(most: usize) -> Self {
        Self { most, seen: Mutex::new(Seen::default()) }
    }

    fn answer(&self, told: Option<(&'static str, u64, u64)>) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.told.extend(told);
        let stage = seen.told.last().map_or("before the first", |told| told.0);
        seen.calls.push(stage);
        seen.calls.len() <= self.most
    }
}

impl Progress for Watcher {
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool {
        self.answer(Some((stage, done, total)))
    }

    fn goes_on(&self) -> bool {
        self.answer(None)
    }
}

/// How often each stage told or asked.
fn counted(seen: &Seen) -> BTreeMap<&'static str, usize> {
    let mut counted = BTreeMap::new();
    for stage in &seen.calls {
        *counted.entry(*stage).or_default() += 1;
    }
    counted
}

/// A small run of everything.
fn small(generator: Generator) -> Setup {
    let mut setup = setup();
    setup.scenarios.generator = generator;
    setup.scenarios.number = 1_024;
    setup.levels = vec![0.99];
    setup.ruin.paths = 1_024;
    setup.back_test.refit = 500;
    setup
}

fn watched(setup: &Setup, watcher: &Watcher) -> Result<Report, DeskError> {
    let inputs = Inputs::read(setup, &texts()).unwrap();
    threads::on(Some(2), || run(setup, &inputs, (Parts::ALL, &Maker::default()), watcher))
}

fn whole(setup: &Setup) -> Seen {
    let watcher = Watcher::of(usize::MAX);
    watched(setup, &watcher).unwrap();
    watcher.seen.into_inner().unwrap()
}

#[test]
fn every_stage_stops_soon_after_it_is_told() {
    let setup = small(Generator::Filtered);
    let calls = whole(&setup).calls;
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, stage) in calls.iter().enumerate() {
        places.entry(stage).or_default().push(at);
    }
    assert!(places.len() > 12, "{:?}", places.keys());
    for (stage, places) in places {
        let most = places[places.len() / 2];
        let watcher = Watcher::of(most);
        let stopped = watched(&setup, &watcher);
        assert!(matches!(stopped, Err(DeskError::Cancelled(_))), "{stage}: {stopped:?}");
        let after = watcher.seen.into_inner().unwrap().calls.len() - most;
        assert!(after <= 16, "{stage}: {after} questions after the stop");
    }
}

#[test]
fn stages_follow_each_other_once_and_their_numbers_rise() {
    for generator in [Generator::Filtered, Generator::Simulated, Generator::Historical] {
        let told = whole(&small(generator)).told;
        let mut ended: Vec<&str> = Vec::new();
        for pair in told.windows(2) {
            let ((stage, done, total), (next, then, of)) = (pair[0], pair[1]);
            assert!(done <= total, "{stage}: {done} of {total}");
            if stage == next {
                assert!(done <= then && total == of, "{stage}: {done}/{total}, then {then}/{of}");
            } else {
                assert_eq!(done, total, "{stage} ends before its end; {next} follows");
                assert_eq!(then, 0, "{next} begins at {then} of {of}");
                ended.push(stage);
                assert!(!ended.contains(&next), "{next} begins a second time");
            }
        }
    }
}

#[test]
fn parts_of_a_stage_are_small() {
    let setup = small(Generator::Filtered);
    let few = counted(&whole(&setup));
    let mut many = setup;
    many.scenarios.number *= 4;
    many.ruin.paths *= 4;
    let many = counted(&whole(&many));
    // A stage that grows with the run asks in proportion: its parts stay as small as they are.
    for stage in ["scenarios", "need", "years", "ruin", "smallest start"] {
        assert!(few[stage] > 1_024, "{stage}: {} calls", few[stage]);
        assert!(many[stage] > 4 * 1_024, "{stage}: {} calls", many[stage]);
    }
    for stage in ["back tests", "reverse stress", "value at risk", "fee path"] {
        assert!(few[stage] > 100, "{stage}: {} calls", few[stage]);
    }
}
