//! How values of the API's views are written for people: one place for money, times and shares.

use askama::filters::{Html as HtmlEscaper, escape};
pub(crate) use backstop_units::grouped;
use backstop_units::{format_decimal, price_decimals};
use serde_json::Value;
use std::borrow::Borrow;

/// What stands where there is nothing.
const NOTHING: &str = "–";

/// An object of a view, asked by field; templates never see JSON.
#[derive(Clone, Debug)]
pub(crate) struct View(pub(crate) Value);

impl View {
    /// A field as text.
    pub(crate) fn text(&self, field: &str) -> String {
        match &self.0[field] {
            Value::Null => NOTHING.to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// A field's word of the API as words for people.
    pub(crate) fn word(&self, field: &str) -> String {
        self.text(field).replace('_', " ")
    }

    /// All of it, over several lines.
    pub(crate) fn pretty(&self) -> String {
        format!("{:#}", self.0)
    }

    /// Whether a field is there, and neither false nor empty nor zero.
    pub(crate) fn has(&self, field: &str) -> bool {
        match &self.0[field] {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty() && text != "0",
            Value::Array(items) => !items.is_empty(),
            _ => true,
        }
    }

    /// A field's own fields.
    pub(crate) fn at(&self, field: &str) -> Self {
        Self(self.0[field].clone())
    }

    /// The items of a list.
    pub(crate) fn list(&self, field: &str) -> Vec<Self> {
        self.0[field].as_array().into_iter().flatten().cloned().map(Self).collect()
    }

    /// A field as a number; 0 where there is none.
    pub(crate) fn number(&self, field: &str) -> u128 {
        match &self.0[field] {
            Value::String(text) => text.parse().unwrap_or(0),
            Value::Number(number) => number.as_u64().map_or(0, u128::from),
            _ => 0,
        }
    }

    /// The asset's decimals, where the view states them.
    pub(crate) fn decimals(&self) -> u8 {
        u8::try_from(self.number("decimals")).unwrap_or(0)
    }

    /// A field of atoms as HTML; nothing if it is null.
    pub(crate) fn money(&self, field: &str, decimals: impl Borrow<u8>) -> String {
        if self.0[field].is_null() {
            NOTHING.to_owned()
        } else {
            money(self.number(field), *decimals.borrow())
        }
    }

    /// A field of atoms that may be below zero; nothing if it is null.
    pub(crate) fn signed(&self, field: &str, decimals: impl Borrow<u8>) -> String {
        let text = self.text(field);
        match text.strip_prefix('-').and_then(|digits| digits.parse().ok()) {
            Some(owed) => format!("−{}", money(owed, decimals)),
            None => self.money(field, decimals),
        }
    }

    /// A field with a price, in whole units of an asset with so many decimals; nothing if it is null.
    pub(crate) fn price(&self, field: &str, decimals: impl Borrow<u8>) -> String {
        if self.0[field].is_null() {
            return NOTHING.to_owned();
        }
        short(&format_decimal(self.number(field), price_decimals(*decimals.borrow())))
    }

    /// A field of hundredths of a percent as a percentage.
    pub(crate) fn percent(&self, field: &str) -> String {
        if self.0[field].is_null() { NOTHING.to_owned() } else { percent(self.number(field)) }
    }

    /// A field of parts of a million as a percentage.
    pub(crate) fn ppm(&self, field: &str) -> String {
        if self.0[field].is_null() {
            return NOTHING.to_owned();
        }
        let text = format_decimal(self.number(field), 4);
        format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }

    /// A field of parts of a million, which may be below zero, as a percentage with its sign.
    pub(crate) fn signed_ppm(&self, field: &str) -> String {
        let Some(text) = self.0[field].as_str() else { return NOTHING.to_owned() };
        let (sign, digits) = text.strip_prefix('-').map_or(("+", text), |digits| ("−", digits));
        let digits = format_decimal(digits.parse().unwrap_or(0), 4);
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let sign = if digits == "0" { "" } else { sign };
        format!("{sign}{digits}%")
    }

    /// A moment as HTML.
    pub(crate) fn time(&self, field: &str) -> String {
        self.0[field].as_str().map_or_else(|| NOTHING.to_owned(), time)
    }
}

/// Atoms as HTML: short for the eye, exact on hover and for a machine.
pub(crate) fn money(atoms: u128, decimals: impl Borrow<u8>) -> String {
    let full = format_decimal(atoms, *decimals.borrow());
    format!("<data class=\"money\" value=\"{atoms}\" title=\"{full}\">{}</data>", short(&full))
}

/// Groups of three, and two decimals; all decimals of what is less than one hundredth.
pub(crate) fn short(full: &str) -> String {
    let (whole, fraction) = full.split_once('.').unwrap_or((full, ""));
    let two: String = fraction.chars().take(2).collect();
    let tiny = whole == "0" && two.chars().all(|digit| digit == '0');
    let fraction = if tiny { fraction.trim_end_matches('0') } else { &two };
    let mut text = grouped(whole);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Hundredths of a percent as a percentage.
pub(crate) fn percent(bps: u128) -> String {
    format!("{}%", short(&format_decimal(bps, 2)))
}

/// An RFC 3339 moment as HTML, to the second.
pub(crate) fn time(text: &str) -> String {
    let plain = text.get(..19).unwrap_or(text).replace('T', " ");
    let exact = escape(text, HtmlEscaper).map(|text| text.to_string()).unwrap_or_default();
    let plain = escape(&plain, HtmlEscaper).map(|text| text.to_string()).unwrap_or_default();
    format!("<time datetime=\"{exact}\" title=\"{exact}\">{plain}</time>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_short_for_the_eye_and_exact_beside() {
        for (atoms, decimals, expected) in [
            (0, 6, "0"),
            (1, 6, "0.000001"),
            (9_999, 6, "0.009999"),
            (10_000, 6, "0.01"),
            (1_234_567_899_999, 6, "1,234,567.89"),
            (999, 0, "999"),
            (1_000, 0, "1,000"),
            (u128::MAX, 18, "340,282,366,920,938,463,463.37"),
        ] {
            assert_eq!(short(&format_decimal(atoms, decimals)), expected);
        }
        let view = View(
            serde_json::json!({ "owed": "-1500000", "mark": "107500000000000", "none": null }),
        );
        assert!(view.signed("owed", 6).starts_with("−<data class=\"money\" value=\"1500000\""));
        assert_eq!(
            (view.price("mark", 3), view.price("none", 3)),
            ("107.50".into(), NOTHING.into())
        );
        assert!(money(1_234_567, 6).contains("value=\"1234567\" title=\"1.234567\">1.23<"));
    }

    #[test]
    fn yields_have_their_sign() {
        let told = |text: &str| View(serde_json::json!({ "it": text })).signed_ppm("it");
        let words = ["0", "1", "-1", "125000", "-1000000"].map(told);
        assert_eq!(words, ["0%", "+0.0001%", "−0.0001%", "+12.5%", "−100%"]);
        assert_eq!(View(serde_json::json!({ "it": null })).signed_ppm("it"), "–");
    }

    #[test]
    fn percentages_and_moments() {
        assert_eq!([0, 1, 5_000, 12_345].map(percent), ["0%", "0.01%", "50.00%", "123.45%"]);
        assert!(time("2025-10-10T21:20:05.123Z").contains(">2025-10-10 21:20:05<"));
    }
}
