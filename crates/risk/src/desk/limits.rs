//! What settings may be: the range of each, what they must be together, and how much one run may be asked for.
//!
//! One table, asked when a settings file is read and again before a run, for flags and forms change settings too. The layers
//! below keep checks of their own.

use super::{
    draw::Columns,
    error::DeskError,
    fee_page,
    setup::{Generator, Setup, Slice},
    year::YEARS_EACH,
};
use crate::{
    float::{count, ms_to_float, shown, to_count},
    scenarios::BAR_STEPS,
    sizing::YEAR,
};

/// Most changes of prices that are drawn: markets × scenarios × steps.
const CELLS_MAX: usize = 16_000_000;
/// Most horizons of losses that years are made of: paths, or draws of the interval with their years, × horizons in a year.
const YEARS_MAX: usize = 20_000_000_000;
/// Most days of losses that ruin is simulated over: paths × days.
const RUIN_MAX: usize = 1_000_000_000;
/// Most steps of the fee path: paths × steps.
const FEE_MAX: usize = 5_000_000;
/// Most levels, and most slices.
const LEVELS_MAX: usize = 20;
const SLICES_MAX: usize = 100;
/// Most money in a setting, in quote; and in atoms, as the ledger's amounts hold it.
const MONEY_MAX: f64 = 1e15;
const ATOMS_MAX: f64 = 1.7e38;
/// Most decimals of an asset of the ledger.
const DECIMALS_MAX: f64 = 30.0;
/// Highest seed: a settings file's whole numbers have 63 bits.
const SEED_MAX: u64 = i64::MAX.unsigned_abs();
/// How far two slices may be apart that touch, as a part of where they do.
const TOUCH: f64 = 1e-9;

/// Where a number may lie.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
    /// Whether both ends are among it, or the upper one.
    ends: (bool, bool),
}

/// From the first to the second.
const fn within(low: f64, high: f64) -> Range {
    Range { low, high, ends: (true, true) }
}

/// Above the first, up to the second.
const fn above(low: f64, high: f64) -> Range {
    Range { low, high, ends: (false, true) }
}

/// Above the first, below the second.
const fn between(low: f64, high: f64) -> Range {
    Range { low, high, ends: (false, false) }
}

impl Range {
    /// What is no number lies nowhere.
    fn holds(self, got: f64) -> bool {
        let low = got > self.low || self.ends.0 && got >= self.low;
        low && (got < self.high || self.ends.1 && got <= self.high)
    }

    fn words(self) -> String {
        let (low, high) = (shown(self.low), shown(self.high));
        match self.ends {
            (true, _) => format!("from {low} to {high}"),
            (false, true) => format!("above {low} and at most {high}"),
            (false, false) => format!("above {low} and below {high}"),
        }
    }
}

/// A setting's name, what it is, where it may lie, and what it counts.
type Row = (&'static str, f64, Range, &'static str);

const PART: &str = "a part of one: 0.1 is a tenth";
const QUOTE: &str = "whole units of the quote asset";
const SECONDS: &str = "seconds";
const TIMES: &str = "a factor";
const LEVEL: &str = "a probability: 0.99 is 99 %";
const ROOM: &str = "memory and time grow with it: ask for fewer";

/// Settings about prices, closing and models.
fn of_models(setup: &Setup) -> Vec<Row> {
    let (drawn, close, impact) = (&setup.scenarios, &setup.closing, &setup.impact);
    let (test, seeds) = (&setup.back_test, setup.reference_venue.seeds);
    let crash = drawn.crash_probability.unwrap_or(0.0);
    vec![
        ("scenarios.number", count(drawn.number), within(1.0, 1e6), ROOM),
        ("scenarios.steps", count(drawn.steps), within(1.0, 10_000.0), ROOM),
        ("scenarios.crash_probability", crash, within(0.0, 0.999), PART),
        ("scenarios.crash_correlation", drawn.crash_correlation, between(-1.0, 1.0), PART),
        ("closing.latency_seconds", close.latency_seconds, within(0.0, 604_800.0), SECONDS),
        ("closing.crash_latency", close.crash_latency, within(1.0, 1_000.0), TIMES),
        ("closing.jump_share", close.jump_share, within(0.0, 1.0), PART),
        ("closing.unwind_seconds", close.unwind_seconds, within(0.0, 31_536_000.0), SECONDS),
        ("closing.surplus_share", close.surplus_share, within(0.0, 1.0), PART),
        ("impact.factor", impact.factor, within(0.0, 1_000.0), TIMES),
        ("impact.full_move", impact.full_move, within(1e-4, 10.0), PART),
        ("impact.floor", impact.floor, within(1e-6, 1.0), PART),
        ("impact.permanent", impact.permanent, within(0.0, 1.0), PART),
        ("impact.band", impact.band, within(0.0, 0.99), PART),
        ("impact.rounds_max", f64::from(impact.rounds_max), within(1.0, 10_000.0), ROOM),
        ("back_test.window", count(test.window), within(1.0, 1e6), "steps of the price files"),
        ("back_test.refit", count(test.refit), within(1.0, 1e6), "steps of the price files"),
        ("back_test.level", test.level, within(0.5, 0.9999), LEVEL),
        ("back_test.significance", test.significance, within(1e-4, 0.5), PART),
        ("reference_venue.seeds", f64::from(seeds), within(0.0, 100_000.0), ROOM),
    ]
}

