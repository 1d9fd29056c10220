//! One run from settings and files to a report.

use super::{
    back_page, book_page,
    draw::{self, Columns},
    error::DeskError,
    fee_page, forecast_page,
    inputs::{Book, Inputs},
    limits,
    need_page::{self, Needs},
    outcome::{BookPage, Report, VERSION},
    progress::{Progress, Within},
    reference_page,
    sensitivity::{self, Base},
    setup::Setup,
    size_page, stress_page, tail_page,
};
use crate::{
    data::{History, Series},
    float::{to_units, wide},
    scenarios::Scenarios,
};
use backstop_units::grouped;

/// How a note begins about a market that could not be back tested.
const NO_TEST: &str = "no back test of ";
/// Seeds that a recommended size is tried with beside its own.
const OTHER_SEEDS: usize = 3;
/// Stages of each: models of prices, scenarios, need, its tail, years.
pub(super) const SEED_STAGES: u64 = 5;

/// How far a bar may go from the close before it without a word, as parts of that close. **Source** a choice: days of BTC,
/// ETH and SOL since 2020 went no further than −48 % and +59 %; coins that failed did.
const USUAL: core::ops::RangeInclusive<f64> = -0.6..=1.0;

/// What a run is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one switch for each part of a report")]
pub struct Parts {
    /// The need and the recommended size.
    pub size: bool,
    /// How far both move with an assumption, unless the settings do without; brings the size with it.
    pub sensitivity: bool,
    /// Crises and the reverse stress.
    pub stress: bool,
    /// Back tests of the models of prices.
    pub back_test: bool,
    /// What is ahead.
    pub forecast: bool,
    /// The fee path; brings the size with it.
    pub fee: bool,
    /// Prices of slices; brings the size with it.
    pub tranches: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self {
        size: true,
        sensitivity: true,
        stress: true,
        back_test: true,
        forecast: true,
        fee: true,
        tranches: true,
    };
}

/// Who made a report, and when, as it will say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maker {
    /// Name and version of the program.
    pub program: String,
    /// The moment.
    pub made_at: String,
}

/// Makes a report.
///
/// # Errors
/// [`DeskError`]; [`DeskError::Cancelled`] whenever the watcher said to stop, however the work ended.
pub fn run(
    setup: &Setup,
    inputs: &Inputs,
    (parts, maker): (Parts, &Maker),
    progress: &dyn Progress,
) -> Result<Report, DeskError> {
    setup.check()?;
    let made = made(setup, inputs, (parts, maker), progress);
    progress.ask()?;
    made
}

fn made(
    setup: &Setup,
    inputs: &Inputs,
    (parts, maker): (Parts, &Maker),
    progress: &dyn Progress,
) -> Result<Report, DeskError> {
    let mut report = begin(setup, inputs, maker);
    if parts.size || parts.sensitivity || parts.fee || parts.tranches {
        sized(setup, inputs, (parts, &mut report), progress)?;
    }
    if parts.stress {
        let book = inputs.need_book("a stress test")?;
        let (stress, reverse) = stress_page::page(setup, inputs, book, progress)?;
        (report.stress, report.reverse) = (stress, reverse);
        report.reference = reference_page::page(setup, inputs, progress)?;
    }
    if parts.back_test {
        back_tested(setup, inputs, &mut report, progress)?;
        let alone = parts == Parts { back_test: true, ..Parts::default() };
        let done = report.back_tests.iter().any(|page| page.recommended.is_some());
        if alone && !done {
            return Err(DeskError::NoBackTest { why: untested(&report).join("\n") });
        }
    }
    if parts.forecast {
        report.forecast = Some(forecast_page::page(setup, inputs, progress)?);
    }
    report.notes.extend(inputs.history.as_ref().map(leaps).unwrap_or_default());
    report.notes.extend(notes(&report));
    Ok(report)
}

