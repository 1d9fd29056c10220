//! Figures of risk as people read them. **Rounding** to the nearest in decimal, ties to even; never a number that is none.

use crate::{names::trim, picture::Cell};
use backstop_units::grouped;

/// How figures of an axis or a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Money in whole units, four digits that matter: `123,400`, `12.34M`.
    Money,
    /// A part of one as a percentage: `12.5%`.
    Percent,
    /// A probability: `1 in 250`, and a percentage where it is above a tenth.
    Chance,
    /// Three digits that matter: `0.497`.
    Plain,
    /// How many: `10,000`.
    Count,
    /// A multiple: `1.25×`.
    Times,
}

impl Numbers {
    /// A figure as a cell of a table: rounded for people, in full for programs.
    pub fn cell(self, value: f64) -> Cell {
        Cell::Figure { shown: self.words(value), exact: exact(value) }
    }

    /// A figure in a text or a table.
    pub fn words(self, value: f64) -> String {
        match self {
            Self::Money => text(value, money),
            _ => self.brief(value),
        }
    }

    /// A figure on an axis or in a picture, as short as it gets: `123k`.
    pub fn brief(self, value: f64) -> String {
        match self {
            Self::Money => text(value, |value| lettered(&Decimal::of(value, 3), 3)),
            Self::Percent => text(value, |value| format!("{}%", hundredths(value))),
            Self::Chance => text(value, chance),
            Self::Plain => text(value, |value| Decimal::of(value, 3).shifted(0)),
            Self::Count => text(value, |value| Decimal::of(value.round(), 17).shifted(0)),
            Self::Times => {
                text(value, |value| format!("{}\u{d7}", Decimal::of(value, 3).shifted(0)))
            }
        }
    }

    /// An estimate with its interval: `12.3M (10.1M to 15.8M)`.
    pub fn interval(self, [estimate, low, high]: [f64; 3]) -> String {
        format!("{} ({} to {})", self.words(estimate), self.words(low), self.words(high))
    }
}

