//! How big the fund should be, what it costs, and what slices of its loss cost.

use super::{
    error::DeskError,
    need_page::{Needs, days, observations, proportion},
    outcome::{SizePage, TrancheLine},
    progress::Progress,
    setup::Setup,
    year::{between_seeds, quantile, yearly},
};
use crate::{
    float::count,
    models::{ModelError, largest::largest, tail::Interval},
    scenarios::Scenarios,
    sizing::{
        YEAR,
        losses::Losses,
        money,
        optimum::{Binding, Bounds, Certainty, Costs, Size, grid, size, size_without_mean},
        ruin::{Days, Fund, RuinError, Simulation, ruin, smallest},
        tranche::{Terms, Tranche, stack},
    },
};

/// Fund sizes of the grid, as parts of the recommended one.
const PARTS: [f64; 9] = [0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0];

pub(super) fn bounds(setup: &Setup, needs: &Needs) -> Bounds {
    let cover_two = needs.covers.cover.get(1).map_or(0.0, |worst| worst.amount);
    Bounds { cover_two, reverse_stress: needs.survive, most: setup.costs.most }
}

fn costs(setup: &Setup) -> Costs {
    Costs { holding: setup.costs.holding, uncovered: setup.costs.uncovered }
}

fn certainty(setup: &Setup) -> Certainty {
    Certainty { draws: setup.costs.draws, confidence: 0.95, seed: setup.seed }
}

/// The recommended size of one set of needs, without its interval.
///
/// # Errors
/// [`ModelError`].
pub(super) fn recommended(
    setup: &Setup,
    needs: &Needs,
    progress: &dyn Progress,
) -> Result<f64, ModelError> {
    let year = yearly(&needs.losses, setup.ruin.paths, setup.seed, ("years", progress))?;
    Ok(sized(setup, needs, &year)?.recommended.estimate)
}

/// The optimum over losses of a year. A need without a mean has none, and gets the cap: its years are drawn from the sample
/// alone, which is too kind to it.
fn sized(setup: &Setup, needs: &Needs, year: &Losses) -> Result<Size, ModelError> {
    let (costs, bounds) = (costs(setup), bounds(setup, needs));
    match needs.no_tail {
        Some(ModelError::InfiniteMean { shape }) => size_without_mean(year, &costs, &bounds, shape),
        _ => size(year, &costs, &bounds, &certainty(setup)),
    }
}

/// Cover-2, and between which two that of as many other scenarios would lie.
fn cover_two(needs: &Needs) -> Interval {
    let each: Vec<f64> = needs.outcomes.iter().map(|outcome| outcome.cover[1]).collect();
    largest(&each, 0.95)
}

/// An interval cut by floors and cap as its estimate was; a floor that is an estimate itself moves its ends.
fn within(estimate: f64, (drawn, cover): (Interval, Interval), bounds: &Bounds) -> Interval {
    let cut = |end: f64, cover: f64| {
        let floor = cover.max(bounds.reverse_stress);
        end.min(bounds.most.unwrap_or(f64::INFINITY)).max(floor)
    };
    let (low, high) = (cut(drawn.low, cover.low), cut(drawn.high, cover.high));
    Interval { estimate, low: low.min(estimate), high: high.max(estimate) }
}

const fn word(binding: Binding) -> &'static str {
    match binding {
        Binding::Newsvendor => "costs",
        Binding::CoverTwo => "Cover-2",
        Binding::ReverseStress => "the crisis that must be survived",
        Binding::Most => "the cap",
    }
}

