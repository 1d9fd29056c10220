//! A loss that people think of: an amount as they write it, and the tower with it.

use crate::problem::Problem;
use backstop_export::{names::Unit, picture::Waterfall};
use backstop_units::{Amount, parse_decimal};

/// Reads an amount in whole units, such as `1,250,000.5`, into atoms; nothing given is nothing lost.
///
/// # Errors
/// 400 when it is no amount.
pub(super) fn amount(text: Option<&str>, decimals: u8) -> Result<Amount, Problem> {
    let plain: String =
        text.unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if plain.is_empty() {
        return Ok(Amount::ZERO);
    }
    parse_decimal(&plain, decimals)
        .map(Amount::new)
        .map_err(|error| Problem::parameter("loss", &plain, &error.to_string()))
}

/// An amount as it stands in a field: digits, no zeros at the end.
pub(super) fn field(unit: &Unit, amount: Amount) -> String {
    let digits = unit.digits(amount);
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        digits
    }
}

/// What a slider goes up to, in whole units: what the limited layers can pay, and a third more.
pub(super) fn reach(waterfall: &Waterfall) -> u128 {
    let limited = waterfall.layers.iter().filter_map(|layer| layer.capacity);
    let limited = limited.filter(|amount| *amount != Amount::MAX);
    let all = limited.fold(Amount::ZERO, Amount::saturating_add).max(waterfall.loss);
    let whole = 10u128.checked_pow(u32::from(waterfall.unit.decimals)).unwrap_or(u128::MAX);
    let most = all.get().checked_div(whole).unwrap_or(0);
    most.saturating_add(most.checked_div(3).unwrap_or(0)).max(100)
}
