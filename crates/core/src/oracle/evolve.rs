//! What feeds and reports leave in the state.

use super::Report;
use crate::{
    event::Event,
    reject::Corrupt,
    state::{Feed, PriceIndex, State},
};
use alloc::vec::Vec;

pub(crate) fn oracle(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::IndexRegistered { index, label, asset, quote, policy } => {
            let item = PriceIndex {
                label: *label,
                asset: *asset,
                quote: *quote,
                policy: *policy,
                feeds: Vec::new(),
                band: super::Band::default(),
            };
            state.indexes.insert(*index, item)?;
            state.labels.indexes.insert(*label, *index);
            if let Some(asset) = asset {
                state.assets.change(*asset)?.index = Some(*index);
            }
        }
        Event::FeedRegistered { feed, label, index, family, source } => {
            let item = Feed {
                label: *label,
                index: *index,
                family: *family,
                source: *source,
                report: None,
                retired: false,
            };
            state.feeds.insert(*feed, item)?;
            state.labels.feeds.insert(*label, *feed);
            state.indexes.change(*index)?.feeds.push(*feed);
        }
        Event::PriceReported { feed, index, price, at, verdict } => {
            let report = Report { price: *price, at: *at, taken: now };
            state.feeds.change(*feed)?.report = Some(report);
            let index = state.indexes.change(*index)?;
            index.band.learn(&index.policy, *verdict, now);
        }
        Event::IndexPolicySet { index, policy } => state.indexes.change(*index)?.policy = *policy,
        Event::FeedRetired { feed, index } => {
            state.feeds.change(*feed)?.retired = true;
            state.indexes.change(*index)?.feeds.retain(|other| other != feed);
        }
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}
