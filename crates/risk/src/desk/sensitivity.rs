//! How far the figures move when one assumption is changed at a time.
//!
//! A report rests on choices that nobody has measured on the venue at hand. Each row of [`ROWS`] changes one of them and
//! runs every scenario again. The scenarios are the same, path by path, unless the row is about them; so is the seed
//! of all that is drawn. A difference is then the assumption's, not luck's, and needs no interval, which would cost more
//! than the row. Rows about scenarios draw others: there the spread of other seeds stands beside the difference.

use super::{
    draw::{self, Columns},
    error::DeskError,
    inputs::{Book, Inputs},
    limits,
    need_page::{self, Needs},
    outcome::{Figures, SensitivityLine, SensitivityPage},
    progress::{Progress, Within},
    run::SEED_STAGES,
    setup::{Filtering, Generator, Setup},
    size_page, stress_page,
};
use crate::{
    data::{Accounts, Size, Venue},
    models::tail::{long_enough, of_sample},
    need::{Market0, Portfolio},
    scenarios::Scenarios,
};

/// What a run has done when the table is its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    /// The settings.
    pub(super) setup: &'a Setup,
    /// The files.
    pub(super) inputs: &'a Inputs,
    /// Accounts and terms.
    pub(super) book: &'a Book,
    /// Histories that scenarios are drawn from.
    pub(super) columns: &'a Columns,
    /// The scenarios.
    pub(super) scenarios: &'a Scenarios,
    /// What they need.
    pub(super) needs: &'a Needs,
}

/// All that a row may change.
#[derive(Clone, Debug)]
struct World {
    setup: Setup,
    venue: Venue,
    accounts: Accounts,
    now: Market0,
}

/// What an assumption then is, or why nothing changes.
type Told = Result<String, &'static str>;

/// One row: an assumption, how it is changed in words, and the change.
struct Variation(&'static str, &'static str, fn(&mut World) -> Told);

/// Why a row has nothing to change.
const SAME: &str = "it stands there in the report";
const OWN: &str = "it is the report's own";

/// The rows. Half and double, so that assumptions compare. What nobody can measure and has known ends comes with these
/// too: the jump share and the part of impact that stays. Without a jump an account falls in the middle of a move
/// and has only its latency to lose in; with all of it at once it falls straight to the end, and latency counts no more.
/// Figures between the ends need not lie between theirs: a jump that does not yet bring an account down leaves less of
/// the move for its latency.
const ROWS: [Variation; 23] = [
    Variation("latency", "half", |w| times(&mut w.setup.closing.latency_seconds, 0.5, " s")),
    Variation("latency", "double", |w| times(&mut w.setup.closing.latency_seconds, 2.0, " s")),
    Variation("latency in a crash", "as in calm times", |w| {
        put(&mut w.setup.closing.crash_latency, 1.0, " times that of calm times")
    }),
    Variation("latency in a crash", "double", |w| {
        times(&mut w.setup.closing.crash_latency, 2.0, " times that of calm times")
    }),
    Variation("part of a move at once", "none", |w| put(&mut w.setup.closing.jump_share, 0.0, "")),
    Variation("part of a move at once", "half", |w| part(&mut w.setup.closing.jump_share, 0.5)),
    Variation("part of a move at once", "double", |w| part(&mut w.setup.closing.jump_share, 2.0)),
    Variation("part of a move at once", "all", |w| put(&mut w.setup.closing.jump_share, 1.0, "")),
    Variation("depth and volume", "half", |w| deeper(w, 0.5)),
    Variation("depth and volume", "double", |w| deeper(w, 2.0)),
    Variation("depth left in a crash", "half", |w| part(&mut w.setup.impact.floor, 0.5)),
    Variation("depth left in a crash", "double", |w| part(&mut w.setup.impact.floor, 2.0)),
    Variation("impact that stays", "none", |w| put(&mut w.setup.impact.permanent, 0.0, "")),
    Variation("impact that stays", "all", |w| put(&mut w.setup.impact.permanent, 1.0, "")),
    Variation("haircut of collateral", "half", |w| haircut(w, 0.5)),
    Variation("haircut of collateral", "double", |w| haircut(w, 2.0)),
    Variation("largest owner", "double", |w| largest(w, 2.0)),
    Variation("volatility filter", "EWMA", |w| filter(w, Filtering::Ewma)),
    Variation("volatility filter", "GARCH", |w| filter(w, Filtering::Garch)),
    Variation("volatility filter", "GJR-GARCH", |w| filter(w, Filtering::Gjr)),
    Variation("scenarios", "historical", |w| generator(w, Generator::Historical)),
    Variation("scenarios", "filtered", |w| generator(w, Generator::Filtered)),
    Variation("scenarios", "simulated", |w| generator(w, Generator::Simulated)),
];

