//! Where surplus goes: the route of the band that a fund is in, if its control says that routes bind.
//!
//! Surplus is what does not fit under the threshold of a liquidation's allocation, and the protocol's
//! part of settled revenue. While a loss is open on the fund, and in the settlement that a loss brings
//! about, none of it leaves the fund.

use super::{bands, crank::band_at};
use crate::{
    ledger::LedgerAccount,
    policy::SurplusRoute,
    reject::Halt,
    state::{Fund, State},
};
use backstop_units::{FundId, Timestamp, TrancheId};

/// The account that surplus goes to at `now`; none where routes don't bind. Stakers get it through the
/// fund's first staked tranche; without one it stays in the reserve.
///
/// # Errors
/// As [`super::covered`].
pub fn account(
    state: &State,
    id: FundId,
    fund: &Fund,
    now: Timestamp,
) -> Result<Option<LedgerAccount>, Halt> {
    let policy = state.controls.expect(id)?.policy.as_deref();
    let Some((policy, routes)) = policy.and_then(|p| Some((p, p.routes?))) else {
        return Ok(None);
    };
    let kept = LedgerAccount::Reserve(id);
    if state.holds.expect(id)?.gated_by(now).is_some() {
        return Ok(Some(kept));
    }
    let band = band_at(state, id, now)?.and_then(|band| bands::limits(policy, band));
    let balance = |label| state.account_id(label).map(LedgerAccount::Balance);
    let named = |label: Option<_>| label.map_or(Ok(kept), balance);
    Ok(Some(match band.map_or(SurplusRoute::Reserve, |band| band.surplus) {
        SurplusRoute::Reserve => kept,
        SurplusRoute::Treasury => LedgerAccount::Balance(fund.treasury),
        SurplusRoute::Stakers => first_staked(state, fund).map_or(kept, LedgerAccount::Tranche),
        SurplusRoute::Lps => named(routes.lps)?,
        SurplusRoute::TokenHolders => named(routes.token_holders)?,
    }))
}

/// A fund's first tranche that has shares.
pub(crate) fn first_staked(state: &State, fund: &Fund) -> Option<TrancheId> {
    state.tranches_of(fund).find(|(_, tranche)| !tranche.shares.is_zero()).map(|(id, _)| id)
}
