//! The demo: a leveraged venue on real prices, settled by a ledger of any preset.
//!
//! [`run`] draws a book, opens its accounts, fills the fund in proportion to open interest, and walks
//! the bars; [`DemoReport`] says who paid. The book is synthetic, the prices are real.

mod cast;
mod report;
mod setup;

pub use cast::Cast;
pub use report::{DemoReport, FundParts, LayerPaid, WorstBasis};

use crate::{
    book::Book,
    error::RiskError,
    evidence::Evidence,
    ledger::Ledger,
    params::{BookParams, VenueParams},
    path::{LEGS, walk},
    prices::{Bar, Bars},
    venue::{Listing, Names, Venue, VenueSetup},
};
use backstop_core::Genesis;
use backstop_units::{Amount, Label, Price, Span, Timestamp, mul_div_floor};
use report::{Before, Run};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct DemoSetup<'a> {
    /// Seed of the book.
    pub seed: u64,
    /// The genesis that the ledger was begun with.
    pub genesis: &'a Genesis,
    /// Real prices.
    pub bars: &'a Bars,
    /// Steps of each of the three legs of a bar; [`STEPS_PER_LEG`](crate::path::STEPS_PER_LEG).
    pub steps_per_leg: u32,
    /// What the book is drawn from; [`BookParams::DEMO`].
    pub book: &'a BookParams,
    /// How the venue works; [`VenueParams::DEMO`].
    pub venue: &'a VenueParams,
}

impl<'a> DemoSetup<'a> {
    /// The demo with the parameters of `docs/demo.md`.
    pub const fn new(seed: u64, genesis: &'a Genesis, bars: &'a Bars) -> Self {
        Self {
            seed,
            genesis,
            bars,
            steps_per_leg: crate::path::STEPS_PER_LEG,
            book: &BookParams::DEMO,
            venue: &VenueParams::DEMO,
        }
    }

    /// When the ledger has to begin, at the latest: an hour before the first bar.
    pub fn begins_at(&self) -> Timestamp {
        let first = self.bars.bars.first();
        first.map_or(Timestamp::ZERO, |bar| bar.open_time.minus(Span::hours(1)))
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bars done.
    pub bars: usize,
    /// Of so many.
    pub of: usize,
    /// The scenario's clock.
    pub at: Timestamp,
    /// Accounts closed so far.
    pub liquidations: u64,
    /// Losses placed so far.
    pub deficits: u64,
}

/// Runs the demo on a ledger that was begun with the setup's genesis, at
/// [`begins_at`](DemoSetup::begins_at) or before, and used for nothing else.
///
/// Everything goes through the ledger's commands; the same setup sends the same commands at the
/// same times. All money is counted at the end.
///
/// # Errors
/// [`RiskError`]; a [`RiskError::NotConserved`] is a defect.
pub fn run(
    setup: &DemoSetup<'_>,
    ledger: &mut impl Ledger,
    progress: &mut dyn FnMut(Progress),
) -> Result<DemoReport, RiskError> {
    run_with_evidence(setup, ledger, progress).map(|(report, _)| report)
}

/// As [`run`], and hands over the evidence of every step that closed somebody, so that loss pages
/// can show the rows and prove them.
///
/// # Errors
/// As [`run`].
pub fn run_with_evidence(
    setup: &DemoSetup<'_>,
    ledger: &mut impl Ledger,
    progress: &mut dyn FnMut(Progress),
) -> Result<(DemoReport, Vec<Evidence>), RiskError> {
    let cast = Cast::of(setup.genesis)?;
    let first = setup.bars.bars.first().filter(|_| setup.steps_per_leg > 0);
    let first = first.ok_or(RiskError::NothingToRun)?;
    if setup.bars.quote_decimals != cast.decimals {
        let (got, want) = (setup.bars.quote_decimals, cast.decimals);
        return Err(RiskError::Decimals { got, want });
    }
    let at = setup.begins_at();
    let quote_atoms = Amount::new(10u128.pow(u32::from(cast.decimals)));
    let book = Book::synthetic(setup.seed, setup.book, first.open, quote_atoms)?;
    let liquidators = setup::open_accounts(&cast, setup.venue, &book, at, ledger)?;
    let names = Names {
        venue: cast.venue,
        custodian: cast.custodian,
        liquidators,
        maker: Label::parse("maker")?,
        asset: cast.asset,
    };
    let listings = [Listing { market: cast.market, price: first.open }];
    let opening = VenueSetup {
        params: setup.venue,
        book: &book,
        listings: &listings,
        names,
        at,
        quote_atoms,
    };
    let mut venue = Venue::open(opening, ledger)?;
    let one_sided = venue.one_sided(0)?;
    let total = setup.venue.fund_of_open_interest.of_floor(one_sided)?;
    let came_in = setup::fill_fund(&cast, setup.venue, (setup.seed, total), at, ledger)?;
    venue.end_bar(0, ledger)?;
    let before = Before {
        fund: report::fund_parts(&cast, ledger)?,
        open_interest: venue.open_interest(0),
        trader_interest: venue.trader_interest(0),
        notional: one_sided,
    };
    for (done, bar) in (1..).zip(&setup.bars.bars) {
        run_bar(setup, &mut venue, bar, ledger)?;
        let tally = venue.tally();
        progress(Progress {
            bars: done,
            of: setup.bars.bars.len(),
            at: bar.open_time.plus(setup.bars.span),
            liquidations: tally.liquidations,
            deficits: tally.deficits,
        });
    }
    let conservation = venue.check(came_in, ledger)?;
    let run = Run { setup, cast: &cast, before: &before, venue: &venue, conservation };
    let report = report::report(&run, ledger)?;
    Ok((report, venue.evidence().to_vec()))
}

/// Walks one bar in its steps, then charges fees and squares clearing.
fn run_bar(
    setup: &DemoSetup<'_>,
    venue: &mut Venue,
    bar: &Bar,
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let prices: Vec<Price> = walk(bar, venue.heavier(0), setup.steps_per_leg)?;
    let span = u128::from(setup.bars.span.ms());
    let steps = u128::from(setup.steps_per_leg) * u128::from(LEGS);
    for (step, price) in (1u128..).zip(prices) {
        let passed = mul_div_floor(span, step, steps)?;
        let passed = Span::from_ms(u64::try_from(passed).unwrap_or(u64::MAX));
        venue.step(bar.open_time.plus(passed), &[price], ledger)?;
    }
    venue.end_bar(setup.bars.span.ms(), ledger)
}
