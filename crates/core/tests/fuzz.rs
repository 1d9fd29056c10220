//! Every decoder of the core and of units against junk: an answer, never a panic, and one encoding for
//! each value.
//!
//! Each target takes raw bytes and mutations of true ones; `backstop_testkit::fuzz` says how long.

#[path = "it/samples.rs"]
#[expect(dead_code, reason = "the encoding test pins more of them")]
mod samples;

use backstop_core::{
    Body, Command, Event, Halt, Record, State, invariants, replay, replay_genesis,
};
use backstop_testkit::{
    Setup, World,
    fuzz::{Input, target},
    label,
    world::{OFFICES, TRADERS},
};
use backstop_units::{Label, Span, Timestamp, format_decimal, parse_decimal};
use std::sync::OnceLock;

/// A lively world: its log and its snapshot are what is mutated.
fn lively() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut world = World::of(&Setup::default());
        for round in 0..6u64 {
            for body in samples::bodies() {
                for actor in ["op", "venue", "risk", "alice"] {
                    let command = world.command(actor, body.clone());
                    let _ = world.try_command(&command);
                }
                world.wait(Span::hours(round));
            }
        }
        world
    })
}

#[test]
fn records() {
    let log = &lively().log;
    target("record", 20_000, |bytes| {
        let mut input = Input(bytes);
        let bytes = input.near(log);
        let Ok(record) = Record::decode(&bytes) else { return false };
        assert_eq!(record.encode(), bytes, "two encodings of {record:?}");
        // What can be read can be replayed or refused, on a state that it may not fit.
        let mut state = lively().state.clone();
        let before = state.hash();
        let moved = replay(&mut state, &record).is_ok();
        assert!(moved || state.hash() == before, "a refused replay left a trace: {record:?}");
        let _ = replay_genesis(&record);
        true
    });
}

#[test]
fn states() {
    let snapshot = lively().state.to_bytes();
    target("state", 4_000, |bytes| {
        let mut input = Input(bytes);
        let bytes = input.near(std::slice::from_ref(&snapshot));
        let Ok(state) = State::from_bytes(&bytes) else { return false };
        assert_eq!(state.to_bytes(), bytes, "two encodings of one state");
        let _ = invariants::check(&state);
        true
    });
}

#[test]
fn commands() {
    let seeds: Vec<Vec<u8>> = samples::bodies()
        .into_iter()
        .map(|body| {
            let actor = label("op");
            let command =
                Command { id: samples::id(), actor, occurred_at: None, body, approvals: None };
            borsh::to_vec(&command).unwrap()
        })
        .collect();
    target("command", 50_000, |bytes| {
        let mut input = Input(bytes);
        let bytes = input.near(&seeds);
        let Ok(command) = borsh::from_slice::<Command>(&bytes) else { return false };
        assert_eq!(borsh::to_vec(&command).unwrap(), bytes, "two encodings of {command:?}");
        true
    });
}

#[test]
fn events() {
    let seeds: Vec<Vec<u8>> =
        samples::events().iter().map(|event| borsh::to_vec(event).unwrap()).collect();
    target("event", 50_000, |bytes| {
        let mut input = Input(bytes);
        let bytes = input.near(&seeds);
        let Ok(event) = borsh::from_slice::<Event>(&bytes) else { return false };
        assert_eq!(borsh::to_vec(&event).unwrap(), bytes, "two encodings of {event:?}");
        true
    });
}

#[test]
fn labels() {
    target("label", 50_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(sixteen) = bytes.first_chunk::<16>() {
            let label = Label::from_bytes(*sixteen);
            assert_eq!(Label::parse(&label.to_string()), Ok(label));
        }
        // Random text is hardly ever a label: also read it with its strange letters replaced.
        let letters: String = bytes
            .iter()
            .take(16)
            .map(|b| char::from(b"abc019.-_:"[usize::from(*b) % 10]))
            .collect();
        [&*text, &letters].iter().any(|text| match Label::parse(text) {
            Ok(label) => {
                assert_eq!(Label::parse(&label.to_string()), Ok(label), "{text}");
                true
            }
            Err(_) => false,
        })
    });
}

#[test]
fn moments_and_spans() {
    target("time", 50_000, |bytes| {
        let moment = Input(bytes).respelled("2025-10-10T21:00:00.250Z", b"0123456789-:TZ. ");
        let span = Input(bytes).respelled("12345ms", b"0123456789dhms");
        let raw = String::from_utf8_lossy(bytes);
        let mut deep = false;
        for text in [&*moment, &*raw, &moment[..20]] {
            if let Ok(time) = Timestamp::parse(text) {
                assert_eq!(Timestamp::parse(&time.to_string()), Ok(time), "{text}");
                deep = true;
            }
        }
        for text in [&*span, &*raw] {
            if let Ok(time) = Span::parse(text) {
                assert_eq!(Span::parse(&time.to_string()), Ok(time), "{text}");
            }
        }
        deep
    });
}

#[test]
fn decimals() {
    target("decimal", 50_000, |bytes| {
        let text =
            Input(bytes).respelled("340282366920938463463374607431768211455.000", b"0123456789.");
        let raw = String::from_utf8_lossy(bytes);
        let decimals = bytes.first().copied().unwrap_or(0) % 61;
        [&*text, &*raw, &text[..12]].iter().any(|text| {
            let Ok(atoms) = parse_decimal(text, decimals) else { return false };
            assert_eq!(parse_decimal(&format_decimal(atoms, decimals), decimals), Ok(atoms));
            true
        })
    });
}

/// Arbitrary bytes as a command script: whatever can be decoded is answered, and the invariants hold.
#[test]
fn scripts() {
    let seeds: Vec<Vec<u8>> =
        samples::bodies().iter().map(|body| borsh::to_vec(body).unwrap()).collect();
    let offices = OFFICES.iter().map(|(name, _)| *name);
    let actors: Vec<&str> = offices.chain(TRADERS).collect();
    let fresh = World::of(&Setup::default());
    target("script", 3_000, |bytes| {
        let mut input = Input(bytes);
        let mut world =
            if input.byte().is_multiple_of(2) { fresh.clone() } else { lively().clone() };
        let mut accepted = false;
        while !input.is_empty() {
            let seed = input.one_of(&seeds);
            let bytes = input.mutation(seed);
            let (actor, wait) = (input.one_of(&actors), input.byte());
            let Ok(body) = borsh::from_slice::<Body>(&bytes) else { continue };
            world.wait(Span::from_ms(u64::from(wait).pow(4)));
            let command = world.command(actor, body);
            match world.try_command(&command) {
                Ok(()) => accepted = true,
                Err(Halt::Reject(_)) => {}
                Err(Halt::Corrupt(corrupt)) => panic!("{corrupt} by {command:?}"),
            }
            invariants::check(&world.state)
                .unwrap_or_else(|corrupt| panic!("{corrupt}: {command:?}"));
        }
        accepted
    });
}
