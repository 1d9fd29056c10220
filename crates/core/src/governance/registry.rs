//! Assets, accounts, roles, the council, rules versions.

use crate::{
    RULES_VERSION,
    command::{ActivateRules, OpenAccount, RegisterAsset, SetCouncil, SetRoles},
    event::Event,
    fund::setup::free_label,
    governance::Context,
    policy::Role,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::AccountId;

const DECIMALS_MAX: u8 = 30;

pub(crate) fn register_asset(state: &State, command: &RegisterAsset) -> Result<Event, Halt> {
    free_label(command.label, state.asset_id(command.label).is_ok())?;
    if command.decimals > DECIMALS_MAX {
        return Err(Reject::new(
            RejectCode::TooManyDecimals,
            u32::from(command.decimals),
            u32::from(DECIMALS_MAX),
        )
        .into());
    }
    Ok(Event::AssetRegistered {
        asset: state.assets.next_id(),
        label: command.label,
        decimals: command.decimals,
        custodian: command.custodian,
    })
}

pub(crate) fn open_account(
    state: &State,
    context: &Context<'_>,
    command: &OpenAccount,
) -> Result<Event, Halt> {
    let venue = acting_for(state, context, command)?;
    free_label(command.label, state.account_id(command.label).is_ok())?;
    let limit = state.meta.limits.accounts_max;
    if state.accounts.next_id().get() >= limit {
        return Err(Reject::new(RejectCode::CapacityReached, state.accounts.len(), limit).into());
    }
    let group = command.group.unwrap_or(command.label);
    let (account, label) = (state.accounts.next_id(), command.label);
    Ok(Event::AccountOpened { account, label, group, venue })
}

/// Who acts for the holder: the operator names a venue or nobody, a venue only itself.
fn acting_for(
    state: &State,
    context: &Context<'_>,
    command: &OpenAccount,
) -> Result<Option<AccountId>, Halt> {
    let named = command.venue.map(|venue| state.account_id(venue)).transpose()?;
    let Some(actor) = context.actor else { return Ok(named) };
    let sender = state.accounts.expect(actor)?;
    if sender.roles.has(Role::Operator) {
        return Ok(named);
    }
    match (named, command.venue) {
        (Some(named), Some(label)) if named != actor => {
            Err(Reject::new(RejectCode::NotOwner, sender.label, label).into())
        }
        _ => Ok(Some(actor)),
    }
}

pub(crate) fn set_roles(state: &State, command: &SetRoles) -> Result<Event, Halt> {
    Ok(Event::RolesSet { account: state.account_id(command.account)?, roles: command.roles })
}

pub(crate) fn set_council(command: &SetCouncil) -> Result<Event, Halt> {
    let mut keys = command.keys.clone();
    keys.sort_unstable();
    keys.dedup();
    let threshold = usize::from(command.threshold);
    if keys.len() != command.keys.len() || threshold == 0 || threshold > keys.len() {
        return Err(Reject::new(RejectCode::BadCouncil, threshold, keys.len()).into());
    }
    Ok(Event::CouncilSet { keys: command.keys.clone(), threshold: command.threshold })
}

pub(crate) fn activate_rules(state: &State, command: &ActivateRules) -> Result<Event, Halt> {
    if command.version > RULES_VERSION || command.version <= state.meta.rules {
        return Err(Reject::new(
            RejectCode::UnknownRules,
            u32::from(command.version),
            u32::from(RULES_VERSION),
        )
        .into());
    }
    Ok(Event::RulesActivated { version: command.version })
}
