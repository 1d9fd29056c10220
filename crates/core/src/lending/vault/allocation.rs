//! Where a vault's money should be: by weight, up to each reserve's cap, the rest idle.

use super::{
    book::{Allocation, Vault},
    worth::Valued,
};
use crate::policy::{AllocationKind, VaultPolicy};
use alloc::{vec, vec::Vec};
use backstop_units::{Amount, Fixed60, MathError};

/// What each reserve should hold of these net assets.
///
/// First the idle part by its weight, at most its limit. Then rounds: every reserve below its cap gets its
/// part by weight of what is left; those that meet their caps are full and drop out; until a round meets no
/// cap. What is left then stays idle. **Rounding** down. **Source** the allocation of the vault program in the curators'
/// documentation.
///
/// # Errors
/// [`MathError::Overflow`] from 2⁶⁸ atoms on.
pub fn targets(
    policy: &VaultPolicy,
    allocations: &[Allocation],
    net: Fixed60,
) -> Result<Vec<Fixed60>, MathError> {
    let weighs = |allocation: &Allocation| {
        let standard = allocation.kind == AllocationKind::Standard && !allocation.cap.is_zero();
        if standard { u128::from(allocation.weight) } else { 0 }
    };
    let sum: u128 = allocations.iter().map(weighs).fold(0, u128::saturating_add);
    let all = sum.saturating_add(policy.idle_weight.into());
    let mut targets = vec![Fixed60::ZERO; allocations.len()];
    if sum == 0 {
        return Ok(targets);
    }
    let mut buffer = net.mul_div_floor(policy.idle_weight.into(), all)?;
    if let Some(max) = policy.idle_max {
        buffer = buffer.min(Fixed60::from_atoms(max).unwrap_or(Fixed60::MAX));
    }
    let mut left = net.saturating_sub(buffer);
    let mut weights = sum;
    let mut open: Vec<bool> = allocations.iter().map(|one| weighs(one) > 0).collect();
    while weights > 0 && !left.is_zero() {
        let (round, of) = (left, weights);
        let mut full = false;
        for ((allocation, target), open) in allocations.iter().zip(&mut targets).zip(&mut open) {
            if !*open {
                continue;
            }
            let cap = Fixed60::from_atoms(allocation.cap).unwrap_or(Fixed60::MAX);
            let ideal = round.mul_div_floor(weighs(allocation), of)?;
            let reached = target.checked_add(ideal).ok_or(MathError::Overflow)?;
            if reached >= cap {
                left = left.saturating_sub(cap.saturating_sub(*target));
                (*target, *open, full) = (cap, false, true);
                weights = weights.saturating_sub(weighs(allocation));
            }
        }
        if full {
            continue;
        }
        for ((allocation, target), open) in allocations.iter().zip(&mut targets).zip(&open) {
            if *open {
                let ideal = round.mul_div_floor(weighs(allocation), of)?;
                *target = target.checked_add(ideal).ok_or(MathError::Overflow)?;
            }
        }
        break;
    }
    Ok(targets)
}

/// What each reserve of a vault should hold: a conditional one what it holds, the others by weight of the rest.
///
/// # Errors
/// As [`targets`].
pub fn weighed(vault: &Vault, valued: &Valued, net: Fixed60) -> Result<Vec<Fixed60>, MathError> {
    let places = || vault.allocations.iter().zip(&valued.invested);
    let conditional = |allocation: &Allocation| allocation.kind == AllocationKind::Conditional;
    let lent = places().filter(|(allocation, _)| conditional(allocation));
    let lent =
        lent.fold(Fixed60::ZERO, |sum, (_, held)| sum.checked_add(*held).unwrap_or(Fixed60::MAX));
    let mut all = targets(&vault.policy, &vault.allocations, net.saturating_sub(lent))?;
    for (target, (allocation, held)) in all.iter_mut().zip(places()) {
        if conditional(allocation) {
            *target = *held;
        }
    }
    Ok(all)
}

/// How far what a reserve holds is from its target, and whether it is below.
pub fn distance(held: Fixed60, target: Fixed60) -> (bool, Amount) {
    if target > held {
        (true, target.saturating_sub(held).floor())
    } else {
        (false, held.saturating_sub(target).floor())
    }
}