/// The furthest bar of each market, where it goes further than prices do: by one wrong digit, as a rule.
fn leaps(history: &History) -> Vec<String> {
    let leap = |series: &Series| {
        let (ends, moved) = series.furthest()?;
        let day = draw::label(ends, series.step);
        let (market, percent) = (&series.market, 100.0 * moved);
        (!USUAL.contains(&moved)).then(|| {
            format!(
                "{market}: the bar of {day} goes {percent:+.0} % from the close before: check it, one wrong price moves \
                 every figure"
            )
        })
    };
    history.all().iter().filter_map(leap).collect()
}

/// Why no market could be back tested: what its data lack, or what its first model does.
fn untested(report: &Report) -> Vec<String> {
    let mut why: Vec<String> =
        report.notes.iter().filter(|note| note.starts_with(NO_TEST)).cloned().collect();
    for page in &report.back_tests {
        let of_first = page.models.first().and_then(|line| line.failures.first());
        why.extend(of_first.map(|fault| format!("{NO_TEST}{}: {fault}", page.market)));
    }
    why
}

fn begin(setup: &Setup, inputs: &Inputs, maker: &Maker) -> Report {
    let nobody = BookPage {
        accounts: 0,
        groups: 0,
        quote: String::new(),
        collateral: 0.0,
        under_water: (0, 0.0),
        below_maintenance: 0,
        markets: Vec::new(),
        owners: Vec::new(),
    };
    let told = inputs.fund.as_ref().and_then(|fund| fund.note(setup));
    Report {
        version: VERSION,
        program: maker.program.clone(),
        made_at: maker.made_at.clone(),
        setup: setup.clone(),
        data: inputs.pages(),
        book: inputs.book.as_ref().map_or(nobody, book_page::page),
        need: None,
        size: None,
        sensitivity: None,
        fee: None,
        tranches: Vec::new(),
        stress: Vec::new(),
        reverse: Vec::new(),
        reference: None,
        back_tests: Vec::new(),
        tails: Vec::new(),
        forecast: None,
        notes: [inputs.notes.clone(), told.into_iter().collect()].concat(),
    }
}

/// Scenarios and what they need.
fn drawn(
    setup: &Setup,
    (columns, book, survive): (&Columns, &Book, f64),
    progress: &dyn Progress,
) -> Result<(Scenarios, Needs), DeskError> {
    let scenarios = draw::scenarios(setup, columns, progress)?;
    let needs = need_page::needs(setup, book, &scenarios, progress)?;
    Ok((scenarios, Needs { survive, ..needs }))
}

fn sized(
    setup: &Setup,
    inputs: &Inputs,
    (parts, report): (Parts, &mut Report),
    progress: &dyn Progress,
) -> Result<(), DeskError> {
    let book = inputs.need_book("the size of a fund")?;
    let columns = Columns::of_book(inputs.need_history("the size of a fund")?, book)?;
    limits::room(setup, &columns, parts.fee)?;
    let survive = stress_page::survived(setup, inputs, book)?;
    let world = (&columns, book, survive);
    let (scenarios, needs) = drawn(setup, world, progress)?;
    report.need = Some(need_page::page(setup, book, &scenarios, &needs, progress)?);
    report.book.owners = book_page::owners(book, &scenarios, progress)?;
    let observations = need_page::observations(&scenarios);
    report.tails.push(tail_page::of_need(setup, &needs, observations));
    let mut others = Vec::new();
    if scenarios.origin().seed.is_some() && parts.size {
        for more in 0..OTHER_SEEDS {
            let seed = setup.seed.wrapping_add(wide(more + 1));
            let other = Setup { seed, ..setup.clone() };
            let within = Within::new(progress, "other seeds", (more, OTHER_SEEDS), SEED_STAGES);
            let (_, needs) = drawn(&other, world, &within)?;
            others.push((seed, size_page::recommended(&other, &needs, &within)?));
        }
    }
    let size = size_page::page(setup, (&needs, &scenarios), others, progress)?;
    let recommended = size.recommended.estimate;
    report.size = Some(size);
    if let Some(level) = setup.levels.first().filter(|_| parts.sensitivity && setup.sensitivity) {
        let base =
            Base { setup, inputs, book, columns: &columns, scenarios: &scenarios, needs: &needs };
        report.sensitivity = Some(sensitivity::page(&base, *level, progress)?);
    }
    if parts.fee {
        let drawn = (&needs, &scenarios);
        report.fee = Some(fee_page::page(setup, inputs, drawn, recommended, progress)?);
    }
    if parts.tranches {
        report.tranches = size_page::tranches(setup, &needs, recommended, progress)?;
    }
    Ok(())
}

