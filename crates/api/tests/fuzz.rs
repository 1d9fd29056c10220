//! What people write against junk: scenarios, presets and commands.
//!
//! Each target takes raw text and mutations of true files; `backstop_testkit::fuzz` says how long.

use backstop_api::{
    Fault, Format, HostError, MemoryHost, PRESETS, Preset, Scenario, command_body, commands, run,
};
use backstop_core::{Halt, begin, invariants};
use backstop_testkit::fuzz::{Input, target};
use backstop_testkit::{World, label};
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};

const SCENARIOS: [&str; 7] = [
    include_str!("../../../examples/first-loss.toml"),
    include_str!("../../../scenarios/custody.toml"),
    include_str!("../../../scenarios/deleveraging.toml"),
    include_str!("../../../scenarios/exits.toml"),
    include_str!("../../../scenarios/gate.toml"),
    include_str!("../../../scenarios/layers.toml"),
    include_str!("../../../scenarios/threshold.toml"),
];

/// What such texts are made of.
const ALPHABET: &[u8] = b"0123456789abekmsx_-.\"{}[]=:,# \n";

/// A fault names a place that is in the text, or right behind it, and shows no more than a line of it.
fn told(text: &str, fault: &Fault) {
    let place = fault.place;
    let lines: Vec<&str> = text.split('\n').collect();
    let line = place.line.checked_sub(1).and_then(|at| lines.get(at));
    let line = line.unwrap_or_else(|| panic!("{fault}: no such line in {text:?}"));
    assert!((1..=line.chars().count() + 1).contains(&place.column), "{fault}: {text:?}");
    assert!(fault.excerpt.lines().all(|line| line.chars().count() < 120), "{fault}: {text:?}");
    let seen = fault.in_file("file");
    assert!(seen.starts_with(&format!("file:{}:{}: ", place.line, place.column)), "{seen}");
}

/// Reads a scenario and plays it: each step is answered, the books balance, and a second run says
/// the same. Whether it was played.
fn played(text: &str, format: Format) -> bool {
    let scenario = match Scenario::parse(text, format) {
        Ok(scenario) => scenario,
        Err(fault) => {
            told(text, &fault);
            return false;
        }
    };
    let mut host = match begin(scenario.genesis(), scenario.start) {
        Ok(_) => MemoryHost::new(scenario.genesis(), scenario.start).unwrap(),
        Err((at, halt)) => {
            assert!(matches!(halt, Halt::Reject(_)), "{halt}: {text}");
            scenario.setup_fault(at, &halt).iter().for_each(|fault| told(text, fault));
            return false;
        }
    };
    let mut again = MemoryHost::new(scenario.genesis(), scenario.start).unwrap();
    let outcome = run(&scenario, &mut host).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(outcome.steps.len(), scenario.steps.len());
    assert_eq!(outcome.books["trial_balance"]["balanced"], json!(true), "{text}");
    let second = run(&scenario, &mut again).unwrap_or_else(|error: HostError| panic!("{error}"));
    assert_eq!((outcome.steps, outcome.books), (second.steps, second.books), "{text}");
    true
}

#[test]
fn toml_scenarios() {
    target("scenario in TOML", 1_000, |bytes| {
        played(&Input(bytes).text(&SCENARIOS, ALPHABET), Format::Toml)
    });
}

#[test]
fn json_scenarios() {
    let seeds = SCENARIOS.map(|text| toml::from_str::<Value>(text).unwrap().to_string());
    target("scenario in JSON", 1_000, |bytes| {
        played(&Input(bytes).text(&seeds, ALPHABET), Format::Json)
    });
}

#[test]
fn presets() {
    let seeds = [PRESETS[0].1, PRESETS[1].1];
    target("preset", 2_000, |bytes| {
        let text = Input(bytes).text(&seeds, ALPHABET);
        let preset = match Preset::parse(&text) {
            Ok(preset) => preset,
            Err(fault) => {
                told(&text, &fault);
                return false;
            }
        };
        match begin(&preset.genesis(label("test")), Timestamp::from_ms(1)) {
            Ok((state, _)) => invariants::check(&state).unwrap(),
            Err((_, Halt::Reject(_))) => {}
            Err((at, Halt::Corrupt(corrupt))) => panic!("setup command {at}: {corrupt}: {text}"),
        }
        true
    });
}

#[test]
fn command_files() {
    let scenarios = SCENARIOS.map(|text| Scenario::parse(text, Format::Toml).unwrap());
    let steps = scenarios.into_iter().flat_map(|scenario| scenario.steps);
    let presets = PRESETS.iter().flat_map(|(_, text)| Preset::parse(text).unwrap().setup);
    let world = World::new();
    let bodies = steps.filter_map(|step| step.command).chain(presets);
    let all: Vec<Value> = bodies.map(|body| json!(world.clone().command("op", body))).collect();
    let mut seeds: Vec<String> = all.iter().map(Value::to_string).collect();
    seeds.extend([seeds[..3].join("\n"), json!(all[3..6]).to_string()]);
    target("commands in JSON", 10_000, |bytes| {
        let text = Input(bytes).text(&seeds, ALPHABET);
        let read = match commands(&text, |_| Label::NONE) {
            Ok(read) => read,
            Err(fault) => {
                told(&text, &fault);
                return false;
            }
        };
        let mut world = world.clone();
        for command in &read {
            let written = json!(command).to_string();
            assert_eq!(commands(&written, |_| Label::NONE).as_deref(), Ok(&[command.clone()][..]));
            let body = json!(command.body).to_string();
            assert_eq!(command_body(&body).as_ref(), Ok(&command.body), "{text}");
            if let Err(Halt::Corrupt(corrupt)) = world.try_command(command) {
                panic!("{corrupt} by {text}");
            }
        }
        !read.is_empty()
    });
}
