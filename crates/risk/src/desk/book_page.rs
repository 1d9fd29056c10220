//! What stands at risk, as the report has it.

use super::{
    error::DeskError,
    inputs::Book,
    outcome::{BookPage, MarketLine, OwnerLine},
    progress::{Progress, Stage},
};
use crate::{
    data::Account,
    kernel::{self, KernelError, Panel, Run, portfolios},
    models::tail::long_enough,
    need::{NeedError, concentration},
    scenarios::Scenarios,
};
use std::collections::BTreeMap;

/// Part of a day's volume that a patient seller takes. **Source** a usual rule of execution desks: a tenth moves little.
const PARTICIPATION: f64 = 0.1;
/// Level of the owners' own risk. **Source** CPMI and IOSCO, "Principles for financial market infrastructures" (2012),
/// principle 6: margin covers future exposure with at least 99 %.
const LEVEL: f64 = 0.99;
/// Owners listed.
const OWNERS: usize = 10;

/// The page, without the owners' own risk: that needs scenarios.
pub(super) fn page(book: &Book) -> BookPage {
    let portfolio = &book.portfolio;
    let all = concentration(portfolio, PARTICIPATION);
    let line = |found: &crate::need::Concentration| MarketLine {
        market: portfolio.markets.get(found.market).cloned().unwrap_or_default(),
        price: portfolio.prices.get(found.market).copied().unwrap_or_default(),
        open_interest: 0.5 * found.open_interest,
        holders: found.holders,
        hhi: found.hhi,
        effective_number: found.effective_number,
        largest: (super::need_page::owner(book, found.largest.0), found.largest.1),
        days: found.days,
        add_on: found.add_on,
    };
    BookPage {
        accounts: portfolio.accounts.len(),
        groups: portfolio.owners.len(),
        quote: portfolio.quote.clone(),
        collateral: holdings(book).iter().map(|held| held.collateral).sum(),
        under_water: book.under_water,
        below_maintenance: below_maintenance(book),
        markets: all.iter().filter(|found| found.holders > 0).map(line).collect(),
        owners: Vec::new(),
    }
}

/// Accounts with positions that are below maintenance at the prices of now, by the core's margin code.
fn below_maintenance(book: &Book) -> usize {
    let accounts = book.accounts.accounts.iter().enumerate();
    let open = accounts.filter(|(_, account)| !account.positions.is_empty());
    open.filter(|(place, _)| book.portfolio.margins.falls(*place, &|_| 1.0)).count()
}

/// What an owner has in all accounts together, in quote at the prices of now.
#[derive(Clone, Debug, Default)]
struct Holding {
    accounts: usize,
    /// Before haircuts.
    collateral: f64,
    /// By market: positions, and collateral that follows it.
    moving: BTreeMap<usize, f64>,
}

impl Holding {
    fn add(&mut self, account: &Account, book: &Book) {
        self.accounts += 1;
        for held in &account.collateral {
            let worth = book.now.worth(held, &book.venue);
            self.collateral += worth;
            if let Some(asset) = book.venue.asset(held) {
                *self.moving.entry(asset.market).or_default() += worth;
            }
        }
        for position in &account.positions {
            *self.moving.entry(position.market).or_default() += book.now.notional(position);
        }
    }
}

/// One for each owner, in their order.
fn holdings(book: &Book) -> Vec<Holding> {
    let mut all = vec![Holding::default(); book.portfolio.owners.len()];
    for account in &book.accounts.accounts {
        if let Some(held) = all.get_mut(account.owner) {
            held.add(account, book);
        }
    }
    all
}

/// The owners with the largest value at risk of their own, over the scenarios' ends; none of too few scenarios.
///
/// # Errors
/// [`DeskError`].
pub(super) fn owners(
    book: &Book,
    scenarios: &Scenarios,
    progress: &dyn Progress,
) -> Result<Vec<OwnerLine>, DeskError> {
    if long_enough(scenarios.number(), LEVEL).is_err() {
        return Ok(Vec::new());
    }
    let held = holdings(book);
    let panel = panel(book, scenarios).map_err(NeedError::from)?;
    let watch = |_, _| progress.goes_on();
    let run = Run { watch: Some(&watch), ..Run::default() };
    let netted = netted(&held)?;
    let risks = Stage::begin(progress, "owners", 1)?
        .part(|| portfolios::historical(&netted, &panel, LEVEL, &run).map_err(DeskError::from))?;
    let mut order: Vec<usize> = (0..held.len()).collect();
    let at_risk = &risks.value_at_risk;
    order.sort_by(|a, b| at_risk[*b].total_cmp(&at_risk[*a]).then(a.cmp(b)));
    let line = |owner: &usize| OwnerLine {
        owner: book.portfolio.owners.get(*owner).cloned().unwrap_or_default(),
        accounts: held[*owner].accounts,
        value_at_risk: at_risk[*owner],
        expected_shortfall: risks.expected_shortfall[*owner],
        collateral: held[*owner].collateral,
    };
    let at_all = order.iter().filter(|owner| at_risk[**owner] > 0.0);
    Ok(at_all.take(OWNERS).map(line).collect())
}

/// Owners as the kernel reads them.
fn netted(held: &[Holding]) -> Result<kernel::Book, NeedError> {
    let mut all = kernel::Book::with_capacity(held.len(), held.len());
    for one in held {
        // A panel has no more markets than 16 bits count, or is refused.
        let place =
            |(market, size): (&usize, &f64)| (u16::try_from(*market).unwrap_or(u16::MAX), *size);
        let moving: Vec<(u16, f64)> = one.moving.iter().map(place).collect();
        all.push(one.collateral, &moving)?;
    }
    Ok(all)
}

