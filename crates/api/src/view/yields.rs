//! What stakers really earned.

use backstop_core::{
    Halt, Reject, State,
    fund::realised::{SharePrice, realised_yield},
    ledger::LedgerAccount,
};
use backstop_units::{Timestamp, TrancheId};
use serde_json::{Value, json};

/// The periods in days over which yields are told; besides, the time since a tranche's shares began.
pub const YIELD_DAYS: [u64; 3] = [7, 30, 90];

/// What a share of a tranche gained or lost, losses taken off, since its price at a moment; nothing where
/// there was no share then. The formula and its rounding are [`realised_yield`]'s.
///
/// # Errors
/// A reject when the tranche is unknown, or shares outgrew 128 bits.
pub fn yield_view(
    state: &State,
    id: TrancheId,
    (days, from): (Option<u64>, Option<Timestamp>),
    then: Option<SharePrice>,
) -> Result<Value, Halt> {
    let tranche = state.tranches.expect(id)?;
    let asset = state.funds.expect(tranche.fund)?.asset;
    let now = SharePrice {
        assets: state.ledger.owed(LedgerAccount::Tranche(id), asset),
        shares: tranche.shares,
        base: tranche.base,
        series: tranche.series,
    };
    let gained = then.map(|then| realised_yield(then, now)).transpose().map_err(Reject::from)?;
    let gained = gained.flatten();
    Ok(json!({
        "tranche": tranche.label,
        "days": days,
        "from": from.filter(|_| gained.is_some()),
        "yield_ppm": gained,
    }))
}
