//! Questions about a fund's own arithmetic, with every number given.

use backstop_core::{
    Halt, Reject,
    fund::{
        revenue::due_at,
        shares::{forfeited, outgrown, worth},
    },
};
use backstop_units::{Amount, Shares, Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// A schedule of settlements, and the last one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevenueSchedule {
    /// When revenue was last settled.
    settled_at: Timestamp,
    /// From one settlement to the next.
    period: Span,
}

impl RevenueSchedule {
    /// The moment, and how long it is until then.
    pub(super) fn answer(self, now: Timestamp) -> Value {
        let due = due_at(self.settled_at, self.period);
        json!({ "due_at": due, "due_in_seconds": due.since(now).ms().div_ceil(1_000) })
    }
}

/// Shares over assets.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescale {
    /// Shares outstanding.
    shares: Shares,
    /// What they stand for, in atoms.
    assets: Amount,
    /// Decimals that the price keeps below one atom.
    spare_decimals: u8,
}

impl Rescale {
    /// The power of ten, and what it is.
    pub(super) fn answer(self) -> Value {
        let digits = outgrown(self.assets, self.shares, self.spare_decimals);
        let divisor = 10u128.saturating_pow(u32::from(digits));
        json!({ "digits": digits, "divisor": divisor.to_string() })
    }
}

/// A ticket in a tranche.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forfeit {
    /// Shares on the ticket.
    ticket: Shares,
    /// Their value at the request.
    value: Amount,
    /// What the tranche holds.
    assets: Amount,
    /// All its shares.
    shares: Shares,
}

impl Forfeit {
    /// The shares that would go, and what the ticket's are worth now.
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let forfeited = forfeited(self.ticket, self.value, self.assets, self.shares);
        let worth = worth(self.ticket, self.assets, self.shares).map_err(Reject::from)?;
        Ok(json!({ "forfeited": forfeited.map_err(Reject::from)?, "worth": worth }))
    }
}
