//! Farms are opened, given rules, handed over, and become a vault's.

use super::{
    book::{Farm, Staked, kind},
    touch::touch,
};
use crate::{
    command::{AttachFarm, CreateFarm, FarmStake, OfferFarm, SetFarmPolicy, TakeFarm},
    event::{CreatedFarm, Event, FarmEvent},
    governance::Context,
    policy::{FarmKind, FarmLock, FarmPolicy},
    reject::{Halt, Reject, RejectCode, Value},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::Bps;

fn bad(got: impl Into<Value>, limit: impl Into<Value>) -> Reject {
    Reject::new(RejectCode::BadPolicy, got, limit)
}

fn rails(policy: &FarmPolicy, delegated: bool) -> Result<(), Reject> {
    let longest = if delegated { backstop_units::Span::ZERO } else { FarmPolicy::WAIT_MAX };
    for got in [policy.warmup, policy.cooldown] {
        if got > longest {
            return Err(bad(got, longest));
        }
    }
    let lock = policy.lock != FarmLock::None;
    if lock && (policy.lock_span.is_zero() || policy.lock_span > longest) {
        return Err(bad(policy.lock_span, longest));
    }
    for got in [policy.penalty, policy.fee] {
        if got > Bps::WHOLE {
            return Err(bad(got.get(), Bps::WHOLE.get()));
        }
    }
    if policy.tickets_max == 0 || policy.tickets_max > FarmPolicy::TICKETS_MAX {
        return Err(bad(u128::from(policy.tickets_max), u128::from(FarmPolicy::TICKETS_MAX)));
    }
    let most = if delegated { 0 } else { FarmPolicy::DECIMALS_MAX };
    for (got, most) in
        [(policy.stake_decimals, most), (policy.index_decimals, FarmPolicy::DECIMALS_MAX)]
    {
        if got > most {
            return Err(bad(u128::from(got), u128::from(most)));
        }
    }
    Ok(())
}

/// What a kind of farm takes.
fn fits(wanted: FarmKind, stake: FarmStake) -> Result<(), Halt> {
    let (got, fits) = match stake {
        FarmStake::Asset(_) => ("an asset", wanted == FarmKind::Open),
        FarmStake::Vault(_) => ("shares of a vault", wanted != FarmKind::Delegated),
        FarmStake::Nothing => ("nothing", wanted == FarmKind::Delegated),
    };
    if fits { Ok(()) } else { Err(Reject::new(RejectCode::FarmKind, got, wanted.word()).into()) }
}

pub(crate) fn create(state: &State, command: &CreateFarm) -> Result<Event, Halt> {
    let staked = match command.stake {
        FarmStake::Asset(label) => Staked::Asset(state.asset_id(label)?),
        FarmStake::Vault(label) => Staked::Vault(state.vault_id(label)?),
        FarmStake::Nothing => Staked::Nothing,
    };
    let owner = state.account_id(command.owner)?;
    let treasury = state.account_id(command.treasury)?;
    let penalties_to = state.account_id(command.penalties_to)?;
    if state.farm_id(command.label).is_ok() {
        return Err(Reject::got(RejectCode::DuplicateLabel, command.label).into());
    }
    rails(&command.policy, command.kind == FarmKind::Delegated)?;
    fits(command.kind, command.stake)?;
    Ok(Event::Farm(FarmEvent::FarmCreated(Box::new(CreatedFarm {
        farm: state.farms.next_id(),
        label: command.label,
        kind: command.kind,
        staked,
        owner,
        treasury,
        penalties_to,
        policy: (*command.policy).clone(),
    }))))
}

/// Whether anything is staked, or waits.
fn is_used(farm: &Farm) -> bool {
    !farm.held.shares.is_zero() || !farm.held.waiting.is_zero()
}

pub(crate) fn attach(state: &State, command: &AttachFarm) -> Result<Event, Halt> {
    let (vault, farm) = (state.vault_id(command.vault)?, state.farm_id(command.farm)?);
    let (item, found) = (state.vaults.expect(vault)?, state.farms.expect(farm)?);
    kind(found, found.kind == FarmKind::Vault, FarmKind::Vault.word())?;
    kind(found, found.staked == Staked::Vault(vault), "shares of this vault")?;
    kind(found, found.owner == Some(item.curator), "the curator's")?;
    if let Some(old) = item.farm {
        let held = &state.farms.expect(old)?;
        if is_used(held) {
            let got = held.held.shares.get().max(held.held.waiting.get());
            return Err(Reject::new(RejectCode::VaultFarmUsed, got, 0_u128).into());
        }
    }
    Ok(Event::Farm(FarmEvent::FarmAttached { vault, farm }))
}

pub(crate) fn set_policy(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetFarmPolicy,
) -> Result<(), Halt> {
    let farm = txn.state().farm_id(command.farm)?;
    let found = txn.state().farms.expect(farm)?;
    let (old, new) = (&found.policy, &command.policy);
    rails(new, found.kind == FarmKind::Delegated)?;
    for (got, fixed) in
        [(new.stake_decimals, old.stake_decimals), (new.index_decimals, old.index_decimals)]
    {
        if got != fixed {
            return Err(bad(u128::from(got), u128::from(fixed)).into());
        }
    }
    touch(txn, context, farm)?;
    let policy = command.policy.clone();
    txn.emit(Event::Farm(FarmEvent::FarmPolicySet { farm, policy }))
}

/// Whether new rules take nothing from stakers: no longer wait, no higher cost, no fraction.
pub(crate) fn eases(state: &State, command: &SetFarmPolicy) -> Result<bool, Halt> {
    let old = &state.farms.expect(state.farm_id(command.farm)?)?.policy;
    let new = &command.policy;
    let unlocks = new.lock == FarmLock::None
        || (new.lock == old.lock
            && new.lock_span <= old.lock_span
            && new.lock_start <= old.lock_start
            && new.penalty == old.penalty);
    Ok(new.warmup <= old.warmup
        && new.cooldown <= old.cooldown
        && new.timers == old.timers
        && new.tickets_max >= old.tickets_max
        && new.claim_clock == old.claim_clock
        && new.open_harvest == old.open_harvest
        && new.transferable >= old.transferable
        && new.fee <= old.fee
        && new.dust == old.dust
        && unlocks)
}

pub(crate) fn offer(state: &State, command: &OfferFarm) -> Result<Event, Halt> {
    let (owner, farm) = (state.account_id(command.owner)?, state.farm_id(command.farm)?);
    let found = state.farms.expect(farm)?;
    kind(found, found.owner.is_some(), "a farm that is not its vault's")?;
    Ok(Event::Farm(FarmEvent::FarmOffered { farm, owner }))
}

pub(crate) fn take(state: &State, command: &TakeFarm) -> Result<Event, Halt> {
    let farm = state.farm_id(command.farm)?;
    let offered = state.farms.expect(farm)?.offered;
    let owner = offered.ok_or_else(|| Reject::got(RejectCode::FarmNotOffered, command.farm))?;
    Ok(Event::Farm(FarmEvent::FarmTaken { farm, owner }))
}