/// Settings about the fund and what it pays.
fn of_money(setup: &Setup) -> Vec<Row> {
    let (fund, costs, ruin) = (&setup.fund, &setup.costs, &setup.ruin);
    let (fee, tranches) = (&setup.fee, &setup.tranches);
    let decimals = f64::from(fund.decimals);
    let money = within(0.0, MONEY_MAX.min(ATOMS_MAX / libm::pow(10.0, decimals)));
    vec![
        ("fund.decimals", decimals, within(0.0, DECIMALS_MAX), "decimals of the quote asset"),
        ("fund.size", fund.size, money, QUOTE),
        ("fund.income_per_day", fund.income_per_day, money, QUOTE),
        ("costs.holding", costs.holding, above(0.0, 10.0), "a part of a unit, by the year"),
        ("costs.uncovered", costs.uncovered, above(0.0, 1e6), TIMES),
        ("costs.most", costs.most.unwrap_or(0.0), money, QUOTE),
        ("costs.draws", count(costs.draws), within(1.0, 100_000.0), ROOM),
        ("costs.tail_share", costs.tail_share, above(0.0, 0.5), PART),
        ("ruin.days", count(ruin.days), within(1.0, 36_500.0), ROOM),
        ("ruin.paths", count(ruin.paths), within(1.0, 1e6), ROOM),
        ("ruin.probability", ruin.probability, within(1e-6, 0.5), PART),
        ("ruin.income_share", ruin.income_share, within(0.0, 1.0), PART),
        ("fee.days", count(fee.days), within(1.0, 36_500.0), ROOM),
        ("fee.paths", count(fee.paths), within(1.0, 1e6), ROOM),
        ("tranches.load", tranches.load, within(0.0, 100.0), TIMES),
        ("tranches.lockup", tranches.lockup, within(0.0, 10.0), "a part of a unit, by the year"),
    ]
}

fn refused(key: &str, said: String) -> DeskError {
    DeskError::Setting { key: key.to_owned(), said }
}

fn ranged(key: &str, got: f64, range: Range, unit: &str) -> Result<(), DeskError> {
    if range.holds(got) {
        return Ok(());
    }
    let (got, range) = (shown(got), range.words());
    Err(refused(key, format!("{key} is {got}, it must lie {range} ({unit})")))
}

/// Numbers that multiply to what a run holds in memory or takes time for; their names, as an error has them.
fn product(key: &str, names: &str, numbers: &[usize], most: usize) -> Result<(), DeskError> {
    let got = numbers.iter().fold(1.0, |all, number| all * count(*number));
    if got <= count(most) {
        return Ok(());
    }
    let (got, each): (_, Vec<String>) =
        (shown(got), numbers.iter().map(usize::to_string).collect());
    let each = each.join(" × ");
    Err(refused(
        key,
        format!("{names} is {each} = {got}, at most {most} fit into one run: lower one of them"),
    ))
}

