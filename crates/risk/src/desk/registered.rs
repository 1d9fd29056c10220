//! What forecasts of a run put into a registry: fits with the hash of their data, their window and their scores.

use super::{
    accounts_page,
    draw::Columns,
    error::DeskError,
    forecast_page,
    inputs::{Inputs, Texts},
};
use crate::{
    forecast::{
        fitted::{self, Origin, har},
        registry::Entry,
    },
    models::ModelError,
};
use backstop_units::Span;

/// A market's name and its entry, or what its data lacks.
pub type Registered = (String, Result<Entry, ModelError>);

/// Entries of the volatility models of every market that a price file of bars shorter than a day has, each named by model
/// and market, and of the model that outcomes of accounts teach, whose place in the list is its file's. One that is not let in by the gate is entered too, as refused.
///
/// # Errors
/// [`DeskError::Lacks`] without prices; what a market's data lacks is in its own place of the list.
pub fn entries(inputs: &Inputs, texts: &Texts) -> Result<Vec<Registered>, DeskError> {
    let mut found = Vec::new();
    if let (Some(outcomes), Some(text)) = (&inputs.outcomes, &texts.outcomes) {
        let (from, to) = &outcomes.window;
        let origin = Origin { data: text.text.as_bytes(), from, to };
        let entry = fitted::liquidation(&outcomes.rows, &accounts_page::WALK, origin);
        found.push((outcomes.file.clone(), entry));
    }
    let history = inputs.need_history("a registry of forecasts")?;
    if history.step() >= Span::days(1) {
        return Ok(found);
    }
    // The hash is over all files: a market's fit is good for these bytes and no others.
    let bytes: Vec<u8> = texts.prices.iter().flat_map(|text| text.text.bytes()).collect();
    let names: Vec<String> = history.markets().map(str::to_owned).collect();
    for name in names {
        let columns = Columns::single(history, &name)?;
        let day = |day: Option<&String>| {
            day.map_or_else(String::new, |day| day.chars().take(10).collect())
        };
        let (from, to) = (day(columns.days.first()), day(columns.days.last()));
        let origin = Origin { data: &bytes, from: &from, to: &to };
        let entry = forecast_page::realised_days(&columns)
            .and_then(|days| har(&days, &forecast_page::WALK, origin))
            .map(|entry| Entry { model: format!("{}:{name}", entry.model), ..entry });
        found.push((name, entry));
    }
    Ok(found)
}
