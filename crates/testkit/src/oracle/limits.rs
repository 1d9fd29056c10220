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
            let late = late(uses, span, span, when);
            [least.min(left(late)), most.min(left(exact(uses, span, when)))]
        })
    }
}

/// The most that was used within any one span that contains `when`.
fn exact(uses: &[&Use], span: Span, when: Timestamp) -> u128 {
    let ends = uses.iter().map(|used| used.at).filter(|end| *end > when);
    let ends = ends.filter(|end| end.since(when) < span).chain([when]);
    let within = |end: Timestamp| {
        let inside = uses.iter().filter(|used| used.at <= end && end.since(used.at) < span);
        inside.map(|used| used.amount - used.returned).fold(0, u128::saturating_add)
    };
    ends.map(within).max().unwrap_or(0)
}

/// The most that may still count: up to a 24th of the memory longer than the span, from when it was
/// recorded, void or not.
fn late(uses: &[&Use], memory: Span, span: Span, when: Timestamp) -> u128 {
    let longest = span.plus(Span::from_ms(memory.ms().div_ceil(24).max(1) * 2));
    let since = when.minus(longest);
    let counted = uses.iter().filter(|used| used.recorded >= since).map(|used| used.amount);
    counted.fold(Amount::ZERO, |sum, amount| sum.saturating_add(Amount::new(amount))).get()
}
