//! The need of the fund under all scenarios, as the report has it.

use super::{
    error::DeskError,
    inputs::Book,
    outcome::{CoverLine, InstantLine, LevelLine, NeedPage, ShareLine, WorstLine},
    progress::{Cancelled, Progress, Stage},
    rules::rules,
    setup::Setup,
    year::tailed,
};
use crate::{
    float::{count, ms_to_float, to_count},
    kernel::select::risk_of,
    models::{
        ModelError,
        largest::largest,
        tail::{Interval, Resampling, intervals_of, many_enough, of_sample},
    },
    need::{
        Covers, FEW, Instant, Outcome, Stressed, Tail, Trace, Uncovered, crude_losses,
        days_to_refill, instant, outcomes, trace,
    },
    scenarios::Scenarios,
    sizing::losses::Losses,
    stats::special::wilson,
};
use std::collections::BTreeMap;

/// Points of a curve in the report.
const POINTS: usize = 200;
/// Lines of a list of the worst.
const LINES: usize = 10;
/// Scenarios that a picture over time shows at most.
const OVER_TIME: usize = 3_000;
/// Draws behind each interval.
const DRAWS: usize = 500;
/// Milliseconds of a minute and of a day.
const MINUTE: f64 = 60_000.0;

/// What was computed, for the pages that follow.
#[derive(Debug)]
pub(super) struct Needs {
    /// Scenario by scenario.
    pub(super) outcomes: Vec<Outcome>,
    /// The covers.
    pub(super) covers: Covers,
    /// Needs as losses over the horizon, in days, with a tail where there are enough.
    pub(super) losses: Losses,
    /// Why there is no fitted tail.
    pub(super) no_tail: Option<ModelError>,
    /// What the crisis needs that the fund must survive; zero for none.
    pub(super) survive: f64,
}

/// The days of a horizon.
pub(super) fn days(scenarios: &Scenarios) -> f64 {
    ms_to_float(scenarios.horizon().ms()) / 86_400_000.0
}

/// How many of the scenarios are evidence.
pub(super) fn observations(scenarios: &Scenarios) -> usize {
    scenarios.origin().observations.unwrap_or(scenarios.number())
}

/// Runs all scenarios.
///
/// # Errors
/// [`DeskError`].
pub(super) fn needs(
    setup: &Setup,
    book: &Book,
    scenarios: &Scenarios,
    progress: &dyn Progress,
) -> Result<Needs, DeskError> {
    let stressed = Stressed { scenarios, conditions: &[] };
    let outcomes = outcomes(&book.portfolio, &stressed, &rules(setup), progress)?;
    let covers = Covers::of(&outcomes);
    let amounts: Vec<f64> = outcomes.iter().map(|outcome| outcome.need).collect();
    let plain = Losses::new(&amounts, days(scenarios))?;
    let of = (&plain, observations(scenarios));
    let tail = || Ok::<_, Cancelled>(tailed(of, setup.costs.tail_share, setup.seed, progress));
    let (losses, no_tail) = match Stage::begin(progress, "tail of the need", 1)?.part(tail)? {
        Ok(losses) => (losses, None),
        Err(error) => (plain, Some(error)),
    };
    Ok(Needs { outcomes, covers, losses, no_tail, survive: 0.0 })
}

