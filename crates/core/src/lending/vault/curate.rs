//! What a curator decides: rules, and where money goes. What could hurt depositors waits for a veto.

use super::{
    book::{ALLOCATIONS_MAX, Allocation, Vault, find},
    touch::touch,
};
use crate::{
    command::{
        ApplyAllocation, CreateVault, ListReserve, RemoveAllocation, SetAllocation, SetVaultPolicy,
        VetoAllocation,
    },
    event::{Event, VaultEvent},
    governance::Context,
    policy::{QueueKind, VaultPolicy},
    reject::{Halt, Reject, RejectCode, Value},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Bps, ReserveId, Span, Timestamp};

/// Shortest and longest wait for a veto.
const CAP_DELAY_MAX: Span = Span::days(30);

fn bad(got: impl Into<Value>, limit: impl Into<Value>) -> Reject {
    Reject::new(RejectCode::BadPolicy, got, limit)
}

fn rails(policy: &VaultPolicy) -> Result<(), Reject> {
    for (got, most) in [
        (policy.performance, Bps::WHOLE),
        (policy.management, VaultPolicy::MANAGEMENT_MAX),
        (policy.penalty, VaultPolicy::PENALTY_MAX),
        (policy.penalty_floor, VaultPolicy::PENALTY_MAX),
    ] {
        if got > most {
            return Err(bad(got.get(), most.get()));
        }
    }
    for got in [policy.penalty_min, policy.penalty_min_floor] {
        if got > VaultPolicy::PENALTY_MIN_MAX {
            return Err(bad(got, VaultPolicy::PENALTY_MIN_MAX));
        }
    }
    if policy.year.is_zero() {
        return Err(bad(policy.year, Span::days(365)));
    }
    if policy.cap_delay > CAP_DELAY_MAX {
        return Err(bad(policy.cap_delay, CAP_DELAY_MAX));
    }
    if policy.claim_window < VaultPolicy::CLAIM_WINDOW_MIN {
        return Err(bad(policy.claim_window, VaultPolicy::CLAIM_WINDOW_MIN));
    }
    if policy.dispute_window > CAP_DELAY_MAX {
        return Err(bad(policy.dispute_window, CAP_DELAY_MAX));
    }
    Ok(())
}

pub(crate) fn create(state: &State, command: &CreateVault) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let curator = state.account_id(command.curator)?;
    if state.vault_id(command.label).is_ok() {
        return Err(Reject::got(RejectCode::DuplicateLabel, command.label).into());
    }
    rails(&command.policy)?;
    Ok(Event::Vault(VaultEvent::VaultCreated {
        vault: state.vaults.next_id(),
        label: command.label,
        asset,
        curator,
        policy: command.policy.clone(),
    }))
}

pub(crate) fn set_policy(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetVaultPolicy,
) -> Result<(), Halt> {
    let id = txn.state().vault_id(command.vault)?;
    rails(&command.policy)?;
    touch(txn, context, id)?;
    let policy = command.policy.clone();
    txn.emit(Event::Vault(VaultEvent::VaultPolicySet { vault: id, policy }))
}

/// Whether new rules take nothing from depositors: no higher fee, penalty or minimum, no protection less.
pub(crate) fn eases(state: &State, command: &SetVaultPolicy) -> Result<bool, Halt> {
    let old = &state.vaults.expect(state.vault_id(command.vault)?)?.policy;
    let new = &command.policy;
    Ok(new.performance <= old.performance
        && new.management <= old.management
        && new.year >= old.year
        && new.penalty <= old.penalty
        && new.penalty_min <= old.penalty_min
        && new.penalty_floor == old.penalty_floor
        && new.penalty_min_floor == old.penalty_min_floor
        && new.penalty_of == old.penalty_of
        && new.min_withdraw <= old.min_withdraw
        && new.crank_fee <= old.crank_fee
        && (new.queue == old.queue || new.queue == QueueKind::ProRata)
        && new.high_water >= old.high_water
        && new.fees_bear_losses >= old.fees_bear_losses
        && new.listed_only >= old.listed_only
        && new.cap_delay >= old.cap_delay
        && new.dispute_window == old.dispute_window
        && new.claim_window >= old.claim_window)
}

pub(crate) fn list(state: &State, command: &ListReserve) -> Result<Event, Halt> {
    let reserve = state.reserve_id(command.reserve)?;
    Ok(Event::Vault(VaultEvent::ReserveListed { reserve, listed: command.listed }))
}

