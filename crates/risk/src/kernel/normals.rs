//! Standard normals eight at a time, by the transform of Box and Muller.
//!
//! A radius `√(−2 ln u)` and a direction, each from 52 and 54 random bits, make two independent normals (Box and Muller
//! 1958). Logarithm, sine and cosine are polynomials here, evaluated alike in every lane: the logarithm is within two
//! units in the last place of the true one, sine and cosine within two of theirs or of 2⁻⁵³, whichever is more
//! (tests measure both against `libm`, whose own rounding counts in this). The largest normal is `√(104 ln 2)` or 8.49; beyond it lies 1e-17 of the
//! distribution.

#![expect(
    clippy::inline_always,
    reason = "what runs on lanes must be inlined where they are enabled"
)]

use core::f64::consts::FRAC_PI_2;
use fearless_simd::{f64x8, prelude::*, u64x8};

/// Bits of one.
const ONE: u64 = 0x3FF0_0000_0000_0000;
/// Bits of the root of a half, the lower end of a mantissa here.
const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
/// The mantissa.
const MANTISSA: u64 = 0x000F_FFFF_FFFF_FFFF;
/// Bits of 2⁵², whose last place is one.
const WHOLE: u64 = 0x4330_0000_0000_0000;
/// The logarithm of two: so much that its products with exponents are exact, and the rest.
const LN_2: [f64; 2] = [0.693_147_180_559_663, 2.823_529_056_303_157_7e-13];
/// `2/3, 2/5, 2/7 …`: the series of `ln((1 + s)/(1 − s))` after its first term, which for `s ≤ 3 − 2√2` ends below 2⁻⁵⁸.
const LN: [f64; 10] = [
    2.0 / 3.0,
    2.0 / 5.0,
    2.0 / 7.0,
    2.0 / 9.0,
    2.0 / 11.0,
    2.0 / 13.0,
    2.0 / 15.0,
    2.0 / 17.0,
    2.0 / 19.0,
    2.0 / 21.0,
];
/// Series of `sin(πr/2)/r` in `r²`.
const SIN: [f64; 9] = [
    FRAC_PI_2,
    -0.645_964_097_506_246_3,
    0.079_692_626_246_167_05,
    -0.004_681_754_135_318_688,
    0.000_160_441_184_787_359_83,
    -3.598_843_235_212_085e-6,
    5.692_172_921_967_927e-8,
    -6.688_035_109_811_468e-10,
    6.066_935_731_106_195_5e-12,
];
/// Series of `cos(πr/2)` in `r²`.
const COS: [f64; 9] = [
    1.0,
    -1.233_700_550_136_169_7,
    0.253_669_507_901_048_03,
    -0.020_863_480_763_352_96,
    0.000_919_260_274_839_426_6,
    -2.520_204_237_306_060_7e-5,
    4.710_874_778_818_172e-7,
    -6.386_603_083_791_852e-9,
    6.565_963_114_979_473e-11,
];

/// A polynomial, its constant term first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: f64x8<S>, terms: &[f64; N]) -> f64x8<S> {
    let mut sum = f64x8::splat(simd, 0.0);
    for term in terms.iter().rev() {
        sum = sum.mul_add_precise(x, f64x8::splat(simd, *term));
    }
    sum
}

/// Logarithms of positive normal numbers.
#[inline(always)]
pub(super) fn ln<S: Simd>(simd: S, x: f64x8<S>) -> f64x8<S> {
    let splat = |value: f64| f64x8::splat(simd, value);
    let shifted = x.to_bits() + u64x8::splat(simd, ONE - ROOT_HALF);
    let exponent: f64x8<S> = f64x8::from_bits((shifted >> 52) | u64x8::splat(simd, WHOLE));
    let exponent = exponent - splat(4_503_599_627_370_496.0 + 1023.0);
    let mantissa = (shifted & u64x8::splat(simd, MANTISSA)) + u64x8::splat(simd, ROOT_HALF);
    let above: f64x8<S> = f64x8::from_bits(mantissa);
    let above = above - splat(1.0);
    let share = above / (above + splat(2.0));
    let square = share * share;
    // ln(1 + f) = f − s(f − R) with s = f/(2 + f) and R the series' rest.
    let rest = polynomial(simd, square, &LN) * square;
    let inner = (-share).mul_add_precise(above - rest, above);
    let [high, little] = LN_2.map(splat);
    exponent.mul_add_precise(high, exponent.mul_add_precise(little, inner))
}

