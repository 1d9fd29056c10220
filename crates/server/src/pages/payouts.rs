//! Losses with what everybody bore of them, page by page.

use super::view::{View, grouped};
use crate::problem::Problem;
use backstop_api::{loss_view, payout_view};
use backstop_core::{State, state::Loss};
use backstop_units::LossId;

/// Losses that are listed at once.
const LISTED: usize = 20;

/// Losses of one kind.
pub(super) struct Payouts {
    /// The largest one.
    pub(super) worst: Option<View>,
    /// How many there are, for people.
    pub(super) count: String,
    /// The newest, or those before the one that was asked for.
    pub(super) rows: Vec<View>,
    /// Behind which one the older ones begin, where there are more.
    pub(super) older: Option<String>,
}

/// The largest loss that is `ours`, how many there are, and the newest before one.
pub(super) fn payouts(
    state: &State,
    before: Option<LossId>,
    ours: impl Fn(&Loss) -> bool,
) -> Result<Payouts, Problem> {
    let all = || state.losses.iter().filter(|(_, loss)| ours(loss));
    let worst = all().max_by_key(|(_, loss)| loss.gross).map(|(id, _)| loss_view(state, id));
    let listed = all().rev().map(|(id, _)| id);
    let listed = listed.filter(|id| before.is_none_or(|before| id.get() < before.get()));
    let mut listed: Vec<LossId> = listed.take(LISTED.saturating_add(1)).collect();
    let more = listed.len() > LISTED;
    listed.truncate(LISTED);
    let rows = listed.iter().map(|id| payout_view(state, *id).map(View));
    Ok(Payouts {
        worst: worst.transpose()?.map(View),
        count: grouped(&all().count().to_string()),
        rows: rows.collect::<Result<_, _>>()?,
        older: listed.last().filter(|_| more).map(ToString::to_string),
    })
}