/// The shortest decimal that is the same double; nothing for what is no number.
pub(crate) fn exact(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

/// Words for what has none, a sign in front of the rest.
fn text(value: f64, of_size: impl Fn(f64) -> String) -> String {
    if value.is_nan() {
        return "unknown".to_owned();
    }
    if value.is_infinite() {
        return "no limit".to_owned();
    }
    let words = of_size(value.abs());
    // What rounds to zero has no sign.
    let is_zero = !words.contains(|letter: char| matches!(letter, '1'..='9'));
    if value.is_sign_negative() && !is_zero { format!("\u{2212}{words}") } else { words }
}

/// Digits of a number and where its point is.
struct Decimal {
    /// One before the point.
    digits: String,
    /// Power of ten that they are multiplied by.
    exponent: i32,
}

impl Decimal {
    /// So many digits of a number that is not below zero.
    fn of(value: f64, digits: usize) -> Self {
        let text = format!("{value:.*e}", digits.saturating_sub(1));
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        Self { digits: digits.replace('.', ""), exponent: exponent.parse().unwrap_or(0) }
    }

    /// The number ÷ 10 to a power, thousands apart, without zeros at the end of a fraction.
    fn shifted(&self, power: i32) -> String {
        if self.digits.bytes().all(|digit| digit == b'0') {
            return "0".to_owned();
        }
        let power_left = self.exponent.saturating_sub(power);
        if !(-17..=17).contains(&power_left) {
            let (first, rest) = self.digits.split_at_checked(1).unwrap_or((&self.digits, ""));
            return format!("{}e{power_left}", trim(format!("{first}.{rest}")));
        }
        let places = power_left.saturating_add(1);
        let Ok(places) = usize::try_from(places) else {
            let zeros = usize::try_from(places.unsigned_abs()).unwrap_or(0);
            return trim(format!("0.{}{}", "0".repeat(zeros), self.digits));
        };
        if places == 0 {
            return trim(format!("0.{}", self.digits));
        }
        let missing = places.saturating_sub(self.digits.len());
        let digits = format!("{}{}", self.digits, "0".repeat(missing));
        let (whole, fraction) = digits.split_at_checked(places).unwrap_or((&digits, ""));
        trim(format!("{}.{fraction}", grouped(whole)))
    }
}

/// With a letter for thousands, millions, from a power of ten on.
fn lettered(decimal: &Decimal, from: i32) -> String {
    let steps = [(12, "T"), (9, "B"), (6, "M"), (3, "k")];
    let step = steps.iter().find(|(power, _)| decimal.exponent >= *power && *power >= from);
    step.map_or_else(
        || decimal.shifted(0),
        |(power, letter)| format!("{}{letter}", decimal.shifted(*power)),
    )
}

fn money(value: f64) -> String {
    lettered(&Decimal::of(value, 4), 6)
}

/// Of a hundred, with as many digits as tell it from all of it.
fn hundredths(value: f64) -> String {
    let digits = |digits: usize| Decimal::of(value, digits).shifted(-2);
    let tells = |words: &String| words != "100" || value >= 1.0;
    (3..=9).map(digits).find(tells).unwrap_or_else(|| digits(17))
}

fn chance(value: f64) -> String {
    if value > 0.1 || value <= 0.0 {
        return format!("{}%", hundredths(value));
    }
    let of = 1.0 / value;
    let words = if of < 100.0 { format!("{of:.0}") } else { Decimal::of(of, 3).shifted(0) };
    format!("1 in {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_people_read_them() {
        for (numbers, value, want) in [
            (Numbers::Money, 0.0, "0"),
            (Numbers::Money, -0.0, "0"),
            (Numbers::Money, 0.012_34, "0.01234"),
            (Numbers::Money, 999.96, "1,000"),
            (Numbers::Money, 123_449.0, "123,400"),
            (Numbers::Money, 999_960.0, "1M"),
            (Numbers::Money, 12_344_900.0, "12.34M"),
            (Numbers::Money, -4_500_000_000.0, "\u{2212}4.5B"),
            (Numbers::Money, 1e18, "1,000,000T"),
            (Numbers::Money, 1.25e40, "1.25e28T"),
            (Numbers::Plain, 1e-30, "1e-30"),
            (Numbers::Count, 123_456_789.4, "123,456,789"),
            (Numbers::Percent, 0.125, "12.5%"),
            (Numbers::Percent, 0.999_5, "99.95%"),
            (Numbers::Percent, 0.999_99, "99.999%"),
            (Numbers::Percent, 1.0, "100%"),
            (Numbers::Percent, 12.3, "1,230%"),
            (Numbers::Percent, -0.000_012, "\u{2212}0.0012%"),
            (Numbers::Chance, 0.004, "1 in 250"),
            (Numbers::Chance, 0.1, "1 in 10"),
            (Numbers::Chance, 0.25, "25%"),
            (Numbers::Chance, 0.000_007_2, "1 in 139,000"),
            (Numbers::Chance, 0.0, "0%"),
            (Numbers::Plain, 0.497_4, "0.497"),
            (Numbers::Count, 10_000.0, "10,000"),
            (Numbers::Times, 1.25, "1.25\u{d7}"),
            (Numbers::Plain, f64::NAN, "unknown"),
            (Numbers::Money, f64::INFINITY, "no limit"),
        ] {
            assert_eq!(numbers.words(value), want, "{numbers:?} {value}");
        }
        assert_eq!(Numbers::Money.brief(123_449.0), "123k");
        assert_eq!(Numbers::Money.interval([1.23e7, 1.01e7, 1.58e7]), "12.3M (10.1M to 15.8M)");
        assert_eq!((exact(0.1), exact(f64::NAN)), ("0.1".to_owned(), String::new()));
    }
}
