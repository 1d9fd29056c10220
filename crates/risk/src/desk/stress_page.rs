//! Crises: what each needs, who pays, and what would empty the fund.

use super::{
    error::DeskError,
    inputs::{Book, Inputs},
    outcome::{ReverseLine, StressLine},
    progress::Progress,
    rules::rules,
    setup::Setup,
};
use crate::{
    data::Shock,
    need::{Conditions, Stressed, reverse, trace},
    scenarios::{Draft, Origin, Scenarios},
};
use backstop_units::Span;

/// Time of a step of a crisis that is given as changes alone.
const STEP: Span = Span::hours(1);

/// A crisis and where it comes from.
struct Crisis {
    shock: Shock,
    kind: &'static str,
    about: String,
}

/// The crises and the reverse stress.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    inputs: &Inputs,
    book: &Book,
    progress: &dyn Progress,
) -> Result<(Vec<StressLine>, Vec<ReverseLine>), DeskError> {
    let crises = crises(inputs);
    let total = u64::try_from(crises.len()).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(crises.len());
    for (done, crisis) in (0u64..).zip(&crises) {
        progress.tell("crises", done, total)?;
        lines.push(line(setup, book, crisis)?);
    }
    progress.tell("crises", total, total)?;
    Ok((lines, reversed(setup, book, &crises, progress)?))
}

fn crises(inputs: &Inputs) -> Vec<Crisis> {
    let yours = inputs.shocks.iter().map(|shock| Crisis {
        shock: shock.clone(),
        kind: "yours",
        about: String::new(),
    });
    yours.collect()
}

/// A crisis as a scenario of one.
fn scenario(book: &Book, crisis: &Shock) -> Result<Scenarios, DeskError> {
    let markets = book.portfolio.markets.clone();
    let steps = crisis.path.len().max(1);
    let mut cells = Vec::with_capacity(markets.len() * steps);
    for market in &markets {
        let mut last = 0.0;
        for step in 0..steps {
            let moved = crisis.path.get(step).and_then(|moves| {
                moves.iter().find(|(name, _)| name == market).map(|(_, change)| *change)
            });
            last = moved.unwrap_or(last);
            cells.push(last);
        }
    }
    Ok(Scenarios::new(Draft {
        markets,
        labels: vec![crisis.name.clone()],
        steps,
        step: STEP,
        origin: Origin {
            generator: "library".into(),
            settings: Vec::new(),
            window: None,
            seed: None,
        },
        cells,
    })?)
}

fn line(setup: &Setup, book: &Book, crisis: &Crisis) -> Result<StressLine, DeskError> {
    let scenarios = scenario(book, &crisis.shock)?;
    let conditions: [Conditions; 1] = [crisis.shock.conditions];
    let stressed = Stressed { scenarios: &scenarios, conditions: &conditions };
    let told = trace(&book.portfolio, &stressed, &rules(setup), 0)?;
    let outcome = &told.outcome;
    let fund = outcome.need.min(setup.fund.size);
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(StressLine {
        name: crisis.shock.name.clone(),
        kind: crisis.kind.to_owned(),
        about: crisis.about.clone(),
        need: outcome.need,
        end: outcome.end,
        cover_two: outcome.cover[1],
        accounts: (count(outcome.fell), count(outcome.short)),
        notional: outcome.closed,
        rounds: count(outcome.rounds),
        pays: vec![("fund".to_owned(), fund)],
        left: outcome.need - fund,
    })
}

/// Each market alone, all markets together, and each crisis, until the fund is empty.
fn reversed(
    setup: &Setup,
    book: &Book,
    crises: &[Crisis],
    progress: &dyn Progress,
) -> Result<Vec<ReverseLine>, DeskError> {
    if setup.fund.size <= 0.0 {
        return Ok(Vec::new());
    }
    let fallen = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), -0.01)).collect();
    let direction = |name: String, path: Vec<Vec<(String, f64)>>, conditions: Conditions| Shock {
        name,
        path,
        conditions,
    };
    let needed: Vec<&str> = book.portfolio.needed().collect();
    let mut directions = vec![direction(
        "all markets fall alike, by one percent".to_owned(),
        vec![fallen(&needed)],
        Conditions::NORMAL,
    )];
    for market in &needed {
        let name = format!("{market} alone falls by one percent");
        directions.push(direction(name, vec![fallen(&[market])], Conditions::NORMAL));
    }
    directions.extend(crises.iter().map(|crisis| crisis.shock.clone()));
    let total = u64::try_from(directions.len()).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(directions.len());
    for (done, shock) in (0u64..).zip(&directions) {
        progress.tell("reverse stress", done, total)?;
        lines.push(reverse_line(setup, book, shock)?);
    }
    Ok(lines)
}

fn reverse_line(setup: &Setup, book: &Book, shock: &Shock) -> Result<ReverseLine, DeskError> {
    let scenarios = scenario(book, shock)?;
    let conditions = [shock.conditions];
    let stressed = Stressed { scenarios: &scenarios, conditions: &conditions };
    let found = reverse(&book.portfolio, &stressed, 0, (&rules(setup), setup.fund.size))?;
    let by = found.multiple.unwrap_or(found.most);
    let last = shock.path.last().cloned().unwrap_or_default();
    Ok(ReverseLine {
        direction: shock.name.clone(),
        multiple: found.multiple,
        need: found.need,
        changes: last.into_iter().map(|(market, change)| (market, change * by)).collect(),
    })
}
