//! Indexes and their feeds: registered, tightened, retired.

use super::FEEDS_MAX;
use crate::{
    command::{RegisterFeed, RegisterIndex, Reporter, RetireFeed, SetIndexPolicy},
    event::Event,
    fund::setup::free_label,
    policy::IndexPolicy,
    reject::{Halt, Reject, RejectCode},
    state::{FeedSource, State},
};
use backstop_units::{Hash, Ppm, Span};

pub(crate) fn register_index(state: &State, command: &RegisterIndex) -> Result<Event, Halt> {
    let asset = command.asset.map(|asset| state.asset_id(asset)).transpose()?;
    let quote = state.asset_id(command.quote)?;
    free_label(command.label, state.index_id(command.label).is_ok())?;
    check_rails(&command.policy)?;
    if let Some(asset) = asset
        && let Some(index) = state.assets.expect(asset)?.index
    {
        let (asset, index) = (state.assets.expect(asset)?, state.indexes.expect(index)?);
        return Err(Reject::new(RejectCode::AssetPriced, asset.label, index.label).into());
    }
    let (index, label, policy) = (state.indexes.next_id(), command.label, command.policy);
    Ok(Event::IndexRegistered { index, label, asset, quote, policy })
}

/// Settings within their rails: somebody must agree, and no portion is above the whole but the jump.
fn check_rails(policy: &IndexPolicy) -> Result<(), Reject> {
    let most = u32::try_from(FEEDS_MAX).unwrap_or(u32::MAX);
    let second = Span::from_ms(1_000);
    let (quorum, families) = (u32::from(policy.quorum), u32::from(policy.families));
    let bad = |got: u32, limit: u32| Err(Reject::new(RejectCode::BadPolicy, got, limit));
    if quorum == 0 || quorum > most {
        return bad(quorum, most);
    }
    if families == 0 || families > quorum {
        return bad(families, quorum);
    }
    for span in [policy.max_age, policy.band_span] {
        if span < second {
            return Err(Reject::new(RejectCode::BadPolicy, span, second));
        }
    }
    for portion in [policy.max_deviation, policy.band] {
        if portion > Ppm::WHOLE {
            return bad(portion.get(), Ppm::WHOLE.get());
        }
    }
    if policy.max_jump < policy.band {
        return bad(policy.max_jump.get(), policy.band.get());
    }
    Ok(())
}

pub(crate) fn register_feed(state: &State, command: &RegisterFeed) -> Result<Event, Halt> {
    let source = match command.reporter {
        Reporter::Key(key) => FeedSource::Key(key),
        Reporter::Account(label) => FeedSource::Account(state.account_id(label)?),
    };
    free_label(command.label, state.feed_id(command.label).is_ok())?;
    let id = state.index_id(command.index)?;
    let index = state.indexes.expect(id)?;
    if index.feeds.len() >= FEEDS_MAX {
        let count = index.feeds.len();
        return Err(Reject::new(RejectCode::CapacityReached, count, FEEDS_MAX).into());
    }
    // One key under two families would count twice.
    let taken = |feed: &backstop_units::FeedId| {
        state.feeds.get(*feed).is_some_and(|feed| feed.source == source)
    };
    if index.feeds.iter().any(taken) {
        return Err(match command.reporter {
            Reporter::Key(key) => Reject::got(RejectCode::ReporterTaken, Hash::new(key.0)),
            Reporter::Account(label) => Reject::got(RejectCode::ReporterTaken, label),
        }
        .into());
    }
    Ok(Event::FeedRegistered {
        feed: state.feeds.next_id(),
        label: command.label,
        index: id,
        family: command.family,
        source,
    })
}

pub(crate) fn set_policy(state: &State, command: &SetIndexPolicy) -> Result<Event, Halt> {
    check_rails(&command.policy)?;
    Ok(Event::IndexPolicySet { index: state.index_id(command.index)?, policy: command.policy })
}

pub(crate) fn retire(state: &State, command: &RetireFeed) -> Result<Event, Halt> {
    let feed = state.feed_id(command.feed)?;
    let item = state.feeds.expect(feed)?;
    if item.retired {
        return Err(Reject::got(RejectCode::FeedRetired, command.feed).into());
    }
    Ok(Event::FeedRetired { feed, index: item.index })
}
