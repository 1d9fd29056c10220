//! One report of a feed: signed by its key, or attested by an office of the venue.

use super::{Verdict, agree, votes};
use crate::{
    command::ReportPrice,
    event::Event,
    governance::{Context, approvals::check_signature},
    reject::{Halt, Reject, RejectCode},
    state::{Feed, FeedSource, State},
};
use alloc::vec::Vec;
use backstop_units::{Hash, Label, Price, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

const PREFIX: &[u8] = b"backstop price v1\n";

/// What a feed said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Report {
    /// Quote atoms for a whole unit × 10⁹.
    pub price: Price,
    /// When the feed saw it, by its own clock.
    pub at: Timestamp,
    /// When it came in.
    pub taken: Timestamp,
}

impl Report {
    /// The moment that its age is counted from: a clock ahead doesn't make a report young.
    pub fn as_of(&self) -> Timestamp {
        self.at.min(self.taken)
    }
}

/// The exact bytes that a feed signs for a report.
pub fn report_bytes(
    ledger: Label,
    index: Label,
    feed: Label,
    price: Price,
    at: Timestamp,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX.len().saturating_add(72));
    bytes.extend_from_slice(PREFIX);
    bytes.extend_from_slice(ledger.bytes());
    bytes.extend_from_slice(index.bytes());
    bytes.extend_from_slice(feed.bytes());
    bytes.extend_from_slice(&price.get().to_le_bytes());
    bytes.extend_from_slice(&at.ms().to_le_bytes());
    bytes
}

/// Takes a report that is later than the feed's last one, and says what the index makes of it.
pub(crate) fn report(
    state: &State,
    context: &Context<'_>,
    command: &ReportPrice,
) -> Result<Event, Halt> {
    let id = state.feed_id(command.feed)?;
    let feed = state.feeds.expect(id)?;
    let index = state.indexes.expect(feed.index)?;
    if feed.retired {
        return Err(Reject::got(RejectCode::FeedRetired, command.feed).into());
    }
    signed(state, context, feed, index.label, command)?;
    let (now, at) = (context.now, command.at);
    if let Some(last) = feed.report.filter(|last| at <= last.at) {
        return Err(Reject::new(RejectCode::ReportOutOfOrder, at, last.at).into());
    }
    let newest = now.plus(state.meta.limits.skew_ahead);
    if at > newest {
        return Err(Reject::new(RejectCode::ReportAhead, at, newest).into());
    }
    if command.price.is_zero() {
        return Err(Reject::none(RejectCode::PriceZero).into());
    }
    let report = Report { price: command.price, at, taken: now };
    let agreed = agree(&index.policy, &votes(state, index, Some((id, report))), now);
    let judge = |price| index.band.judge(&index.policy, price, now);
    let verdict = agreed.map_or(Verdict::NoPrice, |agreed| judge(agreed.price));
    Ok(Event::PriceReported { feed: id, index: feed.index, price: command.price, at, verdict })
}

/// A feed with a key needs its signature; who sends the report for it does not matter.
fn signed(
    state: &State,
    context: &Context<'_>,
    feed: &Feed,
    index: Label,
    command: &ReportPrice,
) -> Result<(), Reject> {
    let FeedSource::Key(key) = feed.source else { return Ok(()) };
    let unfit =
        |got: &'static str| Reject::new(RejectCode::BadReportSignature, got, Hash::new(key.0));
    let Some(signature) = command.signature else { return Err(unfit("no signature")) };
    if !context.check_signatures {
        return Ok(());
    }
    let (ledger, price, at) = (state.meta.ledger, command.price, command.at);
    let bytes = report_bytes(ledger, index, feed.label, price, at);
    check_signature(&key, &bytes, &signature.0).map_err(|_| unfit("another signature"))
}
