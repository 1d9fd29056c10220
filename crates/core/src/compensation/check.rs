//! Invariant M1, counted over all compensation accounts.

use crate::{ledger::LedgerAccount, reject::Corrupt, state::State};
use backstop_units::Amount;

/// Counts all compensation accounts.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    for (_, held) in state.compensations.iter() {
        let Some(claims) = &held.claims else { continue };
        let loss = held.assessment.loss;
        let asset = state.vaults.expect(state.vault_losses.expect(loss)?.vault)?.asset;
        let there = state.ledger.owed(LedgerAccount::Compensation(loss), asset);
        let left = claims.money.checked_sub(claims.paid);
        let sound = left
            .is_some_and(|left| there >= if claims.closed { Amount::ZERO } else { left })
            && claims.claimed <= held.assessment.eligible
            && claims.handed <= claims.shares;
        if !sound {
            return Err(Corrupt::Invariant("M1"));
        }
    }
    Ok(())
}
