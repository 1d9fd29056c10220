//! Decoders against junk: what every `tests/fuzz.rs` runs its targets with.
//!
//! A target takes raw bytes and mutations of true ones, and answers whether the decoder accepted them.
//! `BACKSTOP_FUZZ_SECONDS` gives each target so much time; without it a number of inputs that takes
//! seconds. Each prints `fuzz <target>: <n> inputs in <s> s (<m> accepted)`; `cargo xtask soak` reads
//! that line.

use bolero::check;
use std::{
    panic::AssertUnwindSafe,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Runs one target on bytes and prints what it did. `test` answers whether its decoder accepted the
/// input.
///
/// # Panics
/// When the test does, and when no input was accepted: such a target tests nothing.
pub fn target(name: &str, iterations: usize, test: impl Fn(&[u8]) -> bool) {
    let (inputs, accepted) = (AtomicU64::new(0), AtomicU64::new(0));
    let begun = Instant::now();
    let seconds = std::env::var("BACKSTOP_FUZZ_SECONDS").ok().and_then(|n| u64::from_str(&n).ok());
    let bytes = bolero::produce::<Vec<u8>>().with().len(16usize..512);
    let check = check!().with_max_len(4_096).with_generator(bytes);
    let check = match seconds {
        Some(seconds) => check.with_test_time(Duration::from_secs(seconds)),
        None => check.with_iterations(iterations),
    };
    // A panic ends the target; nothing looks at what it left behind.
    let test = &AssertUnwindSafe(test);
    check.for_each(|input: &Vec<u8>| {
        inputs.fetch_add(1, Ordering::Relaxed);
        accepted.fetch_add(u64::from(test(input)), Ordering::Relaxed);
    });
    let (inputs, accepted) = (inputs.into_inner(), accepted.into_inner());
    let seconds = begun.elapsed().as_secs_f64();
    println!("fuzz {name}: {inputs} inputs in {seconds:.1} s ({accepted} accepted)");
    assert!(accepted > 0, "no input was accepted");
}

/// Bytes taken one after the other; zeros when they have run out.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl Input<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `count`, which is below 2^24; 0 if `count` is.
    pub fn below(&mut self, count: usize) -> usize {
        let number = [self.byte(), self.byte(), self.byte()];
        let number = number.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        number % count.max(1)
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Whether all bytes were taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The seed with up to seven changes: a byte set, a byte flipped, a cut, a repetition.
    pub fn mutation(&mut self, seed: &[u8]) -> Vec<u8> {
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

    /// A mutation of one of the seeds; every eighth time what is left of the input instead.
    pub fn near(&mut self, seeds: &[impl AsRef<[u8]>]) -> Vec<u8> {
        if self.byte().is_multiple_of(8) {
            return std::mem::take(&mut self.0).to_vec();
        }
        let seed = self.one_of(seeds).as_ref();
        self.mutation(seed)
    }

    /// Text of the right shape most of the time: a template with up to five bytes replaced.
    ///
    /// # Panics
    /// When template or alphabet is empty.
    pub fn respelled(&mut self, template: &str, alphabet: &[u8]) -> String {
        let mut text = template.as_bytes().to_vec();
        for _ in 0..self.byte() % 6 {
            let at = self.below(text.len());
            text[at] = *self.one_of(alphabet);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// A text near one of the seeds: some characters replaced by others that such texts are made of,
    /// or any mutation, or junk.
    pub fn text(&mut self, seeds: &[impl AsRef<str>], alphabet: &[u8]) -> String {
        match self.byte() % 8 {
            0 => String::from_utf8_lossy(std::mem::take(&mut self.0)).into_owned(),
            1 | 2 => {
                let seed = self.one_of(seeds).as_ref().as_bytes();
                String::from_utf8_lossy(&self.mutation(seed)).into_owned()
            }
            _ => {
                let seed = self.one_of(seeds).as_ref();
                self.respelled(seed, alphabet)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_ran_out_gives_the_seed() {
        let mut input = Input(&[7, 1, 0, 2]);
        assert_eq!((input.byte(), input.below(300)), (7, 65_538 % 300));
        assert!(input.is_empty());
        assert_eq!(input.mutation(b"seed"), b"seed");
        assert_eq!(input.respelled("2025", b"0"), "2025");
        assert_eq!(Input(&[1]).near(&["seed"]), b"seed");
        assert_eq!(Input(&[8, 1, 2]).near(&["seed"]), [1, 2]);
        assert_eq!(Input(&[3]).text(&["seed"], b"0"), "seed");
    }

    #[test]
    #[should_panic(expected = "no input was accepted")]
    fn a_target_that_accepts_nothing_fails() {
        target("deaf", 10, |_| false);
    }
}