fn back_tested(
    setup: &Setup,
    inputs: &Inputs,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), DeskError> {
    let history = inputs.need_history("a back test")?;
    let markets: Vec<String> = history.markets().map(str::to_owned).collect();
    for (done, market) in markets.iter().enumerate() {
        let within = Within::new(progress, "back tests", (done, markets.len()), 1);
        let columns = Columns::single(history, market)?;
        let tested = back_page::page(setup, &columns, &within);
        // Whatever a stop looks like from within, it is none of the market's faults.
        progress.ask()?;
        match tested {
            Ok(page) => report.back_tests.push(page),
            Err(DeskError::Model(error)) => {
                report.notes.push(format!("{NO_TEST}{market}: {error}"));
            }
            Err(error) => return Err(error),
        }
        report.tails.push(tail_page::of_market(setup, &columns));
        within.end()?;
    }
    Ok(())
}

/// What a reader must know before trusting a figure.
fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let quote = &report.book.quote;
    if let (number @ 1.., owed) = report.book.under_water {
        notes.push(format!(
            "{number} accounts owe {} {quote} more than they have already: lost before any scenario, and in none of them",
            whole(owed)
        ));
    }
    if let number @ 1.. = report.book.below_maintenance {
        notes.push(format!(
            "{number} accounts are below maintenance at the prices of now: every scenario closes them, and a year of days as \
             often; close them first"
        ));
    }
    for page in &report.data {
        let missing: u64 = page.holes.iter().map(|hole| hole.3).sum();
        if missing > 0 {
            let file = &page.file;
            notes.push(format!("{file}: {missing} bars are missing; no return goes over a hole"));
        }
    }
    for page in &report.back_tests {
        let (passes, why) = &page.verdict;
        if !passes {
            notes.push(format!("no model of {} passes its back tests: {why}", page.market));
        }
    }
    for tail in &report.tails {
        if let Some(note) = &tail.note {
            notes.push(format!("no tail of {}: {note}", tail.of));
        }
    }
    if let Some(need) = &report.need
        && need.cascade.1
    {
        notes.push("a cascade was cut off before it came to rest; raise impact.rounds_max".into());
    }
    if let Some(size) = &report.size {
        let known = size.of_history.unwrap_or(size.recommended);
        let within = |other: &f64| (known.low..=known.high).contains(other);
        for (seed, other) in size.other_seeds.iter().filter(|(_, other)| !within(other)) {
            notes.push(format!(
                "seed {seed} recommends {} {quote}, further off than another history would: the interval was made wider for it; \
                 draw more scenarios (scenarios.number)",
                whole(*other)
            ));
        }
        if let Some((rarity, seen)) = size.beyond_history {
            notes.push(format!(
                "the costs ask for what comes once in {} scenarios, history has {} that share no day, and no tail goes beyond \
                 them: the size is made of the worst of these, and a worse one is to come",
                whole(rarity),
                grouped(&seen.to_string())
            ));
        }
        if size.beyond_cap > 0.0 {
            notes.push(format!(
                "the floors ask for {} {quote} more than costs.most allows: floors win; raise the cap, or lower what two groups \
                 can lose",
                whole(size.beyond_cap)
            ));
        }
        if size.pays_for_itself == Some(false) {
            notes.push("income is less than the expected loss: ruin is a matter of time".into());
        }
    }
    notes
}

/// Whole units for people.
fn whole(amount: f64) -> String {
    grouped(&to_units(libm::round(amount.max(0.0))).to_string())
}
