//! Reports, rules of the index and retired feeds, as commands.

use super::Op;
use crate::world::{FEEDS, INDEX, label, report};
use backstop_core::{
    Body, State,
    command::{RetireFeed, SetIndexPolicy},
    policy::IndexPolicy,
};
use backstop_units::{Ppm, Price, Span, Timestamp};

/// Around this price marks and reports lie.
pub(super) const MARK: u128 = 1_000_000_000;

pub(super) fn resolve(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    let feed = |number: &u8| FEEDS[usize::from(*number) % FEEDS.len()].0;
    Some(match op {
        Op::Report { feed: number, off, age, signature } => {
            let price = MARK.saturating_add_signed(i128::from(*off) * 1_000);
            let span = Span::from_ms(age.unsigned_abs());
            let at = if *age < 0 { now.plus(span) } else { now.minus(span) };
            let mut body = report(state.meta.ledger, feed(number), Price::new(price), at);
            match signature {
                0 => body.signature = None,
                1 => body.price = Price::new(price + 1),
                2 => body.feed = label("nothing"),
                _ => {}
            }
            let sender = if feed(number) == "own" { "venue" } else { "keeper" };
            (sender, body.into())
        }
        Op::IndexPolicy { quorum, families, band, confirm } => {
            let old = state.indexes.iter().next().map(|(_, index)| index.policy);
            let (quorum, families, band) = (*quorum, *families, Ppm::new(*band));
            let policy = IndexPolicy {
                quorum,
                families,
                band,
                confirm_after: *confirm,
                ..old.unwrap_or_default()
            };
            let sender = if old.is_some_and(|old| policy.tightens(&old)) { "risk" } else { "op" };
            (sender, SetIndexPolicy { index: label(INDEX), policy }.into())
        }
        Op::Retire { feed: number } => ("risk", RetireFeed { feed: label(feed(number)) }.into()),
        _ => return None,
    })
}
