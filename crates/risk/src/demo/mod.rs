//! The demo: a leveraged venue on real prices, settled by a ledger of any preset.
//!
//! [`run`] draws a book, opens its accounts, fills the fund in proportion to open interest, and walks
//! the bars; [`DemoReport`] says who paid. The book is synthetic, the prices are real.

mod cast;
mod clock;
mod report;
mod setup;

pub(crate) use cast::in_role;
pub use cast::{Cast, fits, stage};
pub use report::{DemoReport, FundParts, LayerPaid, MarketReport, Payers, WorstBasis};
pub(crate) use setup::{fill_fund, open_accounts};

use crate::{
    book::Book,
    crash::Feed,
    error::RiskError,
    evidence::Evidence,
    ledger::Ledger,
    params::{BookParams, VenueParams},
    venue::{Listing, Names, Venue, VenueSetup},
};
use backstop_core::Genesis;
use backstop_units::{Amount, Label, Span, Timestamp};
use clock::Walker;
use report::{Before, Run};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct DemoSetup<'a> {
    /// Seed of the book.
    pub seed: u64,
    /// The genesis that the ledger was begun with, with a market for each feed ([`stage`]).
    pub genesis: &'a Genesis,
    /// Real prices, a feed for each market. The feed with the shortest bars leads: fees are charged and
    /// open interest is reported at the end of each of its bars.
    pub feeds: &'a [Feed],
    /// Steps of each of the three legs of a bar; [`STEPS_PER_LEG`](crate::path::STEPS_PER_LEG). A bar
    /// longer than an hour has as many for each of its hours.
    pub steps_per_leg: u32,
    /// What the book is drawn from; [`BookParams::DEMO`].
    pub book: &'a BookParams,
    /// How the venue works; [`VenueParams::DEMO`].
    pub venue: &'a VenueParams,
}

impl<'a> DemoSetup<'a> {
    /// The demo with the parameters of `docs/demo.md`.
    pub const fn new(seed: u64, genesis: &'a Genesis, feeds: &'a [Feed]) -> Self {
        Self {
            seed,
            genesis,
            feeds,
            steps_per_leg: crate::path::STEPS_PER_LEG,
            book: &BookParams::DEMO,
            venue: &VenueParams::DEMO,
        }
    }

    /// When the ledger has to begin, at the latest: an hour before the first bar.
    pub fn begins_at(&self) -> Timestamp {
        let first = self.feeds.iter().map(Feed::begins).min();
        first.unwrap_or(Timestamp::ZERO).minus(Span::hours(1))
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
    let listings = listings(setup)?;
    if let Some(feed) = setup.feeds.iter().find(|feed| feed.bars.quote_decimals != cast.decimals) {
        let (got, want) = (feed.bars.quote_decimals, cast.decimals);
        return Err(RiskError::Decimals { got, want });
    }
    let at = setup.begins_at();
    let quote_atoms = Amount::new(10u128.pow(u32::from(cast.decimals)));
    let prices: Vec<_> = listings.iter().map(|listing| listing.price).collect();
    let book = Book::synthetic(setup.seed, setup.book, &prices, quote_atoms)?;
    let maker = Label::parse("maker")?;
    let liquidators = setup::open_accounts((&cast, maker), setup.venue, &book, at, ledger)?;
    let names = Names {
        venue: cast.venue,
        custodian: cast.custodian,
        liquidators,
        maker,
        asset: cast.asset,
    };
    let opening = VenueSetup {
        params: setup.venue,
        book: &book,
        listings: &listings,
        names,
        at,
        quote_atoms,
    };
    let mut venue = Venue::open(opening, ledger)?;
    let one_sided = venue.one_sided()?;
    let total = setup.venue.fund_of_open_interest.of_floor(one_sided)?;
    let came_in = setup::fill_fund(&cast, setup.venue, (setup.seed, total), at, ledger)?;
    venue.end_bar(0, ledger)?;
    let before = Before {
        fund: report::fund_parts(&cast, &listings, ledger)?,
        interest: report::interest(&venue, listings.len()),
        notional: one_sided,
    };
    run_bars(setup, &mut venue, ledger, progress)?;
    let conservation = venue.check(came_in, ledger)?;
    let run = Run { setup, cast: &cast, listings: &listings, before: &before, venue: &venue };
    let report = report::report(&run, conservation, ledger)?;
    Ok((report, venue.evidence().to_vec()))
}

/// A market for each feed, at its first price.
fn listings(setup: &DemoSetup<'_>) -> Result<Vec<Listing>, RiskError> {
    let listing = |feed: &Feed| {
        let first = feed.bars.bars.first().filter(|_| setup.steps_per_leg > 0);
        let first = first.ok_or(RiskError::NothingToRun)?;
        Ok(Listing { market: feed.market, price: first.open })
    };
    if setup.feeds.is_empty() {
        return Err(RiskError::NothingToRun);
    }
    setup.feeds.iter().map(listing).collect()
}

/// Walks the leading feed's bars in their steps, the others beside it; at the end of each bar fees are
/// charged and clearing is squared.
fn run_bars(
    setup: &DemoSetup<'_>,
    venue: &mut Venue,
    ledger: &mut impl Ledger,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), RiskError> {
    let walker = |feed| Walker::new(feed, setup.steps_per_leg);
    let mut walkers: Vec<Walker<'_>> = setup.feeds.iter().map(walker).collect();
    let leader = setup.feeds.iter().min_by_key(|feed| feed.bars.span);
    let leader = leader.ok_or(RiskError::NothingToRun)?;
    let span = leader.bars.span;
    for (done, bar) in (1..).zip(&leader.bars.bars) {
        for at in Walker::new(leader, setup.steps_per_leg).moments(bar)? {
            let walkers = walkers.iter_mut().enumerate();
            let prices = walkers.map(|(market, walker)| walker.at(at, || venue.heavier(market)));
            let prices: Vec<_> = prices.collect::<Result<_, _>>()?;
            venue.step(at, &prices, ledger)?;
        }
        venue.end_bar(span.ms(), ledger)?;
        let tally = venue.tally();
        progress(Progress {
            bars: done,
            of: leader.bars.bars.len(),
            at: bar.open_time.plus(span),
            liquidations: tally.liquidations,
            deficits: tally.deficits,
        });
    }
    Ok(())
}