/// Checks every setting, and what they must be together.
pub(super) fn check(setup: &Setup) -> Result<(), DeskError> {
    if setup.seed > SEED_MAX {
        let got = setup.seed;
        return Err(refused("seed", format!("seed is {got}, it must lie from 0 to {SEED_MAX}")));
    }
    for (key, got, range, unit) in of_models(setup).into_iter().chain(of_money(setup)) {
        ranged(key, got, range, unit)?;
    }
    let (drawn, costs, ruin, fee) = (&setup.scenarios, &setup.costs, &setup.ruin, &setup.fee);
    if drawn.generator != Generator::Historical {
        let numbers = [drawn.number, drawn.steps];
        product("scenarios.number", "scenarios.number × scenarios.steps", &numbers, CELLS_MAX)?;
    }
    product("ruin.days", "ruin.days × ruin.paths", &[ruin.days, ruin.paths], RUIN_MAX)?;
    product("fee.days", "fee.days × fee.paths", &[fee.days, fee.paths], FEE_MAX)?;
    if costs.holding >= costs.uncovered {
        let (holding, uncovered) = (shown(costs.holding), shown(costs.uncovered));
        return Err(refused(
            "costs.holding",
            format!(
                "costs.holding is {holding}, it must lie below costs.uncovered, {uncovered}: what costs more to hold \
                 than to lack is never held"
            ),
        ));
    }
    levels(&setup.levels)?;
    slices(&setup.tranches.slices)
}

fn levels(levels: &[f64]) -> Result<(), DeskError> {
    ranged("levels", count(levels.len()), within(1.0, count(LEVELS_MAX)), "how many there are")?;
    for (at, level) in levels.iter().enumerate() {
        let key = format!("levels[{at}]");
        ranged(&key, *level, within(0.5, 0.999_999), LEVEL)?;
        if levels.iter().take(at).any(|other| other.total_cmp(level).is_eq()) {
            return Err(refused(
                &key,
                format!("{key} is {level}, which is there twice: remove one"),
            ));
        }
    }
    Ok(())
}

fn slices(slices: &[Slice]) -> Result<(), DeskError> {
    let most = within(0.0, count(SLICES_MAX));
    ranged("tranches.slices", count(slices.len()), most, "how many there are")?;
    let mut last: Option<f64> = None;
    for (at, slice) in slices.iter().enumerate() {
        let key = |name: &str| format!("tranches.slices[{at}].{name}");
        if slice.name.trim().is_empty() {
            let key = key("name");
            return Err(refused(&key, format!("{key} is empty: give the slice a name")));
        }
        ranged(&key("attach"), slice.attach, within(0.0, MONEY_MAX), QUOTE)?;
        ranged(&key("detach"), slice.detach, above(slice.attach, MONEY_MAX), QUOTE)?;
        if let Some(last) = last.filter(|last| (slice.attach - last).abs() > TOUCH * last) {
            let (key, got, last) = (key("attach"), shown(slice.attach), shown(last));
            return Err(refused(
                &key,
                format!(
                    "{key} is {got}, the slice before ends at {last}: a slice begins where the one before ends"
                ),
            ));
        }
        last = Some(slice.detach);
    }
    Ok(())
}

/// Checks how much a run of a size will be, now that its prices are known: before anything is drawn.
pub(super) fn room(setup: &Setup, columns: &Columns, fee: bool) -> Result<(), DeskError> {
    let drawn = &setup.scenarios;
    let markets = columns.markets.len();
    match drawn.generator {
        // A bar by itself is a path through its extremes.
        Generator::Historical if drawn.steps == 1 => product(
            "files.prices",
            "markets × bars of history × steps of a bar",
            &[markets, columns.days.len(), BAR_STEPS],
            CELLS_MAX,
        )?,
        Generator::Historical => product(
            "scenarios.steps",
            "markets × bars of history × scenarios.steps",
            &[markets, columns.days.len(), drawn.steps],
            CELLS_MAX,
        )?,
        _ => product(
            "scenarios.number",
            "markets × scenarios.number × scenarios.steps",
            &[markets, drawn.number, drawn.steps],
            CELLS_MAX,
        )?,
    }
    // A scenario may last minutes.
    let days = ms_to_float(columns.aligned.step.ms()) * count(drawn.steps) / 86_400_000.0;
    let in_year = to_count(libm::ceil(YEAR / days));
    let years = setup.ruin.paths.max(setup.costs.draws.saturating_mul(YEARS_EACH));
    product(
        "scenarios.steps",
        "scenarios that follow each other in a year (more scenarios.steps make it fewer) × the larger of ruin.paths and \
         costs.draws × 4000",
        &[in_year, years],
        YEARS_MAX,
    )?;
    if !fee {
        return Ok(());
    }
    let numbers = [fee_page::steps(setup, days), setup.fee.paths];
    product("fee.days", "steps of the fee path (fee.days) × fee.paths", &numbers, FEE_MAX)
}

#[cfg(test)]
mod tests;
