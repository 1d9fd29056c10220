//! A small seeded generator, written out so that its bytes never change with a library.

use crate::float::unit_interval;

/// xoshiro256++ of Blackman and Vigna, seeded through `SplitMix64`.
///
/// **Source** <https://prng.di.unimi.it/>, public domain. Not for keys: it is predictable.
#[derive(Clone, Debug)]
pub struct Random {
    words: [u64; 4],
}

impl Random {
    /// The stream of one seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        let words = core::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^ (word >> 31)
        });
        Self { words }
    }

    /// The stream of one block of work. Blocks have a fixed size, so what is drawn does not depend on how many
    /// threads share them; `purpose` keeps two uses of one seed apart.
    pub fn of_block(seed: u64, purpose: u64, block: u64) -> Self {
        // Each word goes through SplitMix64's finisher, so neighbouring blocks have unrelated states.
        let mix = |word: u64| Self::new(word).words[0];
        Self::new(mix(mix(mix(seed) ^ purpose) ^ block))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.words;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.words = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in the open interval from 0 to 1.
    pub fn uniform(&mut self) -> f64 {
        unit_interval(self.next_u64())
    }

    /// A place among so many; none of no place is zero. **Rounding** the lower places are more likely by one
    /// in 2⁶⁴ at most.
    pub fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next_u64() % count).unwrap_or(0)
    }

    /// Whether an event of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal, by the cosine half of Box and Muller's pair.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
        radius * libm::cos(core::f64::consts::TAU * self.uniform())
    }

    /// Lognormal with this median and standard deviation of the logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Gamma with this shape and scale one.
    ///
    /// **Source** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below a shape of one
    /// by a power of a uniform.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let lift = libm::pow(self.uniform(), 1.0 / shape);
            return lift * self.gamma(shape + 1.0);
        }
        let centre = shape - 1.0 / 3.0;
        let spread = 1.0 / (9.0 * centre).sqrt();
        loop {
            let normal = self.normal();
            let root = 1.0 + spread * normal;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            let bound = 0.5 * normal * normal + centre * (1.0 - cube + libm::log(cube));
            if libm::log(self.uniform()) < bound {
                return centre * cube;
            }
        }
    }

    /// Chi squared with `freedom` degrees of freedom.
    pub fn chi_squared(&mut self, freedom: f64) -> f64 {
        2.0 * self.gamma(freedom / 2.0)
    }

    /// How many events of a Poisson process with this mean; by products of uniforms (Knuth), in pieces so that no
    /// product vanishes. The mean must be finite; at or below zero it gives none.
    pub fn poisson(&mut self, mean: f64) -> usize {
        let (mut left, mut events) = (mean, 0);
        while left > 0.0 {
            let piece = left.min(16.0);
            left -= piece;
            let (floor, mut product) = (libm::exp(-piece), self.uniform());
            while product > floor {
                events += 1;
                product *= self.uniform();
            }
        }
        events
    }

    /// Pareto between `least` and `most` with this tail exponent, by inversion.
    pub fn pareto(&mut self, exponent: f64, least: f64, most: f64) -> f64 {
        let cut = 1.0 - libm::pow(least / most, exponent);
        least * libm::pow(1.0 - self.uniform() * cut, -1.0 / exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_are_the_published_algorithm() {
        // SplitMix64 from seed 0 gives these words; they are its published check values.
        let random = Random::new(0);
        assert_eq!(random.words[0], 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.words[1], 0x6E78_9E6A_A1B9_65F4);
        // xoshiro256++ from state 1, 2, 3, 4: the reference implementation's first outputs.
        let mut random = Random { words: [1, 2, 3, 4] };
        assert_eq!([random.next_u64(), random.next_u64()], [41_943_041, 58_720_359]);
    }

    #[test]
    fn blocks_differ_by_seed_purpose_and_number() {
        let first = |seed, purpose, block| Random::of_block(seed, purpose, block).next_u64();
        let words = [first(1, 1, 0), first(1, 1, 1), first(1, 2, 0), first(2, 1, 0)];
        for (at, word) in words.iter().enumerate() {
            assert!(!words[..at].contains(word));
        }
        assert_eq!(words[0], first(1, 1, 0));
    }

    #[test]
    fn moments_are_near_their_targets() {
        let mut random = Random::new(7);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let square = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.05, "{mean} {square}");
        let over = (0..20_000).filter(|_| random.pareto(0.76, 100.0, 10_000.0) > 1_000.0).count();
        // P(X > 1000) = (10^-0.76 - 100^-0.76) / (1 - 100^-0.76) = 0.1481
        assert!((2_700..3_250).contains(&over), "{over}");
        let chi: f64 = (0..20_000).map(|_| random.chi_squared(4.0)).sum::<f64>() / 20_000.0;
        let small: f64 = (0..20_000).map(|_| random.gamma(0.5)).sum::<f64>() / 20_000.0;
        assert!((chi - 4.0).abs() < 0.08 && (small - 0.5).abs() < 0.02, "{chi} {small}");
        let events: usize = (0..20_000).map(|_| random.poisson(20.0)).sum();
        assert!((398_000..402_000).contains(&events), "{events}");
        assert_eq!(random.poisson(0.0), 0);
        assert!((0..9_000).all(|_| (100.0..=10_000.0).contains(&random.pareto(0.76, 100.0, 1e4))));
    }
}
