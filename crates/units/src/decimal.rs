//! Decimal text to atoms and back, without floats.

use alloc::{format, string::String};

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Nothing to read.
    #[error("empty amount: write digits, such as 12 or 12.50")]
    Empty,
    /// Something other than digits and one point.
    #[error("character {got:?} in an amount: only digits and one point are read")]
    NotADigit {
        /// The first character that is neither.
        got: char,
    },
    /// More digits behind the point than the asset has.
    #[error("{got} decimals, the asset has {limit}: shorten the amount")]
    TooPrecise {
        /// Decimals in the text.
        got: usize,
        /// Decimals of the asset.
        limit: u8,
    },
    /// Past 128 bits of atoms.
    #[error("amount exceeds 128 bits of atoms")]
    Overflow,
}

/// Decimals of a price in whole quote units for one whole base unit: nine more than those of the quote.
///
/// A [`Price`](crate::Price) counts quote atoms for a whole base unit times 10⁹.
pub const fn price_decimals(quote: u8) -> u8 {
    quote.saturating_add(9)
}

/// Reads `12.5` as atoms of an asset with `decimals` decimals. Exact: no rounding, no exponent, no
/// sign, no blanks.
///
/// # Errors
/// See [`DecimalError`].
///
/// ```
/// use backstop_units::{format_decimal, parse_decimal};
/// assert_eq!(parse_decimal("12.5", 6), Ok(12_500_000));
/// assert_eq!(format_decimal(12_500_000, 6), "12.500000");
/// ```
pub fn parse_decimal(text: &str, decimals: u8) -> Result<u128, DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(DecimalError::NotADigit { got: '.' }),
        None => (text, ""),
    };
    if whole.is_empty() {
        return Err(DecimalError::Empty);
    }
    if fraction.len() > usize::from(decimals) {
        return Err(DecimalError::TooPrecise { got: fraction.len(), limit: decimals });
    }
    let padding = usize::from(decimals).saturating_sub(fraction.len());
    let zeros = core::iter::repeat_n('0', padding);
    whole.chars().chain(fraction.chars()).chain(zeros).try_fold(0u128, |sum, got| {
        let digit = got.to_digit(10).ok_or(DecimalError::NotADigit { got })?;
        sum.checked_mul(10)
            .and_then(|tens| tens.checked_add(u128::from(digit)))
            .ok_or(DecimalError::Overflow)
    })
}

/// Prints atoms with all `decimals` decimals of their asset; the reverse of [`parse_decimal`].
pub fn format_decimal(atoms: u128, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return format!("{atoms}");
    }
    let digits = format!("{atoms:0>width$}", width = decimals.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
    format!("{whole}.{fraction}")
}

/// A whole number for people: its digits with a comma before every third from the end; a minus sign stays in front.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        for (digits, want) in [
            ("", ""),
            ("7", "7"),
            ("-123", "-123"),
            ("1234", "1,234"),
            ("-123456", "-123,456"),
            ("1234567", "1,234,567"),
        ] {
            assert_eq!(grouped(digits), want);
        }
    }

    #[test]
    fn table() {
        for (text, decimals, want) in [
            ("0", 0, Ok(0)),
            ("12", 6, Ok(12_000_000)),
            ("0.000001", 6, Ok(1)),
            ("00012.50", 2, Ok(1_250)),
            ("340282366920938463463374607431768211455", 0, Ok(u128::MAX)),
            ("340282366920938463463374607431768211456", 0, Err(DecimalError::Overflow)),
            ("", 2, Err(DecimalError::Empty)),
            (".5", 2, Err(DecimalError::Empty)),
            ("5.", 2, Err(DecimalError::NotADigit { got: '.' })),
            ("1.2.3", 9, Err(DecimalError::NotADigit { got: '.' })),
            ("-1", 2, Err(DecimalError::NotADigit { got: '-' })),
            ("1e3", 2, Err(DecimalError::NotADigit { got: 'e' })),
            ("٣", 2, Err(DecimalError::NotADigit { got: '٣' })),
            ("1.001", 2, Err(DecimalError::TooPrecise { got: 3, limit: 2 })),
        ] {
            assert_eq!(parse_decimal(text, decimals), want, "{text:?}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for atoms in [0, 1, 999_999, 1_000_000, u128::MAX] {
            for decimals in [0, 1, 6, 18, 38, 60] {
                assert_eq!(parse_decimal(&format_decimal(atoms, decimals), decimals), Ok(atoms));
            }
        }
    }
}