/// Less is in force at once; more, or another reserve, once nobody has struck it.
pub(crate) fn allocate(
    state: &State,
    context: &Context<'_>,
    command: &SetAllocation,
) -> Result<Event, Halt> {
    let id = state.vault_id(command.vault)?;
    let reserve = state.reserve_id(command.reserve)?;
    let vault = state.vaults.expect(id)?;
    let (lends, asset) = (state.reserves.expect(reserve)?, vault.asset);
    if lends.asset != asset {
        let [got, held] = [state.assets.expect(lends.asset)?, state.assets.expect(asset)?];
        return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
    }
    let old = vault.place(reserve).and_then(|place| vault.allocations.get(place)).copied();
    let (weight, cap, kind) = (command.weight, command.cap, command.kind);
    let allocation = Allocation { kind, weight, cap, ..old.unwrap_or(Allocation::of(reserve)) };
    let lowers = old.is_some_and(|old| cap <= old.cap && weight <= old.weight && kind == old.kind);
    let full = old.is_none() && vault.allocations.len() >= ALLOCATIONS_MAX;
    if full {
        let (got, most) = (vault.allocations.len().saturating_add(1), ALLOCATIONS_MAX);
        return Err(Reject::new(RejectCode::CapacityReached, got, most).into());
    }
    if lowers || vault.policy.cap_delay.is_zero() {
        return Ok(Event::Vault(VaultEvent::AllocationSet { vault: id, allocation }));
    }
    let ready_at = context.now.plus(vault.policy.cap_delay);
    Ok(Event::Vault(VaultEvent::AllocationProposed { vault: id, allocation, ready_at }))
}

fn waiting(vault: &Vault, reserve: ReserveId) -> Option<&(Allocation, Timestamp)> {
    vault.waiting.iter().find(|(allocation, _)| allocation.reserve == reserve)
}

pub(crate) fn apply(
    state: &State,
    context: &Context<'_>,
    command: &ApplyAllocation,
) -> Result<Event, Halt> {
    let id = state.vault_id(command.vault)?;
    let reserve = state.reserve_id(command.reserve)?;
    let vault = state.vaults.expect(id)?;
    let Some((allocation, ready_at)) = waiting(vault, reserve) else {
        return Err(Reject::got(RejectCode::NotAllocated, command.reserve).into());
    };
    if context.now < *ready_at {
        return Err(Reject::new(RejectCode::AllocationWaits, context.now, *ready_at).into());
    }
    let held = vault.place(reserve).and_then(|place| vault.allocations.get(place));
    if held.is_none() && vault.allocations.len() >= ALLOCATIONS_MAX {
        let (got, most) = (vault.allocations.len().saturating_add(1), ALLOCATIONS_MAX);
        return Err(Reject::new(RejectCode::CapacityReached, got, most).into());
    }
    let Allocation { kind, weight, cap, .. } = *allocation;
    let held = held.copied().unwrap_or(Allocation::of(reserve));
    let allocation = Allocation { kind, weight, cap, ..held };
    Ok(Event::Vault(VaultEvent::AllocationSet { vault: id, allocation }))
}

pub(crate) fn veto(state: &State, command: &VetoAllocation) -> Result<Event, Halt> {
    let id = state.vault_id(command.vault)?;
    let reserve = state.reserve_id(command.reserve)?;
    if waiting(state.vaults.expect(id)?, reserve).is_none() {
        return Err(Reject::got(RejectCode::NotAllocated, command.reserve).into());
    }
    Ok(Event::Vault(VaultEvent::AllocationVetoed { vault: id, reserve }))
}

pub(crate) fn remove(state: &State, command: &RemoveAllocation) -> Result<Event, Halt> {
    let id = state.vault_id(command.vault)?;
    let vault = state.vaults.expect(id)?;
    let (place, reserve) = find(state, vault, command.reserve)?;
    let used = vault.allocations.get(place).filter(|allocation| {
        allocation.weight > 0 || !allocation.cap.is_zero() || !allocation.shares.is_zero()
    });
    if let Some(used) = used {
        let got = used.shares.get().max(used.weight.into()).max(used.cap.get());
        return Err(Reject::new(RejectCode::AllocationUsed, got, Amount::ZERO).into());
    }
    Ok(Event::Vault(VaultEvent::AllocationRemoved { vault: id, reserve }))
}