/// The page. `others` are sizes that other seeds recommend.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    (needs, scenarios): (&Needs, &Scenarios),
    others: Vec<(u64, f64)>,
    progress: &dyn Progress,
) -> Result<SizePage, DeskError> {
    let bounds = bounds(setup, needs);
    let year = yearly(&needs.losses, setup.ruin.paths, setup.seed, ("years", progress))?;
    let found = sized(setup, needs, &year)?;
    let optimum = found.by_sample.unwrap_or(found.recommended.estimate);
    let observations = observations(scenarios);
    let sample = (&needs.losses, observations, optimum);
    let again = (setup.costs.draws, setup.seed);
    let drawn = match found.optimum {
        Some(_) => quantile(sample, found.fractile, again, progress)?,
        None => found.recommended,
    };
    let cover = cover_two(needs);
    let of_history = within(found.recommended.estimate, (drawn, cover), &bounds);
    let recommended = between_seeds(of_history, &others);
    let funds: Vec<f64> = PARTS.iter().map(|part| part * recommended.estimate).collect();
    let table = grid(&year, &funds, &setup.levels)?;
    let lasting = match daily(needs, scenarios) {
        Some(losses) => {
            let of_fund = (recommended.estimate, losses, observations);
            Some(lasting(setup, of_fund, progress)?)
        }
        None => None,
    };
    let atoms = money(recommended.estimate, setup.fund.decimals)?;
    let sample = needs.losses.clone().without_tail();
    let of_sample = ("years of the sample", progress);
    let sample = yearly(&sample, setup.ruin.paths, setup.seed, of_sample)?;
    Ok(SizePage {
        recommended,
        atoms: atoms.to_string(),
        decimals: setup.fund.decimals,
        binding: word(found.binding).to_owned(),
        fractile: found.fractile,
        beyond_history: beyond_history(&found, needs, observations),
        by_sample: sample.risk_in_sample(found.fractile).ok().map(|risk| risk.value_at_risk),
        by_tail: needs.losses.tail().map(|_| drawn),
        floors: (bounds.cover_two, bounds.reverse_stress),
        cover_two: cover,
        beyond_cap: found.beyond_most,
        cap: bounds.most,
        exceed: found.exceed,
        uncovered: found.uncovered,
        cost: found.cost,
        other_seeds: others,
        of_history: Some(of_history),
        funds: table.funds,
        confidences: table.levels,
        needs: table.needs,
        covered: table.covered,
        exceeds: table.exceed,
        ruin: lasting.map(|found| found.ruin),
        smallest: lasting.and_then(|found| Some((setup.ruin.probability, found.smallest?))),
        pays_for_itself: lasting.map(|found| found.pays_for_itself),
    })
}

/// How a fund lasts, day by day.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    ruin: Interval,
    /// The smallest start that keeps ruin as unlikely as is asked for; none where no start does.
    smallest: Option<f64>,
    pays_for_itself: bool,
}

/// Simulates a fund of this size over losses of days, of which so many are evidence.
fn lasting(
    setup: &Setup,
    (size, losses, observations): (f64, &Losses, usize),
    progress: &dyn Progress,
) -> Result<Lasting, DeskError> {
    let fund = Fund {
        start: size,
        income: setup.fund.income_per_day * setup.ruin.income_share,
        target: size,
        refill: 0.0,
        cap: None,
        floor: 0.0,
    };
    let how = Simulation {
        days: setup.ruin.days,
        paths: setup.ruin.paths,
        seed: setup.seed,
        confidence: 0.95,
    };
    let year = ruin(&fund, Days::Independent(losses), &how, progress)?;
    let of_days = proportion((losses.sorted(), observations), size);
    Ok(Lasting {
        ruin: as_sure_as_days(year.probability, of_days, setup.ruin.days),
        smallest: start(&fund, losses, setup, (&how, progress))?,
        pays_for_itself: year.pays_for_itself,
    })
}

/// How rare the largest loss of a scenario is that the fractile of a year asks for, where nothing that was seen is as rare.
fn beyond_history(found: &Size, needs: &Needs, observations: usize) -> Option<(f64, usize)> {
    let by_sample = found.binding == Binding::Newsvendor && needs.losses.tail().is_none();
    let rarity = YEAR / needs.losses.horizon() / -libm::log(found.fractile);
    (by_sample && rarity > count(observations)).then_some((rarity, observations))
}

/// A probability over days with the ends that a day's own have: however many years are simulated, they are made of days that
/// were seen, and one worse than the fund may not have been among them.
fn as_sure_as_days(simulated: Interval, day: Interval, days: usize) -> Interval {
    let over = |day: f64| -libm::expm1(count(days) * libm::log1p(-day.min(1.0)));
    let (low, high) = (over(day.low), over(day.high));
    Interval { low: simulated.low.min(low), high: simulated.high.max(high), ..simulated }
}

/// Losses of one day, where scenarios last one: ruin is simulated day by day.
fn daily<'a>(needs: &'a Needs, scenarios: &Scenarios) -> Option<&'a Losses> {
    ((days(scenarios) - 1.0).abs() < 1e-9).then_some(&needs.losses)
}