/// The table.
///
/// # Errors
/// [`DeskError`] where the report's own figures can't be computed, or when it is told to stop; a row that can't be
/// computed says why in its place.
pub(super) fn page(
    base: &Base<'_>,
    level: f64,
    progress: &dyn Progress,
) -> Result<SensitivityPage, DeskError> {
    let part = |place| Within::new(progress, "sensitivity", (place, ROWS.len() + 1), SEED_STAGES);
    let own = figures(base.setup, base.needs, level, &part(0))?;
    let mut lines = Vec::with_capacity(ROWS.len());
    for (place, variation) in (1..).zip(&ROWS) {
        let within = part(place);
        lines.push(line(base, level, variation, &within)?);
        within.end()?;
    }
    Ok(SensitivityPage { level, base: own, lines })
}

fn line(
    base: &Base<'_>,
    level: f64,
    Variation(assumption, change, apply): &Variation,
    progress: &dyn Progress,
) -> Result<SensitivityLine, DeskError> {
    let Book { venue, accounts, now, .. } = base.book;
    let mut world = World {
        setup: base.setup.clone(),
        venue: venue.clone(),
        accounts: accounts.clone(),
        now: now.clone(),
    };
    let (value, found) = match apply(&mut world) {
        Ok(value) => {
            let found = again(base, level, world, progress);
            // A stop is no row's fault.
            progress.ask()?;
            (value, found.map_err(|error| error.to_string()))
        }
        Err(why) => (String::new(), Err(why.to_owned())),
    };
    let (figures, why) = found.map_or_else(|why| (None, Some(why)), |found| (Some(found), None));
    let [assumption, change] = [assumption, change].map(|word| (*word).to_owned());
    Ok(SensitivityLine { assumption, change, value, figures, why })
}

/// Runs a changed world, from as far back as the change reaches.
fn again(
    base: &Base<'_>,
    level: f64,
    World { setup, venue, accounts, now }: World,
    progress: &dyn Progress,
) -> Result<Figures, DeskError> {
    limits::check(&setup)?;
    limits::room(&setup, base.columns, false)?;
    let (laid_out, drawn);
    let book = if venue == base.book.venue && accounts == base.book.accounts {
        base.book
    } else {
        let portfolio = Portfolio::new(&venue, &accounts, &now, &super::rules::rules(&setup))?;
        let under_water = base.book.under_water;
        laid_out = Book { venue, accounts, now, portfolio, under_water };
        &laid_out
    };
    let scenarios = if setup.scenarios == base.setup.scenarios {
        base.scenarios
    } else {
        drawn = draw::scenarios(&setup, base.columns, progress)?;
        &drawn
    };
    let survive = stress_page::survived(&setup, base.inputs, book)?;
    let needs = need_page::needs(&setup, book, scenarios, progress)?;
    figures(&setup, &Needs { survive, ..needs }, level, progress)
}

