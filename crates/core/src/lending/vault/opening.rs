//! Reserves and vaults of a scenario: forced states, which a live ledger refuses.

use super::book::{Allocation, Funds};
use crate::{
    command::{OpeningReserve, OpeningVault},
    event::{Event, ForcedReserve, OpenedVault, VaultEvent},
    policy::AllocationKind,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Fixed60, Shares};

/// Shares that no vault holds are the holder's; fewer than vaults hold there can't be.
pub(crate) fn reserve(state: &State, command: &OpeningReserve) -> Result<Event, Halt> {
    let account = state.account_id(command.holder)?;
    let id = state.reserve_id(command.reserve)?;
    let reserve = state.reserves.expect(id)?;
    let found = state.supply(id, account);
    let own = found.map_or(Shares::ZERO, |(_, supply)| supply.shares);
    let others = reserve.held.shares.saturating_sub(own);
    if command.held.shares < others {
        return Err(Reject::new(RejectCode::SharesShort, command.held.shares, others).into());
    }
    let forced =
        ForcedReserve { reserve: id, asset: reserve.asset, from: reserve.held, to: command.held };
    let supply = found.map_or(state.supplies.next_id(), |(supply, _)| supply);
    let forced = Box::new(forced);
    Ok(Event::Vault(VaultEvent::ReserveOpened { supply, account, forced }))
}

/// A vault that nobody has used yet.
pub(crate) fn vault(state: &State, command: &OpeningVault) -> Result<Event, Halt> {
    let account = state.account_id(command.holder)?;
    let id = state.vault_id(command.vault)?;
    let vault = state.vaults.expect(id)?;
    if !vault.held.shares.is_zero() {
        return Err(Reject::got(RejectCode::DuplicateLabel, command.vault).into());
    }
    let mut allocations = Vec::with_capacity(command.allocations.len());
    for opening in &command.allocations {
        let reserve = state.reserve_id(opening.reserve)?;
        let found = state.supply(reserve, account);
        let own = found.map_or(Shares::ZERO, |(_, supply)| supply.shares);
        let supply = match found {
            Some((supply, _)) if own >= opening.shares => supply,
            _ => return Err(Reject::new(RejectCode::SharesShort, opening.shares, own).into()),
        };
        let allocation = Allocation {
            reserve,
            kind: AllocationKind::Standard,
            weight: opening.weight,
            cap: opening.cap,
            shares: opening.shares,
            moved_at: opening.moved_at,
            seen: state.reserves.expect(reserve)?.occurrences,
            loss: None,
        };
        allocations.push((allocation, supply));
    }
    let held = Funds {
        idle: command.idle,
        shares: command.shares,
        basis: command.basis,
        high: (Fixed60::ZERO, Shares::ZERO),
        pending: command.pending,
        charged_at: command.charged_at,
        rewards: command.rewards,
        ..Funds::default()
    };
    let holding = state.holding(id, account).map_or(state.holdings.next_id(), |(id, _)| id);
    let opened = OpenedVault { vault: id, asset: vault.asset, holding, account, held, allocations };
    Ok(Event::Vault(VaultEvent::VaultOpened(Box::new(opened))))
}