/// The page.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    book: &Book,
    scenarios: &Scenarios,
    needs: &Needs,
    progress: &dyn Progress,
) -> Result<NeedPage, DeskError> {
    let stressed = Stressed { scenarios, conditions: &[] };
    let amounts: Vec<f64> = needs.outcomes.iter().map(|outcome| outcome.need).collect();
    let fund = setup.fund.size;
    let uncovered = Uncovered::of(&needs.outcomes, fund);
    let mut crude = crude_losses(&book.portfolio, &stressed)?;
    let crude = setup.levels.iter().filter_map(|level| {
        let risk = of_sample(&mut crude, *level).ok()?;
        Some((*level, risk.value_at_risk))
    });
    let at_once = instant(&book.portfolio, scenarios, progress)?;
    let (worst_path, worst) = worst(book, &stressed, (setup, &needs.outcomes), &at_once)?;
    let rounds = needs.outcomes.iter().map(|outcome| outcome.rounds).max().unwrap_or(0);
    let ordered = scenarios.origin().generator == "historical";
    let levels = levels(setup, (&amounts, observations(scenarios)), needs, progress)?;
    let loss = levels.first().map_or(0.0, |line: &LevelLine| line.expected_shortfall.estimate);
    Ok(NeedPage {
        origin: scenarios.origin().clone(),
        scenarios: scenarios.number(),
        steps: (scenarios.steps(), scenarios.step().to_string()),
        fund,
        levels,
        crude: crude.collect(),
        instant: instants(&setup.levels, &at_once)?,
        exceedance: exceedance(&needs.losses),
        over_time: if ordered { over_time(scenarios, &amounts) } else { Vec::new() },
        cover: covers(book, &stressed, (setup, &needs.covers), progress)?,
        shortfall: (
            needs.covers.shortfall.amount,
            named(scenarios, needs.covers.shortfall.scenario),
        ),
        path_and_end: (mean(&amounts), mean_of(&needs.outcomes, |outcome| outcome.end.max(0.0))),
        worst,
        worst_path,
        adl_probability: proportion((&amounts, observations(scenarios)), fund),
        adl_size: uncovered.mean,
        refill_days: days_to_refill(loss, setup.fund.income_per_day * setup.ruin.income_share),
        shares: shares(book, &stressed, (setup, &needs.outcomes), progress)?,
        cascade: (
            usize::try_from(rounds).unwrap_or(usize::MAX),
            needs.outcomes.iter().any(|outcome| outcome.capped),
        ),
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len().max(1))
}

fn mean_of(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    outcomes.iter().map(figure).sum::<f64>() / count(outcomes.len().max(1))
}

fn named(scenarios: &Scenarios, place: Option<usize>) -> String {
    place.and_then(|place| scenarios.labels().get(place)).cloned().unwrap_or_default()
}

/// Part of the scenarios that need more than a fund, with Wilson's bounds at 95 % for so many observations.
pub(super) fn proportion((amounts, observations): (&[f64], usize), fund: f64) -> Interval {
    let beyond = amounts.iter().filter(|need| **need > fund).count();
    let estimate = count(beyond) / count(amounts.len().max(1));
    let seen = to_count(libm::round(estimate * count(observations)));
    let (low, high) = wilson(seen, observations, 0.95);
    Interval { estimate, low: low.min(estimate), high: high.max(estimate) }
}

fn levels(
    setup: &Setup,
    (amounts, observations): (&[f64], usize),
    needs: &Needs,
    progress: &dyn Progress,
) -> Result<Vec<LevelLine>, DeskError> {
    let stage = Stage::begin(progress, "value at risk", setup.levels.len())?;
    let how = Resampling { draws: DRAWS, block: 1, confidence: 0.95, seed: setup.seed };
    let line = |level: &f64| -> Result<LevelLine, DeskError> {
        many_enough(amounts.len(), *level, FEW)?;
        seen(observations, *level)?;
        let (value_at_risk, expected_shortfall) =
            intervals_of((amounts, observations), *level, &how, progress)?;
        // A resample never goes beyond the worst day seen; the truth does, where days are few for the level.
        let unseen = libm::pow(*level, count(observations)) > (1.0 - how.confidence) / 2.0;
        let beyond = if unseen { largest(amounts, how.confidence).high } else { 0.0 };
        let reach = |found: Interval| Interval { high: found.high.max(beyond), ..found };
        let (value_at_risk, expected_shortfall) = (reach(value_at_risk), reach(expected_shortfall));
        let tail = needs.losses.tail().filter(|tail| 1.0 - level <= tail.tail.exceed);
        let by_tail = tail.and_then(|_| {
            let at_risk = needs.losses.value_at_risk(*level).ok()?;
            Some((at_risk, needs.losses.expected_shortfall(*level).ok()?))
        });
        Ok(LevelLine { level: *level, value_at_risk, expected_shortfall, by_tail })
    };
    setup.levels.iter().map(|level| stage.part(|| line(level))).collect()
}

/// Checks that history has a day beyond a level: drawing days again and again adds none.
fn seen(observations: usize, level: f64) -> Result<(), ModelError> {
    let least = to_count(libm::ceil(1.0 / (1.0 - level) - 1e-6));
    if observations >= least {
        return Ok(());
    }
    let hint = "give a longer history, or a lower level in `levels`: days that are drawn again are no evidence";
    Err(ModelError::TooFew {
        what: "days behind a level of the need",
        got: observations,
        least,
        hint,
    })
}

fn instants(levels: &[f64], at_once: &Instant) -> Result<Vec<InstantLine>, ModelError> {
    let line = |level: &f64| {
        let risk = |losses: &[f64]| {
            risk_of(losses, *level).map(|risk| (risk.value_at_risk, risk.expected_shortfall))
        };
        Ok(InstantLine { level: *level, end: risk(&at_once.end)?, worst: risk(&at_once.worst)? })
    };
    levels.iter().map(line).collect()
}

/// Need against the probability of more, at most [`POINTS`] of them, dense in the tail.
fn exceedance(losses: &Losses) -> Vec<(f64, f64)> {
    let sorted = losses.sorted();
    let number = sorted.len();
    let mut points = Vec::new();
    let mut last = usize::MAX;
    for point in 0..POINTS {
        // From all scenarios down to one, evenly on a logarithmic scale.
        let part = count(point) / count(POINTS - 1);
        let beyond = to_count(libm::round(libm::pow(count(number), 1.0 - part))).max(1);
        if beyond == last || beyond > number {
            continue;
        }
        last = beyond;
        if let Some(need) = sorted.get(number - beyond) {
            points.push((*need, count(beyond) / count(number)));
        }
    }
    points
}

fn over_time(scenarios: &Scenarios, amounts: &[f64]) -> Vec<(String, f64)> {
    let stride = amounts.len().div_ceil(OVER_TIME).max(1);
    let labels = scenarios.labels().chunks(stride).zip(amounts.chunks(stride));
    let worst = |(labels, needs): (&[String], &[f64])| {
        let need = needs.iter().copied().fold(0.0, f64::max);
        let at = needs.iter().position(|other| other.total_cmp(&need).is_eq()).unwrap_or(0);
        (labels.get(at).cloned().unwrap_or_default(), need)
    };
    labels.map(worst).collect()
}

fn covers(
    book: &Book,
    stressed: &Stressed<'_>,
    (setup, covers): (&Setup, &Covers),
    progress: &dyn Progress,
) -> Result<Vec<CoverLine>, DeskError> {
    let mut lines = Vec::new();
    for (groups, worst) in (1..).zip(&covers.cover) {
        progress.ask()?;
        let mut who = Vec::new();
        if let Some(scenario) = worst.scenario {
            let told = trace(&book.portfolio, stressed, &rules(setup), scenario)?;
            who = largest_groups(book, &told, groups);
        }
        let scenario = named(stressed.scenarios, worst.scenario);
        lines.push(CoverLine { groups, amount: worst.amount, scenario, who });
    }
    Ok(lines)
}

/// The owner groups with the largest deficits of a scenario, each account at zero or above.
fn largest_groups(book: &Book, told: &Trace, groups: usize) -> Vec<(String, f64)> {
    let mut accounts: BTreeMap<usize, f64> = BTreeMap::new();
    for deficit in &told.deficits {
        *accounts.entry(deficit.account).or_default() += deficit.amount;
    }
    let mut owners: BTreeMap<usize, f64> = BTreeMap::new();
    for (account, amount) in accounts {
        if let Some(account) = book.accounts.accounts.get(account) {
            *owners.entry(account.owner).or_default() += amount.max(0.0);
        }
    }
    let mut all: Vec<(usize, f64)> = owners.into_iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let named = |(owner, amount)| (book.portfolio.owners.get(owner).cloned(), amount);
    let named = all.into_iter().take(groups).map(named);
    named.filter_map(|(name, amount): (Option<String>, f64)| Some((name?, amount))).collect()
}

pub(super) fn owner(book: &Book, group: u32) -> String {
    let place = usize::try_from(group).unwrap_or(usize::MAX);
    book.portfolio.owners.get(place).cloned().unwrap_or_default()
}

/// The market that moved most in a scenario, and by how much at its furthest.
pub(super) fn furthest(scenarios: &Scenarios, scenario: usize) -> (String, f64) {
    let mut found = (String::new(), 0.0f64);
    for (at, market) in scenarios.markets().iter().enumerate() {
        for change in scenarios.path(at, scenario) {
            if change.abs() > found.1.abs() {
                found = (market.clone(), *change);
            }
        }
    }
    found
}

type Worst = (Vec<(f64, f64)>, Vec<WorstLine>);

fn worst(
    book: &Book,
    stressed: &Stressed<'_>,
    (setup, outcomes): (&Setup, &[Outcome]),
    at_once: &Instant,
) -> Result<Worst, DeskError> {
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by(|a, b| outcomes[*b].need.total_cmp(&outcomes[*a].need).then(a.cmp(b)));
    let minutes = ms_to_float(stressed.scenarios.step().ms()) / MINUTE;
    let mut path = Vec::new();
    if let Some(first) = order.first() {
        let Trace { totals, .. } = trace(&book.portfolio, stressed, &rules(setup), *first)?;
        path.push((0.0, 0.0));
        let steps = (1usize..).zip(totals);
        path.extend(steps.map(|(step, total)| (minutes * count(step), total)));
    }
    let line = |place: &usize| {
        let outcome = &outcomes[*place];
        WorstLine {
            scenario: named(stressed.scenarios, Some(*place)),
            need: outcome.need,
            end: outcome.end,
            instant: at_once.end.get(*place).copied(),
            closed: usize::try_from(outcome.fell).unwrap_or(usize::MAX),
            bankrupt: usize::try_from(outcome.short).unwrap_or(usize::MAX),
            notional: outcome.closed,
            market: furthest(stressed.scenarios, *place),
        }
    };
    Ok((path, order.iter().take(LINES).map(line).collect()))
}

fn shares(
    book: &Book,
    stressed: &Stressed<'_>,
    (setup, outcomes): (&Setup, &[Outcome]),
    progress: &dyn Progress,
) -> Result<Vec<ShareLine>, DeskError> {
    let Some(level) = setup.levels.first() else { return Ok(Vec::new()) };
    let tail = Tail::of(outcomes, *level)?;
    let mut lines = Vec::new();
    let portfolio = &book.portfolio;
    let mut put = |of: &str, name: &str, amount: f64| {
        if amount.abs() > 0.0 {
            lines.push(ShareLine { of: of.to_owned(), name: name.to_owned(), amount });
        }
    };
    for (name, amount) in portfolio.markets.iter().zip(tail.by_market(outcomes)) {
        put("market", name, amount);
    }
    let assets = [&portfolio.quote].into_iter().chain(&portfolio.assets);
    for (name, amount) in assets.zip(tail.by_asset(outcomes)) {
        put("asset", name, amount);
    }
    let stage = Stage::begin(progress, "who needs it", tail.scenarios.len())?;
    let traced = |(place, _): &(usize, f64)| {
        stage.part(|| Ok(trace(portfolio, stressed, &rules(setup), *place)?.by_group))
    };
    let groups = tail.scenarios.iter().map(traced).collect::<Result<Vec<_>, DeskError>>()?;
    let by_group = tail.by_group(&groups);
    let (first, rest) = by_group.split_at(by_group.len().min(LINES));
    for (group, amount) in first {
        put("group", &owner(book, *group), *amount);
    }
    put("group", "all others", rest.iter().map(|(_, amount)| amount).sum());
    Ok(lines)
}
