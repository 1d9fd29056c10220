//! One spelling and one encoding for each value.

use crate::{property, wide};
use backstop_units::{Amount, Hash, Label, Signed, Span, Timestamp, format_decimal, parse_decimal};
use proptest::prelude::*;

/// The end of the four-digit years that RFC 3339 can write.
const YEAR_9999: u64 = 253_402_300_799_999;

#[test]
fn decimals_read_back() {
    property((wide(), 0u8..=60), |(atoms, decimals)| {
        let text = format_decimal(atoms, decimals);
        if parse_decimal(&text, decimals) == Ok(atoms) { Ok(()) } else { Err(text) }
    });
}

#[test]
fn moments_read_back_and_follow_each_other() {
    property((0..=YEAR_9999, 0..=YEAR_9999), |(a, b)| {
        let texts = [a, b].map(|ms| Timestamp::from_ms(ms).to_string());
        for (ms, text) in [a, b].iter().zip(&texts) {
            if Timestamp::parse(text) != Ok(Timestamp::from_ms(*ms)) {
                return Err(text.clone());
            }
        }
        // To the second, the order of the texts is the order of the moments.
        let seconds = [a, b].map(|ms| ms / 1_000);
        let by_text = texts[0][..19].cmp(&texts[1][..19]);
        if by_text == seconds[0].cmp(&seconds[1]) { Ok(()) } else { Err(format!("{texts:?}")) }
    });
}

#[test]
fn what_is_printed_past_the_year_9999_reads_back_too() {
    property(any::<u64>(), |ms| {
        let text = Timestamp::from_ms(ms).to_string();
        if Timestamp::parse(&text) == Ok(Timestamp::from_ms(ms)) { Ok(()) } else { Err(text) }
    });
}

#[test]
fn days_are_those_of_the_calendar() {
    // Every day of 800 years against a calendar that counts them one by one.
    let (mut year, mut month, mut day) = (1970u64, 1u64, 1u64);
    for number in 0..292_194u64 {
        let text = Timestamp::from_ms(number * 86_400_000).to_string();
        assert_eq!(text, format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (year, month, day) = match (month, day == last) {
            (_, false) => (year, month, day + 1),
            (12, true) => (year + 1, 1, 1),
            (_, true) => (year, month + 1, 1),
        };
    }
}

#[test]
fn spans_read_back() {
    property(any::<u64>(), |ms| {
        for ms in [ms, ms % 1_000 * 86_400_000, ms % 100_000 * 1_000] {
            let text = Span::from_ms(ms).to_string();
            if Span::parse(&text) != Ok(Span::from_ms(ms)) {
                return Err(text);
            }
        }
        Ok(())
    });
}

#[test]
fn labels_and_digests_read_back() {
    property((any::<[u8; 16]>(), any::<[u8; 32]>(), "[a-z0-9._:-]{1,16}"), |(id, digest, text)| {
        let (id, digest) = (Label::from_bytes(id), Hash::new(digest));
        let named = Label::parse(&text).map_err(|error| error.to_string())?;
        let kept = Label::parse(&id.to_string()) == Ok(id)
            && Hash::parse(&digest.to_string()) == Some(digest)
            && named.to_string() == text
            && named.text() == Some(&text);
        if kept { Ok(()) } else { Err(format!("{id} {digest} {text}")) }
    });
}

#[test]
fn bytes_read_back() {
    property((wide(), any::<i128>(), any::<u64>()), |(amount, signed, ms)| {
        let value = (Amount::new(amount), Signed::new(signed), Timestamp::from_ms(ms));
        let bytes = borsh::to_vec(&value).map_err(|error| error.to_string())?;
        let back = borsh::from_slice(&bytes).map_err(|error| error.to_string())?;
        let folded = if signed < 0 { !signed } else { signed }.cast_unsigned();
        let folded = folded * 2 + u128::from(signed < 0);
        let used = |value: u128| 1 + (128 - value.leading_zeros()).div_ceil(8) as usize;
        if bytes.len() == used(amount) + used(folded) + 8 && value == back {
            Ok(())
        } else {
            Err(format!("{value:?}, {back:?}"))
        }
    });
}

#[test]
fn signed_parts_are_the_value() {
    property(any::<i128>(), |units| {
        let signed = Signed::new(units);
        let (gain, loss) = (signed.positive().get(), signed.negative().get());
        let kept = if units < 0 {
            gain == 0 && loss == units.unsigned_abs()
        } else {
            loss == 0 && gain == units.unsigned_abs()
        };
        if kept { Ok(()) } else { Err(format!("{gain} and {loss}")) }
    });
}
