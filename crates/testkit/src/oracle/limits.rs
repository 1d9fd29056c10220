//! What the limits of a layer leave: lists of uses, added up anew each time.

use super::model::{Model, Use};
use backstop_core::policy::{Cause, LayerPolicy, LayerSource};
use backstop_units::{Amount, Span, Timestamp};

impl Model {
    /// What a layer of a market has paid in all and not been given back.
    pub(super) fn used_ever(&self, market: usize, source: LayerSource) -> u128 {
        let uses = self.markets[market].uses.iter().filter(|used| used.source == source);
        uses.map(|used| used.amount - used.returned).fold(0, u128::saturating_add)
    }

    /// The least and the most that a layer's limits leave for a loss at a moment.
    pub(super) fn headroom(
        &self,
        at: usize,
        layer: &LayerPolicy,
        cause: Cause,
        when: Timestamp,
    ) -> [u128; 2] {
        let market = &self.markets[at];
        let uses: Vec<&Use> = market.uses.iter().filter(|u| u.source == layer.source).collect();
        let event: Vec<&Use> = uses.iter().copied().filter(|u| u.cause == cause).collect();
        let ever = self.used_ever(at, layer.source);
        let lifetime = layer.lifetime.map_or(u128::MAX, |l| l.get().saturating_sub(ever));
        let limits = [
            (layer.per_event, market.event_window.plus(self.limits.skew_past), &event),
            (layer.per_1h, Span::hours(1), &uses),
            (layer.per_8h, Span::hours(8), &uses),
            (layer.per_24h, Span::hours(24), &uses),
        ];
        limits.into_iter().fold([lifetime; 2], |[least, most], (limit, span, uses)| {
            let Some(limit) = limit else { return [least, most] };
            let left = |used: u128| limit.get().saturating_sub(used);
            [least.min(left(late(uses, span, when))), most.min(left(exact(uses, span, when)))]
        })
    }
}

/// What was used within the span before `when`, all of which is past.
fn exact(uses: &[&Use], span: Span, when: Timestamp) -> u128 {
    let inside = uses.iter().filter(|used| when.since(used.at) < span);
    inside.map(|used| used.amount - used.returned).fold(0, u128::saturating_add)
}

/// The most that may still count: up to a 24th longer, void or not.
fn late(uses: &[&Use], span: Span, when: Timestamp) -> u128 {
    let since = when.minus(Span::from_ms(span.ms().div_ceil(24).max(1) * 25));
    let counted = uses.iter().filter(|used| used.at >= since).map(|used| used.amount);
    counted.fold(Amount::ZERO, |sum, amount| sum.saturating_add(Amount::new(amount))).get()
}
