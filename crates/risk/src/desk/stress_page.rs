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
    float::to_float,
    need::{self, Crisis, NeedError, Payers, Stressed, in_crisis, payers, reverse},
    scenarios::library::{Kind, Stress, directions, history, hypothetical, yours},
};
use backstop_core::policy::LayerSource;
use backstop_units::Span;

/// Time of a step of a crisis of one's own.
const STEP: Span = Span::hours(1);

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
    let crises = crises(inputs, book)?;
    let total = u64::try_from(crises.len()).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(crises.len());
    for (done, crisis) in (0u64..).zip(&crises) {
        progress.tell("crises", done, total)?;
        lines.push(line(setup, inputs, book, crisis)?);
    }
    progress.tell("crises", total, total)?;
    let mut ways = directions(&parts(book).listed())?;
    ways.extend(crises.into_iter().filter(|crisis| crisis.whale <= 0.0));
    Ok((lines, reversed(setup, book, &ways, progress)?))
}

/// All crises: real days, made-up ones, one's own.
fn crises(inputs: &Inputs, book: &Book) -> Result<Vec<Stress>, DeskError> {
    let listed = parts(book).listed();
    let mut crises = history(&listed)?;
    crises.extend(hypothetical(&listed)?);
    crises.extend(yours(&inputs.shocks, &listed, STEP)?);
    Ok(crises)
}

/// What the crisis needs that the settings want survived; zero where they want none.
///
/// # Errors
/// [`DeskError::NoCrisis`] for a name that no crisis has.
pub(super) fn survived(setup: &Setup, inputs: &Inputs, book: &Book) -> Result<f64, DeskError> {
    let Some(name) = &setup.costs.survive else { return Ok(0.0) };
    let crises = crises(inputs, book)?;
    let Some(stress) = crises.iter().find(|stress| stress.name == *name) else {
        let known: Vec<&str> = crises.iter().map(|stress| stress.name.as_str()).collect();
        return Err(DeskError::NoCrisis { name: name.clone(), known: known.join(", ") });
    };
    let crisis = in_crisis(&book.portfolio, &parts(book), stress, &rules(setup))?;
    Ok(crisis.trace.outcome.need)
}

fn parts(book: &Book) -> need::Inputs<'_> {
    need::Inputs { venue: &book.venue, accounts: &book.accounts, now: &book.now }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::History => "history",
        Kind::Hypothetical => "hypothetical",
        Kind::Yours => "yours",
    }
}

fn line(
    setup: &Setup,
    inputs: &Inputs,
    book: &Book,
    stress: &Stress,
) -> Result<StressLine, DeskError> {
    let crisis = in_crisis(&book.portfolio, &parts(book), stress, &rules(setup))?;
    let outcome = &crisis.trace.outcome;
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let Paid { layers: pays, left, unpaid } = paid(setup, inputs, stress, &crisis)?;
    Ok(StressLine {
        name: stress.name.clone(),
        kind: kind(stress.kind).to_owned(),
        about: told_of(stress),
        need: outcome.need,
        end: outcome.end,
        cover_two: outcome.cover[1],
        accounts: (count(outcome.fell), count(outcome.short)),
        notional: outcome.closed,
        rounds: count(outcome.rounds),
        pays,
        left,
        unpaid,
    })
}

/// What happens, and which markets had no prices of their own in it.
fn told_of(stress: &Stress) -> String {
    let more = stress.scenarios.origin().settings.iter().filter(|line| **line != stress.about);
    let all: Vec<&str> =
        [stress.about.as_str()].into_iter().chain(more.map(String::as_str)).collect();
    all.join("; ")
}

/// Who pays, in quote.
struct Paid {
    /// Layer by layer.
    layers: Vec<(String, f64)>,
    /// What a larger fund would have paid: layers that traders and lenders bear, and what nobody pays.
    left: f64,
    /// What nobody pays: with the layers it adds up to all losses.
    unpaid: f64,
}

/// Who pays, by the production waterfall; without a preset the fund alone.
fn paid(
    setup: &Setup,
    inputs: &Inputs,
    stress: &Stress,
    crisis: &Crisis<'_>,
) -> Result<Paid, DeskError> {
    let fund = setup.fund.size;
    let alone = |name: String| {
        let need = crisis.trace.outcome.need;
        let left = (need - fund).max(0.0);
        Paid { layers: vec![(name, need.min(fund))], left, unpaid: left }
    };
    let Some(genesis) = &inputs.waterfall else { return Ok(alone("the fund".to_owned())) };
    let step = stress.scenarios.step();
    let found: Payers = match payers(genesis, &crisis.portfolio, &crisis.trace, (fund, step)) {
        // Such as a fund below the preset's smallest stake: told, not hidden. Books that don't add up are no refusal.
        Err(NeedError::Ledger(error)) if error.is_refusal() => {
            return Ok(alone(format!("the fund ({error})")));
        }
        found => found?,
    };
    let atoms = libm::pow(10.0, f64::from(found.decimals));
    let quote = |amount: backstop_units::Amount| to_float(amount.get()) / atoms;
    let layers = found.layers.iter().filter(|paid| !paid.amount.is_zero());
    let layers = layers.map(|paid| (layer(paid.source), quote(paid.amount))).collect();
    Ok(Paid { layers, left: quote(found.left()), unpaid: quote(found.residual) })
}

/// A layer in words.
fn layer(source: LayerSource) -> String {
    match source {
        LayerSource::FeePool => "fee pool".to_owned(),
        LayerSource::Reserve(fund) => format!("reserve of {fund}"),
        LayerSource::Staked(tranche) => format!("stakers of {tranche}"),
        LayerSource::Adl => "deleveraging".to_owned(),
        LayerSource::Socialised => "socialised over open interest".to_owned(),
        LayerSource::Depositors => "lenders".to_owned(),
        LayerSource::Equity => "accounts by equity".to_owned(),
        LayerSource::Haircut(_) => "haircut on winnings".to_owned(),
    }
}

/// Each direction until the fund is empty; nothing for a fund that is.
fn reversed(
    setup: &Setup,
    book: &Book,
    ways: &[Stress],
    progress: &dyn Progress,
) -> Result<Vec<ReverseLine>, DeskError> {
    if setup.fund.size <= 0.0 {
        return Ok(Vec::new());
    }
    let total = u64::try_from(ways.len()).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(ways.len());
    for (done, way) in (0u64..).zip(ways) {
        progress.tell("reverse stress", done, total)?;
        lines.push(reverse_line(setup, book, way, progress)?);
    }
    progress.tell("reverse stress", total, total)?;
    Ok(lines)
}

fn reverse_line(
    setup: &Setup,
    book: &Book,
    way: &Stress,
    progress: &dyn Progress,
) -> Result<ReverseLine, DeskError> {
    let conditions = [way.conditions];
    let stressed = Stressed { scenarios: &way.scenarios, conditions: &conditions };
    let fund = setup.fund.size;
    let found = reverse(&book.portfolio, &stressed, 0, (&rules(setup), fund), progress)?;
    let by = found.multiple.unwrap_or(found.most);
    let change = |(at, market): (usize, &String)| {
        let last = way.scenarios.path(at, 0).last().copied()?;
        (last.abs() > 0.0).then(|| (market.clone(), last * by))
    };
    Ok(ReverseLine {
        direction: way.name.clone(),
        multiple: found.multiple,
        need: found.need,
        changes: way.scenarios.markets().iter().enumerate().filter_map(change).collect(),
    })
}
