//! How much of a vault its insurance pool stands for, after the exits that have been signalled.

use super::book::InsurancePool;
use crate::{
    lending::vault::{kin, snapshot::shares_of},
    reject::Halt,
    state::State,
};
use backstop_units::{Ppm, Shares, VaultId, mul_div_floor};

/// Shares of a vault, by who bears its losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// In the stakers' tranche, and those of it that are not on their way out.
    pub own: (Shares, Shares),
    /// In the matched tranche, and those of it that stay while the stakers' live part does.
    pub matched: (Shares, Shares),
    /// Of the curator's owner group, outside of the pool: they claim nothing.
    pub affiliated: Shares,
    /// Of those who could claim.
    pub others: Shares,
    /// Live shares for a million of the others; none where there are no others.
    pub live: Option<Ppm>,
}

/// Live coverage: what of the pool is on its way out counts zero, and so does what of the matched money leaves with it.
/// The pool's, the matcher's and the curator's own shares are no part of what is to be covered.
///
/// **Rounding** down. **Complexity** one step for each account of that group.
///
/// # Errors
/// None in a state that is whole.
pub fn coverage(state: &State, id: VaultId, pool: &InsurancePool) -> Result<Coverage, Halt> {
    let vault = state.vaults.expect(id)?;
    let own = (pool.own.shares, pool.own.live()?);
    let matched = (pool.matched.shares, matched_live(pool)?);
    let affiliated = affiliated(state, id)?;
    let apart = [vault.held.nobodys()?, affiliated];
    let others = apart.into_iter().fold(vault.held.shares, Shares::saturating_sub);
    let live = own.1.saturating_add(matched.1);
    let live = (!others.is_zero()).then(|| {
        let part = mul_div_floor(live.get(), Ppm::WHOLE.get().into(), others.get());
        Ppm::new(part.ok().and_then(|part| u32::try_from(part).ok()).unwrap_or(u32::MAX))
    });
    Ok(Coverage { own, matched, affiliated, others, live })
}

/// Matched shares of which neither the matcher nor the stakers they stand beside have signalled to leave.
fn matched_live(pool: &InsurancePool) -> Result<Shares, Halt> {
    let (own, matched) = (&pool.own, &pool.matched);
    let staying = matched.units.saturating_sub(matched.exiting);
    if own.units.is_zero() || own.is_wiped() {
        return Ok(matched.worth(staying)?);
    }
    let beside = matched
        .units
        .mul_div_floor(own.units.saturating_sub(own.exiting).get(), own.units.get())?;
    Ok(matched.worth(beside.min(staying))?)
}

/// Shares of holders in the curator's owner group: at hand, in farms and in the queue.
fn affiliated(state: &State, id: VaultId) -> Result<Shares, Halt> {
    kin::of(state, id).try_fold(Shares::ZERO, |sum, (_, holding)| {
        Ok(sum.saturating_add(shares_of(state, holding)?))
    })
}
