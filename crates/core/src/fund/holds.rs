//! What holds a fund's exits or entries: open losses (the gate), alerts, pauses.
//!
//! Exits are held for stretches of time. A ticket's claim window stands still during them, so the
//! stretches are remembered: [`Holds::held_since`] tells how much of a window they took.

use crate::loss::window::Window;
use alloc::vec::Vec;
use backstop_units::{Amount, LossId, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// How many losses may hold a fund at once.
pub const OPEN_LOSSES_MAX: usize = 64;

/// What holds one fund.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holds {
    /// Exits are held by an alert until then.
    pub alert_until: Timestamp,
    /// When that alert was raised or last prolonged.
    alert_since: Timestamp,
    /// Entries are paused until then.
    pub paused_until: Timestamp,
    /// Losses declared and neither placed nor void, each with the moment its declaration lapses
    /// (never, once it is assessed).
    pub open: Vec<(LossId, Timestamp)>,
    /// Stretches during which exits were held, in order, without overlap.
    stretches: Vec<(Timestamp, Timestamp)>,
    /// Alert time used in 90 days, in milliseconds.
    alerts: Window,
    /// Pause time used in 90 days, in milliseconds.
    pauses: Window,
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            alert_until: Timestamp::ZERO,
            alert_since: Timestamp::ZERO,
            paused_until: Timestamp::ZERO,
            open: Vec::new(),
            stretches: Vec::new(),
            alerts: Window::new(Span::days(90)),
            pauses: Window::new(Span::days(90)),
        }
    }
}

impl Holds {
    /// The first open loss that holds the gate shut at `now`.
    pub fn gated_by(&self, now: Timestamp) -> Option<LossId> {
        self.open.iter().find(|(_, lapses_at)| now < *lapses_at).map(|(loss, _)| *loss)
    }

    /// Whether an alert holds exits at `now`.
    pub fn on_alert(&self, now: Timestamp) -> bool {
        now < self.alert_until
    }

    /// Whether entries are paused at `now`.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        now < self.paused_until
    }

    /// How much of the time from `from` to `now` exits were held.
    pub fn held_since(&self, from: Timestamp, now: Timestamp) -> Span {
        self.stretches
            .iter()
            .rev()
            .take_while(|(_, end)| *end > from)
            .fold(Span::ZERO, |sum, (start, end)| {
                sum.plus((*end).min(now).since((*start).max(from)))
            })
    }

    /// Alert time used in the last 90 days, by now and by what is still to come.
    pub fn alert_used(&self, now: Timestamp) -> Amount {
        self.alerts.used(now)
    }

    /// Pause time used in the last 90 days.
    pub fn pause_used(&self, now: Timestamp) -> Amount {
        self.pauses.used(now)
    }

    pub(crate) fn raise_alert(&mut self, now: Timestamp, until: Timestamp) {
        let more = until.since(self.alert_until.max(now));
        self.alerts.add(now, Amount::new(u128::from(more.ms())));
        self.alert_until = until.max(self.alert_until);
        self.alert_since = now;
        self.extend(now);
    }

    pub(crate) fn end_alert(&mut self, now: Timestamp) {
        self.alerts
            .give_back(self.alert_since, Amount::new(u128::from(self.alert_until.since(now).ms())));
        self.alert_until = self.alert_until.min(now);
        self.extend(now);
    }

    pub(crate) fn pause(&mut self, now: Timestamp, until: Timestamp) {
        let more = until.since(self.paused_until.max(now));
        self.pauses.add(now, Amount::new(u128::from(more.ms())));
        self.paused_until = until.max(self.paused_until);
    }

    /// Shuts the gate for a loss, or moves the moment at which its declaration lapses.
    pub(crate) fn shut(&mut self, now: Timestamp, loss: LossId, lapses_at: Timestamp) {
        self.open.retain(|(open, _)| *open != loss);
        self.open.push((loss, lapses_at));
        self.extend(now);
    }

    /// Opens the gate as far as this loss shut it.
    pub(crate) fn open(&mut self, now: Timestamp, loss: LossId) {
        self.open.retain(|(open, _)| *open != loss);
        self.extend(now);
    }

    /// Makes the last stretch end when the last hold does.
    fn extend(&mut self, now: Timestamp) {
        let gate = self.open.iter().map(|(_, lapses_at)| *lapses_at).max().unwrap_or(now);
        let end = gate.max(self.alert_until).max(now);
        match self.stretches.last_mut() {
            Some((_, last)) if *last >= now => *last = end,
            _ if end > now => self.stretches.push((now, end)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_ms(hours * 3_600_000)
    }

    #[test]
    fn stretches_merge_and_end_early() {
        let mut holds = Holds::default();
        holds.raise_alert(at(10), at(20));
        holds.shut(at(15), LossId::new(0), at(39));
        assert_eq!(holds.gated_by(at(16)), Some(LossId::new(0)));
        holds.open(at(17), LossId::new(0));
        assert_eq!(holds.gated_by(at(17)), None);
        assert!(holds.on_alert(at(19)) && !holds.on_alert(at(20)));
        assert_eq!(holds.held_since(at(0), at(100)), Span::hours(10));
        assert_eq!(holds.held_since(at(12), at(14)), Span::hours(2));
        holds.raise_alert(at(50), at(60));
        holds.end_alert(at(51));
        assert_eq!(holds.held_since(at(0), at(100)), Span::hours(11));
        assert_eq!(holds.alert_used(at(51)), Amount::new(11 * 3_600_000));
    }

    #[test]
    fn a_declaration_that_lapsed_holds_nothing() {
        let mut holds = Holds::default();
        holds.shut(at(1), LossId::new(7), at(25));
        assert_eq!(holds.gated_by(at(25)), None);
        assert_eq!(holds.held_since(at(0), at(90)), Span::hours(24));
    }
}
