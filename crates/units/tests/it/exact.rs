//! Divisions and splits.

use crate::{property, wide};
use backstop_units::{
    Amount, Bps, MathError, mul_div_ceil, mul_div_floor,
    split::{largest_remainder, with_carry},
};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U512;

fn narrow(number: U512) -> Result<u128, MathError> {
    u128::try_from(number).map_err(|_| MathError::Overflow)
}

#[test]
fn floor_and_ceil_are_exact() {
    property((wide(), wide(), wide()), |(a, b, d)| {
        let (floor, ceil) = if d == 0 {
            (Err(MathError::DivisionByZero), Err(MathError::DivisionByZero))
        } else {
            let (product, d) = (U512::from(a) * U512::from(b), U512::from(d));
            (narrow(product / d), narrow((product + d - U512::from(1u8)) / d))
        };
        let got = (mul_div_floor(a, b, d), mul_div_ceil(a, b, d));
        if got == (floor, ceil) { Ok(()) } else { Err(format!("{got:?}, not {floor:?}, {ceil:?}")) }
    });
}

#[test]
fn portions_round_as_they_say() {
    property((wide(), 0u32..=20_000), |(amount, bps)| {
        let exact = U512::from(amount) * U512::from(bps);
        let floor = narrow(exact / U512::from(10_000u16)).map(Amount::new);
        let ceil = narrow((exact + U512::from(9_999u16)) / U512::from(10_000u16)).map(Amount::new);
        let (portion, amount) = (Bps::new(bps), Amount::new(amount));
        let got = (portion.of_floor(amount), portion.of_ceil(amount));
        if got == (floor, ceil) { Ok(()) } else { Err(format!("{got:?}")) }
    });
}

/// Each part is its exact value rounded down or up, they add up, and no part that was rounded down had a
/// larger fraction than one that was rounded up.
#[test]
fn splits_are_exact_and_fair() {
    let weight = || wide().prop_map(|weight| weight >> 4);
    property((wide(), vec(weight(), 1..9)), |(total, weights)| {
        let mut parts = vec![7; weights.len()];
        let done = largest_remainder(total, &weights, &mut parts);
        let sum: u128 = weights.iter().sum();
        if sum == 0 {
            let expected = Err(MathError::DivisionByZero);
            return if done == expected { Ok(()) } else { Err(format!("{done:?}")) };
        }
        done.map_err(|error| error.to_string())?;
        if parts.iter().map(|part| U512::from(*part)).sum::<U512>() != U512::from(total) {
            return Err(format!("{parts:?} don't add up"));
        }
        let whole = U512::from(sum);
        let exact = weights.iter().map(|weight| U512::from(total) * U512::from(*weight));
        let fractions: Vec<(bool, U512)> = parts
            .iter()
            .zip(exact)
            .map(|(part, exact)| (U512::from(*part) > exact / whole, exact % whole))
            .collect();
        let too_much = parts.iter().zip(&weights).any(|(part, weight)| {
            U512::from(*part) > U512::from(total) * U512::from(*weight) / whole + U512::from(1u8)
        });
        let unfair = fractions.iter().enumerate().any(|(at, (up, fraction))| {
            let before = |other: &(usize, &(bool, U512))| {
                let (index, (other_up, other_fraction)) = other;
                !other_up
                    && (other_fraction > fraction || (other_fraction == fraction && *index < at))
            };
            *up && fractions.iter().enumerate().any(|other| before(&other))
        });
        if too_much || unfair { Err(format!("{parts:?} of {fractions:?}")) } else { Ok(()) }
    });
}

/// Paid so far plus the carry is the exact sum, at every step, and the carry stays below one atom.
#[test]
fn carried_splits_lose_nothing() {
    let steps = vec(wide().prop_map(|total| total >> 8), 1..30);
    property((steps, wide(), wide()), |(totals, a, b)| {
        let (numerator, denominator) = (a.min(b), a.max(b).max(1));
        let (mut carry, mut paid, mut exact) = (0, U512::ZERO, U512::ZERO);
        for total in totals {
            let (part, next) = with_carry(total, numerator, denominator, carry)
                .map_err(|error| error.to_string())?;
            paid += U512::from(part);
            exact += U512::from(total) * U512::from(numerator);
            carry = next;
            let kept = paid * U512::from(denominator) + U512::from(carry) == exact;
            if !kept || carry >= denominator {
                return Err(format!("{paid} and {carry} of {exact}"));
            }
        }
        Ok(())
    });
}
