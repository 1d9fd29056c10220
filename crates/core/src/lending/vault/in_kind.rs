//! Leaving with shares of a reserve instead of money: possible when the reserve has none at hand.

use super::withdraw::{Source, Vaulted};
use crate::{
    policy::VaultPolicy,
    reject::{Halt, Reject, RejectCode},
};
use backstop_units::{Amount, Bps, Fixed60, Shares};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What leaving in kind comes to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InKind {
    /// Shares of the vault burned.
    pub burned: Shares,
    /// Shares of the reserve handed over.
    pub handed: Shares,
    /// What these are worth, in whole atoms as a number.
    pub value: Fixed60,
    /// What stays in the vault.
    pub penalty: Fixed60,
}

/// Hands over shares of one reserve for shares of the vault, as many as there are.
///
/// **Rounding** reserve shares down, their worth, penalty and burned shares up. The penalty is on what is handed over
/// and itself. **Source** the redemption in kind of the vault program in the curators' documentation.
///
/// # Errors
/// [`RejectCode::VaultEmpty`], [`RejectCode::NothingDelivered`], [`RejectCode::PenaltyTakesAll`].
pub fn redeem(
    policy: &VaultPolicy,
    vault: Vaulted,
    source: Source,
    shares: Shares,
) -> Result<InKind, Halt> {
    if vault.net.is_zero() {
        return Err(Reject::none(RejectCode::VaultEmpty).into());
    }
    let portion = policy.penalty.max(policy.penalty_floor);
    let least = Fixed60::from_atoms(policy.penalty_min.max(policy.penalty_min_floor));
    let least = least.ok_or(Reject::overflow())?;
    let gross = vault.net.mul_div_floor(shares.get(), vault.shares.get())?;
    let asked = Fixed60::from_bps(portion).times(gross)?.max(least);
    if asked >= gross {
        return Err(Reject::new(RejectCode::PenaltyTakesAll, asked.ceil(), gross.floor()).into());
    }
    let supply = source.held.supply()?;
    let wanted = gross.saturating_sub(asked).min(source.worth);
    let handed = if supply.is_zero() || source.held.shares.is_zero() {
        wanted.floor()
    } else {
        Amount::new(wanted.mul_div_floor(source.held.shares.get(), supply.get())?.get())
    };
    let handed = Shares::new(handed.get()).min(source.shares);
    if handed.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    let value = Fixed60::from_atoms(source.held.price(handed)?).ok_or(Reject::overflow())?;
    let kept = Bps::WHOLE.saturating_sub(portion);
    let penalty = value.mul_div_ceil(portion.get().into(), kept.get().into())?.max(least);
    let both = value.checked_add(penalty).ok_or(Reject::overflow())?;
    let burned = both.mul_div_ceil(vault.shares.get(), vault.net.get())?;
    let burned = Shares::new(burned.get()).min(shares);
    Ok(InKind { burned, handed, value, penalty })
}
