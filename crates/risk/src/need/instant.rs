//! What scenarios come to if everybody were closed at their prices at once: no latency, no impact, no cascade.
//!
//! ```text
//!   equity(p)   cash + Σ pledges · p + Σ notional · (p − 1)        p: price ÷ price now
//!   instant     Σ max(0, −equity) over all accounts with positions
//! ```
//!
//! Nobody is closed on the way there: this is what prices alone do to accounts. Where the need is above it, closing costs
//! the difference; where it is below, closing in time saves it. The kernel [`Exposure::shortfall`] adds it up; whom
//! floats can't place on one side of zero the ledger's integer margin code decides ([`Margins::deficit`]).

use super::{
    account::{Margins, QUOTE_ATOMS},
    error::NeedError,
    exposure,
    portfolio::Portfolio,
    run::{Rows, Stressed},
};
use crate::{
    desk::{Progress, Stage},
    float::to_float,
    kernel::{
        Book, Exact, KernelError, Panel, Run,
        shortfall::{Exposure, Slack, Stress},
    },
    scenarios::Scenarios,
};
use core::ops::Range;

/// Looks at prices, one for each step of each scenario, that are worked together: bounds the memory.
const LOOKS: usize = 1 << 16;

/// What each scenario comes to, in quote units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instant {
    /// Everybody closed at its last prices.
    pub end: Vec<f64>,
    /// The same after the step at which it is most.
    pub worst: Vec<f64>,
    /// Accounts that owe more than all they have at its last prices.
    pub short: Vec<u64>,
}

impl Instant {
    fn add(&mut self, stress: &Stress, steps: usize) {
        for (sums, short) in stress.sums.chunks_exact(steps).zip(stress.short.chunks_exact(steps)) {
            self.end.extend(sums.last());
            self.worst.push(sums.iter().copied().fold(0.0, f64::max));
            self.short.extend(short.last());
        }
    }
}

/// What every scenario comes to, in their order: the same bytes on any number of threads of the current pool.
///
/// **Rounding** counts are those of the integer code; a sum is off by less than `n · 2⁻⁵³` of itself for `n` short
/// accounts, and by the stated error of each account's equity.
///
/// # Errors
/// [`NeedError::NoPath`], [`NeedError::Kernel`] for a price that grows more than a millionfold,
/// [`NeedError::Cancelled`].
pub fn instant(
    portfolio: &Portfolio,
    scenarios: &Scenarios,
    progress: &dyn Progress,
) -> Result<Instant, NeedError> {
    let rows = Rows::find(portfolio, &Stressed { scenarios, conditions: &[] })?;
    let book = book(&portfolio.exposure)?;
    let (number, steps) = (scenarios.number(), scenarios.steps());
    let each = (LOOKS / steps).max(1);
    let stage = Stage::begin(progress, "closed at once", number.div_ceil(each))?;
    let watch = |_, _| progress.goes_on();
    let run = Run { watch: Some(&watch), ..Run::default() };
    let mut found = Instant::default();
    for from in (0..number).step_by(each) {
        let part = from..number.min(from + each);
        let returns = returns(&rows, scenarios, part, portfolio.markets.len());
        let looked =
            stage.part(|| looked(portfolio, &book, &returns, &run).map_err(NeedError::from))?;
        found.add(&looked, steps);
    }
    Ok(found)
}

/// Every account with positions, in the exposure's order: its cash and the worth of its pledges now, then what moves
/// with a market, pledges among it.
fn book(all: &exposure::Exposure) -> Result<Book, KernelError> {
    let mut book = Book::with_capacity(all.len(), all.len());
    let mut moving = Vec::new();
    // A panel has no more markets than 16 bits count, or is refused.
    let place = |market: usize| u16::try_from(market).unwrap_or(u16::MAX);
    for account in 0..all.len() {
        let (held, pledged) = (all.held(account).iter(), all.pledged(account).iter());
        moving.clear();
        moving.extend(held.map(|held| (place(held.market as usize), held.notional)));
        moving.extend(pledged.clone().map(|pledge| (place(all.followed(pledge)), pledge.value)));
        let pledges: f64 = pledged.map(|pledge| pledge.value).sum();
        book.push(all.cash[account] + pledges, &moving)?;
    }
    Ok(book)
}

/// Changes since now after each step of some scenarios: all of a market, then of the next.
fn returns(rows: &Rows, scenarios: &Scenarios, part: Range<usize>, markets: usize) -> Vec<f64> {
    let looks = part.len() * scenarios.steps();
    let (mut all, mut ratios) = (vec![0.0; markets * looks], Vec::new());
    for (scenario, first) in part.zip((0..).step_by(scenarios.steps())) {
        rows.fill(scenarios, scenario, &mut ratios);
        for (at, ratio) in ratios.iter().enumerate() {
            all[at % markets * looks + first + at / markets] = ratio - 1.0;
        }
    }
    all
}

fn looked(
    portfolio: &Portfolio,
    book: &Book,
    returns: &[f64],
    run: &Run<'_>,
) -> Result<Stress, KernelError> {
    let (all, markets) = (&portfolio.exposure, portfolio.markets.len());
    let panel = Panel::new(markets, returns)?;
    let judge = Judge {
        margins: &portfolio.margins,
        origin: &all.origin,
        returns,
        looks: panel.scenarios(),
    };
    let most = 1.0 + returns.iter().copied().fold(0.0, f64::max);
    let error = (0..all.len()).map(|account| all.error(account, most)).fold(0.0, f64::max);
    let slack = Slack { relative: 0.0, absolute: error };
    Exposure { exact: Some(&judge), slack, ..Exposure::new(book, &panel) }.shortfall(run)
}

/// The integer code, asked where the float is within its error of zero.
struct Judge<'a> {
    margins: &'a Margins,
    origin: &'a [u32],
    returns: &'a [f64],
    looks: usize,
}

impl Exact for Judge<'_> {
    fn shortfall(&self, account: usize, scenario: usize) -> f64 {
        let ratio = |market: usize| 1.0 + self.returns[market * self.looks + scenario];
        let deficit = self.margins.deficit(self.origin[account] as usize, &ratio);
        // What overflows can't be told, but is within the error of nothing.
        deficit.map_or(0.0, |deficit| to_float(deficit.get()) / QUOTE_ATOMS)
    }
}
