//! What a withdrawal delivers, from where, and what it burns.

use super::{
    fees::penalty,
    worth::{burned, stands_for},
};
use crate::{
    lending::exchange::Holdings,
    policy::{PenaltyBase, VaultPolicy},
    reject::{Halt, Reject, RejectCode},
};
use backstop_units::{Amount, Bps, Fixed60, MathError, Shares};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A vault as a withdrawal sees it.
#[derive(Clone, Copy, Debug)]
pub struct Vaulted {
    /// Net assets.
    pub net: Fixed60,
    /// All shares.
    pub shares: Shares,
    /// Idle money.
    pub idle: Amount,
}

/// A reserve out of which a withdrawal is filled once the idle money is used up.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The reserve.
    pub held: Holdings,
    /// Shares of it that the vault holds.
    pub shares: Shares,
    /// What these are worth.
    pub worth: Fixed60,
}

/// What a withdrawal comes to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Withdrawal {
    /// Shares burned.
    pub burned: Shares,
    /// Paid out of the idle money.
    pub from_idle: Amount,
    /// Paid out of the reserve.
    pub from_reserve: Amount,
    /// What stays in the vault as a penalty.
    pub penalty: Amount,
    /// Shares of the reserve that are given back.
    pub redeemed: Shares,
    /// What the reserve pays for them; what is more than was paid out stays idle.
    pub received: Amount,
}

/// Fills as much of a withdrawal as there is; only what is delivered is burned.
///
/// **Rounding** value down, penalty and burned shares up; where the reserve's shares have a fraction, the
/// taker gets one atom less. **Source** the withdrawal of the vault program in the curators' documentation, whose
/// penalty is on what was asked for; ours is on what is delivered.
///
/// # Errors
/// [`RejectCode::VaultEmpty`], [`RejectCode::NothingDelivered`], [`RejectCode::PenaltyTakesAll`],
/// [`RejectCode::BelowMinimum`].
pub fn withdraw(
    policy: &VaultPolicy,
    vault: Vaulted,
    source: Option<Source>,
    shares: Shares,
) -> Result<Withdrawal, Halt> {
    if vault.net.is_zero() {
        return Err(Reject::none(RejectCode::VaultEmpty).into());
    }
    let gross = stands_for(vault.net, vault.shares, shares)?;
    if gross.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    let asked = penalty(policy, gross)?;
    if asked >= gross {
        return Err(Reject::new(RejectCode::PenaltyTakesAll, asked, gross).into());
    }
    let wanted = gross.saturating_sub(asked);
    let from_idle = vault.idle.min(wanted);
    let rest = Fixed60::from_atoms(wanted.saturating_sub(from_idle)).ok_or(Reject::overflow())?;
    let drawn = match source {
        Some(source) => drawn(source, rest)?,
        None => Drawn::default(),
    };
    let delivered = from_idle.checked_add(drawn.wanted.floor()).ok_or(Reject::overflow())?;
    if delivered <= policy.min_withdraw {
        return Err(Reject::new(RejectCode::BelowMinimum, delivered, policy.min_withdraw).into());
    }
    let penalty = match policy.penalty_of {
        PenaltyBase::Delivered if delivered < wanted => on_delivered(policy, delivered)?.min(asked),
        PenaltyBase::Delivered | PenaltyBase::Requested => asked,
    };
    let value = [from_idle, penalty]
        .into_iter()
        .try_fold(drawn.wanted, |sum, part| sum.checked_add(Fixed60::from_atoms(part)?))
        .ok_or(Reject::overflow())?;
    Ok(Withdrawal {
        burned: burned(vault.net, vault.shares, value)?.min(shares),
        from_idle,
        from_reserve: drawn.paid,
        penalty,
        redeemed: drawn.redeemed,
        received: drawn.received,
    })
}

/// The penalty that leaves exactly `net`: on what is delivered and itself.
fn on_delivered(policy: &VaultPolicy, net: Amount) -> Result<Amount, MathError> {
    let portion = policy.penalty.max(policy.penalty_floor);
    let kept = Bps::WHOLE.saturating_sub(portion);
    let of_both = net.mul_div_ceil(portion.get().into(), kept.get().into())?;
    Ok(of_both.max(policy.penalty_min.max(policy.penalty_min_floor)))
}

/// What a reserve gives toward a withdrawal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drawn {
    /// What was asked of it, with the fraction of what it is worth.
    pub(crate) wanted: Fixed60,
    /// Shares given back for it.
    pub(crate) redeemed: Shares,
    /// Atoms that the reserve pays.
    pub(crate) received: Amount,
    /// Atoms of them that are paid on.
    pub(crate) paid: Amount,
    /// Whether what the shares are worth has a fraction.
    pub(crate) uneven: bool,
}

/// Redeems shares worth at most `rest`. **Rounding** shares up; an atom is held back where the fraction that
/// the reserve keeps is larger than what was asked for has. A share rounded up may be worth more than the reserve has at
/// hand: that stays with its lenders.
pub(crate) fn drawn(source: Source, rest: Fixed60) -> Result<Drawn, MathError> {
    let wanted = source.worth.min(rest);
    if wanted.is_zero() {
        return Ok(Drawn::default());
    }
    let redeemed = source.held.burned(wanted.floor())?.min(source.shares);
    let worth = source.held.worth(redeemed)?;
    let short = !worth.fraction().is_zero() && worth.fraction() > wanted.fraction();
    let paid = wanted.floor().saturating_sub(Amount::new(u128::from(short)));
    let uneven = !worth.fraction().is_zero();
    let received = worth.floor().min(source.held.available);
    Ok(Drawn { wanted, redeemed, received, paid, uneven })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares at 1.9 atoms: twelve of them for twenty-one atoms are worth twenty-two, and the reserve has twenty-one.
    #[test]
    fn a_reserve_pays_no_more_than_it_has() {
        let fixed = |atoms| Fixed60::from_atoms(Amount::new(atoms)).unwrap();
        let held = Holdings {
            available: Amount::new(21),
            borrowed: fixed(169),
            fees: Fixed60::ZERO,
            shares: Shares::new(100),
        };
        let source = Source { held, shares: Shares::new(50), worth: fixed(21) };
        let drawn = drawn(source, fixed(40)).unwrap();
        assert_eq!((drawn.redeemed, drawn.received.get()), (Shares::new(12), 21));
        assert_eq!((drawn.wanted, drawn.paid.get()), (fixed(21), 20));
    }
}