/// What a row is compared by.
fn figures(
    setup: &Setup,
    needs: &Needs,
    level: f64,
    progress: &dyn Progress,
) -> Result<Figures, DeskError> {
    let mut amounts: Vec<f64> = needs.outcomes.iter().map(|outcome| outcome.need).collect();
    long_enough(amounts.len(), level)?;
    let risk = of_sample(&mut amounts, level)?;
    Ok(Figures {
        value_at_risk: risk.value_at_risk,
        expected_shortfall: risk.expected_shortfall,
        cover_two: size_page::bounds(setup, needs).cover_two,
        size: size_page::recommended(setup, needs, progress)?,
        by_tail: needs.losses.tail().is_some(),
    })
}

fn put(setting: &mut f64, to: f64, unit: &str) -> Told {
    let before = std::mem::replace(setting, to);
    if before.total_cmp(&to).is_eq() { Err(SAME) } else { Ok(format!("{to}{unit}")) }
}

fn times(setting: &mut f64, by: f64, unit: &str) -> Told {
    let to = *setting * by;
    put(setting, to, unit)
}

/// A part of one, which is never more.
fn part(setting: &mut f64, by: f64) -> Told {
    let to = (*setting * by).min(1.0);
    put(setting, to, "")
}

fn filter(world: &mut World, to: Filtering) -> Told {
    let drawn = &mut world.setup.scenarios;
    if drawn.generator == Generator::Historical {
        return Err("historical scenarios have no filter");
    }
    let before = std::mem::replace(&mut drawn.filter, to);
    if before == to { Err(OWN) } else { Ok("other scenarios".to_owned()) }
}

fn generator(world: &mut World, to: Generator) -> Told {
    let before = std::mem::replace(&mut world.setup.scenarios.generator, to);
    if before == to { Err(OWN) } else { Ok("other scenarios".to_owned()) }
}

/// Depth and volume of every market; what is without end stays so.
fn deeper(world: &mut World, by: f64) -> Told {
    let mut finite = false;
    for market in &mut world.venue.markets {
        for given in [&mut market.adv, &mut market.depth_per_percent].into_iter().flatten() {
            finite |= given.is_finite();
            *given *= by;
        }
    }
    if finite { Ok(format!("{by} × that of each market")) } else { Err("no market has a limit") }
}

fn haircut(world: &mut World, by: f64) -> Told {
    let mut changed = false;
    for asset in &mut world.venue.assets {
        let to = (asset.haircut * by).min(1.0);
        changed |= asset.haircut.total_cmp(&to).is_ne();
        asset.haircut = to;
    }
    if changed { Ok(format!("{by} × that of each asset")) } else { Err("no asset has a haircut") }
}

/// The owner with the largest positions has so many times of them and of its collateral: the same leverage in another
/// size, so that the row is about concentration alone. The first of those who are as large.
fn largest(world: &mut World, by: f64) -> Told {
    let mut held = vec![0.0; world.accounts.owners.len()];
    for account in &world.accounts.accounts {
        let sizes = account.positions.iter().map(|one| world.now.notional(one).abs());
        if let Some(held) = held.get_mut(account.owner) {
            *held += sizes.sum::<f64>();
        }
    }
    let mut most = (0.0, None);
    for (owner, size) in held.into_iter().enumerate() {
        most = if size > most.0 { (size, Some(owner)) } else { most };
    }
    let Some(owner) = most.1 else { return Err("nobody holds anything") };
    for account in world.accounts.accounts.iter_mut().filter(|account| account.owner == owner) {
        for position in &mut account.positions {
            position.size = match position.size {
                Size::Base(size) => Size::Base(size * by),
                Size::Notional(notional) => Size::Notional(notional * by),
            };
        }
        account.collateral.iter_mut().for_each(|posted| posted.amount *= by);
    }
    let name = world.accounts.owners.get(owner).map_or("", String::as_str);
    Ok(format!("{by} × positions and collateral of {name}"))
}