/// Numbers from 2⁻⁵² to 1 from the upper 52 bits.
#[inline(always)]
pub(super) fn uniform<S: Simd>(simd: S, bits: u64x8<S>) -> f64x8<S> {
    let from_one: f64x8<S> = f64x8::from_bits((bits >> 12) | u64x8::splat(simd, ONE));
    f64x8::splat(simd, 2.0) - from_one
}

/// A point of the unit circle: sine and cosine of an angle within an eighth of a turn, cast into one of four by two bits.
#[inline(always)]
fn direction<S: Simd>(simd: S, bits: u64x8<S>) -> [f64x8<S>; 2] {
    let turned: f64x8<S> = f64x8::from_bits(((bits << 2) >> 12) | u64x8::splat(simd, ONE));
    let turned = turned - f64x8::splat(simd, 1.5);
    let square = turned * turned;
    let sin = polynomial(simd, square, &SIN) * turned;
    let cos = polynomial(simd, square, &COS);
    let sign = bits & u64x8::splat(simd, 1 << 63);
    let cos: f64x8<S> = f64x8::from_bits(cos.to_bits() ^ sign);
    let swap = bits & u64x8::splat(simd, 1 << 62);
    let swap = swap.simd_eq(u64x8::splat(simd, 0));
    [swap.select(cos, sin), swap.select(sin, cos)]
}

