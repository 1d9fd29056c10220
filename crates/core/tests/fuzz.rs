//! Every decoder of the core and of units against junk: an answer, never a panic, and one encoding for
//! each value.
//!
//! Each target takes raw bytes and mutations of true ones. `BACKSTOP_FUZZ_SECONDS` gives each target so
//! much time; without it a few thousand inputs. Each prints `fuzz <target>: <n> inputs in <s> s`.

#[path = "it/samples.rs"]
#[expect(dead_code, reason = "the encoding test pins more of them")]
mod samples;

use backstop_core::{
    Body, Command, Event, Halt, Record, State, invariants, replay, replay_genesis,
};
use backstop_testkit::{
    Setup, World, label,
    world::{OFFICES, TRADERS},
};
use backstop_units::{Label, Span, Timestamp, format_decimal, parse_decimal};
use bolero::check;
use std::{
    panic::RefUnwindSafe,
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Runs one target on bytes and prints what it did; the target answers whether the input got past the
/// first checks, and at least one must.
fn target(name: &str, iterations: usize, test: impl Fn(&[u8]) -> bool + RefUnwindSafe) {
    let (inputs, deep) = (AtomicU64::new(0), AtomicU64::new(0));
    let begun = Instant::now();
    let seconds = std::env::var("BACKSTOP_FUZZ_SECONDS").ok().and_then(|n| u64::from_str(&n).ok());
    let bytes = bolero::produce::<Vec<u8>>().with().len(16usize..512);
    let check = check!().with_max_len(4_096).with_generator(bytes);
    let check = match seconds {
        Some(seconds) => check.with_test_time(Duration::from_secs(seconds)),
        None => check.with_iterations(iterations),
    };
    check.for_each(|input: &Vec<u8>| {
        inputs.fetch_add(1, Ordering::Relaxed);
        deep.fetch_add(u64::from(test(input)), Ordering::Relaxed);
    });
    let (inputs, deep) = (inputs.into_inner(), deep.into_inner());
    println!(
        "fuzz {name}: {inputs} inputs in {:.1} s ({deep} got deep)",
        begun.elapsed().as_secs_f64()
    );
    assert!(deep > 0, "no input got past the first checks");
}

/// Bytes taken one after the other; zeros when they have run out.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    fn below(&mut self, count: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number % count.max(1)
    }
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The seed with up to seven changes: a byte set, a byte flipped, a cut, a repetition.
    fn mutation(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..self.byte() % 8 {
            let (how, at, value) = (self.byte() % 8, self.below(bytes.len()), self.byte());
            match (how, bytes.get_mut(at)) {
                (0, _) => bytes.truncate(at),
                (1, _) => bytes.insert(at, value),
                (2, Some(byte)) => *byte ^= 1 << (value % 8),
                (3, Some(byte)) => *byte = 0,
                (4, Some(byte)) => *byte = 0xff,
                (_, Some(byte)) => *byte = value,
                (_, None) => bytes.push(value),
            }
        }
        bytes
    }
}

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
        let bytes = if input.byte().is_multiple_of(4) {
            input.0.to_vec()
        } else {
            let at = input.below(log.len());
            input.mutation(&log[at])
        };
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
        let raw = input.byte().is_multiple_of(8);
        let bytes = if raw { input.0.to_vec() } else { input.mutation(&snapshot) };
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
        let bytes = if input.byte().is_multiple_of(4) {
            input.0.to_vec()
        } else {
            let at = input.below(seeds.len());
            input.mutation(&seeds[at])
        };
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
        let at = input.below(seeds.len());
        let bytes = input.mutation(&seeds[at]);
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

/// Text of the right shape most of the time: a template with some characters replaced.
fn near(bytes: &[u8], template: &str, alphabet: &[u8]) -> String {
    let mut input = Input(bytes);
    let mut text = template.as_bytes().to_vec();
    for _ in 0..input.byte() % 6 {
        let at = input.below(text.len());
        text[at] = alphabet[usize::from(input.byte()) % alphabet.len()];
    }
    String::from_utf8(text).expect("ASCII only")
}

#[test]
fn moments_and_spans() {
    target("time", 50_000, |bytes| {
        let moment = near(bytes, "2025-10-10T21:00:00.250Z", b"0123456789-:TZ. ");
        let span = near(bytes, "12345ms", b"0123456789dhms");
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
        let text = near(bytes, "340282366920938463463374607431768211455.000", b"0123456789.");
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
            let at = input.below(seeds.len());
            let bytes = input.mutation(&seeds[at]);
            let (actor, wait) = (input.below(actors.len()), input.byte());
            let Ok(body) = borsh::from_slice::<Body>(&bytes) else { continue };
            world.wait(Span::from_ms(u64::from(wait).pow(4)));
            let command = world.command(actors[actor], body);
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