/// The change of each market at the end of each scenario; one in which nobody has anything stands still.
fn panel(book: &Book, scenarios: &Scenarios) -> Result<Panel, KernelError> {
    let number = scenarios.number();
    let mut changes = Vec::with_capacity(book.portfolio.markets.len() * number);
    for name in &book.portfolio.markets {
        let until = changes.len() + number;
        let row = scenarios.place(name).map(|place| scenarios.row(place)).unwrap_or_default();
        let ends = row.chunks_exact(scenarios.steps()).filter_map(<[f64]>::last);
        changes.extend(ends.copied());
        changes.resize(until, 0.0);
    }
    Panel::new(book.portfolio.markets.len(), &changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::{Silent, fixture},
        random::Random,
        scenarios::{Draft, Origin},
    };
    use std::fmt::Write as _;

    const SETTINGS: &str = "[market.A]\nmaintenance = 0.05\nprice = 20.0\nadv = inf\nsigma = 0.1\n\
         [market.B]\nmaintenance = 0.05\nprice = 0.5\nadv = inf\nsigma = 0.1\n\
         [market.C]\nmaintenance = 0.05\nprice = 100.0\nadv = inf\nsigma = 0.1\n\
         [asset.B]\nhaircut = 0.2\nmarket = \"B\"\n";

    /// Accounts of 40 owners, what each holds by market, and what each has posted.
    fn drawn(random: &mut Random) -> (Book, Vec<[f64; 3]>, Vec<f64>) {
        let (mut accounts, mut positions) = (String::new(), String::new());
        let (mut moving, mut posted) = (vec![[0.0; 3]; 40], vec![0.0; 40]);
        for at in 0..100 {
            let (owner, cash, pledge) =
                (at % 40, random.lognormal(1_000.0, 1.0), random.lognormal(500.0, 1.0));
            writeln!(accounts, "a{at},o{owner},usd,{cash}\na{at},o{owner},B,{pledge}").unwrap();
            posted[owner] += cash + 0.5 * pledge;
            moving[owner][1] += 0.5 * pledge;
            for (market, name) in ["A", "B", "C"].into_iter().enumerate() {
                if random.chance(0.7) {
                    let side = if random.chance(0.6) { 1.0 } else { -1.0 };
                    let notional = side * random.lognormal(3_000.0, 1.5);
                    writeln!(positions, "a{at},{name},{notional}").unwrap();
                    moving[owner][market] += notional;
                }
            }
        }
        (fixture::book(SETTINGS, &accounts, &positions), moving, posted)
    }

    fn scenarios(random: &mut Random, number: usize) -> Scenarios {
        let draft = Draft {
            markets: ["C", "A", "B"].map(str::to_owned).to_vec(),
            labels: (0..number).map(|at| at.to_string()).collect(),
            steps: 2,
            step: backstop_units::Span::hours(1),
            origin: Origin::made_up("file", Vec::new()),
            cells: (0..6 * number).map(|_| (0.05 * random.normal()).max(-0.9)).collect(),
        };
        Scenarios::new(draft).unwrap()
    }

    #[test]
    fn the_riskiest_owners_are_those_of_a_plain_sort() {
        let mut random = Random::new(17);
        for _ in 0..5 {
            let (book, moving, posted) = drawn(&mut random);
            let paths = scenarios(&mut random, 500);
            let mut wanted: Vec<(usize, f64, f64)> = Vec::new();
            for (owner, held) in moving.iter().enumerate() {
                // The scenarios' rows are C, A, B.
                let loss = |at| -> f64 {
                    let rows = held.iter().zip([1, 2, 0]);
                    -rows.map(|(size, row)| size * paths.path(row, at)[1]).sum::<f64>()
                };
                let mut losses: Vec<f64> = (0..500).map(loss).collect();
                losses.sort_by(f64::total_cmp);
                // The 495th of 500, and the mean of the worst five.
                wanted.push((owner, losses[494], losses[495..].iter().sum::<f64>() / 5.0));
            }
            wanted.sort_by(|a, b| b.1.total_cmp(&a.1));
            let found = owners(&book, &paths, &Silent).unwrap();
            assert_eq!(found.len(), OWNERS);
            for (line, (owner, at_risk, beyond)) in found.iter().zip(&wanted) {
                assert_eq!(line.owner, format!("o{owner}"));
                assert_eq!(line.accounts, if *owner < 20 { 3 } else { 2 });
                for (got, want) in [
                    (line.value_at_risk, *at_risk),
                    (line.expected_shortfall, *beyond),
                    (line.collateral, posted[*owner]),
                ] {
                    assert!((got - want).abs() <= 1e-9 * want.abs(), "o{owner}: {got} {want}");
                }
            }
            let whole: f64 = posted.iter().sum();
            assert!((page(&book).collateral - whole).abs() <= 1e-9 * whole);
            assert_eq!(owners(&book, &scenarios(&mut random, 249), &Silent).unwrap(), []);
        }
    }

    #[test]
    fn who_needs_no_margin_is_not_below_it() {
        let of = |maintenance: &str| {
            let terms = format!(
                "[market.A]\nmaintenance = {maintenance}\nprice = 1.0\nadv = inf\nsigma = 0.1\n\
                 [asset.A]\nhaircut = 0.9\nmarket = \"A\"\n"
            );
            // Worth 50, of which margin counts −40.
            let book = fixture::book(&terms, "x,o,usd,-50\nx,o,A,100\n", "x,A,10\n");
            below_maintenance(&book)
        };
        assert_eq!((of("0.0"), of("0.01")), (0, 1));
    }
}
