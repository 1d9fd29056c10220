//! Prices: what several feeds report, and what of it is believed.
//!
//! ```text
//!   signed reports ──▶ median of fresh families ──▶ sanity band ──▶ price
//!                         │ too few, stale,            │ suspect,
//!                         ▼ they disagree              ▼ not confirmed
//!                      no price                     no price
//! ```
//!
//! One source for whatever needs a price. Where there is none it is a reject or a parked loss, never
//! an old number. What time alone changes (a report that goes stale, a suspect price that has held long
//! enough) needs no command: [`price`] is a function of state and moment.

mod band;
pub(crate) mod evolve;
pub(crate) mod feed;
pub(crate) mod mark;
mod median;
pub(crate) mod report;

pub use band::{Band, Suspicion, Verdict};
pub use median::{Agreed, FEEDS_MAX, Vote, agree, median, near};
pub use report::{Report, report_bytes};

use crate::{
    reject::{Reject, RejectCode},
    state::{FeedSource, PriceIndex, State},
};
use arrayvec::ArrayVec;
use backstop_units::{FeedId, IndexId, Timestamp};

/// The price of an index at `now`: the median of its fresh feeds, if the band believes it.
///
/// **Units** quote atoms for a whole unit × 10⁹. **Complexity** O(feeds), at most [`FEEDS_MAX`].
///
/// # Errors
/// [`RejectCode::UnknownIndex`]; what [`agree`] says when feeds are missing, stale or disagree;
/// [`RejectCode::PriceOutOfBand`] and [`RejectCode::PriceJumped`], both with the last accepted price.
pub fn price(state: &State, id: IndexId, now: Timestamp) -> Result<Agreed, Reject> {
    let unknown = || Reject::got(RejectCode::UnknownIndex, id.get());
    let index = state.indexes.get(id).ok_or_else(unknown)?;
    let agreed = agree(&index.policy, &votes(state, index, None), now)?;
    let code = match index.band.judge(&index.policy, agreed.price, now) {
        Verdict::Accepted(_) | Verdict::Confirmed(_) | Verdict::NoPrice => return Ok(agreed),
        Verdict::Suspect { .. } => RejectCode::PriceOutOfBand,
        Verdict::Jumped(_) => RejectCode::PriceJumped,
    };
    let last = index.band.last().map_or(agreed.price, |(last, _)| last);
    Err(Reject::new(code, agreed.price, last))
}

/// What every feed of an index says, fresh or not; `new` stands in place of its feed's last report.
pub(crate) fn votes(
    state: &State,
    index: &PriceIndex,
    new: Option<(FeedId, Report)>,
) -> ArrayVec<Vote, FEEDS_MAX> {
    let vote = |id: &FeedId| {
        let feed = state.feeds.get(*id)?;
        let new = new.filter(|(reporter, _)| reporter == id).map(|(_, report)| report);
        let report = new.or(feed.report)?;
        let attested = matches!(feed.source, FeedSource::Account(_));
        Some(Vote { family: feed.family, price: report.price, at: report.as_of(), attested })
    };
    index.feeds.iter().take(FEEDS_MAX).filter_map(vote).collect()
}
