//! What people write against junk: scenarios, presets and commands.
//!
//! Each target takes raw text and mutations of true files; `backstop_testkit::fuzz` says how long.

use backstop_api::{Format, HostError, MemoryHost, PRESETS, Preset, Scenario, run};
use backstop_core::{Command, Halt, begin, invariants};
use backstop_testkit::fuzz::{Input, target};
use backstop_testkit::{World, label};
use backstop_units::Timestamp;
use serde_json::{Value, json};

const SCENARIOS: [&str; 6] = [
    include_str!("../../../examples/first-loss.toml"),
    include_str!("../../../scenarios/custody.toml"),
    include_str!("../../../scenarios/exits.toml"),
    include_str!("../../../scenarios/gate.toml"),
    include_str!("../../../scenarios/layers.toml"),
    include_str!("../../../scenarios/threshold.toml"),
];

/// What such texts are made of.
const ALPHABET: &[u8] = b"0123456789abekmsx_-.\"{}[]=:,# \n";

/// Reads a scenario and plays it: each step is answered, the books balance, and a second run says
/// the same.
fn played(text: &str, format: Format) -> bool {
    let Ok(scenario) = Scenario::parse(text, format) else { return false };
    let Ok(genesis) = scenario.genesis() else { return false };
    // A setup that is refused is an answer too.
    let Ok(mut host) = MemoryHost::new(&genesis, scenario.start) else { return false };
    let mut again = MemoryHost::new(&genesis, scenario.start).unwrap();
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
        let Ok(preset) = Preset::parse(&text) else { return false };
        match begin(&preset.genesis(label("test")), Timestamp::from_ms(1)) {
            Ok((state, _)) => invariants::check(&state).unwrap(),
            Err((_, Halt::Reject(_))) => {}
            Err((at, Halt::Corrupt(corrupt))) => panic!("setup command {at}: {corrupt}: {text}"),
        }
        true
    });
}

#[test]
fn commands() {
    let bodies = SCENARIOS.map(|text| Scenario::parse(text, Format::Toml).unwrap());
    let bodies = bodies.into_iter().flat_map(|scenario| scenario.steps);
    let presets = PRESETS.iter().flat_map(|(_, text)| Preset::parse(text).unwrap().setup);
    let world = World::new();
    let seeds: Vec<String> = bodies
        .filter_map(|step| step.command)
        .chain(presets)
        .map(|body| serde_json::to_string(&world.clone().command("op", body)).unwrap())
        .collect();
    target("command in JSON", 20_000, |bytes| {
        let text = Input(bytes).text(&seeds, ALPHABET);
        let Ok(command) = serde_json::from_str::<Command>(&text) else { return false };
        let written = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&written).unwrap(), command, "{text}");
        let bytes = borsh::to_vec(&command).unwrap();
        assert_eq!(borsh::from_slice::<Command>(&bytes).unwrap(), command, "{text}");
        let mut world = world.clone();
        if let Err(Halt::Corrupt(corrupt)) = world.try_command(&command) {
            panic!("{corrupt} by {text}");
        }
        true
    });
}