/// Two normals of each lane from two words of it.
#[inline(always)]
pub(super) fn pair<S: Simd>(simd: S, [radius, angle]: [u64x8<S>; 2]) -> [f64x8<S>; 2] {
    let square = ln(simd, uniform(simd, radius)) * f64x8::splat(simd, -2.0);
    let radius = square.sqrt();
    direction(simd, angle).map(
        #[inline(always)]
        |part| part * radius,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        float::count,
        kernel::{Lanes, philox::Key},
        stats::special::normal_cdf,
    };
    use fearless_simd::dispatch;

    /// Distance in units of the last place of the wanted number.
    fn places(got: f64, wanted: f64) -> f64 {
        (got - wanted).abs() / (wanted.abs().next_up() - wanted.abs())
    }

    #[test]
    fn the_logarithm_is_within_two_last_places() {
        let mut worst: f64 = 0.0;
        for at in 0..200_000 {
            let spread: [f64; 8] = core::array::from_fn(|lane| {
                let x = count(at * 8 + lane + 1) / 1_600_001.0;
                if at % 2 == 0 { x } else { x.powi(9).max(1e-15) * 3.0 }
            });
            let got = dispatch!(Lanes::best().level(), simd =>
                ln(simd, f64x8::load_array(simd, spread)).to_array());
            for (got, x) in got.into_iter().zip(spread) {
                worst = worst.max(places(got, libm::log(x)));
            }
        }
        assert!(worst <= 2.0, "{worst}");
        let ends = dispatch!(Lanes::best().level(), simd =>
            ln(simd, f64x8::load_array(simd, [1.0, 2.0_f64.powi(-52), 2.0, 0.5, 1e300, 1e-300, 1.0, 1.0])).to_array());
        assert_eq!(ends[0].to_bits(), 0, "no radius has a minus");
        for (got, x) in ends.into_iter().zip([1.0, 2.0_f64.powi(-52), 2.0, 0.5, 1e300, 1e-300]) {
            assert!(places(got, libm::log(x)) <= 2.0 || x.to_bits() == ONE, "{got} for {x}");
        }
    }

    #[test]
    fn directions_lie_where_sine_and_cosine_say() {
        let mut worst: f64 = 0.0;
        let mut corners = [0; 4];
        for at in 0..100_000_u64 {
            let words: [u64; 8] = core::array::from_fn(|lane| {
                (at * 8 + lane as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            let got = dispatch!(Lanes::best().level(), simd =>
                direction(simd, u64x8::load_array(simd, words)).map(SimdBase::to_array));
            for (lane, word) in words.into_iter().enumerate() {
                let part = f64::from_bits(word << 2 >> 12 | ONE) - 1.5;
                let angle = core::f64::consts::FRAC_PI_2 * part;
                let (mut cos, sin) = (libm::cos(angle), libm::sin(angle));
                cos = if word >> 63 == 1 { -cos } else { cos };
                let wanted = if word >> 62 & 1 == 0 { [cos, sin] } else { [sin, cos] };
                for (got, wanted) in [got[0][lane], got[1][lane]].into_iter().zip(wanted) {
                    let last = (wanted.abs().next_up() - wanted.abs()).max(f64::EPSILON / 2.0);
                    worst = worst.max((got - wanted).abs() / last);
                }
                corners[(word >> 62) as usize] += 1;
            }
        }
        assert!(worst <= 2.0, "{worst}");
        assert!(corners.iter().all(|number| (190_000..210_000).contains(number)), "{corners:?}");
    }

    /// A million normals of one stream.
    fn drawn(lanes: Lanes) -> Vec<f64> {
        let key = Key::new(42);
        let mut all = Vec::with_capacity(1 << 20);
        dispatch!(lanes.level(), simd => {
            for block in 0..1_u64 << 16 {
                let first = core::array::from_fn(|lane| block * 8 + lane as u64);
                let words = key.words(simd, u64x8::load_array(simd, first), [0, 5, 0]);
                for part in pair(simd, words) {
                    all.extend(part.to_array());
                }
            }
        });
        all
    }

    #[test]
    fn normals_have_the_moments_and_the_tails_of_normals() {
        let all = drawn(Lanes::best());
        let number = count(all.len());
        let moment = |power: i32| all.iter().map(|x| x.powi(power)).sum::<f64>() / number;
        // Standard errors: 1e-3, 1.4e-3, 3.8e-3 and 9.6e-3; four of them are allowed.
        assert!(moment(1).abs() < 4e-3, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 5.6e-3, "{}", moment(2));
        assert!(moment(3).abs() < 1.6e-2, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 4e-2, "{}", moment(4));
        let pairs = all.chunks_exact(16).flat_map(|block| block[..8].iter().zip(&block[8..]));
        let product: f64 = pairs.map(|(a, b)| a * b).sum::<f64>() / (number / 2.0);
        assert!(product.abs() < 6e-3, "{product}");
        let mut sorted = all;
        sorted.sort_by(f64::total_cmp);
        // Kolmogorov's distance: 1.95/√n is passed by a true sample but once in a thousand.
        let distance = sorted.iter().enumerate().fold(0.0, |most: f64, (at, x)| {
            let cdf = normal_cdf(*x);
            most.max((cdf - count(at) / number).abs()).max((count(at + 1) / number - cdf).abs())
        });
        assert!(distance < 1.95 / number.sqrt(), "{distance}");
        let beyond = |x: f64| sorted.iter().filter(|value| value.abs() > x).count();
        // 2·(1 − Φ(3)) = 0.0027 and 2·(1 − Φ(4.5)) = 6.8e-6 of 1,048,576.
        assert!((2_620..3_050).contains(&beyond(3.0)), "{}", beyond(3.0));
        assert!((1..20).contains(&beyond(4.5)), "{}", beyond(4.5));
    }

    #[test]
    fn every_instruction_set_draws_the_same_bits() {
        let bits = |lanes| drawn(lanes).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let first = bits(Lanes::best());
        for lanes in Lanes::all() {
            assert!(bits(lanes) == first, "{}", lanes.name());
        }
    }
}
