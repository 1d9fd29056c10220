//! Tests of the file beside.

use super::*;
use crate::random::Random;

/// Terms that cancel, of all sizes, so that the sum is as small beside them as can be.
fn terms(random: &mut Random, number: usize) -> (f64, Vec<f64>, Vec<f64>) {
    let mut sizes = Vec::new();
    let mut values = Vec::new();
    for _ in 0..number {
        let sign = if random.chance(0.5) { 1.0 } else { -1.0 };
        sizes.push(sign * random.lognormal(1e6, 3.0));
        values.push(2.0 * random.uniform() - 0.99);
    }
    let sum: f64 = sizes.iter().zip(&values).map(|(size, value)| size * value).sum();
    (-sum * (1.0 + 1e-9 * random.normal()), sizes, values)
}

#[test]
fn the_bound_holds_and_is_not_idle() {
    let mut random = Random::new(1);
    for number in [1, 2, 3, 4, 9, 40] {
        let mut worst: f64 = 0.0;
        for _ in 0..20_000 {
            let (held, sizes, values) = terms(&mut random, number);
            let pairs = || sizes.iter().zip(&values);
            let whole = pairs().fold(held.abs(), |sum, (n, r)| sum + (n * r).abs());
            let over = 1.0 / whole;
            let narrow = pairs().fold(nearest(held * over), |sum, (n, r)| {
                nearest(*r).mul_add(nearest(n * over), sum)
            });
            // Twice the precision stands in for the exact sum.
            let (mut sum, mut rest) = (held, 0.0);
            for (n, r) in pairs() {
                let product = n * r;
                let next = sum + product;
                let back = next - sum;
                rest += (sum - (next - back)) + (product - back) + n.mul_add(*r, -product);
                sum = next;
            }
            let off = (f64::from(narrow) - (sum + rest) * over).abs();
            worst = worst.max(off / gamma(number));
        }
        assert!(worst < 1.0, "{number}: {worst}");
        assert!(worst > 0.5 / count(number + 4), "{number}: {worst}, the bound is far too wide");
    }
}