/// The smallest start that keeps ruin as unlikely as is asked for; none where no start does.
fn start(
    fund: &Fund,
    losses: &Losses,
    setup: &Setup,
    (how, progress): (&Simulation, &dyn Progress),
) -> Result<Option<f64>, DeskError> {
    let days = Days::Independent(losses);
    match smallest(fund, days, setup.ruin.probability, (how, progress)) {
        Ok(found) => Ok(Some(found.estimate)),
        Err(RuinError::NoStart { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Prices the slices of the settings over the losses of a year, or quarters of the recommended size and what lies above it.
///
/// # Errors
/// [`DeskError`].
pub(super) fn tranches(
    setup: &Setup,
    needs: &Needs,
    recommended: f64,
    progress: &dyn Progress,
) -> Result<Vec<TrancheLine>, DeskError> {
    let terms = Terms { load: setup.tranches.load, lockup: setup.tranches.lockup };
    let slice =
        |name: &str, attach: f64, detach: f64| Tranche { name: name.to_owned(), attach, detach };
    let asked = setup.tranches.slices.iter();
    let mut slices: Vec<Tranche> =
        asked.map(|asked| slice(&asked.name, asked.attach, asked.detach)).collect();
    if slices.is_empty() && recommended > 0.0 {
        slices = [
            ("junior", 0.0, 0.25),
            ("mezzanine", 0.25, 0.5),
            ("senior", 0.5, 1.0),
            ("beyond the fund", 1.0, 2.0),
        ]
        .map(|(name, from, to)| slice(name, from * recommended, to * recommended))
        .to_vec();
    }
    let year = yearly(&needs.losses, setup.ruin.paths, setup.seed, ("slices", progress))?;
    let priced = stack(&year, &slices, &terms)?;
    Ok(priced
        .into_iter()
        .map(|priced| TrancheLine {
            name: priced.tranche.name,
            attach: priced.tranche.attach,
            detach: priced.tranche.detach,
            attaches: priced.attaches,
            exhausts: priced.exhausts,
            expected: priced.expected,
            price: priced.price,
            yearly_rate: priced.yearly_rate,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::need::{Covers, Outcome};

    fn needs(no_tail: Option<ModelError>) -> Needs {
        let losses: Vec<f64> = (0..2_000).map(|at| f64::from(at % 100)).collect();
        let outcomes = vec![Outcome::default()];
        let covers = Covers::of(&outcomes);
        let losses = Losses::new(&losses, 1.0).unwrap();
        Needs { outcomes, covers, losses, no_tail, survive: 0.0 }
    }

    #[test]
    fn a_need_without_a_mean_is_not_sized_by_its_sample() {
        let heavy = needs(Some(ModelError::InfiniteMean { shape: 1.3 }));
        let mut setup = Setup::default();
        let year = Losses::new(&(0..2_000).map(f64::from).collect::<Vec<_>>(), YEAR).unwrap();
        let refused = sized(&setup, &heavy, &year).unwrap_err().to_string();
        assert!(refused.contains("costs.most"), "{refused}");
        setup.costs.most = Some(5_000.0);
        let found = sized(&setup, &heavy, &year).unwrap();
        assert_eq!((found.binding, found.recommended.estimate), (Binding::Most, 5_000.0));
        // The same losses with a tail that is merely not known are judged by the sample.
        let light = sized(&setup, &needs(None), &year).unwrap();
        assert_eq!((light.binding, light.recommended.estimate), (Binding::Newsvendor, 1_959.0));
    }

    #[test]
    fn years_are_no_surer_than_their_days() {
        let simulated = Interval { estimate: 0.0, low: 0.0, high: 1.0 / 5_210.0 };
        let day = Interval { estimate: 0.0, low: 0.0, high: 1.0 / 450.0 };
        let found = as_sure_as_days(simulated, day, 365);
        // 1 − (449 ÷ 450)³⁶⁵
        assert!((found.high - 0.5559).abs() < 1e-3 && found.low.abs() < 1e-300, "{found:?}");
        assert_eq!(as_sure_as_days(simulated, Interval::default(), 365), simulated);
    }

    #[test]
    fn what_history_is_too_short_for_is_told() {
        let setup = Setup::default();
        let year = Losses::new(&(0..2_000).map(f64::from).collect::<Vec<_>>(), YEAR).unwrap();
        let found = sized(&setup, &needs(None), &year).unwrap();
        let (rarity, seen) = beyond_history(&found, &needs(None), 1_724).unwrap();
        // 365 ÷ −ln 0.98
        assert!((rarity - 18_066.9).abs() < 1.0 && seen == 1_724, "{rarity}");
        assert_eq!(beyond_history(&found, &needs(None), 20_000), None);
    }
}
