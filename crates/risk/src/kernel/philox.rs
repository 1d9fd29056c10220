//! Random bits that are a function of their place: Philox4x32-10.
//!
//! **Source** Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A block of 128 bits
//! comes from a counter of 128 bits and a key of 64; nothing is carried from one block to the next, so any path can
//! be drawn by any thread and on any instruction set. Not for secrets.

#![expect(
    clippy::inline_always,
    reason = "what runs on lanes must be inlined where they are enabled"
)]

use fearless_simd::{prelude::*, u64x8};

/// Multipliers of a round.
const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What a round adds to the key.
const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
/// Rounds.
const ROUNDS: u32 = 10;
/// The low half of 64 bits.
const LOW: u64 = 0xFFFF_FFFF;

/// A key of all rounds, made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([[u64; 2]; ROUNDS as usize]);

impl Key {
    /// The key of a seed.
    pub fn new(seed: u64) -> Self {
        let halves = [low(seed), low(seed >> 32)];
        let mut rounds = [[0; 2]; ROUNDS as usize];
        for (round, keys) in (0..ROUNDS).zip(&mut rounds) {
            for ((key, half), step) in keys.iter_mut().zip(halves).zip(STEPS) {
                *key = u64::from(half.wrapping_add(step.wrapping_mul(round)));
            }
        }
        Self(rounds)
    }

    /// The block of one counter, least word first.
    pub fn block(&self, counter: [u32; 4]) -> [u32; 4] {
        let [mut a, mut b, mut c, mut d] = counter.map(u64::from);
        for [first, second] in self.0 {
            let (one, two) = (a * MULTIPLIERS[0], c * MULTIPLIERS[1]);
            (a, b, c, d) = (two >> 32 ^ b ^ first, two & LOW, one >> 32 ^ d ^ second, one & LOW);
        }
        [a, b, c, d].map(low)
    }

    /// Two words of 64 bits for each of eight counters that differ in their first word: first and second word of the block
    /// make up one, third and fourth the other, the earlier word above.
    #[inline(always)]
    pub(super) fn words<S: Simd>(
        &self,
        simd: S,
        first: u64x8<S>,
        [second, third, fourth]: [u32; 3],
    ) -> [u64x8<S>; 2] {
        let splat = |word: u32| u64x8::splat(simd, u64::from(word));
        let (mut a, mut b, mut c, mut d) = (first, splat(second), splat(third), splat(fourth));
        let (by_a, by_c) = (u64x8::splat(simd, MULTIPLIERS[0]), u64x8::splat(simd, MULTIPLIERS[1]));
        let half = u64x8::splat(simd, LOW);
        for [first, second] in self.0 {
            // Only low halves count: what lies above them is cut off when they are multiplied.
            let (one, two) = ((a & half) * by_a, (c & half) * by_c);
            (a, c) = (
                (two >> 32) ^ b ^ u64x8::splat(simd, first),
                (one >> 32) ^ d ^ u64x8::splat(simd, second),
            );
            (b, d) = (two, one);
        }
        [(a << 32) | (b & half), (c << 32) | (d & half)]
    }
}

/// The low half of 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
const fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Lanes;
    use fearless_simd::dispatch;

    #[test]
    fn published_blocks_come_out() {
        // Known answers of Random123 for philox4x32 with ten rounds: counter, key, block.
        let cases = [
            ([0; 4], 0, [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
            ([u32::MAX; 4], u64::MAX, [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                0x299F_31D0_A409_3822,
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
            ),
        ];
        for (counter, seed, block) in cases {
            assert_eq!(Key::new(seed).block(counter), block);
        }
    }

    #[test]
    fn lanes_give_the_same_blocks() {
        let key = Key::new(0x299F_31D0_A409_3822);
        for lanes in Lanes::all() {
            let firsts: [u64; 8] = core::array::from_fn(|lane| 0xFFFF_FF00 + lane as u64 * 31);
            let words = dispatch!(lanes.level(), simd => {
                let first = u64x8::load_array(simd, firsts);
                key.words(simd, first, [7, 0xFFFF_FFFE, 3]).map(SimdBase::to_array)
            });
            for (lane, first) in firsts.into_iter().enumerate() {
                let [a, b, c, d] = key.block([low(first), 7, 0xFFFF_FFFE, 3]).map(u64::from);
                assert_eq!([words[0][lane], words[1][lane]], [a << 32 | b, c << 32 | d]);
            }
        }
    }
}
